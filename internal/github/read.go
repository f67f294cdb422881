package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	gh "github.com/google/go-github/v60/github"
)

// Commit is one commit as REST tells it.
type Commit struct {
	SHA     string
	Tree    string // object id of its root tree
	Time    time.Time
	Parents int
}

// EmptyRepositoryError says that a repository has no commit yet (409).
type EmptyRepositoryError struct{ Repository string }

func (e *EmptyRepositoryError) Error() string {
	return fmt.Sprintf("repository %s is empty: it has no commit yet", e.Repository)
}

// Commit resolves a branch, tag, commit id or "HEAD" (one REST request). A ref that does not exist is a
// *NotFoundError with What set, a repository that does not exist one without; REST answers both with
// 404 at times, which costs a second request to tell apart.
func (c *Client) Commit(ctx context.Context, repository, ref string) (Commit, error) {
	ctx = c.OneStep(ctx)
	owner, name, err := splitRepository(repository)
	if err != nil {
		return Commit{}, err
	}
	rctx, k := c.begin(ctx, "read "+repository)
	what := fmt.Sprintf("commit %q", ref)
	// One file per page is enough: the diff that comes with a commit is of no use here.
	got, resp, err := c.rest.Repositories.GetCommit(rctx, owner, name, escapePath(ref), &gh.ListOptions{PerPage: 1})
	err = c.conclude(k, false, resp, err, subject{repository: repository, what: what})
	if err != nil {
		if v, ok := errors.AsType[*ValidationError](err); ok && strings.Contains(strings.ToLower(v.Message), "no commit found") {
			return Commit{}, fmt.Errorf("read %s: %w", repository, &NotFoundError{Repository: repository, What: what})
		}
		return Commit{}, c.noCommit(ctx, repository, err)
	}
	commit := commitOf(got)
	if commit.SHA == "" {
		return Commit{}, fmt.Errorf("read %s: %w", repository, &DecodeError{Host: c.urls.api.Host, Status: resp.StatusCode, Reason: "the commit has no sha"})
	}
	return commit, nil
}

// CommitFile is a file that a commit changed.
type CommitFile struct {
	Path     string
	Status   string // "added", "modified", "removed", "renamed", …
	Previous string // the path that a renamed file had
}

// ChangedFiles lists the files that a commit changed against its first parent, from so many pages of a hundred, one REST
// request each. Of a commit with more files it gives the first.
func (c *Client) ChangedFiles(ctx context.Context, repository, sha string, pages int) ([]CommitFile, error) {
	ctx = c.OneStep(ctx)
	owner, name, err := splitRepository(repository)
	if err != nil {
		return nil, err
	}
	var out []CommitFile
	for page := 1; page <= pages; page++ {
		rctx, k := c.begin(ctx, "read "+repository)
		got, resp, err := c.rest.Repositories.GetCommit(rctx, owner, name, escapePath(sha), &gh.ListOptions{Page: page, PerPage: 100})
		if err := c.conclude(k, false, resp, err, subject{repository: repository, what: fmt.Sprintf("commit %q", sha)}); err != nil {
			return nil, c.noCommit(ctx, repository, err)
		}
		for _, f := range got.Files {
			out = append(out, CommitFile{Path: f.GetFilename(), Status: f.GetStatus(), Previous: f.GetPreviousFilename()})
		}
		if len(got.Files) < 100 || resp.NextPage == 0 {
			break
		}
	}
	return out, nil
}

// DefaultBranch is the name of the repository's default branch (one REST request).
func (c *Client) DefaultBranch(ctx context.Context, repository string) (string, error) {
	owner, name, err := splitRepository(repository)
	if err != nil {
		return "", err
	}
	ctx, k := c.begin(ctx, "read "+repository)
	got, resp, err := c.rest.Repositories.Get(ctx, owner, name)
	if err := c.conclude(k, false, resp, err, subject{repository: repository}); err != nil {
		return "", err
	}
	return got.GetDefaultBranch(), nil
}

// Tree is a folder, or with its sub-folders.
type Tree struct {
	// Entries are in git's order. Paths are from the tree asked for.
	Entries []TreeEntry
	// Truncated says that entries are missing: an absent path may exist.
	Truncated bool
}

// TreeEntry is one entry of a Tree.
type TreeEntry struct {
	Path string
	Mode string // "100644", "100755", "120000", "040000", "160000"
	Type string // "blob", "tree", "commit"
	OID  string
	Size int // bytes, blobs only
}

// Tree lists a tree by the object id of a tree or commit (one REST request).
func (c *Client) Tree(ctx context.Context, repository, oid string, recursive bool) (Tree, error) {
	owner, name, err := splitRepository(repository)
	if err != nil {
		return Tree{}, err
	}
	if !isOID(oid) {
		return Tree{}, fmt.Errorf("read %s: %q is no object id", repository, clip(oid, 80))
	}
	ctx, k := c.begin(ctx, "read "+repository)
	got, resp, err := c.rest.Git.GetTree(ctx, owner, name, oid, recursive)
	if err := c.conclude(k, false, resp, err, subject{repository: repository, what: "tree " + oid}); err != nil {
		return Tree{}, err
	}
	t := Tree{Truncated: got.GetTruncated(), Entries: make([]TreeEntry, 0, len(got.Entries))}
	for _, e := range got.Entries {
		t.Entries = append(t.Entries, TreeEntry{Path: e.GetPath(), Mode: e.GetMode(), Type: e.GetType(), OID: e.GetSHA(), Size: e.GetSize()})
	}
	return t, nil
}

// Blob gives a file's bytes by object id (one REST request, raw media type, at most 64 MiB). They are
// not checked against the id.
func (c *Client) Blob(ctx context.Context, repository, oid string) ([]byte, error) {
	owner, name, err := splitRepository(repository)
	if err != nil {
		return nil, err
	}
	if !isOID(oid) {
		return nil, fmt.Errorf("read %s: %q is no object id", repository, clip(oid, 80))
	}
	ctx, k := c.begin(ctx, "read "+repository)
	data, resp, err := c.rest.Git.GetBlobRaw(ctx, owner, name, oid)
	if err := c.conclude(k, false, resp, err, subject{repository: repository, what: "object " + oid}); err != nil {
		return nil, err
	}
	return data, nil
}

// HasRaw reports whether there is a host of files at a commit, whose requests are not counted.
func (c *Client) HasRaw() bool { return c.urls.raw != nil }

// RawFile gives a file's bytes at a commit from the raw host, without the token. They are not checked.
// When that host fails it is tried once more only, for the API has the file too.
func (c *Client) RawFile(ctx context.Context, repository, sha, path string) ([]byte, error) {
	if _, _, err := splitRepository(repository); err != nil {
		return nil, err
	}
	if c.urls.raw == nil {
		return nil, fmt.Errorf("read %s: there is no raw host", repository)
	}
	if !isOID(sha) {
		return nil, fmt.Errorf("read %s: %q is no commit id", repository, clip(sha, 80))
	}
	ctx, k := c.begin(ctx, fmt.Sprintf("read %s of %s", path, repository))
	k.tries = 2
	target := c.urls.raw.String() + repository + "/" + sha + "/" + escapePath(path)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: the path makes no URL", k.op)
	}
	req.Header.Set("User-Agent", c.opts.UserAgent)
	var data writer
	resp, err := c.rest.Do(ctx, req, &data)
	if err := c.conclude(k, false, resp, err, subject{repository: repository, what: path}); err != nil {
		return nil, err
	}
	return data, nil
}

// writer collects bytes; bytes.Buffer would be read by v60 as well, but grows slower.
type writer []byte

func (w *writer) Write(p []byte) (int, error) {
	*w = append(*w, p...)
	return len(p), nil
}

// TagsWithPrefix lists the names of the tags that begin with prefix (one REST request on GitHub; more
// where a server pages). No such tag gives none.
func (c *Client) TagsWithPrefix(ctx context.Context, repository, prefix string) ([]string, error) {
	owner, name, err := splitRepository(repository)
	if err != nil {
		return nil, err
	}
	ctx = c.OneStep(ctx)
	var tags []string
	opts := &gh.ReferenceListOptions{Ref: "tags/" + prefix}
	for range maxPages {
		rctx, k := c.begin(ctx, "read the tags of "+repository)
		refs, resp, err := c.rest.Git.ListMatchingRefs(rctx, owner, name, opts)
		if err := c.conclude(k, false, resp, err, subject{repository: repository}); err != nil {
			return nil, err
		}
		for _, r := range refs {
			if tag, ok := strings.CutPrefix(r.GetRef(), "refs/tags/"); ok {
				tags = append(tags, tag)
			}
		}
		if resp.NextPage == 0 {
			break
		}
		opts.Page = resp.NextPage
	}
	return tags, nil
}

// maxPages bounds every listing by pages of REST.
const maxPages = 20

// Tags lists tag names, 100 for each REST request, at most pages requests.
func (c *Client) Tags(ctx context.Context, repository string, pages int) ([]string, error) {
	owner, name, err := splitRepository(repository)
	if err != nil {
		return nil, err
	}
	ctx = c.OneStep(ctx)
	var tags []string
	opts := &gh.ListOptions{PerPage: 100}
	for range pages {
		rctx, k := c.begin(ctx, "read the tags of "+repository)
		got, resp, err := c.rest.Repositories.ListTags(rctx, owner, name, opts)
		if err := c.conclude(k, false, resp, err, subject{repository: repository}); err != nil {
			return nil, err
		}
		for _, t := range got {
			tags = append(tags, t.GetName())
		}
		if resp.NextPage == 0 {
			break
		}
		opts.Page = resp.NextPage
	}
	return tags, nil
}

// Rate is one limit: how many requests or points are left until Reset.
type Rate struct {
	Limit     int
	Remaining int
	Reset     time.Time
}

// User is the login of the token's owner, by one GraphQL document, for GITHUB_TOKEN of Actions has no
// REST user. It is asked once.
func (c *Client) User(ctx context.Context) (string, error) {
	if login := c.knownViewer(); login != "" {
		return login, nil
	}
	var got struct{ Viewer struct{ Login string } }
	if err := c.GraphQL(ctx, Query{Op: "ask who the token is", Document: `query Viewer { viewer { login } }`}, &got); err != nil {
		return "", err
	}
	c.knowViewer(got.Viewer.Login)
	return got.Viewer.Login, nil
}

func (c *Client) knownViewer() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.viewer
}

func (c *Client) knowViewer(login string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.viewer = login
}

// escapePath escapes each part of a path or ref, and keeps the slashes.
func escapePath(p string) string {
	parts := strings.Split(p, "/")
	for i, s := range parts {
		parts[i] = url.PathEscape(s)
	}
	return strings.Join(parts, "/")
}

// isOID reports whether s is a full object id, SHA-1 or SHA-256.
func isOID(s string) bool {
	return (len(s) == 40 || len(s) == 64) && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'f')
	})
}
