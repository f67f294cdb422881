package kep_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/upstream-digest/bot/internal/kep"
)

// FuzzParse gives any bytes as a proposal. It must neither panic nor hang; an error names the file; what was
// read is bounded, the same again, the same from the store, and the same when it is written as a clean kep.yaml.
func FuzzParse(f *testing.F) {
	f.Add(where, with("stage: alpha (x)", "milestone: {alpha: 'v1.21, v1.37'}", "feature-gates: [{name: A12, components: [kubelet]}, B12]"))
	f.Add("keps/sig-a/0000-x/kep.yaml", "---\n---\nx: &a [*a]\nkep-number: \"007\"\nsee-also: *a\r\n...\n")
	f.Add("x", with(bomb()...))
	f.Fuzz(func(t *testing.T, path, src string) {
		p, err := kep.Parse(path, []byte(src))
		if err != nil {
			if !strings.HasPrefix(err.Error(), path+":") {
				t.Errorf("error does not name the file: %v", err)
			}
			return
		}
		if strings.Trim(p.Number, "0123456789") != "" || strings.HasPrefix(p.Number, "0") || len(p.Number) > 7 {
			t.Errorf("number %q", p.Number)
		}
		for _, s := range slices.Concat([]string{p.Title, p.OwningSIG, p.Status, p.Created, p.Updated}, p.SIGs, p.SeeAlso, p.Replaces, p.SupersededBy) {
			if len(s) > 500 || !utf8.ValidString(s) || strings.ContainsAny(s, "\n\r\x00\x1b") {
				t.Errorf("text %q", s)
			}
		}
		if len(p.Gates) > 100 || len(p.Problems) > 21 {
			t.Errorf("%d gates, %d problems", len(p.Gates), len(p.Problems))
		}
		for _, q := range p.Problems {
			if q.Message == "" || q.Line < 0 || q.Line > 1+strings.Count(src, "\n")+strings.Count(src, "\r")+strings.Count(src, "\u0085")+strings.Count(src, "\u2028")+strings.Count(src, "\u2029")+len(src)*btoi(!utf8.ValidString(src)) {
				t.Errorf("problem %+v", q)
			}
		}
		stored, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if utf8.ValidString(path) {
			var back kep.Proposal
			if err := json.Unmarshal(stored, &back); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(p, back); diff != "" {
				t.Errorf("from the store (-want +got):\n%s", diff)
			}
		}
		again, err := kep.Parse(path, clean(t, p))
		if err != nil {
			t.Fatalf("written clean: %v\n%s", err, clean(t, p))
		}
		again.Problems, p.Problems = nil, nil
		if diff := cmp.Diff(p, again); diff != "" {
			t.Errorf("written clean (-want +got):\n%s", diff)
		}
	})
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// clean writes a proposal as upstream's tool would.
func clean(t *testing.T, p kep.Proposal) []byte {
	t.Helper()
	number := p.Number
	if number == "" {
		number = "0000"
	}
	gates := []map[string]any{}
	for _, g := range p.Gates {
		gates = append(gates, map[string]any{"name": g.Name, "components": g.Components})
	}
	m := p.Milestones
	src, err := yaml.Marshal(map[string]any{
		"title": p.Title, "kep-number": number, "owning-sig": p.OwningSIG, "participating-sigs": p.SIGs, "status": p.Status, "stage": p.Stage,
		"latest-milestone": p.Target, "feature-gates": gates, "creation-date": p.Created, "last-updated": p.Updated,
		"milestone": map[string]string{"alpha": m.Alpha, "beta": m.Beta, "stable": m.Stable, "deprecated": m.Deprecated, "disabled": m.Disabled, "removed": m.Removed},
		"see-also":  p.SeeAlso, "replaces": p.Replaces, "superseded-by": p.SupersededBy,
	})
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// FuzzReadme gives any bytes as a README. It must neither panic nor hang, and what it returns is whole,
// bounded, the same again and the same from the store.
func FuzzReadme(f *testing.F) {
	f.Add(history("- 2025-01-30: beta in v1.33 ([#99999]("+pull+"99999))", "  - x", "", "| a |", "|--|", "| #77777 |") + "- Feature gate name:\n  - A1b\n")
	f.Add("##### Implementation History\r\n> * [a][b] <!-- \r\n\r\n[b]: " + pull + "1")
	f.Fuzz(func(t *testing.T, src string) {
		h := kep.ParseReadme("keps/sig-a/1-x/README.md", []byte(src))
		if h.Path != "keps/sig-a/1-x" || len(h.Lines) > 500 || len(h.Gates) > 100 {
			t.Errorf("%s: %d lines, %d gates", h.Path, len(h.Lines), len(h.Gates))
		}
		for _, l := range h.Lines {
			if l.Line < 1 || l.Line > 1+strings.Count(src, "\n") || l.Text == "" || len(l.Text) > 500 || !utf8.ValidString(l.Text) || strings.ContainsAny(l.Text, "\n\r\x00") {
				t.Errorf("line %+v", l)
			}
			for _, n := range slices.Concat(l.PRs, l.Mentioned) {
				if n < 1 || n > 9999999 {
					t.Errorf("number %d", n)
				}
			}
		}
		stored, err := json.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		var back kep.History
		if err := json.Unmarshal(stored, &back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(h, back); diff != "" {
			t.Errorf("from the store (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(h, kep.ParseReadme("keps/sig-a/1-x/README.md", []byte(src))); diff != "" {
			t.Errorf("a second reading differs:\n%s", diff)
		}
	})
}
