package diff

import (
	"fmt"

	"github.com/upstream-digest/bot/internal/snapshot"
)

// LooksLikeLayoutChange guards against reading a reorganised upstream as a mass removal: when at least
// five and more than a quarter of the gates vanish at once, somebody moved the files. It returns the
// reason in words, or "".
func LooksLikeLayoutChange(before, after snapshot.GateSet) string {
	old, cur := byName(before.Gates), byName(after.Gates)
	gone := 0
	for name := range old {
		if _, ok := cur[name]; !ok {
			gone++
		}
	}
	if gone < 5 || gone*4 <= len(old) {
		return ""
	}
	return fmt.Sprintf("looks like a change of layout: %d of %d gates are gone at once; check the paths under sources.gates, "+
		"or accept it once with --accept-removals gates", gone, len(old))
}
