package diff

import "github.com/upstream-digest/bot/internal/snapshot"

// TicketChange is an item before and after; nil where it does not exist on that side.
type TicketChange struct {
	Before, After *snapshot.Ticket
}

// Tickets compares two tickets.
func Tickets(before, after snapshot.TicketSet) []Change {
	return nil // SKELETON: the source's helper writes it
}
