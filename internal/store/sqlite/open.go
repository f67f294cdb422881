package sqlite

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/upstream-digest/bot/internal/store"
)

// Open opens the state at path for reading and writing, makes the file and its folders where they are
// missing (the file readable by this user only), and brings the schema up to date.
//
// A file that is damaged, of a newer schema or of another program, and a place that can't be written to,
// give a *store.UnusableError, and the file stays as it was.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	if o.Now == nil {
		return nil, errors.New("open state: Options.Now is required")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if path == "" {
		return nil, errors.New("open state: no path; set store.path")
	}
	found, err := create(path)
	if err != nil {
		return nil, err
	}
	switch found {
	case fileCreated:
		o.Logger.InfoContext(ctx, "state created", "path", path)
	case fileEmpty:
		// Left by a process killed at its start, or by whoever emptied it: nobody can tell.
		o.Logger.WarnContext(ctx, "state file was empty, starting anew", "path", path)
	case fileFilled:
	}
	name, err := dsn(path, nil)
	if err != nil {
		return nil, fmt.Errorf("open state %s: %w", path, err)
	}
	db, err := connect(name, fileConns)
	if err != nil {
		return nil, fmt.Errorf("open state %s: %w", path, err)
	}
	s := &Store{db: db, path: path, now: o.Now, log: o.Logger}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, s.closeQuietly())
	}
	return s, nil
}

func (s *Store) prepare(ctx context.Context) error {
	// Looked at before the first write, so that a file which is not ours is left alone.
	if _, err := s.inspect(ctx); err != nil {
		return err
	}
	if err := s.check(ctx); err != nil {
		return err
	}
	if err := s.setWAL(ctx); err != nil {
		return err
	}
	return s.migrate(ctx)
}

// closeQuietly is for files that could not be opened: what went wrong is already known.
func (s *Store) closeQuietly() error {
	_ = s.db.Close()
	if s.cleanup != nil {
		return s.cleanup()
	}
	return nil
}

// fileFound is what was at the path.
type fileFound int

const (
	fileFilled fileFound = iota
	fileEmpty
	fileCreated
)

// create makes the file, empty, where there is none. SQLite gives its -wal and -shm the same permissions.
func create(path string) (fileFound, error) {
	info, err := os.Stat(path)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return 0, notAFile(path, info)
	case err == nil && info.Size() == 0:
		return fileEmpty, nil
	case err == nil:
		return fileFilled, checkHeader(path)
	case !errors.Is(err, fs.ErrNotExist):
		return 0, unreachable(path, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return 0, unreachable(path, err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fileFilled, nil // another process was quicker
	}
	if err != nil {
		return 0, unreachable(path, err)
	}
	if err := f.Close(); err != nil {
		return 0, unreachable(path, err)
	}
	return fileCreated, nil
}

// magic is what every SQLite file begins with.
const magic = "SQLite format 3\x00"

// headerSize is the length of an SQLite file's header.
const headerSize = 100

// checkHeader finds what SQLite does not mind: it takes a file of a few bytes for an empty database and
// would write over it, and a file whose last page is cut for whole until it reads there.
// The header's form is at sqlite.org/fileformat2.html.
func checkHeader(path string) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return unreachable(path, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	head := make([]byte, headerSize)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return unreachable(path, err)
	}
	if n < headerSize || string(head[:len(magic)]) != magic {
		return notADatabase(path, nil)
	}
	for _, log := range logs(path) {
		if _, err := os.Stat(log); err == nil {
			return nil // the pages may still be in there
		}
	}
	info, err := f.Stat()
	if err != nil {
		return unreachable(path, err)
	}
	pageSize, pages := int64(binary.BigEndian.Uint16(head[16:])), int64(binary.BigEndian.Uint32(head[28:]))
	if pageSize == 1 {
		pageSize = 1 << 16
	}
	sizeIsValid := binary.BigEndian.Uint32(head[24:]) == binary.BigEndian.Uint32(head[92:])
	if sizeIsValid && info.Size() < pages*pageSize {
		return &store.UnusableError{
			Path: path, Reason: fmt.Sprintf("it is cut off: %d bytes of %d are there", info.Size(), pages*pageSize), Advice: adviceDamaged,
		}
	}
	return nil
}

func notADatabase(path string, err error) error {
	return &store.UnusableError{
		Path: path, Reason: "it is not an SQLite database, or its beginning is damaged",
		Advice: "check store.path; if the path is right, " + adviceDamaged, Err: err,
	}
}

func notAFile(path string, info fs.FileInfo) error {
	what := "it is no regular file"
	if info.IsDir() {
		what = "it is a folder"
	}
	return &store.UnusableError{Path: path, Reason: what, Advice: "set store.path to a file, such as " + filepath.Join(path, "bot.db")}
}

func unreachable(path string, err error) error {
	reason := err.Error()
	var pe *fs.PathError
	if errors.As(err, &pe) {
		reason = fmt.Sprintf("%s %s: %v", pe.Op, pe.Path, pe.Err)
	}
	return &store.UnusableError{
		Path: path, Reason: reason,
		Advice: "give this user permission to that place, or set store.path to one it may use", Err: err,
	}
}
