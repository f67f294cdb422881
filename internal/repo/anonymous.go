package repo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/upstream-digest/bot/internal/github"
)

const (
	// keptTrees is how many commits' trees are remembered: today's and the base.
	keptTrees = 4
	// parallelFiles is how many files are fetched from the raw host at once.
	parallelFiles = 4
)

// anonymousReader is the engine for the API without a token, where 60 REST requests an hour are all:
// one recursive tree of a commit gives every object id, and files come from the raw host, which is
// not counted.
type anonymousReader struct {
	client     *github.Client
	repository string

	mu      sync.Mutex
	trees   []*treeIndex // newest last
	rawDown bool         // the raw host failed: no other file need wait for it
}

func newAnonymousReader(client *github.Client, repository string) (*anonymousReader, error) {
	if _, _, err := splitName(repository); err != nil {
		return nil, err
	}
	return &anonymousReader{client: client, repository: repository}, nil
}

// Head implements Reader by two requests, three for the default branch.
func (r *anonymousReader) Head(ctx context.Context, ref string, paths []string) (Head, error) {
	if err := checkRef(ref); err != nil {
		return Head{}, err
	}
	clean, err := cleanPaths(paths)
	if err != nil {
		return Head{}, fmt.Errorf("%s: %w", r.repository, err)
	}
	head := Head{Ref: ref, OIDs: map[string]string{}}
	at := ref
	if isHeadRef(ref) {
		if head.Branch, err = r.client.DefaultBranch(ctx, r.repository); err != nil {
			return Head{}, r.notFound(err, "")
		}
		at = head.Branch
	}
	commit, err := r.client.Commit(ctx, r.repository, at)
	if err != nil {
		if _, ok := errors.AsType[*github.NotFoundError](err); ok && isHeadRef(ref) {
			return Head{}, &EmptyError{Repository: r.repository}
		}
		return Head{}, r.notFound(err, at)
	}
	head.SHA, head.Time = commit.SHA, commit.Time
	index, err := r.index(ctx, commit.SHA, commit.Tree)
	if err != nil {
		return Head{}, err
	}
	for i, p := range paths {
		e, err := index.find(ctx, clean[i])
		if err != nil {
			return Head{}, err
		}
		head.OIDs[p] = e.OID
	}
	return head, nil
}

// notFound turns the client's error for what does not exist into this package's.
func (r *anonymousReader) notFound(err error, ref string) error {
	if e, ok := errors.AsType[*github.NotFoundError](err); ok {
		if e.What == "" {
			ref = ""
		}
		return &NotFoundError{Repository: r.repository, Ref: ref}
	}
	if _, ok := errors.AsType[*github.EmptyRepositoryError](err); ok {
		return &EmptyError{Repository: r.repository}
	}
	return err
}

// index is the tree of a commit. root is the object id of its root tree, "" when not known.
func (r *anonymousReader) index(ctx context.Context, sha, root string) (*treeIndex, error) {
	r.mu.Lock()
	defer r.mu.Unlock() // two callers for one commit must not both fetch it
	for _, t := range r.trees {
		if t.sha == sha {
			return t, nil
		}
	}
	if !isObjectID(sha) {
		return nil, &RefError{Text: sha, Reason: "a whole commit id is wanted"}
	}
	got, err := r.client.Tree(ctx, r.repository, sha, true)
	if err != nil {
		return nil, r.notFound(err, sha)
	}
	t := newTreeIndex(r.client, r.repository, sha, root, got)
	r.trees = append(r.trees, t)
	if len(r.trees) > keptTrees {
		r.trees = slices.Delete(r.trees, 0, 1)
	}
	return t, nil
}

// Entries implements Reader; it costs nothing when Head was asked before.
func (r *anonymousReader) Entries(ctx context.Context, sha string, folders []string) (map[string][]Entry, error) {
	out := map[string][]Entry{}
	if len(folders) == 0 {
		return out, nil
	}
	clean, err := cleanPaths(folders)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.repository, err)
	}
	index, err := r.index(ctx, sha, "")
	if err != nil {
		return nil, err
	}
	for i, f := range folders {
		listed, err := index.list(ctx, clean[i])
		if err != nil {
			return nil, err
		}
		out[f] = nil
		for _, e := range listed {
			if !isFileOrFolder(e.Type) {
				continue
			}
			out[f] = append(out[f], Entry{Name: e.Path, Path: join(clean[i], e.Path), OID: e.OID, Type: e.Type, Size: e.Size})
		}
		sortEntries(out[f])
	}
	return out, nil
}

// Tree implements Reader; like Entries it costs nothing when Head was asked before.
func (r *anonymousReader) Tree(ctx context.Context, sha, folder string) ([]Entry, error) {
	ctx = r.client.OneStep(ctx)
	folder, err := cleanFolder(r.repository, sha, folder)
	if err != nil {
		return nil, err
	}
	index, err := r.index(ctx, sha, "")
	if err != nil {
		return nil, err
	}
	return index.files(ctx, folder)
}

// Blobs implements Reader: from the raw host at the commit, else by object id from the API; many files from
// the commit's archive, which costs one counted request and is never held whole.
func (r *anonymousReader) Blobs(ctx context.Context, sha string, objects []Object) ([]Blob, error) {
	ctx = r.client.OneStep(ctx)
	return collectBlobs(r.repository, objects, func(wanted []Object) (map[string][]byte, error) {
		found := map[string][]byte{}
		if r.isArchiveWorthIt(sha, wanted) {
			if err := r.fromArchive(ctx, sha, wanted, found); err != nil {
				return nil, err
			}
			wanted = slices.DeleteFunc(wanted, func(o Object) bool { return found[o.OID] != nil })
		}
		var mu sync.Mutex
		g, ctx := errgroup.WithContext(ctx)
		g.SetLimit(parallelFiles)
		for _, o := range wanted {
			g.Go(func() error {
				data, err := r.blob(ctx, sha, o)
				if err != nil {
					return err
				}
				mu.Lock()
				defer mu.Unlock()
				found[o.OID] = data
				return nil
			})
		}
		return found, g.Wait()
	})
}

func (r *anonymousReader) blob(ctx context.Context, sha string, o Object) ([]byte, error) {
	if r.client.HasRaw() && isObjectID(sha) && !r.isRawDown() {
		data, err := r.client.RawFile(ctx, r.repository, sha, o.Path)
		if err == nil && isBlob(o.OID, data) {
			return data, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		// Whatever is wrong with the raw host (a limit, a stale answer), the API can say it better.
		if _, absent := errors.AsType[*github.NotFoundError](err); err != nil && !absent {
			r.mu.Lock()
			r.rawDown = true
			r.mu.Unlock()
		}
	}
	return wholeBlob(ctx, r.client, r.repository, o)
}

func (r *anonymousReader) isRawDown() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rawDown
}

// Tags implements Reader: the tags that begin with "v", in one request; where none of them is a
// version, the first pages of all.
func (r *anonymousReader) Tags(ctx context.Context) ([]string, error) {
	tags, err := r.client.TagsWithPrefix(ctx, r.repository, "v")
	if err != nil {
		return nil, r.notFound(err, "")
	}
	if _, ok := HighestStable(tags); !ok {
		if tags, err = r.client.Tags(ctx, r.repository, tagPages); err != nil {
			return nil, r.notFound(err, "")
		}
	}
	slices.Sort(tags)
	return tags, nil
}
