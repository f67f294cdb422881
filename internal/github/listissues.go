package github

import (
	"context"
	"fmt"
	"strings"
	"time"

	gh "github.com/google/go-github/v60/github"
)

// IssueFilter says which issues are listed. With Since they are those of either state, the longest ago updated first;
// without it the open ones, the last updated first.
type IssueFilter struct {
	// Label is one label, "" for any. One that holds a comma can't be asked for: REST takes the comma for the end of the
	// label. Then all are listed.
	Label  string
	Author string
	Since  time.Time
	// Page begins at 1. PerPage is at most 100.
	Page, PerPage int
}

// ListedIssue is an issue, or a pull request, as a list has it.
type ListedIssue struct {
	PullRequest                    bool
	Number                         int
	Title, URL, Author             string
	Closed                         bool
	StateReason                    string
	Labels                         []string
	Milestone                      string
	CreatedAt, UpdatedAt, ClosedAt time.Time
	Comments                       int
}

// ListIssues lists a page of the issues and pull requests of a repository, and says whether there are more (one REST
// request).
func (c *Client) ListIssues(ctx context.Context, repository string, f IssueFilter) (list []ListedIssue, more bool, err error) {
	owner, name, err := splitRepository(repository)
	if err != nil {
		return nil, false, err
	}
	o := &gh.IssueListByRepoOptions{State: "open", Creator: f.Author, Sort: "updated", Direction: "desc", ListOptions: gh.ListOptions{Page: f.Page, PerPage: f.PerPage}}
	if f.Label != "" && !strings.Contains(f.Label, ",") {
		o.Labels = []string{f.Label}
	}
	if !f.Since.IsZero() {
		o.State, o.Direction, o.Since = "all", "asc", f.Since.UTC().Truncate(time.Second)
	}
	ctx, k := c.begin(ctx, "read the issues of "+repository)
	got, resp, err := c.rest.Issues.ListByRepo(ctx, owner, name, o)
	if err := c.conclude(k, false, resp, err, subject{repository: repository, issues: true}); err != nil {
		return nil, false, err
	}
	if got == nil { // v60 takes an empty answer for an empty list
		return nil, false, fmt.Errorf("%s: %w", k.op, &DecodeError{Host: c.urls.api.Host, Status: resp.StatusCode, Reason: "the answer is empty"})
	}
	for _, is := range got {
		x := ListedIssue{
			PullRequest: is.IsPullRequest(), Number: is.GetNumber(), Title: is.GetTitle(), URL: is.GetHTMLURL(), Author: is.GetUser().GetLogin(),
			Closed: is.GetState() == "closed", StateReason: is.GetStateReason(), Milestone: is.GetMilestone().GetTitle(), Comments: is.GetComments(),
			CreatedAt: is.GetCreatedAt().UTC(), UpdatedAt: is.GetUpdatedAt().UTC(), ClosedAt: is.GetClosedAt().UTC(),
		}
		for _, l := range is.Labels {
			x.Labels = append(x.Labels, l.GetName())
		}
		if x.Number == 0 || x.CreatedAt.IsZero() || x.UpdatedAt.IsZero() {
			return nil, false, fmt.Errorf("%s: %w", k.op, &DecodeError{Host: c.urls.api.Host, Status: resp.StatusCode, Reason: "an issue has no number or time"})
		}
		list = append(list, x)
	}
	return list, resp.NextPage != 0, nil
}
