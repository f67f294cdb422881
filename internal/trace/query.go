package trace

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// Query is what somebody asks for: exactly one field is set.
type Query struct {
	Gate     string // a name, as typed
	Proposal string // a number
	Pull     int
	Words    string
}

// Compiled once and never changed.
var (
	askedKEP   = regexp.MustCompile(`(?i)^(?:https?://)?(?:(?:www\.)?kep\.k8s\.io/|kep-?\s*|(?:github\.com/)?kubernetes/(?:enhancements|features)(?:/issues/|#))0*(\d{1,6})(?:[/#?].*)?$`)
	askedKEPAt = regexp.MustCompile(`(?i)^(?:https?://)?github\.com/kubernetes/enhancements/(?:tree|blob)/[^/]+/keps/(?:[^/]+/)+?0*(\d{1,6})-`)
	askedPull  = regexp.MustCompile(`(?i)^(?:(?:https?://)?github\.com/kubernetes/kubernetes/(?:pull|issues)/|(?:https?://)?pr\.k8s\.io/|kubernetes/kubernetes#|k/k#|#|pr\s*#?)(\d{1,7})(?:[/#?].*)?$`)
	askedDocs  = regexp.MustCompile(`(?i)^(?:https?://)?kubernetes\.io/docs/.*/feature-gates(?:-removed)?/#(\w+)$`)
	askedName  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{2,99}$`)
)

// lowestPull is about where kubernetes/kubernetes' pull requests of gates begin to be higher than any proposal's number.
const lowestPull = 10000

// ParseQuery reads what somebody typed. A bare number is a proposal's where it is low, else a pull request's.
func ParseQuery(text string) Query {
	text = strings.TrimSpace(text)
	for _, form := range []*regexp.Regexp{askedKEP, askedKEPAt} {
		if m := form.FindStringSubmatch(text); m != nil {
			return Query{Proposal: m[1]}
		}
	}
	if m := askedPull.FindStringSubmatch(text); m != nil {
		if n, ok := number(m[1]); ok {
			return Query{Pull: n}
		}
	}
	if m := askedDocs.FindStringSubmatch(text); m != nil {
		return Query{Gate: m[1]}
	}
	if isNumber(text) {
		if n, ok := number(text); ok && n >= lowestPull {
			return Query{Pull: n}
		}
		return Query{Proposal: strings.TrimLeft(text, "0")}
	}
	if name, _, _ := strings.Cut(text, "="); askedName.MatchString(name) {
		return Query{Gate: name}
	}
	return Query{Words: text}
}

// Fit finds the gates whose names have the words, the closest first. A gate fits where all words of the question are in
// its name, or in what else is known of it (its description, its proposal's title); about gives that. Where
// a gate's name has them all, others that have some of them only elsewhere are left out.
func Fit(words string, gates []string, about func(gate string) string) []string {
	type fit struct {
		gate string
		in   bool // all in the name
		part float64
	}
	asked := slices.DeleteFunc(fold(words), func(w string) bool {
		return among(w, "the", "a", "an", "of", "for", "in", "on", "and", "to", "is", "feature", "gate", "enable", "kubernetes", "support", "by", "with")
	})
	if len(asked) == 0 {
		return nil
	}
	var fits []fit
	for _, g := range gates {
		have := fold(g)
		more := append(slices.Clone(have), fold(about(g))...)
		in, all := true, true
		for _, w := range asked {
			in = in && slices.Contains(have, w)
			all = all && slices.Contains(more, w)
		}
		if all {
			fits = append(fits, fit{g, in, Cover(g, words)})
		}
	}
	if slices.ContainsFunc(fits, func(f fit) bool { return f.in }) {
		fits = slices.DeleteFunc(fits, func(f fit) bool { return !f.in })
	}
	slices.SortFunc(fits, func(a, b fit) int { return cmp.Or(cmp.Compare(b.part, a.part), cmp.Compare(a.gate, b.gate)) })
	var out []string
	for _, f := range fits {
		out = append(out, f.gate)
	}
	return out
}
