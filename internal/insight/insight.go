// Package insight holds the rules over gate history: what becomes of a gate that somebody sets when they go
// to a version ([Judge]), and when a gate is likely to be removed ([Forecast]). It is pure, and says "no data"
// rather than guess.
//
// # Who takes which gate
//
// A gate that a component lists is not a gate of that binary alone. What counts is who registers it, into
// which set, and which binaries link that. "Component" below is a row of the table (a Go package that
// registers gates), "program" is what people configure.
//
//   - kube-apiserver, kube-controller-manager, kube-scheduler, kubelet and kube-proxy link pkg/features
//     (component kubernetes). Its init fills the one set that --feature-gates and featureGates write to, and
//     it imports the packages of apiserver and apiextensions-apiserver, which fill the same set. So each takes
//     all gates of these three, whether or not it uses them.
//   - The same init hands client-go's gates to that set since client-go has any (v1.30), and zpages' since
//     v1.32. Each of the five registers the gates of component-base's logs and metrics too; kube-proxy came to
//     that last (metrics v1.26, logs v1.27), so before v1.27 a gate that only component-base has is "no data"
//     for it.
//   - The gates of controller-manager that pkg/features lists too are taken by all five. Those that it alone has
//     (ControllerManagerReleaseLeaderElectionLockOnExit) only by kube-controller-manager and
//     cloud-controller-manager, which link its register package through cloud-provider's options.
//   - cloud-controller-manager is built outside of Kubernetes from staging modules, which can't import
//     pkg/features. It takes the gates of apiserver, controller-manager, and component-base's logs and metrics
//     (its framework registers those since v1.26 and v1.27), and refuses the rest. Nothing in its framework
//     hands client-go's gates to the flag (only pkg/features does), and zpages' come and go; a provider may add
//     both. For these it is "no data", and so are logs and metrics before v1.27.
//   - kubeadm has a list of its own, knows neither AllAlpha nor AllBeta, and refuses what is not on its list. It
//     does not look at locks. The table has its gates from v1.33 on.
//   - client-go in any other program reads an environment variable for each gate it has (KUBE_FEATURE_Name). It
//     does not look for others, and only logs what it can't use: an unknown gate, a value that is none or one
//     against a lock does nothing. That is "redundant", never a break. The five have client-go ask their own
//     set, so there the variable does nothing at all; the evidence says so, for a file does not always tell
//     whose variable it is.
//   - Where the program is not known (""), a gate is judged by what the five take together, and kubeadm's gates
//     by kubeadm's list.
//
// A program refuses to start with a gate it does not know, with a value that Go's strconv.ParseBool does not
// take, and with one against a lock. AllAlpha and AllBeta are not refused: they switch what is not set by name.
// A deprecated or stable gate is taken with a warning.
//
// All this was read in the sources of v1.22 to v1.37, not remembered: component-base's featuregate, client-go's
// features, cloud-provider's app and options, and cmd/ and pkg/features of Kubernetes at v1.24, v1.26 to v1.29,
// v1.33, v1.36 and v1.37.
//
// Not judged, because the table does not hold it: what a gate depends on (since v1.35 a gate that is on while
// one it needs is off keeps a component from starting), and what an emulated version hides.
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

// Words are the forecast as far as it is sure: "Likely to be removed in 1.39". The rule is not in them.
func (r Removal) Words() string {
	switch r.Confidence {
	case Certain:
		return "Removed in " + r.Release
	case Likely:
		return "Likely to be removed in " + r.Release
	}
	return "May be removed from " + r.Release + " on"
}
