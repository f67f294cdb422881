package server

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/report"
)

// site is the pages.
type site struct {
	s     *Service
	pages *template.Template
}

// frame is what each page has.
type frame struct {
	Title, Version string
	Home           bool // it is the first page
	Now            time.Time
	Body           any
}

func (p *site) show(w http.ResponseWriter, status int, page, title string, body any) {
	var b bytes.Buffer
	if err := p.pages.ExecuteTemplate(&b, page, frame{title, p.s.opts.Version, page == "index.html", p.s.opts.Now(), body}); err != nil {
		p.s.opts.Log.Error("a page can't be made", "page", page, "error", err)
		plain(w, http.StatusInternalServerError, "the page can't be made; the log says why\n")
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

// indexPage is what the first page tells.
type indexPage struct {
	View
	Wrong   []string
	Running bool
	Last    time.Time
	Next    time.Time
	LastErr string
	Reload  string
	Listed  string // the runs that are listed: "The last 3 runs, 12 requests"
}

func (p *site) index(w http.ResponseWriter, _ *http.Request) {
	state, view := p.s.snapshot()
	body := indexPage{View: view, Wrong: p.s.ready(), Running: !state.running.IsZero(), Last: state.last, Next: state.next}
	if state.lastErr != nil {
		body.LastErr = state.lastErr.Error()
	}
	if state.reloadErr != nil {
		body.Reload = state.reloadErr.Error()
	}
	requests := 0
	for _, r := range view.Runs {
		requests += r.Requests
	}
	body.Listed = fmt.Sprintf("The last %d runs, %d requests", len(view.Runs), requests)
	if len(view.Runs) == 1 {
		body.Listed = fmt.Sprintf("One run, %d requests", requests)
	}
	p.show(w, http.StatusOK, "index.html", "Upstream digests", body)
}

// digestPage is one digest.
type digestPage struct {
	Digest
	HTML         template.HTML
	Newer, Older string // paths of its neighbours, "" where there is none
}

func (p *site) digest(w http.ResponseWriter, r *http.Request) {
	_, view := p.s.snapshot()
	seq, err := strconv.ParseInt(r.PathValue("seq"), 10, 64)
	at := -1
	for i, d := range view.Digests {
		if err == nil && d.Definition == r.PathValue("definition") && d.Seq == seq {
			at = i
		}
	}
	if at < 0 {
		p.missing(w, r)
		return
	}
	d := view.Digests[at]
	html, err := report.Fragment(d.Markdown)
	if err != nil {
		p.s.opts.Log.Error("a digest can't be shown", "digest", d.Path(), "error", err)
		plain(w, http.StatusInternalServerError, "the digest can't be shown; the log says why\n")
		return
	}
	page := digestPage{Digest: d, HTML: html}
	for _, other := range view.Digests[:at] { // the last of these that is its own definition's is the next newer
		if other.Definition == d.Definition {
			page.Newer = other.Path()
		}
	}
	for _, other := range view.Digests[at+1:] {
		if other.Definition == d.Definition {
			page.Older = other.Path()
			break
		}
	}
	p.show(w, http.StatusOK, "digest.html", d.Title, page)
}

func (p *site) missing(w http.ResponseWriter, _ *http.Request) {
	p.show(w, http.StatusNotFound, "missing.html", "Not here", nil)
}

// Path is where a digest's page is.
func (d Digest) Path() string { return fmt.Sprintf("/digests/%s/%d", d.Definition, d.Seq) }

// Where tells in words where a digest went, and what became of it there.
func (d Digest) Where() string {
	type place struct{ channel, target string }
	done, all := map[place]int{}, map[place]int{}
	var order []place
	for _, x := range d.Deliveries {
		k := place{x.Channel, x.Target}
		if all[k] == 0 {
			order = append(order, k)
		}
		all[k]++
		if x.State == "done" {
			done[k]++
		}
	}
	var out []string
	for _, k := range order {
		word := k.channel
		if k.target != "" {
			word += " " + k.target
		}
		if done[k] < all[k] {
			word += fmt.Sprintf(" (%d of %d parts there)", done[k], all[k])
		}
		out = append(out, word)
	}
	return strings.Join(out, ", ")
}

func rfc(t time.Time) string { return t.UTC().Format(time.RFC3339) }
