package repo

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// historyPage is how many commits are looked at for the one at a time, and historyPages how often.
	historyPage, historyPages = 100, 5
	// anonymousPage is the same where it costs a counted request, and anonymousPulls how many of them are
	// spent on the pull requests of single commits.
	anonymousPage, anonymousPulls = 30, 5
)

// GitHub lists a history by time, and with it commits that came to the branch later than they were made: a
// pull request's, merged the day after. The tree of such a commit is one that the branch never had. So the
// newest commit counts whose pull request, if it has one, was merged by then.

// isLate reports whether a commit came to its branch after t, by all that is known of its pull requests.
func isLate(merged []time.Time, t time.Time) bool {
	return len(merged) > 0 && !slices.ContainsFunc(merged, func(m time.Time) bool { return !m.After(t) })
}

// CommitAt implements Reader by one document.
func (r *tokenReader) CommitAt(ctx context.Context, ref string, t time.Time) (string, time.Time, error) {
	ctx = r.client.OneStep(ctx)
	if err := checkRef(ref); err != nil {
		return "", time.Time{}, err
	}
	after := (*string)(nil)
	for range historyPages {
		page, err := r.history(ctx, ref, t, after)
		if err != nil {
			return "", time.Time{}, err
		}
		for _, n := range page.Nodes {
			var merged []time.Time
			for _, p := range n.AssociatedPullRequests.Nodes {
				if p.MergedAt != nil {
					merged = append(merged, *p.MergedAt)
				}
			}
			if !isLate(merged, t) {
				return n.OID, n.CommittedDate.UTC(), nil
			}
		}
		if !page.PageInfo.HasNextPage {
			return "", time.Time{}, &NotFoundError{Repository: r.repository, Ref: ref, Until: t}
		}
		after = &page.PageInfo.EndCursor
	}
	return "", time.Time{}, tooManyLate(r.repository, t, historyPage*historyPages)
}

func tooManyLate(repository string, t time.Time, n int) error {
	return &IncompleteError{
		Repository: repository, What: "the history until " + t.UTC().Format(time.RFC3339),
		Reason: fmt.Sprintf("its last %d commits were all merged later", n),
	}
}

// historyNode is a page of a history.
type historyNode struct {
	Nodes []struct {
		OID                    string
		CommittedDate          time.Time
		AssociatedPullRequests struct {
			Nodes []struct{ MergedAt *time.Time }
		}
	}
	PageInfo struct {
		HasNextPage bool
		EndCursor   string
	}
}

// commitWithHistory is a commit, or a tag that leads to one.
type commitWithHistory struct {
	History *historyNode
	Target  *commitWithHistory
}

func (r *tokenReader) history(ctx context.Context, ref string, t time.Time, after *string) (*historyNode, error) {
	doc := newDocument("CommitAt")
	doc.repository("r", r.owner, r.name)
	if isHeadRef(ref) {
		doc.fields.WriteString("    defaultBranchRef { target { ...log } }\n  }\n")
	} else {
		fmt.Fprintf(&doc.fields, "    object(expression: %s) { ...log ... on Tag { target { ...log ... on Tag { target { ...log } } } } }\n  }\n", doc.bind("String!", ref))
	}
	fmt.Fprintf(&doc.fragments, "fragment log on Commit {\n  history(first: %d, until: %s, after: %s) {\n    nodes { oid committedDate associatedPullRequests(first: 5) { nodes { mergedAt } } }\n    pageInfo { hasNextPage endCursor }\n  }\n}\n",
		historyPage, doc.bind("GitTimestamp!", t.UTC().Format(time.RFC3339)), doc.bind("String", after))
	var answer struct {
		R *struct {
			DefaultBranchRef *struct{ Target *commitWithHistory }
			Object           *commitWithHistory
		}
	}
	if err := r.query(ctx, doc, 0, &answer); err != nil {
		return nil, err
	}
	if answer.R == nil {
		return nil, &NotFoundError{Repository: r.repository}
	}
	commit := answer.R.Object
	if isHeadRef(ref) {
		if answer.R.DefaultBranchRef == nil {
			return nil, &EmptyError{Repository: r.repository}
		}
		commit = answer.R.DefaultBranchRef.Target
	}
	for commit != nil && commit.History == nil {
		commit = commit.Target
	}
	if commit == nil {
		return nil, &NotFoundError{Repository: r.repository, Ref: ref}
	}
	return commit.History, nil
}

// CommitAt implements Reader by one request, and one for each commit that may have come later: where merges
// are made, those newer than the last merge. After five it is that merge.
func (r *anonymousReader) CommitAt(ctx context.Context, ref string, t time.Time) (string, time.Time, error) {
	ctx = r.client.OneStep(ctx)
	if err := checkRef(ref); err != nil {
		return "", time.Time{}, err
	}
	at := ref
	if isHeadRef(ref) {
		at = ""
	}
	page, err := r.client.CommitsUntil(ctx, r.repository, at, t, anonymousPage)
	if err != nil {
		return "", time.Time{}, r.notFound(err, ref)
	}
	for i, c := range page {
		if c.Parents > 1 {
			return c.SHA, c.Time, nil
		}
		if i >= anonymousPulls {
			continue
		}
		merged, err := r.client.MergedAt(ctx, r.repository, c.SHA)
		if err != nil {
			return "", time.Time{}, r.notFound(err, c.SHA)
		}
		if !isLate(merged, t) {
			return c.SHA, c.Time, nil
		}
	}
	if len(page) < anonymousPage && len(page) <= anonymousPulls {
		return "", time.Time{}, &NotFoundError{Repository: r.repository, Ref: ref, Until: t}
	}
	return "", time.Time{}, tooManyLate(r.repository, t, anonymousPulls)
}

// CommitAt implements Reader along first parents.
func (l *Local) CommitAt(ctx context.Context, ref string, t time.Time) (string, time.Time, error) {
	if err := checkRef(ref); err != nil {
		return "", time.Time{}, err
	}
	g, err := l.open(ctx)
	if err != nil {
		return "", time.Time{}, err
	}
	tip, err := l.resolve(ctx, g, ref)
	if err != nil {
		return "", time.Time{}, err
	}
	if !tip.time.After(t) {
		return tip.sha, tip.time, nil
	}
	out, err := g.output(ctx, "rev-list", "--first-parent", "--max-count=1", "--min-age="+strconv.FormatInt(t.Unix(), 10), tip.sha)
	if err != nil {
		return "", time.Time{}, err
	}
	sha := strings.TrimSpace(string(out))
	if sha == "" {
		return "", time.Time{}, &NotFoundError{Repository: l.repository, Ref: ref, Until: t}
	}
	found, err := l.resolve(ctx, g, sha)
	return found.sha, found.time, err
}
