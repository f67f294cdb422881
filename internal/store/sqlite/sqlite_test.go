//nolint:thelper // table entries, each called from one line
package sqlite_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/store/sqlite"
	"github.com/upstream-digest/bot/internal/store/storetest"
)

func TestConformance(t *testing.T) { storetest.Run(t, newHarness) }

func TestVictim(t *testing.T) {
	storetest.Victim(t, os.Getenv(storetest.PlaceVariable), func(place string, now func() time.Time) (storetest.Store, error) {
		return sqlite.Open(t.Context(), place, sqlite.Options{Now: now})
	})
}

func newHarness(t *testing.T) storetest.Harness {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state", "bot.db")
	return storetest.Harness{
		Place: path,
		Open: func(now func() time.Time) (storetest.Store, error) {
			// A nil *sqlite.Store in a Store would not be nil.
			s, err := sqlite.Open(context.WithoutCancel(t.Context()), path, sqlite.Options{Now: now})
			if err != nil {
				return nil, err
			}
			return s, nil
		},
		Sections: func(t testing.TB) int { return count(t, path, "sections") },
		Victim:   "TestVictim",
		Newer: func(t testing.TB) {
			exec(t, path, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9000, 1)`)
		},
		Spoil: map[string]func(t testing.TB){
			"not a database": func(t testing.TB) {
				write(t, path, []byte("gates: []\nthis is a YAML file of some length, not a database at all\n"))
			},
			"header zeroed":    func(t testing.TB) { patch(t, path, 0, make([]byte, 16)) },
			"first page":       func(t testing.TB) { patch(t, path, 100, make([]byte, 500)) },
			"cut in the midst": func(t testing.TB) { truncate(t, path, 0.5) },
			"last page lost":   func(t testing.TB) { truncate(t, path, 0.97) },
			"cut to a stub":    func(t testing.TB) { truncate(t, path, 0.001) },
			"schema unknown":   func(t testing.TB) { exec(t, path, `DROP TABLE goose_db_version`) },
			"another program's": func(t testing.TB) {
				exec(t, path, `PRAGMA application_id = 7`)
			},
			"items changed": func(t testing.TB) { exec(t, path, `UPDATE sections SET items = zeroblob(100)`) },
			"items mixed up": func(t testing.TB) {
				exec(t, path, `UPDATE sections SET items = (SELECT s.items FROM sections s WHERE s.hash <> sections.hash LIMIT 1)
				WHERE hash = (SELECT hash FROM snapshot_sections ORDER BY seq DESC LIMIT 1)`)
			},
			"items lost": func(t testing.TB) { exec(t, path, `DELETE FROM sections`) },
			"head cut":   func(t testing.TB) { exec(t, path, `UPDATE snapshots SET head = substr(head, 1, 100)`) },
			"time unreadable": func(t testing.TB) {
				exec(t, path, `UPDATE cursors SET told_at = 'yesterday'`)
			},
			"labels unreadable": func(t testing.TB) { exec(t, path, `UPDATE deliveries SET labels = '{'`) },
		},
	}
}

// raw opens the file as any program would, without our checks.
func raw(tb testing.TB, path string) *sql.DB {
	tb.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		tb.Fatal(err)
	}
	return db
}

func exec(tb testing.TB, path, statement string) {
	tb.Helper()
	db := raw(tb, path)
	defer closeDB(tb, db)
	if _, err := db.ExecContext(tb.Context(), statement); err != nil {
		tb.Fatal(err)
	}
}

func count(tb testing.TB, path, table string) (n int) {
	tb.Helper()
	db := raw(tb, path)
	defer closeDB(tb, db)
	if err := db.QueryRowContext(tb.Context(), `SELECT count(*) FROM `+table).Scan(&n); err != nil {
		tb.Fatal(err)
	}
	return n
}

func closeDB(tb testing.TB, db *sql.DB) {
	tb.Helper()
	if err := db.Close(); err != nil {
		tb.Error(err)
	}
}

func write(tb testing.TB, path string, data []byte) {
	tb.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		tb.Fatal(err)
	}
}

func patch(tb testing.TB, path string, at int64, data []byte) {
	tb.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := f.WriteAt(data, at); err != nil {
		tb.Fatal(err)
	}
	if err := f.Close(); err != nil {
		tb.Fatal(err)
	}
}

func truncate(tb testing.TB, path string, part float64) {
	tb.Helper()
	info, err := os.Stat(path)
	if err != nil {
		tb.Fatal(err)
	}
	if err := os.Truncate(path, int64(part*float64(info.Size()))); err != nil {
		tb.Fatal(err)
	}
}
