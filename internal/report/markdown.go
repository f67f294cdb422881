package report

import (
	"regexp"
	"strconv"
	"strings"
)

// DefaultBudget is the size of one part, in bytes of UTF-8. It is below every limit that GitHub or
// anybody else has reported for an issue's body.
const DefaultBudget = 60000

// MinBudget is the smallest part that can hold an entry with its frame. A smaller budget counts as this.
const MinBudget = 4000

// MarkdownOptions are what a channel asks of the Markdown. The zero value is for github.com.
type MarkdownOptions struct {
	// Budget is the most bytes one part may have, Reserve included; 0 is DefaultBudget.
	Budget int
	// Reserve is left free in every part, for the marker that the caller puts in front.
	Reserve int
	// RedirectLinks sends our own links to issues, pull requests and discussions over
	// redirect.github.com, so that they leave no back-link. False where the target is no github.com.
	// Links within upstream's text go there always.
	RedirectLinks bool
	// BoxNonce gives what is the reader's a box to tick, and stands in it. "": there are no boxes.
	BoxNonce string
	// plainAlerts writes warnings as plain quotes, for renderers that know no alerts.
	plainAlerts bool
	// openFolds writes what may be folded away under headings, for readers that can't unfold.
	openFolds bool
}

// Markdown renders a digest in GitHub's Markdown, in parts of at most Budget bytes: the first is the
// issue's body, the others are comments. Parts are cut between entries; none is left out, and each part
// stands on its own. An entry that is longer than a whole part is shortened and says so.
func Markdown(d Digest, opts MarkdownOptions) []string {
	if opts.Budget == 0 {
		opts.Budget = DefaultBudget
	}
	m := mark{opts: opts, day: toldOn(d)}
	p := packer{room: max(opts.Budget, MinBudget) - max(opts.Reserve, 0)}
	if p.room < MinBudget/2 {
		p.room = MinBudget / 2 // a reserve that eats the part is a fault of the caller's
	}
	for _, b := range m.blocks(d) {
		p.add(b)
	}
	return p.finish()
}

// mark writes phrases as Markdown.
type mark struct {
	opts MarkdownOptions
	day  string // of the digest
}

// blocks lays the digest out: warnings first, then chapter by chapter, then the foot.
func (m mark) blocks(d Digest) []block {
	var chapters []chapter
	for _, u := range d.Upstreams {
		chapters = append(chapters, chapterOf(u, d.At))
	}
	return append(m.body(d, chapters), m.foot(d, chapters)...)
}

// body is all above the foot.
func (m mark) body(d Digest, chapters []chapter) []block {
	var out []block
	level := "## "
	several := len(chapters) > 1
	if several {
		level = "### "
	}
	var alert []string
	for _, ch := range chapters {
		for _, f := range ch.failures {
			alert = append(alert, "> - "+m.inline(f)+"\n")
		}
	}
	if !several {
		for _, ch := range chapters {
			out = append(out, block{entries: []string{m.inline(ch.lead) + "\n"}})
		}
	} else {
		var leads []string
		for _, ch := range chapters {
			leads = append(leads, "- "+m.inline(ch.lead)+"\n")
		}
		out = append(out, block{entries: leads})
	}
	if len(alert) > 0 {
		open := "> [!WARNING]\n> Not everything could be read this time:\n>\n"
		if m.opts.plainAlerts {
			open = "> **Warning.** Not everything could be read this time:\n>\n"
		}
		out = append(out, block{open: open, entries: alert})
	}
	for _, s := range alertsOf(d) {
		out = append(out, m.section(s, "## "))
	}
	for _, ch := range chapters {
		title := ""
		if several && len(ch.sections) > 0 {
			title = "## " + m.words(ch.title, false) + "\n\n"
		}
		for _, s := range ch.sections {
			b := m.section(s, level)
			b.lead, title = title, ""
			if several {
				b.heading = ch.title + ": " + b.heading
			}
			out = append(out, b)
		}
	}
	return out
}

func (m mark) section(s section, level string) block {
	b := block{own: s.own}
	b.heading, _, _ = strings.Cut(s.heading, ":")
	size := ""
	if n := s.size(); n > 0 {
		size = " (" + strconv.Itoa(n) + ")"
	}
	intro := ""
	if len(s.intro) > 0 {
		intro = m.inline(s.intro) + "\n\n"
	}
	if s.boxed != "" && m.opts.BoxNonce != "" {
		intro += s.boxed + "\n\n"
	}
	if s.fold && !m.opts.openFolds {
		b.open = "<details>\n<summary><b>" + s.heading + "</b>" + size + s.preview() + "</summary>\n\n" + intro
		b.again = "<details>\n<summary><b>" + s.heading + "</b> (continued)</summary>\n\n"
		b.close = "\n</details>\n"
	} else {
		b.open = level + s.heading + size + "\n\n" + intro
		b.again = level + s.heading + " (continued)\n\n"
	}
	for _, e := range s.entries {
		b.entries = append(b.entries, m.entry(e, s.brief))
		b.short = append(b.short, m.shortEntry(e))
		b.gates = append(b.gates, e.gates)
	}
	return b
}

// preview names the first entries of a folded section, so that one sees whether to unfold it.
func (s section) preview() string {
	const (
		shown = 5
		most  = 500 // bytes: it is part of a frame, which every part must have room for
	)
	var out string
	n := 0
	for _, e := range s.entries {
		if e.id == "" {
			continue
		}
		id := nameHTML(e.id)
		if n == shown || len(out)+len(id) > most {
			return out + ", …"
		}
		if n++; n == 1 {
			out = ": " + id
		} else {
			out += ", " + id
		}
	}
	return out
}

// size counts the gates that the entries tell of.
func (s section) size() int {
	n := 0
	for _, e := range s.entries {
		n += e.gates
	}
	return n
}

// entry is a list item: name and meaning, what changed, what to do, proof, each on its line.
func (m mark) entry(e entry, brief bool) string {
	proof := m.proof(e.proof)
	if e.id == "" {
		line := "- " + noTask(m.inline(e.change))
		if len(e.next.one) > 0 {
			line += "\n  **Next:** " + m.inline(e.next.one)
		}
		return line + "\n"
	}
	head := "- " + m.heading(e, !brief) + ": " + m.inline(e.about)
	if e.box != nil && !brief && m.opts.BoxNonce != "" {
		head = unticked + strings.TrimPrefix(head, "- ") + m.boxEnd(*e.box)
	}
	if brief {
		line := head
		if c := m.inline(e.change); c != "" {
			line += " " + c
		}
		if proof != "" {
			line += " " + proof
		}
		return line + "\n"
	}
	lines := []string{head}
	what := m.inline(e.change)
	if !e.hoist && len(e.next.one) > 0 {
		if what != "" {
			lines = append(lines, what)
		}
		next := "**Next:** " + m.inline(e.next.one)
		if len(e.why) > 0 {
			lines = append(lines, m.inline(e.why))
		}
		lines = append(lines, next)
		if proof != "" {
			lines = append(lines, proof)
		}
		return strings.Join(lines, "\n  ") + "\n"
	}
	if len(e.why) > 0 {
		lines = append(lines, m.inline(e.why))
	}
	lines = append(lines, strings.TrimSpace(what+" "+proof))
	return strings.Join(lines, "\n  ") + "\n"
}

// noTask keeps an entry that begins with upstream's "[x]" from being shown as a task that is done.
func noTask(line string) string {
	if len(line) > 3 && line[0] == '[' && line[2] == ']' {
		return "[\u200b" + line[1:]
	}
	return line
}

// shortEntry stands for an entry that would not fit into a part of its own.
func (m mark) shortEntry(e entry) string {
	what, end := "- ", ""
	if e.box != nil && m.opts.BoxNonce != "" {
		what, end = unticked, m.boxEnd(*e.box)
	}
	if e.id != "" {
		what += m.heading(e, true) + ": "
	}
	proof := ""
	for _, s := range e.proof {
		if l := m.proof([]span{s}); len(l) < 400 {
			proof = " See " + l + "."
		}
	}
	return what + "too long to be told in full here (an entry longer than a whole part)." + proof + end + "\n"
}

func (m mark) heading(e entry, stressed bool) string {
	h := codeSpan(shownName(e.id))
	if stressed {
		h = "**" + h + "**"
	}
	if e.also != "" {
		h += " (as registered in " + codeSpan(shownName(e.also)) + ")"
	}
	return h
}

func (m mark) proof(spans []span) string {
	var out []string
	for _, s := range spans {
		out = append(out, m.inline(phrase{s}))
	}
	return strings.Join(out, " · ")
}

func (m mark) inline(p phrase) string {
	var b strings.Builder
	for _, s := range p {
		switch s.kind {
		case coded:
			b.WriteString(codeSpan(s.text))
		case quoted:
			b.WriteString(Neutralise(s.text))
		case strong:
			b.WriteString("**" + m.words(s.text, false) + "**")
		case linked:
			if l, ok := safeLink(s.url, m.opts.RedirectLinks); ok {
				label := linkText(clean(s.text))
				if b.Len() == 0 && strings.EqualFold(label, "x") {
					label = codeSpan(label) // to some readers "- [x](" begins a task
				}
				b.WriteString("[" + label + "](" + l.url + ")")
			} else {
				b.WriteString(codeSpan(s.text))
			}
		default:
			b.WriteString(m.words(s.text, b.Len() == 0))
		}
	}
	return strings.TrimSpace(b.String())
}

// words writes plain words; start says that they may begin a line. Commit ids become code, or GitHub would
// make links of them.
func (m mark) words(s string, start bool) string {
	s = strip(s, false)
	if start {
		s = strings.TrimLeft(s, " ")
	}
	return write(join(literals(s)), start)
}

// foot says what was compared, what could not be read, and what the run cost.
func (m mark) foot(d Digest, chapters []chapter) []block {
	var out []block
	for _, ch := range chapters {
		if len(ch.faults) == 0 {
			continue
		}
		var b block
		title := count(len(ch.faults), "place", "places") + " in the source of " + ch.title + " could not be read well"
		if len(ch.faults) > 5 && !m.opts.openFolds {
			b.open = "<details>\n<summary>" + count(len(ch.faults), "place", "places") + " in the source of " + nameHTML(ch.title) + " could not be read well</summary>\n\n"
			b.again, b.close = "<details>\n<summary>(continued)</summary>\n\n", "\n</details>\n"
		} else {
			b.open = m.words(title, true) + ":\n\n"
		}
		for _, f := range ch.faults {
			b.entries = append(b.entries, "- "+m.inline(f)+"\n")
		}
		out = append(out, b)
	}
	b := block{lead: "---\n\n"}
	for _, ch := range chapters {
		for _, f := range ch.foot {
			b.entries = append(b.entries, "- "+m.inline(f)+"\n")
		}
	}
	for _, f := range endOf(d) {
		b.entries = append(b.entries, "- "+m.inline(f)+"\n")
	}
	return append(out, b)
}

// nameHTML is a name within HTML, where GitHub looks for mentions and references as it does in Markdown.
// What is no plain word stands as code.
func nameHTML(s string) string {
	s = cut(shownName(s), 60)
	if plainName.MatchString(s) && !hexWord.MatchString(s) {
		return s
	}
	return "<code>" + escapeHTML(s) + "</code>"
}

var plainName = regexp.MustCompile(`^[A-Za-z][0-9A-Za-z]*$`)

// escapeHTML is for the few words that stand within HTML.
func escapeHTML(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "@", "@"+zwsp, "#", "#"+zwsp).Replace(clean(s))
}
