package diff

import "github.com/upstream-digest/bot/internal/snapshot"

// FeedChange is an item before and after; nil where it does not exist on that side.
type FeedChange struct {
	Before, After *snapshot.FeedItem
}

// Feed compares two readings of one feed.
func Feed(before, after snapshot.FeedSet) []Change {
	return nil // SKELETON: the source's helper writes it
}
