package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/ghtest"
)

// onBranch keeps the state on a branch of acme/platform, which has one commit of its own.
func (w *testWorld) onBranch() *testWorld {
	w.t.Helper()
	dir := filepath.Join(w.dir, "platform.git")
	plainRepository(w.t, dir)
	w.gh.AddRepository(ghtest.Repository{Name: "acme/platform", GitDir: dir})
	also := w.also
	w.also = func(other *testWorld) {
		if also != nil {
			also(other)
		}
		to := filepath.Join(other.dir, "platform.git")
		if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
			other.t.Fatal(err)
		}
		other.gh.AddRepository(ghtest.Repository{Name: "acme/platform", GitDir: to})
	}
	return w.set("BOT_STORE_DRIVER=branch")
}

// stateGit runs git in the digest repository.
func (w *testWorld) stateGit(args ...string) string {
	w.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = filepath.Join(w.dir, "platform.git")
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com")
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// Five runs: the first, a quiet one, a changed one, one in which upstream can't be read, and one in which it can again.
// The branch's history tells of them so that nobody needs to know the files.
func TestBranchTellsItsStory(t *testing.T) {
	t.Parallel()
	w := released(t).onBranch()
	first := w.ok("run")
	if r := w.ok("run"); r.api != 1 {
		t.Errorf("a quiet run costs %d requests", r.api)
	}
	w.commit("v1.36", promoteVolume)
	changed := w.ok("run")
	w.push(map[string][]byte{"pkg/features/kube_features.go": []byte("package features\n\nvar = {\n")})
	w.code(exitSource, "run")
	w.commit("v1.36", promoteVolume)
	w.ok("run")
	if r := w.ok("run"); r.api != 1 {
		t.Errorf("a quiet run afterwards costs %d requests", r.api)
	}
	w.wantIssues(2)
	story := w.stateGit("log", "--reverse", "--format=%s", stateBranch)
	want := strings.TrimSpace(`
read upstream: kubernetes
digest 1 queued, 5 to act on
digest 1 on its way to acme/platform
digest 1 delivered to acme/platform, issue 1
run 1 done
digest 2 queued, nothing to act on
digest 2 on its way to acme/platform
digest 2 delivered to acme/platform, issue 2
run 2 done
run 3: kubernetes gates could not be read
looked: nothing changed (run 4)`)
	if story != want {
		t.Errorf("the branch's history (-want +got):\n%s", cmp.Diff(want, story))
	}
	for _, file := range strings.Fields(w.stateGit("ls-tree", "-r", "--name-only", stateBranch)) {
		if strings.Contains(w.stateGit("show", stateBranch+":"+file), secret) {
			t.Errorf("%s holds the token", file)
		}
	}
	t.Logf("requests: first %d, changed %d", first.api, changed.api)
	t.Logf("\n%s", w.stateGit("log", "--format=%h %ad %s%n%w(0,4,4)%b", "--date=iso", stateBranch))
	t.Logf("\n%s", w.stateGit("show", stateBranch+":state.json"))
	t.Logf("\n%s", w.stateGit("ls-tree", "-r", "-l", stateBranch))
}

// A run that only delivers what an earlier one owed claims the state before it looks at its target, and before it sends
// anything: the label is missing too.
func TestBranchClaimsBeforeDelivering(t *testing.T) {
	t.Parallel()
	w := released(t).onBranch()
	for _, path := range []string{"/repos/*/*/labels", "/repos/*/*/issues"} {
		w.gh.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Status: 403, Method: "POST", Path: path, Times: 2})
	}
	w.code(exitDelivery, "run")
	w.gh.ClearFaults()
	before := len(w.gh.Requests())
	w.ok("run")
	w.wantIssues(1)
	claimed, looked := -1, -1
	for i, r := range w.gh.Requests()[before:] {
		switch {
		case strings.Contains(r.Document, "createCommitOnBranch") && claimed < 0:
			claimed = i
		case strings.Contains(r.Document, "query Target") && looked < 0:
			looked = i
		}
	}
	if claimed < 0 || looked < claimed {
		t.Errorf("it claims with request %d and looks with %d", claimed, looked)
	}
}

// TestWorkflowsRaceOnBranch: two workflows begin at the same moment, on machines that know nothing of each other, each
// time that upstream has changed. One digest is filed each time; the other leaves with 5 and says why, or comes late
// and finds nothing to do.
func TestWorkflowsRaceOnBranch(t *testing.T) {
	t.Parallel()
	rounds := 50
	if testing.Short() || raceDetector {
		rounds = 8
	}
	w := released(t).onBranch()
	old := w.upstreamHead()
	w.commit("v1.36", promoteVolume)
	heads := []string{w.upstreamHead(), old}
	w.setUpstream(old)
	w.ok("run")
	w.wantIssues(1)
	codes, quicker := map[[2]int]int{}, 0
	for round := range rounds {
		w.setUpstream(heads[round%2])
		var both [2]result
		var wg sync.WaitGroup
		start := make(chan struct{})
		for i := range both {
			wg.Go(func() {
				<-start
				var out, errs bytes.Buffer
				both[i].code = execute(w.t.Context(), environment{args: []string{"run"}, stdout: &out, stderr: &errs, environ: w.env, now: time.Now})
				both[i].stderr = errs.String()
			})
		}
		close(start)
		wg.Wait()
		if n := len(w.issues()); n != round+2 {
			t.Fatalf("round %d: %d digests are filed, want %d\n%s---\n%s", round, n-1, round+1, both[0].stderr, both[1].stderr)
		}
		for _, r := range both {
			if strings.Contains(r.stderr, "was quicker on branch "+stateBranch) {
				quicker++
			}
			said := strings.Contains(r.stderr, "was quicker on branch "+stateBranch) || strings.Contains(r.stderr, "another run holds the lock")
			if r.code != exitDone && (r.code != exitLocked || !said) {
				t.Fatalf("round %d: exit code %d\n%s", round, r.code, r.stderr)
			}
		}
		slices.SortFunc(both[:], func(a, b result) int { return a.code - b.code })
		if both[0].code != exitDone {
			t.Fatalf("round %d: none came to its end\n%s---\n%s", round, both[0].stderr, both[1].stderr)
		}
		codes[[2]int{both[0].code, both[1].code}]++
	}
	if r := w.ok("run"); r.api != 1 {
		t.Errorf("a quiet run afterwards costs %d requests", r.api)
	}
	w.wantWhole(rounds+1, 0)
	t.Logf("%d races, %d digests; exit codes of the two: %v; %d found out when they committed, the others before", rounds, len(w.issues())-1, codes, quicker)
}
