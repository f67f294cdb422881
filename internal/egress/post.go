package egress

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// PostOptions are the limits of a Poster.
type PostOptions struct {
	// Timeout is that of one try with the answer's body. Default 30 s.
	Timeout time.Duration
	// MaxWait is the longest to wait between all tries together, also where the receiver asks to be left alone for
	// longer: then it is left alone. Default a minute; negative: not at all.
	MaxWait time.Duration
	// Tries is how often something is sent at most. Default 4.
	Tries     int
	UserAgent string
	// Around, when set, is put around the transport: recording a run is what it is for. What it sees of an error are
	// the words that are told.
	Around func(http.RoundTripper) http.RoundTripper
	// Sleep waits. Default: a timer that ends with the context.
	Sleep func(ctx context.Context, d time.Duration) error
	// Now is the clock, for a Retry-After that is a date. Default: the answer's own Date, else no such date is believed.
	Now func() time.Time
	// Jitter is a number from 0 to 1, by which a wait is shortened to down to its half: so that those who failed
	// together do not come again together. Default: random.
	Jitter func() float64
}

// PostRequest is what is sent.
type PostRequest struct {
	// Address is where to. It is a secret: no error shows more of it than the host.
	Address string
	Body    []byte
	// Headers gives the headers, for each try anew: a signature holds the time. Nil: application/json alone.
	Headers func() map[string]string
	// Before is asked before each try whether it may still be made: between two tries much can happen. Its error is
	// given back as it is. Nil: it may.
	Before func() error
}

// Answer is what a receiver said in the end, whatever that was.
type Answer struct {
	Host   string // fit to print
	Status int
	Body   []byte // the first 64 KB
	Broken bool   // the body broke off; what the status says was said all the same
	Tries  int
	// Asked is how long the receiver wants to be left alone, where that is longer than is waited within one run.
	Asked time.Duration
}

// Taken reports whether the status says that it was taken.
func (a Answer) Taken() bool { return a.Status >= 200 && a.Status < 300 }

// Said is the status with its name: "503 (Service Unavailable)".
func (a Answer) Said() string {
	if name := http.StatusText(a.Status); name != "" {
		return fmt.Sprintf("%d (%s)", a.Status, name)
	}
	return fmt.Sprint(a.Status)
}

// IsPage reports whether a web page came back where something else was asked for: from a proxy, a login, an address
// that is no webhook's. The type says nothing: Slack calls its "ok" text/html.
func (a Answer) IsPage() bool { return bytes.HasPrefix(bytes.TrimSpace(a.Body), []byte("<")) }

// maxAnswer is how much of an answer is read.
const maxAnswer = 64 << 10

// Poster sends what must arrive to secret addresses. It tries again what surely was not taken, and may be the next
// time: where no connection came about, and where the answer says so (408, 425, 429, 500, 502, 503, 504). What was sent
// and not answered is not sent again: the caller decides that. A redirect is an answer like another.
// Its errors are *Error and show of a URL the host only.
type Poster struct {
	transport *Transport
	client    *http.Client
	o         PostOptions
}

// NewPoster makes a Poster that sends through t.
func NewPoster(t *Transport, o PostOptions) *Poster {
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	if o.MaxWait == 0 {
		o.MaxWait = time.Minute
	}
	if o.Tries <= 0 {
		o.Tries = 4
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	var rt http.RoundTripper = posted{t}
	if o.Around != nil {
		rt = o.Around(rt)
	}
	return &Poster{transport: t, o: o, client: &http.Client{
		Transport:     rt,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// ForAddress makes a Transport that leads to the host of one address and nowhere else. The host was written by the
// operator, so it may stand at a private address; http is spoken to this machine only. Hosts, Private and LoopbackHTTP of
// o are set. Errors do not show the address, but its host.
func ForAddress(address string, o Options) (*Transport, error) {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Host == "" {
		return nil, &Error{Host: "the address", Reason: "it can't be read: it should be like https://host/path"}
	}
	o.Hosts, o.Private, o.Public, o.LoopbackHTTP = []string{u.Host}, []string{u.Host}, false, u.Scheme == "http"
	if strings.HasSuffix(u.Host, ":") { // an empty port is none
		o.Hosts[0] = strings.TrimSuffix(u.Host, ":")
		o.Private = o.Hosts
	}
	t, err := New(o)
	if err != nil {
		return nil, &Error{Host: "the address", Reason: "its host can't be read: it should be like https://host/path"}
	}
	if err := t.Check(u); err != nil {
		return nil, explain(u, err)
	}
	return t, nil
}

// Post sends until an answer is final, or no more is tried. An error says why there is no answer; whatever an answer
// says is none.
func (p *Poster) Post(ctx context.Context, r PostRequest) (Answer, error) {
	u, err := url.Parse(r.Address)
	if err != nil {
		return Answer{}, &Error{Host: "the address", Reason: "it can't be read"}
	}
	if err := p.transport.Check(u); err != nil {
		return Answer{}, explain(u, err)
	}
	left := max(p.o.MaxWait, 0)
	for n := 1; ; n++ {
		if r.Before != nil {
			if err := r.Before(); err != nil {
				return Answer{}, err
			}
		}
		got, err := p.try(ctx, u, r)
		got.Host, got.Tries = shown(u.Host), n
		wait := max(got.asked, p.backoff(n))
		switch {
		case !got.again:
			return got.Answer, tried(err, n)
		case got.asked > left:
			got.Asked = got.asked
			return got.Answer, nil
		case n >= p.o.Tries || wait > left:
			return got.Answer, tried(err, n)
		}
		if p.o.Sleep(ctx, wait) != nil {
			return got.Answer, tried(err, n)
		}
		left -= wait
	}
}

// outcome is what came of one try.
type outcome struct {
	Answer
	again bool          // another try may help, and nothing was taken
	asked time.Duration // how long the receiver asks to wait before that; 0: it does not
}

// try sends once.
func (p *Poster) try(ctx context.Context, u *url.URL, r PostRequest) (outcome, error) {
	limited, cancel := context.WithTimeout(ctx, p.o.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(limited, http.MethodPost, u.String(), bytes.NewReader(r.Body))
	if err != nil {
		return outcome{}, &Error{Host: shown(u.Host), Reason: "its address can't be read"}
	}
	req.Header.Set("Content-Type", "application/json")
	if p.o.UserAgent != "" {
		req.Header.Set("User-Agent", p.o.UserAgent)
	}
	if r.Headers != nil {
		for k, v := range r.Headers() {
			req.Header.Set(k, v)
		}
	}
	resp, err := p.client.Do(req)
	if err != nil {
		e := p.failed(u, err)
		return outcome{again: ctx.Err() == nil && beforeSending(e)}, e
	}
	defer resp.Body.Close()
	a := Answer{Status: resp.StatusCode}
	a.Body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	a.Broken = err != nil
	out := outcome{Answer: a, again: mayPass(a.Status)}
	if out.again {
		out.asked = p.asked(resp.Header, a.Body)
	}
	return out, nil
}

// failed is an error of the way in words, as it is after a recording too, which has the words alone.
func (p *Poster) failed(u *url.URL, err error) *Error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	e, ok := errors.AsType[*Error](err)
	if !ok {
		e = explain(u, err)
		if host, reason, ok := strings.Cut(err.Error(), ": "); ok && !strings.ContainsAny(host, " /") {
			e = &Error{Host: host, Reason: reason}
		}
	}
	switch e.Reason {
	case tooLate:
		return &Error{Host: e.Host, Reason: "it could not be connected to in time", cause: e.cause}
	case tooLate + mayHaveArrived:
		return &Error{Host: e.Host, Reason: fmt.Sprintf("no whole answer in %s%s", p.o.Timeout, mayHaveArrived), cause: e.cause}
	}
	return e
}

// posted says errors of the way in words, and whether anything was sent before.
type posted struct{ t *Transport }

// RoundTrip implements http.RoundTripper.
func (w posted) RoundTrip(req *http.Request) (*http.Response, error) {
	var connected atomic.Bool
	ctx := httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	resp, err := w.t.RoundTrip(req.WithContext(ctx))
	if err != nil {
		e := explain(req.URL, err)
		if connected.Load() {
			e.Reason += mayHaveArrived
		}
		return nil, e
	}
	resp.Body = &worded{resp.Body, req.URL}
	return resp, nil
}
