package main

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/golden"
)

// TestFaultMatrix lets every call of the program meet every fault: once, and for ever until it is cleared.
// The calls are found by watching runs without faults, so that a new source is covered by itself.
//
// Whatever happens, a run ends with the exit code of its class, and the runs after it come to the very
// digests that undisturbed runs file: none lost, none twice, and then quiet for one request.
//
// The table in testdata is documentation: what a user sees of each trouble.
func TestFaultMatrix(t *testing.T) {
	// Thousands of short runs: collecting less often is a sixth of the time.
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	newMatrix(t).run(t, "testdata/fault-matrix.golden")
}

// run plays all cells, and holds the table to a file.
func (m *matrix) run(t *testing.T, file string) {
	t.Helper()
	var cells []*cell
	for _, s := range m.scenarios {
		cells = append(cells, m.cells(t, s)...)
	}
	thin := 1
	switch {
	case testing.Short() || raceDetector:
		thin = 29
	case m.scenarios[0].branch && !*everyPoint:
		thin = 5
	}
	t.Run("cells", func(t *testing.T) {
		for i, c := range cells {
			if i%thin != 0 {
				continue
			}
			t.Run(c.name(), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { m.play(t, c) })
			})
		}
	})
	if m.played < len(cells) {
		t.Logf("%d of %d cells", m.played, len(cells))
		return
	}
	for call := range m.seen {
		if !m.met[call] {
			t.Errorf("the program sends %q, and no fault ever met it: add a scenario whose undisturbed run sends it", call)
		}
	}
	table := m.table(cells)
	t.Logf("%d calls, %d cells, %d runs; the longest took %s by its clock (%s)\n%s", len(m.met), len(cells), m.runs, m.longest, m.slowest.name(), table)
	if !t.Failed() {
		golden.Check(t, file, []byte(table))
	}
}

// fault is one row of the table: a kind with its details.
type fault struct {
	name string
	ghtest.Fault
	// fits says which calls it can meet; nil: all.
	fits func(ghtest.Request) bool
	// passes is a trouble that is over when the call is made again within the run's patience.
	passes bool
	// harmless does not keep a run from its work at all.
	harmless bool
	// wellFormed is an answer as GitHub gives it.
	wellFormed bool
	// again is met by every call of every scenario; the others by each distinct call once.
	again bool
}

func isGraphQL(r ghtest.Request) bool { return r.Kind == ghtest.GraphQL }

func isWrite(r ghtest.Request) bool { return r.Kind == ghtest.REST && r.Method != http.MethodGet }

func faults() []fault {
	limits := func(name string, kind ghtest.FaultKind, status int) []fault {
		return []fault{
			// GitHub's rule for a secondary limit without Retry-After is a minute, which is within the
			// patience of a call; the hour of a primary one is not.
			{name: name, Fault: ghtest.Fault{Kind: kind, Status: status}, passes: kind == ghtest.SecondaryLimit, again: status == 403, wellFormed: true},
			{name: name + " retry-after", Fault: ghtest.Fault{Kind: kind, Status: status, RetryAfter: "7"}, passes: true, again: status == 429 && kind == ghtest.SecondaryLimit, wellFormed: true},
		}
	}
	list := []fault{
		{name: "500", Fault: ghtest.Fault{Kind: ghtest.ServerError, Status: 500}, passes: true, wellFormed: true},
		{name: "502", Fault: ghtest.Fault{Kind: ghtest.ServerError, Status: 502}, passes: true, wellFormed: true},
		{name: "503", Fault: ghtest.Fault{Kind: ghtest.ServerError, Status: 503}, passes: true, again: true, wellFormed: true},
		{name: "502 page", Fault: ghtest.Fault{Kind: ghtest.BadGateway}, passes: true},
	}
	list = append(list, limits("secondary 403", ghtest.SecondaryLimit, 403)...)
	list = append(list, limits("secondary 429", ghtest.SecondaryLimit, 429)...)
	list = append(list, limits("primary 403", ghtest.PrimaryLimit, 403)...)
	list = append(list, limits("primary 429", ghtest.PrimaryLimit, 429)...)
	contains := func(text string) func(ghtest.Request) bool {
		return func(r ghtest.Request) bool { return strings.Contains(r.Path+r.Document+r.Body, text) }
	}
	tree := func(recursive bool) func(ghtest.Request) bool {
		return func(r ghtest.Request) bool {
			return strings.Contains(r.Path, "/git/trees/") && strings.Contains(r.Query, "recursive") == recursive
		}
	}
	return append(list, []fault{
		{name: "graphql limit", Fault: ghtest.Fault{Kind: ghtest.GraphQLLimit}, fits: isGraphQL, again: true, wellFormed: true},
		{name: "graphql limit, soon over", Fault: ghtest.Fault{Kind: ghtest.GraphQLLimit, Reset: 20 * time.Second}, fits: isGraphQL, passes: true, wellFormed: true},
		{name: "graphql errors", Fault: ghtest.Fault{Kind: ghtest.GraphQLErrors}, fits: isGraphQL, passes: true, wellFormed: true},
		{name: "empty", Fault: ghtest.Fault{Kind: ghtest.Empty}, passes: true, again: true},
		{name: "html", Fault: ghtest.Fault{Kind: ghtest.HTML}, passes: true},
		{name: "truncated", Fault: ghtest.Fault{Kind: ghtest.Truncated}, passes: true, again: true},
		{name: "reset", Fault: ghtest.Fault{Kind: ghtest.Reset}, passes: true, again: true},
		{name: "hang", Fault: ghtest.Fault{Kind: ghtest.Hang}, passes: true, again: true},
		{name: "created but reset", Fault: ghtest.Fault{Kind: ghtest.CreatedButReset}, passes: true, again: true},
		{name: "created, reset, lists lag", Fault: ghtest.Fault{Kind: ghtest.CreatedButReset, Lists: 2}, fits: isWrite, passes: true, again: true},
		{name: "redirect", Fault: ghtest.Fault{Kind: ghtest.Redirect, Location: elsewhereURL}, again: true},
		{name: "low remaining", Fault: ghtest.Fault{Kind: ghtest.LowRemaining}, harmless: true, wellFormed: true},
		{name: "drop labels", Fault: ghtest.Fault{Kind: ghtest.DropLabels}, fits: contains(`"labels"`), wellFormed: true},
		{name: "lists lag", Fault: ghtest.Fault{Kind: ghtest.LagLists, Lists: 2}, fits: isWrite, harmless: true, again: true, wellFormed: true},
		{name: "blob truncated", Fault: ghtest.Fault{Kind: ghtest.BlobTruncated}, fits: contains("isTruncated"), harmless: true, wellFormed: true},
		{name: "archive cut", Fault: ghtest.Fault{Kind: ghtest.ArchiveCut}, fits: contains("/legacy.tar.gz/"), passes: true},
		{name: "releases fail", Fault: ghtest.Fault{Kind: ghtest.FieldError}, fits: contains("releases("), wellFormed: true},
		// What a cut tree lacks is read folder by folder; a folder that is cut itself can't be read.
		{name: "tree truncated", Fault: ghtest.Fault{Kind: ghtest.TreeTruncated}, fits: tree(true), passes: true, wellFormed: true},
		{name: "folder truncated", Fault: ghtest.Fault{Kind: ghtest.TreeTruncated}, fits: tree(false), wellFormed: true},
	}...)
}

// scenario is one kind of run.
type scenario struct {
	name   string
	args   []string
	git    string // the upstream
	env    []string
	opts   ghtest.Options
	before *past // what earlier runs left; nil: nothing
	lost   bool  // but the state is gone
	config string
	branch bool // the state is on a branch
	quiet  int  // what a quiet run costs where that is not 1
	// only the calls that no scenario before had.
	news bool
	// traces: it asks where changes come from.
	traces bool

	clean string // what undisturbed runs file, or print
}

// past is what an earlier run left.
type past struct {
	state    []byte
	platform string // the digest repository, where the state is on a branch of it
	issues   []ghtest.Issue
}

// cell is one call of a scenario and one fault.
type cell struct {
	s     *scenario
	call  string
	nth   int // the fault meets the nth such call of the run, from 1
	fault fault
	first ghtest.Request // the call, undisturbed
	ever  bool

	code int
}

func (c *cell) name() string {
	how := "once"
	if c.ever {
		how = "for ever"
	}
	return fmt.Sprintf("%s/%s/%s %s", c.s.name, c.column(), c.fault.name, how)
}

func (c *cell) column() string {
	if c.nth == 1 {
		return c.call
	}
	return fmt.Sprintf("%s #%d", c.call, c.nth)
}

type matrix struct {
	scenarios []*scenario
	platform  string                                    // a digest repository without any state
	check     func(http.RoundTripper) http.RoundTripper // of the contract test

	mu        sync.Mutex
	seen, met map[string]bool // calls that were sent, and those that met faults
	played    int             // cells
	runs      int
	longest   time.Duration // of the runs under faults
	slowest   *cell
}

func newMatrix(t *testing.T) *matrix {
	t.Helper()
	w := newWorld(t)
	w.commit("v1.35", few, "v1.35.0")
	w.commit("v1.36", few)
	base := w.git
	changed := filepath.Join(w.dir, "changed.git")
	copyTo(t, base, changed)
	w.git = changed
	w.commit("v1.36", func(rows []facts.Row) []facts.Row { return promoteVolume(few(rows)) })
	long := newWorld(t)
	long.commit("v1.35", few, "v1.35.0")
	many := func(rows []facts.Row) []facts.Row {
		rows = few(rows)
		for i := range 250 {
			name := fmt.Sprintf("InventedWidgetNumber%04d", i)
			rows = append(rows, facts.Row{Gate: name, Const: name, Component: "kubernetes", RegisteredIn: []string{"kubernetes"},
				Specs: []gate.Spec{{Since: "1.36", Stage: gate.Beta, Default: true}}})
		}
		return rows
	}
	long.commit("v1.36", many)
	untagged := newWorld(t)
	untagged.commit("v1.36", few)
	longGit, shorter := long.git, filepath.Join(long.dir, "shorter.git") // the next digest, which is short again
	copyTo(t, longGit, shorter)
	long.git = shorter
	long.commit("v1.36", func(rows []facts.Row) []facts.Row { return promoteVolume(many(rows)) })
	m := &matrix{seen: map[string]bool{}, met: map[string]bool{}}
	var after, rolled past
	leaves := func(p *past, git, config string) func(t *testing.T) {
		return func(t *testing.T) {
			t.Helper()
			synctest.Test(t, func(t *testing.T) {
				b := newBubble(t, git, ghtest.Options{})
				if config != "" {
					b.config(config)
				}
				if r := b.run("run"); r.code != exitDone {
					t.Fatalf("exit code %d\n%s", r.code, r.stderr)
				}
				var err error
				if p.state, err = os.ReadFile(b.state()); err != nil {
					t.Fatal(err)
				}
				p.issues = b.issues()
			})
		}
	}
	t.Run("fixture", leaves(&after, base, ""))
	t.Run("rolling fixture", leaves(&rolled, longGit, rollingConfig))
	crowded := past{state: after.state, issues: slices.Clone(after.issues)}
	for i := range 120 {
		crowded.issues[0].Comments = append(crowded.issues[0].Comments, ghtest.Comment{Author: "ada", Body: fmt.Sprintf("remark %d", i)})
	}
	anonymous := []string{"GITHUB_TOKEN="}
	m.scenarios = []*scenario{
		{name: "first run", args: []string{"run"}, git: base},
		{name: "changed run", args: []string{"run"}, git: changed, before: &after},
		{name: "lost store", args: []string{"run"}, git: changed, before: &after, lost: true},
		{name: "long digest", args: []string{"run"}, git: longGit, news: true},
		{name: "long files", args: []string{"run"}, git: base, opts: ghtest.Options{BlobTextLimit: 100}, news: true},
		{name: "lost store, much commented", args: []string{"run"}, git: changed, before: &crowded, lost: true, news: true},
		{name: "rolling issue", args: []string{"run"}, git: shorter, before: &rolled, config: rollingConfig, news: true},
		{name: "anonymous dry run", args: []string{"run", "--dry-run"}, git: base, env: anonymous},
		{name: "anonymous, cut trees", args: []string{"run", "--dry-run"}, git: base, env: append([]string{"BOT_GITHUB_RAW_URL="}, anonymous...), opts: ghtest.Options{TreeLimit: 20, AnonymousLimit: 600}, news: true},
		{name: "anonymous, no release", args: []string{"run", "--dry-run"}, git: untagged.git, env: anonymous, news: true},
	}
	return m
}

func copyTo(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

// enter makes a scenario's world.
func (m *matrix) enter(t *testing.T, s *scenario) *bubble {
	t.Helper()
	time.Sleep(24 * time.Hour) // the past was yesterday
	b := newBubble(t, s.git, s.opts)
	b.check = m.check
	b.env = append(b.env, s.env...)
	if s.branch {
		platform := m.platform
		if s.before != nil && !s.lost {
			platform = s.before.platform
		}
		b.onBranch(platform)
	}
	if !s.traces { // a digest whose tracing failed is another one, and right: see TestTracingFaults
		b.env = append(b.env, "BOT_TRACE_MAX_REQUESTS=0")
	}
	if s.config != "" {
		b.config(s.config)
	}
	if s.before == nil {
		return b
	}
	for _, i := range s.before.issues {
		b.gh.AddIssue("acme/platform", i)
	}
	if s.lost || s.branch {
		return b
	}
	if err := os.MkdirAll(filepath.Dir(b.state()), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(b.state(), s.before.state, 0o600); err != nil {
		t.Fatal(err)
	}
	return b
}

// result is what a scenario has come to: what is filed, or what a dry run prints.
func (s *scenario) result(b *bubble, r result) string {
	if slices.Contains(s.args, "--dry-run") {
		return stable(r.stdout)
	}
	return filed(b.issues())
}

// cells plays a scenario without faults, and makes a cell of each of its calls and each fault.
func (m *matrix) cells(t *testing.T, s *scenario) []*cell {
	t.Helper()
	var log []ghtest.Request
	t.Run(s.name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := m.enter(t, s)
			r := b.run(s.args...)
			if r.code != exitDone {
				t.Fatalf("undisturbed, it leaves with %d\n%s", r.code, r.stderr)
			}
			s.clean, log = s.result(b, r), b.gh.Requests()
		})
	})
	type occurrence struct {
		nth int
		r   ghtest.Request
	}
	calls := map[string][]occurrence{}
	var order []string
	for _, r := range log {
		name := callName(r)
		if calls[name] == nil {
			order = append(order, name)
		}
		calls[name] = append(calls[name], occurrence{len(calls[name]) + 1, r})
	}
	var out []*cell
	for _, name := range order {
		known := m.met[name]
		if known && s.news {
			continue
		}
		m.met[name] = true
		at := calls[name]
		if len(at) > 2 { // the first, and the last: in the middle of things
			at = []occurrence{at[0], at[len(at)-1]}
		}
		for _, o := range at {
			for _, f := range faults() {
				if (f.fits == nil || f.fits(o.r)) && (f.again || !known && o.nth == 1) {
					out = append(out, &cell{s: s, call: name, nth: o.nth, fault: f, first: o.r}, &cell{s: s, call: name, nth: o.nth, fault: f, first: o.r, ever: true})
				}
			}
		}
	}
	return out
}

// play is one cell.
func (m *matrix) play(t *testing.T, c *cell) {
	t.Helper()
	s := c.s
	b := m.enter(t, s)
	f := c.fault.Fault
	f.Skip, f.Times = c.nth-1, 1
	if c.ever {
		f.Times = -1
	}
	met := false
	f.Match = func(r ghtest.Request) bool {
		if callName(r) != c.call {
			return false
		}
		met = true
		return true
	}
	b.gh.AddFault(f)
	start := time.Now()
	r := b.run(s.args...)
	c.code = r.code
	took := time.Since(start)
	if !met {
		t.Fatal("the fault met nothing")
	}
	if took > 15*time.Minute {
		t.Errorf("it took %s: waits are not bounded", took)
	}
	c.judge(t, r, s.result(b, r))
	if b.via.token {
		t.Error("the redirect took the token to another host")
	}

	b.gh.ClearFaults()
	if s.branch {
		time.Sleep(time.Hour) // a run that could not give the lock back has left it behind
	}
	again := b.run(s.args...)
	if again.code != exitDone {
		t.Errorf("the fault is over, and the next run leaves with %d\n%s", again.code, again.stderr)
	}
	if got := s.result(b, again); got != s.clean {
		t.Errorf("the runs do not come to what undisturbed ones file.\nFirst run: %d\n%s\nNext run:\n%s\n(-want +got)\n%s", r.code, r.stderr, again.stderr, cmp.Diff(s.clean, got))
	}
	runs := 2
	if !slices.Contains(s.args, "--dry-run") {
		quiet := b.run(s.args...)
		if quiet.code != exitDone || quiet.api != max(1, s.quiet) {
			t.Errorf("then a quiet run costs %d requests and leaves with %d\n%s", quiet.api, quiet.code, quiet.stderr)
		}
		if got := filed(b.issues()); got != s.clean {
			t.Errorf("the quiet run changes what is filed:\n%s", got)
		}
		runs = 3
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.played++
	if took > m.longest {
		m.longest, m.slowest = took, c
	}
	m.runs += runs
	for _, r := range b.gh.Requests() {
		m.seen[callName(r)] = true
	}
}

// judge says whether the run under the fault, which has come to got, ended as it should.
func (c *cell) judge(t *testing.T, r result, got string) {
	t.Helper()
	class := exitSource
	if concernsTarget(c.first) {
		class = exitDelivery
	}
	if c.s.branch && concernsState(c.first) && c.fault.Kind != ghtest.FieldError { // those are upstream's releases
		class = exitState
	}
	write := isWrite(c.first)
	unprocessed := !slices.Contains([]ghtest.FaultKind{ghtest.CreatedButReset, ghtest.Truncated, ghtest.SecondaryLimit, ghtest.PrimaryLimit}, c.fault.Kind)
	isLabel := strings.HasSuffix(c.first.Path, "/labels") // worth a try, no more
	sure := c.fault.harmless || !c.ever && c.fault.passes && (!write || !unprocessed)
	switch {
	case r.code != exitDone && r.code != class:
		t.Errorf("exit code %d, want 0 or %d\n%s", r.code, class, r.stderr)
	case sure && r.code != exitDone:
		t.Errorf("exit code %d, want 0: the trouble was over in time, or is none\n%s", r.code, r.stderr)
	case r.code == exitDone && got != c.s.clean:
		t.Errorf("exit code 0, and the work is not done (-want +got)\n%s%s", r.stderr, cmp.Diff(c.s.clean, got))
	case r.code == exitDone && c.ever && write && unprocessed && !isLabel && !c.fault.harmless:
		t.Errorf("exit code 0 for a write that never went through\n%s", r.stderr)
	}
	if strings.Contains(r.stderr, "goroutine ") || strings.Contains(r.stderr, "panic") {
		t.Errorf("a stack trace:\n%s", r.stderr)
	}
	if r.code == exitDone {
		return
	}
	// Without a network every source fails for the same reason, which is told once, with the host.
	about := map[int]string{exitSource: "kubernetes: ", exitDelivery: "digest/github-issue: "}[class]
	if class == exitState {
		if !strings.Contains(r.stderr, "branch "+stateBranch) {
			t.Errorf("exit code %d, and the message does not speak of the state:\n%s", r.code, r.stderr)
		}
		return
	}
	if class == exitDelivery && c.s.config != "" {
		about = "weekly/rolling-issue: "
	}
	if !strings.Contains(r.stderr, "bot: "+about) && (class != exitSource || !strings.Contains(r.stderr, "bot: cannot reach 127.0.0.1:1")) {
		t.Errorf("exit code %d, and the message does not speak of %s:\n%s", r.code, about, r.stderr)
	}
}

// table is a row for each fault and a column for each call, scenario by scenario.
func (m *matrix) table(cells []*cell) string {
	var b strings.Builder
	fmt.Fprintln(&b, "# Exit codes under faults, made by TestFaultMatrix: once / for ever. 0 done, 3 a source failed, 4 a delivery")
	fmt.Fprintln(&b, "# failed; · cannot happen there. In each cell the next run without the fault completes the work.")
	if m.scenarios[0].branch {
		fmt.Fprintln(&b, "# 6: the state, which is on a branch, can't be had or written now.")
	}
	for _, s := range m.scenarios {
		var columns []string
		codes := map[string]map[string][2]string{}
		for _, c := range cells {
			if c.s != s {
				continue
			}
			col := c.column()
			if codes[col] == nil {
				columns = append(columns, col)
				codes[col] = map[string][2]string{}
			}
			pair := codes[col][c.fault.name]
			if c.ever {
				pair[1] = fmt.Sprint(c.code)
			} else {
				pair[0] = fmt.Sprint(c.code)
			}
			codes[col][c.fault.name] = pair
		}
		fmt.Fprintf(&b, "\n%s: bot %s\n", s.name, strings.Join(s.args, " "))
		for i, col := range columns {
			fmt.Fprintf(&b, "  %c  %s\n", 'a'+i, col)
		}
		head := fmt.Sprintf("  %-26s", "")
		for i := range columns {
			head += fmt.Sprintf(" %-3c", 'a'+i)
		}
		fmt.Fprintln(&b, strings.TrimRight(head, " "))
		for _, f := range faults() {
			row := fmt.Sprintf("  %-26s", f.name)
			some := false
			for _, col := range columns {
				pair := codes[col][f.name]
				some = some || pair[0] != ""
				code := pair[0] + "/" + pair[1]
				if code == "/" {
					code = "·"
				}
				row += fmt.Sprintf(" %-3s", code)
			}
			if some {
				fmt.Fprintln(&b, strings.TrimRight(row, " "))
			}
		}
	}
	return b.String()
}

// TestMatrixKnowsEveryFault: a kind that the stand-in learns is a row of the matrix.
func TestMatrixKnowsEveryFault(t *testing.T) {
	have := map[ghtest.FaultKind]bool{}
	for _, f := range faults() {
		have[f.Kind] = true
	}
	for _, k := range ghtest.FaultKinds() {
		if !have[k] {
			t.Errorf("no row for %s; there are %v", k, slices.Sorted(maps.Keys(have)))
		}
	}
}
