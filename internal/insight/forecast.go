package insight

import (
	"slices"
	"strconv"
	"strings"

	"github.com/upstream-digest/bot/internal/gate"
)

// The words for how sure a removal is. TestBackTest measures them on the embedded history and holds them:
//
//   - certain: no forecast. The gate is gone in a later release that is known.
//   - likely: a comment plans the release, and the lock does not speak against it. Right in four of five
//     forecasts (in a little more than half of those since locks carry versions); never yet has a gate
//     gone earlier.
//   - possible: one reason alone, or the release was due already. Right in two of five; the others mostly
//     went later, for upstream's rule says from when a gate may go, not when it goes.
const (
	Certain  = "certain"
	Likely   = "likely"
	Possible = "possible"
)

// versionedLocks is the first minor whose locks give the users three minors. Upstream checks the distance
// since registrations carry versions; before that two minors were the custom.
const versionedLocks = "1.32"

// Forecast says when a gate, read from an upstream at a version, is likely to go. It looks at nothing but
// the gate: a lock counts where its spec has a version, and only for components of Kubernetes, whose rule
// it is. A comment at the end of the registration's line counts everywhere.
func Forecast(g gate.Gate, version string) (Removal, bool) {
	minor := Minor(version)
	s, ok := g.Effective(minor)
	if !ok || minor == "" {
		return Removal{}, false
	}
	if !slices.ContainsFunc(g.Components(), func(c string) bool { return slices.Contains(components(), c) }) {
		if g.RemoveIn == "" {
			return Removal{}, false
		}
		return Removal{Release: g.RemoveIn, Rule: "a comment in the source plans it", Confidence: Possible}, true
	}
	return forecast(s.Locked, g.LockedSince(minor), g.RemoveIn, minor)
}

// Removal says when a gate that a component ("kubelet"; "" for any) may set at a version goes: as a fact
// where a later release is known that does not have it, else as a forecast.
func (h *History) Removal(component, name, version string) (Removal, bool) {
	p, ok := programOf(component)
	minor := Minor(version)
	if !ok || minor == "" {
		return Removal{}, false
	}
	return h.removal(p, name, minor)
}

func (h *History) removal(p program, name, minor string) (Removal, bool) {
	if gone := h.gone(p, name, minor); gone != "" {
		return Removal{Release: gone, Rule: "it is gone there (" + h.at[gone].source + ")", Confidence: Certain}, true
	}
	return h.forecast(p, name, minor)
}

// gone is the first release after minor that is known not to have the gate, "" for none.
func (h *History) gone(p program, name, minor string) string {
	if _, u := h.find(p, name, minor); u == no {
		return ""
	}
	for _, later := range h.releases {
		if gate.CompareVersions(later, minor) <= 0 {
			continue
		}
		if _, u := h.find(p, name, later); u == no && len(h.missing(p, name, later)) == 0 {
			return later
		}
	}
	return ""
}

// forecast looks at nothing that came after minor.
func (h *History) forecast(p program, name, minor string) (Removal, bool) {
	e, u := h.find(p, name, minor)
	if u == no {
		return Removal{}, false
	}
	return forecast(e.spec.Locked, h.run(p, name, minor, locked), e.removeIn, minor)
}

func locked(s gate.Spec) bool { return s.Locked }

// forecast weighs the two things that tell of a removal: the lock, with the minor since which it holds ("":
// nobody knows), and the release that a comment names.
func forecast(locked bool, since, comment, at string) (Removal, bool) {
	earliest, distance := "", ""
	if locked && since != "" {
		n := 2
		distance = "two"
		if gate.CompareVersions(since, versionedLocks) >= 0 {
			n, distance = 3, "three"
		}
		earliest = plus(since, n)
	}
	var r Removal
	switch {
	case comment != "" && earliest != "" && gate.CompareVersions(comment, earliest) >= 0:
		r = Removal{comment, "a comment in the source plans it, and it was locked in " + since, Likely}
	case comment != "" && earliest != "" && distance == "three":
		r = Removal{earliest, "upstream's rule: three minors after it was locked in " + since + "; a comment in the source says " + comment, Possible}
	case comment != "" && locked && earliest == "":
		r = Removal{comment, "a comment in the source plans it, and it is locked", Likely}
	case comment != "" && (locked || gate.CompareVersions(comment, at) > 0):
		r = Removal{comment, "a comment in the source plans it", Possible}
	case earliest != "":
		r = Removal{earliest, "upstream's rule: " + distance + " minors after it was locked in " + since, Possible}
	default:
		// What is not locked goes when somebody has time for it: no rule over stage and age was right in
		// more than one of five cases.
		return Removal{}, false
	}
	if gate.CompareVersions(r.Release, at) <= 0 {
		r = Removal{plus(at, 1), "due since " + r.Release + ": " + r.Rule, Possible}
	}
	return r, r.Release != ""
}

// plus counts minors on: plus("1.33", 3) is "1.36". "" for what is no minor.
func plus(minor string, n int) string {
	major, rest, ok := strings.Cut(minor, ".")
	m, err := strconv.Atoi(rest)
	if !ok || err != nil {
		return ""
	}
	return major + "." + strconv.Itoa(m+n)
}
