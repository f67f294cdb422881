package repo_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/repo"
)

// spellPage writes a page as names: "renamed #5 Move the list (ada)".
func (h *traced) spellPage(p repo.PathPage) string {
	names := map[string]string{}
	for name, id := range h.ids {
		names[id] = name
	}
	var out []string
	for _, c := range p.Commits {
		s := names[c.SHA]
		for _, n := range c.PRs {
			s += fmt.Sprintf(" #%d", n)
		}
		out = append(out, s+" "+c.Title)
	}
	return strings.Join(out, "\n")
}

func TestPathPages(t *testing.T) {
	h := newTraced(t)
	for name, tr := range h.tracers(t) {
		t.Run(name, func(t *testing.T) {
			log := tr.(repo.PathLogger)
			got, err := log.PathPages(t.Context(), h.head, []repo.PathQuery{
				{Path: "list.go", Count: 3}, {Path: "table.go", Count: 100}, {Path: "never.go", Count: 5}, {Path: "moved.go", Count: 1}, {Path: "a[b*].go", Count: 1}, {Path: "", Count: 1},
				{Path: "other.go", Count: 2},
			})
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range []string{
				"renamed #5 Move the list\nfix #6 A fix\ndev straight to dev", "removed #7 Remove the table\nsorted #8 Sort the table\ntable a table", "",
				"renamed #5 Move the list", "", "removed #7 Remove the table", "removed #7 Remove the table",
			} {
				if d := cmp.Diff(want, h.spellPage(got[i])); d != "" {
					t.Errorf("query %d (-want +got):\n%s", i, d)
				}
			}
			if got[1].Next != "" || got[2].Next != "" || got[0].Next == "" {
				t.Errorf("next pages: %q, %q, %q", got[0].Next, got[1].Next, got[2].Next)
			}
			if a := got[0].Commits[1].Author; a != "ada" {
				t.Errorf("the author is %q", a)
			}
			all := h.spellPage(got[0])
			for page := got[0]; page.Next != ""; {
				next, err := log.PathPages(t.Context(), h.head, []repo.PathQuery{{Path: "list.go", Count: 4, After: page.Next}})
				if err != nil {
					t.Fatal(err)
				}
				page = next[0]
				all += "\n" + h.spellPage(page)
			}
			history, err := tr.PathHistory(t.Context(), h.head, "list.go", 100)
			if n := strings.Count(all, "\n") + 1; err != nil || n != len(history) || !strings.HasSuffix(all, "leaf a #1 One\nfirst first") {
				t.Errorf("%d of %d commits, %v:\n%s", n, len(history), err, all)
			}

			moves, err := log.Moves(t.Context(), h.ids["renamed"])
			if d := cmp.Diff([]repo.Move{{From: "list.go", To: "moved.go"}}, moves); d != "" || err != nil {
				t.Errorf("moves (-want +got), %v:\n%s", err, d)
			}
			if moves, err := log.Moves(t.Context(), h.ids["removed"]); len(moves) > 0 || err != nil {
				t.Errorf("of what was removed: %v, %v", moves, err)
			}
			if moves, err := log.Moves(t.Context(), h.ids["first"]); len(moves) > 0 || err != nil {
				t.Errorf("of the first commit: %v, %v", moves, err)
			}
			nobody := strings.Repeat("0", 39) + "1"
			_ = must[*repo.NotFoundError](t, errOf(log.PathPages(t.Context(), nobody, []repo.PathQuery{{Path: "list.go", Count: 1}})))
			if _, err := log.Moves(t.Context(), nobody); err == nil {
				t.Error("a commit that is not there moved nothing")
			}
			_ = must[*repo.RefError](t, errOf(log.PathPages(t.Context(), "main", []repo.PathQuery{{Path: "list.go", Count: 1}})))
		})
	}
}

// TestPathPagesElsewhere: without a token, and without a history, it is said why.
func TestPathPagesElsewhere(t *testing.T) {
	h := newTraced(t)
	query := []repo.PathQuery{{Path: "list.go", Count: 1}}
	r, err := engines(t, h.dir)["anonymous"].Reader("up/stream")
	if err != nil {
		t.Fatal(err)
	}
	_ = must[*repo.NeedsTokenError](t, errOf(r.(repo.PathLogger).PathPages(t.Context(), h.head, query)))
	_ = must[*repo.NeedsTokenError](t, errOf(r.(repo.PathLogger).Moves(t.Context(), h.head)))

	clone := t.TempDir()
	git(t, clone, "clone", "--quiet", "--bare", "--depth=1", "file://"+h.dir, "clone.git")
	set, err := repo.NewSet(repo.SetOptions{Offline: true, Git: gitEnv(), Mirrors: []repo.Mirror{{Repository: "up/stream", Path: clone + "/clone.git"}}})
	if err != nil {
		t.Fatal(err)
	}
	if r, err = set.Reader("up/stream"); err != nil {
		t.Fatal(err)
	}
	_, err = r.(repo.PathLogger).PathPages(t.Context(), h.head, query)
	if !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "it is a shallow clone") {
		t.Errorf("a shallow clone: %v", err)
	}
}
