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
	old, cur := byIdentity(before.Proposals, after.Proposals), byIdentity(after.Proposals, before.Proposals)
	unread := func(set snapshot.ProposalSet, p kep.Proposal) bool { return slices.Contains(set.Unread, p.Path) }
	var out []Change
	for id, was := range old {
		now, still := cur[id]
		switch {
		case still:
			out = appendProposal(out, &was, &now)
		case !unread(after, was):
			out = appendProposal(out, &was, nil)
		}
	}
	for id, now := range cur {
		if _, known := old[id]; !known && !unread(before, now) {
			out = appendProposal(out, nil, &now)
		}
	}
	slices.SortFunc(out, func(a, b Change) int { return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Variant, b.Variant)) })
	return out
}

// byIdentity keys proposals by number; by path where there is none, or where one of the sides has the number
// twice, for nobody could say which is which.
func byIdentity(set, other []kep.Proposal) map[string]kep.Proposal {
	count := func(all []kep.Proposal) map[string]int {
		n := map[string]int{}
		for _, p := range all {
			n[p.Number]++
		}
		return n
	}
	here, there := count(set), count(other)
	out := map[string]kep.Proposal{}
	for _, p := range set {
		if p.Number == "" || here[p.Number] > 1 || there[p.Number] > 1 {
			out[p.Path] = p
		} else {
			out[p.Number] = p
		}
	}
	return out
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
	old, cur := byIdentity(before.Proposals, after.Proposals), byIdentity(after.Proposals, before.Proposals)
	gone := 0
	for id, p := range old {
		if _, ok := cur[id]; !ok && !slices.Contains(after.Unread, p.Path) {
			gone++
		}
	}
	if gone < 5 || gone*4 <= len(old) {
		return ""
	}
	return fmt.Sprintf("looks like a change of layout: %d of %d proposals are gone at once; check sources.proposals.path, "+
		"or accept it once with --accept-removals proposals", gone, len(old))
}
