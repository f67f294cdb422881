package sqlite_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/store"
	"github.com/upstream-digest/bot/internal/store/storetest"
)

func BenchmarkCommit(b *testing.B) {
	for _, changed := range []bool{false, true} {
		b.Run(fmt.Sprintf("250 gates changed=%v", changed), func(b *testing.B) {
			s := open(b, filepath.Join(b.TempDir(), "bot.db"))
			defer closed(b, s)
			lease, err := s.Acquire(b.Context(), "bench", time.Hour)
			if err != nil {
				b.Fatal(err)
			}
			snap := storetest.Snapshot(250, 0, 0)
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				if changed {
					n++
					snap.Upstreams[0].Sections[0].Items.Gates.Gates[n%250].Declared.Line += n
				}
				if err := s.Commit(b.Context(), lease, &store.Update{Snapshot: snap}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkLatest(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "bot.db"))
	defer closed(b, s)
	lease, err := s.Acquire(b.Context(), "bench", time.Hour)
	if err != nil {
		b.Fatal(err)
	}
	if err := s.Commit(b.Context(), lease, &store.Update{Snapshot: storetest.Snapshot(250, 0, 0)}); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Latest(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// large makes a state of 500 snapshots of 250 gates that all differ: about ten years of weekly digests.
func large(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "bot.db")
	s := open(b, path)
	lease, err := s.Acquire(b.Context(), "bench", time.Hour)
	if err != nil {
		b.Fatal(err)
	}
	for i := range 500 {
		if err := s.Commit(b.Context(), lease, &store.Update{Snapshot: storetest.Snapshot(250, i, i)}); err != nil {
			b.Fatal(err)
		}
	}
	closed(b, s)
	return path
}

func BenchmarkOpen(b *testing.B) {
	path := large(b)
	b.ReportAllocs()
	for b.Loop() {
		closed(b, open(b, path))
	}
}

func BenchmarkOpenReadOnly(b *testing.B) {
	path := large(b)
	b.Run("in place", func(b *testing.B) {
		for b.Loop() {
			closed(b, readOnly(b, path))
		}
	})
	b.Run("copy", func(b *testing.B) {
		live := open(b, path)
		defer closed(b, live)
		for b.Loop() {
			closed(b, readOnly(b, path))
		}
	})
}

// BenchmarkQuickCheck is why Open can afford it.
func BenchmarkQuickCheck(b *testing.B) {
	path := large(b)
	db := raw(b, path)
	defer closeDB(b, db)
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	for b.Loop() {
		var answer string
		if err := db.QueryRowContext(b.Context(), `PRAGMA quick_check`).Scan(&answer); err != nil || answer != "ok" {
			b.Fatal(answer, err)
		}
	}
}
