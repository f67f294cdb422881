package github

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"sync"
	"time"

	"golang.org/x/oauth2"
)

const (
	// maxBody is the most that is read of one answer, after decompression.
	maxBody = 64 << 20
	// defaultTries is how often a read is sent when GitHub fails: with the waits between, about 15 s.
	defaultTries = 6
	// dialTries is how often a request is sent that did not even reach a host. Without a network the
	// answer should come soon.
	dialTries    = 3
	firstBackoff = 500 * time.Millisecond
	maxBackoff   = 30 * time.Second
	maxRedirects = 5
)

// transport sends requests for http.Client: it adds the token, keeps the limits, reads each answer
// whole, and sends reads again. See the package comment.
type transport struct {
	base    http.RoundTripper
	urls    endpoints
	tokens  oauth2.TokenSource // nil: anonymous
	timeout time.Duration
	maxWait time.Duration
	now     func() time.Time
	jitter  func() float64
	waiting func(Wait) (over func())
	log     *slog.Logger
	scrub   scrubber
	gates   gates
	lane    lane
	cost    costCounter
	clock   serverClock

	remaining remaining
}

func newTransport(o Options, urls endpoints) *transport {
	return &transport{
		base: o.Base, urls: urls, timeout: o.Timeout, maxWait: o.MaxWait, now: o.Now, jitter: o.Jitter, log: o.Logger, waiting: o.Waiting,
		scrub: newScrubber(o.Token),
		gates: gates{shut: map[string]gate{}, clock: o.Now},
		lane:  lane{turn: make(chan struct{}, 1), interval: o.WriteInterval, now: o.Now},
	}
}

// RoundTrip implements http.RoundTripper. The response it returns is whole, and free of limit headers.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	c := callOf(req, t.maxWait)
	body, err := readBody(req)
	if err != nil {
		return nil, err
	}
	resp, err := t.roundTrip(req, c, body)
	c.failure = err
	return resp, err
}

func readBody(req *http.Request) ([]byte, error) {
	if req.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(req.Body)
	if cerr := req.Body.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, fmt.Errorf("read the request's body: %w", err)
	}
	return body, nil
}

func (t *transport) roundTrip(req *http.Request, c *call, body []byte) (*http.Response, error) {
	ctx := req.Context()
	d := t.urls.destination(req.URL)
	write := c.isWrite(req.Method)
	var hold *guard
	if write {
		hold = guardOf(ctx)
		leave, err := t.lane.enter(ctx)
		if err != nil {
			return nil, err
		}
		defer leave()
	}
	limited, sent := 0, 0
	for failed := 0; ; {
		if err := t.passGate(ctx, c, d); err != nil {
			return nil, err
		}
		if d.kind != kindRaw {
			if err := spend(ctx); err != nil {
				return nil, err
			}
		}
		t.cost.add(d.kind, sent > 0)
		sent++
		a, resp, fail := t.attempt(req, c, d, body, hold)
		var v verdict
		tries := defaultTries
		switch {
		case fail == nil:
			accept := req.Header.Get("Accept")
			if c.stream != nil {
				accept = "" // no JSON, where it is good
			}
			v = judge(d, accept, a, t.now())
			if e, ok := errors.AsType[*DecodeError](v.again); ok {
				e.Quote = t.scrub.text(e.Quote)
			}
		case ctx.Err() != nil:
			if write && !fail.unsent {
				return nil, &UnclearError{Op: c.op, Cause: ctx.Err()}
			}
			return nil, ctx.Err()
		default:
			v.again = fail.err
			if fail.unsent {
				tries = dialTries
			}
		}
		if v.limit != nil {
			t.gates.close(d, *v.limit, t.now().Add(v.limit.waitFor(limited)))
			limited++
			if write && v.begun {
				return nil, &UnclearError{Op: c.op, Cause: &ServerError{Host: d.host, Tries: 1}}
			}
			continue
		}
		if v.again == nil {
			hideLimits(resp.Header)
			return resp, nil
		}
		if write && (fail == nil || !fail.unsent) {
			return nil, &UnclearError{Op: c.op, Cause: v.again}
		}
		failed++
		if c.tries > 0 && (fail == nil || !fail.unsent) {
			tries = c.tries
		}
		wait := max(v.after, t.backoff(failed-1))
		if failed >= tries || !isTransient(v.again) || !c.budget.take(t.now(), wait) {
			if s, ok := v.again.(*ServerError); ok { //nolint:errorlint // made by judge, never wrapped
				s.Tries = failed
			}
			return nil, v.again
		}
		t.log.InfoContext(ctx, "github: trying again", "op", c.op, "host", d.host, "reason", v.again.Error(), "wait", wait)
		if err := t.wait(ctx, c, Wait{For: wait}); err != nil {
			return nil, err
		}
	}
}

// isTransient reports whether sending a read again may help.
func isTransient(err error) bool {
	if _, ok := errors.AsType[*HeldBackError](err); ok {
		return false
	}
	if s, ok := errors.AsType[*ServerError](err); ok {
		return s.Status == 0 || s.Status == 500 || s.Status == 502 || s.Status == 503 || s.Status == 504
	}
	if d, ok := errors.AsType[*DecodeError](err); ok {
		return d.Reason != tooLarge && d.Reason != tooLargeUnpacked
	}
	return true
}

// passGate waits until no known limit stands in the way.
func (t *transport) passGate(ctx context.Context, c *call, d destination) error {
	for {
		g, wait := t.gates.ahead(d)
		if wait <= 0 {
			return ctx.Err()
		}
		if !c.budget.take(t.now(), wait) {
			resource := g.seen.resource
			if resource == "" {
				resource = d.resource
			}
			return &LimitError{Kind: g.seen.kind, Resource: resource, Until: g.until}
		}
		t.log.WarnContext(ctx, "github: waiting for a limit", "op", c.op, "kind", string(g.seen.kind), "host", d.host, "wait", wait.Round(time.Second))
		if err := t.wait(ctx, c, Wait{For: wait, Limit: true}); err != nil {
			return err
		}
	}
}

// wait spends what was taken of a call's time for waiting.
func (t *transport) wait(ctx context.Context, c *call, w Wait) error {
	if t.waiting != nil {
		defer t.waiting(w)()
	}
	return c.budget.sleep(ctx, w.For)
}

func (t *transport) backoff(n int) time.Duration {
	d := min(firstBackoff<<min(n, 10), maxBackoff)
	return d/2 + time.Duration(t.jitter()*float64(d/2))
}

// failure is an attempt without a whole answer.
type failure struct {
	err    error
	unsent bool // nothing of the request left this machine
}

const tooLarge = "the answer is larger than 64 MiB"

// attempt sends the request once and reads the answer whole. Either fail is nil, or nothing else counts.
func (t *transport) attempt(req *http.Request, c *call, d destination, body []byte, hold *guard) (a answer, resp *http.Response, fail *failure) {
	timeout := t.timeoutOf(c)
	ctx, cancel := context.WithTimeout(req.Context(), timeout)
	defer cancel()
	var trace sendTrace
	out, err := t.outgoing(httptrace.WithClientTrace(ctx, trace.hooks()), req, d, body)
	if err != nil {
		return a, nil, &failure{err: err, unsent: true}
	}
	start := t.now()
	held := hold.watch(out)
	resp, err = t.base.RoundTrip(out)
	if refused, begun := held.refused(); refused != nil && err != nil {
		return a, nil, &failure{err: refused, unsent: !begun}
	}
	if err != nil {
		return a, nil, &failure{err: t.networkError(d, t.timeoutOf(c), err), unsent: trace.unsent() || isDialError(err)}
	}
	if d.trusted {
		t.clock.learn(resp.Header, t.now())
		t.remaining.learn(resp.Header)
	}
	if c.stream != nil && resp.StatusCode == http.StatusOK {
		return t.streamed(req, c, d, resp, start)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	cerr := resp.Body.Close()
	t.log.DebugContext(req.Context(), "github: request", "method", req.Method, "host", d.host, "path", req.URL.Path,
		"status", resp.StatusCode, "bytes", len(data), "took", t.now().Sub(start))
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		reason := fmt.Sprintf("the answer is cut off after %d bytes", len(data))
		return a, nil, &failure{err: &DecodeError{Host: d.host, Status: resp.StatusCode, Reason: reason}}
	case err != nil:
		return a, nil, &failure{err: t.networkError(d, t.timeoutOf(c), err)}
	case len(data) > maxBody:
		return a, nil, &failure{err: &DecodeError{Host: d.host, Status: resp.StatusCode, Reason: tooLarge}}
	case cerr != nil:
		return a, nil, &failure{err: t.networkError(d, t.timeoutOf(c), cerr)}
	}
	resp.Body = io.NopCloser(bytes.NewReader(data))
	resp.ContentLength = int64(len(data))
	resp.Request = req
	return answer{status: resp.StatusCode, header: resp.Header, body: data}, resp, nil
}

// streamed is the end of an attempt whose answer is read while it comes. The answer it gives is empty.
func (t *transport) streamed(req *http.Request, c *call, d destination, resp *http.Response, start time.Time) (a answer, out *http.Response, fail *failure) {
	body := &countedReader{r: io.LimitReader(resp.Body, maxBody+1)}
	err := c.stream(resp.Header, body)
	_ = resp.Body.Close() // what was wanted was had, or err says why not
	t.log.DebugContext(req.Context(), "github: request", "method", req.Method, "host", d.host, "path", req.URL.Path,
		"status", resp.StatusCode, "bytes", body.n, "took", t.now().Sub(start))
	bad := &DecodeError{Host: d.host, Status: resp.StatusCode}
	said, isSaid := errors.AsType[*archiveError](err)
	switch {
	case err == nil:
		resp.Body, resp.ContentLength, resp.Request = http.NoBody, 0, req
		return answer{status: resp.StatusCode, header: resp.Header}, resp, nil
	case body.n > maxBody:
		bad.Reason = tooLarge
	case isSaid:
		bad.Reason, bad.Quote = said.reason, t.scrub.text(said.quote)
	case errors.Is(err, io.ErrUnexpectedEOF):
		bad.Reason = fmt.Sprintf("the archive is cut off after %d bytes", body.n)
	default:
		return a, nil, &failure{err: t.networkError(d, t.timeoutOf(c), err)}
	}
	return a, nil, &failure{err: bad}
}

// outgoing is the request as it is sent: with a body of its own, and the token where it may go.
func (t *transport) outgoing(ctx context.Context, req *http.Request, d destination, body []byte) (*http.Request, error) {
	out := req.Clone(ctx)
	out.Body, out.GetBody = nil, nil
	if body != nil {
		out.Body = io.NopCloser(bytes.NewReader(body))
		out.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		out.ContentLength = int64(len(body))
	}
	// Whatever a caller or http.Client carried over from an earlier hop.
	for _, h := range []string{"Authorization", "Cookie", "Referer"} {
		out.Header.Del(h)
	}
	if !d.trusted || t.tokens == nil {
		return out, nil
	}
	token, err := t.tokens.Token()
	if err != nil {
		return nil, fmt.Errorf("get the token: %w", err)
	}
	token.SetAuthHeader(out)
	return out, nil
}

// timeoutOf is the limit of one request.
func (t *transport) timeoutOf(c *call) time.Duration {
	if c.stream != nil {
		return t.timeout * archivePatience
	}
	return t.timeout
}

func (t *transport) networkError(d destination, timeout time.Duration, err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // its text has the URL
	}
	text := clip(t.scrub.text(err.Error()), 300)
	if errors.Is(err, context.DeadlineExceeded) {
		// The request's own limit: whoever asks must not take it for the end of his context.
		err, text = os.ErrDeadlineExceeded, fmt.Sprintf("no whole answer within %s", timeout)
	}
	return &NetworkError{Host: d.host, Err: err, text: text}
}

// sendTrace watches whether a connection was had. Its hooks run on other goroutines.
type sendTrace struct {
	mu            sync.Mutex
	asked, gotten bool
}

func (s *sendTrace) hooks() *httptrace.ClientTrace {
	set := func(b *bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		*b = true
	}
	return &httptrace.ClientTrace{
		GetConn: func(string) { set(&s.asked) },
		GotConn: func(httptrace.GotConnInfo) { set(&s.gotten) },
	}
}

// unsent reports that surely nothing was sent: a connection was asked for and none was had. A base
// that knows no traces asked for none, and so says nothing.
func (s *sendTrace) unsent() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked && !s.gotten
}

func isDialError(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return true
	}
	_, dns := errors.AsType[*net.DNSError](err)
	return dns
}

// checkRedirect follows reads only, to hosts of this GitHub only (without the token, but to the API), and
// never from https to http.
func (e endpoints) checkRedirect(req *http.Request, via []*http.Request) error {
	first, last := via[0], via[len(via)-1]
	switch {
	case first.Method != http.MethodGet && first.Method != http.MethodHead:
		moved := &MovedError{Host: req.URL.Host}
		if req.Response != nil && req.Response.StatusCode == http.StatusSeeOther {
			return &UnclearError{Op: first.Method, Cause: moved} // "done, look there"
		}
		return moved
	case len(via) > maxRedirects:
		return &DecodeError{Host: last.URL.Host, Status: http.StatusFound, Reason: fmt.Sprintf("more than %d redirects", maxRedirects)}
	case last.URL.Scheme == "https" && req.URL.Scheme != "https":
		return &DecodeError{Host: last.URL.Host, Status: http.StatusFound, Reason: "a redirect from https to " + clip(req.URL.Scheme, 20)}
	case !e.ours(req.URL):
		return &StrayError{From: last.URL.Host, To: clip(req.URL.Host, 100)}
	}
	return nil
}

// lane lets writes through one at a time, an interval apart.
type lane struct {
	turn     chan struct{}
	interval time.Duration
	now      func() time.Time
	last     time.Time // end of the last write; the holder of turn owns it
}

func (l *lane) enter(ctx context.Context) (leave func(), err error) {
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if !l.last.IsZero() {
		if err := sleep(ctx, min(l.interval-l.now().Sub(l.last), l.interval)); err != nil {
			<-l.turn
			return nil, err
		}
	}
	return func() {
		l.last = l.now()
		<-l.turn
	}, nil
}

type costCounter struct {
	mu sync.Mutex
	c  Cost
}

func (k *costCounter) add(to kind, again bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch to {
	case kindREST:
		k.c.REST++
	case kindGraphQL:
		k.c.GraphQL++
	case kindRaw, kindOther:
		k.c.Raw++
	}
	if again {
		k.c.Retries++
	}
}

func (k *costCounter) read() Cost {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.c
}
