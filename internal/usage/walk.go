package usage

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// walker goes through one document.
type walker struct {
	*reader
	d     *document
	name  string // the file's name, or of what the document was found in
	seen  map[visit]bool
	steps int
	tired bool
}

// visit is one reading of an anchor's node. A second one in the same context would find the same again: so
// aliases of aliases cost nothing.
type visit struct {
	n             *yaml.Node
	comps, format string
}

// maxSteps bounds how often nodes are looked at through aliases in ever new contexts.
const maxSteps = 4 * maxNodes

func (w *walker) step(n *yaml.Node, depth int) bool {
	if w.tired || w.full {
		return false
	}
	if w.steps++; w.steps > maxSteps {
		w.tired = true
		w.problem(w.d.line(n), "uses aliases beyond all measure: what follows in this document was not read")
		return false
	}
	if depth > maxDepth {
		w.problem(w.d.line(n), fmt.Sprintf("goes more than %d levels deep: what is below was not read", maxDepth))
		return false
	}
	return true
}

func (w *walker) again(n *yaml.Node, c context) bool {
	v := visit{n, strings.Join(c.comps, ","), c.format}
	if w.seen[v] {
		return true
	}
	w.seen[v] = true
	return false
}

// field is one entry of a mapping. merged says that it comes by way of "<<" from elsewhere.
type field struct {
	key, value *yaml.Node
	merged     bool
}

// mapped are the entries of a mapping, in order, twice where they stand twice.
type mapped struct {
	all   []field
	index map[string]*yaml.Node // the first of each key; nil while nobody asks
}

// get is the value of the first of the keys that is there, nil where none is.
func (m *mapped) get(keys ...string) *yaml.Node {
	if len(m.all) <= 16 {
		for _, key := range keys {
			for _, f := range m.all {
				if f.key.Value == key && f.key.Kind == yaml.ScalarNode {
					return resolved(f.value)
				}
			}
		}
		return nil
	}
	if m.index == nil {
		m.index = make(map[string]*yaml.Node, len(m.all))
		for _, f := range m.all {
			if _, twice := m.index[f.key.Value]; !twice && f.key.Kind == yaml.ScalarNode {
				m.index[f.key.Value] = resolved(f.value)
			}
		}
	}
	for _, key := range keys {
		if n := m.index[key]; n != nil {
			return n
		}
	}
	return nil
}

// fields are a mapping's own entries, and then what is merged into it. Of anything else there are none.
func (w *walker) fields(n *yaml.Node, depth int) *mapped {
	out := &mapped{}
	if n == nil || n.Kind != yaml.MappingNode {
		return out
	}
	var merge []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := resolved(n.Content[i]), n.Content[i+1]
		if k.Kind == yaml.ScalarNode && k.Tag == "!!merge" {
			merge = append(merge, v)
			continue
		}
		out.all = append(out.all, field{key: k, value: v})
	}
	if len(merge) == 0 {
		return out
	}
	has := map[string]bool{}
	for _, f := range out.all {
		has[f.key.Value] = true
	}
	for _, m := range merge {
		from := []*yaml.Node{m}
		if m = resolved(m); m.Kind == yaml.SequenceNode {
			from = m.Content
		}
		for _, f := range from {
			f = resolved(f)
			if f.Kind != yaml.MappingNode || !w.step(f, depth) {
				continue
			}
			for _, e := range w.fields(f, depth+10).all {
				if w.steps++; w.steps > maxSteps {
					break
				}
				if !has[e.key.Value] {
					has[e.key.Value] = true
					e.merged = true
					out.all = append(out.all, e)
				}
			}
		}
	}
	return out
}

// resolved is the node that an alias stands for, else the node.
func resolved(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}

func str(n *yaml.Node) string {
	if n == nil || n.Kind != yaml.ScalarNode {
		return ""
	}
	return n.Value
}

// value reads any node.
func (w *walker) value(n *yaml.Node, c context, depth int) {
	if !w.step(n, depth) {
		return
	}
	if n.Anchor != "" && n.Kind != yaml.ScalarNode && w.again(n, c) {
		return
	}
	switch n.Kind {
	case yaml.DocumentNode:
		for _, e := range n.Content {
			w.value(e, c, depth+1)
		}
	case yaml.AliasNode:
		if n.Alias != nil {
			w.value(n.Alias, c, depth+1)
		}
	case yaml.MappingNode:
		w.mapping(n, c, depth)
	case yaml.SequenceNode:
		w.sequence(n, c, depth)
	case yaml.ScalarNode:
		w.scalar(n, "", c)
	}
}

func (w *walker) mapping(n *yaml.Node, c context, depth int) {
	fs := w.fields(n, depth)
	c.refuse, c.strict = "", false
	c, skip := w.recognise(fs, c, depth)
	if skip || w.operation(fs, c, depth) || w.pair(fs, c, depth) {
		return
	}
	c, ran := w.container(fs, c)
	weak := c.known || w.several(fs)
	if p := str(fs.get("path")); strings.HasPrefix(p, "/") {
		c.file = p
	}
	if of, ok := fromProgram(str(w.fields(fs.get("target"), depth).get("name"))); ok {
		c.comps = []string{of} // what a patch is for
	}
	for _, f := range fs.all {
		if f.merged && w.again(f.value, c) {
			continue
		}
		k, v := f.key.Value, f.value
		if f.key.Kind != yaml.ScalarNode || prose(k) || ran && (k == "command" || k == "args") {
			continue
		}
		below := c
		below.refuse, below.strict = "", false
		if gate, ok := environmentGate(k); ok {
			if s := resolved(v); s.Kind == yaml.ScalarNode {
				w.found(c.with(clientGo), gate, s.Value, w.d.line(f.key))
			}
			continue
		}
		plain := plainName(strings.TrimLeft(k, "-"))
		if whose, ok := strings.CutSuffix(plain, "featuregates"); ok {
			if comp, ok := fromKey(whose, weak); ok {
				w.gates(v, c.with(comp), depth+1)
				continue
			}
			switch {
			case c.refuse != "":
				w.problem(w.d.line(f.key), c.refuse)
			case c.strict && k != "featureGates":
				w.problem(w.d.line(f.key), "sets "+clip(k)+" in a "+c.format+", which has no such field: write featureGates")
			}
			w.gates(v, c, depth+1)
			continue
		}
		if program, ok := strings.CutSuffix(strings.TrimSuffix(k, "+"), "-arg"); ok {
			if comp, ok := fromKey(program, true); ok {
				if c.format == "" || c.format == "YAML" {
					below.format = w.rancher()
				}
				w.flags(v, below.with(comp), depth+1)
				continue
			}
		}
		if comp, ok := fromKey(k, weak); ok && resolved(v).Kind != yaml.ScalarNode {
			below.comps = []string{comp}
			below.known = true
		} else if ok {
			below.comps = []string{comp}
		}
		switch k {
		case "initConfiguration", "joinConfiguration", "kubeadmConfigPatches":
			below.comps = nil
		case "workerProfiles":
			if c.format == "k0s" {
				below.comps = []string{kubelet} // each holds a KubeletConfiguration
			}
		}
		if (c.secret(fs) && k == "data") || (k == "binaryData" && c.format == "ConfigMap") {
			w.secret(v, below)
			continue
		}
		if s := resolved(v); s.Kind == yaml.ScalarNode {
			w.content(fs, k, s, below)
			continue
		}
		w.value(v, below, depth+1)
	}
}

// several reports whether a mapping names components beside each other: then "scheduler" is Kubernetes'.
func (w *walker) several(fs *mapped) bool {
	n := 0
	for _, f := range fs.all {
		if f.key.Kind != yaml.ScalarNode {
			continue
		}
		if _, ok := fromKey(f.key.Value, true); ok {
			n++
		}
	}
	return n > 1
}

// prose reports whether a key holds words for people, or a copy of what stands elsewhere in the file.
func prose(key string) bool {
	switch key {
	case "description", "managedFields", "annotations", "message", "summary", "title", "status", "labels",
		"regexp", "regex", "search_string": // of Ansible's modules: what is looked for, not what is set
		return true
	}
	return false
}

func (w *walker) rancher() string {
	if strings.Contains(strings.ToLower(w.file), "rke2") {
		return "RKE2"
	}
	return "k3s"
}

// gates reads what a featureGates key holds: a map, a list, or the flag's string.
func (w *walker) gates(n *yaml.Node, c context, depth int) {
	if !w.step(n, depth) {
		return
	}
	switch n.Kind {
	case yaml.AliasNode:
		if n.Alias != nil && !w.again(n.Alias, c) {
			w.gates(n.Alias, c, depth+1)
		}
	case yaml.ScalarNode:
		if n.Tag == "!!null" || n.Tag == "!!bool" || n.Value == "" {
			return
		}
		if _, flag := gatesFlag(strings.TrimSpace(n.Value)); flag { // the whole flag, with its name
			w.arguments(w.words(w.d.scalar(n)), c)
			return
		}
		w.list(w.d.scalar(n), c)
	case yaml.SequenceNode:
		for _, e := range n.Content {
			w.item(e, c, depth+1)
		}
	case yaml.MappingNode:
		fs := w.fields(n, depth)
		if isSchema(fs) {
			if d := fs.get("default"); d != nil {
				w.gates(d, c, depth+1)
			}
			return
		}
		for _, f := range fs.all {
			if f.merged && w.again(f.key, c) || f.key.Kind == yaml.ScalarNode && f.key.Value == "" {
				continue
			}
			if f.key.Kind != yaml.ScalarNode || strings.Contains(f.key.Value, "{{") { // to YAML, {{ }} is a map as key
				w.template(w.d.line(f.key), c)
				continue
			}
			value := w.set(f.value, depth)
			if c.strict {
				value = w.strictly(resolved(f.value), value, c)
			}
			w.found(c, f.key.Value, value, w.d.line(f.key))
		}
	}
}

// set is the value that a gate is set to; also where a chart wants {enabled: true}.
func (w *walker) set(n *yaml.Node, depth int) string {
	n = resolved(n)
	switch n.Kind {
	case yaml.ScalarNode:
		return boolean(n)
	case yaml.MappingNode:
		fs := w.fields(n, depth)
		for _, key := range []string{"enabled", "value", "default"} {
			if v := fs.get(key); v != nil && v.Kind == yaml.ScalarNode {
				return boolean(v)
			}
		}
	}
	return ""
}

// boolean is a scalar's value. Kubernetes reads YAML 1.1, where yes and off without quotes are booleans too.
func boolean(n *yaml.Node) string {
	const surely = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle | yaml.TaggedStyle
	if n.Tag == "!!bool" || n.Tag == "!!str" && n.Style&surely == 0 {
		if b := oldBoolean(n.Value); b != "" {
			return b
		}
	}
	return n.Value
}

// oldBoolean is what YAML 1.1 takes for true or false and YAML 1.2 does not, "" for anything else.
func oldBoolean(s string) string {
	switch s {
	case "y", "Y", "yes", "Yes", "YES", "on", "On", "ON":
		return "true"
	case "n", "N", "no", "No", "NO", "off", "Off", "OFF":
		return "false"
	}
	return ""
}

// strictly is a value as a field that takes bare booleans gets it: nothing is false there, as JSON's null is. What
// is refused though a flag would take it is told; what nobody takes, the verdict on the value tells.
func (w *walker) strictly(n *yaml.Node, value string, c context) string {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!bool" || value != n.Value {
		return value
	}
	_, err := strconv.ParseBool(value)
	switch {
	case n.Tag == "!!null":
		return "false"
	case oldBoolean(value) != "" || n.Tag == "!!str" && err == nil && len(value) > 1:
		w.problem(w.d.line(n), "has quotes round "+value+": "+c.format+" takes it without, and refuses the file as it is")
	case n.Tag == "!!int" || n.Tag == "!!float":
		w.problem(w.d.line(n), "has the number "+clip(value)+": "+c.format+" takes true or false, and refuses the file as it is")
	case err == nil:
		w.problem(w.d.line(n), "has "+value+": "+c.format+" takes true or false, and refuses the file as it is")
	}
	return value
}

// item is an entry of a list of gates: A=true, or {name: A, enabled: true}.
func (w *walker) item(n *yaml.Node, c context, depth int) {
	n = resolved(n)
	if !w.step(n, depth) {
		return
	}
	switch n.Kind {
	case yaml.ScalarNode:
		w.list(w.d.scalar(n), c)
	case yaml.MappingNode:
		fs := w.fields(n, depth)
		name := fs.get("name")
		if str(name) == "" {
			w.gates(n, c, depth+1)
			return
		}
		if on := fs.get("components"); on != nil && on.Kind == yaml.SequenceNode {
			c.comps = nil
			for _, e := range on.Content {
				if comp, _ := fromProgram(str(resolved(e))); str(resolved(e)) != "" {
					c.comps = append(c.comps, comp)
				}
			}
		}
		w.found(c, name.Value, w.set(n, depth), w.d.line(name))
	}
}

// isSchema reports whether a mapping describes a field rather than fills it.
func isSchema(fs *mapped) bool {
	switch str(fs.get("type")) {
	case "object", "string", "array", "boolean":
		return true
	}
	return fs.get("additionalProperties", "properties", "x-kubernetes-preserve-unknown-fields") != nil
}

// flags reads k3s' lists of arguments for a component.
func (w *walker) flags(n *yaml.Node, c context, depth int) {
	if !w.step(n, depth) {
		return
	}
	switch n.Kind {
	case yaml.AliasNode:
		if n.Alias != nil && !w.again(n.Alias, c) {
			w.flags(n.Alias, c, depth+1)
		}
	case yaml.SequenceNode:
		for _, e := range n.Content {
			w.flags(e, c, depth+1)
		}
	case yaml.ScalarNode:
		if mentions(n.Value) {
			w.bareFlag(w.d.scalar(n), c)
		}
	}
}

// sequence reads a list: of words of a command, of commands, or of anything else.
func (w *walker) sequence(n *yaml.Node, c context, depth int) {
	if words, ok := w.stringItems(n, c); ok {
		w.commands(words, c)
		return
	}
	for _, e := range n.Content {
		w.value(e, c, depth+1)
	}
}

// stringItems are the words of a list that holds only strings, one of which may set a gate.
func (w *walker) stringItems(n *yaml.Node, c context) ([]token, bool) {
	wanted := false
	for _, e := range n.Content {
		e = resolved(e)
		if e.Kind != yaml.ScalarNode {
			return nil, false
		}
		wanted = wanted || mentions(e.Value)
	}
	if !wanted {
		return nil, true
	}
	words := make([]token, 0, len(n.Content))
	for _, e := range n.Content {
		if e = resolved(e); !w.step(e, 0) {
			continue
		}
		if strings.HasPrefix(e.Value, "feature-gates=") { // a list of flags without their dashes
			w.bareFlag(w.d.scalar(e), c)
		} else if mentions(e.Value) || len(e.Value) < maxName {
			words = append(words, token{text: w.d.scalar(e)})
		}
	}
	return words, true
}

// commands reads the words of a list; those of several lines are texts of their own.
func (w *walker) commands(words []token, c context) {
	from := 0
	for i, t := range words {
		if !strings.Contains(strings.TrimSpace(t.s), "\n") || strings.HasPrefix(t.s, "--") {
			continue
		}
		w.arguments(words[from:i], c)
		if from = i + 1; mentions(t.s) {
			w.inner("", t.text, c)
		}
	}
	w.arguments(words[from:], c)
}

// container reads command and args together, and says whose they are.
func (w *walker) container(fs *mapped, c context) (context, bool) {
	command, args := fs.get("command"), fs.get("args")
	image, name := str(fs.get("image")), str(fs.get("name"))
	if command == nil && (args == nil || name == "") && (image == "" || name == "" && args == nil) {
		return c, false
	}
	var words []token
	for _, n := range []*yaml.Node{command, args} {
		switch {
		case n == nil:
		case n.Kind == yaml.ScalarNode:
			t := w.d.scalar(n)
			words = append(words, w.words(t)...)
		case n.Kind == yaml.SequenceNode:
			for _, e := range n.Content {
				if e = resolved(e); e.Kind == yaml.ScalarNode && w.step(e, 0) {
					words = append(words, token{text: w.d.scalar(e)})
				}
			}
		}
	}
	program, known := programOf(words)
	fromImg, imageKnown := fromImage(image)
	fromNm, nameKnown := fromProgram(name)
	switch {
	case known:
	case imageKnown:
		program = fromImg
	case nameKnown && name != "":
		program = fromNm
	case program != "":
	case image != "":
		program = fromImg
	default:
		program = fromNm
	}
	if program != "" && program != "." && (len(c.comps) == 0 || known || imageKnown || nameKnown || image != "") {
		c.comps = []string{program}
	}
	for _, t := range words {
		if mentions(t.s) {
			w.commands(words, c)
			break
		}
	}
	return c, true
}

// pair reads {name: feature-gates, value: A=true}, as kubeadm's arguments, environment variables and a
// topology's variables are written.
func (w *walker) pair(fs *mapped, c context, depth int) bool {
	name, value := str(fs.get("name")), fs.get("value")
	if name == "" {
		if name = str(fs.get("Key")); name != "" { // minikube's ExtraOptions
			value = fs.get("Value")
			if comp, ok := fromKey(str(fs.get("Component")), true); ok {
				c.comps = []string{comp}
			}
		}
	}
	if name == "" || value == nil {
		return false
	}
	if whose, ok := strings.CutSuffix(plainName(strings.TrimLeft(name, "-")), "featuregates"); ok {
		if comp, ok := fromKey(whose, c.known); ok {
			c.comps = []string{comp}
		}
		w.gates(value, c, depth+1)
		return true
	}
	if gate, c, ok := parameter(name, c); ok && value.Kind == yaml.ScalarNode {
		w.found(c, gate, value.Value, w.d.line(fs.get("name", "Key")))
		return true
	}
	if value.Kind != yaml.ScalarNode {
		comp, ok := fromKey(name, c.known)
		if ok {
			c.comps = []string{comp}
		}
		w.value(value, c, depth+1)
		return true
	}
	if gate, ok := environmentGate(name); ok {
		w.found(c.with(clientGo), gate, value.Value, w.d.line(fs.get("name", "Key")))
		return true
	}
	if mentions(value.Value) {
		t := w.d.scalar(value)
		if strings.Contains(strings.TrimSpace(t.s), "\n") || looksLikeYAML(firstLine(t.s)) {
			w.inner(name, t, c)
		} else {
			w.variable(name, t, c)
		}
	}
	return true
}

// parameter splits the path of a chart's value: kubelet.featureGates.A.
func parameter(name string, c context) (gate string, _ context, ok bool) {
	parts := strings.Split(name, ".")
	last := len(parts) - 1
	if last < 1 || plainName(parts[last-1]) != "featuregates" || !word(parts[last]) {
		return "", c, false
	}
	for _, p := range parts[:last-1] {
		if comp, ok := fromKey(p, false); ok {
			c.comps = []string{comp}
		}
	}
	return parts[last], c, true
}

// operation reads a JSON patch's {op, path, value}: the path says what the value is.
func (w *walker) operation(fs *mapped, c context, depth int) bool {
	op, pointer := str(fs.get("op")), str(fs.get("path"))
	if op == "" || !strings.HasPrefix(pointer, "/") {
		return false
	}
	value := fs.get("value", "valueFrom")
	if value == nil || op == "remove" || op == "test" {
		return true
	}
	if len(c.comps) == 0 {
		c = c.only(fromName(w.name)) // kubeadm's patches: kube-apiserver0+json.yaml
	}
	parts := strings.Split(pointer[1:], "/")
	gatesAt := -1
	for i, p := range parts {
		p = strings.TrimLeft(strings.NewReplacer("~1", "/", "~0", "~").Replace(p), "-")
		if whose, ok := strings.CutSuffix(plainName(p), "featuregates"); ok {
			gatesAt = i
			p = whose
		}
		switch p {
		case "initConfiguration", "joinConfiguration":
			c.comps = nil
		}
		if comp, ok := fromKey(p, true); ok {
			c.comps = []string{comp}
		}
	}
	last := len(parts) - 1
	switch {
	case gatesAt >= 0 && gatesAt == last:
		if from := fs.get("valueFrom"); from != nil && from == value {
			if t := w.fields(from, depth).get("template"); t != nil && t.Kind == yaml.ScalarNode {
				c.guess = strings.Contains(t.Value, "{{")
				w.list(w.d.scalar(t), c)
			}
			return true
		}
		w.gates(value, c, depth+1)
	case gatesAt >= 0 && gatesAt == last-1 && value.Kind == yaml.ScalarNode:
		w.found(c, strings.NewReplacer("~1", "/", "~0", "~").Replace(parts[last]), value.Value, w.d.line(value))
	default:
		if value.Kind == yaml.ScalarNode && mentions(value.Value) {
			w.commands([]token{{text: w.d.scalar(value)}}, c)
			return true
		}
		w.value(value, c, depth+1)
	}
	return true
}

// content reads a scalar that stands under a key. What it is a file of, its neighbours may say.
func (w *walker) content(fs *mapped, key string, n *yaml.Node, c context) {
	embedded := strings.HasPrefix(n.Value, "data:")
	if !mentions(n.Value) && key != "content" && !embedded {
		return
	}
	name := key
	if c.file != "" {
		name = c.file
	}
	for _, k := range []string{"path", "filename", "name"} {
		if s := str(fs.get(k)); s != "" && k != key {
			name = s
			break
		}
	}
	if e := str(fs.get("encoding")); key == "content" && (e == "base64" || e == "b64") {
		w.encoded(name, n, c)
		return
	}
	if embedded {
		w.dataURL(name, n, c)
		return
	}
	w.scalar(n, name, c)
}

// dataURL reads a file that stands in a URL, as in Ignition's configuration.
func (w *walker) dataURL(name string, n *yaml.Node, c context) {
	kind, data, _ := strings.Cut(strings.TrimPrefix(n.Value, "data:"), ",")
	if strings.HasSuffix(kind, ";base64") {
		w.decoded(name, data, n, c)
		return
	}
	if s, err := url.PathUnescape(data); err == nil && mentions(s) {
		w.inner(name, text{s: s, at: marks{{0, w.d.line(n)}}}, c)
	}
}

// scalar reads a string that may hold a document, a script or a command.
func (w *walker) scalar(n *yaml.Node, name string, c context) {
	if n.Kind != yaml.ScalarNode || !mentions(n.Value) {
		return
	}
	t := w.d.scalar(n)
	if strings.Contains(strings.TrimSpace(t.s), "\n") || looksLikeYAML(firstLine(t.s)) {
		w.inner(name, t, c)
		return
	}
	if len(c.comps) == 0 {
		c = c.only(fromPath(name))
	}
	if formOf(name, t.s, true) == formEnvironment {
		w.inner(name, t, c)
		return
	}
	w.commands([]token{{text: t}}, c)
}

// secret reads the values of a Secret, and a ConfigMap's binary ones.
func (w *walker) secret(n *yaml.Node, c context) {
	if n = resolved(n); n.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if v := resolved(n.Content[i+1]); v.Kind == yaml.ScalarNode {
			w.encoded(n.Content[i].Value, v, c)
		}
	}
}

// encoded reads base64. Its settings have the line where it begins: inside there is no other.
func (w *walker) encoded(name string, n *yaml.Node, c context) {
	w.decoded(name, n.Value, n, c)
}

func (w *walker) decoded(name, s string, n *yaml.Node, c context) {
	if len(s) > w.embeddable {
		return
	}
	data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil || !mentions(string(data)) {
		return
	}
	t := w.d.scalar(n)
	w.inner(name, text{s: decode(data), at: marks{{0, t.line(0)}}}, c)
}

// claimed drops what an anchor's own place set for nobody, where an alias gives the same to somebody: such a place
// (x-gates: &gates) is only where it is written.
func (r *reader) claimed(from int) {
	type place struct {
		line int
		gate string
	}
	owned := map[place]bool{}
	for _, s := range r.settings[from:] {
		if s.Component != "" {
			owned[place{s.Line, s.Gate}] = true
		}
	}
	kept := r.settings[:from]
	for _, s := range r.settings[from:] {
		if s.Component != "" || !owned[place{s.Line, s.Gate}] {
			kept = append(kept, s)
		}
	}
	r.settings = kept
}
