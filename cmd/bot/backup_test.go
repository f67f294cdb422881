package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRestoredBackupTellsNothingTwice: the state that is put back does not know of two digests that were filed since.
func TestRestoredBackupTellsNothingTwice(t *testing.T) {
	for _, labels := range []string{"[upstream-digest]", "[]"} {
		t.Run("labels "+labels, func(t *testing.T) {
			w := released(t)
			w.config("target:\n  repository: acme/platform\n  labels: " + labels + "\n")
			w.ok("run")
			copied := filepath.Join(t.TempDir(), "copy")
			if err := os.CopyFS(copied, os.DirFS(filepath.Dir(w.state()))); err != nil {
				t.Fatal(err)
			}
			w.commit("v1.36", promoteVolume)
			w.ok("run")
			w.commit("v1.36", both(promoteVolume, promoteAdmin))
			w.ok("run")
			w.wantIssues(3)

			w.loseState()
			if err := os.CopyFS(filepath.Dir(w.state()), os.DirFS(copied)); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				r := w.run("run")
				if r.code != exitState || !strings.Contains(r.stderr, "acme/platform/issues/3 is digest 3") {
					t.Errorf("exit code %d, %s", r.code, r.stderr)
				}
				w.wantIssues(3)
			}

			// As the message says: without the state, it goes on where the newest issue ended.
			w.loseState()
			w.commit("v1.36", promoteAdmin)
			w.ok("run")
			w.wantIssues(4)
			if body := w.issues()[3].Body; strings.Contains(body, "DRAAdminAccess") || !strings.Contains(body, "ImageVolumeWithDigest") {
				t.Errorf("the fourth issue:\n%s", body)
			}
		})
	}
}
