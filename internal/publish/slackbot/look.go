package slackbot

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/slack-go/slack"

	"github.com/upstream-digest/bot/internal/publish"
)

const (
	// lookBack is added to the time a delivery was queued: clocks of servers differ a little.
	lookBack = 10 * time.Minute
	// looks is how often an unclear part is looked for within Settle.
	looks = 4
	// pageSize and maxPages bound one listing. Slack may give fewer on a page than were asked for.
	pageSize = 100
	maxPages = 20
)

// wrote reports whether a message is from our own bot.
func (i identity) wrote(m slack.Message) bool {
	return i.bot != "" && m.BotID == i.bot || i.user != "" && m.User == i.user
}

// look reads what stands in the channel until the part is found or Settle is over; then there is no place, and it surely
// did not arrive. Where that can't be said the error is publish.ErrUnclear.
func (r *run) look(ctx context.Context, d publish.Delivery) (place, error) {
	lost := func(why error) error {
		return fmt.Errorf("look for part %d of %d in %s: %w (%w)", d.Number, d.Of, r.target, publish.ErrUnclear, why)
	}
	self, f := r.who(ctx)
	if f != nil {
		return place{}, lost(f)
	}
	// A look that failed is none: only as many as there are, all over Settle, show that it is not there.
	var failed *fault
	for try := 1; ; try++ {
		l := listing{nonce: d.Nonce, self: self}
		f := r.list(ctx, d, &l)
		if f != nil {
			failed = f
		}
		switch {
		case f == nil && l.found.ts != "":
			return l.found, nil
		case f != nil && f.final():
			if f.code == "missing_scope" {
				f.text += "; with it the bot can see whether a message arrived"
			}
			return place{}, lost(f)
		case try == looks && failed != nil:
			return place{}, lost(failed)
		case try == looks && l.cut:
			return place{}, lost(r.c.fault(unclear, "more messages were posted since than can be listed"))
		case try == looks:
			return place{}, nil
		}
		if err := r.c.o.Sleep(ctx, r.c.o.Settle/(looks-1)); err != nil {
			return place{}, lost(err)
		}
	}
}

// listing is what was found of one part.
type listing struct {
	nonce string
	self  identity
	found place
	cut   bool // there was more than is read
}

func (l *listing) see(m slack.Message) {
	if l.found.ts != "" || l.nonce == "" || nonceOf(m) != l.nonce || !l.self.wrote(m) {
		return
	}
	if _, ok := idOf(m.Timestamp); ok {
		l.found = place{m.Timestamp, m.ThreadTimestamp}
		if m.ThreadTimestamp == m.Timestamp { // it has a thread, and is in none
			l.found.thread = ""
		}
	}
}

// list reads the places where a part can stand: the digest's thread, the message that it edits with its thread, and the
// channel, where a reply ends up whose thread was deleted.
func (r *run) list(ctx context.Context, d publish.Delivery, l *listing) *fault {
	since := "0"
	if !d.QueuedAt.IsZero() {
		since = tsAt(d.QueuedAt.Add(-lookBack))
	}
	thread := r.root
	if d.Number == 1 && d.Standing != 0 {
		thread = tsOf(d.Standing)
		m, f := r.message(ctx, thread)
		if f != nil {
			return f
		}
		l.see(m)
	}
	if thread != "" && l.found.ts == "" {
		f := r.pages(l, func(cursor string) (p page, f *fault) {
			f = r.ask(ctx, func() (err error) {
				p.messages, p.more, p.next, err = r.c.api.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{
					ChannelID: r.target, Timestamp: thread, Oldest: since, Limit: pageSize, Cursor: cursor, IncludeAllMetadata: true,
				})
				return err
			})
			return p, f
		})
		if f != nil && !noThread(f) {
			return f
		}
	}
	if l.found.ts != "" {
		return nil
	}
	return r.pages(l, func(cursor string) (p page, f *fault) {
		f = r.ask(ctx, func() error {
			h, err := r.c.api.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
				ChannelID: r.target, Oldest: since, Limit: pageSize, Cursor: cursor, IncludeAllMetadata: true,
			})
			if h != nil {
				p = page{h.Messages, h.HasMore, h.ResponseMetaData.NextCursor}
			}
			return err
		})
		return p, f
	})
}

type page struct {
	messages []slack.Message
	more     bool
	next     string
}

func (r *run) pages(l *listing, read func(cursor string) (page, *fault)) *fault {
	cursor := ""
	for range maxPages {
		p, f := read(cursor)
		if f != nil {
			return f
		}
		for _, m := range p.messages {
			l.see(m)
		}
		if l.found.ts != "" || p.next == "" && !p.more {
			return nil
		}
		if p.next == "" || p.next == cursor {
			break
		}
		cursor = p.next
	}
	l.cut = true
	return nil
}

// message reads one message; what is not there has no Timestamp.
func (r *run) message(ctx context.Context, ts string) (m slack.Message, f *fault) {
	f = r.ask(ctx, func() error {
		h, err := r.c.api.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
			ChannelID: r.target, Oldest: ts, Latest: ts, Inclusive: true, Limit: 1, IncludeAllMetadata: true,
		})
		if h != nil && len(h.Messages) == 1 && h.Messages[0].Timestamp == ts {
			m = h.Messages[0]
		}
		return err
	})
	return m, f
}

// isLink keeps what is no page out of what is told.
func isLink(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}
