package snapshot

import (
	"cmp"
	"slices"
	"time"
)

// MilestoneSet is the item set of the milestones source.
type MilestoneSet struct {
	Milestones []Milestone `json:"milestones"`          // by number
	Deadlines  []Deadline  `json:"deadlines,omitempty"` // of the release cycle, by release, date and name
}

// Milestone is one milestone of a repository.
type Milestone struct {
	Number int       `json:"number"`
	Title  string    `json:"title"` // "v1.37"
	URL    string    `json:"url"`
	Closed bool      `json:"closed,omitempty"`
	Due    time.Time `json:"due,omitzero"` // zero: none
	// ClosedAt is zero while it is open.
	ClosedAt time.Time `json:"closed_at,omitzero"`
	// OpenIssues and ClosedIssues move all day: they are told beside other news, and are no news themselves.
	OpenIssues   int `json:"open_issues"`
	ClosedIssues int `json:"closed_issues"`
}

// Deadline is one date of a release cycle: "Code Freeze".
type Deadline struct {
	Release string    `json:"release"` // "1.37"
	Name    string    `json:"name"`
	At      time.Time `json:"at"`
	// Day says that only the day is known.
	Day  bool   `json:"day,omitempty"`
	File string `json:"file"` // where it stands
	Line int    `json:"line"`
}

func canonicalMilestones(set *MilestoneSet) *MilestoneSet {
	if set == nil {
		return nil
	}
	out := &MilestoneSet{Milestones: slices.Clone(orEmpty(set.Milestones)), Deadlines: slices.Clone(set.Deadlines)}
	for i := range out.Milestones {
		m := &out.Milestones[i]
		m.Due, m.ClosedAt = m.Due.UTC(), m.ClosedAt.UTC()
	}
	for i := range out.Deadlines {
		out.Deadlines[i].At = out.Deadlines[i].At.UTC()
	}
	slices.SortStableFunc(out.Milestones, func(a, b Milestone) int { return cmp.Compare(a.Number, b.Number) })
	slices.SortStableFunc(out.Deadlines, func(a, b Deadline) int {
		return cmp.Or(cmp.Compare(a.Release, b.Release), a.At.Compare(b.At), cmp.Compare(a.Name, b.Name))
	})
	return out
}
