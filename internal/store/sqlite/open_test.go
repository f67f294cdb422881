package sqlite_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/upstream-digest/bot/internal/store"
	"github.com/upstream-digest/bot/internal/store/sqlite"
	"github.com/upstream-digest/bot/internal/store/storetest"
)

func clock() time.Time { return time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC) }

func open(tb testing.TB, path string) *sqlite.Store {
	tb.Helper()
	s, err := sqlite.Open(context.WithoutCancel(tb.Context()), path, sqlite.Options{Now: clock})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// fill commits n snapshots and leaves the store open.
func fill(tb testing.TB, path string, n int) *sqlite.Store {
	tb.Helper()
	s := open(tb, path)
	lease, err := s.Acquire(tb.Context(), "filler", time.Minute)
	if err != nil {
		tb.Fatal(err)
	}
	for i := range n {
		err := s.Commit(tb.Context(), lease, &store.Update{
			Snapshot: storetest.Snapshot(30, i, i), Run: &store.Run{Outcome: "told"},
			Cursors: []store.Cursor{{Definition: "weekly", Seq: int64(i + 1), Snapshot: store.CurrentSnapshot}},
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
	if err := s.Release(tb.Context(), lease); err != nil {
		tb.Fatal(err)
	}
	return s
}

func closed(tb testing.TB, s *sqlite.Store) {
	tb.Helper()
	if err := s.Close(); err != nil {
		tb.Error(err)
	}
}

func TestOpenMakesFoldersAndAPrivateFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "bot.db")
	var log bytes.Buffer
	s, err := sqlite.Open(t.Context(), path, sqlite.Options{Now: clock, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, s)
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600", name, info.Mode().Perm())
		}
	}
	if !strings.Contains(log.String(), "state created") || !strings.Contains(log.String(), "from=0 to=3") {
		t.Errorf("log: %s", &log)
	}
}

func TestPathsOfAnyCharacters(t *testing.T) {
	for _, name := range []string{"what?.db", "50%.db", "a b#c.db", "mode=ro&x.db", "ünï.db", ":memory:"} {
		path := filepath.Join(t.TempDir(), name)
		closed(t, fill(t, path, 1))
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("%s: the state is not there: %v", name, err)
		}
		closed(t, readOnly(t, path))
	}
}

func TestRelativePath(t *testing.T) {
	t.Chdir(t.TempDir())
	closed(t, fill(t, "state/bot.db", 1))
	s := readOnly(t, "state/bot.db")
	defer closed(t, s)
	if latest, err := s.Latest(t.Context()); err != nil || latest == nil {
		t.Errorf("Latest: %v, %v", latest, err)
	}
}

func TestEmptyFileIsSaidToBeEmpty(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bot.db")
	write(t, path, nil)
	var log bytes.Buffer
	s, err := sqlite.Open(t.Context(), path, sqlite.Options{Now: clock, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, s)
	if !strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), "starting anew") {
		t.Errorf("log: %s", &log)
	}
}

func TestUnusablePlaces(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	write(t, file, []byte("x"))
	foreign := filepath.Join(dir, "other.db")
	exec(t, foreign, `CREATE TABLE songs (title TEXT)`)
	tests := map[string]struct{ path, want string }{
		"a folder":                {dir, "it is a folder; set store.path to a file, such as " + filepath.Join(dir, "bot.db")},
		"a file as a folder":      {filepath.Join(file, "bot.db"), "not a directory"},
		"another program's state": {foreign, "it is the database of another program"},
		"too short to be one":     {file, "it is not an SQLite database"},
	}
	if runtime.GOOS == "linux" {
		// The one folder that root can't write to either.
		tests["a folder without permission"] = struct{ path, want string }{"/proc/bot.db", "/proc/bot.db"}
	}
	if runtime.GOOS != "windows" && os.Geteuid() != 0 {
		locked := filepath.Join(dir, "locked")
		if err := os.Mkdir(locked, 0o500); err != nil {
			t.Fatal(err)
		}
		tests["a locked folder"] = struct{ path, want string }{filepath.Join(locked, "bot.db"), "permission denied"}
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := sqlite.Open(t.Context(), tt.path, sqlite.Options{Now: clock})
			var u *store.UnusableError
			if !errors.As(err, &u) {
				t.Fatalf("error %v, want a *store.UnusableError", err)
			}
			if !strings.Contains(err.Error(), tt.path) || !strings.Contains(err.Error(), tt.want) || u.Advice == "" || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %q, want the path, %q and advice in one line", err, tt.want)
			}
		})
	}
}

// Whatever Open refuses, it must leave as it was: it may be somebody else's.
func TestRefusedFilesAreNotTouched(t *testing.T) {
	for name, spoil := range newHarness(t).Spoil {
		_ = spoil
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			closed(t, fill(t, h.Place, 2))
			h.Spoil[name](t)
			before := folder(t, filepath.Dir(h.Place))
			s, err := sqlite.Open(t.Context(), h.Place, sqlite.Options{Now: clock})
			if err == nil {
				closed(t, s)
				t.Skip("found by reading, not by opening")
			}
			after := folder(t, filepath.Dir(h.Place))
			for file, old := range before {
				if now := after[file]; now.data != old.data {
					t.Errorf("%s was changed", file)
				}
			}
			if len(after) != len(before) {
				t.Errorf("files before %d, after %d", len(before), len(after))
			}
		})
	}
}

// SQLite itself does not mind until it reads the last page.
func TestCutLastPageIsFoundByOpening(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bot.db")
	closed(t, fill(t, path, 2))
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, info.Size()-10); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("it is cut off: %d bytes of %d are there; restore", info.Size()-10, info.Size())
	if _, err := sqlite.Open(t.Context(), path, sqlite.Options{Now: clock}); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Open: %v, want %q", err, want)
	}
	if _, err := sqlite.OpenReadOnly(t.Context(), path); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("OpenReadOnly: %v, want %q", err, want)
	}
}

// A page that this run would not have read is found before the first write.
func TestDamageElsewhereIsFoundByOpening(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bot.db")
	closed(t, fill(t, path, 8))
	db := raw(t, path)
	var root, size int64
	err := db.QueryRowContext(t.Context(), `SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_schema WHERE name = 'deliveries_open'`).Scan(&root, &size)
	if err != nil {
		t.Fatal(err)
	}
	closeDB(t, db)
	patch(t, path, (root-1)*size, bytes.Repeat([]byte{0xff}, 64))
	_, err = sqlite.Open(t.Context(), path, sqlite.Options{Now: clock})
	var u *store.UnusableError
	if !errors.As(err, &u) || !strings.Contains(err.Error(), "it is damaged") || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v, want a *store.UnusableError in one line", err)
	}
}

// SQLite does not wait for a write lock when it is asked for WAL; two processes that make one file would
// trip over that.
func TestOpenWaitsForAnotherThatMakesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bot.db")
	begin(t, path)
	db := raw(t, path)
	defer closeDB(t, db)
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), `BEGIN IMMEDIATE`); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) { // time is virtual in here
		opened := make(chan error, 1)
		go func() {
			s, err := sqlite.Open(t.Context(), path, sqlite.Options{Now: clock})
			if err == nil {
				err = s.Close()
			}
			opened <- err
		}()
		synctest.Wait()
		select {
		case err := <-opened:
			t.Errorf("Open did not wait: %v", err)
		default:
		}
		if _, err := conn.ExecContext(t.Context(), `ROLLBACK`); err != nil {
			t.Error(err)
		}
		if err := <-opened; err != nil {
			t.Errorf("after the other was done: %v", err)
		}
	})
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
}

func TestNewerSchemaNamesBothNumbers(t *testing.T) {
	h := newHarness(t)
	closed(t, fill(t, h.Place, 1))
	h.Newer(t)
	want := h.Place + " can't be used: it was written by a newer bot (schema 9000, this one knows 3)"
	if _, err := sqlite.Open(t.Context(), h.Place, sqlite.Options{Now: clock}); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Open: %v", err)
	}
	if _, err := sqlite.OpenReadOnly(t.Context(), h.Place); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("OpenReadOnly: %v", err)
	}
}

func TestManyOpenOneNewFile(t *testing.T) {
	for range 2 { // goose waits a second when it is overtaken
		path := filepath.Join(t.TempDir(), "bot.db")
		var g errgroup.Group
		for range 6 {
			g.Go(func() error {
				s, err := sqlite.Open(t.Context(), path, sqlite.Options{Now: clock})
				if err != nil {
					return err
				}
				_, err = s.Cursors(t.Context())
				return errors.Join(err, s.Close())
			})
		}
		if err := g.Wait(); err != nil {
			t.Fatal(err)
		}
		if n := count(t, path, "goose_db_version WHERE version_id = 1"); n != 1 {
			t.Errorf("the migration was made %d times", n)
		}
	}
}

// Killed between goose's own table and the first migration.
func TestUnfinishedMigrationIsFinished(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bot.db")
	begin(t, path)
	closed(t, fill(t, path, 1))
}

// begin leaves the file as a process does that was killed before the first migration.
func begin(t *testing.T, path string) {
	t.Helper()
	exec(t, path, `CREATE TABLE goose_db_version (
		id INTEGER PRIMARY KEY AUTOINCREMENT, version_id INTEGER NOT NULL, is_applied INTEGER NOT NULL,
		tstamp TIMESTAMP DEFAULT (datetime('now')));
		INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, 1)`)
}

func TestCancelledOpen(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "bot.db"), sqlite.Options{Now: clock}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

func TestOpenNeedsAPathAndAClock(t *testing.T) {
	if _, err := sqlite.Open(t.Context(), "", sqlite.Options{Now: clock}); err == nil || !strings.Contains(err.Error(), "store.path") {
		t.Errorf("without a path: %v", err)
	}
	if _, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "bot.db"), sqlite.Options{}); err == nil {
		t.Error("without a clock: no error")
	}
}

// Flipped bits anywhere in the file give an error or the truth, never a panic, and never a snapshot that
// was not committed.
func TestFlippedBits(t *testing.T) {
	master := filepath.Join(t.TempDir(), "bot.db")
	closed(t, fill(t, master, 3))
	data, err := os.ReadFile(master)
	if err != nil {
		t.Fatal(err)
	}
	whole := readOnly(t, master)
	defer closed(t, whole)
	want, err := whole.Latest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	found := 0
	for range 150 {
		bad := bytes.Clone(data)
		for range 1 + r.IntN(20) {
			bad[r.IntN(len(bad))] ^= 1 << r.IntN(8)
		}
		path := filepath.Join(t.TempDir(), "bot.db")
		write(t, path, bad)
		s, err := sqlite.OpenReadOnly(t.Context(), path)
		if err != nil {
			found++
			continue
		}
		got, err := s.Latest(t.Context())
		if err != nil {
			found++
		} else if got != nil && got.Seq == want.Seq && len(got.Upstreams) == 1 && !got.Upstreams[0].Sections[0].Items.Empty() {
			set := got.Upstreams[0].Sections[0].Items.Gates
			if len(set.Gates) != 30 {
				t.Errorf("%d gates read from a damaged file", len(set.Gates))
			}
		}
		closed(t, s)
	}
	if found == 0 {
		t.Error("no damage was found at all")
	}
}
