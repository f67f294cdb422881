package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/doctor"
	"github.com/upstream-digest/bot/internal/feedtest"
	"github.com/upstream-digest/bot/internal/golden"
)

// feedsWorld is an upstream whose gates and feeds are read. Its commits and releases are not.
type feedsWorld struct {
	*testWorld
	srv *httptest.Server

	mu     sync.Mutex
	pages  map[string][]byte
	broken map[string]http.HandlerFunc // answers in the place of a page
	asked  map[string]int              // answered in full, by path
}

// feedDay is a time that the posts of these tests are about.
func feedDay(day int) time.Time { return time.Date(2026, 8, day, 9, 0, 0, 0, time.UTC) }

func feedPost(n, day int, title string) feedtest.Post {
	return feedtest.Post{Title: title, URL: fmt.Sprintf("https://blog.example/%d/", n), Body: "<p>First words of post " + fmt.Sprint(n) + ".</p>", At: feedDay(day)}
}

func cve(n, day int, status, summary string) feedtest.Vulnerability {
	return feedtest.Vulnerability{ID: fmt.Sprintf("CVE-2026-1000%d", n), Summary: summary, Issue: 131000 + n, Status: status, At: feedDay(day)}
}

func feeds(t *testing.T) *feedsWorld {
	t.Helper()
	w := &feedsWorld{testWorld: released(t), pages: map[string][]byte{}, broken: map[string]http.HandlerFunc{}, asked: map[string]int{}}
	w.srv = httptest.NewUnstartedServer(http.HandlerFunc(w.serve))
	w.srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	w.srv.Start()
	t.Cleanup(w.srv.Close)
	w.pages["/blog"] = feedtest.Blog("Blog", feedPost(2, 2, "Second post"), feedPost(1, 1, "First post"))
	w.pages["/cve"] = feedtest.Vulnerabilities(cve(2, 2, "open", "Gadgets can be written by others"), cve(1, 1, "fixed", "Widgets can be read by others"))
	w.pages["/releases"] = feedtest.Releases("kubernetes/minikube", feedtest.Release{Tag: "v1.40.0", At: feedDay(1)})
	w.pages["/gke"] = feedtest.Days(feedtest.Day{Day: feedDay(3), Notes: []feedtest.Note{{Kind: "Feature", Text: "Widgets are there."}}})
	w.wholeConfig(w.text(""))
	w.set("BOT_GITHUB_MAX_WAIT=10ms")
	return w
}

// text is a configuration in which more is added to the feeds.
func (w *feedsWorld) text(more string) string {
	return fmt.Sprintf(`network: {allow_private: ["%s"]}
upstreams:
  - preset: kubernetes
    sources:
      releases: {enabled: false}
      proposals: {enabled: false}
      milestones: {enabled: false}
      tickets: {enabled: false}
      paths: {enabled: false}
      docs: {enabled: false}
      feeds:
        - {name: blog, title: Kubernetes blog, url: "%[2]s/blog"}
        - {name: cve, title: Kubernetes vulnerabilities, url: "%[2]s/cve"}
        - {name: minikube, title: minikube releases, url: "%[2]s/releases"}
        - {name: gke, title: GKE release notes, url: "%[2]s/gke"}
`, w.srv.Listener.Addr(), w.srv.URL) + more
}

func (w *feedsWorld) serve(rw http.ResponseWriter, r *http.Request) {
	if strings.Contains(fmt.Sprint(r.Header), secret) || r.Header.Get("Authorization") != "" {
		w.t.Errorf("a feed is asked with the token: %v", r.Header)
	}
	w.mu.Lock()
	page, broken := w.pages[r.URL.Path], w.broken[r.URL.Path]
	w.mu.Unlock()
	if broken != nil {
		broken(rw, r)
		return
	}
	etag := fmt.Sprintf(`"%d"`, len(page))
	rw.Header().Set("Etag", etag)
	if r.Header.Get("If-None-Match") == etag {
		rw.WriteHeader(http.StatusNotModified)
		return
	}
	w.mu.Lock()
	w.asked[r.URL.Path]++
	w.mu.Unlock()
	_, _ = rw.Write(page)
}

func (w *feedsWorld) breaks(path string, how http.HandlerFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.broken[path] = how; how == nil {
		delete(w.broken, path)
	}
}

// week is what comes in one: a post, a new vulnerability and one that is fixed, two releases, a day that is written on.
func (w *feedsWorld) week() {
	w.pages["/blog"] = feedtest.Blog("Blog", feedPost(4, 9, "Widgets are <code>stable</code> now, says @someone in #12"), feedPost(3, 1, "A late post of an old day"), feedPost(2, 2, "Second post, corrected"))
	w.pages["/cve"] = feedtest.Vulnerabilities(cve(3, 8, "unfixed", "Sprockets can be stopped by anybody"), cve(2, 2, "fixed", "Gadgets can be written by others"), cve(1, 1, "fixed", "Widgets can be read by others"))
	w.pages["/releases"] = feedtest.Releases("kubernetes/minikube", feedtest.Release{Tag: "v1.41.0", At: feedDay(9)}, feedtest.Release{Tag: "v1.41.0-beta.0", At: feedDay(5)}, feedtest.Release{Tag: "v1.40.0", At: feedDay(1)})
	w.pages["/gke"] = feedtest.Days(feedtest.Day{Day: feedDay(10), Notes: []feedtest.Note{{Kind: "Change", Text: "Gadgets are faster."}, {Kind: "Deprecated", Text: "Old gadgets."}}},
		feedtest.Day{Day: feedDay(3), Edited: feedDay(10), Notes: []feedtest.Note{{Kind: "Feature", Text: "Widgets are there."}, {Kind: "Fixed", Text: "A widget was bent."}}})
}

const weekTold = "CVE-2026-10002 feed.item\nCVE-2026-10003 feed.item\nhttps://blog.example/3/ feed.item\nhttps://blog.example/4/ feed.item\n" +
	"tag:github.com,2008:Repository/1234/v1.41.0 feed.item\ntag:github.com,2008:Repository/1234/v1.41.0-beta.0 feed.item\n" +
	"tag:google.com,2016:gke-main-release-notes#August_03_2026 feed.item\ntag:google.com,2016:gke-main-release-notes#August_10_2026 feed.item"

func (w *feedsWorld) tells(what, want string, args ...string) {
	w.t.Helper()
	if got := (&fullWorld{testWorld: w.testWorld}).changes(args...); got != want {
		w.t.Errorf("%s: it tells\n%s\nwant\n%s", what, got, want)
	}
}

func (w *feedsWorld) snapshots() int {
	w.t.Helper()
	var doc struct{ Snapshots int }
	if err := json.Unmarshal([]byte(w.ok("state", "show", "--format", "json").stdout), &doc); err != nil {
		w.t.Fatal(err)
	}
	return doc.Snapshots
}

// TestWeeksOfFeeds: a baseline first, nothing in a quiet run, then what came, each thing once.
func TestWeeksOfFeeds(t *testing.T) {
	t.Parallel()
	w := feeds(t)
	first := w.ok("run")
	w.wantIssues(1)
	body := w.issues()[0].Body
	for _, want := range []string{"now watching the feed blog (2 entries)", "now watching the feed cve (2 entries)", "now watching the feed gke (1 entry)"} {
		if !strings.Contains(body, want) {
			t.Errorf("the first digest does not say %q:\n%s", want, body)
		}
	}
	if strings.Contains(body, "CVE-") || strings.Contains(first.stderr, "feeds") {
		t.Errorf("the first run tells what was there before:\n%s\n%s", first.stderr, body)
	}
	stored := w.snapshots()
	for range 2 {
		if r := w.ok("run"); r.api != 1 {
			t.Errorf("a quiet run costs %d requests", r.api)
		}
	}
	if n := w.snapshots(); n != stored || w.asked["/cve"] != 1 || w.asked["/blog"] != 1 {
		t.Errorf("quiet runs store %d snapshots, and read the feeds again: %v", n-stored, w.asked)
	}
	w.week()
	w.tells("a week", weekTold)
	got := w.ok("run", "--dry-run", "--format", "markdown").stdout
	golden.Check(t, "testdata/feeds-week.golden", []byte(settled(got)))
	for _, format := range []string{"text", "html", "slack"} {
		if text := w.ok("run", "--dry-run", "--format", format).stdout; !strings.Contains(text, "CVE-2026-10003") || !strings.Contains(text, "A late post of an old day") {
			t.Errorf("%s lacks something:\n%s", format, text)
		}
	}
	w.tells("only feeds", weekTold, "--only", "feeds")
	w.tells("only the blog", "https://blog.example/3/ feed.item\nhttps://blog.example/4/ feed.item", "--only", "feeds/blog")
	if r := w.run("run", "--only", "feeds/nosuch", "--dry-run"); r.code != exitUsage {
		t.Errorf("a feed that is not there: exit code %d\n%s", r.code, r.stderr)
	}
	w.ok("run")
	w.wantIssues(2)
	if r := w.ok("run"); r.api != 1 {
		t.Errorf("quiet again: %d requests", r.api)
	}
	w.tells("told already", "")

	// Another address is another feed: nothing of it was told, and nothing is.
	w.pages["/other"] = feedtest.Blog("Other", feedPost(70, 1, "Elsewhere"), feedPost(71, 2, "Also"))
	w.wholeConfig(strings.Replace(w.text(""), "/blog", "/other", 1))
	w.tells("another address", "")
	w.ok("run")
	w.pages["/other"] = feedtest.Blog("Other", feedPost(72, 9, "News"), feedPost(71, 2, "Also"), feedPost(70, 1, "Elsewhere"))
	w.tells("and its news", "https://blog.example/72/ feed.item")

	// Of the time of a tag no feed knows anything.
	if r := w.ok("run", "--dry-run", "--since", "v1.35.0"); !strings.Contains(r.stdout, "now watching the feed cve (3 entries)") {
		t.Errorf("since a tag:\n%.2000s", r.stdout)
	}

	// Offline nothing is fetched, and nothing fails.
	asked := w.asked["/cve"]
	r := w.set("BOT_OFFLINE=true").run("run", "--dry-run")
	if !strings.Contains(r.stderr, "feeds/cve is left out: offline") || w.asked["/cve"] != asked {
		t.Errorf("offline: exit code %d\n%s", r.code, r.stderr)
	}
}

// TestFaultsOfFeeds: one that fails fails alone, with a word that says why, and loses nothing.
func TestFaultsOfFeeds(t *testing.T) {
	whole(t)
	t.Parallel()
	private := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a private address was spoken to") }))
	t.Cleanup(private.Close)
	release := make(chan struct{})
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	text := func(s string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, s) }
	}
	w := feeds(t)
	t.Cleanup(func() { close(release) })
	w.ok("run")
	w.week()
	cut := string(w.pages["/cve"])[:300]
	others := strings.ReplaceAll(strings.ReplaceAll(weekTold, "CVE-2026-10002 feed.item\n", ""), "CVE-2026-10003 feed.item\n", "")
	for _, tt := range []struct {
		name, says string
		how        http.HandlerFunc
	}{
		{"500", "it answers 500 (Internal Server Error)", status(500)},
		{"HTML", `this is an HTML page, not a feed: its title is "Sign in"`, text("<!DOCTYPE html><html><head><title>Sign in</title></head><body>")},
		{"truncated", "it may be cut off", text(cut)},
		{"slow", "no whole answer in 1s", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "{")
			_ = http.NewResponseController(w).Flush()
			<-release
		}},
		{"empty body", "the answer is empty", text("")},
		{"no entries", "has no entries, and had some before", text(string(feedtest.Vulnerabilities()))},
		{"100 MB", "it is larger than 10 MB, and was not read further", func(w http.ResponseWriter, _ *http.Request) {
			for range 100 {
				if _, err := io.WriteString(w, strings.Repeat(" ", 1<<20)); err != nil {
					return
				}
			}
		}},
		{"redirect to a private address", "its address 127.0.0.1 is this machine", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, private.URL, http.StatusFound) }},
		{"redirect to a cloud's metadata", "its address 169.254.169.254 is link-local (cloud metadata)", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://169.254.169.254/latest", http.StatusFound)
		}},
		{"gone", "it answers 410 (Gone): it is there no more", status(410)},
	} {
		w.breaks("/cve", tt.how)
		limit := "30s"
		if tt.name == "slow" {
			limit = "1s"
		}
		w.set("BOT_GITHUB_REQUEST_TIMEOUT=" + limit)
		r := w.run("run", "--dry-run", "--format", "json")
		if r.code != exitSource || !strings.Contains(r.stderr, "feeds/cve could not be read") || !strings.Contains(r.stderr, tt.says) || strings.Contains(r.stderr, "feeds/blog") {
			t.Errorf("%s: exit code %d, want %d and %q:\n%s", tt.name, r.code, exitSource, tt.says, r.stderr)
		}
		if got := changesIn(t, r.stdout); got != others {
			t.Errorf("%s: it tells\n%s\nwant\n%s", tt.name, got, others)
		}
	}
	w.set("BOT_GITHUB_REQUEST_TIMEOUT=30s")
	w.breaks("/cve", status(500))
	if r := w.run("run"); r.code != exitSource {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	w.wantIssues(2)
	if body := w.issues()[1].Body; !strings.Contains(body, "entries of the feed cve could not be read") || !strings.Contains(body, "A late post of an old day") {
		t.Errorf("the digest does not say what failed, or not what came:\n%s", body)
	}
	// Moved, and there again: all that was missed is told.
	w.pages["/moved"] = w.pages["/cve"]
	w.breaks("/cve", func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, "/moved", http.StatusMovedPermanently)
	})
	w.tells("moved", "CVE-2026-10002 feed.item\nCVE-2026-10003 feed.item")
	w.ok("run")
	w.wantIssues(3)
	w.breaks("/cve", nil)
	w.tells("and back", "")
}

// TestRecordedFeeds: what feeds said is in a recording, their refusals too.
func TestRecordedFeeds(t *testing.T) {
	t.Parallel()
	w := feeds(t)
	w.ok("run")
	w.week()
	w.breaks("/gke", func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, "https://169.254.169.254/latest", http.StatusFound)
	})
	w.breaks("/releases", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusServiceUnavailable) })
	folder, r := w.replayed(t, exitSource, "run")
	if !strings.Contains(r.stderr, "feeds/gke could not be read") || !strings.Contains(contentsOf(t, folder), "CVE-2026-10003") {
		t.Errorf("%s", r.stderr)
	}
	holdsNoToken(t, folder)
	w = feeds(t)
	w.breaks("/gke", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(rw, "<feed")
	})
	w.replayed(t, exitSource, "run", "--dry-run")
}

// TestDoctorLooksAtFeeds: whether each answers, can be read, and stands where the configuration says.
func TestDoctorLooksAtFeeds(t *testing.T) {
	t.Parallel()
	w := feeds(t)
	w.breaks("/blog", func(rw http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(rw, "<html><title>Sign in</title>")
	})
	w.pages["/moved"] = w.pages["/releases"]
	w.breaks("/releases", func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, "/moved", http.StatusMovedPermanently)
	})
	e := w.examine()
	for _, tt := range []struct {
		subject         string
		status          doctor.Status
		finding, advice string
	}{
		{"kubernetes/blog", doctor.Failed, "this is an HTML page, not a feed", "upstreams[0].sources.feeds[0].url"},
		{"kubernetes/cve", doctor.OK, "2 entries, the newest of 2026-08-02", ""},
		{"kubernetes/minikube", doctor.Warning, "it moved to " + w.srv.URL + "/moved", "write that address in upstreams[0].sources.feeds[2].url"},
		{"kubernetes/gke", doctor.OK, "1 entry, the newest of 2026-08-03", ""},
	} {
		c := e.find(t, "feed", tt.subject)
		if c.Status != tt.status || !strings.Contains(c.Finding, tt.finding) || !strings.Contains(c.Advice, tt.advice) {
			t.Errorf("%s: %s %q, advice %q; want %s %q, %q", tt.subject, c.Status, c.Finding, c.Advice, tt.status, tt.finding, tt.advice)
		}
	}
	if e.code != exitSource {
		t.Errorf("exit code %d, want %d", e.code, exitSource)
	}
}

// TestLostStateBesideADeadFeed: a feed that is gone for good holds nobody up whose digests go on at different places.
func TestLostStateBesideADeadFeed(t *testing.T) {
	t.Parallel()
	w := feeds(t)
	w.wholeConfig(w.text("digests:\n  - {name: weekly, channels: [{type: github-issue}]}\n  - {name: other, channels: [{type: github-issue}]}\n"))
	w.ok("run")
	w.wantIssues(2)
	w.commit("v1.36", without("ImageVolumeWithDigest"))
	w.ok("run", "--digest", "weekly")
	w.wantIssues(3)
	w.loseState()
	w.breaks("/gke", http.NotFound)
	if r := w.run("run"); r.code != exitSource {
		t.Fatalf("exit code %d\n%s", r.code, r.stderr)
	}
	w.wantIssues(4)
	if got := w.issues()[3]; !strings.Contains(got.Body, "ImageVolumeWithDigest") || !strings.Contains(got.Title+got.Body, "other") {
		t.Errorf("%s\n%s", got.Title, got.Body)
	}
}

// TestFeedBuiltAnew: a feed that says the same in other bytes is read once for that, and a state on a branch, too.
func TestFeedBuiltAnew(t *testing.T) {
	t.Parallel()
	w := feeds(t)
	w.onBranch()
	w.ok("run")
	w.pages["/blog"] = append(w.pages["/blog"], "<!-- built -->\n"...)
	w.ok("run")
	asked := w.asked["/blog"]
	if r := w.ok("run"); r.api != 1 || w.asked["/blog"] != asked {
		t.Errorf("a quiet run costs %d requests, and the feed was read %d times", r.api, w.asked["/blog"]-asked)
	}
	w.wantIssues(1)
}
