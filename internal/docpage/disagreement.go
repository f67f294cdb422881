package docpage

// Disagreement is one point in which a page and the code of the same upstream differ.
type Disagreement struct {
	Gate string
	Rule Rule
	// Page is what the page does, as what follows "The docs page": "lists it through v1.22"; "" where there is none.
	Page string
	// Code is the other side, as a sentence without its end: "the code of v1.22 does not have it".
	Code string
}

// Words say it in one sentence.
func (d Disagreement) Words() string {
	if d.Rule == Missing {
		return "The docs have no page for it; " + d.Code + "."
	}
	return "The docs page " + d.Page + "; " + d.Code + "."
}

// Rule says of which kind a disagreement is.
type Rule string

// The rules.
const (
	Missing    Rule = "missing"     // the gate has no page
	Listed     Rule = "listed"      // the page lists it for a release whose code does not have it
	NotRemoved Rule = "not_removed" // the code no longer has it, and the page does not say so
	Removed    Rule = "removed"     // the page says that it is gone, and the code has it
	Ended      Rule = "ended"       // the page's last row ends before a release that has it
	OtherStage Rule = "stage"
	OtherValue Rule = "default"
	OtherLock  Rule = "locked"
	OtherStart Rule = "since"
)
