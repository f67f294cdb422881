package sample_test

import (
	"path"
	"strings"
	"testing"

	"github.com/upstream-digest/bot/internal/docpage"
	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/golden"
	"github.com/upstream-digest/bot/internal/insight"
	"github.com/upstream-digest/bot/internal/sample"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// pagesOf reads the pages of a tree as the bot does.
func pagesOf(tb testing.TB, files map[string][]byte) snapshot.DocSet {
	tb.Helper()
	var set snapshot.DocSet
	for file, text := range files {
		if !docpage.IsPage(sample.PagesFolder, file) {
			continue
		}
		p, err := docpage.Parse(file, text)
		if err != nil {
			tb.Fatal(err)
		}
		page := snapshot.DocPage{Path: file, Gate: p.Gates[0], Removed: p.Removed}
		for _, s := range p.Stages {
			page.Stages = append(page.Stages, snapshot.DocStage{Stage: gate.Stage(s.Stage), Default: s.Default, Locked: s.Locked, From: s.From, To: s.To})
		}
		set.Pages = append(set.Pages, page)
	}
	return set
}

// gatesOf reads the gates of a release from its sample.
func gatesOf(tb testing.TB, table *facts.Table, release string) snapshot.GateSet {
	tb.Helper()
	files, err := sample.Files(release, table.Rows(release), sample.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	res, err := gate.Parse(sample.Packages(), sample.GateFiles(files))
	if err != nil {
		tb.Fatal(err)
	}
	return snapshot.GateSet{Version: gate.MinorOf(release), Gates: res.Gates}
}

// TestPagesAgreeWithTheCode: but for the faults that are meant, and the gates of v1.36 that have no page yet.
func TestPagesAgreeWithTheCode(t *testing.T) {
	table := loadFacts(t)
	h := insight.FromTable(table)
	for _, tt := range []struct {
		release, code string
		want          string
	}{
		{"v1.36", "v1.36", "CRIContainerLogRotation listed, MemoryManager listed"},
		{"v1.35", "v1.35", "CRIContainerLogRotation listed"},
		{"v1.33", "v1.33", "CRIContainerLogRotation listed"},
		{"v1.36", "v1.34", "CRIContainerLogRotation listed"}, // today's pages of an old release
	} {
		files, err := sample.Website(table, tt.release)
		if err != nil {
			t.Fatal(err)
		}
		set := pagesOf(t, files)
		if len(set.Pages) < 300 {
			t.Errorf("%s: only %d pages", tt.release, len(set.Pages))
		}
		var got, words []string
		for _, d := range h.Disagreements(gatesOf(t, table, tt.code), set) {
			got, words = append(got, d.Gate+" "+string(d.Rule)), append(words, d.Gate+": "+d.Words())
		}
		if strings.Join(got, ", ") != tt.want {
			t.Errorf("pages of %s, code of %s: want %s, found\n%s", tt.release, tt.code, tt.want, strings.Join(words, "\n"))
		}
	}
	if _, err := sample.Website(table, "v1.99"); err == nil {
		t.Error("it writes the pages of a release that nobody knows")
	}
}

func TestStepsOfTheWebsite(t *testing.T) {
	table := loadFacts(t)
	steps, err := sample.WebsiteSteps(table)
	if err != nil {
		t.Fatal(err)
	}
	name := func(gate string) string { return path.Join(sample.PagesFolder, gate+".md") }
	at := steps[sample.WebsiteEdits].Files
	if len(at) != 2 || at[name(sample.StalePage)] == nil || at[name(sample.EarlyPage)] == nil {
		t.Errorf("the quiet day has %d edits", len(at))
	}
	if steps[sample.WebsiteV135].Files[name(sample.StalePage)] != nil || len(steps[sample.WebsiteV136].Files) < 30 {
		t.Error("the stale page is not stale, or v1.36 changes next to nothing")
	}
	for i, s := range steps[1:] {
		if !s.Time.After(steps[i].Time) {
			t.Errorf("step %d is not after the one before", i+1)
		}
	}
	all, err := sample.Website(table, "v1.35")
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/ImageVolume.md.golden", all[name(sample.StalePage)])
	golden.Check(t, "testdata/CRIContainerLogRotation.md.golden", all[name(sample.LogRotation)])
	if err := sample.Repository(t.Context(), path.Join(t.TempDir(), "website.git"), steps); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkDisagreements(b *testing.B) {
	table := loadFacts(b)
	h := insight.FromTable(table)
	files, err := sample.Website(table, "v1.36")
	if err != nil {
		b.Fatal(err)
	}
	gates, pages := gatesOf(b, table, "v1.36"), pagesOf(b, files)
	b.ReportAllocs()
	for b.Loop() {
		if len(h.Disagreements(gates, pages)) == 0 {
			b.Fatal("nothing differs")
		}
	}
}
