package repo_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/repo"
)

func readFile(dir, name string) (string, error) {
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	return string(data), err
}

// The engines tell the same of who wrote which line and by which pull request.
func TestBlame(t *testing.T) {
	h := newTraced(t)
	var want []string
	for from := 1; from <= 40; {
		l, special := h.lines[from]
		to := from
		if !special {
			l.commit = "first"
			for to < 40 && h.lines[to+1].commit == "" {
				to++
			}
		}
		s := fmt.Sprintf("%d-%d %s", from, to, l.commit)
		if l.pull > 0 {
			s += fmt.Sprintf(" #%d", l.pull)
		}
		want = append(want, s)
		from = to + 1
	}
	for name, tr := range h.tracers(t) {
		t.Run(name, func(t *testing.T) {
			b, err := tr.Blame(t.Context(), h.head, "moved.go")
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(strings.Join(want, "\n"), h.spell(b)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			c, ok := b.At(3)
			wantC := repo.CommitInfo{SHA: h.ids["leaf b"], Headline: "leaf b (#99)", When: c.When, PRs: []int{1}, Landed: h.ids["merge 1"], LandedAt: c.LandedAt, Title: "One"}
			if !ok || cmp.Diff(wantC, c) != "" {
				t.Errorf("line 3: %+v", c)
			}
			if want := git(t, h.dir, "show", "-s", "--format=%ct", h.ids["leaf b"]); fmt.Sprint(c.When.Unix()) != want || c.When.Location() != time.UTC {
				t.Errorf("line 3 is of %s, want %s", c.When, want)
			}
			for n, landed := range map[int]string{2: "merge 1", 6: "squash", 9: "octopus", 15: "merge 4", 21: "merge 4", 30: "renamed", 34: "merge 10", 36: "merge 11", 18: "plain", 1: "first"} {
				if c, _ := b.At(n); c.Landed != h.ids[landed] || c.LandedAt.Before(c.When) {
					t.Errorf("line %d landed by %s at %s, want %s", n, c.Landed, c.LandedAt, landed)
				}
			}
			if c, ok := b.At(41); ok {
				t.Errorf("a line too many: %+v", c)
			}

			before := h.ids["merge 8"]
			both, err := tr.Blames(t.Context(), before, []string{"table.go", "/moved.go", "gone.go", "pkg", ""})
			if err != nil {
				t.Fatal(err)
			}
			if got := h.spell(both["table.go"]); got != "1-40 sorted #8" || len(both) != 2 || len(both["/moved.go"]) < 10 {
				t.Errorf("%d files; the table is %s", len(both), got)
			}
			old, err := tr.Blame(t.Context(), h.ids["merge 1"], "list.go")
			if got := h.spell(old); err != nil || got != "1-1 first\n2-2 leaf a #1\n3-3 leaf b #1\n4-5 first\n6-6 squash #2\n7-40 first" {
				t.Errorf("at the first merge: %v\n%s", err, got)
			}
			if none, err := tr.Blames(t.Context(), h.head, nil); err != nil || len(none) != 0 {
				t.Errorf("no files: %v, %v", none, err)
			}
			if e := must[*repo.NotFoundError](t, errOf(tr.Blame(t.Context(), h.head, "list.go"))); e.Path != "list.go" || !strings.Contains(e.Error(), "has no file list.go at "+h.head) {
				t.Errorf("%+v: %v", e, e)
			}
			if e := must[*repo.NotFoundError](t, errOf(tr.Blame(t.Context(), strings.Repeat("0", 39)+"1", "list.go"))); e.Path != "" || e.Ref == "" {
				t.Errorf("%+v", e)
			}
			_ = must[*repo.RefError](t, errOf(tr.Blame(t.Context(), "main", "list.go")))
		})
	}
}

func TestPathHistory(t *testing.T) {
	h := newTraced(t)
	for name, tr := range h.tracers(t) {
		t.Run(name, func(t *testing.T) {
			list := func(path string, n int) string {
				t.Helper()
				got, err := tr.PathHistory(t.Context(), h.head, path, n)
				if err != nil {
					t.Fatal(err)
				}
				var b repo.Blame
				for _, c := range got {
					b = append(b, repo.BlameRange{Commit: c})
				}
				return strings.ReplaceAll(h.spell(b), "0-0 ", "")
			}
			if got, want := list("table.go", 10), "removed #7\nsorted #8\ntable"; got != want {
				t.Errorf("the table's:\n%s\nwant\n%s", got, want)
			}
			if got, want := list("moved.go", 10), "renamed #5"; got != want {
				t.Errorf("of what was renamed:\n%s\nwant\n%s", got, want)
			}
			if got, want := list("list.go", 4), "renamed #5\nfix #6\ndev\nhelped #4"; got != want {
				t.Errorf("the list's newest:\n%s\nwant\n%s", got, want)
			}
			if got := list("list.go", 100); !strings.HasSuffix(got, "\nleaf b #1\nleaf a #1\nfirst") {
				t.Errorf("the list's:\n%s", got)
			}
			if got := list("never.go", 10); got != "" {
				t.Errorf("of what never was: %s", got)
			}
			if got := list("", 2); got != "removed #7\nmerge 8 #8" {
				t.Errorf("of all: %s", got)
			}
			_ = must[*repo.NotFoundError](t, errOf(tr.PathHistory(t.Context(), strings.Repeat("0", 39)+"1", "list.go", 1)))
		})
	}
}

func TestFilesAt(t *testing.T) {
	h := newTraced(t)
	shas := []string{h.head, h.ids["first"], h.ids["table"], h.ids["sorted"], h.ids["removed"], h.ids["sorted"]}
	for name, tr := range h.tracers(t) {
		t.Run(name, func(t *testing.T) {
			got, err := tr.FilesAt(t.Context(), shas, "table.go")
			if err != nil {
				t.Fatal(err)
			}
			want := map[string][]byte{}
			for _, c := range []string{"table", "sorted"} {
				want[h.ids[c]] = []byte(gitRaw(t, h.dir, "show", h.ids[c]+":table.go"))
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if got, err := tr.FilesAt(t.Context(), shas, ""); err != nil || len(got) != 0 {
				t.Errorf("a folder: %v, %v", got, err)
			}
			if e := must[*repo.NotFoundError](t, errOf(tr.FilesAt(t.Context(), []string{h.head, strings.Repeat("0", 39) + "1"}, "table.go"))); !strings.HasSuffix(e.Ref, "01") {
				t.Errorf("%+v", e)
			}
		})
	}
}

// What a file was before commits: on the branch, where they are its own.
func TestFilesBefore(t *testing.T) {
	h := newTraced(t)
	for name, tr := range h.tracers(t) {
		t.Run(name, func(t *testing.T) {
			got, err := tr.FilesBefore(t.Context(), []string{h.ids["merge 8"], h.ids["removed"], h.ids["first"], h.ids["table"], h.ids["merge 8"]}, "table.go")
			if err != nil {
				t.Fatal(err)
			}
			was := func(c string) []byte { return []byte(gitRaw(t, h.dir, "show", h.ids[c]+":table.go")) }
			want := map[string]repo.Version{
				h.ids["merge 8"]: {SHA: h.ids["renamed"], Data: was("table")}, h.ids["removed"]: {SHA: h.ids["merge 8"], Data: was("sorted")},
				h.ids["table"]: {SHA: h.ids["first"]}, // and before the first there is nothing
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if got, err := tr.FilesBefore(t.Context(), nil, "table.go"); err != nil || len(got) != 0 {
				t.Errorf("before nothing: %v, %v", got, err)
			}
			_ = must[*repo.NotFoundError](t, errOf(tr.FilesBefore(t.Context(), []string{strings.Repeat("0", 39) + "1"}, "table.go")))
			_ = must[*repo.RefError](t, errOf(tr.FilesBefore(t.Context(), []string{"main"}, "table.go")))
		})
	}
}

// Long, binary and other odd files come whole too.
func TestFilesAtOfOddFiles(t *testing.T) {
	dir := upstream(t)
	shas := []string{git(t, dir, "rev-parse", "main"), git(t, dir, "rev-parse", "v1.35.0")}
	for name, set := range engines(t, dir) {
		if strings.HasPrefix(name, "anonymous") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			tr, err := set.Tracer("up/stream")
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range []string{"pkg/binary", "pkg/latin1.txt", "pkg/empty", "pkg/long.txt", "odd/$(x) '\"*[y].txt", "odd/a b#c%d?.txt", "pkg/features/kube_features.go"} {
				got, err := tr.FilesAt(t.Context(), shas, p)
				if err != nil {
					t.Fatal(err)
				}
				for _, sha := range shas {
					if want := gitRaw(t, dir, "show", sha+":"+p); string(got[sha]) != want || got[sha] == nil {
						t.Errorf("%s at %s: %d bytes, want %d", p, sha, len(got[sha]), len(want))
					}
				}
			}
			for _, p := range []string{"vendor/module", "pkg", "absent", "README.md/below"} {
				if got, err := tr.FilesAt(t.Context(), shas, p); err != nil || len(got) != 0 {
					t.Errorf("%s: %v, %v", p, got, err)
				}
			}
		})
	}
}

func TestTracingWithoutAToken(t *testing.T) {
	h := newTraced(t)
	tr, err := engines(t, h.dir)["anonymous"].Tracer("up/stream")
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		errOf(tr.Blame(t.Context(), h.head, "list.go")), errOf(tr.Blames(t.Context(), h.head, nil)), errOf(tr.PathHistory(t.Context(), h.head, "list.go", 1)),
		errOf(tr.FilesAt(t.Context(), []string{h.head}, "list.go")), errOf(tr.PullRequests(t.Context(), []int{1})), errOf(tr.SearchPullRequests(t.Context(), "x", 1)),
	} {
		if e := must[*repo.NeedsTokenError](t, err); !strings.Contains(e.Error(), "needs a token") {
			t.Errorf("it says %v", e)
		}
	}
	if errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}
