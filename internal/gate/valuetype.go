package gate

import (
	"go/ast"
)

// kind is what the values of a map are. It alone decides whether a map registers gates: the keys of
// the map of dependencies are of the same type.
type kind int

const (
	other        kind = iota
	oneSpec           // FeatureSpec
	specList          // VersionedSpecs
	wrapped           // a struct of the project's own that holds one of the two
	dependencies      // []Feature
)

// valueType is the type of a map's values.
type valueType struct {
	kind   kind
	fields []string // names of the spec's fields in order, nil where its declaration was not read
	// Of a wrapper: the names of its fields in order, which of them is the spec, and its type.
	outer []string
	at    int
	inner *valueType
}

// mapValue tells what the values of a type are, when the type is a map.
func (r *reader) mapValue(s *source, e ast.Expr) (valueType, bool) {
	r.steps = 0
	for r.steps < maxSteps {
		r.steps++
		switch t := e.(type) {
		case *ast.ParenExpr:
			e = t.X
		case *ast.MapType:
			return r.classify(s, t.Value), true
		default:
			d, ok := r.typeOf(s, e)
			if !ok {
				return valueType{}, false
			}
			s, e = d.source, d.expr
		}
	}
	return valueType{}, false
}

// valueKind tells what a type is when it stands by itself.
func (r *reader) valueKind(s *source, e ast.Expr) valueType {
	r.steps = 0
	return r.classify(s, e)
}

func (r *reader) classify(s *source, e ast.Expr) valueType {
	if r.steps++; r.steps > maxSteps {
		return valueType{}
	}
	switch t := e.(type) {
	case *ast.ParenExpr:
		return r.classify(s, t.X)
	case *ast.StarExpr:
		return r.classify(s, t.X)
	case *ast.Ident, *ast.SelectorExpr:
		return r.classifyName(s, t)
	case *ast.ArrayType:
		elem := r.classify(s, t.Elt)
		switch {
		case elem.kind == oneSpec:
			return valueType{kind: specList, fields: elem.fields}
		case elem.kind == other && lastName(t.Elt) == "Feature":
			return valueType{kind: dependencies}
		}
	case *ast.StructType:
		return r.classifyStruct(s, t)
	}
	return valueType{}
}

// classifyName goes by the names that every copy of upstream's types has kept, so that neither
// component-base nor client-go need be read. A type of that name whose declaration shows that it is
// something else is not taken for it.
func (r *reader) classifyName(s *source, e ast.Expr) valueType {
	d, declared := r.typeOf(s, e)
	switch lastName(e) {
	case "VersionedSpecs":
		if declared {
			if v := r.classify(d.source, d.expr); v.kind == specList {
				return v
			}
			return valueType{}
		}
		return valueType{kind: specList}
	case "FeatureSpec", "featureSpec":
		if !declared {
			return valueType{kind: oneSpec}
		}
		if st, ok := d.expr.(*ast.StructType); ok {
			if fields := fieldNames(st); isSpec(fields) {
				return valueType{kind: oneSpec, fields: fields}
			}
		}
	}
	if declared {
		return r.classify(d.source, d.expr)
	}
	return valueType{}
}

func (r *reader) classifyStruct(s *source, t *ast.StructType) valueType {
	i := 0
	for _, f := range t.Fields.List {
		if v := r.classify(s, f.Type); v.kind == oneSpec || v.kind == specList {
			return valueType{kind: wrapped, outer: fieldNames(t), at: i, inner: &v}
		}
		i += max(len(f.Names), 1)
	}
	return valueType{}
}

func fieldNames(t *ast.StructType) []string {
	var out []string
	for _, f := range t.Fields.List {
		for _, n := range f.Names {
			out = append(out, n.Name)
		}
		if len(f.Names) == 0 {
			typ := f.Type
			if star, ok := typ.(*ast.StarExpr); ok {
				typ = star.X
			}
			out = append(out, lastName(typ))
		}
	}
	return out
}

func isSpec(fields []string) bool {
	stage, value := false, false
	for _, f := range fields {
		switch fieldOf(f) {
		case fieldStage:
			stage = true
		case fieldDefault:
			value = true
		}
	}
	return stage && value
}
