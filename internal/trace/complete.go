package trace

import (
	"fmt"
	"slices"

	"github.com/upstream-digest/bot/internal/gate"
)

// Complete adds to a gate's life what its proposals tell of the time before the oldest release that is known,
// and of the time after the newest: a stage and its release, by an entry of the implementation history about
// the gate; before the oldest also by the milestones of a proposal that has no other gate. Milestones after
// the newest are plans, and so is an entry for a release that no note tells of.
func Complete(s Subject, proposals []Proposal, notes []ReleaseNote, isGate func(string) bool) Subject {
	s.Steps = slices.Clone(s.Steps)
	when := map[gate.Stage]Step{}
	put := func(stage, release, source string) {
		st := stageNamed(stage)
		old, had := when[st]
		if st == "" || release == "" || had && gate.CompareVersions(old.Version, release) <= 0 {
			return
		}
		when[st] = Step{Stage: st, Version: release, Source: source}
	}
	for _, p := range proposals {
		for _, l := range p.History.Lines {
			if len(l.Stages) == 1 && len(l.Releases) == 1 && p.about(l, s, isGate) && !speaksOfElse(l.Text) {
				put(l.Stages[0], l.Releases[0], fmt.Sprintf("%s/README.md:%d", p.Path, l.Line))
			}
		}
	}
	for _, p := range proposals {
		if !p.only(s) {
			continue
		}
		for _, m := range []struct{ stage, release string }{{"alpha", p.Milestones.Alpha}, {"beta", p.Milestones.Beta}, {"stable", p.Milestones.Stable}} {
			if _, had := when[stageNamed(m.stage)]; !had {
				put(m.stage, m.release, p.Path+"/kep.yaml")
			}
		}
	}
	s.before(when)
	s.after(notes, isGate)
	return s
}

// before fills in the stages before the first known release.
func (s *Subject) before(when map[gate.Stage]Step) {
	first := ""
	for i := range s.Steps {
		st := &s.Steps[i]
		if st.Version != "" {
			first = st.Version
			break
		}
		// So it was in the oldest release that is known: since when, only others can tell.
		if found, ok := when[st.Stage]; ok {
			// It has the stage since then; its default is only known of the oldest release.
			st.Version, st.Source, st.Stated, first = found.Version, found.Source, false, found.Version
			break
		}
	}
	rank := func(stage gate.Stage) int { return slices.Index([]gate.Stage{gate.Alpha, gate.Beta, gate.GA}, stage) }
	var early []Step
	for _, stage := range []gate.Stage{gate.Alpha, gate.Beta, gate.GA} {
		found, ok := when[stage]
		if !ok || slices.ContainsFunc(s.Steps, func(x Step) bool { return x.Stage == stage }) {
			continue
		}
		if len(s.Steps) > 0 && s.Steps[0].Stage != gate.Deprecated && rank(stage) >= rank(s.Steps[0].Stage) {
			continue // stages come in their order
		}
		if first == "" && len(s.Steps) > 0 || first != "" && gate.CompareVersions(found.Version, first) >= 0 {
			continue
		}
		if len(s.Steps) == 0 && (s.Latest == "" || gate.CompareVersions(found.Version, s.Latest) > 0) {
			continue
		}
		early = append(early, found)
	}
	slices.SortFunc(early, func(a, b Step) int { return gate.CompareVersions(a.Version, b.Version) })
	s.Steps = append(early, s.Steps...)
	for i := range early {
		s.Steps[i].Roles = []Role{Promoted}
	}
	if len(early) > 0 {
		s.Steps[0].Roles = []Role{Introduced}
		if len(s.Steps) > len(early) {
			next := &s.Steps[len(early)]
			if next.Roles = swapped(next.Roles, Introduced, Promoted); len(next.Roles) == 0 {
				next.Roles = []Role{Promoted}
			}
		}
	}
}

func swapped(roles []Role, from, to Role) []Role {
	out := slices.Clone(roles)
	for i := range out {
		if out[i] == from {
			out[i] = to
		}
	}
	return out
}

// after adds what final release notes say of releases that come after the newest known one.
func (s *Subject) after(notes []ReleaseNote, isGate func(string) bool) {
	if s.Latest == "" || len(s.Steps) == 0 || s.Steps[len(s.Steps)-1].Has(Removed) {
		return
	}
	var late []Step
	for _, n := range notes {
		version := gate.MinorOf(n.Version)
		if gate.CompareVersions(version, s.Latest) <= 0 {
			continue
		}
		for _, t := range Tell(n.Text, *s, isGate) {
			if t.Beside || t.Role != Removed && t.Stage == "" || slices.ContainsFunc(s.Steps, func(x Step) bool { return t.Stage != "" && x.Stage == t.Stage }) ||
				slices.ContainsFunc(late, func(x Step) bool { return x.Version == version && x.Stage == t.Stage }) {
				continue
			}
			late = append(late, Step{Roles: []Role{t.Role}, Stage: t.Stage, Version: version, Source: n.source()})
		}
	}
	slices.SortStableFunc(late, func(a, b Step) int { return gate.CompareVersions(a.Version, b.Version) })
	s.Steps = append(s.Steps, late...)
}
