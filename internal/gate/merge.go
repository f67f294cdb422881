package gate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// merge makes gates of rows: equal registrations of one name are one gate, unequal ones are variants.
func (r *reader) merge(diagnostics *[]Diagnostic) []Gate {
	rows := slices.DeleteFunc(r.rows, func(w row) bool { return r.unread[w.name] })
	slices.SortStableFunc(rows, func(a, b row) int {
		return cmp.Or(
			strings.Compare(a.name, b.name),
			strings.Compare(a.source.pkg.Component, b.source.pkg.Component),
			strings.Compare(a.source.path, b.source.path),
			cmp.Compare(a.line, b.line),
		)
	})
	gates := make([]Gate, 0, len(rows))
	for len(rows) > 0 {
		n := 1
		for n < len(rows) && rows[n].name == rows[0].name {
			n++
		}
		gates = append(gates, r.mergeName(rows[:n:n], diagnostics)...)
		rows = rows[n:]
	}
	return gates
}

// mergeName makes the gates of one name; rows are sorted by component and file.
func (r *reader) mergeName(rows []row, diagnostics *[]Diagnostic) []Gate {
	if !slices.ContainsFunc(rows, func(w row) bool { return !slices.EqualFunc(w.specs, rows[0].specs, Spec.Same) }) {
		return []Gate{r.gateOf(rows)}
	}
	var groups [][]row
	for _, w := range rows {
		i := slices.IndexFunc(groups, func(g []row) bool { return slices.EqualFunc(g[0].specs, w.specs, Spec.Same) })
		if i < 0 {
			groups = append(groups, []row{w})
			continue
		}
		groups[i] = append(groups[i], w)
	}
	out := make([]Gate, 0, len(groups))
	for _, g := range groups {
		out = append(out, r.gateOf(g))
	}
	nameVariants(out)
	for _, g := range out {
		reg := g.Registered[0]
		*diagnostics = append(*diagnostics, Diagnostic{File: reg.File, Line: reg.Line, Message: fmt.Sprintf(
			"%s is registered with unequal specs, told apart as variants; this one is %s", g.Name, g.Variant)})
	}
	slices.SortFunc(out, func(a, b Gate) int { return strings.Compare(a.Variant, b.Variant) })
	return out
}

// nameVariants names each variant by its components. One component that registers a name twice with
// unequal specs is told apart by the file, and within a file by the order there.
func nameVariants(gates []Gate) {
	label := func(of func(Registration) string) {
		seen := map[string]int{}
		for _, g := range gates {
			seen[g.Variant]++
		}
		for i := range gates {
			if gates[i].Variant != "" && seen[gates[i].Variant] == 1 {
				continue
			}
			var parts []string
			for _, reg := range gates[i].Registered {
				parts = append(parts, of(reg))
			}
			slices.Sort(parts)
			gates[i].Variant = strings.Join(slices.Compact(parts), "+")
		}
	}
	label(func(reg Registration) string { return reg.Component })
	label(func(reg Registration) string { return reg.Component + ":" + reg.File })
	seen := map[string]int{}
	for i := range gates {
		seen[gates[i].Variant]++
		if n := seen[gates[i].Variant]; n > 1 {
			gates[i].Variant += fmt.Sprintf("#%d", n)
		}
	}
}

// gateOf makes one gate of equal registrations.
func (r *reader) gateOf(rows []row) Gate {
	first := rows[0]
	g := Gate{
		Registered: make([]Registration, 0, len(rows)),
		Name:       first.name, Specs: first.specs,
		Component: first.source.pkg.Component,
		Declared:  Position{File: first.source.path, Line: first.line},
		Const:     first.constant,
	}
	var from *decl
	for _, w := range rows {
		g.Registered = append(g.Registered, Registration{Component: w.source.pkg.Component, File: w.source.path, Line: w.line})
		g.RemoveIn = cmp.Or(g.RemoveIn, w.removeIn)
		g.Const = cmp.Or(g.Const, w.constant)
		if d := r.ownDecl(w); d != nil && (from == nil || d.source.pkg.order < from.source.pkg.order) {
			from = d
		}
	}
	doc := readDoc(nil)
	if from != nil {
		g.Const, g.Component, g.Declared = from.name, from.source.pkg.Component, from.source.position(from.pos)
		doc = readDoc(from.doc)
	}
	g.Description, g.Owners, g.KEPs = doc.description, doc.owners, doc.keps
	if needs, ok := r.depends[g.Name]; ok {
		g.DependsOn = append([]string{}, needs...)
	}
	return g
}

// ownDecl is the declaration a registration goes by: the one its key names, unless the registering
// package declares the same gate itself. Kubernetes has three such gates; their keys changed from one
// declaration to the other and back while nothing moved.
func (r *reader) ownDecl(w row) *decl {
	if w.decl == nil || w.decl.source.pkg == w.source.pkg {
		return w.decl
	}
	own := w.source.pkg.values[w.decl.name]
	if own == nil || !own.constant {
		return w.decl
	}
	r.steps = 0
	if n, err := r.followDecl(own); err != nil || n.decl != own || n.name != w.name {
		return w.decl
	}
	return own
}
