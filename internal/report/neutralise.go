package report

import (
	"html"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// inlineLimit is the number of runes after which an inline text is cut.
const inlineLimit = 1000

// Neutralise makes upstream's text safe to stand inline in our Markdown, on one line.
//
// It reads the text as a tree of very few things (words, code spans, links), and writes these anew in
// one canonical form. Everything else stays as the characters it was written with: a tag, a heading, an
// emphasis is shown, not obeyed. So nothing can be overlooked, and applying it twice changes nothing.
// What comes out pings nobody, refers to no issue, pull request or commit (and so closes none), holds no
// image, no HTML, no formula, no emoji's name and no invisible character but the zero-width spaces that
// do this, and is at most 1,000 runes of text, cut with an ellipsis.
func Neutralise(s string) string {
	return writePieces(readInline(s, inlineLimit))
}

// piece is one thing of a neutralised line: words, a code span, or a link.
type piece struct {
	kind pieceKind
	text string
	url  string // links only
}

type pieceKind int

const (
	words pieceKind = iota
	code
	anchor
)

// Reading links takes time by the square of the brackets. No sentence has this many; and text of this
// size is no sentence either.
const (
	maxBrackets = 200
	maxSource   = 400 * inlineLimit // more than the longest text of maxBrackets links that this package writes
)

// readInline reads one line of upstream's Markdown and limits it to limit runes.
func readInline(s string, limit int) []piece {
	if len(s) > maxSource {
		s = s[:maxSource]
	}
	s = clean(s)
	if strings.Count(s, "[") > maxBrackets {
		// Its Markdown is not read: it is words, and after the cut a text of few brackets again.
		s = writePieces(trim(shorten(join([]piece{{text: decode(s)}}), limit)))
	}
	src := []byte(s)
	p := inlineParser()
	doc := p.Parse(text.NewReader(src))
	var out []piece
	for block := doc.FirstChild(); block != nil; block = block.NextSibling() {
		out = appendInline(out, block, src)
		out = append(out, piece{text: " "})
	}
	return settle(out, limit)
}

// inlineParser knows paragraphs and three inline forms. Emphasis, HTML, headings and the rest are
// not forms to it but characters.
func inlineParser() parser.Parser {
	return parser.NewParser(
		parser.WithBlockParsers(util.Prioritized(parser.NewParagraphParser(), 1000)),
		parser.WithInlineParsers(
			util.Prioritized(parser.NewCodeSpanParser(), 100),
			util.Prioritized(parser.NewLinkParser(), 200),
			util.Prioritized(parser.NewAutoLinkParser(), 300),
		),
	)
}

// appendInline adds the inline children of n in reading order.
func appendInline(out []piece, n ast.Node, src []byte) []piece {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			out = append(out, piece{text: decode(string(c.Segment.Value(src)))})
			if c.SoftLineBreak() || c.HardLineBreak() {
				out = append(out, piece{text: " "})
			}
		case *ast.String:
			out = append(out, piece{text: string(c.Value)})
		case *ast.CodeSpan:
			out = append(out, piece{kind: code, text: plain(c, src, false)})
		case *ast.Link:
			out = append(out, linkPiece(plain(c, src, true), decode(string(c.Destination))))
		case *ast.Image:
			out = append(out, linkPiece(plain(c, src, true), decode(string(c.Destination))))
		case *ast.AutoLink:
			out = append(out, linkPiece("", string(c.URL(src))))
		case *ast.RawHTML:
			for i := range c.Segments.Len() {
				seg := c.Segments.At(i)
				out = append(out, piece{text: string(seg.Value(src))})
			}
		default:
			out = appendInline(out, c, src)
		}
	}
	return out
}

// plain is the text of a node without any form.
func plain(n ast.Node, src []byte, decoded bool) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			v := string(c.Segment.Value(src))
			if decoded {
				v = decode(v)
			}
			b.WriteString(v)
			if c.SoftLineBreak() || c.HardLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.CodeSpan:
			b.WriteString(plain(c, src, false))
		case *ast.AutoLink:
			b.Write(c.Label(src))
		default:
			b.WriteString(plain(c, src, decoded))
		}
	}
	return b.String()
}

// linkPiece is a link, or its words where the address is none that we print.
func linkPiece(label, raw string) piece {
	label = clean(label)
	l, ok := safeLink(raw, true)
	if !ok {
		if label == "" {
			label = clean(raw)
		}
		return piece{text: label}
	}
	if label == "" || label == clean(raw) {
		label = linkLabel(l)
	}
	return piece{kind: anchor, text: label, url: l.url}
}

// linkLabel names a bare address: owner/repo#N, or the address without its scheme.
func linkLabel(l link) string {
	if l.ticket != "" {
		return l.ticket
	}
	_, rest, _ := strings.Cut(l.url, "://")
	return strings.TrimSuffix(strings.TrimPrefix(rest, "www."), "/")
}

// settle brings pieces to the one form that reading them again would give: neighbours of a kind are one,
// blanks are single, bare addresses are links, commit ids are code, and the whole is short enough.
func settle(in []piece, limit int) []piece {
	out := trim(join(in))
	// A cut may leave what reads as an address or a commit id where there was none.
	for range 4 {
		next := shorten(relink(out), limit)
		if slices.Equal(next, out) {
			break
		}
		out = next
	}
	return trim(out)
}

func relink(in []piece) []piece {
	var out []piece
	for _, p := range in {
		if p.kind == words {
			out = append(out, linkify(p.text)...)
		} else {
			out = append(out, p)
		}
	}
	return join(out)
}

// join merges neighbours and folds blanks. Empty pieces go.
func join(in []piece) []piece {
	var out []piece
	for _, p := range in {
		if p.kind == words {
			p.text = foldBlanks(strip(p.text, false))
		} else {
			p.text = clean(p.text)
		}
		if p.text == "" {
			continue
		}
		if n := len(out) - 1; n >= 0 && out[n].kind == p.kind && p.kind != anchor {
			marked := startsMarked(p.text)
			out[n].text += p.text
			if marked { // together they may be too many
				out[n].text = strip(out[n].text, false)
			}
			if p.kind == words {
				out[n].text = foldBlanks(out[n].text)
			}
			continue
		}
		out = append(out, p)
	}
	return out
}

func startsMarked(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.In(r, unicode.Mn, unicode.Me)
}

// foldBlanks makes every run of white space one blank, also at the ends.
func foldBlanks(s string) string {
	var b strings.Builder
	blank := false
	for _, r := range s {
		if unicode.IsSpace(r) {
			if !blank {
				b.WriteByte(' ')
			}
			blank = true
			continue
		}
		blank = false
		b.WriteRune(r)
	}
	return b.String()
}

func trim(in []piece) []piece {
	for len(in) > 0 && in[0].kind == words {
		if in[0].text = strings.TrimLeft(in[0].text, " "); in[0].text != "" {
			break
		}
		in = in[1:]
	}
	for len(in) > 0 && in[len(in)-1].kind == words {
		n := len(in) - 1
		if in[n].text = strings.TrimRight(in[n].text, " "); in[n].text != "" {
			break
		}
		in = in[:n]
	}
	return in
}

// shorten cuts at limit runes, and before there are more than maxBrackets brackets to read. Code and
// words are cut, a link is kept whole or goes.
func shorten(in []piece, limit int) []piece {
	if runes, brackets := weigh(in); runes <= limit && brackets <= maxBrackets {
		return in
	}
	runes, brackets := limit-1, maxBrackets // one rune for the ellipsis
	var out []piece
	for _, p := range in {
		n, m := weigh([]piece{p})
		if n <= runes && m <= brackets {
			out = append(out, p)
			runes, brackets = runes-n, brackets-m
			continue
		}
		if p.kind != anchor {
			p.text = firstOf(p.text, runes, brackets)
			out = append(out, p)
		}
		break
	}
	return join(append(trim(out), piece{text: "…"}))
}

// weigh counts the runes a reader sees and the brackets that are written for them.
func weigh(in []piece) (runes, brackets int) {
	for _, p := range in {
		runes += utf8.RuneCountInString(p.text)
		brackets += strings.Count(p.text, "[")
		if p.kind == anchor {
			brackets++
		}
	}
	return runes, brackets
}

// firstOf is the longest beginning of s with no more than so many runes and brackets.
func firstOf(s string, runes, brackets int) string {
	for i, r := range s {
		if r == '[' {
			brackets--
		}
		if runes == 0 || brackets < 0 {
			return s[:i]
		}
		runes--
	}
	return s
}

var (
	bareURL = regexp.MustCompile(`(?i)(?:https?://|\bwww\.)[^\s<>"'` + "`" + `…|\\^{}]+`)
	// literal finds what must stand in a code span. GitHub reads what is between two dollars as a formula,
	// and no escape keeps it from that. The words of seven letters and digits may be a commit, and hexWord
	// knows them. Words of letters only ("defaced") are left alone.
	literal = regexp.MustCompile(`\$(?:\{[^{}$\s]*\}|\([^()$\s]*\)|[0-9A-Za-z_]+)?|[0-9A-Za-z]{7,}`)
	hexWord = regexp.MustCompile(`(?i)^[a-f]*[0-9][0-9a-f]*$`)
)

// linkify splits words at bare addresses and at what must be code.
func linkify(s string) []piece {
	var out []piece
	for s != "" {
		loc := bareURL.FindStringIndex(s)
		if loc == nil {
			return append(out, literals(s)...)
		}
		raw := trimURL(s[loc[0]:loc[1]])
		target := raw
		if !strings.Contains(target, "://") {
			target = "https://" + target
		}
		l, ok := safeLink(target, true)
		end := loc[0] + len(raw)
		if !ok {
			// Not an address we print. Its letters stay, and escaping makes them no link.
			out = append(out, literals(s[:end])...)
		} else {
			out = append(out, literals(s[:loc[0]])...)
			out = append(out, piece{kind: anchor, text: linkLabel(l), url: l.url})
		}
		s = s[end:]
	}
	return out
}

// trimURL leaves out what ends a sentence, not an address.
func trimURL(s string) string {
	for s != "" {
		switch last := s[len(s)-1]; last {
		case '?', '!', '.', ',', ':', ';', '*', '_', '~', ']':
			s = s[:len(s)-1]
		case ')':
			if strings.Count(s, "(") >= strings.Count(s, ")") {
				return s
			}
			s = s[:len(s)-1]
		default:
			return s
		}
	}
	return s
}

// literals splits words at what must be code.
func literals(s string) []piece {
	var out []piece
	for s != "" {
		loc := literal.FindStringIndex(s)
		if loc == nil {
			return append(out, piece{text: s})
		}
		kind := words
		if s[loc[0]] == '$' || hexWord.MatchString(s[loc[0]:loc[1]]) {
			kind = code
		}
		out = append(out, piece{text: s[:loc[0]]}, piece{kind: kind, text: s[loc[0]:loc[1]]})
		s = s[loc[1]:]
	}
	return out
}

var entity = regexp.MustCompile(`^&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});`)

// decode resolves backslash escapes and character references in one pass, as CommonMark does.
func decode(s string) string {
	if !strings.ContainsAny(s, `\&`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && util.IsPunct(s[i+1]):
			i++
			b.WriteByte(s[i])
		case s[i] == '&':
			if m := entity.FindString(s[i:]); m != "" {
				b.WriteString(html.UnescapeString(m))
				i += len(m) - 1
				continue
			}
			b.WriteByte('&')
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// writePieces writes pieces that begin a line.
func writePieces(in []piece) string { return write(in, true) }

// write writes pieces; start says that they begin a line.
func write(in []piece, start bool) string {
	var b strings.Builder
	for i, p := range in {
		switch p.kind {
		case code:
			b.WriteString(codeSpan(p.text))
		case anchor:
			b.WriteString("[" + linkText(p.text) + "](" + p.url + ")")
		default:
			b.WriteString(escape(p.text, start && i == 0))
		}
	}
	return b.String()
}

// linkText writes the text of a link: all of it is code where a part would have to be.
func linkText(s string) string {
	if strings.Contains(s, "$") {
		return codeSpan(s)
	}
	return escape(s, false)
}

// codeSpan puts s in a code span that its content cannot leave.
func codeSpan(s string) string {
	s = breakRaw(clean(s))
	if s == "" {
		return ""
	}
	run, longest := 0, 0
	for _, r := range s {
		if r == '`' {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	fence := strings.Repeat("`", longest+1)
	if longest > 0 && (s[0] == '`' || s[len(s)-1] == '`') {
		s = " " + s + " "
	}
	return fence + s + fence
}

// breakRaw breaks what is obeyed even within code, by those who read no Markdown: a marker is an HTML
// comment that a careless reader might look for in the bare text, and GitHub's runner obeys "##[" in a log.
func breakRaw(s string) string {
	return strings.NewReplacer("<!--", "<!"+zwsp+"--", "##[", "##"+zwsp+"[").Replace(s)
}

// escape writes plain text so that GitHub's Markdown shows exactly that text and does nothing else with
// it. start says that it begins a line.
func escape(s string, start bool) string {
	var b strings.Builder
	runes := []rune(s)
	at := func(i int) rune {
		if i < 0 || i >= len(runes) {
			return 0
		}
		return runes[i]
	}
	for i, r := range runes {
		prev, next := at(i-1), at(i+1)
		switch {
		case start && i == 0 && strings.ContainsRune("#+->=:/", r): // "/close" is an order to some bots
			b.WriteString(`\` + string(r))
			if r == '#' && (next == 0 || isDigit(next)) || r == ':' && shortcode(runes[1:]) {
				b.WriteString(zwsp)
			}
		case start && (r == '.' || r == ')') && (next == 0 || unicode.IsSpace(next)) && allDigits(runes[:i]):
			b.WriteString(`\` + string(r))
		case strings.ContainsRune("\\`*[]~|", r):
			b.WriteString(`\` + string(r))
		case r == '_' && (!isWord(prev) || !isWord(next)):
			b.WriteString(`\_`)
		case r == '!' && (next == 0 || next == '['):
			b.WriteString(`\!`)
		case r == '<':
			b.WriteString("&lt;")
		case r == '&' && (next == '#' || isWord(next)):
			b.WriteString("&amp;")
		case r == '@':
			b.WriteString("@")
			if !unicode.IsSpace(next) {
				b.WriteString(zwsp)
			}
		case r == '#' && (next == 0 || isDigit(next)),
			r == ':' && (next == '/' && at(i+2) == '/' || shortcode(runes[i+1:])),
			r == '-' && (next == 0 || isDigit(next)) && i >= 2 && strings.EqualFold(string(runes[i-2:i]), "gh"),
			r == '!' && prev == '[': // an alert
			b.WriteString(string(r) + zwsp)
		case r == '.' && i >= 3 && strings.EqualFold(string(runes[i-3:i]), "www"):
			b.WriteString(zwsp + ".") // behind it, the zero-width space would be read as part of a host
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// shortcode reports whether rs begin as the rest of an emoji's name does, ":+1:".
func shortcode(rs []rune) bool {
	const longest = 60
	for i, r := range rs[:min(len(rs), longest)] {
		if r == ':' {
			return i > 0
		}
		if r >= utf8.RuneSelf || !isWord(r) && r != '_' && r != '-' && r != '+' {
			return false
		}
	}
	return false
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func allDigits(rs []rune) bool {
	for _, r := range rs {
		if !isDigit(r) {
			return false
		}
	}
	return len(rs) > 0
}
