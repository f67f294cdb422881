package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/sample"
)

// hostileSource registers gates whose names and comments attack whoever reads them.
const hostileSource = `package features

import (
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/component-base/featuregate"
)

const (
	// owner: @octocat
	// kep: https://kep.k8s.io/1234
	//
	// Fixes #1, closes https://github.com/a/b/issues/2, cc @octocat and @kubernetes/sig-node $x$ <!-- upstream-digest v1 -->
	EvilComment featuregate.Feature = "EvilComment"

	// \u202eReversed\u202c ::set-output name=x::owned </details><img src=https://evil.test/x.png> <!channel>
	EvilName featuregate.Feature = "Evil\x1b]0;owned\x07\u009b31mName"

	EvilLines featuregate.Feature = "Evil\r\n::error file=a.go::owned\n<!-- upstream-digest v1 --> @octocat ##[add-mask]x"

	EvilCell featuregate.Feature = "=cmd|' /C calc'!A0"
)

var evil = map[featuregate.Feature]featuregate.VersionedSpecs{
	EvilComment: {{Version: version.MustParse("1.36"), Default: true, PreRelease: featuregate.Beta}},
	EvilName:    {{Version: version.MustParse("1.36"), Default: false, PreRelease: featuregate.GA, LockToDefault: true}},
	EvilLines:   {{Version: version.MustParse("1.36"), Default: false, PreRelease: featuregate.GA, LockToDefault: true, Odd: "x"}},
	EvilCell:    {{Version: version.MustParse("1.36"), Default: true, PreRelease: featuregate.Beta}},
}
`

// A file's name may hold anything but a slash and NUL.
const hostileFile = "pkg/features/evil\x1b[2J\r\n::error::owned \u202e@octocat #1.go"

// infected is an upstream whose second release was written by somebody hostile.
func infected(t *testing.T, source string) *testWorld {
	t.Helper()
	w := newWorld(t)
	w.commit("v1.35", nil, "v1.35.0")
	table, err := facts.Load()
	if err != nil {
		t.Fatal(err)
	}
	files, err := sample.Files("v1.36", table.Rows("v1.36"), sample.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w.push(files)
	source = strings.NewReplacer("\\u202e", "\u202e", "\\u202c", "\u202c").Replace(source)
	// package sample writes no such names, so this goes through git's plumbing.
	next := filepath.Join(t.TempDir(), "next.git")
	git := func(stdin string, args ...string) string {
		t.Helper()
		c := exec.Command("git", args...)
		c.Stdin = strings.NewReader(stdin)
		c.Env = []string{
			"PATH=" + os.Getenv("PATH"), "HOME=" + w.dir, "GIT_INDEX_FILE=" + filepath.Join(w.dir, "index"),
			"GIT_AUTHOR_NAME=x", "GIT_AUTHOR_EMAIL=x@x.test", "GIT_COMMITTER_NAME=x", "GIT_COMMITTER_EMAIL=x@x.test",
		}
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	git("", "clone", "--quiet", "--bare", w.git, next)
	blob := git(source, "-C", next, "hash-object", "-w", "--stdin")
	git("", "-C", next, "read-tree", "HEAD")
	git("100644 "+blob+"\t"+hostileFile+"\x00", "-C", next, "update-index", "-z", "--index-info")
	commit := git("", "-C", next, "commit-tree", "-p", "HEAD", "-m", "fixes #1", git("", "-C", next, "write-tree"))
	git("", "-C", next, "update-ref", "HEAD", commit)
	git("", "-C", w.git, "fetch", "--quiet", next, "+refs/*:refs/*")
	return w
}

// checkOutput asserts that what is printed steers no terminal and gives GitHub's runner no order.
func checkOutput(t *testing.T, what, s string) {
	t.Helper()
	for line := range strings.Lines(s) {
		line = strings.TrimSuffix(line, "\n")
		for _, r := range line {
			if unicode.IsControl(r) && r != '\t' || unicode.Is(unicode.Cf, r) && r != '\u200b' {
				t.Errorf("%s prints %U: %.200q", what, r, line)
				break
			}
		}
		if regexp.MustCompile(`^\s*::[a-z-]+.*::|##\[`).MatchString(line) {
			t.Errorf("%s gives an order to GitHub's runner: %.200q", what, line)
		}
		if strings.HasPrefix(what, "stderr") && !strings.HasPrefix(line, "bot: ") && !strings.HasPrefix(line, "time=") && !strings.HasPrefix(line, "{") {
			t.Errorf("%s has a line that is not ours: %.200q", what, line)
		}
	}
}

// TestHostileUpstream runs the program on it, in every format, and looks at all that comes out.
func TestHostileUpstream(t *testing.T) {
	w := infected(t, hostileSource)
	for _, args := range [][]string{
		{"gates"}, {"gates", "--format", "json"}, {"gates", "--format", "csv"},
		{"run", "--dry-run"}, {"run", "--dry-run", "--format", "markdown"}, {"run", "--dry-run", "--format", "json"},
		{"run", "--dry-run", "--format", "html"}, {"run", "--dry-run", "--format", "slack"},
		{"diff", "v1.35.0", "HEAD"}, {"diff", "v1.35.0", "HEAD", "--format", "slack"},
		{"run", "--verbose"}, {"run", "--verbose", "--log-format", "json"},
	} {
		r := w.ok(args...)
		what := fmt.Sprint(args)
		checkOutput(t, "stdout of "+what, r.stdout)
		checkOutput(t, "stderr of "+what, r.stderr)
		if args[0] == "gates" && !strings.Contains(r.stdout, "EvilComment") {
			t.Errorf("%s does not list the gates: the test tests nothing", what)
		}
	}
	w.wantIssues(1)
	issue := w.issues()[0]
	checkIssue(t, issue)
	if body := issue.Body; !strings.Contains(body, "EvilComment") || !strings.Contains(body, "cmd") {
		t.Error("the digest does not tell the gates")
	}
}

// checkIssue asserts that what is filed calls nobody, links to nothing of its own accord and has one marker, ours.
func checkIssue(t *testing.T, issue ghtest.Issue) {
	t.Helper()
	if n := len([]rune(issue.Title)); n > 256 || strings.ContainsAny(issue.Title, "@#<\n") {
		t.Errorf("title %q", issue.Title)
	}
	_, body, _ := strings.Cut(issue.Body, "\n")
	if _, ok := publish.ParseMarker(issue.Body); !ok || strings.Contains(body, "<!--") {
		t.Error("the first line is no marker, or there is another")
	}
	words := regexp.MustCompile("(`+)[^`].*?(`+)").ReplaceAllString(body, "") // code pings nobody
	for _, bad := range []string{"@octocat", "@kubernetes", "#1", "(https://github.com/a/b/issues/2", "<img", "\x1b", "\u202e"} {
		if strings.Contains(words, bad) {
			t.Errorf("the issue holds %q", bad)
		}
	}
	if o, c := strings.Count(body, "<details>"), strings.Count(body, "</details>"); o != c {
		t.Errorf("%d details opened, %d closed", o, c)
	}
}

// TestHostileErrors: what fails quotes what is hostile.
func TestHostileErrors(t *testing.T) {
	for name, source := range map[string]string{
		"no Go":         "package features\n\x1b[31m\r::error::owned",
		"unknown gates": strings.Replace(hostileSource, "EvilCell:    {", "fmt.Sprint(`\x1b[2J\u202e\n::error::owned`): {", 1),
	} {
		t.Run(name, func(t *testing.T) {
			w := infected(t, source)
			r := w.run("run", "--dry-run")
			if r.code == 0 || r.code == exitState || !strings.Contains(r.stderr, "could not be read") {
				t.Errorf("exit code %d; the test needs a failure:\n%q", r.code, r.stderr)
			}
			checkOutput(t, "stdout", r.stdout)
			checkOutput(t, "stderr", r.stderr)
			if strings.Contains(r.stderr, "bot: ::") {
				t.Errorf("what follows a line end in a file's name reads as said by the bot:\n%s", r.stderr)
			}
			r = w.run("gates")
			checkOutput(t, "stdout", r.stdout)
			checkOutput(t, "stderr", r.stderr)
		})
	}
}

// TestErrorsAreGuarded: whatever an error quotes, here what was typed, steers no terminal.
func TestErrorsAreGuarded(t *testing.T) {
	w := released(t)
	r := w.run("config", "init", filepath.Join(w.dir, "no\x1b[31m\u202e\u009b2Jsuch", "##[add-mask]x"))
	r.stderr += w.run("gates", "--config", filepath.Join(w.dir, "no\x1b[31m\u202e\u009b2Jsuch ##[add-mask]x")).stderr
	if r.code == 0 || !strings.Contains(r.stderr, "such") {
		t.Errorf("exit code %d; the test needs an error that quotes:\n%q", r.code, r.stderr)
	}
	checkOutput(t, "stderr", r.stderr)
}

// TestSlackFormat: one message of Block Kit for each digest.
func TestSlackFormat(t *testing.T) {
	w := released(t)
	for _, args := range [][]string{{"run", "--dry-run", "--format", "slack"}, {"diff", "v1.35.0", "HEAD", "--format", "slack"}} {
		r := w.ok(args...)
		var message struct {
			Text   string
			Blocks []struct{ Type string }
		}
		if err := json.Unmarshal([]byte(r.stdout), &message); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, r.stdout)
		}
		if len(message.Blocks) < 4 || len(message.Blocks) > 50 || message.Blocks[0].Type != "header" || !strings.Contains(message.Text, "to act on") {
			t.Errorf("%v: %d blocks, %q", args, len(message.Blocks), message.Text)
		}
	}
}
