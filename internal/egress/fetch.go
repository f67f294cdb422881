package egress

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// FetchOptions are the limits of a Fetcher.
type FetchOptions struct {
	// Timeout is that of one try with all its redirects and its body. Default 30 s.
	Timeout time.Duration
	// MaxBytes is how much of a document is read, after decompression. Default 10 MiB.
	MaxBytes int64
	// MaxWait is the longest to wait before the second try, also where the server asks to be left alone. Default 30 s;
	// negative: not at all.
	MaxWait   time.Duration
	UserAgent string
	// Around, when set, is put around the transport: recording a run is what it is for. What it sees of an error are
	// the words that are told.
	Around func(http.RoundTripper) http.RoundTripper
	// Sleep waits. Default: a timer that ends with the context.
	Sleep func(ctx context.Context, d time.Duration) error
	// Now is the clock, for a Retry-After that is a date. Default: the answer's own Date, else no such date is believed.
	Now func() time.Time
}

// Validators are what a server gave with a document, to be asked with whether it has changed.
type Validators struct{ ETag, LastModified string }

// Fetched is a document.
type Fetched struct {
	// NotModified: it is what it was when the validators were given; there is no Body.
	NotModified bool
	Body        []byte
	Validators  Validators
	// Address is where it was found after all redirects. Moved is the new address where the server says that it moved
	// for good, "" otherwise.
	Address, Moved string
}

// Fetcher reads documents without any token. Its errors are *Error and show of a URL the host only.
type Fetcher struct {
	transport *Transport
	client    *http.Client
	o         FetchOptions
}

// NewFetcher makes a Fetcher that sends through t.
func NewFetcher(t *Transport, o FetchOptions) *Fetcher {
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = 10 << 20
	}
	if o.MaxWait == 0 {
		o.MaxWait = 30 * time.Second
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	var rt http.RoundTripper = inWords{t}
	if o.Around != nil {
		rt = o.Around(rt)
	}
	return &Fetcher{transport: t, o: o, client: &http.Client{Transport: rt, CheckRedirect: t.checkRedirect}}
}

// between is the wait before the second try where the server asks for none.
func (f *Fetcher) between() time.Duration { return max(min(time.Second, f.o.MaxWait), 0) }

// Fetch reads a document, or learns that it is what it was. What may pass by itself is tried once more.
func (f *Fetcher) Fetch(ctx context.Context, address string, known Validators) (Fetched, error) {
	u, err := url.Parse(address)
	if err != nil {
		return Fetched{}, &Error{Host: "the address", Reason: "it can't be read"}
	}
	if err := f.transport.Check(u); err != nil {
		return Fetched{}, explain(u, err)
	}
	got, again, err := f.try(ctx, u, known)
	if again < 0 {
		return got, err
	}
	if serr := f.o.Sleep(ctx, again); serr != nil {
		return got, err
	}
	got, _, err = f.try(ctx, u, known)
	return got, err
}

// try asks once. again is how long to wait before another try, negative where that is no use.
func (f *Fetcher) try(ctx context.Context, u *url.URL, known Validators) (got Fetched, again time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, f.o.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return got, -1, &Error{Host: shown(u.Host), Reason: "its address can't be read"}
	}
	if f.o.UserAgent != "" {
		req.Header.Set("User-Agent", f.o.UserAgent)
	}
	req.Header.Set("Accept", "application/atom+xml, application/rss+xml, application/feed+json, application/json;q=0.9, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.1")
	if sendable(known.ETag) {
		req.Header.Set("If-None-Match", known.ETag)
	}
	if sendable(known.LastModified) {
		req.Header.Set("If-Modified-Since", known.LastModified)
	}
	resp, err := f.client.Do(req)
	if err != nil {
		return got, f.afterError(ctx, err), f.failed(u, err)
	}
	defer resp.Body.Close()
	asked := sendable(known.ETag) || sendable(known.LastModified)
	switch {
	case resp.StatusCode == http.StatusNotModified && asked:
		return Fetched{NotModified: true, Validators: known, Address: resp.Request.URL.String(), Moved: moved(resp)}, -1, nil
	case resp.StatusCode != http.StatusOK:
		again, reason := f.refusal(resp)
		return got, again, &Error{Host: shown(resp.Request.URL.Host), Reason: reason}
	}
	if e := resp.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") && !resp.Uncompressed {
		return got, -1, &Error{Host: shown(resp.Request.URL.Host), Reason: "it answers in the encoding " + shown(e) + ", which nobody asked for"}
	}
	body, again, err := f.body(ctx, resp)
	if err != nil {
		return got, again, err
	}
	return Fetched{
		Body: body, Address: resp.Request.URL.String(), Moved: moved(resp),
		Validators: Validators{ETag: keepable(resp.Header.Get("Etag")), LastModified: keepable(resp.Header.Get("Last-Modified"))},
	}, -1, nil
}

// body reads a document, and no more than there may be of it.
func (f *Fetcher) body(ctx context.Context, resp *http.Response) (body []byte, again time.Duration, err error) {
	host := shown(resp.Request.URL.Host)
	large := &Error{Host: host, Reason: "it is larger than " + megabytes(f.o.MaxBytes) + ", and was not read further", cause: &TooLargeError{Host: host, Max: f.o.MaxBytes}}
	if resp.ContentLength > f.o.MaxBytes {
		return nil, -1, large
	}
	var b bytes.Buffer
	n, err := io.Copy(&b, io.LimitReader(resp.Body, f.o.MaxBytes+1))
	switch {
	case n > f.o.MaxBytes:
		return nil, -1, large
	case err != nil:
		return nil, f.afterError(ctx, err), f.failed(resp.Request.URL, err)
	}
	return b.Bytes(), -1, nil
}

// failed is an error of the way in words.
func (f *Fetcher) failed(u *url.URL, err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return f.timed(e)
	}
	e := explain(u, err)
	_, redirect := errors.AsType[*redirectError](err)
	_, refused := errors.AsType[*RefusedError](err)
	// An error that was recorded has the words alone.
	if host, reason, ok := strings.Cut(err.Error(), ": "); ok && !redirect && !refused && !strings.ContainsAny(host, " /") {
		e.Host, e.Reason = host, reason
	}
	return f.timed(e)
}

// timed says how long was waited.
func (f *Fetcher) timed(e *Error) *Error {
	if !errors.Is(e.cause, context.DeadlineExceeded) {
		return e
	}
	return &Error{Host: e.Host, Reason: fmt.Sprintf("no whole answer in %s", f.o.Timeout), cause: e.cause}
}

// afterError says whether another try may help where there was no answer: not where the rules forbid the way, or time
// was up.
func (f *Fetcher) afterError(ctx context.Context, err error) time.Duration {
	_, redirect := errors.AsType[*redirectError](err)
	_, refused := errors.AsType[*RefusedError](err)
	if redirect || refused || ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) ||
		strings.Contains(err.Error(), notSpokenTo) {
		return -1
	}
	return f.between()
}

// refusal says in words what a status means, and how long to wait before another try.
func (f *Fetcher) refusal(resp *http.Response) (again time.Duration, reason string) {
	code := resp.StatusCode
	reason = fmt.Sprintf("it answers %d (%s)", code, http.StatusText(code))
	switch {
	case code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable:
		wait, asked := retryAfter(resp.Header, f.o.Now)
		switch {
		case !asked:
			return f.between(), reason
		case wait > f.o.MaxWait:
			return -1, reason + fmt.Sprintf(" and asks to be left alone for %s; it is asked again in the next run", wait.Round(time.Second))
		}
		return wait, reason
	case code >= 500:
		return f.between(), reason
	case code == http.StatusGone:
		return -1, reason + ": it is there no more and will not come back; write its new address, or switch it off"
	case code == http.StatusNotFound:
		return -1, reason + ": nothing is there; look whether it moved"
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return -1, reason + ": it wants a login, or refuses programs"
	case code >= 300 && code < 400:
		return -1, reason + " without saying where to"
	}
	return -1, reason
}

// retryAfter is how long a server asks to wait, in seconds or until a date. now may be nil: see FetchOptions.
func retryAfter(h http.Header, now func() time.Time) (time.Duration, bool) {
	v := strings.TrimSpace(h.Get("Retry-After"))
	// A number that is too large is taken for the largest.
	if n, err := strconv.ParseInt(v, 10, 32); (err == nil || errors.Is(err, strconv.ErrRange)) && n >= 0 {
		return time.Duration(n) * time.Second, true
	}
	until, err := http.ParseTime(v)
	if err != nil {
		return 0, false
	}
	at, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		if now == nil {
			return 0, false
		}
		at = now()
	}
	return max(until.Sub(at), 0), true
}

// moved is the last address, where each redirect on the way was for good.
func moved(resp *http.Response) string {
	hops := 0
	for r := resp.Request; r.Response != nil; r = r.Response.Request {
		if c := r.Response.StatusCode; c != http.StatusMovedPermanently && c != http.StatusPermanentRedirect {
			return ""
		}
		hops++
	}
	if hops == 0 {
		return ""
	}
	return resp.Request.URL.String()
}

// sendable reports whether a validator may stand in a header.
func sendable(v string) bool { return v != "" && keepable(v) == v }

// keepable is a validator, "" for what is none.
func keepable(v string) string {
	const most = 500
	if len(v) > most || strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r >= 0x7f }) {
		return ""
	}
	return v
}

func megabytes(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d bytes", n)
	}
	return fmt.Sprintf("%d MB", n>>20)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// inWords says errors of the way in the words that are told, before anybody records them.
type inWords struct{ t *Transport }

// RoundTrip implements http.RoundTripper.
func (w inWords) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := w.t.RoundTrip(req)
	if err != nil {
		return nil, explain(req.URL, err)
	}
	resp.Body = &worded{resp.Body, req.URL}
	return resp, nil
}

// worded is a body whose errors are in words.
type worded struct {
	io.ReadCloser
	url *url.URL
}

// Read implements io.Reader.
func (w *worded) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = explain(w.url, err)
	}
	return n, err
}
