package snapshot_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/upstream-digest/bot/internal/changelog"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/golden"
	"github.com/upstream-digest/bot/internal/kep"
	"github.com/upstream-digest/bot/internal/snapshot"
)

func sample() *snapshot.Snapshot {
	zone := time.FixedZone("UTC+2", 2*60*60)
	return &snapshot.Snapshot{
		Seq:     7,
		TakenAt: time.Date(2026, 3, 1, 9, 30, 0, 123456789, zone),
		Upstreams: []snapshot.Upstream{{
			Name: "widgets", Repository: "acme/widgets", WebURL: "https://github.com/acme/widgets",
			Ref: "master", SHA: strings.Repeat("a1", 20), Version: "1.37",
			Sections: []snapshot.Section{
				{Source: snapshot.SourceReleases, Status: snapshot.Skipped, Reason: "offline", Failing: true, Parser: 1, Items: snapshot.Items{Releases: releases()}},
				{
					Source: snapshot.SourceProposals, Status: snapshot.Complete, Repository: "acme/proposals", Parser: 1,
					Ref: "HEAD", SHA: strings.Repeat("d4", 20), Items: snapshot.Items{Proposals: proposals()},
				},
				{Source: snapshot.SourceNoteData, Status: snapshot.Complete, Repository: "acme/releases", Parser: 1, Items: snapshot.Items{NoteData: &snapshot.NoteDataSet{
					Notes: []snapshot.NoteData{{File: "a.json", PR: 2}, {File: "a.json", PR: 12, KEPs: []string{"2411"}, ActionRequired: true}, {File: "b.json", PR: 1}},
				}}},
				{
					Source: snapshot.SourceGates, Status: snapshot.Complete, Parser: 1,
					Ref: "master", SHA: strings.Repeat("a1", 20), Version: "1.37",
					Watched:   []snapshot.Object{{Path: "pkg/features", OID: strings.Repeat("b2", 20)}, {Path: "gone"}},
					Inputs:    []snapshot.Object{{Path: "pkg/features/gates.go", OID: strings.Repeat("c3", 20)}},
					ReadAt:    time.Date(2026, 3, 1, 9, 29, 59, 0, zone),
					CurrentAt: time.Date(2026, 3, 1, 9, 30, 0, 0, zone), Setup: "0123456789abcdef",
					Items: snapshot.Items{Gates: gates()},
				},
			},
		}},
	}
}

func releases() *snapshot.ReleaseSet {
	day := time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC)
	return &snapshot.ReleaseSet{Releases: []snapshot.Release{
		{
			Tag: "v1.36.1", Published: day.AddDate(0, 0, 9), State: snapshot.NotesRead, File: "CHANGELOG/CHANGELOG-1.36.md", Line: 40,
			Notes: []snapshot.Note{{First: "1.36.1-rc.0", Note: changelog.Note{
				Text: "Widgets turn.", PRs: []int{12, 13}, Refs: []string{"acme/proposals#7"}, Author: "amy", SIGs: []string{"node"}, Kinds: []string{"feature"},
				Heading: []string{"Changes by Kind", "Feature"}, Urgent: true, ActionRequired: true, Line: 44,
			}}},
			Advisories: []changelog.Advisory{{CVEs: []string{"CVE-2026-0001"}, Title: "Widgets turn for strangers", Line: 41}},
			Skipped:    []snapshot.SkipCount{{Reason: "dependency list", Count: 3}},
		},
		{Tag: "v1.36.0", URL: "https://github.com/acme/widgets/releases/tag/v1.36.0", Published: day, State: snapshot.NotesUnread},
	}}
}

func proposals() *snapshot.ProposalSet {
	return &snapshot.ProposalSet{
		Proposals: []kep.Proposal{
			{
				Path: "keps/sig-a/2411-fast-widgets", Number: "2411", Title: "Fast widgets", OwningSIG: "sig-a", SIGs: []string{"sig-b"}, Status: "implementable",
				Stage: "beta", Target: "1.37", Milestones: kep.Milestones{Alpha: "1.36", Beta: "1.37", Stable: "1.39"},
				Gates: []kep.Gate{{Name: "FastWidget", Components: []string{"kubelet"}}}, Created: "2024-13-40", Problems: []kep.Problem{{Line: 3, Message: "no date"}},
			},
			{Path: "keps/sig-b/12-slow-widgets"},
		},
		Diagnostics: []gate.Diagnostic{{File: "keps/sig-c/13-odd/kep.yaml", Message: "no mapping"}},
		Unread:      []string{"keps/sig-c/13-odd"},
	}
}

func gates() *snapshot.GateSet {
	return &snapshot.GateSet{
		Version: "1.37",
		Gates: []gate.Gate{
			{
				Name: "SlowWidget", Component: "widgets", Declared: gate.Position{File: "pkg/features/gates.go", Line: 40},
				Registered: []gate.Registration{
					{Component: "widgets", File: "pkg/features/gates.go", Line: 90},
					{Component: "client", File: "client/gates.go", Line: 12},
				},
				Specs:     []gate.Spec{{Since: "1.9", Stage: gate.Alpha, Line: 91}, {Since: "1.10", Stage: gate.Beta, Default: true, Line: 92}},
				Owners:    []string{"@zed", "@amy"},
				DependsOn: []string{"FastWidget", "AnyWidget"},
			},
			{
				Name: "FastWidget", Const: "FastWidget", Description: "FastWidget is <quick> & \"small\".", Component: "widgets",
				Registered: []gate.Registration{{Component: "widgets", File: "pkg/features/gates.go", Line: 80}},
				Specs:      []gate.Spec{{Stage: gate.GA, Default: true, Locked: true, Line: 81}},
				KEPs:       []string{"2411"}, DependsOn: []string{}, RemoveIn: "1.40",
			},
			{Name: "FastWidget", Variant: "client"},
		},
		Diagnostics: []gate.Diagnostic{{File: "b.go", Line: 3, Message: "two"}, {File: "a.go", Line: 9, Message: "one", Lost: true}},
		Unread:      []string{"Zeta", "Eta"},
	}
}

func TestEncodedFormIsPinned(t *testing.T) {
	whole, err := snapshot.Encode(sample())
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/snapshot.golden", whole)

	packed, err := snapshot.Pack(sample())
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/head.golden", packed.Head)
}

// Stored documents of every schema number so far must stay readable. The file of a number is never
// made anew.
func TestEveryStoredSchemaIsReadable(t *testing.T) {
	for n := 1; n <= snapshot.Schema; n++ {
		t.Run(fmt.Sprintf("schema %d", n), func(t *testing.T) {
			got, err := snapshot.Decode(readFile(t, fmt.Sprintf("testdata/schema-%d.json", n)))
			if err != nil {
				t.Fatal(err)
			}
			if got.Seq != 7 || len(got.Upstreams) != 1 || len(got.Upstreams[0].Sections[0].Items.Gates.Gates) != 3 {
				t.Errorf("read %+v", got)
			}
		})
	}
}

func TestPermutedItemsHaveOneHash(t *testing.T) {
	want, err := snapshot.Section{Items: snapshot.Items{Gates: gates()}}.Hash()
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(50) {
		set := gates()
		r := rand.New(rand.NewPCG(seed, 1))
		r.Shuffle(len(set.Gates), func(i, j int) { set.Gates[i], set.Gates[j] = set.Gates[j], set.Gates[i] })
		r.Shuffle(len(set.Diagnostics), func(i, j int) { set.Diagnostics[i], set.Diagnostics[j] = set.Diagnostics[j], set.Diagnostics[i] })
		r.Shuffle(len(set.Unread), func(i, j int) { set.Unread[i], set.Unread[j] = set.Unread[j], set.Unread[i] })
		for _, g := range set.Gates {
			r.Shuffle(len(g.Registered), func(i, j int) { g.Registered[i], g.Registered[j] = g.Registered[j], g.Registered[i] })
			r.Shuffle(len(g.DependsOn), func(i, j int) { g.DependsOn[i], g.DependsOn[j] = g.DependsOn[j], g.DependsOn[i] })
			r.Shuffle(len(g.Specs), func(i, j int) { g.Specs[i], g.Specs[j] = g.Specs[j], g.Specs[i] })
		}
		before := snapshot.Items{Gates: set}
		order := set.Gates[0].Name + set.Unread[0]
		got, err := snapshot.Section{Items: before}.Hash()
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("seed %d: hash %s, want %s", seed, got, want)
		}
		if order != set.Gates[0].Name+set.Unread[0] {
			t.Error("hashing reordered the caller's items")
		}
	}
}

func TestGatesOfOneKeyStillSort(t *testing.T) {
	a, b := gate.Gate{Name: "Twin", Const: "A"}, gate.Gate{Name: "Twin", Const: "B"}
	one, err := snapshot.EncodeItems(snapshot.Items{Gates: &snapshot.GateSet{Gates: []gate.Gate{a, b}}})
	if err != nil {
		t.Fatal(err)
	}
	two, err := snapshot.EncodeItems(snapshot.Items{Gates: &snapshot.GateSet{Gates: []gate.Gate{b, a}}})
	if err != nil {
		t.Fatal(err)
	}
	if string(one) != string(two) {
		t.Errorf("the order of two gates of one name shows:\n%s\n%s", one, two)
	}
}

func TestHashCoversItemsOnly(t *testing.T) {
	base := sample().Upstreams[0].Sections[1]
	want := hash(t, base)

	provenance := base
	provenance.Status, provenance.Reason, provenance.Parser = snapshot.Failed, "502", 9
	provenance.Ref, provenance.SHA, provenance.Version = "v1", "f00", "1.1"
	provenance.Watched, provenance.Inputs, provenance.ReadAt = nil, nil, time.Time{}
	if got := hash(t, provenance); got != want {
		t.Error("provenance changes the hash")
	}

	for name, change := range map[string]func(*snapshot.GateSet){
		"version":         func(s *snapshot.GateSet) { s.Version = "1.38" },
		"default":         func(s *snapshot.GateSet) { s.Gates[1].Specs[0].Default = false },
		"line":            func(s *snapshot.GateSet) { s.Gates[1].Specs[0].Line++ },
		"description":     func(s *snapshot.GateSet) { s.Gates[1].Description += "!" },
		"dependency":      func(s *snapshot.GateSet) { s.Gates[0].DependsOn = s.Gates[0].DependsOn[:1] },
		"no dependencies": func(s *snapshot.GateSet) { s.Gates[1].DependsOn = nil },
		"diagnostic":      func(s *snapshot.GateSet) { s.Diagnostics[0].Line++ },
		"unread":          func(s *snapshot.GateSet) { s.Unread = nil },
		"a gate less":     func(s *snapshot.GateSet) { s.Gates = s.Gates[1:] },
	} {
		set := gates()
		change(set)
		if hash(t, snapshot.Section{Items: snapshot.Items{Gates: set}}) == want {
			t.Errorf("%s: the hash did not change", name)
		}
	}
}

func TestEmptyItemsHaveNoHash(t *testing.T) {
	if got := hash(t, snapshot.Section{Source: "gates", Status: snapshot.Failed}); got != "" {
		t.Errorf("hash %q", got)
	}
	if got := hash(t, snapshot.Section{Items: snapshot.Items{Gates: &snapshot.GateSet{}}}); got == "" {
		t.Error("an upstream that was read and has no gates must differ from one that was never read")
	}
}

func TestRoundTrip(t *testing.T) {
	want := sample()
	// What canonical form changes on purpose: order, and nil lists of gates that say nothing.
	opts := cmp.Options{
		cmpopts.SortSlices(func(a, b snapshot.Section) bool { return a.Source < b.Source }),
		cmpopts.SortSlices(func(a, b gate.Gate) bool { return a.Key() < b.Key() }),
		cmpopts.SortSlices(func(a, b gate.Registration) bool { return a.Component < b.Component }),
		cmpopts.SortSlices(func(a, b gate.Diagnostic) bool { return a.File < b.File }),
		cmp.FilterPath(func(p cmp.Path) bool {
			s := p.String()
			return strings.HasSuffix(s, "DependsOn") || strings.HasSuffix(s, "Unread")
		}, cmpopts.SortSlices(strings.Compare)),
		cmp.FilterPath(func(p cmp.Path) bool { return !strings.HasSuffix(p.String(), "DependsOn") }, cmpopts.EquateEmpty()),
	}

	data, err := snapshot.Encode(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := snapshot.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got, opts); d != "" {
		t.Errorf("Decode(Encode) differs (-want +got):\n%s", d)
	}

	packed, err := snapshot.Pack(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err = snapshot.Unpack(packed.Head, from(packed.Sections))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got, opts); d != "" {
		t.Errorf("Unpack(Pack) differs (-want +got):\n%s", d)
	}
	if got.TakenAt.Location() != time.UTC || got.Upstreams[0].Sections[0].ReadAt.Location() != time.UTC {
		t.Error("times are not in UTC")
	}

	again, err := snapshot.Pack(got)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(packed, again); d != "" {
		t.Errorf("packing what was unpacked gives other bytes:\n%s", d)
	}
}

func TestEqualSectionsArePackedOnce(t *testing.T) {
	s := sample()
	fork := s.Upstreams[0]
	fork.Name = "fork"
	s.Upstreams = append(s.Upstreams, fork)
	packed, err := snapshot.Pack(s)
	if err != nil {
		t.Fatal(err)
	}
	if len(packed.Sections) != 4 {
		t.Errorf("%d sections stored, want each of the 4 once", len(packed.Sections))
	}
}

func TestUnpackRefusesWhatItCannotTrust(t *testing.T) {
	packed, err := snapshot.Pack(sample())
	if err != nil {
		t.Fatal(err)
	}
	head := string(packed.Head)
	lost := errors.New("lost")
	tests := map[string]struct {
		head    string
		section func(string) ([]byte, error)
		want    string
	}{
		"damaged items": {head, func(string) ([]byte, error) { return []byte(`{"schema":1,"items":{}}`), nil }, "section gates of widgets: stored items are damaged"},
		"lost items":    {head, func(string) ([]byte, error) { return nil, lost }, "section gates of widgets: lost"},
		"newer":         {strings.Replace(head, `"schema": 4`, `"schema": 99, "mood": "new"`, 1), from(packed.Sections), "written by a newer bot (schema 99, this one knows 4)"},
		"no number":     {`{"seq":1}`, nil, "no schema number"},
		"number zero":   {`{"schema":0}`, nil, "schema 0 does not exist"},
		"unknown field": {strings.Replace(head, `"seq"`, `"sequence"`, 1), from(packed.Sections), `unknown field "sequence"`},
		"two documents": {head + head, from(packed.Sections), "after top-level value"},
		"cut off":       {head[:len(head)/2], nil, "unexpected end"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := snapshot.Unpack([]byte(tt.head), tt.section)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
	if _, err := snapshot.Unpack(packed.Head, func(string) ([]byte, error) { return nil, lost }); !errors.Is(err, lost) {
		t.Errorf("the cause is lost: %v", err)
	}
}

func TestAmbiguousSnapshotsAreRefused(t *testing.T) {
	twice := sample()
	twice.Upstreams = append(twice.Upstreams, twice.Upstreams[0])
	sections := sample()
	sections.Upstreams[0].Sections = append(sections.Upstreams[0].Sections, snapshot.Section{Source: "gates"})
	for want, s := range map[string]*snapshot.Snapshot{
		`two upstreams are named "widgets"`:           twice,
		`upstream "widgets" has two sections "gates"`: sections,
	} {
		if _, err := snapshot.Pack(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Pack: %v, want %q", err, want)
		}
		if _, err := snapshot.Encode(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Encode: %v, want %q", err, want)
		}
	}
}

func hash(t *testing.T, s snapshot.Section) string {
	t.Helper()
	h, err := s.Hash()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func from(sections map[string][]byte) func(string) ([]byte, error) {
	return func(hash string) ([]byte, error) {
		data, ok := sections[hash]
		if !ok {
			return nil, fmt.Errorf("no section %s", hash)
		}
		return data, nil
	}
}
