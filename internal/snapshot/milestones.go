package snapshot

import (
	"cmp"
	"slices"
	"time"

	"github.com/upstream-digest/bot/internal/gate"
)

// MilestoneSet is the item set of the milestones source: the open ones, those closed last, and those that were among
// them before and are still there.
type MilestoneSet struct {
	Milestones []Milestone `json:"milestones"` // by number
	// Partial: there are more open ones than were listed.
	Partial bool `json:"partial,omitempty"`
}

// Milestone is one milestone of a repository. Its number stays when its title changes.
type Milestone struct {
	Number int    `json:"number"`
	Title  string `json:"title"` // "v1.37"
	URL    string `json:"url"`
	Closed bool   `json:"closed,omitempty"`
	// Due is midnight UTC of the day; zero: none.
	Due time.Time `json:"due,omitzero"`
	// ClosedAt is zero while it is open.
	ClosedAt time.Time `json:"closed_at,omitzero"`
	// OpenIssues and ClosedIssues, pull requests among them, move all day: they are told beside other news, and are no
	// news themselves.
	OpenIssues   int `json:"open_issues"`
	ClosedIssues int `json:"closed_issues"`
}

// CycleSet is the item set of the release cycle's dates.
type CycleSet struct {
	Deadlines []Deadline `json:"deadlines"` // by release, date and name
	// Releases are those whose files were looked for, whether they are there or not. Of another one nothing is known.
	Releases    []string          `json:"releases"`
	Diagnostics []gate.Diagnostic `json:"diagnostics,omitempty"`
	// Unread are deadlines whose dates could not be made out, and never were: "1.37 Code Freeze".
	Unread []string `json:"unread,omitempty"`
}

// Deadline is one date of a release cycle: "Code Freeze".
type Deadline struct {
	Release string    `json:"release"` // "1.37"
	Name    string    `json:"name"`
	At      time.Time `json:"at"`
	// Day says that only the day is known; At is midnight UTC then.
	Day  bool   `json:"day,omitempty"`
	File string `json:"file"` // where it stands
	Line int    `json:"line"`
}

// Key names a deadline.
func (d Deadline) Key() string { return d.Release + " " + d.Name }

func canonicalMilestones(set *MilestoneSet) *MilestoneSet {
	if set == nil {
		return nil
	}
	out := *set
	out.Milestones = slices.Clone(orEmpty(set.Milestones))
	for i := range out.Milestones {
		m := &out.Milestones[i]
		m.Due, m.ClosedAt = m.Due.UTC(), m.ClosedAt.UTC()
	}
	slices.SortStableFunc(out.Milestones, func(a, b Milestone) int { return cmp.Compare(a.Number, b.Number) })
	return &out
}

func canonicalCycle(set *CycleSet) *CycleSet {
	if set == nil {
		return nil
	}
	out := &CycleSet{
		Deadlines: slices.Clone(orEmpty(set.Deadlines)), Releases: slices.Clone(orEmpty(set.Releases)),
		Diagnostics: sortedDiagnostics(set.Diagnostics), Unread: slices.Sorted(slices.Values(set.Unread)),
	}
	for i := range out.Deadlines {
		out.Deadlines[i].At = out.Deadlines[i].At.UTC()
	}
	slices.Sort(out.Releases)
	slices.SortStableFunc(out.Deadlines, func(a, b Deadline) int {
		return cmp.Or(cmp.Compare(a.Release, b.Release), a.At.Compare(b.At), cmp.Compare(a.Name, b.Name))
	})
	return out
}
