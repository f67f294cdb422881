package diff_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/snapshot"
)

func dueOn(day int) time.Time { return time.Date(2026, 8, day, 0, 0, 0, 0, time.UTC) }

// mile makes a milestone; a closed one has no due date.
func mile(number int, title string, closed bool, change ...func(*snapshot.Milestone)) snapshot.Milestone {
	m := snapshot.Milestone{Number: number, Title: title, Closed: closed, OpenIssues: 3, ClosedIssues: 4}
	for _, f := range change {
		f(&m)
	}
	return m
}

func due(day int) func(*snapshot.Milestone) {
	return func(m *snapshot.Milestone) { m.Due = dueOn(day) }
}

func miles(ms ...snapshot.Milestone) snapshot.MilestoneSet {
	return snapshot.MilestoneSet{Milestones: ms}
}

func partial(set snapshot.MilestoneSet) snapshot.MilestoneSet {
	set.Partial = true
	return set
}

// toldOf is a line for each change: id, kinds, severity, and whether it only rides.
func toldOf(changes []diff.Change) string {
	var out []string
	for _, c := range changes {
		var kinds []string
		for _, k := range c.Kinds {
			kinds = append(kinds, string(k))
		}
		line := strings.TrimSpace(c.ID + " " + c.Variant + " " + strings.Join(kinds, "+") + " " + string(c.Severity))
		if c.Rides {
			line += " rides"
		}
		out = append(out, strings.ReplaceAll(line, "  ", " "))
	}
	return strings.Join(out, "\n")
}

func TestMilestones(t *testing.T) {
	more := func(m *snapshot.Milestone) { m.ClosedIssues++ }
	tests := []struct {
		name          string
		before, after snapshot.MilestoneSet
		want          string
	}{
		{"nothing", miles(mile(1, "v1.37", false)), miles(mile(1, "v1.37", false)), ""},
		{"progress rides", miles(mile(1, "v1.37", false)), miles(mile(1, "v1.37", false, more)), "v1.37 milestone.progress fyi rides"},
		{"progress of a closed one is nothing", miles(mile(1, "v1.37", true)), miles(mile(1, "v1.37", true, more)), ""},
		{"due moved", miles(mile(1, "next", false, due(1))), miles(mile(1, "next", false, due(2), more)), "next milestone.due_changed+milestone.progress know"},
		{"new", miles(mile(1, "v1.36", true)), miles(mile(1, "v1.36", true), mile(2, "next", false)), "next milestone.opened fyi"},
		{"new, of the release in work", miles(mile(1, "v1.36", true)), miles(mile(1, "v1.36", true), mile(2, "v1.37", false)), "v1.37 milestone.opened know"},
		{"closed", miles(mile(1, "next", false)), miles(mile(1, "next", true)), "next milestone.closed fyi"},
		{"closed, of the release that the branch has left", miles(mile(1, "v1.36", false)), miles(mile(1, "v1.36", true)), "v1.36 milestone.closed know"},
		{"closed, of a release to come", miles(mile(1, "v1.38", false)), miles(mile(1, "v1.38", true)), "v1.38 milestone.closed fyi"},
		{"new and closed already", miles(mile(1, "next", false)), miles(mile(1, "next", false), mile(2, "b", true)), "b milestone.opened+milestone.closed fyi"},
		{"an old one is listed again", miles(mile(5, "next", false)), miles(mile(3, "old", true), mile(5, "next", false)), ""},
		{"an old one is open again", miles(mile(5, "next", false)), miles(mile(3, "old", false), mile(5, "next", false)), "old milestone.reopened fyi"},
		{"where not all were listed, it may have been open", partial(miles(mile(5, "next", false))), miles(mile(3, "old", false), mile(5, "next", false)), ""},
		{"open again", miles(mile(5, "v1.37", true)), miles(mile(5, "v1.37", false)), "v1.37 milestone.reopened know"},
		{"deleted", miles(mile(5, "next", false)), miles(), "next milestone.removed fyi"},
		{"deleted, of the release in work", miles(mile(5, "v1.37", false)), miles(), "v1.37 milestone.removed know"},
		{"a closed one is not known any more", miles(mile(5, "next", true)), miles(), ""},
		{"renamed", miles(mile(5, "v1.37", false)), miles(mile(5, "1.37", false)), "1.37 milestone.renamed fyi"},
		{"two of a title", miles(mile(5, "v1.37", false)), miles(mile(5, "v1.37", true), mile(6, "v1.37", false)),
			"v1.37 number 5 milestone.closed know\nv1.37 number 6 milestone.opened know"},
	}
	for _, tt := range tests {
		if d := cmp.Diff(tt.want, toldOf(diff.Milestones(tt.before, tt.after, "1.36.2", "1.37"))); d != "" {
			t.Errorf("%s: (-want +got)\n%s", tt.name, d)
		}
	}
	if got := toldOf(diff.Milestones(miles(mile(1, "v1.37", false)), miles(mile(1, "v1.37", true)), "", "")); got != "v1.37 milestone.closed fyi" {
		t.Errorf("where no version is known: %s", got)
	}
}

func date(release, name string, day int) snapshot.Deadline {
	return snapshot.Deadline{Release: release, Name: name, At: dueOn(day), Day: true, File: "f", Line: day}
}

func exact(d snapshot.Deadline, hours int) snapshot.Deadline {
	d.At, d.Day = d.At.Add(time.Duration(hours)*time.Hour), false
	return d
}

func dates(releases string, ds ...snapshot.Deadline) snapshot.CycleSet {
	return snapshot.CycleSet{Releases: strings.Fields(releases), Deadlines: ds}
}

func TestDeadlines(t *testing.T) {
	code := date("1.37", "Code Freeze", 4)
	unread := func(set snapshot.CycleSet, keys ...string) snapshot.CycleSet {
		set.Unread = keys
		return set
	}
	tests := []struct {
		name          string
		before, after snapshot.CycleSet
		want          string
	}{
		{"nothing", dates("1.37", code), dates("1.37", code), ""},
		{"another line is nothing", dates("1.37", code), dates("1.37", func() snapshot.Deadline { d := code; d.Line = 99; return d }()), ""},
		{"moved", dates("1.37", code), dates("1.37", date("1.37", "Code Freeze", 6)), "1.37 Code Freeze cycle.moved know"},
		{"moved by hours", dates("1.37", exact(code, 2)), dates("1.37", exact(code, 12)), "1.37 Code Freeze cycle.moved know"},
		{"the time of the day is known now", dates("1.37", code), dates("1.37", exact(code, 36)), ""},
		{"and is not any more", dates("1.37", exact(code, 12)), dates("1.37", code), ""},
		{"the time of another day", dates("1.37", code), dates("1.37", exact(code, -2)), "1.37 Code Freeze cycle.moved know"},
		{"added", dates("1.37"), dates("1.37", code), "1.37 Code Freeze cycle.added know"},
		{"gone", dates("1.37", code), dates("1.37"), "1.37 Code Freeze cycle.removed know"},
		{"a release that nobody looked for", dates("1.36"), dates("1.36 1.37", code), ""},
		{"a release that nobody looks for any more", dates("1.36 1.37", code), dates("1.36"), ""},
		{"it can't be read", dates("1.37", code), unread(dates("1.37"), "1.37 Code Freeze"), ""},
		{"it can be read", unread(dates("1.37"), "1.37 Code Freeze"), dates("1.37", code), ""},
	}
	for _, tt := range tests {
		if d := cmp.Diff(tt.want, toldOf(diff.Deadlines(tt.before, tt.after))); d != "" {
			t.Errorf("%s: (-want +got)\n%s", tt.name, d)
		}
	}
}

func TestOrderOfMilestonesIsNoChange(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	shuffle := func(m snapshot.MilestoneSet, c snapshot.CycleSet) (snapshot.MilestoneSet, snapshot.CycleSet) {
		m.Milestones, c.Deadlines, c.Releases = slices.Clone(m.Milestones), slices.Clone(c.Deadlines), slices.Clone(c.Releases)
		rnd.Shuffle(len(m.Milestones), func(i, j int) { m.Milestones[i], m.Milestones[j] = m.Milestones[j], m.Milestones[i] })
		rnd.Shuffle(len(c.Deadlines), func(i, j int) { c.Deadlines[i], c.Deadlines[j] = c.Deadlines[j], c.Deadlines[i] })
		rnd.Shuffle(len(c.Releases), func(i, j int) { c.Releases[i], c.Releases[j] = c.Releases[j], c.Releases[i] })
		return m, c
	}
	some := func() (m snapshot.MilestoneSet, c snapshot.CycleSet) {
		c.Releases = []string{"1.36", "1.37"}
		for i := range 12 {
			if rnd.IntN(4) > 0 {
				m.Milestones = append(m.Milestones, mile(i+1, fmt.Sprintf("v1.%d", rnd.IntN(8)), rnd.IntN(2) == 0, due(1+rnd.IntN(3))))
				c.Deadlines = append(c.Deadlines, date(fmt.Sprintf("1.%d", 35+i%3), fmt.Sprintf("D%d", i), 1+rnd.IntN(3)))
			}
		}
		return m, c
	}
	for range 300 {
		am, ac := some()
		bm, bc := some()
		am2, ac2 := shuffle(am, ac)
		bm2, bc2 := shuffle(bm, bc)
		if c := append(diff.Milestones(am, am2, "1.37"), diff.Deadlines(ac, ac2)...); len(c) > 0 {
			t.Fatalf("with itself: %s", toldOf(c))
		}
		if d := cmp.Diff(toldOf(diff.Milestones(am, bm, "1.37")), toldOf(diff.Milestones(am2, bm2, "1.37"))); d != "" {
			t.Fatalf("order of input changes the result: %s", d)
		}
		if d := cmp.Diff(diff.Deadlines(ac, bc), diff.Deadlines(ac2, bc2)); d != "" {
			t.Fatalf("order of input changes the result: %s", d)
		}
	}
}
