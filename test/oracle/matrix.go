package oracle

// The modules that register gates, beside k8s.io/kubernetes, which is no library.
const (
	apiserver         = "k8s.io/apiserver"
	apiextensions     = "k8s.io/apiextensions-apiserver"
	clientGo          = "k8s.io/client-go"
	componentBase     = "k8s.io/component-base"
	controllerManager = "k8s.io/controller-manager"
)

// Version is one row of the matrix.
type Version struct {
	Name string // "v0.36"
	// Modules pins each module to a patch release, in the order of the table. Sum is empty here; the
	// answers hold it.
	Modules []Module
}

// Versions are the rows: the last release of each era of the grammar, and today's. The patch is the
// latest one the module proxy serves for the module; all of them still build with a Go of today.
func Versions() []Version {
	return []Version{
		{Name: "v0.22", Modules: pin("v0.22.17", nil)},
		// k8s.io/controller-manager@v0.26.14 and @v0.26.15 are not on the proxy.
		{Name: "v0.26", Modules: pin("v0.26.15", map[string]string{controllerManager: "v0.26.13"})},
		{Name: "v0.29", Modules: pin("v0.29.15", nil)},
		{Name: "v0.30", Modules: pin("v0.30.14", nil)},
		{Name: "v0.31", Modules: pin("v0.31.14", nil)},
		{Name: "v0.33", Modules: pin("v0.33.13", nil)},
		{Name: "v0.36", Modules: pin("v0.36.6", nil)},
		{Name: "v0.37", Modules: pin("v0.37.2", nil)},
	}
}

func pin(version string, except map[string]string) []Module {
	paths := []string{apiserver, apiextensions, clientGo, componentBase, controllerManager}
	out := make([]Module, 0, len(paths))
	for _, p := range paths {
		v := version
		if e, ok := except[p]; ok {
			v = e
		}
		out = append(out, Module{Path: p, Version: v})
	}
	return out
}

// How is the way a package hands its gates to a registry.
type How string

// The ways found in the sources of all versions.
const (
	// ByInit: importing the package fills k8s.io/apiserver/pkg/util/feature.DefaultMutableFeatureGate.
	ByInit How = "init"
	// ByFunction: a function of the package takes the registry.
	ByFunction How = "function"
	// ByHook: client-go has types of its own and calls back with them.
	ByHook How = "hook"
)

// Cell is one package that may register gates.
type Cell struct {
	Module   string // "k8s.io/apiserver"
	Package  string // from the module's root, "pkg/features"
	How      How
	Function string // ByFunction only
	// Feeds are the packages ("k8s.io/component-base/zpages/features") whose registration function
	// this package's init calls too, from the version named on.
	Feeds map[string]string
}

// ImportPath is how Go code imports the cell's package.
func (c Cell) ImportPath() string { return c.Module + "/" + c.Package }

// Cells are the packages asked, the same for all versions. A package that a version does not have
// yet is answered with None.
func Cells() []Cell {
	return []Cell{
		{Module: apiserver, Package: "pkg/features", How: ByInit,
			Feeds: map[string]string{componentBase + "/zpages/features": "v0.36"}},
		{Module: apiextensions, Package: "pkg/features", How: ByInit},
		{Module: clientGo, Package: "features", How: ByHook},
		{Module: componentBase, Package: "logs/api/v1", How: ByFunction, Function: "AddFeatureGates"},
		{Module: componentBase, Package: "metrics/features", How: ByFunction, Function: "AddFeatureGates"},
		{Module: componentBase, Package: "zpages/features", How: ByFunction, Function: "AddFeatureGates"},
		{Module: controllerManager, Package: "pkg/features", How: ByFunction, Function: "SetupCurrentKubernetesSpecificFeatureGates"},
	}
}
