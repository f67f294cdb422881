package report

import (
	"strings"
	"testing"
)

// TestFoldedTextNamesAll: what is told by name alone in a terminal is named all the same, what asks for action is told
// whole, and the reader learns how to see the rest.
func TestFoldedTextNamesAll(t *testing.T) {
	d := huge(600)
	whole, folded := Text(d, TextOptions{Width: 80}), Text(d, TextOptions{Width: 80, Fold: true})
	if strings.Contains(whole, "--full") || !strings.Contains(strings.Join(strings.Fields(folded), " "), "--full shows all of them") {
		t.Error("it does not say how to see the rest, or says it where nothing is folded")
	}
	if a, b := strings.Count(whole, "\n"), strings.Count(folded, "\n"); b > a*3/5 {
		t.Errorf("folded it has %d lines of %d", b, a)
	}
	flat := strings.Join(strings.Fields(folded), " ")
	for _, c := range d.Upstreams[0].Changes {
		if !strings.Contains(flat, c.ID) {
			t.Errorf("%s is not named", c.ID)
		}
	}
	if head := "ACT ON"; strings.Contains(whole, head) {
		_, a, _ := strings.Cut(whole, head)
		a, _, _ = strings.Cut(a, "\n\n  ")
		if !strings.Contains(folded, a) {
			t.Error("what asks for action is not told whole")
		}
	}
}
