package kep_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/kep"
)

func proposal(path, number string, gates ...string) kep.Proposal {
	p := kep.Proposal{Path: path, Number: number}
	for _, g := range gates {
		p.Gates = append(p.Gates, kep.Gate{Name: g})
	}
	return p
}

func TestIndex(t *testing.T) {
	ps := []kep.Proposal{
		proposal("keps/sig-a/10-x", "10", "Shared", "OnlyTen"),
		proposal("keps/sig-a/9-x", "9", "shared"),
		proposal("keps/sig-a/2133-x", "2133", "Twice"),
		proposal("keps/sig-b/2133-x", "2133", "Twice"),
		proposal("keps/sig-a/2043-x", "1884"),
		proposal("keps/sig-a/0000-x", "", "Shared", "NoNumber"),
	}
	for range 2 {
		l := kep.Index(ps)
		for gate, want := range map[string][]string{
			"Shared":   {"9", "10"}, // by number, not by text; whatever the case
			"SHARED":   {"9", "10"},
			"Twice":    {"2133"},
			"NoNumber": nil,
			"Unknown":  nil,
		} {
			if got := l.Gate(gate); !slices.Equal(got, want) {
				t.Errorf("gate %s: %v, want %v", gate, got, want)
			}
		}
		for number, want := range map[string]string{
			"2133": "keps/sig-a/2133-x keps/sig-b/2133-x",
			"1884": "keps/sig-a/2043-x", // what the file says
			"2043": "keps/sig-a/2043-x", // and what the folder says
			"0010": "keps/sig-a/10-x",
			"0000": "",
			"7":    "",
		} {
			if got := paths(l.Number(number)); got != want {
				t.Errorf("number %s: %s, want %s", number, got, want)
			}
		}
		if got := paths(l.Listing("nonumber")); got != "keps/sig-a/0000-x" {
			t.Errorf("listing: %s", got)
		}
		slices.Reverse(ps)
	}
	var none kep.Lookup
	if none.Gate("x") != nil || none.Number("1") != nil {
		t.Error("a Lookup of nothing finds something")
	}
}

func paths(ps []kep.Proposal) string {
	var out []string
	for _, p := range ps {
		out = append(out, p.Path)
	}
	return strings.Join(out, " ")
}

func TestRenamed(t *testing.T) {
	const at = "keps/sig-a/1-x"
	for _, row := range []struct {
		what          string
		before, after kep.Proposal
		want          []kep.Rename
	}{
		{"one for one", proposal(at, "1", "OldName"), proposal(at, "1", "NewName"), []kep.Rename{{From: "OldName", To: "NewName"}}},
		{"one of several", proposal(at, "1", "A1b", "OldName"), proposal(at, "1", "NewName", "A1b"), []kep.Rename{{From: "OldName", To: "NewName"}}},
		{"the folder moved", proposal(at, "1", "OldName"), proposal("keps/sig-b/1-x", "1", "NewName"), []kep.Rename{{From: "OldName", To: "NewName"}}},
		{"without a number, by folder", proposal(at, "", "OldName"), proposal(at, "", "NewName"), []kep.Rename{{From: "OldName", To: "NewName"}}},
		{"nothing", proposal(at, "1", "OldName"), proposal(at, "1", "OldName"), nil},
		{"only the case", proposal(at, "1", "GateRBD"), proposal(at, "1", "GateRbd"), nil},
		{"dropped", proposal(at, "1", "OldName"), proposal(at, "1"), nil},
		{"added", proposal(at, "1"), proposal(at, "1", "NewName"), nil},
		{"split in two", proposal(at, "1", "OldName"), proposal(at, "1", "NewName", "NewerName"), nil},
		{"two became one", proposal(at, "1", "A1b", "B1b"), proposal(at, "1", "C1b"), nil},
		{"two for two: who is whose?", proposal(at, "1", "A1b", "B1b"), proposal(at, "1", "C1b", "D1b"), nil},
		{"another proposal", proposal(at, "1", "OldName"), proposal("keps/sig-b/2-x", "2", "NewName"), nil},
		{"two without a number", proposal(at, "", "OldName"), proposal("keps/sig-b/0000-x", "", "NewName"), nil},
	} {
		if diff := cmp.Diff(row.want, kep.Renamed(row.before, row.after)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.what, diff)
		}
	}
}
