package repo

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/github"
)

// TicketQuery asks for issues of a repository; pull requests are none. With Since it asks for those of either state
// that were updated then or later, the longest ago first: whoever reads on where he stopped loses none, however many
// there are. Without it asks for the open ones, the last updated first.
//
// More than one label is never asked for at once: GraphQL gives issues that have any of them, REST those that have all.
type TicketQuery struct {
	Label  string // "" for any; GitHub compares without case
	Author string // login, "" for anybody
	Since  time.Time
	// First is how many of them a page has at most; at most 100.
	First int
}

// TicketPage is one page of issues.
type TicketPage struct {
	Tickets []Ticket
	// Total is how many there are in all; -1 where nobody tells.
	Total int
	// Next is where the page after this one begins, "" where this is the last.
	Next string
}

// Ticket is one issue.
type Ticket struct {
	Number                     int
	Title, URL, Author         string // Author is a login, "" for a deleted account
	Closed                     bool
	StateReason                string // "completed", "not_planned", "reopened", ""
	Labels                     []string
	Milestone                  string
	Created, Updated, ClosedAt time.Time
	Comments                   int
}

// TicketReader is an engine that has issues. A mirror has none.
type TicketReader interface {
	// Tickets is one page; next is what the page before it said, "" for the first.
	Tickets(ctx context.Context, q TicketQuery, next string) (TicketPage, error)
}

// firstTickets are the first pages where they come with no document of heads.
func firstTickets(ctx context.Context, r Reader, q HeadRequest) ([]TicketPage, error) {
	e, ok := r.(TicketReader)
	if !ok {
		return nil, &UnsupportedError{Repository: q.Repository, What: "issues"}
	}
	var out []TicketPage
	for _, t := range q.Tickets {
		page, err := e.Tickets(ctx, t, "")
		if err != nil {
			return nil, err
		}
		out = append(out, page)
	}
	return out, nil
}

// addTickets asks for a first page in a document of heads, beside the repository's head, as for releases.
func addTickets(doc *document, alias, owner, name string, q TicketQuery, after string) {
	doc.repository(alias, owner, name)
	doc.fields.WriteString("    hasIssuesEnabled\n")
	args := []string{fmt.Sprintf("first: %d", q.First)}
	if after != "" {
		args = append(args, "after: "+doc.bind("String!", after))
	}
	if q.Label != "" {
		args = append(args, "labels: ["+doc.bind("String!", q.Label)+"]")
	}
	var filters []string
	if q.Author != "" {
		filters = append(filters, "createdBy: "+doc.bind("String!", q.Author))
	}
	direction := "DESC"
	if q.Since.IsZero() {
		args = append(args, "states: [OPEN]")
	} else {
		direction = "ASC"
		filters = append(filters, "since: "+doc.bind("DateTime!", q.Since.UTC().Format(time.RFC3339)))
	}
	if len(filters) > 0 {
		args = append(args, "filterBy: {"+strings.Join(filters, ", ")+"}")
	}
	fmt.Fprintf(&doc.fields, `    issues(%s, orderBy: {field: UPDATED_AT, direction: %s}) { totalCount pageInfo { hasNextPage endCursor }
      nodes { number title url closed stateReason createdAt updatedAt closedAt author { login } milestone { title } labels(first: 100) { nodes { name } } comments(first: 1) { totalCount } } }
  }
`, strings.Join(args, ", "), direction)
}

// ticketsNode is the answer to it.
type ticketsNode struct {
	HasIssuesEnabled *bool
	Issues           *struct {
		TotalCount *int
		PageInfo   struct {
			HasNextPage bool
			EndCursor   string
		}
		Nodes []*ticketNode
	}
}

type ticketNode struct {
	Number                         int
	Title, URL, StateReason        string
	Closed                         bool
	CreatedAt, UpdatedAt, ClosedAt time.Time
	Author                         *struct{ Login string }
	Milestone                      *struct{ Title string }
	Labels                         *struct{ Nodes []*struct{ Name string } }
	Comments                       *struct{ TotalCount int }
}

// TicketsOffError says that a repository has its issues switched off.
type TicketsOffError struct{ Repository string }

func (e *TicketsOffError) Error() string {
	return fmt.Sprintf("%s has its issues switched off; take its rules out of sources.tickets", e.Repository)
}

// ticketsOf reads it. What is null for whatever reason is never taken for none.
func ticketsOf(repository string, node *ticketsNode, errs []github.GraphQLError) (TicketPage, error) {
	incomplete := func(what, reason string) (TicketPage, error) {
		return TicketPage{}, &IncompleteError{Repository: repository, What: what, Reason: reason}
	}
	switch {
	case len(errs) > 0 && errs[0].Type == "NOT_FOUND" && len(errs[0].Path) <= 1:
		return TicketPage{}, &NotFoundError{Repository: repository}
	case len(errs) > 0:
		return TicketPage{}, fmt.Errorf("read the issues of %s: %w", repository, &github.GraphQLErrors{Errors: errs})
	case node == nil || node.HasIssuesEnabled == nil || node.Issues == nil || node.Issues.TotalCount == nil:
		return incomplete("the issues", "they were not sent")
	case !*node.HasIssuesEnabled:
		return TicketPage{}, &TicketsOffError{Repository: repository}
	}
	out := TicketPage{Total: *node.Issues.TotalCount}
	if p := node.Issues.PageInfo; p.HasNextPage {
		if out.Next = p.EndCursor; out.Next == "" {
			return incomplete("the issues", "where the next page begins was not sent")
		}
	}
	for _, n := range node.Issues.Nodes {
		if n == nil {
			return incomplete("the issues", "one of them was not sent")
		}
		t, ok := n.ticket()
		if !ok {
			return incomplete(fmt.Sprintf("issue %d", n.Number), "some of it was not sent")
		}
		out.Tickets = append(out.Tickets, t)
	}
	return out, nil
}

// ticket is the issue; not ok where what is never null is.
func (n *ticketNode) ticket() (t Ticket, ok bool) {
	if n.Number == 0 || n.UpdatedAt.IsZero() || n.CreatedAt.IsZero() || n.Labels == nil || n.Comments == nil {
		return Ticket{}, false
	}
	t = Ticket{
		Number: n.Number, Title: n.Title, URL: n.URL, Closed: n.Closed, StateReason: strings.ToLower(n.StateReason),
		Created: n.CreatedAt.UTC(), Updated: n.UpdatedAt.UTC(), ClosedAt: n.ClosedAt.UTC(), Comments: n.Comments.TotalCount,
	}
	if n.Author != nil {
		t.Author = n.Author.Login
	}
	if n.Milestone != nil {
		t.Milestone = n.Milestone.Title
	}
	for _, l := range n.Labels.Nodes {
		if l == nil {
			return Ticket{}, false
		}
		t.Labels = append(t.Labels, l.Name)
	}
	return t, true
}

// Tickets implements TicketReader by one document.
func (r *tokenReader) Tickets(ctx context.Context, q TicketQuery, next string) (TicketPage, error) {
	doc := newDocument("Tickets")
	addTickets(doc, "r", r.owner, r.name, q, next)
	var answer struct{ R *ticketsNode }
	if err := r.query(ctx, doc, 0, &answer); err != nil {
		return TicketPage{}, err
	}
	if answer.R == nil {
		return TicketPage{}, &NotFoundError{Repository: r.repository}
	}
	return ticketsOf(r.repository, answer.R, nil)
}

// Tickets implements TicketReader by one request. Pages are of issues and pull requests together, so that one may be
// empty and not the last.
//
// Pages by number would skip an issue whenever one on an earlier page is updated and goes to the end. So where the
// longest ago comes first the next page begins at the last one's newest update; only where all of a page were updated
// in the second it began with does a number help.
func (r *anonymousReader) Tickets(ctx context.Context, q TicketQuery, next string) (TicketPage, error) {
	page, err := pageAt(next, &q)
	if err != nil {
		return TicketPage{}, fmt.Errorf("read the issues of %s: %w", r.repository, err)
	}
	got, more, err := r.client.ListIssues(ctx, r.repository, github.IssueFilter{Label: q.Label, Author: q.Author, Since: q.Since, Page: page, PerPage: q.First})
	if err != nil {
		if _, off := errors.AsType[*github.IssuesDisabledError](err); off {
			return TicketPage{}, &TicketsOffError{Repository: r.repository}
		}
		return TicketPage{}, r.notFound(err, "")
	}
	out := TicketPage{Total: -1}
	newest := q.Since.UTC()
	for _, g := range got {
		if g.UpdatedAt.After(newest) {
			newest = g.UpdatedAt
		}
		if g.PullRequest {
			continue
		}
		out.Tickets = append(out.Tickets, Ticket{
			Number: g.Number, Title: g.Title, URL: g.URL, Author: g.Author, Closed: g.Closed, StateReason: g.StateReason, Labels: g.Labels,
			Milestone: g.Milestone, Created: g.CreatedAt, Updated: g.UpdatedAt, ClosedAt: g.ClosedAt, Comments: g.Comments,
		})
	}
	switch {
	case !more:
		if next == "" {
			out.Total = len(out.Tickets)
		}
	case q.Since.IsZero() || !newest.After(q.Since):
		out.Next = fmt.Sprintf("/%d", page+1)
		if !q.Since.IsZero() {
			out.Next = q.Since.UTC().Format(time.RFC3339) + out.Next
		}
	default:
		out.Next = newest.Format(time.RFC3339) + "/1"
	}
	return out, nil
}

// pageAt reads what Next says without a token: "SINCE/PAGE", "/PAGE", or "" for the first.
func pageAt(next string, q *TicketQuery) (page int, err error) {
	if next == "" {
		return 1, nil
	}
	since, at, _ := strings.Cut(next, "/")
	page, err = strconv.Atoi(at)
	if err == nil && since != "" {
		q.Since, err = time.Parse(time.RFC3339, since)
	}
	if err != nil || page < 1 {
		return 0, fmt.Errorf("%q begins no page", next)
	}
	return page, nil
}
