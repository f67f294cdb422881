package report

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// plainRule is a rule's name as the configuration takes it.
var plainRule = regexp.MustCompile(`^[a-z0-9-]{1,60}$`)

// ticketOrder is the order of what happened to issues within a rule.
var ticketOrder = []diff.Kind{diff.TicketOpened, diff.TicketReopened, diff.TicketMatched, diff.TicketActive, diff.TicketClosed}

// ticketSections tells of the issues that are not the reader's own, rule by rule: each once, by the first of its rules.
func ticketSections(u Upstream) []section {
	byRule := map[string][]diff.Change{}
	var rules []string
	for _, c := range u.Changes {
		if c.Ticket == nil || c.Mine {
			continue
		}
		rule := cmp.Or(c.Ticket.After.Rules...)
		if byRule[rule] == nil {
			rules = append(rules, rule)
		}
		byRule[rule] = append(byRule[rule], c)
	}
	slices.Sort(rules)
	var out []section
	for _, rule := range rules {
		changes := byRule[rule]
		slices.SortStableFunc(changes, func(a, b diff.Change) int {
			return cmp.Or(cmp.Compare(ticketRank(a), ticketRank(b)), cmp.Compare(b.Ticket.After.Number, a.Ticket.After.Number))
		})
		s := section{heading: "Tickets", brief: true, fold: len(changes) >= foldFrom}
		if plainRule.MatchString(rule) { // a heading is not neutralised
			s.heading += ": " + rule
		}
		for _, c := range changes {
			s.entries = append(s.entries, ticketEntry(u, c))
		}
		out = append(out, s)
	}
	return out
}

// ticketRank is the place of a change by the last thing that happened.
func ticketRank(c diff.Change) int {
	if c.Ticket.After.Closed {
		return len(ticketOrder)
	}
	return slices.IndexFunc(ticketOrder, c.Has)
}

// ticketEntry tells what happened to an issue.
func ticketEntry(u Upstream, c diff.Change) entry {
	t := c.Ticket.After
	// GitHub takes a title for plain text, so it is none of upstream's Markdown: a link in it is no link.
	e := entry{gates: 1, id: ticketName(u, *t), about: say(sentence(short(t.Title, 200))), change: ticketWords(c), why: whyMine(c)}
	if t.URL != "" {
		e.proof = append(e.proof, linkTo("issue "+strconv.Itoa(t.Number), t.URL))
	}
	return e
}

// ticketName is "#12" in the upstream's own repository, "kubernetes/enhancements#12" elsewhere.
func ticketName(u Upstream, t snapshot.Ticket) string {
	if strings.EqualFold(t.Repository, u.Repository) {
		return "#" + strconv.Itoa(t.Number)
	}
	return t.Repository + "#" + strconv.Itoa(t.Number)
}

// ticketWords says what happened, when, and whom it is with.
func ticketWords(c diff.Change) phrase {
	t, b := c.Ticket.After, c.Ticket.Before
	day := ticketDay
	var out string
	switch {
	case c.Has(diff.TicketOpened) && c.Has(diff.TicketClosed):
		out = "Opened on " + day(t.Created) + ", " + closedWords(*t) + "."
	case c.Has(diff.TicketOpened):
		out = "Opened on " + day(t.Created) + "."
	case c.Has(diff.TicketClosed):
		out = upper(closedWords(*t)) + "."
	case c.Has(diff.TicketReopened):
		out = "Open again; it was " + closedWords(*b) + "."
	case c.Has(diff.TicketMatched) && t.StateReason == "reopened":
		out = "New on this list: opened on " + day(t.Created) + ", closed once and opened again."
	case c.Has(diff.TicketMatched):
		out = "New on this list: opened on " + day(t.Created) + "."
	}
	if c.Has(diff.TicketActive) {
		out = strings.TrimSpace(out + " Unusually active: " + count(c.Ticket.Comments(), "new comment", "new comments") + ", " + strconv.Itoa(t.Comments) + " in all.")
	}
	var with []string
	for _, l := range t.Labels {
		if sig, ok := strings.CutPrefix(strings.ToLower(l), "sig/"); ok && len(with) < 3 {
			with = append(with, "SIG "+short(sig, 40))
		}
	}
	if t.Milestone != "" {
		with = append(with, "milestone "+short(t.Milestone, 40))
	}
	if len(with) > 0 {
		out += " " + strings.Join(with, ", ") + "."
	}
	return say(out)
}

func closedWords(t snapshot.Ticket) string {
	how := ""
	switch t.StateReason {
	case "completed":
		how = " as completed"
	case "not_planned":
		how = " as not planned"
	case "duplicate":
		how = " as a duplicate"
	}
	return "closed" + how + " on " + ticketDay(t.ClosedAt)
}

// ticketDocument is an issue as it is printed.
type ticketDocument struct {
	Repository  string   `json:"repository"`
	Number      int      `json:"number"`
	Title       string   `json:"title"`
	URL         string   `json:"url"`
	Author      string   `json:"author"`
	State       string   `json:"state"`
	StateReason string   `json:"state_reason"`
	Labels      []string `json:"labels"`
	Milestone   string   `json:"milestone"`
	CreatedAt   string   `json:"created_at"`
	UpdatedAt   string   `json:"updated_at"`
	ClosedAt    string   `json:"closed_at"`
	Comments    int      `json:"comments"`
	Rules       []string `json:"rules"`
}

// ticketDocuments are the two sides of a change as they are printed in JSON; nil where there is none.
func ticketDocuments(c diff.TicketChange) (before, after any) {
	of := func(t *snapshot.Ticket) any {
		if t == nil {
			return nil
		}
		d := ticketDocument{
			Repository: t.Repository, Number: t.Number, Title: t.Title, URL: t.URL, Author: t.Author, State: "open", StateReason: t.StateReason,
			Labels: list(t.Labels), Milestone: t.Milestone, CreatedAt: ticketTime(t.Created), UpdatedAt: ticketTime(t.Updated),
			ClosedAt: ticketTime(t.ClosedAt), Comments: t.Comments, Rules: list(t.Rules),
		}
		if t.Closed {
			d.State = "closed"
		}
		return d
	}
	return of(c.Before), of(c.After)
}

// ticketDay is a day of an issue's life.
func ticketDay(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// ticketTime is RFC 3339 in UTC, "" for none.
func ticketTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
