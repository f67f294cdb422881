package main

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/github"
)

// bubble is a stand-in in memory and a folder for the bot, for use within testing/synctest: the program
// has its usual settings, and waits of minutes cost nothing.
type bubble struct {
	t   testing.TB
	gh  *ghtest.Server
	dir string
	env []string
	via *elsewhere
	// check stands between the program and the stand-in; nil: nothing does.
	check func(http.RoundTripper) http.RoundTripper
}

const elsewhereURL = "http://elsewhere.test/moved"

// newBubble serves the repository at git as the upstream. It must be called inside the bubble.
func newBubble(tb testing.TB, git string, opts ghtest.Options) *bubble {
	tb.Helper()
	b := &bubble{t: tb, dir: quickDir(tb)}
	opts.Now = time.Now
	b.gh = ghtest.StartInMemory(tb, opts)
	b.via = &elsewhere{next: b.gh.Transport()}
	b.gh.AddRepository(ghtest.Repository{Name: "kubernetes/kubernetes", GitDir: git})
	b.gh.AddRepository(ghtest.Repository{Name: "acme/platform"})
	b.gh.AddToken(ghtest.Token{Value: secret, Login: "bot", Access: map[string]ghtest.Access{"acme/platform": ghtest.Write}})
	b.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + b.dir, "GITHUB_TOKEN=" + secret, "GITHUB_REPOSITORY=acme/platform",
		"GITHUB_API_URL=http://127.0.0.1:1", "GITHUB_GRAPHQL_URL=http://127.0.0.1:1/graphql", "BOT_GITHUB_RAW_URL=http://127.0.0.1:1/raw",
		"BOT_STORE_PATH=" + b.state(), "BOT_CONFIG=" + filepath.Join(b.dir, "config.yaml"),
	}
	b.config("")
	return b
}

// config sets the configuration, of which upstream's gates alone are read.
func (b *bubble) config(text string) {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, "config.yaml"), []byte(gatesOnly(text)), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// quickDir is a folder in memory where there is such a place: a database on a disk waits for the disk.
func quickDir(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "bot-") //nolint:usetesting // a place that TempDir does not choose
	if err != nil {
		return tb.TempDir()
	}
	tb.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func (b *bubble) state() string { return filepath.Join(b.dir, "state", "bot.db") }

func (b *bubble) issues() []ghtest.Issue { return b.gh.Issues("acme/platform") }

// run runs the program. Whatever it does, it must not show the token.
func (b *bubble) run(args ...string) result {
	b.t.Helper()
	var out, errs bytes.Buffer
	before := b.gh.Count().API()
	code := execute(b.t.Context(), environment{
		args: args, stdout: &out, stderr: &errs, environ: b.env, now: time.Now,
		github: func(o *github.Options) {
			o.Base, o.Jitter = b.transport(), func() float64 { return 0.5 }
		},
	})
	b.via.next.CloseIdleConnections() // as the end of a process does
	r := result{code, out.String(), errs.String(), b.gh.Count().API() - before}
	if strings.Contains(r.stdout+r.stderr, secret) {
		b.t.Errorf("bot %v prints the token", args)
	}
	for _, path := range []string{b.state(), b.state() + "-wal"} {
		if kept, err := os.ReadFile(path); err == nil && bytes.Contains(kept, []byte(secret)) {
			b.t.Errorf("bot %v keeps the token in %s", args, path)
		}
	}
	return r
}

func (b *bubble) transport() http.RoundTripper {
	if b.check != nil {
		return b.check(b.via)
	}
	return b.via
}

// elsewhere answers for another host, to see whether a redirect takes the token there.
type elsewhere struct {
	next  *http.Transport
	mu    sync.Mutex
	token bool
}

func (e *elsewhere) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != "elsewhere.test" {
		return e.next.RoundTrip(r)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.token = e.token || r.Header.Get("Authorization") != ""
	return &http.Response{
		StatusCode: http.StatusOK, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"text/html"}}, ContentLength: -1, Body: io.NopCloser(strings.NewReader("<html>elsewhere</html>")),
	}, nil
}

var (
	operation = regexp.MustCompile(`^\s*(query|mutation)\s+(\w+)`)
	unnamed   = regexp.MustCompile(`^\s*(query|mutation)\s*[({]`)
	variable  = regexp.MustCompile(`\{\w+(\.\.\.)?\}`)
)

const noName = "document without a name"

// callName tells what a request is: its route with the names of its parameters, or its GraphQL operation.
func callName(r ghtest.Request) string {
	switch r.Kind {
	case ghtest.GraphQL:
		if m := operation.FindStringSubmatch(r.Document); m != nil {
			return m[1] + " " + m[2]
		}
		return noName
	case ghtest.Raw:
		return "GET file, raw host"
	case ghtest.REST:
	}
	query := ""
	if values, err := url.ParseQuery(r.Query); err == nil && len(values) > 0 {
		query = "?" + strings.Join(slices.Sorted(maps.Keys(values)), "&")
	}
	for _, route := range routes() {
		if route.method == r.Method && route.path.MatchString(r.Path) {
			return route.method + " " + route.name + query
		}
	}
	return r.Method + " " + r.Path + query
}

type namedRoute struct {
	method, name string
	path         *regexp.Regexp
}

var routes = sync.OnceValue(func() []namedRoute {
	var out []namedRoute
	for _, route := range ghtest.Routes() {
		method, pattern, _ := strings.Cut(route, " ")
		expression := variable.ReplaceAllStringFunc(pattern, func(v string) string {
			if strings.HasSuffix(v, "...}") {
				return ".+"
			}
			return "[^/]+"
		})
		name := strings.Replace(pattern, "/repos/{owner}/{repo}", "…", 1)
		out = append(out, namedRoute{method, name, regexp.MustCompile("^" + expression + "$")})
	}
	return out
})

// concernsTarget reports whether a request is about telling and not about reading upstream.
func concernsTarget(r ghtest.Request) bool {
	if r.Kind == ghtest.GraphQL {
		if strings.HasPrefix(strings.TrimSpace(r.Document), "query Heads(") {
			return false // the boxes of the last digest are read with them
		}
		return strings.Contains(r.Variables, `"platform"`) || !strings.Contains(r.Document, "repository(")
	}
	return strings.HasPrefix(r.Path, "/repos/acme/platform")
}

// few keeps a dozen gates of a release, which is enough for a digest and quick to read.
func few(rows []facts.Row) []facts.Row {
	var out []facts.Row
	for _, r := range rows {
		if crc32.ChecksumIEEE([]byte(r.Gate))%10 == 0 || r.Gate == "ImageVolumeWithDigest" || r.Gate == "DRAAdminAccess" {
			out = append(out, r)
		}
	}
	return out
}

// filed is all that stands in the target, without what differs from run to run: nonces and costs.
func filed(issues []ghtest.Issue) string {
	var b strings.Builder
	for _, i := range issues {
		fmt.Fprintf(&b, "# %s\n%s\n", i.Title, stable(i.Body))
		for _, c := range i.Comments {
			fmt.Fprintf(&b, "## comment\n%s\n", stable(c.Body))
		}
	}
	return b.String()
}

var unstable = regexp.MustCompile(`nonce=[0-9a-f]+| at=\d+|<!-- yours v1 [0-9a-f]+|Cost: [^.]*\.|\d+ bytes|(as of|last known at) [^.]*\.`)

// watched is the line about earlier runs, which the first run of all does not have.
var watched = regexp.MustCompile(`(?m)^- Watched: .*\n`)

func stable(text string) string {
	return unstable.ReplaceAllString(watched.ReplaceAllString(text, ""), "-")
}
