package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/upstream-digest/bot/internal/store"
)

// keysAtOnce bounds how many keys stand in one question: SQLite has a limit.
const keysAtOnce = 500

// Answers are the kept ones of these keys. Keys that have none have no entry.
func (s *Store) Answers(ctx context.Context, keys ...string) (map[string][]byte, error) {
	out := map[string][]byte{}
	err := s.read(ctx, "read answers", func(tx *sql.Tx) error {
		for part := range slices.Chunk(keys, keysAtOnce) {
			query := `SELECT key, value FROM answers WHERE key IN (` + marks(len(part)) + `)`
			args := make([]any, len(part))
			for i, k := range part {
				args[i] = k
			}
			rows, err := tx.QueryContext(ctx, query, args...)
			if err := each(rows, err, func(r scanner) error {
				var key, value string
				err := r.Scan(&key, &value)
				out[key] = []byte(value)
				return err
			}); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// allAnswers are those that are kept, oldest first.
func allAnswers(ctx context.Context, tx *sql.Tx) ([]store.Answer, error) {
	var out []store.Answer
	rows, err := tx.QueryContext(ctx, `SELECT key, value FROM answers ORDER BY id`)
	err = each(rows, err, func(r scanner) error {
		var key, value string
		err := r.Scan(&key, &value)
		out = append(out, store.Answer{Key: key, Value: []byte(value)})
		return err
	})
	return out, err
}

// putAnswers writes answers, and drops the oldest beyond store.KeptAnswers.
func putAnswers(ctx context.Context, tx *sql.Tx, list []store.Answer) error {
	for _, a := range list {
		if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO answers (key, value) VALUES (?, ?)`, a.Key, string(a.Value)); err != nil {
			return fmt.Errorf("answer %s: %w", a.Key, err)
		}
	}
	if len(list) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM answers WHERE id NOT IN (SELECT id FROM answers ORDER BY id DESC LIMIT ?)`, store.KeptAnswers)
	return err
}
