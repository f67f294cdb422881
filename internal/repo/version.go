package repo

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"

	"golang.org/x/mod/semver"
)

// DefaultKubeBinaryVersion reads the constant of that name ("1.37") from the source of
// k8s.io/component-base/version/base.go. False when the file does not have it, as before v1.31.
func DefaultKubeBinaryVersion(src []byte) (string, bool) {
	// A file that breaks further down still has its constants.
	file, _ := parser.ParseFile(token.NewFileSet(), "base.go", src, parser.SkipObjectResolution)
	if file == nil {
		return "", false
	}
	for _, d := range file.Decls {
		decl, ok := d.(*ast.GenDecl)
		if !ok || (decl.Tok != token.CONST && decl.Tok != token.VAR) {
			continue
		}
		for _, s := range decl.Specs {
			spec, ok := s.(*ast.ValueSpec)
			if !ok {
				continue
			}
			for i, name := range spec.Names {
				if name.Name == "DefaultKubeBinaryVersion" && i < len(spec.Values) {
					return stringLiteral(spec.Values[i])
				}
			}
		}
	}
	return "", false
}

func stringLiteral(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	v, err := strconv.Unquote(lit.Value)
	return v, err == nil && v != ""
}

// HighestStable is the tag of the highest released version among tags of the forms "v1.2.3" and
// "1.2.3". Pre-releases and all other tags do not count. False when there is none.
func HighestStable(tags []string) (string, bool) {
	best, bestVersion := "", ""
	for _, t := range tags {
		v, ok := stableVersion(t)
		if !ok {
			continue
		}
		// Of "v1.2.3" and "1.2.3" the first is meant, whatever the order.
		if c := semver.Compare(v, bestVersion); best == "" || c > 0 || c == 0 && t == v {
			best, bestVersion = t, v
		}
	}
	return best, best != ""
}

// stableVersion is a tag's version with its "v", if it is one of a release.
func stableVersion(tag string) (string, bool) {
	v := "v" + strings.TrimPrefix(tag, "v")
	return v, semver.Canonical(v) == v && semver.Prerelease(v) == "" && semver.Build(v) == ""
}
