package snapshot

import (
	"cmp"
	"slices"
	"time"
)

// TicketSet is the item set of the tickets source: the issues that matched the rules when they were last updated.
type TicketSet struct {
	Tickets []Ticket `json:"tickets"` // by repository and number
	// Watermark is the newest update, by GitHub's clock, up to which all is known.
	Watermark time.Time `json:"watermark,omitzero"`
	// Beyond is how many more were updated than were read.
	Beyond int `json:"beyond,omitempty"`
}

// Ticket is one issue; pull requests are none.
type Ticket struct {
	Repository  string    `json:"repository"` // "kubernetes/kubernetes"
	Number      int       `json:"number"`
	Title       string    `json:"title"`
	URL         string    `json:"url"`
	Author      string    `json:"author"` // login, "" for a deleted account
	Closed      bool      `json:"closed,omitempty"`
	StateReason string    `json:"state_reason,omitempty"` // "completed", "not_planned", …
	Labels      []string  `json:"labels,omitempty"`       // sorted
	Milestone   string    `json:"milestone,omitempty"`
	Created     time.Time `json:"created"`
	Updated     time.Time `json:"updated"`
	ClosedAt    time.Time `json:"closed_at,omitzero"`
	Comments    int       `json:"comments"`
	// Rules are the names of the rules that it matches.
	Rules []string `json:"rules,omitempty"`
}

func canonicalTickets(set *TicketSet) *TicketSet {
	if set == nil {
		return nil
	}
	out := &TicketSet{Tickets: slices.Clone(orEmpty(set.Tickets)), Watermark: set.Watermark.UTC(), Beyond: set.Beyond}
	for i := range out.Tickets {
		t := &out.Tickets[i]
		t.Created, t.Updated, t.ClosedAt = t.Created.UTC(), t.Updated.UTC(), t.ClosedAt.UTC()
		t.Labels, t.Rules = slices.Sorted(slices.Values(t.Labels)), slices.Sorted(slices.Values(t.Rules))
	}
	slices.SortStableFunc(out.Tickets, func(a, b Ticket) int {
		return cmp.Or(cmp.Compare(a.Repository, b.Repository), cmp.Compare(a.Number, b.Number))
	})
	return out
}
