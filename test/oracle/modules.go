package oracle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Source is a module's source on disk, as the go command unpacked and verified it.
type Source struct {
	Module
	Dir  string    // read-only, in the module cache
	Time time.Time // when the version was tagged, UTC
}

// Download fetches modules through the go command into its module cache. It works in a directory of
// its own, so that no go.mod of ours is read or written. What is in the cache costs no request.
func Download(ctx context.Context, workDir string, modules []Module) ([]Source, error) {
	args := []string{"mod", "download", "-json"}
	for _, m := range modules {
		args = append(args, m.Path+"@"+m.Version)
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = workDir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off", "GO111MODULE=on")
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	runErr := cmd.Run()

	type answer struct {
		Path, Version, Dir, Sum, Info, Error string
	}
	dec := json.NewDecoder(strings.NewReader(stdout.String()))
	found := make(map[string]answer)
	var faults []error
	for {
		var a answer
		if err := dec.Decode(&a); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("go mod download: read its answer: %w", err)
		}
		if a.Error != "" {
			faults = append(faults, fmt.Errorf("download %s", a.Error)) // it names the module
		}
		found[a.Path] = a
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	if runErr != nil {
		return nil, fmt.Errorf("go mod download: %w: %s", runErr, strings.TrimSpace(stderr.String()))
	}
	out := make([]Source, 0, len(modules))
	for _, m := range modules {
		a, ok := found[m.Path]
		if !ok || a.Dir == "" {
			return nil, fmt.Errorf("go mod download %s@%s: no answer", m.Path, m.Version)
		}
		if a.Version != m.Version {
			return nil, fmt.Errorf("go mod download %s@%s: got %s", m.Path, m.Version, a.Version)
		}
		if m.Sum != "" && a.Sum != m.Sum {
			return nil, fmt.Errorf("download %s@%s: checksum %s, but the answers were given by %s", m.Path, m.Version, a.Sum, m.Sum)
		}
		m.Sum = a.Sum
		tagged, err := tagTime(a.Info)
		if err != nil {
			return nil, fmt.Errorf("download %s@%s: %w", m.Path, m.Version, err)
		}
		out = append(out, Source{Module: m, Dir: a.Dir, Time: tagged})
	}
	return out, nil
}

// tagTime reads the .info file the proxy serves beside a module.
func tagTime(infoFile string) (time.Time, error) {
	data, err := os.ReadFile(infoFile)
	if err != nil {
		return time.Time{}, fmt.Errorf("read the version's date: %w", err)
	}
	var info struct{ Time time.Time }
	if err := json.Unmarshal(data, &info); err != nil {
		return time.Time{}, fmt.Errorf("read the version's date from %s: %w", infoFile, err)
	}
	return info.Time.UTC(), nil
}
