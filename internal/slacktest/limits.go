package slacktest

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"
)

// What Slack takes of one message, in characters.
const (
	maxBlocks   = 50
	maxSection  = 3000
	maxHeader   = 150
	maxElements = 10
	maxFields   = 10
	maxField    = 2000
	maxText     = 40000
	maxTotal    = 13200
	maxMarkdown = 12000
)

type block struct {
	Type     string  `json:"type"`
	Fields   []text  `json:"fields"`
	Elements []text  `json:"elements"`
	Raw      rawText `json:"text"`
}

type text struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Verbatim bool   `json:"verbatim"`
}

// rawText is an object in most blocks, and a string in markdown blocks.
type rawText struct {
	text
	plain string
	set   bool
}

// UnmarshalJSON implements json.Unmarshaler.
func (r *rawText) UnmarshalJSON(data []byte) error {
	r.set = true
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, &r.plain)
	}
	return json.Unmarshal(data, &r.text)
}

// checkMessage holds a message against the limits.
func checkMessage(form url.Values) (answer, bool) {
	bad := func(code string, messages ...string) (answer, bool) {
		return answer{err: code, messages: messages}, true
	}
	if m := form.Get("metadata"); m != "" {
		var meta struct {
			EventType string         `json:"event_type"`
			Payload   map[string]any `json:"event_payload"`
		}
		if json.Unmarshal([]byte(m), &meta) != nil || meta.EventType == "" || meta.Payload == nil {
			return bad("invalid_metadata_format")
		}
	}
	if utf8.RuneCountInString(form.Get("text")) > maxText {
		return bad("msg_too_long")
	}
	if form.Get("blocks") == "" {
		if form.Get("text") == "" {
			return bad("no_text")
		}
		return answer{}, false
	}
	var blocks []block
	if err := json.Unmarshal([]byte(form.Get("blocks")), &blocks); err != nil {
		return bad("invalid_blocks_format")
	}
	if len(blocks) > maxBlocks {
		return bad("invalid_blocks", fmt.Sprintf("[ERROR] no more than %d items allowed [json-pointer:/blocks]", maxBlocks))
	}
	total := 0
	for i, b := range blocks {
		n, at, why := b.check()
		if why != "" {
			return bad("invalid_blocks", fmt.Sprintf("[ERROR] %s [json-pointer:/blocks/%d%s]", why, i, at))
		}
		total += n
	}
	if total > maxTotal {
		return bad("msg_blocks_too_long")
	}
	return answer{}, false
}

// check counts a block's characters, and says what is wrong with it and where.
func (b block) check() (n int, at, why string) {
	over := func(limit int) string { return fmt.Sprintf("must be less than %d characters", limit+1) }
	switch b.Type {
	case "header":
		n = utf8.RuneCountInString(b.Raw.Text)
		switch {
		case n == 0:
			return n, "/text/text", "must be more than 0 characters"
		case b.Raw.Type != "plain_text":
			return n, "/text/type", "must be one of plain_text"
		case n > maxHeader:
			return n, "/text/text", over(maxHeader)
		}
	case "section":
		n = utf8.RuneCountInString(b.Raw.Text)
		switch {
		case !b.Raw.set && len(b.Fields) == 0:
			return n, "/text", "missing required field"
		case b.Raw.set && n == 0:
			return n, "/text/text", "must be more than 0 characters"
		case n > maxSection:
			return n, "/text/text", over(maxSection)
		case len(b.Fields) > maxFields:
			return n, "/fields", fmt.Sprintf("no more than %d items allowed", maxFields)
		}
		for i, f := range b.Fields {
			c := utf8.RuneCountInString(f.Text)
			if n += c; c > maxField {
				return n, fmt.Sprintf("/fields/%d/text", i), over(maxField)
			}
		}
	case "context":
		switch {
		case len(b.Elements) == 0:
			return n, "/elements", "missing required field"
		case len(b.Elements) > maxElements:
			return n, "/elements", fmt.Sprintf("no more than %d items allowed", maxElements)
		}
		for i, e := range b.Elements {
			c := utf8.RuneCountInString(e.Text)
			if n += c; c == 0 || c > maxSection {
				return n, fmt.Sprintf("/elements/%d/text", i), over(maxSection)
			}
		}
	case "markdown":
		if n = utf8.RuneCountInString(b.Raw.plain); n > maxMarkdown {
			return n, "/text", over(maxMarkdown)
		}
	case "divider", "image", "actions", "rich_text", "table":
	default:
		return n, "/type", "unsupported type"
	}
	return n, "", ""
}

// angle is everything that Slack reads in angle brackets, and entity what may follow an ampersand.
var (
	angle  = regexp.MustCompile(`<([^<>]*)>`)
	link   = regexp.MustCompile(`^(https?://|mailto:|tel:)[^|]+(\|[^|]*)?$`)
	entity = regexp.MustCompile(`&(amp|lt|gt);`)
)

// note writes down what a message holds and should not.
func (s *Server) note(m *Message) {
	texts := []string{m.Text}
	var blocks []block
	_ = json.Unmarshal(m.Blocks, &blocks)
	for _, b := range blocks {
		texts = append(texts, b.Raw.Text)
		for _, t := range append(b.Fields, b.Elements...) {
			texts = append(texts, t.Text)
		}
	}
	for _, t := range texts {
		for _, found := range angle.FindAllStringSubmatch(t, -1) {
			switch in := found[1]; {
			case strings.HasPrefix(in, "!date"), link.MatchString(in):
			case strings.HasPrefix(in, "!"), strings.HasPrefix(in, "@"), strings.HasPrefix(in, "#"):
				s.notes = append(s.notes, "ping: "+found[0])
			default:
				s.notes = append(s.notes, "not escaped: "+found[0])
			}
		}
		rest := entity.ReplaceAllString(angle.ReplaceAllString(t, ""), "")
		if i := strings.IndexAny(rest, "&<>"); i >= 0 {
			s.notes = append(s.notes, fmt.Sprintf("not escaped: %.20q", rest[i:]))
		}
	}
}
