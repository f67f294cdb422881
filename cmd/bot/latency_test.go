package main

import (
	"bytes"
	"cmp"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/sample"
)

// distant is a way on which every request takes a while, and which knows when each was under way.
type distant struct {
	next http.RoundTripper
	by   time.Duration
	mu   sync.Mutex
	sent [][2]time.Time
}

func (d *distant) RoundTrip(r *http.Request) (*http.Response, error) {
	began := time.Now()
	select {
	case <-time.NewTimer(d.by).C:
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	resp, err := d.next.RoundTrip(r)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sent = append(d.sent, [2]time.Time{began, time.Now()})
	return resp, err
}

// chain is the longest row of requests of which each began when the one before had ended: none of them could have been
// sent sooner.
func (d *distant) chain() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	byEnd := slices.SortedFunc(slices.Values(d.sent), func(a, b [2]time.Time) int { return cmp.Compare(a[1].UnixNano(), b[1].UnixNano()) })
	n, last := 0, time.Time{}
	for _, s := range byEnd {
		if !s[0].Before(last) {
			n, last = n+1, s[1]
		}
	}
	return n
}

// BenchmarkFirstRunFarAway is a first run with all sources where each request takes 80 ms: sources are read side by side, so
// that it takes little longer than the longest chain of requests that depend on each other.
func BenchmarkFirstRunFarAway(b *testing.B) {
	const away = 80 * time.Millisecond
	d, err := newDemoWorld(b.Context(), b.TempDir(), time.Now)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = d.close() }()
	first, _ := sample.DemoMoments()
	if err := d.until(b.Context(), first.AddDate(0, 4, 2)); err != nil {
		b.Fatal(err)
	}
	if err := d.configure(d.settings()); err != nil {
		b.Fatal(err)
	}
	for _, tracing := range []string{"0", "40"} {
		name := "Reading"
		if tracing != "0" {
			name = "WithTracing"
		}
		b.Run(name, func(b *testing.B) {
			var requests, chain int
			for b.Loop() {
				way := &distant{by: away}
				inner := d.app(&app{})
				var out, errs bytes.Buffer
				code := execute(b.Context(), environment{
					args: []string{"run", "--dry-run", "--config", inner.config}, stdout: &out, stderr: &errs, now: d.clock.Now,
					environ: append(inner.env.environ, "BOT_TRACE_MAX_REQUESTS="+tracing),
					github:  func(o *github.Options) { way.next = o.Base; o.Base = way },
				})
				if code != exitDone {
					b.Fatalf("exit code %d\n%s", code, &errs)
				}
				requests, chain = len(way.sent), way.chain()
			}
			b.ReportMetric(float64(requests), "requests")
			b.ReportMetric(float64(chain), "chain")
			b.ReportMetric(float64(chain)*float64(away.Milliseconds()), "chain-ms")
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "wall-ms")
		})
	}
}
