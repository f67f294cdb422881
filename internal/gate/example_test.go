package gate_test

import (
	"fmt"

	"github.com/upstream-digest/bot/internal/gate"
)

func ExampleParse() {
	src := `package features

const (
	// owner: @amy
	// kep: https://kep.k8s.io/2411
	//
	// Makes widgets fast. Costs memory.
	FastWidgetGate featuregate.Feature = "FastWidget"
)

var gates = map[featuregate.Feature]featuregate.VersionedSpecs{
	FastWidgetGate: {
		{Version: version.MustParse("1.33"), Default: false, PreRelease: featuregate.Alpha},
		{Version: version.MustParse("1.36"), Default: true, PreRelease: featuregate.Beta},
	},
	gateOf("Odd"): {{Version: version.MustParse("1.36"), PreRelease: featuregate.Alpha}},
}
`
	res, err := gate.Parse(
		[]gate.Package{{Dir: "pkg/features", Component: "widgetd", ImportPath: "example.io/widgetd/pkg/features"}},
		[]gate.File{{Path: "pkg/features/gates.go", Src: []byte(src)}},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, g := range res.Gates {
		s, _ := g.Effective("1.35")
		fmt.Println(g.Name, s.Stage, g.KEPs, g.Description)
	}
	for _, d := range res.Diagnostics {
		fmt.Printf("%s:%d: %s\n", d.File, d.Line, d.Message)
	}
	fmt.Println("incomplete:", res.Incomplete)
	// Output:
	// FastWidget alpha [2411] Makes widgets fast.
	// pkg/features/gates.go:16: the key the call of gateOf cannot be read, so its gate is not known: the call of gateOf is neither a constant nor a string
	// incomplete: true
}
