package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/upstream-digest/bot/test/oracle"
)

// release is one minor version, built from the modules of its first patch.
type release struct {
	tag    string // "v1.36.0"
	module string // "v0.36.0"
}

func releases() []release {
	return []release{
		{"v1.33.0", "v0.33.0"},
		{"v1.34.0", "v0.34.0"},
		{"v1.35.0", "v0.35.0"},
		{"v1.36.0", "v0.36.0"},
		{"v1.37.0", "v0.37.0"},
	}
}

// copied are the folders of each module that the repository gets, with all Go files below them: the
// ones the bot watches, the version file, and enough others to get lost in.
func copied() map[string][]string {
	return map[string][]string{
		"k8s.io/apiserver":               {"pkg/features", "pkg/util", "pkg/admission", "pkg/cel"},
		"k8s.io/apiextensions-apiserver": {"pkg/features", "pkg/controller", "pkg/apiserver"},
		"k8s.io/client-go":               {"features", "rest", "util", "tools"},
		"k8s.io/component-base":          {"."},
		"k8s.io/controller-manager":      {"."},
	}
}

// commit is one release in the repository.
type commit struct {
	release
	sha  string
	gate map[string]bool // names in the gate maps, by rows.go
}

// history is the repository: bare, with all commits in it. Branch and tags are moved step by step.
type history struct {
	dir     string
	commits []commit
}

// makeHistory downloads the modules and commits each release on top of the one before.
func makeHistory(ctx context.Context, work string, rs []release) (*history, error) {
	h := &history{dir: filepath.Join(work, "upstream.git")}
	tree := filepath.Join(work, "tree")
	if err := os.Mkdir(tree, 0o755); err != nil {
		return nil, fmt.Errorf("make the work tree: %w", err)
	}
	if _, err := git(ctx, "", nil, "init", "--quiet", "--bare", "--initial-branch=master", h.dir); err != nil {
		return nil, err
	}
	for _, r := range rs {
		c, err := h.add(ctx, tree, r)
		if err != nil {
			return nil, fmt.Errorf("commit %s: %w", r.tag, err)
		}
		h.commits = append(h.commits, c)
		fmt.Printf("  %s  %s  %d gates in the maps\n", c.tag, c.sha[:10], len(c.gate))
	}
	return h, nil
}

func (h *history) add(ctx context.Context, tree string, r release) (commit, error) {
	var modules []oracle.Module
	folders := copied()
	for m := range folders {
		modules = append(modules, oracle.Module{Path: m, Version: r.module})
	}
	sources, err := oracle.Download(ctx, tree, modules)
	if err != nil {
		return commit{}, err
	}
	staging := filepath.Join(tree, "staging")
	if err := os.RemoveAll(staging); err != nil {
		return commit{}, fmt.Errorf("clear the work tree: %w", err)
	}
	names := make(map[string]bool)
	var at time.Time
	for _, s := range sources {
		if s.Time.After(at) {
			at = s.Time
		}
		to := filepath.Join(staging, "src", filepath.FromSlash(s.Path))
		if err := copyModule(s.Dir, to, folders[s.Path]); err != nil {
			return commit{}, fmt.Errorf("copy %s: %w", s.Path, err)
		}
		if err := rowsOfModule(s.Path, s.Dir, names); err != nil {
			return commit{}, err
		}
	}
	env := []string{
		"GIT_DIR=" + h.dir, "GIT_WORK_TREE=" + tree, "GIT_INDEX_FILE=" + filepath.Join(filepath.Dir(tree), "index"),
		"GIT_AUTHOR_DATE=" + at.Format(time.RFC3339), "GIT_COMMITTER_DATE=" + at.Format(time.RFC3339),
	}
	if _, err := git(ctx, tree, env, "add", "--all", "--force", "."); err != nil {
		return commit{}, err
	}
	id, err := git(ctx, tree, env, "write-tree")
	if err != nil {
		return commit{}, err
	}
	args := []string{"commit-tree", "-m", "Kubernetes " + r.tag + ", its staging modules", id}
	if n := len(h.commits); n > 0 {
		args = append(args, "-p", h.commits[n-1].sha)
	}
	sha, err := git(ctx, tree, env, args...)
	if err != nil {
		return commit{}, err
	}
	return commit{release: r, sha: sha, gate: names}, nil
}

// step makes the repository what upstream is while release n is the newest work: the branch at n's
// commit, and the tags of all releases before it.
func (h *history) step(ctx context.Context, n int) error {
	if _, err := git(ctx, h.dir, nil, "update-ref", "refs/heads/master", h.commits[n].sha); err != nil {
		return err
	}
	if n == 0 {
		return nil
	}
	return h.tag(ctx, n-1)
}

// busy commits a change to a file the bot does not watch, on top of the branch.
func (h *history) busy(ctx context.Context, work string) error {
	note := filepath.Join(work, "note.md")
	if err := os.WriteFile(note, []byte("Nobody watches this file.\n"), 0o600); err != nil {
		return fmt.Errorf("write an unwatched file: %w", err)
	}
	blob, err := git(ctx, h.dir, nil, "hash-object", "-w", note)
	if err != nil {
		return err
	}
	env := []string{"GIT_INDEX_FILE=" + filepath.Join(work, "busy-index")}
	if _, err := git(ctx, h.dir, env, "read-tree", "refs/heads/master"); err != nil {
		return err
	}
	if _, err := git(ctx, h.dir, env, "update-index", "--add", "--cacheinfo", "100644,"+blob+",docs/note.md"); err != nil {
		return err
	}
	id, err := git(ctx, h.dir, env, "write-tree")
	if err != nil {
		return err
	}
	sha, err := git(ctx, h.dir, env, "commit-tree", "-m", "Add a note", "-p", "refs/heads/master", id)
	if err != nil {
		return err
	}
	_, err = git(ctx, h.dir, nil, "update-ref", "refs/heads/master", sha)
	return err
}

func (h *history) tag(ctx context.Context, n int) error {
	_, err := git(ctx, h.dir, nil, "tag", "-a", "-f", "-m", h.commits[n].tag, h.commits[n].tag, h.commits[n].sha)
	return err
}

// copyModule copies go.mod and the Go files below the folders named; "." is the whole module.
func copyModule(from, to string, folders []string) error {
	if err := copyFile(filepath.Join(from, "go.mod"), filepath.Join(to, "go.mod")); err != nil {
		return err
	}
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join(from, filepath.FromSlash(folder)), func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || path.Ext(name) != ".go" {
				return err
			}
			rel, err := filepath.Rel(from, name)
			if err != nil {
				return err
			}
			return copyFile(name, filepath.Join(to, rel))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	// The module cache is read-only; the copy must be removable.
	return os.WriteFile(to, data, 0o644)
}

// git runs git without the user's configuration and returns its output, trimmed.
func git(ctx context.Context, dir string, env []string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=Upstream", "GIT_AUTHOR_EMAIL=upstream@example.com",
		"GIT_COMMITTER_NAME=Upstream", "GIT_COMMITTER_EMAIL=upstream@example.com")
	cmd.Env = append(cmd.Env, env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return strings.TrimSpace(stdout.String()), nil
}
