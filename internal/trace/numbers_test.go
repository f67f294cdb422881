package trace_test

import (
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The numbers of the gold rows stand in tests and in the demo's data, and nowhere else: what is found was found.
func TestNoGoldNumberInTheProgram(t *testing.T) {
	pulls, keps := map[string]bool{}, map[string]bool{}
	for _, r := range goldRows(t) {
		keps[r.kep] = true
		for _, p := range r.prs {
			pulls[strings.TrimPrefix(p, "kubernetes/kubernetes#")] = true
		}
	}
	digits := regexp.MustCompile(`\d+`)
	// Help texts have KEP-2411 and #59898 as examples, the owner's own, and the configuration a KEP to watch.
	examples := map[string]bool{"2411": true, "59898": true, "1287": true}
	files := 0
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if name == "testdata" || name == "node_modules" || name == "test" || name != ".." && strings.HasPrefix(name, ".") || strings.HasSuffix(path, "internal/sample") {
				return fs.SkipDir
			}
			return nil
		}
		switch {
		case strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go"):
			files++
			src, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			var s scanner.Scanner
			set := token.NewFileSet()
			s.Init(set.AddFile(path, -1, len(src)), src, nil, 0)
			for {
				_, tok, lit := s.Scan()
				if tok == token.EOF {
					break
				}
				if tok != token.STRING && tok != token.INT {
					continue
				}
				for _, n := range digits.FindAllString(lit, -1) {
					if (pulls[n] || keps[n]) && !examples[n] {
						t.Errorf("%s has %s, which is a number of the gold rows", path, n)
					}
				}
			}
		case strings.HasSuffix(name, ".tsv") || strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".json"):
			files++
			src, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, n := range digits.FindAllString(string(src), -1) {
				if pulls[n] && !examples[n] {
					t.Errorf("%s has pull request %s of the gold rows", path, n)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 150 {
		t.Errorf("only %d files were looked at", files)
	}
}
