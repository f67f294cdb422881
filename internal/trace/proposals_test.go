package trace

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/changelog"
	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/kep"
	"github.com/upstream-digest/bot/internal/snapshot"
)

func TestRelistedIsNoCertainty(t *testing.T) {
	p := kep.Proposal{Path: "keps/sig-api-machinery/4222-cbor-serializer", Number: "4222"}
	evidence := func(how Confidence) []Evidence {
		return []Evidence{{
			Rule: "kep-yaml-relisted", Target: "KEP-4222", URL: "https://kep.k8s.io/4222",
			Source: "keps/sig-api-machinery/4222-cbor-serializer/kep.yaml", Confidence: how,
		}}
	}
	for both, want := range map[bool]Confidence{true: Likely, false: Possible} {
		c := diff.Change{Gate: &diff.GateChange{Before: &gate.Gate{Name: "CBORSerializer"}, Relisted: []diff.Relisting{{Proposal: p, From: "CBORSerializer", To: "CBORServingAndStorage", Both: both}}}}
		if d := cmp.Diff(evidence(want), Of(c, "kubernetes/kubernetes", "https://github.com/kubernetes/kubernetes")); d != "" {
			t.Errorf("both %t: %s", both, d)
		}
	}
}

// TestNotesOfAGate: a note that says what was done to the gate is likely the change's, one that mentions it is possible.
func TestNotesOfAGate(t *testing.T) {
	note := func(pr int, text string) diff.GateNote {
		return diff.GateNote{Tag: "v1.37.0", Note: snapshot.Note{Note: changelog.Note{Text: text, PRs: []int{pr}, KEPs: []string{"12"}}}}
	}
	c := diff.Change{Gate: &diff.GateChange{After: &gate.Gate{Name: "FastWidget"}, Notes: []diff.GateNote{
		note(1, "Promoted the `FastWidget` feature gate to beta."),
		note(2, "Fixed a crash of widgets when FastWidget is on."),
	}}}
	got := map[string]Confidence{}
	for _, e := range Of(c, "kubernetes/kubernetes", "https://github.com/kubernetes/kubernetes") {
		if got[e.Target] == "" {
			got[e.Target] = e.Confidence
		}
	}
	want := map[string]Confidence{"kubernetes/kubernetes#1": Likely, "kubernetes/kubernetes#2": Possible, "KEP-12": Likely}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
