package sample

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Step is one commit of a sample repository.
type Step struct {
	// Branch the commit goes to; "" is master. The first step on a new branch continues from the step
	// before it, whatever branch that was on.
	Branch  string
	Message string
	// Time is author's and committer's date; a commit keeps seconds. It must not be before 1970.
	Time time.Time
	// DeleteAll empties the tree first; without it what Files does not name stays as it was.
	DeleteAll bool
	// Files are path from the root to content. Paths are slash-separated and clean; nil content deletes
	// the file, an empty slice empties it.
	Files map[string][]byte
	// Tags are annotated tags put on the commit.
	Tags []string
}

const (
	defaultBranch = "master"
	identity      = "Sample Upstream <sample@upstream-digest.invalid>"
)

// Repository makes a bare git repository at dir, which must be empty or missing, with one commit for
// each step. HEAD is the first step's branch. Neither the user's git configuration nor hooks nor the
// environment have a say, so the same steps give the same commit ids everywhere.
//
// It needs the git program. When it fails it leaves what it made; dir is the caller's to remove.
func Repository(ctx context.Context, dir string, steps []Step) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("make sample repository: %w", err)
	}
	if len(entries) > 0 {
		return fmt.Errorf("make sample repository %s: the directory is not empty", dir)
	}
	if len(steps) == 0 {
		return fmt.Errorf("make sample repository %s: no steps", dir)
	}
	if err := checkAll(steps); err != nil {
		return fmt.Errorf("make sample repository %s: %w", dir, err)
	}
	// An empty template leaves hooks and descriptions out.
	if err := git(ctx, "", nil, "init", "--quiet", "--bare", "--template=", "--initial-branch="+branch(steps[0]), dir); err != nil {
		return fmt.Errorf("make sample repository %s: %w", dir, err)
	}
	return load(ctx, dir, steps, map[string]bool{})
}

// Append adds steps to a repository that [Repository] made. A step on a branch that exists continues
// it; a step on a new branch continues the step before it, or HEAD if it is the first.
func Append(ctx context.Context, dir string, steps []Step) error {
	if err := checkAll(steps); err != nil {
		return fmt.Errorf("append to sample repository %s: %w", dir, err)
	}
	heads, err := branches(ctx, dir)
	if err != nil {
		return fmt.Errorf("append to sample repository %s: %w", dir, err)
	}
	return load(ctx, dir, steps, heads)
}

// load writes the steps through one git fast-import, whose input is made while it reads.
func load(ctx context.Context, dir string, steps []Step, heads map[string]bool) error {
	reader, writer := io.Pipe()
	failed := make(chan error, 1)
	go func() {
		err := writeStream(writer, steps, heads)
		_ = writer.CloseWithError(err) // it always returns nil
		failed <- err
	}()
	err := git(ctx, dir, reader, "-c", "core.fsync=none", "-c", "fastimport.unpackLimit=1",
		"fast-import", "--quiet", "--done", "--date-format=raw")
	_ = reader.Close() // frees the goroutine when git left early
	// When git leaves early the stream breaks too; git's own words are the cause.
	if broken := <-failed; err == nil {
		err = broken
	}
	if err != nil {
		return fmt.Errorf("write sample repository %s: %w", dir, err)
	}
	return nil
}

// writeStream writes the steps in fast-import's language. heads are the branches that exist.
func writeStream(out io.Writer, steps []Step, heads map[string]bool) error {
	touched := map[string]bool{} // branches that a step of this stream is on
	var b bytes.Buffer
	for i, step := range steps {
		b.Reset()
		name, stamp := branch(step), fmt.Sprintf("%d +0000", step.Time.Unix())
		fmt.Fprintf(&b, "commit refs/heads/%s\nmark :%d\n", name, i+1)
		fmt.Fprintf(&b, "author %s %s\ncommitter %s %s\n", identity, stamp, identity, stamp)
		data(&b, []byte(step.Message+"\n"))
		switch {
		case touched[name]:
			// fast-import goes on from the commit it made last on this branch.
		case heads[name]:
			fmt.Fprintf(&b, "from refs/heads/%s^0\n", name)
		case i > 0:
			fmt.Fprintf(&b, "from :%d\n", i)
		case len(heads) > 0:
			fmt.Fprintf(&b, "from HEAD^0\n")
		}
		touched[name] = true
		if step.DeleteAll {
			b.WriteString("deleteall\n")
		}
		for _, path := range sortedKeys(step.Files) {
			if step.Files[path] == nil {
				fmt.Fprintf(&b, "D %s\n", path)
				continue
			}
			fmt.Fprintf(&b, "M 100644 inline %s\n", path)
			data(&b, step.Files[path])
		}
		b.WriteByte('\n')
		for _, tag := range step.Tags {
			fmt.Fprintf(&b, "tag %s\nfrom :%d\ntagger %s %s\n", tag, i+1, identity, stamp)
			data(&b, []byte("Release "+tag+"\n"))
		}
		if _, err := out.Write(b.Bytes()); err != nil {
			return err
		}
	}
	_, err := io.WriteString(out, "done\n")
	return err
}

func data(b *bytes.Buffer, content []byte) {
	fmt.Fprintf(b, "data %d\n", len(content))
	b.Write(content)
	b.WriteByte('\n')
}

func branch(s Step) string {
	if s.Branch == "" {
		return defaultBranch
	}
	return s.Branch
}

func checkAll(steps []Step) error {
	for i, step := range steps {
		if err := step.check(); err != nil {
			return fmt.Errorf("step %d (%q): %w", i+1, step.Message, err)
		}
	}
	return nil
}

// check refuses what fast-import would read as something else.
func (s Step) check() error {
	if s.Time.Unix() < 0 {
		return fmt.Errorf("time %s: before 1970", s.Time)
	}
	for _, name := range append([]string{branch(s)}, s.Tags...) {
		if name == "" || strings.ContainsAny(name, " ~^:?*[\\\n\r\t\x00") || strings.HasPrefix(name, "-") || strings.Contains(name, "..") {
			return fmt.Errorf("branch or tag %q: not a name git takes", name)
		}
	}
	for _, path := range sortedKeys(s.Files) {
		if path == "" || filepath.ToSlash(filepath.Clean(path)) != path || strings.HasPrefix(path, "/") ||
			path == "." || path == ".." || strings.HasPrefix(path, "../") || strings.ContainsAny(path, "\"\n\r\x00") {
			return fmt.Errorf("path %q: want a clean path from the root, without quotes and control characters", path)
		}
	}
	return nil
}

func branches(ctx context.Context, dir string) (map[string]bool, error) {
	var out bytes.Buffer
	cmd := command(ctx, dir, "for-each-ref", "--format=%(refname:strip=2)", "refs/heads")
	cmd.Stdout = &out
	if err := run(cmd); err != nil {
		return nil, err
	}
	heads := map[string]bool{}
	for line := range strings.Lines(out.String()) {
		heads[strings.TrimSpace(line)] = true
	}
	return heads, nil
}

func git(ctx context.Context, dir string, in io.Reader, args ...string) error {
	cmd := command(ctx, dir, args...)
	cmd.Stdin = in
	return run(cmd)
}

func command(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	// The whole environment: GIT_DIR and friends of a surrounding hook must not reach it.
	cmd.Env = []string{
		"GIT_CONFIG_GLOBAL=" + os.DevNull,
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_TERMINAL_PROMPT=0",
		"LC_ALL=C",
	}
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

func run(cmd *exec.Cmd) error {
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	err := cmd.Run()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return fmt.Errorf("git is needed and was not found in PATH: %w", err)
	case err != nil && stderr.Len() > 0:
		return fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, strings.TrimSpace(stderr.String()))
	case err != nil:
		return fmt.Errorf("%s: %w", strings.Join(cmd.Args, " "), err)
	}
	return nil
}
