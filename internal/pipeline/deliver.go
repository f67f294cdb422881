package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/store"
)

// A delivery is given up after maxTries, but not before minAge: a bad hour of a run that comes every five
// minutes must not cost a digest. It is given up after maxAge too, but not before minTries: a weekly run
// has tried it twice by then.
const (
	maxTries = 10
	minAge   = 48 * time.Hour
	maxAge   = 14 * 24 * time.Hour
	minTries = 4
)

func hopeless(d store.Delivery, now time.Time) bool {
	age := now.Sub(d.OwedSince())
	return d.Tries >= maxTries && age >= minAge || age >= maxAge && d.Tries >= minTries
}

// writing is a run that holds the lock.
type writing struct {
	r     *Runner
	lease store.Lease
	held  holding // lease, with its time
	out   *Outcome
	// failed are the channels, with target, that could not be delivered to in this run.
	failed map[[2]string]bool
	// current are cursors of definitions that had nothing to be told: only their time moves, with the last write.
	// scheduled: one of them has a schedule, which counts from that time.
	current   []store.Cursor
	scheduled bool
}

// commit writes even when the run was interrupted meanwhile: what was done must be remembered.
func (w *writing) commit(ctx context.Context, u *store.Update) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.r.patience())
	defer cancel()
	return w.r.Writer.Commit(ctx, w.lease, u)
}

func (w *writing) tellAndDeliver(ctx context.Context, opts Options) error {
	t, err := w.r.tell(ctx, opts, w.out)
	if t == nil {
		return err
	}
	// The bases of a first run are stored first, so that a death before the transaction finds them.
	for _, b := range t.bases {
		if cerr := w.commit(ctx, &store.Update{Snapshot: b}); cerr != nil {
			return errors.Join(err, cerr)
		}
	}
	update := t.update()
	if t.timesOnly(update) {
		w.current = update.Cursors
		for _, c := range update.Cursors {
			d := w.r.definition(c.Definition)
			w.scheduled = w.scheduled || d == nil || d.Due != nil
		}
		return err
	}
	if cerr := w.commit(ctx, &update); cerr != nil {
		return errors.Join(err, cerr)
	}
	var groups [][]store.Delivery
	for _, d := range update.Deliveries {
		if d.State == store.Pending {
			groups = appendToGroup(groups, d)
		}
	}
	for i, g := range groups {
		if w.failed[placeOf(g)] {
			continue // it failed a moment ago, and is tried by the next run
		}
		err = errors.Join(err, w.deliver(ctx, g, len(groups)-i-1))
	}
	return err
}

func placeOf(group []store.Delivery) [2]string {
	return [2]string{group[0].Key.Channel, group[0].Target}
}

// deliverOwed settles what earlier runs left open, of one definition or of all. A channel that fails
// holds up no other.
func (w *writing) deliverOwed(ctx context.Context, definition string) error {
	open, err := w.r.State.Deliveries(ctx, definition, store.Pending, store.Unknown)
	if err != nil {
		return err
	}
	var errs error
	var owed []store.Delivery // the first part of each
	for _, d := range open {
		if !slices.ContainsFunc(owed, func(o store.Delivery) bool { return sameDigest(o.Key, d.Key) }) {
			owed = append(owed, d)
		}
	}
	for i, d := range owed {
		all, err := w.r.State.Standing(ctx, d.Key.Definition)
		if err != nil {
			return errors.Join(errs, err)
		}
		var group []store.Delivery
		for _, a := range all { // parts that are done name the issue the others belong to
			if sameDigest(a.Key, d.Key) {
				group = append(group, a)
			}
		}
		errs = errors.Join(errs, w.deliver(ctx, group, len(owed)-i-1))
	}
	return errs
}

func appendToGroup(groups [][]store.Delivery, d store.Delivery) [][]store.Delivery {
	for i, g := range groups {
		if sameDigest(g[0].Key, d.Key) {
			groups[i] = append(g, d)
			return groups
		}
	}
	return append(groups, []store.Delivery{d})
}

// fairShare is the time that one delivery to an address of its own may take: what hangs there must leave some for as many
// others, and for reading upstream. One that is slow, and does not hang, has three minutes if there are few others.
func fairShare(left time.Duration, others int) time.Duration {
	return max(left/time.Duration(others+2), min(3*time.Minute, left/4))
}

// within is the context of a delivery after which there are others.
func (w *writing) within(ctx context.Context, key store.Key, others int) (context.Context, context.CancelFunc, time.Duration) {
	end, limited := ctx.Deadline()
	if _, own := w.r.Channels[ChannelKey(key.Definition, key.Channel)]; !limited || !own {
		return ctx, func() {}, 0
	}
	share := fairShare(time.Until(end), others)
	ctx, cancel := context.WithTimeout(ctx, share)
	return ctx, cancel, share
}

// deliver hands the parts of one digest to their channel, and records each step. others is how many there are after it.
func (w *writing) deliver(ctx context.Context, group []store.Delivery, others int) error {
	key, target := group[0].Key, group[0].Target
	ch := w.r.channel(key)
	w.r.progress(Event{Stage: StageDeliver, Channel: key.Channel, Of: len(group)})
	newest, err := w.newest(ctx, key)
	if err != nil {
		return err
	}
	// Before anybody looks at the target: a store without a lock is claimed by its first write, and of two runs that
	// come so far only one goes on.
	if err := w.commit(ctx, &store.Update{}); err != nil {
		return err
	}
	state := map[int]store.Delivery{}
	parts := make([]publish.Delivery, 0, len(group))
	for _, d := range group {
		state[d.Key.Part] = d
		parts = append(parts, forChannel(d))
		parts[len(parts)-1].Newest = newest
	}
	record := func(p publish.Delivery) error {
		d := withOutcome(state[p.Number], p, w.r.ServerNow())
		if err := w.commit(ctx, &store.Update{Deliveries: []store.Delivery{d}}); err != nil {
			return err
		}
		state[p.Number] = d
		if p.Status == publish.Filed {
			w.out.Filed = append(w.out.Filed, p)
		}
		return nil
	}
	own, cancel, share := w.within(ctx, key, others)
	defer cancel()
	err = ch.Deliver(w.sending(own), parts, record)
	if err == nil {
		return nil
	}
	if own.Err() != nil && ctx.Err() == nil {
		err = fmt.Errorf("it took longer than the %s that there were, and was ended to leave time for the others: %w", share.Round(time.Second), err)
	}
	var old *publish.OldStateError
	if errors.As(err, &old) {
		return err // no failed try: only a person can help
	}
	for _, d := range state {
		if d.State.Open() && !begun(d) {
			w.failed[placeOf(group)] = true
		}
	}
	var partial *publish.PartialError
	if !errors.As(err, &partial) && ctx.Err() == nil && !errors.Is(err, store.ErrFenced) {
		err = errors.Join(err, w.countTry(ctx, state, err))
	}
	if errors.Is(err, store.ErrFenced) {
		return err
	}
	return &DeliveryError{key.Definition, key.Channel, target, err}
}

// ChannelKey is what a channel is called in [Runner.Channels] that has an address of its own: a webhook, a mail server.
func ChannelKey(definition, channel string) string { return definition + "/" + channel }

func (r *Runner) channel(k store.Key) publish.Channel {
	if ch, ok := r.Channels[ChannelKey(k.Definition, k.Channel)]; ok {
		return ch
	}
	if ch, ok := r.Channels[publish.TypeOf(k.Channel)]; ok {
		return ch
	}
	return goneChannel{k.Definition}
}

// goneChannel is one that the configuration has no more. It may never come back: what is owed to it is given up like that
// of a dead one.
type goneChannel struct{ definition string }

func (c goneChannel) Deliver(context.Context, []publish.Delivery, publish.Record) error {
	return errors.New("the configuration has no such channel for " + c.definition + " any more; put it back until what is owed to it has arrived, or wait until that is given up")
}

// newest is the number of a definition's newest digest. Those of a definition that lost its cursor are known by key.
func (w *writing) newest(ctx context.Context, key store.Key) (int64, error) {
	cursors, err := w.r.State.Cursors(ctx)
	if err != nil {
		return 0, err
	}
	newest := key.Seq
	for _, c := range cursors {
		if c.Definition == key.Definition {
			newest = max(newest, c.Seq)
		}
	}
	return newest, nil
}

// begun reports whether a part that is open reached some of those whom it is for: a mail of which one recipient waits.
func begun(d store.Delivery) bool { return d.State != store.Done && d.ResultURL != "" }

// countTry notes a failed try on every open part, and gives up what failed too often or for too long.
func (w *writing) countTry(ctx context.Context, state map[int]store.Delivery, cause error) error {
	// While it is not known whether the first part arrived, giving up the others would leave a digest
	// without its rest: all are given up, or none.
	unknown := false
	for _, d := range state {
		unknown = unknown || d.State == store.Unknown
	}
	var u store.Update
	for part := 1; part <= len(state); part++ {
		d, ok := state[part]
		if !ok || d.State != store.Pending && d.State != store.Unknown {
			continue
		}
		d.Tries++
		d.LastError = cause.Error()
		lost := hopeless(d, w.r.ServerNow())
		if unknown {
			// It may be there, and could not be looked for in all this time.
			lost = lost && d.Tries >= maxTries && w.r.ServerNow().Sub(d.OwedSince()) >= maxAge
		}
		if lost {
			if d.State == store.Unknown {
				d.LastError = store.MayBeThere + d.LastError
			}
			d.State, d.DoneAt = store.GivenUp, w.r.Now().UTC()
			w.out.Notices = append(w.out.Notices, fmt.Sprintf("gave up delivery %s after %d tries: %v", d.Key, d.Tries, cause))
		}
		u.Deliveries = append(u.Deliveries, d)
	}
	return w.commit(ctx, &u)
}

func forChannel(d store.Delivery) publish.Delivery {
	status := map[store.State]publish.Status{store.Pending: publish.Owed, store.Unknown: publish.Unclear}
	s, open := status[d.State]
	if !open {
		s = publish.Filed
	}
	// What stands in the result of a part that is not there yet is the issue that it is about.
	standing, result := d.ResultID, int64(0)
	if s == publish.Filed {
		standing, result = 0, d.ResultID
	}
	return publish.Delivery{
		Part: publish.Part{
			Channel: d.Key.Channel, Type: publish.TypeOf(d.Key.Channel), Target: d.Target, Title: d.Title, Body: d.Body,
			Labels: d.Labels, Number: d.Key.Part, Of: d.Key.Parts, Nonce: d.Nonce, Standing: standing,
		},
		Status: s, QueuedAt: d.QueuedAt, ResultID: result, ResultURL: d.ResultURL,
	}
}

func withOutcome(d store.Delivery, p publish.Delivery, now time.Time) store.Delivery {
	switch p.Status {
	case publish.Owed:
		d.State = store.Pending
	case publish.Unclear:
		d.State = store.Unknown
	case publish.Filed:
		d.State, d.DoneAt, d.LastError = store.Done, now.UTC(), p.Problem
	}
	d.ResultID, d.ResultURL = p.Standing, p.ResultURL
	if p.Status == publish.Filed {
		d.ResultID = p.ResultID
	}
	return d
}

// record keeps the run, also one that found nothing (the heartbeat), and gives the lock back.
func (w *writing) record(ctx context.Context, started time.Time, opts Options, err error) error {
	run := &store.Run{
		StartedAt: started.UTC(), EndedAt: w.r.Now().UTC(), Outcome: outcomeQuiet, Requests: w.r.Cost().Requests, Failed: w.out.Failed,
	}
	switch {
	case w.r.partial(opts): // also one that failed: it says nothing of what it left out
		run.Outcome = outcomePartial
	case err != nil:
		run.Outcome = outcomeFailed
	case len(w.out.Filed) > 0:
		run.Outcome = outcomeTold
	}
	if w.r.ExitCode != nil {
		run.ExitCode = w.r.ExitCode(err)
	}
	if w.out.Current != nil {
		run.Snapshot = w.out.Current.Seq
	}
	return w.r.Writer.Commit(ctx, w.lease, &store.Update{
		Run: run, Cursors: w.current, End: &store.End{Keep: w.r.KeepSnapshots},
		Idle: run.Outcome == outcomeQuiet && run.ExitCode == 0 && len(run.Failed) == 0 && !w.scheduled,
	})
}
