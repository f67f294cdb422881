package repo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// PathQuery asks for a page of the commits that touched a path.
type PathQuery struct {
	Path string
	// Count is how many commits are wanted, at most 100.
	Count int
	// After is the Next of the page before; "" begins at the newest commit.
	After string
}

// PathPage answers a PathQuery.
type PathPage struct {
	Commits []TouchingCommit // newest first
	// Next leads to older commits; "" where there are none.
	Next string
}

// TouchingCommit is a commit that touched a path, with the words for its readers.
type TouchingCommit struct {
	CommitInfo
	// Title is that of the first pull request that brought it, else the first line of its own message.
	Title string
	// Author is the login of who opened that pull request, else the author of the commit; "" where not known.
	Author string
}

// Move is one file that a commit moved.
type Move struct{ From, To string }

// PathLogger tells what touched paths, and where they went. A token's reader and a mirror's do; without a token
// its methods fail with a *NeedsTokenError, of a shallow mirror with an *UnsupportedError.
type PathLogger interface {
	// PathPages gives a page for each query, of the commits that lead to sha. Renames are not followed; of a path that is
	// gone the newest commit is the one that it went with, and a path that never was has none. Through the API it costs
	// a request for six queries.
	PathPages(ctx context.Context, sha string, queries []PathQuery) ([]PathPage, error)
	// Moves lists files that a commit moved, by its difference from its first parent. Of a commit with more than three
	// hundred files some may be missing.
	Moves(ctx context.Context, sha string) ([]Move, error)
}

// queriesPerDocument bounds one document: GitHub walks its history for each.
const queriesPerDocument = 6

// movePages bounds the pages of a commit's files, a hundred each.
const movePages = 3

func cleanQueries(repository, sha string, queries []PathQuery) ([]PathQuery, error) {
	out := slices.Clone(queries)
	for i, q := range queries {
		clean, err := cleanTrace(repository, []string{sha}, q.Path)
		if err != nil {
			return nil, err
		}
		out[i].Path, out[i].Count = clean[0], max(1, min(q.Count, historyPage))
	}
	return out, nil
}

// PathPages implements PathLogger: many paths in one document, or in two where they are too much for GitHub.
func (r *tokenReader) PathPages(ctx context.Context, sha string, queries []PathQuery) ([]PathPage, error) {
	ctx = r.client.OneStep(ctx)
	queries, err := cleanQueries(r.repository, sha, queries)
	if err != nil {
		return nil, err
	}
	var out []PathPage
	for part := range slices.Chunk(queries, queriesPerDocument) {
		pages, err := r.pathPages(ctx, sha, part)
		if err != nil {
			return nil, err
		}
		out = append(out, pages...)
	}
	return out, nil
}

// touchingNode is a commit as the document below asks for it.
type touchingNode struct {
	OID                    string
	MessageHeadline        string
	CommittedDate          time.Time
	Author                 *commitAuthor
	AssociatedPullRequests *struct {
		Nodes []*struct {
			Number     int
			Title      string
			MergedAt   *time.Time
			Author     *struct{ Login string }
			Repository struct{ NameWithOwner string }
		}
	}
}

type commitAuthor struct {
	Name string
	User *struct{ Login string }
}

// commit leaves out the pull requests that historyCommit.info leaves out.
func (n touchingNode) commit(repository string) TouchingCommit {
	k := TouchingCommit{CommitInfo: CommitInfo{SHA: n.OID, Headline: n.MessageHeadline, When: n.CommittedDate.UTC()}, Title: n.MessageHeadline}
	if a := n.Author; a != nil {
		k.Author = a.Name
		if a.User != nil {
			k.Author = a.User.Login
		}
	}
	if n.AssociatedPullRequests != nil {
		for _, p := range n.AssociatedPullRequests.Nodes {
			if p == nil || p.MergedAt == nil || !strings.EqualFold(p.Repository.NameWithOwner, repository) || slices.Contains(k.PRs, p.Number) {
				continue
			}
			if len(k.PRs) == 0 {
				k.Title = p.Title
				if p.Author != nil {
					k.Author = p.Author.Login
				}
			}
			k.PRs = append(k.PRs, p.Number)
		}
	}
	if p := pullOf(n.MessageHeadline); len(k.PRs) == 0 && p > 0 {
		k.PRs = []int{p}
	}
	return k
}

func (r *tokenReader) pathPages(ctx context.Context, sha string, queries []PathQuery) ([]PathPage, error) {
	doc := newDocument("PathCommits")
	doc.repository("r", r.owner, r.name)
	doc.fields.WriteString("    nameWithOwner\n  }\n")
	oid := doc.bind("GitObjectID!", sha)
	doc.repository("p", r.owner, r.name)
	for i, q := range queries {
		after := (*string)(nil)
		if q.After != "" {
			after = &q.After
		}
		fmt.Fprintf(&doc.fields, "    q%d: object(oid: %s) { ... on Commit { oid history(path: %s, first: %d, after: %s) { nodes { ...touching } pageInfo { hasNextPage endCursor } } } }\n",
			i, oid, doc.bind("String!", q.Path), q.Count, doc.bind("String", after))
	}
	doc.fields.WriteString("  }\n")
	doc.fragments.WriteString("fragment touching on Commit { " + plainCommitFields + " author { name user { login } } " +
		"associatedPullRequests(first: 3) { nodes { number title mergedAt author { login } repository { nameWithOwner } } } }\n")
	var answer struct {
		R *struct{ NameWithOwner string }
		P map[string]*struct {
			OID     string
			History *struct {
				Nodes    []touchingNode
				PageInfo struct {
					HasNextPage bool
					EndCursor   string
				}
			}
		}
	}
	if err := r.query(ctx, doc, triesFor(len(queries)), &answer); err != nil {
		half := len(queries) / 2
		switch {
		case !tooMuch(err):
			return nil, err
		case half == 0:
			return nil, &TooMuchError{Repository: r.repository, What: "history of " + queries[0].Path, Err: err}
		}
		first, err := r.pathPages(ctx, sha, queries[:half])
		if err != nil {
			return nil, err
		}
		rest, err := r.pathPages(ctx, sha, queries[half:])
		return append(first, rest...), err
	}
	if answer.R == nil || answer.P == nil {
		return nil, &NotFoundError{Repository: r.repository}
	}
	out := make([]PathPage, len(queries))
	for i, q := range queries {
		k := answer.P[fmt.Sprintf("q%d", i)]
		switch {
		case k == nil || k.OID == "":
			return nil, &NotFoundError{Repository: r.repository, Ref: sha}
		case k.History == nil:
			return nil, &IncompleteError{Repository: r.repository, What: "history of " + q.Path, Reason: "it is missing from the answer"}
		}
		for _, n := range k.History.Nodes {
			out[i].Commits = append(out[i].Commits, n.commit(answer.R.NameWithOwner))
		}
		if k.History.PageInfo.HasNextPage && len(k.History.Nodes) > 0 {
			out[i].Next = k.History.PageInfo.EndCursor
		}
	}
	return out, nil
}

// Moves implements PathLogger by one request for a hundred files.
func (r *tokenReader) Moves(ctx context.Context, sha string) ([]Move, error) {
	if !isObjectID(sha) {
		return nil, &RefError{Text: sha, Reason: "a whole commit id is wanted"}
	}
	files, err := r.client.ChangedFiles(ctx, r.repository, sha, movePages)
	if err != nil {
		return nil, err
	}
	var out []Move
	for _, f := range files {
		if f.Status == "renamed" && f.Previous != "" {
			out = append(out, Move{From: f.Previous, To: f.Path})
		}
	}
	return out, nil
}

// PathPages implements PathLogger: not without a token.
func (r *anonymousReader) PathPages(context.Context, string, []PathQuery) ([]PathPage, error) {
	return nil, r.needsToken("which commits touched a path")
}

// Moves implements PathLogger: not without a token.
func (r *anonymousReader) Moves(context.Context, string) ([]Move, error) {
	return nil, r.needsToken("what a commit moved")
}

// PathPages implements PathLogger. A page's Next is the number of commits before it.
func (l *Local) PathPages(ctx context.Context, sha string, queries []PathQuery) ([]PathPage, error) {
	queries, err := cleanQueries(l.repository, sha, queries)
	if err != nil {
		return nil, err
	}
	g, err := l.history(ctx, sha)
	if err != nil {
		return nil, l.shallow(err)
	}
	out := make([]PathPage, len(queries))
	var all []string
	for i, q := range queries {
		skip := 0
		if q.After != "" {
			if skip, err = strconv.Atoi(q.After); err != nil || skip < 0 {
				return nil, fmt.Errorf("%s: %q leads to no page of a history", l.repository, q.After)
			}
		}
		args := []string{"rev-list", fmt.Sprintf("--max-count=%d", q.Count+1), fmt.Sprintf("--skip=%d", skip), sha, "--"}
		if q.Path != "" {
			args = append(args, q.Path)
		}
		listed, err := g.output(ctx, args...)
		if err != nil {
			return nil, err
		}
		shas := strings.Fields(string(listed))
		if len(shas) > q.Count {
			shas, out[i].Next = shas[:q.Count], strconv.Itoa(skip+q.Count)
		}
		for _, s := range shas {
			out[i].Commits = append(out[i].Commits, TouchingCommit{CommitInfo: CommitInfo{SHA: s}})
		}
		all = append(all, shas...)
	}
	return out, l.tell(ctx, g, sha, all, out)
}

// tell fills in what is known of the commits of pages.
func (l *Local) tell(ctx context.Context, g *git, sha string, shas []string, pages []PathPage) error {
	infos, err := l.infos(ctx, g, sha, shas)
	if err != nil {
		return err
	}
	var numbers []int
	for _, k := range infos {
		numbers = append(numbers, k.PRs...)
	}
	pulls, err := l.PullRequests(ctx, numbers)
	if err != nil {
		return err
	}
	for _, p := range pages {
		for i := range p.Commits {
			k := &p.Commits[i]
			k.CommitInfo = infos[k.SHA]
			k.Title = k.Headline
			if len(k.PRs) > 0 {
				if pr := pulls[k.PRs[0]]; pr.Title != "" {
					k.Title, k.Author = pr.Title, pr.Author
				}
			}
		}
	}
	return nil
}

// shallow says of a clone without history what it cannot do; other errors stay.
func (l *Local) shallow(err error) error {
	if e, ok := errors.AsType[*IncompleteError](err); ok && e.What == wholeHistory {
		return &UnsupportedError{Repository: l.repository, What: "history, for it is a shallow clone"}
	}
	return err
}

// Moves implements PathLogger by git's own search for renames.
func (l *Local) Moves(ctx context.Context, sha string) ([]Move, error) {
	if !isObjectID(sha) {
		return nil, &RefError{Text: sha, Reason: "a whole commit id is wanted"}
	}
	g, err := l.history(ctx, sha)
	if err != nil {
		return nil, l.shallow(err)
	}
	texts, err := l.commits(ctx, g, []string{sha})
	if err != nil || len(texts[sha].parents) == 0 {
		return nil, err
	}
	listed, err := g.output(ctx, "diff-tree", "-z", "-r", "--find-renames", "--diff-filter=R", "--name-status", "--no-ext-diff", "--no-textconv", texts[sha].parents[0], sha)
	if err != nil {
		return nil, err
	}
	f := strings.Split(strings.TrimSuffix(string(listed), "\x00"), "\x00")
	var out []Move
	for i := 0; i+2 < len(f); i += 3 {
		out = append(out, Move{From: f[i+1], To: f[i+2]})
	}
	return out, nil
}
