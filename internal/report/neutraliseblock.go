package report

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

const (
	blockLimit = 20000           // runes of a text of many lines
	codeLimit  = blockLimit - 20 // leaves room for the fences
	maxNesting = 5               // deeper lists and quotes are written at this depth
	maxStars   = 1000
	blockFence = "````"
)

// NeutraliseBlock is Neutralise for Markdown of many lines, such as a release note. Paragraphs, headings,
// lists, quotes and code blocks stay; a heading becomes a small one, a table a list, and emphasis loses
// its marks. Tags are shown as text. After 20,000 runes the rest is left out, and an ellipsis says so.
func NeutraliseBlock(s string) string {
	if overloaded(s) {
		// As with maxBrackets: reading it would take long for nothing, so it is shown as it is.
		return fenced(unfenced(s))
	}
	once := rewrite(s)
	if !overloaded(once) && rewrite(once) == once { // bare addresses have brackets now
		return once
	}
	// What reads differently the second time is an attack or a riddle: it is shown as it is.
	return fenced(strip(s, true))
}

func overloaded(s string) bool {
	return strings.Count(s, "[") > maxBrackets || strings.Count(s, "*")+strings.Count(s, "_") > maxStars
}

func rewrite(s string) string {
	src := []byte(strings.TrimSpace(strip(s, true)))
	if limit := 8 * blockLimit; len(src) > limit {
		src = src[:limit]
	}
	doc := goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.TaskList)).Parser().Parse(text.NewReader(src))
	w := blockWriter{src: src, left: blockLimit}
	w.children(doc, 0)
	if w.dropped {
		w.gap()
		w.lines = append(w.lines, "…")
	}
	return strings.TrimSpace(strings.Join(w.lines, "\n"))
}

// blockWriter writes blocks as lines, each paragraph on one.
type blockWriter struct {
	src     []byte
	lines   []string
	left    int // runes that may still be written
	dropped bool
}

// paragraph adds one line of text, if there is room.
func (w *blockWriter) paragraph(lead string, pieces []piece) {
	pieces = settle(pieces, inlineLimit*4)
	if len(pieces) == 0 {
		return
	}
	n := 0
	for _, p := range pieces {
		n += utf8.RuneCountInString(p.text)
	}
	if n > w.left || w.dropped {
		w.dropped = true
		return
	}
	w.left -= n
	w.lines = append(w.lines, lead+writePieces(pieces))
}

func (w *blockWriter) children(n ast.Node, depth int) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		w.block(c, depth)
	}
}

// gap puts an empty line between blocks.
func (w *blockWriter) gap() {
	if len(w.lines) > 0 && w.lines[len(w.lines)-1] != "" {
		w.lines = append(w.lines, "")
	}
}

func (w *blockWriter) block(n ast.Node, depth int) {
	switch n := n.(type) {
	case *ast.Paragraph, *ast.TextBlock:
		w.gap()
		w.paragraph("", appendInline(nil, n, w.src))
	case *ast.Heading:
		w.gap()
		w.paragraph("##### ", appendInline(nil, n, w.src))
	case *ast.CodeBlock, *ast.FencedCodeBlock:
		w.gap()
		w.code(string(n.Lines().Value(w.src)))
	case *ast.HTMLBlock:
		w.gap()
		raw := string(n.Lines().Value(w.src))
		if n.HasClosure() {
			raw += string(n.ClosureLine.Value(w.src))
		}
		w.paragraph("", []piece{{text: raw}})
	case *ast.Blockquote:
		w.gap()
		w.nest(n, depth, "> ", "> ")
	case *ast.List:
		w.gap()
		number := 1
		for item := n.FirstChild(); item != nil; item = item.NextSibling() {
			mark := "- "
			if n.IsOrdered() {
				mark = strconv.Itoa(number) + ". "
				number++
			}
			w.nest(item, depth, mark, strings.Repeat(" ", len(mark)))
		}
	case *extast.Table:
		w.gap()
		for row := n.FirstChild(); row != nil; row = row.NextSibling() {
			var pieces []piece
			for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
				if len(pieces) > 0 {
					pieces = append(pieces, piece{text: " · "})
				}
				pieces = appendInline(pieces, cell, w.src)
			}
			w.paragraph("- ", pieces)
		}
	case *ast.ThematicBreak, *ast.LinkReferenceDefinition:
	default:
		w.children(n, depth)
	}
}

// nest writes the children of n with first before their first line and rest before the others. At the
// greatest depth they are written without.
func (w *blockWriter) nest(n ast.Node, depth int, first, rest string) {
	if depth >= maxNesting {
		w.children(n, depth)
		return
	}
	inner := blockWriter{src: w.src, left: w.left, dropped: w.dropped}
	inner.children(n, depth+1)
	w.left, w.dropped = inner.left, inner.dropped
	for len(inner.lines) > 0 && inner.lines[len(inner.lines)-1] == "" {
		inner.lines = inner.lines[:len(inner.lines)-1]
	}
	for i, line := range inner.lines {
		lead := rest
		if i == 0 {
			lead = first
		}
		w.lines = append(w.lines, strings.TrimRight(lead+line, " "))
	}
}

func (w *blockWriter) code(s string) {
	s = fenced(s)
	n := utf8.RuneCountInString(strip(s, true))
	if n > w.left || w.dropped {
		w.dropped = true
		return
	}
	w.left -= n
	w.lines = append(w.lines, strings.Split(s, "\n")...)
}

// unfenced takes off the fence that fenced puts on; any other text stays.
func unfenced(s string) string {
	s = strip(s, true)
	inner, ok := strings.CutPrefix(s, blockFence+"\n")
	if !ok {
		return s
	}
	inner, ok = strings.CutSuffix(inner, "\n"+blockFence)
	if !ok || strip(fenced(inner), true) != s {
		return s
	}
	return inner
}

// fenced is a code block that its content cannot end: a run of backticks as long as the fence is cut.
func fenced(s string) string {
	s = strings.Trim(strip(s, true), "\n")
	for strings.Contains(s, blockFence) {
		s = strings.ReplaceAll(s, blockFence, "```")
	}
	if r := []rune(s); len(r) > codeLimit {
		s = string(r[:codeLimit-2]) + "\n…"
	}
	lines := strings.Split(breakRaw(s), "\n")
	for i, l := range lines {
		if orderLine.MatchString(l) || commandLine(l) {
			lines[i] = zwsp + l
		}
	}
	return blockFence + "\n" + strings.Join(lines, "\n") + "\n" + blockFence
}

// orderLine is a line that bots which read no Markdown take for an order: "/close", "/assign @somebody".
var orderLine = regexp.MustCompile(`^\s*/[A-Za-z][A-Za-z0-9-]*(\s|$)`)
