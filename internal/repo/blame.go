package repo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/upstream-digest/bot/internal/github"
)

// blameBatch is how many files' blame is asked in one document. GitHub gives up after ten seconds, so a
// document that fails is cut in two.
const blameBatch = 4

// historyCommit is a commit with its pull requests, as the documents below ask for it.
type historyCommit struct {
	OID                    string
	MessageHeadline        string
	CommittedDate          time.Time
	AssociatedPullRequests *struct {
		Nodes []*struct {
			Number      int
			Title       string
			MergedAt    *time.Time
			BaseRefName string
			MergeCommit *struct{ OID string }
			Repository  struct{ NameWithOwner string }
		}
	}
}

const (
	plainCommitFields   = "oid messageHeadline committedDate"
	historyCommitFields = plainCommitFields + " associatedPullRequests(first: 3) { nodes { number title mergedAt baseRefName mergeCommit { oid } repository { nameWithOwner } } }"
	// ownFields say of a repository what is needed to judge the pull requests of its commits.
	ownFields = "nameWithOwner defaultBranchRef { name }"
)

// own is a repository as far as it matters whose pull requests brought a commit.
type own struct {
	NameWithOwner    string
	DefaultBranchRef *struct{ Name string }
}

// info leaves out pull requests of forks and those that were not merged. The headline counts only where
// GitHub links none: of commits older than its links.
func (c historyCommit) info(r own) CommitInfo {
	k := CommitInfo{SHA: c.OID, Headline: c.MessageHeadline, When: c.CommittedDate.UTC(), Landed: c.OID, LandedAt: c.CommittedDate.UTC()}
	type pull struct {
		number        int
		title, commit string
		merged        time.Time
		elsewhere     bool // it was merged into another branch than the default
	}
	var pulls []pull
	if c.AssociatedPullRequests != nil {
		for _, p := range c.AssociatedPullRequests.Nodes {
			if p == nil || p.MergedAt == nil || !strings.EqualFold(p.Repository.NameWithOwner, r.NameWithOwner) || slices.ContainsFunc(pulls, func(o pull) bool { return o.number == p.Number }) {
				continue
			}
			one := pull{number: p.Number, title: p.Title, merged: p.MergedAt.UTC(), elsewhere: r.DefaultBranchRef != nil && p.BaseRefName != r.DefaultBranchRef.Name}
			if p.MergeCommit != nil {
				one.commit = p.MergeCommit.OID
			}
			pulls = append(pulls, one)
		}
	}
	slices.SortStableFunc(pulls, func(a, b pull) int {
		if a.elsewhere != b.elsewhere {
			if a.elsewhere {
				return 1
			}
			return -1
		}
		return a.merged.Compare(b.merged)
	})
	for _, p := range pulls {
		k.PRs = append(k.PRs, p.number)
	}
	if len(pulls) > 0 {
		k.Title = pulls[0].title
		if pulls[0].commit != "" {
			k.Landed, k.LandedAt = pulls[0].commit, pulls[0].merged
		}
	} else if n := pullOf(c.MessageHeadline); n > 0 {
		k.PRs = []int{n}
		if squashHeadline.MatchString(c.MessageHeadline) {
			k.Title = strings.TrimSpace(squashHeadline.ReplaceAllString(c.MessageHeadline, ""))
		}
	}
	return k
}

// Blame implements Tracer by one document.
func (r *tokenReader) Blame(ctx context.Context, sha, path string) (Blame, error) {
	got, err := r.Blames(ctx, sha, []string{path})
	if err != nil {
		return nil, err
	}
	b, ok := got[path]
	if !ok {
		return nil, &NotFoundError{Repository: r.repository, Ref: sha, Path: path}
	}
	return b, nil
}

// Blames implements Tracer: four files a document.
func (r *tokenReader) Blames(ctx context.Context, sha string, paths []string) (map[string]Blame, error) {
	ctx = r.client.OneStep(ctx)
	clean, err := cleanTrace(r.repository, []string{sha}, paths...)
	if err != nil {
		return nil, err
	}
	out := map[string]Blame{}
	byClean := map[string]Blame{}
	slices.Sort(clean)
	failed := r.blameParts(ctx, sha, slices.Collect(slices.Chunk(slices.Compact(clean), blameBatch)), byClean)
	if _, ok := errors.AsType[*TooMuchError](failed); failed != nil && !ok {
		return nil, failed
	}
	for _, p := range paths {
		c, _ := cleanPath(p) // checked above
		if b, ok := byClean[c]; ok {
			out[p] = b
		}
	}
	return out, failed
}

// blames reads one document, or its halves when it is too much for GitHub, at last without the pull requests,
// which are asked for by themselves then. Beside each blame the same file is asked for plainly: a blame that is
// missing does not tell why.
func (r *tokenReader) blames(ctx context.Context, sha string, paths []string, found map[string]Blame, light bool) error {
	doc, fields := newDocument("Blame"), historyCommitFields
	if light {
		doc, fields = newDocument("BlameLines"), plainCommitFields
	}
	doc.repository("r", r.owner, r.name)
	oid := doc.bind("GitObjectID!", sha)
	doc.fields.WriteString("    " + ownFields + "\n")
	for i, p := range paths {
		path := doc.bind("String!", p)
		fmt.Fprintf(&doc.fields, "    f%d: object(oid: %s) { ... on Commit { oid file(path: %s) { type } } }\n", i, oid, path)
		fmt.Fprintf(&doc.fields, "    b%d: object(oid: %s) { ... on Commit { blame(path: %s) { ranges { startingLine endingLine commit { ...commit } } } } }\n", i, oid, path)
	}
	doc.fields.WriteString("  }\n")
	doc.fragments.WriteString("fragment commit on Commit { " + fields + " }\n")
	var answer struct {
		R *blamesNode
	}
	err := r.client.GraphQL(ctx, github.Query{Op: "read " + r.repository, Document: doc.String(), Variables: doc.vars, Tries: triesFor(len(paths))}, &answer)
	partial, isPartial := errors.AsType[*github.GraphQLErrors](err)
	switch {
	case err != nil && !isPartial:
		return r.smallerBlames(ctx, sha, paths, found, light, err)
	case answer.R == nil && isPartial && !isOnly(partial.Errors, "NOT_FOUND"):
		return r.smallerBlames(ctx, sha, paths, found, light, err)
	case answer.R == nil:
		return &NotFoundError{Repository: r.repository}
	}
	var again []string
	for i, p := range paths {
		file, blame := answer.R.files[fmt.Sprintf("f%d", i)], answer.R.blames[fmt.Sprintf("b%d", i)]
		fileErrs, blameErrs := errorsAt(partial, "r", fmt.Sprintf("f%d", i)), errorsAt(partial, "r", fmt.Sprintf("b%d", i))
		switch {
		case !isOnly(fileErrs, "NOT_FOUND"):
			again = append(again, p)
		case file == nil || file.OID == "":
			return &NotFoundError{Repository: r.repository, Ref: sha}
		case file.File == nil || file.File.Type != "blob":
			// There is no such file.
		case len(blameErrs) > 0 || blame == nil || blame.Blame == nil:
			again = append(again, p)
		default:
			ranges := make([]BlameRange, 0, len(blame.Blame.Ranges))
			for _, g := range blame.Blame.Ranges {
				ranges = append(ranges, BlameRange{From: g.StartingLine, To: g.EndingLine, Commit: g.Commit.info(answer.R.own)})
			}
			if light {
				if err := r.addPulls(ctx, ranges); err != nil {
					return err
				}
			}
			found[p] = merged(ranges)
		}
	}
	switch {
	case len(again) == 0:
		return nil
	case isPartial && !isInternal(partial):
		return err // a refusal, say: asking again is no use
	case len(paths) == 1:
		return r.smallerBlames(ctx, sha, paths, found, light, orNoBlame(err))
	}
	return r.blameParts(ctx, sha, slices.Collect(slices.Chunk(again, 1)), found)
}

// blameParts reads document after document, and goes on after one that was too much.
func (r *tokenReader) blameParts(ctx context.Context, sha string, parts [][]string, found map[string]Blame) error {
	var failed error
	for _, paths := range parts {
		err := r.blames(ctx, sha, paths, found, false)
		if _, ok := errors.AsType[*TooMuchError](err); err != nil && !ok {
			return err
		}
		failed = errors.Join(failed, err)
	}
	return failed
}

// triesFor is how often a document is sent: one that can be cut in two is not insisted on, and what took GitHub
// too long twice will again. Each time it is ten seconds.
func triesFor(parts int) int {
	if parts > 1 {
		return 1
	}
	return 2
}

// errNoBlame is why an answer without errors is not believed.
var errNoBlame = errors.New("the blame is missing from its answer")

func orNoBlame(err error) error {
	if err == nil {
		return errNoBlame
	}
	return err
}

// smallerBlames goes on after err with less at once.
func (r *tokenReader) smallerBlames(ctx context.Context, sha string, paths []string, found map[string]Blame, light bool, err error) error {
	half := len(paths) / 2
	switch {
	case !tooMuch(err) && !errors.Is(err, errNoBlame):
		return err
	case half > 0:
		return r.blameParts(ctx, sha, [][]string{paths[:half], paths[half:]}, found)
	case !light:
		return r.blames(ctx, sha, paths, found, true)
	}
	return &TooMuchError{Repository: r.repository, What: "blame of " + paths[0], Err: err}
}

// addPulls asks for the pull requests of commits by themselves, 100 a document.
func (r *tokenReader) addPulls(ctx context.Context, ranges []BlameRange) error {
	var shas []string
	for _, g := range ranges {
		shas = append(shas, g.Commit.SHA)
	}
	infos := map[string]CommitInfo{}
	for batch := range slices.Chunk(unique(shas), historyPage) {
		if err := r.commitInfos(ctx, batch, infos); err != nil {
			return err
		}
	}
	for i, g := range ranges {
		if k, ok := infos[g.Commit.SHA]; ok {
			ranges[i].Commit = k
		}
	}
	return nil
}

// commitInfos reads one document, or its halves.
func (r *tokenReader) commitInfos(ctx context.Context, shas []string, found map[string]CommitInfo) error {
	doc := newDocument("CommitPulls")
	doc.repository("r", r.owner, r.name)
	for i, sha := range shas {
		fmt.Fprintf(&doc.fields, "    c%d: object(oid: %s) { ...commit }\n", i, doc.bind("GitObjectID!", sha))
	}
	doc.fields.WriteString("  }\n  n: repository(owner: $v0, name: $v1) { " + ownFields + " }\n")
	doc.fragments.WriteString("fragment commit on Commit { " + historyCommitFields + " }\n")
	var answer struct {
		R map[string]*historyCommit
		N *own
	}
	if err := r.query(ctx, doc, triesFor(len(shas)), &answer); err != nil {
		half := len(shas) / 2
		switch {
		case !tooMuch(err):
			return err
		case half == 0:
			return &TooMuchError{Repository: r.repository, What: "the pull requests of commit " + shas[0], Err: err}
		}
		if err := r.commitInfos(ctx, shas[:half], found); err != nil {
			return err
		}
		return r.commitInfos(ctx, shas[half:], found)
	}
	if answer.R == nil || answer.N == nil {
		return &NotFoundError{Repository: r.repository}
	}
	for i, sha := range shas {
		k := answer.R[fmt.Sprintf("c%d", i)]
		if k == nil || k.OID != sha {
			return &NotFoundError{Repository: r.repository, Ref: sha}
		}
		found[sha] = k.info(*answer.N)
	}
	return nil
}

// tooMuch reports whether GitHub failed at a document rather than refused it: 502 and its like, cut
// answers, its "something went wrong", and a time limit of ours.
func tooMuch(err error) bool {
	if isTooMuch(err) {
		return true
	}
	if e, ok := errors.AsType[*github.GraphQLErrors](err); ok {
		return isInternal(e)
	}
	if e, ok := errors.AsType[*github.NetworkError](err); ok {
		t, ok := errors.AsType[net.Error](e.Err)
		return ok && t.Timeout()
	}
	return false
}

// isInternal reports whether all errors but those for what is not there are GitHub's own failures, which
// have no type.
func isInternal(e *github.GraphQLErrors) bool {
	return !slices.ContainsFunc(e.Errors, func(g github.GraphQLError) bool { return g.Type != "" && g.Type != "NOT_FOUND" })
}

func isOnly(errs []github.GraphQLError, kind string) bool {
	return !slices.ContainsFunc(errs, func(g github.GraphQLError) bool { return g.Type != kind })
}

// blamesNode is a repository with an alias for each file and each blame.
type blamesNode struct {
	own    own
	files  map[string]*blamedFile
	blames map[string]*blameNode
}

type blamedFile struct {
	OID  string // of the commit
	File *fileNode
}

type blameNode struct {
	Blame *struct {
		Ranges []struct {
			StartingLine, EndingLine int
			Commit                   historyCommit
		}
	}
}

// pathHistoryPage is a page of a history with pull requests.
type pathHistoryPage struct {
	Nodes    []historyCommit
	PageInfo struct {
		HasNextPage bool
		EndCursor   string
	}
}

// keptLogs is how many histories of paths are remembered, each as far as it was read.
const keptLogs = 8

// pathLog is the history of a path down from a commit, as far as it was read.
type pathLog struct {
	sha, path string

	mu      sync.Mutex
	commits []CommitInfo
	after   *string
	whole   bool
}

func (r *tokenReader) pathLog(sha, path string) *pathLog {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.logs {
		if l.sha == sha && l.path == path {
			return l
		}
	}
	l := &pathLog{sha: sha, path: path}
	r.logs = append(r.logs, l)
	if len(r.logs) > keptLogs {
		r.logs = slices.Delete(r.logs, 0, 1)
	}
	return l
}

// PathHistory implements Tracer: 100 commits a document. What was read of a history is not asked for again,
// so it costs nothing to begin with few and to ask for more.
func (r *tokenReader) PathHistory(ctx context.Context, sha, path string, n int) ([]CommitInfo, error) {
	ctx = r.client.OneStep(ctx)
	clean, err := cleanTrace(r.repository, []string{sha}, path)
	if err != nil {
		return nil, err
	}
	n = max(0, min(n, historyMost))
	l := r.pathLog(sha, clean[0])
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.commits) < n && !l.whole {
		if err := r.readLog(ctx, l, min(n-len(l.commits), historyPage)); err != nil {
			return nil, err
		}
	}
	return slices.Clone(l.commits[:min(n, len(l.commits))]), nil
}

// readLog reads the next page of a history. Callers hold l.mu.
func (r *tokenReader) readLog(ctx context.Context, l *pathLog, n int) error {
	doc := newDocument("PathHistory")
	doc.repository("r", r.owner, r.name)
	fmt.Fprintf(&doc.fields, "    %s\n    object(oid: %s) { ... on Commit { oid history(path: %s, first: %d, after: %s) { nodes { %s } pageInfo { hasNextPage endCursor } } } }\n  }\n",
		ownFields, doc.bind("GitObjectID!", l.sha), doc.bind("String!", l.path), n, doc.bind("String", l.after), historyCommitFields)
	var answer struct {
		R *struct {
			own
			Object *struct {
				OID     string
				History pathHistoryPage
			}
		}
	}
	if err := r.query(ctx, doc, 0, &answer); err != nil {
		if tooMuch(err) {
			err = &TooMuchError{Repository: r.repository, What: "history of " + l.path, Err: err}
		}
		return err
	}
	switch {
	case answer.R == nil:
		return &NotFoundError{Repository: r.repository}
	case answer.R.Object == nil || answer.R.Object.OID == "":
		return &NotFoundError{Repository: r.repository, Ref: l.sha}
	}
	page := answer.R.Object.History
	for _, c := range page.Nodes {
		l.commits = append(l.commits, c.info(answer.R.own))
	}
	l.whole = !page.PageInfo.HasNextPage || len(page.Nodes) == 0
	l.after = &page.PageInfo.EndCursor
	return nil
}

// UnmarshalJSON implements json.Unmarshaler: the aliases depend on the request.
func (n *blamesNode) UnmarshalJSON(data []byte) error {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	n.files, n.blames = map[string]*blamedFile{}, map[string]*blameNode{}
	for key, raw := range all {
		var err error
		switch {
		case key == "nameWithOwner":
			err = json.Unmarshal(raw, &n.own.NameWithOwner)
		case key == "defaultBranchRef":
			err = json.Unmarshal(raw, &n.own.DefaultBranchRef)
		case strings.HasPrefix(key, "f"):
			var f *blamedFile
			err = json.Unmarshal(raw, &f)
			n.files[key] = f
		default:
			var b *blameNode
			err = json.Unmarshal(raw, &b)
			n.blames[key] = b
		}
		if err != nil {
			return err
		}
	}
	return nil
}
