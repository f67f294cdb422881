package ghtest

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// archives is where tarballs are: on the raw host, for both are hosts apart from the API on GitHub, which
// count nothing and see no token. No owner is called so.
const archives = "/raw/_codeload/"

// getTarball redirects to where a commit's archive is.
func (c *call) getTarball(r *repository) answer {
	ref := c.r.PathValue("ref")
	oid, err := c.s.revision(r, ref)
	if err != nil {
		return c.absent(r, err, c.notFound())
	}
	a := answer{status: http.StatusFound, header: http.Header{}}
	a.header.Set("Content-Type", "text/html;charset=utf-8")
	a.header.Set("Location", c.root+archives+r.Name+"/legacy.tar.gz/"+oid)
	return a
}

// archive is a commit's files as a gzipped tar, made by git archive: with what .gitattributes says.
func (c *call) archive() answer {
	gone := answer{status: http.StatusNotFound, body: []byte("404: Not Found"), header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}}}
	parts := strings.Split(strings.TrimPrefix(c.path, archives), "/")
	if len(parts) != 4 || parts[2] != "legacy.tar.gz" || !isOID(parts[3]) {
		return gone
	}
	r := c.repository(parts[0] + "/" + parts[1])
	if r == nil || r.git == nil {
		return gone
	}
	oid, _, _, err := r.git.resolve(parts[3] + "^{commit}")
	if errors.Is(err, errNoObject) {
		return gone
	}
	if err != nil {
		return c.broken(err)
	}
	folder := r.owner + "-" + r.name + "-" + oid[:7]
	tar, err := r.git.run(c.r.Context(), "archive", "--format=tar", "--prefix="+folder+"/", oid)
	if err != nil {
		return c.broken(err)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err = z.Write(tar)
	if err = errors.Join(err, z.Close()); err != nil {
		return c.broken(err)
	}
	a := answer{status: http.StatusOK, body: packed.Bytes(), header: http.Header{}}
	if c.suffers(ArchiveCut) {
		a.body = a.body[:len(a.body)/2]
	}
	a.header.Set("Content-Type", "application/x-gzip")
	a.header.Set("Content-Disposition", "attachment; filename="+folder+".tar.gz")
	return a
}

// isFeed reports whether a path is that of a repository's feed of releases, on the web site.
func isFeed(path string) bool {
	return strings.HasSuffix(path, "/releases.atom") && strings.Count(path, "/") == 3
}

// releasesFeed is the web site's feed of the ten newest releases: no API request, no limit.
func (c *call) releasesFeed() answer {
	type link struct {
		Type string `xml:"type,attr"`
		Rel  string `xml:"rel,attr"`
		Href string `xml:"href,attr"`
	}
	type content struct {
		Type string `xml:"type,attr"`
		Text string `xml:",chardata"`
	}
	type entry struct {
		ID      string  `xml:"id"`
		Updated string  `xml:"updated"`
		Link    link    `xml:"link"`
		Title   string  `xml:"title"`
		Content content `xml:"content"`
		Author  string  `xml:"author>name"`
	}
	type feed struct {
		XMLName xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
		ID      string   `xml:"id"`
		Links   []link   `xml:"link"`
		Title   string   `xml:"title"`
		Updated string   `xml:"updated"`
		Entries []entry  `xml:"entry"`
	}
	r := c.repository(strings.TrimSuffix(strings.TrimPrefix(c.path, "/"), "/releases.atom"))
	if r == nil {
		return answer{status: http.StatusNotFound, body: []byte("Not Found"), header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}}}
	}
	page := c.webURL(r) + "/releases"
	c.s.mu.Lock()
	f := feed{
		ID: "tag:github.com,2008:" + page, Title: "Release notes from " + r.name, Updated: stampText(c.s.now()),
		Links: []link{{"text/html", "alternate", page}, {"application/atom+xml", "self", page + ".atom"}},
	}
	shown := shownReleases(nil, r)
	for _, rel := range shown[:min(10, len(shown))] {
		f.Entries = append(f.Entries, entry{
			ID: "tag:github.com,2008:Repository/" + rel.Tag, Updated: stampText(rel.Published), Link: link{"text/html", "alternate", page + "/tag/" + rel.Tag},
			Title: cmp.Or(rel.Name, rel.Tag), Content: content{"html", cmp.Or(rel.Body, "No content.")}, Author: rel.Author,
		})
	}
	c.s.mu.Unlock()
	body, err := xml.MarshalIndent(f, "", "  ")
	if err != nil {
		return c.broken(err)
	}
	return answer{status: http.StatusOK, body: append([]byte(xml.Header), body...), header: http.Header{"Content-Type": {"application/atom+xml; charset=utf-8"}}}
}

// pages is where what is no GitHub's stands: the pages and feeds of others, for a world that has only this server.
const pages = "/_pages/"

type webPage struct {
	contentType string
	body        []byte
}

// SetPage puts a page of somebody else at a name, and gives its path. It is served without limits and counts as nothing.
func (s *Server) SetPage(name, contentType string, body []byte) (path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pages == nil {
		s.pages = map[string]webPage{}
	}
	s.pages[pages+name] = webPage{contentType, body}
	return pages + name
}

func (c *call) webPage() answer {
	c.s.mu.Lock()
	p, ok := c.s.pages[c.path]
	c.s.mu.Unlock()
	if !ok {
		return answer{status: http.StatusNotFound, body: []byte("404"), header: http.Header{"Content-Type": {"text/plain"}}}
	}
	sum := sha256.Sum256(p.body)
	tag := fmt.Sprintf("\"%x\"", sum[:8])
	a := answer{status: http.StatusOK, body: p.body, header: http.Header{"Content-Type": {p.contentType}, "Etag": {tag}}}
	if c.r.Header.Get("If-None-Match") == tag {
		a.status, a.body = http.StatusNotModified, nil
	}
	return a
}
