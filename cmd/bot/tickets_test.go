package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/golden"
	"github.com/upstream-digest/bot/internal/sample"
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
	// skew is how much later the program's clock is than GitHub's.
	skew time.Duration
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
	count := w.gh.Count().API()
	code := execute(w.t.Context(), environment{args: args, stdout: &out, stderr: &errs, environ: w.env, now: func() time.Time { return w.clock().Add(w.skew) }})
	return result{code, out.String(), errs.String(), w.gh.Count().API() - count}
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
	asked := 0
	for _, r := range w.gh.Requests() {
		asked += strings.Count(r.Document, "query Heads") * strings.Count(r.Document, "hasIssuesEnabled")
	}
	if asked != 3 {
		t.Errorf("issues were asked for %d times, want once for each of 3 queries: nobody knows what they were at the release", asked)
	}
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

// TestManyTickets: what is more than a reading takes is told as a count, and the next run goes on with it. None is lost.
func TestManyTickets(t *testing.T) {
	whole(t)
	t.Parallel()
	for _, tt := range []struct{ name, token, count string }{{"token", secret, "57 more were updated"}, {"anonymous", "", "more were updated"}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newTicketWorld(t, ticketRules("digests: [{name: d, channels: [{type: stdout}]}]\n", urgentRule))
			w.set("GITHUB_TOKEN=" + tt.token)
			w.ok("run")
			var want []string
			for i := range 457 {
				w.pass(time.Second) // many in one second, and pull requests between them
				if i%2 == 0 {
					w.pass(-time.Second)
				}
				n := w.gh.AddIssue(widgets, ghtest.Issue{Title: fmt.Sprintf("Widget %d breaks", i), Author: "amy", Labels: urgent()}).Number
				want = append(want, fmt.Sprintf("acme/widgets#%d ticket.opened", n))
				if i%100 == 7 {
					w.gh.AddPullRequest(widgets, ghtest.PullRequest{Title: "Mend them", Labels: urgent(), State: "open", Created: w.clock()})
				}
			}
			w.pass(time.Hour)
			var got []string
			runs := 0
			for len(got) < len(want) && runs < 4 {
				r := w.ok("run", "--dry-run", "--format", "json")
				if tt.token != "" && r.api > 4 {
					t.Errorf("%d requests, at most 4", r.api)
				}
				if c := changesIn(t, r.stdout); c != "" {
					got = append(got, strings.Split(c, "\n")...)
				}
				text := w.ok("run").stdout
				if runs++; runs == 1 && !strings.Contains(text, tt.count) {
					t.Errorf("the rest is not told:\n%s", text[max(0, len(text)-900):])
				}
			}
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("%d issues are told in %d runs, want %d, each once", len(got), runs, len(want))
			}
			w.ok("run")
			if r := w.ok("run"); tt.token != "" && r.api != 1 {
				t.Errorf("quiet again, for %d requests", r.api)
			}
			w.tells("all told", "")
		})
	}
}

// TestTicketsWhilePagesAreRead: an issue that is updated between two pages moves to the end, and is read there.
func TestTicketsWhilePagesAreRead(t *testing.T) {
	t.Parallel()
	for _, token := range []string{secret, ""} {
		w := newTicketWorld(t, ticketRules("digests: [{name: d, channels: [{type: stdout}]}]\n", urgentRule))
		w.set("GITHUB_TOKEN=" + token)
		w.ok("run")
		var want []string
		for i := range 150 {
			w.pass(time.Second)
			n := w.gh.AddIssue(widgets, ghtest.Issue{Title: fmt.Sprintf("Widget %d breaks", i), Author: "amy", Labels: urgent()}).Number
			want = append(want, fmt.Sprintf("acme/widgets#%d ticket.opened", n))
		}
		w.pass(time.Hour)
		pages := 0
		w.gh.OnRequest(func(r ghtest.Request) { // before each page but the first
			if !strings.Contains(r.Document, "query Tickets(") && !strings.HasSuffix(r.Path, "/acme/widgets/issues") {
				return
			}
			if pages++; pages > 1 || token != "" {
				w.gh.UpdateIssue(widgets, 3, func(i *ghtest.Issue) { i.Title += "!" })
				w.gh.UpdateIssue(widgets, 99, func(i *ghtest.Issue) { i.Labels = []string{"kind/bug"} })
			}
		})
		r := w.ok("run", "--dry-run", "--format", "json")
		slices.Sort(want)
		got := strings.Split(changesIn(t, r.stdout), "\n")
		want = slices.DeleteFunc(want, func(s string) bool { return strings.HasPrefix(s, "acme/widgets#99 ") && !slices.Contains(got, s) })
		if !slices.Equal(got, want) {
			t.Errorf("token %q: %d are told, want %d", token, len(got), len(want))
		}
	}
}

// TestFaultsOfTickets: whatever happens to a page, issues that can't be read are not closed, the others are told, and all
// that was missed is told by the next good run.
func TestFaultsOfTickets(t *testing.T) {
	whole(t)
	t.Parallel()
	pages := ghtest.Fault{Contains: "query Tickets(", Times: -1}
	listing := ghtest.Fault{Path: "/repos/acme/widgets/issues", Times: -1}
	for _, tt := range []struct {
		name  string
		fault ghtest.Fault
		token string
		says  string
	}{
		{"500", ghtest.Fault{Kind: ghtest.ServerError}, secret, "500"},
		{"HTML", ghtest.Fault{Kind: ghtest.HTML}, secret, "not JSON"},
		{"truncated", ghtest.Fault{Kind: ghtest.Truncated}, secret, ""},
		{"slow", ghtest.Fault{Kind: ghtest.Hang}, secret, ""},
		{"empty", ghtest.Fault{Kind: ghtest.Empty}, secret, "empty"},
		{"internal error", ghtest.Fault{Kind: ghtest.FieldError, Field: "issues"}, secret, "read the issues of acme/widgets"},
		{"500, anonymous", ghtest.Fault{Kind: ghtest.ServerError}, "", "500"},
		{"HTML, anonymous", ghtest.Fault{Kind: ghtest.HTML}, "", ""},
		{"empty, anonymous", ghtest.Fault{Kind: ghtest.Empty}, "", "empty"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			config := ticketRules("github: {request_timeout: 1s}\ndigests: [{name: d, channels: [{type: stdout}]}]\n", urgentRule, designRule)
			w := newTicketWorld(t, config)
			w.gh.AddMilestone(designs, ghtest.Milestone{Title: "v1.2"})
			w.set("GITHUB_TOKEN=" + tt.token)
			known := w.open(widgets, "Widgets turn", urgent()...)
			w.pass(time.Hour)
			w.ok("run")
			w.pass(time.Hour)
			w.close(known, "completed")
			var want []string
			for i := range 130 { // more than comes with the heads
				w.pass(time.Second)
				n := w.gh.AddIssue(widgets, ghtest.Issue{Title: fmt.Sprintf("Widget %d breaks", i), Author: "amy", Labels: urgent()}).Number
				want = append(want, fmt.Sprintf("acme/widgets#%d ticket.opened", n))
			}
			w.pass(time.Second)
			design := w.gh.AddIssue(designs, ghtest.Issue{Title: "Widgets in colour", Author: "zed", Labels: []string{"sig/node"}, Milestone: "v1.2"}).Number
			want = append(want, fmt.Sprintf("acme/widgets#%d ticket.closed", known))
			other := fmt.Sprintf("acme/enhancements#%d ticket.opened", design)
			slices.Sort(want)
			f := tt.fault
			f.Times, f.Contains, f.Path = -1, pages.Contains, ""
			if tt.token == "" {
				f.Contains, f.Path = "", listing.Path
			}
			if f.Kind == ghtest.FieldError {
				f.Contains, f.Match = "", func(r ghtest.Request) bool { return strings.Contains(r.Document, "query Heads(") }
				w.wholeConfig(strings.Replace(config, designRule, "{name: designs, repository: acme/nothing, labels: [x]}", 1))
				w.wholeConfig(config)
			}
			w.gh.AddFault(f)
			if f.Kind != ghtest.FieldError { // which meets all issues of the document
				w.tells("broken", other)
			}
			for range 2 {
				r := w.run("run")
				if r.code != exitSource || !strings.Contains(r.stderr, "widgets: tickets could not be read") || !strings.Contains(r.stderr, tt.says) {
					t.Fatalf("exit code %d, want %d and %q:\n%s", r.code, exitSource, tt.says, r.stderr)
				}
			}
			w.gh.ClearFaults()
			w.pass(time.Hour)
			if f.Kind == ghtest.FieldError {
				want = append(want, other)
				slices.Sort(want)
			}
			w.tells("mended", strings.Join(want, "\n"))
			w.ok("run")
			w.tells("told once", "")
		})
	}
}

// TestTicketsElsewhere: what can't have issues is named, and never read as closed issues.
func TestTicketsElsewhere(t *testing.T) {
	t.Parallel()
	w := newTicketWorld(t, ticketRules("", urgentRule))
	n := w.open(widgets, "Widgets turn", urgent()...)
	w.ok("run")

	mirror := ticketRules("mirrors: [{repository: acme/widgets, path: "+filepath.Join(w.dir, "widgets.git")+"}]\n", urgentRule)
	w.wholeConfig(mirror)
	if r := w.ok("run"); !strings.Contains(r.stderr, "tickets is left out: a mirror has no issues") {
		t.Errorf("a mirror: %s", r.stderr)
	}
	w.wholeConfig(ticketRules("", urgentRule))
	w.quiet("back from the mirror")

	w.gh.SetIssuesDisabled(widgets, true)
	for _, token := range []string{secret, ""} {
		w.set("GITHUB_TOKEN=" + token)
		if r := w.run("run", "--dry-run"); r.code != exitSource || !strings.Contains(r.stderr, "has its issues switched off") {
			t.Errorf("issues are off: exit code %d\n%s", r.code, r.stderr)
		}
	}
	w.set("GITHUB_TOKEN=" + secret)
	w.gh.SetIssuesDisabled(widgets, false)
	w.tells("on again", "")

	w.gh.DeleteIssue(widgets, n)
	w.pass(time.Hour)
	w.tells("deleted", "")
	w.quiet("deleted")
	again := w.open(widgets, "Widgets turn", urgent()...)
	w.tells("opened anew", fmt.Sprintf("acme/widgets#%d ticket.opened", again))
}

// TestDoctorLooksAtRepositoriesOfRules names the key that is wrong.
func TestDoctorLooksAtRepositoriesOfRules(t *testing.T) {
	t.Parallel()
	w := newTicketWorld(t, ticketRules("", urgentRule, designRule))
	if r := w.run("doctor"); r.code != 0 || !strings.Contains(r.stdout, "acme/enhancements at") {
		t.Errorf("exit code %d\n%s", r.code, r.stdout)
	}
	w.wholeConfig(ticketRules("", urgentRule, "{name: gone, repository: acme/nope, labels: [x]}"))
	if r := w.run("doctor", "--format", "json"); r.code != exitSource || !strings.Contains(r.stdout, "correct upstreams[0].sources.tickets.rules") {
		t.Errorf("exit code %d, want %d\n%s", r.code, exitSource, r.stdout)
	}
}

// TestTicketsToldSeldom: a weekly digest tells all that happened in its week, however often somebody else looked, and
// what was closed and opened again within it is no news.
func TestTicketsToldSeldom(t *testing.T) {
	t.Parallel()
	for _, looks := range []int{1, 7, 42} {
		w := newTicketWorld(t, "")
		path := filepath.Join(w.dir, "weekly.json")
		w.wholeConfig(ticketRules("digests:\n  - {name: often, channels: [{type: stdout}]}\n  - {name: weekly, schedule: \"0 7 * * 1\", channels: [{type: file, path: "+path+"}]}\n", urgentRule))
		busy, back, done := w.open(widgets, "Busy", urgent()...), w.open(widgets, "Back", urgent()...), w.open(widgets, "Done", urgent()...)
		w.pass(time.Hour)
		w.ok("run")
		opened := 0
		for i := range 42 {
			w.pass(4*time.Hour - 5*time.Minute)
			switch i {
			case 3:
				w.close(back, "completed")
			case 9:
				w.reopen(back)
			case 11:
				opened = w.open(widgets, "Opened", urgent()...)
			case 20:
				w.close(done, "completed")
			}
			w.comment(busy, 1)
			w.pass(5*time.Minute - w.clock().Sub(w.clock().Truncate(5*time.Minute)))
			if looks > 1 && (i+1)%(42/looks) == 0 {
				w.ok("run", "--digest", "often")
			}
		}
		r := w.ok("run", "--dry-run", "--digest", "weekly", "--format", "json")
		want := []string{fmt.Sprintf("acme/widgets#%d ticket.opened", opened), fmt.Sprintf("acme/widgets#%d ticket.closed", done), fmt.Sprintf("acme/widgets#%d ticket.active", busy)}
		slices.Sort(want)
		if got := changesIn(t, r.stdout); got != strings.Join(want, "\n") {
			t.Errorf("%d looks: it tells\n%s\nwant\n%s", looks, got, strings.Join(want, "\n"))
		}
	}
}

// TestTicketsOfThePreset: with all other sources the issues cost nothing more, and the first digest says how many are
// watched.
func TestTicketsOfThePreset(t *testing.T) {
	t.Parallel()
	w := at(t, "2026-01-28", 0)
	w.threeSources("upstreams:\n  - preset: kubernetes\n    sources: {tickets: {enabled: true}}\n")
	add := func(title string, labels ...string) {
		w.gh.AddIssue(kubernetes, ghtest.Issue{Title: title, Author: "amy", Labels: labels})
	}
	add("Widgets turn", "kind/regression", "priority/critical-urgent")
	add("Widgets turn slowly", "kind/regression", "priority/important-soon")
	add("Widgets may turn", "kind/regression", "priority/backlog")
	first := w.ok("run")
	if !strings.Contains(w.newest(), "now watching 2 tickets.") {
		t.Errorf("the first digest does not say what is watched:\n%s", w.newest())
	}
	t.Logf("first run: %d requests", first.api)
	if r := w.ok("run"); r.api != 1 {
		t.Errorf("quiet: %d requests\n%s", r.api, w.calls(r.api))
	}
	add("Widgets stopped", "kind/regression", "priority/critical-urgent")
	add("Widgets stopped in a test", "kind/flake")
	if r := w.ok("run"); r.api > 3 || !strings.Contains(w.newest(), "Tickets: urgent-regressions (1)") {
		t.Errorf("%d requests\n%s\n%s", r.api, w.calls(r.api), w.newest())
	}
}

// TestTicketsWithAWrongClock: only GitHub's clock counts.
func TestTicketsWithAWrongClock(t *testing.T) {
	t.Parallel()
	for _, skew := range []time.Duration{-72 * time.Hour, 72 * time.Hour} {
		w := newTicketWorld(t, ticketRules("digests: [{name: d, channels: [{type: stdout}]}]\n", urgentRule))
		w.skew = skew
		before := w.open(widgets, "Widgets turned", urgent()...)
		w.close(before, "completed")
		w.pass(time.Hour)
		w.ok("run")
		w.pass(time.Hour)
		n := w.open(widgets, "Widgets turn", urgent()...)
		w.tells(fmt.Sprintf("the clock is wrong by %s", skew), fmt.Sprintf("acme/widgets#%d ticket.opened", n))
		w.ok("run")
		w.tells("told once", "")
	}
}

// TestTicketsReplayed: a recorded run with pages of issues is the same run again, without the network.
func TestTicketsReplayed(t *testing.T) {
	t.Parallel()
	w := newTicketWorld(t, ticketRules("", urgentRule, designRule))
	w.ok("run")
	for i := range 130 {
		w.pass(time.Second)
		w.gh.AddIssue(widgets, ghtest.Issue{Title: fmt.Sprintf("Widget %d breaks", i), Author: "amy", Labels: urgent()})
	}
	folder := filepath.Join(w.dir, "recording")
	w.ok("run", "--dry-run", "--record", folder)
	if r := w.run("run", "--replay", folder); r.code != 0 || r.api != 0 {
		t.Errorf("exit code %d, %d requests\n%s%s", r.code, r.api, r.stdout, r.stderr)
	}
}

// TestTicketsOffAndOn: who was told before they were switched off is told what was closed meanwhile; who was told since,
// nothing.
func TestTicketsOffAndOn(t *testing.T) {
	t.Parallel()
	two := "digests:\n  - {name: weekly, channels: [{type: github-issue}]}\n  - {name: other, channels: [{type: github-issue}]}\n"
	w := newTicketWorld(t, ticketRules(two, urgentRule))
	n := w.open(widgets, "Broken", urgent()...)
	w.ok("run")
	w.pass(day24)
	w.wholeConfig(strings.Replace(ticketRules(two, urgentRule), "tickets:", "paths: {enabled: true, paths: [README.md]}\n      tickets:\n        enabled: false", 1))
	w.ok("run", "--digest", "other")
	w.pass(day24)
	w.close(n, "completed")
	w.pass(day24)
	w.wholeConfig(ticketRules(two, urgentRule))
	for _, x := range [][2]string{{"weekly", "acme/widgets#1 ticket.closed"}, {"other", ""}} {
		if got := changesIn(t, w.run("run", "--dry-run", "--digest", x[0], "--format", "json").stdout); got != x[1] {
			t.Errorf("%s is told\n%s", x[0], got)
		}
	}
	w.ok("run", "--digest", "other")
	w.ok("run")
	w.quiet("told")
}

// TestCommentCostsOneReading: a state on a branch is read for a comment once, and not in each run from then on.
func TestCommentCostsOneReading(t *testing.T) {
	t.Parallel()
	w := newTicketWorld(t, ticketRules("", urgentRule))
	n := w.open(widgets, "Broken", urgent()...)
	w.onBranch()
	w.ok("run")
	w.pass(time.Hour)
	w.comment(n, 1)
	w.pass(time.Hour)
	w.ok("run")
	w.pass(time.Hour)
	w.quiet("after a comment")
}
