package gate_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const variants = `
-- pkg/features/gates.go --
package features

import basefeatures "example.io/base/features"

var gates = map[featuregate.Feature]featuregate.FeatureSpec{
	basefeatures.SameWidget: {Default: true, PreRelease: featuregate.Beta}, // remove in 1.40
	basefeatures.DriftWidget: {Default: true, PreRelease: featuregate.Beta},
}
var more = map[featuregate.Feature]featuregate.FeatureSpec{
	"TornWidget": {PreRelease: featuregate.Alpha},
}
func init() {
	more["TornWidget"] = featuregate.FeatureSpec{PreRelease: featuregate.Beta}
}
-- staging/base/features/gates.go --
package features

const (
	SameWidget  featuregate.Feature = "SameWidget"
	DriftWidget featuregate.Feature = "DriftWidget"
)

var gates = map[featuregate.Feature]featuregate.FeatureSpec{
	SameWidget: {Default: true, PreRelease: featuregate.Beta},
	DriftWidget: {Default: true, PreRelease: featuregate.Alpha},
}
-- staging/client/features/v1/gates.go --
package v1

import "example.io/base/features"

var gates = map[featuregate.Feature]featuregate.FeatureSpec{
	features.DriftWidget: {Default: true, PreRelease: featuregate.Alpha},
}
`

func TestEqualRegistrationsAreOneGateUnequalOnesVariants(t *testing.T) {
	want := `DriftWidget [base+client] = base/DriftWidget@staging/base/features/gates.go:5 | base@staging/base/features/gates.go:10 | client@staging/client/features/v1/gates.go:6 | -:alpha:on(10)
DriftWidget [widgetd] = base/DriftWidget@staging/base/features/gates.go:5 | widgetd@pkg/features/gates.go:7 | -:beta:on(7)
SameWidget = base/SameWidget@staging/base/features/gates.go:4 | base@staging/base/features/gates.go:9 | widgetd@pkg/features/gates.go:6 | -:beta:on(9) | removed in 1.40
TornWidget [widgetd:pkg/features/gates.go] = widgetd/@pkg/features/gates.go:10 | widgetd@pkg/features/gates.go:10 | -:alpha:off(10)
TornWidget [widgetd:pkg/features/gates.go#2] = widgetd/@pkg/features/gates.go:13 | widgetd@pkg/features/gates.go:13 | -:beta:off(13)
note pkg/features/gates.go:7: DriftWidget is registered with unequal specs, told apart as variants; this one is widgetd
note pkg/features/gates.go:10: TornWidget is registered with unequal specs, told apart as variants; this one is widgetd:pkg/features/gates.go
note pkg/features/gates.go:13: TornWidget is registered with unequal specs, told apart as variants; this one is widgetd:pkg/features/gates.go#2
note staging/base/features/gates.go:10: DriftWidget is registered with unequal specs, told apart as variants; this one is base+client
`
	if diff := cmp.Diff(want, show(parse(t, variants))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
