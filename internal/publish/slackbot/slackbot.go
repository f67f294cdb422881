// Package slackbot is the channel that tells a digest in Slack by a bot token: a message, and its details in the thread
// under it. Exactly once, wherever a run dies.
//
// How: each message carries metadata that readers do not see, with the nonce of its part, which the store keeps, and the
// time at which it was queued. That a message is about to be sent is recorded before it is. Whose answer is lost is looked
// for, in the channel's history and in the thread, several times over Options.Settle; what has the nonce and was written by
// our own bot is adopted. A part that a run before left unclear, and that stays away for all that time in a listing that
// reaches back to when it was queued, did not arrive and is sent.
//
// Where a message of a digest before is named (Part.Standing), it is edited instead of repeated, and what is new goes to
// its thread. To edit twice is to edit once. A digest never takes the place of a later one: then it goes to the thread.
//
// What Slack's library would trip over is kept from it: of an answer it sees the few fields that are used here, so that
// somebody else's odd message does not make a channel unreadable. Neither it nor this package logs, and no error holds
// anything of a request; of an answer it holds Slack's words for errors, scopes and places in the blocks, and those only
// where they have the form of such.
package slackbot

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"github.com/upstream-digest/bot/internal/egress"
	"github.com/upstream-digest/bot/internal/github"
)

// Options are what a Channel needs.
type Options struct {
	Token string // of a bot: xoxb-…
	Env   string // the environment variable that gave it: errors name that
	// APIURL is where Slack's methods are found; "" is Slack's.
	APIURL string
	HTTP   *egress.Client
	// Channel is the id of the channel that Test posts in. Deliver goes by each part's target.
	Channel string
	// Settle is how long a part whose outcome is unclear is looked for before the run gives up on it.
	Settle time.Duration
	// MaxWait is how long one delivery waits, in all, where Slack asks to be left alone (HTTP 429).
	MaxWait time.Duration
	// Sleep waits. Default: a timer that ends with the context.
	Sleep func(ctx context.Context, d time.Duration) error
	Now   func() time.Time
}

// Channel delivers digests to Slack. It implements publish.Channel and publish.Tester, and is safe for concurrent use.
type Channel struct {
	o    Options
	api  *slack.Client
	host string

	mu   sync.Mutex
	self identity
	next map[string]time.Time // when the next message may be sent, by channel
}

// identity is whom the token belongs to.
type identity struct{ user, bot, name string }

// New makes a Channel. Its errors name the environment variable, never the token.
func New(o Options) (*Channel, error) {
	if o.APIURL == "" {
		o.APIURL = slack.APIURL
	}
	if !strings.HasSuffix(o.APIURL, "/") {
		o.APIURL += "/"
	}
	u, err := url.Parse(o.APIURL)
	if err != nil || u.Host == "" {
		return nil, errors.New("slack: the address of the API can't be read; it should be like https://slack.com/api/")
	}
	if err := checkToken(o.Token, o.Env); err != nil {
		return nil, err
	}
	if o.HTTP == nil || o.Now == nil {
		return nil, errors.New("slack: no client or no clock was given")
	}
	if o.Sleep == nil {
		o.Sleep = github.Sleep
	}
	c := &Channel{o: o, host: u.Host, next: map[string]time.Time{}}
	c.api = slack.New(o.Token, slack.OptionAPIURL(o.APIURL), slack.OptionHTTPClient(o.HTTP.With(egress.Around{Before: before, Reread: reread})))
	return c, nil
}

// checkToken knows what people put where a bot token belongs.
func checkToken(token, env string) error {
	switch {
	case token == "":
		return fmt.Errorf("slack: %s is empty: set it to the bot token of your Slack app (xoxb-…, under OAuth & Permissions)", env)
	case strings.HasPrefix(token, "https://"):
		return fmt.Errorf("slack: %s holds an address and should hold a bot token (xoxb-…); an incoming webhook is set as webhook_env", env)
	case strings.HasPrefix(token, "xapp-"):
		return fmt.Errorf("slack: %s holds an app-level token; posting needs the bot token (xoxb-…, under OAuth & Permissions)", env)
	case strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return fmt.Errorf("slack: %s holds a space, a line break or another sign that no token has: copy the token anew", env)
	}
	return nil
}

// before keeps a run that slept until its lock was another's from sending.
func before(ctx context.Context, method string) error {
	if method == "chat.postMessage" || method == "chat.update" {
		return github.MaySend(ctx)
	}
	return nil
}

// between is the least time between two messages in one channel: Slack takes one a second.
const between = time.Second

// pace waits until a message may be sent in a channel.
func (c *Channel) pace(ctx context.Context, channel string) error {
	c.mu.Lock()
	now := c.o.Now()
	at := c.next[channel]
	if at.Before(now) {
		at = now
	}
	c.next[channel] = at.Add(between)
	c.mu.Unlock()
	if wait := at.Sub(now); wait > 0 {
		return c.o.Sleep(ctx, wait)
	}
	return ctx.Err()
}

// who asks once whom the token belongs to.
func (r *run) who(ctx context.Context) (identity, *fault) {
	c := r.c
	c.mu.Lock()
	self := c.self
	c.mu.Unlock()
	if self.user != "" {
		return self, nil
	}
	var got *slack.AuthTestResponse
	f := r.ask(ctx, func() error {
		var err error
		got, err = c.api.AuthTestContext(ctx)
		return err
	})
	if f != nil {
		return identity{}, f
	}
	if got.UserID == "" {
		return identity{}, c.fault(unclear, "Slack's answer does not say whom the token in %s belongs to", c.o.Env)
	}
	self = identity{got.UserID, got.BotID, c.plain(got.User)}
	c.mu.Lock()
	c.self = self
	c.mu.Unlock()
	return self, nil
}
