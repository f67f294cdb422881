package repo_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/repo"
)

// epoch is when tests of history begin, in seconds: git does not take much smaller numbers for a time.
const epoch = 1700000000

// grown makes a branch that grew by a merge (M), a squashed pull request (C) and another merge (N). Their
// commits (S, L) were made before others of the main line, and merged after.
func grown(t *testing.T) (dir string, ids map[string]string) {
	t.Helper()
	dir, ids = t.TempDir(), map[string]string{}
	git(t, dir, "init", "--quiet", "--initial-branch=main")
	at := 0
	commit := func(name string, second int) {
		t.Helper()
		at = second
		write(t, dir, map[string]string{name: name})
		git(t, dir, "add", name)
		gitAt(t, dir, epoch+at, "commit", "--quiet", "--message", name)
		ids[name] = git(t, dir, "rev-parse", "HEAD")
	}
	merge := func(name, branch string, second int) {
		t.Helper()
		git(t, dir, "checkout", "--quiet", "main")
		gitAt(t, dir, epoch+second, "merge", "--quiet", "--no-ff", "--message", name, branch)
		ids[name] = git(t, dir, "rev-parse", "HEAD")
	}
	commit("A", 1000)
	git(t, dir, "checkout", "--quiet", "-b", "side")
	commit("S", 2000)
	git(t, dir, "checkout", "--quiet", "main")
	commit("B", 3000)
	merge("M", "side", 5000)
	gitAt(t, dir, epoch+5100, "tag", "--annotate", "--message", "t", "v1.0.0")
	git(t, dir, "checkout", "--quiet", "-b", "late")
	commit("L", 5500)
	git(t, dir, "checkout", "--quiet", "main")
	commit("C", 6000)
	merge("N", "late", 8000)
	return dir, ids
}

func TestConformanceOfCommitAt(t *testing.T) {
	dir, ids := grown(t)
	pulls := func(gh *ghtest.Server) {
		for i, name := range []string{"M", "C", "N"} {
			merged := time.Unix(epoch+int64([]int{5000, 6000, 8000}[i]), 0).UTC()
			gh.AddPullRequest("up/stream", ghtest.PullRequest{Number: i + 1, Title: name, Author: "a", MergeOID: ids[name], Created: merged, Merged: &merged})
		}
	}
	names := map[string]string{}
	for name, id := range ids {
		names[id] = name
	}
	for name, set := range engines(t, dir, pulls) {
		t.Run(name, func(t *testing.T) {
			r, err := set.Reader("up/stream")
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range []struct {
				at   float64
				ref  string
				want string
			}{
				{1000, "", "A"}, {2500, "HEAD", "A"}, {2999, "main", "A"}, {3000, "main", "B"}, {4999.9, "", "B"}, {5000, "", "M"}, {5600, "", "M"}, {6000.5, "", "C"},
				{7999, "main", "C"}, {8000, "main", "N"}, {1e8, "main", "N"}, {1e8, "v1.0.0", "M"}, {2500, "v1.0.0", "A"}, {1e8, ids["C"], "C"},
			} {
				at := time.Unix(epoch, int64(c.at*1e9)).In(time.FixedZone("x", 3600))
				sha, when, err := r.CommitAt(t.Context(), c.ref, at)
				if err != nil || names[sha] != c.want {
					t.Errorf("%q at %v is %s (%s), %v; want %s", c.ref, c.at, names[sha], sha, err, c.want)
					continue
				}
				if want := git(t, dir, "show", "-s", "--format=%ct", sha); fmt.Sprint(when.Unix()) != want || when.Location() != time.UTC {
					t.Errorf("%s was committed at %s, want %s", c.want, when, want)
				}
			}
			for _, ref := range []string{"", "main", "v1.0.0"} {
				_, _, err := r.CommitAt(t.Context(), ref, time.Unix(epoch+999, 0))
				if e := must[*repo.NotFoundError](t, err); e.Ref != ref || e.Until.Unix() != epoch+999 || !strings.Contains(e.Error(), "2023-11-14 22:29:59 UTC") {
					t.Errorf("before the first: %+v", e)
				}
			}
			_, _, err = r.CommitAt(t.Context(), "v9", time.Unix(epoch+9000, 0))
			if e := must[*repo.NotFoundError](t, err); e.Ref != "v9" || !e.Until.IsZero() {
				t.Errorf("no such ref: %+v", e)
			}
			_, _, err = r.CommitAt(t.Context(), "main~1", time.Unix(epoch+9000, 0))
			_ = must[*repo.RefError](t, err)
		})
	}
}

func TestCommitAtCostsFewRequests(t *testing.T) {
	dir, _ := grown(t)
	empty := t.TempDir()
	git(t, empty, "init", "--quiet", "--initial-branch=main")
	gh := serve(t, ghtest.Options{}, map[string]string{"up/stream": dir, "up/empty": empty})
	for name, c := range map[string]struct {
		change func(*github.Options)
		want   github.Cost
	}{
		"token": {func(*github.Options) {}, github.Cost{GraphQL: 1}}, "anonymous": {anonymous, github.Cost{REST: 2}},
	} {
		cl := client(t, gh, c.change)
		set := newSet(t, repo.SetOptions{Client: cl})
		r, err := set.Reader("up/stream")
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := r.CommitAt(t.Context(), "", time.Unix(epoch+6500, 0)); err != nil {
			t.Fatal(err)
		}
		if got := cl.Cost(); got != c.want {
			t.Errorf("%s: cost %+v, want %+v", name, got, c.want)
		}
		if r, err = set.Reader("up/empty"); err != nil {
			t.Fatal(err)
		}
		_, _, err = r.CommitAt(t.Context(), "", time.Unix(epoch+6500, 0))
		_ = must[*repo.EmptyError](t, err)
		if r, err = set.Reader("no/where"); err != nil {
			t.Fatal(err)
		}
		_, _, err = r.CommitAt(t.Context(), "", time.Unix(epoch+6500, 0))
		if e := must[*repo.NotFoundError](t, err); e.Ref != "" || !e.Until.IsZero() {
			t.Errorf("%s: %+v", name, e)
		}
	}
}
