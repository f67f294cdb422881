// Package archtest holds the design's import table as a test. It parses imports in-process: a test that
// runs `go list` is served stale from the test cache, which follows only the files the test itself opens.
package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/upstream-digest/bot"

// may lists what each package may import of ours: docs/design.md has the same table.
var may = map[string][]string{
	"internal/gate":              {},
	"internal/config":            {},
	"internal/golden":            {},
	"internal/holder":            {},
	"internal/egress":            {},
	"internal/hooktest":          {},
	"internal/doctor":            {"config", "github", "repo", "snapshot", "store"},
	"internal/github":            {},
	"internal/ghtest":            {},
	"internal/kep":               {},
	"internal/docpage":           {},
	"internal/changelog":         {},
	"internal/cycle":             {},
	"internal/feed":              {},
	"internal/feedtest":          {},
	"internal/snapshot":          {"gate", "kep", "changelog"},
	"internal/diff":              {"snapshot", "gate", "kep", "changelog", "docpage"},
	"internal/trace":             {"diff", "snapshot", "gate", "kep", "changelog"},
	"internal/usage":             {},
	"internal/insight":           {"facts", "snapshot", "gate", "kep", "changelog", "docpage"},
	"internal/report":            {"trace", "insight", "usage", "diff", "snapshot", "gate", "kep", "changelog", "docpage"},
	"internal/repo":              {"github"},
	"internal/sources":           {"repo", "github", "egress", "feed", "snapshot", "gate", "kep", "changelog", "cycle", "docpage"},
	"internal/publish":           {"report", "github"},
	"internal/publish/webhook":   {"publish", "report", "egress", "github"},
	"internal/publish/shout":     {"publish", "egress", "github"},
	"internal/publish/mail":      {"publish", "report", "github"},
	"internal/mailtest":          {},
	"internal/publish/slackbot":  {"publish", "egress", "github"},
	"internal/slacktest":         {},
	"internal/server":            {"pipeline", "store", "report"},
	"internal/store":             {"snapshot", "report"},
	"internal/facts":             {"gate"},
	"internal/facts/renew":       {"*"},
	"internal/sample":            {"facts", "gate"},
	"internal/archtest":          {},
	"internal/recording":         {"repo", "store"},
	"internal/pipeline":          {"*"},
	"cmd/bot":                    {"*"},
	"test/contract":              {"*"},
	"test/oracle":                {"*"},
	"test/real":                  {"*"},
	"internal/ghtest/ghserve":    {"ghtest"},
	"internal/store/sqlite":      {"store", "snapshot", "gate"},
	"internal/store/branchstore": {"store", "snapshot", "github", "repo"},
	"internal/store/storetest":   {"store", "snapshot", "gate"},
	"":                           {},
}

// pure packages take everything as arguments: no network, no files, no clock of their own.
var pure = []string{"usage", "insight", "gate", "kep", "changelog", "cycle", "docpage", "feed", "snapshot", "diff", "trace", "report"}

// speaksHTTP are the packages that may import net/http: the client of GitHub, the way out for all others,
// the stand-ins, which are servers, and what records and replays, which sends nothing of its own. Tests and the tools under test/ may too.
var speaksHTTP = []string{"internal/github", "internal/egress", "internal/ghtest", "internal/ghtest/ghserve", "internal/hooktest", "internal/slacktest", "internal/recording", "internal/server"}

var unwanted = []string{"util", "utils", "common", "helpers", "helper", "misc", "pkg"}

func TestImportsFollowTheDesign(t *testing.T) {
	root := os.DirFS("../..")
	seen := 0
	err := fs.WalkDir(root, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if base := path.Base(p); p != "." && (strings.HasPrefix(base, ".") || base == "testdata" || base == "node_modules") || nestedModule(root, p) {
				return fs.SkipDir
			}
			if slices.Contains(unwanted, path.Base(p)) {
				t.Errorf("%s: a package is named after what it holds, not %q", p, path.Base(p))
			}
			return nil
		}
		if !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go") {
			return nil
		}
		seen++
		check(t, root, p)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 50 {
		t.Fatalf("only %d files seen: the walk does not reach the tree", seen)
	}
}

// TestPurePackagesStartNothing: they have no goroutine, no channel of their own and no lock, and so nothing that the race
// detector could find; make test-race leaves them out.
func TestPurePackagesStartNothing(t *testing.T) {
	for _, p := range pure {
		files, err := fs.Glob(os.DirFS("../.."), "internal/"+p+"/*.go")
		if err != nil || len(files) == 0 {
			t.Fatalf("internal/%s: %d files, %v", p, len(files), err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), "../../"+name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(f, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.GoStmt:
					t.Errorf("%s starts a goroutine; %s is pure", name, p)
				case *ast.ImportSpec:
					if strings.HasPrefix(n.Path.Value, `"sync`) {
						t.Errorf("%s imports %s; %s is pure", name, n.Path.Value, p)
					}
				}
				return true
			})
		}
	}
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil || !strings.Contains(string(makefile), "\nPURE := "+strings.Join(pure, "|")+"\n") {
		t.Errorf("the Makefile leaves out other packages than %v (%v)", pure, err)
	}
}

func nestedModule(root fs.FS, dir string) bool {
	if dir == "." {
		return false
	}
	_, err := fs.Stat(root, path.Join(dir, "go.mod"))
	return err == nil
}

func check(t *testing.T, root fs.FS, p string) {
	t.Helper()
	src, err := fs.ReadFile(root, p)
	if err != nil {
		t.Fatal(err)
	}
	f, err := parser.ParseFile(token.NewFileSet(), p, src, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	dir := path.Dir(p)
	if dir == "." {
		dir = ""
	}
	allowed, known := may[dir]
	if !known && !strings.HasPrefix(dir, "test/") {
		t.Errorf("%s: package %s is not in the table; give it a row", p, dir)
		return
	}
	for _, imp := range f.Imports {
		ip, err := strconv.Unquote(imp.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if ours, ok := strings.CutPrefix(ip, module+"/internal/"); ok && known {
			if !slices.Contains(allowed, "*") && !slices.Contains(allowed, ours) {
				t.Errorf("%s imports %s, which the design does not allow", p, ours)
			}
		}
		if slices.Contains(pure, strings.TrimPrefix(dir, "internal/")) && (ip == "net/http" || ip == "os" || strings.HasPrefix(ip, "os/")) {
			t.Errorf("%s imports %s; %s is pure", p, ip, dir)
		}
		if ip == "net/http" && !slices.Contains(speaksHTTP, dir) && !strings.HasPrefix(dir, "test/") {
			t.Errorf("%s imports net/http; what speaks HTTP goes through internal/github or internal/egress", p)
		}
		if ip == "testing" && dir != "internal/golden" && dir != "internal/store/storetest" && !strings.HasPrefix(dir, "test/") {
			t.Errorf("%s imports testing into the program", p)
		}
	}
}
