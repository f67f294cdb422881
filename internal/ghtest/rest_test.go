package ghtest_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/ghtest"
)

func TestCommits(t *testing.T) {
	f := newFixture(t, ghtest.Options{})
	for ref, oid := range map[string]string{
		"main": f.head, "HEAD": f.head, "heads/main": f.head, "v1.0.0": f.first, "tags/v1.0.0": f.first, f.side[:8]: f.side, "refs/heads/topic": f.side,
	} {
		if got := at(t, f.as("GET", "/repos/up/stream/commits/"+ref, "").json(t), "sha"); got != oid {
			t.Errorf("%s is %v, want %s", ref, got, oid)
		}
	}
	r := f.as("GET", "/repos/up/stream/commits/main", "", "Accept: application/vnd.github.sha")
	if string(r.body) != f.head || r.Header.Get("ETag") != `"`+f.head+`"` {
		t.Errorf("sha form: %s, etag %s", r.body, r.Header.Get("ETag"))
	}
	r = f.as("GET", "/repos/up/stream/commits/main", "", "Accept: application/vnd.github.sha", `If-None-Match: "`+f.head+`"`)
	if r.StatusCode != http.StatusNotModified || len(r.body) != 0 {
		t.Errorf("unmoved: %s %s", r.Status, r.body)
	}
	r = f.as("GET", "/repos/up/stream/commits/nope", "")
	if r.StatusCode != http.StatusUnprocessableEntity || at(t, r.json(t), "message") != "No commit found for SHA: nope" {
		t.Errorf("%s %s", r.Status, r.body)
	}
	r = f.as("GET", "/repos/up/stream/commits/"+f.side, "")
	want(t, at(t, r.json(t), "files", 0, "filename"), `"a.go"`)
	want(t, at(t, r.json(t), "files", 0, "additions"), `1`)
	list := f.as("GET", "/repos/up/stream/commits?path=a.go&sha=main&until=2026-01-05T11:30:00Z", "").json(t)
	if got := names(t, list, "sha"); got != f.first {
		t.Errorf("commits of a.go until: %s", got)
	}
	pulls := f.as("GET", "/repos/up/stream/commits/"+f.side+"/pulls", "").json(t)
	want(t, at(t, pulls, 0, "number"), `7`)
	if r := f.as("GET", "/repos/acme/platform/commits", ""); r.StatusCode != http.StatusConflict {
		t.Errorf("empty repository: %s", r.Status)
	}
	f.git.git("branch", "feature/x", f.first)
	if got := at(t, f.as("GET", "/repos/up/stream/commits/feature%2Fx", "").json(t), "sha"); got != f.first {
		t.Errorf("escaped branch: %v", got)
	}
}

func TestTreesBlobsContents(t *testing.T) {
	f := newFixture(t, ghtest.Options{ContentsLimit: 100, TreeLimit: 6})
	tree := f.as("GET", "/repos/up/stream/git/trees/"+f.head, "").json(t)
	if got := names(t, at(t, tree, "tree"), "path"); got != "a.go big.txt bin.dat docs sub" {
		t.Errorf("tree %q", got)
	}
	want(t, at(t, tree, "truncated"), `false`)
	tree = f.as("GET", "/repos/up/stream/git/trees/main?recursive=1", "").json(t)
	if got := names(t, at(t, tree, "tree"), "path"); got != "a.go big.txt bin.dat docs docs/old.md docs/x..y.md" {
		t.Errorf("recursive tree %q", got)
	}
	want(t, at(t, tree, "truncated"), `true`)
	blob := at(t, tree, "tree", 0, "sha").(string)
	const text = "package a\n\nconst A = 1\nconst B = 3\n"
	r := f.as("GET", "/repos/up/stream/git/blobs/"+blob, "", "Accept: application/vnd.github.raw+json")
	if string(r.body) != text {
		t.Errorf("raw blob %q", r.body)
	}
	b64 := at(t, f.as("GET", "/repos/up/stream/git/blobs/"+blob, "").json(t), "content").(string)
	if got, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(b64, "\n", "")); err != nil || string(got) != text {
		t.Errorf("blob %q %v", got, err)
	}
	r = f.as("GET", "/repos/up/stream/contents/a.go?ref=v1.0.0", "", "Accept: application/vnd.github.raw+json")
	if string(r.body) != "package a\n\nconst A = 1\nconst B = 2\n" {
		t.Errorf("raw contents %q", r.body)
	}
	c := f.as("GET", "/repos/up/stream/contents/docs/x..y.md", "").json(t)
	want(t, at(t, c, "encoding"), `"base64"`)
	if raw := f.do("GET", strings.TrimPrefix(at(t, c, "download_url").(string), f.URL()), ""); string(raw.body) != "dots in a name\n" {
		t.Errorf("download_url: %s %q", raw.Status, raw.body)
	}
	c = f.as("GET", "/repos/up/stream/contents/big.txt", "").json(t)
	want(t, at(t, c, "content"), `""`)
	want(t, at(t, c, "encoding"), `"none"`)
	if got := names(t, f.as("GET", "/repos/up/stream/contents/docs", "").json(t), "path"); got != "docs/old.md docs/x..y.md" {
		t.Errorf("directory %q", got)
	}
	if r := f.as("GET", "/repos/up/stream/contents/no.go", ""); r.StatusCode != http.StatusNotFound {
		t.Errorf("missing file: %s", r.Status)
	}
	before := f.Count()
	r = f.do("GET", "/raw/up/stream/"+f.first+"/a.go", "")
	if r.StatusCode != http.StatusOK || r.Header.Get("X-RateLimit-Limit") != "" || f.Count().Raw != before.Raw+1 || f.Count().API() != before.API() {
		t.Errorf("raw host: %s, counts %v", r.Status, f.Count())
	}
	if r := f.do("GET", "/raw/acme/secret/main/a", ""); r.StatusCode != http.StatusNotFound || string(r.body) != "404: Not Found" {
		t.Errorf("raw host, private: %s %s", r.Status, r.body)
	}
}

func TestRefsTagsReleases(t *testing.T) {
	f := newFixture(t, ghtest.Options{})
	f.AddRelease("up/stream", ghtest.Release{Tag: "v1.1.0", Author: "ada", Body: "notes"})
	refs := f.as("GET", "/repos/up/stream/git/matching-refs/tags/v1", "").json(t)
	if got := names(t, refs, "ref"); got != "refs/tags/v1.0.0 refs/tags/v1.1.0" {
		t.Errorf("matching refs %q", got)
	}
	want(t, at(t, refs, 0, "object", "type"), `"tag"`)
	want(t, at(t, f.as("GET", "/repos/up/stream/git/ref/heads/main", "").json(t), "object", "sha"), fmt.Sprintf("%q", f.head))
	if r := f.as("GET", "/repos/up/stream/git/ref/heads/mai", ""); r.StatusCode != http.StatusNotFound {
		t.Errorf("half a ref: %s", r.Status)
	}
	tags := f.as("GET", "/repos/up/stream/tags?per_page=1", "")
	if got := names(t, tags.json(t), "name"); got != "v1.1.0" {
		t.Errorf("tags %q", got)
	}
	want(t, at(t, f.as("GET", "/repos/up/stream/tags?per_page=1&page=2", "").json(t), 0, "commit", "sha"), fmt.Sprintf("%q", f.first))
	want(t, at(t, f.as("GET", "/repos/up/stream/releases", "").json(t), 0, "body"), `"notes"`)
	want(t, at(t, f.as("GET", "/repos/up/stream/releases/latest", "").json(t), "tag_name"), `"v1.1.0"`)
}

func TestLinkHeaderLeadsThroughAllPages(t *testing.T) {
	f := newFixture(t, ghtest.Options{})
	for i := range 5 {
		f.AddIssue("acme/platform", ghtest.Issue{Title: fmt.Sprint(i), Author: "ada"})
	}
	path, seen := "/repos/acme/platform/issues?per_page=2&state=all", ""
	for range 5 {
		r := f.as("GET", path, "")
		seen += names(t, r.json(t), "number") + " "
		next := ""
		for _, l := range strings.Split(r.Header.Get("Link"), ", ") {
			if u, ok := strings.CutSuffix(l, `>; rel="next"`); ok {
				next = strings.TrimPrefix(u, "<")
			}
		}
		if next == "" {
			break
		}
		if !strings.HasPrefix(next, f.URL()+"/repositories/") {
			t.Fatalf("next is %s", next)
		}
		path = strings.TrimPrefix(next, f.URL())
	}
	if seen != "5 4 3 2 1 " {
		t.Errorf("pages gave %q", seen)
	}
}

func TestIssueListFilters(t *testing.T) {
	f := newFixture(t, ghtest.Options{})
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	f.AddIssue("up/stream", ghtest.Issue{Title: "a", Author: "ada", Labels: []string{"x", "y"}, Created: day(1), Updated: day(9)})
	f.AddIssue("up/stream", ghtest.Issue{Title: "b", Author: "bot", Labels: []string{"x"}, Created: day(2)})
	f.AddIssue("up/stream", ghtest.Issue{Title: "c", Author: "bot", State: "closed", Created: day(3)})
	for query, wanted := range map[string]string{
		"":                                    "9 8",
		"state=all":                           "10 9 8 7", // 7 is the pull request
		"labels=x,y":                          "8",
		"creator=bot&state=all":               "10 9",
		"since=2026-01-03T00:00:00Z":          "8",
		"sort=updated&direction=asc":          "9 8",
		"state=closed":                        "10 7",
		"labels=x&sort=created&direction=asc": "8 9",
	} {
		list := f.as("GET", "/repos/up/stream/issues?"+query, "").json(t)
		got := strings.Fields(names(t, list, "number"))
		if query == "state=all" || query == "state=closed" { // the clock puts the pull request anywhere
			if len(got) != len(strings.Fields(wanted)) {
				t.Errorf("%s: %v, want %s", query, got, wanted)
			}
			continue
		}
		if strings.Join(got, " ") != wanted {
			t.Errorf("%s: %v, want %s", query, got, wanted)
		}
	}
	if r := f.as("GET", "/repos/up/stream/issues?since=yesterday", ""); r.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("bad since: %s", r.Status)
	}
	pull := f.as("GET", "/repos/up/stream/issues/7", "").json(t)
	at(t, pull, "pull_request", "merged_at")
}

func TestCreateEditComment(t *testing.T) {
	f := newFixture(t, ghtest.Options{})
	f.AddLabel("acme/platform", ghtest.Label{Name: "Digest", Color: "abcdef"})
	r := f.as("POST", "/repos/acme/platform/issues", `{"title": "T", "body": "B", "labels": ["digest", {"name": "new one"}]}`)
	if r.StatusCode != http.StatusCreated {
		t.Fatalf("%s %s", r.Status, r.body)
	}
	want(t, at(t, r.json(t), "number"), `1`)
	if got := names(t, at(t, r.json(t), "labels"), "name"); got != "Digest new one" {
		t.Errorf("labels %q: the existing one is kept, the other is made", got)
	}
	if r := f.as("GET", "/repos/acme/platform/labels/new%20one", ""); r.StatusCode != http.StatusOK {
		t.Errorf("made label: %s", r.Status)
	}
	long := strings.Repeat("x", 65537)
	r = f.as("PATCH", "/repos/acme/platform/issues/1", `{"body": "`+long+`", "title": "T2"}`)
	if r.StatusCode != http.StatusOK || at(t, r.json(t), "body") != "B" || at(t, r.json(t), "title") != "T2" {
		t.Errorf("an over-long edit must keep the old body: %s %.80s", r.Status, r.body)
	}
	r = f.as("POST", "/repos/acme/platform/issues", `{"title": "T", "body": "`+long+`"}`)
	if r.StatusCode != http.StatusUnprocessableEntity || at(t, r.json(t), "errors", 0, "message") != "body is too long (maximum is 65536 characters)" {
		t.Errorf("%s %s", r.Status, r.body)
	}
	r = f.as("POST", "/repos/acme/platform/issues/1/comments", `{"body": "`+long+`"}`)
	if r.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("long comment: %s", r.Status)
	}
	r = f.as("POST", "/repos/acme/platform/issues", `{"title": "T", "labels": ["`+strings.Repeat("l", 51)+`"]}`)
	if r.StatusCode != http.StatusUnprocessableEntity || at(t, r.json(t), "errors", 0, "message") != "name is too long (maximum is 50 characters)" {
		t.Errorf("%s %s", r.Status, r.body)
	}
	for body, status := range map[string]int{`{`: 400, `{}`: 422, `{"title": ""}`: 422, `{"title": "` + strings.Repeat("t", 257) + `"}`: 422} {
		if r := f.as("POST", "/repos/acme/platform/issues", body); r.StatusCode != status {
			t.Errorf("%.20s: %s", body, r.Status)
		}
	}
	r = f.as("POST", "/repos/acme/platform/issues/1/comments", `{"body": "more"}`)
	id := at(t, r.json(t), "id").(float64)
	path := fmt.Sprintf("/repos/acme/platform/issues/comments/%.0f", id)
	f.as("PATCH", path, `{"body": "more still"}`)
	want(t, at(t, f.as("GET", "/repos/acme/platform/issues/1/comments", "").json(t), 0, "body"), `"more still"`)
	if r := f.as("DELETE", path, ""); r.StatusCode != http.StatusNoContent {
		t.Errorf("delete: %s", r.Status)
	}
	want(t, f.as("GET", "/repos/acme/platform/issues/1/comments", "").json(t), `[]`)
	closed := f.as("PATCH", "/repos/acme/platform/issues/1", `{"state": "closed", "labels": []}`).json(t)
	want(t, at(t, closed, "state_reason"), `"completed"`)
	want(t, at(t, closed, "labels"), `[]`)
	r = f.as("POST", "/repos/acme/platform/labels", `{"name": "DIGEST"}`)
	if r.StatusCode != http.StatusUnprocessableEntity || at(t, r.json(t), "errors", 0, "code") != "already_exists" {
		t.Errorf("%s %s", r.Status, r.body)
	}
	var did []string
	for _, w := range f.Writes() {
		did = append(did, w.Action+" "+w.What)
	}
	if got := strings.Join(did, ", "); got != "create issue, edit issue, create comment, edit comment, delete comment, edit issue" {
		t.Errorf("writes: %s", got)
	}
	if is := f.Issues("acme/platform"); len(is) != 1 || is[0].State != "closed" || is[0].Body != "B" {
		t.Errorf("state: %+v", is)
	}
}

func TestWhoMayDoWhat(t *testing.T) {
	f := newFixture(t, ghtest.Options{})
	f.AddRepository(ghtest.Repository{Name: "acme/old", Archived: true})
	f.AddToken(ghtest.Token{Value: "old", Login: "bot", Access: map[string]ghtest.Access{"acme/old": ghtest.Write}})
	const issue = `{"title": "T", "body": "B", "labels": ["l"]}`
	for _, one := range []struct {
		name, token, method, path string
		status                    int
		message                   string
	}{
		{"bad token", "wrong", "GET", "/repos/up/stream", 401, "Bad credentials"},
		{"no token", "", "POST", "/repos/acme/platform/issues", 401, "Requires authentication"},
		{"read-only token", reader, "POST", "/repos/acme/platform/issues", 403, "Resource not accessible by personal access token"},
		{"read-only app", appToken, "POST", "/repos/acme/platform/issues", 403, "Resource not accessible by integration"},
		{"app has no user", appToken, "GET", "/user", 403, "Resource not accessible by integration"},
		{"private", token, "GET", "/repos/acme/secret", 404, "Not Found"},
		{"unknown", token, "POST", "/repos/acme/nope/issues", 404, "Not Found"},
		{"wrong method", token, "PUT", "/repos/acme/platform/issues", 404, "Not Found"},
		{"issues off", token, "POST", "/repos/acme/quiet/issues", 410, "Issues has been disabled in this repository."},
		{"issues off, list", token, "GET", "/repos/acme/quiet/issues", 410, "Issues has been disabled in this repository."},
		{"archived", "old", "POST", "/repos/acme/old/issues", 403, "Repository was archived so is read-only."},
		{"label without push", reporter, "POST", "/repos/acme/platform/labels", 403, "Resource not accessible by personal access token"},
	} {
		var header []string
		if one.token != "" {
			header = []string{"Authorization: token " + one.token}
		}
		r := f.do(one.method, one.path, issue, header...)
		if r.StatusCode != one.status || at(t, r.json(t), "message") != one.message {
			t.Errorf("%s: %s %s", one.name, r.Status, r.body)
		}
	}
	if n := len(f.Writes()); n != 0 {
		t.Errorf("%d writes by those who may not", n)
	}
	r := f.do("POST", "/repos/acme/platform/issues", issue, "Authorization: Bearer "+reporter)
	if r.StatusCode != http.StatusCreated || len(at(t, r.json(t), "labels").([]any)) != 0 || len(f.Labels("acme/platform")) != 0 {
		t.Errorf("without push labels are dropped: %s %s", r.Status, r.body)
	}
	r = f.do("PATCH", "/repos/acme/platform/issues/1", `{"body": "mine", "labels": ["l"]}`, "Authorization: Bearer "+reporter)
	if r.StatusCode != http.StatusOK || at(t, r.json(t), "body") != "mine" {
		t.Errorf("authors edit their own: %s", r.Status)
	}
	f.AddIssue("acme/platform", ghtest.Issue{Title: "of another", Author: "ada"})
	if r := f.do("PATCH", "/repos/acme/platform/issues/2", `{"body": "x"}`, "Authorization: Bearer "+reporter); r.StatusCode != http.StatusForbidden {
		t.Errorf("an issue of another: %s", r.Status)
	}
	f.RevokeToken(token)
	if r := f.as("GET", "/user", ""); r.StatusCode != http.StatusUnauthorized {
		t.Errorf("revoked: %s", r.Status)
	}
}

func TestLimitsAndETags(t *testing.T) {
	f := newFixture(t, ghtest.Options{AnonymousLimit: 2, CoreLimit: 3})
	f.do("GET", "/repos/up/stream", "")
	f.do("GET", "/repos/up/stream", "")
	r := f.do("GET", "/repos/up/stream", "")
	if r.StatusCode != http.StatusForbidden || !strings.HasPrefix(at(t, r.json(t), "message").(string), "API rate limit exceeded") || r.Header.Get("X-RateLimit-Remaining") != "0" {
		t.Errorf("third anonymous request: %s %s", r.Status, r.body)
	}
	if got := r.Header.Get("X-RateLimit-Reset"); got != fmt.Sprint(f.clock.Add(time.Hour).Unix()) {
		t.Errorf("reset %s", got)
	}
	r = f.as("GET", "/repos/up/stream", "")
	etag := r.Header.Get("ETag")
	if r.StatusCode != http.StatusOK || r.Header.Get("X-RateLimit-Remaining") != "2" || r.Header.Get("X-GitHub-Request-Id") == "" || r.Header.Get("Date") != f.clock.Format(http.TimeFormat) {
		t.Errorf("%s %v", r.Status, r.Header)
	}
	for range 5 {
		if r := f.as("GET", "/repos/up/stream", "", "If-None-Match: "+etag); r.StatusCode != http.StatusNotModified || r.Header.Get("X-RateLimit-Remaining") != "2" {
			t.Fatalf("a 304 is free: %s, %s left", r.Status, r.Header.Get("X-RateLimit-Remaining"))
		}
	}
	if r := f.do("GET", "/repos/up/stream", "", "If-None-Match: "+etag, "Authorization: Bearer "+reader); r.StatusCode != http.StatusOK {
		t.Errorf("another token's ETag: %s", r.Status)
	}
	want(t, at(t, f.as("GET", "/rate_limit", "").json(t), "resources", "core", "remaining"), `2`)
	*f.clock = f.clock.Add(time.Hour)
	if r := f.do("GET", "/repos/up/stream", ""); r.StatusCode != http.StatusOK {
		t.Errorf("an hour later: %s", r.Status)
	}
}

func TestSearch(t *testing.T) {
	f := newFixture(t, ghtest.Options{})
	f.AddIssue("acme/platform", ghtest.Issue{Title: "Digest one", Body: "marker-123", Author: "bot", Labels: []string{"to do"}})
	r := f.as("GET", `/search/issues?q=repo:acme/platform+label:%22to+do%22+marker-123+in:body`, "")
	want(t, at(t, r.json(t), "total_count"), `1`)
	if r.Header.Get("X-RateLimit-Resource") != "search" || r.Header.Get("X-RateLimit-Limit") != "30" {
		t.Errorf("%v", r.Header)
	}
	if r := f.as("GET", "/search/issues?q=repo:acme/secret", ""); r.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("search in what is not visible: %s", r.Status)
	}
}

func TestEnterprisePaths(t *testing.T) {
	f := newFixture(t, ghtest.Options{Enterprise: true, WebURL: "https://git.example.com"})
	for range 3 {
		f.AddIssue("acme/platform", ghtest.Issue{Title: "x", Author: "ada"})
	}
	r := f.as("GET", "/api/v3/repos/acme/platform/issues?per_page=1", "")
	want(t, at(t, r.json(t), 0, "html_url"), `"https://git.example.com/acme/platform/issues/3"`)
	if !strings.Contains(r.Header.Get("Link"), f.URL()+"/api/v3/repositories/") {
		t.Errorf("Link %s", r.Header.Get("Link"))
	}
	if r := f.as("POST", "/api/graphql", `{"query": "{ viewer { login } }"}`); r.StatusCode != http.StatusOK {
		t.Errorf("%s %s", r.Status, r.body)
	}
	if got := f.Requests()[0].Path; got != "/repos/acme/platform/issues" {
		t.Errorf("logged path %s", got)
	}
}

func TestLogKeepsNoToken(t *testing.T) {
	f := newFixture(t, ghtest.Options{})
	f.query(`query Q { viewer { login } }`, map[string]any{"a": 1})
	f.do("GET", "/repos/up/stream", "")
	log := f.Requests()
	if strings.Contains(fmt.Sprintf("%+v", log), token) {
		t.Error("a token is in the log")
	}
	if len(log) != 2 || log[0].Kind != ghtest.GraphQL || !log[0].Authorized || log[0].Login != "bot" ||
		!strings.Contains(log[0].Document, "query Q") || log[1].Authorized || log[1].Status != 200 {
		t.Errorf("log %+v", log)
	}
	if c := f.Count(); c != (ghtest.Counts{REST: 1, GraphQL: 1}) {
		t.Errorf("counts %+v", c)
	}
	f.ClearLog()
	if len(f.Requests()) != 0 {
		t.Error("log not cleared")
	}
}
