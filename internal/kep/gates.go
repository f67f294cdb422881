package kep

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// gates reads feature-gates, whatever its form: a list of mappings with name and components, of plain
// names, of mappings from name to components; one such mapping without the list; one text; nothing.
func (r *reader) gates(n *yaml.Node) {
	switch n.Kind {
	case yaml.SequenceNode:
		if len(n.Content) > maxList {
			r.problem(n.Line, "feature-gates has %d entries; %d are read", len(n.Content), maxList)
		}
		for _, e := range n.Content[:min(len(n.Content), maxList)] {
			r.gateEntry(e)
		}
	case yaml.MappingNode:
		r.gateEntry(n)
	default:
		if s, _ := scalar(n); s != "" {
			r.gateEntry(n)
		}
	}
}

func (r *reader) gateEntry(e *yaml.Node) {
	line := e.Line
	e = deref(e)
	switch e.Kind {
	case yaml.ScalarNode:
		s, _ := scalar(e)
		for name := range strings.SplitSeq(s, ",") {
			r.gate(line, strings.TrimSpace(name), nil)
		}
	case yaml.MappingNode:
		if name := value(e, "name"); name != nil {
			s, _ := scalar(name)
			r.gate(line, s, r.components(value(e, "components")))
			return
		}
		if len(e.Content) == 0 || value(e, "components") != nil {
			r.gate(line, "", nil)
			return
		}
		for i := 0; i+1 < min(len(e.Content), 2*maxList); i += 2 {
			k, v := e.Content[i], deref(e.Content[i+1])
			if inner := value(v, "components"); inner != nil {
				v = inner
			}
			r.gate(k.Line, oneLine(k.Value), r.components(v))
		}
	default:
		r.problem(line, "feature-gates has an entry that is neither a name nor a mapping")
	}
}

// value is what a mapping holds for key, nil if nothing.
func value(m *yaml.Node, key string) *yaml.Node {
	if m.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(m.Content); i += 2 {
		if strings.EqualFold(m.Content[i].Value, key) {
			return deref(m.Content[i+1])
		}
	}
	return nil
}

// components reads a gate's components. An alias to the same list a hundred times costs a hundred short reads.
func (r *reader) components(n *yaml.Node) []string {
	if n == nil || n.Kind == yaml.MappingNode {
		return nil
	}
	return r.list("components", n)
}

func (r *reader) gate(line int, name string, components []string) {
	switch {
	case name == "":
		r.problem(line, "a gate without a name is left out")
		return
	case !isGateName(name) && !isGateName(strings.ToUpper(name[:1])+name[1:]):
		r.problem(line, "%s is no gate's name and is left out", quote(name))
		return
	case !isGateName(name):
		// Kept: the real gate differs in the case of the first letter only, and case is folded.
		r.problem(line, "the gate's name %s begins with a small letter", quote(name))
	}
	if i := slices.IndexFunc(r.p.Gates, func(g Gate) bool { return FoldGate(g.Name) == FoldGate(name) }); i >= 0 {
		r.problem(line, "the gate %s is listed twice", name)
		for _, c := range components {
			if !slices.Contains(r.p.Gates[i].Components, c) {
				r.p.Gates[i].Components = append(r.p.Gates[i].Components, c)
			}
		}
		return
	}
	if len(r.p.Gates) < maxList {
		r.p.Gates = append(r.p.Gates, Gate{name, components})
	}
}

// isGateName reports whether a gate could be called so: letters and digits behind a capital letter.
// Environment variables (KUBECTL_KYAML), templates (CSIMigration{vendor}), "n/a" and the template's MyFeature are none.
func isGateName(s string) bool {
	if len(s) < 3 || len(s) > 100 || s[0] < 'A' || s[0] > 'Z' {
		return false
	}
	for i := range len(s) {
		if !isWordByte(s[i]) || s[i] == '_' {
			return false
		}
	}
	switch strings.ToLower(s) {
	case "myfeature", "unknown", "not", "notapplicable", "yes":
		return false
	}
	return !isNothing(s)
}
