package diff_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/docpage"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/kep"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// webPage is a page of a gate that is in a stage since a release.
func webPage(name string, stage gate.Stage, from string) snapshot.DocPage {
	return snapshot.DocPage{Path: "gates/" + name + ".md", Gate: name, URL: "https://acme.example/" + name, Stages: []snapshot.DocStage{{Stage: stage, Default: "false", From: from}}}
}

func webPages(ps ...snapshot.DocPage) snapshot.DocSet { return snapshot.DocSet{Pages: ps} }

func toldDocs(changes []diff.Change) string {
	var out []string
	for _, c := range changes {
		var kinds []string
		for _, k := range c.Kinds {
			kinds = append(kinds, string(k))
		}
		line := fmt.Sprintf("%s %s %s", c.ID, strings.Join(kinds, "+"), c.Severity)
		for _, d := range docsIn(c) {
			line += " " + string(d.Rule)
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

func docsIn(c diff.Change) []docpage.Disagreement {
	switch {
	case c.Doc != nil:
		return c.Doc.Disagreements
	case c.Gate != nil:
		return c.Gate.Disagreements
	}
	return nil
}

func TestDocs(t *testing.T) {
	a := webPage("GateA", gate.Alpha, "1.36")
	with := func(p snapshot.DocPage, change func(*snapshot.DocPage)) snapshot.DocPage {
		p.Stages = slices.Clone(p.Stages)
		change(&p)
		return p
	}
	unread := func(set snapshot.DocSet, paths ...string) snapshot.DocSet {
		set.Unread = paths
		return set
	}
	tests := []struct {
		name          string
		before, after snapshot.DocSet
		want          string
	}{
		{"nothing", webPages(a), webPages(a), ""},
		{"new", webPages(), webPages(a), "GateA doc.added fyi"},
		{"gone", webPages(a), webPages(), "GateA doc.changed fyi"},
		{"another stage", webPages(a), webPages(webPage("GateA", gate.Beta, "1.37")), "GateA doc.changed fyi"},
		{"another default", webPages(a), webPages(with(a, func(p *snapshot.DocPage) { p.Stages[0].Default = "true" })), "GateA doc.changed fyi"},
		{"an end", webPages(a), webPages(with(a, func(p *snapshot.DocPage) { p.Stages[0].To = "1.37" })), "GateA doc.changed fyi"},
		{"removed", webPages(a), webPages(with(a, func(p *snapshot.DocPage) { p.Removed = true })), "GateA doc.changed fyi"},
		{"another address or file is no news", webPages(a), webPages(with(a, func(p *snapshot.DocPage) { p.URL, p.Path = "", "gates/gate-a.md" })), ""},
		{"it can't be read", webPages(a), unread(webPages(), "gates/GateA.md"), ""},
		{"its file was renamed and can't be read", webPages(with(a, func(p *snapshot.DocPage) { p.Path = "gates/old.md" })), unread(webPages(), "gates/GateA.md"), ""},
		{"it can be read again", unread(webPages(), "gates/GateA.md"), webPages(a), ""},
		{"a second page of the gate", webPages(a), webPages(a, with(webPage("gatea", gate.Beta, "1.1"), func(p *snapshot.DocPage) { p.Path = "gates/ZZ.md" })), ""},
	}
	for _, tt := range tests {
		if d := cmp.Diff(tt.want, toldDocs(diff.Docs(tt.before, tt.after))); d != "" {
			t.Errorf("%s:\n%s", tt.name, d)
		}
	}
}

func TestOrderOfPagesIsNoChange(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	some := func() snapshot.DocSet {
		var set snapshot.DocSet
		for i := range 40 {
			if rnd.IntN(6) > 0 {
				set.Pages = append(set.Pages, webPage(fmt.Sprint("Gate", i), []gate.Stage{gate.Alpha, gate.Beta}[rnd.IntN(2)], "1.36"))
			}
		}
		return set
	}
	shuffled := func(set snapshot.DocSet) snapshot.DocSet {
		out := webPages(slices.Clone(set.Pages)...)
		rnd.Shuffle(len(out.Pages), func(i, j int) { out.Pages[i], out.Pages[j] = out.Pages[j], out.Pages[i] })
		return out
	}
	for range 100 {
		a, b := some(), some()
		if c := diff.Docs(a, shuffled(a)); len(c) > 0 {
			t.Fatalf("with itself: %s", toldDocs(c))
		}
		if d := cmp.Diff(diff.Docs(a, b), diff.Docs(shuffled(a), shuffled(b))); d != "" {
			t.Fatalf("order of input changes the result: %s", d)
		}
	}
}

func TestLayoutGuardOfPages(t *testing.T) {
	many := func(from, to int) (set snapshot.DocSet) {
		for i := from; i < to; i++ {
			set.Pages = append(set.Pages, webPage(fmt.Sprint("Gate", i), gate.Alpha, "1.36"))
		}
		return set
	}
	unread := many(30, 100)
	for i := range 30 {
		unread.Unread = append(unread.Unread, fmt.Sprintf("gates/Gate%d.md", i))
	}
	for _, tt := range []struct {
		name          string
		before, after snapshot.DocSet
		want          bool
	}{
		{"four of eight", many(0, 8), many(4, 8), false},
		{"five of ten", many(0, 10), many(5, 10), true},
		{"a quarter", many(0, 100), many(25, 100), false},
		{"more", many(0, 100), many(26, 100), true},
		{"they can't be read", many(0, 100), unread, false},
	} {
		got := diff.DocsLookMoved(tt.before, tt.after)
		if (got != "") != tt.want || tt.want && !strings.Contains(got, "--accept-removals docs") {
			t.Errorf("%s: %q", tt.name, got)
		}
	}
}

// webGate is a gate that kubernetes registers, in a stage since a release.
func webGate(name string, stage gate.Stage, since string) gate.Gate {
	return gate.Gate{Name: name, Const: name, Component: "kubernetes", Registered: []gate.Registration{{Component: "kubernetes"}}, Specs: []gate.Spec{{Since: since, Stage: stage}}}
}

func withDocs(version string, gates []gate.Gate, pages ...snapshot.DocPage) *snapshot.Snapshot {
	return &snapshot.Snapshot{Upstreams: []snapshot.Upstream{{Name: "kubernetes", Repository: "kubernetes/kubernetes", Sections: []snapshot.Section{
		{Source: snapshot.SourceDocs, Status: snapshot.Complete, Items: snapshot.Items{Docs: &snapshot.DocSet{Pages: pages}}},
		{Source: snapshot.SourceGates, Status: snapshot.Complete, Items: snapshot.Items{Gates: &snapshot.GateSet{Version: version, Gates: gates}}},
		{Source: snapshot.SourceProposals, Status: snapshot.Complete, Items: snapshot.Items{Proposals: &snapshot.ProposalSet{Proposals: []kep.Proposal{
			{Path: "keps/sig-node/1-b", Number: "1", OwningSIG: "sig-node", Gates: []kep.Gate{{Name: "GateB"}}},
		}}}},
	}}}}
}

// byStage is a rule that is enough here: pages and code differ where their stages do, and where a gate has no page.
func byStage(set snapshot.GateSet, docs snapshot.DocSet) []docpage.Disagreement {
	var out []docpage.Disagreement
	for _, g := range set.Gates {
		p, ok := docs.Page(g.Name)
		switch s, _ := g.Effective(set.Version); {
		case !ok && set.Version == "1.37":
			out = append(out, docpage.Disagreement{Gate: g.Name, Rule: docpage.Missing, Code: "it is there"})
		case ok && p.Stages[0].Stage != s.Stage:
			out = append(out, docpage.Disagreement{Gate: g.Name, Rule: docpage.OtherStage, Page: "says " + string(p.Stages[0].Stage), Code: "the code says " + string(s.Stage)})
		}
	}
	return out
}

func TestDisagreementsAreToldOnce(t *testing.T) {
	const alpha, beta = gate.Alpha, gate.Beta
	gates := func(a, b gate.Stage) []gate.Gate {
		return []gate.Gate{webGate("GateA", a, "1.36"), webGate("GateB", b, "1.36")}
	}
	page := func(a, b gate.Stage) []snapshot.DocPage {
		return []snapshot.DocPage{webPage("GateA", a, "1.36"), webPage("GateB", b, "1.36")}
	}
	moved := gates(alpha, beta)
	moved[1].Component, moved[1].Registered[0].Component = "apiserver", "apiserver"
	tests := []struct {
		name      string
		base, cur *snapshot.Snapshot
		opts      diff.Options
		want      string
		counted   int
	}{
		{"they agree", withDocs("1.36", gates(alpha, alpha), page(alpha, alpha)...), withDocs("1.36", gates(alpha, alpha), page(alpha, alpha)...), diff.Options{}, "", 0},
		{"they differ as before", withDocs("1.36", gates(alpha, beta), page(alpha, alpha)...), withDocs("1.36", gates(alpha, beta), page(alpha, alpha)...), diff.Options{}, "", 0},
		{"the gate changes", withDocs("1.36", gates(alpha, alpha), page(alpha, alpha)...), withDocs("1.36", gates(alpha, beta), page(alpha, alpha)...), diff.Options{},
			"GateB gate.promoted know stage", 0},
		{"the page changes", withDocs("1.36", gates(alpha, alpha), page(alpha, alpha)...), withDocs("1.36", gates(alpha, alpha), page(alpha, beta)...), diff.Options{},
			"GateB doc.changed fyi stage", 0},
		{"the page is mended", withDocs("1.36", gates(alpha, alpha), page(alpha, beta)...), withDocs("1.36", gates(alpha, alpha), page(alpha, alpha)...), diff.Options{},
			"GateB doc.changed fyi", 0},
		{"time goes on", withDocs("1.36", gates(alpha, alpha), page(alpha, alpha)[0]), withDocs("1.37", gates(alpha, alpha), page(alpha, alpha)[0]), diff.Options{},
			"GateB doc.disagrees fyi missing", 0},
		{"and is yours", withDocs("1.36", gates(alpha, alpha), page(alpha, alpha)[0]), withDocs("1.37", gates(alpha, alpha), page(alpha, alpha)[0]),
			diff.Options{Watch: diff.Watch{Gates: []string{"gateb"}}}, "GateB doc.disagrees act missing", 0},
		{"it differs since it moved", withDocs("1.36", gates(alpha, alpha), page(alpha, alpha)...), withDocs("1.36", moved, page(alpha, alpha)...), diff.Options{},
			"GateB gate.promoted+gate.moved know stage", 0},
		{"a move alone tells nothing of a page", withDocs("1.36", gates(alpha, beta), page(alpha, alpha)...), withDocs("1.36", moved, page(alpha, alpha)...), diff.Options{},
			"GateB gate.moved fyi", 0},
		{"the first look counts", withDocs("1.36", gates(alpha, alpha), page(alpha, alpha)...), withDocs("1.36", gates(beta, alpha), page(alpha, beta)[1]), diff.Options{FirstLook: true},
			"GateA gate.promoted know\nGateA doc.changed fyi\nGateB doc.changed fyi stage", 0},
		{"what nothing tells", withDocs("1.36", gates(alpha, beta), page(alpha, alpha)...), withDocs("1.36", gates(alpha, beta), page(alpha, alpha)...), diff.Options{FirstLook: true}, "", 1},
		{"of a component", withDocs("1.36", gates(alpha, alpha), page(alpha, alpha)...), withDocs("1.36", gates(alpha, alpha), append(page(alpha, beta), webPage("Other", alpha, "1.36"))...),
			diff.Options{Filter: diff.Filter{Components: []string{"kubernetes"}}}, "GateB doc.changed fyi stage", 0},
		{"of another", withDocs("1.36", gates(alpha, alpha), page(alpha, alpha)...), withDocs("1.36", gates(alpha, alpha), page(alpha, beta)...),
			diff.Options{Filter: diff.Filter{Components: []string{"client-go"}}}, "", 0},
		{"of a SIG", withDocs("1.36", gates(alpha, alpha), page(alpha, alpha)...), withDocs("1.36", gates(alpha, alpha), page(beta, beta)...),
			diff.Options{Filter: diff.Filter{SIGs: []string{"node"}}}, "GateB doc.changed fyi stage", 0},
		{"watched by its KEP", withDocs("1.36", gates(alpha, alpha), page(alpha, alpha)...), withDocs("1.36", gates(alpha, alpha), page(beta, beta)...),
			diff.Options{Watch: diff.Watch{KEPs: []string{"1"}}}, "GateB doc.changed act stage\nGateA doc.changed fyi stage", 0},
	}
	for _, tt := range tests {
		tt.opts.Disagreements = byStage
		res := diff.Compare(tt.base, tt.cur, tt.opts)[0]
		counted := 0
		for _, s := range res.Sections {
			counted += s.Disagreements
		}
		want := strings.Split(tt.want, "\n")
		got := strings.Split(toldDocs(res.Changes), "\n")
		slices.Sort(want)
		slices.Sort(got)
		if d := cmp.Diff(want, got); d != "" || counted != tt.counted {
			t.Errorf("%s: %d are counted, want %d\n%s", tt.name, counted, tt.counted, d)
		}
	}
	// Without pages nobody looks; pages that are new are a baseline.
	base, cur := withDocs("1.36", gates(alpha, beta)), withDocs("1.36", gates(alpha, beta), page(alpha, alpha)...)
	base.Upstreams[0].Sections = base.Upstreams[0].Sections[1:]
	res := diff.Compare(base, cur, diff.Options{Disagreements: byStage})[0]
	if len(res.Changes) > 0 || res.Sections[0].Disagreements != 1 {
		t.Errorf("new pages tell %s and count %d", toldDocs(res.Changes), res.Sections[0].Disagreements)
	}
	if res := diff.Compare(cur, base, diff.Options{Disagreements: byStage})[0]; len(res.Changes) > 0 {
		t.Errorf("no pages tell %s", toldDocs(res.Changes))
	}
	// A changed gate has its page, whether they agree or not, also when it is gone.
	res = diff.Compare(withDocs("1.36", gates(alpha, alpha), page(alpha, alpha)...), withDocs("1.36", gates(beta, alpha)[:1], page(beta, alpha)...), diff.Options{})[0]
	for _, c := range res.Changes {
		if c.Gate != nil && (c.Gate.Page == nil || c.Gate.Page.Gate != c.ID) {
			t.Errorf("%s has no page", c.ID)
		}
	}
}
