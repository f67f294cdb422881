package sample_test

import (
	"bytes"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/sample"
)

// The law: what the parser reads out of a written release is the facts, row by row and for every
// release of the table.
func TestParsingWhatWasWrittenGivesTheFacts(t *testing.T) {
	table := loadFacts(t)
	for _, release := range table.Releases() {
		t.Run(release, func(t *testing.T) {
			files, opts := written(t, table, release)
			result, err := gate.Parse(sample.Packages(), sample.GateFiles(files))
			if err != nil {
				t.Fatal(err)
			}
			if result.Incomplete || len(result.Unread) > 0 {
				t.Errorf("incomplete: %t, unread: %v", result.Incomplete, result.Unread)
			}
			for _, d := range result.Diagnostics {
				t.Errorf("%s:%d: %s (lost: %t)", d.File, d.Line, d.Message, d.Lost)
			}
			got := map[string]gate.Gate{}
			for _, g := range result.Gates {
				if _, twice := got[g.Name]; twice || g.Variant != "" {
					t.Errorf("%s: several variants, one of them %q", g.Name, g.Variant)
				}
				got[g.Name] = g
			}
			missing, differing := 0, 0
			for _, row := range table.Rows(release) {
				g, ok := got[row.Gate]
				if !ok {
					missing++
					t.Errorf("missing: %s", row.Gate)
					continue
				}
				if diff := cmp.Diff(told(row, opts, release), read(g, release)); diff != "" {
					differing++
					t.Errorf("differs (-facts +parsed): %s", diff)
				}
				if err := placed(g, files); err != nil {
					t.Errorf("%s: %v", g.Name, err)
				}
				delete(got, row.Gate)
			}
			for name := range got {
				t.Errorf("extra: %s", name)
			}
			t.Logf("%d gates, %d missing, %d extra, %d differing", len(result.Gates), missing, len(got), differing)
		})
	}
}

// fact is all that both sides say of a gate.
type fact struct {
	Gate, Const  string
	Stage        gate.Stage
	Default      bool
	Locked       bool
	Since        string
	Specs        []gate.Spec
	Component    string
	RegisteredIn []string
	Owners, KEPs []string
	RemoveIn     string
	Description  string
	// DependsOn is as [gate.Gate] has it: nil where nothing is declared.
	DependsOn []string
}

func told(row facts.Row, opts sample.Options, release string) fact {
	f := fact{
		Gate: row.Gate, Const: row.Const, Stage: row.Stage, Default: row.Default, Locked: row.Locked, Since: row.Since,
		Specs: row.Specs, Component: row.Component, RegisteredIn: row.RegisteredIn,
		Owners: distinct(row.Owners), KEPs: distinct(row.KEPs), RemoveIn: row.RemoveIn,
		Description: opts.Descriptions[row.Gate],
	}
	if gate.CompareVersions(release, "v1.35") >= 0 && slices.Contains(row.RegisteredIn, "kubernetes") {
		f.DependsOn = append([]string{}, opts.DependsOn[row.Gate]...)
		slices.Sort(f.DependsOn)
	}
	return f
}

func read(g gate.Gate, release string) fact {
	f := fact{
		Gate: g.Name, Const: g.Const, Component: g.Component, Owners: distinct(g.Owners), KEPs: distinct(g.KEPs),
		RemoveIn: g.RemoveIn, Description: g.Description, DependsOn: g.DependsOn,
	}
	if inForce, ok := g.Effective(gate.MinorOf(release)); ok {
		f.Stage, f.Default, f.Locked, f.Since = inForce.Stage, inForce.Default, inForce.Locked, inForce.Since
	}
	for _, s := range g.Specs {
		s.Line = 0
		f.Specs = append(f.Specs, s)
	}
	for _, r := range g.Registered {
		f.RegisteredIn = append(f.RegisteredIn, r.Component)
	}
	f.RegisteredIn = distinct(f.RegisteredIn)
	return f
}

// distinct drops repetitions: one gate of v1.32 names its owner and its proposal twice, and a reader
// may tell that once.
func distinct(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// placed checks that the lines the parser gives are those where the gate stands.
func placed(g gate.Gate, files map[string][]byte) error {
	line := func(file string, n int) []byte {
		lines := bytes.Split(files[file], []byte("\n"))
		if n < 1 || n > len(lines) {
			return nil
		}
		return lines[n-1]
	}
	var errs []error
	if src := line(g.Declared.File, g.Declared.Line); !bytes.Contains(src, []byte(g.Const)) || !bytes.Contains(src, []byte("\""+g.Name+"\"")) {
		errs = append(errs, fmt.Errorf("declared at %s:%d, where stands %q", g.Declared.File, g.Declared.Line, src))
	}
	for _, r := range g.Registered {
		if src := line(r.File, r.Line); !bytes.Contains(src, []byte(g.Const)) {
			errs = append(errs, fmt.Errorf("registered at %s:%d, where stands %q", r.File, r.Line, src))
		}
	}
	for _, s := range g.Specs {
		if src := line(g.Registered[0].File, s.Line); !bytes.Contains(src, []byte("PreRelease:")) || !bytes.Contains(src, []byte(s.Since)) {
			errs = append(errs, fmt.Errorf("spec of %q at %s:%d, where stands %q", s.Since, g.Registered[0].File, s.Line, src))
		}
	}
	return errors.Join(errs...)
}

// What the parser costs beside the bare reading of Go: compare with BenchmarkParseFileAlone.
func BenchmarkParseSampleV136(b *testing.B) {
	files, _ := written(b, loadFacts(b), "v1.36")
	packages, sources := sample.Packages(), sample.GateFiles(files)
	b.SetBytes(size(sources))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := gate.Parse(packages, sources); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseFileAlone(b *testing.B) {
	files, _ := written(b, loadFacts(b), "v1.36")
	sources := sample.GateFiles(files)
	b.SetBytes(size(sources))
	b.ReportAllocs()
	for b.Loop() {
		set := token.NewFileSet()
		for _, f := range sources {
			if _, err := parser.ParseFile(set, f.Path, f.Src, parser.ParseComments|parser.SkipObjectResolution); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func size(files []gate.File) int64 {
	n := 0
	for _, f := range files {
		n += len(f.Src)
	}
	return int64(n)
}
