package sources

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/semver"

	"github.com/upstream-digest/bot/internal/changelog"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/snapshot"
)

const (
	// NewestReleases is how many releases are looked at: Kubernetes publishes about six a month.
	NewestReleases = 30
	// withNotes is how many of them are read with their notes.
	withNotes = 20
)

// Releases collects the newest releases of one upstream, with their notes from its changelogs.
type Releases struct {
	// Notes is the file with the notes, {minor} standing for "1.36"; "" where there is none.
	Notes string
	// Repository is the upstream's own: what its notes link there are pull requests. "" where it need not be told.
	Repository string
}

// Name is the section's name.
func (Releases) Name() string { return snapshot.SourceReleases }

// Parser is the number of the parser behind the items.
func (Releases) Parser() int { return changelog.ParserVersion }

// Setup is the path: from another one come other notes.
func (s Releases) Setup() string { return "notes " + s.Notes }

// Watch asks for the list of releases, and the notes of the minors that upstream still makes releases of.
func (s Releases) Watch(version string) Watch {
	return Watch{Paths: around(s.Notes, version, 4, 1), Releases: NewestReleases}
}

// Collect lists the releases and reads the notes. What a past state had in its notes is not read: a digest
// tells the notes of what is new since.
func (s Releases) Collect(ctx context.Context, r repo.Reader, at Commit) (snapshot.Section, error) {
	sec := snapshot.Section{Source: s.Name(), Status: snapshot.Complete, Parser: s.Parser(), Ref: at.Ref, SHA: at.SHA}
	if len(at.Releases) == 0 {
		return snapshot.Section{}, &AbsentError{"the repository has no release; switch sources.releases off for this upstream"}
	}
	list := releasesAt(at)
	sec.Version = newestStable(list)
	if at.AsOf.IsZero() {
		list = withGone(list, at.Last.Items.Releases)
	}
	sec.Items.Releases = &snapshot.ReleaseSet{Releases: list}
	if !at.AsOf.IsZero() {
		return sec, nil
	}
	last := lastNotes(at.Last, s)
	for i := range list {
		list[i].File = s.fileOf(list[i], i)
	}
	oids, err := s.find(ctx, r, at, list, last)
	if err != nil {
		return snapshot.Section{}, err
	}
	files := map[string][]int{} // what to read, and the releases it is read for
	for i := range list {
		rel := &list[i]
		if rel.File == "" {
			continue
		}
		oid, looked := oids[rel.File]
		before, had := last.releases[rel.Tag]
		switch {
		case !looked || rel.Gone: // a minor so old that its notes are no longer watched
			takeNotes(rel, before)
		case oid == "" && last.hadNotes(rel.File):
			return snapshot.Section{}, fmt.Errorf("looks like a change of layout: %s is gone, which had notes of releases; check sources.releases.notes of this upstream", rel.File)
		case oid == "":
			rel.State = snapshot.NotesPending
		case had && last.sameParser && before.File == rel.File && before.State != snapshot.NotesUnread && last.inputs[rel.File] == oid:
			takeNotes(rel, before)
			sec.Inputs = append(sec.Inputs, snapshot.Object{Path: rel.File, OID: oid})
		default:
			files[rel.File] = append(files[rel.File], i)
			sec.Inputs = append(sec.Inputs, snapshot.Object{Path: rel.File, OID: oid})
		}
	}
	slices.SortFunc(sec.Inputs, func(a, b snapshot.Object) int { return strings.Compare(a.Path, b.Path) })
	sec.Inputs = slices.Compact(sec.Inputs)
	var want []snapshot.Object
	for _, o := range sec.Inputs {
		if files[o.Path] != nil {
			want = append(want, o)
		}
	}
	return sec, s.read(ctx, r, at.SHA, want, files, list)
}

// find gives the object ids of the files with notes. Those of minors that were not watched, because nobody knew the
// version or it is long ago, are looked for where a release is new.
func (s Releases) find(ctx context.Context, r repo.Reader, at Commit, list []snapshot.Release, last known) (map[string]string, error) {
	oids := map[string]string{}
	var folders []string
	for _, rel := range list {
		if rel.File == "" || rel.Gone {
			continue
		}
		if oid, asked := at.OIDs[rel.File]; asked {
			oids[rel.File] = oid
		} else if before, had := last.releases[rel.Tag]; (!had || before.State == snapshot.NotesPending) && !slices.Contains(folders, path.Dir(rel.File)) {
			folders = append(folders, path.Dir(rel.File))
		}
	}
	if len(folders) > 0 {
		listed, err := r.Entries(ctx, at.SHA, folders)
		if err != nil {
			return nil, fmt.Errorf("look for release notes: %w", err)
		}
		for _, rel := range list {
			entries, ok := listed[path.Dir(rel.File)]
			if _, known := oids[rel.File]; rel.File == "" || rel.Gone || known || !ok {
				continue
			}
			oids[rel.File] = ""
			for _, e := range entries {
				if e.Type == "blob" && e.Name == path.Base(rel.File) {
					oids[rel.File] = e.OID
				}
			}
		}
	}
	for _, oid := range oids {
		if oid != "" {
			return oids, nil
		}
	}
	if len(oids) > 0 {
		return nil, &AbsentError{fmt.Sprintf("there is no file with release notes: %s; check sources.releases.notes of this upstream",
			strings.Join(slices.Sorted(maps.Keys(oids)), ", "))}
	}
	return oids, nil
}

// Reread parses the notes of the recorded files once more.
func (s Releases) Reread(ctx context.Context, r repo.Reader, sec snapshot.Section) (snapshot.Section, error) {
	sec.Parser = s.Parser()
	set := *sec.Items.Releases
	set.Releases = slices.Clone(set.Releases)
	files := map[string][]int{}
	for i, rel := range set.Releases {
		if rel.State != snapshot.NotesUnread && slices.ContainsFunc(sec.Inputs, func(o snapshot.Object) bool { return o.Path == rel.File }) {
			files[rel.File] = append(files[rel.File], i)
		}
	}
	sec.Items.Releases = &set
	return sec, s.read(ctx, r, sec.SHA, sec.Inputs, files, set.Releases)
}

func (s Releases) read(ctx context.Context, r repo.Reader, sha string, want []snapshot.Object, files map[string][]int, list []snapshot.Release) error {
	if len(want) == 0 {
		return nil
	}
	blobs, err := blobsOf(ctx, r, sha, want)
	if err != nil {
		return fmt.Errorf("read release notes: %w", err)
	}
	for _, b := range blobs {
		f, err := changelog.Parse(b.Path, b.Data)
		if err != nil {
			return fmt.Errorf("parse release notes: %w", err)
		}
		for _, i := range files[b.Path] {
			s.setNotes(&list[i], f)
		}
	}
	return nil
}

// fileOf is where the notes of a release stand; "" where they are not read.
func (s Releases) fileOf(rel snapshot.Release, i int) string {
	v := canonical(rel.Tag)
	if s.Notes == "" || v == "" || i >= withNotes {
		return ""
	}
	return at(s.Notes, strings.TrimPrefix(semver.MajorMinor(v), "v"))
}

// canonical is a tag as a version with a v, "" where it is none.
func canonical(tag string) string {
	v := tag
	if !strings.HasPrefix(v, "v") {
		v = "v" + v
	}
	if !semver.IsValid(v) || strings.Count(semver.Canonical(v), ".") < 2 {
		return ""
	}
	return v
}

func takeNotes(rel *snapshot.Release, from snapshot.Release) {
	if from.Tag == rel.Tag && from.File == rel.File {
		rel.State, rel.Line, rel.Notes, rel.Advisories, rel.Skipped = from.State, from.Line, from.Notes, from.Advisories, from.Skipped
	}
}

// setNotes takes from a file what it says of a release.
func (s Releases) setNotes(rel *snapshot.Release, f changelog.File) {
	version := strings.TrimPrefix(canonical(rel.Tag), "v")
	rel.State, rel.Line, rel.Notes, rel.Advisories, rel.Skipped = snapshot.NotesPending, 0, nil, nil, nil
	i := slices.IndexFunc(f.Sections, func(x changelog.Section) bool { return x.Version == version })
	if i < 0 {
		return
	}
	sec := f.Sections[i]
	rel.State, rel.Line, rel.Advisories = snapshot.NotesRead, sec.Line, sec.Advisories
	first := firstVersions(f, version)
	for _, n := range sec.Notes {
		note := snapshot.Note{Note: s.ownPulls(n)}
		for _, pr := range n.PRs {
			note.First = cmp.Or(note.First, first[pr])
		}
		rel.Notes = append(rel.Notes, note)
	}
	skipped := map[string]int{}
	for _, x := range sec.Skipped {
		skipped[x.Reason]++
	}
	for _, reason := range slices.Sorted(maps.Keys(skipped)) {
		rel.Skipped = append(rel.Skipped, snapshot.SkipCount{Reason: reason, Count: skipped[reason]})
	}
}

// ownPulls takes what a note links in the upstream's own repository for its pull requests, where it names none else. The
// parser knows only those of Kubernetes.
func (s Releases) ownPulls(n changelog.Note) changelog.Note {
	if len(n.PRs) > 0 || s.Repository == "" {
		return n
	}
	var others []string
	for _, ref := range n.Refs {
		repository, number, _ := strings.Cut(ref, "#")
		if pr, err := strconv.Atoi(number); err == nil && strings.EqualFold(repository, s.Repository) {
			n.PRs = append(slices.Clip(n.PRs), pr)
		} else {
			others = append(others, ref)
		}
	}
	n.Refs = others
	return n
}

// firstVersions tells of each pull request the earliest pre-release of the same release, before version, whose
// notes name it.
func firstVersions(f changelog.File, version string) map[int]string {
	base := func(v string) string { b, _, _ := strings.Cut(v, "-"); return b }
	out := map[int]string{}
	for _, s := range f.Sections {
		if base(s.Version) != base(version) || semver.Compare("v"+s.Version, "v"+version) >= 0 {
			continue
		}
		for _, n := range s.Notes {
			for _, pr := range n.PRs {
				if out[pr] == "" || semver.Compare("v"+s.Version, "v"+out[pr]) < 0 {
					out[pr] = s.Version
				}
			}
		}
	}
	return out
}

// releasesAt are the releases there were, newest first, without their notes.
func releasesAt(at Commit) []snapshot.Release {
	until := at.AsOf
	for _, x := range at.Releases { // a tag's commit is hours older than its release
		if !until.IsZero() && x.Tag == at.Ref {
			until = x.PublishedAt
		}
	}
	var out []snapshot.Release
	for _, x := range at.Releases {
		if until.IsZero() || !x.PublishedAt.After(until) {
			out = append(out, snapshot.Release{
				Tag: x.Tag, URL: x.URL, Prerelease: x.Prerelease, Published: x.PublishedAt.UTC().Truncate(time.Second), State: snapshot.NotesUnread,
			})
		}
	}
	slices.SortStableFunc(out, snapshot.CompareReleases)
	return out
}

// withGone adds those that the last reading had and that are missing among those of their time.
func withGone(list []snapshot.Release, last *snapshot.ReleaseSet) []snapshot.Release {
	if last == nil {
		return list
	}
	oldest := list[len(list)-1].Published
	for _, x := range last.Releases {
		listed := slices.ContainsFunc(list, func(r snapshot.Release) bool { return r.Tag == x.Tag })
		if !listed && x.Published.After(oldest) {
			list = append(list, snapshot.Release{Tag: x.Tag, URL: x.URL, Prerelease: x.Prerelease, Published: x.Published, State: snapshot.NotesUnread, Gone: true})
		}
	}
	slices.SortStableFunc(list, snapshot.CompareReleases)
	return list
}

// newestStable is the highest stable version of a list, "" where there is none.
func newestStable(list []snapshot.Release) string {
	highest := ""
	for _, x := range list {
		if v := canonical(x.Tag); v != "" && semver.Prerelease(v) == "" && (highest == "" || semver.Compare(v, highest) > 0) {
			highest = v
		}
	}
	return strings.TrimPrefix(highest, "v")
}

// known is what the last reading had.
type known struct {
	releases   map[string]snapshot.Release // by tag
	inputs     map[string]string           // path to object id
	sameParser bool                        // what it has need not be read again
}

// lastNotes is nothing where the last reading was from another path.
func lastNotes(sec snapshot.Section, s Releases) known {
	k := known{releases: map[string]snapshot.Release{}, inputs: map[string]string{}, sameParser: sec.Parser == s.Parser()}
	if sec.Items.Releases == nil || sec.Setup != s.Setup() {
		return k
	}
	for _, x := range sec.Items.Releases.Releases {
		k.releases[x.Tag] = x
	}
	for _, o := range sec.Inputs {
		k.inputs[o.Path] = o.OID
	}
	return k
}

func (k known) hadNotes(file string) bool {
	for _, x := range k.releases {
		if x.File == file && x.State == snapshot.NotesRead {
			return true
		}
	}
	return false
}
