package gate

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	kepNumber = regexp.MustCompile(`(?i)(?:kep\.k8s\.io/|kubernetes/enhancements/(?:issues|pull)/|/keps/[a-z-]+/|\bkep[- #])0*(\d+)`)
	removal   = regexp.MustCompile(`(?i)\bremov\w*\s+(in|after|no\s+earl(?:y|ier)\s+than)\s+v?(\d+)\.(\d+)`)
)

// doc is what a constant's doc comment says. Stages are never read from it: of 179 comments at v1.36
// only 6 still have them.
type doc struct {
	sentence     string
	owners, keps []string
}

func readDoc(c *ast.CommentGroup) doc {
	d := doc{owners: []string{}, keps: []string{}}
	if c == nil {
		return d
	}
	var prose []string
	ended := false // the first paragraph of prose is over
	for _, line := range lines(c) {
		line = strings.TrimSpace(line)
		for _, n := range kepNumbers(line) {
			if !slices.Contains(d.keps, n) {
				d.keps = append(d.keps, n)
			}
		}
		label, rest, _ := strings.Cut(line, ":")
		switch {
		case isLabel(label, "owner", "owners"):
			for _, o := range owners(rest) {
				if !slices.Contains(d.owners, o) {
					d.owners = append(d.owners, o)
				}
			}
		case isLabel(label, "kep"), isStage(label, rest):
		case line == "":
			ended = len(prose) > 0
		case !ended:
			prose = append(prose, line)
		}
	}
	d.sentence = firstSentence(strings.Join(strings.Fields(strings.Join(prose, " ")), " "))
	return d
}

// lines are a comment's lines without its marks. It is c.Text for line comments, but cheaper: most of the
// time that reading takes beside go/parser goes into comments.
func lines(c *ast.CommentGroup) []string {
	out := make([]string, 0, len(c.List))
	for _, x := range c.List {
		text, ok := strings.CutPrefix(x.Text, "//")
		if !ok {
			return strings.Split(c.Text(), "\n")
		}
		if strings.HasPrefix(text, "go:") || strings.HasPrefix(text, "nolint") { // directives are no prose
			continue
		}
		out = append(out, text)
	}
	return out
}

// isLabel reports whether a line begins with "word:".
func isLabel(label string, words ...string) bool {
	label = strings.TrimSpace(label)
	return slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, label) })
}

// isStage: a stage line names a version or says where to look; "Deprecated: do not use" is prose.
func isStage(label, rest string) bool {
	if !isLabel(label, "prealpha", "pre-alpha", "alpha", "beta", "ga", "stable", "deprecated") {
		return false
	}
	rest = strings.TrimSpace(rest)
	if rest == "" || rest[0] == '(' || len(rest) >= 9 && strings.EqualFold(rest[:9], "see below") {
		return true
	}
	rest = strings.TrimLeft(rest, "vV")
	return rest != "" && rest[0] >= '0' && rest[0] <= '9'
}

// kepNumbers are the proposals a line names, by address or number.
func kepNumbers(line string) []string {
	const short = "kep.k8s.io/"
	if i := strings.Index(line, short); i >= 0 && !strings.Contains(line[i+len(short):], "/") {
		rest := strings.TrimLeft(line[i+len(short):], "0")
		end := 0
		for end < len(rest) && rest[end] >= '0' && rest[end] <= '9' {
			end++
		}
		if end > 0 && end == len(strings.TrimSpace(rest)) { // the usual form: nothing behind it
			return []string{rest[:end]}
		}
	}
	if !strings.Contains(line, "kep") && !strings.Contains(line, "KEP") && !strings.Contains(line, "enhancements") {
		return nil
	}
	var out []string
	for _, m := range kepNumber.FindAllStringSubmatch(line, -1) {
		if strings.Trim(m[1], "0") != "" {
			out = append(out, m[1])
		}
	}
	return out
}

// owners reads "@a, @b (for GA graduation)", "@x(nick)" and the bare "name".
func owners(s string) []string {
	for {
		open := strings.IndexByte(s, '(')
		if open < 0 {
			break
		}
		length := strings.IndexByte(s[open:], ')')
		if length < 0 {
			break
		}
		s = s[:open] + " " + s[open+length+1:]
	}
	fields := strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == ';' })
	marked := slices.ContainsFunc(fields, func(f string) bool { return strings.HasPrefix(f, "@") })
	var out []string
	for _, f := range fields {
		name, at := strings.CutPrefix(f, "@")
		if marked && !at || !isLogin(name) {
			continue
		}
		out = append(out, "@"+name)
	}
	return out
}

// isLogin reports whether s may be a user's or team's name.
func isLogin(s string) bool {
	return s != "" && s[0] != '-' && s[0] != '/' && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '/'
	})
}

// firstSentence ends at a full stop before a blank and a capital, but not after an abbreviation.
func firstSentence(s string) string {
	for i := 0; i+2 < len(s); i++ {
		if s[i] != '.' || s[i+1] != ' ' {
			continue
		}
		before := s[:i]
		if strings.HasSuffix(before, "e.g") || strings.HasSuffix(before, "i.e") || strings.HasSuffix(before, "etc") {
			continue
		}
		if next := s[i+2]; next >= 'A' && next <= 'Z' || next == '`' || next >= '0' && next <= '9' {
			return s[:i+1]
		}
	}
	return s
}

// removalComments maps the lines that end in a comment which plans a removal to the release planned.
func removalComments(fset *token.FileSet, f *ast.File) map[int]string {
	out := map[int]string{}
	for _, g := range f.Comments {
		for _, c := range g.List {
			if !strings.Contains(c.Text, "emov") {
				continue
			}
			m := removal.FindStringSubmatch(c.Text)
			if m == nil {
				continue
			}
			release := m[2] + "." + m[3]
			if strings.EqualFold(m[1], "after") {
				if n, err := strconv.Atoi(m[3]); err == nil {
					release = m[2] + "." + strconv.Itoa(n+1)
				}
			}
			out[fset.Position(c.Pos()).Line] = release
		}
	}
	return out
}
