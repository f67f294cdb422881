package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/upstream-digest/bot/internal/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// applicationID stands in the file's header ("botS"); the first migration writes it.
const applicationID = 0x626f7453

// migrateTries bounds how often a migration that another process made under our hands is looked at again.
const migrateTries = 5

// schema is what a look at a file says about its tables, before anything is written.
type schema struct {
	version int64 // 0: no table of ours yet
	known   int64 // the newest this program has
}

// inspect reads the schema's number and refuses files that are not ours to write to.
func (s *Store) inspect(ctx context.Context) (schema, error) {
	p, err := s.provider()
	if err != nil {
		return schema{}, err
	}
	sources := p.ListSources()
	out := schema{known: sources[len(sources)-1].Version}

	var id, goosed, foreign int64
	err = s.db.QueryRowContext(ctx, `SELECT (SELECT application_id FROM pragma_application_id),
		(SELECT count(*) FROM sqlite_schema WHERE name = 'goose_db_version'),
		(SELECT count(*) FROM sqlite_schema WHERE name <> 'goose_db_version' AND name NOT LIKE 'sqlite\_%' ESCAPE '\')`).
		Scan(&id, &goosed, &foreign)
	if err != nil {
		return schema{}, s.fail(ctx, "open state", err)
	}
	if id != applicationID {
		if id != 0 || foreign > 0 {
			return schema{}, &store.UnusableError{
				Path: s.path, Reason: "it is the database of another program",
				Advice: "set store.path to a file of the bot's own",
			}
		}
		return out, nil // empty, or killed between goose's table and the first migration
	}
	if goosed == 0 {
		return schema{}, &store.UnusableError{
			Path: s.path, Reason: "it is damaged: the table goose_db_version, which tells its schema, is missing", Advice: adviceDamaged,
		}
	}
	var version sql.NullInt64
	if err := s.db.QueryRowContext(ctx, `SELECT max(version_id) FROM goose_db_version WHERE is_applied`).Scan(&version); err != nil {
		return schema{}, s.fail(ctx, "open state", err)
	}
	out.version = version.Int64
	if out.version > out.known {
		return schema{}, &store.UnusableError{
			Path:   s.path,
			Reason: fmt.Sprintf("it was written by a newer bot (schema %d, this one knows %d)", out.version, out.known),
			Advice: "update bot, or move the file away to start anew",
		}
	}
	return out, nil
}

// check reads all pages of the file before the first write to it. It costs 2 ms for ten years of weekly
// digests (BenchmarkQuickCheck), and finds the damage that a run would otherwise write beside.
func (s *Store) check(ctx context.Context) error {
	var answer string
	if err := s.db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&answer); err != nil {
		return s.fail(ctx, "check state", err)
	}
	if answer != "ok" {
		answer = strings.Join(strings.Fields(answer), " ") // it comes in lines
		return s.fail(ctx, "check state", &damageError{"quick_check", errors.New(answer)})
	}
	return nil
}

// migrate brings the tables to the newest schema. Each migration is one transaction with its number in
// goose's table, so a killed one leaves the schema before it. Two processes may start it on the same
// file: the loser's transaction fails on what the winner made, and the next look finds it done.
func (s *Store) migrate(ctx context.Context) error {
	before, err := s.inspect(ctx)
	if err != nil {
		return err
	}
	now := before
	for try := 1; now.version < now.known; try++ {
		p, err := s.provider()
		if err != nil {
			return err
		}
		_, upErr := p.Up(ctx)
		if now, err = s.inspect(ctx); err != nil {
			return err
		}
		if upErr != nil && now.version < now.known && (ctx.Err() != nil || try == migrateTries) {
			return s.fail(ctx, fmt.Sprintf("migrate state from schema %d to %d", now.version, now.known), upErr)
		}
	}
	if now.version != before.version {
		s.log.InfoContext(ctx, "state schema migrated", "path", s.path, "from", before.version, "to", now.version)
	}
	return nil
}

// setWAL is asked once and kept by the file. Where another connection holds the write lock, SQLite gives
// up at once here, whatever the busy timeout says. So this waits: another process may be making the
// same file.
func (s *Store) setWAL(ctx context.Context) error {
	const tries, pause = 200, 50 * time.Millisecond // busyTimeout in all
	for try := 1; ; try++ {
		var mode string
		err := s.db.QueryRowContext(ctx, `PRAGMA journal_mode = WAL`).Scan(&mode)
		switch {
		case err == nil && mode == "wal":
			return nil
		case err == nil:
			return &store.UnusableError{
				Path: s.path, Reason: fmt.Sprintf("its file system does not allow SQLite's WAL (it stays with %q)", mode),
				Advice: "set store.path to a local file system",
			}
		case !busy(err) || try == tries:
			return s.fail(ctx, "open state", err)
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return s.fail(ctx, "open state", ctx.Err())
		case <-timer.C:
		}
	}
}

func (s *Store) provider() (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("read embedded migrations: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, s.db, files,
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return nil, fmt.Errorf("read embedded migrations: %w", err)
	}
	return p, nil
}
