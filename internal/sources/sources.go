// Package sources holds the collectors, one file each. A source turns what it reads of one upstream, at
// one commit, into a section of typed items. Sources know nothing of each other, of the last run, or of
// the digest; a source that cannot read everything errs, and never returns less.
//
// A new source is one file here, one field in snapshot.Items, one Compare, one template block and one
// preset line.
package sources

import (
	"github.com/upstream-digest/bot/internal/repo"
)

// Commit is the state of the repository a source reads at.
type Commit struct {
	// Ref is what was asked for ("HEAD", "v1.36.0"), SHA the commit it stood for.
	Ref, SHA string
	// OIDs holds the object ids of at least the paths the source watches; "" where absent.
	OIDs map[string]string
}

// CommitOf takes what a source needs from a head.
func CommitOf(h repo.Head) Commit { return Commit{Ref: h.Ref, SHA: h.SHA, OIDs: h.OIDs} }

// AbsentError says that what a source reads is not there at the commit. It is a failure where something
// should be there; at the base of a first run it only means that there is nothing to compare with.
type AbsentError struct{ Message string }

func (e *AbsentError) Error() string { return e.Message }
