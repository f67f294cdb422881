package trace

import (
	"context"
	"maps"
	"slices"
)

// halve finds, without blame, the oldest landing of the run of landings that have a step's spec, for all steps at
// some places at once: a spec once written stays until it is changed, so the file's history can be searched by halves.
// It gives back the steps whose way it does not know the landing of.
func (t *Files) halve(ctx context.Context, open map[place][]asked, wanted []Wanted) (map[place][]asked, error) {
	byTip := map[place][]quest{}
	left := map[place][]asked{}
	for _, at := range slices.SortedFunc(maps.Keys(open), place.compare) {
		for _, a := range open[at] {
			tip := place{at.path, a.tip}
			if err := t.history(ctx, tip); err != nil {
				return nil, err
			}
			start := 0
			if at != tip {
				k := slices.IndexFunc(t.logs[tip], func(c Commit) bool { return c.SHA == a.past })
				if start = k + 1; k < 0 {
					left[at] = append(left[at], a)
					continue
				}
			}
			byTip[tip] = append(byTip[tip], quest{a.i, start})
		}
	}
	for _, tip := range slices.SortedFunc(maps.Keys(byTip), place.compare) {
		first := even
		if len(open) > 1 { // where blame led so far, the commit is mostly near
			first = near
		}
		if err := t.halveOf(ctx, tip, byTip[tip], wanted, first); err != nil {
			return nil, err
		}
	}
	return left, nil
}

func (t *Files) halveOf(ctx context.Context, tip place, quests []quest, wanted []Wanted, first func(yes, no int) []int) error {
	has := func(i int, sha string) bool {
		_, ok := find(t.files[place{tip.path, sha}][wanted[i].Const], wanted[i].Step)
		return ok
	}
	for range blameRounds {
		bounds, err := t.search(ctx, tip, "", quests, first, has)
		if err != nil {
			return err
		}
		quests = nil
		for _, i := range slices.Sorted(maps.Keys(bounds)) {
			c, prev := bounds[i][0], bounds[i][1]
			if undoes(c.Title) && !backward(wanted[i].Step) {
				// It brought back what was there before, so that is looked for behind what it reverted.
				if k := revertedBy(t.logs[tip], c); k >= 0 && k+1 < len(t.logs[tip]) {
					older := t.logs[tip][k+1].SHA
					if err := t.read(ctx, tip.path, older); err != nil {
						return err
					}
					if has(i, older) {
						quests = append(quests, quest{i, k + 1})
						continue
					}
				}
			}
			how := Likely
			if t.differ(tip.path, c.SHA, prev.SHA) > massGates {
				how = Possible
			}
			t.claim(i, wanted[i], c, RulePathHistory, tip.path, how)
		}
		if len(quests) == 0 {
			break
		}
	}
	return nil
}

// differ counts the gates that two commits have otherwise; both were read.
func (t *Files) differ(path, a, b string) int {
	one, other := t.files[place{path, a}], t.files[place{path, b}]
	names := map[string]bool{}
	for name := range one {
		names[name] = true
	}
	for name := range other {
		names[name] = true
	}
	n := 0
	for name := range names {
		if !slices.EqualFunc(one[name], other[name], func(x, y spot) bool { x.line, y.line = 0, 0; return x == y }) {
			n++
		}
	}
	return n
}

// quest is a search that begins at an index of a log; i says which.
type quest struct{ i, start int }

// span is what is left of a quest: the newer end has it, the older has not.
type span struct{ start, yes, no int }

// search looks, for many questions at once, for the last landing of a log up to which has holds, from each start on to
// the older ones, and gives it with the one before it. There is none where the start has it not, or the oldest known
// one has it too. The log ends at the landing called end, if it has that.
//
// What was undone in between and done again is found as it was done last: no newer landing that is known of may have it
// not, and one that reverts what was found is looked at.
func (t *Files) search(ctx context.Context, tip place, end string, quests []quest, first func(yes, no int) []int, has func(i int, sha string) bool) (map[int][2]Commit, error) {
	bounds := map[int][2]Commit{}
	log := t.logs[tip]
	all := len(log)
	if k := slices.IndexFunc(log, func(c Commit) bool { return c.SHA == end }); k >= 0 {
		log = log[:k+1]
	}
	spans := map[int]span{}
	ask := []string{}
	for _, q := range quests {
		if q.start+1 >= len(log) {
			continue
		}
		spans[q.i] = span{q.start, q.start, len(log) - 1}
		for _, k := range append(first(q.start, len(log)-1), q.start, len(log)-1) {
			ask = append(ask, log[k].SHA)
		}
	}
	if err := t.read(ctx, tip.path, ask...); err != nil {
		return nil, err
	}
	var old []quest
	for _, q := range quests {
		s, open := spans[q.i]
		switch {
		case !open:
		case !has(q.i, log[s.yes].SHA):
			delete(spans, q.i)
		case has(q.i, log[s.no].SHA):
			delete(spans, q.i)
			old = append(old, quest{q.i, s.no})
		}
	}
	places := first
	for len(spans) > 0 {
		for i, s := range spans {
			for _, k := range places(s.yes, s.no) {
				if !has(i, log[k].SHA) {
					s.no = k
					break
				}
				s.yes = k
			}
			spans[i] = s
			if s.no-s.yes > 1 {
				continue
			}
			if err := t.undone(ctx, tip.path, log, &s, func(sha string) bool { return has(i, sha) }); err != nil {
				return nil, err
			}
			if spans[i] = s; s.no-s.yes == 1 {
				bounds[i] = [2]Commit{log[s.yes], log[s.no]}
				delete(spans, i)
			}
		}
		n := max(2, probesAtOnce/max(len(spans), 1))
		places = func(yes, no int) []int { return between(yes, no, min(n, 8)) }
		ask = ask[:0]
		for _, s := range spans {
			for _, k := range places(s.yes, s.no) {
				ask = append(ask, log[k].SHA)
			}
		}
		if err := t.read(ctx, tip.path, ask...); err != nil {
			return nil, err
		}
	}
	if len(old) > 0 && len(log) == all {
		more, err := t.more(ctx, tip)
		if err != nil {
			return nil, err
		}
		if more {
			for i := range old { // the older part may have come in between
				old[i].start = max(0, slices.IndexFunc(t.logs[tip], func(c Commit) bool { return c.SHA == log[old[i].start].SHA }))
			}
			older, err := t.search(ctx, tip, end, old, even, has)
			if err != nil {
				return nil, err
			}
			maps.Copy(bounds, older)
		}
	}
	return bounds, nil
}

// undone narrows a span that is found to its newer part where that shows that what was found was undone and done again.
func (t *Files) undone(ctx context.Context, path string, log []Commit, s *span, has func(sha string) bool) error {
	ask := revertOf(log[s.start:s.yes], log[s.yes])
	if ask >= 0 {
		if err := t.read(ctx, path, log[s.start+ask].SHA); err != nil {
			return err
		}
	}
	for k := s.start; k < s.yes; k++ {
		if _, known := t.files[place{path, log[k].SHA}]; known && !has(log[k].SHA) {
			s.yes, s.no = s.start, k
			return nil
		}
	}
	return nil
}

// probesAtOnce is about how many versions of a file are looked at in one question, beyond the first.
const probesAtOnce = 21

// even are eight places between two.
func even(yes, no int) []int { return between(yes, no, 8) }

// near are places between two, the more the nearer to the first.
func near(yes, no int) []int {
	var out []int
	for _, k := range []int{1, 3, 9, 27} {
		if yes+k < no {
			out = append(out, yes+k)
		}
	}
	return out
}

// between are n places between two, evenly.
func between(yes, no, n int) []int {
	var out []int
	for k := 1; k <= n; k++ {
		at := yes + (no-yes)*k/(n+1)
		if at > yes && at < no && !slices.Contains(out, at) {
			out = append(out, at)
		}
	}
	if len(out) == 0 && no-yes > 1 {
		out = append(out, yes+1)
	}
	return out
}
