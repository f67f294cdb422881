// Package snapshot is what upstream was at one moment: sections, one per source, each with typed
// items, a status and provenance.
//
// A section is stored once by a hash over its items (Hash). Commit, time, cost and object ids are
// provenance and stay outside the hash, so that a run which read the same things again stores nothing.
// A section that failed or was skipped carries the last good items: it compares as they are, so that a
// failure neither invents nor loses a change.
package snapshot

import (
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/gate"
)

// Status says how a section's items came to be.
type Status string

// The statuses. Failed and skipped sections hold the last good items, if there ever were any.
const (
	Complete Status = "complete" // read whole at this snapshot's commit
	Failed   Status = "failed"   // could not be read; Reason says why
	Carried  Status = "carried"  // not read because it was not asked for (--only)
	Skipped  Status = "skipped"  // deliberately not read; Reason: offline, anonymous, …
)

// The names of the sections. A new source adds a name.
const (
	SourceGates      = "gates"
	SourceReleases   = "releases"
	SourceNoteData   = "note-data"
	SourceProposals  = "proposals"
	SourceMilestones = "milestones"
	SourceTickets    = "tickets"
	SourcePaths      = "paths"
	SourceDocs       = "docs"
	// SourceFeeds is the source of all feeds. Each feed has a section of its own, named "feeds/NAME", so that one
	// that fails leaves the others whole.
	SourceFeeds = "feeds"
)

// SourceOf is the source that a section is of: what stands before the slash of its name.
func SourceOf(section string) string {
	source, _, _ := strings.Cut(section, "/")
	return source
}

// Snapshot is what all upstreams were at one moment.
type Snapshot struct {
	// Seq is the store's number for it, from 1; 0 until stored.
	Seq       int64      `json:"seq"`
	TakenAt   time.Time  `json:"taken_at"`
	Upstreams []Upstream `json:"upstreams"` // in configuration order
}

// Upstream is one tracked project at one commit.
type Upstream struct {
	Name       string    `json:"name"`       // "kubernetes"
	Repository string    `json:"repository"` // "kubernetes/kubernetes"
	WebURL     string    `json:"web_url"`    // "https://github.com/kubernetes/kubernetes"
	Ref        string    `json:"ref"`        // as asked for: "master", "v1.36.0", "HEAD"
	SHA        string    `json:"sha"`        // commit, 40 hex digits
	Version    string    `json:"version"`    // "1.37"; "" when it cannot be told
	Sections   []Section `json:"sections"`   // sorted by source
}

// Section is what one source read of one upstream.
type Section struct {
	Source string `json:"source"`
	Status Status `json:"status"`
	Reason string `json:"reason,omitempty"`
	// Repository is what was read; "" is the upstream's own.
	Repository string `json:"repository,omitempty"`
	// Parser is the number of the parser that made Items (gate.ParserVersion).
	Parser int `json:"parser"`
	// Ref, SHA and Version are those of the commit the items were read at. A carried or failed
	// section keeps those of its last good reading.
	Ref     string `json:"ref"`
	SHA     string `json:"sha"`
	Version string `json:"version"`
	// Watched are the object ids whose change makes a new reading necessary (folders, single files).
	// An absent path has an empty id.
	Watched []Object `json:"watched"`
	// Inputs are the files the items were parsed from, so that they can be read again by id.
	Inputs []Object  `json:"inputs"`
	ReadAt time.Time `json:"read_at"`
	// CurrentAt is when the items were last known to be what upstream has: a reading, or a look that found
	// the object ids unchanged. A failed, carried or skipped section keeps the time of its last good one.
	CurrentAt time.Time `json:"current_at,omitzero"`
	// Failing says that the source failed in so many runs in a row that somebody should look.
	Failing bool `json:"failing,omitempty"`
	// Setup is a fingerprint of the configuration the items were read with; "" where it was not kept. With
	// another one the same files may be read as other items.
	Setup string `json:"setup,omitempty"`
	Items Items  `json:"items"`
}

// Object is a path and the git object id it had.
type Object struct {
	Path string `json:"path"`
	OID  string `json:"oid"`
}

// Items holds the typed items of one section: exactly one field is set, the section's own. Nil means
// that nothing was ever read (no baseline yet).
type Items struct {
	Gates      *GateSet      `json:"gates,omitempty"`
	Releases   *ReleaseSet   `json:"releases,omitempty"`
	NoteData   *NoteDataSet  `json:"note_data,omitempty"`
	Proposals  *ProposalSet  `json:"proposals,omitempty"`
	Milestones *MilestoneSet `json:"milestones,omitempty"`
	Tickets    *TicketSet    `json:"tickets,omitempty"`
	Paths      *PathSet      `json:"paths,omitempty"`
	Feed       *FeedSet      `json:"feed,omitempty"`
	Docs       *DocSet       `json:"docs,omitempty"`
}

// Empty reports whether the section never held anything.
func (i Items) Empty() bool {
	return i == Items{}
}

// Count is the number of items, of whatever kind.
func (i Items) Count() int {
	switch {
	case i.Gates != nil:
		return len(i.Gates.Gates)
	case i.Releases != nil:
		return len(i.Releases.Releases)
	case i.NoteData != nil:
		return len(i.NoteData.Notes)
	case i.Proposals != nil:
		return len(i.Proposals.Proposals)
	case i.Milestones != nil:
		return len(i.Milestones.Milestones)
	case i.Tickets != nil:
		return len(i.Tickets.Tickets)
	case i.Paths != nil:
		return len(i.Paths.Paths)
	case i.Feed != nil:
		return len(i.Feed.Items)
	case i.Docs != nil:
		return len(i.Docs.Pages)
	}
	return 0
}

// GateSet is the item set of the gates source.
type GateSet struct {
	// Version is the version the commit stands for. It is part of the items because it decides which
	// specs are in force.
	Version     string            `json:"version"`
	Gates       []gate.Gate       `json:"gates"`
	Diagnostics []gate.Diagnostic `json:"diagnostics,omitempty"`
	// Unread are gates that are registered but could not be read and have no earlier reading.
	Unread []string `json:"unread,omitempty"`
}

// Upstream finds an upstream by name; the zero value where there is none, and of no snapshot.
func (s *Snapshot) Upstream(name string) Upstream {
	if s != nil {
		for _, u := range s.Upstreams {
			if u.Name == name {
				return u
			}
		}
	}
	return Upstream{}
}

// Section finds what a source read.
func (u Upstream) Section(source string) (Section, bool) {
	for _, s := range u.Sections {
		if s.Source == source {
			return s, true
		}
	}
	return Section{}, false
}
