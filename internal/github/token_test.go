package github_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/upstream-digest/bot/internal/github"
)

// recorder is a server that remembers what was asked.
type recorder struct {
	*httptest.Server
	mu   sync.Mutex
	seen []string // "METHOD path auth"
}

func record(t *testing.T, h http.HandlerFunc) *recorder {
	t.Helper()
	r := &recorder{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		r.seen = append(r.seen, req.Method+" "+req.URL.Path+" "+req.Header.Get("Authorization"))
		r.mu.Unlock()
		h(w, req)
	}))
	t.Cleanup(r.Close)
	return r
}

func answer(w io.Writer, body string) { _, _ = io.WriteString(w, body) }

func (r *recorder) requests() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen
}

func (r *recorder) noToken(t *testing.T) {
	t.Helper()
	for _, s := range r.requests() {
		if strings.Contains(s, token) {
			t.Errorf("another host was given the token: %s", s)
		}
	}
}

func TestRedirectToAnotherHostCarriesNoToken(t *testing.T) {
	other := record(t, func(w http.ResponseWriter, _ *http.Request) { answer(w, `{"default_branch":"main"}`) })
	api := record(t, func(w http.ResponseWriter, req *http.Request) {
		http.Redirect(w, req, other.URL+"/elsewhere", http.StatusFound)
	})
	c := newClient(t, http.DefaultTransport, func(o *github.Options) { o.APIURL = api.URL })
	branch, err := c.DefaultBranch(t.Context(), "a/b")
	if err != nil || branch != "main" {
		t.Fatalf("DefaultBranch = %q, %v; want main from where the redirect leads", branch, err)
	}
	if len(other.requests()) != 1 || !strings.Contains(api.requests()[0], token) {
		t.Fatalf("asked %v and %v", api.requests(), other.requests())
	}
	other.noToken(t)
	if got := c.Cost(); got.REST != 1 || got.Raw != 1 {
		t.Errorf("cost %+v, want one REST request and one elsewhere", got)
	}
}

func TestRedirectOnTheSameHostKeepsTheToken(t *testing.T) {
	api := record(t, func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/repos/old/name" {
			http.Redirect(w, req, "/repositories/7", http.StatusMovedPermanently)
			return
		}
		answer(w, `{"default_branch":"main"}`)
	})
	c := newClient(t, http.DefaultTransport, func(o *github.Options) { o.APIURL = api.URL })
	if branch, err := c.DefaultBranch(t.Context(), "old/name"); err != nil || branch != "main" {
		t.Fatalf("DefaultBranch = %q, %v", branch, err)
	}
	if got := api.requests(); len(got) != 2 || !strings.HasSuffix(got[1], token) {
		t.Errorf("asked %v; a renamed repository needs the token at its new place too", got)
	}
}

func TestRedirectOfAWriteIsRefused(t *testing.T) {
	for _, status := range []int{301, 302, 307, 308} {
		other := record(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusCreated)
			answer(w, `{"number":1}`)
		})
		api := record(t, func(w http.ResponseWriter, req *http.Request) {
			http.Redirect(w, req, other.URL+"/x?token=abc", status)
		})
		c := newClient(t, http.DefaultTransport, func(o *github.Options) { o.APIURL = api.URL })
		_, err := c.CreateIssue(t.Context(), "a/b", github.IssueRequest{Title: "t"})
		_ = as[*github.MovedError](t, err)
		if !github.NotExecuted(err) {
			t.Errorf("%d: %v is not known as not executed", status, err)
		}
		if strings.Contains(err.Error(), "abc") {
			t.Errorf("%d: the error shows the URL: %v", status, err)
		}
		if n := len(other.requests()); n != 0 {
			t.Errorf("%d: the write was sent on, %d times", status, n)
		}
	}
}

func TestRawHostIsNotGivenTheToken(t *testing.T) {
	raw := record(t, func(w http.ResponseWriter, req *http.Request) { answer(w, req.URL.EscapedPath()) })
	c := newClient(t, http.DefaultTransport, func(o *github.Options) { o.RawURL = raw.URL })
	sha := strings.Repeat("a", 40)
	got, err := c.RawFile(t.Context(), "a/b", sha, "pkg/with space/#1%?.go")
	if want := "/a/b/" + sha + "/pkg/with%20space/%231%25%3F.go"; err != nil || string(got) != want {
		t.Fatalf("RawFile = %q, %v; want %q", got, err, want)
	}
	raw.noToken(t)
	if got := c.Cost(); got != (github.Cost{Raw: 1}) {
		t.Errorf("cost %+v, want one raw request", got)
	}
}

// The raw host may be a path of the API's host (it is in tests): still no token.
func TestRawHostBelowTheAPIIsNotGivenTheToken(t *testing.T) {
	api := record(t, func(w http.ResponseWriter, _ *http.Request) { answer(w, `{"default_branch":"x"}`) })
	c := newClient(t, http.DefaultTransport, func(o *github.Options) { o.APIURL, o.RawURL = api.URL, api.URL+"/raw" })
	if _, err := c.RawFile(t.Context(), "a/b", strings.Repeat("a", 40), "f"); err != nil {
		t.Fatal(err)
	}
	api.noToken(t)
	if _, err := c.DefaultBranch(t.Context(), "a/b"); err != nil {
		t.Fatal(err)
	}
	if got := api.requests(); !strings.Contains(got[1], token) {
		t.Errorf("the API beside it was not given the token: %v", got)
	}
}

func TestAnonymousSendsNothingThatNeedsAToken(t *testing.T) {
	s := &script{replies: []reply{ok(`{}`)}}
	c := newClient(t, s, func(o *github.Options) { o.Token = github.Secret{} })
	if !c.Anonymous() {
		t.Fatal("not anonymous")
	}
	_, err := c.CreateIssue(t.Context(), "a/b", github.IssueRequest{Title: "t"})
	if e := as[*github.AuthError](t, err); !e.Missing {
		t.Errorf("%v, want: no token is set", err)
	}
	if e := as[*github.AuthError](t, c.GraphQL(t.Context(), github.Query{Document: "query { viewer { login } }"}, nil)); !e.Missing {
		t.Errorf("%v, want: no token is set", e)
	}
	if n := s.count(); n != 0 {
		t.Errorf("%d requests sent", n)
	}
}
