package gate_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/gate"
)

func specs() []gate.Spec {
	return []gate.Spec{ // out of order on purpose: versions count, not positions
		{Since: "1.9", Stage: gate.Beta, Default: true},
		{Since: "1.36", Stage: gate.GA, Default: true, Locked: true},
		{Since: "1.0", Stage: gate.GA},
		{Since: "1.10", Stage: gate.Beta},
	}
}

func TestEffectiveAndScheduled(t *testing.T) {
	g := gate.Gate{Specs: specs()}
	for _, tc := range []struct {
		version, effective string
		scheduled          []string
	}{
		{"", "1.36", nil},
		{"1.36", "1.36", nil},
		{"v1.36.2", "1.36", nil},
		{"v1.36.0-alpha.2", "1.36", nil},
		{"1.35", "1.10", []string{"1.36"}},
		{"1.9", "1.9", []string{"1.10", "1.36"}},
		{"1.8", "1.0", []string{"1.9", "1.10", "1.36"}},
		{"0.9", "", []string{"1.0", "1.9", "1.10", "1.36"}},
	} {
		s, ok := g.Effective(tc.version)
		if s.Since != tc.effective || ok != (tc.effective != "") {
			t.Errorf("at %q: %+v, %t; want %q", tc.version, s, ok, tc.effective)
		}
		var scheduled []string
		for _, s := range g.Scheduled(tc.version) {
			scheduled = append(scheduled, s.Since)
		}
		if !slices.Equal(scheduled, tc.scheduled) {
			t.Errorf("scheduled at %q: %v, want %v", tc.version, scheduled, tc.scheduled)
		}
	}
	if s, ok := (gate.Gate{Specs: []gate.Spec{{Stage: gate.Alpha}}}).Effective("1.3"); !ok || s.Stage != gate.Alpha {
		t.Errorf("a spec without a version is in force at all: %+v, %t", s, ok)
	}
}

func TestIntroducedAndLockedSince(t *testing.T) {
	locked := func(since string) gate.Spec { return gate.Spec{Since: since, Stage: gate.GA, Locked: true} }
	free := func(since string) gate.Spec { return gate.Spec{Since: since, Stage: gate.Beta} }
	for _, tc := range []struct {
		specs              []gate.Spec
		version            string
		introduced, locked string
	}{
		{specs(), "1.36", "1.9", "1.36"},
		{specs(), "1.35", "1.9", ""},
		{[]gate.Spec{{Since: "1.0", Stage: gate.GA}}, "", "1.0", ""},
		{[]gate.Spec{locked("1.30"), free("1.32"), locked("1.34"), locked("1.35")}, "1.36", "1.30", "1.34"},
		{[]gate.Spec{locked("1.30"), free("1.32")}, "1.31", "1.30", "1.30"},
		{[]gate.Spec{locked("")}, "1.31", "", ""},
		{nil, "1.31", "", ""},
	} {
		g := gate.Gate{Specs: tc.specs}
		if got := g.Introduced(); got != tc.introduced {
			t.Errorf("%v: introduced %q, want %q", tc.specs, got, tc.introduced)
		}
		if got := g.LockedSince(tc.version); got != tc.locked {
			t.Errorf("%v at %q: locked since %q, want %q", tc.specs, tc.version, got, tc.locked)
		}
	}
}

func TestMinorOf(t *testing.T) {
	for in, want := range map[string]string{
		"v1.36.2": "1.36", "1.36": "1.36", "v1.37.0-alpha.2": "1.37", "1": "1.0", "": "", "main": "", "version": "", "1.x": "",
	} {
		if got := gate.MinorOf(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestSameLooksPastTheLine(t *testing.T) {
	a := gate.Spec{Since: "1.36", Stage: gate.Beta, Line: 3}
	b := a
	b.Line = 9
	if !a.Same(b) || cmp.Equal(a, b) {
		t.Error("a line made two specs differ")
	}
	b.Locked = true
	if a.Same(b) {
		t.Error("a lock made no difference")
	}
}
