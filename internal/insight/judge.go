package insight

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/upstream-digest/bot/internal/gate"
)

// Judge says what becomes of a setting at q.To. It never fails: what can't be judged is NoData, and the
// evidence says why. From may be empty, no version, or above To; it only serves to tell what changes.
func Judge(h *History, q Query) Judgement {
	c := &inquiry{h: h, name: q.Gate, to: Minor(q.To), from: Minor(q.From)}
	c.j.Evidence = []string{}
	c.value, c.valid, c.open = parse(q.Value)
	c.judge(q)
	c.j.Evidence = append(c.j.Evidence, c.notes...)
	return c.j
}

// inquiry is one question under way.
type inquiry struct {
	h        *History
	p        program
	name     string
	from, to string // minors
	value    bool
	valid    bool     // the value is true or false
	open     bool     // the value is a placeholder of a template
	notes    []string // on how it was judged: evidence that comes behind the reasons
	j        Judgement
}

// parse reads a value as Kubernetes does, which is as Go does: 1, t, T, TRUE, true, True, and so on.
func parse(s string) (value, valid, open bool) {
	s = strings.TrimSpace(s)
	value, err := strconv.ParseBool(s)
	open = strings.Contains(s, "{{") || strings.HasPrefix(s, "$") || strings.HasPrefix(s, "<") && strings.HasSuffix(s, ">")
	return value, err == nil, err != nil && open
}

func (c *inquiry) judge(q Query) {
	p, ok := programOf(q.Component)
	c.p = p
	switch {
	case !ok:
		c.noData("Nothing is known of the gates of "+q.Component+".", "Look up the gate in the documentation of "+q.Component+".")
		return
	case c.to == "":
		c.noData(fmt.Sprintf("%q is no Kubernetes version.", q.To), "Give a version such as 1.36.")
		return
	}
	if q.Component == "" {
		c.note("The file does not tell which component sets the gate: judged by what the main binaries take together.")
	}
	if isMeta(q.Gate) && p.hasMeta() {
		c.meta()
		return
	}
	if p.name == clientGo {
		c.note("Programs built with client-go read the variable; " + and(mainPrograms()) + " do not: they take the gate by flag or file.")
	}
	e, u := c.h.find(p, q.Gate, c.to)
	missing := c.h.missing(p, q.Gate, c.to)
	c.j.KEPs = c.keps(e)
	switch {
	case u == yes && q.Component == "" && slices.Equal(e.registered, []string{kubeadm}):
		c.p, _ = programOf(kubeadm)
		c.note("Only kubeadm takes it at " + c.to + ".")
		c.present(e)
	case u == yes:
		if q.Component == "" && !slices.Contains(e.registered, kubernetes) && !slices.Contains(e.registered, clientGo) {
			c.note("At " + c.to + " these take it: " + c.h.homes(c.name, c.to) + ".")
		}
		c.present(e)
	case len(missing) > 0:
		c.uncovered(missing)
	case u == maybe:
		why := "depends on how it was built"
		if p.early(c.to) {
			why = "is not known"
		}
		c.noData(fmt.Sprintf("Whether %s takes gates of %s at %s %s.", p.title(), and(e.registered), c.to, why),
			"Try it with the binary itself before you upgrade: its --help does not list gates that are stable or deprecated.")
	default:
		c.absent()
	}
}

// uncovered says no more than that nobody knows.
func (c *inquiry) uncovered(missing []string) {
	if _, known := c.h.at[c.to]; known {
		c.noData(fmt.Sprintf("Nobody can say: the gates of %s at %s are not known.", and(missing), c.to),
			"Judge it at the releases before and after, or read "+c.to+" from a mirror or an upstream.")
		return
	}
	span := "nothing is known of any release"
	if n := len(c.h.releases); n > 0 {
		span = "what is known goes from " + c.h.releases[0] + " to " + c.h.releases[n-1]
	}
	c.noData(fmt.Sprintf("Nobody can say: %s is not known, %s.", c.to, span), "Configure a mirror or an upstream, so that "+c.to+" can be read.")
}

// present judges a gate that the program takes at the target. The first verdict that fits is the answer,
// in the order of the constants; all that is known goes into the evidence.
func (c *inquiry) present(e entry) {
	s := e.spec
	if !c.valid && !c.open {
		if !c.p.refuses() {
			c.ignored("is set to something that is neither true nor false")
			return
		}
		c.say(c.state(s))
		c.say("The value is neither true nor false.")
		c.decide(InvalidValue, "", fmt.Sprintf("Set %s to true or false, or remove it from %s.", c.name, c.where()))
		return
	}
	against := s.Locked && c.valid && c.value != s.Default
	if against && !c.p.refuses() {
		c.ignored("is locked to " + strconv.FormatBool(s.Default))
		return
	}
	c.say(c.state(s))
	refused := against && c.p.locks()
	since := c.since(locked)
	if refused {
		c.say("Setting it to " + strconv.FormatBool(!s.Default) + " is refused" + c.sinceWords(since) + ".")
	}
	if r, ok := c.h.removal(c.p, c.name, c.to); ok {
		c.j.Removal = &r
		c.say(r.Words() + ": " + r.Rule + ".")
	}
	if refused {
		c.decide(Locked, since, c.removeBefore(since))
		return
	}
	if c.open {
		c.noData("The value is filled in elsewhere.", "Check the file after it has been filled in.")
		return
	}
	if against {
		c.say("It is locked, but " + c.p.title() + " does not look at locks: it takes the other value all the same.")
	}
	sameDefault := func(o gate.Spec) bool { return o.Default == s.Default }
	if old, u := c.h.find(c.p, c.name, c.from); c.from != "" && u == yes && old.spec.Default != s.Default {
		flip := c.since(sameDefault)
		c.say(fmt.Sprintf("The default is %s in %s and %s in %s.", onOff(old.spec.Default), c.from, onOff(s.Default), c.to))
		advice := fmt.Sprintf("Your setting keeps it %s against the new default: make sure that you still want that.", onOff(c.value))
		if c.value == s.Default {
			advice = fmt.Sprintf("Your setting becomes the default, so from %s on it can be left out.", c.to)
		}
		c.decide(DefaultChanged, flip, advice)
	}
	if s.Stage == gate.Deprecated {
		c.decide(Deprecated, c.since(func(o gate.Spec) bool { return o.Stage == gate.Deprecated }),
			fmt.Sprintf("Plan to do without %s, and remove it from %s: it will go.", c.name, c.where()))
	}
	if r := c.j.Removal; r != nil {
		c.decide(RemovalPlanned, since, fmt.Sprintf("Remove %s from %s before you upgrade to %s.", c.name, c.where(), r.Release))
	}
	if c.value == s.Default {
		c.decide(Redundant, c.since(sameDefault), fmt.Sprintf("%s is %s without your setting: it can be left out.", c.name, onOff(s.Default)))
	}
	if early(s) && c.value {
		c.decide(AlphaInUse, c.since(early), fmt.Sprintf("Read the release notes for %s before each upgrade: an alpha feature may change or go at any time.", c.name))
	}
	c.decide(Fine, "", "Nothing to do.")
}

func early(s gate.Spec) bool { return s.Stage == gate.Alpha || s.Stage == gate.PreAlpha }

// absent judges a gate that the program surely does not take at the target.
func (c *inquiry) absent() {
	last, since := c.lastSeen()
	if last != "" {
		if other := c.h.homes(c.name, c.to); other != "" && len(c.h.at[c.to].gates[c.name]) > 0 {
			c.say("At " + c.to + " only these take it: " + other + ".")
		}
		e, _ := c.h.find(c.p, c.name, last)
		c.say(fmt.Sprintf("Last registered by %s in %s, gone in %s (%s).", and(e.registered), last, since, c.h.at[since].source))
		if !c.p.refuses() {
			c.ignored("is gone since " + since)
			return
		}
		c.decide(Removed, since, c.removeBefore(since))
		return
	}
	// Never had it: because it came later, because it is somebody else's, or because it is misspelt.
	advice := fmt.Sprintf("Remove %s from %s.", c.name, c.where())
	switch first := c.firstSeen(); {
	case first != "":
		c.say(fmt.Sprintf("It first appears in %s (%s).", first, c.h.at[first].source))
		advice = fmt.Sprintf("Set %s only from %s on.", c.name, first)
	case len(c.h.present[c.name]) > 0:
		c.j.Suggestion = c.h.homes(c.name, c.to)
		c.say(fmt.Sprintf("It is no gate of %s; it belongs to %s.", c.p.title(), c.j.Suggestion))
		advice = fmt.Sprintf("Remove %s from %s; set it for %s if you need it.", c.name, c.where(), c.j.Suggestion)
	case isMeta(c.name):
		c.say(fmt.Sprintf("It is no gate of %s, which has a list of its own.", c.p.title()))
	default:
		never := fmt.Sprintf("o release from %s to %s has a gate of this name.", c.h.releases[0], c.h.releases[len(c.h.releases)-1])
		c.j.Suggestion = c.h.nearest(c.p, c.name, c.to)
		if c.p.name == "" && !c.h.misspelt(c.p, c.name, c.j.Suggestion, c.to) {
			c.notOurs(never)
			return
		}
		c.say("N" + never)
		if c.j.Suggestion != "" {
			advice = fmt.Sprintf("Did you mean %s? Correct it, or remove it from %s.", c.j.Suggestion, c.where())
			if _, u := c.h.find(c.p, c.j.Suggestion, c.to); u == no {
				advice = fmt.Sprintf("You may have meant %s, which is not known at %s either: remove it from %s.", c.j.Suggestion, c.to, c.where())
			}
		}
	}
	if !c.p.refuses() {
		suggestion := c.j.Suggestion
		c.ignored("is none of its gates")
		c.j.Suggestion, c.j.Advice = suggestion, advice
		return
	}
	c.decide(Unknown, "", advice)
}

// notOurs is the answer for a gate that no release has, in a file that does not tell which program gets it: most such
// are another project's, in the values of its chart.
func (c *inquiry) notOurs(never string) {
	c.notes = nil
	meant := "correct its name."
	if c.j.Suggestion != "" {
		meant = "did you mean " + c.j.Suggestion + "?"
	}
	c.noData("Nothing shows that this is a gate of Kubernetes: the file does not tell which program gets it, and n"+never,
		"Look it up in the documentation of the project that reads it; if that is Kubernetes, "+meant)
}

// lastSeen finds the last release before the target in which the program had the gate, and the first known
// one after that, up to the target, without it.
func (c *inquiry) lastSeen() (last, since string) {
	for _, r := range c.h.releases {
		if gate.CompareVersions(r, c.to) > 0 {
			break
		}
		switch _, u := c.h.find(c.p, c.name, r); {
		case u != no:
			last, since = r, ""
		case last != "" && since == "" && len(c.h.missing(c.p, c.name, r)) == 0:
			since = r
		}
	}
	return last, since
}

// firstSeen finds the first release after the target in which the program has the gate.
func (c *inquiry) firstSeen() string {
	for _, r := range c.h.present[c.name] {
		if _, u := c.h.find(c.p, c.name, r); u != no && gate.CompareVersions(r, c.to) > 0 {
			return r
		}
	}
	return ""
}

// ignored is the answer where a setting does nothing at all: client-go reads an environment variable for
// each gate it knows, logs what it can't use, and goes on.
func (c *inquiry) ignored(why string) {
	c.say(fmt.Sprintf("%s %s: client-go ignores the variable, and nothing breaks.", c.name, why))
	c.decide(Redundant, "", fmt.Sprintf("Remove KUBE_FEATURE_%s: it does nothing.", c.name))
}

func isMeta(name string) bool { return name == "AllAlpha" || name == "AllBeta" }

// meta judges AllAlpha and AllBeta, which stand for all gates of a stage that nobody sets by name. Their own
// default is off, but setting that is not the same as leaving them out: it switches off what is on.
func (c *inquiry) meta() {
	stage := gate.Alpha
	if c.name == "AllBeta" {
		stage = gate.Beta
	}
	if !c.valid && !c.open {
		c.say("The value is neither true nor false.")
		c.decide(InvalidValue, "", fmt.Sprintf("Set %s to true or false, or remove it from %s.", c.name, c.where()))
		return
	}
	if missing := c.h.missing(c.p, c.name, c.to); len(missing) > 0 {
		c.say(fmt.Sprintf("%s exists in every release, but what it switches at %s is not known.", c.name, c.to))
		c.uncovered(missing)
		return
	}
	if c.open {
		c.noData("The value is filled in elsewhere.", "Check the file after it has been filled in.")
		return
	}
	for name := range c.h.at[c.to].gates {
		if e, u := c.h.find(c.p, name, c.to); u == yes && e.spec.Stage == stage && e.spec.Default != c.value {
			c.j.Switches = append(c.j.Switches, name)
		}
	}
	slices.Sort(c.j.Switches)
	c.say(fmt.Sprintf("It switches %s %d %s gates that are %s by default at %s, but for those that are set by name.",
		onOff(c.value), len(c.j.Switches), stage, onOff(!c.value), c.to))
	switch {
	case len(c.j.Switches) == 0:
		c.decide(Redundant, "", c.name+" switches nothing: it can be left out.")
	case stage == gate.Alpha && c.value:
		c.decide(AlphaInUse, "", "Set the gates that you need by name: AllAlpha is for tests, and means others in each release.")
	default:
		c.decide(Fine, "", "Read the list: "+c.name+" means other gates in each release. Safer is to set those you mean by name.")
	}
}

// keps are the gate's proposals, at the target or else in the last release that names any.
func (c *inquiry) keps(e entry) []string {
	if len(e.keps) > 0 {
		return slices.Clone(e.keps)
	}
	for _, r := range slices.Backward(c.h.present[c.name]) {
		for _, e := range c.h.at[r].gates[c.name] {
			if len(e.keps) > 0 {
				return slices.Clone(e.keps)
			}
		}
	}
	return nil
}

func (c *inquiry) since(holds func(gate.Spec) bool) string { return c.h.run(c.p, c.name, c.to, holds) }

func (c *inquiry) sinceWords(since string) string {
	if since == "" {
		return ""
	}
	return " since " + since
}

// state says in words what a gate is at the target.
func (c *inquiry) state(s gate.Spec) string {
	words := []string{string(s.Stage)}
	if s.Stage == gate.GA {
		words[0] = "stable"
	}
	words = append(words, onOff(s.Default)+" by default")
	if s.Locked {
		words = append(words, "locked")
	}
	text := fmt.Sprintf("At %s it is %s", c.to, strings.Join(words, ", "))
	// Not since the version of its spec: upstream changes past ones.
	same := func(o gate.Spec) bool { return o.Stage == s.Stage && o.Default == s.Default && o.Locked == s.Locked }
	switch since := c.since(same); since {
	case "":
	case "1.0":
		text += ", as ever"
	case c.to:
		text += ", since this release"
	default:
		text += ", and has been since " + since
	}
	return text + " (" + c.h.at[c.to].source + ")."
}

// where names what is to be edited.
func (c *inquiry) where() string {
	switch c.p.name {
	case "":
		return "the configuration"
	case clientGo:
		return "the environment"
	}
	return "the configuration of " + c.p.name
}

// removeBefore says until when the setting must be gone: before the release in which it begins to break, or
// now where it breaks already.
func (c *inquiry) removeBefore(since string) string {
	limit := since
	if limit == "" {
		limit = c.to
	}
	if c.from != "" && since != "" && gate.CompareVersions(c.from, since) >= 0 {
		return fmt.Sprintf("Remove %s from %s now: it is refused since %s.", c.name, c.where(), since)
	}
	return fmt.Sprintf("Remove %s from %s before you upgrade to %s.", c.name, c.where(), limit)
}

func (c *inquiry) say(sentence string) { c.j.Evidence = append(c.j.Evidence, sentence) }

func (c *inquiry) note(sentence string) { c.notes = append(c.notes, sentence) }

// decide sets the verdict unless a worse one stands.
func (c *inquiry) decide(v Verdict, since, advice string) {
	if c.j.Verdict == "" {
		c.j.Verdict, c.j.Since, c.j.Advice = v, since, advice
	}
}

func (c *inquiry) noData(why, advice string) {
	c.say(why)
	c.decide(NoData, "", advice)
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}
