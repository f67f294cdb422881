package diff

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/snapshot"
)

func entry(id string, more ...func(*snapshot.FeedItem)) snapshot.FeedItem {
	x := snapshot.FeedItem{ID: id, Title: id, Published: time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)}
	for _, m := range more {
		m(&x)
	}
	return x
}

func at(url string) func(*snapshot.FeedItem) { return func(x *snapshot.FeedItem) { x.URL = url } }

func status(s string) func(*snapshot.FeedItem) {
	return func(x *snapshot.FeedItem) { x.CVE, x.Status = true, s }
}

func notes(list ...string) func(*snapshot.FeedItem) {
	return func(x *snapshot.FeedItem) {
		for _, n := range list {
			kind, text, _ := strings.Cut(n, ": ")
			x.Parts = append(x.Parts, snapshot.FeedPart{Kind: kind, Text: text, Hash: n})
		}
	}
}

func feedOf(items ...snapshot.FeedItem) snapshot.FeedSet {
	return snapshot.FeedSet{Title: "Blog", URL: "https://a.example/feed", Items: items}
}

// TestFeed: which of two readings' differences are told, and how much each asks.
func TestFeed(t *testing.T) {
	const release = "https://github.com/kubernetes/minikube/releases/tag/"
	before := feedOf(entry("known"), entry("gone"), entry("CVE-2026-10001", status("open")), entry("CVE-2026-10002", status("fixed")), entry("day", notes("Feature: a", "Change: b")))
	after := feedOf(
		entry("known", at("https://a.example/other")), entry("new"), entry("old", func(x *snapshot.FeedItem) { x.Old = true }),
		entry("CVE-2026-10001", status("fixed")), entry("CVE-2026-10002", status("fixed"), at("https://a.example/moved")), entry("CVE-2026-10003", status("unknown")),
		entry("day", notes("Change: b", "Feature: a, reworded", "Security Bulletin: c")), entry("touched", notes("Fixed: d")),
		entry("r1", at(release+"v1.41.0")), entry("r2", at(release+"v1.41.0-beta.0")), entry("r3", at(release+"nightly")),
	)
	want := []string{
		"CVE-2026-10001 act: the status of a vulnerability changed from open to fixed", "CVE-2026-10003 act: a vulnerability was made known", "day act: it holds a security bulletin",
		"new fyi: it is a new entry", "r1 know: it is a release", "r2 fyi: it is a pre-release, or no version", "r3 fyi: it is a pre-release, or no version", "touched fyi: it is a new entry",
	}
	for range 2 { // and in any order
		var got []string
		for _, c := range Feed(before, after) {
			got = append(got, c.ID+" "+string(c.Severity)+": "+c.Why)
			if f := c.Feed; c.ID == "day" && (len(f.Parts) != 2 || f.Gone != 1 || f.Before == nil) {
				t.Errorf("the day: %+v", f)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		slices.Reverse(before.Items)
		slices.Reverse(after.Items)
	}
	if same := Feed(after, after); len(same) > 0 {
		t.Errorf("a feed differs from itself: %+v", same)
	}
}

// TestFeedsInSnapshots: another address is another feed, and a release of the upstream's own is told with its notes.
func TestFeedsInSnapshots(t *testing.T) {
	snap := func(set snapshot.FeedSet) *snapshot.Snapshot {
		return &snapshot.Snapshot{Upstreams: []snapshot.Upstream{{Name: "kubernetes", Sections: []snapshot.Section{
			{Source: "feeds/blog", Status: snapshot.Complete, Parser: 1, Items: snapshot.Items{Feed: &set}},
			{Source: snapshot.SourceReleases, Status: snapshot.Complete, Items: snapshot.Items{Releases: &snapshot.ReleaseSet{Releases: []snapshot.Release{{Tag: "v1.36.1", URL: "https://github.com/k/k/releases/tag/v1.36.1"}}}}},
		}}}}
	}
	base := snap(feedOf(entry("a")))
	next := feedOf(entry("a"), entry("b"), entry("r", at("https://github.com/k/k/releases/tag/v1.36.1")), entry("s", at("https://github.com/k/k/releases/tag/v1.36.2")))
	res := Compare(base, snap(next), Options{})[0]
	var ids []string
	for _, c := range res.Changes {
		ids = append(ids, c.Source+" "+c.ID)
	}
	if want := []string{"feeds/blog s", "feeds/blog b"}; !slices.Equal(ids, want) {
		t.Errorf("it tells %q, want %q", ids, want)
	}
	next.URL = "https://b.example/feed"
	res = Compare(base, snap(next), Options{})[0]
	if len(res.Changes) > 0 || !res.Sections[0].Baseline {
		t.Errorf("of another address: %+v", res)
	}
}
