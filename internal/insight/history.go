package insight

import (
	"maps"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
)

// The components of Kubernetes that register gates, as the table and the preset name them.
const (
	kubernetes        = "kubernetes"
	apiserver         = "apiserver"
	apiextensions     = "apiextensions-apiserver"
	clientGo          = "client-go"
	componentBase     = "component-base"
	controllerManager = "controller-manager"
	kubeadm           = "kubeadm"
)

func components() []string {
	return []string{kubernetes, apiserver, apiextensions, clientGo, componentBase, controllerManager, kubeadm}
}

// History is what gates the components of Kubernetes had, release by release. It does not change once
// made, so that many may ask it at once.
type History struct {
	releases []string // "1.20", ascending
	at       map[string]release
	names    []string            // every gate there ever was, sorted
	present  map[string][]string // the releases that have a gate, ascending
	owners   map[string][]string // the components that ever registered a gate
}

// release is one minor.
type release struct {
	source  string          // "table", or where else it was read
	covered map[string]bool // the components whose gates are all known
	gates   map[string][]entry
}

// entry is a gate as some components register it.
type entry struct {
	spec       gate.Spec   // in force at the release
	specs      []gate.Spec // ascending
	registered []string    // components, sorted
	keps       []string
	removeIn   string
}

// FromTable makes the history that the program carries in itself.
func FromTable(t *facts.Table) *History {
	h := &History{at: map[string]release{}}
	for _, name := range t.Releases() {
		r := release{source: "table", covered: map[string]bool{}, gates: map[string][]entry{}}
		for _, c := range components() {
			r.covered[c] = t.Covered(c, name)
		}
		for _, row := range t.Rows(name) {
			r.gates[row.Gate] = append(r.gates[row.Gate], entry{
				spec:  gate.Spec{Since: row.Since, Stage: row.Stage, Default: row.Default, Locked: row.Locked},
				specs: row.Specs, registered: row.RegisteredIn, keps: row.KEPs, removeIn: row.RemoveIn,
			})
		}
		h.at[Minor(name)] = r
	}
	h.index()
	return h
}

// With returns a history that also knows the gates read from an upstream at a version ("1.37",
// "v1.37.0-alpha.2"), for the components that were read as a whole. source says in a word or two where
// they were read ("mirror"). What was known of the same minor is replaced. A version that is none
// changes nothing.
func (h *History) With(version, source string, covered []string, gates []gate.Gate) *History {
	minor := Minor(version)
	if minor == "" {
		return h
	}
	r := release{source: source, covered: map[string]bool{}, gates: map[string][]entry{}}
	for _, c := range covered {
		r.covered[c] = true
	}
	for _, g := range gates {
		// A gate whose specs all lie above the version can't be set there.
		spec, ok := g.Effective(minor)
		if !ok {
			continue
		}
		e := entry{spec: spec, specs: slices.Clone(g.Specs), keps: slices.Clone(g.KEPs), removeIn: g.RemoveIn}
		slices.SortStableFunc(e.specs, func(a, b gate.Spec) int { return gate.CompareVersions(a.Since, b.Since) })
		for _, reg := range g.Registered {
			e.registered = append(e.registered, reg.Component)
		}
		slices.Sort(e.registered)
		e.registered = slices.Compact(e.registered)
		r.gates[g.Name] = append(r.gates[g.Name], e)
	}
	out := &History{at: maps.Clone(h.at)}
	out.at[minor] = r
	out.index()
	return out
}

func (h *History) index() {
	h.releases = slices.SortedFunc(maps.Keys(h.at), gate.CompareVersions)
	h.present, h.owners = map[string][]string{}, map[string][]string{}
	for _, r := range h.releases {
		for name, entries := range h.at[r].gates {
			h.present[name] = append(h.present[name], r)
			for _, e := range entries {
				for _, c := range e.registered {
					if !slices.Contains(h.owners[name], c) {
						h.owners[name] = append(h.owners[name], c)
					}
				}
			}
		}
	}
	h.names = slices.Sorted(maps.Keys(h.present))
}

// Releases lists the minors that the history knows something of, "1.20", ascending.
func (h *History) Releases() []string { return slices.Clone(h.releases) }

// Covered reports whether all gates of a component ("apiserver") are known at a version.
func (h *History) Covered(component, version string) bool {
	return h.at[Minor(version)].covered[component]
}

// Minor cuts what people write for a release ("v1.36", "1.36", "1.36.2") to "1.36"; "" for what is none.
func Minor(version string) string {
	version = strings.TrimSpace(version)
	if minor := gate.MinorOf(version); strings.Contains(minor, ".") && strings.Contains(version, minor) {
		return minor
	}
	return ""
}

// find returns a gate as a program knows it at a release, and whether the program surely takes it.
func (h *History) find(p program, name, minor string) (entry, use) {
	var best entry
	found := no
	for _, e := range h.at[minor].gates[name] {
		if u := p.takes(e, minor); u > found {
			best, found = e, u
		}
	}
	return best, found
}

// missing lists the components that would have to be known at the release to say that the program does not
// have a gate there. An optional one counts where it has ever had the gate.
func (h *History) missing(p program, name, minor string) []string {
	var out []string
	for _, c := range p.components {
		if !h.at[minor].covered[c] {
			out = append(out, c)
		}
	}
	for _, c := range p.optional {
		if !h.at[minor].covered[c] && slices.Contains(h.owners[name], c) {
			out = append(out, c)
		}
	}
	return out
}

// run says since when something has held without a break up to a release: by the specs' versions where
// the gate has them, else by the releases before. Upstream rewrites past specs, so a release that is known
// and says otherwise counts more than the specs. "" when it held in the first known release already.
func (h *History) run(p program, name, minor string, holds func(gate.Spec) bool) string {
	e, u := h.find(p, name, minor)
	if u == no || !holds(e.spec) {
		return ""
	}
	since := ""
	versioned := e.spec.Since != ""
	if versioned {
		for _, s := range e.specs {
			switch {
			case gate.CompareVersions(s.Since, minor) > 0:
			case !holds(s):
				since = ""
			case since == "":
				since = s.Since
			}
		}
	}
	i := slices.Index(h.releases, minor)
	for ; i > 0; i-- {
		before := h.releases[i-1]
		if versioned && gate.CompareVersions(before, since) < 0 {
			return since
		}
		old, u := h.find(p, name, before)
		if u == no {
			if versioned || len(h.missing(p, name, before)) > 0 {
				return since
			}
			return h.releases[i]
		}
		if !holds(old.spec) {
			return h.releases[i]
		}
	}
	return since
}
