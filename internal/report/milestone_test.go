package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/snapshot"
)

func inMarch(day int) time.Time { return time.Date(2026, 3, day, 0, 0, 0, 0, time.UTC) }

// milestoneChanges are changes of every form, all texts taken in turn.
func milestoneChanges(texts ...string) []diff.Change {
	n := 0
	text := func() string { n++; return texts[n%len(texts)] }
	m := func(number, open, closed int, f ...func(*snapshot.Milestone)) *snapshot.Milestone {
		x := &snapshot.Milestone{Number: number, Title: text(), URL: text(), OpenIssues: open, ClosedIssues: closed}
		for _, change := range f {
			change(x)
		}
		return x
	}
	due := func(d int) func(*snapshot.Milestone) { return func(x *snapshot.Milestone) { x.Due = inMarch(d) } }
	shut := func(x *snapshot.Milestone) { x.Closed, x.ClosedAt = true, inMarch(9) }
	d := func(day int, exact bool) *snapshot.Deadline {
		x := &snapshot.Deadline{Release: text(), Name: text(), At: inMarch(day), Day: !exact, File: text(), Line: day}
		if exact {
			x.At = x.At.Add(12 * time.Hour)
		}
		return x
	}
	mile := func(b, a *snapshot.Milestone, kinds ...diff.Kind) diff.Change {
		c := diff.Change{Upstream: "kubernetes", Source: snapshot.SourceMilestones, Kinds: kinds, Severity: diff.FYI, Milestone: &diff.MilestoneChange{Before: b, After: a}}
		c.ID, c.Rides = c.Milestone.Newest().Title, len(kinds) == 1 && kinds[0] == diff.MilestoneProgress
		return c
	}
	day := func(b, a *snapshot.Deadline, kind diff.Kind) diff.Change {
		c := diff.Change{Upstream: "kubernetes", Source: snapshot.SectionCycle, Kinds: []diff.Kind{kind}, Severity: diff.Know, Deadline: &diff.DeadlineChange{Before: b, After: a}}
		c.ID = c.Deadline.Newest().Key()
		return c
	}
	same := mile(m(9, 1, 1), m(9, 1, 1, due(20)), diff.MilestoneDueChanged)
	same.Variant = text()
	return []diff.Change{
		mile(nil, m(1, 0, 0), diff.MilestoneOpened),
		mile(nil, m(1, 4, 0, due(20)), diff.MilestoneOpened),
		mile(nil, m(1, 0, 4, shut), diff.MilestoneOpened, diff.MilestoneClosed),
		mile(m(2, 40, 1098), m(2, 8, 1132, shut), diff.MilestoneClosed, diff.MilestoneProgress),
		mile(m(3, 1, 1, shut), m(3, 2, 0), diff.MilestoneReopened, diff.MilestoneProgress),
		mile(m(4, 1, 2), nil, diff.MilestoneRemoved),
		mile(m(5, 1, 2, due(20)), m(5, 1, 2, due(19)), diff.MilestoneRenamed, diff.MilestoneDueChanged),
		mile(m(6, 1, 2, due(20)), m(6, 1, 2), diff.MilestoneDueChanged),
		same,
		mile(m(7, 40, 1098), m(7, 8, 1132), diff.MilestoneProgress),
		mile(m(8, 8, 1132), m(8, 38, 1102), diff.MilestoneProgress),
		day(nil, d(20, true), diff.CycleAdded),
		day(nil, d(25, false), diff.CycleAdded),
		day(d(20, true), d(22, true), diff.CycleMoved),
		day(d(20, true), d(19, false), diff.CycleMoved),
		day(d(20, false), nil, diff.CycleRemoved),
	}
}

func TestMilestoneWords(t *testing.T) {
	u := digestOf(milestoneChanges("T")).Upstreams[0]
	var got []string
	for _, s := range milestoneSections(u) {
		got = append(got, s.heading)
		for _, e := range s.entries {
			got = append(got, strings.TrimSpace("  "+e.id+": "+e.about.plain()+" "+e.change.plain()))
		}
	}
	want := strings.Split(`Dates of the release cycle
T T: It is on 22 March 2026, 12:00 UTC, 2 days later (was 20 March 2026, 12:00 UTC).
T T: It is on 19 March 2026, 1 day earlier (was 20 March 2026, 12:00 UTC).
T T: It has no date any more (was 20 March 2026).
T: New: T on 20 March 2026, 12:00 UTC; T on 25 March 2026.
Milestones
T: New, without a due date.
T: New, due 20 March 2026. 0 of 4 closed.
T: New, and closed already. 4 of 4 closed.
T: Closed on 9 March 2026. 1,132 of 1,140 closed, 34 since last told; 2 came in.
T: Open again. 0 of 2 closed, 1 fewer than last told.
T: It was deleted. 2 of 3 closed.
T: It is due 19 March 2026, 1 day earlier (was 20 March 2026). It was called T. 2 of 3 closed.
T: It has no due date any more (was 20 March 2026). 2 of 3 closed.
T (T): It is due 20 March 2026 (had no due date). 1 of 2 closed.
Milestones: progress
T: 1,132 of 1,140 closed, 34 since last told; 2 came in.
T: 1,102 of 1,140 closed, 30 fewer than last told.`, "\n")
	for i := range got {
		got[i] = strings.TrimSpace(got[i])
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if got := tallyOf(u.Changes).words(); got != "nothing to act on, 5 to know, 9 more" {
		t.Errorf("the tally counts what rides: %s", got)
	}
}

func TestNextDue(t *testing.T) {
	d := func(release, name string, day, hours int) snapshot.Deadline {
		return snapshot.Deadline{Release: release, Name: name, At: inMarch(day).Add(time.Duration(hours) * time.Hour), Day: hours == 0}
	}
	m := func(title string, day int) snapshot.Milestone {
		return snapshot.Milestone{Title: title, Due: inMarch(day)}
	}
	now := inMarch(12).Add(9 * time.Hour)
	for _, tt := range []struct {
		name  string
		ahead diff.Ahead
		now   time.Time
		want  string
	}{
		{"nothing", diff.Ahead{}, now, ""},
		{"the time is not known", diff.Ahead{Deadlines: []snapshot.Deadline{d("1.37", "Code Freeze", 24, 0)}}, time.Time{}, ""},
		{"the first to come", diff.Ahead{Deadlines: []snapshot.Deadline{d("1.37", "Release", 30, 0), d("1.37", "Enhancements Freeze", 11, 0), d("1.37", "Code Freeze", 24, 0)}}, now,
			"Next: Code Freeze for 1.37 in 12 days, 24 March 2026."},
		{"today is not over", diff.Ahead{Deadlines: []snapshot.Deadline{d("1.37", "Code Freeze", 12, 0)}}, now, "Next: Code Freeze for 1.37 today, 12 March 2026."},
		{"an hour that has passed", diff.Ahead{Deadlines: []snapshot.Deadline{d("1.37", "Code Freeze", 12, 8), d("1.37", "Test Freeze", 13, 2)}}, now,
			"Next: Test Freeze for 1.37 tomorrow, 13 March 2026."},
		{"two at once", diff.Ahead{Deadlines: []snapshot.Deadline{d("1.37", "Code Freeze", 24, 0), d("1.37", "Test Freeze", 24, 0)}}, now,
			"Next: Code Freeze and Test Freeze for 1.37 in 12 days, 24 March 2026."},
		{"all has passed, and a milestone is due", diff.Ahead{Deadlines: []snapshot.Deadline{d("1.37", "Code Freeze", 1, 0)}, Milestones: []snapshot.Milestone{m("late", 1), m("v1.38", 30), m("v1.37", 13)}}, now,
			"Next: milestone v1.37 is due tomorrow, 13 March 2026."},
		{"all has passed", diff.Ahead{Milestones: []snapshot.Milestone{m("late", 1)}}, now, ""},
		{"another zone's morning", diff.Ahead{Deadlines: []snapshot.Deadline{d("", "Code Freeze", 13, 0)}}, inMarch(12).Add(23 * time.Hour).In(time.FixedZone("", 9*3600)),
			"Next: Code Freeze tomorrow, 13 March 2026."},
	} {
		if got := nextDue(tt.ahead, tt.now).plain(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// Upstream's titles are read and do nothing, in every format; and the JSON obeys its schema.
func TestMilestonesAreHarmless(t *testing.T) {
	all := schemas(t)
	for _, a := range attacks() {
		d := digestOf(milestoneChanges(a.text, "Widget"))
		d.Upstreams[0].Sections = []diff.SectionResult{{Source: snapshot.SectionCycle, Status: snapshot.Complete, WebURL: "https://github.com/a/b", To: diff.Ref{SHA: newSHA}}}
		d.Upstreams[0].Ahead = diff.Ahead{Milestones: []snapshot.Milestone{{Title: a.text, Due: d.At.AddDate(0, 0, 3)}}}
		t.Run(a.name, func(t *testing.T) {
			checkDigest(t, d, DefaultBudget, 2000)
			b, err := JSON(d)
			if err != nil {
				t.Fatal(err)
			}
			valid(t, all, b)
		})
	}
}

// A digest of what only rides is none.
func TestWhatRidesIsNoNews(t *testing.T) {
	changes := milestoneChanges("T")
	riding := digestOf(changes[9:11])
	if !riding.Empty() || !riding.Riders() || digestOf(changes).Empty() || (Digest{}).Riders() {
		t.Error(fmt.Sprint(riding.Empty(), riding.Riders(), digestOf(changes).Empty()))
	}
	riding.Alerts = []Alert{{What: "x"}}
	if riding.Empty() || !strings.Contains(Title(riding), "the bot itself needs a look") {
		t.Errorf("an alert beside what rides: %s", Title(riding))
	}
}
