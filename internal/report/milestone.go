package report

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// milestoneSections tells the changes of the release cycle's dates, then those of milestones, then what moves in them
// all day.
func milestoneSections(u Upstream) []section {
	dates := section{heading: "Dates of the release cycle", brief: true}
	changed := section{heading: "Milestones", brief: true}
	progress := section{heading: "Milestones: progress", brief: true}
	set := map[string][]diff.Change{}
	var releases []string
	for _, c := range u.Changes {
		switch {
		case c.Mine:
		case c.Deadline != nil && c.Has(diff.CycleAdded):
			r := c.Deadline.After.Release
			if set[r] == nil {
				releases = append(releases, r)
			}
			set[r] = append(set[r], c)
		case c.Deadline != nil:
			dates.entries = append(dates.entries, deadlineEntry(u, c))
		case c.Milestone != nil && c.Rides:
			progress.entries = append(progress.entries, milestoneEntry(u, c))
		case c.Milestone != nil:
			changed.entries = append(changed.entries, milestoneEntry(u, c))
		}
	}
	for _, r := range releases {
		dates.entries = append(dates.entries, datesEntry(u, r, set[r]))
	}
	var out []section
	for _, s := range []section{dates, changed, progress} {
		if len(s.entries) > 0 {
			s.fold = len(s.entries) >= foldFrom
			out = append(out, s)
		}
	}
	return out
}

// milestoneEntry tells what became of a milestone, and how far it is.
func milestoneEntry(_ Upstream, c diff.Change) entry {
	m := c.Milestone.Newest()
	e := entry{gates: 1, id: m.Title, about: milestoneWords(c), why: whyMine(c)}
	if c.Variant != "" {
		e.id = short(m.Title, maxName-20) + " (" + c.Variant + ")"
	}
	if w := progressWords(*c.Milestone); w != "" {
		if e.change = say(w); len(e.about) == 0 {
			e.about, e.change = e.change, nil
		}
	}
	if m.URL != "" && c.Milestone.After != nil {
		e.proof = append(e.proof, linkTo("milestone", m.URL))
	}
	return e
}

// milestoneWords tells all but the progress.
func milestoneWords(c diff.Change) phrase {
	b, a := c.Milestone.Before, c.Milestone.After
	if a == nil {
		return say("It was deleted.")
	}
	var out []string
	closed := "Closed"
	if !a.ClosedAt.IsZero() {
		closed += " on " + longDay(a.ClosedAt)
	}
	switch {
	case c.Has(diff.MilestoneOpened) && c.Has(diff.MilestoneClosed):
		out = append(out, "New, and closed already.")
	case c.Has(diff.MilestoneClosed):
		out = append(out, closed+".")
	case c.Has(diff.MilestoneReopened):
		out = append(out, "Open again.")
	case c.Has(diff.MilestoneOpened) && a.Due.IsZero():
		out = append(out, "New, without a due date.")
	case c.Has(diff.MilestoneOpened):
		out = append(out, "New, due "+longDay(a.Due)+".")
	}
	if c.Has(diff.MilestoneDueChanged) {
		switch {
		case a.Due.IsZero():
			out = append(out, "It has no due date any more (was "+longDay(b.Due)+").")
		case b.Due.IsZero():
			out = append(out, "It is due "+longDay(a.Due)+" (had no due date).")
		default:
			out = append(out, "It is due "+longDay(a.Due)+", "+apart(b.Due, a.Due)+" (was "+longDay(b.Due)+").")
		}
	}
	p := say(strings.Join(out, " "))
	if c.Has(diff.MilestoneRenamed) {
		if len(p) > 0 {
			p = say(p, " ")
		}
		p = say(p, "It was called ", name(b.Title), ".")
	}
	return p
}

// progressWords is "1,132 of 1,140 closed, 34 since last told."
func progressWords(m diff.MilestoneChange) string {
	b, a := m.Before, m.After
	if a == nil {
		a = b
	}
	all := a.OpenIssues + a.ClosedIssues
	if all == 0 {
		return ""
	}
	words := thousands(a.ClosedIssues) + " of " + thousands(all) + " closed"
	if b != nil && m.After != nil {
		switch n := a.ClosedIssues - b.ClosedIssues; {
		case n > 0:
			words += ", " + thousands(n) + " since last told"
		case n < 0:
			words += ", " + thousands(-n) + " fewer than last told"
		}
		if n := all - b.OpenIssues - b.ClosedIssues; n > 0 {
			words += "; " + thousands(n) + " came in"
		} else if n < 0 {
			words += "; " + thousands(-n) + " were taken out"
		}
	}
	return words + "."
}

// deadlineEntry tells of a date that moved or is gone.
func deadlineEntry(u Upstream, c diff.Change) entry {
	d := c.Deadline.Newest()
	return entry{gates: 1, id: deadlineName(*d), about: say(deadlineWords(*c.Deadline)), why: whyMine(c), proof: deadlineProof(u, *c.Deadline)}
}

// deadlineName is "Code Freeze 1.37".
func deadlineName(d snapshot.Deadline) string {
	return strings.TrimSpace(short(d.Name, 60) + " " + version(d.Release))
}

func deadlineWords(dc diff.DeadlineChange) string {
	b, a := dc.Before, dc.After
	switch {
	case a == nil:
		return "It has no date any more (was " + whenWords(*b) + ")."
	case b == nil:
		return "It is on " + whenWords(*a) + "."
	}
	return "It is on " + whenWords(*a) + ", " + apart(b.At, a.At) + " (was " + whenWords(*b) + ")."
}

// datesEntry tells the new dates of a release in one line.
func datesEntry(u Upstream, release string, changes []diff.Change) entry {
	changes = slices.Clone(changes)
	slices.SortStableFunc(changes, func(a, b diff.Change) int {
		return cmp.Or(a.Deadline.After.At.Compare(b.Deadline.After.At), cmp.Compare(a.ID, b.ID))
	})
	var list []string
	for _, c := range changes {
		list = append(list, short(c.Deadline.After.Name, 60)+" on "+whenWords(*c.Deadline.After))
	}
	e := entry{gates: len(changes), id: version(release), about: say("New: " + strings.Join(list, "; ") + "."), proof: deadlineProof(u, *changes[0].Deadline)}
	if release == "" {
		e.id = "The cycle"
	}
	return e
}

// deadlineProof leads to the line that says so.
func deadlineProof(u Upstream, dc diff.DeadlineChange) []span {
	d := dc.Newest()
	for _, s := range u.Sections {
		if s.Source != snapshot.SectionCycle {
			continue
		}
		sha, label := s.To.SHA, "schedule"
		if dc.After == nil {
			sha, label = s.From.SHA, "schedule (before)"
		}
		return []span{linkTo(label, blobURL(s.WebURL, sha, d.File, d.Line))}
	}
	return nil
}

// nextDue says in one sentence what is due next: the first date of the release cycle that is to come, else the first
// milestone. Nothing where the time is not known, or nothing is to come.
func nextDue(ahead diff.Ahead, now time.Time) phrase {
	if now.IsZero() {
		return nil
	}
	today := dayOf(now)
	var next []snapshot.Deadline
	for _, d := range ahead.Deadlines {
		passed := d.Day && d.At.Before(today) || !d.Day && d.At.Before(now)
		switch {
		case passed:
		case len(next) == 0 || d.At.Before(next[0].At):
			next = []snapshot.Deadline{d}
		case d.At.Equal(next[0].At) && d.Release == next[0].Release:
			next = append(next, d)
		}
	}
	if len(next) > 0 {
		var list []string
		for _, d := range next {
			list = append(list, short(d.Name, 60))
		}
		of := ""
		if r := version(next[0].Release); r != "" {
			of = " for " + r
		}
		return say("Next: " + strings.Join(list, " and ") + of + " " + inDays(today, next[0].At) + ", " + longDay(next[0].At) + ".")
	}
	var first *snapshot.Milestone
	for i, m := range ahead.Milestones {
		if !m.Due.Before(today) && (first == nil || m.Due.Before(first.Due)) {
			first = &ahead.Milestones[i]
		}
	}
	if first == nil {
		return nil
	}
	return say("Next: milestone ", name(first.Title), " is due "+inDays(today, first.Due)+", "+longDay(first.Due)+".")
}

func dayOf(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// inDays is how far a day is from today.
func inDays(today, t time.Time) string {
	switch n := int(dayOf(t).Sub(today).Hours() / 24); n {
	case 0:
		return "today"
	case 1:
		return "tomorrow"
	default:
		return "in " + strconv.Itoa(n) + " days"
	}
}

// apart is how far a date moved.
func apart(from, to time.Time) string {
	switch n := int(dayOf(to).Sub(dayOf(from)).Hours() / 24); {
	case n > 0:
		return count(n, "day later", "days later")
	case n < 0:
		return count(-n, "day earlier", "days earlier")
	case to.After(from):
		return "later that day"
	}
	return "earlier that day"
}

func longDay(t time.Time) string { return t.UTC().Format("2 January 2006") }

// whenWords is a deadline's date, with the time of day where it is known.
func whenWords(d snapshot.Deadline) string {
	if d.Day {
		return longDay(d.At)
	}
	return longDay(d.At) + ", " + d.At.UTC().Format("15:04") + " UTC"
}

// thousands is a number with a comma at every third digit.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// milestoneDocument is a milestone as it is printed.
type milestoneDocument struct {
	Number       int    `json:"number"`
	Title        string `json:"title"`
	URL          string `json:"url"`
	State        string `json:"state"`     // "open", "closed"
	Due          string `json:"due"`       // a day; ""
	ClosedAt     string `json:"closed_at"` // RFC 3339, UTC; ""
	OpenIssues   int    `json:"open_issues"`
	ClosedIssues int    `json:"closed_issues"`
}

// milestoneDocuments are the two sides of a change as they are printed in JSON; nil where there is none.
func milestoneDocuments(c diff.MilestoneChange) (before, after any) {
	of := func(m *snapshot.Milestone) any {
		if m == nil {
			return nil
		}
		d := milestoneDocument{Number: m.Number, Title: m.Title, URL: m.URL, State: "open", OpenIssues: m.OpenIssues, ClosedIssues: m.ClosedIssues}
		if m.Closed {
			d.State = "closed"
		}
		if !m.Due.IsZero() {
			d.Due = m.Due.UTC().Format(time.DateOnly)
		}
		if !m.ClosedAt.IsZero() {
			d.ClosedAt = m.ClosedAt.UTC().Format(time.RFC3339)
		}
		return d
	}
	return of(c.Before), of(c.After)
}

// deadlineDocument is a date of a release cycle as it is printed.
type deadlineDocument struct {
	Release string `json:"release"`
	Name    string `json:"name"`
	At      string `json:"at"` // RFC 3339, UTC; a day where only that is known
	File    string `json:"file"`
	Line    int    `json:"line"`
}

// deadlineDocuments are the like for dates.
func deadlineDocuments(c diff.DeadlineChange) (before, after any) {
	of := func(d *snapshot.Deadline) any {
		if d == nil {
			return nil
		}
		at := d.At.UTC().Format(time.RFC3339)
		if d.Day {
			at = d.At.UTC().Format(time.DateOnly)
		}
		return deadlineDocument{Release: d.Release, Name: d.Name, At: at, File: d.File, Line: d.Line}
	}
	return of(c.Before), of(c.After)
}
