package branchstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/store"
)

const adviceDamaged = "undo what was changed (git revert on the branch), bring an exported state back with bot state import --replace, or delete the branch to start anew: the bot then finds its place from the digests it has filed"

func (s *Store) unusable(reason, advice string, err error) error {
	return &store.UnusableError{Path: s.Place(), Reason: reason, Advice: advice, Err: err}
}

// damaged says that a file is not what was written there.
func (s *Store) damaged(file string, err error) error {
	var newer *newerError
	if errors.As(err, &newer) {
		return s.unusable(newer.Error(), "update bot", err)
	}
	return s.unusable(fmt.Sprintf("%s is not what the bot wrote: it was changed by hand, or something else was pushed (%v)", file, err), adviceDamaged, &damageError{file, err})
}

// fail gives an error of GitHub the words of the person who has to act on it.
func (s *Store) fail(ctx context.Context, op string, err error) error {
	var (
		unusable   *store.UnusableError
		permission *github.PermissionError
		auth       *github.AuthError
		missing    *github.NotFoundError
		archived   *github.ArchivedError
		refused    *github.ValidationError
	)
	switch {
	case err == nil, errors.As(err, &unusable), errors.Is(err, store.ErrFenced), errors.Is(err, store.ErrNotFound):
		return err
	case errors.Is(ctx.Err(), context.Canceled):
		return fmt.Errorf("%s: %w", op, context.Cause(ctx))
	case ctx.Err() != nil:
		// Not the context's error: that stands for sources which were not read in time.
		return fmt.Errorf("%s: %s could not be reached in time; run again later", op, s.Place())
	case errors.As(err, &permission):
		return s.unusable("the token may not write to it", "give it the permission contents: write (in a workflow: permissions: contents: write)", err)
	case errors.As(err, &auth):
		return s.unusable(auth.Error(), "the state is on a branch, which needs a token", err)
	case errors.As(err, &archived):
		return s.unusable(archived.Error(), "unarchive it, or set store.repository to another", err)
	case errors.As(err, &refused):
		why := oneLine(strings.Join(append([]string{refused.Message}, refused.Fields...), "; "))
		return s.unusable("GitHub refused the commit: "+why, "if a branch protection or a ruleset forbids it, leave this branch out of it or name another in store.branch", err)
	case errors.As(err, &missing):
		return s.unusable(missing.Error(), "check store.repository, and that the token may see it", err)
	}
	return fmt.Errorf("%s: state on %s: %w", op, s.Place(), err)
}

// claimedError says that another run has claimed the state first, or that its claim is there no more. It counts as
// store.ErrFenced.
type claimedError struct {
	place  string
	back   bool   // the branch is older than the claim, or gone
	holder string // "" where it has left already
	until  time.Time
}

func (e *claimedError) Error() string {
	if e.back {
		return fmt.Sprintf("%s was deleted or set back while this run went on; it wrote nothing more, and the next run finds its place again", e.place)
	}
	by := "another run"
	if e.holder != "" {
		by = fmt.Sprintf("another run (%s, until %s)", e.holder, e.until.UTC().Format(time.RFC3339))
	}
	return fmt.Sprintf("%s was quicker on %s: %v; the next run goes on from there", by, e.place, store.ErrFenced)
}

func (e *claimedError) Is(target error) bool { return target == store.ErrFenced }

// Damaged reports whether an error of this store says that what the branch holds can't be used, so that Overwrite may
// help.
func (s *Store) Damaged(err error) bool {
	var d *damageError
	return errors.As(err, &d)
}

// damageError is something on the branch that the bot can't have written.
type damageError struct {
	file string
	err  error
}

func (e *damageError) Error() string { return fmt.Sprintf("%s: %v", e.file, e.err) }
func (e *damageError) Unwrap() error { return e.err }
