package diff

import (
	"cmp"
	"slices"

	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// PathChange is a watched path before and after, and what touched it between.
type PathChange struct {
	Before, After *snapshot.WatchedPath
	// Commits are those that touched it since, newest first. None are known where nobody could read a history.
	Commits []snapshot.PathCommit
	// More says that there are more than these.
	More bool
	// Rewritten says that none of the commits that were known before is in its history now.
	Rewritten bool
}

// Paths compares watched paths. One that only one side watches is not told: the configuration changed, and not upstream.
func Paths(before, after snapshot.PathSet) []Change {
	var out []Change
	for _, a := range after.Paths {
		i := slices.IndexFunc(before.Paths, func(b snapshot.WatchedPath) bool { return b.Path == a.Path })
		if i < 0 {
			continue
		}
		b := before.Paths[i]
		p := pathChange(&b, &a)
		c := Change{Source: snapshot.SourcePaths, ID: a.Path, Severity: FYI, Path: &p}
		switch {
		case b.OID == a.OID && (len(p.Commits) == 0 || p.Rewritten || a.OID == ""):
			continue
		case b.OID != "" && a.OID == "":
			c.Kinds, c.Severity, c.Why = []Kind{PathVanished}, Know, "it is gone"
		case b.OID == "" && a.OID != "":
			c.Kinds, c.Severity, c.Why = []Kind{PathAppeared}, Know, "it was not there before"
		default:
			c.Kinds = []Kind{PathChanged}
		}
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b Change) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// pathChange finds what touched a path since: the commits that the earlier reading does not have, wherever in the history
// they stand. A merge may put them below those that were known.
func pathChange(b, a *snapshot.WatchedPath) PathChange {
	p := PathChange{Before: b, After: a}
	if len(b.Commits) == 0 && b.OID != "" {
		return p // nobody could read them then
	}
	known := map[string]bool{}
	for _, c := range b.Commits {
		known[c.SHA] = true
	}
	lowest := -1
	for i, c := range a.Commits {
		if known[c.SHA] {
			lowest = i
		}
	}
	shared, list := lowest >= 0, a.Commits
	if shared && b.More && slices.ContainsFunc(list, func(c snapshot.PathCommit) bool { return c.SHA == b.Commits[len(b.Commits)-1].SHA }) {
		list = list[:lowest+1] // below stands what nobody had read before, and is no news for that
	}
	for _, c := range list {
		if !known[c.SHA] {
			p.Commits = append(p.Commits, c)
		}
	}
	if !shared {
		p.More = a.More
		p.Rewritten = len(b.Commits) > 0 && len(a.Commits) > 0 && !a.More
	}
	return p
}

// PathFaults are watched paths that are not there, where that is no news: somebody should look at the configuration.
func PathFaults(set snapshot.PathSet, news []Change) []gate.Diagnostic {
	var out []gate.Diagnostic
	for _, w := range set.Paths {
		if w.OID != "" || slices.ContainsFunc(news, func(c Change) bool { return c.ID == w.Path }) {
			continue
		}
		what := "it is not there, and there is no sign that it ever was"
		switch {
		case w.MovedTo != "":
			what = "it is gone; it moved to " + w.MovedTo
		case len(w.Commits) > 0:
			what = "it is gone, with “" + w.Commits[0].Title + "”"
		}
		out = append(out, gate.Diagnostic{File: w.Path, Message: what + "; correct sources.paths.paths of this upstream"})
	}
	return out
}
