package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/upstream-digest/bot/internal/ghtest"
)

// actionFile is action.yml, as far as a runner reads it.
type actionFile struct {
	Inputs  map[string]struct{ Default string }
	Outputs map[string]struct{ Value string }
	Runs    struct{ Steps []actionStep }
}

type actionStep struct {
	ID, If, Uses, Shell, Run string
	Env, With                map[string]string
}

// job is a runner's job with one step that uses the action, as far as the action can tell.
type job struct {
	w      *testWorld
	action actionFile
	root   string // the action's checkout
	temp   string
	warm   bool   // the cache has the program
	store  string // the input of that name: most tests leave the state where the world has it

	inputs  map[string]string
	outputs map[string]map[string]string // by step
	used    []string                     // actions that other steps stand for
	log     bytes.Buffer
	summary string
}

// newJob is a job in a world. The program is the test's own: the cache has it, so that nothing is built.
func newJob(w *testWorld) *job {
	w.t.Helper()
	if _, err := exec.LookPath("bash"); err != nil {
		w.t.Skip("the action's steps need bash")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		w.t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "action.yml"))
	if err != nil {
		w.t.Fatal(err)
	}
	j := &job{w: w, root: root, temp: filepath.Join(w.dir, "temp"), warm: true}
	if err := yaml.Unmarshal(text, &j.action); err != nil {
		w.t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	folder := filepath.Join(j.temp, "upstream-digest")
	script := fmt.Sprintf("#!/bin/sh\nBOT_TEST_IS_PROGRAM=1 exec %q \"$@\"\n", self)
	if err := errors.Join(os.MkdirAll(folder, 0o755), os.WriteFile(filepath.Join(folder, "bot"), []byte(script), 0o755)); err != nil { //nolint:gosec // a program
		w.t.Fatal(err)
	}
	return j
}

// jobResult is what the job's later steps and its reader see.
type jobResult struct {
	code         int
	outputs      map[string]string
	summary, log string
	api          int
}

// run runs the action's steps in order; the first that fails ends it, as on a runner.
func (j *job) run(inputs map[string]string) jobResult {
	j.w.t.Helper()
	j.inputs, j.outputs, j.used = map[string]string{}, map[string]map[string]string{}, nil
	j.log.Reset()
	for name, in := range j.action.Inputs {
		j.inputs[name] = j.expand(in.Default)
	}
	j.inputs["store"] = j.store
	for name, v := range inputs {
		if _, ok := j.action.Inputs[name]; !ok {
			j.w.t.Fatalf("the action has no input %q", name)
		}
		j.inputs[name] = v
	}
	before := j.w.gh.Count().API()
	r := jobResult{outputs: map[string]string{}}
	for _, s := range j.action.Runs.Steps {
		if s.If != "" && !j.holds(s.If) {
			continue
		}
		if s.Uses != "" {
			j.use(s)
			continue
		}
		if r.code = j.step(s); r.code != 0 {
			break
		}
	}
	for name, o := range j.action.Outputs {
		r.outputs[name] = j.expand(o.Value)
	}
	r.summary, r.log, r.api = j.summary, j.log.String(), j.w.gh.Count().API()-before
	if strings.Contains(r.summary+r.log, secret) {
		j.w.t.Error("the job shows the token")
	}
	return r
}

// use stands for another action. Each must be pinned.
func (j *job) use(s actionStep) {
	j.w.t.Helper()
	if !regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40}$`).MatchString(s.Uses) {
		j.w.t.Errorf("%s is not pinned by a commit's full id", s.Uses)
	}
	j.used = append(j.used, s.Uses[:strings.IndexByte(s.Uses, '@')])
	if strings.HasPrefix(s.Uses, "actions/cache@") {
		key, path := j.expand(s.With["key"]), j.expand(s.With["path"])
		if !regexp.MustCompile(`^upstream-digest-Linux-X64-[0-9a-f]{40}$`).MatchString(key) || path != filepath.Join(j.temp, "upstream-digest") {
			j.w.t.Errorf("cache with key %q, path %q", key, path)
		}
		j.outputs[s.ID] = map[string]string{"cache-hit": fmt.Sprint(j.warm)}
	}
}

// step runs one script as a runner does, and reads what it wrote for the job.
func (j *job) step(s actionStep) int {
	j.w.t.Helper()
	if s.Shell != "bash" {
		j.w.t.Fatalf("shell %q", s.Shell)
	}
	if strings.Contains(s.Run, "${{") {
		j.w.t.Errorf("a script that is put together from inputs can be injected into: %s", s.Run)
	}
	dir := j.w.t.TempDir()
	script, output, summary := filepath.Join(dir, "step.sh"), filepath.Join(dir, "output"), filepath.Join(dir, "summary")
	for path, text := range map[string]string{script: s.Run, output: "", summary: ""} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			j.w.t.Fatal(err)
		}
	}
	c := exec.Command("bash", "--noprofile", "--norc", "-e", "-o", "pipefail", script)
	c.Dir = j.w.dir // the workspace: where the job's repository is checked out
	c.Env = append(j.environ(), "GITHUB_OUTPUT="+output, "GITHUB_STEP_SUMMARY="+summary)
	for name, v := range s.Env {
		c.Env = append(c.Env, name+"="+j.expand(v))
	}
	c.Stdout, c.Stderr = &j.log, &j.log
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		j.w.t.Fatal(err)
	}
	if s.ID != "" {
		j.outputs[s.ID] = readOutputs(j.w.t, output)
	}
	page, err := os.ReadFile(summary)
	if err != nil {
		j.w.t.Fatal(err)
	}
	if len(page) > 1<<20 {
		j.w.t.Errorf("a summary of %d bytes is refused", len(page))
	}
	j.summary = string(page)
	return c.ProcessState.ExitCode()
}

// environ is what Actions sets for every step; the world's waits are shorter, and the job's token comes by the input.
func (j *job) environ() []string {
	env := []string{
		"CI=true", "GITHUB_ACTIONS=true", "GITHUB_ACTION=__run", "GITHUB_ACTION_PATH=" + j.root, "GITHUB_WORKSPACE=" + j.w.dir,
		"GITHUB_EVENT_NAME=schedule", "GITHUB_REF=refs/heads/main", "GITHUB_RUN_ID=1", "GITHUB_RUN_ATTEMPT=1", "GITHUB_WORKFLOW=digest",
		"GITHUB_ACTOR=octocat", "GITHUB_REPOSITORY_OWNER=acme", "GITHUB_SERVER_URL=https://github.com",
		"RUNNER_OS=Linux", "RUNNER_ARCH=X64", "RUNNER_TEMP=" + j.temp, "RUNNER_NAME=GitHub Actions 1",
	}
	for _, pair := range j.w.env {
		if !strings.HasPrefix(pair, "GITHUB_TOKEN=") && !strings.HasPrefix(pair, "BOT_CONFIG=") {
			env = append(env, pair)
		}
	}
	return env
}

var expression = regexp.MustCompile(`\$\{\{ *([^}]*?) *\}\}`)

// expand fills in expressions, of the few forms that the action has.
func (j *job) expand(s string) string {
	j.w.t.Helper()
	return expression.ReplaceAllStringFunc(s, func(m string) string {
		what := expression.FindStringSubmatch(m)[1]
		part := strings.Split(what, ".")
		switch {
		case what == "github.token":
			return secret
		case what == "github.action_path":
			return j.root
		case part[0] == "inputs" && len(part) == 2:
			return j.inputs[part[1]]
		case part[0] == "steps" && len(part) == 4 && part[2] == "outputs":
			return j.outputs[part[1]][part[3]]
		}
		j.w.t.Fatalf("an expression of another form: %s", m)
		return ""
	})
}

// holds judges `if: a != 'b'`.
func (j *job) holds(cond string) bool {
	j.w.t.Helper()
	left, right, ok := strings.Cut(cond, " != ")
	if !ok {
		j.w.t.Fatalf("a condition of another form: %s", cond)
	}
	return j.expand("${{ "+left+" }}") != strings.Trim(right, "'")
}

// readOutputs reads GITHUB_OUTPUT as a runner does: name=value, or name<<END, lines, END.
func readOutputs(tb testing.TB, path string) map[string]string {
	tb.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	out := map[string]string{}
	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		if name, end, ok := strings.Cut(lines[i], "<<"); ok {
			var value []string
			for i++; i < len(lines) && lines[i] != end; i++ {
				value = append(value, lines[i])
			}
			if i == len(lines) {
				tb.Fatalf("the value of %s does not end:\n%s", name, data)
			}
			out[name] = strings.Join(value, "\n")
		} else if name, value, ok := strings.Cut(lines[i], "="); ok {
			out[name] = value
		} else if lines[i] != "" {
			tb.Fatalf("a line that no runner reads: %q", lines[i])
		}
	}
	return out
}

func (r jobResult) want(t *testing.T, code int, outputs map[string]string, summary ...string) {
	t.Helper()
	if r.code != code {
		t.Errorf("exit code %d, want %d\n%s", r.code, code, r.log)
	}
	for name, v := range outputs {
		if r.outputs[name] != v {
			t.Errorf("%s is %q, want %q", name, r.outputs[name], v)
		}
	}
	for _, s := range summary {
		if !strings.Contains(r.summary, s) {
			t.Errorf("the summary lacks %q:\n%s", s, r.summary)
		}
	}
	first, _, _ := strings.Cut(r.summary, "\n\n---\n")
	t.Logf("requests: %d; outputs: changed=%s act=%s know=%s fyi=%s issue-number=%s issue-url=%s exit-code=%s\n%.600s", r.api,
		r.outputs["changed"], r.outputs["act"], r.outputs["know"], r.outputs["fyi"], r.outputs["issue-number"], r.outputs["issue-url"], r.outputs["exit-code"], first)
}

// TestActionInAJob runs the action's own steps, in the environment of a job, against the stand-in.
func TestActionInAJob(t *testing.T) {
	whole(t)
	t.Parallel()
	w := released(t)
	j := newJob(w)
	config := map[string]string{"config": "config.yaml"}

	t.Run("dry run", func(t *testing.T) {
		r := j.run(map[string]string{"config": "config.yaml", "dry-run": "true"})
		r.want(t, exitDone, map[string]string{"changed": "true", "issue-number": "", "issue-url": "", "exit-code": "0"}, "a dry run: nothing was filed", "v1.35.0 → 1.36")
		w.wantIssues(0)
	})
	t.Run("first run", func(t *testing.T) {
		r := j.run(config)
		r.want(t, exitDone, map[string]string{"changed": "true", "issue-number": "1", "issue-url": "https://github.com/acme/platform/issues/1", "exit-code": "0"},
			"filed as [issue 1](https://github.com/acme/platform/issues/1)", "This is the first digest")
		w.wantIssues(1)
		if r.outputs["act"] == "0" || r.outputs["know"] == "0" || r.outputs["fyi"] == "0" {
			t.Errorf("counts: %v", r.outputs)
		}
		if got := strings.Join(j.used, " "); got != "actions/cache" {
			t.Errorf("with a warm cache it uses %s", got)
		}
	})
	t.Run("quiet run", func(t *testing.T) {
		r := j.run(config)
		r.want(t, exitDone, map[string]string{"changed": "false", "act": "0", "know": "0", "fyi": "0", "issue-number": "", "exit-code": "0"}, "**Digest digest**: nothing to tell.")
		if r.api != 1 {
			t.Errorf("%d requests", r.api)
		}
	})
	t.Run("changed run", func(t *testing.T) {
		w.commit("v1.36", promoteVolume)
		r := j.run(config)
		r.want(t, exitDone, map[string]string{"changed": "true", "act": "0", "know": "1", "fyi": "0", "issue-number": "2", "exit-code": "0"}, "1 to know")
	})
	t.Run("failing source", func(t *testing.T) {
		w.gh.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Status: 500, Path: "/graphql", Times: -1})
		defer w.gh.ClearFaults()
		r := j.run(config)
		r.want(t, exitSource, map[string]string{"changed": "false", "exit-code": "3"}, "**The run left with 3.**", "gates could not be read")
	})
	t.Run("bad inputs", func(t *testing.T) {
		for name, in := range map[string]map[string]string{
			"no such file":      {"config": "nope.yaml"},
			"no such digest":    {"config": "config.yaml", "digest": "nope"},
			"no boolean":        {"config": "config.yaml", "dry-run": "perhaps"},
			"a flag for a name": {"config": "config.yaml", "digest": "--dry-run"},
			"code for a name":   {"config": "config.yaml", "digest": `$(touch "` + filepath.Join(w.dir, "injected") + `")` + "\nexit-code=0"},
		} {
			t.Run(name, func(t *testing.T) {
				r := j.run(in)
				r.want(t, exitUsage, map[string]string{"changed": "false", "act": "0", "issue-number": "", "exit-code": "2"}, "**The run left with 2.**")
			})
		}
		if !missing(filepath.Join(w.dir, "injected")) {
			t.Error("an input was run")
		}
		w.wantIssues(2)
	})
}

// TestActionKeepsItsStateOnABranch: with the inputs as they are, jobs on empty machines go on where the last one ended.
func TestActionKeepsItsStateOnABranch(t *testing.T) {
	whole(t)
	t.Parallel()
	w := released(t).onBranch().set("BOT_STORE_DRIVER=") // the action sets it
	j := newJob(w)
	j.store = j.action.Inputs["store"].Default
	if j.store != "branch" {
		t.Fatalf("by default the state is kept in %q", j.store)
	}
	r := j.run(nil)
	r.want(t, exitDone, map[string]string{"changed": "true", "issue-number": "1", "exit-code": "0"}, "This is the first digest")
	r = j.run(nil)
	r.want(t, exitDone, map[string]string{"changed": "false", "issue-number": "", "exit-code": "0"}, "nothing to tell")
	if r.api != 1 {
		t.Errorf("a quiet run cost %d requests", r.api)
	}
	w.commit("v1.36", promoteVolume)
	r = j.run(nil)
	r.want(t, exitDone, map[string]string{"changed": "true", "issue-number": "2", "exit-code": "0"}, "1 to know")
	if log := w.stateGit("log", "--format=%s", "upstream-digest-state"); !strings.Contains(log, "digest 2 queued") {
		t.Errorf("the branch tells\n%s", log)
	}
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Status: 500, Path: "/graphql", Times: -1})
	r = j.run(nil)
	r.want(t, exitState, map[string]string{"changed": "false", "exit-code": "6"}, "**The run left with 6.**")
}

// TestActionRefused: what GitHub may refuse the token of a job.
func TestActionRefused(t *testing.T) {
	whole(t)
	t.Parallel()
	config := map[string]string{"config": "config.yaml"}
	t.Run("rate-limited run", func(t *testing.T) {
		w := released(t)
		j := newJob(w)
		// GITHUB_TOKEN has 1,000 an hour, shared by all jobs of the repository.
		w.gh.AddToken(ghtest.Token{Value: secret, Login: "github-actions[bot]", Integration: true, CoreLimit: 1000, GraphQLLimit: 1000, Access: map[string]ghtest.Access{"acme/platform": ghtest.Write}})
		j.run(config).want(t, exitDone, map[string]string{"changed": "true", "exit-code": "0"})
		w.commit("v1.36", promoteVolume)
		w.gh.AddFault(ghtest.Fault{Kind: ghtest.GraphQLLimit, Path: "/graphql", Times: -1})
		r := j.run(config)
		r.want(t, exitSource, map[string]string{"changed": "false", "exit-code": "3", "issue-number": ""}, "limit")
		w.wantIssues(1)
		w.gh.ClearFaults()
		j.run(config).want(t, exitDone, map[string]string{"changed": "true", "know": "1", "issue-number": "2"})
	})
	t.Run("read-only token", func(t *testing.T) {
		w := released(t)
		j := newJob(w)
		w.gh.AddToken(ghtest.Token{Value: secret, Login: "github-actions[bot]", Integration: true, Access: map[string]ghtest.Access{"acme/platform": ghtest.Read}})
		r := j.run(config)
		r.want(t, exitDelivery, map[string]string{"changed": "true", "issue-number": "", "exit-code": "4"}, "**Digest digest**, not filed yet.", "**The run left with 4.**", "issues: write", "v1.35.0 → 1.36")
		w.wantIssues(0)
		// The permission is given, and what was owed arrives.
		w.gh.AddToken(ghtest.Token{Value: secret, Login: "github-actions[bot]", Integration: true, Access: map[string]ghtest.Access{"acme/platform": ghtest.Write}})
		j.run(config).want(t, exitDone, map[string]string{"changed": "false", "issue-number": "1", "exit-code": "0"})
	})
	t.Run("a fresh machine each time", func(t *testing.T) {
		w := released(t)
		j := newJob(w)
		j.run(config).want(t, exitDone, map[string]string{"changed": "true", "issue-number": "1"})
		w.loseState()
		j.run(config).want(t, exitDone, map[string]string{"changed": "false", "issue-number": ""})
		w.commit("v1.36", promoteVolume)
		w.loseState()
		j.run(config).want(t, exitDone, map[string]string{"changed": "true", "know": "1", "issue-number": "2"})
		w.wantIssues(2)
	})
}

// TestActionBuilds lets the steps build the program from the checkout, as on a machine whose cache is cold.
func TestActionBuilds(t *testing.T) {
	if testing.Short() || raceDetector {
		t.Skip("builds the program")
	}
	w := released(t)
	j := newJob(w)
	if err := os.RemoveAll(j.temp); err != nil {
		t.Fatal(err)
	}
	j.warm = false
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH", "GOROOT"} {
		out, err := exec.Command("go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		w.env = append(w.env, name+"="+strings.TrimSpace(string(out)))
	}
	r := j.run(map[string]string{"config": "config.yaml"})
	r.want(t, exitDone, map[string]string{"changed": "true", "issue-number": "1"})
	if got := strings.Join(j.used, " "); got != "actions/cache actions/setup-go" {
		t.Errorf("with a cold cache it uses %s", got)
	}
}

// TestActionPage: what users copy is the example that actionlint looks at.
func TestActionPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/action.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"digest.yml", "check.yml"} {
		example, err := os.ReadFile("../../docs/examples/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(page), "```yaml\n"+string(example)+"```\n") {
			t.Errorf("docs/action.md does not hold docs/examples/%s as it is", name)
		}
	}
}

// TestOutputsCannotBeForged: a value holds what a server sent, and must stay one value.
func TestOutputsCannotBeForged(t *testing.T) {
	t.Parallel()
	n := 0
	text := outputFile([]output{{"issue-url", "https://evil\nend_1\nexit-code=0\n"}, {"exit-code", "4"}}, func() string { n++; return fmt.Sprint(n) })
	path := filepath.Join(t.TempDir(), "output")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got := readOutputs(t, path)
	if len(got) != 2 || got["exit-code"] != "4" || strings.Contains(got["issue-url"], "\n") {
		t.Errorf("%q", got)
	}
}
