package doctor

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// TestSecurityPageHasTheSamePermissions: what the page promises is what the doctor looks at.
func TestSecurityPageHasTheSamePermissions(t *testing.T) {
	page, err := os.ReadFile("../../SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	var got [][]string
	in := false
	for l := range strings.Lines(string(page)) {
		l = strings.TrimSpace(l)
		switch {
		case strings.HasPrefix(l, "| what it does |"):
			in = true
		case !strings.HasPrefix(l, "|"):
			in = false
		case in && !strings.HasPrefix(l, "|--"):
			var cells []string
			for c := range strings.SplitSeq(strings.Trim(l, "|"), "|") {
				cells = append(cells, strings.TrimSpace(c))
			}
			got = append(got, cells)
		}
	}
	var want [][]string
	for _, p := range Permissions() {
		want = append(want, []string{p.Use, p.FineGrained, p.Classic, p.Workflow, p.On, p.Check})
	}
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("SECURITY.md has\n%q\nand the doctor\n%q", got, want)
	}
}

// TestEachPermissionIsChecked: no row names a check that does not exist.
func TestEachPermissionIsChecked(t *testing.T) {
	var source strings.Builder
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasSuffix(f.Name(), ".go") && !strings.HasSuffix(f.Name(), "_test.go") && f.Name() != "permission.go" {
			b, err := os.ReadFile(f.Name())
			if err != nil {
				t.Fatal(err)
			}
			source.Write(b)
		}
	}
	for _, p := range Permissions() {
		if !strings.Contains(source.String(), `, "`+p.Check+`", `) {
			t.Errorf("%s: there is no check %q", p.Use, p.Check)
		}
	}
}
