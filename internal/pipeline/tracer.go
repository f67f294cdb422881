package pipeline

import (
	"cmp"
	"context"
	"errors"

	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/trace"
)

// GitHistory gives what package repo reads of a repository's history to the rules of package trace, which know
// no repositories.
type GitHistory struct{ Tracer repo.Tracer }

// Blame implements trace.Git.
func (g GitHistory) Blame(ctx context.Context, sha, path string) ([]trace.Range, error) {
	b, err := g.Tracer.Blame(ctx, sha, path)
	if err != nil {
		return nil, err
	}
	out := make([]trace.Range, 0, len(b))
	for _, r := range b {
		out = append(out, trace.Range{From: r.From, To: r.To, Commit: commitOf(r.Commit)})
	}
	return out, nil
}

// PathHistory implements trace.Git.
func (g GitHistory) PathHistory(ctx context.Context, sha, path string, n int) ([]trace.Commit, error) {
	list, err := g.Tracer.PathHistory(ctx, sha, path, n)
	if err != nil {
		return nil, err
	}
	out := make([]trace.Commit, 0, len(list))
	for _, c := range list {
		out = append(out, commitOf(c))
	}
	return out, nil
}

// FilesAt implements trace.Git.
func (g GitHistory) FilesAt(ctx context.Context, shas []string, path string) (map[string][]byte, error) {
	return g.Tracer.FilesAt(ctx, shas, path)
}

// FilesBefore implements trace.Git.
func (g GitHistory) FilesBefore(ctx context.Context, shas []string, path string) (map[string]trace.Version, error) {
	got, err := g.Tracer.FilesBefore(ctx, shas, path)
	if err != nil {
		return nil, err
	}
	out := make(map[string]trace.Version, len(got))
	for sha, v := range got {
		out[sha] = trace.Version{SHA: v.SHA, Data: v.Data}
	}
	return out, nil
}

// Search finds merged pull requests by words in GitHub's search language. Where there is no search it finds none.
func (g GitHistory) Search(ctx context.Context, query string, n int) ([]trace.Pull, error) {
	found, err := g.Tracer.SearchPullRequests(ctx, query, n)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil, nil
	}
	var out []trace.Pull
	for _, p := range found {
		out = append(out, pullOf(p))
	}
	return out, err
}

// Pulls reads pull requests, those that are none left out.
func (g GitHistory) Pulls(ctx context.Context, numbers []int) (map[int]trace.Pull, error) {
	got, err := g.Tracer.PullRequests(ctx, numbers)
	out := make(map[int]trace.Pull, len(got))
	for n, p := range got {
		out[n] = pullOf(p)
	}
	return out, err
}

func pullOf(p repo.PullRequest) trace.Pull {
	out := trace.Pull{Number: p.Number, Title: p.Title, Body: p.Body, Merged: p.Merged, Base: p.Base, Files: p.Files, Partial: p.Partial}
	for _, i := range p.Closes {
		out.Closes = append(out.Closes, trace.Issue{Repository: i.Repository, Number: i.Number})
	}
	return out
}

func commitOf(c repo.CommitInfo) trace.Commit {
	return trace.Commit{SHA: c.SHA, When: c.When, PRs: c.PRs, Landed: c.Landed, LandedAt: c.LandedAt, Title: cmp.Or(c.Title, c.Headline)}
}

// Current reads upstreams as they are, the given sources of them alone; what last has and did not change is not read
// again. last may be nil.
func (r *Runner) Current(ctx context.Context, last *snapshot.Snapshot, only ...string) (*snapshot.Snapshot, error) {
	from := make([]origin, len(r.Upstreams))
	for i := range from {
		from[i].ref = r.Upstreams[i].Ref
	}
	c, err := r.collectAt(ctx, from, thePresent, last, nil, Options{Only: only})
	if err != nil {
		return nil, err
	}
	if missing := append(c.failed, c.skipped...); len(missing) > 0 {
		return nil, &SourceError{Failed: missing, All: c.good == 0, Err: c.cause}
	}
	return c.snap, nil
}
