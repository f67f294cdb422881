package ghtest

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// What resolvers hand on: one Go type for each object type, so that typeName can tell them apart.
type (
	queryRoot struct{}

	rateLimitNode struct {
		limitState
		nodes, cost int
	}
	viewerNode struct{ *user } // always a User, an app's too
	ownerNode  struct{ *user }
	labelNode  struct {
		r *repository
		Label
	}
	milestoneNode struct {
		r *repository
		Milestone
		progress float64
	}
	releaseNode struct {
		r *repository
		*Release
		latest bool
	}
	issueNode struct {
		r *repository
		Issue
	}
	commentNode struct {
		r      *repository
		number int
		Comment
	}
	pullNode struct {
		r *repository
		*PullRequest
	}
	refNode struct {
		r *repository
		gitRef
	}
	commitNode struct {
		r *repository
		*commitData
	}
	treeNode struct {
		r      *repository
		oid    string
		prefix string // path of the tree, where it is known
	}
	blobNode struct {
		r *repository
		*gitObject
	}
	tagNode struct {
		r *repository
		*tagData
	}
	entryNode struct {
		r *repository
		treeEntry
		path string
	}
	blameNode      struct{ ranges []any }
	blameRangeNode struct {
		r *repository
		blameRange
		age int
	}
	changedFileNode struct{ fileChange }
	actorNode       struct{ signature }
	committedNode   struct {
		commit commitNode
		ref    refNode
		client any
	}
)

// typeName is the object type of a resolved value.
func typeName(v any) string {
	switch v := v.(type) {
	case queryRoot:
		return "Query"
	case *repository:
		return "Repository"
	case rateLimitNode:
		return "RateLimit"
	case viewerNode, ownerNode:
		return "User"
	case *user:
		if v.app {
			return "Bot"
		}
		return "User"
	case labelNode:
		return "Label"
	case milestoneNode:
		return "Milestone"
	case releaseNode:
		return "Release"
	case issueNode:
		return "Issue"
	case commentNode:
		return "IssueComment"
	case pullNode:
		return "PullRequest"
	case refNode:
		return "Ref"
	case commitNode:
		return "Commit"
	case treeNode:
		return "Tree"
	case blobNode:
		return "Blob"
	case tagNode:
		return "Tag"
	case entryNode:
		return "TreeEntry"
	case blameNode:
		return "Blame"
	case blameRangeNode:
		return "BlameRange"
	case changedFileNode:
		return "PullRequestChangedFile"
	case actorNode:
		return "GitActor"
	case committedNode:
		return "CreateCommitOnBranchPayload"
	case *connection:
		return v.typ
	case edge:
		return v.typ
	case pageInfo:
		return "PageInfo"
	default:
		return ""
	}
}

// field makes a resolver of a method on one kind of source.
func field[T any](f func(x *execution, src T, args arguments) (any, error)) resolver {
	return func(x *execution, src any, args arguments) (any, error) {
		v, ok := src.(T)
		if !ok {
			return nil, fmt.Errorf("resolver got %T", src)
		}
		return f(x, v, args)
	}
}

// value makes a resolver of something that cannot fail.
func value[T any](f func(x *execution, src T) any) resolver {
	return field(func(x *execution, src T, _ arguments) (any, error) { return f(x, src), nil })
}

// newResolvers is the table of all fields of schema.graphql.
func newResolvers() map[string]map[string]resolver {
	all := map[string]map[string]resolver{
		"Query": queryResolvers(),
		"Mutation": {
			"createCommitOnBranch": field(func(x *execution, _ queryRoot, a arguments) (any, error) { return x.commitOnBranch(a.object("input")) }),
		},
		"CreateCommitOnBranchPayload": {
			"clientMutationId": value(func(_ *execution, p committedNode) any { return p.client }),
			"commit":           value(func(_ *execution, p committedNode) any { return p.commit }),
			"ref":              value(func(_ *execution, p committedNode) any { return p.ref }),
		},
		"RateLimit":  rateLimitResolvers(),
		"Repository": repositoryResolvers(),
		"PageInfo": {
			"endCursor":       value(func(_ *execution, p pageInfo) any { return p.cursorAt(len(p.items) - 1) }),
			"startCursor":     value(func(_ *execution, p pageInfo) any { return p.cursorAt(0) }),
			"hasNextPage":     value(func(_ *execution, p pageInfo) any { return p.more }),
			"hasPreviousPage": value(func(_ *execution, p pageInfo) any { return p.earlier }),
		},
	}
	for name, fields := range gitResolvers() {
		all[name] = fields
	}
	for name, fields := range issueResolvers() {
		all[name] = fields
	}
	for _, node := range []string{"Ref", "IssueComment", "Issue", "Label", "Milestone", "Release", "PullRequest", "PullRequestChangedFile", "User", "SearchResultItem"} {
		all[node+"Connection"] = connectionResolvers(node + "Edge")
		all[node+"Edge"] = edgeResolvers()
	}
	all["CommitConnection"] = connectionResolvers("CommitEdge")
	all["CommitHistoryConnection"] = connectionResolvers("CommitEdge")
	all["CommitEdge"] = edgeResolvers()
	all["SearchResultItemConnection"]["issueCount"] = field(func(_ *execution, c *connection, _ arguments) (any, error) { return c.total() })
	all["SearchResultItemConnection"]["repositoryCount"] = value(func(_ *execution, c *connection) any { return c.repoHits })
	return all
}

// cursorAt is the cursor of one item of the page, nil for an empty page.
func (c *connection) cursorAt(i int) any {
	if i < 0 || i >= len(c.items) {
		return nil
	}
	return cursor(c.items[i].key)
}

func connectionResolvers(edgeType string) map[string]resolver {
	return map[string]resolver{
		"nodes": value(func(_ *execution, c *connection) any {
			out := make([]any, len(c.items))
			for i, it := range c.items {
				out[i] = it.node
			}
			return out
		}),
		"edges": value(func(_ *execution, c *connection) any {
			out := make([]any, len(c.items))
			for i, it := range c.items {
				out[i] = edge{edgeType, it}
			}
			return out
		}),
		"pageInfo":   value(func(_ *execution, c *connection) any { return pageInfo{*c} }),
		"totalCount": field(func(_ *execution, c *connection, _ arguments) (any, error) { return c.total() }),
	}
}

func edgeResolvers() map[string]resolver {
	return map[string]resolver{
		"cursor": value(func(_ *execution, e edge) any { return cursor(e.key) }),
		"node":   value(func(_ *execution, e edge) any { return e.node }),
	}
}

func queryResolvers() map[string]resolver {
	return map[string]resolver{
		"node": field(func(x *execution, _ queryRoot, a arguments) (any, error) { return x.node(a.text("id")) }),
		"nodes": field(func(x *execution, _ queryRoot, a arguments) (any, error) {
			out := []any{}
			for i, id := range a.list("ids") {
				n, err := x.node(id)
				if err != nil {
					q, ok := err.(*queryError) //nolint:errorlint // node returns it as it is
					if !ok {
						return nil, err
					}
					x.errs = append(x.errs, graphqlError{Type: q.kind, Message: q.message, Path: []any{"nodes", i}})
				}
				out = append(out, n)
			}
			return out, nil
		}),
		"rateLimit": value(func(x *execution, _ queryRoot) any {
			return rateLimitNode{x.s.limitState(x.c.who, graphql), x.nodes, x.cost}
		}),
		"repository": field(func(x *execution, _ queryRoot, a arguments) (any, error) {
			name := a.text("owner") + "/" + a.text("name")
			if r := x.c.repository(name); r != nil {
				return r, nil
			}
			return nil, notResolved("Could not resolve to a Repository with the name '%s'.", name)
		}),
		"search": field(func(x *execution, _ queryRoot, a arguments) (any, error) { return x.search(a) }),
		"user": field(func(x *execution, _ queryRoot, a arguments) (any, error) {
			x.s.mu.Lock()
			defer x.s.mu.Unlock()
			u := x.s.users[strings.ToLower(a.text("login"))]
			if u == nil || u.app {
				return nil, notResolved("Could not resolve to a User with the login of '%s'.", a.text("login"))
			}
			return u, nil
		}),
		"viewer": value(func(x *execution, _ queryRoot) any { return viewerNode{x.account(x.c.who.Login)} }),
	}
}

func rateLimitResolvers() map[string]resolver {
	return map[string]resolver{
		"cost":      value(func(_ *execution, r rateLimitNode) any { return r.cost }),
		"limit":     value(func(_ *execution, r rateLimitNode) any { return r.Limit }),
		"nodeCount": value(func(_ *execution, r rateLimitNode) any { return r.nodes }),
		"remaining": value(func(_ *execution, r rateLimitNode) any { return r.Remaining }),
		"used":      value(func(_ *execution, r rateLimitNode) any { return r.Used }),
		"resetAt":   value(func(_ *execution, r rateLimitNode) any { return unixTime(r.Reset) }),
	}
}

// account is the user of a login, nil for "".
func (x *execution) account(login string) *user {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	return x.s.account(login)
}

// node finds an object by the id that nodeID made.
func (x *execution) node(id string) (any, error) {
	missing := notResolved("Could not resolve to a node with the global id of '%s'", id)
	prefix, enc, _ := strings.Cut(id, "_")
	raw, err := base64.RawURLEncoding.DecodeString(enc)
	if err != nil {
		return nil, missing
	}
	parts := strings.Split(string(raw), "\x00")
	if prefix == "U" {
		x.s.mu.Lock()
		defer x.s.mu.Unlock()
		if u := x.s.users[strings.ToLower(parts[0])]; u != nil {
			return u, nil
		}
		return nil, missing
	}
	r := x.c.repository(parts[0])
	if r == nil {
		return nil, missing
	}
	if prefix == "R" {
		return r, nil
	}
	if len(parts) != 2 {
		return nil, missing
	}
	key := parts[1]
	num, _ := strconv.ParseInt(key, 10, 64)
	var out any
	switch prefix {
	case "I":
		out = x.issue(r, int(num))
	case "IC":
		out = x.commentByID(r, num)
	case "PR":
		out = x.pull(r, int(num))
	case "LA":
		out = x.label(r, key)
	case "MI":
		out = x.milestone(r, int(num))
	case "RE":
		out = x.release(r, key)
	case "REF":
		return x.ref(r, key)
	case "C", "T", "B", "TA":
		if r.git == nil || !isOID(key) {
			return nil, missing
		}
		return x.gitObject(r, key, "")
	}
	if isNil(out) {
		return nil, missing
	}
	return out, nil
}

// search finds issues, pull requests and repositories.
func (x *execution) search(a arguments) (any, error) {
	x.s.mu.Lock()
	var items []item
	repos := 0
	if a.text("type") == "REPOSITORY" {
		for i, r := range x.s.order {
			if access(x.c.who, r) >= Read && strings.Contains(strings.ToLower(r.Name), strings.ToLower(a.text("query"))) {
				items = append(items, item{number(i), r})
			}
		}
		repos = len(items)
	} else {
		for i, is := range x.s.search(x.c.who, a.text("query")) {
			var node any = issueNode{is.repo, is.snapshot()}
			if is.pull != nil {
				node = pullNode{is.repo, is.pull}
			}
			items = append(items, item{number(i), node})
		}
	}
	x.s.mu.Unlock()
	c, err := paged("SearchResultItemConnection", "search", a, false, items)
	if err != nil {
		return nil, err
	}
	c.repoHits = repos
	if repos > 0 {
		c.total = func() (int, error) { return 0, nil } // issueCount
	}
	return c, nil
}
