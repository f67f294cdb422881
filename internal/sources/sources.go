// Package sources holds the collectors, one file each. A source turns what it reads of one repository, at
// one commit, into a section of typed items. Sources know nothing of each other or of the digest; a source
// that cannot read everything errs, and never returns less.
//
// A new source is one file here, one field in snapshot.Items, one Compare, one template block and one
// preset line.
package sources

import (
	"context"
	"time"

	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// Watch is what a source asks the heads for: whatever changes there makes a new reading necessary.
type Watch struct {
	// Repository is read instead of the upstream's own, at its default branch; "" is the upstream's own.
	Repository string
	// Paths are files and folders whose object ids decide.
	Paths []string
	// Releases is how many of the repository's newest releases are asked for.
	Releases int
	// Milestones asks for the repository's milestones.
	Milestones bool
	// Tickets asks for first pages of issues.
	Tickets []repo.TicketQuery
	// Always asks for a reading in each run: what is read has no object id. It must not cost a request to GitHub while
	// nothing has changed.
	Always bool
}

// Asks reports whether the heads are asked for anything.
func (w Watch) Asks() bool { return len(w.Paths)+w.Releases+len(w.Tickets) > 0 || w.Milestones }

// Rides reports whether all that the source reads usually comes with the heads, so that another reading is free.
func (w Watch) Rides() bool { return w.Milestones || len(w.Tickets) > 0 }

// Commit is the state of the repository a source reads at.
type Commit struct {
	// Ref is what was asked for ("HEAD", "v1.36.0"), SHA the commit it stood for.
	Ref, SHA string
	// OIDs holds the object ids of at least the paths the source watches; "" where absent.
	OIDs map[string]string
	// Releases are the repository's newest, as many as were asked for, as they are now.
	Releases []repo.Release
	// Milestones and Tickets are what was asked for, as it is now.
	Milestones []repo.Milestone
	Tickets    []repo.TicketPage
	// Now is when the run reads, by GitHub's clock.
	Now time.Time
	// AsOf is when the commit was what a past state is made of; zero where the present is read. Things that
	// have no commit, such as releases, are told as they were then.
	AsOf time.Time
	// Last is the section's last reading. A source may take from it what it would read and parse again to the
	// same result (a file with the same object id), and the last good reading of what cannot be read now.
	Last snapshot.Section
}

// CommitOf takes what a source needs from a head.
func CommitOf(h repo.Head) Commit {
	return Commit{Ref: h.Ref, SHA: h.SHA, OIDs: h.OIDs, Releases: h.Releases, Milestones: h.Milestones, Tickets: h.Tickets}
}

// AbsentError says that what a source reads is not there at the commit. It is a failure where something
// should be there; at the base of a first run it only means that there is nothing to compare with.
type AbsentError struct{ Message string }

func (e *AbsentError) Error() string { return e.Message }

// SkippedError says that a source is deliberately not read, and why in a few words: "offline", "needs a token".
// It is no failure.
type SkippedError struct{ Reason string }

func (e *SkippedError) Error() string { return "skipped: " + e.Reason }

// blobsOf reads files by their object ids.
func blobsOf(ctx context.Context, r repo.Reader, sha string, want []snapshot.Object) ([]repo.Blob, error) {
	objects := make([]repo.Object, len(want))
	for i, o := range want {
		objects[i] = repo.Object(o)
	}
	return r.Blobs(ctx, sha, objects)
}
