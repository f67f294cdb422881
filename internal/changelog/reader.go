package changelog

import (
	"slices"
	"strconv"
	"strings"
)

// reader goes over the lines once. A note is collected line by line and understood when it ends.
type reader struct {
	src   string
	top   int // the level of the headings that open sections
	pos   int // of the next line
	line  int // number of the current line, from 1
	file  File
	sec   int // index of the current section and one more; 0: none yet
	at    place
	known map[string]int // the sections by version
	seen  map[string]int // the notes of all sections, with their pull request and words: their index there

	contents bool // between the marks of a table of contents
	item     *item
	buffer   item
	blank    bool // the line above is blank
	prose    bool // the line above is text outside of any item

	fence   fenced
	noClose [3]int // up to where nothing closes a block of backticks, of tildes, a comment
	comment bool
}

// item is a bullet under construction.
type item struct {
	line   int
	indent int
	width  int // of marker and blanks
	marker byte
	lines  []string // the first without its marker
	// tail is what followed at the margin after a blank line. It belongs to the item only where the reference comes
	// at last: "…, for example:", a block of code, and then the parenthesis by itself.
	tail   []string
	prosed bool // tail holds more than blank lines
	pulls  bool // a line refers to a pull request
	place  place
	toc    bool
}

// endsAt reports whether a bullet of that indentation is no part of the item. The other lines of a note are indented by
// two also where its own bullet is by one.
func (it *item) endsAt(indent int) bool {
	return indent <= 1 || it.indent >= 2 && indent <= it.indent+1
}

// fenced is a block of code that is being read.
type fenced struct {
	char   byte // 0: none
	inItem bool // it is indented into the item, and ends with it
}

func (r *reader) read() {
	for r.pos < len(r.src) {
		line := r.src[r.pos:]
		if end := strings.IndexByte(line, '\n'); end >= 0 {
			line = line[:end]
		}
		r.pos += len(line) + 1
		r.line++
		r.one(strings.TrimRight(line, " \t"))
	}
	r.end()
}

// one takes the next line.
func (r *reader) one(line string) {
	if v, ok := opensSection(line, r.top); ok { // whatever stands open, this is never inside
		r.end()
		r.open(v)
		return
	}
	if r.comment {
		r.comment = !strings.Contains(line, "-->")
		r.add(line)
		return
	}
	if r.fence.char != 0 && !r.leavesFence(line) {
		if closesFence(line, r.fence.char) {
			r.fence = fenced{}
		}
		r.add(line)
		return
	}
	if line == "" {
		r.blank, r.prose = true, false
		if r.item != nil {
			r.item.tail = append(r.item.tail, "")
		}
		return
	}
	indent, rest := indentOf(line)
	margin := indent <= 1 || r.item == nil && indent <= 3
	switch {
	case margin && rest[0] == '#' && r.heading(rest):
	case strings.HasPrefix(rest, "<!--"):
		r.commentAt(rest, line)
	case r.bullet(indent, rest, line):
	default:
		r.text(indent, rest, line)
	}
	r.blank = false
}

// heading takes a heading. First-level ones right below text are text: somebody numbered a list with hashes.
func (r *reader) heading(rest string) bool {
	level, title := heading(rest)
	if level == 0 || level == 1 && !r.blank && (r.prose || r.item != nil) {
		return false
	}
	r.end()
	if r.sec == 0 {
		return true
	}
	r.at = r.at.below(max(level, 2), title) // some eras have all their headings one level higher
	if ids := CVEs(title); len(ids) > 0 {
		r.advise(ids, title)
	}
	return true
}

func (r *reader) advise(ids []string, title string) {
	for _, id := range ids {
		title = strings.ReplaceAll(title, id, "")
	}
	s := &r.file.Sections[r.sec-1]
	s.Advisories = append(s.Advisories, Advisory{CVEs: ids, Title: short(strings.Trim(strings.ReplaceAll(title, "()", ""), " :,;-–—*#"), maxTitle), Line: r.line})
}

// adviseText finds an advisory that has no heading: under security information, text that begins with the id.
func (r *reader) adviseText(text string) {
	if r.sec == 0 || r.at.skip != ReasonAdvisory || r.at.cve {
		return
	}
	text = strings.TrimLeft(text, "*[ ")
	if strings.HasPrefix(text, "CVE-") {
		if ids := CVEs(text); len(ids) > 0 {
			r.advise(ids, plainTitle(text))
		}
	}
}

// commentAt takes a line that begins with an HTML comment.
func (r *reader) commentAt(rest, line string) {
	switch {
	case strings.Contains(rest, "BEGIN MUNGE"):
		r.end()
		r.contents = true
	case strings.Contains(rest, "END MUNGE"):
		r.end()
		r.contents = false
	case strings.Contains(rest, "-->"):
		r.add(line)
	default:
		r.comment = r.commentCloses()
		r.add(line)
	}
}

// commentCloses reports whether the comment ends before the next section; else its beginning is text.
func (r *reader) commentCloses() bool {
	known := &r.noClose[2]
	if r.pos < *known || r.pos > len(r.src) {
		return false
	}
	end := strings.Index(r.src[r.pos:], "-->")
	if end < 0 {
		*known = len(r.src) + 1
		return false
	}
	at := r.pos
	for l := range strings.SplitSeq(r.src[r.pos:r.pos+end], "\n") {
		at += len(l) + 1
		if _, ok := opensSection(l, r.top); ok {
			*known = at
			return false
		}
	}
	return true
}

// bullet takes a list item, and reports whether the line is one.
func (r *reader) bullet(indent int, rest, line string) bool {
	marker, text, width, ok := bullet(rest)
	if !ok {
		return false
	}
	it := r.item
	switch {
	case it == nil && indent > 3: // code, as anything that deep
		return false
	case it != nil && !it.endsAt(indent) && (!it.prosed || indent > 3): // nested
		r.add(line)
		r.openFence(text, true)
		return true
	case it != nil && !r.blank && marker != it.marker && !it.toc && !it.pulls:
		// "- Renamed these metrics:", then the metrics at the margin with asterisks, then the reference.
		r.add(line)
		r.skip(r.line, text, ReasonInner)
		return true
	}
	r.end()
	r.buffer = item{line: r.line, indent: indent, width: width, marker: marker, place: r.at, toc: r.contents, pulls: refers(text),
		lines: append(r.buffer.lines[:0], text), tail: r.buffer.tail[:0]}
	r.item = &r.buffer
	r.adviseText(text)
	r.openFence(text, true)
	return true
}

// text takes a line that is neither heading nor bullet.
func (r *reader) text(indent int, rest, line string) {
	it := r.item
	inItem := it != nil && (indent >= 2 || !r.blank)
	if _, ok := fence(rest); ok && (indent <= 3 || it != nil) {
		if r.openFence(rest, it != nil && indent >= 2) {
			if it != nil && !it.prosed {
				r.addTail()
			}
			r.add(line)
			return
		}
	}
	if it == nil {
		r.prose = true
		r.adviseText(rest)
		return
	}
	if !inItem && !it.prosed {
		if !it.pulls && onlyReference(rest) {
			r.addTail()
		} else {
			it.prosed = true
			r.adviseText(rest)
		}
	} else if !inItem && it.prosed && !it.pulls && onlyReference(rest) {
		it.prosed = false
		r.addTail()
	}
	r.add(line)
}

// add appends a line to the item, or to what may belong to it.
func (r *reader) add(line string) {
	it := r.item
	switch {
	case it == nil:
	case it.prosed:
		it.tail = append(it.tail, line)
	default:
		r.addTail()
		it.lines = append(it.lines, line)
		it.pulls = it.pulls || refers(line)
	}
}

// addTail takes what waited into the item.
func (r *reader) addTail() {
	it := r.item
	for _, line := range it.tail {
		it.pulls = it.pulls || refers(line)
	}
	it.lines = append(it.lines, it.tail...)
	it.tail = it.tail[:0]
}

// openFence begins a block of code where rest begins one. At the margin that counts only if it is closed before
// the next section: an odd fence must not swallow a release.
func (r *reader) openFence(rest string, inItem bool) bool {
	char, ok := fence(rest)
	if !ok || !inItem && !r.fenceCloses(char) {
		return false
	}
	r.fence = fenced{char, inItem}
	return true
}

func (r *reader) fenceCloses(char byte) bool {
	known := &r.noClose[0]
	if char == '~' {
		known = &r.noClose[1]
	}
	if r.pos < *known || r.pos > len(r.src) {
		return false
	}
	at := r.pos
	for l := range strings.SplitSeq(r.src[r.pos:], "\n") {
		if closesFence(l, char) {
			return true
		}
		at += len(l) + 1
		if _, ok := opensSection(l, r.top); ok {
			break
		}
	}
	*known = at
	return false
}

// leavesFence reports whether a block of code that is indented into an item ends because the item does.
func (r *reader) leavesFence(line string) bool {
	if !r.fence.inItem || line == "" || closesFence(line, r.fence.char) {
		return false
	}
	indent, rest := indentOf(line)
	if r.item == nil || !r.item.endsAt(indent) {
		return false
	}
	_, _, _, isBullet := bullet(rest)
	level, _ := heading(rest)
	if isBullet || level > 1 {
		r.fence = fenced{}
		return true
	}
	return false
}

// open begins a section, or goes on with one that the file has already.
func (r *reader) open(version string) {
	r.at, r.contents, r.comment, r.fence = place{}, false, false, fenced{}
	r.blank, r.prose = false, false
	if i, ok := r.known[version]; ok {
		r.sec = i
		return
	}
	r.file.Sections = append(r.file.Sections, Section{Version: strings.Clone(version), Line: r.line})
	r.sec = len(r.file.Sections)
	if r.known == nil {
		r.known = map[string]int{}
	}
	r.known[strings.Clone(version)] = r.sec
}

// end finishes the item.
func (r *reader) end() {
	it := r.item
	r.item, r.prose = nil, false
	if it == nil {
		return
	}
	if it.toc || anchorsOnly(it.lines[0]) {
		r.skip(it.line, it.lines[0], ReasonContents)
		return
	}
	if r.sec == 0 {
		r.skip(it.line, it.lines[0], ReasonContents)
		return
	}
	n := noteOf(it)
	switch why := it.place.skip; {
	case strings.Trim(n.Text, "-*+ \n") == "" && len(n.PRs) == 0 && len(n.Refs) == 0:
		r.skip(it.line, it.lines[0], ReasonEmpty)
	case isTemplate(n.Text):
		r.skip(it.line, it.lines[0], ReasonTemplate)
	case len(n.PRs) == 0 && leadsElsewhere(n.Text):
		r.skip(it.line, it.lines[0], ReasonReleases)
	case why != "" && (len(n.PRs) == 0 || why != ReasonDependency && why != ReasonDownloads): // 1.6 has notes on container images
		r.skip(it.line, it.lines[0], why)
	default:
		r.keep(n)
	}
}

func (r *reader) skip(line int, text, reason string) {
	s := Skip{Line: line, Text: short(text, maxSkipText), Reason: reason}
	if r.sec == 0 {
		r.file.Skipped = append(r.file.Skipped, s)
		return
	}
	sec := &r.file.Sections[r.sec-1]
	sec.Skipped = append(sec.Skipped, s)
}

// keep adds a note to its section, or what it knows more to its like.
func (r *reader) keep(n Note) {
	sec := &r.file.Sections[r.sec-1]
	if len(n.PRs) > 0 {
		key := strconv.Itoa(r.sec) + " " + strconv.Itoa(n.PRs[0]) + " " + n.Text
		if r.seen == nil {
			r.seen = map[string]int{}
		}
		if i, ok := r.seen[key]; ok && slices.Equal(sec.Notes[i].PRs, n.PRs) {
			sec.Duplicates = append(sec.Duplicates, Skip{Line: n.Line, Text: short(n.Text, maxSkipText), Reason: ReasonDuplicate})
			old := &sec.Notes[i]
			old.Kinds = union(old.Kinds, n.Kinds)
			old.SIGs = union(old.SIGs, n.SIGs)
			old.Refs = union(old.Refs, n.Refs)
			old.Urgent = old.Urgent || n.Urgent
			old.ActionRequired = old.ActionRequired || n.ActionRequired
			return
		}
		r.seen[key] = len(sec.Notes)
	}
	sec.Notes = append(sec.Notes, n)
}

// union appends what is missing. It never writes into a's array, which may be shared.
func union[T comparable](a, b []T) []T {
	for _, v := range b {
		if !slices.Contains(a, v) {
			a = append(slices.Clip(a), v)
		}
	}
	return a
}

// How many bytes of a text are enough to recognise it.
const (
	maxSkipText = 80
	maxTitle    = 200
)

// short gives the beginning of a text's first line, cut between letters.
func short(s string, limit int) string {
	s, _, _ = strings.Cut(s, "\n")
	s = strings.TrimSpace(s)
	if len(s) <= limit {
		return strings.Clone(s)
	}
	for limit > 0 && s[limit]&0xC0 == 0x80 {
		limit--
	}
	return s[:limit] + "…"
}
