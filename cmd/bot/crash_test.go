//go:build linux

package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/ghtest"
)

// crashScenarios are the situations in which the program is killed at every point. prepare leaves a world
// whose next run is the victim.
var crashScenarios = []struct {
	name    string
	world   func(tb testing.TB, dress func(*testWorld) *testWorld) *testWorld // nil: released
	prepare func(w *testWorld)
	issues  int // after all is told
	files   int
	traces  bool // asks where changes come from
	refused bool // no issue can be filed in the victim's time
	more    int  // issues that there may be beyond: what was not merged by then is told apart
}{
	{name: "a first run", prepare: func(*testWorld) {}, issues: 1},
	{name: "a changed run", traces: true, prepare: func(w *testWorld) {
		w.ok("run")
		w.commit("v1.36", promoteVolume)
	}, issues: 2},
	{name: "a changed run of all sources", world: func(tb testing.TB, dress func(*testWorld) *testWorld) *testWorld {
		tb.Helper()
		w := at(tb, "2026-01-28", 0)
		dress(w.testWorld)
		w.ok("run")
		w.advance("2026-02-10")
		return w.testWorld
	}, prepare: func(*testWorld) {}, issues: 2},
	{name: "a digest of several parts", prepare: func(w *testWorld) {
		w.commit("v1.36", invented(800))
	}, issues: 1},
	{name: "a delivery is pending", prepare: func(w *testWorld) {
		w.gh.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Status: 403, Method: "POST", Path: "/repos/*/*/issues"})
		w.code(exitDelivery, "run")
		w.commit("v1.36", promoteVolume)
	}, issues: 2},
	{name: "comments are pending", prepare: func(w *testWorld) {
		w.commit("v1.36", invented(800))
		w.gh.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Status: 403, Method: "POST", Path: "/repos/*/*/issues/*/comments"})
		w.code(exitDelivery, "run")
		w.commit("v1.36", both(invented(800), promoteVolume))
	}, issues: 2},
	{name: "a delivery is unknown, and there", prepare: func(w *testWorld) {
		w.die(point{executed, firstIssue})
		w.commit("v1.36", promoteVolume)
	}, issues: 2},
	{name: "a delivery is unknown, and not there", prepare: func(w *testWorld) {
		w.gh.AddFault(ghtest.Fault{Kind: ghtest.Reset, Method: "POST", Path: "/repos/*/*/issues"})
		w.code(exitDelivery, "run")
		w.commit("v1.36", promoteVolume)
	}, issues: 2},
	{name: "a delivery is superseded", prepare: func(w *testWorld) {
		w.ok("run")
		w.commit("v1.36", promoteVolume)
		w.gh.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Status: 403, Method: "POST", Path: "/repos/*/*/issues"})
		w.code(exitDelivery, "run")
		w.commit("v1.36", both(promoteVolume, promoteAdmin))
	}, issues: 2, refused: true, more: 1},
	{name: "one behind pending comments, likewise", prepare: func(w *testWorld) {
		w.commit("v1.36", invented(800))
		w.gh.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Status: 403, Method: "POST", Path: "/repos/*/*/issues/*/comments", Times: 2})
		w.code(exitDelivery, "run")
		w.commit("v1.36", both(invented(800), promoteVolume))
		w.code(exitDelivery, "run")
		w.commit("v1.36", both(invented(800), both(promoteVolume, promoteAdmin)))
	}, issues: 2, refused: true, more: 1},
	{name: "a rolling issue is opened", prepare: func(w *testWorld) { w.config(rollingConfig) }, issues: 1},
	{name: "a rolling issue is edited", prepare: func(w *testWorld) {
		w.config(rollingConfig)
		w.ok("run")
		w.commit("v1.36", promoteVolume)
		w.ok("run")
		w.commit("v1.36", both(promoteVolume, removeAdmin, one("Second")))
	}, issues: 1},
	{name: "a rolling issue grows", prepare: func(w *testWorld) {
		w.config(rollingConfig)
		w.ok("run")
		w.commit("v1.36", both(invented(800), promoteVolume))
	}, issues: 1},
	{name: "a rolling issue shrinks", prepare: func(w *testWorld) {
		w.config(rollingConfig)
		w.commit("v1.36", invented(800))
		w.ok("run")
		w.commit("v1.36", both(invented(800), promoteVolume))
	}, issues: 1},
	{name: "the issue before is closed", prepare: func(w *testWorld) {
		w.config(closingConfig)
		w.ok("run")
		w.commit("v1.36", promoteVolume)
	}, issues: 2},
	{name: "issue and file", prepare: func(w *testWorld) {
		w.config(strings.ReplaceAll(`
target:
  repository: acme/platform
digests:
  - name: weekly
    channels: [{type: github-issue}, {type: file, path: "DIR/out/{definition}-{seq}.md"}]
  - name: alerts
    severities: [act]
    channels: [{type: file, path: "DIR/out/{definition}-{seq}.md"}]
`, "DIR", w.dir))
	}, issues: 1, files: 2},
}

// invented adds n gates, so that a digest needs several parts.
func invented(n int) func([]facts.Row) []facts.Row {
	return func(rows []facts.Row) []facts.Row {
		for i := range n {
			name := fmt.Sprintf("InventedWidgetNumber%04d", i)
			rows = append(rows, facts.Row{
				Gate: name, Const: name, Component: "kubernetes", RegisteredIn: []string{"kubernetes"},
				Specs: []gate.Spec{{Since: "1.36", Stage: gate.Beta, Default: true}},
			})
		}
		return rows
	}
}

// TestKilledAnywhere is the crash table: the program is killed at every request it sends and at every write
// to its store, in every situation, and then run again as a user would.
func TestKilledAnywhere(t *testing.T) {
	t.Parallel()
	killedAnywhere(t, func(w *testWorld) *testWorld { return w }, 5, 3)
}

// killedAnywhere makes the table for worlds that are dressed in some way; a short test takes one point in thin.
func killedAnywhere(t *testing.T, dress func(*testWorld) *testWorld, thin, every int) {
	t.Helper()
	type row struct{ points, runs, most, duplicates, lost int }
	rows := make([]row, len(crashScenarios))
	var mu sync.Mutex
	t.Run("points", func(t *testing.T) {
		for i, s := range crashScenarios {
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				world := s.world
				if world == nil {
					world = releasedIn
				}
				prepared := world(t, dress).set("BOT_GITHUB_SETTLE_TIMEOUT=40ms")
				if !s.traces { // its requests are reads like others: one row has them
					prepared.set("BOT_TRACE_MAX_REQUESTS=0")
				}
				s.prepare(prepared)
				// Unharmed: what is to be told, and how many points there are.
				victim := func(tb testing.TB) *testWorld {
					tb.Helper()
					w := prepared.twin(tb)
					if s.refused {
						w.gh.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Status: 403, Method: "POST", Path: "/repos/**", Times: -1})
						w.ends = exitDelivery
					}
					return w
				}
				twin := victim(t)
				requests, done, writes := twin.countPoints()
				if s.refused {
					twin.gh.ClearFaults()
					twin.ok("run")
				}
				want := twin.told()
				twin.wantWhole(s.issues, s.files)
				points := allPoints(requests, writes)
				switch {
				case raceDetector:
					points = thinned(points, 2*thin+1, i)
				case testing.Short():
					points = thinned(points, thin, i)
				case !*everyPoint:
					points = thinned(points, every, i)
				}
				for _, p := range points {
					t.Run(p.String(), func(t *testing.T) {
						t.Parallel()
						w := victim(t)
						beyond := p.n > map[pointKind]int{lost: requests, executed: done, before: writes, after: writes}[p.kind]
						if killed := w.die(p); killed == beyond {
							t.Fatalf("killed: %v, though there are %d requests and %d writes", killed, requests, writes)
						}
						w.gh.ClearFaults()
						runs := 1
						for r := w.run("run"); r.code != exitDone; r = w.run("run") {
							if runs++; runs > 3 {
								t.Fatalf("it does not come to rest: exit code %d\n%s", r.code, r.stderr)
							}
						}
						duplicates, lost := compareTold(want, w.told())
						if len(duplicates)+len(lost) > 0 {
							t.Errorf("told twice: %v\nlost: %v", duplicates, lost)
						}
						issues := s.issues
						if n := len(w.issues()); n > issues && n <= issues+s.more {
							issues = n
						}
						w.wantWhole(issues, s.files)
						if r := w.ok("run"); r.api != 1 {
							t.Errorf("a quiet run afterwards cost %d requests", r.api)
						}
						w.wantWhole(issues, s.files)
						w.wantOneOpen(strings.HasPrefix(s.name, "the issue before"))
						mu.Lock()
						defer mu.Unlock()
						r := &rows[i]
						if !beyond {
							r.points++
						}
						r.runs += runs
						r.most = max(r.most, runs)
						r.duplicates += len(duplicates)
						r.lost += len(lost)
					})
				}
			})
		}
	})
	var b strings.Builder
	total := row{}
	line := func(name string, r row) {
		fmt.Fprintf(&b, "%-38s %6d %10d %12d %11d %5d\n", name, r.points, r.runs, r.most, r.duplicates, r.lost)
	}
	fmt.Fprintf(&b, "\n%-38s %6s %10s %12s %11s %5s\n", "killed in", "points", "runs after", "most a point", "duplicates", "lost")
	for i, s := range crashScenarios {
		line(s.name, rows[i])
		total.points += rows[i].points
		total.runs += rows[i].runs
		total.most = max(total.most, rows[i].most)
		total.duplicates += rows[i].duplicates
		total.lost += rows[i].lost
	}
	line("together", total)
	t.Log(b.String())
}

// releasedIn is released, dressed in some way.
func releasedIn(tb testing.TB, dress func(*testWorld) *testWorld) *testWorld {
	tb.Helper()
	return dress(released(tb))
}

// twin is another world in the same state. Both serve the same upstream, so neither may push any more.
func (w *testWorld) twin(tb testing.TB) *testWorld {
	tb.Helper()
	other := newWorld(tb)
	other.gh.AddRepository(ghtest.Repository{Name: "kubernetes/kubernetes", GitDir: w.git})
	if other.also = w.also; w.also != nil {
		w.also(other)
	}
	for _, i := range w.issues() {
		comments := i.Comments
		i.Comments = nil
		for _, l := range i.Labels {
			other.gh.AddLabel("acme/platform", ghtest.Label{Name: l})
		}
		other.gh.AddIssue("acme/platform", i)
		for _, c := range comments {
			other.gh.AddComment("acme/platform", i.Number, c)
		}
	}
	for _, folder := range []string{"state", "out"} {
		if from := filepath.Join(w.dir, folder); !missing(from) {
			if err := os.CopyFS(filepath.Join(other.dir, folder), os.DirFS(from)); err != nil {
				tb.Fatal(err)
			}
		}
	}
	for _, pair := range w.added {
		if path, ok := strings.CutPrefix(pair, "BOT_CONFIG="); ok {
			text, err := os.ReadFile(path)
			if err != nil {
				tb.Fatal(err)
			}
			other.wholeConfig(strings.ReplaceAll(string(text), w.dir, other.dir))
			continue
		}
		other.set(pair)
	}
	return other
}

// pointKind is a kind of moment to die at.
type pointKind string

const (
	lost     pointKind = "request that GitHub never sees"
	executed pointKind = "request that GitHub executes, before its answer"
	before   pointKind = "write, before it"
	after    pointKind = "write, after it"
)

// point is the n-th moment of a kind in a run; n may be firstIssue.
type point struct {
	kind pointKind
	n    int
}

func (p point) String() string { return fmt.Sprintf("%s/%d", p.kind, p.n) }

// allPoints lists them, and of each kind one more, at which a run must not die: it proves that none was missed.
func allPoints(requests, writes int) []point {
	var out []point
	for n := 1; n <= requests+1; n++ {
		out = append(out, point{lost, n}, point{executed, n})
	}
	for n := 1; n <= writes+1; n++ {
		out = append(out, point{before, n}, point{after, n})
	}
	return out
}

// thinned leaves every nth point. An odd n meets all kinds, for they take turns; the scenarios begin at different ones.
func thinned(points []point, n, scenario int) []point {
	var out []point
	for i, p := range points {
		if i%n == scenario%n {
			out = append(out, p)
		}
	}
	return out
}

// firstIssue stands for the request that creates the first issue, whichever number it has.
const firstIssue = -1

// countPoints runs the program to its end, unharmed, and counts its requests, those that were executed, and its writes.
func (w *testWorld) countPoints() (requests, done, writes int) {
	w.t.Helper()
	log := filepath.Join(w.t.TempDir(), "writes")
	requests = len(w.gh.Requests())
	var executed atomic.Int64
	w.gh.AfterRequest(func(ghtest.Request) { executed.Add(1) })
	c := w.command("run")
	c.Env = append(c.Env, trapVariable+"=LOG "+log)
	if out, err := c.CombinedOutput(); c.ProcessState.ExitCode() != w.ends {
		w.t.Fatalf("%v\n%s", err, out)
	}
	data, err := os.ReadFile(log)
	if err != nil {
		w.t.Fatal(err)
	}
	return len(w.gh.Requests()) - requests, int(executed.Load()), bytes.Count(data, []byte("\n"))
}

// die runs the program in a process of its own, which is killed at the point. It reports whether it was, and fails
// when it ended badly otherwise.
func (w *testWorld) die(p point) bool {
	w.t.Helper()
	c := w.command("run")
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	started, dead := make(chan *os.Process, 1), make(chan struct{})
	var seen atomic.Int64
	var disarmed atomic.Bool
	strike := func(r ghtest.Request) bool {
		n := seen.Add(1)
		hit := n == int64(p.n) || p.n == firstIssue && r.Method == http.MethodPost && strings.HasSuffix(r.Path, "/issues")
		if !hit || disarmed.Swap(true) {
			return false
		}
		_ = (<-started).Kill()
		<-dead
		return true
	}
	switch p.kind {
	case lost:
		w.gh.OnRequest(func(r ghtest.Request) {
			if !disarmed.Load() && strike(r) {
				w.gh.AddFault(ghtest.Fault{Kind: ghtest.Reset, Match: func(m ghtest.Request) bool { return m.Seq == r.Seq }})
			}
		})
	case executed:
		w.gh.AfterRequest(func(r ghtest.Request) {
			if !disarmed.Load() {
				strike(r)
			}
		})
	case before, after:
		_, when, _ := strings.Cut(string(p.kind), ", ")
		c.Env = append(c.Env, fmt.Sprintf("%s=KILL %s %d", trapVariable, strings.TrimSuffix(when, " it"), p.n))
	}
	if err := c.Start(); err != nil {
		w.t.Fatal(err)
	}
	started <- c.Process
	err := c.Wait()
	disarmed.Store(true)
	close(dead)
	status, _ := c.ProcessState.Sys().(syscall.WaitStatus)
	killed := status.Signaled() && status.Signal() == syscall.SIGKILL
	if !killed && c.ProcessState.ExitCode() != w.ends {
		w.t.Fatalf("%v\n%s", err, out.String())
	}
	return killed
}

// code runs the program and expects an exit code.
func (w *testWorld) code(want int, args ...string) result {
	w.t.Helper()
	r := w.run(args...)
	if r.code != want {
		w.t.Fatalf("bot %v: exit code %d, want %d\n%s", args, r.code, want, r.stderr)
	}
	return r
}
