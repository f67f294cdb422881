package usage

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// document is one parsed YAML document and the text it was parsed from.
type document struct {
	t       text
	root    *yaml.Node
	starts  []int // where its lines begin, as YAML counts them
	letters []int // how many letters begin before each block; none where each is one byte
}

// maxUnmentioned is up to where a document that names no gates is parsed all the same, to tell whether it is sound.
const maxUnmentioned = 1 << 20

// documents reads a stream of YAML or JSON documents, each for itself.
func (r *reader) documents(name string, t text, c context) {
	byName := r.layers == 0
	parts := splitDocuments(t)
	for i, part := range parts {
		if r.full {
			return
		}
		if i == maxDocuments {
			r.problem(part.line(0), fmt.Sprintf("holds more than %d documents; from here on it was not read: split the file", maxDocuments))
			return
		}
		wanted := mentions(part.s)
		if !wanted && len(part.s) > maxUnmentioned || nothingButDirectives(part.s) {
			continue
		}
		if nodes := nodeMarks(part.s); nodes > maxNodes {
			if wanted {
				r.problem(part.line(0), fmt.Sprintf("begins a document of more than %d entries, which was read as plain text only: split it", maxNodes))
				r.plain(part, c)
			}
			continue
		}
		d, line, err := parse(part)
		if err != nil {
			template := strings.Contains(part.s, "{{") || strings.Contains(part.s, "{%")
			if !template && (byName || formOf(name, "", true) == formYAML) {
				r.problem(line, "is no valid YAML here: "+err.Error()+"; mend it, till then this document is read as plain text")
			}
			if wanted {
				c := c
				c.told = template
				r.unparsed(part, c)
			}
			continue
		}
		if !wanted && !packed(part.s) {
			continue
		}
		w := &walker{reader: r, d: d, name: name, seen: map[visit]bool{}}
		if len(d.root.Content) > 0 && d.root.Content[0].Kind == yaml.ScalarNode {
			// A line of prose or of shell is a YAML string too.
			r.plain(part, c)
			continue
		}
		if strings.HasPrefix(part.s, "#cloud-config") && c.format == "" {
			c.format = "cloud-init"
		}
		if strings.Contains(part.s, "*") {
			w.tame(d.root)
		}
		before := len(r.settings)
		w.value(d.root, w.listed(c), 0)
		if strings.Contains(part.s, "&") {
			r.claimed(before)
		}
	}
}

// packed reports whether a document may hold base64, which names no gates that one sees.
func packed(s string) bool {
	return strings.Contains(s, "64") || strings.Contains(s, "Secret") || strings.Contains(s, "binaryData")
}

// unparsed reads what looks like YAML and is not: a script in somebody's field, else plain text.
func (r *reader) unparsed(t text, c context) {
	if r.layers > 0 && !c.told {
		before, problems := len(r.settings), len(r.problems)
		if r.lines(t, c); len(r.settings) > before || len(r.problems) > problems {
			return
		}
	}
	r.plain(t, c)
}

// listed is the context of a document that is a list of strings: nothing but the file's name says whose.
func (w *walker) listed(c context) context {
	if len(c.comps) > 0 || len(w.d.root.Content) == 0 {
		return c
	}
	if n := w.d.root.Content[0]; n.Kind == yaml.SequenceNode && len(n.Content) > 0 && resolved(n.Content[0]).Kind == yaml.ScalarNode {
		return c.only(fromName(w.name))
	}
	return c
}

// splitDocuments cuts a stream at its --- and ... lines: the parser stops for good at the first fault.
func splitDocuments(t text) []text {
	var out []text
	from := 0
	for i := 0; i < len(t.s) && len(out) <= maxDocuments; {
		end := len(t.s)
		if k := strings.IndexByte(t.s[i:], '\n'); k >= 0 {
			end = i + k + 1
		}
		switch line := t.s[i:end]; {
		case boundary(line, "---") && i > from:
			out = append(out, t.sub(from, i))
			from = i
		case boundary(line, "..."):
			out = append(out, t.sub(from, end))
			from = end
		}
		i = end
	}
	if from < len(t.s) {
		out = append(out, t.sub(from, len(t.s)))
	}
	return out
}

func boundary(line, sign string) bool {
	rest, ok := strings.CutPrefix(line, sign)
	return ok && (rest == "" || strings.IndexByte(" \t\r\n", rest[0]) >= 0)
}

func nothingButDirectives(s string) bool {
	for len(s) > 0 {
		var line string
		line, s, _ = strings.Cut(s, "\n")
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' && line[0] != '%' {
			return false
		}
	}
	return true
}

// nodeMarks is never less than the number of nodes that a document can have.
func nodeMarks(s string) int {
	n := 1
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\n', ',', ':', '[', '{', '-', '?':
			n++
		}
	}
	return n
}

var (
	errorLine = regexp.MustCompile(`^line (\d+): `)
	surrogate = regexp.MustCompile(`\\u[dD][89a-fA-F][0-9a-fA-F]{2}`)
)

// parse parses one document into nodes; aliases stay what they are. line is where it broke.
func parse(t text) (d *document, line int, err error) {
	d = &document{t: t}
	src := []byte(t.s)
	if strings.Contains(t.s, `\u`) {
		// JSON writes letters beyond 16 bits as pairs, which YAML does not know.
		src = surrogate.ReplaceAll(src, []byte(`\ufffd`))
	}
	err = unmarshal(src, d)
	if err == nil {
		return d, 0, nil
	}
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	n := 1
	if m := errorLine.FindStringSubmatch(message); m != nil {
		message = message[len(m[0]):]
		if k, err := strconv.Atoi(m[1]); err == nil {
			n = k
		}
	}
	return nil, t.line(d.offset(n, 1)), errors.New(clip(message))
}

// unmarshal calls the parser, and turns its panic, should it have one, into an error.
func unmarshal(src []byte, d *document) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the parser gave up: %v", p)
		}
	}()
	d.root = &yaml.Node{}
	in := yaml.NewDecoder(bytes.NewReader(src))
	if err := in.Decode(d.root); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	// Behind the first value there must be nothing. A template's {{ if }} is a value to YAML, and what it is about follows.
	if err := in.Decode(&yaml.Node{}); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// offset is where a place stands in the document's text; YAML counts letters, not bytes.
func (d *document) offset(line, column int) int {
	if d.starts == nil {
		d.starts, d.letters = lineStarts(d.t.s), countLetters(d.t.s)
	}
	if line < 1 {
		return 0
	}
	if line > len(d.starts) {
		return len(d.t.s)
	}
	start := d.starts[line-1]
	if len(d.letters) == 0 {
		return min(start+max(0, column-1), len(d.t.s))
	}
	// A line may be the whole file, and be asked about at each of its letters.
	block := start / lineBlock
	want := d.letters[block] + letters(d.t.s[block*lineBlock:start]) + max(0, column-1)
	block = sort.SearchInts(d.letters, want+1) - 1
	i := block * lineBlock
	for left := want - d.letters[block]; i < len(d.t.s); i++ {
		if utf8.RuneStart(d.t.s[i]) {
			if left == 0 {
				break
			}
			left--
		}
	}
	return i
}

func letters(s string) int {
	n := 0
	for _, c := range []byte(s) {
		if utf8.RuneStart(c) {
			n++
		}
	}
	return n
}

// countLetters counts the letters that begin before each block of the text, unless each is one byte.
func countLetters(s string) []int {
	var before []int
	n := 0
	for i := 0; i <= len(s); i += lineBlock {
		before = append(before, n)
		n += letters(s[i:min(i+lineBlock, len(s))])
	}
	if n == len(s) {
		return nil
	}
	return before
}

// lineStarts are the lines as YAML breaks them: also at a lone carriage return and at Unicode's breaks.
func lineStarts(s string) []int {
	starts := []int{0}
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\n':
			starts = append(starts, i+1)
		case '\r':
			if i+1 >= len(s) || s[i+1] != '\n' {
				starts = append(starts, i+1)
			}
		case 0xc2:
			if strings.HasPrefix(s[i:], "\u0085") {
				starts = append(starts, i+2)
			}
		case 0xe2:
			if strings.HasPrefix(s[i:], "\u2028") || strings.HasPrefix(s[i:], "\u2029") {
				starts = append(starts, i+3)
			}
		}
	}
	return starts
}

func (d *document) line(n *yaml.Node) int { return d.t.line(d.offset(n.Line, n.Column)) }

// scalar is a node's value with the place of each of its letters, found by following the value through the
// source: block, folded, quoted or plain, over however many lines.
func (d *document) scalar(n *yaml.Node) text {
	s := d.t.s
	i := d.offset(n.Line, n.Column)
	for i < len(s) && (s[i] == '&' || s[i] == '!') { // an anchor or a tag
		for i < len(s) && !hasBlank(s[i:i+1]) {
			i++
		}
		for i < len(s) && hasBlank(s[i:i+1]) {
			i++
		}
	}
	double, single := n.Style&yaml.DoubleQuotedStyle != 0, n.Style&yaml.SingleQuotedStyle != 0
	switch {
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		if k := strings.IndexByte(s[i:], '\n'); k >= 0 {
			i += k + 1
		}
	case double || single:
		i++
	}
	cur := cursor{t: d.t}
	b := builder{b: make([]byte, 0, len(n.Value))}
	line, lost := cur.line(min(i, len(s))), false
	blanks := 0 // from here on
	// A line's own blanks, behind the last newline of those that wait, stand in the line of what follows them.
	flush := func(to, above int) {
		indent := strings.LastIndexByte(n.Value[blanks:to], '\n') + 1
		for j, c := range []byte(n.Value[blanks:to]) {
			if indent > 0 && j >= indent {
				above = line
			}
			b.add(c, above)
		}
	}
	for k := 0; k < len(n.Value); k++ {
		c := n.Value[k]
		if blank(c) {
			continue
		}
		above := line
		took := 0
		for !lost && i < len(s) {
			if blank(s[i]) {
				i++
				continue
			}
			if double && s[i] == '\\' {
				got, width := unescape(s[i:])
				if strings.TrimSpace(got) == "" {
					i += width
					continue
				}
				if took = len(got); !strings.HasPrefix(n.Value[k:], got) {
					lost, took = true, 0
					break
				}
				line = cur.line(i)
				i += width
				break
			}
			if s[i] != c {
				lost = true
				break
			}
			line, took = cur.line(i), 1
			if i++; single && c == '\'' && i < len(s) && s[i] == '\'' {
				i++
			}
			break
		}
		flush(k, above)
		b.add(c, line)
		for took--; took > 0; took-- {
			k++
			b.add(n.Value[k], line)
		}
		blanks = k + 1
	}
	flush(len(n.Value), line)
	return b.text()
}

func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// unescape is what an escape of a double-quoted string stands for, and how long it is.
func unescape(s string) (got string, width int) {
	if len(s) < 2 {
		return "", len(s)
	}
	var digits int
	switch s[1] {
	case 'n', 't', 'r', ' ', '\t', '\n', 'N', '_', 'L', 'P', 'v', 'f':
		return "", 2
	case '\r':
		return "", 2
	case '0', 'a', 'b', 'e':
		return map[byte]string{'0': "\x00", 'a': "\a", 'b': "\b", 'e': "\x1b"}[s[1]], 2
	case 'x':
		digits = 2
	case 'u':
		digits = 4
	case 'U':
		digits = 8
	default:
		return s[1:2], 2
	}
	if len(s) < 2+digits {
		return "", len(s)
	}
	c, err := strconv.ParseUint(s[2:2+digits], 16, 32)
	if err != nil {
		return "", 2 + digits
	}
	return string(rune(c)), 2 + digits
}
