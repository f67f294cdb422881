package snapshot

import (
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/kep"
)

// ProposalSet is the item set of the proposals source.
type ProposalSet struct {
	Proposals []kep.Proposal `json:"proposals"` // by path
	// Diagnostics tell of files that could not be read, or not as they stand.
	Diagnostics []gate.Diagnostic `json:"diagnostics,omitempty"`
	// Unread are the paths of proposals that are there, could not be read, and have no earlier reading.
	Unread []string `json:"unread,omitempty"`
}
