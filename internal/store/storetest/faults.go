//nolint:thelper // these are the tests themselves: a failure must show their line
package storetest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/store"
)

func testNewer(t *testing.T, f *fixture) {
	if f.harness.Newer == nil {
		t.Skip("this store has no way to look newer")
	}
	filled(t, f)
	f.harness.Newer(t)
	_, err := f.harness.Open(f.clock.now)
	unusable(t, err, "newer bot", "update bot")
}

func testDamage(t *testing.T, f *fixture) {
	if len(f.harness.Spoil) == 0 {
		t.Skip("this store has no way to be damaged")
	}
	for name := range f.harness.Spoil {
		t.Run(name, func(t *testing.T) {
			f := &fixture{harness: f.make(t), make: f.make, clock: newClock()}
			filled(t, f)
			f.harness.Spoil[name](t)
			s, err := f.harness.Open(f.clock.now)
			if err == nil {
				// Damage inside the rows is found by whoever reads them, not by opening.
				_, err = readAll(t.Context(), s)
				if cerr := s.Close(); cerr != nil {
					t.Logf("close: %v", cerr)
				}
			}
			unusable(t, err)
		})
	}
}

func filled(t *testing.T, f *fixture) {
	t.Helper()
	s, err := f.harness.Open(f.clock.now)
	if err != nil {
		t.Fatal(err)
	}
	lease := acquire(t, s, "test")
	for i := range 5 {
		commit(t, s, lease, store.Update{
			Snapshot: Snapshot(250, i, i), Run: &store.Run{Outcome: "told"},
			Cursors:    []store.Cursor{{Definition: "weekly", Seq: int64(i + 1), Snapshot: store.CurrentSnapshot}},
			Deliveries: []store.Delivery{queued("weekly", int64(i+1), "slack", 1, 1, 0)},
		})
	}
	if err := errors.Join(s.Release(t.Context(), lease), s.Close()); err != nil {
		t.Fatal(err)
	}
}

// unusable checks that the error is one sentence for a person: where, why, what to do.
func unusable(t *testing.T, err error, words ...string) {
	t.Helper()
	var u *store.UnusableError
	if !errors.As(err, &u) {
		t.Fatalf("error %v, want a *store.UnusableError", err)
	}
	if u.Path == "" || u.Reason == "" || u.Advice == "" {
		t.Errorf("the error leaves something out: %+v", u)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q does not say %q", err, w)
		}
	}
	if strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "goroutine") {
		t.Errorf("%q is more than one sentence", err)
	}
}

// PlaceVariable is the environment variable that tells the victim its place.
const PlaceVariable = "STORETEST_PLACE"

// Victim is the process that testKilled kills: it commits for ever and tells each commit that returned
// on standard output. place is the value of PlaceVariable; in any other process that is empty, and the
// test is skipped.
func Victim(t *testing.T, place string, open func(place string, now func() time.Time) (Store, error)) {
	t.Helper()
	if place == "" {
		t.Skip("runs only as the victim of the conformance test")
	}
	s, err := open(place, newClock().now)
	if err != nil {
		t.Fatal(err)
	}
	lease, err := s.Acquire(t.Context(), "victim", ttl)
	if err != nil {
		t.Fatal(err)
	}
	latest, err := s.Latest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for n := 1 + number(latest); ; n++ {
		if err := s.Commit(t.Context(), lease, step(n)); err != nil {
			t.Fatal(err)
		}
		if n%7 == 0 {
			if err := s.Prune(t.Context(), lease, 3); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := fmt.Fprintf(os.Stdout, "committed %d\n", n); err != nil {
			t.Fatal(err)
		}
	}
}

// step is the n-th commit of the victim. Everything in it says n, so that half a step is seen.
func step(n int) *store.Update {
	d := queued("weekly", int64(n), "github-issue", 1, 1, 0)
	d.Body = strings.Repeat(fmt.Sprintf("digest %d\n", n), 2000)
	return &store.Update{
		Snapshot:   Snapshot(40, n, n),
		Cursors:    []store.Cursor{{Definition: "weekly", Seq: int64(n), Snapshot: store.CurrentSnapshot}},
		Deliveries: []store.Delivery{d},
		Run:        &store.Run{Outcome: strconv.Itoa(n), Snapshot: store.CurrentSnapshot},
	}
}

func testKilled(t *testing.T, f *fixture) {
	if f.harness.Victim == "" {
		t.Skip("this store has no victim")
	}
	if testing.Short() {
		t.Skip("starts processes")
	}
	t.Setenv(PlaceVariable, f.harness.Place) // the victims inherit it
	told := 0
	for round := range 8 {
		told = killOnce(t, f, told+1+round*5)
		s, err := f.harness.Open(f.clock.now)
		if err != nil {
			t.Fatalf("round %d: after the kill: %v", round, err)
		}
		got := whole(t, s)
		if got < told {
			t.Fatalf("round %d: commit %d returned, but the store ends at %d", round, told, got)
		}
		told = got
		// The dead holder's lock expires for the next victim.
		f.clock.advance(2 * ttl)
		if err := errors.Join(s.Release(t.Context(), acquire(t, s, "coroner")), s.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// killOnce starts a victim, kills it without warning when it has told of commit at, and gives the last
// commit it told of.
func killOnce(t *testing.T, f *fixture, at int) int {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+f.harness.Victim+"$", "-test.timeout=2m")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	told, other := 0, ""
	killed := false
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		n, ok := strings.CutPrefix(lines.Text(), "committed ")
		if !ok {
			other += lines.Text() + "\n"
			continue
		}
		if told, err = strconv.Atoi(n); err != nil {
			t.Fatal(err)
		}
		if told >= at && !killed {
			killed = true
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := lines.Err(); err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || !killed {
		t.Fatalf("the victim ended by itself (%v) at commit %d:\n%s%s", err, told, other, stderr.String())
	}
	return told
}

// whole checks that the store holds whole steps 1 to n and nothing else, and gives n.
func whole(t *testing.T, s Store) int {
	t.Helper()
	got := read(t, s)
	n := number(got.Latest)
	if len(got.Runs) != n || len(got.Deliveries) != n || len(got.Cursors) != 1 {
		t.Fatalf("after step %d there are %d runs, %d deliveries, %d cursors", n, len(got.Runs), len(got.Deliveries), len(got.Cursors))
	}
	want := step(n)
	want.Snapshot.Seq = got.Latest.Seq
	same(t, "the newest snapshot", want.Snapshot, got.Latest)
	if c := got.Cursors[0]; c.Seq != int64(n) || c.Snapshot != got.Latest.Seq {
		t.Errorf("after step %d (snapshot %d) the cursor is %+v", n, got.Latest.Seq, c)
	}
	for i, d := range got.Deliveries {
		same(t, "a delivery", step(i + 1).Deliveries[0], d)
	}
	return n
}
