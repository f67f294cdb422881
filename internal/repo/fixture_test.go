package repo_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/upstream-digest/bot/internal/repo"
)

// gitEnv is the environment that tests hand to the engine: what the process has.
func gitEnv() repo.GitOptions { return repo.GitOptions{Env: os.Environ()} }

// git runs the git program in dir, with fixed names and times.
func git(tb testing.TB, dir string, args ...string) string {
	tb.Helper()
	return gitAt(tb, dir, 1700003600, args...)
}

// gitAt is git at another time, in seconds.
func gitAt(tb testing.TB, dir string, at int, args ...string) string {
	tb.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(tb.Context()), "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(),
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=c",
		"GIT_COMMITTER_EMAIL=c@example.com", "GIT_AUTHOR_DATE=1700000000 +0200", "GIT_COMMITTER_DATE="+strconv.Itoa(at)+" -0500",
	)
	out, err := cmd.CombinedOutput()
	if err != nil {
		tb.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func write(tb testing.TB, dir string, files map[string]string) {
	tb.Helper()
	tb.Helper()
	for name, text := range files {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
}

// upstream makes a repository with all that may be odd: nested and similar names, a binary file, one
// that is not UTF-8, an empty and a long one, spaces and signs in names, a symbolic link, a submodule,
// light, annotated and nested tags, a branch with a slash, and a tag named like a branch.
func upstream(tb testing.TB) string {
	tb.Helper()
	tb.Helper()
	dir := tb.TempDir()
	git(tb, dir, "init", "--quiet", "--initial-branch=main")
	write(tb, dir, map[string]string{
		"pkg/features/kube_features.go":    "package features\n",
		"pkg/features/other.go":            "package features // other\n",
		"pkg/features/testdata/deep/a.txt": "deep\n",
		"pkg/features.go":                  "sorts before the folder\n",
		"pkg/binary":                       "\x00\x01\x02\xff",
		"pkg/latin1.txt":                   "caf\xe9\n",
		"pkg/crlf.txt":                     "a\r\nb\r\n",
		"pkg/bom.txt":                      "\ufeffbom\n",
		"pkg/empty":                        "",
		"pkg/long.txt":                     strings.Repeat("0123456789abcde\n", 40000), // 640 kB: GraphQL cuts it
		"pkg/same-as-other.go":             "package features // other\n",
		"odd/a b#c%d?.txt":                 "odd\n",
		"odd/ünïcode.txt":                  "unicode\n",
		"odd/$(x) '\"*[y].txt":             "quoted\n",
		"README.md":                        "# upstream\n",
	})
	if err := os.Symlink("../README.md", filepath.Join(dir, "pkg", "link")); err != nil {
		tb.Fatal(err)
	}
	git(tb, dir, "add", "--all")
	git(tb, dir, "update-index", "--add", "--cacheinfo", "160000,"+strings.Repeat("1", 40)+",vendor/module")
	git(tb, dir, "commit", "--quiet", "--message", "first")
	git(tb, dir, "tag", "v1.35.0")
	git(tb, dir, "tag", "--annotate", "--message", "annotated", "v1.36.0")
	git(tb, dir, "tag", "--annotate", "--message", "a tag of a tag", "nested", "v1.36.0")
	git(tb, dir, "branch", "release/1.36")
	write(tb, dir, map[string]string{"pkg/features/kube_features.go": "package features\n\nconst New = 1\n"})
	git(tb, dir, "add", "pkg/features/kube_features.go") // not --all: that would drop the submodule
	git(tb, dir, "commit", "--quiet", "--message", "second")
	git(tb, dir, "tag", "v1.37.0-rc.1")
	git(tb, dir, "tag", "unrelated")
	return dir
}

func must[E error](t *testing.T, err error) E {
	t.Helper()
	e, ok := errors.AsType[E](err)
	if !ok {
		t.Fatalf("error is %T (%v), want a %T", err, err, *new(E))
	}
	return e
}

// gitRaw is git without trimming.
func gitRaw(tb testing.TB, dir string, args ...string) string {
	tb.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(tb.Context()), "git", args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		tb.Fatalf("git %v: %v", args, err)
	}
	return string(out)
}

// gitInput runs git with standard input.
func gitInput(tb testing.TB, dir, input string, args ...string) {
	tb.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(tb.Context()), "git", args...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(input)
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("git %v: %v\n%s", args, err, out)
	}
}
