package gate

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
)

// SyntaxError is a file that is not Go.
type SyntaxError struct {
	File      string
	Line, Col int // from 1
	Message   string
}

// Error names the place and what the parser of Go expected there.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s:%d:%d: not valid Go, so its gates cannot be read: %s", e.File, e.Line, e.Col, e.Message)
}

// source is one parsed file.
type source struct {
	path    string
	src     []byte
	file    *ast.File
	tok     *token.File
	lines   []int // offsets at which lines begin
	near    int   // the line found last, from 0: places are asked for nearly in order
	pkg     *pkg
	imports map[string][]string // name in this file -> import paths it may stand for
	dots    []string            // import paths whose names are in scope as they are
}

func parseSource(fset *token.FileSet, f File, p *pkg) (*source, error) {
	file, err := parser.ParseFile(fset, f.Path, f.Src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, syntaxError(f.Path, err)
	}
	s := &source{path: f.Path, src: f.Src, file: file, tok: fset.File(file.FileStart), pkg: p, imports: map[string][]string{}}
	s.lines = s.tok.Lines()
	for _, i := range file.Imports {
		s.addImport(i)
	}
	return s, nil
}

func syntaxError(file string, err error) *SyntaxError {
	var list scanner.ErrorList
	if errors.As(err, &list) && len(list) > 0 {
		e := list[0]
		message := e.Msg
		if len(list) > 1 {
			message += fmt.Sprintf(" (and %d more)", len(list)-1)
		}
		return &SyntaxError{File: file, Line: max(e.Pos.Line, 1), Col: max(e.Pos.Column, 1), Message: message}
	}
	return &SyntaxError{File: file, Line: 1, Col: 1, Message: err.Error()}
}

// addImport records under which names a file may know an import. Without an alias that is the
// package's own name, which the path only suggests: "…/logs/api/v1" may be v1 or api.
func (s *source) addImport(i *ast.ImportSpec) {
	target, err := strconv.Unquote(i.Path.Value)
	if err != nil {
		return
	}
	if i.Name != nil {
		switch i.Name.Name {
		case "_":
		case ".":
			s.dots = append(s.dots, target)
		default:
			s.imports[i.Name.Name] = append(s.imports[i.Name.Name], target)
		}
		return
	}
	base := path.Base(target)
	names := []string{base}
	if len(base) > 1 && base[0] == 'v' && strings.Trim(base[1:], "0123456789") == "" {
		names = append(names, path.Base(path.Dir(target)))
	}
	if head, _, ok := strings.Cut(base, ".v"); ok {
		names = append(names, head)
	}
	for _, n := range names {
		n = strings.TrimPrefix(n, "go-")
		s.imports[n] = append(s.imports[n], target)
	}
}

// line is the line of pos in the file as it lies there; //line directives do not count.
func (s *source) line(pos token.Pos) int {
	if !pos.IsValid() {
		return 1
	}
	offset := s.tok.Offset(pos)
	for i := s.near; i < min(s.near+3, len(s.lines)); i++ {
		if s.lines[i] <= offset && (i+1 == len(s.lines) || offset < s.lines[i+1]) {
			s.near = i
			return i + 1
		}
	}
	i, found := slices.BinarySearch(s.lines, offset)
	if !found {
		i--
	}
	s.near = i
	return i + 1
}

func (s *source) position(pos token.Pos) Position {
	return Position{File: s.path, Line: s.line(pos)}
}
