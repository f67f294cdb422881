package report

import "github.com/upstream-digest/bot/internal/diff"

// docSections tells the changes of docs that are not the reader's own.
func docSections(u Upstream) []section {
	return nil // SKELETON
}

// docEntry tells one change.
func docEntry(u Upstream, c diff.Change) entry {
	return entry{gates: 1, id: c.ID, change: say(kindWords(c.Kinds) + "."), why: whyMine(c)} // SKELETON
}

// docDocuments are the two sides of a change as they are printed in JSON; nil where there is none.
func docDocuments(c diff.DocChange) (before, after any) {
	return nil, nil // SKELETON
}
