package report

import "github.com/upstream-digest/bot/internal/diff"

// ticketSections tells the changes of tickets that are not the reader's own.
func ticketSections(u Upstream) []section {
	return nil // SKELETON
}

// ticketEntry tells one change.
func ticketEntry(u Upstream, c diff.Change) entry {
	return entry{gates: 1, id: c.ID, change: say(kindWords(c.Kinds) + "."), why: whyMine(c)} // SKELETON
}

// ticketDocuments are the two sides of a change as they are printed in JSON; nil where there is none.
func ticketDocuments(c diff.TicketChange) (before, after any) {
	return nil, nil // SKELETON
}
