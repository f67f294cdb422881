package report

import (
	"os"
	"testing"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/sample"
	"github.com/upstream-digest/bot/internal/snapshot"
)

func TestZZReal(t *testing.T) {
	table, err := facts.Load()
	if err != nil {
		t.Fatal(err)
	}
	desc, _ := sample.Descriptions()
	set := func(rel, v string) snapshot.GateSet {
		s := snapshot.GateSet{Version: v}
		for _, r := range table.Rows(rel) {
			g := gate.Gate{Name: r.Gate, Const: r.Const, Component: r.Component, Specs: r.Specs, Owners: r.Owners, KEPs: r.KEPs, RemoveIn: r.RemoveIn, Description: desc[r.Gate],
				Declared: gate.Position{File: "pkg/features/kube_features.go", Line: 120}}
			for _, c := range r.RegisteredIn {
				g.Registered = append(g.Registered, gate.Registration{Component: c, File: "pkg/features/kube_features.go", Line: 1200})
			}
			s.Gates = append(s.Gates, g)
		}
		return s
	}
	var ch []diff.Change
	ch = diff.Gates(set("v1.35", "1.35"), set("v1.36", "1.36"))
	d := digestOf(ch)
	os.WriteFile("/tmp/real.md", []byte(Title(d)+"\n\n"+Markdown(d, MarkdownOptions{RedirectLinks: true})[0]), 0o644)
	os.WriteFile("/tmp/real.txt", []byte(Text(d, TextOptions{})), 0o644)
	h, _ := HTML(d)
	os.WriteFile("/tmp/real.html", []byte(h), 0o644)
}
