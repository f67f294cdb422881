package repo

import (
	"fmt"
	"strings"

	"github.com/upstream-digest/bot/internal/github"
)

// IssueRequest asks for the text of one issue.
type IssueRequest struct {
	Number int
	// Comments asks for its first hundred comments, too.
	Comments bool
}

// issueAlias names the j-th issue of the i-th request.
func issueAlias(i, j int) string { return fmt.Sprintf("i%d_%d", i, j) }

// addIssues asks for issues in a document of heads, each apart: one that is gone takes no other with it.
func addIssues(doc *document, i int, r HeadRequest) error {
	owner, name, err := splitName(r.Repository)
	if err != nil {
		return err
	}
	for j, q := range r.Issues {
		doc.repository(issueAlias(i, j), owner, name)
		comments := ""
		if q.Comments {
			comments = " comments(first: 100) { nodes { body viewerDidAuthor } pageInfo { hasNextPage } }"
		}
		fmt.Fprintf(&doc.fields, "    issue(number: %s) { number body viewerDidAuthor%s }\n  }\n", doc.bind("Int!", q.Number), comments)
	}
	return nil
}

// issueNode is the answer to one of them.
type issueNode struct {
	Issue *struct {
		Number          int
		Body            string
		ViewerDidAuthor bool
		Comments        *struct {
			Nodes []struct {
				Body            string
				ViewerDidAuthor bool
			}
			PageInfo struct{ HasNextPage bool }
		}
	}
}

// issuesOf reads the answers to the i-th request. An issue that is null without its being said that it does not exist is
// unknown, not gone.
func issuesOf(i int, r HeadRequest, answer map[string]*repositoryNode, partial *github.GraphQLErrors) (map[int]github.Issue, error) {
	out := map[int]github.Issue{}
	for j, q := range r.Issues {
		alias := issueAlias(i, j)
		gone := false
		for _, e := range errorsAt(partial, alias) {
			switch {
			case e.Type == "NOT_FOUND" && len(e.Path) > 1:
				gone = true
			case e.Type == "NOT_FOUND":
				return nil, &NotFoundError{Repository: r.Repository}
			default:
				return nil, fmt.Errorf("read the issues of %s: %w", r.Repository, &github.GraphQLErrors{Errors: []github.GraphQLError{e}})
			}
		}
		if gone {
			continue
		}
		node := answer[alias]
		if node == nil || node.Issue == nil || node.Issue.Number != q.Number || q.Comments && node.Issue.Comments == nil {
			return nil, &IncompleteError{Repository: r.Repository, What: fmt.Sprintf("issue %d", q.Number), Reason: "it was not sent"}
		}
		issue := github.Issue{Number: q.Number, Body: node.Issue.Body, ViewerDidAuthor: node.Issue.ViewerDidAuthor}
		if node.Issue.Comments != nil {
			issue.MoreComments = node.Issue.Comments.PageInfo.HasNextPage
			for _, k := range node.Issue.Comments.Nodes {
				issue.Comments = append(issue.Comments, github.Comment{Body: k.Body, ViewerDidAuthor: k.ViewerDidAuthor})
			}
		}
		out[q.Number] = issue
	}
	return out, nil
}

// issuesUnread says why issues can't be read at all; nil: they can.
func (s *Set) issuesUnread(repository string) error {
	switch {
	case s.opts.Offline || s.opts.Client == nil:
		return &OfflineError{Repository: repository}
	case s.opts.Client.Anonymous():
		return fmt.Errorf("read the issues of %s: %w", strings.TrimSpace(repository), &github.AuthError{Missing: true})
	}
	return nil
}
