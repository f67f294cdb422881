package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	gh "github.com/google/go-github/v60/github"
)

// Issue is an issue as GitHub has it.
type Issue struct {
	Number          int
	ID              int64 // database id; 0 unless CreateIssue returned it
	Title           string
	Body            string
	URL             string // web page
	State           string // "open" or "closed"
	Locked          bool   // only people with write access may comment; said by listings only
	Labels          []string
	ViewerDidAuthor bool // written by the token's owner
	CreatedAt       time.Time
	UpdatedAt       time.Time
	Comments        []Comment // oldest first
	// MoreComments says that Comments is cut. Client.Comments gives all.
	MoreComments bool
}

// Comment is a comment on an issue.
type Comment struct {
	ID              int64 // database id, 64 bits; 0 where it could not be told
	Body            string
	URL             string
	ViewerDidAuthor bool
}

// IssueRequest is an issue to be.
type IssueRequest struct {
	Title  string // 1 to 256 characters
	Body   string // at most 65,536 characters by GitHub's own word
	Labels []string
}

const needsIssues = "issues: write"

// CreateIssue opens an issue and returns what GitHub stored: it drops labels in silence when the token
// lacks the right, so compare. Nothing is sent twice; see NotExecuted and UnclearError.
func (c *Client) CreateIssue(ctx context.Context, repository string, r IssueRequest) (Issue, error) {
	op := "create issue in " + repository
	owner, name, err := c.writable(op, repository)
	if err != nil {
		return Issue{}, err
	}
	ctx, k := c.begin(ctx, op)
	in := &gh.IssueRequest{Title: &r.Title, Body: &r.Body}
	if len(r.Labels) > 0 {
		in.Labels = &r.Labels
	}
	got, resp, err := c.rest.Issues.Create(ctx, owner, name, in)
	if err := c.conclude(k, true, resp, err, subject{repository: repository, needs: needsIssues, issues: true}); err != nil {
		return Issue{}, err
	}
	if got.GetNumber() == 0 {
		return Issue{}, c.noAnswer(op, resp, "the created issue has no number")
	}
	issue := Issue{
		Number: got.GetNumber(), ID: got.GetID(), Title: got.GetTitle(), Body: got.GetBody(), URL: got.GetHTMLURL(),
		State: got.GetState(), ViewerDidAuthor: true,
		CreatedAt: got.GetCreatedAt().UTC(), UpdatedAt: got.GetUpdatedAt().UTC(),
	}
	for _, l := range got.Labels {
		issue.Labels = append(issue.Labels, l.GetName())
	}
	return issue, nil
}

// CreateComment adds a comment and returns what GitHub stored. Nothing is sent twice.
func (c *Client) CreateComment(ctx context.Context, repository string, number int, body string) (Comment, error) {
	op := fmt.Sprintf("comment on %s#%d", repository, number)
	owner, name, err := c.writable(op, repository)
	if err != nil {
		return Comment{}, err
	}
	ctx, k := c.begin(ctx, op)
	got, resp, err := c.rest.Issues.CreateComment(ctx, owner, name, number, &gh.IssueComment{Body: &body})
	s := subject{repository: repository, what: fmt.Sprintf("issue %d", number), needs: needsIssues, issues: true}
	if err := c.conclude(k, true, resp, err, s); err != nil {
		return Comment{}, err
	}
	if got.GetID() == 0 {
		return Comment{}, c.noAnswer(op, resp, "the created comment has no id")
	}
	return Comment{ID: got.GetID(), Body: got.GetBody(), URL: got.GetHTMLURL(), ViewerDidAuthor: true}, nil
}

// CreateLabel makes a label; one that exists already is fine, whatever its colour. color is six hex
// digits, with or without "#"; description has at most 100 characters.
func (c *Client) CreateLabel(ctx context.Context, repository, label, color, description string) error {
	op := fmt.Sprintf("create label %q in %s", label, repository)
	owner, name, err := c.writable(op, repository)
	if err != nil {
		return err
	}
	ctx, k := c.begin(ctx, op)
	color = strings.TrimPrefix(color, "#")
	_, resp, err := c.rest.Issues.CreateLabel(ctx, owner, name, &gh.Label{Name: &label, Color: &color, Description: &description})
	if e, ok := errors.AsType[*gh.ErrorResponse](err); ok && e.Response.StatusCode == http.StatusUnprocessableEntity {
		for _, f := range e.Errors {
			if f.Code == "already_exists" {
				return nil
			}
		}
	}
	return c.conclude(k, true, resp, err, subject{repository: repository, needs: needsIssues})
}

// writable splits the repository's name and makes sure that there is a token.
func (c *Client) writable(op, repository string) (owner, name string, err error) {
	owner, name, err = splitRepository(repository)
	if err == nil && c.Anonymous() {
		err = &AuthError{Missing: true}
	}
	if err != nil {
		return "", "", fmt.Errorf("%s: %w", op, err)
	}
	return owner, name, nil
}

// noAnswer is for a success that does not say what was made.
func (c *Client) noAnswer(op string, resp *gh.Response, reason string) error {
	return &UnclearError{Op: op, Cause: &DecodeError{Host: c.urls.api.Host, Status: resp.StatusCode, Reason: reason}}
}
