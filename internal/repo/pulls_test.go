package repo_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/repo"
)

// What a mirror tells of a pull request is true, and as much as its merge says.
func TestPullRequests(t *testing.T) {
	h := newTraced(t)
	at := func(name string) time.Time { // of a commit
		var secs int64
		if _, err := fmt.Sscan(git(t, h.dir, "show", "-s", "--format=%ct", h.ids[name]), &secs); err != nil {
			t.Fatal(err)
		}
		return time.Unix(secs, 0).UTC()
	}
	merged := func(n int) time.Time { return time.Unix(1700100000+int64(n), 0).UTC() }
	url := func(n int) string { return fmt.Sprintf("https://github.com/up/stream/pull/%d", n) }
	labels := []string{"kind/feature"}
	api := map[int]repo.PullRequest{
		1: {
			Number: 1, Title: "One", Body: "What one does.", Author: "ada", Merged: merged(1), MergeCommit: h.ids["merge 1"], Base: "main", Labels: labels, URL: url(1),
			Files: []string{"list.go"}, Closes: []repo.IssueRef{{Repository: "up/plans", Number: 24}},
		},
		2: {Number: 2, Title: "Add a line", Author: "ada", Merged: merged(2), MergeCommit: h.ids["squash"], Base: "main", Labels: labels, URL: url(2), Files: []string{"list.go"}},
		5: {
			Number: 5, Title: "Move the list", Author: "ada", Merged: merged(5), MergeCommit: h.ids["renamed"], Base: "main", Labels: labels, URL: url(5),
			Files: []string{"list.go", "moved.go"},
		},
		8: {
			Number: 8, Title: "Sort the table", Body: "Fixes #1000", Author: "bea", Merged: merged(8), MergeCommit: h.ids["merge 8"], Base: "main", Labels: labels, URL: url(8),
			Files: []string{"table.go"}, Closes: []repo.IssueRef{{Repository: "up/stream", Number: 1000}},
		},
		9: {Number: 9, Title: "One, first try", Author: "ada", Base: "main", Labels: labels, URL: url(9), Files: []string{"list.go"}},
	}
	mirror := map[int]repo.PullRequest{
		1: {Number: 1, Title: "One", Author: "ada", Merged: at("merge 1"), MergeCommit: h.ids["merge 1"], Files: []string{"list.go"}, Partial: true},
		2: {Number: 2, Title: "Add a line", Body: "* this\n* that", Merged: at("squash"), MergeCommit: h.ids["squash"], Files: []string{"list.go"}, Partial: true},
		5: {Number: 5, Title: "Move the list", Merged: at("renamed"), MergeCommit: h.ids["renamed"], Files: []string{"list.go", "moved.go"}, Partial: true},
		8: {Number: 8, Title: "Sort the table", Body: "Fixes #1000", Author: "bea", Merged: at("merge 8"), MergeCommit: h.ids["merge 8"], Files: []string{"table.go"}, Partial: true},
	}
	for name, tr := range h.tracers(t) {
		t.Run(name, func(t *testing.T) {
			want := api
			if !strings.HasPrefix(name, "token") {
				want = mirror
			}
			// 77 is a fork's, 99 a commit that was picked into 1, 1000 an issue, 8 asked twice.
			got, err := tr.PullRequests(t.Context(), []int{8, 1, 77, 2, 99, 5, 9, 1000, 123456, 8, 0, -1})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if none, err := tr.PullRequests(t.Context(), nil); err != nil || len(none) != 0 {
				t.Errorf("no numbers: %v, %v", none, err)
			}
		})
	}
}

// Of two commits that name a number in brackets, the one picked to a release branch later is not it.
func TestAPickedCommitIsNotThePullRequest(t *testing.T) {
	h := newTraced(t)
	h.git("checkout", "--quiet", "-b", "release-1", h.ids["merge 1"])
	h.git("cherry-pick", h.ids["renamed"]+"^{commit}", "--allow-empty", "--strategy-option=theirs")
	picked := h.git("rev-parse", "HEAD")
	h.git("checkout", "--quiet", "main")
	got, err := local(h.dir).PullRequests(t.Context(), []int{5})
	if err != nil || got[5].MergeCommit != h.ids["renamed"] || picked == h.ids["renamed"] {
		t.Errorf("%+v, %v", got, err)
	}
	// The same of one that only release branches have; a merge is surer than a number in brackets.
	h.git("checkout", "--quiet", "-b", "release-2")
	h.commit("only there", "Only there (#55)", "list.go", 33)
	h.git("checkout", "--quiet", "-b", "release-3", "release-1")
	h.git("cherry-pick", h.ids["only there"])
	h.git("checkout", "--quiet", "main")
	if got, err := local(h.dir).PullRequests(t.Context(), []int{55}); err != nil || got[55].MergeCommit != h.ids["only there"] {
		t.Errorf("%+v, %v; want %s", got, err, h.ids["only there"])
	}
	h.git("checkout", "--quiet", "-b", "release-4", "release-1")
	h.git("checkout", "--quiet", "-b", "topic")
	h.commit("late topic", "late", "list.go", 36)
	h.git("checkout", "--quiet", "release-4")
	h.merge("the merge", "Merge pull request #55 from ada/topic\n\nThe merge", "topic")
	h.git("checkout", "--quiet", "main")
	if got, err := local(h.dir).PullRequests(t.Context(), []int{55}); err != nil || got[55].Title != "The merge" {
		t.Errorf("%+v, %v; want the merge", got, err)
	}
}

func TestManyFilesOfAPullRequest(t *testing.T) {
	h := newTraced(t)
	files := map[string]string{}
	for i := range 120 {
		files[fmt.Sprintf("many/f%03d", i)] = "x\n"
	}
	write(t, h.dir, files)
	h.commit("many", "Many files (#20)", "list2.go", 1)
	for name, tr := range h.tracers(t) {
		set := tr
		if strings.HasPrefix(name, "token") {
			gh := serve(t, ghtest.Options{}, map[string]string{"up/stream": h.dir})
			gh.AddPullRequest("up/stream", ghtest.PullRequest{Number: 20, Title: "Many files", MergeOID: h.ids["many"]})
			var err error
			if set, err = newSet(t, repo.SetOptions{Client: client(t, gh)}).Tracer("up/stream"); err != nil {
				t.Fatal(err)
			}
		}
		got, err := set.PullRequests(t.Context(), []int{20})
		if p := got[20]; err != nil || len(p.Files) != 100 || !p.MoreFiles || p.Files[0] != "list2.go" || p.Files[99] != "many/f098" {
			t.Errorf("%s: %d files, more: %v, %v", name, len(p.Files), p.MoreFiles, err)
		}
	}
}

func TestSearchPullRequests(t *testing.T) {
	h := newTraced(t)
	gh := serve(t, ghtest.Options{}, map[string]string{"up/stream": h.dir, "up/other": h.dir})
	h.pulls(gh)
	gh.AddPullRequest("up/stream", ghtest.PullRequest{Number: 30, Title: "Sort nothing", State: "open"})
	gh.AddPullRequest("up/other", ghtest.PullRequest{Number: 31, Title: "Sort the other table"})
	gh.AddIssue("up/stream", ghtest.Issue{Number: 32, Title: "Sort is slow"})
	waited := time.Duration(0)
	c := client(t, gh, func(o *github.Options) { o.Now = func() time.Time { return time.Now().Add(waited) } })
	tr, err := newSet(t, repo.SetOptions{Client: c}).Tracer("UP/stream")
	if err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"sort": "[8]", `"the table"`: "[8 7]", "table in:title base:main": "[8 7]", "base:dev": "[6]", "fixes in:body": "[8]", "fixes in:title": "[]", "tab": "[]",
		"repo:up/other sort": "[8]", "  one\n  first ": "[]", "one": "[1]",
	} {
		got, err := tr.SearchPullRequests(t.Context(), query, 10)
		numbers := []int{}
		for _, p := range got {
			numbers = append(numbers, p.Number)
			if p.Partial || p.Merged.IsZero() || p.Base == "" || len(p.Files) == 0 {
				t.Errorf("%q: %+v", query, p)
			}
		}
		if err != nil || fmt.Sprint(numbers) != want {
			t.Errorf("%q finds %v, %v; want %s", query, numbers, err, want)
		}
	}
	if got, err := tr.SearchPullRequests(t.Context(), "sort", 1); err != nil || len(got) != 1 || got[0].Number != 8 {
		t.Errorf("%v, %v; want one, and that none that is open takes its place", got, err)
	}
	before := c.Cost()
	_ = must[*repo.QueryError](t, errOf(tr.SearchPullRequests(t.Context(), " ", 3)))
	_ = must[*repo.QueryError](t, errOf(tr.SearchPullRequests(t.Context(), strings.Repeat("ä", 257), 3)))
	if c.Cost() != before {
		t.Error("what can't be asked was asked")
	}
	if _, err := local(h.dir).SearchPullRequests(t.Context(), "sort", 3); !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "mirror") {
		t.Errorf("a mirror: %v", err)
	}

	// A secondary limit is the client's to wait for; what can't be waited for is its LimitError.
	gh.AddFault(ghtest.Fault{Kind: ghtest.SecondaryLimit, Contains: "query SearchPullRequests", RetryAfter: "7"})
	ctx := github.WithSleep(t.Context(), func(d time.Duration) { waited += d })
	if got, err := tr.SearchPullRequests(ctx, "sort", 3); err != nil || len(got) != 1 || waited < 6*time.Second {
		t.Errorf("after %s: %v, %v", waited, got, err)
	}
	gh.AddFault(ghtest.Fault{Kind: ghtest.SecondaryLimit, Contains: "query SearchPullRequests", RetryAfter: "3600"})
	if e := must[*github.LimitError](t, errOf(tr.SearchPullRequests(t.Context(), "sort", 3))); e.Kind != github.SecondaryLimit {
		t.Errorf("%+v", e)
	}
}
