package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"syscall"
	"time"
)

// maxRedirects is how many hops are followed.
const maxRedirects = 5

// ClientOptions are the limits of a Client.
type ClientOptions struct {
	// Timeout is that of one request with all its redirects and its body. Default 30 s.
	Timeout time.Duration
	// MaxBytes is how much of a body is read, after decompression. Default 8 MiB.
	MaxBytes int64
}

// Client sends single requests. Its errors are *Error and never show more of a URL than the host.
type Client struct {
	http *http.Client
	max  int64
}

// NewClient makes a Client that sends through t.
func NewClient(t *Transport, o ClientOptions) *Client {
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = 8 << 20
	}
	return &Client{max: o.MaxBytes, http: &http.Client{Transport: t, Timeout: o.Timeout, CheckRedirect: t.checkRedirect}}
}

// Error is a request that failed.
type Error struct {
	Host   string
	Reason string // "refused", in words; without the URL
	// NotSent: surely nothing of the request was sent, for there was no connection to send it through.
	NotSent bool
	cause   error
}

func (e *Error) Error() string { return e.Host + ": " + e.Reason }

// Unwrap gives what callers branch on: a *RefusedError, *TooLargeError, or the context's error. Other
// causes are not handed on, for their texts may hold the URL.
func (e *Error) Unwrap() error { return e.cause }

// TooLargeError says that a body has more bytes than are read.
type TooLargeError struct {
	Host string
	Max  int64
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("the answer of %s is larger than %d bytes", e.Host, e.Max)
}

// redirectError is a redirect that is not followed.
type redirectError struct{ reason string }

func (e *redirectError) Error() string { return e.reason }

// proxyRefusal is a proxy that does not lead to a host.
type proxyRefusal struct{ status int }

func (e *proxyRefusal) Error() string {
	return fmt.Sprintf("the proxy does not lead there, it answers %d (%s)", e.status, http.StatusText(e.status))
}

// checkRedirect follows reads only, to hosts that may be asked, never from https to http.
func (t *Transport) checkRedirect(req *http.Request, via []*http.Request) error {
	first, last := via[0], via[len(via)-1]
	switch {
	case first.Method != http.MethodGet && first.Method != http.MethodHead:
		return &redirectError{"it answers with a redirect, which a " + first.Method + " does not follow"}
	case len(via) > maxRedirects:
		return &redirectError{fmt.Sprintf("more than %d redirects", maxRedirects)}
	case last.URL.Scheme == "https" && req.URL.Scheme != "https":
		return &redirectError{"a redirect from https to http"}
	}
	// The path of a feed may be a secret too, and net/http sends it on as Referer.
	req.Header.Del("Referer")
	return t.Check(req.URL)
}

// Do sends a request. The body of the answer gives a *TooLargeError when it is larger than it may be.
func (c *Client) Do(req *http.Request) (*http.Response, error) {
	var connected atomic.Bool
	ctx := httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	resp, err := c.http.Do(req.WithContext(ctx))
	if err != nil {
		e := explain(req.URL, err)
		e.NotSent = !connected.Load()
		return nil, e
	}
	resp.Body = &limited{body: resp.Body, left: c.max, url: req.URL, max: c.max}
	return resp, nil
}

// explain says in words what went wrong, without the URL.
func explain(u *url.URL, err error) *Error {
	e := &Error{Host: shown(u.Host)}
	if refused, ok := errors.AsType[*RefusedError](err); ok {
		e.Host, e.Reason, e.cause = refused.Host, notSpokenTo+refused.Reason, refused
		if refused.Advice != "" {
			e.Reason += "; " + refused.Advice
		}
		return e
	}
	redirect, isRedirect := errors.AsType[*redirectError](err)
	dns, isDNS := errors.AsType[*net.DNSError](err)
	proxy, isProxy := errors.AsType[*proxyRefusal](err)
	op, isOp := errors.AsType[*net.OpError](err)
	_, isCert := errors.AsType[*tls.CertificateVerificationError](err)
	_, isUnknown := errors.AsType[x509.UnknownAuthorityError](err)
	_, isName := errors.AsType[x509.HostnameError](err)
	var timeout net.Error
	switch {
	case isRedirect:
		e.Reason = redirect.reason
	case errors.Is(err, context.Canceled):
		e.Reason, e.cause = "interrupted", context.Canceled
	case errors.As(err, &timeout) && timeout.Timeout():
		e.Reason, e.cause = tooLate, context.DeadlineExceeded
	case isDNS && dns.IsNotFound:
		e.Reason = "there is no such host"
	case isDNS:
		e.Reason = "its name could not be resolved"
	case isCert || isUnknown || isName:
		e.Reason = notTrusted
	case isProxy:
		e.Reason = proxy.Error()
	case isOp && op.Op == "proxyconnect":
		e.Reason = "the proxy could not be reached"
	case isOp && op.Op == "dial":
		e.Reason = "it could not be connected to"
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE):
		e.Reason = "the connection broke off"
	default:
		e.Reason = plainFailure
	}
	return e
}

// notSpokenTo begins the reason of what the rules forbid; plainFailure is that of what nothing more is known of.
const (
	notSpokenTo  = "not spoken to: "
	tooLate      = "no whole answer in time"
	notTrusted   = "its certificate is not to be trusted"
	plainFailure = "the request failed"
)

// limited is a body of bounded size.
type limited struct {
	body io.ReadCloser
	left int64
	max  int64
	url  *url.URL
}

// Read implements io.Reader.
func (l *limited) Read(p []byte) (int, error) {
	if l.left < 0 {
		return 0, &TooLargeError{Host: shown(l.url.Host), Max: l.max}
	}
	if int64(len(p)) > l.left+1 { // one more than may be, to see that there is more
		p = p[:l.left+1]
	}
	n, err := l.body.Read(p)
	l.left -= int64(n)
	switch {
	case l.left < 0:
		return n - 1, &TooLargeError{Host: shown(l.url.Host), Max: l.max}
	case err != nil && !errors.Is(err, io.EOF):
		err = explain(l.url, err)
	}
	return n, err
}

// Close implements io.Closer.
func (l *limited) Close() error { return l.body.Close() }
