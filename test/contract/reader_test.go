package contract_test

import (
	"slices"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/repo"
)

// TestReaders holds every request of the engines of package repo, and every answer they get, to GitHub's
// descriptions.
func TestReaders(t *testing.T) {
	w := newWorld(t, open(t))
	for name, token := range map[string]string{"token": "good", "anonymous": ""} {
		c, err := github.New(github.Options{Token: github.NewSecret(token), APIURL: w.url, RawURL: w.url + "/raw", Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		set, err := repo.NewSet(repo.SetOptions{Client: c})
		if err != nil {
			t.Fatal(err)
		}
		for _, ref := range []string{"", "v1.0.0"} {
			got := set.Heads(t.Context(), []repo.HeadRequest{{Repository: "up/stream", Ref: ref, Paths: []string{"pkg", "none"}, Releases: 30}})[0]
			if got.Err != nil || got.ReleasesErr != nil || len(got.Head.Releases) != 1 {
				t.Fatalf("%s: %+v", name, got)
			}
			r, err := set.Reader("up/stream")
			if err != nil {
				t.Fatal(err)
			}
			for _, folder := range []string{"pkg", "", "none"} {
				files, err := r.Tree(t.Context(), got.Head.SHA, folder)
				if err != nil || (len(files) == 0) != (folder == "none") {
					t.Errorf("%s: %q has %v, %v", name, folder, files, err)
				}
			}
			if _, err := r.Entries(t.Context(), got.Head.SHA, []string{"pkg"}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := r.Tags(t.Context()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			sha, _, err := r.CommitAt(t.Context(), ref, time.Now())
			if err != nil || sha != got.Head.SHA {
				t.Errorf("%s: %q stood at %s, %v; want %s", name, ref, sha, err, got.Head.SHA)
			}
			if _, _, err := r.CommitAt(t.Context(), ref, time.Unix(0, 0)); err == nil {
				t.Errorf("%s: a commit before the first", name)
			}
			// One file more often than the archive is for: the same file is wanted once.
			objects := slices.Repeat([]repo.Object{{Path: "pkg/a.go", OID: w.blob}}, 30)
			if blobs, err := r.Blobs(t.Context(), got.Head.SHA, objects); err != nil || len(blobs) != 30 {
				t.Errorf("%s: %d, %v", name, len(blobs), err)
			}
		}
		if err := c.Archive(t.Context(), "up/stream", w.head, func(github.ArchiveFile) error { return nil }); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, err := range w.found() {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTracer does the same with what tracing asks.
func TestTracer(t *testing.T) {
	w := newWorld(t, open(t))
	c, err := github.New(github.Options{Token: github.NewSecret("good"), APIURL: w.url, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	set, err := repo.NewSet(repo.SetOptions{Client: c})
	if err != nil {
		t.Fatal(err)
	}
	tr, err := set.Tracer("up/stream")
	if err != nil {
		t.Fatal(err)
	}
	blames, err := tr.Blames(t.Context(), w.head, []string{"pkg/a.go", "pkg/b.go", "none"})
	if err != nil || len(blames) != 2 || !slices.Equal(blames["pkg/b.go"][0].Commit.PRs, []int{3}) {
		t.Errorf("blame: %v, %v", blames, err)
	}
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.BadGateway, Contains: "query Blame(", Times: 2}) // then the lines alone
	if b, err := tr.Blame(github.WithSleep(t.Context(), func(time.Duration) {}), w.head, "pkg/b.go"); err != nil || !slices.Equal(b[0].Commit.PRs, []int{3}) {
		t.Errorf("blame in parts: %v, %v", b, err)
	}
	for _, path := range []string{"pkg/a.go", "none", ""} {
		if list, err := tr.PathHistory(t.Context(), w.head, path, 3); err != nil || (len(list) == 0) != (path == "none") {
			t.Errorf("history of %q: %v, %v", path, list, err)
		}
		if files, err := tr.FilesAt(t.Context(), []string{w.head}, path); err != nil || (len(files) == 1) != (path == "pkg/a.go") {
			t.Errorf("%q: %v, %v", path, files, err)
		}
	}
	if pulls, err := tr.PullRequests(t.Context(), []int{1, 3, 99}); err != nil || len(pulls) != 1 || len(pulls[3].Closes) != 1 || len(pulls[3].Files) != 2 {
		t.Errorf("pull requests: %+v, %v", pulls, err)
	}
	if found, err := tr.SearchPullRequests(t.Context(), "two in:title", 5); err != nil || len(found) != 1 {
		t.Errorf("search: %+v, %v", found, err)
	}
	for _, err := range w.found() {
		t.Error(err)
	}
}
