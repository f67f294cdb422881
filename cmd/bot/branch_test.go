//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/upstream-digest/bot/internal/ghtest"
)

const stateBranch = "upstream-digest-state"

// onBranch keeps the state on a branch of acme/platform, which has one commit of its own.
func (w *testWorld) onBranch() *testWorld {
	w.t.Helper()
	dir := filepath.Join(w.dir, "platform.git")
	if out, err := exec.Command("git", "init", "--quiet", "--bare", "--initial-branch=main", dir).CombinedOutput(); err != nil {
		w.t.Fatalf("git init: %v\n%s", err, out)
	}
	w.stateGit("update-ref", "refs/heads/main", w.stateGit("commit-tree", "-m", "first", w.stateGit("mktree")))
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

// commits is the state's history, newest first.
func (w *testWorld) commits() []string {
	w.t.Helper()
	return strings.Split(w.stateGit("log", "--format=%s", stateBranch), "\n")
}

// A first run, quiet ones, and a changed one, of which the branch's history tells.
func TestBranchStateTellsItsStory(t *testing.T) {
	t.Parallel()
	w := released(t).onBranch()
	first := w.ok("run")
	w.wantIssues(1)
	t.Logf("first run: %d requests\n%s", first.api, first.stderr)
	n := len(w.commits())
	if r := w.ok("run"); r.api != 1 || len(w.commits()) != n {
		t.Errorf("a quiet run costs %d requests and makes %d commits", r.api, len(w.commits())-n)
	}
	w.commit("v1.36", promoteVolume)
	changed := w.ok("run")
	w.wantIssues(2)
	t.Logf("changed run: %d requests\n%s", changed.api, changed.stderr)
	if r := w.ok("run"); r.api != 1 {
		t.Errorf("a quiet run costs %d requests", r.api)
	}
	t.Log(w.stateGit("log", "--stat", stateBranch))
	t.Log(w.stateGit("show", stateBranch+":state.json"))
}

// TestKilledAnywhereOnBranch is the crash table for a state on a branch: each request may now be a write to it.
func TestKilledAnywhereOnBranch(t *testing.T) {
	t.Parallel()
	killedAnywhere(t, (*testWorld).onBranch, 15)
}
