//go:build linux

package main

import (
	"flag"
	"testing"
)

var everyPoint = flag.Bool("crash.all", false, "kill at every point also where the state is on a branch, not at every third")

// TestKilledAnywhereOnBranch is the crash table for a state on a branch: each request may now be a write to it. CI takes
// every third point, for its time; make crash takes all.
func TestKilledAnywhereOnBranch(t *testing.T) {
	t.Parallel()
	killedAnywhere(t, (*testWorld).onBranch, 15, 3)
}
