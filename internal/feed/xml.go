package feed

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf16"

	"golang.org/x/net/html/charset"
)

// extras are what gofeed does not hand on, by entry.
type extras struct{ status []string }

// declared is the encoding that an XML declaration names.
var declared = regexp.MustCompile(`^(<\?xml[^>]*?)\s+encoding\s*=\s*["'][^"']*["']`)

// decoded takes off a byte order mark and leading white space. Of UTF-16, whose declaration can't be read before it is
// decoded, it makes UTF-8.
func decoded(data []byte) ([]byte, error) {
	var order func(a, b byte) uint16
	switch {
	case bytes.HasPrefix(data, []byte{0xEF, 0xBB, 0xBF}):
		data = data[3:]
	case bytes.HasPrefix(data, []byte{0xFE, 0xFF}):
		order = func(a, b byte) uint16 { return uint16(a)<<8 | uint16(b) }
	case bytes.HasPrefix(data, []byte{0xFF, 0xFE}):
		order = func(a, b byte) uint16 { return uint16(b)<<8 | uint16(a) }
	}
	if order != nil {
		if data = data[2:]; len(data)%2 != 0 {
			return nil, errors.New("it is cut off in the middle of a character")
		}
		units := make([]uint16, 0, len(data)/2)
		for i := 0; i < len(data); i += 2 {
			units = append(units, order(data[i], data[i+1]))
		}
		data = declared.ReplaceAll([]byte(string(utf16.Decode(units))), []byte("$1"))
	}
	return bytes.TrimLeft(data, " \t\r\n"), nil
}

// fromXML looks whether a document may be handed to gofeed, and takes from it what gofeed leaves out.
func fromXML(data []byte) (extras, error) {
	var x extras
	d := xml.NewDecoder(bytes.NewReader(printable(data)))
	d.Strict, d.CharsetReader = false, charset.NewReaderLabel // as gofeed reads
	depth, elements, entry := 0, 0, 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			if elements == 0 {
				return x, notXML(data, err)
			}
			return x, fmt.Errorf("its XML can't be read, it may be cut off: %w", err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			if elements == 0 {
				if err := root(t.Name.Local, data); err != nil {
					return x, err
				}
			}
			depth++
			elements++
			switch name := strings.ToLower(t.Name.Local); {
			case depth > maxDepth:
				return x, fmt.Errorf("its elements are nested more than %d deep", maxDepth)
			case elements > maxElements:
				return x, fmt.Errorf("it has more than %d elements", maxElements)
			case entry == 0 && (name == "item" || name == "entry"):
				entry, x.status = depth, append(x.status, "")
			case entry > 0 && depth == entry+1 && name == "category":
				// Kubernetes' feed of vulnerabilities writes it as Atom does, though it is RSS.
				if s := attribute(t, "term"); s != "" {
					x.status[len(x.status)-1] = s
				}
			}
			if len(x.status) > maxEntries {
				return x, fmt.Errorf("it has more than %d entries", maxEntries)
			}
		case xml.EndElement:
			if depth == entry {
				entry = 0
			}
			depth = max(depth-1, 0)
		}
	}
	if elements == 0 {
		return x, notXML(data, nil)
	}
	return x, nil
}

// printable is data without the controls that no XML may hold: gofeed drops them too.
func printable(data []byte) []byte {
	out := make([]byte, 0, len(data))
	for _, b := range data {
		if b >= ' ' || b == '\t' || b == '\n' || b == '\r' {
			out = append(out, b)
		}
	}
	return out
}

// root refuses what is no feed by the name of its first element.
func root(name string, data []byte) error {
	switch strings.ToLower(name) {
	case "rss", "rdf", "feed":
		return nil
	}
	if looksHTML(data) || strings.EqualFold(name, "html") {
		return htmlPage(data)
	}
	return fmt.Errorf("this is XML, but no feed: its first element is %q", short(name, 40))
}

func notXML(data []byte, err error) error {
	switch {
	case looksHTML(data):
		return htmlPage(data)
	case err == nil:
		return errors.New("this is no feed: it has no element")
	}
	return fmt.Errorf("this is no feed: %w", err)
}

func attribute(t xml.StartElement, name string) string {
	for _, a := range t.Attr {
		if a.Name.Local == name {
			return strings.TrimSpace(a.Value)
		}
	}
	return ""
}
