package gate

import (
	"fmt"
	"go/ast"
	"go/token"
	"strconv"
	"strings"
)

// flagCall tells of registrations that are calls and not maps (kubevirt), and of gates that are
// switches in a flag's default (karpenter). Both are out of scope, and lost aloud.
func (r *reader) flagCall(s *source, call *ast.CallExpr) {
	if lastName(call.Fun) == "RegisterFeatureGate" {
		r.flagRegisterCall(s, call)
		return
	}
	named := saysFeatureGate(lastName(call.Fun))
	for _, a := range call.Args {
		if lit, ok := a.(*ast.BasicLit); ok {
			named = named || saysFeatureGate(lit.Value)
		}
	}
	if !named {
		return
	}
	for _, a := range call.Args {
		if lit, ok := a.(*ast.BasicLit); ok {
			r.flagSwitches(s, lit, 1)
		}
	}
}

func (r *reader) flagRegisterCall(s *source, call *ast.CallExpr) {
	for _, a := range call.Args {
		lit, ok := unwrapLiteral(a)
		if !ok {
			continue
		}
		for _, e := range lit.Elts {
			kv, ok := e.(*ast.KeyValueExpr)
			if !ok || lastName(kv.Key) != "Name" {
				continue
			}
			if n, err := r.nameOf(s, kv.Value); err == nil && n.name != "" {
				r.lost(s, call.Pos(), n.name, fmt.Sprintf("%s is registered by a call of RegisterFeatureGate, a form that is not read", n.name))
				return
			}
		}
	}
	r.lost(s, call.Pos(), "", "a gate is registered by a call of RegisterFeatureGate, a form that is not read; its name is not known")
}

func saysFeatureGate(text string) bool {
	text = strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(text))
	return strings.Contains(text, "featuregate")
}

// flagSwitches tells of a string such as "FastWidget=false,SlowWidget=true" with least switches or more.
func (r *reader) flagSwitches(s *source, lit *ast.BasicLit, least int) {
	if lit.Kind != token.STRING || r.flagged[lit.Pos()] || !strings.Contains(lit.Value, "=") {
		return
	}
	text, err := strconv.Unquote(lit.Value)
	if err != nil {
		return
	}
	names, ok := switches(text)
	if !ok || len(names) < least {
		return
	}
	r.flagged[lit.Pos()] = true
	for _, n := range names {
		r.lost(s, lit.Pos(), n, fmt.Sprintf("%s is registered by the default of a flag, a form that is not read", n))
	}
}

func switches(text string) ([]string, bool) {
	var names []string
	for pair := range strings.SplitSeq(text, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(pair), "=")
		if !ok || name == "" || name[0] < 'A' || name[0] > 'Z' || value != "true" && value != "false" {
			return nil, false
		}
		names = append(names, name)
	}
	return names, true
}

// taken marks a spec as read. One whose type is elided stands in a map and is no stray anyway.
func (r *reader) taken(lit *ast.CompositeLit) {
	if lit.Type == nil {
		return
	}
	delete(r.strays, lit.Pos())
	r.flagged[lit.Pos()] = true
}

// flagStray remembers a spec that stands outside any map. Unless a row turns out to point at it, it
// may be a registration of a form nobody has seen yet.
func (r *reader) flagStray(s *source, lit *ast.CompositeLit) {
	if r.flagged[lit.Pos()] {
		return
	}
	v := r.valueKind(s, lit.Type)
	if v.kind != oneSpec && v.kind != specList || !r.saysStage(s, v, lit) {
		return
	}
	r.strays[lit.Pos()] = Diagnostic{File: s.path, Line: s.line(lit.Pos()), Message: "a feature spec stands outside any map of gates, not read"}
}
