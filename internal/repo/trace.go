package repo

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/github"
)

// Tracer reads what tells why a line is as it is: blame, histories, old versions, pull requests. Set.Tracer
// gives it. Without a token every method is a *NeedsTokenError.
type Tracer interface {
	// Blame tells of each line of a file at a commit which commit last touched it. A file that is not there
	// is a *NotFoundError with Path set. What the engine could not compute is a *TooMuchError (a *IncompleteError
	// of a mirror that lacks files): PathHistory may still be had then.
	Blame(ctx context.Context, sha, path string) (Blame, error)
	// Blames is Blame of several files at once. A file that is not there has no entry. Of files that could
	// not be computed it gives the rest, with a *TooMuchError.
	Blames(ctx context.Context, sha string, paths []string) (map[string]Blame, error)
	// PathHistory lists the n newest commits, at most 2000, that lead to sha and touched a path, newest first.
	// Renames are not followed. A path that never was has none. A hundred cost a request; to ask for more of
	// the same history later costs only what is new.
	PathHistory(ctx context.Context, sha, path string, n int) ([]CommitInfo, error)
	// FilesAt gives a file as it was at several commits. A commit at which it is no file has no entry; one that
	// does not exist is a *NotFoundError.
	FilesAt(ctx context.Context, shas []string, path string) (map[string][]byte, error)
	// FilesBefore gives a file as it was before commits: at the first parent of each, which of a commit of the
	// main line is what the branch was before it. A commit without a parent has no entry.
	FilesBefore(ctx context.Context, shas []string, path string) (map[string]Version, error)
	// PullRequests gives pull requests by number. A number that is none has no entry.
	PullRequests(ctx context.Context, numbers []int) (map[int]PullRequest, error)
	// SearchPullRequests finds the n best merged pull requests of the repository, at most 30, for words in
	// GitHub's search language, best first. A mirror can't: the error is errors.ErrUnsupported.
	SearchPullRequests(ctx context.Context, query string, n int) ([]PullRequest, error)
}

// CommitInfo is a commit and how it came to its branch.
type CommitInfo struct {
	SHA      string
	Headline string    // first line of its message; GitHub may cut a long one, ending it in "…"
	When     time.Time // committed
	// PRs are the merged pull requests of this repository that brought it; most have one, old commits none.
	// Of a commit within a merge it is the pull request of the merge. Of several the one comes first that brought
	// it to the default branch, and of those the one that was merged first.
	PRs []int
	// Landed is the commit by which it came to its branch: the merge of its pull request, else itself. That may be
	// long after it was made, so the order of histories is that of landing, and the tree of a commit that
	// is no landing is none that the branch ever had.
	Landed   string
	LandedAt time.Time
	Title    string // of the pull request, "" where there is none
}

// Version is a file at a commit.
type Version struct {
	SHA  string // the commit
	Data []byte // nil: there was no such file
}

// BlameRange is a run of lines, counted from 1, both ends included, that one commit last touched.
type BlameRange struct {
	From, To int
	Commit   CommitInfo
}

// Blame is all ranges of a file, from its first line to its last. An empty file has none.
type Blame []BlameRange

// At is the commit that last touched a line.
func (b Blame) At(line int) (CommitInfo, bool) {
	for _, r := range b {
		if r.From <= line && line <= r.To {
			return r.Commit, true
		}
	}
	return CommitInfo{}, false
}

// PullRequest is a pull request as far as tracing reads it.
type PullRequest struct {
	Number      int
	Title, Body string
	Author      string    // login, "" for a deleted account
	Merged      time.Time // zero: it was not
	MergeCommit string    // the commit that it became on its base, "" where it was not merged
	Base        string    // branch
	Labels      []string
	URL         string
	// Files are the first 100 paths that it changes; MoreFiles says that there are others.
	Files     []string
	MoreFiles bool
	// Closes are the issues that it closes, as GitHub links them.
	Closes []IssueRef
	// Partial says that it is a mirror that told: as much as the merge commit says, so without base, labels,
	// URL and closing issues, and mostly without a body.
	Partial bool
}

// IssueRef names an issue.
type IssueRef struct {
	Repository string
	Number     int
}

// TooMuchError says that GitHub could not answer in its time, each time it was asked (a 502, mostly): the
// question was too much for it. Another one may be answered.
type TooMuchError struct {
	Repository string
	What       string // "blame of pkg/features/kube_features.go"
	Err        error
}

func (e *TooMuchError) Error() string {
	return fmt.Sprintf("%s: %s was too much for GitHub: %v", e.Repository, e.What, e.Err)
}

// Unwrap gives the cause.
func (e *TooMuchError) Unwrap() error { return e.Err }

// NeedsTokenError says that GitHub gives this only to those who say who they are.
type NeedsTokenError struct {
	Repository string
	What       string // "blame"
}

func (e *NeedsTokenError) Error() string {
	return fmt.Sprintf("%s: %s needs a token: set GITHUB_TOKEN, or read a mirror", e.Repository, e.What)
}

// Unwrap gives the cause, as the client words it.
func (e *NeedsTokenError) Unwrap() error { return &github.AuthError{Missing: true} }

// UnsupportedError says that an engine can't do this.
type UnsupportedError struct {
	Repository string
	What       string // "a search"
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("%s is read from a mirror, which has no %s", e.Repository, e.What)
}

// Unwrap lets errors.Is(err, errors.ErrUnsupported) hold.
func (e *UnsupportedError) Unwrap() error { return errors.ErrUnsupported }

// Tracer is what traces within a repository. Its errors are those of Reader.
func (s *Set) Tracer(repository string) (Tracer, error) {
	r, err := s.Reader(repository)
	if err != nil {
		return nil, err
	}
	t, ok := r.(Tracer) // all three are
	if !ok {
		return nil, &UnsupportedError{Repository: repository, What: "history"}
	}
	return t, nil
}

// historyMost bounds PathHistory.
const historyMost = 2000

// cleanTrace checks what all engines check.
func cleanTrace(repository string, shas []string, paths ...string) ([]string, error) {
	for _, sha := range shas {
		if !isObjectID(sha) {
			return nil, &RefError{Text: sha, Reason: "a whole commit id is wanted"}
		}
	}
	clean, err := cleanPaths(paths)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", repository, err)
	}
	return clean, nil
}

// The forms in which GitHub names a pull request in a message's first line: of a merge, and of a squash.
var (
	mergeHeadline  = regexp.MustCompile(`^Merge pull request #([1-9][0-9]{0,8}) from (\S+)`)
	squashHeadline = regexp.MustCompile(`\(#([1-9][0-9]{0,8})\)$`)
)

// pullOf is the pull request that a message's first line names, 0 for none.
func pullOf(headline string) int {
	for _, form := range []*regexp.Regexp{mergeHeadline, squashHeadline} {
		if m := form.FindStringSubmatch(strings.TrimSpace(headline)); m != nil {
			n, _ := strconv.Atoi(m[1]) // digits, and few
			return n
		}
	}
	return 0
}

// merged joins neighbours of one commit.
func merged(ranges []BlameRange) Blame {
	var out Blame
	for _, r := range ranges {
		if n := len(out); n > 0 && out[n-1].To+1 == r.From && out[n-1].Commit.SHA == r.Commit.SHA {
			out[n-1].To = r.To
			continue
		}
		out = append(out, r)
	}
	return out
}

func (r *anonymousReader) needsToken(what string) error {
	return &NeedsTokenError{Repository: r.repository, What: what}
}

// Blame implements Tracer: not without a token.
func (r *anonymousReader) Blame(context.Context, string, string) (Blame, error) {
	return nil, r.needsToken("blame")
}

// Blames implements Tracer: not without a token.
func (r *anonymousReader) Blames(context.Context, string, []string) (map[string]Blame, error) {
	return nil, r.needsToken("blame")
}

// PathHistory implements Tracer: not without a token.
func (r *anonymousReader) PathHistory(context.Context, string, string, int) ([]CommitInfo, error) {
	return nil, r.needsToken("the history of a file with its pull requests")
}

// FilesAt implements Tracer: not without a token.
func (r *anonymousReader) FilesAt(context.Context, []string, string) (map[string][]byte, error) {
	return nil, r.needsToken("a file at many commits")
}

// FilesBefore implements Tracer: not without a token.
func (r *anonymousReader) FilesBefore(context.Context, []string, string) (map[string]Version, error) {
	return nil, r.needsToken("a file at many commits")
}

// PullRequests implements Tracer: not without a token.
func (r *anonymousReader) PullRequests(context.Context, []int) (map[int]PullRequest, error) {
	return nil, r.needsToken("the text of pull requests")
}

// SearchPullRequests implements Tracer: not without a token.
func (r *anonymousReader) SearchPullRequests(context.Context, string, int) ([]PullRequest, error) {
	return nil, r.needsToken("a search for pull requests")
}
