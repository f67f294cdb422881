package doctor

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
)

// TestTextFits: at each width no line is wider, and colours add no word.
func TestTextFits(t *testing.T) {
	r := Report{Requests: 3, ExitCode: 4, Checks: []Check{
		{Area: areaGitHub, Name: "network", Status: OK, Finding: "api.github.com answers in 120 ms, through no proxy."},
		{Area: areaGitHub, Name: "token", Status: Warning, Finding: strings.Repeat("It may do more than it needs. ", 6), Advice: strings.Repeat("Make one that may write issues alone. ", 5)},
		{Area: "digests", Name: "target acme/platform", Subject: "acme/platform", Status: Failed, Finding: "It has no issues.", Advice: "Turn them on."},
		{Area: "digests", Name: "schedule", Status: Skipped, Finding: "Not asked."},
	}}
	for _, width := range []int{60, 80, 120} {
		plain, coloured := r.Text(width, false), r.Text(width, true)
		if ansi.Strip(coloured) != plain || coloured == plain || strings.Contains(plain, "\x1b") {
			t.Errorf("%d columns: in colour it says\n%s", width, coloured)
		}
		for line := range strings.Lines(plain) {
			if w := ansi.StringWidth(strings.TrimSuffix(line, "\n")); w > width {
				t.Errorf("%d columns: %d: %q", width, w, line)
			}
		}
	}
	for _, want := range []string{"\x1b[31mFAILED", "\x1b[33mwarning", "\x1b[2mskipped", "\x1b[31mfailed: target acme/platform (acme/platform)\x1b[0m\n"} {
		if !strings.Contains(r.Text(80, true), want) {
			t.Errorf("it lacks %q", want)
		}
	}
}
