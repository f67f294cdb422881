package ghtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"
)

// treeEntry is one entry of a tree object.
type treeEntry struct {
	mode string // "100644", "100755", "120000", "040000", "160000"
	kind string // blob, tree, commit
	name string
	oid  string
}

// signature is an author, committer or tagger line.
type signature struct {
	name, email string
	when        time.Time // in the signer's zone
}

type commitData struct {
	oid, tree         string
	parents           []string
	author, committer signature
	message           string
}

type tagData struct {
	oid, target, targetKind, name string
	tagger                        signature
	message                       string
}

type gitRef struct {
	name string // "refs/tags/v1.0"
	oid  string // what the ref holds: a tag object for an annotated tag
	kind string
}

func parseTree(data []byte, idLen int) ([]treeEntry, error) {
	var out []treeEntry
	for len(data) > 0 {
		sp := bytes.IndexByte(data, ' ')
		nul := bytes.IndexByte(data, 0)
		if sp < 0 || nul < sp || len(data) < nul+1+idLen {
			return nil, errors.New("malformed tree object")
		}
		mode := string(data[:sp])
		e := treeEntry{mode: mode, kind: "blob", name: string(data[sp+1 : nul]), oid: fmt.Sprintf("%x", data[nul+1:nul+1+idLen])}
		switch mode {
		case "40000":
			e.mode, e.kind = "040000", "tree"
		case "160000":
			e.kind = "commit"
		}
		out = append(out, e)
		data = data[nul+1+idLen:]
	}
	return out, nil
}

// headers splits a commit or tag object into its header lines and its message; continuation lines
// (signatures) are left out.
func headers(data []byte, each func(key, value string)) (message string) {
	for len(data) > 0 {
		line, rest, _ := bytes.Cut(data, []byte("\n"))
		if len(line) == 0 {
			return string(rest)
		}
		if line[0] != ' ' {
			key, value, _ := strings.Cut(string(line), " ")
			each(key, value)
		}
		data = rest
	}
	return ""
}

func parseCommit(oid string, data []byte) *commitData {
	c := &commitData{oid: oid}
	c.message = headers(data, func(key, value string) {
		switch key {
		case "tree":
			c.tree = value
		case "parent":
			c.parents = append(c.parents, value)
		case "author":
			c.author = parseSignature(value)
		case "committer":
			c.committer = parseSignature(value)
		}
	})
	c.message = strings.TrimRight(c.message, "\n")
	return c
}

func parseTag(oid string, data []byte) *tagData {
	t := &tagData{oid: oid}
	t.message = headers(data, func(key, value string) {
		switch key {
		case "object":
			t.target = value
		case "type":
			t.targetKind = value
		case "tag":
			t.name = value
		case "tagger":
			t.tagger = parseSignature(value)
		}
	})
	return t
}

func parseSignature(s string) signature {
	var sig signature
	open, end := strings.IndexByte(s, '<'), strings.LastIndexByte(s, '>')
	if open < 0 || end < open {
		sig.name = s
		return sig
	}
	sig.name, sig.email = strings.TrimSpace(s[:open]), s[open+1:end]
	if f := strings.Fields(s[end+1:]); len(f) == 2 {
		secs, err := strconv.ParseInt(f[0], 10, 64)
		zone, zerr := strconv.Atoi(f[1])
		if err == nil && zerr == nil {
			sig.when = time.Unix(secs, 0).In(time.FixedZone("", (zone/100*60+zone%100)*60))
		}
	}
	return sig
}

func (g *gitDir) commit(oid string) (*commitData, error) {
	o, err := g.read(oid)
	if err != nil {
		return nil, err
	}
	if o.kind != "commit" {
		return nil, errNoObject
	}
	return parseCommit(o.oid, o.data), nil
}

func (g *gitDir) tree(oid string) ([]treeEntry, error) {
	o, err := g.read(oid)
	if err != nil {
		return nil, err
	}
	if o.kind != "tree" {
		return nil, errNoObject
	}
	return parseTree(o.data, len(o.oid)/2)
}

// entry finds a path in a tree, "" being the tree itself.
func (g *gitDir) entry(tree, file string) (treeEntry, error) {
	at := treeEntry{mode: "040000", kind: "tree", oid: tree}
	if file == "" {
		return at, nil
	}
	for part := range strings.SplitSeq(file, "/") {
		if at.kind != "tree" {
			return treeEntry{}, errNoObject
		}
		entries, err := g.tree(at.oid)
		if err != nil {
			return treeEntry{}, err
		}
		found := false
		for _, e := range entries {
			if e.name == part {
				at, found = e, true
				break
			}
		}
		if !found {
			return treeEntry{}, errNoObject
		}
	}
	return at, nil
}

// walked is one entry of a recursive listing.
type walked struct {
	treeEntry
	path string
}

// walk lists a tree with all below it in git's order, at most limit entries; more says that some are missing.
func (g *gitDir) walk(tree string, limit int) (out []walked, more bool, err error) {
	var visit func(oid, prefix string) error
	visit = func(oid, prefix string) error {
		entries, err := g.tree(oid)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if len(out) >= limit {
				more = true
				return nil
			}
			p := path.Join(prefix, e.name)
			out = append(out, walked{e, p})
			if e.kind == "tree" {
				if err := visit(e.oid, p); err != nil || more {
					return err
				}
			}
		}
		return nil
	}
	err = visit(tree, "")
	return out, more, err
}

// refs lists refs under a prefix ("refs/tags/"; need not end at a slash), sorted by name.
func (g *gitDir) refs(ctx context.Context, prefix string) ([]gitRef, error) {
	out, err := g.run(ctx, "for-each-ref", "--format=%(refname) %(objectname) %(objecttype)")
	if err != nil {
		return nil, err
	}
	var refs []gitRef
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) == 3 && strings.HasPrefix(f[0], prefix) {
			refs = append(refs, gitRef{f[0], f[1], f[2]})
		}
	}
	return refs, nil
}

// head is the branch HEAD points to, whether or not it has a commit yet; "" when detached.
func (g *gitDir) head(ctx context.Context) string {
	out, err := g.run(ctx, "symbolic-ref", "--quiet", "HEAD")
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(strings.TrimSpace(string(out)), "refs/heads/")
}

// historyQuery selects commits: those reachable from oid that touch path, in git log's order.
type historyQuery struct {
	oid, path    string
	author       string
	since, until time.Time
	skip, limit  int // limit 0: all
}

// history lists commit ids. Renames are not followed, as in GitHub's lists.
func (g *gitDir) history(ctx context.Context, q historyQuery) ([]string, error) {
	args := []string{"log", "--format=%H", "--no-show-signature"}
	if q.limit > 0 {
		args = append(args, "--max-count="+strconv.Itoa(q.limit))
	}
	if q.skip > 0 {
		args = append(args, "--skip="+strconv.Itoa(q.skip))
	}
	if !q.since.IsZero() {
		args = append(args, "--since="+q.since.UTC().Format(time.RFC3339))
	}
	if !q.until.IsZero() {
		args = append(args, "--until="+q.until.UTC().Format(time.RFC3339))
	}
	if q.author != "" {
		args = append(args, "--fixed-strings", "--author="+q.author)
	}
	args = append(args, q.oid, "--")
	if q.path != "" {
		args = append(args, q.path)
	}
	out, err := g.run(ctx, args...)
	if err != nil {
		return nil, err
	}
	return strings.Fields(string(out)), nil
}

// countHistory is the number of commits that history would list.
func (g *gitDir) countHistory(ctx context.Context, q historyQuery) (int, error) {
	q.skip, q.limit = 0, 0
	ids, err := g.history(ctx, q)
	return len(ids), err
}

// between lists the commits that tips add to base.
func (g *gitDir) between(ctx context.Context, base string, tips ...string) ([]string, error) {
	out, err := g.run(ctx, append([]string{"rev-list", "^" + base}, tips...)...)
	if err != nil {
		return nil, err
	}
	return strings.Fields(string(out)), nil
}

// blameRange is a run of lines that one commit last touched, counted from 1.
type blameRange struct {
	oid        string
	start, end int
}

func (g *gitDir) blame(ctx context.Context, oid, file string) ([]blameRange, error) {
	out, err := g.run(ctx, "blame", "--porcelain", oid, "--", file)
	if err != nil {
		return nil, err
	}
	var ranges []blameRange
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "\t") {
			continue // the text
		}
		f := strings.Fields(line)
		if len(f) < 3 || !isOID(f[0]) {
			continue
		}
		at, err := strconv.Atoi(f[2])
		if err != nil {
			continue
		}
		if n := len(ranges); n > 0 && ranges[n-1].oid == f[0] && ranges[n-1].end == at-1 {
			ranges[n-1].end = at
			continue
		}
		ranges = append(ranges, blameRange{f[0], at, at})
	}
	return ranges, nil
}

// fileChange is what a commit did to one file.
type fileChange struct {
	path, status, oid string // status as GitHub words it; oid "" where the file went
	previous          string // the path of a renamed file before
	added, deleted    int
}

// changes compares a commit with its first parent (the first commit with nothing). Renames are found as
// git finds them, where they are asked for; else they show as a file removed and one added.
func (g *gitDir) changes(ctx context.Context, oid string, renames bool) ([]fileChange, error) {
	args := []string{"diff-tree", "-r", "--root", "--diff-merges=first-parent", "--no-commit-id", "--no-ext-diff", "--no-textconv", "-z", "--no-renames"}
	if renames {
		args[len(args)-1] = "--find-renames"
	}
	raw, err := g.run(ctx, append(args, "--raw", "--no-abbrev", oid)...)
	if err != nil {
		return nil, err
	}
	var out []fileChange
	at := map[string]int{}
	f := strings.Split(strings.TrimSuffix(string(raw), "\x00"), "\x00")
	for i := 0; i+1 < len(f); i += 2 {
		meta := strings.Fields(strings.TrimPrefix(f[i], ":"))
		if len(meta) != 5 {
			return nil, fmt.Errorf("git diff-tree %s: unexpected line %q", oid, f[i])
		}
		ch := fileChange{path: f[i+1], status: "modified", oid: meta[3]}
		switch {
		case meta[4] == "A":
			ch.status = "added"
		case meta[4] == "D":
			ch.status, ch.oid = "removed", ""
		case meta[4][0] == 'R' && i+2 < len(f):
			ch.status, ch.previous, ch.path = "renamed", f[i+1], f[i+2]
			i++
		}
		at[ch.path] = len(out)
		out = append(out, ch)
	}
	num, err := g.run(ctx, append(args, "--numstat", oid)...)
	if err != nil {
		return nil, err
	}
	lines := strings.Split(string(num), "\x00")
	for n, one := range lines {
		if f := strings.SplitN(one, "\t", 3); len(f) == 3 {
			if f[2] == "" && n+2 < len(lines) { // a rename: the old path and the new one follow
				f[2] = lines[n+2]
			}
			if i, ok := at[f[2]]; ok {
				out[i].added, _ = strconv.Atoi(f[0]) // "-" for binary files counts as 0, as on GitHub
				out[i].deleted, _ = strconv.Atoi(f[1])
			}
		}
	}
	return out, nil
}
