package gate

import (
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"path"
	"slices"
	"strings"
)

// File is one Go source file of an upstream.
type File struct {
	Path string // from the repository's root, slash-separated
	Src  []byte
}

// Package says what a directory of the upstream is.
type Package struct {
	// Dir is the directory ("staging/src/k8s.io/apiserver/pkg/features"), or the path of one file
	// where only that file holds gates ("pkg/util/config/feature_gate.go").
	Dir string
	// Component is the name users know the registry by ("apiserver").
	Component string
	// ImportPath is how other packages import it ("k8s.io/apiserver/pkg/features").
	ImportPath string
}

// Result is what Parse read.
type Result struct {
	Gates       []Gate       // sorted by name, then variant
	Diagnostics []Diagnostic // sorted by file, then line
	// Unread are the names of gates whose registration is there but could not be read; sorted.
	Unread []string
	// Incomplete: a registration was lost whose name is not known, so absence proves nothing.
	Incomplete bool
}

// SyntaxError is a file that is not Go.
type SyntaxError struct {
	File      string
	Line, Col int
	Message   string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Col, e.Message)
}

// Parse reads the gates that packages register in files. Files of no package, tests and generated files
// are ignored. It errs only for files that are not Go, with a *SyntaxError each, joined; all else that it
// can't read is a diagnostic.
func Parse(packages []Package, files []File) (Result, error) {
	l := &loader{fset: token.NewFileSet(), byImport: map[string]*pkg{}}
	if err := l.load(packages, files); err != nil {
		return Result{}, err
	}
	r := &reader{loader: l, deps: map[string][]string{}, unread: map[string]bool{}}
	for _, p := range l.packages {
		for _, f := range p.files {
			r.file(p, f)
		}
	}
	return r.result(), nil
}

// pkg is one package with its files' top-level names.
type pkg struct {
	Package
	files []*file
	names map[string]*definition // constants and variables
	types map[string]ast.Expr
}

type file struct {
	path    string
	ast     *ast.File
	imports map[string]string // local name to import path
	// removals maps lines to the release in which their trailing comment plans a removal.
	removals map[int]string
}

// definition is a top-level constant or variable with a value.
type definition struct {
	name  string
	value ast.Expr
	doc   *ast.CommentGroup
	pos   token.Pos
	file  *file
	pkg   *pkg
}

type loader struct {
	fset     *token.FileSet
	packages []*pkg
	byImport map[string]*pkg
}

func (l *loader) load(packages []Package, files []File) error {
	byDir := make(map[string]*pkg, len(packages))
	for _, p := range packages {
		q := &pkg{Package: p, names: map[string]*definition{}, types: map[string]ast.Expr{}}
		l.packages = append(l.packages, q)
		byDir[p.Dir] = q
		if p.ImportPath != "" {
			l.byImport[p.ImportPath] = q
		}
	}
	var errs []error
	for _, f := range slices.SortedFunc(slices.Values(files), func(a, b File) int { return cmp.Compare(a.Path, b.Path) }) {
		base := path.Base(f.Path)
		if !strings.HasSuffix(base, ".go") || strings.HasSuffix(base, "_test.go") || strings.HasPrefix(base, "zz_generated") {
			continue
		}
		p := byDir[f.Path]
		if p == nil {
			p = byDir[path.Dir(f.Path)]
		}
		if p == nil {
			continue
		}
		tree, err := parser.ParseFile(l.fset, f.Path, f.Src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			errs = append(errs, syntaxError(f.Path, err))
			continue
		}
		p.files = append(p.files, &file{path: f.Path, ast: tree})
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	for _, p := range l.packages {
		for _, f := range p.files {
			p.declare(f)
			f.removals = removalComments(l.fset, f.ast)
		}
	}
	for _, p := range l.packages {
		for _, f := range p.files {
			f.imports = l.importsOf(f.ast)
		}
	}
	return nil
}

func syntaxError(file string, err error) error {
	var list scanner.ErrorList
	if errors.As(err, &list) && len(list) > 0 {
		e := list[0]
		return &SyntaxError{File: file, Line: e.Pos.Line, Col: e.Pos.Column, Message: e.Msg}
	}
	return &SyntaxError{File: file, Line: 1, Col: 1, Message: err.Error()}
}

// declare notes the package's top-level constants, variables and types.
func (p *pkg) declare(f *file) {
	for _, d := range f.ast.Decls {
		decl, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, s := range decl.Specs {
			switch spec := s.(type) {
			case *ast.TypeSpec:
				p.types[spec.Name.Name] = spec.Type
			case *ast.ValueSpec:
				doc := spec.Doc
				if doc == nil && !decl.Lparen.IsValid() {
					doc = decl.Doc
				}
				for i, name := range spec.Names {
					if i < len(spec.Values) && name.Name != "_" {
						p.names[name.Name] = &definition{name: name.Name, value: spec.Values[i], doc: doc, pos: name.Pos(), file: f, pkg: p}
					}
				}
			}
		}
	}
}

// importsOf maps the local names of a file's imports to their paths. Without an alias it is the name that
// the package gives itself, which is known only for packages that are read; else the path's last part.
func (l *loader) importsOf(f *ast.File) map[string]string {
	out := make(map[string]string, len(f.Imports))
	for _, imp := range f.Imports {
		ip := strings.Trim(imp.Path.Value, "`\"")
		switch {
		case imp.Name != nil:
			out[imp.Name.Name] = ip
		case l.byImport[ip] != nil && len(l.byImport[ip].files) > 0:
			out[l.byImport[ip].files[0].ast.Name.Name] = ip
		default:
			base := path.Base(ip)
			if len(base) > 1 && base[0] == 'v' && strings.Trim(base[1:], "0123456789") == "" {
				base = path.Base(path.Dir(ip))
			}
			out[base] = ip
		}
	}
	return out
}
