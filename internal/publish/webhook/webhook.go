// Package webhook posts a digest to an address: Slack's incoming webhooks, Discord's, a flow of Teams, and webhooks in the
// form of Standard Webhooks for programs of one's own.
//
// None of these can be asked what they have. So a part stays owed until an answer says that it was taken: who dies in
// between, or gets no answer, sends it again in the next run. At least once, never lost. A receiver of the generic kind
// can drop what it has by the header webhook-id, which is the same each time. Within a run what surely was not taken is
// tried again: see [egress.Poster].
//
// What Teams says is the weakest: 202 means that the flow was started. Whether it then posts, nobody tells.
//
// The address is a secret of the one who made the webhook; errors name its host and the variable it stands in. What a
// receiver says is quoted without anything of the address.
package webhook

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/upstream-digest/bot/internal/egress"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/publish"
)

// Kind is whose form is spoken. It is the type of the channel.
type Kind string

// The kinds.
const (
	Slack   Kind = publish.TypeSlack
	Discord Kind = publish.TypeDiscord
	Teams   Kind = publish.TypeTeams
	Generic Kind = publish.TypeWebhook
)

// Poster sends to a secret address. [egress.Poster] is one.
type Poster interface {
	Post(ctx context.Context, r egress.PostRequest) (egress.Answer, error)
}

// Options say where a channel posts, and how.
type Options struct {
	Kind Kind
	// URL is the webhook's address, a secret; Env is the variable it stands in, which errors name.
	URL, Env string
	// Secret signs what is sent, by the generic kind alone: "whsec_" and base64, or plain text of 24 bytes or more.
	// Several are separated by blanks: each signs, so that a receiver can change from one to the next. "" signs nothing.
	// SecretEnv is the variable it stands in.
	Secret, SecretEnv string
	Post              Poster
	// Now is the clock, for signatures.
	Now func() time.Time
	// ID makes the id of a test message. Default: random.
	ID func() string
}

// Channel posts to one webhook.
type Channel struct {
	o       Options
	address string // as it is spoken to
	keys    [][]byte
	form    form
}

// form is what one kind does in its own way.
type form struct {
	// taken reads an answer: the id it gives, or why it is none. Nil is no error.
	taken func(c *Channel, a egress.Answer, sent int) (id int64, e *Error)
	test  func(id string, m publish.Message) ([]byte, error)
	// where ends what is said of a test message that was taken.
	where string
}

var (
	_ publish.Channel = (*Channel)(nil)
	_ publish.Tester  = (*Channel)(nil)
)

// New checks the address and the secret. Errors name the variables and show neither.
func New(o Options) (*Channel, error) {
	o.Env = cmp.Or(o.Env, "the webhook's address")
	o.SecretEnv = cmp.Or(o.SecretEnv, "the webhook's secret")
	if o.ID == nil {
		o.ID = rand.Text
	}
	c := &Channel{o: o}
	switch o.Kind {
	case Slack:
		c.form = form{slackTaken, slackTest, ""}
	case Discord:
		c.form = form{discordTaken, discordTest, ""}
	case Teams:
		c.form = form{teamsTaken, teamsTest, "; that the flow then posts it is seen in Teams only"}
	case Generic:
		c.form = form{genericTaken, genericTest, ""}
	default:
		return nil, fmt.Errorf("there are no webhooks of the type %q", o.Kind)
	}
	var err error
	if c.address, err = addressOf(o.Kind, o.URL, o.Env); err != nil {
		return nil, err
	}
	if o.Secret != "" && o.Kind != Generic {
		return nil, fmt.Errorf("%s: only a channel of type %s signs what it sends", o.SecretEnv, Generic)
	}
	if c.keys, err = keysOf(o.Secret, o.SecretEnv); err != nil {
		return nil, err
	}
	return c, nil
}

// Error is an answer that says that nothing was taken.
type Error struct {
	Host   string
	Status int
	Reason string // in words, with what to do; without the address
	// Later says that it may be taken another time.
	Later bool
}

func (e *Error) Error() string { return e.Host + ": " + e.Reason }

// Deliver posts each part that was not taken yet. Parts stay owed until an answer says that they were taken.
func (c *Channel) Deliver(ctx context.Context, parts []publish.Delivery, record publish.Record) error {
	return publish.EachOwed(parts, record, func(d *publish.Delivery) error {
		id, _, err := c.send(ctx, d.Nonce, []byte(d.Body))
		if err != nil {
			return later(err)
		}
		d.ResultID = id
		return nil
	})
}

// later adds what happens next, where that is something.
func later(err error) error {
	e, answered := errors.AsType[*Error](err)
	_, refused := errors.AsType[*egress.RefusedError](err)
	if answered && !e.Later || refused || errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%w; the next run sends it again", err)
}

// Test posts a small message in the receiver's form.
func (c *Channel) Test(ctx context.Context, m publish.Message) (where string, err error) {
	id := c.o.ID()
	body, err := c.form.test(id, m)
	if err != nil {
		return "", err
	}
	_, a, err := c.send(ctx, id, body)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s took it: %s%s", a.Host, a.Said(), c.form.where), nil
}

func (c *Channel) send(ctx context.Context, id string, body []byte) (int64, egress.Answer, error) {
	// Whoever slept past his lock sends nothing: another run has it in hand.
	r := egress.PostRequest{Address: c.address, Body: body, Before: func() error { return github.MaySend(ctx) }}
	if c.o.Kind == Generic {
		r.Headers = func() map[string]string { return c.headers(id, body) }
	}
	a, err := c.o.Post.Post(ctx, r)
	if err != nil {
		return 0, a, err
	}
	got, e := c.form.taken(c, a, len(body))
	if e != nil {
		return 0, a, e
	}
	return got, a, nil
}
