package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/sample"
)

// demoRun runs the program in the demo's world, with the default configuration but for where feeds stand.
func demoRun(t *testing.T, d *demoWorld, env []string, args ...string) (requests int, stdout string) {
	t.Helper()
	var out, errs bytes.Buffer
	inner := d.app(&app{})
	inner.env.environ = append(inner.env.environ, env...)
	before := d.gh.Count().API()
	code := execute(t.Context(), environment{
		args: append(args, "--config", inner.config), stdout: &out, stderr: &errs, environ: inner.env.environ, now: d.clock.Now,
	})
	if code != exitDone {
		t.Fatalf("bot %v: exit code %d\n%s%s", args, code, &out, &errs)
	}
	return d.gh.Count().API() - before, out.String()
}

func demoAt(t *testing.T, day time.Time) *demoWorld {
	t.Helper()
	d, err := newDemoWorld(t.Context(), t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.close() })
	demoMoves(t, d, day)
	if err := d.configure(d.settings()); err != nil {
		t.Fatal(err)
	}
	return d
}

func demoMoves(t *testing.T, d *demoWorld, day time.Time) {
	t.Helper()
	if err := d.until(t.Context(), day); err != nil {
		t.Fatal(err)
	}
}

// TestRequestsOfTheWholeConfiguration is DESIGN's table of costs, with all sources that the preset reads. Tracing has a
// budget of its own.
func TestRequestsOfTheWholeConfiguration(t *testing.T) {
	t.Parallel()
	whole(t)
	reading := []string{"BOT_TRACE_MAX_REQUESTS=0"}
	first, _ := sample.DemoMoments()
	day := func(month time.Month, day int) time.Time { return time.Date(2026, month, day, 8, 17, 0, 0, time.UTC) }
	var d *demoWorld
	at := func(what string, got, most int) {
		t.Helper()
		t.Logf("%s: %d requests, at most %d", what, got, most)
		if got > most {
			for _, r := range d.gh.Requests()[len(d.gh.Requests())-got:] {
				doc := strings.ReplaceAll(r.Document, "\n", " ")
				t.Logf("   %s %s %.200s", r.Method, r.Path, doc)
			}
		}
		if got > most {
			t.Errorf("%s cost %d requests, at most %d", what, got, most)
		}
	}
	d = demoAt(t, first)
	n, _ := demoRun(t, d, reading, "run", "--dry-run")
	at("first run, nothing new since the release", n, 25)
	n, _ = demoRun(t, d, append([]string{"GITHUB_TOKEN="}, reading...), "run", "--dry-run")
	at("the same, anonymous", n, 25)

	d = demoAt(t, day(time.April, 20))
	n, out := demoRun(t, d, reading, "run", "--dry-run")
	at("first run, four months after the release", n, 25)
	if !strings.Contains(strings.Join(strings.Fields(out), " "), "This is the first digest") {
		t.Errorf("the first digest is\n%s", out)
	}
	demoRun(t, d, reading, "run")
	n, _ = demoRun(t, d, reading, "run")
	at("quiet", n, 1)
	demoMoves(t, d, day(time.April, 24))
	n, _ = demoRun(t, d, reading, "run", "--dry-run")
	at("the week of a release", n, 10)
	demoRun(t, d, reading, "run")
	demoMoves(t, d, day(time.May, 8))
	n, _ = demoRun(t, d, reading, "run", "--dry-run")
	at("a usual week", n, 10)
	demoRun(t, d, reading, "run")
	n, _ = demoRun(t, d, reading, "run")
	at("quiet after it", n, 1)

	// The same with the state on a branch.
	d = demoAt(t, day(time.April, 20))
	branch := append([]string{"BOT_STORE_DRIVER=branch"}, reading...)
	demoRun(t, d, branch, "run")
	n, _ = demoRun(t, d, branch, "run")
	at("quiet, with the state on a branch", n, 1)
	demoMoves(t, d, day(time.May, 8))
	demoRun(t, d, branch, "run")
	demoRun(t, d, branch, "run") // the version has moved: the files of another minor are watched from now on
	n, _ = demoRun(t, d, branch, "run")
	at("quiet after a week, with the state on a branch", n, 1)
}
