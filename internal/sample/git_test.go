package sample_test

import (
	"context"
	"fmt"
	"github.com/upstream-digest/bot/internal/facts"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/sample"
)

func day(d int) time.Time { return time.Date(2026, time.January, d, 12, 0, 0, 0, time.UTC) }

func text(pairs ...string) map[string][]byte {
	out := map[string][]byte{}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = []byte(pairs[i+1])
	}
	return out
}

func steps() []sample.Step {
	return []sample.Step{
		{Message: "first", Time: day(1), Files: text("a.txt", "a\n", "dir/b c.txt", "b\n"), Tags: []string{"v1.0.0"}},
		{Message: "fix", Time: day(2), Branch: "release-1.0", Files: text("a.txt", "fixed\n"), Tags: []string{"v1.0.1"}},
		{Message: "second", Time: day(3), Files: map[string][]byte{"a.txt": nil, "empty": {}}},
		{Message: "anew", Time: day(4), DeleteAll: true, Files: text("z.txt", "z\n"), Tags: []string{"v2.0.0", "latest"}},
	}
}

// run asks git about a repository, as a reader would.
func run(tb testing.TB, dir string, args ...string) string {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), "git", append([]string{"-C", dir}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "GIT_DIR="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		tb.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestRepositoryHasACommitForEachStep(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "up.git")
	if err := sample.Repository(t.Context(), dir, steps()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ what, want string }{
		{"symbolic-ref HEAD", "refs/heads/master"},
		{"log --format=%s master", "anew\nsecond\nfirst"},
		// The fix's branch went off the first commit, and master went on from its own.
		{"log --format=%s release-1.0", "fix\nfirst"},
		{"log --format=%aI|%cI|%ae|%an -1 master", "2026-01-04T12:00:00+00:00|2026-01-04T12:00:00+00:00|sample@upstream-digest.invalid|Sample Upstream"},
		{"ls-tree -r --name-only v1.0.0", "a.txt\ndir/b c.txt"},
		{"ls-tree -r --name-only master~1", "dir/b c.txt\nempty"},
		{"ls-tree -r --name-only master", "z.txt"},
		{"show v1.0.1:a.txt", "fixed"},
		{"cat-file -s master~1:empty", "0"},
		{"cat-file -t v1.0.0", "tag"},
		{"log -1 --format=%s v2.0.0", "anew"},
		{"log -1 --format=%s latest", "anew"},
		{"config core.bare", "true"},
		{"fsck --strict --no-dangling", ""},
	} {
		if got := run(t, dir, strings.Split(c.what, " ")...); got != c.want {
			t.Errorf("git %s: %q, want %q", c.what, got, c.want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "hooks")); !os.IsNotExist(err) {
		t.Errorf("the repository has hooks (%v)", err)
	}
}

// The ids are written down: they are the same on every machine, whatever the user has configured.
func TestCommitIDsAreTheSameEverywhere(t *testing.T) {
	home := t.TempDir()
	config := "[user]\n\tname = Somebody\n[init]\n\tdefaultBranch = trunk\n[core]\n\tautocrlf = true\n[commit]\n\tgpgSign = true\n"
	if err := os.WriteFile(filepath.Join(home, ".gitconfig"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", home)
	t.Setenv("GIT_DIR", filepath.Join(home, "nowhere"))
	t.Setenv("GIT_AUTHOR_NAME", "Somebody")
	dir := filepath.Join(t.TempDir(), "up.git")
	if err := sample.Repository(t.Context(), dir, steps()); err != nil {
		t.Fatal(err)
	}
	got := run(t, dir, "for-each-ref", "--format=%(refname) %(objectname)")
	want := `refs/heads/master 6da37add46021537cbe737d719e9538fc4ff68a3
refs/heads/release-1.0 cb736ee74a31eca25fbdf3d266b49c0c19c114bc
refs/tags/latest 8462e36d60f802fdcd216cced93889cdd48e5f19
refs/tags/v1.0.0 89c0877f6d161ba634a0572e2a1d06b1195f5f3c
refs/tags/v1.0.1 41a9b9f1e5aa91642f87ca3d506f4e7c8e051fc2
refs/tags/v2.0.0 e00a24e0f1da697d5141f3326d25655baeb097df`
	if got != want {
		t.Errorf("refs are\n%s\nwant\n%s", got, want)
	}
}

func TestAppendContinuesBranches(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "up.git")
	if err := sample.Repository(t.Context(), dir, steps()); err != nil {
		t.Fatal(err)
	}
	more := []sample.Step{
		{Message: "second fix", Time: day(5), Branch: "release-1.0", Files: text("a.txt", "again\n")},
		{Message: "third", Time: day(6), Files: text("y.txt", "y\n")},
		{Message: "fourth", Time: day(7), Files: text("x.txt", "x\n"), Tags: []string{"v2.1.0"}},
	}
	if err := sample.Append(t.Context(), dir, more); err != nil {
		t.Fatal(err)
	}
	if err := sample.Append(t.Context(), dir, []sample.Step{{Message: "new branch", Time: day(8), Branch: "feature", Files: text("f", "f")}}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ what, want string }{
		{"log --format=%s master", "fourth\nthird\nanew\nsecond\nfirst"},
		{"log --format=%s release-1.0", "second fix\nfix\nfirst"},
		{"log --format=%s -2 feature", "new branch\nfourth"},
		{"ls-tree -r --name-only v2.1.0", "x.txt\ny.txt\nz.txt"},
		{"fsck --strict --no-dangling", ""},
	} {
		if got := run(t, dir, strings.Split(c.what, " ")...); got != c.want {
			t.Errorf("git %s: %q, want %q", c.what, got, c.want)
		}
	}
}

func TestRepositoryRefusesBadSteps(t *testing.T) {
	good := func(change func(*sample.Step)) []sample.Step {
		s := sample.Step{Message: "good", Time: day(1), Files: text("a", "a")}
		change(&s)
		return []sample.Step{s}
	}
	for _, c := range []struct {
		name  string
		steps []sample.Step
		want  string
	}{
		{"none", nil, "no steps"},
		{"absolute path", good(func(s *sample.Step) { s.Files = text("/etc/passwd", "x") }), `step 1 ("good"): path "/etc/passwd"`},
		{"path upwards", good(func(s *sample.Step) { s.Files = text("../a", "x") }), `path "../a"`},
		{"path not clean", good(func(s *sample.Step) { s.Files = text("a//b", "x") }), `path "a//b"`},
		{"path of two lines", good(func(s *sample.Step) { s.Files = text("a\nD b", "x") }), `path "a\nD b"`},
		{"quoted path", good(func(s *sample.Step) { s.Files = text(`"a`, "x") }), "without quotes"},
		{"bad tag", good(func(s *sample.Step) { s.Tags = []string{"a b"} }), `tag "a b"`},
		{"bad branch", good(func(s *sample.Step) { s.Branch = "a..b" }), `branch or tag "a..b"`},
		{"no time", good(func(s *sample.Step) { s.Time = time.Time{} }), "before 1970"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := sample.Repository(t.Context(), filepath.Join(t.TempDir(), "up.git"), c.steps)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestRepositoryTouchesNoFullDirectory(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "precious"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	err := sample.Repository(t.Context(), dir, steps())
	if err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("error is %v, want one that says the directory is not empty", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("the directory has %d entries now, want the one it had", len(entries))
	}
}

func TestGitIsNamedWhenItIsMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := sample.Repository(t.Context(), filepath.Join(t.TempDir(), "up.git"), steps())
	if err == nil || !strings.Contains(err.Error(), "git is needed") {
		t.Errorf("error is %v, want one that says git is needed", err)
	}
}

func TestAppendNeedsARepository(t *testing.T) {
	err := sample.Append(t.Context(), t.TempDir(), steps())
	if err == nil || !strings.Contains(err.Error(), "not a git repository") {
		t.Errorf("error is %v, want one that says it is no repository", err)
	}
}

func TestCancelledContextStopsTheWork(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := sample.Repository(ctx, filepath.Join(t.TempDir(), "up.git"), steps()); err == nil {
		t.Error("a cancelled context makes a repository")
	}
}

func TestDemoStepsAreV135AndWhatCameAfter(t *testing.T) {
	steps, err := sample.DemoSteps(loadFacts(t))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "kubernetes.git")
	if err := sample.Repository(t.Context(), dir, steps); err != nil {
		t.Fatal(err)
	}
	const base = "staging/src/k8s.io/component-base/version/base.go"
	// A first run begins at the highest stable tag, and that must stay v1.35.0.
	var stable []string
	for tag := range strings.SplitSeq(run(t, dir, "tag", "--list", "--sort=version:refname"), "\n") {
		if !strings.Contains(tag, "-") {
			stable = append(stable, tag)
		}
	}
	if got := strings.Join(stable, " "); got != "v1.34.0 v1.34.1 v1.34.2 v1.34.3 v1.34.4 v1.35.0" {
		t.Errorf("stable tags are %s", got)
	}
	if got := run(t, dir, "tag", "--points-at", "HEAD"); got != "" {
		t.Errorf("HEAD has the tags %q, want none: v1.36.0 is not out", got)
	}
	for ref, want := range map[string]string{"HEAD": `"1.36"`, "v1.35.0": `"1.35"`, "v1.34.0": `"1.34"`} {
		if src := run(t, dir, "show", ref+":"+base); !strings.Contains(src, "DefaultKubeBinaryVersion = "+want) {
			t.Errorf("%s: base.go does not say %s", ref, want)
		}
	}
	if got := run(t, dir, "log", "--format=%cs", "master", "--", base); got != "2026-04-22\n2025-12-17\n2025-08-27" {
		t.Errorf("commits of gates are of %q", got)
	}
	table := loadFacts(t)
	files, _ := written(t, table, "v1.36")
	for name, src := range files {
		if got := run(t, dir, "show", "HEAD:"+name); got != strings.TrimSpace(string(src)) {
			t.Errorf("%s in the repository is not what Files wrote", name)
		}
	}
}

func TestReleaseNeedsFactsAndADate(t *testing.T) {
	table := loadFacts(t)
	for release, want := range map[string]string{"v1.37": "date is not known", "v1.20": "date is not known"} {
		if _, err := sample.Release(table, release, true); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error is %v, want one with %q", release, err, want)
		}
	}
}

func BenchmarkDemo(b *testing.B) {
	b.ReportAllocs()
	table, err := facts.Load()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		all, err := sample.Demo(table)
		if err != nil {
			b.Fatal(err)
		}
		for i, h := range all {
			if err := sample.Repository(b.Context(), filepath.Join(b.TempDir(), fmt.Sprint(i)), h.Steps); err != nil {
				b.Fatal(err)
			}
		}
	}
}
