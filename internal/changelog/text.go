package changelog

import (
	"slices"
	"strconv"
	"strings"
)

// noteOf understands a finished item.
func noteOf(it *item) Note {
	raw := withoutComments(dedent(it.lines, it.width)) // no reader sees them
	n := Note{Line: it.line, Heading: it.place.path, Kinds: it.place.kinds, Urgent: it.place.urgent}
	found := references(raw)
	agree := true
	for i := range found {
		f := &found[i]
		own := f.prs
		if own == nil {
			own = f.bare
		}
		if n.PRs != nil && own != nil && !slices.Equal(n.PRs, own) {
			agree = false
		}
		n.PRs = union(n.PRs, own)
		n.Refs = union(n.Refs, f.refs)
		n.SIGs = union(n.SIGs, f.sigs)
		if f.author != "" && (n.Author == "" || own != nil) {
			n.Author = strings.Clone(f.author) // the last one's is the whole note's
		}
	}
	n.Refs = tickets(raw, n.PRs, n.Refs)
	n.ActionRequired = n.Urgent || actionRequired(raw)
	n.Text = strings.Clone(unquote(without(raw, found, agree)))
	return n
}

// dedent joins the lines. The first comes without its marker; from the others at most width columns are taken, and
// no more than all of them have, so that what is nested stays nested.
func dedent(lines []string, width int) string {
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	switch len(lines) {
	case 0:
		return ""
	case 1:
		return strings.TrimSpace(lines[0])
	}
	if width > 5 {
		width = 2 // code right behind the marker
	}
	least := width
	atMargin := false // in a block of code there, whose lines are not the note's to shift
	for _, l := range lines[1:] {
		columns, rest := indentOf(l)
		if _, ok := fence(rest); ok && columns == 0 {
			atMargin = !atMargin
		}
		if rest != "" && columns > 0 && !atMargin { // a line at the margin continues lazily
			least = min(least, columns)
		}
	}
	var b strings.Builder
	b.WriteString(strings.TrimSpace(lines[0]))
	for _, l := range lines[1:] {
		b.WriteByte('\n')
		columns, rest := indentOf(l)
		if _, ok := fence(rest); ok && columns == 0 {
			atMargin = !atMargin
		}
		if rest == "" {
			continue
		}
		if !atMargin {
			columns -= least
		}
		for range min(columns, maxIndent) {
			b.WriteByte(' ')
		}
		b.WriteString(rest)
	}
	return strings.TrimSpace(b.String())
}

// maxIndent bounds what an indentation may cost: tabs grow fourfold.
const maxIndent = 40

// without takes the references out of the text. Where lines have different ones only tags without pull requests go.
func without(raw string, found []reference, agree bool) string {
	if len(found) > 0 {
		var b strings.Builder
		at := 0
		for _, f := range found {
			if f.start < at || !agree && len(f.prs)+len(f.bare) > 0 {
				continue
			}
			b.WriteString(strings.TrimSuffix(raw[at:f.start], " ("))
			at = f.end
		}
		b.WriteString(raw[at:])
		raw = b.String()
	}
	return tidy(raw)
}

func withoutComments(s string) string {
	if !strings.Contains(s, "<!--") {
		return s
	}
	var b strings.Builder
	for {
		before, rest, _ := strings.Cut(s, "<!--")
		_, after, closed := strings.Cut(rest, "-->")
		if !closed {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(before)
		s = after
	}
}

// tidy takes off the blanks that are left at the ends of lines, and more than one empty line.
func tidy(s string) string {
	s = strings.TrimSpace(s)
	if !strings.Contains(s, "\n") {
		return s
	}
	lines := strings.Split(s, "\n")
	out := lines[:0]
	for i, l := range lines {
		l = strings.TrimRight(l, " \t")
		if l == "" && i > 0 && out[len(out)-1] == "" {
			continue
		}
		out = append(out, l)
	}
	return strings.Join(out, "\n")
}

// unquote takes off the quotes that are left of a YAML string.
func unquote(s string) string {
	if len(s) < 2 || s[0] != s[len(s)-1] {
		return s
	}
	inner := s[1 : len(s)-1]
	switch s[0] {
	case '\'':
		if !quotesIn(strings.ReplaceAll(inner, "''", "")) {
			return strings.TrimSpace(strings.ReplaceAll(inner, "''", "'"))
		}
	case '"':
		if !strings.Contains(strings.ReplaceAll(inner, `\"`, ""), `"`) {
			return strings.TrimSpace(strings.ReplaceAll(inner, `\"`, `"`))
		}
	}
	return s
}

// quotesIn reports whether there is a single quote that is no apostrophe inside a word.
func quotesIn(s string) bool {
	for i := range len(s) {
		if s[i] == '\'' && (i == 0 || i == len(s)-1 || !isWord(s[i-1]) || !isWord(s[i+1])) {
			return true
		}
	}
	return false
}

// isTemplate recognises what is left of a pull request's form when its author wrote no note.
func isTemplate(text string) bool {
	return strings.HasPrefix(strings.TrimLeft(text, "#* "), "Additional documentation e.g., KEPs") && !strings.Contains(strings.TrimRight(text, "*: \n"), "\n")
}

// leadsElsewhere recognises what Kueue writes above what to do before an upgrade: that one should read the notes of other
// releases too.
func leadsElsewhere(text string) bool {
	return strings.HasPrefix(text, "**Minor releases:** ") || strings.HasPrefix(text, "**Patch releases:** ")
}

// anchorsOnly reports whether a bullet is an entry of a table of contents.
func anchorsOnly(line string) bool {
	if !strings.HasPrefix(line, "[") {
		return false
	}
	_, url, end, ok := linkAt(line, 0)
	return ok && end == len(line) && strings.HasPrefix(url, "#")
}

// actionRequired finds the marker: "ACTION REQUIRED:", "[action required]", "**Action Required:**", wherever it
// stands. "No action required" is none.
func actionRequired(text string) bool {
	const marker = "action required"
	for from := 0; ; {
		i := indexFold(text[from:], marker)
		if i < 0 {
			return false
		}
		at := from + i
		from = at + len(marker)
		before := strings.TrimRight(text[:at], " *_[(\n\t")
		if denied(before) {
			continue
		}
		after := strings.TrimLeft(text[from:], " *_")
		whole := text[at:from] == "ACTION REQUIRED"
		ends := after == "" || strings.IndexByte(":]).-!", after[0]) >= 0 || strings.HasPrefix(after, "–")
		begins := before == "" || strings.IndexByte(".:-*+", before[len(before)-1]) >= 0 || strings.HasSuffix(strings.TrimRight(text[:at], " *_[("), "\n")
		if whole || ends || begins {
			return true
		}
	}
}

// denied reports whether one of the last words says no.
func denied(before string) bool {
	before = before[max(0, len(before)-40):]
	if i := strings.LastIndexAny(before, ".\n"); i >= 0 {
		before = before[i+1:]
	}
	words := strings.Fields(strings.ToLower(before))
	for _, w := range words[max(0, len(words)-3):] {
		if w == "no" || w == "not" || w == "without" {
			return true
		}
	}
	return false
}

// indexFold is strings.Index for a lower-case ASCII word, in any case.
func indexFold(s, lower string) int {
	for i := 0; i+len(lower) <= len(s); i++ {
		if s[i]|0x20 == lower[0] && strings.EqualFold(s[i:i+len(lower)], lower) {
			return i
		}
	}
	return -1
}

// CVEs are the ids of vulnerabilities in a text, in its order, in capitals.
func CVEs(text string) []string {
	var found []string
	for from := 0; from < len(text); {
		i := strings.IndexByte(text[from:], '-')
		if i < 0 {
			break
		}
		at := from + i
		from = at + 1
		if at < 3 || !strings.EqualFold(text[at-3:at], "CVE") || at > 3 && (isLetter(text[at-4]) || isDigit(text[at-4])) {
			continue
		}
		year, end := numberAt(text, at+1)
		if end != at+5 || year < 1999 || end >= len(text) || text[end] != '-' {
			continue
		}
		stop := end + 1
		for stop < len(text) && isDigit(text[stop]) {
			stop++
		}
		if digits := stop - end - 1; digits < 4 || digits > 10 {
			continue
		}
		found = union(found, []string{"CVE-" + strconv.Itoa(year) + text[end:stop]})
		from = stop
	}
	return found
}
