package repo

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// pullBatch is how many pull requests are asked for in one document; for their files GitHub has to look
	// at each diff.
	pullBatch = 25
	// searchMost bounds the answer of a search, and queryMost its words: GitHub takes no more.
	searchMost, queryMost = 30, 256
)

// pullFields is a pull request in a document.
const pullFields = `fragment pull on PullRequest {
  number title body url merged mergedAt baseRefName author { login } mergeCommit { oid }
  repository { nameWithOwner }
  labels(first: 30) { nodes { name } }
  files(first: 100) { nodes { path } pageInfo { hasNextPage } }
  closingIssuesReferences(first: 10) { nodes { number repository { nameWithOwner } } }
}
`

type pullNode struct {
	Number           int
	Title, Body, URL string
	Merged           bool
	MergedAt         *time.Time
	BaseRefName      string
	Author           *struct{ Login string }
	MergeCommit      *struct{ OID string }
	Repository       struct{ NameWithOwner string }
	Labels           *struct{ Nodes []*struct{ Name string } }
	Files            *struct {
		Nodes    []*struct{ Path string }
		PageInfo struct{ HasNextPage bool }
	}
	ClosingIssuesReferences *struct {
		Nodes []*struct {
			Number     int
			Repository struct{ NameWithOwner string }
		}
	}
}

func (n *pullNode) pullRequest() PullRequest {
	p := PullRequest{Number: n.Number, Title: n.Title, Body: n.Body, URL: n.URL, Base: n.BaseRefName}
	if n.Author != nil {
		p.Author = n.Author.Login
	}
	if n.Merged && n.MergedAt != nil {
		p.Merged = n.MergedAt.UTC()
		if n.MergeCommit != nil {
			p.MergeCommit = n.MergeCommit.OID
		}
	}
	if n.Labels != nil {
		for _, l := range n.Labels.Nodes {
			if l != nil {
				p.Labels = append(p.Labels, l.Name)
			}
		}
	}
	if n.Files != nil {
		for _, f := range n.Files.Nodes {
			if f != nil {
				p.Files = append(p.Files, f.Path)
			}
		}
		p.MoreFiles = n.Files.PageInfo.HasNextPage
	}
	if n.ClosingIssuesReferences != nil {
		for _, i := range n.ClosingIssuesReferences.Nodes {
			if i != nil { // null: of a repository that the token may not see
				p.Closes = append(p.Closes, IssueRef{Repository: i.Repository.NameWithOwner, Number: i.Number})
			}
		}
	}
	return p
}

// uniqueNumbers sorts, and leaves out what is no number of a pull request.
func uniqueNumbers(numbers []int) []int {
	sorted := slices.Clone(numbers)
	slices.Sort(sorted)
	sorted = slices.Compact(sorted)
	return slices.DeleteFunc(sorted, func(n int) bool { return n <= 0 || n > 1<<31-1 })
}

// PullRequests implements Tracer: 25 a document.
func (r *tokenReader) PullRequests(ctx context.Context, numbers []int) (map[int]PullRequest, error) {
	ctx = r.client.OneStep(ctx)
	found := map[int]PullRequest{}
	for batch := range slices.Chunk(uniqueNumbers(numbers), pullBatch) {
		if err := r.pulls(ctx, batch, found); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// pulls reads one document, or its halves when it is too much for GitHub.
func (r *tokenReader) pulls(ctx context.Context, numbers []int, found map[int]PullRequest) error {
	doc := newDocument("PullRequests")
	doc.repository("r", r.owner, r.name)
	for i, n := range numbers {
		fmt.Fprintf(&doc.fields, "    p%d: pullRequest(number: %s) { ...pull }\n", i, doc.bind("Int!", n))
	}
	doc.fields.WriteString("  }\n")
	doc.fragments.WriteString(pullFields)
	var answer struct{ R map[string]*pullNode }
	tries := 0
	if len(numbers) > 1 {
		tries = 1
	}
	if err := r.query(ctx, doc, tries, &answer); err != nil {
		if !tooMuch(err) {
			return err
		}
		if len(numbers) == 1 {
			return &TooMuchError{Repository: r.repository, What: fmt.Sprintf("pull request %d", numbers[0]), Err: err}
		}
		half := len(numbers) / 2
		if err := r.pulls(ctx, numbers[:half], found); err != nil {
			return err
		}
		return r.pulls(ctx, numbers[half:], found)
	}
	if answer.R == nil {
		return &NotFoundError{Repository: r.repository}
	}
	for i, n := range numbers {
		if p := answer.R[fmt.Sprintf("p%d", i)]; p != nil {
			found[n] = p.pullRequest()
		}
	}
	return nil
}

// QueryError says that a search can't be asked.
type QueryError struct {
	Query  string
	Reason string
}

func (e *QueryError) Error() string {
	q := e.Query
	if len(q) > 60 {
		q = strings.ToValidUTF8(q[:60], "") + "…"
	}
	return fmt.Sprintf("search for %q: %s", q, e.Reason)
}

// SearchPullRequests implements Tracer by one document.
func (r *tokenReader) SearchPullRequests(ctx context.Context, query string, n int) ([]PullRequest, error) {
	query = strings.Join(strings.Fields(query), " ")
	switch {
	case query == "":
		return nil, &QueryError{Query: query, Reason: "there are no words"}
	case utf8.RuneCountInString(query) > queryMost:
		return nil, &QueryError{Query: query, Reason: fmt.Sprintf("GitHub takes at most %d characters", queryMost)}
	case n <= 0:
		return nil, nil
	}
	doc := newDocument("SearchPullRequests")
	doc.repository("r", r.owner, r.name)
	doc.fields.WriteString("    nameWithOwner\n  }\n")
	fmt.Fprintf(&doc.fields, "  search(type: ISSUE, query: %s, first: %d) { nodes { __typename ...pull } }\n",
		doc.bind("String!", "repo:"+r.repository+" is:pr is:merged "+query), min(n, searchMost))
	doc.fragments.WriteString(pullFields)
	var answer struct {
		R      *struct{ NameWithOwner string }
		Search struct{ Nodes []*pullNode }
	}
	if err := r.query(ctx, doc, 0, &answer); err != nil {
		if tooMuch(err) {
			err = &TooMuchError{Repository: r.repository, What: "the search for " + query, Err: err}
		}
		return nil, err
	}
	if answer.R == nil {
		return nil, &NotFoundError{Repository: r.repository}
	}
	var out []PullRequest
	for _, p := range answer.Search.Nodes {
		// A "repo:" among the words would widen the search.
		if p != nil && p.Number > 0 && p.Merged && strings.EqualFold(p.Repository.NameWithOwner, answer.R.NameWithOwner) {
			out = append(out, p.pullRequest())
		}
	}
	return out, nil
}
