package sources_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/egress"
	"github.com/upstream-digest/bot/internal/feedtest"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/sources"
)

// web is one document.
type web struct {
	body  []byte
	etag  string
	err   error
	known egress.Validators // what was asked with
}

func (w *web) Fetch(_ context.Context, address string, known egress.Validators) (egress.Fetched, error) {
	w.known = known
	switch {
	case w.err != nil:
		return egress.Fetched{}, w.err
	case w.etag != "" && known.ETag == w.etag:
		return egress.Fetched{NotModified: true, Validators: known, Address: address}, nil
	}
	return egress.Fetched{Body: w.body, Validators: egress.Validators{ETag: w.etag}, Address: address}, nil
}

const feedURL = "https://feeds.example/feed.xml"

// feedReader reads one feed again and again.
type feedReader struct {
	t    *testing.T
	web  *web
	src  sources.Feed
	now  time.Time
	last snapshot.Section
}

func newFeedReader(t *testing.T) *feedReader {
	t.Helper()
	w := &web{}
	return &feedReader{t: t, web: w, src: sources.Feed{Key: "blog", Title: "Blog", URL: feedURL, Fetch: w}, now: aug(20)}
}

func (r *feedReader) read(body []byte) snapshot.Section {
	r.t.Helper()
	r.web.body = body
	sec, err := r.src.Collect(r.t.Context(), nil, sources.Commit{Now: r.now, Last: r.last})
	if err != nil {
		r.t.Fatal(err)
	}
	r.last = sec
	return sec
}

// tells is what a reading tells that the last one did not.
func (r *feedReader) tells(what, want string, body []byte) {
	r.t.Helper()
	before := r.last
	after := r.read(body)
	var got []string
	for _, c := range diff.Feed(*before.Items.Feed, *after.Items.Feed) {
		got = append(got, c.ID)
	}
	if s := strings.Join(got, " "); s != want {
		r.t.Errorf("%s: it tells %q, want %q", what, s, want)
	}
}

func (r *feedReader) hash() string {
	h, err := r.last.Hash()
	if err != nil {
		r.t.Fatal(err)
	}
	return h
}

func aug(day int) time.Time { return time.Date(2026, 8, day, 12, 0, 0, 0, time.UTC) }

func post(n, day int) feedtest.Post {
	return feedtest.Post{Title: fmt.Sprintf("Post %d", n), URL: fmt.Sprintf("https://blog.example/%d", n), Body: "<p>Text</p>", At: aug(day)}
}

func blog(posts ...feedtest.Post) []byte { return feedtest.Blog("Blog", posts...) }

// TestAFeedShowsAWindow: what fell out of it was not removed; what comes is told once.
func TestAFeedShowsAWindow(t *testing.T) {
	r := newFeedReader(t)
	r.read(blog(post(2, 2), post(1, 1)))
	r.tells("a new one", "https://blog.example/3", blog(post(3, 3), post(2, 2)))
	if n := len(r.last.Items.Feed.Items); n != 3 {
		t.Errorf("%d items are kept, want 3", n)
	}
	r.tells("the same in another order", "", blog(post(2, 2), post(3, 3)))
	r.tells("one that comes back", "", blog(post(3, 3), post(2, 2), post(1, 1)))
	r.tells("an old date between the known", "https://blog.example/9", blog(post(3, 3), post(9, 2), post(2, 2), post(1, 1)))
	r.tells("one with a date before all others", "https://blog.example/8", blog(post(3, 3), post(9, 2), post(2, 2), post(1, 1), feedtest.Post{Title: "Old", URL: "https://blog.example/8", At: aug(1).AddDate(0, -1, 0)}))
	r.tells("one of tomorrow's clock", "https://blog.example/7", blog(feedtest.Post{Title: "Future", URL: "https://blog.example/7", At: aug(1).AddDate(73, 0, 0)}, post(3, 3)))
	r.tells("and one after it", "https://blog.example/4", blog(post(4, 4), post(3, 3)))
	r.tells("one without a date", "https://blog.example/5", blog(feedtest.Post{Title: "Undated", URL: "https://blog.example/5"}, post(4, 4), post(3, 3)))
}

// TestALongerWindowIsNoNews: fifty old posts that a feed shows of a sudden were there before.
func TestALongerWindowIsNoNews(t *testing.T) {
	var all []feedtest.Post
	for n := 60; n > 0; n-- {
		all = append(all, feedtest.Post{Title: fmt.Sprintf("Post %d", n), URL: fmt.Sprintf("https://blog.example/%d", n), At: aug(1).AddDate(0, 0, n-100)})
	}
	r := newFeedReader(t)
	r.read(blog(all[:20]...))
	r.tells("forty older ones", "", blog(all...))
	r.tells("and one new one", "https://blog.example/99", blog(append([]feedtest.Post{post(99, 3)}, all...)...))
	r = newFeedReader(t)
	r.read(blog(all[:20]...))
	r.tells("one was taken away, and the next older moved up", "", blog(slices.Concat(all[:5], all[6:21])...))
}

// TestOnlyWhatIsToldChangesASection: another word, date or validator stores nothing.
func TestOnlyWhatIsToldChangesASection(t *testing.T) {
	r := newFeedReader(t)
	r.web.etag = `"1"`
	r.read(blog(post(2, 2), post(1, 1)))
	first := r.hash()
	r.read(nil)
	if r.hash() != first || r.web.known.ETag != `"1"` {
		t.Errorf("not modified: asked with %+v", r.web.known)
	}
	r.web.etag = `"2"`
	p := post(1, 1)
	p.Title, p.Body = "Post 1, corrected", "<p>Other text</p>"
	r.tells("corrected", "", blog(post(2, 2), p))
	if r.hash() != first {
		t.Error("a corrected post makes another section")
	}
	r.read(nil)
	if r.web.known.ETag != `"2"` {
		t.Errorf("the new validator is not used: %+v", r.web.known)
	}
	r.last.Parser = 0
	r.read(blog(post(2, 2), p))
	if r.web.known.ETag != "" {
		t.Error("another parser did not read the feed anew")
	}
}

// TestIDsThatMove: a site that went to https, or has new ids, has no new posts.
func TestIDsThatMove(t *testing.T) {
	r := newFeedReader(t)
	plain := post(1, 1)
	plain.URL = "http://blog.example/1"
	r.read(blog(post(2, 2), plain))
	r.tells("http became https", "", blog(post(2, 2), post(1, 1)))
	r.tells("and back", "", blog(post(2, 2), plain))
	r.tells("with www, another title and no date", "", blog(feedtest.Post{Title: "Post one", URL: "https://www.blog.example/1/"}, post(2, 2)))
	item := func(guid, link, title string) []byte {
		return fmt.Appendf(nil, `<rss version="2.0"><channel><title>t</title><item><guid isPermaLink="false">%s</guid><link>%s</link><title>%s</title><pubDate>Sat, 01 Aug 2026 12:00:00 +0000</pubDate></item></channel></rss>`, guid, link, title)
	}
	r = newFeedReader(t)
	r.read(item("a", "https://blog.example/x", "X"))
	r.tells("another id for the same address", "", item("b", "https://blog.example/x", "X"))
	r.tells("another id and address for the same title and time", "", item("c", "https://new.example/x", "X"))
	r.tells("another post", "d", item("d", "https://new.example/y", "Y"))
}

// TestVulnerabilitiesAreKnownByTheirIDs: a status changes although nothing else does; entries may come with any date.
func TestVulnerabilitiesAreKnownByTheirIDs(t *testing.T) {
	v := func(n int, status string) feedtest.Vulnerability {
		return feedtest.Vulnerability{ID: fmt.Sprintf("CVE-2026-1000%d", n), Summary: "S", Issue: 1, Status: status, At: aug(n)}
	}
	r := newFeedReader(t)
	r.read(feedtest.Vulnerabilities(v(3, "open"), v(2, "fixed")))
	r.tells("one of three of the same issue is fixed", "CVE-2026-10003", feedtest.Vulnerabilities(v(3, "fixed"), v(2, "fixed")))
	r.tells("nothing", "", feedtest.Vulnerabilities(v(2, "fixed"), v(3, "fixed")))
	r.tells("the same by RSS", "", feedtest.VulnerabilitiesRSS(v(2, "fixed"), v(3, "fixed")))
	old := make([]feedtest.Vulnerability, 5)
	for i := range old {
		old[i] = feedtest.Vulnerability{ID: fmt.Sprintf("CVE-2019-2000%d", i), Summary: "Late", Issue: 9, Status: "unknown", At: aug(1).AddDate(-7, 0, 0)}
	}
	r.tells("old ones that were forgotten", "CVE-2019-20000 CVE-2019-20001 CVE-2019-20002 CVE-2019-20003 CVE-2019-20004", feedtest.Vulnerabilities(append(old, v(2, "fixed"), v(3, "fixed"))...))
	alone := newFeedReader(t)
	alone.read(feedtest.Vulnerabilities(v(1, "open")))
	alone.tells("another one of the same issue in its place", "CVE-2026-10002", feedtest.Vulnerabilities(v(2, "open")))
	r.tells("the status was forgotten", "CVE-2026-10002", feedtest.Vulnerabilities(append(old, v(2, ""), v(3, "fixed"))...))
}

// TestADayIsWrittenOn: its notes that are new are told, and no others.
func TestADayIsWrittenOn(t *testing.T) {
	r := newFeedReader(t)
	d := feedtest.Day{Day: aug(18), Notes: []feedtest.Note{{Kind: "Feature", Text: "One."}}}
	r.read(feedtest.Days(d))
	d.Edited = aug(19)
	r.tells("touched", "", feedtest.Days(d))
	before := *r.last.Items.Feed
	d.Notes = append(d.Notes, feedtest.Note{Kind: "Security bulletin", Text: "Two."})
	after := r.read(feedtest.Days(d))
	changes := diff.Feed(before, *after.Items.Feed)
	if len(changes) != 1 || changes[0].Severity != diff.Act || len(changes[0].Feed.Parts) != 1 || changes[0].Feed.Parts[0].Text != "Two." || changes[0].Feed.Gone != 0 {
		t.Errorf("%+v", changes)
	}
}

// TestWhatAFeedKeeps: as much as it shows, and of the rest the newest of a year.
func TestWhatAFeedKeeps(t *testing.T) {
	r := newFeedReader(t)
	many := func(from, n int) []byte {
		var posts []feedtest.Post
		for i := from; i < from+n; i++ {
			posts = append(posts, feedtest.Post{Title: fmt.Sprint(i), URL: fmt.Sprintf("https://blog.example/%d", i), At: aug(1).Add(time.Duration(i) * time.Hour)})
		}
		return blog(posts...)
	}
	r.read(many(0, 150))
	r.read(many(150, 150))
	if n := len(r.last.Items.Feed.Items); n != 200 {
		t.Errorf("%d items are kept, want 200", n)
	}
	r.read(many(1000, 300))
	if n := len(r.last.Items.Feed.Items); n != 300 {
		t.Errorf("%d items are kept, want all that it shows", n)
	}
	r.now = aug(1).AddDate(2, 0, 0)
	r.read(blog(post(9999, 3)))
	if n := len(r.last.Items.Feed.Items); n != 1 {
		t.Errorf("%d items are kept after two years, want 1", n)
	}
	r = newFeedReader(t)
	r.read(blog(post(2, 2), post(1, 1)))
	r.read(blog(post(3, 3)))
	before := r.hash()
	r.now = aug(1).AddDate(2, 0, 0)
	if r.read(blog(post(3, 3))); r.hash() != before {
		t.Error("time alone makes another section")
	}
	r = newFeedReader(t)
	r.read(many(0, 3_000))
	if n := len(r.last.Items.Feed.Items); n != 1000 {
		t.Errorf("%d items of 3000 are kept", n)
	}
	h := r.hash()
	r.read(many(0, 3_000))
	if r.hash() != h {
		t.Error("the same long feed makes another section")
	}
	r.tells("one more of three thousand", "https://blog.example/3000", many(0, 3_001))
}

// TestWhatAFeedSays: of its past, offline, and where it can't be read.
func TestWhatAFeedSays(t *testing.T) {
	r := newFeedReader(t)
	sec, err := r.src.Collect(t.Context(), nil, sources.Commit{AsOf: aug(1)})
	if err != nil || !sec.Items.Empty() || sec.Status != snapshot.Complete {
		t.Errorf("of its past: %+v, %v", sec, err)
	}
	var skipped *sources.SkippedError
	off := r.src
	off.Fetch = nil
	if _, err := off.Collect(t.Context(), nil, sources.Commit{Now: r.now}); !errors.As(err, &skipped) || skipped.Reason != "offline" {
		t.Errorf("offline: %v", err)
	}
	r.read(blog(post(1, 1)))
	for want, body := range map[string]string{"this is an HTML page": "<!DOCTYPE html><html></html>", "the answer is empty": "", "it may be cut off": "<rss><channel><item>", "had some before": string(blog())} {
		r.web.body = []byte(body)
		if _, err := r.src.Collect(t.Context(), nil, sources.Commit{Now: r.now, Last: r.last}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", body, err, want)
		}
	}
	// Another address is another feed.
	r.web.etag = `"1"`
	r.read(blog(post(1, 1)))
	r.src.URL = "https://other.example/feed.xml"
	sec = r.read(blog(post(7, 7)))
	if r.web.known.ETag != "" || len(sec.Items.Feed.Items) != 1 || sec.Items.Feed.URL != r.src.URL {
		t.Errorf("at another address: asked with %+v, %+v", r.web.known, sec.Items.Feed)
	}
}
