package usage

import (
	"path"
	"slices"
	"strings"
)

// list reads what the flag takes: A=true,B=false. Of a gate that stands in it twice Kubernetes takes the last
// value and never looks at the first.
func (r *reader) list(t text, c context) {
	before := len(r.settings)
	defer func() { r.settings = append(r.settings[:before], last(r.settings[before:])...) }()
	if q := t.trim(); len(q.s) >= 1 && (q.s[0] == '"' || q.s[0] == '\'') {
		// No shell took these off, so the component gets them.
		if !c.guess {
			r.problem(q.line(0), "has quotes inside the value of feature-gates: no shell takes them off, so they become part of the gate's name; drop them")
		}
		t = q.sub(1, len(q.s))
		if t.s != "" && t.s[len(t.s)-1] == q.s[0] {
			t = t.sub(0, len(t.s)-1)
		}
	}
	for from := 0; from <= len(t.s) && !r.full; {
		to := len(t.s)
		if i := strings.IndexByte(t.s[from:], ','); i >= 0 {
			to = from + i
		}
		r.entry(t.sub(from, to).trim(), c)
		from = to + 1
	}
}

// last keeps of each gate of a program the last setting, where it stands.
func last(settings []Setting) []Setting {
	type who struct{ component, gate string }
	seen := map[who]bool{}
	out := make([]Setting, 0, len(settings))
	for _, s := range slices.Backward(settings) {
		if k := (who{s.Component, s.Gate}); !seen[k] {
			seen[k] = true
			out = append(out, s)
		}
	}
	slices.Reverse(out)
	return out
}

// entry reads one A=true. An entry that says nothing is none, as for Kubernetes.
func (r *reader) entry(t text, c context) {
	if t.s == "" {
		return
	}
	gate, value, assigned := strings.Cut(t.s, "=")
	gate, value = strings.TrimSpace(gate), unquoted(strings.TrimSpace(value))
	switch {
	case strings.Contains(gate, "{{") || strings.Contains(gate, "}}"):
		r.template(t.line(0), c)
	case gate == "*": // a shell's case for the flag
	case strings.ContainsAny(gate, "$`%"): // a unit's %i, Windows' %GATES%
		if !c.guess || c.told && strings.Contains(gate, "${") {
			r.elsewhere(t.line(0), "takes gates from a variable ("+clip(gate)+"), which is not read: give the file that sets it")
		}
	case gate == "":
		if !c.guess {
			r.problem(t.line(0), "has an entry without a gate's name: Kubernetes refuses it")
		}
	case c.guess && (!word(gate) || !assigned): // "--feature-gates strings" is a help text
	default:
		r.found(c, gate, value, t.line(0))
	}
}

// template tells of gates that a template puts in: nobody renders it here.
func (r *reader) template(line int, c context) {
	if !c.guess || c.told {
		r.elsewhere(line, "takes gates from a template, which is not rendered: give what it makes, for example by helm template … | bot check -")
	}
}

func clip(s string) string {
	if len(s) > 60 {
		return strings.ToValidUTF8(s[:60], "") + "…"
	}
	return s
}

func unquoted(s string) string {
	if n := len(s); n >= 2 && (s[0] == '"' || s[0] == '\'') && s[n-1] == s[0] {
		return s[1 : n-1]
	}
	return s
}

// word reports whether s has the form of a gate's name.
func word(s string) bool {
	for i, c := range []byte(s) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c != '_' && c != '-' && c != '.' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != ""
}

// gatesFlag splits "--feature-gates=A=true". at is where the value begins, len(s) where the next argument is it.
func gatesFlag(s string) (at int, ok bool) {
	name := strings.TrimLeft(s, "-")
	if len(name) == len(s) || !isGatesName(name) {
		return 0, false
	}
	at = len(s) - len(name) + len("feature-gates")
	if at == len(s) {
		return at, true
	}
	if s[at] == '=' || s[at] == ' ' || s[at] == '\t' || s[at] == '\n' {
		return at + 1, true
	}
	return 0, false
}

// isGatesName reports whether s begins with the flag's name; Kubernetes takes an underscore for a dash.
func isGatesName(s string) bool {
	return strings.HasPrefix(s, "feature-gates") || strings.HasPrefix(s, "feature_gates")
}

// token is one word of a command, or what ends a command.
type token struct {
	text
	ends bool
}

// arguments reads the words of commands. The settings go to the program that the command names, and to the
// context's components where it names none.
func (r *reader) arguments(words []token, c context) {
	now, first := c, true
	for i := 0; i < len(words); i++ {
		w := words[i]
		if w.ends {
			now, first = c, true
			continue
		}
		s := w.s
		if strings.Contains(s, "featureGates") {
			r.aside(w.text, c)
			continue
		}
		if at, ok := gatesFlag(s); ok {
			first = false
			if hasBlank(s) && strings.Contains(s, " -") && i > 0 && bareName(words[i-1]) {
				r.nested(w.text, now) // a command line for the flag before it
				continue
			}
			value := w.sub(at, len(s))
			if at == len(s) && s[at-1] != '=' && i+1 < len(words) && !words[i+1].ends && !strings.HasPrefix(words[i+1].s, "-") {
				i++
				value = words[i].text
			}
			r.list(value, now)
			// A blank behind a comma ends the value, which nobody means: what follows is kept with it.
			for strings.HasSuffix(strings.TrimSpace(value.s), ",") && i+1 < len(words) && assignsGate(words[i+1]) {
				i++
				value = words[i].text
				r.list(value, now)
			}
			continue
		}
		if strings.HasPrefix(s, "-") {
			first = false
			if r.wrapped(words, &i, now) {
				continue
			}
			if hasBlank(s) && mentions(s) {
				r.nested(w.text, now)
			}
			continue
		}
		if name, value, ok := assignment(w.text); ok {
			if mentions(s) || strings.Contains(s, "-arg") {
				r.variable(name, value, now)
			} else if strings.HasPrefix(name, "Exec") { // a unit's ExecStart=/usr/bin/kubelet
				now, first = called(value.s, c, true)
				continue
			}
			if comp := fromVariable(name); comp != "" && len(c.comps) == 0 {
				// Without quotes the rest of the line is the variable's too in a unit's environment file.
				now = now.with(comp)
			}
			continue
		}
		if first && seeker(path.Base(s)) {
			for i+1 < len(words) && !words[i+1].ends {
				i++
			}
			continue
		}
		if first && editor(path.Base(s)) {
			i = r.edited(words, i+1, now) - 1
			continue
		}
		if hasBlank(s) {
			if mentions(s) {
				r.nested(w.text, now)
			}
			continue
		}
		now, first = called(s, now, first)
	}
}

// bareName reports whether a word is a flag whose value is the next word.
func bareName(t token) bool {
	return !t.ends && strings.HasPrefix(t.s, "-") && !strings.Contains(t.s, "=")
}

// aside reads a word that holds a piece of configuration rather than of a command: what echo writes to a file,
// a patch, --set featureGates.A=true.
func (r *reader) aside(t text, c context) {
	if name, value, ok := assignment(t); ok && !strings.Contains(name, "featureGates") {
		t = value
	}
	if strings.Contains(t.s, "\n") && looksLikeYAML(firstLine(t.s)) {
		r.inner("", t, c)
		return
	}
	if r.enter(len(t.s)) {
		r.plain(t, c)
		r.layers--
	}
}

// called takes a word for a program where it is one.
func called(s string, now context, first bool) (context, bool) {
	name, known := fromProgram(strings.TrimLeft(s, "-@:+!"))
	switch {
	case known:
		return now.with(name), false
	case name == "minikube":
		now.format = "minikube"
		return now.with(everywhere()...), false
	case !first || strings.ContainsAny(s, "$`={}") || name == "." || name == "/":
		return now, false
	case wrapper(name):
		return now, true
	case word(strings.ToLower(name)):
		if len(now.comps) == 0 {
			now = now.with(name)
		}
	}
	return now, false
}

// editor reports whether a program takes text that is to be put somewhere.
func editor(name string) bool {
	switch name {
	case "sed", "awk", "perl", "yq", "jq", "ed":
		return true
	}
	return false
}

// seeker reports whether a program only looks for the text it is given.
func seeker(name string) bool {
	switch name {
	case "grep", "egrep", "fgrep", "zgrep", "rg":
		return true
	}
	return false
}

// edited guesses at what an editor's words put into a file; the file's name tells whose it is.
func (r *reader) edited(words []token, i int, c context) (next int) {
	for next = i; next < len(words) && !words[next].ends; next++ {
		if len(c.comps) == 0 {
			c = c.only(fromPath(words[next].s))
		}
	}
	for ; i < next; i++ {
		if mentions(words[i].s) && r.enter(len(words[i].s)) {
			r.plain(words[i].text, c)
			r.layers--
		}
	}
	return next
}

// wrapper reports whether a program only starts another, or only writes text.
func wrapper(name string) bool {
	switch name {
	case "sudo", "exec", "env", "nohup", "time", "set", "sh", "bash", "ash", "zsh", "dash", "busybox", "tini", "dumb-init", "nice", "eval", "command",
		"echo", "printf", "cat", "tee", "export", "local", "declare", "readonly", "ssh", "docker", "podman", "nerdctl",
		"run", "then", "do", "if", "while", "else", "crictl", "hyperkube", "k3s", "rke2", "k3d", "server", "agent", "curl", "systemd-run", "chroot", "nsenter", "go-runner",
		"helm", "kubectl", "kustomize", "kind", "kops", "talosctl", "snap", "snapctl", "entrypoint.sh", "entrypoint", "start", "args", "microk8s":
		return true
	}
	return false
}

// wrapped reads flags whose value is a component's flag: k3s' --kubelet-arg, minikube's --extra-config.
func (r *reader) wrapped(words []token, i *int, c context) bool {
	w := words[*i]
	name, _, joined := strings.Cut(strings.TrimLeft(w.s, "-"), "=")
	comp, line := "", false
	switch {
	case name == "k3s-arg", name == "extra-config":
	case strings.HasSuffix(name, "-args"): // EKS' and k0s' --kubelet-extra-args
		if comp, line = fromKey(name, false); !line {
			return false
		}
	case strings.HasSuffix(name, "-arg"):
		var ok bool
		if comp, ok = fromKey(strings.TrimSuffix(name, "-arg"), false); !ok {
			return false
		}
	default:
		return false
	}
	var value text
	if joined {
		value = w.sub(strings.IndexByte(w.s, '=')+1, len(w.s))
	} else {
		if *i+1 >= len(words) || words[*i+1].ends {
			return true
		}
		*i++
		value = words[*i].text
	}
	if !mentions(value.s) {
		return true
	}
	if line {
		r.nested(value, c.with(comp))
		return true
	}
	c.format = "k3s"
	switch name {
	case "k3s-arg": // --k3s-arg "--kubelet-arg=feature-gates=A=true@server:*"
		if at := strings.LastIndexByte(value.s, '@'); at >= 0 {
			value = value.sub(0, at)
		}
		if r.enter(len(value.s)) {
			r.arguments([]token{{text: value}}, c)
			r.layers--
		}
	case "extra-config": // --extra-config=kubelet.feature-gates=A=true
		c.format = "minikube"
		if program, _, found := strings.Cut(value.s, "."); found {
			comp, _ = fromKey(program, true)
			r.bareFlag(value.sub(len(program)+1, len(value.s)), c.only(comp))
		}
	default:
		r.bareFlag(value, c.only(comp))
	}
	return true
}

// bareFlag reads a flag that may lack its dashes: feature-gates=A=true.
func (r *reader) bareFlag(t text, c context) {
	t = t.trim()
	if n := len(t.s); n >= 2 && (t.s[0] == '"' || t.s[0] == '\'') && t.s[n-1] == t.s[0] {
		t = t.sub(1, n-1)
	}
	name := strings.TrimLeft(t.s, "-")
	if !isGatesName(name) {
		return
	}
	if at := len(t.s) - len(name) + len("feature-gates"); at < len(t.s) && (t.s[at] == '=' || t.s[at] == ' ') {
		r.list(t.sub(at+1, len(t.s)), c)
	}
}

// variable reads NAME=value: a gate of client-go, a list of gates, or arguments for somebody.
func (r *reader) variable(name string, value text, c context) {
	if gate, ok := environmentGate(name); ok {
		c.comps = []string{clientGo}
		r.found(c, gate, unquoted(strings.TrimSpace(value.s)), value.line(0))
		return
	}
	if comp := fromVariable(name); comp != "" {
		c = c.with(comp)
	}
	if strings.HasSuffix(plainName(name), "featuregates") {
		if !strings.HasPrefix(strings.TrimSpace(value.s), "-") {
			r.list(value, c)
			return
		}
	}
	if name == "INSTALL_K3S_EXEC" || name == "K3S_ARGS" {
		c.format = "k3s"
	}
	r.nested(value, c)
}

// nested reads a string that is a command of its own: what follows sh -c, or a variable's value.
func (r *reader) nested(t text, c context) {
	if !r.enter(len(t.s)) {
		return
	}
	r.arguments(r.words(t), c)
	r.layers--
}

// enter goes one layer down, unless that is too deep or too much.
func (r *reader) enter(size int) bool {
	if r.layers >= maxLayers || r.embeddable < size {
		return false
	}
	r.layers++
	r.embeddable -= size
	return true
}

// environmentGate is the gate that client-go takes from a variable.
func environmentGate(name string) (string, bool) {
	gate, ok := strings.CutPrefix(name, "KUBE_FEATURE_")
	return gate, ok && gate != "" && gate != "GATES" && word(gate)
}

// assignment splits NAME=value, NAME+=value and $env:NAME=value.
func assignment(t text) (name string, value text, ok bool) {
	i := strings.IndexByte(t.s, '=')
	if i <= 0 {
		return "", text{}, false
	}
	name = strings.TrimPrefix(strings.TrimSuffix(t.s[:i], "+"), "$env:")
	for j, c := range []byte(name) {
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (j == 0 || c < '0' || c > '9') {
			return "", text{}, false
		}
	}
	return name, t.sub(i+1, len(t.s)), name != ""
}

func assignsGate(t token) bool {
	name, value, found := strings.Cut(strings.TrimRight(t.s, ","), "=")
	if value, _, _ = strings.Cut(value, ","); t.ends || !found || !word(name) {
		return false
	}
	return value == "true" || value == "false"
}

func hasBlank(s string) bool { return strings.ContainsAny(s, " \t\r\n") }

// words splits a command as a shell does, without doing any of what it asks for.
func (r *reader) words(t text) []token {
	var out []token
	var b *builder
	cur := cursor{t: t}
	end := func() {
		if b != nil {
			out = append(out, token{text: b.text()})
			b = nil
		}
	}
	put := func(i int) {
		if b == nil {
			b = &builder{}
		}
		b.add(t.s[i], cur.line(i))
	}
	closed := map[byte]bool{'"': true, '\'': true} // false: the rest has no such quote any more
	quote := func(i int) int {
		if !closed[t.s[i]] {
			return -1
		}
		for j := i + 1; j < len(t.s); j++ {
			if t.s[j] == '\\' && t.s[i] == '"' {
				j++
			} else if t.s[j] == t.s[i] {
				return j
			}
		}
		closed[t.s[i]] = false
		return -1
	}
	for i := 0; i < len(t.s); i++ {
		if len(out) >= maxTokens {
			r.problem(t.line(i), "has a line of more words than anybody writes; what follows in it was not read")
			return out
		}
		switch c := t.s[i]; c {
		case ' ', '\t', '\r', '>', '<':
			end()
		case '\n', ';', '|', '&', '(', ')', '`':
			end()
			out = append(out, token{ends: true})
		case '#':
			if b != nil {
				put(i)
				continue
			}
			if j := strings.IndexByte(t.s[i:], '\n'); j >= 0 {
				i += j - 1
				continue
			}
			i = len(t.s)
		case '\\':
			switch {
			case i+1 >= len(t.s):
			case t.s[i+1] == '\n':
				i++
			case t.s[i+1] == '\r' && i+2 < len(t.s) && t.s[i+2] == '\n':
				i += 2
			case strings.IndexByte(` "'\$#;&|()<>`, t.s[i+1]) >= 0:
				i++
				put(i)
			default:
				put(i) // a path of Windows
			}
		case '"', '\'':
			j := quote(i)
			if j < 0 {
				put(i)
				continue
			}
			if b == nil {
				b = &builder{}
			}
			for i++; i < j; i++ {
				if c == '"' && t.s[i] == '\\' && i+1 < j {
					switch t.s[i+1] {
					case '\n':
						i++
						continue
					case '"', '\\', '$', '`':
						i++
					}
				}
				put(i)
			}
		default:
			put(i)
		}
	}
	end()
	return out
}

// programOf is the component that a container's command names, "" where it names none.
func programOf(words []token) (name string, known bool) {
	for i, w := range words {
		if strings.HasPrefix(w.s, "-") || hasBlank(w.s) {
			if i == 0 {
				return "", false
			}
			break
		}
		base := path.Base(w.s)
		if n, ok := fromProgram(base); ok {
			return n, true
		} else if !wrapper(base) {
			return n, false
		}
	}
	return "", false
}
