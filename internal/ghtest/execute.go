package ghtest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// resolver gives the value of one field. What it returns is completed by the field's type: nil is
// null, slices are lists, and a value of an object type is one of those that typeName knows.
type resolver func(x *execution, src any, args arguments) (any, error)

// arguments are a field's arguments with defaults and variables in place.
type arguments map[string]any

// queryError is an error of the data, not of the stand-in: it goes into the answer's errors and the
// field is null.
type queryError struct {
	kind, message string
}

func (e *queryError) Error() string { return e.message }

func notResolved(format string, args ...any) error {
	return &queryError{"NOT_FOUND", fmt.Sprintf(format, args...)}
}

// execution is one document being executed, field after field in the document's order.
type execution struct {
	c      *call
	s      *Server
	doc    *ast.QueryDocument
	vars   map[string]any
	nodes  int
	cost   int
	blamed int // ranges
	errs   []graphqlError
	broken error // the stand-in failed
}

// member is one field of an answer; members keep the document's order.
type member struct {
	key   string
	value any
}

type members []member

// MarshalJSON writes an object in order.
func (m members) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	b.WriteByte('{')
	for i, one := range m {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := enc.Encode(one.key); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := enc.Encode(one.value); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// operation executes a whole operation; null where an error went all the way up.
func (x *execution) operation(op *ast.OperationDefinition) any {
	root := x.s.schema.Query
	if op.Operation == ast.Mutation {
		root = x.s.schema.Mutation
	}
	out, failed := x.object(root, queryRoot{}, []ast.SelectionSet{op.SelectionSet}, nil)
	if failed {
		return nil
	}
	return out
}

// fieldGroup is the fields of one response key, whose selections are merged.
type fieldGroup struct {
	key    string
	fields []*ast.Field
}

// collect gathers what is selected on an object type, through fragments and conditions.
func (x *execution) collect(def *ast.Definition, sets []ast.SelectionSet) []*fieldGroup {
	var out []*fieldGroup
	at := map[string]*fieldGroup{}
	var visit func(set ast.SelectionSet)
	visit = func(set ast.SelectionSet) {
		for _, sel := range set {
			switch sel := sel.(type) {
			case *ast.Field:
				if !x.included(sel.Directives) {
					continue
				}
				g := at[sel.Alias]
				if g == nil {
					g = &fieldGroup{key: sel.Alias}
					at[sel.Alias] = g
					out = append(out, g)
				}
				g.fields = append(g.fields, sel)
			case *ast.InlineFragment:
				if x.included(sel.Directives) && x.applies(sel.TypeCondition, def) {
					visit(sel.SelectionSet)
				}
			case *ast.FragmentSpread:
				if x.included(sel.Directives) && x.applies(sel.Definition.TypeCondition, def) {
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

// included evaluates @skip and @include.
func (x *execution) included(list ast.DirectiveList) bool {
	on := func(name string, otherwise bool) bool {
		d := list.ForName(name)
		if d == nil {
			return otherwise
		}
		v, ok := d.ArgumentMap(x.vars)["if"].(bool)
		return ok && v
	}
	return !on("skip", false) && on("include", true)
}

// applies says whether a fragment on a type is for this object.
func (x *execution) applies(cond string, def *ast.Definition) bool {
	if cond == "" || cond == def.Name {
		return true
	}
	for _, p := range x.s.schema.GetPossibleTypes(x.s.schema.Types[cond]) {
		if p.Name == def.Name {
			return true
		}
	}
	return false
}

// object resolves the selected fields; failed when one that may not be null is.
func (x *execution) object(def *ast.Definition, src any, sets []ast.SelectionSet, path []any) (members, bool) {
	out := members{}
	for _, g := range x.collect(def, sets) {
		f := g.fields[0]
		at := append(path[:len(path):len(path)], g.key)
		if f.Name == "__typename" {
			out = append(out, member{g.key, def.Name})
			continue
		}
		fd := def.Fields.ForName(f.Name)
		resolve := x.s.resolvers[def.Name][f.Name]
		if fd == nil || resolve == nil {
			x.broken = errors.Join(x.broken, fmt.Errorf("no resolver for %s.%s", def.Name, f.Name))
			return nil, true
		}
		v, err := resolve(x, src, arguments(f.ArgumentMap(x.vars)))
		if x.c.suffers(FieldError) && f.Name == cmp.Or(x.c.fault.Field, "releases") {
			err = &queryError{"", "Something went wrong while executing your query. Please include a request id when reporting this issue."}
		}
		failed := err != nil
		var done any
		if failed {
			x.fail(err, f, at)
		} else {
			done, failed = x.complete(fd.Type, v, g.fields, at)
		}
		if failed && fd.Type.NonNull {
			return nil, true
		}
		out = append(out, member{g.key, done})
	}
	return out, false
}

// fail notes an error of one field.
func (x *execution) fail(err error, f *ast.Field, path []any) {
	var q *queryError
	if !errors.As(err, &q) {
		x.broken = errors.Join(x.broken, err)
		return
	}
	e := graphqlError{Type: q.kind, Message: q.message, Path: path}
	if f.Position != nil {
		e.Locations = []gqlerror.Location{{Line: f.Position.Line, Column: f.Position.Column}}
	}
	x.errs = append(x.errs, e)
}

// complete turns a resolved value into what is sent; failed says that it is null because of an error.
func (x *execution) complete(t *ast.Type, v any, fields []*ast.Field, path []any) (any, bool) {
	if isNil(v) {
		if t.NonNull {
			x.fail(&queryError{"", "Cannot return null for non-nullable field " + fields[0].ObjectDefinition.Name + "." + fields[0].Name}, fields[0], path)
		}
		return nil, t.NonNull
	}
	if t.Elem != nil {
		list := reflect.ValueOf(v)
		out := make([]any, list.Len())
		for i := range out {
			one, failed := x.complete(t.Elem, list.Index(i).Interface(), fields, append(path[:len(path):len(path)], i))
			if failed && t.Elem.NonNull {
				return nil, true
			}
			out[i] = one
		}
		return out, false
	}
	def := x.s.schema.Types[t.NamedType]
	if def.IsLeafType() {
		return leaf(v), false
	}
	name := typeName(v)
	concrete := x.s.schema.Types[name]
	if concrete == nil || !x.applies(t.NamedType, concrete) {
		x.broken = errors.Join(x.broken, fmt.Errorf("%T is no %s", v, t.NamedType))
		return nil, true
	}
	sets := make([]ast.SelectionSet, len(fields))
	for i, f := range fields {
		sets[i] = f.SelectionSet
	}
	out, failed := x.object(concrete, v, sets, path)
	if failed {
		return nil, true
	}
	return out, false
}

func isNil(v any) bool {
	if v == nil {
		return true
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Interface:
		return r.IsNil()
	default:
		return false
	}
}

// leaf writes times as GitHub does; the rest is JSON as it is.
func leaf(v any) any {
	switch v := v.(type) {
	case time.Time:
		return stampText(v)
	case *time.Time:
		return stampText(*v)
	default:
		return v
	}
}

// weigh counts the nodes a query may give and its cost in points, from the document alone as GitHub
// does: a connection multiplies what is below it by its first or last.
func (x *execution) weigh(op *ast.OperationDefinition) (nodes, cost int) {
	requests := 0
	var visit func(set ast.SelectionSet, times int)
	visit = func(set ast.SelectionSet, times int) {
		for _, sel := range set {
			switch sel := sel.(type) {
			case *ast.Field:
				below := times
				if sel.Definition != nil && strings.HasSuffix(sel.Definition.Type.Name(), "Connection") {
					requests += times
					args := arguments(sel.ArgumentMap(x.vars))
					n := max(args.int("first"), args.int("last"))
					nodes += times * n
					below = times * max(n, 1)
				}
				visit(sel.SelectionSet, below)
			case *ast.InlineFragment:
				visit(sel.SelectionSet, times)
			case *ast.FragmentSpread:
				visit(sel.Definition.SelectionSet, times)
			}
		}
	}
	visit(op.SelectionSet, 1)
	return nodes, max(1, (requests+50)/100)
}

// int is an integer argument, 0 if absent.
func (a arguments) int(name string) int {
	switch n := a[name].(type) {
	case int:
		return n
	case int64:
		return int(n)
	case float64:
		return int(n)
	default:
		return 0
	}
}

func (a arguments) has(name string) bool { return a[name] != nil }

func (a arguments) text(name string) string {
	s, _ := a[name].(string)
	return s
}

func (a arguments) list(name string) []string {
	var out []string
	switch l := a[name].(type) {
	case []any:
		for _, v := range l {
			if s, ok := v.(string); ok {
				out = append(out, s)
			}
		}
	case []string:
		out = l
	case string: // a single value stands for a list of one
		out = []string{l}
	}
	return out
}

func (a arguments) object(name string) arguments {
	m, _ := a[name].(map[string]any)
	return m
}

// time reads a DateTime or GitTimestamp argument; absent is the zero time.
func (a arguments) time(name string) (time.Time, error) {
	s := a.text(name)
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, &queryError{"argumentLiteralsIncompatible", fmt.Sprintf("Argument '%s' has an invalid value (%q). Expected type 'DateTime'.", name, s)}
	}
	return t, nil
}
