package oracle

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/gate"
)

// verdict is what a comparison found, each entry a sentence that begins with the gate's name.
type verdict struct {
	parsed                    int
	missing, extra, differing []string
}

func (v verdict) ok() bool { return len(v.missing)+len(v.extra)+len(v.differing) == 0 }

func (v *verdict) add(o verdict) {
	v.parsed += o.parsed
	v.missing = append(v.missing, o.missing...)
	v.extra = append(v.extra, o.extra...)
	v.differing = append(v.differing, o.differing...)
}

// compare sets what the parser read beside what the registry holds.
func compare(registered []Gate, parsed []gate.Gate) verdict {
	v := verdict{parsed: len(parsed)}
	byName := make(map[string][]gate.Gate)
	for _, g := range parsed {
		byName[g.Name] = append(byName[g.Name], g)
	}
	for _, want := range registered {
		found := byName[want.Name]
		delete(byName, want.Name)
		switch {
		case len(found) == 0:
			v.missing = append(v.missing, fmt.Sprintf("%s: registered as %v, not parsed", want.Name, want.Specs))
		case len(found) > 1:
			v.differing = append(v.differing, fmt.Sprintf("%s: registered once, parsed as %d variants", want.Name, len(found)))
		default:
			if got := specsOf(found[0]); !slices.Equal(got, want.Specs) {
				v.differing = append(v.differing, fmt.Sprintf("%s: registered as %v, parsed as %v", want.Name, want.Specs, got))
			}
		}
	}
	for name, found := range byName {
		for _, g := range found {
			v.extra = append(v.extra, fmt.Sprintf("%s: parsed as %v in %v, not registered", name, specsOf(g), g.Registered))
		}
	}
	slices.Sort(v.extra)
	return v
}

func specsOf(g gate.Gate) []Spec {
	out := make([]Spec, 0, len(g.Specs))
	for _, s := range g.Specs {
		out = append(out, Spec{Since: s.Since, Stage: string(s.Stage), Default: s.Default, Locked: s.Locked})
	}
	return out
}

// registeredIn picks the gates with a registration in one of the folders, AllAlpha and AllBeta aside.
func registeredIn(gates []gate.Gate, folders ...string) []gate.Gate {
	var out []gate.Gate
	for _, g := range gates {
		if g.Name == "AllAlpha" || g.Name == "AllBeta" {
			continue
		}
		if slices.ContainsFunc(g.Registered, func(r gate.Registration) bool {
			return slices.Contains(folders, path.Dir(r.File))
		}) {
			out = append(out, g)
		}
	}
	return out
}

// table renders modules by versions, every entry "gates/missing/extra/differing" or "n/a".
type table struct {
	versions, modules []string
	entries           map[[2]string]string
}

func (t *table) set(version, module, entry string) {
	if t.entries == nil {
		t.entries = make(map[[2]string]string)
	}
	if !slices.Contains(t.versions, version) {
		t.versions = append(t.versions, version)
	}
	if !slices.Contains(t.modules, module) {
		t.modules = append(t.modules, module)
	}
	t.entries[[2]string{version, module}] = entry
}

func (t *table) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-24s", "gates/missing/extra/diff")
	for _, v := range t.versions {
		fmt.Fprintf(&b, "  %-9s", v)
	}
	for _, m := range t.modules {
		fmt.Fprintf(&b, "\n%-24s", strings.TrimPrefix(m, "k8s.io/"))
		for _, v := range t.versions {
			fmt.Fprintf(&b, "  %-9s", t.entries[[2]string{v, m}])
		}
	}
	return b.String()
}
