package pipeline

import (
	"time"

	"github.com/upstream-digest/bot/internal/report"
	"github.com/upstream-digest/bot/internal/store"
)

// The outcomes of a run, as the store keeps them.
const (
	outcomeQuiet   = "quiet"  // looked, and had nothing to tell
	outcomeTold    = "told"   // delivered something
	outcomeFailed  = "failed" // a source, a delivery or the run itself failed
	outcomePartial = store.OutcomePartial
)

// keptRuns is how far back a run looks at those before it.
const keptRuns = 500

// history is what the runs before this one met, newest first.
type history []store.Run

// failures counts the runs in a row, up to the last, in which a source failed.
func (h history) failures(upstream, source string) int {
	n := 0
	for _, run := range h {
		looked, failed := run.Looked(upstream, source)
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

// heartbeatDays is the time that a digest's foot speaks of.
const heartbeatDays = 30

// heartbeat is the history's, as far as the state keeps it.
func (r *Runner) heartbeat(past history) report.Heartbeat {
	b := past.heartbeat(r.Now())
	b.AtLeast = r.Sparse
	return b
}

// heartbeat says how often the bot looked lately, this run not counted.
func (h history) heartbeat(now time.Time) report.Heartbeat {
	b := report.Heartbeat{Days: heartbeatDays}
	if n := len(h); n >= keptRuns { // of what was before, nobody knows any more
		b.Days = min(b.Days, max(1, int(now.Sub(h[n-1].StartedAt)/(24*time.Hour))))
	}
	for i, run := range h {
		if i == 0 {
			b.Last = run.StartedAt
		}
		if now.Sub(run.StartedAt) > time.Duration(b.Days)*24*time.Hour {
			break
		}
		b.Runs++
		if run.Outcome == outcomeFailed || run.ExitCode != 0 {
			b.Failed++
		}
	}
	return b
}
