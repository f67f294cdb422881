package kep

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// number reads kep-number: an integer, a quoted one, with leading zeros, "KEP-2411". 0000 means none.
func (r *reader) number(n *yaml.Node) {
	s, ok := scalar(n)
	r.numberLine, r.p.Number = n.Line, ""
	if !ok {
		return
	}
	s = strings.TrimPrefix(strings.TrimPrefix(strings.ToLower(s), "kep-"), "#")
	if d := digits(s); d > 0 && d == len(s) && d <= maxNumber {
		r.p.Number = strings.TrimLeft(s, "0")
	}
}

func (r *reader) status(n *yaml.Node) {
	s, ok := scalar(n)
	got, exact := oneOf(s, "provisional", "implementable", "implemented", "deferred", "rejected", "withdrawn", "replaced")
	switch {
	case exact:
	case !ok || s == "" || strings.Contains(s, "|"):
		r.problem(n.Line, "status %s says nothing", quote(s))
	case got != "":
		r.problem(n.Line, "status %s is read as %s", quote(s), got)
	default:
		got = strings.ToLower(s)
		r.problem(n.Line, "status %s is none of upstream's", quote(s))
	}
	r.p.Status = got
}

func (r *reader) stage(n *yaml.Node) {
	s, ok := scalar(n)
	r.p.Stage = ""
	if ok && isNothing(s) {
		return
	}
	got, exact := oneOf(s, "alpha", "beta", "stable", "deprecated", "disabled", "removed")
	if first, _, _ := strings.Cut(s, " "); strings.EqualFold(first, "ga") {
		got = "stable"
	}
	switch {
	case exact:
	case got != "":
		r.problem(n.Line, "stage %s is read as %s", quote(s), got)
	default:
		r.problem(n.Line, "stage %s is none of upstream's", quote(s))
	}
	r.p.Stage = got
}

// oneOf finds the word that s clearly means: itself in any case (exact), its first word, or itself with one
// slip of the keyboard. A choice of several ("alpha|beta") means none.
func oneOf(s string, words ...string) (word string, exact bool) {
	lower := strings.ToLower(s)
	if slices.Contains(words, lower) {
		return lower, true
	}
	first, rest, _ := strings.Cut(lower, " ")
	first = strings.TrimRight(first, ".,;:")
	if strings.ContainsAny(lower, "|/") || rest != "" && slices.ContainsFunc(strings.Fields(rest), func(w string) bool { return w == "or" }) {
		return "", false
	}
	for _, w := range words {
		if first == w || len(w) > 5 && oneSlip(first, w) {
			return w, false
		}
	}
	return "", false
}

// oneSlip reports whether one letter is missing, added, changed or swapped with the next.
func oneSlip(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return a[i:] == b[i+1:]
	}
	if i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:] {
		return true
	}
	return i < len(a) && a[i+1:] == b[i+1:]
}

func (r *reader) milestones(n *yaml.Node) {
	if s, ok := scalar(n); ok {
		if !isNothing(s) {
			r.problem(n.Line, "milestone %s belongs to no stage", quote(s))
		}
		return
	}
	if n.Kind != yaml.MappingNode {
		r.problem(n.Line, "milestone is not a mapping of stages to releases")
		return
	}
	m := &r.p.Milestones
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], deref(n.Content[i+1])
		var to *string
		switch strings.ToLower(k.Value) {
		case "alpha":
			to = &m.Alpha
		case "beta":
			to = &m.Beta
		case "stable", "ga":
			to = &m.Stable
		case "deprecated":
			to = &m.Deprecated
		case "disabled":
			to = &m.Disabled
		case "removed":
			to = &m.Removed
		default:
			r.problem(k.Line, "milestone has the unknown stage %s", quote(k.Value))
			continue
		}
		if *to != "" {
			r.problem(k.Line, "milestone.%s stands twice; the last one counts", strings.ToLower(k.Value))
		}
		*to = r.release("milestone."+strings.ToLower(k.Value), v)
	}
}

// release reads a milestone. Of several releases the highest counts: it is the one still ahead.
func (r *reader) release(key string, n *yaml.Node) string {
	var parts []string
	if n.Kind == yaml.SequenceNode {
		for _, e := range n.Content[:min(len(n.Content), maxList)] {
			if s, ok := scalar(e); ok {
				parts = append(parts, s)
			}
		}
	} else if s, ok := scalar(n); ok {
		parts = []string{s}
	} else {
		r.problem(n.Line, "%s is not a release", key)
		return ""
	}
	s := strings.Join(parts, ", ")
	found := releases(s)
	found = slices.DeleteFunc(found, func(f string) bool { return f == "0.0" })
	switch {
	case len(found) == 0:
		if !namesNoRelease(s) {
			r.problem(n.Line, "%s %s names no release", key, quote(s))
		}
		return ""
	case len(found) == 1:
		return found[0]
	}
	highest := slices.MaxFunc(found, compareReleases)
	r.problem(n.Line, "%s %s names several releases and is read as %s", key, quote(s), highest)
	return highest
}

// namesNoRelease holds what upstream writes where there is no release, or none yet.
func namesNoRelease(s string) bool {
	switch strings.ToLower(strings.Trim(s, ".?")) {
	case "0.0", "v0.0", "x.y", "vx.y", "never", "unknown", "future":
		return true
	}
	return isNothing(s)
}

// isNothing holds what people write instead of leaving a field empty.
func isNothing(s string) bool {
	switch strings.ToLower(strings.Trim(s, ".?")) {
	case "", "-", "--", "~", "n/a", "na", "none", "null", "nil", "tbd", "todo", "yyyy-mm-dd":
		return true
	}
	return false
}

// isPlaceholder holds the names that upstream's template shows how to fill in.
func isPlaceholder(s string) bool {
	s = strings.TrimPrefix(strings.TrimPrefix(s, "/"), "keps/")
	sig, _, _ := strings.Cut(s, "/")
	rest, ok := strings.CutPrefix(sig, "sig-")
	return ok && len(rest) >= 3 && (strings.Trim(rest, rest[:1]) == "" || rest == "xyz")
}

// oneLine puts a text into one line without control characters, cut to what a list can show.
func oneLine(s string) string {
	plain := len(s) <= maxText
	for i := 0; plain && i < len(s); i++ {
		c := s[i]
		plain = c > ' ' && c < 0x7f || c == ' ' && i > 0 && i < len(s)-1 && s[i-1] != ' '
	}
	if plain {
		return s
	}
	s = strings.Join(strings.FieldsFunc(s, func(c rune) bool { return unicode.IsSpace(c) || unicode.IsControl(c) }), " ")
	if len(s) > maxText {
		cut := maxText - len("…")
		for !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = strings.TrimRight(s[:cut], " ") + "…"
	}
	return s
}

// quote shows a stranger's value in a message: one line, bounded.
func quote(s string) string {
	if s == "" {
		return "(nothing)"
	}
	s = oneLine(s)
	if len(s) > 60 {
		cut := 57
		for !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "…"
	}
	return `"` + s + `"`
}

// digits is the length of the run of digits that s begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
