package repo_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/repo"
)

// tokenTracer traces the history on a stand-in of its own, whose waits take no time.
func (h *traced) tokenTracer(t *testing.T, o ghtest.Options, change ...func(*github.Options)) (*ghtest.Server, *github.Client, repo.Tracer) {
	t.Helper()
	gh := serve(t, o, map[string]string{"up/stream": h.dir})
	h.pulls(gh)
	c := client(t, gh, change...)
	tr, err := newSet(t, repo.SetOptions{Client: c}).Tracer("up/stream")
	if err != nil {
		t.Fatal(err)
	}
	return gh, c, tr
}

func noWaits(t *testing.T) func(time.Duration) {
	t.Helper()
	return func(time.Duration) {}
}

func TestTracingCostsFewRequests(t *testing.T) {
	h := newTraced(t)
	gh, cl, tr := h.tokenTracer(t, ghtest.Options{})
	one := func(what string, f func() error) {
		t.Helper()
		before := cl.Cost()
		if err := f(); err != nil {
			t.Error(what, err)
		}
		if after := cl.Cost(); after.GraphQL != before.GraphQL+1 || after.Requests() != before.Requests()+1 {
			t.Errorf("%s: cost %+v after %+v, want one document", what, after, before)
		}
	}
	one("blame", func() error { return errOf(tr.Blame(t.Context(), h.head, "moved.go")) })
	one("blames", func() error {
		return errOf(tr.Blames(t.Context(), h.ids["merge 8"], []string{"moved.go", "table.go", "gone.go"}))
	})
	one("history", func() error { return errOf(tr.PathHistory(t.Context(), h.head, "list.go", 100)) })
	one("pull requests", func() error { return errOf(tr.PullRequests(t.Context(), []int{1, 2, 3, 4, 5, 6, 7, 8, 77})) })
	one("search", func() error { return errOf(tr.SearchPullRequests(t.Context(), "sort", 5)) })
	var all []string
	for _, sha := range h.ids {
		all = append(all, sha)
	}
	one("versions", func() error {
		got, err := tr.FilesAt(t.Context(), all, "table.go")
		if err == nil && len(got) < 15 {
			err = fmt.Errorf("%d versions", len(got))
		}
		return err
	})
	if gh.Count().REST != 0 {
		t.Errorf("%+v", gh.Count())
	}
	// A history goes on where it was left.
	all = strings.Fields(git(t, h.dir, "rev-list", h.ids["sync"], "--", "list.go"))
	for _, c := range []struct{ n, documents, want int }{{2, 1, 2}, {5, 1, 5}, {4, 0, 4}, {100, 1, len(all)}, {200, 0, len(all)}, {0, 0, 0}} {
		before := cl.Cost().GraphQL
		got, err := tr.PathHistory(t.Context(), h.ids["sync"], "list.go", c.n)
		if err != nil || len(got) != c.want || cl.Cost().GraphQL != before+c.documents {
			t.Errorf("%d commits: %d for %d documents, %v; want %d for %d", c.n, len(got), cl.Cost().GraphQL-before, err, c.want, c.documents)
		}
		for i, k := range got {
			if k.SHA != all[i] {
				t.Errorf("%d commits: number %d is %+v", c.n, i, k)
			}
		}
	}
	// Sixty pull requests are three documents, and those that GitHub takes.
	var many []int
	for n := range 60 {
		many = append(many, n+1)
	}
	before := cl.Cost().GraphQL
	if got, err := tr.PullRequests(t.Context(), many); err != nil || len(got) != 11 || cl.Cost().GraphQL != before+3 {
		t.Errorf("%d of 60 pull requests for %d documents, %v", len(got), cl.Cost().GraphQL-before, err)
	}
}

// A blame that GitHub can't compute in its time is told from one that failed otherwise, after it was tried
// as all else is; the history of the path can still be had.
func TestBlameThatIsTooMuch(t *testing.T) {
	h := newTraced(t)
	for name, f := range map[string]ghtest.Fault{
		"502":                {Kind: ghtest.BadGateway},
		"504":                {Kind: ghtest.ServerError, Status: 504},
		"something wrong":    {Kind: ghtest.GraphQLErrors},
		"cut":                {Kind: ghtest.Truncated},
		"the field's fault":  {Kind: ghtest.FieldError, Field: "blame"},
		"hangs":              {Kind: ghtest.Hang},
		"its pull requests'": {Kind: ghtest.FieldError, Field: "commit"},
	} {
		t.Run(name, func(t *testing.T) {
			gh, c, tr := h.tokenTracer(t, ghtest.Options{}, func(o *github.Options) {
				if f.Kind == ghtest.Hang {
					o.Timeout = 100 * time.Millisecond
				}
			})
			f.Contains, f.Times = "query Blame", -1 // and "query BlameLines"
			gh.AddFault(f)
			ctx := github.WithSleep(t.Context(), noWaits(t))
			e := must[*repo.TooMuchError](t, errOf(tr.Blame(ctx, h.head, "moved.go")))
			if !strings.Contains(e.Error(), "blame of moved.go") {
				t.Error(e)
			}
			if n := c.Cost().GraphQL; f.Kind != ghtest.FieldError && n < 2 {
				t.Errorf("sent %d times: it was not tried again", n)
			}
			if list, err := tr.PathHistory(ctx, h.head, "list.go", 5); err != nil || len(list) != 5 {
				t.Errorf("its history: %v, %v", list, err)
			}
			gh.ClearFaults()
			f.Times = 1
			gh.AddFault(f)
			if b, err := tr.Blame(ctx, h.head, "moved.go"); err != nil || len(b) < 10 {
				t.Errorf("the second time: %v, %v", b, err)
			}
		})
	}
	for name, f := range map[string]ghtest.Fault{
		"no network": {Kind: ghtest.Reset}, "limit": {Kind: ghtest.GraphQLLimit}, "secondary limit": {Kind: ghtest.SecondaryLimit, RetryAfter: "3600"},
	} {
		gh, _, tr := h.tokenTracer(t, ghtest.Options{})
		f.Times = -1
		gh.AddFault(f)
		_, err := tr.Blame(github.WithSleep(t.Context(), noWaits(t)), h.head, "moved.go")
		if _, ok := err.(*repo.TooMuchError); ok || err == nil { //nolint:errorlint // as it comes
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Where only the pull requests of all lines are too much, they are asked for by themselves: the same blame.
func TestBlameWhosePullRequestsAreTooMuch(t *testing.T) {
	h := newTraced(t)
	_, _, good := h.tokenTracer(t, ghtest.Options{})
	want, err := good.Blame(t.Context(), h.head, "moved.go")
	if err != nil {
		t.Fatal(err)
	}
	ctx := github.WithSleep(t.Context(), noWaits(t))
	gh, c, tr := h.tokenTracer(t, ghtest.Options{})
	gh.AddFault(ghtest.Fault{Kind: ghtest.BadGateway, Contains: "query Blame(", Times: -1})
	got, err := tr.Blame(ctx, h.head, "moved.go")
	if d := cmp.Diff(want, got); err != nil || d != "" || c.Cost().GraphQL != 4 {
		t.Errorf("for %d documents, %v (-want +got):\n%s", c.Cost().GraphQL, err, d)
	}
	gh.AddFault(ghtest.Fault{Kind: ghtest.BadGateway, Contains: "query CommitPulls(", Times: 3})
	if got, err = tr.Blame(ctx, h.head, "moved.go"); err != nil || h.spell(got) != h.spell(want) {
		t.Errorf("by halves: %v\n%s", err, h.spell(got))
	}
	gh.AddFault(ghtest.Fault{Kind: ghtest.BadGateway, Contains: "query CommitPulls(", Times: -1})
	if e := must[*repo.TooMuchError](t, errOf(tr.Blame(ctx, h.head, "moved.go"))); !strings.Contains(e.Error(), "pull requests of commit") {
		t.Error(e)
	}
}

// Files that are too much together are asked for apart, and one that is too much alone takes no other along.
func TestBlamesThatAreTooMuchTogether(t *testing.T) {
	h := newTraced(t)
	at := h.ids["merge 8"]
	_, c, tr := h.tokenTracer(t, ghtest.Options{BlameLimit: 27}) // the list has 27 ranges, the table one
	got, err := tr.Blames(github.WithSleep(t.Context(), noWaits(t)), at, []string{"table.go", "moved.go"})
	if err != nil || len(got) != 2 || c.Cost().GraphQL != 3 {
		t.Fatalf("%d files for %d documents, %v; want two for the one that failed and its halves", len(got), c.Cost().GraphQL, err)
	}

	_, c, tr = h.tokenTracer(t, ghtest.Options{BlameLimit: 10})
	got, err = tr.Blames(github.WithSleep(t.Context(), noWaits(t)), at, []string{"table.go", "moved.go"})
	e := must[*repo.TooMuchError](t, err)
	if len(got) != 1 || h.spell(got["table.go"]) != "1-40 sorted #8" || !strings.Contains(e.Error(), "blame of moved.go") {
		t.Errorf("%v beside %v", got, e)
	}
	if n := c.Cost().GraphQL; n > 6 {
		t.Errorf("%d documents, want one for both, one for the table and four for the list", n)
	}
}

// Versions and pull requests are halved as well.
func TestTracingIsHalved(t *testing.T) {
	h := newTraced(t)
	_, _, tr := h.tokenTracer(t, ghtest.Options{GraphQLMaxBytes: 1500})
	var all []string
	for _, sha := range h.ids {
		all = append(all, sha)
	}
	ctx := github.WithSleep(t.Context(), noWaits(t))
	whole, err := local(h.dir).FilesAt(ctx, all, "table.go")
	if err != nil {
		t.Fatal(err)
	}
	got, err := tr.FilesAt(ctx, all, "table.go")
	if err != nil || fmt.Sprint(got) != fmt.Sprint(whole) {
		t.Errorf("%d versions of %d, %v", len(got), len(whole), err)
	}
	pulls, err := tr.PullRequests(ctx, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 77})
	if err != nil || len(pulls) != 9 {
		t.Errorf("%d pull requests, %v", len(pulls), err)
	}
}

// A version that GraphQL cuts is fetched by REST, once for all commits that have it; it is never half.
func TestAVersionThatIsCut(t *testing.T) {
	h := newTraced(t)
	gh, c, tr := h.tokenTracer(t, ghtest.Options{})
	gh.AddFault(ghtest.Fault{Kind: ghtest.BlobTruncated, Times: -1})
	got, err := tr.FilesAt(t.Context(), []string{h.ids["table"], h.ids["squash"], h.ids["merge 1"], h.ids["sorted"]}, "table.go")
	if err != nil || len(got) != 4 || string(got[h.ids["merge 1"]]) != gitRaw(t, h.dir, "show", h.ids["table"]+":table.go") {
		t.Errorf("%v, %v", got, err)
	}
	if cost := c.Cost(); cost.GraphQL != 1 || cost.REST != 2 {
		t.Errorf("cost %+v, want one document and two files", cost)
	}
}

// What a clone's configuration says of blame is not done: no program runs, no commit is left out, no parent
// is another.
func TestTracingAHostileClone(t *testing.T) {
	h := newTraced(t)
	want, err := local(h.dir).Blame(t.Context(), h.head, "moved.go")
	if err != nil {
		t.Fatal(err)
	}
	files, err := local(h.dir).PullRequests(t.Context(), []int{1, 5})
	if err != nil {
		t.Fatal(err)
	}
	trap, sprung := filepath.Join(t.TempDir(), "trap.sh"), filepath.Join(t.TempDir(), "sprung")
	write(t, filepath.Dir(trap), map[string]string{"trap.sh": "#!/bin/sh\ntouch " + sprung + "\ncat \"$1\"\n"})
	if err := os.Chmod(trap, 0o755); err != nil {
		t.Fatal(err)
	}
	for key, value := range map[string]string{
		"diff.x.textconv": trap, "diff.x.command": trap, "diff.external": trap, "core.pager": trap, "log.showSignature": "true", "gpg.program": trap,
		"alias.blame": "!" + trap, "alias.rev-list": "!" + trap, "diff.renames": "copies", "log.follow": "true", "blame.showRoot": "false", "blame.date": "human", "blame.blankBoundary": "true",
	} {
		git(t, h.dir, "config", key, value)
	}
	ignored := filepath.Join(t.TempDir(), "ignored")
	if err := os.WriteFile(ignored, []byte(h.ids["leaf a"]+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	git(t, h.dir, "config", "blame.ignoreRevsFile", ignored)
	write(t, h.dir, map[string]string{".git/info/attributes": "* diff=x\n", ".git/info/grafts": h.ids["leaf b"] + "\n"})
	git(t, h.dir, "replace", h.ids["squash"], h.ids["plain"])
	got, err := local(h.dir).Blame(t.Context(), h.head, "moved.go")
	if err != nil || h.spell(got) != h.spell(want) {
		t.Errorf("%v; it blames\n%s\nwant\n%s", err, h.spell(got), h.spell(want))
	}
	again, err := local(h.dir).PullRequests(t.Context(), []int{1, 5})
	if err != nil || fmt.Sprint(again) != fmt.Sprint(files) {
		t.Errorf("%v, %v; want %v", again, err, files)
	}
	if _, err := os.Stat(sprung); err == nil {
		t.Error("the clone's configuration ran a program")
	}
}

// A clone without its history must not pass its oldest commit off as the one that wrote everything.
func TestTracingAShallowOrPartialClone(t *testing.T) {
	h := newTraced(t)
	git(t, h.dir, "config", "uploadpack.allowFilter", "true")
	shallow, partial := filepath.Join(t.TempDir(), "shallow"), filepath.Join(t.TempDir(), "partial")
	git(t, ".", "clone", "--quiet", "--depth=3", "file://"+h.dir, shallow)
	l := local(shallow)
	for _, err := range []error{
		errOf(l.Blame(t.Context(), h.head, "moved.go")), errOf(l.PathHistory(t.Context(), h.head, "moved.go", 3)), errOf(l.PullRequests(t.Context(), []int{1})),
	} {
		if e := must[*repo.IncompleteError](t, err); !strings.Contains(e.Error(), "--unshallow") {
			t.Error(e)
		}
	}
	if got, err := l.FilesAt(t.Context(), []string{h.head}, "moved.go"); err != nil || len(got) != 1 {
		t.Errorf("a file that it has: %v, %v", got, err)
	}

	git(t, ".", "clone", "--quiet", "--no-checkout", "--filter=blob:none", "file://"+h.dir, partial)
	l = local(partial)
	for _, err := range []error{errOf(l.Blame(t.Context(), h.head, "moved.go")), errOf(l.FilesAt(t.Context(), []string{h.ids["removed"], h.ids["sorted"]}, "table.go"))} {
		if e := must[*repo.IncompleteError](t, err); !strings.Contains(e.Error(), "partial") {
			t.Error(e)
		}
	}
	if list, err := l.PathHistory(t.Context(), h.head, "table.go", 9); err != nil || len(list) != 3 {
		t.Errorf("its history: %v, %v", list, err)
	}

	oid := git(t, h.dir, "rev-parse", h.ids["sorted"]+":table.go")
	if err := os.Remove(filepath.Join(h.dir, ".git", "objects", oid[:2], oid[2:])); err != nil {
		t.Fatal(err)
	}
	_ = must[*repo.IncompleteError](t, errOf(local(h.dir).FilesAt(t.Context(), []string{h.ids["sorted"]}, "table.go")))
}

// Pull requests of another repository (a fork's) and those that were not merged are no reason; where GitHub
// links none, the headline tells.
func TestPullRequestsOfACommitAreChosen(t *testing.T) {
	const commit = `{"oid": "%s", "messageHeadline": %q, "committedDate": "2020-01-02T03:04:05+02:00", "associatedPullRequests": %s}`
	pull := func(n int, merged, repository string) string {
		return fmt.Sprintf(`{"number": %d, "mergedAt": %s, "repository": {"nameWithOwner": %q}}`, n, merged, repository)
	}
	const then = `"2020-01-02T03:04:05Z"`
	id := strings.Repeat("a", 40)
	for _, c := range []struct {
		headline, nodes string
		want            []int
	}{
		{"a thing", pull(5, then, "Up/Stream"), []int{5}},
		{"a thing (#4)", pull(5, then, "up/stream"), []int{5}},
		{"a thing (#4)", pull(5, then, "fork/stream") + "," + pull(6, "null", "up/stream"), []int{4}},
		{"a thing", pull(5, then, "fork/stream"), nil},
		{"a thing", pull(7, then, "up/stream") + "," + pull(8, then, "up/stream") + ", null", []int{7, 8}},
		{"Merge pull request #59898 from someone/branch", "", []int{59898}},
		{"Merge pull request #0 from x/y", "", nil},
		{`Revert "a thing (#4)"`, "", nil},
		{`Revert "a thing (#4)" (#9)`, "", []int{9}},
		{"Automated cherry pick of #12: a thing", "", nil},
		{"a thing for #3", "", nil},
	} {
		gh := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			k := fmt.Sprintf(commit, id, c.headline, `{"nodes": [`+c.nodes+`]}`)
			_, _ = fmt.Fprintf(w, `{"data": {"r": {"nameWithOwner": "up/stream", "f0": {"oid": "x", "file": {"type": "blob"}}, "b0": {"blame": {"ranges": [
				{"startingLine": 1, "endingLine": 1, "commit": %s}, {"startingLine": 2, "endingLine": 3, "commit": %s}]}}}}}`, k, k)
		}))
		cl, err := github.New(github.Options{Token: github.NewSecret(token), APIURL: gh.URL, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		tr, err := newSet(t, repo.SetOptions{Client: cl}).Tracer("up/stream")
		if err != nil {
			t.Fatal(err)
		}
		got, err := tr.Blame(t.Context(), id, "f.go")
		if len(got) != 1 {
			t.Fatalf("%+v, %v", got, err)
		}
		got[0].Commit.Title = "" // the next test's
		at := time.Date(2020, 1, 2, 1, 4, 5, 0, time.UTC)
		want := repo.Blame{{From: 1, To: 3, Commit: repo.CommitInfo{SHA: id, Headline: c.headline, When: at, PRs: c.want, Landed: id, LandedAt: at}}}
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Errorf("%q, %s: %v (-want +got):\n%s", c.headline, c.nodes, err, d)
		}
		gh.Close()
	}
}

// Of several pull requests that have a commit, the one counts that brought it to the default branch first.
func TestWhichPullRequestBroughtACommit(t *testing.T) {
	id := strings.Repeat("a", 40)
	pull := func(n int, day int, base, merge string) string {
		return fmt.Sprintf(`{"number": %d, "title": "Title %d", "mergedAt": "2020-01-%02dT00:00:00Z", "baseRefName": %q, "mergeCommit": %s, "repository": {"nameWithOwner": "up/stream"}}`, n, n, day, base, merge)
	}
	oid := func(c string) string { return `{"oid": "` + strings.Repeat(c, 40) + `"}` }
	for _, c := range []struct {
		nodes        []string
		prs          []int
		landed, name string
		day          int
	}{
		{[]string{pull(1, 5, "main", oid("b"))}, []int{1}, "b", "Title 1", 5},
		{[]string{pull(3, 9, "main", oid("c")), pull(2, 6, "main", oid("b"))}, []int{2, 3}, "b", "Title 2", 6},
		{[]string{pull(4, 3, "feature", oid("d")), pull(5, 8, "main", oid("b"))}, []int{5, 4}, "b", "Title 5", 8},
		{[]string{pull(6, 7, "release-1.36", oid("b"))}, []int{6}, "b", "Title 6", 7},
		{[]string{pull(7, 7, "main", "null")}, []int{7}, "a", "Title 7", 2},
		{nil, nil, "a", "", 2},
	} {
		gh := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprintf(w, `{"data": {"r": {"nameWithOwner": "up/stream", "defaultBranchRef": {"name": "main"}, "object": {"oid": %q, "history": {"nodes": [
				{"oid": %q, "messageHeadline": "x", "committedDate": "2020-01-02T00:00:00Z", "associatedPullRequests": {"nodes": [%s]}}], "pageInfo": {"hasNextPage": false, "endCursor": ""}}}}}}`,
				id, id, strings.Join(c.nodes, ","))
		}))
		cl, err := github.New(github.Options{Token: github.NewSecret(token), APIURL: gh.URL, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		tr, err := newSet(t, repo.SetOptions{Client: cl}).Tracer("up/stream")
		if err != nil {
			t.Fatal(err)
		}
		got, err := tr.PathHistory(t.Context(), id, "f.go", 1)
		want := []repo.CommitInfo{{
			SHA: id, Headline: "x", When: time.Date(2020, 1, 2, 0, 0, 0, 0, time.UTC), PRs: c.prs, Title: c.name,
			Landed: strings.Repeat(c.landed, 40), LandedAt: time.Date(2020, 1, c.day, 0, 0, 0, 0, time.UTC),
		}}
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Errorf("%s: %v (-want +got):\n%s", c.nodes, err, d)
		}
		gh.Close()
	}
}
