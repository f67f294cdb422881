package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/sample"
)

var (
	soakRuns = flag.Int("soak", map[bool]int{false: 40, true: 12}[raceDetector], "number of runs of TestSoak")
	soakSeed = flag.Uint64("soak.seed", 0, "seed of TestSoak's chances; 0 takes one from the clock")
)

const soakConfig = `
target:
  repository: acme/platform
run:
  keep_snapshots: 20
github:
  request_timeout: 1s
  settle_timeout: 40ms
digests:
  - name: issues
    channels: [{type: github-issue}]
  - name: files
    channels: [{type: file, path: "DIR/out/{definition}-{seq}.md"}]
`

// TestSoak lets the bot run for years, in a hurry: random changes upstream, random faults of GitHub, random
// interruptions. Every change is told exactly once, and nothing grows but what has to be remembered.
func TestSoak(t *testing.T) {
	seed := *soakSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	s := &soak{
		testWorld: released(t), chance: rand.New(rand.NewPCG(seed, 1)), want: map[string]int{},
		faults: map[string]int{}, met: map[string]int{}, codes: map[int]int{},
	}
	t.Logf("%d runs, -soak.seed %d", *soakRuns, seed)
	s.config(strings.ReplaceAll(soakConfig, "DIR", s.dir))
	s.gh.OnRequest(func(ghtest.Request) { s.interrupt.Load().count() })
	s.begin()
	every := min(50, max(1, *soakRuns/4))
	for s.runs < *soakRuns {
		if s.chance.IntN(100) < 40 {
			s.change()
		}
		s.faulty()
		if s.runs%every == 0 || s.runs == *soakRuns {
			s.settle()
			s.measure()
		}
	}
	t.Log("\n" + s.report())
	s.wantNoGrowth()
}

// soak is a world with a memory of what was done to it.
type soak struct {
	*testWorld
	chance *rand.Rand
	rows   []facts.Row
	fresh  []string // gates that can still be promoted or removed
	names  int
	want   map[string]int // as told() counts
	runs   int

	faults, met map[string]int // faults scripted, and those that met a request, by kind
	codes       map[int]int
	changes     int
	api         int
	interrupt   atomic.Pointer[interruption]
	marks       []mark
}

// mark is what was measured after so many runs.
type mark struct {
	runs, issues, comments, changes int
	heap                            uint64
	handles, goroutines             int
	state, content                  int64
	standin                         int // bytes of text that the stand-in keeps
}

// begin is a first run in peace; from then on each change is known.
func (s *soak) begin() {
	table, err := facts.Load()
	if err != nil {
		s.t.Fatal(err)
	}
	s.rows = slices.Clone(table.Rows("v1.36"))
	for _, r := range s.rows {
		if r.Component == "kubernetes" && r.Stage == gate.Alpha && r.Since != "1.36" && len(r.Specs) == 1 {
			s.fresh = append(s.fresh, r.Gate)
		}
	}
	s.ok("run")
	s.want = s.told()
	if len(s.want) < 100 || len(s.fresh) < 10 {
		s.t.Fatalf("the first digest tells of %d gates, and %d can be changed", len(s.want), len(s.fresh))
	}
}

// change does one or several things upstream, each to a gate that was never touched before: so each is
// to be told exactly once, whatever is told together.
func (s *soak) change() {
	s.t.Helper()
	for range 1 + s.chance.IntN(4) {
		name := ""
		switch k := s.chance.IntN(10); {
		case k < 6 || len(s.fresh) == 0:
			s.names++
			name = fmt.Sprintf("SoakedWidgetNumber%05d", s.names)
			s.rows = append(s.rows, facts.Row{
				Gate: name, Const: name, Component: "kubernetes", RegisteredIn: []string{"kubernetes"},
				Specs: []gate.Spec{{Since: "1.36", Stage: gate.Beta, Default: true}},
			})
		case k < 9:
			name = s.take()
			s.rows = promote(name, gate.Spec{Since: "1.36", Stage: gate.Beta, Default: true})(s.rows)
		default:
			name = s.take()
			s.rows = slices.DeleteFunc(s.rows, func(r facts.Row) bool { return r.Gate == name })
		}
		s.want["issue issues: "+name]++
		s.want["file files: "+name]++
		s.changes++
	}
	files, err := sample.Files("v1.36", slices.Clone(s.rows), sample.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	s.step++
	step := sample.Step{
		Message: fmt.Sprintf("step %d", s.step), Files: files,
		Time: time.Date(2026, 1, 1, 12, s.step, 0, 0, time.UTC),
	}
	if err := sample.Append(s.t.Context(), s.git, []sample.Step{step}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *soak) take() string {
	i := s.chance.IntN(len(s.fresh))
	name := s.fresh[i]
	s.fresh = slices.Delete(s.fresh, i, i+1)
	return name
}

// soakFaults are what may go wrong at GitHub.
var soakFaults = []ghtest.Fault{
	{Kind: ghtest.ServerError}, {Kind: ghtest.ServerError, Status: 503, Process: true}, {Kind: ghtest.ServerError, Status: 403}, {Kind: ghtest.ServerError, Status: 404},
	{Kind: ghtest.BadGateway}, {Kind: ghtest.BadGateway, Process: true}, {Kind: ghtest.SecondaryLimit, RetryAfter: "1"}, {Kind: ghtest.SecondaryLimit, Status: 429},
	{Kind: ghtest.PrimaryLimit}, {Kind: ghtest.GraphQLLimit, Path: "/graphql"}, {Kind: ghtest.GraphQLErrors, Path: "/graphql"}, {Kind: ghtest.Empty}, {Kind: ghtest.HTML},
	{Kind: ghtest.Reset}, {Kind: ghtest.CreatedButReset}, {Kind: ghtest.Truncated}, {Kind: ghtest.LowRemaining},
	{Kind: ghtest.DropLabels, Path: "/repos/*/*/issues"}, {Kind: ghtest.LagLists, Path: "/repos/*/*/issues", Lists: 2}, {Kind: ghtest.BlobTruncated, Path: "/graphql"},
}

var soakPaths = []string{"", "/graphql", "/repos/*/*/issues", "/repos/*/*/issues", "/repos/*/*/issues/*/comments", "/repos/*/*/labels"}

// faulty is one run, with up to six faults and sometimes an interruption.
func (s *soak) faulty() {
	s.t.Helper()
	for range s.chance.IntN(7) {
		f := soakFaults[s.chance.IntN(len(soakFaults))]
		if f.Path == "" {
			f.Path = soakPaths[s.chance.IntN(len(soakPaths))]
		}
		f.Skip, f.Times = s.chance.IntN(2), 1+s.chance.IntN(3)
		if s.chance.IntN(50) == 0 {
			f = ghtest.Fault{Kind: ghtest.Hang}
		}
		s.gh.AddFault(f)
		s.faults[string(f.Kind)]++
	}
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	if s.chance.IntN(20) == 0 {
		s.faults["interrupted"]++
		s.interrupt.Store(&interruption{cancel: cancel, left: int64(1 + s.chance.IntN(8))})
	}
	wait := "60ms"
	if s.chance.IntN(8) == 0 {
		wait = "1100ms" // tries again, and waits for the small limits
	}
	s.once(ctx, "BOT_GITHUB_MAX_WAIT="+wait)
	s.interrupt.Store(nil)
	s.gh.ClearFaults()
}

// once is one run; it counts what met it.
func (s *soak) once(ctx context.Context, env ...string) int {
	s.t.Helper()
	s.runs++
	var out, errs bytes.Buffer
	code := execute(ctx, environment{args: []string{"run"}, stdout: &out, stderr: &errs, environ: append(slices.Clone(s.env), env...), now: time.Now})
	s.codes[code]++
	for _, r := range s.gh.Requests() {
		if r.Fault != "" {
			s.met[r.Fault]++
		}
		if r.Kind != ghtest.Raw {
			s.api++
		}
	}
	s.gh.ClearLog() // its memory is not ours
	if strings.Contains(out.String()+errs.String(), secret) {
		s.t.Error("a run prints the token")
	}
	switch code {
	case exitDone, exitSource, exitDelivery, exitInterrupted:
	default:
		s.t.Fatalf("run %d: exit code %d\n%s", s.runs, code, errs.String())
	}
	return code
}

// settle runs in peace until all is told, and compares that with what was done.
func (s *soak) settle() {
	s.t.Helper()
	for tries := 0; s.once(s.t.Context()) != exitDone; tries++ {
		if tries == 2 {
			s.t.Fatalf("run %d: in peace it does not come to rest", s.runs)
		}
	}
	before := s.api
	if code := s.once(s.t.Context()); code != exitDone || s.api != before+1 {
		s.t.Errorf("run %d: a quiet run cost %d requests and left with %d", s.runs, s.api-before, code)
	}
	duplicates, lost := compareTold(s.want, s.told())
	if len(duplicates)+len(lost) > 0 {
		s.t.Fatalf("run %d: told twice: %v\nlost: %v", s.runs, duplicates, lost)
	}
	s.wantWhole(len(s.issues()), len(s.digestFiles()))
}

func (s *soak) measure() {
	s.t.Helper()
	m := mark{runs: s.runs, issues: len(s.issues()), changes: s.changes}
	for _, i := range s.issues() {
		m.comments += len(i.Comments)
		m.standin += len(i.Body)
		for _, c := range i.Comments {
			m.standin += len(c.Body)
		}
	}
	// The stand-in is in this process too. It starts anew, for it remembers every object that it was asked for.
	s.gh.AddRepository(ghtest.Repository{Name: "kubernetes/kubernetes", GitDir: s.git})
	// Twice: what has a finaliser is freed by the second.
	runtime.GC()
	runtime.GC()
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	m.heap, m.goroutines, m.handles = mem.HeapAlloc, runtime.NumGoroutine(), openHandles()
	m.state, m.content = s.stateSize()
	s.marks = append(s.marks, m)
}

// openHandles is the number of open files and connections; 0 where the system does not tell.
func openHandles() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries)
}

// stateSize is the size of the state's files, and that of what is in them.
func (s *soak) stateSize() (files, content int64) {
	s.t.Helper()
	entries, err := os.ReadDir(filepath.Dir(s.state()))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			s.t.Fatal(err)
		}
		files += info.Size()
	}
	for _, query := range []string{
		`SELECT coalesce(sum(length(head)), 0) FROM snapshots`, `SELECT coalesce(sum(length(items)), 0) FROM sections`,
		`SELECT coalesce(sum(length(body) + length(title) + 200), 0) FROM deliveries`, `SELECT coalesce(sum(length(failed) + 100), 0) FROM runs`,
	} {
		content += s.number(query)
	}
	return files, content
}

func (s *soak) report() string {
	var b strings.Builder
	kinds := func(m map[string]int) string {
		total, out := 0, ""
		for _, k := range slices.Sorted(maps.Keys(m)) {
			total += m[k]
			out += fmt.Sprintf(" %s %d", k, m[k])
		}
		return fmt.Sprintf("%d:%s", total, out)
	}
	codes := map[string]int{}
	for c, n := range s.codes {
		codes[fmt.Sprintf("code %d", c)] = n
	}
	fmt.Fprintf(&b, "runs, by exit code  %s\n", kinds(codes))
	fmt.Fprintf(&b, "faults that met one %s\n", kinds(s.met))
	fmt.Fprintf(&b, "interruptions       %d\n", s.faults["interrupted"])
	fmt.Fprintf(&b, "requests            %d\n", s.api)
	fmt.Fprintf(&b, "deliveries %d, snapshots %d, items %d, runs kept %d\n", s.number(`SELECT count(*) FROM deliveries`), s.number(`SELECT count(*) FROM snapshots`),
		s.number(`SELECT count(*) FROM sections`), s.number(`SELECT count(*) FROM runs`))
	fmt.Fprintf(&b, "%6s %7s %6s %8s %9s %8s %10s %10s %12s %14s\n", "runs", "changes", "issues", "comments", "heap KiB", "handles", "goroutines", "state KiB", "content KiB", "stand-in KiB")
	for _, m := range s.marks {
		fmt.Fprintf(&b, "%6d %7d %6d %8d %9d %8d %10d %10d %12d %14d\n", m.runs, m.changes, m.issues, m.comments, m.heap>>10, m.handles, m.goroutines, m.state>>10, m.content>>10, m.standin>>10)
	}
	return b.String()
}

// wantNoGrowth compares the first measurement with the last.
func (s *soak) wantNoGrowth() {
	s.t.Helper()
	first, last := s.marks[0], s.marks[len(s.marks)-1]
	// The stand-in keeps every issue.
	if grown := int64(last.heap) - int64(first.heap) - 3*int64(last.standin-first.standin); grown > 1<<20 {
		s.t.Errorf("the heap has grown by %d KiB more than the stand-in's issues", grown>>10)
	}
	if last.handles > first.handles+8 {
		s.t.Errorf("%d handles are open, after %d", last.handles, first.handles)
	}
	if last.goroutines > first.goroutines+16 {
		s.t.Errorf("%d goroutines, after %d", last.goroutines, first.goroutines)
	}
	if last.state > 2*last.content+8<<20 {
		s.t.Errorf("the state has %d KiB for %d KiB of content", last.state>>10, last.content>>10)
	}
}

// interruption cancels a run at one of its requests.
type interruption struct {
	cancel context.CancelFunc
	left   int64
}

func (i *interruption) count() {
	if i != nil && atomic.AddInt64(&i.left, -1) == 0 {
		i.cancel()
	}
}
