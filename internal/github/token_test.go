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
	c := newClient(t, http.DefaultTransport, func(o *github.Options) { o.APIURL, o.ServerURL = api.URL, other.URL })
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

// TestRedirectToAStrangerIsRefused: not even without the token does a read leave the configured hosts.
func TestRedirectToAStrangerIsRefused(t *testing.T) {
	stranger := record(t, func(w http.ResponseWriter, _ *http.Request) { answer(w, `{"default_branch":"main"}`) })
	host := strings.TrimPrefix(stranger.URL, "http://")
	for name, call := range map[string]func(c *github.Client) error{
		"REST": func(c *github.Client) error { _, err := c.DefaultBranch(t.Context(), "a/b"); return err },
		"raw": func(c *github.Client) error {
			_, err := c.RawFile(t.Context(), "a/b", strings.Repeat("a", 40), "f")
			return err
		},
	} {
		api := record(t, func(w http.ResponseWriter, req *http.Request) {
			http.Redirect(w, req, stranger.URL+"/elsewhere?signature=abc", http.StatusFound)
		})
		c := newClient(t, http.DefaultTransport, func(o *github.Options) { o.APIURL, o.RawURL = api.URL, api.URL+"/raw" })
		err := call(c)
		_ = as[*github.StrayError](t, err)
		if !strings.Contains(err.Error(), host) || strings.Contains(err.Error(), "abc") {
			t.Errorf("%s: the error names not the host, or more than it: %v", name, err)
		}
		if n := len(api.requests()); n != 1 {
			t.Errorf("%s: tried %d times; a redirect elsewhere will not go away", name, n)
		}
	}
	if n := len(stranger.requests()); n != 0 {
		t.Errorf("the stranger was asked %d times", n)
	}
}

// TestGitHubsOwnContentHostsAreFollowed: archives and large files of github.com lie elsewhere.
func TestGitHubsOwnContentHostsAreFollowed(t *testing.T) {
	for host, follows := range map[string]bool{
		"https://codeload.github.com/x": true, "https://objects.githubusercontent.com/x": true, "https://raw.githubusercontent.com/x": true, "https://github.com/x": true,
		"https://githubusercontent.com.evil.example/x": false, "https://evilgithubusercontent.com/x": false, "https://codeload.github.com:8443/x": false, "https://gist.github.com/x": false,
		"https://user@codeload.github.com/x": false,
	} {
		replies := []reply{{status: 302, header: map[string]string{"Location": host}}, ok(`{"default_branch":"main"}`)}
		s := &script{replies: replies}
		_, err := newClient(t, s).DefaultBranch(t.Context(), "a/b")
		if (err == nil) != follows {
			t.Errorf("%s: %v, want it followed: %v", host, err, follows)
		}
		if follows && s.log[1].auth != "" {
			t.Errorf("%s was given the token", host)
		}
		enterprise := func(o *github.Options) {
			o.APIURL, o.ServerURL = "https://ghe.example.com/api/v3", "https://ghe.example.com"
		}
		if _, err := newClient(t, &script{replies: replies}, enterprise).DefaultBranch(t.Context(), "a/b"); err == nil {
			t.Errorf("%s is no host of an Enterprise Server, and was followed", host)
		}
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

// TestACutQuoteShowsNoPartOfTheToken: an answer that is quoted is cut, perhaps within the token it echoes.
func TestACutQuoteShowsNoPartOfTheToken(t *testing.T) {
	for before := range 90 {
		s := &script{replies: []reply{ok("<p>" + strings.Repeat("x", before) + token + strings.Repeat("y", 90))}}
		_, err := newClient(t, s, func(o *github.Options) { o.MaxWait = -1 }).DefaultBranch(t.Context(), "a/b")
		if text := err.Error(); strings.Contains(text, token[:6]) {
			t.Fatalf("%d bytes before it: %s", before, text)
		}
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
