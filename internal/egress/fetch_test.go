package egress_test

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/upstream-digest/bot/internal/egress"
)

// fetcher may speak to the servers, and waits in no time; waited tells how long it would have.
func fetcher(t *testing.T, o egress.FetchOptions, servers ...*httptest.Server) (f *egress.Fetcher, waited *time.Duration) {
	t.Helper()
	return fetcherThrough(t, trusting(servers...), o)
}

func fetcherThrough(t *testing.T, way egress.Options, o egress.FetchOptions) (f *egress.Fetcher, waited *time.Duration) {
	t.Helper()
	way.Public = true
	tr, err := egress.New(way)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.CloseIdleConnections)
	waited = new(time.Duration)
	if o.Sleep == nil {
		o.Sleep = func(ctx context.Context, d time.Duration) error { *waited += d; return ctx.Err() }
	}
	o.UserAgent = "bot/1"
	return egress.NewFetcher(tr, o), waited
}

// TestFetchAsksWhetherItChanged: with what the server gave, and with nothing that tells who asks.
func TestFetchAsksWhetherItChanged(t *testing.T) {
	srv, n := counting(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" || r.Header.Get("Cookie") != "" || r.Header.Get("User-Agent") != "bot/1" || !strings.Contains(r.Header.Get("Accept"), "feed") {
			t.Errorf("headers %v", r.Header)
		}
		w.Header().Set("Etag", `W/"one"`)
		w.Header().Set("Last-Modified", "Tue, 18 Aug 2026 10:00:00 GMT")
		w.Header().Set("Set-Cookie", "who=you")
		if r.Header.Get("If-None-Match") == `W/"one"` && r.Header.Get("If-Modified-Since") == "Tue, 18 Aug 2026 10:00:00 GMT" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, "<feed/>")
		_ = z.Close()
	})
	f, _ := fetcher(t, egress.FetchOptions{}, srv)
	got, err := f.Fetch(t.Context(), srv.URL+"/feed", egress.Validators{})
	if err != nil || string(got.Body) != "<feed/>" || got.Validators.ETag != `W/"one"` || got.NotModified || got.Address != srv.URL+"/feed" || got.Moved != "" {
		t.Fatalf("%+v, %v", got, err)
	}
	again, err := f.Fetch(t.Context(), srv.URL+"/feed", got.Validators)
	if err != nil || !again.NotModified || again.Validators != got.Validators || again.Body != nil || n.Load() != 2 {
		t.Errorf("%+v, %v", again, err)
	}
	if _, err := f.Fetch(t.Context(), srv.URL+"/feed", egress.Validators{ETag: "\"a\r\nX-Evil: b\""}); err != nil {
		t.Errorf("a damaged validator: %v", err)
	}
}

// TestFetchSaysWhatIsWrong: in words, with the host and no more; and only what may pass by itself is tried again.
func TestFetchSaysWhatIsWrong(t *testing.T) {
	release := make(chan struct{})
	private, _ := counting(t, func(http.ResponseWriter, *http.Request) { t.Error("a private address was spoken to") })
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	var srv *httptest.Server
	srv, n := counting(t, func(w http.ResponseWriter, r *http.Request) {
		to := func(code int, address string) {
			w.Header().Set("Location", address)
			w.WriteHeader(code)
		}
		answer := func(code int) { w.WriteHeader(code) }
		switch r.URL.Path {
		case "/500", "/502":
			answer(500)
		case "/503":
			answer(503)
		case "/429":
			w.Header().Set("Retry-After", "7")
			answer(429)
		case "/429/long":
			w.Header().Set("Retry-After", "3600")
			answer(429)
		case "/503/date":
			w.Header().Set("Date", "Tue, 18 Aug 2026 10:00:00 GMT")
			w.Header().Set("Retry-After", "Tue, 18 Aug 2026 10:00:05 GMT")
			answer(503)
		case "/404":
			answer(404)
		case "/410":
			answer(410)
		case "/403":
			answer(403)
		case "/204":
			answer(204)
		case "/304":
			answer(304)
		case "/301":
			answer(301)
		case "/loop":
			to(302, "/loop")
		case "/private":
			to(302, private.URL+secretPath)
		case "/metadata":
			to(301, "https://169.254.169.254/verysecret")
		case "/plain":
			to(301, plain.URL+secretPath)
		case "/br":
			w.Header().Set("Content-Encoding", "br")
			_, _ = io.WriteString(w, "xx")
		case "/cut":
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, "<feed>")
		case "/slow":
			answer(200)
			_, _ = io.WriteString(w, "<feed>")
			w.(http.Flusher).Flush()
			<-release
		case "/large":
			w.Header().Set("Content-Length", "104857600")
			_, _ = io.WriteString(w, strings.Repeat("x", 5<<20))
		}
	})
	t.Cleanup(func() { close(release) }) // before the server, which waits for its handlers
	for _, tt := range []struct {
		path, want string
		tries      int64
		wait       time.Duration
	}{
		{"/500", "it answers 500 (Internal Server Error)", 2, time.Second},
		{"/503", "it answers 503 (Service Unavailable)", 2, time.Second},
		{"/429", "it answers 429 (Too Many Requests)", 2, 7 * time.Second},
		{"/503/date", "it answers 503", 2, 5 * time.Second},
		{"/429/long", "asks to be left alone for 1h0m0s", 1, 0},
		{"/404", "it answers 404 (Not Found): nothing is there", 1, 0},
		{"/410", "it answers 410 (Gone): it is there no more", 1, 0},
		{"/403", "it wants a login", 1, 0},
		{"/204", "it answers 204", 1, 0},
		{"/304", "it answers 304", 1, 0},
		{"/301", "it answers 301 (Moved Permanently) without saying where to", 1, 0},
		{"/loop", "more than 5 redirects", 6, 0},
		{"/private", "its address 127.0.0.1 is this machine; if that is meant, list the host in network.allow_private", 1, 0},
		{"/metadata", "its address 169.254.169.254 is link-local (cloud metadata)", 1, 0},
		{"/plain", "a redirect from https to http", 1, 0},
		{"/br", "in the encoding br", 1, 0},
		{"/cut", "the connection broke off", 2, time.Second},
		{"/large", "it is larger than 1 MB, and was not read further", 1, 0},
	} {
		f, waited := fetcher(t, egress.FetchOptions{MaxBytes: 1 << 20}, srv)
		n.Store(0)
		_, err := f.Fetch(t.Context(), srv.URL+tt.path+"?verysecretquery", egress.Validators{})
		if err == nil || !strings.Contains(err.Error(), tt.want) || n.Load() != tt.tries || *waited != tt.wait {
			t.Errorf("%s: %v after %d tries and %v; want %q, %d, %v", tt.path, err, n.Load(), *waited, tt.want, tt.tries, tt.wait)
		}
		if err != nil && strings.Contains(err.Error(), "verysecret") {
			t.Errorf("%s: the error shows the address: %v", tt.path, err)
		}
	}
	f, _ := fetcher(t, egress.FetchOptions{Timeout: 50 * time.Millisecond}, srv)
	n.Store(0)
	if _, err := f.Fetch(t.Context(), srv.URL+"/slow", egress.Validators{}); err == nil || !strings.Contains(err.Error(), "no whole answer in 50ms") || !errors.Is(err, context.DeadlineExceeded) || n.Load() != 1 {
		t.Errorf("a slow one: %v after %d tries", err, n.Load())
	}
	if _, err := f.Fetch(t.Context(), "http://feeds.example/x", egress.Validators{}); err == nil || !strings.Contains(err.Error(), "http is not encrypted") {
		t.Errorf("http: %v", err)
	}
}

// TestFetchTriesAgain: what was wrong for a moment is not told.
func TestFetchTriesAgain(t *testing.T) {
	var times atomic.Int64
	srv, _ := counting(t, func(w http.ResponseWriter, r *http.Request) {
		if times.Add(1) == 1 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_, _ = io.WriteString(w, "there")
	})
	f, _ := fetcher(t, egress.FetchOptions{}, srv)
	if got, err := f.Fetch(t.Context(), srv.URL, egress.Validators{}); err != nil || string(got.Body) != "there" {
		t.Errorf("%q, %v", got.Body, err)
	}
	gone := httptest.NewTLSServer(http.NotFoundHandler())
	f, waited := fetcher(t, egress.FetchOptions{}, gone)
	gone.Close()
	if _, err := f.Fetch(t.Context(), gone.URL, egress.Validators{}); err == nil || !strings.Contains(err.Error(), "it could not be connected to") || *waited != time.Second {
		t.Errorf("nobody there: %v after %v", err, *waited)
	}
}

// TestFetchFollowsMoves: to any public host, and it tells a move for good from a detour.
func TestFetchFollowsMoves(t *testing.T) {
	var srv *httptest.Server
	srv, _ = counting(t, func(w http.ResponseWriter, r *http.Request) {
		code := map[string]int{"/old": 301, "/older": 308, "/detour": 302, "/mixed": 301}[r.URL.Path]
		if code == 0 {
			_, _ = io.WriteString(w, "there")
			return
		}
		w.Header().Set("Location", map[string]string{"/old": "/new", "/older": "/old", "/detour": "/new", "/mixed": "/detour"}[r.URL.Path])
		w.WriteHeader(code)
	})
	f, _ := fetcher(t, egress.FetchOptions{}, srv)
	for path, want := range map[string]string{"/old": "/new", "/older": "/new", "/detour": "", "/mixed": "", "/new": ""} {
		got, err := f.Fetch(t.Context(), srv.URL+path, egress.Validators{})
		if want != "" {
			want = srv.URL + want
		}
		if err != nil || got.Moved != want || got.Address != srv.URL+"/new" {
			t.Errorf("%s: moved to %q, at %q, %v; want %q", path, got.Moved, got.Address, err, want)
		}
	}
}

// TestAHugeFeedTakesNoMemory: 100 MB without a length are given up at the limit.
func TestAHugeFeedTakesNoMemory(t *testing.T) {
	var sent atomic.Int64
	srv, _ := counting(t, func(w http.ResponseWriter, _ *http.Request) {
		chunk := []byte(strings.Repeat("<item/>", 10_000))
		for range 1500 { // 100 MB
			n, err := w.Write(chunk)
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	})
	f, _ := fetcher(t, egress.FetchOptions{}, srv)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := f.Fetch(t.Context(), srv.URL, egress.Validators{})
	runtime.ReadMemStats(&after)
	if err == nil || !strings.Contains(err.Error(), "it is larger than 10 MB") {
		t.Fatalf("%v", err)
	}
	if taken := after.TotalAlloc - before.TotalAlloc; taken > 64<<20 && !raceDetector {
		t.Errorf("%d MB were taken for it", taken>>20)
	}
	if sent.Load() > 40<<20 {
		t.Errorf("%d MB were read of it", sent.Load()>>20)
	}
}

// TestPublicIsNotEverything: any host, but on its usual port and encrypted, and no private address.
func TestPublicIsNotEverything(t *testing.T) {
	way, err := egress.New(egress.Options{Public: true, LoopbackHTTP: true, Hosts: []string{"feeds.example:8443"}})
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]bool{
		"https://a.example/x": true, "https://a.example:443/x": true, "https://8.8.8.8/x": true, "https://feeds.example:8443/x": true,
		"https://a.example:8443/x": false, "https://a.example:22/x": false, "http://a.example/x": false, "http://127.0.0.1:8080/x": false, "http://localhost/x": false,
		"https://10.0.0.7/x": false, "https://[::1]/x": false, "https://169.254.169.254/x": false, "ftp://a.example/x": false, "https://u:p@a.example/x": false,
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if err := way.Check(u); (err == nil) != want {
			t.Errorf("%s: %v, want it allowed: %v", address, err, want)
		}
	}
}

// TestFetchWaitsAsLongAsItsRun: a wait ends with the context.
func TestFetchWaitsAsLongAsItsRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := 0
		way, err := egress.New(egress.Options{Public: true})
		if err != nil {
			t.Fatal(err)
		}
		f := egress.NewFetcher(way, egress.FetchOptions{Around: func(http.RoundTripper) http.RoundTripper {
			return roundTripper(func(r *http.Request) (*http.Response, error) {
				answers++
				return &http.Response{StatusCode: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"20"}}, Body: http.NoBody, Request: r}, nil
			})
		}})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		start := time.Now()
		if _, err := f.Fetch(ctx, "https://feeds.example/", egress.Validators{}); err == nil || answers != 1 || time.Since(start) != 5*time.Second {
			t.Errorf("%v after %d answers and %v", err, answers, time.Since(start))
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
