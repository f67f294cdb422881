package sqlite

import (
	"context"
	"errors"
	"fmt"

	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"github.com/upstream-digest/bot/internal/store"
)

const adviceDamaged = "restore a copy of it, or move it (with its -wal and -shm, if any) away to start anew: the bot then finds its place from the digests it has filed"

// fail gives an error of the database the words of the person who has to act on it.
func (s *Store) fail(ctx context.Context, op string, err error) error {
	return explain(ctx, s.path, op, err)
}

func explain(ctx context.Context, path, op string, err error) error {
	var unusable *store.UnusableError
	if errors.As(err, &unusable) {
		return err
	}
	if ctx.Err() != nil {
		// The driver reports an interrupted statement in several ways; what matters is why.
		return fmt.Errorf("%s: %w", op, context.Cause(ctx))
	}
	var damage *damageError
	if errors.As(err, &damage) {
		return &store.UnusableError{Path: path, Reason: "it is damaged: " + damage.Error(), Advice: adviceDamaged, Err: err}
	}
	var e *driver.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("%s: %w", op, err)
	}
	switch e.Code() & 0xff {
	case codes.SQLITE_NOTADB:
		return notADatabase(path, err)
	case codes.SQLITE_CORRUPT:
		return &store.UnusableError{Path: path, Reason: "it is damaged", Advice: adviceDamaged, Err: err}
	case codes.SQLITE_CANTOPEN, codes.SQLITE_PERM, codes.SQLITE_READONLY, codes.SQLITE_AUTH:
		return &store.UnusableError{
			Path: path, Reason: "it, or the folder it is in, can't be opened or written to",
			Advice: "give this user permission to both, or set store.path to a place it may use", Err: err,
		}
	case codes.SQLITE_FULL:
		return fmt.Errorf("%s: the disk that holds %s is full, nothing was written; free some space and run again: %w", op, path, err)
	case codes.SQLITE_BUSY, codes.SQLITE_LOCKED:
		return fmt.Errorf("%s: another process has kept %s locked for 10 seconds, nothing was written; run again, or end that process: %w", op, path, err)
	case codes.SQLITE_IOERR:
		if e.Code() == codes.SQLITE_IOERR_SHORT_READ {
			return &store.UnusableError{Path: path, Reason: "it is cut off", Advice: adviceDamaged, Err: err}
		}
		return fmt.Errorf("%s: reading or writing %s failed, nothing was written; check the disk: %w", op, path, err)
	}
	return fmt.Errorf("%s: state %s: %w", op, path, err)
}

// damageError is something in the file that no version of the bot can have written.
type damageError struct {
	what string
	err  error
}

func (e *damageError) Error() string { return fmt.Sprintf("%s: %v", e.what, e.err) }
func (e *damageError) Unwrap() error { return e.err }

func busy(err error) bool {
	var e *driver.Error
	return errors.As(err, &e) && (e.Code()&0xff == codes.SQLITE_BUSY || e.Code()&0xff == codes.SQLITE_LOCKED)
}
