package repo

import "time"

// Milestone is one milestone of a repository.
type Milestone struct {
	Number                   int
	Title, URL               string
	Closed                   bool
	Due, ClosedAt            time.Time // zero: none
	OpenIssues, ClosedIssues int
}
