package gate_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every form in which upstream declares and registers gates; the headings are those of the survey.
func TestForms(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{
			name: "1a 2c typed constants and versioned specs",
			in: `
-- pkg/features/gates.go --
package features

const (
	FastWidget featuregate.Feature = "FastWidget"
	SlowWidget featuregate.Feature = "SlowWidget"
)

var gates = map[featuregate.Feature]featuregate.VersionedSpecs{
	FastWidget: {
		{Version: version.MustParse("1.33"), Default: false, PreRelease: featuregate.Alpha},
		{Version: version.MustParse("1.35"), LockToDefault: true, Default: true, PreRelease: featuregate.GA},
	},
	SlowWidget: {
		{Version: version.MustParse("1.0"), Default: true, PreRelease: featuregate.GA},
		{Version: version.MustParse("1.36"), Default: false, PreRelease: featuregate.Deprecated, LockToDefault: false},
	},
}
`,
			want: `FastWidget = widgetd/FastWidget@pkg/features/gates.go:4 | widgetd@pkg/features/gates.go:9 | 1.33:alpha:off(10) 1.35:ga:on:locked(11)
SlowWidget = widgetd/SlowWidget@pkg/features/gates.go:5 | widgetd@pkg/features/gates.go:13 | 1.0:ga:on(14) 1.36:deprecated:off(15)
`,
		},
		{
			name: "1b 1c 1f untyped and converted constants, other strings, in another file",
			in: `
-- pkg/features/names.go --
package features

const Untyped = "Untyped"
const (
	Converted = featuregate.Feature("Converted")
	ViaString featuregate.Feature = featuregate.Feature(string(Untyped) + "Too")
	OtherGate featuregate.Feature = "OtherWidgetName"
)
-- pkg/features/versioned.go --
package features

var gates = map[featuregate.Feature]featuregate.VersionedSpecs{
	Untyped: {{Version: version.MustParse("1.30"), PreRelease: featuregate.Alpha}},
	Converted: {{Version: version.MajorMinor(1, 31), PreRelease: featuregate.Beta, Default: true}},
	ViaString: {{Version: version.MustParse("v1.32.0"), PreRelease: featuregate.PreAlpha}},
	OtherGate: {{Version: version.MustParse("1.33.1")}},
}
`,
			want: `Converted = widgetd/Converted@pkg/features/names.go:5 | widgetd@pkg/features/versioned.go:5 | 1.31:beta:on(5)
OtherWidgetName = widgetd/OtherGate@pkg/features/names.go:7 | widgetd@pkg/features/versioned.go:7 | 1.33.1:ga:off(7)
Untyped = widgetd/Untyped@pkg/features/names.go:3 | widgetd@pkg/features/versioned.go:4 | 1.30:alpha:off(4)
UntypedToo = widgetd/ViaString@pkg/features/names.go:6 | widgetd@pkg/features/versioned.go:6 | 1.32:pre-alpha:off(6)
`,
		},
		{
			name: "1d aliases lead to the constant that holds the string",
			in: `
-- pkg/features/gates.go --
package features

import basefeatures "example.io/base/features"

const OldWidget utilfeature.Feature = basefeatures.OldWidget
const Older = OldWidget

var gates = map[utilfeature.Feature]utilfeature.FeatureSpec{
	Older: {Default: true, PreRelease: utilfeature.Beta},
}
-- staging/base/features/names.go --
package features

const OldWidget = "OldWidget"
`,
			want: "OldWidget = base/OldWidget@staging/base/features/names.go:3 | widgetd@pkg/features/gates.go:9 | -:beta:on(9)\n",
		},
		{
			name: "1d an alias of a package that is not read",
			in: `
-- pkg/features/gates.go --
package features

import logsv1 "example.io/elsewhere/logs/v1"

const LogWidget = logsv1.LogWidget

var gates = map[featuregate.Feature]featuregate.FeatureSpec{
	LogWidget: {PreRelease: featuregate.Alpha},
	logsv1.OtherWidget: {PreRelease: featuregate.Alpha},
}
`,
			want: `LogWidget = widgetd/LogWidget@pkg/features/gates.go:5 | widgetd@pkg/features/gates.go:8 | -:alpha:off(8)
OtherWidget = widgetd/OtherWidget@pkg/features/gates.go:9 | widgetd@pkg/features/gates.go:9 | -:alpha:off(9)
note pkg/features/gates.go:8: the name LogWidget is guessed from its constant: package example.io/elsewhere/logs/v1 not read
note pkg/features/gates.go:9: the name OtherWidget is guessed from its constant: package example.io/elsewhere/logs/v1 not read
`,
		},
		{
			name: "a dot import",
			in: `
-- pkg/features/gates.go --
package features

import . "example.io/base/features"

var gates = map[Feature]FeatureSpec{DotWidget: {PreRelease: Alpha}}
-- staging/base/features/names.go --
package features

const DotWidget = "DotWidget"
`,
			want: "DotWidget = base/DotWidget@staging/base/features/names.go:3 | widgetd@pkg/features/gates.go:5 | -:alpha:off(5)\n",
		},
		{
			name: "1g the package that comes first declares it, whichever constant the keys name",
			in: `
-- pkg/features/gates.go --
package features

import genericfeatures "example.io/base/features"

// Widgets of our own.
const TwiceWidget featuregate.Feature = "TwiceWidget"

var gates = map[featuregate.Feature]featuregate.FeatureSpec{
	genericfeatures.TwiceWidget: {PreRelease: featuregate.Alpha},
}
var needs = map[featuregate.Feature][]featuregate.Feature{
	TwiceWidget: {genericfeatures.TwiceWidget},
}
-- staging/base/features/gates.go --
package features

const TwiceWidget featuregate.Feature = "TwiceWidget"

var gates = map[featuregate.Feature]featuregate.FeatureSpec{TwiceWidget: {PreRelease: featuregate.Alpha}}
`,
			want: "TwiceWidget = widgetd/TwiceWidget@pkg/features/gates.go:6 | base@staging/base/features/gates.go:5 | widgetd@pkg/features/gates.go:9 | -:alpha:off(5) | needs [TwiceWidget]\n",
		},
		{
			name: "1h 1i neither unregistered constants nor comments are gates",
			in: `
-- pkg/features/gates.go --
package features

const (
	// Write a new gate like this:
	//
	// MyFeature featuregate.Feature = "MyFeature"

	Unregistered featuregate.Feature = "Unregistered"
)

var gates = map[featuregate.Feature]featuregate.VersionedSpecs{
	// genericfeatures.Sample: {
	// 	{Version: version.MustParse("1.31"), Default: false, PreRelease: featuregate.Alpha},
	// },
	/* Unregistered: {{PreRelease: featuregate.Alpha}}, */
}
`,
		},
		{
			name: "2a the first era: unkeyed, and the meta gate in the same map; only that file is read",
			in: `
-- pkg/util/config/feature_gate.go --
package config

const (
	allAlphaGate = "AllAlpha"
	fastWidget   = "AllowFastWidgets"
	slowWidget   = "slowWidget"
)

var knownFeatures = map[string]featureSpec{
	allAlphaGate: {false, alpha},
	fastWidget:   {true, beta},
	slowWidget:   {true, ga},
}

type featureSpec struct {
	enabled    bool
	prerelease prerelease
}

type prerelease string

const (
	alpha = prerelease("ALPHA")
	beta  = prerelease("BETA")
	ga    = prerelease("")
)
-- pkg/util/config/other.go --
package config

var others = map[string]featureSpec{"NotOurs": {true, beta}}
`,
			want: `AllowFastWidgets = config/fastWidget@pkg/util/config/feature_gate.go:5 | config@pkg/util/config/feature_gate.go:11 | -:beta:on(11)
slowWidget = config/slowWidget@pkg/util/config/feature_gate.go:6 | config@pkg/util/config/feature_gate.go:12 | -:ga:on(12)
`,
		},
		{
			name: "2b one-line specs and keys of other packages",
			in: `
-- pkg/features/gates.go --
package features

import (
	genericfeatures "example.io/base/features"
	"example.io/client/features/v1"
)

const FastWidget featuregate.Feature = "FastWidget"

var gates = map[featuregate.Feature]featuregate.FeatureSpec{
	FastWidget: {Default: true, PreRelease: featuregate.GA, LockToDefault: true}, // remove in 1.36

	// relisted from the base, remove in 1.20
	genericfeatures.BaseWidget: {Default: false, PreRelease: featuregate.Alpha},
	v1.ClientWidget: {PreRelease: featuregate.Deprecated},
}
-- staging/base/features/names.go --
package features

const BaseWidget featuregate.Feature = "BaseWidget"
-- staging/client/features/v1/names.go --
package v1

const ClientWidget featuregate.Feature = "ClientWidgets"
`,
			want: `BaseWidget = base/BaseWidget@staging/base/features/names.go:3 | widgetd@pkg/features/gates.go:14 | -:alpha:off(14)
ClientWidgets = client/ClientWidget@staging/client/features/v1/names.go:3 | widgetd@pkg/features/gates.go:15 | -:deprecated:off(15)
FastWidget = widgetd/FastWidget@pkg/features/gates.go:8 | widgetd@pkg/features/gates.go:11 | -:ga:on:locked(11) | removed in 1.36
`,
		},
		{
			name: "2d types of the package's own, both generations",
			in: `
-- staging/client/features/v1/features.go --
package v1

type Feature string
type prerelease string

const (
	Alpha = prerelease("ALPHA")
	Beta  = prerelease("BETA")
	GA    = prerelease("")
)

type FeatureSpec struct {
	Default       bool
	LockToDefault bool
	PreRelease    prerelease
	Version       *version.Version
}
type VersionedSpecs []FeatureSpec
-- staging/client/features/v1/known.go --
package v1

const (
	NewWidget Feature = "NewWidget"
	OldWidget Feature = "OldWidget"
)

var gates = map[Feature]VersionedSpecs{
	NewWidget: {
		{Version: version.MustParse("1.33"), Default: true, PreRelease: Beta},
		{true, true, GA, version.MustParse("1.36")},
	},
}
var unversioned = map[Feature]FeatureSpec{
	OldWidget: {Default: true, PreRelease: GA},
}
`,
			want: `NewWidget = client/NewWidget@staging/client/features/v1/known.go:4 | client@staging/client/features/v1/known.go:9 | 1.33:beta:on(10) 1.36:ga:on:locked(11)
OldWidget = client/OldWidget@staging/client/features/v1/known.go:5 | client@staging/client/features/v1/known.go:15 | -:ga:on(15)
`,
		},
		{
			name: "2e 2f maps that are returned or handed to a call, literal keys",
			in: `
-- staging/base/features/gates.go --
package features

const ReturnedWidget featuregate.Feature = "ReturnedWidget"

func gates() map[featuregate.Feature]featuregate.VersionedSpecs {
	return map[featuregate.Feature]featuregate.VersionedSpecs{
		ReturnedWidget: {{Version: version.MustParse("1.33"), PreRelease: featuregate.Alpha}},
	}
}

func none() map[featuregate.Feature]featuregate.FeatureSpec {
	return map[featuregate.Feature]featuregate.FeatureSpec{}
}

func register(r registry) error {
	return r.AddVersioned(map[featuregate.Feature]featuregate.VersionedSpecs{
		"LiteralWidget": {
			{Version: version.MustParse("1.0"), Default: true, PreRelease: featuregate.Alpha},
		},
	})
}
`,
			want: `LiteralWidget = base/@staging/base/features/gates.go:17 | base@staging/base/features/gates.go:17 | 1.0:alpha:on(18)
ReturnedWidget = base/ReturnedWidget@staging/base/features/gates.go:3 | base@staging/base/features/gates.go:7 | 1.33:alpha:off(7)
`,
		},
		{
			name: "2g index assignments under typed variables",
			in: `
-- pkg/features/fork.go --
package features

var (
	ForkWidget featuregate.Feature = "ForkWidget"
	FlatWidget = featuregate.Feature("FlatWidget")
)

func registerFork() {
	gates[ForkWidget] = featuregate.VersionedSpecs{
		{Version: version.MustParse("1.36"), Default: true, PreRelease: featuregate.GA}, // remove in 1.39
	}
	gates[FlatWidget], other = featuregate.FeatureSpec{PreRelease: featuregate.Beta}, 1
}

// A copy of gates that are registered elsewhere registers nothing.
func convert(in map[basefeatures.Feature]basefeatures.FeatureSpec) {
	out := map[featuregate.Feature]featuregate.FeatureSpec{}
	for name, spec := range in {
		out[featuregate.Feature(name)] = featuregate.FeatureSpec{Default: spec.Default, PreRelease: stage(spec)}
	}
}
`,
			want: `FlatWidget = widgetd/FlatWidget@pkg/features/fork.go:5 | widgetd@pkg/features/fork.go:12 | -:beta:off(12)
ForkWidget = widgetd/ForkWidget@pkg/features/fork.go:4 | widgetd@pkg/features/fork.go:9 | 1.36:ga:on(10) | removed in 1.39
`,
		},
		{
			name: "2g a spec that is changed at run time is told as registered",
			in: `
-- pkg/features/gates.go --
package features

const PodWidget featuregate.Feature = "PodWidget"

var gates = map[featuregate.Feature]featuregate.FeatureSpec{
	PodWidget: {Default: true, PreRelease: featuregate.Beta},
}

func init() {
	spec := gates[PodWidget]
	spec.Default = false
	gates[PodWidget] = spec
}
`,
			want: `PodWidget = widgetd/PodWidget@pkg/features/gates.go:3 | widgetd@pkg/features/gates.go:6 | -:beta:on(6)
note pkg/features/gates.go:12: the spec of PodWidget may be changed at run time; told is what its registration says
`,
		},
		{
			name: "2h a struct around the spec and a named map",
			in: `
-- pkg/features/features.go --
package features

const (
	FastWidget = "FastWidget"
	GoneWidget = "GoneWidget"
	BareWidget = "BareWidget"
)

var Init = FeatureList{
	FastWidget: {FeatureSpec: featuregate.FeatureSpec{Default: true, PreRelease: featuregate.GA}},
	GoneWidget: {
		FeatureSpec:        featuregate.FeatureSpec{Default: false, PreRelease: featuregate.Deprecated},
		DeprecationMessage: "gone", HiddenInHelpText: true,
	},
	BareWidget: {featuregate.FeatureSpec{PreRelease: featuregate.Alpha}, nil, true, ""},
}

type Feature struct {
	featuregate.FeatureSpec
	MinimumVersion     *version.Version
	HiddenInHelpText   bool
	DeprecationMessage string
}

type FeatureList map[string]Feature
`,
			want: `BareWidget = widgetd/BareWidget@pkg/features/features.go:6 | widgetd@pkg/features/features.go:15 | -:alpha:off(15)
FastWidget = widgetd/FastWidget@pkg/features/features.go:4 | widgetd@pkg/features/features.go:10 | -:ga:on(10)
GoneWidget = widgetd/GoneWidget@pkg/features/features.go:5 | widgetd@pkg/features/features.go:11 | -:deprecated:off(12)
`,
		},
		{
			name: "2h the wrapper of a package that is not read, pointers, a list of maps",
			in: `
-- pkg/features/features.go --
package features

type Set = map[featuregate.Feature]*featuregate.FeatureSpec

var all = []Set{
	{"PointedWidget": {PreRelease: featuregate.Beta}},
	{"AddressedWidget": &featuregate.FeatureSpec{PreRelease: featuregate.Alpha}},
}

var wrapped = map[string]elsewhere.Gate{
	"WrappedWidget": {Help: "x", Spec: featuregate.FeatureSpec{PreRelease: featuregate.Alpha}},
}
`,
			want: `AddressedWidget = widgetd/@pkg/features/features.go:7 | widgetd@pkg/features/features.go:7 | -:alpha:off(7)
PointedWidget = widgetd/@pkg/features/features.go:6 | widgetd@pkg/features/features.go:6 | -:beta:off(6)
WrappedWidget = widgetd/@pkg/features/features.go:11 | widgetd@pkg/features/features.go:11 | -:alpha:off(11)
`,
		},
		{
			name: "2i registrations by call and by flag are lost aloud",
			in: `
-- pkg/features/active.go --
package features

const LiveWidgetGate = "LiveWidget"

func init() {
	RegisterFeatureGate(FeatureGate{Name: LiveWidgetGate, State: Alpha})
	RegisterFeatureGate(build())
}
-- staging/base/features/options.go --
package features

func (o *Options) add(fs *flags) {
	fs.StringVar(&o.gates, "feature-gates", "FastWidget=false", "which widgets")
	fs.StringVar(&o.more, "more", "SlowWidget=true,OddWidget=false", "which widgets, such as X=y")
}
`,
			want: `lost pkg/features/active.go:6: LiveWidget is registered by a call of RegisterFeatureGate, a form that is not read
lost pkg/features/active.go:7: a gate is registered by a call of RegisterFeatureGate, a form that is not read; its name is not known
lost staging/base/features/options.go:4: FastWidget is registered by the default of a flag, a form that is not read
lost staging/base/features/options.go:5: OddWidget is registered by the default of a flag, a form that is not read
lost staging/base/features/options.go:5: SlowWidget is registered by the default of a flag, a form that is not read
unread FastWidget LiveWidget OddWidget SlowWidget
incomplete
`,
		},
		{
			name: "5 the map of dependencies registers nothing",
			in: `
-- pkg/features/gates.go --
package features

import client "example.io/client/features/v1"

const (
	FastWidget featuregate.Feature = "FastWidget"
	SlowWidget featuregate.Feature = "SlowWidgets"
	FreeWidget featuregate.Feature = "FreeWidget"
	Undeclared featuregate.Feature = "Undeclared"
)

var gates = map[featuregate.Feature]featuregate.FeatureSpec{
	FastWidget: {PreRelease: featuregate.Beta},
	SlowWidget: {PreRelease: featuregate.Alpha},
	FreeWidget: {PreRelease: featuregate.Alpha},
	Undeclared: {PreRelease: featuregate.Alpha},
}

var needs = map[featuregate.Feature][]featuregate.Feature{
	FastWidget: {SlowWidget, featuregate.Feature(client.Cache), SlowWidget}, // FreeWidget is indirect.
	SlowWidget: {},
	FreeWidget: nil,
	"NotRegistered": {FastWidget},
}
-- staging/client/features/v1/names.go --
package v1

const Cache Feature = "WidgetCache"
`,
			want: `FastWidget = widgetd/FastWidget@pkg/features/gates.go:6 | widgetd@pkg/features/gates.go:13 | -:beta:off(13) | needs [SlowWidgets WidgetCache]
FreeWidget = widgetd/FreeWidget@pkg/features/gates.go:8 | widgetd@pkg/features/gates.go:15 | -:alpha:off(15) | needs []
SlowWidgets = widgetd/SlowWidget@pkg/features/gates.go:7 | widgetd@pkg/features/gates.go:14 | -:alpha:off(14) | needs []
Undeclared = widgetd/Undeclared@pkg/features/gates.go:9 | widgetd@pkg/features/gates.go:16 | -:alpha:off(16)
`,
		},
		{
			name: "files of no package, tests and generated files are not read, not even as Go",
			in: `
-- pkg/features/gates_test.go --
not Go
-- pkg/features/zz_generated.gates.go --
not Go
-- pkg/features/README.md --
not Go
-- pkg/features/deeper/gates.go --
not Go
-- version/base.go --
not Go
`,
		},
		{
			name: "places are those of the file, whatever a line directive says",
			in: `
-- pkg/features/gates.go --
package features

//line elsewhere.y:900
var gates = map[featuregate.Feature]featuregate.FeatureSpec{
	"FastWidget": {PreRelease: featuregate.Alpha}, // remove in 1.40
}
`,
			want: "FastWidget = widgetd/@pkg/features/gates.go:5 | widgetd@pkg/features/gates.go:5 | -:alpha:off(5) | removed in 1.40\n",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, show(parse(t, tc.in))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
