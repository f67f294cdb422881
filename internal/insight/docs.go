package insight

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/docpage"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// Disagreements are the points in which the pages that describe gates differ from the code, sorted by gate. It
// looks at nothing but the two sets, and at what is known of past releases where they are Kubernetes'; a nil
// history knows none.
//
// The web site's default branch tells of the newest release, while the code's works on the next one. So the two
// are compared at the older of what they stand for: what the code has since then is no fault of the page yet. The
// pages stand for the highest release that several of them name as the start of a stage.
//
// A gate without a page counts once the pages tell of a release that has it, or the gate is past alpha. A gate of
// kubeadm alone has no page there: its own manual describes it. One that could not be read, on either side, is left
// out, and so is each gate that only one of its variants contradicts.
func (h *History) Disagreements(set snapshot.GateSet, docs snapshot.DocSet) []docpage.Disagreement {
	c := comparison{code: gate.MinorOf(set.Version), pages: described(docs.Pages)}
	if c.code == "" || c.pages == "" {
		return nil
	}
	c.both = c.code
	if gate.CompareVersions(c.pages, c.code) < 0 {
		c.both = c.pages
	}
	page := map[string]snapshot.DocPage{}
	for _, p := range slices.SortedStableFunc(slices.Values(docs.Pages), func(a, b snapshot.DocPage) int { return cmp.Compare(b.Path, a.Path) }) {
		page[fold(p.Gate)] = p
	}
	unread := map[string]bool{}
	for _, path := range docs.Unread {
		unread[fold(docpage.NameOf(path))] = true
	}
	variants := map[string][]gate.Gate{}
	ofKubernetes := false
	for _, g := range set.Gates {
		variants[fold(g.Name)] = append(variants[fold(g.Name)], g)
		ofKubernetes = ofKubernetes || g.Component == kubernetes
	}
	for _, name := range set.Unread {
		unread[fold(name)] = true
	}
	var out []docpage.Disagreement
	for name, gates := range variants {
		p, ok := page[name]
		if !unread[name] {
			out = append(out, c.fewest(gates, p, ok)...)
		}
	}
	for name, p := range page {
		if _, there := variants[name]; there || unread[name] || name == "allalpha" || name == "allbeta" {
			continue
		}
		found := c.withoutCode(p)
		if found == nil && ofKubernetes && h != nil {
			found = h.PastDisagreements(p)
		}
		out = append(out, found...)
	}
	slices.SortFunc(out, func(a, b docpage.Disagreement) int {
		return cmp.Or(cmp.Compare(a.Gate, b.Gate), cmp.Compare(a.Rule, b.Rule))
	})
	return out
}

func fold(name string) string { return strings.ToLower(name) }

// described is the release that pages stand for: the highest that several name as the start of a stage. One or two
// alone may be ahead, or mistyped; where there are few pages, each counts.
func described(pages []snapshot.DocPage) string {
	const many, several = 30, 3
	count := map[string]int{}
	for _, p := range pages {
		for _, s := range p.Stages {
			count[s.From]++
		}
	}
	highest := ""
	for v, n := range count {
		if (n >= several || len(pages) < many) && gate.CompareVersions(v, highest) > 0 {
			highest = v
		}
	}
	return highest
}

// comparison holds the releases that the code and the pages stand for, and the older of the two.
type comparison struct{ code, pages, both string }

// fewest are the disagreements of a page with that variant of a gate that it fits best.
func (c comparison) fewest(variants []gate.Gate, p snapshot.DocPage, hasPage bool) []docpage.Disagreement {
	var best []docpage.Disagreement
	seen := false
	for _, g := range variants {
		if !slices.ContainsFunc(g.Components(), func(c string) bool { return c != kubeadm }) {
			continue
		}
		found := c.withCode(g, p, hasPage)
		if !seen || len(found) < len(best) {
			best, seen = found, true
		}
	}
	return best
}

func (c comparison) withCode(g gate.Gate, p snapshot.DocPage, hasPage bool) []docpage.Disagreement {
	now, ok := g.Effective(c.code)
	if !ok {
		return nil // only planned
	}
	if !hasPage {
		released := c.code
		if since := g.Introduced(); since != "" {
			released = gate.MinorOf(since)
		}
		if (now.Stage == gate.Alpha || now.Stage == gate.PreAlpha) && gate.CompareVersions(released, c.pages) > 0 {
			return nil
		}
		return []docpage.Disagreement{{Gate: g.Name, Rule: docpage.Missing, Code: "it is " + specWords(now)}}
	}
	spec, ok := g.Effective(c.both)
	if !ok || spec.Since == "" && c.both != c.code {
		return nil // nobody can tell what the code had then
	}
	rows := byStart(p.Stages)
	at := lastUntil(rows, c.both)
	switch {
	case len(rows) == 0 && p.Removed:
		return c.told(g, docpage.Removed, "says that it is removed", "has it")
	case len(rows) == 0:
		return nil
	case at < 0:
		return c.told(g, docpage.OtherStart, "lists it from v"+rows[0].From+" on", "has it as "+specWords(spec))
	}
	row := rows[at]
	ended := row.To != "" && gate.CompareVersions(row.To, c.both) < 0
	switch {
	case p.Removed && (ended || row.To == "" && c.both == c.pages):
		end := ""
		if row.To != "" {
			end = " after v" + row.To
		}
		return c.told(g, docpage.Removed, "says that it is removed"+end, "has it")
	case ended:
		return c.told(g, docpage.Ended, "lists it through v"+row.To+" only", "has it as "+specWords(spec))
	case row.Stage != spec.Stage && (row.Stage != gate.Alpha || spec.Stage != gate.PreAlpha):
		return c.told(g, docpage.OtherStage, "says "+stageWord(row.Stage)+" since v"+row.From, "says "+specWords(spec))
	}
	var out []docpage.Disagreement
	if row.Default != "" && (row.Default == "true") != spec.Default {
		out = append(out, c.told(g, docpage.OtherValue, "says "+onOff(row.Default == "true")+" by default", "says "+onOff(spec.Default))...)
	}
	if row.Locked && !spec.Locked && c.both == c.pages { // a row may have been locked later than it begins
		out = append(out, c.told(g, docpage.OtherLock, "says that it is locked", "does not lock it")...)
	}
	if len(out) > 0 {
		return out
	}
	byDefault := row.Default != ""
	from, since := pageStart(rows[:at+1], byDefault), codeStart(g, spec, c.both, byDefault)
	if since != "" && since != from {
		what := stageWord(spec.Stage)
		if byDefault {
			what += " and " + onOff(spec.Default) + " by default"
		}
		out = c.told(g, docpage.OtherStart, "says "+what+" since v"+from, "says since v"+since)
	}
	return out
}

func (c comparison) told(g gate.Gate, rule docpage.Rule, page, code string) []docpage.Disagreement {
	return []docpage.Disagreement{{Gate: g.Name, Rule: rule, Page: page, Code: "the code of v" + c.both + " " + code}}
}

// withoutCode looks at the page of a gate that the code does not have.
func (c comparison) withoutCode(p snapshot.DocPage) []docpage.Disagreement {
	rows := byStart(p.Stages)
	at := lastUntil(rows, c.code)
	if at < 0 {
		return nil // it tells of a release that is yet to come
	}
	row := rows[at]
	if row.From == "1.0" {
		return nil // a switch for what always was there; the page does not tell since when there is one
	}
	code := "the code of v" + c.code + " does not have it"
	switch {
	case row.To != "" && gate.CompareVersions(row.To, c.code) >= 0:
		return []docpage.Disagreement{{Gate: p.Gate, Rule: docpage.Listed, Page: "lists it through v" + row.To, Code: code}}
	case row.To == "" && !p.Removed && gate.CompareVersions(c.code, c.pages) <= 0:
		return []docpage.Disagreement{{Gate: p.Gate, Rule: docpage.NotRemoved, Page: "does not say that it is gone", Code: code}}
	}
	return nil
}

// PastDisagreements looks at the page of a gate of Kubernetes that today's code does not have: through which release does
// it list the gate, and which one was really the last? It knows that of the releases of the history, and says nothing of
// others.
func (h *History) PastDisagreements(p snapshot.DocPage) []docpage.Disagreement {
	rows := byStart(p.Stages)
	if len(rows) == 0 || rows[len(rows)-1].To == "" {
		return nil
	}
	last := rows[len(rows)-1].To
	i := slices.IndexFunc(h.names, func(n string) bool { return strings.EqualFold(n, p.Gate) })
	if i < 0 {
		return nil
	}
	name := h.names[i]
	any, _ := programOf("")
	var had []string // the releases that surely had it
	for _, r := range h.present[name] {
		if e, u := h.find(any, name, r); u == yes && ruleOf(e.registered) != kubeadms {
			had = append(had, r)
		}
	}
	switch {
	case len(had) == 0:
		return nil
	case gate.CompareVersions(had[len(had)-1], last) > 0:
		return []docpage.Disagreement{{Gate: p.Gate, Rule: docpage.Ended, Page: "lists it through v" + last + " only", Code: "the code of v" + had[len(had)-1] + " still had it"}}
	case h.gone(any, name, had[len(had)-1]) == "" || gate.CompareVersions(h.gone(any, name, had[len(had)-1]), last) > 0:
		return nil
	}
	return []docpage.Disagreement{{
		Gate: p.Gate, Rule: docpage.Listed, Page: "lists it through v" + last,
		Code: fmt.Sprintf("the code of v%s no longer had it", h.gone(any, name, had[len(had)-1])),
	}}
}

// byStart are rows by the release they begin with.
func byStart(rows []snapshot.DocStage) []snapshot.DocStage {
	return slices.SortedStableFunc(slices.Values(rows), func(a, b snapshot.DocStage) int { return gate.CompareVersions(a.From, b.From) })
}

// lastUntil is the last row that has begun at a release, -1 for none. Where rows overlap, as where an earlier one was
// left open, the later one counts.
func lastUntil(rows []snapshot.DocStage, release string) int {
	at := -1
	for i, r := range rows {
		if gate.CompareVersions(r.From, release) <= 0 {
			at = i
		}
	}
	return at
}

// pageStart is since when what the last row says has held without a break.
func pageStart(rows []snapshot.DocStage, byDefault bool) string {
	last := rows[len(rows)-1]
	from := last.From
	for _, r := range slices.Backward(rows) {
		if r.Stage != last.Stage || byDefault && r.Default != last.Default {
			break
		}
		from = r.From
	}
	return from
}

// codeStart is the like for a spec in force; "" where the registration does not tell, or only that it always was so.
func codeStart(g gate.Gate, spec gate.Spec, until string, byDefault bool) string {
	specs := slices.SortedStableFunc(slices.Values(g.Specs), func(a, b gate.Spec) int { return gate.CompareVersions(a.Since, b.Since) })
	since := spec.Since
	for _, s := range slices.Backward(specs) {
		if gate.CompareVersions(s.Since, until) > 0 {
			continue
		}
		if s.Stage != spec.Stage || byDefault && s.Default != spec.Default {
			break
		}
		since = s.Since
	}
	if since == "1.0" {
		return ""
	}
	return since
}

func specWords(s gate.Spec) string {
	if s.Since == "" || s.Since == "1.0" {
		return stageWord(s.Stage)
	}
	return stageWord(s.Stage) + " since v" + s.Since
}

func stageWord(s gate.Stage) string {
	if s == gate.GA {
		return "stable"
	}
	return string(s)
}
