package snapshot

import (
	"cmp"
	"slices"
	"time"
)

// FeedSet is the item set of one feed.
type FeedSet struct {
	Title string     `json:"title"` // as the configuration calls it, else as the feed does
	URL   string     `json:"url"`
	Items []FeedItem `json:"items"` // newest first
}

// FeedItem is one entry of a feed.
type FeedItem struct {
	// ID identifies it over time: a CVE's id, else the feed's own id, else its link.
	ID        string    `json:"id"`
	Title     string    `json:"title"`
	URL       string    `json:"url"`
	Summary   string    `json:"summary,omitempty"` // plain text, short
	Published time.Time `json:"published,omitzero"`
	Updated   time.Time `json:"updated,omitzero"`
	// Status is that of a vulnerability ("fixed", "open", "unknown"); "" for others.
	Status string `json:"status,omitempty"`
	// CVE says that the item is a vulnerability.
	CVE bool `json:"cve,omitempty"`
}

func canonicalFeed(set *FeedSet) *FeedSet {
	if set == nil {
		return nil
	}
	out := &FeedSet{Title: set.Title, URL: set.URL, Items: slices.Clone(orEmpty(set.Items))}
	for i := range out.Items {
		out.Items[i].Published, out.Items[i].Updated = out.Items[i].Published.UTC(), out.Items[i].Updated.UTC()
	}
	slices.SortStableFunc(out.Items, func(a, b FeedItem) int {
		return cmp.Or(b.Published.Compare(a.Published), cmp.Compare(a.ID, b.ID))
	})
	return out
}
