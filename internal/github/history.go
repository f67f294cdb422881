package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	gh "github.com/google/go-github/v60/github"
)

// Release is one release as REST tells it.
type Release struct {
	Tag, Name, URL    string
	Draft, Prerelease bool
	PublishedAt       time.Time // zero for drafts
}

// Releases lists the n newest releases by the time they were made, at most 100 (one REST request).
func (c *Client) Releases(ctx context.Context, repository string, n int) ([]Release, error) {
	owner, name, err := splitRepository(repository)
	if err != nil {
		return nil, err
	}
	ctx, k := c.begin(ctx, "read the releases of "+repository)
	got, resp, err := c.rest.Repositories.ListReleases(ctx, owner, name, &gh.ListOptions{PerPage: n})
	if err := c.conclude(k, false, resp, err, subject{repository: repository}); err != nil {
		return nil, err
	}
	var out []Release
	for _, r := range got {
		out = append(out, Release{
			Tag: r.GetTagName(), Name: r.GetName(), URL: r.GetHTMLURL(), Draft: r.GetDraft(), Prerelease: r.GetPrerelease(),
			PublishedAt: r.GetPublishedAt().UTC(),
		})
	}
	return out, nil
}

// CommitsUntil lists the n newest commits, at most 100, that lead to ref ("" is the default branch) and were
// committed not after until, newest first (one REST request). It fails as [Client.Commit] does.
func (c *Client) CommitsUntil(ctx context.Context, repository, ref string, until time.Time, n int) ([]Commit, error) {
	ctx = c.OneStep(ctx)
	owner, name, err := splitRepository(repository)
	if err != nil {
		return nil, err
	}
	rctx, k := c.begin(ctx, "read "+repository)
	what := fmt.Sprintf("commit %q", ref)
	got, resp, err := c.rest.Repositories.ListCommits(rctx, owner, name,
		&gh.CommitsListOptions{SHA: ref, Until: until.UTC().Truncate(time.Second), ListOptions: gh.ListOptions{PerPage: n}})
	if err := c.conclude(k, false, resp, err, subject{repository: repository, what: what}); err != nil {
		return nil, c.noCommit(ctx, repository, err)
	}
	var out []Commit
	for _, r := range got {
		out = append(out, commitOf(r))
	}
	return out, nil
}

// noCommit tells a ref that does not exist from a repository that does not, and from an empty one.
func (c *Client) noCommit(ctx context.Context, repository string, err error) error {
	if s, ok := errors.AsType[*StatusError](err); ok && s.Status == http.StatusConflict {
		return fmt.Errorf("read %s: %w", repository, &EmptyRepositoryError{Repository: repository})
	}
	if _, ok := errors.AsType[*NotFoundError](err); ok {
		if _, rerr := c.DefaultBranch(ctx, repository); rerr != nil {
			return rerr
		}
	}
	return err
}

func commitOf(r *gh.RepositoryCommit) Commit {
	return Commit{
		SHA: r.GetSHA(), Tree: r.GetCommit().GetTree().GetSHA(), Time: r.GetCommit().GetCommitter().GetDate().UTC(), Parents: len(r.Parents),
	}
}

// MergedAt lists when the pull requests were merged that brought a commit (one REST request). Those that
// were not are left out.
func (c *Client) MergedAt(ctx context.Context, repository, sha string) ([]time.Time, error) {
	owner, name, err := splitRepository(repository)
	if err != nil {
		return nil, err
	}
	if !isOID(sha) {
		return nil, fmt.Errorf("read %s: %q is no commit id", repository, clip(sha, 80))
	}
	ctx, k := c.begin(ctx, "read "+repository)
	got, resp, err := c.rest.PullRequests.ListPullRequestsWithCommit(ctx, owner, name, sha, nil)
	if err := c.conclude(k, false, resp, err, subject{repository: repository, what: "commit " + sha}); err != nil {
		return nil, err
	}
	var out []time.Time
	for _, p := range got {
		if at := p.GetMergedAt(); !at.IsZero() {
			out = append(out, at.UTC())
		}
	}
	return out, nil
}
