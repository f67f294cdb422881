package sources_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/sources"
)

// shelf is a repository of which only the histories of paths are known, newest first.
type shelf struct {
	repo.Reader
	paths map[string][]string
	moves map[string][]repo.Move
	err   error
	asked int
}

func (s *shelf) PathPages(_ context.Context, _ string, queries []repo.PathQuery) ([]repo.PathPage, error) {
	s.asked++
	out := make([]repo.PathPage, len(queries))
	for i, q := range queries {
		all := s.paths[q.Path]
		from, _ := strconv.Atoi(q.After)
		to := min(len(all), from+q.Count)
		for _, sha := range all[from:to] {
			out[i].Commits = append(out[i].Commits, repo.TouchingCommit{CommitInfo: repo.CommitInfo{SHA: sha}, Title: "does " + sha})
		}
		if to < len(all) {
			out[i].Next = strconv.Itoa(to)
		}
	}
	return out, s.err
}

func (s *shelf) Moves(_ context.Context, sha string) ([]repo.Move, error) { return s.moves[sha], s.err }

// read reads path p, which has an object id.
func (s *shelf) read(t *testing.T, oid string, last snapshot.Section) snapshot.Section {
	t.Helper()
	sec, err := sources.Paths{Paths: []string{"p"}}.Collect(t.Context(), s, sources.Commit{SHA: "head", OIDs: map[string]string{"p": oid}, Last: last})
	if err != nil {
		t.Fatal(err)
	}
	return sec
}

// told is what comes between two readings, newest first.
func told(t *testing.T, before, after snapshot.Section) (out []string, c diff.Change) {
	t.Helper()
	list := diff.Paths(*before.Items.Paths, *after.Items.Paths)
	if len(list) == 0 {
		return nil, c
	}
	for _, k := range list[0].Path.Commits {
		out = append(out, k.SHA)
	}
	return out, list[0]
}

func numbered(from, to int) []string {
	var out []string
	for i := from; i > to; i-- {
		out = append(out, fmt.Sprintf("c%d", i))
	}
	return out
}

// TestPathsTellEachCommitOnce: merges put commits anywhere among those that were told already, definitions are told after
// any number of readings, and each commit is told once.
func TestPathsTellEachCommitOnce(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 7))
		s := &shelf{paths: map[string][]string{"p": numbered(1+r.IntN(80), 0)}}
		last := s.read(t, "o", snapshot.Section{})
		base := last
		seen := map[string]int{}
		var want []string
		for i := range 40 {
			for j := range r.IntN(6) {
				sha := fmt.Sprintf("n%d-%d", i, j)
				list := s.paths["p"]
				at := r.IntN(min(len(list), 12) + 1)
				s.paths["p"] = slices.Insert(slices.Clone(list), at, sha)
				want = append(want, sha)
			}
			last = s.read(t, fmt.Sprintf("o%d", i), last)
			if r.IntN(3) == 0 {
				shas, c := told(t, base, last)
				for _, sha := range shas {
					seen[sha]++
				}
				if c.Path != nil && (c.Path.More || c.Path.Rewritten) {
					t.Fatalf("seed %d: it says that there are more", seed)
				}
				base = last
			}
		}
		shas, _ := told(t, base, last)
		for _, sha := range shas {
			seen[sha]++
		}
		for _, sha := range want {
			if seen[sha] != 1 {
				t.Fatalf("seed %d: %s is told %d times", seed, sha, seen[sha])
			}
		}
		if len(seen) != len(want) {
			t.Fatalf("seed %d: %d are told, and %d came", seed, len(seen), len(want))
		}
	}
}

func TestPathsBounds(t *testing.T) {
	s := &shelf{paths: map[string][]string{"p": numbered(500, 0)}}
	base := s.read(t, "o0", snapshot.Section{})
	if w := base.Items.Paths.Paths[0]; len(w.Commits) != 30 || !w.More || s.asked != 1 {
		t.Errorf("first look: %d commits, more %t, %d requests", len(w.Commits), w.More, s.asked)
	}
	// Forty came: more than the first page has.
	s.paths["p"] = numbered(540, 0)
	second := s.read(t, "o1", base)
	if shas, c := told(t, base, second); len(shas) != 40 || shas[39] != "c501" || c.Path.More {
		t.Errorf("forty: %d, more %t: %v", len(shas), c.Path.More, shas)
	}
	// More than anybody reads.
	s.paths["p"] = numbered(900, 0)
	third := s.read(t, "o2", second)
	if shas, c := told(t, second, third); len(shas) != 100 || !c.Path.More || c.Path.Rewritten {
		t.Errorf("360 commits: %d are told, more %t", len(shas), c.Path.More)
	}
	// What is kept of it has an end, and the end is no news.
	last := third
	for i := range 10 {
		s.paths["p"] = numbered(920+20*i, 0)
		next := s.read(t, fmt.Sprintf("p%d", i), last)
		if shas, c := told(t, last, next); len(shas) != 20 || c.Path.More {
			t.Fatalf("twenty: %d, more %t", len(shas), c.Path.More)
		}
		last = next
	}
	if n := len(last.Items.Paths.Paths[0].Commits); n != 200 {
		t.Errorf("%d commits are kept", n)
	}
	if shas, c := told(t, second, last); !c.Path.More || len(shas) != 200 {
		t.Errorf("told seldom: %d, more %t", len(shas), c.Path.More)
	}
	// Nothing moved: nothing is asked.
	asked := s.asked
	if s.read(t, "p9", last); s.asked != asked {
		t.Error("the history of what did not change is read")
	}
	// A base that is read anew knows less than what was kept, and that is no news either.
	fresh := s.read(t, "p9", snapshot.Section{})
	if shas, _ := told(t, fresh, last); len(shas) != 0 {
		t.Errorf("nothing came, and it tells %v", shas)
	}
}

func TestPathsOfAnotherHistory(t *testing.T) {
	s := &shelf{paths: map[string][]string{"p": numbered(60, 0)}}
	base := s.read(t, "o0", snapshot.Section{})
	// The newest two were taken back by force, and another came.
	s.paths["p"] = append([]string{"x"}, numbered(58, 0)...)
	forced := s.read(t, "o1", base)
	if shas, _ := told(t, base, forced); strings.Join(shas, " ") != "x" {
		t.Errorf("after a force push: %v", shas)
	}
	for _, c := range forced.Items.Paths.Paths[0].Commits {
		if c.SHA == "c60" {
			t.Error("what is not in the history any more is kept")
		}
	}
	// All was written anew.
	s.paths["p"] = []string{"y3", "y2", "y1"}
	anew := s.read(t, "o2", forced)
	if _, c := told(t, forced, anew); c.Path == nil || !c.Path.Rewritten || !c.Has(diff.PathChanged) {
		t.Errorf("another history: %+v", c)
	}
	// And it goes on from there.
	s.paths["p"] = []string{"y4", "y3", "y2", "y1"}
	if shas, c := told(t, anew, s.read(t, "o3", anew)); strings.Join(shas, " ") != "y4" || c.Path.Rewritten {
		t.Errorf("after that: %v", shas)
	}
}

func TestPathsThatGoAndCome(t *testing.T) {
	s := &shelf{
		paths: map[string][]string{"p": {"a"}},
		moves: map[string][]repo.Move{"b": {{From: "other", To: "p2"}, {From: "p/x/y.go", To: "q/r/x/y.go"}, {From: "p/z.go", To: "q/r/z.go"}, {From: "p/a.go", To: "s/a.go"}, {From: "p/b.go", To: "s/c.go"}}},
	}
	base := s.read(t, "o", snapshot.Section{})
	s.paths["p"] = []string{"b", "a"}
	gone := s.read(t, "", base)
	shas, c := told(t, base, gone)
	if !c.Has(diff.PathVanished) || c.Severity != diff.Know || strings.Join(shas, " ") != "b" || c.Path.After.MovedTo != "q/r" {
		t.Errorf("gone: %v by %v to %q", c.Kinds, shas, c.Path.After.MovedTo)
	}
	if still, _ := told(t, gone, s.read(t, "", gone)); still != nil {
		t.Errorf("it is told again: %v", still)
	}
	if f := diff.PathFaults(*gone.Items.Paths, nil); len(f) != 1 || !strings.Contains(f[0].Message, "moved to q/r") {
		t.Errorf("%+v", f)
	}
	s.paths["p"] = []string{"c", "b", "a"}
	back := s.read(t, "o", gone)
	if shas, c := told(t, gone, back); !c.Has(diff.PathAppeared) || strings.Join(shas, " ") != "c" || c.Path.After.MovedTo != "" {
		t.Errorf("back: %v by %v", c.Kinds, shas)
	}
	// It went and came between two digests: its content is the same, and two commits touched it.
	if shas, c := told(t, base, back); !c.Has(diff.PathChanged) || strings.Join(shas, " ") != "c b" {
		t.Errorf("gone and back: %v by %v", c.Kinds, shas)
	}
	// One that never was is no news, but a fault of the configuration.
	s.paths["p"] = nil
	never := s.read(t, "", snapshot.Section{})
	if shas, c := told(t, never, s.read(t, "", never)); c.Path != nil || shas != nil {
		t.Errorf("never: %v", c.Kinds)
	}
	if f := diff.PathFaults(*never.Items.Paths, nil); len(f) != 1 || !strings.Contains(f[0].Message, "no sign that it ever was") {
		t.Errorf("%+v", f)
	}
}

// TestPathsWithoutHistories: that a path changed is told, and by what is not guessed, also not later.
func TestPathsWithoutHistories(t *testing.T) {
	s := &shelf{paths: map[string][]string{"p": numbered(60, 0)}, err: &repo.NeedsTokenError{Repository: "a/b", What: "x"}}
	base := s.read(t, "o0", snapshot.Section{})
	second := s.read(t, "o1", base)
	if shas, c := told(t, base, second); !c.Has(diff.PathChanged) || shas != nil || !strings.Contains(second.Reason, "needs a token") {
		t.Errorf("%v by %v: %s", c.Kinds, shas, second.Reason)
	}
	s.err = nil
	third := s.read(t, "o2", second)
	if shas, c := told(t, second, third); !c.Has(diff.PathChanged) || shas != nil || third.Reason != "" {
		t.Errorf("the base is not known, and it tells %v by %v: %s", c.Kinds, shas, third.Reason)
	}
	s.err = &repo.NeedsTokenError{}
	gone := s.read(t, "", third)
	if shas, c := told(t, third, gone); !c.Has(diff.PathVanished) || shas != nil {
		t.Errorf("gone: %v by %v", c.Kinds, shas)
	}
	s.err = &repo.TooMuchError{Err: errors.New("502")}
	if _, err := (sources.Paths{Paths: []string{"p"}}).Collect(t.Context(), s, sources.Commit{SHA: "head", OIDs: map[string]string{"p": "o3"}, Last: third}); err == nil {
		t.Error("a history that could not be read is none")
	}
	// A past state is read anew, and a path that is watched only since then has a base there.
	s.err = nil
	past, err := sources.Paths{Paths: []string{"p", "q"}}.Collect(t.Context(), s, sources.Commit{SHA: "head", OIDs: map[string]string{"p": "o", "q": ""}, Last: gone, AsOf: time.Unix(1, 0)})
	if err != nil || past.Items.Paths.Paths[0].OID != "o" || len(past.Items.Paths.Paths[0].Commits) != 30 {
		t.Errorf("%v: %+v", err, past.Items.Paths)
	}
	if list := diff.Paths(*third.Items.Paths, *past.Items.Paths); slices.ContainsFunc(list, func(c diff.Change) bool { return c.ID == "q" }) {
		t.Error("a path that was not watched is news")
	}
}
