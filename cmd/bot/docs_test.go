package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/golden"
	"github.com/upstream-digest/bot/internal/sample"
)

const website = "kubernetes/website"

// docsOnly is a configuration that reads gates and their pages, and nothing else.
func docsOnly(docs string) string {
	return sourcesConfig("      releases: {enabled: false}\n      proposals: {enabled: false}\n      milestones: {enabled: false}\n" +
		"      tickets: {enabled: false}\n      paths: {enabled: false}\n      feeds: []\n      docs: " + docs + "\n")
}

// docsAt starts a world with code and pages as they were on a day.
func docsAt(tb testing.TB, day string) *fullWorld {
	tb.Helper()
	table, err := facts.Load()
	if err != nil {
		tb.Fatal(err)
	}
	code, err := sample.DemoSteps(table)
	if err != nil {
		tb.Fatal(err)
	}
	pages, err := sample.WebsiteSteps(table)
	if err != nil {
		tb.Fatal(err)
	}
	w := &fullWorld{testWorld: newWorld(tb)}
	w.wholeConfig(docsOnly("{enabled: true}"))
	w.repositories = []*history{
		{name: kubernetes, dir: w.git, steps: code},
		{name: website, dir: filepath.Join(w.dir, "website.git"), steps: pages},
	}
	w.gh.AddRepository(ghtest.Repository{Name: website, GitDir: w.repositories[1].dir})
	w.advance(day)
	return w
}

func pageFile(gate string) string { return sample.PagesFolder + "/" + gate + ".md" }

// pageText is a page with rows such as "alpha false 1.35 1.36".
func pageText(gate string, rows ...string) []byte {
	text := "---\ntitle: " + gate + "\ncontent_type: feature_gate\nstages:\n"
	for _, r := range rows {
		f := append(strings.Fields(r), "")
		text += fmt.Sprintf("  - stage: %s\n    defaultValue: %s\n    fromVersion: %q\n    toVersion: %q\n", f[0], f[1], f[2], f[3])
	}
	return []byte(text + "---\nProse.\n")
}

// TestDocsFromFirstRunOn: what it costs, and what it tells.
func TestDocsFromFirstRunOn(t *testing.T) {
	t.Parallel()
	w := docsAt(t, "2026-01-28")
	most := func(what string, got, limit int) {
		t.Helper()
		t.Logf("%s: %d requests of at most %d", what, got, limit)
		if got > limit {
			t.Errorf("%s: %d requests, at most %d:\n%s", what, got, limit, w.calls(got))
		}
	}
	gatesAlone := w.wholeConfig(docsOnly("{enabled: false}")).ok("run", "--dry-run").api
	w.wholeConfig(docsOnly("{enabled: true}"))
	most("first run, of 450 pages, beyond what the gates cost", w.ok("run", "--dry-run").api-gatesAlone, 6)
	w.ok("run")
	most("quiet", w.ok("run").api, 1)

	// A quiet day of the web site.
	w.advance("2026-02-20")
	quiet := w.ok("run", "--dry-run", "--format", "markdown")
	most("a week with two changed pages", quiet.api, 3)
	golden.Check(t, "testdata/docs-quiet-week.golden", []byte(settled(quiet.stdout)))
	w.ok("run")
	most("quiet again", w.ok("run").api, 1)

	// The release: the code's changes and, in the same week, its pages.
	w.advance("2026-04-25")
	golden.Check(t, "testdata/docs-release-week.golden", []byte(settled(docsPart(w.ok("run", "--dry-run", "--format", "markdown").stdout))))
	w.ok("run")
	most("quiet after the release", w.ok("run").api, 1)
	w.tells("all is told", "")
	obeysSchema(t, w.ok("run", "--dry-run", "--since", "v1.35.0", "--format", "json").stdout)
	list := w.ok("gates", "--docs", "--format", "json")
	obeysSchema(t, list.stdout)
	for _, want := range []string{"The docs page lists it through v1.22; the code of v1.22 no longer had it.", "The docs page lists it through v1.36; the code of v1.36 does not have it."} {
		if !strings.Contains(list.stdout, want) {
			t.Errorf("bot gates --docs does not say %q", want)
		}
	}
	w.loseState()
	w.ok("run")
	w.wantIssues(2)
}

// docsPart is what a digest says of pages: its sections of docs, the entries with words about a page, and the foot.
func docsPart(digest string) string {
	var out []string
	in := false
	for line := range strings.Lines(digest) {
		heading := strings.HasPrefix(line, "<summary>") || strings.HasPrefix(line, "#")
		if heading {
			in = strings.Contains(line, "Docs:")
		}
		if in || line == "---\n" || strings.Contains(line, "docs page") || strings.Contains(line, "docs have") || strings.Contains(line, "pages") {
			in = in || line == "---\n"
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}

// TestFirstDigestWithDocs: what pages and code differed in before anybody looked is counted, and no more.
func TestFirstDigestWithDocs(t *testing.T) {
	t.Parallel()
	w := docsAt(t, "2026-04-25")
	golden.Check(t, "testdata/docs-first-run.golden", []byte(settled(docsPart(w.ok("run", "--dry-run", "--format", "markdown").stdout))))
	w.ok("run")
	w.wantIssues(1)
	w.tells("told", "")
}

// TestOwnersExample: the page of CRIContainerLogRotation lists it through v1.22, while v1.22.0's code no longer has it.
func TestOwnersExample(t *testing.T) {
	t.Parallel()
	w := &fullWorld{testWorld: newWorld(t)}
	w.commit("v1.21", nil, "v1.21.0")
	w.commit("v1.22", nil, "v1.22.0")
	table, err := facts.Load()
	if err != nil {
		t.Fatal(err)
	}
	pages, err := sample.WebsiteSteps(table)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(w.dir, "website.git")
	if err := sample.Repository(t.Context(), dir, pages); err != nil {
		t.Fatal(err)
	}
	w.gh.AddRepository(ghtest.Repository{Name: website, GitDir: dir})
	w.wholeConfig(docsOnly("{enabled: true}"))
	r := w.ok("diff", "v1.21.0", "v1.22.0", "--format", "markdown")
	_, entry, _ := strings.Cut(r.stdout, "- **`CRIContainerLogRotation`**")
	entry, _, _ = strings.Cut(entry, "\n- ")
	for _, want := range []string{"Removed in 1.22.", "The docs page lists it through v1.22.", "(https://kubernetes.io/docs/reference/command-line-tools-reference/feature-gates-removed/#CRIContainerLogRotation)"} {
		if !strings.Contains(entry, want) {
			t.Errorf("its entry does not say %q:\n%s", want, entry)
		}
	}
	if got := strings.Count(r.stdout, "docs page"); got > 3 {
		t.Errorf("%d words about pages in a comparison of old releases:\n%s", got, r.stdout)
	}
	obeysSchema(t, w.ok("diff", "v1.21.0", "v1.22.0", "--format", "json").stdout)
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.TreeTruncated, Times: -1})
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Path: "/repos/kubernetes/website/**", Times: -1})
	if r := w.run("diff", "v1.21.0", "v1.22.0"); r.code != exitSource || !strings.Contains(r.stdout, "CRIContainerLogRotation") || !strings.Contains(r.stderr, "docs could not be read") {
		t.Errorf("without the pages: exit code %d\n%s", r.code, r.stderr)
	}
}
