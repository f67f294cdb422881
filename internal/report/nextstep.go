package report

import (
	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/gate"
)

// step is what to do next about a change. One says it about one gate, many about a whole group: where
// all entries of a group have the same step it is said once, above them.
type step struct {
	id        string // equal ids are equal steps
	one, many phrase
}

// nextStep gives the next step for a change; the first kind that asks most of the reader decides.
func nextStep(c diff.Change) step {
	g := c.Gate
	if g == nil {
		return step{}
	}
	before := "before you upgrade"
	if v := version(gate.MinorOf(g.ToVersion)); v != "" {
		before += " to " + v
	}
	switch {
	case c.Has(diff.GateRemoved):
		return removedStep(*g, before)
	case c.Has(diff.GateRenamed) && g.Before != nil && g.After != nil && g.Before.Name != g.After.Name:
		return step{id: "renamed",
			one:  say("Write ", name(g.After.Name), " instead of ", name(g.Before.Name), " wherever you set it ", before, ": the old name is unknown and a component that sets it will not start."),
			many: say("Use the new names wherever you set them ", before, ": an unknown name keeps a component from starting.")}
	}
	if g.AfterSpec == nil {
		return step{}
	}
	a := *g.AfterSpec
	switch {
	case c.Has(diff.GateLocked) || (a.Locked && (c.Has(diff.GateAdded) || c.Has(diff.GatePromoted))):
		return lockedStep(*g, before)
	case c.Has(diff.GateDefaultChanged) && !a.Default:
		return step{id: "now off",
			one:  say("If you rely on it, set ", setting(g.After.Name, true), " ", before, ", and plan to do without."),
			many: say("If you rely on one of them, set it to ", boolWord(true), " ", before, ", and plan to do without.")}
	case c.Has(diff.GateDefaultChanged):
		return step{id: "now on",
			one:  say("Nothing to do, unless something depends on the old behaviour: test with it on now; ", setting(g.After.Name, false), " still turns it off."),
			many: say("Nothing to do, unless something depends on the old behaviour: test with them on now; set to ", boolWord(false), " a gate is off again.")}
	case c.Has(diff.GateDeprecated) || (c.Has(diff.GateAdded) && a.Stage == gate.Deprecated):
		return deprecatedStep()
	case c.Has(diff.GatePromoted) && a.Stage == gate.GA:
		return step{id: "stable, free",
			one:  say("Nothing to do, unless you turned it off: test with it on now, while it can still be set."),
			many: say("Nothing to do, unless you turned one off: test with it on now, while it can still be set.")}
	case c.Has(diff.GateDemoted):
		return step{id: "demoted",
			one:  say("Rely on it less: read why in its proposal before you build on it."),
			many: say("Rely on them less: read why in their proposals before you build on them.")}
	case c.Has(diff.GateUnlocked):
		return step{id: "unlocked", one: say("Nothing to do."), many: say("Nothing to do.")}
	case c.Has(diff.GateAdded) && a.Since == "1.0" && a.Stage == gate.GA:
		return step{id: "as ever",
			one:  say("Nothing to do: it goes on as before, and ", setting(g.After.Name, !a.Default), " now changes it."),
			many: say("Nothing to do: they go on as before, and can now be changed.")}
	case (c.Has(diff.GateAdded) || c.Has(diff.GatePromoted)) && a.Default:
		return step{id: "new on",
			one:  say("On from the upgrade: if it gets in the way, ", setting(g.After.Name, false), " turns it off."),
			many: say("On from the upgrade: if one gets in the way, set it to ", boolWord(false), ".")}
	case c.Has(diff.GateAdded) || c.Has(diff.GatePromoted):
		return step{id: "off",
			one:  say("Nothing to do: it does nothing until you set ", setting(g.After.Name, true), "."),
			many: say("Nothing to do: they do nothing until you turn them on. A good time to try one on a test cluster.")}
	case c.Has(diff.GateDependenciesChanged) && len(g.After.DependsOn) > 0:
		return step{id: "needs",
			one:  say("If you set it, see that what it needs is on too."),
			many: say("If you set one of these, see that what it needs is on too.")}
	}
	return step{id: "none", one: say("Nothing to do."), many: say("Nothing to do.")}
}

// removedStep also says what became of the feature, as far as the old spec proves it.
func removedStep(g diff.GateChange, before string) step {
	fate := phrase(nil)
	switch s := g.BeforeSpec; {
	case s == nil:
	case s.Locked && s.Default:
		fate = say(" What it switched stays on for good.")
	case s.Locked:
		fate = say(" What it switched stays off for good.")
	case s.Stage == gate.Alpha || s.Stage == gate.Beta || s.Stage == gate.PreAlpha:
		fate = say(" It was still " + stageWord(s.Stage) + ": see in its proposal whether the feature went with it.")
	}
	return step{id: "removed",
		one:  say("Remove it from ", name("--feature-gates"), " and configuration files ", before, ": a component that still sets it will not start.", fate),
		many: say("Remove these from ", name("--feature-gates"), " and configuration files ", before, ".")}
}

func lockedStep(g diff.GateChange, before string) step {
	wrong := boolWord(!g.AfterSpec.Default)
	return step{id: "locked " + onOff(g.AfterSpec.Default),
		one:  say("If you set it to ", wrong, ", remove that ", before, ", or the component will not start; otherwise nothing to do."),
		many: say("Nothing to do, unless you set one of them to ", wrong, ": remove that ", before, ", or the component will not start.")}
}

func deprecatedStep() step {
	return step{id: "deprecated",
		one:  say("Plan to do without it: deprecated gates are removed in a later release."),
		many: say("Plan to do without them: deprecated gates are removed in a later release.")}
}

// setting is a gate with its value as users type it.
func setting(gateName string, v bool) span {
	if v {
		return name(gateName + "=true")
	}
	return name(gateName + "=false")
}
