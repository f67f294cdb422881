package report

import (
	"strings"
	"unicode"
)

// zwsp is put behind what GitHub would otherwise turn into a mention or a reference; its documentation
// names it as the remedy. It is the only invisible character that leaves this package.
const zwsp = "\u200b"

// clean makes one line of s: control, bidi and zero-width characters go, white space is folded.
func clean(s string) string {
	return strings.Join(strings.Fields(strip(s, false)), " ")
}

// strip removes what is invisible or steers a terminal or the reading direction. With lines set, line
// ends and tabs stay as they are; otherwise they become blanks.
func strip(s string, lines bool) string {
	s = stripEscapes(strings.ToValidUTF8(s, "\uFFFD"))
	if lines {
		s = strings.ReplaceAll(s, "\r\n", "\n")
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			if lines {
				return r
			}
			return ' '
		case r == '\r', r == '\v', r == '\f', r == '\u0085', r == '\u2028', r == '\u2029':
			if lines {
				return '\n'
			}
			return ' '
		case unicode.Is(unicode.Cf, r), unicode.IsControl(r):
			return -1
		}
		return r
	}, s)
}

// stripEscapes removes whole terminal sequences, so that "\x1b[31mred" leaves "red" and not "[31mred".
func stripEscapes(s string) string {
	if !strings.Contains(s, "\x1b") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] != 0x1b {
			b.WriteByte(s[i])
			i++
			continue
		}
		i = escapeEnd(s, i+1)
	}
	return b.String()
}

// escapeEnd gives the index behind the sequence whose introducer ends before i.
func escapeEnd(s string, i int) int {
	if i >= len(s) {
		return i
	}
	switch s[i] {
	case '[': // CSI: parameters, then one final byte
		for i++; i < len(s) && s[i] >= 0x20 && s[i] <= 0x3f; i++ {
		}
		if i < len(s) && s[i] >= 0x40 && s[i] <= 0x7e {
			i++
		}
		return i
	case ']', 'P', '_', '^', 'X': // strings, ended by BEL or ESC \
		for j := i + 1; j < len(s) && s[j] != '\n'; j++ {
			if s[j] == 0x07 {
				return j + 1
			}
			if s[j] == 0x1b {
				if j+1 < len(s) && s[j+1] == '\\' {
					return j + 2
				}
				return j
			}
		}
		return i + 1 // unterminated: only the introducer goes, so that no text is swallowed
	default:
		return i
	}
}

// cut shortens s to at most n runes, the last one an ellipsis.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	count := 0
	for i := range s {
		count++
		if count == n {
			// i is where the n-th rune starts: it becomes the ellipsis if more follow it.
			if rest := s[i:]; len([]rune(rest)) > 1 {
				return strings.TrimRight(s[:i], " ") + "…"
			}
			return s
		}
	}
	return s
}
