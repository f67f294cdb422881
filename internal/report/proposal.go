package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/kep"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// proposalShelf is one section of proposals.
type proposalShelf struct {
	heading, intro string
	takes          func(diff.Change) bool
}

// proposalShelves are in reading order; the last takes all.
func proposalShelves() []proposalShelf {
	has := func(k diff.Kind) func(diff.Change) bool { return func(c diff.Change) bool { return c.Has(k) } }
	return []proposalShelf{
		{"Proposals: their files are gone", "", has(diff.ProposalRemoved)},
		{"Proposals: given up", "Nothing more will come of these.", func(c diff.Change) bool {
			return c.Has(diff.ProposalStatus) && c.Severity == diff.Know && !c.Has(diff.ProposalStage)
		}},
		{"Proposals: another stage", "What a proposal aims at, not what was shipped: upstream sets it before the work is done.", has(diff.ProposalStage)},
		{"Proposals: another release", "What a proposal aims at, not what was shipped.", has(diff.ProposalRetargeted)},
		{"Proposals: new", "", has(diff.ProposalAdded)},
		{"Proposals: also changed", "", func(diff.Change) bool { return true }},
	}
}

// proposalSections sorts the changes of proposals that are not the reader's own.
func proposalSections(u Upstream) []section {
	shelves := proposalShelves()
	out := make([]section, len(shelves))
	for _, c := range u.Changes {
		if c.Proposal == nil || c.Mine {
			continue
		}
		at := slices.IndexFunc(shelves, func(s proposalShelf) bool { return s.takes(c) })
		out[at].entries = append(out[at].entries, proposalEntry(u, c))
	}
	var kept []section
	for i, s := range out {
		if len(s.entries) == 0 {
			continue
		}
		s.heading, s.intro, s.brief = shelves[i].heading, say(shelves[i].intro), true
		s.fold = len(s.entries) >= foldFrom
		kept = append(kept, s)
	}
	return kept
}

// proposalEntry tells what a proposal aims at now, and what it aimed at.
func proposalEntry(u Upstream, c diff.Change) entry {
	p := c.Proposal.Newest()
	e := entry{gates: 1, id: proposalName(*p), about: say(quote(sentence(short(cmp.Or(p.Title, p.Path), 200)))), change: proposalWords(c)}
	e.why, e.box = whyMine(c), openOf(c)
	for _, s := range u.Sections {
		if s.Source != snapshot.SourceProposals {
			continue
		}
		// The short link leads on; the file itself is named where there is none, or where it is gone. The short links of
		// Kubernetes' proposals lead to nobody else's.
		linked := p.Number != "" && IsEnhancements(s.Repository)
		if linked {
			e.proof = append(e.proof, linkTo("KEP-"+short(p.Number, 12), kep.URL(p.Number)))
		}
		if linked && c.Proposal.After != nil {
			continue
		}
		sha, old := s.To.SHA, ""
		if c.Proposal.After == nil {
			sha, old = s.From.SHA, " (before)"
		}
		e.proof = append(e.proof, linkTo("kep.yaml"+old, blobURL(s.WebURL, sha, p.Path+"/kep.yaml", 0)))
	}
	return e
}

// IsEnhancements reports whether a repository has the proposals that kep.k8s.io leads to, or a copy of it.
func IsEnhancements(repository string) bool {
	_, name, ok := strings.Cut(repository, "/")
	return ok && name == "enhancements"
}

// proposalName is "KEP-2411", or the folder where there is no number.
func proposalName(p kep.Proposal) string {
	if p.Number != "" {
		return "KEP-" + p.Number
	}
	return p.Path
}

func proposalWords(c diff.Change) phrase {
	b, a := c.Proposal.Before, c.Proposal.After
	switch {
	case a == nil:
		return say("Its file is gone. It " + aims(*b) + " and was " + statusWord(*b) + ".")
	case b == nil:
		return say("New from " + sigWord(*a) + ": " + statusWord(*a) + ", " + aims(*a) + "." + gatesWord(*a))
	}
	var out phrase
	if c.Has(diff.ProposalStage) || a.Target != b.Target {
		out = say(upper(aims(*a)) + "; before, it " + aimed(*b) + ".")
	} else if c.Has(diff.ProposalRetargeted) {
		out = say(plannedWords(b.Milestones, a.Milestones))
	}
	if c.Has(diff.ProposalStatus) {
		out = say(out, " Its status is "+statusWord(*a)+" now (was "+statusWord(*b)+").")
	}
	if list := c.Proposal.GatesAdded; len(list) > 0 {
		out = say(out, " It names ", names(list, 6), " now.")
	}
	if list := c.Proposal.GatesDropped; len(list) > 0 {
		out = say(out, " It no longer names ", names(list, 6), ".")
	}
	if c.Has(diff.ProposalMoved) {
		out = say(out, " Its folder moved from ", name(b.Path), ".")
	}
	return out
}

// aims is what a proposal aims at: "aims at beta in v1.38".
func aims(p kep.Proposal) string { return "aims at " + target(p) }

func aimed(p kep.Proposal) string { return "aimed at " + target(p) }

func target(p kep.Proposal) string {
	stage, release := short(p.Stage, 40), version(p.Target)
	switch {
	case stage == "" && release == "":
		return "no stage and no release"
	case stage == "":
		return "v" + release + ", no stage named"
	case release == "":
		return stage + ", no release named"
	}
	return stage + " in v" + release
}

func statusWord(p kep.Proposal) string { return cmp.Or(short(p.Status, 40), "without a status") }

func sigWord(p kep.Proposal) string { return cmp.Or(short(p.OwningSIG, 60), "no SIG") }

func gatesWord(p kep.Proposal) string {
	var list []string
	for _, g := range p.Gates {
		list = append(list, short(g.Name, maxName))
	}
	switch len(list) {
	case 0:
		return ""
	case 1:
		return " Gate: " + list[0] + "."
	}
	return " Gates: " + strings.Join(list[:min(len(list), 6)], ", ") + "."
}

// plannedWords tells the planned releases that moved.
func plannedWords(b, a kep.Milestones) string {
	var out []string
	for _, m := range []struct{ stage, from, to string }{
		{"alpha", b.Alpha, a.Alpha}, {"beta", b.Beta, a.Beta}, {"stable", b.Stable, a.Stable},
		{"deprecation", b.Deprecated, a.Deprecated}, {"disabling", b.Disabled, a.Disabled}, {"removal", b.Removed, a.Removed},
	} {
		switch {
		case m.from == m.to:
		case m.from == "":
			out = append(out, m.stage+" is planned for v"+version(m.to))
		case m.to == "":
			out = append(out, m.stage+" is no longer planned for v"+version(m.from))
		default:
			out = append(out, m.stage+" is planned for v"+version(m.to)+" (was v"+version(m.from)+")")
		}
	}
	return upper(strings.Join(out, ", ")) + "."
}
