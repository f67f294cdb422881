package trace

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/upstream-digest/bot/internal/gate"
)

// The rules that read a file's history in git.
const (
	// RuleBlame is the commit that wrote a spec's line and before which the spec was not there.
	RuleBlame = "blame"
	// RulePathHistory is the same commit, found by halving the file's history where blame could not be had.
	RulePathHistory = "path-history"
)

// Wanted is a step of a gate whose commit is looked for.
type Wanted struct {
	Const string // the constant's name, which the file has for the gate
	Step  Step
	// At is the commit at which the step stands in the file; "" is that of [NewFiles].
	At string
	// Lost is for [Files.Removed]: the spec that is gone, where the gate itself is still there. Nil: all its specs are.
	Lost *Step
}

// How many commits of a file are asked for: one document's, which is half a year of upstream's busiest, and only where
// that is not enough the most there may be.
const (
	historyAsked = 100
	historyMost  = 500
)

// blameRounds is how often blame goes on before a commit that only moved a line. Where it would have to at more commits
// than it began with, those are searched by halves, which asks for all of them together.
const blameRounds = 5

// Files are a few files at one commit, between which gates may have moved. What was asked of their history once is not
// asked again.
type Files struct {
	git    Git
	sha    string
	paths  []string
	beside []string // those of them that what is new to one is looked for in, always
	repo   Repository
	logs   map[place][]Commit // landings, newest first, by path and the commit that they lead to
	asked  map[place]int      // how many commits a log was read from
	blames map[place][]Range
	files  map[place]map[string][]spot
	before map[place]place // the file on the main line before a commit; no sha: there was none
	found  map[int][]Claim
}

// NewFiles is for asking about files at a commit. Those that are not there have no gates.
func NewFiles(git Git, sha string, paths []string, repo Repository) *Files {
	return &Files{
		git: git, sha: sha, paths: paths, beside: paths, repo: repo, logs: map[place][]Commit{}, asked: map[place]int{}, blames: map[place][]Range{},
		files: map[place]map[string][]spot{}, before: map[place]place{}, found: map[int][]Claim{},
	}
}

// Beside says which of the paths there were lately. In the others gates are looked for only where a commit moved many:
// each costs a request.
func (t *Files) Beside(there func(path string) bool) {
	t.beside = slices.DeleteFunc(slices.Clone(t.paths), func(path string) bool { return !there(path) })
}

// place is a file at a commit.
type place struct{ path, sha string }

func (p place) compare(o place) int {
	return cmp.Or(cmp.Compare(p.path, o.path), cmp.Compare(p.sha, o.sha))
}

// asked is a wanted step on its way back through a file's history.
type asked struct {
	i   int
	tip string // the commit at which it was first looked for
	// past is the landing before which the way leads now, "" at the tip.
	past string
}

// Made looks for the commits that made steps, where each spec still stands in one of the files.
// Blame names a commit for the spec's line; where the branch had the same spec before that commit landed, it only
// moved or rewrote the line (a sorting, a conversion, a comment), and blame goes on before it, in another of
// the paths if it came from there. What a revert brought back is looked for before what it reverted. So a link is certain
// where the commit is known to have made the spec.
//
// The claims are by the wanted step's index. What can't be found has none. Where blame fails the file's history is
// halved instead, and the links are likely. With an error come the claims that were found until then.
func (t *Files) Made(ctx context.Context, wanted []Wanted) (map[int][]Claim, error) {
	t.found = map[int][]Claim{}
	open := map[place][]asked{}
	done := make([]bool, len(wanted))
	for _, path := range t.paths {
		var shas []string
		for i, w := range wanted {
			if !done[i] {
				shas = append(shas, cmp.Or(w.At, t.sha))
			}
		}
		if err := t.read(ctx, path, shas...); err != nil {
			return t.found, err
		}
		for i, w := range wanted {
			at := place{path, cmp.Or(w.At, t.sha)}
			if _, ok := find(t.files[at][w.Const], w.Step); ok && !done[i] {
				open[at], done[i] = append(open[at], asked{i: i, tip: at.sha}), true
			}
		}
	}
	most := max(1, len(open))
	for range blameRounds {
		next, err := t.round(ctx, open, wanted)
		if err != nil {
			return t.found, err
		}
		if open = next; len(open) == 0 {
			break
		}
		if len(open) > most {
			if open, err = t.halve(ctx, open, wanted); err != nil {
				return t.found, err
			}
		}
	}
	return t.found, nil
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

// readBefore makes sure of a file before commits, in one question.
func (t *Files) readBefore(ctx context.Context, path string, shas ...string) error {
	var ask []string
	for _, c := range shas {
		if _, have := t.before[place{path, c}]; !have && c != "" && !slices.Contains(ask, c) {
			ask = append(ask, c)
		}
	}
	if len(ask) == 0 {
		return nil
	}
	got, err := t.git.FilesBefore(ctx, ask, path)
	if err != nil {
		return fmt.Errorf("trace %s: %w", path, err)
	}
	for _, c := range ask {
		v := got[c]
		prev := place{path, v.SHA}
		if t.before[place{path, c}] = prev; v.SHA != "" {
			t.files[prev] = spots(v.Data)
		}
	}
	return nil
}

// history makes sure of the landings that touched a file and lead to a commit.
func (t *Files) history(ctx context.Context, at place) error {
	if _, have := t.logs[at]; have {
		return nil
	}
	log, err := t.git.PathHistory(ctx, at.sha, at.path, historyAsked)
	if err != nil {
		return fmt.Errorf("trace %s: %w", at.path, err)
	}
	t.logs[at], t.asked[at] = landings(log), len(log)
	return nil
}

// more asks for the older part of a log, and reports whether there is one.
func (t *Files) more(ctx context.Context, at place) (bool, error) {
	if t.asked[at] != historyAsked {
		return false, nil
	}
	log, err := t.git.PathHistory(ctx, at.sha, at.path, historyMost)
	if err != nil {
		return false, fmt.Errorf("trace %s: %w", at.path, err)
	}
	grown := len(log) > t.asked[at]
	t.logs[at], t.asked[at] = landings(log), len(log)
	return grown, nil
}

// round asks for the lines of open steps at their places, and gives those that have to be asked further back.
func (t *Files) round(ctx context.Context, open map[place][]asked, wanted []Wanted) (map[place][]asked, error) {
	next := map[place][]asked{}
	by := map[int]Commit{}
	main := map[int]string{} // the commit of the main line that is judged
	past := map[int]bool{}   // it wrote a later spec of the gate, too
	ask := map[string][]string{}
	places := slices.SortedFunc(maps.Keys(open), place.compare)
	for _, at := range places {
		ranges, known := t.blames[at]
		if !known {
			var err error
			if ranges, err = t.git.Blame(ctx, at.sha, at.path); ctx.Err() != nil {
				return nil, ctx.Err()
			} else if err != nil {
				if _, err := t.halve(ctx, map[place][]asked{at: open[at]}, wanted); err != nil {
					return nil, err
				}
				continue
			}
			t.blames[at] = ranges
		}
		for _, a := range open[at] {
			s, ok := find(t.files[at][wanted[a.i].Const], wanted[a.i].Step)
			if !ok {
				continue
			}
			j := slices.IndexFunc(ranges, func(r Range) bool { return r.From <= s.line && s.line <= r.To })
			if j < 0 {
				continue
			}
			c := ranges[j].Commit
			by[a.i], main[a.i], past[a.i] = c, c.landed(), wroteLater(t.files[at][wanted[a.i].Const], s, ranges, c)
			if a.past == c.landed() { // it landed as a row of commits, of which the last is told
				main[a.i] = c.SHA
			}
			ask[at.path] = append(ask[at.path], main[a.i])
		}
	}
	for _, path := range slices.Sorted(maps.Keys(ask)) {
		if err := t.readBefore(ctx, path, ask[path]...); err != nil {
			return nil, err
		}
	}
	// What is new to a file may have stood in another: all of them are asked for together.
	for _, path := range slices.Sorted(maps.Keys(ask)) {
		var came []string
		for _, at := range places {
			for _, a := range open[at] {
				if _, ok := by[a.i]; ok && at.path == path && len(t.files[t.before[place{path, main[a.i]}]][wanted[a.i].Const]) == 0 {
					came = append(came, main[a.i])
				}
			}
		}
		for _, other := range t.beside {
			if other != path {
				if err := t.readBefore(ctx, other, came...); err != nil {
					return nil, err
				}
			}
		}
	}
	for _, at := range places {
		// How many gates a landing wrote lines of tells a conversion from a change, without reading the file once more.
		wrote := t.wrote(at, t.blames[at])
		for _, a := range open[at] {
			if c, ok := by[a.i]; ok {
				if err := t.judge(ctx, at, a, c, main[a.i], wrote[c.landed()], past[a.i], wanted, next); err != nil {
					return nil, err
				}
			}
		}
	}
	return next, nil
}

// judge says whether a commit made a step, or where to look further back. main is the commit of the main line by which
// it landed, wrote how many gates it wrote lines of, past whether it wrote a later spec of the gate, too.
func (t *Files) judge(ctx context.Context, at place, a asked, c Commit, main string, wrote int, past bool, wanted []Wanted, next map[place][]asked) error {
	w := wanted[a.i]
	a.past = c.landed()
	prev := t.before[place{at.path, main}]
	if _, was := find(t.files[prev][w.Const], w.Step); was {
		next[prev] = append(next[prev], a)
		return nil
	}
	isNew := len(t.files[prev][w.Const]) == 0
	if wrote > massGates || isNew {
		paths := t.beside
		if wrote > massGates {
			paths = t.paths
		}
		from, found, err := t.cameFrom(ctx, paths, at.path, main, w)
		switch {
		case err != nil:
			return err
		case found:
			next[from] = append(next[from], a)
			return nil
		case wrote > massGates:
			if prev.sha != "" {
				t.claim(a.i, w, c, RuleBlame, at.path, Possible) // it says little of each of so many
			}
			return nil
		}
	}
	// A gate that has a past did not begin here: it had another constant, or stood in a file that is not known. And of the
	// specs that one commit writes at once all but the last are history.
	if past || isNew && !w.Step.Has(Introduced) && !t.stood(main, w) {
		t.claim(a.i, w, c, RuleBlame, at.path, Possible)
		return nil
	}
	if prev.sha == "" { // it began the branch, or nobody knows what was before it
		t.claim(a.i, w, c, RuleBlame, at.path, Possible)
		return nil
	}
	if undoes(c.Title) && !backward(w.Step) {
		older, err := t.beforeReverted(ctx, place{at.path, a.tip}, c)
		if err != nil {
			return err
		}
		if _, was := find(t.files[older][w.Const], w.Step); was {
			next[older] = append(next[older], a)
			return nil
		}
	}
	t.claim(a.i, w, c, RuleBlame, at.path, Certain)
	return nil
}

// beforeReverted is the file before what a revert reverted; no place where that is not known.
func (t *Files) beforeReverted(ctx context.Context, tip place, c Commit) (place, error) {
	if err := t.history(ctx, tip); err != nil {
		return place{}, err
	}
	k := revertedBy(t.logs[tip], c)
	if k < 0 {
		return place{}, nil
	}
	original := t.logs[tip][k].SHA
	err := t.readBefore(ctx, tip.path, original)
	return t.before[place{tip.path, original}], err
}

// cameFrom finds the spec in another of the paths as it was before a commit that touched both.
func (t *Files) cameFrom(ctx context.Context, paths []string, path, sha string, w Wanted) (place, bool, error) {
	for _, other := range paths {
		if other == path {
			continue
		}
		if err := t.readBefore(ctx, other, sha); err != nil {
			return place{}, false, err
		}
		older := t.before[place{other, sha}]
		if _, was := find(t.files[older][w.Const], w.Step); was {
			return older, true, nil
		}
	}
	return place{}, false, nil
}

// stood reports whether the gate was in any of the paths before a commit, as far as they were read.
func (t *Files) stood(sha string, w Wanted) bool {
	return slices.ContainsFunc(t.paths, func(path string) bool {
		return len(t.files[t.before[place{path, sha}]][w.Const]) > 0
	})
}

// wroteLater reports whether a commit wrote the line of a later spec of a gate than one, too.
func wroteLater(list []spot, than spot, ranges []Range, c Commit) bool {
	return slices.ContainsFunc(list, func(s spot) bool {
		return gate.CompareVersions(s.version, than.version) > 0 && slices.ContainsFunc(ranges, func(r Range) bool {
			return r.From <= s.line && s.line <= r.To && r.Commit.landed() == c.landed()
		})
	})
}

// massGates is how many gates a commit may write lines of and still be about each of them.
const massGates = 12

// wrote counts the gates that each landing wrote a spec's line of.
func (t *Files) wrote(at place, ranges []Range) map[string]int {
	out := map[string]int{}
	for _, list := range t.files[at] {
		seen := map[string]bool{}
		for _, s := range list {
			j := slices.IndexFunc(ranges, func(r Range) bool { return r.From <= s.line && s.line <= r.To })
			if j >= 0 && !seen[ranges[j].Commit.landed()] {
				seen[ranges[j].Commit.landed()] = true
				out[ranges[j].Commit.landed()]++
			}
		}
	}
	return out
}

// claim says that a commit made a step, by the pull request that brought it.
func (t *Files) claim(i int, w Wanted, c Commit, rule, path string, how Confidence) {
	if len(c.PRs) == 0 {
		return
	}
	target, url := t.repo.pull(c.PRs[0])
	remark := ""
	if undoes(c.Title) {
		remark = "a revert"
		if pulls, _ := Reverts(c.Title, ""); len(pulls) > 0 {
			was, _ := t.repo.pull(pulls[0])
			remark = "it reverts " + was
		}
	}
	t.found[i] = append(t.found[i], Claim{What: ToPull, Stage: w.Step.Stage, Role: roleOf(w.Step), Version: w.Step.Version, Evidence: Evidence{
		Rule: rule, Target: target, URL: url, Source: path + " at " + short(c.landed()), Confidence: how, Remark: remark,
	}})
}

// roleOf is the role by which a claim finds a step that has no stage.
func roleOf(st Step) Role {
	if st.Stage == "" && len(st.Roles) > 0 {
		return st.Roles[0]
	}
	return ""
}

// backward reports whether a step takes something back, so that a revert may be what made it.
func backward(st Step) bool {
	return st.Has(Demoted) || st.Has(Removed) || st.Has(Unlocked) || st.Has(Flipped) && !st.Has(Promoted)
}

func short(sha string) string { return sha[:min(len(sha), 10)] }
