package github

import (
	"context"
	"errors"
	"fmt"

	gh "github.com/google/go-github/v60/github"
)

const oneIssueDocument = `
query OneIssue($owner: String!, $name: String!, $number: Int!, $label: String!) {
  viewer { login }
  repository(owner: $owner, name: $name) {
    id nameWithOwner hasIssuesEnabled isArchived viewerPermission
    label(name: $label) { name }
    issue(number: $number) { ...issueFields }
  }
}` + issueFields

// Issue reads one issue with all its comments, and what filing in its repository needs to know (see Target), by one
// GraphQL document. Issues has the issue, or is empty where there is none of this number (any more).
func (c *Client) Issue(ctx context.Context, repository string, number int, label string) (Target, error) {
	op := fmt.Sprintf("look at %s#%d", repository, number)
	owner, name, err := splitRepository(repository)
	if err != nil {
		return Target{}, err
	}
	ctx = c.OneStep(ctx)
	vars := map[string]any{"owner": owner, "name": name, "number": number, "label": label}
	var got struct {
		Viewer     struct{ Login string }
		Repository *struct {
			repositoryNode
			Issue *issueNode
		}
	}
	err = c.GraphQL(ctx, Query{Op: op, Document: oneIssueDocument, Variables: vars}, &got)
	if errs, ok := errors.AsType[*GraphQLErrors](err); ok && got.Repository != nil && absentIssue(errs) {
		err = nil
	}
	if err != nil {
		return Target{}, inRepository(op, repository, fmt.Sprintf("issue %d", number), err)
	}
	if got.Repository == nil {
		return Target{}, fmt.Errorf("%s: %w", op, &NotFoundError{Repository: repository})
	}
	c.knowViewer(got.Viewer.Login)
	r := got.Repository
	t := Target{
		Repository: r.NameWithOwner, NodeID: r.ID, Viewer: got.Viewer.Login, HasIssues: r.HasIssuesEnabled,
		Archived: r.IsArchived, Permission: r.ViewerPermission, HasLabel: label == "" || r.Label != nil, Complete: true,
	}
	if r.Issue == nil {
		return t, nil
	}
	t.Issues = []Issue{r.Issue.issue()}
	return t, c.completeComments(ctx, repository, t.Issues)
}

// absentIssue reports whether all that is wrong with an answer is that the issue is not there.
func absentIssue(errs *GraphQLErrors) bool {
	for _, e := range errs.Errors {
		if e.Type != "NOT_FOUND" || len(e.Path) < 2 || e.Path[1] != "issue" {
			return false
		}
	}
	return true
}

// IssueEdit is what shall be otherwise about an issue; "" leaves it as it is.
type IssueEdit struct {
	Body  string
	State string // "open" or "closed"
}

// EditIssue changes an issue and returns what GitHub stored: an over-long body is answered with success and the old
// body, so compare. It is sent once; see NotExecuted and UnclearError.
func (c *Client) EditIssue(ctx context.Context, repository string, number int, e IssueEdit) (Issue, error) {
	op := fmt.Sprintf("edit %s#%d", repository, number)
	owner, name, err := c.writable(op, repository)
	if err != nil {
		return Issue{}, err
	}
	ctx, k := c.begin(ctx, op)
	in := &gh.IssueRequest{}
	if e.Body != "" {
		in.Body = &e.Body
	}
	if e.State != "" {
		in.State = &e.State
	}
	got, resp, err := c.rest.Issues.Edit(ctx, owner, name, number, in)
	s := subject{repository: repository, what: fmt.Sprintf("issue %d", number), needs: needsIssues, issues: true}
	if err := c.conclude(k, true, resp, err, s); err != nil {
		return Issue{}, err
	}
	if got.GetNumber() != number {
		return Issue{}, c.noAnswer(op, resp, "the answer is about another issue")
	}
	issue := Issue{
		Number: got.GetNumber(), ID: got.GetID(), Title: got.GetTitle(), Body: got.GetBody(), URL: got.GetHTMLURL(), State: got.GetState(),
		CreatedAt: got.GetCreatedAt().UTC(), UpdatedAt: got.GetUpdatedAt().UTC(),
	}
	for _, l := range got.Labels {
		issue.Labels = append(issue.Labels, l.GetName())
	}
	return issue, nil
}

// EditComment changes a comment and returns what GitHub stored. It is sent once.
func (c *Client) EditComment(ctx context.Context, repository string, id int64, body string) (Comment, error) {
	op := fmt.Sprintf("edit comment %d in %s", id, repository)
	owner, name, err := c.writable(op, repository)
	if err != nil {
		return Comment{}, err
	}
	ctx, k := c.begin(ctx, op)
	got, resp, err := c.rest.Issues.EditComment(ctx, owner, name, id, &gh.IssueComment{Body: &body})
	s := subject{repository: repository, what: fmt.Sprintf("comment %d", id), needs: needsIssues, issues: true}
	if err := c.conclude(k, true, resp, err, s); err != nil {
		return Comment{}, err
	}
	if got.GetID() != id {
		return Comment{}, c.noAnswer(op, resp, "the answer is about another comment")
	}
	return Comment{ID: got.GetID(), Body: got.GetBody(), URL: got.GetHTMLURL(), ViewerDidAuthor: true}, nil
}
