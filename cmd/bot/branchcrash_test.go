//go:build linux

package main

import "testing"

// TestKilledAnywhereOnBranch is the crash table for a state on a branch: each request may now be a write to it. CI takes
// every fifth point, for its time; make crash takes all.
func TestKilledAnywhereOnBranch(t *testing.T) {
	whole(t)
	t.Parallel()
	killedAnywhere(t, (*testWorld).onBranch, 15, 5)
}
