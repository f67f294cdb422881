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

// enrich puts what the data files say of notes into those of new releases.
func enrich(changes []Change, data *snapshot.NoteDataSet) {
	if data == nil {
		return
	}
	byPR := map[int]snapshot.NoteData{}
	for _, d := range data.Notes {
		byPR[d.PR] = d
	}
	for _, c := range changes {
		if c.Release == nil {
			continue
		}
		for j := range c.Release.Notes {
			n := &c.Release.Notes[j]
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
			}
		}
	}
}

// joinNotes hands each note of a new release to the changed gates it names. A note that asks for action makes
// the gate's change one to act on.
func joinNotes(changes []Change) {
	names := map[string][]int{} // gate to changes
	for i, c := range changes {
		if c.Gate != nil {
			for _, n := range gateNames(*c.Gate) {
				names[n] = append(names[n], i)
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
			for _, gate := range changelog.Mentions(n.Text, func(word string) bool { return names[word] != nil }) {
				n.Gates = append(n.Gates, gate)
				for _, at := range names[gate] {
					g := changes[at].Gate
					g.Notes = append(g.Notes, GateNote{Tag: rc.Release.Tag, Note: n.Note})
					if n.ActionRequired && changes[at].Severity != Act {
						changes[at].Severity, changes[at].Why = Act, "its release note asks for action"
					}
				}
			}
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

// joinProposals finds the proposals that name each changed gate: many to many, letter case aside.
func joinProposals(changes []Change, set *snapshot.ProposalSet) {
	if set == nil {
		return
	}
	index := kep.Index(set.Proposals)
	for _, c := range changes {
		if c.Gate == nil {
			continue
		}
		for _, n := range gateNames(*c.Gate) {
			for _, p := range index.Listing(n) {
				if !slices.ContainsFunc(c.Gate.Proposals, func(x kep.Proposal) bool { return x.Path == p.Path }) {
					c.Gate.Proposals = append(c.Gate.Proposals, p)
				}
			}
		}
	}
}
