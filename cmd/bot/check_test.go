package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/golden"
	"github.com/upstream-digest/bot/internal/sample"
)

const clusterFile = `apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.33.2
featureGates:
  WaitForAllControlPlaneComponents: true
apiServer:
  extraArgs:
    - name: feature-gates
      value: StrictCostEnforcementForVAP=true,MutatingAdmissionPolicy=true,KMSv1=true,InPlacePodVerticalScaling=true
controllerManager:
  extraArgs:
    - name: feature-gates
      value: JobSuccesPolicy=true
`

const nodeFile = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
featureGates:
  NodeSwap: false
  GracefulNodeShutdown: true
`

// cluster puts a cluster's files into the working folder, and beside them what is no configuration.
func cluster(t *testing.T, more map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	files := map[string]string{
		"kubeadm.yaml": clusterFile, "nodes/kubelet.yaml": nodeFile,
		".git/kept.yaml": nodeFile, "README.md": "--feature-gates=FromProse=true\n", "logo.png": "--feature-gates=FromPicture=true\n",
	}
	for name, text := range more {
		files[name] = text
	}
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// bare runs the program without a network, a token or a configuration.
func bare(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	code := execute(t.Context(), environment{
		args: args, stdin: strings.NewReader(stdin), stdout: &out, stderr: &errs, environ: []string{"HOME=" + t.TempDir(), "HTTPS_PROXY=http://127.0.0.1:1"}, now: time.Now,
	})
	return result{code: code, stdout: out.String(), stderr: errs.String()}
}

func TestCheckCluster(t *testing.T) {
	gold, err := filepath.Abs("testdata/check.golden")
	if err != nil {
		t.Fatal(err)
	}
	cluster(t, nil)
	r := bare(t, "", "check", ".", "--from", "1.33", "--to", "1.36")
	if r.code != 1 || r.stderr != "" {
		t.Errorf("exit code %d, %s", r.code, r.stderr)
	}
	golden.Check(t, gold, []byte(r.stdout))
	if again := bare(t, "", "check", "nodes", "kubeadm.yaml", "./nodes/kubelet.yaml", "nodes/*", "--from", "v1.33.4", "--to", "v1.36.1"); again.stdout != r.stdout {
		t.Errorf("the same files by other names give another report:\n%s", again.stdout)
	}
	if prose := bare(t, "", "check", "README.md", "--to", "1.36"); !strings.Contains(prose.stdout, "FromProse=true") {
		t.Errorf("prose that is named is not read:\n%s", prose.stdout)
	}
}

func TestCheckExitCodes(t *testing.T) {
	cluster(t, map[string]string{"fine/kubelet.yaml": strings.Replace(nodeFile, "NodeSwap: false", "NodeSwap: true", 1), "broken/kubelet.yaml": "featureGates:\n\tA: true\n"})
	for _, tt := range []struct {
		args string
		code int
		says string
	}{
		{"check fine --to 1.36", 0, ""},
		{"check fine --to 1.36 --fail-on any", 1, ""},
		{"check nodes --to 1.36", 1, ""},
		{"check nodes --to 1.33", 0, ""},
		{"check nodes --to 1.36 --fail-on never", 0, ""},
		{"check nodes --to 1.36 --fail-on removed,unknown", 0, ""},
		{"check nodes --to 1.36 --fail-on locked", 1, ""},
		{"check broken nodes --to 1.36", 3, ""},
		{"check absent.yaml --to 1.36", 2, "absent.yaml"},
		{"check *.toml --to 1.36", 2, `no file matches "*.toml"`},
		{"check nodes", 2, "--to is missing"},
		{"check --to 1.36", 2, "check --help"},
		{"check nodes --to latest", 2, `"latest" is no Kubernetes version`},
		{"check nodes --to 1.33 --from 1.36", 2, "--from 1.36 is not below --to 1.33"},
		{"check nodes --to 1.36 --format xml", 2, "--format is one of table, json, sarif, github, markdown"},
		{"check nodes --to 1.36 --fail-on worst", 2, "--fail-on"},
		{"check nodes --to 1.99", 3, "1.99 is not in the program's table (v1.20 to v1.36)"},
		{"brief --to 1.36", 2, "--from is missing"},
		{"brief --from 1.33 --to 1.36", 0, ""},
		{"brief --from 1.33 --to 1.36 nodes", 0, ""},
		{"brief --from 1.33 --to 1.36 broken", 3, ""},
		{"brief --from 1.33 --to 2.0", 2, "no upgrade"},
	} {
		r := bare(t, "", strings.Fields(tt.args)...)
		if r.code != tt.code || !strings.Contains(r.stderr, tt.says) {
			t.Errorf("bot %s: exit code %d, want %d\n%s%s", tt.args, r.code, tt.code, r.stdout, r.stderr)
		}
	}
	r := bare(t, "", "check", "broken", "--to", "1.36")
	if !strings.Contains(r.stdout, "broken/kubelet.yaml:2:") {
		t.Errorf("the broken file is not named with its line:\n%s", r.stdout)
	}
}

func TestCheckStandardInput(t *testing.T) {
	r := bare(t, nodeFile, "check", "-", "--to", "1.36", "--format", "json")
	var doc struct {
		To, From string
		Findings []struct {
			File    string
			Line    int
			Gate    string
			Verdict string
		}
	}
	if err := json.Unmarshal([]byte(r.stdout), &doc); err != nil {
		t.Fatal(err)
	}
	if r.code != 1 || len(doc.Findings) != 2 || doc.Findings[0].File != "<stdin>" || doc.Findings[0].Line != 4 || doc.Findings[0].Verdict != "locked" {
		t.Errorf("exit code %d: %+v", r.code, doc)
	}
}

// TestCheckFormats: each format tells of the setting that breaks, and leaves with 1.
func TestCheckFormats(t *testing.T) {
	cluster(t, nil)
	for format, want := range map[string]string{
		"table": "NodeSwap=false", "json": `"gate": "NodeSwap"`, "sarif": `"ruleId": "gate-locked"`, "markdown": "**`NodeSwap=false`**",
		"github": "\n::error file=nodes/kubelet.yaml,line=4,title=NodeSwap is locked at 1.36%3A the component will not start::",
	} {
		if r := bare(t, "", "check", "nodes", "--to", "1.36", "--format", format); r.code != 1 || !strings.Contains(r.stdout, want) {
			t.Errorf("%s: exit code %d, no %q in\n%s%s", format, r.code, want, r.stdout, r.stderr)
		}
	}
	out := filepath.Join(t.TempDir(), "gates.sarif")
	if r := bare(t, "", "check", "nodes", "--to", "1.36", "--format", "sarif", "-o", out); r.code != 1 || r.stdout != "" || missing(out) {
		t.Errorf("exit code %d: %s", r.code, r.stdout)
	}
}

// TestCheckBeyondTheTable reads a version that the table does not have from the upstream.
func TestCheckBeyondTheTable(t *testing.T) {
	w := released(t)
	w.commit("v1.36", func(rows []facts.Row) []facts.Row {
		var out []facts.Row
		for _, r := range rows {
			if r.Gate != "NodeSwap" {
				out = append(out, r)
			}
		}
		return promote("ImageVolumeWithDigest", gate.Spec{Since: "1.37", Stage: gate.Beta, Default: true})(out)
	}, "v1.37.0")
	cluster(t, nil)
	w.threeSources("upstreams:\n  - preset: kubernetes\n") // there are no proposals to read, and none are needed
	r := w.run("check", "nodes", "--from", "1.36", "--to", "1.37")
	if r.code != 1 || !strings.Contains(r.stdout, "WILL NOT START AT 1.37: the gate is gone (1)\n\n  NodeSwap=false") ||
		!strings.Contains(strings.Join(strings.Fields(r.stdout), " "), "kubernetes/kubernetes at v1.37.0 (") { // however it is wrapped
		t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	r = w.ok("brief", "--from", "1.36", "--to", "1.37")
	for _, want := range []string{"1 gate is gone", "  NodeSwap: ", "gone in 1.37", "  ImageVolumeWithDigest: ", "beta and on by default in 1.37"} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("no %q in\n%s", want, r.stdout)
		}
	}
	if r := w.run("check", "nodes", "--to", "1.38"); r.code != 2 || !strings.Contains(r.stderr, "1.38 is not in the program's table") || !strings.Contains(r.stderr, "the upstream has no 1.38 yet") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	w.wantIssues(0)
}

func TestBriefBeginsWithYours(t *testing.T) {
	cluster(t, nil)
	md := bare(t, "", "brief", "--from", "1.33", "--to", "1.36", ".", "--format", "markdown").stdout
	if yours, all := strings.Index(md, "## Yours, will not start at 1.36"), strings.Index(md, "## Gone"); yours < 0 || all < yours {
		t.Errorf("yours at %d, all at %d", yours, all)
	}
	for _, format := range []string{"json", "html", "text"} {
		if r := bare(t, "", "brief", "--from", "1.33", "--to", "1.36", ".", "--format", format); r.code != 0 || !strings.Contains(r.stdout, "MutatingAdmissionPolicy") {
			t.Errorf("%s: exit code %d", format, r.code)
		}
	}
}

// TestCheckAsksTheState: where no upstream can be read, what the bot remembers of the version counts. The
// state is only read, and one that is not there or can't be used is a remark beside the error.
func TestCheckAsksTheState(t *testing.T) {
	w := newWorld(t)
	w.commit("v1.36", nil, "v1.36.0")
	table, err := facts.Load()
	if err != nil {
		t.Fatal(err)
	}
	next := slices.DeleteFunc(table.Rows("v1.36"), func(r facts.Row) bool { return r.Gate == "NodeSwap" })
	files, err := sample.Files("v1.37", next, sample.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w.push(files)
	cluster(t, nil)
	check := []string{"check", "nodes", "--from", "1.36", "--to", "1.37"}
	r := w.offline().run(check...)
	if r.code != 3 || !strings.Contains(r.stderr, "there is no state at "+w.state()) || !missing(w.state()) || !missing(filepath.Dir(w.state())) {
		t.Errorf("without a state: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	w.online().ok("run")
	w.offline()
	before := w.fingerprint()
	r = w.run(check...)
	if r.code != 1 || !strings.Contains(r.stdout, "WILL NOT START AT 1.37: the gate is gone (1)\n\n  NodeSwap=false") || !strings.Contains(r.stdout, "gone in 1.37 (state).") {
		t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	for where, text := range map[string]string{"result": r.stdout, "remark": r.stderr} {
		if !strings.Contains(strings.Join(strings.Fields(text), " "), "the state's snapshot of kubernetes/kubernetes at ") {
			t.Errorf("the %s does not say where the facts are from:\n%s", where, text)
		}
	}
	if after := w.fingerprint(); after != before {
		t.Errorf("it changed something:\n%s\nwas\n%s", after, before)
	}
	// The lock of a run that goes on does not matter.
	w.sql("UPDATE lock SET held = 1, holder = 'another', fence = 99, expires = ?", sqlTime(time.Now().Add(time.Hour)))
	if r := w.run(check...); r.code != 1 {
		t.Errorf("while another run holds the lock: exit code %d\n%s", r.code, r.stderr)
	}
	if r := w.run("check", "nodes", "--to", "1.38"); r.code != 3 || !strings.Contains(r.stderr, "does not know 1.38 either") {
		t.Errorf("a version that it does not know: exit code %d\n%s", r.code, r.stderr)
	}
	// Read with fewer folders, the absence of a gate says nothing.
	w.config("upstreams:\n  - preset: kubernetes\n    sources:\n      gates: {packages: [{path: pkg/features, component: kubernetes}]}\n")
	if r := w.run(check...); r.code != 0 || !strings.Contains(r.stdout, "NOBODY CAN SAY") {
		t.Errorf("with another configuration: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	w.loseState()
	w.online().ok("run")
	if r := w.offline().set("BOT_CONFIG=").run(check...); r.code != 0 || !strings.Contains(r.stdout, "NOBODY CAN SAY") {
		t.Errorf("with a state that was read with another configuration: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if err := os.WriteFile(w.state(), []byte("no database, but long enough to be looked at as if it were one"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := w.run(check...); r.code != 3 || !strings.Contains(r.stderr, "can't be asked for 1.37") {
		t.Errorf("with a state that is none: exit code %d\n%s", r.code, r.stderr)
	}
}

// TestCheckWritesTheJobsSummary: it is appended to what other steps wrote, in any format of the result, and
// a page that can't be written changes nothing but for a warning.
func TestCheckWritesTheJobsSummary(t *testing.T) {
	cluster(t, map[string]string{"summary.md": "# Build\n"})
	in := func(path string, args ...string) result {
		var out, errs bytes.Buffer
		code := execute(t.Context(), environment{args: args, stdout: &out, stderr: &errs, environ: []string{"HOME=" + t.TempDir(), "GITHUB_STEP_SUMMARY=" + path}, now: time.Now})
		return result{code: code, stdout: out.String(), stderr: errs.String()}
	}
	plain := bare(t, "", "check", "nodes", "--to", "1.36", "--format", "github")
	r := in("summary.md", "check", "nodes", "--to", "1.36", "--format", "github")
	if r != plain {
		t.Errorf("the result differs: %+v, without a summary %+v", r, plain)
	}
	page, err := os.ReadFile("summary.md")
	if err != nil {
		t.Fatal(err)
	}
	want := bare(t, "", "check", "nodes", "--to", "1.36", "--format", "markdown").stdout
	if string(page) != "# Build\n"+want+"\n" {
		t.Errorf("the summary is\n%s", page)
	}
	if r := in("absent/summary.md", "check", "nodes", "--to", "1.36", "--format", "github"); r.code != plain.code || r.stdout != plain.stdout || !strings.Contains(r.stderr, "warning: the job's summary was not written: ") {
		t.Errorf("with a page that can't be written: %+v", r)
	}
}

// TestGatesAndCheckForetellTheSame: of each gate that is set to what it is already, bot gates says the same
// release and is as sure as bot check, also where a later release is known.
func TestGatesAndCheckForetellTheSame(t *testing.T) {
	w := released(t)
	type removal struct{ Release, Rule, Confidence string }
	var list struct {
		Gates []struct {
			Name       string
			Default    bool
			Components []string
			Removal    *removal
		}
	}
	if err := json.Unmarshal([]byte(w.ok("gates", "--at", "v1.35.0", "--format", "json").stdout), &list); err != nil {
		t.Fatal(err)
	}
	var flags strings.Builder
	for _, g := range list.Gates {
		fmt.Fprintf(&flags, "--feature-gates=%s=%t\n", g.Name, g.Default)
	}
	var doc struct {
		Findings []struct {
			Gate    string
			Removal *removal
		}
	}
	if err := json.Unmarshal([]byte(bare(t, flags.String(), "check", "-", "--to", "1.35", "--format", "json").stdout), &doc); err != nil {
		t.Fatal(err)
	}
	checked := map[string]removal{}
	for _, f := range doc.Findings {
		if f.Removal != nil {
			checked[f.Gate] = *f.Removal
		}
	}
	sure := map[string]int{}
	for _, g := range list.Gates {
		var listed removal
		if g.Removal != nil {
			listed = *g.Removal
			sure[listed.Confidence]++
		}
		if listed != checked[g.Name] {
			t.Errorf("%s of %v: bot gates says %+v, bot check %+v", g.Name, g.Components, listed, checked[g.Name])
		}
	}
	if sure["certain"] < 5 || sure["likely"] < 5 || sure["possible"] < 5 {
		t.Errorf("of %d gates only %v have a forecast", len(list.Gates), sure)
	}
	if table := w.ok("gates", "--at", "v1.35.0").stdout; !strings.Contains(table, "\t1.36!\t") {
		t.Errorf("the table does not say when gates go:\n%.600s", table)
	}
}
