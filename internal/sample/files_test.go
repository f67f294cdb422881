package sample_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/golden"
	"github.com/upstream-digest/bot/internal/sample"
)

func loadFacts(tb testing.TB) *facts.Table {
	tb.Helper()
	table, err := facts.Load()
	if err != nil {
		tb.Fatal(err)
	}
	return table
}

// written writes a release with everything the package knows beyond the facts.
func written(tb testing.TB, table *facts.Table, release string) (map[string][]byte, sample.Options) {
	tb.Helper()
	descriptions, err := sample.Descriptions()
	if err != nil {
		tb.Fatal(err)
	}
	rows := table.Rows(release)
	opts := sample.Options{Descriptions: descriptions, DependsOn: sample.Edges(release, rows)}
	files, err := sample.Files(release, rows, opts)
	if err != nil {
		tb.Fatal(err)
	}
	return files, opts
}

// widgets are invented gates, one for each thing a row can say.
func widgets(versioned bool) []facts.Row {
	row := func(name, component, registered, specs string) facts.Row {
		r := facts.Row{Gate: name, Const: name, Component: component, RegisteredIn: strings.Split(registered, ",")}
		for s := range strings.SplitSeq(specs, ",") {
			f := strings.Split(s, ":")
			spec := gate.Spec{Since: f[0], Stage: gate.Stage(f[1]), Default: f[2] == "on", Locked: f[3] == "locked"}
			if !versioned {
				spec.Since = ""
				r.Specs = nil // only the last one is in force
			}
			r.Specs = append(r.Specs, spec)
		}
		return r
	}
	fast := row("FastWidget", "kubernetes", "kubernetes", "1.28:alpha:off:free,1.30:beta:on:free,1.31:ga:on:locked")
	fast.Owners, fast.KEPs, fast.RemoveIn = []string{"@ann", "@bob"}, []string{"4711"}, "1.35"
	renamed := row("CustomWidget", "kubernetes", "kubernetes", "1.29:deprecated:on:free")
	renamed.Const = "WidgetCustomPeriod"
	both := row("TwiceWidget", "kubernetes", "apiserver,kubernetes", "1.29:beta:off:free")
	both.Owners = []string{"@ann"}
	return []facts.Row{
		fast, renamed, both,
		row("SlowWidget", "apiserver", "apiserver,kubernetes", "1.29:alpha:off:free"),
		row("OwnWidget", "apiserver", "apiserver", "1.29:beta:on:free"),
		row("FarWidget", "apiserver", "kubernetes", "1.30:alpha:off:free"),
		row("CustomColumn", "apiextensions-apiserver", "apiextensions-apiserver,kubernetes", "1.30:alpha:off:free"),
		row("CloudWidget", "controller-manager", "controller-manager,kubernetes", "1.27:alpha:off:free"),
		row("ClientWidget", "client-go", "client-go", "1.30:beta:off:free"),
		row("ContextualLogging", "component-base", "component-base", "1.24:alpha:off:free,1.30:beta:on:free"),
	}
}

func TestEachEraIsWrittenInItsGrammar(t *testing.T) {
	for _, c := range []struct {
		release   string
		versioned bool
	}{
		{"v1.24", false}, {"v1.30", false}, {"v1.31", false}, {"v1.32", true}, {"v1.34", true}, {"v1.35", true},
	} {
		t.Run(c.release, func(t *testing.T) {
			opts := sample.Options{Descriptions: map[string]string{
				"FastWidget": "Makes widgets fast.",
				"OwnWidget":  "Lets a widget own itself.",
			}}
			rows := widgets(c.versioned)
			if c.release == "v1.35" {
				opts.DependsOn = map[string][]string{
					"FastWidget":  {"SlowWidget", "TwiceWidget"},
					"TwiceWidget": {"ClientWidget"},
				}
				rows = append(rows, facts.Row{
					Gate: "SetupWidget", Const: "SetupWidget", Component: "kubeadm", RegisteredIn: []string{"kubeadm"},
					Specs: []gate.Spec{{Stage: gate.Deprecated}},
				})
			}
			files, err := sample.Files(c.release, rows, opts)
			if err != nil {
				t.Fatal(err)
			}
			var archive txtar.Archive
			for _, name := range slices.Sorted(maps.Keys(files)) {
				archive.Files = append(archive.Files, txtar.File{Name: name, Data: files[name]})
			}
			golden.Check(t, path.Join("testdata", c.release+".golden"), txtar.Format(&archive))
		})
	}
}

func TestFilesAreFormattedGo(t *testing.T) {
	table := loadFacts(t)
	for _, release := range table.Releases() {
		files, _ := written(t, table, release)
		for name, src := range files {
			formatted, err := format.Source(src)
			if err != nil {
				t.Errorf("%s: %s: %v", release, name, err)
			} else if !bytes.Equal(formatted, src) {
				t.Errorf("%s: %s is not as gofmt wants it", release, name)
			}
		}
	}
}

func TestFilesDoNotDependOnTheOrderOfRows(t *testing.T) {
	table := loadFacts(t)
	want, opts := written(t, table, "v1.36")
	rows := table.Rows("v1.36")
	slices.Reverse(rows)
	got, err := sample.Files("v1.36", rows, opts)
	if err != nil {
		t.Fatal(err)
	}
	for name, src := range want {
		if !bytes.Equal(src, got[name]) {
			t.Errorf("%s changes with the order of the rows", name)
		}
	}
}

func TestOnlyTheGatesOfARowChangeTheirLines(t *testing.T) {
	table := loadFacts(t)
	before, opts := written(t, table, "v1.36")
	rows := table.Rows("v1.36")
	i := slices.IndexFunc(rows, func(r facts.Row) bool { return r.Gate == "PodLevelResources" })
	rows[i].Specs = append(rows[i].Specs, gate.Spec{Since: "1.37", Stage: gate.GA, Default: true, Locked: true})
	after, err := sample.Files("v1.36", rows, opts)
	if err != nil {
		t.Fatal(err)
	}
	const main = "pkg/features/kube_features.go"
	for name := range after {
		if name != main && !bytes.Equal(before[name], after[name]) {
			t.Errorf("%s changed with a gate that is not in it", name)
		}
	}
	old, now := strings.Split(string(before[main]), "\n"), strings.Split(string(after[main]), "\n")
	if len(now) != len(old)+1 {
		t.Errorf("one more spec makes %d lines out of %d, want one more", len(now), len(old))
	}
}

// The numbers are those of the real files (facts/feature-gates.md, sections 2c, 3 and 5).
func TestMainMapIsOfTheRealSize(t *testing.T) {
	table := loadFacts(t)
	for _, c := range []struct {
		release, file, variable string
		want                    string
	}{
		{"v1.26", "kube_features.go", "defaultKubernetesFeatureGates", "genericfeatures 13, local 119"},
		{"v1.30", "kube_features.go", "defaultKubernetesFeatureGates", "apiextensionsfeatures 2, genericfeatures 32, local 127"},
		{"v1.31", "kube_features.go", "defaultKubernetesFeatureGates", "159 in all"},
		{"v1.31", "versioned_kube_features.go", "defaultVersionedKubernetesFeatureGates", "0 in all"},
		{"v1.32", "kube_features.go", "defaultKubernetesFeatureGates", "0 in all"},
		{"v1.32", "versioned_kube_features.go", "defaultVersionedKubernetesFeatureGates", "169 in all"},
		{"v1.33", "kube_features.go", "defaultVersionedKubernetesFeatureGates", "apiextensionsfeatures 2, genericfeatures 32, kcmfeatures 1, local 143, zpagesfeatures 2"},
		{"v1.36", "kube_features.go", "defaultVersionedKubernetesFeatureGates", "apiextensionsfeatures 3, genericfeatures 40, kcmfeatures 2, local 178, zpagesfeatures 2"},
		{"v1.36", "kube_features.go", "defaultKubernetesFeatureGateDependencies", "225 in all"},
	} {
		files, _ := written(t, table, c.release)
		name := "pkg/features/" + c.file
		byKind, total := keysOf(t, name, files[name], c.variable)
		got := fmt.Sprintf("%d in all", total)
		if !strings.HasSuffix(c.want, "in all") {
			got = byKind
		}
		if got != c.want {
			t.Errorf("%s: %s has %s keys, want %s", c.release, c.variable, got, c.want)
		}
	}
}

// keysOf counts the keys of a map variable, by the package they name.
func keysOf(t *testing.T, name string, src []byte, variable string) (byKind string, total int) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, src, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	found := false
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || spec.Names[0].Name != variable {
			return true
		}
		found = true
		for _, element := range spec.Values[0].(*ast.CompositeLit).Elts {
			total++
			switch key := element.(*ast.KeyValueExpr).Key.(type) {
			case *ast.Ident:
				kinds["local"]++
			case *ast.SelectorExpr:
				kinds[key.X.(*ast.Ident).Name]++
			default:
				t.Errorf("%s: key is a %T", name, key)
			}
		}
		return false
	})
	if !found {
		t.Errorf("%s: no variable %s", name, variable)
	}
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		parts = append(parts, fmt.Sprintf("%s %d", kind, kinds[kind]))
	}
	return strings.Join(parts, ", "), total
}

func TestFilesRefuseWhatTheyCannotSay(t *testing.T) {
	with := func(change func(*facts.Row)) []facts.Row {
		rows := widgets(true)
		change(&rows[0])
		return rows
	}
	none := sample.Options{}
	for _, c := range []struct {
		name, release string
		rows          []facts.Row
		opts          sample.Options
		want          string
	}{
		{"release without v", "1.36", nil, none, `release "1.36": want the form v1.36`},
		{"release with a patch", "v1.36.2", nil, none, `release "v1.36.2"`},
		{"gate twice", "v1.36", append(widgets(true), widgets(true)[0]), none, "gate FastWidget stands twice"},
		{"no specs", "v1.36", with(func(r *facts.Row) { r.Specs = nil }), none, "gate FastWidget: 0 specs"},
		{"no component", "v1.36", with(func(r *facts.Row) { r.RegisteredIn = nil }), none, "gate FastWidget: 3 specs in 0 components"},
		{"some versions", "v1.36", with(func(r *facts.Row) { r.Specs[1].Since = "" }), none, "gate FastWidget: 3 specs, some without a version"},
		{"unknown stage", "v1.36", with(func(r *facts.Row) { r.Specs[0].Stage = "gamma" }), none, `gate FastWidget: stage "gamma"`},
		{"unknown component", "v1.36", with(func(r *facts.Row) { r.Component = "kueue" }), none, "gate FastWidget: component kueue"},
		{"component-base gate of no known package", "v1.36", with(func(r *facts.Row) { r.Component = "component-base" }), none, "component component-base: no package of it takes this gate"},
		{"kubeadm gate with versions", "v1.36", with(func(r *facts.Row) { r.Component, r.RegisteredIn = "kubeadm", []string{"kubeadm"} }), none, "component kubeadm: its registrations have no versions"},
		{"edge from nowhere", "v1.36", widgets(true), sample.Options{DependsOn: map[string][]string{"NoWidget": nil}}, "dependencies of NoWidget"},
		{"edge to nowhere", "v1.36", widgets(true), sample.Options{DependsOn: map[string][]string{"FastWidget": {"NoWidget"}}}, "FastWidget depends on NoWidget"},
		{"edge before there were any", "v1.34", widgets(true), sample.Options{DependsOn: map[string][]string{"FastWidget": {"SlowWidget"}}}, "none before v1.35"},
		{"const that is no identifier", "v1.36", with(func(r *facts.Row) { r.Const = "Fast Widget" }), none, "pkg/features/kube_features.go"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := sample.Files(c.release, c.rows, c.opts)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestVersionOfTheBinariesIsNamedSinceV131(t *testing.T) {
	table := loadFacts(t)
	for _, c := range []struct{ release, want string }{
		{"v1.30", ""},
		{"v1.31", `DefaultKubeBinaryVersion = "1.31"`},
		{"v1.36", `DefaultKubeBinaryVersion = "1.36"`},
	} {
		files, _ := written(t, table, c.release)
		src, ok := files["staging/src/k8s.io/component-base/version/base.go"]
		if !ok {
			t.Errorf("%s: no base.go", c.release)
		}
		if c.want == "" && bytes.Contains(src, []byte("DefaultKubeBinaryVersion")) {
			t.Errorf("%s: names DefaultKubeBinaryVersion before there was one", c.release)
		}
		if !bytes.Contains(src, []byte(c.want)) {
			t.Errorf("%s: base.go has no %s", c.release, c.want)
		}
	}
}

func TestGateFilesAreThoseOfThePackages(t *testing.T) {
	files, _ := written(t, loadFacts(t), "v1.36")
	files["pkg/kubelet/kubelet.go"] = []byte("package kubelet\n")
	var got []string
	for _, f := range sample.GateFiles(files) {
		got = append(got, f.Path)
	}
	want := []string{
		"cmd/kubeadm/app/features/features.go",
		"pkg/features/kube_features.go",
		"staging/src/k8s.io/apiextensions-apiserver/pkg/features/kube_features.go",
		"staging/src/k8s.io/apiserver/pkg/features/kube_features.go",
		"staging/src/k8s.io/client-go/features/features.go",
		"staging/src/k8s.io/client-go/features/known_features.go",
		"staging/src/k8s.io/component-base/logs/api/v1/kube_features.go",
		"staging/src/k8s.io/component-base/metrics/features/kube_features.go",
		"staging/src/k8s.io/component-base/zpages/features/kube_features.go",
		"staging/src/k8s.io/controller-manager/pkg/features/kube_features.go",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDescriptionsCoverTheDemoAndFitALine(t *testing.T) {
	table := loadFacts(t)
	descriptions, err := sample.Descriptions()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, release := range table.Releases() {
		for _, row := range table.Rows(release) {
			known[row.Gate] = true
			if gate.CompareVersions(release, "v1.34") >= 0 && descriptions[row.Gate] == "" {
				t.Errorf("%s: %s has no description", release, row.Gate)
			}
		}
	}
	for name, text := range descriptions {
		first, _, _ := strings.Cut(text, " ")
		switch {
		case !known[name]:
			t.Errorf("%s: described, but no gate of any release", name)
		case len(text) > 110:
			t.Errorf("%s: %d characters, want at most 110", name, len(text))
		case !strings.HasSuffix(first, "s") || strings.ToLower(first[:1]) == first[:1]:
			t.Errorf("%s: begins with %q, want a verb in the third person", name, first)
		}
	}
}

func TestEdgesAreBetweenGatesOfTheRelease(t *testing.T) {
	table := loadFacts(t)
	if edges := sample.Edges("v1.34", table.Rows("v1.34")); len(edges) != 0 {
		t.Errorf("v1.34 has edges: %v", edges)
	}
	old := sample.Edges("v1.35", table.Rows("v1.35"))
	now := sample.Edges("v1.36", table.Rows("v1.36"))
	if got, want := old["InPlacePodVerticalScalingExclusiveMemory"], []string{"InPlacePodVerticalScaling", "MemoryManager"}; !slices.Equal(got, want) {
		t.Errorf("v1.35: edges are %v, want %v", got, want)
	}
	// MemoryManager is gone in v1.36, and its edges with it.
	if got, want := now["InPlacePodVerticalScalingExclusiveMemory"], []string{"InPlacePodVerticalScaling"}; !slices.Equal(got, want) {
		t.Errorf("v1.36: edges are %v, want %v", got, want)
	}
	if _, ok := old["StaleControllerConsistencyJob"]; ok {
		t.Error("v1.35 has an edge of a gate that v1.36 added")
	}
}

func BenchmarkFilesV136(b *testing.B) {
	table := loadFacts(b)
	rows := table.Rows("v1.36")
	_, opts := written(b, table, "v1.36")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := sample.Files("v1.36", rows, opts); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleFiles() {
	rows := []facts.Row{{
		Gate: "FastWidget", Const: "FastWidget", Component: "apiserver", RegisteredIn: []string{"apiserver"},
		Specs: []gate.Spec{{Since: "1.36", Stage: gate.Beta, Default: true}},
	}}
	files, err := sample.Files("v1.36", rows, sample.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for line := range strings.Lines(string(files["staging/src/k8s.io/apiserver/pkg/features/kube_features.go"])) {
		if strings.Contains(line, "MustParse") {
			fmt.Println(strings.TrimSpace(line))
		}
	}
	// Output: {Version: version.MustParse("1.36"), Default: true, PreRelease: featuregate.Beta},
}

func TestPackagesAreWrittenOnlyWhereTheFactsCoverThem(t *testing.T) {
	table := loadFacts(t)
	for _, release := range table.Releases() {
		files, _ := written(t, table, release)
		for _, c := range []struct {
			file string
			want bool
		}{
			{"pkg/features/kube_features.go", true},
			{"staging/src/k8s.io/controller-manager/pkg/features/kube_features.go", table.Covered("controller-manager", release)},
			{"cmd/kubeadm/app/features/features.go", table.Covered("kubeadm", release)},
			{"staging/src/k8s.io/client-go/features/known_features.go", gate.CompareVersions(release, "v1.30") >= 0},
			{"staging/src/k8s.io/component-base/metrics/features/kube_features.go", gate.CompareVersions(release, "v1.26") >= 0},
		} {
			if _, got := files[c.file]; got != c.want {
				t.Errorf("%s: %s is written: %t, want %t", release, c.file, got, c.want)
			}
		}
	}
}
