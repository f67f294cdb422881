package trace

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// RulePullBody is a pull request's own text and links.
const RulePullBody = "pull-body"

// Pull is a pull request as far as the rules read it.
type Pull struct {
	Number      int
	Title, Body string
	Merged      time.Time // zero: it was not
	Base        string    // branch; "" where that is not known
	Files       []string  // as far as known
	Closes      []Issue   // as the forge links them
	// Partial says that the text is a commit's and not the pull request's own.
	Partial bool
}

// Issue names an issue.
type Issue struct {
	Repository string
	Number     int
}

// Compiled once and never changed.
var (
	closeForm = regexp.MustCompile(`(?i)\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)\b[:\s]+(?:https?://github\.com/)?([\w.-]+/[\w.-]+)?(?:/issues/|#)(\d{1,7})\b`)
	// A proposal by its issue, its folder or its short link. The number of a pull request of the repository of
	// proposals is none.
	proposalForm = regexp.MustCompile(`(?i)(?:\bkep\.k8s\.io/|\bkubernetes/(?:enhancements|features)(?:/issues/|#)|\bkubernetes/enhancements/(?:tree|blob)/\w+/keps/(?:[\w.-]+/)+?0*|\bkep-0*)(\d{2,6})\b`)
	commentForm  = regexp.MustCompile(`(?s)<!--.*?-->`)
	fenceForm    = regexp.MustCompile("(?s)```release-note.*?```")
)

// BodyProposals are the proposals that a text links, each once and in order. The template's comments say
// nothing.
func BodyProposals(body string) []string {
	var out []string
	for _, m := range proposalForm.FindAllStringSubmatch(commentForm.ReplaceAllString(body, ""), -1) {
		if n := strings.TrimLeft(m[1], "0"); n != "" && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// BodyTickets are the issues that a text says it closes. own is the repository that a bare #N is of.
func BodyTickets(body, own string) []Issue {
	body = fenceForm.ReplaceAllString(commentForm.ReplaceAllString(body, ""), "")
	var out []Issue
	for _, m := range closeForm.FindAllStringSubmatch(body, -1) {
		n, ok := number(m[2])
		i := Issue{Repository: m[1], Number: n}
		if i.Repository == "" {
			i.Repository = own
		}
		if ok && !slices.Contains(out, i) {
			out = append(out, i)
		}
	}
	return out
}

// labelled reports whether a text calls a proposal its own: in a line that says KEP, or tracking, before the link.
func labelled(text, kep string) bool {
	for line := range strings.Lines(commentForm.ReplaceAllString(text, "")) {
		m := proposalForm.FindStringSubmatchIndex(line)
		if m == nil || strings.TrimLeft(line[m[2]:m[3]], "0") != kep {
			continue
		}
		before := strings.ToLower(line[:m[0]])
		if strings.Contains(before, "kep") || strings.Contains(before, "enhancement:") || strings.Contains(before, "tracking") || strings.Contains(before, "implements") || strings.Contains(before, "part of") {
			return true
		}
	}
	return false
}

// FromPulls reads the pull requests of a gate's stages: what they close is a ticket, and the proposal that they
// link is the gate's, surely so only where others say it too. Proposals are no tickets, whatever closes them.
func FromPulls(s Subject, stages []Stage, pulls map[int]Pull, repo Repository) []Claim {
	var out []Claim
	seen := map[int]bool{}
	for _, st := range stages {
		for _, link := range st.PRs {
			n, ok := repo.number(link.Target)
			p, have := pulls[n]
			if !ok || !have || seen[n] || link.Confidence == Possible {
				continue
			}
			seen[n] = true
			out = append(out, fromPull(s, p, link, repo)...)
		}
	}
	return out
}

func fromPull(s Subject, p Pull, link Link, repo Repository) []Claim {
	var out []Claim
	keps := BodyProposals(p.Title + "\n" + p.Body)
	mine := Cover(s.Gate, p.Title) >= 0.6 || strings.Contains(p.Body, s.Gate)
	for _, k := range keps {
		how := Possible
		if mine && len(keps) == 1 && labelled(p.Title+"\n"+p.Body, k) {
			how = Likely
		}
		out = append(out, Claim{What: ToProposal, Evidence: kepEvidence(k, RulePullBody, link.Target, how)})
	}
	ticket := func(i Issue, how Confidence) {
		if proposalsRepository(i.Repository) {
			return
		}
		target, url := repo.issue(i.Repository, i.Number)
		out = append(out, Claim{What: ToTicket, Evidence: Evidence{Rule: RulePullBody, Target: target, URL: url, Source: link.Target, Confidence: how}})
	}
	for _, i := range p.Closes {
		ticket(i, Likely)
	}
	for _, i := range BodyTickets(p.Body, repo.Name) {
		if !slices.Contains(p.Closes, i) {
			ticket(i, Likely)
		}
	}
	return out
}

func proposalsRepository(name string) bool {
	return strings.EqualFold(name, "kubernetes/enhancements") || strings.EqualFold(name, "kubernetes/features")
}

// number is the pull request of a target of this repository.
func (r Repository) number(target string) (int, bool) {
	digits, ok := strings.CutPrefix(target, r.Name+"#")
	if !ok {
		return 0, false
	}
	return number(digits)
}

// Settle puts what the pull requests themselves say into the claims: a copy for a release branch leads to its
// original, what was never merged made nothing, and what undoes another did not make its stage. The remarks
// tell of targets that were undone.
func Settle(claims []Claim, pulls map[int]Pull, repo Repository) (settled []Claim, remarks map[string]string) {
	remarks = map[string]string{}
	for _, p := range pulls {
		if p.Merged.IsZero() {
			continue
		}
		undone, _ := Reverts(p.Title, p.Body)
		by, _ := repo.pull(p.Number)
		for _, n := range undone {
			target, _ := repo.pull(n)
			if old, had := remarks[target]; !had || by < old {
				remarks[target] = "reverted by " + by
			}
		}
	}
	for _, c := range claims {
		n, ok := repo.number(c.Target)
		p, have := pulls[n]
		if c.What != ToPull || !ok || !have {
			settled = append(settled, c)
			continue
		}
		if undone, undoes := Reverts(p.Title, p.Body); undoes || p.Merged.IsZero() {
			// A revert makes no stage; but where git knows that it made this step, it took something back by it.
			if c.Remark == "" || p.Merged.IsZero() {
				continue
			}
			if len(undone) > 0 {
				was, _ := repo.pull(undone[0])
				c.Remark = "it reverts " + was
			}
			settled = append(settled, c)
			continue
		}
		originals := Originals(p.Title, p.Body)
		if len(originals) == 0 {
			settled = append(settled, c)
			continue
		}
		for _, o := range originals {
			was := c.Target
			c := c
			c.Target, c.URL = repo.pull(o)
			c.Source += ", through its cherry-pick " + was
			switch { // the number is what somebody wrote, and may be of another repository
			case len(originals) > 1:
				c.Confidence = Possible
			case c.Confidence == Certain:
				c.Confidence = Likely
			}
			settled = append(settled, c)
		}
	}
	return settled, remarks
}

// Numbers are the pull requests of one repository that claims name, ascending.
func Numbers(claims []Claim, repo Repository) []int {
	var out []int
	for _, c := range claims {
		if n, ok := repo.number(c.Target); ok && c.What == ToPull && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out
}
