package trace

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/upstream-digest/bot/internal/gate"
)

// Combine puts claims on the steps of a gate's life and merges those for one target. Remarks are by target:
// "reverted by …". The order of the claims does not matter.
func Combine(s Subject, claims []Claim, remarks map[string]string) Life {
	life := Life{Gate: s.Gate, Former: s.Former}
	byStep := make([][]Claim, len(s.Steps))
	of := map[What][]Claim{}
	for _, c := range claims {
		if c.What != ToPull {
			of[c.What] = append(of[c.What], c)
			continue
		}
		if i, how := s.place(c); i >= 0 {
			if how.rank() > c.Confidence.rank() {
				c.Confidence = how
			}
			byStep[i] = append(byStep[i], c)
		}
	}
	for i, st := range s.Steps {
		life.Stages = append(life.Stages, Stage{Step: st, PRs: known(merge(byStep[i], remarks))})
	}
	life.KEPs = owned(merge(of[ToProposal], nil))
	life.Tickets = merge(append(of[ToTicket], tracking(life.KEPs)...), nil)
	life.Notes = merge(of[ToNote], nil)
	slices.SortStableFunc(life.Notes, func(a, b Link) int { return gate.CompareVersions(a.Target, b.Target) })
	life.Docs = merge(of[ToDocs], nil)
	return life
}

// RuleKEPNumber is the law that a proposal has the number of its tracking issue.
const RuleKEPNumber = "kep-number"

func tracking(keps []Link) []Claim {
	var out []Claim
	for _, k := range keps {
		if n := strings.TrimPrefix(k.Target, "KEP-"); k.Confidence != Possible {
			out = append(out, Claim{What: ToTicket, Evidence: Evidence{
				Rule: RuleKEPNumber, Target: "kubernetes/enhancements#" + n, URL: k.URL, Source: k.Source, Confidence: k.Confidence,
			}})
		}
	}
	return out
}

// known leaves out guesses where something is certain, but for what was undone: that is part of the story.
func known(links []Link) []Link {
	if len(links) == 0 || links[0].Confidence != Certain {
		return links
	}
	return slices.DeleteFunc(links, func(l Link) bool { return l.Confidence == Possible && l.Remark == "" })
}

// owned leaves out proposals that are only linked where others are certain: notes and pull requests link what they
// build on, too. Several proposals that list one gate are all certain, so they stay.
func owned(keps []Link) []Link {
	if len(keps) == 0 || keps[0].Confidence != Certain {
		return keps
	}
	return slices.DeleteFunc(keps, func(l Link) bool {
		return l.Confidence != Certain && Family(l.Rule) != "proposal" && Family(l.Rule) != "source"
	})
}

// place is the step that a claim is about, and how sure that can be at most; -1 where there is none.
func (s Subject) place(c Claim) (int, Confidence) {
	var of []int // the steps that the words fit
	for i, st := range s.Steps {
		if fits(c, st) {
			of = append(of, i)
		}
	}
	at := func(near func(version string) bool) int {
		return slices.IndexFunc(of, func(i int) bool { return near(s.Steps[i].Version) })
	}
	tells := c.Stage != "" || c.Role != ""
	switch {
	case c.Version != "":
		if i := at(func(v string) bool { return v == c.Version }); i >= 0 {
			if tells {
				return of[i], Certain
			}
			return of[i], Possible
		}
		// Plans slip by a release, and a stage is reached once.
		if len(of) == 1 && c.Stage != "" {
			if v := s.Steps[of[0]].Version; v == "" || apart(v, c.Version) == 1 {
				return of[0], Possible
			}
		}
	case c.Stage != "":
		i := slices.IndexFunc(of, func(i int) bool {
			return !s.Steps[i].Has(Flipped) || s.Steps[i].Has(Promoted) || s.Steps[i].Has(Introduced)
		})
		if i >= 0 {
			return of[i], Certain
		}
	}
	return -1, Possible
}

// fits reports whether a claim's words can be about a step, its version aside.
func fits(c Claim, st Step) bool {
	if c.Stage != "" {
		return st.Stage == c.Stage
	}
	switch c.Role {
	case "":
		return true
	case Introduced:
		return st.Has(Introduced)
	}
	return st.Has(c.Role)
}

// apart is how many minors lie between two versions; many where they have not the same major.
func apart(a, b string) int {
	majorA, minorA, _ := strings.Cut(gate.MinorOf(a), ".")
	majorB, minorB, _ := strings.Cut(gate.MinorOf(b), ".")
	x, err1 := strconv.Atoi(minorA)
	y, err2 := strconv.Atoi(minorB)
	if majorA != majorB || err1 != nil || err2 != nil {
		return 1 << 20
	}
	return max(x-y, y-x)
}

// merge makes one link of all claims for a target, the surest first.
func merge(claims []Claim, remarks map[string]string) []Link {
	by := map[string][]Claim{}
	for _, c := range claims {
		same := func(o Claim) bool { return o.Rule == c.Rule && o.Source == c.Source }
		if i := slices.IndexFunc(by[c.Target], same); i >= 0 {
			if c.Confidence.rank() < by[c.Target][i].Confidence.rank() {
				by[c.Target][i] = c
			}
			continue
		}
		by[c.Target] = append(by[c.Target], c)
	}
	var out []Link
	for target, list := range by {
		slices.SortFunc(list, func(a, b Claim) int {
			return cmp.Or(a.Confidence.rank()-b.Confidence.rank(), order(a.Rule)-order(b.Rule), cmp.Compare(a.Source, b.Source))
		})
		l := Link{Evidence: list[0].Evidence}
		l.Remark = remarks[target]
		undone := l.Remark != ""
		for _, c := range list[1:] {
			l.Also = append(l.Also, Reason{Rule: c.Rule, Source: c.Source, Confidence: c.Confidence})
		}
		for _, c := range list {
			if l.Remark == "" {
				l.Remark = c.Remark
			}
		}
		l.Confidence = together(list)
		if undone {
			l.Confidence = Possible
		}
		out = append(out, l)
	}
	slices.SortFunc(out, func(a, b Link) int {
		return cmp.Or(a.Confidence.rank()-b.Confidence.rank(), cmp.Compare(a.Remark, b.Remark), families(b)-families(a), order(a.Rule)-order(b.Rule),
			len(b.Also)-len(a.Also), len(a.Target)-len(b.Target), cmp.Compare(a.Target, b.Target))
	})
	return out
}

// together is what reasons come to: the table in the package's comment. The surest is first.
func together(list []Claim) Confidence {
	best := list[0].Confidence
	if best == Certain {
		return Certain
	}
	strong, weak := map[string]bool{}, map[string]bool{}
	for _, c := range list {
		f := Family(c.Rule)
		if f == "search" {
			continue
		}
		weak[f] = true
		if c.Confidence.rank() <= Likely.rank() {
			strong[f] = true
		}
	}
	switch {
	case len(strong) >= 2:
		return Certain
	case best == Likely:
		return Likely
	case len(weak) >= 2:
		return Likely
	}
	return Possible
}

func families(l Link) int {
	seen := map[string]bool{Family(l.Rule): true}
	for _, r := range l.Also {
		seen[Family(r.Rule)] = true
	}
	return len(seen)
}

// order is by how near to the change itself a rule reads.
func order(rule string) int {
	return slices.Index([]string{RuleKEPComment, RuleProposalGates, RuleBlame, RuleRemoval, RuleNoteWords, RulePathHistory, RuleHistory, RuleNoteData, RulePullBody, RuleReleaseNote, RuleKEPNumber, RuleSearch}, rule)
}
