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
//   - likely: a comment plans the release, and the lock does not speak against it. 80 % of the forecasts were
//     right, 56 % of those made since v1.32; all others were too early, none too late.
//   - possible: one reason alone, or the release is due already. 47 % were right, 43 % since v1.32; all others
//     but one were too early.
//
// Forecasts err to one side because upstream's rule says from when a gate may go, not when it goes. Who
// removes a setting before the forecast release is safe in all cases but that one.
const (
	Certain  = "certain"
	Likely   = "likely"
	Possible = "possible"
)

// whoseRule is how a gate's removal follows on its lock.
type whoseRule int

const (
	upstreams whoseRule = iota
	// kubeadms is kubeadm's habit, which upstream's check does not look at: all three gates that it locked since
	// v1.33 were gone one minor later.
	kubeadms
)

// ruleOf is the rule for a gate that these components register.
func ruleOf(registered []string) whoseRule {
	if len(registered) > 0 && !slices.ContainsFunc(registered, func(c string) bool { return c != kubeadm }) {
		return kubeadms
	}
	return upstreams
}

// versionedLocks is the first minor whose locks give the users three minors. Upstream checks the distance
// since registrations carry versions; before that two minors were the custom.
const versionedLocks = "1.32"

// Forecast says when a gate, read from an upstream at a version ("": the newest known), is likely to go. It looks at nothing but
// the gate: a lock counts where its spec has a version, and only for components of Kubernetes, whose rule
// it is. A comment at the end of the registration's line counts everywhere.
func Forecast(g gate.Gate, version string) (Removal, bool) {
	minor := Minor(version)
	s, ok := g.Effective(minor)
	if !ok {
		return Removal{}, false
	}
	if !slices.ContainsFunc(g.Components(), func(c string) bool { return slices.Contains(components(), c) }) {
		if g.RemoveIn == "" {
			return Removal{}, false
		}
		return Removal{Release: g.RemoveIn, Rule: "a comment in the source plans it", Confidence: Possible}, true
	}
	return forecast(ruleOf(g.Components()), s.Locked, g.LockedSince(minor), g.RemoveIn, minor)
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
	return forecast(ruleOf(e.registered), e.spec.Locked, h.run(p, name, minor, locked), e.removeIn, minor)
}

func locked(s gate.Spec) bool { return s.Locked }

// forecast weighs the two things that tell of a removal: the lock, with the minor since which it holds ("":
// nobody knows), and the release that a comment names. at "" means that nobody knows what is due already.
func forecast(rule whoseRule, locked bool, since, comment, at string) (Removal, bool) {
	if rule == kubeadms {
		return kubeadmForecast(locked, since, at)
	}
	earliest, distance := "", ""
	if since != "" {
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
		r = Removal{plus(at, 1), "due since " + r.Release + " (" + r.Rule + ")", Possible}
	}
	return r, r.Release != ""
}

// kubeadmForecast needs no release since which the lock holds: kubeadm keeps no gate for long that is locked.
func kubeadmForecast(locked bool, since, at string) (Removal, bool) {
	if !locked {
		return Removal{}, false
	}
	next, how := plus(at, 1), "it is locked"
	if since != "" {
		next, how = plus(since, 1), "it was locked in "+since
		if gate.CompareVersions(next, at) <= 0 {
			next = plus(at, 1)
		}
	}
	return Removal{next, how + ", and kubeadm drops its gates one minor after the lock", Possible}, next != ""
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
