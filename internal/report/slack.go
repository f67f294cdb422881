package report

import "strings"

// What Slack takes of one message (docs.slack.dev/reference/block-kit/blocks, .../methods/chat.postMessage). It counts
// characters; here bytes are counted, which are never fewer, however it counts.
const (
	slackBlocks  = 50
	slackTotal   = 12000 // of all text; beyond about 13,000 Slack refuses the message (slackapi/bolt-js#2509)
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
type SlackOptions = ChatOptions

// Slack renders a digest as one message in Slack's Block Kit: the JSON that a webhook or chat.postMessage
// takes. What asks for action stands first. What goes beyond Slack's limits is left out, and a line says
// how many entries that are, with a link to where they stand.
//
// Upstream's text can neither call a channel or a person nor make a link, a picture or a format: signs
// are escaped or broken, "verbatim" keeps Slack from reading names and addresses out of plain words, and
// nothing is unfolded.
func Slack(d Digest, opts SlackOptions) ([]byte, error) {
	sl := slackDialect()
	chapters := chaptersOf(d.Upstreams, d.At)
	title := Title(d)
	m := slackMessage{Text: sl.words(title)}
	m.header(slackTitle(d))
	top := sl.top(chapters, slackTop)
	m.section(top)
	more := sl.whole(opts.URL)
	p := chatPacker{
		dialect: sl, block: slackSection,
		left: slackTotal - slackFoot - slackLeftOut - len(more) - len(m.Blocks[0].Text.Text) - len(m.Text) - len(top),
		free: slackBlocks - 2 - len(m.Blocks), // two stay for what stands under the entries
	}
	for _, s := range chatSections(d, chapters) {
		p.entries(s)
	}
	for _, b := range p.blocks {
		m.section(b.text())
	}
	m.section(p.omitted(more, slackLeftOut))
	m.context(fitLines(sl.foot(d, chapters), slackFoot))
	return encode(m)
}

// slackTitle is a digest's title as a header takes it: how much there is to act on stays in it.
func slackTitle(d Digest) string { return cut(titleOf(d, slackHeader-2), slackHeader) }

// slackDialect writes Slack's mrkdwn (docs.slack.dev/messaging/formatting-message-text).
func slackDialect() dialect {
	return dialect{
		service: "Slack", words: slackWords, code: slackCode, link: slackLink,
		strong: func(s string) string { return "*" + s + "*" },
		bullet: "• ", indent: "\n    ",
		most: slackSection - 900, // with its heading it must fit into a section
	}
}

type slackMessage struct {
	Text        string       `json:"text"` // what notifications show
	UnfurlLinks bool         `json:"unfurl_links"`
	UnfurlMedia bool         `json:"unfurl_media"`
	Broadcast   bool         `json:"reply_broadcast,omitempty"`
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

func (m *slackMessage) header(text string) {
	m.Blocks = append(m.Blocks, slackBlock{Type: "header", Text: &slackText{Type: "plain_text", Text: text}})
}

func (m *slackMessage) section(text string) {
	if text == "" {
		return
	}
	t := mrkdwn(text)
	m.Blocks = append(m.Blocks, slackBlock{Type: "section", Text: &t})
}

func (m *slackMessage) context(text string) {
	m.Blocks = append(m.Blocks, slackBlock{Type: "context", Elements: []slackText{mrkdwn(text)}})
}

// slackEscapes are the three signs by which Slack knows its own: mentions, channels, links, dates.
var slackEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// slackWords writes plain words. Slack has no escape for the signs of a format; a zero-width space
// behind one keeps it from being any.
func slackWords(s string) string {
	return slackEscapes.Replace(eachRune(s, func(b *strings.Builder, r rune, i int, at func(int) rune, rest []rune) {
		b.WriteRune(r)
		if r == '*' || r == '~' || r == '`' || r == '_' && (!isWord(at(i-1)) || !isWord(at(i+1))) || calls(r, i, at, rest) {
			b.WriteString(zwsp)
		}
	}))
}

// slackCode writes a name as code, which nothing in it can end.
func slackCode(s string) string {
	return "`" + slackEscapes.Replace(strings.ReplaceAll(clean(s), "`", "'")) + "`"
}

func slackLink(label, url string) string {
	label = strings.ReplaceAll(slackWords(clean(label)), "|", "¦") // which would end the address
	return "<" + slackEscapes.Replace(url) + "|" + label + ">"
}
