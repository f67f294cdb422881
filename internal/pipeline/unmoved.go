package pipeline

import (
	"context"
	"slices"
	"sync"

	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/sources"
	"github.com/upstream-digest/bot/internal/store"
)

// unmoved is a run in which nothing that is watched has moved, and nobody has anything to be told: it needs no item
// of the state, only what was watched. nil: that it is one can't be told so cheaply, and the long way decides.
func (r *Runner) unmoved(ctx context.Context, opts Options, out *Outcome) (*telling, error) {
	if opts.Digest != "" || opts.Since != "" || len(opts.AcceptRemovals) > 0 || r.partial(opts) {
		return nil, nil
	}
	last, err := r.State.Outline(ctx)
	if last == nil || err != nil {
		return nil, err
	}
	cursors, err := r.State.Cursors(ctx)
	if err != nil {
		return nil, err
	}
	open, err := r.State.Standing(ctx, "", store.Pending, store.Unknown)
	if len(open) > 0 || err != nil {
		return nil, err
	}
	givenUp, err := r.State.Standing(ctx, "", store.GivenUp)
	if err != nil {
		return nil, err
	}
	t := &telling{current: last.Snapshot}
	var quiet, notDue []string
	for _, d := range r.Definitions {
		i := slices.IndexFunc(cursors, func(c store.Cursor) bool { return c.Definition == d.Name })
		if i < 0 {
			return nil, nil
		}
		cur := cursors[i]
		if d.Due != nil && !r.due(d, cur.ToldAt) {
			notDue = append(notDue, d.Name)
			continue
		}
		// A cursor that stands behind waits with what rides, where its definition was looked at when the newest was read.
		if cur.Snapshot != last.Seq && (cur.ToldAt.Before(last.TakenAt) || cur.ToldAt.After(r.Now())) || slices.ContainsFunc(givenUp, func(g store.Delivery) bool { return g.DoneAt.After(cur.ToldAt) }) {
			return nil, nil
		}
		quiet = append(quiet, d.Name)
		t.steps = append(t.steps, step{cursor: cur, to: &snapshot.Snapshot{Seq: cur.Snapshot}, toldAt: r.Now(), queuedAt: r.ServerNow()})
	}
	if !r.stands(ctx, last, opts) {
		if ctx.Err() != nil {
			return nil, r.stopped(ctx)
		}
		return nil, nil
	}
	out.Quiet, out.NotDue, out.Current, out.Unchanged = quiet, notDue, last.Snapshot, true
	return t, nil
}

// stands reports whether every section of the newest snapshot is whole, was read as it would be read now, and watches
// what still has the object ids that it had.
func (r *Runner) stands(ctx context.Context, last *snapshot.Outline, opts Options) bool {
	if len(last.Upstreams) != len(r.Upstreams) {
		return false
	}
	from, versions := make([]origin, len(r.Upstreams)), make([]string, len(r.Upstreams))
	for i, u := range r.Upstreams {
		from[i].ref, versions[i] = u.Ref, last.Upstream(u.Name).Version
	}
	heads := r.heads(ctx, r.Upstreams, from, versions, thePresent, last.Snapshot, opts)
	var always []reading
	for i, u := range r.Upstreams {
		old := last.Upstream(u.Name)
		if len(old.Sections) != len(u.Sources) {
			return false
		}
		for _, s := range u.Sources {
			sec, had := old.Section(s.Name())
			w := watchOf(s, versions[i], old, thePresent)
			head := heads.of(u, w)
			if w.Always {
				always = append(always, reading{upstream: u, source: s, watch: w, head: head})
			}
			if !had || sec.Status != snapshot.Complete || !last.Holds(u.Name, s.Name()) || head.Err != nil || !asItWas(s, w, sec, head.Head) {
				return false
			}
		}
	}
	return r.allStand(ctx, last.Snapshot, always)
}

// stander is a source that is read in each run, and can tell without its items that another reading would find what the
// last one found.
type stander interface {
	Stands(ctx context.Context, at sources.Commit) bool
}

// allStand asks the sources that are read in each run, side by side, where nothing else has moved.
func (r *Runner) allStand(ctx context.Context, last *snapshot.Snapshot, always []reading) bool {
	var wg sync.WaitGroup
	moved := make([]bool, len(always))
	for i, x := range always {
		s, ok := x.source.(stander)
		if !ok {
			return false
		}
		wg.Go(func() {
			own, cancel := ctx, context.CancelFunc(func() {})
			if r.SourceTimeout > 0 {
				own, cancel = context.WithTimeout(ctx, r.SourceTimeout)
			}
			defer cancel()
			at := sources.CommitOf(x.head.Head)
			at.Now = r.ServerNow()
			at.Last, _ = last.Upstream(x.upstream.Name).Section(x.source.Name())
			moved[i] = !s.Stands(own, at)
		})
	}
	wg.Wait()
	return !slices.Contains(moved, true)
}

// asItWas reports whether a section was read as its source would read it now, of what watched paths still hold.
func asItWas(s Source, w sources.Watch, old snapshot.Section, head repo.Head) bool {
	return old.Parser == s.Parser() && sameSetup(old.Setup, s.Setup()) && old.Repository == w.Repository && slices.Equal(old.Watched, watchedAt(w, head))
}
