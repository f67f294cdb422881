package sources

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/upstream-digest/bot/internal/changelog"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// Files are the files with the notes of minors.
func (s Releases) Files(minors []string) []string {
	var out []string
	for _, m := range minors {
		if f := at(s.Notes, m); f != "" && !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	return out
}

// Passed reads the releases on a way, from the changelogs alone: nothing says there when a release was published,
// and where its page is. The section's reason names what is not there.
func (s Releases) Passed(ctx context.Context, r repo.Reader, at Commit, way changelog.Way) (snapshot.Section, error) {
	sec := snapshot.Section{Source: s.Name(), Status: snapshot.Complete, Parser: s.Parser(), Ref: at.Ref, SHA: at.SHA, Setup: s.Setup()}
	minors := way.Minors()
	var absent []string
	for _, path := range s.Files(minors) {
		if oid := at.OIDs[path]; oid != "" {
			sec.Inputs = append(sec.Inputs, snapshot.Object{Path: path, OID: oid})
		} else {
			absent = append(absent, path)
		}
	}
	files, err := s.parsed(ctx, r, at.SHA, sec.Inputs)
	if err != nil {
		return snapshot.Section{}, err
	}
	set := &snapshot.ReleaseSet{}
	told := map[string]bool{}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		f := files[path]
		versions := make([]string, len(f.Sections))
		for i, x := range f.Sections {
			versions[i] = x.Version
		}
		passed := way.Passed(versions)
		// What stood in a pre-release that is not told is news, unless the reader had it.
		seen := changelog.File{Sections: slices.DeleteFunc(slices.Clone(f.Sections), func(x changelog.Section) bool {
			return !way.Known(x.Version) && !slices.Contains(passed, x.Version)
		})}
		for _, v := range passed {
			rel := snapshot.Release{Tag: "v" + v, Prerelease: semver.Prerelease("v"+v) != "", File: path}
			s.setNotes(&rel, seen)
			set.Releases = append(set.Releases, rel)
			told[v] = true
		}
	}
	slices.SortStableFunc(set.Releases, func(a, b snapshot.Release) int { return semver.Compare(b.Tag, a.Tag) })
	sec.Reason = missing(absent, way, minors, told, files)
	switch {
	case len(files) == 0:
		sec.Status = snapshot.Skipped
	default:
		sec.Items.Releases = set
	}
	return sec, nil
}

// missing says in words which notes are not there.
func missing(absent []string, way changelog.Way, minors []string, told map[string]bool, files map[string]changelog.File) string {
	var out []string
	if len(absent) > 0 {
		out = append(out, "there is no "+strings.Join(absent, ", no "))
	}
	var versions []string
	for i, m := range minors {
		v := m + ".0"
		switch {
		case i == len(minors)-1 && strings.Count(way.To, ".") < 2:
			continue // as far as it is out
		case i == len(minors)-1 && !told[way.To]:
			v = way.To
		case i == len(minors)-1 || told[v] || way.Known(v):
			continue
		}
		versions = append(versions, "v"+v)
	}
	if len(versions) > 0 && len(files) > 0 {
		out = append(out, "the notes of "+strings.Join(versions, ", ")+" are not written")
	}
	return strings.Join(out, "; ")
}

// Reached is the highest version that the notes tell of at a commit, "" where they tell of none.
func (s Releases) Reached(ctx context.Context, r repo.Reader, at Commit, minor string) (string, error) {
	var want []snapshot.Object
	for _, path := range s.Files([]string{minor}) {
		if oid := at.OIDs[path]; oid != "" {
			want = append(want, snapshot.Object{Path: path, OID: oid})
		}
	}
	files, err := s.parsed(ctx, r, at.SHA, want)
	if err != nil {
		return "", err
	}
	highest := ""
	for _, f := range files {
		for _, x := range f.Sections {
			if highest == "" || semver.Compare("v"+x.Version, "v"+highest) > 0 {
				highest = x.Version
			}
		}
	}
	return highest, nil
}

func (s Releases) parsed(ctx context.Context, r repo.Reader, sha string, want []snapshot.Object) (map[string]changelog.File, error) {
	if len(want) == 0 {
		return nil, nil
	}
	blobs, err := blobsOf(ctx, r, sha, want)
	if err != nil {
		return nil, fmt.Errorf("read release notes: %w", err)
	}
	out := map[string]changelog.File{}
	for _, b := range blobs {
		f, err := changelog.Parse(b.Path, b.Data)
		if err != nil {
			return nil, fmt.Errorf("parse release notes: %w", err)
		}
		out[b.Path] = f
	}
	return out, nil
}
