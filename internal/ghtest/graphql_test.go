package ghtest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/ghtest"
)

// The queries below are not those of our client: a stand-in that matched strings would fail them.

func TestAliasesAndFragments(t *testing.T) {
	f := newFixture(t, ghtest.Options{})
	data, errs := f.query(`
		query Two { one: repository(owner: "UP", name: "stream") { ...R } two: repository(owner: "acme", name: "platform") { ...R } viewer { login } }
		fragment R on Repository { full: nameWithOwner hasIssuesEnabled __typename viewerPermission defaultBranchRef { name prefix target { __typename oid } } }`, nil)
	if errs != nil {
		t.Fatal(errs)
	}
	want(t, data, fmt.Sprintf(`{
		"one": {"full": "up/stream", "hasIssuesEnabled": true, "__typename": "Repository", "viewerPermission": "READ",
			"defaultBranchRef": {"name": "main", "prefix": "refs/heads/", "target": {"__typename": "Commit", "oid": %q}}},
		"two": {"full": "acme/platform", "hasIssuesEnabled": true, "__typename": "Repository", "viewerPermission": "WRITE", "defaultBranchRef": null},
		"viewer": {"login": "bot"}}`, f.head))
}

func TestVariablesDefaultsAndConditions(t *testing.T) {
	f := newFixture(t, ghtest.Options{})
	const doc = `query ($owner: String = "up", $name: String!, $deep: Boolean = false, $not: Boolean!) {
		repository(owner: $owner, name: $name) {
			name @skip(if: $not)
			object(expression: "HEAD:") @include(if: $deep) { ... on Tree { entries { name } } ... on Blob { text } }
		} }`
	data, errs := f.query(doc, map[string]any{"name": "stream", "not": true})
	if errs != nil {
		t.Fatal(errs)
	}
	want(t, data, `{"repository": {}}`)
	data, _ = f.query(doc, map[string]any{"name": "stream", "not": false, "deep": true})
	if got := names(t, at(t, data, "repository", "object", "entries"), "name"); got != "a.go big.txt bin.dat docs sub" {
		t.Errorf("entries %q", got)
	}
	_, errs = f.query(doc, map[string]any{"not": false})
	if len(errs) != 1 || !strings.Contains(fmt.Sprint(errs), "name") {
		t.Errorf("a missing variable gave %v", errs)
	}
}

func TestHistory(t *testing.T) {
	f := newFixture(t, ghtest.Options{})
	const doc = `query ($after: String, $first: Int, $last: Int, $path: String, $since: GitTimestamp) {
		repository(owner: "up", name: "stream") { object(expression: "main") { ... on Commit {
			history(first: $first, last: $last, after: $after, path: $path, since: $since) {
				totalCount pageInfo { hasNextPage hasPreviousPage endCursor } edges { cursor } nodes { oid messageHeadline messageBody parents(first: 2) { totalCount } }
			} } } } }`
	data, errs := f.query(doc, map[string]any{"first": 1, "path": "a.go"})
	if errs != nil {
		t.Fatal(errs)
	}
	h := at(t, data, "repository", "object", "history")
	if got := at(t, h, "nodes", 0, "oid"); got != f.side {
		t.Errorf("newest commit of a.go is %v, want %s", got, f.side)
	}
	want(t, at(t, h, "totalCount"), "2")
	want(t, at(t, h, "pageInfo", "hasNextPage"), "true")
	data, _ = f.query(doc, map[string]any{"first": 1, "path": "a.go", "after": at(t, h, "pageInfo", "endCursor")})
	h = at(t, data, "repository", "object", "history")
	want(t, at(t, h, "pageInfo", "hasNextPage"), "false")
	want(t, at(t, h, "pageInfo", "hasPreviousPage"), "true")
	want(t, at(t, h, "nodes"), fmt.Sprintf(`[{"oid": %q, "messageHeadline": "add a", "messageBody": "The body of the message.", "parents": {"totalCount": 0}}]`, f.first))
	data, _ = f.query(doc, map[string]any{"last": 1})
	if got := at(t, data, "repository", "object", "history", "nodes", 0, "oid"); got != f.first {
		t.Errorf("last commit is %v, want the first one %s", got, f.first)
	}
	data, _ = f.query(doc, map[string]any{"first": 10, "since": "2026-01-05T12:30:00Z"})
	want(t, at(t, data, "repository", "object", "history", "totalCount"), "2")
}

func TestBlameAndItsPullRequests(t *testing.T) {
	f := newFixture(t, ghtest.Options{})
	data, errs := f.query(`{ repository(owner: "up", name: "stream") { ref(qualifiedName: "refs/heads/main") { target { ... on Commit {
		blame(path: "a.go") { ranges { startingLine endingLine age commit { oid associatedPullRequests(first: 2) { nodes { number merged mergeCommit { oid } labels(first: 5) { nodes { name } } } } } } } } } } } }`, nil)
	if errs != nil {
		t.Fatal(errs)
	}
	want(t, at(t, data, "repository", "ref", "target", "blame", "ranges"), fmt.Sprintf(`[
		{"startingLine": 1, "endingLine": 3, "age": 10, "commit": {"oid": %q, "associatedPullRequests": {"nodes": []}}},
		{"startingLine": 4, "endingLine": 4, "age": 1, "commit": {"oid": %q, "associatedPullRequests": {"nodes": [
			{"number": 7, "merged": true, "mergeCommit": {"oid": %q}, "labels": {"nodes": [{"name": "kind/feature"}]}}]}}}]`, f.first, f.side, f.merge))
}

func TestObjectsAndFiles(t *testing.T) {
	f := newFixture(t, ghtest.Options{BlobTextLimit: 100})
	data, errs := f.query(`query ($oid: GitObjectID!) { repository(owner: "up", name: "stream") {
		tag: object(expression: "v1.0.0") { __typename ... on Tag { name message tagger { name date } target { oid } } }
		commit: object(oid: $oid) { ... on Commit { committedDate author { email }
			file(path: "docs/x..y.md") { name path type mode size object { ... on Blob { text isBinary isTruncated byteSize } } }
			bin: file(path: "bin.dat") { object { ... on Blob { text isBinary } } }
			dir: file(path: "docs") { type size mode object { ... on Tree { entries { path } } } } } }
		big: object(expression: "main:big.txt") { ... on Blob { text byteSize isTruncated } }
		none: object(expression: "main:nope") { oid }
		unknown: object(oid: "1234567890123456789012345678901234567890") { oid }
	} }`, map[string]any{"oid": f.first})
	if errs != nil {
		t.Fatal(errs)
	}
	r := at(t, data, "repository")
	want(t, at(t, r, "tag"), fmt.Sprintf(`{"__typename": "Tag", "name": "v1.0.0", "message": "release one\n", "tagger": {"name": "Ada", "date": "2026-01-05T11:00:00Z"}, "target": {"oid": %q}}`, f.first))
	want(t, at(t, r, "commit"), `{"committedDate": "2026-01-05T11:00:00Z", "author": {"email": "ada@example.com"},
		"file": {"name": "x..y.md", "path": "docs/x..y.md", "type": "blob", "mode": 33188, "size": 15, "object": {"text": "dots in a name\n", "isBinary": false, "isTruncated": false, "byteSize": 15}},
		"bin": {"object": {"text": null, "isBinary": true}},
		"dir": {"type": "tree", "size": 0, "mode": 16384, "object": {"entries": [{"path": "docs/old.md"}, {"path": "docs/x..y.md"}]}}}`)
	want(t, at(t, r, "none"), "null")
	want(t, at(t, r, "unknown"), "null")
	want(t, at(t, r, "big", "isTruncated"), "true")
	want(t, at(t, r, "big", "byteSize"), "1800")
	if text := at(t, r, "big", "text").(string); len(text) > 100 || !strings.HasPrefix(strings.Repeat("wörd ", 300), text) || len(text) < 97 {
		t.Errorf("cut text has %d bytes: %q", len(text), text)
	}
}

func TestMissingFileIsNullWithError(t *testing.T) {
	f := newFixture(t, ghtest.Options{})
	data, errs := f.query(`{ repository(owner: "up", name: "stream") { object(expression: "main") { ... on Commit { a: file(path: "a.go") { type } gone: file(path: "no/such") { oid } } } } }`, nil)
	want(t, data, `{"repository": {"object": {"a": {"type": "blob"}, "gone": null}}}`)
	if len(errs) != 1 {
		t.Fatalf("errors %v", errs)
	}
	want(t, at(t, errs[0], "type"), `"NOT_FOUND"`)
	want(t, at(t, errs[0], "path"), `["repository", "object", "gone"]`)
	want(t, at(t, errs[0], "message"), `"Could not resolve file for path 'no/such'."`)
}

func TestRefs(t *testing.T) {
	f := newFixture(t, ghtest.Options{})
	const doc = `query ($o: RefOrder, $before: String) { repository(owner: "up", name: "stream") {
		refs(refPrefix: "refs/tags/", last: 1, orderBy: $o, before: $before) { totalCount pageInfo { startCursor hasPreviousPage } nodes { name target { __typename oid } } }
		heads: refs(refPrefix: "refs/heads/", first: 10, query: "TOP") { nodes { name } } } }`
	data, errs := f.query(doc, map[string]any{"o": map[string]any{"field": "TAG_COMMIT_DATE", "direction": "ASC"}})
	if errs != nil {
		t.Fatal(errs)
	}
	want(t, at(t, data, "repository", "heads", "nodes"), `[{"name": "topic"}]`)
	refs := at(t, data, "repository", "refs")
	want(t, at(t, refs, "nodes"), fmt.Sprintf(`[{"name": "v1.1.0", "target": {"__typename": "Commit", "oid": %q}}]`, f.merge))
	want(t, at(t, refs, "pageInfo", "hasPreviousPage"), "true")
	data, _ = f.query(doc, map[string]any{"before": at(t, refs, "pageInfo", "startCursor"), "o": map[string]any{"field": "TAG_COMMIT_DATE", "direction": "ASC"}})
	if got := names(t, at(t, data, "repository", "refs", "nodes"), "name"); got != "v1.0.0" {
		t.Errorf("page before: %q", got)
	}
}

func TestNestedConnections(t *testing.T) {
	f := newFixture(t, ghtest.Options{})
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	f.AddMilestone("acme/platform", ghtest.Milestone{Title: "v1.37"})
	for i, who := range []string{"bot", "ada", "bot", "eve"} {
		f.AddIssue("acme/platform", ghtest.Issue{
			Title: fmt.Sprint("issue ", i+1), Body: "@bot please", Author: who, Created: day(i + 1), Updated: day(20 - i),
			Labels: []string{"digest", fmt.Sprint("l", i%2)}, State: map[bool]string{true: "closed", false: "open"}[i == 3],
			Comments: []ghtest.Comment{{Body: "one", Author: "bot", Created: day(5)}, {Body: "two", Author: "ada", Created: day(6)}},
		})
	}
	f.UpdateIssue("acme/platform", 1, func(is *ghtest.Issue) { is.Milestone = "v1.37"; is.Updated = day(20).Add(time.Second) })
	const doc = `query ($filter: IssueFilters, $labels: [String!], $states: [IssueState!], $after: String, $first: Int = 2) { repository(owner: "acme", name: "platform") {
		issues(first: $first, after: $after, filterBy: $filter, labels: $labels, states: $states, orderBy: {field: UPDATED_AT, direction: DESC}) {
			totalCount pageInfo { hasNextPage endCursor }
			nodes { number state viewerDidAuthor author { __typename login } milestone { title progressPercentage } labels(first: 10, orderBy: {field: NAME, direction: DESC}) { nodes { name } }
				comments(first: 1) { totalCount pageInfo { hasNextPage } edges { node { body databaseId viewerDidAuthor } } } } } } }`
	data, errs := f.query(doc, nil)
	if errs != nil {
		t.Fatal(errs)
	}
	is := at(t, data, "repository", "issues")
	if got := names(t, at(t, is, "nodes"), "number"); got != "1 2" {
		t.Errorf("first page %q", got)
	}
	want(t, at(t, is, "nodes", 0, "milestone"), `{"title": "v1.37", "progressPercentage": 0}`)
	want(t, at(t, is, "nodes", 0, "labels", "nodes"), `[{"name": "l0"}, {"name": "digest"}]`)
	want(t, at(t, is, "nodes", 1, "author"), `{"__typename": "User", "login": "ada"}`)
	want(t, at(t, is, "nodes", 1, "viewerDidAuthor"), `false`)
	want(t, at(t, is, "nodes", 0, "comments", "totalCount"), `2`)
	want(t, at(t, is, "nodes", 0, "comments", "edges", 0, "node", "viewerDidAuthor"), `true`)
	data, _ = f.query(doc, map[string]any{"after": at(t, is, "pageInfo", "endCursor")})
	if got := names(t, at(t, data, "repository", "issues", "nodes"), "number"); got != "3 4" {
		t.Errorf("second page %q", got)
	}
	for _, one := range []struct {
		vars map[string]any
		want string
	}{
		{map[string]any{"states": []string{"OPEN"}, "first": 50}, "1 2 3"},
		{map[string]any{"filter": map[string]any{"createdBy": "bot", "states": []string{"OPEN"}}}, "1 3"},
		{map[string]any{"filter": map[string]any{"since": "2026-01-19T00:00:00Z"}}, "1 2"},
		{map[string]any{"filter": map[string]any{"milestone": nil}, "first": 50}, "2 3 4"},
		{map[string]any{"filter": map[string]any{"milestoneNumber": "1"}}, "1"},
		{map[string]any{"filter": map[string]any{"mentioned": "bot", "labels": []string{"l1", "digest"}}}, "2 4"},
		{map[string]any{"labels": []string{"l1", "nope"}}, "2 4"},
	} {
		data, errs := f.query(doc, one.vars)
		if errs != nil {
			t.Fatal(errs)
		}
		if got := names(t, at(t, data, "repository", "issues", "nodes"), "number"); got != one.want {
			t.Errorf("%v: issues %q, want %q", one.vars, got, one.want)
		}
	}
}

func TestNodesAndSearch(t *testing.T) {
	f := newFixture(t, ghtest.Options{})
	f.AddIssue("acme/platform", ghtest.Issue{Title: "Digest of January", Author: "bot"})
	data, _ := f.query(`{ repository(owner: "acme", name: "platform") { id issue(number: 1) { id } } }`, nil)
	data, errs := f.query(`query ($id: ID!, $ids: [ID!]!) { node(id: $id) { __typename ... on Issue { title } } nodes(ids: $ids) { id ... on Repository { name } }
		search(type: ISSUE, first: 5, query: "repo:acme/platform is:open january") { issueCount nodes { ... on Issue { number } } } rateLimit { cost limit remaining used nodeCount } }`,
		map[string]any{"id": at(t, data, "repository", "issue", "id"), "ids": []any{at(t, data, "repository", "id"), "I_bm9wZQ"}})
	want(t, at(t, data, "node"), `{"__typename": "Issue", "title": "Digest of January"}`)
	want(t, at(t, data, "nodes", 0, "name"), `"platform"`)
	want(t, at(t, data, "nodes", 1), `null`)
	want(t, at(t, data, "search"), `{"issueCount": 1, "nodes": [{"number": 1}]}`)
	want(t, at(t, data, "rateLimit"), `{"cost": 1, "limit": 5000, "remaining": 4998, "used": 2, "nodeCount": 5}`)
	if len(errs) != 1 || at(t, errs[0], "type") != "NOT_FOUND" {
		t.Errorf("errors %v", errs)
	}
}

func TestMilestonesAndReleases(t *testing.T) {
	f := newFixture(t, ghtest.Options{})
	due := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	f.AddMilestone("up/stream", ghtest.Milestone{Title: "v1.36", State: "closed", OpenIssues: 1, ClosedIssues: 3})
	f.AddMilestone("up/stream", ghtest.Milestone{Title: "v1.37", Due: &due})
	f.AddRelease("up/stream", ghtest.Release{Tag: "v1.0.0", Name: "One", Author: "ada", Created: due.AddDate(0, -3, 0)})
	f.AddRelease("up/stream", ghtest.Release{Tag: "v1.1.0-rc.1", Prerelease: true, Author: "ada", Created: due.AddDate(0, -2, 0)})
	data, errs := f.query(`{ repository(owner: "up", name: "stream") {
		open: milestones(first: 5, states: OPEN) { nodes { title dueOn state } }
		all: milestones(first: 5, orderBy: {field: NUMBER, direction: DESC}) { nodes { title progressPercentage closed } }
		releases(first: 5) { nodes { tagName isPrerelease isLatest } } latestRelease { name tagCommit { oid } tag { target { __typename } } } release(tagName: "nope") { name } } }`, nil)
	if errs != nil {
		t.Fatal(errs)
	}
	want(t, at(t, data, "repository"), fmt.Sprintf(`{
		"open": {"nodes": [{"title": "v1.37", "dueOn": "2026-04-01T00:00:00Z", "state": "OPEN"}]},
		"all": {"nodes": [{"title": "v1.37", "progressPercentage": 0, "closed": false}, {"title": "v1.36", "progressPercentage": 75, "closed": true}]},
		"releases": {"nodes": [{"tagName": "v1.1.0-rc.1", "isPrerelease": true, "isLatest": false}, {"tagName": "v1.0.0", "isPrerelease": false, "isLatest": true}]},
		"latestRelease": {"name": "One", "tagCommit": {"oid": %q}, "tag": {"target": {"__typename": "Tag"}}}, "release": null}`, f.first))
}

func TestGraphQLErrors(t *testing.T) {
	f := newFixture(t, ghtest.Options{})
	for _, one := range []struct {
		name, doc, typ, message, data string
	}{
		{"unknown repository", `{ repository(owner: "x", name: "y") { id } }`, "NOT_FOUND", "Could not resolve to a Repository with the name 'x/y'.", `{"repository": null}`},
		{"private repository", `{ repository(owner: "acme", name: "secret") { id } }`, "NOT_FOUND", "Could not resolve to a Repository with the name 'acme/secret'.", `{"repository": null}`},
		{"unknown issue", `{ repository(owner: "up", name: "stream") { issue(number: 99) { id } } }`, "NOT_FOUND", "Could not resolve to an Issue with the number of 99.", `{"repository": {"issue": null}}`},
		{"no bounds", `{ repository(owner: "up", name: "stream") { name issues { totalCount } } }`, "MISSING_PAGINATION_BOUNDARIES", "You must provide a `first` or `last` value to properly paginate the `issues` connection.", `{"repository": null}`},
		{"too many", `{ repository(owner: "up", name: "stream") { name labels(first: 101) { totalCount } } }`, "EXCESSIVE_PAGINATION", "Requesting 101 records on the `labels` connection exceeds the `first` limit of 100 records.", `{"repository": {"name": "stream", "labels": null}}`},
		{"bad cursor", `{ repository(owner: "up", name: "stream") { name labels(first: 1, after: "xx") { totalCount } } }`, "INVALID_CURSOR_ARGUMENTS", "`xx` does not appear to be a valid cursor.", `{"repository": {"name": "stream", "labels": null}}`},
	} {
		data, errs := f.query(one.doc, nil)
		want(t, data, one.data)
		if len(errs) != 1 || at(t, errs[0], "type") != one.typ || at(t, errs[0], "message") != one.message {
			t.Errorf("%s: %v", one.name, errs)
		}
		if _, ok := errs[0].(map[string]any)["path"]; !ok {
			t.Errorf("%s: no path in %v", one.name, errs[0])
		}
	}
	for _, one := range []struct{ doc, message string }{
		{`{ repository(owner: "up", name: "stream") { nope } }`, "Field 'nope' doesn't exist on type 'Repository'"},
		{`{ repository(owner: "up", name: "stream", x: 1) { id } }`, "x"},
		{`{ repository(owner: "up", name: "stream") { `, "Expected"},
		{`mutation { nope }`, "Field 'nope' doesn't exist on type 'Mutation'"},
		{`query ($n: Int!) { repository(owner: "up", name: "stream") { issues(first: $n) { nodes { comments(first: 100) { nodes { issue { comments(first: 100) { nodes { id } } } } } } } } }`, "exceeds the maximum limit of 500,000"},
	} {
		body, _ := json.Marshal(map[string]any{"query": one.doc, "variables": map[string]any{"n": 100}})
		r := f.as("POST", "/graphql", string(body))
		m := r.json(t).(map[string]any)
		if _, has := m["data"]; r.StatusCode != http.StatusOK || has || !strings.Contains(fmt.Sprint(at(t, m, "errors", 0, "message")), one.message) {
			t.Errorf("%s:\n%s %s", one.doc, r.Status, r.body)
		}
	}
	for body, status := range map[string]int{"{": 400, "{}": 400} {
		if r := f.as("POST", "/graphql", body); r.StatusCode != status {
			t.Errorf("body %s: %s", body, r.Status)
		}
	}
	if r := f.do("POST", "/graphql", `{"query": "{ viewer { login } }"}`); r.StatusCode != http.StatusUnauthorized || !strings.Contains(string(r.body), "authenticated") {
		t.Errorf("without a token: %s %s", r.Status, r.body)
	}
}

func TestGraphQLLimits(t *testing.T) {
	f := newFixture(t, ghtest.Options{GraphQLLimit: 2, GraphQLMaxBytes: 3000})
	big := `{"query": "{ repository(owner: \"up\", name: \"stream\") { a: object(expression: \"main:big.txt\") { ... on Blob { text } } b: object(expression: \"main:big.txt\") { ... on Blob { text } } } }"}`
	if r := f.as("POST", "/graphql", big); r.StatusCode != http.StatusBadGateway || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
		t.Errorf("a large answer gave %s", r.Status)
	}
	f.query(`{ viewer { login } }`, nil)
	r := f.as("POST", "/graphql", `{"query": "{ viewer { login } }"}`)
	if r.StatusCode != http.StatusOK || at(t, r.json(t), "errors", 0, "type") != "RATE_LIMITED" || r.Header.Get("X-RateLimit-Remaining") != "0" {
		t.Errorf("over the limit: %s %s", r.Status, r.body)
	}
	*f.clock = f.clock.Add(time.Hour)
	if _, errs := f.query(`{ viewer { login } }`, nil); errs != nil {
		t.Errorf("an hour later: %v", errs)
	}
}

func TestCommitWhileServing(t *testing.T) {
	f := newFixture(t, ghtest.Options{})
	const doc = `{ repository(owner: "up", name: "stream") { defaultBranchRef { target { oid ... on Commit { file(path: "a.go") { oid } } } } } }`
	before, _ := f.query(doc, nil)
	f.git.write("a.go", "package a\n")
	oid := f.git.commit("shorter")
	f.git.git("gc", "-q", "--prune=now") // ids are now in a new pack
	after, errs := f.query(doc, nil)
	if errs != nil {
		t.Fatal(errs)
	}
	if got := at(t, after, "repository", "defaultBranchRef", "target", "oid"); got != oid {
		t.Errorf("head is %v, want %s", got, oid)
	}
	if fmt.Sprint(before) == fmt.Sprint(after) {
		t.Error("nothing moved")
	}
}

// What tracing reads of a pull request: its files are git's where the fixture names none, a merge's those
// against its first parent; its issues may be of another repository, and are shown to those who may see them.
func TestPullRequestsFilesAndIssues(t *testing.T) {
	f := newFixture(t, ghtest.Options{})
	f.AddIssue("acme/platform", ghtest.Issue{Number: 5, Title: "a plan"})
	f.AddIssue("acme/secret", ghtest.Issue{Number: 6, Title: "a secret plan"})
	f.AddPullRequest("up/stream", ghtest.PullRequest{Number: 8, Title: "Add big", MergeOID: f.head, Closes: []string{"acme/platform#5", "acme/secret#6"}})
	f.AddPullRequest("up/stream", ghtest.PullRequest{Number: 9, Title: "Elsewhere", MergeOID: "1234567890123456789012345678901234567890"})
	f.AddPullRequest("up/stream", ghtest.PullRequest{Number: 10, Title: "Named", Files: []string{"z", "a"}})
	data, errs := f.query(`{ repository(owner: "up", name: "stream") {
		p7: pullRequest(number: 7) { ...P } p8: pullRequest(number: 8) { ...P } p9: pullRequest(number: 9) { ...P } p10: pullRequest(number: 10) { ...P } } }
		fragment P on PullRequest { files(first: 2) { totalCount nodes { path changeType additions deletions } }
			closingIssuesReferences(first: 3) { totalCount nodes { number repository { nameWithOwner } } } }`, nil)
	if errs != nil {
		t.Fatal(errs)
	}
	want(t, at(t, data, "repository"), `{
		"p7": {"files": {"totalCount": 1, "nodes": [{"path": "a.go", "changeType": "MODIFIED", "additions": 1, "deletions": 1}]}, "closingIssuesReferences": {"totalCount": 0, "nodes": []}},
		"p8": {"files": {"totalCount": 2, "nodes": [{"path": "big.txt", "changeType": "ADDED", "additions": 1, "deletions": 0}, {"path": "sub/deep/f.txt", "changeType": "ADDED", "additions": 1, "deletions": 0}]},
			"closingIssuesReferences": {"totalCount": 1, "nodes": [{"number": 5, "repository": {"nameWithOwner": "acme/platform"}}]}},
		"p9": {"files": {"totalCount": 0, "nodes": []}, "closingIssuesReferences": {"totalCount": 0, "nodes": []}},
		"p10": {"files": {"totalCount": 2, "nodes": [{"path": "a", "changeType": "MODIFIED", "additions": 0, "deletions": 0}, {"path": "z", "changeType": "MODIFIED", "additions": 0, "deletions": 0}]},
			"closingIssuesReferences": {"totalCount": 0, "nodes": []}}}`)
	defer func() {
		if recover() == nil {
			t.Error("an issue that was not added can be closed")
		}
	}()
	f.AddPullRequest("up/stream", ghtest.PullRequest{Title: "x", Closes: []string{"#999"}})
}

// An octopus brings what each of its arms does.
func TestPullRequestOfAnOctopus(t *testing.T) {
	f := newFixture(t, ghtest.Options{})
	var arms []string
	for _, arm := range []string{"one", "two"} {
		f.git.git("checkout", "-q", "-b", arm, f.head)
		f.git.write(arm+".txt", arm+"\n")
		arms = append(arms, f.git.commit(arm))
	}
	f.git.git("checkout", "-q", "main")
	f.git.git("merge", "-q", "--no-ff", "-m", "Merge pull request #12 from ada/arms", "one", "two")
	f.AddPullRequest("up/stream", ghtest.PullRequest{Number: 12, Title: "Arms", MergeOID: f.git.git("rev-parse", "HEAD")})
	for _, oid := range append(arms, f.head) {
		data, _ := f.query(`query ($oid: GitObjectID!) { repository(owner: "up", name: "stream") { object(oid: $oid) { ... on Commit { associatedPullRequests(first: 3) { nodes { number } } } } } }`, map[string]any{"oid": oid})
		list := `[{"number": 12}]`
		if oid == f.head {
			list = "[]"
		}
		want(t, at(t, data, "repository", "object", "associatedPullRequests", "nodes"), list)
	}
}

// Search takes whole words, where it is told to look, and knows what was merged and whereto.
func TestSearchOfPullRequests(t *testing.T) {
	f := newFixture(t, ghtest.Options{})
	f.AddPullRequest("up/stream", ghtest.PullRequest{Number: 20, Title: "Add FooBar gate", Body: "for kubelet: (FooBar)"})
	f.AddPullRequest("up/stream", ghtest.PullRequest{Number: 21, Title: "Remove XFooBar", Body: "not FooBarX", State: "open"})
	f.AddPullRequest("up/stream", ghtest.PullRequest{Number: 22, Title: "Revert it", Body: "this reverts FooBar", Base: "release-1"})
	for q, numbers := range map[string]string{
		"is:pr is:merged FooBar": "22 20", "is:pr FooBar in:title": "20", "foobar in:body": "22 20", "xfoobar": "21", "is:merged xfoobar": "", "is:unmerged xfoobar": "21",
		"foobar base:release-1": "22", "foobar base:main": "20", `"FooBar gate"`: "20", `"gate FooBar"`: "",
	} {
		data, errs := f.query(`query ($q: String!) { search(type: ISSUE, query: $q, first: 9) { issueCount nodes { ... on PullRequest { number } } } }`, map[string]any{"q": "repo:up/stream " + q})
		if errs != nil {
			t.Fatal(errs)
		}
		if got := names(t, at(t, data, "search", "nodes"), "number"); got != numbers {
			t.Errorf("%s finds %q, want %q", q, got, numbers)
		}
	}
}

// A blame that asks for more than the limit is GitHub's 502, what asks for less is not.
func TestBlameLimit(t *testing.T) {
	f := newFixture(t, ghtest.Options{BlameLimit: 2})
	const one = `{"query": "{ repository(owner: \"up\", name: \"stream\") { object(expression: \"main\") { ... on Commit { blame(path: \"a.go\") { ranges { age } } %s } } } }"}`
	for more, status := range map[string]int{"": http.StatusOK, `b: blame(path: \"docs/old.md\") { ranges { age } }`: http.StatusBadGateway} {
		if r := f.do("POST", "/graphql", fmt.Sprintf(one, more), "Authorization: Bearer "+token); r.StatusCode != status {
			t.Errorf("with %q: %d %s", more, r.StatusCode, r.body)
		}
	}
}
