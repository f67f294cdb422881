package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/ghtest"
)

// pull says that the newest commit of kubernetes/kubernetes came by a pull request.
func (w *testWorld) pull(number int, title, body string) {
	w.t.Helper()
	id, err := exec.Command("git", "-C", w.git, "rev-parse", "master").Output()
	if err != nil {
		w.t.Fatal(err)
	}
	w.gh.AddPullRequest(kubernetes, ghtest.PullRequest{Number: number, Title: title, Body: body, MergeOID: strings.TrimSpace(string(id))})
}

// changedBy changes the rows of a release, one function after the other.
func changedBy(changes ...func([]facts.Row) []facts.Row) func([]facts.Row) []facts.Row {
	return func(rows []facts.Row) []facts.Row {
		for _, c := range changes {
			rows = c(rows)
		}
		return rows
	}
}

func without(name string) func([]facts.Row) []facts.Row {
	return func(rows []facts.Row) []facts.Row {
		var out []facts.Row
		for _, r := range rows {
			if r.Gate != name {
				out = append(out, r)
			}
		}
		return out
	}
}

var (
	stable36 = gate.Spec{Since: "1.36", Stage: gate.GA, Default: true, Locked: true}
	// What a week brings: two promotions by one pull request, one that is taken back, and a removal.
	promoteTwo = changedBy(promote("ListFromCacheSnapshot", stable36), promote("ContainerStopSignals", gate.Spec{Since: "1.36", Stage: gate.Beta, Default: true}))
)

// aWeek is a world that was told of v1.36, and in which something changed since.
func aWeek(t *testing.T, config string) *testWorld {
	t.Helper()
	w := released(t)
	w.config(config)
	w.ok("run")
	w.commit("v1.36", promoteTwo)
	w.pull(900777, "Promote two gates", "Some words.\nFixes #900001\n- [KEP]: https://github.com/kubernetes/enhancements/issues/4988\n")
	w.commit("v1.36", changedBy(promoteTwo, without("WinDSR")))
	w.pull(900778, "Remove WinDSR", "")
	return w
}

// tracedTo are the links of the changes of a dry run, by gate.
func tracedTo(tb testing.TB, out string) map[string]string {
	tb.Helper()
	var d struct {
		Upstreams []struct {
			Changes []struct {
				ID, Untraced, Remark string
				Evidence             []struct{ Rule, Target, Confidence, About, Remark string }
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &d); err != nil {
		tb.Fatalf("%v\n%s", err, out)
	}
	got := map[string]string{}
	for _, u := range d.Upstreams {
		for _, c := range u.Changes {
			var links []string
			for _, e := range c.Evidence {
				links = append(links, strings.TrimSpace(fmt.Sprintf("%s %s %s %s %s", strings.TrimPrefix(e.Target, kubernetes), e.Rule, e.Confidence, e.About, e.Remark)))
			}
			if c.Untraced != "" {
				links = append(links, "not traced: "+c.Untraced)
			}
			if c.Remark != "" {
				links = append(links, c.Remark)
			}
			got[c.ID] = strings.Join(links, "; ")
		}
	}
	return got
}

func expect(tb testing.TB, got map[string]string, want map[string]string) {
	tb.Helper()
	for gate, links := range want {
		if got[gate] != links {
			tb.Errorf("%s comes from\n\t%s\nwant\n\t%s", gate, got[gate], links)
		}
	}
}

// A digest says by which pull request each change came, and says it in plain words where it does not; what was asked
// once costs nothing the second time.
func TestDigestSaysWhereChangesComeFrom(t *testing.T) {
	w := aWeek(t, "")
	first := w.ok("run", "--dry-run", "--format", "json")
	obeysSchema(t, first.stdout)
	want := map[string]string{
		"ListFromCacheSnapshot": "#900777 blame certain change; KEP-4988 kep-comment certain; #900001 pull-body likely ticket",
		"ContainerStopSignals":  "#900777 blame certain change; KEP-4988 pull-body possible; #900001 pull-body likely ticket",
		"WinDSR":                "#900778 removal certain change",
	}
	expect(t, tracedTo(t, first.stdout), want)

	untraced := aWeek(t, "trace: {max_requests: 0}").ok("run", "--dry-run", "--format", "json")
	expect(t, tracedTo(t, untraced.stdout), map[string]string{"WinDSR": "", "ListFromCacheSnapshot": "KEP-4988 kep-comment certain"})
	t.Logf("tracing cost %d requests", first.api-untraced.api)
	if cost := first.api - untraced.api; cost > 10 {
		t.Errorf("tracing three changes costs %d requests", cost)
	}

	text := strings.Join(strings.Fields(w.ok("run", "--dry-run").stdout), " ")
	for _, s := range []string{"kubernetes/kubernetes#900777 · https://kep.k8s.io/4988 · kubernetes/kubernetes#900001 (likely)", "kubernetes/kubernetes#900778"} {
		if !strings.Contains(text, s) {
			t.Errorf("%q is not told:\n%s", s, text)
		}
	}
	w.ok("run")
	if quiet := w.ok("run"); quiet.api != 1 {
		t.Errorf("a quiet run costs %d requests", quiet.api)
	}
}

// What one definition's digest asked, another's does not ask again.
func TestWhatWasAskedIsNotAskedAgain(t *testing.T) {
	two := "digests:\n  - {name: first, channels: [{type: file, path: %s}]}\n  - {name: second, channels: [{type: file, path: %s}]}\n%s"
	cost := func(extra string) (first, second int, out string) {
		w := aWeek(t, fmt.Sprintf(two, t.TempDir()+"/a.md", t.TempDir()+"/b.md", extra))
		first = w.ok("run", "--digest", "first").api
		r := w.ok("run", "--digest", "second", "--dry-run", "--format", "json")
		// Whoever looks again later, while more changed, finds the answers too.
		w.commit("v1.36", changedBy(promoteTwo, without("WinDSR"), promote("PodObservedGenerationTracking", gate.Spec{Since: "1.37", Stage: gate.Deprecated, Default: true})))
		return first, r.api, r.stdout
	}
	first, second, out := cost("")
	plainFirst, plainSecond, _ := cost("trace: {max_requests: 0}")
	t.Logf("tracing costs %d requests, the second time %d", first-plainFirst, second-plainSecond)
	if first == plainFirst {
		t.Error("the first time cost nothing")
	}
	if second != plainSecond {
		t.Errorf("the second time costs %d requests for tracing", second-plainSecond)
	}
	expect(t, tracedTo(t, out), map[string]string{
		"ListFromCacheSnapshot": "#900777 blame certain change; KEP-4988 kep-comment certain; #900001 pull-body likely ticket",
		"WinDSR":                "#900778 removal certain change",
	})
}

// What a budget does not allow is said, in a plain word, the least severe first.
func TestTracingHasABudget(t *testing.T) {
	seen := map[string]bool{}
	for _, most := range []int{1, 2, 3, 4, 6, 12} {
		w := aWeek(t, fmt.Sprintf("trace: {max_requests: %d}\nwatch: {gates: [WorkloadWithJob]}\n", most))
		w.commit("v1.36", changedBy(promoteTwo, without("WinDSR"), promote("WorkloadWithJob", gate.Spec{Since: "1.36", Stage: gate.Beta})))
		w.pull(900779, "Promote WorkloadWithJob", "")
		r := w.ok("run", "--dry-run", "--format", "json")
		got := tracedTo(t, r.stdout)
		cut := 0
		for gate, links := range got {
			if strings.Contains(links, "not traced: budget") {
				cut++
				seen["cut"] = true
				if strings.Contains(links, " change") {
					t.Errorf("%d requests: %s is traced and is not: %s", most, gate, links)
				}
			}
		}
		if strings.Contains(got["WorkloadWithJob"], "budget") && cut < len(got) {
			t.Errorf("%d requests: what is yours was left out, and others not: %v", most, got)
		}
		text := strings.Join(strings.Fields(w.ok("run", "--dry-run").stdout), " ")
		if n := strings.Count(text, "not traced (budget)"); n != cut {
			t.Errorf("%d requests: said %d times, want %d", most, n, cut)
		}
		if cut == 0 {
			seen["whole"] = true
		}
	}
	if !seen["cut"] || !seen["whole"] {
		t.Errorf("%v", seen)
	}
}

// Where nobody can be asked that is said once; where GitHub fails the digest is made all the same, and says so.
func TestTracingNeverFailsARun(t *testing.T) {
	t.Parallel()
	w := aWeek(t, "")
	anonymous := w.set("GITHUB_TOKEN=").run("run", "--dry-run", "--format", "json")
	if anonymous.code != 0 || strings.Count(anonymous.stdout, "was not traced: it needs a token (GITHUB_TOKEN) or a mirror.") != 1 || strings.Contains(anonymous.stdout, `"untraced": "i`) {
		t.Errorf("without a token: %d\n%s%s", anonymous.code, anonymous.stdout, anonymous.stderr)
	}
	for name, tt := range map[string]struct {
		faults []ghtest.Fault
		want   string
	}{
		"blame is too much":   {[]ghtest.Fault{{Kind: ghtest.BadGateway, Contains: "query Blame"}}, "#900777 path-history likely change"},
		"all of git":          {[]ghtest.Fault{{Kind: ghtest.BadGateway, Contains: "query Blame"}, {Kind: ghtest.BadGateway, Contains: "query PathHistory"}}, "not traced: it was too much for GitHub"},
		"a limit":             {[]ghtest.Fault{{Kind: ghtest.SecondaryLimit, RetryAfter: "3600", Contains: "query Blame"}}, "not traced: a limit of GitHub"},
		"no pull requests":    {[]ghtest.Fault{{Kind: ghtest.BadGateway, Contains: "query PullRequests"}}, "#900777 blame certain change"},
		"the answer is wrong": {[]ghtest.Fault{{Kind: ghtest.Truncated, Contains: "query FilesBefore"}}, "not traced: it was too much for GitHub"},
		"no answer":           {[]ghtest.Fault{{Kind: ghtest.Reset, Contains: "query Blame"}, {Kind: ghtest.Reset, Contains: "query PathHistory"}}, "not traced: no answer from GitHub"},
	} {
		t.Run(name, func(t *testing.T) {
			w := aWeek(t, "")
			for _, f := range tt.faults {
				f.Times = -1
				w.gh.AddFault(f)
			}
			r := w.run("run", "--dry-run", "--format", "json")
			got := tracedTo(t, r.stdout)
			if r.code != 0 || len(got) != 3 {
				t.Errorf("exit code %d, %d changes\n%s", r.code, len(got), r.stderr)
			}
			if !strings.HasPrefix(got["ListFromCacheSnapshot"], tt.want) && !strings.HasSuffix(got["ListFromCacheSnapshot"], tt.want) {
				t.Errorf("%s, want %s", got["ListFromCacheSnapshot"], tt.want)
			}
			if name == "a limit" {
				w.gh.ClearFaults() // it would hold up the publishing too
			}
			w.ok("run")
			w.wantIssues(2)
			w.gh.ClearFaults()
			if quiet := w.ok("run"); quiet.api != 1 {
				t.Errorf("then a quiet run costs %d requests", quiet.api)
			}
		})
	}
}

// People know better: the digest says that it is by their configuration.
func TestOverridesOfLinks(t *testing.T) {
	w := aWeek(t, `trace:
  overrides:
    - gate: ListFromCacheSnapshot
      keps: [1, KEP-0002]
      tickets: [acme/platform#3]
      prs: [{stage: stable, version: "1.36", pull: kubernetes/kubernetes#900999}, {stage: beta, version: "1.30", pull: kubernetes/kubernetes#900998}]
      note: We asked for it in May
    - {gate: WinDSR, keps: []}
    - {gate: ContainerStopSignals, upstream: kubernetes, prs: [{stage: stable, pull: a/b#1}], note: beta only}
`)
	r := w.ok("run", "--dry-run", "--format", "json")
	obeysSchema(t, r.stdout)
	expect(t, tracedTo(t, r.stdout), map[string]string{
		"ListFromCacheSnapshot": "#900999 override certain change; KEP-1 override certain; KEP-2 override certain; acme/platform#3 override certain ticket; We asked for it in May",
		"WinDSR":                "#900778 removal certain change",
		"ContainerStopSignals":  "#900777 blame certain change; KEP-4988 pull-body possible; #900001 pull-body likely ticket; beta only",
	})
	text := strings.Join(strings.Fields(w.ok("run", "--dry-run").stdout), " ")
	for _, s := range []string{"By your configuration: We asked for it in May.", "kubernetes/kubernetes#900999 (by your configuration)", "acme/platform#3 (by your configuration)"} {
		if !strings.Contains(text, s) {
			t.Errorf("%q is not told:\n%s", s, text)
		}
	}
}

// TestTracingFaults lets every call of tracing meet every fault, for as long as it lasts: the digest is filed all the
// same, in one issue, the exit code stays 0, and the run after it is quiet for one request.
func TestTracingFaults(t *testing.T) {
	whole(t)
	m := newMatrix(t)
	s := m.scenarios[0]
	s.traces = true
	plain := *s
	plain.traces = false
	calls := map[string]bool{}
	for _, c := range m.cells(t, s) {
		calls[c.call] = true
	}
	for _, c := range m.cells(t, &plain) {
		delete(calls, c.call)
	}
	if len(calls) < 3 {
		t.Fatalf("tracing sends %v", slices.Collect(maps.Keys(calls)))
	}
	thin := 1
	if testing.Short() || raceDetector {
		thin = 7
	}
	n := 0
	for i, c := range m.cells(t, s) {
		if !calls[c.call] || !c.ever || i%thin != 0 {
			continue
		}
		n++
		t.Run(c.name(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := m.enter(t, s)
				f := c.fault.Fault
				f.Times, f.Match = -1, func(r ghtest.Request) bool { return callName(r) == c.call }
				b.gh.AddFault(f)
				limited := strings.Contains(c.fault.name, "limit") || strings.Contains(c.fault.name, "primary") || strings.Contains(c.fault.name, "secondary")
				r := b.run(s.args...)
				// A limit is GitHub's for all that is asked: the publishing may meet it too, and says so by its own code.
				if r.code != exitDone && (!limited || r.code != exitDelivery) {
					t.Fatalf("exit code %d\n%s", r.code, r.stderr)
				}
				b.gh.ClearFaults()
				time.Sleep(2 * time.Hour)
				if r := b.run("run"); r.code != exitDone {
					t.Fatalf("then exit code %d\n%s", r.code, r.stderr)
				}
				if n := len(b.issues()); n != 1 {
					t.Errorf("%d issues, want one", n)
				}
				if r := b.run("run"); r.code != exitDone || r.api != 1 {
					t.Errorf("a quiet run leaves with %d after %d requests", r.code, r.api)
				}
			})
		})
	}
	t.Logf("%d calls, %d cells", len(calls), n)
}

// What tracing may cost, design section 6: 15 changed gates of one file 6 requests, their removals 4 more, two hundred
// changes 40.
func TestTracingCost(t *testing.T) {
	cost := func(prepare func(w *testWorld), args ...string) (spent int, got map[string]string) {
		t.Helper()
		w := released(t)
		prepare(w)
		traced := w.ok(append([]string{"run", "--dry-run", "--format", "json"}, args...)...)
		plain := w.set("BOT_TRACE_MAX_REQUESTS=0").ok(append([]string{"run", "--dry-run", "--format", "json"}, args...)...)
		return traced.api - plain.api, tracedTo(t, traced.stdout)
	}
	all, err := releases()
	if err != nil {
		t.Fatal(err)
	}
	var up, down []func([]facts.Row) []facts.Row
	for _, r := range all.Rows("v1.36") {
		if r.Component != "kubernetes" || len(r.RegisteredIn) != 1 || r.RegisteredIn[0] != "kubernetes" {
			continue
		}
		switch {
		case r.Stage == gate.Beta && len(up) < 15 && r.Since != "1.36":
			up = append(up, promote(r.Gate, stable36))
		case r.Stage == gate.GA && len(down) < 5:
			down = append(down, without(r.Gate))
		}
	}
	week := func(changes ...func([]facts.Row) []facts.Row) func(w *testWorld) {
		return func(w *testWorld) {
			w.ok("run")
			for i := range changes {
				w.commit("v1.36", changedBy(changes[:i+1]...))
				w.pull(900700+i, fmt.Sprintf("Change %d", i), "")
			}
		}
	}
	n, got := cost(week(up...))
	t.Logf("15 changed gates of one file: %d requests", n)
	if n > 6 || len(got) != 15 {
		t.Errorf("%d changed gates: %d requests, want 6 at most", len(got), n)
	}
	for gate, links := range got {
		if !strings.Contains(links, "blame certain change") {
			t.Errorf("%s: %s", gate, links)
		}
	}
	both, got := cost(week(append(up, down...)...))
	t.Logf("and 5 removals: %d requests", both)
	if both > n+4 || len(got) != 20 {
		t.Errorf("%d changes: %d requests, want %d at most", len(got), both, n+4)
	}
	most, got := cost(func(*testWorld) {})
	t.Logf("a first run with %d changes: %d requests", len(got), most)
	if most > 40 {
		t.Errorf("%d requests", most)
	}
	most, got = cost(func(w *testWorld) {
		w.ok("run")
		w.commit("v1.36", invented(200))
		w.pull(900800, "Add them all", "")
	})
	t.Logf("%d changes: %d requests", len(got), most)
	if most > 40 || len(got) != 200 {
		t.Errorf("%d changes: %d requests", len(got), most)
	}
}

// A promotion that was taken back in the week and made again names the one that stayed; one that was only taken back,
// by a revert, is told as such.
func TestRevertsInADigest(t *testing.T) {
	w := released(t)
	w.ok("run")
	commit := func(number int, title string, change func([]facts.Row) []facts.Row) {
		w.commit("v1.36", change)
		w.pull(number, title, "")
	}
	once := promote("ListFromCacheSnapshot", stable36)
	same := func(rows []facts.Row) []facts.Row { return rows }
	commit(900701, "Promote ListFromCacheSnapshot to GA", once)
	commit(900702, "Revert #900701: Promote ListFromCacheSnapshot to GA", same)
	commit(900703, "Promote ListFromCacheSnapshot to GA, mended", once)
	commit(900704, "Promote ContainerStopSignals to beta", promoteTwo)
	expect(t, tracedTo(t, w.ok("run", "--dry-run", "--format", "json").stdout), map[string]string{
		"ListFromCacheSnapshot": "#900703 blame certain change; KEP-4988 kep-comment certain",
		"ContainerStopSignals":  "#900704 blame certain change",
	})
	w.ok("run")
	commit(900705, "Revert #900704: Promote ContainerStopSignals to beta", once)
	r := w.ok("run", "--dry-run", "--format", "json")
	got := tracedTo(t, r.stdout)
	if want := "#900705 removal certain change it reverts kubernetes/kubernetes#900704"; len(got) != 1 || !strings.HasPrefix(got["ContainerStopSignals"], want) {
		t.Errorf("%v, want %s", got, want)
	}
	obeysSchema(t, r.stdout)
	if text := strings.Join(strings.Fields(w.ok("run", "--dry-run").stdout), " "); !strings.Contains(text, "kubernetes/kubernetes#900705 (it reverts kubernetes/kubernetes#900704)") {
		t.Errorf("the revert is not told as such:\n%s", text)
	}
	// Done again by another, it is not what was asked before.
	w.ok("run")
	commit(900706, "Promote ContainerStopSignals to beta once more", promoteTwo)
	expect(t, tracedTo(t, w.ok("run", "--dry-run", "--format", "json").stdout), map[string]string{"ContainerStopSignals": "#900706 blame certain change"})
}

// Overrides count for bot explain too.
func TestOverridesInAnExplanation(t *testing.T) {
	w := aWeek(t, `trace:
  overrides:
    - {gate: ListFromCacheSnapshot, keps: [7], tickets: [], prs: [{stage: beta, pull: a/b#9}], note: We know better}
`)
	text := strings.Join(strings.Fields(w.ok("explain", "ListFromCacheSnapshot").stdout), " ")
	for _, want := range []string{"By your configuration: We know better.", "a/b#9, certain: by your configuration", "KEP-7, certain: by your configuration", "kubernetes/kubernetes#900777 Promote two gates, certain: git blame"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not told:\n%s", want, text)
		}
	}
	doc := w.ok("explain", "ListFromCacheSnapshot", "--format", "json").stdout
	obeysSchema(t, doc)
	if !strings.Contains(doc, `"remark": "We know better"`) {
		t.Errorf("the JSON has no remark:\n%s", doc)
	}
}

// A mirror knows only the pull requests that its commits name: that it does not know one is no answer for others.
func TestAMirrorKnowsNotAllPullRequests(t *testing.T) {
	digests := "digests:\n"
	for _, name := range []string{"first", "second", "third"} {
		digests += fmt.Sprintf("  - {name: %s, channels: [{type: file, path: %s}]}\n", name, t.TempDir()+"/digest.md")
	}
	w := aWeek(t, digests)
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.BadGateway, Contains: "query PullRequests", Times: -1})
	w.ok("run", "--digest", "first")
	w.gh.ClearFaults()
	w.config(digests + "mirrors: [{repository: kubernetes/kubernetes, path: " + w.git + "}]\n")
	w.ok("run", "--digest", "second")
	w.config(digests)
	expect(t, tracedTo(t, w.ok("run", "--digest", "third", "--dry-run", "--format", "json").stdout), map[string]string{
		"ListFromCacheSnapshot": "#900777 blame certain change; KEP-4988 kep-comment certain; #900001 pull-body likely ticket",
	})
}

// A mirror that can't tell is named once, not at each change, and where it lies on this machine is nobody's business.
func TestTracingOfAShallowMirror(t *testing.T) {
	w := aWeek(t, "")
	shallow := filepath.Join(t.TempDir(), "shallow.git")
	if out, err := exec.Command("git", "clone", "--quiet", "--bare", "--depth=1", "--no-single-branch", "file://"+w.git, shallow).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	w.config("mirrors: [{repository: kubernetes/kubernetes, path: " + shallow + "}]\n")
	r := w.run("run", "--dry-run")
	if r.code != 0 || strings.Count(r.stdout, "shallow,") != 1 || strings.Contains(r.stdout, filepath.Dir(shallow)) || strings.Contains(r.stdout, "not traced (") {
		t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
}
