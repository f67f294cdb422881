package insight

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/gate"
)

// Upgrade is what becomes of gates between two minors. A gate is in one list only, by what it is in the
// end, with its way there. Lists are sorted by name.
type Upgrade struct {
	From, To       string    // "1.33"
	Removed        []Passage // gone: a component that sets one does not start
	Locked         []Passage // locked at To and not at From
	DefaultChanged []Passage // another default, and not locked
	NewOn          []Passage // not there at From, on by default at To
	Deprecated     []Passage // deprecated at To and not at From, new ones too
	ChangedBack    []Passage // changed on the way, and are as they were
	NewOff         []Passage // not there at From, past alpha, off by default
	Promoted       []Passage // a later stage, with the same default and lock
	Other          []Passage // changed in any other way
	NewAlpha       []Passage // not there at From, alpha and off
	Passing        []string  // came and went
	// NotCovered names what nobody knows: components with the releases on the way at which they are not covered.
	NotCovered []string
	// Sources says of each release on the way where it was read: "table".
	Sources map[string]string
}

// Passage is one gate's way from one release to another.
type Passage struct {
	Gate       string
	Registered []string // components, sorted
	Before     *State   // at From, or where it is known first; nil: it is not there
	BeforeAt   string   // the release that Before is of
	After      *State   // at To; nil: it is not there
	Steps      []Step   // what happened on the way, in order
	KEPs       []string
	RemoveIn   string // the release in which a comment in the source plans its removal, "" none
}

// State is what a gate is at a release.
type State struct {
	Stage   gate.Stage `json:"stage"`
	Default bool       `json:"default"`
	Locked  bool       `json:"locked"`
	Since   string     `json:"since"` // the version of the spec in force, "" where registrations had none
}

func (s State) equal(o State) bool {
	return s.Stage == o.Stage && s.Default == o.Default && s.Locked == o.Locked
}

// Step is a change that a release made.
type Step struct {
	Release string     `json:"release"`
	Stage   gate.Stage `json:"stage"` // "" when it was removed
	Default bool       `json:"default"`
	Locked  bool       `json:"locked"`
	Removed bool       `json:"removed"`
}

// sighting is a gate at a release.
type sighting struct {
	State
	registered, keps []string
	removeIn         string
}

// Upgrade tells what becomes of gates between two minors. Both have to be known, and From the lower one.
func (h *History) Upgrade(from, to string) (Upgrade, error) {
	known := h.releases
	for _, v := range []string{from, to} {
		if !slices.Contains(known, v) {
			return Upgrade{}, fmt.Errorf("nothing is known of gates at %q; known are %s", v, strings.Join(known, ", "))
		}
	}
	if gate.CompareVersions(from, to) >= 0 {
		return Upgrade{}, fmt.Errorf("an upgrade from %s to %s: the second version has to be the higher one", from, to)
	}
	u := Upgrade{From: from, To: to, Sources: map[string]string{}}
	var way []string
	at := map[string]map[string]sighting{}
	names := map[string]bool{}
	for _, r := range known[slices.Index(known, from) : slices.Index(known, to)+1] {
		way = append(way, r)
		at[r] = h.states(r)
		u.Sources[r] = h.at[r].source
		for name := range at[r] {
			names[name] = true
		}
	}
	notCovered := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		p, seen, ok := h.passage(way, at, name)
		for _, c := range p.Registered {
			for _, r := range way {
				if !h.Covered(c, r) && !slices.Contains(notCovered[c], r) {
					notCovered[c] = append(notCovered[c], r)
				}
			}
		}
		if ok {
			u.add(p, seen)
		}
	}
	for _, c := range slices.Sorted(maps.Keys(notCovered)) {
		slices.SortFunc(notCovered[c], gate.CompareVersions)
		u.NotCovered = append(u.NotCovered, c+" at "+strings.Join(notCovered[c], ", "))
	}
	return u, nil
}

// states gives each gate as the main binaries have it, or else as the first that registers it.
func (h *History) states(minor string) map[string]sighting {
	out := map[string]sighting{}
	for name, entries := range h.at[minor].gates {
		best := slices.MinFunc(entries, func(a, b entry) int {
			main := func(e entry) int {
				if slices.Contains(e.registered, kubernetes) {
					return 0
				}
				return 1
			}
			return cmp.Or(main(a)-main(b), slices.Compare(a.registered, b.registered))
		})
		s := best.spec
		out[name] = sighting{
			State:      State{Stage: s.Stage, Default: s.Default, Locked: s.Locked, Since: s.Since},
			registered: best.registered, keps: best.keps, removeIn: best.removeIn,
		}
	}
	return out
}

// passage follows a gate. It is false where nobody knows what the gate is in the end.
func (h *History) passage(way []string, at map[string]map[string]sighting, name string) (p Passage, seen, ok bool) {
	p = Passage{Gate: name}
	absent := func(r string) bool { // surely, not for want of knowledge
		return !slices.ContainsFunc(p.Registered, func(c string) bool { return !h.Covered(c, r) })
	}
	for _, r := range way { // what is said of it last counts
		if s, there := at[r][name]; there {
			p.Registered, p.KEPs, p.RemoveIn = s.registered, s.keps, s.removeIn
		}
	}
	var last *State
	begun := false
	for _, r := range way {
		s, there := at[r][name]
		if !there && !absent(r) {
			ok = false
			continue
		}
		ok = true
		seen = seen || there
		if !begun {
			begun = true
			p.BeforeAt = r
			if there {
				st := s.State
				p.Before, last = &st, &st
			}
			continue
		}
		switch {
		case there && (last == nil || !last.equal(s.State)):
			p.Steps = append(p.Steps, Step{Release: r, Stage: s.Stage, Default: s.Default, Locked: s.Locked})
		case !there && last != nil:
			p.Steps = append(p.Steps, Step{Release: r, Removed: true})
		}
		last = nil
		if there {
			st := s.State
			last = &st
		}
	}
	p.After = last
	return p, seen, ok
}

// add puts a passage into its list.
func (u *Upgrade) add(p Passage, seen bool) {
	into := func(list *[]Passage) { *list = append(*list, p) }
	b, a := p.Before, p.After
	switch {
	case len(p.Steps) == 0:
	case a == nil && b == nil:
		if seen {
			u.Passing = append(u.Passing, p.Gate)
		}
	case a == nil:
		into(&u.Removed)
	case b == nil && a.Stage == gate.Deprecated:
		into(&u.Deprecated)
	case b == nil && a.Default:
		into(&u.NewOn)
	case b == nil && (a.Stage == gate.Alpha || a.Stage == gate.PreAlpha):
		into(&u.NewAlpha)
	case b == nil:
		into(&u.NewOff)
	case a.Locked && (!b.Locked || a.Default != b.Default):
		into(&u.Locked)
	case a.Default != b.Default:
		into(&u.DefaultChanged)
	case a.Stage == gate.Deprecated && b.Stage != gate.Deprecated:
		into(&u.Deprecated)
	case a.equal(*b):
		into(&u.ChangedBack)
	case a.Locked == b.Locked && order(a.Stage) > order(b.Stage):
		into(&u.Promoted)
	default:
		into(&u.Other)
	}
}

// order is how far a stage is.
func order(s gate.Stage) int {
	return slices.Index([]gate.Stage{gate.PreAlpha, gate.Alpha, gate.Beta, gate.GA, gate.Deprecated}, s)
}
