package ghtest

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

func unixTime(secs int64) time.Time { return time.Unix(secs, 0).UTC() }

// maybe makes what does not exist null.
func maybe(v any, err error) (any, error) {
	if errors.Is(err, errNoObject) {
		return nil, nil
	}
	return v, err
}

// gitObject is any object by an expression of git; null when there is none. prefix is its path.
func (x *execution) gitObject(r *repository, name, prefix string) (any, error) {
	oid, kind, _, err := r.git.resolve(name)
	if err != nil {
		return maybe(nil, err)
	}
	if kind == "tree" {
		return treeNode{r, oid, prefix}, nil
	}
	o, err := r.git.read(oid)
	if err != nil {
		return nil, err
	}
	switch kind {
	case "commit":
		return commitNode{r, parseCommit(oid, o.data)}, nil
	case "tag":
		return tagNode{r, parseTag(oid, o.data)}, nil
	default:
		return blobNode{r, o}, nil
	}
}

// expression resolves Repository.object(expression:): HEAD is the default branch, "" in front of a
// colon too.
func (x *execution) expression(r *repository, expr string) (any, error) {
	if r.git == nil || expr == "" || strings.HasPrefix(expr, "-") || strings.HasPrefix(expr, ":") {
		return nil, nil
	}
	rev, file, in := strings.Cut(expr, ":")
	if rev == "HEAD" {
		rev = "refs/heads/" + x.s.branchName(r)
	}
	if !in {
		return x.gitObject(r, rev, "")
	}
	return x.gitObject(r, rev+":"+file, strings.Trim(file, "/"))
}

// ref finds a ref by its name: full ("refs/heads/main") or short; null if there is none.
func (x *execution) ref(r *repository, name string) (any, error) {
	if r.git == nil {
		return nil, nil
	}
	refs, err := r.git.refs(x.c.r.Context(), "refs/")
	if err != nil {
		return nil, err
	}
	for _, want := range []string{name, "refs/heads/" + name, "refs/tags/" + name} {
		for _, f := range refs {
			if f.name == want && strings.HasPrefix(want, "refs/") {
				return refNode{r, f}, nil
			}
		}
	}
	return nil, nil
}

// refs is Repository.refs.
func (x *execution) refs(r *repository, a arguments) (any, error) {
	prefix := a.text("refPrefix")
	if !strings.HasPrefix(prefix, "refs/") || !strings.HasSuffix(prefix, "/") {
		return nil, &queryError{"INVALID_REF_PREFIX", fmt.Sprintf("refPrefix '%s' must start with 'refs/' and end with '/'", prefix)}
	}
	var list []gitRef
	if r.git != nil {
		var err error
		if list, err = r.git.refs(x.c.r.Context(), prefix); err != nil {
			return nil, err
		}
	}
	byDate := a.object("orderBy").text("field") == "TAG_COMMIT_DATE"
	descending := a.text("direction") == "DESC" || a.object("orderBy").text("direction") == "DESC"
	items := []item{}
	for _, f := range list {
		short := strings.TrimPrefix(f.name, prefix)
		if q := a.text("query"); q != "" && !strings.Contains(strings.ToLower(short), strings.ToLower(q)) {
			continue
		}
		key := short
		if byDate {
			oid, _, _, err := r.git.resolve(f.oid + "^{commit}")
			if err != nil && !errors.Is(err, errNoObject) {
				return nil, err
			}
			at := int64(0)
			if err == nil {
				k, err := r.git.commit(oid)
				if err != nil {
					return nil, err
				}
				at = k.committer.when.Unix()
			}
			key = number(at) + short
		}
		items = append(items, item{key, refNode{r, f}})
	}
	return paged("RefConnection", "refs", a, descending, items)
}

// history is Commit.history: one page of git log. Only totalCount and last read all of it.
func (x *execution) history(k commitNode, a arguments) (any, error) {
	since, err := a.time("since")
	if err != nil {
		return nil, err
	}
	until, err := a.time("until")
	if err != nil {
		return nil, err
	}
	b, err := limits("history", a)
	if err != nil {
		return nil, err
	}
	q := historyQuery{oid: k.oid, path: strings.Trim(a.text("path"), "/"), since: since, until: until}
	if emails := a.object("author").list("emails"); len(emails) > 0 {
		q.author = "<" + emails[0] + ">"
	}
	ctx := x.c.r.Context()
	total := func() (int, error) { return k.r.git.countHistory(ctx, q) }
	key := func(i int) string { return number(i) }
	if b.first >= 0 && !b.hasBefore {
		skip := 0
		if b.hasAfter {
			n, err := strconv.Atoi(b.after)
			if err != nil {
				return nil, &queryError{"INVALID_CURSOR_ARGUMENTS", "`" + a.text("after") + "` does not appear to be a valid cursor."}
			}
			skip = n + 1
		}
		one := q
		one.skip, one.limit = skip, b.first+1
		ids, err := k.r.git.history(ctx, one)
		if err != nil {
			return nil, err
		}
		c := &connection{typ: "CommitHistoryConnection", more: len(ids) > b.first, earlier: skip > 0, total: total}
		for i, oid := range ids[:min(len(ids), b.first)] {
			if c.items, err = x.appendCommit(c.items, k.r, key(skip+i), oid); err != nil {
				return nil, err
			}
		}
		return c, nil
	}
	ids, err := k.r.git.history(ctx, q)
	if err != nil {
		return nil, err
	}
	var all []item
	for i, oid := range ids {
		all = append(all, item{key(i), oid})
	}
	c, err := paged("CommitHistoryConnection", "history", a, false, all)
	if err != nil {
		return nil, err
	}
	var out []item
	for _, it := range c.items {
		if out, err = x.appendCommit(out, k.r, it.key, it.node.(string)); err != nil {
			return nil, err
		}
	}
	c.items = out
	return c, nil
}

func (x *execution) appendCommit(to []item, r *repository, key, oid string) ([]item, error) {
	k, err := r.git.commit(oid)
	if err != nil {
		return nil, err
	}
	return append(to, item{key, commitNode{r, k}}), nil
}

// blame is Commit.blame. Ages go from 1, the newest commit of the file, to 10, the oldest.
func (x *execution) blame(k commitNode, file string) (any, error) {
	file = strings.Trim(file, "/")
	e, err := k.r.git.entry(k.tree, file)
	if errors.Is(err, errNoObject) || err == nil && e.kind != "blob" {
		return nil, notResolved("Could not resolve file for path '%s'.", file)
	}
	if err != nil {
		return nil, err
	}
	ranges, err := k.r.git.blame(x.c.r.Context(), k.oid, file)
	if err != nil {
		return nil, err
	}
	x.blamed += len(ranges)
	at := map[string]int64{}
	var times []int64
	for _, b := range ranges {
		if _, ok := at[b.oid]; ok {
			continue
		}
		one, err := k.r.git.commit(b.oid)
		if err != nil {
			return nil, err
		}
		at[b.oid] = one.committer.when.Unix()
		times = append(times, at[b.oid])
	}
	out := blameNode{ranges: []any{}}
	for _, b := range ranges {
		age := 1
		if lo, hi := slices.Min(times), slices.Max(times); hi > lo {
			age = 1 + int(9*(hi-at[b.oid])/(hi-lo))
		}
		out.ranges = append(out.ranges, blameRangeNode{k.r, b, age})
	}
	return out, nil
}

// file is Commit.file. GitHub gives null *and* an error of type NOT_FOUND for what is not there.
func (x *execution) file(k commitNode, file string) (any, error) {
	file = strings.Trim(file, "/")
	e, err := k.r.git.entry(k.tree, file)
	if errors.Is(err, errNoObject) || err == nil && file == "" {
		return nil, notResolved("Could not resolve file for path '%s'.", file)
	}
	if err != nil {
		return nil, err
	}
	e.name = path.Base(file)
	return entryNode{k.r, e, file}, nil
}

// text is Blob.text as GitHub cuts it: null when binary, at a limit otherwise, on a whole character.
func (x *execution) text(b blobNode) (text any, cut bool) {
	if isBinary(b.data) {
		return nil, false
	}
	limit := x.s.opts.BlobTextLimit
	if x.c.suffers(BlobTruncated) {
		limit = len(b.data) / 2
	}
	data := b.data
	if len(data) > limit {
		cut = true
		data = data[:limit]
		for len(data) > 0 && !utf8.RuneStart(b.data[len(data)]) {
			data = data[:len(data)-1]
		}
	}
	return strings.ToValidUTF8(string(data), "\uFFFD"), cut
}

// isBinary is git's own rule.
func isBinary(data []byte) bool {
	return bytes.IndexByte(data[:min(len(data), 8000)], 0) >= 0
}

func (x *execution) pulls(k commitNode, a arguments) (any, error) {
	list, err := x.s.pullsOf(x.c.r.Context(), k.r, k.oid)
	if err != nil {
		return nil, err
	}
	var items []item
	for _, p := range list {
		at := p.Created
		if a.object("orderBy").text("field") == "UPDATED_AT" && p.Merged != nil {
			at = *p.Merged
		}
		items = append(items, item{number(at.Unix()) + number(p.Number), pullNode{k.r, p}})
	}
	return paged("PullRequestConnection", "associatedPullRequests", a, a.object("orderBy").text("direction") == "DESC", items)
}

// objectFields are those of the interface GitObject.
func objectFields[T any](prefix string, of func(T) (*repository, string)) map[string]resolver {
	return map[string]resolver{
		"oid":                value(func(_ *execution, o T) any { _, oid := of(o); return oid }),
		"abbreviatedOid":     value(func(_ *execution, o T) any { _, oid := of(o); return oid[:7] }),
		"id":                 value(func(_ *execution, o T) any { r, oid := of(o); return nodeID(prefix, r.Name, oid) }),
		"repository":         value(func(_ *execution, o T) any { r, _ := of(o); return r }),
		"commitResourcePath": value(func(_ *execution, o T) any { r, oid := of(o); return "/" + r.Name + "/commit/" + oid }),
		"commitUrl":          value(func(x *execution, o T) any { r, oid := of(o); return x.c.webURL(r) + "/commit/" + oid }),
	}
}

func gitResolvers() map[string]map[string]resolver {
	commit := objectFields("C", func(k commitNode) (*repository, string) { return k.r, k.oid })
	for name, f := range map[string]resolver{
		"associatedPullRequests": field(func(x *execution, k commitNode, a arguments) (any, error) { return x.pulls(k, a) }),
		"author":                 value(func(_ *execution, k commitNode) any { return actorNode{k.author} }),
		"committer":              value(func(_ *execution, k commitNode) any { return actorNode{k.committer} }),
		"authoredDate":           value(func(_ *execution, k commitNode) any { return k.author.when }),
		"committedDate":          value(func(_ *execution, k commitNode) any { return k.committer.when }),
		"blame":                  field(func(x *execution, k commitNode, a arguments) (any, error) { return x.blame(k, a.text("path")) }),
		"file":                   field(func(x *execution, k commitNode, a arguments) (any, error) { return x.file(k, a.text("path")) }),
		"history":                field(func(x *execution, k commitNode, a arguments) (any, error) { return x.history(k, a) }),
		"message":                value(func(_ *execution, k commitNode) any { return k.message }),
		"messageHeadline":        value(func(_ *execution, k commitNode) any { head, _, _ := strings.Cut(k.message, "\n"); return head }),
		"messageBody": value(func(_ *execution, k commitNode) any {
			_, rest, _ := strings.Cut(k.message, "\n")
			return strings.TrimPrefix(rest, "\n")
		}),
		"parents": field(func(x *execution, k commitNode, a arguments) (any, error) {
			var items []item
			for i, p := range k.parents {
				var err error
				if items, err = x.appendCommit(items, k.r, number(i), p); err != nil {
					return nil, err
				}
			}
			return paged("CommitConnection", "parents", a, false, items)
		}),
		"resourcePath": value(func(_ *execution, k commitNode) any { return "/" + k.r.Name + "/commit/" + k.oid }),
		"url":          value(func(x *execution, k commitNode) any { return x.c.webURL(k.r) + "/commit/" + k.oid }),
		"tree":         value(func(_ *execution, k commitNode) any { return treeNode{k.r, k.tree, ""} }),
	} {
		commit[name] = f
	}
	tree := objectFields("T", func(t treeNode) (*repository, string) { return t.r, t.oid })
	tree["entries"] = field(func(_ *execution, t treeNode, _ arguments) (any, error) {
		entries, err := t.r.git.tree(t.oid)
		if err != nil {
			return nil, err
		}
		out := []any{}
		for _, e := range entries {
			out = append(out, entryNode{t.r, e, path.Join(t.prefix, e.name)})
		}
		return out, nil
	})
	blob := objectFields("B", func(b blobNode) (*repository, string) { return b.r, b.oid })
	blob["byteSize"] = value(func(_ *execution, b blobNode) any { return len(b.data) })
	blob["isBinary"] = value(func(_ *execution, b blobNode) any { return isBinary(b.data) })
	blob["isTruncated"] = value(func(x *execution, b blobNode) any { _, cut := x.text(b); return cut })
	blob["text"] = value(func(x *execution, b blobNode) any { text, _ := x.text(b); return text })

	tag := objectFields("TA", func(t tagNode) (*repository, string) { return t.r, t.oid })
	tag["message"] = value(func(_ *execution, t tagNode) any { return t.message })
	tag["name"] = value(func(_ *execution, t tagNode) any { return t.name })
	tag["tagger"] = value(func(_ *execution, t tagNode) any { return actorNode{t.tagger} })
	tag["target"] = field(func(x *execution, t tagNode, _ arguments) (any, error) { return x.gitObject(t.r, t.target, "") })

	return map[string]map[string]resolver{
		"Commit": commit, "Tree": tree, "Blob": blob, "Tag": tag,
		"TreeEntry": {
			"extension": value(func(_ *execution, e entryNode) any { return path.Ext(e.name) }),
			"mode": field(func(_ *execution, e entryNode, _ arguments) (any, error) {
				n, err := strconv.ParseInt(e.mode, 8, 32)
				return n, err
			}),
			"name": value(func(_ *execution, e entryNode) any { return e.name }),
			"oid":  value(func(_ *execution, e entryNode) any { return e.oid }),
			"path": value(func(_ *execution, e entryNode) any { return e.path }),
			"object": field(func(x *execution, e entryNode, _ arguments) (any, error) {
				if e.kind == "commit" {
					return nil, nil // a submodule's commit is in another repository
				}
				return x.gitObject(e.r, e.oid, e.path)
			}),
			"repository": value(func(_ *execution, e entryNode) any { return e.r }),
			"size": field(func(_ *execution, e entryNode, _ arguments) (any, error) {
				if e.kind != "blob" {
					return 0, nil
				}
				return e.r.git.size(e.oid)
			}),
			"type": value(func(_ *execution, e entryNode) any { return e.kind }),
		},
		"Ref": {
			"id": value(func(_ *execution, f refNode) any { return nodeID("REF", f.r.Name, f.name) }),
			"name": value(func(_ *execution, f refNode) any {
				_, short := splitRef(f.name)
				return short
			}),
			"prefix": value(func(_ *execution, f refNode) any {
				prefix, _ := splitRef(f.name)
				return prefix
			}),
			"repository": value(func(_ *execution, f refNode) any { return f.r }),
			"target":     field(func(x *execution, f refNode, _ arguments) (any, error) { return x.gitObject(f.r, f.oid, "") }),
		},
		"Blame": {"ranges": value(func(_ *execution, b blameNode) any { return b.ranges })},
		"BlameRange": {
			"age":          value(func(_ *execution, b blameRangeNode) any { return b.age }),
			"startingLine": value(func(_ *execution, b blameRangeNode) any { return b.start }),
			"endingLine":   value(func(_ *execution, b blameRangeNode) any { return b.end }),
			"commit": field(func(_ *execution, b blameRangeNode, _ arguments) (any, error) {
				k, err := b.r.git.commit(b.oid)
				return commitNode{b.r, k}, err
			}),
		},
		"GitActor": {
			"date":  value(func(_ *execution, s actorNode) any { return s.when.Format(time.RFC3339) }),
			"email": value(func(_ *execution, s actorNode) any { return s.email }),
			"name":  value(func(_ *execution, s actorNode) any { return s.name }),
			"user":  value(func(_ *execution, _ actorNode) any { return nil }),
		},
	}
}

// splitRef cuts "refs/heads/a/b" into "refs/heads/" and "a/b".
func splitRef(name string) (prefix, short string) {
	parts := strings.SplitN(name, "/", 3)
	if len(parts) < 3 {
		return "refs/", strings.TrimPrefix(name, "refs/")
	}
	return parts[0] + "/" + parts[1] + "/", parts[2]
}
