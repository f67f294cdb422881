package store

import (
	"slices"
	"time"

	"github.com/upstream-digest/bot/internal/snapshot"
)

// OutcomePartial is the outcome of a run that left sources out on purpose.
const OutcomePartial = "partial"

// Looked reports what a run says of a source: whether it looked at it at all, and whether it failed there. A
// run that died or was interrupted before it looked upstream says nothing, nor does one that left it out.
func (r Run) Looked(upstream, source string) (looked, failed bool) {
	if slices.ContainsFunc(r.Failed, func(f FailedSource) bool { return f.Upstream == upstream && f.Source == source }) {
		return true, true
	}
	// Without a snapshot it did not get so far, or nothing could be had; where it failed, it was at another
	// source, or at a delivery.
	return r.Outcome != OutcomePartial && r.Snapshot > 0, false
}

// CurrentAt is when a section of the newest snapshot was last known to be what upstream has; zero: never.
// runs are those that came since, newest first: one that finds a section current stores it no second time.
func CurrentAt(sec snapshot.Section, upstream string, runs []Run) time.Time {
	at := sec.CurrentAt
	if at.IsZero() {
		at = sec.ReadAt // written by a bot that did not keep it
	}
	if sec.Status != snapshot.Complete {
		return at
	}
	for _, r := range runs {
		if looked, failed := r.Looked(upstream, sec.Source); looked && !failed {
			if r.StartedAt.After(at) {
				at = r.StartedAt
			}
			break
		}
	}
	return at.UTC()
}
