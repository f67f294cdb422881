package diff

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/kep"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// ProposalChange is a design proposal before and after; nil where it does not exist on that side.
type ProposalChange struct {
	Before, After *kep.Proposal
	// GatesAdded and GatesDropped are gates that the proposal names now, or no longer.
	GatesAdded, GatesDropped []string
}

// Newest is the newest side that there is.
func (p ProposalChange) Newest() *kep.Proposal {
	if p.After != nil {
		return p.After
	}
	return p.Before
}

// Proposals compares two sets of proposals. What upstream's file calls stage and latest milestone is a target,
// not what was shipped; the kinds say so.
func Proposals(before, after snapshot.ProposalSet) []Change {
	pairs, gone, came := matchProposals(before.Proposals, after.Proposals)
	var out []Change
	for _, p := range pairs {
		out = appendProposal(out, &p[0], &p[1])
	}
	for _, p := range gone {
		if !unreadProposal(after, p) {
			out = appendProposal(out, &p, nil)
		}
	}
	for _, p := range came {
		if !unreadProposal(before, p) {
			out = appendProposal(out, nil, &p)
		}
	}
	slices.SortFunc(out, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Proposal.Newest().Path, b.Proposal.Newest().Path))
	})
	return out
}

// matchProposals pairs proposals: those in the same folder, and then those with the same number, where neither side
// has it twice. A number may be written later, or mended; a folder may move.
func matchProposals(before, after []kep.Proposal) (pairs [][2]kep.Proposal, gone, came []kep.Proposal) {
	pair := func(olds, news []kep.Proposal, key func(kep.Proposal) string) (gone, came []kep.Proposal) {
		count := map[string]int{}
		at := map[string]kep.Proposal{}
		for _, p := range olds {
			count[key(p)]++
		}
		for _, p := range news {
			count[key(p)] += 1 << 16
			at[key(p)] = p
		}
		const once = 1<<16 + 1
		for _, p := range olds {
			if k := key(p); k != "" && count[k] == once {
				pairs = append(pairs, [2]kep.Proposal{p, at[k]})
			} else {
				gone = append(gone, p)
			}
		}
		for _, p := range news {
			if k := key(p); k == "" || count[k] != once {
				came = append(came, p)
			}
		}
		return gone, came
	}
	gone, came = pair(before, after, func(p kep.Proposal) string { return p.Path })
	gone, came = pair(gone, came, func(p kep.Proposal) string { return p.Number })
	return pairs, gone, came
}

// unreadProposal reports whether a set has a proposal, by its folder or the number in the folder's name, that could
// not be read.
func unreadProposal(set snapshot.ProposalSet, p kep.Proposal) bool {
	return slices.ContainsFunc(set.Unread, func(path string) bool {
		return path == p.Path || p.Number != "" && kep.FolderNumber(path) == p.Number
	})
}

func appendProposal(out []Change, old, cur *kep.Proposal) []Change {
	pc := &ProposalChange{Before: old, After: cur}
	if old != nil && cur != nil {
		pc.GatesAdded, pc.GatesDropped = without(cur.Gates, old.Gates), without(old.Gates, cur.Gates)
	}
	kinds := proposalKinds(pc)
	if len(kinds) == 0 {
		return out
	}
	p := pc.Newest()
	c := Change{Source: snapshot.SourceProposals, Kinds: kinds, ID: cmp.Or(p.Number, p.Path), Proposal: pc}
	c.Severity, c.Why = proposalSeverity(c)
	return append(out, c)
}

func without(gates, others []kep.Gate) []string {
	var out []string
	for _, g := range gates {
		same := func(o kep.Gate) bool { return strings.EqualFold(o.Name, g.Name) }
		if !slices.ContainsFunc(others, same) {
			out = append(out, g.Name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func proposalKinds(pc *ProposalChange) []Kind {
	old, cur := pc.Before, pc.After
	switch {
	case old == nil:
		return []Kind{ProposalAdded}
	case cur == nil:
		return []Kind{ProposalRemoved}
	}
	var kinds []Kind
	add := func(k Kind, when bool) {
		if when {
			kinds = append(kinds, k)
		}
	}
	add(ProposalStage, old.Stage != cur.Stage)
	add(ProposalStatus, old.Status != cur.Status)
	add(ProposalRetargeted, old.Target != cur.Target || old.Milestones != cur.Milestones)
	add(ProposalGates, len(pc.GatesAdded)+len(pc.GatesDropped) > 0)
	add(ProposalMoved, old.Path != cur.Path)
	return kinds
}

// given up are the states of a proposal that will not be built.
var givenUp = []string{"withdrawn", "rejected", "deferred", "replaced", "superseded"}

func proposalSeverity(c Change) (Severity, string) {
	p := c.Proposal
	switch {
	case c.Has(ProposalRemoved):
		return Know, "its file is gone"
	case c.Has(ProposalAdded):
		return FYI, "it is new"
	case c.Has(ProposalStatus) && slices.Contains(givenUp, p.After.Status):
		return Know, "it is " + p.After.Status + " now"
	case c.Has(ProposalStage):
		return Know, fmt.Sprintf("it aims at %s now", cmp.Or(p.After.Stage, "no stage"))
	case c.Has(ProposalRetargeted):
		return Know, "it was retargeted"
	}
	return FYI, ""
}

// ProposalsLookMoved guards against reading a reorganised repository as a mass removal, by the same measure as
// [LooksLikeLayoutChange].
func ProposalsLookMoved(before, after snapshot.ProposalSet) string {
	_, missing, _ := matchProposals(before.Proposals, after.Proposals)
	gone := 0
	for _, p := range missing {
		if !unreadProposal(after, p) {
			gone++
		}
	}
	if gone < 5 || gone*4 <= len(before.Proposals) {
		return ""
	}
	return fmt.Sprintf("looks like a change of layout: %d of %d proposals are gone at once; check sources.proposals.path, "+
		"or accept it once with --accept-removals proposals", gone, len(before.Proposals))
}
