package ghtest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/ghtest"
)

// gitRepo is a work tree that tests commit to.
type gitRepo struct {
	t   testing.TB
	dir string
	at  time.Time
}

func newGit(tb testing.TB) *gitRepo {
	tb.Helper()
	g := &gitRepo{t: tb, dir: tb.TempDir(), at: time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC)}
	g.git("init", "-q", "-b", "main")
	return g
}

func (g *gitRepo) git(args ...string) string {
	g.t.Helper()
	cmd := exec.CommandContext(g.t.Context(), "git", append([]string{"-C", g.dir}, args...)...)
	when := g.at.Format(time.RFC3339)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com",
		"GIT_AUTHOR_DATE="+when, "GIT_COMMITTER_DATE="+when)
	out, err := cmd.CombinedOutput()
	if err != nil {
		g.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (g *gitRepo) write(name, text string) {
	g.t.Helper()
	file := filepath.Join(g.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		g.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		g.t.Fatal(err)
	}
}

// commit commits everything an hour after the last one.
func (g *gitRepo) commit(message string) string {
	g.t.Helper()
	g.at = g.at.Add(time.Hour)
	g.git("add", "-A")
	g.git("commit", "-q", "-m", message)
	return g.git("rev-parse", "HEAD")
}

// fixture is a server with one repository of code and one of issues.
type fixture struct {
	*ghtest.Server
	t     testing.TB
	git   *gitRepo
	first string // commit tagged v1.0.0 (annotated)
	merge string // merge commit of pull request 7
	side  string // the commit it brought
	head  string
	clock *time.Time
}

const token, reader, reporter, appToken = "good-token", "read-token", "report-token", "app-token"

func newFixture(t *testing.T, opts ghtest.Options) *fixture {
	t.Helper()
	g := newGit(t)
	g.write("a.go", "package a\n\nconst A = 1\nconst B = 2\n")
	g.write("docs/x..y.md", "dots in a name\n")
	g.write("docs/old.md", "old\n")
	g.write("bin.dat", "a\x00b")
	f := &fixture{t: t, git: g}
	f.first = g.commit("add a\n\nThe body of the message.")
	g.git("tag", "-a", "v1.0.0", "-m", "release one")
	g.git("checkout", "-q", "-b", "topic")
	g.write("a.go", "package a\n\nconst A = 1\nconst B = 3\n")
	f.side = g.commit("change B")
	g.git("checkout", "-q", "main")
	g.at = g.at.Add(time.Hour)
	g.git("merge", "-q", "--no-ff", "-m", "Merge pull request #7 from ada/topic", "topic")
	f.merge = g.git("rev-parse", "HEAD")
	g.git("tag", "v1.1.0")
	g.write("big.txt", strings.Repeat("wörd ", 300))
	g.write("sub/deep/f.txt", "deep\n")
	f.head = g.commit("add big")
	now := time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC)
	f.clock = &now
	if opts.Now == nil {
		opts.Now = func() time.Time { return *f.clock }
	}
	f.Server = ghtest.Start(t, opts)
	f.AddRepository(ghtest.Repository{Name: "up/stream", GitDir: g.dir})
	f.AddRepository(ghtest.Repository{Name: "acme/platform"})
	f.AddRepository(ghtest.Repository{Name: "acme/secret", Private: true})
	f.AddRepository(ghtest.Repository{Name: "acme/quiet", IssuesDisabled: true})
	f.AddPullRequest("up/stream", ghtest.PullRequest{Number: 7, Title: "Change B", Author: "ada", MergeOID: f.merge, Labels: []string{"kind/feature"}})
	level := func(a ghtest.Access) map[string]ghtest.Access {
		return map[string]ghtest.Access{"acme/platform": a, "acme/quiet": a}
	}
	f.AddToken(ghtest.Token{Value: token, Login: "bot", Access: level(ghtest.Write)})
	f.AddToken(ghtest.Token{Value: reader, Login: "reader", Access: level(ghtest.Read)})
	f.AddToken(ghtest.Token{Value: reporter, Login: "visitor", Access: level(ghtest.Report)})
	f.AddToken(ghtest.Token{Value: appToken, Login: "github-actions[bot]", Integration: true, Access: level(ghtest.Read)})
	return f
}

// reply is an answer read whole.
type reply struct {
	*http.Response
	body []byte
}

// json decodes the body.
func (r reply) json(tb testing.TB) any {
	tb.Helper()
	var v any
	if err := json.Unmarshal(r.body, &v); err != nil {
		tb.Fatalf("%s: %v\n%s", r.Status, err, r.body)
	}
	return v
}

// try sends a request; header entries are "Name: value".
func (f *fixture) try(method, path, body string, header ...string) (reply, error) {
	f.t.Helper()
	req, err := http.NewRequestWithContext(f.t.Context(), method, f.URL()+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	for _, h := range header {
		k, v, _ := strings.Cut(h, ": ")
		req.Header.Set(k, v)
	}
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return reply{resp, data}, err
}

func (f *fixture) do(method, path, body string, header ...string) reply {
	f.t.Helper()
	r, err := f.try(method, path, body, header...)
	if err != nil {
		f.t.Fatalf("%s %s: %v", method, path, err)
	}
	return r
}

// as is a request with the good token.
func (f *fixture) as(method, path, body string, header ...string) reply {
	f.t.Helper()
	return f.do(method, path, body, append([]string{"Authorization: Bearer " + token}, header...)...)
}

// query sends a GraphQL document with the good token and returns data and errors.
func (f *fixture) query(doc string, vars map[string]any) (data any, errs []any) {
	f.t.Helper()
	body, err := json.Marshal(map[string]any{"query": doc, "variables": vars})
	if err != nil {
		f.t.Fatal(err)
	}
	r := f.as("POST", "/graphql", string(body))
	if r.StatusCode != http.StatusOK {
		f.t.Fatalf("%s\n%s", r.Status, r.body)
	}
	m, ok := r.json(f.t).(map[string]any)
	if !ok {
		f.t.Fatalf("no object: %s", r.body)
	}
	errs, _ = m["errors"].([]any)
	return m["data"], errs
}

// at digs into decoded JSON: at(v, "a", 0, "b").
func at(tb testing.TB, v any, path ...any) any {
	tb.Helper()
	for i, p := range path {
		switch p := p.(type) {
		case string:
			m, ok := v.(map[string]any)
			if !ok {
				tb.Fatalf("%v: no object at %v in %v", path[:i+1], p, v)
			}
			got, ok := m[p]
			if !ok {
				tb.Fatalf("%v: no key %q in %v", path[:i+1], p, v)
			}
			v = got
		case int:
			l, ok := v.([]any)
			if !ok || p >= len(l) {
				tb.Fatalf("%v: no element %d in %v", path[:i+1], p, v)
			}
			v = l[p]
		}
	}
	return v
}

// want compares decoded JSON with a JSON text.
func want(tb testing.TB, got any, text string) {
	tb.Helper()
	var w any
	if err := json.Unmarshal([]byte(text), &w); err != nil {
		tb.Fatalf("bad want: %v\n%s", err, text)
	}
	a, _ := json.Marshal(got)
	b, _ := json.Marshal(w)
	if !bytes.Equal(a, b) {
		tb.Errorf("got  %s\nwant %s", a, b)
	}
}

func names(tb testing.TB, v any, key string) string {
	tb.Helper()
	var out []string
	for i := range v.([]any) {
		out = append(out, fmt.Sprint(at(tb, v, i, key)))
	}
	return strings.Join(out, " ")
}
