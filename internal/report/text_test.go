package report

import (
	"strings"
	"testing"
	"time"

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

// TestTextColoursChangeNoWord: not one byte of what is read, at any width.
func TestTextColoursChangeNoWord(t *testing.T) {
	for _, width := range []int{40, 61, 80, 120} {
		for _, d := range []Digest{digestOf(everyKind()), hostile()} {
			plain, coloured := Text(d, TextOptions{Width: width}), Text(d, TextOptions{Width: width, Color: true, Hyperlinks: true})
			if ansi.Strip(coloured) != plain {
				t.Errorf("%d columns: with colours other words are printed than without", width)
			}
		}
	}
}

// TestEachLineEndsItsColours: a pager shows lines by themselves.
func TestEachLineEndsItsColours(t *testing.T) {
	for line := range strings.Lines(Text(digestOf(everyKind()), TextOptions{Width: 50, Color: true, Hyperlinks: true})) {
		style, link := "", ""
		for _, seq := range styling.FindAllString(line, -1) {
			switch {
			case seq == sgrReset:
				style = ""
			case strings.HasPrefix(seq, "\x1b["):
				style = seq
			default:
				link = strings.TrimSuffix(strings.TrimPrefix(seq, "\x1b]8;;"), "\x07")
			}
		}
		if style != "" || link != "" {
			t.Errorf("a style goes on after the line's end: %q", line)
		}
	}
	got := whole([]string{sgrBold + "one", "two" + sgrReset + " " + ansi.SetHyperlink("https://x.y") + "a", "b" + ansi.ResetHyperlink()})
	if got[1] != sgrBold+"two"+sgrReset+" "+ansi.SetHyperlink("https://x.y")+"a"+ansi.ResetHyperlink() || got[2] != ansi.SetHyperlink("https://x.y")+"b"+ansi.ResetHyperlink() {
		t.Errorf("%q", got)
	}
	if got := trimBlanks("a " + sgrDim + "  " + sgrReset + " "); got != "a"+sgrDim+sgrReset {
		t.Errorf("%q", got)
	}
}

// Where not every run is kept, the foot does not say that it counts them all.
func TestHeartbeatOfASparseState(t *testing.T) {
	d := Digest{Definition: "weekly", At: time.Date(2026, 4, 2, 7, 17, 0, 0, time.UTC), Heartbeat: Heartbeat{Days: 30, Runs: 31, Last: time.Date(2026, 4, 1, 7, 0, 0, 0, time.UTC), AtLeast: true}}
	text := Text(d, TextOptions{Width: 200})
	if !strings.Contains(text, "Watched: at least 31 runs in the 30 days before this one; the last that was written down on 2026-04-01 07:00") {
		t.Errorf("the foot says:\n%s", text)
	}
}
