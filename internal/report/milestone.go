package report

import "github.com/upstream-digest/bot/internal/diff"

// milestoneSections tells the changes of milestones that are not the reader's own.
func milestoneSections(u Upstream) []section {
	return nil // SKELETON
}

// milestoneEntry tells one change.
func milestoneEntry(u Upstream, c diff.Change) entry {
	return entry{gates: 1, id: c.ID, change: say(kindWords(c.Kinds) + "."), why: whyMine(c)} // SKELETON
}

// milestoneDocuments are the two sides of a change as they are printed in JSON; nil where there is none.
func milestoneDocuments(c diff.MilestoneChange) (before, after any) {
	return nil, nil // SKELETON
}
