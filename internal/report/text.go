package report

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// TextOptions say what the terminal can do. Who decides that is the caller: this package sees none.
type TextOptions struct {
	Width      int  // columns; 0 is 80, and fewer than 40 count as 40
	Color      bool // SGR colours; they add no word and no meaning that the words do not have
	Hyperlinks bool // OSC 8 links on the words that name a proof; the words are the same
	// Fold tells by name alone what Markdown folds away: long lists in which nothing asks for action. How to see the
	// rest stands below them.
	Fold bool
}

// Text renders a digest for a terminal. It says what Markdown says. No line is wider than Width but for an
// address that has no place to break.
func Text(d Digest, opts TextOptions) string {
	if opts.Width == 0 {
		opts.Width = 80
	}
	t := &terminal{opts: opts, width: max(opts.Width, 40)}
	t.digest(d)
	return t.b.String()
}

// terminal writes phrases as wrapped lines.
type terminal struct {
	opts  TextOptions
	width int
	b     strings.Builder
	// foldedAny: entries were told by name alone.
	foldedAny bool
}

// The colours are the terminal's own 16, so that they fit any theme.
const (
	sgrBold   = "\x1b[1m"
	sgrDim    = "\x1b[2m"
	sgrRed    = "\x1b[31m"
	sgrGreen  = "\x1b[32m"
	sgrYellow = "\x1b[33m"
	sgrCyan   = "\x1b[36m"
	sgrReset  = "\x1b[0m"
)

// Colour is how words look for who can see it; it never says what the words do not.
type Colour string

// The colours that other packages give their words: what asks for action is red, what to know is yellow.
const (
	Plain  Colour = ""
	Bold   Colour = sgrBold
	Dim    Colour = sgrDim
	Red    Colour = sgrRed
	Yellow Colour = sgrYellow
	Green  Colour = sgrGreen
)

// Paint gives words without line ends a colour, where the terminal has any.
func (o TextOptions) Paint(c Colour, words string) string {
	t := terminal{opts: o}
	return t.paint(string(c), words)
}

func (t *terminal) paint(sgr, s string) string {
	if !t.opts.Color || sgr == "" || s == "" {
		return s
	}
	return sgr + s + sgrReset
}

func (t *terminal) digest(d Digest) {
	var chapters []chapter
	for _, u := range d.Upstreams {
		chapters = append(chapters, chapterOf(u, d.At))
	}
	for _, s := range alertsOf(d) {
		t.section(s)
		t.b.WriteString("\n")
		t.rule()
	}
	for i, ch := range chapters {
		if i > 0 {
			t.b.WriteString("\n")
		}
		t.chapter(ch)
	}
	t.rule()
	if t.foldedAny {
		t.wrap("", "", "Lists in which nothing asks for action show names alone; --full shows all of them, with their proof.")
	}
	for _, ch := range chapters {
		t.faults(ch)
		for _, f := range ch.foot {
			t.para("", "", f, sgrDim)
		}
	}
	for _, f := range endOf(d) {
		t.para("", "", f, sgrDim)
	}
}

func (t *terminal) chapter(ch chapter) {
	t.para("", "", ch.lead, "")
	t.rule()
	for _, f := range ch.failures {
		t.b.WriteString("\n")
		t.para(t.paint(sgrYellow, "! "), "  ", f, sgrYellow)
	}
	for _, s := range ch.sections {
		t.section(s)
	}
	t.b.WriteString("\n")
}

func (t *terminal) section(s section) {
	heading := strings.ToUpper(s.heading)
	if head, rest, ok := strings.Cut(s.heading, ":"); ok {
		heading = strings.ToUpper(head) + ":" + rest
	}
	t.b.WriteString("\n")
	size := ""
	if n := s.size(); n > 0 {
		size = " (" + strconv.Itoa(n) + ")"
	}
	t.wrap("", "", t.paint(sgrBold+s.colour(), heading)+t.paint(sgrDim, size))
	if len(s.intro) > 0 {
		t.para("", "", s.intro, sgrDim)
	}
	if t.opts.Fold && s.fold && !s.own && len(s.entries) >= foldedFrom {
		t.folded(s)
		return
	}
	wasBrief := true
	if !s.brief {
		t.b.WriteString("\n")
	}
	for i, e := range s.entries {
		// A long section is told closely, but for the entries that have a next step of their own.
		brief := s.brief || (s.fold && e.hoist)
		if i > 0 && (!brief || !wasBrief) {
			t.b.WriteString("\n")
		}
		t.entry(e, brief)
		wasBrief = brief
	}
}

// colour is red for what asks for action, yellow for what to know, and none for the rest.
func (s section) colour() string {
	switch {
	case s.heading == aboutTheBot:
		return sgrYellow
	case s.alarm, s.own:
		return sgrRed
	case !s.brief && !s.fold:
		return sgrYellow
	}
	return ""
}

// foldedFrom is the number of entries from which a section is told by name alone: fewer are read as fast.
const foldedFrom = 6

// folded names the entries of a section. Those that have no name are told, for they are lists themselves.
func (t *terminal) folded(s section) {
	var names []string
	for _, e := range s.entries {
		if e.id == "" {
			t.para("  ", "    ", e.change, "")
			continue
		}
		name := shownName(e.id)
		if e.also != "" {
			name += " (" + shownName(e.also) + ")"
		}
		names = append(names, t.paint(sgrBold, name))
	}
	if len(names) > 0 {
		t.wrap("  ", "  ", strings.Join(names, ", "))
		t.foldedAny = true
	}
}

func (t *terminal) entry(e entry, brief bool) {
	if e.id == "" {
		t.para("  ", "    ", e.change, "")
		if len(e.next.one) > 0 {
			t.para("    "+t.paint(sgrGreen, "→ "), "      ", e.next.one, "")
		}
		return
	}
	name := t.paint(sgrBold, shownName(e.id))
	if e.also != "" {
		name += " (" + shownName(e.also) + ")"
	}
	proof := t.proof(e.proof, brief)
	if brief {
		line := name + ": " + t.inline(e.about, "")
		if len(e.change) > 0 {
			line += " " + t.inline(e.change, "")
		}
		if proof != "" {
			line += " " + t.paint(sgrDim, "(") + proof + t.paint(sgrDim, ")")
		}
		t.wrap("  ", "    ", line)
		return
	}
	t.wrap("  ", "    ", name)
	t.wrap("    ", "    ", t.inline(e.about, ""))
	if len(e.change) > 0 {
		t.para("    ", "    ", e.change, "")
	}
	if len(e.why) > 0 {
		t.para("    ", "    ", e.why, "")
	}
	if !e.hoist && len(e.next.one) > 0 {
		t.para("    "+t.paint(sgrGreen, "→ "), "      ", e.next.one, "")
	}
	if proof != "" {
		t.wrap("    ", "    ", proof)
	}
}

// proof writes links short: the proposal's address is short already, the line at the commit goes by file
// and number, for its address would be longer than a line.
func (t *terminal) proof(spans []span, brief bool) string {
	var out []string
	for i, s := range spans {
		label := clean(s.text)
		l, ok := safeLink(s.url, false)
		switch {
		case ok && strings.HasPrefix(l.url, "https://kep.k8s.io/"):
			sure := ""
			if at := strings.Index(label, " ("); at >= 0 { // a link that is only likely says so
				sure = label[at:]
			}
			label = l.url + sure
		case brief && i > 0:
			continue
		}
		if ok && t.opts.Hyperlinks {
			label = ansi.SetHyperlink(l.url) + label + ansi.ResetHyperlink()
		}
		out = append(out, t.paint(sgrDim, label))
	}
	return strings.Join(out, t.paint(sgrDim, " · "))
}

// inline writes a phrase in one line. Upstream's Markdown becomes the words it would show.
func (t *terminal) inline(p phrase, sgr string) string {
	var b strings.Builder
	for _, s := range p {
		switch s.kind {
		case coded:
			if t.opts.Color {
				b.WriteString(t.paint(sgr+sgrCyan, s.text))
			} else {
				b.WriteString(s.text)
			}
		case quoted:
			b.WriteString(t.paint(sgr, plainWords(s.text)))
		case strong:
			b.WriteString(t.paint(sgr+sgrBold, strip(s.text, false)))
		case linked:
			label := clean(s.text)
			if l, ok := safeLink(s.url, false); ok && t.opts.Hyperlinks {
				label = ansi.SetHyperlink(l.url) + label + ansi.ResetHyperlink()
			}
			b.WriteString(t.paint(sgr, label))
		default:
			b.WriteString(t.paint(sgr, strip(s.text, false)))
		}
	}
	return strings.TrimSpace(b.String())
}

// plainWords is upstream's inline Markdown as the words a reader would see.
func plainWords(s string) string {
	var b strings.Builder
	for _, p := range readInline(s, inlineLimit) {
		b.WriteString(p.text)
	}
	return b.String()
}

func (t *terminal) para(first, rest string, p phrase, sgr string) {
	t.wrap(first, rest, t.inline(p, sgr))
}

// hyphen stands for one while lines are broken: a character for private use, as wide as it.
const hyphen = "\ue000"

// wrap breaks s at blanks to the width, with first before the first line and rest before the others.
// A word that is longer than a line is broken, except an address. No line is a command to GitHub's runner.
func (t *terminal) wrap(first, rest, s string) {
	room := max(t.width-max(ansi.StringWidth(first), ansi.StringWidth(rest)), 8)
	// The library breaks words at hyphens; names such as kube-apiserver and --feature-gates stay whole.
	s = strings.NewReplacer("##[", "## [", "-", hyphen).Replace(s)
	lines := strings.Split(strings.ReplaceAll(ansi.Wordwrap(s, room, ""), hyphen, "-"), "\n")
	var out []string
	for _, line := range lines {
		line = disarm(strings.TrimRight(line, " "))
		if ansi.StringWidth(line) > room && !strings.Contains(line, "://") {
			for part := range strings.SplitSeq(ansi.Hardwrap(line, room-1, false), "\n") {
				out = append(out, disarm(part)) // which may make it longer by one
			}
			continue
		}
		out = append(out, line)
	}
	for i, line := range whole(out) {
		lead := rest
		if i == 0 {
			lead = first
		}
		t.b.WriteString(trimBlanks(lead+line) + "\n")
	}
}

// styling is what turns a style or a link on or off: the sequences that this package writes, and no others.
var styling = regexp.MustCompile(`\x1b\[[0-9;]*m|\x1b\]8;[^\x07]*\x07`)

// whole makes each line end the styles and the link that are on at its end, and the next begin them again, for a pager
// shows lines by themselves, and what stands before them is no part of it.
func whole(lines []string) []string {
	style, link := "", ""
	for i, line := range lines {
		begin := style + link
		for _, seq := range styling.FindAllString(line, -1) {
			switch {
			case seq == sgrReset:
				style = ""
			case seq == ansi.ResetHyperlink():
				link = ""
			case strings.HasPrefix(seq, "\x1b["):
				style += seq
			default:
				link = seq
			}
		}
		end := ""
		if link != "" {
			end = ansi.ResetHyperlink()
		}
		if style != "" {
			end += sgrReset
		}
		lines[i] = begin + line + end
	}
	return lines
}

// trimBlanks takes away the blanks at the end of what is seen of a line.
func trimBlanks(line string) string {
	if !strings.Contains(line, "\x1b") {
		return strings.TrimRight(line, " ")
	}
	end := len(line)
	for end > 0 {
		at := styling.FindAllStringIndex(line[:end], -1)
		if n := len(at); n > 0 && at[n-1][1] == end {
			end = at[n-1][0]
			continue
		}
		trimmed := strings.TrimRight(line[:end], " ")
		if len(trimmed) == end {
			break
		}
		line = trimmed + line[end:]
		end = len(trimmed)
	}
	return line
}

func (t *terminal) rule() {
	t.b.WriteString(t.paint(sgrDim, strings.Repeat("─", t.width)) + "\n")
}

func (t *terminal) faults(ch chapter) {
	if len(ch.faults) == 0 {
		return
	}
	t.wrap("", "", t.paint(sgrYellow, count(len(ch.faults), "place", "places")+" in the source of "+ch.title+" could not be read well:"))
	for _, f := range ch.faults {
		t.para("  ", "    ", f, "")
	}
}
