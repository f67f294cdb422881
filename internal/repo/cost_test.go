package repo_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/repo"
)

func watched() []string {
	paths := []string{"pkg/features", "pkg/features.go", "README.md"}
	for i := range 9 {
		paths = append(paths, fmt.Sprintf("pkg/absent%d", i))
	}
	return paths
}

// Promise 3: a run in which nothing moved costs one request, whatever the number of upstreams.
func TestHeadsOfManyUpstreamsCostOneRequest(t *testing.T) {
	dirs := map[string]string{}
	var requests []repo.HeadRequest
	for i := range 5 {
		name := fmt.Sprintf("up/stream%d", i)
		dirs[name] = upstream(t)
		requests = append(requests, repo.HeadRequest{Repository: name, Ref: []string{"", "main", "v1.36.0", "release/1.36", "nested"}[i], Paths: watched()})
	}
	gh := serve(t, ghtest.Options{}, dirs)
	mirror := filepath.Join(t.TempDir(), "m.git")
	git(t, ".", "clone", "--quiet", "--mirror", dirs["up/stream0"], mirror)
	c := client(t, gh)
	set := newSet(t, repo.SetOptions{Client: c, Mirrors: []repo.Mirror{{Repository: "up/mirrored", Path: mirror}}})
	requests = append(requests, repo.HeadRequest{Repository: "up/mirrored", Paths: watched()}, repo.HeadRequest{Repository: "no/where"})
	for i, r := range set.Heads(t.Context(), requests) {
		if requests[i].Repository == "no/where" {
			_ = must[*repo.NotFoundError](t, r.Err)
			continue
		}
		if r.Err != nil || r.Head.SHA == "" || r.Head.OIDs["pkg/features"] == "" {
			t.Errorf("%s: %+v", requests[i].Repository, r)
		}
	}
	if got := c.Cost(); got != (github.Cost{GraphQL: 1}) {
		t.Errorf("cost %+v, want one GraphQL request", got)
	}
}

func TestReadingWithATokenCostsFewRequests(t *testing.T) {
	dir := upstream(t)
	gh := serve(t, ghtest.Options{}, map[string]string{"up/stream": dir})
	c := client(t, gh)
	readAll(t, newSet(t, repo.SetOptions{Client: c}), "HEAD")
	// head, entries, one batch of files, tags
	if got := c.Cost(); got != (github.Cost{GraphQL: 4}) {
		t.Errorf("cost %+v, want 4 GraphQL requests", got)
	}
}

func TestReadingWithoutATokenStaysInTheBudget(t *testing.T) {
	dir := upstream(t)
	for name, o := range map[string]ghtest.Options{"usual": {}, "trees cut": {TreeLimit: 7}} {
		gh := serve(t, o, map[string]string{"up/stream": dir})
		c := client(t, gh, anonymous)
		set := newSet(t, repo.SetOptions{Client: c})
		readAll(t, set, "HEAD")
		readAll(t, set, "v1.35.0")
		got := c.Cost()
		t.Logf("%s: %+v", name, got)
		if got.Requests() > 25 || got.GraphQL != 0 {
			t.Errorf("%s: cost %+v, want at most 25 counted requests", name, got)
		}
		if name == "usual" && got.Requests() != 7 {
			t.Errorf("%s: %d requests, want 7: branch, 2 commits, 2 trees, 2 tags", name, got.Requests())
		}
	}
}

// readAll is what a run does with one upstream at one ref.
func readAll(t *testing.T, set *repo.Set, ref string) {
	t.Helper()
	r, err := set.Reader("up/stream")
	if err != nil {
		t.Fatal(err)
	}
	h, err := r.Head(t.Context(), ref, watched())
	if err != nil {
		t.Fatal(err)
	}
	entries, err := r.Entries(t.Context(), h.SHA, []string{"pkg/features", "pkg/features/testdata/deep"})
	if err != nil {
		t.Fatal(err)
	}
	var objects []repo.Object
	for _, e := range entries["pkg/features"] {
		if e.Type == "blob" {
			objects = append(objects, repo.Object{Path: e.Path, OID: e.OID})
		}
	}
	if blobs, err := r.Blobs(t.Context(), h.SHA, objects); err != nil || len(blobs) != 2 {
		t.Fatalf("%d blobs, %v", len(blobs), err)
	}
	if _, err := r.Tags(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// A listing that lies, a raw host that is stale or down: content is right or there is none.
func TestWrongContentIsNeverGiven(t *testing.T) {
	dir := upstream(t)
	objects := []repo.Object{{Path: "README.md", OID: git(t, dir, "rev-parse", "main:README.md")}}
	sha := git(t, dir, "rev-parse", "main")
	gh := serve(t, ghtest.Options{}, map[string]string{"up/stream": dir})
	for name, h := range map[string]http.HandlerFunc{
		"stale":   func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("# old\n")) },
		"missing": http.NotFound,
		"limited": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(http.StatusTooManyRequests)
		},
	} {
		raw := httptest.NewServer(h)
		defer raw.Close()
		c := client(t, gh, anonymous, func(o *github.Options) { o.RawURL = raw.URL })
		r, err := newSet(t, repo.SetOptions{Client: c}).Reader("up/stream")
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Blobs(t.Context(), sha, objects)
		if err != nil || string(got[0].Data) != "# upstream\n" {
			t.Errorf("raw host %s: %v, %v; want the API's answer", name, got, err)
		}
	}

	liar := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method == http.MethodPost {
			_, _ = w.Write([]byte(`{"data":{"r":{"b0":{"__typename":"Blob","byteSize":6,"isBinary":false,"isTruncated":false,"text":"# old\n"}}}}`))
			return
		}
		_, _ = w.Write([]byte("# old\n"))
	}))
	defer liar.Close()
	for _, change := range []func(*github.Options){func(*github.Options) {}, anonymous} {
		c := client(t, gh, func(o *github.Options) { o.APIURL, o.RawURL = liar.URL, liar.URL+"/raw" }, change)
		r, err := newSet(t, repo.SetOptions{Client: c}).Reader("up/stream")
		if err != nil {
			t.Fatal(err)
		}
		_ = must[*repo.IncompleteError](t, errOf(r.Blobs(t.Context(), sha, objects)))
	}
}

func TestCutBlobsAreReadByREST(t *testing.T) {
	dir := upstream(t)
	gh := serve(t, ghtest.Options{BlobTextLimit: 10}, map[string]string{"up/stream": dir})
	c := client(t, gh)
	r, err := newSet(t, repo.SetOptions{Client: c}).Reader("up/stream")
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Blobs(t.Context(), "", []repo.Object{
		{Path: "README.md", OID: git(t, dir, "rev-parse", "main:README.md")}, {Path: "pkg/empty", OID: git(t, dir, "rev-parse", "main:pkg/empty")},
	})
	if err != nil || string(got[0].Data) != "# upstream\n" || len(got[1].Data) != 0 {
		t.Errorf("%v, %v", got, err)
	}
	if cost := c.Cost(); cost != (github.Cost{GraphQL: 1, REST: 1}) {
		t.Errorf("cost %+v, want the cut file alone by REST", cost)
	}
}

// A 502 on a large document is no reason to fail: its halves are asked for.
func TestBatchIsHalvedWhenGitHubFailsOnIt(t *testing.T) {
	dir := t.TempDir()
	git(t, dir, "init", "--quiet", "--initial-branch=main")
	files := map[string]string{}
	for i := range 16 {
		files[fmt.Sprintf("f%02d", i)] = strings.Repeat(fmt.Sprintf("%02d\n", i), 500)
	}
	write(t, dir, files)
	git(t, dir, "add", "--all")
	git(t, dir, "commit", "--quiet", "--message", "x")
	gh := serve(t, ghtest.Options{GraphQLMaxBytes: 16 << 10}, map[string]string{"up/stream": dir})
	c := client(t, gh)
	r, err := newSet(t, repo.SetOptions{Client: c}).Reader("up/stream")
	if err != nil {
		t.Fatal(err)
	}
	sha := git(t, dir, "rev-parse", "main")
	entries, err := r.Entries(t.Context(), sha, []string{""})
	if err != nil {
		t.Fatal(err)
	}
	var objects []repo.Object
	for _, e := range entries[""] {
		objects = append(objects, repo.Object{Path: e.Path, OID: e.OID})
	}
	blobs, err := r.Blobs(t.Context(), sha, objects)
	if err != nil || len(blobs) != 16 {
		t.Fatalf("%d blobs, %v", len(blobs), err)
	}
	for _, b := range blobs {
		if string(b.Data) != files[b.Path] {
			t.Errorf("%s is wrong", b.Path)
		}
	}
	if got := c.Cost(); got.REST != 0 {
		t.Errorf("cost %+v, want all by GraphQL", got)
	}
}

// An error that is not "not found" must never be read as "absent".
func TestUnknownIsNotAbsent(t *testing.T) {
	sha := strings.Repeat("a", 40)
	for name, body := range map[string]string{
		"head":       `{"data":{"r0":{"object":{"__typename":"Commit","oid":"` + sha + `","committedDate":"2026-01-01T00:00:00Z","tree":{"oid":"` + sha + `"},"f0":null}}},"errors":[{"type":"INTERNAL","path":["r0","object","f0"],"message":"oops"}]}`,
		"repository": `{"data":{"r0":null},"errors":[{"type":"FORBIDDEN","path":["r0"],"message":"saml"}]}`,
		"all":        `{"data":{"r0":null},"errors":[{"message":"oops"}]}`,
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }))
		defer srv.Close()
		c, err := github.New(github.Options{Token: github.NewSecret(token), APIURL: srv.URL, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		got := newSet(t, repo.SetOptions{Client: c}).Heads(t.Context(), []repo.HeadRequest{{Repository: "up/stream", Ref: "main", Paths: []string{"pkg"}}})
		_ = must[*github.GraphQLErrors](t, got[0].Err)
		if got[0].Head.SHA != "" {
			t.Errorf("%s: %+v", name, got[0])
		}
	}
}

func TestSetSaysWhyItCannotRead(t *testing.T) {
	set := newSet(t, repo.SetOptions{Offline: true})
	if e := must[*repo.OfflineError](t, errOf(set.Reader("up/stream"))); !strings.Contains(e.Error(), "mirror") {
		t.Error(e)
	}
	_ = must[*repo.OfflineError](t, set.Heads(t.Context(), []repo.HeadRequest{{Repository: "up/stream"}})[0].Err)

	srv := httptest.NewServer(http.NotFoundHandler())
	url := srv.URL
	srv.Close()
	c, err := github.New(github.Options{Token: github.NewSecret(token), APIURL: url, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range newSet(t, repo.SetOptions{Client: c}).Heads(t.Context(), []repo.HeadRequest{{Repository: "up/a"}, {Repository: "up/b"}}) {
		_ = must[*github.NetworkError](t, r.Err)
	}

	for _, m := range [][]repo.Mirror{{{Repository: "x", Path: "/"}}, {{Repository: "a/b"}}, {{Repository: "a/b", Path: "/"}, {Repository: "A/B", Path: "/"}}} {
		if _, err := repo.NewSet(repo.SetOptions{Mirrors: m}); err == nil || !strings.Contains(err.Error(), "mirrors:") {
			t.Errorf("%v: %v", m, err)
		}
	}
	s := newSet(t, repo.SetOptions{Mirrors: []repo.Mirror{{Repository: "b/b", Path: "/b"}, {Repository: "a/a", Path: "/a"}}})
	if got := s.Mirrors(); len(got) != 2 || got[0].Repository() != "b/b" || got[0].Path() != "/b" {
		t.Errorf("mirrors %v", got)
	}
}

func TestTagsArePagedUntilNothingHigherComes(t *testing.T) {
	dir := upstream(t)
	var refs strings.Builder
	sha := git(t, dir, "rev-parse", "main")
	for i := range 350 {
		fmt.Fprintf(&refs, "create refs/tags/v2.0.0-alpha.%d %s\n", i, sha)
	}
	gitInput(t, dir, refs.String(), "update-ref", "--stdin")
	gh := serve(t, ghtest.Options{}, map[string]string{"up/stream": dir})
	c := client(t, gh)
	r, err := newSet(t, repo.SetOptions{Client: c}).Reader("up/stream")
	if err != nil {
		t.Fatal(err)
	}
	tags, err := r.Tags(t.Context())
	if top, _ := repo.HighestStable(tags); err != nil || top != "v1.36.0" {
		t.Errorf("%s of %d tags, %v", top, len(tags), err)
	}
	if n := c.Cost().Requests(); n > 5 {
		t.Errorf("%d requests", n)
	}
}

// Of a cut tree, what is listed whole is proven by its hash and not asked for again; also that a file
// is absent.
func TestCutTreeIsTrustedWhereItsHashProvesIt(t *testing.T) {
	dir := upstream(t)
	tail := map[string]string{}
	for i := range 20 {
		tail[fmt.Sprintf("zz/%02d", i)] = "last in the tree\n"
	}
	write(t, dir, tail)
	git(t, dir, "add", "zz")
	git(t, dir, "commit", "--quiet", "--message", "tail")
	all := strings.Count(git(t, dir, "ls-tree", "-r", "-t", "main"), "\n") + 1
	gh := serve(t, ghtest.Options{TreeLimit: all - 5}, map[string]string{"up/stream": dir})
	c := client(t, gh, anonymous)
	r, err := newSet(t, repo.SetOptions{Client: c}).Reader("up/stream")
	if err != nil {
		t.Fatal(err)
	}
	h, err := r.Head(t.Context(), "main", []string{"pkg/features", "pkg/absent", "absent"})
	if err != nil || h.OIDs["pkg/features"] == "" || h.OIDs["pkg/absent"] != "" || h.OIDs["absent"] != "" {
		t.Fatalf("%+v, %v", h, err)
	}
	if got, err := r.Entries(t.Context(), h.SHA, []string{"pkg/features"}); err != nil || len(got["pkg/features"]) != 3 {
		t.Fatalf("%v, %v", got, err)
	}
	if got := c.Cost(); got != (github.Cost{REST: 2}) {
		t.Errorf("cost %+v, want the commit and its tree", got)
	}
}
