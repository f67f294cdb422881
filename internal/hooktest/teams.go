package hooktest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// teamsSize is how large a message may be in Teams: 28 KB.
const teamsSize = 28 << 10

// What a flow's address is made of.
const (
	TeamsPath  = "/workflows/0123456789abcdef0123456789abcdef/triggers/manual/paths/invoke"
	teamsQuery = "?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=s3cretS1gnature_s3cretS1gnature"
)

// Teams is a flow made from the template that posts a card to a channel. It answers 202 to whatever it can read; that a
// card fails within the flow stands in [Posted.Failed]. A message that is too large it refuses with 413; the real service
// takes some of these and fails later, which no sender can see (MicrosoftDocs/msteams-docs#11274).
func Teams(o Options) *Receiver { return start(o, teams{}, TeamsPath+teamsQuery) }

type teams struct{}

func (teams) judge(_ *Receiver, req *http.Request, body []byte) (Posted, answer) {
	fails := func(status int, code, message string) (Posted, answer) {
		text, _ := json.Marshal(map[string]any{"error": map[string]string{"code": code, "message": message}})
		return Posted{}, answer{status, map[string]string{"Content-Type": "application/json; charset=utf-8"}, string(text)}
	}
	want, _ := url.ParseQuery(teamsQuery[1:])
	switch {
	case req.URL.Path != TeamsPath:
		return fails(404, "WorkflowNotFound", "The workflow could not be found.")
	case req.URL.Query().Get("sig") != want.Get("sig"):
		return fails(401, "DirectApiAuthorizationRequired", "The request must be authenticated only by Shared Access scheme.")
	case len(body) > teamsSize:
		return fails(413, "RequestEntityTooLarge", "The request is larger than the flow takes.")
	}
	var m struct {
		Type        string `json:"type"`
		Attachments []struct {
			ContentType string         `json:"contentType"`
			Content     map[string]any `json:"content"`
		} `json:"attachments"`
	}
	if !strings.HasPrefix(req.Header.Get("Content-Type"), "application/json") || json.Unmarshal(body, &m) != nil {
		return fails(400, "InvalidRequestContent", "The request content is not valid and could not be deserialized.")
	}
	p := Posted{}
	c := cardReader{}
	switch {
	case m.Type != "message" || len(m.Attachments) == 0:
		p.Failed = "there is no attachment to post"
	default:
		for _, a := range m.Attachments {
			if a.ContentType != "application/vnd.microsoft.card.adaptive" {
				c.fail("an attachment is no adaptive card")
				continue
			}
			c.card(a.Content)
		}
		p.Failed = strings.Join(c.failed, "; ")
	}
	p.Text, p.Pings = strings.Join(c.lines, "\n"), c.pings
	return p, answer{status: 202}
}

// cardReader reads an adaptive card: those parts that Teams shows and a digest has use for.
type cardReader struct {
	lines, pings, failed []string
}

func (c *cardReader) fail(format string, args ...any) {
	c.failed = append(c.failed, fmt.Sprintf(format, args...))
}

// maxCardVersion is the newest that flows take (Skitionek/notify-microsoft-teams#107).
const maxCardVersion = "1.4"

func (c *cardReader) card(card map[string]any) {
	if card["type"] != "AdaptiveCard" {
		c.fail("Property 'type' must be 'AdaptiveCard'")
		return
	}
	if v, _ := card["version"].(string); len(v) != len(maxCardVersion) || v > maxCardVersion {
		c.fail("version %q is not between 1.0 and %s", v, maxCardVersion)
	}
	c.elements(card["body"], "body")
	c.actions(card["actions"])
	if ms, ok := card["msteams"].(map[string]any); ok {
		entities, _ := ms["entities"].([]any)
		for _, e := range entities {
			if m, ok := e.(map[string]any); ok && m["type"] == "mention" {
				c.pings = append(c.pings, fmt.Sprint(m["text"]))
			}
		}
	}
}

func (c *cardReader) elements(v any, at string) {
	list, ok := v.([]any)
	if !ok && v != nil {
		c.fail("%s is no list", at)
	}
	for i, x := range list {
		e, _ := x.(map[string]any)
		where := fmt.Sprintf("%s[%d]", at, i)
		switch kind := e["type"]; kind {
		case "TextBlock":
			c.text(e["text"], where+".text")
		case "RichTextBlock":
			inlines, _ := e["inlines"].([]any)
			for j, run := range inlines {
				if m, ok := run.(map[string]any); ok {
					run = m["text"]
				}
				c.text(run, fmt.Sprintf("%s.inlines[%d]", where, j))
			}
		case "Container":
			c.elements(e["items"], where+".items")
		case "ColumnSet":
			columns, _ := e["columns"].([]any)
			for j, col := range columns {
				if m, ok := col.(map[string]any); ok {
					c.elements(m["items"], fmt.Sprintf("%s.columns[%d].items", where, j))
				}
			}
		case "FactSet":
			facts, _ := e["facts"].([]any)
			if len(facts) == 0 {
				c.fail("%s has no facts", where)
			}
			for j, f := range facts {
				m, _ := f.(map[string]any)
				c.text(m["title"], fmt.Sprintf("%s.facts[%d].title", where, j))
				c.text(m["value"], fmt.Sprintf("%s.facts[%d].value", where, j))
			}
		case "ActionSet":
			c.actions(e["actions"])
		default:
			c.fail("%s has the unknown type %v", where, kind)
		}
	}
}

func (c *cardReader) actions(v any) {
	list, _ := v.([]any)
	for i, x := range list {
		a, _ := x.(map[string]any)
		switch a["type"] {
		case "Action.OpenUrl":
			link, _ := a["url"].(string)
			if u, err := url.Parse(link); err != nil || u.Scheme != "https" && u.Scheme != "http" {
				c.fail("actions[%d].url is no address", i)
			}
			c.text(a["title"], fmt.Sprintf("actions[%d].title", i))
		case "Action.ToggleVisibility":
		case "Action.ShowCard":
			if m, ok := a["card"].(map[string]any); ok {
				c.elements(m["body"], fmt.Sprintf("actions[%d].card.body", i))
			}
		default:
			c.fail("actions[%d] has the unknown type %v", i, a["type"])
		}
	}
}

func (c *cardReader) text(v any, at string) {
	s, ok := v.(string)
	if !ok {
		c.fail("%s is no text", at)
		return
	}
	c.lines = append(c.lines, s)
}
