package trace

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/kep"
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
