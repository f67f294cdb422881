package github

import (
	"context"
	"fmt"
	"sync/atomic"
)

type allowanceKey struct{}

// allowance is how many requests may still be sent with a context.
type allowance struct {
	most int
	left atomic.Int64
}

// WithRequests lets at most n requests be sent with the context, each repetition counted; files of the raw host are
// not. One more is a *SpentError, and is not sent. It is for work that is worth so much and no more.
func WithRequests(ctx context.Context, n int) context.Context {
	a := &allowance{most: n}
	a.left.Store(int64(n))
	return context.WithValue(ctx, allowanceKey{}, a)
}

// SpentError says that the requests of [WithRequests] are spent.
type SpentError struct{ Most int }

func (e *SpentError) Error() string {
	return fmt.Sprintf("the %d requests that this may cost are spent", e.Most)
}

// spend takes one request from the context's allowance.
func spend(ctx context.Context) error {
	a, ok := ctx.Value(allowanceKey{}).(*allowance)
	if ok && a.left.Add(-1) < 0 {
		return &SpentError{a.most}
	}
	return nil
}
