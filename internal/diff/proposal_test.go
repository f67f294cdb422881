package diff_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/kep"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// prop makes a proposal: folder, number, stage, target and gates.
func prop(path, number, stage, target string, gates ...string) kep.Proposal {
	p := kep.Proposal{Path: "keps/" + path, Number: number, Status: "implementable", Stage: stage, Target: target}
	for _, g := range gates {
		p.Gates = append(p.Gates, kep.Gate{Name: g})
	}
	return p
}

func proposals(ps ...kep.Proposal) snapshot.ProposalSet { return snapshot.ProposalSet{Proposals: ps} }

func changed(p kep.Proposal, change func(*kep.Proposal)) kep.Proposal {
	change(&p)
	return p
}

func toldProposals(changes []diff.Change) string {
	var out []string
	for _, c := range changes {
		var kinds []string
		for _, k := range c.Kinds {
			kinds = append(kinds, string(k))
		}
		out = append(out, fmt.Sprintf("%s %s %s", c.ID, strings.Join(kinds, "+"), c.Severity))
	}
	return strings.Join(out, "\n")
}

func TestProposals(t *testing.T) {
	a := prop("sig-node/100-a", "100", "alpha", "1.36", "GateA")
	unread := func(set snapshot.ProposalSet, paths ...string) snapshot.ProposalSet {
		set.Unread = paths
		return set
	}
	tests := []struct {
		name          string
		before, after snapshot.ProposalSet
		want          string
	}{
		{"nothing", proposals(a), proposals(a), ""},
		{"new", proposals(), proposals(a), "100 proposal.added fyi"},
		{"gone", proposals(a), proposals(), "100 proposal.removed know"},
		{"another stage and release", proposals(a), proposals(prop("sig-node/100-a", "100", "beta", "1.37", "gatea")), "100 proposal.stage+proposal.retargeted know"},
		{"given up", proposals(a), proposals(changed(a, func(p *kep.Proposal) { p.Status = "withdrawn" })), "100 proposal.status know"},
		{"gates", proposals(a), proposals(prop("sig-node/100-a", "100", "alpha", "1.36", "GateB")), "100 proposal.gates fyi"},
		{"moved", proposals(a), proposals(prop("sig-apps/100-a", "100", "alpha", "1.36", "GateA")), "100 proposal.moved fyi"},
		{"its number is written later", proposals(changed(a, func(p *kep.Proposal) { p.Number = "" })), proposals(a), ""},
		{"its number is mended", proposals(changed(a, func(p *kep.Proposal) { p.Number = "10" })), proposals(a), ""},
		{"another takes the number by mistake", proposals(a), proposals(a, prop("sig-apps/999-b", "100", "alpha", "1.37")), "100 proposal.added fyi"},
		{"and gives it back", proposals(a, prop("sig-apps/999-b", "100", "alpha", "1.37")), proposals(a, prop("sig-apps/999-b", "999", "alpha", "1.37")), ""},
		{"one of two with the same number moves", proposals(a, prop("sig-apps/100-b", "100", "beta", "1.37")),
			proposals(a, prop("sig-net/100-b", "100", "beta", "1.37")), "100 proposal.moved fyi"},
		{"it can't be read", proposals(a), unread(proposals(), "keps/sig-node/100-a"), ""},
		{"it can be read again", unread(proposals(), "keps/sig-node/100-a"), proposals(a), ""},
		{"it moved and can't be read", proposals(a), unread(proposals(), "keps/sig-apps/100-a"), ""},
	}
	for _, tt := range tests {
		if d := cmp.Diff(tt.want, toldProposals(diff.Proposals(tt.before, tt.after))); d != "" {
			t.Errorf("%s:\n%s", tt.name, d)
		}
	}
}

func TestOrderOfProposalsIsNoChange(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	some := func() snapshot.ProposalSet {
		var set snapshot.ProposalSet
		for i := range 40 {
			if rnd.IntN(6) > 0 {
				set.Proposals = append(set.Proposals, prop(fmt.Sprintf("sig-%d/%d-x", rnd.IntN(2), i), []string{"", "7", fmt.Sprint(i), fmt.Sprint(i)}[rnd.IntN(4)],
					[]string{"alpha", "beta"}[rnd.IntN(2)], "1.36"))
			}
		}
		return set
	}
	shuffled := func(set snapshot.ProposalSet) snapshot.ProposalSet {
		out := proposals(slices.Clone(set.Proposals)...)
		rnd.Shuffle(len(out.Proposals), func(i, j int) { out.Proposals[i], out.Proposals[j] = out.Proposals[j], out.Proposals[i] })
		return out
	}
	for range 300 {
		a, b := some(), some()
		if c := diff.Proposals(a, shuffled(a)); len(c) > 0 {
			t.Fatalf("with itself: %s", toldProposals(c))
		}
		if d := cmp.Diff(diff.Proposals(a, b), diff.Proposals(shuffled(a), shuffled(b))); d != "" {
			t.Fatalf("order of input changes the result: %s", d)
		}
	}
}

func TestLayoutGuardOfProposals(t *testing.T) {
	many := func(n int) (set snapshot.ProposalSet) {
		for i := range n {
			set.Proposals = append(set.Proposals, prop(fmt.Sprintf("sig-node/%d-x", i), fmt.Sprint(i), "alpha", "1.36"))
		}
		return set
	}
	moved := many(100)
	for i := range moved.Proposals {
		moved.Proposals[i].Path = "archive/" + moved.Proposals[i].Path
	}
	broken := many(70)
	for i := 70; i < 100; i++ {
		broken.Unread = append(broken.Unread, fmt.Sprintf("keps/sig-node/%d-x", i))
	}
	for _, tt := range []struct {
		name          string
		before, after snapshot.ProposalSet
		want          bool
	}{
		{"a quarter", many(100), many(75), false}, {"more", many(100), many(74), true}, {"few", many(4), many(0), false},
		{"all moved", many(100), moved, false}, {"unread", many(100), broken, false},
	} {
		if got := diff.ProposalsLookMoved(tt.before, tt.after) != ""; got != tt.want {
			t.Errorf("%s: guard %v, want %v", tt.name, got, tt.want)
		}
	}
}
