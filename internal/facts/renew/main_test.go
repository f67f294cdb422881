package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/sample"
)

// TestRenewedTableIsTheTable: a release that is taken out, written as source and read again gives the table
// byte for byte, whichever of its eras.
func TestRenewedTableIsTheTable(t *testing.T) {
	whole, err := os.ReadFile("../gates-by-release.tsv")
	if err != nil {
		t.Fatal(err)
	}
	table, err := facts.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, release := range []string{"v1.24", "v1.31", "v1.36"} {
		t.Run(release, func(t *testing.T) {
			files, err := sample.Files(release, table.Rows(release), sample.Options{})
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			mirror, file := filepath.Join(dir, "kubernetes.git"), filepath.Join(dir, "table.tsv")
			err = sample.Repository(t.Context(), mirror, []sample.Step{
				{Message: "release", Time: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Files: files, Tags: []string{release + ".2", release + ".10", release + ".11-rc.0"}},
			})
			if err != nil {
				t.Fatal(err)
			}
			var less strings.Builder
			for line := range strings.Lines(string(whole)) {
				if !strings.HasPrefix(line, release+"\t") {
					less.WriteString(line)
				}
			}
			if err := os.WriteFile(file, []byte(less.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			args := []string{"-mirror", mirror, "-release", release, "-table", file}
			if err := run(t.Context(), args, os.Environ(), io.Discard); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != string(whole) {
				t.Errorf("the table differs: %s", firstDifference(string(whole), string(got)))
			}
			if err := run(t.Context(), []string{"-mirror", mirror, "-release", "v1.99", "-table", file}, os.Environ(), io.Discard); err == nil {
				t.Error("a release that the mirror does not have is no error")
			}
		})
	}
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(w), len(g)) {
		if w[i] != g[i] {
			return "want " + w[i] + "\ngot  " + g[i]
		}
	}
	return "one is longer"
}
