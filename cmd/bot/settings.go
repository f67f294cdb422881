package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	settings "github.com/upstream-digest/bot/internal/usage"
)

// settings reads what files, folders and patterns set. A file that was named and is not there is a mistake
// of the command line; one that can't be read is a problem, and the others are read all the same. A pipe is read
// where it was named, and passed over where a pattern or a folder has it: nobody knows whether it ever ends.
func (a *app) settings(ctx context.Context, names []string) (found, error) {
	var out found
	seen := map[string]bool{}
	read := func(path string) {
		if path = filepath.Clean(path); !seen[path] {
			seen[path] = true
			out.file(path)
		}
	}
	for _, name := range names {
		if name == "-" {
			if a.env.stdin == nil || seen["-"] {
				continue
			}
			seen["-"] = true
			data, err := patiently(ctx, func() ([]byte, error) { return upTo(a.env.stdin) })
			if err != nil {
				return out, fmt.Errorf("read standard input: %w", err)
			}
			out.add("<stdin>", data)
			continue
		}
		paths, pattern, err := expand(name)
		if err != nil {
			return out, err
		}
		for _, p := range paths {
			info, err := os.Stat(p)
			switch {
			case err != nil && pattern:
				out.cannot(p, err)
				err = nil
			case err != nil:
				return out, &usageError{err}
			case info.IsDir():
				err = out.walk(ctx, p, read)
			case info.Mode().IsRegular():
				read(p)
			case !pattern && !seen[p]:
				seen[p] = true
				err = out.pipe(ctx, p)
			}
			if err != nil {
				return out, err
			}
		}
	}
	return out, nil
}

// expand gives what a name stands for: itself, or the files that it matches as a pattern, where a shell has left
// it as it is.
func expand(name string) (paths []string, pattern bool, err error) {
	_, err = os.Lstat(name)
	if err == nil || !strings.ContainsAny(name, "*?[") {
		return []string{name}, false, nil
	}
	paths, err = filepath.Glob(name)
	switch {
	case err != nil:
		return nil, true, &usageError{fmt.Errorf("%q is no pattern: %w", name, err)}
	case len(paths) == 0:
		return nil, true, &usageError{fmt.Errorf("no file matches %q", name)}
	}
	slices.Sort(paths)
	return paths, true, nil
}

// walk reads the files of a folder that may set gates. Links below it are not followed, so that it ends.
func (f *found) walk(ctx context.Context, dir string, read func(string)) error {
	dir += string(filepath.Separator) // the folder itself may be a link
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			f.cannot(path, err)
			if d != nil && d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			if path != dir && (d.Name() == ".git" || d.Name() == "node_modules") {
				return fs.SkipDir
			}
			return nil
		}
		if d.Type().IsRegular() && plausible(d.Name()) {
			read(path)
		}
		return nil
	})
}

// plausible says whether a file in a folder may set gates, by its name: configuration, templates of it,
// scripts, and files without an extension, such as /etc/default/kubelet. Prose is read when it is named.
func plausible(name string) bool {
	switch strings.ToLower(filepath.Ext(strings.TrimPrefix(name, "."))) {
	case "", ".yaml", ".yml", ".json", ".toml", ".conf", ".cfg", ".env", ".service", ".sh", ".bash",
		".tf", ".tfvars", ".hcl", ".tpl", ".tmpl", ".j2", ".jinja", ".gotmpl", ".ini", ".ign", ".bu", ".properties", ".kubelet", ".nix":
		return true
	}
	return false
}

// file reads a file, as far as a setting's file is large.
func (f *found) file(path string) {
	file, err := os.Open(path)
	if err != nil {
		f.cannot(path, err)
		return
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		f.cannot(path, err)
		return
	}
	if info.Size() > settings.MaxFile && filepath.Ext(path) == "" {
		return // a program
	}
	data, err := upTo(file)
	if err != nil {
		f.cannot(path, err)
		return
	}
	f.add(filepath.ToSlash(path), data)
}

// pipe reads what was named and is no file, such as the shell's <(helm template …).
func (f *found) pipe(ctx context.Context, path string) error {
	data, err := patiently(ctx, func() ([]byte, error) {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		return upTo(file)
	})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		f.cannot(path, err)
	default:
		f.add(filepath.ToSlash(path), data)
	}
	return nil
}

// upTo reads as much as a file of settings may have, and one byte more, by which it is known to be too large.
func upTo(r io.Reader) ([]byte, error) { return io.ReadAll(io.LimitReader(r, settings.MaxFile+1)) }

// patiently reads what may never come: a pipe waits for somebody to write, already when it is opened, and nothing
// but the end of the program ends that wait. So an interrupt leaves it where it is.
func patiently(ctx context.Context, read func() ([]byte, error)) ([]byte, error) {
	type result struct {
		data []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		data, err := read()
		done <- result{data, err}
	}()
	select {
	case r := <-done:
		return r.data, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (f *found) add(name string, data []byte) {
	f.files++
	s, p := settings.Read(name, data)
	f.settings = append(f.settings, s...)
	f.problems = append(f.problems, p...)
}

func (f *found) cannot(path string, err error) {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err // the path stands before it
	}
	message := err.Error()
	if info, lerr := os.Lstat(path); lerr == nil && info.Mode()&fs.ModeSymlink != 0 && errors.Is(err, fs.ErrNotExist) {
		message = "is a link to something that is not there"
	}
	f.problems = append(f.problems, settings.Problem{File: filepath.ToSlash(path), Message: message})
}
