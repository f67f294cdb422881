package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/upstream-digest/bot/internal/store"
)

// Export is the whole state at one moment. It works on a store that another run has locked, and on one
// opened for reading only. All items are checked against their hash on the way.
func (s *Store) Export(ctx context.Context) (*store.Export, error) {
	out := &store.Export{}
	err := s.read(ctx, "export state", func(tx *sql.Tx) error {
		for _, number := range []struct {
			to    *int64
			query string
		}{
			{&out.Numbers.Snapshot, `SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'snapshots'`},
			{&out.Numbers.Run, `SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'runs'`},
			{&out.Numbers.Fence, `SELECT fence FROM lock`},
		} {
			if err := tx.QueryRowContext(ctx, number.query).Scan(number.to); err != nil {
				return err
			}
		}
		var seqs []int64
		rows, err := tx.QueryContext(ctx, `SELECT seq FROM snapshots ORDER BY seq`)
		if err := each(rows, err, func(r scanner) error {
			var seq int64
			err := r.Scan(&seq)
			seqs = append(seqs, seq)
			return err
		}); err != nil {
			return err
		}
		for _, seq := range seqs {
			snap, err := loadSnapshot(ctx, tx, seq)
			if err != nil {
				return err
			}
			out.Snapshots = append(out.Snapshots, snap)
		}
		rows, err = tx.QueryContext(ctx, `SELECT `+cursorColumns+` FROM cursors ORDER BY definition`)
		if err := each(rows, err, func(r scanner) error {
			c, err := scanCursor(r)
			out.Cursors = append(out.Cursors, c)
			return err
		}); err != nil {
			return err
		}
		rows, err = tx.QueryContext(ctx, `SELECT `+deliveryColumns+` FROM deliveries ORDER BY definition, seq, channel, part`)
		if err := each(rows, err, func(r scanner) error {
			d, err := scanDelivery(r)
			out.Deliveries = append(out.Deliveries, d)
			return err
		}); err != nil {
			return err
		}
		rows, err = tx.QueryContext(ctx, `SELECT `+runColumns+` FROM runs ORDER BY id`)
		if err := each(rows, err, func(r scanner) error {
			run, err := scanRun(r)
			out.Runs = append(out.Runs, run)
			return err
		}); err != nil {
			return err
		}
		out.Answers, err = allAnswers(ctx, tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Import puts e in the place of all that the store holds, in one transaction, and gives the lock back. It
// keeps e's numbers and nonces, so that the next run goes on where e's last one ended. The fence stays
// above every one that was given before, here and there.
func (s *Store) Import(ctx context.Context, lease store.Lease, e *store.Export) error {
	if err := e.Check(); err != nil {
		return fmt.Errorf("import state: %w", err)
	}
	packs := make([]*packed, len(e.Snapshots))
	for i, snap := range e.Snapshots {
		p, err := packSnapshot(snap)
		if err != nil {
			return fmt.Errorf("import state: snapshot %d: %w", snap.Seq, err)
		}
		packs[i] = p
	}
	return s.write(ctx, "import state", func(tx *sql.Tx) error {
		if err := checkLease(ctx, tx, lease); err != nil {
			return err
		}
		for _, table := range []string{"cursors", "deliveries", "runs", "snapshot_sections", "snapshots", "sections", "answers"} {
			if _, err := tx.ExecContext(ctx, `DELETE FROM `+table); err != nil {
				return err
			}
		}
		for i, snap := range e.Snapshots {
			if _, err := insertSnapshot(ctx, tx, snap.Seq, packs[i]); err != nil {
				return fmt.Errorf("snapshot %d: %w", snap.Seq, err)
			}
		}
		for _, c := range e.Cursors {
			if err := putCursor(ctx, tx, c); err != nil {
				return err
			}
		}
		for _, d := range e.Deliveries {
			if err := insertDelivery(ctx, tx, d); err != nil {
				return err
			}
		}
		for _, r := range e.Runs {
			if _, err := insertRun(ctx, tx, r); err != nil {
				return fmt.Errorf("run %d: %w", r.ID, err)
			}
		}
		if err := putAnswers(ctx, tx, e.Answers); err != nil {
			return err
		}
		if err := setNumber(ctx, tx, "snapshots", e.Numbers.Snapshot); err != nil {
			return err
		}
		if err := setNumber(ctx, tx, "runs", e.Numbers.Run); err != nil {
			return err
		}
		lease.Fence = max(lease.Fence, e.Numbers.Fence)
		return setLock(ctx, tx, lease, false)
	})
}

// setNumber says which number of a table was the last that was given.
func setNumber(ctx context.Context, tx *sql.Tx, table string, last int64) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM sqlite_sequence WHERE name = ?`, table); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)`, table, last)
	return err
}
