package diff_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// g makes a gate from specs such as "1.33:alpha:off", "1.35:beta:on", "1.36:ga:on:locked".
func g(name string, specs ...string) gate.Gate {
	out := gate.Gate{
		Name: name, Const: name, Component: "kubernetes",
		Declared:   gate.Position{File: "pkg/features/kube_features.go", Line: 10},
		Registered: []gate.Registration{{Component: "kubernetes", File: "pkg/features/kube_features.go", Line: 20}},
	}
	for i, s := range specs {
		f := strings.Split(s, ":")
		out.Specs = append(out.Specs, gate.Spec{Since: f[0], Stage: gate.Stage(f[1]), Default: f[2] == "on", Locked: len(f) > 3, Line: 20 + i})
	}
	return out
}

func with(x gate.Gate, change func(*gate.Gate)) gate.Gate {
	change(&x)
	return x
}

func set(version string, gates ...gate.Gate) snapshot.GateSet {
	return snapshot.GateSet{Version: version, Gates: gates}
}

func TestGates(t *testing.T) {
	component := func(c string) func(*gate.Gate) {
		return func(x *gate.Gate) {
			x.Component, x.Registered = c, []gate.Registration{{Component: c, File: c + ".go", Line: 1}}
		}
	}
	tests := []struct {
		name   string
		before snapshot.GateSet
		after  snapshot.GateSet
		want   string // "ID kinds severity", one line each
	}{
		{"nothing", set("1.35", g("A", "1.33:alpha:off")), set("1.36", g("A", "1.33:alpha:off")), ""},
		{"new alpha", set("1.35"), set("1.36", g("A", "1.36:alpha:off")), "A gate.added fyi"},
		{"new beta", set("1.35"), set("1.36", g("A", "1.36:beta:on")), "A gate.added know"},
		{"a new key may start in the past", set("1.35"), set("1.36", g("A", "1.0:ga:on")), "A gate.added know"},
		{"promoted and on", set("1.35", g("A", "1.33:alpha:off")), set("1.36", g("A", "1.33:alpha:off", "1.36:beta:on")), "A gate.promoted+gate.default_changed know"},
		{"stable and locked", set("1.35", g("A", "1.33:beta:on")), set("1.36", g("A", "1.33:beta:on", "1.36:ga:on:locked")), "A gate.promoted+gate.locked know"},
		{"lock only", set("1.35", g("A", "1.33:ga:on")), set("1.36", g("A", "1.33:ga:on", "1.36:ga:on:locked")), "A gate.locked know"},
		{"locked to off", set("1.35", g("A", "1.33:deprecated:off")), set("1.36", g("A", "1.33:deprecated:off", "1.36:deprecated:off:locked")), "A gate.locked act"},
		{"unlocked", set("1.35", g("A", "1.33:ga:on:locked")), set("1.36", g("A", "1.33:ga:on:locked", "1.36:ga:on")), "A gate.unlocked know"},
		{"on to off", set("1.35", g("A", "1.33:beta:on")), set("1.36", g("A", "1.33:beta:on", "1.36:beta:off")), "A gate.default_changed act"},
		{"deprecated", set("1.35", g("A", "1.33:beta:on")), set("1.36", g("A", "1.33:beta:on", "1.36:deprecated:on")), "A gate.deprecated know"},
		{"taken back", set("1.35", g("A", "1.33:alpha:off", "1.35:beta:on")), set("1.35", g("A", "1.33:alpha:off")), "A gate.demoted+gate.default_changed act"},
		{"removed alpha", set("1.35", g("A", "1.33:alpha:off")), set("1.36"), "A gate.removed act"},
		{"removed three minors after its lock", set("1.35", g("A", "1.33:ga:on:locked")), set("1.36"), "A gate.removed know"},
		{"removed two minors after its lock", set("1.35", g("A", "1.34:ga:on:locked")), set("1.36"), "A gate.removed act"},
		{"removed, no versions, planned by comment", set("1.21", with(g("A", ":ga:on:locked"), func(x *gate.Gate) { x.RemoveIn = "1.22" })), set("1.22"), "A gate.removed know"},
		{"removed, no versions, no plan", set("1.21", g("A", ":ga:on:locked")), set("1.22"), "A gate.removed act"},
		{"a change of representation is none", set("1.31", g("A", ":beta:on")), set("1.32", g("A", "1.29:alpha:off", "1.31:beta:on")), ""},
		{"an alpha tag is its minor", set("v1.37.0-alpha.2", g("A", "1.37:alpha:off")), set("1.37", g("A", "1.37:alpha:off")), ""},
		{"moved to another file", set("1.35", g("A", "1.33:alpha:off")), set("1.36", with(g("A", "1.33:alpha:off"), func(x *gate.Gate) { x.Declared.File = "pkg/features/other.go" })), "A gate.moved fyi"},
		{"moved to another component", set("1.18", with(g("WinDSR", ":alpha:off"), component("apiserver"))), set("1.19", g("WinDSR", ":alpha:off")), "WinDSR gate.moved fyi"},
		{"a line is no move", set("1.35", g("A", "1.33:alpha:off")), set("1.36", with(g("A", "1.33:alpha:off"), func(x *gate.Gate) { x.Declared.Line = 99; x.Specs[0].Line = 99 })), ""},
		{"new constant, same string", set("1.15", g("A", ":beta:on")), set("1.16", with(g("A", ":beta:on"), func(x *gate.Gate) { x.Const = "OldA" })), "A gate.renamed fyi"},
		{"same constant, new string", set("1.23", with(g("csiX", ":alpha:off"), func(x *gate.Gate) { x.Const = "CSIX" })), set("1.24", with(g("CSIX", ":alpha:off"), func(x *gate.Gate) { x.Const = "CSIX" })), "CSIX gate.renamed act"},
		{"past rewritten", set("1.35", g("A", "1.33:alpha:off", "1.34:beta:on")), set("1.36", g("A", "1.33:alpha:on", "1.34:beta:on")), "A gate.history_rewritten fyi"},
		{"a first row put before", set("1.32", g("A", "1.31:deprecated:off")), set("1.33", g("A", "1.0:ga:on", "1.31:deprecated:off")), "A gate.history_rewritten fyi"},
		{"a lock put into the past is told as both", set("1.35", g("A", "1.32:ga:on")), set("1.36", g("A", "1.32:ga:on:locked")), "A gate.locked+gate.history_rewritten know"},
		{"the running version is still being written", set("1.37", g("A", "1.37:alpha:off")), set("1.37", g("A", "1.37:beta:off")), "A gate.promoted know"},
		{"scheduled", set("1.36", g("A", "1.35:alpha:off")), set("1.36", g("A", "1.35:alpha:off", "1.37:beta:on")), "A gate.scheduled fyi"},
		{"new and only scheduled", set("1.36"), set("1.36", g("A", "1.37:alpha:off")), "A gate.scheduled fyi"},
		{"a schedule that comes true is told", set("1.36", g("A", "1.35:alpha:off", "1.37:beta:on")), set("1.37", g("A", "1.35:alpha:off", "1.37:beta:on")), "A gate.promoted+gate.default_changed know"},
		{"dependency added", set("1.35", with(g("A", "1.33:alpha:off"), func(x *gate.Gate) { x.DependsOn = []string{} })), set("1.36", with(g("A", "1.33:alpha:off"), func(x *gate.Gate) { x.DependsOn = []string{"B"} })), "A gate.dependencies_changed fyi"},
		{"dependencies first declared are no change", set("1.34", g("A", "1.33:alpha:off")), set("1.35", with(g("A", "1.33:alpha:off"), func(x *gate.Gate) { x.DependsOn = []string{"B"} })), ""},
		{"unread is not removed", set("1.35", g("A", "1.33:alpha:off")), snapshot.GateSet{Version: "1.36", Unread: []string{"A"}}, ""},
		{"first reading of an unread gate is no news", snapshot.GateSet{Version: "1.35", Unread: []string{"A"}}, set("1.36", g("A", "1.33:alpha:off")), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var lines []string
			for _, c := range diff.Gates(tt.before, tt.after) {
				kinds := make([]string, len(c.Kinds))
				for i, k := range c.Kinds {
					kinds[i] = string(k)
				}
				lines = append(lines, fmt.Sprintf("%s %s %s", c.ID, strings.Join(kinds, "+"), c.Severity))
			}
			if got := strings.Join(lines, "\n"); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func section(set snapshot.GateSet, status snapshot.Status) *snapshot.Snapshot {
	return &snapshot.Snapshot{Upstreams: []snapshot.Upstream{{Name: "kubernetes", Sections: []snapshot.Section{
		{Source: "gates", Status: status, Parser: 1, Items: snapshot.Items{Gates: &set}},
	}}}}
}

func TestWatchedChangesAreActedOn(t *testing.T) {
	kep := func(x *gate.Gate) { x.KEPs = []string{"2411"} }
	before := section(set("1.35", g("A", "1.33:alpha:off"), with(g("B", "1.33:alpha:off"), kep), g("C", "1.33:alpha:off")), snapshot.Complete)
	after := section(set("1.36", g("A", "1.33:alpha:off", "1.36:beta:off"), with(g("B", "1.33:alpha:off", "1.36:beta:off"), kep), g("C", "1.33:alpha:off", "1.36:beta:off")), snapshot.Complete)
	res := diff.Compare(before, after, diff.Options{Watch: diff.Watch{Gates: []string{"a"}, KEPs: []string{"2411"}}})
	got := map[string]string{}
	for _, c := range res[0].Changes {
		got[c.ID] = string(c.Severity) + " " + c.MineBecause
	}
	want := map[string]string{"A": "act gate a", "B": "act KEP 2411", "C": "know "}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestNewSectionsAndParsersAreBaselines(t *testing.T) {
	cur := section(set("1.36", g("A", "1.33:alpha:off")), snapshot.Complete)
	old := section(set("1.35"), snapshot.Complete)
	old.Upstreams[0].Sections[0].Parser = 0
	for name, base := range map[string]*snapshot.Snapshot{"nothing": nil, "other parser": old, "other upstream": {Upstreams: []snapshot.Upstream{{Name: "kueue"}}}} {
		res := diff.Compare(base, cur, diff.Options{})[0]
		if len(res.Changes) != 0 || !res.Sections[0].Baseline || res.Sections[0].Items != 1 {
			t.Errorf("%s: %d changes, baseline %v, %d items; want none, true, 1", name, len(res.Changes), res.Sections[0].Baseline, res.Sections[0].Items)
		}
	}
}

// release is a release of the real table as a set of gates.
func release(tb testing.TB, name string) snapshot.GateSet {
	tb.Helper()
	table, err := facts.Load()
	if err != nil {
		tb.Fatal(err)
	}
	out := snapshot.GateSet{Version: strings.TrimPrefix(name, "v")}
	for _, r := range table.Rows(name) {
		x := gate.Gate{Name: r.Gate, Const: r.Const, Component: r.Component, Specs: r.Specs, RemoveIn: r.RemoveIn, KEPs: r.KEPs}
		for _, c := range r.RegisteredIn {
			x.Registered = append(x.Registered, gate.Registration{Component: c})
		}
		out.Gates = append(out.Gates, x)
	}
	return out
}

var releases = []string{"v1.20", "v1.24", "v1.28", "v1.30", "v1.31", "v1.32", "v1.33", "v1.34", "v1.35", "v1.36"}

func TestRealReleases(t *testing.T) {
	for i, name := range releases {
		a := release(t, name)
		if c := diff.Gates(a, a); len(c) != 0 {
			t.Errorf("%s with itself: %d changes", name, len(c))
		}
		for _, later := range releases[i+1:] {
			b := release(t, later)
			changes := diff.Gates(a, b)
			if d := cmp.Diff(names(b), names(apply(a, changes))); d != "" {
				t.Errorf("%s to %s: applying the changes does not give the later release: %s", name, later, d)
			}
			shuffled := snapshot.GateSet{Version: b.Version, Gates: slices.Clone(b.Gates)}
			rand.New(rand.NewPCG(1, 2)).Shuffle(len(shuffled.Gates), func(i, j int) {
				shuffled.Gates[i], shuffled.Gates[j] = shuffled.Gates[j], shuffled.Gates[i]
			})
			if d := cmp.Diff(changes, diff.Gates(a, shuffled)); d != "" {
				t.Errorf("%s to %s: order of input changes the result: %s", name, later, d)
			}
		}
	}
	acts := 0
	for _, c := range diff.Gates(release(t, "v1.35"), release(t, "v1.36")) {
		if c.Severity == diff.Act {
			acts++
		}
	}
	if acts == 0 || acts > 15 {
		t.Errorf("v1.35 to v1.36 has %d changes to act on; at most 15, or nobody reads them", acts)
	}
}

func apply(a snapshot.GateSet, changes []diff.Change) snapshot.GateSet {
	have := map[string]gate.Gate{}
	for _, x := range a.Gates {
		have[x.Key()] = x
	}
	for _, c := range changes {
		if c.Gate.Before != nil {
			delete(have, c.Gate.Before.Key())
		}
		if c.Gate.After != nil {
			have[c.Gate.After.Key()] = *c.Gate.After
		}
	}
	var out snapshot.GateSet
	for _, x := range have {
		out.Gates = append(out.Gates, x)
	}
	return out
}

func names(s snapshot.GateSet) []string {
	var out []string
	for _, x := range s.Gates {
		e, _ := x.Effective(s.Version)
		out = append(out, fmt.Sprint(x.Name, " ", e.Stage, e.Default, e.Locked))
	}
	slices.Sort(out)
	return out
}

func TestLayoutGuard(t *testing.T) {
	many := func(n int) snapshot.GateSet {
		s := snapshot.GateSet{Version: "1.36"}
		for i := range n {
			s.Gates = append(s.Gates, g(fmt.Sprintf("G%d", i), "1.33:alpha:off"))
		}
		return s
	}
	for _, tt := range []struct {
		before, after int
		want          bool
	}{{20, 15, false}, {20, 14, true}, {4, 0, false}, {5, 0, true}, {200, 150, false}, {200, 149, true}, {10, 20, false}} {
		if got := diff.LooksLikeLayoutChange(many(tt.before), many(tt.after)) != ""; got != tt.want {
			t.Errorf("from %d to %d gates: guard %v, want %v", tt.before, tt.after, got, tt.want)
		}
	}
}

func BenchmarkCompare(b *testing.B) {
	before, after := section(release(b, "v1.35"), snapshot.Complete), section(release(b, "v1.36"), snapshot.Complete)
	b.ReportAllocs()
	for b.Loop() {
		diff.Compare(before, after, diff.Options{})
	}
}
