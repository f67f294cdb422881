package trace

import (
	"fmt"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/changelog"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/kep"
)

// RuleHistory is the implementation history in the README of a proposal that lists the gate.
const RuleHistory = "kep-history"

// Proposal is a proposal that lists the gate, and its README's history where that was read.
type Proposal struct {
	kep.Proposal
	History kep.History
}

// FromProposals says which proposals list the gate: by their kep.yaml, which is certain, or by the name of the
// gate in the README alone, which is likely.
func FromProposals(s Subject, proposals []Proposal) []Claim {
	var out []Claim
	for _, p := range proposals {
		if !isNumber(p.Number) {
			continue
		}
		switch {
		case slices.ContainsFunc(p.Gates, func(g kep.Gate) bool { return s.folds(g.Name) }):
			out = append(out, Claim{What: ToProposal, Evidence: kepEvidence(p.Number, RuleProposalGates, p.Path+"/kep.yaml", Certain)})
		case slices.ContainsFunc(p.History.Gates, s.folds):
			out = append(out, Claim{What: ToProposal, Evidence: kepEvidence(p.Number, RuleHistory, p.Path+"/README.md", Likely)})
		}
	}
	return out
}

// folds is names for texts in which letter case is unsure.
func (s Subject) folds(name string) bool {
	is := func(n string) bool { return kep.FoldGate(n) == kep.FoldGate(name) }
	return is(s.Gate) || slices.ContainsFunc(s.Former, is)
}

// only reports whether the proposal is about this gate alone, so that what it says of stages is the gate's.
func (p Proposal) only(s Subject) bool {
	return len(p.Gates) == 1 && s.folds(p.Gates[0].Name) || len(p.Gates) == 0 && len(p.History.Gates) == 1 && s.folds(p.History.Gates[0])
}

// about reports whether an entry is about the gate: it names it, or it names no gate and the proposal has no other.
func (p Proposal) about(l kep.Line, s Subject, isGate func(string) bool) bool {
	if len(changelog.Mentions(l.Text, s.names)) > 0 {
		return true
	}
	return p.only(s) && len(changelog.Mentions(l.Text, isGate)) == 0
}

// FromHistory reads implementation histories. An entry about the gate that has one stage, or one release, and
// links pull requests is likely; one with several stages, or that speaks of tests, docs or fixes, is
// possible, and so is a number that is only written.
func FromHistory(s Subject, proposals []Proposal, repo Repository, isGate func(string) bool) []Claim {
	var out []Claim
	for _, p := range proposals {
		for _, l := range p.History.Lines {
			if len(l.PRs)+len(l.Mentioned) == 0 || !p.about(l, s, isGate) || undoForm.MatchString(l.Text) {
				continue
			}
			how := Likely
			if len(l.Stages) > 1 || len(l.Releases) > 1 || len(l.Stages) == 0 || speaksOfElse(l.Text) {
				how = Possible
			}
			source := fmt.Sprintf("%s/README.md:%d", p.Path, l.Line)
			put := func(pr int, stage, release string, how Confidence) {
				target, url := repo.pull(pr)
				out = append(out, Claim{What: ToPull, Stage: stageNamed(stage), Version: release, Evidence: Evidence{Rule: RuleHistory, Target: target, URL: url, Source: source, Confidence: how}})
			}
			for _, stage := range orOne(l.Stages) {
				for _, release := range orOne(l.Releases) {
					for _, pr := range l.PRs {
						put(pr, stage, release, how)
					}
					for _, pr := range l.Mentioned {
						put(pr, stage, release, Possible)
					}
				}
			}
		}
	}
	return out
}

// orOne has one empty entry where a list has none.
func orOne(list []string) []string {
	if len(list) == 0 {
		return []string{""}
	}
	return list
}

func stageNamed(word string) gate.Stage {
	s, _ := stageOf(word)
	return s
}

// speaksOfElse reports whether an entry is about work beside the gate's.
func speaksOfElse(text string) bool {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r < 'a' || r > 'z' })
	return slices.ContainsFunc(words, func(w string) bool {
		return among(w, "test", "tests", "docs", "documentation", "fix", "fixes", "fixed", "bug", "bugs", "metric", "metrics", "follow", "cleanup", "blog", "revert", "reverted", "prr")
	})
}
