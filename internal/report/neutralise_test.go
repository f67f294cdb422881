package report

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

func TestNeutralise(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain words stay", "Lets a pod restart by its own rules.", "Lets a pod restart by its own rules."},
		{"snake_case stays readable", "sets max_pods_per_node to 5", "sets max_pods_per_node to 5"},
		{"user mention", "thanks @octocat!", "thanks @\u200boctocat\\!"},
		{"team mention", "cc @kubernetes/sig-node-pr-reviews", "cc @\u200bkubernetes/sig-node-pr-reviews"},
		{"escaped mention is still one", `\@octocat`, "@\u200boctocat"},
		{"mention by entity", "&#64;octocat &commat;octocat", "@\u200boctocat @\u200boctocat"},
		{"mention in code pings nobody", "`@octocat`", "`@octocat`"},
		{"closing reference", "Fixes #12, closes GH-7 and resolves a/b#3", "Fixes #\u200b12, closes GH-\u200b7 and resolves a/b#\u200b3"},
		{"issue link", "see https://github.com/a/b/issues/12.", "see [a/b#\u200b12](https://redirect.github.com/a/b/issues/12)."},
		{"redirected once", "[x](https://redirect.github.com/a/b/pull/1#issuecomment-2)", "[x](https://redirect.github.com/a/b/pull/1#issuecomment-2)"},
		{"www and trickery", "[x](HTTP://WWW.GitHub.com:443//a/b/%69ssues/1)", "[x](https://redirect.github.com/a/b/issues/1)"},
		{"reference without scheme", "www.github.com/a/b/discussions/4", "[a/b#\u200b4](https://redirect.github.com/a/b/discussions/4)"},
		{"a ticket to some readers only", "[x](https://github.com/./b/pull/1) https://github.com/a/./pull/1", "x https:\u200b//github.com/a/./pull/1"},
		{"behind the dot, GitHub reads the zero-width space as a host's", "www.exa_mple_.c_om", "www\u200b.exa_mple\\_.c_om"},
		{"docs link", "<https://kubernetes.io/docs/>", "[kubernetes.io/docs](https://kubernetes.io/docs/)"},
		{"script link is words", "[x](javascript:alert(1))", "x"},
		{"commit id", "since 0123456789abcdef and a/b@0123456789", "since `0123456789abcdef` and a/b@\u200b`0123456789`"},
		{"a word of hex letters is a word", "a defaced facade", "a defaced facade"},
		{"comment", "a <!-- bot: key --> b", "a &lt;!-- bot: key --> b"},
		{"comment in code", "`<!-- x -->`", "`<!\u200b-- x -->`"},
		{"tags are shown", "set <nodename></details>", "set &lt;nodename>&lt;/details>"},
		{"image is a link", "![cat](https://x.test/c.png)", "[cat](https://x.test/c.png)"},
		{"image without an address is its words", "![cat](data:xx)", "cat"},
		{"emphasis is shown", "a *b* __c__ ~~d~~", `a \*b\* \_\_c\_\_ \~\~d\~\~`},
		{"heading", "# Act on", `\# Act on`},
		{"list", "1. x", `1\. x`},
		{"alert", "> [!WARNING]", "\\> \\[!\u200bWARNING\\]"},
		{"lines become one", "a\n\n\tb\r\nc", "a b c"},
		{"invisible characters go", "a\u202eb\u200bc\u2066d\x07e\ufeff", "abcde"},
		{"terminal sequences go", "\x1b[31mred\x1b[0m \x1b]8;;http://x\x07y", "red y"},
		{"unbalanced backtick", "a ` b", "a \\` b"},
		{"backticks inside code", "``a ` b``", "``a ` b``"},
		{"entity stays what it showed", "&amp;lt; &lt;b>", "&amp;lt; &lt;b>"},
		{"invalid UTF-8", "a\xffb", "a\uFFFDb"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Neutralise(tt.in)
			if got != tt.want {
				t.Errorf("Neutralise(%q)\n got %q\nwant %q", tt.in, got, tt.want)
			}
			checkNeutral(t, tt.in, got)
			if again := Neutralise(got); again != got {
				t.Errorf("twice: %q", again)
			}
		})
	}
}

func TestNeutraliseCutsLongText(t *testing.T) {
	got := Neutralise(strings.Repeat("long words ", 1000))
	if n := utf8.RuneCountInString(got); n > 1000 || !strings.HasSuffix(got, "…") {
		t.Errorf("%d runes, ends %q", n, got[len(got)-10:])
	}
}

// bombs are texts that cost a careless reader minutes.
func bombs() []string {
	return []string{
		strings.Repeat("[", 40000), strings.Repeat("[a](", 10000), strings.Repeat("[@a](http://b.c) ", 300), strings.Repeat("![", 20000) + "](x)",
		strings.Repeat("` ``", 9000), strings.Repeat("*a _b", 8000), strings.Repeat("> ", 5000) + "a", strings.Repeat("- ", 5000) + "a",
		strings.Repeat("[", 199) + strings.Repeat("](x)", 5000), strings.Repeat("\\[", 300) + "https://a.bc/d", strings.Repeat("<!--[", 9000),
	}
}

// FuzzNeutralise asserts what a reader of the target repository relies on, for any upstream text.
func FuzzNeutralise(f *testing.F) {
	for _, s := range []string{
		"", "@a @b/c #1 GH-1 o/r#1 0123456789", "<!-- x --><details>", "![a](https://github.com/a/b/issues/1)",
		"[a]: https://github.com/a/b/pull/1\n\n[a]", "https://github.com/a/b/pull/1", "www.github.com/a/b/pull/1", "L`@f1.sc`", "a@b.co",
		"\\@a \\#1", "&#64;a &#35;1", "`a``b`", "~~~\n```\n", "| a |\n|---|\n| #1 |", "- [ ] #1\n  - @x", "$`x`$", "[@a](x) [![a](b)](c)",
		"http://exa_mple.com/1234567_", strings.Repeat("1234567z ", 300), strings.Repeat("1234567z ", 111) + "z", "<https://github.com/a/b/issues/1>", "!`a`[x](http://y)",
	} {
		f.Add(s)
	}
	for _, s := range bombs() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Neutralise(s)
		if strings.ContainsAny(got, "\n\r\t") {
			t.Errorf("more than one line: %q", got)
		}
		checkNeutral(t, s, got)
		if again := Neutralise(got); again != got {
			t.Errorf("not idempotent for %q\nonce  %q\ntwice %q", s, got, again)
		}
	})
}

var (
	liveMention = regexp.MustCompile(`@[A-Za-z0-9]`)
	liveNumber  = regexp.MustCompile(`(?i)#[0-9]|\bgh-[0-9]`)
	liveCommit  = regexp.MustCompile(`(?i)\b[0-9a-f]{7,40}\b`)
	liveTicket  = regexp.MustCompile(`(?i)^(https?:)?//(www\.|to\.)?github\.com/+[^/?#]+/+[^/?#]+/+(issues?|pulls?|discussions?)/+[0-9]`)
)

// checkNeutral parses got as GitHub would and looks for anything that is alive.
func checkNeutral(t *testing.T, in, got string) {
	t.Helper()
	if strings.Contains(got, "<!--") {
		t.Errorf("%q: holds the start of a comment: %q", in, got)
	}
	for _, r := range got {
		if r != '\n' && r != '\t' && r != '\u200b' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
			t.Errorf("%q: holds the invisible %U: %q", in, r, got)
		}
	}
	src := []byte(got)
	doc := gfm().Parse(text.NewReader(src))
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.RawHTML, *ast.HTMLBlock:
			t.Errorf("%q: raw HTML in %q", in, got)
		case *ast.Image:
			t.Errorf("%q: image in %q", in, got)
		case *ast.Link:
			if liveTicket.Match(n.Destination) {
				t.Errorf("%q: back-link %q in %q", in, n.Destination, got)
			}
			return ast.WalkContinue, nil
		case *ast.AutoLink:
			t.Errorf("%q: bare address became a link in %q", in, got)
		case *ast.CodeSpan, *ast.CodeBlock, *ast.FencedCodeBlock:
			return ast.WalkSkipChildren, nil
		case *ast.Text:
			v := decode(string(n.Segment.Value(src)))
			if m := liveMention.FindString(v); m != "" {
				t.Errorf("%q: mention %q in %q", in, m, got)
			}
			if m := liveNumber.FindString(v); m != "" {
				t.Errorf("%q: reference %q in %q", in, m, got)
			}
			if n.Parent().Kind() != ast.KindLink {
				for _, m := range liveCommit.FindAllString(v, -1) {
					if strings.ContainsAny(m, "0123456789") && strings.Contains(got, m) {
						t.Errorf("%q: commit id %q in %q", in, m, got)
					}
				}
			}
		}
		return ast.WalkContinue, nil
	})
}

// gfm reads Markdown as GitHub does. The default e-mail pattern of the linkifier allows characters that
// GitHub's does not.
func gfm() parser.Parser {
	return goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.TaskList,
		extension.NewLinkify(extension.WithLinkifyEmailRegexp(regexp.MustCompile(`^[a-zA-Z0-9._+-]+@[a-zA-Z0-9_-]+(?:\.[a-zA-Z0-9_-]+)+`))))).Parser()
}
