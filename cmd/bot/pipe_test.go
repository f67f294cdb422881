//go:build linux

package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

func pipe(t *testing.T, path string) {
	t.Helper()
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestCheckPipes: a pipe nobody writes to is passed over where a pattern or a folder has it, and one that is named is
// read: the shell gives <(helm template …) as one.
func TestCheckPipes(t *testing.T) {
	cluster(t, nil)
	pipe(t, "nodes/queue.yaml")
	for _, name := range []string{"nodes", "nodes/*.yaml"} {
		if r := bare(t, "", "check", name, "--to", "1.36"); r.code != exitFound || !strings.Contains(r.stdout, "nodes/kubelet.yaml:4") || strings.Contains(r.stdout, "queue") {
			t.Errorf("%s: exit code %d\n%s%s", name, r.code, r.stdout, r.stderr)
		}
	}
	wrote := make(chan error, 1)
	go func() { wrote <- os.WriteFile("nodes/queue.yaml", []byte(nodeFile), 0o600) }()
	r := bare(t, "", "check", "nodes/queue.yaml", "nodes/queue.yaml", "--to", "1.36")
	if err := <-wrote; err != nil {
		t.Fatal(err)
	}
	if r.code != exitFound || !strings.Contains(r.stdout, "nodes/queue.yaml:4") {
		t.Errorf("a pipe that is named: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
}

// TestAnInterruptLeavesAPipe: Ctrl-C ends the wait for a pipe that is named, in the opening and in the reading, and
// for standard input.
func TestAnInterruptLeavesAPipe(t *testing.T) {
	cluster(t, nil)
	pipe(t, "nodes/queue.yaml")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	silent, held, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	for _, name := range []string{"nodes/queue.yaml", "-"} {
		var out, errs bytes.Buffer
		code := execute(gone, environment{args: []string{"check", name, "--to", "1.36"}, stdin: silent, stdout: &out, stderr: &errs, environ: []string{"HOME=" + t.TempDir()}, now: time.Now})
		if code != exitInterrupted || out.Len() > 0 {
			t.Errorf("%s: exit code %d\n%s%s", name, code, out.String(), errs.String())
		}
	}
	w := newWorld(t)
	pipe(t, w.dir+"/queue.yaml")
	p := w.start(t, "check", "queue.yaml", "--to", "1.36")
	writer, err := os.OpenFile(w.dir+"/queue.yaml", os.O_WRONLY, 0) // waits until it is read
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	p.interrupt()
	if state := p.wait(); state.ExitCode() != exitInterrupted {
		t.Errorf("while it is read: %s\n%s", state, p.said())
	}
}
