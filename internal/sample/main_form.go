package sample

import (
	"fmt"
	"slices"

	"github.com/upstream-digest/bot/internal/facts"
)

const (
	unversionedVar  = "defaultKubernetesFeatureGates"
	versionedVar    = "defaultVersionedKubernetesFeatureGates"
	dependenciesVar = "defaultKubernetesFeatureGateDependencies"
)

const (
	unversionedType  = "map[featuregate.Feature]featuregate.FeatureSpec"
	versionedType    = "map[featuregate.Feature]featuregate.VersionedSpecs"
	dependenciesType = "map[featuregate.Feature][]featuregate.Feature"
)

// mainSources writes pkg/features, and the staging packages made like it.
func (w *writer) mainSources(p place, declared, registered []facts.Row) []*source {
	first := w.source(p.file, "features")
	rows := first
	sources := []*source{first}
	if p.Component == kubernetes && w.atLeast("v1.31") && !w.atLeast("v1.33") {
		rows = w.source("versioned_kube_features.go", "features")
		sources = append(sources, rows)
	}
	first.use(featuregatePath, "")
	w.constants(first, declared, "featuregate.Feature")

	old, versioned := split(registered)
	hasOld := len(old) > 0 || !w.atLeast("v1.33")
	hasVersioned := len(versioned) > 0 || w.atLeast("v1.33") || rows != first
	hasDependencies := p.Component == kubernetes && w.atLeast("v1.35")
	w.addAll(first, hasOld, hasVersioned, hasDependencies)
	if hasOld {
		first.printf("var %s = %s{\n", unversionedVar, unversionedType)
		w.sections(p, old, first, w.unversioned)
		first.printf("}\n\n")
	}
	if hasVersioned {
		rows.use(featuregatePath, "")
		rows.printf("var %s = %s{\n", versionedVar, versionedType)
		if len(versioned) == 0 && rows != first {
			rows.printf("// Nothing yet. A row will look like this one:\n//\n")
			rows.printf("// genericfeatures.EmulationVersion: {\n")
			rows.printf("//	{Version: version.MustParse(\"1.31\"), Default: false, PreRelease: featuregate.Alpha},\n// },\n")
		}
		w.sections(p, versioned, rows, w.versioned)
		rows.printf("}\n\n")
	}
	if hasDependencies {
		w.dependencies(p, first, registered)
	}
	return sources
}

// addAll writes the init function that registers the maps.
func (w *writer) addAll(s *source, old, versioned, dependencies bool) {
	runtime := s.use(runtimePath, "")
	utilfeature := s.use(utilfeaturePath, "utilfeature")
	s.printf("func init() {\n")
	for _, call := range []struct {
		on           bool
		method, with string
	}{
		{old, "Add", unversionedVar},
		{versioned, "AddVersioned", versionedVar},
		{dependencies, "AddDependencies", dependenciesVar},
	} {
		if call.on {
			s.printf("%s.Must(%s.DefaultMutableFeatureGate.%s(%s))\n", runtime, utilfeature, call.method, call.with)
		}
	}
	s.printf("}\n\n")
}

// sections writes the rows of the package's own constants, then those of other packages under a heading
// each.
func (w *writer) sections(p place, rows []facts.Row, s *source,
	write func(*source, []facts.Row, func(facts.Row) string, string),
) {
	key := func(row facts.Row) string { return w.key(p, row, s) }
	groups := map[string][]facts.Row{}
	for _, row := range rows {
		alias := w.home(p, row).alias
		groups[alias] = append(groups[alias], row)
	}
	for _, alias := range sortedKeys(groups) {
		if alias != "" {
			s.printf("\n// Gates of %s, told again here so that the two cannot drift apart:\n\n", alias)
		}
		write(s, groups[alias], key, "featuregate.")
	}
}

// home is the package whose constant a row of p's map names: p itself where it declares one.
func (w *writer) home(p place, row facts.Row) place {
	if w.declares(p, row) && (row.Const != "CoordinatedLeaderElection" || p.Component != kubernetes || !w.atLeast("v1.33")) {
		p.alias = ""
		return p
	}
	return w.foreign(row)
}

// foreign is the package other than pkg/features that declares a gate.
func (w *writer) foreign(row facts.Row) place {
	i := slices.IndexFunc(w.places, func(q place) bool { return q.Component != kubernetes && w.declares(q, row) })
	return w.places[i] // checkRow has found a package for every component of the row
}

// key is the map key of a row: the constant, or a selector into another package.
func (w *writer) key(p place, row facts.Row, s *source) string {
	home := w.home(p, row)
	if home.alias == "" {
		return row.Const
	}
	name := s.use(home.ImportPath, home.alias) + "." + row.Const
	if home.form == clientForm {
		return fmt.Sprintf("featuregate.Feature(%s)", name)
	}
	return name
}

// dependencies writes the map of dependencies: one row a gate, most of them empty.
func (w *writer) dependencies(p place, s *source, registered []facts.Row) {
	// Here a gate declared in both packages is named by the local constant, whatever the other map does.
	name := func(row facts.Row) string {
		if w.declares(p, row) {
			return row.Const
		}
		return w.key(p, row, s)
	}
	s.printf("var %s = %s{\n", dependenciesVar, dependenciesType)
	for _, row := range registered {
		s.printf("%s: {", name(row))
		for i, to := range w.opts.DependsOn[row.Gate] {
			if i > 0 {
				s.printf(", ")
			}
			s.printf("%s", name(w.byGate[to]))
		}
		s.printf("},\n\n")
	}
	s.printf("}\n")
}
