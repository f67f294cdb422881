package snapshot

import (
	"cmp"
	"slices"
	"time"
)

// TicketSet is the item set of the tickets source: the issues that match a rule, or did once.
type TicketSet struct {
	Tickets []Ticket `json:"tickets"` // by repository and number
	// Watermark is the time, by GitHub's clock, up to which all updates are known.
	Watermark time.Time `json:"watermark,omitzero"`
	// Beyond is how many issues were updated since and not read yet, -1 where nobody counted them. The next reading goes
	// on with them.
	Beyond int `json:"beyond,omitempty"`
	// Unseen is how many open issues the first reading did not take, or were too many to keep; -1 where nobody counted
	// them. One that turns up later may have been there all the time.
	Unseen int `json:"unseen,omitempty"`
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
	// Comments is how many there were when something of it was last news; each comment alone is none.
	Comments int `json:"comments"`
	// Rules are the names of the rules that it matches; none where it no longer does.
	Rules []string `json:"rules,omitempty"`
}

// BusyFrom is the number of new comments from which an issue is unusually active.
const BusyFrom = 20

// TicketOverlap is how much earlier than it ended a reading begins the next time: GitHub's lists lag a little.
const TicketOverlap = 10 * time.Minute

func canonicalTickets(set *TicketSet) *TicketSet {
	if set == nil {
		return nil
	}
	out := &TicketSet{Tickets: slices.Clone(orEmpty(set.Tickets)), Watermark: set.Watermark.UTC(), Beyond: set.Beyond, Unseen: set.Unseen}
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
