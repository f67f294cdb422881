package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/sources"
)

// firstRun is what a run without cursors starts from.
type firstRun struct {
	base      *snapshot.Snapshot // nil: nothing can be read before today, all is baseline
	recovered bool               // the store was lost; the base is what we last filed
	seq       map[string]int64   // by definition, the number of the last digest found
	notices   []string
}

// firstBase finds the base of a run that nothing was told before: what was filed last, where the store
// was lost; else the highest stable tag. What can't be read there is a baseline; what fails to be read
// ends the run, for a base that is guessed today would lose changes for ever.
func (r *Runner) firstBase(ctx context.Context, last *snapshot.Snapshot, opts Options) (firstRun, error) {
	f := firstRun{seq: map[string]int64{}}
	refs := make([]string, len(r.Upstreams))
	if r.Recover != nil {
		for _, d := range r.Definitions {
			m, ok, err := r.Recover(ctx, d)
			if err != nil {
				return f, &DeliveryError{Channel: publish.TypeGitHubIssue, Err: err}
			}
			if !ok {
				continue
			}
			f.seq[d.Name] = m.Seq
			for _, c := range m.Compared {
				for i, u := range r.Upstreams {
					if u.Name == c.Upstream && c.To != "" {
						refs[i], f.recovered = c.To, true
					}
				}
			}
		}
	}
	if last != nil && !f.recovered {
		// A first run died between storing its base and telling: the base is here.
		f.base = last
		return f, nil
	}
	if f.recovered {
		f.notices = append(f.notices, "The state was lost; this digest starts where the last one that was filed ended.")
	} else if opts.Since == "" {
		if err := r.stableTags(ctx, refs, &f); err != nil {
			return f, err
		}
	}
	if strings.Join(refs, "") == "" {
		return f, nil
	}
	base, err := r.collectAt(ctx, refs, nil, Options{})
	if err != nil {
		return f, err
	}
	for i, failed := range base.failed {
		var absent *sources.AbsentError
		var notFound *repo.NotFoundError
		if errors.As(base.causes[i], &absent) || errors.As(base.causes[i], &notFound) && f.recovered {
			f.notices = append(f.notices, fmt.Sprintf("%s: %s has no base to compare with (%s); it is watched from now on.", failed.Upstream, failed.Source, failed.Reason))
			continue
		}
		return f, &SourceError{Failed: base.failed, All: base.good == 0, Err: base.cause}
	}
	f.base = base.snap
	return f, nil
}

// stableTags fills refs with the highest stable tag of each upstream. An upstream without one starts
// with a baseline.
func (r *Runner) stableTags(ctx context.Context, refs []string, f *firstRun) error {
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
		refs[i] = tag
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
