package gate

import (
	"fmt"
	"go/ast"
	"go/token"
	"strconv"
)

// maxSteps bounds how far one expression is followed; real aliases take three steps.
const maxSteps = 500

// named is what a key stands for.
type named struct {
	name  string
	decl  *decl  // the declaration that holds the literal, or the last one that could be followed
	last  string // the selector's last part, where the package it names was not read
	guess string // why name is only a guess; "" where it is known
}

// nameOf resolves a map key to the string users type. The error says why it cannot be.
func (r *reader) nameOf(s *source, e ast.Expr) (named, error) {
	r.steps = 0
	return r.follow(s, e)
}

func (r *reader) follow(s *source, e ast.Expr) (named, error) {
	if r.steps++; r.steps > maxSteps {
		return named{}, fmt.Errorf("its constants lead in a circle")
	}
	switch e := e.(type) {
	case *ast.BasicLit:
		if v, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return named{name: v}, nil
		}
	case *ast.ParenExpr:
		return r.follow(s, e.X)
	case *ast.CallExpr:
		if len(e.Args) == 1 && r.isConversion(s, e.Fun) {
			return r.follow(s, e.Args[0])
		}
	case *ast.BinaryExpr:
		if e.Op == token.ADD {
			return r.concat(s, e)
		}
	case *ast.Ident:
		if d := r.ident(s, e.Name); d != nil {
			return r.followDecl(d)
		}
		return named{}, fmt.Errorf("package %s declares no %s", s.pkg.Dir, e.Name)
	case *ast.SelectorExpr:
		return r.followSelector(s, e)
	}
	return named{}, fmt.Errorf("%s is neither a constant nor a string", describe(e))
}

func (r *reader) followDecl(d *decl) (named, error) {
	if d.value == nil {
		return named{}, fmt.Errorf("%s has no value where it is declared (%s:%d)", d.name, d.source.path, d.source.line(d.pos))
	}
	n, err := r.follow(d.source, d.value)
	if n.decl == nil {
		n.decl = d
	}
	return n, err
}

func (r *reader) followSelector(s *source, e *ast.SelectorExpr) (named, error) {
	d, given, path := r.selector(s, e)
	switch {
	case d != nil:
		return r.followDecl(d)
	case path == "":
		return named{}, fmt.Errorf("%s is no import of the file", describe(e.X))
	case given:
		return named{name: e.Sel.Name, last: e.Sel.Name, guess: fmt.Sprintf("package %s declares no %s", path, e.Sel.Name)}, nil
	default:
		return named{name: e.Sel.Name, last: e.Sel.Name, guess: fmt.Sprintf("package %s not read", path)}, nil
	}
}

func (r *reader) concat(s *source, e *ast.BinaryExpr) (named, error) {
	x, err := r.follow(s, e.X)
	if err != nil {
		return named{}, err
	}
	y, err := r.follow(s, e.Y)
	if err != nil {
		return named{}, err
	}
	if x.guess != "" || y.guess != "" {
		return named{}, fmt.Errorf("a part of it is declared in a package that was not read")
	}
	return named{name: x.name + y.name}, nil
}

// isConversion tells a conversion to a string type from a call: Go's syntax does not.
func (r *reader) isConversion(s *source, fun ast.Expr) bool {
	for {
		p, ok := fun.(*ast.ParenExpr)
		if !ok {
			break
		}
		fun = p.X
	}
	switch lastName(fun) {
	case "Feature", "string":
		return true
	}
	_, ok := r.typeOf(s, fun)
	return ok
}

// ident finds a constant or variable that a file can name without a package.
func (r *reader) ident(s *source, name string) *decl {
	if d := s.pkg.values[name]; d != nil {
		return d
	}
	for _, dot := range s.dots {
		for _, p := range r.byImport[dot] {
			if d := p.values[name]; d != nil {
				return d
			}
		}
	}
	return nil
}

// selector finds what "alias.Name" names. given says whether the package was read, path which one it
// is; "" when the file imports nothing under that alias.
func (r *reader) selector(s *source, e *ast.SelectorExpr) (d *decl, given bool, path string) {
	for _, p := range r.imported(s, e) {
		given = true
		if d := p.values[e.Sel.Name]; d != nil {
			return d, true, p.ImportPath
		}
	}
	if x, ok := e.X.(*ast.Ident); ok {
		if paths := s.imports[x.Name]; len(paths) > 0 {
			path = paths[0]
		}
	}
	return nil, given, path
}

// imported lists the packages that the left side of a selector may stand for, of those we have.
func (r *reader) imported(s *source, e *ast.SelectorExpr) []*pkg {
	x, ok := e.X.(*ast.Ident)
	if !ok {
		return nil
	}
	var out []*pkg
	for _, path := range s.imports[x.Name] {
		out = append(out, r.byImport[path]...)
	}
	return out
}

// valueOf finds the declaration behind an identifier or selector, nil when there is none.
func (r *reader) valueOf(s *source, e ast.Expr) *decl {
	switch e := e.(type) {
	case *ast.Ident:
		return r.ident(s, e.Name)
	case *ast.SelectorExpr:
		d, _, _ := r.selector(s, e)
		return d
	}
	return nil
}

// typeOf finds the declaration behind a type's name.
func (r *reader) typeOf(s *source, e ast.Expr) (typeDecl, bool) {
	switch e := e.(type) {
	case *ast.Ident:
		t, ok := s.pkg.types[e.Name]
		return t, ok
	case *ast.SelectorExpr:
		for _, p := range r.imported(s, e) {
			if t, ok := p.types[e.Sel.Name]; ok {
				return t, true
			}
		}
	}
	return typeDecl{}, false
}

// lastName is the name a type or constant is known by whatever package it comes from.
func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// describe names an expression in a message.
func describe(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		if x, ok := e.X.(*ast.Ident); ok {
			return x.Name + "." + e.Sel.Name
		}
		return e.Sel.Name
	case *ast.BasicLit:
		return e.Value
	case *ast.CallExpr:
		if n := lastName(e.Fun); n != "" {
			return "the call of " + n
		}
		return "a call"
	}
	return "the expression"
}
