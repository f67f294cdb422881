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
	"github.com/upstream-digest/bot/internal/sources"
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
	silents    []silent
	past       history
	yours      *yours
	tracing    *tracing
	notices    []string
	fromTag    bool // the base is the highest stable release
	// alone: the base was asked for by hand (--since); what is owed is left out of it.
	alone bool
	// lost is what was lost with the store. No two snapshots show it, so the digest that tells it is never made
	// anew: the next one stands behind it.
	lost []report.Alert
	// places are where the last digests stand.
	places places
	// sent are the parts of the definition's digests, whatever became of them; none where nothing is told.
	sent []store.Delivery
}

// telling of one stretch: the digest without what concerns a single channel.
type stretch struct {
	base   *snapshot.Snapshot
	digest report.Digest
	// settled: nothing is to be said of how the two sides were read, so that the next comparison may start at the same
	// base.
	settled bool
}

// tell makes the digests and plans of a definition, whose cursor stands at base since toldAt. It adds them
// to out, and leaves cursor and times of the step to the caller.
func (w *words) tell(ctx context.Context, base *snapshot.Snapshot, toldAt time.Time, out *Outcome) (step, error) {
	var s step
	usual, err := w.stretch(ctx, base)
	if err != nil {
		return s, err
	}
	usual.digest.Alerts = slices.Concat(w.lost, usual.digest.Alerts)
	if len(w.lost) > 0 {
		usual.base = nil
	}
	var debts map[string]debt
	if !w.alone && (w.hasNews(usual.digest, toldAt) || w.r.Writer == nil) { // a quiet run reads no old digests
		if w.sent, err = w.r.State.Standing(ctx, w.definition.Name); err != nil {
			return s, err
		}
		debts = debtsOf(w.sent)
	}
	read := map[int64]stretch{}
	quiet := true
	for _, dest := range w.definition.Destinations {
		channel := publish.ChannelOf(dest)
		now, since := usual, toldAt
		owed := debts[channel]
		news := w.address(usual.digest, channel, toldAt, owed.givenUp)
		if owed.owed() && news.Empty() {
			// Nothing new: what is owed is tried again as it stands.
			if w.r.Writer == nil {
				out.Notices = append(out.Notices, fmt.Sprintf("digest %s of an earlier run is still owed to %s; the next run delivers it first", w.definition.Name, channel))
			}
			continue
		}
		if owed.owed() {
			from, known := read[owed.base]
			if !known {
				if from, err = w.since(ctx, owed, channel); err != nil {
					return s, err
				}
				read[owed.base] = from
			}
			if from.base == nil { // it stands alone, and the next digest behind it
				owed.parts = nil
			} else {
				now, since = from, owed.since
				dest = dest.OfSeveral()
			}
		}
		digest := w.address(now.digest, channel, since, owed.givenUp)
		if owed.owed() {
			s.superseded = append(s.superseded, owed.superseded(supersededBy(w.definition.Name, w.seq, !digest.Empty()), w.r.Now())...)
		}
		if digest.Empty() {
			continue
		}
		quiet = false
		if !w.alone {
			digest = w.carry(ctx, digest, dest)
		}
		plan, err := publish.Plan(digest, []publish.Destination{dest}, publish.Identity{Seq: w.seq, Nonce: w.r.Nonce, Standing: w.standing})
		if err != nil {
			return s, err
		}
		for _, p := range plan {
			s.plan = append(s.plan, planned{p, now.base})
		}
		out.add(digest, plan)
	}
	// Where what was owed is undone, the digest from here on is not empty, and would tell the undoing next time.
	if quiet && !w.alone && usual.settled && usual.digest.Riders() && len(s.superseded) == 0 {
		s.to = usual.base // what rides is told from here on, with the next news
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

// since is the stretch from the base of what is owed. Its base is nil where the store has that no more: a
// digest that was given up long ago, and asked for again.
func (w *words) since(ctx context.Context, owed debt, channel string) (stretch, error) {
	start, err := w.r.State.Snapshot(ctx, owed.base)
	if errors.Is(err, store.ErrNotFound) {
		return stretch{}, nil
	}
	if err != nil {
		return stretch{}, fmt.Errorf("read snapshot %d, from which %s is owed to %s: %w", owed.base, w.definition.Name, channel, err)
	}
	from, err := w.stretch(ctx, start)
	from.digest.Notices = append(from.digest.Notices, "Earlier digests could not be delivered; this one tells what they would have told.")
	return from, err
}

// hasNews reports whether any channel has something to be told.
func (w *words) hasNews(d report.Digest, since time.Time) bool {
	return slices.ContainsFunc(w.definition.Destinations, func(dest publish.Destination) bool {
		return !w.address(d, publish.ChannelOf(dest), since, nil).Empty()
	})
}

// stretch compares base with the current snapshot, and traces. Base sections made by another parser or
// another configuration are read again first; the error is that they could not be read today.
func (w *words) stretch(ctx context.Context, base *snapshot.Snapshot) (stretch, error) {
	was, is, more, err := w.r.modernise(ctx, base, w.current)
	if err != nil {
		return stretch{}, err
	}
	dg := report.Digest{
		Definition: w.definition.Name, At: w.r.Now().UTC(), Cost: w.r.Cost(), Heartbeat: w.r.heartbeat(w.past),
		Severities: w.definition.Filter.Severities,
	}
	alerts, recovered := w.r.sourceAlerts(w.definition, base, w.current, w.past)
	dg.Alerts = alerts
	dg.Notices = slices.Concat(w.notices, more, recovered, moreReleases(was, is))
	opts := diff.Options{Watch: w.r.Watch, Upstreams: w.definition.Upstreams, Disagreements: w.r.Disagreements, FirstLook: w.fromTag}
	results := diff.Compare(was, is, opts)
	if slices.ContainsFunc(results, diff.UpstreamResult.HasNews) {
		settings, notices := w.yours.get(ctx)
		if ctx.Err() != nil {
			return stretch{}, w.r.stopped(ctx) // what is yours is not known: nothing is told of it today
		}
		opts.Watch.Settings = slices.Concat(opts.Watch.Settings, settings)
		dg.Notices, dg.Cost = slices.Concat(dg.Notices, notices), w.r.Cost()
	}
	opts.Filter = w.definition.Filter // also of what rides alone: an alert may go out beside it
	results = diff.Compare(was, is, opts)
	for _, res := range results {
		u, notices := w.tracing.upstream(ctx, res, is.Upstream(res.Upstream), w.fromTag && base != nil)
		dg.Upstreams, dg.Notices = append(dg.Upstreams, u), append(dg.Notices, notices...)
	}
	if ctx.Err() != nil {
		return stretch{}, w.r.stopped(ctx)
	}
	dg.Cost = w.r.Cost()
	// Where a section starts anew, a base that stays would make it start anew for ever.
	settled := base != nil && len(more)+len(recovered)+len(moreReleases(was, is)) == 0 && !slices.ContainsFunc(results, func(u diff.UpstreamResult) bool {
		return slices.ContainsFunc(u.Sections, func(s diff.SectionResult) bool { return s.Baseline })
	})
	return stretch{base, dg, settled}, nil
}

// moreReleases says where more releases came out than are listed at once, so that some are told nowhere.
func moreReleases(was, is *snapshot.Snapshot) []string {
	if was == nil {
		return nil
	}
	var out []string
	for _, u := range is.Upstreams {
		now, before := sectionIn(is, u.Name, snapshot.SourceReleases), sectionIn(was, u.Name, snapshot.SourceReleases)
		if now == nil || before == nil || now.Items.Releases == nil || before.Items.Releases == nil {
			continue
		}
		list := now.Items.Releases.Releases
		known := func(r snapshot.Release) bool {
			return slices.ContainsFunc(before.Items.Releases.Releases, func(b snapshot.Release) bool { return b.Tag == r.Tag })
		}
		if len(list) >= sources.NewestReleases && !slices.ContainsFunc(list, known) {
			oldest := slices.MinFunc(list, func(a, b snapshot.Release) int { return a.Published.Compare(b.Published) })
			out = append(out, fmt.Sprintf("%s: more releases came out than are listed at once; those before %s of %s are not told.",
				u.Name, oldest.Tag, oldest.Published.UTC().Format(time.DateOnly)))
		}
	}
	return out
}

// address adds to a digest what concerns the channel it goes to: the digests of other channels that were
// given up since, and other channels that have been silent for long since. Its own ride along with news, but make none, or a dead channel would feed itself.
func (w *words) address(d report.Digest, channel string, since time.Time, own []store.Delivery) report.Digest {
	d.Alerts = slices.Concat(d.Alerts, givenUpAlerts(w.givenUp, w.definition.Name, channel, since), silentAlerts(w.silents, w.definition.Name, channel, since, w.r.Now()))
	if !d.Empty() {
		for _, o := range own {
			d.Alerts = append(d.Alerts, givenUpAlert(o))
		}
	}
	return d
}

// add lists a digest with its plan. Channels that are told the same share one.
func (o *Outcome) add(d report.Digest, plan []publish.Part) {
	for i, x := range o.Digests {
		if x.Definition == d.Definition && slices.Equal(x.Alerts, d.Alerts) && slices.Equal(x.Open, d.Open) && slices.Equal(x.Settled, d.Settled) && slices.EqualFunc(x.Upstreams, d.Upstreams, func(a, b report.Upstream) bool { return a.From == b.From && a.To == b.To }) {
			o.Plans[i] = append(o.Plans[i], plan...)
			return
		}
	}
	o.Digests = append(o.Digests, d)
	o.Plans = append(o.Plans, plan)
}
