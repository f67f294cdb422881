package report

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/docpage"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// docSections tells the changes of docs that are not the reader's own. What pages and code differ in stands first; pages
// that only changed are folded away, for what they tell of was told when the code did it. Where that is in the same
// digest, in which the gate's entry says what they differ in, their names are enough.
func docSections(u Upstream) []section {
	differ := section{heading: "Docs: pages that differ from the code", brief: true}
	fresh := section{heading: "Docs: new pages", brief: true, fold: true}
	changed := section{heading: "Docs: changed pages", brief: true, fold: true}
	var missing, followed []string
	gates := map[string]bool{}
	for _, c := range u.Changes {
		if c.Gate != nil && !quiet(c) {
			gates[strings.ToLower(c.ID)] = true
		}
	}
	for _, c := range u.Changes {
		switch {
		case c.Doc == nil || c.Mine:
		case onlyMissing(c):
			missing = append(missing, c.ID)
		case gates[strings.ToLower(c.ID)]:
			followed = append(followed, c.ID)
		case len(c.Doc.Disagreements) > 0:
			differ.entries = append(differ.entries, docEntry(u, c))
		case c.Has(diff.DocAdded):
			fresh.entries = append(fresh.entries, docEntry(u, c))
		default:
			changed.entries = append(changed.entries, docEntry(u, c))
		}
	}
	if len(missing) > 0 {
		differ.entries = append(differ.entries, listEntries(say(count(len(missing), "gate has", "gates have")+" no page, though the docs tell of their release or they are past alpha: "), say("Nor have these: "), missing)...)
	}
	changed.entries = append(changed.entries, listEntries(say(count(len(followed), "page changed whose gate is", "pages changed whose gates are")+" told above: "), say("Also: "), followed)...)
	differ.fold = len(differ.entries) >= foldFrom
	return slices.DeleteFunc([]section{differ, fresh, changed}, func(s section) bool { return len(s.entries) == 0 })
}

// onlyMissing reports whether all there is to tell is that a gate has no page.
func onlyMissing(c diff.Change) bool {
	return c.Has(diff.DocDisagrees) && !slices.ContainsFunc(c.Doc.Disagreements, func(d docpage.Disagreement) bool { return d.Rule != docpage.Missing })
}

// docEntry tells what a page says now, and in what it differs from the code.
func docEntry(u Upstream, c diff.Change) entry {
	e := entry{gates: 1, id: c.ID, about: say(sentence(humanise(short(c.ID, maxName)))), change: docWords(c), why: whyMine(c)}
	if g := c.Doc.Gate; g != nil && clean(g.Description) != "" {
		e.about = say(quote(sentence(g.Description)))
	}
	if p := c.Doc.Newest(); p != nil {
		e.proof = append(e.proof, docLink(u, *p, c.Doc.After == nil))
	}
	if g := c.Doc.Gate; g != nil && len(c.Doc.Disagreements) > 0 && g.Declared.File != "" {
		code := linkTo("code", blobURL(u.WebURL, u.To.SHA, g.Declared.File, g.Declared.Line))
		if c.Doc.Gone {
			code = linkTo("code (before)", blobURL(u.WebURL, u.From.SHA, g.Declared.File, g.Declared.Line))
		}
		e.proof = append(e.proof, code)
	}
	return e
}

// docLink leads to a page on the web site, or to its file where the page is not there, or its address not known.
func docLink(u Upstream, p snapshot.DocPage, gone bool) span {
	if p.URL != "" && !gone {
		return linkTo("docs", clean(p.URL))
	}
	i := slices.IndexFunc(u.Sections, func(s diff.SectionResult) bool { return s.Source == snapshot.SourceDocs })
	if i < 0 {
		return linkTo("docs", "")
	}
	s := u.Sections[i]
	if gone {
		return linkTo("docs (before)", blobURL(s.WebURL, s.From.SHA, p.Path, 0))
	}
	return linkTo("docs", blobURL(s.WebURL, s.To.SHA, p.Path, 0))
}

func docWords(c diff.Change) phrase {
	b, a := c.Doc.Before, c.Doc.After
	var out phrase
	switch {
	case c.Has(diff.DocDisagrees):
	case a == nil && b != nil:
		out = say("Its page is gone. It said: " + pageSays(*b) + ".")
	case b == nil && a != nil:
		out = say("New page: " + pageSays(*a) + ".")
	case a != nil && b != nil && pageSays(*a) == pageSays(*b):
		out = say("Its page tells another past: " + rowsOf(*a) + " (was: " + rowsOf(*b) + ").")
	case a != nil && b != nil:
		out = say("Its page says now: " + pageSays(*a) + " (was: " + pageSays(*b) + ").")
	}
	return say(out, differWords(c.Doc.Disagreements, len(out) > 0))
}

// differWords are the points in which a page and the code differ, as sentences.
func differWords(list []docpage.Disagreement, after bool) phrase {
	var out phrase
	for i, d := range list {
		if i > 0 || after {
			out = say(out, " ")
		}
		out = say(out, short(d.Words(), 400))
	}
	return out
}

// gateDocWords are the points in which the page of a changed gate differs from the code. What the gate is, and whether it
// is gone, is said before.
func gateDocWords(g *diff.GateChange) phrase {
	if g == nil {
		return nil
	}
	var out phrase
	for _, d := range g.Disagreements {
		words := d.Words()
		switch {
		case d.Rule == docpage.Missing:
			words = "The docs have no page for it yet."
		case g.After == nil:
			words = "The docs page " + d.Page + "."
		}
		out = say(out, " "+short(words, 400))
	}
	return out
}

// pageSays is what a page says of now: "stable since v1.33, on by default".
func pageSays(p snapshot.DocPage) string {
	rows := byStart(p.Stages)
	if len(rows) == 0 {
		if p.Removed {
			return "removed"
		}
		return "no stage"
	}
	last := rows[len(rows)-1]
	words := stageWord(last.Stage) + " since v" + version(last.From)
	if last.Default != "" {
		words += ", " + onOff(last.Default == "true") + " by default"
	}
	if last.Locked {
		words += ", locked"
	}
	if last.To != "" {
		words += ", through v" + version(last.To)
	}
	if p.Removed {
		words += ", removed"
	}
	return words
}

// rowsOf are all rows of a page, in short.
func rowsOf(p snapshot.DocPage) string {
	var out []string
	for _, r := range byStart(p.Stages) {
		row := stageWord(r.Stage) + " " + version(r.From) + "–" + version(r.To)
		if r.Default != "" {
			row += " " + onOff(r.Default == "true")
		}
		out = append(out, row)
	}
	return cmp.Or(strings.Join(out[:min(len(out), 12)], ", "), "nothing")
}

func byStart(rows []snapshot.DocStage) []snapshot.DocStage {
	return slices.SortedStableFunc(slices.Values(rows), func(a, b snapshot.DocStage) int { return gate.CompareVersions(a.From, b.From) })
}

// differFoot says in how many points pages and code differ that are not told, because they did before anybody looked.
func differFoot(upstream string, n int) phrase {
	points, list := "1 point that is", "it"
	if n > 1 {
		points, list = strconv.Itoa(n)+" points that are", "them"
	}
	return say(displayName(upstream)+": docs pages and code differ in "+points+" not told here; ", name("bot gates --docs --format json"), " lists "+list+".")
}

// docDocument is a page as it is printed.
type docDocument struct {
	Gate    string             `json:"gate"`
	Path    string             `json:"path"`
	URL     string             `json:"url"`
	Removed bool               `json:"removed"`
	Stages  []docStageDocument `json:"stages"`
}

type docStageDocument struct {
	Stage   gate.Stage `json:"stage"`
	Default string     `json:"default"` // "true", "false", or "" where the page says none
	Locked  bool       `json:"locked"`
	From    string     `json:"from"`
	To      string     `json:"to"` // "" is open
}

// docsDocument is all that the pages say, as bot gates prints it.
type docsDocument struct {
	Repository    string                 `json:"repository"`
	SHA           string                 `json:"sha"`
	Pages         []docDocument          `json:"pages"`
	Disagreements []disagreementDocument `json:"disagreements"`
}

// disagreementDocument is one point in which a page and the code differ.
type disagreementDocument struct {
	Gate  string       `json:"gate"`
	Rule  docpage.Rule `json:"rule"`
	Words string       `json:"words"`
	URL   string       `json:"url"` // of the page; "" where there is none
}

func docDocumentOf(p snapshot.DocPage) docDocument {
	out := docDocument{Gate: p.Gate, Path: p.Path, URL: p.URL, Removed: p.Removed, Stages: []docStageDocument{}}
	for _, s := range p.Stages {
		out.Stages = append(out.Stages, docStageDocument(s))
	}
	return out
}

func disagreementDocuments(list []docpage.Disagreement, page func(gate string) *snapshot.DocPage) []disagreementDocument {
	var out []disagreementDocument
	for _, d := range list {
		doc := disagreementDocument{Gate: d.Gate, Rule: d.Rule, Words: d.Words()}
		if p := page(d.Gate); p != nil {
			doc.URL = p.URL
		}
		out = append(out, doc)
	}
	return out
}

// docDocuments are the two sides of a change as they are printed in JSON; nil where there is none.
func docDocuments(c diff.DocChange) (before, after any) {
	if c.Before != nil {
		before = docDocumentOf(*c.Before)
	}
	if c.After != nil {
		after = docDocumentOf(*c.After)
	}
	return before, after
}

// docsOf are the points in which the page of a changed gate, or a changed page, differs from the code.
func docsOf(c diff.Change) []disagreementDocument {
	switch {
	case c.Gate != nil:
		return disagreementDocuments(c.Gate.Disagreements, func(string) *snapshot.DocPage { return c.Gate.Page })
	case c.Doc != nil:
		return disagreementDocuments(c.Doc.Disagreements, func(string) *snapshot.DocPage { return c.Doc.After })
	}
	return nil
}
