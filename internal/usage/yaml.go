package usage

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// document is one parsed YAML document and the text it was parsed from.
type document struct {
	t      text
	root   *yaml.Node
	starts []int // where its lines begin, as YAML counts them
}

// maxUnmentioned is up to where a document that names no gates is parsed all the same, to tell whether it is sound.
const maxUnmentioned = 1 << 20

// documents reads a stream of YAML or JSON documents, each for itself.
func (r *reader) documents(name string, t text, c context) {
	byName := r.layers == 0
	for _, part := range splitDocuments(t) {
		if r.full {
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
				if r.layers > 0 && !template {
					r.lines(part, c)
				} else {
					r.plain(part, c)
				}
			}
			continue
		}
		if !wanted && !strings.Contains(part.s, "64") && !strings.Contains(part.s, "Secret") {
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
		w.value(d.root, c, 0)
	}
}

// splitDocuments cuts a stream at its --- and ... lines: the parser stops for good at the first fault.
func splitDocuments(t text) []text {
	var out []text
	from := 0
	for i := 0; i < len(t.s); {
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
	return yaml.Unmarshal(src, d.root)
}

// offset is where a place stands in the document's text; YAML counts letters, not bytes.
func (d *document) offset(line, column int) int {
	if d.starts == nil {
		d.starts = lineStarts(d.t.s)
	}
	if line < 1 {
		return 0
	}
	if line > len(d.starts) {
		return len(d.t.s)
	}
	i := d.starts[line-1]
	for ; column > 1 && i < len(d.t.s); column-- {
		if c := d.t.s[i]; c < utf8.RuneSelf {
			i++
			continue
		}
		_, n := utf8.DecodeRuneInString(d.t.s[i:])
		i += n
	}
	return i
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
	for k := 0; k < len(n.Value); k++ {
		c := n.Value[k]
		if blank(c) {
			b.add(c, line)
			continue
		}
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
		b.add(c, line)
		for took--; took > 0; took-- {
			k++
			b.add(n.Value[k], line)
		}
	}
	return b.text()
}

func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// unescape is what an escape of a double-quoted string stands for, and how long it is.
func unescape(s string) (got string, width int) {
	if len(s) < 2 {
		return "", len(s)
	}
	digits := 0
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
