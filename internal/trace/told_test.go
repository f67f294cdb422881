package trace

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/gate"
)

func TestTell(t *testing.T) {
	to := func(s gate.Stage) []Told { return []Told{{Role: Promoted, Stage: s}} }
	alpha := []Told{{Role: Introduced, Stage: gate.Alpha}}
	just := func(r Role) []Told { return []Told{{Role: r}} }
	tests := []struct {
		text string
		want []Told
	}{
		{"Promoted the `FastWidget` feature gate to beta.", to(gate.Beta)},
		{"Promote FastWidget to Beta", to(gate.Beta)},
		{"The FastWidget feature gate graduates to General Availability.", to(gate.GA)},
		{"Graduated FastWidget from beta to stable", to(gate.GA)},
		{"Graduated to beta: the `FastWidget` gate", to(gate.Beta)},
		{"FastWidget is GA now", to(gate.GA)},
		{"`FastWidget` is now generally available.", to(gate.GA)},
		{"FastWidget (beta) lets a widget turn", to(gate.Beta)},
		{"The FastWidget feature gate has been moved to GA", to(gate.GA)},
		{"Deprecated the `FastWidget` feature gate.", to(gate.Deprecated)},
		{"The `FastWidget` gate is deprecated.", to(gate.Deprecated)},
		// Each gate its own words.
		{"Promoted SlowWidget to GA and FastWidget to beta", to(gate.Beta)},
		{"Promoted FastWidget to beta and SlowWidget to GA", to(gate.Beta)},
		{"Promoted FastWidget, SlowWidget and OddWidget to GA", to(gate.GA)},
		{"Promoted SlowWidget and FastWidget to GA", to(gate.GA)},
		{"Promoted SlowWidget to GA. FastWidget is still off", nil},
		// New ones.
		{"Added the `FastWidget` feature gate, alpha and off by default. It turns widgets", alpha},
		{"New feature gate FastWidget (alpha). It turns widgets.", alpha},
		{"Added fast widgets behind the FastWidget alpha feature gate", alpha},
		{"Introduced the FastWidget feature gate", just(Introduced)},
		{"Added an alpha feature that turns widgets, FastWidget", alpha},
		// Removed and locked.
		{"Removed the `FastWidget` feature gate. It was GA and locked on.", just(Removed)},
		{"Removed the generally available feature gate `FastWidget`", just(Removed)},
		{"Removed generally available feature gates SlowWidget and FastWidget.", just(Removed)},
		{"The FastWidget feature gate has been removed", just(Removed)},
		{"Locked the FastWidget feature gate: it is on", just(Locked)},
		{"The FastWidget gate can no longer be turned off", just(Locked)},
		{"Promoted FastWidget to GA. The FastWidget gate is now locked to true", []Told{{Role: Promoted, Stage: gate.GA}, {Role: Locked}}},
		{"Turned on: the FastWidget gate is now enabled by default", just(Flipped)},
		{"FastWidget is on by default now.", just(Flipped)},
		// The feature in words, the gate in the next sentence.
		{"Fast widgets are now beta. See the `FastWidget` feature gate", []Told{{Role: Promoted, Stage: gate.Beta, Beside: true}}},
		{"Graduated fast turning to GA. The gate is FastWidget", []Told{{Role: Promoted, Stage: gate.GA, Beside: true}}},
		// Only mentioned.
		{"Fixed a crash of the widget agent when the FastWidget feature gate is enabled", nil},
		{"Fixed a regression: FastWidget is beta and dropped events", nil},
		{"Reverted the promotion of FastWidget to beta", nil},
		{"Added a metric that counts turns when FastWidget is enabled", nil},
		{"Removed a flag that nobody set with FastWidget", nil},
		{"The FastWidget feature gate will be removed in a later release", nil},
		{"Widgets turn", nil},
		{"Promoted FastWidgets to GA", nil},
	}
	known := func(w string) bool { return w == "FastWidget" || w == "SlowWidget" || w == "OddWidget" }
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			if d := cmp.Diff(tt.want, Tell(tt.text, Subject{Gate: "FastWidget"}, known)); d != "" {
				t.Error(d)
			}
		})
	}
}
