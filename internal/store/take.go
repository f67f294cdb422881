package store

import (
	"context"
	"errors"
	"time"
)

// Locker is the lock of a store.
type Locker interface {
	Acquire(ctx context.Context, holder string, ttl time.Duration) (Lease, error)
	Release(ctx context.Context, lease Lease) error
}

// Take takes the lock, also from a holder that is surely gone, which is then told in from. gone judges a
// holder by its name; nil knows of none. A holder whose death nobody can know of keeps the lock until it
// runs out: that is a *HeldError.
//
// Were gone ever wrong, the holder's fence keeps it from writing.
func Take(ctx context.Context, l Locker, holder string, ttl time.Duration, gone func(holder string) bool) (lease Lease, from string, err error) {
	lease, err = l.Acquire(ctx, holder, ttl)
	var held *HeldError
	if !errors.As(err, &held) || gone == nil || !gone(held.Lease.Holder) {
		return lease, "", err
	}
	// Fenced: another was quicker to find it gone. Who has the lock now is seen below.
	if err := l.Release(ctx, held.Lease); err != nil && !errors.Is(err, ErrFenced) {
		return Lease{}, "", err
	}
	if lease, err = l.Acquire(ctx, holder, ttl); err != nil {
		return Lease{}, "", err
	}
	return lease, held.Lease.Holder, nil
}
