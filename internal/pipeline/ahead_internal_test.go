package pipeline

import (
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/repo"
)

// TestTicketsFromWiderAnswers: an answer that holds what is asked for is not asked for again, and one that does not is.
func TestTicketsFromWiderAnswers(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2026, 3, d, 0, 0, 0, 0, time.UTC) }
	wide := repo.TicketQuery{Label: "bug", First: 50, Since: day(1)}
	answer := func(next string) askedHead {
		return askedHead{asked: repo.HeadRequest{Tickets: []repo.TicketQuery{wide}}, HeadResult: repo.HeadResult{Head: repo.Head{Tickets: []repo.TicketPage{{
			Tickets: []repo.Ticket{{Number: 1, Updated: day(2)}, {Number: 2, Updated: day(5)}}, Total: 2, Next: next,
		}}}}}
	}
	for name, tt := range map[string]struct {
		have askedHead
		q    repo.TicketQuery
		want int // tickets; -1: it must be asked
	}{
		"the same":              {answer(""), wide, 2},
		"narrower":              {answer(""), repo.TicketQuery{Label: "bug", First: 50, Since: day(5)}, 1},
		"narrower, none left":   {answer(""), repo.TicketQuery{Label: "bug", First: 50, Since: day(9)}, 0},
		"wider":                 {answer(""), repo.TicketQuery{Label: "bug", First: 50, Since: day(1).Add(-time.Second)}, -1},
		"open ones":             {answer(""), repo.TicketQuery{Label: "bug", First: 50}, -1},
		"another label":         {answer(""), repo.TicketQuery{Label: "hurry", First: 50, Since: day(5)}, -1},
		"narrower, but cut off": {answer("cursor"), repo.TicketQuery{Label: "bug", First: 50, Since: day(5)}, -1},
	} {
		pages, ok := ticketsFrom(tt.have, []repo.TicketQuery{tt.q})
		if ok != (tt.want >= 0) || ok && len(pages[0].Tickets) != tt.want {
			t.Errorf("%s: %t, %+v", name, ok, pages)
		}
	}
	if pages, ok := ticketsFrom(askedHead{}, nil); !ok || pages != nil {
		t.Error("who asks for none gets none")
	}
}
