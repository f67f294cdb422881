package gate

import (
	"fmt"
	"go/ast"
	"slices"
)

// readDependencies reads a map from gates to the gates they need. Such a map registers nothing.
func (r *reader) readDependencies(s *source, lit *ast.CompositeLit) {
	for _, e := range lit.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			r.note(s, e.Pos(), "a row of a map of dependencies has no key, ignored")
			continue
		}
		r.readDependency(s, kv.Key, kv.Value)
	}
}

func (r *reader) readDependency(s *source, key, value ast.Expr) {
	from, err := r.nameOf(s, key)
	if err != nil {
		r.note(s, key.Pos(), fmt.Sprintf("dependencies of %s ignored: %v", describe(key), err))
		return
	}
	var names []string
	if lastName(value) != "nil" {
		at, literal, err := r.literalValue(s, value)
		if err != nil {
			r.note(s, value.Pos(), fmt.Sprintf("dependencies of %s ignored: %v", from.name, err))
			return
		}
		for _, e := range literal.(*ast.CompositeLit).Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				e = kv.Value
			}
			to, err := r.nameOf(at, e)
			if err != nil {
				r.note(at, e.Pos(), fmt.Sprintf("a dependency of %s ignored: %v", from.name, err))
				continue
			}
			if to.guess != "" {
				r.note(at, e.Pos(), fmt.Sprintf("the name %s is guessed from its constant: %s", to.name, to.guess))
			}
			names = append(names, to.name)
		}
	}
	names = append(names, r.depends[from.name]...)
	slices.Sort(names)
	r.depends[from.name] = slices.Compact(names)
}

// assignsDependencies reports whether an assignment goes into a map of dependencies. `x[k] = []Feature{…}`
// by itself could be any index of gates.
func (r *reader) assignsDependencies(s *source, index *ast.IndexExpr) bool {
	d := r.valueOf(s, index.X)
	if d == nil {
		return false
	}
	lit, ok := d.value.(*ast.CompositeLit)
	if !ok || lit.Type == nil {
		return false
	}
	v, ok := r.mapValue(d.source, lit.Type)
	return ok && v.kind == dependencies
}
