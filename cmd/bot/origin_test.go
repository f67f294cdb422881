package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing/fstest"
	"time"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/sample"
)

// What most worlds begin with is made once for all of them: writing a release in upstream's form and formatting it
// takes longer than the run that a test is about.

var releases = sync.OnceValues(facts.Load)

// written are the files of releases, by all that they depend on. Who gets them must not change them.
var written = sync.OnceValue(func() *sync.Map { return new(sync.Map) })

// releaseFiles are the files of a release with these rows.
func releaseFiles(release string, rows []facts.Row) (map[string][]byte, error) {
	key, err := json.Marshal(rows)
	if err != nil {
		return nil, err
	}
	write := sync.OnceValues(func() (map[string][]byte, error) { return sample.Files(release, rows, sample.Options{}) })
	once, _ := written().LoadOrStore(release+" "+string(key), write)
	return once.(func() (map[string][]byte, error))()
}

// step is the nth commit of a world's upstream.
func step(n int, files map[string][]byte, tags ...string) sample.Step {
	return sample.Step{
		Message: fmt.Sprintf("step %d", n), Files: files, Tags: tags,
		Time: time.Date(2026, 1, n, 12, 0, 0, 0, time.UTC),
	}
}

// origin is a repository in memory, and the steps it was made of.
type origin struct {
	steps []sample.Step
	git   fs.FS
}

// releasedOrigin has v1.35.0 tagged and v1.36 at HEAD.
var releasedOrigin = sync.OnceValues(func() (origin, error) {
	all, err := releases()
	if err != nil {
		return origin{}, err
	}
	var u origin
	for n, release := range []string{"v1.35", "v1.36"} {
		files, err := releaseFiles(release, all.Rows(release))
		if err != nil {
			return origin{}, err
		}
		u.steps = append(u.steps, step(n+1, files))
	}
	u.steps[0].Tags = []string{"v1.35.0"}
	dir, err := os.MkdirTemp("", "upstream-")
	if err != nil {
		return origin{}, err
	}
	defer os.RemoveAll(dir)
	if err := sample.Repository(context.Background(), dir, u.steps); err != nil {
		return origin{}, err
	}
	u.git, err = inMemory(dir)
	return u, err
})

// inMemory is a copy of a folder, with its empty folders: git wants those too.
func inMemory(dir string) (fs.FS, error) {
	m := fstest.MapFS{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		f := &fstest.MapFile{Mode: fs.ModeDir | 0o755}
		if !d.IsDir() {
			f.Mode = 0o644
			if f.Data, err = os.ReadFile(path); err != nil {
				return err
			}
		}
		m[filepath.ToSlash(name)] = f
		return nil
	})
	return m, err
}
