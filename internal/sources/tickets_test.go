package sources_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/sources"
)

// shelfOfTickets is a repository's issues, as GitHub lists them.
type shelfOfTickets struct {
	repo.Reader
	now     time.Time
	tickets []*repo.Ticket
	asked   int // pages beside the first
	fail    error
	// between is called before each page but the first.
	between func()
}

func (s *shelfOfTickets) Tickets(_ context.Context, q repo.TicketQuery, next string) (repo.TicketPage, error) {
	if next != "" {
		s.asked++
		if s.between != nil {
			s.between()
		}
	}
	if s.fail != nil {
		return repo.TicketPage{}, s.fail
	}
	var all []repo.Ticket
	for _, t := range s.tickets {
		has := func(l string) bool { return strings.EqualFold(l, q.Label) }
		if q.Label != "" && !slices.ContainsFunc(t.Labels, has) || q.Author != "" && t.Author != q.Author {
			continue
		}
		if q.Since.IsZero() && !t.Closed || !q.Since.IsZero() && !t.Updated.Before(q.Since) {
			all = append(all, *t)
		}
	}
	key := func(t repo.Ticket) string { return fmt.Sprintf("%020d %06d", t.Updated.Unix(), t.Number) }
	slices.SortFunc(all, func(a, b repo.Ticket) int {
		if q.Since.IsZero() {
			a, b = b, a
		}
		return cmp.Compare(key(a), key(b))
	})
	page := repo.TicketPage{Total: len(all)}
	if next != "" { // a cursor is a place in the order
		all = slices.DeleteFunc(all, func(t repo.Ticket) bool {
			if q.Since.IsZero() {
				return key(t) >= next
			}
			return key(t) <= next
		})
	}
	if len(all) > q.First {
		all = all[:q.First]
		page.Next = key(all[len(all)-1])
	}
	page.Tickets = all
	return page, nil
}

// read reads as a run does: first pages with the heads.
func (s *shelfOfTickets) read(t *testing.T, src sources.Tickets, last snapshot.Section) (snapshot.Section, error) {
	t.Helper()
	at := sources.Commit{Last: last, Now: s.now}
	for _, q := range src.Resume(src.Watch(""), last).Tickets {
		fail := s.fail
		s.fail = nil
		page, err := s.Tickets(t.Context(), q, "")
		s.fail = fail
		if err != nil {
			t.Fatal(err)
		}
		at.Tickets = append(at.Tickets, page)
	}
	sec, err := src.Collect(t.Context(), s, at)
	sec.Setup = src.Setup()
	return sec, err
}

func (s *shelfOfTickets) must(t *testing.T, src sources.Tickets, last snapshot.Section) snapshot.Section {
	t.Helper()
	sec, err := s.read(t, src, last)
	if err != nil {
		t.Fatal(err)
	}
	return sec
}

func (s *shelfOfTickets) add(labels ...string) *repo.Ticket {
	t := &repo.Ticket{Number: len(s.tickets) + 1, Title: "Widget " + strconv.Itoa(len(s.tickets)), Author: "amy", Labels: labels, Created: s.now, Updated: s.now}
	s.tickets = append(s.tickets, t)
	return t
}

func hash(t *testing.T, sec snapshot.Section) string {
	t.Helper()
	h, err := sec.Hash()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

var start = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

func widgetTickets() sources.Tickets {
	return sources.Tickets{Repository: "acme/widgets", Rules: []sources.TicketRule{
		{Name: "urgent", Labels: []string{"regression", "urgent"}}, {Name: "node", SIGs: []string{"node", "storage"}},
	}}
}

// TestTicketsAreFollowed plays random histories: whoever looks, however often, knows of each issue that was updated since
// the first look what it is now; what is no news changes no byte; and comments count as news from the same number on.
func TestTicketsAreFollowed(t *testing.T) {
	src := widgetTickets()
	names := []string{"regression", "urgent", "sig/node", "SIG/storage", "other"}
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 7))
		s := &shelfOfTickets{now: start}
		for range 30 {
			s.add(names[r.IntN(5)], names[r.IntN(5)])
			s.now = s.now.Add(time.Minute)
		}
		s.now = s.now.Add(time.Hour)
		often := s.must(t, src, snapshot.Section{})
		first := s.now
		seldom := often
		for range 40 {
			for range r.IntN(12) {
				s.now = s.now.Add(time.Duration(r.IntN(90)) * time.Second) // several in one second
				x := s.tickets[r.IntN(len(s.tickets))]
				switch r.IntN(6) {
				case 0:
					x = s.add(names[r.IntN(5)], names[r.IntN(5)])
				case 1:
					x.Closed, x.ClosedAt, x.StateReason = true, s.now, "completed"
				case 2:
					x.Closed, x.ClosedAt, x.StateReason = false, time.Time{}, "reopened"
				case 3:
					x.Labels = []string{names[r.IntN(5)], names[r.IntN(5)]}
				default:
					x.Comments += r.IntN(9)
				}
				x.Updated = s.now
			}
			often = s.must(t, src, often)
			if again := s.must(t, src, often); hash(t, again) != hash(t, often) {
				t.Fatalf("seed %d: looking twice finds something else", seed)
			}
			if r.IntN(8) == 0 {
				seldom = s.must(t, src, seldom)
			}
		}
		seldom = s.must(t, src, seldom)
		for name, sec := range map[string]snapshot.Section{"often": often, "seldom": seldom} {
			known := map[int]snapshot.Ticket{}
			for _, x := range sec.Items.Tickets.Tickets {
				known[x.Number] = x
			}
			for _, x := range s.tickets {
				urgent := slices.Contains(x.Labels, "regression") && slices.Contains(x.Labels, "urgent")
				node := slices.Contains(x.Labels, "sig/node") || slices.Contains(x.Labels, "SIG/storage")
				k, had := known[x.Number]
				if x.Updated.Before(first) || !urgent && !node {
					continue
				}
				if had && (k.Closed != x.Closed || x.Comments-k.Comments >= snapshot.BusyFrom || !k.ClosedAt.Equal(x.ClosedAt) || len(k.Rules) == 0) || !had && !x.Closed {
					t.Fatalf("seed %d, who looks %s has of issue %d\n%+v, it is\n%+v", seed, name, x.Number, k, *x)
				}
			}
		}
	}
}

// TestTicketsNoNews: what moves all day changes no byte.
func TestTicketsNoNews(t *testing.T) {
	src := widgetTickets()
	s := &shelfOfTickets{now: start}
	x := s.add("regression", "urgent")
	s.now = s.now.Add(time.Hour)
	sec := s.must(t, src, snapshot.Section{})
	before := hash(t, sec)
	for what, f := range map[string]func(){
		"comments":      func() { x.Comments += 19 },
		"another label": func() { x.Labels = append(x.Labels, "triage/accepted") },
		"another title": func() { x.Title = "spam" },
		"not watched":   func() { s.add("regression").Updated = s.now },
		"closed long ago": func() {
			y := s.add("regression", "urgent")
			y.Created, y.Closed, y.ClosedAt, y.Updated = start.Add(-time.Hour), true, start.Add(-time.Hour), s.now
		},
	} {
		s.now = s.now.Add(time.Hour)
		f()
		x.Updated = s.now
		if got := s.must(t, src, sec); hash(t, got) != before {
			t.Errorf("%s: is news: %+v", what, got.Items.Tickets)
		}
	}
	x.Comments++
	if got := s.must(t, src, sec); hash(t, got) == before {
		t.Error("twenty comments are no news")
	}
	if s.asked > 0 {
		t.Errorf("%d pages were asked for", s.asked)
	}
}

// TestTicketsPages: no more than three pages beside the first; the rest is counted, and read on.
func TestTicketsPages(t *testing.T) {
	src := sources.Tickets{Repository: "acme/widgets", Rules: []sources.TicketRule{{Name: "urgent", Labels: []string{"urgent"}}}}
	s := &shelfOfTickets{now: start}
	for range 500 {
		s.add("urgent")
		s.now = s.now.Add(time.Second)
	}
	sec := s.must(t, src, snapshot.Section{})
	if set := sec.Items.Tickets; s.asked != 3 || len(set.Tickets) != 400 || set.Unseen != 100 || !strings.HasPrefix(sec.Reason, "100 more are open") {
		t.Errorf("%d pages, %d issues, %d unseen, %q", s.asked, len(set.Tickets), set.Unseen, sec.Reason)
	}
	for _, tt := range []struct {
		apart time.Duration
		runs  int
	}{{time.Minute, 2}, {time.Second, 2}, {0, 3}} {
		last := sec
		s.now = s.now.Add(24 * time.Hour)
		for _, x := range s.tickets {
			x.Comments += 30
			x.Updated = s.now
			s.now = s.now.Add(tt.apart)
		}
		s.now = s.now.Add(time.Hour)
		s.asked = 0
		runs := 0
		for runs == 0 || last.Items.Tickets.Beyond != 0 {
			if last = s.must(t, src, last); runs == 0 && last.Items.Tickets.Beyond != 100 {
				t.Errorf("%s apart: %d beyond", tt.apart, last.Items.Tickets.Beyond)
			}
			if runs++; runs > 5 {
				t.Fatalf("%s apart: it never ends", tt.apart)
			}
		}
		if runs > tt.runs {
			t.Errorf("%s apart: %d readings", tt.apart, runs)
		}
		known := 0
		for _, x := range last.Items.Tickets.Tickets {
			if x.Comments == s.tickets[x.Number-1].Comments {
				known++
			}
		}
		if want := 500; known < want && tt.apart > 0 {
			t.Errorf("%s apart: %d of %d are known", tt.apart, known, want)
		}
		sec = last
	}
}

// TestTicketsOfTwoQueries: where one query had to stop, the others do not move on without it.
func TestTicketsOfTwoQueries(t *testing.T) {
	src := sources.Tickets{Repository: "acme/widgets", Rules: []sources.TicketRule{{Name: "a", Labels: []string{"a"}}, {Name: "b", Labels: []string{"b"}}}}
	s := &shelfOfTickets{now: start}
	sec := s.must(t, src, snapshot.Section{})
	if w := sec.Items.Tickets.Watermark; !w.Equal(s.now) {
		t.Errorf("what was closed before watching began would be news: all is known until %s, and it is %s", w, s.now)
	}
	for range 500 {
		s.now = s.now.Add(time.Minute)
		s.add("a")
	}
	s.now = s.now.Add(time.Hour)
	s.add("b")
	for range 2 {
		sec = s.must(t, src, sec)
	}
	if got := len(sec.Items.Tickets.Tickets); got != 501 {
		t.Errorf("%d of 501 are known", got)
	}
}

// TestTicketsPagesMove: what is updated while pages are read is read all the same.
func TestTicketsPagesMove(t *testing.T) {
	src := sources.Tickets{Repository: "acme/widgets", Rules: []sources.TicketRule{{Name: "urgent", Labels: []string{"urgent"}}}}
	s := &shelfOfTickets{now: start}
	sec := s.must(t, src, snapshot.Section{})
	for range 250 {
		s.now = s.now.Add(time.Minute)
		s.add("urgent")
	}
	s.now = s.now.Add(time.Hour)
	n := 0
	s.between = func() {
		s.now = s.now.Add(time.Second)
		n += 60
		s.tickets[n].Updated = s.now
		s.tickets[240-n].Labels = nil
	}
	sec = s.must(t, src, sec)
	s.between = nil
	sec = s.must(t, src, sec)
	known := map[int]bool{}
	for _, x := range sec.Items.Tickets.Tickets {
		known[x.Number] = true
	}
	for _, x := range s.tickets {
		if len(x.Labels) > 0 && !known[x.Number] {
			t.Errorf("issue %d is lost", x.Number)
		}
	}
}

// TestTicketsThatFail: a page that fails is a failed source, and what was known stays where it was.
func TestTicketsThatFail(t *testing.T) {
	src := sources.Tickets{Repository: "acme/widgets", Rules: []sources.TicketRule{{Name: "urgent", Labels: []string{"urgent"}}}}
	s := &shelfOfTickets{now: start}
	sec := s.must(t, src, snapshot.Section{})
	for range 150 {
		s.now = s.now.Add(time.Minute)
		s.add("urgent")
	}
	s.fail = errors.New("no")
	if got, err := s.read(t, src, sec); err == nil {
		t.Errorf("%+v", got)
	}
	s.fail = nil
	if got := s.must(t, src, sec); len(got.Items.Tickets.Tickets) != 150 {
		t.Errorf("%d of 150", len(got.Items.Tickets.Tickets))
	}
	if _, err := src.Collect(t.Context(), s, sources.Commit{Last: sec, Now: s.now}); err == nil {
		t.Error("pages that were not sent are no pages")
	}
}

// TestTicketsOfOtherRules are another beginning: what they would have found is not known.
func TestTicketsOfOtherRules(t *testing.T) {
	a, b := widgetTickets(), widgetTickets()
	b.Rules = slices.Clone(b.Rules)
	b.Rules[0].Words = []string{"x"}
	if a.Setup() == b.Setup() {
		t.Fatal("other rules have the same setup")
	}
	s := &shelfOfTickets{now: start}
	s.add("sig/node")
	sec := s.must(t, a, snapshot.Section{})
	for _, q := range b.Resume(b.Watch(""), sec).Tickets {
		if !q.Since.IsZero() {
			t.Errorf("it goes on where another ended: %+v", q)
		}
	}
	if _, err := b.Reread(t.Context(), s, sec); err == nil {
		t.Error("issues can't be read as they were")
	}
	past, err := a.Collect(t.Context(), s, sources.Commit{AsOf: start})
	if err != nil || !past.Items.Empty() {
		t.Errorf("%+v, %v", past, err)
	}
}

// TestTicketsThatAreForgotten: what was closed long ago goes, and there is a limit.
func TestTicketsThatAreForgotten(t *testing.T) {
	src := sources.Tickets{Repository: "acme/widgets", Rules: []sources.TicketRule{{Name: "urgent", Labels: []string{"urgent"}}}}
	s := &shelfOfTickets{now: start}
	x := s.add("urgent")
	y := s.add("urgent")
	sec := s.must(t, src, snapshot.Section{})
	s.now = s.now.Add(time.Hour)
	x.Closed, x.ClosedAt, x.Updated = true, s.now, s.now
	sec = s.must(t, src, sec)
	s.now = s.now.Add(200 * 24 * time.Hour)
	y.Closed, y.ClosedAt, y.Updated = true, s.now, s.now
	sec = s.must(t, src, sec)
	if got := sec.Items.Tickets.Tickets; len(got) != 1 || got[0].Number != y.Number {
		t.Errorf("%+v", got)
	}
	for range 4 {
		for range 300 {
			s.now = s.now.Add(time.Minute)
			s.add("urgent")
		}
		sec = s.must(t, src, sec)
	}
	if set := sec.Items.Tickets; len(set.Tickets) != 1000 || set.Unseen == 0 {
		t.Errorf("%d are kept, %d unseen", len(set.Tickets), set.Unseen)
	}
}

func TestTicketRules(t *testing.T) {
	for _, tt := range []struct {
		name string
		rule sources.TicketRule
		x    repo.Ticket
		want bool
	}{
		{"all labels", sources.TicketRule{Labels: []string{"a", "B"}}, repo.Ticket{Labels: []string{"b", "A", "c"}}, true},
		{"one is missing", sources.TicketRule{Labels: []string{"a", "b"}}, repo.Ticket{Labels: []string{"a"}}, false},
		{"a comma", sources.TicketRule{Labels: []string{"a,b"}}, repo.Ticket{Labels: []string{"a", "b"}}, false},
		{"emoji", sources.TicketRule{Labels: []string{"🎉 party"}}, repo.Ticket{Labels: []string{"🎉 Party"}}, true},
		{"any SIG", sources.TicketRule{SIGs: []string{"node", "storage"}}, repo.Ticket{Labels: []string{"sig/Storage"}}, true},
		{"no SIG", sources.TicketRule{SIGs: []string{"node"}}, repo.Ticket{Labels: []string{"node", "sig/nodes"}}, false},
		{"milestone", sources.TicketRule{Milestone: "v1.37"}, repo.Ticket{Milestone: "V1.37"}, true},
		{"another milestone", sources.TicketRule{Milestone: "v1.3"}, repo.Ticket{Milestone: "v1.37"}, false},
		{"author", sources.TicketRule{Author: "Amy"}, repo.Ticket{Author: "amy"}, true},
		{"a deleted account", sources.TicketRule{Author: "amy"}, repo.Ticket{}, false},
		{"a word", sources.TicketRule{Words: []string{"cri"}}, repo.Ticket{Title: "CRI: broken"}, true},
		{"within a word", sources.TicketRule{Words: []string{"cri"}}, repo.Ticket{Title: "a script is critical"}, false},
		{"within a word, and alone", sources.TicketRule{Words: []string{"cri"}}, repo.Ticket{Title: "script of cri"}, true},
		{"a phrase", sources.TicketRule{Words: []string{"x", "out of memory"}}, repo.Ticket{Title: "Out of Memory!"}, true},
		{"other letters", sources.TicketRule{Words: []string{"über"}}, repo.Ticket{Title: "ÜBER alles"}, true},
		{"signs", sources.TicketRule{Words: []string{"c++"}}, repo.Ticket{Title: "c++11"}, true},
		{"nothing", sources.TicketRule{Words: []string{" "}}, repo.Ticket{Title: "a b"}, false},
		{"all must hold", sources.TicketRule{Labels: []string{"a"}, Words: []string{"x"}}, repo.Ticket{Labels: []string{"a"}, Title: "y"}, false},
	} {
		tt.rule.Name = "rule"
		s := &shelfOfTickets{now: start}
		tt.x.Number, tt.x.Created, tt.x.Updated = 1, start, start
		s.tickets = append(s.tickets, &tt.x)
		src := sources.Tickets{Repository: "acme/widgets", Rules: []sources.TicketRule{tt.rule}}
		page := repo.TicketPage{Tickets: []repo.Ticket{tt.x}, Total: 1}
		at := sources.Commit{Now: start}
		for range src.Watch("").Tickets {
			at.Tickets = append(at.Tickets, page)
		}
		sec, err := src.Collect(t.Context(), s, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(sec.Items.Tickets.Tickets) == 1; got != tt.want {
			t.Errorf("%s: %t, want %t", tt.name, got, tt.want)
		}
	}
}

// TestTicketQueries: GitHub is asked for no less than the rules want, and for nothing twice.
func TestTicketQueries(t *testing.T) {
	for _, tt := range []struct {
		rules []sources.TicketRule
		want  string
	}{
		{[]sources.TicketRule{{Labels: []string{"a", "b"}}, {Labels: []string{"A", "c"}}}, "a/"},
		{[]sources.TicketRule{{Labels: []string{"a"}, SIGs: []string{"x"}, Author: "amy"}}, "a/amy"},
		{[]sources.TicketRule{{SIGs: []string{"x", "y"}}}, "sig/x/ sig/y/"},
		{[]sources.TicketRule{{Milestone: "v1"}, {Labels: []string{"a"}}}, "/"},
		{[]sources.TicketRule{{Words: []string{"w"}, Author: "amy"}, {Labels: []string{"a"}}}, "/amy a/"},
	} {
		var got []string
		for _, q := range (sources.Tickets{Repository: "acme/widgets", Rules: tt.rules}).Watch("").Tickets {
			got = append(got, q.Label+"/"+q.Author)
			if q.First < 20 || q.First > 100 {
				t.Errorf("%+v", q)
			}
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%+v: %s, want %s", tt.rules, s, tt.want)
		}
	}
}

func FuzzTicketWords(f *testing.F) {
	for _, s := range []string{"cri", "", "\xff", "É", "a b"} {
		f.Add("Script CRI é", s)
	}
	f.Fuzz(func(t *testing.T, title, word string) {
		src := sources.Tickets{Repository: "a/b", Rules: []sources.TicketRule{{Name: "r", Words: []string{word}}}}
		x := repo.Ticket{Number: 1, Title: title, Created: start, Updated: start}
		sec, err := src.Collect(t.Context(), nil, sources.Commit{Now: start, Tickets: []repo.TicketPage{{Tickets: []repo.Ticket{x}, Total: 1}}})
		if err != nil {
			t.Fatal(err)
		}
		if len(sec.Items.Tickets.Tickets) == 1 && !strings.Contains(strings.ToLower(title), strings.ToLower(strings.TrimSpace(word))) {
			t.Errorf("%q is not in %q", word, title)
		}
	})
}
