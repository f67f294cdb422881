package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/report"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/store"
	"github.com/upstream-digest/bot/internal/trace"
)

// telling is what a run would write: one transaction.
type telling struct {
	base   *snapshot.Snapshot // of a first run, to be stored before the rest; nil otherwise
	update store.Update
}

// tell reads upstream, compares, and says what is to be written and sent. It changes nothing.
func (r *Runner) tell(ctx context.Context, opts Options, out *Outcome) (*telling, error) {
	last, err := r.State.Latest(ctx)
	if err != nil {
		return nil, err
	}
	list, err := r.State.Cursors(ctx)
	if err != nil {
		return nil, err
	}
	cursors := make(map[string]store.Cursor, len(list))
	for _, c := range list {
		cursors[c.Definition] = c
	}
	if opts.Since != "" {
		if err := r.checkSince(opts, cursors); err != nil {
			return nil, err
		}
	}
	t := &telling{}
	first := firstRun{seq: map[string]int64{}}
	if len(cursors) == 0 {
		if first, err = r.firstBase(ctx, last, opts); err != nil {
			return nil, err
		}
		if last == nil {
			t.base = first.base
		}
		last = first.base
		out.Notices = append(out.Notices, first.notices...)
	}
	got, err := r.collect(ctx, last, opts)
	if err != nil {
		return nil, err
	}
	out.Failed = got.failed
	var failure error
	if len(got.failed) > 0 {
		failure = &SourceError{Failed: got.failed, All: got.good == 0, Err: got.cause}
	}
	if got.good == 0 && failure != nil {
		return nil, failure // no digest, and cursors stay
	}
	current := got.snap
	if got.changed {
		t.update.Snapshot = current
	} else {
		current, out.Unchanged = last, true
	}
	out.Current = current
	for _, d := range r.Definitions {
		if opts.Digest != "" && d.Name != opts.Digest {
			continue
		}
		cur, told := cursors[d.Name]
		if told && opts.Digest == "" && d.Due != nil && !d.Due(cur.ToldAt, r.Now()) {
			out.NotDue = append(out.NotDue, d.Name)
			continue
		}
		if !told {
			cur = store.Cursor{Definition: d.Name, Seq: first.seq[d.Name]}
		}
		base, err := r.baseOf(ctx, cur, told, first, opts)
		if err != nil {
			return nil, errors.Join(failure, err)
		}
		digest := r.digest(ctx, d, base, current, append(slices.Clone(r.Notices), out.Notices...), first.base != nil && base == first.base && !first.recovered)
		plan := publish.Plan(digest, d.Destinations, publish.Identity{Seq: cur.Seq + 1, Nonce: r.Nonce})
		if digest.Empty() {
			out.Quiet = append(out.Quiet, d.Name)
		} else {
			out.Digests = append(out.Digests, digest)
			out.Plans = append(out.Plans, plan)
		}
		t.move(cur, base, current, plan, r.Now(), r.ServerNow())
	}
	if r.partial(opts) || opts.Since != "" && r.Writer == nil {
		return nil, failure // shown, but nothing moves
	}
	return t, failure
}

// move adds the cursor's step and the deliveries to the transaction.
func (t *telling) move(cur store.Cursor, base, current *snapshot.Snapshot, plan []publish.Part, now, serverNow time.Time) {
	to := current.Seq
	if t.update.Snapshot != nil {
		to = store.CurrentSnapshot
	}
	moved := cur.Snapshot != to || len(plan) > 0
	if moved {
		cur.Seq++
	}
	cur.Snapshot, cur.ToldAt = to, now.UTC()
	t.update.Cursors = append(t.update.Cursors, cur)
	for _, p := range plan {
		d := store.Delivery{
			Key:   store.Key{Definition: cur.Definition, Seq: cur.Seq, Channel: p.Channel, Part: p.Number, Parts: p.Of},
			Nonce: p.Nonce, State: store.Pending, Target: p.Target, Title: p.Title, Body: p.Body, Labels: p.Labels,
			QueuedAt: serverNow.UTC(),
		}
		if base != nil {
			d.Base = base.Seq
		}
		t.update.Deliveries = append(t.update.Deliveries, d)
	}
}

// baseOf is the snapshot a definition is compared with; nil makes everything a baseline.
func (r *Runner) baseOf(ctx context.Context, cur store.Cursor, told bool, first firstRun, opts Options) (*snapshot.Snapshot, error) {
	switch {
	case opts.Since != "":
		return r.At(ctx, opts.Since)
	case told:
		s, err := r.State.Snapshot(ctx, cur.Snapshot)
		if err != nil {
			return nil, fmt.Errorf("read snapshot %d, which digest %s was last told of: %w", cur.Snapshot, cur.Definition, err)
		}
		return s, nil
	}
	return first.base, nil
}

func (r *Runner) checkSince(opts Options, cursors map[string]store.Cursor) error {
	if r.Writer == nil {
		return nil
	}
	for _, d := range r.Definitions {
		if _, told := cursors[d.Name]; told && (opts.Digest == "" || opts.Digest == d.Name) {
			return &UsageError{fmt.Sprintf("--since would tell digest %s twice, for it has been told before; use it with --dry-run", d.Name)}
		}
	}
	return nil
}

// digest compares and traces. Base sections made by another parser are read again first.
func (r *Runner) digest(ctx context.Context, d Definition, base, current *snapshot.Snapshot, notices []string, firstRun bool) report.Digest {
	base, more := r.modernise(ctx, base, current)
	dg := report.Digest{
		Definition: d.Name, At: r.Now().UTC(), Cost: r.Cost(),
		Notices: append(slices.Clone(notices), more...), Severities: d.Filter.Severities,
	}
	for _, res := range diff.Compare(base, current, diff.Options{Watch: r.Watch, Upstreams: d.Upstreams, Filter: d.Filter}) {
		dg.Upstreams = append(dg.Upstreams, Traced(res, firstRun))
	}
	return dg
}

// Traced adds the evidence to what changed.
func Traced(res diff.UpstreamResult, firstRun bool) report.Upstream {
	u := report.Upstream{UpstreamResult: res, FirstRun: firstRun}
	for _, c := range res.Changes {
		u.Evidence = append(u.Evidence, trace.FromComments(c))
	}
	return u
}

// modernise reads sections of base again that another parser made, at their recorded ids, so that a new
// bot invents no change. What can't be read becomes a baseline, and the digest says so.
func (r *Runner) modernise(ctx context.Context, base, current *snapshot.Snapshot) (*snapshot.Snapshot, []string) {
	if base == nil {
		return nil, nil
	}
	var notices []string
	fresh := *base
	fresh.Upstreams = slices.Clone(base.Upstreams)
	for i, up := range fresh.Upstreams {
		fresh.Upstreams[i].Sections = slices.Clone(up.Sections)
		for j, sec := range up.Sections {
			now, ok := sectionOf(upstreamOf(current, up.Name), sec.Source)
			src := r.source(up.Name, sec.Source)
			if !ok || src == nil || now.Parser == sec.Parser || sec.Items.Empty() {
				continue
			}
			reader, err := r.Repositories.Reader(up.Repository)
			var again snapshot.Section
			if err == nil {
				again, err = src.Reread(ctx, reader, sec)
			}
			if err != nil {
				notices = append(notices, fmt.Sprintf("%s: this version of the bot reads %s otherwise, and the last state could not be read again (%v). Watching starts anew from here; changes in between are not told.", up.Name, sec.Source, err))
				continue
			}
			fresh.Upstreams[i].Sections[j] = again
		}
	}
	return &fresh, notices
}

func (r *Runner) source(upstream, name string) Source {
	for _, u := range r.Upstreams {
		for _, s := range u.Sources {
			if u.Name == upstream && s.Name() == name {
				return s
			}
		}
	}
	return nil
}

// Between compares two snapshots without state.
func (r *Runner) Between(base, current *snapshot.Snapshot) []report.Upstream {
	var out []report.Upstream
	for _, res := range diff.Compare(base, current, diff.Options{Watch: r.Watch}) {
		out = append(out, Traced(res, false))
	}
	return out
}
