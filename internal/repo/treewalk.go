package repo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/github"
)

// treeWalk lists all files below a folder. GitHub may cut a recursive listing. Then each folder that is not
// proven by its hash to be listed whole is asked for by itself, with all below it first.
type treeWalk struct {
	client     *github.Client
	repository string
	known      map[string][]github.TreeEntry // by folder, as far as listings told; their Path is the base name
	whole      bool                          // known lacks nothing

	files []Entry
}

// cleanFolder checks what Tree was asked for.
func cleanFolder(repository, sha, folder string) (string, error) {
	if !isObjectID(sha) {
		return "", &RefError{Text: sha, Reason: "a whole commit id is wanted"}
	}
	clean, err := cleanPath(folder)
	if err != nil {
		return "", fmt.Errorf("%s: %w", repository, err)
	}
	return clean, nil
}

// filesOf lists the files below a folder whose object id is oid.
func (w *treeWalk) filesOf(ctx context.Context, folder, oid string) ([]Entry, error) {
	if err := w.add(ctx, folder, oid); err != nil {
		return nil, err
	}
	sortByPath(w.files)
	return w.files, nil
}

func sortByPath(entries []Entry) {
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) })
}

func (w *treeWalk) add(ctx context.Context, folder, oid string) error {
	if !w.whole && !isTree(oid, w.known[folder]) {
		got, err := w.client.Tree(ctx, w.repository, oid, true)
		if err != nil {
			return w.failed(folder, err)
		}
		if !got.Truncated {
			for _, e := range got.Entries {
				w.file(join(folder, e.Path), e)
			}
			return nil
		}
		w.learn(folder, got.Entries)
		if !isTree(oid, w.known[folder]) {
			if got, err = w.client.Tree(ctx, w.repository, oid, false); err != nil {
				return w.failed(folder, err)
			}
			if got.Truncated && !isTree(oid, got.Entries) {
				return &IncompleteError{Repository: w.repository, What: fmt.Sprintf("folder %q", folder), Reason: "it has more entries than GitHub lists"}
			}
			w.known[folder] = got.Entries
		}
	}
	for _, e := range w.known[folder] {
		path := join(folder, e.Path)
		if e.Type == "tree" {
			if err := w.add(ctx, path, e.OID); err != nil {
				return err
			}
		}
		w.file(path, e)
	}
	return nil
}

// failed: that a folder within a tree is not there is no answer about the commit.
func (w *treeWalk) failed(folder string, err error) error {
	if _, ok := errors.AsType[*github.NotFoundError](err); ok && len(w.known) > 0 {
		return &IncompleteError{Repository: w.repository, What: fmt.Sprintf("folder %q", folder), Reason: "its tree is not there"}
	}
	return err
}

func (w *treeWalk) file(path string, e github.TreeEntry) {
	if e.Type == "blob" {
		w.files = append(w.files, Entry{Name: path[len(path)-baseLen(path):], Path: path, OID: e.OID, Type: e.Type, Size: e.Size})
	}
}

// learn puts a recursive listing of a folder in the place of what was known of the folders in it.
func (w *treeWalk) learn(folder string, entries []github.TreeEntry) {
	now := map[string][]github.TreeEntry{folder: nil}
	for _, e := range entries {
		path := join(folder, e.Path)
		in := parent(path)
		e.Path = path[len(path)-baseLen(path):]
		now[in] = append(now[in], e)
	}
	maps.Copy(w.known, now)
}
