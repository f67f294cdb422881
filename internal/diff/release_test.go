package diff_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// rel makes a release of a day of 2026, with notes such as "#12", "#12,13", "#12 1.36.0-alpha.1" (it stood there
// first), "#12 !" (asks for action) or "words" (no pull request). Without "read" they are pending.
func rel(tag string, day int, notes ...string) snapshot.Release {
	r := snapshot.Release{
		Tag: tag, Prerelease: strings.Contains(tag, "-"), State: snapshot.NotesRead,
		Published: time.Date(2026, 1, day, 0, 0, 0, 0, time.UTC),
	}
	for i, s := range notes {
		n := snapshot.Note{}
		n.Text, n.Line = fmt.Sprintf("Note %d of %s: %s", i, tag, s), i+1
		for _, f := range strings.Fields(s) {
			switch {
			case strings.HasPrefix(f, "#"):
				for p := range strings.SplitSeq(f[1:], ",") {
					var pr int
					fmt.Sscan(p, &pr)
					n.PRs = append(n.PRs, pr)
				}
			case f == "!":
				n.ActionRequired = true
			case f[0] >= '0' && f[0] <= '9':
				n.First = f
			}
		}
		r.Notes = append(r.Notes, n)
	}
	return r
}

func in(state snapshot.NotesState, r snapshot.Release) snapshot.Release {
	r.State, r.Notes = state, nil
	return r
}

func list(rs ...snapshot.Release) snapshot.ReleaseSet { return snapshot.ReleaseSet{Releases: rs} }

// told renders changes of releases: "v1.36.0 release.published know: notes 0 2, final 1, before 1".
func told(changes []diff.Change) string {
	var out []string
	for _, c := range changes {
		var at []string
		for _, n := range c.Release.Notes {
			at = append(at, fmt.Sprint(n.Line))
		}
		out = append(out, fmt.Sprintf("%s %s %s: %s; final %d, before %d", c.ID, c.Kinds[0], c.Severity, strings.Join(at, " "), c.Release.InFinal, c.Release.Before))
	}
	return strings.Join(out, "\n")
}

func TestReleases(t *testing.T) {
	old := rel("v1.35.0", 1, "#1")
	unread := func(r snapshot.Release) snapshot.Release { return in(snapshot.NotesUnread, r) }
	pending := func(r snapshot.Release) snapshot.Release { return in(snapshot.NotesPending, r) }
	marked := rel("v1.36.0", 3, "#7")
	marked.Prerelease = true
	tests := []struct {
		name          string
		before, after snapshot.ReleaseSet
		want          string
	}{
		{"nothing", list(old), list(old), ""},
		{"new", list(old), list(rel("v1.35.1", 2, "#2", "words"), old), "v1.35.1 release.published know: 1 2; final 0, before 0"},
		{"one that left the window, and one older than the window", list(old, rel("v1.34.0", 1)), list(old, unread(rel("v1.30.0", 0))), ""},
		{"deleted", list(rel("v1.35.1", 2), old), list(old), ""},
		{"published anew", list(rel("v1.35.1", 2), old), list(rel("v1.35.1", 9, "#3"), old), ""},
		{"without notes", list(old), list(pending(rel("v1.35.1", 2)), old), "v1.35.1 release.published know: ; final 0, before 0"},
		{"notes a day later", list(pending(rel("v1.35.1", 2)), old), list(rel("v1.35.1", 2, "#2"), old), "v1.35.1 release.notes know: 1; final 0, before 0"},
		{"notes of what nobody looked at", list(unread(rel("v1.35.1", 2))), list(rel("v1.35.1", 2, "#2")), ""},
		{"notes that are gone", list(rel("v1.35.1", 2, "#2")), list(pending(rel("v1.35.1", 2))), ""},
		{"pre-release and final in one digest", list(old), list(rel("v1.36.0", 3, "#2 1.36.0-alpha.1", "#3"), rel("v1.36.0-alpha.1", 2, "#2", "#4"), old),
			"v1.36.0 release.published know: 1 2; final 0, before 0\nv1.36.0-alpha.1 release.published fyi: 2; final 1, before 0"},
		{"in two", list(rel("v1.36.0-alpha.1", 2, "#2"), old), list(rel("v1.36.0", 3, "#2 1.36.0-alpha.1", "#3"), rel("v1.36.0-alpha.1", 2, "#2"), old),
			"v1.36.0 release.published know: 2; final 0, before 1"},
		{"in two, and it asks for action", list(rel("v1.36.0-alpha.1", 2, "#2 !"), old), list(rel("v1.36.0", 3, "#2 1.36.0-alpha.1 !"), rel("v1.36.0-alpha.1", 2, "#2 !"), old),
			"v1.36.0 release.published act: 1; final 0, before 0"},
		{"a second pre-release that the final repeats, of what the first had told", list(rel("v1.36.0-alpha.1", 2, "#2"), old),
			list(rel("v1.36.0", 4, "#2 1.36.0-alpha.1"), rel("v1.36.0-alpha.2", 3, "#2 1.36.0-alpha.1"), rel("v1.36.0-alpha.1", 2, "#2"), old),
			"v1.36.0 release.published know: ; final 0, before 1\nv1.36.0-alpha.2 release.published fyi: ; final 0, before 1"},
		{"two pre-releases with the same", list(old), list(rel("v1.36.0-alpha.2", 3, "#2 1.36.0-alpha.1"), rel("v1.36.0-alpha.1", 2, "#2"), old),
			"v1.36.0-alpha.1 release.published fyi: 1; final 0, before 0\nv1.36.0-alpha.2 release.published fyi: ; final 0, before 1"},
		{"the first was not read", list(old), list(rel("v1.36.0-alpha.2", 3, "#2 1.36.0-alpha.1"), unread(rel("v1.36.0-alpha.1", 2)), old),
			"v1.36.0-alpha.1 release.published fyi: ; final 0, before 0\nv1.36.0-alpha.2 release.published fyi: 1; final 0, before 0"},
		{"the final has no notes yet", list(old), list(pending(rel("v1.36.0", 3)), rel("v1.36.0-rc.0", 2, "#2"), old),
			"v1.36.0 release.published know: ; final 0, before 0\nv1.36.0-rc.0 release.published fyi: 1; final 0, before 0"},
		{"a final marked as a pre-release by mistake", list(old), list(marked, old), "v1.36.0 release.published fyi: 1; final 0, before 0"},
		{"the same fix in two patches", list(old), list(rel("v1.35.1", 2, "#20"), rel("v1.34.5", 2, "#21"), old),
			"v1.34.5 release.published know: 1; final 0, before 0\nv1.35.1 release.published know: 1; final 0, before 0"},
		{"the first there ever was", list(), list(rel("v0.1.0", 2, "#2")), "v0.1.0 release.published know: 1; final 0, before 0"},
	}
	for _, tt := range tests {
		if d := cmp.Diff(tt.want, told(diff.Releases(tt.before, tt.after))); d != "" {
			t.Errorf("%s:\n%s", tt.name, d)
		}
	}
}

// someReleases is a list of so many releases of one minor, as chance has it.
func someReleases(rnd *rand.Rand, n int) snapshot.ReleaseSet {
	var tags, out = []string{}, snapshot.ReleaseSet{}
	for i := range n {
		tag := fmt.Sprintf("v1.%d.0", i/3)
		if i%3 < 2 {
			tag += fmt.Sprintf("-alpha.%d", i%3+1)
		}
		tags = append(tags, tag)
	}
	first := map[int]string{}
	for i, tag := range tags {
		var notes []string
		for range rnd.IntN(6) {
			pr := i/3*100 + rnd.IntN(8)
			s := fmt.Sprintf("#%d %s", pr, first[pr])
			if rnd.IntN(5) == 0 {
				s += " !"
			}
			notes = append(notes, s)
		}
		r := rel(tag, i+1, notes...)
		for _, n := range r.Notes {
			for _, pr := range n.PRs {
				if first[pr] == "" && r.Prerelease {
					first[pr] = tag[1:]
				}
			}
		}
		switch rnd.IntN(8) {
		case 0:
			r = in(snapshot.NotesPending, r)
		case 1:
			r = in(snapshot.NotesUnread, r)
		}
		out.Releases = append(out.Releases, r)
	}
	return out
}

// TestEveryNoteIsToldOnce: whatever is new, each note of it is told, or told in the words of the final release, or
// stood in an earlier one; and what is said to be told elsewhere is told there.
func TestEveryNoteIsToldOnce(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		after := someReleases(rnd, 1+rnd.IntN(9))
		before := list(after.Releases[:rnd.IntN(len(after.Releases)+1)]...)
		if d := cmp.Diff("", told(diff.Releases(after, after))); d != "" {
			t.Fatalf("with itself: %s", d)
		}
		changes := diff.Releases(before, after)
		shuffled := list(slices.Clone(after.Releases)...)
		rnd.Shuffle(len(shuffled.Releases), func(i, j int) {
			shuffled.Releases[i], shuffled.Releases[j] = shuffled.Releases[j], shuffled.Releases[i]
		})
		if d := cmp.Diff(changes, diff.Releases(before, shuffled)); d != "" {
			t.Fatalf("order of input changes the result: %s", d)
		}
		tells := map[int]int{} // by pull request, in this digest
		for _, c := range changes {
			r := c.Release
			if len(r.Notes)+r.InFinal+r.Before != len(r.Release.Notes) {
				t.Fatalf("%s: %d told, %d in the final and %d before are not %d", c.ID, len(r.Notes), r.InFinal, r.Before, len(r.Release.Notes))
			}
			for _, n := range r.Notes {
				tells[n.PRs[0]]++
			}
		}
		for _, c := range changes {
			for _, n := range c.Release.Release.Notes {
				stood := slices.ContainsFunc(before.Releases, func(r snapshot.Release) bool { return r.Tag == "v"+n.First })
				if tells[n.PRs[0]] == 0 && !stood {
					t.Fatalf("the note of #%d in %s is told nowhere, today or before:\n%s", n.PRs[0], c.ID, told(changes))
				}
			}
		}
	}
}

// TestNotesJoinTheirGates: a note is told with the gate it names, where that is told, and else with its release.
func TestNotesJoinTheirGates(t *testing.T) {
	of := func(gates snapshot.GateSet, releases snapshot.ReleaseSet) *snapshot.Snapshot {
		return &snapshot.Snapshot{Upstreams: []snapshot.Upstream{{Name: "kubernetes", Sections: []snapshot.Section{
			{Source: snapshot.SourceGates, Status: snapshot.Complete, Items: snapshot.Items{Gates: &gates}},
			{Source: snapshot.SourceReleases, Status: snapshot.Complete, Items: snapshot.Items{Releases: &releases}},
		}}}}
	}
	kubelet := with(g("NodeThing", "1.35:alpha:off", "1.36:beta:on"), func(x *gate.Gate) {
		x.Component, x.Registered = "kubelet", []gate.Registration{{Component: "kubelet"}}
	})
	was := with(kubelet, func(x *gate.Gate) { x.Specs = x.Specs[:1] })
	r := rel("v1.36.0", 3, "#1 NodeThing is on. !", "#2 NodeThing again.", "#3 something else")
	base, current := of(set("1.35", was), list(rel("v1.35.0", 1))), of(set("1.36", kubelet), list(r))
	for _, tt := range []struct {
		name   string
		filter diff.Filter
		want   string // id, severity, notes by number, of these with a gate
	}{
		{"all", diff.Filter{}, "NodeThing act 2; v1.36.0 know 3 2"},
		{"only what to act on", diff.Filter{Severities: []diff.Severity{diff.Act}}, "NodeThing act 2"},
		{"other components", diff.Filter{Components: []string{"apiserver"}}, "v1.36.0 act 3 0"},
		{"what to act on of other components", diff.Filter{Components: []string{"apiserver"}, Severities: []diff.Severity{diff.Act}}, "v1.36.0 act 3 0"},
	} {
		var got []string
		for _, c := range diff.Compare(base, current, diff.Options{Filter: tt.filter})[0].Changes {
			if c.Gate != nil {
				got = append(got, fmt.Sprint(c.ID, " ", c.Severity, " ", len(c.Gate.Notes)))
				continue
			}
			joined := 0
			for _, n := range c.Release.Notes {
				joined += min(1, len(n.Gates))
			}
			got = append(got, fmt.Sprint(c.ID, " ", c.Severity, " ", len(c.Release.Notes), " ", joined))
		}
		if d := cmp.Diff(tt.want, strings.Join(got, "; ")); d != "" {
			t.Errorf("%s: %s", tt.name, d)
		}
	}
}

// TestDataOfNotes: what the data files say counts as if it stood in the notes.
func TestDataOfNotes(t *testing.T) {
	of := func(data snapshot.NoteDataSet, releases ...snapshot.Release) *snapshot.Snapshot {
		set := list(releases...)
		return &snapshot.Snapshot{Upstreams: []snapshot.Upstream{{Name: "kubernetes", Sections: []snapshot.Section{
			{Source: snapshot.SourceReleases, Status: snapshot.Complete, Items: snapshot.Items{Releases: &set}},
			{Source: snapshot.SourceNoteData, Status: snapshot.Complete, Items: snapshot.Items{NoteData: &data}},
		}}}}
	}
	alpha := rel("v1.36.0-alpha.1", 2, "#2")
	data := snapshot.NoteDataSet{Notes: []snapshot.NoteData{{PR: 2, ActionRequired: true, KEPs: []string{"1234"}, SIGs: []string{"node"}}}}
	got := diff.Compare(of(snapshot.NoteDataSet{}, alpha), of(data, rel("v1.36.0", 3, "#2 1.36.0-alpha.1", "#3"), alpha), diff.Options{})[0].Changes
	if d := cmp.Diff("v1.36.0 release.published act: 1 2; final 0, before 0", told(got)); d != "" {
		t.Fatal(d)
	}
	n := got[0].Release.Notes[0]
	if !n.ActionRequired || !slices.Equal(n.KEPs, []string{"1234"}) || !slices.Equal(n.SIGs, []string{"node"}) {
		t.Errorf("the note lacks what the data says: %+v", n)
	}
	if got := diff.Compare(of(snapshot.NoteDataSet{}, alpha), of(data, alpha), diff.Options{})[0].Changes; len(got) > 0 {
		t.Errorf("data alone is told: %s", told(got))
	}
}
