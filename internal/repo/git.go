package repo

import (
	"bufio"
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

// GitOptions say how the git program is started.
type GitOptions struct {
	// Program is its name or path. Default "git".
	Program string
	// Env is the environment, as os.Environ gives it. Only PATH and HOME are used of it.
	Env []string
	// Machine stands in for the machine's files and its git program; nil is the real machine.
	Machine Machine
}

func (o GitOptions) machine() Machine {
	if o.Machine != nil {
		return o.Machine
	}
	return machine{o}
}

// git runs the git program on one directory. A clone is not trusted: its configuration may name
// programs (hooks, filters, pagers, signature checkers, transports), and none of them is ever started.
type git struct {
	opts GitOptions
	dir  string // absolute, without symbolic links
}

// GitError says that the git program failed in a way that has no name of its own.
type GitError struct {
	Command string // "ls-tree"
	Path    string // of the repository
	Stderr  string // first line
	Err     error
}

func (e *GitError) Error() string {
	s := fmt.Sprintf("git %s in %s: %v", e.Command, e.Path, e.Err)
	if e.Stderr != "" {
		s += ": " + e.Stderr
	}
	return s
}

// Unwrap gives the cause.
func (e *GitError) Unwrap() error { return e.Err }

// ErrNoGit is the cause when the git program is not there.
var ErrNoGit = errors.New("the git program is not installed or not in PATH: install git, or read through the API by removing the mirror")

func (g *git) program() (string, error) {
	name := g.opts.Program
	if name == "" {
		name = "git"
	}
	if strings.ContainsRune(name, filepath.Separator) {
		if _, err := exec.LookPath(name); err != nil {
			return "", fmt.Errorf("%s: %w", name, ErrNoGit)
		}
		return name, nil
	}
	for _, dir := range filepath.SplitList(g.env("PATH")) {
		if !filepath.IsAbs(dir) {
			continue // a program in the current directory is not meant
		}
		if p, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return p, nil
		}
	}
	return "", ErrNoGit
}

func (g *git) env(key string) string {
	value := ""
	for _, kv := range g.opts.Env {
		if v, ok := strings.CutPrefix(kv, key+"="); ok {
			value = v // the last one counts
		}
	}
	return value
}

func (g *git) environment() []string {
	return []string{
		"PATH=" + g.env("PATH"),
		"HOME=" + g.env("HOME"),
		"LC_ALL=C",
		// No configuration but the repository's own, and that without effect (see arguments).
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_GLOBAL=" + os.DevNull,
		"GIT_ATTR_NOSYSTEM=1",
		// A folder within another clone must not be taken for that clone.
		"GIT_CEILING_DIRECTORIES=" + filepath.Dir(g.dir),
		// What is not there is not fetched. Older versions know only the second way.
		"GIT_NO_LAZY_FETCH=1",
		"GIT_ALLOW_PROTOCOL=none",
		"GIT_TERMINAL_PROMPT=0",
		"GIT_OPTIONAL_LOCKS=0",
		"GIT_PAGER=cat",
		"GIT_NO_REPLACE_OBJECTS=1",
		"GIT_GRAFT_FILE=" + os.DevNull,
		"GIT_LITERAL_PATHSPECS=1",
	}
}

func (g *git) arguments(args []string) []string {
	return append([]string{
		"-C", g.dir,
		"--no-pager", "--no-replace-objects", "--literal-pathspecs",
		"-c", "core.hooksPath=" + os.DevNull,
		"-c", "core.fsmonitor=false",
		"-c", "core.quotePath=false",
		"-c", "protocol.allow=never",
		"-c", "safe.directory=*", // it is read, nothing of it is run
	}, args...)
}

// command is the git program, ready to be started, and where its errors go.
func (g *git) command(ctx context.Context, stdin []byte, args []string) (*exec.Cmd, *firstBytes, error) {
	program, err := g.program()
	if err != nil {
		return nil, nil, err
	}
	cmd := exec.CommandContext(ctx, program, g.arguments(args)...) //nolint:gosec // an argument list, made here
	cmd.Env = g.environment()
	cmd.Stdin = bytes.NewReader(stdin)
	cmd.WaitDelay = 5 * time.Second
	stderr := &firstBytes{limit: 4096}
	cmd.Stderr = stderr
	return cmd, stderr, nil
}

// eachLine reads output line by line, to its end. A line that is cut off is an error.
func eachLine(each func(line string) error) func(*bufio.Reader) error {
	return func(r *bufio.Reader) error {
		for {
			line, err := r.ReadString('\n')
			if err == io.EOF && line == "" {
				return nil
			}
			if err != nil {
				return io.ErrUnexpectedEOF
			}
			if err := each(line); err != nil {
				return err
			}
		}
	}
}

// stream runs git with stdin and hands its output to read, which need not read all.
func (g *git) stream(ctx context.Context, stdin []byte, read func(*bufio.Reader) error, args ...string) (err error) {
	if g.opts.Machine != nil {
		return g.whole(ctx, stdin, read, args)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd, stderr, err := g.command(ctx, stdin, args)
	if err != nil {
		return err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return &GitError{Command: args[0], Path: g.dir, Err: err}
	}
	if err := cmd.Start(); err != nil {
		return &GitError{Command: args[0], Path: g.dir, Err: err}
	}
	readErr := read(bufio.NewReaderSize(stdout, 64<<10))
	if readErr != nil {
		outer := ctx.Err()
		cancel()
		_ = cmd.Wait() // killed just now: its status says nothing
		if outer != nil {
			return outer
		}
		return g.unreadable(args, stderr, readErr)
	}
	if err := cmd.Wait(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &GitError{Command: args[0], Path: g.dir, Stderr: stderr.line(), Err: err}
	}
	return nil
}

// unreadable: git's own words explain a cut output better than "unexpected EOF".
func (g *git) unreadable(args []string, stderr *firstBytes, err error) error {
	if line := stderr.line(); line != "" && errors.Is(err, io.ErrUnexpectedEOF) {
		return &GitError{Command: args[0], Path: g.dir, Stderr: line, Err: err}
	}
	return err
}

// whole is stream on a machine that gives whole answers.
func (g *git) whole(ctx context.Context, stdin []byte, read func(*bufio.Reader) error, args []string) error {
	out, err := g.opts.Machine.Git(ctx, g.dir, args, stdin)
	switch {
	case err != nil && (ctx.Err() != nil || errors.Is(err, ErrNoGit)):
		return err
	case err != nil:
		return &GitError{Command: args[0], Path: g.dir, Err: err}
	}
	stderr := &firstBytes{limit: 4096, data: []byte(out.Stderr)}
	if err := read(bufio.NewReader(bytes.NewReader(out.Stdout))); err != nil {
		return g.unreadable(args, stderr, err)
	}
	if out.Failed != "" {
		return &GitError{Command: args[0], Path: g.dir, Stderr: stderr.line(), Err: errors.New(out.Failed)}
	}
	return nil
}

// output runs git and returns all it printed.
func (g *git) output(ctx context.Context, args ...string) ([]byte, error) {
	var out []byte
	err := g.stream(ctx, nil, func(r *bufio.Reader) error {
		var err error
		out, err = io.ReadAll(r)
		return err
	}, args...)
	return out, err
}

// firstBytes keeps the beginning of what is written to it.
type firstBytes struct {
	limit int
	data  []byte
}

func (f *firstBytes) Write(p []byte) (int, error) {
	f.data = append(f.data, p[:min(len(p), f.limit-len(f.data))]...)
	return len(p), nil
}

// line is the first line that says something.
func (f *firstBytes) line() string {
	for l := range strings.Lines(string(f.data)) {
		if l = strings.TrimSpace(strings.ToValidUTF8(l, "?")); l != "" {
			return l
		}
	}
	return ""
}
