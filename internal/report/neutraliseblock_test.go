package report

import (
	"strings"
	"testing"
)

func TestNeutraliseBlock(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"a note", "Fixed #12 by @a.\nSecond line.\n\n- one\n  - two `x`\n- three",
			"Fixed #\u200b12 by @\u200ba. Second line.\n\n- one\n\n  - two `x`\n- three"},
		{"headings shrink", "# Big\ntext\n\nSetext\n===", "##### Big\n\ntext\n\n##### Setext"},
		{"ordered", "3) a\n4) b", "1. a\n2. b"},
		{"quote, and no alert", "> [!WARNING]\n> @a", "> \\[!\u200bWARNING\\] @\u200ba"},
		{"code keeps its lines", "```go\na()\n\n  @b #1\n```", "````\na()\n\n  @b #1\n````"},
		{"a longer fence ends nothing", "``````\n`````\n@a\n``````", "````\n```\n@a\n````"},
		{"folds are text", "<details>\n<summary>x</summary>\n\n@a\n\n</details>", "&lt;details> &lt;summary>x&lt;/summary>\n\n@\u200ba\n\n&lt;/details>"},
		{"comments are text", "<!-- bot -->\n\nx", "&lt;!-- bot -->\n\nx"},
		{"references by definition", "[x][1]\n\n[1]: https://github.com/a/b/pull/3", "[x](https://redirect.github.com/a/b/pull/3)"},
		{"table", "| a | b |\n|---|---|\n| `c` | #1 |", "- a · b\n- `c` · #\u200b1"},
		{"emphasis loses its marks", "**a** *b* ~~c~~", "a b c"},
		{"images are links", "![a](https://x.test/y.png)", "[a](https://x.test/y.png)"},
		{"empty", " \n\t\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := NeutraliseBlock(tt.in)
			if got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			checkNeutral(t, tt.in, got)
			if again := NeutraliseBlock(got); again != got {
				t.Errorf("twice:\n%s", again)
			}
		})
	}
}

func TestNeutraliseBlockCutsLongText(t *testing.T) {
	got := NeutraliseBlock(strings.Repeat("A paragraph of a few words.\n\n", 2000))
	if n := len([]rune(got)); n > 22000 || !strings.HasSuffix(got, "\n\n…") {
		t.Errorf("%d runes, ends %q", n, got[len(got)-20:])
	}
	if again := NeutraliseBlock(got); again != got {
		t.Error("cut twice")
	}
}

// TestNeutraliseBlockCountsWhatItWrites: a bare address gets a bracket, and a second reading must not find
// one too many.
func TestNeutraliseBlockCountsWhatItWrites(t *testing.T) {
	for _, s := range []string{strings.Repeat("[a](http://b.c) ", 200) + "http://b.c", strings.Repeat("&#42;", 1001), strings.Repeat("&#91;", 201)} {
		got := NeutraliseBlock(s)
		checkNeutral(t, s, got)
		if again := NeutraliseBlock(got); again != got {
			t.Errorf("once  %.60q\ntwice %.60q", got, again)
		}
	}
}

func FuzzNeutraliseBlock(f *testing.F) {
	for _, s := range []string{
		"", "# a\n- b\n  1. c\n> d\n>> e\n```\n@f\n```\n    #1\n<details>\n", "| a |\n|---|\n| #1 |\n", "[a]: <https://github.com/a/b/pull/1>\n\n[a] ![a]",
		"- - - a", "* * *\n\n+ x\n\n  y", "1. a\n\n   ````\n   b\n", "a\\\nb  \nc", "- [ ] @a\n- [x] #1", "<!--\n\n-->\n@a", "~~~\n```\n~~~", "=\n=", "a\n: b",
	} {
		f.Add(s)
	}
	for _, s := range bombs() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := NeutraliseBlock(s)
		checkNeutral(t, s, got)
		if again := NeutraliseBlock(got); again != got {
			t.Errorf("not idempotent for %q\nonce  %q\ntwice %q", s, got, again)
		}
	})
}
