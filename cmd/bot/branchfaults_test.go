package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/ghtest"
)

const stateBranch = "upstream-digest-state"

// TestFaultMatrixOnBranch is the fault matrix for a state on a branch: what it asks and what it writes meets every fault.
// A state that can't be had or written is exit code 6; once the trouble is over, nothing is lost and nothing is told
// twice.
func TestFaultMatrixOnBranch(t *testing.T) {
	whole(t)
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	newBranchMatrix(t).run(t, "testdata/fault-matrix-branch.golden")
}

func newBranchMatrix(t *testing.T) *matrix {
	t.Helper()
	w := newWorld(t)
	w.commit("v1.35", few, "v1.35.0")
	w.commit("v1.36", few)
	base := w.git
	changed := filepath.Join(w.dir, "changed.git")
	copyTo(t, base, changed)
	w.git = changed
	w.commit("v1.36", func(rows []facts.Row) []facts.Row { return promoteVolume(few(rows)) })
	m := &matrix{seen: map[string]bool{}, met: map[string]bool{}, platform: filepath.Join(w.dir, "platform.git")}
	plainRepository(t, m.platform)
	after := past{platform: filepath.Join(w.dir, "after.git")}
	t.Run("fixture", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := newBubble(t, base, ghtest.Options{})
			b.onBranch(m.platform)
			if r := b.run("run"); r.code != exitDone {
				t.Fatalf("exit code %d\n%s", r.code, r.stderr)
			}
			copyTo(t, filepath.Join(b.dir, "platform.git"), after.platform)
			after.issues = b.issues()
		})
	})
	m.scenarios = []*scenario{
		{name: "first run", args: []string{"run"}, git: base, branch: true},
		{name: "changed run", args: []string{"run"}, git: changed, branch: true, before: &after},
		// None of its files comes with the head.
		{name: "changed run, long files", args: []string{"run"}, git: changed, branch: true, before: &after, opts: ghtest.Options{BlobTextLimit: 100}, news: true, quiet: 4},
	}
	return m
}

// plainRepository makes a repository with one commit and no state.
func plainRepository(tb testing.TB, dir string) {
	tb.Helper()
	git := func(at string, args ...string) string {
		cmd := exec.Command("git", args...)
		cmd.Dir = at
		cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
			"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com")
		out, err := cmd.CombinedOutput()
		if err != nil {
			tb.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	git(".", "init", "--quiet", "--bare", "--initial-branch=main", dir)
	git(dir, "update-ref", "refs/heads/main", git(dir, "commit-tree", "-m", "first", git(dir, "mktree")))
}

// onBranch keeps the state on a branch of a copy of the repository.
func (b *bubble) onBranch(platform string) {
	b.t.Helper()
	dir := filepath.Join(b.dir, "platform.git")
	if err := os.CopyFS(dir, os.DirFS(platform)); err != nil {
		b.t.Fatal(err)
	}
	b.gh.AddRepository(ghtest.Repository{Name: "acme/platform", GitDir: dir})
	b.env = append(b.env, "BOT_STORE_DRIVER=branch")
}

// concernsState reports whether a request of a run with a state on a branch is about the state, be it among others. One
// that asks for an issue alone is about boxes.
func concernsState(r ghtest.Request) bool {
	if r.Kind == ghtest.GraphQL {
		return strings.Contains(r.Document, "createCommitOnBranch") || strings.Contains(r.Variables, `"platform"`) &&
			(strings.Contains(r.Document, "query Heads") && !strings.Contains(r.Document, "issue(number") || strings.Contains(r.Document, "query Files") || strings.Contains(r.Document, "query Sizes"))
	}
	return strings.HasPrefix(r.Path, "/repos/acme/platform/git/")
}

// A branch that stands still for a day is written to once: a heartbeat. No more is said of runs that found nothing.
func TestBranchHeartbeat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commit("v1.35", few, "v1.35.0")
	w.commit("v1.36", few)
	platform := filepath.Join(w.dir, "platform.git")
	plainRepository(t, platform)
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, w.git, ghtest.Options{})
		b.onBranch(platform)
		for _, schedule := range []struct{ config, name string }{{"", "digest"}, {"digests:\n  - {name: weekly, schedule: \"17 7 * * 1\"}\n", "weekly"}} {
			b.config(schedule.config)
			if r := b.run("run"); r.code != exitDone {
				t.Fatalf("exit code %d\n%s", r.code, r.stderr)
			}
			days, dear := 8, 0
			if testing.Short() || raceDetector {
				days = 3
			}
			written := len(b.gh.Writes())
			for range 24 * days {
				time.Sleep(time.Hour)
				r := b.run("run")
				if r.code != exitDone {
					t.Fatalf("exit code %d\n%s", r.code, r.stderr)
				}
				if r.api > 1 {
					dear++
				}
			}
			commits := len(b.gh.Writes()) - written
			t.Logf("%s: %d quiet hourly runs: %d commits, %d runs of more than one request", schedule.name, 24*days, commits, dear)
			// One in 20 hours, and one at each Monday of a schedule.
			if most := 24*days/20 + 1 + (days+6)/7; commits > most || commits < days-1 || dear > commits {
				t.Errorf("%d commits in %d days, and %d runs cost more than one request", commits, days, dear)
			}
		}
	})
}

// A digest with a schedule is told at its boundaries, also where the runs between them left nothing behind: the boundary
// at which there was nothing to tell is remembered.
func TestBranchTellsAtBoundaries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commit("v1.35", few, "v1.35.0")
	w.commit("v1.36", few)
	old := w.upstreamHead()
	w.commit("v1.36", func(rows []facts.Row) []facts.Row { return promoteVolume(few(rows)) })
	changed := w.upstreamHead()
	w.setUpstream(old)
	platform := filepath.Join(w.dir, "platform.git")
	plainRepository(t, platform)
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, w.git, ghtest.Options{})
		b.onBranch(platform)
		b.config("digests:\n  - {name: weekly, schedule: \"17 7 * * 1\"}\n") // the clock begins on a Saturday
		hourly := func(hours int) {
			t.Helper()
			for range hours {
				if r := b.run("run"); r.code != exitDone {
					t.Fatalf("exit code %d\n%s", r.code, r.stderr)
				}
				time.Sleep(time.Hour)
			}
		}
		hourly(24*2 + 9) // past Monday's boundary, and not long
		w.setUpstream(changed)
		hourly(24*7 - 2)
		if n := len(b.issues()); n != 1 {
			t.Errorf("%d issues before the next Monday, want the first alone", n)
		}
		hourly(24)
		if n := len(b.issues()); n != 2 {
			t.Errorf("%d issues after it, want 2", n)
		}
	})
}

func (w *testWorld) upstreamHead() string {
	w.t.Helper()
	out, err := exec.Command("git", "-C", w.git, "rev-parse", "HEAD").Output()
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// setUpstream moves the upstream's branch.
func (w *testWorld) setUpstream(sha string) {
	w.t.Helper()
	if out, err := exec.Command("git", "-C", w.git, "update-ref", "HEAD", sha).CombinedOutput(); err != nil {
		w.t.Fatalf("%v\n%s", err, out)
	}
}
