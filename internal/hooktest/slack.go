package hooktest

import (
	"encoding/json"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// What Slack takes. The limit of all text is not documented; beyond about 13,200 characters it answers
// msg_blocks_too_long (slackapi/bolt-js#2509).
const (
	slackBlocks   = 50
	slackSection  = 3000
	slackFields   = 10
	slackField    = 2000
	slackHeader   = 150
	slackElements = 10
	slackMarkdown = 12000
	slackAll      = 13200
	slackAlt      = 2000
	slackButtons  = 25
	slackButton   = 75
)

// SlackPath is the path of its address.
const SlackPath = "/services/T0HOOKTEST/B0HOOKTEST/s3cretS3cretS3cret"

// Slack is an incoming webhook of Slack's: at most one message a second, and all limits of blocks.
func Slack(o Options) *Receiver { return start(o, slack{}, SlackPath) }

type slack struct{}

type slackBlock struct {
	Type     string            `json:"type"`
	Text     json.RawMessage   `json:"text"`
	Fields   []slackText       `json:"fields"`
	Elements []json.RawMessage `json:"elements"`
	AltText  string            `json:"alt_text"`
	ImageURL string            `json:"image_url"`
}

type slackText struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Verbatim bool   `json:"verbatim"`
}

type slackReader struct {
	lines, pings []string
	all          int
	names        bool // names are looked for in plain words: link_names
}

func (slack) judge(r *Receiver, req *http.Request, body []byte) (Posted, answer) {
	say := func(status int, word string) (Posted, answer) {
		return Posted{}, answer{status, map[string]string{"Content-Type": "text/html"}, word}
	}
	if req.URL.Path != SlackPath {
		return say(404, "no_service")
	}
	if req.Method != http.MethodPost || !strings.HasPrefix(req.Header.Get("Content-Type"), "application/json") {
		return say(400, "invalid_payload")
	}
	if wait := r.crowded(1, time.Second); wait > 0 {
		p, a := say(429, "rate_limited")
		a.header["Retry-After"] = strconv.Itoa(int(math.Ceil(wait.Seconds())))
		return p, a
	}
	var m struct {
		Text      string       `json:"text"`
		Mrkdwn    *bool        `json:"mrkdwn"`
		LinkNames any          `json:"link_names"`
		Parse     string       `json:"parse"`
		Blocks    []slackBlock `json:"blocks"`
	}
	if json.Unmarshal(body, &m) != nil {
		return say(400, "invalid_payload")
	}
	if m.Text == "" && len(m.Blocks) == 0 {
		return say(400, "no_text")
	}
	s := slackReader{names: m.Parse == "full" || m.LinkNames == true || m.LinkNames == 1.0}
	if m.Text != "" {
		s.read(slackText{Type: "mrkdwn", Text: m.Text})
		s.all = 0 // what notifications show is counted apart
	}
	if len(m.Blocks) > slackBlocks {
		return say(400, "invalid_blocks")
	}
	for _, b := range m.Blocks {
		if !s.block(b) {
			return say(400, "invalid_blocks")
		}
	}
	if s.all > slackAll {
		return say(400, "msg_blocks_too_long")
	}
	p, a := say(200, "ok")
	p.Text, p.Pings = strings.Join(s.lines, "\n"), s.pings
	return p, a
}

// block reads one block, and reports whether Slack would.
func (s *slackReader) block(b slackBlock) bool {
	switch b.Type {
	case "divider":
		return true
	case "header":
		return s.text(b.Text, slackHeader, "plain_text")
	case "markdown":
		var text string
		if json.Unmarshal(b.Text, &text) != nil || text == "" || utf8.RuneCountInString(text) > slackMarkdown {
			return false
		}
		s.read(slackText{Type: "mrkdwn", Text: text})
		return true
	case "section":
		if len(b.Fields) > slackFields || len(b.Text) == 0 && len(b.Fields) == 0 {
			return false
		}
		for _, f := range b.Fields {
			if !s.fits(f, slackField) {
				return false
			}
		}
		return len(b.Text) == 0 || s.text(b.Text, slackSection, "")
	case "context":
		if len(b.Elements) == 0 || len(b.Elements) > slackElements {
			return false
		}
		for _, e := range b.Elements {
			if !s.text(e, slackSection, "") {
				return false
			}
		}
		return true
	case "image":
		return b.ImageURL != "" && b.AltText != "" && utf8.RuneCountInString(b.AltText) <= slackAlt
	case "actions":
		return s.actions(b)
	}
	return false
}

func (s *slackReader) actions(b slackBlock) bool {
	for _, raw := range b.Elements {
		var e struct {
			Type string          `json:"type"`
			Text json.RawMessage `json:"text"`
			URL  string          `json:"url"`
		}
		if json.Unmarshal(raw, &e) != nil || e.Type != "button" || len(e.URL) > slackSection || !s.text(e.Text, slackButton, "plain_text") {
			return false
		}
	}
	return len(b.Elements) > 0 && len(b.Elements) <= slackButtons
}

func (s *slackReader) text(raw json.RawMessage, most int, kind string) bool {
	var t slackText
	return json.Unmarshal(raw, &t) == nil && (kind == "" || t.Type == kind) && s.fits(t, most)
}

func (s *slackReader) fits(t slackText, most int) bool {
	if t.Type != "mrkdwn" && t.Type != "plain_text" || t.Text == "" || utf8.RuneCountInString(t.Text) > most {
		return false
	}
	s.read(t)
	return true
}

var (
	slackCalls = regexp.MustCompile(`<(?:![^>]*|@[^>]*)>`)
	slackLinks = regexp.MustCompile(`<((?:https?://|mailto:)[^>|]*)(?:\|([^>]*))?>`)
	slackNames = regexp.MustCompile(`(?:^|[^\w/])(@[a-z0-9][a-z0-9._-]*)`)
	slackPlain = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")
)

// read keeps what a reader sees of a text, and whom it calls. In a plain text nothing is special.
func (s *slackReader) read(t slackText) {
	s.all += utf8.RuneCountInString(t.Text)
	text := t.Text
	if t.Type == "mrkdwn" {
		for _, call := range slackCalls.FindAllString(text, -1) {
			if !strings.HasPrefix(call, "<!date") {
				s.pings = append(s.pings, call)
			}
		}
		text = slackLinks.ReplaceAllString(text, "$2 ($1)")
		if s.names {
			for _, m := range slackNames.FindAllStringSubmatch(text, -1) {
				s.pings = append(s.pings, m[1])
			}
		}
		text = slackPlain.Replace(text)
	}
	s.lines = append(s.lines, text)
}
