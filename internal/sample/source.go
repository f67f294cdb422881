package sample

import (
	"bytes"
	"fmt"
	"go/format"
	"maps"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
)

// source is one Go file in the making. Imports are collected while the body is written.
type source struct {
	file    string
	release string
	pkg     string
	imports map[string]string // path to alias, "" for none
	body    bytes.Buffer
}

func (w *writer) source(file, pkg string) *source {
	return &source{file: file, release: w.release, pkg: pkg, imports: map[string]string{}}
}

func (s *source) printf(format string, args ...any) { fmt.Fprintf(&s.body, format, args...) }

// use imports a package and gives the name to call it by.
func (s *source) use(path, alias string) string {
	s.imports[path] = alias
	if alias != "" {
		return alias
	}
	return path[strings.LastIndexByte(path, '/')+1:]
}

func (s *source) format() ([]byte, error) {
	var out bytes.Buffer
	fmt.Fprintf(&out, "// Written by internal/sample from facts about Kubernetes %s.\n", s.release)
	fmt.Fprintf(&out, "// Names, stages and versions are upstream's; sentences and code are not.\n\n")
	fmt.Fprintf(&out, "package %s\n\n", s.pkg)
	if len(s.imports) > 0 {
		out.WriteString("import (\n")
		for _, path := range slices.Sorted(maps.Keys(s.imports)) {
			fmt.Fprintf(&out, "%s %q\n", s.imports[path], path)
		}
		out.WriteString(")\n\n")
	}
	out.Write(s.body.Bytes())
	return format.Source(out.Bytes())
}

// The packages that gate files import.
const (
	featuregatePath = "k8s.io/component-base/featuregate"
	versionPath     = "k8s.io/apimachinery/pkg/util/version"
	runtimePath     = "k8s.io/apimachinery/pkg/util/runtime"
	utilfeaturePath = "k8s.io/apiserver/pkg/util/feature"
)

// constants writes the const block. typed is the type of the constants ("featuregate.Feature"), "" where
// they have none.
func (w *writer) constants(s *source, rows []facts.Row, typed string) {
	if len(rows) == 0 {
		return
	}
	s.printf("const (\n")
	// A comment that looks like a gate: whoever reads with a regular expression invents one.
	s.printf("// A gate stands here in this form, and its row in the map below:\n//\n")
	s.printf("// // owner: @name\n// // kep: https://kep.k8s.io/number\n")
	s.printf("// SampleWidget %s= \"SampleWidget\"\n\n", strings.TrimLeft(typed+" ", " "))
	for _, row := range rows {
		w.comment(s, row)
		switch constForm(w.release, row.Const, typed) {
		case untypedConst:
			s.printf("%s = %q\n\n", row.Const, row.Gate)
		case convertedConst:
			s.printf("%s = %s(%q)\n\n", row.Const, typed, row.Gate)
		default:
			s.printf("%s %s = %q\n\n", row.Const, typed, row.Gate)
		}
	}
	s.printf(")\n\n")
}

type declaration int

const (
	typedConst declaration = iota
	untypedConst
	convertedConst
)

// constForm says how a constant is declared. Nearly all are typed; the others are known by name.
func constForm(release, name, typed string) declaration {
	since := func(r string) bool { return gate.CompareVersions(release, r) >= 0 }
	switch {
	case typed == "":
		return untypedConst
	case name == "ReloadKubeletClientCAFile" && since("v1.36"),
		name == "StatefulSetSemanticRevisionComparison" && since("v1.34") && !since("v1.36"),
		name == "ChangeContainerStatusOnKubeletRestart" && since("v1.35") && !since("v1.36"):
		return untypedConst
	case name == "SystemdWatchdog" && since("v1.32"):
		return convertedConst
	}
	return typedConst
}

// comment writes a constant's doc comment: owner, KEP, at times the stages, then the description. How
// exactly differs from gate to gate as it does upstream; the length of the name stands for chance.
func (w *writer) comment(s *source, row facts.Row) {
	n := len(row.Const)
	if len(row.Owners) > 0 {
		s.printf("// owner: %s\n", strings.Join(row.Owners, []string{", ", " ", ","}[n%3]))
	}
	for _, kep := range row.KEPs {
		s.printf("// kep: %s//kep.k8s.io/%s\n", []string{"https:", "https:", "http:", " https:"}[n%4], kep)
	}
	if n%24 == 0 && row.Specs[0].Since != "" {
		for _, spec := range row.Specs {
			s.printf("// %s: v%s\n", spec.Stage, spec.Since)
		}
	}
	if text := w.opts.Descriptions[row.Gate]; text != "" {
		if len(row.Owners)+len(row.KEPs) > 0 {
			s.printf("//\n")
		}
		s.printf("// %s\n", text)
	}
}

// spec writes one FeatureSpec's fields. stages is the package that has the stages ("featuregate."), ""
// for the own one.
func spec(version string, sp gate.Spec, stages string, n int) string {
	var fields []string
	if version != "" {
		fields = append(fields, fmt.Sprintf("Version: %s.MustParse(%q)", version, sp.Since))
	}
	fields = append(fields, fmt.Sprintf("Default: %t", sp.Default))
	name, _ := stageName(sp.Stage) // Files has refused what has none
	fields = append(fields, "PreRelease: "+stages+name)
	if sp.Locked {
		fields = append(fields, "LockToDefault: true")
		if n%16 == 0 { // seldom, the last two change places
			last := len(fields) - 1
			fields[last], fields[last-1] = fields[last-1], fields[last]
		}
	}
	return strings.Join(fields, ", ")
}

// removal is the comment at the end of a spec's line that plans the removal.
func removal(row facts.Row) string {
	if row.RemoveIn == "" {
		return ""
	}
	last := row.Specs[len(row.Specs)-1]
	switch n := len(row.Const); {
	case n%11 == 0:
		return " // remove in " + row.RemoveIn + "."
	case n%13 == 0:
		return " // remove in v" + row.RemoveIn
	case n%5 == 0 && last.Stage == gate.GA && last.Since != "":
		return fmt.Sprintf(" // GA and LockToDefault in %s, remove in %s", last.Since, row.RemoveIn)
	case n%7 == 0 && last.Stage == gate.GA && last.Since != "":
		return fmt.Sprintf(" // GA in %s; remove in %s", last.Since, row.RemoveIn)
	}
	return " // remove in " + row.RemoveIn
}

// unversioned writes the rows of a map of FeatureSpec.
func (w *writer) unversioned(s *source, rows []facts.Row, key func(facts.Row) string, stages string) {
	for _, row := range rows {
		s.printf("%s: {%s},%s\n", key(row), spec("", row.Specs[0], stages, len(row.Const)), removal(row))
		// The rows were columns without blank lines up to v1.24.
		if w.atLeast("v1.25") {
			s.printf("\n")
		}
	}
}

// versioned writes the rows of a map of VersionedSpecs.
func (w *writer) versioned(s *source, rows []facts.Row, key func(facts.Row) string, stages string) {
	for _, row := range rows {
		version := s.use(versionPath, "")
		s.printf("%s: {\n", key(row))
		for i, sp := range row.Specs {
			s.printf("{%s},", spec(version, sp, stages, len(row.Const)))
			if i == len(row.Specs)-1 {
				s.printf("%s", removal(row))
			}
			s.printf("\n")
		}
		s.printf("},\n\n")
	}
}

// split parts rows by whether their specs carry versions.
func split(rows []facts.Row) (unversioned, versioned []facts.Row) {
	for _, row := range rows {
		if row.Specs[0].Since == "" {
			unversioned = append(unversioned, row)
		} else {
			versioned = append(versioned, row)
		}
	}
	return unversioned, versioned
}

func stageName(s gate.Stage) (string, error) {
	switch s {
	case gate.PreAlpha:
		return "PreAlpha", nil
	case gate.Alpha:
		return "Alpha", nil
	case gate.Beta:
		return "Beta", nil
	case gate.GA:
		return "GA", nil
	case gate.Deprecated:
		return "Deprecated", nil
	}
	return "", fmt.Errorf("stage %q: unknown", s)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
