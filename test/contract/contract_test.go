package contract_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"

	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/test/contract"
)

// open is the validator, or a skip that says how to get it.
func open(t *testing.T) *contract.Validator {
	t.Helper()
	v, err := contract.Open(".")
	if errors.Is(err, contract.ErrNotInstalled) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// world is a stand-in with something of everything, behind the validator.
type world struct {
	t       *testing.T
	gh      *ghtest.Server
	url     string
	head    string
	first   string // the commit before
	tree    string
	blob    string
	comment int64

	mu       sync.Mutex
	problems []error
}

func newWorld(t *testing.T, v *contract.Validator) *world {
	t.Helper()
	dir := t.TempDir()
	git := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "git", append([]string{"-C", dir}, args...)...)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
			"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	file := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	git("init", "-q", "-b", "main")
	file("pkg/a.go", "package a\n")
	git("add", "-A")
	git("commit", "-q", "-m", "one")
	git("tag", "-a", "v1.0.0", "-m", "release")
	file("pkg/b.go", "package a\n")
	if err := os.Symlink("pkg/a.go", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	git("add", "-A")
	git("commit", "-q", "-m", "two\n\nWith a body.")
	git("branch", "feature/x")

	w := &world{t: t, head: git("rev-parse", "HEAD"), first: git("rev-parse", "HEAD^"), tree: git("rev-parse", "HEAD^{tree}"), blob: git("rev-parse", "HEAD:pkg/a.go")}
	w.gh = ghtest.New(ghtest.Options{Now: time.Now})
	t.Cleanup(func() {
		if err := w.gh.Close(); err != nil {
			t.Error(err)
		}
	})
	w.gh.AddRepository(ghtest.Repository{Name: "up/stream", GitDir: dir, Description: "code"})
	w.gh.AddRepository(ghtest.Repository{Name: "acme/quiet", IssuesDisabled: true})
	w.gh.AddToken(ghtest.Token{Value: "good", Login: "bot", Access: map[string]ghtest.Access{"up/stream": ghtest.Write, "acme/quiet": ghtest.Write}})
	w.gh.AddToken(ghtest.Token{Value: "read", Login: "reader"})
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	w.gh.AddLabel("up/stream", ghtest.Label{Name: "kind/bug", Color: "d73a4a", Description: "broken"})
	w.gh.AddMilestone("up/stream", ghtest.Milestone{Title: "v1.1", Due: &at, Description: "next"})
	w.gh.AddMilestone("up/stream", ghtest.Milestone{Title: "v1.0", State: "closed"})
	w.gh.AddRelease("up/stream", ghtest.Release{Tag: "v1.0.0", Name: "One", Body: "notes", Author: "ada"})
	w.gh.AddIssue("up/stream", ghtest.Issue{
		Number: 1, Title: "it breaks", Body: "body", Author: "ada", Labels: []string{"kind/bug"}, Assignees: []string{"bot"}, Milestone: "v1.1",
		Comments: []ghtest.Comment{{Body: "yes", Author: "bot"}, {Body: "no", Author: "helper[bot]"}},
	})
	w.gh.AddIssue("up/stream", ghtest.Issue{Number: 2, Title: "it broke", State: "closed", Reason: "completed"})
	w.gh.AddPullRequest("up/stream", ghtest.PullRequest{Number: 3, Title: "two", Author: "ada", MergeOID: w.head, Labels: []string{"kind/bug"}, Closes: []string{"#1"}})
	w.comment = w.gh.Issues("up/stream")[0].Comments[0].ID
	srv := httptest.NewServer(v.Handler(w.gh, w.report))
	t.Cleanup(srv.Close)
	w.url = srv.URL
	return w
}

func (w *world) report(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.problems = append(w.problems, err)
}

// found empties and returns the list of problems.
func (w *world) found() []error {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.problems
	w.problems = nil
	return out
}

// do sends a request and returns status and body.
func (w *world) do(token, method, path, body string, header ...string) (int, string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for _, h := range header {
		k, v, _ := strings.Cut(h, ": ")
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, string(data)
}

func (w *world) query(doc string, vars map[string]any) (int, string) {
	w.t.Helper()
	body, err := json.Marshal(map[string]any{"query": doc, "variables": vars})
	if err != nil {
		w.t.Fatal(err)
	}
	return w.do("good", "POST", "/graphql", string(body))
}

// TestEveryRoute sends a request to each REST route of the stand-in, good and bad ones.
func TestEveryRoute(t *testing.T) {
	w := newWorld(t, open(t))
	const r = "/repos/up/stream"
	comment := fmt.Sprintf("%s/issues/comments/%d", r, w.comment)
	steps := []struct {
		route, method, path, body string
		status                    int
		header                    string
	}{
		{"GET /rate_limit", "GET", "/rate_limit", "", 200, ""},
		{"GET /user", "GET", "/user", "", 200, ""},
		{"GET /search/issues", "GET", "/search/issues?q=repo:up/stream+breaks&sort=updated&order=desc&per_page=5", "", 200, ""},
		{"", "GET", "/search/issues?q=repo:no/such", "", 422, ""},
		{"GET /repos/{owner}/{repo}", "GET", r, "", 200, ""},
		{"", "GET", "/repos/no/such", "", 404, ""},
		{"GET /repos/{owner}/{repo}/commits", "GET", r + "/commits?path=pkg&sha=main&since=2020-01-01T00:00:00Z&per_page=1", "", 200, ""},
		{"", "GET", "/repos/acme/quiet/commits", "", 409, ""},
		{"GET /repos/{owner}/{repo}/commits/{ref...}", "GET", r + "/commits/main", "", 200, ""},
		{"", "GET", r + "/commits/feature/x", "", 200, ""},
		{"", "GET", r + "/commits/main", "", 200, "Accept: application/vnd.github.sha"},
		{"", "GET", r + "/commits/main", "", 304, "If-None-Match: *"},
		{"", "GET", r + "/commits/nope", "", 422, ""},
		{"GET /repos/{owner}/{repo}/commits/{ref}/pulls", "GET", r + "/commits/" + w.head + "/pulls?per_page=10", "", 200, ""},
		{"GET /repos/{owner}/{repo}/git/trees/{sha...}", "GET", r + "/git/trees/" + w.head + "?recursive=1", "", 200, ""},
		{"", "GET", r + "/git/trees/main", "", 200, ""},
		{"", "GET", r + "/git/trees/nope", "", 404, ""},
		{"GET /repos/{owner}/{repo}/git/blobs/{sha}", "GET", r + "/git/blobs/" + w.blob, "", 200, ""},
		{"", "GET", r + "/git/blobs/" + w.blob, "", 200, "Accept: application/vnd.github.raw+json"},
		{"", "GET", r + "/git/blobs/xyz", "", 422, ""},
		{"GET /repos/{owner}/{repo}/git/matching-refs/{ref...}", "GET", r + "/git/matching-refs/tags/v", "", 200, ""},
		{"GET /repos/{owner}/{repo}/git/ref/{ref...}", "GET", r + "/git/ref/tags/v1.0.0", "", 200, ""},
		{"", "GET", r + "/git/ref/tags/nope", "", 404, ""},
		{"POST /repos/{owner}/{repo}/git/blobs", "POST", r + "/git/blobs", `{"content": "e30K", "encoding": "base64"}`, 201, ""},
		{"POST /repos/{owner}/{repo}/git/trees", "POST", r + "/git/trees", `{"base_tree": "` + w.head + `", "tree": [{"path": "state/a.json", "mode": "100644", "type": "blob", "content": "{}"},
			{"path": "copy.go", "mode": "100644", "type": "blob", "sha": "` + w.blob + `"}, {"path": "link", "mode": "120000", "type": "blob", "sha": null}]}`, 201, ""},
		{"", "POST", r + "/git/trees", `{"base_tree": "` + w.head + `", "tree": [{"path": "none", "mode": "100644", "type": "blob", "sha": null}]}`, 422, ""},
		{"", "POST", "/repos/acme/quiet/git/trees", `{"tree": [{"path": "a", "mode": "100644", "type": "blob", "content": "{}"}]}`, 409, ""},
		{"POST /repos/{owner}/{repo}/git/commits", "POST", r + "/git/commits", `{"message": "three", "tree": "` + w.tree + `", "parents": ["` + w.head + `"]}`, 201, ""},
		{"", "POST", r + "/git/commits", `{"message": "three", "tree": "` + w.blob + `", "parents": []}`, 422, ""},
		{"POST /repos/{owner}/{repo}/git/refs", "POST", r + "/git/refs", `{"ref": "refs/heads/state", "sha": "` + w.first + `"}`, 201, ""},
		{"", "POST", r + "/git/refs", `{"ref": "refs/heads/state", "sha": "` + w.head + `"}`, 422, ""},
		{"PATCH /repos/{owner}/{repo}/git/refs/{ref...}", "PATCH", r + "/git/refs/heads/state", `{"sha": "` + w.head + `", "force": false}`, 200, ""},
		{"", "PATCH", r + "/git/refs/heads/state", `{"sha": "` + w.first + `"}`, 422, ""},
		{"", "PATCH", r + "/git/refs/heads/state", `{"sha": "` + w.first + `", "force": true}`, 200, ""},
		{"GET /repos/{owner}/{repo}/contents", "GET", r + "/contents", "", 200, ""},
		{"GET /repos/{owner}/{repo}/contents/{path...}", "GET", r + "/contents/pkg/a.go?ref=v1.0.0", "", 200, ""},
		{"", "GET", r + "/contents/pkg/a.go", "", 200, "Accept: application/vnd.github.raw+json"},
		{"", "GET", r + "/contents/pkg", "", 200, ""},
		{"", "GET", r + "/contents/pkg", "", 200, "Accept: application/vnd.github.object"},
		{"", "GET", r + "/contents/link", "", 200, ""},
		{"", "GET", r + "/contents/none", "", 404, ""},
		{"GET /repos/{owner}/{repo}/tags", "GET", r + "/tags?per_page=100", "", 200, ""},
		{"GET /repos/{owner}/{repo}/tarball/{ref...}", "GET", r + "/tarball/" + w.head, "", 200, ""}, // through the redirect
		{"", "GET", r + "/tarball/feature/x", "", 200, ""},
		{"", "GET", r + "/tarball/nope", "", 404, ""},
		{"GET /repos/{owner}/{repo}/releases", "GET", r + "/releases?page=1", "", 200, ""},
		{"", "GET", "/up/stream/releases.atom", "", 200, ""},
		{"GET /repos/{owner}/{repo}/releases/latest", "GET", r + "/releases/latest", "", 200, ""},
		{"GET /repos/{owner}/{repo}/releases/tags/{tag...}", "GET", r + "/releases/tags/v1.0.0", "", 200, ""},
		{"GET /repos/{owner}/{repo}/milestones", "GET", r + "/milestones?state=all&sort=due_on&direction=desc", "", 200, ""},
		{"GET /repos/{owner}/{repo}/milestones/{number}", "GET", r + "/milestones/1", "", 200, ""},
		{"", "GET", r + "/milestones/99", "", 404, ""},
		{"GET /repos/{owner}/{repo}/issues", "GET", r + "/issues?state=all&labels=kind/bug&since=2020-01-01T00:00:00Z&creator=ada&sort=updated&direction=asc&per_page=2", "", 200, ""},
		{"", "GET", r + "/issues?state=all&per_page=1&page=2", "", 200, ""},
		{"", "GET", r + "/issues?state=odd", "", 422, ""},
		{"", "GET", "/repos/acme/quiet/issues", "", 410, ""},
		{"POST /repos/{owner}/{repo}/issues", "POST", r + "/issues", `{"title": "new", "body": "b", "labels": ["kind/bug", {"name": "made"}], "assignees": ["bot"], "milestone": 1}`, 201, ""},
		{"", "POST", r + "/issues", `{"body": "no title"}`, 422, ""},
		{"", "POST", "/repos/acme/quiet/issues", `{"title": "x"}`, 410, ""},
		{"GET /repos/{owner}/{repo}/issues/{number}", "GET", r + "/issues/1", "", 200, ""},
		{"", "GET", r + "/issues/2", "", 200, ""},
		{"", "GET", r + "/issues/3", "", 200, ""},
		{"", "GET", r + "/issues/999", "", 404, ""},
		{"PATCH /repos/{owner}/{repo}/issues/{number}", "PATCH", r + "/issues/1", `{"title": "t", "body": "b", "state": "closed", "state_reason": "not_planned", "labels": []}`, 200, ""},
		{"", "PATCH", r + "/issues/1", `{"state": "odd"}`, 422, ""},
		{"GET /repos/{owner}/{repo}/issues/{number}/comments", "GET", r + "/issues/1/comments?since=2020-01-01T00:00:00Z&per_page=100", "", 200, ""},
		{"POST /repos/{owner}/{repo}/issues/{number}/comments", "POST", r + "/issues/1/comments", `{"body": "c"}`, 201, ""},
		{"", "POST", r + "/issues/1/comments", `{}`, 422, ""},
		{"GET /repos/{owner}/{repo}/issues/comments", "GET", r + "/issues/comments?sort=updated&direction=desc", "", 200, ""},
		{"GET /repos/{owner}/{repo}/issues/comments/{id}", "GET", comment, "", 200, ""},
		{"PATCH /repos/{owner}/{repo}/issues/comments/{id}", "PATCH", comment, `{"body": "c2"}`, 200, ""},
		{"DELETE /repos/{owner}/{repo}/issues/comments/{id}", "DELETE", comment, "", 204, ""},
		{"GET /repos/{owner}/{repo}/labels", "GET", r + "/labels?per_page=100", "", 200, ""},
		{"POST /repos/{owner}/{repo}/labels", "POST", r + "/labels", `{"name": "digest", "color": "0e8a16", "description": "d"}`, 201, ""},
		{"", "POST", r + "/labels", `{"name": "digest"}`, 422, ""},
		{"GET /repos/{owner}/{repo}/labels/{name}", "GET", r + "/labels/kind%2Fbug", "", 200, ""},
		{"", "GET", r + "/labels/none", "", 404, ""},
		{"", "GET", "/raw/up/stream/main/pkg/a.go", "", 200, ""},
	}
	driven := map[string]bool{}
	for _, s := range steps {
		driven[s.route] = true
		var header []string
		if s.header != "" {
			header = append(header, s.header)
		}
		status, body := w.do("good", s.method, s.path, s.body, header...)
		if status != s.status {
			t.Errorf("%s %s: %d, want %d: %s", s.method, s.path, status, s.status, body)
		}
		for _, err := range w.found() {
			t.Error(err)
		}
	}
	for _, route := range ghtest.Routes() {
		if !driven[route] {
			t.Errorf("%s is not driven here", route)
		}
	}
	for _, one := range []struct {
		token, method, path string
		status              int
	}{
		{"bad", "GET", r, 401}, {"", "POST", r + "/issues", 401}, {"read", "POST", r + "/issues", 403},
	} {
		if status, body := w.do(one.token, one.method, one.path, `{"title": "x"}`); status != one.status {
			t.Errorf("%s %s as %q: %d %s", one.method, one.path, one.token, status, body)
		}
	}
	for _, err := range w.found() {
		t.Error(err)
	}
}

// documents select every field of every type that the stand-in serves.
func documents() []string {
	const fragments = `
		fragment Page on PageInfo { endCursor startCursor hasNextPage hasPreviousPage }
		fragment Who on Actor { __typename login url resourcePath avatarUrl }
		fragment Person on User { id databaseId fullName: name createdAt isViewer login url resourcePath avatarUrl }
		fragment Machine on Bot { id databaseId createdAt login url resourcePath avatarUrl }
		fragment Obj on GitObject { id oid abbreviatedOid commitUrl commitResourcePath repository { name } }
		fragment Sign on GitActor { name email date user { login } }
		fragment L on Label { id name color description createdAt isDefault url resourcePath repository { name } }
		fragment M on Milestone { id number title state description dueOn createdAt updatedAt closed closedAt url resourcePath progressPercentage creator { ...Who } repository { name } }
		fragment K on IssueComment { id databaseId body url resourcePath createdAt updatedAt viewerDidAuthor author { ...Who ... on User { ...Person } ... on Bot { ...Machine } } issue { number } repository { name } }
		fragment I on Issue { id databaseId number title body state stateReason url resourcePath createdAt updatedAt closed closedAt locked viewerDidAuthor
			author { ...Who } milestone { ...M } repository { name }
			labels(first: 5, orderBy: {field: NAME, direction: ASC}) { totalCount pageInfo { ...Page } edges { cursor node { name } } nodes { ...L } }
			assignees(first: 5) { totalCount pageInfo { ...Page } edges { cursor node { ...Person } } nodes { login } }
			comments(last: 5, orderBy: {field: UPDATED_AT, direction: DESC}) { totalCount pageInfo { ...Page } edges { cursor node { ...K } } nodes { ...K } } }
		fragment P on PullRequest { id databaseId number title body prState: state url resourcePath createdAt updatedAt closed closedAt merged mergedAt baseRefName viewerDidAuthor
			author { ...Who } mergeCommit { oid } repository { name } labels(first: 3) { nodes { name } }
			files(first: 5) { totalCount pageInfo { ...Page } edges { cursor node { path } } nodes { path additions deletions changeType } }
			closingIssuesReferences(first: 5, userLinkedOnly: false, orderBy: {field: CREATED_AT, direction: ASC}) { totalCount nodes { number repository { name } } } }
		fragment C on Commit { ...Obj message messageHeadline messageBody committedDate authoredDate url resourcePath author { ...Sign } committer { ...Sign } tree { ...T }
			parents(first: 2) { totalCount pageInfo { ...Page } edges { cursor node { oid } } nodes { oid } }
			associatedPullRequests(first: 3, orderBy: {field: UPDATED_AT, direction: DESC}) { totalCount pageInfo { ...Page } edges { cursor node { number } } nodes { ...P } } }
		fragment T on Tree { ...Obj entries { name path type mode size oid extension repository { name } object { __typename ...Obj } } }
		fragment F on Ref { id name prefix repository { name } target { __typename ...Obj } }
		fragment E on Release { id databaseId name tagName description isDraft isLatest isPrerelease createdAt publishedAt updatedAt url resourcePath author { login } tag { ...F } tagCommit { oid } repository { name } }
		fragment R on Repository { id databaseId name nameWithOwner description isArchived isPrivate isFork isEmpty isDisabled hasIssuesEnabled viewerPermission visibility
			url resourcePath createdAt pushedAt updatedAt owner { id login url resourcePath avatarUrl(size: 40) } defaultBranchRef { ...F } }`
	all := []string{
		`{ viewer { ...Person } user(login: "ada") { login } missing: user(login: "nobody") { login } rateLimit { cost limit nodeCount remaining resetAt used }
			a: repository(owner: "up", name: "stream") { ...R } b: repository(owner: "acme", name: "quiet", followRenames: false) { ...R } c: repository(owner: "no", name: "such") { id } }`,
		`{ repository(owner: "up", name: "stream") {
			issue(number: 1) { ...I } closed: issue(number: 2) { ...I } none: issue(number: 99) { ...I } both: issueOrPullRequest(number: 3) { __typename ...I ...P } pullRequest(number: 3) { ...P }
			issues(first: 2, states: [OPEN, CLOSED], labels: ["kind/bug"], filterBy: {since: "2020-01-01T00:00:00Z", createdBy: "ada"}, orderBy: {field: UPDATED_AT, direction: DESC}) { totalCount pageInfo { ...Page } edges { cursor node { number } } nodes { ...I } }
			label(name: "kind/bug") { ...L issues(first: 1) { nodes { number } } } labels(first: 3, query: "bug") { totalCount pageInfo { ...Page } edges { cursor node { name } } nodes { ...L } }
			milestone(number: 1) { ...M pullRequests(first: 1, states: [CLOSED, MERGED], orderBy: {field: COMMENTS, direction: ASC}) { totalCount nodes { number } } issues(first: 1, orderBy: {field: COMMENTS, direction: ASC}) { nodes { number } } }
			milestones(first: 3, states: [OPEN], orderBy: {field: DUE_DATE, direction: ASC}) { totalCount pageInfo { ...Page } edges { cursor node { title } } nodes { ...M } }
			releases(first: 3, orderBy: {field: CREATED_AT, direction: DESC}) { totalCount pageInfo { ...Page } edges { cursor node { tagName } } nodes { ...E } }
			release(tagName: "v1.0.0") { ...E } latestRelease { ...E } } }`,
		`query ($oid: GitObjectID!, $path: String = "pkg/a.go") { repository(owner: "up", name: "stream") {
			object(oid: $oid) { __typename ... on Commit { ...C file(path: $path) { name object { ... on Blob { ...Obj text byteSize isBinary isTruncated } } } gone: file(path: "none") { oid }
				blame(path: $path) { ranges { startingLine endingLine age commit { oid } } }
				history(first: 1, path: $path, since: "2020-01-01T00:00:00Z") { totalCount pageInfo { ...Page } edges { cursor node { oid } } nodes { ...C } } } }
			tag: object(expression: "v1.0.0") { ... on Tag { ...Obj name message tagger { ...Sign } target { __typename ...Obj } } } none: object(expression: "main:none") { oid }
			ref(qualifiedName: "refs/heads/main") { ...F }
			refs(refPrefix: "refs/tags/", last: 5, orderBy: {field: TAG_COMMIT_DATE, direction: DESC}) { totalCount pageInfo { ...Page } edges { cursor node { ...F } } nodes { ...F } } } }`,
		`query ($id: ID!, $q: String = "repo:up/stream breaks") { node(id: $id) { __typename id ... on Repository { name } } nodes(ids: [$id, "I_xx"]) { id }
			search(type: ISSUE, query: $q, first: 5) { issueCount repositoryCount pageInfo { ...Page } edges { cursor node { ... on Issue { number } } } nodes { __typename ...I ...P ...R ...Person } } }`,
		`mutation ($oid: GitObjectID!) { createCommitOnBranch(input: {
			branch: {repositoryNameWithOwner: "up/stream", branchName: "feature/x"}, expectedHeadOid: $oid, message: {headline: "three", body: "With a body."}, clientMutationId: "m",
			fileChanges: {additions: [{path: "state/a.json", contents: "e30K"}], deletions: [{path: "pkg/b.go"}]}
		}) { clientMutationId commit { ...Obj message } ref { ...F } } }`,
	}
	for i, doc := range all { // only the fragments that are used: GitHub refuses others
		all[i] = doc + needed(doc, fragments)
	}
	return all
}

// needed picks the fragments that a document uses, and those that these use.
func needed(doc, fragments string) string {
	byName := map[string]string{}
	for _, f := range strings.Split(fragments, "fragment ")[1:] {
		name, _, _ := strings.Cut(f, " ")
		byName[name] = "\nfragment " + f
	}
	picked := map[string]string{}
	var pick func(text string)
	pick = func(text string) {
		for name, f := range byName {
			if _, done := picked[name]; !done && (strings.Contains(text, "..."+name+" ") || strings.Contains(text, "..."+name+"\n")) {
				picked[name] = f
				pick(f)
			}
		}
	}
	pick(doc)
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(picked)) {
		b.WriteString(picked[name])
	}
	return b.String()
}

// TestEveryField sends documents that select every field served, and checks that they do.
func TestEveryField(t *testing.T) {
	v := open(t)
	w := newWorld(t, v)
	_, body := w.query(`{ repository(owner: "up", name: "stream") { id } }`, nil)
	var got struct {
		Data struct{ Repository struct{ ID string } }
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	ours, err := contract.LoadSchema(ghtest.Schema())
	if err != nil {
		t.Fatal(err)
	}
	selected := map[string]bool{}
	for i, doc := range documents() {
		status, body := w.query(doc, map[string]any{"oid": w.head, "id": got.Data.Repository.ID})
		if status != http.StatusOK || !strings.HasPrefix(body, `{"data":{`) {
			t.Errorf("document %d: %d %s", i, status, body)
		}
		q, err := parser.ParseQuery(&ast.Source{Input: doc})
		if err != nil {
			t.Fatal(err)
		}
		validator.Walk(ours, q, fieldsInto(selected))
	}
	for _, err := range w.found() {
		t.Error(err)
	}
	for name, def := range ours.Types {
		if def.Kind != ast.Object || def.BuiltIn {
			continue
		}
		for _, f := range def.Fields {
			if !strings.HasPrefix(f.Name, "__") && !selected[name+"."+f.Name] && !throughInterface(ours, def, f.Name, selected) {
				t.Errorf("%s.%s is not selected by any document here", name, f.Name)
			}
		}
	}
}

// fieldsInto notes every field that a walk meets.
func fieldsInto(selected map[string]bool) *validator.Events {
	var e validator.Events
	e.OnField(func(_ *validator.Walker, f *ast.Field) {
		if f.ObjectDefinition != nil {
			selected[f.ObjectDefinition.Name+"."+f.Name] = true
		}
	})
	return &e
}

func throughInterface(s *ast.Schema, def *ast.Definition, field string, selected map[string]bool) bool {
	return slices.ContainsFunc(s.GetImplements(def), func(i *ast.Definition) bool { return selected[i.Name+"."+field] })
}

// TestSchemaIsASubset holds the hand-written schema to GitHub's.
func TestSchemaIsASubset(t *testing.T) {
	v := open(t)
	ours, err := contract.LoadSchema(ghtest.Schema())
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Subset(ours); err != nil {
		t.Error(err)
	}
	for _, wrong := range []string{
		`type Query { nope: Int }`,
		`type Query { viewer: User } type User { login: String! }`,
		`type Query { repository(name: String!): Repository } type Repository { id: ID! }`,
		`type Query { viewer: User! } type User { login: Int! }`,
		`type Query { viewer: User! } type User { login: String! } enum IssueState { OPEN AJAR }`,
	} {
		part, err := contract.LoadSchema(wrong)
		if err != nil {
			t.Fatal(err)
		}
		if v.Subset(part) == nil {
			t.Errorf("passes for a subset: %s", wrong)
		}
	}
}

// TestValidatorFindsFaults shows that the checks can fail.
func TestValidatorFindsFaults(t *testing.T) {
	v := open(t)
	const issues = "/repos/o/r/issues"
	jsonHead := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	gql := func(doc, answer string) contract.Exchange {
		body, _ := json.Marshal(map[string]any{"query": doc})
		return contract.Exchange{Method: "POST", Body: body, Status: 200, AnswerHead: jsonHead, AnswerBody: []byte(answer)}
	}
	const viewer, file = `{ viewer { login } }`, `{ repository(owner: "o", name: "r") { object(expression: "x") { ... on Blob { byteSize text } ... on Tag { name } } } }`
	for _, one := range []struct {
		name, path string
		e          contract.Exchange
		want       string // "" is no problem
	}{
		{"good request", issues + "?state=all", contract.Exchange{Method: "GET"}, ""},
		{"undeclared parameter", issues + "?sates=all", contract.Exchange{Method: "GET"}, `"sates"`},
		{"bad enum", issues + "?state=odd", contract.Exchange{Method: "GET"}, "state"},
		{"bad date", issues + "?since=yesterday", contract.Exchange{Method: "GET"}, "since"},
		{"unknown route", "/repos/o/r/isues", contract.Exchange{Method: "GET"}, "not described"},
		{"wrong method", issues, contract.Exchange{Method: "PUT"}, "not described"},
		{"no title", issues, contract.Exchange{Method: "POST", Body: []byte(`{"body": "x"}`)}, "title"},
		{"labels of the wrong type", issues, contract.Exchange{Method: "POST", Body: []byte(`{"title": "x", "labels": 7}`)}, "labels"},
		{"undeclared status", issues, contract.Exchange{Method: "GET", Status: 202, AnswerHead: jsonHead, AnswerBody: []byte(`[]`)}, "202"},
		{"answer lacks fields", issues, contract.Exchange{Method: "GET", Status: 200, AnswerHead: jsonHead, AnswerBody: []byte(`[{"id": 1}]`)}, "node_id"},
		{"enterprise prefix", "/api/v3" + issues, contract.Exchange{Method: "GET"}, ""},
		{"link by id", "/repositories/12/issues?page=2", contract.Exchange{Method: "GET"}, ""},
		{"path of many segments", "/repos/o/r/contents/a/b/c.go", contract.Exchange{Method: "GET"}, ""},
		{"good document", "/graphql", gql(viewer, `{"data": {"viewer": {"login": "x"}}}`), ""},
		{"unknown field", "/graphql", gql(`{ viewer { nope } }`, `{"data": {"viewer": {"nope": "x"}}}`), "nope"},
		{"unknown argument", "/graphql", gql(`{ user(login: "x", nope: 1) { login } }`, `{"data": {"user": {"login": "x"}}}`), "nope"},
		{"null that may not be", "/graphql", gql(viewer, `{"data": {"viewer": {"login": null}}}`), "data.viewer.login: is null"},
		{"missing field", "/graphql", gql(viewer, `{"data": {"viewer": {}}}`), "data.viewer.login: is missing"},
		{"field too many", "/graphql", gql(viewer, `{"data": {"viewer": {"login": "x", "id": "y"}}}`), "was not selected"},
		{"wrong scalar", "/graphql", gql(viewer, `{"data": {"viewer": {"login": 3}}}`), "no String"},
		{"one of several types", "/graphql", gql(file, `{"data": {"repository": {"object": {"name": "v1"}}}}`), ""},
		{"another type has no fields", "/graphql", gql(file, `{"data": {"repository": {"object": {}}}}`), ""},
		{"none of several types", "/graphql", gql(file, `{"data": {"repository": {"object": {"byteSize": "big", "text": null}}}}`), "fits no type"},
		{"refused", "/graphql", gql(`{ viewer { nope } }`, `{"errors": [{"message": "no"}]}`), ""},
	} {
		u, err := url.Parse("http://x" + one.path)
		if err != nil {
			t.Fatal(err)
		}
		one.e.URL, one.e.Header = u, http.Header{}
		err = v.Check(context.Background(), one.e)
		switch {
		case one.want == "" && err != nil:
			t.Errorf("%s: %v", one.name, err)
		case one.want != "" && (err == nil || !strings.Contains(err.Error(), one.want)):
			t.Errorf("%s: %v, want it to name %s", one.name, err, one.want)
		}
	}
}

// TestTransportPassesAnswersOn checks the client's side of the wrapper.
func TestTransportPassesAnswersOn(t *testing.T) {
	v := open(t)
	w := newWorld(t, v)
	var problems []error
	client := &http.Client{Transport: v.Transport(http.DefaultTransport, func(err error) { problems = append(problems, err) })}
	get := func(path string) string {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		data, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	if body := get("/repos/up/stream/labels"); !strings.Contains(body, "kind/bug") || problems != nil {
		t.Errorf("%s %v", body, problems)
	}
	if get("/repos/up/stream/labels?nme=x"); len(problems) != 1 {
		t.Errorf("problems %v", problems)
	}
}

// TestMissingDescriptionsSaySo holds without npm, too.
func TestMissingDescriptionsSaySo(t *testing.T) {
	_, err := contract.Open(t.TempDir())
	if !errors.Is(err, contract.ErrNotInstalled) || !strings.Contains(err.Error(), "npm ci --ignore-scripts") {
		t.Errorf("got %v", err)
	}
}
