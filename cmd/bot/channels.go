package main

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/config"
	"github.com/upstream-digest/bot/internal/egress"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/pipeline"
	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/publish/mail"
	"github.com/upstream-digest/bot/internal/publish/shout"
	"github.com/upstream-digest/bot/internal/publish/slackbot"
	"github.com/upstream-digest/bot/internal/publish/webhook"
)

// sendWait is world.sendWait within a run.
const sendWait = time.Minute

// destination is where a channel of a digest leads.
func destination(cfg config.Config, d config.Digest, c config.Channel, server string) publish.Destination {
	dest := publish.Destination{Name: c.Name, Type: c.Type, Public: server}
	switch c.Type {
	case config.ChannelIssue, config.ChannelRolling:
		dest.ClosePrevious = c.ClosePrevious
		dest.Target, dest.Labels = c.Repository, c.Labels
		return dest
	case config.ChannelFile:
		dest.Target = c.Path
		return dest
	case config.ChannelStdout:
		return dest
	case config.ChannelSlack:
		dest.Target, dest.Thread, dest.Update = c.Channel, c.TokenEnv != "", c.Update
	case config.ChannelEmail:
		dest.Target = strings.Join(c.To, ", ")
	case config.ChannelShoutrrr:
		dest.Limit = shout.Limit(c.Secret(c.URLEnv).Reveal())
	}
	if dest.Target == "" { // whose address is a secret
		dest.Target = "$" + cmp.Or(c.WebhookEnv, c.URLEnv)
	}
	dest.Whole = wholeDigest(cfg, d, server)
	return dest
}

// wholeDigest is where all of a digest can be read: the service's page, else the issues of its definition; "" where neither is.
func wholeDigest(cfg config.Config, d config.Digest, server string) string {
	if cfg.Server.PublicURL != "" {
		return cfg.Server.PublicURL + publish.PagePath
	}
	for _, c := range d.Channels {
		if !config.IsIssue(c.Type) || c.Repository == "" {
			continue
		}
		query := "is:issue"
		for _, l := range c.Labels {
			query += fmt.Sprintf(" label:%q", l)
		}
		return server + "/" + c.Repository + "/issues?q=" + url.QueryEscape(query)
	}
	return ""
}

// testMessage sends one to a channel whose address is a secret.
func (w *world) testMessage(ctx context.Context, c config.Channel, title, text string) (string, error) {
	ch, err := w.sender(c)
	if err != nil {
		return "", err
	}
	tester, ok := ch.(publish.Tester)
	if !ok {
		return "", fmt.Errorf("a channel of type %s takes no test message", c.Type)
	}
	return tester.Test(ctx, publish.Message{Title: title, Text: text})
}

// senders are the channels that have addresses of their own, by [pipeline.ChannelKey].
func (w *world) senders() (map[string]publish.Channel, error) {
	out := map[string]publish.Channel{}
	for _, d := range w.cfg.Digests {
		for _, c := range d.Channels {
			if !config.IsSent(c.Type) || len(c.Missing()) > 0 {
				continue // what is owed there waits until it can be sent
			}
			key := pipeline.ChannelKey(d.Name, publish.ChannelOf(publish.Destination{Name: c.Name, Type: c.Type}))
			build := func() (publish.Channel, error) { return w.sender(c) }
			if t := w.app.tape; t != nil {
				inner := build
				build = func() (publish.Channel, error) { return t.channel(key, inner) }
			}
			ch, err := build()
			if err != nil {
				return nil, &usageError{fmt.Errorf("digest %s: the channel %s: %w", d.Name, c.Name, err)}
			}
			out[key] = ch
		}
	}
	return out, nil
}

// sender makes the channel that sends. Its errors show nothing that is secret.
func (w *world) sender(c config.Channel) (publish.Channel, error) {
	kinds := map[string]webhook.Kind{
		config.ChannelSlack: webhook.Slack, config.ChannelDiscord: webhook.Discord, config.ChannelTeams: webhook.Teams, config.ChannelWebhook: webhook.Generic,
	}
	kind, hooks := kinds[c.Type]
	switch {
	case c.Type == config.ChannelEmail:
		return mail.New(mail.Options{
			Server: c.Server, Security: c.Security, Username: c.Username, Password: c.Secret(c.PasswordEnv).Reveal(), Env: c.PasswordEnv,
			From: c.From, To: strings.Join(c.To, ", "), MaxWait: w.sendWait, Timeout: w.cfg.GitHub.RequestTimeout, Sleep: github.Sleep, Now: w.app.env.now,
		})
	case c.Type == config.ChannelShoutrrr:
		return shout.New(shout.Options{URL: c.Secret(c.URLEnv).Reveal(), Env: c.URLEnv, Timeout: w.cfg.GitHub.RequestTimeout})
	case c.Type == config.ChannelSlack && c.TokenEnv != "":
		api := slackAPI(w.app.env.environ)
		way, err := w.wayTo(api)
		if err != nil {
			return nil, err
		}
		return slackbot.New(slackbot.Options{
			Token: c.Secret(c.TokenEnv).Reveal(), Env: c.TokenEnv, APIURL: api, Channel: c.Channel,
			HTTP: egress.NewClient(way, egress.ClientOptions{Timeout: w.cfg.GitHub.RequestTimeout}), Settle: w.cfg.GitHub.SettleTimeout,
			MaxWait: w.sendWait, Sleep: github.Sleep, Now: w.app.env.now,
		})
	case hooks:
		o := webhook.Options{
			Kind: kind, URL: c.Secret(c.WebhookEnv).Reveal(), Env: c.WebhookEnv, Secret: c.Secret(c.SecretEnv).Reveal(), SecretEnv: c.SecretEnv, Now: w.app.env.now,
		}
		if _, err := webhook.New(o); err != nil { // it says best what is wrong with an address
			return nil, err
		}
		way, err := w.wayTo(o.URL)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.WebhookEnv, err)
		}
		o.Post = egress.NewPoster(way, egress.PostOptions{
			Timeout: w.cfg.GitHub.RequestTimeout, MaxWait: w.sendWait, UserAgent: "upstream-digest-bot/" + version(), Sleep: github.Sleep, Now: w.app.env.now,
		})
		return webhook.New(o)
	}
	return nil, fmt.Errorf("this bot has no channel of type %s", c.Type)
}

// wayTo leads to the host of one address, and is closed with the world.
func (w *world) wayTo(address string) (*egress.Transport, error) {
	way, err := egress.ForAddress(address, egress.Options{Proxy: w.proxy, HeaderTimeout: w.cfg.GitHub.RequestTimeout})
	if err != nil {
		return nil, err
	}
	w.app.closers = append(w.app.closers, func() error { way.CloseIdleConnections(); return nil })
	return way, nil
}

// slackAPI is where Slack's Web API is: elsewhere for GovSlack, and for tests.
func slackAPI(environ []string) string {
	lookup, _ := config.Environ(environ)
	if address, ok := lookup("SLACK_API_URL"); ok && address != "" {
		return strings.TrimRight(address, "/") + "/"
	}
	return "https://slack.com/api/"
}
