package main

import (
	"cmp"
	"context"
	"path"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/repo"
	settings "github.com/upstream-digest/bot/internal/usage"
)

// maxManifests is how many files of a repository are read for what they set.
const maxManifests = 2000

// manifestsOf reads watch.manifests in a repository, at its default branch: for where the bot has no checkout of it.
// It takes a request for the commit, one for each folder that is looked into, and one for the files; so it is asked
// only when there is something to tell.
func manifestsOf(ctx context.Context, reader repo.Reader, repository string, names []string) (yours, error) {
	n := &noter{}
	var inside []string
	for _, name := range names {
		clean := strings.Trim(path.Clean(name), "/")
		if clean == ".." || strings.HasPrefix(clean, "../") {
			n.note("%q leads out of %s; what it sets is not marked as yours", name, repository)
			continue
		}
		inside = append(inside, cmp.Or(clean, ".")) // "/" is the root
	}
	if len(inside) == 0 {
		return n.done(), nil
	}
	files, err := filesBelow(ctx, reader, foldersOf(inside))
	if err != nil {
		return yours{}, err
	}
	var objects []repo.Object
	matched := map[string]bool{}
	for _, e := range files.entries {
		taken := false
		for _, name := range inside {
			if matches(name, e.Path) {
				matched[name], taken = true, true
			}
		}
		if taken && e.Size <= settings.MaxFile {
			objects = append(objects, repo.Object{Path: e.Path, OID: e.OID})
		}
	}
	for _, name := range inside {
		if !matched[name] {
			n.note("no file of %s matches %q; what it sets is not marked as yours", repository, name)
		}
	}
	if len(objects) > maxManifests {
		n.note("%d files of %s match; the first %d are read: narrow the patterns", len(objects), repository, maxManifests)
		objects = objects[:maxManifests]
	}
	blobs, err := reader.Blobs(ctx, files.sha, objects)
	if err != nil {
		return yours{}, err
	}
	for _, b := range blobs {
		n.add(settings.Read(repository+":"+b.Path, b.Data))
	}
	return n.done(), nil
}

// listing is what files a commit has, by path.
type listing struct {
	sha     string
	entries []repo.Entry
}

// filesBelow lists the files below folders at the default branch. A folder that is not there has none.
func filesBelow(ctx context.Context, reader repo.Reader, folders []string) (listing, error) {
	var asked []string // the root is known without
	for _, f := range folders {
		if f != "" {
			asked = append(asked, f)
		}
	}
	head, err := reader.Head(ctx, "HEAD", asked)
	if err != nil {
		return listing{}, err
	}
	out := listing{sha: head.SHA}
	for _, f := range folders {
		if f != "" && head.OIDs[f] == "" {
			continue
		}
		entries, err := reader.Tree(ctx, head.SHA, f)
		if err != nil {
			return listing{}, err
		}
		for _, e := range entries {
			if e.Type == "blob" {
				out.entries = append(out.entries, e)
			}
		}
	}
	slices.SortFunc(out.entries, func(a, b repo.Entry) int { return cmp.Compare(a.Path, b.Path) })
	return out, nil
}

// foldersOf are the folders that names and patterns lie in, without those that lie in another of them.
func foldersOf(names []string) []string {
	all := make([]string, 0, len(names))
	for _, name := range names {
		all = append(all, folderOf(name))
	}
	slices.Sort(all)
	var out []string
	for _, f := range slices.Compact(all) {
		within := func(outer string) bool { return outer == "" || strings.HasPrefix(f, outer+"/") }
		if !slices.ContainsFunc(out, within) {
			out = append(out, f)
		}
	}
	return out
}

// folderOf is the folder that a name or pattern begins with and that has no sign of a pattern in it.
func folderOf(name string) string {
	if i := strings.IndexAny(name, `*?[\`); i >= 0 {
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

// matches reports whether a name or pattern means a file: the file itself, or a folder above it, where its name
// says that it may set gates.
func matches(name, file string) bool {
	means := func(p string) bool {
		ok, err := path.Match(name, p)
		return name == p || err == nil && ok
	}
	if means(file) {
		return true
	}
	if !plausible(path.Base(file)) {
		return false
	}
	for dir := path.Dir(file); dir != "."; dir = path.Dir(dir) {
		if means(dir) {
			return true
		}
	}
	return name == "."
}
