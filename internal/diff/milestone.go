package diff

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// MilestoneChange is a milestone before and after; nil where it does not exist on that side, or was not known.
type MilestoneChange struct {
	Before, After *snapshot.Milestone
}

// Newest is the newest side that there is.
func (m MilestoneChange) Newest() *snapshot.Milestone {
	if m.After != nil {
		return m.After
	}
	return m.Before
}

// DeadlineChange is a date of a release cycle before and after; nil where there is none on that side.
type DeadlineChange struct {
	Before, After *snapshot.Deadline
}

// Newest is the newest side that there is.
func (d DeadlineChange) Newest() *snapshot.Deadline {
	if d.After != nil {
		return d.After
	}
	return d.Before
}

// Ahead is what is known of the time to come.
type Ahead struct {
	Milestones []snapshot.Milestone // open ones with a due date
	Deadlines  []snapshot.Deadline
}

func (a *Ahead) add(items snapshot.Items) {
	if items.Milestones != nil {
		for _, m := range items.Milestones.Milestones {
			if !m.Closed && !m.Due.IsZero() {
				a.Milestones = append(a.Milestones, m)
			}
		}
	}
	if items.Cycle != nil {
		a.Deadlines = append(a.Deadlines, items.Cycle.Deadlines...)
	}
}

// Milestones compares two sets of milestones, by number: titles change, and may be given anew. versions are those of the
// upstream on both sides; the milestone of a release that is in work is worth more.
//
// The sets hold the open milestones and some of the closed. So one that is only in the new set is new where its number
// is above all that were known; else it was closed already, and is news only where it is open now. One that is only in
// the old set was deleted: what is merely no longer listed is still in the new one.
func Milestones(before, after snapshot.MilestoneSet, versions ...string) []Change {
	old := map[int]*snapshot.Milestone{}
	highest := 0
	for i := range before.Milestones {
		m := &before.Milestones[i]
		old[m.Number], highest = m, max(highest, m.Number)
	}
	titles := map[string]map[int]bool{}
	for _, m := range slices.Concat(before.Milestones, after.Milestones) {
		if titles[m.Title] == nil {
			titles[m.Title] = map[int]bool{}
		}
		titles[m.Title][m.Number] = true
	}
	var out []Change
	add := func(b, a *snapshot.Milestone, kinds ...Kind) {
		mc := &MilestoneChange{Before: b, After: a}
		m := mc.Newest()
		c := Change{Source: snapshot.SourceMilestones, Kinds: kinds, ID: m.Title, Milestone: mc}
		if len(titles[m.Title]) > 1 {
			c.Variant = "number " + strconv.Itoa(m.Number)
		}
		c.Rides = len(kinds) == 1 && kinds[0] == MilestoneProgress
		c.Severity, c.Why = milestoneSeverity(c, versions)
		out = append(out, c)
	}
	seen := map[int]bool{}
	for i := range after.Milestones {
		m := &after.Milestones[i]
		seen[m.Number] = true
		b := old[m.Number]
		switch {
		case b != nil:
			if kinds := milestoneKinds(*b, *m); len(kinds) > 0 {
				add(b, m, kinds...)
			}
		case m.Number > highest && m.Closed:
			add(nil, m, MilestoneOpened, MilestoneClosed)
		case m.Number > highest:
			add(nil, m, MilestoneOpened)
		case !m.Closed && !before.Partial:
			add(nil, m, MilestoneReopened)
		}
	}
	for i := range before.Milestones {
		if m := &before.Milestones[i]; !seen[m.Number] && !m.Closed {
			add(m, nil, MilestoneRemoved)
		}
	}
	slices.SortFunc(out, func(a, b Change) int { return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Variant, b.Variant)) })
	return out
}

func milestoneKinds(b, a snapshot.Milestone) []Kind {
	var kinds []Kind
	add := func(k Kind, when bool) {
		if when {
			kinds = append(kinds, k)
		}
	}
	add(MilestoneClosed, !b.Closed && a.Closed)
	add(MilestoneReopened, b.Closed && !a.Closed)
	add(MilestoneRenamed, b.Title != a.Title)
	add(MilestoneDueChanged, !b.Due.Equal(a.Due))
	moved := b.OpenIssues != a.OpenIssues || b.ClosedIssues != a.ClosedIssues
	// What moves in a closed milestone is told by nobody: it is done.
	add(MilestoneProgress, moved && (!a.Closed || !b.Closed))
	return kinds
}

func milestoneSeverity(c Change, versions []string) (Severity, string) {
	if c.Rides {
		return FYI, ""
	}
	in := inWork(*c.Milestone, versions)
	switch {
	case c.Has(MilestoneDueChanged):
		return Know, "its due date moved"
	case in && c.Has(MilestoneRemoved):
		return Know, "it is the release in work, and was deleted"
	case in && (c.Has(MilestoneOpened) || c.Has(MilestoneClosed) || c.Has(MilestoneReopened)):
		return Know, "it is the release in work"
	}
	return FYI, ""
}

// inWork reports whether a milestone is that of a release upstream works at: that of its version, or the one before, which
// is out only weeks after the branch stands for the next.
func inWork(m MilestoneChange, versions []string) bool {
	for _, v := range versions {
		var major, minor int
		if _, err := fmt.Sscanf(gate.MinorOf(v), "%d.%d", &major, &minor); err != nil {
			continue
		}
		title := strings.TrimPrefix(m.Newest().Title, "v")
		if title == fmt.Sprintf("%d.%d", major, minor) || title == fmt.Sprintf("%d.%d", major, minor-1) {
			return true
		}
	}
	return false
}

// Deadlines compares two sets of dates of release cycles. Of a release that was looked for on one side only nothing is
// told: its dates may have been there before, or are there still.
func Deadlines(before, after snapshot.CycleSet) []Change {
	pairs := map[string]*DeadlineChange{}
	at := func(key string) *DeadlineChange {
		if pairs[key] == nil {
			pairs[key] = &DeadlineChange{}
		}
		return pairs[key]
	}
	for i := range before.Deadlines {
		d := &before.Deadlines[i]
		at(d.Key()).Before = d
	}
	for i := range after.Deadlines {
		d := &after.Deadlines[i]
		at(d.Key()).After = d
	}
	var out []Change
	for key, dc := range pairs {
		release := dc.Newest().Release
		if !slices.Contains(before.Releases, release) || !slices.Contains(after.Releases, release) {
			continue
		}
		c := Change{Source: snapshot.SectionCycle, ID: key, Severity: Know, Deadline: dc}
		switch {
		case dc.Before == nil && slices.Contains(before.Unread, key), dc.After == nil && slices.Contains(after.Unread, key):
			continue // it is there on that side, we just can't read it
		case dc.Before == nil:
			c.Kinds, c.Why = []Kind{CycleAdded}, "a date of the release cycle is set"
		case dc.After == nil:
			c.Kinds, c.Why = []Kind{CycleRemoved}, "a date of the release cycle is gone"
		case dc.Before.Day == dc.After.Day && dc.Before.At.Equal(dc.After.At), moreExact(*dc.Before, *dc.After), moreExact(*dc.After, *dc.Before):
			continue
		default:
			c.Kinds, c.Why = []Kind{CycleMoved}, "a date of the release cycle moved"
		}
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b Change) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// moreExact: b says a moment of the day that a says, or right after it. A day may end when it ends everywhere on Earth.
func moreExact(a, b snapshot.Deadline) bool {
	apart := b.At.Sub(a.At)
	return a.Day && !b.Day && apart >= 0 && apart <= 36*time.Hour
}
