package main

import (
	"context"
	"path"
	"strings"

	"github.com/upstream-digest/bot/internal/repo"
	settings "github.com/upstream-digest/bot/internal/usage"
)

// maxManifests is how many files of a repository are read for what they set.
const maxManifests = 2000

// remoteManifests reads watch.manifests in a repository, at its default branch: for where the bot has no
// checkout of it. It takes three requests, and is asked only when there is something to tell.
func remoteManifests(ctx context.Context, reader repo.Reader, repository string, names []string) (yours, error) {
	head, err := reader.Head(ctx, "HEAD", nil)
	if err != nil {
		return yours{}, err
	}
	var objects []repo.Object
	var missing []string
	seen := map[string]bool{}
	for _, name := range names {
		name = strings.Trim(path.Clean(name), "/")
		entries, err := reader.Tree(ctx, head.SHA, folderOf(name))
		if err != nil {
			return yours{}, err
		}
		found := false
		for _, e := range entries {
			if e.Type != "blob" || !stands(name, e.Path) {
				continue
			}
			found = true
			if !seen[e.Path] && e.Size <= settings.MaxFile {
				seen[e.Path] = true
				objects = append(objects, repo.Object{Path: e.Path, OID: e.OID})
			}
		}
		if !found {
			missing = append(missing, name)
		}
	}
	n := &noter{}
	for _, name := range missing {
		n.note("no file of %s matches %q; what it sets is not marked as yours", repository, name)
	}
	if len(objects) > maxManifests {
		n.note("%d files of %s match; the first %d are read", len(objects), repository, maxManifests)
		objects = objects[:maxManifests]
	}
	blobs, err := reader.Blobs(ctx, head.SHA, objects)
	if err != nil {
		return yours{}, err
	}
	for _, b := range blobs {
		set, problems := settings.Read(repository+":"+b.Path, b.Data)
		n.add(set, problems)
	}
	return n.done(), nil
}

// folderOf is the folder that a name or pattern begins with and that has no sign of a pattern in it.
func folderOf(name string) string {
	if i := strings.IndexAny(name, "*?["); i >= 0 {
		name = name[:i]
		if j := strings.LastIndexByte(name, '/'); j >= 0 {
			return name[:j]
		}
		return ""
	}
	if dir := path.Dir(name); dir != "." {
		return dir
	}
	return ""
}

// stands reports whether a name or pattern stands for a file: itself, or what lies below a folder that it
// stands for and may set gates.
func stands(name, file string) bool {
	if name == file {
		return true
	}
	if ok, err := path.Match(name, file); err == nil && ok {
		return true
	}
	for dir := path.Dir(file); dir != "."; dir = path.Dir(dir) {
		if ok, err := path.Match(name, dir); (err == nil && ok || name == dir) && plausible(path.Base(file)) {
			return true
		}
	}
	return name == "." && plausible(path.Base(file))
}
