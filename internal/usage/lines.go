package usage

import (
	"path"
	"strings"
)

// form is how text is written.
type form int

const (
	formPlain form = iota
	formYAML
	formUnit
	formEnvironment
	formFlags
	formScript
	formMail
	formTerraform
)

// formOf tells a text's form by the file's name, else by its first line that says something. inside says that
// it was found in a file of a known form; there a text of no known form is a script, not somebody's prose.
func formOf(name, s string, inside bool) form {
	switch {
	case strings.HasPrefix(s, "#!"):
		return formScript
	case isMail(s):
		return formMail
	}
	name = strings.ToLower(path.Base(strings.ReplaceAll(name, `\`, "/")))
	ext := path.Ext(name)
	switch ext {
	case ".tpl", ".tmpl", ".gotmpl", ".j2", ".template", ".bak", ".orig":
		ext = path.Ext(strings.TrimSuffix(name, ext))
	}
	switch ext {
	case ".yaml", ".yml", ".json":
		return formYAML
	case ".tf", ".hcl":
		return formTerraform
	case ".md", ".markdown", ".txt", ".rst", ".adoc", ".html", ".go", ".py", ".toml", ".rb", ".js", ".ts", ".log", ".patch", ".diff", ".ps1":
		return formPlain
	case ".sh", ".bash":
		return formScript
	}
	line := firstLine(s)
	switch {
	case section(line), ext == ".service":
		return formUnit
	case looksLikeYAML(line):
		return formYAML
	case ext == ".env", setsVariable(line):
		return formEnvironment
	case strings.HasPrefix(line, "--"):
		return formFlags
	case inside:
		return formScript
	}
	return formPlain
}

// firstLine is the first line that is neither blank nor a comment.
func firstLine(s string) string {
	for len(s) > 0 {
		var line string
		line, s, _ = strings.Cut(s, "\n")
		line = strings.TrimSpace(line)
		if line != "" && line[0] != '#' && line[0] != ';' && line[0] != '%' {
			return line
		}
	}
	return ""
}

// section reports whether a line is a unit file's [Service].
func section(line string) bool {
	n := len(line)
	return n > 2 && line[0] == '[' && line[n-1] == ']' && word(line[1:n-1])
}

// looksLikeYAML reports whether a line begins a mapping, a list or a document.
func looksLikeYAML(line string) bool {
	if line == "" {
		return false
	}
	switch {
	case line == "---", strings.HasPrefix(line, "--- "), strings.HasPrefix(line, "- "), line == "-":
		return true
	case line[0] == '{', line[0] == '[':
		return !strings.HasPrefix(line, "{{") && !strings.HasPrefix(line, "[[")
	}
	key, rest, found := strings.Cut(line, ":")
	if !found || rest != "" && rest[0] != ' ' && rest[0] != '\t' {
		return false
	}
	key = unquoted(strings.TrimSpace(key))
	return key != "" && !strings.ContainsAny(key, " \t=$(){}`;|&")
}

func setsVariable(line string) bool {
	line = strings.TrimSpace(strings.TrimPrefix(line, "export "))
	name, _, ok := assignment(text{s: line})
	return ok && name != ""
}

// read reads text of any form.
func (r *reader) read(name string, t text, c context) {
	inside := r.layers > 0
	if !inside && !mentions(t.s) && formOf(name, t.s, false) != formYAML {
		return
	}
	f := formOf(name, t.s, inside)
	if len(c.comps) == 0 && f != formYAML {
		c = c.only(fromPath(name))
	}
	switch f {
	case formYAML:
		r.documents(name, t, c)
	case formUnit:
		c.format = "systemd unit"
		r.lines(t, c)
	case formEnvironment:
		c.format = "environment file"
		r.lines(t, c)
	case formFlags:
		c.format = "file of flags"
		r.lines(t, c)
	case formTerraform:
		c.told = true
		r.plain(t, c)
	case formMail:
		r.mail(t, c)
	case formScript:
		if c.format == "" || strings.HasPrefix(t.s, "#!") {
			c.format = "shell script"
		}
		r.lines(t, c)
	default:
		r.plain(t, c)
	}
}

// inner reads text that stands in other text.
func (r *reader) inner(name string, t text, c context) {
	if !r.enter(len(t.s)) {
		r.problem(t.line(0), "holds documents within documents beyond all measure: what is inside was not read")
		return
	}
	r.read(name, t, c)
	r.layers--
}

// lines reads commands line by line.
func (r *reader) lines(t text, c context) {
	for i := 0; i < len(t.s) && !r.full; {
		to := logicalLine(t.s, i)
		line := t.sub(i, to)
		i = to
		trimmed := strings.TrimSpace(line.s)
		if strings.HasPrefix(trimmed, ";") {
			continue // a unit file's other comment
		}
		if mark, tabs := heredoc(line.s); mark != "" {
			body, next := hereBody(t, i, mark, tabs)
			i = next
			if mentions(body.s) {
				r.inner(target(line.s), body, c)
			}
		}
		if mentions(line.s) {
			r.arguments(r.words(line), c)
		}
	}
}

// maxOpen is how far a quote may reach over lines; one that stays open longer is an apostrophe.
const maxOpen = 32 << 10

// logicalLine is where the line that begins at i ends, with the lines that continue it.
func logicalLine(s string, i int) int {
	var quote byte
	first := -1
	blank := true // a comment may begin here
	for j := i; j < len(s); j++ {
		c := s[j]
		if quote != 0 && j-i > maxOpen {
			break
		}
		switch {
		case c == '\n':
			if quote == 0 {
				return j + 1
			}
			if first < 0 {
				first = j + 1
			}
		case quote != 0:
			if c == '\\' && quote == '"' {
				j++
				if j < len(s) && s[j] == '\n' && first < 0 {
					first = j + 1
				}
			} else if c == quote {
				quote = 0
			}
		case c == '\\':
			j++
			if j < len(s) && s[j] == '\r' && j+1 < len(s) && s[j+1] == '\n' {
				j++
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '#' && blank:
			if k := strings.IndexByte(s[j:], '\n'); k >= 0 {
				return j + k + 1
			}
			return len(s)
		}
		blank = c == ' ' || c == '\t' || c == '\n'
	}
	if quote != 0 && first >= 0 {
		return first // it was no quote: the line ends where it ends
	}
	if quote != 0 {
		if k := strings.IndexByte(s[i:], '\n'); k >= 0 {
			return i + k + 1
		}
	}
	return len(s)
}

// heredoc is the mark that ends a here-document which begins in the line, "" where none does.
func heredoc(line string) (mark string, tabs bool) {
	i := strings.Index(line, "<<")
	if i < 0 || strings.HasPrefix(line[i:], "<<<") {
		return "", false
	}
	rest := line[i+2:]
	rest, tabs = strings.CutPrefix(rest, "-")
	rest = strings.TrimLeft(rest, " \t")
	rest = strings.TrimLeft(rest, `"'\`)
	n := 0
	for n < len(rest) && (rest[n] == '_' || rest[n] >= 'A' && rest[n] <= 'Z' || rest[n] >= 'a' && rest[n] <= 'z' || n > 0 && rest[n] >= '0' && rest[n] <= '9') {
		n++
	}
	return rest[:n], tabs
}

// hereBody is the here-document that begins at i, and where the script goes on.
func hereBody(t text, i int, mark string, tabs bool) (text, int) {
	from := i
	var b builder // without the tabs in front
	cur := cursor{t: t}
	for i < len(t.s) {
		to := len(t.s)
		if k := strings.IndexByte(t.s[i:], '\n'); k >= 0 {
			to = i + k + 1
		}
		line := strings.TrimRight(t.s[i:to], "\r\n")
		if tabs {
			line = strings.TrimLeft(line, "\t")
		}
		if strings.TrimRight(line, " ") == mark {
			if tabs {
				return b.text(), to
			}
			return t.sub(from, i), to
		}
		if tabs {
			for i < to && t.s[i] == '\t' {
				i++
			}
			for ; i < to; i++ {
				b.add(t.s[i], cur.line(i))
			}
		}
		i = to
	}
	if tabs {
		return b.text(), len(t.s)
	}
	return t.sub(from, len(t.s)), len(t.s)
}

// target is the file that a command writes to: behind > or tee.
func target(line string) string {
	for _, sign := range []string{">", "tee "} {
		i := strings.LastIndex(line, sign)
		if i < 0 {
			continue
		}
		for _, f := range strings.Fields(line[i+len(sign):]) {
			if !strings.HasPrefix(f, "-") && !strings.HasPrefix(f, "<") {
				return strings.Trim(f, `"';`)
			}
		}
	}
	return ""
}
