package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/upstream-digest/bot/internal/store"
)

// Prune drops all snapshots but the newest keep ones, the newest of all, and those that a cursor, or a
// delivery that is open or was given up (bot state retry opens it again), names; then the items that no snapshot has any more, all runs but the newest 500, and the done and
// superseded deliveries of all digests but the newest 52 of each channel, and of those that were given up all but
// the newest 52. Their keys are never given again,
// for the cursor's number only rises. The file does not shrink; its free pages are used again.
func (s *Store) Prune(ctx context.Context, lease store.Lease, keep int) error {
	if keep < 0 {
		return fmt.Errorf("prune: can't keep %d snapshots", keep)
	}
	var gone pruned
	err := s.write(ctx, "prune", func(tx *sql.Tx) error {
		if err := checkLease(ctx, tx, lease); err != nil {
			return err
		}
		var err error
		gone, err = prune(ctx, tx, keep)
		return err
	})
	if err == nil {
		s.logPruned(ctx, gone)
	}
	return err
}

// pruned counts what went.
type pruned struct{ snapshots, sections, runs, deliveries, givenUp int64 }

func (s *Store) logPruned(ctx context.Context, p pruned) {
	s.log.DebugContext(ctx, "state pruned", "snapshots", p.snapshots, "sections", p.sections, "runs", p.runs, "deliveries", p.deliveries+p.givenUp)
}

func prune(ctx context.Context, tx *sql.Tx, keep int) (p pruned, err error) {
	p.givenUp, err = drop(ctx, tx, `DELETE FROM deliveries AS d WHERE state = 'given_up'
			AND (SELECT count(DISTINCT newer.seq) FROM deliveries AS newer WHERE newer.state = 'given_up'
				AND newer.definition = d.definition AND newer.channel = d.channel AND newer.seq > d.seq) >= ?
			AND NOT EXISTS (SELECT 1 FROM deliveries AS sister
				WHERE sister.definition = d.definition AND sister.channel = d.channel AND sister.seq = d.seq
				AND sister.state IN ('pending', 'unknown'))`, store.KeptGivenUp)
	if err != nil {
		return p, err
	}
	p.snapshots, err = drop(ctx, tx, `DELETE FROM snapshots
			WHERE seq NOT IN (SELECT seq FROM snapshots ORDER BY seq DESC LIMIT max(1, ?))
			AND seq NOT IN (SELECT snapshot FROM cursors)
			AND seq NOT IN (SELECT base FROM deliveries WHERE state IN ('pending', 'unknown', 'given_up'))`, keep)
	if err != nil {
		return p, err
	}
	p.sections, err = drop(ctx, tx, `DELETE FROM sections WHERE hash NOT IN (SELECT hash FROM snapshot_sections)`)
	if err != nil {
		return p, err
	}
	p.runs, err = drop(ctx, tx, `DELETE FROM runs WHERE id NOT IN (SELECT id FROM runs ORDER BY id DESC LIMIT ?)`, store.KeptRuns)
	if err != nil {
		return p, err
	}
	// Whole digests only: a part that is done names the issue that the open ones belong to.
	p.deliveries, err = drop(ctx, tx, `DELETE FROM deliveries AS d
			WHERE (SELECT count(DISTINCT newer.seq) FROM deliveries AS newer
				WHERE newer.definition = d.definition AND newer.channel = d.channel AND newer.seq > d.seq) >= ?
			AND NOT EXISTS (SELECT 1 FROM deliveries AS sister
				WHERE sister.definition = d.definition AND sister.channel = d.channel AND sister.seq = d.seq
				AND sister.state NOT IN ('done', 'superseded'))`, store.KeptDigests)
	return p, err
}

func drop(ctx context.Context, tx *sql.Tx, query string, args ...any) (int64, error) {
	res, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}
