package egress

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// firstWait is the wait before the second try; each one after is twice as long, up to longestWait.
	firstWait   = time.Second
	longestWait = 30 * time.Second
)

// mayHaveArrived ends the reason of an error after which it is not known whether it was taken.
const mayHaveArrived = "; it may have arrived all the same"

// mayPass reports whether a status says that it was not taken, and may be the next time.
func mayPass(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// beforeSending reports whether nothing was sent, for a reason that may pass by itself. It goes by the words, which is
// what a recording has.
func beforeSending(e *Error) bool {
	return !strings.HasSuffix(e.Reason, mayHaveArrived) && !strings.HasPrefix(e.Reason, notSpokenTo) && e.Reason != notTrusted
}

// tried says how often it was tried.
func tried(err error, n int) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || n < 2 {
		return err
	}
	return &Error{Host: e.Host, Reason: fmt.Sprintf("%s (%d tries)", e.Reason, n), cause: e.cause}
}

// backoff is the wait after the n-th try.
func (p *Poster) backoff(n int) time.Duration {
	d := min(firstWait<<min(n-1, 10), longestWait)
	return d - time.Duration(p.o.Jitter()*float64(d)/2)
}

// asked is how long a receiver asks to be left alone, 0 where it does not. Discord says it in seconds with a fraction in
// a header of its own and in the body; its Retry-After was in milliseconds once, and is where an address names no version.
func (p *Poster) asked(h http.Header, body []byte) time.Duration {
	if d, ok := seconds(h.Get("X-Ratelimit-Reset-After")); ok {
		return d
	}
	if d, ok := retryAfter(h, p.o.Now); ok {
		return d
	}
	var said struct {
		RetryAfter json.Number `json:"retry_after"`
	}
	if json.Unmarshal(body, &said) == nil {
		d, _ := seconds(said.RetryAfter.String())
		return d
	}
	return 0
}

// seconds reads a number of seconds; one that is too large is taken for a year.
func seconds(text string) (time.Duration, bool) {
	f, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || math.IsNaN(f) || f < 0 {
		return 0, false
	}
	const year = 365 * 24 * time.Hour
	return time.Duration(min(math.Ceil(f*1000), float64(year/time.Millisecond))) * time.Millisecond, true
}
