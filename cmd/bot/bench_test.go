package main

import (
	"bytes"
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
