package diff

import (
	"slices"

	"github.com/upstream-digest/bot/internal/kep"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// Relisting is a proposal that names gate To where it named From before. That says nothing of the code: the two
// may be one gate under another name, or two.
type Relisting struct {
	Proposal kep.Proposal // as it is now
	From, To string
	// Both says that From was removed and To added in the same comparison.
	Both bool
}

// joinRelisted follows gates by the number of the proposal that names them: whoever sets the gate that goes should
// know which one the proposal names now. The gate that comes is told of the other where that went in the same
// comparison; else both may be there.
func joinRelisted(changes []Change, before, after *snapshot.ProposalSet) {
	if before == nil || after == nil {
		return
	}
	removed, added := map[string][]*GateChange{}, map[string][]*GateChange{}
	for _, c := range changes {
		switch {
		case c.Gate == nil:
		case c.Has(GateRemoved):
			removed[kep.FoldGate(c.Gate.Name())] = append(removed[kep.FoldGate(c.Gate.Name())], c.Gate)
		case c.Has(GateAdded):
			added[kep.FoldGate(c.Gate.Name())] = append(added[kep.FoldGate(c.Gate.Name())], c.Gate)
		}
	}
	pairs, _, _ := matchProposals(before.Proposals, after.Proposals)
	for _, p := range pairs {
		now := p[1]
		for _, r := range kep.Renamed(p[0], now) {
			gone, came := removed[kep.FoldGate(r.From)], added[kep.FoldGate(r.To)]
			if len(gone) == 0 {
				continue
			}
			re := Relisting{Proposal: now, From: r.From, To: r.To, Both: len(came) > 0}
			for _, g := range slices.Concat(gone, came) {
				g.Relisted = append(g.Relisted, re)
			}
		}
	}
}
