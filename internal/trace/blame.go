package trace

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// The rules that read a file's history in git.
const (
	// RuleBlame is the commit that wrote a spec's line and before which the spec was not there.
	RuleBlame = "blame"
	// RulePathHistory is the same commit, found by halving the file's history where blame could not be had.
	RulePathHistory = "path-history"
)

// Commit is a commit that touched a file, and the merged pull requests that brought it.
type Commit struct {
	SHA  string
	When time.Time
	PRs  []int
}

// Range is a run of lines, from 1, both ends included, that one commit wrote.
type Range struct {
	From, To int
	Commit   Commit
}

// Git is what the rules ask of a repository's history, at commits given by their whole ids.
type Git interface {
	// Blame says which commit wrote each line of a file.
	Blame(ctx context.Context, sha, path string) ([]Range, error)
	// PathHistory lists the newest commits that touched a file and lead to sha, newest first.
	PathHistory(ctx context.Context, sha, path string, n int) ([]Commit, error)
	// FilesAt gives a file at several commits; those without it have no entry.
	FilesAt(ctx context.Context, shas []string, path string) (map[string][]byte, error)
}

// Wanted is a step of a gate whose commit is looked for.
type Wanted struct {
	Const string // the constant's name, which the file has for the gate
	Step  Step
}

// How many commits of a file are asked for: one document's, which is half a year of upstream's busiest, and only where
// that is not enough the most there may be.
const (
	historyAsked = 100
	historyMost  = 500
)

// blameRounds is how often blame goes on before a commit that only moved a line; blamePlaces is at how many commits it
// may do so at once. More are searched by halves, which asks for all of them together.
const (
	blameRounds = 4
	blamePlaces = 1
)

// Made looks for the commits that made steps, where each spec still stands in one of the files.
// Blame names a commit for the spec's line; where the file had the same spec before that commit, it only
// moved or rewrote the line (a sorting, a conversion, a comment), and blame goes on before it, in another of
// the paths if it came from there. So a link is certain where the commit is known to have made the spec and
// belongs to one pull request.
//
// The claims are by the wanted step's index. What can't be found has none. Where blame fails the file's history is
// halved instead, and the links are likely.
func (t *Files) Made(ctx context.Context, wanted []Wanted) (map[int][]Claim, error) {
	t.found = map[int][]Claim{}
	open := map[place][]int{} // those that are moved past one commit are asked at an older one
	done := make([]bool, len(wanted))
	for _, path := range t.paths {
		at := place{path, t.sha}
		if err := t.read(ctx, path, t.sha); err != nil {
			return nil, err
		}
		for i, w := range wanted {
			if _, ok := find(t.files[at][w.Const], w.Step); ok && !done[i] {
				open[at], done[i] = append(open[at], i), true
			}
		}
	}
	for range blameRounds {
		next := map[place][]int{}
		for _, at := range slices.SortedFunc(maps.Keys(open), place.compare) {
			if err := t.history(ctx, at.path); err != nil {
				return nil, err
			}
			ranges, err := t.git.Blame(ctx, at.sha, at.path)
			switch {
			case ctx.Err() != nil:
				return nil, ctx.Err()
			case err != nil:
				if err := t.halve(ctx, []place{at}, wanted, open); err != nil {
					return nil, err
				}
			default:
				if err := t.round(ctx, at, ranges, wanted, open[at], next); err != nil {
					return nil, err
				}
			}
		}
		if open = next; len(open) == 0 {
			break
		}
		if len(open) > blamePlaces {
			return t.found, t.halve(ctx, slices.SortedFunc(maps.Keys(open), place.compare), wanted, open)
		}
	}
	return t.found, nil
}

// place is a file at a commit.
type place struct{ path, sha string }

func (p place) compare(o place) int {
	return cmp.Or(cmp.Compare(p.path, o.path), cmp.Compare(p.sha, o.sha))
}

// Files are a few files at one commit, between which gates may have moved. What was asked of their history once is not
// asked again.
type Files struct {
	git   Git
	sha   string
	paths []string
	repo  Repository
	logs  map[string][]Commit // by path, newest first
	files map[place]map[string][]spot
	found map[int][]Claim
}

// NewFiles is for asking about files at a commit. Those that are not there have no gates.
func NewFiles(git Git, sha string, paths []string, repo Repository) *Files {
	return &Files{git: git, sha: sha, paths: paths, repo: repo, logs: map[string][]Commit{}, files: map[place]map[string][]spot{}, found: map[int][]Claim{}}
}

// read makes sure of a file at commits, in one question.
func (t *Files) read(ctx context.Context, path string, shas ...string) error {
	var ask []string
	for _, c := range shas {
		if _, have := t.files[place{path, c}]; !have && c != "" && !slices.Contains(ask, c) {
			ask = append(ask, c)
		}
	}
	if len(ask) == 0 {
		return nil
	}
	got, err := t.git.FilesAt(ctx, ask, path)
	if err != nil {
		return fmt.Errorf("trace %s: %w", path, err)
	}
	for _, c := range ask {
		t.files[place{path, c}] = spots(got[c])
	}
	return nil
}

// history makes sure of the commits that touched a file.
func (t *Files) history(ctx context.Context, path string) error {
	if _, have := t.logs[path]; have {
		return nil
	}
	log, err := t.git.PathHistory(ctx, t.sha, path, historyAsked)
	if err != nil {
		return fmt.Errorf("trace %s: %w", path, err)
	}
	t.logs[path] = log
	return nil
}

// before is the commit that touched a file last before one; "" where that one began it, or is too old.
func (t *Files) before(ctx context.Context, path, sha string) (string, error) {
	for {
		log := t.logs[path]
		i := slices.IndexFunc(log, func(c Commit) bool { return c.SHA == sha })
		if i >= 0 && i+1 < len(log) {
			return log[i+1].SHA, nil
		}
		if more, err := t.more(ctx, path); err != nil || !more {
			return "", err
		}
	}
}

// more asks for the older part of a path's log, and reports whether there is one.
func (t *Files) more(ctx context.Context, path string) (bool, error) {
	if len(t.logs[path]) != historyAsked {
		return false, nil
	}
	log, err := t.git.PathHistory(ctx, t.sha, path, historyMost)
	if err != nil {
		return false, fmt.Errorf("trace %s: %w", path, err)
	}
	grown := len(log) > len(t.logs[path])
	t.logs[path] = log
	return grown, nil
}

// round asks for the lines of open steps at a place, and puts those that have to be asked further back into next.
func (t *Files) round(ctx context.Context, at place, ranges []Range, wanted []Wanted, open []int, next map[place][]int) error {
	by := map[int]Commit{}
	older := map[string]string{} // commit to the one before
	var shas []string
	for _, i := range open {
		s, ok := find(t.files[at][wanted[i].Const], wanted[i].Step)
		if !ok {
			continue
		}
		j := slices.IndexFunc(ranges, func(r Range) bool { return r.From <= s.line && s.line <= r.To })
		if j < 0 {
			continue
		}
		by[i] = ranges[j].Commit
		prev, err := t.before(ctx, at.path, by[i].SHA)
		if err != nil {
			return err
		}
		older[by[i].SHA] = prev
		shas = append(shas, prev)
	}
	if err := t.read(ctx, at.path, shas...); err != nil {
		return err
	}
	// How many gates a commit wrote lines of tells a conversion from a change, without reading the file once more.
	wrote := t.wrote(at, ranges)
	for _, i := range open {
		c, ok := by[i]
		if !ok {
			continue
		}
		prev := place{at.path, older[c.SHA]}
		if _, was := find(t.files[prev][wanted[i].Const], wanted[i].Step); was {
			next[prev] = append(next[prev], i)
			continue
		}
		if wrote[c.SHA] <= massGates {
			how := Certain
			if prev.sha == "" {
				how = Possible // the oldest commit that is known of
			}
			t.claim(i, wanted[i], c, RuleBlame, at.path, how)
			continue
		}
		from, found, err := t.cameFrom(ctx, at.path, c.SHA, wanted[i])
		switch {
		case err != nil:
			return err
		case found:
			next[from] = append(next[from], i)
		case prev.sha != "":
			t.claim(i, wanted[i], c, RuleBlame, at.path, Possible) // it says little of each of so many
		}
	}
	return nil
}

// cameFrom finds the spec in another of the paths as it was before a commit that touched both.
func (t *Files) cameFrom(ctx context.Context, path, sha string, w Wanted) (place, bool, error) {
	for _, other := range t.paths {
		if other == path {
			continue
		}
		if err := t.history(ctx, other); err != nil {
			return place{}, false, err
		}
		before, err := t.before(ctx, other, sha)
		if err != nil {
			return place{}, false, err
		}
		older := place{other, before}
		if err := t.read(ctx, other, older.sha); err != nil {
			return place{}, false, err
		}
		if _, was := find(t.files[older][w.Const], w.Step); was {
			return older, true, nil
		}
	}
	return place{}, false, nil
}

// massGates is how many gates a commit may write lines of and still be about each of them.
const massGates = 12

// wrote counts the gates that each commit wrote a spec's line of.
func (t *Files) wrote(at place, ranges []Range) map[string]int {
	out := map[string]int{}
	for _, list := range t.files[at] {
		seen := map[string]bool{}
		for _, s := range list {
			j := slices.IndexFunc(ranges, func(r Range) bool { return r.From <= s.line && s.line <= r.To })
			if j >= 0 && !seen[ranges[j].Commit.SHA] {
				seen[ranges[j].Commit.SHA] = true
				out[ranges[j].Commit.SHA]++
			}
		}
	}
	return out
}

// claim says that a commit made a step. A commit with several pull requests is possibly either's.
func (t *Files) claim(i int, w Wanted, c Commit, rule, path string, how Confidence) {
	if len(c.PRs) > 1 {
		how = Possible
	}
	for _, pr := range c.PRs {
		target, url := t.repo.pull(pr)
		t.found[i] = append(t.found[i], Claim{What: ToPull, Stage: w.Step.Stage, Role: roleOf(w.Step), Version: w.Step.Version, Evidence: Evidence{
			Rule: rule, Target: target, URL: url, Source: path + " at " + short(c.SHA), Confidence: how,
		}})
	}
}

// roleOf is the role by which a claim finds a step that has no stage.
func roleOf(st Step) Role {
	if st.Stage == "" && len(st.Roles) > 0 {
		return st.Roles[0]
	}
	return ""
}

func short(sha string) string { return sha[:min(len(sha), 10)] }

// halve finds, without blame, the oldest commit of the run of commits that have a step's spec, for all steps at
// some places at once: a spec once written stays until it is changed, so the file's history can be searched by halves.
func (t *Files) halve(ctx context.Context, places []place, wanted []Wanted, open map[place][]int) error {
	byPath := map[string][]quest{}
	for _, at := range places {
		start := max(0, slices.IndexFunc(t.logs[at.path], func(c Commit) bool { return c.SHA == at.sha }))
		for _, i := range open[at] {
			byPath[at.path] = append(byPath[at.path], quest{i, start})
		}
	}
	for _, path := range slices.Sorted(maps.Keys(byPath)) {
		has := func(i int, sha string) bool {
			_, ok := find(t.files[place{path, sha}][wanted[i].Const], wanted[i].Step)
			return ok
		}
		first := even
		if len(places) > 1 { // where blame led so far, the commit is mostly near
			first = near
		}
		bounds, err := t.search(ctx, path, "", byPath[path], first, has)
		if err != nil {
			return err
		}
		for _, i := range slices.Sorted(maps.Keys(bounds)) {
			c, prev := bounds[i][0], bounds[i][1]
			how := Likely
			if t.differ(path, c.SHA, prev.SHA) > massGates {
				how = Possible
			}
			t.claim(i, wanted[i], c, RulePathHistory, path, how)
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

// search looks, for many questions at once, for the last commit of a log up to which has holds, from each start on to
// the older ones, and gives it with the one before it. There is none where the start has it not, or the oldest known
// one has it too. The log ends at the commit called end, if it has that.
func (t *Files) search(ctx context.Context, path, end string, quests []quest, first func(yes, no int) []int, has func(i int, sha string) bool) (map[int][2]Commit, error) {
	bounds := map[int][2]Commit{}
	log := t.logs[path]
	if k := slices.IndexFunc(log, func(c Commit) bool { return c.SHA == end }); k >= 0 {
		log = log[:k+1]
	}
	type span struct{ yes, no int } // the newer end has it, the older has not
	spans := map[int]span{}
	ask := []string{}
	for _, q := range quests {
		if q.start+1 >= len(log) {
			continue
		}
		spans[q.i] = span{q.start, len(log) - 1}
		for _, k := range append(first(q.start, len(log)-1), q.start, len(log)-1) {
			ask = append(ask, log[k].SHA)
		}
	}
	if err := t.read(ctx, path, ask...); err != nil {
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
			if s.no-s.yes == 1 {
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
		if err := t.read(ctx, path, ask...); err != nil {
			return nil, err
		}
	}
	if len(old) > 0 && len(log) == len(t.logs[path]) {
		more, err := t.more(ctx, path)
		if err != nil {
			return nil, err
		}
		if more {
			older, err := t.search(ctx, path, end, old, even, has)
			if err != nil {
				return nil, err
			}
			maps.Copy(bounds, older)
		}
	}
	return bounds, nil
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

// RuleRemoval is the commit that took a gate's registration out of its file.
const RuleRemoval = "removal"

// Removed looks for the commits that took gates out of the first of the files that lost them; none has one of them any
// more. From is an older commit that had them, such as the release before ("": anywhere before). All are
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
			return nil, err
		}
		if len(open) == 0 {
			break
		}
	}
	return t.found, nil
}

// removed searches one path, and returns those that it does not know of.
func (t *Files) removed(ctx context.Context, from, path string, wanted []Wanted, open []int) ([]int, error) {
	if err := t.history(ctx, path); err != nil {
		return nil, err
	}
	end := ""
	if from != "" {
		// Branches part after a file was touched last, so the older commit itself need not be in the history.
		last, err := t.git.PathHistory(ctx, from, path, 1)
		if err != nil {
			return nil, fmt.Errorf("trace removals from %s: %w", path, err)
		}
		if len(last) > 0 {
			end = last[0].SHA
			if !slices.ContainsFunc(t.logs[path], func(c Commit) bool { return c.SHA == end }) {
				if _, err := t.more(ctx, path); err != nil {
					return nil, err
				}
			}
		}
	}
	var quests []quest
	for _, i := range open {
		quests = append(quests, quest{i, 0})
	}
	gone := func(i int, sha string) bool { return len(t.files[place{path, sha}][wanted[i].Const]) == 0 }
	bounds, err := t.search(ctx, path, end, quests, even, gone)
	if err != nil {
		return nil, err
	}
	var left []int
	for _, i := range open {
		b, ok := bounds[i]
		if !ok {
			left = append(left, i)
			continue
		}
		if t.lost(path, b[0].SHA, b[1].SHA) <= massGates {
			t.claim(i, wanted[i], b[0], RuleRemoval, path, Certain)
			continue
		}
		moved, err := t.movedOn(ctx, b[0].SHA, path, wanted, i)
		if err != nil {
			return nil, err
		}
		if !moved {
			t.claim(i, wanted[i], b[0], RuleRemoval, path, Possible)
		}
	}
	return left, nil
}

// movedOn follows a gate that a commit moved to another of the paths, and reports whether it did.
func (t *Files) movedOn(ctx context.Context, at, path string, wanted []Wanted, i int) (bool, error) {
	for _, other := range t.paths {
		if other == path {
			continue
		}
		if err := t.read(ctx, other, at); err != nil {
			return false, err
		}
		if len(t.files[place{other, at}][wanted[i].Const]) == 0 {
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
