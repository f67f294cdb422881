package feed_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/feed"
	"github.com/upstream-digest/bot/internal/feedtest"
)

const address = "https://feeds.example/a/feed.xml"

func parse(t *testing.T, data string) []feed.Entry {
	t.Helper()
	f, err := feed.Parse([]byte(data), address)
	if err != nil {
		t.Fatal(err)
	}
	return f.Entries
}

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 12, 0, 0, 0, time.UTC) }

func rss(items string) string {
	return `<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>` + items + `</channel></rss>`
}

func TestABlog(t *testing.T) {
	body := "<img src=\"a.png\" alt=\"no\"><p>Widgets &amp; gadgets are <b>here</b>.</p><script>alert(1)</script><style>p{}</style><ul><li>one</li><li>two</li></ul>" + strings.Repeat("<p>More and more words follow.</p>", 500)
	got := parse(t, string(feedtest.Blog("Blog", feedtest.Post{Title: "Widgets <b>now</b> & List<String> in #1 @you", URL: "https://blog.example/p/1/?utm_source=rss&a=b&UTM_medium=x", Body: body, At: day(2026, 8, 18)})))
	if len(got) != 1 {
		t.Fatalf("%d entries", len(got))
	}
	e := got[0]
	if e.Title != "Widgets now & List<String> in #1 @you" || e.URL != "https://blog.example/p/1/?a=b" || !e.Published.Equal(day(2026, 8, 18)) || e.CVE || e.Parts != nil {
		t.Errorf("%+v", e)
	}
	if !strings.HasPrefix(e.Summary, "Widgets & gadgets are here. one two More and more") || len([]rune(e.Summary)) > 240 || !strings.HasSuffix(e.Summary, "…") {
		t.Errorf("summary %q", e.Summary)
	}
}

// TestVulnerabilities: several share an issue, the id tells them apart, and the status stands where only this feed has it.
func TestVulnerabilities(t *testing.T) {
	list := []feedtest.Vulnerability{
		{ID: "CVE-2026-10001", Summary: "Widgets can be read by others", Issue: 130001, Status: "open", At: day(2026, 8, 1)},
		{ID: "CVE-2026-10002", Summary: "Gadgets can be written", Issue: 130001, Status: "fixed", At: day(2026, 8, 1)},
		{ID: "CVE-2020-8554", Summary: "Old one", Issue: 97076, At: day(2020, 12, 4)},
	}
	var want []feed.Entry
	for i, v := range list {
		want = append(want, feed.Entry{ID: v.ID, Title: v.Summary, URL: fmt.Sprintf("https://github.com/kubernetes/kubernetes/issues/%d", v.Issue), Published: v.At, CVE: true, Status: []string{"open", "fixed", "unknown"}[i]})
	}
	for name, data := range map[string][]byte{"JSON": feedtest.Vulnerabilities(list...), "RSS": feedtest.VulnerabilitiesRSS(list...)} {
		if d := cmp.Diff(want, parse(t, string(data))); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	post := parse(t, string(feedtest.Blog("b", feedtest.Post{Title: "What CVE-2026-10001 means", URL: "https://blog.example/cve-2026-10001", At: day(2026, 8, 2)})))
	if post[0].CVE {
		t.Error("a post about a vulnerability is taken for one")
	}
	own := parse(t, `{"version":"https://jsonfeed.org/version/1.1","items":[{"id":"CVE-2026-1","url":"https://a.example/1"},{"id":"CVE-2026-10003","_kubernetes_io":{"status":"Fixed"}}]}`)
	if own[0].CVE || own[1].Status != "fixed" {
		t.Errorf("%+v", own)
	}
}

func TestReleases(t *testing.T) {
	got := parse(t, string(feedtest.Releases("kubernetes/minikube", feedtest.Release{Tag: "v1.40.0", At: day(2026, 8, 3)})))
	e := got[0]
	if e.ID != "tag:github.com,2008:Repository/1234/v1.40.0" || e.URL != "https://github.com/kubernetes/minikube/releases/tag/v1.40.0" || e.Title != "v1.40.0" || !e.Published.Equal(day(2026, 8, 3)) || e.Summary != "Notes of v1.40.0." {
		t.Errorf("%+v", e)
	}
}

// TestDays: a day is split into its notes; its date is the day, whenever it was edited.
func TestDays(t *testing.T) {
	d := feedtest.Day{Day: day(2026, 8, 18), Edited: day(2026, 8, 25), Notes: []feedtest.Note{{Kind: "Feature", Text: "<strong>(2026-R35)</strong> Widgets. <h4>Inner</h4> more"}, {Kind: "Security bulletin", Text: "A <a href=\"x\">hole</a>."}}}
	e := parse(t, string(feedtest.Days(d)))[0]
	if !e.Published.Equal(time.Date(2026, 8, 18, 0, 0, 0, 0, time.UTC)) || len(e.Parts) != 2 {
		t.Fatalf("%+v", e)
	}
	if p := e.Parts[0]; p.Kind != "Feature" || p.Text != "(2026-R35) Widgets. Inner more" || p.Hash == "" {
		t.Errorf("%+v", p)
	}
	d.Notes = append(d.Notes, feedtest.Note{Kind: "Fixed", Text: "Late."})
	again := parse(t, string(feedtest.Days(d)))[0]
	if again.ID != e.ID || again.Parts[0].Hash != e.Parts[0].Hash || len(again.Parts) != 3 {
		t.Errorf("an edit changes more than it adds: %+v", again)
	}
	plain := parse(t, `<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>x#August_1_2026</id><title>d</title><content type="html">no headings</content></entry></feed>`)
	if len(plain[0].Parts) != 1 || plain[0].Parts[0].Text != "no headings" {
		t.Errorf("without headings: %+v", plain[0].Parts)
	}
}

func TestDates(t *testing.T) {
	for text, want := range map[string]string{
		"Tue, 18 Aug 2026 10:00:00 +0000": "2026-08-18T10:00:00Z", "Tue, 18 Aug 2026 10:00:00 GMT": "2026-08-18T10:00:00Z", "18 Aug 2026 12:00:00 +0200": "2026-08-18T10:00:00Z",
		"2026-08-18T10:00:00Z": "2026-08-18T10:00:00Z", "2026-08-18T10:00:00.123456+02:00": "2026-08-18T08:00:00Z", "2026-08-18": "2026-08-18T00:00:00Z",
		"August 18, 2026": "2026-08-18T00:00:00Z", "18.08.2026": "2026-08-18T00:00:00Z", "20260818": "2026-08-18T00:00:00Z", "2026/08/18": "2026-08-18T00:00:00Z",
		"Mon, 01 Jan 2099 00:00:00 GMT": "2099-01-01T00:00:00Z", "soon": "", "": "", "0001-01-01T00:00:00Z": "", "Mon, 01 Jan 0001 00:00:00 +0000": "",
	} {
		got := ""
		if e := parse(t, rss("<item><title>x</title><pubDate>"+text+"</pubDate></item>"))[0]; !e.Published.IsZero() {
			got = e.Published.Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("%q is read as %q, want %q", text, got, want)
		}
	}
}

// TestIDs: two entries never share one, and what makes it does not depend on where they stand.
func TestIDs(t *testing.T) {
	same := `<item><guid>g</guid><title>one</title><link>https://a.example/1</link></item><item><guid>g</guid><title>two</title><link>https://a.example/2</link></item>`
	got := parse(t, rss(same))
	if len(got) != 2 || got[0].ID != "g https://a.example/1" || got[1].ID != "g https://a.example/2" {
		t.Errorf("%+v", got)
	}
	if twice := parse(t, rss(`<item><guid>g</guid><title>x</title></item><item><guid>g</guid><title>x</title></item>`)); len(twice) != 1 {
		t.Errorf("the same entry twice: %+v", twice)
	}
	bare := parse(t, rss(`<item><title>only</title><pubDate>2026-08-18</pubDate></item><item><link>/b</link></item>`))
	if bare[0].ID != "only 2026-08-18" || bare[1].ID != "https://feeds.example/b" || bare[1].Title == "" {
		t.Errorf("%+v", bare)
	}
	long := parse(t, rss(`<item><guid>`+strings.Repeat("x", 5000)+`</guid></item>`))
	if len(long[0].ID) > 600 {
		t.Errorf("an id of %d bytes", len(long[0].ID))
	}
	number := parse(t, `{"version":"https://jsonfeed.org/version/1.1","items":[{"id":17,"title":["odd"],"tags":5,"attachments":"no","content_html":"<p>hi</p>"}]}`)
	if len(number) != 1 || number[0].ID != "17" || number[0].Summary != "hi" {
		t.Errorf("%+v", number)
	}
}

func TestLinks(t *testing.T) {
	for link, want := range map[string]string{
		"/x": "https://feeds.example/x", "x": "https://feeds.example/a/x", "//other.example/x": "https://other.example/x", "https://a.example/x#y": "https://a.example/x#y",
		"javascript:alert(1)": "", "data:text/html,x": "", "https://user:pw@a.example/": "https://a.example/", "ftp://a.example/": "", "http://[::1": "", "https://a.example/" + strings.Repeat("x", 3000): "",
	} {
		if got := parse(t, rss("<item><guid isPermaLink=\"false\">g</guid><link>"+link+"</link></item>"))[0].URL; got != want {
			t.Errorf("%q becomes %q, want %q", link, got, want)
		}
	}
}

// TestEncodings: byte order marks, other character sets, controls that no XML may hold.
func TestEncodings(t *testing.T) {
	utf16 := func(s string) string {
		out := []byte{0xFE, 0xFF}
		for _, r := range s {
			out = append(out, byte(r>>8), byte(r))
		}
		return string(out)
	}
	item := "<item><guid>g</guid><title>caf\u00e9</title></item>"
	for name, data := range map[string]string{
		"UTF-8 with a mark": "\xEF\xBB\xBF" + rss(item),
		"Latin-1":           `<?xml version="1.0" encoding="ISO-8859-1"?><rss version="2.0"><channel><item><guid>g</guid><title>caf` + "\xE9" + `</title></item></channel></rss>`,
		"UTF-16":            utf16(`<?xml version="1.0" encoding="utf-16"?><rss version="2.0"><channel>` + item + `</channel></rss>`),
		"blanks before":     "\n\n  " + rss(item),
		"controls":          strings.Replace(rss(item), "caf", "c\x00\x01af", 1),
		"JSON with a mark":  "\xEF\xBB\xBF" + `{"version":"https://jsonfeed.org/version/1","items":[{"id":"g","title":"café"}]}`,
		"an entity":         rss("<item><guid>g</guid><title>caf&eacute;</title></item>"),
		"unclosed tags":     rss("<item><guid>g</guid><title>café</title><description>a<br>b<hr>c</description></item>"),
	} {
		f, err := feed.Parse([]byte(data), address)
		if err != nil || len(f.Entries) != 1 || f.Entries[0].Title != "café" {
			t.Errorf("%s: %+v, %v", name, f.Entries, err)
		}
	}
}

// TestWhatIsNoFeed: each is named as what it is, for whoever has to correct the address.
func TestWhatIsNoFeed(t *testing.T) {
	bomb := `<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><rss version="2.0"><channel><item><guid>g</guid><title>x&b;</title></item></channel></rss>`
	if e := parse(t, bomb); len(e) != 1 || strings.Contains(e[0].Title, "aaaa") {
		t.Errorf("an entity is expanded: %+v", e)
	}
	for want, data := range map[string]string{
		"the answer is empty": " \n",
		`this is an HTML page, not a feed: its title is "Sign in to Foo & Co"`: "<!DOCTYPE html>\n<html><head><title>\n Sign in to Foo &amp; Co</title></head><body><p>login<br></body></html>",
		"this is an HTML page, not a feed: it has no title":                    "<html><body>login",
		`this is XML, but no feed: its first element is "opml"`:                `<?xml version="1.0"?><opml version="2.0"></opml>`,
		"this is JSON, but no JSON Feed":                                       `{"message":"Not Found"}`,
		"this is JSON, but no JSON Feed: it has no list of items":              `[1,2]`,
		`this is no feed: it begins with "Not found"`:                          "Not found",
		"it may be cut off: XML syntax error":                                  rss("<item><title>one</title></item>")[:80],
		"its JSON can't be read, it may be cut off":                            `{"version":"https://jsonfeed.org/version/1.1","items":[{"id":"1"},{"id"`,
		"its elements are nested more than 1000 deep":                          rss("<item>" + strings.Repeat("<x:a>", 5000)),
		"its values are nested more than 1000 deep":                            `{"items":[{"id":` + strings.Repeat("[", 5000),
		"it has more than 50000 entries":                                       rss(strings.Repeat("<item/>", 50_001)),
		"it has more than 500000 elements":                                     rss("<item>" + strings.Repeat("<x:a/>", 500_001) + "</item>"),
		"this is no feed":                                                      "<",
		"it is cut off in the middle of a character":                           "\xFE\xFF\x00",
	} {
		_, err := feed.Parse([]byte(data), address)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, want %q", data, err, want)
		}
	}
	many := make([]feedtest.Post, 12_000)
	for i := range many {
		many[i] = feedtest.Post{Title: "t", URL: fmt.Sprintf("https://a.example/%d", i)}
	}
	if got := parse(t, string(feedtest.Blog("b", many...))); len(got) != 12_000 {
		t.Errorf("%d entries of 12000", len(got))
	}
}

func FuzzParse(f *testing.F) {
	at := day(2026, 8, 18)
	for _, seed := range [][]byte{
		feedtest.Blog("b", feedtest.Post{Title: "t <b>", URL: "https://a.example/1", Body: "<p>x</p>", At: at}),
		feedtest.Vulnerabilities(feedtest.Vulnerability{ID: "CVE-2026-10001", Summary: "s", Issue: 1, Status: "open", At: at}),
		feedtest.VulnerabilitiesRSS(feedtest.Vulnerability{ID: "CVE-2026-10001", Summary: "s", Issue: 1, Status: "open", At: at}),
		feedtest.Releases("a/b", feedtest.Release{Tag: "v1.0.0", At: at}), feedtest.Days(feedtest.Day{Day: at, Notes: []feedtest.Note{{Kind: "Feature", Text: "x"}}}),
		[]byte("\xFE\xFF\x00<"), []byte(`{"items":[null,{"id":1}]}`), []byte("<!DOCTYPE html><title>x"), []byte(`<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><item/></rdf:RDF>`),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := feed.Parse(data, address)
		if err != nil {
			return
		}
		again, err := feed.Parse(data, address)
		if d := cmp.Diff(got, again); err != nil || d != "" {
			t.Fatalf("read again it is something else: %v\n%s", err, d)
		}
		ids := map[string]bool{}
		for _, e := range got.Entries {
			if ids[e.ID] {
				t.Fatalf("two entries have the id %q", e.ID)
			}
			ids[e.ID] = true
			for _, s := range []string{e.Title, e.Summary, e.Status} {
				if strings.ContainsAny(s, "\n\r") || len([]rune(s)) > 300 || strings.ToValidUTF8(s, "") != s {
					t.Fatalf("not short and on one line: %q", s)
				}
			}
			if e.URL != "" && !strings.HasPrefix(e.URL, "https://") && !strings.HasPrefix(e.URL, "http://") {
				t.Fatalf("an address that is none of the web: %q", e.URL)
			}
			if y := e.Published.Year(); !e.Published.IsZero() && (y < 1970 || y > 9999) {
				t.Fatalf("published %v", e.Published)
			}
		}
	})
}
