package gate

import (
	"go/ast"
	"iter"
	"slices"
	"strings"
)

// docText is what a constant's doc comment says. Stages are never read from it: of 179 constants at
// v1.36 six have a stage line, and nobody keeps those up to date.
type docText struct {
	description string
	owners      []string
	keps        []string
}

func readDoc(g *ast.CommentGroup) docText {
	out := docText{owners: []string{}, keps: []string{}}
	if g == nil {
		return out
	}
	var buffer [48]string // a paragraph's words; most have fewer
	prose := buffer[:0]
	done := false // the first sentence or paragraph of prose is over
	for line := range commentLines(g) {
		for _, k := range proposals(line) {
			if !slices.Contains(out.keps, k) {
				out.keps = append(out.keps, k)
			}
		}
		label, value := labelOf(line)
		switch {
		case label == "owner" || label == "owners":
			for _, o := range ownersIn(value) {
				if !slices.Contains(out.owners, o) {
					out.owners = append(out.owners, o)
				}
			}
			fallthrough
		case label != "", line == "", isProposalLink(line):
			done = done || len(prose) > 0
		case !done:
			for w := range strings.FieldsSeq(line) {
				if !done {
					prose, done = append(prose, w), endsSentence(w)
				}
			}
		}
		if label == "kep" || label == "keps" {
			if n := bareProposal(value); n != "" && !slices.Contains(out.keps, n) {
				out.keps = append(out.keps, n)
			}
		}
	}
	if len(prose) > 0 && !strings.HasPrefix(prose[0], "TODO") {
		out.description = strings.Join(prose, " ")
	}
	return out
}

// commentLines are the lines of a comment without its marks; directives (//go:…, //nolint) are left out.
func commentLines(g *ast.CommentGroup) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, c := range g.List {
			if text, ok := strings.CutPrefix(c.Text, "//"); ok {
				if !isDirective(text) && !yield(strings.TrimSpace(text)) {
					return
				}
				continue
			}
			text := strings.TrimSuffix(strings.TrimPrefix(c.Text, "/*"), "*/")
			for line := range strings.SplitSeq(text, "\n") {
				if !yield(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "*"))) {
					return
				}
			}
		}
	}
}

// isDirective goes by Go's own rule: no blank, a lower-case word, and a colon without a blank after it.
func isDirective(text string) bool {
	if strings.HasPrefix(text, "nolint") {
		return true
	}
	tool, rest, ok := strings.Cut(text, ":")
	return ok && tool != "" && rest != "" && rest[0] >= 'a' && rest[0] <= 'z' && !strings.HasPrefix(rest, "http") &&
		strings.Trim(tool, "abcdefghijklmnopqrstuvwxyz0123456789") == ""
}

// labelOf splits a line of data ("owner: @a", "beta (off by default until 1.25): v1.24") into its label,
// lower-case, and its value. Prose has the label "", and so has "Deprecated: use something else".
func labelOf(line string) (label, value string) {
	head, value, ok := strings.Cut(line, ":")
	if !ok || len(head) > 60 {
		return "", ""
	}
	if i := strings.IndexByte(head, '('); i >= 0 {
		head = head[:i]
	}
	value = strings.TrimSpace(value)
	switch label = strings.ToLower(strings.TrimSpace(head)); label {
	case "owner", "owners", "kep", "keps", "alpha", "beta", "ga", "stable", "pre-alpha":
		return label, value
	case "deprecated":
		if isStageNote(value) {
			return label, value
		}
	}
	return "", ""
}

// isStageNote tells "deprecated: v1.30" and "deprecated: see below." from prose.
func isStageNote(value string) bool {
	value = strings.ToLower(value)
	if value == "" || strings.HasPrefix(value, "see below") || strings.HasPrefix(value, "(") {
		return true
	}
	return leadingMinor(value) != ""
}

// ownersIn reads a list of owners: "@a, @b", "@a @b", "@a(nick)", "serathius". Remarks in brackets and
// words beside a handle are not owners.
func ownersIn(value string) []string {
	var out []string
	for item := range strings.FieldsFuncSeq(withoutBrackets(value), func(r rune) bool { return r == ',' || r == ';' || r == '&' }) {
		words := strings.Fields(item)
		handled := false
		for _, w := range words {
			for i := 0; i < len(w); i++ {
				if w[i] != '@' || i > 0 && isHandleByte(w[i-1]) {
					continue
				}
				if n := handleLen(w[i+1:]); n > 0 {
					out, handled = append(out, w[i:i+1+n]), true
				}
			}
		}
		if handled {
			continue
		}
		for _, w := range words {
			// Of several words only lower-case ones can be handles: "SIG Node" and "John Doe" are none.
			n := handleLen(w)
			if n == len(w) && w != "and" && (len(words) == 1 || w == strings.ToLower(w)) {
				out = append(out, "@"+w)
			}
		}
	}
	return out
}

func withoutBrackets(s string) string {
	for {
		i := strings.IndexByte(s, '(')
		if i < 0 {
			return s
		}
		j := strings.IndexByte(s[i:], ')')
		if j < 0 {
			return s[:i]
		}
		s = s[:i] + " " + s[i+j+1:]
	}
}

// handleLen is the length of the handle, or team ("kubernetes/sig-node"), that s begins with.
func handleLen(s string) int {
	n := 0
	for n < len(s) && (isHandleByte(s[n]) || s[n] == '/' && n > 0 && n+1 < len(s) && isHandleByte(s[n+1])) {
		n++
	}
	return n
}

func isHandleByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

// endsSentence reports whether a word ends a sentence, in brackets or quotes or not.
func endsSentence(word string) bool {
	bare := strings.TrimRight(word, ")\"'`*")
	if bare == "" {
		return false
	}
	switch bare[len(bare)-1] {
	case '.', '!', '?':
		return !isAbbreviation(bare)
	}
	return false
}

func isAbbreviation(word string) bool {
	switch strings.ToLower(strings.TrimLeft(word, `("'`)) {
	case "e.g.", "i.e.", "eg.", "ie.", "cf.", "vs.", "a.k.a.", "aka.", "incl.", "resp.", "approx.", "etc.":
		return true
	}
	return false
}
