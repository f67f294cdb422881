package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/report"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/store"
)

// place is where a channel's last digest stands, and what is the reader's in it. The digest is the memory of that: its
// boxes are read with the heads, so that a run which finds nothing still costs one request, and a lost store keeps them.
type place struct {
	definition, channel, target string // target is the repository that it stands in
	to                          string // the repository that the channel files in now
	inherited                   bool   // it is the place of another channel or repository, which is no more

	issue    int
	comments bool // it has further parts
	nonce    string
	// filed are the boxes as they were filed; later those of what surely or perhaps did not arrive yet, and that no later
	// digest tells anew.
	filed, later []report.Box

	boxes []report.Box  // as they stand there
	taken []report.Open // whose lines somebody took out
	gone  bool          // the issue was deleted, or its number is somebody else's: the repository was made anew
	err   error         // it could not be read
}

// places are those of the definitions that are told in a run.
type places []*place

// places finds where the digests of the definitions that are due stand.
func (r *Runner) places(ctx context.Context, cursors map[string]store.Cursor, opts Options) (places, error) {
	var out places
	for _, d := range r.Definitions {
		cur, told := cursors[d.Name]
		if !told || opts.Digest != "" && d.Name != opts.Digest || opts.Digest == "" && d.Due != nil && !r.due(d, cur.ToldAt) ||
			!slices.ContainsFunc(d.Destinations, func(dest publish.Destination) bool { return publish.IsIssue(dest.Type) }) {
			continue
		}
		list, err := r.State.Deliveries(ctx, d.Name, store.Done, store.Unknown, store.Pending)
		if err != nil {
			return nil, err
		}
		for _, dest := range d.Destinations {
			if !publish.IsIssue(dest.Type) {
				continue
			}
			p := lastPlace(list, dest.Target, publish.ChannelOf(dest))
			if p == nil {
				p = inherited(list, d, dest)
			}
			if p != nil {
				out = append(out, p)
			}
		}
	}
	return out, nil
}

// inherited is the place of a channel that the configuration had before, for the repository, or else for another: what was
// open there goes on, also where the repository has another name now.
func inherited(list []store.Delivery, d Definition, dest publish.Destination) *place {
	for _, elsewhere := range []bool{false, true} {
		for _, x := range slices.Backward(list) { // by seq: the newest first
			gone := !slices.ContainsFunc(d.Destinations, func(now publish.Destination) bool {
				return publish.ChannelOf(now) == x.Key.Channel && strings.EqualFold(now.Target, x.Target)
			})
			if !gone || !publish.IsIssue(publish.TypeOf(x.Key.Channel)) || !elsewhere && !strings.EqualFold(x.Target, dest.Target) {
				continue
			}
			if p := lastPlace(list, x.Target, x.Key.Channel); p != nil {
				p.channel, p.to, p.inherited = publish.ChannelOf(dest), dest.Target, true
				return p
			}
		}
	}
	return nil
}

// lastPlace is where the newest digest of a channel stands that surely arrived in a repository; nil: none did.
func lastPlace(list []store.Delivery, target, channel string) *place {
	var first store.Delivery
	for _, d := range list {
		if d.Key.Channel == channel && d.Key.Part == 1 && d.State == store.Done && d.ResultID > 0 && strings.EqualFold(d.Target, target) && d.Key.Seq > first.Key.Seq {
			first = d
		}
	}
	if first.Key.Seq == 0 {
		return nil
	}
	p := &place{
		definition: first.Key.Definition, channel: channel, target: first.Target, to: target,
		issue: int(first.ResultID), comments: first.Key.Parts > 1, nonce: first.Nonce,
	}
	nonces := map[int64]string{}
	for _, d := range list {
		if d.Key.Channel == channel && d.Key.Part == 1 {
			nonces[d.Key.Seq] = d.Nonce
		}
	}
	for _, d := range list {
		switch {
		case d.Key.Channel != channel || d.Key.Seq < first.Key.Seq:
		case d.State == store.Pending && d.Key.Seq > first.Key.Seq && d.Base != 0: // a later digest tells it anew
		case d.Key.Seq == first.Key.Seq && d.State == store.Done:
			p.filed = append(p.filed, report.ParseBoxes(d.Body, nonces[d.Key.Seq])...)
		default:
			p.later = append(p.later, report.ParseBoxes(d.Body, nonces[d.Key.Seq])...)
		}
	}
	return p
}

// placesOf are those that were found with a lost store's last digests.
func placesOf(definition string, found []publish.FiledDigest) places {
	var out places
	for _, f := range found {
		for _, x := range f.Places {
			out = append(out, &place{definition: definition, channel: x.Channel, target: x.Repository, to: x.Repository, issue: x.Issue, boxes: x.Boxes})
		}
	}
	return out
}

func (ps places) of(definition string, dest publish.Destination) *place {
	for _, p := range ps {
		if p.definition == definition && p.channel == publish.ChannelOf(dest) && strings.EqualFold(p.to, dest.Target) {
			return p
		}
	}
	return nil
}

func issuesKey(target string) [2]string { return [2]string{"", "issues of " + strings.ToLower(target)} }

// ask adds the issues to what is asked for with the heads.
func (ps places) ask(a *asking) {
	for _, p := range ps {
		key, want := issuesKey(p.target), repo.IssueRequest{Number: p.issue, Comments: p.comments}
		i := slices.Index(a.keys, key)
		if i < 0 {
			a.keys, a.reqs = append(a.keys, key), append(a.reqs, repo.HeadRequest{Repository: p.target, Issues: []repo.IssueRequest{want}})
			continue
		}
		list := a.reqs[i].Issues
		if j := slices.IndexFunc(list, func(q repo.IssueRequest) bool { return q.Number == p.issue }); j >= 0 {
			list[j].Comments = list[j].Comments || p.comments
			continue
		}
		a.reqs[i].Issues = append(list, want)
	}
}

// take keeps what was answered. Of an issue that was deleted, and of one that could not be read, the boxes are those that
// were filed: what is not known to be acknowledged is open.
func (ps places) take(h heads) {
	for _, p := range ps {
		got, asked := h[issuesKey(p.target)]
		p.taken, p.err = nil, nil // heads are asked for twice where the first look does not settle a run
		issue, there := got.Issues[p.issue]
		switch {
		case !asked:
		case got.Err != nil:
			p.err, p.boxes = got.Err, p.filed
		case !there, !issue.ViewerDidAuthor && !strings.Contains(issue.Body, p.nonce):
			p.gone, p.boxes = true, p.filed
		default:
			p.boxes = publish.BoxesOf(issue, p.nonce)
			for _, f := range p.filed {
				switch {
				case slices.ContainsFunc(p.boxes, func(b report.Box) bool { return b.Same(f.Open) }):
				case issue.MoreComments:
					p.boxes, p.err = append(p.boxes, f), errManyComments
				default:
					p.taken = append(p.taken, f.Open)
				}
			}
		}
	}
}

var errManyComments = errors.New("it has more than 100 comments, and the rest of the digest stands behind them")

// standing is the issue or message that a destination's last digest stands in; 0: none.
func (w *words) standing(dest publish.Destination) int64 {
	if dest.Type == publish.TypeSlack {
		return lastPosted(w.sent, dest)
	}
	if p := w.places.of(w.definition.Name, dest); p != nil && !p.gone && !p.inherited {
		return int64(p.issue)
	}
	return 0
}

// lastPosted is the message of the newest digest that a destination took.
func lastPosted(sent []store.Delivery, dest publish.Destination) int64 {
	var newest, id int64
	for _, d := range sent {
		if d.State == store.Done && d.Key.Channel == publish.ChannelOf(dest) && d.Target == dest.Target && d.Key.Part == 1 && d.Key.Seq > newest && d.ResultID != 0 {
			newest, id = d.Key.Seq, d.ResultID
		}
	}
	return id
}

// carry adds to a digest what is still open of the last one at its destination, and says what is so no longer.
func (w *words) carry(ctx context.Context, d report.Digest, dest publish.Destination) report.Digest {
	p := w.places.of(w.definition.Name, dest)
	if p == nil {
		return d
	}
	fresh := report.OpenOf(d)
	var mine *watching
	for _, b := range p.newest() {
		again := func(o report.Open) bool { return o.Same(b.Open) }
		if slices.ContainsFunc(fresh, again) || slices.ContainsFunc(d.Open, again) {
			continue // it is told anew, and has a box
		}
		if b.Ticked {
			d.Settled = append(d.Settled, report.Settled{ID: b.Name(), Why: "acknowledged since the last digest"})
			continue
		}
		if mine == nil {
			mine = w.watching(ctx)
		}
		if why := w.closed(b.Open, *mine); why != "" {
			d.Settled = append(d.Settled, report.Settled{ID: b.Name(), Why: why})
			continue
		}
		d.Open = append(d.Open, b.Open)
	}
	for _, o := range p.taken {
		again := func(x report.Open) bool { return x.Same(o) }
		if !slices.ContainsFunc(fresh, again) && !slices.ContainsFunc(d.Open, again) {
			d.Settled = append(d.Settled, report.Settled{ID: o.Name(), Why: "taken out of the last digest by hand"})
		}
	}
	if p.err != nil && len(d.Open) > 0 {
		d.Notices = append(slices.Clone(d.Notices), fmt.Sprintf("The boxes of issue %d in %s could not be read (%v): what was ticked there stands here again.", p.issue, p.target, p.err))
	}
	return d
}

// newest are the boxes of a place, and of what came later: what that told anew stands in the place of what was told before.
func (p *place) newest() []report.Box {
	out := slices.Clone(p.boxes)
	for _, l := range p.later {
		i := slices.IndexFunc(out, func(b report.Box) bool { return b.Same(l.Open) })
		switch {
		case i < 0:
			out = append(out, l)
		case out[i].Open != l.Open:
			out[i] = l
		}
	}
	return out
}

// watching is what is the reader's now.
type watching struct {
	diff.Watch
	unread bool // some of the reader's files could not be read: what is not found may be there
}

func (w *words) watching(ctx context.Context) *watching {
	out := &watching{Watch: w.r.Watch, unread: w.r.Unread}
	settings, notices := w.yours.get(ctx)
	out.Settings = slices.Concat(out.Settings, settings)
	out.unread = out.unread || len(notices) > 0 || ctx.Err() != nil
	return out
}

// closed says why something is open no longer; "": it still is.
func (w *words) closed(o report.Open, mine watching) string {
	up := w.current.Upstream(o.Upstream)
	const unwatched = "no longer open, for your configuration does not name them any more"
	if up.Name == "" || len(w.definition.Upstreams) > 0 && !slices.Contains(w.definition.Upstreams, up.Name) {
		return unwatched
	}
	if !mine.Still(o.Source, o.ID, o.Because) && (!mine.unread || !strings.HasPrefix(o.Because, diff.SetIn)) {
		return unwatched
	}
	if !stillSo(up, o) {
		return "no longer open, for it is not so any more"
	}
	return ""
}

// stillSo reports whether upstream is as it was when it was told; what can't be known is.
func stillSo(up snapshot.Upstream, o report.Open) bool {
	sec, ok := up.Section(o.Source)
	switch {
	case !ok:
		return true
	case sec.Items.Gates != nil:
		set, found := sec.Items.Gates, false
		for _, g := range set.Gates {
			if g.Name != o.ID || g.Variant != o.Variant && o.Variant != "" {
				continue
			}
			if found = true; report.GateState(&g, set.Version) == o.State {
				return true
			}
		}
		return !found && (o.State == report.GateState(nil, "") || slices.Contains(set.Unread, o.ID))
	case sec.Items.Proposals != nil:
		found := false
		for _, p := range sec.Items.Proposals.Proposals {
			if cmp.Or(p.Number, p.Path) != o.ID {
				continue
			}
			if found = true; report.ProposalState(&p) == o.State {
				return true
			}
		}
		return !found && o.State == report.ProposalState(nil)
	}
	return true
}
