// Package trace finds the evidence for a change: the proposal, the ticket and the pull requests behind
// it. A link is never bare: it says which rule found it, where, and how sure the rule is.
//
// What is here needs nothing but the snapshot: the `kep:` line of a gate's doc comment, the gates that a
// proposal lists, and the release notes that name the gate. The rules that need history and pull requests
// follow with `bot explain`.
package trace

// Confidence says how sure a rule is.
type Confidence string

// The confidences, surest first.
const (
	Certain  Confidence = "certain"
	Likely   Confidence = "likely"
	Possible Confidence = "possible"
)

// Evidence is one reason to believe a link.
type Evidence struct {
	Rule       string     `json:"rule"`   // "kep-comment"
	Target     string     `json:"target"` // "KEP-2411" or "owner/repo#N"
	URL        string     `json:"url"`
	Source     string     `json:"source"` // where it was found: "pkg/features/kube_features.go:120"
	Confidence Confidence `json:"confidence"`
}
