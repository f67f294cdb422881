//nolint:thelper // table entries, each called from one line
package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/store"
	"github.com/upstream-digest/bot/internal/store/sqlite"
	"github.com/upstream-digest/bot/internal/store/storetest"
)

func readOnly(tb testing.TB, path string) *sqlite.Store {
	tb.Helper()
	s, err := sqlite.OpenReadOnly(tb.Context(), path)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// file is what must not change: content and times.
type file struct {
	data    string
	mode    os.FileMode
	modTime time.Time
}

// folder is everything below dir.
func folder(tb testing.TB, dir string) map[string]file {
	tb.Helper()
	out := make(map[string]file)
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		f := file{mode: info.Mode(), modTime: info.ModTime()}
		if !d.IsDir() {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			f.data = string(data)
		}
		out[path] = f
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

func unchanged(tb testing.TB, before, after map[string]file) {
	tb.Helper()
	if d := cmp.Diff(before, after, cmp.AllowUnexported(file{}), cmp.FilterPath(func(p cmp.Path) bool {
		return strings.HasSuffix(p.String(), "data")
	}, cmp.Comparer(func(a, b string) bool { return a == b }))); d != "" {
		tb.Errorf("a dry run changed the disk:\n%.2000s", d)
	}
}

// use does what a dry run does, and what it must not be able to do.
func use(t *testing.T, s *sqlite.Store, latest int64) {
	t.Helper()
	got, err := s.Latest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if (got == nil) != (latest == 0) || (got != nil && got.Seq != latest) {
		t.Errorf("Latest is %+v, want snapshot %d", got, latest)
	}
	if _, err := s.Cursors(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := s.Deliveries(t.Context(), ""); err != nil {
		t.Error(err)
	}
	if _, err := s.Runs(t.Context(), 10); err != nil {
		t.Error(err)
	}
	for name, err := range map[string]error{
		"Acquire": second(s.Acquire(t.Context(), "x", time.Minute)),
		"Renew":   second(s.Renew(t.Context(), store.Lease{Fence: 1}, time.Minute)),
		"Release": s.Release(t.Context(), store.Lease{Fence: 1}),
		"Commit":  s.Commit(t.Context(), store.Lease{Fence: 1}, &store.Update{Snapshot: storetest.Snapshot(1, 1, 1)}),
		"Prune":   s.Prune(t.Context(), store.Lease{Fence: 1}, 1),
		"Import":  s.Import(t.Context(), store.Lease{Fence: 1}, &store.Export{}),
	} {
		if !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("%s: %v, want ErrReadOnly", name, err)
		}
	}
}

func second(_ store.Lease, err error) error { return err }

func TestReadOnlyChangesNothing(t *testing.T) {
	tests := map[string]struct {
		prepare func(t *testing.T, path string)
		latest  int64
	}{
		"no folder": {func(*testing.T, string) {}, 0},
		"no file":   {func(t *testing.T, path string) { mkdir(t, filepath.Dir(path)) }, 0},
		"empty file": {func(t *testing.T, path string) {
			mkdir(t, filepath.Dir(path))
			write(t, path, nil)
		}, 0},
		"nobody has it open": {func(t *testing.T, path string) { closed(t, fill(t, path, 3)) }, 3},
		"a service has it open": {func(t *testing.T, path string) {
			s := fill(t, path, 3)
			t.Cleanup(func() { closed(t, s) })
		}, 3},
		"a service has it open, with older things checkpointed": {func(t *testing.T, path string) {
			closed(t, fill(t, path, 2))
			s := fillMore(t, path)
			t.Cleanup(func() { closed(t, s) })
		}, 3},
		"its process was killed": {func(t *testing.T, path string) {
			live := path + ".live"
			s := fill(t, live, 3)
			for _, suffix := range []string{"", "-wal"} {
				data, err := os.ReadFile(live + suffix)
				if err != nil {
					t.Fatal(err)
				}
				write(t, path+suffix, data)
			}
			closed(t, s)
		}, 3},
		"killed before the first migration": {func(t *testing.T, path string) {
			mkdir(t, filepath.Dir(path))
			begin(t, path)
		}, 0},
		"the file is read-only": {func(t *testing.T, path string) {
			closed(t, fill(t, path, 1))
			if err := os.Chmod(path, 0o400); err != nil {
				t.Fatal(err)
			}
		}, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			temp := filepath.Join(root, "tmp")
			mkdir(t, temp)
			t.Setenv("TMPDIR", temp)
			home := filepath.Join(root, "home")
			mkdir(t, home)
			path := filepath.Join(home, "state", "bot.db")
			tt.prepare(t, path)

			before := folder(t, home)
			s := readOnly(t, path)
			unchanged(t, before, folder(t, home))
			use(t, s, tt.latest)
			unchanged(t, before, folder(t, home))
			closed(t, s)
			unchanged(t, before, folder(t, home))
			if left := folder(t, temp); len(left) != 1 {
				t.Errorf("%d files are left in the temporary folder", len(left)-1)
			}
		})
	}
}

func mkdir(tb testing.TB, dir string) {
	tb.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
}

func TestReadOnlyOfDamagedState(t *testing.T) {
	for name := range newHarness(t).Spoil {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			s := open(t, h.Place)
			lease, err := s.Acquire(t.Context(), "x", time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			d := store.Delivery{Key: store.Key{Definition: "weekly", Seq: 1, Channel: "file", Part: 1, Parts: 1}, State: store.Pending}
			for i := range 2 {
				err := s.Commit(t.Context(), lease, &store.Update{
					Snapshot: storetest.Snapshot(250, i, i), Deliveries: []store.Delivery{d},
					Cursors: []store.Cursor{{Definition: "weekly", Seq: 1, Snapshot: store.CurrentSnapshot}},
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			closed(t, s)
			h.Spoil[name](t)
			before := folder(t, filepath.Dir(h.Place))
			s, err = sqlite.OpenReadOnly(t.Context(), h.Place)
			if err == nil {
				_, err1 := s.Latest(t.Context())
				_, err2 := s.Cursors(t.Context())
				_, err3 := s.Deliveries(t.Context(), "")
				err = errors.Join(err1, err2, err3)
				closed(t, s)
			}
			var u *store.UnusableError
			if !errors.As(err, &u) {
				t.Errorf("error %v, want a *store.UnusableError", err)
			}
			unchanged(t, before, folder(t, filepath.Dir(h.Place)))
		})
	}
}

// Read in place there are no locks, so what was read while another run wrote must not be used.
func TestReadOnlyNoticesAWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bot.db")
	closed(t, fill(t, path, 2))
	s := readOnly(t, path)
	defer closed(t, s)
	use(t, s, 2)
	closed(t, fillMore(t, path))
	if _, err := s.Latest(t.Context()); err == nil || !strings.Contains(err.Error(), "changed by another run") {
		t.Errorf("error %v, want one that says so", err)
	}
}

func fillMore(t *testing.T, path string) *sqlite.Store {
	t.Helper()
	s := open(t, path)
	lease, err := s.Acquire(t.Context(), "more", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(t.Context(), lease, &store.Update{Snapshot: storetest.Snapshot(30, 50, 50)}); err != nil {
		t.Fatal(err)
	}
	return s
}

// A copy shows one moment, whatever its owner writes while it is made.
func TestReadOnlyBesideAWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bot.db")
	writer := fill(t, path, 1)
	defer closed(t, writer)
	lease, err := writer.Acquire(t.Context(), "writer", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	// Large commits, so that pages move from the log to the file all the time.
	body := strings.Repeat("what changed\n", 50_000)
	ended := make(chan error, 1)
	go func() {
		for i := 1; i <= 60; i++ {
			u := store.Update{
				Snapshot: storetest.Snapshot(20, i, i), Run: &store.Run{Snapshot: store.CurrentSnapshot},
				Deliveries: []store.Delivery{{
					Key:   store.Key{Definition: "weekly", Seq: int64(i), Channel: "file", Part: 1, Parts: 1},
					State: store.Pending, Body: body,
				}},
			}
			if err := writer.Commit(t.Context(), lease, &u); err != nil {
				ended <- err
				return
			}
		}
		ended <- nil
	}()
	consistent, busy := 0, 0
	for writing := true; writing; {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatal(err)
			}
			writing = false
		default:
		}
		s, err := sqlite.OpenReadOnly(t.Context(), path)
		if err != nil {
			if !strings.Contains(err.Error(), "keeps writing it") {
				t.Error(err)
			}
			busy++
			continue
		}
		latest, err := s.Latest(t.Context())
		if err != nil {
			t.Error(err)
		}
		runs, err := s.Runs(t.Context(), 1)
		if err != nil {
			t.Error(err)
		} else if len(runs) == 1 && latest != nil && runs[0].Outcome == "" && runs[0].Snapshot != latest.Seq {
			t.Errorf("snapshot %d with the run of snapshot %d", latest.Seq, runs[0].Snapshot)
		}
		consistent++
		closed(t, s)
	}
	if consistent == 0 {
		t.Error("no copy was made, not even when the writer had ended")
	}
	t.Logf("%d copies made, %d times it was written to all the time", consistent, busy)
}
