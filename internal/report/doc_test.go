package report

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/docpage"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/snapshot"
)

func docRows(url string, removed bool, rows ...snapshot.DocStage) *snapshot.DocPage {
	return &snapshot.DocPage{Path: "gates/Widget.md", Gate: "Widget", URL: url, Removed: removed, Stages: rows}
}

func docUpstream(changes ...diff.Change) Upstream {
	return Upstream{UpstreamResult: diff.UpstreamResult{
		Upstream: "kubernetes", Repository: "kubernetes/kubernetes", WebURL: "https://github.com/kubernetes/kubernetes",
		From: diff.Ref{Ref: "v1.35.0", SHA: strings.Repeat("1", 40), Version: "1.35"}, To: diff.Ref{Ref: "HEAD", SHA: strings.Repeat("2", 40), Version: "1.36"},
		Sections: []diff.SectionResult{{
			Source: snapshot.SourceDocs, Status: snapshot.Complete, Repository: "kubernetes/website", WebURL: "https://github.com/kubernetes/website",
			From: diff.Ref{SHA: strings.Repeat("3", 40)}, To: diff.Ref{SHA: strings.Repeat("4", 40)},
		}},
		Changes: changes,
	}}
}

func docSaid(u Upstream) string {
	var out []string
	for _, s := range docSections(u) {
		out = append(out, fmt.Sprintf("%s (folded: %t)", s.heading, s.fold))
		for _, e := range s.entries {
			line := "  " + e.id + ": " + strings.TrimSpace(e.change.plain())
			for _, p := range e.proof {
				line += " [" + p.text + "](" + p.url + ")"
			}
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

func TestDocEntries(t *testing.T) {
	alpha, beta := snapshot.DocStage{Stage: gate.Alpha, Default: "false", From: "1.34", To: "1.35"}, snapshot.DocStage{Stage: gate.Beta, Default: "true", From: "1.36"}
	stable := snapshot.DocStage{Stage: gate.GA, Locked: true, From: "1.33", To: "1.35"}
	g := &gate.Gate{Name: "Widget", Description: "Widget turns", Declared: gate.Position{File: "pkg/features/kube_features.go", Line: 12}}
	differs := []docpage.Disagreement{{Gate: "Widget", Rule: docpage.OtherStage, Page: "says beta since v1.36", Code: "the code of v1.36 says alpha since v1.34"}}
	missing := []docpage.Disagreement{{Gate: "Widget", Rule: docpage.Missing, Code: "it is beta since v1.36"}}
	change := func(id string, kind diff.Kind, d diff.DocChange) diff.Change {
		return diff.Change{Source: snapshot.SourceDocs, ID: id, Kinds: []diff.Kind{kind}, Severity: diff.FYI, Doc: &d}
	}
	const page = "https://acme.example/Widget"
	tests := []struct {
		name    string
		changes []diff.Change
		want    string
	}{
		{"new", []diff.Change{change("Widget", diff.DocAdded, diff.DocChange{After: docRows(page, false, alpha, beta)})},
			"Docs: new pages (folded: true)\n  Widget: New page: beta since v1.36, on by default. [docs](" + page + ")"},
		{"without an address its file is linked", []diff.Change{change("Widget", diff.DocAdded, diff.DocChange{After: docRows("", false)})},
			"Docs: new pages (folded: true)\n  Widget: New page: no stage. [docs](https://github.com/kubernetes/website/blob/" + strings.Repeat("4", 40) + "/gates/Widget.md)"},
		{"changed", []diff.Change{change("Widget", diff.DocChanged, diff.DocChange{Before: docRows(page, false, alpha), After: docRows(page, false, alpha, beta)})},
			"Docs: changed pages (folded: true)\n  Widget: Its page says now: beta since v1.36, on by default (was: alpha since v1.34, off by default, through v1.35). [docs](" + page + ")"},
		{"removed", []diff.Change{change("Widget", diff.DocChanged, diff.DocChange{Before: docRows(page, false, stable), After: docRows(page, true, stable)})},
			"Docs: changed pages (folded: true)\n  Widget: Its page says now: stable since v1.33, locked, through v1.35, removed (was: stable since v1.33, locked, through v1.35). [docs](" + page + ")"},
		{"another past", []diff.Change{change("Widget", diff.DocChanged, diff.DocChange{Before: docRows(page, false, beta), After: docRows(page, false, beta, alpha)})},
			"Docs: changed pages (folded: true)\n  Widget: Its page tells another past: alpha 1.34–1.35 off, beta 1.36– on (was: beta 1.36– on). [docs](" + page + ")"},
		{"gone", []diff.Change{change("Widget", diff.DocChanged, diff.DocChange{Before: docRows(page, false, beta)})},
			"Docs: changed pages (folded: true)\n  Widget: Its page is gone. It said: beta since v1.36, on by default. [docs (before)](https://github.com/kubernetes/website/blob/" + strings.Repeat("3", 40) + "/gates/Widget.md)"},
		{"differs since a release is out", []diff.Change{change("Widget", diff.DocDisagrees, diff.DocChange{Before: docRows(page, false, beta), After: docRows(page, false, beta), Gate: g, Disagreements: differs})},
			"Docs: pages that differ from the code (folded: false)\n  Widget: The docs page says beta since v1.36; the code of v1.36 says alpha since v1.34. [docs](" + page + ") [code](https://github.com/kubernetes/kubernetes/blob/" + strings.Repeat("2", 40) + "/pkg/features/kube_features.go#L12)"},
		{"changed, and differs from a gate that is gone", []diff.Change{change("Widget", diff.DocChanged, diff.DocChange{Before: docRows(page, false, alpha), After: docRows(page, false, alpha, beta), Gate: g, Gone: true, Disagreements: differs})},
			"Docs: pages that differ from the code (folded: false)\n  Widget: Its page says now: beta since v1.36, on by default (was: alpha since v1.34, off by default, through v1.35). The docs page says beta since v1.36; the code of v1.36 says alpha since v1.34. [docs](" + page + ") [code (before)](https://github.com/kubernetes/kubernetes/blob/" + strings.Repeat("1", 40) + "/pkg/features/kube_features.go#L12)"},
		{"missing ones stand in a line", []diff.Change{change("Left", diff.DocDisagrees, diff.DocChange{Disagreements: missing}), change("Right", diff.DocDisagrees, diff.DocChange{Disagreements: missing})},
			"Docs: pages that differ from the code (folded: false)\n  : 2 gates have no page, though the docs tell of their release or they are past alpha: Left and Right."},
		{"of a gate that is told", []diff.Change{{ID: "Widget", Source: "gates", Kinds: []diff.Kind{diff.GatePromoted}, Gate: &diff.GateChange{After: g}}, change("Widget", diff.DocChanged, diff.DocChange{Before: docRows(page, false, alpha), After: docRows(page, false, beta), Disagreements: differs})},
			"Docs: changed pages (folded: true)\n  : 1 page changed whose gate is told above: Widget."},
		{"yours stands elsewhere", []diff.Change{{ID: "Widget", Mine: true, Kinds: []diff.Kind{diff.DocAdded}, Doc: &diff.DocChange{After: docRows(page, false, beta)}}}, ""},
	}
	for _, tt := range tests {
		if d := cmp.Diff(tt.want, docSaid(docUpstream(tt.changes...))); d != "" {
			t.Errorf("%s:\n%s", tt.name, d)
		}
	}
}

func TestGateSaysWhatItsPageDiffersIn(t *testing.T) {
	spec := gate.Spec{Since: "1.33", Stage: gate.GA, Default: true, Locked: true}
	g := gate.Gate{Name: "Widget", Specs: []gate.Spec{spec}}
	listed := docpage.Disagreement{Gate: "Widget", Rule: docpage.Listed, Page: "lists it through v1.36", Code: "the code of v1.36 does not have it"}
	page := docRows("https://acme.example/Widget", true)
	removed := diff.Change{ID: "Widget", Source: "gates", Kinds: []diff.Kind{diff.GateRemoved}, Severity: diff.Know,
		Gate: &diff.GateChange{Before: &g, BeforeSpec: &spec, FromVersion: "1.35", ToVersion: "1.36", Page: page, Disagreements: []docpage.Disagreement{listed}}}
	e := entryOf(docUpstream(), removed, origin{})
	if got, want := e.change.plain(), "Removed in 1.36. Was stable since 1.33, locked on. The docs page lists it through v1.36."; got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
	if len(e.proof) == 0 || e.proof[0].url != page.URL {
		t.Errorf("it is proved by %+v", e.proof)
	}
	added := diff.Change{ID: "Widget", Source: "gates", Kinds: []diff.Kind{diff.GateAdded}, Gate: &diff.GateChange{After: &g, AfterSpec: &spec, ToVersion: "1.36",
		Disagreements: []docpage.Disagreement{{Gate: "Widget", Rule: docpage.Missing, Code: "it is stable since v1.33"}}}}
	if got := entryOf(docUpstream(), added, origin{}).change.plain(); !strings.HasSuffix(got, ". The docs have no page for it yet.") {
		t.Errorf("it says %q", got)
	}
	b, err := DiffJSON(docUpstream(removed))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Changes []struct {
			Page          struct{ Removed bool }
			Disagreements []struct{ Rule, Words, URL string }
		}
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	if c := doc.Changes[0]; !c.Page.Removed || len(c.Disagreements) != 1 || c.Disagreements[0].Rule != "listed" || c.Disagreements[0].Words != listed.Words() || c.Disagreements[0].URL != page.URL {
		t.Errorf("the document has %+v", c)
	}
	u := docUpstream()
	u.Sections[0].Disagreements = 3
	if got := fmt.Sprint(footOf(u)); !strings.Contains(got, "differ in 3 points that are not told here") {
		t.Errorf("the foot says %s", got)
	}
}
