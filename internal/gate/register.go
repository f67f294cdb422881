package gate

import (
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// registration is one row of a map.
type registration struct {
	key
	Registration
	pkg      *pkg
	keyPos   token.Pos
	specs    []Spec
	removeIn string
}

// reader collects registrations from loaded packages.
type reader struct {
	*loader
	rows        []registration
	deps        map[string][]string
	diagnostics []Diagnostic
	unread      map[string]bool
	incomplete  bool
	foreign     []Diagnostic // forms that are out of scope; told when they are all there is
}

func (r *reader) file(p *pkg, f *file) {
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CompositeLit:
			m := p.mapType(n.Type, 0)
			if m == nil {
				return true
			}
			form, field := p.formOf(m.Value, 0)
			if form == formOther {
				return true
			}
			for _, e := range n.Elts {
				if kv, ok := e.(*ast.KeyValueExpr); ok {
					r.row(p, f, form, field, kv.Key, kv.Value, kv.End())
				}
			}
			return false
		case *ast.AssignStmt:
			r.assignment(p, f, n)
		case *ast.CallExpr:
			r.foreignCall(p, f, n)
		case *ast.BasicLit:
			if n.Kind == token.STRING && flagString.MatchString(n.Value) {
				r.foreign = append(r.foreign, r.diagnostic(n.Pos(), "gates in one flag string are a form this bot does not read"))
			}
		case *ast.ImportSpec:
			return false
		}
		return true
	})
}

var flagString = regexp.MustCompile("^[\"`][A-Za-z][A-Za-z0-9]*=(true|false)(,[A-Za-z][A-Za-z0-9]*=(true|false))+[\"`]$")

// assignment reads `gates[FastWidget] = featuregate.VersionedSpecs{…}`.
func (r *reader) assignment(p *pkg, f *file, n *ast.AssignStmt) {
	if len(n.Lhs) != len(n.Rhs) {
		return
	}
	for i, lhs := range n.Lhs {
		ix, ok1 := lhs.(*ast.IndexExpr)
		lit, ok2 := n.Rhs[i].(*ast.CompositeLit)
		if !ok1 || !ok2 || lit.Type == nil {
			continue
		}
		if form, field := p.formOf(lit.Type, 0); form == formSpec || form == formVersioned || form == formWrapper {
			r.row(p, f, form, field, ix.Index, lit, n.End())
		}
	}
}

// foreignCall notices kubevirt's RegisterFeatureGate(FeatureGate{Name: …}), which has no map at all.
func (r *reader) foreignCall(p *pkg, f *file, n *ast.CallExpr) {
	if lastName(n.Fun) != "RegisterFeatureGate" || len(n.Args) != 1 {
		return
	}
	lit, ok := n.Args[0].(*ast.CompositeLit)
	if !ok {
		return
	}
	name := "a gate"
	for _, e := range lit.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok && lastName(kv.Key) == "Name" {
			if k, ok := r.resolve(kv.Value, p, f, 0); ok {
				name = k.name
			}
		}
	}
	r.foreign = append(r.foreign, r.diagnostic(n.Pos(), name+" is registered by a call of RegisterFeatureGate, a form this bot does not read"))
}

func (r *reader) diagnostic(pos token.Pos, message string) Diagnostic {
	at := r.fset.Position(pos)
	return Diagnostic{File: at.Filename, Line: at.Line, Message: message}
}

// lost notes a registration that could not be read. With its name the others can still be compared.
func (r *reader) lost(pos token.Pos, name, message string) {
	d := r.diagnostic(pos, message)
	d.Lost = true
	r.diagnostics = append(r.diagnostics, d)
	if name == "" {
		r.incomplete = true
		return
	}
	r.unread[name] = true
}

func (r *reader) row(p *pkg, f *file, form form, field string, keyExpr, value ast.Expr, end token.Pos) {
	k, ok := r.resolve(keyExpr, p, f, 0)
	if id, isIdent := keyExpr.(*ast.Ident); isIdent && (id.Name == "allAlphaGate" || id.Name == "allBetaGate") || ok && (k.name == "AllAlpha" || k.name == "AllBeta") {
		return // meta gates: every registry has them
	}
	if !ok || k.name == "" {
		r.lost(keyExpr.Pos(), "", "this key can't be resolved to a gate's name")
		return
	}
	if k.guess != "" {
		r.diagnostics = append(r.diagnostics, r.diagnostic(keyExpr.Pos(), fmt.Sprintf("the name %s is guessed from the constant's: %s", k.name, k.guess)))
	}
	lit, ok := value.(*ast.CompositeLit)
	if !ok {
		r.lost(value.Pos(), k.name, "the value of "+k.name+" is no literal")
		return
	}
	if form == formDependencies {
		r.dependencies(p, f, k.name, lit)
		return
	}
	row := registration{key: k, pkg: p, keyPos: keyExpr.Pos()}
	at := r.fset.Position(keyExpr.Pos())
	row.Registration = Registration{Component: p.Component, File: at.Filename, Line: at.Line}
	specs, err := r.specs(p, form, field, lit)
	if err != nil {
		r.lost(err.pos, k.name, k.name+": "+err.message)
		return
	}
	row.specs = r.withoutCompatibility(k.name, specs)
	row.removeIn = f.removals[at.Line]
	for _, s := range specs {
		if v := f.removals[s.endLine]; v != "" {
			row.removeIn = v
		}
	}
	if v := f.removals[r.fset.Position(end).Line]; v != "" {
		row.removeIn = v
	}
	r.rows = append(r.rows, row)
}

func (r *reader) dependencies(p *pkg, f *file, name string, lit *ast.CompositeLit) {
	if r.deps[name] == nil {
		r.deps[name] = []string{}
	}
	for _, e := range lit.Elts {
		k, ok := r.resolve(e, p, f, 0)
		if !ok {
			r.diagnostics = append(r.diagnostics, r.diagnostic(e.Pos(), "a dependency of "+name+" can't be resolved to a gate's name"))
			continue
		}
		if !slices.Contains(r.deps[name], k.name) {
			r.deps[name] = append(r.deps[name], k.name)
		}
	}
}

// specError says where and why a spec can't be read.
type specError struct {
	pos     token.Pos
	message string
}

// literalSpec is a spec as it stands in the source.
type literalSpec struct {
	Spec
	endLine int
	compat  bool // carries MinCompatibilityVersion
	pos     token.Pos
}

func (r *reader) specs(p *pkg, form form, field string, lit *ast.CompositeLit) ([]literalSpec, *specError) {
	switch form {
	case formWrapper:
		inner, err := wrapped(lit, field)
		if err != nil {
			return nil, err
		}
		if f, _ := p.formOf(inner.Type, 0); f == formVersioned {
			return r.specs(p, formVersioned, "", inner)
		}
		return r.specs(p, formSpec, "", inner)
	case formVersioned:
		var out []literalSpec
		for _, e := range lit.Elts {
			inner, ok := e.(*ast.CompositeLit)
			if !ok {
				return nil, &specError{e.Pos(), "a spec is no literal"}
			}
			s, err := r.spec(p, inner)
			if err != nil {
				return nil, err
			}
			out = append(out, s)
		}
		if len(out) == 0 {
			return nil, &specError{lit.Pos(), "there is no spec"}
		}
		slices.SortStableFunc(out, func(a, b literalSpec) int { return CompareVersions(a.Since, b.Since) })
		return out, nil
	default:
		s, err := r.spec(p, lit)
		return []literalSpec{s}, err
	}
}

// wrapped finds the spec inside a wrapper's literal.
func wrapped(lit *ast.CompositeLit, field string) (*ast.CompositeLit, *specError) {
	for _, e := range lit.Elts {
		value := e
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if lastName(kv.Key) != field {
				continue
			}
			value = kv.Value
		}
		if inner, ok := value.(*ast.CompositeLit); ok {
			return inner, nil
		}
		return nil, &specError{value.Pos(), "the " + field + " is no literal"}
	}
	return nil, &specError{lit.Pos(), "there is no " + field}
}

func (r *reader) spec(p *pkg, lit *ast.CompositeLit) (literalSpec, *specError) {
	s := literalSpec{pos: lit.Pos(), endLine: r.fset.Position(lit.End()).Line}
	s.Line, s.Stage = r.fset.Position(lit.Pos()).Line, GA // an omitted PreRelease is the zero value, which is GA
	bools := 0
	for _, e := range lit.Elts {
		kv, keyed := e.(*ast.KeyValueExpr)
		if !keyed {
			// Unkeyed specs stand in the order default, [lock,] stage.
			if b, ok := p.boolean(e, 0); ok {
				if bools == 0 {
					s.Default = b
				} else {
					s.Locked = b
				}
				bools++
				continue
			}
			stage, ok := p.stage(e, 0)
			if !ok {
				return s, &specError{e.Pos(), "a field without a name is neither a bool nor a stage"}
			}
			s.Stage = stage
			continue
		}
		ok := true
		switch name := lastName(kv.Key); name {
		case "Default", "enabled":
			s.Default, ok = p.boolean(kv.Value, 0)
		case "LockToDefault":
			s.Locked, ok = p.boolean(kv.Value, 0)
		case "PreRelease", "prerelease":
			s.Stage, ok = p.stage(kv.Value, 0)
		case "Version":
			s.Since, ok = p.version(kv.Value, 0)
		case "MinCompatibilityVersion":
			s.compat = true
		default:
			r.diagnostics = append(r.diagnostics, r.diagnostic(kv.Pos(), "the field "+name+" of a spec is not known and was not read"))
		}
		if !ok {
			return s, &specError{kv.Value.Pos(), lastName(kv.Key) + " can't be read: it is no literal or constant of this package"}
		}
	}
	return s, nil
}

// withoutCompatibility drops the second row of a version, which only counts under an older compatibility
// version, and says so.
func (r *reader) withoutCompatibility(name string, specs []literalSpec) []Spec {
	out := make([]Spec, 0, len(specs))
	for i, s := range specs {
		double := slices.ContainsFunc(specs, func(o literalSpec) bool { return o.Since == s.Since && o.pos != s.pos && !o.compat })
		if s.compat && (double || i > 0 && specs[i-1].Since == s.Since) {
			r.diagnostics = append(r.diagnostics, r.diagnostic(s.pos, name+": a spec that counts only under an older compatibility version was left out"))
			continue
		}
		out = append(out, s.Spec)
	}
	return out
}

func (p *pkg) boolean(e ast.Expr, depth int) (value, ok bool) {
	switch e := e.(type) {
	case *ast.Ident:
		switch e.Name {
		case "true":
			return true, true
		case "false":
			return false, true
		}
		if d := p.names[e.Name]; d != nil && depth < maxDepth {
			return p.boolean(d.value, depth+1)
		}
	case *ast.ParenExpr:
		return p.boolean(e.X, depth)
	case *ast.UnaryExpr:
		b, ok := p.boolean(e.X, depth)
		return !b, ok && e.Op == token.NOT
	}
	return false, false
}

// stages are the names of the stages' constants, in upper and lower case, and their string values.
func stageNamed(name string) (Stage, bool) {
	switch strings.ToUpper(name) {
	case "ALPHA":
		return Alpha, true
	case "BETA":
		return Beta, true
	case "GA", "":
		return GA, true
	case "DEPRECATED":
		return Deprecated, true
	case "PREALPHA", "PRE-ALPHA":
		return PreAlpha, true
	}
	return "", false
}

func (p *pkg) stage(e ast.Expr, depth int) (Stage, bool) {
	if name := lastName(e); name != "" {
		if s, ok := stageNamed(name); ok {
			return s, true
		}
		if d := p.names[name]; d != nil && depth < maxDepth {
			return p.stage(d.value, depth+1)
		}
		return "", false
	}
	switch e := e.(type) {
	case *ast.BasicLit:
		if s, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return stageNamed(s)
		}
	case *ast.CallExpr:
		if len(e.Args) == 1 {
			return p.stage(e.Args[0], depth+1)
		}
	}
	return "", false
}

// version reads version.MustParse("1.33") and version.MajorMinor(1, 33).
func (p *pkg) version(e ast.Expr, depth int) (string, bool) {
	if id, ok := e.(*ast.Ident); ok && p.names[id.Name] != nil && depth < maxDepth {
		return p.version(p.names[id.Name].value, depth+1)
	}
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return "", false
	}
	switch lastName(call.Fun) {
	case "MustParse", "MustParseGeneric", "MustParseSemantic", "MustParseMajorMinor":
		if len(call.Args) != 1 {
			return "", false
		}
		s, ok := p.text(call.Args[0], depth)
		v := MinorOf(s)
		return v, ok && v != ""
	case "MajorMinor":
		if len(call.Args) != 2 {
			return "", false
		}
		a, ok1 := call.Args[0].(*ast.BasicLit)
		b, ok2 := call.Args[1].(*ast.BasicLit)
		if !ok1 || !ok2 || a.Kind != token.INT || b.Kind != token.INT {
			return "", false
		}
		return a.Value + "." + b.Value, true
	}
	return "", false
}

func (p *pkg) text(e ast.Expr, depth int) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		return s, err == nil && e.Kind == token.STRING
	case *ast.Ident:
		if d := p.names[e.Name]; d != nil && depth < maxDepth {
			return p.text(d.value, depth+1)
		}
	}
	return "", false
}
