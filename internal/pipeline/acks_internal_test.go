package pipeline

import (
	"testing"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/report"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// TestOpenOrSettled: of a digest of which nobody knows whether it arrived, what it repeats is acknowledged where the one
// before was ticked, and what it told anew is open. Nothing is both.
func TestOpenOrSettled(t *testing.T) {
	g := gate.Gate{Name: "Widget", Specs: []gate.Spec{{Since: "1.36", Stage: gate.Beta, Default: true}}}
	set := snapshot.GateSet{Version: "1.36", Gates: []gate.Gate{g}}
	current := &snapshot.Snapshot{Upstreams: []snapshot.Upstream{{Name: "widgets", Sections: []snapshot.Section{{Source: snapshot.SourceGates, Items: snapshot.Items{Gates: &set}}}}}}
	told := report.Open{Upstream: "widgets", Source: snapshot.SourceGates, ID: "Widget", State: report.GateState(&g, "1.36"), Because: "gate Widget", What: "On now.", Since: "2026-03-02"}
	anew := told
	anew.What, anew.Since = "It depends on another gate.", "2026-03-09"
	dest := publish.Destination{Type: publish.TypeGitHubIssue, Target: "acme/platform"}
	for name, tt := range map[string]struct {
		later report.Open
		open  bool
	}{"repeated": {told, false}, "told anew": {anew, true}} {
		p := &place{definition: "weekly", channel: publish.TypeGitHubIssue, target: dest.Target, to: dest.Target,
			boxes: []report.Box{{Open: told, Ticked: true}}, later: []report.Box{{Open: tt.later}}}
		w := words{
			r: &Runner{Watch: diff.Watch{Gates: []string{"Widget"}}}, definition: Definition{Name: "weekly"}, current: current,
			yours: &yours{}, places: places{p},
		}
		d := w.carry(t.Context(), report.Digest{}, dest)
		if len(d.Open)+len(d.Settled) != 1 || (len(d.Open) == 1) != tt.open {
			t.Errorf("%s: open %+v, settled %+v", name, d.Open, d.Settled)
		}
	}
}
