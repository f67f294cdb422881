package ghtest

import (
	"cmp"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The objects below are copies taken under the lock: what is resolved afterwards is the state of one
// moment per list.

func (x *execution) issue(r *repository, n int) any {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	if is := r.issue(n); is != nil {
		return issueNode{r, is.snapshot()}
	}
	return nil
}

func (x *execution) pull(r *repository, n int) any {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	if p := r.pull(n); p != nil {
		return pullNode{r, p}
	}
	return nil
}

func (x *execution) commentByID(r *repository, id int64) any {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	if k := r.comments[id]; k != nil {
		return commentNode{r, k.issue.Number, k.Comment}
	}
	return nil
}

func (x *execution) label(r *repository, name string) any {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	if l := r.label(name); l != nil {
		return labelNode{r, *l}
	}
	return nil
}

func (x *execution) milestone(r *repository, n int) any {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	for _, m := range r.milestones {
		if m.Number == n {
			return milestoneNode{r, *m, r.progress(m)}
		}
	}
	return nil
}

func (x *execution) release(r *repository, tag string) any {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	list := shownReleases(x.c.who, r)
	for _, rel := range list {
		if rel.Tag == tag {
			return releaseNode{r, rel, rel == latest(list)}
		}
	}
	return nil
}

// issues answers every connection of issues; base holds what its owner (a label, a milestone) demands.
func (x *execution) issues(r *repository, base issueQuery, a arguments) (any, error) {
	q := base
	lower := func(states []string) []string {
		var out []string
		for _, s := range states {
			out = append(out, strings.ToLower(s))
		}
		return out
	}
	q.states = lower(a.list("states"))
	if l := a.list("labels"); len(l) > 0 && len(q.labels) == 0 {
		q.labels, q.anyLabels = l, true
	}
	f := a.object("filterBy")
	if l := f.list("labels"); len(l) > 0 {
		q.labels, q.anyLabels = append(q.labels, l...), false
	}
	if s := f.list("states"); len(s) > 0 {
		q.states = lower(s)
	}
	since, err := f.time("since")
	if err != nil {
		return nil, err
	}
	q.since, q.creator, q.assignee, q.mentioned = since, f.text("createdBy"), f.text("assignee"), f.text("mentioned")
	for _, key := range []string{"milestone", "milestoneNumber"} {
		v, given := f[key]
		switch id := f.text(key); {
		case !given:
		case v == nil:
			q.milestone = "none"
		case key == "milestone" && id != "*":
			q.milestone = x.milestoneByID(r, id)
		default:
			q.milestone = id
		}
	}
	order := a.object("orderBy")
	x.s.mu.Lock()
	found := x.s.selectIssues(r, q)
	var items []item
	for _, is := range found {
		key := number(is.Created.Unix())
		switch order.text("field") {
		case "UPDATED_AT":
			key = number(is.Updated.Unix())
		case "COMMENTS":
			key = number(len(is.comments))
		}
		items = append(items, item{key + number(is.Number), issueNode{r, is.snapshot()}})
	}
	x.s.mu.Unlock()
	return paged("IssueConnection", "issues", a, order.text("direction") == "DESC", items)
}

// milestoneByID turns the database id that filterBy.milestone takes into a number; "0" matches none.
func (x *execution) milestoneByID(r *repository, id string) string {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	for _, m := range r.milestones {
		if strconv.FormatInt(m.ID, 10) == id {
			return strconv.Itoa(m.Number)
		}
	}
	return "0"
}

func (x *execution) comments(n issueNode, a arguments) (any, error) {
	x.s.mu.Lock()
	var items []item
	if is := n.r.issue(n.Number); is != nil {
		for _, k := range selectComments(is) {
			key := number(k.ID)
			if a.object("orderBy").text("field") == "UPDATED_AT" {
				key = number(k.Updated.Unix()) + key
			}
			items = append(items, item{key, commentNode{n.r, n.Number, k.Comment}})
		}
	}
	x.s.mu.Unlock()
	return paged("IssueCommentConnection", "comments", a, a.object("orderBy").text("direction") == "DESC", items)
}

// labels answers a connection over the labels of a repository or, with names, of an issue.
func (x *execution) labels(r *repository, names []string, all bool, a arguments) (any, error) {
	x.s.mu.Lock()
	var items []item
	add := func(l *Label) {
		if l == nil || !strings.Contains(strings.ToLower(l.Name), strings.ToLower(a.text("query"))) {
			return
		}
		key := number(l.Created.Unix()) + number(l.ID)
		if a.object("orderBy").text("field") == "NAME" {
			key = strings.ToLower(l.Name)
		}
		items = append(items, item{key, labelNode{r, *l}})
	}
	if all {
		for _, l := range r.labels {
			add(l)
		}
	}
	for _, name := range names {
		add(r.label(name))
	}
	x.s.mu.Unlock()
	return paged("LabelConnection", "labels", a, a.object("orderBy").text("direction") == "DESC", items)
}

func (x *execution) milestones(r *repository, a arguments) (any, error) {
	x.s.mu.Lock()
	var items []item
	states := a.list("states")
	for _, m := range r.milestones {
		if len(states) > 0 && !containsFold(states, m.State) {
			continue
		}
		if q := a.text("query"); q != "" && !strings.Contains(strings.ToLower(m.Title), strings.ToLower(q)) {
			continue
		}
		key := number(m.Number)
		switch a.object("orderBy").text("field") {
		case "CREATED_AT":
			key = number(m.Created.Unix()) + key
		case "UPDATED_AT":
			key = number(m.Updated.Unix()) + key
		case "DUE_DATE":
			due := int64(0)
			if m.Due != nil {
				due = m.Due.Unix()
			}
			key = number(due) + key
		}
		items = append(items, item{key, milestoneNode{r, *m, r.progress(m)}})
	}
	x.s.mu.Unlock()
	return paged("MilestoneConnection", "milestones", a, a.object("orderBy").text("direction") == "DESC", items)
}

func (x *execution) releases(r *repository, a arguments) (any, error) {
	x.s.mu.Lock()
	list := shownReleases(x.c.who, r)
	newest := latest(list)
	var items []item
	for _, rel := range list {
		key := number(rel.Created.Unix()) + number(rel.ID)
		if a.object("orderBy").text("field") == "NAME" {
			key = cmp.Or(rel.Name, rel.Tag)
		}
		items = append(items, item{key, releaseNode{r, rel, rel == newest}})
	}
	x.s.mu.Unlock()
	descending := a.object("orderBy").text("direction") != "ASC" // newest first without an order
	return paged("ReleaseConnection", "releases", a, descending, items)
}

func containsFold(list []string, s string) bool {
	for _, v := range list {
		if strings.EqualFold(v, s) {
			return true
		}
	}
	return false
}

// actor is an author, null for a deleted account.
func (x *execution) actor(login string) any {
	if u := x.account(login); u != nil {
		return u
	}
	return nil
}

// commentFields are those of the interface Comment.
func commentFields[T any](of func(T) (author, body string, created, updated time.Time)) map[string]resolver {
	return map[string]resolver{
		"author":    value(func(x *execution, o T) any { author, _, _, _ := of(o); return x.actor(author) }),
		"body":      value(func(_ *execution, o T) any { _, body, _, _ := of(o); return body }),
		"createdAt": value(func(_ *execution, o T) any { _, _, at, _ := of(o); return at }),
		"updatedAt": value(func(_ *execution, o T) any { _, _, _, at := of(o); return at }),
		"viewerDidAuthor": value(func(x *execution, o T) any {
			author, _, _, _ := of(o)
			return author != "" && strings.EqualFold(author, x.c.who.Login)
		}),
	}
}

// located are the fields of everything that has a page: id, repository, url and resourcePath.
func located[T any](into map[string]resolver, of func(T) (r *repository, id, page string)) map[string]resolver {
	into["id"] = value(func(_ *execution, o T) any { _, id, _ := of(o); return id })
	into["repository"] = value(func(_ *execution, o T) any { r, _, _ := of(o); return r })
	into["resourcePath"] = value(func(_ *execution, o T) any { r, _, page := of(o); return "/" + r.Name + page })
	into["url"] = value(func(x *execution, o T) any { r, _, page := of(o); return x.c.webURL(r) + page })
	return into
}

func userFields[T any](of func(T) *user) map[string]resolver {
	return map[string]resolver{
		"avatarUrl": value(func(_ *execution, v T) any {
			return "https://avatars.githubusercontent.com/u/" + strconv.FormatInt(of(v).id, 10) + "?v=4"
		}),
		"createdAt":    value(func(_ *execution, v T) any { return of(v).created }),
		"databaseId":   value(func(_ *execution, v T) any { return of(v).id }),
		"id":           value(func(_ *execution, v T) any { return nodeID("U", of(v).login) }),
		"isViewer":     value(func(x *execution, v T) any { return strings.EqualFold(of(v).login, x.c.who.Login) }),
		"login":        value(func(_ *execution, v T) any { return of(v).login }),
		"name":         value(func(_ *execution, _ T) any { return nil }),
		"resourcePath": value(func(_ *execution, v T) any { return "/" + of(v).login }),
		"url":          value(func(x *execution, v T) any { return x.s.opts.WebURL + "/" + of(v).login }),
	}
}

// accountOf takes the account out of the three guises users come in.
func accountOf(v any) *user {
	switch v := v.(type) {
	case viewerNode:
		return v.user
	case ownerNode:
		return v.user
	default:
		return v.(*user)
	}
}

func issueResolvers() map[string]map[string]resolver {
	issue := commentFields(func(i issueNode) (string, string, time.Time, time.Time) {
		return i.Author, i.Body, i.Created, i.Updated
	})
	located(issue, func(i issueNode) (*repository, string, string) {
		return i.r, nodeID("I", i.r.Name, i.Number), "/issues/" + strconv.Itoa(i.Number)
	})
	for name, f := range map[string]resolver{
		"assignees": field(func(x *execution, i issueNode, a arguments) (any, error) {
			var items []item
			for n, login := range i.Assignees {
				items = append(items, item{number(n), ownerNode{x.account(login)}})
			}
			return paged("UserConnection", "assignees", a, false, items)
		}),
		"closed":     value(func(_ *execution, i issueNode) any { return i.State == "closed" }),
		"closedAt":   value(func(_ *execution, i issueNode) any { return i.Closed }),
		"comments":   field(func(x *execution, i issueNode, a arguments) (any, error) { return x.comments(i, a) }),
		"databaseId": value(func(_ *execution, i issueNode) any { return i.ID }),
		"labels":     field(func(x *execution, i issueNode, a arguments) (any, error) { return x.labels(i.r, i.Labels, false, a) }),
		"locked":     value(func(_ *execution, i issueNode) any { return i.Locked }),
		"milestone": value(func(x *execution, i issueNode) any {
			x.s.mu.Lock()
			m := i.r.milestone(i.Milestone)
			x.s.mu.Unlock()
			if m == nil {
				return nil
			}
			return x.milestone(i.r, m.Number)
		}),
		"number": value(func(_ *execution, i issueNode) any { return i.Number }),
		"state":  value(func(_ *execution, i issueNode) any { return strings.ToUpper(i.State) }),
		"stateReason": value(func(_ *execution, i issueNode) any {
			return textOrNil(strings.ToUpper(i.Reason))
		}),
		"title": value(func(_ *execution, i issueNode) any { return i.Title }),
	} {
		issue[name] = f
	}

	comment := commentFields(func(k commentNode) (string, string, time.Time, time.Time) {
		return k.Author, k.Body, k.Created, k.Updated
	})
	located(comment, func(k commentNode) (*repository, string, string) {
		return k.r, nodeID("IC", k.r.Name, k.ID), "/issues/" + strconv.Itoa(k.number) + "#issuecomment-" + strconv.FormatInt(k.ID, 10)
	})
	comment["databaseId"] = value(func(_ *execution, k commentNode) any { return k.ID })
	comment["issue"] = value(func(x *execution, k commentNode) any { return x.issue(k.r, k.number) })

	return map[string]map[string]resolver{
		"Issue": issue, "IssueComment": comment, "PullRequest": pullResolvers(), "PullRequestChangedFile": changedFileResolvers(),
		"User": userFields(accountOf), "Bot": userFields(accountOf),
		"Label":     labelResolvers(),
		"Milestone": milestoneResolvers(), "Release": releaseResolvers(),
	}
}

func pullResolvers() map[string]resolver {
	pull := commentFields(func(p pullNode) (string, string, time.Time, time.Time) {
		updated := p.Created
		if p.Merged != nil {
			updated = *p.Merged
		}
		return p.Author, p.Body, p.Created, updated
	})
	located(pull, func(p pullNode) (*repository, string, string) {
		return p.r, nodeID("PR", p.r.Name, p.Number), "/pull/" + strconv.Itoa(p.Number)
	})
	for name, f := range map[string]resolver{
		"baseRefName": value(func(x *execution, p pullNode) any {
			if p.Base != "" {
				return p.Base
			}
			return x.s.branchName(p.r)
		}),
		"closed":   value(func(_ *execution, p pullNode) any { return p.State != "open" }),
		"closedAt": value(func(_ *execution, p pullNode) any { return p.Merged }),
		"closingIssuesReferences": field(func(x *execution, p pullNode, a arguments) (any, error) {
			return x.closing(p, a)
		}),
		"files":      field(func(x *execution, p pullNode, a arguments) (any, error) { return x.changedFiles(p, a) }),
		"databaseId": value(func(_ *execution, p pullNode) any { return p.ID }),
		"labels":     field(func(x *execution, p pullNode, a arguments) (any, error) { return x.labels(p.r, p.Labels, false, a) }),
		"mergeCommit": field(func(_ *execution, p pullNode, _ arguments) (any, error) {
			if p.MergeOID == "" || p.r.git == nil {
				return nil, nil
			}
			k, err := p.r.git.commit(p.MergeOID)
			return maybe(commitNode{p.r, k}, err)
		}),
		"merged":   value(func(_ *execution, p pullNode) any { return p.State == "merged" }),
		"mergedAt": value(func(_ *execution, p pullNode) any { return p.Merged }),
		"number":   value(func(_ *execution, p pullNode) any { return p.Number }),
		"state":    value(func(_ *execution, p pullNode) any { return strings.ToUpper(p.State) }),
		"title":    value(func(_ *execution, p pullNode) any { return p.Title }),
	} {
		pull[name] = f
	}
	return pull
}

// closing are the issues that a pull request closes; those that the viewer may not see are left out.
func (x *execution) closing(p pullNode, a arguments) (any, error) {
	x.s.mu.Lock()
	var items []item
	for i, c := range p.Closes {
		key, n := closes(p.r, c)
		r := x.s.repos[key]
		if r == nil || access(x.c.who, r) < Read {
			continue
		}
		if is := r.issue(n); is != nil {
			items = append(items, item{number(i), issueNode{r, is.snapshot()}})
		}
	}
	x.s.mu.Unlock()
	return paged("IssueConnection", "closingIssuesReferences", a, a.object("orderBy").text("direction") == "DESC", items)
}

// changedFiles are a pull request's files by path.
func (x *execution) changedFiles(p pullNode, a arguments) (any, error) {
	list, err := x.s.changesOf(x.c.r.Context(), p.r, p.PullRequest)
	if err != nil {
		return nil, err
	}
	var items []item
	for _, f := range list {
		items = append(items, item{f.path, changedFileNode{f}})
	}
	return paged("PullRequestChangedFileConnection", "files", a, false, items)
}

func changedFileResolvers() map[string]resolver {
	return map[string]resolver{
		"additions": value(func(_ *execution, f changedFileNode) any { return f.added }),
		"deletions": value(func(_ *execution, f changedFileNode) any { return f.deleted }),
		"path":      value(func(_ *execution, f changedFileNode) any { return f.path }),
		"changeType": value(func(_ *execution, f changedFileNode) any {
			switch f.status {
			case "added":
				return "ADDED"
			case "removed":
				return "DELETED"
			default:
				return "MODIFIED"
			}
		}),
	}
}

func labelResolvers() map[string]resolver {
	return located(map[string]resolver{
		"color":       value(func(_ *execution, l labelNode) any { return l.Color }),
		"createdAt":   value(func(_ *execution, l labelNode) any { return l.Created }),
		"description": value(func(_ *execution, l labelNode) any { return textOrNil(l.Description) }),
		"isDefault":   value(func(_ *execution, _ labelNode) any { return false }),
		"name":        value(func(_ *execution, l labelNode) any { return l.Name }),
		"issues": field(func(x *execution, l labelNode, a arguments) (any, error) {
			return x.issues(l.r, issueQuery{labels: []string{l.Name}}, a)
		}),
	}, func(l labelNode) (*repository, string, string) {
		return l.r, nodeID("LA", l.r.Name, l.Name), "/labels/" + url.PathEscape(l.Name)
	})
}

func milestoneResolvers() map[string]resolver {
	return located(map[string]resolver{
		"closed":             value(func(_ *execution, m milestoneNode) any { return m.State == "closed" }),
		"closedAt":           value(func(_ *execution, m milestoneNode) any { return m.ClosedAt }),
		"createdAt":          value(func(_ *execution, m milestoneNode) any { return m.Created }),
		"creator":            value(func(x *execution, m milestoneNode) any { return x.actor(m.r.owner) }),
		"description":        value(func(_ *execution, m milestoneNode) any { return textOrNil(m.Description) }),
		"dueOn":              value(func(_ *execution, m milestoneNode) any { return dueDay(m.Due) }),
		"number":             value(func(_ *execution, m milestoneNode) any { return m.Number }),
		"progressPercentage": value(func(_ *execution, m milestoneNode) any { return m.progress }),
		"state":              value(func(_ *execution, m milestoneNode) any { return strings.ToUpper(m.State) }),
		"title":              value(func(_ *execution, m milestoneNode) any { return m.Title }),
		"updatedAt":          value(func(_ *execution, m milestoneNode) any { return m.Updated }),
		"issues": field(func(x *execution, m milestoneNode, a arguments) (any, error) {
			f := arguments{}
			for k, v := range a.object("filterBy") {
				f[k] = v
			}
			f["milestoneNumber"] = strconv.Itoa(m.Number)
			with := arguments{}
			for k, v := range a {
				with[k] = v
			}
			with["filterBy"] = map[string]any(f)
			return x.issues(m.r, issueQuery{}, with)
		}),
		"pullRequests": field(func(x *execution, m milestoneNode, a arguments) (any, error) {
			c, err := paged("PullRequestConnection", "pullRequests", a, false, nil)
			if err != nil {
				return nil, err
			}
			n, states := 0, a.list("states")
			if len(states) == 0 || containsFold(states, "open") {
				n += m.OpenIssues
			}
			if len(states) == 0 || containsFold(states, "closed") || containsFold(states, "merged") {
				n += m.ClosedIssues
			}
			c.total = func() (int, error) { return n, nil } // they are counted, and not kept
			return c, nil
		}),
	}, func(m milestoneNode) (*repository, string, string) {
		return m.r, nodeID("MI", m.r.Name, m.Number), "/milestone/" + strconv.Itoa(m.Number)
	})
}

func releaseResolvers() map[string]resolver {
	return located(map[string]resolver{
		"author":       value(func(x *execution, rel releaseNode) any { return ownerNode{x.account(rel.Author)} }),
		"createdAt":    value(func(_ *execution, rel releaseNode) any { return rel.Created }),
		"databaseId":   value(func(_ *execution, rel releaseNode) any { return rel.ID }),
		"description":  value(func(_ *execution, rel releaseNode) any { return textOrNil(rel.Body) }),
		"isDraft":      value(func(_ *execution, rel releaseNode) any { return rel.Draft }),
		"isLatest":     value(func(_ *execution, rel releaseNode) any { return rel.latest }),
		"isPrerelease": value(func(_ *execution, rel releaseNode) any { return rel.Prerelease }),
		"name":         value(func(_ *execution, rel releaseNode) any { return textOrNil(rel.Name) }),
		"publishedAt": value(func(_ *execution, rel releaseNode) any {
			if rel.Published.IsZero() {
				return nil
			}
			return rel.Published
		}),
		"tag": field(func(x *execution, rel releaseNode, _ arguments) (any, error) {
			return x.ref(rel.r, "refs/tags/"+rel.Tag)
		}),
		"tagCommit": field(func(x *execution, rel releaseNode, _ arguments) (any, error) {
			oid, err := x.s.revision(rel.r, "refs/tags/"+rel.Tag)
			if errors.Is(err, errNoObject) {
				return nil, nil
			}
			if err != nil {
				return nil, err
			}
			return x.gitObject(rel.r, oid, "")
		}),
		"tagName":   value(func(_ *execution, rel releaseNode) any { return rel.Tag }),
		"updatedAt": value(func(_ *execution, rel releaseNode) any { return rel.Published }),
	}, func(rel releaseNode) (*repository, string, string) {
		return rel.r, nodeID("RE", rel.r.Name, rel.Tag), "/releases/tag/" + url.PathEscape(rel.Tag)
	})
}

func repositoryResolvers() map[string]resolver {
	m := map[string]resolver{
		"createdAt":  value(func(_ *execution, r *repository) any { return r.created }),
		"databaseId": value(func(_ *execution, r *repository) any { return r.id }),
		"defaultBranchRef": field(func(x *execution, r *repository, _ arguments) (any, error) {
			return x.ref(r, "refs/heads/"+x.s.branchName(r))
		}),
		"description":      value(func(_ *execution, r *repository) any { return textOrNil(r.Description) }),
		"hasIssuesEnabled": value(func(_ *execution, r *repository) any { return !r.IssuesDisabled }),
		"isArchived":       value(func(_ *execution, r *repository) any { return r.Archived }),
		"isDisabled":       value(func(_ *execution, _ *repository) any { return false }),
		"isEmpty":          value(func(x *execution, r *repository) any { return x.s.empty(r) }),
		"isFork":           value(func(_ *execution, _ *repository) any { return false }),
		"isPrivate":        value(func(_ *execution, r *repository) any { return r.Private }),
		"issue": field(func(x *execution, r *repository, a arguments) (any, error) {
			if is := x.issue(r, a.int("number")); is != nil {
				return is, nil
			}
			return nil, notResolved("Could not resolve to an Issue with the number of %d.", a.int("number"))
		}),
		"issueOrPullRequest": field(func(x *execution, r *repository, a arguments) (any, error) {
			if is := x.issue(r, a.int("number")); is != nil {
				return is, nil
			}
			if p := x.pull(r, a.int("number")); p != nil {
				return p, nil
			}
			return nil, notResolved("Could not resolve to an issue or pull request with the number of %d.", a.int("number"))
		}),
		"issues": field(func(x *execution, r *repository, a arguments) (any, error) { return x.issues(r, issueQuery{}, a) }),
		"label":  field(func(x *execution, r *repository, a arguments) (any, error) { return x.label(r, a.text("name")), nil }),
		"labels": field(func(x *execution, r *repository, a arguments) (any, error) { return x.labels(r, nil, true, a) }),
		"latestRelease": value(func(x *execution, r *repository) any {
			x.s.mu.Lock()
			defer x.s.mu.Unlock()
			if rel := latest(shownReleases(x.c.who, r)); rel != nil {
				return releaseNode{r, rel, true}
			}
			return nil
		}),
		"milestone": field(func(x *execution, r *repository, a arguments) (any, error) {
			return x.milestone(r, a.int("number")), nil
		}),
		"milestones":    field(func(x *execution, r *repository, a arguments) (any, error) { return x.milestones(r, a) }),
		"name":          value(func(_ *execution, r *repository) any { return r.name }),
		"nameWithOwner": value(func(_ *execution, r *repository) any { return r.Name }),
		"object": field(func(x *execution, r *repository, a arguments) (any, error) {
			if oid := a.text("oid"); oid != "" {
				if r.git == nil || !isOID(oid) {
					return nil, nil
				}
				return x.gitObject(r, oid, "")
			}
			return x.expression(r, a.text("expression"))
		}),
		"owner": value(func(x *execution, r *repository) any { return ownerNode{x.account(r.owner)} }),
		"pullRequest": field(func(x *execution, r *repository, a arguments) (any, error) {
			if p := x.pull(r, a.int("number")); p != nil {
				return p, nil
			}
			return nil, notResolved("Could not resolve to a PullRequest with the number of %d.", a.int("number"))
		}),
		"pushedAt":  field((*execution).pushedAt),
		"updatedAt": field((*execution).pushedAt),
		"ref":       field(func(x *execution, r *repository, a arguments) (any, error) { return x.ref(r, a.text("qualifiedName")) }),
		"refs":      field(func(x *execution, r *repository, a arguments) (any, error) { return x.refs(r, a) }),
		"release": field(func(x *execution, r *repository, a arguments) (any, error) {
			return x.release(r, a.text("tagName")), nil
		}),
		"releases": field(func(x *execution, r *repository, a arguments) (any, error) { return x.releases(r, a) }),
		"viewerPermission": value(func(x *execution, r *repository) any {
			if access(x.c.who, r) >= Write {
				return "WRITE"
			}
			return "READ"
		}),
		"visibility": value(func(_ *execution, r *repository) any {
			if r.Private {
				return "PRIVATE"
			}
			return "PUBLIC"
		}),
	}
	located(m, func(r *repository) (*repository, string, string) { return r, nodeID("R", r.Name), "" })
	delete(m, "repository")
	return m
}

// pushedAt is the time of the default branch's last commit, or that of creation.
func (x *execution) pushedAt(r *repository, _ arguments) (any, error) {
	oid, err := x.s.revision(r, "HEAD")
	if errors.Is(err, errNoObject) {
		return r.created, nil
	}
	if err != nil {
		return nil, err
	}
	k, err := r.git.commit(oid)
	if err != nil {
		return nil, err
	}
	return k.committer.when, nil
}
