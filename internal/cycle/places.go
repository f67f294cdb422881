package cycle

import (
	"html"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

var (
	bullet     = regexp.MustCompile(`^\s*(?:[-*+]|\d{1,3}[.)])\s+(.*)$`)
	separator  = regexp.MustCompile(`^\s*\|?\s*:?-{2,}:?\s*(\|\s*:?-{2,}:?\s*)*\|?\s*$`)
	struck     = regexp.MustCompile(`(?is)~~.*?~~|<del>.*?</del>|<s>.*?</s>|<strike>.*?</strike>`)
	comment    = regexp.MustCompile(`(?s)<!--.*?-->`)
	lineBreak  = regexp.MustCompile(`(?i)<br\s*/?>`)
	tag        = regexp.MustCompile(`</?[a-zA-Z][^<>]*>`)
	link       = regexp.MustCompile(`!?\[([^\[\]]*)\](?:\([^()\s]*(?:\s+"[^"]*")?\)|\[[^\[\]]*\])?`)
	emphasis   = strings.NewReplacer("**", "", "__", "", "*", "", "`", "", "\u00a0", " ", "\u200b", "", "\\|", "|")
	formerly   = regexp.MustCompile(`(?i)\([^()]*\b(was|were|previously|originally|formerly|moved from|postponed from|instead of)\b[^()]*\)`)
	weekOf     = regexp.MustCompile(`(?i)\bweeks?\s*#?\d{1,2}\b`)
	leftovers  = regexp.MustCompile(`[\s:;,/()–—→-]+`)
	placeholds = regexp.MustCompile(`(?i)\b(tbd|tba|tbc|n/a|to be (decided|determined|announced|confirmed)|not decided|unknown|cancell?ed)\b`)
)

// longestItem bounds an item of a list with its further lines, in bytes.
const longestItem = 2000

// clean is a text without Markdown, HTML and what is struck through.
func clean(s string) string {
	s = struck.ReplaceAllString(s, " ")
	s = lineBreak.ReplaceAllString(s, " / ")
	s = tag.ReplaceAllString(s, "")
	s = link.ReplaceAllString(s, "$1")
	return strings.TrimSpace(emphasis.Replace(html.UnescapeString(s)))
}

// undecided: upstream says that there is no date.
func undecided(when string) bool {
	return strings.Trim(when, " -–—?.") == "" || placeholds.MatchString(when)
}

// frontMatter reads what stands between two lines of dashes at the top, and returns the line after it.
func (p *parser) frontMatter(lines []string) int {
	if strings.TrimRight(lines[0], " \t") != "---" {
		return 0
	}
	for i := 1; i < len(lines); i++ {
		if end := strings.TrimRight(lines[i], " \t"); end != "---" && end != "..." {
			continue
		}
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(strings.Join(lines[1:i], "\n")), &doc); err != nil {
			p.fault(1, "the front matter could not be read: %s", excerpt(err.Error()))
		}
		p.walk(&doc, 0)
		return i + 1
	}
	return 0
}

// walk finds dates in front matter: beside a key that names a deadline, and in mappings that have a name and a date.
func (p *parser) walk(n *yaml.Node, depth int) {
	if depth > 20 {
		return
	}
	if n.Kind != yaml.MappingNode {
		for _, c := range n.Content {
			p.walk(c, depth+1)
		}
		return
	}
	name, when := "", (*yaml.Node)(nil)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if value.Kind != yaml.ScalarNode {
			p.walk(value, depth+1)
			continue
		}
		switch strings.ToLower(key.Value) {
		case "name", "title", "event", "what", "milestone":
			name = value.Value
		case "date", "when", "at", "due", "day", "deadline":
			when = value
		}
		if names := p.namesIn(strings.NewReplacer("_", " ", "-", " ").Replace(key.Value)); len(names) > 0 {
			p.places = append(p.places, found{names: names, when: value.Value, line: value.Line + 1, dated: true})
		}
	}
	if names := p.namesIn(clean(name)); when != nil && len(names) > 0 {
		p.places = append(p.places, found{names: names, when: when.Value, line: when.Line + 1, dated: true})
	}
}

// body reads lists and tables from a line on. Code and comments are skipped.
func (p *parser) body(lines []string, from int) {
	var columns *[2]int // of the table that is read: what, when
	fence, hidden := "", false
	for i := from; i < len(lines); i++ {
		line := comment.ReplaceAllString(lines[i], "")
		if hidden {
			_, rest, ends := strings.Cut(line, "-->")
			if !ends {
				continue
			}
			line, hidden = rest, false
		}
		if before, _, starts := strings.Cut(line, "<!--"); starts {
			line, hidden = before, true
		}
		text := strings.TrimSpace(line)
		if mark := fenceOf(text); mark != "" {
			switch {
			case fence == "":
				fence = mark
			case strings.HasPrefix(mark, fence):
				fence = ""
			}
			continue
		}
		switch {
		case fence != "":
		case isRow(text):
			cells := cellsOf(text)
			switch {
			case i+1 < len(lines) && separator.MatchString(lines[i+1]) && strings.Contains(lines[i+1], "|"):
				columns = columnsOf(cells)
			case !separator.MatchString(text):
				p.row(cells, columns, i+1)
			}
			continue
		default:
			if m := bullet.FindStringSubmatch(line); m != nil {
				if p.item(m[1], i+1, true) { // what follows is prose
					break
				}
				whole, next := m[1], i+1
				for ; next < len(lines) && len(whole) < longestItem && continues(lines[next]); next++ {
					whole += " " + strings.TrimSpace(lines[next])
				}
				p.item(whole, i+1, false)
			}
		}
		columns = nil
	}
}

// fenceOf is the mark that opens or closes a block of code.
func fenceOf(text string) string {
	for _, c := range []string{"`", "~"} {
		if n := len(text) - len(strings.TrimLeft(text, c)); n >= 3 {
			return text[:n]
		}
	}
	return ""
}

// continues: the line belongs to the bullet above it.
func continues(line string) bool {
	text := strings.TrimSpace(line)
	return text != "" && (line[0] == ' ' || line[0] == '\t') && !bullet.MatchString(line) && !isRow(text) && fenceOf(text) == ""
}

func isRow(text string) bool { return strings.HasPrefix(text, "|") && strings.Count(text, "|") >= 2 }

// cellsOf splits a row at bars that are not escaped.
func cellsOf(text string) []string {
	text = strings.TrimPrefix(text, "|")
	var out []string
	start := 0
	for i := 0; i < len(text); i++ {
		if text[i] == '|' && (i == 0 || text[i-1] != '\\') {
			out = append(out, text[start:i])
			start = i + 1
		}
	}
	if strings.TrimSpace(text[start:]) != "" {
		out = append(out, text[start:])
	}
	return out
}

// columnsOf finds in a table's head which columns say what and when; nil where it does not say.
func columnsOf(head []string) *[2]int {
	what, when := -1, -1
	for i, c := range head {
		switch strings.ToLower(clean(c)) {
		case "what", "event", "milestone", "deadline", "name", "phase":
			if what < 0 {
				what = i
			}
		case "when", "date", "dates", "due", "due date", "deadline (utc)", "day":
			if when < 0 {
				when = i
			}
		}
	}
	if what < 0 || when < 0 {
		return nil
	}
	return &[2]int{what, when}
}

// mayName reports whether a text has a word that each name of a deadline has one of. It is cheap, and most lines of a
// file have none.
func mayName(text string) bool {
	text = strings.ToLower(text)
	for _, word := range []string{"freeze", "doc", "release", "general availability", " is out", "ga"} {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

// row reads a row of a table.
func (p *parser) row(cells []string, columns *[2]int, line int) {
	what, when, dated := 0, -1, columns != nil
	switch {
	case columns != nil:
		what, when = columns[0], columns[1]
	case mayName(cells[what]):
		for i, c := range cells {
			if i > 0 && when < 0 && hasDate(clean(c)) {
				when = i
			}
		}
	}
	if what >= len(cells) || when < 0 || when >= len(cells) || !mayName(cells[what]) {
		return
	}
	label := leftovers.ReplaceAllString(weekOf.ReplaceAllString(withoutMoments(clean(cells[what])), " "), " ")
	if names := p.namesIn(label); len(names) > 0 {
		p.places = append(p.places, found{names: names, when: formerly.ReplaceAllString(clean(cells[when]), " "), line: line, dated: dated})
	}
}

// item reads an item of a list: a date, and what it is the date of, in whatever order. It says whether it has both;
// whole wants nothing less.
func (p *parser) item(text string, line int, whole bool) bool {
	if !mayName(text) {
		return false
	}
	text = formerly.ReplaceAllString(clean(text), " ")
	label := strings.TrimSpace(leftovers.ReplaceAllString(weekOf.ReplaceAllString(withoutMoments(text), " "), " "))
	names, dated := p.namesIn(label), looksDated(text)
	if len(names) == 0 || whole && !dated {
		return false
	}
	p.places = append(p.places, found{names: names, when: text, line: line, dated: dated})
	return true
}
