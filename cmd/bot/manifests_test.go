package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWhatYourFilesSetIsYours: a change to a gate that the reader's own kubelet configuration sets is told
// first, as something to act on, with the place; a folder that is not there is said, and ends nothing.
func TestWhatYourFilesSetIsYours(t *testing.T) {
	w := released(t)
	file := filepath.Join(w.dir, "clusters", "a", "kubelet.yaml")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	text := "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nfeatureGates:\n  DRAAdminAccess: true\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	w.config("target:\n  repository: acme/platform\nwatch:\n  manifests: [\"" + filepath.Join(w.dir, "clusters", "*") + "\", \"" + filepath.Join(w.dir, "nowhere") + "\"]\n")
	r := w.ok("run")
	if !strings.Contains(r.stderr, "watch.manifests") || !strings.Contains(r.stderr, "nowhere") {
		t.Errorf("it does not say that a folder is missing: %s", r.stderr)
	}
	w.commit("v1.36", both(promoteVolume, promoteAdmin))
	folder := filepath.Join(t.TempDir(), "report")
	w.ok("run", "--record", folder)
	w.wantIssues(2)
	body := w.issues()[1].Body
	if !strings.Contains(body, "you set it in") || !strings.Contains(body, "kubelet.yaml:4 (kubelet)") || !strings.Contains(body, "nowhere") {
		t.Errorf("the digest:\n%s", body)
	}
	if yours, rest := strings.Index(body, "## Yours"), strings.Index(body, "ImageVolumeWithDigest"); yours < 0 || rest < yours {
		t.Errorf("what is yours does not stand first:\n%s", body)
	}
	// The files are not there where it is replayed, and the digest is the same.
	if err := os.RemoveAll(filepath.Join(w.dir, "clusters")); err != nil {
		t.Fatal(err)
	}
	if r := w.ok("run", "--replay", folder); !strings.Contains(r.stderr, "equals the recorded run") {
		t.Errorf("the replay: %s", r.stderr)
	}
}
