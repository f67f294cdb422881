package repo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/upstream-digest/bot/internal/github"
)

const (
	// manyFiles is how many files are fetched one by one; for more the commit's archive is read.
	manyFiles = 20
	// keptBytes bounds what is kept of an archive.
	keptBytes = 64 << 20
	// archiveBytes is the size of a commit above which its archive is not worth it: single files cost no
	// counted request, and kubernetes/kubernetes has some 300 MB.
	archiveBytes = 200 << 20
)

// isArchiveWorthIt reports whether files of a commit are better taken from its archive.
func (r *anonymousReader) isArchiveWorthIt(sha string, wanted []Object) bool {
	if len(wanted) <= manyFiles || !isObjectID(sha) {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range r.trees {
		if t.sha == sha {
			return !t.truncated && t.size() <= archiveBytes
		}
	}
	return true
}

// size is the bytes of all files of the commit.
func (x *treeIndex) size() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := 0
	for _, e := range x.entries {
		n += e.Size
	}
	return n
}

// fromArchive adds to found what a commit's archive has of the wanted files, each checked against its id. A
// repository may keep files out of its archives, or change them there: those are left to others.
func (r *anonymousReader) fromArchive(ctx context.Context, sha string, wanted []Object, found map[string][]byte) error {
	byPath := make(map[string]Object, len(wanted))
	for _, o := range wanted {
		byPath[o.Path] = o
	}
	kept := 0
	err := r.client.Archive(ctx, r.repository, sha, func(f github.ArchiveFile) error {
		o, ok := byPath[f.Path]
		if _, have := found[o.OID]; !ok || have {
			return nil
		}
		if int64(kept)+f.Size > keptBytes {
			return &IncompleteError{Repository: r.repository, What: fmt.Sprintf("%d files", len(wanted)), Reason: "they have more than 64 MiB together"}
		}
		data, err := io.ReadAll(f.Content)
		if err != nil {
			return err
		}
		if !isBlob(o.OID, data) {
			return nil
		}
		found[o.OID] = data
		if kept += len(data); len(found) == len(wanted) {
			return fs.SkipAll
		}
		return nil
	})
	if _, ok := errors.AsType[*github.NotFoundError](err); ok {
		return &NotFoundError{Repository: r.repository, Ref: sha}
	}
	if err != nil {
		return err
	}
	if left := len(wanted) - len(found); left > manyFiles {
		return &IncompleteError{
			Repository: r.repository, What: fmt.Sprintf("%d files", len(wanted)),
			Reason: fmt.Sprintf("the archive of commit %s lacks %d of them, or has them changed", sha, left),
		}
	}
	return nil
}
