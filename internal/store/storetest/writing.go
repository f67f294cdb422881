//nolint:thelper // these are the tests themselves: a failure must show their line
package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/upstream-digest/bot/internal/store"
)

// refused commits an update that must fail, and checks that it left no trace.
func refused(t *testing.T, s Store, lease store.Lease, u store.Update, want string) {
	t.Helper()
	before := read(t, s)
	err := s.Commit(t.Context(), lease, &u)
	if err == nil {
		t.Fatalf("the store accepted what it must refuse: %s", want)
	}
	if !strings.Contains(err.Error(), want) {
		t.Errorf("error %q does not say %q", err, want)
	}
	same(t, "a refused commit left a trace", before, read(t, s))
	if u.Snapshot != nil && u.Snapshot.Seq != 0 {
		t.Errorf("a refused commit numbered its snapshot %d", u.Snapshot.Seq)
	}
	if u.Run != nil && u.Run.ID != 0 {
		t.Errorf("a refused commit numbered its run %d", u.Run.ID)
	}
}

func testAtomicity(t *testing.T, f *fixture) {
	s, lease := f.locked(t)
	commit(t, s, lease, store.Update{
		Snapshot: small(0, 1), Run: &store.Run{Outcome: "told"},
		Cursors:    []store.Cursor{{Definition: "weekly", Seq: 4, Snapshot: store.CurrentSnapshot}},
		Deliveries: []store.Delivery{queued("weekly", 4, "slack", 1, 1, 0)},
	})
	// Each update is good up to one fault, and the fault is in the last thing that is written.
	good := func() store.Update {
		return store.Update{
			Snapshot:   small(1, 2),
			Cursors:    []store.Cursor{{Definition: "alerts", Seq: 1, Snapshot: store.CurrentSnapshot}, {Definition: "weekly", Seq: 5, Snapshot: store.CurrentSnapshot}},
			Deliveries: []store.Delivery{queued("weekly", 5, "slack", 1, 2, store.CurrentSnapshot), queued("weekly", 5, "slack", 2, 2, store.CurrentSnapshot)},
			Run:        &store.Run{Outcome: "told"},
		}
	}
	for want, spoil := range map[string]func(*store.Update){
		"delivery weekly/5/slack/2-of-2: base: snapshot 4711": func(u *store.Update) { u.Deliveries[1].Base = 4711 },
		"cursor weekly: snapshot 4711":                        func(u *store.Update) { u.Cursors[1].Snapshot = 4711 },
		"cursor weekly: snapshot 0":                           func(u *store.Update) { u.Cursors[1].Snapshot = 0 },
		"go back from 4 to 3":                                 func(u *store.Update) { u.Cursors[1].Seq = 3 },
		`"lost" is no state`:                                  func(u *store.Update) { u.Deliveries[1].State = "lost" },
		"part 3 of 2 does not exist":                          func(u *store.Update) { u.Deliveries[1].Key.Part = 3 },
		"frozen":                                              func(u *store.Update) { u.Deliveries[1].Key = u.Deliveries[0].Key },
		"cursor weekly names the snapshot of this update, which has none": func(u *store.Update) {
			u.Snapshot, u.Cursors = nil, u.Cursors[1:]
		},
		"weekly/5/slack/1-of-2 names the snapshot of this update": func(u *store.Update) { u.Snapshot, u.Cursors = nil, nil },
		"run names the snapshot of this update": func(u *store.Update) {
			u.Snapshot, u.Cursors, u.Deliveries, u.Run.Snapshot = nil, nil, nil, store.CurrentSnapshot
		},
		"definition must be named": func(u *store.Update) { u.Cursors[1].Definition = "" },
		"two upstreams are named": func(u *store.Update) {
			u.Snapshot.Upstreams = slices.Repeat(u.Snapshot.Upstreams, 2)
		},
	} {
		u := good()
		spoil(&u)
		refused(t, s, lease, u, want)
	}
	if n := f.harness.Sections(t); n != 1 {
		t.Errorf("refused commits left items behind: %d sets, want 1", n)
	}
	commit(t, s, lease, good())
}

func testCancelled(t *testing.T, f *fixture) {
	s, lease := f.locked(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := s.Commit(ctx, lease, &store.Update{Snapshot: small(0, 1), Run: &store.Run{}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	same(t, "a cancelled commit left a trace", contents{}, read(t, s))
	commit(t, s, lease, store.Update{Snapshot: small(0, 1)})
}

func testConcurrentWriters(t *testing.T, f *fixture) {
	first, lease := f.locked(t)
	second := f.open(t)
	const each = 20
	g, ctx := errgroup.WithContext(t.Context())
	for w, s := range []Store{first, second, first, second} {
		g.Go(func() error {
			for i := range each {
				definition := fmt.Sprintf("writer%d", w)
				u := store.Update{
					Snapshot: small(i%3, i), Run: &store.Run{Outcome: definition, Snapshot: store.CurrentSnapshot},
					Cursors:    []store.Cursor{{Definition: definition, Seq: int64(i + 1), Snapshot: store.CurrentSnapshot}},
					Deliveries: []store.Delivery{queued(definition, int64(i+1), "file", 1, 1, store.CurrentSnapshot)},
				}
				if err := s.Commit(ctx, lease, &u); err != nil {
					return fmt.Errorf("writer %d, commit %d: %w", w, i, err)
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	got := read(t, first)
	if len(got.Runs) != 4*each || len(got.Deliveries) != 4*each {
		t.Errorf("%d runs and %d deliveries, want %d of each", len(got.Runs), len(got.Deliveries), 4*each)
	}
	seen := make(map[int64]bool)
	for _, r := range got.Runs {
		if seen[r.Snapshot] {
			t.Errorf("snapshot number %d was given twice", r.Snapshot)
		}
		seen[r.Snapshot] = true
	}
	for _, c := range got.Cursors {
		if c.Seq != each {
			t.Errorf("cursor %s stands at %d, want %d", c.Definition, c.Seq, each)
		}
	}
}

// A reader must see whole commits while another handle writes and prunes: a snapshot whose items are
// dropped between two of the store's own reads would look like damage.
func testReadersBesideWriter(t *testing.T, f *fixture) {
	writer, lease := f.locked(t)
	reader := f.open(t)
	commit(t, writer, lease, store.Update{Snapshot: small(0, 0)})
	stop := make(chan struct{})
	var g errgroup.Group
	g.Go(func() error {
		for {
			select {
			case <-stop:
				return nil
			default:
			}
			s, err := reader.Latest(t.Context())
			if err != nil {
				return err
			}
			items := s.Upstreams[0].Sections[0].Items
			if items.Empty() || s.Upstreams[0].Version != items.Gates.Version {
				return fmt.Errorf("snapshot %d is torn", s.Seq)
			}
		}
	})
	var err error
	for i := 1; i <= 60 && err == nil; i++ {
		if err = writer.Commit(t.Context(), lease, &store.Update{Snapshot: small(i, i)}); err == nil {
			err = writer.Prune(t.Context(), lease, 1)
		}
	}
	close(stop)
	if err := errors.Join(err, g.Wait()); err != nil {
		t.Error(err)
	}
}

func testDeliveryStates(t *testing.T, f *fixture) {
	s, lease := f.locked(t)
	d := queued("weekly", 1, "github-issue", 1, 1, 0)
	commit(t, s, lease, store.Update{Deliveries: []store.Delivery{d}})
	move := func(d store.Delivery, to store.State) store.Delivery {
		t.Helper()
		d.State = to
		d.Tries++
		commit(t, s, lease, store.Update{Deliveries: []store.Delivery{d}})
		same(t, "after moving to "+string(to), []store.Delivery{d}, read(t, s).Deliveries)
		return d
	}
	d.LastError = "502 after the request was sent"
	d = move(d, store.Unknown)
	superseded := d
	superseded.State = store.Superseded
	refused(t, s, lease, store.Update{Deliveries: []store.Delivery{superseded}}, "it is unknown and can't become superseded")
	d = move(d, store.Pending)
	d = move(d, store.GivenUp)
	d = move(d, store.Pending)
	d.LastError, d.ResultID, d.ResultURL, d.DoneAt = "", 12, "https://github.com/acme/platform/issues/12", f.clock.now()
	d = move(d, store.Done)
	again := d
	again.State = store.Pending
	refused(t, s, lease, store.Update{Deliveries: []store.Delivery{again}}, "it is done and can't become pending")

	old := queued("weekly", 2, "github-issue", 1, 1, 0)
	commit(t, s, lease, store.Update{Deliveries: []store.Delivery{old}})
	old.State = store.Superseded
	commit(t, s, lease, store.Update{Deliveries: []store.Delivery{old}})
	old.State = store.Unknown
	refused(t, s, lease, store.Update{Deliveries: []store.Delivery{old}}, "it is superseded and can't become unknown")
}

func testDeliveryFilter(t *testing.T, f *fixture) {
	s, lease := f.locked(t)
	var all []store.Delivery
	for _, k := range []store.Key{
		{Definition: "weekly", Seq: 10, Channel: "file", Part: 1, Parts: 1},
		{Definition: "weekly", Seq: 9, Channel: "slack", Part: 1, Parts: 1},
		{Definition: "weekly", Seq: 9, Channel: "file", Part: 2, Parts: 11},
		{Definition: "weekly", Seq: 9, Channel: "file", Part: 11, Parts: 11},
		{Definition: "weekly", Seq: 9, Channel: "file", Part: 1, Parts: 11},
		{Definition: "alerts", Seq: 11, Channel: "slack", Part: 1, Parts: 1},
	} {
		d := queued(k.Definition, k.Seq, k.Channel, k.Part, k.Parts, 0)
		if k.Part == 2 {
			d.State = store.Unknown
		}
		if k.Seq == 10 {
			d.State = store.Done
		}
		all = append(all, d)
	}
	commit(t, s, lease, store.Update{Deliveries: all})
	for _, tt := range []struct {
		definition string
		states     []store.State
		want       []string
	}{
		{"", nil, []string{"alerts/11/slack/1-of-1", "weekly/9/file/1-of-11", "weekly/9/file/2-of-11", "weekly/9/file/11-of-11", "weekly/9/slack/1-of-1", "weekly/10/file/1-of-1"}},
		{"weekly", []store.State{store.Unknown, store.Done}, []string{"weekly/9/file/2-of-11", "weekly/10/file/1-of-1"}},
		{"", []store.State{store.Pending}, []string{"alerts/11/slack/1-of-1", "weekly/9/file/1-of-11", "weekly/9/file/11-of-11", "weekly/9/slack/1-of-1"}},
		{"alerts", []store.State{store.GivenUp}, nil},
	} {
		ds, err := s.Deliveries(t.Context(), tt.definition, tt.states...)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range ds {
			got = append(got, d.Key.String())
		}
		same(t, fmt.Sprintf("Deliveries(%q, %v)", tt.definition, tt.states), tt.want, got)
	}
}

func testFrozen(t *testing.T, f *fixture) {
	s, lease := f.locked(t)
	first := commit(t, s, lease, store.Update{Snapshot: small(0, 1)}).Snapshot.Seq
	second := commit(t, s, lease, store.Update{Snapshot: small(1, 2)}).Snapshot.Seq
	d := queued("weekly", 1, "github-issue", 1, 2, first)
	commit(t, s, lease, store.Update{Deliveries: []store.Delivery{d}})
	for field, change := range map[string]func(*store.Delivery){
		"nonce":           func(d *store.Delivery) { d.Nonce = "other" },
		"target":          func(d *store.Delivery) { d.Target = "acme/other" },
		"title":           func(d *store.Delivery) { d.Title += "!" },
		"body":            func(d *store.Delivery) { d.Body += "!" },
		"labels":          func(d *store.Delivery) { d.Labels = d.Labels[:1] },
		"base":            func(d *store.Delivery) { d.Base = second },
		"queueing time":   func(d *store.Delivery) { d.QueuedAt = d.QueuedAt.Add(1) },
		"number of parts": func(d *store.Delivery) { d.Key.Parts = 3 },
	} {
		changed := d
		changed.State = store.Done
		change(&changed)
		refused(t, s, lease, store.Update{Deliveries: []store.Delivery{changed}}, "the update changes its "+field)
	}
	// The same again is no change, and A to B to A to B is a digest of its own.
	next := queued("weekly", 2, "github-issue", 1, 2, first)
	next.Body = "another body"
	commit(t, s, lease, store.Update{Deliveries: []store.Delivery{d, next}})
	same(t, "deliveries", []store.Delivery{d, next}, read(t, s).Deliveries)
}

func testCursorBack(t *testing.T, f *fixture) {
	s, lease := f.locked(t)
	seq := commit(t, s, lease, store.Update{
		Snapshot: small(0, 1),
		Cursors:  []store.Cursor{{Definition: "weekly", Seq: 7, Snapshot: store.CurrentSnapshot}},
	}).Snapshot.Seq
	refused(t, s, lease, store.Update{Cursors: []store.Cursor{{Definition: "weekly", Seq: 6, Snapshot: seq}}}, "cursor weekly: its number would go back from 7 to 6")
	// Found current: only the time moves.
	now := store.Cursor{Definition: "weekly", Seq: 7, Snapshot: seq, ToldAt: f.clock.now()}
	commit(t, s, lease, store.Update{Cursors: []store.Cursor{now}})
	same(t, "cursors", []store.Cursor{now}, read(t, s).Cursors)
}
