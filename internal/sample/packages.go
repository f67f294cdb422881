package sample

import (
	"path"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/gate"
)

// Names of the components, as the facts and users write them.
const (
	kubernetes        = "kubernetes"
	apiserver         = "apiserver"
	apiextensions     = "apiextensions-apiserver"
	clientGo          = "client-go"
	controllerManager = "controller-manager"
	componentBase     = "component-base"
	kubeadm           = "kubeadm"
)

// Packages are the packages of Kubernetes that register gates. component-base has three.
func Packages() []gate.Package {
	var out []gate.Package
	for _, p := range places() {
		out = append(out, p.Package)
	}
	return out
}

// form is how a package registers its gates.
type form int

const (
	mainForm    form = iota // variables and an init function
	hookForm                // a variable and a function that adds it to a registry
	returnForm              // a function that returns the map
	clientForm              // client-go's own types
	kubeadmForm             // kubeadm's struct around FeatureSpec
)

// place is one package and how it is written.
type place struct {
	gate.Package
	file  string // the file with constants and maps, in Dir
	alias string // how pkg/features imports it; "" where it never does
	since string // the first release whose facts cover it
	form  form
}

func places() []place {
	staging := func(component, dir, file, alias, since string, f form) place {
		module := "k8s.io/" + component
		return place{
			Package: gate.Package{
				Dir:        path.Join("staging/src", module, dir),
				Component:  component,
				ImportPath: path.Join(module, dir),
			},
			file: file, alias: alias, since: since, form: f,
		}
	}
	return []place{
		{
			Package: gate.Package{Dir: "pkg/features", Component: kubernetes, ImportPath: "k8s.io/kubernetes/pkg/features"},
			file:    "kube_features.go", since: "v1.20", form: mainForm,
		},
		staging(apiserver, "pkg/features", "kube_features.go", "genericfeatures", "v1.20", mainForm),
		staging(apiextensions, "pkg/features", "kube_features.go", "apiextensionsfeatures", "v1.20", mainForm),
		staging(clientGo, "features", "known_features.go", "clientfeatures", "v1.30", clientForm),
		staging(controllerManager, "pkg/features", "kube_features.go", "kcmfeatures", "v1.20", hookForm),
		staging(componentBase, "logs/api/v1", "kube_features.go", "logsapi", "v1.24", returnForm),
		staging(componentBase, "metrics/features", "kube_features.go", "metricsfeatures", "v1.26", returnForm),
		staging(componentBase, "zpages/features", "kube_features.go", "zpagesfeatures", "v1.32", returnForm),
		{
			Package: gate.Package{Dir: "cmd/kubeadm/app/features", Component: kubeadm, ImportPath: "k8s.io/kubernetes/cmd/kubeadm/app/features"},
			file:    "features.go", since: "v1.33", form: kubeadmForm,
		},
	}
}

// holds reports whether the package is where a component's gate lives. The facts do not say which of
// component-base's three packages it is, so there the gate's name decides.
func (p place) holds(component, name string) bool {
	if p.Component != component {
		return false
	}
	if component != componentBase {
		return true
	}
	switch path.Dir(path.Join(p.Dir, p.file)) {
	case "staging/src/k8s.io/component-base/logs/api/v1":
		return name == "ContextualLogging" || strings.HasPrefix(name, "Logging")
	case "staging/src/k8s.io/component-base/metrics/features":
		return slices.Contains([]string{"ComponentSLIs", "NativeHistograms"}, name)
	default:
		return slices.Contains([]string{"ComponentFlagz", "ComponentStatusz"}, name)
	}
}
