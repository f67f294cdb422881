package gate_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/gate"
)

// What cannot be read is told with its place, and never makes a gate or hides one.
func TestUnreadable(t *testing.T) {
	const head = `
-- pkg/features/gates.go --
package features

const on, FastWidget, noValue = true, "FastWidget", f()
var var133, changing = version.MustParse("1.33"), true
const text133 = "1.33"
const late = featuregate.Beta

type boolish bool

`
	row := func(value string) string {
		return head + "var gates = map[featuregate.Feature]featuregate.VersionedSpecs{\n\tFastWidget: " + value + ",\n\t\"Good\": {{PreRelease: late, Default: !on}},\n}\n"
	}
	const good = "Good = widgetd/@pkg/features/gates.go:12 | widgetd@pkg/features/gates.go:12 | -:beta:off(12)\n"
	lost := func(why string) string {
		return good + "lost pkg/features/gates.go:11: the registration of FastWidget cannot be read: " + why + "\nunread FastWidget\n"
	}
	const fast = "FastWidget = widgetd/FastWidget@pkg/features/gates.go:3 | widgetd@pkg/features/gates.go:11 | "
	for _, tc := range []struct{ name, in, want string }{
		{"a constant for a bool", row("{{Default: on, LockToDefault: (on), PreRelease: late}}"), fast + "-:beta:on:locked(11)\n" + good},
		{"a spec that a variable holds", row("specs") + "\nvar specs = featuregate.VersionedSpecs{{PreRelease: late}}\n", fast + "-:beta:off(15)\n" + good},
		{"a variable for a bool", row("{{Default: changing}}"), lost("Default on line 11: changing is neither true nor false nor a constant of the package")},
		{"a call for a lock", row("{{LockToDefault: f()}}"), lost("LockToDefault on line 11: the call of f is neither true nor false nor a constant of the package")},
		{"an unknown stage", row("{{PreRelease: featuregate.Gamma}}"), lost("PreRelease on line 11: featuregate.Gamma is no stage")},
		{"a version by a variable", row("{{Version: var133}}"), lost("Version on line 11: var133 is neither MustParse nor MajorMinor")},
		{"a version by a constant", row("{{Version: version.MustParse(text133)}}"), lost("Version on line 11: text133 is no string literal")},
		{"a version that is none", row(`{{Version: version.MustParse("next")}}`), lost(`Version on line 11: "next" is no version`)},
		{"a version by names", row("{{Version: version.MajorMinor(1, n)}}"), lost("Version on line 11: the numbers of MajorMinor are no literals")},
		{"no specs", row("{}"), lost("it has no specs")},
		{"specs by a call", row("since(133)"), lost("the call of since is no literal")},
		{"one spec by a call", row("{since(133)}"), lost("the call of since is no literal")},
		{
			"an unknown field", row(`{{Version: version.MustParse("1.36"), Owner: "x"}}`),
			fast + "1.36:ga:off(11)\n" + good + "note pkg/features/gates.go:11: unknown field Owner in a spec of FastWidget, ignored\n",
		},
		{
			"one version twice, by compatibility",
			row("{\n{Version: version.MustParse(\"1.36\"), PreRelease: late, MinCompatibilityVersion: version.MustParse(\"1.35\"), Default: true},\n{Version: version.MustParse(\"1.36\"), PreRelease: late},\n{Version: version.MustParse(\"1.35\"), PreRelease: featuregate.Alpha}}"),
			fast + "1.35:alpha:off(14) 1.36:beta:off(13)\n" + strings.ReplaceAll(good, "12", "15") +
				"note pkg/features/gates.go:12: FastWidget has two specs for 1.36 (other on line 13): the one without MinCompatibilityVersion counts\n",
		},
		{
			"one version twice, the other way round",
			row("{\n{Version: version.MustParse(\"1.36\"), PreRelease: late},\n{Version: version.MustParse(\"1.36\"), PreRelease: late, MinCompatibilityVersion: version.MustParse(\"1.35\"), Default: true}}"),
			fast + "1.36:beta:off(12)\n" + strings.ReplaceAll(good, "12", "14") +
				"note pkg/features/gates.go:13: FastWidget has two specs for 1.36 (other on line 12): the one without MinCompatibilityVersion counts\n",
		},
		{
			"a key that nothing declares", row("{{PreRelease: late}}") + "\nfunc f() { m := map[string]featuregate.FeatureSpec{key: {}, boolish(x): {}, x.y: {}, f(\"Q\"): {}, \"\": {}} }\n",
			fast + "-:beta:off(11)\n" + good +
				"lost pkg/features/gates.go:15: the key \"\" is an empty string, so its gate is not known\n" +
				"lost pkg/features/gates.go:15: the key key cannot be read, so its gate is not known: package pkg/features declares no key\n" +
				"lost pkg/features/gates.go:15: the key the call of boolish cannot be read, so its gate is not known: package pkg/features declares no x\n" +
				"lost pkg/features/gates.go:15: the key the call of f cannot be read, so its gate is not known: the call of f is neither a constant nor a string\n" +
				"lost pkg/features/gates.go:15: the key x.y cannot be read, so its gate is not known: x is no import of the file\nincomplete\n",
		},
		{
			"an assignment of a computed spec", row("{{PreRelease: late}}") + "\nfunc f() { gates[\"NewWidget\"] = spec(); gates[unknown] = featuregate.VersionedSpecs{{PreRelease: late}} }\n",
			fast + "-:beta:off(11)\n" + good +
				"lost pkg/features/gates.go:15: the key unknown cannot be read, so its gate is not known: package pkg/features declares no unknown\n" +
				"lost pkg/features/gates.go:15: the registration of NewWidget cannot be read: its value is computed at run time\nunread NewWidget\nincomplete\n",
		},
		{
			"a spec outside any map", row("{{PreRelease: late}}") + "\nvar x = register(\"Odd\", featuregate.FeatureSpec{PreRelease: late})\n",
			fast + "-:beta:off(11)\n" + good + "note pkg/features/gates.go:15: a feature spec stands outside any map of gates, not read\n",
		},
		{
			"constants in a circle", head + "const a, b = b, a\nvar g = map[F]featuregate.FeatureSpec{a: {}}\n",
			"lost pkg/features/gates.go:11: the key a cannot be read, so its gate is not known: its constants lead in a circle\nincomplete\n",
		},
		{
			"of a gate with one lost registration nothing is told", row("{{PreRelease: late}}") + "\nvar more = map[featuregate.Feature]featuregate.FeatureSpec{FastWidget: spec()}\n",
			good + "lost pkg/features/gates.go:15: the registration of FastWidget cannot be read: the call of spec is no literal\nunread FastWidget\n",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, show(parse(t, tc.in))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSyntaxErrorsNameEveryFileAndPlace(t *testing.T) {
	res, err := gate.Parse(widgets(), files(`
-- pkg/features/b.go --
<!DOCTYPE html>
-- pkg/features/a.go --
package features

var gates = map[featuregate.Feature]featuregate.FeatureSpec{
	FastWidget: {Default: true,
-- staging/base/features/good.go --
package features

var gates = map[featuregate.Feature]featuregate.FeatureSpec{"FastWidget": {}}
`))
	if len(res.Gates)+len(res.Diagnostics) > 0 {
		t.Errorf("a result beside the error: %s", show(res))
	}
	var first *gate.SyntaxError
	if !errors.As(err, &first) || first.File != "pkg/features/a.go" || first.Line != 4 || first.Col == 0 || first.Message == "" {
		t.Fatalf("first error %+v of %v", first, err)
	}
	for _, want := range []string{"pkg/features/a.go:4:", "pkg/features/b.go:1:1: not valid Go"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
}

func TestTheOrderOfFilesDoesNotMatter(t *testing.T) {
	in := files(variants)
	want, err := gate.Parse(widgets(), in)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(in)
	got, err := gate.Parse(widgets(), in)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-forward +backward):\n%s", diff)
	}
}
