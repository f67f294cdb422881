//nolint:thelper // these are the tests themselves: a failure must show their line
package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/store"
)

// testExport moves states of many shapes to another place and back into bytes: they must be the same, and
// the new place must go on counting where the old one stopped.
func testExport(t *testing.T, f *fixture) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			from := &fixture{harness: f.make(t), make: f.make, clock: newClock()}
			to := &fixture{harness: f.make(t), make: f.make, clock: newClock()}
			a, b := from.open(t), to.open(t)
			lease := acquire(t, a, "first")
			for range seed % 4 { // so that the fences of the two places differ
				if err := a.Release(t.Context(), lease); err != nil {
					t.Fatal(err)
				}
				lease = acquire(t, a, "again")
			}
			live(t, a, lease, from.clock, rand.New(rand.NewPCG(seed, 0))) //nolint:gosec // a test that can be repeated
			if err := a.Release(t.Context(), lease); err != nil {
				t.Fatal(err)
			}
			data := encode(t, a)
			e, err := store.DecodeExport("state.json", data)
			if err != nil {
				t.Fatal(err)
			}
			if err := b.Import(t.Context(), acquire(t, b, "importer"), e); err != nil {
				t.Fatal(err)
			}
			if again := encode(t, b); !bytes.Equal(data, again) {
				t.Fatalf("exported, imported and exported gives other bytes:\n%s\n---\n%s", data, again)
			}
			same(t, "what the importing store answers", read(t, a), read(t, b))
			if na, nb := from.harness.Sections(t), to.harness.Sections(t); na != nb {
				t.Errorf("%d item sets are kept, want %d: each distinct one once", nb, na)
			}
			goesOn(t, b, e)
		})
	}
}

// goesOn checks that no number is given twice after an import.
func goesOn(t *testing.T, s Store, e *store.Export) {
	t.Helper()
	lease := acquire(t, s, "next")
	if lease.Fence <= e.Numbers.Fence {
		t.Errorf("fence %d after %d: an old holder could write", lease.Fence, e.Numbers.Fence)
	}
	u := commit(t, s, lease, store.Update{Snapshot: small(0, 1), Run: &store.Run{Outcome: "quiet"}})
	if u.Snapshot.Seq != e.Numbers.Snapshot+1 || u.Run.ID != e.Numbers.Run+1 {
		t.Errorf("snapshot %d and run %d follow %+v", u.Snapshot.Seq, u.Run.ID, e.Numbers)
	}
	for _, d := range e.Deliveries {
		d.Nonce = "another"
		refused(t, s, lease, store.Update{Deliveries: []store.Delivery{d}}, "frozen")
	}
}

// live does at random what runs do over months.
func live(t *testing.T, s Store, lease store.Lease, c *clock, r *rand.Rand) {
	t.Helper()
	seqs := map[string]int64{}
	var last int64
	for run := range r.IntN(25) {
		c.advance(time.Duration(r.IntN(1e6)) * time.Millisecond)
		u := store.Update{Run: &store.Run{StartedAt: c.now(), EndedAt: c.now().Add(time.Second), Outcome: "quiet", Requests: r.IntN(20)}}
		if last == 0 || r.IntN(2) == 0 {
			u.Snapshot = small(r.IntN(4), run)
			u.Run.Snapshot, last = store.CurrentSnapshot, store.CurrentSnapshot
		}
		if r.IntN(3) == 0 {
			u.Run.ExitCode, u.Run.Failed = 3, []store.FailedSource{{Upstream: "kubernetes", Source: "gates", Reason: "<502> & more"}}
		}
		for _, definition := range []string{"weekly", "alerts", "über <all>"}[:r.IntN(4)] {
			seqs[definition]++
			u.Cursors = append(u.Cursors, store.Cursor{Definition: definition, Seq: seqs[definition], Snapshot: last, ToldAt: c.now()})
			parts := 1 + r.IntN(3)
			for part := 1; part <= parts; part++ {
				d := queued(definition, seqs[definition], "github-issue", part, parts, last)
				d.State = []store.State{store.Pending, store.Unknown, store.Done, store.Superseded, store.GivenUp}[r.IntN(5)]
				d.Tries, d.LastError, d.Labels = r.IntN(9), "it said \"no\"\u2028\x00", d.Labels[:r.IntN(3)]
				if d.State == store.GivenUp {
					d.DoneAt = c.now()
				}
				if r.IntN(2) == 0 {
					d.RetriedAt = c.now()
				}
				u.Deliveries = append(u.Deliveries, d)
			}
		}
		for range r.IntN(3) {
			u.Answers = append(u.Answers, store.Answer{Key: fmt.Sprintf("key <%d>", r.IntN(9)), Value: fmt.Appendf(nil, `{"run": %d, "text": "<&\u2028>"}`, run)})
		}
		u = commit(t, s, lease, u)
		if u.Snapshot != nil {
			last = u.Snapshot.Seq
		}
		if r.IntN(4) == 0 {
			if err := s.Prune(t.Context(), lease, 1+r.IntN(3)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func encode(t *testing.T, s Store) []byte {
	t.Helper()
	e, err := s.Export(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	data, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func testImportReplaces(t *testing.T, f *fixture) {
	s, lease := f.locked(t)
	commit(t, s, lease, store.Update{
		Snapshot: small(0, 1), Run: &store.Run{Outcome: "told"},
		Cursors:    []store.Cursor{{Definition: "weekly", Seq: 3, Snapshot: store.CurrentSnapshot}},
		Deliveries: []store.Delivery{queued("weekly", 3, "github-issue", 1, 1, store.CurrentSnapshot)},
	})
	want, err := s.Export(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		commit(t, s, lease, store.Update{Snapshot: small(1+i, 2+i), Run: &store.Run{Outcome: "told"},
			Cursors:    []store.Cursor{{Definition: "alerts", Seq: int64(i + 1), Snapshot: store.CurrentSnapshot}},
			Deliveries: []store.Delivery{queued("alerts", int64(i+1), "slack", 1, 1, 0)}})
	}
	if err := s.Import(t.Context(), lease, want); err != nil {
		t.Fatal(err)
	}
	got, err := s.Export(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.Numbers.Fence < lease.Fence {
		t.Errorf("the fence went back from %d to %d", lease.Fence, got.Numbers.Fence)
	}
	got.Numbers.Fence = want.Numbers.Fence
	same(t, "after an import", want, got)
	if n := f.harness.Sections(t); n != 1 {
		t.Errorf("%d item sets are kept, want the 1 that was imported", n)
	}
	// The lock was given back, and the importer's lease is spent.
	refused(t, s, lease, store.Update{Run: &store.Run{}}, store.ErrFenced.Error())
	acquire(t, f.open(t), "next")
}

func testImportFenced(t *testing.T, f *fixture) {
	s, slow := f.locked(t)
	commit(t, s, slow, store.Update{Snapshot: small(0, 1), Cursors: []store.Cursor{{Definition: "weekly", Seq: 1, Snapshot: store.CurrentSnapshot}}})
	f.clock.advance(2 * ttl)
	lease := acquire(t, f.open(t), "next")
	before := read(t, s)
	if err := s.Import(t.Context(), slow, &store.Export{}); !errors.Is(err, store.ErrFenced) {
		t.Errorf("importing with a lost lease: %v, want ErrFenced", err)
	}
	// One that can't be: nothing is half done.
	bad := &store.Export{Cursors: []store.Cursor{{Definition: "weekly", Seq: 9, Snapshot: 7}}}
	if err := s.Import(t.Context(), lease, bad); err == nil {
		t.Error("a cursor without its snapshot was imported")
	}
	same(t, "after refused imports", before, read(t, s))
	commit(t, s, lease, store.Update{Run: &store.Run{Outcome: "quiet"}})
}

func testLockSeen(t *testing.T, f *fixture) {
	a, b := f.open(t), f.open(t)
	if _, held, err := b.Lock(t.Context()); held || err != nil {
		t.Errorf("a new store is locked: %v, %v", held, err)
	}
	lease := acquire(t, a, "host pid 1")
	got, held, err := b.Lock(t.Context())
	if err != nil || !held {
		t.Fatalf("held %v, %v", held, err)
	}
	same(t, "the lease", lease, got)
	encode(t, b) // a locked state can be exported
	if err := a.Release(t.Context(), lease); err != nil {
		t.Fatal(err)
	}
	if _, held, err := b.Lock(t.Context()); held || err != nil {
		t.Errorf("after the release: %v, %v", held, err)
	}
}
