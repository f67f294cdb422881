package sqlite

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/store"
)

// Commit writes the update, all of it or nothing.
//
// A lease that was taken over or released gives store.ErrFenced; one that merely expired may write. On
// success the update is filled in: Snapshot.Seq, Run.ID, and the new Seq wherever it named
// store.CurrentSnapshot. On failure it is left as it was.
//
// It refuses a delivery whose frozen fields differ from the stored ones (store.CheckDelivery), a cursor
// that goes back (store.CheckCursor), and a cursor or a new delivery that names a snapshot which is not
// in the store.
func (s *Store) Commit(ctx context.Context, lease store.Lease, u *store.Update) error {
	// Encoding and compressing are done before the transaction: others wait for it.
	var pack *packed
	if u.Snapshot != nil {
		p, err := packSnapshot(u.Snapshot)
		if err != nil {
			return fmt.Errorf("commit: %w", err)
		}
		pack = p
	}
	var out store.Update
	var seq, runID int64
	var gone pruned
	err := s.write(ctx, "commit", func(tx *sql.Tx) error {
		if err := checkLease(ctx, tx, lease); err != nil {
			return err
		}
		var err error
		if pack != nil {
			if seq, err = insertSnapshot(ctx, tx, 0, pack); err != nil {
				return fmt.Errorf("snapshot: %w", err)
			}
		}
		if out, err = u.Resolved(seq); err != nil {
			return err
		}
		for _, c := range out.Cursors {
			if err := putCursor(ctx, tx, c); err != nil {
				return err
			}
		}
		for _, d := range out.Deliveries {
			if err := putDelivery(ctx, tx, d); err != nil {
				return err
			}
		}
		if err := putAnswers(ctx, tx, out.Answers); err != nil {
			return err
		}
		if out.Run != nil {
			run := *out.Run
			run.ID = 0
			if runID, err = insertRun(ctx, tx, run); err != nil {
				return fmt.Errorf("run: %w", err)
			}
		}
		if u.End == nil {
			return nil
		}
		if gone, err = prune(ctx, tx, u.End.Keep); err != nil {
			return err
		}
		return setLock(ctx, tx, lease, false)
	})
	if err != nil {
		return err
	}
	if u.End != nil {
		s.logPruned(ctx, gone)
	}
	if u.Snapshot != nil {
		u.Snapshot.Seq = seq
	}
	copy(u.Cursors, out.Cursors)
	copy(u.Deliveries, out.Deliveries)
	if u.Run != nil {
		*u.Run = *out.Run
		u.Run.ID = runID
	}
	return nil
}

// packed is a snapshot ready to be inserted.
type packed struct {
	takenAt string
	snapshot.Packed
}

func packSnapshot(s *snapshot.Snapshot) (*packed, error) {
	unnumbered := *s
	unnumbered.Seq = 0 // the row has the number
	p, err := snapshot.Pack(&unnumbered)
	if err != nil {
		return nil, err
	}
	return &packed{takenAt: formatTime(s.TakenAt), Packed: p}, nil
}

// insertSnapshot gives the snapshot the number seq, or the next one for 0.
func insertSnapshot(ctx context.Context, tx *sql.Tx, seq int64, p *packed) (int64, error) {
	err := tx.QueryRowContext(ctx, `INSERT INTO snapshots (seq, taken_at, head) VALUES (nullif(?, 0), ?, ?) RETURNING seq`,
		seq, p.takenAt, string(p.Head)).Scan(&seq)
	if err != nil {
		return 0, err
	}
	for hash, items := range p.Sections {
		known, err := exists(ctx, tx, `SELECT 1 FROM sections WHERE hash = ?`, hash)
		if err != nil {
			return 0, err
		}
		if !known {
			blob, err := compress(items)
			if err != nil {
				return 0, err
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO sections (hash, items) VALUES (?, ?)`, hash, blob); err != nil {
				return 0, err
			}
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO snapshot_sections (seq, hash) VALUES (?, ?)`, seq, hash); err != nil {
			return 0, err
		}
	}
	return seq, nil
}

func putCursor(ctx context.Context, tx *sql.Tx, c store.Cursor) error {
	old, found, err := cursor(ctx, tx, c.Definition)
	if err != nil {
		return err
	}
	var stored *store.Cursor
	if found {
		stored = &old
	}
	if err := store.CheckCursor(stored, c); err != nil {
		return err
	}
	if err := snapshotExists(ctx, tx, c.Snapshot); err != nil {
		return fmt.Errorf("cursor %s: %w", c.Definition, err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO cursors (definition, seq, snapshot, told_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (definition) DO UPDATE SET seq = excluded.seq, snapshot = excluded.snapshot, told_at = excluded.told_at`,
		c.Definition, c.Seq, c.Snapshot, formatTime(c.ToldAt))
	if err != nil {
		return fmt.Errorf("cursor %s: %w", c.Definition, err)
	}
	return nil
}

func putDelivery(ctx context.Context, tx *sql.Tx, d store.Delivery) error {
	old, err := delivery(ctx, tx, d.Key)
	if err != nil {
		return fmt.Errorf("delivery %s: %w", d.Key, err)
	}
	if err := store.CheckDelivery(old, d); err != nil {
		return err
	}
	if old != nil {
		_, err = tx.ExecContext(ctx, `UPDATE deliveries
			SET state = ?, retried_at = ?, tries = ?, last_error = ?, result_id = ?, result_url = ?, done_at = ?
			WHERE definition = ? AND seq = ? AND channel = ? AND part = ?`,
			d.State, formatTime(d.RetriedAt), d.Tries, d.LastError, d.ResultID, d.ResultURL, formatTime(d.DoneAt),
			d.Key.Definition, d.Key.Seq, d.Key.Channel, d.Key.Part)
		if err != nil {
			return fmt.Errorf("delivery %s: %w", d.Key, err)
		}
		return nil
	}
	if d.Base != 0 {
		if err := snapshotExists(ctx, tx, d.Base); err != nil {
			return fmt.Errorf("delivery %s: base: %w", d.Key, err)
		}
	}
	return insertDelivery(ctx, tx, d)
}

func insertDelivery(ctx context.Context, tx *sql.Tx, d store.Delivery) error {
	labels, err := json.Marshal(d.Labels)
	if err != nil {
		return fmt.Errorf("delivery %s: labels: %w", d.Key, err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO deliveries (`+deliveryColumns+`)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		d.Key.Definition, d.Key.Seq, d.Key.Channel, d.Key.Part, d.Key.Parts,
		d.Nonce, d.State, d.Target, d.Title, d.Body, string(labels), d.Base, formatTime(d.QueuedAt), formatTime(d.RetriedAt),
		d.Tries, d.LastError, d.ResultID, d.ResultURL, formatTime(d.DoneAt))
	if err != nil {
		return fmt.Errorf("delivery %s: %w", d.Key, err)
	}
	return nil
}

// insertRun gives the run the number it has, or the next one for 0.
func insertRun(ctx context.Context, tx *sql.Tx, r store.Run) (int64, error) {
	failed, err := json.Marshal(r.Failed)
	if err != nil {
		return 0, err
	}
	var id int64
	err = tx.QueryRowContext(ctx, `INSERT INTO runs (id, started_at, ended_at, outcome, exit_code, snapshot, requests, failed)
		VALUES (nullif(?, 0), ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
		r.ID, formatTime(r.StartedAt), formatTime(r.EndedAt), r.Outcome, r.ExitCode, r.Snapshot, r.Requests, string(failed)).Scan(&id)
	return id, err
}

func snapshotExists(ctx context.Context, tx *sql.Tx, seq int64) error {
	found, err := exists(ctx, tx, `SELECT 1 FROM snapshots WHERE seq = ?`, seq)
	if err == nil && !found {
		err = fmt.Errorf("snapshot %d: %w", seq, store.ErrNotFound)
	}
	return err
}

func exists(ctx context.Context, tx *sql.Tx, query string, arg any) (bool, error) {
	var one int
	err := tx.QueryRowContext(ctx, query, arg).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

func compress(data []byte) ([]byte, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
