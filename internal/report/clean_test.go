package report

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPrintable(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"lines and tabs stay", "a\n\tb\r\nc", "a\n\tb\nc"},
		{"a line is not written over", "good\rbad", "good\nbad"},
		{"colours, titles, links", "\x1b[31mred\x1b[0m\x1b]0;t\x07 \x1b]8;;http://a\x1b\\x", "red x"},
		{"charsets and resets", "\x1b(0a\x1bcb", "ab"},
		{"8-bit controls", "a\u009b31mb\u009d0;t\u009cc\x9bd\u0085e", "abc\ufffdd\ne"},
		{"reading direction", "a\u202eb\u2066c", "abc"},
		{"tags, selectors, fillers", "a\U000e0041\ufe0f\u3164\u034f\u2800b", "ab"},
		{"marks", "z" + strings.Repeat("\u0336", 99), "z" + strings.Repeat("\u0336", 4)},
		{"the runner's commands", "x\n ::error::y ##[add-mask]z", "x\n : :error::y ## [add-mask]z"},
		{"addresses of IPv6", "::1 and fe80::1", "::1 and fe80::1"},
	} {
		if got := Printable(tt.in); got != tt.want {
			t.Errorf("%s: %q becomes %q, want %q", tt.name, tt.in, got, tt.want)
		}
	}
	if got := Line("a.go\n::error::b"); got != "a.go ::error::b" {
		t.Errorf("on one line: %q", got)
	}
}

func FuzzPrintable(f *testing.F) {
	for _, a := range attacks() {
		if len(a.text) < 10000 {
			f.Add(a.text)
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Printable(s)
		checkPrinted(t, "it", got)
		if again := Printable(got); again != got {
			t.Errorf("printable twice: %q, then %q", got, again)
		}
		line := Line(s)
		checkPrinted(t, "the line", line)
		if strings.ContainsAny(line, "\n\t") || Line(line) != line {
			t.Errorf("not one line, or another one the second time: %q", line)
		}
		for _, n := range []int{1, 7, 300} {
			if c := short(s, n); utf8.RuneCountInString(c) > n || clean(c) != c {
				t.Errorf("cut to %d: %q", n, c)
			}
		}
	})
}

// TestLongNamesTakeNoTime: a name of a megabyte took hours.
func TestLongNamesTakeNoTime(t *testing.T) {
	c := everyKind()[0]
	c.ID = strings.Repeat("AbCd", 1<<18)
	if got := EntryTitle(c); utf8.RuneCountInString(got) > 301 {
		t.Errorf("%d characters", utf8.RuneCountInString(got))
	}
	if got := humanise(strings.Repeat("Ab", 5000)); len(got) != 3*5000-1 {
		t.Errorf("%d bytes", len(got))
	}
}
