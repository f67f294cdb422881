package sources

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/egress"
	"github.com/upstream-digest/bot/internal/feed"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// Fetcher reads a document from the web, or learns that it is what it was. [egress.Fetcher] is one.
type Fetcher interface {
	Fetch(ctx context.Context, address string, known egress.Validators) (egress.Fetched, error)
}

// Feed collects one feed. A feed shows its newest entries only, so what was seen is kept: an entry that fell out of the
// window was not removed. An entry that is known stays as it was first seen, but for what is told of it: the status
// of a vulnerability, and the notes of a day. So a corrected word makes no news, and no new section either.
type Feed struct {
	Key, Title, URL string
	// Fetch is nil where nothing is to be fetched: offline.
	Fetch Fetcher
}

// Name is the section's name: each feed has its own.
func (s Feed) Name() string { return snapshot.SourceFeeds + "/" + s.Key }

// Parser is the number of the parser behind the items.
func (Feed) Parser() int { return feed.ParserVersion }

// Setup is nothing: the items tell what address they are of, and those of another one are never compared.
func (Feed) Setup() string { return "" }

// Watch asks for a reading in each run. It asks nothing of GitHub.
func (Feed) Watch(string) Watch { return Watch{Always: true} }

// Collect reads the feed. Of its past nobody knows anything: there the section is complete and holds nothing, so that
// the first reading is a baseline.
func (s Feed) Collect(ctx context.Context, _ repo.Reader, at Commit) (snapshot.Section, error) {
	sec := snapshot.Section{Source: s.Name(), Status: snapshot.Complete, Parser: s.Parser()}
	if !at.AsOf.IsZero() {
		return sec, nil
	}
	if s.Fetch == nil {
		return snapshot.Section{}, &SkippedError{"offline"}
	}
	var known *snapshot.FeedSet
	var seen egress.Validators
	entries := 0 // the feed had when it was last read
	if last := at.Last.Items.Feed; last != nil && last.URL == s.URL {
		known = last
		seen, entries = marksOf(at.Last.Inputs, s.URL)
		if at.Last.Parser != s.Parser() { // this one may read more in the same bytes
			seen = egress.Validators{}
		}
	}
	got, err := s.Fetch.Fetch(ctx, s.URL, seen)
	if err != nil {
		return snapshot.Section{}, err
	}
	if got.NotModified && known != nil {
		sec.Items.Feed = &snapshot.FeedSet{Title: s.Title, URL: s.URL, Items: known.Items}
		sec.Inputs = at.Last.Inputs
		return sec, nil
	}
	read, err := feed.Parse(got.Body, got.Address)
	if err != nil {
		return snapshot.Section{}, err
	}
	set := &snapshot.FeedSet{Title: s.Title, URL: s.URL}
	switch {
	case known == nil:
		set.Items = withEntries(nil, match(nil, read.Entries), at.Now)
	case len(read.Entries) == 0 && len(known.Items) > 0:
		return snapshot.Section{}, fmt.Errorf("the feed has no entries, and had some before: it looks broken")
	default:
		set.Items = withEntries(known.Items, markOld(known.Items, read.Entries, len(read.Entries)-entries), at.Now)
	}
	sec.Items.Feed = set
	sec.Inputs = marks(s.URL, got.Validators, len(read.Entries))
	return sec, nil
}

// Stands reports whether the feed says that it is as it was when it was last read.
func (s Feed) Stands(ctx context.Context, at Commit) bool {
	seen, _ := marksOf(at.Last.Inputs, s.URL)
	if s.Fetch == nil || seen == (egress.Validators{}) {
		return false
	}
	got, err := s.Fetch.Fetch(ctx, s.URL, seen)
	return err == nil && got.NotModified
}

// Reread gives the section as it is: what is known stays as it was first seen, whatever the parser.
func (s Feed) Reread(_ context.Context, _ repo.Reader, sec snapshot.Section) (snapshot.Section, error) {
	sec.Parser = s.Parser()
	return sec, nil
}

// What a section's inputs tell of a feed, beside its address: validators, and how many entries it had.
const (
	markModified = " (modified)"
	markEntries  = " (entries)"
)

func marks(address string, v egress.Validators, entries int) []snapshot.Object {
	var out []snapshot.Object
	if v.ETag != "" {
		out = append(out, snapshot.Object{Path: address, OID: v.ETag})
	}
	if v.LastModified != "" {
		out = append(out, snapshot.Object{Path: address + markModified, OID: v.LastModified})
	}
	return append(out, snapshot.Object{Path: address + markEntries, OID: strconv.Itoa(entries)})
}

func marksOf(inputs []snapshot.Object, address string) (v egress.Validators, entries int) {
	for _, o := range inputs {
		switch o.Path {
		case address:
			v.ETag = o.OID
		case address + markModified:
			v.LastModified = o.OID
		case address + markEntries:
			entries, _ = strconv.Atoi(o.OID) // 0 for what is no number
		}
	}
	return v, entries
}

// How much of a feed is kept: what it shows, and what it showed, as long as that is not too much or too old. A feed of
// vulnerabilities shows all there ever were.
const (
	maxShown    = 1000
	keepAtMost  = 200
	keepFor     = 366 * 24 * time.Hour
	fewAtBottom = 2
)

// sighting is an entry of a feed, and the item that it was when it was seen before.
type sighting struct {
	feed.Entry
	item  *snapshot.FeedItem
	isOld bool
}

// match finds for each entry the item that it is. Ids decide, without regard to http or https; where none fits, an
// address that only one entry has, then title and date: ids change when a site is moved.
func match(known []snapshot.FeedItem, entries []feed.Entry) []sighting {
	out := make([]sighting, len(entries))
	taken := map[string]bool{}
	for _, key := range []func(id, url, title string, published time.Time, cve bool) string{
		func(id, _, _ string, _ time.Time, _ bool) string { return sameAddress(id) },
		func(_, url, _ string, _ time.Time, cve bool) string {
			if cve { // several share an issue
				return ""
			}
			return sameAddress(url)
		},
		func(_, _, title string, published time.Time, cve bool) string {
			if title == "" || published.IsZero() || cve {
				return ""
			}
			return title + published.UTC().Format(time.RFC3339)
		},
	} {
		items := map[string][]*snapshot.FeedItem{}
		for i := range known {
			x := &known[i]
			if k := key(x.ID, x.URL, x.Title, x.Published, x.CVE); k != "" && !taken[x.ID] {
				items[k] = append(items[k], x)
			}
		}
		count := map[string]int{}
		keys := make([]string, len(entries))
		for i, e := range entries {
			keys[i] = key(e.ID, e.URL, e.Title, e.Published, e.CVE)
			count[keys[i]]++
		}
		for i := range out {
			out[i].Entry = entries[i]
			if k := keys[i]; out[i].item == nil && k != "" && count[k] == 1 && len(items[k]) == 1 {
				out[i].item = items[k][0]
			}
		}
		for _, s := range out {
			if s.item != nil {
				taken[s.item.ID] = true
			}
		}
	}
	return out
}

// sameAddress is an id or address without what a move to https changes.
func sameAddress(s string) string {
	for _, scheme := range []string{"http://", "https://"} {
		if rest, ok := strings.CutPrefix(s, scheme); ok {
			return strings.TrimSuffix(strings.TrimPrefix(rest, "www."), "/")
		}
	}
	return s
}

// markOld finds the entries that were there before they were first seen: a feed that shows a longer window than before,
// or from which something was taken, shows older ones at its bottom. One or two by which the feed grew were
// published late, under an old date: they are news. grew is how many more entries there are than before.
func markOld(known []snapshot.FeedItem, entries []feed.Entry, grew int) []sighting {
	list := match(known, entries)
	var oldest time.Time
	for _, x := range known {
		if !x.Published.IsZero() && (oldest.IsZero() || x.Published.Before(oldest)) {
			oldest = x.Published
		}
	}
	bottom := 0 // below the last that is known
	for i, s := range list {
		if s.item != nil {
			bottom = i + 1
		}
	}
	var old, undated []int
	for i, s := range list {
		switch {
		case s.item != nil || s.CVE || len(known) == 0:
		case !s.Published.IsZero():
			if s.Published.Before(oldest) {
				old = append(old, i)
			}
		case bottom > 0 && i >= bottom:
			undated = append(undated, i)
		}
	}
	if len(old) <= min(grew, fewAtBottom) && len(known) < maxShown { // with more, its older ones were never kept
		old = nil
	}
	if len(undated) > fewAtBottom && len(undated) <= grew { // else they may be new ones of a feed that ends with them
		old = append(old, undated...)
	}
	for _, i := range old {
		list[i].isOld = true
	}
	return list
}

// withEntries are the items after a reading: those that the feed shows, and those that it showed before. Where nothing
// is new they are just those that were known.
func withEntries(known []snapshot.FeedItem, list []sighting, now time.Time) []snapshot.FeedItem {
	var shown []snapshot.FeedItem
	used := map[string]bool{} // ids of the result
	changed := false
	for _, s := range list {
		if s.item == nil {
			continue
		}
		item := seenAgain(*s.item, s.Entry)
		changed = changed || !sameItem(item, *s.item)
		shown, used[item.ID] = append(shown, item), true
	}
	var fresh, old []snapshot.FeedItem
	for _, s := range list {
		if s.item != nil {
			continue
		}
		item := itemOf(s.Entry)
		if item.Old = s.isOld; used[item.ID] { // the id now belongs to what was matched otherwise
			item.ID += " " + cmp.Or(item.URL, item.Title)
		}
		switch {
		case used[item.ID]:
		case item.Old:
			old, used[item.ID] = append(old, item), true
		default:
			fresh, used[item.ID] = append(fresh, item), true
		}
	}
	old = newest(old, max(maxShown-len(shown)-len(fresh), 0))
	if !changed && len(fresh)+len(old) == 0 && known != nil {
		return known
	}
	shown = newest(slices.Concat(shown, fresh, old), maxShown)
	var gone []snapshot.FeedItem
	for _, x := range known {
		if !used[x.ID] && (x.Published.IsZero() || now.Sub(x.Published) < keepFor) {
			gone = append(gone, x)
		}
	}
	return append(shown, newest(gone, max(keepAtMost-len(shown), 0))...)
}

// newest are at most n items: vulnerabilities first, whatever their date, then the newest.
func newest(items []snapshot.FeedItem, n int) []snapshot.FeedItem {
	if len(items) <= n {
		return items
	}
	slices.SortStableFunc(items, func(a, b snapshot.FeedItem) int {
		if a.CVE != b.CVE {
			if a.CVE {
				return -1
			}
			return 1
		}
		return cmp.Or(b.Published.Compare(a.Published), strings.Compare(a.ID, b.ID))
	})
	return items[:n]
}

func itemOf(e feed.Entry) snapshot.FeedItem {
	item := snapshot.FeedItem{
		ID: e.ID, Title: e.Title, URL: e.URL, Summary: e.Summary, Published: e.Published, Updated: e.Updated, CVE: e.CVE, Status: e.Status,
	}
	for _, p := range e.Parts {
		item.Parts = append(item.Parts, snapshot.FeedPart(p))
	}
	return item
}

// seenAgain is a known item after another reading.
func seenAgain(item snapshot.FeedItem, e feed.Entry) snapshot.FeedItem {
	now := itemOf(e)
	switch {
	case now.CVE:
		now.ID, now.Updated, now.Published = item.ID, item.Updated, item.Published
		return now
	case len(now.Parts) > 0:
		item.Parts = now.Parts
	}
	return item
}

func sameItem(a, b snapshot.FeedItem) bool {
	parts := slices.Equal(a.Parts, b.Parts)
	a.Parts, b.Parts = nil, nil
	return parts && a.ID == b.ID && a.Title == b.Title && a.URL == b.URL && a.Summary == b.Summary && a.Status == b.Status && a.CVE == b.CVE && a.Old == b.Old
}
