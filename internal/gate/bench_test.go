package gate_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"github.com/upstream-digest/bot/internal/gate"
)

// bigSource writes a file of the size of v1.36's main one: 225 gates with 459 specs, doc comments,
// every fifth key from another package, and a row of dependencies for each.
func bigSource() (main, base []byte) {
	var consts, foreign, rows, needs strings.Builder
	for i := range 225 {
		name := fmt.Sprintf("WidgetFeatureNumber%03d", i)
		doc := fmt.Sprintf("\t// owner: @owner%d @second\n\t// kep: https://kep.k8s.io/%d\n\t//\n\t// Lets widgets of the kind %d turn at their own speed, without\n\t// asking the others. More on that in the proposal.\n\t%s featuregate.Feature = %q\n\n", i, 1000+i, i, name, name)
		key := name
		if i%5 == 0 {
			key = "basefeatures." + name
			foreign.WriteString(doc)
		} else {
			consts.WriteString(doc)
		}
		fmt.Fprintf(&rows, "\t%s: {\n", key)
		for j := range specsOf(i) {
			remark := ""
			if j == 2 {
				remark = " // GA and LockToDefault in 1.34, remove in 1.37"
			}
			fmt.Fprintf(&rows, "\t\t{Version: version.MustParse(\"1.%d\"), Default: %t, PreRelease: featuregate.%s},%s\n",
				32+j, j > 0, []string{"Alpha", "Beta", "GA", "GA"}[j], remark)
		}
		rows.WriteString("\t},\n\n")
		fmt.Fprintf(&needs, "\t%s: {},\n\n", key)
	}
	head := "package features\n\nimport (\n\tbasefeatures \"example.io/base/features\"\n)\n\nconst (\n"
	main = []byte(head + consts.String() + ")\n\nvar gates = map[featuregate.Feature]featuregate.VersionedSpecs{\n" + rows.String() +
		"}\n\nvar needs = map[featuregate.Feature][]featuregate.Feature{\n" + needs.String() + "}\n")
	return main, []byte("package features\n\nconst (\n" + foreign.String() + ")\n")
}

// specsOf spreads 459 specs: 73, 82, 58 and 12 gates with one to four.
func specsOf(gate int) int {
	switch {
	case gate < 73:
		return 1
	case gate < 73+82:
		return 2
	case gate < 73+82+58:
		return 3
	default:
		return 4
	}
}

func TestBigSourceIsAsBigAsItSays(t *testing.T) {
	main, base := bigSource()
	res, err := gate.Parse(widgets(), []gate.File{{Path: "pkg/features/a.go", Src: main}, {Path: "staging/base/features/b.go", Src: base}})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, g := range res.Gates {
		n += len(g.Specs)
	}
	if len(res.Gates) != 225 || n != 459 || len(res.Diagnostics) != 0 {
		t.Errorf("%d gates, %d specs, %d diagnostics", len(res.Gates), n, len(res.Diagnostics))
	}
}

func BenchmarkParse(b *testing.B) {
	main, base := bigSource()
	in := []gate.File{{Path: "pkg/features/a.go", Src: main}, {Path: "staging/base/features/b.go", Src: base}}
	packages := widgets()
	b.SetBytes(int64(len(main) + len(base)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := gate.Parse(packages, in); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkParseFileOnly is what BenchmarkParse is measured against: Go's own parser on the same bytes.
func BenchmarkParseFileOnly(b *testing.B) {
	main, base := bigSource()
	b.SetBytes(int64(len(main) + len(base)))
	b.ReportAllocs()
	for b.Loop() {
		fset := token.NewFileSet()
		for _, src := range [][]byte{main, base} {
			if _, err := parser.ParseFile(fset, "a.go", src, parser.ParseComments|parser.SkipObjectResolution); err != nil {
				b.Fatal(err)
			}
		}
	}
}
