package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/store"
	"github.com/upstream-digest/bot/internal/store/sqlite"
)

// obeysSchema checks a printed document against the schema that it names.
func obeysSchema(t *testing.T, text string) {
	t.Helper()
	const base = "https://raw.githubusercontent.com/upstream-digest/bot/main/docs/schema/"
	c := jsonschema.NewCompiler()
	files, err := filepath.Glob("../../docs/schema/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no schemas", err)
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource(base+filepath.Base(f), doc); err != nil {
			t.Fatal(err)
		}
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	id, _ := doc.(map[string]any)["schema"].(string)
	s, err := c.Compile(id)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(doc); err != nil {
		t.Error(err)
	}
}

// giveUp makes the first digest of the world fail until it is given up, by writing that it did.
func giveUp(t *testing.T, w *testWorld) {
	t.Helper()
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Status: 403, Method: "POST", Path: "/repos/*/*/issues", Times: 1})
	if r := w.run("run"); r.code != exitDelivery {
		t.Fatalf("exit code %d\n%s", r.code, r.stderr)
	}
	change(t, w, func(d *store.Delivery) { d.State, d.Tries = store.GivenUp, 10 })
}

// change writes into the state what many runs would have.
func change(t *testing.T, w *testWorld, f func(*store.Delivery)) {
	t.Helper()
	s, err := sqlite.Open(t.Context(), w.state(), sqlite.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	lease, err := s.Acquire(t.Context(), "test", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	ds, err := s.Deliveries(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for i := range ds {
		f(&ds[i])
	}
	if err := s.Commit(t.Context(), lease, &store.Update{Deliveries: ds}); err != nil {
		t.Fatal(err)
	}
	if err := s.Release(t.Context(), lease); err != nil {
		t.Fatal(err)
	}
}

// offline takes network and token away, so that whoever needs them fails.
func (w *testWorld) offline() *testWorld {
	return w.set("GITHUB_TOKEN=", "GITHUB_API_URL=http://127.0.0.1:1", "GITHUB_GRAPHQL_URL=http://127.0.0.1:1/graphql", "BOT_GITHUB_RAW_URL=http://127.0.0.1:1/raw")
}

func (w *testWorld) online() *testWorld {
	return w.set("GITHUB_TOKEN="+secret, "GITHUB_API_URL="+w.gh.URL(), "GITHUB_GRAPHQL_URL="+w.gh.URL()+"/graphql", "BOT_GITHUB_RAW_URL="+w.gh.URL()+"/raw")
}

func TestStateShowAndHistory(t *testing.T) {
	w := released(t)
	for _, cmd := range []string{"show", "history"} {
		if r := w.ok("state", cmd); !strings.Contains(r.stdout, "yet") {
			t.Errorf("without a state, bot state %s says:\n%s", cmd, r.stdout)
		}
		obeysSchema(t, w.ok("state", cmd, "--format", "json").stdout)
	}
	if !missing(filepath.Dir(w.state())) {
		t.Error("looking made the state's folder")
	}
	w.ok("run")
	w.push(map[string][]byte{"pkg/features/kube_features.go": []byte("package features\n\nvar = {\n")})
	if r := w.run("run"); r.code != exitSource {
		t.Fatal(r.code, r.stderr)
	}
	w.commit("v1.36", promoteVolume)
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Status: 403, Method: "POST", Path: "/repos/*/*/issues", Times: 1})
	if r := w.run("run"); r.code != exitDelivery {
		t.Fatal(r.code, r.stderr)
	}
	w.offline()
	show := w.ok("state", "show").stdout
	for _, want := range []string{
		"Lock       free", "schema 3", "digest", "kubernetes", "gates", "complete", "digest/2/github-issue/1-of-1", "to be delivered", "tried once", "to acme/platform", "issues: write",
		"failed: kubernetes gates", "filed: digest/1/github-issue/1-of-1", "/acme/platform/issues/1", "ago",
	} {
		if !strings.Contains(show, want) {
			t.Errorf("bot state show lacks %q", want)
		}
	}
	history := w.ok("state", "history").stdout
	for _, want := range []string{"failed: kubernetes gates", "kube_features.go:3:", "/acme/platform/issues/1", "told"} {
		if !strings.Contains(history, want) {
			t.Errorf("bot state history lacks %q", want)
		}
	}
	for _, text := range []string{show, history} {
		for line := range strings.Lines(text) {
			if n := ansi.StringWidth(strings.TrimSuffix(line, "\n")); n > 80 && !strings.Contains(line, "http") && !strings.Contains(line, w.dir) {
				t.Errorf("%d columns: %s", n, line)
			}
		}
		t.Logf("\n%s", text)
	}
	if one := w.ok("state", "history", "--limit", "1").stdout; strings.Contains(one, "issues/1") || !strings.Contains(one, "2 older runs more") {
		t.Errorf("--limit 1:\n%s", one)
	}
	for _, cmd := range []string{"show", "history"} {
		obeysSchema(t, w.ok("state", cmd, "--format", "json").stdout)
		if r := w.run("state", cmd, "--format", "yaml"); r.code != exitUsage {
			t.Errorf("--format yaml: exit code %d", r.code)
		}
	}
	var doc historyDocument
	if err := json.Unmarshal([]byte(w.ok("state", "history", "--format", "json").stdout), &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Runs) != 3 || len(doc.Runs[2].Filed) != 1 || len(doc.Runs[1].Failed) != 1 || len(doc.Runs[0].Filed) != 0 {
		t.Errorf("%+v", doc.Runs)
	}
}

// TestStateShowsNoControlSequences: what a server or upstream said is printed to a terminal.
func TestStateShowsNoControlSequences(t *testing.T) {
	w := released(t)
	giveUp(t, w)
	change(t, w, func(d *store.Delivery) { d.LastError = "\x1b]0;owned\x07\x1b[2Jrefused\r\nsecond \u202eline" })
	r := w.ok("state", "show")
	if strings.ContainsAny(r.stdout, "\x1b\r\x07\u202e") || !strings.Contains(r.stdout, "refused second line") {
		t.Errorf("%q", r.stdout)
	}
}

// TestGivenUpIsDeliveredAfterRetry: nothing is sent by the command, and the next run files it once.
func TestGivenUpIsDeliveredAfterRetry(t *testing.T) {
	w := released(t)
	giveUp(t, w)
	w.ok("run")
	w.wantIssues(0)
	before := len(w.gh.Requests())
	for key, says := range map[string]string{"digest/2": "no delivery with this key", "dig": "no delivery with this key"} {
		if r := w.run("state", "retry", key); r.code != exitUsage || !strings.Contains(r.stderr, says) {
			t.Errorf("retry %s: exit code %d, %s", key, r.code, r.stderr)
		}
	}
	w.offline()
	if r := w.ok("state", "retry", "digest/1"); !strings.Contains(r.stdout, "digest/1/github-issue/1-of-1 is in line again") || !strings.Contains(r.stdout, "acme/platform") {
		t.Errorf("it says %q", r.stdout)
	}
	if r := w.run("state", "retry", "digest/1"); r.code != exitUsage || !strings.Contains(r.stderr, "pending") {
		t.Errorf("a second time: exit code %d, %s", r.code, r.stderr)
	}
	w.online()
	if n := len(w.gh.Requests()); n != before {
		t.Errorf("the commands sent %d requests", n-before)
	}
	w.ok("run")
	w.wantIssues(1)
	w.ok("run")
	w.wantIssues(1)
	if r := w.run("state", "retry", "digest/1"); r.code != exitUsage || !strings.Contains(r.stderr, "delivered already") || !strings.Contains(r.stderr, "/issues/1") {
		t.Errorf("retrying what is done: exit code %d, %s", r.code, r.stderr)
	}
}

// TestRetryGetsAnAgeOfItsOwn: a delivery that was queued a month ago is not given up again by the first
// failure after a retry.
func TestRetryGetsAnAgeOfItsOwn(t *testing.T) {
	w := released(t)
	giveUp(t, w)
	if err := sqliteExec(w.state(), `UPDATE deliveries SET queued_at = '2026-01-01T00:00:00Z'`); err != nil {
		t.Fatal(err)
	}
	w.ok("state", "retry", "digest/1")
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Status: 403, Method: "POST", Path: "/repos/*/*/issues", Times: 1})
	if r := w.run("run"); r.code != exitDelivery || strings.Contains(r.stderr, "gave up") {
		t.Errorf("exit code %d, %s", r.code, r.stderr)
	}
	w.ok("run")
	w.wantIssues(1)
}

// TestStateMovesToAnotherPlace: exported, imported elsewhere, and going on there: nothing is filed twice,
// what was owed is filed once.
func TestStateMovesToAnotherPlace(t *testing.T) {
	w := released(t)
	w.ok("run")
	w.commit("v1.36", promoteVolume)
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.CreatedButReset, Method: "POST", Path: "/repos/*/*/issues", Times: 1})
	var sent atomic.Bool
	w.gh.AfterRequest(func(r ghtest.Request) {
		if r.Method == http.MethodPost && strings.HasSuffix(r.Path, "/issues") {
			sent.Store(true)
		}
	})
	// So that looking for it fails too, and it stays unclear.
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.BadGateway, Path: "/graphql", Times: -1, Match: func(ghtest.Request) bool { return sent.Load() }})
	if r := w.run("run"); r.code != exitDelivery {
		t.Fatal(r.code, r.stderr)
	}
	w.gh.ClearFaults()
	w.wantIssues(2)
	if r := w.ok("state", "show"); !strings.Contains(r.stdout, "may have arrived") {
		t.Errorf("an unclear delivery is not shown as one:\n%s", r.stdout)
	}

	exported := filepath.Join(w.dir, "state.json")
	w.offline()
	w.ok("state", "export", exported)
	if r := w.ok("state", "export", "-"); r.stdout != read(t, exported) {
		t.Error("to standard output goes something else than to a file")
	}
	if info, err := os.Stat(exported); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the document is readable by others: %v, %v", info.Mode(), err)
	}
	other := filepath.Join(w.dir, "other", "bot.db")
	w.set("BOT_STORE_PATH=" + other)
	if r := w.run("state", "export"); r.code != exitState || !missing(other) {
		t.Errorf("exporting nothing: exit code %d, %s", r.code, r.stderr)
	}
	w.ok("state", "import", exported)
	if r := w.ok("state", "export"); r.stdout != read(t, exported) {
		t.Error("imported and exported it is another state")
	}
	w.online()
	w.ok("run")
	w.wantIssues(2)
	if r := w.ok("run"); r.api != 1 {
		t.Errorf("all is told, and yet a run costs %d requests", r.api)
	}
	w.commit("v1.36", both(promoteVolume, promoteAdmin))
	w.ok("run")
	w.wantIssues(3)
}

func TestImportRefusesAndSaves(t *testing.T) {
	w := released(t)
	w.ok("run")
	old := filepath.Join(w.dir, "old.json")
	w.ok("state", "export", old)
	w.commit("v1.36", promoteVolume)
	w.ok("run")
	w.wantIssues(2)
	now := w.ok("state", "export").stdout

	if r := w.run("state", "import", old); r.code != exitUsage || !strings.Contains(r.stderr, "not empty") || !strings.Contains(r.stderr, "--replace") {
		t.Errorf("into a state that is not empty: exit code %d, %s", r.code, r.stderr)
	}
	bad := filepath.Join(w.dir, "bad.json")
	for name, tt := range map[string]struct {
		data string
		says string
	}{
		"damaged":  {now[:len(now)/2], "damaged"},
		"newer":    {strings.Replace(now, `"schema": 2`, `"schema": 9`, 1), "newer bot"},
		"not ours": {"{}", "not a state"},
	} {
		if err := os.WriteFile(bad, []byte(tt.data), 0o600); err != nil {
			t.Fatal(err)
		}
		if r := w.run("state", "import", "--replace", bad); r.code != exitState || !strings.Contains(r.stderr, tt.says) || !strings.Contains(r.stderr, bad) {
			t.Errorf("%s: exit code %d, %s", name, r.code, r.stderr)
		}
	}
	if r := w.run("state", "import", filepath.Join(w.dir, "nope.json")); r.code != exitUsage || !strings.Contains(r.stderr, "nope.json") {
		t.Errorf("a missing file: exit code %d, %s", r.code, r.stderr)
	}
	if got := w.ok("state", "export").stdout; withoutFence(got) != withoutFence(now) {
		t.Error("refused imports changed the state")
	}

	r := w.ok("state", "import", "--replace", old)
	if !strings.Contains(r.stderr, "digest stood at number 2") || !strings.Contains(r.stderr, "now at 1") {
		t.Errorf("an older state takes a newer one's place without a warning: %s", r.stderr)
	}
	saved, err := filepath.Glob(w.state() + ".replaced-*.json")
	if err != nil || len(saved) != 1 || !strings.Contains(r.stderr, saved[0]) {
		t.Fatalf("saved %q, %v; %s", saved, err, r.stderr)
	}
	if withoutFence(read(t, saved[0])) != withoutFence(now) {
		t.Error("what was saved is another state")
	}
	if got := w.ok("state", "export").stdout; withoutFence(got) != withoutFence(read(t, old)) {
		t.Error("what was imported is another state")
	}
	w.ok("state", "import", "--replace", saved[0]) // and back
	if r := w.ok("run"); r.api != 1 {
		t.Errorf("back where it was, a run costs %d requests", r.api)
	}
	w.wantIssues(2)
}

// withoutFence leaves out the two lines that differ after each taking of the lock.
func withoutFence(doc string) string {
	var out []string
	for line := range strings.Lines(doc) {
		if !strings.Contains(line, `"fence":`) && !strings.Contains(line, `"checksum":`) {
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}

// TestStateOfARunningBot: looking works beside a run; changing waits for nobody.
func TestStateOfARunningBot(t *testing.T) {
	w := released(t)
	giveUp(t, w)
	exported := filepath.Join(w.dir, "state.json")
	w.ok("state", "export", exported)
	s, err := sqlite.Open(t.Context(), w.state(), sqlite.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	lease, err := s.Acquire(t.Context(), "a run on host x", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if r := w.ok("state", "show"); !strings.Contains(r.stdout, "a run on host x") || !strings.Contains(r.stdout, "held until") {
		t.Errorf("the lock is not shown:\n%s", r.stdout)
	}
	obeysSchema(t, w.ok("state", "show", "--format", "json").stdout)
	w.ok("state", "history")
	w.ok("state", "export")
	for _, args := range [][]string{{"state", "retry", "digest/1"}, {"state", "import", "--replace", exported}} {
		if r := w.run(args...); r.code != exitLocked || !strings.Contains(r.stderr, "a run on host x") {
			t.Errorf("bot %v: exit code %d, %s", args, r.code, r.stderr)
		}
	}
	if err := s.Release(context.WithoutCancel(t.Context()), lease); err != nil {
		t.Fatal(err)
	}
}

func TestStateThatCannotBeUsed(t *testing.T) {
	w := released(t)
	if r := w.run("state", "retry", "digest/1"); r.code != exitState || !strings.Contains(r.stderr, "first bot run") || !missing(w.state()) {
		t.Errorf("without a state: exit code %d, %s", r.code, r.stderr)
	}
	if err := os.MkdirAll(filepath.Dir(w.state()), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(w.state(), bytes.Repeat([]byte("no database "), 100), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"show"}, {"history"}, {"export"}, {"retry", "digest/1"}} {
		r := w.run(append([]string{"state"}, args...)...)
		if r.code != exitState || !strings.Contains(r.stderr, "move it") || r.stdout != "" {
			t.Errorf("bot state %v: exit code %d, %s%s", args, r.code, r.stdout, r.stderr)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// sqliteExec changes the file behind the bot's back.
func sqliteExec(path, statement string) error {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return err
	}
	_, err = db.Exec(statement)
	return errors.Join(err, db.Close())
}
