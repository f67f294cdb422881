package diff_test

import (
	"testing"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// TestStill: what is the reader's stays so as long as any entry names it.
func TestStill(t *testing.T) {
	w := diff.Watch{
		Gates: []string{"WidgetSpeed"}, KEPs: []string{"77"}, SIGs: []string{"node"}, Components: []string{"kubeadm"}, Owners: []string{"@ada"},
		Settings: []diff.WatchedSetting{{Gate: "WidgetSize", Where: "a.yaml:4 (kubelet)"}},
	}
	for _, tt := range []struct {
		source, id, because string
		want                bool
	}{
		{snapshot.SourceGates, "widgetspeed", "gate WidgetSpeed", true},
		{snapshot.SourceGates, "WidgetSpeed", "set in gone.yaml:1", true}, // by another entry now
		{snapshot.SourceGates, "WidgetSize", "set in b.yaml:9", true},
		{snapshot.SourceGates, "Other", "set in a.yaml:4 (kubelet)", false}, // another gate is set in that line now
		{snapshot.SourceProposals, "12", "set in a.yaml:4 (kubelet)", true},
		{snapshot.SourceProposals, "12", "set in a.yaml:4 (kubelet) and 2 more places", true},
		{snapshot.SourceProposals, "12", "set in a.yaml:40", false},
		{snapshot.SourceProposals, "77", "KEP 77", true},
		{snapshot.SourceGates, "Other", "KEP 77", true},
		{snapshot.SourceGates, "Other", "SIG sig-node", true},
		{snapshot.SourceGates, "Other", "SIG storage", false},
		{snapshot.SourceGates, "Other", "component kubeadm", true},
		{snapshot.SourceGates, "Other", "owner @ada", true},
		{snapshot.SourceGates, "Other", "gate Other", false},
		{snapshot.SourceGates, "Other", "", false},
	} {
		if got := w.Still(tt.source, tt.id, tt.because); got != tt.want {
			t.Errorf("Still(%q, %q, %q) = %v", tt.source, tt.id, tt.because, got)
		}
	}
}
