package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/store"
)

// forget deletes the state's branch.
func (w *testWorld) forget() { w.stateGit("update-ref", "-d", "refs/heads/"+stateBranch) }

// editState commits to the state's branch as a person would.
func (w *testWorld) editState(f func(dir string)) {
	w.t.Helper()
	dir := filepath.Join(w.t.TempDir(), "work")
	w.stateGit("worktree", "add", "--quiet", dir, stateBranch)
	f(dir)
	w.stateGit("-C", dir, "add", "--all")
	w.stateGit("-C", dir, "commit", "--quiet", "-m", "by hand")
	w.stateGit("worktree", "remove", "--force", dir)
}

// The commands that look at a state, move it and mend it do so on a branch too.
func TestStateCommandsOnBranch(t *testing.T) {
	whole(t)
	t.Parallel()
	w := released(t).onBranch()
	for _, cmd := range []string{"show", "history"} {
		if r := w.ok("state", cmd); !strings.Contains(r.stdout, "yet") {
			t.Errorf("without a state, bot state %s says:\n%s", cmd, r.stdout)
		}
	}
	for _, args := range [][]string{{"state", "export"}, {"state", "retry", "digest/1"}, {"state", "unlock"}} {
		if r := w.run(args...); r.code != exitState || !strings.Contains(r.stderr, "there is no such branch") {
			t.Errorf("bot %v without a state: %d\n%s", args, r.code, r.stderr)
		}
	}
	w.ok("run")
	w.commit("v1.36", promoteVolume)
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Status: 403, Method: "POST", Path: "/repos/*/*/issues"})
	w.code(exitDelivery, "run")
	at := w.stateGit("rev-parse", stateBranch)
	show := w.ok("state", "show")
	for _, want := range []string{"branch " + stateBranch + " of acme/platform, at " + at[:12], "Lock       free", "digest/2/github-issue/1-of-1", "to be delivered"} {
		if !strings.Contains(show.stdout, want) {
			t.Errorf("show lacks %q:\n%s", want, show.stdout)
		}
	}
	obeysSchema(t, w.ok("state", "show", "--format", "json").stdout)
	if history := w.ok("state", "history"); !strings.Contains(history.stdout, "acme/platform/issues/1") {
		t.Errorf("history:\n%s", history.stdout)
	}

	// To a file, and back to another branch: nothing is lost, and nothing told twice.
	exported := filepath.Join(w.dir, "state.json")
	w.ok("state", "export", exported)
	if r := w.ok("state", "import", exported, "--replace"); !strings.Contains(r.stderr, "history, at commit "+at[:12]) {
		t.Errorf("replacing:\n%s", r.stderr)
	}
	w.set("BOT_STORE_DRIVER=sqlite")
	w.ok("state", "import", exported)
	fromFile := w.ok("state", "export").stdout
	w.set("BOT_STORE_DRIVER=branch", "BOT_STORE_BRANCH=another")
	w.ok("state", "import", exported)
	if r := w.run("state", "import", exported); r.code != exitUsage || !strings.Contains(r.stderr, "is not empty") {
		t.Errorf("importing over a state: %d\n%s", r.code, r.stderr)
	}
	if again := w.ok("state", "export").stdout; withoutFence(again) != withoutFence(fromFile) || withoutFence(again) != withoutFence(read(t, exported)) {
		t.Error("moved to a file and to another branch, the state is not the same")
	}
	w.ok("run")
	w.wantIssues(2)
	if r := w.ok("run"); r.api != 1 {
		t.Errorf("a quiet run costs %d requests", r.api)
	}
	w.wantIssues(2)
}

// Given up, and put back in line.
func TestRetryOnBranch(t *testing.T) {
	whole(t)
	t.Parallel()
	w := released(t).onBranch()
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Status: 403, Method: "POST", Path: "/repos/*/*/issues"})
	w.code(exitDelivery, "run")
	if r := w.run("state", "retry", "digest/1"); r.code != exitUsage || !strings.Contains(r.stderr, "it was not given up") {
		t.Errorf("retry of what is owed: %d\n%s", r.code, r.stderr)
	}
	// As many runs would have it.
	exported := filepath.Join(w.dir, "state.json")
	e, err := store.DecodeExport("state.json", []byte(w.ok("state", "export").stdout))
	if err != nil {
		t.Fatal(err)
	}
	e.Deliveries[0].State, e.Deliveries[0].Tries = store.GivenUp, 10
	data, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(exported, data, 0o600); err != nil {
		t.Fatal(err)
	}
	w.ok("state", "import", exported, "--replace")
	w.ok("run")
	w.wantIssues(0)
	if r := w.ok("state", "retry", "digest/1"); !strings.Contains(r.stdout, "digest/1/github-issue/1-of-1 is in line again") {
		t.Errorf("retry says:\n%s", r.stdout)
	}
	if r := w.ok("state", "unlock"); !strings.Contains(r.stderr, "nobody holds the lock") {
		t.Errorf("unlock: %s", r.stderr)
	}
	w.ok("run")
	w.wantIssues(1)
}

// A branch that was changed by hand, cut or taken for something else: the run tells nothing, says what to do in one
// sentence, and leaves with 6. What it says to do helps.
func TestBranchSpoilt(t *testing.T) {
	whole(t)
	t.Parallel()
	for name, one := range map[string]struct {
		spoil func(w *testWorld)
		want  string
	}{
		"a cursor set back by hand": {func(w *testWorld) {
			w.editState(func(dir string) { rewrite(w.t, filepath.Join(dir, "state.json"), `"seq": 2`, `"seq": 1`) })
		}, "state.json is not what the bot wrote"},
		"an item removed": {func(w *testWorld) {
			w.editState(func(dir string) { w.remove(filepath.Join(dir, "items")) })
		}, "items is not what the bot wrote"},
		"another branch's content": {func(w *testWorld) { w.stateGit("update-ref", "refs/heads/"+stateBranch, "refs/heads/main") }, "it has no state.json"},
		"a newer bot's": {func(w *testWorld) {
			w.editState(func(dir string) { rewrite(w.t, filepath.Join(dir, "state.json"), `"schema": 1`, `"schema": 7`) })
		}, "newer bot (schema 7, this one knows 1); update bot"},
		"set back to its own past": {func(w *testWorld) {
			w.stateGit("update-ref", "refs/heads/"+stateBranch, w.stateGit("log", "-1", "--format=%H", "--grep=run 1 done", stateBranch))
		}, "the state is older than what was filed with it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := released(t).onBranch()
			w.ok("run")
			w.commit("v1.36", promoteVolume)
			w.ok("run")
			exported := filepath.Join(w.dir, "state.json")
			w.ok("state", "export", exported)
			one.spoil(w)
			w.commit("v1.36", both(promoteVolume, promoteAdmin))
			for _, args := range [][]string{{"run"}, {"run"}} {
				r := w.code(exitState, args...)
				if !strings.Contains(r.stderr, one.want) {
					t.Errorf("bot %v does not say %q:\n%s", args, one.want, r.stderr)
				}
			}
			w.wantIssues(2)
			if name == "a newer bot's" {
				w.code(exitState, "state", "import", exported, "--replace")
				w.forget() // the state is lost: it finds its place from what it has filed
			} else {
				w.ok("state", "import", exported, "--replace")
			}
			w.ok("run")
			w.wantIssues(3)
			if body := w.issues()[2].Body; !strings.Contains(body, "DRAAdminAccess") || strings.Contains(body, "ImageVolumeWithDigest") {
				t.Errorf("the third digest does not tell just what is new:\n%s", body)
			}
		})
	}
}

// remove takes a file or folder away.
func (w *testWorld) remove(path string) {
	w.t.Helper()
	if err := os.RemoveAll(path); err != nil {
		w.t.Fatal(err)
	}
}

func rewrite(tb testing.TB, path, from, to string) {
	tb.Helper()
	data, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(data), from) {
		tb.Fatalf("%s does not hold %q: %v\n%s", path, from, err, data)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(data), from, to, 1)), 0o600); err != nil {
		tb.Fatal(err)
	}
}

// A lost branch is a lost state: the bot goes on where its newest issue ended.
func TestBranchLost(t *testing.T) {
	whole(t)
	t.Parallel()
	w := released(t).onBranch()
	w.ok("run")
	w.forget()
	w.commit("v1.36", promoteVolume)
	r := w.ok("run")
	w.wantIssues(2)
	if body := w.issues()[1].Body; !strings.Contains(body, "The state was lost") || !strings.Contains(body, "ImageVolumeWithDigest") {
		t.Errorf("the digest after the loss:\n%s\n%s", body, r.stderr)
	}
}

// Several definitions share a branch; each keeps its place, and a new one starts like the others.
func TestSeveralDefinitionsOnBranch(t *testing.T) {
	whole(t)
	t.Parallel()
	w := released(t).onBranch()
	config := strings.ReplaceAll(`
target:
  repository: acme/platform
digests:
  - name: weekly
    channels: [{type: github-issue}]
  - name: alerts
    severities: [act]
    channels: [{type: file, path: "DIR/out/{definition}-{seq}.md"}]
`, "DIR", w.dir)
	w.config(config)
	w.ok("run")
	w.wantWhole(1, 1)
	w.commit("v1.36", promoteVolume)
	w.ok("run", "--digest", "weekly")
	w.wantIssues(2)
	w.ok("run")
	var st struct {
		Cursors []struct {
			Definition string
			Seq        int64
		}
	}
	if err := json.Unmarshal([]byte(w.stateGit("show", stateBranch+":state.json")), &st); err != nil {
		t.Fatal(err)
	}
	if len(st.Cursors) != 2 || st.Cursors[0].Definition != "alerts" || st.Cursors[1].Seq != 2 {
		t.Errorf("cursors: %+v", st.Cursors)
	}
	if r := w.ok("run"); r.api != 1 {
		t.Errorf("a quiet run costs %d requests", r.api)
	}
}

// What a state on a branch needs, and what can't be done with one, is said before anything is asked.
func TestBranchNeeds(t *testing.T) {
	whole(t)
	t.Parallel()
	w := released(t).onBranch()
	w.set("GITHUB_TOKEN=")
	for _, args := range [][]string{{"run", "--dry-run"}, {"state", "show"}} {
		if r := w.code(exitUsage, args...); !strings.Contains(r.stderr, "needs a token with the permission contents: write") || r.api != 0 {
			t.Errorf("bot %v without a token: %d requests\n%s", args, r.api, r.stderr)
		}
	}
	w.set("GITHUB_TOKEN="+secret, "GITHUB_REPOSITORY=")
	if r := w.code(exitUsage, "run", "--dry-run"); !strings.Contains(r.stderr, "set store.repository") {
		t.Errorf("without a repository:\n%s", r.stderr)
	}
	w.set("GITHUB_REPOSITORY=acme/platform")
	if r := w.code(exitUsage, "run", "--record", filepath.Join(w.dir, "rec")); !strings.Contains(r.stderr, "BOT_STORE_DRIVER=sqlite bot state import") || r.api != 0 {
		t.Errorf("recording:\n%s", r.stderr)
	}
	w.ok("run", "--dry-run")
	if got := w.stateGit("for-each-ref", "--format=%(refname)"); got != "refs/heads/main" {
		t.Errorf("a dry run wrote:\n%s", got)
	}
	w.ok("run")
	before := w.stateGit("rev-parse", stateBranch)
	w.commit("v1.36", promoteVolume)
	if r := w.ok("run", "--dry-run"); !strings.Contains(r.stdout, "ImageVolumeWithDigest") {
		t.Errorf("a dry run does not see the state:\n%s", r.stdout)
	}
	w.ok("doctor")
	if now := w.stateGit("rev-parse", stateBranch); now != before {
		t.Error("a dry run or the doctor wrote")
	}
}
