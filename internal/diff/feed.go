package diff

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/upstream-digest/bot/internal/snapshot"
)

// FeedChange is an item before and after; Before is nil for a new one.
type FeedChange struct {
	Feed          string // the feed's title
	Before, After *snapshot.FeedItem
	// Parts are the notes of a day that were not there before, in upstream's order; of a new day all. Gone is how many
	// were there and are not.
	Parts []snapshot.FeedPart
	Gone  int
}

// Feed compares two readings of one feed. What only one side still shows is no change: a feed shows its newest
// entries. Nor is another word in an entry that is known, but for the status of a vulnerability and the notes of a day.
func Feed(before, after snapshot.FeedSet) []Change {
	old := map[string]snapshot.FeedItem{}
	for _, x := range before.Items {
		old[x.ID] = x
	}
	var out []Change
	for _, x := range after.Items {
		c := FeedChange{Feed: after.Title, After: &x}
		was, known := old[x.ID]
		switch {
		case !known && x.Old:
			continue
		case !known:
			c.Parts = x.Parts
		case x.CVE && x.Status != was.Status:
			c.Before = &was
		default:
			c.Before = &was
			if c.Parts, c.Gone = newParts(was.Parts, x.Parts); len(c.Parts) == 0 {
				continue
			}
		}
		change := Change{Source: snapshot.SourceFeeds, Kinds: []Kind{FeedItem}, ID: x.ID, Feed: &c}
		change.Severity, change.Why = feedSeverity(c)
		out = append(out, change)
	}
	slices.SortFunc(out, func(a, b Change) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// newParts are the notes that were not there before, and how many are there no more.
func newParts(before, after []snapshot.FeedPart) (fresh []snapshot.FeedPart, gone int) {
	left := map[string]int{}
	for _, p := range before {
		left[p.Hash]++
	}
	for _, p := range after {
		if left[p.Hash] > 0 {
			left[p.Hash]--
			continue
		}
		fresh = append(fresh, p)
	}
	for _, n := range left {
		gone += n
	}
	return fresh, gone
}

// releaseAddress is the address of a release on GitHub.
var releaseAddress = regexp.MustCompile(`^https://[^/]+/[^/]+/[^/]+/releases/tag/([^/?#]+)$`)

func feedSeverity(c FeedChange) (Severity, string) {
	item := c.After
	switch {
	case item.CVE && c.Before != nil:
		return Act, fmt.Sprintf("the status of a vulnerability changed from %s to %s", c.Before.Status, item.Status)
	case item.CVE:
		return Act, "a vulnerability was made known"
	case slices.ContainsFunc(c.Parts, func(p snapshot.FeedPart) bool { return strings.Contains(strings.ToLower(p.Kind), "security") }):
		return Act, "it holds a security bulletin"
	}
	if m := releaseAddress.FindStringSubmatch(item.URL); m != nil {
		if v := "v" + strings.TrimPrefix(m[1], "v"); semver.IsValid(v) && semver.Prerelease(v) == "" {
			return Know, "it is a release"
		}
		return FYI, "it is a pre-release, or no version"
	}
	return FYI, "it is a new entry"
}

// toldAsRelease drops the entries of feeds that are releases of the upstream's own: those are told with their notes.
func toldAsRelease(changes []Change, releases *snapshot.ReleaseSet) []Change {
	if releases == nil {
		return changes
	}
	return slices.DeleteFunc(changes, func(c Change) bool {
		return c.Feed != nil && c.Feed.After.URL != "" && slices.ContainsFunc(releases.Releases, func(r snapshot.Release) bool { return r.URL == c.Feed.After.URL })
	})
}
