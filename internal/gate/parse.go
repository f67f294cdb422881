package gate

import (
	"cmp"
	"errors"
	"go/token"
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
	// Unread are the names of gates whose registration is there but could not be read; sorted. A
	// name is here or in Gates, never in both: of a gate with one lost registration the rest is
	// not told either, for half a gate would compare as a change.
	Unread []string
	// Incomplete: a registration was lost whose name is not known, so absence proves nothing.
	Incomplete bool
}

// Parse reads the gates that packages register. Files that belong to no package, tests and generated
// files (zz_generated*) are ignored, and so is the order of files. The order of packages matters
// once: where two packages that register a gate both declare it, the declaration of the earlier
// package counts.
//
// The error is a [*SyntaxError], or several joined, and then there is no result: which gates a file
// that is not Go would have registered nobody can say. Everything else that cannot be read is a
// [Diagnostic].
func Parse(packages []Package, files []File) (Result, error) {
	r := &reader{
		fset:     token.NewFileSet(),
		byImport: map[string][]*pkg{},
		unread:   map[string]bool{},
		depends:  map[string][]string{},
		strays:   map[token.Pos]Diagnostic{},
		flagged:  map[token.Pos]bool{},
	}
	if err := r.load(packages, files); err != nil {
		return Result{}, err
	}
	for _, p := range r.packages {
		for _, s := range p.sources {
			r.readSource(s)
		}
	}
	return r.result(), nil
}

// reader holds what one Parse has read so far.
type reader struct {
	fset     *token.FileSet
	packages []*pkg
	byImport map[string][]*pkg

	rows        []row
	changes     []change
	depends     map[string][]string // by gate; an entry without values: declared to have none
	diagnostics []Diagnostic
	unread      map[string]bool
	incomplete  bool

	// strays are specs that stand outside any map and may yet turn out to be a row's value.
	strays map[token.Pos]Diagnostic
	// flagged are literals that were read or told of, so that none is told of again.
	flagged map[token.Pos]bool
	// steps bounds one resolution: source may be circular, or made to take for ever.
	steps int
}

// row is one registration of one gate.
type row struct {
	name     string
	decl     *decl  // where the name's literal stands; nil for a literal key or an unread package
	constant string // the constant's name where decl is nil and the key is not a literal
	source   *source
	line     int
	specs    []Spec
	removeIn string
}

func (r *reader) load(packages []Package, files []File) error {
	byDir := make(map[string]*pkg, len(packages))
	for _, p := range packages {
		dir := strings.TrimSuffix(p.Dir, "/")
		if byDir[dir] != nil {
			continue
		}
		byDir[dir] = newPkg(p, len(r.packages))
		r.packages = append(r.packages, byDir[dir])
	}
	files = slices.Clone(files)
	slices.SortStableFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	var errs []error
	for _, f := range files {
		p := owner(byDir, f.Path)
		if p == nil {
			continue
		}
		s, err := parseSource(r.fset, f, p)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		p.add(s)
	}
	for _, p := range r.packages {
		if p.ImportPath != "" && len(p.sources) > 0 {
			r.byImport[p.ImportPath] = append(r.byImport[p.ImportPath], p)
		}
	}
	return errors.Join(errs...)
}

func (r *reader) result() Result {
	r.tellChanges()
	for _, d := range r.strays {
		r.diagnostics = append(r.diagnostics, d)
	}
	res := Result{Incomplete: r.incomplete, Diagnostics: r.diagnostics}
	res.Gates = r.merge(&res.Diagnostics)
	for name := range r.unread {
		res.Unread = append(res.Unread, name)
	}
	slices.Sort(res.Unread)
	slices.SortFunc(res.Diagnostics, func(a, b Diagnostic) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), strings.Compare(a.Message, b.Message))
	})
	res.Diagnostics = slices.Compact(res.Diagnostics)
	return res
}

// note adds a plain diagnostic: nothing is lost by it.
func (r *reader) note(s *source, pos token.Pos, message string) {
	r.diagnostics = append(r.diagnostics, Diagnostic{File: s.path, Line: s.line(pos), Message: message})
}

// lost says that a registration could not be read. An empty name means that nobody knows whose.
func (r *reader) lost(s *source, pos token.Pos, name, message string) {
	r.diagnostics = append(r.diagnostics, Diagnostic{File: s.path, Line: s.line(pos), Message: message, Lost: true})
	if name == "" {
		r.incomplete = true
		return
	}
	if !isMeta(name) {
		r.unread[name] = true
	}
}
