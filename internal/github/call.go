package github

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// call is what the transport must know of the request that go-github hands it. It travels in the
// request's context, for v60's methods offer no other way.
type call struct {
	op    string // for errors and logs: "read kubernetes/kubernetes"
	query bool   // a POST that only reads: a GraphQL query
	tries int    // how often a read may be sent when GitHub fails; 0 is defaultTries
	// stream reads a good answer while it comes; nil: it is had whole.
	stream stream

	budget *budget

	// failure is the transport's last error. v60 replaces whatever the transport says by ctx.Err() when
	// the context has ended, and with it the one thing that matters: whether a write went out.
	failure error
}

type callKey struct{}

func withCall(ctx context.Context, c *call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// callOf finds the call of a request; one made without gets a call of its own.
func callOf(req *http.Request, maxWait time.Duration) *call {
	if c, ok := req.Context().Value(callKey{}).(*call); ok {
		return c
	}
	return &call{op: req.Method, budget: newBudget(maxWait)}
}

// isWrite reports whether sending the request twice could do something twice.
func (c *call) isWrite(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return false
	}
	return !c.query
}

// budget is the time that a step, with all its pages or files, may spend waiting. Requests that wait side
// by side spend the same time once.
type budget struct {
	mu      sync.Mutex
	left    time.Duration
	waiting int       // requests that wait now
	paid    time.Time // until when they have paid
}

func newBudget(d time.Duration) *budget { return &budget{left: d} }

// take uses d of what is left, or nothing when that is too little. Who took must sleep.
func (b *budget) take(now time.Time, d time.Duration) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	until, price := now.Add(d), d
	if b.waiting > 0 && b.paid.After(now) {
		price = max(0, until.Sub(b.paid))
	}
	if price > b.left {
		return false
	}
	b.left -= price
	if b.waiting == 0 || until.After(b.paid) {
		b.paid = until
	}
	b.waiting++
	return true
}

// sleep waits for the time that was taken.
func (b *budget) sleep(ctx context.Context, d time.Duration) error {
	err := sleep(ctx, d)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting--
	return err
}

type budgetKey struct{}

// OneStep makes everything that is done with the context share one Options.MaxWait: the files of a batch,
// the pages of a listing. An outer one holds.
func (c *Client) OneStep(ctx context.Context) context.Context {
	if _, ok := ctx.Value(budgetKey{}).(*budget); ok {
		return ctx
	}
	return context.WithValue(ctx, budgetKey{}, newBudget(c.opts.MaxWait))
}

// begin makes the context of one request.
func (c *Client) begin(ctx context.Context, op string) (context.Context, *call) {
	ctx = c.OneStep(ctx)
	b, _ := ctx.Value(budgetKey{}).(*budget)
	k := &call{op: op, budget: b}
	return withCall(ctx, k), k
}

type sleepKey struct{}

// WithSleep lets wait do the waiting for limits and between tries of all that is done with the context: a
// recorded run that is played again moves its clock instead.
func WithSleep(ctx context.Context, wait func(time.Duration)) context.Context {
	return context.WithValue(ctx, sleepKey{}, wait)
}

// Sleep waits as a call does: until d has passed, or the context has ended.
func Sleep(ctx context.Context, d time.Duration) error { return sleep(ctx, d) }

// sleep waits for d or until the context ends.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	if wait, ok := ctx.Value(sleepKey{}).(func(time.Duration)); ok {
		wait(d)
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
