package main

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/upstream-digest/bot/internal/pipeline"
	"github.com/upstream-digest/bot/internal/store"
)

func TestExitCodes(t *testing.T) {
	source, delivery := &pipeline.SourceError{}, &pipeline.DeliveryError{Err: errors.New("x")}
	for _, tt := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{&usageError{errors.New("x")}, 2},
		{&pipeline.UsageError{}, 2},
		{source, 3},
		{fmt.Errorf("too long: %w", context.DeadlineExceeded), 3},
		{delivery, 4},
		{errors.Join(source, delivery), 4},
		{errors.Join(delivery, &store.HeldError{}), 5},
		{store.ErrFenced, 5},
		{errors.Join(&store.HeldError{}, &usageError{errors.New("x")}), 2},
		{errors.Join(source, &store.UnusableError{}), 6},
		{context.Canceled, 130},
	} {
		if got := exitCode(t.Context(), tt.err); got != tt.want {
			t.Errorf("%v: exit code %d, want %d", tt.err, got, tt.want)
		}
	}
}

// What keeps a run from telling keeps it from noting that, too: one sentence is enough.
func TestOneSentenceForOneTrouble(t *testing.T) {
	e := &store.UnusableError{Path: "branch b of acme/platform", Reason: "the token may not write to it", Advice: "give it the permission contents: write"}
	if got := explain(errors.Join(e, errors.Join(e, e))); len(got) != 1 {
		t.Errorf("%q", got)
	}
}
