// Package feedtest writes feeds in the forms that upstreams have them, with invented content: for tests and for
// `bot demo`. A form is that of one publisher, with its habits: Kubernetes' blog puts whole posts into an entry, its
// feed of vulnerabilities says in a field of its own whether one is fixed, GitHub's list of releases knows no
// pre-releases, Google's release notes have one entry for each day.
package feedtest

import (
	"encoding/json"
	"fmt"
	"html"
	"strings"
	"time"
)

// Post is an entry of a blog.
type Post struct {
	Title string
	URL   string // also its id
	Body  string // HTML
	At    time.Time
}

// Blog is RSS 2.0 as Kubernetes' blog has it: whole posts, escaped, and no categories.
func Blog(title string, posts ...Post) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>\n<rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\">\n<channel>\n<title>%s</title>\n<link>https://blog.example/</link>\n<description>Posts</description>\n",
		html.EscapeString(title))
	for _, p := range posts {
		date := ""
		if !p.At.IsZero() {
			date = "<pubDate>" + p.At.UTC().Format(time.RFC1123Z) + "</pubDate>"
		}
		fmt.Fprintf(&b, "<item><title>%s</title><link>%s</link>%s<guid>%[2]s</guid><description>%[4]s</description></item>\n",
			html.EscapeString(p.Title), html.EscapeString(p.URL), date, html.EscapeString(p.Body))
	}
	b.WriteString("</channel>\n</rss>\n")
	return []byte(b.String())
}

// Vulnerability is an entry of the feed of vulnerabilities. Several may share an issue.
type Vulnerability struct {
	ID      string // "CVE-2026-0001"
	Summary string
	Issue   int
	Status  string // "fixed", "open", "unfixed", "unknown"; "" is null
	At      time.Time
}

func (v Vulnerability) record() string { return "https://www.cve.org/CVERecord?id=" + v.ID }

func (v Vulnerability) issue() string {
	return fmt.Sprintf("https://github.com/kubernetes/kubernetes/issues/%d", v.Issue)
}

// Vulnerabilities is JSON Feed 1.1 as Kubernetes' official CVE feed has it, with its fields beyond the standard.
func Vulnerabilities(list ...Vulnerability) []byte {
	items := []map[string]any{}
	for _, v := range list {
		var status any
		if v.Status != "" {
			status = v.Status
		}
		items = append(items, map[string]any{
			"id": v.ID, "url": v.issue(), "external_url": v.record(), "summary": v.Summary, "content_text": "Details of " + v.ID + ".\n\n- one\n- two\n",
			"date_published": v.At.UTC().Format(time.RFC3339), "status": status,
			"_kubernetes_io": map[string]any{"google_group_url": "https://groups.google.com/g/kubernetes-announce/search?q=" + v.ID, "issue_number": v.Issue},
		})
	}
	return must(json.MarshalIndent(map[string]any{
		"version": "https://jsonfeed.org/version/1.1", "title": "Vulnerabilities", "home_page_url": "https://kubernetes.io", "feed_url": "https://feeds.example/index.json",
		"authors":        []map[string]any{{"name": "Community", "url": "https://www.kubernetes.dev"}},
		"_kubernetes_io": map[string]any{"feed_refresh_job": "https://jobs.example/", "updated_at": "2026-01-01T00:00:00Z"}, "items": items,
	}, "", "  "))
}

// VulnerabilitiesRSS is the same as RSS, where the status is an attribute.
func VulnerabilitiesRSS(list ...Vulnerability) []byte {
	var b strings.Builder
	b.WriteString("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<rss version=\"2.0\"><channel><title>Vulnerabilities</title><link>https://kubernetes.io</link>\n")
	for _, v := range list {
		fmt.Fprintf(&b, "<item><title>%s</title><link>%s</link><pubDate>%s</pubDate><description>%s</description><category term=%q scheme=\"https://kubernetes.io\"/><guid isPermaLink=\"true\">%s</guid></item>\n",
			v.ID, v.issue(), v.At.UTC().Format(time.RFC1123Z), html.EscapeString(v.Summary), v.Status, v.record())
	}
	b.WriteString("</channel></rss>\n")
	return []byte(b.String())
}

// Release is an entry of a list of releases.
type Release struct {
	Tag string
	At  time.Time
}

// Releases is Atom as GitHub has it at REPOSITORY/releases.atom.
func Releases(repository string, list ...Release) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xmlns:media=\"http://search.yahoo.com/mrss/\" xml:lang=\"en-US\">\n<id>tag:github.com,2008:https://github.com/%s/releases</id>\n<title>Release notes from %[1]s</title>\n", repository)
	for _, r := range list {
		fmt.Fprintf(&b, "<entry><id>tag:github.com,2008:Repository/1234/%s</id><updated>%s</updated><link rel=\"alternate\" type=\"text/html\" href=\"https://github.com/%s/releases/tag/%[1]s\"/><title>%[1]s</title><content type=\"html\">&lt;p&gt;Notes of %[1]s.&lt;/p&gt;</content><author><name>someone</name></author></entry>\n",
			r.Tag, r.At.UTC().Format(time.RFC3339), repository)
	}
	b.WriteString("</feed>\n")
	return []byte(b.String())
}

// Day is one day of release notes, whose entry is written on in the days after.
type Day struct {
	Day   time.Time
	Notes []Note
	// Edited is when it was last touched; zero: on the day.
	Edited time.Time
}

// Note is one note of a day.
type Note struct{ Kind, Text string }

// Days is Atom with one entry for each day, as Google's release notes are.
func Days(list ...Day) []byte {
	var b strings.Builder
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n<id>tag:google.com,2016:gke-main-release-notes</id>\n<title>Release notes</title>\n")
	for _, d := range list {
		var notes strings.Builder
		for _, n := range d.Notes {
			fmt.Fprintf(&notes, "<h3>%s</h3>\n<p>%s</p>\n", html.EscapeString(n.Kind), n.Text)
		}
		edited := d.Edited
		if edited.IsZero() {
			edited = d.Day
		}
		anchor := d.Day.Format("January_02_2006")
		fmt.Fprintf(&b, "<entry><title>%s</title><id>tag:google.com,2016:gke-main-release-notes#%s</id><updated>%s</updated><link rel=\"alternate\" href=\"https://docs.cloud.google.com/kubernetes-engine/docs/release-notes#%[2]s\"/><content type=\"html\"><![CDATA[%[4]s]]></content></entry>\n",
			d.Day.Format("January 02, 2006"), anchor, edited.UTC().Format(time.RFC3339), notes.String())
	}
	b.WriteString("</feed>\n")
	return []byte(b.String())
}

func must(data []byte, err error) []byte {
	if err != nil {
		panic(err) // strings, numbers and nil are always encoded
	}
	return data
}
