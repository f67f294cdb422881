package ghtest

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

func (c *call) getRateLimit() answer {
	resources := object{}
	for _, name := range []string{core, search, graphql} {
		resources[name] = c.s.limitState(c.who, name)
	}
	return jsonAnswer(http.StatusOK, object{"resources": resources, "rate": c.s.limitState(c.who, core)})
}

func (c *call) getUser() answer {
	switch {
	case c.who == nil:
		return c.fail(http.StatusUnauthorized, "Requires authentication")
	case c.who.Integration:
		return c.fail(http.StatusForbidden, "Resource not accessible by integration")
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	u := c.s.account(c.who.Login)
	o := c.userObject(u)
	for k, v := range (object{
		"user_view_type": "private", "name": nil, "company": nil, "blog": "", "location": nil, "email": nil, "hireable": nil, "bio": nil,
		"public_repos": 0, "public_gists": 0, "followers": 0, "following": 0, "created_at": stampText(u.created), "updated_at": stampText(u.created),
		"private_gists": 0, "total_private_repos": 0, "owned_private_repos": 0, "disk_usage": 0, "collaborators": 0, "two_factor_authentication": true,
	}) {
		o[k] = v
	}
	return jsonAnswer(http.StatusOK, o)
}

func (c *call) searchIssues() answer {
	q := c.r.URL.Query().Get("q")
	if strings.TrimSpace(q) == "" {
		return c.invalid(invalidField{Resource: "Search", Code: "missing", Field: "q"})
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	for _, w := range words(q) {
		if name, ok := strings.CutPrefix(w, "repo:"); ok {
			if r := c.s.repos[strings.ToLower(name)]; r == nil || access(c.who, r) < Read {
				return c.invalid(invalidField{
					Resource: "Search", Code: "invalid", Field: "q",
					Message: "The listed users and repositories cannot be searched either because the resources do not exist or you do not have permission to view them.",
				})
			}
		}
	}
	found := c.s.search(c.who, q)
	if n := 1000; len(found) > n { // what search shows at most
		found = found[:n]
	}
	w := c.window()
	from := min((w.page-1)*w.size, len(found))
	items := []any{}
	for _, is := range found[from:min(from+w.size, len(found))] {
		o := c.issueJSON(is)
		o["score"] = 1.0
		items = append(items, o)
	}
	a := jsonAnswer(http.StatusOK, object{"total_count": len(found), "incomplete_results": false, "items": items, "search_type": "lexical"})
	c.link(&a, nil, w, (len(found)+w.size-1)/w.size)
	return a
}

func (c *call) listLabels(r *repository) answer {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return page(c, r, r.labels, func(l *Label) any { return c.labelJSON(r, l) })
}

func (c *call) getLabel(r *repository) answer {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	l := r.label(c.r.PathValue("name"))
	if l == nil {
		return c.notFound()
	}
	return jsonAnswer(http.StatusOK, c.labelJSON(r, l))
}

func (c *call) createLabel(r *repository) answer {
	if a, refused := c.refuse(r, Write); refused {
		return a
	}
	var f struct {
		Name        *string `json:"name"`
		Color       string  `json:"color"`
		Description string  `json:"description"`
	}
	if a, ok := c.decode(&f); !ok {
		return a
	}
	if f.Name == nil {
		return c.fail(http.StatusUnprocessableEntity, "Invalid request.\n\n\"name\" wasn't supplied.")
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	var errs []invalidField
	switch {
	case strings.TrimSpace(*f.Name) == "":
		errs = append(errs, invalidField{Resource: "Label", Code: "missing_field", Field: "name"})
	case utf8.RuneCountInString(*f.Name) > maxLabel:
		errs = append(errs, tooLong("Label", "name", maxLabel))
	case r.label(*f.Name) != nil:
		errs = append(errs, invalidField{Resource: "Label", Code: "already_exists", Field: "name"})
	}
	if f.Color != "" && (len(f.Color) != 6 || !isHex(strings.ToLower(f.Color))) {
		errs = append(errs, invalidField{Resource: "Label", Code: "invalid", Field: "color"})
	}
	if utf8.RuneCountInString(f.Description) > 100 {
		errs = append(errs, tooLong("Label", "description", 100))
	}
	if len(errs) > 0 {
		return c.invalid(errs...)
	}
	l := c.s.ensureLabel(r, *f.Name)
	if f.Color != "" {
		l.Color = strings.ToLower(f.Color)
	}
	l.Description = f.Description
	c.s.wrote(c, Written{What: "label", Action: "create", Repository: r.Name, ID: l.ID, Title: l.Name})
	a := jsonAnswer(http.StatusCreated, c.labelJSON(r, l))
	a.header.Set("Location", c.labelJSON(r, l)["url"].(string))
	return a
}

func (c *call) listMilestones(r *repository) answer {
	q := c.r.URL.Query()
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	var list []*Milestone
	state := cmp.Or(q.Get("state"), "open")
	for _, m := range r.milestones {
		if state == "all" || m.State == state {
			list = append(list, m)
		}
	}
	slices.SortStableFunc(list, func(a, b *Milestone) int {
		by := dueOrder(a, b)
		if q.Get("sort") == "completeness" {
			by = cmp.Compare(r.progress(a), r.progress(b))
		}
		if q.Get("direction") == "desc" {
			return -by
		}
		return by
	})
	return page(c, r, list, func(m *Milestone) any { return c.milestoneJSON(r, m) })
}

func (c *call) getMilestone(r *repository) answer {
	n, err := strconv.Atoi(c.r.PathValue("number"))
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	for _, m := range r.milestones {
		if err == nil && m.Number == n {
			return jsonAnswer(http.StatusOK, c.milestoneJSON(r, m))
		}
	}
	return c.fail(http.StatusNotFound, "Not Found")
}

// dueOrder puts milestones without a date last.
func dueOrder(a, b *Milestone) int {
	switch {
	case a.Due == nil && b.Due == nil:
		return cmp.Compare(a.Number, b.Number)
	case a.Due == nil:
		return 1
	case b.Due == nil:
		return -1
	default:
		return a.Due.Compare(*b.Due)
	}
}

// progress is the share of closed issues in percent. Callers hold s.mu.
func (r *repository) progress(m *Milestone) float64 {
	open, closed := r.counts(m)
	if open+closed == 0 {
		return 0
	}
	return 100 * float64(closed) / float64(open+closed)
}

// shownReleases are the releases a viewer sees, newest first. Callers hold s.mu.
func shownReleases(who *Token, r *repository) []*Release {
	var list []*Release
	for _, rel := range r.releases {
		if !rel.Draft || access(who, r) >= Write {
			list = append(list, rel)
		}
	}
	slices.SortStableFunc(list, func(a, b *Release) int { return b.Created.Compare(a.Created) })
	return list
}

// latest is the newest release that is neither draft nor prerelease; nil without one.
func latest(list []*Release) *Release {
	for _, rel := range list {
		if !rel.Draft && !rel.Prerelease {
			return rel
		}
	}
	return nil
}

func (c *call) listReleases(r *repository) answer {
	branch := c.s.branchName(r)
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return page(c, r, shownReleases(c.who, r), func(rel *Release) any { return c.releaseJSON(r, rel, branch) })
}

func (c *call) latestRelease(r *repository) answer {
	branch := c.s.branchName(r)
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	rel := latest(shownReleases(c.who, r))
	if rel == nil {
		return c.notFound()
	}
	return jsonAnswer(http.StatusOK, c.releaseJSON(r, rel, branch))
}

func (c *call) releaseByTag(r *repository) answer {
	branch := c.s.branchName(r)
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	for _, rel := range shownReleases(c.who, r) {
		if rel.Tag == c.r.PathValue("tag") && !rel.Draft {
			return jsonAnswer(http.StatusOK, c.releaseJSON(r, rel, branch))
		}
	}
	return c.notFound()
}
