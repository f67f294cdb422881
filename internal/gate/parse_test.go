package gate_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/gate"
)

// The packages of an invented upstream: "main" relists gates of "lib", "client" has its own types.
var packages = []gate.Package{
	{Dir: "pkg/features", Component: "main", ImportPath: "example.io/main/pkg/features"},
	{Dir: "staging/lib/features", Component: "lib", ImportPath: "example.io/lib/features"},
	{Dir: "staging/client/features", Component: "client", ImportPath: "example.io/client/features"},
	{Dir: "cmd/tool/features.go", Component: "tool", ImportPath: "example.io/main/cmd/tool"},
}

const header = `package features

import (
	"example.io/version"
	libfeatures "example.io/lib/features"
	"k8s.io/component-base/featuregate"
	other "example.io/unread/features"
)

`

// summary renders a gate in one line: name(const) component@components specs, and what else is set.
func summary(g gate.Gate) string {
	s := fmt.Sprintf("%s(%s) %s@%s", g.Name, g.Const, g.Component, strings.Join(g.Components(), ","))
	if g.Variant != "" {
		s += " variant=" + g.Variant
	}
	for _, x := range g.Specs {
		s += fmt.Sprintf(" %s:%s:%v:%v", x.Since, x.Stage, x.Default, x.Locked)
	}
	if g.DependsOn != nil {
		s += " needs=[" + strings.Join(g.DependsOn, ",") + "]"
	}
	if g.RemoveIn != "" {
		s += " remove=" + g.RemoveIn
	}
	return s
}

func TestForms(t *testing.T) {
	tests := []struct {
		name  string
		main  string // after the header
		files map[string]string
		want  []string
		says  []string // diagnostics contain
	}{
		{
			name: "1a typed constant, 2c versioned specs",
			main: `const FastWidget featuregate.Feature = "FastWidget"
var gates = map[featuregate.Feature]featuregate.VersionedSpecs{
	FastWidget: {
		{Version: version.MustParse("1.33"), Default: false, PreRelease: featuregate.Alpha},
		{Version: version.MustParse("1.35"), Default: true, LockToDefault: true, PreRelease: featuregate.GA}, // remove in 1.38
	},
}`,
			want: []string{"FastWidget(FastWidget) main@main 1.33:alpha:false:false 1.35:ga:true:true remove=1.38"},
		},
		{
			name: "1b untyped constant, 2b one-line specs",
			main: `const SlowWidget = "SlowWidget"
var gates = map[featuregate.Feature]featuregate.FeatureSpec{
	SlowWidget: {Default: true, PreRelease: featuregate.Beta},
}`,
			want: []string{"SlowWidget(SlowWidget) main@main :beta:true:false"},
		},
		{
			name: "1c conversion",
			main: `const OddWidget = featuregate.Feature("OddWidget")
var gates = map[featuregate.Feature]featuregate.FeatureSpec{OddWidget: {PreRelease: featuregate.Deprecated}}`,
			want: []string{"OddWidget(OddWidget) main@main :deprecated:false:false"},
		},
		{
			name:  "1d alias of another package's constant",
			main:  "const Old featuregate.Feature = libfeatures.OldWidget\nvar gates = map[featuregate.Feature]featuregate.FeatureSpec{Old: {Default: true, PreRelease: featuregate.GA}}",
			files: map[string]string{"staging/lib/features/f.go": "package features\nconst OldWidget = \"OldWidget\"\n"},
			want:  []string{"OldWidget(OldWidget) lib@lib,main :ga:true:false"},
		},
		{
			name: "1e unexported constant, 1f the string is the identity, 2a unkeyed specs",
			main: `const (
	widgetTraffic = "AllowWidgetTraffic"
	allAlphaGate  = "AllAlpha"
)
var known = map[string]featureSpec{
	allAlphaGate:  {false, alpha},
	widgetTraffic: {true, beta},
}`,
			want: []string{"AllowWidgetTraffic(widgetTraffic) main@main :beta:true:false"},
		},
		{
			name: "1g one gate declared in two packages, registered by both alike",
			main: `const FastWidget featuregate.Feature = "FastWidget"
var gates = map[featuregate.Feature]featuregate.FeatureSpec{libfeatures.FastWidget: {PreRelease: featuregate.Alpha}}`,
			files: map[string]string{"staging/lib/features/f.go": `package features
import "k8s.io/component-base/featuregate"
const FastWidget featuregate.Feature = "FastWidget"
var gates = map[featuregate.Feature]featuregate.FeatureSpec{FastWidget: {PreRelease: featuregate.Alpha}}
`},
			want: []string{"FastWidget(FastWidget) main@lib,main :alpha:false:false"},
		},
		{
			name: "1h declared and never registered, 1i templates in comments",
			main: `// MyFeature featuregate.Feature = "MyFeature"
const Unused featuregate.Feature = "Unused"
const FastWidget featuregate.Feature = "FastWidget"
var gates = map[featuregate.Feature]featuregate.FeatureSpec{
	// Unused: {Default: true, PreRelease: featuregate.Beta},
	FastWidget: {PreRelease: featuregate.Alpha},
}`,
			want: []string{"FastWidget(FastWidget) main@main :alpha:false:false"},
		},
		{
			name: "2d a package with its own types",
			files: map[string]string{"staging/client/features/known.go": `package features
type Feature string
const FastWidget Feature = "FastWidget"
const NewWidget Feature = "NewWidget"
var versioned = map[Feature]VersionedSpecs{FastWidget: {{Version: version.MustParse("1.36"), PreRelease: Beta, Default: true}}}
var plain = map[Feature]FeatureSpec{NewWidget: {PreRelease: Alpha}}
`},
			want: []string{"FastWidget(FastWidget) client@client 1.36:beta:true:false", "NewWidget(NewWidget) client@client :alpha:false:false"},
		},
		{
			name: "2e returned by a function, a default from a constant",
			main: `const FastWidget featuregate.Feature = "FastWidget"
const widgetDefault = true
func featureGates() map[featuregate.Feature]featuregate.VersionedSpecs {
	return map[featuregate.Feature]featuregate.VersionedSpecs{
		FastWidget: {{Version: version.MajorMinor(1, 30), Default: widgetDefault, PreRelease: featuregate.Beta}},
	}
}
func none() map[featuregate.Feature]featuregate.VersionedSpecs { return map[featuregate.Feature]featuregate.VersionedSpecs{} }`,
			want: []string{"FastWidget(FastWidget) main@main 1.30:beta:true:false"},
		},
		{
			name: "2f call argument with literal keys",
			main: `func add() {
	must(gate.AddVersioned(map[featuregate.Feature]featuregate.VersionedSpecs{
		"FastWidget": {{Version: version.MustParse("1.0"), Default: false, PreRelease: featuregate.Alpha}},
	}))
}`,
			want: []string{"FastWidget() main@main 1.0:alpha:false:false"},
		},
		{
			name: "2g index assignment of a variable",
			main: `var FastWidget featuregate.Feature = "FastWidget"
func register() {
	gates[FastWidget] = featuregate.VersionedSpecs{{Version: version.MustParse("1.30"), Default: true, PreRelease: featuregate.Beta}}
}`,
			want: []string{"FastWidget(FastWidget) main@main 1.30:beta:true:false"},
		},
		{
			name: "2h own struct in a named map, one file only",
			files: map[string]string{
				"cmd/tool/features.go": `package tool
import "k8s.io/component-base/featuregate"
const FastWidget = "FastWidget"
type Feature struct {
	featuregate.FeatureSpec
	Hidden bool
}
type FeatureList map[string]Feature
var Gates = FeatureList{
	FastWidget: {FeatureSpec: featuregate.FeatureSpec{Default: true, PreRelease: featuregate.GA, LockToDefault: true}, Hidden: true},
}
`,
				"cmd/tool/other.go": "this file is not of the package and no Go",
			},
			want: []string{"FastWidget(FastWidget) tool@tool :ga:true:true"},
		},
		{
			name: "dependencies are no gates",
			main: `const (
	FastWidget featuregate.Feature = "FastWidget"
	BaseWidget featuregate.Feature = "BaseWidgetString"
)
var gates = map[featuregate.Feature]featuregate.FeatureSpec{FastWidget: {PreRelease: featuregate.Alpha}, BaseWidget: {PreRelease: featuregate.Alpha}}
var dependencies = map[featuregate.Feature][]featuregate.Feature{
	FastWidget: {BaseWidget, featuregate.Feature(libfeatures.Cache)},
	BaseWidget: {},
}`,
			files: map[string]string{"staging/lib/features/f.go": "package features\nconst Cache Feature = \"WidgetCache\"\n"},
			want: []string{
				"BaseWidgetString(BaseWidget) main@main :alpha:false:false needs=[]",
				"FastWidget(FastWidget) main@main :alpha:false:false needs=[BaseWidgetString,WidgetCache]",
			},
		},
		{
			name: "constant and registration in two files, an empty map beside",
			main: "const FastWidget featuregate.Feature = \"FastWidget\"\nvar gates = map[featuregate.Feature]featuregate.FeatureSpec{}\n",
			files: map[string]string{"pkg/features/versioned.go": `package features
import "k8s.io/component-base/featuregate"
var versioned = map[featuregate.Feature]featuregate.VersionedSpecs{
	FastWidget: {{Version: version.MustParse("1.32"), PreRelease: featuregate.Alpha}},
}
`},
			want: []string{"FastWidget(FastWidget) main@main 1.32:alpha:false:false"},
		},
		{
			name:  "unequal registrations stay apart",
			main:  "const FastWidget featuregate.Feature = \"FastWidget\"\nvar gates = map[featuregate.Feature]featuregate.FeatureSpec{FastWidget: {Default: true, PreRelease: featuregate.Beta}}",
			files: map[string]string{"staging/client/features/f.go": "package features\nconst FastWidget Feature = \"FastWidget\"\nvar g = map[Feature]FeatureSpec{FastWidget: {PreRelease: Alpha}}\n"},
			want: []string{
				"FastWidget(FastWidget) main@client,main variant=client :alpha:false:false",
				"FastWidget(FastWidget) main@main variant=main :beta:true:false",
			},
		},
		{
			name: "a key of a package that is not read is a guess, and said",
			main: "var gates = map[featuregate.Feature]featuregate.FeatureSpec{other.FastWidget: {PreRelease: featuregate.Alpha}}",
			want: []string{"FastWidget(FastWidget) main@main :alpha:false:false"},
			says: []string{"pkg/features/kube_features.go:10: the name FastWidget is guessed"},
		},
		{
			name: "unknown fields are tolerated, a compatibility row is not the spec in force",
			main: `const FastWidget featuregate.Feature = "FastWidget"
var gates = map[featuregate.Feature]featuregate.VersionedSpecs{
	FastWidget: {
		{Version: version.MustParse("1.35"), Default: true, PreRelease: featuregate.Beta, Colour: 3},
		{Version: version.MustParse("1.35"), Default: false, PreRelease: featuregate.Beta, MinCompatibilityVersion: version.MustParse("1.34")},
	},
}`,
			want: []string{"FastWidget(FastWidget) main@main 1.35:beta:true:false"},
			says: []string{"the field Colour", "older compatibility version"},
		},
		{
			name: "an omitted stage is stable, specs ascend by version",
			main: `const FastWidget featuregate.Feature = "FastWidget"
var gates = map[featuregate.Feature]featuregate.VersionedSpecs{
	FastWidget: {{Version: version.MustParse("1.10"), Default: true}, {Version: version.MustParse("1.9"), PreRelease: featuregate.Beta}},
}`,
			want: []string{"FastWidget(FastWidget) main@main 1.9:beta:false:false 1.10:ga:true:false"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res := parse(t, tt.main, tt.files)
			var got []string
			for _, g := range res.Gates {
				got = append(got, summary(g))
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
			said := ""
			for _, d := range res.Diagnostics {
				said += fmt.Sprintf("%s:%d: %s\n", d.File, d.Line, d.Message)
			}
			for _, s := range tt.says {
				if !strings.Contains(said, s) {
					t.Errorf("diagnostics lack %q:\n%s", s, said)
				}
			}
			if len(tt.says) == 0 && said != "" {
				t.Errorf("unexpected diagnostics:\n%s", said)
			}
			if res.Incomplete || len(res.Unread) > 0 {
				t.Errorf("something was lost: %v, %v", res.Incomplete, res.Unread)
			}
		})
	}
}

func parse(t testing.TB, main string, more map[string]string) gate.Result {
	t.Helper()
	files := []gate.File{{Path: "pkg/features/kube_features_test.go", Src: []byte("package features_test; this is no Go")}}
	if main != "" {
		files = append(files, gate.File{Path: "pkg/features/kube_features.go", Src: []byte(header + main)})
	}
	for path, src := range more {
		files = append(files, gate.File{Path: path, Src: []byte(src)})
	}
	res, err := gate.Parse(packages, files)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// TestNothingIsLostInSilence: what can't be read is named, and never looks like a removal.
func TestNothingIsLostInSilence(t *testing.T) {
	const declared = "const FastWidget featuregate.Feature = \"FastWidget\"\nvar gates = map[featuregate.Feature]featuregate."
	tests := []struct {
		name, main string
		unread     []string
		incomplete bool
	}{
		{"a spec by reference", declared + "FeatureSpec{FastWidget: defaultSpec}", []string{"FastWidget"}, false},
		{"a default from a function", declared + "FeatureSpec{FastWidget: {Default: isLinux()}}", []string{"FastWidget"}, false},
		{"an unknown stage", declared + "FeatureSpec{FastWidget: {PreRelease: featuregate.Gamma}}", []string{"FastWidget"}, false},
		{"a version from elsewhere", declared + "VersionedSpecs{FastWidget: {{Version: version.Current()}}}", []string{"FastWidget"}, false},
		{"no spec at all", declared + "VersionedSpecs{FastWidget: {}}", []string{"FastWidget"}, false},
		{"a key that nobody declares", declared + "FeatureSpec{LostWidget: {PreRelease: featuregate.Alpha}}", nil, true},
		{"a key made by a function", declared + "FeatureSpec{name(1): {PreRelease: featuregate.Alpha}}", nil, true},
		{"gates registered by calls", "func init() { RegisterFeatureGate(FeatureGate{Name: \"FastWidget\", State: Alpha}) }", nil, true},
		{"gates in a flag string", "const defaults = \"FastWidget=false,SlowWidget=true\"", nil, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res := parse(t, tt.main, nil)
			if !slices.Equal(res.Unread, tt.unread) || res.Incomplete != tt.incomplete {
				t.Errorf("unread %v, incomplete %v; want %v, %v", res.Unread, res.Incomplete, tt.unread, tt.incomplete)
			}
			if len(res.Gates) != 0 {
				t.Errorf("gates %v", res.Gates)
			}
			if len(res.Diagnostics) == 0 || !res.Diagnostics[0].Lost || res.Diagnostics[0].Line < 9 {
				t.Errorf("diagnostics %v", res.Diagnostics)
			}
		})
	}
}

func TestSyntaxErrorsNameThePlace(t *testing.T) {
	_, err := gate.Parse(packages, []gate.File{
		{Path: "pkg/features/a.go", Src: []byte("package features\n\nvar = 1\n")},
		{Path: "staging/lib/features/b.go", Src: []byte("package")},
	})
	var syntax *gate.SyntaxError
	if !errors.As(err, &syntax) || syntax.File != "pkg/features/a.go" || syntax.Line != 3 {
		t.Fatalf("error %v", err)
	}
	if !strings.Contains(err.Error(), "staging/lib/features/b.go:1:") {
		t.Errorf("the second file is not named: %v", err)
	}
}

func TestPlacesAreThoseOfTheSource(t *testing.T) {
	res := parse(t, `const (
	// FastWidget is declared on line 12.
	FastWidget featuregate.Feature = "FastWidget"
)

var gates = map[featuregate.Feature]featuregate.VersionedSpecs{
	FastWidget: {
		{Version: version.MustParse("1.33"), PreRelease: featuregate.Alpha},

		{Version: version.MustParse("1.35"), PreRelease: featuregate.Beta},
	},
}`, nil)
	g := res.Gates[0]
	want := []int{12, 16, 17, 19}
	got := []int{g.Declared.Line, g.Registered[0].Line, g.Specs[0].Line, g.Specs[1].Line}
	if !slices.Equal(got, want) {
		t.Errorf("lines %v, want %v", got, want)
	}
}

func TestComments(t *testing.T) {
	tests := []struct {
		doc, trailing string
		want          string // sentence | owners | keps | remove
	}{
		{"// owner: @a @b\n// kep: https://kep.k8s.io/1234\n//\n// Makes widgets fast, e.g. those of Go. More text.", "", "Makes widgets fast, e.g. those of Go.|@a,@b|1234|"},
		{"// owner: @a, @b(nick) (for GA graduation)\n// kep:  http://kep.k8s.io/12\n// alpha: v1.20\n// beta: 1.25 (off by default until 1.25)\n// GA: see below.\n// Text without an end", "// remove in 1.36.", "Text without an end|@a,@b|12|1.36"},
		{"// Owner: serathius\n// Alpha: v1.2\n//\n// Text first.\n//\n// Second paragraph. owner", "//remove in 1.22", "Text first.|@serathius||1.22"},
		{"// Text after which the lines come.\n//\n// owner: @a,@b\n// stable: v1.3", "// GA in 1.33; remov in v1.29", "Text after which the lines come.|@a,@b||1.29"},
		{"// Deprecated: do not use it any more.", "// remove after 1.30", "Deprecated: do not use it any more.|||1.31"},
		{"// See https://github.com/kubernetes/enhancements/issues/77 and KEP-0088.", "// GA in 0.20", "See https://github.com/kubernetes/enhancements/issues/77 and KEP-0088.||77,88|"},
		{"", "// remove after OtherWidget is GA", "|||"},
		{"", "// remove no early than 1.23", "|||1.23"},
	}
	for _, tt := range tests {
		src := tt.doc + "\nconst FastWidget featuregate.Feature = \"FastWidget\"\n\nvar gates = map[featuregate.Feature]featuregate.FeatureSpec{\n" +
			"\t// Heading of a section. owner: @nobody, remove in 1.99\n\n\tFastWidget: {Default: true}, " + tt.trailing + "\n}"
		g := parse(t, src, nil).Gates[0]
		got := strings.Join([]string{g.Description, strings.Join(g.Owners, ","), strings.Join(g.KEPs, ","), g.RemoveIn}, "|")
		if got != tt.want {
			t.Errorf("%s\n%s\ngot  %s\nwant %s", tt.doc, tt.trailing, got, tt.want)
		}
	}
}

func TestEffective(t *testing.T) {
	g := gate.Gate{Specs: []gate.Spec{
		{Since: "1.0", Stage: gate.GA, Default: true},
		{Since: "1.9", Stage: gate.Deprecated, Default: true},
		{Since: "1.10", Stage: gate.Deprecated, Locked: true},
	}}
	for version, want := range map[string]string{"1.8": "1.0", "1.9.7": "1.9", "v1.10.0-alpha.1": "1.10", "1.36": "1.10", "": "1.10"} {
		if s, ok := g.Effective(version); !ok || s.Since != want {
			t.Errorf("at %q the spec of %q is in force (%v), want that of %q", version, s.Since, ok, want)
		}
	}
	if _, ok := g.Effective("0.9"); ok {
		t.Error("a spec is in force before the first")
	}
	if got := g.Scheduled("1.9"); len(got) != 1 || got[0].Since != "1.10" {
		t.Errorf("scheduled above 1.9: %v", got)
	}
	if g.Introduced() != "1.9" || g.LockedSince("1.36") != "1.10" || g.LockedSince("1.9") != "" {
		t.Errorf("introduced %q, locked since %q and %q", g.Introduced(), g.LockedSince("1.36"), g.LockedSince("1.9"))
	}
}

func ExampleParse() {
	res, err := gate.Parse(
		[]gate.Package{{Dir: "features", Component: "widgets"}},
		[]gate.File{{Path: "features/gates.go", Src: []byte(`package features
import "k8s.io/component-base/featuregate"
const FastWidget featuregate.Feature = "FastWidget"
var gates = map[featuregate.Feature]featuregate.FeatureSpec{
	FastWidget: {Default: true, PreRelease: featuregate.Beta},
}`)}},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, g := range res.Gates {
		s, _ := g.Effective("1.36")
		fmt.Println(g.Name, s.Stage, s.Default)
	}
	// Output: FastWidget beta true
}

func FuzzParse(f *testing.F) {
	f.Add(header + "const A featuregate.Feature = \"A\"\nvar gates = map[featuregate.Feature]featuregate.FeatureSpec{A: {Default: true}}")
	f.Add("package p\nconst A = B\nconst B = A\nvar g = map[F]VersionedSpecs{A: {{Version: MustParse(A)}}}")
	f.Add("package p\ntype T T\nvar g = T{1: {}}\ntype S struct{ S }\nvar h = map[string]S{\"x\": {}}")
	f.Fuzz(func(t *testing.T, src string) {
		files := []gate.File{{Path: "pkg/features/a.go", Src: []byte(src)}}
		res, err := gate.Parse(packages, files)
		if err != nil {
			return
		}
		for i, g := range res.Gates {
			if g.Name == "" || len(g.Specs) == 0 || len(g.Registered) == 0 {
				t.Errorf("gate %d is not whole: %+v", i, g)
			}
			if slices.Contains(res.Unread, g.Name) {
				t.Errorf("%s is both read and unread", g.Name)
			}
		}
		again, err := gate.Parse(packages, files)
		if err != nil || cmp.Diff(res, again) != "" {
			t.Errorf("a second reading differs: %v %s", err, cmp.Diff(res, again))
		}
	})
}
