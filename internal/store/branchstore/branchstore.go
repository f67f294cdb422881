// Package branchstore keeps the state on a branch of a repository on GitHub, for a bot that has no disk: as JSON and
// Markdown that a person can read, one commit for each step. The branch's history is the audit log.
//
// Files.
//
//	state.json                  small: numbers, lock, cursors, what is owed, the last run, and the object ids of the rest
//	newest.json                 the newest snapshot's provenance; items are named by hash
//	index.json                  the snapshots that are kept, and which items they hold
//	runs.json                   the runs that are kept, newest first
//	told.json                   deliveries that are closed
//	answers.json                what was asked once (store.Answer)
//	snapshots/000012.json       provenance by number
//	items/HASH.json             items by their hash, each distinct set once
//	deliveries/weekly/000004-github-issue-1.md    the frozen body of each delivery
//
// Invariants.
//   - A write is one commit, made only if the branch still stands where the write was thought out (expectedHeadOid, or
//     a ref that goes forward only): compare-and-swap. Whoever loses reads again; when another run has claimed
//     meanwhile that is store.ErrFenced, and nothing was written.
//   - There is no lock but the one in state.json. Acquire only looks: the first commit of a run, an empty update too,
//     claims; the last one (Update.End) gives back in the same commit that records the run. A run that has nothing
//     to write claims nothing.
//   - A write whose answer was lost is found by its name in state.json ("write"), which is random. It is not made again
//     before looking, and the same name makes it harmless if it arrives late.
//   - Each file's object id stands in state.json, in index.json or with its delivery, a folder's in state.json: what
//     somebody changed by hand is found with the first request. state.json has a checksum over itself. A state that is
//     not as it was written is never used: *store.UnusableError.
//   - A branch that is gone is an empty store, as a lost file is. One that was set back to an older commit of its own
//     is an old state, as a copy that was put back is: publish finds out.
//   - A heartbeat alone (Update.Idle) is committed once a day.
//
// Reading. state.json and newest.json come with one request, which can be the one for upstream's heads too
// ([Store.Wants], [Store.Told]). The rest is read when it is asked for, by object id: commits are immutable, so a reader
// sees one moment whatever a writer does.
package branchstore

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/store"
)

// Heads asks for the branch's head, with small files.
type Heads interface {
	Heads(ctx context.Context, requests []repo.HeadRequest) []repo.HeadResult
	Reader(repository string) (repo.Reader, error)
}

// Commits makes commits.
type Commits interface {
	CommitFiles(ctx context.Context, r github.CommitRequest) (string, error)
}

// Options of Open.
type Options struct {
	Repository string // "acme/platform"
	Branch     string // "upstream-digest-state"
	Heads      Heads
	// Commits is nil where the state is only read.
	Commits Commits
	// Now is the clock that lock expiry is measured by. Required.
	Now func() time.Time
	// Alone says that this handle reads one moment, or takes the lock before it reads: what was read is not asked for
	// again until a write finds that the branch has moved. Without it each call sees what others wrote.
	Alone bool
	// Name makes the random names of writes; nil: from the system's source.
	Name func() string
}

// Store is the state on one branch. Its methods may be called from several goroutines.
type Store struct {
	opts   Options
	reader repo.Reader

	mu sync.Mutex
	v  *view // as last seen; nil: not yet
	// pending are leases that were given out and not claimed yet, by fence.
	pending map[int64]store.Lease
	// sure is when the branch was last seen to stand at v.
	sure time.Time
	// behind are commits on which this handle has built another: the branch stood there before.
	behind map[string]bool
	// blobs are contents by object id.
	blobs map[string][]byte
}

// Open checks the options. It asks nothing.
func Open(o Options) (*Store, error) {
	switch {
	case o.Now == nil:
		return nil, errors.New("branch store: no clock given")
	case o.Heads == nil:
		return nil, errors.New("branch store: nobody to read with")
	case o.Branch == "":
		return nil, errors.New("branch store: no branch named")
	}
	if o.Name == nil {
		o.Name = func() string {
			var b [12]byte
			_, _ = rand.Read(b[:]) // never fails since Go 1.24: the program ends instead
			return hex.EncodeToString(b[:])
		}
	}
	r, err := o.Heads.Reader(o.Repository)
	if err != nil {
		return nil, err
	}
	return &Store{opts: o, reader: r, pending: map[int64]store.Lease{}, behind: map[string]bool{}, blobs: map[string][]byte{}}, nil
}

// Close forgets what was read.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.v, s.blobs = nil, map[string][]byte{}
	return nil
}

// Place is where the state is, for messages.
func (s *Store) Place() string { return place(s.opts) }

func place(o Options) string { return fmt.Sprintf("branch %s of %s", o.Branch, o.Repository) }

// Schema is the number of the form in which the state is kept.
func (s *Store) Schema(ctx context.Context) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, err := s.now(ctx)
	if err != nil {
		return 0, err
	}
	return int64(v.state.Schema), nil
}

// Exists reports whether there is a branch.
func (s *Store) Exists(ctx context.Context) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, err := s.now(ctx)
	return err == nil && v.head != "", err
}

// Head is the commit at which the branch was last seen, "" where there is none.
func (s *Store) Head() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.v == nil {
		return ""
	}
	return s.v.head
}
