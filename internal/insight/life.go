package insight

import (
	"cmp"
	"slices"

	"github.com/upstream-digest/bot/internal/gate"
)

// Life is a gate's way through all releases that are known.
type Life struct {
	Gate       string
	Const      string // "" where nobody knows it
	Registered []string
	KEPs       []string // that the newest source names
	// Steps are oldest first. The first has Release "" where the gate was so in the oldest known release already, and
	// nothing says since when.
	Steps []Step
	// RemoveIn is the release in which a comment in the source plans its removal, "" none.
	RemoveIn string
}

// Life follows a gate from the first release that is known to the last. Where specs have versions these tell, too,
// of releases that are not known; where a release itself is known and says otherwise, it counts. It is false
// for a gate that never was.
func (h *History) Life(name string) (Life, bool) {
	present := h.present[name]
	if len(present) == 0 {
		return Life{}, false
	}
	l := Life{Gate: name}
	seen := map[string]Step{} // by release
	observed := map[string]bool{}
	versioned := false
	was := false
	for i, r := range h.releases {
		states := h.states(r)
		s, there := states[name]
		if !there {
			if was && !slices.ContainsFunc(l.Registered, func(c string) bool { return !h.Covered(c, r) }) {
				seen[r] = Step{Release: r, Removed: true}
				was = false
			}
			continue
		}
		l.Registered, l.RemoveIn = s.registered, s.removeIn
		if len(s.keps) > 0 {
			l.KEPs = s.keps
		}
		if s.Since == "" {
			release := r
			if !was && (i == 0 || slices.ContainsFunc(s.registered, func(c string) bool { return !h.Covered(c, h.releases[i-1]) })) {
				release = ""
			}
			seen[release] = Step{Release: release, Stage: s.Stage, Default: s.Default, Locked: s.Locked}
			observed[r] = release != ""
		} else {
			versioned = true
		}
		was = true
	}
	if versioned {
		h.fromSpecs(name, present[len(present)-1], observed, seen)
	}
	releases := make([]string, 0, len(seen))
	for r := range seen {
		releases = append(releases, r)
	}
	// What was so in the oldest release follows what specs say of the time before.
	oldest := func(r string) string { return cmp.Or(r, h.releases[0]) }
	slices.SortFunc(releases, func(a, b string) int {
		return cmp.Or(gate.CompareVersions(oldest(a), oldest(b)), len(a)-len(b))
	})
	var last *Step
	for _, r := range releases {
		s := seen[r]
		if last != nil && last.Removed == s.Removed && last.Stage == s.Stage && last.Default == s.Default && last.Locked == s.Locked {
			continue
		}
		l.Steps = append(l.Steps, s)
		last = &s
	}
	return l, true
}

// fromSpecs adds what the specs of the newest release that has the gate say of all releases that were not seen
// without versions. A first spec of 1.0 only means that it always was so.
func (h *History) fromSpecs(name, release string, observed map[string]bool, seen map[string]Step) {
	var specs []gate.Spec
	for _, e := range h.at[release].gates[name] {
		if specs == nil || slices.Contains(e.registered, kubernetes) {
			specs = e.specs
		}
	}
	for _, s := range specs {
		if s.Since == "" || observed[s.Since] || gate.CompareVersions(s.Since, release) > 0 {
			continue
		}
		r := s.Since
		if r == "1.0" {
			r = ""
		}
		if old, had := seen[""]; had && r != "" && old.Stage == s.Stage && old.Default == s.Default && old.Locked == s.Locked {
			delete(seen, "") // the spec says since when
		}
		seen[r] = Step{Release: r, Stage: s.Stage, Default: s.Default, Locked: s.Locked}
	}
}

// Suggest names the gates that somebody probably meant by a misspelt name, the nearest first, three at most.
func (h *History) Suggest(name string) []string {
	if name == "" || len(name) > 100 {
		return nil
	}
	return Nearest(name, h.names)
}

// Names lists every gate there ever was, sorted.
func (h *History) Names() []string { return slices.Clone(h.names) }
