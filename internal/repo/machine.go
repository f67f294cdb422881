package repo

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// Machine is all that mirrors need of the machine they lie on. One may be put in place of the real one
// ([GitOptions]), so that what a run read can be recorded, and read again where there is no mirror.
type Machine interface {
	// Locate is the folder that a mirror's path leads to: absolute, without symbolic links. The errors
	// are those of the file system, and ErrNotFolder.
	Locate(path string) (string, error)
	// Git runs the git program in a folder, to its end. The error is that it could not be run.
	Git(ctx context.Context, dir string, args []string, stdin []byte) (GitOutput, error)
	// Changed is the newest change of the refs in a clone's two folders, which differ in a linked work tree.
	Changed(gitDir, commonDir string) (time.Time, error)
}

// GitOutput is what the git program said.
type GitOutput struct {
	Stdout []byte
	Stderr string // its beginning
	Failed string // how it ended ("exit status 128"); "" where it ended well
}

// ErrNotFolder says that a mirror's path leads to something else than a folder.
var ErrNotFolder = errors.New("it is not a folder")

// ThisMachine is the real one.
func ThisMachine(opts GitOptions) Machine {
	opts.Machine = nil
	return machine{opts}
}

type machine struct{ opts GitOptions }

func (machine) Locate(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err == nil {
		abs, err = filepath.EvalSymlinks(abs)
	}
	if err != nil {
		return "", err
	}
	if info, err := os.Stat(abs); err != nil || !info.IsDir() {
		return "", ErrNotFolder
	}
	return abs, nil
}

func (m machine) Git(ctx context.Context, dir string, args []string, stdin []byte) (GitOutput, error) {
	g := &git{opts: m.opts, dir: dir}
	cmd, stderr, err := g.command(ctx, stdin, args)
	if err != nil {
		return GitOutput{}, err
	}
	stdout, err := cmd.Output()
	out := GitOutput{Stdout: stdout, Stderr: string(stderr.data)}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && ctx.Err() == nil {
		out.Failed, err = exit.Error(), nil
	}
	if err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	return out, err
}

// Changed: a fetch that brought nothing counts where git noted it (FETCH_HEAD).
func (machine) Changed(gitDir, commonDir string) (time.Time, error) {
	var newest time.Time
	look := func(info fs.FileInfo) {
		if t := info.ModTime(); t.After(newest) {
			newest = t
		}
	}
	for _, dir := range []string{gitDir, commonDir} {
		for _, name := range []string{"FETCH_HEAD", "packed-refs", "HEAD"} {
			if info, err := os.Stat(filepath.Join(dir, name)); err == nil {
				look(info)
			}
		}
	}
	for _, name := range []string{"refs", "reftable"} {
		err := filepath.WalkDir(filepath.Join(commonDir, name), func(_ string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return skipMissing(err)
			}
			info, err := d.Info()
			if err != nil {
				return skipMissing(err) // git replaced it just now
			}
			look(info)
			return nil
		})
		if err != nil {
			return time.Time{}, err
		}
	}
	return newest, nil
}

func skipMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
