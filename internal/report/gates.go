package report

import (
	"bytes"
	"encoding/csv"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/docpage"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/insight"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// GateList is what `bot gates` prints: the gates of an upstream at a commit.
type GateList struct {
	Upstream string // "kubernetes"
	Ref      string // as asked for
	SHA      string
	Version  string // which specs are in force: "1.36"
	// BlobURL is the address of the commit's files, "https://github.com/kubernetes/kubernetes/blob/SHA", or "".
	BlobURL     string
	Gates       []gate.Gate
	Diagnostics []gate.Diagnostic
	// Removal tells of a gate at the version when it goes; nil: by nothing but the gate itself.
	Removal func(g gate.Gate, version string) (insight.Removal, bool)
	// Docs are the web site's pages; nil: they were not asked for.
	Docs *DocList
}

// DocList is the web site's pages of an upstream's gates, and in what they differ from the code.
type DocList struct {
	Repository, SHA string
	Set             snapshot.DocSet
	Disagreements   []docpage.Disagreement
}

func (l GateList) view(g gate.Gate) gate.View {
	when := forecast(l.Removal)
	if when == nil {
		when = insight.Forecast
	}
	return viewOf(g, l.Version, l.BlobURL, when)
}

// GatesJSON renders the list as docs/schema/gates.v1.json describes it.
func GatesJSON(l GateList) ([]byte, error) {
	doc := gatesDocument{
		Schema: SchemaGates, Upstream: l.Upstream, Ref: l.Ref, SHA: l.SHA, Version: l.Version,
		Gates: []gate.View{}, Diagnostics: list(l.Diagnostics),
	}
	for _, g := range l.Gates {
		doc.Gates = append(doc.Gates, l.view(g))
	}
	if d := l.Docs; d != nil {
		doc.Docs = &docsDocument{Repository: d.Repository, SHA: d.SHA, Pages: []docDocument{}}
		for _, p := range d.Set.Pages {
			doc.Docs.Pages = append(doc.Docs.Pages, docDocumentOf(p))
		}
		doc.Docs.Disagreements = list(disagreementDocuments(d.Disagreements, func(gate string) *snapshot.DocPage {
			if p, ok := d.Set.Page(gate); ok {
				return &p
			}
			return nil
		}))
	}
	return encode(doc)
}

// GatesCSV renders the list with one line a gate and a header, for spreadsheets. Lists within a field are
// separated by blanks. What a spreadsheet would run as a formula has an apostrophe before it.
func GatesCSV(l GateList) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	rows := [][]string{{
		"name", "variant", "const", "stage", "default", "locked", "since", "introduced", "components", "keps", "owners", "removal", "depends_on", "file", "line", "url", "description",
	}}
	for _, g := range l.Gates {
		v := l.view(g)
		removal := ""
		if v.Removal != nil {
			removal = v.Removal.Release
		}
		rows = append(rows, []string{
			v.Name, v.Variant, v.Const, string(v.Stage), strconv.FormatBool(v.Default), strconv.FormatBool(v.Locked), v.Since, v.Introduced,
			strings.Join(v.Components, " "), strings.Join(v.KEPs, " "), strings.Join(v.Owners, " "), removal, strings.Join(v.DependsOn, " "),
			v.Declared.File, strconv.Itoa(v.Declared.Line), v.URL, v.Description,
		})
	}
	for _, row := range rows {
		for i := range row {
			row[i] = cell(row[i])
		}
	}
	if err := w.WriteAll(rows); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// cell disarms a value for spreadsheets, which run what begins with one of these signs, also in their full
// width. Where the semicolon separates the fields a value may begin within another. A log line must not
// begin with "::" either.
func cell(s string) string {
	s = strings.ReplaceAll(clean(s), "##[", "## [")
	if commandLine(s) {
		s = "'" + s
	}
	return formula.ReplaceAllString(s, "$1'$2")
}

var formula = regexp.MustCompile(`(^|;[ "]*)([=+\-@＝＋－＠])`)

// column is one column of the table.
type column struct {
	title string
	value func(gate.View) string
	width int
	// least is how narrow the column may become; 0: it keeps its width, or goes.
	least int
	// sgr is how a value looks, beside what it says; nil: as it stands.
	sgr func(gate.View) string
}

// GatesRows renders the list for other programs: a line a gate, a tab between the values that the table has, nothing
// cut, no header and no count.
func GatesRows(l GateList) string {
	var b strings.Builder
	cols := columns(0)
	for _, g := range l.Gates {
		v := l.view(g)
		for i, c := range cols {
			if i > 0 {
				b.WriteByte('\t')
			}
			b.WriteString(c.value(v))
		}
		b.WriteByte('\n')
	}
	return Printable(b.String())
}

// GatesTable renders the list for a terminal. What does not fit is cut with an ellipsis:
// first the components, then the names; on narrow terminals the last columns are left out and the line
// under the table says so.
func GatesTable(l GateList, opts TextOptions) string {
	if opts.Width == 0 {
		opts.Width = 80
	}
	width := max(opts.Width, 40)
	t := &terminal{opts: opts, width: width}
	views := make([]gate.View, 0, len(l.Gates))
	for _, g := range l.Gates {
		views = append(views, l.view(g))
	}
	cols, dropped := fit(columns(width), views, width)
	var b strings.Builder
	line := func(value, sgr func(column) string) {
		var s string
		for i, c := range cols {
			v := value(c)
			if i > 0 {
				s += "  "
			} else if ansi.StringWidth(v) > c.width {
				// A name is there to be typed: it gets a line of its own before it is cut.
				b.WriteString(disarm(ansi.Truncate(v, width, "…")) + "\n")
				v = ""
			}
			v = ansi.Truncate(v, c.width, "…")
			s += t.paint(sgr(c), v) + strings.Repeat(" ", max(0, c.width-ansi.StringWidth(v)))
		}
		b.WriteString(disarm(trimBlanks(s)) + "\n")
	}
	if len(views) > 0 {
		line(func(c column) string { return c.title }, func(column) string { return sgrBold })
		for _, v := range views {
			line(func(c column) string { return c.value(v) }, func(c column) string {
				if c.sgr == nil {
					return ""
				}
				return c.sgr(v)
			})
		}
		b.WriteString("\n")
	}
	at := refName(diff.Ref{Ref: l.Ref, SHA: l.SHA, Version: l.Version})
	if l.Version != "" && at != version(l.Version) {
		at += " (version " + version(l.Version) + ")"
	}
	end := count(len(views), "gate", "gates") + " in " + displayName(l.Upstream) + " at " + at
	if len(dropped) > 0 {
		end += "; too narrow for: " + strings.Join(dropped, ", ")
	}
	end += "."
	if slices.ContainsFunc(cols, func(c column) bool { return c.title == "REMOVAL" && c.any(views) }) {
		end += " The removal is likely; with ! it is certain, with ? possible."
	}
	for l := range strings.SplitSeq(Printable(ansi.Wordwrap(end, width, "")), "\n") {
		b.WriteString(t.paint(sgrDim, l) + "\n")
	}
	return b.String()
}

// any reports whether the column has a value at all.
func (c column) any(views []gate.View) bool {
	return slices.ContainsFunc(views, func(v gate.View) bool { return c.value(v) != "" })
}

func columns(width int) []column {
	yes := func(b bool, s string) string {
		if b {
			return s
		}
		return ""
	}
	// What goes for sure is red, what is likely to go or deprecated is yellow.
	stage := func(v gate.View) string {
		if v.Stage == gate.Deprecated {
			return sgrYellow
		}
		return ""
	}
	removal := func(v gate.View) string {
		switch {
		case v.Removal == nil:
			return ""
		case v.Removal.Confidence == insight.Certain:
			return sgrRed
		case v.Removal.Confidence == insight.Possible:
			return sgrDim
		}
		return sgrYellow
	}
	return []column{
		{title: "NAME", least: max(16, width*3/10), value: func(v gate.View) string {
			if v.Variant != "" {
				return shownName(v.Name + " (" + v.Variant + ")")
			}
			return shownName(v.Name)
		}},
		{title: "STAGE", sgr: stage, value: func(v gate.View) string {
			if v.Stage == "" {
				return "planned"
			}
			return stageWord(v.Stage)
		}},
		{title: "DEFAULT", value: func(v gate.View) string { return yes(v.Stage != "", onOff(v.Default)) }},
		{title: "SINCE", value: func(v gate.View) string { return version(v.Since) }},
		{title: "LOCKED", value: func(v gate.View) string { return yes(v.Locked, "locked") }},
		{title: "REMOVAL", sgr: removal, value: func(v gate.View) string {
			if v.Removal == nil {
				return ""
			}
			mark := map[string]string{insight.Certain: "!", insight.Possible: "?"}
			return version(v.Removal.Release) + mark[v.Removal.Confidence]
		}},
		{title: "KEP", value: func(v gate.View) string { return clean(strings.Join(v.KEPs, ",")) }},
		{title: "COMPONENT", least: 10, value: func(v gate.View) string { return clean(strings.Join(v.Components, ",")) }},
	}
}

// fit gives each column its width, and narrows or drops columns until the line fits.
func fit(cols []column, views []gate.View, width int) (kept []column, dropped []string) {
	total := func() int {
		n := 2 * (len(cols) - 1)
		for _, c := range cols {
			n += c.width
		}
		return n
	}
	for {
		for i := range cols {
			cols[i].width = len(cols[i].title)
			for _, v := range views {
				cols[i].width = max(cols[i].width, ansi.StringWidth(cols[i].value(v)))
			}
			cols[i].width = min(cols[i].width, 60)
		}
		for i := len(cols) - 1; i >= 0; i-- {
			if over := total() - width; over > 0 && cols[i].least > 0 {
				cols[i].width = max(min(cols[i].least, cols[i].width), cols[i].width-over)
			}
		}
		if total() <= width || len(cols) == 1 {
			return cols, dropped
		}
		last := len(cols) - 1
		dropped = append([]string{strings.ToLower(cols[last].title)}, dropped...)
		cols = cols[:last]
	}
}
