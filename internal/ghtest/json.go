package ghtest

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The forms of REST objects. They hold every field that GitHub's OpenAPI description demands, and
// those optional ones that clients look at.

type object = map[string]any

// nodeID is an opaque GraphQL id that says what it stands for.
func nodeID(prefix string, parts ...any) string {
	s := make([]string, len(parts))
	for i, p := range parts {
		s[i] = fmt.Sprint(p)
	}
	return prefix + "_" + base64.RawURLEncoding.EncodeToString([]byte(strings.Join(s, "\x00")))
}

func stampText(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func stampOrNil(t *time.Time) any {
	if t == nil || t.IsZero() {
		return nil
	}
	return stampText(*t)
}

func textOrNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// userJSON is a simple user, nil for a deleted account.
func (c *call) userJSON(u *user) any {
	if u == nil {
		return nil
	}
	return c.userObject(u)
}

func (c *call) userObject(u *user) object {
	api := c.base + "/users/" + url.PathEscape(u.login)
	kind := "User"
	if u.app {
		kind = "Bot"
	}
	return object{
		"login": u.login, "id": u.id, "node_id": nodeID("U", u.login), "gravatar_id": "",
		"avatar_url": "https://avatars.githubusercontent.com/u/" + strconv.FormatInt(u.id, 10) + "?v=4",
		"url":        api, "html_url": c.s.opts.WebURL + "/" + u.login, "followers_url": api + "/followers",
		"following_url": api + "/following{/other_user}", "gists_url": api + "/gists{/gist_id}",
		"starred_url": api + "/starred{/owner}{/repo}", "subscriptions_url": api + "/subscriptions",
		"organizations_url": api + "/orgs", "repos_url": api + "/repos", "events_url": api + "/events{/privacy}",
		"received_events_url": api + "/received_events", "type": kind, "site_admin": false, "user_view_type": "public",
	}
}

func (c *call) repoURL(r *repository) string { return c.base + "/repos/" + r.Name }
func (c *call) webURL(r *repository) string  { return c.s.opts.WebURL + "/" + r.Name }

// repoJSON is a full repository. Callers hold s.mu.
func (c *call) repoJSON(r *repository, branch string, pushed time.Time) object {
	api, web := c.repoURL(r), c.webURL(r)
	host := strings.TrimPrefix(strings.TrimPrefix(c.s.opts.WebURL, "https://"), "http://")
	open := 0
	for _, is := range r.issues {
		if is.State == "open" {
			open++
		}
	}
	visibility := "public"
	if r.Private {
		visibility = "private"
	}
	a := access(c.who, r)
	o := object{
		"id": r.id, "node_id": nodeID("R", r.Name), "name": r.name, "full_name": r.Name,
		"owner": c.userJSON(c.s.account(r.owner)), "private": r.Private, "html_url": web, "description": textOrNil(r.Description),
		"fork": false, "url": api, "homepage": nil, "language": nil, "license": nil, "mirror_url": nil,
		"archived": r.Archived, "disabled": false, "visibility": visibility, "default_branch": branch,
		"has_issues": !r.IssuesDisabled, "has_projects": false, "has_wiki": false, "has_pages": false,
		"has_discussions": false, "has_downloads": true, "allow_forking": true, "is_template": false, "web_commit_signoff_required": false,
		"forks": 0, "forks_count": 0, "stargazers_count": 0, "watchers": 0, "watchers_count": 0,
		"network_count": 0, "subscribers_count": 0, "size": 0, "topics": []string{},
		"open_issues": open, "open_issues_count": open,
		"created_at": stampText(r.created), "updated_at": stampText(pushed), "pushed_at": stampText(pushed),
		"git_url": "git://" + host + "/" + r.Name + ".git", "ssh_url": "git@" + host + ":" + r.Name + ".git",
		"clone_url": web + ".git", "svn_url": web,
		"permissions": object{"admin": false, "maintain": false, "push": a >= Write, "triage": a >= Write, "pull": a >= Read},
	}
	for name, tail := range map[string]string{
		"archive": "/{archive_format}{/ref}", "assignees": "/assignees{/user}", "blobs": "/git/blobs{/sha}",
		"branches": "/branches{/branch}", "collaborators": "/collaborators{/collaborator}", "comments": "/comments{/number}",
		"commits": "/commits{/sha}", "compare": "/compare/{base}...{head}", "contents": "/contents/{+path}",
		"contributors": "/contributors", "deployments": "/deployments", "downloads": "/downloads", "events": "/events",
		"forks": "/forks", "git_commits": "/git/commits{/sha}", "git_refs": "/git/refs{/sha}", "git_tags": "/git/tags{/sha}",
		"hooks": "/hooks", "issue_comment": "/issues/comments{/number}", "issue_events": "/issues/events{/number}",
		"issues": "/issues{/number}", "keys": "/keys{/key_id}", "labels": "/labels{/name}", "languages": "/languages",
		"merges": "/merges", "milestones": "/milestones{/number}", "notifications": "/notifications{?since,all,participating}",
		"pulls": "/pulls{/number}", "releases": "/releases{/id}", "stargazers": "/stargazers", "statuses": "/statuses/{sha}",
		"subscribers": "/subscribers", "subscription": "/subscription", "tags": "/tags", "teams": "/teams", "trees": "/git/trees{/sha}",
	} {
		o[name+"_url"] = api + tail
	}
	return o
}

func (c *call) labelJSON(r *repository, l *Label) object {
	return object{
		"id": l.ID, "node_id": nodeID("LA", r.Name, l.Name), "url": c.repoURL(r) + "/labels/" + url.PathEscape(l.Name),
		"name": l.Name, "color": l.Color, "default": false, "description": textOrNil(l.Description),
	}
}

// dueMoment is a due date as REST gives it: midnight in California, which is 7 or 8 hours behind.
func dueMoment(due *time.Time) any {
	if due == nil {
		return nil
	}
	y, m, d := due.UTC().Date()
	hours := 8
	if m > time.March && m < time.November {
		hours = 7
	}
	return stampText(time.Date(y, m, d, hours, 0, 0, 0, time.UTC))
}

// dueDay is a due date as GraphQL gives it: midnight in UTC.
func dueDay(due *time.Time) any {
	if due == nil {
		return nil
	}
	return due.UTC().Truncate(24 * time.Hour)
}

// milestoneJSON is nil for a milestone that is not there. Callers hold s.mu.
func (c *call) milestoneJSON(r *repository, m *Milestone) any {
	if m == nil {
		return nil
	}
	api := c.repoURL(r) + "/milestones/" + strconv.Itoa(m.Number)
	open, closed := r.counts(m)
	return object{
		"id": m.ID, "node_id": nodeID("MI", r.Name, m.Number), "number": m.Number, "title": m.Title, "state": m.State,
		"url": api, "labels_url": api + "/labels", "html_url": c.webURL(r) + "/milestone/" + strconv.Itoa(m.Number),
		"description": textOrNil(m.Description), "creator": c.userJSON(c.s.account(r.owner)),
		"open_issues": open, "closed_issues": closed, "due_on": dueMoment(m.Due), "closed_at": stampOrNil(m.ClosedAt),
		"created_at": stampText(m.Created), "updated_at": stampText(m.Updated),
	}
}

// issueJSON is an issue. Callers hold s.mu.
func (c *call) issueJSON(is *issue) object {
	r := is.repo
	api, web := c.repoURL(r)+"/issues/"+strconv.Itoa(is.Number), c.webURL(r)+"/issues/"+strconv.Itoa(is.Number)
	labels := []any{}
	for _, name := range is.Labels {
		if l := r.label(name); l != nil {
			labels = append(labels, c.labelJSON(r, l))
		}
	}
	assignees := []any{}
	for _, login := range is.Assignees {
		assignees = append(assignees, c.userJSON(c.s.account(login)))
	}
	var assignee any
	if len(assignees) > 0 {
		assignee = assignees[0]
	}
	o := object{
		"id": is.ID, "node_id": nodeID("I", r.Name, is.Number), "number": is.Number, "title": is.Title, "body": textOrNil(is.Body),
		"state": is.State, "state_reason": textOrNil(is.Reason), "locked": is.Locked, "active_lock_reason": nil,
		"user": c.userJSON(c.s.account(is.Author)), "author_association": c.association(r, is.Author),
		"labels": labels, "assignee": assignee, "assignees": assignees, "milestone": c.milestoneJSON(r, r.milestone(is.Milestone)),
		"comments": len(is.comments), "created_at": stampText(is.Created), "updated_at": stampText(is.Updated),
		"closed_at": stampOrNil(is.Closed), "url": api, "repository_url": c.repoURL(r), "html_url": web,
		"labels_url": api + "/labels{/name}", "comments_url": api + "/comments", "events_url": api + "/events",
		"timeline_url": api + "/timeline",
	}
	if p := is.pull; p != nil {
		pull := c.repoURL(r) + "/pulls/" + strconv.Itoa(p.Number)
		page := c.webURL(r) + "/pull/" + strconv.Itoa(p.Number)
		o["html_url"], o["node_id"] = page, nodeID("PR", r.Name, p.Number)
		o["pull_request"] = object{"url": pull, "html_url": page, "diff_url": page + ".diff", "patch_url": page + ".patch", "merged_at": stampOrNil(p.Merged)}
	}
	return o
}

func (c *call) association(r *repository, login string) string {
	if strings.EqualFold(login, r.owner) {
		return "OWNER"
	}
	return "NONE"
}

func (c *call) commentJSON(k *comment) object {
	r, is := k.issue.repo, k.issue
	return object{
		"id": k.ID, "node_id": nodeID("IC", r.Name, k.ID), "body": k.Body,
		"url":       c.repoURL(r) + "/issues/comments/" + strconv.FormatInt(k.ID, 10),
		"html_url":  c.webURL(r) + "/issues/" + strconv.Itoa(is.Number) + "#issuecomment-" + strconv.FormatInt(k.ID, 10),
		"issue_url": c.repoURL(r) + "/issues/" + strconv.Itoa(is.Number),
		"user":      c.userJSON(c.s.account(k.Author)), "author_association": c.association(r, k.Author),
		"created_at": stampText(k.Created), "updated_at": stampText(k.Updated),
	}
}

func (c *call) releaseJSON(r *repository, rel *Release, branch string) object {
	id := strconv.FormatInt(rel.ID, 10)
	api := c.repoURL(r) + "/releases/" + id
	o := object{
		"id": rel.ID, "node_id": nodeID("RE", r.Name, rel.Tag), "tag_name": rel.Tag, "target_commitish": branch,
		"name": textOrNil(rel.Name), "body": textOrNil(rel.Body), "draft": rel.Draft, "prerelease": rel.Prerelease,
		"created_at": stampText(rel.Created), "published_at": stampOrNil(&rel.Published), "author": c.userJSON(c.s.account(rel.Author)),
		"assets": []any{}, "url": api, "assets_url": api + "/assets", "upload_url": api + "/assets{?name,label}",
		"html_url":    c.webURL(r) + "/releases/tag/" + url.PathEscape(rel.Tag),
		"tarball_url": c.repoURL(r) + "/tarball/" + url.PathEscape(rel.Tag), "zipball_url": c.repoURL(r) + "/zipball/" + url.PathEscape(rel.Tag),
	}
	return o
}

func signatureJSON(s signature) object {
	return object{"name": s.name, "email": s.email, "date": stampText(s.when)}
}

func (c *call) commitJSON(r *repository, k *commitData) object {
	api := c.repoURL(r)
	parents := []any{}
	for _, p := range k.parents {
		parents = append(parents, object{"sha": p, "url": api + "/commits/" + p, "html_url": c.webURL(r) + "/commit/" + p})
	}
	return object{
		"sha": k.oid, "node_id": nodeID("C", r.Name, k.oid), "url": api + "/commits/" + k.oid,
		"html_url": c.webURL(r) + "/commit/" + k.oid, "comments_url": api + "/commits/" + k.oid + "/comments",
		"author": nil, "committer": nil, "parents": parents,
		"commit": object{
			"author": signatureJSON(k.author), "committer": signatureJSON(k.committer), "message": k.message,
			"tree": object{"sha": k.tree, "url": api + "/git/trees/" + k.tree}, "url": api + "/git/commits/" + k.oid,
			"comment_count": 0,
			"verification":  object{"verified": false, "reason": "unsigned", "signature": nil, "payload": nil, "verified_at": nil},
		},
	}
}
