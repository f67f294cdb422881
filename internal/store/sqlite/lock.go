package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/upstream-digest/bot/internal/store"
)

// Acquire takes the lock for ttl. holder is told to whoever comes next ("host pid 4711"). When another
// holder has it and it has not expired, the error is a *store.HeldError. An expired lock is taken over;
// the new fence is higher than every one before, so its old holder can't write any more.
func (s *Store) Acquire(ctx context.Context, holder string, ttl time.Duration) (store.Lease, error) {
	if holder == "" || ttl <= 0 {
		return store.Lease{}, fmt.Errorf("acquire lock: need a holder and a time above 0, have %q and %s", holder, ttl)
	}
	var lease store.Lease
	err := s.write(ctx, "acquire lock", func(tx *sql.Tx) error {
		old, held, err := lockRow(ctx, tx)
		if err != nil {
			return err
		}
		// The clock is read with the write lock in hand: waiting for it may take seconds.
		now := s.now()
		if held && now.Before(old.Expires) {
			return &store.HeldError{Lease: old}
		}
		lease = store.Lease{Holder: holder, Fence: old.Fence + 1, Expires: now.Add(ttl).UTC().Round(0)}
		return setLock(ctx, tx, lease, true)
	})
	var h *store.HeldError
	if errors.As(err, &h) {
		return store.Lease{}, h
	}
	if err != nil {
		return store.Lease{}, err
	}
	return lease, nil
}

// Renew lets the lease expire ttl from now. It works on an expired lease that nobody took over; one that
// was taken over or released gives store.ErrFenced.
func (s *Store) Renew(ctx context.Context, lease store.Lease, ttl time.Duration) (store.Lease, error) {
	if ttl <= 0 {
		return store.Lease{}, fmt.Errorf("renew lock: need a time above 0, have %s", ttl)
	}
	err := s.write(ctx, "renew lock", func(tx *sql.Tx) error {
		if err := checkLease(ctx, tx, lease); err != nil {
			return err
		}
		lease.Expires = s.now().Add(ttl).UTC().Round(0)
		return setLock(ctx, tx, lease, true)
	})
	if err != nil {
		return store.Lease{}, err
	}
	return lease, nil
}

// Release gives the lock back. Releasing twice is no error; a lease that another holder took over gives
// store.ErrFenced, and that holder keeps it.
func (s *Store) Release(ctx context.Context, lease store.Lease) error {
	return s.write(ctx, "release lock", func(tx *sql.Tx) error {
		old, held, err := lockRow(ctx, tx)
		if err != nil {
			return err
		}
		if old.Fence != lease.Fence || lease.Fence == 0 {
			return store.ErrFenced
		}
		if !held {
			return nil
		}
		return setLock(ctx, tx, old, false)
	})
}

// checkLease asks, inside the transaction that is about to write, whether the lease is still the last one.
// Its expiry does not matter: as long as nobody took the lock over, its holder is alone.
func checkLease(ctx context.Context, tx *sql.Tx, lease store.Lease) error {
	now, held, err := lockRow(ctx, tx)
	if err != nil {
		return err
	}
	if !held || now.Fence != lease.Fence {
		return store.ErrFenced
	}
	return nil
}

func lockRow(ctx context.Context, tx *sql.Tx) (lease store.Lease, held bool, err error) {
	var expires string
	row := tx.QueryRowContext(ctx, `SELECT held, holder, fence, expires FROM lock`)
	err = row.Scan(&held, &lease.Holder, &lease.Fence, &expires)
	if errors.Is(err, sql.ErrNoRows) {
		return store.Lease{}, false, &damageError{"table lock", errors.New("its row is missing")}
	}
	if err != nil {
		return store.Lease{}, false, err
	}
	if lease.Expires, err = parseTime(expires); err != nil {
		return store.Lease{}, false, &damageError{"table lock", err}
	}
	return lease, held, nil
}

func setLock(ctx context.Context, tx *sql.Tx, l store.Lease, held bool) error {
	_, err := tx.ExecContext(ctx, `UPDATE lock SET held = ?, holder = ?, fence = ?, expires = ?`,
		held, l.Holder, l.Fence, formatTime(l.Expires))
	return err
}
