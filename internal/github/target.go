package github

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	targetPages     = 3
	ownPages        = 3   // where the search by author finds nothing
	maxCommentPages = 50  // 5,000 comments: more than one digest ever has
	maxOwnIssues    = 100 // per page
)

// Target is what publishing must know of the repository that issues are filed in.
type Target struct {
	Repository string // "acme/platform", as GitHub spells it
	NodeID     string // GraphQL id of the repository
	Viewer     string // login of the token's owner
	HasIssues  bool
	Archived   bool
	// Permission is ADMIN, MAINTAIN, WRITE, TRIAGE or READ; "" where GitHub does not say, as for the
	// tokens of apps and Actions.
	Permission string
	HasLabel   bool // the label asked for exists; true when none was asked for
	// Issues are those updated since the time asked for, newest update first, in any state.
	Issues []Issue
	// Complete is false when there were more issues than three pages of 50.
	Complete bool
	// Newest are the last 20 issues that were opened with the label asked for, newest first, whenever they were
	// updated; of any label where none was asked for. They lack title, labels and comments.
	Newest []Issue
}

// Ready gives the error that filing an issue would meet: *IssuesDisabledError, *ArchivedError, or nil.
// It says nothing of the token's permissions, which GitHub tells for certain only when it refuses.
func (t Target) Ready() error {
	switch {
	case t.Archived:
		return &ArchivedError{Repository: t.Repository}
	case !t.HasIssues:
		return &IssuesDisabledError{Repository: t.Repository}
	}
	return nil
}

// issueFields ask for an issue with the first of its comments. Not for databaseId: that is a 32-bit
// number, and the ids of comments have outgrown it. A comment's URL ends in its id.
const issueFields = `
fragment issueFields on Issue {
  number title body url state locked viewerDidAuthor createdAt updatedAt
  labels(first: 100) { nodes { name } }
  comments(first: 50) { nodes { ...commentFields } pageInfo { hasNextPage } }
}
fragment commentFields on IssueComment { body url viewerDidAuthor }
`

const targetDocument = `
query Target($owner: String!, $name: String!, $label: String!, $labels: [String!], $since: DateTime!, $after: String, $first: Boolean!) {
  viewer { login }
  repository(owner: $owner, name: $name) {
    id nameWithOwner hasIssuesEnabled isArchived viewerPermission
    label(name: $label) { name }
    newest: issues(first: 20, labels: $labels, orderBy: {field: CREATED_AT, direction: DESC}) @include(if: $first) {
      nodes { number url body viewerDidAuthor createdAt updatedAt }
    }
    issues(first: 50, after: $after, filterBy: {since: $since}, orderBy: {field: UPDATED_AT, direction: DESC}) {
      nodes { ...issueFields }
      pageInfo { hasNextPage endCursor }
    }
  }
}` + issueFields

const ownDocument = `
query OwnIssues($owner: String!, $name: String!, $first: Int!, $by: String!) {
  viewer { login }
  repository(owner: $owner, name: $name) {
    issues(first: $first, filterBy: {createdBy: $by}, orderBy: {field: CREATED_AT, direction: DESC}) {
      nodes { ...issueFields }
    }
  }
}` + issueFields

const newestDocument = `
query NewestIssues($owner: String!, $name: String!, $first: Int!, $after: String) {
  viewer { login }
  repository(owner: $owner, name: $name) {
    issues(first: $first, after: $after, orderBy: {field: CREATED_AT, direction: DESC}) {
      nodes { ...issueFields }
      pageInfo { hasNextPage endCursor }
    }
  }
}` + issueFields

const commentsDocument = `
query Comments($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    issue(number: $number) {
      comments(first: 100, after: $after) {
        nodes { body url viewerDidAuthor }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}`

type pageInfo struct {
	HasNextPage bool
	EndCursor   string
}

type commentNode struct {
	Body            string
	URL             string
	ViewerDidAuthor bool
}

type issueNode struct {
	Number               int
	Title, Body, URL     string
	State                string
	Locked               bool
	ViewerDidAuthor      bool
	CreatedAt, UpdatedAt time.Time
	Labels               struct{ Nodes []struct{ Name string } }
	Comments             struct {
		Nodes    []commentNode
		PageInfo pageInfo
	}
}

type repositoryNode struct {
	ID, NameWithOwner string
	HasIssuesEnabled  bool
	IsArchived        bool
	ViewerPermission  string
	Label             *struct{ Name string }
	Issues            struct {
		Nodes    []issueNode
		PageInfo pageInfo
	}
	Newest struct{ Nodes []issueNode }
}

type issuesAnswer struct {
	Viewer     struct{ Login string }
	Repository *repositoryNode
}

// Target reads all that filing needs to know, usually by one GraphQL document: the repository, whether
// the label exists ("" asks for none), and the issues updated since a time, of any label and state. Own
// issues come with all their comments.
func (c *Client) Target(ctx context.Context, repository string, since time.Time, label string) (Target, error) {
	op := "look at " + repository
	vars := map[string]any{"since": since.UTC().Format(time.RFC3339), "label": label, "labels": nil, "first": true}
	if label != "" {
		vars["labels"] = []string{label}
	}
	ctx = c.OneStep(ctx)
	var t Target
	for page := range targetPages {
		got, err := c.issues(ctx, op, repository, targetDocument, vars)
		if err != nil {
			return Target{}, err
		}
		r := got.Repository
		if page == 0 {
			t = Target{
				Repository: r.NameWithOwner, NodeID: r.ID, Viewer: got.Viewer.Login, HasIssues: r.HasIssuesEnabled,
				Archived: r.IsArchived, Permission: r.ViewerPermission, HasLabel: label == "" || r.Label != nil,
			}
			for _, n := range r.Newest.Nodes {
				t.Newest = append(t.Newest, n.issue())
			}
			vars["first"] = false
		}
		for _, n := range r.Issues.Nodes {
			t.Issues = append(t.Issues, n.issue())
		}
		t.Complete = !r.Issues.PageInfo.HasNextPage
		if t.Complete {
			break
		}
		vars["after"] = r.Issues.PageInfo.EndCursor
	}
	return t, c.completeComments(ctx, repository, t.Issues)
}

// OwnIssues lists the newest issues that the token's owner opened, newest first, at most limit (up to
// 100), with their comments. It is for a lost store: usually two GraphQL documents.
func (c *Client) OwnIssues(ctx context.Context, repository string, limit int) ([]Issue, error) {
	op := "look for own issues in " + repository
	ctx = c.OneStep(ctx)
	limit = min(max(limit, 1), maxOwnIssues)
	login, err := c.User(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	got, err := c.issues(ctx, op, repository, ownDocument, map[string]any{"first": limit, "by": login})
	if err != nil {
		return nil, err
	}
	var own []Issue
	add := func(nodes []issueNode) {
		for _, n := range nodes {
			if n.ViewerDidAuthor && len(own) < limit {
				own = append(own, n.issue())
			}
		}
	}
	add(got.Repository.Issues.Nodes)
	if len(own) == 0 {
		// An app has two logins, "x" and "x[bot]", and which of them the filter wants is not written
		// down: so look at the newest issues of all.
		vars := map[string]any{"first": maxOwnIssues}
		for range ownPages {
			got, err := c.issues(ctx, op, repository, newestDocument, vars)
			if err != nil {
				return nil, err
			}
			add(got.Repository.Issues.Nodes)
			if !got.Repository.Issues.PageInfo.HasNextPage || len(own) == limit {
				break
			}
			vars["after"] = got.Repository.Issues.PageInfo.EndCursor
		}
	}
	return own, c.completeComments(ctx, repository, own)
}

// Comments lists all comments of an issue, oldest first, 100 for each GraphQL document. More than 5,000
// are an error.
func (c *Client) Comments(ctx context.Context, repository string, number int) ([]Comment, error) {
	op := fmt.Sprintf("read the comments of %s#%d", repository, number)
	owner, name, err := splitRepository(repository)
	if err != nil {
		return nil, err
	}
	ctx = c.OneStep(ctx)
	var all []Comment
	vars := map[string]any{"owner": owner, "name": name, "number": number}
	for range maxCommentPages {
		var got struct {
			Repository *struct {
				Issue *struct {
					Comments struct {
						Nodes    []commentNode
						PageInfo pageInfo
					}
				}
			}
		}
		if err := c.GraphQL(ctx, Query{Op: op, Document: commentsDocument, Variables: vars}, &got); err != nil {
			return nil, inRepository(op, repository, fmt.Sprintf("issue %d", number), err)
		}
		if got.Repository == nil || got.Repository.Issue == nil {
			return nil, fmt.Errorf("%s: %w", op, &NotFoundError{Repository: repository, What: fmt.Sprintf("issue %d", number)})
		}
		page := got.Repository.Issue.Comments
		for _, n := range page.Nodes {
			all = append(all, n.comment())
		}
		if !page.PageInfo.HasNextPage {
			return all, nil
		}
		vars["after"] = page.PageInfo.EndCursor
	}
	return nil, fmt.Errorf("%s: more than %d comments", op, len(all))
}

// issues runs one of the documents above. The answer's repository is never nil.
func (c *Client) issues(ctx context.Context, op, repository, document string, vars map[string]any) (issuesAnswer, error) {
	var got issuesAnswer
	owner, name, err := splitRepository(repository)
	if err != nil {
		return got, err
	}
	vars["owner"], vars["name"] = owner, name
	if err := c.GraphQL(ctx, Query{Op: op, Document: document, Variables: vars}, &got); err != nil {
		return got, inRepository(op, repository, "", err)
	}
	if got.Repository == nil {
		return got, fmt.Errorf("%s: %w", op, &NotFoundError{Repository: repository})
	}
	c.knowViewer(got.Viewer.Login)
	return got, nil
}

// completeComments reads the rest of the comments of our own issues. Those of others are never ours to
// adopt, so theirs stay cut.
func (c *Client) completeComments(ctx context.Context, repository string, issues []Issue) error {
	for i := range issues {
		if !issues[i].ViewerDidAuthor || !issues[i].MoreComments {
			continue
		}
		all, err := c.Comments(ctx, repository, issues[i].Number)
		if err != nil {
			return err
		}
		issues[i].Comments, issues[i].MoreComments = all, false
	}
	return nil
}

// inRepository turns NOT_FOUND and FORBIDDEN of a document about one repository into their own errors.
func inRepository(op, repository, what string, err error) error {
	errs, ok := errors.AsType[*GraphQLErrors](err)
	if !ok {
		return err
	}
	for _, e := range errs.Errors {
		switch e.Type {
		case "NOT_FOUND":
			if len(e.Path) < 2 {
				what = ""
			}
			return fmt.Errorf("%s: %w", op, &NotFoundError{Repository: repository, What: what})
		case "FORBIDDEN", "INSUFFICIENT_SCOPES":
			return fmt.Errorf("%s: %w", op, &PermissionError{Repository: repository, Needs: "issues: read", Message: e.Message})
		}
	}
	return err
}

func (n issueNode) issue() Issue {
	i := Issue{
		Number: n.Number, Title: n.Title, Body: n.Body, URL: n.URL, State: strings.ToLower(n.State), Locked: n.Locked,
		ViewerDidAuthor: n.ViewerDidAuthor, CreatedAt: n.CreatedAt.UTC(), UpdatedAt: n.UpdatedAt.UTC(),
		MoreComments: n.Comments.PageInfo.HasNextPage,
	}
	for _, l := range n.Labels.Nodes {
		i.Labels = append(i.Labels, l.Name)
	}
	for _, m := range n.Comments.Nodes {
		i.Comments = append(i.Comments, m.comment())
	}
	return i
}

func (n commentNode) comment() Comment {
	_, digits, _ := strings.Cut(n.URL, "#issuecomment-")
	id, _ := strconv.ParseInt(digits, 10, 64) // 0 where the URL has another form: it is only a name
	return Comment{ID: id, Body: n.Body, URL: n.URL, ViewerDidAuthor: n.ViewerDidAuthor}
}
