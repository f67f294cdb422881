package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestServeFromABranch: where the state is on a branch, showing it costs nothing while the branch stands where it stood.
func TestServeFromABranch(t *testing.T) {
	t.Parallel()
	w := released(t).onBranch().config("digests:\n  - {name: weekly, channels: [{type: github-issue}]}\n")
	a := &app{env: environment{stdout: io.Discard, stderr: io.Discard, environ: w.env, now: time.Now}, logFormat: "text", config: filepath.Join(w.dir, "config.yaml")}
	p, err := a.plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	round := func() (requests, digests int) {
		t.Helper()
		before := w.gh.Count().API()
		if _, err := p.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		v, err := p.View(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return w.gh.Count().API() - before, len(v.Digests)
	}
	if _, err := p.View(t.Context()); err != nil { // as at the start
		t.Fatal(err)
	}
	round()
	if requests, digests := round(); requests != 1 || digests != 1 {
		t.Errorf("a quiet run and its pages cost %d requests, and show %d digests", requests, digests)
	}
	w.commit("v1.36", promoteVolume)
	if _, digests := round(); digests != 2 {
		t.Errorf("after a run that told: %d digests", digests)
	}
	if requests, digests := round(); requests != 1 || digests != 2 {
		t.Errorf("a quiet run and its pages cost %d requests, and show %d digests", requests, digests)
	}
}

// TestServeReloadOfTheAddress: the address is that of the start; a reload that names another says so.
func TestServeReloadOfTheAddress(t *testing.T) {
	w := released(t).config(servedConfig)
	s := w.serve(t)
	s.until(`msg="the run is done"`)
	path := filepath.Join(w.dir, "config.yaml")
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(read(t, path), "127.0.0.1:0", "127.0.0.1:1")), 0o600); err != nil {
		t.Fatal(err)
	}
	s.signal(syscall.SIGHUP)
	s.until("the configuration was read again")
	if !strings.Contains(s.said(), "server.address changed") {
		t.Errorf("nobody is told that the address stays:\n%s", s.said())
	}
	s.signal(syscall.SIGTERM)
	s.wait()
}

// TestServeAddressInUse: two services at one address.
func TestServeAddressInUse(t *testing.T) {
	w := released(t).config(servedConfig)
	s := w.serve(t)
	other := released(t).config("server: {address: \"" + strings.TrimPrefix(s.url, "http://") + "\"}\n")
	if r := other.run("serve"); r.code != exitUsage || !strings.Contains(r.stderr, "server.address: ") || !strings.Contains(r.stderr, "write another address") {
		t.Errorf("exit code %d: %s", r.code, r.stderr)
	}
	s.signal(syscall.SIGTERM)
	s.wait()
}
