package main

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/test/oracle"
)

//go:embed ask/*.go.tmpl
var programs embed.FS

// ask generates the module of one version in dir, runs the program of each cell and collects what
// the registries say.
func ask(ctx context.Context, dir string, v oracle.Version) (oracle.Answers, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return oracle.Answers{}, fmt.Errorf("make %s: %w", dir, err)
	}
	sources, err := oracle.Download(ctx, dir, v.Modules)
	if err != nil {
		return oracle.Answers{}, err
	}
	dirs := make(map[string]string, len(sources))
	out := oracle.Answers{Version: v.Name}
	for _, s := range sources {
		dirs[s.Path] = s.Dir
		out.Modules = append(out.Modules, s.Module)
	}

	cells := oracle.Cells()
	present := make([]bool, len(cells))
	for i, c := range cells {
		if present[i], err = registers(filepath.Join(dirs[c.Module], filepath.FromSlash(c.Package))); err != nil {
			return oracle.Answers{}, err
		}
	}
	if err := generate(dir, v, dirs, cells, present); err != nil {
		return oracle.Answers{}, err
	}
	if err := requireModules(ctx, dir, v); err != nil {
		return oracle.Answers{}, err
	}
	for i, c := range cells {
		answer := oracle.Answer{Module: c.Module, Package: c.Package, Gates: []oracle.Gate{}}
		if present[i] {
			if answer.Gates, err = runCell(ctx, dir, i); err != nil {
				return oracle.Answers{}, fmt.Errorf("%s: %w", c.ImportPath(), err)
			}
		} else {
			answer.None = "the module has no gates package " + c.Package
		}
		out.Cells = append(out.Cells, answer)
	}
	return out, nil
}

// registers says whether the folder is a package that talks of gate specs at all. logs/api/v1, for
// one, would be a package without them in a module older than its gates.
func registers(folder string) (bool, error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read package: %w", err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		src, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			return false, fmt.Errorf("read package: %w", err)
		}
		if bytes.Contains(src, []byte("FeatureSpec")) || bytes.Contains(src, []byte("VersionedSpecs")) {
			return true, nil
		}
	}
	return false, nil
}

func generate(dir string, v oracle.Version, dirs map[string]string, cells []oracle.Cell, present []bool) error {
	registry, err := generation(filepath.Join(dirs["k8s.io/component-base"], "featuregate", "feature_gate.go"),
		"GetAllVersioned()", "unversioned.go.tmpl", "versioned.go.tmpl")
	if err != nil {
		return err
	}
	if err := write(dir, "ask/ask.go", registry, nil); err != nil {
		return err
	}
	for i, c := range cells {
		if !present[i] {
			continue
		}
		var program string
		switch c.How {
		case oracle.ByInit:
			program = "init.go.tmpl"
		case oracle.ByFunction:
			program = "function.go.tmpl"
		case oracle.ByHook:
			program, err = generation(filepath.Join(dirs[c.Module], filepath.FromSlash(c.Package), "features.go"),
				"func AddVersionedFeaturesToExistingFeatureGates(", "hook_unversioned.go.tmpl", "hook_versioned.go.tmpl")
			if err != nil {
				return err
			}
		}
		if err := write(dir, "cell"+strconv.Itoa(i)+"/main.go", program, c); err != nil {
			return err
		}
	}
	var mod strings.Builder
	mod.WriteString("module oracle\n\ngo 1.26.0\n")
	for _, m := range v.Modules {
		fmt.Fprintf(&mod, "\nrequire %s %s\n", m.Path, m.Version)
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(mod.String()), 0o644); err != nil {
		return fmt.Errorf("write go.mod: %w", err)
	}
	return nil
}

// generation picks a program by whether the upstream file already has the newer function.
func generation(file, mark, before, since string) (string, error) {
	src, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("look for %s: %w", mark, err)
	}
	if bytes.Contains(src, []byte(mark)) {
		return since, nil
	}
	return before, nil
}

func write(dir, name, program string, data any) error {
	// Not {{ }}: Go's own nested literals look like that.
	tmpl, err := template.New(program).Delims("<<", ">>").ParseFS(programs, "ask/"+program)
	if err != nil {
		return fmt.Errorf("parse %s: %w", program, err)
	}
	var buf bytes.Buffer
	if err := tmpl.Execute(&buf, data); err != nil {
		return fmt.Errorf("fill %s: %w", program, err)
	}
	file := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := os.WriteFile(file, buf.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// requireModules completes go.mod, and makes sure that completing it chose no other version of a
// module that is asked.
func requireModules(ctx context.Context, dir string, v oracle.Version) error {
	if _, err := goCommand(ctx, dir, "mod", "tidy"); err != nil {
		return err
	}
	for _, m := range v.Modules {
		got, err := goCommand(ctx, dir, "list", "-m", "-f", "{{.Version}}", m.Path)
		if err != nil {
			// A module no cell of this version imports was tidied away.
			continue
		}
		if s := strings.TrimSpace(string(got)); s != m.Version {
			return fmt.Errorf("the build uses %s@%s, pinned is %s", m.Path, s, m.Version)
		}
	}
	return nil
}

func runCell(ctx context.Context, dir string, i int) ([]oracle.Gate, error) {
	data, err := goCommand(ctx, dir, "run", "./cell"+strconv.Itoa(i))
	if err != nil {
		return nil, err
	}
	var gates []oracle.Gate
	if err := json.Unmarshal(data, &gates); err != nil {
		return nil, fmt.Errorf("read the registry's answer: %w", err)
	}
	out := make([]oracle.Gate, 0, len(gates))
	for _, g := range gates {
		if g.Name == "AllAlpha" || g.Name == "AllBeta" {
			continue
		}
		for i, s := range g.Specs {
			if s.Since == "0.0" {
				g.Specs[i].Since = ""
			}
			if g.Specs[i].Stage, err = stage(s.Stage); err != nil {
				return nil, fmt.Errorf("gate %s: %w", g.Name, err)
			}
		}
		slices.SortStableFunc(g.Specs, func(a, b oracle.Spec) int { return gate.CompareVersions(a.Since, b.Since) })
		out = append(out, g)
	}
	return out, nil
}

// stage turns upstream's value into the word users know.
func stage(prerelease string) (string, error) {
	switch prerelease {
	case "":
		return "ga", nil
	case "ALPHA", "BETA", "DEPRECATED", "PRE-ALPHA":
		return strings.ToLower(prerelease), nil
	}
	return "", fmt.Errorf("unknown stage %q", prerelease)
}

func goCommand(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	// No vcs stamp, no workspace, and no old defaults: only the pinned modules matter.
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod -buildvcs=false", "GOWORK=off", "GO111MODULE=on")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.Bytes(), nil
}
