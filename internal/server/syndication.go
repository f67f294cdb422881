package server

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"slices"
	"time"

	"github.com/upstream-digest/bot/internal/report"
)

// The feeds hold what the pages hold. Their ids are tag URIs of the service itself, so that they stay when it moves to
// another address.

type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Links   []atomLink  `xml:"link"`
	Author  atomAuthor  `xml:"author"`
	Entries []atomEntry `xml:"entry"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr,omitempty"`
	Href string `xml:"href,attr"`
	Type string `xml:"type,attr,omitempty"`
}

type atomAuthor struct {
	Name string `xml:"name"`
}

type atomEntry struct {
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Link    atomLink    `xml:"link"`
	Content atomContent `xml:"content"`
}

type atomContent struct {
	Type string `xml:"type,attr"`
	Text string `xml:",chardata"`
}

const feedID = "tag:upstream-digest.invalid,2026:digests"

// base is the address that a visitor used.
func base(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

func (p *site) atom(w http.ResponseWriter, r *http.Request) {
	_, view := p.s.snapshot()
	at := base(r)
	feed := atomFeed{
		ID: feedID, Title: "Upstream digests", Author: atomAuthor{"upstream-digest bot"}, Updated: rfc(newest(view, p.s.started())),
		Links: []atomLink{{Rel: "self", Href: at + "/digests.atom", Type: "application/atom+xml"}, {Rel: "alternate", Href: at + "/", Type: "text/html"}},
	}
	for _, d := range view.Digests {
		html, err := report.Fragment(d.Markdown)
		if err != nil {
			plain(w, http.StatusInternalServerError, "the feed can't be made\n")
			return
		}
		feed.Entries = append(feed.Entries, atomEntry{
			ID: feedID + d.Path(), Title: d.Title, Updated: rfc(d.At), Link: atomLink{Rel: "alternate", Href: at + d.Path(), Type: "text/html"},
			Content: atomContent{Type: "html", Text: string(html)},
		})
	}
	out, err := xml.MarshalIndent(feed, "", " ")
	if err != nil {
		plain(w, http.StatusInternalServerError, "the feed can't be made\n")
		return
	}
	w.Header().Set("Content-Type", "application/atom+xml; charset=utf-8")
	_, _ = w.Write(append([]byte(xml.Header), out...))
}

type jsonFeed struct {
	Version     string     `json:"version"`
	Title       string     `json:"title"`
	HomePageURL string     `json:"home_page_url"`
	FeedURL     string     `json:"feed_url"`
	Items       []jsonItem `json:"items"`
}

type jsonItem struct {
	ID        string   `json:"id"`
	URL       string   `json:"url"`
	Title     string   `json:"title"`
	HTML      string   `json:"content_html"`
	Published string   `json:"date_published"`
	Tags      []string `json:"tags,omitempty"`
}

// json is the digests as a JSON Feed; ?upstream=NAME keeps those that tell of one upstream, ?digest=NAME those of a
// definition.
func (p *site) json(w http.ResponseWriter, r *http.Request) {
	_, view := p.s.snapshot()
	at := base(r)
	feed := jsonFeed{Version: "https://jsonfeed.org/version/1.1", Title: "Upstream digests", HomePageURL: at + "/", FeedURL: at + r.URL.RequestURI(), Items: []jsonItem{}}
	for _, d := range view.Digests {
		if name := r.URL.Query().Get("digest"); name != "" && name != d.Definition {
			continue
		}
		if name := r.URL.Query().Get("upstream"); name != "" && !slices.Contains(d.Upstreams, name) {
			continue
		}
		html, err := report.Fragment(d.Markdown)
		if err != nil {
			plain(w, http.StatusInternalServerError, "the feed can't be made\n")
			return
		}
		feed.Items = append(feed.Items, jsonItem{
			ID: feedID + d.Path(), URL: at + d.Path(), Title: d.Title, HTML: string(html), Published: rfc(d.At), Tags: append([]string{d.Definition}, d.Upstreams...),
		})
	}
	w.Header().Set("Content-Type", "application/feed+json; charset=utf-8")
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	_ = enc.Encode(feed) // a visitor who left is no concern
}

func newest(v View, otherwise time.Time) time.Time {
	if len(v.Digests) > 0 {
		return v.Digests[0].At
	}
	return otherwise
}

func (s *Service) started() time.Time {
	state, _ := s.snapshot()
	return state.started
}
