package ghtest

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// branchName is the default branch.
func (s *Server) branchName(r *repository) string {
	if r.DefaultBranch != "" {
		return r.DefaultBranch
	}
	if r.git != nil {
		if b := r.git.head(s.ctx); b != "" {
			return b
		}
	}
	return "main"
}

// revision finds what a user may call a commit: branch, tag, "HEAD", full ref, or an id of at least
// four digits. errNoObject if there is none.
func (s *Server) revision(r *repository, ref string) (oid string, err error) {
	if r.git == nil {
		return "", errNoObject
	}
	if ref == "" || ref == "HEAD" {
		ref = s.branchName(r)
	}
	names := []string{"refs/heads/" + ref, "refs/tags/" + ref, "refs/" + ref}
	if strings.HasPrefix(ref, "refs/") {
		names = []string{ref}
	}
	if len(ref) >= 4 && isHex(ref) {
		names = append(names, ref)
	}
	if strings.ContainsAny(ref, " :^~?*[\\") {
		return "", errNoObject // no ref can have these, but git's expressions do
	}
	for _, n := range names {
		oid, _, _, err = r.git.resolve(n + "^{commit}")
		if !errors.Is(err, errNoObject) {
			return oid, err
		}
	}
	return "", errNoObject
}

func isHex(s string) bool {
	return strings.Trim(s, "0123456789abcdef") == ""
}

// empty says whether a repository has no commits.
func (s *Server) empty(r *repository) bool {
	_, err := s.revision(r, "HEAD")
	return errors.Is(err, errNoObject) && !s.hasRefs(r)
}

func (s *Server) hasRefs(r *repository) bool {
	if r.git == nil {
		return false
	}
	refs, err := r.git.refs(s.ctx, "refs/")
	return err == nil && len(refs) > 0
}

func (c *call) emptyRepository() answer {
	return c.fail(http.StatusConflict, "Git Repository is empty.")
}

// absent answers for a git failure: the given answer for what is not there, 409 in an empty repository.
func (c *call) absent(r *repository, err error, missing answer) answer {
	switch {
	case !errors.Is(err, errNoObject):
		return c.broken(err)
	case c.s.empty(r):
		return c.emptyRepository()
	default:
		return missing
	}
}

func (c *call) getRepository(r *repository) answer {
	branch, pushed := c.s.branchName(r), r.created
	if r.git != nil {
		if oid, err := c.s.revision(r, "HEAD"); err == nil {
			if k, err := r.git.commit(oid); err == nil {
				pushed = k.committer.when
			}
		}
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return jsonAnswer(http.StatusOK, c.repoJSON(r, branch, pushed))
}

func (c *call) getCommit(r *repository) answer {
	ref := c.r.PathValue("ref")
	oid, err := c.s.revision(r, ref)
	if err != nil {
		return c.absent(r, err, c.fail(http.StatusUnprocessableEntity, "No commit found for SHA: "+ref))
	}
	if c.form() == "sha" {
		return answer{
			status: http.StatusOK, body: []byte(oid), etag: `"` + oid + `"`,
			header: http.Header{"Content-Type": {"application/vnd.github.sha; charset=utf-8"}},
		}
	}
	k, err := r.git.commit(oid)
	if err != nil {
		return c.broken(err)
	}
	o := c.commitJSON(r, k)
	files, err := c.changedFiles(r, k)
	if err != nil {
		return c.broken(err)
	}
	o["files"] = files
	return jsonAnswer(http.StatusOK, o)
}

func (c *call) listCommits(r *repository) answer {
	q := c.r.URL.Query()
	since, err := c.moment("since")
	if err != nil {
		return c.fail(http.StatusUnprocessableEntity, err.Error())
	}
	until, err := c.moment("until")
	if err != nil {
		return c.fail(http.StatusUnprocessableEntity, err.Error())
	}
	oid, err := c.s.revision(r, q.Get("sha"))
	if err != nil {
		return c.absent(r, err, c.notFound())
	}
	all, err := r.git.history(c.r.Context(), historyQuery{
		oid: oid, path: strings.Trim(q.Get("path"), "/"), author: q.Get("author"), since: since, until: until,
	})
	if err != nil {
		return c.broken(err)
	}
	var bad error
	a := page(c, r, all, func(oid string) any {
		k, err := r.git.commit(oid)
		if err != nil {
			bad = err
			return nil
		}
		return c.commitJSON(r, k)
	})
	if bad != nil {
		return c.broken(bad)
	}
	return a
}

func (c *call) getTree(r *repository) answer {
	name := c.r.PathValue("sha")
	oid, err := c.treeOf(r, name)
	if err != nil {
		return c.absent(r, err, c.notFound())
	}
	limit := c.s.opts.TreeLimit
	var list []walked
	var cut bool
	if v, ok := c.r.URL.Query()["recursive"]; ok && len(v) > 0 { // any value switches it on, "0" too
		list, cut, err = r.git.walk(oid, limit)
	} else {
		var entries []treeEntry
		entries, err = r.git.tree(oid)
		for _, e := range entries {
			list = append(list, walked{e, e.name})
		}
	}
	if err != nil {
		return c.broken(err)
	}
	if c.suffers(TreeTruncated) {
		list, cut = list[:len(list)/2], true
	}
	api := c.repoURL(r)
	out := []any{}
	for _, e := range list {
		o := object{"path": e.path, "mode": e.mode, "type": e.kind, "sha": e.oid}
		switch e.kind {
		case "blob":
			n, err := r.git.size(e.oid)
			if err != nil {
				return c.broken(err)
			}
			o["size"], o["url"] = n, api+"/git/blobs/"+e.oid
		case "tree":
			o["url"] = api + "/git/trees/" + e.oid
		}
		out = append(out, o)
	}
	return jsonAnswer(http.StatusOK, object{"sha": oid, "url": api + "/git/trees/" + oid, "tree": out, "truncated": cut})
}

// treeOf finds a tree by its id, a commit's, or a ref's name.
func (c *call) treeOf(r *repository, name string) (string, error) {
	if r.git == nil {
		return "", errNoObject
	}
	if isOID(name) {
		oid, _, _, err := r.git.resolve(name + "^{tree}")
		return oid, err
	}
	at, err := c.s.revision(r, name)
	if err != nil {
		return "", err
	}
	k, err := r.git.commit(at)
	if err != nil {
		return "", err
	}
	return k.tree, nil
}

func (c *call) getBlob(r *repository) answer {
	sha := c.r.PathValue("sha")
	if !isOID(sha) {
		return c.fail(http.StatusUnprocessableEntity, "The sha parameter must be exactly 40 characters and contain only [0-9a-f].")
	}
	if r.git == nil {
		return c.notFound()
	}
	o, err := r.git.read(sha)
	if err != nil || o.kind != "blob" {
		if err != nil && !errors.Is(err, errNoObject) {
			return c.broken(err)
		}
		return c.notFound()
	}
	if c.form() == "raw" {
		return rawAnswer(o.data)
	}
	return jsonAnswer(http.StatusOK, object{
		"sha": o.oid, "node_id": nodeID("B", r.Name, o.oid), "size": len(o.data), "url": c.repoURL(r) + "/git/blobs/" + o.oid,
		"content": wrapped(o.data), "encoding": "base64",
	})
}

func rawAnswer(data []byte) answer {
	return answer{status: http.StatusOK, body: data, header: http.Header{"Content-Type": {"application/vnd.github.raw+json; charset=utf-8"}}}
}

// wrapped is base64 in lines of 60 characters, as GitHub gives it.
func wrapped(data []byte) string {
	s := base64.StdEncoding.EncodeToString(data)
	var b strings.Builder
	for len(s) > 60 {
		b.WriteString(s[:60] + "\n")
		s = s[60:]
	}
	if s != "" {
		b.WriteString(s + "\n")
	}
	return b.String()
}

// maxDirectory is the number of entries a directory's contents show.
const maxDirectory = 1000

func (c *call) getContents(r *repository) answer {
	file := strings.Trim(c.r.PathValue("path"), "/")
	ref := c.r.URL.Query().Get("ref")
	at, err := c.s.revision(r, ref)
	if err != nil {
		if ref != "" && errors.Is(err, errNoObject) && !c.s.empty(r) {
			return c.fail(http.StatusNotFound, "No commit found for the ref "+ref)
		}
		return c.absent(r, err, c.fail(http.StatusNotFound, "This repository is empty."))
	}
	k, err := r.git.commit(at)
	if err != nil {
		return c.broken(err)
	}
	e, err := r.git.entry(k.tree, file)
	if err != nil {
		return c.absent(r, err, c.notFound())
	}
	if ref == "" {
		ref = c.s.branchName(r)
	}
	if e.kind == "tree" {
		return c.directory(r, e, file, ref)
	}
	o, err := c.contentsEntry(r, e, file, ref)
	if err != nil {
		return c.broken(err)
	}
	if e.kind == "commit" {
		o["submodule_git_url"] = nil
		return jsonAnswer(http.StatusOK, o)
	}
	blob, err := r.git.read(e.oid)
	if err != nil {
		return c.broken(err)
	}
	switch {
	case c.form() == "raw":
		return rawAnswer(blob.data)
	case e.mode == "120000":
		o["target"] = string(blob.data)
		return jsonAnswer(http.StatusOK, o)
	case len(blob.data) > c.s.opts.ContentsLimit:
		o["content"], o["encoding"] = "", "none"
	default:
		o["content"], o["encoding"] = wrapped(blob.data), "base64"
	}
	return jsonAnswer(http.StatusOK, o)
}

func (c *call) directory(r *repository, e treeEntry, dir, ref string) answer {
	entries, err := r.git.tree(e.oid)
	if err != nil {
		return c.broken(err)
	}
	list := []any{}
	for _, child := range entries[:min(len(entries), maxDirectory)] {
		o, err := c.contentsEntry(r, child, strings.TrimPrefix(dir+"/"+child.name, "/"), ref)
		if err != nil {
			return c.broken(err)
		}
		list = append(list, o)
	}
	if c.form() != "object" {
		return jsonAnswer(http.StatusOK, list)
	}
	o, err := c.contentsEntry(r, e, dir, ref)
	if err != nil {
		return c.broken(err)
	}
	o["entries"] = list
	a := jsonAnswer(http.StatusOK, o)
	a.header.Set("Content-Type", "application/vnd.github.object+json; charset=utf-8")
	return a
}

// contentsEntry is what files and folders share.
func (c *call) contentsEntry(r *repository, e treeEntry, file, ref string) (object, error) {
	kind, size, folder := "file", 0, "blob"
	switch {
	case e.kind == "tree":
		kind, folder = "dir", "tree"
	case e.kind == "commit":
		kind, folder = "submodule", "tree"
	case e.mode == "120000":
		kind = "symlink"
	}
	if e.kind == "blob" {
		n, err := r.git.size(e.oid)
		if err != nil {
			return nil, err
		}
		size = n
	}
	escaped := (&url.URL{Path: file}).EscapedPath()
	self := c.repoURL(r) + "/contents/" + escaped + "?ref=" + url.QueryEscape(ref)
	git := c.repoURL(r) + "/git/" + folder + "s/" + e.oid
	web := c.webURL(r) + "/" + folder + "/" + ref + "/" + escaped
	var download any
	if kind == "file" || kind == "symlink" {
		download = c.root + "/raw/" + r.Name + "/" + ref + "/" + escaped
	}
	name := file[strings.LastIndexByte(file, '/')+1:]
	return object{
		"name": name, "path": file, "sha": e.oid, "size": size, "type": kind, "url": self, "git_url": git, "html_url": web,
		"download_url": download, "_links": object{"self": self, "git": git, "html": web},
	}, nil
}

// changedFiles is what a commit did against its first parent.
func (c *call) changedFiles(r *repository, k *commitData) ([]any, error) {
	changes, err := r.git.changes(c.r.Context(), k.oid, true)
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, ch := range changes[:min(len(changes), 300)] {
		escaped := (&url.URL{Path: ch.path}).EscapedPath()
		o := object{
			"sha": textOrNil(ch.oid), "filename": ch.path, "status": ch.status,
			"additions": ch.added, "deletions": ch.deleted, "changes": ch.added + ch.deleted,
			"blob_url":     c.webURL(r) + "/blob/" + k.oid + "/" + escaped,
			"raw_url":      c.webURL(r) + "/raw/" + k.oid + "/" + escaped,
			"contents_url": c.repoURL(r) + "/contents/" + escaped + "?ref=" + k.oid,
		}
		if ch.previous != "" {
			o["previous_filename"] = ch.previous
		}
		out = append(out, o)
	}
	return out, nil
}

func (c *call) refJSON(r *repository, f gitRef) object {
	kind := map[string]string{"commit": "commits", "tag": "tags", "tree": "trees", "blob": "blobs"}[f.kind]
	return object{
		"ref": f.name, "node_id": nodeID("REF", r.Name, f.name),
		"url":    c.repoURL(r) + "/git/" + (&url.URL{Path: f.name}).EscapedPath(),
		"object": object{"type": f.kind, "sha": f.oid, "url": c.repoURL(r) + "/git/" + kind + "/" + f.oid},
	}
}

func (c *call) matchingRefs(r *repository) answer {
	if r.git == nil || c.s.empty(r) {
		return c.emptyRepository()
	}
	refs, err := r.git.refs(c.r.Context(), "refs/"+c.r.PathValue("ref"))
	if err != nil {
		return c.broken(err)
	}
	out := []any{}
	for _, f := range refs {
		out = append(out, c.refJSON(r, f))
	}
	return jsonAnswer(http.StatusOK, out)
}

func (c *call) getRef(r *repository) answer {
	if r.git == nil || c.s.empty(r) {
		return c.emptyRepository()
	}
	name := "refs/" + c.r.PathValue("ref")
	refs, err := r.git.refs(c.r.Context(), name)
	if err != nil {
		return c.broken(err)
	}
	for _, f := range refs {
		if f.name == name {
			return jsonAnswer(http.StatusOK, c.refJSON(r, f))
		}
	}
	return c.notFound()
}

func (c *call) listTags(r *repository) answer {
	var refs []gitRef
	if r.git != nil {
		var err error
		if refs, err = r.git.refs(c.r.Context(), "refs/tags/"); err != nil {
			return c.broken(err)
		}
	}
	slices.Reverse(refs) // newest names first, as GitHub does
	var bad error
	a := page(c, r, refs, func(f gitRef) any {
		oid, _, _, err := r.git.resolve(f.oid + "^{commit}")
		if err != nil && !errors.Is(err, errNoObject) {
			bad = err
		}
		name := strings.TrimPrefix(f.name, "refs/tags/")
		return object{
			"name": name, "node_id": nodeID("REF", r.Name, f.name), "commit": object{"sha": oid, "url": c.repoURL(r) + "/commits/" + oid},
			"zipball_url": c.repoURL(r) + "/zipball/" + f.name, "tarball_url": c.repoURL(r) + "/tarball/" + f.name,
		}
	})
	if bad != nil {
		return c.broken(bad)
	}
	return a
}

// raw is the host of files at a commit: no API request, no limit, plain texts.
func (c *call) raw(good bool) answer {
	text := func(status int, body string) answer {
		return answer{status: status, body: []byte(body), header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}}}
	}
	gone := text(http.StatusNotFound, "404: Not Found")
	if !good {
		return gone
	}
	path, err := url.PathUnescape(strings.TrimPrefix(c.path, "/raw/"))
	if err != nil {
		return gone
	}
	parts := strings.SplitN(path, "/", 4)
	if len(parts) < 4 || c.r.Method != http.MethodGet && c.r.Method != http.MethodHead {
		return gone
	}
	r := c.repository(parts[0] + "/" + parts[1])
	if r == nil || r.git == nil {
		return gone
	}
	ref, file := parts[2], parts[3]
	if rest, ok := strings.CutPrefix(path, parts[0]+"/"+parts[1]+"/refs/"); ok { // refs/heads/main/file
		if f := strings.SplitN(rest, "/", 3); len(f) == 3 {
			ref, file = "refs/"+f[0]+"/"+f[1], f[2]
		}
	}
	at, err := c.s.revision(r, ref)
	if err != nil {
		return gone
	}
	k, err := r.git.commit(at)
	if err != nil {
		return gone
	}
	e, err := r.git.entry(k.tree, file)
	if err != nil || e.kind != "blob" {
		return gone
	}
	o, err := r.git.read(e.oid)
	if err != nil {
		return text(http.StatusInternalServerError, "ghtest: "+err.Error())
	}
	a := text(http.StatusOK, "")
	a.body = o.data
	a.header.Set("Date", c.s.clock().Format(http.TimeFormat))
	return a
}

// pullsOf lists the pull requests that brought a commit, merged ones.
func (s *Server) pullsOf(ctx context.Context, r *repository, oid string) ([]*PullRequest, error) {
	s.mu.Lock()
	pulls := slices.Clone(r.pulls)
	s.mu.Unlock()
	var out []*PullRequest
	for _, p := range pulls {
		in := p.MergeOID == oid || slices.Contains(p.Commits, oid)
		if !in && len(p.Commits) == 0 && p.MergeOID != "" && r.git != nil {
			brought, err := s.brought(ctx, r, p)
			if err != nil {
				return nil, err
			}
			in = slices.Contains(brought, oid)
		}
		if in {
			out = append(out, p)
		}
	}
	return out, nil
}

// brought lists what a merge commit's other parents add to its first; kept once known.
func (s *Server) brought(ctx context.Context, r *repository, p *PullRequest) ([]string, error) {
	k, err := r.git.commit(p.MergeOID)
	if errors.Is(err, errNoObject) || err == nil && len(k.parents) < 2 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	have, known := r.brought[p.MergeOID]
	s.mu.Unlock()
	if known {
		return have, nil
	}
	ids, err := r.git.between(ctx, k.parents[0], k.parents[1:]...)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	r.brought[p.MergeOID] = ids
	s.mu.Unlock()
	return ids, nil
}

// changesOf lists what a pull request changed: as the fixture says, else by its merge commit.
func (s *Server) changesOf(ctx context.Context, r *repository, p *PullRequest) ([]fileChange, error) {
	if p.Files != nil || p.MergeOID == "" || r.git == nil {
		var out []fileChange
		for _, f := range p.Files {
			out = append(out, fileChange{path: f, status: "modified"})
		}
		return out, nil
	}
	if _, err := r.git.commit(p.MergeOID); errors.Is(err, errNoObject) {
		return nil, nil // a commit that the fixture made up
	}
	return r.git.changes(ctx, p.MergeOID, false)
}

func (c *call) listCommitPulls(r *repository) answer {
	oid, err := c.s.revision(r, c.r.PathValue("ref"))
	if err != nil {
		return c.absent(r, err, c.fail(http.StatusUnprocessableEntity, "No commit found for SHA: "+c.r.PathValue("ref")))
	}
	pulls, err := c.s.pullsOf(c.r.Context(), r, oid)
	if err != nil {
		return c.broken(err)
	}
	branch := c.s.branchName(r)
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return page(c, r, pulls, func(p *PullRequest) any { return c.pullJSON(r, p, branch) })
}

// pullJSON is a simple pull request. Callers hold s.mu.
func (c *call) pullJSON(r *repository, p *PullRequest, branch string) object {
	is := c.s.pullAsIssue(r, p)
	o := c.issueJSON(is)
	api := strings.Replace(o["url"].(string), "/issues/", "/pulls/", 1)
	web := o["html_url"].(string)
	issue := o["url"].(string)
	base := p.Base
	if base == "" {
		base = branch
	}
	side := func(label string) object {
		return object{
			"label": r.owner + ":" + label, "ref": label, "sha": p.MergeOID, "user": c.userJSON(c.s.account(r.owner)),
			"repo": c.repoJSON(r, branch, r.created),
		}
	}
	for _, k := range []string{"comments", "events_url", "labels_url", "timeline_url", "repository_url", "pull_request", "state_reason"} {
		delete(o, k)
	}
	for k, v := range (object{
		"url": api, "issue_url": issue, "diff_url": web + ".diff", "patch_url": web + ".patch",
		"commits_url": api + "/commits", "review_comments_url": api + "/comments", "review_comment_url": api + "/comments{/number}",
		"comments_url": issue + "/comments", "statuses_url": c.repoURL(r) + "/statuses/" + p.MergeOID,
		"merged_at": stampOrNil(p.Merged), "merge_commit_sha": textOrNil(p.MergeOID), "draft": false, "auto_merge": nil,
		"requested_reviewers": []any{}, "requested_teams": []any{}, "base": side(base), "head": side("change"),
		"_links": object{
			"self": object{"href": api}, "html": object{"href": web}, "issue": object{"href": issue},
			"comments": object{"href": issue + "/comments"}, "review_comments": object{"href": api + "/comments"},
			"review_comment": object{"href": api + "/comments{/number}"}, "commits": object{"href": api + "/commits"},
			"statuses": object{"href": c.repoURL(r) + "/statuses/" + p.MergeOID},
		},
	}) {
		o[k] = v
	}
	return o
}

// pullAsIssue is how a pull request shows in lists of issues.
func (s *Server) pullAsIssue(r *repository, p *PullRequest) *issue {
	updated := p.Created
	var closed *time.Time
	state := "open"
	if p.State != "open" {
		state = "closed"
		closed = p.Merged
		if closed == nil {
			closed = &updated
		}
		updated = *closed
	}
	return &issue{repo: r, pull: p, Issue: Issue{
		ID: p.ID, Number: p.Number, Title: p.Title, Body: p.Body, State: state, Author: p.Author, Labels: p.Labels,
		Created: p.Created, Updated: updated, Closed: closed,
	}}
}
