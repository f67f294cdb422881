package diff

import "github.com/upstream-digest/bot/internal/snapshot"

// DocChange is an item before and after; nil where it does not exist on that side.
type DocChange struct {
	Before, After *snapshot.DocPage
}

// Docs compares two sets of documentation pages.
func Docs(before, after snapshot.DocSet) []Change {
	return nil // SKELETON: the source's helper writes it
}
