package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/charmbracelet/x/ansi"

	"github.com/upstream-digest/bot/internal/report"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/store"
)

// The names of the JSON documents, each the $id of its JSON Schema in docs/schema.
const (
	schemaStateShow    = "https://raw.githubusercontent.com/upstream-digest/bot/main/docs/schema/state-show.v1.json"
	schemaStateHistory = "https://raw.githubusercontent.com/upstream-digest/bot/main/docs/schema/state-history.v1.json"
)

// shownRuns is how many runs bot state show ends with.
const shownRuns = 5

type stateDocument struct {
	Schema     string             `json:"schema"`
	Path       string             `json:"path"`
	Exists     bool               `json:"exists"`
	Bytes      int64              `json:"bytes"`
	StoreForm  int64              `json:"store_schema"`
	Lock       *lockDocument      `json:"lock"` // null: free
	Cursors    []store.Cursor     `json:"cursors"`
	Snapshots  int                `json:"snapshots"`
	Newest     int64              `json:"newest_snapshot"` // its number; 0: none yet
	Upstreams  []upstreamDocument `json:"upstreams"`       // as of the newest snapshot
	Deliveries []deliveryDocument `json:"deliveries"`      // owed and given up
	Runs       []runDocument      `json:"runs"`            // the last ones, newest first
	head       string             // of the branch, where it is on one
}

type lockDocument struct {
	Holder  string    `json:"holder"`
	Expires time.Time `json:"expires"`
	Expired bool      `json:"expired"`
}

type upstreamDocument struct {
	Name       string            `json:"name"`
	Repository string            `json:"repository"`
	Ref        string            `json:"ref"`
	SHA        string            `json:"sha"`
	Version    string            `json:"version"`
	Sections   []sectionDocument `json:"sections"`
}

type sectionDocument struct {
	Source string          `json:"source"`
	Status snapshot.Status `json:"status"`
	Reason string          `json:"reason"`
	SHA    string          `json:"sha"`
	ReadAt time.Time       `json:"read_at"`
	// CurrentAt is when the items were last known to be what upstream has.
	CurrentAt time.Time `json:"current_at"`
	Items     int       `json:"items"`
}

type deliveryDocument struct {
	Key       string      `json:"key"`
	State     store.State `json:"state"`
	Target    string      `json:"target"`
	Title     string      `json:"title"`
	OwedSince time.Time   `json:"owed_since"`
	Tries     int         `json:"tries"`
	LastError string      `json:"last_error"`
}

type historyDocument struct {
	Schema string        `json:"schema"`
	Path   string        `json:"path"`
	Runs   []runDocument `json:"runs"`
}

type runDocument struct {
	ID        int64                `json:"id"`
	StartedAt time.Time            `json:"started_at"`
	EndedAt   time.Time            `json:"ended_at"`
	Outcome   string               `json:"outcome"`
	ExitCode  int                  `json:"exit_code"`
	Requests  int                  `json:"requests"`
	Snapshot  int64                `json:"snapshot"`
	Failed    []store.FailedSource `json:"failed"`
	Filed     []filedDocument      `json:"filed"`
}

type filedDocument struct {
	Key    string `json:"key"`
	Target string `json:"target"`
	Title  string `json:"title"`
	URL    string `json:"url"`
}

func (a *app) showState(r *remembered, format string) (string, error) {
	doc := stateDocument{
		Schema: schemaStateShow, Path: r.path, head: r.head, Exists: r.there, Bytes: r.size, StoreForm: r.schema,
		Cursors: append([]store.Cursor{}, r.all.Cursors...), Snapshots: len(r.all.Snapshots),
		Upstreams: []upstreamDocument{}, Deliveries: []deliveryDocument{}, Runs: runsOf(r.all, shownRuns),
	}
	now := a.env.now()
	if r.held {
		doc.Lock = &lockDocument{Holder: r.lease.Holder, Expires: r.lease.Expires, Expired: !now.Before(r.lease.Expires)}
	}
	if n := len(r.all.Snapshots); n > 0 {
		newest := r.all.Snapshots[n-1]
		newestFirst := slices.Clone(r.all.Runs)
		slices.Reverse(newestFirst)
		doc.Newest = newest.Seq
		for _, u := range newest.Upstreams {
			doc.Upstreams = append(doc.Upstreams, upstreamDocumentOf(u, newestFirst))
		}
	}
	for _, d := range r.all.Deliveries {
		if d.State.Open() || d.State == store.GivenUp {
			doc.Deliveries = append(doc.Deliveries, deliveryDocument{
				Key: d.Key.String(), State: d.State, Target: d.Target, Title: d.Title, OwedSince: d.OwedSince(), Tries: d.Tries, LastError: d.LastError,
			})
		}
	}
	if format == "json" {
		return encodeJSON(doc)
	}
	p := a.page()
	doc.write(p, now)
	return p.String(), nil
}

func upstreamDocumentOf(u snapshot.Upstream, runs []store.Run) upstreamDocument {
	out := upstreamDocument{Name: u.Name, Repository: u.Repository, Ref: u.Ref, SHA: u.SHA, Version: u.Version, Sections: []sectionDocument{}}
	for _, s := range u.Sections {
		sec := sectionDocument{Source: s.Source, Status: s.Status, Reason: s.Reason, SHA: s.SHA, ReadAt: s.ReadAt, CurrentAt: store.CurrentAt(s, u.Name, runs)}
		sec.Items = s.Items.Count()
		out.Sections = append(out.Sections, sec)
	}
	return out
}

// runsOf are the newest runs, newest first, at most limit; 0 is all.
func runsOf(e *store.Export, limit int) []runDocument {
	runs := slices.Clone(e.Runs)
	slices.Reverse(runs)
	filed := filedBy(runs, e.Deliveries)
	if limit > 0 && len(runs) > limit {
		runs = runs[:limit]
	}
	out := []runDocument{}
	for _, r := range runs {
		out = append(out, runDocument{
			ID: r.ID, StartedAt: r.StartedAt, EndedAt: r.EndedAt, Outcome: r.Outcome, ExitCode: r.ExitCode, Requests: r.Requests, Snapshot: r.Snapshot,
			Failed: append([]store.FailedSource{}, r.Failed...), Filed: append([]filedDocument{}, filed[r.ID]...),
		})
	}
	return out
}

// filedBy finds by its time the run that filed each delivery. Deliveries are timed by the server's clock
// and runs by ours, so the nearest run is taken; what is far from all of them was filed by one that is no
// longer kept.
func filedBy(runs []store.Run, deliveries []store.Delivery) map[int64][]filedDocument {
	const apart = 10 * time.Minute
	out := map[int64][]filedDocument{}
	for _, d := range deliveries {
		if d.State != store.Done {
			continue
		}
		var best *store.Run
		nearest := apart
		for i, r := range runs {
			if far := max(0, r.StartedAt.Sub(d.DoneAt), d.DoneAt.Sub(r.EndedAt)); far < nearest {
				best, nearest = &runs[i], far
			}
		}
		if best != nil {
			out[best.ID] = append(out[best.ID], filedDocument{Key: d.Key.String(), Target: d.Target, Title: d.Title, URL: d.ResultURL})
		}
	}
	return out
}

func (a *app) showHistory(r *remembered, format string, limit int) (string, error) {
	doc := historyDocument{Schema: schemaStateHistory, Path: r.path, Runs: runsOf(r.all, limit)}
	if format == "json" {
		return encodeJSON(doc)
	}
	if len(doc.Runs) == 0 {
		return fmt.Sprintf("no run is recorded in %s yet\n", r.path), nil
	}
	p := a.page()
	p.runs(doc.Runs, a.env.now())
	if more := len(r.all.Runs) - len(doc.Runs); more > 0 {
		fmt.Fprintf(p, "%s more; --limit 0 prints all\n", plural(more, "older run"))
	}
	return p.String(), nil
}

func encodeJSON(v any) (string, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(v)
	return b.String(), err
}

// write is the state for a person. Only addresses may be longer than the page is wide.
func (d stateDocument) write(p *page, now time.Time) {
	if !d.Exists {
		fmt.Fprintf(p, "there is no state at %s yet; the first bot run makes it\n", d.Path)
		return
	}
	fact := func(name, value string) {
		fmt.Fprintf(p, "%s%s\n", p.paint(report.Bold, fmt.Sprintf("%-11s", name)), value)
	}
	if d.head != "" {
		fact("State", fmt.Sprintf("%s, at %.12s, schema %d", d.Path, d.head, d.StoreForm))
	} else {
		fact("State", fmt.Sprintf("%s, %s, schema %d", d.Path, size(d.Bytes), d.StoreForm))
	}
	switch {
	case d.Lock == nil:
		fact("Lock", "free")
	case d.Lock.Expired:
		fact("Lock", p.paint(report.Yellow, "expired "+when(d.Lock.Expires, now))+"\n           it was held by "+p.fit(d.Lock.Holder, 26))
	default:
		fact("Lock", "held until "+stamp(d.Lock.Expires)+" by\n           "+p.fit(d.Lock.Holder, 11))
	}
	fact("Snapshots", fmt.Sprintf("%d kept, the newest has number %d", d.Snapshots, d.Newest))

	if len(d.Cursors) == 0 {
		fmt.Fprintln(p, "\nNo digest was told yet.")
	} else {
		rows := [][]string{{"DIGEST", "NUMBER", "SNAPSHOT", "TOLD"}}
		for _, c := range d.Cursors {
			rows = append(rows, []string{c.Definition, fmt.Sprint(c.Seq), fmt.Sprint(c.Snapshot), when(c.ToldAt, now)})
		}
		p.table(tabular{rows: rows, give: "DIGEST", spare: []string{"SNAPSHOT"}})
	}
	if len(d.Upstreams) > 0 {
		d.writeUpstreams(p, now)
	}
	d.writeDeliveries(p, now)
	if len(d.Runs) > 0 {
		fmt.Fprintln(p)
		p.runs(d.Runs, now)
	}
}

func (d stateDocument) writeUpstreams(p *page, now time.Time) {
	rows := [][]string{{"UPSTREAM", "COMMIT", "VERSION", "SOURCE", "STATUS", "ITEMS", "CURRENT"}}
	var reasons []string
	for _, u := range d.Upstreams {
		for _, s := range u.Sections {
			version := u.Version
			if version == "" {
				version = "unknown"
			}
			// The commit is that of the items: a failed section holds those of its last good reading.
			rows = append(rows, []string{u.Name, fmt.Sprintf("%.10s", s.SHA), version, s.Source, string(s.Status), fmt.Sprint(s.Items), ago(s.CurrentAt, now)})
			if s.Reason != "" {
				reasons = append(reasons, fmt.Sprintf("%s %s: %s", u.Name, s.Source, s.Reason))
			}
		}
	}
	p.table(tabular{rows: rows, give: "SOURCE", spare: []string{"COMMIT", "VERSION"}, colour: func(title, value string) report.Colour {
		switch {
		case title != "STATUS":
			return report.Plain
		case value == string(snapshot.Failed):
			return report.Red
		case value == string(snapshot.Complete):
			return report.Plain
		}
		return report.Dim
	}})
	for _, r := range reasons {
		p.detail("  ", r, report.Plain)
	}
}

func (d stateDocument) writeDeliveries(p *page, now time.Time) {
	if len(d.Deliveries) == 0 {
		fmt.Fprintln(p, "\nNothing is owed.")
		return
	}
	fmt.Fprintln(p, "\n"+p.paint(report.Bold, "OWED"))
	for _, o := range d.Deliveries {
		fmt.Fprintf(p, "  %s\n", oneLine(o.Key, 200)) // it is to be copied, so it stays whole
		state := map[store.State]string{
			store.Pending: "to be delivered", store.Unknown: "may have arrived: the next run looks", store.GivenUp: "given up: bot state retry puts it back in line",
		}[o.State]
		colour := report.Yellow
		if o.State == store.GivenUp {
			colour = report.Red
		}
		p.detail("    ", fmt.Sprintf("%s, owed for %s, %s", state, age(now.Sub(o.OwedSince)), tries(o.Tries)), colour)
		if o.Target != "" {
			p.detail("    ", "to "+o.Target, report.Plain)
		}
		if o.LastError != "" {
			p.detail("    ", o.LastError, report.Plain)
		}
	}
}

func tries(n int) string {
	switch n {
	case 0:
		return "not tried yet"
	case 1:
		return "tried once"
	}
	return fmt.Sprintf("tried %d times", n)
}

// runs writes the runs, and under each what failed and what was filed.
func (p *page) runs(runs []runDocument, now time.Time) {
	// Lines of detail stand between the rows, so the columns are laid out first.
	rows := [][]string{{"RUN", "OUTCOME", "CODE", "REQUESTS", "TOOK", "STARTED"}}
	for _, r := range runs {
		rows = append(rows, []string{
			fmt.Sprint(r.ID), r.Outcome, fmt.Sprint(r.ExitCode), fmt.Sprint(r.Requests), age(r.EndedAt.Sub(r.StartedAt)), when(r.StartedAt, now),
		})
	}
	lines := p.laid(tabular{rows: rows, spare: []string{"TOOK", "REQUESTS"}, colour: func(title, value string) report.Colour {
		if title == "OUTCOME" && value == "failed" || title == "CODE" && value != "0" {
			return report.Red
		}
		return report.Plain
	}})
	fmt.Fprintln(p, lines[0])
	for i, r := range runs {
		fmt.Fprintln(p, lines[i+1])
		for _, f := range r.Failed {
			p.detail("     ", fmt.Sprintf("failed: %s %s: %s", f.Upstream, f.Source, f.Reason), report.Red)
		}
		for _, f := range r.Filed {
			where := f.URL // an address stays whole: it is to be opened
			if where == "" {
				where = f.Target
			}
			fmt.Fprintf(p, "     filed: %s\n            %s\n", p.fit(f.Key, 12), oneLine(where, 2000))
		}
	}
}

// oneLine makes text from elsewhere fit to print: one line without control characters, at most width
// columns.
func oneLine(s string, width int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, ansi.Strip(strings.ToValidUTF8(s, "?")))
	return ansi.Truncate(strings.Join(strings.Fields(s), " "), max(width, 20), "…")
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// when is a time with its age.
func when(t, now time.Time) string {
	if t.IsZero() {
		return "never"
	}
	if now.Before(t) {
		return stamp(t)
	}
	return stamp(t) + ", " + ago(t, now)
}

func ago(t, now time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return age(max(0, now.Sub(t))) + " ago"
}

// age is a duration in its largest unit, as a person would say it.
func age(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

func size(n int64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d bytes", n)
	case n < 1<<20:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}
