package pipeline

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/sources"
	"github.com/upstream-digest/bot/internal/store"
)

// Pages reads the pages of an upstream's gates as its web site has them now, for commands without state. has is false
// where none are configured. Where they are left out the section says why.
func (r *Runner) Pages(ctx context.Context, u Upstream) (sec snapshot.Section, has bool, err error) {
	i := slices.IndexFunc(u.Sources, func(s Source) bool { return s.Name() == snapshot.SourceDocs })
	if i < 0 {
		return sec, false, nil
	}
	src := u.Sources[i]
	reading := Event{Stage: StageRead, Upstream: u.Name, Source: src.Name(), Of: 1}
	r.progress(reading)
	reading.Ended = true
	defer r.progress(reading)
	w := src.Watch("")
	var at sources.Commit
	if w.Asks() {
		head := r.Repositories.Heads(ctx, []repo.HeadRequest{{Repository: cmp.Or(w.Repository, u.Repository), Ref: "HEAD", Paths: w.Paths}})[0]
		if err = head.Err; err == nil {
			at = sources.CommitOf(head.Head)
		}
	}
	var reader repo.Reader
	if err == nil {
		reader, err = r.Repositories.Reader(cmp.Or(w.Repository, u.Repository))
	}
	if err == nil {
		sec, err = src.Collect(ctx, reader, at)
	}
	sec.Source, sec.Repository = snapshot.SourceDocs, w.Repository
	if reason := skipped(err); reason != "" {
		sec.Status, sec.Reason, err = snapshot.Skipped, reason, nil
	}
	return sec, true, err
}

// PagesOf gives two snapshots, of the same upstreams at two refs, the pages of today. A web site tells of all releases
// at once, and does so in a form that it did not have when old ones came out. What could not be read is the error, and
// the snapshots are good without it.
func (r *Runner) PagesOf(ctx context.Context, base, current *snapshot.Snapshot) error {
	var failed []store.FailedSource
	var causes []error
	for i, up := range current.Upstreams {
		sec, has, err := r.Pages(ctx, r.Upstreams[i])
		if ctx.Err() != nil {
			return r.stopped(ctx)
		}
		if !has {
			continue
		}
		if err != nil {
			f := failedSource(up.Name, snapshot.SourceDocs, err)
			failed, causes = append(failed, f), append(causes, err)
			sec.Status, sec.Reason = snapshot.Failed, f.Reason
		}
		was := slices.IndexFunc(base.Upstreams, func(u snapshot.Upstream) bool { return u.Name == up.Name })
		base.Upstreams[was].Sections = append(slices.Clone(base.Upstreams[was].Sections), sec)
		current.Upstreams[i].Sections = append(slices.Clone(up.Sections), sec)
	}
	if len(failed) > 0 {
		return &SourceError{Failed: failed, Err: errors.Join(causes...)}
	}
	return nil
}
