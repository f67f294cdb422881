package main

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/upstream-digest/bot/internal/config"
	"github.com/upstream-digest/bot/internal/doctor"
	"github.com/upstream-digest/bot/internal/egress"
	"github.com/upstream-digest/bot/internal/feed"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/sources"
)

// feedWait is the longest that a feed may ask to be left alone within a run: the next run comes anyway.
const feedWait = 30 * time.Second

// feedFetcher is how feeds are read: from their hosts and from where those send it, if that stands at a public address,
// and without any token. It is nil where nothing is read: offline, or no feed.
func (a *app) feedFetcher(cfg config.Config, o github.Options, proxy egress.Proxy) (*egress.Fetcher, error) {
	var hosts []string
	for _, u := range cfg.Upstreams {
		for _, f := range u.Sources.Feeds {
			if x, err := url.Parse(f.URL); err == nil && f.Enabled && !slices.Contains(hosts, x.Host) {
				hosts = append(hosts, x.Host)
			}
		}
	}
	if len(hosts) == 0 || cfg.Offline {
		return nil, nil
	}
	way, err := egress.New(egress.Options{
		Hosts: hosts, Private: cfg.Network.AllowPrivate, Public: true, LoopbackHTTP: true, Proxy: proxy, HeaderTimeout: o.Timeout,
	})
	if err != nil {
		return nil, err
	}
	a.closers = append(a.closers, func() error { way.CloseIdleConnections(); return nil })
	return egress.NewFetcher(way, egress.FetchOptions{
		Timeout: cfg.GitHub.RequestTimeout, MaxWait: min(orNone(cfg.GitHub.MaxWait), feedWait),
		UserAgent: o.UserAgent, Around: o.Around, Sleep: github.Sleep, Now: a.env.now,
	}), nil
}

// feedsOf are the feeds of an upstream that are read.
func feedsOf(u config.Upstream, fetch *egress.Fetcher) []sources.Feed {
	var out []sources.Feed
	for _, f := range u.Sources.Feeds {
		if !f.Enabled {
			continue
		}
		s := sources.Feed{Key: f.Name, Title: f.Title, URL: f.URL}
		if fetch != nil { // a nil pointer would be no nil interface
			s.Fetch = fetch
		}
		out = append(out, s)
	}
	return out
}

// patientFeeds are the feeds that bot doctor looks at.
func patientFeeds(w *world) []doctor.Feed {
	var out []doctor.Feed
	for i, u := range w.cfg.Upstreams {
		for j, f := range u.Sources.Feeds {
			if !f.Enabled {
				continue
			}
			x := doctor.Feed{Upstream: u.Name, Name: f.Name, Key: fmt.Sprintf("upstreams[%d].sources.feeds[%d]", i, j)}
			if w.feeds != nil {
				x.Look = func(ctx context.Context) (entries int, newest time.Time, moved string, err error) {
					got, err := w.feeds.Fetch(ctx, f.URL, egress.Validators{})
					if err != nil {
						return 0, newest, "", err
					}
					read, err := feed.Parse(got.Body, got.Address)
					for _, e := range read.Entries {
						if e.Published.After(newest) {
							newest = e.Published
						}
					}
					return len(read.Entries), newest, got.Moved, err
				}
			}
			out = append(out, x)
		}
	}
	return out
}
