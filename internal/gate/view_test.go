package gate_test

import (
	"encoding/json"
	"testing"

	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/golden"
)

func TestViewJSON(t *testing.T) {
	full := gate.Gate{
		Name: "FastWidget", Const: "FastWidgetGate", Description: "Makes widgets fast.", Component: "base",
		Declared:   gate.Position{File: "staging/base/features/gates.go", Line: 7},
		Registered: []gate.Registration{{Component: "base", File: "staging/base/features/gates.go", Line: 20}, {Component: "widgetd", File: "pkg/features/gates.go", Line: 30}},
		Specs: []gate.Spec{
			{Since: "1.33", Stage: gate.Alpha, Line: 21},
			{Since: "1.36", Stage: gate.GA, Default: true, Locked: true, Line: 22},
			{Since: "1.37", Stage: gate.Deprecated, Line: 23},
		},
		Owners: []string{"@amy"}, KEPs: []string{"2411"}, RemoveIn: "1.39", DependsOn: []string{"SlowWidget"},
	}
	bare := gate.Gate{
		Name: "NextWidget", Variant: "client", Component: "client", Declared: gate.Position{File: "x.go", Line: 1},
		Specs: []gate.Spec{{Since: "1.37", Stage: gate.Alpha, Line: 1}},
	}
	got, err := json.MarshalIndent([]gate.View{full.View("1.36", "https://github.com/kubernetes/kubernetes/blob/abc", &gate.Removal{Release: "1.39", Rule: "a comment", Confidence: "likely"}), bare.View("1.36", "", nil)}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/view.golden", append(got, '\n'))
}
