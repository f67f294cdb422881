package sources

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/snapshot"
)

const (
	// pathsParser counts the forms that the items of paths have had.
	pathsParser = 1
	// newestCommits are read of a path first; of one whose known commits are not among them, deepCommits.
	newestCommits, deepCommits = 30, 100
	// keptCommits are kept of a path across readings: a definition that is told seldom compares with them.
	keptCommits = 200
)

// histories is a reader that knows what touched paths and where they went.
type histories interface {
	PathPages(ctx context.Context, sha string, queries []repo.PathQuery) ([]repo.PathPage, error)
	Moves(ctx context.Context, sha string) ([]repo.Move, error)
}

// Paths collects what touched watched files and folders of one upstream.
//
// The object ids come with the heads; a history is read only of what has another id than last time. What is new is
// told by commit id, never by date: a merge brings commits that are older than those already told.
type Paths struct{ Paths []string }

// Name is the section's name.
func (Paths) Name() string { return snapshot.SourcePaths }

// Parser is the number of the form of the items.
func (Paths) Parser() int { return pathsParser }

// Setup is "": what is known of a path does not depend on which others are watched.
func (Paths) Setup() string { return "" }

// Watch asks for the paths.
func (s Paths) Watch(string) Watch { return Watch{Paths: s.Paths} }

// Collect reads what touched the paths that changed since the last reading. Without a token, or of a clone without
// history, it is known that they changed and not by what; the section says so.
func (s Paths) Collect(ctx context.Context, r repo.Reader, at Commit) (snapshot.Section, error) {
	sec := snapshot.Section{Source: s.Name(), Status: snapshot.Complete, Parser: s.Parser(), Ref: at.Ref, SHA: at.SHA}
	set := &snapshot.PathSet{}
	var asked []*pathReading
	for _, p := range s.Paths {
		old, had := s.last(at, p)
		is := old
		is.Path, is.OID = p, at.OIDs[p]
		set.Paths = append(set.Paths, is)
		if !had || old.OID != is.OID || len(old.Commits) == 0 {
			asked = append(asked, &pathReading{index: len(set.Paths) - 1, is: is, old: old})
		}
	}
	sec.Items.Paths = set
	if len(asked) == 0 {
		return sec, nil
	}
	h, ok := r.(histories)
	if !ok {
		return snapshot.Section{}, errors.New("read what changed paths: this reader has no histories") // all that there are have
	}
	err := readHistories(ctx, h, at.SHA, asked)
	if why := noHistory(err); why != "" {
		sec.Reason = "which commits changed them " + why
		for _, a := range asked {
			set.Paths[a.index].MovedTo = ""
		}
		return sec, nil
	}
	if err != nil {
		return snapshot.Section{}, err
	}
	for _, a := range asked {
		set.Paths[a.index] = a.result()
	}
	return sec, whereTo(ctx, h, set.Paths, asked)
}

// Reread reads the histories at the section's commit once more.
func (s Paths) Reread(ctx context.Context, r repo.Reader, sec snapshot.Section) (snapshot.Section, error) {
	at := Commit{Ref: sec.Ref, SHA: sec.SHA, OIDs: map[string]string{}, AsOf: sec.ReadAt}
	for _, o := range sec.Watched {
		at.OIDs[o.Path] = o.OID
	}
	again, err := s.Collect(ctx, r, at)
	again.Watched, again.Setup = sec.Watched, sec.Setup
	return again, err
}

// last is what the last reading knew of a path. A past state is read anew: what came later is no part of it.
func (s Paths) last(at Commit, path string) (snapshot.WatchedPath, bool) {
	if set := at.Last.Items.Paths; set != nil && at.Last.Parser == s.Parser() && at.AsOf.IsZero() {
		for _, w := range set.Paths {
			if w.Path == path {
				return w, true
			}
		}
	}
	return snapshot.WatchedPath{}, false
}

// noHistory says in a few words why histories can't be had at all here; "" where something else failed.
func noHistory(err error) string {
	var token *repo.NeedsTokenError
	switch {
	case errors.As(err, &token):
		return "needs a token"
	case errors.Is(err, errors.ErrUnsupported):
		return "can't be told of a shallow clone"
	}
	return ""
}

// pathReading is the history of one path as far as it is read.
type pathReading struct {
	index   int
	is, old snapshot.WatchedPath
	list    []snapshot.PathCommit
	next    string
}

// readHistories reads the newest commits of each path, and more of those that came further.
func readHistories(ctx context.Context, h histories, sha string, asked []*pathReading) error {
	for count := newestCommits; len(asked) > 0; count = deepCommits - newestCommits {
		queries := make([]repo.PathQuery, len(asked))
		for i, a := range asked {
			queries[i] = repo.PathQuery{Path: a.is.Path, Count: count, After: a.next}
		}
		pages, err := h.PathPages(ctx, sha, queries)
		if err != nil {
			return fmt.Errorf("read what changed paths: %w", err)
		}
		for i, a := range asked {
			for _, c := range pages[i].Commits {
				a.list = append(a.list, snapshot.PathCommit{SHA: c.SHA, Title: c.Title, Author: c.Author, When: c.When, PRs: c.PRs})
			}
			a.next = pages[i].Next
		}
		asked = slices.DeleteFunc(slices.Clone(asked), func(a *pathReading) bool {
			return a.next == "" || len(a.old.Commits) == 0 || a.knows() || len(a.list) >= deepCommits
		})
	}
	return nil
}

// knows reports whether the list has a commit that was known.
func (a *pathReading) knows() bool {
	return slices.ContainsFunc(a.list, func(c snapshot.PathCommit) bool { return a.place(c.SHA) >= 0 })
}

// place is where a commit stands among those that were known.
func (a *pathReading) place(sha string) int {
	return slices.IndexFunc(a.old.Commits, func(c snapshot.PathCommit) bool { return c.SHA == sha })
}

// result puts what was read above what was known of older commits. What is known and not in the list, though it stood
// above what is, was taken back.
func (a *pathReading) result() snapshot.WatchedPath {
	out := a.is
	out.Commits, out.More, out.MovedTo = a.list, a.next != "", ""
	if !a.knows() {
		// Nothing known is near: a first look, or more came than is read, or the history was written anew.
		return out
	}
	bottom := 0
	for _, c := range a.list {
		bottom = max(bottom, a.place(c.SHA))
	}
	if older := a.old.Commits[bottom+1:]; len(older) > 0 {
		out.Commits, out.More = slices.Concat(a.list, older), a.old.More
	}
	if len(out.Commits) > keptCommits {
		out.Commits, out.More = out.Commits[:keptCommits], true
	}
	return out
}

// whereTo looks where paths went that are not there: with the commit that touched them last.
func whereTo(ctx context.Context, h histories, paths []snapshot.WatchedPath, asked []*pathReading) error {
	moves := map[string][]repo.Move{}
	for _, a := range asked {
		w := &paths[a.index]
		if w.OID != "" || len(w.Commits) == 0 {
			continue
		}
		sha := w.Commits[0].SHA
		if _, ok := moves[sha]; !ok {
			list, err := h.Moves(ctx, sha)
			if err != nil {
				return fmt.Errorf("look where %s went: %w", w.Path, err)
			}
			moves[sha] = list
		}
		w.MovedTo = movedPath(w.Path, moves[sha])
	}
	return nil
}

// movedPath is where the moves of a commit brought a file, or most files of a folder; "" where they brought none.
func movedPath(path string, moves []repo.Move) string {
	to := map[string]int{}
	for _, m := range moves {
		if m.From == path {
			return m.To
		}
		rest, within := strings.CutPrefix(m.From, path+"/")
		if !within {
			continue
		}
		// The new folder is the new path without what stood below the old one; files that were renamed on the way
		// count for none.
		if folder, ok := strings.CutSuffix(m.To, "/"+rest); ok && folder != "" {
			to[folder]++
		}
	}
	best := ""
	for folder, n := range to {
		if n > to[best] || n == to[best] && folder < best {
			best = folder
		}
	}
	return best
}
