package gate

import (
	"go/ast"
	"go/token"
	"path"
	"strings"
)

// pkg is one package: its files, and what they declare at the top level.
type pkg struct {
	Package
	order   int // in the list Parse was given
	sources []*source
	values  map[string]*decl
	types   map[string]typeDecl
}

// decl is a constant or variable.
type decl struct {
	name     string
	source   *source
	pos      token.Pos
	value    ast.Expr // nil where it has none of its own
	constant bool
	doc      *ast.CommentGroup
}

// typeDecl is a declared type.
type typeDecl struct {
	source *source
	expr   ast.Expr
}

func newPkg(p Package, order int) *pkg {
	return &pkg{Package: p, order: order, values: map[string]*decl{}, types: map[string]typeDecl{}}
}

// owner is the package a file belongs to, nil where it is none of ours. A package that is one file
// goes before the one of the directory.
func owner(byDir map[string]*pkg, file string) *pkg {
	base := path.Base(file)
	if !strings.HasSuffix(base, ".go") || strings.HasSuffix(base, "_test.go") || strings.HasPrefix(base, "zz_generated") {
		return nil
	}
	if p := byDir[file]; p != nil {
		return p
	}
	return byDir[path.Dir(file)]
}

// add takes in a file and its declarations. The first declaration of a name counts: valid Go has a
// second one only under another build tag.
func (p *pkg) add(s *source) {
	p.sources = append(p.sources, s)
	for _, d := range s.file.Decls {
		gen, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range gen.Specs {
			switch spec := spec.(type) {
			case *ast.ValueSpec:
				p.addValues(s, gen, spec)
			case *ast.TypeSpec:
				if _, ok := p.types[spec.Name.Name]; !ok {
					p.types[spec.Name.Name] = typeDecl{source: s, expr: spec.Type}
				}
			}
		}
	}
}

func (p *pkg) addValues(s *source, gen *ast.GenDecl, spec *ast.ValueSpec) {
	doc := spec.Doc
	if doc == nil && !gen.Lparen.IsValid() {
		doc = gen.Doc
	}
	if doc == nil {
		doc = spec.Comment
	}
	for i, n := range spec.Names {
		if _, ok := p.values[n.Name]; ok || n.Name == "_" {
			continue
		}
		d := &decl{name: n.Name, source: s, pos: n.Pos(), constant: gen.Tok == token.CONST, doc: doc}
		if i < len(spec.Values) {
			d.value = spec.Values[i]
		}
		p.values[n.Name] = d
	}
}
