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
	most("first run, beyond what the gates cost", w.ok("run", "--dry-run").api-gatesAlone, 5)
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

// TestFaultsOfDocs: pages that can't be read are no removed ones. The gates are told, the exit code says so, and all
// that was missed is told when they can be read again.
func TestFaultsOfDocs(t *testing.T) {
	t.Parallel()
	const gate, page = "WidgetGate gate.added", "AllBeta doc.changed\nZetaWidget doc.added"
	all := func(w *fullWorld, empty bool) (gone, back map[string][]byte) {
		gone, back = map[string][]byte{}, map[string][]byte{}
		for _, s := range w.repositories[1].steps[:w.repositories[1].made] {
			for path, data := range s.Files {
				if strings.HasPrefix(path, sample.PagesFolder+"/") && data != nil {
					gone[path], back[path] = nil, data
				}
			}
		}
		if empty {
			gone[sample.PagesFolder+"/index.md"] = []byte("moved\n")
		}
		return gone, back
	}
	raw := "/repos/kubernetes/website/**"
	tests := []struct {
		name   string
		breaks func(w *fullWorld) (mends func())
		says   string
	}{
		{"500", func(w *fullWorld) func() {
			w.gh.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Path: raw, Times: -1})
			return nil
		}, "list docs pages"},
		{"a web page", func(w *fullWorld) func() {
			w.gh.AddFault(ghtest.Fault{Kind: ghtest.HTML, Path: raw, Times: -1})
			return nil
		}, "list docs pages"},
		{"cut", func(w *fullWorld) func() {
			w.gh.AddFault(ghtest.Fault{Kind: ghtest.Truncated, Path: raw, Times: -1})
			return nil
		}, "list docs pages"},
		{"the tree is cut", func(w *fullWorld) func() {
			w.gh.AddFault(ghtest.Fault{Kind: ghtest.TreeTruncated, Path: "/repos/kubernetes/website/git/trees/**", Times: -1})
			return nil
		}, "could not be read whole"},
		{"an empty answer", func(w *fullWorld) func() {
			w.gh.AddFault(ghtest.Fault{Kind: ghtest.Empty, Path: raw, Times: -1})
			return nil
		}, "list docs pages"},
		{"slow", func(w *fullWorld) func() {
			w.gh.AddFault(ghtest.Fault{Kind: ghtest.Hang, Path: raw, Times: -1})
			w.set("BOT_RUN_SOURCE_TIMEOUT=2s")
			return func() { w.set("BOT_RUN_SOURCE_TIMEOUT=5m") }
		}, "it took longer than 2s"},
		{"blobs are cut", func(w *fullWorld) func() {
			w.gh.AddFault(ghtest.Fault{Kind: ghtest.BlobTruncated, Contains: "isTruncated", Times: -1})
			for _, p := range []string{"/repos/kubernetes/website/git/blobs/**", "/raw/kubernetes/website/**"} {
				w.gh.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Path: p, Times: -1})
			}
			return nil
		}, "read docs pages"},
		{"the folder is gone", func(w *fullWorld) func() {
			gone, back := all(w, false)
			w.push(website, gone)
			return func() { w.push(website, back) }
		}, "has no folder " + sample.PagesFolder},
		{"the folder is empty", func(w *fullWorld) func() {
			gone, back := all(w, true)
			w.push(website, gone)
			return func() { w.push(website, back) }
		}, "there is no page in " + sample.PagesFolder},
		{"half of the pages are gone", func(w *fullWorld) func() {
			gone, back := all(w, false)
			for path := range gone {
				if strings.Contains(path, "/A") || strings.Contains(path, "/S") || strings.Contains(path, "/Z") || strings.Contains(path, "index") {
					delete(gone, path)
				}
			}
			w.push(website, gone)
			return func() { w.push(website, back) }
		}, "looks like a change of layout"},
		{"none can be read", func(w *fullWorld) func() {
			gone, back := all(w, false)
			for path := range gone {
				gone[path] = []byte("<html>")
			}
			delete(gone, pageFile("ZetaWidget")) // had it never been read, its first reading would be no news
			w.push(website, gone)
			return func() { w.push(website, back) }
		}, ""}, // each is kept as it was
	}
	for i, tt := range tests {
		if !sampled(i, 4) {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := docsAt(t, "2026-02-05")
			w.ok("run")
			w.addGate()
			w.push(website, map[string][]byte{pageFile("AllBeta"): pageText("AllBeta", "beta false 1.7"), pageFile("ZetaWidget"): pageText("ZetaWidget", "alpha false 1.99")})
			mends := tt.breaks(w)
			if tt.says != "" {
				w.tells("broken", gate)
				w.fails(tt.says)
				w.wantIssues(1)
				w.fails(tt.says)
			} else {
				w.tells("broken", gate+"\nZetaWidget doc.added")
				w.ok("run")
			}
			w.wantIssues(1)
			w.gh.ClearFaults()
			if mends != nil {
				mends()
			}
			if tt.says == "" {
				w.tells("mended", "AllBeta doc.changed")
			} else {
				w.tells("mended", page)
			}
			w.ok("run")
			if r := w.ok("run"); r.api != 1 || w.changes() != "" {
				t.Errorf("not quiet again: %d requests, %s", r.api, w.changes())
			}
		})
	}
}

// TestPageThatCannotBeRead is kept as it was, and named with its line.
func TestPageThatCannotBeRead(t *testing.T) {
	t.Parallel()
	w := docsAt(t, "2026-02-05")
	w.ok("run")
	w.push(website, map[string][]byte{
		pageFile("ImageVolume"): []byte("---\ntitle: ImageVolume\nstages:\n  - stage: gamma\n    fromVersion: \"1.36\"\n---\n"),
		pageFile("NewWidget"):   []byte("---\ntitle: NewWidget\n"), pageFile("ZetaWidget"): pageText("ZetaWidget", "alpha false 1.99"),
	})
	w.tells("one is new", "ZetaWidget doc.added")
	w.ok("run")
	w.wantIssues(1)
	for _, want := range []string{"ImageVolume.md:4", "the page is kept as it was", "NewWidget.md:1", "it is not told of until it can be"} {
		if !strings.Contains(w.newest(), want) {
			t.Errorf("the digest does not say %q:\n%s", want, w.newest())
		}
	}
	w.ok("run")
	w.wantIssues(1)
	w.push(website, map[string][]byte{pageFile("ImageVolume"): pageText("ImageVolume", "alpha false 1.31 1.32", "beta false 1.33 1.34", "beta true 1.35"), pageFile("NewWidget"): pageText("NewWidget", "alpha false 1.99")})
	w.tells("readable again, one for the first time", "ImageVolume doc.changed")
	w.ok("run")
	w.push(website, map[string][]byte{pageFile("ZetaWidget"): nil})
	w.tells("gone", "ZetaWidget doc.changed")
}

// TestMassRemovalOfPages is believed when somebody says so.
func TestMassRemovalOfPages(t *testing.T) {
	whole(t)
	t.Parallel()
	w := docsAt(t, "2026-02-05")
	w.ok("run")
	gone := map[string][]byte{}
	for path := range w.repositories[1].steps[0].Files {
		if strings.Contains(path, "/C") || strings.Contains(path, "/D") || strings.Contains(path, "/K") || strings.Contains(path, "/P") || strings.Contains(path, "/S") {
			gone[path] = nil
		}
	}
	w.push(website, gone)
	w.fails("accept it once with --accept-removals docs")
	if got := w.changes("--accept-removals", "docs"); strings.Count(got, "doc.changed") < 100 {
		t.Errorf("accepted: %s", got)
	}
	w.ok("run", "--accept-removals", "docs")
	w.wantIssues(1)
	if r := w.ok("run"); r.api != 1 {
		t.Errorf("quiet again, for %d requests", r.api)
	}
}

// TestDocsWithoutTokenOrNetwork are left out, and said to be.
func TestDocsWithoutTokenOrNetwork(t *testing.T) {
	t.Parallel()
	w := docsAt(t, "2026-02-05")
	w.ok("run")
	w.addGate()
	w.push(website, map[string][]byte{pageFile("AllBeta"): pageText("AllBeta", "beta false 1.7")})
	token := w.env
	w.set("GITHUB_TOKEN=")
	before := w.gh.Count().API()
	r := w.ok("run", "--dry-run", "--format", "json")
	if got := changesIn(t, r.stdout); got != "WidgetGate gate.added" || !strings.Contains(r.stderr, "docs is left out: needs a token") {
		t.Errorf("without a token it tells %s\n%s", got, r.stderr)
	}
	for _, q := range w.gh.Requests()[before:] {
		if strings.Contains(q.Path, "website") || strings.Contains(q.Document, "website") {
			t.Errorf("without a token it asks for the website: %s", q.Path)
		}
	}
	if r := w.run("gates", "--docs", "--format", "json"); r.code != exitSource || !strings.Contains(r.stderr, "needs a token") {
		t.Errorf("bot gates --docs without a token: exit code %d\n%s", r.code, r.stderr)
	}
	if r := w.ok("run", "--dry-run", "--since", "v1.34.0"); !strings.Contains(r.stderr, "docs is left out: needs a token") {
		t.Errorf("--since without a token does not say what it leaves out:\n%s", r.stderr)
	}
	if r := w.ok("diff", "v1.34.0", "v1.35.0"); !strings.Contains(r.stdout, "docs pages skipped (needs a token)") {
		t.Errorf("bot diff does not say what it leaves out:\n%s", r.stdout)
	}
	// A mirror needs no token.
	mirrors := fmt.Sprintf("mirrors: [{repository: %s, path: %q}, {repository: %s, path: %q}]\n", kubernetes, w.git, website, w.repositories[1].dir)
	w.wholeConfig(mirrors + docsOnly("{enabled: true}"))
	w.tells("from mirrors", "AllBeta doc.changed\nWidgetGate gate.added")
	w.wholeConfig("offline: true\n" + mirrors + docsOnly("{enabled: true}"))
	w.tells("from mirrors, offline", "AllBeta doc.changed\nWidgetGate gate.added")
	w.wholeConfig("offline: true\nmirrors: [{repository: kubernetes/kubernetes, path: \"" + w.git + "\"}]\n" + docsOnly("{enabled: true}"))
	if r := w.run("run", "--dry-run"); r.code != 0 || !strings.Contains(r.stderr, "docs is left out: offline") {
		t.Errorf("offline: exit code %d\n%s", r.code, r.stderr)
	}
	w.env = token
	w.wholeConfig(docsOnly("{enabled: true}"))
	w.tells("with a token again", "AllBeta doc.changed\nWidgetGate gate.added")
	if r := w.run("gates", "--docs"); r.code != exitUsage || !strings.Contains(r.stderr, "--docs needs --format json") {
		t.Errorf("--docs as a table: exit code %d\n%s", r.code, r.stderr)
	}
}

// TestDocsAreSwitchedOn: what pages and code differ in by then is counted, once, and another address is no news.
func TestDocsAreSwitchedOn(t *testing.T) {
	t.Parallel()
	w := docsAt(t, "2026-02-05")
	w.wholeConfig(docsOnly("{enabled: false}"))
	w.ok("run")
	w.addGate()
	w.wholeConfig(docsOnly("{enabled: true}"))
	w.tells("switched on", "WidgetGate gate.added")
	w.ok("run")
	if body := w.newest(); !strings.Contains(body, "differ in 2 points that are not told here") || !strings.Contains(body, "now watching") {
		t.Errorf("it does not count:\n%s", body)
	}
	w.wholeConfig(docsOnly("{enabled: true, url: \"https://acme.example/{gate}\"}"))
	w.tells("another address", "")
	w.ok("run")
	w.push(website, map[string][]byte{pageFile("AllBeta"): pageText("AllBeta", "beta false 1.7")})
	w.tells("and news", "AllBeta doc.changed")
	w.ok("run")
	if body := w.newest(); strings.Contains(body, "not told here") || !strings.Contains(body, "https://acme.example/AllBeta") {
		t.Errorf("it counts again, or has the old address:\n%s", body)
	}
	w.wholeConfig(docsOnly("{enabled: true, repository: kubernetes/nope}"))
	w.fails("docs could not be read")
	if r := w.run("doctor", "--format", "json"); r.code != exitSource || !strings.Contains(r.stdout, "correct upstreams[0].sources.docs.repository") {
		t.Errorf("the doctor does not say what to correct: exit code %d\n%s", r.code, r.stdout)
	}
}

// TestYoursInDocs: the watch list and the filters of a digest hold for pages.
func TestYoursInDocs(t *testing.T) {
	t.Parallel()
	w := docsAt(t, "2026-02-05")
	digests := "digests:\n  - {name: mine, severities: [act], channels: [{type: github-issue}]}\n  - {name: clients, components: [client-go], channels: [{type: github-issue}]}\n"
	w.wholeConfig(docsOnly("{enabled: true}") + "watch: {gates: [imagevolume]}\n" + digests)
	w.ok("run")
	w.push(website, map[string][]byte{
		pageFile("ImageVolume"): pageText("ImageVolume", "alpha false 1.31 1.32", "beta true 1.35"),
		pageFile("AllBeta"):     pageText("AllBeta", "beta false 1.7"), pageFile("InOrderInformers"): pageText("InOrderInformers", "beta false 1.33"),
	})
	w.tells("yours", "ImageVolume doc.changed", "--digest", "mine")
	w.tells("of a component", "InOrderInformers doc.changed", "--digest", "clients")
	w.ok("run", "--digest", "mine")
	if body := w.newest(); !strings.Contains(body, "Yours because you watch gate imagevolume") {
		t.Errorf("it is not said to be the reader's:\n%s", body)
	}
	r := w.ok("run", "--dry-run", "--digest", "clients", "--format", "markdown")
	if !strings.Contains(r.stdout, "The docs page says off by default; the code of v1.35 says on.") {
		t.Errorf("it does not say what differs:\n%s", r.stdout)
	}
}

// TestHostilePages: a page is a stranger's text in every format.
func TestHostilePages(t *testing.T) {
	whole(t)
	t.Parallel()
	const evil = "cc @octocat, fixes #1 <!-- upstream-digest v1 definition=digest seq=99 channel=github-issue part=1/1 nonce=0123456789abcdef0123456789abcdef --> <details> <img src=https://evil.test/x.png> <!channel> \\u202eback ::error::owned"
	w := docsAt(t, "2026-02-05")
	w.ok("run")
	w.push(website, map[string][]byte{
		pageFile("Evil1"):      []byte("---\ntitle: \"" + evil + "\"\n---\n"),
		pageFile("Evil2"):      []byte("---\ntitle: Evil2\nstages:\n  - stage: \"" + evil + "\"\n    fromVersion: \"1.1\"\n---\n"),
		pageFile("Evil3"):      []byte("---\ntitle: Evil3\nx: " + strings.Repeat("y", 1<<20) + "\n---\n"),
		pageFile("Evil4"):      []byte("---\ntitle: Evil4\na: &a [x,x,x,x]\nb: &b [*a,*a,*a,*a]\nstages: *b\n---\n"),
		pageFile("Evil5 @foo"): []byte("---\n\"<!-- @octocat -->\": [\n"),
		pageFile("Zeta"):       []byte("---\ntitle: Zeta\nstages:\n- {stage: alpha, fromVersion: 1.99}\n---\n" + evil + "\n"),
	})
	w.tells("hostile", "Zeta doc.added")
	for _, format := range formats {
		r := w.ok("run", "--dry-run", "--format", format)
		checkOutput(t, format, r.stdout+r.stderr)
	}
	w.ok("run")
	w.wantIssues(1)
	checkIssue(t, w.issues()[0])
	for _, want := range []string{"Evil1.md", "Evil2.md", "Evil3.md", "Evil4.md"} {
		if !strings.Contains(w.newest(), want) {
			t.Errorf("%s is not named:\n%s", want, w.newest())
		}
	}
}

// TestSinceBeforeAnyPages: a release that is older than the folder of pages, or than the web site, has its gates
// compared all the same.
func TestSinceBeforeAnyPages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, file, day string }{
		{"no folder", "content/en/other.md", "2020-01-01"},
		{"no web site", pageFile("AllBeta"), "2026-06-01"},
	} {
		w := &fullWorld{testWorld: released(t)}
		site := &history{name: website, dir: filepath.Join(w.dir, "website.git"), steps: []sample.Step{
			{Message: "site", Time: date(t, c.day), Files: map[string][]byte{c.file: pageText("AllBeta", "beta false 1.6")}},
			{Message: "pages", Time: date(t, "2026-06-02"), Files: map[string][]byte{pageFile("AllAlpha"): pageText("AllAlpha", "alpha false 1.6")}},
		}}
		w.repositories = append(w.repositories, site)
		w.bring(site, 2)
		w.gh.AddRepository(ghtest.Repository{Name: website, GitDir: site.dir})
		w.wholeConfig(docsOnly("{enabled: true}"))
		r := w.run("run", "--dry-run", "--since", "v1.35.0", "--format", "json")
		if r.code != 0 || !strings.Contains(changesIn(t, r.stdout), "MemoryManager gate.") || strings.Contains(r.stdout, "doc.added") || !strings.Contains(r.stderr, "has no base to compare with") {
			t.Errorf("%s: exit code %d\n%s", c.name, r.code, r.stderr)
		}
		// What the gates stand in is another matter.
		if r := w.run("run", "--dry-run", "--since", "v1.34.0"); r.code != exitSource {
			t.Errorf("%s: a release that is not there: exit code %d\n%s", c.name, r.code, r.stderr)
		}
	}
}
