package config

import (
	_ "embed"
	"fmt"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"
)

//go:embed presets.yaml
var presetsYAML string

// presets reads the built-in upstreams, by name, as the file's entries would be read.
func presets() (map[string]map[string]any, error) {
	root, err := parseYAML("presets.yaml", []byte(presetsYAML))
	if err != nil {
		return nil, err
	}
	found := &faults{at: origins{}}
	list, _ := reader{faults: found, from: "presets.yaml"}.value("presets", root, upstreamsField())
	if err := found.err(); err != nil {
		return nil, err
	}
	out := map[string]map[string]any{}
	items, _ := list.([]any)
	for _, item := range items {
		m, _ := item.(map[string]any)
		name, _ := m["name"].(string)
		out[name] = m
	}
	return out, nil
}

// expand completes the entries of lists, in the file's layer or the defaults: presets below what is
// given, then the defaults of an entry's keys.
func (l layers) expand(fields []field, found *faults) {
	known, err := presets()
	if err != nil {
		found.add("upstreams", "the built-in presets can't be read: "+err.Error(), "this is a fault of the program")
		return
	}
	for _, f := range fields {
		if f.kind != entries {
			continue
		}
		layer := l.file
		list, ok := layer[f.name].([]any)
		if !ok {
			layer = l.defaults
			list, _ = layer[f.name].([]any)
		}
		if list == nil {
			continue
		}
		out := make([]any, len(list))
		for i, item := range list {
			at := fmt.Sprintf("%s[%d]", f.name, i)
			given, _ := item.(map[string]any)
			if name, ok := given["preset"].(string); ok && f.name == "upstreams" {
				given = withPreset(at, name, given, known, found)
			}
			out[i] = withDefaults(at, given, f.fields, found)
		}
		layer[f.name] = out
	}
}

// withPreset lays an entry over the preset it names.
func withPreset(at, name string, given map[string]any, known map[string]map[string]any, found *faults) map[string]any {
	base, ok := known[name]
	if !ok {
		all := slices.Sorted(maps.Keys(known))
		found.add(at+".preset", "there is no preset "+quote(name), orElse(name, all, "known: "+strings.Join(all, ", ")))
		return given
	}
	return overlay(at, base, given, Origin{From: "preset " + name}, found)
}

// overlay returns base with the keys of top in their places; lists are replaced, sections merged.
func overlay(at string, base, top map[string]any, from Origin, found *faults) map[string]any {
	out := maps.Clone(base)
	for k := range base {
		if _, ok := top[k]; !ok {
			found.at[join(at, k)] = from
		}
	}
	for k, v := range top {
		below, ok1 := base[k].(map[string]any)
		above, ok2 := v.(map[string]any)
		if ok1 && ok2 {
			v = overlay(join(at, k), below, above, from, found)
		}
		out[k] = v
	}
	return out
}

// withDefaults fills in the keys of an entry that are not given. A section that is not there stays away:
// a source that nobody configured is not read.
func withDefaults(at string, given map[string]any, fields []field, found *faults) map[string]any {
	out := map[string]any{}
	maps.Copy(out, given)
	for _, f := range fields {
		where := join(at, f.name)
		v, ok := out[f.name]
		if !ok {
			if !f.required {
				found.at[where] = Origin{From: byDefault}
			}
			if f.def == nil {
				continue
			}
			v = f.def
		}
		switch x := v.(type) {
		case map[string]any:
			v = withDefaults(where, x, f.fields, found)
		case []any:
			list := make([]any, len(x))
			for i, item := range x {
				m, _ := item.(map[string]any)
				list[i] = withDefaults(fmt.Sprintf("%s[%d]", where, i), m, f.fields, found)
			}
			v = list
		}
		out[f.name] = v
	}
	return out
}

// byDefault is the origin of a value that nobody gave.
const byDefault = "default"

// derivedFrom begins the origin of a value that follows from another.
const derivedFrom = "from "

// complete fills in what follows from other values, and brings values into one form.
func (c *Config) complete() {
	derived := func(key, from string) {
		c.Origins[key] = Origin{From: derivedFrom + from}
	}
	if c.Store.Driver == DriverBranch && c.Store.Repository == "" && c.Target.Repository != "" {
		c.Store.Repository = c.Target.Repository
		derived("store.repository", "target.repository")
	}
	for i, k := range c.Watch.KEPs {
		c.Watch.KEPs[i] = kepNumber(k)
	}
	for i, s := range c.Watch.SIGs {
		c.Watch.SIGs[i] = sigName(s)
	}
	for i, o := range c.Watch.Owners {
		if o != "" && !strings.HasPrefix(o, "@") {
			c.Watch.Owners[i] = "@" + o
		}
	}
	for _, o := range c.Trace.Overrides {
		for i, n := range o.KEPs {
			o.KEPs[i] = kepNumber(n)
		}
	}
	c.Trace.Overrides = nilWhenEmpty(c.Trace.Overrides)
	for i := range c.Upstreams {
		u := &c.Upstreams[i]
		at := fmt.Sprintf("upstreams[%d]", i)
		if u.Title == "" {
			u.Title = u.Name
			derived(at+".title", "name")
		}
		if t := u.Sources.Tickets; t != nil {
			for j := range t.Rules {
				for k, s := range t.Rules[j].SIGs {
					t.Rules[j].SIGs[k] = sigName(s)
				}
			}
		}
		for j := range u.Sources.Feeds {
			if f := &u.Sources.Feeds[j]; f.Title == "" {
				f.Title = f.Name
				derived(fmt.Sprintf("%s.sources.feeds[%d].title", at, j), "name")
			}
		}
		if u.Sources.Gates == nil {
			continue
		}
		for j := range u.Sources.Gates.Packages {
			p := &u.Sources.Gates.Packages[j]
			if p.Import == "" {
				p.Import = u.importPath(p.Path)
				derived(fmt.Sprintf("%s.sources.gates.packages[%d].import", at, j), "module and staging_root")
			}
		}
	}
	// An empty list and none mean the same in these; one form keeps configurations comparable.
	c.Mirrors = nilWhenEmpty(c.Mirrors)
	for i := range c.Digests {
		d := &c.Digests[i]
		d.Upstreams, d.Severities, d.Components = nilWhenEmpty(d.Upstreams), nilWhenEmpty(d.Severities), nilWhenEmpty(d.Components)
		for j, s := range d.SIGs {
			d.SIGs[j] = sigName(s)
		}
		d.SIGs = nilWhenEmpty(d.SIGs)
		for j := range d.Channels {
			ch := &d.Channels[j]
			at := fmt.Sprintf("digests[%d].channels[%d]", i, j)
			if ch.Name == "" {
				ch.Name = ch.Type
				derived(at+".name", "type")
			}
			if ch.Type == ChannelEmail && ch.Security == "" {
				ch.Security = "starttls"
			}
			if !IsIssue(ch.Type) {
				continue
			}
			if ch.Repository == "" {
				ch.Repository = c.Target.Repository
				derived(at+".repository", "target.repository")
			}
			if ch.Labels == nil {
				ch.Labels = slices.Clone(c.Target.Labels)
				derived(at+".labels", "target.labels")
			}
		}
	}
	c.Server.PublicURL = strings.TrimRight(c.Server.PublicURL, "/")
	c.GitHub.complete(derived)
}

func nilWhenEmpty[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}

// importPath derives a package's import path: below the staging root paths are import paths themselves,
// elsewhere they follow the module's. "" where neither helps.
func (u Upstream) importPath(folder string) string {
	if strings.HasSuffix(folder, ".go") {
		folder = path.Dir(folder)
	}
	if u.StagingRoot != "" {
		if rest, ok := strings.CutPrefix(folder, u.StagingRoot+"/"); ok {
			return rest
		}
	}
	if u.Module == "" {
		return ""
	}
	return path.Join(u.Module, folder)
}

// kepNumber brings "KEP-0127" into the form upstream uses elsewhere: "127".
func kepNumber(s string) string {
	if len(s) > 4 && strings.EqualFold(s[:4], "KEP-") {
		s = s[4:]
	}
	if t := strings.TrimLeft(s, "0"); t != "" {
		return t
	}
	return s
}

// complete derives the addresses that were not given from that of the API.
func (g *GitHub) complete(derived func(key, from string)) {
	for _, p := range []*string{&g.APIURL, &g.GraphQLURL, &g.RawURL, &g.ServerURL} {
		*p = strings.TrimRight(*p, "/")
	}
	graphql, raw, server := relatives(g.APIURL)
	for _, x := range []struct {
		key   string
		value *string
		from  string
	}{
		{"github.graphql_url", &g.GraphQLURL, graphql},
		{"github.raw_url", &g.RawURL, raw},
		{"github.server_url", &g.ServerURL, server},
	} {
		if *x.value == "" {
			*x.value = x.from
			derived(x.key, "api_url")
		}
	}
}

// relatives derives the other addresses of a GitHub from its API's: github.com, GHE.com (api.NAME.ghe.com),
// Enterprise Server (HOST/api/v3), or anything else that serves GraphQL beside REST.
func relatives(api string) (graphql, raw, server string) {
	u, err := url.Parse(api)
	if err != nil || u.Host == "" {
		return "", "", ""
	}
	root := u.Scheme + "://" + u.Host
	enterprise, isEnterprise := strings.CutSuffix(api, "/api/v3")
	switch {
	case u.Host == "api.github.com":
		return api + "/graphql", "https://raw.githubusercontent.com", "https://github.com"
	case strings.HasPrefix(u.Host, "api.") && strings.HasSuffix(u.Host, ".ghe.com"):
		return api + "/graphql", "", u.Scheme + "://" + strings.TrimPrefix(u.Host, "api.")
	case isEnterprise:
		return enterprise + "/api/graphql", "", enterprise
	default:
		return api + "/graphql", "", root
	}
}

// sigName is the name of a SIG as release notes have it: "node" for sig-node and SIG Node.
func sigName(s string) string {
	s = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(s)), " ", "-")
	return strings.TrimPrefix(s, "sig-")
}
