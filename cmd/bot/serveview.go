package main

import (
	"cmp"
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/config"
	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/server"
	"github.com/upstream-digest/bot/internal/store"
	"github.com/upstream-digest/bot/internal/store/branchstore"
)

const (
	servedDigests = 50
	servedRuns    = 50
)

// seenBranch is what the service has shown of a state on a branch. A branch that stands where it stood holds nothing else,
// and reading it costs requests that a quiet run does not.
type seenBranch struct {
	run   string // the commit at which the last run left the branch; "" where nobody knows, and for other stores
	shown string // the commit that view was made of
	view  server.View
}

// left takes note of where a run left its state.
func (s *seenBranch) left(state any) {
	s.run = ""
	if b, ok := state.(*branchstore.Store); ok {
		s.run = b.Head()
	}
}

// view is what the service shows of the state.
func (a *app) view(ctx context.Context, cfg config.Config, seen *seenBranch) (v server.View, err error) {
	if seen.run != "" && seen.run == seen.shown {
		return seen.view, nil
	}
	inner := a.child()
	defer func() { err = errors.Join(err, inner.close()) }()
	w, err := inner.world(cfg)
	if err != nil {
		return v, err
	}
	st, err := inner.openToRead(ctx, cfg, w.client)
	if err != nil {
		return v, err
	}
	latest, err := st.Latest(ctx)
	if err != nil {
		return v, err
	}
	runs, err := st.Runs(ctx, servedRuns)
	if err != nil {
		return v, err
	}
	all, err := st.Deliveries(ctx, "")
	if err != nil {
		return v, err
	}
	if latest != nil {
		for _, u := range latest.Upstreams {
			for _, s := range u.Sections {
				v.Sources = append(v.Sources, server.Source{
					Upstream: u.Name, Source: s.Source, Status: string(s.Status), Reason: s.Reason, Items: s.Items.Count(),
					CurrentAt: store.CurrentAt(s, u.Name, runs),
				})
			}
		}
	}
	for _, r := range runs {
		v.Runs = append(v.Runs, server.Run{Started: r.StartedAt, Ended: r.EndedAt, Outcome: r.Outcome, ExitCode: r.ExitCode, Requests: r.Requests})
	}
	v.Deliveries = map[string]int{}
	for _, s := range []store.State{store.Pending, store.Unknown, store.Done, store.Superseded, store.GivenUp} {
		v.Deliveries[string(s)] = 0
	}
	for _, d := range all {
		v.Deliveries[string(d.State)]++
	}
	v.Digests = shownOf(cfg, all)
	if b, ok := st.(*branchstore.Store); ok {
		seen.shown, seen.view = b.Head(), v
	}
	return v, nil
}

// shownOf puts the parts of digests together, newest digest first. The text is that of a channel whose text is
// Markdown.
func shownOf(cfg config.Config, all []store.Delivery) []server.Digest {
	type key struct {
		definition string
		seq        int64
	}
	groups := map[key][]store.Delivery{}
	for _, d := range all {
		k := key{d.Key.Definition, d.Key.Seq}
		groups[k] = append(groups[k], d)
	}
	var out []server.Digest
	for k, list := range groups {
		slices.SortFunc(list, func(a, b store.Delivery) int {
			return cmp.Or(strings.Compare(a.Key.Channel, b.Key.Channel), cmp.Compare(a.Key.Part, b.Key.Part))
		})
		d := server.Digest{Definition: k.definition, Seq: k.seq, Title: list[0].Title, At: list[0].QueuedAt}
		if def, ok := cfg.Digest(k.definition); ok {
			for _, u := range cfg.UpstreamsOf(def) {
				d.Upstreams = append(d.Upstreams, u.Name)
			}
		}
		text := ""
		for _, x := range list {
			if publish.TypeOf(x.Key.Channel) != publish.TypePage {
				d.Deliveries = append(d.Deliveries, server.Delivery{
					Channel: x.Key.Channel, Target: x.Target, Part: x.Key.Part, Of: x.Key.Parts, State: string(x.State), URL: webAddress(x.ResultURL), Error: x.LastError,
				})
			}
			if (text == "" || text == x.Key.Channel) && publish.IsMarkdown(publish.TypeOf(x.Key.Channel)) {
				text = x.Key.Channel
				d.Markdown += unmarked(x.Body) + "\n\n"
			}
		}
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b server.Digest) int {
		return cmp.Or(b.At.Compare(a.At), strings.Compare(a.Definition, b.Definition), cmp.Compare(b.Seq, a.Seq))
	})
	return out[:min(len(out), servedDigests)]
}

// webAddress is a result that can be followed: that of a file is a path, and that of a mail its id.
func webAddress(result string) string {
	if strings.HasPrefix(result, "https://") || strings.HasPrefix(result, "http://") {
		return result
	}
	return ""
}

var alertMark = regexp.MustCompile(`(?m)^> \[!([A-Z])([A-Z]+)\]$`)

// unmarked is a part's text without what only GitHub reads: the marker, and the names of alerts.
func unmarked(body string) string {
	if strings.HasPrefix(body, "<!--") {
		_, body, _ = strings.Cut(body, "\n")
	}
	return alertMark.ReplaceAllStringFunc(body, func(s string) string {
		m := alertMark.FindStringSubmatch(s)
		return "> **" + m[1] + strings.ToLower(m[2]) + "**  "
	})
}
