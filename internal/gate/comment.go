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
	ownerLine = regexp.MustCompile(`(?i)^owners?\s*:\s*(.*)$`)
	kepLine   = regexp.MustCompile(`(?i)^kep\s*:`)
	// A stage line names a version or says where to look; "Deprecated: do not use" is prose.
	stageLine = regexp.MustCompile(`(?i)^(pre-?alpha|alpha|beta|ga|stable|deprecated)\s*:\s*(v?\d|see below|\(|$)`)
	kepNumber = regexp.MustCompile(`(?i)(?:kep\.k8s\.io/|kubernetes/enhancements/(?:issues|pull)/|/keps/[a-z-]+/|\bkep[- #])0*(\d+)`)
	ownerName = regexp.MustCompile(`^@?[A-Za-z0-9][A-Za-z0-9-]*(/[A-Za-z0-9-]+)?$`)
	inParens  = regexp.MustCompile(`\([^)]*\)`)
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
	for line := range strings.SplitSeq(c.Text(), "\n") {
		line = strings.TrimSpace(line)
		for _, m := range kepNumber.FindAllStringSubmatch(line, -1) {
			if !slices.Contains(d.keps, m[1]) && strings.Trim(m[1], "0") != "" {
				d.keps = append(d.keps, m[1])
			}
		}
		switch m := ownerLine.FindStringSubmatch(line); {
		case m != nil:
			d.owners = append(d.owners, owners(m[1])...)
		case kepLine.MatchString(line), stageLine.MatchString(line):
		case line == "":
			ended = len(prose) > 0
		case !ended:
			prose = append(prose, line)
		}
	}
	d.sentence = firstSentence(strings.Join(strings.Fields(strings.Join(prose, " ")), " "))
	return d
}

// owners reads "@a, @b (for GA graduation)", "@x(nick)" and the bare "name".
func owners(s string) []string {
	fields := strings.FieldsFunc(inParens.ReplaceAllString(s, " "), func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == ';' })
	marked := slices.ContainsFunc(fields, func(f string) bool { return strings.HasPrefix(f, "@") })
	var out []string
	for _, f := range fields {
		if (marked && !strings.HasPrefix(f, "@")) || !ownerName.MatchString(f) {
			continue
		}
		name := "@" + strings.TrimPrefix(f, "@")
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
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
