package egress_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/egress"
)

// secretPath is what no error may show.
const secretPath = "/services/T0AAA/B0BBB/verysecretpath?token=verysecretquery"

func hostOf(srv *httptest.Server) string { return srv.Listener.Addr().String() }

// trusting gives options that may speak to the servers, which stand on this machine.
func trusting(servers ...*httptest.Server) egress.Options {
	o := egress.Options{Roots: x509.NewCertPool()}
	for _, s := range servers {
		o.Hosts = append(o.Hosts, hostOf(s))
		if s.Certificate() != nil {
			o.Roots.AddCert(s.Certificate())
		}
	}
	o.Private = o.Hosts
	return o
}

func client(t *testing.T, o egress.Options, limits egress.ClientOptions) *egress.Client {
	t.Helper()
	tr, err := egress.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.CloseIdleConnections)
	return egress.NewClient(tr, limits)
}

func send(t *testing.T, c *egress.Client, method, url string) (string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(req)
	if err == nil {
		defer resp.Body.Close()
		var body []byte
		if body, err = io.ReadAll(resp.Body); err == nil {
			return string(body), nil
		}
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		if text := fmt.Sprintf("%v %+v %q", e, e, e.Error()); strings.Contains(text, "verysecret") || strings.Contains(text, "T0AAA") {
			t.Errorf("the error shows the URL: %s", text)
		}
	}
	return "", err
}

func refused(t *testing.T, err error, want string) {
	t.Helper()
	if _, ok := errors.AsType[*egress.RefusedError](err); !ok || !strings.Contains(err.Error(), want) {
		t.Errorf("error is %v, want a refusal with %q", err, want)
	}
}

func counting(t *testing.T, h http.HandlerFunc) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	var n atomic.Int64
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { n.Add(1); h(w, r) }))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv, &n
}

func TestOnlyListedHostsAreSpokenTo(t *testing.T) {
	srv, n := counting(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	c := client(t, trusting(srv), egress.ClientOptions{})
	if got, err := send(t, c, "GET", srv.URL+secretPath); err != nil || got != "hello" {
		t.Fatalf("got %q, %v from a listed host", got, err)
	}
	other, m := counting(t, func(http.ResponseWriter, *http.Request) {})
	_, err := send(t, c, "GET", other.URL+secretPath)
	refused(t, err, "not one of the configured hosts")
	if n.Load() != 1 || m.Load() != 0 {
		t.Errorf("%d and %d requests were received, want 1 and 0", n.Load(), m.Load())
	}
}

func TestWhatIsRefusedBeforeAName(t *testing.T) {
	c := client(t, egress.Options{Hosts: []string{"*.example.com", "hooks.example.org:8443", "10.0.0.7", "[::ffff:127.0.0.1]", "localhost"}}, egress.ClientOptions{})
	for url, want := range map[string]string{
		"http://a.example.com" + secretPath:              "not encrypted",
		"http://localhost" + secretPath:                  "not encrypted",
		"ftp://a.example.com" + secretPath:               "only https",
		"https://user:verysecret@a.example.com/":         "user or password",
		"https://example.com" + secretPath:               "not one of the configured hosts", // "*." is names below
		"https://a.example.com.evil.net" + secretPath:    "not one of the configured hosts",
		"https://evilexample.com" + secretPath:           "not one of the configured hosts",
		"https://a.example.com:22" + secretPath:          "not one of the configured hosts",
		"https://hooks.example.org" + secretPath:         "not one of the configured hosts", // another port
		"https://10.0.0.7" + secretPath:                  "10.0.0.7 is private",
		"https://[::ffff:127.0.0.1]" + secretPath:        "is this machine",
		"https://a.example.com@evil.net/verysecretpath":  "user or password",
		"https://127.0.0.1.example.net/verysecretpath#x": "not one of the configured hosts",
	} {
		_, err := send(t, c, "GET", url)
		refused(t, err, want)
	}
}

// TestAddressesAreJudgedAfterResolution: the name is harmless, what it resolves to is not.
func TestAddressesAreJudgedAfterResolution(t *testing.T) {
	srv, n := counting(t, func(http.ResponseWriter, *http.Request) {})
	_, port, _ := strings.Cut(hostOf(srv), ":")
	o := trusting(srv)
	o.Hosts, o.Private = []string{"localhost:" + port}, nil
	_, err := send(t, client(t, o, egress.ClientOptions{}), "GET", "https://localhost:"+port+secretPath)
	refused(t, err, "network.allow_private")
	if n.Load() != 0 {
		t.Error("the request was sent")
	}
}

func TestRedirects(t *testing.T) {
	target, seen := counting(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Referer") != "" {
			t.Errorf("the next host learns the address: Referer %s", r.Header.Get("Referer"))
		}
		_, _ = io.WriteString(w, "there")
	})
	stranger, strangerSeen := counting(t, func(http.ResponseWriter, *http.Request) {})
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	var first *httptest.Server
	first, hops := counting(t, func(w http.ResponseWriter, r *http.Request) {
		to := map[string]string{"/listed": target.URL, "/stranger": stranger.URL + secretPath, "/plain": plain.URL + secretPath, "/loop": first.URL + "/loop",
			"/private": "https://169.254.169.254/latest/meta-data/verysecret", "/odd": "https://verysecret:%zz"}[r.URL.Path]
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusFound)
	})
	o := trusting(first, target, plain)
	o.LoopbackHTTP = true
	o.Hosts = append(o.Hosts, "169.254.169.254")
	c := client(t, o, egress.ClientOptions{})
	if got, err := send(t, c, "GET", first.URL+"/listed"); err != nil || got != "there" {
		t.Errorf("a redirect to a listed host: %q, %v", got, err)
	}
	_, err := send(t, c, "GET", first.URL+"/stranger")
	refused(t, err, "not one of the configured hosts")
	_, err = send(t, c, "GET", first.URL+"/private")
	refused(t, err, "cloud metadata")
	if _, err = send(t, c, "GET", first.URL+"/plain"); err == nil || !strings.Contains(err.Error(), "https to http") {
		t.Errorf("from https to http: %v", err)
	}
	if _, err = send(t, c, "GET", first.URL+"/odd"); err == nil {
		t.Error("a Location that is no address was followed")
	}
	hops.Store(0)
	if _, err = send(t, c, "GET", first.URL+"/loop"); err == nil || !strings.Contains(err.Error(), "more than 5 redirects") || hops.Load() != 6 {
		t.Errorf("a loop: %d requests, %v", hops.Load(), err)
	}
	seen.Store(0)
	if _, err = send(t, c, "POST", first.URL+"/listed"); err == nil || seen.Load() != 0 {
		t.Errorf("a POST was sent on: %v", err)
	}
	if strangerSeen.Load() != 0 {
		t.Error("a host that is not listed was spoken to")
	}
}

func TestTLSIsVerified(t *testing.T) {
	srv, n := counting(t, func(http.ResponseWriter, *http.Request) {})
	o := trusting(srv)
	o.Roots = x509.NewCertPool()
	if _, err := send(t, client(t, o, egress.ClientOptions{}), "GET", srv.URL+secretPath); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown certificate: %v", err)
	}
	old := httptest.NewUnstartedServer(http.NotFoundHandler())
	old.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10} //nolint:gosec // it is to be refused
	old.Config.ErrorLog = log.New(io.Discard, "", 0)
	old.StartTLS()
	t.Cleanup(old.Close)
	if _, err := send(t, client(t, trusting(old), egress.ClientOptions{}), "GET", old.URL+secretPath); err == nil {
		t.Error("TLS 1.1 was accepted")
	}
	if n.Load() != 0 {
		t.Error("a request was sent over a connection that is not to be trusted")
	}
}

func TestLimitsOfSizeAndTime(t *testing.T) {
	release := make(chan struct{})
	srv, _ := counting(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/hang":
			<-release
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = z.Write(bytes.Repeat([]byte("a"), 1<<20))
			_ = z.Close()
		default:
			_, _ = io.WriteString(w, strings.Repeat("b", 1000))
		}
	})
	t.Cleanup(func() { close(release) })
	c := client(t, trusting(srv), egress.ClientOptions{MaxBytes: 1000})
	if got, err := send(t, c, "GET", srv.URL+"/"); err != nil || len(got) != 1000 {
		t.Errorf("%d bytes, %v; the limit itself is allowed", len(got), err)
	}
	for _, path := range []string{"/bomb", "/"} {
		_, err := send(t, client(t, trusting(srv), egress.ClientOptions{MaxBytes: 999}), "GET", srv.URL+path+"?verysecret")
		if _, ok := errors.AsType[*egress.TooLargeError](err); !ok {
			t.Errorf("%s: %v, want *TooLargeError", path, err)
		}
	}
	_, err := send(t, client(t, trusting(srv), egress.ClientOptions{Timeout: 50 * time.Millisecond}), "GET", srv.URL+"/hang?verysecret")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a host that does not answer: %v", err)
	}
}

func TestErrorsNameTheHostOnly(t *testing.T) {
	gone := httptest.NewTLSServer(http.NotFoundHandler())
	o := trusting(gone)
	gone.Close()
	_, err := send(t, client(t, o, egress.ClientOptions{}), "POST", gone.URL+secretPath)
	if err == nil || !strings.Contains(err.Error(), hostOf(gone)) {
		t.Errorf("the error does not name the host: %v", err)
	}
}

func TestProxyComesFromWhatWasHandedIn(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1") // the process's own must not count
	t.Setenv("https_proxy", "http://127.0.0.1:1")
	asked := make(chan string, 4)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Method + " " + r.Host
		w.WriteHeader(http.StatusBadGateway)
	}))
	t.Cleanup(proxy.Close)
	lookup := func(pairs map[string]string) func(string) (string, bool) {
		return func(name string) (string, bool) { v, ok := pairs[name]; return v, ok }
	}
	p, err := egress.ProxyFrom(lookup(map[string]string{"https_proxy": proxy.URL, "NO_PROXY": "direct.example.com"}))
	if err != nil {
		t.Fatal(err)
	}
	c := client(t, egress.Options{Hosts: []string{"feeds.example.com", "10.0.0.7"}, Proxy: p}, egress.ClientOptions{})
	if _, err := send(t, c, "GET", "https://feeds.example.com"+secretPath); err == nil {
		t.Error("the proxy refused, and the request succeeded")
	}
	select {
	case got := <-asked:
		if got != "CONNECT feeds.example.com:443" {
			t.Errorf("the proxy was asked for %s", got)
		}
	default:
		t.Error("the proxy was not asked")
	}
	_, err = send(t, c, "GET", "https://10.0.0.7"+secretPath)
	refused(t, err, "private") // whatever the proxy would do

	srv, n := counting(t, func(http.ResponseWriter, *http.Request) {})
	if _, err := send(t, client(t, trusting(srv), egress.ClientOptions{}), "GET", srv.URL); err != nil || n.Load() != 1 {
		t.Errorf("without a proxy handed in: %v", err)
	}
	for _, bad := range []string{"http://user:verysecret@", "ftp://verysecret:21", "http://verysecret\x7f"} {
		_, err := egress.ProxyFrom(lookup(map[string]string{"HTTPS_PROXY": bad}))
		if err == nil || !strings.Contains(err.Error(), "HTTPS_PROXY") || strings.Contains(err.Error(), "verysecret") {
			t.Errorf("a bad proxy: %v", err)
		}
	}
}

func TestHostsAreChecked(t *testing.T) {
	for _, bad := range []string{"", "https://a.example.com", "a.example.com/path", "a b", "*", "*."} {
		if _, err := egress.New(egress.Options{Hosts: []string{bad}}); err == nil {
			t.Errorf("%q was taken for a host", bad)
		}
	}
}
