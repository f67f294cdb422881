package github

import (
	"context"
	"fmt"
	"time"

	gh "github.com/google/go-github/v60/github"
)

// Milestone is a milestone of a repository, as REST tells it.
type Milestone struct {
	Number     int
	Title, URL string
	Closed     bool
	// Due lies within the day that was chosen; ClosedAt is a moment. Zero: none.
	Due, ClosedAt time.Time
	// OpenIssues and ClosedIssues count pull requests too.
	OpenIssues, ClosedIssues int
}

// Milestones lists the open milestones, those due first leading, or the closed ones, those due last leading; at most
// 100 (one REST request). more says that there are others.
func (c *Client) Milestones(ctx context.Context, repository string, closed bool) (list []Milestone, more bool, err error) {
	owner, name, err := splitRepository(repository)
	if err != nil {
		return nil, false, err
	}
	opts := &gh.MilestoneListOptions{State: "open", Sort: "due_on", Direction: "asc", ListOptions: gh.ListOptions{PerPage: 100}}
	if closed {
		opts.State, opts.Direction = "closed", "desc"
	}
	ctx, k := c.begin(ctx, "read the milestones of "+repository)
	got, resp, err := c.rest.Issues.ListMilestones(ctx, owner, name, opts)
	if err := c.conclude(k, false, resp, err, subject{repository: repository}); err != nil {
		return nil, false, err
	}
	for _, m := range got {
		list = append(list, milestoneOf(m))
	}
	return list, resp.NextPage > 0, nil
}

// Milestone reads one (one REST request); *NotFoundError where there is none of that number.
func (c *Client) Milestone(ctx context.Context, repository string, number int) (Milestone, error) {
	owner, name, err := splitRepository(repository)
	if err != nil {
		return Milestone{}, err
	}
	what := fmt.Sprintf("milestone %d", number)
	ctx, k := c.begin(ctx, "read "+what+" of "+repository)
	got, resp, err := c.rest.Issues.GetMilestone(ctx, owner, name, number)
	if err := c.conclude(k, false, resp, err, subject{repository: repository, what: what}); err != nil {
		return Milestone{}, err
	}
	return milestoneOf(got), nil
}

func milestoneOf(m *gh.Milestone) Milestone {
	return Milestone{
		Number: m.GetNumber(), Title: m.GetTitle(), URL: m.GetHTMLURL(), Closed: m.GetState() == "closed",
		Due: m.GetDueOn().UTC(), ClosedAt: m.GetClosedAt().UTC(), OpenIssues: m.GetOpenIssues(), ClosedIssues: m.GetClosedIssues(),
	}
}
