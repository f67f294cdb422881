package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	stdhtml "html"
	"html/template"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"
)

// HTML renders a digest as one page that needs nothing else: no script, no font, no image, and a policy
// that forbids them. It follows the reader's light or dark setting and fits a phone.
//
// It is made from the Markdown, so it says the same. Raw HTML in it is ours alone (details and summary);
// the renderer escapes any other tag, although the neutraliser lets none through.
func HTML(d Digest) (string, error) {
	md := Markdown(d, MarkdownOptions{Budget: 1 << 30, plainAlerts: true})
	out, err := pageOf(Title(d), md[0])
	if err != nil {
		return "", fmt.Errorf("render digest %s as HTML: %w", d.Definition, err)
	}
	return out, nil
}

// Fragment renders Markdown that this package made, for a page that somebody else makes. Like [HTML] it escapes every tag
// that is not ours.
func Fragment(md string) (template.HTML, error) {
	body, err := bodyOf(md)
	return template.HTML(body), err //nolint:gosec // goldmark escapes; the only raw tags are those of ourTags
}

// bodyOf renders our own Markdown.
func bodyOf(md string) (string, error) {
	engine := goldmark.New(
		// Not all of GFM: every link in our Markdown is written out, and bare addresses are text.
		goldmark.WithExtensions(extension.Strikethrough),
		goldmark.WithRendererOptions(
			html.WithHardWraps(),
			renderer.WithNodeRenderers(util.Prioritized(ourTags{}, 1)),
		),
	)
	var body bytes.Buffer
	err := engine.Convert([]byte(md), &body)
	return forLogs(body.String()), err
}

// pageOf makes a page of our own Markdown.
func pageOf(title, md string) (string, error) {
	body, err := bodyOf(md)
	if err != nil {
		return "", err
	}
	page, err := template.New("page").Parse(pageShell)
	if err != nil {
		return "", fmt.Errorf("parse the page's template: %w", err)
	}
	sum := sha256.Sum256([]byte(pageStyle))
	var out bytes.Buffer
	err = page.Execute(&out, struct {
		Title  string
		Policy string
		Style  template.CSS
		Body   template.HTML
	}{
		Title:  title,
		Policy: "default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'",
		Style:  template.CSS(pageStyle),
		Body:   template.HTML(body), //nolint:gosec // goldmark escapes; the only raw tags are those of ourTags
	})
	if err != nil {
		return "", err
	}
	return out.String(), nil
}

// forLogs writes a page so that GitHub's runner, which reads what a job prints, finds no command in it.
func forLogs(page string) string {
	return strings.NewReplacer("##[", "##&#91;", "\n::", "\n&#58;:").Replace(page)
}

// ourTags writes the few tags that our Markdown holds and escapes any other.
type ourTags struct{}

// RegisterFuncs implements renderer.NodeRenderer.
func (ourTags) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindHTMLBlock, func(w util.BufWriter, src []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		block, ok := n.(*ast.HTMLBlock)
		if !ok || !entering {
			return ast.WalkContinue, nil
		}
		for i := range block.Lines().Len() {
			seg := block.Lines().At(i)
			writeOurs(w, seg.Value(src))
		}
		if block.HasClosure() {
			writeOurs(w, block.ClosureLine.Value(src))
		}
		return ast.WalkContinue, nil
	})
	// Our Markdown has no image; one that came in some other way is its words.
	r.Register(ast.KindImage, func(util.BufWriter, []byte, ast.Node, bool) (ast.WalkStatus, error) { return ast.WalkContinue, nil })
	r.Register(ast.KindRawHTML, func(w util.BufWriter, src []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		raw, ok := n.(*ast.RawHTML)
		if !ok || !entering {
			return ast.WalkSkipChildren, nil
		}
		for i := range raw.Segments.Len() {
			seg := raw.Segments.At(i)
			writeOurs(w, seg.Value(src))
		}
		return ast.WalkSkipChildren, nil
	})
}

var ourTag = regexp.MustCompile(`</?(?:details|summary|b|code)>`)

func writeOurs(w util.BufWriter, line []byte) {
	at := 0
	for _, loc := range ourTag.FindAllIndex(line, -1) {
		_, _ = w.Write(util.EscapeHTML(escapedOnce(line[at:loc[0]])))
		_, _ = w.Write(line[loc[0]:loc[1]])
		at = loc[1]
	}
	_, _ = w.Write(util.EscapeHTML(escapedOnce(line[at:])))
}

// escapedOnce undoes our own escapes within a summary, because what follows escapes all of it.
func escapedOnce(b []byte) []byte { return []byte(stdhtml.UnescapeString(string(b))) }

const pageShell = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{{.Policy}}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>{{.Title}}</title>
<style>{{.Style}}</style>
</head>
<body>
<main>
<h1>{{.Title}}</h1>
{{.Body}}</main>
</body>
</html>
`

const pageStyle = `
:root { --text: #1f2328; --quiet: #59636e; --back: #ffffff; --soft: #f4f6f8; --line: #d5dbe1; --link: #0a58ca; --warn: #9a6700; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6e9ec; --quiet: #9aa4af; --back: #14181c; --soft: #1f252b; --line: #39424b; --link: #7db4ff; --warn: #e3b341; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 46rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; overflow-wrap: anywhere; }
h1 { font-size: 1.35rem; line-height: 1.3; margin: 0 0 1rem; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; padding-bottom: .25rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.6rem 0 .5rem; }
ul { padding-left: 1.1rem; }
li { margin: .65rem 0; }
a { color: var(--link); text-decoration-thickness: 1px; text-underline-offset: 2px; }
code { background: var(--soft); border-radius: 4px; padding: .1em .3em; font: .9em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
blockquote { margin: 1rem 0; padding: .4rem 1rem; border-left: 4px solid var(--warn); background: var(--soft); }
details { margin: .7rem 0; padding: .5rem .9rem; border: 1px solid var(--line); border-radius: 6px; }
summary { cursor: pointer; }
details li { margin: .3rem 0; }
hr { border: 0; border-top: 1px solid var(--line); margin: 2.5rem 0 1rem; }
hr ~ ul, hr ~ p { color: var(--quiet); font-size: .9rem; }
@media print { details > * { display: block; } a { color: inherit; } }
`
