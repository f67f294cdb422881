package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/upstream-digest/bot/test/oracle"
)

// row is the first line of an entry in a gate map as gofmt leaves it. In all modules read here the
// constant is named like the gate, so the last part of the key is the gate.
var row = regexp.MustCompile(`(?m)^\t+(?:\w+\.)?(\w+):\s+\{`)

// rowsIn adds the gates whose entries stand in src. A deliberately simple second opinion beside the
// bot's parser: it knows nothing of Go but lines.
func rowsIn(src []byte, names map[string]bool) {
	if !bytes.Contains(src, []byte("FeatureSpec{")) && !bytes.Contains(src, []byte("VersionedSpecs{")) {
		return
	}
	for _, m := range row.FindAllSubmatch(src, -1) {
		names[string(m[1])] = true
	}
}

// rowsOfModule adds the gates of the module's packages that the oracle knows to register some.
func rowsOfModule(module, dir string, names map[string]bool) error {
	for _, c := range oracle.Cells() {
		if c.Module != module {
			continue
		}
		folder := filepath.Join(dir, filepath.FromSlash(c.Package))
		entries, err := os.ReadDir(folder)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("scan %s: %w", c.ImportPath(), err)
		}
		for _, e := range entries {
			if e.IsDir() || !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
				continue
			}
			src, err := os.ReadFile(filepath.Join(folder, e.Name()))
			if err != nil {
				return fmt.Errorf("scan %s: %w", c.ImportPath(), err)
			}
			rowsIn(src, names)
		}
	}
	return nil
}
