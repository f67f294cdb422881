package diff

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/snapshot"
)

// ReleaseChange is a release that was published, or whose notes came later than it did.
type ReleaseChange struct {
	// Release is as it is now. Its Notes are all there are; ReleaseChange.Notes are those to be told.
	Release snapshot.Release
	// Notes are new to the reader, in the file's order. Urgent ones of a final release are among them even where
	// a pre-release had them.
	Notes []ReleaseNote
	// Before counts the notes that stood in the notes of a pre-release from before the time compared.
	Before int
	// InFinal counts the notes of a pre-release that are told with the final release, in its words.
	InFinal int
	// Earlier are those that Before counts.
	Earlier []snapshot.Note
}

// ReleaseNote is a note that is told.
type ReleaseNote struct {
	snapshot.Note
	// Gates are the gates named in it that changed: it is told with them.
	Gates []string
}

// Urgent are the notes by which something breaks unless the reader acts, but for those that are told with a
// gate.
func (r ReleaseChange) Urgent() []ReleaseNote {
	var out []ReleaseNote
	for _, n := range r.Notes {
		if n.ActionRequired && len(n.Gates) == 0 {
			out = append(out, n)
		}
	}
	return out
}

// Releases compares two lists of releases. Old releases that only one side still lists are no change.
func Releases(before, after snapshot.ReleaseSet) []Change { return releases(before, after, nil) }

// releases is Releases with what data files say of the notes.
func releases(before, after snapshot.ReleaseSet, data *snapshot.NoteDataSet) []Change {
	old := map[string]snapshot.Release{}
	var oldest time.Time
	for _, r := range before.Releases {
		old[r.Tag] = r
		if oldest.IsZero() || r.Published.Before(oldest) {
			oldest = r.Published
		}
	}
	var fresh []Change
	for _, r := range after.Releases {
		was, known := old[r.Tag]
		kind := ReleasePublished
		switch {
		case !known && r.Published.Before(oldest): // it was beyond the end of the old list
			continue
		case known && !r.Gone && was.State == snapshot.NotesPending && r.State == snapshot.NotesRead:
			kind = ReleaseNotes
		case known || r.Gone:
			continue
		}
		fresh = append(fresh, Change{Source: snapshot.SourceReleases, Kinds: []Kind{kind}, ID: r.Tag, Release: &ReleaseChange{Release: r}})
	}
	slices.SortFunc(fresh, func(a, b Change) int { return cmp.Compare(a.ID, b.ID) })
	enrich := enricher(data)
	for i := range fresh {
		rc := fresh[i].Release
		inFinal := toldInFinal(fresh, rc.Release.Tag, enrich)
		for _, n := range rc.Release.Notes {
			n = enrich(n)
			switch {
			case slices.ContainsFunc(n.PRs, func(pr int) bool { return inFinal[pr] }):
				rc.InFinal++
			case stoodBefore(fresh, rc.Release, n):
				rc.Before++
				rc.Earlier = append(rc.Earlier, n)
			default:
				rc.Notes = append(rc.Notes, ReleaseNote{Note: n})
			}
		}
		fresh[i].Severity, fresh[i].Why = releaseSeverity(*rc)
	}
	return fresh
}

// isPre reports whether a release is one on the way to another. Its tag tells; the mark that upstream sets by
// hand may be wrong.
func isPre(tag string) bool { return strings.Contains(tag, "-") }

// stoodBefore reports whether a note is told with an earlier pre-release, or was. A final release repeats what
// asks for action, and has the last word on what its pre-releases in the same digest say.
func stoodBefore(fresh []Change, r snapshot.Release, n snapshot.Note) bool {
	if n.First == "" {
		return false
	}
	i := slices.IndexFunc(fresh, func(c Change) bool { return versionOf(c.ID) == n.First })
	switch {
	case i >= 0 && fresh[i].Release.Release.State != snapshot.NotesRead: // nobody tells it there
		return false
	case isPre(r.Tag):
		return true
	}
	return i < 0 && !n.ActionRequired
}

// toldInFinal are the pull requests of notes that are told with the final release of a pre-release, where that
// is new too.
func toldInFinal(fresh []Change, tag string, enrich func(snapshot.Note) snapshot.Note) map[int]bool {
	final, _, pre := strings.Cut(tag, "-")
	out := map[int]bool{}
	for _, c := range fresh {
		if !pre || c.ID != final {
			continue
		}
		for _, n := range c.Release.Release.Notes {
			if stoodBefore(fresh, c.Release.Release, enrich(n)) {
				continue
			}
			for _, pr := range n.PRs {
				out[pr] = true
			}
		}
	}
	return out
}

func versionOf(tag string) string { return strings.TrimPrefix(tag, "v") }

func releaseSeverity(r ReleaseChange) (Severity, string) {
	urgent := len(r.Urgent())
	switch {
	case len(r.Release.Advisories) > 0:
		return Act, "it mends a vulnerability"
	case urgent == 1:
		return Act, "one of its notes asks for action before the upgrade"
	case urgent > 1:
		return Act, fmt.Sprintf("%d of its notes ask for action before the upgrade", urgent)
	case r.Release.Prerelease || isPre(r.Release.Tag):
		return FYI, "it is a pre-release"
	}
	return Know, "it is a release"
}
