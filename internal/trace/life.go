package trace

import (
	"slices"

	"github.com/upstream-digest/bot/internal/gate"
)

// Role is what a step did to a gate.
type Role string

// The roles. One step may have several: promoted, switched on and locked in one release.
const (
	Introduced Role = "introduced"
	Promoted   Role = "promoted"
	Demoted    Role = "demoted"
	Flipped    Role = "flipped"
	Locked     Role = "locked"
	Unlocked   Role = "unlocked"
	Removed    Role = "removed"
)

// Subject is a gate as far as it is known without asking whose work it was.
type Subject struct {
	Gate string
	// Former are other names it had.
	Former []string
	Steps  []Step // oldest first
	// Latest is the newest release that is known: what is said of later ones is a plan.
	Latest string
}

// Step is what a release made of a gate.
type Step struct {
	Roles   []Role
	Stage   gate.Stage // "" where it was removed
	Default bool
	Locked  bool
	// Stated says that Default and Locked are known, and not only the stage.
	Stated bool
	// Version is the minor, "1.21"; "" where it is only known to have been so in the oldest release.
	Version string
	// Source says where this is known from: "embedded table", "keps/…/README.md:120".
	Source string
}

// Has reports whether the step did that.
func (s Step) Has(r Role) bool { return slices.Contains(s.Roles, r) }

// names are the words that mean the gate.
func (s Subject) names(word string) bool { return word == s.Gate || slices.Contains(s.Former, word) }

// Life is a gate's way with the evidence for it.
type Life struct {
	Gate    string
	Former  []string
	KEPs    []Link
	Stages  []Stage // oldest first
	Tickets []Link
	Notes   []Link
	Docs    []Link
}

// Stage is a step and the pull requests that made it, the most likely first.
type Stage struct {
	Step
	PRs []Link
}

// Link is one target with all that speaks for it. Its own fields are the surest reason's; its confidence is
// what the reasons come to together.
type Link struct {
	Evidence
	Also []Reason `json:"also,omitempty"`
}

// Reason is one more rule that found the same target.
type Reason struct {
	Rule       string     `json:"rule"`
	Source     string     `json:"source"`
	Confidence Confidence `json:"confidence"`
}

// Claim is what a rule believes.
type Claim struct {
	What What `json:"what"`
	// Role, Stage and Version say which step a pull request made; empty where the rule can't tell.
	Role    Role       `json:"role,omitempty"`
	Stage   gate.Stage `json:"stage,omitempty"`
	Version string     `json:"version,omitempty"`
	Evidence
}

// What is the kind of a claim's target.
type What string

// The kinds of targets.
const (
	ToProposal What = "proposal"
	ToPull     What = "pull"
	ToTicket   What = "ticket"
	ToNote     What = "note"
	ToDocs     What = "docs"
)
