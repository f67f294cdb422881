package gate

import (
	"go/ast"
	"go/token"
	"strconv"
	"strings"
)

// key is what a map key or a dependency stands for.
type key struct {
	name   string      // the gate's string
	origin *definition // the constant that holds the string; nil for a literal
	guess  string      // why the name is a guess; "" when it is certain
}

// maxDepth bounds aliases of aliases, which source that does not compile may make endless.
const maxDepth = 20

// resolve evaluates an expression to a gate's string: a literal, a constant of this or another package,
// an alias of one, a conversion, a concatenation.
func (l *loader) resolve(e ast.Expr, p *pkg, f *file, depth int) (key, bool) {
	if depth > maxDepth {
		return key{}, false
	}
	switch e := e.(type) {
	case *ast.ParenExpr:
		return l.resolve(e.X, p, f, depth+1)
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return key{}, false
		}
		s, err := strconv.Unquote(e.Value)
		return key{name: s}, err == nil
	case *ast.CallExpr: // a conversion
		if len(e.Args) != 1 || !isTypeName(e.Fun) {
			return key{}, false
		}
		return l.resolve(e.Args[0], p, f, depth+1)
	case *ast.BinaryExpr:
		a, ok1 := l.resolve(e.X, p, f, depth+1)
		b, ok2 := l.resolve(e.Y, p, f, depth+1)
		return key{name: a.name + b.name}, e.Op == token.ADD && ok1 && ok2
	case *ast.Ident:
		return l.definition(p, e.Name, depth)
	case *ast.SelectorExpr:
		alias, ok := e.X.(*ast.Ident)
		if !ok {
			return key{}, false
		}
		ip, imported := f.imports[alias.Name]
		if other := l.byImport[ip]; imported && other != nil {
			if k, ok := l.definition(other, e.Sel.Name, depth); ok {
				return k, true
			}
			return key{name: e.Sel.Name, guess: "package " + ip + " has no constant " + e.Sel.Name}, true
		}
		// In all packages seen whose constants other packages register, name and string are equal.
		why := "package " + alias.Name + " is not read"
		if imported {
			why = "package " + ip + " is not read"
		}
		return key{name: e.Sel.Name, guess: why}, true
	}
	return key{}, false
}

func (l *loader) definition(p *pkg, name string, depth int) (key, bool) {
	d := p.names[name]
	if d == nil {
		return key{}, false
	}
	k, ok := l.resolve(d.value, d.pkg, d.file, depth+1)
	if ok && k.origin == nil && k.guess == "" {
		k.origin = d
	}
	return k, ok
}

// isTypeName: a conversion's function is a name whose last part begins as a type's does; a call of a
// function that makes names is not evaluated.
func isTypeName(e ast.Expr) bool {
	switch name := lastName(e); name {
	case "string", "Feature", "FeatureGate":
		return true
	default:
		return strings.HasSuffix(name, "Feature")
	}
}

// lastName is the identifier, or the selector's last part; "" for anything else.
func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.ParenExpr:
		return lastName(e.X)
	case *ast.StarExpr:
		return lastName(e.X)
	}
	return ""
}

// form is what the value type of a map says it holds.
type form int

const (
	formOther     form = iota
	formSpec           // FeatureSpec: the one in force
	formVersioned      // VersionedSpecs
	formWrapper        // a struct that holds a FeatureSpec
	formDependencies
)

// formOf classifies a type by its name or, for names of this package, by what they stand for. field is
// the wrapper's field that holds the spec.
func (p *pkg) formOf(e ast.Expr, depth int) (f form, field string) {
	if depth > maxDepth {
		return formOther, ""
	}
	switch e := e.(type) {
	case *ast.ArrayType:
		switch inner, _ := p.formOf(e.Elt, depth+1); {
		case inner == formSpec:
			return formVersioned, ""
		case lastName(e.Elt) == "Feature" || lastName(e.Elt) == "string":
			return formDependencies, ""
		}
	case *ast.StarExpr:
		return p.formOf(e.X, depth+1)
	case *ast.ParenExpr:
		return p.formOf(e.X, depth+1)
	case *ast.Ident, *ast.SelectorExpr:
		switch lastName(e) {
		case "FeatureSpec", "featureSpec":
			return formSpec, ""
		case "VersionedSpecs":
			return formVersioned, ""
		}
		id, ok := e.(*ast.Ident)
		if !ok || p.types[id.Name] == nil {
			return formOther, ""
		}
		return p.formOf(p.types[id.Name], depth+1)
	case *ast.StructType:
		for _, fl := range e.Fields.List {
			if inner, _ := p.formOf(fl.Type, depth+1); inner != formSpec && inner != formVersioned {
				continue
			}
			if len(fl.Names) > 0 {
				return formWrapper, fl.Names[0].Name
			}
			return formWrapper, lastName(fl.Type)
		}
	}
	return formOther, ""
}

// mapType finds the map behind a type expression: a map, or a name of this package that stands for one.
func (p *pkg) mapType(e ast.Expr, depth int) *ast.MapType {
	switch e := e.(type) {
	case *ast.MapType:
		return e
	case *ast.Ident:
		if t := p.types[e.Name]; t != nil && depth < maxDepth {
			return p.mapType(t, depth+1)
		}
	}
	return nil
}
