package github

import (
	"net/http"
	"sync/atomic"
	"time"
)

// serverClock learns how far GitHub's clock is from ours. What is compared with GitHub's times, such as
// the time from which issues are listed, must be told by its clock.
type serverClock struct {
	skew atomic.Int64 // nanoseconds to add to our time; seconds are all that GitHub tells
}

func (c *serverClock) learn(h http.Header, now time.Time) {
	if t, err := http.ParseTime(h.Get("Date")); err == nil {
		c.skew.Store(int64(t.Sub(now.Truncate(time.Second))))
	}
}

// ServerTime is the time at GitHub, by the Date of the last answer; before the first answer it is ours.
func (c *Client) ServerTime() time.Time {
	return c.opts.Now().Add(time.Duration(c.transport.clock.skew.Load()))
}
