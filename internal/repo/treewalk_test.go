package repo_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/repo"
)

// filesBelow is what git lists below a folder.
func filesBelow(t *testing.T, dir, rev, folder string) []repo.Entry {
	t.Helper()
	var out []repo.Entry
	for record := range strings.SplitSeq(strings.TrimSuffix(gitRaw(t, dir, "ls-tree", "-r", "--long", "-z", "--full-tree", rev), "\x00"), "\x00") {
		meta, path, _ := strings.Cut(record, "\t")
		fields := strings.Fields(meta)
		if len(fields) != 4 || fields[1] != "blob" || folder != "" && !strings.HasPrefix(path, folder+"/") {
			continue
		}
		e := repo.Entry{Name: filepath.Base(path), Path: path, OID: fields[2], Type: "blob"}
		if _, err := fmt.Sscan(fields[3], &e.Size); err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b repo.Entry) int { return strings.Compare(a.Path, b.Path) })
	return out
}

func TestConformanceOfTrees(t *testing.T) {
	dir := upstream(t)
	nothing := strings.Repeat("0", 39) + "1"
	for name, set := range engines(t, dir) {
		t.Run(name, func(t *testing.T) {
			r, err := set.Reader("up/stream")
			if err != nil {
				t.Fatal(err)
			}
			for _, rev := range []string{"main", "v1.35.0"} {
				sha := git(t, dir, "rev-parse", rev+"^{commit}")
				for _, folder := range []string{"pkg", "", "pkg/features", "pkg/features/testdata", "odd", "vendor", "absent", "README.md", "pkg/features/absent", "pkg/link", "PKG", "/pkg/features/"} {
					want := filesBelow(t, dir, sha, strings.Trim(folder, "/"))
					got, err := r.Tree(t.Context(), sha, folder)
					if err != nil {
						t.Fatalf("Tree(%q): %v", folder, err)
					}
					if d := cmp.Diff(want, got); d != "" {
						t.Errorf("Tree(%q) at %s (-want +got):\n%s", folder, rev, d)
					}
				}
			}
			for _, folder := range []string{"", "pkg"} {
				_ = must[*repo.NotFoundError](t, errOf(r.Tree(t.Context(), nothing, folder)))
				_ = must[*repo.RefError](t, errOf(r.Tree(t.Context(), "main", folder)))
			}
			if _, err := r.Tree(t.Context(), nothing, "../x"); err == nil {
				t.Error("a path out of the repository was accepted")
			}
		})
	}
}

// proposals makes a repository of n proposals of about 1.5 kB each in 25 groups, with a readme each.
func proposals(t *testing.T, n int) (dir string, files map[string]string) {
	t.Helper()
	dir = t.TempDir()
	git(t, dir, "init", "--quiet", "--initial-branch=main")
	files = map[string]string{"README.md": "# proposals\n", "OWNERS": "owners\n"}
	for i := range n {
		at := fmt.Sprintf("keps/sig-%02d/%04d-proposal", i%25, i)
		files[at+"/kep.yaml"] = fmt.Sprintf("title: proposal %d\n", i) + strings.Repeat(fmt.Sprintf("# %04d filler of this proposal\n", i), 48)
		files[at+"/README.md"] = fmt.Sprintf("# Proposal %d\n", i)
	}
	write(t, dir, files)
	git(t, dir, "add", "--all")
	git(t, dir, "commit", "--quiet", "--message", "proposals")
	return dir, files
}

// readProposals reads all kep.yaml below keps/ and checks them.
func readProposals(t *testing.T, r repo.Reader, files map[string]string, n int) error {
	t.Helper()
	h, err := r.Head(t.Context(), "", []string{"keps"})
	if err != nil {
		return err
	}
	tree, err := r.Tree(t.Context(), h.SHA, "keps")
	if err != nil {
		return err
	}
	if len(tree) != 2*n {
		t.Errorf("%d files below keps, want %d", len(tree), 2*n)
	}
	var objects []repo.Object
	for _, e := range tree {
		if e.Name == "kep.yaml" {
			objects = append(objects, repo.Object{Path: e.Path, OID: e.OID})
		}
	}
	blobs, err := r.Blobs(t.Context(), h.SHA, objects)
	if err != nil {
		return err
	}
	if len(blobs) != n {
		t.Errorf("%d proposals, want %d", len(blobs), n)
	}
	for _, b := range blobs {
		if string(b.Data) != files[b.Path] {
			t.Errorf("%s is wrong", b.Path)
		}
	}
	return nil
}

// Issue 5, show 3: a first run with 650 proposals. Without a token they come from one archive, and the sixty
// requests of the hour stay for the rest.
func TestManyProposalsCostFewRequests(t *testing.T) {
	dir, files := proposals(t, 650)
	gh := serve(t, ghtest.Options{Enterprise: true}, map[string]string{"up/stream": dir})
	with := func(*github.Options) {}
	for name, c := range map[string]struct {
		change [2]func(*github.Options)
		want   github.Cost
	}{
		"token":                  {[2]func(*github.Options){with, with}, github.Cost{GraphQL: 3, REST: 1}},       // head; the tree; two documents of files
		"anonymous":              {[2]func(*github.Options){anonymous, with}, github.Cost{REST: 4, Raw: 1}},      // branch, commit and tree; the archive's place; the archive
		"anonymous, no raw host": {[2]func(*github.Options){anonymous, noRawHost}, github.Cost{REST: 4, Raw: 1}}, // likewise
	} {
		cl := client(t, gh, c.change[:]...)
		r, err := newSet(t, repo.SetOptions{Client: cl}).Reader("up/stream")
		if err != nil {
			t.Fatal(err)
		}
		if err := readProposals(t, r, files, 650); err != nil {
			t.Fatal(err)
		}
		if got := cl.Cost(); got != c.want {
			t.Errorf("%s: cost %+v, want %+v", name, got, c.want)
		}
	}

	// The same objects without a listing, as a changed parser reads them again.
	c := client(t, gh)
	r, err := newSet(t, repo.SetOptions{Client: c}).Reader("up/stream")
	if err != nil {
		t.Fatal(err)
	}
	var objects []repo.Object
	for _, e := range filesBelow(t, dir, "main", "keps") {
		if e.Name == "kep.yaml" {
			objects = append(objects, repo.Object{Path: e.Path, OID: e.OID})
		}
	}
	if got, err := r.Blobs(t.Context(), "", objects); err != nil || len(got) != 650 {
		t.Fatalf("%d, %v", len(got), err)
	}
	if got := c.Cost(); got != (github.Cost{GraphQL: 4}) {
		t.Errorf("cost without a listing %+v, want two documents for the sizes and two for the files", got)
	}
}

// A tree that GitHub cuts is read in parts, and what it lists whole is not asked for again.
func TestCutTreesAreReadWhole(t *testing.T) {
	dir, files := proposals(t, 60)
	for name, c := range map[string]struct {
		options ghtest.Options
		fault   *ghtest.Fault
		most    int
	}{
		"once":   {fault: &ghtest.Fault{Kind: ghtest.TreeTruncated, Path: "/repos/up/stream/git/trees/*"}, most: 2 + 25},
		"always": {options: ghtest.Options{TreeLimit: 12}, most: 2 + 25 + 60},
	} {
		for engine, change := range map[string]func(*github.Options){"token": func(*github.Options) {}, "anonymous": anonymous} {
			c.options.AnonymousLimit = 1000
			gh := serve(t, c.options, map[string]string{"up/stream": dir})
			if c.fault != nil {
				gh.AddFault(*c.fault)
			}
			cl := client(t, gh, change)
			r, err := newSet(t, repo.SetOptions{Client: cl}).Reader("up/stream")
			if err != nil {
				t.Fatal(err)
			}
			if err := readProposals(t, r, files, 60); err != nil {
				t.Errorf("%s, %s: %v", name, engine, err)
			}
			t.Logf("%s, %s: %+v", name, engine, cl.Cost())
			if got := cl.Cost().REST; got > c.most+5 {
				t.Errorf("%s, %s: %d requests, want at most %d", name, engine, got, c.most+5)
			}
		}
	}
}

// What can't be had whole is an error, never a shorter list.
func TestTreesThatStayCutAreAnError(t *testing.T) {
	dir, _ := proposals(t, 30)
	gh := serve(t, ghtest.Options{}, map[string]string{"up/stream": dir})
	gh.AddFault(ghtest.Fault{Kind: ghtest.TreeTruncated, Times: -1})
	sha := git(t, dir, "rev-parse", "main")
	for engine, change := range map[string]func(*github.Options){"token": func(*github.Options) {}, "anonymous": anonymous} {
		r, err := newSet(t, repo.SetOptions{Client: client(t, gh, change)}).Reader("up/stream")
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Tree(t.Context(), sha, "keps")
		if _ = must[*repo.IncompleteError](t, err); len(got) != 0 {
			t.Errorf("%s: %d files beside the error", engine, len(got))
		}
	}
}
