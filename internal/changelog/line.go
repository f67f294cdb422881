package changelog

import "strings"

// indentOf gives the columns of white space in front, a tab going to the next multiple of four, and the rest.
func indentOf(line string) (columns int, rest string) {
	for i := range len(line) {
		switch line[i] {
		case ' ':
			columns++
		case '\t':
			columns += 4 - columns%4
		default:
			return columns, line[i:]
		}
	}
	return columns, ""
}

// bullet reports whether the rest of a line, behind its indentation, begins a list item, and what follows the
// marker. width is that of marker and blanks. A line of markers only is a rule across the page.
func bullet(rest string) (marker byte, text string, width int, ok bool) {
	if rest == "" || rest[0] != '-' && rest[0] != '*' && rest[0] != '+' {
		return 0, "", 0, false
	}
	marker = rest[0]
	if len(rest) == 1 {
		return marker, "", 2, true
	}
	if rest[1] != ' ' && rest[1] != '\t' {
		return marker, rest[1:], 1, glued(rest)
	}
	if strings.Count(rest, rest[:1]) >= 3 && strings.Trim(rest, rest[:1]+" \t") == "" {
		return 0, "", 0, false
	}
	columns, text := indentOf(rest[1:])
	return marker, text, 1 + columns, true
}

// glued reports whether a hyphen without its blank was meant as a bullet: "-Removed … ([#1](…/pull/1), …)", as one
// note of 1.12 is written.
func glued(rest string) bool {
	c := rest[1]
	return rest[0] == '-' && (c >= 'A' && c <= 'Z' || c == '`') && strings.Contains(rest, ownPulls)
}

// refers reports whether a line has a reference to a pull request, linked or bare.
func refers(line string) bool {
	return strings.Contains(line, ownPulls) || strings.Contains(line, "(#") && strings.Contains(line, ", @")
}

// fence reports whether the rest of a line begins a fenced block of code, and with which character.
func fence(rest string) (char byte, ok bool) {
	if strings.HasPrefix(rest, "```") {
		return '`', strings.IndexByte(strings.TrimLeft(rest, "`"), '`') < 0
	}
	return '~', strings.HasPrefix(rest, "~~~")
}

// closesFence reports whether a line ends a block of code begun with char.
func closesFence(line string, char byte) bool {
	line = strings.TrimSpace(line)
	return len(line) >= 3 && line[0] == char && strings.Trim(line, line[:1]) == ""
}

// heading gives the level and title of a heading, 0 where the rest of a line is none.
func heading(rest string) (level int, title string) {
	for level < len(rest) && rest[level] == '#' {
		level++
	}
	if level == 0 || level > 6 || level < len(rest) && rest[level] != ' ' && rest[level] != '\t' {
		return 0, ""
	}
	return level, plainTitle(short(rest[level:], maxHeading))
}

// maxHeading is what is read of a heading, in bytes: all below it are judged by it again.
const maxHeading = 500

// plainTitle takes the mark-up off a heading: bold, code, HTML tags, links, closing hashes.
func plainTitle(s string) string {
	s = strings.TrimSpace(s)
	if t := strings.TrimRight(s, "#"); t == "" || strings.HasSuffix(t, " ") {
		s = strings.TrimSpace(t)
	}
	if !strings.ContainsAny(s, "*`<[") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '*', '`':
			continue
		case '<':
			if end := strings.IndexByte(s[i:], '>'); end > 1 && (s[i+1] == '/' || isLetter(s[i+1])) {
				i += end
				continue
			}
		case '[':
			if label, _, end, ok := linkAt(s, i); ok {
				b.WriteString(plainTitle(label))
				i = end - 1
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return strings.TrimSpace(b.String())
}

// versionOf gives the version of a title that opens a section: "v1.36.0-beta.1". "Kubernetes v1.16.0
// Release Notes" opens none.
func versionOf(title string) (string, bool) {
	word, _, _ := strings.Cut(title, " ")
	v, ok := strings.CutPrefix(word, "v")
	if !ok {
		return "", false
	}
	core, pre, dashed := strings.Cut(v, "-")
	if dashed && (pre == "" || strings.Trim(pre, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-") != "") {
		return "", false
	}
	parts := strings.Split(core, ".")
	if len(parts) != 3 {
		return "", false
	}
	for _, p := range parts {
		if p == "" || len(p) > 6 || strings.Trim(p, "0123456789") != "" {
			return "", false
		}
	}
	return v, true
}

// opensSection reports whether a line is the heading of a section, where these stand on a level.
func opensSection(line string, top int) (string, bool) {
	if !strings.HasPrefix(line, "#") {
		return "", false
	}
	level, title := heading(line)
	if level != top {
		return "", false
	}
	return versionOf(title)
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
