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

// resumer is a source that asks for what is new since its last reading.
type resumer interface {
	Resume(w sources.Watch, last snapshot.Section) sources.Watch
}

// watchOf is what a source asks for. Nobody can tell what issues were, so they are asked for as they are now only.
func watchOf(s Source, version string, before snapshot.Upstream, when moment) sources.Watch {
	w := s.Watch(version)
	if when == thePast {
		w.Tickets = nil
		return w
	}
	if x, ok := s.(resumer); ok {
		last, _ := before.Section(s.Name())
		w = x.Resume(w, last)
	}
	return w
}

// heads are the answers for everything that is watched, by upstream and repository.
type heads map[[2]string]repo.HeadResult

func headKey(u Upstream, w sources.Watch) [2]string {
	return [2]string{u.Name, strings.ToLower(cmp.Or(w.Repository, u.Repository))}
}

// heads asks for the heads of all upstreams, each at its ref, and of the other repositories that their sources
// read: at their default branches, or as these were when the upstream was at its ref. versions are what
// the upstreams are known to be, last what was read of them before.
func (r *Runner) heads(ctx context.Context, asked []Upstream, from []origin, versions []string, when moment, last *snapshot.Snapshot, opts Options) heads {
	r.progress(Event{Stage: StageHeads})
	got := heads{}
	var own, others asking
	for i, u := range asked {
		askFor(u, from[i].ref, versions[i], last.Upstream(u.Name), when, opts, &own, &others)
	}
	if when == thePresent { // one request for all
		opts.places.ask(&own)
		others.keys, others.reqs = append(own.keys, others.keys...), append(own.reqs, others.reqs...)
		others.ask(ctx, r.Repositories, got)
		opts.places.take(got)
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

// askFor adds what an upstream of some version is asked for, at its ref: of its own repository, and of others. before is
// what was read of it last.
func askFor(u Upstream, ref, version string, before snapshot.Upstream, when moment, opts Options, own, others *asking) {
	own.add(u, sources.Watch{}, repo.HeadRequest{Repository: u.Repository, Ref: ref})
	for _, s := range u.Sources {
		w := watchOf(s, version, before, when)
		to, at := own, ref
		if w.Repository != "" && !strings.EqualFold(w.Repository, u.Repository) {
			to, at = others, "HEAD"
		}
		if opts.reads(u.Name, s.Name()) && w.Asks() && (when == thePresent || !w.Present) {
			to.add(u, w, repo.HeadRequest{
				Repository: cmp.Or(w.Repository, u.Repository), Ref: at, Paths: w.Paths, Releases: w.Releases, Milestones: w.Milestones, Tickets: w.Tickets,
			})
		}
	}
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
	if !slices.Equal(a.reqs[i].Tickets, req.Tickets) { // of several versions the same is asked
		a.reqs[i].Tickets = append(a.reqs[i].Tickets, req.Tickets...)
	}
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
	head, asked := h[headKey(u, w)]
	switch {
	case !w.Asks():
		head.Err = nil
		if !asked { // the time that is read of is told all the same
			head.Head.Time = h[headKey(u, sources.Watch{})].Head.Time
		}
	case head.Err != nil:
	case w.Releases > 0 && head.ReleasesErr != nil:
		head.Err = head.ReleasesErr
	case w.Milestones && head.MilestonesErr != nil:
		head.Err = head.MilestonesErr
	case len(w.Tickets) > 0 && head.TicketsErr != nil:
		head.Err = head.TicketsErr
	}
	// What others asked for is none of its business: it might take their files for its own.
	own := make(map[string]string, len(w.Paths))
	for _, p := range w.Paths {
		own[p] = head.Head.OIDs[p]
	}
	head.Head.OIDs = own
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
	return out
}

// releaseList stands among watched paths for the list of releases, which is no file. No path can have it.
const releaseList = "(releases)"

// milestoneList is the like for milestones.
const milestoneList = "(milestones)"

// milestonePrint changes with what is told of milestones, and not with their progress.
func milestonePrint(list repo.Milestones) string {
	h := sha256.New()
	fmt.Fprintln(h, list.Partial)
	for _, m := range list.List {
		fmt.Fprintf(h, "%d %q %t %s\n", m.Number, m.Title, m.Closed, m.Due.UTC().Format(time.RFC3339))
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
