package trace

import (
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/gate"
)

// RuleOverride is a link that the reader's configuration gives.
const RuleOverride = "override"

// overrideSource is where such a link stands.
const overrideSource = "your configuration"

// Override gives links of a gate that people know better. What it gives takes the place of what was found; a nil list
// gives nothing, an empty one says that there is none.
type Override struct {
	Gate    string
	KEPs    []string // numbers
	PRs     []OverridePull
	Tickets []string // "owner/repo#N"
	Note    string   // a sentence to say beside it
}

// OverridePull is a pull request that made a stage.
type OverridePull struct {
	Stage   string // "alpha", "beta", "stable", "deprecated" or "removed"
	Version string // "1.33"; "" for any
	Target  string // "owner/repo#N"
}

// fits reports whether it is about a step.
func (p OverridePull) fits(st Step) bool {
	if p.Version != "" && gate.MinorOf(st.Version) != p.Version {
		return false
	}
	switch p.Stage {
	case "removed":
		return st.Has(Removed)
	case "stable":
		return st.Stage == gate.GA
	}
	return string(st.Stage) == p.Stage
}

// overridden is the evidence that an override gives.
func (r Repository) overridden(target, kind, about string) Evidence {
	server := strings.TrimSuffix(strings.TrimRight(r.WebURL, "/"), "/"+r.Name)
	name, number, _ := strings.Cut(target, "#")
	return Evidence{Rule: RuleOverride, Target: target, URL: server + "/" + name + "/" + kind + "/" + number, Source: overrideSource, Confidence: Certain, About: about}
}

// Apply puts what an override gives into the evidence for a change of its gate.
func (o Override) Apply(c diff.Change, evidence []Evidence, repo Repository) []Evidence {
	q, ok := QuestionOf(c)
	var change, keps, tickets, rest, earlier []Evidence
	stages := map[string]bool{}
	for _, w := range q.Earlier {
		stages[AboutStage(w.Step)] = true
	}
	for _, e := range evidence {
		switch {
		case e.About == AboutChange:
			change = append(change, e)
		case isNumber(strings.TrimPrefix(e.Target, "KEP-")):
			keps = append(keps, e)
		case e.About == AboutTicket:
			tickets = append(tickets, e)
		case stages[e.About]:
			earlier = append(earlier, e)
		default:
			rest = append(rest, e)
		}
	}
	if o.KEPs != nil {
		keps = nil
		for _, n := range o.KEPs {
			keps = append(keps, kepEvidence(n, RuleOverride, overrideSource, Certain))
		}
	}
	if o.Tickets != nil {
		tickets = nil
		for _, target := range o.Tickets {
			tickets = append(tickets, repo.overridden(target, "issues", AboutTicket))
		}
	}
	if ok {
		if mine := o.pulls(q.Step, AboutChange, repo); len(mine) > 0 {
			change = mine
		}
		for _, w := range q.Earlier {
			about := AboutStage(w.Step)
			if mine := o.pulls(w.Step, about, repo); len(mine) > 0 {
				earlier = append(slices.DeleteFunc(earlier, func(e Evidence) bool { return e.About == about }), mine...)
			}
		}
	}
	return slices.Concat(change, keps, tickets, rest, earlier)
}

// pulls are those that an override gives for a step.
func (o Override) pulls(st Step, about string, repo Repository) []Evidence {
	var out []Evidence
	for _, p := range o.PRs {
		if p.fits(st) {
			out = append(out, repo.overridden(p.Target, "pull", about))
		}
	}
	return out
}

// Correct puts what an override gives into a life.
func (o Override) Correct(l Life, repo Repository) Life {
	link := func(e Evidence) Link { e.About = ""; return Link{Evidence: e} }
	if o.KEPs != nil {
		l.KEPs = nil
		for _, n := range o.KEPs {
			l.KEPs = append(l.KEPs, link(kepEvidence(n, RuleOverride, overrideSource, Certain)))
		}
	}
	if o.Tickets != nil {
		l.Tickets = nil
		for _, target := range o.Tickets {
			l.Tickets = append(l.Tickets, link(repo.overridden(target, "issues", "")))
		}
	}
	l.Stages = slices.Clone(l.Stages)
	for i := range l.Stages {
		if mine := o.pulls(l.Stages[i].Step, "", repo); len(mine) > 0 {
			l.Stages[i].PRs = nil
			for _, e := range mine {
				l.Stages[i].PRs = append(l.Stages[i].PRs, link(e))
			}
		}
	}
	return l
}
