package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/golden"
	"github.com/upstream-digest/bot/internal/sample"
)

const (
	schedule36 = "releases/release-1.36/README.md"
	schedule37 = "releases/release-1.37/README.md"
)

// schedule is a file of dates in sig-release's form. The sentences are ours.
func schedule(minor, enhancements, code, docs, release string) []byte {
	return fmt.Appendf(nil, `# Widgets %[1]s

- **Monday 12th January 2026**: Week 1 - Release cycle begins
- **%[2]s**: Week 5 — [Enhancements Freeze](../phases.md#enhancements-freeze)
- **%[3]s**: Week 10 — [Code Freeze](../phases.md#code-freeze)
- **%[5]s**: Week 15 - Kubernetes v%[1]s.0 released

| **What** | **Who** | **When** | **Week** |
| --- | --- | --- | --- |
| Start [Code Freeze] | Lead | %[3]s | week 10 |
| Docs deadline - PRs ready for review | Docs Lead | %[4]s | week 11 |
| v%[1]s.0-rc.0 released | Branch Manager | Tuesday 7th April 2026 | week 13 |
`, minor, enhancements, code, docs, release)
}

func schedule36As(code, docs string) []byte {
	return schedule("1.36", "Wednesday 11th February 2026 (AoE) / Thursday 12th February 2026, 12:00 UTC", code, docs, "Wednesday 22nd April 2026")
}

const (
	codeFreeze = "Wednesday 18th March 2026 (AoE) / Thursday 19th March 2026, 12:00 UTC"
	codeMoved  = "~~Wednesday 18th March 2026 (AoE)~~ Friday 20th March 2026 (AoE) / Saturday 21st March 2026, 12:00 UTC"
	docsReview = "Tuesday 31st March 2026"
)

// milestoneWorld is an upstream of which gates, milestones and the cycle's dates are read, on a day of its cycle.
type milestoneWorld struct {
	*fullWorld
	now time.Time
}

func utc(day string) time.Time {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic(err) // a fault of the test's own
	}
	return t
}

func newMilestones(tb testing.TB) *milestoneWorld {
	tb.Helper()
	w := &milestoneWorld{fullWorld: &fullWorld{testWorld: released(tb)}, now: utc("2026-03-06").Add(9 * time.Hour)}
	w.repositories = []*history{{name: sigRelease, dir: filepath.Join(w.dir, "sig-release.git"), steps: []sample.Step{{
		Message: "dates", Time: utc("2026-01-05"), Files: map[string][]byte{schedule36: schedule36As(codeFreeze, docsReview)},
	}}}}
	w.bring(w.repositories[0], 1)
	w.gh.AddRepository(ghtest.Repository{Name: sigRelease, GitDir: w.repositories[0].dir})
	due := utc("2026-04-22")
	w.milestone(ghtest.Milestone{Number: 68, Title: "v1.36", Due: &due, OpenIssues: 40, ClosedIssues: 1100})
	w.milestone(ghtest.Milestone{Number: 69, Title: "v1.37", OpenIssues: 12})
	w.closed(66, "v1.34", "2025-08-27")
	w.closed(67, "v1.35", "2025-12-17")
	w.reads("")
	return w
}

// reads sets what is read, and what else the configuration says.
func (w *milestoneWorld) reads(more string) {
	w.t.Helper()
	w.wholeConfig(keepSources("upstreams:\n  - preset: kubernetes\n    sources: {milestones: {enabled: true}}\n"+more, "gates"))
}

// milestone adds one, or changes the one of that number.
func (w *milestoneWorld) milestone(m ghtest.Milestone) { w.gh.AddMilestone(kubernetes, m) }

func (w *milestoneWorld) closed(number int, title, day string) {
	at := utc(day)
	w.milestone(ghtest.Milestone{Number: number, Title: title, State: "closed", Updated: at, ClosedAt: &at, ClosedIssues: 900})
}

// changed is a milestone as it is, with a change.
func (w *milestoneWorld) changed(number int, change func(*ghtest.Milestone)) {
	w.t.Helper()
	m, ok := w.gh.Milestone(kubernetes, number)
	if !ok {
		w.t.Fatalf("no milestone %d", number)
	}
	change(&m)
	w.milestone(m)
}

// bot runs the program on the world's day.
func (w *milestoneWorld) bot(args ...string) result {
	w.t.Helper()
	var out, errs bytes.Buffer
	before := w.gh.Count().API()
	code := execute(w.t.Context(), environment{args: args, stdout: &out, stderr: &errs, environ: w.env, now: func() time.Time { return w.now }})
	return result{code, out.String(), errs.String(), w.gh.Count().API() - before}
}

// does runs it and wants a code.
func (w *milestoneWorld) does(code int, args ...string) result {
	w.t.Helper()
	r := w.bot(args...)
	if r.code != code {
		w.t.Fatalf("bot %v: exit code %d, want %d\n%s%s", args, r.code, code, r.stdout, r.stderr)
	}
	return r
}

// wants fails unless a dry run tells just these.
func (w *milestoneWorld) wants(what string, changes ...string) {
	w.t.Helper()
	if got := changesIn(w.t, w.bot("run", "--dry-run", "--format", "json").stdout); got != strings.Join(changes, "\n") {
		w.t.Errorf("%s: it tells\n%s\nwant\n%s", what, got, strings.Join(changes, "\n"))
	}
}

// news adds something that makes a digest.
func (w *milestoneWorld) news() {
	w.t.Helper()
	w.commit("v1.36", promote("ImageVolumeWithDigest", gate.Spec{Since: "1.36", Stage: gate.Beta, Default: true}))
}

const gateNews = "ImageVolumeWithDigest gate.promoted+gate.default_changed"

// TestMilestones goes through a cycle: the first run tells what is due next, a quiet run costs one request, progress alone
// makes no digest, what moved does, and tells the progress since the last digest.
func TestMilestones(t *testing.T) {
	t.Parallel()
	w := newMilestones(t)
	w.does(0, "run")
	w.wantIssues(1)
	for _, want := range []string{"Next: Code Freeze for 1.36 in 13 days, 19 March 2026.", "now watching 4 milestones.", "now watching 4 dates of the release cycle."} {
		if !strings.Contains(w.newest(), want) {
			t.Errorf("the first digest lacks %q:\n%s", want, w.newest())
		}
	}
	if r := w.does(0, "run"); r.api != 1 {
		t.Errorf("a quiet run costs %d requests:\n%s", r.api, w.calls(r.api))
	}

	w.changed(68, func(m *ghtest.Milestone) { m.OpenIssues, m.ClosedIssues = 30, 1110 })
	if r := w.does(0, "run"); r.api != 1 {
		t.Errorf("progress costs %d requests:\n%s", r.api, w.calls(r.api))
	}
	// Something that is read again and tells nothing: the progress is seen by this run, and told by a later one.
	w.push(sigRelease, map[string][]byte{schedule36: append(schedule36As(codeFreeze, docsReview), "\nMore words.\n"...)})
	w.does(0, "run")
	w.changed(68, func(m *ghtest.Milestone) { m.OpenIssues, m.ClosedIssues = 8, 1132 })
	w.does(0, "run")
	w.wantIssues(1)
	if r := w.does(0, "run"); r.api != 1 {
		t.Errorf("quiet again, for %d requests:\n%s", r.api, w.calls(r.api))
	}

	due := utc("2026-04-24")
	w.changed(68, func(m *ghtest.Milestone) { m.Due = &due })
	w.push(sigRelease, map[string][]byte{
		schedule36: schedule36As(codeMoved, docsReview),
		schedule37: schedule("1.37", "Wednesday 17th June 2026", "Friday 24th July 2026", "Tuesday 28th July 2026", "Wednesday 26th August 2026"),
	})
	w.milestone(ghtest.Milestone{Number: 70, Title: "next <b>@everyone</b> fixes #1"})
	w.changed(69, func(m *ghtest.Milestone) { m.OpenIssues, m.ClosedIssues = 1300, 4 })
	w.now = w.now.AddDate(0, 0, 7)
	golden.Check(t, "testdata/milestones.golden", []byte(settled(w.does(0, "run", "--dry-run", "--format", "markdown").stdout)))
	golden.Check(t, "testdata/milestones-text.golden", []byte(settled(w.does(0, "run", "--dry-run", "--format", "text").stdout)))
	golden.Check(t, "testdata/milestones-slack.golden", []byte(settled(w.does(0, "run", "--dry-run", "--format", "slack").stdout)))
	w.wants("a week", "1.36 Code Freeze cycle.moved", "1.37 Code Freeze cycle.added", "1.37 Docs: ready for review cycle.added",
		"1.37 Enhancements Freeze cycle.added", "1.37 Release cycle.added", "next <b>@everyone</b> fixes #1 milestone.opened",
		"v1.36 milestone.due_changed+milestone.progress", "v1.37 milestone.progress")
	w.does(0, "run")
	w.wantIssues(2)

	at := utc("2026-04-24")
	w.changed(68, func(m *ghtest.Milestone) { m.State, m.ClosedAt, m.Updated, m.OpenIssues = "closed", &at, at, 0 })
	w.wants("closed", "v1.36 milestone.closed+milestone.progress")
	w.does(0, "run")
	if r := w.does(0, "run"); r.api != 1 {
		t.Errorf("quiet at last, for %d requests:\n%s", r.api, w.calls(r.api))
	}
}

// TestMilestoneTraps: what looks like news of a milestone, and what does not.
func TestMilestoneTraps(t *testing.T) {
	whole(t)
	t.Parallel()
	// fallen closes ten others later, so that one that is closed is not listed any more.
	fallen := func(w *milestoneWorld) {
		for i := range 10 {
			w.closed(50+i, fmt.Sprintf("old-%d", i), fmt.Sprintf("2026-03-%02d", 10+i))
		}
	}
	for i, tt := range []struct {
		name   string
		before func(w *milestoneWorld)
		change func(w *milestoneWorld)
		want   []string
	}{
		{"deleted", nil, func(w *milestoneWorld) { w.gh.DeleteMilestone(kubernetes, 69) }, []string{"v1.37 milestone.removed"}},
		{"deleted when it was closed", nil, func(w *milestoneWorld) { w.gh.DeleteMilestone(kubernetes, 66) }, nil},
		{"closed, and not listed any more", nil, func(w *milestoneWorld) { w.closed(69, "v1.37", "2026-03-07"); fallen(w) },
			[]string{"v1.37 milestone.closed+milestone.progress"}},
		{"old ones are listed again", nil, fallen, nil},
		{"open again, and was not listed", fallen, func(w *milestoneWorld) {
			w.changed(66, func(m *ghtest.Milestone) { m.State, m.ClosedAt = "open", nil })
		},
			[]string{"v1.34 milestone.reopened"}},
		{"open again", nil, func(w *milestoneWorld) {
			w.changed(67, func(m *ghtest.Milestone) { m.State, m.ClosedAt = "open", nil })
		},
			[]string{"v1.35 milestone.reopened"}},
		{"new, and closed already", nil, func(w *milestoneWorld) { w.closed(70, "v1.36.1", "2026-03-07") }, []string{"v1.36.1 milestone.opened+milestone.closed"}},
		{"renamed", nil, func(w *milestoneWorld) { w.changed(69, func(m *ghtest.Milestone) { m.Title = "v1.37 (next)" }) },
			[]string{"v1.37 (next) milestone.renamed"}},
		{"two of a title", nil, func(w *milestoneWorld) { w.milestone(ghtest.Milestone{Number: 70, Title: "v1.37"}) }, []string{"v1.37 milestone.opened"}},
		{"a due date is taken away", nil, func(w *milestoneWorld) { w.changed(68, func(m *ghtest.Milestone) { m.Due = nil }) }, []string{"v1.36 milestone.due_changed"}},
		{"another interface gives the day as another moment", nil, func(w *milestoneWorld) { w.set("GITHUB_TOKEN=") }, nil},
		{"a file of dates is gone", nil, func(w *milestoneWorld) {
			w.push(sigRelease, map[string][]byte{schedule36: nil, "README.md": []byte("x\n")})
		}, nil},
		{"all dates are gone", nil, func(w *milestoneWorld) { w.push(sigRelease, map[string][]byte{schedule36: []byte("# moved\n")}) }, nil},
		{"one date is gone", nil, func(w *milestoneWorld) {
			w.push(sigRelease, map[string][]byte{schedule36: schedule36As(codeFreeze, "TBD")})
		}, []string{"1.36 Docs: ready for review cycle.removed"}},
		{"a date can't be read", nil, func(w *milestoneWorld) {
			w.push(sigRelease, map[string][]byte{schedule36: schedule36As(codeFreeze, "31 June 2026")})
		}, nil},
		{"a day is said more exactly", nil, func(w *milestoneWorld) {
			w.push(sigRelease, map[string][]byte{schedule36: schedule36As(codeFreeze, docsReview+" (AoE)")})
		}, nil},
	} {
		if !sampled(i, 5) {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newMilestones(t)
			if tt.before != nil {
				tt.before(w)
				w.does(0, "run")
				for n := range 10 { // what is closed last moves on, and nothing of it is told
					w.closed(50+n, fmt.Sprintf("old-%d", n), fmt.Sprintf("2026-03-%02d", 20+n%3))
				}
			}
			w.does(0, "run")
			tt.change(w)
			w.wants(tt.name, tt.want...)
			w.does(0, "run", "--dry-run")
			w.set("GITHUB_TOKEN=" + secret)
			w.does(0, "run")
			w.wants("told once")
			if r := w.does(0, "run"); r.api != 1 {
				t.Errorf("quiet again, for %d requests:\n%s", r.api, w.calls(r.api))
			}
		})
	}
}

// TestDateThatCannotBeRead is kept as it was, and the digest says so.
func TestDateThatCannotBeRead(t *testing.T) {
	t.Parallel()
	w := newMilestones(t)
	w.does(0, "run")
	w.push(sigRelease, map[string][]byte{schedule36: schedule36As("31 June 2026", docsReview)})
	w.news()
	w.does(0, "run")
	if body := w.newest(); !strings.Contains(body, "README.md:5") || !strings.Contains(body, "the date of Code Freeze could not be read (there is no such day)") ||
		!strings.Contains(body, "Next: Code Freeze for 1.36 in 13 days") {
		t.Errorf("the digest:\n%s", body)
	}
	w.push(sigRelease, map[string][]byte{schedule36: schedule36As(codeMoved, docsReview)})
	w.wants("mended", "1.36 Code Freeze cycle.moved")
}

// TestMirrorHasNoMilestones: they are left out, and that is no failure. The cycle's dates are in git.
func TestMirrorHasNoMilestones(t *testing.T) {
	t.Parallel()
	w := newMilestones(t)
	w.reads("mirrors: [{repository: kubernetes/kubernetes, path: " + w.git + "}, {repository: kubernetes/sig-release, path: " + w.repositories[0].dir + "}]\n")
	if r := w.does(0, "run"); !strings.Contains(r.stdout+r.stderr, "a mirror has no milestones") {
		t.Errorf("it does not say so:\n%s%s", r.stdout, r.stderr)
	}
	if body := w.newest(); !strings.Contains(body, "milestones skipped (a mirror has no milestones)") || !strings.Contains(body, "now watching 4 dates") {
		t.Errorf("the digest:\n%s", body)
	}
	w.reads("")
	w.wants("with the network, they are watched from now on")
}

// TestFaultsOfMilestones: what can't be read is named, the others are told, nothing is told as removed, and the next
// good run tells what was missed.
func TestFaultsOfMilestones(t *testing.T) {
	whole(t)
	t.Parallel()
	all := []ghtest.Fault{
		{Kind: ghtest.ServerError}, {Kind: ghtest.HTML}, {Kind: ghtest.Truncated}, {Kind: ghtest.Hang}, {Kind: ghtest.Empty}, {Kind: ghtest.GraphQLErrors},
	}
	i := 0
	for _, where := range []struct {
		name        string
		meets       func(ghtest.Request) bool
		says        string
		first, then []string
	}{
		{"looking up", func(r ghtest.Request) bool { return strings.Contains(r.Document, "query Milestones") }, "milestones could not be read", []string{"1.36 Code Freeze cycle.moved", gateNews}, []string{"v1.37 milestone.removed"}},
		{"dates", func(r ghtest.Request) bool {
			return strings.Contains(r.Document, "query Files") && strings.Contains(r.Variables, "sig-release") || strings.Contains(r.Path, "/kubernetes/sig-release/")
		}, "milestones/cycle could not be read", []string{gateNews, "v1.37 milestone.removed"}, []string{"1.36 Code Freeze cycle.moved"}},
	} {
		for _, f := range all {
			if i++; !sampled(i, 4) {
				continue
			}
			t.Run(where.name+" "+string(f.Kind), func(t *testing.T) {
				t.Parallel()
				w := newMilestones(t)
				w.reads("run: {source_timeout: 1s}\n")
				w.does(0, "run")
				w.news()
				w.gh.DeleteMilestone(kubernetes, 69)
				w.push(sigRelease, map[string][]byte{schedule36: schedule36As(codeMoved, docsReview)})
				f.Times = -1
				f.Match = where.meets
				w.gh.AddFault(f)
				w.wants("broken", where.first...)
				if r := w.does(exitSource, "run"); !strings.Contains(r.stderr, where.says) {
					t.Errorf("it does not say %q:\n%s", where.says, r.stderr)
				}
				w.wantIssues(2)
				if body := w.newest(); strings.Contains(body, "was deleted") != (where.name == "dates") {
					t.Errorf("the digest:\n%s", body)
				}
				w.does(exitSource, "run")
				w.wantIssues(2)
				w.gh.ClearFaults()
				w.wants("mended", where.then...)
				w.does(0, "run")
				if r := w.does(0, "run"); r.api != 1 {
					t.Errorf("quiet again, for %d requests:\n%s", r.api, w.calls(r.api))
				}
			})
		}
	}
	t.Run("the list", func(t *testing.T) {
		t.Parallel()
		w := newMilestones(t)
		w.does(0, "run")
		w.news()
		w.milestone(ghtest.Milestone{Number: 70, Title: "v1.38"})
		w.gh.AddFault(ghtest.Fault{Kind: ghtest.FieldError, Field: "milestones", Times: -1})
		w.wants("broken", gateNews)
		if r := w.does(exitSource, "run"); !strings.Contains(r.stderr, "milestones could not be read: read the milestones of kubernetes/kubernetes") {
			t.Errorf("%s", r.stderr)
		}
		w.gh.ClearFaults()
		w.wants("mended", "v1.38 milestone.opened")
	})
}

// TestNewSourceBesideProgress: a digest's cursor waits with what rides, but not where something else begins to be watched:
// it would begin again in each run.
func TestNewSourceBesideProgress(t *testing.T) {
	t.Parallel()
	w := newMilestones(t)
	w.wholeConfig(keepSources("upstreams:\n  - preset: kubernetes\n    sources: {milestones: {enabled: true, cycle: \"\", cycle_repository: \"\"}}\n", "gates"))
	w.does(0, "run")
	w.changed(68, func(m *ghtest.Milestone) { m.OpenIssues, m.ClosedIssues = 30, 1110 })
	w.reads("")
	w.does(0, "run")
	w.wantIssues(1)
	w.push(sigRelease, map[string][]byte{schedule36: schedule36As(codeMoved, docsReview)})
	w.wants("moved", "1.36 Code Freeze cycle.moved")
	w.does(0, "run")
	w.wantIssues(2)
}

// TestSinceHasNoMilestones: nobody knows what they were, so they are no news.
func TestSinceHasNoMilestones(t *testing.T) {
	t.Parallel()
	w := newMilestones(t)
	r := w.does(0, "run", "--dry-run", "--since", "v1.35.0", "--format", "json")
	if got := changesIn(t, r.stdout); strings.Contains(got, "milestone.") || strings.Contains(got, "cycle.") || !strings.Contains(got, "gate.") {
		t.Errorf("it tells\n%s", got)
	}
	w.does(0, "diff", "v1.35.0", "HEAD")
}

// TestDoctorNamesTheCycle: where the repository of the dates is wrong, its key is named.
func TestDoctorNamesTheCycle(t *testing.T) {
	t.Parallel()
	w := newMilestones(t)
	w.wholeConfig(keepSources("upstreams:\n  - preset: kubernetes\n    sources: {milestones: {enabled: true, cycle_repository: kubernetes/nope}}\n", "gates"))
	if r := w.bot("doctor", "--format", "json"); r.code != exitSource || !strings.Contains(r.stdout, "correct upstreams[0].sources.milestones.cycle_repository") {
		t.Errorf("exit code %d\n%s", r.code, r.stdout)
	}
	if r := w.bot("run", "--only", "milestones"); r.code != exitSource || !strings.Contains(r.stderr, "milestones/cycle could not be read: repository kubernetes/nope does not exist") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
}

// TestFilterOfProgress: who asks for what to act on only is told no progress of milestones beside an alert.
func TestFilterOfProgress(t *testing.T) {
	t.Parallel()
	w := newMilestones(t)
	w.set("BOT_GITHUB_MAX_WAIT=10ms")
	w.reads("digests: [{name: alerts, severities: [act], channels: [{type: github-issue}]}]\nrun: {failing_after: 1}\n")
	w.does(0, "run")
	before := len(w.issues())
	w.changed(68, func(m *ghtest.Milestone) { m.OpenIssues, m.ClosedIssues = 30, 1110 })
	w.push(sigRelease, map[string][]byte{schedule36: schedule36As(codeMoved, docsReview)})
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Times: -1, Match: func(r ghtest.Request) bool {
		return strings.Contains(r.Document, "query Files") && strings.Contains(r.Variables, "sig-release") || strings.Contains(r.Path, "/kubernetes/sig-release/")
	}})
	w.does(exitSource, "run")
	w.wantIssues(before + 1)
	if body := w.newest(); !strings.Contains(body, "could not be read") || strings.Contains(body, "1,110") {
		t.Errorf("it tells\n%s", body)
	}
}

// TestMilestonesOffAndOn: what is not listed any more when they are read again was not deleted for that.
func TestMilestonesOffAndOn(t *testing.T) {
	t.Parallel()
	w := newMilestones(t)
	two := "digests:\n  - {name: weekly, channels: [{type: github-issue}]}\n  - {name: other, channels: [{type: github-issue}]}\n"
	w.reads(two)
	w.does(0, "run")
	w.wholeConfig(keepSources("upstreams:\n  - preset: kubernetes\n"+two, "gates"))
	w.news()
	w.does(0, "run", "--digest", "other")
	w.closed(69, "v1.37", "2026-03-07")
	for i := range 10 {
		w.closed(50+i, fmt.Sprintf("old-%d", i), fmt.Sprintf("2026-03-%02d", 10+i))
	}
	w.reads(two)
	if got := changesIn(t, w.bot("run", "--dry-run", "--digest", "weekly", "--format", "json").stdout); strings.Contains(got, "removed") {
		t.Errorf("it tells\n%s", got)
	}
}

// TestDatesWithoutGates: where nothing that is read tells the version, the dates can't be found, and that is said.
func TestDatesWithoutGates(t *testing.T) {
	t.Parallel()
	w := newMilestones(t)
	w.wholeConfig(keepSources("upstreams:\n  - preset: kubernetes\n    sources: {milestones: {enabled: true}}\n"))
	if r := w.does(0, "run"); !strings.Contains(r.stderr, "milestones/cycle is left out: the upstream's version") {
		t.Errorf("it says\n%s", r.stderr)
	}
	due := utc("2026-04-24")
	w.changed(68, func(m *ghtest.Milestone) { m.Due = &due })
	w.does(0, "run")
	if !strings.Contains(w.newest(), "dates of the release cycle skipped (the upstream's version") {
		t.Errorf("the digest says\n%s", w.newest())
	}
	w.reads("")
	w.does(0, "run") // reads the version
	w.does(0, "run") // and the dates
	w.push(sigRelease, map[string][]byte{schedule36: schedule36As(codeMoved, docsReview)})
	w.wants("with gates", "1.36 Code Freeze cycle.moved")
}

// TestQuietWhileProgressWaits: a state on a branch is not read in each run because progress waits for news, which then
// tells all of it.
func TestQuietWhileProgressWaits(t *testing.T) {
	t.Parallel()
	w := newMilestones(t)
	w.onBranch()
	w.does(0, "run")
	w.now = w.now.Add(time.Hour)
	w.changed(68, func(m *ghtest.Milestone) { m.OpenIssues, m.ClosedIssues = 30, 1110 })
	w.push(sigRelease, map[string][]byte{schedule36: append(schedule36As(codeFreeze, docsReview), "\nMore words.\n"...)})
	w.does(0, "run")
	for range 2 {
		w.now = w.now.Add(time.Hour)
		if r := w.does(0, "run"); r.api != 1 {
			t.Errorf("a quiet run costs %d requests:\n%s", r.api, w.calls(r.api))
		}
	}
	w.news()
	w.wants("news", gateNews, "v1.36 milestone.progress")
}
