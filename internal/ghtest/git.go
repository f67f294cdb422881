package ghtest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync"
)

// cacheBytes bounds what is kept of one repository's objects; when full the cache starts anew.
const cacheBytes = 64 << 20

// errNoObject says that a name resolves to nothing.
var errNoObject = errors.New("no such object")

// gitObject is one object as git keeps it. Data is not changed by anyone.
type gitObject struct {
	oid  string
	kind string // commit, tree, blob, tag
	data []byte
}

// gitDir reads one repository through the git program: two long-lived cat-file processes for objects
// and names, and single commands for history, blame and refs. Names are resolved anew at each
// request, for tests commit while the server runs; objects are kept by id.
type gitDir struct {
	ctx context.Context
	dir string

	mu       sync.Mutex
	contents *catFile
	info     *catFile
	objects  map[string]*gitObject
	sizes    map[string]int
	held     int
	looseDir string

	setting sync.Mutex // one ref is changed at a time
}

func newGitDir(ctx context.Context, dir string) *gitDir {
	return &gitDir{ctx: ctx, dir: dir, objects: map[string]*gitObject{}, sizes: map[string]int{}}
}

// command is git with nothing of the user's: no system or global configuration, no replaced objects,
// no hooks or external diffs (none of the commands used runs any), no inherited GIT_DIR.
func (g *gitDir) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", g.dir, "-c", "safe.directory=*", "--no-pager", "--literal-pathspecs"}, args...)...)
	env := []string{}
	for _, kv := range cmd.Environ() {
		if !strings.HasPrefix(kv, "GIT_") {
			env = append(env, kv)
		}
	}
	cmd.Env = append(env, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0",
		"GIT_NO_REPLACE_OBJECTS=1", "GIT_OPTIONAL_LOCKS=0", "LC_ALL=C")
	return cmd
}

// run returns the standard output of one git command.
func (g *gitDir) run(ctx context.Context, args ...string) ([]byte, error) {
	var out, errOut bytes.Buffer
	cmd := g.command(ctx, args...)
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("git %s in %s: %w: %s", args[0], g.dir, err, bytes.TrimSpace(errOut.Bytes()))
	}
	return out.Bytes(), nil
}

func (g *gitDir) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.contents.stop()
	g.info.stop()
	g.contents, g.info = nil, nil
}

// resolve gives id, type and size of an object by any name git understands ("HEAD", "v1.0^{commit}",
// "main:pkg/a.go"), errNoObject if there is none.
func (g *gitDir) resolve(name string) (oid, kind string, size int, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.info == nil {
		if g.info, err = g.start("--batch-check"); err != nil {
			return "", "", 0, err
		}
	}
	oid, kind, size, err = g.info.ask(name)
	if err != nil && !errors.Is(err, errNoObject) {
		g.info.stop()
		g.info = nil
	}
	return oid, kind, size, err
}

// size is an object's size in bytes.
func (g *gitDir) size(oid string) (int, error) {
	g.mu.Lock()
	n, ok := g.sizes[oid]
	g.mu.Unlock()
	if ok {
		return n, nil
	}
	_, _, n, err := g.resolve(oid)
	if err != nil {
		return 0, err
	}
	g.mu.Lock()
	g.sizes[oid] = n
	g.mu.Unlock()
	return n, nil
}

// read returns an object whole, by any name.
func (g *gitDir) read(name string) (*gitObject, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if o := g.objects[name]; o != nil { // keyed by full ids only
		return o, nil
	}
	var err error
	if g.contents == nil {
		if g.contents, err = g.start("--batch"); err != nil {
			return nil, err
		}
	}
	o, err := g.contents.read(name)
	if err != nil {
		if !errors.Is(err, errNoObject) {
			g.contents.stop()
			g.contents = nil
		}
		return nil, err
	}
	if g.held+len(o.data) > cacheBytes {
		clear(g.objects)
		g.held = 0
	}
	if g.objects[o.oid] == nil && len(o.data) <= cacheBytes/4 {
		g.objects[o.oid] = o
		g.held += len(o.data)
	}
	return o, nil
}

// catFile is one running git cat-file.
type catFile struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func (g *gitDir) start(mode string) (*catFile, error) {
	cmd := g.command(g.ctx, "cat-file", mode)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("git cat-file in %s: %w", g.dir, err)
	}
	return &catFile{cmd: cmd, in: in, out: bufio.NewReader(out)}, nil
}

func (c *catFile) stop() {
	if c == nil {
		return
	}
	_ = c.in.Close() // ends the program
	_ = c.cmd.Wait() // its exit status says nothing that an answer did not
}

func (c *catFile) ask(name string) (oid, kind string, size int, err error) {
	if name == "" || strings.ContainsAny(name, "\n\x00") {
		return "", "", 0, errNoObject
	}
	if _, err := io.WriteString(c.in, name+"\n"); err != nil {
		return "", "", 0, fmt.Errorf("git cat-file: %w", err)
	}
	line, err := c.out.ReadString('\n')
	if err != nil {
		return "", "", 0, fmt.Errorf("git cat-file: %w", err)
	}
	f := strings.Fields(strings.TrimSuffix(line, "\n"))
	if len(f) == 3 && isOID(f[0]) {
		if size, err := strconv.Atoi(f[2]); err == nil {
			return f[0], f[1], size, nil
		}
	}
	return "", "", 0, errNoObject // "... missing", "... ambiguous"
}

func (c *catFile) read(name string) (*gitObject, error) {
	oid, kind, size, err := c.ask(name)
	if err != nil {
		return nil, err
	}
	data := make([]byte, size+1) // a line feed follows
	if _, err := io.ReadFull(c.out, data); err != nil {
		return nil, fmt.Errorf("git cat-file %s: %w", oid, err)
	}
	return &gitObject{oid: oid, kind: kind, data: data[:size:size]}, nil
}

func isOID(s string) bool {
	if len(s) != 40 && len(s) != 64 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
