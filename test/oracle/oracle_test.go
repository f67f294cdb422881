package oracle

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/gate"
)

const answersDir = "answers"

// expected is the number of gates in each cell, AllAlpha and AllBeta aside. It is written by hand
// and checked against upstream's sources, so renewed answers cannot shrink unseen. 0 is "n/a".
//
// apiserver at v0.36 and v0.37 counts the two gates of zpages, which its init registers too.
// client-go has had a registry since v0.30.
func expected() map[string]map[string]int {
	cells := []string{
		"k8s.io/apiserver/pkg/features",
		"k8s.io/apiextensions-apiserver/pkg/features",
		"k8s.io/client-go/features",
		"k8s.io/component-base/logs/api/v1",
		"k8s.io/component-base/metrics/features",
		"k8s.io/component-base/zpages/features",
		"k8s.io/controller-manager/pkg/features",
	}
	numbers := map[string][]int{
		"v0.22": {18, 0, 0, 0, 0, 0, 2},
		"v0.26": {22, 0, 0, 3, 1, 0, 2},
		"v0.29": {30, 1, 0, 3, 1, 0, 3},
		"v0.30": {33, 2, 2, 3, 1, 0, 3},
		"v0.31": {37, 2, 2, 3, 1, 0, 3},
		"v0.33": {34, 2, 5, 3, 1, 2, 1},
		"v0.36": {44, 3, 10, 3, 1, 2, 3},
		"v0.37": {40, 3, 10, 3, 1, 2, 3},
	}
	out := make(map[string]map[string]int, len(numbers))
	for version, row := range numbers {
		out[version] = make(map[string]int, len(row))
		for i, n := range row {
			out[version][cells[i]] = n
		}
	}
	return out
}

// elsewhere are the folders outside the cells where a gate map is written, and why none of it is a
// module's own registration. Anything else is a registry this test (and the bot) does not know.
func elsewhere() map[string]string {
	return map[string]string{
		"k8s.io/component-base/featuregate":                    "the registry's own AllAlpha and AllBeta",
		"k8s.io/apiserver/pkg/admission/plugin/policy/generic": "a helper of tests fills a registry of its own",
	}
}

// TestAnswersAreWhole checks the committed facts without any network: every version and cell of the
// matrix is answered, by the pinned sources, with the number of gates known for it.
func TestAnswersAreWhole(t *testing.T) {
	want := expected()
	for _, v := range Versions() {
		a, err := Load(answersDir, v.Name)
		if err != nil {
			t.Fatal(err)
		}
		var sources []Module
		for _, m := range a.Modules {
			if !strings.HasPrefix(m.Sum, "h1:") {
				t.Errorf("%s: %s has no checksum", v.Name, m.Path)
			}
			m.Sum = ""
			sources = append(sources, m)
		}
		if d := cmp.Diff(v.Modules, sources); d != "" {
			t.Errorf("%s was answered by other sources than the matrix pins; run make update-oracle (-matrix +answers):\n%s", v.Name, d)
		}
		if len(a.Cells) != len(Cells()) {
			t.Fatalf("%s: %d cells answered, want %d", v.Name, len(a.Cells), len(Cells()))
		}
		for i, c := range Cells() {
			got := a.Cells[i]
			if got.Module != c.Module || got.Package != c.Package {
				t.Errorf("%s: cell %d is %s/%s, want %s", v.Name, i, got.Module, got.Package, c.ImportPath())
			}
			n, ok := want[v.Name][c.ImportPath()]
			if !ok {
				t.Errorf("%s %s: no number of gates is expected", v.Name, c.ImportPath())
			}
			if len(got.Gates) != n {
				t.Errorf("%s %s: the registry answered %d gates, expected are %d", v.Name, c.ImportPath(), len(got.Gates), n)
			}
			if got.None != "" && n != 0 {
				t.Errorf("%s %s: answered %q, expected are %d gates", v.Name, c.ImportPath(), got.None, n)
			}
		}
	}
}

// TestParseEqualsRegistry is the oracle.
func TestParseEqualsRegistry(t *testing.T) {
	if testing.Short() {
		t.Skip("downloads the sources of 40 k8s.io modules; run it without -short, or make oracle")
	}
	var shown table
	for _, v := range Versions() {
		t.Run(v.Name, func(t *testing.T) { oracleOf(t, v, &shown) })
	}
	t.Logf("\n%s", &shown)
}

func oracleOf(t *testing.T, v Version, shown *table) {
	t.Helper()
	answers, err := Load(answersDir, v.Name)
	if err != nil {
		t.Fatal(err)
	}
	sources, err := Download(t.Context(), t.TempDir(), answers.Modules)
	if err != nil {
		t.Fatalf("the oracle needs the module proxy or a filled module cache (or run with -short):\n%v", err)
	}
	dirs := make(map[string]string)
	for _, s := range sources {
		dirs[s.Path] = s.Dir
		nothingElsewhere(t, s)
	}
	packages, files := upstreamFiles(t, dirs)
	result, err := gate.Parse(packages, files)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range result.Diagnostics {
		t.Logf("diagnostic (lost: %v): %s:%d: %s", d.Lost, d.File, d.Line, d.Message)
	}
	if result.Incomplete || len(result.Unread) > 0 {
		t.Errorf("parse says it is incomplete (%v) or could not read %v", result.Incomplete, result.Unread)
	}
	want := expected()[v.Name]
	sums, numbers := make(map[string]*verdict), make(map[string]int)
	for i, c := range Cells() {
		folders := []string{upstreamDir(c.ImportPath())}
		for feed, since := range c.Feeds {
			if gate.CompareVersions(v.Name, since) >= 0 {
				folders = append(folders, upstreamDir(feed))
			}
		}
		got := compare(answers.Cells[i].Gates, registeredIn(result.Gates, folders...))
		for _, s := range slices.Concat(got.missing, got.extra, got.differing) {
			t.Errorf("%s: %s", c.ImportPath(), s)
		}
		n := want[c.ImportPath()]
		if got.parsed != n {
			t.Errorf("%s: parsed %d gates, expected are %d", c.ImportPath(), got.parsed, n)
		}
		if n == 0 && got.ok() {
			t.Logf("n/a: %s@%s: %s", c.ImportPath(), v.Name, reason(answers.Cells[i]))
		}
		if sums[c.Module] == nil {
			sums[c.Module] = new(verdict)
		}
		sums[c.Module].add(got)
		numbers[c.Module] += n
	}
	for _, m := range v.Modules {
		s := sums[m.Path]
		if numbers[m.Path] == 0 && s.ok() {
			shown.set(v.Name, m.Path, "n/a")
			continue
		}
		shown.set(v.Name, m.Path, fmt.Sprintf("%d/%d/%d/%d", s.parsed, len(s.missing), len(s.extra), len(s.differing)))
	}
}

func reason(a Answer) string {
	if a.None != "" {
		return a.None
	}
	return "the package is there and registers none"
}

// upstreamDir is where the package stands in kubernetes/kubernetes.
func upstreamDir(importPath string) string { return "staging/src/" + importPath }

// upstreamFiles reads the cells' packages as the bot reads them: every Go file of the folder, under
// its path in kubernetes/kubernetes.
func upstreamFiles(t *testing.T, dirs map[string]string) ([]gate.Package, []gate.File) {
	t.Helper()
	var packages []gate.Package
	var files []gate.File
	for _, c := range Cells() {
		folder := filepath.Join(dirs[c.Module], filepath.FromSlash(c.Package))
		entries, err := os.ReadDir(folder)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, gate.Package{
			Dir:        upstreamDir(c.ImportPath()),
			Component:  path.Base(c.Module),
			ImportPath: c.ImportPath(),
		})
		for _, e := range entries {
			if e.IsDir() || !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
				continue
			}
			src, err := os.ReadFile(filepath.Join(folder, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, gate.File{Path: upstreamDir(c.ImportPath()) + "/" + e.Name(), Src: src})
		}
	}
	return packages, files
}

// nothingElsewhere looks for gate maps in every other folder of the module: a registry the cells do
// not name would otherwise be missing on both sides.
func nothingElsewhere(t *testing.T, s Source) {
	t.Helper()
	known := elsewhere()
	for _, c := range Cells() {
		known[c.ImportPath()] = "a cell"
	}
	err := filepath.WalkDir(s.Dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "vendor") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(s.Dir, filepath.Dir(name))
		if err != nil {
			return err
		}
		if _, ok := known[path.Join(s.Path, filepath.ToSlash(rel))]; ok {
			return nil
		}
		src, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for _, literal := range []string{"FeatureSpec{", "VersionedSpecs{"} {
			if bytes.Contains(src, []byte(literal)) {
				t.Errorf("%s@%s: %s writes %s…}: no cell of the oracle looks there", s.Path, s.Version, name, literal)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestCompareFinds makes sure the oracle can fail at all.
func TestCompareFinds(t *testing.T) {
	beta := Spec{Since: "1.33", Stage: "beta", Default: true}
	registered := []Gate{{Name: "FastWidget", Specs: []Spec{beta}}}
	parse := func(name string, specs ...gate.Spec) gate.Gate {
		return gate.Gate{Name: name, Specs: specs, Registered: []gate.Registration{{File: "pkg/a/f.go"}}}
	}
	same := gate.Spec{Since: "1.33", Stage: gate.Beta, Default: true, Line: 7}
	for name, tc := range map[string]struct {
		parsed                    []gate.Gate
		missing, extra, differing int
	}{
		"equal":              {[]gate.Gate{parse("FastWidget", same)}, 0, 0, 0},
		"missing":            {nil, 1, 0, 0},
		"extra":              {[]gate.Gate{parse("FastWidget", same), parse("SlowWidget", same)}, 0, 1, 0},
		"default":            {[]gate.Gate{parse("FastWidget", gate.Spec{Since: "1.33", Stage: gate.Beta})}, 0, 0, 1},
		"lock":               {[]gate.Gate{parse("FastWidget", gate.Spec{Since: "1.33", Stage: gate.Beta, Default: true, Locked: true})}, 0, 0, 1},
		"since":              {[]gate.Gate{parse("FastWidget", gate.Spec{Since: "1.32", Stage: gate.Beta, Default: true})}, 0, 0, 1},
		"one spec more":      {[]gate.Gate{parse("FastWidget", gate.Spec{Since: "1.30", Stage: gate.Alpha}, same)}, 0, 0, 1},
		"split into two":     {[]gate.Gate{parse("FastWidget", same), parse("FastWidget", same)}, 0, 0, 1},
		"renamed counts two": {[]gate.Gate{parse("fastWidget", same)}, 1, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			v := compare(registered, tc.parsed)
			if len(v.missing) != tc.missing || len(v.extra) != tc.extra || len(v.differing) != tc.differing {
				t.Errorf("got %+v, want %d missing, %d extra, %d differing", v, tc.missing, tc.extra, tc.differing)
			}
		})
	}
}
