package trace_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/trace"
)

var (
	alpha30 = gate.Spec{Since: "1.30", Stage: gate.Alpha, Line: 10}
	beta31  = gate.Spec{Since: "1.31", Stage: gate.Beta, Default: true, Line: 11}
	ga36    = gate.Spec{Since: "1.36", Stage: gate.GA, Default: true, Locked: true, Line: 12}
)

func widget(specs ...gate.Spec) *gate.Gate {
	return &gate.Gate{
		Name: "FastWidget", Const: "FastWidgetConst", Component: "kubernetes", Specs: specs,
		Registered: []gate.Registration{{Component: "kubernetes", File: "pkg/features/kube_features.go", Line: 9}},
	}
}

// change is one of a gate, with the specs in force.
func change(kinds []diff.Kind, before, after *gate.Gate, was, is *gate.Spec) diff.Change {
	return diff.Change{ID: "FastWidget", Kinds: kinds, Gate: &diff.GateChange{Before: before, After: after, BeforeSpec: was, AfterSpec: is, FromVersion: "1.35", ToVersion: "1.36"}}
}

// Each change asks for what made it: a spec that came, one that went, or the gate that went.
func TestQuestionOfAChange(t *testing.T) {
	scheduled := change([]diff.Kind{diff.GateScheduled}, widget(alpha30), widget(alpha30, beta31), &alpha30, &alpha30)
	scheduled.Gate.Scheduled = []gate.Spec{beta31}
	elsewhere, both := widget(alpha30), widget(alpha30)
	elsewhere.Registered = []gate.Registration{{Component: "other", File: "pkg/other/features.go"}}
	both.Registered = append(both.Registered, elsewhere.Registered...)
	for name, tt := range map[string]struct {
		c     diff.Change
		state string // "" asks nothing
		gone  bool
		paths int
		early int
	}{
		"promoted":                           {change([]diff.Kind{diff.GatePromoted}, widget(alpha30), widget(alpha30, beta31), &alpha30, &beta31), "1.31 beta on open", false, 2, 1},
		"promoted twice":                     {change([]diff.Kind{diff.GatePromoted, diff.GateLocked}, widget(alpha30), widget(alpha30, beta31, ga36), &alpha30, &ga36), "1.36 ga on locked", false, 2, 2},
		"in force by the version":            {change([]diff.Kind{diff.GatePromoted}, widget(alpha30, beta31), widget(alpha30, beta31), &alpha30, &beta31), "1.31 beta on open", false, 2, 1},
		"added":                              {change([]diff.Kind{diff.GateAdded}, nil, widget(alpha30), nil, &alpha30), "1.30 alpha off open", false, 2, 0},
		"removed":                            {change([]diff.Kind{diff.GateRemoved}, widget(alpha30), nil, &alpha30, nil), "gone", true, 2, 0},
		"demoted by taking the spec out":     {change([]diff.Kind{diff.GateDemoted, diff.GateDefaultChanged}, widget(alpha30, beta31), widget(alpha30), &beta31, &alpha30), "without 1.31 beta on open", true, 2, 0},
		"scheduled":                          {scheduled, "1.31 beta on open", false, 2, 1},
		"moved":                              {change([]diff.Kind{diff.GateMoved}, elsewhere, widget(alpha30), &alpha30, &alpha30), "in pkg/features/kube_features.go: 1.30 alpha off open", false, 1, 0},
		"moved, and promoted":                {change([]diff.Kind{diff.GatePromoted, diff.GateMoved}, elsewhere, widget(alpha30, beta31), &alpha30, &beta31), "1.31 beta on open", false, 3, 1},
		"registered elsewhere, too":          {change([]diff.Kind{diff.GateMoved}, widget(alpha30), both, &alpha30, &alpha30), "in pkg/other/features.go: 1.30 alpha off open", false, 1, 0},
		"no longer registered elsewhere":     {change([]diff.Kind{diff.GateMoved}, both, widget(alpha30), &alpha30, &alpha30), "", false, 0, 0},
		"its constant renamed":               {change([]diff.Kind{diff.GateRenamed}, widget(alpha30), widget(alpha30), &alpha30, &alpha30), "called FastWidgetConst: 1.30 alpha off open", false, 2, 0},
		"its history was rewritten":          {change([]diff.Kind{diff.GateHistoryRewritten}, widget(alpha30), widget(alpha30), &alpha30, &alpha30), "", false, 0, 0},
		"its dependencies changed":           {change([]diff.Kind{diff.GateDependenciesChanged}, widget(alpha30), widget(alpha30), &alpha30, &alpha30), "", false, 0, 0},
		"no gate":                            {diff.Change{}, "", false, 0, 0},
		"a gate that is registered nowhere":  {change([]diff.Kind{diff.GateAdded}, nil, &gate.Gate{Name: "x", Const: "X"}, nil, &alpha30), "", false, 0, 0},
		"removed, and never read in its era": {change([]diff.Kind{diff.GateRemoved}, &gate.Gate{Name: "x"}, nil, nil, nil), "", false, 0, 0},
	} {
		q, ok := trace.QuestionOf(tt.c)
		if ok != (tt.state != "") {
			t.Errorf("%s: asked %t", name, ok)
			continue
		}
		if ok && (q.State() != tt.state || q.Gone != tt.gone || len(q.Paths) != tt.paths || len(q.Earlier) != tt.early || q.Const != "FastWidgetConst") {
			t.Errorf("%s: %s, gone %t, %v, %d earlier; want %+v", name, q.State(), q.Gone, q.Paths, len(q.Earlier), tt)
		}
	}
}

// What is known of a state counts as long as the gate has it: what went and came back was made anew.
func TestAnswersAreForgottenWithTheirState(t *testing.T) {
	claim := func(pr string) []trace.Claim {
		return []trace.Claim{{What: trace.ToPull, Stage: gate.Beta, Evidence: trace.Evidence{Target: pr}}}
	}
	promoted := change([]diff.Kind{diff.GatePromoted}, widget(alpha30), widget(alpha30, beta31), &alpha30, &beta31)
	demoted := change([]diff.Kind{diff.GateDemoted}, widget(alpha30, beta31), widget(alpha30), &beta31, &alpha30)
	removed := change([]diff.Kind{diff.GateRemoved}, widget(alpha30), nil, &alpha30, nil)
	a := trace.DecodeAnswer([]byte(`{"made": {"1.30 alpha off open": [], "gone": []}, "docs": {"gone": true}}`))
	if !a.Prune(promoted) {
		t.Error("a gate that is there is not gone")
	}
	q, _ := trace.QuestionOf(promoted)
	a.Made[q.State()] = claim("a/b#1")
	if a.Prune(promoted) || len(a.Made) != 2 || len(a.Docs) != 0 {
		t.Errorf("%+v", a)
	}
	if !a.Prune(demoted) || len(a.Made) != 1 {
		t.Errorf("the beta is gone, and still known: %+v", a)
	}
	if !a.Prune(removed) || len(a.Made) != 0 {
		t.Errorf("all is gone: %+v", a)
	}
	for _, bad := range []string{"", "{", `{"made": 7}`, "null"} {
		if a := trace.DecodeAnswer([]byte(bad)); a.Made == nil || len(a.Made) > 0 {
			t.Errorf("%q: %+v", bad, a)
		}
	}
	if a, b := trace.GateKey("Kubernetes/Kubernetes", "FastWidget", ""), trace.GateKey("kubernetes/kubernetes", "FastWidget", "apiserver"); a == b || a != "trace/1/kubernetes/kubernetes/gate/FastWidget" {
		t.Errorf("%s and %s", a, b)
	}
}

// Of a pull request's text the lines are kept that a rule may read, and they say the same as the whole.
func TestKeptPullsSayTheSame(t *testing.T) {
	p := trace.Pull{
		Number: 7, Title: "Promote FastWidget to beta", Merged: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Base: "master", Closes: []trace.Issue{{Repository: "a/b", Number: 3}},
		Body: "Long words.\n<!-- Fixes #1 -->\nFixes #2\n- [KEP]: https://github.com/kubernetes/enhancements/issues/64\n```release-note\nFixes #5\n```\nReverts kubernetes/kubernetes#6\n" + strings.Repeat("Nothing.\n", 5000),
	}
	data := trace.EncodePull(p, true)
	got, there, known := trace.DecodePull(7, data)
	if !there || !known || len(data) > 600 {
		t.Fatalf("%t %t, %d bytes", there, known, len(data))
	}
	if d := cmp.Diff(trace.BodyTickets(p.Body, "x/y"), trace.BodyTickets(got.Body, "x/y")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(trace.BodyProposals(p.Body), trace.BodyProposals(got.Body)); d != "" {
		t.Error(d)
	}
	got.Body, p.Body = "", ""
	if d := cmp.Diff(p, got); d != "" {
		t.Error(d)
	}
	if _, there, known := trace.DecodePull(8, trace.EncodePull(trace.Pull{}, false)); there || !known {
		t.Error("that there is none is known too")
	}
	if _, _, known := trace.DecodePull(8, nil); known {
		t.Error("nothing is not known")
	}
}

// The order in a digest: by which pull request the change came, proposals, tickets, pages, earlier stages; and
// guesses are left out where something is certain.
func TestEvidenceOfAChange(t *testing.T) {
	c := change([]diff.Kind{diff.GatePromoted}, widget(alpha30), widget(alpha30, beta31), &alpha30, &beta31)
	c.Gate.After.KEPs = []string{"64"}
	c.Gate.After.Declared = gate.Position{File: "pkg/features/kube_features.go", Line: 4}
	claim := func(n, rule string, stage gate.Stage, version string, how trace.Confidence) trace.Claim {
		return trace.Claim{What: trace.ToPull, Stage: stage, Version: version, Evidence: trace.Evidence{Rule: rule, Target: "kubernetes/kubernetes#" + n, Confidence: how}}
	}
	found := trace.Found{
		Change:  []trace.Claim{claim("7", trace.RuleBlame, gate.Beta, "1.31", trace.Certain)},
		Earlier: []trace.Claim{claim("5", trace.RuleBlame, gate.Alpha, "1.30", trace.Likely)},
		Pulls:   map[int]trace.Pull{7: {Number: 7, Merged: time.Now(), Body: "Fixes #3\n- [KEP]: kubernetes/enhancements#65"}},
		Docs:    true,
	}
	var got []string
	for _, e := range trace.Explain(c, found, kubernetes) {
		got = append(got, e.Target+" "+e.Rule+" "+string(e.Confidence)+" "+e.About)
	}
	want := []string{
		"kubernetes/kubernetes#7 blame certain change", "KEP-64 kep-comment certain ", "kubernetes/kubernetes#3 pull-body likely ticket",
		"kubernetes.io: FastWidget docs-page certain ", "kubernetes/kubernetes#5 blame likely alpha in 1.30",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	// A revert that made the change is told as such; one that was reverted itself sinks.
	found.Change[0].Remark = "it reverts kubernetes/kubernetes#6"
	found.Pulls[7] = trace.Pull{Number: 7, Title: "Revert #6: hold it back", Merged: time.Now()}
	if e := trace.Explain(c, found, kubernetes)[0]; e.Remark != "it reverts kubernetes/kubernetes#6" || e.Confidence != trace.Certain {
		t.Errorf("%+v", e)
	}
}

// The title of a revert tells what it reverts; the revert of a revert does the same again.
func TestTitlesOfReverts(t *testing.T) {
	for title, want := range map[string]string{
		`Revert "Promote X to beta"`:                          "yes",
		`Revert "Promote X to beta (#12)" (#13)`:              "yes 12",
		"Revert #12: Promote X to beta":                       "yes 12",
		"Automated revert of #12: Promote X to beta":          "yes 12",
		"Revert PR #12":                                       "yes 12",
		`Revert "Merge pull request #12 from someone/branch"`: "yes 12",
		`Revert "Revert "Promote X to beta""`:                 "no",
		`Revert "Revert "Revert "Promote X to beta"""`:        "yes",
		"Reverting is not reverted":                           "no",
		"Promote X to beta":                                   "no",
	} {
		pulls, undone := trace.Reverts(title, "")
		got := map[bool]string{true: "yes", false: "no"}[undone]
		for _, p := range pulls {
			got += " " + map[int]string{12: "12", 13: "13"}[p]
		}
		if got != want {
			t.Errorf("%s: %s, want %s", title, got, want)
		}
	}
}

// Titles and kept answers come from outside: whatever they are, nothing breaks, and a kept pull request stays as it is.
func FuzzKept(f *testing.F) {
	f.Add(`Revert "Revert "a (#1)"" (#2)`, "Fixes #3\nReverts a/b#4", []byte(`{"made":{"gone":[{"target":"a"}]}}`))
	f.Add("revert revert revert", "cherry pick of #1", []byte(`{"title":"x","none":true}`))
	f.Fuzz(func(t *testing.T, title, body string, kept []byte) {
		pulls, undone := trace.Reverts(title, body)
		if !undone && len(pulls) > 0 {
			t.Errorf("%q undoes nothing, and %v", title, pulls)
		}
		_ = trace.DecodeAnswer(kept).Made["gone"]
		_, _, _ = trace.DecodePull(1, kept)
		once := trace.EncodePull(trace.Pull{Title: title, Body: body}, true)
		p, there, known := trace.DecodePull(1, once)
		if !there || !known {
			t.Fatalf("%q is not known again", once)
		}
		if again := trace.EncodePull(p, true); string(again) != string(once) {
			t.Errorf("kept twice it differs:\n%s\n%s", once, again)
		}
	})
}
