package insight_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/docpage"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/insight"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// docGate is a gate with specs such as "1.30:beta:on" or ":ga:on:locked".
func docGate(name, component string, specs ...string) gate.Gate {
	g := gate.Gate{Name: name, Component: component, Registered: []gate.Registration{{Component: component}}}
	for _, s := range specs {
		f := strings.Split(s, ":")
		g.Specs = append(g.Specs, gate.Spec{Since: f[0], Stage: gate.Stage(f[1]), Default: f[2] == "on", Locked: len(f) > 3})
	}
	return g
}

// docPage is a page with rows such as "1.30-1.31:beta:true", "1.32-:ga::locked", and "removed".
func docPage(name string, rows ...string) snapshot.DocPage {
	p := snapshot.DocPage{Path: "gates/" + name + ".md", Gate: name}
	for _, r := range rows {
		if r == "removed" {
			p.Removed = true
			continue
		}
		f := strings.Split(r, ":")
		from, to, _ := strings.Cut(f[0], "-")
		p.Stages = append(p.Stages, snapshot.DocStage{Stage: gate.Stage(f[1]), Default: f[2], Locked: len(f) > 3, From: from, To: to})
	}
	return p
}

// release makes pages tell of a release.
func release(v string) snapshot.DocPage { return docPage("AllBeta", v+"-:alpha:false") }

func found(list []docpage.Disagreement) string {
	var out []string
	for _, d := range list {
		out = append(out, d.Gate+" "+string(d.Rule)+": "+d.Words())
	}
	return strings.Join(out, "\n")
}

func TestDisagreements(t *testing.T) {
	const k = "kubernetes"
	widget := func(specs ...string) []gate.Gate { return []gate.Gate{docGate("Widget", k, specs...)} }
	tests := []struct {
		name    string
		code    string // the version it stands for
		pagesOf string // the release that the pages tell of
		gates   []gate.Gate
		pages   []snapshot.DocPage
		want    string
	}{
		{"they agree", "1.36", "1.36", widget("1.33:alpha:off", "1.34:beta:off", "1.35:beta:on", "1.36:ga:on:locked"),
			[]snapshot.DocPage{docPage("Widget", "1.33-1.33:alpha:false", "1.34-1.34:beta:false", "1.35-1.35:beta:true", "1.36-:ga:true:locked")}, ""},
		{"letter case aside", "1.36", "1.36", widget("1.33:alpha:off"), []snapshot.DocPage{docPage("wIDGET", "1.33-:alpha:false")}, ""},
		{"the code is ahead by a promotion", "1.37", "1.36", widget("1.35:alpha:off", "1.37:beta:on"), []snapshot.DocPage{docPage("Widget", "1.35-:alpha:false")}, ""},
		{"and the pages follow", "1.37", "1.37", widget("1.35:alpha:off", "1.37:beta:on"), []snapshot.DocPage{docPage("Widget", "1.35-:alpha:false")},
			"Widget stage: The docs page says alpha since v1.35; the code of v1.37 says beta since v1.37."},
		{"the pages are ahead", "1.35", "1.36", widget("1.35:alpha:off"), []snapshot.DocPage{docPage("Widget", "1.35-1.35:alpha:false", "1.36-:beta:true")}, ""},
		{"another default", "1.36", "1.36", widget("1.35:beta:on"), []snapshot.DocPage{docPage("Widget", "1.35-:beta:false")},
			"Widget default: The docs page says off by default; the code of v1.36 says on."},
		{"no default is no claim", "1.36", "1.36", widget("1.35:beta:on"), []snapshot.DocPage{docPage("Widget", "1.35-:beta:")}, ""},
		{"a flip that the page has as one row", "1.36", "1.36", widget("1.34:beta:off", "1.35:beta:on"), []snapshot.DocPage{docPage("Widget", "1.34-:beta:true")},
			"Widget since: The docs page says beta and on by default since v1.34; the code of v1.36 says since v1.35."},
		{"without defaults stages alone count", "1.36", "1.36", widget("1.34:beta:off", "1.35:beta:on"), []snapshot.DocPage{docPage("Widget", "1.34-:beta:")}, ""},
		{"locked says the page", "1.36", "1.36", widget("1.35:ga:on"), []snapshot.DocPage{docPage("Widget", "1.35-:ga:true:locked")},
			"Widget locked: The docs page says that it is locked; the code of v1.36 does not lock it."},
		{"a lock is no news to a page", "1.36", "1.36", widget("1.34:ga:on", "1.36:ga:on:locked"), []snapshot.DocPage{docPage("Widget", "1.34-:ga:true")}, ""},
		{"an earlier row left open", "1.36", "1.36", widget("1.24:alpha:off", "1.30:beta:on"), []snapshot.DocPage{docPage("Widget", "1.24-:alpha:false", "1.30-:beta:true")}, ""},
		{"a gate that always was", "1.36", "1.36", widget("1.0:ga:on", "1.36:deprecated:on"), []snapshot.DocPage{docPage("Widget", "1.36-:deprecated:true")}, ""},
		{"without versions", "1.30", "1.30", widget(":beta:on"), []snapshot.DocPage{docPage("Widget", "1.28-:beta:true")}, ""},
		{"without versions, another stage", "1.30", "1.30", widget(":beta:on"), []snapshot.DocPage{docPage("Widget", "1.28-:alpha:false")},
			"Widget stage: The docs page says alpha since v1.28; the code of v1.30 says beta."},
		{"without versions, ahead of the pages", "1.31", "1.30", widget(":beta:on"), []snapshot.DocPage{docPage("Widget", "1.28-:alpha:false")}, ""},
		{"scheduled only", "1.36", "1.36", widget("1.37:alpha:off"), nil, ""},

		{"a new alpha gate has grace", "1.37", "1.36", widget("1.37:alpha:off"), nil, ""},
		{"until its release is told of", "1.37", "1.37", widget("1.37:alpha:off"), nil, "Widget missing: The docs have no page for it; it is alpha since v1.37."},
		{"or it is beta", "1.37", "1.36", widget("1.37:beta:on"), nil, "Widget missing: The docs have no page for it; it is beta since v1.37."},
		{"kubeadm's own have none", "1.36", "1.36", []gate.Gate{docGate("Widget", "kubeadm", "1.33:beta:on")}, nil, ""},

		{"the owner's example", "1.22", "1.22", nil, []snapshot.DocPage{docPage("CRIContainerLogRotation", "1.10-1.10:alpha:false", "1.11-1.20:beta:true", "1.21-1.22:ga:true", "removed")},
			"CRIContainerLogRotation listed: The docs page lists it through v1.22; the code of v1.22 does not have it."},
		{"and long after", "1.36", "1.36", widget("1.36:alpha:off"), []snapshot.DocPage{docPage("Widget", "1.36-:alpha:false"),
			docPage("CRIContainerLogRotation", "1.10-1.10:alpha:false", "1.11-1.20:beta:true", "1.21-1.22:ga:true", "removed")},
			"CRIContainerLogRotation listed: The docs page lists it through v1.22; the code of v1.22 no longer had it."},
		{"with a page that is right", "1.36", "1.36", widget("1.36:alpha:off"), []snapshot.DocPage{docPage("Widget", "1.36-:alpha:false"),
			docPage("CRIContainerLogRotation", "1.21-1.21:ga:true", "removed")}, ""},
		{"and one that ends too early", "1.36", "1.36", widget("1.36:alpha:off"), []snapshot.DocPage{docPage("Widget", "1.36-:alpha:false"),
			docPage("CRIContainerLogRotation", "1.11-1.20:beta:true", "removed")},
			"CRIContainerLogRotation ended: The docs page lists it through v1.20 only; the code of v1.21 still had it."},
		{"another project has no history here", "1.36", "1.36", []gate.Gate{docGate("Widget", "acme", "1.36:alpha:off")}, []snapshot.DocPage{docPage("Widget", "1.36-:alpha:false"),
			docPage("CRIContainerLogRotation", "1.11-1.22:beta:true", "removed")}, ""},
		{"removed on the default branch, not released", "1.37", "1.36", nil, []snapshot.DocPage{docPage("Widget", "1.30-:ga:true")}, ""},
		{"and when it is", "1.37", "1.37", nil, []snapshot.DocPage{docPage("Widget", "1.30-:ga:true")},
			"Widget not_removed: The docs page does not say that it is gone; the code of v1.37 does not have it."},
		{"listed for the release that is worked on", "1.37", "1.36", nil, []snapshot.DocPage{docPage("Widget", "1.30-1.37:ga:true")},
			"Widget listed: The docs page lists it through v1.37; the code of v1.37 does not have it."},
		{"the page is of a release to come", "1.36", "1.36", nil, []snapshot.DocPage{docPage("Widget", "1.37-:alpha:false")}, ""},
		{"the page says removed, the code has it", "1.36", "1.36", widget("1.30:ga:on"), []snapshot.DocPage{docPage("Widget", "1.30-1.34:ga:true", "removed")},
			"Widget removed: The docs page says that it is removed after v1.34; the code of v1.36 has it."},
		{"today's page of a gate that was there then", "1.33", "1.36", widget("1.30:ga:on"), []snapshot.DocPage{docPage("Widget", "1.30-1.34:ga:true", "removed")}, ""},
		{"removed without a last release", "1.36", "1.36", widget("1.30:ga:on"), []snapshot.DocPage{docPage("Widget", "1.30-:ga:true", "removed")},
			"Widget removed: The docs page says that it is removed; the code of v1.36 has it."},
		{"ended", "1.36", "1.36", widget("1.30:ga:on"), []snapshot.DocPage{docPage("Widget", "1.30-1.34:ga:true")},
			"Widget ended: The docs page lists it through v1.34 only; the code of v1.36 has it as stable since v1.30."},
		{"one of two variants fits", "1.36", "1.36", []gate.Gate{docGate("Widget", k, "1.30:ga:on"), docGate("Widget", "kubeadm", "1.36:alpha:off")}, []snapshot.DocPage{docPage("Widget", "1.30-:ga:true")}, ""},
		{"the first of two pages counts", "1.36", "1.36", widget("1.30:ga:on"), []snapshot.DocPage{{Path: "gates/Z.md", Gate: "Widget"}, docPage("Widget", "1.30-:ga:true")}, ""},
	}
	for _, tt := range tests {
		set := snapshot.GateSet{Version: tt.code, Gates: append(tt.gates, docGate("AllAlpha", "component-base", "1.0:alpha:off"))}
		docs := snapshot.DocSet{Pages: append(tt.pages, release(tt.pagesOf), docPage("AllAlpha", "1.0-:alpha:false"))}
		if d := cmp.Diff(tt.want, found(history(t).Disagreements(set, docs))); d != "" {
			t.Errorf("%s:\n%s", tt.name, d)
		}
		for _, unread := range []bool{true, false} { // what can't be read says nothing
			set, docs := set, docs
			for _, g := range tt.gates {
				if set.Unread, docs.Unread = []string{g.Name}, nil; !unread {
					set.Unread, docs.Unread = nil, []string{"gates/" + g.Name + ".md"}
				}
			}
			if got := found(history(t).Disagreements(set, docs)); len(tt.gates) > 0 && strings.Contains(got, "Widget") {
				t.Errorf("%s, unread: %s", tt.name, got)
			}
		}
	}
}

// TestDisagreementsOfManyPages: one page that names a release too early moves nothing.
func TestDisagreementsOfManyPages(t *testing.T) {
	var docs snapshot.DocSet
	set := snapshot.GateSet{Version: "1.40"}
	for range 40 {
		name := "Gate" + strings.Repeat("x", len(docs.Pages))
		docs.Pages = append(docs.Pages, docPage(name, "1.36-:alpha:false"))
		set.Gates = append(set.Gates, docGate(name, "kubernetes", "1.36:alpha:off", "1.37:beta:on"))
	}
	docs.Pages = append(docs.Pages, docPage("Early", "1.39-:alpha:false"), docPage("Typo", "1.63-:alpha:false"))
	set.Gates = append(set.Gates, docGate("Early", "kubernetes", "1.39:alpha:off"), docGate("Typo", "kubernetes", "1.39:alpha:off"))
	if got := found(history(t).Disagreements(set, docs)); got != "" {
		t.Errorf("it tells\n%s", got)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	set.Version, docs.Pages[3] = "1.36", docPage("GateX", "1.36-:beta:true")
	want := found(history(t).Disagreements(set, docs))
	for range 20 {
		rnd.Shuffle(len(docs.Pages), func(i, j int) { docs.Pages[i], docs.Pages[j] = docs.Pages[j], docs.Pages[i] })
		rnd.Shuffle(len(set.Gates), func(i, j int) { set.Gates[i], set.Gates[j] = set.Gates[j], set.Gates[i] })
		if got := found(history(t).Disagreements(set, docs)); got != want {
			t.Fatalf("the order of the input changes it:\n%s\nwant\n%s", got, want)
		}
	}
	var none *insight.History
	if got := none.Disagreements(set, docs); len(got) == 0 {
		t.Error("without a history it says nothing")
	}
	if got := none.Disagreements(snapshot.GateSet{Gates: set.Gates}, docs); len(got) != 0 {
		t.Errorf("the code has no version, and it says %s", found(got))
	}
}
