package gate

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// result joins the registrations of each name. Equal ones are one gate that lists its components;
// unequal ones stay apart as variants.
func (r *reader) result() Result {
	byName := map[string][]registration{}
	for _, row := range r.rows {
		byName[row.name] = append(byName[row.name], row)
	}
	var res Result
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		var variants [][]registration
	rows:
		for _, row := range byName[name] {
			for i, v := range variants {
				if slices.EqualFunc(v[0].specs, row.specs, Spec.Same) {
					variants[i] = append(v, row)
					continue rows
				}
			}
			variants = append(variants, []registration{row})
		}
		for _, v := range variants {
			g := r.gate(v)
			if len(variants) > 1 {
				var components []string
				for _, reg := range g.Registered {
					components = append(components, reg.Component)
				}
				g.Variant = strings.Join(slices.Compact(components), "+")
			}
			res.Gates = append(res.Gates, g)
		}
		delete(r.unread, name) // another registration of it was read
	}
	if len(res.Gates) == 0 && len(r.foreign) > 0 {
		for _, d := range r.foreign {
			d.Lost = true
			r.diagnostics = append(r.diagnostics, d)
		}
		r.incomplete = true
	}
	slices.SortStableFunc(res.Gates, func(a, b Gate) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Variant, b.Variant)) })
	slices.SortStableFunc(r.diagnostics, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Message, b.Message))
	})
	res.Diagnostics = slices.Compact(r.diagnostics)
	res.Unread = slices.Sorted(maps.Keys(r.unread))
	res.Incomplete = r.incomplete
	return res
}

func (r *reader) gate(rows []registration) Gate {
	slices.SortStableFunc(rows, func(a, b registration) int {
		return cmp.Or(cmp.Compare(a.Component, b.Component), cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	first := rows[0]
	g := Gate{
		Name: first.name, Component: first.Component, Specs: slices.Clone(first.specs),
		Declared: Position{File: first.File, Line: first.Line}, Owners: []string{}, KEPs: []string{},
	}
	for _, row := range rows {
		g.Registered = append(g.Registered, row.Registration)
		if row.removeIn != "" && g.RemoveIn == "" {
			g.RemoveIn = row.removeIn
		}
	}
	if i := slices.IndexFunc(rows, func(row registration) bool { return row.origin != nil }); i >= 0 {
		d := r.declaration(rows[i].key)
		g.Const, g.Component = d.name, d.pkg.Component
		g.Declared = Position{File: d.file.path, Line: r.fset.Position(d.pos).Line}
		doc := readDoc(d.doc)
		g.Description, g.Owners, g.KEPs = doc.sentence, doc.owners, doc.keps
	} else if first.guess != "" {
		g.Const = first.name
	}
	if deps, declared := r.deps[g.Name]; declared {
		g.DependsOn = slices.Sorted(slices.Values(deps))
		if g.DependsOn == nil {
			g.DependsOn = []string{}
		}
	}
	return g
}

// declaration is where a constant is declared. A few stand in two packages with the same string; the
// one given first counts, whichever a map's key names: that is where upstream's readers look.
func (r *reader) declaration(k key) *definition {
	for _, p := range r.packages {
		d := p.names[k.origin.name]
		if d == nil {
			continue
		}
		if other, ok := r.resolve(d.value, p, d.file, 0); ok && other.name == k.name && other.origin == nil && other.guess == "" {
			return d
		}
	}
	return k.origin
}
