package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/upstream-digest/bot/internal/config"
	"github.com/upstream-digest/bot/internal/doctor"
	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/github"
)

// TestNoRedirectLeadsElsewhere: neither with nor without a token does the program speak to a host that
// nobody configured, and it says which one it was sent to.
func TestNoRedirectLeadsElsewhere(t *testing.T) {
	asked := 0
	stranger := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer stranger.Close()
	host := strings.TrimPrefix(stranger.URL, "http://")
	for name, args := range map[string][]string{
		"a run": {"run"}, "a dry run": {"run", "--dry-run"}, "anonymous gates": {"gates"}, "anonymous doctor": {"doctor"},
	} {
		w := released(t)
		if strings.HasPrefix(name, "anonymous") {
			w.set("GITHUB_TOKEN=")
		}
		w.gh.AddFault(ghtest.Fault{Kind: ghtest.Redirect, Path: "/**", Location: stranger.URL + "/login?secret=path", Times: -1})
		r := w.run(args...)
		if !strings.Contains(r.stdout+r.stderr, host) || strings.Contains(r.stdout+r.stderr, "secret=path") || r.code == 0 {
			t.Errorf("%s: exit code %d, and it does not name the host, or more than it:\n%s%s", name, r.code, r.stdout, r.stderr)
		}
	}
	if asked != 0 {
		t.Errorf("the stranger was asked %d times", asked)
	}
}

// TestTheProxyIsTheEnvironments: the one that was handed in, for hosts beyond this machine.
func TestTheProxyIsTheEnvironments(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1") // the process's own does not count
	var mu sync.Mutex
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.Method+" "+r.Host)
		if r.Header.Get("Authorization") != "" || strings.Contains(r.RequestURI, "repos") {
			t.Errorf("the proxy sees more than the host: %s %v", r.RequestURI, r.Header)
		}
		w.WriteHeader(http.StatusForbidden)
	}))
	defer proxy.Close()
	w := released(t)
	w.set("GITHUB_API_URL=https://ghe.example.com/api/v3", "GITHUB_GRAPHQL_URL=", "BOT_GITHUB_RAW_URL=", "BOT_GITHUB_WRITE_INTERVAL=1s", "BOT_GITHUB_MAX_WAIT=10ms", "https_proxy="+proxy.URL)
	e := w.examine()
	c := e.find(t, "network", "ghe.example.com")
	if c.Status != doctor.Failed || !strings.Contains(c.Finding, strings.TrimPrefix(proxy.URL, "http://")) {
		t.Errorf("a proxy that refuses: %s %s", c.Status, c.Finding)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(asked) == 0 || asked[0] != "CONNECT ghe.example.com:443" {
		t.Errorf("the proxy was asked for %v", asked)
	}
}

// TestTheWayOut: which addresses a default set-up may ask for, and what the exceptions add.
func TestTheWayOut(t *testing.T) {
	way := func(o github.Options, private ...string) func(string) bool {
		a := &app{env: environment{}}
		tr, _, err := a.wayOut(config.Config{Network: config.Network{AllowPrivate: private}}, o)
		if err != nil {
			t.Fatal(err)
		}
		return func(s string) bool {
			u, err := url.Parse(s)
			return err == nil && tr.Check(u) == nil
		}
	}
	usual := way(github.Options{})
	for address, want := range map[string]bool{
		"https://api.github.com/x": true, "https://github.com/x": true, "https://codeload.github.com/x": true, "https://objects.githubusercontent.com/x": true,
		"http://api.github.com/x": false, "https://api.github.com:8443/x": false, "https://example.com/x": false, "https://169.254.169.254/x": false, "http://127.0.0.1/x": false,
	} {
		if usual(address) != want {
			t.Errorf("%s: allowed %v, want %v", address, !want, want)
		}
	}
	server := way(github.Options{APIURL: "https://10.1.2.3/api/v3", ServerURL: "https://10.1.2.3"})
	if !server("https://10.1.2.3/api/v3/x") || server("https://10.1.2.4/x") || server("https://codeload.github.com/x") {
		t.Error("an Enterprise Server at a private address is what was configured, and nothing else")
	}
	if way(github.Options{}, "10.1.2.4")("https://10.1.2.4/x") {
		t.Error("allow_private makes no host one of the configured ones")
	}
}
