package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/snapshot"
)

var ticketOpened = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

// ticketChanges is one change of each kind, with the texts in turn.
func ticketChanges(texts ...string) []diff.Change {
	i := 0
	next := func() string { i++; return texts[i%len(texts)] }
	ticket := func(n int, closed bool) *snapshot.Ticket {
		t := &snapshot.Ticket{
			Repository: next(), Number: n, Title: next(), URL: next(), Author: next(), StateReason: []string{"completed", "not_planned", "duplicate", "reopened", next()}[n%5],
			Labels: []string{next(), "sig/" + next(), "kind/regression"}, Milestone: next(), Created: ticketOpened, Updated: ticketOpened.Add(time.Hour), Comments: n, Rules: []string{"urgent"},
		}
		if n%3 == 0 {
			t.URL, t.Repository, t.Rules = fmt.Sprintf("https://github.com/kubernetes/kubernetes/issues/%d", n), "kubernetes/kubernetes", []string{next()}
		}
		if closed {
			t.Closed, t.ClosedAt = true, ticketOpened.Add(50*time.Hour)
		}
		return t
	}
	var out []diff.Change
	for n, kinds := range [][]diff.Kind{
		{diff.TicketOpened}, {diff.TicketOpened, diff.TicketClosed}, {diff.TicketClosed}, {diff.TicketReopened}, {diff.TicketActive}, {diff.TicketMatched},
		{diff.TicketReopened, diff.TicketActive}, {diff.TicketMatched}, {diff.TicketMatched}, {diff.TicketMatched},
	} {
		c := diff.Change{
			Upstream: "kubernetes", Source: "tickets", Kinds: kinds, ID: fmt.Sprintf("%s#%d", next(), n+1), Severity: diff.FYI,
			Ticket: &diff.TicketChange{After: ticket(n+1, kinds[len(kinds)-1] == diff.TicketClosed)},
		}
		if c.Has(diff.TicketReopened) || c.Has(diff.TicketActive) {
			c.Ticket.Before = ticket(n+1, c.Has(diff.TicketReopened))
		}
		if n%4 == 3 {
			c = mine(c, next())
		}
		out = append(out, c)
	}
	return out
}

func TestTicketsObeyTheSchema(t *testing.T) {
	d := digestOf(ticketChanges("acme/widgets", "Widgets turn", "https://github.com/a/b/issues/1"))
	doc, err := JSON(d)
	if err != nil {
		t.Fatal(err)
	}
	valid(t, schemas(t), doc)
	for i := range d.Upstreams[0].Changes {
		d.Upstreams[0].Changes[i].Source = "tickets/acme/widgets"
	}
	if doc, err = JSON(d); err != nil {
		t.Fatal(err)
	}
	valid(t, schemas(t), doc)
}

// TestAttacksInTickets: titles, labels, milestones and all else that upstream writes do nothing.
func TestAttacksInTickets(t *testing.T) {
	for i, a := range attacks() {
		if raceDetector && i%4 > 0 {
			continue
		}
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			checkDigest(t, digestOf(ticketChanges(a.text)), DefaultBudget, 2000)
			checkDigest(t, digestOf(ticketChanges(a.text, "Widget")), MinBudget, 1000)
		})
	}
}

// TestTicketsByRule: each issue once, by its first rule, what was opened first; and what is long is folded.
func TestTicketsByRule(t *testing.T) {
	var changes []diff.Change
	add := func(n int, kind diff.Kind, rules ...string) {
		x := &snapshot.Ticket{
			Repository: "kubernetes/kubernetes", Number: n, Title: fmt.Sprintf("Widget %d turns", n), URL: fmt.Sprintf("https://github.com/kubernetes/kubernetes/issues/%d", n),
			Created: ticketOpened, Updated: ticketOpened, Rules: rules, Closed: kind == diff.TicketClosed, ClosedAt: ticketOpened,
		}
		changes = append(changes, diff.Change{Source: "tickets", Kinds: []diff.Kind{kind}, ID: fmt.Sprint(n), Ticket: &diff.TicketChange{Before: x, After: x}, Severity: diff.FYI})
	}
	add(1, diff.TicketClosed, "a-rule", "b-rule")
	add(2, diff.TicketOpened, "a-rule")
	for n := range 20 {
		add(n+10, diff.TicketOpened, "b-rule")
	}
	got := Markdown(digestOf(changes), MarkdownOptions{RedirectLinks: true})[0]
	for _, want := range []string{"## Tickets: a-rule (2)\n\n- `#2`: ", "<summary><b>Tickets: b-rule</b> (20): ", "https://redirect.github.com/kubernetes/kubernetes/issues/1)"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	if n := strings.Count(got, "- `#1`"); n != 1 {
		t.Errorf("issue 1 is told %d times", n)
	}
	if strings.Contains(got, "//github.com/kubernetes/kubernetes/issues") {
		t.Errorf("a link leaves a back-link:\n%s", got)
	}
}

// TestFootOfTickets: where watching begins the foot says with how many, and what is left out.
func TestFootOfTickets(t *testing.T) {
	d := digestOf(nil)
	d.Upstreams[0].Sections = []diff.SectionResult{
		{Source: "tickets", Status: snapshot.Complete, Baseline: true, Items: 400, Reason: "57 more are open, and are followed from their next update on"},
		{Source: "tickets/kubernetes/enhancements", Status: snapshot.Complete, Baseline: true, Items: 3},
		{Source: "tickets/kubernetes/website", Status: snapshot.Complete, Items: 3, Reason: "57 more were updated than are read at once; the next run goes on with them"},
	}
	got := Markdown(d, MarkdownOptions{})[0]
	for _, want := range []string{
		"now watching 400 tickets (57 more are open, and are followed from their next update on).", "now watching 3 tickets of kubernetes/enhancements.",
		"tickets of kubernetes/website are not complete (57 more were updated than are read at once; the next run goes on with them).",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
}
