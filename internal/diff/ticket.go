package diff

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/upstream-digest/bot/internal/snapshot"
)

// TicketChange is an issue before and after. Before is nil where nobody knew of it; After never is.
type TicketChange struct {
	Before, After *snapshot.Ticket
}

// Comments is how many comments came since it was last told of.
func (t TicketChange) Comments() int {
	if t.Before == nil {
		return 0
	}
	return t.After.Comments - t.Before.Comments
}

// Tickets compares two sets of issues. One that is no longer listed, or matches no rule any more, is no change: it may be
// deleted, moved to another repository, or have lost a label, and none of that closes it.
func Tickets(before, after snapshot.TicketSet) []Change {
	type key struct {
		repository string
		number     int
	}
	old := map[key]*snapshot.Ticket{}
	for i := range before.Tickets {
		t := &before.Tickets[i]
		old[key{strings.ToLower(t.Repository), t.Number}] = t
	}
	var out []Change
	seen := map[key]bool{}
	for i := range after.Tickets {
		t := &after.Tickets[i]
		k := key{strings.ToLower(t.Repository), t.Number}
		if len(t.Rules) == 0 || seen[k] {
			continue
		}
		seen[k] = true
		kinds := ticketKinds(before, old[k], *t)
		if len(kinds) == 0 {
			continue
		}
		c := Change{
			Source: snapshot.SourceTickets, Kinds: kinds, ID: fmt.Sprintf("%s#%d", t.Repository, t.Number),
			Ticket: &TicketChange{Before: old[k], After: t},
		}
		c.Severity, c.Why = ticketSeverity(c)
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.Ticket.After.Repository, b.Ticket.After.Repository), cmp.Compare(a.Ticket.After.Number, b.Ticket.After.Number))
	})
	return out
}

// ticketKinds says what happened to an issue that matches a rule now. Of one that was not known it goes by upstream's own
// times: what happened before the old reading is no news.
func ticketKinds(before snapshot.TicketSet, old *snapshot.Ticket, t snapshot.Ticket) []Kind {
	var kinds []Kind
	add := func(k Kind, when bool) {
		if when {
			kinds = append(kinds, k)
		}
	}
	if old == nil {
		known := before.Watermark
		if known.IsZero() || t.Closed && !t.ClosedAt.After(known) {
			return nil
		}
		// One that was opened just before has its labels since, or GitHub's list lagged.
		opened := t.Created.After(known.Add(-snapshot.TicketOverlap))
		add(TicketOpened, opened)
		add(TicketClosed, t.Closed)
		// Where the old reading did not have all, it may have matched all the time.
		add(TicketMatched, !opened && !t.Closed && before.Unseen == 0)
		return kinds
	}
	add(TicketClosed, !old.Closed && t.Closed)
	add(TicketReopened, old.Closed && !t.Closed)
	add(TicketActive, t.Comments-old.Comments >= snapshot.BusyFrom && len(old.Rules) > 0)
	add(TicketMatched, !t.Closed && len(old.Rules) == 0)
	return kinds
}

// The labels by which Kubernetes, and who uses its bots, mark what is worth knowing.
const (
	labelRegression = "kind/regression"
	labelUrgent     = "priority/critical-urgent"
)

func ticketSeverity(c Change) (Severity, string) {
	if !c.Has(TicketOpened) && !c.Has(TicketReopened) && !c.Has(TicketMatched) || c.Ticket.After.Closed {
		return FYI, ""
	}
	for _, x := range []struct{ label, why string }{{labelRegression, "it is a regression"}, {labelUrgent, "it is urgent"}} {
		if slices.ContainsFunc(c.Ticket.After.Labels, func(l string) bool { return strings.EqualFold(l, x.label) }) {
			return Know, x.why
		}
	}
	return FYI, ""
}

// ticketSIGs are the SIGs by an issue's labels.
func ticketSIGs(t snapshot.Ticket) []string {
	var out []string
	for _, l := range t.Labels {
		if sig, ok := strings.CutPrefix(strings.ToLower(l), "sig/"); ok {
			out = append(out, sig)
		}
	}
	return out
}

var kepInTitle = regexp.MustCompile(`(?i)(?:^|[^0-9a-z])kep[-\s#:]*0*([1-9][0-9]*)(?:[^0-9a-z]|$)`)

// matchTicket says whether an issue is watched: by a gate or a proposal that its title names, or by the SIG it is of. In
// kubernetes/enhancements an issue's own number is the proposal's.
func (w Watch) matchTicket(t snapshot.Ticket) (because string, ok bool) {
	words := strings.FieldsFunc(t.Title, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	// Some gates are called by a plain word, which in a sentence is none of them.
	named := func(gate string) bool {
		return slices.ContainsFunc(words, func(x string) bool {
			return strings.EqualFold(x, gate) && strings.ContainsFunc(x[1:], unicode.IsUpper)
		})
	}
	for _, s := range w.Settings {
		if named(s.Gate) {
			return SetIn + s.Where, true
		}
	}
	for _, g := range w.Gates {
		if named(g) {
			return "gate " + g, true
		}
	}
	keps := map[string]bool{}
	for _, m := range kepInTitle.FindAllStringSubmatch(t.Title, -1) {
		keps[m[1]] = true
	}
	if strings.HasSuffix(strings.ToLower(t.Repository), "/enhancements") {
		keps[fmt.Sprint(t.Number)] = true
	}
	for _, k := range w.KEPs {
		if keps[k] {
			return "KEP " + k, true
		}
	}
	for _, sig := range w.SIGs {
		if slices.ContainsFunc(ticketSIGs(t), func(x string) bool { return sameSIG(x, sig) }) {
			return "SIG " + sig, true
		}
	}
	return "", false
}
