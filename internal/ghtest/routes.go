package ghtest

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// route is one REST request: method, the path's segments and what answers it. A segment "{name}"
// matches one segment, "{name...}" one or more at the end.
type route struct {
	method   string
	segments []string
	answer   func(*call) answer
}

// match returns the values of the route's names. Segments are split before they are unescaped, so a
// branch "feature%2Fx" is one segment.
func (rt route) match(method string, path []string) (map[string]string, bool) {
	if method != rt.method && (method != http.MethodHead || rt.method != http.MethodGet) {
		return nil, false
	}
	values := map[string]string{}
	for i, want := range rt.segments {
		if i >= len(path) {
			return nil, false
		}
		name, named := strings.CutPrefix(want, "{")
		name = strings.TrimSuffix(name, "}")
		if rest, all := strings.CutSuffix(name, "..."); named && all {
			v, err := url.PathUnescape(strings.Join(path[i:], "/"))
			values[rest] = v
			return values, err == nil
		}
		got, err := url.PathUnescape(path[i])
		if err != nil || !named && got != want {
			return nil, false
		}
		values[name] = got
	}
	return values, len(path) == len(rt.segments)
}

// newRoutes is GitHub's REST surface as far as it is served, in the order of looking. What is not here
// is 404, a wrong method too.
func newRoutes() []route {
	var list []route
	handle := func(pattern string, f func(*call) answer) {
		method, path, _ := strings.Cut(pattern, " ")
		list = append(list, route{method, strings.Split(path[1:], "/"), f})
	}
	repo := func(pattern string, f func(*call, *repository) answer) {
		method, path, _ := strings.Cut(pattern, " ")
		handle(method+" /repos/{owner}/{repo}"+path, func(c *call) answer {
			r := c.repository(c.r.PathValue("owner") + "/" + c.r.PathValue("repo"))
			if r == nil {
				return c.notFound()
			}
			return f(c, r)
		})
	}
	handle("GET /rate_limit", (*call).getRateLimit)
	handle("GET /user", (*call).getUser)
	handle("GET /search/issues", (*call).searchIssues)

	repo("GET ", (*call).getRepository)
	repo("GET /commits", (*call).listCommits)
	repo("GET /commits/{ref}/pulls", (*call).listCommitPulls)
	repo("GET /commits/{ref...}", (*call).getCommit)
	repo("GET /git/trees/{sha...}", (*call).getTree)
	repo("POST /git/trees", (*call).createTree)
	repo("GET /git/blobs/{sha}", (*call).getBlob)
	repo("POST /git/blobs", (*call).createBlob)
	repo("POST /git/commits", (*call).createCommit)
	repo("POST /git/refs", (*call).createRef)
	repo("PATCH /git/refs/{ref...}", (*call).updateRef)
	repo("GET /git/matching-refs/{ref...}", (*call).matchingRefs)
	repo("GET /git/ref/{ref...}", (*call).getRef)
	repo("GET /contents", (*call).getContents)
	repo("GET /contents/{path...}", (*call).getContents)
	repo("GET /tarball/{ref...}", (*call).getTarball)
	repo("GET /tags", (*call).listTags)
	repo("GET /releases", (*call).listReleases)
	repo("GET /releases/latest", (*call).latestRelease)
	repo("GET /releases/tags/{tag...}", (*call).releaseByTag)
	repo("GET /milestones", (*call).listMilestones)
	repo("GET /milestones/{number}", (*call).getMilestone)

	repo("GET /issues", (*call).listIssues)
	repo("POST /issues", (*call).createIssue)
	repo("GET /issues/comments", (*call).listRepoComments)
	repo("GET /issues/comments/{id}", (*call).getComment)
	repo("PATCH /issues/comments/{id}", (*call).editComment)
	repo("DELETE /issues/comments/{id}", (*call).deleteComment)
	repo("GET /issues/{number}", (*call).getIssue)
	repo("PATCH /issues/{number}", (*call).editIssue)
	repo("GET /issues/{number}/comments", (*call).listComments)
	repo("POST /issues/{number}/comments", (*call).createComment)
	repo("GET /labels", (*call).listLabels)
	repo("POST /labels", (*call).createLabel)
	repo("GET /labels/{name}", (*call).getLabel)
	return list
}

// repository finds what the viewer may see; nil otherwise.
func (c *call) repository(name string) *repository {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	r := c.s.repos[strings.ToLower(name)]
	if r == nil || access(c.who, r) < Read {
		return nil
	}
	return r
}

// repositoryPath turns "/repositories/ID/issues", as Link headers have it, into "/repos/o/r/issues".
func (c *call) repositoryPath(path string) string {
	rest, ok := strings.CutPrefix(path, "/repositories/")
	if !ok {
		return path
	}
	num, tail, _ := strings.Cut(rest, "/")
	id, err := strconv.ParseInt(num, 10, 64)
	if err != nil {
		return path
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	for _, r := range c.s.order {
		if r.id == id {
			return strings.TrimSuffix("/repos/"+r.Name+"/"+tail, "/")
		}
	}
	return path
}

// refuse is why the viewer may not write, if so.
func (c *call) refuse(r *repository, need Access) (answer, bool) {
	switch {
	case c.who == nil:
		return c.fail(http.StatusUnauthorized, "Requires authentication"), true
	case access(c.who, r) < need && c.who.Integration:
		return c.fail(http.StatusForbidden, "Resource not accessible by integration"), true
	case access(c.who, r) < need:
		return c.fail(http.StatusForbidden, "Resource not accessible by personal access token"), true
	case r.Archived:
		return c.fail(http.StatusForbidden, "Repository was archived so is read-only."), true
	default:
		return answer{}, false
	}
}

// form is the media type asked for: "raw", "sha", "object", or "json" for all others.
func (c *call) form() string {
	for part := range strings.SplitSeq(c.r.Header.Get("Accept"), ",") {
		_, after, ok := strings.Cut(part, "application/vnd.github.")
		if !ok {
			continue
		}
		after = strings.TrimPrefix(after, "v3.")
		form, _, _ := strings.Cut(after, ";")
		form, _, _ = strings.Cut(form, "+")
		switch form = strings.TrimSpace(form); form {
		case "raw", "sha", "object":
			return form
		}
	}
	return "json"
}

// window is the page asked for.
type window struct{ page, size int }

func (c *call) window() window {
	q := c.r.URL.Query()
	w := window{page: 1, size: 30}
	if n, err := strconv.Atoi(q.Get("per_page")); err == nil && n > 0 {
		w.size = min(n, 100)
	}
	if n, err := strconv.Atoi(q.Get("page")); err == nil && n > 0 {
		w.page = n
	}
	return w
}

// page cuts a list to the page asked for, and answers it with its Link header.
func page[T any](c *call, r *repository, all []T, item func(T) any) answer {
	w := c.window()
	from := min((w.page-1)*w.size, len(all))
	to := min(from+w.size, len(all))
	out := []any{}
	for _, x := range all[from:to] {
		out = append(out, item(x))
	}
	a := jsonAnswer(http.StatusOK, out)
	c.link(&a, r, w, (len(all)+w.size-1)/w.size)
	return a
}

// link writes the Link header in GitHub's present form, which names the repository by its id.
func (c *call) link(a *answer, r *repository, w window, last int) {
	if last <= 1 {
		return
	}
	path := c.r.URL.EscapedPath()
	if r != nil {
		if parts := strings.SplitN(path, "/", 5); len(parts) == 5 {
			path = "/repositories/" + strconv.FormatInt(r.id, 10) + "/" + parts[4]
		}
	}
	var links []string
	add := func(rel string, n int) {
		q := url.Values{}
		for k, v := range c.r.URL.Query() {
			q[k] = v
		}
		q.Set("page", strconv.Itoa(n))
		links = append(links, "<"+c.base+path+"?"+q.Encode()+`>; rel="`+rel+`"`)
	}
	if w.page > 1 {
		add("prev", min(w.page-1, last))
	}
	if w.page < last {
		add("next", w.page+1)
		add("last", last)
	}
	if w.page > 1 {
		add("first", 1)
	}
	a.header.Set("Link", strings.Join(links, ", "))
}

// moment reads a date-time parameter; absent is the zero time.
func (c *call) moment(name string) (time.Time, error) {
	v := c.r.URL.Query().Get(name)
	if v == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, v)
	if err != nil {
		return time.Time{}, errors.New(name + " is not a date-time")
	}
	return t, nil
}

// Routes lists what is served of REST, as "METHOD /path/{name}" in GitHub's terms; a name that ends
// in "..." takes several segments. The contract test drives each.
func Routes() []string {
	var out []string
	for _, rt := range newRoutes() {
		out = append(out, rt.method+" /"+strings.Join(rt.segments, "/"))
	}
	return out
}
