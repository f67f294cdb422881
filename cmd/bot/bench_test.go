package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// BenchmarkQuietRun is a run in which nothing has moved: the price that is paid every hour.
func BenchmarkQuietRun(b *testing.B) {
	w := released(b)
	w.ok("run")
	before := w.gh.Count().API()
	runs := 0
	b.ReportAllocs()
	for b.Loop() {
		var out, errs bytes.Buffer
		if code := execute(b.Context(), environment{args: []string{"run"}, stdout: &out, stderr: &errs, environ: w.env, now: time.Now}); code != 0 {
			b.Fatalf("exit code %d: %s", code, errs.String())
		}
		runs++
	}
	b.ReportMetric(float64(w.gh.Count().API()-before)/float64(runs), "requests/op")
}

// peak runs the program as a process and tells how much memory it held at most, in MB, and how much of it were pages
// of the program's own file. What wait tells of a child counts the memory of the parent it was forked from, too.
func (w *testWorld) peak(args ...string) (all, file float64) {
	w.t.Helper()
	if runtime.GOOS != "linux" {
		w.t.Skip("the kernel's count is read from /proc")
	}
	path := filepath.Join(w.t.TempDir(), "status")
	c := w.command(args...)
	c.Env = append(c.Env, "BOT_TEST_PEAK="+path)
	if out, err := c.CombinedOutput(); err != nil {
		w.t.Fatalf("bot %v: %v\n%s", args, err, out)
	}
	status, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	mb := func(what string) (kb float64) {
		_, line, _ := strings.Cut(string(status), what+":")
		if _, err := fmt.Sscan(line, &kb); err != nil {
			w.t.Fatalf("%s: %v\n%s", what, err, status)
		}
		return kb / 1024
	}
	return mb("VmHWM"), mb("RssFile")
}

// BenchmarkPeakMemory is what the program holds at most, with 650 proposals and all else that is read by default.
func BenchmarkPeakMemory(b *testing.B) {
	w := at(b, "2026-04-25", 650)
	for _, bm := range []struct {
		name string
		args []string
	}{
		{"Nothing", []string{"version"}}, // the program and its runtime alone
		{"FirstRun", []string{"run", "--dry-run"}},
		{"FirstRunAnonymous", []string{"run", "--dry-run"}},
		{"Quiet", []string{"run"}},
	} {
		b.Run(bm.name, func(b *testing.B) {
			env := w.env
			defer func() { w.env = env }()
			switch bm.name {
			case "FirstRunAnonymous":
				w.set("GITHUB_TOKEN=")
			case "Quiet":
				w.ok("run")
			}
			most, file := 0.0, 0.0
			for b.Loop() {
				if most > 0 && bm.name == "FirstRunAnonymous" {
					continue // an hour has 60 requests
				}
				all, own := w.peak(bm.args...)
				most, file = max(most, all), max(file, own)
			}
			b.ReportMetric(most, "peak-MB")
			b.ReportMetric(file, "file-MB")
		})
	}
}
