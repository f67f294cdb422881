package slackbot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/upstream-digest/bot/internal/egress"
	"github.com/upstream-digest/bot/internal/publish"
)

// run is one delivery.
type run struct {
	c      *Channel
	target string
	record publish.Record
	left   time.Duration // of Options.MaxWait
	// root is the ts of the message whose thread the parts stand in; "" until it is known.
	root string
}

// place is where a message stands.
type place struct {
	ts     string
	thread string // ts of the message whose thread it is in; "" where it is in none
}

// Deliver implements publish.Channel.
func (c *Channel) Deliver(ctx context.Context, parts []publish.Delivery, record publish.Record) error {
	if !slices.ContainsFunc(parts, func(d publish.Delivery) bool { return d.Status != publish.Filed }) {
		return nil
	}
	first := parts[0]
	if first.Number != 1 || first.Status == publish.Filed && first.ResultID == 0 {
		return fmt.Errorf("deliver to %s: the digest's first part is missing from the store", first.Target)
	}
	bodies := make([]body, len(parts))
	for i, d := range parts {
		if d.Status == publish.Filed {
			continue
		}
		var err error
		if bodies[i], err = readBody(d); err != nil {
			return err
		}
	}
	target := first.Target
	if strings.HasPrefix(target, "$") { // a webhook had this channel's name when it was queued: its variable names no channel
		target = c.o.Channel
	}
	r := &run{c: c, target: target, record: record, left: max(c.o.MaxWait, 0)}
	if first.Status == publish.Filed {
		r.root = tsOf(first.ResultID)
	}
	var problems []error
	for i := range parts {
		if parts[i].Status == publish.Filed {
			continue
		}
		err := r.part(ctx, &parts[i], bodies[i])
		if isPartial(err) {
			problems = append(problems, err)
		} else if err != nil {
			return errors.Join(append(problems, err)...)
		}
	}
	return errors.Join(problems...)
}

func isPartial(err error) bool {
	_, ok := errors.AsType[*publish.PartialError](err)
	return ok
}

// part looks for a part that may be there, and sends it where it is not.
func (r *run) part(ctx context.Context, d *publish.Delivery, b body) error {
	if d.Status == publish.Unclear {
		found, err := r.look(ctx, *d)
		if err != nil {
			return err
		}
		if found.ts != "" {
			return r.filed(ctx, d, found, "")
		}
	}
	return r.post(ctx, d, b)
}

// post sends a part that is not there: a reply in the digest's thread, a new message, or a new text for the one before.
func (r *run) post(ctx context.Context, d *publish.Delivery, b body) error {
	if d.Number > 1 {
		return r.send(ctx, d, r.posting(ctx, *d, b, r.root), "")
	}
	if d.Standing == 0 {
		return r.send(ctx, d, r.posting(ctx, *d, b, ""), "")
	}
	before := tsOf(d.Standing)
	m, f := r.message(ctx, before)
	switch {
	case f != nil && f.final() && f.outcome == refused:
		// To edit what can't be read might put an old digest in the place of a later one.
		return r.send(ctx, d, r.posting(ctx, *d, b, ""), "as a new message, for the one before could not be read: "+f.text)
	case f != nil:
		return fmt.Errorf("look at the message before in %s: %w", r.target, f)
	case m.Timestamp == "":
		return r.send(ctx, d, r.posting(ctx, *d, b, ""), "")
	}
	self, f := r.who(ctx)
	switch {
	case f != nil:
		return fmt.Errorf("look at the message before in %s: %w", r.target, f)
	case !self.wrote(m):
		return r.send(ctx, d, r.posting(ctx, *d, b, ""), "")
	case queuedOf(m).After(d.QueuedAt):
		return r.send(ctx, d, r.posting(ctx, *d, b, before), "")
	}
	err := r.send(ctx, d, r.editing(ctx, *d, b, before), "")
	if f, ok := errors.AsType[*fault](err); ok && isGone(f) {
		return r.send(ctx, d, r.posting(ctx, *d, b, ""), "")
	}
	return err
}

// posting is a new message, in a thread or "" in none.
func (r *run) posting(ctx context.Context, d publish.Delivery, b body, thread string) func() (place, error) {
	opts := append(b.options(d), slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl())
	if thread != "" {
		opts = append(opts, slack.MsgOptionTS(thread))
		if b.ReplyBroadcast {
			opts = append(opts, slack.MsgOptionBroadcast())
		}
	}
	return func() (place, error) {
		_, ts, m, err := r.c.api.PostMessageWithResponseContext(ctx, r.target, opts...)
		return place{ts, m.ThreadTimestamp}, err
	}
}

// editing gives a message another text and other metadata. Names and addresses in plain words stay plain, as they do in
// a new message; for an edit that is not the default.
func (r *run) editing(ctx context.Context, d publish.Delivery, b body, ts string) func() (place, error) {
	opts := append(b.options(d), slack.MsgOptionParse(false))
	return func() (place, error) {
		_, got, _, err := r.c.api.UpdateMessageContext(ctx, r.target, ts, opts...)
		if got != ts { // also where there is none
			got = ""
		}
		return place{ts: got}, err
	}
}

// ask does one call, and again after the time for which Slack asks to be left alone.
func (r *run) ask(ctx context.Context, do func() error) *fault {
	for {
		f := r.c.explain(do())
		if f == nil || f.outcome != limited || f.wait > r.left {
			return r.withName(ctx, f)
		}
		r.left -= f.wait
		if err := r.c.o.Sleep(ctx, f.wait); err != nil {
			f.cause = err
			return f
		}
	}
}

// withName puts the bot's name into an advice that needs it.
func (r *run) withName(ctx context.Context, f *fault) *fault {
	if f != nil && strings.Contains(f.text, ownName) {
		if self, unknown := r.who(ctx); unknown == nil && self.name != "" {
			f.text = strings.ReplaceAll(f.text, ownName, "@"+self.name)
		}
	}
	return f
}

// send records the intent, sends, and records the outcome. problem is what is not as it was asked for even if all goes well.
func (r *run) send(ctx context.Context, d *publish.Delivery, do func() (place, error), problem string) error {
	if err := r.c.pace(ctx, r.target); err != nil {
		return err
	}
	d.Status = publish.Unclear
	if err := r.record(*d); err != nil {
		return err
	}
	var got place
	f := r.ask(ctx, func() error {
		var err error
		got, err = do()
		return err
	})
	if f == nil {
		if _, ok := idOf(got.ts); !ok {
			f = r.c.fault(unclear, "Slack's answer does not name the message it made")
		}
	}
	switch {
	case f == nil:
		return r.filed(ctx, d, got, problem)
	case f.outcome != unclear:
		d.Status = publish.Owed
		return errors.Join(fmt.Errorf("post part %d of %d in %s: %w", d.Number, d.Of, r.target, f), r.record(*d))
	}
	found, err := r.look(ctx, *d)
	switch {
	case err != nil:
		return errors.Join(f, err)
	case found.ts != "":
		return r.filed(ctx, d, found, problem)
	}
	return fmt.Errorf("post part %d of %d in %s: %w (%w)", d.Number, d.Of, r.target, publish.ErrUnclear, f)
}

// filed records where a part stands. A first part that stands in a thread, because a later digest has its place, is known by
// the message that the thread hangs on: the parts after it, and the digest after it, go there too.
func (r *run) filed(ctx context.Context, d *publish.Delivery, at place, problem string) error {
	id, _ := idOf(at.ts)
	if d.Number == 1 {
		r.root = at.ts
		if root, ok := idOf(at.thread); ok {
			r.root, id = at.thread, root
		}
		d.ResultURL = r.permalink(ctx, at.ts)
	} else if at.thread != r.root && problem == "" {
		problem = "in the channel instead of the digest's thread, for the digest's first message was deleted"
	}
	d.Status, d.ResultID, d.Problem = publish.Filed, id, problem
	if err := r.record(*d); err != nil {
		return err
	}
	if problem != "" {
		where := d.ResultURL
		if where == "" {
			where = fmt.Sprintf("%s, message %s", r.target, at.ts)
		}
		return &publish.PartialError{URL: where, Problem: problem}
	}
	return nil
}

// permalink is the page of a message, "" where Slack does not tell: that costs nothing.
func (r *run) permalink(ctx context.Context, ts string) string {
	link, err := r.c.api.GetPermalinkContext(ctx, &slack.PermalinkParameters{Channel: r.target, Ts: ts})
	if err != nil || !isLink(link) || egress.Echoes(link, r.c.o.Token) {
		return ""
	}
	return link
}
