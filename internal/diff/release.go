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
func Releases(before, after snapshot.ReleaseSet) []Change {
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
		case known && was.State == snapshot.NotesPending && r.State == snapshot.NotesRead:
			kind = ReleaseNotes
		case known:
			continue
		}
		fresh = append(fresh, Change{Source: snapshot.SourceReleases, Kinds: []Kind{kind}, ID: r.Tag, Release: &ReleaseChange{Release: r}})
	}
	isFresh := func(version string) bool {
		return slices.ContainsFunc(fresh, func(c Change) bool { return versionOf(c.ID) == version })
	}
	for i := range fresh {
		rc := fresh[i].Release
		inFinal := map[int]bool{}
		if rc.Release.Prerelease {
			inFinal = finalNotes(fresh, rc.Release.Tag)
		}
		for _, n := range rc.Release.Notes {
			switch {
			case slices.ContainsFunc(n.PRs, func(pr int) bool { return inFinal[pr] }):
				rc.InFinal++
			case n.First != "" && !isFresh(n.First) && (rc.Release.Prerelease || !n.ActionRequired):
				rc.Before++
			default:
				rc.Notes = append(rc.Notes, ReleaseNote{Note: n})
			}
		}
		fresh[i].Severity, fresh[i].Why = releaseSeverity(*rc)
	}
	slices.SortFunc(fresh, func(a, b Change) int { return cmp.Compare(a.ID, b.ID) })
	return fresh
}

// finalNotes are the pull requests in the notes of the final release of a pre-release, where that is new too.
func finalNotes(fresh []Change, prerelease string) map[int]bool {
	final, _, _ := strings.Cut(prerelease, "-")
	out := map[int]bool{}
	for _, c := range fresh {
		if c.ID != final {
			continue
		}
		for _, n := range c.Release.Release.Notes {
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
	case r.Release.Prerelease:
		return FYI, "it is a pre-release"
	}
	return Know, "it is a release"
}
