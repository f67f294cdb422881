package facts_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
)

func load(tb testing.TB) *facts.Table {
	tb.Helper()
	table, err := facts.Load()
	if err != nil {
		tb.Fatal(err)
	}
	return table
}

func TestReleasesAscendByVersion(t *testing.T) {
	got := strings.Join(load(t).Releases(), " ")
	want := "v1.20 v1.21 v1.22 v1.23 v1.24 v1.25 v1.26 v1.27 v1.28 v1.29 v1.30 v1.31 v1.32 v1.33 v1.34 v1.35 v1.36"
	if got != want {
		t.Errorf("releases are %s, want %s", got, want)
	}
}

func TestRowsOfARelease(t *testing.T) {
	table := load(t)
	total := 0
	for _, r := range table.Releases() {
		total += len(table.Rows(r))
	}
	if total != 2767 {
		t.Errorf("the table has %d rows, want 2767", total)
	}
	if n := len(table.Rows("v1.36")); n != 243 {
		t.Errorf("v1.36 has %d gates, want 243", n)
	}
	if rows := table.Rows("v1.37"); rows != nil {
		t.Errorf("an unknown release has %d rows, want none", len(rows))
	}
}

func TestRowIsTyped(t *testing.T) {
	for _, row := range load(t).Rows("v1.36") {
		if row.Gate != "CustomCPUCFSQuotaPeriod" {
			continue
		}
		want := facts.Row{
			Release: "v1.36", Gate: "CustomCPUCFSQuotaPeriod", Const: "CPUCFSQuotaPeriod",
			Stage: gate.GA, Default: true, Since: "1.36",
			Specs: []gate.Spec{
				{Since: "1.12", Stage: gate.Alpha},
				{Since: "1.36", Stage: gate.GA, Default: true},
			},
			Component: "kubernetes", RegisteredIn: []string{"kubernetes"},
			Owners: []string{"@szuecs"}, RemoveIn: "1.40",
		}
		if diff := cmp.Diff(want, row); diff != "" {
			t.Error(diff)
		}
		return
	}
	t.Error("no row for CustomCPUCFSQuotaPeriod")
}

func TestRowsAreTheCallers(t *testing.T) {
	table := load(t)
	first := table.Rows("v1.36")
	first[0].Specs[0].Stage = "spoilt"
	first[0].RegisteredIn[0] = "spoilt"
	if again := table.Rows("v1.36"); again[0].Specs[0].Stage == "spoilt" || again[0].RegisteredIn[0] == "spoilt" {
		t.Error("changing the rows changed the table")
	}
}

func TestCovered(t *testing.T) {
	table := load(t)
	for _, c := range []struct {
		component, release string
		want               bool
	}{
		{"kubernetes", "v1.20", true},
		{"kubernetes", "v1.36", true},
		{"kubernetes", "v1.19", false},
		{"kubernetes", "v1.37", false},
		{"kubernetes", "1.36", false},
		{"apiserver", "v1.27", true},
		{"apiextensions-apiserver", "v1.20", true},
		{"client-go", "v1.29", true},
		{"component-base", "v1.35", true},
		{"controller-manager", "v1.26", true},
		{"controller-manager", "v1.27", false},
		{"controller-manager", "v1.28", true},
		{"kubeadm", "v1.32", false},
		{"kubeadm", "v1.33", true},
		{"kubeadm", "v1.36", true},
		{"kueue", "v1.36", false},
	} {
		if got := table.Covered(c.component, c.release); got != c.want {
			t.Errorf("Covered(%s, %s) = %t", c.component, c.release, got)
		}
	}
}

func TestEveryRowIsOfACoveredComponent(t *testing.T) {
	table := load(t)
	for _, release := range table.Releases() {
		for _, row := range table.Rows(release) {
			for _, component := range append(row.RegisteredIn, row.Component) {
				if !table.Covered(component, release) {
					t.Errorf("%s: %s stands in %s, which is not covered there", release, row.Gate, component)
				}
			}
		}
	}
}

const (
	head = "release\tgate\tconst\tstage\tdefault\tlock\tsince\tspecs\tcomponent\tregistered_in\towners\tkeps\tremove_in\n"
	good = "v1.36\tFastWidget\tFastWidget\tbeta\ton\tfree\t1.35\t1.33:alpha:off:free,1.35:beta:on:free\tapiserver\tapiserver,kubernetes\t@a,@b-c\t4711\t1.40\n"
)

func TestParseNamesLineAndColumn(t *testing.T) {
	// swap changes one field of the good row.
	swap := func(field int, value string) string {
		fields := strings.Split(good, "\t")
		if field == len(fields)-1 {
			value += "\n"
		}
		fields[field] = value
		return head + good[:len(good)-1] + "\n" + strings.Replace(strings.Join(fields, "\t"), "FastWidget", "GoodWidget", 2)
	}
	for _, c := range []struct {
		name, text, want string
	}{
		{"empty", "", "t.tsv:1:1: the table has no rows"},
		{"heading only", head, "t.tsv:2:1: the table has no rows"},
		{"other heading", "gate\n" + good, "t.tsv:1:1: heading is"},
		{"cut off", head + good[:40], "t.tsv:2:1: no line feed at the end"},
		{"CRLF", head + good[:len(good)-1] + "\r\n", "t.tsv:2:1: carriage return"},
		{"bad UTF-8", head + "v1.36\t\xff\n", "t.tsv:2:1: not valid UTF-8"},
		{"blank line", head + "\n", "t.tsv:2:1: 1 fields, want 13"},
		{"field too many", head + good[:len(good)-1] + "\tx\n", "t.tsv:2:134: 14 fields, want 13"},
		{"gate twice", head + good + good, "t.tsv:3:7: gate FastWidget twice in v1.36"},
		{"gates unsorted", head + good + strings.ReplaceAll(good, "FastWidget", "EagerWidget"), "t.tsv:3:7: gate EagerWidget after FastWidget"},
		{"releases unsorted", head + good + strings.ReplaceAll(good, "v1.36", "v1.35"), "t.tsv:3:1: release v1.35 after v1.36"},
		{"release without v", swap(0, "1.36"), `t.tsv:3:1: release "1.36"`},
		{"release with a patch", swap(0, "v1.36.1"), `t.tsv:3:1: release "v1.36.1"`},
		{"no gate", swap(1, ""), `t.tsv:3:7: gate ""`},
		{"bad const", swap(2, "Fast-Widget"), `t.tsv:3:18: const "Fast-Widget"`},
		{"bad stage", swap(3, "gamma"), `t.tsv:3:29: stage "gamma"`},
		{"bad default", swap(4, "true"), `t.tsv:3:34: "true": want on or off`},
		{"bad lock", swap(5, ""), `t.tsv:3:37: "": want locked or free`},
		{"bad since", swap(6, "v1.35"), `t.tsv:3:42: version "v1.35"`},
		{"leading zero", swap(6, "1.035"), `t.tsv:3:42: version "1.035"`},
		{"short spec", swap(7, "1.33:alpha:off"), `t.tsv:3:47: spec "1.33:alpha:off"`},
		{"no spec", swap(7, ""), `t.tsv:3:47: spec ""`},
		{"specs descend", swap(7, "1.35:beta:on:free,1.33:alpha:off:free"), "versions ascend"},
		{"spec twice", swap(7, "1.35:beta:on:free,1.35:beta:on:free"), "none stands twice"},
		{"spec without version among others", swap(7, ":alpha:off:free,1.35:beta:on:free"), "stands alone"},
		{"not in force yet", swap(7, "1.37:beta:on:free"), "t.tsv:3:47: no spec is in force at v1.36"},
		{"columns disagree with specs", swap(4, "off"), "t.tsv:3:29: says 1.35:beta:off:free in force, but the specs give 1.35:beta:on:free"},
		{"bad component", swap(8, "API server"), `t.tsv:3:85: component "API server"`},
		{"registered nowhere", swap(9, ""), `t.tsv:3:95: component ""`},
		{"registrations unsorted", swap(9, "kubernetes,apiserver"), `t.tsv:3:95: components "kubernetes,apiserver"`},
		{"owner without at", swap(10, "@a,b"), `t.tsv:3:116: owner "b"`},
		{"KEP not a number", swap(11, "kep-1"), `t.tsv:3:124: KEP "kep-1"`},
		{"bad removal", swap(12, "soon"), `t.tsv:3:129: version "soon"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := facts.Parse("t.tsv", c.text)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error is %v, want one with %q", err, c.want)
			}
			var fe *facts.Error
			if !errors.As(err, &fe) || fe.Line == 0 || fe.Column == 0 {
				t.Errorf("error is %#v, want a *facts.Error with line and column", err)
			}
		})
	}
	if _, err := facts.Parse("t.tsv", head+good); err != nil {
		t.Errorf("the good row is refused: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(head + good)
	f.Add(head + "v1.36\n")
	f.Fuzz(func(t *testing.T, text string) {
		table, err := facts.Parse("t.tsv", text)
		if err != nil {
			return
		}
		// What is accepted obeys the promises of Row.
		for _, release := range table.Releases() {
			for _, row := range table.Rows(release) {
				if row.Release != release || row.Gate == "" || len(row.Specs) == 0 || len(row.RegisteredIn) == 0 {
					t.Errorf("accepted %+v", row)
				}
			}
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := facts.Load(); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleTable_Rows() {
	table, err := facts.Load()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, row := range table.Rows("v1.36") {
		if row.Gate == "ImageVolume" {
			fmt.Println(row.Stage, row.Since, row.Locked, row.KEPs)
		}
	}
	// Output: ga 1.36 true [4639]
}
