package pipeline

import (
	"cmp"
	"context"

	"github.com/upstream-digest/bot/internal/repo"
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

// Pulls reads pull requests, those that are none left out.
func (g GitHistory) Pulls(ctx context.Context, numbers []int) (map[int]trace.Pull, error) {
	got, err := g.Tracer.PullRequests(ctx, numbers)
	out := make(map[int]trace.Pull, len(got))
	for n, p := range got {
		pull := trace.Pull{Number: p.Number, Title: p.Title, Body: p.Body, Merged: p.Merged, Base: p.Base, Files: p.Files, Partial: p.Partial}
		for _, i := range p.Closes {
			pull.Closes = append(pull.Closes, trace.Issue{Repository: i.Repository, Number: i.Number})
		}
		out[n] = pull
	}
	return out, err
}

func commitOf(c repo.CommitInfo) trace.Commit {
	return trace.Commit{SHA: c.SHA, When: c.When, PRs: c.PRs, Landed: c.Landed, LandedAt: c.LandedAt, Title: cmp.Or(c.Title, c.Headline)}
}
