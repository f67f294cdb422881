package changelog_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/changelog"
)

// TestTellOnce tells the same releases in every order that a reader can meet them.
func TestTellOnce(t *testing.T) {
	all := parse(t, "told.md").Sections // 1.90.1, 1.90.0, -rc.0, -alpha.1
	patch, final, rc, alpha := all[0], all[1], all[2], all[3]
	for _, tc := range []struct {
		name        string
		told, fresh []changelog.Section
		want        []string
	}{
		{"the first pre-release", nil, []changelog.Section{alpha}, []string{
			"1.90.0-alpha.1: new 97001 97004 97005 97006"}},
		{"the final after its pre-releases", []changelog.Section{rc, alpha}, []changelog.Section{final}, []string{
			"1.90.0: new 97003; known 97001 in 1.90.0-alpha.1 reworded, 97002 in 1.90.0-rc.0, 97004+97005 in 1.90.0-alpha.1 reworded; gone 97006 in 1.90.0-alpha.1"}},
		{"all at once", nil, all, []string{
			"1.90.1: new 98001",
			"1.90.0: new 97001 97002 97003 97004+97005; gone 97006 in 1.90.0-alpha.1",
			"1.90.0-rc.0: later 97002 in 1.90.0",
			"1.90.0-alpha.1: new 97006; later 97001 in 1.90.0 reworded, 97004 in 1.90.0 reworded, 97005 in 1.90.0 reworded"}},
		{"the final with what was missed in between", []changelog.Section{alpha}, []changelog.Section{final, rc}, []string{
			"1.90.0: new 97002 97003; known 97001 in 1.90.0-alpha.1 reworded, 97004+97005 in 1.90.0-alpha.1 reworded; gone 97006 in 1.90.0-alpha.1",
			"1.90.0-rc.0: later 97002 in 1.90.0"}},
		{"a patch release", []changelog.Section{final, rc, alpha}, []changelog.Section{patch}, []string{"1.90.1: new 98001"}},
		{"nothing", all, nil, nil},
		{"half of what is one in the final", []changelog.Section{{Version: "1.90.0-beta.0", Notes: alpha.Notes[1:2]}}, []changelog.Section{final}, []string{
			"1.90.0: new 97001 97002 97003 97004+97005"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			for _, n := range changelog.TellOnce(tc.told, tc.fresh) {
				got = append(got, told(n))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func told(n changelog.News) string {
	name := func(n changelog.Note) string {
		return strings.ReplaceAll(strings.Trim(fmt.Sprint(n.PRs), "[]"), " ", "+")
	}
	var parts, names []string
	for _, note := range n.New {
		names = append(names, name(note))
	}
	if len(names) > 0 {
		parts = append(parts, "new "+strings.Join(names, " "))
	}
	for _, group := range []struct {
		word string
		met  []changelog.Met
	}{{"known", n.Known}, {"later", n.Later}, {"gone", n.Gone}} {
		var names []string
		for _, m := range group.met {
			s := name(m.Note) + " in " + strings.Join(m.In, " ")
			if m.Reworded {
				s += " reworded"
			}
			names = append(names, s)
		}
		if len(names) > 0 {
			parts = append(parts, group.word+" "+strings.Join(names, ", "))
		}
	}
	return n.Version + ": " + strings.Join(parts, "; ")
}

// TestTellOnceLosesNothing: each note of a fresh section is in exactly one of its lists.
func TestTellOnceLosesNothing(t *testing.T) {
	for name := range corpus(t) {
		all := parse(t, name).Sections
		for cut := range len(all) + 1 {
			for i, n := range changelog.TellOnce(all[cut:], all[:cut]) {
				if got := len(n.New) + len(n.Known) + len(n.Later); got != len(all[i].Notes) {
					t.Errorf("%s: %s: %d of %d notes", name, n.Version, got, len(all[i].Notes))
				}
			}
		}
	}
}

// TestTellOnceWithoutPullRequests: there the words are what is the same.
func TestTellOnceWithoutPullRequests(t *testing.T) {
	note := func(text string) []changelog.Note { return []changelog.Note{{Text: text, Line: 1}} }
	news := changelog.TellOnce([]changelog.Section{{Version: "1.5.0-beta.1", Notes: note("Widgets stick.")}},
		[]changelog.Section{{Version: "1.5.0", Notes: append(note("Widgets stick."), note("Widgets rust.")...)}})
	if len(news[0].Known) != 1 || len(news[0].New) != 1 || news[0].New[0].Text != "Widgets rust." || len(news[0].Gone) != 0 {
		t.Errorf("%+v", news)
	}
}
