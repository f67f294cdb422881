package config

import (
	"slices"
	"strings"
)

// The variables that are not named after a key.
const (
	envConfig    = "BOT_CONFIG"
	envToken     = "GITHUB_TOKEN"
	envBotToken  = "BOT_GITHUB_TOKEN"
	envGHToken   = "GH_TOKEN"
	envTokenFile = "GITHUB_TOKEN_FILE"
)

// Lookup finds an environment variable, as os.LookupEnv does. An empty value counts as unset.
type Lookup func(name string) (string, bool)

// get returns a variable's value, "" when it is unset.
func (l Lookup) get(name string) string {
	if l == nil {
		return ""
	}
	value, _ := l(name)
	return value
}

// Environ makes a Lookup of "NAME=value" pairs such as os.Environ gives, and lists their names for
// Source.EnvNames. Of a name that stands there twice the last value counts.
func Environ(pairs []string) (Lookup, []string) {
	values := make(map[string]string, len(pairs))
	for _, p := range pairs {
		// Windows keeps variables such as "=C:" that begin with the sign.
		if name, value, ok := strings.Cut(p, "="); ok && name != "" {
			values[name] = value
		}
	}
	list := make([]string, 0, len(values))
	for name := range values {
		list = append(list, name)
	}
	slices.Sort(list)
	return func(name string) (string, bool) {
		value, ok := values[name]
		return value, ok
	}, list
}

// overrides reads the BOT_ variables of all keys: path to value.
func overrides(fields []field, env Lookup, found *faults) map[string]any {
	out := map[string]any{}
	leaves(fields, "", func(path string, f field) {
		name := variable(path)
		s := env.get(name)
		if s == "" || !f.scalar() {
			return
		}
		if v, ok := fromVariable(path, name, s, f, found); ok {
			out[path] = v
		}
	})
	return out
}

// ambient reads what GitHub Actions sets, where nobody gave a value: path to value. Once somebody chose an
// API of his own, the other addresses that Actions sets belong to another GitHub: they are left out, and
// derived from the chosen one instead.
func ambient(fields []field, env Lookup, found *faults) map[string]any {
	out := map[string]any{}
	_, chosen := found.at["github.api_url"]
	leaves(fields, "", func(path string, f field) {
		_, given := found.at[path]
		s := env.get(f.ambient)
		if f.ambient == "" || given || s == "" || chosen && strings.HasPrefix(path, "github.") {
			return
		}
		if v, ok := fromVariable(path, f.ambient, s, f, found); ok {
			out[path] = v
		}
	})
	return out
}

// fromVariable reads the text of a variable as the field's kind and notes its origin.
func fromVariable(path, name, s string, f field, found *faults) (any, bool) {
	var v any
	var problem, advice string
	switch f.kind {
	case truth:
		v = s == "true"
		if s != "true" && s != "false" {
			problem, advice = quote(s)+" is neither true nor false", "write true or false"
		}
	case number:
		v, problem, advice = readNumber(s, f)
	case duration:
		v, problem, advice = readDuration(s)
	default:
		v, problem, advice = readText(s)
	}
	at := Origin{From: name}
	if problem != "" {
		found.addAt(path, at, problem, advice)
		return nil, false
	}
	found.at[path] = at
	return v, true
}

// checkNames complains about BOT_ variables that mean nothing: a misspelt one would be ignored in silence.
// Those of own are named by the configuration itself.
func checkNames(fields []field, present, own []string, env Lookup, found *faults) {
	known := append([]string{envConfig, envBotToken}, own...)
	lists := map[string]string{}
	leaves(fields, "", func(path string, f field) {
		if f.scalar() {
			known = append(known, variable(path))
		} else {
			lists[variable(path)] = path
		}
	})
	for _, name := range present {
		if !strings.HasPrefix(name, "BOT_") || env.get(name) == "" || slices.Contains(known, name) {
			continue
		}
		at := Origin{From: name}
		if path, ok := lists[name]; ok {
			found.addAt(path, at, "is a list, which a variable can't hold", "set it in the configuration file and unset the variable")
			continue
		}
		found.addAt("", at, "no setting belongs to this variable", orElse(name, known, "unset it; `bot config show` lists what there is"))
	}
}
