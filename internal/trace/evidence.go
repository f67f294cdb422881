// Package trace finds the evidence for a change: the proposal, the ticket and the pull requests behind
// it. A link is never bare: it says which rule found it, where, and how sure the rule is.
//
// # How it works
//
// A rule is a small pure function. It reads one kind of thing (a doc comment, a kep.yaml, a README's
// history, a release note, a pull request's body, a file's blame) and makes claims: this pull request made the
// gate beta in 1.11, this proposal is behind it. [Combine] puts the claims on the steps of the gate's life
// that are known, and merges those for the same target. A claim for a step that never was is dropped, so
// a link can be missing but is not made up.
//
// # How sure
//
// A rule has a confidence of its own: an author's own number is certain, a text that says stage and gate is
// likely, a text that only has the right release is possible. Rules of one family read the same people's
// words, so they can't confirm each other; those of different families (source, proposal, notes, git,
// pull request, search) can:
//
//	the best rule says   and another family says   the link is
//	certain              anything                  certain
//	likely               likely                    certain
//	likely               possible, or nobody       likely
//	possible             possible or better        likely
//	possible             nobody                    possible
//
// Search confirms nothing: it finds what the others would have named. And what was reverted sinks to
// possible, whoever says otherwise.
package trace

import "github.com/upstream-digest/bot/internal/gate"

// Confidence says how sure a rule is.
type Confidence string

// The confidences, surest first.
const (
	Certain  Confidence = "certain"
	Likely   Confidence = "likely"
	Possible Confidence = "possible"
)

// rank is 0 for the surest.
func (c Confidence) rank() int {
	switch c {
	case Certain:
		return 0
	case Likely:
		return 1
	}
	return 2
}

// Evidence is one reason to believe a link.
type Evidence struct {
	Rule       string     `json:"rule"`   // "kep-comment"
	Target     string     `json:"target"` // "KEP-2411" or "owner/repo#N"
	URL        string     `json:"url"`
	Source     string     `json:"source"` // where it was found: "pkg/features/kube_features.go:120"
	Confidence Confidence `json:"confidence"`
	// About says what of a change it is about: [AboutChange], [AboutTicket], a stage before ("alpha in 1.30"); "" is the
	// gate as a whole.
	About string `json:"about,omitempty"`
	// Remark is a sentence about the target: "it reverts owner/repo#N".
	Remark string `json:"remark,omitempty"`
}

// What evidence for a change is about.
const (
	AboutChange = "change"
	AboutTicket = "ticket"
)

// AboutStage is what evidence for a stage before is about.
func AboutStage(st Step) string {
	word := string(st.Stage)
	if st.Stage == gate.GA {
		word = "stable"
	}
	if st.Version == "" {
		return word
	}
	return word + " in " + st.Version
}

// Family is whose words a rule reads: rules of one family can't confirm each other.
func Family(rule string) string {
	switch rule {
	case RuleKEPComment:
		return "source"
	case RuleProposalGates, RuleHistory, RuleKEPNumber:
		return "proposal"
	case RuleReleaseNote, RuleNoteData, RuleNoteWords:
		return "notes"
	case RuleBlame, RulePathHistory, RuleRemoval:
		return "git"
	case RulePullBody:
		return "pull"
	case RuleOverride:
		return "configuration"
	}
	return "search"
}
