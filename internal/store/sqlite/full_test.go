package sqlite

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/store"
)

// A full disk is not a damaged state: the same update goes through once there is space.
func TestFullDisk(t *testing.T) {
	now := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "bot.db"), Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	lease, err := s.Acquire(t.Context(), "x", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	s.db.SetMaxOpenConns(1) // the limit below is the connection's
	limit := func(pages string) {
		if _, err := s.db.ExecContext(t.Context(), `PRAGMA max_page_count = `+pages); err != nil {
			t.Fatal(err)
		}
	}
	limit("1") // SQLite makes it the present size
	d := store.Delivery{
		Key:   store.Key{Definition: "weekly", Seq: 1, Channel: "file", Part: 1, Parts: 1},
		State: store.Pending, Body: strings.Repeat("body ", 20_000),
	}
	u := store.Update{Run: &store.Run{Outcome: "told"}, Deliveries: []store.Delivery{d}}
	err = s.Commit(t.Context(), lease, &u)
	var unusable *store.UnusableError
	if err == nil || errors.As(err, &unusable) || !strings.Contains(err.Error(), "full, nothing was written; free some space") {
		t.Fatalf("error %v", err)
	}
	if runs, err := s.Runs(t.Context(), 0); err != nil || len(runs) != 0 {
		t.Errorf("runs after the failure: %v, %v", runs, err)
	}
	limit("1000000")
	if err := s.Commit(t.Context(), lease, &u); err != nil {
		t.Errorf("with space again: %v", err)
	}
}

// Another process that holds the write lock is waited for, and an interrupt ends the wait.
func TestInterruptedWait(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bot.db")
	now := func() time.Time { return time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC) }
	var stores [2]*Store
	for i := range stores {
		s, err := Open(t.Context(), path, Options{Now: now})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}()
		stores[i] = s
	}
	tx, err := stores[0].db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	got := make(chan error)
	go func() {
		_, err := stores[1].Acquire(ctx, "second", time.Hour)
		got <- err
	}()
	cancel()
	if err := <-got; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if _, err := stores[1].Acquire(t.Context(), "second", time.Hour); err != nil {
		t.Errorf("after the wait: %v", err)
	}
}

// No test can cut the power; this pins what the promise rests on, for every connection of the pool.
func TestEveryConnectionIsDurable(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "bot.db"), Options{Now: time.Time{}.UTC})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	for range fileConns {
		conn, err := s.db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := conn.Close(); err != nil {
				t.Error(err)
			}
		}()
		for pragma, want := range map[string]string{"synchronous": "2", "journal_mode": "wal", "foreign_keys": "1", "busy_timeout": busyTimeout} {
			var got string
			if err := conn.QueryRowContext(t.Context(), `PRAGMA `+pragma).Scan(&got); err != nil || got != want {
				t.Errorf("%s is %q (%v), want %q", pragma, got, err, want)
			}
		}
	}
}
