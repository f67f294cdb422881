package contract

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
)

// walker compares an answer's data with the types of what was selected.
type walker struct {
	schema   *ast.Schema
	vars     map[string]any
	problems []error
}

func (w *walker) problem(path, format string, args ...any) {
	w.problems = append(w.problems, fmt.Errorf("%s: %s", path, fmt.Sprintf(format, args...)))
}

// selected gathers the fields of an object by response key, in no order.
func (w *walker) selected(def *ast.Definition, sets []ast.SelectionSet) map[string][]*ast.Field {
	out := map[string][]*ast.Field{}
	var visit func(set ast.SelectionSet)
	visit = func(set ast.SelectionSet) {
		for _, sel := range set {
			switch sel := sel.(type) {
			case *ast.Field:
				if w.included(sel.Directives) {
					out[sel.Alias] = append(out[sel.Alias], sel)
				}
			case *ast.InlineFragment:
				if w.included(sel.Directives) && w.applies(sel.TypeCondition, def) {
					visit(sel.SelectionSet)
				}
			case *ast.FragmentSpread:
				if w.included(sel.Directives) && w.applies(sel.Definition.TypeCondition, def) {
					visit(sel.Definition.SelectionSet)
				}
			}
		}
	}
	for _, s := range sets {
		visit(s)
	}
	return out
}

func (w *walker) included(list ast.DirectiveList) bool {
	if d := list.ForName("skip"); d != nil && d.ArgumentMap(w.vars)["if"] == true {
		return false
	}
	if d := list.ForName("include"); d != nil && d.ArgumentMap(w.vars)["if"] != true {
		return false
	}
	return true
}

func (w *walker) applies(cond string, def *ast.Definition) bool {
	if cond == "" || cond == def.Name {
		return true
	}
	return slices.ContainsFunc(w.schema.GetPossibleTypes(w.schema.Types[cond]), func(p *ast.Definition) bool { return p.Name == def.Name })
}

// object checks one object against an object type: the selected keys are there, no others, each of its type.
func (w *walker) object(def *ast.Definition, sets []ast.SelectionSet, v any, path string) {
	m, ok := v.(map[string]any)
	if !ok {
		w.problem(path, "%s is no object but %T", def.Name, v)
		return
	}
	want := w.selected(def, sets)
	for key, fields := range want {
		at := path + "." + key
		got, ok := m[key]
		if !ok {
			w.problem(at, "is missing")
			continue
		}
		if fields[0].Name == "__typename" {
			if got != def.Name {
				w.problem(at, "is %v, want %s", got, def.Name)
			}
			continue
		}
		w.value(def.Fields.ForName(fields[0].Name).Type, fields, got, at)
	}
	for key := range m {
		if want[key] == nil {
			w.problem(path+"."+key, "was not selected on %s", def.Name)
		}
	}
}

// value checks a value against a type.
func (w *walker) value(t *ast.Type, fields []*ast.Field, v any, path string) {
	if v == nil {
		if t.NonNull {
			w.problem(path, "is null, want %s", t)
		}
		return
	}
	if t.Elem != nil {
		list, ok := v.([]any)
		if !ok {
			w.problem(path, "is no list but %T", v)
			return
		}
		for i, one := range list {
			w.value(t.Elem, fields, one, path+"["+strconv.Itoa(i)+"]")
		}
		return
	}
	def := w.schema.Types[t.NamedType]
	if def.IsLeafType() {
		w.leaf(def, v, path)
		return
	}
	sets := make([]ast.SelectionSet, len(fields))
	for i, f := range fields {
		sets[i] = f.SelectionSet
	}
	if !def.IsAbstractType() {
		w.object(def, sets, v, path)
		return
	}
	// The type is not in the answer unless __typename was asked for: one of the possible types must fit.
	var nearest []error
	for _, p := range w.schema.GetPossibleTypes(def) {
		try := walker{schema: w.schema, vars: w.vars}
		try.object(p, sets, v, path)
		if len(try.problems) == 0 {
			return
		}
		if nearest == nil || len(try.problems) < len(nearest) {
			nearest = try.problems
		}
	}
	w.problem(path, "fits no type of %s; nearest:", def.Name)
	w.problems = append(w.problems, nearest...)
}

// leaf checks a scalar or an enum. Scalars of GitHub's without a known form may be anything.
func (w *walker) leaf(def *ast.Definition, v any, path string) {
	s, isText := v.(string)
	n, isNumber := v.(json.Number)
	bad := func() { w.problem(path, "%v (%T) is no %s", v, v, def.Name) }
	if def.Kind == ast.Enum {
		if !isText || def.EnumValues.ForName(s) == nil {
			bad()
		}
		return
	}
	switch def.Name {
	case "Int":
		if _, err := strconv.ParseInt(string(n), 10, 32); !isNumber || err != nil {
			bad()
		}
	case "Float":
		if _, err := n.Float64(); !isNumber || err != nil {
			bad()
		}
	case "Boolean":
		if _, ok := v.(bool); !ok {
			bad()
		}
	case "DateTime", "GitTimestamp":
		if _, err := time.Parse(time.RFC3339, s); err != nil {
			bad()
		}
	case "GitObjectID":
		if len(s) != 40 {
			bad()
		}
	default:
		if !isText {
			bad()
		}
	}
}
