package gate

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/semver"
)

// field is a field of a spec, under whichever name an era gave it.
type field int

const (
	fieldUnknown field = iota
	fieldDefault
	fieldStage
	fieldLock
	fieldVersion
	fieldCompatibility
)

func fieldOf(name string) field {
	switch name {
	case "Default", "enabled":
		return fieldDefault
	case "PreRelease", "prerelease":
		return fieldStage
	case "LockToDefault":
		return fieldLock
	case "Version":
		return fieldVersion
	case "MinCompatibilityVersion":
		return fieldCompatibility
	}
	return fieldUnknown
}

// readSpec is a spec as it stands in the source.
type readSpec struct {
	Spec
	compatibility bool // it has a MinCompatibilityVersion
}

// specsOf reads the value of a row. The error says what could not be read and where.
func (r *reader) specsOf(s *source, gate string, v valueType, e ast.Expr) ([]Spec, error) {
	s, e, err := r.literalValue(s, e)
	if err != nil {
		return nil, err
	}
	lit := e.(*ast.CompositeLit)
	r.taken(lit)
	switch v.kind {
	case wrapped:
		return r.wrappedSpecs(s, gate, v, lit)
	case specList:
		return r.listedSpecs(s, gate, v, lit)
	default:
		spec, err := r.specOf(s, gate, v.fields, lit)
		if err != nil {
			return nil, err
		}
		return []Spec{spec.Spec}, nil
	}
}

// literalValue follows a row's value to the literal it is: itself, behind an &, or a variable's.
func (r *reader) literalValue(s *source, e ast.Expr) (*source, ast.Expr, error) {
	from := e
	for range maxSteps {
		switch x := e.(type) {
		case *ast.CompositeLit:
			return s, x, nil
		case *ast.ParenExpr:
			e = x.X
			continue
		case *ast.UnaryExpr:
			if x.Op == token.AND {
				e = x.X
				continue
			}
		case *ast.Ident, *ast.SelectorExpr:
			if d := r.valueOf(s, x); d != nil && d.value != nil {
				s, e = d.source, d.value
				continue
			}
		}
		break
	}
	return nil, nil, fmt.Errorf("%s is no literal", describe(from))
}

func (r *reader) wrappedSpecs(s *source, gate string, v valueType, lit *ast.CompositeLit) ([]Spec, error) {
	for i, e := range lit.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if lastName(kv.Key) == v.outer[v.at] {
				return r.specsOf(s, gate, *v.inner, kv.Value)
			}
		} else if i == v.at {
			return r.specsOf(s, gate, *v.inner, e)
		}
	}
	return nil, fmt.Errorf("its value has no %s", v.outer[v.at])
}

func (r *reader) listedSpecs(s *source, gate string, v valueType, lit *ast.CompositeLit) ([]Spec, error) {
	read := make([]readSpec, 0, len(lit.Elts))
	for _, e := range lit.Elts {
		from, value, err := r.literalValue(s, e)
		if err != nil {
			return nil, err
		}
		inner := value.(*ast.CompositeLit)
		r.taken(inner)
		spec, err := r.specOf(from, gate, v.fields, inner)
		if err != nil {
			return nil, err
		}
		if from != s {
			spec.Line = s.line(e.Pos())
		}
		read = append(read, spec)
	}
	if len(read) == 0 {
		return nil, fmt.Errorf("it has no specs")
	}
	return r.ascending(s, gate, read), nil
}

// ascending sorts specs by version, and keeps one of each version: the one that holds without a
// compatibility version, else the last.
func (r *reader) ascending(s *source, gate string, read []readSpec) []Spec {
	slices.SortStableFunc(read, func(a, b readSpec) int { return compareSince(a.Since, b.Since) })
	out := make([]Spec, 0, len(read))
	plain := false // the last of out has no compatibility version
	for _, spec := range read {
		if n := len(out); n > 0 && compareSince(out[n-1].Since, spec.Since) == 0 {
			kept, dropped := spec.Spec, out[n-1]
			if plain && spec.compatibility {
				kept, dropped = dropped, kept
			}
			why := "the last one counts"
			if plain == spec.compatibility {
				why = "the one without MinCompatibilityVersion counts"
			}
			r.diagnostics = append(r.diagnostics, Diagnostic{File: s.path, Line: dropped.Line, Message: fmt.Sprintf(
				"%s has two specs for %s (other on line %d): %s", gate, orNone(spec.Since), kept.Line, why)})
			out[n-1], plain = kept, plain || !spec.compatibility
			continue
		}
		out, plain = append(out, spec.Spec), !spec.compatibility
	}
	return out
}

func orNone(version string) string { return cmp.Or(version, "no version") }

// specOf reads one spec. fields are the names of its fields in order, for literals that do not name
// them; nil where the declaration is not at hand.
func (r *reader) specOf(s *source, gate string, fields []string, lit *ast.CompositeLit) (readSpec, error) {
	out := readSpec{Spec: Spec{Stage: GA, Line: s.line(lit.Pos())}} // an omitted stage is upstream's zero value, GA
	for i, e := range lit.Elts {
		var name string
		value := e
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			name, value = lastName(kv.Key), kv.Value
		} else {
			order := fields
			if order == nil {
				order = usualFields(len(lit.Elts))
			}
			if i >= len(order) {
				return out, fmt.Errorf("value %d of its spec has no field", i+1)
			}
			name = order[i]
		}
		if err := r.setField(s, gate, &out, name, value); err != nil {
			return out, err
		}
	}
	return out, nil
}

// usualFields is the order of component-base's fields: two until v1.14, more since.
func usualFields(n int) []string {
	if n == 2 {
		return []string{"Default", "PreRelease"}
	}
	return []string{"Default", "LockToDefault", "PreRelease", "Version", "MinCompatibilityVersion"}
}

func (r *reader) setField(s *source, gate string, out *readSpec, name string, value ast.Expr) error {
	var err error
	switch fieldOf(name) {
	case fieldDefault:
		out.Default, err = r.boolOf(s, value)
	case fieldLock:
		out.Locked, err = r.boolOf(s, value)
	case fieldStage:
		out.Stage, err = r.stageOf(s, value)
	case fieldVersion:
		out.Since, err = versionOf(value)
	case fieldCompatibility:
		out.compatibility = lastName(value) != "nil"
	case fieldUnknown:
		r.note(s, value.Pos(), fmt.Sprintf("unknown field %s in a spec of %s, ignored", name, gate))
	}
	if err != nil {
		return fmt.Errorf("%s on line %d: %w", name, s.line(value.Pos()), err)
	}
	return nil
}

// boolOf reads true, false or a constant that is one of them. A variable's value may change at run time.
func (r *reader) boolOf(s *source, e ast.Expr) (bool, error) {
	from, not := e, false
	for range maxSteps {
		switch x := e.(type) {
		case *ast.ParenExpr:
			e = x.X
			continue
		case *ast.UnaryExpr:
			if x.Op == token.NOT {
				e, not = x.X, !not
				continue
			}
		case *ast.Ident, *ast.SelectorExpr:
			if d := r.valueOf(s, x); d != nil {
				if d.constant && d.value != nil {
					s, e = d.source, d.value
					continue
				}
			} else if id, ok := x.(*ast.Ident); ok && (id.Name == "true" || id.Name == "false") {
				return (id.Name == "true") != not, nil
			}
		}
		break
	}
	return false, fmt.Errorf("%s is neither true nor false nor a constant of the package", describe(from))
}

// stageOf reads a stage by the name of its constant, which is the same in every package that has one.
func (r *reader) stageOf(s *source, e ast.Expr) (Stage, error) {
	from := e
	for range maxSteps {
		switch x := e.(type) {
		case *ast.ParenExpr:
			e = x.X
			continue
		case *ast.BasicLit:
			if text, err := strconv.Unquote(x.Value); err == nil && x.Kind == token.STRING {
				if text == "" {
					return GA, nil
				}
				if stage, ok := stageNamed(text); ok {
					return stage, nil
				}
			}
		case *ast.Ident, *ast.SelectorExpr:
			if stage, ok := stageNamed(lastName(x)); ok {
				return stage, nil
			}
			if d := r.valueOf(s, x); d != nil && d.constant && d.value != nil {
				s, e = d.source, d.value
				continue
			}
		}
		break
	}
	return "", fmt.Errorf("%s is no stage", describe(from))
}

func stageNamed(name string) (Stage, bool) {
	switch name {
	case "Alpha", "alpha", "ALPHA":
		return Alpha, true
	case "Beta", "beta", "BETA":
		return Beta, true
	case "GA", "ga":
		return GA, true
	case "Deprecated", "deprecated", "DEPRECATED":
		return Deprecated, true
	case "PreAlpha", "preAlpha", "PRE-ALPHA":
		return PreAlpha, true
	}
	return "", false
}

// versionOf reads version.MustParse("1.33") and version.MajorMinor(1, 33), the only two ways upstream
// writes a version. Anything else might be changed elsewhere, so it is not guessed at.
func versionOf(e ast.Expr) (string, error) {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return "", fmt.Errorf("%s is neither MustParse nor MajorMinor", describe(e))
	}
	switch name := lastName(call.Fun); {
	case name == "MustParse" && len(call.Args) == 1:
		lit, ok := call.Args[0].(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return "", fmt.Errorf("%s is no string literal", describe(call.Args[0]))
		}
		text, err := strconv.Unquote(lit.Value)
		if err != nil {
			return "", fmt.Errorf("%s is no string literal", lit.Value)
		}
		return normalVersion(text)
	case name == "MajorMinor" && len(call.Args) == 2:
		major, ok1 := call.Args[0].(*ast.BasicLit)
		minor, ok2 := call.Args[1].(*ast.BasicLit)
		if !ok1 || !ok2 || major.Kind != token.INT || minor.Kind != token.INT {
			return "", fmt.Errorf("the numbers of MajorMinor are no literals")
		}
		return normalVersion(major.Value + "." + minor.Value)
	}
	return "", fmt.Errorf("%s is neither MustParse nor MajorMinor", describe(e))
}

// normalVersion writes a version the way specs are keyed, "1.33"; a patch stays only where it is not 0.
func normalVersion(text string) (string, error) {
	if isMinor(text) {
		return text, nil
	}
	v := "v" + strings.TrimPrefix(text, "v")
	if !semver.IsValid(v) || strings.Count(v, ".") == 0 {
		return "", fmt.Errorf("%q is no version", text)
	}
	if minor := semver.MajorMinor(v); semver.Compare(minor, v) == 0 {
		return minor[1:], nil
	}
	return v[1:], nil
}

// isMinor reports whether text is a plain "1.33", as nearly all are.
func isMinor(text string) bool {
	major, minor, _ := strings.Cut(text, ".")
	return isNumber(major) && isNumber(minor)
}

func isNumber(s string) bool {
	return s != "" && len(s) < 6 && digits(s) == len(s) && (s[0] != '0' || s == "0")
}

// compareSince is [CompareVersions], faster where both are plain minors.
func compareSince(a, b string) int {
	if !isMinor(a) || !isMinor(b) {
		return CompareVersions(a, b)
	}
	majorA, minorA, _ := strings.Cut(a, ".")
	majorB, minorB, _ := strings.Cut(b, ".")
	// Numbers without leading zeros: the longer is the larger.
	return cmp.Or(
		cmp.Compare(len(majorA), len(majorB)), strings.Compare(majorA, majorB),
		cmp.Compare(len(minorA), len(minorB)), strings.Compare(minorA, minorB),
	)
}
