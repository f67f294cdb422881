package recording

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/repo"
)

// Machine records what real says.
func (r *Recorder) Machine(real repo.Machine) repo.Machine { return recordingMachine{r, real} }

type recordingMachine struct {
	r    *Recorder
	real repo.Machine
}

func (m recordingMachine) Locate(path string) (string, error) {
	dir, err := m.real.Locate(path)
	f := folder{Path: path, Dir: dir}
	if err != nil {
		f.Error = m.failure(err)
	}
	m.r.mu.Lock()
	defer m.r.mu.Unlock()
	m.r.meta.Folders = append(m.r.meta.Folders, f)
	return dir, err
}

func (m recordingMachine) Changed(gitDir, commonDir string) (time.Time, error) {
	at, err := m.real.Changed(gitDir, commonDir)
	c := changed{GitDir: gitDir, CommonDir: commonDir, At: at}
	if err != nil {
		c.Error = m.failure(err)
	}
	m.r.mu.Lock()
	defer m.r.mu.Unlock()
	m.r.meta.Changes = append(m.r.meta.Changes, c)
	return at, err
}

func (m recordingMachine) Git(ctx context.Context, dir string, args []string, stdin []byte) (repo.GitOutput, error) {
	r := m.r
	r.mu.Lock()
	r.gitCalls++
	number := r.gitCalls
	r.mu.Unlock()
	if number == 1 {
		r.fail(os.MkdirAll(filepath.Join(r.dir, gitDir), 0o700))
	}
	out, err := m.real.Git(ctx, dir, args, stdin)
	name := fmt.Sprintf("%s/%03d", gitDir, number)
	c := gitCall{Number: number, Dir: dir, Args: args, Input: string(stdin), Stderr: out.Stderr, Failed: out.Failed}
	if err != nil {
		c.Error = m.failure(err)
	}
	if len(out.Stdout) > 0 {
		c.Output = name + ".out"
		r.write(c.Output, out.Stdout)
	}
	r.writeJSON(name+".json", c)
	return out, err
}

func (m recordingMachine) failure(err error) *failure {
	f := m.r.failureOf(err, false)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.Kind = kindMissing
	case errors.Is(err, repo.ErrNotFolder):
		f.Kind = kindNotFolder
	case errors.Is(err, repo.ErrNoGit):
		f.Kind = kindNoGit
	}
	return f
}

// Machine gives what was recorded of mirrors; the files themselves need not be there.
func (p *Replay) Machine() repo.Machine { return replayedMachine{p} }

type replayedMachine struct{ p *Replay }

func (m replayedMachine) Locate(path string) (string, error) {
	for _, f := range m.p.meta.Folders {
		if f.Path == path {
			return f.Dir, m.p.errorOf(f.Error)
		}
	}
	return "", m.p.unrecorded("the mirror " + path)
}

func (m replayedMachine) Changed(gitDir, commonDir string) (time.Time, error) {
	for _, c := range m.p.meta.Changes {
		if c.GitDir == gitDir && c.CommonDir == commonDir {
			return c.At, m.p.errorOf(c.Error)
		}
	}
	return time.Time{}, m.p.unrecorded("the age of the mirror " + gitDir)
}

func (m replayedMachine) Git(ctx context.Context, dir string, args []string, stdin []byte) (repo.GitOutput, error) {
	if err := ctx.Err(); err != nil {
		return repo.GitOutput{}, err
	}
	p := m.p
	p.mu.Lock()
	key := gitKey(dir, args, string(stdin))
	calls := p.git[key]
	if len(calls) > 1 { // the last one stays: a mirror does not change in a run
		p.git[key] = calls[1:]
	}
	p.mu.Unlock()
	if len(calls) == 0 {
		return repo.GitOutput{}, p.unrecorded("git " + strings.Join(args, " ") + " in " + dir)
	}
	c := calls[0]
	out := repo.GitOutput{Stderr: c.Stderr, Failed: c.Failed}
	if c.Output != "" {
		data, err := p.file(c.Output)
		if err != nil {
			return out, err
		}
		out.Stdout = data
	}
	return out, p.errorOf(c.Error)
}

func gitKey(dir string, args []string, stdin string) string {
	return dir + "\x00" + strings.Join(args, "\x00") + "\x00\x00" + stdin
}
