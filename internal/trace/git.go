package trace

import (
	"context"
	"slices"
	"strings"
	"time"
)

// Commit is a commit that touched a file, how it came to its branch, and the merged pull requests that brought it.
type Commit struct {
	SHA  string
	When time.Time
	PRs  []int // the one that brought it first
	// Landed is the commit of the branch by which it came there: the merge of its pull request, or itself ("" is that too).
	// The tree of a commit that is no landing is none that the branch ever had.
	Landed   string
	LandedAt time.Time
	Title    string // of the pull request, else the commit's first line
}

func (c Commit) landed() string {
	if c.Landed != "" {
		return c.Landed
	}
	return c.SHA
}

// Range is a run of lines, from 1, both ends included, that one commit wrote.
type Range struct {
	From, To int
	Commit   Commit
}

// Version is a file at a commit.
type Version struct {
	SHA  string
	Data []byte // nil: it was not there
}

// Git is what the rules ask of a repository's history, at commits given by their whole ids.
type Git interface {
	// Blame says which commit wrote each line of a file.
	Blame(ctx context.Context, sha, path string) ([]Range, error)
	// PathHistory lists the newest commits that touched a file and lead to sha, newest first.
	PathHistory(ctx context.Context, sha, path string, n int) ([]Commit, error)
	// FilesAt gives a file at several commits; those without it have no entry.
	FilesAt(ctx context.Context, shas []string, path string) (map[string][]byte, error)
	// FilesBefore gives a file at the first parents of commits; those without a parent have no entry.
	FilesBefore(ctx context.Context, shas []string, path string) (map[string]Version, error)
}

// landings makes of a file's commits, which a history lists by the time when they were made, the landings by which they came
// to the branch, the last first: a commit may be made in January and merged in March, after a dozen others. Only
// the file as it was at landings is what the branch had, one after the other.
func landings(log []Commit) []Commit {
	var out []Commit
	for _, c := range log {
		if slices.ContainsFunc(out, func(o Commit) bool { return o.SHA == c.landed() }) {
			continue
		}
		l := c
		l.SHA = c.landed()
		if !c.LandedAt.IsZero() {
			l.When = c.LandedAt
		}
		out = append(out, l)
	}
	slices.SortStableFunc(out, func(a, b Commit) int { return b.When.Compare(a.When) })
	return out
}

// revertedBy is the index of the newest landing of a log, before a revert, that the revert undoes; -1 where its title does
// not tell, or the log ends before.
func revertedBy(log []Commit, revert Commit) int {
	at := slices.IndexFunc(log, func(c Commit) bool { return c.SHA == revert.landed() })
	for k := at + 1; k < len(log); k++ {
		if isRevertOf(revert, log[k]) {
			return k
		}
	}
	return -1
}

// revertOf is the index of the newest landing that reverts one, -1 for none.
func revertOf(newer []Commit, c Commit) int {
	return slices.IndexFunc(newer, func(n Commit) bool { return isRevertOf(n, c) })
}

func isRevertOf(revert, c Commit) bool {
	if !undoes(revert.Title) {
		return false
	}
	pulls, _ := Reverts(revert.Title, "")
	if len(pulls) > 0 {
		return len(c.PRs) > 0 && slices.Contains(pulls, c.PRs[0])
	}
	was := quoted(revert.Title)
	return was != "" && strings.EqualFold(was, strings.TrimSpace(c.Title))
}
