package trace

import (
	"context"
	"fmt"
	"slices"
)

// RuleRemoval is the commit that took a gate's registration out of its file.
const RuleRemoval = "removal"

// landingsOfBase is how many commits of an older commit's history are looked at for one that the newer one has too.
const landingsOfBase = 30

// Removed looks for the commits that took gates, or specs of theirs, out of the first of the files that lost them; none
// has one of them any more. From is an older commit that had them, such as the release before ("": anywhere before). All are
// searched at once. A commit before which the gate was there and after which it is not is certain; one that takes
// out so many that it looks like a move is possible.
func (t *Files) Removed(ctx context.Context, from string, wanted []Wanted) (map[int][]Claim, error) {
	t.found = map[int][]Claim{}
	open := make([]int, len(wanted))
	for i := range open {
		open[i] = i
	}
	for _, path := range t.paths {
		var err error
		if open, err = t.removed(ctx, from, path, wanted, open); err != nil {
			return t.found, err
		}
		if len(open) == 0 {
			break
		}
	}
	return t.found, nil
}

// lacks reports whether a file at a commit, which was read, has not what is wanted.
func (t *Files) lacks(path, sha string, w Wanted) bool {
	list := t.files[place{path, sha}][w.Const]
	if w.Lost == nil {
		return len(list) == 0
	}
	_, has := find(list, *w.Lost)
	return !has
}

// removed searches one path, and returns those that it does not know of.
func (t *Files) removed(ctx context.Context, from, path string, wanted []Wanted, open []int) ([]int, error) {
	tip := place{path, t.sha}
	if err := t.history(ctx, tip); err != nil {
		return nil, err
	}
	end := ""
	if from != "" {
		// Branches part after a file was touched last, so the older commit itself need not be in the history.
		last, err := t.git.PathHistory(ctx, from, path, landingsOfBase)
		if err != nil {
			return nil, fmt.Errorf("trace removals from %s: %w", path, err)
		}
		if end = t.common(tip, last); end == "" && len(last) > 0 {
			if _, err := t.more(ctx, tip); err != nil {
				return nil, err
			}
			end = t.common(tip, last)
		}
	}
	var quests []quest
	for _, i := range open {
		quests = append(quests, quest{i, 0})
	}
	gone := func(i int, sha string) bool { return t.lacks(path, sha, wanted[i]) }
	bounds, err := t.search(ctx, tip, end, quests, even, gone)
	if err != nil {
		return nil, err
	}
	// What one file lost may have gone to another: all of them are asked for together.
	ask := []string{t.sha}
	for _, b := range bounds {
		ask = append(ask, b[0].SHA)
	}
	slices.Sort(ask)
	for _, other := range t.beside {
		if other != path && len(bounds) > 0 {
			if err := t.read(ctx, other, ask...); err != nil {
				return nil, err
			}
		}
	}
	var left []int
	for _, i := range open {
		b, ok := bounds[i]
		if !ok {
			left = append(left, i)
			continue
		}
		few, paths := t.lost(path, b[0].SHA, b[1].SHA) <= massGates, t.paths
		if few {
			paths = t.beside
		}
		moved, err := t.movedOn(ctx, paths, b[0].SHA, path, wanted, i)
		switch {
		case err != nil:
			return nil, err
		case moved:
		case few:
			t.claim(i, wanted[i], b[0], RuleRemoval, path, Certain)
		default:
			t.claim(i, wanted[i], b[0], RuleRemoval, path, Possible)
		}
	}
	return left, nil
}

// common is the newest landing of an older history that a log has too, "" for none.
func (t *Files) common(tip place, older []Commit) string {
	for _, c := range landings(older) {
		if slices.ContainsFunc(t.logs[tip], func(o Commit) bool { return o.SHA == c.SHA }) {
			return c.SHA
		}
	}
	return ""
}

// movedOn follows a gate that a commit moved to another of the paths, which has lost it by now, and reports whether it
// did.
func (t *Files) movedOn(ctx context.Context, paths []string, at, path string, wanted []Wanted, i int) (bool, error) {
	for _, other := range paths {
		if other == path {
			continue
		}
		if err := t.read(ctx, other, at, t.sha); err != nil {
			return false, err
		}
		if t.lacks(other, at, wanted[i]) || !t.lacks(other, t.sha, wanted[i]) { // where it is still, it is another's
			continue
		}
		_, err := t.removed(ctx, at, other, wanted, []int{i})
		return true, err
	}
	return false, nil
}

// lost counts the gates that a commit took out of a file.
func (t *Files) lost(path, sha, before string) int {
	n := 0
	for key := range t.files[place{path, before}] {
		if len(t.files[place{path, sha}][key]) == 0 {
			n++
		}
	}
	return n
}
