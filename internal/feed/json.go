package feed

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// fromJSON makes of a JSON Feed one that gofeed can read: it has what is told, each value of its type (an id may be a
// number), and nothing else. gofeed would refuse a whole feed for one odd value that nobody asked for.
func fromJSON(data []byte) ([]byte, extras, error) {
	var x extras
	if err := boundJSON(data); err != nil {
		return nil, x, err
	}
	var doc struct {
		Version any              `json:"version"`
		Title   any              `json:"title"`
		Items   []map[string]any `json:"items"`
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&doc); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return nil, x, errors.New("this is JSON, but no JSON Feed: it has no list of items")
		}
		return nil, x, fmt.Errorf("its JSON can't be read: %w", err)
	}
	version := text(doc.Version)
	if doc.Items == nil && !strings.Contains(version, "jsonfeed.org") {
		return nil, x, errors.New("this is JSON, but no JSON Feed: it has no list of items")
	}
	if len(doc.Items) > maxEntries {
		return nil, x, fmt.Errorf("it has more than %d entries", maxEntries)
	}
	out := struct {
		Version string              `json:"version"`
		Title   string              `json:"title"`
		Items   []map[string]string `json:"items"`
	}{version, text(doc.Title), make([]map[string]string, 0, len(doc.Items))}
	for _, item := range doc.Items {
		kept := map[string]string{}
		for _, key := range []string{"id", "url", "external_url", "title", "content_html", "content_text", "summary", "date_published", "date_modified"} {
			if s := text(item[key]); s != "" {
				kept[key] = s
			}
		}
		if kept["url"] == "" && kept["external_url"] != "" {
			kept["url"] = kept["external_url"]
		}
		out.Items = append(out.Items, kept)
		status := text(item["status"])
		if own, ok := item["_kubernetes_io"].(map[string]any); ok && status == "" {
			status = text(own["status"])
		}
		x.status = append(x.status, status)
	}
	data, err := json.Marshal(out)
	return data, x, err
}

// boundJSON refuses a document that would take all memory.
func boundJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	depth, elements := 0, 0
	for {
		token, err := d.Token()
		switch {
		case errors.Is(err, io.EOF) && depth == 0:
			return nil
		case err != nil:
			return fmt.Errorf("its JSON can't be read, it may be cut off: %w", err)
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		// A key and its value count as two.
		if elements++; elements > 4*maxElements {
			return fmt.Errorf("it has more than %d values", 2*maxElements)
		}
		if depth > maxDepth {
			return fmt.Errorf("its values are nested more than %d deep", maxDepth)
		}
	}
}

// text is a value as a string; "" for what is neither a string nor a number.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}
