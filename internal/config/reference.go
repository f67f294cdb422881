package config

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"time"
)

//go:embed starter.yaml
var starterYAML string

// Init returns a short commented file to begin with, for `bot config init`.
func Init() []byte { return []byte(starterYAML) }

// Reference returns config.yaml: every key with its explanation, those without a default commented out.
// It loads as it is and gives the defaults. A test keeps the file at the repository's root equal to it.
func Reference() []byte {
	var p page
	p.prose(0, "The configuration of bot: every key, what it means, and its default. It is built into the program and counts where no file is given. "+
		"Write only what you want otherwise into a file of your own; `bot config init` makes a short one.")
	p.line("#")
	p.prose(0, "A setting without a default is commented out as \"#key: example\": take the # away to use it. "+
		"Each setting outside lists can also be given in the environment, which counts more than the file: store.path as BOT_STORE_PATH. "+
		"Unknown keys and wrong types are errors. There is no key for the token; see github below.")
	for _, f := range schema() {
		p.line("")
		p.field(f, 0, active, f.def, false)
	}
	return []byte(p.String())
}

// active as the column of a comment sign says that there is none.
const active = -1

// page collects the lines of a commented YAML file.
type page struct{ strings.Builder }

func (p *page) line(s string) { p.WriteString(s + "\n") }

// prose writes a comment of whole words, wrapped.
func (p *page) prose(indent int, text string) {
	const width = 100
	line := strings.Repeat(" ", indent) + "#"
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > width {
			p.line(line)
			line = strings.Repeat(" ", indent) + "#"
		}
		line += " " + word
	}
	p.line(line)
}

// setting writes a line of YAML; where hash is a column, commented out with the sign in that column.
func (p *page) setting(indent, hash int, s string) {
	if hash == active {
		p.line(strings.Repeat(" ", indent) + s)
		return
	}
	p.line(strings.Repeat(" ", hash) + "#" + strings.Repeat(" ", indent-hash) + s)
}

// field writes one key with its explanation and value. dash says that it begins a list's entry.
func (p *page) field(f field, indent, hash int, value any, dash bool) {
	explain := f.doc
	if value == nil && f.without != "" {
		explain += " Default: " + f.without + "."
	}
	if f.ambient != "" && f.without == "" {
		explain += " Default: " + f.ambient + " of the environment" + map[bool]string{true: ", else what stands here"}[f.def != nil] + "."
	}
	if f.hi != 0 {
		explain += " From " + bounds(f) + "."
	}
	// What Actions sets counts only where the file is silent: such a key must not be written here.
	silent := value == nil || f.ambient != ""
	if silent && hash == active && f.kind != section && f.kind != entries {
		hash = indent
	}
	if dash {
		// The explanation stands before the dash, the key behind it.
		p.prose(column(indent-2, hash), explain)
		p.setting(indent-2, hash, "- "+f.name+":"+p.inline(f, value))
	} else {
		p.prose(column(indent, hash), explain)
		p.setting(indent, hash, f.name+":"+p.inline(f, value))
	}
	switch f.kind {
	case section:
		given, _ := value.(map[string]any)
		for _, sub := range f.fields {
			v, ok := given[sub.name]
			if !ok {
				v = sub.def
			}
			p.field(sub, indent+2, hash, v, false)
		}
	case entries:
		list, _ := value.([]any)
		if list == nil {
			list = []any{nil}
			if hash == active {
				hash = indent + 2
			}
		}
		for _, item := range list {
			p.entry(f, indent+4, hash, item)
		}
	default: // the value stands behind the colon
	}
}

func (p *page) entry(f field, indent, hash int, item any) {
	given, _ := item.(map[string]any)
	for i, sub := range f.fields {
		v, ok := given[sub.name]
		at := hash
		if !ok {
			v = sub.def
			if hash == active && sub.kind == section {
				at = indent // a section nobody asked for stays commented out as a whole
			}
		}
		p.field(sub, indent, at, v, i == 0)
	}
}

// column is where an explanation begins: at the sign where its key is commented out.
func column(indent, hash int) int {
	if hash == active {
		return indent
	}
	return hash
}

// inline is what stands behind the colon.
func (p *page) inline(f field, value any) string {
	switch {
	case f.kind == section || f.kind == entries:
		return ""
	case value == nil:
		return " " + f.example
	default:
		return " " + yamlText(value)
	}
}

// yamlText writes a default as YAML.
func yamlText(value any) string {
	switch v := value.(type) {
	case time.Duration:
		return durationText(v)
	case []string:
		return "[" + strings.Join(v, ", ") + "]"
	default:
		return fmt.Sprint(v)
	}
}

func bounds(f field) string {
	show := func(v int64) string {
		if f.kind == duration {
			return durationText(time.Duration(v))
		}
		return strconv.FormatInt(v, 10)
	}
	return show(f.lo) + " to " + show(f.hi)
}
