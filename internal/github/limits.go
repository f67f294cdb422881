package github

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// minSecondaryWait is GitHub's rule for a secondary limit without a Retry-After; it doubles each time.
const minSecondaryWait = time.Minute

// longestHour is the most that a reset time is believed: an hour, and as much again for clocks apart. What
// lies further off is no time but a mistake (milliseconds, say).
const longestHour = 2 * time.Hour

// longestRetry is the most that a Retry-After is believed, so that no arithmetic with it overflows.
const longestRetry = 7 * 24 * time.Hour

// limitSeen is a limit as one answer tells it.
type limitSeen struct {
	kind     LimitKind
	resource string        // from the answer's header; "" not said
	wait     time.Duration // 0: not said
}

// waitFor is how long to wait after the n-th (from 0) such answer in a row.
func (l limitSeen) waitFor(n int) time.Duration {
	n = min(n, 10)
	if l.wait <= 0 {
		return minSecondaryWait << n
	}
	// A reset time that does not hold must not become a tight loop.
	return max(l.wait, time.Second<<n)
}

// gates remembers until when GitHub wants to hear nothing, over all calls of a client. Only refusals
// are remembered: an answer with "remaining: 0" blocks nothing, for the next one may be free (a 304),
// and a wrong number must not stop a run.
type gates struct {
	mu    sync.Mutex
	shut  map[string]gate
	clock func() time.Time
}

type gate struct {
	until time.Time
	seen  limitSeen
}

const secondaryGate = "secondary"

// close shuts what the limit concerns: a secondary limit the whole API, a primary one its resource, and
// a limit of another host that host.
func (g *gates) close(d destination, seen limitSeen, until time.Time) {
	key := d.resource
	if d.isAPI() && seen.kind == SecondaryLimit {
		key = secondaryGate
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if until.After(g.shut[key].until) {
		g.shut[key] = gate{until: until, seen: seen}
	}
}

// ahead is the gate that a request to d has to wait for, and for how long; 0 when the way is free.
func (g *gates) ahead(d destination) (gate, time.Duration) {
	now := g.clock()
	g.mu.Lock()
	defer g.mu.Unlock()
	found := g.shut[d.resource]
	if s := g.shut[secondaryGate]; d.isAPI() && s.until.After(found.until) {
		found = s
	}
	return found, max(0, found.until.Sub(now))
}

// readLimit finds out whether a refused REST request (403 or 429) met a limit. message is the JSON
// body's, isJSON whether there was one.
func readLimit(status int, h http.Header, message string, isJSON bool, now time.Time) (limitSeen, bool) {
	if status != http.StatusForbidden && status != http.StatusTooManyRequests {
		return limitSeen{}, false
	}
	seen := limitSeen{resource: clip(h.Get("X-Ratelimit-Resource"), 40)}
	low := strings.ToLower(message)
	after, hasAfter := retryAfter(h, now)
	remaining := strings.TrimSpace(h.Get("X-Ratelimit-Remaining"))
	exhausted := remaining == "0"
	switch {
	case hasAfter:
		seen.kind, seen.wait = SecondaryLimit, max(after, time.Second)
		if exhausted && !strings.Contains(low, "secondary") {
			seen.kind = PrimaryLimit
		}
		return seen, true
	case strings.Contains(low, "secondary rate limit") || strings.Contains(low, "abuse detection"):
		seen.kind = SecondaryLimit
		return seen, true
	case exhausted && (status == http.StatusTooManyRequests || !isJSON || message == "" || strings.Contains(low, "rate limit")):
		// A 403 that says something else is a missing permission, met with the last request of the hour.
		seen.kind, seen.wait = PrimaryLimit, untilReset(h, now)
		return seen, true
	case strings.Contains(low, "rate limit exceeded"):
		seen.kind = PrimaryLimit
		if remaining == "" {
			seen.wait = untilReset(h, now)
		} // else some is left of the hour, so its end is not what to wait for
		return seen, true
	case status == http.StatusTooManyRequests:
		seen.kind = SecondaryLimit
		return seen, true
	}
	return limitSeen{}, false
}

// retryAfter reads Retry-After, in seconds or as a date; false when there is none or it is neither.
func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if v == "" {
		return 0, false
	}
	n, err := strconv.ParseUint(v, 10, 64)
	switch {
	case err == nil && n < uint64(longestRetry/time.Second):
		return time.Duration(n) * time.Second, true
	case err == nil || errors.Is(err, strconv.ErrRange):
		return longestRetry, true // "never", in other words
	}
	if t, err := http.ParseTime(v); err == nil {
		return min(t.Sub(serverNow(h, now)), longestRetry), true
	}
	return 0, false
}

// untilReset is the time to the hour's end, 0 when the answer does not say or says nonsense. It is
// measured by the server's clock, for the local one may be wrong.
func untilReset(h http.Header, now time.Time) time.Duration {
	n, err := strconv.ParseInt(h.Get("X-Ratelimit-Reset"), 10, 64)
	there := serverNow(h, now)
	if err != nil || n <= 0 || n > there.Add(longestHour).Unix() {
		return 0
	}
	return max(time.Unix(n, 0).Sub(there)+time.Second, time.Second)
}

func serverNow(h http.Header, now time.Time) time.Time {
	if t, err := http.ParseTime(h.Get("Date")); err == nil {
		return t
	}
	return now
}

// hideLimits removes what v60 would remember and act on.
func hideLimits(h http.Header) {
	for _, k := range []string{"Retry-After", "X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset", "X-Ratelimit-Used", "X-Ratelimit-Resource"} {
		h.Del(k)
	}
}
