package usage_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/upstream-digest/bot/internal/golden"
	"github.com/upstream-digest/bot/internal/usage"
)

// corpus is every file under testdata/corpus, by its path in there.
func corpus(tb testing.TB) map[string][]byte {
	tb.Helper()
	files := map[string][]byte{}
	root := os.DirFS("testdata/corpus")
	err := fs.WalkDir(root, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(p, ".want") {
			return err
		}
		files[p], err = fs.ReadFile(root, p)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return files
}

// TestCorpus reads files in the forms people have them. What is expected stands beside each, one finding a line.
func TestCorpus(t *testing.T) {
	files := corpus(t)
	if len(files) < 40 {
		t.Fatalf("only %d files", len(files))
	}
	for name, data := range files {
		t.Run(name, func(t *testing.T) {
			settings, problems := usage.Read(name, data)
			golden.Check(t, filepath.Join("testdata/corpus", name+".want"), show(t, settings, problems))
			lines := bytes.Split(data, []byte("\n"))
			for _, s := range settings {
				// The line is where a person finds the gate. ProcMountType stands in base64, where nobody finds it.
				if s.Line < 1 || s.Line > len(lines) || s.Gate != "ProcMountType" && !bytes.Contains(lines[s.Line-1], []byte(s.Gate)) {
					t.Errorf("line %d does not hold %s", s.Line, s.Gate)
				}
			}
		})
	}
}

func show(tb testing.TB, settings []usage.Setting, problems []usage.Problem) []byte {
	tb.Helper()
	var b bytes.Buffer
	line := func(v any) {
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(v); err != nil {
			tb.Fatal(err)
		}
	}
	for _, s := range settings {
		s.File = ""
		line(s)
	}
	for _, p := range problems {
		p.File = ""
		line(p)
	}
	return b.Bytes()
}
