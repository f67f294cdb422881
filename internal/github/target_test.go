package github_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/github"
)

// platform is a stand-in with the repository acme/platform, and a client that may write to it.
func platform(t *testing.T, r ghtest.Repository) (*ghtest.Server, *github.Client) {
	t.Helper()
	gh := ghtest.Start(t, ghtest.Options{Now: time.Now})
	r.Name = "acme/platform"
	gh.AddRepository(r)
	gh.AddToken(ghtest.Token{Value: token, Login: "bot", Access: map[string]ghtest.Access{"acme/platform": ghtest.Write}})
	return gh, newClient(t, http.DefaultTransport, func(o *github.Options) { o.APIURL = gh.URL() })
}

func TestTargetIsOneRequest(t *testing.T) {
	gh, c := platform(t, ghtest.Repository{})
	old := time.Now().Add(-48 * time.Hour)
	gh.AddIssue("acme/platform", ghtest.Issue{Title: "old", Author: "bot", Created: old, Updated: old})
	own := gh.AddIssue("acme/platform", ghtest.Issue{Title: "own", Body: "marker", Author: "bot", State: "closed", Created: old, Updated: time.Now().Add(-time.Minute), Labels: []string{"digest"}})
	theirs := gh.AddIssue("acme/platform", ghtest.Issue{Title: "theirs", Author: "mallory"})
	gh.AddComment("acme/platform", own.Number, ghtest.Comment{Body: "part 2", Author: "bot"})
	gh.AddComment("acme/platform", own.Number, ghtest.Comment{Body: "thanks", Author: "mallory"})
	gh.AddLabel("acme/platform", ghtest.Label{Name: "digest"})

	got, err := c.Target(t.Context(), "acme/platform", time.Now().Add(-24*time.Hour), "digest")
	if err != nil {
		t.Fatal(err)
	}
	if got.Repository != "acme/platform" || got.Viewer != "bot" || !got.HasIssues || got.Archived || got.Permission != "WRITE" || !got.HasLabel || !got.Complete || got.NodeID == "" || got.Ready() != nil {
		t.Errorf("%+v", got)
	}
	byTitle := map[string]github.Issue{}
	for _, i := range got.Issues {
		byTitle[i.Title] = i
	}
	if _, there := byTitle["old"]; there || len(got.Issues) != 2 {
		t.Fatalf("issues %+v, want the two updated since", byTitle)
	}
	if i := byTitle["theirs"]; i.ViewerDidAuthor || i.Number != theirs.Number || i.State != "open" {
		t.Errorf("theirs: %+v", i)
	}
	i := byTitle["own"]
	if !i.ViewerDidAuthor || i.State != "closed" || i.Body != "marker" || len(i.Labels) != 1 || i.URL == "" || i.CreatedAt.IsZero() || i.UpdatedAt.IsZero() {
		t.Errorf("own: %+v", i)
	}
	if len(i.Comments) != 2 || !i.Comments[0].ViewerDidAuthor || i.Comments[1].ViewerDidAuthor || i.Comments[0].Body != "part 2" || i.Comments[0].ID == 0 {
		t.Errorf("comments %+v", i.Comments)
	}
	if cost := c.Cost(); cost != (github.Cost{GraphQL: 1}) {
		t.Errorf("cost %+v, want one request", cost)
	}
	if got, err := c.Target(t.Context(), "acme/platform", time.Now(), "no such label"); err != nil || got.HasLabel {
		t.Errorf("%+v, %v; want no label", got, err)
	}
	if got, err := c.Target(t.Context(), "acme/platform", time.Now(), ""); err != nil || !got.HasLabel {
		t.Errorf("%+v, %v; no label was asked for", got, err)
	}
}

func TestTargetPagesAreBoundedAndSaySo(t *testing.T) {
	gh, c := platform(t, ghtest.Repository{})
	for i := range 120 {
		gh.AddIssue("acme/platform", ghtest.Issue{Title: fmt.Sprint(i), Author: "bot"})
	}
	since := time.Now().Add(-time.Hour)
	got, err := c.Target(t.Context(), "acme/platform", since, "")
	if err != nil || len(got.Issues) != 120 || !got.Complete || c.Cost().GraphQL != 3 {
		t.Errorf("%d issues, complete %v, cost %+v, %v; want 120 by 3 requests", len(got.Issues), got.Complete, c.Cost(), err)
	}
	for i := range 50 {
		gh.AddIssue("acme/platform", ghtest.Issue{Title: fmt.Sprint(i), Author: "bot"})
	}
	got, err = c.Target(t.Context(), "acme/platform", since, "")
	if err != nil || len(got.Issues) != 150 || got.Complete {
		t.Errorf("%d issues, complete %v, %v; want 150 and not complete", len(got.Issues), got.Complete, err)
	}
}

func TestCommentsOfOwnIssuesAreComplete(t *testing.T) {
	gh, c := platform(t, ghtest.Repository{})
	own := gh.AddIssue("acme/platform", ghtest.Issue{Title: "own", Author: "bot"})
	theirs := gh.AddIssue("acme/platform", ghtest.Issue{Title: "theirs", Author: "mallory"})
	for i := range 130 {
		gh.AddComment("acme/platform", own.Number, ghtest.Comment{Body: fmt.Sprint(i), Author: "bot"})
		gh.AddComment("acme/platform", theirs.Number, ghtest.Comment{Body: fmt.Sprint(i), Author: "bot"})
	}
	got, err := c.Target(t.Context(), "acme/platform", time.Now().Add(-time.Hour), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range got.Issues {
		want, more := 130, false
		if i.Number == theirs.Number {
			want, more = 50, true
		}
		if len(i.Comments) != want || i.MoreComments != more || i.Comments[want-1].Body != fmt.Sprint(want-1) {
			t.Errorf("%s: %d comments, more: %v; want %d", i.Title, len(i.Comments), i.MoreComments, want)
		}
	}
	if n := c.Cost().GraphQL; n != 3 {
		t.Errorf("%d requests, want 1 and two pages", n)
	}
	if e := as[*github.NotFoundError](t, errOf(c.Comments(t.Context(), "acme/platform", 999))); !strings.Contains(e.Error(), "issue 999") {
		t.Error(e)
	}
}

func errOf[T any](_ T, err error) error { return err }

func TestOwnIssuesOfALostStore(t *testing.T) {
	gh, c := platform(t, ghtest.Repository{})
	long := time.Now().Add(-900 * 24 * time.Hour)
	gh.AddIssue("acme/platform", ghtest.Issue{Title: "first", Author: "bot", Created: long, Updated: long})
	gh.AddIssue("acme/platform", ghtest.Issue{Title: "second", Author: "bot", Created: long.Add(time.Hour), Updated: long, State: "closed"})
	for range 60 {
		gh.AddIssue("acme/platform", ghtest.Issue{Title: "noise", Author: "mallory"})
	}
	got, err := c.OwnIssues(t.Context(), "acme/platform", 20)
	if err != nil || len(got) != 2 || got[0].Title != "second" || got[1].Title != "first" {
		t.Errorf("%+v, %v; want both, the newest first", got, err)
	}
	if n := c.Cost().GraphQL; n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
	if got, err := c.OwnIssues(t.Context(), "acme/platform", 1); err != nil || len(got) != 1 || got[0].Title != "second" {
		t.Errorf("limit 1: %+v, %v", got, err)
	}
}

func TestTargetsThatTakeNoIssues(t *testing.T) {
	_, c := platform(t, ghtest.Repository{IssuesDisabled: true})
	got, err := c.Target(t.Context(), "acme/platform", time.Now(), "")
	if err != nil {
		t.Fatal(err)
	}
	_ = as[*github.IssuesDisabledError](t, got.Ready())
	_ = as[*github.IssuesDisabledError](t, errOf(c.CreateIssue(t.Context(), "acme/platform", github.IssueRequest{Title: "t"})))

	_, c = platform(t, ghtest.Repository{Archived: true})
	if got, err = c.Target(t.Context(), "acme/platform", time.Now(), ""); err != nil {
		t.Fatal(err)
	}
	_ = as[*github.ArchivedError](t, got.Ready())
	_ = as[*github.ArchivedError](t, errOf(c.CreateIssue(t.Context(), "acme/platform", github.IssueRequest{Title: "t"})))

	e := as[*github.NotFoundError](t, errOf(c.Target(t.Context(), "no/where", time.Now(), "")))
	if e.Repository != "no/where" {
		t.Errorf("%+v", e)
	}
}

func TestFilingAgainstTheStandIn(t *testing.T) {
	gh, c := platform(t, ghtest.Repository{})
	if err := c.CreateLabel(t.Context(), "acme/platform", "digest", "0E8A16", "x"); err != nil {
		t.Fatal(err)
	}
	if err := c.CreateLabel(t.Context(), "acme/platform", "digest", "0E8A16", "x"); err != nil {
		t.Errorf("a label that exists: %v", err)
	}
	issue, err := c.CreateIssue(t.Context(), "acme/platform", github.IssueRequest{Title: "t", Body: "b <&>", Labels: []string{"digest"}})
	if err != nil || issue.Number == 0 || issue.Body != "b <&>" || len(issue.Labels) != 1 {
		t.Fatalf("%+v, %v", issue, err)
	}
	comment, err := c.CreateComment(t.Context(), "acme/platform", issue.Number, "more")
	if err != nil || comment.ID == 0 || comment.Body != "more" || comment.URL == "" {
		t.Fatalf("%+v, %v", comment, err)
	}
	read, err := c.Comments(t.Context(), "acme/platform", issue.Number)
	if err != nil || len(read) != 1 || read[0] != comment {
		t.Errorf("read %+v, %v; want %+v, as created", read, err, comment)
	}
	_ = as[*github.NotFoundError](t, errOf(c.CreateComment(t.Context(), "acme/platform", 999, "x")))
	_ = as[*github.ValidationError](t, errOf(c.CreateIssue(t.Context(), "acme/platform", github.IssueRequest{Title: "t", Body: strings.Repeat("x", 300_000)})))

	gh.AddToken(ghtest.Token{Value: "reader", Login: "reader"})
	readOnly := newClient(t, http.DefaultTransport, func(o *github.Options) { o.APIURL, o.Token = gh.URL(), github.NewSecret("reader") })
	_ = as[*github.PermissionError](t, errOf(readOnly.CreateComment(t.Context(), "acme/platform", issue.Number, "x")))
	_ = as[*github.PermissionError](t, readOnly.CreateLabel(t.Context(), "acme/platform", "other", "0E8A16", ""))
	badToken := newClient(t, http.DefaultTransport, func(o *github.Options) { o.APIURL, o.Token = gh.URL(), github.NewSecret("bad") })
	_ = as[*github.AuthError](t, errOf(badToken.Target(t.Context(), "acme/platform", time.Now(), "")))
	_ = as[*github.AuthError](t, errOf(badToken.CreateComment(t.Context(), "acme/platform", issue.Number, "x")))
	if n := len(gh.Issues("acme/platform")); n != 1 {
		t.Errorf("%d issues", n)
	}
}

// Created, and nobody was told: the caller hears "unclear", and finds it by looking.
func TestCreatedButResetIsFoundByLooking(t *testing.T) {
	for _, kind := range []ghtest.FaultKind{ghtest.CreatedButReset, ghtest.Truncated} {
		gh, c := platform(t, ghtest.Repository{})
		gh.AddFault(ghtest.Fault{Kind: kind, Method: http.MethodPost, Path: "/repos/*/*/issues"})
		start := time.Now().Add(-time.Minute)
		_ = as[*github.UnclearError](t, errOf(c.CreateIssue(t.Context(), "acme/platform", github.IssueRequest{Title: "t", Body: "nonce"})))
		got, err := c.Target(t.Context(), "acme/platform", start, "")
		if err != nil || len(got.Issues) != 1 || got.Issues[0].Body != "nonce" || !got.Issues[0].ViewerDidAuthor {
			t.Errorf("%s: %+v, %v; want exactly one", kind, got.Issues, err)
		}
	}
}

// An app's login has two spellings. Where GitHub's filter does not know the one we have, the newest
// issues are looked through, and only what we wrote is taken.
func TestOwnIssuesOfAnAppAreFoundWithoutTheFilter(t *testing.T) {
	issue := func(n int, own bool) string {
		return fmt.Sprintf(`{"number":%d,"title":"t","body":"","url":"u","state":"OPEN","viewerDidAuthor":%v,"createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z","labels":{"nodes":[]},"comments":{"nodes":[],"pageInfo":{"hasNextPage":false}}}`, n, own)
	}
	page := func(more bool, issues ...string) reply {
		return ok(fmt.Sprintf(`{"data":{"viewer":{"login":"x[bot]"},"repository":{"issues":{"nodes":[%s],"pageInfo":{"hasNextPage":%v,"endCursor":"c"}}}}}`, strings.Join(issues, ","), more))
	}
	s := &script{replies: []reply{
		ok(`{"data":{"viewer":{"login":"x[bot]"}}}`), page(false), page(true, issue(9, false), issue(8, true)), page(false, issue(7, true), issue(6, true), issue(5, false)),
	}}
	got, err := newClient(t, s).OwnIssues(t.Context(), "a/b", 2)
	if err != nil || len(got) != 2 || got[0].Number != 8 || got[1].Number != 7 {
		t.Errorf("%+v, %v; want 8 and 7", got, err)
	}
}
