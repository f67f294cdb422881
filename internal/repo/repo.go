// Package repo is how a repository is read: version, object ids, files, trees, tags. There are two
// engines behind one small interface: the GitHub API, and a local clone or bare mirror through the
// git program. Readers do not know which one they talk to.
//
// Everything is read at a commit or by object id, never "at the branch": a run that reads while
// upstream moves still sees one state.
package repo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

// Head is what one repository's watched paths were at one commit.
type Head struct {
	Ref  string // as asked for
	SHA  string // commit, 40 hex digits
	Time time.Time
	// OIDs maps each path that was asked for to its git object id (blob or tree), "" where absent.
	OIDs map[string]string
	// Branch is the name of the default branch where Ref was "HEAD" or "", else "".
	Branch string
	// Releases are the newest, as many as were asked for, the last published first and of those of one
	// moment the smaller tag. Drafts are none.
	Releases []Release
	// Milestones are there where they were asked for.
	Milestones Milestones
	// Tickets are the first pages of updated issues, aligned with the request's.
	Tickets []TicketPage
	// Texts are the files that were asked for and are there, by path.
	Texts map[string]Text
}

// Text is a file that came with a head.
type Text struct {
	OID  string
	Data []byte
	// Whole is false where the file is too large to come with a head, or no text: Reader.Blobs has it then.
	Whole bool
}

// Release is a published release. A mirror has none: there each tag that is a version stands for one,
// without a URL, published when the tag was made.
type Release struct {
	Tag, Name, URL string
	Prerelease     bool
	PublishedAt    time.Time
}

// Entry is one entry of a folder.
type Entry struct {
	Name string // base name
	Path string // from the root
	OID  string
	Type string // "blob" or "tree"; others (submodules) are left out
	Size int    // bytes, blobs only; -1 unknown
}

// Blob is one file's content by object id.
type Blob struct {
	Path string
	OID  string
	Data []byte
}

// Reader reads one repository.
type Reader interface {
	// Head resolves ref (a branch, tag, commit or "HEAD") and the object ids of paths at it.
	Head(ctx context.Context, ref string, paths []string) (Head, error)
	// Entries lists folders at a commit (not recursive): path to entries, a missing folder has none.
	Entries(ctx context.Context, sha string, folders []string) (map[string][]Entry, error)
	// Tree lists all files below a folder at a commit, in the order of their paths; a missing folder has
	// none. It is never less than all: what can't be had whole is an *IncompleteError.
	Tree(ctx context.Context, sha, folder string) ([]Entry, error)
	// CommitAt is the commit at which ref stood at a time: the last of its main line committed not after t.
	// It is looked for in the history that ref has now.
	CommitAt(ctx context.Context, ref string, t time.Time) (sha string, when time.Time, err error)
	// Blobs fetches files by path and object id at a commit, whole or not at all. sha may be "" when
	// only the ids are known.
	Blobs(ctx context.Context, sha string, objects []Object) ([]Blob, error)
	// Tags lists tag names, at least all those that may be the highest stable version.
	Tags(ctx context.Context) ([]string, error)
}

// Object asks for one file.
type Object struct {
	Path string
	OID  string
}

// ErrNotFound is the cause of a NotFoundError.
var ErrNotFound = errors.New("not found")

// NotFoundError says that a ref or repository does not exist (or that the token may not see it).
type NotFoundError struct {
	Repository string
	Ref        string    // "" when the repository itself is missing
	Until      time.Time // set where the ref exists, but has no commit so old
	Path       string    // set where the ref exists, but has no such file
}

func (e *NotFoundError) Error() string {
	if !e.Until.IsZero() {
		return fmt.Sprintf("%s has no commit of %s until %s", e.Repository, cmp.Or(e.Ref, "HEAD"), e.Until.UTC().Format("2006-01-02 15:04:05 UTC"))
	}
	if e.Path != "" {
		return fmt.Sprintf("%s has no file %s at %s", e.Repository, e.Path, cmp.Or(e.Ref, "HEAD"))
	}
	if e.Ref == "" {
		return fmt.Sprintf("repository %s does not exist, or the token may not see it", e.Repository)
	}
	return fmt.Sprintf("%s has no tag, branch or commit %q", e.Repository, e.Ref)
}

// Unwrap lets errors.Is(err, ErrNotFound) hold.
func (e *NotFoundError) Unwrap() error { return ErrNotFound }

// IncompleteError says that an answer was cut off and could not be read whole any other way. What it
// stands for must never be read as "not there".
type IncompleteError struct {
	Repository string
	What       string // "blob pkg/features/kube_features.go"
	Reason     string // "truncated at 512000 of 731000 bytes"
}

func (e *IncompleteError) Error() string {
	return fmt.Sprintf("%s: %s could not be read whole: %s", e.Repository, e.What, e.Reason)
}

// EmptyError says that a repository has no commit on its default branch yet.
type EmptyError struct{ Repository string }

func (e *EmptyError) Error() string {
	return fmt.Sprintf("repository %s is empty: its default branch has no commit", e.Repository)
}

// OfflineError says that a repository cannot be read without the network, which is switched off.
type OfflineError struct{ Repository string }

func (e *OfflineError) Error() string {
	return fmt.Sprintf("%s is not read: offline, and no mirror is configured for it (add one under mirrors)", e.Repository)
}
