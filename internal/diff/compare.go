package diff

import (
	"cmp"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// Options of a comparison.
type Options struct {
	// Watch marks what is the reader's own.
	Watch Watch
	// Upstreams keeps only these upstreams, by name; empty keeps all.
	Upstreams []string
	// Filter drops changes after severities are known.
	Filter Filter
}

// Compare says what changed from base to current, upstream by upstream in current's order. An upstream
// or section that base does not have is a baseline: counted, not compared. One that current no longer
// has is not told: it was taken out of the configuration, nothing happened upstream.
func Compare(base, current *snapshot.Snapshot, opts Options) []UpstreamResult {
	var out []UpstreamResult
	for _, cur := range current.Upstreams {
		if len(opts.Upstreams) > 0 && !slices.Contains(opts.Upstreams, cur.Name) {
			continue
		}
		out = append(out, compareUpstream(base.Upstream(cur.Name), cur, opts))
	}
	return out
}

func compareUpstream(old, cur snapshot.Upstream, opts Options) UpstreamResult {
	res := UpstreamResult{
		Upstream: cur.Name, Repository: cur.Repository, WebURL: cur.WebURL,
		From: Ref{old.Ref, old.SHA, old.Version}, To: Ref{cur.Ref, cur.SHA, cur.Version},
	}
	var proposals, before *snapshot.ProposalSet
	data, _ := cur.Section(snapshot.SourceNoteData)
	for _, sec := range cur.Sections {
		sr := SectionResult{
			Source: sec.Source, Status: sec.Status, Reason: sec.Reason, CurrentAt: sec.CurrentAt, Items: sec.Items.Count(),
			Repository: cmp.Or(sec.Repository, cur.Repository), WebURL: webURL(cur, sec.Repository), To: Ref{sec.Ref, sec.SHA, sec.Version},
		}
		oldSec, had := old.Section(sec.Source)
		comparable := had && !oldSec.Items.Empty() && !sec.Items.Empty()
		switch {
		case sec.Items.Empty(): // failed before it was ever read: nothing to say but that
		case !comparable:
			sr.Baseline = true
		case oldSec.Parser != sec.Parser || oldSec.Repository != sec.Repository:
			// Another parser may read the same bytes as other values. The pipeline reads the base
			// again first; where it could not, telling nothing beats telling what did not happen.
			sr.Baseline = true
			comparable = false
		}
		if comparable {
			sr.From = Ref{oldSec.Ref, oldSec.SHA, oldSec.Version}
		}
		is, was := sec.Items, oldSec.Items
		switch {
		case is.Gates != nil:
			sr.Diagnostics = is.Gates.Diagnostics
			// Code links point at the commits the gates were read at, which a failed section has older.
			res.To = Ref{sec.Ref, sec.SHA, is.Gates.Version}
			if had && was.Gates != nil {
				res.From = Ref{oldSec.Ref, oldSec.SHA, was.Gates.Version}
			}
			if comparable {
				res.Changes = append(res.Changes, Gates(*was.Gates, *is.Gates)...)
			}
		case is.Releases != nil && comparable:
			res.Changes = append(res.Changes, releases(*was.Releases, *is.Releases, data.Items.NoteData)...)
		case is.NoteData != nil:
			sr.Baseline = false // it tells nothing by itself
		case is.Proposals != nil:
			proposals, sr.Diagnostics = is.Proposals, is.Proposals.Diagnostics
			if comparable {
				before = was.Proposals
				res.Changes = append(res.Changes, Proposals(*was.Proposals, *is.Proposals)...)
			}
		case is.Milestones != nil && comparable:
			res.Changes = append(res.Changes, Milestones(*was.Milestones, *is.Milestones)...)
		case is.Tickets != nil && comparable:
			res.Changes = append(res.Changes, Tickets(*was.Tickets, *is.Tickets)...)
		case is.Paths != nil && comparable:
			res.Changes = append(res.Changes, Paths(*was.Paths, *is.Paths)...)
		case is.Feed != nil && comparable:
			res.Changes = append(res.Changes, inSection(sec.Source, Feed(*was.Feed, *is.Feed))...)
		case is.Docs != nil:
			sr.Diagnostics = is.Docs.Diagnostics
			if comparable {
				res.Changes = append(res.Changes, Docs(*was.Docs, *is.Docs)...)
			}
		}
		res.Sections = append(res.Sections, sr)
	}
	joinNotes(res.Changes)
	joinProposals(res.Changes, proposals)
	joinRelisted(res.Changes, before, proposals)
	own := func(c Change) Change {
		if because, ok := opts.Watch.match(c); ok {
			c.Mine, c.MineBecause = true, because
			c.Severity = Act
		}
		return c
	}
	takeBack(res.Changes, func(c Change) bool { return opts.Filter.keeps(own(c)) })
	kept := res.Changes[:0]
	for _, c := range res.Changes {
		c.Upstream = cur.Name
		if c = own(c); opts.Filter.keeps(c) {
			kept = append(kept, c)
		}
	}
	res.Changes = kept
	slices.SortStableFunc(res.Changes, func(a, b Change) int {
		return cmp.Or(
			cmp.Compare(a.Severity.rank(), b.Severity.rank()),
			cmp.Compare(a.Source, b.Source),
			cmp.Compare(a.ID, b.ID),
			cmp.Compare(a.Variant, b.Variant),
		)
	})
	return res
}

// inSection names the section that changes stand in, where a source has several.
func inSection(section string, changes []Change) []Change {
	for i := range changes {
		changes[i].Source = section
	}
	return changes
}

// webURL is the address of one of an upstream's repositories: beside its own on the same server.
func webURL(u snapshot.Upstream, repository string) string {
	server, ok := strings.CutSuffix(u.WebURL, u.Repository)
	if repository == "" || !ok {
		return u.WebURL
	}
	return server + repository
}

func (s Severity) rank() int {
	return slices.Index([]Severity{Act, Know, FYI}, s)
}

// Gates compares two sets of gates, each by the specs in force at its own version. The result is sorted
// by gate.
func Gates(before, after snapshot.GateSet) []Change {
	old, cur := byName(before.Gates), byName(after.Gates)
	var (
		pairs   []pair
		removed []gate.Gate
		added   []gate.Gate
	)
	for name, gs := range old {
		switch now, still := cur[name]; {
		case still:
			p, gone, came := matchVariants(gs, now)
			pairs, removed, added = append(pairs, p...), append(removed, gone...), append(added, came...)
		case slices.Contains(after.Unread, name): // it is there, we just cannot read it
		default:
			removed = append(removed, gs...)
		}
	}
	for name, gs := range cur {
		// A gate that was registered but unreadable at the base was there before: its first reading
		// is a baseline, not news.
		if _, was := old[name]; !was && !slices.Contains(before.Unread, name) {
			added = append(added, gs...)
		}
	}
	var renamed []pair
	renamed, removed, added = matchRenamed(removed, added)
	pairs = append(pairs, renamed...)

	var out []Change
	for _, p := range pairs {
		if c, ok := compareGate(&p.old, &p.new, before.Version, after.Version); ok {
			out = append(out, c)
		}
	}
	for _, g := range removed {
		if c, ok := compareGate(&g, nil, before.Version, after.Version); ok {
			out = append(out, c)
		}
	}
	for _, g := range added {
		if c, ok := compareGate(nil, &g, before.Version, after.Version); ok {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Variant, b.Variant))
	})
	return out
}

type pair struct{ old, new gate.Gate }

func byName(gs []gate.Gate) map[string][]gate.Gate {
	m := make(map[string][]gate.Gate, len(gs))
	for _, g := range gs {
		m[g.Name] = append(m[g.Name], g)
	}
	return m
}

// matchVariants pairs the registrations of one name by the components they share. Usually there is one
// on each side.
func matchVariants(old, cur []gate.Gate) (pairs []pair, gone, came []gate.Gate) {
	if len(old) == 1 && len(cur) == 1 {
		return []pair{{old[0], cur[0]}}, nil, nil
	}
	sort := func(gs []gate.Gate) []gate.Gate {
		gs = slices.Clone(gs)
		slices.SortFunc(gs, func(a, b gate.Gate) int { return cmp.Compare(a.Variant, b.Variant) })
		return gs
	}
	old, cur = sort(old), sort(cur)
	for len(old) > 0 && len(cur) > 0 {
		bi, bj, best := 0, 0, -1
		for i := range old {
			for j := range cur {
				if n := shared(old[i].Components(), cur[j].Components()); n > best {
					bi, bj, best = i, j, n
				}
			}
		}
		pairs = append(pairs, pair{old[bi], cur[bj]})
		old, cur = slices.Delete(old, bi, bi+1), slices.Delete(cur, bj, bj+1)
	}
	return pairs, old, cur
}

func shared(a, b []string) int {
	n := 0
	for _, x := range a {
		if slices.Contains(b, x) {
			n++
		}
	}
	return n
}

// matchRenamed finds gates whose constant stayed while the string changed: one gate, not a removal and
// an addition. Users who set the old string still break.
func matchRenamed(removed, added []gate.Gate) (pairs []pair, gone, came []gate.Gate) {
	came = slices.Clone(added)
	for _, r := range removed {
		match := -1
		for i, a := range came {
			if r.Const == "" || a.Const != r.Const || a.Component != r.Component || a.Name == r.Name {
				continue
			}
			if match >= 0 { // two candidates: no proof
				match = -1
				break
			}
			match = i
		}
		if match < 0 {
			gone = append(gone, r)
			continue
		}
		pairs = append(pairs, pair{r, came[match]})
		came = slices.Delete(came, match, match+1)
	}
	return pairs, gone, came
}
