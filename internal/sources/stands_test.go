package sources_test

import (
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/sources"
)

// TestTicketsStand: without the items it is known whether anything was updated since they were read.
func TestTicketsStand(t *testing.T) {
	src := sources.Tickets{Repository: "acme/widgets", Rules: []sources.TicketRule{{Name: "bugs", Labels: []string{"bug"}}}}
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	ticket := func(n int, updated time.Time) repo.Ticket {
		return repo.Ticket{Number: n, Title: "x", Labels: []string{"bug"}, Created: now.Add(-time.Hour), Updated: updated}
	}
	page := func(list ...repo.Ticket) []repo.TicketPage {
		return []repo.TicketPage{{Tickets: list, Total: len(list)}}
	}
	first := page(ticket(1, now.Add(-48*time.Hour)), ticket(2, now.Add(-time.Second)))
	sec, err := src.Collect(t.Context(), nil, sources.Commit{Tickets: first, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	sec.Setup = src.Setup()
	resumed := src.Resume(src.Watch(""), sec)
	sec.Items = snapshot.Items{} // a state tells what was read without the items
	if again := src.Resume(src.Watch(""), sec); len(again.Tickets) != 1 || again.Tickets[0] != resumed.Tickets[0] || again.Tickets[0].Since.IsZero() {
		t.Errorf("without the items it asks for %+v, with them for %+v", again.Tickets, resumed.Tickets)
	}
	other := sec
	other.Setup = "other rules"
	more := page(ticket(2, now.Add(-time.Second)))
	more[0].Next = "cursor"
	for name, tt := range map[string]struct {
		last  snapshot.Section
		pages []repo.TicketPage
		want  bool
	}{
		"what was seen":          {sec, page(ticket(2, now.Add(-time.Second))), true},
		"and an old one with it": {sec, first, true},
		"updated since":          {sec, page(ticket(2, now.Add(time.Minute))), false},
		"a new one":              {sec, page(ticket(2, now.Add(-time.Second)), ticket(3, now.Add(time.Minute))), false},
		"one that left":          {sec, page(), false},
		"more than a page":       {sec, more, false},
		"other rules":            {other, page(ticket(2, now.Add(-time.Second))), false},
		"never read":             {snapshot.Section{}, page(), false},
		"nothing came":           {sec, nil, false},
	} {
		if got := src.Stands(t.Context(), sources.Commit{Tickets: tt.pages, Last: tt.last, Now: now.Add(time.Hour)}); got != tt.want {
			t.Errorf("%s: stands %t", name, got)
		}
	}
}
