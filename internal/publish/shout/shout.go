// Package shout sends a digest's short text through shoutrrr, to the two dozen services it knows that have no channel of
// their own here: ntfy, Gotify, Matrix, Telegram, Pushover and others.
//
// It is the weakest channel. The library says that a service took it or that something failed, in texts made for logs;
// it takes no context, some services have no limit of time, and their requests do not go through package egress. So a
// run tries once, the next run again: at least once. What hangs is left alone after a limit; a goroutine stays behind
// until the service answers or the library's own limit ends it ([egress.BoundDefault] gives one to those that have none), one
// per channel at most. A panic is an error like another.
//
// The whole address is a secret: for several services its host is a key. Errors name the service and the variable the
// address stands in; what the library says is told without any piece of the address.
package shout

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/nicholas-fedor/shoutrrr/pkg/router"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"
	"github.com/nicholas-fedor/shoutrrr/pkg/util"

	"github.com/upstream-digest/bot/internal/egress"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/publish"
)

// Options say where a channel sends.
type Options struct {
	// URL is a service's address in shoutrrr's form, a secret; Env is the variable it stands in, which errors name.
	URL, Env string
	// Timeout is how long a service may take. Default a minute.
	Timeout time.Duration
}

// Channel sends to one service.
type Channel struct {
	o       Options
	service string // "ntfy"
	busy    chan struct{}
	// send sends once; it may hang, and panic.
	send func(title, text string) error
}

var (
	_ publish.Channel = (*Channel)(nil)
	_ publish.Tester  = (*Channel)(nil)
)

// New checks the address. Errors name the variable and show nothing of what stands in it.
func New(o Options) (*Channel, error) {
	o.URL = strings.TrimSpace(o.URL)
	o.Env = cmp.Or(o.Env, "the channel's address")
	if o.Timeout <= 0 {
		o.Timeout = time.Minute
	}
	if o.URL == "" {
		return nil, fmt.Errorf("%s is empty: write an address of shoutrrr's into it; it is like ntfy://ntfy.sh/topic", o.Env)
	}
	u, err := url.Parse(o.URL)
	if err != nil || u.Scheme == "" {
		return nil, fmt.Errorf("%s holds no address of shoutrrr's: it should be like ntfy://ntfy.sh/topic", o.Env)
	}
	name := serviceOf(u)
	switch {
	case !slices.Contains(services(), name):
		return nil, unknown(name, o.Env)
	case name == "logger":
		return nil, fmt.Errorf("%s: the service logger tells nobody; use a channel of type stdout", o.Env)
	}
	c := &Channel{o: o, service: name, busy: make(chan struct{}, 1)}
	c.send = c.throughShoutrrr
	// Matrix logs in while it reads its address; that waits until something is sent.
	if name != "matrix" {
		if err := guarded(func() error { _, err := open(u); return err }); err != nil {
			return nil, fmt.Errorf("%s holds an address that shoutrrr can't use: %s (%s)", o.Env, c.quoted(err.Error()), c.page())
		}
	}
	return c, nil
}

// Limit is how many bytes of text the service of an address takes well; title and text together.
func Limit(address string) int {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil {
		return usualLimit
	}
	if n, ok := limits[serviceOf(u)]; ok {
		return n
	}
	return usualLimit
}

// usualLimit fits those that nothing is known of. ntfy makes a file of what is longer than 4,096.
const usualLimit = 3500

// limits are those that the services or the library's code name, less some room for what surrounds a text.
var limits = map[string]int{"pushover": 1000, "pagerduty": 1000, "ifttt": 1000, "opsgenie": 10000, "zulip": 9000, "smtp": 100000}

// titles are the services that show a title. With the others, it stands above the text; so it does with the generic
// service, which has a field for it in its JSON form only.
var titles = map[string]bool{
	"bark": true, "discord": true, "gotify": true, "join": true, "lark": true, "notifiarr": true, "ntfy": true, "opsgenie": true,
	"pushbullet": true, "pushover": true, "slack": true, "smtp": true, "teams": true, "telegram": true,
}

// maxOpsgenieTitle is what Opsgenie takes; the library cuts texts to it, and titles not.
const maxOpsgenieTitle = 130

// Deliver sends each part that was not taken yet, once. Parts stay owed until the library says that they were taken.
func (c *Channel) Deliver(ctx context.Context, parts []publish.Delivery, record publish.Record) error {
	return publish.EachOwed(parts, record, func(d *publish.Delivery) error {
		if err := github.MaySend(ctx); err != nil {
			return err
		}
		err := c.try(ctx, d.Title, d.Body)
		if err != nil && ctx.Err() == nil {
			err = fmt.Errorf("%w; the next run sends it again", err)
		}
		return err
	})
}

// Test sends a message.
func (c *Channel) Test(ctx context.Context, m publish.Message) (where string, err error) {
	if err := c.try(ctx, m.Title, m.Text); err != nil {
		return "", err
	}
	return c.service + " took it, says shoutrrr", nil
}

// try sends once, and waits no longer than it may.
func (c *Channel) try(ctx context.Context, title, text string) error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("%s (the address in %s): %s", c.service, c.o.Env, fmt.Sprintf(format, args...))
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: not sent: %w", c.service, err)
	}
	select {
	case c.busy <- struct{}{}:
	default:
		return fail("not sent: what was sent before has not come back yet")
	}
	done := make(chan error, 1)
	go func() {
		err := guarded(func() error { return c.send(title, text) })
		<-c.busy
		done <- err
	}()
	t := time.NewTimer(c.o.Timeout)
	defer t.Stop()
	select {
	case err := <-done:
		if err != nil {
			return fail("%s", cmp.Or(c.quoted(err.Error()), "it failed, and shoutrrr does not say why"))
		}
		return nil
	case <-t.C:
		return fail("no answer in %s; it may have arrived all the same", c.o.Timeout)
	case <-ctx.Done():
		return fmt.Errorf("%s: interrupted; it may have arrived all the same: %w", c.service, ctx.Err())
	}
}

// guarded makes an error of a panic.
func guarded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("shoutrrr broke down: %v", p)
		}
	}()
	return f()
}

// throughShoutrrr sends with a service that is made anew: some keep what they were told last.
func (c *Channel) throughShoutrrr(title, text string) error {
	u, err := url.Parse(c.o.URL)
	if err != nil {
		return err
	}
	service, err := open(u)
	if err != nil {
		return err
	}
	params := types.Params{}
	switch {
	case title == "":
	case titles[c.service] || c.service == "generic" && u.Query().Has("template"):
		if runes := []rune(title); c.service == "opsgenie" && len(runes) > maxOpsgenieTitle {
			title = string(runes[:maxOpsgenieTitle-1]) + "…"
		}
		params.SetTitle(title)
	default:
		text = title + "\n\n" + text
	}
	return service.Send(text, &params)
}

// open makes the service of an address. The library's own way keeps the reason for itself where an address is wrong.
func open(u *url.URL) (types.Service, error) {
	service, err := new(router.ServiceRouter).NewService(serviceOf(u))
	if err != nil {
		return nil, err
	}
	if strings.Contains(u.Scheme, "+") {
		custom, ok := service.(types.CustomURLService)
		if !ok {
			return nil, fmt.Errorf("%s takes no address of another form after a +", serviceOf(u))
		}
		if u, err = custom.GetConfigURLFromCustom(u); err != nil {
			return nil, err
		}
	}
	return service, service.Initialize(u, util.DiscardLogger)
}

// serviceOf is the service of an address: "generic" of generic+https://….
func serviceOf(u *url.URL) string {
	name, _, _ := strings.Cut(strings.ToLower(u.Scheme), "+")
	return name
}

func services() []string {
	return slices.Sorted(slices.Values(new(router.ServiceRouter).ListServices()))
}

// quoted is what the library says, without any piece of the address.
func (c *Channel) quoted(text string) string {
	return strings.TrimRight(egress.Quoted(text, c.o.URL, append(slices.Collect(maps.Keys(titles)), harmless...)...), ". ")
}

// harmless are words that stand in addresses and are no secret.
var harmless = []string{
	"shoutrrr", "generic", "googlechat", "hangouts", "ifttt", "matrix", "mattermost", "pagerduty", "rocketchat", "signal", "wecom", "zulip",
	"http", "https", "json", "JSON", "template", "token", "topic", "title", "host", "port", "query", "user", "devices", "channel", "channels", "chats", "rooms", "events", "hook", "webhook",
}

func (c *Channel) page() string {
	return "shoutrrr.nickfedor.com tells what an address of " + c.service + " looks like"
}
