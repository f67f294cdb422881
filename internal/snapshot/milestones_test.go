package snapshot_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// TestMilestonesRoundTrip: they come back as they were, whatever order and time zone they were given in.
func TestMilestonesRoundTrip(t *testing.T) {
	zone := time.FixedZone("UTC-8", -8*60*60)
	at := time.Date(2026, 7, 24, 12, 0, 0, 0, time.UTC)
	a := snapshot.Milestone{Number: 58, Title: "v1.25", URL: "https://example.com/58", Closed: true, ClosedAt: at, ClosedIssues: 1132}
	b := snapshot.Milestone{Number: 70, Title: "v1.37", Due: at, OpenIssues: 8}
	inZone := b
	inZone.Due = b.Due.In(zone)
	first := snapshot.Deadline{Release: "1.37", Name: "Code Freeze", At: at, File: "f", Line: 3}
	second := snapshot.Deadline{Release: "1.37", Name: "Release", At: at.Truncate(24*time.Hour).AddDate(0, 0, 30), Day: true, File: "f", Line: 9}
	diagnostics := []gate.Diagnostic{{File: "f", Line: 1, Message: "odd"}}
	for name, pair := range map[string][2]snapshot.Items{
		"milestones": {
			{Milestones: &snapshot.MilestoneSet{Milestones: []snapshot.Milestone{a, b}, Partial: true}},
			{Milestones: &snapshot.MilestoneSet{Milestones: []snapshot.Milestone{inZone, a}, Partial: true}},
		},
		"cycle": {
			{Cycle: &snapshot.CycleSet{Deadlines: []snapshot.Deadline{first, second}, Releases: []string{"1.36", "1.37"}, Diagnostics: diagnostics, Unread: []string{"1.37 A", "1.37 B"}}},
			{Cycle: &snapshot.CycleSet{Deadlines: []snapshot.Deadline{second, first}, Releases: []string{"1.37", "1.36"}, Diagnostics: diagnostics, Unread: []string{"1.37 B", "1.37 A"}}},
		},
	} {
		one, err := snapshot.EncodeItems(pair[0])
		if err != nil {
			t.Fatal(err)
		}
		two, err := snapshot.EncodeItems(pair[1])
		if err != nil || !bytes.Equal(one, two) {
			t.Errorf("%s: the order of the input changes the bytes: %v\n%s\n%s", name, err, one, two)
		}
		got, err := snapshot.DecodeItems(one)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(pair[0], got); d != "" {
			t.Errorf("%s: (-want +got)\n%s", name, d)
		}
		if got.Empty() || got.Count() != 2 {
			t.Errorf("%s: %d items", name, got.Count())
		}
	}
}
