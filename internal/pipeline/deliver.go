package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/store"
)

// A delivery is given up after this many tries or this long, whichever comes first.
const (
	maxTries = 10
	maxAge   = 14 * 24 * time.Hour
)

// writing is a run that holds the lock.
type writing struct {
	r     *Runner
	lease store.Lease
	out   *Outcome
}

// commit writes even when the run was interrupted meanwhile: what was done must be remembered.
func (w *writing) commit(ctx context.Context, u *store.Update) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
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
	if cerr := w.commit(ctx, &update); cerr != nil {
		return errors.Join(err, cerr)
	}
	var groups [][]store.Delivery
	for _, d := range update.Deliveries {
		groups = appendToGroup(groups, d)
	}
	for _, g := range groups {
		err = errors.Join(err, w.deliver(ctx, g))
	}
	return err
}

// deliverOwed settles what earlier runs left open.
func (w *writing) deliverOwed(ctx context.Context) error {
	open, err := w.r.State.Deliveries(ctx, "", store.Pending, store.Unknown)
	if err != nil {
		return err
	}
	var errs error
	done := map[string]bool{}
	for _, d := range open {
		id := fmt.Sprintf("%s/%d/%s", d.Key.Definition, d.Key.Seq, d.Key.Channel)
		if done[id] {
			continue
		}
		done[id] = true
		all, err := w.r.State.Deliveries(ctx, d.Key.Definition)
		if err != nil {
			return errors.Join(errs, err)
		}
		var group []store.Delivery
		for _, a := range all { // parts that are done name the issue the others belong to
			if a.Key.Seq == d.Key.Seq && a.Key.Channel == d.Key.Channel {
				group = append(group, a)
			}
		}
		errs = errors.Join(errs, w.deliver(ctx, group))
	}
	return errs
}

func appendToGroup(groups [][]store.Delivery, d store.Delivery) [][]store.Delivery {
	for i, g := range groups {
		k := g[0].Key
		if k.Definition == d.Key.Definition && k.Seq == d.Key.Seq && k.Channel == d.Key.Channel {
			groups[i] = append(g, d)
			return groups
		}
	}
	return append(groups, []store.Delivery{d})
}

// deliver hands the parts of one digest to their channel, and records each step.
func (w *writing) deliver(ctx context.Context, group []store.Delivery) error {
	key, target := group[0].Key, group[0].Target
	ch := w.r.Channels[publish.TypeOf(key.Channel)]
	if ch == nil {
		return &DeliveryError{key.Channel, target, errors.New("this bot has no such channel")}
	}
	state := map[int]store.Delivery{}
	parts := make([]publish.Delivery, 0, len(group))
	for _, d := range group {
		state[d.Key.Part] = d
		parts = append(parts, forChannel(d))
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
	err := ch.Deliver(ctx, parts, record)
	if err == nil {
		return nil
	}
	var partial *publish.PartialError
	if !errors.As(err, &partial) && ctx.Err() == nil && !errors.Is(err, store.ErrFenced) {
		err = errors.Join(err, w.countTry(ctx, state, err))
	}
	if errors.Is(err, store.ErrFenced) {
		return err
	}
	return &DeliveryError{key.Channel, target, err}
}

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
		if !unknown && (d.Tries >= maxTries || w.r.ServerNow().Sub(d.OwedSince()) > maxAge) {
			d.State = store.GivenUp
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
	return publish.Delivery{
		Part: publish.Part{
			Channel: d.Key.Channel, Type: publish.TypeOf(d.Key.Channel), Target: d.Target, Title: d.Title, Body: d.Body,
			Labels: d.Labels, Number: d.Key.Part, Of: d.Key.Parts, Nonce: d.Nonce,
		},
		Status: s, QueuedAt: d.QueuedAt, ResultID: d.ResultID, ResultURL: d.ResultURL,
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
	d.ResultID, d.ResultURL = p.ResultID, p.ResultURL
	return d
}

// record keeps the run, also one that found nothing: the heartbeat.
func (w *writing) record(ctx context.Context, started time.Time, err error) error {
	run := &store.Run{
		StartedAt: started.UTC(), EndedAt: w.r.Now().UTC(), Outcome: "quiet", Requests: w.r.Cost().Requests, Failed: w.out.Failed,
	}
	if len(w.out.Filed) > 0 {
		run.Outcome = "told"
	}
	if err != nil {
		run.Outcome = "failed"
	}
	if w.out.Current != nil {
		run.Snapshot = w.out.Current.Seq
	}
	return w.r.Writer.Commit(ctx, w.lease, &store.Update{Run: run})
}
