package repo_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/repo"
)

func day(n int) time.Time { return time.Date(2026, 3, n, 12, 0, 0, 0, time.UTC) }

// addReleases puts releases behind a stand-in whose order of creation is not that of publication.
func addReleases(gh *ghtest.Server) {
	gh.AddRelease("up/stream", ghtest.Release{Tag: "v1.35.0", Name: "Old", Created: day(1), Published: day(1)})
	gh.AddRelease("up/stream", ghtest.Release{Tag: "v1.36.0", Name: "Kubernetes v1.36.0", Created: day(2), Published: day(9)})
	gh.AddRelease("up/stream", ghtest.Release{Tag: "v1.37.0-rc.1", Prerelease: true, Created: day(3), Published: day(5)})
	gh.AddRelease("up/stream", ghtest.Release{Tag: "v1.35.1", Created: day(4), Published: day(5)})
	gh.AddRelease("up/stream", ghtest.Release{Tag: "v1.36.1", Draft: true, Created: day(6)})
}

func TestReleasesComeWithHeads(t *testing.T) {
	dir := upstream(t)
	gitAt(t, dir, 1800000000, "tag", "--annotate", "--message", "late", "v1.35.1")
	git(t, dir, "tag", "v1.2")
	git(t, dir, "tag", "v1.36.0+build")
	git(t, dir, "tag", "v9.9.9-tree", "main^{tree}")
	url := func(tag string) string { return "https://github.com/up/stream/releases/tag/" + tag }
	published := []repo.Release{
		{Tag: "v1.36.0", Name: "Kubernetes v1.36.0", URL: url("v1.36.0"), PublishedAt: day(9)},
		{Tag: "v1.35.1", URL: url("v1.35.1"), PublishedAt: day(5)},
		{Tag: "v1.37.0-rc.1", URL: url("v1.37.0-rc.1"), Prerelease: true, PublishedAt: day(5)},
		{Tag: "v1.35.0", Name: "Old", URL: url("v1.35.0"), PublishedAt: day(1)},
	}
	at := time.Unix(1700003600, 0).UTC()
	tags := []repo.Release{
		{Tag: "v1.35.1", Name: "v1.35.1", PublishedAt: time.Unix(1800000000, 0).UTC()},
		{Tag: "v1.35.0", Name: "v1.35.0", PublishedAt: at},
		{Tag: "v1.36.0", Name: "v1.36.0", PublishedAt: at},
		{Tag: "v1.37.0-rc.1", Name: "v1.37.0-rc.1", Prerelease: true, PublishedAt: at},
	}
	for name, set := range engines(t, dir, addReleases) {
		want := published
		if strings.Contains(name, "mirror") || name == "repository" || name == "clone" {
			want = tags
		}
		for _, n := range []int{0, 3, 50, 500} {
			got := set.Heads(t.Context(), []repo.HeadRequest{{Repository: "up/stream", Ref: "main", Paths: []string{"pkg"}, Releases: n}})[0]
			if got.Err != nil || got.ReleasesErr != nil || got.Head.OIDs["pkg"] == "" {
				t.Fatalf("%s: %+v", name, got)
			}
			if d := cmp.Diff(want[:min(n, len(want))], append([]repo.Release{}, got.Head.Releases...)); d != "" {
				t.Errorf("%s, %d wanted (-want +got):\n%s", name, n, d)
			}
		}
	}
}

// Who may write sees drafts: they are no releases, and do not count as such.
func TestDraftsAreNoReleases(t *testing.T) {
	gh := serve(t, ghtest.Options{}, map[string]string{"up/stream": upstream(t)})
	addReleases(gh)
	gh.AddToken(ghtest.Token{Value: token, Login: "bot", Access: map[string]ghtest.Access{"up/stream": ghtest.Write}})
	got := newSet(t, repo.SetOptions{Client: client(t, gh)}).Heads(t.Context(), []repo.HeadRequest{{Repository: "up/stream", Releases: 10}})[0]
	if got.ReleasesErr != nil || len(got.Head.Releases) != 4 || got.Head.Releases[0].Tag != "v1.36.0" {
		t.Errorf("%+v", got)
	}
}

// A run in which nothing moved asks once, releases and all; without a token once more for each repository
// whose releases are wanted.
func TestReleasesCostNothingMore(t *testing.T) {
	dir := upstream(t)
	dirs := map[string]string{"up/stream": dir, "up/other": dir, "up/third": dir}
	gh := serve(t, ghtest.Options{}, dirs)
	addReleases(gh)
	requests := []repo.HeadRequest{
		{Repository: "up/other", Paths: []string{"pkg"}}, {Repository: "up/stream", Paths: []string{"pkg"}, Releases: 10}, {Repository: "up/third", Releases: 5},
	}
	for name, c := range map[string]struct {
		client *github.Client
		want   github.Cost
	}{
		"token": {client(t, gh), github.Cost{GraphQL: 1}}, "anonymous": {client(t, gh, anonymous), github.Cost{REST: 3*3 + 2}},
	} {
		got := newSet(t, repo.SetOptions{Client: c.client}).Heads(t.Context(), requests)
		if len(got[0].Head.Releases) != 0 || len(got[1].Head.Releases) != 4 || len(got[2].Head.Releases) != 0 {
			t.Errorf("%s: %+v", name, got)
		}
		for _, r := range got {
			if r.Err != nil || r.ReleasesErr != nil {
				t.Errorf("%s: %+v", name, r)
			}
		}
		if cost := c.client.Cost(); cost != c.want {
			t.Errorf("%s: cost %+v, want %+v", name, cost, c.want)
		}
	}
}

// Releases that fail are no empty list, and take nothing else with them.
func TestReleasesThatFailAreNotNone(t *testing.T) {
	dir := upstream(t)
	gh := serve(t, ghtest.Options{}, map[string]string{"up/stream": dir})
	addReleases(gh)
	request := []repo.HeadRequest{{Repository: "up/stream", Paths: []string{"pkg"}, Releases: 3}}

	gh.AddFault(ghtest.Fault{Kind: ghtest.FieldError, Contains: "releases("})
	gh.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Path: "/repos/*/*/releases", Times: -1})
	for name, change := range map[string]func(*github.Options){"token": func(*github.Options) {}, "anonymous": anonymous} {
		c := client(t, gh, change, func(o *github.Options) { o.MaxWait = -1 })
		got := newSet(t, repo.SetOptions{Client: c}).Heads(t.Context(), request)[0]
		if got.Err != nil || got.Head.SHA == "" || got.Head.OIDs["pkg"] == "" {
			t.Errorf("%s: the head went with them: %+v", name, got)
		}
		if got.ReleasesErr == nil || len(got.Head.Releases) != 0 {
			t.Errorf("%s: %+v, want why they can't be read", name, got)
		}
	}

	sha := strings.Repeat("a", 40)
	head := fmt.Sprintf(`"r0":{"defaultBranchRef":{"name":"main","target":{"__typename":"Commit","oid":%q,"committedDate":"2026-01-01T00:00:00Z","tree":{"oid":%[1]q},"f0":null}}}`, sha)
	for name, rest := range map[string]string{
		"null with an error":   `,"s0":null},"errors":[{"path":["s0","releases"],"message":"Something went wrong"}]`,
		"null without one":     `,"s0":null}`,
		"not sent":             `}`,
		"one of them null":     `,"s0":{"releases":{"nodes":[null]}}},"errors":[{"path":["s0","releases","nodes",0],"message":"oops"}]`,
		"null in a list":       `,"s0":{"releases":{"nodes":[null]}}}`,
		"a part unknown":       `,"s0":{"releases":{"nodes":[{"tagName":"v1","name":null}]}}},"errors":[{"path":["s0","releases","nodes",0,"name"],"message":"oops"}]`,
		"gone in between":      `,"s0":null},"errors":[{"type":"NOT_FOUND","path":["s0"],"message":"x"}]`,
		"releases not allowed": `,"s0":{"releases":null}},"errors":[{"type":"FORBIDDEN","path":["s0","releases"],"message":"x"}]`,
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"data":{` + head + rest + `}`)) }))
		defer srv.Close()
		c, err := github.New(github.Options{Token: github.NewSecret(token), APIURL: srv.URL, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		got := newSet(t, repo.SetOptions{Client: c}).Heads(t.Context(), request)[0]
		if got.Err != nil || got.Head.SHA != sha || got.ReleasesErr == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
