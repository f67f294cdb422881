package gate

import (
	"bytes"
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// remarks are the comments of one map that may plan removals, in order.
type remarks struct {
	source *source
	left   []*ast.CommentGroup
}

// remarks finds the comments of a literal, up to the end of its last line.
func (s *source) remarks(lit *ast.CompositeLit) *remarks {
	from, _ := slices.BinarySearchFunc(s.file.Comments, lit.Pos(), func(g *ast.CommentGroup, p token.Pos) int {
		return int(g.Pos() - p)
	})
	return &remarks{source: s, left: s.file.Comments[from:]}
}

// of returns the release in which the comments at the ends of a row's lines plan the gate's removal,
// or "". A comment on a line of its own is a heading or a remark on what follows, and plans nothing.
// Rows must be asked for in order; next is where the row after this one begins.
func (m *remarks) of(row ast.Node, next token.Pos) string {
	release := ""
	for len(m.left) > 0 {
		g := m.left[0]
		if g.Pos() > next && m.source.line(g.Pos()) > m.source.line(row.End()) {
			return release
		}
		if g.Pos() > next && m.source.line(next) == m.source.line(row.End()) && !m.source.endsAt(next) {
			return release // the next row on the same line
		}
		m.left = m.left[1:]
		if g.Pos() < row.Pos() || m.source.line(g.Pos()) > m.source.line(row.End()) {
			continue
		}
		if v := m.source.removal(g); v != "" {
			release = v
		}
	}
	return release
}

// endsAt reports whether a literal ends at pos: what follows on the line still belongs to its last row.
func (s *source) endsAt(pos token.Pos) bool {
	i := s.tok.Offset(pos)
	return i < len(s.src) && s.src[i] == '}'
}

// remarkOfLine returns the removal planned at the end of a statement's lines.
func (s *source) remarkOfLine(n ast.Node) string {
	from, _ := slices.BinarySearchFunc(s.file.Comments, n.Pos(), func(g *ast.CommentGroup, p token.Pos) int {
		return int(g.Pos() - p)
	})
	release := ""
	for _, g := range s.file.Comments[from:] {
		if s.line(g.Pos()) > s.line(n.End()) {
			break
		}
		if v := s.removal(g); v != "" {
			release = v
		}
	}
	return release
}

// removal reads a comment that follows code on its line.
func (s *source) removal(g *ast.CommentGroup) string {
	at := s.tok.Offset(g.Pos())
	start := bytes.LastIndexByte(s.src[:at], '\n') + 1
	if len(bytes.TrimSpace(s.src[start:at])) == 0 {
		return ""
	}
	return plannedRemoval(g.List[0].Text)
}

// plannedRemoval finds the release in which a remark plans a removal: "remove in 1.36", "remov in
// v1.29", "remove no early than 1.23", "remove after 1.30": the release it names, as written. A remark
// on graduation ("GA in 0.20"), and a removal that waits for another gate, plan none.
func plannedRemoval(comment string) string {
	rest := strings.ToLower(comment)
	for {
		_, tail, ok := strings.Cut(rest, "remov")
		if !ok {
			return ""
		}
		rest = tail
		words := strings.Fields(strings.TrimLeft(rest, "abcdefghijklmnopqrstuvwxyz"))
		switch {
		case len(words) >= 2 && (words[0] == "in" || words[0] == "after"):
			words = words[1:]
		case len(words) >= 4 && words[0] == "no" && (words[1] == "early" || words[1] == "earlier" || words[1] == "sooner") && words[2] == "than":
			words = words[3:]
		default:
			continue
		}
		v := leadingMinor(words[0])
		if v != "" {
			return v
		}
	}
}

// leadingMinor cuts "v1.36." to "1.36"; "" where the word does not begin with a version.
func leadingMinor(word string) string {
	word = strings.TrimPrefix(word, "v")
	major := digits(word)
	if major == 0 || major == len(word) || word[major] != '.' {
		return ""
	}
	minor := digits(word[major+1:])
	if minor == 0 {
		return ""
	}
	return word[:major+1+minor]
}

func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
