package sources

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/snapshot"
)

const (
	// ticketParser rises whenever the same issue would be read as other values.
	ticketParser = 1
	// ticketPage is how many issues come with the heads of a repository; several queries share twice as many.
	ticketPage, fewestTickets = 100, 20
	// ticketPages is how many pages more a reading may ask for.
	ticketPages = 3
	// closedFor is how long a closed issue is remembered, to know it when it is opened again.
	closedFor = 180 * 24 * time.Hour
	// mostTickets bounds what is remembered of a repository.
	mostTickets = 1000
)

// TicketRule chooses issues; all that is given must hold.
type TicketRule struct {
	Name      string
	Labels    []string // all of them
	SIGs      []string // any of them, without "sig-"
	Milestone string   // title
	Author    string   // login
	Words     []string // any of them in the title
}

// Tickets collects the issues of one repository that match a rule.
//
// The first reading takes the open ones. Each later one takes what was updated since the last, the longest ago first,
// and knows all of that: so a reading that had to stop goes on where it stopped, and a digest that is told seldom finds
// what happened in between. What GitHub is asked for is never less than the rules want: one label, or the author. The
// rest of a rule is looked at here.
//
// An issue that is not told of is not stored, and what moves all day is no news: where nothing but comments and other
// labels changed, the items are the last reading's, to the byte.
type Tickets struct {
	Repository string // "kubernetes/kubernetes"
	// Beside says that it is not the upstream's own repository.
	Beside bool
	Rules  []TicketRule
}

// Name is the section's name: each repository has its own.
func (s Tickets) Name() string {
	if s.Beside {
		return snapshot.SourceTickets + "/" + s.Repository
	}
	return snapshot.SourceTickets
}

// Parser is the number of the reading.
func (Tickets) Parser() int { return ticketParser }

// Setup is the rules: by others, other issues are known.
func (s Tickets) Setup() string {
	h := sha256.New()
	fmt.Fprintf(h, "%q\n", strings.ToLower(s.Repository))
	for _, r := range s.Rules {
		fmt.Fprintf(h, "%q %q %q %q %q %q\n", r.Name, r.Labels, r.SIGs, r.Milestone, r.Author, r.Words)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// Watch asks for the open issues.
func (s Tickets) Watch(string) Watch {
	w := Watch{Tickets: s.queries(), Always: true}
	if s.Beside {
		w.Repository = s.Repository
	}
	return w
}

// Resume asks for what was updated since the last reading instead, where that was made by the same rules.
func (s Tickets) Resume(w Watch, last snapshot.Section) Watch {
	from := s.mark(last, markSince)
	if set := s.known(last); set != nil {
		from = since(*set)
	}
	if !from.IsZero() {
		w.Tickets = slices.Clone(w.Tickets)
		for i := range w.Tickets {
			w.Tickets[i].Since = from
		}
	}
	return w
}

// What a section's inputs tell, for who has not the items: from where the next reading begins, and what it will find where
// nothing was updated.
const (
	markSince = "(since)"
	markSeen  = "(seen)"
)

// mark is a time among the inputs of a last reading that was made by the same rules; zero where there is none.
func (s Tickets) mark(last snapshot.Section, name string) time.Time {
	if last.Parser != s.Parser() || last.Setup != s.Setup() {
		return time.Time{}
	}
	for _, o := range last.Inputs {
		if t, err := time.Parse(time.RFC3339, o.OID); o.Path == name && err == nil {
			return t
		}
	}
	return time.Time{}
}

// marksFor are the inputs of a section with these items, of which these were read.
func marksFor(set snapshot.TicketSet, got map[int]repo.Ticket) []snapshot.Object {
	from := since(set)
	return []snapshot.Object{{Path: markSeen, OID: seenSince(from, got)}, {Path: markSince, OID: from.UTC().Format(time.RFC3339)}}
}

// seenSince is a fingerprint of the issues that were updated since.
func seenSince(from time.Time, got map[int]repo.Ticket) string {
	h := sha256.New()
	for _, n := range slices.Sorted(maps.Keys(got)) {
		if t := got[n]; !t.Updated.Before(from) {
			fmt.Fprintf(h, "%d %s\n", n, t.Updated.UTC().Format(time.RFC3339))
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:20])
}

// Stands reports whether no issue was updated since the last reading: what came with the heads is what was seen then.
func (s Tickets) Stands(_ context.Context, at Commit) bool {
	from := s.mark(at.Last, markSince)
	if from.IsZero() || len(at.Tickets) == 0 {
		return false
	}
	got := map[int]repo.Ticket{}
	for _, page := range at.Tickets {
		if page.Next != "" {
			return false
		}
		for _, t := range page.Tickets {
			if old, ok := got[t.Number]; !ok || t.Updated.After(old.Updated) {
				got[t.Number] = t
			}
		}
	}
	return slices.Contains(at.Last.Inputs, snapshot.Object{Path: markSeen, OID: seenSince(from, got)})
}

// known is what the last reading had, nil where it was another's.
func (s Tickets) known(last snapshot.Section) *snapshot.TicketSet {
	set := last.Items.Tickets
	if set == nil || set.Watermark.IsZero() || last.Parser != s.Parser() || last.Setup != s.Setup() {
		return nil
	}
	return set
}

// since is where the next reading begins. One that goes on where the last had to stop does so without an overlap: that
// might hold as many issues as are read at once.
func since(set snapshot.TicketSet) time.Time {
	if set.Beyond != 0 {
		return set.Watermark
	}
	return set.Watermark.Add(-snapshot.TicketOverlap)
}

// queries are what GitHub is asked for, each once.
func (s Tickets) queries() []repo.TicketQuery {
	var out []repo.TicketQuery
	add := func(label, author string) {
		q := repo.TicketQuery{Label: label, Author: author}
		if !slices.ContainsFunc(out, func(x repo.TicketQuery) bool {
			return strings.EqualFold(x.Label, q.Label) && strings.EqualFold(x.Author, q.Author)
		}) {
			out = append(out, q)
		}
	}
	for _, r := range s.Rules {
		switch {
		case len(r.Labels) > 0:
			add(r.Labels[0], r.Author)
		case len(r.SIGs) > 0:
			for _, sig := range r.SIGs {
				add(sigLabel(sig), r.Author)
			}
		default:
			add("", r.Author)
		}
	}
	if slices.Contains(out, repo.TicketQuery{}) { // all are asked for
		out = []repo.TicketQuery{{}}
	}
	for i := range out {
		out[i].First = min(ticketPage, max(fewestTickets, 2*ticketPage/len(out)))
	}
	return out
}

func sigLabel(sig string) string { return "sig/" + sig }

// Collect reads what came with the heads, and some pages more where that is not all.
func (s Tickets) Collect(ctx context.Context, r repo.Reader, at Commit) (snapshot.Section, error) {
	sec := snapshot.Section{Source: s.Name(), Status: snapshot.Complete, Parser: s.Parser()}
	if !at.AsOf.IsZero() {
		return sec, nil // nobody knows what matched then: watching begins with the present
	}
	asked := s.Resume(s.Watch(""), at.Last).Tickets
	if len(at.Tickets) != len(asked) {
		return snapshot.Section{}, errors.New("read issues: they did not come with the head of the repository")
	}
	got, err := s.gather(ctx, r, asked, at.Tickets)
	if err != nil {
		return snapshot.Section{}, fmt.Errorf("read issues: %w", err)
	}
	last := s.known(at.Last)
	if last == nil {
		sec.Items.Tickets = s.first(got, at.Now)
		sec.Inputs = marksFor(*sec.Items.Tickets, got.tickets)
		if n := sec.Items.Tickets.Unseen; n != 0 {
			sec.Reason = more(n) + " are open, and are followed from their next update on"
		}
		return sec, nil
	}
	sec.Items.Tickets = s.next(*last, got)
	sec.Inputs = marksFor(*sec.Items.Tickets, got.tickets)
	if n := sec.Items.Tickets.Beyond; n != 0 {
		sec.Reason = more(n) + " were updated than are read at once; the next run goes on with them"
	}
	return sec, nil
}

func more(n int) string {
	if n < 0 {
		return "more"
	}
	return fmt.Sprintf("%d more", n)
}

// Reread is not possible: nobody can tell what other rules would have found then.
func (Tickets) Reread(context.Context, repo.Reader, snapshot.Section) (snapshot.Section, error) {
	return snapshot.Section{}, &AbsentError{"issues can't be read as they were"}
}

// gathered is what a reading had of issues.
type gathered struct {
	tickets map[int]repo.Ticket
	newest  time.Time // update of any of them
	until   time.Time // up to when all updates are among them, where that is not all; zero: newest
	beyond  int       // how many were not read, -1: nobody knows
	pages   int       // beside the first
	crowded bool      // a first page was half full
}

func (s Tickets) gather(ctx context.Context, r repo.Reader, asked []repo.TicketQuery, firsts []repo.TicketPage) (gathered, error) {
	g := gathered{tickets: map[int]repo.Ticket{}}
	for i, q := range asked {
		page, read, ended := firsts[i], 0, time.Time{}
		total := page.Total
		g.crowded = g.crowded || len(page.Tickets) >= q.First/2
		for {
			for _, t := range page.Tickets {
				// What is updated while pages are read may come twice; the newer one counts.
				if old, ok := g.tickets[t.Number]; !ok || t.Updated.After(old.Updated) {
					g.tickets[t.Number] = t
				}
				ended = later(ended, t.Updated)
			}
			read += len(page.Tickets)
			if page.Next == "" || g.pages == ticketPages {
				break
			}
			reader, ok := r.(repo.TicketReader)
			if !ok {
				return g, &repo.UnsupportedError{Repository: s.Repository, What: "issues"}
			}
			var err error
			if page, err = reader.Tickets(ctx, q, page.Next); err != nil {
				return g, err
			}
			g.pages++
		}
		g.newest = later(g.newest, ended)
		if page.Next == "" {
			continue
		}
		switch {
		case g.beyond < 0:
		case total < 0:
			g.beyond = -1
		default:
			g.beyond += max(1, total-read)
		}
		if !ended.After(q.Since) { // more in one second than are read at once: the rest of them is counted, and lost
			ended = q.Since.Add(time.Second)
		}
		if g.until.IsZero() || ended.Before(g.until) {
			g.until = ended
		}
	}
	return g, nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// first is the set of a first reading: the open issues that match. now is GitHub's.
func (s Tickets) first(g gathered, now time.Time) *snapshot.TicketSet {
	set := &snapshot.TicketSet{Watermark: later(now.Truncate(time.Second), g.newest).UTC(), Unseen: g.beyond}
	for _, n := range slices.Sorted(maps.Keys(g.tickets)) {
		if t := s.ticket(g.tickets[n]); len(t.Rules) > 0 {
			set.Tickets = append(set.Tickets, t)
		}
	}
	return keep(set)
}

// next is the last set with what was updated since; the last set itself, where none of that is news.
func (s Tickets) next(last snapshot.TicketSet, g gathered) *snapshot.TicketSet {
	known := map[int]snapshot.Ticket{}
	for _, t := range last.Tickets {
		known[t.Number] = t
	}
	news := false
	for _, n := range slices.Sorted(maps.Keys(g.tickets)) {
		t := s.ticket(g.tickets[n])
		old, had := known[n]
		switch {
		case had && !isNews(old, t):
			continue
		case had:
		case len(t.Rules) == 0:
			continue
		case t.Closed && t.ClosedAt.Before(since(last)): // closed before anybody looked
			continue
		}
		known[n], news = t, true
	}
	if !news && g.beyond == last.Beyond && g.pages == 0 && !g.crowded {
		return &last
	}
	set := &snapshot.TicketSet{Watermark: later(last.Watermark, g.newest), Beyond: g.beyond, Unseen: last.Unseen}
	if !g.until.IsZero() {
		set.Watermark = g.until
	}
	for _, n := range slices.Sorted(maps.Keys(known)) {
		set.Tickets = append(set.Tickets, known[n])
	}
	return keep(set)
}

// isNews reports whether anything of an issue changed that is told, or decides about what is. Other labels, words and
// single comments are none.
func isNews(old, t snapshot.Ticket) bool {
	return old.Closed != t.Closed || !old.ClosedAt.Equal(t.ClosedAt) || old.StateReason != t.StateReason || !slices.Equal(old.Rules, t.Rules) ||
		t.Comments-old.Comments >= snapshot.BusyFrom
}

// keep forgets what was closed long ago or no longer matches, and bounds what is left. That is no news of it.
func keep(set *snapshot.TicketSet) *snapshot.TicketSet {
	before := set.Watermark.Add(-closedFor)
	set.Tickets = slices.DeleteFunc(set.Tickets, func(t snapshot.Ticket) bool {
		return t.Closed && t.ClosedAt.Before(before) || len(t.Rules) == 0 && t.Updated.Before(before)
	})
	if len(set.Tickets) <= mostTickets {
		return set
	}
	open := func(t snapshot.Ticket) int {
		if t.Closed || len(t.Rules) == 0 {
			return 1
		}
		return 0
	}
	byWorth := slices.SortedStableFunc(slices.Values(set.Tickets), func(a, b snapshot.Ticket) int {
		return cmp.Or(cmp.Compare(open(a), open(b)), b.Updated.Compare(a.Updated), cmp.Compare(a.Number, b.Number))
	})
	for _, t := range byWorth[mostTickets:] {
		if open(t) == 0 && set.Unseen >= 0 {
			set.Unseen++
		}
	}
	set.Tickets = byWorth[:mostTickets]
	slices.SortFunc(set.Tickets, func(a, b snapshot.Ticket) int { return cmp.Compare(a.Number, b.Number) })
	return set
}

// ticket is an issue as it is kept, with the rules that it matches.
func (s Tickets) ticket(t repo.Ticket) snapshot.Ticket {
	out := snapshot.Ticket{
		Repository: s.Repository, Number: t.Number, Title: t.Title, URL: t.URL, Author: t.Author, Closed: t.Closed, StateReason: t.StateReason,
		Labels: slices.Sorted(slices.Values(t.Labels)), Milestone: t.Milestone, Created: t.Created.UTC(), Updated: t.Updated.UTC(), Comments: t.Comments,
	}
	if t.Closed {
		out.ClosedAt = t.ClosedAt.UTC()
	}
	for _, r := range s.Rules {
		if r.matches(t) {
			out.Rules = append(out.Rules, r.Name)
		}
	}
	slices.Sort(out.Rules)
	return out
}

// matches reports whether all that a rule gives holds of an issue.
func (r TicketRule) matches(t repo.Ticket) bool {
	has := func(label string) bool {
		return slices.ContainsFunc(t.Labels, func(l string) bool { return strings.EqualFold(l, label) })
	}
	switch {
	case slices.ContainsFunc(r.Labels, func(l string) bool { return !has(l) }):
	case len(r.SIGs) > 0 && !slices.ContainsFunc(r.SIGs, func(sig string) bool { return has(sigLabel(sig)) }):
	case r.Milestone != "" && !strings.EqualFold(r.Milestone, t.Milestone):
	case r.Author != "" && !strings.EqualFold(r.Author, t.Author):
	case len(r.Words) > 0 && !slices.ContainsFunc(r.Words, func(w string) bool { return says(t.Title, w) }):
	default:
		return true
	}
	return false
}

// says reports whether a text has a word or phrase, in whatever case, that does not go on on either side.
func says(text, phrase string) bool {
	text, phrase = strings.ToLower(text), strings.ToLower(strings.TrimSpace(phrase))
	if phrase == "" {
		return false
	}
	within := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	for from := 0; ; {
		i := strings.Index(text[from:], phrase)
		if i < 0 {
			return false
		}
		begin, end := from+i, from+i+len(phrase)
		before, _ := utf8.DecodeLastRuneInString(text[:begin])
		after, _ := utf8.DecodeRuneInString(text[end:])
		first, _ := utf8.DecodeRuneInString(phrase)
		last, _ := utf8.DecodeLastRuneInString(phrase)
		goesOn := within(first) && within(before) || within(last) && within(after)
		if !goesOn {
			return true
		}
		_, size := utf8.DecodeRuneInString(text[begin:])
		from = begin + size
	}
}
