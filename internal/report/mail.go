package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"mime/quotedprintable"
	"slices"
	"strconv"
	"strings"
)

// MailText is a digest as a mail. Its JSON is the frozen body of a part; the subject is the part's title.
type MailText struct {
	Subject string `json:"-"`
	Text    string `json:"text"` // all of the digest
	HTML    string `json:"html"`
	// Attach says that the HTML leaves out what stands nowhere but in the text, which few programs show beside
	// it: so the text goes along as a file, too.
	Attach bool `json:"attach,omitempty"`
}

// MailFile is what the attached text is called.
const MailFile = "digest.txt"

const (
	mailWidth   = 72  // columns, as text in mails has had them ever since
	mailSubject = 150 // characters
	// mailLimit is the most that the HTML may have, in bytes of quoted-printable. Gmail clips a message's HTML at 102 KB;
	// whether before or after decoding is disputed, and encoded is never less.
	mailLimit = 100_000
)

// Mail renders a digest for mail programs: as text, and as HTML that Gmail, Outlook and Apple Mail show well. The
// text is whole. Where the HTML would be clipped, entries are left out from the end (those that ask for action
// last), and a line says how many, of what, and where they stand.
func Mail(d Digest, opts ChatOptions) (MailText, error) {
	out := MailText{Subject: mailTitle(d), Text: Text(d, TextOptions{Width: mailWidth})}
	whole, ok := safeLink(opts.URL, false)
	if ok {
		out.Text += "\nThe whole digest, with links: " + whole.url + "\n"
	}
	var err error
	if out.HTML, out.Attach, err = mailHTML(d, out.Subject, whole.url, mailLimit); err != nil {
		return MailText{}, fmt.Errorf("render digest %s as a mail: %w", d.Definition, err)
	}
	return out, nil
}

// Body is the JSON that a part holds.
func (m MailText) Body() (string, error) {
	b, err := json.Marshal(m)
	return string(b), err
}

// mailTitle is a subject. A word that looks encoded would be decoded by whoever reads it, so none does.
func mailTitle(d Digest) string {
	return cut(strings.ReplaceAll(clean(titleOf(d, mailSubject-10)), "=?", "= ?"), mailSubject)
}

// mailHTML makes the HTML, of as many entries as fit into limit. attach says that what was left out stands nowhere else.
func mailHTML(d Digest, title, whole string, limit int) (page string, attach bool, err error) {
	m := mark{opts: MarkdownOptions{plainAlerts: true, openFolds: true}, day: toldOn(d)}
	var chapters []chapter
	for _, u := range d.Upstreams {
		chapters = append(chapters, chapterOf(u, d.At))
	}
	l := mailLayout{body: m.body(d, chapters), foot: m.foot(d, chapters), whole: whole}
	l.rank()
	render := func(keep int) (string, error) {
		body, err := bodyOf(l.markdown(keep))
		if err != nil {
			return "", err
		}
		if body, err = forMail(body, whole); err != nil {
			return "", err
		}
		return mailPage(title, body), nil
	}
	if page, err = render(len(l.order)); err != nil || encodedSize(page) <= limit {
		return page, false, err
	}
	// The most entries that fit. None is known to fit yet, and what is twice the limit as Markdown never does as HTML.
	fits, over := 0, l.within(2*limit)
	best, err := render(0)
	for err == nil && over-fits > 1 {
		half := (fits + over) / 2
		if page, err = render(half); encodedSize(page) <= limit {
			fits, best = half, page
		} else {
			over = half
		}
	}
	return best, whole == "", err
}

// encodedSize is what a page takes in a message: bytes.
func encodedSize(page string) int {
	var n counter
	w := quotedprintable.NewWriter(&n)
	_, _ = w.Write([]byte(page)) // a counter fails at nothing
	_ = w.Close()
	return int(n)
}

type counter int

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }

// mailLayout is a digest's blocks, of which entries may be left out.
type mailLayout struct {
	body, foot []block
	whole      string // where all of it stands; "" where nobody knows
	order      []spot
}

// spot is the place of an entry: its block, counted through body and foot, and its number there.
type spot struct{ block, entry int }

func (l *mailLayout) blocks() []block { return slices.Concat(l.body, l.foot) }

// rank orders the entries by who must have them: what was compared and could not be read, what was done, what asks for
// action, of every upstream; then the rest as it is read.
func (l *mailLayout) rank() {
	all := l.blocks()
	need := func(i int) int {
		switch b := all[i]; {
		case i < len(l.body) && b.gates == nil:
			return 0
		case i == len(all)-1:
			return 1
		case b.own:
			return 2
		case i >= len(l.body): // what the parser could not read
			return 3
		}
		return 4
	}
	for i, b := range all {
		for j := range b.entries {
			l.order = append(l.order, spot{i, j})
		}
	}
	slices.SortStableFunc(l.order, func(a, b spot) int { return cmp.Compare(need(a.block), need(b.block)) })
}

// within is the number of entries, in rank, after which there are more than n bytes of them.
func (l *mailLayout) within(n int) int {
	all := l.blocks()
	for k, at := range l.order {
		if n -= len(all[at.block].entries[at.entry]); n < 0 {
			return k + 1
		}
	}
	return len(l.order)
}

// markdown is the digest with the first keep entries in rank, in reading order.
func (l *mailLayout) markdown(keep int) string {
	all := l.blocks()
	kept := make([]map[int]bool, len(all))
	for i := range kept {
		kept[i] = map[int]bool{}
	}
	for _, at := range l.order[:keep] {
		kept[at.block][at.entry] = true
	}
	var out strings.Builder
	var left []mailGap
	write := func(blocks []block, from int) {
		lead := ""
		for i, b := range blocks {
			if b.lead != "" {
				lead = b.lead // of an upstream: it stands over the first block that is there
			}
			gone := mailGap{heading: cmp.Or(b.heading, "notes on this run")}
			var there []string
			for j, e := range b.entries {
				switch {
				case kept[from+i][j]:
					there = append(there, e)
				case b.gates != nil:
					gone.gates += b.gates[j]
				default:
					gone.gates++
				}
			}
			if gone.gates > 0 {
				left = append(left, gone)
			}
			if len(there) == 0 {
				continue
			}
			if out.Len() > 0 {
				out.WriteString("\n")
			}
			out.WriteString(lead + b.open + strings.Join(there, "") + b.close)
			lead = ""
		}
	}
	write(l.body, 0)
	body := out.String()
	out.Reset()
	write(l.foot, len(l.body))
	parts := []string{body, l.note(left), out.String()}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "\n")
}

// mailGap is how many entries under a heading the HTML leaves out.
type mailGap struct {
	heading string
	gates   int
}

// note says what is left out, and where the whole is.
func (l *mailLayout) note(left []mailGap) string {
	link := ""
	if l.whole != "" {
		link = "[The whole digest](" + l.whole + ")"
	}
	total := 0
	var parts []string
	for _, o := range left {
		total += o.gates
		parts = append(parts, mark{}.words(o.heading, false)+" "+strconv.Itoa(o.gates))
	}
	const listed = 12
	if len(parts) > listed {
		parts = append(parts[:listed], "and "+strconv.Itoa(len(left)-listed)+" parts more")
	}
	text := ""
	if total > 0 {
		text = "**" + count(total, "entry is", "entries are") + " left out here** (" + strings.Join(parts, ", ") + "), because mail programs clip what is longer. "
	}
	switch {
	case total == 0 && link == "":
		return ""
	case total == 0:
		return link + "\n"
	case link != "":
		return text + link + " has all of it.\n"
	}
	return text + "The attached " + codeSpan(MailFile) + " has all of it.\n"
}
