package report

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// zwsp is put behind what GitHub would otherwise turn into a mention or a reference; its documentation
// names it as the remedy. It is the only invisible character that leaves this package.
const zwsp = "\u200b"

// clean makes one line of s: control, bidi and zero-width characters go, white space is folded.
func clean(s string) string {
	return strings.Join(strings.Fields(strip(s, false)), " ")
}

// maxMarks is how many combining marks one letter may carry. No script needs more; what has more is
// drawn over the lines around it.
const maxMarks = 4

// strip removes what is invisible or steers a terminal or the reading direction, and the marks that a
// letter has too many of. With lines set, line ends and tabs stay as they are; otherwise they become
// blanks.
func strip(s string, lines bool) string {
	s = stripEscapes(strings.ToValidUTF8(s, "\uFFFD"))
	if lines {
		s = strings.ReplaceAll(s, "\r\n", "\n")
	}
	marks := 0
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
		case r < utf8.RuneSelf && r >= ' ' && r != 0x7f:
			marks = 0
		case invisible(r):
			return -1
		case unicode.In(r, unicode.Mn, unicode.Me):
			if marks++; marks > maxMarks {
				return -1
			}
		default:
			marks = 0
		}
		return r
	}, s)
}

// invisible reports whether nobody sees r: controls, format and bidi characters, tags, variation
// selectors, fillers, and the code points that are none. Text could hide in them, or two names look alike.
func invisible(r rune) bool {
	if r < utf8.RuneSelf {
		return r < ' ' || r == 0x7f
	}
	switch {
	case unicode.IsControl(r),
		unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point),
		r == '\u2800',                // the braille pattern without a dot
		r >= 0xfff0 && r <= 0xfff8,   // unassigned, and ignored where shown
		r >= 0xe0000 && r <= 0xe0fff, // tags and what may become tags
		r&0xfffe == 0xfffe,           // no characters, at the end of each plane
		r >= 0xfdd0 && r <= 0xfdef:   // no characters either
		return true
	}
	return false
}

// Line is s on one line, to be printed within one of ours.
func Line(s string) string { return disarm(clean(s)) }

// Printable is s as it may be printed to a terminal or a log: it steers no terminal, hides nothing, and
// GitHub's runner takes no line of it for a command. Line ends and tabs stay.
func Printable(s string) string {
	lines := strings.Split(strip(s, true), "\n")
	for i, l := range lines {
		lines[i] = disarm(l)
	}
	return strings.Join(lines, "\n")
}

// disarm breaks what GitHub's runner would obey when it stands in a log line: "::set-output ...::" at its
// beginning, and "##[add-mask]" anywhere.
func disarm(line string) string {
	if commandLine(line) {
		at := strings.Index(line, "::") + 1
		line = line[:at] + " " + line[at:]
	}
	return strings.ReplaceAll(line, "##[", "## [")
}

// commandLine reports whether line begins as a command of GitHub's runner does. Addresses of IPv6 do not,
// or nearly never.
func commandLine(line string) bool {
	t, ok := strings.CutPrefix(strings.TrimLeftFunc(line, unicode.IsSpace), "::")
	r, _ := utf8.DecodeRuneInString(t)
	return ok && unicode.IsLetter(r) && strings.Contains(t, "::")
}

// stripEscapes removes whole terminal sequences, so that "\x1b[31mred" leaves "red" and not "[31mred".
// Their introducers may be single characters, too.
func stripEscapes(s string) string {
	if strings.Contains(s, "\xc2") { // the first byte of U+0080 to U+00BF
		s = strings.NewReplacer("\u0090", "\x1bP", "\u0098", "\x1bX", "\u009b", "\x1b[", "\u009c", "\x1b\\", "\u009d", "\x1b]", "\u009e", "\x1b^", "\u009f", "\x1b_").Replace(s)
	}
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
	default: // "(0", "c": intermediate bytes, then one final byte
		for ; i < len(s) && s[i] >= 0x20 && s[i] <= 0x2f; i++ {
		}
		if i < len(s) && s[i] >= 0x30 && s[i] <= 0x7e {
			i++
		}
		return i
	}
}

// short makes one line of at most n runes of s. Of a text of megabytes only the beginning is read.
func short(s string, n int) string {
	most := 64*n + 1024
	if len(s) <= most {
		return cut(clean(s), n)
	}
	for !utf8.RuneStart(s[most]) && most > 64*n {
		most--
	}
	return cut(clean(s[:most])+"…", n)
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
