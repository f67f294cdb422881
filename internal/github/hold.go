package github

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// HeldBackError says that a write was not sent, because the condition under which it might be no longer held:
// see SendOnlyWhile. Unwrap gives the condition's error.
type HeldBackError struct{ Err error }

func (e *HeldBackError) Error() string { return fmt.Sprintf("not sent: %v", e.Err) }

// Unwrap gives the reason.
func (e *HeldBackError) Unwrap() error { return e.Err }

// SendOnlyWhile gives a context under which writes are sent only while ok returns nil. Reads do not ask.
//
// A process can be stopped at any moment, for any time. So ok is asked as late as can be: not before
// waiting for a turn, a limit or a connection, but for each piece of the request's body when the
// connection is there and wants it. A request whose body is not whole is not executed. What remains is a
// stop between the last answer of ok and the system call that writes the last piece.
//
// ok is called from several goroutines, one at a time for each request.
func SendOnlyWhile(ctx context.Context, ok func() error) context.Context {
	return context.WithValue(ctx, guardKey{}, &guard{ok})
}

// MaySend asks the condition of SendOnlyWhile, for those who send to somebody else than GitHub. The error is a
// *HeldBackError.
func MaySend(ctx context.Context) error {
	if g := guardOf(ctx); g != nil {
		if err := g.ok(); err != nil {
			return &HeldBackError{err}
		}
	}
	return nil
}

type guardKey struct{}

type guard struct{ ok func() error }

// guardOf is the context's guard, or nil, which lets everything pass.
func guardOf(ctx context.Context) *guard {
	g, _ := ctx.Value(guardKey{}).(*guard)
	return g
}

// watch puts the guard before a request's body.
func (g *guard) watch(req *http.Request) *guardedBody {
	if g == nil {
		return nil
	}
	b := &guardedBody{guard: g, body: req.Body}
	if req.Body == nil {
		b.body = http.NoBody // a write without a body is asked about when its end is read
	}
	req.Body = b
	// The transport may send a body that was not begun once more, over another connection.
	if again := req.GetBody; again != nil {
		req.GetBody = func() (io.ReadCloser, error) {
			body, err := again()
			if err != nil {
				return nil, err
			}
			b.mu.Lock()
			defer b.mu.Unlock()
			b.body = body
			return b, nil
		}
	}
	return b
}

// guardedBody asks before it hands anything out.
type guardedBody struct {
	guard *guard
	mu    sync.Mutex
	body  io.ReadCloser
	begun bool
	err   error
}

func (b *guardedBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		if err := b.guard.ok(); err != nil {
			b.err = &HeldBackError{err}
		}
	}
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.body.Read(p)
	b.begun = b.begun || n > 0
	return n, err
}

func (b *guardedBody) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.body.Close()
}

// refused gives the error with which the body was held back, and whether a piece of it had left before.
func (b *guardedBody) refused() (err error, begun bool) {
	if b == nil {
		return nil, false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err, b.begun
}
