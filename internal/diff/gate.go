package diff

import (
	"slices"

	"github.com/upstream-digest/bot/internal/gate"
)

// compareGate says how one gate changed; false when it did not. One side may be nil.
func compareGate(old, cur *gate.Gate, fromVersion, toVersion string) (Change, bool) {
	gc := &GateChange{Before: old, After: cur, FromVersion: fromVersion, ToVersion: toVersion}
	if old != nil {
		gc.BeforeSpec = effective(*old, fromVersion)
	}
	if cur != nil {
		gc.AfterSpec = effective(*cur, toVersion)
		gc.Scheduled = newlyScheduled(old, *cur, toVersion)
	}
	kinds := gateKinds(gc)
	if len(kinds) == 0 {
		return Change{}, false
	}
	newest := cur
	if newest == nil {
		newest = old
	}
	c := Change{Source: "gates", Kinds: kinds, ID: newest.Name, Variant: newest.Variant, Gate: gc}
	c.Severity, c.Why = gateSeverity(c)
	return c, true
}

func effective(g gate.Gate, version string) *gate.Spec {
	if s, ok := g.Effective(version); ok {
		return &s
	}
	return nil
}

// newlyScheduled are the specs above version that the old side did not schedule in the same words.
func newlyScheduled(old *gate.Gate, cur gate.Gate, version string) []gate.Spec {
	var out []gate.Spec
	for _, s := range cur.Scheduled(version) {
		if old == nil || !slices.ContainsFunc(old.Specs, s.Same) {
			out = append(out, s)
		}
	}
	return out
}

func gateKinds(gc *GateChange) []Kind {
	old, cur := gc.Before, gc.After
	switch {
	case old == nil && gc.AfterSpec == nil:
		return []Kind{GateScheduled}
	case old == nil:
		return []Kind{GateAdded}
	case cur == nil:
		return []Kind{GateRemoved}
	}
	var kinds []Kind
	add := func(k Kind, when bool) {
		if when {
			kinds = append(kinds, k)
		}
	}
	b, a := gc.BeforeSpec, gc.AfterSpec
	switch {
	case b == nil && a != nil:
		// Only scheduled before, in force now: for the reader it is new.
		return []Kind{GateAdded}
	case b != nil && a == nil:
		// Every spec moved above the version: nothing is in force any more, yet the gate is known.
		add(GateDemoted, true)
	case b != nil && a != nil:
		from, to := stageRank(b.Stage), stageRank(a.Stage)
		add(GatePromoted, a.Stage != gate.Deprecated && b.Stage != gate.Deprecated && to > from)
		add(GateDemoted, a.Stage != gate.Deprecated && a.Stage != b.Stage && (to < from || b.Stage == gate.Deprecated))
		add(GateDeprecated, a.Stage == gate.Deprecated && b.Stage != gate.Deprecated)
		add(GateDefaultChanged, a.Default != b.Default)
		add(GateLocked, a.Locked && !b.Locked)
		add(GateUnlocked, !a.Locked && b.Locked)
	}
	add(GateMoved, moved(*old, *cur))
	add(GateRenamed, old.Name != cur.Name || (old.Const != "" && cur.Const != "" && old.Const != cur.Const))
	add(GateHistoryRewritten, historyRewritten(*old, *cur, gc.FromVersion))
	add(GateDependenciesChanged, dependenciesChanged(old.DependsOn, cur.DependsOn))
	add(GateScheduled, len(gc.Scheduled) > 0 || unscheduled(*old, *cur, gc))
	return kinds
}

func stageRank(s gate.Stage) int {
	return slices.Index([]gate.Stage{gate.PreAlpha, gate.Alpha, gate.Beta, gate.GA, gate.Deprecated}, s)
}

// moved: declared in another file or component, or registered by other components. Where the file is
// not known (facts without places) only components count.
func moved(old, cur gate.Gate) bool {
	if old.Component != cur.Component || !slices.Equal(old.Components(), cur.Components()) {
		return true
	}
	return old.Declared.File != "" && cur.Declared.File != "" && old.Declared.File != cur.Declared.File
}

// historyRewritten: what was said of versions before fromVersion is said otherwise now. Specs of
// fromVersion itself are still being written there, and registrations without versions have no history.
func historyRewritten(old, cur gate.Gate, fromVersion string) bool {
	past := func(g gate.Gate) (specs []gate.Spec, versioned bool) {
		for _, s := range g.Specs {
			if s.Since == "" {
				return nil, false
			}
			if fromVersion != "" && gate.CompareVersions(s.Since, gate.MinorOf(fromVersion)) < 0 {
				specs = append(specs, s)
			}
		}
		return specs, true
	}
	o, ok1 := past(old)
	c, ok2 := past(cur)
	if !ok1 || !ok2 {
		return false
	}
	for _, s := range o {
		if !slices.ContainsFunc(c, s.Same) {
			return true
		}
	}
	for _, s := range c {
		if !slices.ContainsFunc(o, s.Same) {
			return true
		}
	}
	return false
}

// unscheduled: a spec that was announced for a coming version was taken back.
func unscheduled(old, cur gate.Gate, gc *GateChange) bool {
	for _, s := range old.Scheduled(gc.FromVersion) {
		stillAhead := gc.ToVersion != "" && gate.CompareVersions(s.Since, gate.MinorOf(gc.ToVersion)) > 0
		if stillAhead && !slices.ContainsFunc(cur.Specs, s.Same) {
			return true
		}
	}
	return false
}

// dependenciesChanged compares declared dependencies as sets; nil means that nothing was declared at
// that commit, which is no statement to compare with.
func dependenciesChanged(old, cur []string) bool {
	if old == nil || cur == nil {
		return false
	}
	o, c := slices.Sorted(slices.Values(old)), slices.Sorted(slices.Values(cur))
	return !slices.Equal(o, c)
}
