package kep_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path"
	"testing"

	"github.com/upstream-digest/bot/internal/golden"
	"github.com/upstream-digest/bot/internal/kep"
)

// TestCorpus reads whole files in upstream's form and holds what would be stored of them.
func TestCorpus(t *testing.T) {
	root := os.DirFS("testdata/corpus")
	type folder struct {
		Proposal kep.Proposal `json:"proposal"`
		History  *kep.History `json:"history,omitempty"`
	}
	var all []folder
	err := fs.WalkDir(root, ".", func(p string, _ fs.DirEntry, err error) error {
		if err != nil || !kep.IsProposal(p) {
			return err
		}
		src, err := fs.ReadFile(root, p)
		if err != nil {
			return err
		}
		one, err := kep.Parse(p, src)
		if err != nil {
			return err
		}
		f := folder{Proposal: one}
		readme := path.Join(path.Dir(p), "README.md")
		src, err = fs.ReadFile(root, readme)
		switch {
		case err == nil:
			h := kep.ParseReadme(readme, src)
			f.History = &h
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
		all = append(all, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 5 {
		t.Errorf("%d proposals: the template is none", len(all))
	}
	out, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/corpus.golden", append(out, '\n'))
}
