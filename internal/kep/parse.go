package kep

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Bounds for files that were made to hurt. Real ones have 6 KB, 12 gates and 20 list entries at most.
const (
	maxSize     = 1 << 20
	maxList     = 100
	maxText     = 500
	maxProblems = 20
	maxDocs     = 8
	maxLines    = 500 // of an implementation history
)

// Parse reads the kep.yaml at path. The error, which names file and line, is for what can't be a proposal:
// no YAML, no mapping, a mapping of other things, a web page, nothing.
func Parse(file string, src []byte) (Proposal, error) {
	r := reader{p: Proposal{Path: path.Dir(file)}}
	root, err := r.mapping(file, src)
	if err != nil {
		return Proposal{}, err
	}
	if known := r.fields(root); !known {
		return Proposal{}, fmt.Errorf("%s:%d: has none of the keys title, kep-number, owning-sig and status, so it is no proposal", file, root.Line)
	}
	r.finish(file)
	return r.p, nil
}

// reader fills one proposal. It works on the tree of nodes, not on a struct: a value of the wrong kind
// then costs itself only, numbers and dates stay as written (1.30 is not 1.3), and nothing is decoded twice.
type reader struct {
	p          Proposal
	numberLine int
	dropped    int // problems beyond maxProblems
}

func (r *reader) problem(line int, format string, args ...any) {
	if len(r.p.Problems) >= maxProblems {
		r.dropped++
		return
	}
	r.p.Problems = append(r.p.Problems, Problem{line, fmt.Sprintf(format, args...)})
}

// mapping returns the first document that holds anything.
func (r *reader) mapping(file string, src []byte) (*yaml.Node, error) {
	if len(src) > maxSize {
		return nil, fmt.Errorf("%s:1: has %d bytes, more than any proposal (%d)", file, len(src), maxSize)
	}
	head := bytes.TrimSpace(bytes.TrimPrefix(src, []byte("\xef\xbb\xbf")))
	switch {
	case len(head) == 0:
		return nil, fmt.Errorf("%s:1: is empty", file)
	case head[0] == '<':
		return nil, fmt.Errorf("%s:1: is a web page, not YAML", file)
	}
	if !utf8.Valid(src) && !isUTF16(src) {
		r.problem(0, "bytes that are not UTF-8 are replaced")
		src = bytes.ToValidUTF8(src, []byte("\uFFFD"))
	}
	dec := yaml.NewDecoder(bytes.NewReader(src))
	for range maxDocs {
		var doc yaml.Node
		if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, syntaxError(file, err)
		}
		if len(doc.Content) == 0 || isNull(doc.Content[0]) {
			continue
		}
		root := doc.Content[0]
		if root.Kind != yaml.MappingNode {
			return nil, fmt.Errorf("%s:%d: is not a mapping of keys to values", file, root.Line)
		}
		if err := dec.Decode(&doc); !errors.Is(err, io.EOF) {
			r.problem(0, "more follows the first YAML document; it is not read")
		}
		return root, nil
	}
	return nil, fmt.Errorf("%s:1: holds no value", file)
}

func isUTF16(src []byte) bool {
	return bytes.HasPrefix(src, []byte("\xff\xfe")) || bytes.HasPrefix(src, []byte("\xfe\xff"))
}

// syntaxError puts the line, which the library writes into its text, where an editor looks for it.
func syntaxError(file string, err error) error {
	msg := strings.TrimPrefix(err.Error(), "yaml: ")
	line := "1"
	if rest, ok := strings.CutPrefix(msg, "line "); ok {
		if n, what, ok := strings.Cut(rest, ": "); ok {
			line, msg = n, what
		}
	}
	return fmt.Errorf("%s:%s: is not YAML: %s", file, line, msg)
}

// fields reads all keys and reports whether one was seen that marks a proposal.
func (r *reader) fields(root *yaml.Node) (known bool) {
	seen := make(map[string]bool, 24)
	for i := 0; i+1 < len(root.Content); i += 2 {
		k, v := root.Content[i], deref(root.Content[i+1])
		key := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(k.Value)), "_", "-")
		if seen[key] {
			r.problem(k.Line, "key %s stands twice; the last one counts", quote(k.Value))
			r.forget(key)
		}
		seen[key] = true
		switch key {
		case "title":
			r.p.Title = r.text(key, v)
			known = true
		case "kep-number":
			r.number(v)
			known = true
		case "owning-sig":
			r.p.OwningSIG = r.text(key, v)
			known = true
		case "status":
			r.status(v)
			known = true
		case "participating-sigs":
			r.p.SIGs = r.list(key, v)
		case "stage":
			r.stage(v)
		case "latest-milestone":
			r.p.Target = r.release(key, v)
		case "milestone":
			r.milestones(v)
		case "feature-gates":
			r.gates(v)
		case "creation-date":
			r.p.Created = r.text(key, v)
		case "last-updated":
			r.p.Updated = r.text(key, v)
		case "see-also":
			r.p.SeeAlso = r.list(key, v)
		case "replaces":
			r.p.Replaces = r.list(key, v)
		case "superseded-by":
			r.p.SupersededBy = r.list(key, v)
		case "authors", "reviewers", "approvers", "editor", "disable-supported", "metrics":
		default:
			r.problem(k.Line, "unknown key %s", quote(k.Value))
		}
	}
	return known
}

// forget empties a field that adds up, before its key is read a second time.
func (r *reader) forget(key string) {
	switch key {
	case "feature-gates":
		r.p.Gates = nil
	case "milestone":
		r.p.Milestones = Milestones{}
	}
}

// finish settles what needs more than one key.
func (r *reader) finish(file string) {
	folder := FolderNumber(file)
	switch {
	case r.numberLine == 0:
		r.p.Number = folder
		r.problem(0, "no kep-number; the folder says %s", quote(folder))
	case r.p.Number == "" && folder != "":
		r.p.Number = folder
		r.problem(r.numberLine, "kep-number is no number; the folder says %s", folder)
	case r.p.Number != folder:
		r.problem(r.numberLine, "kep-number is %s; the folder says %s", quote(r.p.Number), quote(folder))
	}
	if r.p.Title == "" {
		r.problem(0, "no title")
	}
	r.p.SIGs = slices.DeleteFunc(r.p.SIGs, func(s string) bool { return s == r.p.OwningSIG })
	if len(r.p.SIGs) == 0 {
		r.p.SIGs = nil
	}
	slices.SortStableFunc(r.p.Problems, func(a, b Problem) int { return cmp.Compare(uint(a.Line-1), uint(b.Line-1)) }) // the whole file's last
	if r.dropped > 0 {
		r.p.Problems = append(r.p.Problems, Problem{0, strconv.Itoa(r.dropped) + " more problems"})
	}
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
	switch n.Value {
	case "", "~", "null", "Null", "NULL":
		return true
	}
	return false
}

// scalar is a scalar's text in one line, "" for what means nothing. ok is false for lists and mappings.
func scalar(n *yaml.Node) (s string, ok bool) {
	n = deref(n)
	if n.Kind != yaml.ScalarNode {
		return "", false
	}
	if isNull(n) {
		return "", true
	}
	return oneLine(n.Value), true
}

// text is the value of a key that holds one text. A list of one is taken for it.
func (r *reader) text(key string, n *yaml.Node) string {
	if n.Kind == yaml.SequenceNode && len(n.Content) == 1 {
		n = n.Content[0]
	}
	s, ok := scalar(n)
	if !ok {
		r.problem(n.Line, "%s is not a text", key)
	}
	if isNothing(s) {
		return ""
	}
	return s
}

// list is the value of a key that holds texts, whether written as a list or as one text with commas.
func (r *reader) list(key string, n *yaml.Node) []string {
	nodes := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		nodes = n.Content
	}
	if len(nodes) > maxList {
		r.problem(n.Line, "%s has %d entries; %d are read", key, len(nodes), maxList)
		nodes = nodes[:maxList]
	}
	var out []string
	for _, e := range nodes {
		s, ok := scalar(e)
		if !ok {
			r.problem(e.Line, "%s has an entry that is not a text", key)
			continue
		}
		for part := range strings.SplitSeq(s, ",") {
			part = strings.TrimSpace(part)
			switch {
			case isNothing(part) || slices.Contains(out, part):
			case isPlaceholder(part):
				r.problem(e.Line, "%s has the template's %s", key, quote(part))
			case len(out) < maxList:
				out = append(out, part)
			}
		}
	}
	return out
}
