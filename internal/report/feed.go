package report

import "github.com/upstream-digest/bot/internal/diff"

// feedSections tells the changes of feeds that are not the reader's own.
func feedSections(u Upstream) []section {
	return nil // SKELETON
}

// feedEntry tells one change.
func feedEntry(u Upstream, c diff.Change) entry {
	return entry{gates: 1, id: c.ID, change: say(kindWords(c.Kinds) + "."), why: whyMine(c)} // SKELETON
}

// feedDocuments are the two sides of a change as they are printed in JSON; nil where there is none.
func feedDocuments(c diff.FeedChange) (before, after any) {
	return nil, nil // SKELETON
}
