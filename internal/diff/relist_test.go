package diff_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/kep"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// proposal makes one that names gates.
func proposal(number string, gates ...string) kep.Proposal {
	p := kep.Proposal{Path: "keps/sig-x/" + number + "-x", Number: number}
	for _, g := range gates {
		p.Gates = append(p.Gates, kep.Gate{Name: g})
	}
	return p
}

func state(version string, gates []gate.Gate, proposals ...kep.Proposal) *snapshot.Snapshot {
	gs := set(version, gates...)
	return &snapshot.Snapshot{Upstreams: []snapshot.Upstream{{Name: "kubernetes", Sections: []snapshot.Section{
		{Source: snapshot.SourceGates, Items: snapshot.Items{Gates: &gs}},
		{Source: snapshot.SourceProposals, Items: snapshot.Items{Proposals: &snapshot.ProposalSet{Proposals: proposals}}},
	}}}}
}

// TestRelisted has upstream's own cases: gates that were renamed in kep.yaml are followed by the proposal's number.
func TestRelisted(t *testing.T) {
	tests := []struct {
		name          string
		before, after *snapshot.Snapshot
		want          string // "gate: KEP from>to, both", one line each
	}{
		{
			"one goes, the other comes: each is told of the other",
			state("1.35", []gate.Gate{g("CBORSerializer", "1.32:alpha:off")}, proposal("4222", "CBORSerializer")),
			state("1.36", []gate.Gate{g("CBORServingAndStorage", "1.36:alpha:off")}, proposal("4222", "CBORServingAndStorage")),
			"CBORSerializer: 4222 CBORSerializer>CBORServingAndStorage true\nCBORServingAndStorage: 4222 CBORSerializer>CBORServingAndStorage true",
		},
		{
			"letter case aside",
			state("1.35", []gate.Gate{g("GracefulLeaderTransition", "1.32:alpha:off")}, proposal("5366", "gracefulLeaderTransition")),
			state("1.36", []gate.Gate{g("ControllerManagerReleaseLeaderElectionLockOnExit", "1.36:beta:on")}, proposal("5366", "controllerManagerReleaseLeaderElectionLockOnExit")),
			"ControllerManagerReleaseLeaderElectionLockOnExit: 5366 gracefulLeaderTransition>controllerManagerReleaseLeaderElectionLockOnExit true\n" +
				"GracefulLeaderTransition: 5366 gracefulLeaderTransition>controllerManagerReleaseLeaderElectionLockOnExit true",
		},
		{
			"what goes is told of what was there already",
			state("1.35", []gate.Gate{g("RestartContainerDuringTermination", "1.32:alpha:off"), g("SidecarsRestartableDuringPodTermination", "1.35:alpha:off")}, proposal("4438", "RestartContainerDuringTermination")),
			state("1.36", []gate.Gate{g("SidecarsRestartableDuringPodTermination", "1.35:alpha:off")}, proposal("4438", "SidecarsRestartableDuringPodTermination")),
			"RestartContainerDuringTermination: 4438 RestartContainerDuringTermination>SidecarsRestartableDuringPodTermination false",
		},
		{
			"what comes beside the old one is not: both are there",
			state("1.35", []gate.Gate{g("CBORSerializer", "1.32:alpha:off")}, proposal("4222", "CBORSerializer")),
			state("1.36", []gate.Gate{g("CBORSerializer", "1.32:alpha:off"), g("CBORServingAndStorage", "1.36:alpha:off")}, proposal("4222", "CBORServingAndStorage")),
			"",
		},
		{
			"two for one is a guess",
			state("1.35", []gate.Gate{g("A", "1.32:alpha:off")}, proposal("1", "A")),
			state("1.36", []gate.Gate{g("B", "1.36:alpha:off"), g("C", "1.36:alpha:off")}, proposal("1", "B", "C")),
			"",
		},
		{
			"another proposal is another story",
			state("1.35", []gate.Gate{g("A", "1.32:alpha:off")}, proposal("1", "A"), proposal("2")),
			state("1.36", []gate.Gate{g("B", "1.36:alpha:off")}, proposal("1"), proposal("2", "B")),
			"",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, c := range diff.Compare(tt.before, tt.after, diff.Options{})[0].Changes {
				if c.Gate == nil {
					continue
				}
				for _, r := range c.Gate.Relisted {
					got = append(got, fmt.Sprintf("%s: %s %s>%s %t", c.ID, r.Proposal.Number, r.From, r.To, r.Both))
				}
				if c.Has(diff.GateRenamed) {
					t.Errorf("%s is claimed to be renamed", c.ID)
				}
			}
			slices.Sort(got)
			if s := strings.Join(got, "\n"); s != tt.want {
				t.Errorf("got\n%s\nwant\n%s", s, tt.want)
			}
		})
	}
}

// TestRelistedIsWatched: whoever watches the proposal is told of the gate that it no longer names.
func TestRelistedIsWatched(t *testing.T) {
	before := state("1.35", []gate.Gate{g("CBORSerializer", "1.32:alpha:off")}, proposal("4222", "CBORSerializer"))
	after := state("1.36", []gate.Gate{g("CBORServingAndStorage", "1.36:alpha:off")}, proposal("4222", "CBORServingAndStorage"))
	n := 0
	for _, c := range diff.Compare(before, after, diff.Options{Watch: diff.Watch{KEPs: []string{"4222"}}})[0].Changes {
		if c.Gate != nil && c.Mine && c.MineBecause == "KEP 4222" {
			n++
		}
	}
	if n != 2 {
		t.Errorf("%d of the two gates are the reader's own", n)
	}
}
