package pipeline

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/changelog"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/report"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/sources"
	"github.com/upstream-digest/bot/internal/store"
)

// passer is a source that can tell of the releases on a way.
type passer interface {
	Source
	Files(minors []string) []string
	Passed(ctx context.Context, r repo.Reader, at sources.Commit, way changelog.Way) (snapshot.Section, error)
	Reached(ctx context.Context, r repo.Reader, at sources.Commit, minor string) (string, error)
}

// Passed gives two snapshots, of the same upstreams at two refs, the releases on the way from one to the other, so
// that [Runner.Between] tells them as new. The notes of a release are committed after its tag: they are read at the
// default branch. A branch or commit stands for what its own changelogs tell of. Where there are no notes a section
// says why; what could not be read is the error, and the snapshots are good without it.
func (r *Runner) Passed(ctx context.Context, base, current *snapshot.Snapshot) error {
	var failed []store.FailedSource
	var causes []error
	for i, up := range current.Upstreams {
		sec, err := r.passedBetween(ctx, r.Upstreams[i], base.Upstream(up.Name), up)
		if ctx.Err() != nil {
			return r.stopped(ctx)
		}
		if err != nil {
			f := failedSource(up.Name, snapshot.SourceReleases, err)
			failed, causes = append(failed, f), append(causes, err)
			sec = snapshot.Section{Source: snapshot.SourceReleases, Status: snapshot.Failed, Reason: f.Reason}
		}
		before := sec
		if sec.Items.Releases != nil {
			before.Items.Releases = &snapshot.ReleaseSet{}
		}
		was := slices.IndexFunc(base.Upstreams, func(u snapshot.Upstream) bool { return u.Name == up.Name })
		base.Upstreams[was].Sections = withSection(base.Upstreams[was].Sections, before)
		current.Upstreams[i].Sections = withSection(up.Sections, sec)
	}
	if len(failed) > 0 {
		return &SourceError{Failed: failed, Err: errors.Join(causes...)}
	}
	return nil
}

// withSection puts a section in the place of its like. The data of notes goes: nobody asked for it.
func withSection(all []snapshot.Section, sec snapshot.Section) []snapshot.Section {
	out := slices.DeleteFunc(slices.Clone(all), func(s snapshot.Section) bool {
		return s.Source == sec.Source || s.Source == snapshot.SourceNoteData
	})
	return append(out, sec)
}

func (r *Runner) passedBetween(ctx context.Context, u Upstream, from, to snapshot.Upstream) (snapshot.Section, error) {
	none := func(reason string) (snapshot.Section, error) {
		return snapshot.Section{Source: snapshot.SourceReleases, Status: snapshot.Skipped, Reason: reason}, nil
	}
	src := u.passer()
	if src == nil {
		return none(noNotes)
	}
	way := changelog.Way{From: from.Version, To: to.Version}
	switch {
	case way.Minors() == nil && !way.Empty():
		return none("nobody knows which releases lie between " + from.Ref + " and " + to.Ref)
	case way.Empty():
		return none("no release lies on the way from " + from.Ref + " to " + to.Ref)
	}
	ref, reached := "HEAD", isMinor(way.From)
	if isMinor(way.To) {
		ref = to.SHA
	}
	asked := []repo.HeadRequest{{Repository: u.Repository, Ref: ref, Paths: src.Files(way.Minors())}}
	if reached {
		asked = append(asked, repo.HeadRequest{Repository: u.Repository, Ref: from.SHA, Paths: src.Files([]string{way.From})})
	}
	r.progress(Event{Stage: StageNotes, Upstream: u.Name})
	heads := r.Repositories.Heads(ctx, asked)
	for _, h := range heads {
		if h.Err != nil {
			return snapshot.Section{}, h.Err
		}
	}
	reader, err := r.Repositories.Reader(u.Repository)
	if err != nil {
		return snapshot.Section{}, err
	}
	if reached {
		at, err := src.Reached(ctx, reader, sources.CommitOf(heads[1].Head), way.From)
		if err != nil {
			return snapshot.Section{}, err
		}
		way.From = cmp.Or(at, way.From)
	}
	return r.passed(ctx, src, reader, heads[0].Head, way)
}

// OnTheWay reads the releases of an upstream that lie on a way, as its default branch tells of them. The error is a
// *SourceError; a section without items says why there are none.
func (r *Runner) OnTheWay(ctx context.Context, u Upstream, way changelog.Way) (snapshot.Section, error) {
	src := u.passer()
	if src == nil {
		return snapshot.Section{Source: snapshot.SourceReleases, Status: snapshot.Skipped, Reason: noNotes}, nil
	}
	sec, err := r.passedAtHead(ctx, u, src, way)
	if err != nil && ctx.Err() == nil {
		err = &SourceError{Failed: []store.FailedSource{failedSource(u.Name, snapshot.SourceReleases, err)}, Err: err}
	}
	return sec, err
}

func (r *Runner) passedAtHead(ctx context.Context, u Upstream, src passer, way changelog.Way) (snapshot.Section, error) {
	r.progress(Event{Stage: StageNotes, Upstream: u.Name})
	head := r.Repositories.Heads(ctx, []repo.HeadRequest{{Repository: u.Repository, Ref: "HEAD", Paths: src.Files(way.Minors())}})[0]
	if head.Err != nil {
		return snapshot.Section{}, head.Err
	}
	reader, err := r.Repositories.Reader(u.Repository)
	if err != nil {
		return snapshot.Section{}, err
	}
	return r.passed(ctx, src, reader, head.Head, way)
}

const noNotes = "the configuration names no release notes of it"

func (r *Runner) passed(ctx context.Context, src passer, reader repo.Reader, head repo.Head, way changelog.Way) (snapshot.Section, error) {
	sec, err := src.Passed(ctx, reader, sources.CommitOf(head), way)
	sec.Reason = report.Line(sec.Reason)
	if sec.Status == snapshot.Complete {
		sec.ReadAt, sec.CurrentAt = r.Now().UTC(), r.Now().UTC()
	}
	return sec, err
}

// passer is the upstream's source of notes, nil where the configuration names none.
func (u Upstream) passer() passer {
	for _, s := range u.Sources {
		if p, ok := s.(passer); ok && len(p.Files([]string{"1.0"})) > 0 {
			return p
		}
	}
	return nil
}

// isMinor reports whether a version is that of a branch or commit, which is on the way to its next release.
func isMinor(version string) bool { return strings.Count(version, ".") < 2 }
