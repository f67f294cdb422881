package gate_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/upstream-digest/bot/internal/gate"
)

// widgets are the packages of the made-up upstream that the tests read.
func widgets() []gate.Package {
	return []gate.Package{
		{Dir: "pkg/features", Component: "widgetd", ImportPath: "example.io/widgetd/pkg/features"},
		{Dir: "staging/base/features", Component: "base", ImportPath: "example.io/base/features"},
		{Dir: "staging/client/features/v1", Component: "client", ImportPath: "example.io/client/features/v1"},
		{Dir: "pkg/util/config/feature_gate.go", Component: "config", ImportPath: "example.io/widgetd/pkg/util/config"},
	}
}

func parse(t *testing.T, archive string) gate.Result {
	t.Helper()
	res, err := gate.Parse(widgets(), files(archive))
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func files(archive string) []gate.File {
	var out []gate.File
	for _, f := range txtar.Parse([]byte(archive)).Files {
		out = append(out, gate.File{Path: f.Name, Src: f.Data})
	}
	return out
}

// one parses an archive that holds one gate.
func one(t *testing.T, archive string) gate.Gate {
	t.Helper()
	res := parse(t, archive)
	if len(res.Gates) != 1 || len(res.Diagnostics) != 0 {
		t.Fatalf("want one gate and no diagnostic, got:\n%s", show(res))
	}
	return res.Gates[0]
}

// show writes a result a line a gate: name, [variant], constant @ declaration, registrations, specs, and
// what else there is; then the diagnostics, the unread names and whether it is incomplete.
func show(res gate.Result) string {
	var b strings.Builder
	for _, g := range res.Gates {
		fmt.Fprintf(&b, "%s", g.Name)
		if g.Variant != "" {
			fmt.Fprintf(&b, " [%s]", g.Variant)
		}
		fmt.Fprintf(&b, " = %s/%s@%s:%d", g.Component, g.Const, g.Declared.File, g.Declared.Line)
		for _, r := range g.Registered {
			fmt.Fprintf(&b, " | %s@%s:%d", r.Component, r.File, r.Line)
		}
		b.WriteString(" |")
		for _, s := range g.Specs {
			fmt.Fprintf(&b, " %s", spec(s))
		}
		if g.RemoveIn != "" {
			fmt.Fprintf(&b, " | removed in %s", g.RemoveIn)
		}
		if g.DependsOn != nil {
			fmt.Fprintf(&b, " | needs %v", g.DependsOn)
		}
		b.WriteString("\n")
	}
	for _, d := range res.Diagnostics {
		word := "note"
		if d.Lost {
			word = "lost"
		}
		fmt.Fprintf(&b, "%s %s:%d: %s\n", word, d.File, d.Line, d.Message)
	}
	if len(res.Unread) > 0 {
		fmt.Fprintf(&b, "unread %s\n", strings.Join(res.Unread, " "))
	}
	if res.Incomplete {
		b.WriteString("incomplete\n")
	}
	return b.String()
}

func spec(s gate.Spec) string {
	since, value, lock := s.Since, "off", ""
	if since == "" {
		since = "-"
	}
	if s.Default {
		value = "on"
	}
	if s.Locked {
		lock = ":locked"
	}
	return fmt.Sprintf("%s:%s:%s%s(%d)", since, s.Stage, value, lock, s.Line)
}
