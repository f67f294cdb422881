package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// What a message of Teams may take on its way, in bytes. The flow that posts it takes about 28 KB
// (learn.microsoft.com/connectors/teams, "Message size limit"), but others found 21,000 bytes to be what passes
// (msteams_hermes, MSTEAMS_MESSAGE_SIZE_LIMIT), perhaps because the flow writes the card anew. So we stay below that, even
// where each letter beyond ASCII is written as an escape. The flow answers 202 before it knows.
const teamsTotal = 20000

const (
	teamsTop     = 2500
	teamsFoot    = 2000
	teamsLeftOut = 600
	teamsEntry   = 2500
	teamsLine    = 80 // of what is written around a line, and so much more around a heading
)

// Teams renders a digest as what a Workflow of Teams, "Post to a channel when a webhook request is received", takes: the
// JSON of a message with one Adaptive Card. What asks for action stands first. What goes beyond the limit of its size is
// left out, and a line says how many entries that are; a button leads to where they stand.
//
// Each line is a text block of its own, for in a block Teams' clients break lines each in their own way
// (MicrosoftDocs/msteams-docs#4758). The card names nobody in msteams.entities, so no text in it can mention anybody; tags
// of mentions, links, and formats are broken or escaped in upstream's text all the same. Version 1.4 of Adaptive Cards has
// all that is used here.
func Teams(d Digest, opts ChatOptions) ([]byte, error) {
	te := teamsDialect()
	chapters := chaptersOf(d.Upstreams, d.At)
	title := Title(d)
	c := teamsCard{Schema: "http://adaptivecards.io/schemas/adaptive-card.json", Type: "AdaptiveCard", Version: "1.4", Fallback: title}
	c.Teams.Width = "Full"
	head := []teamsText{{Text: te.words(title), Size: "Large", Weight: "Bolder"}}
	for l := range strings.SplitSeq(te.top(chapters, teamsTop), "\n") {
		if l == "" {
			continue // a digest without upstreams
		}
		head = append(head, teamsText{Text: l, Spacing: "Small"})
	}
	var foot []teamsText
	for i, l := range strings.Split(fitLines(te.foot(d, chapters), teamsFoot), "\n") {
		t := teamsText{Text: l, Size: "Small", Subtle: true, Spacing: "None"}
		if i == 0 {
			t.Spacing, t.Separator = "Medium", true
		}
		foot = append(foot, t)
	}
	more := ""
	if l, ok := safeLink(opts.URL, false); ok {
		c.Actions = []teamsAction{{Type: "Action.OpenUrl", Title: "The whole digest", URL: l.url}}
		more = " The button leads to the whole digest."
	}
	c.Body = append(head, foot...)
	frame, err := encodeClose(teamsMessageOf(title, c))
	if err != nil {
		return nil, err
	}
	p := chatPacker{
		dialect: te, cost: teamsCost, free: teamsTotal, // what limits blocks is the text in them
		left: teamsTotal - wireLen(string(frame)) - 2*teamsLeftOut - 2*teamsLine,
	}
	for _, s := range chatSections(d, chapters) {
		p.entries(s)
	}
	c.Body = head
	for _, b := range p.blocks {
		c.Body = append(c.Body, teamsTexts(b)...)
	}
	if len(p.out) > 0 {
		c.Body = append(c.Body, teamsText{Text: p.omitted(more, teamsLeftOut), Spacing: "Medium"})
	}
	c.Body = append(c.Body, foot...)
	return encodeClose(teamsMessageOf(title, c))
}

// teamsTexts are a block's lines.
func teamsTexts(b chatBlock) []teamsText {
	var out []teamsText
	if b.head != "" {
		heading, intro, ok := strings.Cut(b.head, "\n")
		t := teamsText{Text: heading, Size: "Medium", Spacing: "Medium", Separator: true}
		switch b.tone {
		case toneAct:
			t.Color = "Attention"
		case toneBot:
			t.Color = "Warning"
		}
		out = append(out, t)
		if ok {
			out = append(out, teamsText{Text: intro, Subtle: true, Spacing: "None"})
		}
	}
	for _, e := range b.entries {
		for i, l := range strings.Split(e, "\n") {
			t := teamsText{Text: l, Spacing: "Small"}
			if i > 0 {
				t.Spacing = "None"
			}
			out = append(out, t)
		}
	}
	return out
}

type teamsMessage struct {
	Type        string            `json:"type"`
	Summary     string            `json:"summary"` // what notifications show, where they know it
	Attachments []teamsAttachment `json:"attachments"`
}

type teamsAttachment struct {
	ContentType string    `json:"contentType"`
	ContentURL  *string   `json:"contentUrl"` // null
	Content     teamsCard `json:"content"`
}

type teamsCard struct {
	Schema   string        `json:"$schema"`
	Type     string        `json:"type"`
	Version  string        `json:"version"`
	Fallback string        `json:"fallbackText"`
	Body     []teamsText   `json:"body"`
	Actions  []teamsAction `json:"actions,omitempty"`
	Teams    struct {
		Width string `json:"width"`
	} `json:"msteams"`
}

type teamsText struct {
	Text      string
	Size      string
	Weight    string
	Color     string
	Subtle    bool
	Spacing   string
	Separator bool
}

// MarshalJSON writes a text block, which always wraps.
func (t teamsText) MarshalJSON() ([]byte, error) {
	return encodeClose(struct {
		Type      string `json:"type"`
		Text      string `json:"text"`
		Wrap      bool   `json:"wrap"`
		Size      string `json:"size,omitempty"`
		Weight    string `json:"weight,omitempty"`
		Color     string `json:"color,omitempty"`
		Subtle    bool   `json:"isSubtle,omitempty"`
		Spacing   string `json:"spacing,omitempty"`
		Separator bool   `json:"separator,omitempty"`
	}{"TextBlock", t.Text, true, t.Size, t.Weight, t.Color, t.Subtle, t.Spacing, t.Separator})
}

type teamsAction struct {
	Type  string `json:"type"`
	Title string `json:"title"`
	URL   string `json:"url"`
}

func teamsMessageOf(title string, c teamsCard) teamsMessage {
	return teamsMessage{Type: "message", Summary: title, Attachments: []teamsAttachment{{ContentType: "application/vnd.microsoft.card.adaptive", Content: c}}}
}

// encodeClose is encode without blanks, for what is limited in bytes.
func encodeClose(v any) ([]byte, error) {
	doc, err := encode(v)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Compact(&b, doc); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// teamsCost is what lines take at most in the card.
func teamsCost(text string) int {
	n := 0
	if !strings.HasPrefix(text, "\n") {
		n = teamsLine
	}
	for l := range strings.SplitSeq(strings.TrimPrefix(text, "\n"), "\n") {
		n += wireLen(l) + strings.Count(l, `\`) + strings.Count(l, `"`) + teamsLine
	}
	return n
}

// wireLen is the length of JSON where all beyond ASCII is written as escapes.
func wireLen(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case r < utf8.RuneSelf:
			n++
		case r > 0xffff:
			n += len(`\ud83d\ude00`)
		default:
			n += len(`\u200b`)
		}
	}
	return n
}

// teamsDialect writes the Markdown of Adaptive Cards: bold, italics, links and lists
// (learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-format). It has no code: names stand as
// words.
func teamsDialect() dialect {
	return dialect{
		service: "Teams", words: teamsWords, code: func(s string) string { return teamsWords(clean(s)) }, link: teamsLink,
		strong: markdownStrong,
		bullet: "• ", indent: "\n",
		most: teamsEntry, proofs: 1, bare: true,
	}
}

// teamsWords writes plain words. A backslash escapes where CommonMark and all clients know it; the other signs mean
// something to some clients only, or by an oversight, and are kept from it by a zero-width space.
func teamsWords(s string) string {
	return eachRune(s, func(b *strings.Builder, r rune, i int, at func(int) rune, rest []rune) {
		next := at(i + 1)
		switch {
		case strings.ContainsRune(`\*[]~`, r), r == '_' && (!isWord(at(i-1)) || !isWord(next)), opensLine(r, i, at, rest):
			b.WriteByte('\\')
		case afterWWW(i, at):
			b.WriteString(zwsp)
		case r == '`':
			r = '\''
		}
		b.WriteRune(r)
		if r == '<' && next != ' ' || r == '{' && next == '{' || r == '&' && (next == '#' || isWord(next)) || calls(r, i, at, rest) {
			b.WriteString(zwsp) // a mention's tag, a date, a character's name
		}
	})
}

func teamsLink(label, url string) string {
	return "[" + teamsWords(linkLabelOf(label)) + "](" + url + ")"
}
