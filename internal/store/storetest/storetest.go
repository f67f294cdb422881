// Package storetest is the contract of a store, as tests that every store must pass: today the SQLite
// file and the branch of a repository, later PostgreSQL.
//
// The contract's lock holds as soon as it is acquired. A store whose first commit claims (branchstore) is tested with a
// commit right behind; what it may do before that commit is its own test's matter.
//
// A store's test calls Run with a function that makes a Harness: one empty place, and the ways to open,
// spoil and look into it. Run gives each of its tests a place of its own. The test that kills a process
// needs a second one in the same test binary, which is the process that dies:
//
//	func TestConformance(t *testing.T) { storetest.Run(t, newHarness) }
//	func TestVictim(t *testing.T)      { storetest.Victim(t, os.Getenv(storetest.PlaceVariable), openAt) }
package storetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/store"
)

// Reader is what a store answers.
type Reader interface {
	Latest(ctx context.Context) (*snapshot.Snapshot, error)
	Snapshot(ctx context.Context, seq int64) (*snapshot.Snapshot, error)
	Deliveries(ctx context.Context, definition string, states ...store.State) ([]store.Delivery, error)
	Runs(ctx context.Context, limit int) ([]store.Run, error)
	Answers(ctx context.Context, keys ...string) (map[string][]byte, error)
}

// Outliner is how a store answers who wants to know little: without items, without the bodies of what is closed.
type Outliner interface {
	Outline(ctx context.Context) (*snapshot.Outline, error)
	Standing(ctx context.Context, definition string, states ...store.State) ([]store.Delivery, error)
}

// CursorReader is how a store tells how far the definitions are.
type CursorReader interface {
	Cursor(ctx context.Context, definition string) (store.Cursor, bool, error)
	Cursors(ctx context.Context) ([]store.Cursor, error)
}

// Locker is a store's lock.
type Locker interface {
	Acquire(ctx context.Context, holder string, ttl time.Duration) (store.Lease, error)
	Renew(ctx context.Context, lease store.Lease, ttl time.Duration) (store.Lease, error)
	Release(ctx context.Context, lease store.Lease) error
}

// Writer is what a store writes, and its end.
type Writer interface {
	Commit(ctx context.Context, lease store.Lease, u *store.Update) error
	Prune(ctx context.Context, lease store.Lease, keep int) error
	Close() error
}

// Porter is how a state moves to another store, and how one looks at the lock.
type Porter interface {
	Export(ctx context.Context) (*store.Export, error)
	Import(ctx context.Context, lease store.Lease, e *store.Export) error
	Lock(ctx context.Context) (lease store.Lease, held bool, err error)
}

// Store is all of it.
type Store interface {
	Reader
	Outliner
	CursorReader
	Locker
	Writer
	Porter
}

// Harness is one empty place for a store to be in.
type Harness struct {
	// Place names it to another process: a path, an address.
	Place string
	// Open opens the store there, with the clock. Each call is a handle of its own, as another process
	// would have. Run closes what it opened.
	Open func(now func() time.Time) (Store, error)
	// Sections counts the distinct item sets that are kept.
	Sections func(t testing.TB) int
	// Spoil are ways to damage a store in which something was committed and that nobody has open, by
	// name. After each, opening or reading must give a *store.UnusableError.
	Spoil map[string]func(t testing.TB)
	// Newer makes the place look as if a later bot had written it.
	Newer func(t testing.TB)
	// Victim is the name of the top-level test that calls Victim; "" leaves the kill test out.
	Victim string
}

// Run runs every test of the contract, each in a place of its own.
func Run(t *testing.T, open func(t *testing.T) Harness) {
	t.Helper()
	tests := []struct {
		name string
		run  func(t *testing.T, f *fixture)
	}{
		{"empty", testEmpty},
		{"round trip", testRoundTrip},
		{"times come back in UTC", testTimes},
		{"big body", testBigBody},
		{"reopening", testReopening},
		{"unknown definition", testUnknownDefinition},
		{"current snapshot is filled in", testCurrentSnapshot},
		{"runs newest first", testRuns},
		{"nothing is written on failure", testAtomicity},
		{"a cancelled commit writes nothing", testCancelled},
		{"lock is exclusive", testLock},
		{"expired lock is taken over", testTakeOver},
		{"a dead holder's lock is freed", testDeadHolder},
		{"an empty update asks for the lock", testEmptyUpdate},
		{"a fence is never given twice", testFences},
		{"overtaken holder can't write", testFencing},
		{"two acquirers at once", testRace},
		{"concurrent writers", testConcurrentWriters},
		{"readers beside a writer", testReadersBesideWriter},
		{"delivery states", testDeliveryStates},
		{"deliveries are sorted and filtered", testDeliveryFilter},
		{"queued content is frozen", testFrozen},
		{"cursor never goes back", testCursorBack},
		{"equal sections are kept once", testSections},
		{"five hundred snapshots", testFiveHundred},
		{"outlines", testOutlines},
		{"the last step of a run", testEnd},
		{"prune", testPrune},
		{"prune drops old runs", testPruneRuns},
		{"prune drops old digests", testPruneDigests},
		{"answers", testAnswers},
		{"exported and imported", testExport},
		{"import replaces everything", testImportReplaces},
		{"import of a lost lease", testImportFenced},
		{"the lock as others see it", testLockSeen},
		{"newer schema", testNewer},
		{"damage", testDamage},
		{"killed while writing", testKilled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.run(t, &fixture{harness: open(t), make: open, clock: newClock()})
		})
	}
}

// fixture is what one test has: a place, a clock and what it opened.
type fixture struct {
	harness Harness
	make    func(t *testing.T) Harness // another place
	clock   *clock
}

func (f *fixture) open(t *testing.T) Store {
	t.Helper()
	s, err := f.harness.Open(f.clock.now)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func (f *fixture) locked(t *testing.T) (Store, store.Lease) {
	t.Helper()
	s := f.open(t)
	return s, acquire(t, s, "test")
}

// clock stands still until a test moves it.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

const ttl = 10 * time.Minute

func acquire(t *testing.T, s Store, holder string) store.Lease {
	t.Helper()
	lease, err := s.Acquire(t.Context(), holder, ttl)
	if err != nil {
		t.Fatalf("acquire for %s: %v", holder, err)
	}
	return lease
}

func commit(t *testing.T, s Store, lease store.Lease, u store.Update) store.Update {
	t.Helper()
	if err := s.Commit(t.Context(), lease, &u); err != nil {
		t.Fatalf("commit: %v", err)
	}
	return u
}
