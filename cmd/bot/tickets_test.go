package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/golden"
	"github.com/upstream-digest/bot/internal/sample"
	"github.com/upstream-digest/bot/internal/store"
)

const (
	widgets  = "acme/widgets"
	designs  = "acme/enhancements"
	platform = "acme/platform"
)

// ticketWorld is an upstream of which issues alone are read, and a clock that is GitHub's and the program's.
type ticketWorld struct {
	*testWorld
	mu  sync.Mutex
	now time.Time
}

// ticketRules is a configuration of tickets alone.
func ticketRules(more string, rules ...string) string {
	return "upstreams:\n  - name: widgets\n    repository: " + widgets + "\n    sources:\n      tickets:\n        rules:\n          - " +
		strings.Join(rules, "\n          - ") + "\n" + more
}

const (
	urgentRule    = "{name: urgent, labels: [kind/regression, priority/critical-urgent]}"
	importantRule = "{name: important, labels: [Kind/Regression, priority/important-soon]}"
	designRule    = "{name: designs, repository: acme/enhancements, sigs: [node, storage], milestone: v1.2}"
)

func newTicketWorld(tb testing.TB, config string) *ticketWorld {
	tb.Helper()
	w := &ticketWorld{now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	w.testWorld = newWorld(tb)
	w.gh = ghtest.Start(tb, ghtest.Options{Now: w.clock, AnonymousLimit: 1000})
	steps := []sample.Step{{Message: "first", Time: w.now.Add(-1000 * time.Hour), Files: map[string][]byte{"README.md": []byte("widgets\n")}, Tags: []string{"v1.1.0"}}}
	for _, name := range []string{widgets, designs} {
		dir := filepath.Join(w.dir, filepath.Base(name)+".git")
		if err := sample.Repository(tb.Context(), dir, steps); err != nil {
			tb.Fatal(err)
		}
		w.gh.AddRepository(ghtest.Repository{Name: name, GitDir: dir})
	}
	w.gh.AddRepository(ghtest.Repository{Name: platform})
	w.gh.AddToken(ghtest.Token{Value: secret, Login: "bot", Access: map[string]ghtest.Access{platform: ghtest.Write}})
	w.wholeConfig(config)
	w.set("GITHUB_API_URL="+w.gh.URL(), "GITHUB_GRAPHQL_URL="+w.gh.URL()+"/graphql", "BOT_GITHUB_RAW_URL="+w.gh.URL()+"/raw")
	return w
}

func (w *ticketWorld) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *ticketWorld) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

const day24 = 24 * time.Hour

func (w *ticketWorld) run(args ...string) result {
	w.t.Helper()
	var out, errs bytes.Buffer
	before := w.gh.Count().API()
	code := execute(w.t.Context(), environment{args: args, stdout: &out, stderr: &errs, environ: w.env, now: w.clock})
	return result{code, out.String(), errs.String(), w.gh.Count().API() - before}
}

func (w *ticketWorld) ok(args ...string) result {
	w.t.Helper()
	r := w.run(args...)
	if r.code != 0 {
		w.t.Fatalf("bot %v: exit code %d\n%s%s", args, r.code, r.stdout, r.stderr)
	}
	return r
}

// tells fails unless a dry run tells just these.
func (w *ticketWorld) tells(what, want string) {
	w.t.Helper()
	r := w.run("run", "--dry-run", "--format", "json")
	if got := changesIn(w.t, r.stdout); got != want {
		w.t.Errorf("%s: it tells\n%s\nwant\n%s\n%s", what, got, want, r.stderr)
	}
}

// quiet fails unless a run costs one request and files nothing.
func (w *ticketWorld) quiet(what string) {
	w.t.Helper()
	before := len(w.gh.Issues(platform))
	if r := w.ok("run"); r.api != 1 || len(w.gh.Issues(platform)) != before {
		w.t.Errorf("%s: %d requests, %d digests\n%s", what, r.api, len(w.gh.Issues(platform))-before, w.newest())
	}
}

func (w *ticketWorld) newest() string {
	w.t.Helper()
	all := w.gh.Issues(platform)
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1].Body
}

// open opens an issue now.
func (w *ticketWorld) open(repository, title string, labels ...string) int {
	w.t.Helper()
	w.pass(time.Minute)
	return w.gh.AddIssue(repository, ghtest.Issue{Title: title, Author: "amy", Labels: labels}).Number
}

func (w *ticketWorld) change(n int, f func(*ghtest.Issue)) {
	w.t.Helper()
	w.pass(time.Minute)
	w.gh.UpdateIssue(widgets, n, f)
}

func (w *ticketWorld) close(n int, reason string) {
	w.t.Helper()
	w.change(n, func(i *ghtest.Issue) { i.State, i.Reason = "closed", reason })
}

func (w *ticketWorld) reopen(n int) {
	w.t.Helper()
	w.change(n, func(i *ghtest.Issue) { i.State, i.Reason = "open", "reopened" })
}

func (w *ticketWorld) comment(n, times int) {
	w.t.Helper()
	w.pass(time.Minute)
	for range times {
		w.gh.AddComment(widgets, n, ghtest.Comment{Author: "zed", Body: "me too"})
	}
}

func urgent(more ...string) []string {
	return append([]string{"kind/regression", "priority/critical-urgent"}, more...)
}

// TestWeekOfTickets plays a week: the first run tells nothing but that it watches, quiet days and days that are busy with
// what is not watched cost one request, and then all that happened is told.
func TestWeekOfTickets(t *testing.T) {
	t.Parallel()
	config := ticketRules("watch: {gates: [FastWidgets], sigs: [storage]}\n", urgentRule, importantRule, designRule)
	w := newTicketWorld(t, config)
	w.gh.AddMilestone(designs, ghtest.Milestone{Title: "v1.2"})
	old := w.open(widgets, "Widgets turn the wrong way", urgent("sig/node")...)
	busy := w.open(widgets, "Widgets are slow since v1.1", urgent()...)
	back := w.open(widgets, "Widgets forget their colour", urgent()...)
	later := w.open(widgets, "Widgets may be late", "kind/bug")
	plain := w.open(widgets, "Widgets are ugly", "kind/bug")
	w.pass(day24)
	first := w.ok("run")
	if n := len(w.gh.Issues(platform)); n > 0 {
		t.Errorf("%d digests for a baseline:\n%s", n, w.newest())
	}
	t.Logf("first run: %d requests", first.api)
	w.quiet("at once")
	w.close(back, "completed")
	w.tells("closed", fmt.Sprintf("acme/widgets#%d ticket.closed", back))
	w.ok("run")
	w.quiet("told once")

	w.pass(day24)
	w.comment(old, 5)
	w.comment(plain, 50)
	w.change(plain, func(i *ghtest.Issue) { i.Title = "Widgets are ugly and it is spam" })
	w.change(old, func(i *ghtest.Issue) { i.Labels = append(i.Labels, "triage/accepted"); i.Title += "!" })
	w.open(widgets, "Not watched", "kind/bug")
	w.gh.AddPullRequest(widgets, ghtest.PullRequest{Title: "Turn them back", Labels: urgent(), State: "open"})
	w.quiet("busy with what is not watched")

	w.pass(5 * day24)
	crash := w.open(widgets, "`widgetd` <b>crashes</b> for @amy and [you](http://evil.example), fixes #12 <!-- bot -->", urgent("sig/node", "emoji :tada: 🎉", "a,b")...)
	gone := w.open(widgets, "Widgets vanish", urgent()...)
	w.close(gone, "not_planned")
	w.comment(busy, 23)
	w.close(old, "completed")
	w.reopen(back)
	w.change(later, func(i *ghtest.Issue) { i.Labels = append(i.Labels, "kind/regression", "priority/important-soon") })
	gate := w.open(widgets, "FastWidgets breaks the old ones", "kind/regression", "priority/important-soon")
	w.pass(time.Minute)
	design := w.gh.AddIssue(designs, ghtest.Issue{Title: "Widgets in colour", Author: "zed", Labels: []string{"sig/node"}, Milestone: "v1.2"}).Number
	w.gh.AddIssue(designs, ghtest.Issue{Title: "Widgets in black", Author: "zed", Labels: []string{"sig/node"}})
	stored := w.gh.AddIssue(designs, ghtest.Issue{Title: "Widgets on disk", Author: "zed", Labels: []string{"SIG/Storage"}, Milestone: "v1.2"}).Number
	want := []string{
		fmt.Sprintf("acme/widgets#%d ticket.opened", crash), fmt.Sprintf("acme/widgets#%d ticket.opened+ticket.closed", gone),
		fmt.Sprintf("acme/widgets#%d ticket.active", busy), fmt.Sprintf("acme/widgets#%d ticket.closed", old), fmt.Sprintf("acme/widgets#%d ticket.reopened", back),
		fmt.Sprintf("acme/widgets#%d ticket.matched", later), fmt.Sprintf("acme/widgets#%d ticket.opened", gate),
		fmt.Sprintf("acme/enhancements#%d ticket.opened", design), fmt.Sprintf("acme/enhancements#%d ticket.opened", stored),
	}
	slices.Sort(want)
	w.tells("the week", strings.Join(want, "\n"))
	if r := w.ok("run", "--dry-run", "--format", "markdown"); r.api != 1 {
		t.Errorf("reading it costs %d requests", r.api)
	} else {
		golden.Check(t, "testdata/tickets-week.golden", []byte(settled(r.stdout)))
	}
	w.set("GITHUB_TOKEN=")
	w.tells("without a token", strings.Join(want, "\n"))
	if r := w.ok("run", "--dry-run"); r.api > 25 {
		t.Errorf("without a token: %d requests", r.api)
	}
	w.set("GITHUB_TOKEN=" + secret)
	w.ok("run")
	w.quiet("told once")
	w.tells("told once", "")

	// A label that is taken away closes nothing; and other rules find other issues, which is no news.
	w.change(crash, func(i *ghtest.Issue) { i.Labels = []string{"kind/regression"} })
	w.change(back, func(i *ghtest.Issue) { i.Labels = nil })
	w.tells("labels taken away", "")
	w.ok("run")
	w.quiet("labels taken away")
	w.wholeConfig(ticketRules("", urgentRule, "{name: bugs, labels: [kind/bug]}"))
	w.tells("other rules", "")
	if r := w.ok("run"); !strings.Contains(r.stdout+r.stderr+w.newest(), "atching starts anew") {
		t.Errorf("nothing says that other rules are a new beginning:\n%s\n%s\n%s", r.stdout, r.stderr, w.newest())
	}
	bug := w.open(widgets, "Widgets break", "kind/bug")
	w.tells("after other rules", fmt.Sprintf("acme/widgets#%d ticket.opened", bug))
}

var _ = json.Marshal
var _ = os.Getenv
var _ store.State
