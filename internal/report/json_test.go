package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/golden"
)

// schemas compiles the committed schemas; references between them resolve without a network.
func schemas(t *testing.T) map[string]*jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	files, err := filepath.Glob("../../docs/schema/*.v1.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no schemas: %v", err)
	}
	var ids []string
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
		if err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		id := schemaBase + filepath.Base(f)
		if err := c.AddResource(id, doc); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	out := map[string]*jsonschema.Schema{}
	for _, id := range ids {
		if out[id], err = c.Compile(id); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// valid checks that a document obeys the schema it names.
func valid(t *testing.T, all map[string]*jsonschema.Schema, b []byte) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	id, _ := doc.(map[string]any)["schema"].(string)
	s := all[id]
	if s == nil {
		t.Fatalf("no schema %q", id)
	}
	if err := s.Validate(doc); err != nil {
		t.Error(err)
	}
}

func TestJSONObeysItsSchema(t *testing.T) {
	all := schemas(t)
	for name, d := range map[string]Digest{
		"every kind": digestOf(everyKind()), "empty": {}, "nothing changed": digestOf(nil), "two upstreams": two(), "failed": failed(),
	} {
		t.Run(name, func(t *testing.T) {
			b, err := JSON(d)
			if err != nil {
				t.Fatal(err)
			}
			valid(t, all, b)
			for _, u := range d.Upstreams {
				b, err := DiffJSON(u)
				if err != nil {
					t.Fatal(err)
				}
				valid(t, all, b)
			}
		})
	}
	for _, l := range []GateList{gateList(), {}} {
		b, err := GatesJSON(l)
		if err != nil {
			t.Fatal(err)
		}
		valid(t, all, b)
	}
}

// TestSchemasDescribeEveryField keeps the schemas useful as documentation, and closed.
func TestSchemasDescribeEveryField(t *testing.T) {
	files, _ := filepath.Glob("../../docs/schema/*.v1.json")
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var doc any
		if err := json.Unmarshal(b, &doc); err != nil {
			t.Fatal(err)
		}
		var walk func(path string, v any)
		walk = func(path string, v any) {
			m, ok := v.(map[string]any)
			if !ok {
				return
			}
			if props, ok := m["properties"].(map[string]any); ok {
				if closed, ok := m["additionalProperties"].(bool); !ok || closed {
					t.Errorf("%s%s: additionalProperties is not false", f, path)
				}
				for k, p := range props {
					if d, _ := p.(map[string]any)["description"].(string); d == "" {
						t.Errorf("%s%s/%s has no description", f, path, k)
					}
				}
			}
			for k, x := range m {
				walk(path+"/"+k, x)
			}
		}
		walk("", doc)
	}
}

func TestJSONKeepsWhatUpstreamWrote(t *testing.T) {
	g := widget("A", "uses <b> & @you", "", specs(spec("1.36", gate.Beta, true, false, 1)))
	b, err := GatesJSON(GateList{Gates: []gate.Gate{*g}, Version: "1.36", BlobURL: "https://github.com/a/b/blob/" + newSHA})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"uses <b> & @you"`, `"stage": "beta"`, `"url": "https://github.com/a/b/blob/` + newSHA + `/pkg/features/kube_features.go#L40"`, `"diagnostics": []`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %s in\n%s", want, b)
		}
	}
}

func gateList() GateList {
	var gates []gate.Gate
	for _, c := range everyKind() {
		if c.Gate.After != nil {
			gates = append(gates, *c.Gate.After)
		}
	}
	later := widget("WidgetLater", "", "", specs(spec("1.40", gate.Alpha, false, false, 1)))
	later.Variant, later.DependsOn = "kubeadm+kubelet", []string{}
	gates = append(gates, *later)
	return GateList{
		Upstream: "kubernetes", Ref: "master", SHA: newSHA, Version: "1.36", Gates: gates,
		BlobURL:     "https://github.com/kubernetes/kubernetes/blob/" + newSHA,
		Diagnostics: []gate.Diagnostic{{File: "pkg/features/odd.go", Line: 7, Message: "the key is a call", Lost: true}},
	}
}

func TestGatesTable(t *testing.T) {
	golden.Check(t, "testdata/gates.80.golden", []byte(GatesTable(gateList(), TextOptions{})))
	golden.Check(t, "testdata/gates.40.golden", []byte(GatesTable(gateList(), TextOptions{Width: 40})))
	for _, width := range []int{1, 40, 57, 80, 100, 200} {
		table := GatesTable(gateList(), TextOptions{Width: width})
		if coloured := GatesTable(gateList(), TextOptions{Width: width, Color: true}); ansi.Strip(coloured) != table || coloured == table {
			t.Errorf("width %d: with colours the table is\n%s", width, coloured)
		}
		for line := range strings.Lines(table) {
			if w := ansi.StringWidth(strings.TrimRight(line, "\n")); w > max(width, 40) {
				t.Errorf("width %d: %d columns: %q", width, w, line)
			}
		}
	}
}

// TestGatesRows: what a program gets is whole.
func TestGatesRows(t *testing.T) {
	l := gateList()
	l.Gates[0].Name = strings.Repeat("Long", 30)
	rows := strings.Split(strings.TrimSuffix(GatesRows(l), "\n"), "\n")
	if len(rows) != len(l.Gates) || !strings.HasPrefix(rows[0], l.Gates[0].Name+"\tbeta\toff\t1.36\t") {
		t.Errorf("%d rows of %d gates, the first is %q", len(rows), len(l.Gates), rows[0])
	}
	for _, r := range rows {
		if n := strings.Count(r, "\t"); n != 7 {
			t.Errorf("%d tabs: %q", n, r)
		}
	}
}

func TestGatesCSVRunsNoFormula(t *testing.T) {
	g := widget("=cmd|' /C calc'!A0", "+1 \"quoted\", -2\nnext", "", specs(spec("1.36", gate.Beta, true, false, 1)))
	g.Owners = []string{"@octocat"}
	b, err := GatesCSV(GateList{Gates: []gate.Gate{*g}, Version: "1.36"})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"'=cmd|' /C calc'!A0", "", "'=cmd|' /C calc'!A0", "beta", "true", "false", "1.36", "1.36", "kubernetes", "", "'@octocat", "", "", "pkg/features/kube_features.go", "40", "", "'+1 \"quoted\", -2 next"}
	if len(rows) != 2 || !reflect.DeepEqual(rows[1], want) {
		t.Errorf("got %q", rows)
	}
}

func TestDiffJSON(t *testing.T) {
	b, err := DiffJSON(digestOf(everyKind()[2:5]).Upstreams[0])
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/diff.json.golden", b)
}

// TestJSONShowsEachSideAtItsVersion: the same gate has one stage before and another after.
func TestJSONShowsEachSideAtItsVersion(t *testing.T) {
	g := widget("A", "", "", specs(spec("1.35", gate.Beta, true, false, 1), spec("1.36", gate.GA, true, true, 2)))
	b, err := DiffJSON(digestOf([]diff.Change{between(diff.Know, "", g, g, diff.GatePromoted)}).Upstreams[0])
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Changes []struct{ Before, After struct{ Stage, URL string } }
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	c := doc.Changes[0]
	if c.Before.Stage != "beta" || c.After.Stage != "ga" || !strings.Contains(c.Before.URL, oldSHA) || !strings.Contains(c.After.URL, newSHA) {
		t.Errorf("%+v", c)
	}
}
