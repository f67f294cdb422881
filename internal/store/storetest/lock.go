//nolint:thelper // these are the tests themselves: a failure must show their line
package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/upstream-digest/bot/internal/store"
)

func testLock(t *testing.T, f *fixture) {
	a, b := f.open(t), f.open(t)
	lease := acquire(t, a, "host pid 1")
	if lease.Holder != "host pid 1" || lease.Fence < 1 || !lease.Expires.Equal(f.clock.now().Add(ttl)) {
		t.Errorf("lease %+v", lease)
	}
	var held *store.HeldError
	if _, err := b.Acquire(t.Context(), "host pid 2", ttl); !errors.As(err, &held) {
		t.Fatalf("second acquire: %v, want a HeldError", err)
	}
	same(t, "the error names the lease", lease, held.Lease)
	if !strings.Contains(held.Error(), "host pid 1") || !strings.Contains(held.Error(), "2026-04-01T12:10:00Z") {
		t.Errorf("%q does not say who and until when", held)
	}

	// One second before it expires it holds; renewing moves that.
	f.clock.advance(ttl - time.Second)
	renewed, err := a.Renew(t.Context(), lease, ttl)
	if err != nil {
		t.Fatal(err)
	}
	if renewed.Fence != lease.Fence || !renewed.Expires.Equal(f.clock.now().Add(ttl)) {
		t.Errorf("renewed %+v", renewed)
	}
	f.clock.advance(2 * time.Second)
	if _, err := b.Acquire(t.Context(), "host pid 2", ttl); !errors.As(err, &held) {
		t.Errorf("acquire after a renewal: %v, want a HeldError", err)
	}

	if err := a.Release(t.Context(), renewed); err != nil {
		t.Fatal(err)
	}
	if err := a.Release(t.Context(), renewed); err != nil {
		t.Errorf("releasing twice: %v", err)
	}
	if err := a.Commit(t.Context(), renewed, &store.Update{Run: &store.Run{}}); !errors.Is(err, store.ErrFenced) {
		t.Errorf("writing with a released lease: %v, want ErrFenced", err)
	}
	if _, err := a.Renew(t.Context(), renewed, ttl); !errors.Is(err, store.ErrFenced) {
		t.Errorf("renewing a released lease: %v, want ErrFenced", err)
	}
	acquire(t, b, "host pid 2")
	for name, l := range map[string]store.Lease{"no lease at all": {}, "a made-up one": {Holder: "x", Fence: 99}} {
		if err := b.Commit(t.Context(), l, &store.Update{Run: &store.Run{}}); !errors.Is(err, store.ErrFenced) {
			t.Errorf("writing with %s: %v, want ErrFenced", name, err)
		}
		if err := b.Release(t.Context(), l); !errors.Is(err, store.ErrFenced) {
			t.Errorf("releasing %s: %v, want ErrFenced", name, err)
		}
	}
	for name, try := range map[string]func() (store.Lease, error){
		"no holder": func() (store.Lease, error) { return b.Acquire(t.Context(), "", ttl) },
		"no time":   func() (store.Lease, error) { return b.Acquire(t.Context(), "x", 0) },
	} {
		if _, err := try(); err == nil || errors.As(err, &held) {
			t.Errorf("acquire with %s: %v", name, err)
		}
	}
}

func testTakeOver(t *testing.T, f *fixture) {
	a, b := f.open(t), f.open(t)
	old := acquire(t, a, "slow")
	f.clock.advance(ttl)
	// Expired, but nobody wants it: its holder is still alone and may go on.
	commit(t, a, old, store.Update{Run: &store.Run{Outcome: "late"}})
	if _, err := a.Renew(t.Context(), old, time.Second); err != nil {
		t.Errorf("renewing an expired lease that nobody took: %v", err)
	}
	f.clock.advance(time.Second)
	taken := acquire(t, b, "next")
	if taken.Fence != old.Fence+1 {
		t.Errorf("taken over with fence %d, want %d", taken.Fence, old.Fence+1)
	}
	if _, err := a.Renew(t.Context(), old, ttl); !errors.Is(err, store.ErrFenced) {
		t.Errorf("renewing a lease that was taken over: %v, want ErrFenced", err)
	}
	if err := a.Release(t.Context(), old); !errors.Is(err, store.ErrFenced) {
		t.Errorf("releasing a lease that was taken over: %v, want ErrFenced", err)
	}
	commit(t, b, taken, store.Update{Run: &store.Run{Outcome: "told"}})
}

// A dead holder's lock is taken by whoever knows that it is dead. Should the holder live after all, it can't write
// any more. When several find it dead at the same time, one gets the lock.
func testDeadHolder(t *testing.T, f *fixture) {
	a, b, c := f.open(t), f.open(t), f.open(t)
	dead := acquire(t, a, "dead")
	isDead := func(holder string) bool { return holder == "dead" }
	var held *store.HeldError
	for name, gone := range map[string]func(string) bool{"nobody knows": nil, "it lives": func(string) bool { return false }} {
		if _, _, err := store.Take(t.Context(), b, "next", ttl, gone); !errors.As(err, &held) || held.Lease.Holder != "dead" {
			t.Errorf("%s: taking the lock: %v, want a HeldError", name, err)
		}
	}
	commit(t, a, dead, store.Update{Run: &store.Run{Outcome: "told"}})
	var next store.Lease
	// b is quicker than c, between c's look and what c does about it.
	quick := func(holder string) bool {
		lease, from, err := store.Take(t.Context(), b, "next", ttl, isDead)
		if err != nil || from != "dead" || lease.Fence <= dead.Fence {
			t.Fatalf("taken from %q with %+v: %v", from, lease, err)
		}
		next = lease
		return isDead(holder)
	}
	if _, _, err := store.Take(t.Context(), c, "slow", ttl, quick); !errors.As(err, &held) || held.Lease.Holder != "next" {
		t.Errorf("the slower one: %v, want that next holds the lock", err)
	}
	refused(t, a, dead, store.Update{Run: &store.Run{Outcome: "late"}}, store.ErrFenced.Error())
	commit(t, b, next, store.Update{Run: &store.Run{Outcome: "told"}})
	if err := b.Release(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	if _, from, err := store.Take(t.Context(), c, "third", ttl, isDead); err != nil || from != "" {
		t.Errorf("taking a free lock: from %q, %v", from, err)
	}
}

// An empty update asks whether the lease still is the last one, and leaves no trace.
func testEmptyUpdate(t *testing.T, f *fixture) {
	a, b := f.open(t), f.open(t)
	old := acquire(t, a, "slow")
	before := read(t, b)
	commit(t, a, old, store.Update{})
	f.clock.advance(ttl)
	commit(t, a, old, store.Update{}) // run out, and nobody wants it
	acquire(t, b, "next")
	refused(t, a, old, store.Update{}, store.ErrFenced.Error())
	same(t, "asking left a trace", before, read(t, b))
}

func testFences(t *testing.T, f *fixture) {
	var last int64
	for i := range 5 {
		s, err := f.harness.Open(f.clock.now)
		if err != nil {
			t.Fatal(err)
		}
		lease := acquire(t, s, "same holder")
		if lease.Fence <= last {
			t.Errorf("fence %d after %d", lease.Fence, last)
		}
		last = lease.Fence
		if i%2 == 0 {
			err = s.Release(t.Context(), lease)
		} else {
			f.clock.advance(2 * ttl)
		}
		if err := errors.Join(err, s.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

func testFencing(t *testing.T, f *fixture) {
	a, b := f.open(t), f.open(t)
	slow := acquire(t, a, "slow")
	commit(t, a, slow, store.Update{Snapshot: small(0, 1), Cursors: []store.Cursor{{Definition: "weekly", Seq: 1, Snapshot: store.CurrentSnapshot}}})
	f.clock.advance(2 * ttl)
	lease := acquire(t, b, "next")
	late := store.Update{
		Snapshot: small(1, 2), Run: &store.Run{Outcome: "told"},
		Cursors:    []store.Cursor{{Definition: "weekly", Seq: 2, Snapshot: store.CurrentSnapshot}},
		Deliveries: []store.Delivery{queued("weekly", 2, "slack", 1, 1, 0)},
	}
	refused(t, a, slow, late, store.ErrFenced.Error())
	if err := a.Commit(t.Context(), slow, &late); !errors.Is(err, store.ErrFenced) {
		t.Errorf("error %v, want ErrFenced", err)
	}
	if late.Cursors[0].Snapshot != store.CurrentSnapshot {
		t.Error("a fenced commit filled in the update")
	}
	// Also when the new holder has already gone home.
	if err := b.Release(t.Context(), lease); err != nil {
		t.Fatal(err)
	}
	refused(t, a, slow, late, store.ErrFenced.Error())
}

func testRace(t *testing.T, f *fixture) {
	const rounds, rivals = 10, 4
	handles := make([]Store, rivals)
	for i := range handles {
		handles[i] = f.open(t)
	}
	for round := range rounds {
		won := make([]bool, rivals)
		var g errgroup.Group
		start := make(chan struct{})
		for i, s := range handles {
			g.Go(func() error {
				<-start
				_, err := s.Acquire(t.Context(), fmt.Sprintf("rival %d", i), ttl)
				var held *store.HeldError
				if errors.As(err, &held) {
					return nil
				}
				won[i] = err == nil
				return err
			})
		}
		close(start)
		if err := g.Wait(); err != nil {
			t.Fatal(err)
		}
		winners := 0
		for _, w := range won {
			if w {
				winners++
			}
		}
		if winners != 1 {
			t.Fatalf("round %d: %d rivals have the lock", round, winners)
		}
		f.clock.advance(2 * ttl) // from now on each round is a take-over
	}
}
