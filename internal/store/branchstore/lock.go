package branchstore

import (
	"context"
	"fmt"
	"time"

	"github.com/upstream-digest/bot/internal/store"
)

// Acquire looks whether the lock can be had for ttl, and gives the lease that the first commit will claim. It writes
// nothing: two runs may come so far, and the second to commit gets store.ErrFenced. When another holder has claimed and
// its time is not over, the error is a *store.HeldError.
func (s *Store) Acquire(ctx context.Context, holder string, ttl time.Duration) (store.Lease, error) {
	if holder == "" || ttl <= 0 {
		return store.Lease{}, fmt.Errorf("acquire lock: need a holder and a time above 0, have %q and %s", holder, ttl)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v, err := s.now(ctx)
	if err != nil {
		return store.Lease{}, s.fail(ctx, "acquire lock", err)
	}
	now := s.opts.Now()
	if l := v.state.Lock; l != nil && now.Before(l.Expires) {
		return store.Lease{}, &store.HeldError{Lease: *l}
	}
	lease := store.Lease{Holder: holder, Fence: v.state.Numbers.Fence + 1, Expires: now.Add(ttl).UTC().Round(0)}
	s.pending[lease.Fence] = lease
	return lease, nil
}

// Renew lets the lease expire ttl from now. It works on an expired lease that nobody took over; one that was taken over
// or released gives store.ErrFenced.
func (s *Store) Renew(ctx context.Context, lease store.Lease, ttl time.Duration) (store.Lease, error) {
	if ttl <= 0 {
		return store.Lease{}, fmt.Errorf("renew lock: need a time above 0, have %s", ttl)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.write(ctx, "renew lock", lease, func(_ context.Context, c *change) error {
		lease.Expires = s.opts.Now().Add(ttl).UTC().Round(0)
		c.v.state.Lock = &lease
		c.say("%s goes on until %s", shortHolder(lease.Holder), clock(lease.Expires))
		return nil
	})
	if err != nil {
		return store.Lease{}, err
	}
	return lease, nil
}

// Release gives the lock back. Releasing twice is no error, nor is releasing what was never claimed; a lease that
// another holder took over gives store.ErrFenced, and that holder keeps it.
func (s *Store) Release(ctx context.Context, lease store.Lease) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p, ok := s.pending[lease.Fence]; ok && p == lease {
		delete(s.pending, lease.Fence)
		return nil
	}
	v, err := s.now(ctx)
	if err != nil {
		return s.fail(ctx, "release lock", err)
	}
	switch {
	case lease.Fence == 0 || v.state.Numbers.Fence != lease.Fence:
		return s.claimed(v, lease.Fence)
	case v.state.Lock == nil:
		return nil
	}
	return s.write(ctx, "release lock", lease, func(_ context.Context, c *change) error {
		c.v.state.Lock = nil
		c.say("%s gave the state back", shortHolder(lease.Holder))
		return nil
	})
}

// claimed says who has the lock instead; seen is the newest fence that this run knows of.
func (s *Store) claimed(v *view, seen int64) error {
	e := &claimedError{place: s.Place(), back: v.state.Numbers.Fence < seen}
	if l := v.state.Lock; l != nil {
		e.holder, e.until = l.Holder, l.Expires
	}
	return e
}

// mayWrite asks whether a lease is the last one: it was claimed, or nobody has claimed since it was given out. Its expiry
// does not matter: as long as nobody took the lock over, its holder is alone.
func (s *Store) mayWrite(v *view, lease store.Lease) error {
	l := v.state.Lock
	if p, ok := s.pending[lease.Fence]; ok && p == lease {
		free := l == nil || !s.opts.Now().Before(l.Expires)
		if v.state.Numbers.Fence == lease.Fence-1 && free {
			return nil
		}
		return s.claimed(v, lease.Fence-1)
	}
	if l == nil || l.Fence != lease.Fence || v.state.Numbers.Fence != lease.Fence {
		return s.claimed(v, lease.Fence)
	}
	return nil
}

// trusted is for how long the branch surely stands where it was seen: whoever asks twice in a row asks once.
const trusted = 2 * time.Second

// ask answers an empty update: it claims what is not claimed yet, else it looks whether the lease is the last one.
func (s *Store) ask(ctx context.Context, lease store.Lease) error {
	if p, ok := s.pending[lease.Fence]; ok && p == lease {
		return s.write(ctx, "claim", lease, func(_ context.Context, c *change) error {
			c.say("%s begins to deliver", shortHolder(lease.Holder))
			return nil
		})
	}
	if s.v == nil || !s.opts.Alone || s.opts.Now().Sub(s.sure).Abs() >= trusted {
		before := s.v
		now, err := s.refresh(ctx, "look at the lock")
		if err != nil {
			s.v = before
			return err
		}
		if before != nil && s.behind[now.head] {
			// GitHub may answer a reading from a copy that has not heard of our last commit yet. Were the branch set back
			// by hand, the next commit finds out.
			s.v = before
		}
	}
	return s.mayWrite(s.v, lease)
}
