package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// pathDigest is a digest with one watched path, from one state to another.
func pathDigest(before, after snapshot.WatchedPath) Digest {
	before.Path, after.Path = "pkg/a.go", "pkg/a.go"
	d := digestOf(diff.Paths(snapshot.PathSet{Paths: []snapshot.WatchedPath{before}}, snapshot.PathSet{Paths: []snapshot.WatchedPath{after}}))
	d.Upstreams[0].Sections = append(d.Upstreams[0].Sections, diff.SectionResult{
		Source: snapshot.SourcePaths, Status: snapshot.Complete, Repository: "kubernetes/kubernetes", WebURL: "https://github.com/kubernetes/kubernetes",
		From: diff.Ref{SHA: oldSHA}, To: diff.Ref{SHA: newSHA}, Items: 1,
	})
	return d
}

func touched(n, pulls int) []snapshot.PathCommit {
	var out []snapshot.PathCommit
	for i := range n {
		k := snapshot.PathCommit{SHA: fmt.Sprintf("%040x", n-i), Title: fmt.Sprintf("kubelet: turn %d times.", n-i), When: time.Unix(int64(n-i), 0)}
		if pulls > 0 {
			k.PRs, k.Title = []int{1000 + (n-i-1)%pulls}, fmt.Sprintf("Pull %d", (n-i-1)%pulls)
		}
		out = append(out, k)
	}
	return out
}

func TestPathEntries(t *testing.T) {
	all := schemas(t)
	base := touched(2, 0)
	for _, tt := range []struct {
		name          string
		before, after snapshot.WatchedPath
		want          string
	}{
		{"one commit", snapshot.WatchedPath{OID: "a", Commits: base[1:]}, snapshot.WatchedPath{OID: "b", Commits: base}, "1 commit. “kubelet: turn 2 times” ("},
		{"pull requests", snapshot.WatchedPath{OID: "a", Commits: []snapshot.PathCommit{{SHA: "x"}}}, snapshot.WatchedPath{OID: "b", Commits: append(touched(10, 5), snapshot.PathCommit{SHA: "x"})},
			"10 commits in 5 pull requests. Newest: “Pull 4” ([#\u200b1004](https://redirect.github.com/kubernetes/kubernetes/pull/1004)); “Pull 3” ("},
		{"and more of them", snapshot.WatchedPath{OID: "a", Commits: []snapshot.PathCommit{{SHA: "x"}}}, snapshot.WatchedPath{OID: "b", Commits: append(touched(10, 5), snapshot.PathCommit{SHA: "x"})}, "; and 2 more. ["},
		{"too many to read", snapshot.WatchedPath{OID: "a", Commits: []snapshot.PathCommit{{SHA: "x"}}, More: true}, snapshot.WatchedPath{OID: "b", Commits: touched(100, 0), More: true}, "More than 100 commits. Newest: “"},
		{"another history", snapshot.WatchedPath{OID: "a", Commits: []snapshot.PathCommit{{SHA: "x"}}}, snapshot.WatchedPath{OID: "b", Commits: touched(3, 0)}, "Its history was written anew"},
		{"not known by what", snapshot.WatchedPath{OID: "a"}, snapshot.WatchedPath{OID: "b"}, "Changed. Which commits did it is not known."},
		{"as it was", snapshot.WatchedPath{OID: "a", Commits: base[1:]}, snapshot.WatchedPath{OID: "a", Commits: base}, "1 commit; what it holds is as it was."},
		{"moved", snapshot.WatchedPath{OID: "a", Commits: base[1:]}, snapshot.WatchedPath{Commits: base, MovedTo: "pkg/b.go"}, "Gone. It moved to `pkg/b.go` with “kubelet"},
		{"moved, not known by what", snapshot.WatchedPath{OID: "a", Commits: base}, snapshot.WatchedPath{Commits: base, MovedTo: "pkg/b.go"}, "Gone. It moved to `pkg/b.go`; to go on, watch that."},
		{"deleted", snapshot.WatchedPath{OID: "a", Commits: base[1:]}, snapshot.WatchedPath{Commits: base}, "Gone. It went with “kubelet"},
		{"gone, not known how", snapshot.WatchedPath{OID: "a"}, snapshot.WatchedPath{}, "Gone. Where it went is not known."},
		{"new", snapshot.WatchedPath{}, snapshot.WatchedPath{OID: "b", Commits: base}, "New. It came with “kubelet"},
		{"back", snapshot.WatchedPath{Commits: base[1:]}, snapshot.WatchedPath{OID: "b", Commits: base}, "It is there again. It came with “kubelet"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := pathDigest(tt.before, tt.after)
			out := strings.Join(Markdown(d, MarkdownOptions{RedirectLinks: true}), "\n")
			if !strings.Contains(out, "- `pkg/a.go`: ") || !strings.Contains(out, tt.want) || !strings.Contains(out, "[history](https://github.com/kubernetes/kubernetes/commits/"+newSHA+"/pkg/a.go)") {
				t.Errorf("it lacks %q:\n%s", tt.want, out)
			}
			b, err := JSON(d)
			if err != nil {
				t.Fatal(err)
			}
			valid(t, all, b)
		})
	}
}

// TestHostilePaths: titles, paths and places are upstream's.
func TestHostilePaths(t *testing.T) {
	const evil = "@octocat fixes #1 <!-- x --> <img src=x> </details> [a](javascript:x) ![i](http://x)"
	d := pathDigest(snapshot.WatchedPath{OID: "a", Commits: []snapshot.PathCommit{{SHA: "x"}}},
		snapshot.WatchedPath{MovedTo: "a`b\n<b> @octocat", Commits: []snapshot.PathCommit{{SHA: "y", Title: evil}, {SHA: "x"}}})
	d.Upstreams[0].Changes[0].ID = "a`<b>\n@octocat #1"
	d.Upstreams[0].Sections[1].Diagnostics = diff.PathFaults(snapshot.PathSet{Paths: []snapshot.WatchedPath{{Path: "a`<b>\n@octocat", Commits: []snapshot.PathCommit{{SHA: "y", Title: evil}}}}}, nil)
	out := strings.Join(Markdown(d, MarkdownOptions{RedirectLinks: true}), "\n")
	for _, bad := range []string{"<!--", "<img", "<b>\n", "[a](javascript:", "![i]"} {
		if strings.Contains(out, bad) {
			t.Errorf("%q gets through:\n%s", bad, out)
		}
	}
	if _, err := JSON(d); err != nil {
		t.Error(err)
	}
}
