package diff

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/kep"
)

// lockedMinors is upstream's own rule: a gate may go three minors after it was locked. Whoever still
// sets one that went earlier had no fair warning.
const lockedMinors = 3

// gateSeverity judges a gate change on its own; the watch list may raise it later. The reason is in words.
func gateSeverity(c Change) (Severity, string) {
	g := c.Gate
	switch {
	case c.Has(GateRemoved):
		return removalSeverity(*g)
	case c.Has(GateRenamed) && g.Before.Name != g.After.Name:
		return Act, fmt.Sprintf("the name users set changed from %s to %s; the old one is unknown now", g.Before.Name, g.After.Name)
	case c.Has(GateDefaultChanged) && !g.AfterSpec.Default:
		return Act, "it was on by default and is off now"
	case c.Has(GateLocked) && !g.AfterSpec.Default:
		return Act, "it is locked to off: a component that switches it on will not start"
	case c.Has(GateAdded) && g.AfterSpec.Locked && !g.AfterSpec.Default:
		return Act, "it is new and locked to off"
	case c.Has(GateDefaultChanged):
		return Know, "it is on by default now"
	case c.Has(GatePromoted):
		return Know, "it was promoted"
	case c.Has(GateDeprecated):
		return Know, "it was deprecated"
	case c.Has(GateDemoted):
		return Know, "it went back a stage"
	case c.Has(GateLocked):
		return Know, "it is locked to on: a component that switches it off will not start"
	case c.Has(GateUnlocked):
		return Know, "it can be set again"
	case c.Has(GateAdded) && (g.AfterSpec.Stage == gate.Beta || g.AfterSpec.Default):
		return Know, "it is new and enters as " + string(g.AfterSpec.Stage)
	case c.Has(GateAdded):
		return FYI, "it is new"
	}
	return FYI, ""
}

func removalSeverity(g GateChange) (Severity, string) {
	spec := g.BeforeSpec
	switch {
	case spec == nil:
		return FYI, "it was only scheduled"
	case !spec.Locked:
		return Act, "it was removed without ever being locked"
	}
	since := g.Before.LockedSince(g.FromVersion)
	if n, ok := minorsBetween(since, g.ToVersion); ok {
		if n >= lockedMinors {
			return Know, fmt.Sprintf("it was removed as announced: locked since %s", since)
		}
		return Act, fmt.Sprintf("it was removed %s after it was locked in %s, earlier than upstream's rule of three", minors(n), since)
	}
	if g.Before.RemoveIn != "" && gate.CompareVersions(g.Before.RemoveIn, gate.MinorOf(g.ToVersion)) <= 0 {
		return Know, fmt.Sprintf("it was removed as announced: planned for %s", g.Before.RemoveIn)
	}
	return Act, "it was locked, and nothing in the source tells for how long"
}

// minorsBetween counts the minors from one version to another of the same major: 1.33 to v1.36.2 is 3.
func minorsBetween(from, to string) (int, bool) {
	var fMajor, fMinor, tMajor, tMinor int
	if _, err := fmt.Sscanf(gate.MinorOf(from), "%d.%d", &fMajor, &fMinor); err != nil {
		return 0, false
	}
	if _, err := fmt.Sscanf(gate.MinorOf(to), "%d.%d", &tMajor, &tMinor); err != nil {
		return 0, false
	}
	if fMajor != tMajor || !semver.IsValid("v"+gate.MinorOf(to)) {
		return 0, false
	}
	return tMinor - fMinor, true
}

func minors(n int) string {
	if n == 1 {
		return "one minor release"
	}
	return fmt.Sprintf("%d minor releases", n)
}

// Watch names what is the reader's own. Names compare as users type them, without regard to case.
type Watch struct {
	Gates      []string
	KEPs       []string // numbers: "2411"
	SIGs       []string // "node": that a proposal or ticket belongs to, or the proposal of a gate
	Components []string
	Owners     []string // "@name"
	// Settings are gates that the reader's own configuration sets.
	Settings []WatchedSetting
}

// WatchedSetting is a gate that is set in one place of the reader's configuration.
type WatchedSetting struct {
	Gate string
	// Program is what is given the gate ("kubelet"); "" where the place does not tell.
	Program string
	// Where is the place in words: "clusters/a/kubelet.yaml:12 (kubelet)".
	Where string
}

// kubeadm is the one program whose gates are a world of their own: what it is given is no gate of the
// others, though a name may be the same.
const kubeadm = "kubeadm"

func (s WatchedSetting) sets(g *gate.Gate) bool {
	if !strings.EqualFold(s.Gate, g.Name) {
		return false
	}
	all := g.Components()
	switch s.Program {
	case "":
		return true
	case kubeadm:
		return slices.Contains(all, kubeadm)
	}
	return len(all) == 0 || slices.ContainsFunc(all, func(c string) bool { return c != kubeadm })
}

// match says whether a change touches what is watched, and by which entry. The old side counts too: a
// gate that was renamed or left a component is still the reader's.
func (w Watch) match(c Change) (because string, ok bool) {
	if p := c.Proposal; p != nil {
		return w.matchProposal(*p)
	}
	if t := c.Ticket; t != nil {
		return w.matchTicket(*t.After)
	}
	if c.Doc != nil {
		return w.matchDoc(c.ID, *c.Doc)
	}
	if c.Gate == nil {
		return "", false
	}
	return w.matchGate([]*gate.Gate{c.Gate.After, c.Gate.Before}, c.Gate.Proposals, c.Gate.Relisted)
}

// matchDoc says whether the gate of a page is watched. What the code says of it counts too, where it has the gate.
func (w Watch) matchDoc(name string, d DocChange) (because string, ok bool) {
	if d.Gate != nil {
		return w.matchGate([]*gate.Gate{d.Gate}, d.Proposals, nil)
	}
	return w.matchGate([]*gate.Gate{{Name: name}}, d.Proposals, nil)
}

// matchGate says whether any of the sides of a gate is watched.
func (w Watch) matchGate(sides []*gate.Gate, proposals []kep.Proposal, relisted []Relisting) (because string, ok bool) {
	for _, g := range sides {
		if g == nil {
			continue
		}
		if places := w.places(g); len(places) > 0 {
			return SetIn + places[0] + andMore(len(places)-1), true
		}
		for _, rule := range []struct {
			word    string
			entries []string
			have    []string
		}{
			{"gate", w.Gates, []string{g.Name}},
			{"KEP", w.KEPs, slices.Concat(g.KEPs, proposalNumbers(proposals), relistedNumbers(relisted))},
			{"SIG", w.SIGs, owningSIGs(proposals)},
			{"component", w.Components, g.Components()},
			{"owner", w.Owners, g.Owners},
		} {
			for _, e := range rule.entries {
				if slices.ContainsFunc(rule.have, func(h string) bool { return strings.EqualFold(h, e) || rule.word == "SIG" && sameSIG(h, e) }) {
					return rule.word + " " + e, true
				}
			}
		}
	}
	return "", false
}

// matchProposal says whether a proposal is watched: by its number, or by a gate it names.
func (w Watch) matchProposal(p ProposalChange) (because string, ok bool) {
	for _, side := range []*kep.Proposal{p.After, p.Before} {
		if side == nil {
			continue
		}
		for _, k := range w.KEPs {
			if k == side.Number {
				return "KEP " + k, true
			}
		}
		for _, sig := range w.SIGs {
			if sameSIG(sig, side.OwningSIG) {
				return "SIG " + sig, true
			}
		}
		for _, g := range side.Gates {
			if i := slices.IndexFunc(w.Gates, func(x string) bool { return strings.EqualFold(x, g.Name) }); i >= 0 {
				return "gate " + w.Gates[i], true
			}
			for _, s := range w.Settings {
				if strings.EqualFold(s.Gate, g.Name) {
					return SetIn + s.Where, true
				}
			}
		}
	}
	return "", false
}

// sameSIG compares names of SIGs with or without the "sig-" in front.
func sameSIG(a, b string) bool {
	short := func(s string) string { return strings.TrimPrefix(strings.ToLower(s), "sig-") }
	return short(a) == short(b) && short(a) != ""
}

func owningSIGs(ps []kep.Proposal) []string {
	var out []string
	for _, p := range ps {
		out = append(out, p.OwningSIG)
	}
	return out
}

func proposalNumbers(ps []kep.Proposal) []string {
	var out []string
	for _, p := range ps {
		out = append(out, p.Number)
	}
	return out
}

func relistedNumbers(list []Relisting) []string {
	var out []string
	for _, r := range list {
		out = append(out, r.Proposal.Number)
	}
	return out
}

// SetIn begins [Change.MineBecause] of what is the reader's because their configuration sets it; a place
// follows. Other reasons are an entry of the watch list.
const SetIn = "set in "

func (w Watch) places(g *gate.Gate) []string {
	var out []string
	for _, s := range w.Settings {
		if s.sets(g) {
			out = append(out, s.Where)
		}
	}
	return out
}

func andMore(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return " and one more place"
	}
	return fmt.Sprintf(" and %d more places", n)
}

// Filter keeps what a digest definition asks for. Empty lists keep everything.
type Filter struct {
	Severities []Severity
	// SIGs keeps proposals and tickets of these, and gates that such a proposal lists. Releases are of all.
	SIGs       []string
	Components []string
}

func (f Filter) keeps(c Change) bool {
	if len(f.Severities) > 0 && !slices.Contains(f.Severities, c.Severity) {
		return false
	}
	if len(f.SIGs) > 0 && !f.keepsSIG(c) {
		return false
	}
	if len(f.Components) == 0 {
		return true
	}
	if c.Proposal != nil {
		return slices.ContainsFunc(c.Proposal.Newest().Gates, func(g kep.Gate) bool { return shared(f.Components, g.Components) > 0 })
	}
	if c.Doc != nil {
		return c.Doc.Gate != nil && shared(f.Components, c.Doc.Gate.Components()) > 0
	}
	if c.Gate == nil { // a release is of all components
		return true
	}
	for _, g := range []*gate.Gate{c.Gate.After, c.Gate.Before} {
		if g != nil && shared(f.Components, g.Components()) > 0 {
			return true
		}
	}
	return false
}

func (f Filter) keepsSIG(c Change) bool {
	var sigs []string
	switch {
	case c.Proposal != nil:
		p := c.Proposal.Newest()
		sigs = append(slices.Clone(p.SIGs), p.OwningSIG)
	case c.Gate != nil:
		sigs = owningSIGs(c.Gate.Proposals)
	case c.Ticket != nil:
		sigs = ticketSIGs(*c.Ticket.After)
	case c.Doc != nil:
		sigs = owningSIGs(c.Doc.Proposals)
	default:
		return true
	}
	return slices.ContainsFunc(sigs, func(s string) bool {
		return slices.ContainsFunc(f.SIGs, func(x string) bool { return sameSIG(x, s) })
	})
}
