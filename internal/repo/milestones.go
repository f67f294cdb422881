package repo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/github"
)

// Milestone is one milestone of a repository.
type Milestone struct {
	Number     int
	Title, URL string
	Closed     bool
	// Due is midnight UTC of the day that was chosen; ClosedAt a moment. Zero: none.
	Due, ClosedAt time.Time
	// OpenIssues and ClosedIssues count pull requests too, as GitHub's page does.
	OpenIssues, ClosedIssues int
}

// Milestones are those of a repository: the open ones that are due first, and those closed that were changed last.
type Milestones struct {
	List []Milestone // by number
	// Partial: there are more open ones than GitHub lists at once.
	Partial bool
}

const (
	maxOpenMilestones = 100 // what GitHub gives at once
	closedMilestones  = 10
)

// milestoner is an engine that has milestones apart from heads.
type milestoner interface {
	milestones(ctx context.Context) (Milestones, error)
}

// dueDay is the day of a due date. GitHub keeps a day, and gives it as a moment within that day: midnight UTC in one
// interface, midnight in California in the other.
func dueDay(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	y, m, d := t.UTC().Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// milestonesOf puts the two lists together. One that was closed between two requests is in both, and is closed.
func milestonesOf(open, closed []Milestone, partial bool) Milestones {
	out := Milestones{List: slices.Clone(closed), Partial: partial}
	for _, m := range open {
		if !slices.ContainsFunc(closed, func(c Milestone) bool { return c.Number == m.Number }) {
			out.List = append(out.List, m)
		}
	}
	slices.SortFunc(out.List, func(a, b Milestone) int { return cmp.Compare(a.Number, b.Number) })
	return out
}

// milestoneFields is a fragment of a document that asks for milestones.
const milestoneFields = "fragment milestone on Milestone {\n  number title url closed closedAt dueOn\n" +
	"  openIssues: issues(first: 1, states: [OPEN]) { totalCount } closedIssues: issues(first: 1, states: [CLOSED]) { totalCount }\n" +
	"  openPulls: pullRequests(first: 1, states: [OPEN]) { totalCount } closedPulls: pullRequests(first: 1, states: [CLOSED, MERGED]) { totalCount }\n}\n"

// addMilestones asks for milestones in a document of heads, beside the repository's head, as addReleases does. GitHub
// can't order them by when they were closed; whoever closes one changes it.
func addMilestones(doc *document, alias, owner, name string) {
	doc.repository(alias, owner, name)
	fmt.Fprintf(&doc.fields, "    open: milestones(first: %d, states: [OPEN], orderBy: {field: DUE_DATE, direction: ASC}) { totalCount nodes { ...milestone } }\n", maxOpenMilestones)
	fmt.Fprintf(&doc.fields, "    closed: milestones(first: %d, states: [CLOSED], orderBy: {field: UPDATED_AT, direction: DESC}) { totalCount nodes { ...milestone } }\n  }\n", closedMilestones)
	if !strings.Contains(doc.fragments.String(), milestoneFields) {
		doc.fragments.WriteString(milestoneFields)
	}
}

// milestonesNode is the answer to it.
type milestonesNode struct {
	Open, Closed *milestoneList
}

type milestoneList struct {
	TotalCount int
	Nodes      []*milestoneNode
}

type totalNode struct{ TotalCount int }

type milestoneNode struct {
	Number                                           int
	Title, URL                                       string
	Closed                                           bool
	ClosedAt, DueOn                                  time.Time
	OpenIssues, ClosedIssues, OpenPulls, ClosedPulls *totalNode
}

// milestone reads one. What was not sent whole is not taken for less.
func (n *milestoneNode) milestone() (Milestone, bool) {
	if n == nil || n.Number == 0 || n.OpenIssues == nil || n.ClosedIssues == nil || n.OpenPulls == nil || n.ClosedPulls == nil {
		return Milestone{}, false
	}
	return Milestone{
		Number: n.Number, Title: n.Title, URL: n.URL, Closed: n.Closed, Due: dueDay(n.DueOn), ClosedAt: n.ClosedAt.UTC(),
		OpenIssues: n.OpenIssues.TotalCount + n.OpenPulls.TotalCount, ClosedIssues: n.ClosedIssues.TotalCount + n.ClosedPulls.TotalCount,
	}, true
}

func (n *milestonesNode) read(r HeadRequest, errs []github.GraphQLError) (Milestones, error) {
	switch {
	case len(errs) > 0 && errs[0].Type == "NOT_FOUND" && len(errs[0].Path) <= 1:
		return Milestones{}, &NotFoundError{Repository: r.Repository}
	case len(errs) > 0:
		return Milestones{}, fmt.Errorf("read the milestones of %s: %w", r.Repository, &github.GraphQLErrors{Errors: errs})
	case n == nil || n.Open == nil || n.Closed == nil:
		return Milestones{}, &IncompleteError{Repository: r.Repository, What: "the milestones", Reason: "they were not sent"}
	}
	lists := make([][]Milestone, 2)
	for i, l := range []*milestoneList{n.Open, n.Closed} {
		for _, x := range l.Nodes {
			m, ok := x.milestone()
			if !ok {
				return Milestones{}, &IncompleteError{Repository: r.Repository, What: "the milestones", Reason: "one of them was not sent"}
			}
			lists[i] = append(lists[i], m)
		}
		if want := min(l.TotalCount, []int{maxOpenMilestones, closedMilestones}[i]); len(l.Nodes) < want {
			return Milestones{}, &IncompleteError{Repository: r.Repository, What: "the milestones", Reason: fmt.Sprintf("%d of %d were sent", len(l.Nodes), want)}
		}
	}
	return milestonesOf(lists[0], lists[1], n.Open.TotalCount > len(lists[0])), nil
}

// milestones implements milestoner by two requests.
func (r *anonymousReader) milestones(ctx context.Context) (Milestones, error) {
	open, more, err := r.client.Milestones(ctx, r.repository, false)
	if err != nil {
		return Milestones{}, r.notFound(err, "")
	}
	closed, _, err := r.client.Milestones(ctx, r.repository, true)
	if err != nil {
		return Milestones{}, r.notFound(err, "")
	}
	last := asMilestones(closed)
	slices.SortFunc(last, func(a, b Milestone) int {
		return cmp.Or(b.ClosedAt.Compare(a.ClosedAt), cmp.Compare(b.Number, a.Number))
	})
	return milestonesOf(asMilestones(open), last[:min(len(last), closedMilestones)], more), nil
}

func asMilestones(list []github.Milestone) []Milestone {
	out := make([]Milestone, len(list))
	for i, m := range list {
		out[i] = Milestone(m)
		out[i].Due = dueDay(m.Due)
	}
	return out
}

// milestones implements milestoner: there are none.
func (l *Local) milestones(context.Context) (Milestones, error) {
	return Milestones{}, &UnsupportedError{Repository: l.repository, What: "milestones"}
}

// MilestonesByNumber looks milestones up, in one request. A number that the answer lacks is of no milestone: it was
// deleted.
func (r *tokenReader) MilestonesByNumber(ctx context.Context, numbers []int) (map[int]Milestone, error) {
	out := map[int]Milestone{}
	for some := range slices.Chunk(numbers, maxOpenMilestones) {
		doc := newDocument("Milestones")
		doc.repository("r", r.owner, r.name)
		for _, n := range some {
			fmt.Fprintf(&doc.fields, "    m%d: milestone(number: %[1]d) { ...milestone }\n", n)
		}
		doc.fields.WriteString("  }\n")
		doc.fragments.WriteString(milestoneFields)
		var answer struct{ R map[string]*milestoneNode }
		err := r.client.GraphQL(ctx, github.Query{Op: "read milestones of " + r.repository, Document: doc.String(), Variables: doc.vars}, &answer)
		if err != nil && !onlyMissing(err) {
			return nil, fmt.Errorf("read the milestones of %s: %w", r.repository, err)
		}
		for _, n := range some {
			node, sent := answer.R[fmt.Sprintf("m%d", n)]
			m, ok := node.milestone()
			switch {
			case ok:
				out[n] = m
			case !sent || node != nil:
				return nil, &IncompleteError{Repository: r.repository, What: fmt.Sprintf("milestone %d", n), Reason: "it was not sent"}
			}
		}
	}
	return out, nil
}

// onlyMissing: GitHub says of single fields that there is no such thing, and nothing else is wrong. Of some things it
// does, of others it sends null alone.
func onlyMissing(err error) bool {
	e, ok := errors.AsType[*github.GraphQLErrors](err)
	return ok && !slices.ContainsFunc(e.Errors, func(g github.GraphQLError) bool { return g.Type != "NOT_FOUND" || len(g.Path) != 2 })
}

// MilestonesByNumber looks milestones up, by a request each.
func (r *anonymousReader) MilestonesByNumber(ctx context.Context, numbers []int) (map[int]Milestone, error) {
	out := map[int]Milestone{}
	for _, n := range numbers {
		m, err := r.client.Milestone(ctx, r.repository, n)
		if _, gone := errors.AsType[*github.NotFoundError](err); gone {
			continue
		}
		if err != nil {
			return nil, err
		}
		out[n] = asMilestones([]github.Milestone{m})[0]
	}
	return out, nil
}
