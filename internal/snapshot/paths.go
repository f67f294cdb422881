package snapshot

import (
	"cmp"
	"slices"
	"time"
)

// PathSet is the item set of the paths source.
type PathSet struct {
	Paths []WatchedPath `json:"paths"` // by path
}

// WatchedPath is a file or folder that is watched, and what touched it lately.
type WatchedPath struct {
	Path string `json:"path"`
	// OID is its object id, "" where it is gone.
	OID string `json:"oid"`
	// Commits are those that touched it, newest first. They are kept across readings, so that a digest that is told
	// seldom finds them; More says that there are older ones that nobody read.
	Commits []PathCommit `json:"commits,omitempty"`
	More    bool         `json:"more,omitempty"`
	// MovedTo says where a path that is gone went, "" where nobody can tell.
	MovedTo string `json:"moved_to,omitempty"`
}

// PathCommit is a commit that touched a path.
type PathCommit struct {
	SHA    string    `json:"sha"`
	Title  string    `json:"title"`
	Author string    `json:"author,omitempty"` // login or name
	When   time.Time `json:"when"`
	PRs    []int     `json:"prs,omitempty"`
}

func canonicalPaths(set *PathSet) *PathSet {
	if set == nil {
		return nil
	}
	out := &PathSet{Paths: slices.Clone(orEmpty(set.Paths))}
	for i := range out.Paths {
		p := &out.Paths[i]
		p.Commits = slices.Clone(p.Commits)
		for j := range p.Commits {
			p.Commits[j].When = p.Commits[j].When.UTC()
		}
	}
	slices.SortStableFunc(out.Paths, func(a, b WatchedPath) int { return cmp.Compare(a.Path, b.Path) })
	return out
}
