package report

import (
	"slices"
	"strconv"
	"strings"
)

// What Slack takes of one message. It counts characters; here bytes are counted, which are never fewer,
// however it counts.
const (
	slackBlocks  = 50
	slackTotal   = 12000 // of all text; beyond about 13,000 Slack refuses the message
	slackSection = 3000
	slackHeader  = 150
)

// What is kept free while entries are laid out, for what stands under them.
const (
	slackFoot    = 2000
	slackLeftOut = 600 // without the link
	slackTop     = 2500
)

// SlackOptions are what the message should say beside the digest. The zero value is fine.
type SlackOptions struct {
	// URL is where the whole digest stands, such as its issue; "" where nobody knows.
	URL string
}

// Slack renders a digest as one message in Slack's Block Kit: the JSON that a webhook or chat.postMessage
// takes. What asks for action stands first. What goes beyond Slack's limits is left out, and a line says
// how many entries that are, with a link to where they stand.
//
// Upstream's text can neither call a channel or a person nor make a link, a picture or a format: signs
// are escaped or broken, "verbatim" keeps Slack from reading names and addresses out of plain words, and
// nothing is unfolded.
func Slack(d Digest, opts SlackOptions) ([]byte, error) {
	var chapters []chapter
	for _, u := range d.Upstreams {
		chapters = append(chapters, chapterOf(u, d.At))
	}
	title := Title(d)
	s := slackPacker{left: slackTotal - slackFoot - slackLeftOut}
	more := ""
	if l, ok := safeLink(opts.URL, false); ok {
		more = " " + slackLink("The whole digest", l.url) + "."
		s.left -= len(more)
	}
	s.header(cut(title, slackHeader))
	fallback := slackWords(title)
	s.left -= len(fallback)
	s.section(s.top(chapters))
	for _, sec := range alertsOf(d) {
		s.entries("", sec)
	}
	// First what asks for action, of every upstream; then the rest.
	for _, own := range []bool{true, false} {
		for _, ch := range chapters {
			for _, sec := range ch.sections {
				if own != sec.own {
					continue
				}
				of := ""
				if len(chapters) > 1 {
					of = ch.title + ": "
				}
				s.entries(of, sec)
			}
		}
	}
	s.section(s.omitted(more))
	s.context(slackFootOf(d, chapters))
	return encode(slackMessage{Text: fallback, Blocks: s.blocks})
}

type slackMessage struct {
	Text        string       `json:"text"` // what notifications show
	UnfurlLinks bool         `json:"unfurl_links"`
	UnfurlMedia bool         `json:"unfurl_media"`
	Blocks      []slackBlock `json:"blocks"`
}

type slackBlock struct {
	Type     string      `json:"type"`
	Text     *slackText  `json:"text,omitempty"`
	Elements []slackText `json:"elements,omitempty"`
}

type slackText struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Verbatim bool   `json:"verbatim,omitempty"`
}

func mrkdwn(s string) slackText { return slackText{Type: "mrkdwn", Text: s, Verbatim: true} }

// slackPacker fills blocks until the message is full.
type slackPacker struct {
	blocks []slackBlock
	left   int // bytes that entries may still take
	full   bool
	// out are the gates that were left out, by heading, in reading order.
	out []slackOmitted
}

type slackOmitted struct {
	heading string
	gates   int
}

func (s *slackPacker) header(text string) {
	s.left -= len(text)
	s.blocks = append(s.blocks, slackBlock{Type: "header", Text: &slackText{Type: "plain_text", Text: text}})
}

func (s *slackPacker) section(text string) {
	if text == "" {
		return
	}
	t := mrkdwn(text)
	s.blocks = append(s.blocks, slackBlock{Type: "section", Text: &t})
}

func (s *slackPacker) context(text string) {
	s.blocks = append(s.blocks, slackBlock{Type: "context", Elements: []slackText{mrkdwn(text)}})
}

// top says what was compared and what could not be read.
func (s *slackPacker) top(chapters []chapter) string {
	var lines []string
	for _, ch := range chapters {
		for _, f := range ch.failures {
			lines = append(lines, "*Warning.* "+slackInline(f))
		}
	}
	for _, ch := range chapters {
		lines = append(lines, slackInline(ch.lead))
	}
	text := fitLines(lines, slackTop)
	s.left -= len(text)
	return text
}

// entries lays out a section's entries, or as many as fit. Once one did not fit none follows, so that
// what is told is the beginning of the digest.
func (s *slackPacker) entries(of string, sec section) {
	head := "*" + slackWords(of+sec.heading) + "* (" + strconv.Itoa(sec.size()) + ")"
	if len(sec.intro) > 0 {
		head += "\n" + slackInline(sec.intro)
	}
	omitted, cur := 0, ""
	for _, e := range sec.entries {
		line := "\n" + slackEntry(e, sec.brief)
		if cur == "" && !s.full {
			line = head + line
		}
		if cur != "" && len(cur)+len(line) > slackSection {
			s.section(cur)
			cur, line = "", strings.TrimPrefix(line, "\n")
		}
		// Two blocks stay for what stands under the entries.
		if s.full = s.full || len(line) > s.left || len(s.blocks)+1 > slackBlocks-2; s.full {
			omitted += e.gates
			continue
		}
		s.left -= len(line)
		cur += line
	}
	s.section(cur)
	if omitted > 0 {
		short, _, _ := strings.Cut(sec.heading, ":")
		s.out = append(s.out, slackOmitted{of + short, omitted})
	}
}

// omitted says what is left out.
func (s *slackPacker) omitted(more string) string {
	total := 0
	var parts []string
	for _, o := range s.out {
		total += o.gates
		parts = append(parts, slackWords(o.heading)+" "+strconv.Itoa(o.gates))
	}
	switch {
	case total == 0:
		return strings.TrimSpace(more)
	case more == "":
		more = " The other formats tell all of it."
	}
	text := "*" + count(total, "entry is", "entries are") + " left out here*, for Slack takes no more"
	if list := " (" + strings.Join(parts, ", ") + ")"; len(text)+len(list) < slackLeftOut-50 {
		text += list
	}
	return text + "." + more
}

// slackEntry is one entry, name and meaning first.
func slackEntry(e entry, brief bool) string {
	// With its heading it must fit into a section.
	const most = slackSection - 900
	if e.id == "" {
		text := "• " + slackInline(e.change)
		if len(text) > most {
			return "• One more, too long to be told here."
		}
		if next := "\n    *Next:* " + slackInline(e.next.one); len(e.next.one) > 0 && len(text)+len(next) <= most {
			text += next
		}
		return text
	}
	head := "• *" + slackCode(shownName(e.id)) + "*"
	if e.also != "" {
		head += " (as registered in " + slackCode(shownName(e.also)) + ")"
	}
	lines := []string{head + ": " + slackInline(e.about)}
	if brief {
		lines[0] = strings.TrimSpace(lines[0] + " " + slackInline(e.change))
	} else {
		lines = append(lines, slackInline(e.change), slackInline(e.why))
		if !e.hoist && len(e.next.one) > 0 {
			lines = append(lines, "*Next:* "+slackInline(e.next.one))
		}
	}
	proof := slackProof(e.proof)
	lines = append(lines, proof)
	lines = slices.DeleteFunc(lines, func(l string) bool { return l == "" })
	text := strings.Join(lines, "\n    ")
	if len(text) <= most {
		return text
	}
	text = head + ": too long to be told here."
	if len(text)+len(proof) < most {
		text += "\n    " + proof
	}
	return text
}

func slackProof(spans []span) string {
	var out []string
	for _, s := range spans {
		if l := slackInline(phrase{s}); len(l) < 800 {
			out = append(out, l)
		}
	}
	return strings.Join(out, " · ")
}

// slackFootOf is the digest's foot and what it has to say of itself.
func slackFootOf(d Digest, chapters []chapter) string {
	var lines []string
	for _, f := range endOf(d) {
		lines = append(lines, slackInline(f))
	}
	for _, ch := range chapters {
		if n := len(ch.faults); n > 0 {
			lines = append(lines, count(n, "place", "places")+" in the source of "+slackWords(ch.title)+" could not be read well.")
		}
		for _, f := range ch.foot {
			lines = append(lines, slackInline(f))
		}
	}
	return fitLines(lines, slackFoot)
}

// fitLines joins as many lines as fit into room bytes, and says how many more there are.
func fitLines(lines []string, room int) string {
	const last = 30 // "… and 12345 more."
	var b strings.Builder
	for i, l := range lines {
		if b.Len()+len(l)+1 > room-last {
			return strings.TrimSpace(b.String() + "… and " + strconv.Itoa(len(lines)-i) + " more.")
		}
		b.WriteString(l + "\n")
	}
	return strings.TrimSpace(b.String())
}

// slackQuote is how many runes of upstream's prose stand in a message: the rest is a click away.
const slackQuote = 300

func slackInline(p phrase) string {
	var b strings.Builder
	for _, s := range p {
		switch s.kind {
		case coded:
			b.WriteString(slackCode(s.text))
		case quoted:
			for _, p := range readInline(s.text, slackQuote) {
				switch p.kind {
				case code:
					b.WriteString(slackCode(p.text))
				case anchor:
					b.WriteString(slackLink(p.text, p.url))
				default:
					b.WriteString(slackWords(p.text))
				}
			}
		case strong:
			b.WriteString("*" + slackWords(s.text) + "*")
		case linked:
			if l, ok := safeLink(s.url, false); ok {
				b.WriteString(slackLink(s.text, l.url))
			} else {
				b.WriteString(slackCode(s.text))
			}
		default:
			b.WriteString(slackWords(s.text))
		}
	}
	return strings.TrimSpace(b.String())
}

// slackEscapes are the three signs by which Slack knows its own: mentions, channels, links, dates.
var slackEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// slackWords writes plain words. Slack has no escape for the signs of a format; a zero-width space
// behind one keeps it from being any.
func slackWords(s string) string {
	var b strings.Builder
	runes := []rune(foldBlanks(strip(s, false)))
	at := func(i int) rune {
		if i < 0 || i >= len(runes) {
			return ' '
		}
		return runes[i]
	}
	for i, r := range runes {
		b.WriteRune(r)
		next := at(i + 1)
		switch {
		case r == '*', r == '~', r == '`',
			r == '_' && (!isWord(at(i-1)) || !isWord(next)),
			r == '@' && next != ' ',
			r == '#' && isWord(next),
			r == ':' && (next == '/' && at(i+2) == '/' || shortcode(runes[i+1:])):
			b.WriteString(zwsp)
		}
	}
	return slackEscapes.Replace(b.String())
}

// slackCode writes a name as code, which nothing in it can end.
func slackCode(s string) string {
	return "`" + slackEscapes.Replace(strings.ReplaceAll(clean(s), "`", "'")) + "`"
}

func slackLink(label, url string) string {
	label = strings.ReplaceAll(slackWords(clean(label)), "|", "¦") // which would end the address
	return "<" + slackEscapes.Replace(url) + "|" + label + ">"
}
