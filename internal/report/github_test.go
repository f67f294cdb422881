package report

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	ghtml "github.com/yuin/goldmark/renderer/html"
	"golang.org/x/net/html"
)

// This file reads Markdown as GitHub does: the Markdown becomes HTML, and filters then look at the text
// nodes of that HTML outside of code for mentions, references, commit ids, formulas and emoji.

// rendered is Markdown as GitHub shows it, before the filters: GFM with linkify, raw HTML kept.
func rendered(t *testing.T, md string) string {
	t.Helper()
	engine := goldmark.New(
		goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.TaskList, extension.Footnote,
			extension.NewLinkify(extension.WithLinkifyEmailRegexp(regexp.MustCompile(`^[a-zA-Z0-9._+-]+@[a-zA-Z0-9_-]+(?:\.[a-zA-Z0-9_-]+)+`)))),
		goldmark.WithRendererOptions(ghtml.WithUnsafe(), ghtml.WithHardWraps()),
	)
	var b bytes.Buffer
	if err := engine.Convert([]byte(md), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var (
	// Elements that our Markdown makes. Anything else came from upstream.
	ourElements = strings.Fields("html head body p ul li h2 h3 h5 a code pre blockquote strong em hr br details summary b")

	liveEmoji   = regexp.MustCompile(`(?i):[a-z0-9_+-]+:`)
	liveAddress = regexp.MustCompile(`(?i)\b(https?|ftp)://|\bwww\.[a-z0-9]`)
	liveClose   = regexp.MustCompile(`(?i)\b(close[sd]?|fix(e[sd])?|resolve[sd]?):?\s+([\w.-]+/[\w.-]+)?(#[0-9]|gh-[0-9]|https?://(www\.)?github\.com/)`)
	liveAlert   = regexp.MustCompile(`(?i)^\s*\[!(note|tip|important|warning|caution)\]`)
	foldTag     = regexp.MustCompile(`</?details>`)
)

// ourAlert begins the one alert that is ours.
const ourAlert = "> [!WARNING]\n> Not everything could be read this time:\n"

// aliveIn lists what in a part of a digest would do more than be read.
func aliveIn(t *testing.T, md string) []string {
	t.Helper()
	var out []string
	say := func(format string, args ...any) {
		if len(out) < 10 {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	for _, r := range md {
		if r != '\n' && r != '\u200b' && invisible(r) {
			say("the invisible %U", r)
		}
	}
	if strings.Contains(md, "<!--") {
		say("the start of a comment")
	}
	for line := range strings.Lines(md) {
		if orderLine.MatchString(line) {
			say("an order to a bot: %.60q", line)
		}
	}
	page := rendered(t, md)
	depth := 0
	for _, tag := range foldTag.FindAllString(page, -1) {
		if depth++; tag == "</details>" {
			depth -= 2
		}
		if depth < 0 || depth > 1 {
			say("folds are nested or end before they begin")
		}
	}
	if depth != 0 {
		say("%d folds stay open", depth)
	}
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	var walk func(n *html.Node, code, link bool)
	walk = func(n *html.Node, code, link bool) {
		switch n.Type {
		case html.CommentNode:
			say("a comment: %.60q", n.Data)
		case html.ElementNode:
			if !slices.Contains(ourElements, n.Data) {
				say("the element %s", n.Data)
			}
			code = code || n.Data == "code" || n.Data == "pre"
			for _, a := range n.Attr {
				switch {
				case n.Data == "a" && a.Key == "href":
					link = true
					if liveTicket.MatchString(a.Val) {
						say("a back-link: %s", a.Val)
					}
					if !strings.HasPrefix(a.Val, "https://") && !strings.HasPrefix(a.Val, "http://") {
						say("a link to %q", a.Val)
					}
				default:
					say("the attribute %s of %s", a.Key, n.Data)
				}
			}
		case html.TextNode:
			if !code {
				all.WriteString(n.Data)
				for _, live := range []*regexp.Regexp{liveMention, liveNumber, liveEmoji} {
					if m := live.FindString(n.Data); m != "" {
						say("%q in %.80q", m, n.Data)
					}
				}
				if strings.Contains(n.Data, "$") {
					say("a formula in %.80q", n.Data)
				}
			}
			if !code && !link {
				for _, m := range liveCommit.FindAllString(n.Data, -1) {
					if strings.ContainsAny(m, "0123456789") {
						say("the commit %s", m)
					}
				}
				if m := liveAddress.FindString(n.Data); m != "" {
					say("the address %q in %.80q", m, n.Data)
				}
			}
			if n.Parent.Data == "p" && n.Parent.Parent.Data == "blockquote" && n.PrevSibling == nil && liveAlert.MatchString(n.Data) && !strings.Contains(md, ourAlert) {
				say("a forged alert: %.60q", n.Data)
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c, code, link)
		}
	}
	walk(doc, false, false)
	if m := liveClose.FindString(all.String()); m != "" {
		say("a closing reference: %q", m)
	}
	return out
}

// items counts the list items that a part shows.
func items(t *testing.T, md string) int {
	t.Helper()
	return strings.Count(rendered(t, md), "<li>")
}

// checkPart asserts that a part of a digest does nothing but be read.
func checkPart(t *testing.T, part string) {
	t.Helper()
	for _, a := range aliveIn(t, part) {
		t.Errorf("alive: %s", a)
	}
}

// checkPrinted asserts that text can be printed to a terminal and to a log of GitHub's runner.
func checkPrinted(t *testing.T, what, s string) {
	t.Helper()
	for line := range strings.Lines(s) {
		line = strings.TrimSuffix(line, "\n")
		for _, r := range line {
			if (unicode.IsControl(r) || invisible(r)) && r != '\t' && r != '\u200b' {
				t.Errorf("%s prints %U in %.120q", what, r, line)
			}
		}
		if commandLine(line) || strings.Contains(line, "##[") {
			t.Errorf("%s prints a command to GitHub's runner: %.120q", what, line)
		}
	}
}
