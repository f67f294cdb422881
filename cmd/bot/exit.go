package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/pipeline"
	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/store"
)

// Exit codes, as DESIGN section 7 and the README list them.
const (
	exitDone        = 0
	exitFound       = 1
	exitUsage       = 2
	exitSource      = 3
	exitDelivery    = 4
	exitLocked      = 5
	exitState       = 6
	exitInterrupted = 130
)

// usageError is a mistake in flags, arguments or configuration.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// exitError is an end that was told in full already: nothing more is printed.
type exitError struct{ code int }

func (e *exitError) Error() string { return fmt.Sprintf("exit code %d", e.code) }

// exitCode picks the code that asks for most: of 6, 2, 5, 4, 3, 1 the first that applies.
func exitCode(ctx context.Context, err error) int {
	var (
		unusable *store.UnusableError
		old      *publish.OldStateError
		usage    *usageError
		differs  *differsError
		pusage   *pipeline.UsageError
		held     *store.HeldError
		delivery *pipeline.DeliveryError
		source   *pipeline.SourceError
		told     *exitError
	)
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &told):
		return told.code
	case errors.As(err, &unusable), errors.As(err, &old):
		return exitState
	case errors.As(err, &usage), errors.As(err, &pusage):
		return exitUsage
	case errors.As(err, &held), errors.Is(err, store.ErrFenced):
		return exitLocked
	case ctx.Err() != nil || errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &delivery):
		return exitDelivery
	case errors.As(err, &source), errors.Is(err, context.DeadlineExceeded):
		return exitSource // out of time: what was not read is read by the next run
	case errors.As(err, &differs):
		return exitFound
	}
	// What has no class of its own went wrong with state or files.
	return exitState
}

// explain renders an error for people: one line each, and the next step where the error alone does not
// name it.
func explain(err error) []string {
	var told *exitError
	if errors.As(err, &told) {
		return nil
	}
	var network *github.NetworkError
	var auth *github.AuthError
	var unusable *store.UnusableError // asks for more than the next run
	if errors.Is(err, context.Canceled) && !errors.As(err, &unusable) {
		return []string{"bot: interrupted; what was not finished is finished by the next run"}
	}
	const noNetwork = "run `bot demo` to see the whole run without a network, or read a local clone (mirrors: in the configuration)"
	var source *pipeline.SourceError
	if errors.As(err, &network) && errors.As(err, &source) && source.All {
		// Every source failed for one reason: one sentence says it all.
		return []string{fmt.Sprintf("bot: %v; %s", network, noNetwork)}
	}
	var lines []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if line = "bot: " + strings.TrimRight(line, " "); line != "bot: " && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	if errors.As(err, &network) {
		lines = append(lines, "bot: "+noNetwork)
	}
	var held *store.HeldError
	if errors.As(err, &held) {
		lines = append(lines, "bot: "+holderHint(held.Lease))
	}
	if errors.As(err, &auth) {
		lines = append(lines, "bot: make a new token and hand it in as GITHUB_TOKEN; a dry run works without one")
	}
	return lines
}
