package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/golden"
)

// clone is where an upstream's commits are made before they are pushed.
type clone struct {
	t         testing.TB
	dir, bare string
	when      time.Time
}

func newClone(tb testing.TB, bare string) *clone {
	tb.Helper()
	c := &clone{t: tb, dir: tb.TempDir(), bare: bare, when: time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)}
	c.git("init", "--quiet", "--bare", "--initial-branch=master", bare)
	c.git("init", "--quiet", "--initial-branch=master")
	return c
}

// git runs git, each time an hour later.
func (c *clone) git(args ...string) string {
	c.t.Helper()
	c.when = c.when.Add(time.Hour)
	cmd := exec.Command("git", args...)
	date := c.when.Format(time.RFC3339)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=Amy", "GIT_AUTHOR_EMAIL=amy@example.com",
		"GIT_COMMITTER_NAME=Amy", "GIT_COMMITTER_EMAIL=amy@example.com", "GIT_AUTHOR_DATE="+date, "GIT_COMMITTER_DATE="+date)
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit writes files, each of one line more, and gives the commit's id.
func (c *clone) commit(message string, files ...string) string {
	c.t.Helper()
	for _, name := range files {
		path := filepath.Join(c.dir, filepath.FromSlash(name))
		old, _ := os.ReadFile(path)
		c.write(name, string(old)+message+"\n")
	}
	c.git("add", "--all")
	c.git("commit", "--quiet", "--message", message)
	return c.git("rev-parse", "HEAD")
}

func (c *clone) write(name, text string) {
	c.t.Helper()
	path := filepath.Join(c.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// merge merges a branch as a pull request.
func (c *clone) merge(gh *ghtest.Server, number int, branch, title string) {
	c.t.Helper()
	c.git("merge", "--quiet", "--no-ff", "--message", fmt.Sprintf("Merge pull request #%d from amy/%s\n\n%s", number, branch, title), branch)
	gh.AddPullRequest(kubernetes, ghtest.PullRequest{Number: number, Title: title, Author: "amy", MergeOID: c.git("rev-parse", "HEAD")})
}

// squash commits as a pull request that was squashed.
func (c *clone) squash(gh *ghtest.Server, number int, title string, files ...string) {
	c.t.Helper()
	gh.AddPullRequest(kubernetes, ghtest.PullRequest{Number: number, Title: title, Author: "amy", MergeOID: c.commit(fmt.Sprintf("%s (#%d)", title, number), files...)})
}

func (c *clone) push() {
	c.t.Helper()
	c.git("push", "--quiet", "--force", "--tags", c.bare, "master")
}

const (
	mainFile   = "pkg/kubelet/kubelet.go"
	describe   = "pkg/describe"
	oddPath    = "odd/a [b]*?#c%d/é.txt"
	neverThere = "pkg/never.go"
	moreGates  = "package features\n\nimport \"k8s.io/component-base/featuregate\"\n\nconst FastWidget featuregate.Feature = \"FastWidget\"\n\n" +
		"var gates = map[featuregate.Feature]featuregate.FeatureSpec{\n\tFastWidget: {Default: false, PreRelease: featuregate.Alpha},\n}\n"
)

const pathsConfig = `upstreams:
  - name: widgets
    repository: kubernetes/kubernetes
    module: k8s.io/kubernetes
    sources:
      gates: {packages: [{path: pkg/features, component: widgets}]}
      paths: {paths: [pkg/kubelet/kubelet.go, pkg/describe, "odd/a [b]*?#c%d/é.txt", pkg/never.go]}
`

// firstPaths is an upstream with a release, and with pull requests since.
func firstPaths(c *clone, gh *ghtest.Server) {
	c.write("pkg/features/gates.go", strings.ReplaceAll(moreGates, "FastWidget", "SlowWidget"))
	c.commit("first", mainFile, describe+"/a.go", describe+"/sub/b.go", oddPath)
	c.git("tag", "v1.0.0")
	c.git("branch", "slow") // it is merged late
	c.git("checkout", "--quiet", "-b", "loop")
	c.commit("turn once", mainFile)
	c.commit("turn twice", mainFile)
	c.git("checkout", "--quiet", "slow")
	c.commit("an old thought", mainFile+".later", mainFile+".never")
	c.git("checkout", "--quiet", "master")
	c.merge(gh, 11, "loop", "kubelet: turn twice")
	c.squash(gh, 12, "describe: say more", describe+"/a.go", oddPath)
	c.commit("straight to master", describe+"/a.go")
	c.push()
}

// inOneLine is text as it was before it was wrapped.
func inOneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func TestWatchedPaths(t *testing.T) {
	t.Parallel()
	w := &fullWorld{testWorld: newWorld(t)}
	c := newClone(t, w.git)
	firstPaths(c, w.gh)
	w.wholeConfig(pathsConfig)

	first := w.ok("run", "--dry-run", "--format", "markdown")
	golden.Check(t, "testdata/paths-first.golden", []byte(settled(first.stdout)))
	t.Logf("first run: %d requests", first.api)
	w.tells("first run", "odd/a [b]*?#c%d/é.txt path.changed\npkg/describe path.changed\npkg/kubelet/kubelet.go path.changed")
	w.ok("run")
	if r := w.ok("run"); r.api != 1 || !strings.Contains(r.stderr, "nothing to tell") {
		t.Errorf("quiet: %d requests\n%s", r.api, r.stderr)
	}
	if body := w.newest(); !strings.Contains(body, "pkg/never.go") || strings.Contains(body, "never.go`: Gone") {
		t.Errorf("a path that never was:\n%s", body)
	}

	// A branch that is older than all that was told is merged now.
	c.git("checkout", "--quiet", "slow")
	late := c.when
	c.when = time.Date(2026, 1, 5, 20, 0, 0, 0, time.UTC)
	c.commit("a slow thought", mainFile)
	c.when = late
	c.git("checkout", "--quiet", "master")
	c.git("merge", "--quiet", "--strategy-option=ours", "--no-ff", "--no-commit", "slow")
	c.write(mainFile, "first\na slow thought\nturn once\nturn twice\n")
	c.git("add", "--all")
	c.git("commit", "--quiet", "--message", "Merge pull request #13 from amy/slow\n\nkubelet: think slowly")
	w.gh.AddPullRequest(kubernetes, ghtest.PullRequest{Number: 13, Title: "kubelet: think slowly", Author: "amy", MergeOID: c.git("rev-parse", "HEAD")})
	c.push()
	week := w.ok("run", "--dry-run", "--format", "markdown")
	if !strings.Contains(week.stdout, "kubelet: think slowly") || strings.Contains(week.stdout, "turn twice") || strings.Contains(week.stdout, "describe: say more") {
		t.Errorf("a late merge:\n%s", week.stdout)
	}
	if week.api > 2 {
		t.Errorf("%d requests for one changed path, at most 2:\n%s", week.api, w.calls(week.api))
	}
	w.ok("run")

	// A file moves, a folder moves, an odd file is deleted, and one that was never there comes.
	c.git("mv", mainFile, "pkg/kubelet/main.go")
	c.squash(w.gh, 14, "kubelet: another name for the file")
	c.git("mv", describe, "pkg/explain")
	c.squash(w.gh, 15, "describe: explain", neverThere)
	c.git("rm", "--quiet", "--", ":(literal)"+oddPath)
	c.squash(w.gh, 16, "Remove what is odd")
	c.push()
	gone := w.ok("run", "--dry-run", "--format", "markdown")
	golden.Check(t, "testdata/paths-gone.golden", []byte(settled(gone.stdout)))
	t.Logf("four paths went or came: %d requests\n%s", gone.api, w.calls(gone.api))
	if gone.api > 5 {
		t.Errorf("%d requests, at most 5", gone.api)
	}
	w.tells("gone", "odd/a [b]*?#c%d/é.txt path.vanished\npkg/describe path.vanished\npkg/kubelet/kubelet.go path.vanished\npkg/never.go path.appeared")
	w.ok("run")
	if r := w.ok("run"); r.api != 1 {
		t.Errorf("quiet again: %d requests", r.api)
	}

	// It comes back, as a folder.
	c.squash(w.gh, 17, "kubelet: a folder", mainFile+"/loop.go")
	c.push()
	w.tells("back", "pkg/kubelet/kubelet.go path.appeared")
	if out := inOneLine(w.ok("run", "--dry-run").stdout); !strings.Contains(out, "It is there again. It came with “kubelet: a folder” (#17)") || !strings.Contains(out, "moved to pkg/explain") {
		t.Errorf("back:\n%s", out)
	}
	w.ok("run")

	// The default branch is written anew.
	c.git("checkout", "--quiet", "--orphan", "anew")
	c.commit("all at once", mainFile+"/loop.go")
	c.git("branch", "--force", "master", "anew")
	c.git("checkout", "--quiet", "master")
	c.push()
	out := inOneLine(w.ok("run", "--dry-run").stdout)
	if !strings.Contains(out, "history was written anew") {
		t.Errorf("written anew:\n%s", out)
	}
}

// TestWatchedPathsWithoutAToken: that they changed is known, and by what is not guessed.
func TestWatchedPathsWithoutAToken(t *testing.T) {
	t.Parallel()
	w := &fullWorld{testWorld: newWorld(t)}
	c := newClone(t, w.git)
	firstPaths(c, w.gh)
	w.wholeConfig(pathsConfig).set("GITHUB_TOKEN=")
	r := w.ok("run", "--dry-run")
	for _, want := range []string{"Which commits did it is not known", "watched paths are not complete (which commits changed them needs a token)", "pkg/never.go"} {
		if !strings.Contains(inOneLine(r.stdout), want) {
			t.Errorf("it does not say %q:\n%s", want, r.stdout)
		}
	}
	t.Logf("%d requests", r.api)
}

// TestFaultsOfPaths: what can't be read did not vanish. The others are told, and what was missed is told later.
func TestFaultsOfPaths(t *testing.T) {
	const document, commit = "query PathCommits", "/repos/kubernetes/kubernetes/commits/*"
	for _, tt := range []struct {
		name string
		ghtest.Fault
	}{
		{"500", ghtest.Fault{Kind: ghtest.ServerError, Status: 500, Contains: document}},
		{"html", ghtest.Fault{Kind: ghtest.HTML, Contains: document}},
		{"truncated", ghtest.Fault{Kind: ghtest.Truncated, Contains: document}},
		{"slow", ghtest.Fault{Kind: ghtest.Hang, Contains: document}},
		{"empty", ghtest.Fault{Kind: ghtest.Empty, Contains: document}},
		{"errors", ghtest.Fault{Kind: ghtest.GraphQLErrors, Contains: document}},
		{"500 where it went", ghtest.Fault{Kind: ghtest.ServerError, Status: 500, Path: commit}},
		{"html where it went", ghtest.Fault{Kind: ghtest.HTML, Path: commit}},
		{"slow where it went", ghtest.Fault{Kind: ghtest.Hang, Path: commit}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			bare := filepath.Join(t.TempDir(), "up.git")
			c := newClone(t, bare)
			synctest.Test(t, func(t *testing.T) {
				c.t = t
				b := newBubble(t, bare, ghtest.Options{})
				firstPaths(c, b.gh)
				if err := os.WriteFile(filepath.Join(b.dir, "config.yaml"), []byte(pathsConfig), 0o600); err != nil {
					t.Fatal(err)
				}
				if r := b.run("run"); r.code != exitDone {
					t.Fatalf("first run: %d\n%s", r.code, r.stderr)
				}
				c.write("pkg/features/more.go", moreGates)
				c.squash(b.gh, 14, "describe: once more", describe+"/a.go")
				c.git("rm", "--quiet", mainFile)
				c.squash(b.gh, 15, "kubelet: give up")
				c.push()
				f := tt.Fault
				f.Times = -1
				b.gh.AddFault(f)
				r := b.run("run")
				body := b.issues()[len(b.issues())-1].Body
				if r.code != exitSource || !strings.Contains(body, "`FastWidget`") || !strings.Contains(body, "watched paths could not be read") {
					t.Errorf("exit code %d, want %d\n%s\n%s", r.code, exitSource, r.stderr, body)
				}
				if strings.Contains(body, "Gone") || strings.Contains(body, "once more") {
					t.Errorf("it tells of paths:\n%s", body)
				}
				b.gh.ClearFaults()
				c.squash(b.gh, 16, "describe: and again", describe+"/a.go")
				c.push()
				r = b.run("run")
				body = b.issues()[len(b.issues())-1].Body
				for _, want := range []string{"Gone.", "It went with “kubelet: give up”", "2 commits.", "describe: once more", "describe: and again"} {
					if r.code != exitDone || !strings.Contains(body, want) {
						t.Errorf("mended, exit code %d: it does not say %q\n%s\n%s", r.code, want, r.stderr, body)
					}
				}
				b.via.next.CloseIdleConnections()
			})
		})
	}
}

// TestAnotherWatchedPath: a path that the configuration names later is told from where the digest ended, and that is no
// news of the paths that were watched before.
func TestAnotherWatchedPath(t *testing.T) {
	t.Parallel()
	w := &fullWorld{testWorld: newWorld(t)}
	c := newClone(t, w.git)
	firstPaths(c, w.gh)
	for i := range 40 { // more than a first look reads
		c.commit(fmt.Sprintf("again %d", i), mainFile)
	}
	c.push()
	w.wholeConfig(strings.Replace(pathsConfig, ", pkg/describe", "", 1)).ok("run")
	c.squash(w.gh, 14, "describe: once more", describe+"/a.go")
	c.push()
	w.wholeConfig(pathsConfig)
	out := inOneLine(w.ok("run", "--dry-run").stdout)
	w.tells("another path", "pkg/describe path.changed")
	if !strings.Contains(out, "1 commit. “describe: once more”") {
		t.Error(out)
	}
	w.ok("run")
	if r := w.ok("run"); r.api != 1 {
		t.Errorf("quiet: %d requests", r.api)
	}
}

// TestDoctorLooksAtWatchedPaths: it says which are not there, and where that is configured.
func TestDoctorLooksAtWatchedPaths(t *testing.T) {
	t.Parallel()
	w := &fullWorld{testWorld: newWorld(t)}
	c := newClone(t, w.git)
	firstPaths(c, w.gh)
	w.wholeConfig(pathsConfig)
	r := w.run("doctor")
	for _, want := range []string{"all 1 watched paths are there", "1 of 4 are not there: pkg/never.go", "correct upstreams[0].sources.paths.paths"} {
		if !strings.Contains(inOneLine(r.stdout), want) {
			t.Errorf("exit code %d, it does not say %q\n%s", r.code, want, r.stdout)
		}
	}
}

// TestWatchedPathsOfAMirror: git tells the same as the API does, and a clone without history is not read.
func TestWatchedPathsOfAMirror(t *testing.T) {
	t.Parallel()
	w := &fullWorld{testWorld: newWorld(t)}
	c := newClone(t, w.git)
	firstPaths(c, w.gh)
	mirror := func(path string) string {
		return "offline: true\nmirrors: [{repository: kubernetes/kubernetes, path: " + path + "}]\n"
	}
	w.wholeConfig(mirror(w.git) + pathsConfig)
	out := inOneLine(w.ok("run", "--dry-run").stdout)
	for _, want := range []string{"2 commits in 1 pull request. “kubelet: turn twice” (#11)", "2 commits. Newest: “straight to master”", "“describe: say more” (#12)"} {
		if !strings.Contains(out, want) {
			t.Errorf("it does not say %q:\n%s", want, out)
		}
	}
	shallow := filepath.Join(w.dir, "shallow.git")
	c.git("clone", "--quiet", "--bare", "--depth=3", "file://"+w.git, shallow)
	c.git("-C", shallow, "tag", "v1.0.0", "HEAD^")
	w.wholeConfig(mirror(shallow) + pathsConfig)
	r := w.ok("run", "--dry-run")
	if out := inOneLine(r.stdout); !strings.Contains(out, "can't be told of a shallow clone") || !strings.Contains(out, "Which commits did it is not known") {
		t.Errorf("a shallow clone:\n%s\n%s", r.stdout, r.stderr)
	}
}
