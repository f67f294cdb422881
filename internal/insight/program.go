package insight

import (
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/gate"
)

// program is something that takes gates, and which components' gates it takes.
type program struct {
	name string // as in usage.Setting; "" for one that is not known
	// components are those whose gates have to be known to say that the program has no such gate.
	components []string
	// optional are looked at where they are known.
	optional []string
}

// use says whether a program takes a gate.
type use int

const (
	no    use = iota
	maybe     // it depends on how the program was built
	yes
)

// programOf knows the programs of the package comment's list.
func programOf(name string) (program, bool) {
	p := program{name: name, components: []string{kubernetes, apiserver, apiextensions, clientGo, componentBase}}
	switch name {
	case "kube-apiserver", "kube-scheduler", "kubelet", "kube-proxy":
	case "kube-controller-manager":
		p.components = append(p.components, controllerManager)
	case "":
		p.components = append(p.components, controllerManager)
		p.optional = []string{kubeadm}
	case "cloud-controller-manager":
		p.components = []string{apiserver, clientGo, componentBase, controllerManager}
	case kubeadm, clientGo:
		p.components = []string{name}
	default:
		return program{}, false
	}
	return p, true
}

// mainPrograms link pkg/features.
func mainPrograms() []string {
	return []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy"}
}

// programs are all that have a name.
func programs() []string {
	return append(mainPrograms(), "cloud-controller-manager", kubeadm, clientGo)
}

// takes says whether a program takes a gate that is registered as e says, at a release.
func (p program) takes(e entry, minor string) use {
	best := no
	for _, c := range e.registered {
		if !slices.Contains(p.components, c) && !slices.Contains(p.optional, c) {
			continue
		}
		u := yes
		switch {
		case p.name == "cloud-controller-manager" && c == clientGo:
			u = maybe
		case p.name == "cloud-controller-manager" && c == componentBase && slices.Contains(e.registered, kubernetes):
			u = maybe // zpages: those alone are also listed in pkg/features
		case c == componentBase && p.early(minor):
			u = maybe
		}
		best = max(best, u)
	}
	return best
}

// early reports whether the program may not take component-base's gates yet: these two came to them late,
// metrics in 1.26 and logs in 1.27.
func (p program) early(minor string) bool {
	return (p.name == "kube-proxy" || p.name == "cloud-controller-manager") && gate.CompareVersions(minor, "1.27") < 0
}

// refuses reports whether the program does not start with a gate that it does not know.
func (p program) refuses() bool { return p.name != clientGo }

// locks reports whether the program refuses a value against a lock.
func (p program) locks() bool { return p.name != clientGo && p.name != kubeadm }

// hasMeta reports whether the program knows AllAlpha and AllBeta: kubeadm and client-go's variables don't.
func (p program) hasMeta() bool { return p.name != clientGo && p.name != kubeadm }

// title names the program in a sentence.
func (p program) title() string {
	switch p.name {
	case "":
		return "the main binaries"
	case clientGo:
		return "client-go"
	}
	return p.name
}

// homes names the programs that take a gate: at the release, or where none does, at any.
func (h *History) homes(name, minor string) string {
	at := func(minors ...string) []string {
		var out []string
		for _, n := range programs() {
			p, _ := programOf(n)
			for _, m := range minors {
				if _, u := h.find(p, name, m); u == yes {
					out = append(out, n)
					break
				}
			}
		}
		return out
	}
	out := at(minor)
	if len(out) == 0 {
		out = at(h.present[name]...)
	}
	return and(out)
}

// and lists words: "a, b and c".
func and(words []string) string {
	n := len(words)
	if n < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
}
