package trace

import (
	"strconv"
	"strings"

	"github.com/upstream-digest/bot/internal/diff"
)

// The rules that read what other sources brought.
const (
	// RuleProposalGates is the list of gates in a proposal's kep.yaml.
	RuleProposalGates = "kep-yaml"
	// RuleRelisted is a proposal's kep.yaml that names another gate in the place of this one, or this one in the
	// place of another.
	RuleRelisted = "kep-yaml-relisted"
	// RuleReleaseNote is a release note that names the gate.
	RuleReleaseNote = "release-note"
	// RuleNoteData is a link to a proposal in the data file of a release note that names the gate.
	RuleNoteData = "release-note-data"
)

// Of is all the evidence for a change that the snapshot itself holds. repository ("kubernetes/kubernetes") is
// the one that its release notes speak of, and webURL its address.
func Of(c diff.Change, repository, webURL string) []Evidence {
	if c.Gate == nil {
		return nil
	}
	out := FromComments(c)
	for _, p := range c.Gate.Proposals {
		if isNumber(p.Number) {
			out = append(out, kepEvidence(p.Number, RuleProposalGates, p.Path+"/kep.yaml", Certain))
		}
	}
	for _, r := range c.Gate.Relisted {
		how := Possible
		if r.Both {
			how = Likely
		}
		if isNumber(r.Proposal.Number) {
			out = append(out, kepEvidence(r.Proposal.Number, RuleRelisted, r.Proposal.Path+"/kep.yaml", how))
		}
	}
	seen := map[int]bool{}
	subject := Subject{Gate: c.Gate.Name()}
	for _, n := range c.Gate.Notes {
		// A note that only mentions the gate may be about something else.
		how := Possible
		if len(Tell(n.Note.Text, subject, likeGate)) > 0 {
			how = Likely
		}
		for _, pr := range n.Note.PRs {
			if !seen[pr] {
				seen[pr] = true
				number := strconv.Itoa(pr)
				out = append(out, Evidence{
					Rule: RuleReleaseNote, Target: repository + "#" + number, URL: strings.TrimRight(webURL, "/") + "/pull/" + number,
					Source: "release notes of " + n.Tag, Confidence: how,
				})
			}
		}
		for _, k := range n.Note.KEPs {
			if isNumber(k) {
				out = append(out, kepEvidence(k, RuleNoteData, "release notes of "+n.Tag, how))
			}
		}
	}
	return out
}

// likeGate reports whether a word has the form of a gate's name: capitals within, letters and digits only. The
// names of all gates are not known here, and words are only told apart by it.
func likeGate(word string) bool {
	inner := false
	for i, r := range word {
		switch {
		case r >= 'A' && r <= 'Z':
			inner = inner || i > 0
		case i == 0, (r < 'a' || r > 'z') && (r < '0' || r > '9'):
			return false
		}
	}
	return inner
}

func kepEvidence(number, rule, source string, how Confidence) Evidence {
	return Evidence{Rule: rule, Target: "KEP-" + number, URL: "https://kep.k8s.io/" + number, Source: source, Confidence: how}
}
