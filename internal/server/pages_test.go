package server

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

var noon = time.Date(2026, 5, 18, 12, 0, 0, 0, time.UTC)

// shown is a service that shows a view, without a loop.
func shown(t *testing.T, v View) http.Handler {
	t.Helper()
	p := &Plan{
		Stale: 24 * time.Hour,
		Run: func(context.Context) (Result, error) {
			return Result{Requests: 4, Filed: 2, Limits: map[string]int{"graphql": 4990}}, nil
		},
		View: func(context.Context) (View, error) { return v, nil },
	}
	s, err := New(t.Context(), Options{
		Plan: func(context.Context) (*Plan, error) { return p, nil }, Now: func() time.Time { return noon },
		Log: slog.New(slog.DiscardHandler), Version: "v1.2.3",
	})
	if err != nil {
		t.Fatal(err)
	}
	s.once(t.Context())
	h, err := s.Handler()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func get(t *testing.T, h http.Handler, path string) (*http.Response, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://bot.example"+path, nil))
	body, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Result(), string(body)
}

func twoDigests() View {
	return View{
		Digests: []Digest{
			{Definition: "weekly", Seq: 2, Title: "Upstream digest <script>alert(1)</script>", At: noon.Add(-time.Hour), Upstreams: []string{"kubernetes"},
				Markdown:   "## Act on\n\n- **`Gate`** <script>alert(2)</script> [x](javascript:alert(3)) ![i](https://evil.example/i.png)\n\n<details><summary>More</summary>\n\n- one\n\n</details>\n",
				Deliveries: []Delivery{{Channel: "github-issue", Target: "acme/platform", Part: 1, Of: 2, State: "done", URL: "https://github.com/acme/platform/issues/2"}, {Channel: "github-issue", Target: "acme/platform", Part: 2, Of: 2, State: "pending", Error: "502"}}},
			{Definition: "alerts", Seq: 1, Title: "Alert", At: noon.Add(-2 * time.Hour), Upstreams: []string{"kueue"}, Markdown: "text"},
			{Definition: "weekly", Seq: 1, Title: "The first", At: noon.Add(-168 * time.Hour), Upstreams: []string{"kubernetes"}, Markdown: "text"},
		},
		Sources: []Source{
			{Upstream: "kubernetes", Source: "gates", Status: "complete", CurrentAt: noon.Add(-time.Hour), Items: 225},
			{Upstream: "kubernetes", Source: "docs", Status: "failed", Reason: "<b>HTML</b>", CurrentAt: noon.Add(-48 * time.Hour)},
		},
		Runs:       []Run{{Started: noon.Add(-time.Hour), Outcome: "told", Requests: 7}},
		Deliveries: map[string]int{"done": 1, "pending": 1},
	}
}

func TestPages(t *testing.T) {
	h := shown(t, twoDigests())
	for _, tt := range []struct {
		path   string
		status int
		has    []string
	}{
		{"/", 200, []string{`href="/digests/weekly/2"`, "1 of 2 parts there", "225", "<strong>failed</strong>: &lt;b&gt;HTML", "docs is of 2026-05-16 12:00 UTC"}},
		{"/digests/weekly/2", 200, []string{"<h2>Act on</h2>", "<details><summary>More</summary>", `href="/digests/weekly/1" rel="prev"`, `href="https://github.com/acme/platform/issues/2"`, "(502)"}},
		{"/digests/weekly/1", 200, []string{`href="/digests/weekly/2" rel="next"`}},
		{"/digests/weekly/3", 404, []string{"no such page"}},
		{"/digests/weekly/x", 404, nil},
		{"/nowhere", 404, []string{"no such page"}},
		{"/style.css", 200, []string{"prefers-color-scheme: dark"}},
		{"/healthz", 200, []string{"ok"}},
		{"/readyz", 503, []string{"not ready: kubernetes: docs is of", "kubernetes gates: complete, current 60 minutes ago"}},
	} {
		r, body := get(t, h, tt.path)
		if r.StatusCode != tt.status {
			t.Errorf("%s: status %d, want %d", tt.path, r.StatusCode, tt.status)
		}
		for _, want := range tt.has {
			if !strings.Contains(body, want) {
				t.Errorf("%s lacks %q:\n%s", tt.path, want, body)
			}
		}
		if strings.Contains(body, "<script") || strings.Contains(body, `"javascript:`) || strings.Contains(body, "<img") {
			t.Errorf("%s lets something through:\n%s", tt.path, body)
		}
		if p := r.Header.Get("Content-Security-Policy"); !strings.HasPrefix(p, "default-src 'none'") {
			t.Errorf("%s: policy %q", tt.path, p)
		}
		if strings.Contains(body, "style=") || strings.Contains(body, "src=") {
			t.Errorf("%s needs what the policy forbids", tt.path)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://bot.example/", strings.NewReader("x")))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST is answered with %d", w.Code)
	}
}

func TestFeedsOfDigests(t *testing.T) {
	h := shown(t, twoDigests())
	r, body := get(t, h, "/digests.atom")
	var feed atomFeed
	if err := xml.Unmarshal([]byte(body), &feed); err != nil {
		t.Fatalf("%v\n%s", err, body)
	}
	if len(feed.Entries) != 3 || feed.Entries[0].Link.Href != "http://bot.example/digests/weekly/2" || feed.Updated != "2026-05-18T11:00:00Z" {
		t.Errorf("feed %+v", feed)
	}
	if strings.Contains(feed.Entries[0].Content.Text, "<script") || r.Header.Get("Content-Type") != "application/atom+xml; charset=utf-8" {
		t.Errorf("content %q, type %q", feed.Entries[0].Content.Text, r.Header.Get("Content-Type"))
	}
	for path, want := range map[string]int{"/digests.json": 3, "/digests.json?upstream=kubernetes": 2, "/digests.json?digest=alerts": 1, "/digests.json?upstream=nope": 0} {
		_, body := get(t, h, path)
		var feed jsonFeed
		if err := json.Unmarshal([]byte(body), &feed); err != nil {
			t.Fatal(err)
		}
		if len(feed.Items) != want || feed.Items == nil || feed.Version != "https://jsonfeed.org/version/1.1" {
			t.Errorf("%s: %d items, want %d", path, len(feed.Items), want)
		}
	}
}

// TestMetrics: promlint is the check behind promtool.
func TestMetrics(t *testing.T) {
	h := shown(t, twoDigests())
	_, body := get(t, h, "/metrics")
	problems, err := promlint.New(strings.NewReader(body)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "bot_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	for _, want := range []string{
		`bot_runs_total{result="ok"} 1`, `bot_github_requests_total 4`, `bot_data_age_seconds{source="gates",upstream="kubernetes"} 3600`,
		`bot_source_up{source="docs",upstream="kubernetes"} 0`, `bot_deliveries{state="pending"} 1`, `bot_github_limit_remaining{limit="graphql"} 4990`,
		`bot_build_info{version="v1.2.3"} 1`, "bot_run_duration_seconds_count 1",
	} {
		if !strings.Contains(body, want+"\n") {
			t.Errorf("the metrics lack %s:\n%s", want, body)
		}
	}
}

// TestMetricsOfOddNames: names of limits come from an answer's header, which may hold any bytes.
func TestMetricsOfOddNames(t *testing.T) {
	p := &Plan{
		Run: func(context.Context) (Result, error) {
			return Result{Limits: map[string]int{"core\xff": 7, "a\"}\n": 8}}, nil
		},
		View: func(context.Context) (View, error) {
			return View{}, nil
		},
	}
	s, err := New(t.Context(), Options{
		Plan: func(context.Context) (*Plan, error) { return p, nil }, Now: func() time.Time { return noon }, Log: slog.New(slog.DiscardHandler), Version: "v1",
	})
	if err != nil {
		t.Fatal(err)
	}
	s.once(t.Context())
	h, err := s.Handler()
	if err != nil {
		t.Fatal(err)
	}
	if r, body := get(t, h, "/metrics"); r.StatusCode != http.StatusOK || !strings.Contains(body, "bot_runs_total{result=\"ok\"} 1\n") {
		t.Errorf("status %d\n%.600s", r.StatusCode, body)
	}
}

// TestHeadAndHosts: HEAD is answered as GET is, and whatever a visitor writes as host leaves the feeds well formed.
func TestHeadAndHosts(t *testing.T) {
	v := twoDigests()
	v.Digests[0].Title = "a \x00\x01\xff <b>& ]]> \ufffe"
	v.Digests[0].Markdown = "x \x00\x0b\xff ]]> <b>"
	h := shown(t, v)
	for _, path := range []string{"/", "/digests/weekly/2", "/digests.atom", "/digests.json", "/healthz", "/readyz", "/metrics", "/style.css"} {
		r, _ := get(t, h, path)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodHead, "http://bot.example"+path, nil))
		if w.Code != r.StatusCode || w.Header().Get("Content-Type") != r.Header.Get("Content-Type") {
			t.Errorf("HEAD %s: %d %q, GET %d %q", path, w.Code, w.Header().Get("Content-Type"), r.StatusCode, r.Header.Get("Content-Type"))
		}
	}
	for _, host := range []string{"", "\"><script>", "a&b", "[::1]:8080"} {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://bot.example/digests.atom", nil)
		req.Host = host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		var feed atomFeed
		if err := xml.Unmarshal(w.Body.Bytes(), &feed); err != nil || len(feed.Entries) != 3 || strings.Contains(w.Body.String(), "<script") {
			t.Errorf("host %q: %v\n%.600s", host, err, w.Body)
		}
	}
}
