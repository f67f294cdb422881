package publish_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/upstream-digest/bot/internal/publish"
)

func fileOf(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestFileIsNeverWrittenOver: numbers start anew with a lost state, and a path need not hold one.
func TestFileIsNeverWrittenOver(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	path := filepath.Join(dir, "digest.md")
	deliver := func(nonce, body string) string {
		t.Helper()
		var got publish.Delivery
		d := publish.Delivery{Part: publish.Part{Target: path, Body: body, Number: 1, Of: 1, Nonce: nonce}}
		if err := (publish.FileChannel{}).Deliver(t.Context(), []publish.Delivery{d}, func(r publish.Delivery) error { got = r; return nil }); err != nil {
			t.Fatal(err)
		}
		if got.Status != publish.Filed || fileOf(t, got.ResultURL) != body {
			t.Errorf("%s: recorded as %+v", body, got)
		}
		return filepath.Base(got.ResultURL)
	}
	for _, step := range []struct{ nonce, body, want string }{
		{"a1", "first", "digest.md"},
		{"a1", "first", "digest.md"}, // the run died before it recorded
		{"b2", "second", "digest-2.md"},
		{"c3", "third", "digest-3.md"},
		{"b2", "second", "digest-2.md"},
	} {
		if got := deliver(step.nonce, step.body); got != step.want {
			t.Errorf("%s went to %s, want %s", step.body, got, step.want)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "digest-4.md"), 0o755); err != nil {
		t.Fatal(err)
	}
	// What a run that died in the middle of writing has left is no digest, and no litter for ever.
	if err := os.WriteFile(filepath.Join(dir, ".digest-d4.tmp"), []byte("for a longer half than the whole"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := deliver("d4", "fourth"); got != "digest-5.md" {
		t.Errorf("the fourth went to %s", got)
	}
	for name, want := range map[string]string{"digest.md": "first", "digest-2.md": "second", "digest-3.md": "third"} {
		if got := fileOf(t, filepath.Join(dir, name)); got != want {
			t.Errorf("%s holds %q", name, got)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 5 {
		t.Errorf("%d entries are left, %v", len(entries), err)
	}
}
