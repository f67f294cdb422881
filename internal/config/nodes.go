package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"gopkg.in/yaml.v3"
)

// maxSize is the largest configuration that is read.
const maxSize = 1 << 20

// maxEntries is the longest list that is read; nobody writes a longer one by hand.
const maxEntries = 1000

// parseYAML reads one YAML document. It returns nil for an empty one. What is not YAML is one fault.
func parseYAML(name string, data []byte) (*yaml.Node, error) {
	if len(data) > maxSize {
		return nil, Fault{Problem: fmt.Sprintf("%s is larger than %d KiB", name, maxSize>>10),
			Advice: "is this the right file?"}
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document, more yaml.Node
	err := decoder.Decode(&document)
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err == nil {
		err = decoder.Decode(&more)
		if err == nil {
			return nil, Fault{Origin: Origin{From: name, Line: more.Line},
				Problem: "the file holds more than one document", Advice: "remove everything from the second --- on"}
		}
	}
	if !errors.Is(err, io.EOF) {
		return nil, notYAML(name, err)
	}
	return document.Content[0], nil
}

// notYAML puts the line of the YAML library's message where all other messages have it.
func notYAML(name string, err error) error {
	problem := strings.TrimPrefix(err.Error(), "yaml: ")
	at := Origin{From: name, Line: 1}
	if m := regexp.MustCompile(`^line (\d+): `).FindStringSubmatch(problem); m != nil {
		at.Line, _ = strconv.Atoi(m[1]) // digits; too many give the largest number
		problem = problem[len(m[0]):]
	}
	if strings.Contains(problem, "cannot start any token") && strings.Contains(problem, "character") {
		problem += " (YAML is indented with spaces, and a value that begins with @ or ` needs quotes)"
	}
	return Fault{Origin: at, Problem: "not YAML: " + problem, Advice: "correct the indentation, the quotes or the colon at or above this line"}
}

// reader turns checked nodes into the values that viper and the structs take, and notes where each stood.
type reader struct {
	*faults
	from string // the file's name
}

func (r reader) origin(n *yaml.Node) Origin { return Origin{From: r.from, Line: n.Line} }

// note records the place of a key and complains about it there.
func (r reader) wrong(path string, n *yaml.Node, problem, advice string) {
	r.addAt(path, r.origin(n), problem, advice)
}

// plain refuses anchors' uses and merge keys: they make small files huge and endless, and one that is
// written out is easier to read.
func (r reader) plain(path string, n *yaml.Node) bool {
	if n.Kind == yaml.AliasNode {
		r.wrong(path, n, "an alias (*name) is not accepted", "write the value out")
		return false
	}
	return true
}

// empty reports whether nothing is written after the colon.
func empty(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

// section reads a mapping with the given fields. Only keys that are there are in the result.
func (r reader) section(path string, n *yaml.Node, fields []field) map[string]any {
	out := map[string]any{}
	if !r.plain(path, n) || empty(n) {
		return out
	}
	if n.Kind != yaml.MappingNode {
		r.wrong(path, n, "holds "+describe(n)+" where settings belong",
			"write keys below it, one a line: "+strings.Join(names(fields), ", "))
		return out
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		at := join(path, printable(key.Value))
		if key.Kind != yaml.ScalarNode || key.ShortTag() == "!!merge" {
			r.wrong(path, key, "a merge key (<<) or a key that is no plain word is not accepted", "write the settings out")
			continue
		}
		if first, ok := seen[key.Value]; ok {
			r.wrong(at, key, fmt.Sprintf("stands here a second time (first in line %d)", first), "keep one")
			continue
		}
		seen[key.Value] = key.Line
		f, ok := lookup(fields, key.Value)
		if !ok {
			r.unknown(at, key, path, fields)
			continue
		}
		r.at[at] = r.origin(key)
		if v, ok := r.value(at, value, f); ok {
			out[f.name] = v
		}
	}
	return out
}

// unknown complains about a key that does not exist, and helps.
func (r reader) unknown(at string, key *yaml.Node, path string, fields []field) {
	lower := strings.ToLower(key.Value)
	known := names(fields)
	switch {
	case strings.HasSuffix(lower, "token") || strings.Contains(lower, "password") || strings.Contains(lower, "secret"):
		r.wrong(at, key, "a token does not belong into the file", "remove it (and revoke it if the file was shared), then give it in the environment as "+envToken)
	case path == "" && lower == "token_file":
		r.wrong(at, key, "unknown key", "set "+envTokenFile+" in the environment")
	default:
		r.wrong(at, key, "unknown key", orElse(key.Value, known, "known here: "+strings.Join(known, ", ")))
	}
}

// value reads one value of the field's kind; false when it is absent or was faulted.
func (r reader) value(path string, n *yaml.Node, f field) (any, bool) {
	if !r.plain(path, n) {
		return nil, false
	}
	switch f.kind {
	case section:
		return r.section(path, n, f.fields), true
	case entries, texts, numerals:
		return r.list(path, n, f)
	default:
	}
	if empty(n) {
		r.wrong(path, n, "has no value", "write one after the colon, or remove the line to get the default")
		return nil, false
	}
	v, problem, advice := scalarValue(n, f)
	if problem != "" {
		r.wrong(path, n, problem, advice)
		return nil, false
	}
	return v, true
}

// list reads a sequence. Nothing after the colon means that the key is not set.
func (r reader) list(path string, n *yaml.Node, f field) (any, bool) {
	if empty(n) {
		return nil, false
	}
	if n.Kind != yaml.SequenceNode {
		advice := "write it as [" + quoteless(n) + "]"
		if f.kind == entries {
			advice = "write each entry below it, beginning with a dash: \"- " + f.fields[0].name + ": …\""
		}
		r.wrong(path, n, "holds "+describe(n)+" where a list belongs", advice)
		return nil, false
	}
	if len(n.Content) > maxEntries {
		r.wrong(path, n, fmt.Sprintf("holds %d entries; %d are accepted", len(n.Content), maxEntries), "is this the right file?")
		return nil, false
	}
	if f.kind == entries {
		out := []any{}
		for i, item := range n.Content {
			at := fmt.Sprintf("%s[%d]", path, i)
			r.at[at] = r.origin(item)
			if empty(item) {
				r.wrong(at, item, "the entry is empty", "fill it or remove the dash")
				out = append(out, map[string]any{})
				continue
			}
			out = append(out, r.section(at, item, f.fields))
		}
		return out, true
	}
	out := []string{}
	for i, item := range n.Content {
		at := fmt.Sprintf("%s[%d]", path, i)
		r.at[at] = r.origin(item)
		if !r.plain(at, item) {
			continue
		}
		if f.kind == numerals && item.Kind == yaml.ScalarNode && item.ShortTag() == "!!int" {
			out = append(out, item.Value) // as it was written: 0127 must not become 87
			continue
		}
		v, problem, advice := scalarValue(item, field{kind: text})
		if problem != "" && f.kind == numerals {
			problem, advice = "holds "+describe(item)+" where a number belongs", "write a whole number, such as 2411"
		}
		s, _ := v.(string)
		if problem != "" {
			r.wrong(at, item, problem, advice)
			s = ""
		}
		out = append(out, s) // a faulted one too, so that later entries keep their number
	}
	return out, true
}

// scalarValue reads a scalar of exactly the field's kind: nothing is guessed. On failure it returns the
// problem and the advice.
func scalarValue(n *yaml.Node, f field) (v any, problem, advice string) {
	if n.Kind != yaml.ScalarNode {
		return nil, "holds " + describe(n) + " where " + wanted(f.kind) + " belongs", "write one value after the colon"
	}
	tag := n.ShortTag()
	wrongType := "holds " + describe(n) + " where " + wanted(f.kind) + " belongs"
	switch f.kind {
	case truth:
		if tag != "!!bool" {
			return nil, wrongType, "write true or false"
		}
		return strings.EqualFold(n.Value, "true"), "", ""
	case number:
		if tag != "!!int" {
			return nil, wrongType, "write a whole number without quotes, such as " + fmt.Sprint(f.def)
		}
		return readNumber(n.Value, f)
	case duration:
		if tag != "!!str" {
			return nil, wrongType, "write it with its unit, such as 30s, 2m or 1h"
		}
		return readDuration(n.Value)
	default:
		if tag != "!!str" {
			return nil, wrongType, "put it in quotes: " + strconv.Quote(n.Value)
		}
		return readText(n.Value)
	}
}

func readNumber(s string, f field) (v any, problem, advice string) {
	i, err := strconv.Atoi(s)
	if err != nil {
		return nil, quote(s) + " is no whole number", "write digits only, such as " + fmt.Sprint(f.def)
	}
	return i, "", ""
}

func readDuration(s string) (v any, problem, advice string) {
	d, err := time.ParseDuration(s)
	if err != nil {
		return nil, quote(s) + " is no duration", "write it with its unit, such as 30s, 2m or 1h"
	}
	return d, "", ""
}

func readText(s string) (v any, problem, advice string) {
	if strings.ContainsFunc(s, unicode.IsControl) {
		return nil, "holds a line break or another control character", "write it on one line"
	}
	if looksSecret(s) {
		// It would be taken for a path or a title, and printed as one ever after.
		return nil, "holds what looks like a token, a password or a webhook", "remove it (and revoke it if the file was shared); secrets are given in the environment: the token as " + envToken + ", others in the variables that keys such as webhook_env name"
	}
	return s, "", ""
}

// wanted names a kind in a message.
func wanted(k kind) string {
	switch k {
	case truth:
		return "true or false"
	case number:
		return "a whole number"
	case duration:
		return "a duration"
	default:
		return "text"
	}
}

// describe says what a node is, in words a user has for it.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.MappingNode:
		return "settings"
	case yaml.ScalarNode:
	default:
		return "nothing readable"
	}
	switch n.ShortTag() {
	case "!!str":
		return "the text " + quote(n.Value)
	case "!!int", "!!float":
		return "the number " + printable(n.Value)
	case "!!bool":
		return "the truth value " + n.Value
	case "!!timestamp":
		return "the date " + printable(n.Value)
	case "!!null":
		return "nothing"
	default:
		return "a value of the type " + printable(n.ShortTag())
	}
}

// quoteless shows a scalar as it would stand in a list.
func quoteless(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode || looksSecret(n.Value) || len(n.Value) > 60 {
		return "…"
	}
	return n.Value
}

// printable shows a name in a message, shortened and on one line.
func printable(s string) string {
	q := quote(s)
	if q == strconv.Quote(s) {
		return q[1 : len(q)-1]
	}
	return strings.Trim(q, `"`)
}

// join adds a key to a path.
func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
