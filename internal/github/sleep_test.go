package github

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"
)

// TestWaitsCanBeTakenOver: a run that is played again waits for nothing, and its clock moves instead. And
// whoever stands around the base sees each try.
func TestWaitsCanBeTakenOver(t *testing.T) {
	sent := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if sent++; sent == 1 {
			w.Header().Set("Retry-After", "60")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"sha":"1111111111111111111111111111111111111111","commit":{"committer":{"date":"2026-01-01T00:00:00Z"},"tree":{"sha":"2222222222222222222222222222222222222222"}}}`))
	}))
	defer srv.Close()
	now := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	seen, waits := 0, []string{}
	c, err := New(Options{
		APIURL: srv.URL, Now: func() time.Time { return now },
		Waiting: func(w Wait) func() {
			waits = append(waits, fmt.Sprintf("%s, limit %t", w.For.Round(time.Second), w.Limit))
			return func() { waits = append(waits, "over") }
		},
		Around: func(base http.RoundTripper) http.RoundTripper {
			return roundTripFunc(func(r *http.Request) (*http.Response, error) {
				seen++
				return base.RoundTrip(r)
			})
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	var waited time.Duration
	ctx := WithSleep(t.Context(), func(d time.Duration) {
		waited += d
		now = now.Add(d)
	})
	if _, err := c.Commit(ctx, "acme/platform", "main"); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(waits, []string{"1m0s, limit true", "over"}) {
		t.Errorf("who watches is told %q", waits)
	}
	if waited < 59*time.Second || waited > 61*time.Second || sent != 2 || seen != 2 {
		t.Errorf("waited %s, sent %d, seen %d", waited, sent, seen)
	}
}

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
