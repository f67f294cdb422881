package github

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	gh "github.com/google/go-github/v60/github"
)

const needsContents = "contents: write"

const (
	// documentBytes is the most that the files of a commit may have in one GraphQL document. GitHub says no
	// number; its answers to larger ones are timeouts.
	documentBytes = 5 << 20
	// inlineBytes is the most that the files of a tree may have in its request: there, timeouts are told of
	// from 2.5 MB on. The others are stored one by one before.
	inlineBytes = 2 << 20
)

// File is one file of a commit.
type File struct {
	Path string // from the root, with slashes
	Data []byte
}

// CommitRequest is a commit to be, on top of a branch.
type CommitRequest struct {
	Repository string // "acme/platform"
	Branch     string // without refs/heads/
	// Head is the commit at which the branch must stand, Tree its root tree. Both are empty where the branch is to
	// be made: the commit has no parent then.
	Head, Tree string
	Headline   string
	Body       string
	Write      []File
	Delete     []string // paths that are there
	// Whole says that the files of Write are all: what else stands on the branch goes.
	Whole bool
}

// StaleError says that a branch does not stand where the commit wanted to go on. Nothing was changed.
type StaleError struct{ Repository, Branch, Expected string }

func (e *StaleError) Error() string {
	if e.Expected == "" {
		return fmt.Sprintf("%s has the branch %s already", e.Repository, e.Branch)
	}
	return fmt.Sprintf("branch %s of %s no longer stands at %.12s", e.Branch, e.Repository, e.Expected)
}

// CommitFiles changes files on a branch in one commit, all or nothing, and only if the branch still stands at r.Head; it
// gives the new head. The errors to branch on are *StaleError, where the branch has moved or is there already, and
// *UnclearError. No commit is sent twice.
//
// It is one GraphQL document where that can hold the files, else a tree, a commit and a ref by REST, as for a branch
// that is to be made.
func (c *Client) CommitFiles(ctx context.Context, r CommitRequest) (string, error) {
	op := fmt.Sprintf("commit to branch %s of %s", r.Branch, r.Repository)
	owner, name, err := c.writable(op, r.Repository)
	if err != nil {
		return "", err
	}
	size := 0
	for _, f := range r.Write {
		size += len(f.Data)
	}
	ctx = c.OneStep(ctx)
	if r.Head == "" || r.Whole || size > documentBytes {
		if r.Head != "" && r.Tree == "" && !r.Whole {
			return "", fmt.Errorf("%s: the root tree of %.12s is not named", op, r.Head)
		}
		return c.commitByParts(ctx, op, owner, name, r)
	}
	return c.commitOnBranch(ctx, op, r)
}

const commitDocument = `
mutation Commit($input: CreateCommitOnBranchInput!) {
  createCommitOnBranch(input: $input) { commit { oid } }
}`

func (c *Client) commitOnBranch(ctx context.Context, op string, r CommitRequest) (string, error) {
	additions, deletions := []map[string]string{}, []map[string]string{}
	for _, f := range r.Write {
		additions = append(additions, map[string]string{"path": f.Path, "contents": base64.StdEncoding.EncodeToString(f.Data)})
	}
	for _, p := range r.Delete {
		deletions = append(deletions, map[string]string{"path": p})
	}
	message := map[string]string{"headline": r.Headline}
	if r.Body != "" {
		message["body"] = r.Body
	}
	input := map[string]any{
		"branch":          map[string]string{"repositoryNameWithOwner": r.Repository, "branchName": r.Branch},
		"expectedHeadOid": r.Head, "message": message,
		"fileChanges": map[string]any{"additions": additions, "deletions": deletions},
	}
	var got struct {
		CreateCommitOnBranch *struct{ Commit *struct{ OID string } }
	}
	err := c.GraphQL(ctx, Query{Op: op, Document: commitDocument, Variables: map[string]any{"input": input}, Mutation: true}, &got)
	if errs, ok := errors.AsType[*GraphQLErrors](err); ok {
		return "", c.commitRefused(op, r, errs)
	}
	switch {
	case err != nil:
		return "", err
	case got.CreateCommitOnBranch == nil || got.CreateCommitOnBranch.Commit == nil || got.CreateCommitOnBranch.Commit.OID == "":
		return "", &UnclearError{Op: op, Cause: &DecodeError{Host: c.urls.graphql.Host, Status: http.StatusOK, Reason: "the commit that was made has no id"}}
	}
	return got.CreateCommitOnBranch.Commit.OID, nil
}

// commitRefused names the refusals that GitHub types. One without a type may stand for anything, after the
// commit too.
func (c *Client) commitRefused(op string, r CommitRequest, errs *GraphQLErrors) error {
	for _, e := range errs.Errors {
		low := strings.ToLower(e.Message)
		switch {
		case e.Type == "STALE_DATA", strings.Contains(low, "expected branch to point to"), strings.Contains(low, "but expected") && strings.Contains(low, " is at "):
			return fmt.Errorf("%s: %w", op, &StaleError{r.Repository, r.Branch, r.Head})
		case e.Type == "NOT_FOUND":
			return fmt.Errorf("%s: %w", op, &NotFoundError{Repository: r.Repository, What: "branch " + r.Branch})
		case e.Type == "FORBIDDEN", e.Type == "INSUFFICIENT_SCOPES":
			return fmt.Errorf("%s: %w", op, &PermissionError{Repository: r.Repository, Needs: needsContents, Message: e.Message})
		case strings.Contains(low, "archived"):
			return fmt.Errorf("%s: %w", op, &ArchivedError{Repository: r.Repository})
		case e.Type == "":
			return &UnclearError{Op: op, Cause: errs}
		}
	}
	return fmt.Errorf("%s: %w", op, &ValidationError{Repository: r.Repository, Message: errs.Errors[0].Message})
}

// commitByParts makes the commit by git data. Until the last request nobody sees any of it.
func (c *Client) commitByParts(ctx context.Context, op, owner, name string, r CommitRequest) (string, error) {
	about := subject{repository: r.Repository, needs: needsContents}
	const file, blob = "100644", "blob"
	entries := make([]*gh.TreeEntry, 0, len(r.Write)+len(r.Delete))
	inline := 0
	for _, f := range r.Write {
		entry := &gh.TreeEntry{Path: gh.String(f.Path), Mode: gh.String(file), Type: gh.String(blob)}
		if inline+len(f.Data) <= inlineBytes && utf8.Valid(f.Data) {
			inline += len(f.Data)
			entry.Content = gh.String(string(f.Data))
		} else {
			callCtx, k := c.begin(ctx, op)
			made, resp, err := c.rest.Git.CreateBlob(callCtx, owner, name, &gh.Blob{Content: gh.String(base64.StdEncoding.EncodeToString(f.Data)), Encoding: gh.String("base64")})
			if err := c.conclude(k, true, resp, err, about); err != nil {
				return "", emptyRepository(r.Repository, err)
			}
			entry.SHA = made.SHA
		}
		entries = append(entries, entry)
	}
	for _, p := range r.Delete {
		entries = append(entries, &gh.TreeEntry{Path: gh.String(p), Mode: gh.String(file), Type: gh.String(blob)})
	}
	callCtx, k := c.begin(ctx, op)
	base := r.Tree
	if r.Whole {
		base = ""
	}
	tree, resp, err := c.rest.Git.CreateTree(callCtx, owner, name, base, entries)
	if err := c.conclude(k, true, resp, err, about); err != nil {
		return "", emptyRepository(r.Repository, err)
	}
	message := r.Headline
	if r.Body != "" {
		message += "\n\n" + r.Body
	}
	commit := &gh.Commit{Message: &message, Tree: &gh.Tree{SHA: tree.SHA}}
	if r.Head != "" {
		commit.Parents = []*gh.Commit{{SHA: &r.Head}}
	}
	callCtx, k = c.begin(ctx, op)
	made, resp, err := c.rest.Git.CreateCommit(callCtx, owner, name, commit, nil)
	if err := c.conclude(k, true, resp, err, about); err != nil {
		return "", err
	}
	if made.GetSHA() == "" {
		return "", c.noAnswer(op, resp, "the commit that was made has no id")
	}
	return made.GetSHA(), c.moveBranch(ctx, op, owner, name, r, made.GetSHA())
}

// moveBranch lets the branch point to a commit that goes on where it stands, or makes it.
func (c *Client) moveBranch(ctx context.Context, op, owner, name string, r CommitRequest, sha string) error {
	ref := &gh.Reference{Ref: gh.String("refs/heads/" + r.Branch), Object: &gh.GitObject{SHA: &sha}}
	ctx, k := c.begin(ctx, op)
	var resp *gh.Response
	var err error
	if r.Head == "" {
		_, resp, err = c.rest.Git.CreateRef(ctx, owner, name, ref)
	} else {
		_, resp, err = c.rest.Git.UpdateRef(ctx, owner, name, ref, false)
	}
	err = c.conclude(k, true, resp, err, subject{repository: r.Repository, needs: needsContents})
	if v, ok := errors.AsType[*ValidationError](err); ok {
		switch low := strings.ToLower(v.Message); {
		case strings.Contains(low, "already exists"), strings.Contains(low, "fast forward"):
			return fmt.Errorf("%s: %w", op, &StaleError{r.Repository, r.Branch, r.Head})
		case strings.Contains(low, "does not exist"):
			return fmt.Errorf("%s: %w", op, &NotFoundError{Repository: r.Repository, What: "branch " + r.Branch})
		}
	}
	return err
}

// emptyRepository says what a 409 means here: git data have no place in a repository without any commit.
func emptyRepository(repository string, err error) error {
	if e, ok := errors.AsType[*StatusError](err); ok && e.Status == http.StatusConflict {
		return fmt.Errorf("%s has no commit yet, so no branch can be made in it; commit something there first (a README will do): %w", repository, err)
	}
	return err
}
