package gate

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
)

// readSource finds every registration of a file, wherever it stands: in a variable, a returned value,
// a call's argument, an assignment.
func (r *reader) readSource(s *source) {
	for _, d := range s.file.Decls {
		ast.Inspect(d, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CompositeLit:
				return !r.readLiteral(s, n)
			case *ast.AssignStmt:
				r.readAssignment(s, n)
			case *ast.CallExpr:
				r.flagCall(s, n)
			case *ast.BasicLit:
				r.flagSwitches(s, n, 2)
			case *ast.Comment, *ast.CommentGroup, *ast.ImportSpec:
				return false
			}
			return true
		})
	}
}

// readLiteral reads a literal when it is a map of gates, or a list of such maps. It reports whether
// nothing inside is left to be looked at.
func (r *reader) readLiteral(s *source, lit *ast.CompositeLit) bool {
	if lit.Type == nil {
		return false
	}
	if v, ok := r.mapValue(s, lit.Type); ok {
		return r.readMap(s, v, lit)
	}
	if list, ok := lit.Type.(*ast.ArrayType); ok {
		if v, ok := r.mapValue(s, list.Elt); ok && v.kind != other {
			for _, e := range lit.Elts {
				if kv, ok := e.(*ast.KeyValueExpr); ok {
					e = kv.Value
				}
				if inner, ok := e.(*ast.CompositeLit); ok && inner.Type == nil {
					r.readMap(s, v, inner)
				}
			}
			return false
		}
	}
	r.flagStray(s, lit)
	return false
}

func (r *reader) readMap(s *source, v valueType, lit *ast.CompositeLit) bool {
	switch v.kind {
	case dependencies:
		r.readDependencies(s, lit)
		return true
	case other:
		return r.readForeignWrappers(s, lit)
	default:
		r.readRows(s, v, lit)
		return true
	}
}

// readForeignWrappers reads a map whose values are of a struct that is declared in a package not
// read: the specs inside still carry their own type's name.
func (r *reader) readForeignWrappers(s *source, lit *ast.CompositeLit) bool {
	for _, e := range lit.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		row, ok := kv.Value.(*ast.CompositeLit)
		if !ok {
			continue
		}
		for _, f := range row.Elts {
			field, ok := f.(*ast.KeyValueExpr)
			if !ok {
				continue
			}
			spec, ok := field.Value.(*ast.CompositeLit)
			if !ok || spec.Type == nil {
				continue
			}
			if v := r.valueKind(s, spec.Type); v.kind == oneSpec || v.kind == specList {
				r.readRows(s, valueType{kind: wrapped, outer: []string{lastName(field.Key)}, inner: &v}, lit)
				return true
			}
		}
	}
	return false
}

// readRows reads the rows of a map of gates.
func (r *reader) readRows(s *source, v valueType, lit *ast.CompositeLit) {
	remarks := s.remarks(lit)
	r.rows = slices.Grow(r.rows, len(lit.Elts))
	for i, e := range lit.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			r.lost(s, e.Pos(), "", "a row of a map of gates has no key; its gate is not known")
			continue
		}
		end := lit.Rbrace
		if i+1 < len(lit.Elts) {
			end = lit.Elts[i+1].Pos()
		}
		r.readRow(s, v, kv.Key, kv.Value, remarks.of(kv, end))
	}
}

// readRow reads one registration: key and value of a map, or the two sides of an assignment.
func (r *reader) readRow(s *source, v valueType, key, value ast.Expr, removeIn string) {
	n, err := r.nameOf(s, key)
	if err != nil {
		if isMetaKey(key) {
			return
		}
		r.lost(s, key.Pos(), "", fmt.Sprintf("the key %s cannot be read, so its gate is not known: %v", describe(key), err))
		return
	}
	if isMeta(n.name) || isMetaKey(key) {
		return
	}
	if n.name == "" {
		r.lost(s, key.Pos(), "", fmt.Sprintf("the key %s is an empty string, so its gate is not known", describe(key)))
		return
	}
	if n.guess != "" {
		r.note(s, key.Pos(), fmt.Sprintf("the name %s is guessed from its constant: %s", n.name, n.guess))
	}
	specs, err := r.specsOf(s, n.name, v, value)
	if err != nil {
		r.lost(s, key.Pos(), n.name, fmt.Sprintf("the registration of %s cannot be read: %v", n.name, err))
		return
	}
	r.rows = append(r.rows, row{
		name: n.name, decl: n.decl, constant: n.last, source: s, line: s.line(key.Pos()), specs: specs, removeIn: removeIn,
	})
}

// readAssignment reads `gates[FastWidget] = featuregate.VersionedSpecs{…}`.
func (r *reader) readAssignment(s *source, a *ast.AssignStmt) {
	for i, left := range a.Lhs {
		index, ok := left.(*ast.IndexExpr)
		if !ok || i >= len(a.Rhs) {
			continue
		}
		lit, ok := unwrapLiteral(a.Rhs[i])
		if !ok {
			r.noteChange(s, index)
			continue
		}
		if lit.Type == nil {
			continue
		}
		v := r.valueKind(s, lit.Type)
		if v.kind == dependencies {
			if r.assignsDependencies(s, index) {
				r.readDependency(s, index.Index, lit)
			}
			continue
		}
		if v.kind == other {
			continue
		}
		if _, err := r.nameOf(s, index.Index); err != nil && !r.saysStage(s, v, lit) {
			continue // a loop that copies another map's specs; they are read where they are written
		}
		r.taken(lit)
		r.readRow(s, v, index.Index, lit, s.remarkOfLine(a))
	}
}

func unwrapLiteral(e ast.Expr) (*ast.CompositeLit, bool) {
	for {
		switch x := e.(type) {
		case *ast.ParenExpr:
			e = x.X
		case *ast.UnaryExpr:
			if x.Op != token.AND {
				return nil, false
			}
			e = x.X
		case *ast.CompositeLit:
			return x, true
		default:
			return nil, false
		}
	}
}

// change is a gate whose spec is computed and put into a package's map at run time.
type change struct {
	name   string
	source *source
	pos    token.Pos
}

// noteChange remembers such a gate; [reader.tellChanges] knows whether a registration was read as well.
func (r *reader) noteChange(s *source, index *ast.IndexExpr) {
	d := r.valueOf(s, index.X)
	if d == nil {
		return
	}
	lit, ok := d.value.(*ast.CompositeLit)
	if !ok || lit.Type == nil {
		return
	}
	if v, ok := r.mapValue(d.source, lit.Type); !ok || v.kind == other || v.kind == dependencies {
		return
	}
	n, err := r.nameOf(s, index.Index)
	if err != nil {
		return // a loop over names that are registered already
	}
	r.changes = append(r.changes, change{name: n.name, source: s, pos: index.Pos()})
}

// tellChanges says which gates change at run time. Where a literal registers the gate too, that one is
// told; where none does, the registration is lost.
func (r *reader) tellChanges() {
	for _, c := range r.changes {
		if slices.ContainsFunc(r.rows, func(w row) bool { return w.name == c.name }) {
			r.note(c.source, c.pos, fmt.Sprintf("the spec of %s may be changed at run time; told is what its registration says", c.name))
			continue
		}
		r.lost(c.source, c.pos, c.name, fmt.Sprintf("the registration of %s cannot be read: its value is computed at run time", c.name))
	}
}

// saysStage reports whether a value names a stage of its own, as registrations do and copies do not.
func (r *reader) saysStage(s *source, v valueType, lit *ast.CompositeLit) bool {
	for _, e := range lit.Elts {
		name, value := "", e
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			name, value = lastName(kv.Key), kv.Value
		}
		if inner, ok := unwrapLiteral(value); ok && r.saysStage(s, v, inner) {
			return true
		}
		if name != "" && fieldOf(name) != fieldStage {
			continue
		}
		if _, err := r.stageOf(s, value); err == nil {
			return true
		}
	}
	return false
}

// isMeta reports whether a name is one of the two switches for all gates of a stage. They are in
// every registry and are no gates of anybody.
func isMeta(name string) bool { return name == "AllAlpha" || name == "AllBeta" }

func isMetaKey(e ast.Expr) bool {
	name := lastName(e)
	return name == "allAlphaGate" || name == "allBetaGate"
}
