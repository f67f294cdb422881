package snapshot

import (
	"cmp"
	"slices"

	"github.com/upstream-digest/bot/internal/gate"
)

// DocSet is the item set of the docs source: the pages that describe feature gates.
type DocSet struct {
	Pages       []DocPage         `json:"pages"` // by path
	Diagnostics []gate.Diagnostic `json:"diagnostics,omitempty"`
	// Unread are pages that are there and could not be read.
	Unread []string `json:"unread,omitempty"`
}

// DocPage is what a page says of a gate.
type DocPage struct {
	Path string `json:"path"`
	Gate string `json:"gate"`
	URL  string `json:"url,omitempty"` // on the web site
	// Removed says that the page says that the gate is gone.
	Removed bool       `json:"removed,omitempty"`
	Stages  []DocStage `json:"stages,omitempty"` // in the page's order
}

// DocStage is one row of a page: a stage, its default and the releases it holds for.
type DocStage struct {
	Stage gate.Stage `json:"stage"`
	// Default is "true" or "false"; "" where the page says none.
	Default string `json:"default,omitempty"`
	Locked  bool   `json:"locked,omitempty"`
	From    string `json:"from"`         // "1.10"
	To      string `json:"to,omitempty"` // the last release that has it; "" is open
}

func canonicalDocs(set *DocSet) *DocSet {
	if set == nil {
		return nil
	}
	out := &DocSet{Pages: slices.Clone(orEmpty(set.Pages)), Diagnostics: sortedDiagnostics(set.Diagnostics), Unread: slices.Sorted(slices.Values(set.Unread))}
	slices.SortStableFunc(out.Pages, func(a, b DocPage) int { return cmp.Compare(a.Path, b.Path) })
	return out
}
