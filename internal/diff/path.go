package diff

import "github.com/upstream-digest/bot/internal/snapshot"

// PathChange is an item before and after; nil where it does not exist on that side.
type PathChange struct {
	Before, After *snapshot.WatchedPath
}

// Paths compares two watched paths.
func Paths(before, after snapshot.PathSet) []Change {
	return nil // SKELETON: the source's helper writes it
}
