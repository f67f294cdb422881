package repo_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/repo"
)

func local(path string) *repo.Local { return repo.NewLocal("up/stream", path, gitEnv()) }

func headSHA(t *testing.T, r repo.Reader, ref string) string {
	t.Helper()
	h, err := r.Head(t.Context(), ref, nil)
	if err != nil {
		t.Fatal(err)
	}
	return h.SHA
}

func TestLocalRefsInTheirOrder(t *testing.T) {
	dir := upstream(t)
	first, second := git(t, dir, "rev-parse", "main~1"), git(t, dir, "rev-parse", "main")
	git(t, dir, "branch", "both", "main")
	git(t, dir, "tag", "both", "main~1")
	l := local(dir)
	for ref, want := range map[string]string{
		"": second, "HEAD": second, "main": second, "refs/heads/main": second, "release/1.36": first,
		"v1.35.0": first, "v1.36.0": first, "nested": first, "refs/tags/v1.36.0": first,
		first: first, first[:8]: first, "both": first, "refs/heads/both": second,
	} {
		if got := headSHA(t, l, ref); got != want {
			t.Errorf("%q is %s, want %s", ref, got, want)
		}
	}
	if e := must[*repo.NotFoundError](t, errOf(l.Head(t.Context(), "v9.9.9", nil))); e.Ref != "v9.9.9" || !errors.Is(e, repo.ErrNotFound) {
		t.Errorf("%+v", e)
	}
}

func errOf[T any](_ T, err error) error { return err }

// A clone's HEAD is what upstream's was, not what somebody checked out in it.
func TestHeadOfAClone(t *testing.T) {
	dir := upstream(t)
	clone := filepath.Join(t.TempDir(), "clone")
	git(t, ".", "clone", "--quiet", dir, clone)
	git(t, clone, "checkout", "--quiet", "-b", "mine", "v1.35.0")
	h, err := local(clone).Head(t.Context(), "HEAD", nil)
	if err != nil || h.SHA != git(t, dir, "rev-parse", "main") || h.Branch != "main" {
		t.Errorf("%+v, %v; want upstream's main", h, err)
	}
	if got := headSHA(t, local(clone), "release/1.36"); got != git(t, dir, "rev-parse", "release/1.36") {
		t.Errorf("a branch of origin is %s", got)
	}
	git(t, clone, "symbolic-ref", "--delete", "refs/remotes/origin/HEAD")
	git(t, clone, "checkout", "--quiet", "--detach", "v1.35.0")
	h, err = local(clone).Head(t.Context(), "HEAD", nil)
	if err != nil || h.SHA != git(t, dir, "rev-parse", "v1.35.0") || h.Branch != "" {
		t.Errorf("%+v, %v; want the clone's own detached HEAD", h, err)
	}
}

func TestWhatIsNoMirrorIsSaid(t *testing.T) {
	dir := upstream(t)
	empty := t.TempDir()
	git(t, empty, "init", "--quiet", "--initial-branch=main")
	file := filepath.Join(t.TempDir(), "file")
	write(t, filepath.Dir(file), map[string]string{"file": "x"})
	noHead := t.TempDir()
	git(t, ".", "clone", "--quiet", "--bare", dir, noHead)
	git(t, noHead, "symbolic-ref", "HEAD", "refs/heads/gone")

	for name, c := range map[string]struct{ path, want string }{
		"missing":                 {filepath.Join(dir, "nowhere"), "no such folder"},
		"a file":                  {file, "not a folder"},
		"no repository":           {t.TempDir(), "not a git repository"},
		"a folder within a clone": {filepath.Join(dir, "pkg"), "not a git repository"},
		"HEAD leads nowhere":      {noHead, "HEAD leads to no commit"},
	} {
		err := errOf(local(c.path).Head(t.Context(), "", nil))
		if _ = must[*repo.MirrorError](t, err); !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.path) || !strings.Contains(err.Error(), "up/stream") {
			t.Errorf("%s: %v; want %q, the path and the repository", name, err, c.want)
		}
	}
	_ = must[*repo.EmptyError](t, errOf(local(empty).Head(t.Context(), "", nil)))

	for _, o := range []repo.GitOptions{{Env: []string{"PATH=" + t.TempDir()}}, {}, {Program: "/no/such/git", Env: os.Environ()}} {
		if err := errOf(repo.NewLocal("up/stream", dir, o).Head(t.Context(), "", nil)); !errors.Is(err, repo.ErrNoGit) {
			t.Errorf("%+v: %v, want that git is missing", o.Program, err)
		}
	}
}

func TestRefsThatAreNone(t *testing.T) {
	l := local(upstream(t))
	for _, ref := range []string{"-x", "--upload-pack=touch x", "main~1", "main^", "HEAD^{tree}", "v1..v2", ":/first", "main:README.md", "@{1}", "@", "a b", "a\nb", "/main", "main/", "x.lock"} {
		_ = must[*repo.RefError](t, errOf(l.Head(t.Context(), ref, nil)))
	}
	for _, p := range []string{"../x", "a/../../x", "a\nb"} {
		if _, err := l.Head(t.Context(), "", []string{p}); err == nil {
			t.Errorf("path %q was accepted", p)
		}
	}
	for _, sha := range []string{"", "main", "--help"} {
		if _, err := l.Entries(t.Context(), sha, []string{"pkg"}); err == nil {
			t.Errorf("Entries at %q was accepted", sha)
		}
	}
}

// A clone can be made by anyone. Nothing that its configuration names may run.
func TestConfigurationOfACloneRunsNothing(t *testing.T) {
	dir := upstream(t)
	trap := filepath.Join(t.TempDir(), "trap.sh")
	sprung := filepath.Join(t.TempDir(), "sprung")
	write(t, filepath.Dir(trap), map[string]string{"trap.sh": "#!/bin/sh\ntouch " + sprung + "\ncat\n"})
	if err := os.Chmod(trap, 0o755); err != nil {
		t.Fatal(err)
	}
	oid := git(t, dir, "rev-parse", "main:pkg/features/other.go")
	tree := git(t, dir, "rev-parse", "main:pkg")
	for key, value := range map[string]string{
		"core.fsmonitor": trap, "core.pager": trap, "core.sshCommand": trap, "core.editor": trap, "core.hooksPath": filepath.Dir(trap), "core.alternateRefsCommand": trap,
		"diff.x.textconv": trap, "filter.x.smudge": trap, "filter.x.clean": trap, "gpg.program": trap, "log.showSignature": "true",
		"alias.cat-file": "!" + trap, "alias.ls-tree": "!" + trap, "uploadpack.packObjectsHook": trap,
		"extensions.partialClone": "origin", "remote.origin.url": "ext::" + trap, "remote.origin.promisor": "true", "remote.origin.uploadpack": trap, "protocol.ext.allow": "always",
	} {
		git(t, dir, "config", key, value)
	}
	write(t, dir, map[string]string{".git/info/attributes": "* diff=x filter=x\n"})
	for _, o := range []string{oid, tree} {
		if err := os.Remove(filepath.Join(dir, ".git", "objects", o[:2], o[2:])); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	l := local(dir)
	h, err := l.Head(ctx, "main", []string{"README.md", "pkg"})
	if err != nil || h.OIDs["README.md"] == "" || h.OIDs["pkg"] == "" {
		t.Fatalf("%+v, %v", h, err)
	}
	if _, err := l.Blobs(ctx, h.SHA, []repo.Object{{Path: "README.md", OID: h.OIDs["README.md"]}}); err != nil {
		t.Error(err)
	}
	// What is not there is said, and not fetched.
	_ = must[*repo.IncompleteError](t, errOf(l.Blobs(ctx, h.SHA, []repo.Object{{Path: "pkg/features/other.go", OID: oid}})))
	if got, err := l.Entries(ctx, h.SHA, []string{"pkg"}); err == nil {
		t.Errorf("a missing tree was read as %v", got)
	}
	if _, err := os.Stat(sprung); err == nil {
		t.Error("the clone's configuration ran a program")
	}
}

// A partial clone has the trees but not the files: ids are right, content is an error, never "absent".
func TestPartialClone(t *testing.T) {
	dir := upstream(t)
	git(t, dir, "config", "uploadpack.allowFilter", "true")
	clone := filepath.Join(t.TempDir(), "partial")
	git(t, ".", "clone", "--quiet", "--no-checkout", "--filter=blob:none", "file://"+dir, clone)
	l := local(clone)
	h, err := l.Head(t.Context(), "HEAD", []string{"pkg/features", "pkg/features/other.go"})
	if err != nil || h.OIDs["pkg/features/other.go"] != git(t, dir, "rev-parse", "main:pkg/features/other.go") {
		t.Fatalf("%+v, %v", h, err)
	}
	entries, err := l.Entries(t.Context(), h.SHA, []string{"pkg/features"})
	if err != nil || len(entries["pkg/features"]) != 3 {
		t.Errorf("%v, %v; want three entries", entries, err)
	}
	err = errOf(l.Blobs(t.Context(), h.SHA, []repo.Object{{Path: "pkg/features/other.go", OID: h.OIDs["pkg/features/other.go"]}}))
	if e := must[*repo.IncompleteError](t, err); !strings.Contains(e.Error(), "partial") {
		t.Errorf("%v; want the reason", e)
	}
}

func TestReplaceRefsAreOff(t *testing.T) {
	dir := upstream(t)
	oid := git(t, dir, "rev-parse", "main:pkg/features/other.go")
	git(t, dir, "replace", oid, git(t, dir, "rev-parse", "main:README.md"))
	got, err := local(dir).Blobs(t.Context(), "", []repo.Object{{Path: "x", OID: oid}})
	if err != nil || string(got[0].Data) != "package features // other\n" {
		t.Errorf("%v, %v", got, err)
	}
}

func TestBareMirrorOfAnotherOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a folder away")
	}
	bare := filepath.Join(t.TempDir(), "m.git")
	git(t, ".", "clone", "--quiet", "--mirror", upstream(t), bare)
	err := filepath.WalkDir(bare, func(p string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(p, 4711, 4711)
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := headSHA(t, local(bare), "HEAD"); len(got) != 40 {
		t.Errorf("head %q", got)
	}
}

func TestFetchedIsTheNewestRef(t *testing.T) {
	bare := filepath.Join(t.TempDir(), "m.git")
	git(t, ".", "clone", "--quiet", "--mirror", upstream(t), bare)
	old := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	err := filepath.WalkDir(bare, func(p string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chtimes(p, old, old)
	})
	if err != nil {
		t.Fatal(err)
	}
	check := func(want time.Time) {
		t.Helper()
		got, err := local(bare).Fetched(t.Context())
		if err != nil || !got.Equal(want) {
			t.Errorf("Fetched = %s, %v; want %s", got, err, want)
		}
	}
	check(old)
	// Objects and configuration say nothing of it.
	if err := os.Chtimes(filepath.Join(bare, "config"), old.Add(time.Hour), old.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	check(old)
	for i, name := range []string{"packed-refs", "FETCH_HEAD", "refs/heads/x"} {
		at := old.Add(time.Duration(i+1) * time.Hour)
		write(t, bare, map[string]string{name: ""})
		if err := os.Chtimes(filepath.Join(bare, name), at, at); err != nil {
			t.Fatal(err)
		}
		check(at)
	}
	_ = must[*repo.MirrorError](t, errOf(local(filepath.Join(bare, "x")).Fetched(t.Context())))
}

func TestCancelledReadStops(t *testing.T) {
	l := local(upstream(t))
	headSHA(t, l, "HEAD")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Head(ctx, "HEAD", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want the cancellation", err)
	}
}

func TestDamagedObjectIsNoContent(t *testing.T) {
	dir := upstream(t)
	oid := git(t, dir, "rev-parse", "main:README.md")
	other := git(t, dir, "rev-parse", "main:pkg/features.go")
	name := func(o string) string { return filepath.Join(dir, ".git", "objects", o[:2], o[2:]) }
	data, err := os.ReadFile(name(other))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(name(oid)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name(oid), data, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := local(dir).Blobs(t.Context(), "", []repo.Object{{Path: "README.md", OID: oid}}); err == nil {
		t.Errorf("another file's content was given: %q", got[0].Data)
	}
}
