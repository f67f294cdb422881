package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/upstream-digest/bot/internal/config"
)

// TestWhoHasColours is the table of the documentation: flag, environment, terminal.
func TestWhoHasColours(t *testing.T) {
	for _, c := range []struct {
		flag, env string
		terminal  bool
		want      bool
	}{
		{"auto", "", true, true},
		{"auto", "", false, false},
		{"auto", "NO_COLOR=1", true, false},
		{"auto", "NO_COLOR=", true, true}, // https://no-color.org: when not an empty string
		{"auto", "NO_COLOR=0", true, false},
		{"auto", "TERM=dumb", true, false},
		{"auto", "CLICOLOR=0", true, false},
		{"auto", "CLICOLOR_FORCE=1", false, true},
		{"auto", "CLICOLOR_FORCE=0", false, false},
		{"auto", "FORCE_COLOR=1", false, true},
		{"auto", "FORCE_COLOR=0", false, false},
		{"auto", "FORCE_COLOR=1 TERM=dumb", false, true},
		{"auto", "FORCE_COLOR=1 NO_COLOR=1", true, false},
		{"always", "", false, true},
		{"always", "NO_COLOR=1 TERM=dumb", false, true},
		{"never", "FORCE_COLOR=1", true, false},
	} {
		lookup, _ := config.Environ(strings.Fields(c.env))
		if s, err := styleOf(c.flag, lookup, screen{terminal: c.terminal}); err != nil || s.colour != c.want {
			t.Errorf("--color %s, %q, terminal %t: %t, %v", c.flag, c.env, c.terminal, s.colour, err)
		}
	}
}

func TestWhoHasLinks(t *testing.T) {
	for env, want := range map[string]bool{
		"": false, "TERM=xterm-256color": false, "VTE_VERSION=7006": true, "VTE_VERSION=4804": false, "VTE_VERSION=7006 TMUX=/tmp/x": false,
		"TERM_PROGRAM=vscode": true, "TERM_PROGRAM=Apple_Terminal": false, "TERM=xterm-kitty": true, "VTE_VERSION=7006 FORCE_HYPERLINK=0": false,
		"FORCE_HYPERLINK=1": true, "FORCE_HYPERLINK=1 NO_COLOR=1": false,
	} {
		lookup, _ := config.Environ(strings.Fields(env))
		if s, err := styleOf("auto", lookup, screen{terminal: true}); err != nil || s.links != want {
			t.Errorf("%q: %t, %v", env, s.links, err)
		}
	}
}

// TestColoursAddNoWord: of every text that has colours, at several widths; and in files they are only where they are
// asked for.
func TestColoursAddNoWord(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("kubelet.yaml", []byte(nodeFile), 0o600); err != nil {
		t.Fatal(err)
	}
	see := func(width int, args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		execute(t.Context(), environment{args: args, stdout: &out, stderr: &errs, environ: []string{"HOME=" + t.TempDir(), "BOT_OFFLINE=true", "HTTPS_PROXY=http://127.0.0.1:1"}, now: func() time.Time { return time.Unix(1.8e9, 0) }, out: columns(width)})
		if out.Len() == 0 {
			t.Fatalf("bot %v says nothing: %s", args, &errs)
		}
		return out.String()
	}
	for _, args := range [][]string{
		{"check", "kubelet.yaml", "--from", "1.33", "--to", "1.36"},
		{"brief", "--from", "1.35", "--to", "1.36"},
		{"explain", "CRIContainerLogRotation"},
	} {
		for _, width := range []int{30, 60, 80, 120} {
			plain, coloured := see(width, append(args, "--color", "never")...), see(width, args...)
			if strings.Contains(plain, "\x1b") || !strings.Contains(coloured, "\x1b[") {
				t.Errorf("bot %v: colours %t and %t", args, strings.Contains(plain, "\x1b"), strings.Contains(coloured, "\x1b"))
			}
			if ansi.Strip(coloured) != plain {
				t.Errorf("bot %v at %d columns says other words in colour", args, width)
			}
			for line := range strings.Lines(plain) {
				if w := ansi.StringWidth(strings.TrimSuffix(line, "\n")); w > max(width, 40) && !strings.Contains(line, "://") {
					t.Errorf("bot %v at %d columns has one of %d: %q", args, width, w, line)
				}
			}
		}
	}
	for flag, want := range map[string]bool{"auto": false, "always": true} {
		file := filepath.Join(t.TempDir(), "brief.txt")
		var out bytes.Buffer
		execute(t.Context(), environment{
			args: []string{"brief", "--from", "1.35", "--to", "1.36", "--output", file, "--color", flag}, stdout: &out, stderr: &out, environ: []string{"HOME=/", "CLICOLOR_FORCE=1", "HTTPS_PROXY=http://127.0.0.1:1"}, now: time.Now, out: columns(80),
		})
		text, err := os.ReadFile(file)
		if err != nil || bytes.Contains(text, []byte("\x1b[")) != want {
			t.Errorf("--color %s: %v, colours in the file: %t", flag, err, !want)
		}
	}
	if r := bare(t, "", "brief", "--from", "1.35", "--to", "1.36", "--color", "sometimes"); r.code != exitUsage || !strings.Contains(r.stderr, `--color is auto, always, never, not "sometimes"`) {
		t.Errorf("exit code %d: %s", r.code, r.stderr)
	}
}
