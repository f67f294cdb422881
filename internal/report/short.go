package report

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Lines of a short message are no longer than this, in characters.
const (
	shortLine  = 220
	shortEntry = 160
)

// Short renders a digest as plain text of at most limit bytes, for services of which nothing is known: what was compared,
// a line for each thing to act on, how much else there is (or a line for each, where all of it fits), and the link to the
// whole digest. It is cut between entries,
// and says how many more there are. (ntfy takes 4,096 bytes, Telegram 4,096 characters, Pushover 1,024, Discord 2,000.)
//
// Nothing in it is read as markup, whatever service it is sent to: signs of mentions, tags, commands and formats are broken
// by zero-width spaces, or others that look like them stand in their place.
func Short(d Digest, opts ChatOptions, limit int) string {
	sh := shortDialect()
	chapters := chaptersOf(d.Upstreams, d.At)
	var lines, end []string
	for _, ch := range chapters {
		for _, f := range ch.failures {
			lines = append(lines, "Warning: "+cut(sh.inline(f[:1]), shortLine))
		}
	}
	for _, ch := range chapters {
		lines = append(lines, cut(sh.inline(ch.lead), shortLine))
	}
	var others []chatSection
	for _, s := range chatSections(d, chapters) {
		if !s.own {
			others = append(others, s)
			continue
		}
		lines = append(lines, shortSection(sh, s)...)
	}
	all := slices.Clone(lines)
	for _, s := range others {
		all = append(all, shortSection(sh, s)...)
	}
	if len(others) > 0 && len(strings.Join(all, "\n"))+len(opts.URL)+1 <= limit {
		lines, others = all, nil // there is room for everything
	}
	if len(others) > 0 {
		if also := sh.contents(others, min(limit/4, shortLine*2)); len(also) <= limit/3 {
			end = append(end, "Also: "+also+".")
		}
	}
	if l, ok := safeLink(opts.URL, false); ok && len(l.url) <= limit/2 {
		end = append(end, l.url)
	}
	if len(lines) == 0 {
		lines = []string{Title(d)}
	}
	for i := range lines {
		lines[i] = disarm(lines[i]) // it may be printed
	}
	return shortFit(lines, end, max(limit, 0))
}

// shortSection is a section's heading and its entries, a line each.
func shortSection(sh dialect, s chatSection) []string {
	lines := []string{sh.words(s.of+s.heading) + ":"}
	for _, e := range s.entries {
		lines = append(lines, shortEntryOf(sh, e))
	}
	return lines
}

// shortFit joins as many lines as fit, what is left of the others in numbers, and the end. Where there is room for little,
// the end goes first.
func shortFit(lines, end []string, limit int) string {
	for len(end) > 0 && len(lines[0])+len(strings.Join(end, "\n"))+shortMore > limit {
		end = end[1:]
	}
	room := limit
	for _, l := range end {
		room -= len(l) + 1
	}
	if len(strings.Join(lines, "\n")) > room {
		lines = shortCut(lines, room)
	}
	return strings.Join(append(lines[:len(lines):len(lines)], end...), "\n")
}

// shortMore is what the line that counts the others may take.
const shortMore = len("\n… and 1234567 more to act on.")

func shortCut(lines []string, room int) []string {
	if len(lines[0])+shortMore > room {
		return []string{cutBytes(lines[0], room)}
	}
	n, size := 0, shortMore
	for n < len(lines) && size+len(lines[n])+1 <= room {
		size += len(lines[n]) + 1
		n++
	}
	left := 0
	for _, l := range lines[n:] {
		if strings.HasPrefix(l, shortBullet) {
			left++
		}
	}
	for n > 1 && strings.HasSuffix(lines[n-1], ":") && !strings.HasPrefix(lines[n-1], shortBullet) {
		n-- // a heading without an entry
	}
	if left == 0 {
		return append(lines[:n:n], "…") // what was compared in other upstreams
	}
	return append(lines[:n:n], "… and "+strconv.Itoa(left)+" more to act on.")
}

// cutBytes is the beginning of s in at most n bytes, at the end of a character.
func cutBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

const shortBullet = "• "

// shortEntryOf is an entry on one line: its name, and what happened.
func shortEntryOf(sh dialect, e entry) string {
	what := e.change
	if len(what) == 0 {
		what = e.about
	}
	line := sh.inline(what)
	if e.id != "" {
		line = cut(sh.code(shownName(e.id)), shortEntry/2) + ": " + line
	}
	return shortBullet + cut(line, shortEntry)
}

// shortDialect writes words only.
func shortDialect() dialect {
	return dialect{
		bare: true, words: shortWords, code: func(s string) string { return shortWords(clean(s)) },
		strong: func(s string) string { return s },
		link:   func(label, _ string) string { return shortWords(clean(label)) },
	}
}

// shortSigns are signs of formats and what stands in their place.
var shortSigns = strings.NewReplacer("<", "‹", ">", "›", "*", "∗", "`", "'", "[", "(", "]", ")", "~", "∼", "|", "¦", `\`, "⧵")

// shortWords writes plain words without the signs of any format.
func shortWords(s string) string {
	return shortSigns.Replace(eachRune(s, func(b *strings.Builder, r rune, i int, at func(int) rune, rest []rune) {
		prev, next := at(i-1), at(i+1)
		switch {
		case r == '_' && (!isWord(prev) || !isWord(next)):
			r = '＿'
		case afterWWW(i, at), opensLine(r, i, at, rest):
			b.WriteString(zwsp)
		}
		b.WriteRune(r)
		if r == '#' || r == ':' && unicode.IsLetter(next) || r == '/' && prev == ' ' && order(rest) || r == '{' && next == '{' || r == '&' && (next == '#' || isWord(next)) || calls(r, i, at, rest) {
			b.WriteString(zwsp)
		}
	}))
}

// order reports whether rs begin as the rest of an order to a bot does, "/close", and not as a path.
func order(rs []rune) bool {
	for i, r := range rs {
		if !isWord(r) && r != '_' {
			return i > 0 && r != '/'
		}
	}
	return len(rs) > 0
}
