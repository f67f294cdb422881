package report

import "github.com/upstream-digest/bot/internal/diff"

// pathSections tells the changes of paths that are not the reader's own.
func pathSections(u Upstream) []section {
	return nil // SKELETON
}

// pathEntry tells one change.
func pathEntry(u Upstream, c diff.Change) entry {
	return entry{gates: 1, id: c.ID, change: say(kindWords(c.Kinds) + "."), why: whyMine(c)} // SKELETON
}

// pathDocuments are the two sides of a change as they are printed in JSON; nil where there is none.
func pathDocuments(c diff.PathChange) (before, after any) {
	return nil, nil // SKELETON
}
