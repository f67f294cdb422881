package repo

import "time"

// TicketQuery asks for the issues of a repository that were updated since, the last updated first. Pull requests are
// none.
type TicketQuery struct {
	Labels    []string // all of them; GitHub compares without case
	Milestone string   // its title
	Author    string   // login
	Since     time.Time
	// First is how many of them, at most 100.
	First int
}

// TicketPage is one page of issues.
type TicketPage struct {
	Tickets []Ticket
	// Total is how many there are in all.
	Total int
	// Next is the cursor of the page after this one, "" where this is the last.
	Next string
}

// Ticket is one issue.
type Ticket struct {
	Number                     int
	Title, URL, Author         string
	Closed                     bool
	StateReason                string // "completed", "not_planned", "reopened", ""
	Labels                     []string
	Milestone                  string
	Created, Updated, ClosedAt time.Time
	Comments                   int
}
