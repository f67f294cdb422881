package usage

import "strings"

// plain finds gates in text of no form that we know: a template, a README, a program. All it finds is a guess.
func (r *reader) plain(t text, c context) {
	c.guess = true
	if c.format == "" || r.layers == 0 {
		c.format = "plain text"
	}
	start, end := 0, -1 // the line that is looked at
	around := ""        // whose it is by what stands above
	for i, seen := 0, 0; !r.full; seen++ {
		at, n := nextMention(t.s, i)
		if at < 0 {
			return
		}
		if seen >= maxMentions {
			r.problem(t.line(at), "speaks of feature gates more often than anybody means it; what follows was not read")
			return
		}
		if at >= end {
			start = max(start, strings.LastIndexByte(t.s[start:at], '\n')+1+start)
			end = len(t.s)
			if k := strings.IndexByte(t.s[at:], '\n'); k >= 0 {
				end = at + k
			}
			around = guessAbove(t.s, start)
		}
		i = at + n
		whose := c
		if len(c.comps) == 0 {
			whose = c.only(guessBefore(t.s[max(start, at-maxName):at], around))
		}
		i = r.guess(t, start, i, end, whose)
	}
}

// nextMention finds feature-gates, feature_gates, featureGates and FEATURE_GATES from i on.
func nextMention(s string, i int) (at, n int) {
	for i < len(s) {
		k := strings.IndexAny(s[i:], "fF")
		if k < 0 {
			return -1, 0
		}
		i += k
		for _, name := range []string{"feature-gates", "feature_gates", "featuregates"} {
			if len(s)-i >= len(name) && strings.EqualFold(s[i:i+len(name)], name) {
				return i, len(name)
			}
		}
		i++
	}
	return -1, 0
}

// guess reads what stands behind the name, and returns from where to look on. Text that goes on without a
// sign that a value follows is prose.
func (r *reader) guess(t text, start, i, end int, c context) int {
	s := t.s
	flag := strings.Contains(s[max(start, i-maxName):i], "--")
	for i < end && (s[i] == '"' || s[i] == '\'' || s[i] == '`') {
		i++
	}
	rest := s[i:end]
	trimmed := strings.TrimLeft(rest, " \t")
	switch {
	case trimmed != "" && (trimmed[0] == '=' || trimmed[0] == ':'):
		value := strings.TrimLeft(trimmed[1:], " \t=>")
		from := end - len(value)
		if v := strings.TrimSpace(value); v == "" || v == "|" || v == ">" || v == ">-" || v == "|-" || strings.HasPrefix(v, "#") {
			return r.guessBlock(t, start, min(end+1, len(s)), c)
		}
		if value[0] == '{' && !strings.HasPrefix(value, "{{") {
			return r.guessBraces(t, from, c)
		}
		r.list(guessValue(t, from, end), c)
	case flag && trimmed != "" && trimmed[0] == ',': // ["--feature-gates", "A=true"]
		if v := guessValue(t, end-len(strings.TrimLeft(trimmed, ", \t")), end); strings.Contains(v.s, "=") {
			r.list(v, c)
		}
	case len(trimmed) > 1 && trimmed[0] == '.': // featureGates.A = true
		r.guessPair(guessPart(t, end-len(trimmed)+1, end), c)
	case flag && trimmed != "" && len(trimmed) < len(rest):
		v := guessValue(t, end-len(trimmed), end)
		if strings.Contains(v.s, "=") {
			r.list(v, c)
		}
	case strings.TrimSpace(strings.Trim(rest, `",'`)) == "":
		// kubeadm's list: the value stands in the next line.
		from := min(end+1, len(s))
		to := len(s)
		if k := strings.IndexByte(s[from:], '\n'); k >= 0 {
			to = from + k
		}
		next := strings.TrimLeft(s[from:to], " \t-\"'")
		if value, ok := strings.CutPrefix(next, "value"); ok {
			value = strings.TrimLeft(value, "\"' \t:")
			r.list(guessValue(t, to-len(value), to), c)
			return to
		}
		if v := guessValue(t, to-len(next), to); flag && strings.Contains(v.s, "=") {
			r.list(v, c)
			return to
		}
	}
	return i
}

// guessValue is the list of gates that begins at from: up to a blank or what else ends it.
func guessValue(t text, from, end int) text {
	for from < end && strings.IndexByte("\"'`\\[", t.s[from]) >= 0 {
		from++
	}
	to := from
	for to < end && strings.IndexByte(" \t\r\"'`\\<>()[]|;@#/", t.s[to]) < 0 {
		if strings.HasPrefix(t.s[to:end], "{{") {
			if k := strings.Index(t.s[to:end], "}}"); k >= 0 {
				to += k + 2
				continue
			}
		}
		to++
	}
	v := t.sub(from, to)
	if strings.HasSuffix(v.s, ".") {
		v = v.sub(0, len(v.s)-1)
	}
	return v
}

// guessPart is A = true, up to what ends it.
func guessPart(t text, from, end int) text {
	to := from
	for to < end && strings.IndexByte(",;|\"'`)\\\r", t.s[to]) < 0 {
		to++
	}
	return t.sub(from, to)
}

// guessBlock reads the deeper lines under a key: Name: true, Name = true, - Name=true.
func (r *reader) guessBlock(t text, start, i int, c context) int {
	own := indent(t.s[start:])
	for i < len(t.s) && !r.full {
		to := len(t.s)
		if k := strings.IndexByte(t.s[i:], '\n'); k >= 0 {
			to = i + k
		}
		line := t.s[i:to]
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "" || trimmed[0] == '#' || strings.HasPrefix(trimmed, "{%"):
		case strings.HasPrefix(trimmed, "{{"):
			if !control(trimmed) {
				r.template(t.line(i), c)
			}
		case indent(line) <= own && !strings.HasPrefix(trimmed, "- "):
			return i
		default:
			r.guessPair(t.sub(i, to), c)
		}
		i = min(to+1, len(t.s))
		if to == len(t.s) {
			break
		}
	}
	return i
}

// control reports whether a line of a Helm template only says when and how often what follows is put in.
func control(line string) bool {
	line = strings.TrimLeft(line, "{- ")
	for _, w := range []string{"if", "else", "end", "with", "range", "define", "/*"} {
		if rest, ok := strings.CutPrefix(line, w); ok && !word(rest[:min(1, len(rest))]) {
			return true
		}
	}
	return strings.HasPrefix(line, "$") && strings.Contains(line, "=")
}

// guessBraces reads { A: true, B = false } and "A" => true, over lines.
func (r *reader) guessBraces(t text, from int, c context) int {
	to := min(len(t.s), from+maxOpen)
	if k := strings.IndexByte(t.s[from:to], '}'); k >= 0 {
		to = from + k
	}
	for i := from + 1; i < to; {
		k := strings.IndexAny(t.s[i:to], ",;\n")
		end := to
		if k >= 0 {
			end = i + k
		}
		r.guessPair(t.sub(i, end), c)
		i = end + 1
	}
	return max(to, from+1)
}

func (r *reader) guessPair(t text, c context) {
	t = t.trim()
	if rest, ok := strings.CutPrefix(t.s, "- "); ok {
		t = t.sub(len(t.s)-len(rest), len(t.s)).trim()
	}
	k := strings.IndexAny(t.s, ":=")
	if k < 0 {
		return
	}
	gate := strings.Trim(t.s[:k], " \t\"'")
	value := strings.TrimLeft(t.s[k+1:], " \t>=")
	if v, _, found := strings.Cut(value, " #"); found {
		value = v
	}
	value = strings.Trim(value, " \t\"',;")
	if word(gate) && len(value) <= maxName && value != "" {
		r.found(c, gate, value, t.line(0))
	}
}

func indent(s string) int {
	n := 0
	for n < len(s) && (s[n] == ' ' || s[n] == '\t') {
		n++
	}
	return n
}

// guessBefore is the program that the line names before the gates, else what stands above says.
func guessBefore(line, around string) string {
	before := plainName(line)
	best, where := around, -1
	for _, n := range append(named(), [2]string{"apiserver", apiserver}) {
		if k := strings.LastIndex(before, n[0]); k > where {
			best, where = n[1], k
		}
	}
	return best
}

// guessAbove is the program that the lines above name: the kind of the document, a container's name, or a key
// that holds this one. Only the nearest lines count.
func guessAbove(s string, start int) string {
	doc := s[max(0, start-1024):start]
	for _, boundary := range []string{"\n---", "\n```"} {
		if k := strings.LastIndex(doc, boundary); k >= 0 {
			doc = doc[k:]
		}
	}
	own := indent(s[start:])
	lines := strings.Split(doc, "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		line := strings.TrimPrefix(strings.TrimSpace(lines[i]), "- ")
		if strings.HasPrefix(line, `"`) {
			line = strings.ReplaceAll(strings.TrimSuffix(line, ","), `"`, "") // JSON
		}
		switch name := strings.TrimSpace(strings.TrimPrefix(line, "name:")); {
		case line == "kind: KubeletConfiguration":
			return kubelet
		case line == "kind: KubeProxyConfiguration":
			return kubeProxy
		case len(name) < maxName:
			if name, ok := fromProgram(name); ok {
				return name
			}
		}
		key, isKey := strings.CutSuffix(line, ":")
		if at := indent(lines[i]); isKey && at < own && len(key) < maxName {
			own = at
			if comp, ok := fromKey(key, false); ok {
				return comp
			}
		}
	}
	return ""
}
