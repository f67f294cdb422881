package repo_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/repo"
)

const token = "ghp_conformance"

// serve puts repositories behind a stand-in for GitHub.
func serve(t *testing.T, o ghtest.Options, dirs map[string]string) *ghtest.Server {
	t.Helper()
	o.Now = time.Now
	gh := ghtest.Start(t, o)
	for name, dir := range dirs {
		gh.AddRepository(ghtest.Repository{Name: name, GitDir: dir})
	}
	gh.AddToken(ghtest.Token{Value: token, Login: "bot"})
	return gh
}

func client(t *testing.T, gh *ghtest.Server, change ...func(*github.Options)) *github.Client {
	t.Helper()
	o := github.Options{
		Token: github.NewSecret(token), APIURL: gh.URL(), RawURL: gh.URL() + "/raw", Now: time.Now, Jitter: func() float64 { return 0 },
	}
	for _, f := range change {
		f(&o)
	}
	c, err := github.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func anonymous(o *github.Options) { o.Token = github.Secret{} }

func noRawHost(o *github.Options) { o.APIURL += "/api/v3"; o.RawURL = "" }

func newSet(t *testing.T, o repo.SetOptions) *repo.Set {
	t.Helper()
	machine := o.Git.Machine
	o.Git = gitEnv()
	o.Git.Machine = machine
	s, err := repo.NewSet(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// engines are all ways to read one directory as up/stream. Stand-ins are furnished first.
func engines(t *testing.T, dir string, furnish ...func(*ghtest.Server)) map[string]*repo.Set {
	t.Helper()
	serve := func(t *testing.T, o ghtest.Options, dirs map[string]string) *ghtest.Server {
		t.Helper()
		gh := serve(t, o, dirs)
		for _, f := range furnish {
			f(gh)
		}
		return gh
	}
	gh := serve(t, ghtest.Options{Enterprise: true, AnonymousLimit: 1000}, map[string]string{"up/stream": dir})
	cut := serve(t, ghtest.Options{TreeLimit: 7, AnonymousLimit: 1000}, map[string]string{"up/stream": dir})
	bare := filepath.Join(t.TempDir(), "bare.git")
	git(t, ".", "clone", "--quiet", "--mirror", dir, bare)
	clone := filepath.Join(t.TempDir(), "clone")
	git(t, ".", "clone", "--quiet", dir, clone)
	return map[string]*repo.Set{
		"token":                   newSet(t, repo.SetOptions{Client: client(t, gh)}),
		"anonymous":               newSet(t, repo.SetOptions{Client: client(t, gh, anonymous)}),
		"anonymous, no raw host":  newSet(t, repo.SetOptions{Client: client(t, gh, anonymous, noRawHost)}),
		"anonymous, trees cut":    newSet(t, repo.SetOptions{Client: client(t, cut, anonymous)}),
		"repository":              newSet(t, repo.SetOptions{Mirrors: []repo.Mirror{{Repository: "up/stream", Path: dir}}}),
		"bare mirror":             newSet(t, repo.SetOptions{Mirrors: []repo.Mirror{{Repository: "UP/stream", Path: bare}}}),
		"mirror, whole answers":   newSet(t, repo.SetOptions{Mirrors: []repo.Mirror{{Repository: "up/stream", Path: bare}}, Git: repo.GitOptions{Machine: repo.ThisMachine(gitEnv())}}),
		"clone":                   newSet(t, repo.SetOptions{Mirrors: []repo.Mirror{{Repository: "up/stream", Path: clone}}, Offline: true}),
		"mirror beside a client":  newSet(t, repo.SetOptions{Client: client(t, gh), Mirrors: []repo.Mirror{{Repository: "up/stream", Path: bare}}}),
		"token, documents halved": newSet(t, repo.SetOptions{Client: client(t, serve(t, ghtest.Options{GraphQLMaxBytes: 10000, BlobTextLimit: 9000}, map[string]string{"up/stream": dir}))}),
	}
}

// oid is what git says stands at a path, "" for nothing.
func oid(t *testing.T, dir, rev, path string) string {
	t.Helper()
	if path == "" {
		return git(t, dir, "rev-parse", rev+"^{tree}")
	}
	fields := strings.Fields(git(t, dir, "--literal-pathspecs", "ls-tree", "--full-tree", rev, "--", path))
	if len(fields) < 3 || fields[1] == "commit" {
		return ""
	}
	return fields[2]
}

// The engines differ in how they read, and in nothing that a caller sees.
func TestConformance(t *testing.T) {
	dir := upstream(t)
	paths := []string{
		"", "pkg", "pkg/features", "pkg/features/kube_features.go", "pkg/features.go", "pkg/features/testdata/deep", "pkg/link", "pkg/empty", "README.md",
		"odd/a b#c%d?.txt", "odd/ünïcode.txt", "odd/$(x) '\"*[y].txt",
		"vendor/module", "absent", "pkg/absent", "pkg/features/absent/deeper", "README.md/below", "pkg/feature", "odd/*", "PKG",
	}
	folders := []string{"", "pkg/features", "pkg", "pkg/features/testdata", "pkg/features/testdata/deep", "odd", "vendor", "absent", "README.md", "pkg/features/absent", "pkg/link"}
	for name, set := range engines(t, dir) {
		t.Run(name, func(t *testing.T) {
			r, err := set.Reader("up/stream")
			if err != nil {
				t.Fatal(err)
			}
			for _, ref := range []string{"HEAD", "", "main", "release/1.36", "v1.35.0", "v1.36.0", "nested", git(t, dir, "rev-parse", "v1.35.0")} {
				rev, branch := ref, ""
				if ref == "" || ref == "HEAD" {
					rev, branch = "main", "main"
				}
				want := repo.Head{Ref: ref, SHA: git(t, dir, "rev-parse", rev+"^{commit}"), Time: time.Unix(1700003600, 0).UTC(), Branch: branch, OIDs: map[string]string{}}
				for _, p := range paths {
					want.OIDs[p] = oid(t, dir, rev, p)
				}
				got, err := r.Head(t.Context(), ref, paths)
				if err != nil {
					t.Fatalf("Head(%q): %v", ref, err)
				}
				if d := cmp.Diff(want, got); d != "" {
					t.Errorf("Head(%q) (-want +got):\n%s", ref, d)
				}
				one := set.Heads(t.Context(), []repo.HeadRequest{{Repository: "up/stream", Ref: ref, Paths: paths}})
				if d := cmp.Diff([]repo.HeadResult{{Head: want}}, one); d != "" {
					t.Errorf("Heads(%q) (-want +got):\n%s", ref, d)
				}
			}

			sha := git(t, dir, "rev-parse", "main")
			entries, err := r.Entries(t.Context(), sha, folders)
			if err != nil {
				t.Fatal(err)
			}
			var objects []repo.Object
			for _, f := range folders {
				var want []repo.Entry
				where := "main:" + f
				if f != "" && (oid(t, dir, "main", f) == "" || git(t, dir, "cat-file", "-t", where) != "tree") {
					where = ""
				}
				for record := range strings.SplitSeq(strings.TrimSuffix(listing(t, dir, where), "\x00"), "\x00") {
					meta, base, ok := strings.Cut(record, "\t")
					if !ok {
						continue
					}
					fields := strings.Fields(meta)
					if fields[1] == "commit" {
						continue
					}
					e := repo.Entry{Name: base, Path: strings.TrimPrefix(f+"/"+base, "/"), Type: fields[1], OID: fields[2]}
					if e.Type == "blob" {
						_, err := fmt.Sscan(fields[3], &e.Size)
						if err != nil {
							t.Fatal(err)
						}
						objects = append(objects, repo.Object{Path: e.Path, OID: e.OID})
					}
					want = append(want, e)
				}
				slices.SortFunc(want, func(a, b repo.Entry) int { return strings.Compare(a.Name, b.Name) })
				got, ok := entries[f]
				if d := cmp.Diff(want, got); d != "" || !ok {
					t.Errorf("Entries(%q), there: %v (-want +got):\n%s", f, ok, d)
				}
			}

			slices.Reverse(objects) // the order is the caller's
			blobs, err := r.Blobs(t.Context(), sha, objects)
			if err != nil {
				t.Fatal(err)
			}
			if len(blobs) != len(objects) || len(blobs) < 15 {
				t.Fatalf("%d blobs for %d objects", len(blobs), len(objects))
			}
			for i, b := range blobs {
				if want := content(t, dir, b.OID); b.Path != objects[i].Path || b.OID != objects[i].OID || string(b.Data) != want {
					t.Errorf("blob %s: %d bytes of %s, want %d of %s", objects[i].Path, len(b.Data), b.Path, len(want), objects[i].Path)
				}
			}
			if again, err := r.Blobs(t.Context(), "", objects[:3]); err != nil || len(again) != 3 {
				t.Errorf("without a commit: %d blobs, %v", len(again), err)
			}

			tags, err := r.Tags(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"v1.35.0", "v1.36.0", "v1.37.0-rc.1"} {
				if !slices.Contains(tags, want) {
					t.Errorf("tags %v lack %s", tags, want)
				}
			}
			if top, _ := repo.HighestStable(tags); top != "v1.36.0" {
				t.Errorf("highest stable is %s of %v", top, tags)
			}
		})
	}
}

// listing is ls-tree --long of "main:folder", "" for what is no folder.
func listing(t *testing.T, dir, where string) string {
	t.Helper()
	if where == "" {
		return ""
	}
	return gitRaw(t, dir, "ls-tree", "--long", "-z", where)
}

// content is a file's bytes.
func content(t *testing.T, dir, oid string) string {
	t.Helper()
	return gitRaw(t, dir, "cat-file", "blob", oid)
}

func TestConformanceOfErrors(t *testing.T) {
	dir := upstream(t)
	sha := git(t, dir, "rev-parse", "main")
	nothing := strings.Repeat("0", 39) + "1"
	for name, set := range engines(t, dir) {
		t.Run(name, func(t *testing.T) {
			r, err := set.Reader("up/stream")
			if err != nil {
				t.Fatal(err)
			}
			for _, ref := range []string{"v9.9.9", "no/such/branch", nothing} {
				if e := must[*repo.NotFoundError](t, errOf(r.Head(t.Context(), ref, nil))); !strings.EqualFold(e.Repository, "up/stream") || e.Ref != ref {
					t.Errorf("Head(%q): %+v", ref, e)
				}
			}
			for _, ref := range []string{"-x", "main~1", "main:README.md", "a..b"} {
				_ = must[*repo.RefError](t, errOf(r.Head(t.Context(), ref, nil)))
			}
			_ = must[*repo.NotFoundError](t, errOf(r.Entries(t.Context(), nothing, []string{"pkg"})))
			_ = must[*repo.IncompleteError](t, errOf(r.Blobs(t.Context(), sha, []repo.Object{{Path: "README.md", OID: nothing}})))
			_ = must[*repo.IncompleteError](t, errOf(r.Blobs(t.Context(), sha, []repo.Object{{Path: "absent", OID: ""}})))
			if got, err := r.Blobs(t.Context(), sha, nil); err != nil || len(got) != 0 {
				t.Errorf("no blobs: %v, %v", got, err)
			}
			if got, err := r.Entries(t.Context(), sha, nil); err != nil || len(got) != 0 {
				t.Errorf("no folders: %v, %v", got, err)
			}
		})
	}
}

func TestEmptyAndUnknownRepositories(t *testing.T) {
	empty := t.TempDir()
	git(t, empty, "init", "--quiet", "--initial-branch=main")
	gh := serve(t, ghtest.Options{}, map[string]string{"up/empty": empty})
	for name, set := range map[string]*repo.Set{
		"token":     newSet(t, repo.SetOptions{Client: client(t, gh)}),
		"anonymous": newSet(t, repo.SetOptions{Client: client(t, gh, anonymous)}),
	} {
		got := set.Heads(t.Context(), []repo.HeadRequest{{Repository: "up/empty", Paths: []string{"pkg"}}, {Repository: "no/where"}, {Repository: "nonsense"}, {Repository: "up/empty", Ref: "-x"}})
		if _ = must[*repo.EmptyError](t, got[0].Err); got[0].Head.SHA != "" {
			t.Errorf("%s: %+v", name, got[0])
		}
		if e := must[*repo.NotFoundError](t, got[1].Err); e.Repository != "no/where" || e.Ref != "" {
			t.Errorf("%s: %+v", name, e)
		}
		if got[2].Err == nil || !strings.Contains(got[2].Err.Error(), "owner/name") {
			t.Errorf("%s: %v", name, got[2].Err)
		}
		_ = must[*repo.RefError](t, got[3].Err)
	}
}
