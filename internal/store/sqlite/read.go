package sqlite

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/store"
)

// Latest is the newest snapshot, or nil when there is none yet.
func (s *Store) Latest(ctx context.Context) (*snapshot.Snapshot, error) {
	var out *snapshot.Snapshot
	err := s.read(ctx, "read newest snapshot", func(tx *sql.Tx) error {
		var seq sql.NullInt64
		if err := tx.QueryRowContext(ctx, `SELECT max(seq) FROM snapshots`).Scan(&seq); err != nil || !seq.Valid {
			return err
		}
		var err error
		out, err = loadSnapshot(ctx, tx, seq.Int64)
		return err
	})
	return out, err
}

// Outline is the newest snapshot without its items, or nil when there is none yet.
func (s *Store) Outline(ctx context.Context) (*snapshot.Outline, error) {
	var out *snapshot.Outline
	err := s.read(ctx, "read newest snapshot", func(tx *sql.Tx) error {
		var seq int64
		var head string
		err := tx.QueryRowContext(ctx, `SELECT seq, head FROM snapshots ORDER BY seq DESC LIMIT 1`).Scan(&seq, &head)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if out, err = snapshot.UnpackOutline([]byte(head)); err != nil {
			return &damageError{fmt.Sprintf("snapshot %d", seq), err}
		}
		out.Seq = seq
		return nil
	})
	return out, err
}

// Snapshot is the snapshot with that number, or store.ErrNotFound: never made, or pruned.
func (s *Store) Snapshot(ctx context.Context, seq int64) (*snapshot.Snapshot, error) {
	var out *snapshot.Snapshot
	err := s.read(ctx, fmt.Sprintf("read snapshot %d", seq), func(tx *sql.Tx) error {
		var err error
		out, err = loadSnapshot(ctx, tx, seq)
		return err
	})
	return out, err
}

func loadSnapshot(ctx context.Context, tx *sql.Tx, seq int64) (*snapshot.Snapshot, error) {
	var head string
	err := tx.QueryRowContext(ctx, `SELECT head FROM snapshots WHERE seq = ?`, seq).Scan(&head)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, store.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	var broken error // the database's own word, kept apart from damage in the rows
	out, err := snapshot.Unpack([]byte(head), func(hash string) ([]byte, error) {
		var blob []byte
		err := tx.QueryRowContext(ctx, `SELECT items FROM sections WHERE hash = ?`, hash).Scan(&blob)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, fmt.Errorf("items %.12s are missing", hash)
		}
		if err != nil {
			broken = err
			return nil, err
		}
		return decompress(blob)
	})
	switch {
	case broken != nil:
		return nil, broken
	case err != nil:
		return nil, &damageError{fmt.Sprintf("snapshot %d", seq), err}
	}
	out.Seq = seq
	return out, nil
}

// maxItems bounds what one section's items may unpack to, so that a damaged blob can't fill the memory.
const maxItems = 1 << 30

func decompress(blob []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(blob))
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(r, maxItems+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxItems {
		return nil, fmt.Errorf("items unpack to more than %d bytes", maxItems)
	}
	return data, nil
}

// Cursor is how far the definition has been told; false when it never was.
func (s *Store) Cursor(ctx context.Context, definition string) (c store.Cursor, found bool, err error) {
	err = s.read(ctx, "read cursor "+definition, func(tx *sql.Tx) error {
		var err error
		c, found, err = cursor(ctx, tx, definition)
		return err
	})
	return c, found, err
}

// Cursors are those of all definitions that were ever told, by name, also of ones that the configuration
// no longer has.
func (s *Store) Cursors(ctx context.Context) ([]store.Cursor, error) {
	var out []store.Cursor
	err := s.read(ctx, "read cursors", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT `+cursorColumns+` FROM cursors ORDER BY definition`)
		return each(rows, err, func(r scanner) error {
			c, err := scanCursor(r)
			out = append(out, c)
			return err
		})
	})
	return out, err
}

const cursorColumns = `definition, seq, snapshot, told_at`

func cursor(ctx context.Context, tx *sql.Tx, definition string) (store.Cursor, bool, error) {
	c, err := scanCursor(tx.QueryRowContext(ctx, `SELECT `+cursorColumns+` FROM cursors WHERE definition = ?`, definition))
	if errors.Is(err, sql.ErrNoRows) {
		return store.Cursor{}, false, nil
	}
	return c, err == nil, err
}

func scanCursor(r scanner) (store.Cursor, error) {
	var c store.Cursor
	var toldAt string
	if err := r.Scan(&c.Definition, &c.Seq, &c.Snapshot, &toldAt); err != nil {
		return store.Cursor{}, err
	}
	var err error
	if c.ToldAt, err = parseTime(toldAt); err != nil {
		return store.Cursor{}, &damageError{"cursor " + c.Definition, err}
	}
	return c, nil
}

// Deliveries are those of one definition ("" for all) that are in one of the states (none for all), by
// definition, sequence, channel and part.
func (s *Store) Deliveries(ctx context.Context, definition string, states ...store.State) ([]store.Delivery, error) {
	query := `SELECT ` + deliveryColumns + ` FROM deliveries WHERE true`
	var args []any
	if definition != "" {
		query += ` AND definition = ?`
		args = append(args, definition)
	}
	if len(states) > 0 {
		query += ` AND state IN (` + marks(len(states)) + `)`
		for _, st := range states {
			args = append(args, st)
		}
	}
	query += ` ORDER BY definition, seq, channel, part`
	var out []store.Delivery
	err := s.read(ctx, "read deliveries", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, query, args...)
		return each(rows, err, func(r scanner) error {
			d, err := scanDelivery(r)
			out = append(out, d)
			return err
		})
	})
	return out, err
}

// Standing is Deliveries. A store to which reading is dear leaves out the bodies of those that are closed.
func (s *Store) Standing(ctx context.Context, definition string, states ...store.State) ([]store.Delivery, error) {
	return s.Deliveries(ctx, definition, states...)
}

const deliveryColumns = `definition, seq, channel, part, parts, nonce, state, target, title, body, labels, base,
	queued_at, retried_at, tries, last_error, result_id, result_url, done_at`

// delivery is the stored one, or nil. The number of parts is not what it is found by: one part of a
// digest to a channel exists once.
func delivery(ctx context.Context, tx *sql.Tx, k store.Key) (*store.Delivery, error) {
	d, err := scanDelivery(tx.QueryRowContext(ctx, `SELECT `+deliveryColumns+` FROM deliveries
		WHERE definition = ? AND seq = ? AND channel = ? AND part = ?`, k.Definition, k.Seq, k.Channel, k.Part))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &d, nil
}

func scanDelivery(r scanner) (store.Delivery, error) {
	var d store.Delivery
	var labels, queuedAt, retriedAt, doneAt string
	err := r.Scan(&d.Key.Definition, &d.Key.Seq, &d.Key.Channel, &d.Key.Part, &d.Key.Parts,
		&d.Nonce, &d.State, &d.Target, &d.Title, &d.Body, &labels, &d.Base,
		&queuedAt, &retriedAt, &d.Tries, &d.LastError, &d.ResultID, &d.ResultURL, &doneAt)
	if err != nil {
		return store.Delivery{}, err
	}
	err = json.Unmarshal([]byte(labels), &d.Labels)
	if err == nil {
		d.QueuedAt, err = parseTime(queuedAt)
	}
	if err == nil {
		d.RetriedAt, err = parseTime(retriedAt)
	}
	if err == nil {
		d.DoneAt, err = parseTime(doneAt)
	}
	if err != nil {
		return store.Delivery{}, &damageError{"delivery " + d.Key.String(), err}
	}
	return d, nil
}

// Runs are the newest runs, newest first, at most limit of them; limit 0 or less means all that are kept.
func (s *Store) Runs(ctx context.Context, limit int) ([]store.Run, error) {
	if limit <= 0 {
		limit = -1 // SQLite's word for all
	}
	var out []store.Run
	err := s.read(ctx, "read runs", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT `+runColumns+` FROM runs ORDER BY id DESC LIMIT ?`, limit)
		return each(rows, err, func(r scanner) error {
			run, err := scanRun(r)
			out = append(out, run)
			return err
		})
	})
	return out, err
}

const runColumns = `id, started_at, ended_at, outcome, exit_code, snapshot, requests, failed`

func scanRun(r scanner) (store.Run, error) {
	var run store.Run
	var startedAt, endedAt, failed string
	err := r.Scan(&run.ID, &startedAt, &endedAt, &run.Outcome, &run.ExitCode, &run.Snapshot, &run.Requests, &failed)
	if err != nil {
		return store.Run{}, err
	}
	run.StartedAt, err = parseTime(startedAt)
	if err == nil {
		run.EndedAt, err = parseTime(endedAt)
	}
	if err == nil {
		err = json.Unmarshal([]byte(failed), &run.Failed)
	}
	if err != nil {
		return store.Run{}, &damageError{fmt.Sprintf("run %d", run.ID), err}
	}
	return run, nil
}

// marks are n places for values in a query; n is above 0.
func marks(n int) string { return `?` + strings.Repeat(`, ?`, n-1) }

// scanner is a row.
type scanner interface{ Scan(dest ...any) error }

// each calls f for every row and closes the rows. It takes the query's two results as they come.
func each(rows *sql.Rows, err error, f func(scanner) error) error {
	if err != nil {
		return err
	}
	for rows.Next() {
		if err := f(rows); err != nil {
			return errors.Join(err, rows.Close())
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}
