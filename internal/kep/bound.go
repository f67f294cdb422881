package kep

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// A Markdown parser's time grows with the square of a paragraph's length and of the blocks that one line opens.
// Real READMEs have lines of at most 1.5 KB.
const (
	maxStretch = 4 << 10
	maxNesting = 30
)

// bounded returns src with a blank line wherever too much stands between two, and without lines that open
// too many blocks. breaks are the ends of the lines of src in what is returned, so that lines can be counted as
// their author counts them.
func bounded(src []byte) (out []byte, breaks []int) {
	out = make([]byte, 0, len(src)+64)
	breaks = make([]int, 0, 1+bytes.Count(src, []byte("\n")))
	stretch := 0
	for line := range bytes.Lines(src) {
		body, whole := bytes.CutSuffix(line, []byte("\n"))
		switch {
		case len(bytes.TrimSpace(body)) == 0:
			stretch = 0
		case opensMany(body):
			body = nil
		case stretch+len(body) > maxStretch && stretch > 0:
			out = append(out, '\n')
			stretch = 0
		}
		for len(body) > maxStretch {
			cut := maxStretch
			for cut > 1 && !utf8.RuneStart(body[cut]) {
				cut--
			}
			out = append(append(out, body[:cut]...), "\n\n"...)
			body = body[cut:]
		}
		stretch += len(body)
		out = append(out, body...)
		if whole {
			breaks = append(breaks, len(out))
			out = append(out, '\n')
		}
	}
	return out, breaks
}

// opensMany reports whether a line begins with more marks of quotes and lists than a person would write.
func opensMany(line []byte) bool {
	marks := 0
	for i, c := range line {
		switch {
		case c == '>':
			marks++
		case strings.IndexByte("-*+.)", c) >= 0 && i+1 < len(line) && (line[i+1] == ' ' || line[i+1] == '\t'):
			marks++
		case c == ' ' || c == '\t' || c >= '0' && c <= '9' || strings.IndexByte("-*+.)", c) >= 0:
		default:
			return marks > maxNesting
		}
	}
	return marks > maxNesting
}
