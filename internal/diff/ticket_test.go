package diff_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/snapshot"
)

func at(hour int) time.Time { return time.Date(2026, 3, 1, hour, 0, 0, 0, time.UTC) }

// issue is one that was opened long ago and matches a rule.
func issue(n int, change ...func(*snapshot.Ticket)) snapshot.Ticket {
	t := snapshot.Ticket{Repository: "acme/widgets", Number: n, Title: "Widgets turn", Created: at(-1000), Updated: at(0), Comments: 10, Rules: []string{"urgent"}}
	for _, f := range change {
		f(&t)
	}
	return t
}

func closed(hour int) func(*snapshot.Ticket) {
	return func(t *snapshot.Ticket) { t.Closed, t.ClosedAt, t.StateReason = true, at(hour), "completed" }
}
func opened(hour int) func(*snapshot.Ticket) {
	return func(t *snapshot.Ticket) { t.Created = at(hour) }
}
func comments(n int) func(*snapshot.Ticket) { return func(t *snapshot.Ticket) { t.Comments = n } }
func labels(list ...string) func(*snapshot.Ticket) {
	return func(t *snapshot.Ticket) { t.Labels = list }
}
func rules(list ...string) func(*snapshot.Ticket) { return func(t *snapshot.Ticket) { t.Rules = list } }
func titled(title string) func(*snapshot.Ticket)  { return func(t *snapshot.Ticket) { t.Title = title } }
func within(repository string) func(*snapshot.Ticket) {
	return func(t *snapshot.Ticket) { t.Repository = repository }
}

func TestTickets(t *testing.T) {
	set := func(list ...snapshot.Ticket) snapshot.TicketSet {
		return snapshot.TicketSet{Tickets: list, Watermark: at(0)}
	}
	unseen := func(s snapshot.TicketSet) snapshot.TicketSet { s.Unseen = 5; return s }
	for _, tt := range []struct {
		name          string
		before, after snapshot.TicketSet
		want          string
	}{
		{"the same", set(issue(1)), set(issue(1)), ""},
		{"opened since", set(), set(issue(1, opened(1))), "opened fyi"},
		{"a regression", set(), set(issue(1, opened(1), labels("Kind/Regression"))), "opened know"},
		{"urgent", set(), set(issue(1, opened(1), labels("priority/critical-urgent"))), "opened know"},
		{"a regression that is closed already", set(), set(issue(1, opened(1), closed(2), labels("kind/regression"))), "opened+closed fyi"},
		{"closed", set(issue(1)), set(issue(1, closed(1))), "closed fyi"},
		{"closed, and nobody knew of it", set(), set(issue(1, closed(1))), "closed fyi"},
		{"closed before anybody looked", set(), set(issue(1, closed(-1))), ""},
		{"opened and closed before anybody looked", set(), set(issue(1, opened(-2), closed(0))), ""},
		{"reopened", set(issue(1, closed(-5))), set(issue(1)), "reopened fyi"},
		{"closed, opened and closed again", set(issue(1, closed(-5))), set(issue(1, closed(2))), ""},
		{"a few comments", set(issue(1)), set(issue(1, comments(29))), ""},
		{"many comments", set(issue(1)), set(issue(1, comments(30))), "active fyi"},
		{"many comments, and closed", set(issue(1)), set(issue(1, comments(30), closed(1))), "closed+active fyi"},
		{"comments deleted", set(issue(1)), set(issue(1, comments(0))), ""},
		{"a label makes it match", set(), set(issue(1)), "matched fyi"},
		{"it may have matched all the time", unseen(set()), set(issue(1)), ""},
		{"opened where not all was seen", unseen(set()), set(issue(1, opened(1))), "opened fyi"},
		{"it matches no more", set(issue(1)), set(issue(1, rules(), closed(1))), ""},
		{"it matches again", set(issue(1, rules())), set(issue(1)), "matched fyi"},
		{"it is gone", set(issue(1), issue(2)), set(issue(2)), ""},
		{"another rule", set(issue(1)), set(issue(1, rules("urgent", "more"))), ""},
		{"another title", set(issue(1)), set(issue(1, titled("spam"))), ""},
		{"a state that never had a watermark", snapshot.TicketSet{}, set(issue(1, opened(1))), ""},
		{"twice in a set", set(), set(issue(1, opened(1)), issue(1, opened(1))), "opened fyi"},
		{"the repository's name in another case", set(issue(1, within("Acme/Widgets"))), set(issue(1)), ""},
		{"the same number elsewhere", set(issue(1)), set(issue(1), issue(1, within("acme/other"), opened(1))), "opened fyi"},
	} {
		var got []string
		for _, c := range diff.Tickets(tt.before, tt.after) {
			var kinds []string
			for _, k := range c.Kinds {
				kinds = append(kinds, strings.TrimPrefix(string(k), "ticket."))
			}
			got = append(got, strings.Join(kinds, "+")+" "+string(c.Severity))
		}
		if s := strings.Join(got, ", "); s != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, s, tt.want)
		}
	}
}

// TestTicketsLaws: a set is no change to itself, and the order of the input does not matter.
func TestTicketsLaws(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	random := func() snapshot.TicketSet {
		s := snapshot.TicketSet{Watermark: at(r.IntN(5))}
		for n := range 12 {
			x := issue(n+1, opened(r.IntN(10)-5), comments(r.IntN(60)))
			if r.IntN(3) == 0 {
				closed(r.IntN(10) - 5)(&x)
			}
			if r.IntN(4) == 0 {
				x.Rules = nil
			}
			if r.IntN(3) > 0 {
				s.Tickets = append(s.Tickets, x)
			}
		}
		return s
	}
	text := func(list []diff.Change) string {
		var b strings.Builder
		for _, c := range list {
			b.WriteString(c.ID + " " + string(c.Severity))
			for _, k := range c.Kinds {
				b.WriteString(" " + string(k))
			}
			b.WriteString("\n")
		}
		return b.String()
	}
	told := 0
	for range 500 {
		a, b := random(), random()
		if got := diff.Tickets(a, a); len(got) > 0 {
			t.Fatalf("a set differs from itself: %s", text(got))
		}
		want := text(diff.Tickets(a, b))
		told += len(want)
		for _, s := range []*snapshot.TicketSet{&a, &b} {
			s.Tickets = slices.Clone(s.Tickets)
			r.Shuffle(len(s.Tickets), func(i, j int) { s.Tickets[i], s.Tickets[j] = s.Tickets[j], s.Tickets[i] })
		}
		if got := text(diff.Tickets(a, b)); got != want {
			t.Fatalf("another order:\n%s\nwant\n%s", got, want)
		}
	}
	if told == 0 {
		t.Error("nothing was ever told")
	}
}

func TestTicketsThatAreYours(t *testing.T) {
	compare := func(w diff.Watch, f diff.Filter, x snapshot.Ticket) []diff.Change {
		snap := func(list ...snapshot.Ticket) *snapshot.Snapshot {
			set := &snapshot.TicketSet{Tickets: append(list, issue(999)), Watermark: at(0)}
			return &snapshot.Snapshot{Upstreams: []snapshot.Upstream{{Name: "widgets", Sections: []snapshot.Section{{Source: "tickets/acme/x", Status: snapshot.Complete, Items: snapshot.Items{Tickets: set}}}}}}
		}
		return diff.Compare(snap(), snap(x), diff.Options{Watch: w, Filter: f})[0].Changes
	}
	watch := diff.Watch{
		Gates: []string{"fastWidgets", "Auditing"}, KEPs: []string{"127"}, SIGs: []string{"node"},
		Settings: []diff.WatchedSetting{{Gate: "SlowWidgets", Where: "a.yaml:3"}},
	}
	for _, tt := range []struct {
		x    snapshot.Ticket
		want string
	}{
		{issue(1, titled("FastWidgets: panic")), "gate fastWidgets"},
		{issue(1, titled("panic in `FastWidgets`")), "gate fastWidgets"},
		{issue(1, titled("panic in FastWidgetsV2")), ""},
		{issue(1, titled("auditing is broken")), ""},
		{issue(1, titled("Auditing is broken")), ""},
		{issue(1, titled("SlowWidgets is broken")), "set in a.yaml:3"},
		{issue(1, titled("KEP-127: user namespaces")), "KEP 127"},
		{issue(1, titled("[kep 0127] user namespaces")), "KEP 127"},
		{issue(1, titled("KEP-1271: more")), ""},
		{issue(1, titled("upkeep 127")), ""},
		{issue(127, within("kubernetes/enhancements")), "KEP 127"},
		{issue(127), ""},
		{issue(1, labels("SIG/Node")), "SIG node"},
		{issue(1, labels("sig/node-extra", "node")), ""},
		{issue(1, titled("")), ""},
		{issue(1, titled("é É _ \xff")), ""},
	} {
		tt.x.Created = at(1)
		got := compare(watch, diff.Filter{}, tt.x)
		if len(got) != 1 || got[0].Mine != (tt.want != "") || got[0].MineBecause != tt.want || got[0].Source != "tickets/acme/x" {
			t.Errorf("%q %v: %+v, want %q", tt.x.Title, tt.x.Labels, got, tt.want)
		}
	}
	sigs := diff.Filter{SIGs: []string{"sig-node"}}
	if got := compare(diff.Watch{}, sigs, issue(1, opened(1), labels("sig/storage"))); len(got) != 0 {
		t.Errorf("a ticket of another SIG is kept: %+v", got)
	}
	if got := compare(diff.Watch{}, sigs, issue(1, opened(1), labels("sig/node"))); len(got) != 1 {
		t.Errorf("a ticket of the SIG is dropped: %+v", got)
	}
}

func FuzzTicketTitle(f *testing.F) {
	for _, s := range []string{"KEP-127", "FastWidgets", "é\xff", "kep kep #0", ""} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, title, gate string) {
		before := snapshot.TicketSet{Watermark: at(0)}
		after := snapshot.TicketSet{Watermark: at(1), Tickets: []snapshot.Ticket{issue(1, opened(1), titled(title))}}
		got := diff.Compare(snapshotOf(before), snapshotOf(after), diff.Options{Watch: diff.Watch{Gates: []string{gate}, KEPs: []string{gate}}})
		if len(got[0].Changes) != 1 {
			t.Fatalf("%+v", got)
		}
	})
}

func snapshotOf(set snapshot.TicketSet) *snapshot.Snapshot {
	return &snapshot.Snapshot{Upstreams: []snapshot.Upstream{{Name: "widgets", Sections: []snapshot.Section{{Source: "tickets", Items: snapshot.Items{Tickets: &set}}}}}}
}
