package pipeline_test

import (
	"testing"
	"time"
)

// TestClockThatWasWrong: a digest that was told in ten years' time is not silent until then.
func TestClockThatWasWrong(t *testing.T) {
	w := newWorld(t)
	w.r.Definitions[0].Due = func(last, now time.Time) bool { return now.Sub(last) >= week }
	w.push("Zero:alpha")
	w.ok(0)
	w.ok(10 * 52 * week)
	w.push("Zero:beta+")
	w.ok(-10*52*week + week)
	w.want(w.issue, 1)
}
