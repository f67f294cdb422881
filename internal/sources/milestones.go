package sources

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/cycle"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// Milestones collects the milestones of one upstream. They come with the heads. GitHub lists the open ones and a few of
// the closed, so those that were known and are not listed are kept where they were closed, and looked up where they were
// open: they may have been closed long ago by now, or deleted. Only what was looked up and is not there is left out.
type Milestones struct {
	Repository string // "kubernetes/kubernetes"
}

// milestoneParser rises whenever the same milestones would be read as other items.
const milestoneParser = 1

// milestoneFinder is a reader that looks milestones up by their numbers. The answer lacks those that were deleted.
type milestoneFinder interface {
	MilestonesByNumber(ctx context.Context, numbers []int) (map[int]repo.Milestone, error)
}

// Name is the section's name.
func (Milestones) Name() string { return snapshot.SourceMilestones }

// Parser is the number of what makes the items.
func (Milestones) Parser() int { return milestoneParser }

// Setup is the repository: another one has other milestones of the same numbers.
func (s Milestones) Setup() string { return s.Repository }

// Watch asks for the milestones.
func (Milestones) Watch(string) Watch { return Watch{Milestones: true, Present: true} }

// Collect takes the milestones that came with the head.
func (s Milestones) Collect(ctx context.Context, r repo.Reader, at Commit) (snapshot.Section, error) {
	set := &snapshot.MilestoneSet{Partial: at.Milestones.Partial}
	listed := map[int]bool{}
	for _, m := range at.Milestones.List {
		listed[m.Number] = true
		set.Milestones = append(set.Milestones, snapshot.Milestone(m))
	}
	var missing []int
	if last := at.Last.Items.Milestones; last != nil && at.Last.Setup == s.Setup() {
		for _, m := range last.Milestones {
			switch {
			case listed[m.Number]:
			case m.Closed:
				set.Milestones = append(set.Milestones, m)
			default:
				missing = append(missing, m.Number)
			}
		}
	}
	if len(missing) > 0 {
		finder, ok := r.(milestoneFinder)
		if !ok {
			return snapshot.Section{}, fmt.Errorf("%d milestones of %s are not listed any more, and this reader can't look them up", len(missing), s.Repository)
		}
		got, err := finder.MilestonesByNumber(ctx, missing)
		if err != nil {
			return snapshot.Section{}, fmt.Errorf("look up milestones that are not listed any more: %w", err)
		}
		for _, n := range missing {
			if m, there := got[n]; there {
				set.Milestones = append(set.Milestones, snapshot.Milestone(m))
			}
		}
	}
	slices.SortFunc(set.Milestones, func(a, b snapshot.Milestone) int { return a.Number - b.Number })
	sec := snapshot.Section{Source: s.Name(), Status: snapshot.Complete, Parser: s.Parser(), Ref: at.Ref, SHA: at.SHA, Items: snapshot.Items{Milestones: set}}
	if set.Partial {
		sec.Reason = fmt.Sprintf("more than %d are open, and those that are due last are not listed", len(at.Milestones.List)-closedIn(at.Milestones.List))
	}
	return sec, nil
}

func closedIn(list []repo.Milestone) int {
	n := 0
	for _, m := range list {
		if m.Closed {
			n++
		}
	}
	return n
}

// Reread can't: GitHub tells no milestones of the past.
func (Milestones) Reread(_ context.Context, _ repo.Reader, sec snapshot.Section) (snapshot.Section, error) {
	return sec, errors.New("milestones of the past can't be read")
}

// Cycle collects the dates of the release cycles that an upstream is in: of its version, of the next one, and of the one
// before, for upstream's branch stands for the next release weeks before the last one is out.
type Cycle struct {
	Repository string // "kubernetes/sig-release"
	// Path is the file of a minor version: "releases/release-{minor}/README.md".
	Path string
}

// Name is the section's name.
func (Cycle) Name() string { return snapshot.SectionCycle }

// Parser is the number of the parser behind the items.
func (Cycle) Parser() int { return cycle.ParserVersion }

// Setup is the place: in another one stand other dates.
func (s Cycle) Setup() string { return s.Repository + ":" + s.Path }

// Watch asks for the files of the version, of the one before and of the two after: one that turns up is watched before the
// code is of its minor. What was due in the past is told to nobody.
func (s Cycle) Watch(version string) Watch {
	return Watch{Repository: s.Repository, Paths: around(s.Path, version, 1, 2), Present: true}
}

// Collect reads the files that are there. One that is not is no fault: a cycle's file comes when the cycle begins. One
// that was there and is gone has its dates kept.
func (s Cycle) Collect(ctx context.Context, r repo.Reader, at Commit) (snapshot.Section, error) {
	sec := snapshot.Section{Source: s.Name(), Status: snapshot.Complete, Parser: s.Parser(), Ref: at.Ref, SHA: at.SHA}
	var absent []string
	for path, oid := range at.OIDs {
		if _, ok := s.minorOf(path); !ok {
			continue
		}
		if oid == "" {
			absent = append(absent, path)
			continue
		}
		sec.Inputs = append(sec.Inputs, snapshot.Object{Path: path, OID: oid})
	}
	slices.SortFunc(sec.Inputs, func(a, b snapshot.Object) int { return strings.Compare(a.Path, b.Path) })
	slices.Sort(absent)
	if len(sec.Inputs)+len(absent) == 0 {
		return snapshot.Section{}, &SkippedError{"the upstream's version, which says which cycle it is in, is not known; its gates or releases tell it"}
	}
	last := at.Last
	if last.Setup != s.Setup() {
		last = snapshot.Section{}
	}
	return s.read(ctx, r, sec, last, absent)
}

// Reread parses all recorded files once more.
func (s Cycle) Reread(ctx context.Context, r repo.Reader, sec snapshot.Section) (snapshot.Section, error) {
	last := sec
	last.Inputs = nil
	sec.Parser = s.Parser()
	var absent []string
	if sec.Items.Cycle != nil {
		for _, minor := range sec.Items.Cycle.Releases {
			if path := at(s.Path, minor); !slices.ContainsFunc(sec.Inputs, func(o snapshot.Object) bool { return o.Path == path }) {
				absent = append(absent, path)
			}
		}
	}
	return s.read(ctx, r, sec, last, absent)
}

// minorOf is the minor version that a path is the file of.
func (s Cycle) minorOf(path string) (string, bool) {
	before, after, found := strings.Cut(s.Path, minorPlace)
	if !found {
		return "", path == s.Path
	}
	rest, ok := strings.CutPrefix(path, before)
	if !ok {
		return "", false
	}
	minor, _, _ := strings.Cut(rest, "/")
	if after != "" && !strings.HasPrefix(after, "/") {
		minor = strings.TrimSuffix(rest, after)
	}
	return minor, at(s.Path, minor) == path && gate.MinorOf(minor) == minor && minor != ""
}

// read parses the inputs of sec. What last has of the same file is taken over, and where a date can't be made out, what
// last has of it is kept.
func (s Cycle) read(ctx context.Context, r repo.Reader, sec, last snapshot.Section, absent []string) (snapshot.Section, error) {
	before := last.Items.Cycle
	if before == nil {
		before = &snapshot.CycleSet{}
	}
	set := &snapshot.CycleSet{}
	var want []snapshot.Object
	for _, o := range sec.Inputs {
		minor, _ := s.minorOf(o.Path)
		if last.Parser != s.Parser() || !slices.Contains(last.Inputs, o) {
			want = append(want, o)
			continue
		}
		s.keep(set, before, o.Path, minor)
	}
	for _, path := range absent {
		minor, _ := s.minorOf(path)
		s.keep(set, before, path, minor)
		if len(deadlinesOf(before, minor)) > 0 {
			set.Diagnostics = slices.DeleteFunc(set.Diagnostics, func(d gate.Diagnostic) bool { return d.File == path })
			set.Diagnostics = append(set.Diagnostics, gate.Diagnostic{File: path, Message: fmt.Sprintf("the file is gone; the dates of %s are kept as they were", minor)})
		}
	}
	blobs, err := blobsOf(ctx, r, sec.SHA, want)
	if err != nil {
		return snapshot.Section{}, fmt.Errorf("read the dates of the release cycle: %w", err)
	}
	for _, b := range blobs {
		minor, _ := s.minorOf(b.Path)
		s.take(set, before, b, minor)
	}
	sec.Items.Cycle = set
	return sec, nil
}

// take adds what a file says of a release.
func (s Cycle) take(set, before *snapshot.CycleSet, b repo.Blob, minor string) {
	got, old := cycle.Parse(minor, b.Data), deadlinesOf(before, minor)
	for _, f := range got.Faults {
		set.Diagnostics = append(set.Diagnostics, gate.Diagnostic{File: b.Path, Line: f.Line, Message: f.Message})
	}
	set.Releases = append(set.Releases, minor)
	if len(got.Deadlines)+len(got.Unread) == 0 && len(old) > 0 {
		set.Deadlines = append(set.Deadlines, old...)
		set.Diagnostics = append(set.Diagnostics, gate.Diagnostic{File: b.Path, Message: fmt.Sprintf("no date is found in it any more; the dates of %s are kept as they were", minor)})
		return
	}
	for _, d := range got.Deadlines {
		set.Deadlines = append(set.Deadlines, snapshot.Deadline{Release: minor, Name: d.Name, At: d.At, Day: d.Day, File: b.Path, Line: d.Line})
	}
	for _, name := range got.Unread {
		if i := slices.IndexFunc(old, func(d snapshot.Deadline) bool { return d.Name == name }); i >= 0 {
			set.Deadlines = append(set.Deadlines, old[i])
			continue
		}
		set.Unread = append(set.Unread, snapshot.Deadline{Release: minor, Name: name}.Key())
	}
}

// keep takes over what was known of a release.
func (s Cycle) keep(set, before *snapshot.CycleSet, path, minor string) {
	set.Deadlines = append(set.Deadlines, deadlinesOf(before, minor)...)
	set.Releases = append(set.Releases, minor)
	for _, d := range before.Diagnostics {
		if d.File == path {
			set.Diagnostics = append(set.Diagnostics, d)
		}
	}
	for _, u := range before.Unread {
		if strings.HasPrefix(u, minor+" ") {
			set.Unread = append(set.Unread, u)
		}
	}
}

func deadlinesOf(set *snapshot.CycleSet, minor string) []snapshot.Deadline {
	var out []snapshot.Deadline
	for _, d := range set.Deadlines {
		if d.Release == minor {
			out = append(out, d)
		}
	}
	return out
}
