package trace

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/gate"
)

func TestFromComments(t *testing.T) {
	old := &gate.Gate{Name: "FastWidget", KEPs: []string{"11"}, Declared: gate.Position{File: "pkg/features/kube_features.go", Line: 40}}
	now := &gate.Gate{Name: "FastWidget", KEPs: []string{"4020", "12", "4020"}, Declared: gate.Position{File: "pkg/features/kube_features.go", Line: 44}}
	kep := func(n, source string) Evidence {
		return Evidence{Rule: "kep-comment", Target: "KEP-" + n, URL: "https://kep.k8s.io/" + n, Source: source, Confidence: Certain}
	}
	tests := []struct {
		name string
		c    diff.Change
		want []Evidence
	}{
		{"the new side counts, each number once, in order", diff.Change{Gate: &diff.GateChange{Before: old, After: now}}, []Evidence{
			kep("4020", "pkg/features/kube_features.go:44"), kep("12", "pkg/features/kube_features.go:44"),
		}},
		{"a removed gate has only its old comment", diff.Change{Gate: &diff.GateChange{Before: old}}, []Evidence{
			kep("11", "pkg/features/kube_features.go:40"),
		}},
		{"no number, no evidence", diff.Change{Gate: &diff.GateChange{After: &gate.Gate{Name: "SlowWidget"}}}, nil},
		{"what is no number never becomes an address", diff.Change{Gate: &diff.GateChange{After: &gate.Gate{Name: "X", KEPs: []string{"../evil", "", "1234567890"}}}}, nil},
		{"a change of another source", diff.Change{}, nil},
		{"a literal without a known line", diff.Change{Gate: &diff.GateChange{After: &gate.Gate{KEPs: []string{"7"}, Declared: gate.Position{File: "a.go"}}}}, []Evidence{kep("7", "a.go")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, FromComments(tt.c)); d != "" {
				t.Error(d)
			}
		})
	}
}
