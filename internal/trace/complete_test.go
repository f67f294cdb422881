package trace

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/changelog"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/kep"
)

func spell(steps []Step) string {
	var out []string
	for _, s := range steps {
		line := fmt.Sprintf("%s %s %v", s.Version, s.Stage, s.Roles)
		if s.Stated {
			line += fmt.Sprintf(" %v %v", s.Default, s.Locked)
		}
		out = append(out, strings.TrimSpace(line))
	}
	return strings.Join(out, "\n")
}

func TestSteps(t *testing.T) {
	got := Steps([]State{
		{Version: "1.30", Stage: gate.Alpha},
		{Version: "1.31", Stage: gate.Beta},
		{Version: "1.32", Stage: gate.Beta, Default: true},
		{Version: "1.33", Stage: gate.Beta},
		{Version: "1.34", Stage: gate.GA, Default: true, Locked: true},
		{Version: "1.35", Removed: true},
		{Version: "1.36", Stage: gate.Alpha},
	})
	want := "1.30 alpha [introduced] false false\n1.31 beta [promoted] false false\n1.32 beta [flipped] true false\n1.33 beta [flipped] false false\n" +
		"1.34 ga [promoted flipped locked] true true\n1.35  [removed]\n1.36 alpha [introduced] false false"
	if d := cmp.Diff(want, spell(got)); d != "" {
		t.Error(d)
	}
}

func TestComplete(t *testing.T) {
	oldest := Step{Stage: gate.Beta, Default: true, Stated: true} // so it was in the oldest known release
	stable := Step{Roles: []Role{Promoted}, Stage: gate.GA, Version: "1.21", Default: true, Stated: true}
	known := func(w string) bool { return w == "FastWidget" || w == "SlowWidget" }
	alone := kep.Proposal{Path: "keps/sig-node/9001-widgets", Number: "9001", Gates: []kep.Gate{{Name: "FastWidget"}}, Milestones: kep.Milestones{Alpha: "1.10", Beta: "1.12", Stable: "1.21"}}
	two := alone
	two.Gates = []kep.Gate{{Name: "FastWidget"}, {Name: "SlowWidget"}}
	line := func(text, stage, release string) kep.Line {
		return kep.Line{Line: 7, Text: text, Stages: []string{stage}, Releases: []string{release}}
	}
	note := func(version, text string) ReleaseNote {
		return ReleaseNote{Version: version, Note: changelog.Note{Text: text}}
	}
	tests := []struct {
		name      string
		steps     []Step
		proposals []Proposal
		notes     []ReleaseNote
		want      string
	}{
		{"nothing more is known", []Step{oldest, stable}, nil, nil, "beta [] true false\n1.21 ga [promoted] true false"},
		{"a proposal of this gate alone", []Step{oldest, stable}, []Proposal{{Proposal: alone}}, nil, "1.10 alpha [introduced]\n1.12 beta [promoted]\n1.21 ga [promoted] true false"},
		{"the README counts more than the milestones", []Step{oldest, stable}, []Proposal{{Proposal: alone, History: kep.History{Lines: []kep.Line{line("beta", "beta", "1.11")}}}}, nil, "1.10 alpha [introduced]\n1.11 beta [promoted]\n1.21 ga [promoted] true false"},
		{"milestones of several gates are nobody's", []Step{oldest, stable}, []Proposal{{Proposal: two}}, nil, "beta [] true false\n1.21 ga [promoted] true false"},
		{"but an entry that names the gate is its", []Step{oldest, stable}, []Proposal{{Proposal: two, History: kep.History{Lines: []kep.Line{line("`FastWidget` is beta", "beta", "1.11"), line("`SlowWidget` is alpha", "alpha", "1.9")}}}}, nil, "1.11 beta []\n1.21 ga [promoted] true false"},
		{"what the releases say is not overruled", []Step{{Roles: []Role{Introduced}, Stage: gate.Alpha, Version: "1.20", Stated: true}}, []Proposal{{Proposal: alone}}, nil, "1.20 alpha [introduced] false false"},
		{"a note of a later release", []Step{stable}, nil, []ReleaseNote{note("1.37.0", "Removed the `FastWidget` feature gate.")}, "1.21 ga [promoted] true false\n1.37  [removed]"},
		{"a note of a known release is no step", []Step{stable}, nil, []ReleaseNote{note("1.30.0", "Removed the `FastWidget` feature gate.")}, "1.21 ga [promoted] true false"},
		{"a gate that no release has", nil, []Proposal{{Proposal: kep.Proposal{Number: "9002", Gates: []kep.Gate{{Name: "FastWidget"}}, Milestones: kep.Milestones{Alpha: "1.39"}}}}, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := Complete(Subject{Gate: "FastWidget", Steps: tt.steps, Latest: "1.36"}, tt.proposals, tt.notes, known)
			if d := cmp.Diff(tt.want, spell(s.Steps)); d != "" {
				t.Error(d)
			}
		})
	}
}
