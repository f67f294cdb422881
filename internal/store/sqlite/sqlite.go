// Package sqlite keeps the state in one SQLite file, for a bot that runs on one machine.
//
// Data. Snapshots are rows of provenance; the items of their sections lie beside them, gzipped JSON
// under the SHA-256 of that JSON, each distinct one once (package snapshot says what the hash covers).
// Cursors, deliveries, runs and the lock are plain rows; times are RFC 3339 in UTC. The schema is made
// by the numbered files in migrations, recorded by goose in goose_db_version.
//
// Invariants.
//   - Every write is one transaction that first reads the lock's row: whoever was overtaken gets
//     store.ErrFenced and has written nothing. Transactions take the write lock when they begin, so
//     none can fail half way for want of it.
//   - WAL with synchronous=FULL: a commit that returned survives a killed process and a lost power supply.
//   - Opening a file of a newer schema, of another program, or a damaged one fails before anything is
//     written to it.
//   - A dry run (OpenReadOnly) leaves the file and its folder byte for byte as they were.
//
// Damage. Opening looks at the header and the length and has SQLite check every page; stored items are
// checked against their hash whenever they are read. A value that no version of the bot can have written
// is damage too.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	driver "modernc.org/sqlite"

	"github.com/upstream-digest/bot/internal/store"
)

// busyTimeout is how long a statement waits for another process's transaction. Ours last milliseconds.
const busyTimeout = "10000"

// Options of Open.
type Options struct {
	// Now is the clock that lock expiry is measured by. Required.
	Now func() time.Time
	// Logger gets migrations and prunings; nil discards them.
	Logger *slog.Logger
}

// Store is the state in one SQLite file. Its methods may be called from several goroutines, and several
// processes may have the same file open.
type Store struct {
	db   *sql.DB
	path string // as the user gave it, for messages
	now  func() time.Time
	log  *slog.Logger

	readOnly bool
	// unchanged fails when the file was written while we read it without locks; nil where that can't be.
	unchanged func() error
	// cleanup removes temporary copies; nil where there are none.
	cleanup func() error
}

// Close releases the file. It waits for running statements.
func (s *Store) Close() error {
	err := s.db.Close()
	if s.cleanup != nil {
		err = errors.Join(err, s.cleanup())
	}
	return err
}

// connect makes a pool. Connections are opened when first used.
func connect(dsn string, maxConns int) (*sql.DB, error) {
	c, err := driver.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(c)
	// SQLite has one writer at a time; the others are for readers beside it. Idle connections are kept,
	// for opening one costs more than most statements.
	db.SetMaxOpenConns(maxConns)
	db.SetMaxIdleConns(maxConns)
	return db, nil
}

const (
	fileConns   = 4
	memoryConns = 1 // each connection to :memory: is a database of its own
)

// dsn names a file with the settings that every connection has. extra are SQLite's own URI parameters.
func dsn(path string, extra url.Values) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	abs = filepath.ToSlash(abs)
	if !strings.HasPrefix(abs, "/") {
		abs = "/" + abs // a Windows drive
	}
	u := url.URL{Scheme: "file", OmitHost: false, Path: abs, RawQuery: settings(extra).Encode()}
	return u.String(), nil
}

func settings(extra url.Values) url.Values {
	v := url.Values{
		"_busy_timeout": {busyTimeout},
		"_foreign_keys": {"1"},
		"_synchronous":  {"FULL"},
		"_txlock":       {"immediate"},
		"_dqs":          {"0"},
		"_defensive":    {"1"},
		"_error_rc":     {"1"},
		"_pragma":       {"trusted_schema(0)", "cell_size_check(1)"},
	}
	for k, x := range extra {
		v[k] = x
	}
	return v
}

// read runs f in a transaction that sees one moment of the store and takes no write lock.
func (s *Store) read(ctx context.Context, op string, f func(tx *sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return s.fail(ctx, op, err)
	}
	err = f(tx)
	// Nothing was written, so ending it either way is the same; an error of f says more than one of this.
	if rerr := tx.Rollback(); err == nil && rerr != nil && !errors.Is(rerr, sql.ErrTxDone) {
		err = rerr
	}
	if s.unchanged != nil {
		if uerr := s.unchanged(); uerr != nil {
			return uerr // whatever f saw, it can't be trusted
		}
	}
	if err != nil {
		return s.fail(ctx, op, err)
	}
	return nil
}

// write runs f in a transaction that holds the write lock from its beginning.
func (s *Store) write(ctx context.Context, op string, f func(tx *sql.Tx) error) error {
	if s.readOnly {
		return s.fail(ctx, op, store.ErrReadOnly)
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return s.fail(ctx, op, err)
	}
	if err := f(tx); err != nil {
		// The cause is told; a rollback that fails leaves nothing written either.
		_ = tx.Rollback()
		return s.fail(ctx, op, err)
	}
	if err := tx.Commit(); err != nil {
		return s.fail(ctx, op, err)
	}
	return nil
}

// formatTime and parseTime are the one form of times in the file.
func formatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func parseTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, err
	}
	return t.UTC(), nil
}
