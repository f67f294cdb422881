// Package insight holds the rules over gate history: what becomes of a gate that somebody sets when they go
// to a version, and when a gate is likely to be removed. It is pure, and says "no data" rather than guess.
package insight

// Verdict is what becomes of a setting at a version.
type Verdict string

// The verdicts, worst first.
const (
	Removed        Verdict = "removed"         // the component does not start: the gate is gone
	Unknown        Verdict = "unknown"         // the component does not start: it never had such a gate
	Locked         Verdict = "locked"          // the component does not start: locked against the set value
	InvalidValue   Verdict = "invalid_value"   // the component does not start: neither true nor false
	DefaultChanged Verdict = "default_changed" // the default flips between from and to
	Deprecated     Verdict = "deprecated"
	RemovalPlanned Verdict = "removal_planned" // it will go in a later release
	Redundant      Verdict = "redundant"       // the set value is the default, or locked to it
	AlphaInUse     Verdict = "alpha_in_use"    // on, and may change or go without notice
	Fine           Verdict = "fine"
	NoData         Verdict = "no_data" // nobody can say: the component is not covered at that version
)

// Breaks reports whether a component that gets such a setting does not start.
func (v Verdict) Breaks() bool {
	switch v {
	case Removed, Unknown, Locked, InvalidValue:
		return true
	}
	return false
}

// Query asks about one setting.
type Query struct {
	Component string // as in usage.Setting; "" when not known
	Gate      string // as written
	Value     string // as written
	From, To  string // "1.33"; From is "" when not given
}

// Judgement is the answer.
type Judgement struct {
	Verdict Verdict `json:"verdict"`
	// Since is the version from which the verdict holds ("1.35"), "" when not known.
	Since string `json:"since"`
	// Evidence says in short sentences why, each with its source: "gone from kubernetes in 1.35 (table)".
	Evidence []string `json:"evidence"`
	// Advice is what to do, one sentence.
	Advice string `json:"advice"`
	// Suggestion is the likely spelling of an unknown gate, or the component it belongs to; "" none.
	Suggestion string   `json:"suggestion,omitempty"`
	KEPs       []string `json:"keps,omitempty"`
	// Removal is when the gate is likely to go; nil when nothing tells.
	Removal *Removal `json:"removal,omitempty"`
	// Switches lists what AllAlpha or AllBeta switch on at the version; nil for other gates.
	Switches []string `json:"switches,omitempty"`
}

// Removal is a forecast.
type Removal struct {
	Release    string `json:"release"`    // "1.39"
	Rule       string `json:"rule"`       // in words: "upstream's rule: three minors after it was locked in 1.36"
	Confidence string `json:"confidence"` // "certain", "likely", "possible"
}
