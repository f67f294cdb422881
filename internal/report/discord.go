package report

import "strings"

// What Discord takes of one message of a webhook (docs.discord.com/developers/resources/webhook#execute-webhook and
// .../message#embed-object-embed-limits). It counts characters; here bytes are counted, which are never fewer.
const (
	discordContent     = 2000
	discordEmbeds      = 10
	discordDescription = 4096
	discordTotal       = 6000 // of the text of all embeds
)

// What stands above and under the entries may take so much, and one entry.
const (
	discordTop     = 1200
	discordFoot    = 1400
	discordLeftOut = 400 // without the link
	discordEntry   = 1500
)

// The colours of embeds, as Discord takes them: one number of red, green and blue.
const (
	discordRed   = 0xCF222E // something to act on
	discordAmber = 0xBF8700 // something about the bot itself
	discordBlue  = 0x0969DA
	discordGrey  = 0x6E7781
)

// Discord renders a digest as one message of Discord's: the JSON that a webhook takes. What asks for action stands first.
// What goes beyond Discord's limits is left out, and a line says how many entries that are, with a link to where they stand.
//
// "allowed_mentions" lets nobody be called, whatever the text says; in upstream's text mentions, links and formats are
// escaped or broken all the same. All links stand in embeds, where Discord shows no preview of them; the flag
// SUPPRESS_EMBEDS is not set, for it would hide the digest itself.
//
// Post it with "?wait=true": without, Discord says nothing of a message that it did not save.
func Discord(d Digest, opts ChatOptions) ([]byte, error) {
	di := discordDialect()
	chapters := chaptersOf(d.Upstreams, d.At)
	m := discordMessage{Content: di.strong(di.words(Title(d)))} // far below discordContent
	m.AllowedMentions.Parse = []string{}
	top, foot := di.top(chapters, discordTop), fitLines(di.foot(d, chapters), discordFoot)
	more := di.whole(opts.URL)
	p := chatPacker{
		dialect: di, block: discordDescription,
		left: discordTotal - len(top) - len(foot) - len(more) - discordLeftOut,
		cost: func(s string) int { return len(s) + len("\n\n") }, // it may begin a section
		free: discordTotal,                                       // what limits their number is the text in them
	}
	colour := discordBlue
	for _, s := range chatSections(d, chapters) {
		p.entries(s)
		if s.tone == toneAct {
			colour = discordRed
		} else if s.tone == toneBot && colour != discordRed {
			colour = discordAmber
		}
	}
	m.embed(top, colour)
	for i, b := range p.blocks {
		if i > 0 && p.blocks[i-1].tone == b.tone {
			last := &m.Embeds[len(m.Embeds)-1]
			if text := last.Description + "\n\n" + b.text(); len(text) <= discordDescription {
				last.Description = text
				continue
			}
		}
		m.embed(b.text(), discordColour(b.tone))
	}
	end := strings.TrimSpace(p.omitted(more, discordLeftOut) + "\n" + foot)
	m.embed(end, discordGrey)
	return encode(m)
}

func discordColour(t tone) int {
	switch t {
	case toneAct:
		return discordRed
	case toneBot:
		return discordAmber
	}
	return discordBlue
}

type discordMessage struct {
	Content         string         `json:"content"` // what notifications show
	Embeds          []discordEmbed `json:"embeds"`
	AllowedMentions struct {
		Parse []string `json:"parse"`
	} `json:"allowed_mentions"`
}

type discordEmbed struct {
	Description string `json:"description"`
	Color       int    `json:"color"`
}

func (m *discordMessage) embed(text string, colour int) {
	if text != "" {
		m.Embeds = append(m.Embeds, discordEmbed{Description: text, Color: colour})
	}
}

// discordDialect writes Discord's Markdown (support.discord.com, "Markdown Text 101"). A backslash before any sign but
// letters and digits makes it that sign.
func discordDialect() dialect {
	return dialect{
		service: "Discord", words: discordWords, code: discordCode, link: discordLink,
		strong: markdownStrong,
		bullet: "• ", indent: "\n    ",
		most: discordEntry, proofs: 1,
	}
}

// discordWords writes plain words. All that is special begins with one of the signs that are escaped here: formats,
// spoilers, code, links, "<@1>", "<#1>", "<:e:1>", "<t:1>". Headings, lists and quotes begin a line, and any words may.
func discordWords(s string) string {
	return eachRune(s, func(b *strings.Builder, r rune, i int, at func(int) rune, rest []rune) {
		switch {
		case strings.ContainsRune("\\*_~`|<>[]", r), r == '(' && at(i-1) == ']', opensLine(r, i, at, rest):
			b.WriteByte('\\')
		case afterWWW(i, at):
			b.WriteString(zwsp)
		}
		b.WriteRune(r)
		if calls(r, i, at, rest) {
			b.WriteString(zwsp)
		}
	})
}

// discordCode writes a name as code, which nothing in it can end.
func discordCode(s string) string {
	if s = clean(s); s == "" {
		return ""
	}
	return "`" + strings.ReplaceAll(s, "`", "'") + "`"
}

func discordLink(label, url string) string {
	return "[" + discordWords(linkLabelOf(label)) + "](" + url + ")"
}

// linkLabelOf is a label without brackets, of which not all readers know how they are escaped within a link.
func linkLabelOf(label string) string {
	if label = clean(label); label == "" {
		return "link"
	}
	return strings.NewReplacer("[", "(", "]", ")").Replace(label)
}

func markdownStrong(s string) string {
	if s == "" {
		return ""
	}
	return "**" + s + "**"
}
