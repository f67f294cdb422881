package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/sample"
)

// TestMain lets the test binary be the program: tests that kill it need a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv("BOT_TEST_IS_PROGRAM") == "1" {
		peak := os.Getenv("BOT_TEST_PEAK")
		os.Unsetenv("BOT_TEST_IS_PROGRAM")
		os.Unsetenv("BOT_TEST_PEAK")
		code := run(trapped())
		if peak != "" { // what the kernel counted, for whoever started it
			if status, err := os.ReadFile("/proc/self/status"); err == nil {
				_ = os.WriteFile(peak, status, 0o600)
			}
		}
		os.Exit(code)
	}
	if raceDetector {
		debug.SetGCPercent(400) // the collector is slowed as everything is
	}
	os.Exit(m.Run())
}

const secret = "ghp_averysecrettoken0123456789"

// testWorld is an upstream, a stand-in that serves it, and a folder for the bot.
type testWorld struct {
	t   testing.TB
	gh  *ghtest.Server
	dir string
	git string
	env []string
	// added are the variables that a test has set.
	added []string
	step  int
	all   []sample.Step
	// also brings what a twin needs beside the repository.
	also func(other *testWorld)
	// ends is the exit code of a run that is to be killed and comes to its end.
	ends int
	// clock is that of the program and of everybody it speaks to; nil: the machine's.
	clock func() time.Time
	// waits takes the place of waiting; nil: it waits.
	waits func(time.Duration)
	// secrets are printed nowhere, beside the token.
	secrets []string
}

func newWorld(tb testing.TB) *testWorld {
	tb.Helper()
	dir := tb.TempDir()
	w := &testWorld{t: tb, dir: dir, git: filepath.Join(dir, "kubernetes.git"), clock: time.Now}
	w.gh = ghtest.Start(tb, ghtest.Options{Now: func() time.Time { return w.clock() }})
	w.gh.AddRepository(ghtest.Repository{Name: "kubernetes/kubernetes", GitDir: w.git})
	w.gh.AddRepository(ghtest.Repository{Name: "acme/platform"})
	w.gh.AddToken(ghtest.Token{Value: secret, Login: "bot", Access: map[string]ghtest.Access{"acme/platform": ghtest.Write}})
	w.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir,
		"GITHUB_TOKEN=" + secret, "GITHUB_REPOSITORY=acme/platform",
		"GITHUB_API_URL=" + w.gh.URL(), "GITHUB_GRAPHQL_URL=" + w.gh.URL() + "/graphql", "BOT_GITHUB_RAW_URL=" + w.gh.URL() + "/raw",
		"BOT_GITHUB_WRITE_INTERVAL=0s", "BOT_GITHUB_SETTLE_TIMEOUT=1s", "BOT_GITHUB_MAX_WAIT=1s",
		"BOT_STORE_PATH=" + filepath.Join(dir, "state", "bot.db"),
	}
	w.config("")
	w.added = nil
	return w
}

// released starts the upstream with v1.35.0 tagged and v1.36 at HEAD.
func released(tb testing.TB) *testWorld {
	tb.Helper()
	w := newWorld(tb)
	u, err := releasedOrigin()
	if err == nil {
		err = os.CopyFS(w.git, u.git)
	}
	if err != nil {
		tb.Fatal(err)
	}
	w.all, w.step = slices.Clone(u.steps), len(u.steps)
	return w
}

// commit adds a commit with the gates of a release, changed by change.
func (w *testWorld) commit(release string, change func([]facts.Row) []facts.Row, tags ...string) {
	w.t.Helper()
	all, err := releases()
	if err != nil {
		w.t.Fatal(err)
	}
	rows := all.Rows(release)
	if change != nil {
		rows = change(rows)
	}
	files, err := releaseFiles(release, rows)
	if err != nil {
		w.t.Fatal(err)
	}
	w.push(files, tags...)
}

func (w *testWorld) push(files map[string][]byte, tags ...string) {
	w.t.Helper()
	w.step++
	w.all = append(w.all, step(w.step, files, tags...))
	if w.step == 1 {
		if err := sample.Repository(w.t.Context(), w.git, w.all); err != nil {
			w.t.Fatal(err)
		}
		return
	}
	// The stand-in has the repository open: new commits come in by fetch, as upstream's do.
	next := filepath.Join(w.t.TempDir(), "next.git")
	if err := sample.Repository(w.t.Context(), next, w.all); err != nil {
		w.t.Fatal(err)
	}
	out, err := exec.Command("git", "-C", w.git, "fetch", "--quiet", next, "+refs/*:refs/*").CombinedOutput()
	if err != nil {
		w.t.Fatalf("git fetch: %v\n%s", err, out)
	}
}

// set overrides environment variables.
func (w *testWorld) set(pairs ...string) *testWorld {
	w.env = append(w.env, pairs...)
	w.added = append(w.added, pairs...)
	return w
}

// config sets the configuration, of which upstream's gates alone are read.
func (w *testWorld) config(text string) *testWorld {
	w.t.Helper()
	return w.wholeConfig(gatesOnly(text))
}

// wholeConfig sets the configuration as it stands.
func (w *testWorld) wholeConfig(text string) *testWorld {
	w.t.Helper()
	path := filepath.Join(w.dir, "config.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return w.set("BOT_CONFIG=" + path)
}

// threeSources sets the configuration, of which gates, releases and proposals are read.
func (w *testWorld) threeSources(text string) *testWorld {
	w.t.Helper()
	return w.wholeConfig(keepSources(text, "gates", "releases", "proposals"))
}

// gatesOnly switches the other sources of a configuration's presets off: most tests are about what is the same for
// all sources, and gates are enough for that.
func gatesOnly(text string) string { return keepSources(text, "gates") }

// keepSources switches the sources of a configuration's presets off that are not to be kept, and that the text does not
// name. A text that is no configuration stays as it is.
func keepSources(text string, keep ...string) string {
	var doc map[string]any
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		return text
	}
	if doc == nil {
		doc = map[string]any{}
	}
	if _, ok := doc["upstreams"]; !ok {
		doc["upstreams"] = []any{map[string]any{"preset": "kubernetes"}}
	}
	list, _ := doc["upstreams"].([]any)
	for _, x := range list {
		u, ok := x.(map[string]any)
		if !ok || u["preset"] == nil {
			continue
		}
		if u["sources"] == nil {
			u["sources"] = map[string]any{}
		}
		own, ok := u["sources"].(map[string]any)
		if !ok {
			continue
		}
		for _, name := range []string{"gates", "releases", "proposals", "milestones", "tickets", "paths", "docs", "feeds"} {
			switch {
			case own[name] != nil || slices.Contains(keep, name):
			case name == "feeds":
				own[name] = []any{}
			default:
				own[name] = map[string]any{"enabled": false}
			}
		}
	}
	out, err := yaml.Marshal(doc)
	if err != nil {
		return text
	}
	return string(out)
}

type result struct {
	code           int
	stdout, stderr string
	api            int // requests that GitHub counts
}

// run runs the program in this process.
func (w *testWorld) run(args ...string) result {
	w.t.Helper()
	var out, errs bytes.Buffer
	before := w.gh.Count().API()
	ctx := w.t.Context()
	if w.waits != nil {
		ctx = github.WithSleep(ctx, w.waits)
	}
	clock := w.clock
	if clock == nil {
		clock = time.Now
	}
	code := execute(ctx, environment{args: args, stdout: &out, stderr: &errs, environ: w.env, now: clock})
	r := result{code, out.String(), errs.String(), w.gh.Count().API() - before}
	for _, s := range append([]string{secret}, w.secrets...) {
		if strings.Contains(r.stdout+r.stderr, s) {
			w.t.Errorf("bot %v prints a secret", args)
		}
	}
	return r
}

// ok runs the program and expects it to succeed.
func (w *testWorld) ok(args ...string) result {
	w.t.Helper()
	r := w.run(args...)
	if r.code != 0 {
		w.t.Fatalf("bot %v: exit code %d\n%s%s", args, r.code, r.stdout, r.stderr)
	}
	return r
}

// command is the program as a process.
func (w *testWorld) command(args ...string) *exec.Cmd {
	w.t.Helper()
	self, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	c := exec.Command(self, args...)
	c.Env = append(slices.Clone(w.env), "BOT_TEST_IS_PROGRAM=1")
	c.Dir = w.dir
	return c
}

func (w *testWorld) issues() []ghtest.Issue { return w.gh.Issues("acme/platform") }

func (w *testWorld) wantIssues(n int) {
	w.t.Helper()
	if got := len(w.issues()); got != n {
		w.t.Fatalf("%d issues are filed, want %d", got, n)
	}
}

func (w *testWorld) state() string { return filepath.Join(w.dir, "state", "bot.db") }

func (w *testWorld) loseState() {
	w.t.Helper()
	if err := os.RemoveAll(filepath.Dir(w.state())); err != nil {
		w.t.Fatal(err)
	}
}

func missing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, os.ErrNotExist)
}

// promote gives a gate of the rows one more spec.
func promote(name string, spec gate.Spec) func([]facts.Row) []facts.Row {
	return func(rows []facts.Row) []facts.Row {
		for i, r := range rows {
			if r.Gate == name {
				rows[i].Specs = append(slices.Clone(r.Specs), spec)
			}
		}
		return rows
	}
}
