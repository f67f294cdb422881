package report

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"github.com/upstream-digest/bot/internal/golden"
)

func TestTextOfEveryKind(t *testing.T) {
	d := digestOf(everyKind())
	golden.Check(t, "testdata/every-kind.txt.golden", []byte(Text(d, TextOptions{})))
	golden.Check(t, "testdata/every-kind.color.golden", []byte(Text(d, TextOptions{Color: true, Hyperlinks: true})))
}

func TestTextKeepsItsWidth(t *testing.T) {
	for _, width := range []int{40, 61, 80, 120} {
		for _, opts := range []TextOptions{{Width: width}, {Width: width, Color: true, Hyperlinks: true}} {
			for _, d := range []Digest{digestOf(everyKind()), hostile()} {
				for line := range strings.Lines(Text(d, opts)) {
					line = strings.TrimRight(line, "\n")
					if w := ansi.StringWidth(line); w > width && !strings.Contains(ansi.Strip(line), "://") {
						t.Errorf("width %d: %d columns: %q", width, w, line)
					}
				}
			}
		}
	}
}

func TestTextColoursChangeNoWord(t *testing.T) {
	d := digestOf(everyKind())
	plain, coloured := Text(d, TextOptions{Hyperlinks: true}), Text(d, TextOptions{Color: true, Hyperlinks: true})
	if ansi.Strip(coloured) != ansi.Strip(plain) {
		t.Error("with colours other words are printed than without")
	}
}
