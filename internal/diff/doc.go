package diff

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/docpage"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/kep"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// DocChange is the page of a gate before and after; nil where it does not exist on that side. Both are nil where a
// gate has none and should by now, and equal where the page stayed and the code went on without it.
type DocChange struct {
	Before, After *snapshot.DocPage
	// Gate is the gate as the code has it, or had it on the old side (Gone); nil where it has it on neither.
	Gate *gate.Gate
	Gone bool
	// Disagreements are the points in which the page and the code differ now.
	Disagreements []docpage.Disagreement
	// Proposals are those that list the gate.
	Proposals []kep.Proposal
}

// Newest is the newest side that there is, nil where there is none.
func (d DocChange) Newest() *snapshot.DocPage {
	if d.After != nil {
		return d.After
	}
	return d.Before
}

// Docs compares two sets of documentation pages by what they say of gates, gate by gate. The result is sorted by
// gate.
func Docs(before, after snapshot.DocSet) []Change {
	old, cur := byGate(before), byGate(after)
	var out []Change
	add := func(name string, kind Kind, why string, was, is *snapshot.DocPage) {
		out = append(out, Change{Source: snapshot.SourceDocs, Kinds: []Kind{kind}, ID: name, Severity: FYI, Why: why, Doc: &DocChange{Before: was, After: is}})
	}
	for name, was := range old {
		is, still := cur[name]
		switch {
		case still && was.Same(is):
		case still && is.Removed && !was.Removed:
			add(is.Gate, DocChanged, "its page says that it is removed", &was, &is)
		case still:
			add(is.Gate, DocChanged, "its page says something else", &was, &is)
		case !unreadPage(after, was):
			add(was.Gate, DocChanged, "its page is gone", &was, nil)
		}
	}
	for name, is := range cur {
		if _, had := old[name]; !had && !unreadPage(before, is) {
			add(is.Gate, DocAdded, "its page is new", nil, &is)
		}
	}
	slices.SortFunc(out, func(a, b Change) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// byGate are pages by the gate they are about, letter case aside. Of several the one whose file comes first counts.
func byGate(set snapshot.DocSet) map[string]snapshot.DocPage {
	out := make(map[string]snapshot.DocPage, len(set.Pages))
	for _, p := range set.Pages {
		key := strings.ToLower(p.Gate)
		if first, ok := out[key]; !ok || p.Path < first.Path {
			out[key] = p
		}
	}
	return out
}

// unreadPage reports whether a set has a page, by its file or a file of the gate's name, that could not be read.
func unreadPage(set snapshot.DocSet, p snapshot.DocPage) bool {
	return slices.ContainsFunc(set.Unread, func(path string) bool {
		return path == p.Path || strings.EqualFold(docpage.NameOf(path), p.Gate)
	})
}

// DocsLookMoved guards against reading a reorganised web site as a mass removal, by the same measure as
// [LooksLikeLayoutChange].
func DocsLookMoved(before, after snapshot.DocSet) string {
	old, cur := byGate(before), byGate(after)
	gone := 0
	for name, p := range old {
		if _, still := cur[name]; !still && !unreadPage(after, p) {
			gone++
		}
	}
	if gone < 5 || gone*4 <= len(old) {
		return ""
	}
	return fmt.Sprintf("looks like a change of layout: the pages of %d of %d gates are gone at once; check sources.docs.path, "+
		"or accept it once with --accept-removals docs", gone, len(old))
}

// docSides are the gates and pages of both sides of a comparison; nil where a side has none, or may not be compared.
type docSides struct {
	gatesWas, gates *snapshot.GateSet
	docsWas, docs   *snapshot.DocSet
}

// joinDocs hands each changed gate its page, and each changed page its gate, with the points in which the two
// differ. What they began to differ in without a change of either, as when a release came out, is a change of its
// own. What they differed in at the first look is only
// counted, where it is not told with a change.
func joinDocs(changes []Change, s docSides, opts Options) (all []Change, counted int) {
	if s.docs == nil {
		return changes, 0
	}
	var now []docpage.Disagreement
	if opts.Disagreements != nil && s.gates != nil {
		now = opts.Disagreements(*s.gates, *s.docs)
	}
	of := func(name string) (out []docpage.Disagreement) {
		for _, d := range now {
			if strings.EqualFold(d.Gate, name) {
				out = append(out, d)
			}
		}
		return out
	}
	told := map[string]bool{}
	for _, c := range changes {
		switch {
		case c.Gate != nil && onlyElsewhere(c):
		case c.Gate != nil:
			for _, name := range gateNames(*c.Gate) {
				told[strings.ToLower(name)] = true
			}
			if p, ok := s.docs.Page(c.Gate.Name()); ok {
				c.Gate.Page = &p
			}
			c.Gate.Disagreements = of(c.Gate.Name())
		case c.Doc != nil:
			told[strings.ToLower(c.ID)] = true
			c.Doc.Gate, c.Doc.Gone = s.gate(c.ID)
			c.Doc.Disagreements = of(c.ID)
		}
	}
	if s.gatesWas == nil || s.docsWas == nil || opts.FirstLook {
		for _, d := range now {
			if !told[strings.ToLower(d.Gate)] {
				counted++
			}
		}
		return changes, counted
	}
	known := map[[2]string]bool{}
	if len(now) > 0 {
		for _, d := range opts.Disagreements(*s.gatesWas, *s.docsWas) {
			known[[2]string{strings.ToLower(d.Gate), string(d.Rule)}] = true
		}
	}
	arisen := map[string]*Change{}
	var names []string
	for _, d := range now {
		key := strings.ToLower(d.Gate)
		if told[key] || known[[2]string{key, string(d.Rule)}] {
			continue
		}
		c := arisen[key]
		if c == nil {
			c = &Change{Source: snapshot.SourceDocs, Kinds: []Kind{DocDisagrees}, ID: d.Gate, Severity: Know, Why: "its page and the code differ", Doc: &DocChange{}}
			c.Doc.Gate, c.Doc.Gone = s.gate(d.Gate)
			if d.Rule == docpage.Missing {
				c.Severity, c.Why = FYI, "it has no page"
			}
			if p, ok := s.docs.Page(d.Gate); ok {
				c.Doc.Before, c.Doc.After = &p, &p
			}
			arisen[key], names = c, append(names, key)
		}
		c.Doc.Disagreements = append(c.Doc.Disagreements, d)
	}
	for _, n := range names {
		changes = append(changes, *arisen[n])
	}
	return changes, 0
}

// onlyElsewhere reports whether a gate is as it was, but for where it stands and what is written of its past. Such
// changes are told many in a line, which has no room for what a page says.
func onlyElsewhere(c Change) bool {
	return !slices.ContainsFunc(c.Kinds, func(k Kind) bool { return k != GateMoved && k != GateHistoryRewritten })
}

// gate is a gate as the newest side has it that does; gone says that it is the old one.
func (s docSides) gate(name string) (g *gate.Gate, gone bool) {
	for i, set := range []*snapshot.GateSet{s.gates, s.gatesWas} {
		if set == nil {
			continue
		}
		for j := range set.Gates {
			if strings.EqualFold(set.Gates[j].Name, name) {
				return &set.Gates[j], i > 0
			}
		}
	}
	return nil, false
}
