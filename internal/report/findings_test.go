package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/upstream-digest/bot/internal/golden"
	"github.com/upstream-digest/bot/internal/insight"
	"github.com/upstream-digest/bot/internal/usage"
	"github.com/upstream-digest/bot/test/contract"
)

// found is a finding in few words.
func found(file string, line int, component, gate, value string, v insight.Verdict, since, advice string, evidence ...string) Finding {
	return Finding{
		Setting:   usage.Setting{File: file, Line: line, Component: component, Gate: gate, Value: value, Format: "kubeadm ClusterConfiguration v1beta4"},
		Judgement: insight.Judgement{Verdict: v, Since: since, Advice: advice, Evidence: evidence},
	}
}

// cluster is a kubeadm cluster on its way from 1.33 to 1.36; what it says of gates is as the table has it.
func cluster() Check {
	const apiserver, manager, kubelet = "kube-apiserver", "kube-controller-manager", "kubelet"
	const remove = "Remove the setting before you upgrade."
	cost := found("kubeadm.yaml", 9, apiserver, "StrictCostEnforcementForVAP", "true", insight.Removed, "1.35", remove,
		"gone from kubernetes in 1.35 (table)", "was stable and locked on since 1.32 (table v1.34)")
	legacy := found("nodes/kubelet.yaml", 7, kubelet, "LegacySidecarContainers", "true", insight.Removed, "1.36", remove,
		"gone from kubernetes in 1.34 (table)", "was deprecated, off by default since 1.33 (table v1.33)")
	node := found("nodes/kubelet.yaml", 8, kubelet, "NodeSwap", "false", insight.Locked, "1.34", "Remove the setting, and see that your nodes are ready for swap.",
		"locked on since 1.34 (table v1.34)")
	node.KEPs = []string{"2400"}
	edge := node
	edge.File, edge.Line = "nodes/edge.yaml", 8
	typo := found("kubeadm.yaml", 31, manager, "JobSuccesPolicy", "true", insight.Unknown, "", "Write JobSuccessPolicy, or remove the setting.",
		"no covered component has a gate of this name from v1.20 to v1.36 (table)")
	typo.Suggestion = "JobSuccessPolicy"
	mutate := found("kubeadm.yaml", 10, apiserver, "MutatingAdmissionPolicy", "true", insight.DefaultChanged, "1.36", "The setting can go after the upgrade.",
		"off by default at 1.33, on since 1.36 (table v1.36)")
	mutate.KEPs = []string{"3962"}
	kms := found("kubeadm.yaml", 11, apiserver, "KMSv1", "true", insight.Deprecated, "1.28", "Move to KMS v2 before the gate goes.", "deprecated since 1.28, off by default since 1.29 (table v1.36)")
	kms.KEPs, kms.Removal = []string{"3299"}, &insight.Removal{Release: "1.40", Rule: "upstream's rule: three minors after it is locked", Confidence: "possible"}
	inPlace := found("kubeadm.yaml", 12, apiserver, "InPlacePodVerticalScaling", "true", insight.RemovalPlanned, "1.35", "Remove the setting before you upgrade to 1.38.",
		"locked on since 1.35 (table v1.35)")
	inPlace.Removal = &insight.Removal{Release: "1.38", Rule: "a comment in the source: remove in 1.38", Confidence: "likely"}
	inPlace.KEPs = []string{"1287"}
	inPlace2 := inPlace
	inPlace2.Component, inPlace2.Line = manager, 30
	alpha := found("nodes/kubelet.yaml", 9, kubelet, "AllAlpha", "true", insight.AlphaInUse, "", "Name the gates that you need instead.", "on, and off by default (table v1.36)")
	alpha.Switches = []string{"APIServingWithRoutine", "CPUManagerPolicyAlphaOptions", "CSIVolumeHealth", "ContainerStopSignals", "PodLogsQuerySplitStreams"}
	cloud := found("cloud.yaml", 22, "cloud-controller-manager", "CloudDualStackNodeIPs", "true", insight.NoData, "", "Read the release notes of your cloud provider's controller manager.",
		"the table does not cover cloud-controller-manager at 1.36")
	redundant := found("nodes/kubelet.yaml", 10, kubelet, "GracefulNodeShutdown", "true", insight.Redundant, "1.21", "The setting can go.", "on by default since 1.21 (table v1.36)")
	fine := found("nodes/kubelet.yaml", 11, kubelet, "GracefulNodeShutdownBasedOnPodPriority", "false", insight.Fine, "", "", "beta, on by default, can be turned off (table v1.36)")
	words := found("notes.txt", 3, "", "GracefulNodeShutdown", "true", insight.Redundant, "1.21", "The setting can go.", "on by default since 1.21 (table v1.36)")
	words.Guess = true
	value := found("kubeadm.yaml", 13, apiserver, "WatchList", "yes", insight.InvalidValue, "", "Write true or false.", "a gate's value is true or false")
	return Check{
		From: "1.33", To: "1.36", Files: 6, Source: "embedded table v1.20–v1.36",
		Findings: []Finding{cost, legacy, node, edge, typo, mutate, kms, inPlace, inPlace2, alpha, cloud, redundant, fine, words, value},
		Problems: []usage.Problem{
			{File: "broken.yaml", Line: 4, Message: "a tab stands where YAML wants blanks; indent with blanks"},
			{File: "chart/templates/kubelet.yaml", Line: 3, Message: "takes gates from a template, which is not rendered: give what it makes", Elsewhere: true},
		},
	}
}

func TestCheckGoldens(t *testing.T) {
	c := cluster()
	golden.Check(t, "testdata/check.80.golden", []byte(CheckText(c, TextOptions{Width: 80})))
	golden.Check(t, "testdata/check.color.golden", []byte(CheckText(c, TextOptions{Width: 80, Color: true, Hyperlinks: true})))
	golden.Check(t, "testdata/check.md.golden", []byte(CheckMarkdown(c, MarkdownOptions{RedirectLinks: true})[0]))
	golden.Check(t, "testdata/check.github.golden", []byte(CheckGitHub(c)))
	doc, err := CheckJSON(c)
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/check.json.golden", doc)
	doc, err = CheckSARIF(c, "v1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/check.sarif.golden", doc)
	quiet := Check{From: "1.33", To: "1.36", Files: 1, Source: "embedded table v1.20–v1.36"}
	for _, f := range c.Findings {
		if f.Verdict == insight.Fine {
			quiet.Findings = append(quiet.Findings, f)
		}
	}
	golden.Check(t, "testdata/check-fine.80.golden", []byte(CheckText(quiet, TextOptions{Width: 80})))
}

func TestCheckSummary(t *testing.T) {
	one := func(v insight.Verdict) Check {
		return Check{To: "1.36", Files: 1, Findings: []Finding{found("a.yaml", 1, "kubelet", "A", "true", v, "", "")}}
	}
	twice := one(insight.Removed)
	other := twice.Findings[0]
	other.Component = "kube-proxy"
	twice.Findings = append(twice.Findings, other)
	for _, tt := range []struct {
		name string
		c    Check
		want string
	}{
		{"nothing", Check{To: "1.36", Files: 3}, "No feature gate is set in the 3 files that were read."},
		{"nothing in one", Check{To: "1.36", Files: 1}, "No feature gate is set in the file that was read."},
		{"one breaks", one(insight.Removed), "The one setting that was found breaks at 1.36: 1 removed."},
		{"one does not", one(insight.Fine), "The one setting that was found does not break at 1.36: 1 fine."},
		{"two components, one setting", twice, "The one setting that was found breaks at 1.36: 1 removed."},
		{"all", cluster(), "6 of 15 settings break at 1.36: 2 removed, 1 unknown, 2 locked, 1 with an invalid value. The others: 1 whose default changes, 1 deprecated, 2 to be removed later, 1 alpha, 1 not known, 2 redundant, 1 fine."},
		{"a version that is none", Check{To: "1.36\n::error::x", Files: 1, Findings: one(insight.Fine).Findings}, "The one setting that was found does not break at the version asked for: 1 fine."},
	} {
		if got := CheckSummary(tt.c); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

func TestFailOn(t *testing.T) {
	with := func(v ...insight.Verdict) Check {
		var c Check
		for _, v := range v {
			c.Findings = append(c.Findings, Finding{Judgement: insight.Judgement{Verdict: v}})
		}
		return c
	}
	for _, tt := range []struct {
		on   string
		c    Check
		want bool
	}{
		{"breaks", with(), false},
		{"breaks", with(insight.Fine, insight.Deprecated, insight.NoData), false},
		{"breaks", with(insight.Fine, insight.InvalidValue), true},
		{"breaks", with(insight.Unknown), true},
		{"removed,locked", with(insight.Unknown), false},
		{"removed, locked", with(insight.Locked), true},
		{"invalid-value", with(insight.InvalidValue), true},
		{"deprecated", with(insight.RemovalPlanned), true},
		{"deprecated", with(insight.Removed), true},
		{"deprecated", with(insight.DefaultChanged, insight.AlphaInUse), false},
		{"any", with(insight.Redundant), true},
		{"any", with(insight.NoData), true},
		{"any", with(insight.Fine), false},
		{"never", with(insight.Removed), false},
		{"breaks,no_data", with(insight.NoData), true},
	} {
		on, err := ParseFailOn(tt.on)
		if err != nil {
			t.Fatal(err)
		}
		if got := on.Fails(tt.c); got != tt.want {
			t.Errorf("--fail-on %s with %v: %v", tt.on, tt.c.Findings, got)
		}
	}
	for _, bad := range []string{"", "removed,", "gone", "Removed", "breaks\x1b[31m"} {
		if _, err := ParseFailOn(bad); err == nil || !strings.Contains(err.Error(), "breaks, deprecated") || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// formats renders a check in every way.
func formats(t *testing.T, c Check) map[string]string {
	t.Helper()
	j, err := CheckJSON(c)
	if err != nil {
		t.Fatal(err)
	}
	s, err := CheckSARIF(c, "v1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"text": CheckText(c, TextOptions{Width: 80}), "colour": CheckText(c, TextOptions{Width: 80, Color: true}),
		"markdown": strings.Join(CheckMarkdown(c, MarkdownOptions{RedirectLinks: true}), "\n"),
		"github":   CheckGitHub(c), "json": string(j), "sarif": string(s),
	}
}

// TestEveryFindingIsInEveryFormat looks for gate, value and place; those that alert leave out only what is fine.
func TestEveryFindingIsInEveryFormat(t *testing.T) {
	c := cluster()
	for i := range 60 { // one that is found in many places, and many that are found in one
		f := found(fmt.Sprintf("many/%d.yaml", i), i+1, "kubelet", "Widespread", "false", insight.Locked, "1.35", "Remove it.", "locked on")
		c.Findings = append(c.Findings, f)
		f = found("long.yaml", i+1, "kubelet", fmt.Sprintf("Crowd%d", i), "true", []insight.Verdict{insight.Fine, insight.Redundant, insight.Removed, "odd"}[i%4], "", "Look.", "so it is")
		c.Findings = append(c.Findings, f)
	}
	for format, out := range formats(t, c) {
		flat := strings.Join(strings.Fields(ansi.Strip(out)), " ")
		for _, f := range c.Findings {
			if f.Verdict == insight.Fine && (format == "github" || format == "sarif") {
				if strings.Contains(flat, f.Gate+"=") {
					t.Errorf("%s alerts of %s, which is fine", format, f.Gate)
				}
				continue
			}
			where, line := fmt.Sprintf("%s:%d", f.File, f.Line), fmt.Sprintf(`"line": %d,`, f.Line)
			switch format {
			case "github":
				where = fmt.Sprintf("file=%s,line=%d,", f.File, f.Line)
			case "json":
				where = fmt.Sprintf(`"file": "%s", %s`, f.File, line)
			case "sarif":
				where = fmt.Sprintf(`"uri": "%s" }, "region": { "startLine": %d }`, f.File, f.Line)
			}
			if !strings.Contains(flat, where) || !strings.Contains(flat, f.Gate) {
				t.Errorf("%s: no %s at %s", format, f.Gate, where)
			}
		}
	}
}

func TestOrderOfFindingsDoesNotMatter(t *testing.T) {
	c := cluster()
	for i := range 3 { // equal but for one word
		f := found("same.yaml", 1, "kubelet", "Same", "true", insight.Removed, "", "Do.", fmt.Sprint("reason ", i))
		c.Findings = append(c.Findings, f)
	}
	c.Findings = append(c.Findings, c.Findings[0]) // found twice
	c.Problems = append(c.Problems, usage.Problem{File: "a", Message: "x"}, usage.Problem{File: "a", Message: "w"})
	want := formats(t, c)
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		r.Shuffle(len(c.Findings), func(i, j int) { c.Findings[i], c.Findings[j] = c.Findings[j], c.Findings[i] })
		r.Shuffle(len(c.Problems), func(i, j int) { c.Problems[i], c.Problems[j] = c.Problems[j], c.Problems[i] })
		before := slices.Clone(c.Findings)
		for format, out := range formats(t, c) {
			if out != want[format] {
				t.Fatalf("%s differs", format)
			}
		}
		for i := range before {
			if before[i].Setting != c.Findings[i].Setting {
				t.Fatal("the caller's findings were put into another order")
			}
		}
	}
}

// TestFoldedFindingsNameAllComponents: a judgement that names its component is the same for another.
func TestFoldedFindingsNameAllComponents(t *testing.T) {
	var all []Finding
	for _, c := range []string{"kubelet", "kube-proxy", "kube-apiserver"} {
		all = append(all, found("a.yaml", 3, c, "Fast", "true", insight.Removed, "1.35", "Remove it from "+c+".", "gone in 1.35"))
	}
	text := CheckText(Check{To: "1.36", Findings: all}, TextOptions{Width: 200})
	if want := "    → Remove it from kube-apiserver, kube-proxy and kubelet.\n"; strings.Count(text, want) != 1 || strings.Count(text, "Fast=true") != 1 {
		t.Errorf("no %q in\n%s", want, text)
	}
	if got := replaceWord("kubelet, kubelet-config (kubelet)kubelets", "kubelet", "X"); got != "X, kubelet-config (X)kubelets" {
		t.Error(got)
	}
}

// TestFoldedFindings: what differs only in component or place is one entry, what differs in more is not.
func TestFoldedFindings(t *testing.T) {
	f := found("a.yaml", 3, "kube-apiserver", "Fast", "true", insight.Removed, "1.35", "Remove it.", "gone in 1.35")
	g, h, i, j := f, f, f, f
	g.Component = "kube-scheduler"
	h.Line = 9
	i.File, i.Component = "b.yaml", "kubelet"
	j.Evidence = []string{"another reason"}
	text := CheckText(Check{To: "1.36", Findings: []Finding{j, i, h, g, f}}, TextOptions{Width: 200})
	for _, want := range []string{
		"The others", "  Fast=true\n    a.yaml:3 (kube-apiserver, kube-scheduler), a.yaml:9 (kube-apiserver), b.yaml:3 (kubelet)\n    Gone in 1.35.\n",
		"  Fast=true\n    a.yaml:3 (kube-apiserver)\n    Another reason.\n",
	} {
		if got := strings.Contains(text, want); got == (want == "The others") {
			t.Errorf("%q: %v in\n%s", want, got, text)
		}
	}
}

func TestCheckJSONObeysItsSchema(t *testing.T) {
	all := schemas(t)
	for _, c := range []Check{cluster(), {}, hostileCheck(attackTexts(), 0)} {
		b, err := CheckJSON(c)
		if err != nil {
			t.Fatal(err)
		}
		for i := range c.Findings { // verdicts of others are no part of the document
			if _, rank := wordsOf(c.Findings[i].Verdict); rank == len(verdicts()) {
				t.Fatalf("verdict %q", c.Findings[i].Verdict)
			}
		}
		valid(t, all, b)
	}
}

// TestSARIFObeysItsSchema holds the document against the schema that npm package @microsoft/jest-sarif carries.
func TestSARIFObeysItsSchema(t *testing.T) {
	raw, err := contract.SARIFSchema("../../test/contract")
	if err != nil {
		t.Skip(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat() // an address that is none is a fault
	if err := compiler.AddResource("sarif.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("sarif.json")
	if err != nil {
		t.Fatal(err)
	}
	odd := cluster()
	odd.Findings[0].Verdict = "odd"
	for name, c := range map[string]Check{"cluster": cluster(), "empty": {}, "hostile": hostileCheck(attackTexts(), 0), "a verdict without words": odd} {
		b, err := CheckSARIF(c, "v1.2.3")
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		// What the schema does not say: each result names its rule by place and by id.
		var log sarifLog
		if err := json.Unmarshal(b, &log); err != nil {
			t.Fatal(err)
		}
		for _, r := range log.Runs[0].Results {
			if rules := log.Runs[0].Tool.Driver.Rules; r.RuleIndex >= len(rules) || rules[r.RuleIndex].ID != r.RuleID || rules[r.RuleIndex].DefaultConfiguration.Level != r.Level {
				t.Errorf("%s: %+v", name, r)
			}
			if u, err := url.Parse(r.Locations[0].Physical.Artifact.URI); err != nil || (u.Scheme != "" && u.Scheme != "file") || u.Host != "" || u.RawQuery != "" || u.Fragment != "" {
				t.Errorf("%s: address %q: %v", name, r.Locations[0].Physical.Artifact.URI, err)
			}
		}
	}
}

func TestSARIFFingerprintsOutliveMovedLines(t *testing.T) {
	prints := func(c Check) map[string]bool {
		b, err := CheckSARIF(c, "")
		if err != nil {
			t.Fatal(err)
		}
		var log sarifLog
		if err := json.Unmarshal(b, &log); err != nil {
			t.Fatal(err)
		}
		out := map[string]bool{}
		for _, r := range log.Runs[0].Results {
			id := r.RuleID + r.Fingerprints["gateSetting/v1"]
			if out[id] {
				t.Errorf("two results are one: %+v", r)
			}
			out[id] = true
		}
		return out
	}
	c := cluster()
	again := c.Findings[0]
	again.Line = 99 // set twice in a file
	c.Findings = append(c.Findings, again)
	want := prints(c)
	for i := range c.Findings {
		c.Findings[i].Line += 5
		c.Findings[i].Evidence = []string{"told otherwise"}
	}
	if got := prints(c); fmt.Sprint(got) != fmt.Sprint(want) || len(got) != len(c.Findings)-1 {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

func TestFileURI(t *testing.T) {
	for in, want := range map[string]string{
		"a/b.yaml": "a/b.yaml", "./a b.yaml": "a%20b.yaml", "/etc/kubernetes/x.yaml": "file:///etc/kubernetes/x.yaml", "../x": "../x",
		"a:b": "a%3Ab", "javascript:alert(1)": "javascript%3Aalert%281%29", "//evil.test/x": "file:///evil.test/x", "a\x00\xff\n?#": "a%00%FF%0A%3F%23",
		"<stdin>": "%3Cstdin%3E", "ü": "%C3%BC", "": "unnamed", `a\b`: "a%5Cb", "50%25": "50%2525",
	} {
		if got := fileURI(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// runnerCommand is a workflow command as GitHub's runner reads it.
type runnerCommand struct {
	name, message string
	properties    map[string]string
}

func readCommand(line string) (runnerCommand, bool) {
	rest, ok := strings.CutPrefix(line, "::")
	head, message, ok2 := strings.Cut(rest, "::")
	if !ok || !ok2 {
		return runnerCommand{}, false
	}
	undo := func(s string) string {
		return strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%").Replace(s)
	}
	name, props, _ := strings.Cut(head, " ")
	c := runnerCommand{name: name, message: undo(message), properties: map[string]string{}}
	for p := range strings.SplitSeq(props, ",") {
		k, v, _ := strings.Cut(p, "=")
		c.properties[k] = undo(v)
	}
	return c, true
}

// TestAnnotationsCannotBeForged: names and values stay in the field where they belong.
func TestAnnotationsCannotBeForged(t *testing.T) {
	for _, evil := range append(attackTexts(), "x,line=1,title=y::z", "a::b", "a%0A::error::b", "a\n::error::b\r::c", "%25", "::add-mask::x", "a:b,c=d") {
		c := Check{To: "1.36", Findings: []Finding{found(evil, 7, evil, evil, evil, insight.Removed, evil, evil, evil)}, Problems: []usage.Problem{{File: evil, Line: 2, Message: evil}}}
		lines := strings.Split(strings.TrimSuffix(CheckGitHub(c), "\n"), "\n")
		if len(lines) != 3 {
			t.Fatalf("%q: %d lines: %q", evil, len(lines), lines)
		}
		for i, want := range []string{"error", "warning"} {
			got, ok := readCommand(lines[i+1])
			if !ok || got.name != want {
				t.Fatalf("%q: %q", evil, lines[i+1])
			}
			allowed := []string{"title"}
			if evil != "" {
				allowed = []string{"file", "line", "title"}
			}
			for k := range got.properties {
				if !slices.Contains(allowed, k) {
					t.Errorf("%q: property %q", evil, k)
				}
			}
			if want := strings.ReplaceAll(strip(evil, false), "##[", "## ["); evil != "" && got.properties["file"] != want {
				t.Errorf("file %q, want %q", got.properties["file"], want)
			}
		}
	}
	in := CheckGitHub(Check{To: "1.36", Findings: []Finding{found(standardInput, 7, "", "A", "true", insight.Removed, "", "")}})
	if want := "\n::error title=A is gone at 1.36%3A the component will not start::standard input:7: A=true is gone at 1.36: the component will not start.\n"; !strings.HasSuffix(in, want) {
		t.Errorf("%q", in)
	}
}

func attackTexts() []string {
	var out []string
	for _, a := range attacks() {
		if len(a.text) < 10000 {
			out = append(out, a.text)
		}
	}
	return out
}

// hostileCheck has texts in turn in every field.
func hostileCheck(texts []string, shape int) Check {
	next := func() string { shape++; return texts[shape%len(texts)] }
	c := Check{From: next(), To: next(), Source: next()}
	for range 3 {
		for _, w := range verdicts() {
			f := found(next(), shape%5, next(), next(), next(), w.verdict, next(), next(), next(), next())
			f.Suggestion, f.KEPs, f.Format, f.Guess = next(), []string{next()}, next(), shape%2 == 0
			f.Removal = &insight.Removal{Release: next(), Rule: next(), Confidence: "likely"}
			f.Switches = []string{next(), next()}
			c.Findings = append(c.Findings, f)
		}
		c.Problems = append(c.Problems, usage.Problem{File: next(), Line: 1, Message: next()})
	}
	return c
}

func TestAttacksInChecksDoNothing(t *testing.T) {
	for shape, a := range attacks() {
		if raceDetector && (shape%4 > 0 || len(a.text) > 10000) {
			continue
		}
		texts := []string{a.text}
		if len(a.text) > 10000 {
			texts = append(texts, slices.Repeat([]string{"Widget"}, 40)...)
		}
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			checkCheck(t, hostileCheck(texts, shape))
		})
	}
	checkCheck(t, hostileCheck(attackTexts(), 3))
}

// checkCheck asserts what holds of any check in any format.
func checkCheck(t *testing.T, c Check) {
	t.Helper()
	for _, width := range []int{40, 80} {
		text := CheckText(c, TextOptions{Width: width})
		checkPrinted(t, "text", text)
		for line := range strings.Lines(text) {
			if w := ansi.StringWidth(strings.TrimRight(line, "\n")); w > width && !strings.Contains(line, "://") {
				t.Errorf("%d columns: %.200q", w, line)
			}
		}
	}
	coloured := CheckText(c, TextOptions{Color: true, Hyperlinks: true})
	if rest := ourSequence.ReplaceAllString(coloured, ""); strings.Contains(rest, "\x1b") {
		t.Errorf("the terminal gets a sequence that is not ours: %.200q", rest[strings.Index(rest, "\x1b"):])
	}
	for _, part := range CheckMarkdown(c, MarkdownOptions{Budget: 20000, RedirectLinks: true}) {
		if len(part) > 20000 {
			t.Errorf("a part of %d bytes", len(part))
		}
		checkPart(t, part)
		checkPrinted(t, "Markdown", part)
	}
	all := formats(t, c)
	checkPrinted(t, "JSON", all["json"])
	checkPrinted(t, "SARIF", all["sarif"])
	var log sarifLog
	if err := json.Unmarshal([]byte(all["sarif"]), &log); err != nil {
		t.Fatal(err)
	}
	for _, r := range log.Runs[0].Results {
		if rest := regexp.MustCompile(`\\.`).ReplaceAllString(r.Message.Text, ""); strings.ContainsAny(rest, "[]") {
			t.Errorf("a message may hold a link: %.200q", r.Message.Text)
		}
	}
	for line := range strings.Lines(all["github"]) {
		checkPrinted(t, "an annotation", "|"+line)
	}
}
