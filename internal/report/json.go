package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/insight"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/trace"
)

// The names of the JSON documents, each the $id of its JSON Schema in docs/schema. A document that
// changes so that an old reader would misread it gets a new number.
const (
	SchemaGates  = schemaBase + "gates.v1.json"
	SchemaDiff   = schemaBase + "diff.v1.json"
	SchemaDigest = schemaBase + "digest.v1.json"

	schemaBase = "https://raw.githubusercontent.com/upstream-digest/bot/main/docs/schema/"
)

type digestDocument struct {
	Schema     string          `json:"schema"`
	Digest     string          `json:"digest"`
	At         string          `json:"at"` // RFC 3339, UTC; "" when not known
	Title      string          `json:"title"`
	Upstreams  []diffDocument  `json:"upstreams"`
	Cost       Cost            `json:"cost"`
	Notices    []string        `json:"notices"`
	Severities []diff.Severity `json:"severities"`
	Alerts     []Alert         `json:"alerts"`
	Open       []Open          `json:"open"`
	Settled    []Settled       `json:"settled"`
	Heartbeat  *Heartbeat      `json:"heartbeat"` // null: the bot never ran before
}

type diffDocument struct {
	Schema   string                    `json:"schema"`
	Upstream string                    `json:"upstream"`
	From     diff.Ref                  `json:"from"`
	To       diff.Ref                  `json:"to"`
	FirstRun bool                      `json:"first_run"`
	Sources  map[string]sourceDocument `json:"sources"`
	Changes  []changeDocument          `json:"changes"`
}

type sourceDocument struct {
	Status      snapshot.Status   `json:"status"`
	Reason      string            `json:"reason"`
	Baseline    bool              `json:"baseline"`
	CurrentAt   string            `json:"current_at"` // RFC 3339, UTC; "" when not known
	Items       int               `json:"items"`
	Diagnostics []gate.Diagnostic `json:"diagnostics"`
	Repository  string            `json:"repository"`
	From        string            `json:"from"` // commit the items were compared from; "" for a baseline
	To          string            `json:"to"`
	// Disagreements is in how many points pages and code differed at the first look.
	Disagreements int `json:"disagreements,omitempty"`
}

type changeDocument struct {
	Source      string           `json:"source"`
	Kinds       []diff.Kind      `json:"kinds"`
	ID          string           `json:"id"`
	Variant     string           `json:"variant"`
	Title       string           `json:"title"`
	Severity    diff.Severity    `json:"severity"`
	Why         string           `json:"why"`
	Mine        bool             `json:"mine"`
	MineBecause string           `json:"mine_because"`
	Before      any              `json:"before"` // the item, or null
	After       any              `json:"after"`
	Scheduled   []gate.Spec      `json:"scheduled"`
	Notes       []gateNote       `json:"notes"`
	Evidence    []trace.Evidence `json:"evidence"`
	// Page is the web site's page of a changed gate; Disagreements are the points in which page and code differ.
	Page          *docDocument           `json:"page,omitempty"`
	Disagreements []disagreementDocument `json:"disagreements,omitempty"`
	Untraced      string                 `json:"untraced"` // why it was not looked for who made it: "budget"; ""
	Remark        string                 `json:"remark"`   // what the reader's configuration says beside it
}

type gatesDocument struct {
	Schema      string            `json:"schema"`
	Upstream    string            `json:"upstream"`
	Ref         string            `json:"ref"`
	SHA         string            `json:"sha"`
	Version     string            `json:"version"`
	Gates       []gate.View       `json:"gates"`
	Diagnostics []gate.Diagnostic `json:"diagnostics"`
	Docs        *docsDocument     `json:"docs,omitempty"` // where it was asked for
}

// JSON renders a digest as docs/schema/digest.v1.json describes it, indented, with a line end. Upstream's
// texts stand in it as upstream wrote them: whoever shows them must escape them.
func JSON(d Digest) ([]byte, error) { return encode(digestDocumentOf(d)) }

func digestDocumentOf(d Digest) digestDocument {
	doc := digestDocument{
		Schema: SchemaDigest, Digest: d.Definition, Title: Title(d), Upstreams: []diffDocument{}, Cost: d.Cost,
		Notices: list(d.Notices), Severities: list(d.Severities), Alerts: list(d.Alerts),
		Open: list(d.Open), Settled: list(d.Settled),
	}
	if h := d.Heartbeat; !h.Last.IsZero() {
		h.Last = h.Last.UTC().Truncate(time.Second)
		doc.Heartbeat = &h
	}
	if !d.At.IsZero() {
		doc.At = d.At.UTC().Format("2006-01-02T15:04:05Z")
	}
	for _, u := range d.Upstreams {
		doc.Upstreams = append(doc.Upstreams, diffDocumentOf(u))
	}
	return doc
}

// DiffJSON renders what changed in one upstream as docs/schema/diff.v1.json describes it.
func DiffJSON(u Upstream) ([]byte, error) { return encode(diffDocumentOf(u)) }

func diffDocumentOf(u Upstream) diffDocument {
	doc := diffDocument{
		Schema: SchemaDiff, Upstream: u.Upstream, From: u.From, To: u.To, FirstRun: u.FirstRun,
		Sources: map[string]sourceDocument{}, Changes: []changeDocument{},
	}
	for _, s := range u.Sections {
		src := sourceDocument{
			Status: s.Status, Reason: s.Reason, Baseline: s.Baseline, Items: s.Items, Diagnostics: list(s.Diagnostics),
			Repository: s.Repository, From: s.From.SHA, To: s.To.SHA, Disagreements: s.Disagreements,
		}
		if !s.CurrentAt.IsZero() {
			src.CurrentAt = s.CurrentAt.UTC().Format(time.RFC3339)
		}
		doc.Sources[s.Source] = src
	}
	for i, c := range u.Changes {
		cd := changeDocument{
			Source: c.Source, Kinds: list(c.Kinds), ID: c.ID, Variant: c.Variant, Title: EntryTitle(c), Severity: c.Severity,
			Why: c.Why, Mine: c.Mine, MineBecause: c.MineBecause, Scheduled: []gate.Spec{}, Notes: []gateNote{}, Evidence: []trace.Evidence{},
		}
		from := u.origin(i)
		cd.Evidence, cd.Untraced, cd.Remark = list(from.evidence), from.untraced, from.remark
		switch {
		case c.Gate != nil:
			g := c.Gate
			if v := view(g.Before, g.FromVersion, u.WebURL, u.From.SHA); v != nil {
				cd.Before = v
			}
			if v := view(g.After, g.ToVersion, u.WebURL, u.To.SHA); v != nil {
				cd.After = v
			}
			cd.Scheduled = list(g.Scheduled)
			if g.Page != nil {
				p := docDocumentOf(*g.Page)
				cd.Page = &p
			}
			for _, n := range g.Notes {
				cd.Notes = append(cd.Notes, gateNote{n.Tag, noteDocumentOf(diff.ReleaseNote{Note: n.Note})})
			}
		case c.Release != nil:
			cd.After = releaseDocumentOf(*c.Release)
		case c.Proposal != nil:
			if p := c.Proposal.Before; p != nil {
				cd.Before = proposalDocumentOf(*p)
			}
			if p := c.Proposal.After; p != nil {
				cd.After = proposalDocumentOf(*p)
			}
		case c.Milestone != nil:
			cd.Before, cd.After = milestoneDocuments(*c.Milestone)
		case c.Deadline != nil:
			cd.Before, cd.After = deadlineDocuments(*c.Deadline)
		case c.Ticket != nil:
			cd.Before, cd.After = ticketDocuments(*c.Ticket)
		case c.Path != nil:
			cd.Before, cd.After = pathDocuments(*c.Path)
		case c.Feed != nil:
			cd.Before, cd.After = feedDocuments(*c.Feed)
		case c.Doc != nil:
			cd.Before, cd.After = docDocuments(*c.Doc)
		}
		cd.Disagreements = docsOf(c)
		doc.Changes = append(doc.Changes, cd)
	}
	return doc
}

func view(g *gate.Gate, version, webURL, sha string) *gate.View {
	if g == nil {
		return nil
	}
	base := ""
	if webURL != "" && sha != "" {
		base = strings.TrimRight(webURL, "/") + "/blob/" + sha
	}
	v := viewOf(*g, version, base, insight.Forecast)
	return &v
}

// forecast tells of a gate at a version when it goes.
type forecast func(g gate.Gate, version string) (insight.Removal, bool)

// viewOf is the gate as it is printed, with the forecast of its removal.
func viewOf(g gate.Gate, version, urlBase string, when forecast) gate.View {
	var removal *gate.Removal
	if r, ok := when(g, version); ok {
		removal = &gate.Removal{Release: r.Release, Rule: r.Rule, Confidence: r.Confidence}
	}
	return g.View(version, urlBase, removal)
}

// list makes an empty list of none, for readers that do not expect null.
func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false) // the documents are no HTML, and "<" is easier to read than <
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return escapeInvisible(b.Bytes()), nil
}

// escapeInvisible writes what JSON may hold and no terminal or log should get as \u escapes, which mean the
// same: controls beyond those that JSON itself forbids, bidi and other invisible characters, and the sign
// by which GitHub's runner knows a command. Outside of strings JSON has none of these.
func escapeInvisible(doc []byte) []byte {
	out := make([]byte, 0, len(doc))
	for i := 0; i < len(doc); {
		r, n := utf8.DecodeRune(doc[i:])
		switch {
		case r == '[' && bytes.HasSuffix(out, []byte("##")):
			out = append(out, `\u005b`...)
		case r >= ' ' && invisible(r):
			for _, unit := range utf16.Encode([]rune{r}) {
				out = fmt.Appendf(out, `\u%04x`, unit)
			}
		default:
			out = append(out, doc[i:i+n]...)
		}
		i += n
	}
	return out
}
