package slackbot_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/egress"
	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/publish/slackbot"
	"github.com/upstream-digest/bot/internal/slacktest"
)

const (
	channelID = "C0123ABCD"
	token     = "xoxb-1111-2222-verysecret"
	env       = "SLACK_BOT_TOKEN"
)

var errDied = errors.New("the process died")

// fixture is Slack, a clock, and a store.
type fixture struct {
	t      *testing.T
	slack  *slacktest.Server
	client *egress.Client

	mu    sync.Mutex
	now   time.Time
	slept time.Duration

	saved []publish.Delivery
	// dead: nothing is recorded any more. onRecord is asked before and after each record.
	dead     atomic.Bool
	onRecord func(d publish.Delivery, saved bool) error
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	return newFixtureWith(t, slacktest.Options{})
}

func newFixtureWith(t *testing.T, o slacktest.Options) *fixture {
	t.Helper()
	f := &fixture{t: t, now: time.Date(2026, 3, 2, 7, 17, 0, 0, time.UTC)}
	o.Token, o.Now = token, f.Now
	f.slack = slacktest.New(o)
	t.Cleanup(f.slack.Close)
	f.slack.AddChannel(slacktest.Channel{ID: channelID, Name: "platform"})
	f.client = newClient(t, f.slack.URL)
	return f
}

func newClient(t *testing.T, address string) *egress.Client {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	tr, err := egress.New(egress.Options{Hosts: []string{u.Host}, Private: []string{u.Host}, LoopbackHTTP: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.CloseIdleConnections)
	return egress.NewClient(tr, egress.ClientOptions{})
}

func (f *fixture) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func (f *fixture) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
	f.slept += d
	return nil
}

// channel is that of a new process.
func (f *fixture) channel() *slackbot.Channel {
	f.t.Helper()
	c, err := slackbot.New(slackbot.Options{
		Token: token, Env: env, APIURL: f.slack.URL, HTTP: f.client, Channel: channelID,
		Settle: 30 * time.Second, MaxWait: time.Minute, Sleep: f.Sleep, Now: f.Now,
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return c
}

// queue puts a digest of three parts into the store; the second is broadcast where one before is edited.
func (f *fixture) queue(name string, standing int64) {
	f.saved = nil
	for n := 1; n <= 3; n++ {
		b := map[string]any{
			"text":   fmt.Sprintf("%s part %d", name, n),
			"blocks": []any{map[string]any{"type": "section", "text": map[string]any{"type": "mrkdwn", "text": fmt.Sprintf("%s part %d &amp; <https://example.com|a link>", name, n), "verbatim": true}}},
		}
		if n == 2 && standing != 0 {
			b["reply_broadcast"] = true
		}
		raw, err := json.Marshal(b)
		if err != nil {
			f.t.Fatal(err)
		}
		d := publish.Delivery{
			Part: publish.Part{
				Channel: "slack", Type: publish.TypeSlack, Target: channelID, Body: string(raw),
				Number: n, Of: 3, Nonce: fmt.Sprintf("nonce-%s-%d", name, n),
			},
			QueuedAt: f.Now(),
		}
		if n == 1 {
			d.Standing = standing
		}
		f.saved = append(f.saved, d)
	}
	f.Sleep(context.Background(), 5*time.Second)
}

func (f *fixture) record(d publish.Delivery) error {
	if f.dead.Load() {
		return errDied
	}
	if f.onRecord != nil {
		if err := f.onRecord(d, false); err != nil {
			return err
		}
	}
	f.saved[d.Number-1] = d
	if f.onRecord != nil {
		return f.onRecord(d, true)
	}
	return nil
}

// load is what the pipeline hands to a channel: a part that is filed has its standing message no more.
func (f *fixture) load() []publish.Delivery {
	var out []publish.Delivery
	for _, d := range f.saved {
		if d.Status == publish.Filed {
			d.Standing = 0
		}
		out = append(out, d)
	}
	return out
}

// deliver is a run of a new process.
func (f *fixture) deliver(ctx context.Context) error {
	return f.channel().Deliver(ctx, f.load(), f.record)
}

func (f *fixture) mustDeliver() {
	f.t.Helper()
	if err := f.deliver(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

// nonces counts the messages that stand in the channel, by nonce.
func (f *fixture) nonces() map[string]int {
	out := map[string]int{}
	for _, m := range f.slack.Messages(channelID) {
		if n := nonceOf(m); n != "" {
			out[n]++
		}
	}
	return out
}

func nonceOf(m slacktest.Message) string {
	var meta struct {
		Payload struct {
			Nonce string `json:"nonce"`
		} `json:"event_payload"`
	}
	_ = json.Unmarshal(m.Metadata, &meta)
	return meta.Payload.Nonce
}

// checkOnce fails unless each part of a digest stands there once, and is recorded.
func (f *fixture) checkOnce(name string) {
	f.t.Helper()
	got := f.nonces()
	for n := 1; n <= 3; n++ {
		if c := got[fmt.Sprintf("nonce-%s-%d", name, n)]; c != 1 {
			f.t.Errorf("part %d of %s stands there %d times, want once", n, name, c)
		}
		if f.saved[n-1].Status != publish.Filed {
			f.t.Errorf("part %d of %s is not recorded as filed", n, name)
		}
	}
	root := ts(f.saved[0].ResultID)
	for _, m := range f.slack.Messages(channelID) {
		n := nonceOf(m)
		if !strings.HasPrefix(n, "nonce-"+name) {
			continue
		}
		switch {
		case strings.HasSuffix(n, "-1") && m.TS != root && m.ThreadTS != root:
			f.t.Errorf("the first part is %s, recorded as %s", m.TS, root)
		case !strings.HasSuffix(n, "-1") && m.ThreadTS != root:
			f.t.Errorf("%s is in the thread of %q, want %s", n, m.ThreadTS, root)
		}
	}
	if notes := f.slack.Notes(); len(notes) > 0 {
		f.t.Error(notes)
	}
}

func ts(id int64) string { return fmt.Sprintf("%d.%06d", id/1e6, id%1e6) }

// methods are the calls that were received since n.
func (f *fixture) methods(n int) []string {
	var out []string
	for _, c := range f.slack.Calls()[n:] {
		out = append(out, c.Method)
	}
	return out
}

// standing files a digest, and gives the message it stands in.
func (f *fixture) standing(name string) int64 {
	f.t.Helper()
	f.queue(name, 0)
	f.mustDeliver()
	f.Sleep(context.Background(), time.Hour)
	return f.saved[0].ResultID
}
