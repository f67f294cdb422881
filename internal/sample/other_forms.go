package sample

import (
	"fmt"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
)

func constKey(row facts.Row) string { return row.Const }

// hookSource writes controller-manager's package: a variable, and a function that adds it to a registry.
func (w *writer) hookSource(p place, declared, registered []facts.Row) *source {
	s := w.source(p.file, "features")
	featuregate := s.use(featuregatePath, "")
	w.constants(s, declared, featuregate+".Feature")
	old, versioned := split(registered)
	if len(old) > 0 || !w.atLeast("v1.32") {
		s.printf("var cloudFeatureGates = %s{\n", unversionedType)
		w.unversioned(s, old, constKey, featuregate+".")
		s.printf("}\n\n// AddGates registers the gates of cloud controllers.\n")
		s.printf("func AddGates(gates featuregate.MutableFeatureGate) error {\nreturn gates.Add(cloudFeatureGates)\n}\n\n")
	}
	if len(versioned) > 0 || w.atLeast("v1.32") {
		s.printf("var versionedCloudFeatureGates = %s{\n", versionedType)
		w.versioned(s, versioned, constKey, featuregate+".")
		s.printf("}\n\n// AddVersionedGates registers the gates of cloud controllers.\n")
		s.printf("func AddVersionedGates(gates featuregate.MutableVersionedFeatureGate) error {\nreturn gates.AddVersioned(versionedCloudFeatureGates)\n}\n")
	}
	return s
}

// returnSource writes a package of component-base, whose map is what a function returns.
func (w *writer) returnSource(p place, declared, registered []facts.Row) ([]*source, error) {
	pkg := "features"
	if p.alias == "logsapi" {
		pkg = "v1"
	}
	s := w.source(p.file, pkg)
	featuregate := s.use(featuregatePath, "")
	w.constants(s, declared, featuregate+".Feature")
	if pkg == "v1" && w.atLeast("v1.25") {
		s.printf("// LoggingStableOptions is declared, and nobody registers it: it is no gate.\n")
		s.printf("const LoggingStableOptions featuregate.Feature = \"LoggingStableOptions\"\n\n")
	}
	old, versioned := split(registered)
	if len(old) > 0 && len(versioned) > 0 {
		return nil, fmt.Errorf("package %s: a function returns one map, but only %d of %d gates have versions", p.Dir, len(versioned), len(registered))
	}
	if len(old) > 0 || len(versioned) == 0 && !w.atLeast("v1.32") {
		s.printf("func featureGates() %s {\nreturn %s{\n", unversionedType, unversionedType)
		w.unversioned(s, old, constKey, featuregate+".")
		s.printf("}\n}\n\n// AddFeatureGates registers the gates of this package.\n")
		s.printf("func AddFeatureGates(gates featuregate.MutableFeatureGate) error {\nreturn gates.Add(featureGates())\n}\n")
		return []*source{s}, nil
	}
	s.printf("func featureGates() %s {\nreturn %s{\n", versionedType, versionedType)
	w.versioned(s, versioned, constKey, featuregate+".")
	s.printf("}\n}\n\n// AddFeatureGates registers the gates of this package.\n")
	s.printf("func AddFeatureGates(gates featuregate.MutableVersionedFeatureGate) error {\nreturn gates.AddVersioned(featureGates())\n}\n")
	return []*source{s}, nil
}

// clientSources writes client-go's package: types of its own in one file, gates in the other.
func (w *writer) clientSources(p place, declared, registered []facts.Row) ([]*source, error) {
	old, versioned := split(registered)
	if len(old) > 0 && len(versioned) > 0 {
		return nil, fmt.Errorf("package %s: has one map, but only %d of %d gates have versions", p.Dir, len(versioned), len(registered))
	}
	isVersioned := len(versioned) > 0 || len(old) == 0 && w.atLeast("v1.35")

	types := w.source("features.go", "features")
	types.printf("// Feature is the name of a gate.\ntype Feature string\n\ntype prerelease string\n\n")
	types.printf("// The stages of a gate.\nconst (\n")
	for _, stage := range []gate.Stage{gate.Alpha, gate.Beta, gate.GA, gate.Deprecated} {
		name, err := stageName(stage)
		if err != nil {
			return nil, err
		}
		types.printf("%s = prerelease(%q)\n", name, map[gate.Stage]string{gate.Alpha: "ALPHA", gate.Beta: "BETA", gate.Deprecated: "DEPRECATED"}[stage])
	}
	types.printf(")\n\n// FeatureSpec says what a gate is.\ntype FeatureSpec struct {\n")
	if isVersioned {
		types.printf("Version *%s.Version\n", types.use(versionPath, ""))
	}
	types.printf("Default bool\nLockToDefault bool\nPreRelease prerelease\n}\n\n")
	if isVersioned {
		types.printf("// VersionedSpecs say what a gate is since which version.\ntype VersionedSpecs []FeatureSpec\n")
	}

	s := w.source(p.file, "features")
	w.constants(s, declared, "Feature")
	if isVersioned {
		s.printf("var defaultVersionedKubernetesFeatureGates = map[Feature]VersionedSpecs{\n")
		w.versioned(s, versioned, constKey, "")
	} else {
		s.printf("var defaultKubernetesFeatureGates = map[Feature]FeatureSpec{\n")
		w.unversioned(s, old, constKey, "")
	}
	s.printf("}\n")
	return []*source{types, s}, nil
}

// kubeadmSource writes kubeadm's package: FeatureSpec within a struct of its own, names without a type.
func (w *writer) kubeadmSource(p place, declared, registered []facts.Row) *source {
	s := w.source(p.file, "features")
	featuregate := s.use(featuregatePath, "")
	w.constants(s, declared, "")
	s.printf("// InitFeatureGates are the gates of the init command.\nvar InitFeatureGates = FeatureList{\n")
	for _, row := range registered {
		s.printf("%s: {\nFeatureSpec: %s.FeatureSpec{%s},%s\n", row.Const, featuregate, spec("", row.Specs[0], featuregate+".", len(row.Const)), removal(row))
		if row.Specs[0].Stage == gate.Deprecated {
			s.printf("DeprecationMessage: \"This gate goes away in a later release.\",\n")
		}
		s.printf("},\n\n")
	}
	s.printf("}\n\n// Feature is a gate of kubeadm.\ntype Feature struct {\n%s.FeatureSpec\nDeprecationMessage string\n}\n\n", featuregate)
	s.printf("// FeatureList is a set of gates by name.\ntype FeatureList map[string]Feature\n")
	return s
}

// base writes the file that carries the version the binaries are built as, since v1.31.
func (w *writer) base() *source {
	s := w.source("base.go", "version")
	s.printf("// The build sets these.\nvar (\ngitVersion = %q\ngitCommit  = \"\"\n)\n\n", w.release+".0")
	if w.atLeast("v1.31") {
		s.printf("const (\n// DefaultKubeBinaryVersion is the minor version of what this tree builds.\n")
		s.printf("DefaultKubeBinaryVersion = %q\n)\n", gate.MinorOf(w.release))
	}
	return s
}
