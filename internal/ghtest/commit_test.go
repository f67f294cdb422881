package ghtest_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/upstream-digest/bot/internal/ghtest"
)

// statefulFixture is a fixture whose token may push to the code.
func statefulFixture(t *testing.T) *fixture {
	t.Helper()
	f := newFixture(t, ghtest.Options{})
	f.AddToken(ghtest.Token{Value: token, Login: "bot", Access: map[string]ghtest.Access{"up/stream": ghtest.Write, "acme/platform": ghtest.Write}})
	f.git.git("branch", "state", f.first)
	return f
}

// sent is what GraphQL answers to a document sent with a token.
func (f *fixture) sent(token, document string) string {
	body, err := json.Marshal(map[string]any{"query": document})
	if err != nil {
		return err.Error()
	}
	r, err := f.try("POST", "/graphql", string(body), "Authorization: Bearer "+token)
	if err != nil {
		return err.Error()
	}
	return string(r.body)
}

func commitDocument(expected, changes string) string {
	return fmt.Sprintf(`mutation { createCommitOnBranch(input: {branch: {repositoryNameWithOwner: "up/stream", branchName: "state"},
		expectedHeadOid: %q, message: {headline: "told", body: "and more"}, fileChanges: {%s}}) { commit { oid } ref { name } } }`, expected, changes)
}

func addition(path, text string) string {
	return fmt.Sprintf(`{path: %q, contents: %q}`, path, base64.StdEncoding.EncodeToString([]byte(text)))
}

// A commit through GraphQL changes files and moves the branch, if it stood where the caller said; git agrees.
func TestCommitOnBranch(t *testing.T) {
	f := statefulFixture(t)
	text := f.sent(token, commitDocument(f.first, `additions: [`+addition("state/b/c.json", "{}\n")+`, `+addition("a.go", "package b\n")+`], deletions: [{path: "docs/old.md"}, {path: "docs/x..y.md"}]`))
	head := f.git.git("rev-parse", "state")
	if !strings.Contains(text, head) || f.git.git("rev-parse", "state^") != f.first {
		t.Fatalf("the branch stands at %s: %s", head, text)
	}
	if got := f.git.git("ls-tree", "-r", "--name-only", "state"); got != "a.go\nbin.dat\nstate/b/c.json" {
		t.Errorf("files:\n%s", got)
	}
	if got := f.git.git("log", "-1", "--format=%s|%b|%an|%cn", "state"); got != "told|and more\n|bot|GitHub" {
		t.Errorf("commit: %q", got)
	}
	f.git.git("fsck", "--strict", "--no-dangling")

	for name, one := range map[string]struct{ document, want string }{
		"stale":        {commitDocument(f.first, "additions: []"), `"type":"STALE_DATA","path":["createCommitOnBranch"]`},
		"not there":    {commitDocument(head, `deletions: [{path: "none"}]`), "requested for deletion which does not exist"},
		"no branch":    {strings.Replace(commitDocument(head, ""), `"state"`, `"nope"`, 1), `"NOT_FOUND"`},
		"another repo": {strings.Replace(commitDocument(head, ""), "up/stream", "acme/platform", 1), `"errors"`},
	} {
		if text := f.sent(token, one.document); !strings.Contains(text, one.want) {
			t.Errorf("%s: %s", name, text)
		}
	}
	if text := f.sent(appToken, commitDocument(head, "additions: []")); !strings.Contains(text, `"FORBIDDEN"`) {
		t.Errorf("without the right: %s", text)
	}
	if now := f.git.git("rev-parse", "state"); now != head {
		t.Errorf("a refused commit moved the branch to %s", now)
	}
}

// Of many who commit at once on the same head, one succeeds.
func TestCommitRace(t *testing.T) {
	f := statefulFixture(t)
	var wg sync.WaitGroup
	texts := make([]string, 8)
	for i := range texts {
		wg.Go(func() {
			texts[i] = f.sent(token, commitDocument(f.first, "additions: ["+addition("who", fmt.Sprint(i))+"]"))
		})
	}
	wg.Wait()
	won, stale := 0, 0
	for _, text := range texts {
		switch {
		case strings.Contains(text, "STALE_DATA"):
			stale++
		case !strings.Contains(text, "errors"):
			won++
		}
	}
	if won != 1 || stale != len(texts)-1 {
		t.Errorf("%d won, %d were stale: %v", won, stale, texts)
	}
}

// Through REST a branch is made of a tree, a commit and a ref; the ref goes forward only, unless it is forced.
func TestGitData(t *testing.T) {
	f := statefulFixture(t)
	const r = "/repos/up/stream/git"
	post := func(method, path string, body any, want int) string {
		t.Helper()
		data, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		answer := f.as(method, path, string(data))
		text := string(answer.body)
		if answer.StatusCode != want {
			t.Fatalf("%s %s: %d %s", method, path, answer.StatusCode, text)
		}
		var got struct{ SHA string }
		_ = json.Unmarshal([]byte(text), &got)
		if got.SHA == "" {
			return text
		}
		return got.SHA
	}
	type m = map[string]any
	file := func(path, text string) m { return m{"path": path, "mode": "100644", "type": "blob", "content": text} }
	blob := post("POST", r+"/blobs", m{"content": "aGk=", "encoding": "base64"}, 201)
	tree := post("POST", r+"/trees", m{"tree": []any{file("README.md", "hello\n"), m{"path": "x/hi", "mode": "100644", "type": "blob", "sha": blob}}}, 201)
	root := post("POST", r+"/commits", m{"message": "begin", "tree": tree, "parents": []string{}}, 201)
	post("POST", r+"/refs", m{"ref": "refs/heads/orphan", "sha": root}, 201)
	if text := post("POST", r+"/refs", m{"ref": "refs/heads/orphan", "sha": root}, 422); !strings.Contains(text, "Reference already exists") {
		t.Error(text)
	}
	next := post("POST", r+"/commits", m{"message": "two", "tree": tree, "parents": []string{root}}, 201)
	rival := post("POST", r+"/commits", m{"message": "rival", "tree": tree, "parents": []string{root}}, 201)
	post("PATCH", r+"/refs/heads/orphan", m{"sha": next}, 200)
	if text := post("PATCH", r+"/refs/heads/orphan", m{"sha": rival, "force": false}, 422); !strings.Contains(text, "Update is not a fast forward") {
		t.Error(text)
	}
	if got := f.git.git("log", "--format=%s", "orphan"); got != "two\nbegin" {
		t.Errorf("history:\n%s", got)
	}
	if got := f.git.git("show", "orphan:x/hi"); got != "hi" {
		t.Errorf("file %q", got)
	}
	post("PATCH", r+"/refs/heads/orphan", m{"sha": rival, "force": true}, 200)
	post("PATCH", r+"/refs/heads/none", m{"sha": rival}, 422)
	post("POST", "/repos/acme/platform/git/trees", m{"tree": []any{}}, http.StatusConflict)
	f.git.git("fsck", "--strict", "--no-dangling")
}
