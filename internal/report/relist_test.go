package report

import (
	"strings"
	"testing"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/kep"
)

func TestRelistedGatesTellOfEachOther(t *testing.T) {
	s := gate.Spec{Since: "1.32", Stage: gate.Alpha}
	re := []diff.Relisting{{Proposal: kep.Proposal{Number: "4222"}, From: "CBORSerializer", To: "CBORServingAndStorage", Both: true}}
	old := between(diff.Act, "removed although it was never locked", widget("CBORSerializer", "", "", specs(s)), nil, diff.GateRemoved)
	old.Gate.Relisted = re
	now := between(diff.FYI, "", nil, widget("CBORServingAndStorage", "", "", specs(gate.Spec{Since: "1.36", Stage: gate.Alpha})), diff.GateAdded)
	now.Gate.Relisted = re
	text := strings.Join(strings.Fields(Text(digestOf([]diff.Change{old, now}), TextOptions{Width: 80})), " ")
	for _, want := range []string{"KEP-4222 names CBORServingAndStorage instead now.", "KEP-4222 named CBORSerializer before."} {
		if strings.Count(text, want) != 1 {
			t.Errorf("%q is told %d times in\n%s", want, strings.Count(text, want), text)
		}
	}
	if strings.Contains(strings.ToLower(text), "rename") {
		t.Errorf("nobody knows of a renaming:\n%s", text)
	}
}
