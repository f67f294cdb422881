package ghtest

import (
	"bytes"
	"cmp"
	"compress/zlib"
	"context"
	"crypto/sha1" //nolint:gosec // git's own
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// objectDir is where loose objects lie.
func (g *gitDir) objectDir() (string, error) {
	g.mu.Lock()
	known := g.looseDir
	g.mu.Unlock()
	if known != "" {
		return known, nil
	}
	out, err := g.run(g.ctx, "rev-parse", "--git-path", "objects")
	if err != nil {
		return "", err
	}
	dir := strings.TrimSpace(string(out))
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(g.dir, dir)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.looseDir = dir
	return dir, nil
}

// write stores an object as git does, and gives its id. One that is there already stays as it is.
func (g *gitDir) write(kind string, data []byte) (string, error) {
	whole := append([]byte(fmt.Sprintf("%s %d\x00", kind, len(data))), data...)
	sum := sha1.Sum(whole) //nolint:gosec // git's own
	oid := hex.EncodeToString(sum[:])
	dir, err := g.objectDir()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, oid[:2], oid[2:])
	if _, err := os.Stat(path); err == nil {
		return oid, nil
	}
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	if _, err := z.Write(whole); err != nil {
		return "", err
	}
	if err := z.Close(); err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "tmp_obj_")
	if err != nil {
		return "", err
	}
	_, err = tmp.Write(packed.Bytes())
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return "", err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held+len(data) <= cacheBytes && len(data) <= cacheBytes/4 {
		g.objects[oid] = &gitObject{oid: oid, kind: kind, data: slices.Clone(data)}
		g.held += len(data)
	}
	return oid, nil
}

// treeEdit is what becomes of one path: an entry, or nothing where oid is "".
type treeEdit struct{ mode, oid string }

// edit gives the tree with the edits made; tree "" is the empty one. Folders that hold nothing any more go.
func (g *gitDir) edit(tree string, edits map[string]treeEdit) (string, error) {
	entries := map[string]treeEntry{}
	if tree != "" {
		list, err := g.tree(tree)
		if err != nil {
			return "", err
		}
		for _, e := range list {
			entries[e.name] = e
		}
	}
	below := map[string]map[string]treeEdit{}
	for path, e := range edits {
		name, rest, deeper := strings.Cut(path, "/")
		switch {
		case name == "" || name == "." || name == ".." || name == ".git":
			return "", &queryError{"UNPROCESSABLE", "A path was requested which is malformed: " + path}
		case deeper:
			if below[name] == nil {
				below[name] = map[string]treeEdit{}
			}
			below[name][rest] = e
		case e.oid == "":
			delete(entries, name)
		default:
			kind := "blob"
			switch e.mode {
			case "040000":
				kind = "tree"
			case "160000":
				kind = "commit"
			}
			entries[name] = treeEntry{mode: e.mode, kind: kind, name: name, oid: e.oid}
		}
	}
	for name, e := range below {
		old := ""
		if entries[name].kind == "tree" {
			old = entries[name].oid
		}
		oid, err := g.edit(old, e)
		if err != nil {
			return "", err
		}
		if oid == emptyTree {
			delete(entries, name)
			continue
		}
		entries[name] = treeEntry{mode: "040000", kind: "tree", name: name, oid: oid}
	}
	list := make([]treeEntry, 0, len(entries))
	for _, e := range entries {
		list = append(list, e)
	}
	inOrder := func(e treeEntry) string {
		if e.kind == "tree" {
			return e.name + "/"
		}
		return e.name
	}
	slices.SortFunc(list, func(a, b treeEntry) int { return cmp.Compare(inOrder(a), inOrder(b)) })
	var data bytes.Buffer
	for _, e := range list {
		raw, err := hex.DecodeString(e.oid)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&data, "%s %s\x00", strings.TrimPrefix(e.mode, "0"), e.name)
		data.Write(raw)
	}
	return g.write("tree", data.Bytes())
}

// emptyTree is the id of the tree without entries.
const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

// newCommit stores a commit.
func (g *gitDir) newCommit(tree string, parents []string, author, committer signature, message string) (string, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "tree %s\n", tree)
	for _, p := range parents {
		fmt.Fprintf(&b, "parent %s\n", p)
	}
	line := func(who string, s signature) {
		fmt.Fprintf(&b, "%s %s <%s> %d %s\n", who, s.name, s.email, s.when.Unix(), s.when.Format("-0700"))
	}
	line("author", author)
	line("committer", committer)
	fmt.Fprintf(&b, "\n%s\n", strings.TrimRight(message, "\n"))
	return g.write("commit", b.Bytes())
}

// errMoved says that a ref does not hold what was expected.
var errMoved = errors.New("the ref has moved")

// setRef makes a ref hold oid if it held old until now; old "" is a ref that is not there.
func (g *gitDir) setRef(ctx context.Context, name, oid, old string) error {
	g.setting.Lock()
	defer g.setting.Unlock()
	now, err := g.refNow(name)
	if err != nil {
		return err
	}
	if now != old {
		return errMoved
	}
	if old == "" {
		old = strings.Repeat("0", 40)
	}
	_, err = g.run(ctx, "update-ref", name, oid, old)
	return err
}

// refNow is what a ref holds, "" where it is not there.
func (g *gitDir) refNow(name string) (string, error) {
	oid, _, _, err := g.resolve(name)
	if errors.Is(err, errNoObject) {
		return "", nil
	}
	return oid, err
}

// descends reports whether a commit has another among its ancestors, or is it.
func (g *gitDir) descends(oid, ancestor string) (bool, error) {
	seen, next := map[string]bool{}, []string{oid}
	for len(next) > 0 {
		at := next[0]
		next = next[1:]
		if at == ancestor {
			return true, nil
		}
		if seen[at] {
			continue
		}
		seen[at] = true
		k, err := g.commit(at)
		if err != nil {
			return false, err
		}
		next = append(next, k.parents...)
	}
	return false, nil
}

// signer is whom a commit is by: the token's owner.
func (c *call) signer() signature {
	id := c.s.userID(c.who.Login)
	return signature{name: c.who.Login, email: fmt.Sprintf("%d+%s@users.noreply.github.com", id, c.who.Login), when: c.s.clock()}
}

// machine is who commits what was made through the API.
func machine(when time.Time) signature {
	return signature{name: "GitHub", email: "noreply@github.com", when: when}
}
