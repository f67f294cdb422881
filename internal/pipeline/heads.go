package pipeline

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/sources"
)

// moment is what a reading is of: the present, or what upstreams were at their refs.
type moment bool

const (
	thePresent moment = false
	thePast    moment = true
)

// origin is where an upstream is read: its ref, and when that stood for the present, where it is known better than by
// the commit's own time. What has no commit of the upstream's is told as it was then.
type origin struct {
	ref  string
	asOf time.Time
}

// since is when a head of an upstream was the present.
func (o origin) since(h repo.Head) time.Time {
	if o.asOf.After(h.Time) {
		return o.asOf
	}
	return h.Time
}

// heads are the answers for everything that is watched, by upstream and repository.
type heads map[[2]string]repo.HeadResult

func headKey(u Upstream, w sources.Watch) [2]string {
	return [2]string{u.Name, strings.ToLower(cmp.Or(w.Repository, u.Repository))}
}

// heads asks for the heads of all upstreams, each at its ref, and of the other repositories that their sources
// read: at their default branches, or as these were when the upstream was at its ref. versions are what
// the upstreams are known to be.
func (r *Runner) heads(ctx context.Context, asked []Upstream, from []origin, versions []string, when moment, opts Options) heads {
	got := heads{}
	var own, others asking
	for i, u := range asked {
		own.add(u, sources.Watch{}, repo.HeadRequest{Repository: u.Repository, Ref: from[i].ref})
		for _, s := range u.Sources {
			w := s.Watch(versions[i])
			to, ref := &own, from[i].ref
			if w.Repository != "" && !strings.EqualFold(w.Repository, u.Repository) {
				to, ref = &others, "HEAD"
			}
			if opts.reads(u.Name, s.Name()) && w.Asks() {
				to.add(u, w, repo.HeadRequest{
					Repository: cmp.Or(w.Repository, u.Repository), Ref: ref, Paths: w.Paths, Releases: w.Releases, Milestones: w.Milestones, Tickets: w.Tickets,
				})
			}
		}
	}
	if when == thePresent { // one request for all
		others.keys, others.reqs = append(own.keys, others.keys...), append(own.reqs, others.reqs...)
		others.ask(ctx, r.Repositories, got)
		return got
	}
	own.ask(ctx, r.Repositories, got)
	var then asking
	for i, k := range others.keys {
		u := slices.IndexFunc(asked, func(u Upstream) bool { return u.Name == k[0] })
		at := slices.IndexFunc(own.keys, func(o [2]string) bool { return o[0] == k[0] })
		req, err := others.reqs[i], got[own.keys[at]].Err
		if err == nil {
			req.Ref, err = r.commitAt(ctx, req.Repository, from[u].since(got[own.keys[at]].Head))
		}
		if err != nil {
			got[k] = repo.HeadResult{Err: err}
			continue
		}
		then.keys, then.reqs = append(then.keys, k), append(then.reqs, req)
	}
	then.ask(ctx, r.Repositories, got)
	return got
}

// commitAt is what a repository's default branch was at a time.
func (r *Runner) commitAt(ctx context.Context, repository string, t time.Time) (string, error) {
	reader, err := r.Repositories.Reader(repository)
	if err != nil {
		return "", err
	}
	sha, _, err := reader.CommitAt(ctx, "HEAD", t)
	return sha, err
}

// asking is requests for heads, one for each upstream and repository.
type asking struct {
	keys [][2]string
	reqs []repo.HeadRequest
}

func (a *asking) add(u Upstream, w sources.Watch, req repo.HeadRequest) {
	key := headKey(u, w)
	i := slices.Index(a.keys, key)
	if i < 0 {
		a.keys, a.reqs = append(a.keys, key), append(a.reqs, req)
		return
	}
	for _, p := range req.Paths {
		if !slices.Contains(a.reqs[i].Paths, p) {
			a.reqs[i].Paths = append(a.reqs[i].Paths, p)
		}
	}
	a.reqs[i].Releases = max(a.reqs[i].Releases, req.Releases)
	a.reqs[i].Milestones = a.reqs[i].Milestones || req.Milestones
	a.reqs[i].Tickets = append(a.reqs[i].Tickets, req.Tickets...)
}

func (a *asking) ask(ctx context.Context, from Repositories, into heads) {
	if len(a.reqs) == 0 {
		return
	}
	for i, res := range from.Heads(ctx, a.reqs) {
		into[a.keys[i]] = res
	}
}

// of is what a source is told: it fails where the releases, milestones or tickets that it asked for do. A source that
// asks for nothing has the head of the upstream's own repository, or none: what it reads does not stand there.
func (h heads) of(u Upstream, w sources.Watch) repo.HeadResult {
	head := h[headKey(u, w)]
	switch {
	case !w.Asks():
		head.Err = nil
	case head.Err != nil:
	case w.Releases > 0 && head.ReleasesErr != nil:
		head.Err = head.ReleasesErr
	case w.Milestones && head.MilestonesErr != nil:
		head.Err = head.MilestonesErr
	case len(w.Tickets) > 0 && head.TicketsErr != nil:
		head.Err = head.TicketsErr
	}
	if len(w.Tickets) == 0 {
		head.Head.Tickets = nil
	}
	return head
}

// watchedAt are the object ids that a source watches, as they are at a head.
func watchedAt(w sources.Watch, head repo.Head) []snapshot.Object {
	var out []snapshot.Object
	for _, p := range w.Paths {
		out = append(out, snapshot.Object{Path: p, OID: head.OIDs[p]})
	}
	if w.Releases > 0 {
		out = append(out, snapshot.Object{Path: releaseList, OID: fingerprint(head.Releases)})
	}
	if w.Milestones {
		out = append(out, snapshot.Object{Path: milestoneList, OID: milestonePrint(head.Milestones)})
	}
	if len(w.Tickets) > 0 {
		out = append(out, snapshot.Object{Path: ticketList, OID: ticketPrint(head.Tickets)})
	}
	return out
}

// releaseList stands among watched paths for the list of releases, which is no file. No path can have it.
const releaseList = "(releases)"

// The like for milestones and tickets.
const (
	milestoneList = "(milestones)"
	ticketList    = "(tickets)"
)

// milestonePrint changes with what is told of milestones, and not with their progress.
func milestonePrint(list []repo.Milestone) string {
	h := sha256.New()
	for _, m := range list {
		fmt.Fprintf(h, "%d %q %t %s\n", m.Number, m.Title, m.Closed, m.Due.UTC().Format(time.RFC3339))
	}
	return hex.EncodeToString(h.Sum(nil)[:20])
}

// ticketPrint changes with what is told of tickets, and not with each comment.
func ticketPrint(pages []repo.TicketPage) string {
	h := sha256.New()
	for _, p := range pages {
		var lines []string
		for _, t := range p.Tickets {
			lines = append(lines, fmt.Sprintf("%d %t %s %q %q", t.Number, t.Closed, t.StateReason, t.Labels, t.Milestone))
		}
		slices.Sort(lines)
		fmt.Fprintf(h, "%q\n", lines)
	}
	return hex.EncodeToString(h.Sum(nil)[:20])
}

func fingerprint(list []repo.Release) string {
	h := sha256.New()
	for _, x := range list {
		fmt.Fprintf(h, "%q %t %s\n", x.Tag, x.Prerelease, x.PublishedAt.UTC().Format(time.RFC3339))
	}
	return hex.EncodeToString(h.Sum(nil)[:20])
}
