package sqlite

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
)

// The owner writes between the copying of the file and of its log: that copy must not be used.
func TestCopyIsOfOneMoment(t *testing.T) {
	for name, tt := range map[string]struct {
		writes int // how often the owner writes before it rests
		want   string
	}{
		"the owner rests in the end": {3, ""},
		"the owner never rests":      {1000, "another run keeps writing it; run again"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			from, to := filepath.Join(dir, "bot.db"), filepath.Join(dir, "copy.db")
			put := func(path, data string) {
				t.Helper()
				if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			put(from, "pages 0")
			put(from+"-wal", "log 0")
			writes := 0
			copyOne := func(src, dst string) ([]byte, error) {
				sum, err := copyFile(src, dst)
				if src == from && dst != "" && writes < tt.writes {
					writes++
					put(from, "pages "+strings.Repeat("x", writes))
					put(from+"-wal", "log "+strings.Repeat("x", writes))
				}
				return sum, err
			}
			var err error
			synctest.Test(t, func(t *testing.T) { err = copyState(t.Context(), from, to, copyOne) }) // pauses are virtual
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("error %v, want %q", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for path, want := range map[string]string{to: "pages xxx", to + "-wal": "log xxx"} {
				if got, err := os.ReadFile(path); err != nil || string(got) != want {
					t.Errorf("%s holds %q (%v), want %q", path, got, err, want)
				}
			}
			if _, err := os.Stat(to + "-journal"); err == nil {
				t.Error("a file that does not exist was copied")
			}
		})
	}
}
