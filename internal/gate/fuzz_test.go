package gate_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/upstream-digest/bot/internal/gate"
)

// FuzzParse gives any bytes as a package's file, and as the file of a package it may import. It must
// neither panic nor hang, and what it returns must be sorted, whole and the same again.
func FuzzParse(f *testing.F) {
	f.Fuzz(func(t *testing.T, a, b string) {
		in := []gate.File{{Path: "pkg/features/a.go", Src: []byte(a)}, {Path: "staging/base/features/b.go", Src: []byte(b)}}
		res, err := gate.Parse(widgets(), in)
		if err != nil {
			return
		}
		if !slices.IsSortedFunc(res.Gates, func(a, b gate.Gate) int { return strings.Compare(a.Key(), b.Key()) }) {
			t.Error("gates are not sorted")
		}
		keys := map[string]bool{}
		for _, g := range res.Gates {
			if keys[g.Key()] || g.Name == "" || len(g.Registered) == 0 || len(g.Specs) == 0 || g.Owners == nil || g.KEPs == nil || g.Declared.Line < 1 {
				t.Errorf("not whole, or twice: %+v", g)
			}
			keys[g.Key()] = true
			if slices.Contains(res.Unread, g.Name) {
				t.Errorf("%s is read and unread", g.Name)
			}
			g.View("1.36", "x", nil)
		}
		if again, _ := gate.Parse(widgets(), in); show(again) != show(res) {
			t.Error("a second reading differs")
		}
	})
}
