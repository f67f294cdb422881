//nolint:thelper // table entries, each called from one line
package github_test

import (
	"strings"
	"testing"

	"github.com/upstream-digest/bot/internal/github"
)

var change = github.CommitRequest{
	Repository: "acme/platform", Branch: "state", Head: strings.Repeat("a", 40), Tree: strings.Repeat("b", 40), Headline: "told",
	Write: []github.File{{Path: "state.json", Data: []byte("{}\n")}}, Delete: []string{"old.json"},
}

// What GitHub says of a commit decides whether it may be made again: only what is surely not there may.
func TestCommitRefusals(t *testing.T) {
	refusal := func(kind, message string) reply {
		return ok(`{"data": {"createCommitOnBranch": null}, "errors": [{"type": "` + kind + `", "path": ["createCommitOnBranch"], "message": "` + message + `"}]}`)
	}
	stale := func(t *testing.T, err error) { as[*github.StaleError](t, err) }
	for name, one := range map[string]struct {
		answer reply
		check  func(t *testing.T, err error)
		unsent bool // surely not executed
	}{
		"stale":              {refusal("STALE_DATA", `Expected branch to point to \"x\" but it did not.  Pull and try again.`), stale, true},
		"stale, other words": {refusal("", "Ref refs/heads/state is at 1 but expected 2"), stale, true},
		"no such branch":     {refusal("NOT_FOUND", "no"), func(t *testing.T, err error) { as[*github.NotFoundError](t, err) }, true},
		"may not":            {refusal("FORBIDDEN", "Resource not accessible by integration"), func(t *testing.T, err error) { as[*github.PermissionError](t, err) }, true},
		"a rule forbids it":  {refusal("UNPROCESSABLE", "rule violations"), func(t *testing.T, err error) { as[*github.ValidationError](t, err) }, true},
		"no type":            {refusal("", "Something went wrong"), func(t *testing.T, err error) { as[*github.UnclearError](t, err) }, false},
		"502":                {reply{status: 502}, func(t *testing.T, err error) { as[*github.UnclearError](t, err) }, false},
		"no commit":          {ok(`{"data": {"createCommitOnBranch": null}}`), func(t *testing.T, err error) { as[*github.UnclearError](t, err) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := &script{replies: []reply{one.answer}}
			_, err := newClient(t, s).CommitFiles(t.Context(), change)
			one.check(t, err)
			if github.NotExecuted(err) != one.unsent || s.count() != 1 {
				t.Errorf("%v: surely not executed: %v; %d requests", err, github.NotExecuted(err), s.count())
			}
		})
	}
}

// A commit that is too large for a document goes by tree, commit and ref, large files one by one before. A ref that
// has moved is the same refusal as above.
func TestCommitByParts(t *testing.T) {
	sha := func(c string) string { return `{"sha": "` + strings.Repeat(c, 40) + `"}` }
	big := change
	big.Write = []github.File{{Path: "a.json", Data: []byte(strings.Repeat("x", 4<<20))}, {Path: "b.json", Data: []byte(strings.Repeat("y", 2<<20))}}
	s := &script{replies: []reply{ok(sha("1")), ok(sha("2")), ok(sha("3")), ok(`{"ref": "refs/heads/state"}`)}}
	oid, err := newClient(t, s).CommitFiles(t.Context(), big)
	if err != nil || oid != strings.Repeat("3", 40) {
		t.Fatalf("%q, %v", oid, err)
	}
	var urls []string
	for _, r := range s.log {
		urls = append(urls, r.method+" "+strings.TrimPrefix(r.url, "https://api.github.com/repos/acme/platform/git/"))
	}
	if got := strings.Join(urls, ", "); got != "POST blobs, POST trees, POST commits, PATCH refs/heads/state" {
		t.Errorf("requests: %s", got)
	}
	if tree := s.log[1].body; !strings.Contains(tree, `"base_tree":"`+change.Tree) || !strings.Contains(tree, `"sha":null`) || !strings.Contains(tree, `"path":"b.json"`) {
		t.Errorf("tree: %.300s", tree)
	}
	s = &script{replies: []reply{ok(sha("1")), ok(sha("2")), ok(sha("3")), {status: 422, body: `{"message": "Update is not a fast forward"}`}}}
	_, err = newClient(t, s).CommitFiles(t.Context(), big)
	as[*github.StaleError](t, err)

	first := change
	first.Head, first.Tree, first.Delete = "", "", nil
	s = &script{replies: []reply{ok(sha("1")), ok(sha("2")), {status: 422, body: `{"message": "Reference already exists"}`}}}
	_, err = newClient(t, s).CommitFiles(t.Context(), first)
	as[*github.StaleError](t, err)
	s = &script{replies: []reply{{status: 409, body: `{"message": "Git Repository is empty."}`}}}
	if _, err = newClient(t, s).CommitFiles(t.Context(), first); err == nil || !strings.Contains(err.Error(), "commit something there first") {
		t.Errorf("an empty repository: %v", err)
	}
}
