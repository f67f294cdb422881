package report

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// ChatOptions are what a chat message should say beside the digest. The zero value is fine.
type ChatOptions struct {
	// URL is where the whole digest stands, such as its issue; "" where nobody knows.
	URL string
}

// dialect is how a chat service writes what a phrase holds. Each of its functions takes text as it came from wherever,
// and what it gives is read by the service as nothing else: no mention, no link, no format but the one that is meant.
type dialect struct {
	service string                         // as a sentence calls it
	words   func(string) string            // plain words
	code    func(string) string            // a name as a user types it
	strong  func(written string) string    // around what the others have written
	link    func(label, url string) string // the address is a safeLink
	bullet  string                         // before an entry
	indent  string                         // before its further lines
	most    int                            // bytes that one entry may take
	proofs  int                            // links under an entry that asks for nothing; 0: all
	bare    bool                           // code has no sign of its own, so that it joins what stands beside it
}

// chatSection is a section as the messages tell it.
type chatSection struct {
	section
	of   string // the upstream, where there are several: "cert-manager: "
	tone tone
	told bool // some of its entries stand in a message before
}

// tone is how urgent a section is, for services that show it as a colour.
type tone int

const (
	toneKnow tone = iota
	toneAct
	toneBot // about the bot itself, or told before
)

func chaptersOf(upstreams []Upstream, now time.Time) []chapter {
	var out []chapter
	for _, u := range upstreams {
		out = append(out, chapterOf(u, now))
	}
	return out
}

// chatSections are all sections in the order of a message: first what asks for action, of every upstream.
func chatSections(d Digest, chapters []chapter) []chatSection {
	var out []chatSection
	for _, s := range alertsOf(d) {
		out = append(out, chatSection{section: s, tone: toneBot})
	}
	for _, own := range []bool{true, false} {
		for _, ch := range chapters {
			for _, s := range ch.sections {
				if own != s.own {
					continue
				}
				c := chatSection{section: s}
				if own {
					c.tone = toneAct
				}
				if len(chapters) > 1 {
					c.of = ch.title + ": "
				}
				out = append(out, c)
			}
		}
	}
	return out
}

// name is what a list of sections calls it.
func (s chatSection) name() string {
	short, _, _ := strings.Cut(s.heading, ":")
	return s.of + short
}

// chatBlock is a run of entries of one section.
type chatBlock struct {
	head    string // the heading, and in a second line what is said above the entries; "" where the run before goes on
	entries []string
	tone    tone
}

func (b chatBlock) text() string {
	if b.head == "" {
		return strings.Join(b.entries, "\n")
	}
	return b.head + "\n" + strings.Join(b.entries, "\n")
}

// chatPacker fills blocks with entries until a message is full.
type chatPacker struct {
	dialect
	left   int              // what entries may still take, as cost counts it
	cost   func(string) int // of lines; nil counts bytes
	block  int              // bytes that a block may take; 0: any
	free   int              // blocks that there may still be
	blocks []chatBlock
	full   bool
	out    []leftOut // in reading order
}

// leftOut are entries that did not fit.
type leftOut struct {
	section chatSection // with what is left of it
	gates   int
}

// entries lays out a section's entries, or as many as fit. Once one did not fit none follows, so that what is told is
// the beginning of the digest.
func (p *chatPacker) entries(sec chatSection) {
	cost := p.cost
	if cost == nil {
		cost = func(s string) int { return len(s) }
	}
	cur := chatBlock{tone: sec.tone}
	size := 0
	for i, e := range sec.entries {
		if p.full {
			p.leave(sec, i)
			break
		}
		line := "\n" + p.entry(e, sec.section)
		head := ""
		if cur.head == "" && len(cur.entries) == 0 {
			head = p.heading(sec)
			line = head + line
		}
		again := len(cur.entries) > 0 && p.block > 0 && size+len(line) > p.block
		if again {
			p.add(cur)
			cur, size = chatBlock{tone: sec.tone}, 0
			line = strings.TrimPrefix(line, "\n")
		}
		if p.full = cost(line) > p.left || p.free < 1; p.full {
			p.leave(sec, i)
			break
		}
		p.left -= cost(line)
		size += len(line)
		if head != "" {
			cur.head = head
		}
		cur.entries = append(cur.entries, strings.TrimPrefix(line[len(head):], "\n"))
	}
	p.add(cur)
}

func (p *chatPacker) add(b chatBlock) {
	if len(b.entries) > 0 {
		p.blocks = append(p.blocks, b)
		p.free--
	}
}

// leave notes that the entries of a section from the i-th on do not fit.
func (p *chatPacker) leave(sec chatSection, i int) {
	sec.told = sec.told || i > 0
	sec.entries = sec.entries[i:]
	p.out = append(p.out, leftOut{section: sec, gates: sec.size()})
}

// heading is a section's heading with the number of its entries, and below it what is said above them.
func (d dialect) heading(sec chatSection) string {
	text := sec.of + sec.heading
	if sec.told {
		return d.strong(d.words(text)) + " (" + strconv.Itoa(sec.size()) + " more)"
	}
	head := d.strong(d.words(text)) + " (" + strconv.Itoa(sec.size()) + ")"
	if len(sec.intro) > 0 {
		head += "\n" + d.inline(sec.intro)
	}
	return head
}

// omitted says what is left out, and where it stands.
func (p *chatPacker) omitted(more string, room int) string {
	total := 0
	for _, o := range p.out {
		total += o.gates
	}
	switch {
	case total == 0:
		return strings.TrimSpace(more)
	case more == "":
		more = " Other formats and the pages of bot serve tell all of it."
	}
	text := p.strong(p.words(count(total, "entry is", "entries are")+" left out here")) + ", for " + p.service + " takes no more"
	if list := " (" + p.names(p.out) + ")"; len(text)+len(list) < room-70 {
		text += list
	}
	return text + "." + more
}

// names lists sections with their number of entries: "Removed 2, Now stable 4".
func (d dialect) names(list []leftOut) string {
	var parts []string
	for _, o := range list {
		parts = append(parts, d.words(o.section.name())+" "+strconv.Itoa(o.gates))
	}
	return strings.Join(parts, ", ")
}

// contents lists what sections hold in at most room bytes: "Kubernetes: Removed 2 · Now stable 4; cert-manager: …".
func (d dialect) contents(list []chatSection, room int) string {
	const last = 25 // " and 1234567 more"
	text, of, left := "", "", 0
	for _, s := range list {
		name, _, _ := strings.Cut(s.heading, ":")
		item := d.words(name) + " " + strconv.Itoa(s.size())
		if s.told {
			item += " more"
		}
		switch {
		case s.of != of && text != "":
			item = "; " + d.words(s.of) + item
		case s.of != of:
			item = d.words(s.of) + item
		case text != "":
			item = " · " + item
		}
		if left > 0 || len(text)+len(item) > room-last {
			left += s.size()
			continue
		}
		text, of = text+item, s.of
	}
	if left > 0 {
		text += " and " + strconv.Itoa(left) + " more"
	}
	return strings.TrimSpace(text)
}

// topOf says what could not be read and what was compared, a line each.
func topOf(chapters []chapter) []phrase {
	var lines []phrase
	for _, ch := range chapters {
		for _, f := range ch.failures {
			lines = append(lines, say(bold("Warning."), " ", f))
		}
	}
	for _, ch := range chapters {
		lines = append(lines, ch.lead)
	}
	return lines
}

// top is topOf in at most room bytes. Where it takes more, what failed is named without the reason.
func (d dialect) top(chapters []chapter, room int) string {
	write := func() (lines []string) {
		for _, l := range topOf(chapters) {
			lines = append(lines, d.inline(l))
		}
		return lines
	}
	lines := write()
	if len(strings.Join(lines, "\n")) > room-fitLast {
		chapters = slices.Clone(chapters)
		for i := range chapters {
			chapters[i].failures = slices.Clone(chapters[i].failures)
			for j, f := range chapters[i].failures {
				chapters[i].failures[j] = f[:1]
			}
		}
		lines = write()
	}
	return fitLines(lines, room)
}

// foot is the digest's foot and what it has to say of itself, a line each.
func (d dialect) foot(dig Digest, chapters []chapter) []string {
	var lines []string
	for _, f := range endOf(dig) {
		lines = append(lines, d.inline(f))
	}
	for _, ch := range chapters {
		if n := len(ch.faults); n > 0 {
			lines = append(lines, count(n, "place", "places")+" in the source of "+d.words(ch.title)+" could not be read well.")
		}
		for _, f := range ch.foot {
			lines = append(lines, d.inline(f))
		}
	}
	return lines
}

// entry is one entry, name and meaning first.
func (d dialect) entry(e entry, sec section) string {
	next := func() string { return d.strong(d.words("Next:")) + " " + d.inline(e.next.one) }
	if e.id == "" {
		text := d.bullet + d.inline(e.change)
		if len(text) > d.most {
			return d.bullet + "One more, too long to be told here."
		}
		if len(e.next.one) > 0 {
			if n := d.indent + next(); len(text)+len(n) <= d.most {
				text += n
			}
		}
		return text
	}
	head := d.bullet + d.strong(d.code(shownName(e.id)))
	if e.also != "" {
		head += " (as registered in " + d.code(shownName(e.also)) + ")"
	}
	lines := []string{head + ": " + d.inline(e.about)}
	if sec.brief {
		lines[0] = strings.TrimSpace(lines[0] + " " + d.inline(e.change))
	} else {
		lines = append(lines, d.inline(e.change), d.inline(e.why))
		if !e.hoist && len(e.next.one) > 0 {
			lines = append(lines, next())
		}
	}
	links := 0
	if !sec.own {
		links = d.proofs
	}
	proof := d.proof(e.proof, links)
	lines = append(lines, proof)
	lines = slices.DeleteFunc(lines, func(l string) bool { return l == "" })
	text := strings.Join(lines, d.indent)
	if len(text) <= d.most {
		return text
	}
	text = head + ": too long to be told here."
	if proof != "" && len(text)+len(proof) < d.most {
		text += d.indent + proof
	}
	return text
}

// proof are at most so many links; 0: all.
func (d dialect) proof(spans []span, most int) string {
	var out []string
	for _, s := range spans {
		if most > 0 && len(out) == most {
			break
		}
		if l := d.inline(phrase{s}); len(l) < 800 {
			out = append(out, l)
		}
	}
	return strings.Join(out, " · ")
}

// chatQuote is how many runes of upstream's prose stand in a message: the rest is a click away.
const chatQuote = 300

// inline writes a phrase on one line.
func (d dialect) inline(p phrase) string {
	var b strings.Builder
	named := false // the piece before was a name, and nothing shows where it ends
	put := func(text string, name bool) {
		if d.bare && (name || named) && seam(b.String(), text) {
			b.WriteString(zwsp)
		}
		b.WriteString(text)
		named = name
	}
	for _, s := range p {
		switch s.kind {
		case coded:
			put(d.code(s.text), true)
		case quoted:
			for _, p := range readInline(s.text, chatQuote) {
				switch p.kind {
				case code:
					put(d.code(p.text), true)
				case anchor:
					d.quotedLink(put, p)
				default:
					put(d.words(p.text), false)
				}
			}
		case strong:
			put(d.strong(d.words(s.text)), false)
		case linked:
			if l, ok := safeLink(s.url, false); ok {
				put(d.link(s.text, l.url), true)
			} else {
				put(d.code(s.text), true)
			}
		default:
			put(d.words(s.text), false)
		}
	}
	return strings.TrimSpace(b.String())
}

// quotedLink writes a link of upstream's prose. Where its words name another place than it leads to they stand beside it,
// and it is called what it is.
func (d dialect) quotedLink(put func(text string, name bool), p piece) {
	if honest(p.text, p.url) {
		put(d.link(p.text, p.url), true)
		return
	}
	put(d.words(p.text), false)
	put(" ("+d.link(hostOf(p.url), p.url)+")", false)
}

// seam reports whether two pieces might be read as one thing where they meet: "https:" and "//a.bc", "@" and "octocat".
func seam(before, after string) bool {
	last, _ := utf8.DecodeLastRuneInString(before)
	first, _ := utf8.DecodeRuneInString(after)
	switch {
	case before == "", after == "", last == ' ', last == '(', strings.ContainsRune(" ,;", first):
		return false
	case strings.HasPrefix(after, ": "):
		return strings.Contains(before[strings.LastIndexByte(before, ' ')+1:], ":") // ":tada" and ":"
	case first == '.', first == ')':
		return isDigit(last) || last == 'w' || last == 'W'
	}
	return true
}

// whole links to where the whole digest stands, as a sentence with a blank before it; "" where nobody knows.
func (d dialect) whole(url string) string {
	if l, ok := safeLink(url, false); ok {
		return " " + d.link("The whole digest", l.url) + "."
	}
	return ""
}

// fitLast is what "… and 12345 more." may take.
const fitLast = 30

// fitLines joins as many lines as fit into room bytes, and says how many more there are.
func fitLines(lines []string, room int) string {
	var b strings.Builder
	for i, l := range lines {
		if b.Len()+len(l)+1 > room-fitLast {
			return strings.TrimSpace(b.String() + "… and " + strconv.Itoa(len(lines)-i) + " more.")
		}
		b.WriteString(l + "\n")
	}
	return strings.TrimSpace(b.String())
}

// eachRune writes s on one line, with what write makes of each rune. It looks around itself with at, which is a
// blank beyond the ends.
func eachRune(s string, write func(b *strings.Builder, r rune, i int, at func(int) rune, rest []rune)) string {
	var b strings.Builder
	runes := []rune(foldBlanks(strip(s, false)))
	at := func(i int) rune {
		if i < 0 || i >= len(runes) {
			return ' '
		}
		return runes[i]
	}
	for i, r := range runes {
		write(&b, r, i, at, runes[i+1:])
	}
	return b.String()
}

// calls reports whether a sign begins what any chat may take for its own: a mention, a channel or hashtag, an address, an
// emoji's name. A zero-width space behind the sign keeps it from that.
func calls(r rune, i int, at func(int) rune, rest []rune) bool {
	next := at(i + 1)
	return r == '@' && next != ' ' ||
		r == '#' && isWord(next) ||
		r == ':' && (next == '/' && at(i+2) == '/' || shortcode(rest))
}

// opensLine reports whether a sign at the beginning of a line makes a heading of it, a quote, a list or a rule: there
// upstream's words may stand.
func opensLine(r rune, i int, at func(int) rune, rest []rune) bool {
	switch r {
	case '#', '>', '-', '+':
	case '.', ')':
		return at(i+1) == ' ' && numbers(i, at)
	default:
		return false
	}
	if !starts(i, at) {
		return false
	}
	other := strings.TrimLeft(string(rest), string(r))
	return r == '>' || other == "" || other[0] == ' ' && (r == '#' || at(i+1) == ' ') || r == '-' && at(i+1) == '#' || r == '-' && strings.Trim(other, "- ") == ""
}

// starts reports whether only blanks stand before the i-th rune.
func starts(i int, at func(int) rune) bool {
	for i--; i >= 0; i-- {
		if at(i) != ' ' {
			return false
		}
	}
	return true
}

// numbers reports whether a number, and only that, stands before the i-th rune: "1." begins a list.
func numbers(i int, at func(int) rune) bool {
	first := i
	for first > 0 && isDigit(at(first-1)) {
		first--
	}
	return first < i && starts(first, at)
}

// afterWWW reports whether the i-th rune is the dot of "www.", which some take for the beginning of an address.
func afterWWW(i int, at func(int) rune) bool {
	return at(i) == '.' && strings.EqualFold(string([]rune{at(i - 3), at(i - 2), at(i - 1)}), "www")
}
