package egress_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/egress"
)

// poster may speak to srv, and waits in no time; waits are what it would have waited.
func poster(t *testing.T, o egress.PostOptions, srv *httptest.Server) (p *egress.Poster, waits *[]time.Duration) {
	t.Helper()
	tr, err := egress.ForAddress(srv.URL+secretPath, trusting(srv))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.CloseIdleConnections)
	waits = new([]time.Duration)
	if o.Sleep == nil {
		o.Sleep = func(ctx context.Context, d time.Duration) error { *waits = append(*waits, d); return ctx.Err() }
	}
	if o.Jitter == nil {
		o.Jitter = func() float64 { return 0 }
	}
	o.UserAgent = "bot/1"
	return egress.NewPoster(tr, o), waits
}

// TestPostTriesAgain: only what surely was not taken and may pass by itself, for as long as the receiver asks, and no
// longer than it may.
func TestPostTriesAgain(t *testing.T) {
	s := func(n ...float64) (out []time.Duration) {
		for _, x := range n {
			out = append(out, time.Duration(x*float64(time.Second)))
		}
		return out
	}
	for _, tt := range []struct {
		name   string
		status int // of every answer but the fourth, which is 200
		header map[string]string
		body   string
		waits  []time.Duration
		final  int
		asked  time.Duration
	}{
		{name: "bad request", status: 400, final: 400},
		{name: "gone", status: 410, final: 410},
		{name: "too large", status: 413, final: 413},
		{name: "not implemented", status: 501, final: 501},
		{name: "redirect", status: 307, header: map[string]string{"Location": "/elsewhere"}, final: 307},
		{name: "request timeout", status: 408, waits: s(1, 2, 4), final: 200},
		{name: "too early", status: 425, waits: s(1, 2, 4), final: 200},
		{name: "error", status: 500, waits: s(1, 2, 4), final: 200},
		{name: "bad gateway", status: 502, waits: s(1, 2, 4), final: 200},
		{name: "unavailable", status: 503, waits: s(1, 2, 4), final: 200},
		{name: "gateway timeout", status: 504, waits: s(1, 2, 4), final: 200},
		{name: "too many", status: 429, header: map[string]string{"Retry-After": "7"}, waits: s(7, 7, 7), final: 200},
		{name: "less than the bot waits", status: 429, header: map[string]string{"Retry-After": "1"}, waits: s(1, 2, 4), final: 200},
		{name: "a date", status: 503, header: map[string]string{"Date": "Tue, 18 Aug 2026 10:00:00 GMT", "Retry-After": "Tue, 18 Aug 2026 10:00:05 GMT"}, waits: s(5, 5, 5), final: 200},
		{name: "no number", status: 503, header: map[string]string{"Retry-After": "soon"}, waits: s(1, 2, 4), final: 200},
		{name: "Discord's header", status: 429, header: map[string]string{"X-RateLimit-Reset-After": "4.5", "Retry-After": "4500"}, waits: s(4.5, 4.5, 4.5), final: 200},
		{name: "Discord's body", status: 429, body: `{"message": "You are being rate limited.", "retry_after": 6.25, "global": true}`, waits: s(6.25, 6.25, 6.25), final: 200},
		{name: "beyond the limit", status: 429, header: map[string]string{"Retry-After": "61"}, final: 429, asked: 61 * time.Second},
		{name: "beyond the limit together", status: 429, header: map[string]string{"Retry-After": "25"}, waits: s(25, 25), final: 429, asked: 25 * time.Second},
		{name: "forever", status: 429, header: map[string]string{"X-RateLimit-Reset-After": "1e300"}, final: 429, asked: 365 * 24 * time.Hour},
		{name: "nonsense", status: 429, header: map[string]string{"X-RateLimit-Reset-After": "NaN", "Retry-After": "-3"}, body: `{"retry_after": "x"}`, waits: s(1, 2, 4), final: 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var n atomic.Int64
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/elsewhere" {
					t.Error("a redirect was followed")
				}
				body, _ := io.ReadAll(r.Body)
				if r.Method != http.MethodPost || string(body) != `{"a":1}` || r.Header.Get("Content-Type") != "application/json" ||
					r.Header.Get("User-Agent") != "bot/1" || r.Header.Get("X-Try") != fmt.Sprint(n.Add(1)) {
					t.Errorf("%s %q %v", r.Method, body, r.Header)
				}
				if n.Load() == 4 {
					return
				}
				for k, v := range tt.header {
					w.Header().Set(k, v)
				}
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			}))
			t.Cleanup(srv.Close)
			p, waits := poster(t, egress.PostOptions{}, srv)
			made := 0
			a, err := p.Post(t.Context(), egress.PostRequest{Address: srv.URL + secretPath, Body: []byte(`{"a":1}`), Headers: func() map[string]string {
				made++
				return map[string]string{"X-Try": fmt.Sprint(made)}
			}})
			if err != nil || a.Status != tt.final || a.Asked != tt.asked || a.Tries != len(tt.waits)+1 || a.Host != hostOf(srv) {
				t.Errorf("%+v, %v", a, err)
			}
			if fmt.Sprint(*waits) != fmt.Sprint(tt.waits) {
				t.Errorf("waited %v, want %v", *waits, tt.waits)
			}
		})
	}
}

// TestPostGivesUp: after so many tries, and at once where the way is shut for good or it is not known what arrived.
func TestPostGivesUp(t *testing.T) {
	release := make(chan struct{})
	var n atomic.Int64
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		switch r.URL.Path {
		case "/slow":
			<-release
		case "/reset":
			conn, _, _ := http.NewResponseController(w).Hijack()
			_ = conn.(*net.TCPConn).SetLinger(0)
			_ = conn.Close()
		case "/short":
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "ok")
		case "/large":
			_, _ = w.Write(make([]byte, 100<<10))
		case "/503":
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	t.Cleanup(func() { close(release) })
	dead := httptest.NewServer(handler)
	dead.Close()
	untrusted := httptest.NewUnstartedServer(handler)
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	untrusted.StartTLS()
	t.Cleanup(untrusted.Close)

	for _, tt := range []struct {
		address string
		want    string // the error, or the answer
		asked   int64
		waits   int
	}{
		{srv.URL + "/503?" + "verysecret", "503 after 4 tries", 4, 3},
		{srv.URL + "/slow?" + "verysecret", "no whole answer in 500ms; it may have arrived all the same", 1, 0},
		{srv.URL + "/reset?" + "verysecret", "HOST: the connection broke off; it may have arrived all the same", 1, 0},
		{srv.URL + "/short?" + "verysecret", "200 after 1 tries, broken", 1, 0},
		{srv.URL + "/large?" + "verysecret", "200 after 1 tries, 65536 bytes", 1, 0},
		{dead.URL + "/x?" + "verysecret", "HOST: it could not be connected to (4 tries)", 0, 3},
		{untrusted.URL + "/x?" + "verysecret", "HOST: its certificate is not to be trusted", 0, 0},
		{"https://elsewhere.example.com/" + "verysecret", "elsewhere.example.com: not spoken to: it is not one of the configured hosts", 0, 0},
		{"https://user:verysecret@" + hostOf(srv) + "/x", "HOST: not spoken to: the address holds a user or password; give secrets by themselves", 0, 0},
		{"https://[verysecret", "the address: it can't be read", 0, 0},
	} {
		t.Run(tt.address, func(t *testing.T) {
			n.Store(0)
			o := egress.PostOptions{Timeout: 5 * time.Second}
			if strings.Contains(tt.address, "/slow") {
				o.Timeout = 500 * time.Millisecond
			}
			way := trusting(srv, dead)
			way.Hosts = append(way.Hosts, hostOf(untrusted))
			way.Private, way.LoopbackHTTP = way.Hosts, true
			tr, err := egress.New(way)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(tr.CloseIdleConnections)
			waits := 0
			o.Sleep = func(context.Context, time.Duration) error { waits++; return nil }
			a, err := egress.NewPoster(tr, o).Post(t.Context(), egress.PostRequest{Address: tt.address, Body: []byte("{}")})
			got := fmt.Sprintf("%d after %d tries", a.Status, a.Tries)
			if a.Broken {
				got += ", broken"
			}
			if len(a.Body) > 100 {
				got += fmt.Sprintf(", %d bytes", len(a.Body))
			}
			if err != nil {
				got = err.Error()
			}
			for _, s := range []*httptest.Server{srv, dead, untrusted} {
				got = strings.ReplaceAll(got, hostOf(s), "HOST")
			}
			if got != tt.want && !strings.HasSuffix(got, tt.want) || strings.Contains(got, "verysecret") {
				t.Errorf("%s\nwant %s", got, tt.want)
			}
			if n.Load() != tt.asked || waits != tt.waits {
				t.Errorf("asked %d times, waited %d times", n.Load(), waits)
			}
		})
	}
}

// TestPostIsInterrupted: while it waits, and before it sends.
func TestPostIsInterrupted(t *testing.T) {
	srv, n := counting(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	ctx, cancel := context.WithCancel(t.Context())
	p, _ := poster(t, egress.PostOptions{Sleep: func(ctx context.Context, _ time.Duration) error { cancel(); return ctx.Err() }}, srv)
	r := egress.PostRequest{Address: srv.URL + secretPath}
	if a, err := p.Post(ctx, r); err != nil || a.Status != 503 || n.Load() != 1 {
		t.Errorf("%+v, %v, %d", a, err, n.Load())
	}
	if _, err := p.Post(ctx, r); !errors.Is(err, context.Canceled) || n.Load() != 1 {
		t.Errorf("%v, %d", err, n.Load())
	}
}

// TestPostSpreadsOut: a wait is shortened at random, to no less than its half.
func TestPostSpreadsOut(t *testing.T) {
	srv, _ := counting(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	p, waits := poster(t, egress.PostOptions{Tries: 9, MaxWait: time.Hour, Jitter: func() float64 { return 1 }}, srv)
	if _, err := p.Post(t.Context(), egress.PostRequest{Address: srv.URL + secretPath}); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(*waits); got != "[500ms 1s 2s 4s 8s 15s 15s 15s]" {
		t.Error(got)
	}
}

// TestPostIsTheSameFromARecording: a recording has the words of an error alone.
func TestPostIsTheSameFromARecording(t *testing.T) {
	dead := httptest.NewServer(nil)
	dead.Close()
	var recorded []string
	live := around{func(rt http.RoundTripper, r *http.Request) (*http.Response, error) {
		resp, err := rt.RoundTrip(r)
		recorded = append(recorded, err.Error())
		return resp, err
	}}
	p, waits := poster(t, egress.PostOptions{Around: live.put}, dead)
	r := egress.PostRequest{Address: dead.URL + secretPath}
	_, first := p.Post(t.Context(), r)
	n := 0
	replay := around{func(http.RoundTripper, *http.Request) (*http.Response, error) {
		n++
		return nil, errors.New(recorded[n-1])
	}}
	q, again := poster(t, egress.PostOptions{Around: replay.put}, dead)
	_, second := q.Post(t.Context(), r)
	if first == nil || second == nil || first.Error() != second.Error() || n != len(recorded) || fmt.Sprint(*waits) != fmt.Sprint(*again) {
		t.Errorf("%v %v\n%v %v", first, *waits, second, *again)
	}
}

type around struct {
	f func(http.RoundTripper, *http.Request) (*http.Response, error)
}

func (a around) put(rt http.RoundTripper) http.RoundTripper { return through{a, rt} }

type through struct {
	around
	rt http.RoundTripper
}

func (t through) RoundTrip(r *http.Request) (*http.Response, error) { return t.f(t.rt, r) }

// TestForAddress leads to one host, which may be a private one, and says what is wrong with an address without showing it.
func TestForAddress(t *testing.T) {
	srv := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(srv.Close)
	for address, want := range map[string]string{
		"https://hooks.slack.com/services/verysecret":    "",
		"https://hooks.slack.com:/services/verysecret":   "",
		"https://10.0.0.7:8443/verysecret":               "",
		"https://[fd00::1]/verysecret":                   "",
		"http://127.0.0.1:8080/verysecret":               "",
		"http://localhost/verysecret":                    "",
		"http://chat.example.com/verysecret":             "chat.example.com: not spoken to: http is not encrypted; use https",
		"ftp://chat.example.com/verysecret":              "chat.example.com: not spoken to: only https is spoken; use https",
		"https://u:verysecret@chat.example.com/":         "chat.example.com: not spoken to: the address holds a user or password; give secrets by themselves",
		"hooks.slack.com/services/verysecret":            "the address: it can't be read: it should be like https://host/path",
		"https:///verysecret":                            "the address: it can't be read: it should be like https://host/path",
		"https://chat.example.com:verysecret/":           "the address: it can't be read: it should be like https://host/path",
		"https://chat.example.com:99999/verysecret":      "the address: its host can't be read: it should be like https://host/path",
		"mailto:verysecret@example.com":                  "the address: it can't be read: it should be like https://host/path",
		"":                                               "the address: it can't be read: it should be like https://host/path",
		"https://chat.example.com/verysecret\nX-Evil: b": "the address: it can't be read: it should be like https://host/path",
	} {
		_, err := egress.ForAddress(address, egress.Options{})
		if got := fmt.Sprint(err); got != want && (want != "" || err != nil) {
			t.Errorf("%q: %s, want %s", address, got, want)
		}
	}
	tr, err := egress.ForAddress(srv.URL, trusting(srv))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.CloseIdleConnections)
	p := egress.NewPoster(tr, egress.PostOptions{})
	if a, err := p.Post(t.Context(), egress.PostRequest{Address: srv.URL}); err != nil || a.Status != 404 {
		t.Errorf("%+v, %v", a, err)
	}
	other := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(other.Close)
	if _, err := p.Post(t.Context(), egress.PostRequest{Address: other.URL}); err == nil || !strings.Contains(err.Error(), "not one of the configured hosts") {
		t.Errorf("%v", err)
	}
}

// TestForAddressHonoursTheProxy: it is asked for the host, and nothing was sent where it refuses.
func TestForAddressHonoursTheProxy(t *testing.T) {
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.Host)
		w.WriteHeader(http.StatusForbidden)
	}))
	t.Cleanup(proxy.Close)
	from, err := egress.ProxyFrom(func(name string) (string, bool) { return proxy.URL, name == "HTTPS_PROXY" })
	if err != nil {
		t.Fatal(err)
	}
	const address = "https://hooks.slack.com/services/T0AAA/B0BBB/verysecret"
	tr, err := egress.ForAddress(address, egress.Options{Proxy: from})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.CloseIdleConnections)
	p := egress.NewPoster(tr, egress.PostOptions{Tries: 2, Sleep: func(context.Context, time.Duration) error { return nil }})
	_, err = p.Post(t.Context(), egress.PostRequest{Address: address})
	if got := fmt.Sprint(err); got != "hooks.slack.com: the proxy does not lead there, it answers 403 (Forbidden) (2 tries)" || fmt.Sprint(asked) != "[CONNECT hooks.slack.com:443 CONNECT hooks.slack.com:443]" {
		t.Errorf("%s, asked %v", got, asked)
	}
}

// TestQuoted: what a receiver says is told without what is secret, however it is written.
func TestQuoted(t *testing.T) {
	const address = "ntfy://me:pass%20word@chat.example.com/T0AAA/B0BBB-abcdef/x?token=verysecret&scheme=http"
	for text, want := range map[string]string{
		"no such topic": "no such topic",
		"POST https://chat.example.com/x?y: refused":     "POST … refused",
		`bad "pass word" of me`:                          `bad "…" of me`,
		"token=VERYSECRET is wrong":                      "token=… is wrong",
		"abcdef unknown, T0AAA too, and pass%20word":     "… unknown, … too, and …",
		"<html>\n<b>Not\tfound</b></html>\x00\u202e":     "Not found",
		"it begins with verysecr, in short":              "it begins with …, in short", // who cuts the address off
		"topic /B0BBB-abc":                               "topic …",
		"it was dmVyeXNlY3JldA==":                        "it was …", // in base64
		"it was L3g_dG9rZW49dmVyeXNlY3JldA":              "it was …", // with what stands before it
		"it was 76657279736563726574":                    "it was …",
		"unsupported_media_type: no 0123456789fedcba":    "unsupported_media_type: no 0123456789fedcba",
		"ntfy takes " + strings.Repeat("very long ", 30): "ntfy takes " + strings.Repeat("very long ", 18) + "very long" + "…",
	} {
		if got := egress.Quoted(text, address, "token", "ntfy"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
