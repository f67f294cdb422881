package ghtest_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/ghtest"
)

// files unpacks a tarball, up to where it breaks off.
func files(t *testing.T, packed []byte) (got map[string]string, err error) {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	got = map[string]string{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return got, nil
		}
		if err != nil {
			return got, err
		}
		var text bytes.Buffer
		if _, err := io.Copy(&text, r); err != nil {
			return got, err
		}
		got[h.Name] = text.String()
	}
}

func TestTarballIsOnAnotherHost(t *testing.T) {
	f := newFixture(t, ghtest.Options{})
	f.ClearLog()
	tarball := func() reply {
		t.Helper()
		r := f.as("GET", "/repos/up/stream/tarball/v1.0.0", "")
		path, ok := strings.CutPrefix(r.Header.Get("Location"), f.URL())
		if r.StatusCode != http.StatusFound || !ok {
			t.Fatalf("%s %v", r.Status, r.Header)
		}
		return f.do("GET", path, "")
	}
	r := tarball()
	got, err := files(t, r.body)
	if err != nil || r.Header.Get("Content-Type") != "application/x-gzip" {
		t.Fatalf("%v, %v", err, r.Header)
	}
	if want := f.git.git("show", "v1.0.0:a.go") + "\n"; got["up-stream-"+f.first[:7]+"/a.go"] != want {
		t.Errorf("files %q", got)
	}
	if c := f.Count(); c.REST != 1 || c.Raw != 1 {
		t.Errorf("%+v, want the redirect to count alone", c)
	}
	for _, path := range []string{"/repos/up/stream/tarball/nope", "/raw/_codeload/up/stream/legacy.tar.gz/main", "/raw/_codeload/up/stream/legacy.tar.gz/" + strings.Repeat("1", 40), "/raw/_codeload/up/none/legacy.tar.gz/" + f.first} {
		if r := f.as("GET", path, ""); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, r.Status)
		}
	}
	f.AddFault(ghtest.Fault{Kind: ghtest.ArchiveCut, Path: "/raw/_codeload/**"})
	r = tarball()
	if _, err := files(t, r.body); !errors.Is(err, io.ErrUnexpectedEOF) || r.StatusCode != http.StatusOK {
		t.Errorf("a cut tarball: %s, %v", r.Status, err)
	}
}

func TestFieldThatFailsTakesWhatMayNotHoldItsNull(t *testing.T) {
	f := newFixture(t, ghtest.Options{})
	f.AddFault(ghtest.Fault{Kind: ghtest.FieldError, Contains: "releases("})
	f.AddFault(ghtest.Fault{Kind: ghtest.FieldError, Contains: "description", Field: "description"})
	data, errs := f.query(`{ a: repository(owner: "up", name: "stream") { name } b: repository(owner: "up", name: "stream") { name releases(first: 1) { nodes { name } } } }`, nil)
	want(t, data, `{"a": {"name": "stream"}, "b": null}`)
	if len(errs) != 1 {
		t.Fatalf("errors %v", errs)
	}
	want(t, at(t, errs[0], "path"), `["b", "releases"]`)
	data, errs = f.query(`{ repository(owner: "up", name: "stream") { name description } }`, nil)
	want(t, data, `{"repository": {"name": "stream", "description": null}}`)
	if len(errs) != 1 {
		t.Errorf("errors %v", errs)
	}
}

func TestFeedOfReleases(t *testing.T) {
	f := newFixture(t, ghtest.Options{})
	day := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f.AddRelease("up/stream", ghtest.Release{Tag: "v1.0.0", Name: "One & only", Body: "<p>notes</p>", Author: "ada", Created: day})
	f.AddRelease("up/stream", ghtest.Release{Tag: "v1.1.0-rc.1", Prerelease: true, Created: day.AddDate(0, 0, 1)})
	f.AddRelease("up/stream", ghtest.Release{Tag: "v1.1.0", Draft: true, Created: day.AddDate(0, 0, 2)})
	r := f.as("GET", "/up/stream/releases.atom", "")
	var feed struct {
		Entries []struct {
			Title   string `xml:"title"`
			Updated string `xml:"updated"`
			Content string `xml:"content"`
			Link    struct {
				Href string `xml:"href,attr"`
			} `xml:"link"`
		} `xml:"entry"`
	}
	if err := xml.Unmarshal(r.body, &feed); err != nil || len(feed.Entries) != 2 {
		t.Fatalf("%v in %s", err, r.body)
	}
	if e := feed.Entries[1]; e.Title != "One & only" || e.Content != "<p>notes</p>" || e.Updated != "2026-01-02T03:04:05Z" || e.Link.Href != "https://github.com/up/stream/releases/tag/v1.0.0" ||
		feed.Entries[0].Title != "v1.1.0-rc.1" {
		t.Errorf("%+v", feed)
	}
	if c := f.Count(); c.API() != 0 {
		t.Errorf("the feed counts as %+v", c)
	}
	if r := f.as("GET", "/up/none/releases.atom", ""); r.StatusCode != http.StatusNotFound {
		t.Error(r.Status)
	}
}
