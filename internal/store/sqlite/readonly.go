package sqlite

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// OpenReadOnly opens the state at path for a dry run: nothing on disk beside it is created, touched or
// removed, and every writing method gives store.ErrReadOnly.
//
// A file that does not exist reads as an empty store. One that no other process has open is read in
// place, without locks; should another process write it meanwhile, the next read says so. One with a
// log beside it (in use, or its process was killed) and one of an older schema are copied to a temporary
// folder, which Close removes, and are recovered and migrated there.
func OpenReadOnly(ctx context.Context, path string) (*Store, error) {
	if path == "" {
		return nil, errors.New("open state: no path; set store.path")
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return openEmpty(ctx, path)
	case err != nil:
		return nil, unreachable(path, err)
	case !info.Mode().IsRegular():
		return nil, notAFile(path, info)
	case info.Size() == 0:
		return openEmpty(ctx, path) // made, and killed before the first table
	}
	if err := checkHeader(path); err != nil {
		return nil, err
	}
	for _, log := range logs(path) {
		if _, err := os.Stat(log); err == nil {
			return openCopy(ctx, path)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, unreachable(path, err)
		}
	}
	return openInPlace(ctx, path, info)
}

// logs are the files in which a process keeps what is not yet in the database file.
func logs(path string) []string { return []string{path + "-wal", path + "-journal"} }

func openEmpty(ctx context.Context, path string) (*Store, error) {
	db, err := connect("file::memory:?"+settings(nil).Encode(), memoryConns)
	if err != nil {
		return nil, fmt.Errorf("open empty state: %w", err)
	}
	s := readOnlyStore(db, path)
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(err, s.closeQuietly())
	}
	return s, nil
}

func openInPlace(ctx context.Context, path string, info fs.FileInfo) (*Store, error) {
	name, err := dsn(path, url.Values{"mode": {"ro"}, "immutable": {"1"}, "_query_only": {"1"}})
	if err != nil {
		return nil, fmt.Errorf("open state %s: %w", path, err)
	}
	db, err := connect(name, fileConns)
	if err != nil {
		return nil, fmt.Errorf("open state %s: %w", path, err)
	}
	s := readOnlyStore(db, path)
	s.unchanged = func() error {
		now, err := os.Stat(path)
		if err != nil {
			return unreachable(path, err)
		}
		if now.Size() != info.Size() || !now.ModTime().Equal(info.ModTime()) || !os.SameFile(now, info) {
			return fmt.Errorf("state %s was changed by another run while this one read it; run again", path)
		}
		return nil
	}
	found, err := s.inspect(ctx)
	if err == nil {
		err = s.check(ctx)
	}
	if uerr := s.unchanged(); uerr != nil {
		err = uerr
	}
	if err != nil {
		return nil, errors.Join(err, s.closeQuietly())
	}
	if found.version < found.known {
		if err := s.db.Close(); err != nil {
			return nil, fmt.Errorf("open state %s: %w", path, err)
		}
		return openCopy(ctx, path)
	}
	return s, nil
}

func openCopy(ctx context.Context, path string) (*Store, error) {
	dir, err := os.MkdirTemp("", "bot-state-")
	if err != nil {
		return nil, fmt.Errorf("open state %s for reading: copy it: %w", path, err)
	}
	cleanup := func() error { return os.RemoveAll(dir) }
	twin := filepath.Join(dir, "state.db")
	if err := copyState(ctx, path, twin, copyFile); err != nil {
		return nil, errors.Join(err, cleanup())
	}
	name, err := dsn(twin, nil)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open state %s: %w", path, err), cleanup())
	}
	db, err := connect(name, fileConns)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open state %s: %w", path, err), cleanup())
	}
	s := readOnlyStore(db, path)
	s.cleanup = cleanup
	if err := s.check(ctx); err != nil {
		return nil, errors.Join(err, s.closeQuietly())
	}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(err, s.closeQuietly())
	}
	return s, nil
}

func readOnlyStore(db *sql.DB, path string) *Store {
	return &Store{db: db, path: path, log: slog.New(slog.DiscardHandler), readOnly: true}
}

// copyFunc is copyFile, or a test's with something happening meanwhile.
type copyFunc func(from, to string) (sum []byte, err error)

// copyState copies a database with its logs as they were at one moment. The owner may write meanwhile,
// and a database of one moment with a log of another would be nonsense that looks right. So everything
// is read again after it was copied: if nothing differs, nothing changed between the first reading's end
// and the second one's beginning.
func copyState(ctx context.Context, from, to string, copyOne copyFunc) error {
	const tries, pause = 10, 50 * time.Millisecond
	for range tries {
		same, err := copyOnce(from, to, copyOne)
		if err != nil {
			return unreachable(from, err)
		}
		if same {
			return nil
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("copy state %s: %w", from, ctx.Err())
		case <-timer.C:
		}
	}
	return fmt.Errorf("copy state %s: another run keeps writing it; run again when that one has ended", from)
}

func copyOnce(from, to string, copyOne copyFunc) (same bool, err error) {
	sources, targets := append([]string{from}, logs(from)...), append([]string{to}, logs(to)...)
	sums := make([][]byte, len(sources))
	for i, src := range sources {
		if sums[i], err = copyOne(src, targets[i]); err != nil {
			return false, err
		}
	}
	for i, src := range sources {
		sum, err := copyOne(src, "")
		if err != nil {
			return false, err
		}
		if !bytes.Equal(sum, sums[i]) {
			return false, nil
		}
	}
	return true, nil
}

// copyFile copies one file and gives the hash of what it read; nil for a file that does not exist, whose
// copy then does not exist either. Without a target it only reads.
func copyFile(from, to string) (sum []byte, err error) {
	if to != "" {
		if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	in, err := os.Open(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	info, err := in.Stat()
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	w := io.Writer(h)
	if to != "" {
		out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, out.Close()) }()
		w = io.MultiWriter(h, out)
	}
	// No further than it reached at first: a busy writer could make the file grow faster than it is read.
	// Then the second reading differs.
	if _, err := io.Copy(w, io.LimitReader(in, info.Size())); err != nil {
		return nil, err
	}
	return h.Sum(nil), nil
}
