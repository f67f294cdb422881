package pipeline

import (
	"context"
	"fmt"
	"time"

	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/store"
)

// sendMargin is how much of the lock's time must be left for something to be sent: what leaves now must
// have arrived when another run may take the lock over and look for it.
const sendMargin = time.Minute

// lock takes the lock, also from a run whose process is surely gone. Were that ever wrong, the fence keeps
// it from writing, and what asks before sending keeps it from sending.
func (r *Runner) lock(ctx context.Context) (holding, error) {
	h := holding{asked: r.Now(), ttl: r.LockTTL}
	lease, from, err := store.Take(ctx, r.Writer, r.Holder, r.LockTTL, r.Gone)
	if err != nil {
		return h, err
	}
	if from != "" {
		r.Log.WarnContext(ctx, "took the lock over from a run that died", "holder", from)
	}
	h.lease = lease
	return h, nil
}

// holding is a lock with the time at which it was asked for, as this process's clocks say.
type holding struct {
	lease store.Lease
	asked time.Time
	ttl   time.Duration
}

// left is how long the lock surely holds. A clock that does not stand still while a machine sleeps can be
// set back, and one that can't be set may stand still, so the one that leaves less counts.
func (h holding) left(now time.Time) time.Duration {
	return min(h.ttl-now.Sub(h.asked), h.lease.Expires.Sub(now.Round(0)))
}

// sending is the context under which a delivery is sent: only while nobody took the lock, and with time
// enough left that nobody can take it meanwhile. A process may be stopped at any moment and wake an hour
// later, when another run has sent what this one was about to send.
func (w *writing) sending(ctx context.Context) context.Context {
	return github.SendOnlyWhile(ctx, func() error {
		// An empty update asks for the lock and writes nothing.
		if err := w.commit(ctx, &store.Update{}); err != nil {
			return err
		}
		// Last, because asking the store takes time too.
		if w.held.left(w.r.Now()) < min(sendMargin, w.held.ttl/4) {
			return &expiredError{w.held.lease}
		}
		return nil
	})
}

// expiredError says that the lock's time is over by this run's own clocks. It counts as store.ErrFenced:
// the lock may be another's by now.
type expiredError struct{ lease store.Lease }

func (e *expiredError) Error() string {
	return fmt.Sprintf("this run stood still until its lock ran out (%s); the next run does what it left", e.lease.Expires.UTC().Format(time.RFC3339))
}

func (e *expiredError) Is(target error) bool { return target == store.ErrFenced }
