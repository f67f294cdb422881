package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestConfigCommands(t *testing.T) {
	w := newWorld(t)
	path := filepath.Join(w.dir, "new.yaml")
	w.ok("config", "init", path)
	if r := w.run("config", "init", path); r.code != exitUsage || !strings.Contains(r.stderr, "--force") {
		t.Errorf("a second init: exit code %d, %s", r.code, r.stderr)
	}
	if r := w.ok("config", "validate", "--config", path); !strings.Contains(r.stdout, "is good: 1 upstream, 1 digest\n") {
		t.Errorf("the starter file: %s", r.stdout)
	}
	r := w.ok("config", "show", "--config", path)
	for _, want := range []string{"acme/platform", "staging/src/k8s.io/apiserver/pkg/features"} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("config show lacks %q:\n%s", want, r.stdout)
		}
	}
	if err := os.WriteFile(path, []byte("store:\n  pth: x\noffline: maybe\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r = w.run("config", "validate", "--config", path)
	if r.code != exitUsage || !strings.Contains(r.stderr, "store.pth") || !strings.Contains(r.stderr, "offline") || !strings.Contains(r.stderr, "new.yaml:2") {
		t.Errorf("it does not name both mistakes and their place: exit code %d\n%s", r.code, r.stderr)
	}
}

func TestDemoTellsTheWholeStory(t *testing.T) {
	w := newWorld(t)
	r := w.ok("demo")
	for _, want := range []string{"ACT ON", "will not start", "kep.k8s.io", "→ "} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("the demo lacks %q", want)
		}
	}
	if !strings.Contains(r.stderr, "1 issue at the stand-in") || !strings.Contains(r.stderr, "nothing to tell") {
		t.Errorf("two runs, one issue, is not what happened: %s", r.stderr)
	}
	for line := range strings.Lines(r.stdout) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 80 && !strings.Contains(line, "http") {
			t.Errorf("a line of %d columns: %s", n, line)
		}
	}
}
