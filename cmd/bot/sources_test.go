package main

import (
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/golden"
	"github.com/upstream-digest/bot/internal/sample"
)

// fullWorld is an upstream with all that the default configuration reads, at a moment of its history.
type fullWorld struct {
	*testWorld
	repositories []*history
	releases     []sample.Published
}

// history is a repository that the stand-in serves, and the steps it is made of.
type history struct {
	name, dir string
	made      int
	steps     []sample.Step
}

// at starts a world as it was on a day, with so many proposals (0: those that the facts know).
func at(tb testing.TB, day string, proposals int) *fullWorld {
	tb.Helper()
	table, err := facts.Load()
	if err != nil {
		tb.Fatal(err)
	}
	code, err := sample.DemoSteps(table)
	if err != nil {
		tb.Fatal(err)
	}
	keps, err := sample.EnhancementSteps(table, sample.EnhancementOptions{Total: proposals})
	if err != nil {
		tb.Fatal(err)
	}
	data, err := sample.NoteData(table, "v1.36")
	if err != nil {
		tb.Fatal(err)
	}
	w := &fullWorld{testWorld: newWorld(tb), releases: sample.Releases()}
	w.threeSources("upstreams:\n  - preset: kubernetes\n")
	w.repositories = []*history{
		{name: "kubernetes/kubernetes", dir: w.git, steps: code},
		{name: "kubernetes/enhancements", dir: filepath.Join(w.dir, "enhancements.git"), steps: keps},
		{name: "kubernetes/sig-release", dir: filepath.Join(w.dir, "sig-release.git"), steps: []sample.Step{{
			Message: "data", Time: date(tb, "2025-01-01"), Files: map[string][]byte{"releases/release-1.36/release-notes/release-notes-draft.json": data},
		}}},
	}
	w.also = func(other *testWorld) {
		for _, h := range w.repositories[1:] {
			other.gh.AddRepository(ghtest.Repository{Name: h.name, GitDir: h.dir})
		}
		all := sample.Releases()
		addReleases(other, all[:len(all)-len(w.releases)]...)
	}
	for _, h := range w.repositories[1:] {
		w.gh.AddRepository(ghtest.Repository{Name: h.name, GitDir: h.dir})
	}
	w.advance(day)
	return w
}

func date(tb testing.TB, day string) time.Time {
	tb.Helper()
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		tb.Fatal(err)
	}
	return t.Add(23 * time.Hour)
}

// advance brings all to what it was at the end of a day.
func (w *fullWorld) advance(day string) {
	w.t.Helper()
	until := date(w.t, day)
	for _, h := range w.repositories {
		n := 0
		for n < len(h.steps) && !h.steps[n].Time.After(until) {
			n++
		}
		w.bring(h, n)
	}
	for len(w.releases) > 0 && !w.releases[0].At.After(until) {
		addReleases(w.testWorld, w.releases[0])
		w.releases = w.releases[1:]
	}
}

func addReleases(w *testWorld, list ...sample.Published) {
	for _, r := range list {
		w.gh.AddRelease("kubernetes/kubernetes", ghtest.Release{Tag: r.Tag, Prerelease: r.Prerelease, Created: r.At, Published: r.At})
	}
}

// bring makes the first n steps of a repository. The stand-in has it open: new commits come in by fetch.
func (w *fullWorld) bring(h *history, n int) {
	w.t.Helper()
	if n <= h.made {
		return
	}
	if h.made == 0 {
		if err := sample.Repository(w.t.Context(), h.dir, h.steps[:n]); err != nil {
			w.t.Fatal(err)
		}
		h.made = n
		return
	}
	next := filepath.Join(w.t.TempDir(), "next.git")
	if err := sample.Repository(w.t.Context(), next, h.steps[:n]); err != nil {
		w.t.Fatal(err)
	}
	out, err := exec.Command("git", "-C", h.dir, "fetch", "--quiet", next, "+refs/*:refs/*").CombinedOutput()
	if err != nil {
		w.t.Fatalf("git fetch: %v\n%s", err, out)
	}
	h.made = n
}

// push adds a commit to one of the repositories, now.
func (w *fullWorld) push(repository string, files map[string][]byte) {
	w.t.Helper()
	for _, h := range w.repositories {
		if h.name == repository {
			last := h.steps[h.made-1]
			h.steps = append(slices.Clone(h.steps[:h.made]), sample.Step{Message: "more", Time: last.Time.Add(time.Hour), Files: files})
			w.bring(h, h.made+1)
		}
	}
}

// calls are the last n requests, for messages.
func (w *fullWorld) calls(n int) string {
	var out []string
	all := w.gh.Requests()
	for _, r := range all[max(0, len(all)-n):] {
		what, _, _ := strings.Cut(r.Document, "(")
		out = append(out, strings.TrimSpace(r.Method+" "+r.Path+" "+r.Query+" "+what))
	}
	return strings.Join(out, "\n")
}

var (
	clockTime = regexp.MustCompile(`20\d\d-\d\d-\d\d \d\d:\d\d UTC`)
	thisDay   = regexp.MustCompile(`, 20\d\d-\d\d-\d\d\b`)
	loopback  = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)
)

// settled is output without what differs from run to run.
func settled(s string) string {
	s = loopback.ReplaceAllString(clockTime.ReplaceAllString(s, "TIME"), "https://github.test")
	return thisDay.ReplaceAllString(s, ", DAY")
}

// edited are so many of the files of a step, by name.
func edited(step sample.Step, n int) map[string][]byte {
	out := map[string][]byte{}
	for _, name := range slices.Sorted(maps.Keys(step.Files)) {
		if strings.HasSuffix(name, "/kep.yaml") && len(out) < n {
			out[name] = step.Files[name]
		}
	}
	return out
}

func TestRequestsOfAllSources(t *testing.T) {
	w := at(t, "2026-01-28", 650)
	most := func(what string, got, limit int) {
		t.Helper()
		t.Logf("%s: %d requests of at most %d", what, got, limit)
		if got > limit {
			t.Errorf("%s: %d requests, at most %d:\n%s", what, got, limit, w.calls(got))
		}
	}
	most("first run, reading 650 proposals", w.ok("run", "--dry-run").api, 14)
	w.ok("run")
	most("quiet", w.ok("run").api, 1)
	w.push("kubernetes/enhancements", edited(w.repositories[1].steps[len(w.repositories[1].steps)-1], 30))
	w.advance("2026-02-10")
	most("a week with 2 releases and 30 changed proposals, reading", w.ok("run", "--dry-run").api, 6)
	w.ok("run")
	most("quiet again", w.ok("run").api, 1)
	most("anonymous, reading", w.set("GITHUB_TOKEN=").ok("run", "--dry-run").api, 25)
}

// TestWeeksOfProposals pins what a quiet week and the week of the enhancements freeze look like.
func TestWeeksOfProposals(t *testing.T) {
	w := at(t, "2026-01-21", 0)
	w.ok("run")
	for _, week := range []struct{ name, day string }{{"quiet", "2026-01-28"}, {"freeze", "2026-02-11"}} {
		w.advance(week.day)
		got := w.ok("run", "--dry-run", "--format", "markdown").stdout
		golden.Check(t, fmt.Sprintf("testdata/proposals-%s-week.golden", week.name), []byte(settled(got)))
		w.ok("run")
	}
}

// TestDoctorLooksAtAllRepositories: those of the sources are looked at too, and what is wrong is named by the key that
// says it.
func TestDoctorLooksAtAllRepositories(t *testing.T) {
	w := at(t, "2026-01-28", 0)
	if r := w.run("doctor"); r.code != 0 || !strings.Contains(r.stdout, "kubernetes/enhancements at") || !strings.Contains(r.stdout, "kubernetes/sig-release at") {
		t.Errorf("exit code %d\n%s", r.code, r.stdout)
	}
	w.threeSources("upstreams:\n  - preset: kubernetes\n    sources: {proposals: {repository: kubernetes/nope}, releases: {data_repository: kubernetes/neither}}\n")
	r := w.run("doctor", "--format", "json")
	for _, key := range []string{"correct upstreams[0].sources.proposals.repository", "correct upstreams[0].sources.releases.data_repository"} {
		if r.code != exitSource || !strings.Contains(r.stdout, key) {
			t.Errorf("exit code %d, want %d and %q\n%s", r.code, exitSource, key, r.stdout)
		}
	}
}
