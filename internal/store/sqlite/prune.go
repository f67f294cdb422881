package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/upstream-digest/bot/internal/store"
)

// keptRuns is how many runs Prune leaves: three weeks of an hourly run.
const keptRuns = 500

// Prune drops all snapshots but the newest keep ones, the newest of all, and those that a cursor or an open
// delivery names; then the items that no snapshot has any more, and all runs but the newest 500.
// Deliveries are kept: their keys must never be given again. The file does not shrink; its free pages
// are used again.
func (s *Store) Prune(ctx context.Context, lease store.Lease, keep int) error {
	if keep < 0 {
		return fmt.Errorf("prune: can't keep %d snapshots", keep)
	}
	var snapshots, sections, runs int64
	err := s.write(ctx, "prune", func(tx *sql.Tx) error {
		if err := checkLease(ctx, tx, lease); err != nil {
			return err
		}
		var err error
		snapshots, err = drop(ctx, tx, `DELETE FROM snapshots
			WHERE seq NOT IN (SELECT seq FROM snapshots ORDER BY seq DESC LIMIT max(1, ?))
			AND seq NOT IN (SELECT snapshot FROM cursors)
			AND seq NOT IN (SELECT base FROM deliveries WHERE state IN ('pending', 'unknown'))`, keep)
		if err != nil {
			return err
		}
		sections, err = drop(ctx, tx, `DELETE FROM sections WHERE hash NOT IN (SELECT hash FROM snapshot_sections)`)
		if err != nil {
			return err
		}
		runs, err = drop(ctx, tx, `DELETE FROM runs WHERE id NOT IN (SELECT id FROM runs ORDER BY id DESC LIMIT ?)`, keptRuns)
		return err
	})
	if err != nil {
		return err
	}
	s.log.DebugContext(ctx, "state pruned", "snapshots", snapshots, "sections", sections, "runs", runs)
	return nil
}

func drop(ctx context.Context, tx *sql.Tx, query string, args ...any) (int64, error) {
	res, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}
