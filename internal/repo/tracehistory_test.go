package repo_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/repo"
)

// traced is a repository whose lines came by every way there is: a merge of two commits, a squash, an
// octopus, a pull request upon another's branch, one that took main in between, one of a fork's own inside
// another, one that came with a branch that no pull request merged, a plain commit, a rename, and a file
// that was rewritten as a whole.
type traced struct {
	tb   testing.TB
	dir  string
	at   int
	head string
	ids  map[string]string // by name
	// lines are what each line of list.go came by: its commit's name and its pull request.
	lines map[int]line
}

type line struct {
	commit string
	pull   int
}

func (h *traced) git(args ...string) string {
	h.tb.Helper()
	h.at += 60
	return gitAt(h.tb, h.dir, h.at, args...)
}

// commit writes lines of a file and commits them under a name.
func (h *traced) commit(name, message, file string, lines ...int) {
	h.tb.Helper()
	text := make([]string, 40)
	if old, err := readFile(h.dir, file); err == nil {
		text = strings.Split(strings.TrimSuffix(old, "\n"), "\n")
	}
	for _, n := range lines {
		text[n-1] = fmt.Sprintf("%s %d", name, n) // no two lines are alike
	}
	write(h.tb, h.dir, map[string]string{file: strings.Join(text, "\n") + "\n"})
	h.git("add", "--all")
	h.git("commit", "--quiet", "--message", message)
	h.ids[name] = h.git("rev-parse", "HEAD")
}

func (h *traced) merge(name, message string, branches ...string) {
	h.tb.Helper()
	h.git(append([]string{"merge", "--quiet", "--no-ff", "--message", message}, branches...)...)
	h.ids[name] = h.git("rev-parse", "HEAD")
}

func newTraced(tb testing.TB) *traced {
	tb.Helper()
	h := &traced{tb: tb, dir: tb.TempDir(), at: 1700000000, ids: map[string]string{}}
	h.git("init", "--quiet", "--initial-branch=main")
	every := make([]int, 40)
	for i := range every {
		every[i] = i + 1
	}
	h.commit("first", "first", "list.go", every...)
	h.commit("table", "a table", "table.go", every...)

	h.git("checkout", "--quiet", "-b", "one")
	h.commit("leaf a", "leaf a", "list.go", 2)
	h.commit("leaf b", "leaf b (#99)", "list.go", 3) // picked from elsewhere: the merge knows better
	h.git("checkout", "--quiet", "main")
	h.commit("squash", "Add a line (#2)\n\n* this\n* that", "list.go", 6)
	h.merge("merge 1", "Merge pull request #1 from ada/one\n\nOne", "one")

	h.git("checkout", "--quiet", "-b", "o1")
	h.commit("arm 1", "arm one", "list.go", 9)
	h.git("checkout", "--quiet", "-b", "o2", "main")
	h.commit("arm 2", "arm two", "list.go", 12)
	h.git("checkout", "--quiet", "main")
	h.merge("octopus", "Merge pull request #3 from ada/arms\n\nArms", "o1", "o2")

	h.git("checkout", "--quiet", "-b", "stack")
	h.commit("below", "below", "list.go", 34)
	h.git("checkout", "--quiet", "-b", "stacked")
	h.commit("above", "above", "list.go", 36)
	h.git("checkout", "--quiet", "main")
	h.merge("merge 10", "Merge pull request #10 from ada/stack\n\nBelow", "stack")
	h.merge("merge 11", "Merge pull request #11 from ada/stacked\n\nAbove", "stacked")

	h.git("checkout", "--quiet", "-b", "long")
	h.commit("early", "early", "list.go", 15)
	h.git("checkout", "--quiet", "main")
	h.commit("plain", "a plain commit", "list.go", 18)
	h.git("checkout", "--quiet", "long")
	h.merge("update", "Merge branch 'main' into long", "main")
	h.commit("late", "late", "list.go", 16)
	h.git("checkout", "--quiet", "-b", "helper")
	h.commit("helped", "helped", "list.go", 21)
	h.git("checkout", "--quiet", "long")
	h.merge("fork's", "Merge pull request #77 from helper/helper\n\nOf the fork", "helper")
	h.git("checkout", "--quiet", "main")
	h.merge("merge 4", "Merge pull request #4 from ada/long\n\nLong", "long")

	h.git("checkout", "--quiet", "-b", "dev")
	h.commit("dev", "straight to dev", "list.go", 24)
	h.git("checkout", "--quiet", "-b", "fix")
	h.commit("fix", "a fix", "list.go", 27)
	h.git("checkout", "--quiet", "dev")
	h.merge("merge 6", "Merge pull request #6 from ada/fix\n\nA fix", "fix")
	h.git("checkout", "--quiet", "main")
	h.merge("sync", "Merge branch 'dev'", "dev")

	h.git("mv", "list.go", "moved.go")
	h.commit("renamed", "Move the list (#5)", "moved.go", 30)
	h.git("checkout", "--quiet", "-b", "sorted")
	h.commit("sorted", "sort the table", "table.go", every...)
	h.git("checkout", "--quiet", "main")
	h.merge("merge 8", "Merge pull request #8 from bea/sorted\n\nAutomatic merge from submit-queue.\n\nSort the table\n\nFixes #1000", "sorted")
	h.git("rm", "--quiet", "table.go")
	h.commit("removed", "Remove the table (#7)", "other.go", every...)
	h.head = h.git("rev-parse", "HEAD")

	h.lines = map[int]line{
		2: {"leaf a", 1}, 3: {"leaf b", 1}, 6: {"squash", 2}, 9: {"arm 1", 3}, 12: {"arm 2", 3}, 15: {"early", 4}, 16: {"late", 4},
		18: {"plain", 0}, 21: {"helped", 4}, 24: {"dev", 0}, 27: {"fix", 6}, 30: {"renamed", 5},
		34: {"below", 10}, 36: {"above", 11},
	}
	return h
}

// pulls are the repository's pull requests on a stand-in.
func (h *traced) pulls(gh *ghtest.Server) {
	gh.AddIssue("up/stream", ghtest.Issue{Number: 1000, Title: "the table is not sorted"})
	gh.AddRepository(ghtest.Repository{Name: "up/plans"})
	gh.AddIssue("up/plans", ghtest.Issue{Number: 24, Title: "a plan"})
	for _, p := range []struct {
		number              int
		merge, title        string
		body, author, state string
		closes              []string
	}{
		{1, "merge 1", "One", "What one does.", "ada", "", []string{"up/plans#24"}},
		{2, "squash", "Add a line", "", "ada", "", nil},
		{3, "octopus", "Arms", "", "ada", "", nil},
		{4, "merge 4", "Long", "", "ada", "", nil},
		{5, "renamed", "Move the list", "", "ada", "", nil},
		{6, "merge 6", "A fix", "", "ada", "", nil},
		{7, "removed", "Remove the table", "", "ada", "", nil},
		{8, "merge 8", "Sort the table", "Fixes #1000", "bea", "", []string{"#1000"}},
		{10, "merge 10", "Below", "", "ada", "", nil},
		{11, "merge 11", "Above", "", "ada", "", nil},
		{9, "leaf a", "One, first try", "", "ada", "closed", nil}, // never merged: no link
	} {
		base := ""
		if p.number == 6 {
			base = "dev"
		}
		when := time.Unix(1700100000+int64(p.number), 0)
		gh.AddPullRequest("up/stream", ghtest.PullRequest{
			Number: p.number, Title: p.title, Body: p.body, Author: p.author, State: p.state, MergeOID: h.ids[p.merge], Base: base,
			Labels: []string{"kind/feature"}, Closes: p.closes, Created: when,
		})
	}
}

// tracers are the engines that can trace.
func (h *traced) tracers(t *testing.T) map[string]repo.Tracer {
	t.Helper()
	out := map[string]repo.Tracer{}
	for name, set := range engines(t, h.dir, h.pulls) {
		if strings.HasPrefix(name, "anonymous") {
			continue
		}
		tr, err := set.Tracer("up/stream")
		if err != nil {
			t.Fatal(err)
		}
		out[name] = tr
	}
	return out
}

// spell writes a blame as names: "2-3 leaf a #1".
func (h *traced) spell(b repo.Blame) string {
	names := map[string]string{}
	for name, id := range h.ids {
		names[id] = name
	}
	var out []string
	for _, r := range b {
		s := fmt.Sprintf("%d-%d %s", r.From, r.To, names[r.Commit.SHA])
		for _, p := range r.Commit.PRs {
			s += fmt.Sprintf(" #%d", p)
		}
		out = append(out, s)
	}
	return strings.Join(out, "\n")
}
