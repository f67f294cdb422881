package pipeline

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/report"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/store"
)

// words finds what one definition is told: usually one digest for all its channels, from the cursor on. A
// channel that missed digests is told of them too, and so has one of its own.
type words struct {
	r          *Runner
	definition Definition
	seq        int64 // of the digest that is made
	current    *snapshot.Snapshot
	givenUp    []store.Delivery
	heartbeat  report.Heartbeat
	notices    []string
	fromTag    bool // the base is the highest stable release
	// alone: the base was asked for by hand (--since); what is owed is left out of it.
	alone bool
}

// telling of one stretch: the digest without what concerns a single channel.
type stretch struct {
	base   *snapshot.Snapshot
	digest report.Digest
}

// tell makes the digests and plans of a definition, whose cursor stands at base since toldAt. It adds them
// to out, and leaves cursor and times of the step to the caller.
func (w *words) tell(ctx context.Context, base *snapshot.Snapshot, toldAt time.Time, out *Outcome) (step, error) {
	var s step
	usual, err := w.stretch(ctx, base)
	if err != nil {
		return s, err
	}
	var debts map[string]debt
	if !w.alone {
		if debts, err = w.r.debts(ctx, w.definition.Name); err != nil {
			return s, err
		}
	}
	read := map[int64]stretch{}
	quiet := true
	for _, dest := range w.definition.Destinations {
		channel := publish.ChannelOf(dest)
		now, since := usual, toldAt
		news := w.address(usual.digest, channel, toldAt)
		owed, indebted := debts[channel]
		if indebted && news.Empty() {
			// Nothing new: what is owed is tried again as it stands.
			if w.r.Writer == nil {
				out.Notices = append(out.Notices, fmt.Sprintf("digest %s of an earlier run is still owed to %s; the next run delivers it first", w.definition.Name, channel))
			}
			continue
		}
		if indebted {
			now, since = read[owed.base], owed.since
			if now.base == nil {
				start, err := w.r.State.Snapshot(ctx, owed.base)
				if err != nil {
					return s, fmt.Errorf("read snapshot %d, from which %s is owed to %s: %w", owed.base, w.definition.Name, channel, err)
				}
				if now, err = w.stretch(ctx, start); err != nil {
					return s, err
				}
				now.digest.Notices = append(now.digest.Notices, "Earlier digests could not be delivered; this one tells what they would have told.")
				read[owed.base] = now
			}
		}
		digest := w.address(now.digest, channel, since)
		if indebted {
			s.superseded = append(s.superseded, owed.superseded(supersededBy(w.definition.Name, w.seq, !digest.Empty()), w.r.Now())...)
		}
		if digest.Empty() {
			continue
		}
		quiet = false
		plan := publish.Plan(digest, []publish.Destination{dest}, publish.Identity{Seq: w.seq, Nonce: w.r.Nonce})
		for _, p := range plan {
			s.plan = append(s.plan, planned{p, now.base})
		}
		out.add(digest, plan)
	}
	if quiet {
		out.Quiet = append(out.Quiet, w.definition.Name)
		for _, n := range usual.digest.Notices { // nobody else would say them
			if !slices.Contains(out.Notices, n) && !slices.Contains(w.r.Notices, n) {
				out.Notices = append(out.Notices, n)
			}
		}
	}
	return s, nil
}

// stretch compares base with the current snapshot, and traces. Base sections made by another parser or
// another configuration are read again first; the error is that they could not be read today.
func (w *words) stretch(ctx context.Context, base *snapshot.Snapshot) (stretch, error) {
	as, more, err := w.r.modernise(ctx, base, w.current)
	if err != nil {
		return stretch{}, err
	}
	dg := report.Digest{
		Definition: w.definition.Name, At: w.r.Now().UTC(), Cost: w.r.Cost(), Heartbeat: w.heartbeat,
		Severities: w.definition.Filter.Severities,
	}
	alerts, recovered := w.r.sourceAlerts(w.definition, base, w.current)
	dg.Alerts = alerts
	dg.Notices = slices.Concat(w.notices, more, recovered)
	opts := diff.Options{Watch: w.r.Watch, Upstreams: w.definition.Upstreams, Filter: w.definition.Filter}
	for _, res := range diff.Compare(as, w.current, opts) {
		dg.Upstreams = append(dg.Upstreams, Traced(res, w.fromTag && base != nil))
	}
	return stretch{base, dg}, nil
}

// address adds to a digest what concerns the channel it goes to: the digests given up since.
func (w *words) address(d report.Digest, channel string, since time.Time) report.Digest {
	others, own := deliveryAlerts(w.givenUp, w.definition.Name, channel, since)
	d.Alerts = slices.Concat(d.Alerts, others)
	if !d.Empty() {
		d.Alerts = slices.Concat(d.Alerts, own)
	}
	return d
}

// add lists a digest with its plan. Channels that are told the same share one.
func (o *Outcome) add(d report.Digest, plan []publish.Part) {
	for i, x := range o.Digests {
		if x.Definition == d.Definition && slices.Equal(x.Alerts, d.Alerts) && slices.EqualFunc(x.Upstreams, d.Upstreams, func(a, b report.Upstream) bool { return a.From == b.From && a.To == b.To }) {
			o.Plans[i] = append(o.Plans[i], plan...)
			return
		}
	}
	o.Digests = append(o.Digests, d)
	o.Plans = append(o.Plans, plan)
}
