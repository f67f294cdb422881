package repo

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// keptLineages is how many tips' lineages are remembered: that of a large repository takes seconds.
const keptLineages = 3

// lineage knows of every commit that leads to a tip which merge brought it.
type lineage struct {
	tip   string
	index map[string]int32
	ids   []string
	by    []int32 // the innermost merge that brought a commit, mainline for one of the tip's own line
}

const (
	unseen   = -2
	mainline = -1
)

// lineageOf reads it in one pass over the history.
func (l *Local) lineageOf(ctx context.Context, g *git, tip string) (*lineage, error) {
	l.tracing.Lock()
	defer l.tracing.Unlock() // two callers for one tip must not both read it
	for _, n := range l.lineages {
		if n.tip == tip {
			return n, nil
		}
	}
	n := &lineage{tip: tip, index: map[string]int32{}}
	var parents [][]int32
	number := func(id string) int32 {
		i, ok := n.index[id]
		if !ok {
			i = int32(len(n.ids)) //nolint:gosec // no history is so long
			id = strings.Clone(id)
			n.index[id] = i
			n.ids, parents = append(n.ids, id), append(parents, nil)
		}
		return i
	}
	err := g.stream(ctx, nil, eachLine(func(line string) error {
		fields := strings.Fields(line)
		for _, f := range fields {
			if !isObjectID(f) {
				return fmt.Errorf("%s: git rev-list: line %q", l.repository, line)
			}
		}
		k := number(fields[0])
		for _, f := range fields[1:] {
			p := number(f)
			parents[k] = append(parents[k], p)
		}
		return nil
	}), "rev-list", "--parents", tip, "--")
	if err != nil {
		return nil, err
	}
	n.by = make([]int32, len(n.ids))
	for i := range n.by {
		n.by[i] = unseen
	}
	if start, ok := n.index[tip]; ok {
		n.bring(parents, start, mainline)
	}
	l.lineages = append(l.lineages, n)
	if len(l.lineages) > keptLineages {
		l.lineages = slices.Delete(l.lineages, 0, 1)
	}
	return n, nil
}

// bring marks the line of first parents down from tip as brought by a merge, then what the merges of that
// line brought, the oldest first: whatever leads to a merge's first parent was marked by then, so what is
// left below its other parents is what it added.
func (n *lineage) bring(parents [][]int32, tip, merge int32) {
	var line []int32
	for c := tip; n.by[c] == unseen; {
		n.by[c] = merge
		line = append(line, c)
		if len(parents[c]) == 0 {
			break
		}
		c = parents[c][0]
	}
	for _, c := range slices.Backward(line) {
		for i := 1; i < len(parents[c]); i++ {
			n.bring(parents, parents[c][i], c)
		}
	}
}

// merges lists the merges that brought a commit, that of the tip's own line first.
func (n *lineage) merges(sha string) []string {
	i, ok := n.index[sha]
	if !ok {
		return nil
	}
	var out []string
	for m := n.by[i]; m >= 0; m = n.by[m] {
		out = append(out, n.ids[m])
	}
	slices.Reverse(out)
	return out
}

// infos tells of commits that lead to tip what they are and which pull request brought them: that of the
// outermost merge that names one, for numbers within it are a fork's; else the one that its headline names.
func (l *Local) infos(ctx context.Context, g *git, tip string, shas []string) (map[string]CommitInfo, error) {
	out := map[string]CommitInfo{}
	if len(shas) == 0 {
		return out, nil
	}
	n, err := l.lineageOf(ctx, g, tip)
	if err != nil {
		return nil, err
	}
	wanted := unique(shas)
	all := slices.Clone(wanted)
	for _, sha := range wanted {
		all = append(all, n.merges(sha)...)
	}
	messages, err := l.commits(ctx, g, unique(all))
	if err != nil {
		return nil, err
	}
	for _, sha := range wanted {
		k := messages[sha]
		info := CommitInfo{SHA: sha, Headline: k.headline(), When: k.when}
		way := append(n.merges(sha), sha)
		info.Landed, info.LandedAt = way[0], messages[way[0]].when
		for _, m := range way {
			if p := pullOf(messages[m].headline()); p > 0 {
				info.PRs = []int{p}
				info.Title = pullOfCommit(p, &namingCommit{sha: m, commitText: messages[m]}).Title
				break
			}
		}
		out[sha] = info
	}
	return out, nil
}
