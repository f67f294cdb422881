package sqlite

import (
	"context"
	"database/sql"

	"github.com/upstream-digest/bot/internal/store"
)

// Lock is the lock as it is: the last lease, and whether it is held. A held one may have expired: then the
// next run takes it over.
func (s *Store) Lock(ctx context.Context) (lease store.Lease, held bool, err error) {
	err = s.read(ctx, "read lock", func(tx *sql.Tx) error {
		var err error
		lease, held, err = lockRow(ctx, tx)
		return err
	})
	return lease, held, err
}

// Schema is the number of the file's schema; of one that is read in a migrated copy that of the copy.
func (s *Store) Schema(ctx context.Context) (int64, error) {
	found, err := s.inspect(ctx)
	return found.version, err
}
