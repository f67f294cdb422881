package pipeline

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// askAhead gives a runner for one run that asks for no head twice. Where the state is remote, its place and the heads of
// the present are asked for now, in one request, for nothing is known before: of what sources watch by version that is a
// guess, and what it misses is asked for later.
func (r *Runner) askAhead(ctx context.Context, opts Options) (*Runner, error) {
	known := &rememberedHeads{Repositories: r.Repositories}
	run := *r
	run.Repositories = known
	if r.Remote == nil {
		return &run, nil
	}
	var own, others asking
	for _, u := range r.Upstreams {
		versions := u.Likely
		if len(versions) == 0 {
			versions = []string{""}
		}
		for _, v := range versions {
			askFor(u, u.Ref, v, snapshot.Upstream{}, thePresent, opts, &own, &others)
		}
	}
	// From when issues are asked for is in the state, too.
	for _, reqs := range [][]repo.HeadRequest{own.reqs, others.reqs} {
		for _, q := range reqs {
			for i := range q.Tickets {
				q.Tickets[i].Since = r.ServerNow().Add(-likelySilence).Truncate(time.Second)
			}
		}
	}
	wants := r.Remote.Wants()
	requests := append(append(wants[:len(wants):len(wants)], own.reqs...), others.reqs...)
	r.progress(Event{Stage: StageHeads})
	results := r.Repositories.Heads(ctx, requests)
	if ctx.Err() != nil {
		return &run, ctx.Err()
	}
	for i, req := range requests[len(wants):] {
		known.remember(req, results[len(wants)+i])
	}
	return &run, r.Remote.Told(ctx, results[:len(wants)])
}

// likelySilence is how long ago something of issues was last news, as a guess.
const likelySilence = 30 * 24 * time.Hour

// rememberedHeads answers what was asked before in the same run from memory: a run sees one state of each repository.
type rememberedHeads struct {
	Repositories
	known []askedHead
}

type askedHead struct {
	asked repo.HeadRequest
	repo.HeadResult
}

func (k *rememberedHeads) remember(q repo.HeadRequest, res repo.HeadResult) {
	k.known = append(k.known, askedHead{q, res})
}

// Heads implements Repositories.
func (k *rememberedHeads) Heads(ctx context.Context, requests []repo.HeadRequest) []repo.HeadResult {
	results := make([]repo.HeadResult, len(requests))
	var fresh []repo.HeadRequest
	var place []int
	for i, q := range requests {
		if res, ok := k.recall(q); ok {
			results[i] = res
			continue
		}
		fresh, place = append(fresh, q), append(place, i)
	}
	if len(fresh) == 0 {
		return results
	}
	for i, res := range k.Repositories.Heads(ctx, fresh) {
		results[place[i]] = res
		if ctx.Err() == nil {
			k.remember(fresh[i], res)
		}
	}
	return results
}

// recall finds an answer that holds all that is asked for.
func (k *rememberedHeads) recall(q repo.HeadRequest) (repo.HeadResult, bool) {
	for _, a := range k.known {
		if !strings.EqualFold(a.asked.Repository, q.Repository) || a.asked.Ref != q.Ref || a.asked.Releases < q.Releases || q.Milestones && !a.asked.Milestones ||
			len(q.Texts) > 0 || q.Live || !slices.Equal(a.asked.Issues, q.Issues) {
			continue
		}
		res := a.HeadResult
		if res.Err != nil {
			return res, true
		}
		res.Head.OIDs = map[string]string{}
		all := true
		for _, p := range q.Paths {
			oid, asked := a.Head.OIDs[p]
			all = all && asked
			res.Head.OIDs[p] = oid
		}
		if !all {
			continue
		}
		if res.Head.Tickets, all = ticketsFrom(a, q.Tickets); !all {
			continue
		}
		if !q.Milestones {
			res.Head.Milestones, res.MilestonesErr = repo.Milestones{}, nil
		}
		if len(q.Tickets) == 0 {
			res.TicketsErr = nil
		}
		res.Head.Releases = a.Head.Releases[:min(len(a.Head.Releases), q.Releases)]
		if q.Releases == 0 {
			res.ReleasesErr = nil
		}
		return res, true
	}
	return repo.HeadResult{}, false
}

// ticketsFrom are the pages of queries, from the answers to others: one that asked for more, and was answered whole, has
// what a narrower one would have.
func ticketsFrom(a askedHead, queries []repo.TicketQuery) ([]repo.TicketPage, bool) {
	if len(queries) == 0 {
		return nil, true
	}
	if a.TicketsErr != nil {
		return nil, len(a.asked.Tickets) > 0
	}
	out := make([]repo.TicketPage, len(queries))
	for i, q := range queries {
		j := slices.IndexFunc(a.asked.Tickets, func(x repo.TicketQuery) bool {
			return x == q || x.Label == q.Label && x.Author == q.Author && x.First == q.First && !x.Since.IsZero() && !q.Since.IsZero() && !x.Since.After(q.Since)
		})
		if j < 0 || j >= len(a.Head.Tickets) {
			return nil, false
		}
		out[i] = a.Head.Tickets[j]
		if a.asked.Tickets[j] == q {
			continue
		}
		if out[i].Next != "" {
			return nil, false
		}
		out[i].Tickets = slices.DeleteFunc(slices.Clone(out[i].Tickets), func(t repo.Ticket) bool { return t.Updated.Before(q.Since) })
		out[i].Total = len(out[i].Tickets)
	}
	return out, true
}
