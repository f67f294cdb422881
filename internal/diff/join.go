package diff

import (
	"slices"

	"github.com/upstream-digest/bot/internal/changelog"
	"github.com/upstream-digest/bot/internal/kep"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// GateNote is a release note that names a gate, and the release it belongs to.
type GateNote struct {
	Tag  string
	Note snapshot.Note
}

// enricher puts what the data files say of a note into it.
func enricher(data *snapshot.NoteDataSet) func(snapshot.Note) snapshot.Note {
	byPR := map[int]snapshot.NoteData{}
	if data != nil {
		for _, d := range data.Notes {
			byPR[d.PR] = d
		}
	}
	return func(n snapshot.Note) snapshot.Note {
		for _, pr := range n.PRs {
			d, ok := byPR[pr]
			if !ok {
				continue
			}
			n.ActionRequired = n.ActionRequired || d.ActionRequired
			for _, k := range d.KEPs {
				if !slices.Contains(n.KEPs, k) {
					n.KEPs = append(slices.Clone(n.KEPs), k)
				}
			}
			if len(n.SIGs) == 0 {
				n.SIGs = d.SIGs
			}
			if len(n.Kinds) == 0 {
				n.Kinds = d.Kinds
			}
		}
		return n
	}
}

// joinNotes hands each note of a new release to the changed gates it names. A note that asks for action makes
// the gate's change one to act on. What a pre-release told before is not told again, but proves a change that comes
// after it.
func joinNotes(changes []Change) {
	names := map[string][]int{} // gate to changes
	for i, c := range changes {
		if c.Gate != nil {
			for _, n := range gateNames(*c.Gate) {
				names[n] = append(names[n], i)
			}
		}
	}
	known := func(word string) bool { return names[word] != nil }
	hand := func(tag string, n snapshot.Note) (gates []string) {
		var handed []int
		gates = changelog.Mentions(n.Text, known)
		for _, gate := range gates {
			for _, at := range names[gate] {
				if slices.Contains(handed, at) { // it names the gate by its old name, too
					continue
				}
				handed = append(handed, at)
				changes[at].Gate.Notes = append(changes[at].Gate.Notes, GateNote{Tag: tag, Note: n})
				if n.ActionRequired && changes[at].Severity != Act {
					changes[at].Severity, changes[at].Why = Act, "its release note asks for action"
				}
			}
		}
		return gates
	}
	for i := range changes {
		rc := changes[i].Release
		if rc == nil {
			continue
		}
		for j := range rc.Notes {
			rc.Notes[j].Gates = hand(rc.Release.Tag, rc.Notes[j].Note)
		}
		for _, n := range rc.Earlier {
			hand(rc.Release.Tag, n)
		}
		changes[i].Severity, changes[i].Why = releaseSeverity(*rc)
	}
}

func gateNames(g GateChange) []string {
	out := []string{g.Name()}
	if g.Before != nil && g.Before.Name != out[0] {
		out = append(out, g.Before.Name)
	}
	return out
}

// takeBack lets releases tell the notes of gates that nobody tells, because the digest is of other components or
// severities.
func takeBack(changes []Change, kept func(Change) bool) {
	told := map[string]bool{}
	for _, c := range changes {
		if c.Gate != nil && kept(c) {
			for _, n := range gateNames(*c.Gate) {
				told[n] = true
			}
		}
	}
	for i := range changes {
		rc := changes[i].Release
		if rc == nil {
			continue
		}
		for j := range rc.Notes {
			n := &rc.Notes[j]
			n.Gates = slices.DeleteFunc(n.Gates, func(g string) bool { return !told[g] })
		}
		changes[i].Severity, changes[i].Why = releaseSeverity(*rc)
	}
}

// joinProposals finds the proposals that name each changed gate: many to many, letter case aside.
func joinProposals(changes []Change, set *snapshot.ProposalSet) {
	if set == nil {
		return
	}
	index := kep.Index(set.Proposals)
	for _, c := range changes {
		switch {
		case c.Gate != nil:
			c.Gate.Proposals = listing(index, gateNames(*c.Gate), c.Gate.Proposals)
		case c.Doc != nil:
			c.Doc.Proposals = listing(index, []string{c.ID}, nil)
		}
	}
}

// listing adds to known the proposals that list a gate by any of its names.
func listing(index kep.Lookup, names []string, known []kep.Proposal) []kep.Proposal {
	for _, n := range names {
		for _, p := range index.Listing(n) {
			if !slices.ContainsFunc(known, func(x kep.Proposal) bool { return x.Path == p.Path }) {
				known = append(known, p)
			}
		}
	}
	return known
}
