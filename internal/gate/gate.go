// Package gate is the vocabulary of feature gates and the parser that reads them from Go source.
//
// A gate's identity is the string a user types (`--feature-gates=FastWidget=true`), never the Go
// constant's name: six gates of Kubernetes differ in the two, and users only ever see the string.
//
// The parser reads packages, not files: a constant and its registration may stand in different
// files, and one map key in five names a constant of another package. What it cannot read it says,
// with file and line ([Diagnostic]); it never yields fewer gates in silence ([Result.Unread]).
//
// The package is a leaf: bytes in, values out. It imports nothing of ours, no net/http and no os.
package gate

import (
	"slices"
	"strings"

	"golang.org/x/mod/semver"
)

// ParserVersion is the number of this parser. It rises whenever the same source would be read as
// other values, so that a new bot re-reads its base before it compares and invents no change.
const ParserVersion = 1

// Stage is the maturity of a gate at one version.
type Stage string

// The stages, as users write them. PreAlpha exists in component-base since v1.33 and no
// registration uses it yet.
const (
	PreAlpha   Stage = "pre-alpha"
	Alpha      Stage = "alpha"
	Beta       Stage = "beta"
	GA         Stage = "ga"
	Deprecated Stage = "deprecated"
)

// Spec says what a gate is since one version.
type Spec struct {
	// Since is the version the spec came into force, "1.33"; "" where registrations had no
	// versions (Kubernetes up to v1.31, many other projects today).
	Since string `json:"since"`
	Stage Stage  `json:"stage"`
	// Default is the value the gate has when nobody sets it.
	Default bool `json:"default"`
	// Locked means that setting the gate to anything but Default is refused.
	Locked bool `json:"locked"`
	// Line is the line of the spec in the file of its registration (Gate.Registered[0].File), from 1.
	Line int `json:"line"`
}

// Same reports whether two specs say the same; where they stand does not count.
func (s Spec) Same(o Spec) bool {
	s.Line, o.Line = 0, 0
	return s == o
}

// Position is a place in the upstream repository.
type Position struct {
	File string `json:"file"` // path from the repository's root
	Line int    `json:"line"` // from 1
}

// Registration is one place where a component puts a gate into a registry.
type Registration struct {
	Component string `json:"component"`
	File      string `json:"file"`
	Line      int    `json:"line"` // line of the map key
}

// Gate is one feature gate as an upstream declares it at one commit.
type Gate struct {
	// Name is the string users type.
	Name string `json:"name"`
	// Variant is "" for nearly all gates. Where components register one name with unequal specs
	// each distinct registration is a gate of its own, and Variant names its components ("a+b").
	Variant string `json:"variant,omitempty"`
	// Const is the Go constant's name; "" where the key is a string literal.
	Const string `json:"const"`
	// Description is the first sentence of the constant's doc comment, as upstream wrote it.
	Description string `json:"description"`
	// Component is where the constant is declared ("apiserver"); for a literal key, where it is registered.
	Component string `json:"component"`
	// Declared is the constant's place; for a literal key, the key's.
	Declared Position `json:"declared"`
	// Registered lists the registrations, by component, then file. Never empty: a constant that
	// nobody registers is no gate.
	Registered []Registration `json:"registered"`
	// Specs ascend by version.
	Specs []Spec `json:"specs"`
	// Owners as written in the doc comment, "@name", in order.
	Owners []string `json:"owners"`
	// KEPs are the proposal numbers named in the doc comment, in order ("2411").
	KEPs []string `json:"keps"`
	// RemoveIn is the release ("1.36") in which a trailing comment plans the gate's removal, else "".
	RemoveIn string `json:"remove_in,omitempty"`
	// DependsOn are the gates (strings) this one needs. nil: upstream declares no dependencies for
	// it at this commit (all of Kubernetes before v1.35); empty: it declares that there are none.
	DependsOn []string `json:"depends_on"`
}

// Key is what a gate is matched by within one upstream and commit.
func (g Gate) Key() string { return g.Name + "\x00" + g.Variant }

// Components lists where the gate is declared or registered, sorted, each once.
func (g Gate) Components() []string {
	out := make([]string, 0, len(g.Registered)+1)
	if g.Component != "" {
		out = append(out, g.Component)
	}
	for _, r := range g.Registered {
		out = append(out, r.Component)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Effective returns the spec in force at version ("1.36"): the last whose version is not above it.
// It looks at versions, not at positions. An empty version means "the newest known". It returns
// false when every spec lies above version: the gate is only scheduled there.
func (g Gate) Effective(version string) (Spec, bool) {
	var best Spec
	found := false
	for _, s := range g.Specs {
		if above(s.Since, version) {
			continue
		}
		if !found || CompareVersions(s.Since, best.Since) >= 0 {
			best, found = s, true
		}
	}
	return best, found
}

// Scheduled returns the specs above version, ascending: planned there, not in force.
func (g Gate) Scheduled(version string) []Spec {
	var out []Spec
	for _, s := range g.Specs {
		if above(s.Since, version) {
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b Spec) int { return CompareVersions(a.Since, b.Since) })
	return out
}

// Introduced is the version of the first spec that says something new. A first row "1.0 GA" before
// others only means "as it always was" (twelve gates at v1.36), so it does not count. "" when unknown.
func (g Gate) Introduced() string {
	specs := slices.Clone(g.Specs)
	slices.SortStableFunc(specs, func(a, b Spec) int { return CompareVersions(a.Since, b.Since) })
	for i, s := range specs {
		if s.Since == "1.0" && s.Stage == GA && i < len(specs)-1 {
			continue
		}
		return s.Since
	}
	return ""
}

// LockedSince is the version since which the gate has been locked without a break up to version,
// or "" when it is not locked there or its registrations carry no versions.
func (g Gate) LockedSince(version string) string {
	eff, ok := g.Effective(version)
	if !ok || !eff.Locked {
		return ""
	}
	specs := slices.Clone(g.Specs)
	slices.SortStableFunc(specs, func(a, b Spec) int { return CompareVersions(a.Since, b.Since) })
	since := ""
	for _, s := range specs {
		switch {
		case above(s.Since, version):
		case !s.Locked:
			since = ""
		case since == "":
			since = s.Since
		}
	}
	return since
}

// above reports whether a spec's version lies above the version a commit stands for. Specs know only
// minors, and v1.37.0-alpha.2 already runs as 1.37, so the minor of version decides.
func above(since, version string) bool {
	minor := MinorOf(version)
	return minor != "" && since != "" && CompareVersions(since, minor) > 0
}

// CompareVersions compares two versions such as "1.9", "v1.36.0-alpha.2" or "" (lowest) by semver.
func CompareVersions(a, b string) int {
	return semver.Compare(canonical(a), canonical(b))
}

func canonical(v string) string {
	if v == "" || strings.HasPrefix(v, "v") {
		return v
	}
	return "v" + v
}

// MinorOf cuts a version to "major.minor": "v1.36.2" gives "1.36". It returns "" for what is no version.
func MinorOf(version string) string {
	return strings.TrimPrefix(semver.MajorMinor(canonical(version)), "v")
}

// Diagnostic is something in the source that the parser could not read, or read only by a guess.
type Diagnostic struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Message string `json:"message"`
	// Lost says that a registration could not be read at all. If its name is known it is in
	// Result.Unread; if not, nobody can say which gates are missing and the whole result may
	// not be compared (Result.Incomplete).
	Lost bool `json:"lost,omitempty"`
}
