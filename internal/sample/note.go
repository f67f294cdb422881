package sample

import (
	"fmt"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/gate"
)

// The headings of notes, in upstream's order.
const (
	urgentKind      = "Urgent Upgrade Notes"
	deprecationKind = "Deprecation"
	apiKind         = "API Change"
	featureKind     = "Feature"
	docsKind        = "Documentation"
	testKind        = "Failing Test"
	bugKind         = "Bug or Regression"
	otherKind       = "Other (Cleanup or Flake)"
)

func noteKinds() []string {
	return []string{deprecationKind, apiKind, featureKind, docsKind, testKind, bugKind, otherKind}
}

// note is one entry of a changelog.
type note struct {
	gate  string   // "" for one that no gate is behind
	kinds []string // the headings it stands under
	// final is the wording in the final section, early that in the pre-release's; "" in one of them
	// leaves it out there. A line beyond the first goes on below it.
	final, early string
	bullets      []string // nested below either wording
	pulls        []int
	sigs         []string
	in           string // the pre-release that has it: "alpha.1"
}

// write makes a release's notes from what changed, and adds a few that no gate is behind.
func (n *notebook) write(release string, changes []change) []note {
	var out []note
	told := map[string]bool{}
	for _, c := range changes {
		if told[c.gate] {
			continue
		}
		e := event{gate: c.gate, stage: c.now.Stage, release: release}
		var one note
		if family := n.family(c, changes); len(family) > 2 {
			one = n.familyNote(family)
			one.pulls = n.pullFor(e, len(out)+1)
			for _, member := range family {
				told[member.gate] = true
				n.made[event{gate: member.gate, stage: member.now.Stage, release: release}] = one.pulls[0]
			}
		} else {
			one = n.gateNote(c)
			one.pulls = n.pullFor(e, len(out)+1)
		}
		out = append(out, one)
	}
	for i, f := range fixes(minorNumber(release)) {
		f.pulls = []int{madeUp(release, 500+i)}
		out = append(out, f)
	}
	return out
}

// family are the gates that the same proposal adds in the same release.
func (n *notebook) family(c change, changes []change) []change {
	if c.kind != addedGate || len(c.now.KEPs) == 0 {
		return nil
	}
	var out []change
	for _, other := range changes {
		if other.kind == addedGate && slices.Equal(other.now.KEPs, c.now.KEPs) && other.now.Stage == c.now.Stage {
			out = append(out, other)
		}
	}
	return out
}

// familyNote is one note for several gates, each a bullet below it.
func (n *notebook) familyNote(family []change) note {
	first := family[0]
	out := note{gate: first.gate, kinds: []string{featureKind}, sigs: []string{n.sigOf(first.gate)}, in: "alpha.2"}
	out.final = fmt.Sprintf("Added %d %s gates that belong together, each %s:", len(family), stageWord(first.now.Stage), onOff(first.now.Default))
	for _, member := range family {
		out.bullets = append(out.bullets, fmt.Sprintf("`%s`: %s", member.gate, n.sentence(member.gate)))
	}
	out.early = out.final
	return out
}

// gateNote tells of one gate. The length of its name stands for chance, as elsewhere in this package.
func (n *notebook) gateNote(c change) note {
	chance := len(c.gate)
	out := note{gate: c.gate, kinds: []string{featureKind}, sigs: []string{n.sigOf(c.gate)}}
	out.in = []string{"alpha.1", "alpha.2", "beta.0"}[(chance+int(c.gate[0]))%3]
	if sig := "sig-api-machinery"; slices.Contains(c.now.RegisteredIn, apiserver) && out.sigs[0] != sig {
		out.sigs = []string{sig, out.sigs[0]}
		slices.Sort(out.sigs)
	}
	name := "`" + c.gate + "`"
	switch c.kind {
	case addedGate:
		out.final = fmt.Sprintf("Added the %s feature gate, %s and %s. It %s", name, stageWord(c.now.Stage), onOff(c.now.Default), lowerFirst(n.sentence(c.gate)))
		out.early = fmt.Sprintf("New feature gate %s (%s). It %s", name, stageWord(c.now.Stage), lowerFirst(n.sentence(c.gate)))
		switch {
		case chance%8 == 0:
			out.kinds = []string{apiKind, featureKind}
		case chance%4 == 0:
			out.kinds = []string{apiKind}
		}
	case promotedGate:
		out.final = fmt.Sprintf("Promoted the %s feature gate to %s. %s", name, stageWord(c.now.Stage), valueNow(c))
		out.early = fmt.Sprintf("%s is %s now, %s.", name, stageWord(c.now.Stage), onOffOrLocked(c.now.Default, c.now.Locked))
	case deprecatedGate:
		out.kinds = []string{deprecationKind}
		out.final = fmt.Sprintf("Deprecated the %s feature gate. Stop setting it: a later release takes it away.", name)
		out.early = fmt.Sprintf("The %s feature gate is deprecated and goes away in a later release.", name)
	case lockedGate:
		out.kinds = []string{otherKind}
		out.final = fmt.Sprintf("Locked the %s feature gate: it is %s, and setting it otherwise is an error.", name, onOffWord(c.now.Default))
		out.early = out.final
	case unlockedGate:
		out.final = fmt.Sprintf("Unlocked the %s feature gate: it can be set again.", name)
		out.early = out.final
	case switchedGate:
		out.final = fmt.Sprintf("Turned the %s feature gate %s by default.", name, onOffWord(c.now.Default))
		out.early = fmt.Sprintf("%s is %s by default now.", name, onOffWord(c.now.Default))
	case removedGate:
		out.kinds = []string{otherKind}
		out.final = fmt.Sprintf("Removed the %s feature gate. It was %s. Take it out of your settings: a component that still sets it does not start.", name, wasBefore(c))
		out.early = fmt.Sprintf("Removed the %s feature gate, which was %s.", name, wasBefore(c))
	}
	if breaks(c) {
		out.kinds = []string{urgentKind}
		out.final, out.early = urgently(out.final, chance), urgently(out.early, chance)
	}
	switch {
	case chance%19 == 0:
		out.early = "" // picked late, after the last pre-release
	case chance%3 == 0:
		out.early = out.final
	}
	return out
}

// breaks says whether a change can stop a component that worked before.
func breaks(c change) bool {
	switch c.kind {
	case removedGate:
		return !c.before.Locked || !c.before.Default
	case lockedGate:
		return !c.now.Default
	case promotedGate, deprecatedGate, switchedGate:
		return c.before.Default && !c.now.Default
	}
	return false
}

// urgently puts the marker where upstream puts it: first, or before what to do, on a line of its own.
func urgently(text string, chance int) string {
	if chance%2 == 0 {
		return "ACTION REQUIRED: " + text
	}
	i := strings.LastIndex(text, ". ")
	if i < 0 {
		return text + "\nAction required: look for it in your settings."
	}
	return text[:i+1] + "\nAction required: " + lowerFirst(text[i+2:])
}

func (n *notebook) sentence(name string) string {
	if s := n.descriptions[name]; s != "" {
		return s
	}
	return "Guards a change of behaviour."
}

func stageWord(s gate.Stage) string {
	if s == gate.GA {
		return "GA"
	}
	return string(s)
}

func onOffWord(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

func onOff(on bool) string { return onOffWord(on) + " by default" }

func valueNow(c change) string {
	switch {
	case c.now.Locked:
		return fmt.Sprintf("It is %s, and can no longer be turned %s.", onOffWord(c.now.Default), onOffWord(!c.now.Default))
	case c.now.Default != c.before.Default:
		return fmt.Sprintf("It is now %s.", onOff(c.now.Default))
	}
	return fmt.Sprintf("It stays %s.", onOff(c.now.Default))
}

func onOffOrLocked(on, locked bool) string {
	if locked {
		return "locked " + onOffWord(on)
	}
	return onOff(on)
}

func wasBefore(c change) string {
	return stageWord(c.before.Stage) + " and " + onOffOrLocked(c.before.Default, c.before.Locked)
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// fixes are a release's notes that no gate is behind, all made up. A third of them is each release's.
func fixes(minor int) []note {
	all := []struct{ kind, sig, text, in string }{
		{bugKind, "sig-node", "Fixed a kubelet that forgot a container's exit code when it was restarted.", "alpha.1"},
		{bugKind, "sig-network", "Fixed kube-proxy, which kept old rules when a Service lost its last endpoint.", "alpha.2"},
		{bugKind, "sig-scheduling", "Fixed the scheduler, which left a pod waiting after the node it needed came back.", "beta.0"},
		{bugKind, "sig-storage", "Fixed a volume that stayed attached when its pod was deleted while the node was down.", "alpha.1"},
		{bugKind, "sig-apps", "Fixed the Job controller, which counted a failed pod twice after a restart.", "alpha.2"},
		{bugKind, "sig-api-machinery", "Fixed the answer to a broken label selector: it is 400 now, not 500.", "alpha.1"},
		{bugKind, "sig-windows", "Fixed the kubelet on Windows, which reported no free disk after a reboot.", "beta.0"},
		{bugKind, "sig-auth", "Fixed a certificate request that was approved twice.", "alpha.1"},
		{bugKind, "sig-cli", "Fixed `kubectl describe`, which printed the newest event twice.", "alpha.2"},
		{docsKind, "sig-cli", "The help of `kubectl drain` says which pods it leaves alone.", "alpha.2"},
		{otherKind, "sig-instrumentation", "Renamed three metrics of the scheduler; the old names stay for two releases.", "alpha.1"},
		{testKind, "sig-testing", "Gave the slow volume tests a longer time limit.", "alpha.1"},
		// What this one mends came with an alpha, so the final section does without it.
		{"", "sig-autoscaling", "Fixed the HorizontalPodAutoscaler, which scaled to one pod when a metric had no value.", "alpha.2"},
		{"", "sig-node", "Fixed a kubelet of the first alpha that did not start without a swap file.", "alpha.2"},
		{"", "sig-auth", "Fixed an API server of the first alpha that refused every webhook's certificate.", "alpha.2"},
	}
	var out []note
	for i, f := range all {
		if i%3 != minor%3 {
			continue
		}
		one := note{kinds: []string{f.kind}, sigs: []string{f.sig}, final: f.text, early: f.text, in: f.in}
		if f.kind == "" {
			one.kinds, one.final = []string{bugKind}, ""
		}
		if f.kind == bugKind && i%2 == 0 {
			one.sigs = append(one.sigs, "sig-testing")
		}
		out = append(out, one)
	}
	return out
}
