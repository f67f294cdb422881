// Package diff compares two snapshots and says what changed, in typed changes.
//
// It is pure: two values in, one value out, the same bytes for permuted input. Gates are compared by
// the specs in force at each side's version, so a change of representation is no change.
package diff

import (
	"time"

	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/kep"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// Kind is one way in which an item changed. One change may have several kinds.
type Kind string

// The kinds of gate changes.
const (
	GateAdded               Kind = "gate.added"
	GatePromoted            Kind = "gate.promoted"
	GateDemoted             Kind = "gate.demoted"
	GateDeprecated          Kind = "gate.deprecated"
	GateDefaultChanged      Kind = "gate.default_changed"
	GateLocked              Kind = "gate.locked"
	GateUnlocked            Kind = "gate.unlocked"
	GateRemoved             Kind = "gate.removed"
	GateMoved               Kind = "gate.moved"
	GateRenamed             Kind = "gate.renamed"
	GateHistoryRewritten    Kind = "gate.history_rewritten"
	GateDependenciesChanged Kind = "gate.dependencies_changed"
	// GateScheduled: only specs above the compared version changed; nothing is in force yet.
	GateScheduled Kind = "gate.scheduled"
)

// The kinds of changes of proposals. Stage and milestones are what a proposal aims at, not what was shipped.
const (
	ProposalAdded      Kind = "proposal.added"
	ProposalStage      Kind = "proposal.stage"
	ProposalStatus     Kind = "proposal.status"
	ProposalRetargeted Kind = "proposal.retargeted"
	ProposalGates      Kind = "proposal.gates"
	ProposalMoved      Kind = "proposal.moved"
	ProposalRemoved    Kind = "proposal.removed"
)

// The kinds of changes of releases.
const (
	ReleasePublished Kind = "release.published"
	// ReleaseNotes: the notes of a release that was told without them are there now.
	ReleaseNotes Kind = "release.notes"
)

// Severity says how much a change asks of the reader.
type Severity string

// The kinds of changes of milestones and of the release cycle's dates.
const (
	MilestoneOpened     Kind = "milestone.opened"
	MilestoneClosed     Kind = "milestone.closed"
	MilestoneDueChanged Kind = "milestone.due_changed"
	MilestoneProgress   Kind = "milestone.progress"
)

// The kinds of changes of tickets.
const (
	TicketOpened   Kind = "ticket.opened"
	TicketClosed   Kind = "ticket.closed"
	TicketReopened Kind = "ticket.reopened"
	TicketActive   Kind = "ticket.active"
)

// The kinds of changes of watched paths.
const (
	PathChanged  Kind = "path.changed"
	PathVanished Kind = "path.vanished"
)

// FeedItem is a new entry of a feed, or one whose status changed.
const FeedItem Kind = "feed.item"

// The kinds of changes of documentation.
const (
	DocAdded   Kind = "doc.added"
	DocChanged Kind = "doc.changed"
)

// The severities, highest first.
const (
	Act  Severity = "act"  // something may break: do something
	Know Severity = "know" // worth knowing
	FYI  Severity = "fyi"  // the rest
)

// Change is one difference between two snapshots.
type Change struct {
	Upstream string `json:"upstream"`
	Source   string `json:"source"` // "gates", "releases", "proposals"
	Kinds    []Kind `json:"kinds"`  // in the order of the constants above
	// ID identifies the item within upstream and source: a gate's string, a release's tag, a proposal's number
	// (its path where it has none).
	ID       string   `json:"id"`
	Variant  string   `json:"variant"`
	Severity Severity `json:"severity"`
	// Why gives the reason of the severity in words: "removed although it was never locked".
	Why string `json:"why"`
	// Mine says that the reader's watch list names the item; MineBecause says by which entry.
	Mine        bool   `json:"mine"`
	MineBecause string `json:"mine_because,omitempty"`
	// Of these one is set, by Source.
	Gate      *GateChange      `json:"-"`
	Release   *ReleaseChange   `json:"-"`
	Proposal  *ProposalChange  `json:"-"`
	Milestone *MilestoneChange `json:"-"`
	Ticket    *TicketChange    `json:"-"`
	Path      *PathChange      `json:"-"`
	Feed      *FeedChange      `json:"-"`
	Doc       *DocChange       `json:"-"`
	// Rides: it is told beside other changes, and makes no digest by itself.
	Rides bool `json:"rides,omitempty"`
}

// Has reports whether the change is of kind k.
func (c Change) Has(k Kind) bool {
	for _, x := range c.Kinds {
		if x == k {
			return true
		}
	}
	return false
}

// GateChange is a gate before and after; nil where it does not exist on that side.
type GateChange struct {
	Before, After *gate.Gate
	// BeforeSpec and AfterSpec are the specs in force; nil where there is none.
	BeforeSpec, AfterSpec *gate.Spec
	// Scheduled are the specs above the new version that the reader has not been told of, ascending.
	Scheduled []gate.Spec
	// FromVersion and ToVersion are the versions the two sides stand for.
	FromVersion, ToVersion string
	// Notes are those of new releases that name the gate; Proposals those that list it.
	Notes     []GateNote
	Proposals []kep.Proposal
	// Relisted are the proposals that name another gate in the place of this one, or this one in the place of another.
	Relisted []Relisting
}

// Name is the gate's name on the newest side that has it.
func (g GateChange) Name() string {
	if g.After != nil {
		return g.After.Name
	}
	return g.Before.Name
}

// SectionResult says how one section compared.
type SectionResult struct {
	Source string `json:"source"`
	// Repository and WebURL are what was read: the upstream's own, or another.
	Repository string `json:"repository"`
	WebURL     string `json:"-"`
	// From and To are the commits its items were read at; From is empty for a baseline.
	From   Ref             `json:"from"`
	To     Ref             `json:"to"`
	Status snapshot.Status `json:"status"`
	Reason string          `json:"reason,omitempty"`
	// Baseline: there was nothing to compare with, so nothing is told but that it is watched now.
	Baseline bool `json:"baseline,omitempty"`
	// CurrentAt is when the new side was last known to be what upstream has; zero when not known.
	CurrentAt time.Time `json:"current_at,omitzero"`
	// Items is the number of items on the new side.
	Items int `json:"items"`
	// Diagnostics are what the new side's parser could not read.
	Diagnostics []gate.Diagnostic `json:"diagnostics,omitempty"`
}

// Ref is a commit with the name it was asked for by.
type Ref struct {
	Ref     string `json:"ref"`
	SHA     string `json:"sha"`
	Version string `json:"version"`
}

// UpstreamResult is what changed in one upstream.
type UpstreamResult struct {
	Upstream   string
	Repository string // "kubernetes/kubernetes"
	WebURL     string // "https://github.com/kubernetes/kubernetes"; links are built from it
	From, To   Ref
	Sections   []SectionResult // sorted by source
	Changes    []Change        // by severity, then source, then id
}
