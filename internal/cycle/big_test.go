package cycle

import (
	"strings"
	"testing"
)

// TestLineOfDates: a line that somebody filled with dates is a fault, and is read before the sun burns out.
func TestLineOfDates(t *testing.T) {
	dates := strings.Repeat("1 May 2026 ", 100_000)
	for name, src := range map[string]string{
		"a row":        "| What | When |\n|---|---|\n| Code Freeze | " + dates + " |\n",
		"front matter": "---\ncode_freeze: " + dates + "\n---\n",
	} {
		c := Parse("1.37", []byte(src))
		if len(c.Deadlines) > 0 || len(c.Unread) != 1 || c.Unread[0] != CodeFreeze || len(c.Faults) != 1 || !strings.Contains(c.Faults[0].Message, "too long") {
			t.Errorf("%s: %d deadlines, unread %v, faults %+v", name, len(c.Deadlines), c.Unread, c.Faults)
		}
	}
	if c := Parse("1.37", []byte("- Code Freeze: 23 July 2026\n- Docs Freeze: "+dates+"\n")); len(c.Deadlines) != 1 || c.Deadlines[0].Name != CodeFreeze {
		t.Errorf("beside a line of dates: %+v", c)
	}
}
