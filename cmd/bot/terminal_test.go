package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/upstream-digest/bot/internal/golden"
)

// TestDigestOnATerminal is what bot run --dry-run shows at 80 columns after a release, in colour and with NO_COLOR.
// Escape sequences are written as ␛, so that a reader sees them.
func TestDigestOnATerminal(t *testing.T) {
	t.Parallel()
	w := released(t)
	see := func(environ ...string) string {
		t.Helper()
		var out bytes.Buffer
		var errs glass
		code := execute(t.Context(), environment{
			args: []string{"run", "--dry-run"}, stdout: &out, stderr: &errs, environ: append(append(w.env, "TERM=xterm-256color"), environ...),
			now: time.Now, out: columns(80), err: columns(80),
		})
		if code != exitDone {
			t.Fatalf("exit code %d\n%s", code, errs.text())
		}
		return settled(out.String())
	}
	colour, plain := see(), see("NO_COLOR=1")
	if ansi.Strip(colour) != plain || !strings.Contains(plain, "ACT ON") {
		t.Error("in colour it says other words")
	}
	if strings.ContainsRune(plain, 0x1b) {
		t.Error("NO_COLOR is not kept")
	}
	for line := range strings.Lines(plain) {
		if w := ansi.StringWidth(strings.TrimSuffix(line, "\n")); w > 80 && !strings.Contains(line, "://") {
			t.Errorf("%d columns: %q", w, line)
		}
	}
	golden.Check(t, "testdata/terminal-colour.golden", []byte(strings.ReplaceAll(colour, "\x1b", "␛")))
	golden.Check(t, "testdata/terminal-plain.golden", []byte(plain))
}
