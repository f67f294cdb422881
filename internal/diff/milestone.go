package diff

import "github.com/upstream-digest/bot/internal/snapshot"

// MilestoneChange is an item before and after; nil where it does not exist on that side.
type MilestoneChange struct {
	Before, After *snapshot.Milestone
}

// Milestones compares two milestones.
func Milestones(before, after snapshot.MilestoneSet) []Change {
	return nil // SKELETON: the source's helper writes it
}
