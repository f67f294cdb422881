package repo

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"

	"github.com/upstream-digest/bot/internal/github"
)

// treeIndex is a commit's recursive tree, ready to be looked up. GitHub may cut such a tree. What it
// lists is then still right, but what it does not list may exist: a folder's listing is complete only
// if it hashes to the folder's object id, and is read by itself if not.
type treeIndex struct {
	client     *github.Client
	repository string
	sha        string // commit
	truncated  bool

	mu       sync.Mutex
	root     string                        // object id of the root tree, "" not known
	entries  map[string]github.TreeEntry   // by path from the root
	children map[string][]github.TreeEntry // by folder; their Path is the base name
	whole    map[string]bool               // folders whose children are known to be complete
}

func newTreeIndex(client *github.Client, repository, sha, root string, t github.Tree) *treeIndex {
	x := &treeIndex{
		client: client, repository: repository, sha: sha, root: root, truncated: t.Truncated,
		entries: make(map[string]github.TreeEntry, len(t.Entries)), children: map[string][]github.TreeEntry{}, whole: map[string]bool{},
	}
	for _, e := range t.Entries {
		x.entries[e.Path] = e
		folder := parent(e.Path)
		child := e
		child.Path = e.Path[len(e.Path)-baseLen(e.Path):]
		x.children[folder] = append(x.children[folder], child)
	}
	return x
}

func baseLen(p string) int { return len(p) - strings.LastIndexByte(p, '/') - 1 }

// find is the file or folder at a path, the zero entry when it is surely absent.
func (x *treeIndex) find(ctx context.Context, path string) (github.TreeEntry, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	e, err := x.findLocked(ctx, path)
	if !isFileOrFolder(e.Type) {
		e = github.TreeEntry{}
	}
	return e, err
}

// list is what a folder holds, none when there is no such folder.
func (x *treeIndex) list(ctx context.Context, folder string) ([]github.TreeEntry, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.listLocked(ctx, folder)
}

// files lists all files below a folder, none when there is no such folder.
func (x *treeIndex) files(ctx context.Context, folder string) ([]Entry, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	self := github.TreeEntry{Type: "tree"}
	if folder != "" || x.truncated {
		var err error
		if self, err = x.findLocked(ctx, folder); err != nil || self.Type != "tree" {
			return nil, err
		}
	}
	// What a walk learns of cut listings may be less than what is known here: it gets a copy.
	w := &treeWalk{client: x.client, repository: x.repository, known: maps.Clone(x.children), whole: !x.truncated}
	return w.filesOf(ctx, folder, self.OID)
}

func (x *treeIndex) findLocked(ctx context.Context, path string) (github.TreeEntry, error) {
	if path == "" {
		if x.root == "" {
			c, err := x.client.Commit(ctx, x.repository, x.sha)
			if err != nil {
				return github.TreeEntry{}, err
			}
			x.root = c.Tree
		}
		return github.TreeEntry{Type: "tree", OID: x.root}, nil
	}
	if e, ok := x.entries[path]; ok || !x.truncated {
		return e, nil
	}
	siblings, err := x.listLocked(ctx, parent(path))
	if err != nil {
		return github.TreeEntry{}, err
	}
	for _, e := range siblings {
		if join(parent(path), e.Path) == path {
			x.entries[path] = e
			return e, nil
		}
	}
	return github.TreeEntry{}, nil
}

func (x *treeIndex) listLocked(ctx context.Context, folder string) ([]github.TreeEntry, error) {
	if !x.truncated || x.whole[folder] {
		return x.children[folder], nil
	}
	self, err := x.findLocked(ctx, folder)
	if err != nil || self.Type != "tree" {
		return nil, err
	}
	if !isTree(self.OID, x.children[folder]) {
		got, err := x.client.Tree(ctx, x.repository, self.OID, false)
		if err != nil {
			return nil, fmt.Errorf("list %q: %w", folder, err)
		}
		if got.Truncated {
			return nil, &IncompleteError{Repository: x.repository, What: fmt.Sprintf("folder %q", folder), Reason: "it has more entries than GitHub lists"}
		}
		x.children[folder] = got.Entries
	}
	x.whole[folder] = true
	return x.children[folder], nil
}
