package diff_test

import (
	"testing"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/kep"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// TestSIGs: who watches a SIG is told of its proposals and of the gates these list, by any spelling; who filters by one is
// told of nothing else but releases.
func TestSIGs(t *testing.T) {
	at := func(stage gate.Stage, target string) *snapshot.Snapshot {
		g := func(name string) gate.Gate {
			return gate.Gate{Name: name, Component: "kubernetes", Specs: []gate.Spec{{Since: "1.36", Stage: stage}}}
		}
		keps := []kep.Proposal{
			{Path: "keps/sig-node/1-a", Number: "1", OwningSIG: "sig-node", Target: target, Gates: []kep.Gate{{Name: "fastwidget"}}},
			{Path: "keps/sig-storage/2-b", Number: "2", OwningSIG: "sig-storage", SIGs: []string{"sig-node"}, Target: target},
			{Path: "keps/sig-cli/3-c", Number: "3", OwningSIG: "sig-cli", Target: target},
		}
		return &snapshot.Snapshot{Upstreams: []snapshot.Upstream{{Name: "k", Sections: []snapshot.Section{
			{Source: snapshot.SourceGates, Items: snapshot.Items{Gates: &snapshot.GateSet{Version: "1.36", Gates: []gate.Gate{g("FastWidget"), g("SlowWidget")}}}},
			{Source: snapshot.SourceProposals, Items: snapshot.Items{Proposals: &snapshot.ProposalSet{Proposals: keps}}},
		}}}}
	}
	ids := func(opts diff.Options, keep func(diff.Change) bool) []string {
		var out []string
		for _, c := range diff.Compare(at(gate.Alpha, "1.36"), at(gate.Beta, "1.37"), opts)[0].Changes {
			if keep(c) {
				out = append(out, c.ID)
			}
		}
		return out
	}
	mine := ids(diff.Options{Watch: diff.Watch{SIGs: []string{"Node"}}}, func(c diff.Change) bool { return c.Mine && c.Severity == diff.Act && c.MineBecause == "SIG Node" })
	if want := []string{"FastWidget", "1"}; !sameIDs(mine, want) {
		t.Errorf("who watches SIG Node has %v, want %v", mine, want)
	}
	all := ids(diff.Options{Filter: diff.Filter{SIGs: []string{"sig-node"}}}, func(diff.Change) bool { return true })
	if want := []string{"FastWidget", "1", "2"}; !sameIDs(all, want) {
		t.Errorf("who filters by SIG Node is told %v, want %v", all, want)
	}
}

func sameIDs(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
