package report

import (
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/insight"
)

// whatChanged says what a gate change did, from what since when, in one or two sentences.
func whatChanged(c diff.Change) phrase {
	g := c.Gate
	if g == nil {
		return say(kindWords(c.Kinds) + ".")
	}
	var out phrase
	switch {
	case c.Has(diff.GateRemoved):
		out = removedWords(*g)
	case c.Has(diff.GateAdded):
		out = addedWords(*g)
	default:
		out = changedWords(c)
	}
	return say(out, relistedWords(*g), renamedWords(c), movedWords(c), dependencyWords(c), historyWords(c), scheduledWords(*g), plannedRemoval(c))
}

// plannedRemoval tells when the gate is to go, where the change brings that nearer: as a comment in the source
// plans it, else as it follows from the lock.
func plannedRemoval(c diff.Change) phrase {
	g := c.Gate
	if g.After == nil {
		return nil
	}
	planned := g.After.RemoveIn
	known := planned == "" || g.Before != nil && g.Before.RemoveIn == planned
	if known && !c.Has(diff.GateLocked) && !c.Has(diff.GateDeprecated) && !c.Has(diff.GatePromoted) {
		return nil
	}
	r, ok := insight.Forecast(*g.After, g.ToVersion)
	at := gate.MinorOf(g.ToVersion)
	switch {
	case planned != "" && at != "" && gate.CompareVersions(planned, at) <= 0:
		return say(" Upstream planned to remove the gate in " + version(planned) + ".")
	case planned != "" && ok && gate.CompareVersions(r.Release, planned) > 0:
		return say(" Upstream plans to remove the gate in " + version(planned) + "; its own rule allows that from " + version(r.Release) + " on.")
	case planned != "":
		return say(" Upstream plans to remove the gate in " + version(planned) + ".")
	case !ok:
		return nil
	}
	why := ""
	if since := g.After.LockedSince(g.ToVersion); since != "" {
		why = " (locked since " + version(since) + ")"
	}
	return say(" The gate " + lower(r.Words()) + why + ".")
}

func removedWords(g diff.GateChange) phrase {
	gone := "Removed."
	if v := version(gate.MinorOf(g.ToVersion)); v != "" {
		gone = "Removed in " + v + "."
	}
	if g.BeforeSpec == nil {
		return say(gone, " It was only planned and never in force.")
	}
	was := "Was " + stageSince(*g.BeforeSpec)
	switch {
	case g.BeforeSpec.Locked:
		was += ", locked " + onOff(g.BeforeSpec.Default)
		if since := g.Before.LockedSince(g.FromVersion); since != "" && since != g.BeforeSpec.Since {
			was += " since " + version(since)
		}
	default:
		was += ", " + onOff(g.BeforeSpec.Default) + " by default"
	}
	return say(gone, " ", was, ".")
}

func addedWords(g diff.GateChange) phrase {
	if g.AfterSpec == nil {
		return say("New, but not in force yet.")
	}
	s := *g.AfterSpec
	head := "New: "
	switch v := gate.MinorOf(g.ToVersion); {
	case s.Since == "1.0" && s.Stage == gate.GA:
		return say("New switch for what was always there: stable, ", values(s), ".")
	case v != "" && gate.MinorOf(s.Since) == v:
		head = "New in " + version(v) + ": "
		s.Since = ""
	}
	return say(head, stageSince(s), ", ", values(s), ".")
}

// changedWords tells stage, default and lock of a gate that stands on both sides.
func changedWords(c diff.Change) phrase {
	g := c.Gate
	b, a := g.BeforeSpec, g.AfterSpec
	switch {
	case a == nil && b == nil:
		return nil
	case a == nil:
		return say("Was ", stageSince(*b), "; now not in force.")
	case b == nil:
		return say("In force now: ", stageSince(*a), ", ", values(*a), ".")
	case b.Stage == a.Stage && b.Default == a.Default && b.Locked == a.Locked:
		return nil
	}
	var head string
	if b.Stage != a.Stage {
		head = upper(stageSince(*b)) + ", now " + stageWord(a.Stage) + inVersion(*a, g.ToVersion)
	} else {
		head = upper(stageSince(gate.Spec{Stage: a.Stage, Since: stageStart(g)}))
	}
	var tail phrase
	switch {
	case b.Default != a.Default:
		tail = say("now ", bold(onOff(a.Default)+" by default"), " (was "+onOff(b.Default)+")")
		if a.Locked {
			tail = say(tail, " and locked", refused(*a))
		}
	case a.Locked && !b.Locked:
		tail = say(onOff(a.Default)+" by default and now locked", refused(*a))
		if b.Stage != a.Stage {
			tail = say(onOff(a.Default)+" by default and locked", refused(*a))
		}
	case b.Locked && !a.Locked:
		tail = say("no longer locked: it can be set again (" + onOff(a.Default) + " by default)")
	case b.Stage != a.Stage:
		tail = say("still " + onOff(a.Default) + " by default")
	}
	if len(tail) == 0 {
		return say(head, ".")
	}
	return say(head, "; ", tail, ".")
}

// refused says what a lock means.
func refused(s gate.Spec) phrase {
	return asides(say(": setting it to ", boolWord(!s.Default), " is refused"))
}

// stageStart is the version since which the gate has been in its stage.
func stageStart(g *diff.GateChange) string {
	specs := slices.Clone(g.After.Specs)
	slices.SortStableFunc(specs, func(x, y gate.Spec) int { return gate.CompareVersions(x.Since, y.Since) })
	start := g.AfterSpec.Since
	for _, s := range slices.Backward(specs) {
		if gate.CompareVersions(s.Since, g.AfterSpec.Since) > 0 {
			continue
		}
		if s.Stage != g.AfterSpec.Stage {
			break
		}
		start = s.Since
	}
	return start
}

// stageSince is "beta since 1.35", or "beta" where registrations have no versions.
func stageSince(s gate.Spec) string {
	if s.Since == "" {
		return stageWord(s.Stage)
	}
	return stageWord(s.Stage) + " since " + version(s.Since)
}

// inVersion is " in 1.36", where the spec came into force at the version compared, " since 1.35" where it
// did before, and nothing where nobody can tell.
func inVersion(s gate.Spec, to string) string {
	switch {
	case s.Since == "":
		return ""
	case gate.MinorOf(s.Since) == gate.MinorOf(to):
		return " in " + version(s.Since)
	default:
		return " since " + version(s.Since)
	}
}

func values(s gate.Spec) string {
	if s.Locked {
		return onOff(s.Default) + " by default and locked"
	}
	return onOff(s.Default) + " by default"
}

func renamedWords(c diff.Change) phrase {
	if !c.Has(diff.GateRenamed) || c.Gate.Before == nil || c.Gate.After == nil {
		return nil
	}
	b, a := c.Gate.Before, c.Gate.After
	if b.Name != a.Name {
		return say(" Renamed from ", name(b.Name), " to ", name(a.Name), ".")
	}
	return say(" Its Go constant is called ", name(a.Const), " now (was ", name(b.Const), ").")
}

// relistedWords tells what a proposal says, and no more: whether it is the same gate nobody knows.
func relistedWords(g diff.GateChange) phrase {
	var out phrase
	for _, r := range g.Relisted {
		who := short(proposalName(r.Proposal), maxName)
		if g.After == nil {
			out = say(out, " "+who+" names ", name(r.To), " instead now.")
		} else {
			out = say(out, " "+who+" named ", name(r.From), " before.")
		}
	}
	return out
}

func movedWords(c diff.Change) phrase {
	if !c.Has(diff.GateMoved) || c.Gate.Before == nil || c.Gate.After == nil {
		return nil
	}
	from, to := place(c)
	return say(" Moved from ", name(from), " to ", name(to), ".")
}

// place names where a moved gate was and is: by component where that tells the two apart, else by file.
func place(c diff.Change) (from, to string) {
	b, a := c.Gate.Before, c.Gate.After
	from, to = strings.Join(b.Components(), "+"), strings.Join(a.Components(), "+")
	if from != to {
		return from, to
	}
	return b.Declared.File, a.Declared.File
}

func dependencyWords(c diff.Change) phrase {
	if !c.Has(diff.GateDependenciesChanged) || c.Gate.Before == nil || c.Gate.After == nil {
		return nil
	}
	before, after := c.Gate.Before.DependsOn, c.Gate.After.DependsOn
	var more, fewer []string
	for _, d := range after {
		if !slices.Contains(before, d) {
			more = append(more, d)
		}
	}
	for _, d := range before {
		if !slices.Contains(after, d) {
			fewer = append(fewer, d)
		}
	}
	var out phrase
	if len(more) > 0 {
		out = say(out, " It now needs ", names(more, 0), ".")
	}
	if len(fewer) > 0 {
		out = say(out, " It no longer needs ", names(fewer, 0), ".")
	}
	return out
}

func historyWords(c diff.Change) phrase {
	switch {
	case !c.Has(diff.GateHistoryRewritten):
		return nil
	case len(c.Kinds) > 1:
		return say(" Its recorded past was rewritten too.")
	}
	return say(" Upstream rewrote what it says of past versions; nothing in force changed by that.")
}

func scheduledWords(g diff.GateChange) phrase {
	var out phrase
	for _, s := range g.Scheduled {
		out = say(out, " Scheduled for "+version(s.Since)+": "+stageWord(s.Stage)+", "+values(s)+".")
	}
	return out
}

// kindWords says kinds in words, for one-line titles.
func kindWords(kinds []diff.Kind) string {
	var out []string
	for _, k := range kinds {
		_, word, _ := strings.Cut(string(k), ".")
		out = append(out, strings.ReplaceAll(clean(word), "_", " "))
	}
	if len(out) == 0 {
		return "Changed"
	}
	return upper(strings.Join(out, ", "))
}
