package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/golden"
)

// stable takes the stand-in's address out of a text.
func (w *fullWorld) stable(text string) []byte {
	return []byte(regexp.MustCompile(`http://127\.0\.0\.1:\d+`).ReplaceAllString(strings.ReplaceAll(text, w.gh.URL(), "https://github.test"), "https://github.test"))
}

// The life that the owner once looked up by hand, in all formats.
func TestExplain(t *testing.T) {
	w := at(t, "2026-04-20", 0)
	byName := w.ok("explain", "CRIContainerLogRotation")
	for _, want := range []string{"1.10  ◌  alpha", "kubernetes/kubernetes#59898", "1.11  ◌  beta", "kubernetes/kubernetes#64046", "1.21  ●  stable, locked on", "kubernetes/kubernetes#99651", "1.22  ✕  removed", "KEP-2411", "does not start"} {
		if !strings.Contains(byName.stdout, want) {
			t.Errorf("%q is not told:\n%s", want, byName.stdout)
		}
	}
	for line := range strings.Lines(byName.stdout) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	golden.Check(t, "testdata/explain.golden", w.stable(byName.stdout))
	for _, same := range [][]string{
		{"container", "log", "rotation"}, {"cricontainerlogrotation"}, {"https://github.com/kubernetes/kubernetes/pull/64046"},
	} {
		if got := w.ok(append([]string{"explain"}, same...)...); got.stdout != byName.stdout {
			t.Errorf("%v is told otherwise:\n%s", same, got.stdout)
		}
	}
	for _, same := range []string{"KEP-2411"} {
		if got := w.ok("explain", same); !strings.Contains(got.stdout, "KEP-2411, CRI container log rotation, lists CRIContainerLogRotation.") || !strings.Contains(got.stdout, "1.10  ◌  alpha") {
			t.Errorf("%s is not told:\n%s", same, got.stdout)
		}
	}
	golden.Check(t, "testdata/explain-markdown.golden", w.stable(w.ok("explain", "DRAAdminAccess", "--format", "markdown").stdout))
	doc := w.ok("explain", "CRIContainerLogRotation", "--format", "json").stdout
	obeysSchema(t, doc)
	golden.Check(t, "testdata/explain-json.golden", w.stable(doc))
}

// What is not plain, each with its sentence.
func TestExplainSaysWhatIsNotPlain(t *testing.T) {
	w := at(t, "2026-04-20", 0)
	files := map[string][]byte{}
	for n := range 7 {
		files[fmt.Sprintf("keps/sig-node/%d-options/kep.yaml", 7001+n)] = fmt.Appendf(nil, "title: Option %d\nkep-number: %d\nstatus: implemented\nstage: alpha\nfeature-gates:\n  - name: CPUManagerPolicyAlphaOptions\n", n, 7001+n)
	}
	files["keps/sig-node/7100-never/kep.yaml"] = []byte("title: Never merged\nkep-number: 7100\nstatus: provisional\nstage: alpha\nfeature-gates:\n  - name: NeverMergedWidget\n")
	files["keps/sig-node/7200-none/kep.yaml"] = []byte("title: Without a gate\nkep-number: 7200\nstatus: implemented\nstage: stable\n")
	w.push("kubernetes/enhancements", files)
	tests := []struct {
		ask  string
		code int
		want []string
	}{
		{"CRIContainerLogRotatoin", 2, []string{"Did you mean CRIContainerLogRotation?"}},
		{"CPUManagerPolicyAlphaOptions", 0, []string{"proposals name it.", "KEP-7001", "KEP-7007"}},
		{"DevicePlugins", 0, []string{"No proposal was found for it."}},
		{"KEP-7100", 0, []string{"lists NeverMergedWidget, which no release has had"}},
		{"NeverMergedWidget", 0, []string{"No release that is known has had it.", "KEP-7100"}},
		{"KEP-7200", 0, []string{"lists no feature gate"}},
		{"CBORServingAndStorage", 0, []string{"It was called CBORSerializer before."}},
		{"CSI migration", 0, []string{"gates fit CSI migration.", "CSIMigrationAWS: ", "Gone since 1."}},
		{"#999999", 2, []string{"No feature gate is known to be behind #999999."}},
		{"KEP-6999", 2, []string{"Nothing is known as KEP-6999."}},
		{"<script>@everyone</script>", 2, []string{"Nothing is known as"}},
	}
	for _, tt := range tests {
		r := w.run("explain", tt.ask)
		if r.code != tt.code {
			t.Errorf("%s: exit code %d, want %d\n%s", tt.ask, r.code, tt.code, r.stderr)
		}
		text := strings.Join(strings.Fields(r.stdout), " ")
		for _, want := range tt.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is not told:\n%s", tt.ask, want, r.stdout)
			}
		}
	}
	for _, ask := range []string{"KEP-7100", "CSI migration", "CRIContainerLogRotatoin"} {
		obeysSchema(t, w.run("explain", "--format", "json", ask).stdout)
	}
}

// Without the network the program itself, mirrors and the state tell; what could not be asked is said.
func TestExplainOffline(t *testing.T) {
	w := at(t, "2026-04-20", 0)
	online := w.ok("explain", "DRAAdminAccess").stdout

	anonymous := w.set("GITHUB_TOKEN=").run("explain", "DRAAdminAccess")
	if anonymous.code != 0 || !strings.Contains(strings.Join(strings.Fields(anonymous.stdout), " "), "which needs a token (GITHUB_TOKEN) or a mirror") || !strings.Contains(anonymous.stdout, "#137373") {
		t.Errorf("without a token: %d\n%s%s", anonymous.code, anonymous.stdout, anonymous.stderr)
	}

	w.threeSources("offline: true\nmirrors:\n  - {repository: kubernetes/kubernetes, path: " + w.git + "}\n  - {repository: kubernetes/enhancements, path: " + filepath.Join(w.dir, "enhancements.git") + "}\nupstreams:\n  - preset: kubernetes\n")
	mirrored := w.ok("explain", "DRAAdminAccess")
	if mirrored.api != 0 {
		t.Errorf("%d requests while offline", mirrored.api)
	}
	life := func(s string) string { s, _, _ = strings.Cut(s, "─────"); return s }
	if life(mirrored.stdout) != life(online) {
		t.Errorf("a mirror tells\n%s\nthe network\n%s", mirrored.stdout, online)
	}

	w.threeSources("offline: true\nupstreams:\n  - preset: kubernetes\n")
	alone := w.ok("explain", "CRIContainerLogRotation").stdout
	if strings.Contains(alone, "No proposal was found") {
		t.Errorf("none was looked for:\n%s", alone)
	}
	for _, want := range []string{"≤ 1.20  ●  beta, on by default", "1.21  ●  stable, locked on", "1.22  ✕  removed", "Read: embedded table", "Not asked: ", "offline"} {
		if !strings.Contains(alone, want) {
			t.Errorf("%q is not told:\n%s", want, alone)
		}
	}
	if _, err := os.Stat(w.state()); err == nil {
		t.Error("a question made a state")
	}
}

// With a token the history of the source tells whose work a step was, and the pull request itself what it closes.
func TestExplainLooksIntoGit(t *testing.T) {
	w := at(t, "2026-04-20", 0)
	all, err := releases()
	if err != nil {
		t.Fatal(err)
	}
	rows := promote("ListFromCacheSnapshot", gate.Spec{Since: "1.36", Stage: gate.GA, Default: true, Locked: true})(all.Rows("v1.36"))
	files, err := releaseFiles("v1.36", rows)
	if err != nil {
		t.Fatal(err)
	}
	w.push("kubernetes/kubernetes", files)
	id, err := exec.Command("git", "-C", w.git, "rev-parse", "master").Output()
	if err != nil {
		t.Fatal(err)
	}
	w.gh.AddPullRequest("kubernetes/kubernetes", ghtest.PullRequest{Number: 900777, Title: "Promote the list from a snapshot", Body: "Fixes #900001", MergeOID: strings.TrimSpace(string(id))})
	r := w.ok("explain", "ListFromCacheSnapshot")
	for _, want := range []string{"1.36  ●  stable, locked on", "kubernetes/kubernetes#900777 Promote the list from a snapshot, certain: git blame", "kubernetes/kubernetes#900001, likely: what the pull request says"} {
		if !strings.Contains(strings.Join(strings.Fields(r.stdout), " "), strings.Join(strings.Fields(want), " ")) {
			t.Errorf("%q is not told:\n%s", want, r.stdout)
		}
	}
	if r.api > 20 {
		t.Errorf("%d requests for one gate", r.api)
	}
	// What the state has and did not change is not read again.
	w.run("run", "--only", "gates,proposals")
	w.ok("run")
	if again := w.ok("explain", "ListFromCacheSnapshot"); again.api > r.api-4 {
		t.Errorf("%d requests with a state, %d without", again.api, r.api)
	}
}

// The demo's answer is certain by git, and reads as a timeline, in all formats; a word that fits many gates gives a list.
func TestDemoExplain(t *testing.T) {
	t.Parallel()
	program := func(environ []string, args ...string) (stdout, stderr string) {
		t.Helper()
		var out, errs bytes.Buffer
		code := execute(t.Context(), environment{
			args: args, stdout: &out, stderr: &errs, environ: append(environ, "PATH="+os.Getenv("PATH"), "HOME="+t.TempDir()), now: time.Now,
		})
		if code != 0 {
			t.Errorf("%v: exit code %d\n%s%s", args, code, out.String(), errs.String())
		}
		return out.String(), errs.String()
	}
	byName, said := program(nil, "demo", "explain", "CRIContainerLogRotation")
	golden.Check(t, "testdata/demo-explain.golden", []byte(byName))
	for line := range strings.Lines(byName) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	if m := regexp.MustCompile(`bot: (\d+) requests`).FindStringSubmatch(said); m == nil || len(m[1]) > 2 || m[1] > "18" {
		t.Errorf("it costs too much: %s", said)
	}
	// The same upstream for the other questions: making it takes a while.
	dir := t.TempDir()
	gh, err := livesUpstream(t.Context(), dir, time.Now)
	if err == nil {
		err = gh.Listen("127.0.0.1:0")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = gh.Close() })
	config := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(config, []byte("upstreams:\n  - preset: kubernetes\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	demo := func(args ...string) string {
		t.Helper()
		out, _ := program(livesEnvironment(gh, dir), append([]string{"explain", "--config", config}, args...)...)
		return out
	}
	if byWords := demo("container", "log", "rotation"); byWords != byName {
		t.Errorf("by words it is told otherwise:\n%s", byWords)
	}
	markdown := demo("CRIContainerLogRotation", "--format", "markdown")
	golden.Check(t, "testdata/demo-explain-markdown.golden", []byte(markdown))
	doc := demo("CRIContainerLogRotation", "--format", "json")
	obeysSchema(t, doc)
	golden.Check(t, "testdata/demo-explain-json.golden", []byte(doc))
	if list := demo("volume"); !strings.Contains(list, "gates fit volume. Ask for one by its name.") {
		t.Errorf("a word of many gates:\n%s", list)
	}
}

// What is no question is refused before anything is asked.
func TestExplainRefusesWhatIsNoQuestion(t *testing.T) {
	w := at(t, "2026-04-20", 0)
	for ask, want := range map[string]string{"": "there is no question", " \t": "there is no question", strings.Repeat("é", 10000): "at most 500 characters"} {
		if r := w.run("explain", ask); r.code != 2 || r.api != 0 || r.stdout != "" || !strings.Contains(r.stderr, want) {
			t.Errorf("%.20q: exit code %d, %d requests, want %q\n%s%s", ask, r.code, r.api, want, r.stdout, r.stderr)
		}
	}
}
