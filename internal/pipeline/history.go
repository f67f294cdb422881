package pipeline

import (
	"time"

	"github.com/upstream-digest/bot/internal/report"
	"github.com/upstream-digest/bot/internal/store"
)

// The outcomes of a run, as the store keeps them.
const (
	outcomeQuiet   = "quiet"   // looked, and had nothing to tell
	outcomeTold    = "told"    // delivered something
	outcomeFailed  = "failed"  // a source, a delivery or the run itself failed
	outcomePartial = "partial" // left sources out on purpose: it says nothing of those
)

// keptRuns is how far back a run looks at those before it.
const keptRuns = 500

// history is what the runs before this one met, newest first.
type history []store.Run

// speaks reports whether a run says anything of a source: whether it failed in it, and whether it was
// looked at at all. A run that died or was interrupted before it looked upstream says nothing.
func speaks(run store.Run, upstream, source string) (failed, looked bool) {
	for _, f := range run.Failed {
		if f.Upstream == upstream && f.Source == source {
			return true, true
		}
	}
	switch run.Outcome {
	case outcomeQuiet, outcomeTold:
		return false, true
	case outcomeFailed: // another source failed, or a delivery after the sources were read
		return false, len(run.Failed) > 0 || run.Snapshot > 0
	}
	return false, false
}

// failures counts the runs in a row, up to the last, in which a source failed.
func (h history) failures(upstream, source string) int {
	n := 0
	for _, run := range h {
		failed, looked := speaks(run, upstream, source)
		if !looked {
			continue
		}
		if !failed {
			break
		}
		n++
	}
	return n
}

// lastGood is when a source was last read or found current; zero when that is not known.
func (h history) lastGood(upstream, source string) time.Time {
	for _, run := range h {
		if failed, looked := speaks(run, upstream, source); looked && !failed {
			return run.StartedAt
		}
	}
	return time.Time{}
}

// heartbeatDays is the time that a digest's foot speaks of.
const heartbeatDays = 30

// heartbeat says how often the bot looked lately, this run not counted.
func (h history) heartbeat(now time.Time) report.Heartbeat {
	var b report.Heartbeat
	for i, run := range h {
		if i == 0 {
			b.Last = run.StartedAt
		}
		if now.Sub(run.StartedAt) > heartbeatDays*24*time.Hour {
			break
		}
		b.Runs++
		if run.Outcome == outcomeFailed {
			b.Failed++
		}
	}
	b.Days = heartbeatDays
	return b
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b.UTC()
	}
	return a
}
