//nolint:thelper // these are the tests themselves: a failure must show their line
package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/store"
)

func testEmpty(t *testing.T, f *fixture) {
	s := f.open(t)
	same(t, "an empty store", contents{}, read(t, s))
	if _, err := s.Snapshot(t.Context(), 1); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Snapshot(1): %v, want ErrNotFound", err)
	}
}

func testRoundTrip(t *testing.T, f *fixture) {
	s, lease := f.locked(t)
	snap := small(0, 1)
	// A source that failed with nothing to carry, beside one that was read.
	snap.Upstreams[0].Sections = append(snap.Upstreams[0].Sections, snapshot.Section{Source: "releases", Status: snapshot.Failed, Reason: "502"})
	run := store.Run{
		StartedAt: f.clock.now(), EndedAt: f.clock.now().Add(time.Second), Outcome: "told", ExitCode: 3, Snapshot: store.CurrentSnapshot, Requests: 9,
		Failed: []store.FailedSource{{Upstream: "kubernetes", Source: "releases", Reason: "502"}},
	}
	d := queued("weekly", 1, "github-issue", 1, 1, store.CurrentSnapshot)
	d.RetriedAt = f.clock.now().Add(time.Hour)
	d.Tries, d.LastError, d.ResultID, d.ResultURL, d.DoneAt = 2, "502", 77, "https://github.com/acme/platform/issues/77", f.clock.now()
	u := commit(t, s, lease, store.Update{
		Snapshot: snap, Run: &run, Deliveries: []store.Delivery{d},
		Cursors: []store.Cursor{{Definition: "weekly", Seq: 1, Snapshot: store.CurrentSnapshot, ToldAt: f.clock.now()}},
	})
	got := read(t, s)
	same(t, "what was committed", contents{Latest: u.Snapshot, Cursors: u.Cursors, Deliveries: u.Deliveries, Runs: []store.Run{*u.Run}}, got)

	old, err := s.Snapshot(t.Context(), u.Snapshot.Seq)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "Snapshot(seq)", u.Snapshot, old)
}

func testTimes(t *testing.T, f *fixture) {
	s, lease := f.locked(t)
	zone := time.FixedZone("somewhere", -5*60*60)
	at := time.Date(2026, 10, 25, 1, 30, 0, 987654321, zone)
	snap := small(0, 1)
	snap.TakenAt, snap.Upstreams[0].Sections[0].ReadAt = at, at
	d := queued("weekly", 1, "github-issue", 1, 1, 0)
	d.QueuedAt, d.RetriedAt, d.DoneAt = at, at, at
	commit(t, s, lease, store.Update{
		Snapshot: snap, Deliveries: []store.Delivery{d}, Run: &store.Run{StartedAt: at, EndedAt: at},
		Cursors: []store.Cursor{{Definition: "weekly", Seq: 1, Snapshot: store.CurrentSnapshot, ToldAt: at}},
	})
	got := read(t, s)
	for name, x := range map[string]time.Time{
		"TakenAt": got.Latest.TakenAt, "ReadAt": got.Latest.Upstreams[0].Sections[0].ReadAt, "ToldAt": got.Cursors[0].ToldAt,
		"QueuedAt": got.Deliveries[0].QueuedAt, "RetriedAt": got.Deliveries[0].RetriedAt, "DoneAt": got.Deliveries[0].DoneAt,
		"StartedAt": got.Runs[0].StartedAt, "EndedAt": got.Runs[0].EndedAt,
	} {
		if !x.Equal(at) || x.Location() != time.UTC {
			t.Errorf("%s is %s, want %s", name, x, at.UTC())
		}
	}
}

func testBigBody(t *testing.T, f *fixture) {
	s, lease := f.locked(t)
	d := queued("weekly", 1, "github-issue", 1, 1, 0)
	// Everything a body may hold that a store could trip over: quotes, zero bytes, four-byte runes.
	d.Body = strings.Repeat("it's a \"body\"\x00 with 🚀 and \r\n; DROP TABLE runs --\n", 2500)
	if len(d.Body) < 100_000 {
		t.Fatalf("body has only %d bytes", len(d.Body))
	}
	commit(t, s, lease, store.Update{Deliveries: []store.Delivery{d}})
	got := read(t, f.open(t)).Deliveries
	if len(got) != 1 || got[0].Body != d.Body {
		t.Error("the body came back changed")
	}
}

func testReopening(t *testing.T, f *fixture) {
	s, err := f.harness.Open(f.clock.now)
	if err != nil {
		t.Fatal(err)
	}
	lease := acquire(t, s, "first")
	commit(t, s, lease, store.Update{
		Snapshot: small(0, 1), Run: &store.Run{Outcome: "told"},
		Cursors:    []store.Cursor{{Definition: "weekly", Seq: 1, Snapshot: store.CurrentSnapshot}},
		Deliveries: []store.Delivery{queued("weekly", 1, "github-issue", 1, 1, 0)},
	})
	want := read(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	again := f.open(t)
	same(t, "after reopening", want, read(t, again))
	var held *store.HeldError
	if _, err := again.Acquire(t.Context(), "second", ttl); !errors.As(err, &held) {
		t.Errorf("a lock outlives the process that took it: got %v, want a HeldError", err)
	}
	// The lease was only a value all along: its holder may write through another handle.
	commit(t, again, lease, store.Update{Run: &store.Run{Outcome: "quiet"}})
}

func testUnknownDefinition(t *testing.T, f *fixture) {
	s, lease := f.locked(t)
	commit(t, s, lease, store.Update{Snapshot: small(0, 1), Cursors: []store.Cursor{{Definition: "weekly", Seq: 1, Snapshot: store.CurrentSnapshot}}})
	c, found, err := s.Cursor(t.Context(), "nightly")
	if err != nil || found || c != (store.Cursor{}) {
		t.Errorf("Cursor(nightly) = %+v, %v, %v; want nothing and no error", c, found, err)
	}
	ds, err := s.Deliveries(t.Context(), "nightly")
	if err != nil || len(ds) != 0 {
		t.Errorf("Deliveries(nightly) = %v, %v; want none and no error", ds, err)
	}
	if c, found, err = s.Cursor(t.Context(), "weekly"); err != nil || !found || c.Seq != 1 {
		t.Errorf("Cursor(weekly) = %+v, %v, %v", c, found, err)
	}
}

func testCurrentSnapshot(t *testing.T, f *fixture) {
	s, lease := f.locked(t)
	first := commit(t, s, lease, store.Update{Snapshot: small(0, 1)})
	second := commit(t, s, lease, store.Update{
		Snapshot: small(1, 2), Run: &store.Run{Snapshot: store.CurrentSnapshot},
		Cursors:    []store.Cursor{{Definition: "weekly", Seq: 1, Snapshot: store.CurrentSnapshot}},
		Deliveries: []store.Delivery{queued("weekly", 1, "slack", 1, 1, store.CurrentSnapshot), queued("weekly", 1, "file", 1, 1, first.Snapshot.Seq)},
	})
	seq := second.Snapshot.Seq
	if first.Snapshot.Seq < 1 || seq <= first.Snapshot.Seq {
		t.Fatalf("snapshots are numbered %d, %d", first.Snapshot.Seq, seq)
	}
	for name, got := range map[string]int64{
		"cursor": second.Cursors[0].Snapshot, "delivery": second.Deliveries[0].Base, "run": second.Run.Snapshot,
	} {
		if got != seq {
			t.Errorf("the update's %s names snapshot %d, want %d", name, got, seq)
		}
	}
	got := read(t, s)
	if got.Cursors[0].Snapshot != seq || got.Runs[0].Snapshot != seq || got.Deliveries[1].Base != seq || got.Deliveries[0].Base != first.Snapshot.Seq {
		t.Errorf("stored: %+v", got)
	}
	if second.Run.ID == 0 || got.Runs[0].ID != second.Run.ID {
		t.Errorf("the run has the number %d, stored %d", second.Run.ID, got.Runs[0].ID)
	}
}

func testRuns(t *testing.T, f *fixture) {
	s, lease := f.locked(t)
	for _, outcome := range []string{"told", "quiet", "failed"} {
		commit(t, s, lease, store.Update{Run: &store.Run{Outcome: outcome}})
	}
	runs, err := s.Runs(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	if len(runs) != 2 || runs[0].Outcome != "failed" || runs[1].Outcome != "quiet" || runs[0].ID <= runs[1].ID {
		t.Errorf("Runs(2) = %+v", runs)
	}
}

func testSections(t *testing.T, f *fixture) {
	s, lease := f.locked(t)
	var seqs []int64
	for run, era := range []int{0, 1, 0, 1} {
		seqs = append(seqs, commit(t, s, lease, store.Update{Snapshot: small(era, run)}).Snapshot.Seq)
	}
	if n := f.harness.Sections(t); n != 2 {
		t.Errorf("A, B, A, B: %d item sets are kept, want 2", n)
	}
	for i, seq := range seqs {
		got, err := s.Snapshot(t.Context(), seq)
		if err != nil {
			t.Fatalf("snapshot %d: %v", seq, err)
		}
		want := small(i%2, i)
		want.Seq = seq
		same(t, "a snapshot that shares its items", want, got)
	}
}

func testFiveHundred(t *testing.T, f *fixture) {
	s, lease := f.locked(t)
	const n = 500
	var last int64
	for i := range n {
		seq := commit(t, s, lease, store.Update{Snapshot: small(i/10, i)}).Snapshot.Seq
		if seq <= last {
			t.Fatalf("snapshot %d after %d", seq, last)
		}
		last = seq
	}
	if got := f.harness.Sections(t); got != n/10 {
		t.Errorf("%d item sets are kept, want %d", got, n/10)
	}
	latest := read(t, f.open(t)).Latest
	want := small((n-1)/10, n-1)
	want.Seq = last
	same(t, "the newest of 500", want, latest)
}

// testOutlines: who wants to know little is told the same, as far as it goes.
func testOutlines(t *testing.T, f *fixture) {
	s, lease := f.locked(t)
	if o, err := s.Outline(t.Context()); o != nil || err != nil {
		t.Fatalf("the outline of nothing: %+v, %v", o, err)
	}
	snap := small(0, 1)
	snap.Upstreams[0].Sections = append(snap.Upstreams[0].Sections, snapshot.Section{Source: "releases", Status: snapshot.Failed, Reason: "502"})
	var all []store.Delivery
	for part, state := range []store.State{store.Pending, store.Unknown, store.GivenUp, store.Done, store.Superseded} {
		d := queued("weekly", 1, "github-issue", part+1, 5, 0)
		d.State, d.Body = state, fmt.Sprintf("body %d", part)
		all = append(all, d)
	}
	commit(t, s, lease, store.Update{Snapshot: small(7, 0)})
	u := commit(t, s, lease, store.Update{Snapshot: snap, Deliveries: all})
	o, err := s.Outline(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	bare := *u.Snapshot
	bare.Upstreams = slices.Clone(bare.Upstreams)
	bare.Upstreams[0].Sections = slices.Clone(bare.Upstreams[0].Sections)
	bare.Upstreams[0].Sections[0].Items = snapshot.Items{}
	same(t, "the outline", &bare, o.Snapshot)
	if !o.Holds("kubernetes", snapshot.SourceGates) || o.Holds("kubernetes", "releases") || o.Holds("other", snapshot.SourceGates) {
		t.Error("the outline does not say which sections hold items")
	}
	got, err := s.Standing(t.Context(), "weekly")
	if err != nil || len(got) != len(all) {
		t.Fatalf("%d deliveries, %v", len(got), err)
	}
	for i := range got {
		if got[i].State == store.Done || got[i].State == store.Superseded {
			got[i].Body = all[i].Body
		}
	}
	same(t, "how deliveries stand", all, got)
	if open, err := s.Standing(t.Context(), "", store.Pending); err != nil || len(open) != 1 || open[0].Body != "body 0" {
		t.Errorf("what is pending: %+v, %v", open, err)
	}
}

// testEnd: the last commit of a run records it, clears away what is old and gives the lock back, in one step or not at
// all.
func testEnd(t *testing.T, f *fixture) {
	s, lease := f.locked(t)
	for i := range 4 {
		commit(t, s, lease, store.Update{Snapshot: small(i, i)})
	}
	refused(t, s, lease, store.Update{Run: &store.Run{Outcome: "told"}, End: &store.End{Keep: 2}, Cursors: []store.Cursor{{Definition: "weekly", Seq: 1, Snapshot: 99}}}, "snapshot 99")
	if n := f.harness.Sections(t); n != 4 {
		t.Errorf("a refused end cleared away: %d item sets are left", n)
	}
	commit(t, s, lease, store.Update{Run: &store.Run{Outcome: "told"}, End: &store.End{Keep: 2}})
	if n := f.harness.Sections(t); n != 2 {
		t.Errorf("%d item sets are left, want 2", n)
	}
	if runs := read(t, s).Runs; len(runs) != 1 || runs[0].Outcome != "told" {
		t.Errorf("runs: %+v", runs)
	}
	if _, held, err := s.Lock(t.Context()); held || err != nil {
		t.Errorf("after the end the lock is held: %v, %v", held, err)
	}
	refused(t, s, lease, store.Update{Run: &store.Run{}}, store.ErrFenced.Error())
	if err := s.Release(t.Context(), lease); err != nil {
		t.Errorf("releasing what is given back: %v", err)
	}
	acquire(t, f.open(t), "next")
}

func testPrune(t *testing.T, f *fixture) {
	s, lease := f.locked(t)
	seqs := make([]int64, 10)
	for i := range seqs {
		seqs[i] = commit(t, s, lease, store.Update{Snapshot: small(i, i)}).Snapshot.Seq
	}
	done := queued("weekly", 1, "slack", 1, 1, seqs[1])
	done.State = store.Done
	unknown := queued("weekly", 1, "file", 1, 1, seqs[2])
	unknown.State = store.Unknown
	givenUp := queued("weekly", 1, "chat", 1, 1, seqs[4]) // it may be put back in line
	givenUp.State = store.GivenUp
	commit(t, s, lease, store.Update{
		Cursors:    []store.Cursor{{Definition: "weekly", Seq: 1, Snapshot: seqs[0]}},
		Deliveries: []store.Delivery{done, unknown, givenUp, queued("weekly", 1, "github-issue", 1, 1, seqs[3])},
	})
	check := func(keep int, want ...int) {
		t.Helper()
		if err := s.Prune(t.Context(), lease, keep); err != nil {
			t.Fatalf("prune: %v", err)
		}
		var got []int
		for i, seq := range seqs {
			if _, err := s.Snapshot(t.Context(), seq); err == nil {
				got = append(got, i)
			} else if !errors.Is(err, store.ErrNotFound) {
				t.Fatal(err)
			}
		}
		same(t, "snapshots left", want, got)
		if n := f.harness.Sections(t); n != len(want) {
			t.Errorf("%d item sets are left for %d snapshots", n, len(want))
		}
	}
	check(100, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
	check(3, 0, 2, 3, 4, 7, 8, 9)
	check(0, 0, 2, 3, 4, 9)

	// Once told and delivered nothing holds the old ones any more.
	ds, err := s.Deliveries(t.Context(), "", store.Pending, store.Unknown, store.GivenUp)
	if err != nil {
		t.Fatal(err)
	}
	for i := range ds {
		ds[i].State = store.Done
	}
	commit(t, s, lease, store.Update{Deliveries: ds, Cursors: []store.Cursor{{Definition: "weekly", Seq: 2, Snapshot: seqs[9]}}})
	check(1, 9)
	if got := read(t, s); len(got.Deliveries) != 4 {
		t.Errorf("pruning dropped deliveries: %d are left, want 4", len(got.Deliveries))
	}
	if next := commit(t, s, lease, store.Update{Snapshot: small(0, 0)}).Snapshot.Seq; next <= seqs[9] {
		t.Errorf("after pruning the next snapshot has the number %d, given before", next)
	}
	f.clock.advance(2 * ttl)
	acquire(t, s, "next")
	if err := s.Prune(t.Context(), lease, 1); !errors.Is(err, store.ErrFenced) {
		t.Errorf("pruning with a lost lease: %v, want ErrFenced", err)
	}
}

func testPruneRuns(t *testing.T, f *fixture) {
	s, lease := f.locked(t)
	var last int64
	for range 510 {
		last = commit(t, s, lease, store.Update{Run: &store.Run{Outcome: "quiet"}}).Run.ID
	}
	if err := s.Prune(t.Context(), lease, 10); err != nil {
		t.Fatal(err)
	}
	runs, err := s.Runs(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(runs) != 500 || runs[0].ID != last {
		t.Errorf("%d runs are left, the newest is %d; want 500 and %d", len(runs), runs[0].ID, last)
	}
}

// testPruneDigests: closed digests go when they are old, whole ones only; what is open stays, and of what was given
// up the newest 52 digests.
func testPruneDigests(t *testing.T, f *fixture) {
	s, lease := f.locked(t)
	base := commit(t, s, lease, store.Update{Snapshot: small(0, 0)}).Snapshot.Seq
	var all []store.Delivery
	add := func(seq int64, channel string, states ...store.State) {
		for i, state := range states {
			d := queued("weekly", seq, channel, i+1, len(states), base)
			d.State = state
			all = append(all, d)
		}
	}
	add(1, "github-issue", store.Done, store.Pending)
	add(2, "github-issue", store.GivenUp)
	add(3, "github-issue", store.Done, store.Done)
	add(4, "github-issue", store.Superseded)
	for seq := int64(5); seq < 5+52; seq++ {
		add(seq, "github-issue", store.Done)
	}
	add(1, "file", store.Done)
	// A channel that is dead for years: its first two are dropped, one of them with the part that arrived.
	add(1, "slack", store.GivenUp, store.GivenUp)
	add(2, "slack", store.Done, store.GivenUp)
	for seq := int64(3); seq < 3+52; seq++ {
		add(seq, "slack", store.GivenUp)
	}
	commit(t, s, lease, store.Update{Deliveries: all})
	if err := s.Prune(t.Context(), lease, 10); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, d := range all {
		k := d.Key
		if k.Channel == "file" || k.Channel == "slack" && k.Seq > 2 || k.Channel == "github-issue" && (k.Seq <= 2 || k.Seq >= 5) {
			want = append(want, d.Key.String())
		}
	}
	left, err := s.Deliveries(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range left {
		got = append(got, d.Key.String())
	}
	slices.Sort(want)
	slices.Sort(got)
	same(t, "deliveries left", want, got)
}
