package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// complete asks as a shell does after Tab: what may stand there, and cobra's word for what else the shell may offer.
func complete(t *testing.T, environ []string, words ...string) (candidates []string, directive string) {
	t.Helper()
	var out, errs bytes.Buffer
	code := execute(t.Context(), environment{
		args: append([]string{"__complete"}, words...), stdout: &out, stderr: &errs, environ: append([]string{"HOME=" + t.TempDir()}, environ...), now: time.Now,
	})
	said := strings.TrimSuffix(errs.String(), "\n")
	if code != exitDone || !strings.HasPrefix(said, "Completion ended with directive: ") || strings.Contains(said, "\n") {
		t.Errorf("%q: exit code %d, it says %q", words, code, said)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	return lines[:len(lines)-1], lines[len(lines)-1]
}

const (
	noFiles     = ":4"
	noFilesOpen = ":6"  // and no blank after it
	inOrder     = ":36" // and in the order of the list
	anyFile     = ":0"
	endings     = ":8"
	foldersOnly = ":16"
)

// TestCompletion: values of the program's own table and of the configuration, without a network.
func TestCompletion(t *testing.T) {
	t.Chdir(t.TempDir())
	file := filepath.Join(t.TempDir(), "team.yaml")
	if err := os.WriteFile(file, []byte(`upstreams:
  - preset: kubernetes
  - name: widgets
    repository: acme/widgets
    module: example.com/widgets
    sources: {gates: {packages: [{path: pkg/features, component: widgets}]}}
digests:
  - {name: weekly, channels: [{type: github-issue}, {type: file, path: a.md}]}
  - {name: alerts, channels: [{type: stdout}]}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	ours := []string{"BOT_CONFIG=" + file}
	for _, c := range []struct {
		words     string
		directive string
		want      []string // among the candidates
		first     string
	}{
		{"r", noFiles, []string{"run\tLook upstream, file a digest of what changed, remember"}, ""},
		{"state ", noFiles, []string{"show\tPrint digests told, snapshots, deliveries owed, the lock"}, ""},
		{"help state re", noFiles, []string{"retry\tPut deliveries that were given up back in line"}, ""},
		{"explain CRIContainerLog", noFiles, []string{"CRIContainerLogRotation\tgone since 1.22"}, ""},
		{"explain cricontainerlog", noFiles, []string{"CRIContainerLogRotation\tgone since 1.22"}, ""},
		{"demo explain CRIContainerLog", noFiles, []string{"CRIContainerLogRotation\tgone since 1.22"}, ""},
		{"diff v1.3", inOrder, []string{"v1.35.0", "v1.36.0"}, "v1.36.0"},
		{"diff v1.35.0 v1.3", inOrder, []string{"v1.36.0"}, ""},
		{"brief --from 1.3", inOrder, []string{"1.33"}, "1.36"},
		{"check --to ", inOrder, []string{"1.36", "1.20"}, "1.36"},
		{"check kube", anyFile, nil, ""},
		{"gates --at v1.36", inOrder, []string{"v1.36.0"}, ""},
		{"gates --stage alpha,", noFilesOpen, []string{"alpha,beta", "alpha,deprecated"}, "alpha,beta"},
		{"gates --component api", noFilesOpen, []string{"apiserver"}, ""},
		{"gates --format ", noFiles, []string{"table", "json", "csv"}, "table"},
		{"run --format ", noFiles, []string{"markdown", "slack"}, "text"},
		{"run --since v1.35", inOrder, []string{"v1.35.0"}, ""},
		{"run --upstream ", noFiles, []string{"kubernetes\tkubernetes/kubernetes", "widgets\tacme/widgets"}, ""},
		{"run --digest ", noFiles, []string{"weekly\tgithub-issue, file", "alerts\tstdout"}, ""},
		{"run --only gates,", noFilesOpen, []string{"gates,proposals", "gates,docs", "gates,feeds"}, ""},
		{"run --record ", foldersOnly, nil, ""},
		{"run --output ", anyFile, nil, ""},
		{"run --config ", endings, []string{"yaml", "yml"}, ""},
		{"run --log-format ", noFiles, []string{"text", "json"}, ""},
		{"--color ", noFiles, []string{"auto", "always", "never"}, ""},
		{"check x --fail-on dep", noFilesOpen, []string{"deprecated"}, ""},
		{"state import ", endings, []string{"json"}, ""},
		{"state show --format j", noFiles, []string{"json"}, "json"},
		{"completion ", noFiles, shells, "bash"},
		{"version ", noFiles, nil, ""},
	} {
		got, directive := complete(t, ours, strings.Split(c.words, " ")...)
		if directive != c.directive {
			t.Errorf("bot %s⇥: directive %s, want %s", c.words, directive, c.directive)
		}
		for _, w := range c.want {
			if !slices.Contains(got, w) {
				t.Errorf("bot %s⇥ offers %.300q, and not %q", c.words, got, w)
			}
		}
		if len(c.want) == 0 && len(got) > 0 || c.first != "" && (len(got) == 0 || got[0] != c.first) {
			t.Errorf("bot %s⇥ offers %.300q", c.words, got)
		}
		if sorted := slices.Sorted(slices.Values(got)); len(slices.Compact(sorted)) != len(got) {
			t.Errorf("bot %s⇥ offers one twice: %q", c.words, got)
		}
	}
}

// TestCompletionOfWhatIsBroken: no configuration, a broken one, a broken state: nothing is offered and nothing said.
func TestCompletionOfWhatIsBroken(t *testing.T) {
	t.Chdir(t.TempDir())
	broken := filepath.Join(t.TempDir(), "broken.yaml")
	if err := os.WriteFile(broken, []byte("digests: [\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	state := filepath.Join(t.TempDir(), "bot.db")
	if err := os.WriteFile(state, []byte("no database"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, environ := range [][]string{{"BOT_CONFIG=" + broken}, {"BOT_CONFIG=/nowhere/x.yaml"}, {"BOT_RUN_TIMEOUT=soon"}} {
		for _, words := range [][]string{{"run", "--digest", ""}, {"run", "--only", ""}, {"gates", "--upstream", ""}, {"state", "retry", ""}} {
			if got, directive := complete(t, environ, words...); len(got) > 0 || !slices.Contains([]string{noFiles, noFilesOpen}, directive) {
				t.Errorf("%s: bot %s⇥ offers %q, %s", environ, strings.Join(words, " "), got, directive)
			}
		}
	}
	if got, _ := complete(t, []string{"BOT_STORE_PATH=" + state}, "state", "retry", ""); len(got) > 0 {
		t.Errorf("of a broken state it offers %q", got)
	}
	if got, _ := complete(t, []string{"BOT_STORE_PATH=/nowhere/bot.db"}, "state", "retry", ""); len(got) > 0 || !missing("/nowhere") {
		t.Errorf("of no state it offers %q", got)
	}
}

// TestCompletionScripts: the shells that are on this machine can read what is printed for them.
func TestCompletionScripts(t *testing.T) {
	for _, shell := range shells {
		r := bare(t, "", "completion", shell)
		if r.code != exitDone || r.stderr != "" || !strings.Contains(r.stdout, "bot") {
			t.Errorf("%s: exit code %d\n%s", shell, r.code, r.stderr)
		}
		if _, err := exec.LookPath(shell); err != nil || shell == "powershell" {
			continue
		}
		c := exec.Command(shell, "-n")
		c.Stdin = strings.NewReader(r.stdout)
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", shell, err, out)
		}
	}
}
