package main

import (
	"flag"
	"testing"
)

var everyPoint = flag.Bool("crash.all", false, "play the long tables whole: of being killed not every third case, of a state on a branch not every fifth")

// sampled reports whether a long table's case i is played: all are, but under the race detector every nth.
func sampled(i, n int) bool { return !raceDetector || i%n == 0 }

// whole leaves a case to the runs without the race detector, because the cases beside it go the same ways.
func whole(t *testing.T) {
	t.Helper()
	if raceDetector {
		t.Skip("make test-whole plays it, without the race detector")
	}
}
