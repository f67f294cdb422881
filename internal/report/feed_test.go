package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/changelog"
	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// feedChange is an entry of a feed whose texts are all given.
func feedChange(source string, sev diff.Severity, before, after *snapshot.FeedItem, parts ...snapshot.FeedPart) diff.Change {
	return diff.Change{Source: source, Kinds: []diff.Kind{diff.FeedItem}, ID: after.ID, Severity: sev, Feed: &diff.FeedChange{Feed: "Blog", Before: before, After: after, Parts: parts}}
}

// feedDigest has an entry of each form, made of one text.
func feedDigest(text string) Digest {
	at := time.Date(2026, 8, 18, 0, 0, 0, 0, time.UTC)
	item := snapshot.FeedItem{ID: "post " + text, Title: text, URL: "https://a.example/" + text, Summary: text, Published: at}
	hole := snapshot.FeedItem{ID: "CVE-2026-10001", Title: text, URL: "https://github.com/a/b/issues/4?" + text, Published: at, CVE: true, Status: text}
	open := hole
	open.Status = "open"
	other := hole
	other.ID = "CVE-2026-10002"
	day := item
	day.ID, day.Parts = "day "+text, []snapshot.FeedPart{{Kind: text, Text: text, Hash: "1"}, {Text: text, Hash: "2"}}
	bare := snapshot.FeedItem{ID: text}
	d := digestOf([]diff.Change{
		feedChange("feeds/blog", diff.FYI, nil, &item), feedChange("feeds/cve", diff.Act, &open, &hole), feedChange("feeds/cve", diff.Act, nil, &other),
		feedChange("feeds/gke", diff.Act, &day, &day, day.Parts...), feedChange("feeds/gke", diff.FYI, nil, &day, day.Parts...), feedChange("feeds/"+text, diff.FYI, nil, &bare),
	})
	d.Upstreams[0].Changes[0].Feed.Feed = text
	return d
}

// TestFeedsAreNeutral: whatever stands in a feed is text.
func TestFeedsAreNeutral(t *testing.T) {
	for i, a := range attacks() {
		if raceDetector && i%4 > 0 {
			continue
		}
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			checkDigest(t, feedDigest(a.text), DefaultBudget, 2000)
			if i%4 == 0 {
				checkDigest(t, feedDigest(a.text), MinBudget, MinBudget/2-1)
			}
		})
	}
}

func TestFeedsObeyTheSchema(t *testing.T) {
	b, err := DiffJSON(feedDigest("x").Upstreams[0])
	if err != nil {
		t.Fatal(err)
	}
	valid(t, schemas(t), b)
	for _, want := range []string{`"source": "feeds/cve"`, `"status": "open"`, `"cve": true`, `"feed": "Blog"`, `"published": "2026-08-18T00:00:00Z"`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("the document lacks %s", want)
		}
	}
}

// TestAVulnerabilityIsToldOnce: with the releases that mend it, where they are new too.
func TestAVulnerabilityIsToldOnce(t *testing.T) {
	d := feedDigest("x")
	u := &d.Upstreams[0]
	u.Sections = append(u.Sections, diff.SectionResult{Source: snapshot.SourceReleases, Status: snapshot.Complete, WebURL: u.WebURL, To: u.To})
	u.Changes = append(u.Changes, diff.Change{Source: snapshot.SourceReleases, Kinds: []diff.Kind{diff.ReleasePublished}, ID: "v1.36.1", Severity: diff.Act, Release: &diff.ReleaseChange{Release: snapshot.Release{
		Tag: "v1.36.1", State: snapshot.NotesRead, File: "CHANGELOG/CHANGELOG-1.36.md",
		Advisories: []changelog.Advisory{{CVEs: []string{"CVE-2026-10002"}, Title: "CVE-2026-10002: x", Line: 7}, {CVEs: []string{"CVE-2026-10009"}, Title: "CVE-2026-10009: y", Line: 9}},
	}}})
	text := strings.Join(Markdown(d, MarkdownOptions{}), "")
	if n := strings.Count(text, "`CVE-2026-10002`"); n != 1 || !strings.Contains(text, "Mended in v1.36.1.") || !strings.Contains(text, "notes of v1.36.1") {
		t.Errorf("it is told %d times:\n%s", n, text)
	}
	if strings.Count(text, "`CVE-2026-10009`") != 1 {
		t.Errorf("one that no feed tells of is lost:\n%s", text)
	}
	first, second := strings.Index(text, "## Vulnerabilities (2)"), strings.Index(text, "## Blog")
	if first < 0 || second < first {
		t.Errorf("vulnerabilities do not stand first:\n%s", text)
	}
	if got := tallyOf(u.Changes); got.act != 4 {
		t.Errorf("%d to act on, want two and one of the feed, and one of the release", got.act)
	}
}

// TestManyEntries are folded, the newest first.
func TestManyEntries(t *testing.T) {
	var changes []diff.Change
	for i := range 40 {
		changes = append(changes, feedChange("feeds/blog", diff.FYI, nil, &snapshot.FeedItem{ID: fmt.Sprintf("%02d", i), Title: fmt.Sprintf("Post %02d", i), Published: time.Date(2026, 8, 1, i%24, 0, 0, 0, time.UTC).AddDate(0, 0, i)}))
	}
	text := strings.Join(Markdown(digestOf(changes), MarkdownOptions{}), "")
	if !strings.Contains(text, "<details>\n<summary><b>Blog</b> (40)") || strings.Index(text, "Post 39") > strings.Index(text, "Post 01") {
		t.Errorf("%s", text)
	}
}
