package docpage

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Bounds for files that were made to hurt. Real front matter has 1 KB and six stages at most.
const (
	maxSize   = 1 << 20
	maxFront  = 64 << 10
	maxStages = 50
	maxGates  = 20
)

// Parse reads the page of a file. The error is an *[Error], or wraps [ErrOtherPage].
func Parse(file string, src []byte) (Page, error) {
	front, err := frontMatter(file, src)
	if err != nil {
		return Page{}, err
	}
	root, err := mapping(file, front)
	if err != nil {
		return Page{}, err
	}
	r := reader{file: file}
	return r.page(root)
}

// frontMatter is the YAML of a page, with so many line ends before it that its lines are the file's.
func frontMatter(file string, src []byte) ([]byte, error) {
	if len(src) > maxSize {
		return nil, &Error{file, 1, fmt.Sprintf("has %d bytes, more than any page (%d)", len(src), maxSize)}
	}
	src = bytes.TrimPrefix(src, []byte("\xef\xbb\xbf"))
	start, line := 0, 1
	for {
		text, next := lineAt(src, start)
		if text == "---" {
			start = next
			break
		}
		switch {
		case text == "" && next < len(src):
		case text == "":
			return nil, &Error{file, line, "is empty"}
		case text == "+++" || text[0] == '{':
			return nil, &Error{file, line, "its front matter is not YAML between two lines ---"}
		case text[0] == '<':
			return nil, &Error{file, line, "is a web page, not Markdown with front matter"}
		default:
			return nil, &Error{file, line, "has no front matter: its first line is not ---"}
		}
		start, line = next, line+1
	}
	for at := start; at < len(src); {
		text, next := lineAt(src, at)
		if text == "---" {
			return slices.Concat(bytes.Repeat([]byte{'\n'}, line), src[start:at]), nil
		}
		if at = next; at-start > maxFront {
			return nil, &Error{file, line, fmt.Sprintf("its front matter is longer than any page's (%d bytes)", maxFront)}
		}
	}
	return nil, &Error{file, line, "its front matter has no end: there is no second line ---"}
}

// lineAt is a line without what stands invisibly at its end, and where the next one begins.
func lineAt(src []byte, at int) (text string, next int) {
	end := bytes.IndexByte(src[at:], '\n')
	if end < 0 {
		return strings.TrimRight(string(src[at:]), " \t\r"), len(src)
	}
	return strings.TrimRight(string(src[at:at+end]), " \t\r"), at + end + 1
}

func mapping(file string, front []byte) (*yaml.Node, error) {
	if !utf8.Valid(front) {
		return nil, &Error{file, 1, "its front matter is not UTF-8"}
	}
	dec := yaml.NewDecoder(bytes.NewReader(front))
	var doc yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, &Error{file, 1, "its front matter is empty"}
	case err != nil:
		return nil, syntaxError(file, err)
	}
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, &Error{file, max(doc.Line, 1), "its front matter is not a mapping of keys to values"}
	}
	var more yaml.Node
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, &Error{file, max(more.Line, 1), "its front matter holds more than one YAML document"}
	}
	return doc.Content[0], nil
}

// syntaxError takes the line out of the text that the library wrote it into.
func syntaxError(file string, err error) error {
	msg := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 1
	if rest, ok := strings.CutPrefix(msg, "line "); ok {
		if n, what, ok := strings.Cut(rest, ": "); ok {
			if at, err := strconv.Atoi(n); err == nil {
				line, msg = at, what
			}
		}
	}
	return &Error{file, line, "its front matter is not YAML: " + shown(msg)}
}

// reader works on the tree of nodes, not on a struct: versions then stay as they are written, and a truth may be
// quoted.
type reader struct{ file string }

func (r reader) wrong(n *yaml.Node, format string, args ...any) error {
	return &Error{r.file, max(n.Line, 1), fmt.Sprintf(format, args...)}
}

// values are a mapping's values by key, whatever its case. A key that stands twice could mean either.
func (r reader) values(n *yaml.Node) (map[string]*yaml.Node, error) {
	out := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := strings.ToLower(strings.TrimSpace(n.Content[i].Value))
		switch {
		case key == "<<":
			return nil, r.wrong(n.Content[i], "merges another mapping into this one (<<), which is not read")
		case out[key] != nil:
			return nil, r.wrong(n.Content[i], "the key %s stands twice", shown(n.Content[i].Value))
		}
		out[key] = deref(n.Content[i+1])
	}
	return out, nil
}

func (r reader) page(root *yaml.Node) (Page, error) {
	var p Page
	values, err := r.values(root)
	if err != nil {
		return Page{}, err
	}
	if n := values["content_type"]; n != nil && n.Kind == yaml.ScalarNode && !slices.Contains([]string{"", "feature_gate"}, strings.TrimSpace(n.Value)) {
		return Page{}, fmt.Errorf("%s:%d: %w: its content_type is %s", r.file, max(n.Line, 1), ErrOtherPage, shown(n.Value))
	}
	title := values["title"]
	if title == nil {
		return Page{}, r.wrong(root, "has no title, which is the gate's name")
	}
	if p.Gates, err = r.gates(title); err != nil {
		return Page{}, err
	}
	if n := values["removed"]; n != nil {
		value, err := r.truth("removed", n)
		if err != nil {
			return Page{}, err
		}
		p.Removed = value == "true"
	}
	n := values["stages"]
	switch {
	case n == nil || isNull(n):
		return p, nil
	case n.Kind != yaml.SequenceNode:
		return Page{}, r.wrong(n, "stages is not a list")
	case len(n.Content) > maxStages:
		return Page{}, r.wrong(n, "has %d stages, more than any page (%d)", len(n.Content), maxStages)
	}
	for _, item := range n.Content {
		s, err := r.stage(deref(item))
		if err != nil {
			return Page{}, err
		}
		p.Stages = append(p.Stages, s)
	}
	return p, nil
}

var (
	gateName  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,119}$`)
	separator = regexp.MustCompile(`\s*(?:,|&|/|\band\b)\s*`)
	release   = regexp.MustCompile(`^v?(\d{1,4})\.(\d{1,4})(?:\.\d{1,4})?$`)
)

// gates reads the title: the gate's name. Where a page is about several, their names with commas or "and".
func (r reader) gates(n *yaml.Node) ([]string, error) {
	text, ok := scalar(n)
	if !ok || text == "" {
		return nil, r.wrong(n, "has no title, which is the gate's name")
	}
	var out []string
	for _, name := range separator.Split(strings.ReplaceAll(text, "`", ""), maxGates+1) {
		name = strings.TrimSpace(name)
		if !gateName.MatchString(name) || len(out) == maxGates {
			return nil, r.wrong(n, "its title %s is not the name of a gate", shown(text))
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out, nil
}

func (r reader) stage(n *yaml.Node) (Stage, error) {
	if n.Kind != yaml.MappingNode {
		return Stage{}, r.wrong(n, "a stage is not a mapping of keys to values")
	}
	values, err := r.values(n)
	if err != nil {
		return Stage{}, err
	}
	var s Stage
	if s.Stage, err = r.word(n, values["stage"]); err != nil {
		return Stage{}, err
	}
	if v := values["defaultvalue"]; v != nil {
		if s.Default, err = r.truth("defaultValue", v); err != nil {
			return Stage{}, err
		}
	}
	if v := values["locked"]; v != nil {
		locked, err := r.truth("locked", v)
		if err != nil {
			return Stage{}, err
		}
		s.Locked = locked == "true"
	}
	from := values["fromversion"]
	if from == nil {
		return Stage{}, r.wrong(n, "a stage has no fromVersion")
	}
	if s.From, err = r.version("fromVersion", from); err != nil {
		return Stage{}, err
	}
	if s.From == "" {
		return Stage{}, r.wrong(from, "a stage has no fromVersion")
	}
	if v := values["toversion"]; v != nil {
		if s.To, err = r.version("toVersion", v); err != nil {
			return Stage{}, err
		}
	}
	return s, nil
}

func (r reader) word(row, n *yaml.Node) (string, error) {
	if n == nil {
		return "", r.wrong(row, "a stage has no key stage")
	}
	text, _ := scalar(n)
	switch strings.ToLower(text) {
	case "alpha", "beta", "deprecated":
		return strings.ToLower(text), nil
	case "stable", "ga":
		return "ga", nil
	}
	return "", r.wrong(n, "stage %s is none of alpha, beta, stable and deprecated", shown(n.Value))
}

// truth reads true or false, quoted or not; "" where nothing is written.
func (r reader) truth(key string, n *yaml.Node) (string, error) {
	text, ok := scalar(n)
	if ok {
		switch strings.ToLower(text) {
		case "":
			return "", nil
		case "true", "yes", "on":
			return "true", nil
		case "false", "no", "off":
			return "false", nil
		}
	}
	return "", r.wrong(n, "%s %s is neither true nor false", key, shown(n.Value))
}

// version reads a release as "1.10"; "" where nothing, or a dash, is written.
func (r reader) version(key string, n *yaml.Node) (string, error) {
	text, ok := scalar(n)
	if ok && slices.Contains([]string{"", "-", "–", "—"}, text) {
		return "", nil
	}
	m := release.FindStringSubmatch(text)
	if !ok || m == nil {
		return "", r.wrong(n, "%s %s is not a release", key, shown(n.Value))
	}
	trim := func(s string) string {
		if t := strings.TrimLeft(s, "0"); t != "" {
			return t
		}
		return "0"
	}
	return trim(m[1]) + "." + trim(m[2]), nil
}

// deref follows an alias once: an anchor's node is never an alias itself. Nothing below is expanded.
func deref(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool {
	if n.Kind != yaml.ScalarNode || n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return false
	}
	return slices.Contains([]string{"", "~", "null", "Null", "NULL"}, n.Value)
}

// scalar is a scalar's text; ok is false for lists and mappings.
func scalar(n *yaml.Node) (text string, ok bool) {
	if n.Kind != yaml.ScalarNode {
		return "", false
	}
	if isNull(n) {
		return "", true
	}
	return strings.TrimSpace(n.Value), true
}

// shown is a stranger's value in a message: quoted, in one line, bounded.
func shown(s string) string {
	const most = 60
	if len(s) > most {
		cut := most
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "…"
	}
	return strconv.Quote(s)
}
