package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/report"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/sources"
	"github.com/upstream-digest/bot/internal/store"
)

// firstRun is what a run without cursors starts from.
type firstRun struct {
	bases     map[string]*snapshot.Snapshot // by definition; without one all is a baseline
	distinct  []*snapshot.Snapshot          // the bases, each once
	recovered bool                          // the store was lost; the bases are what we last filed
	seq       map[string]int64              // by definition, the number of the last digest found
	notices   []string
	alerts    map[string][]report.Alert // by definition: digests that were lost with the store, in part
	places    map[string]places         // by definition: where the digests found stand
}

// firstBase finds the bases of a run that nothing was told before: what each definition filed last, where
// the store was lost; else the highest stable tag. What can't be read there is a baseline; what fails to
// be read ends the run, for a base that is guessed today would lose changes for ever.
func (r *Runner) firstBase(ctx context.Context, last *snapshot.Snapshot, opts Options) (firstRun, error) {
	f := firstRun{seq: map[string]int64{}, bases: map[string]*snapshot.Snapshot{}, alerts: map[string][]report.Alert{}, places: map[string]places{}}
	r.progress(Event{Stage: StageBase})
	filed, err := r.lastFiled(ctx, &f)
	if err != nil {
		return f, err
	}
	// A definition of which nothing was filed starts where the others do.
	shared := make([]origin, len(r.Upstreams))
	for _, d := range r.Definitions {
		for i, from := range filed[d.Name] {
			shared[i] = cmp.Or(shared[i], from)
		}
	}
	var starting []Definition
	for _, d := range r.Definitions {
		if opts.Since == "" || opts.Digest != "" && d.Name != opts.Digest {
			starting = append(starting, d)
		}
	}
	switch {
	case len(starting) == 0: // --since gives the base of all
		return f, nil
	case f.recovered:
		f.notices = append(f.notices, "The state was lost; this digest starts where the last one that was filed ended.")
	case last != nil:
		// A first run died between storing its base and telling: the base is here.
		for _, d := range starting {
			f.bases[d.Name] = last
		}
		f.distinct = append(f.distinct, last)
		return f, nil
	default:
		if err := r.stableTags(ctx, shared, &f); err != nil {
			return f, err
		}
	}
	read := map[string]*snapshot.Snapshot{}
	for _, d := range starting {
		from := filed[d.Name]
		if from == nil {
			from = shared
		}
		if !slices.ContainsFunc(from, func(o origin) bool { return o.ref != "" }) {
			continue
		}
		key := fmt.Sprint(from)
		if read[key] == nil {
			if read[key], err = r.readBase(ctx, from, &f); err != nil {
				return f, err
			}
			f.distinct = append(f.distinct, read[key])
		}
		f.bases[d.Name] = read[key]
	}
	return f, nil
}

// filedWithin is how long after upstream was read a digest is filed at most. What changed in that time is told
// twice where the store was lost: better than never.
const filedWithin = 10 * time.Minute

// lastFiled asks what each definition filed last: by definition, an origin for each upstream. Definitions
// are told at different times, so each has its own.
func (r *Runner) lastFiled(ctx context.Context, f *firstRun) (map[string][]origin, error) {
	filed := map[string][]origin{}
	if r.Recover == nil {
		return filed, nil
	}
	for _, d := range r.Definitions {
		found, err := r.Recover(ctx, d)
		if err != nil {
			return nil, &DeliveryError{Definition: d.Name, Channel: publish.TypeGitHubIssue, Err: err}
		}
		if len(found) == 0 {
			continue
		}
		m := slices.MaxFunc(found, func(a, b publish.FiledDigest) int { return cmp.Compare(a.Seq, b.Seq) })
		f.seq[d.Name], f.places[d.Name] = m.Seq, placesOf(d.Name, found)
		for _, x := range found {
			if len(x.Missing) > 0 {
				f.alerts[d.Name] = append(f.alerts[d.Name], r.incomplete(x))
			}
			if x.Seq < m.Seq {
				f.notices = append(f.notices, fmt.Sprintf("The state was lost. Of %s the newest digest in %s is number %d, in %s number %d: what came between may never have reached %s.",
					d.Name, m.Repository, m.Seq, x.Repository, x.Seq, x.Repository))
			}
		}
		from := make([]origin, len(r.Upstreams))
		for _, c := range m.Compared {
			for i, u := range r.Upstreams {
				if u.Name == c.Upstream && c.To != "" {
					from[i] = origin{c.To, m.At.Add(-filedWithin)}
					filed[d.Name], f.recovered = from, true
				}
			}
		}
	}
	return filed, nil
}

// incomplete says of a digest that the store was lost before all of it was posted. Its text is gone, but not
// what it was made of.
func (r *Runner) incomplete(d publish.FiledDigest) report.Alert {
	var missing, again []string
	for _, n := range d.Missing {
		missing = append(missing, fmt.Sprint(n))
	}
	for _, c := range d.Compared {
		if c.From == c.To || c.From == "" || c.To == "" {
			continue
		}
		cmd := fmt.Sprintf("bot diff %.12s %.12s", c.From, c.To)
		if len(r.Upstreams) > 1 {
			cmd += " --upstream " + c.Upstream
		}
		again = append(again, cmd)
	}
	return report.Alert{
		ID: fmt.Sprintf("%s/%d/%s", d.Definition, d.Seq, d.Channel),
		What: fmt.Sprintf("Digest %d of %s, issue %d in %s, lacks of its %d parts: %s.",
			d.Seq, d.Definition, d.Issue, d.Repository, d.Of, strings.Join(missing, ", ")),
		Why:  "The state was lost before they were posted, and no later digest tells what stood in them.",
		Next: "see all that it told of with " + strings.Join(again, " and ") + ".",
	}
}

func (r *Runner) readBase(ctx context.Context, from []origin, f *firstRun) (*snapshot.Snapshot, error) {
	base, err := r.collectAt(ctx, from, thePast, nil, nil, Options{})
	if err != nil {
		return nil, err
	}
	for i, failed := range base.failed {
		var absent *sources.AbsentError
		var notFound *repo.NotFoundError
		if errors.As(base.causes[i], &absent) || errors.As(base.causes[i], &notFound) && (f.recovered || !notFound.Until.IsZero() || r.isOther(failed.Upstream, notFound)) {
			note := noBase(failed)
			if !slices.Contains(f.notices, note) {
				f.notices = append(f.notices, note)
			}
			continue
		}
		return nil, &SourceError{Failed: base.failed, All: base.good == 0, Err: base.cause}
	}
	return base.snap, nil
}

func noBase(f store.FailedSource) string {
	return fmt.Sprintf("%s: %s has no base to compare with (%s); it is watched from now on.", f.Upstream, f.Source, f.Reason)
}

// has reports whether any base holds items of any of these sources.
func (f firstRun) has(list []store.FailedSource) bool {
	return slices.ContainsFunc(f.distinct, func(base *snapshot.Snapshot) bool {
		return slices.ContainsFunc(list, func(x store.FailedSource) bool {
			sec, _ := base.Upstream(x.Upstream).Section(x.Source)
			return !sec.Items.Empty()
		})
	})
}

// isOther reports whether a repository is missing that a source reads beside the upstream's own. Gates must not wait for
// it: it may never be there.
func (r *Runner) isOther(upstream string, missing *repo.NotFoundError) bool {
	return missing.Ref == "" && slices.ContainsFunc(r.Upstreams, func(u Upstream) bool {
		return u.Name == upstream && !strings.EqualFold(u.Repository, missing.Repository)
	})
}

// stableTags fills from with the highest stable tag of each upstream. An upstream without one starts
// with a baseline.
func (r *Runner) stableTags(ctx context.Context, from []origin, f *firstRun) error {
	for i, u := range r.Upstreams {
		reader, err := r.Repositories.Reader(u.Repository)
		var offline *repo.OfflineError
		if errors.As(err, &offline) {
			continue
		}
		var tags []string
		if err == nil {
			tags, err = reader.Tags(ctx)
		}
		if err != nil {
			return r.unreadable(u, err)
		}
		tag, ok := repo.HighestStable(tags)
		if !ok {
			f.notices = append(f.notices, fmt.Sprintf("%s has no stable release tag to compare with; it is watched from now on.", u.Name))
			continue
		}
		from[i].ref = tag
	}
	return nil
}

func (r *Runner) unreadable(u Upstream, err error) error {
	e := &SourceError{All: true, Err: err}
	for _, s := range u.Sources {
		e.Failed = append(e.Failed, failedSource(u.Name, s.Name(), err))
	}
	return e
}
