package config

import (
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// checker looks for bad values, and for good ones that do not go together. Where a value was faulted
// already, what follows from it is not told as well.
type checker struct {
	*faults
}

func (k checker) wrong(key, problem, advice string) {
	if !k.blames(key) {
		k.add(key, problem, advice)
	}
}

// check finds everything that is wrong with c.
func (c Config) check(found *faults) {
	k := checker{found}
	k.target(c.Target)
	k.store(c.Store)
	k.mirrors(c.Mirrors)
	k.upstreams(c.Upstreams)
	components := c.components()
	k.watch(c.Watch, components)
	k.digests(c, components)
	k.trace(c.Trace, c.Upstreams)
	k.github(c.GitHub)
	k.each("network.allow_private", c.Network.AllowPrivate, host)
	k.run(c)
}

// components lists the components that the upstreams' packages name.
func (c Config) components() []string {
	var out []string
	for _, u := range c.Upstreams {
		if u.Sources.Gates != nil {
			for _, p := range u.Sources.Gates.Packages {
				out = append(out, p.Component)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (k checker) target(t Target) {
	if t.Repository != "" {
		k.repository("target.repository", t.Repository)
	}
	k.labels("target.labels", t.Labels)
}

func (k checker) store(s Store) {
	switch s.Driver {
	case DriverSQLite, DriverBranch:
	default:
		k.wrong("store.driver", "there is no driver "+quote(s.Driver), orElse(s.Driver, []string{DriverSQLite, DriverBranch}, "write sqlite or branch"))
	}
	k.filled("store.path", s.Path, "name a file, such as state/bot.db")
	if s.Repository != "" {
		k.repository("store.repository", s.Repository)
	}
	k.branch("store.branch", s.Branch)
}

func (k checker) mirrors(list []Mirror) {
	seen := map[string]int{}
	for i, m := range list {
		at := fmt.Sprintf("mirrors[%d]", i)
		k.repository(at+".repository", m.Repository)
		k.filled(at+".path", m.Path, "name the folder of a clone or bare mirror")
		if first, ok := seen[strings.ToLower(m.Repository)]; ok && m.Repository != "" {
			k.wrong(at+".repository", fmt.Sprintf("%s has a mirror already, mirrors[%d]", quote(m.Repository), first), "keep one")
			continue
		}
		seen[strings.ToLower(m.Repository)] = i
	}
}

func (k checker) upstreams(list []Upstream) {
	if len(list) == 0 {
		k.wrong("upstreams", "the list is empty, so nothing is tracked", "add an entry, or remove the key to track Kubernetes")
	}
	seen := map[string]int{}
	for i, u := range list {
		at := fmt.Sprintf("upstreams[%d]", i)
		if k.blames(at + ".preset") {
			continue // all that is missing now would come from the preset
		}
		k.name(at+".name", u.Name, "upstreams", i, seen)
		k.repository(at+".repository", u.Repository)
		k.ref(at+".ref", u.Ref)
		k.filled(at+".title", u.Title, "write one, or remove the line to use the name")
		if u.StagingRoot != "" {
			k.inRepository(at+".staging_root", u.StagingRoot)
		}
		if u.VersionFile != "" {
			k.inRepository(at+".version_file", u.VersionFile)
			if !strings.HasSuffix(u.VersionFile, ".go") {
				k.wrong(at+".version_file", quote(u.VersionFile)+" is no Go file", "name the .go file that sets DefaultKubeBinaryVersion")
			}
		}
		if u.Module != "" {
			k.importPath(at+".module", u.Module)
		}
		k.sources(at+".sources", u.Sources)
	}
}

func (k checker) sources(at string, s Sources) {
	gates, releases, proposals := s.Gates != nil && s.Gates.Enabled, s.Releases != nil && s.Releases.Enabled, s.Proposals != nil && s.Proposals.Enabled
	if !gates && !releases && !proposals && !s.others() {
		k.wrong(at, "no source is enabled, so nothing is read of this upstream", "add sources.gates with packages, name a preset, or remove the entry")
		return
	}
	if gates {
		k.gates(at+".gates.packages", s.Gates)
	}
	if releases {
		k.releases(at+".releases", s.Releases)
	}
	if proposals {
		k.repository(at+".proposals.repository", s.Proposals.Repository)
		k.inRepository(at+".proposals.path", s.Proposals.Path)
	}
	k.otherSources(at, s)
}

func (k checker) releases(at string, r *ReleasesSource) {
	if r.Notes != "" {
		k.inRepository(at+".notes", r.Notes)
	}
	k.fileElsewhere(at+".data", r.Data, r.DataRepository, "data file")
}

func (k checker) gates(at string, g *GatesSource) {
	if len(g.Packages) == 0 {
		k.wrong(at, "the list is empty, so no gate is read", "name the folders in which gates are registered")
	}
	seen := map[string]int{}
	for i, p := range g.Packages {
		here := fmt.Sprintf("%s[%d]", at, i)
		k.inRepository(here+".path", p.Path)
		k.filled(here+".component", p.Component, "name the component in the words of its users, such as apiserver")
		switch {
		case p.Import != "":
			k.importPath(here+".import", p.Import)
		case p.Path != "":
			k.wrong(here+".import", "is missing and can't be derived", "give it, or give the upstream's module")
		}
		if first, ok := seen[p.Path]; ok && p.Path != "" {
			k.wrong(here+".path", fmt.Sprintf("%s is listed already, packages[%d]", quote(p.Path), first), "keep one")
			continue
		}
		seen[p.Path] = i
	}
}

// gateName is what a user types.
var gateName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]*$`)

var (
	reference   = regexp.MustCompile(`^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+#[1-9][0-9]{0,8}$`)
	kepForm     = regexp.MustCompile(`^[0-9]{1,6}$`)
	minorForm   = regexp.MustCompile(`^[0-9]+\.[0-9]+$`)
	overridable = []string{"alpha", "beta", "stable", "deprecated", "removed"}
)

func (k checker) trace(t Trace, list []Upstream) {
	var upstreams []string
	for _, u := range list {
		upstreams = append(upstreams, u.Name)
	}
	isReference := func(s string) (string, string) {
		if reference.MatchString(s) {
			return "", ""
		}
		return quote(s) + " is no issue or pull request", "write it as owner/name#number, such as kubernetes/kubernetes#59898"
	}
	seen := map[string]int{}
	for i, o := range t.Overrides {
		at := fmt.Sprintf("trace.overrides[%d]", i)
		if !gateName.MatchString(o.Gate) {
			k.wrong(at+".gate", quote(o.Gate)+" is no name of a gate", "write the name alone, as after --feature-gates, without =true")
		}
		if o.Upstream != "" && !k.blames("upstreams") {
			if problem, advice := known("upstream", upstreams)(o.Upstream); problem != "" {
				k.wrong(at+".upstream", problem, advice)
			}
		}
		k.each(at+".keps", o.KEPs, func(s string) (string, string) {
			if kepForm.MatchString(s) {
				return "", ""
			}
			return quote(s) + " is no number of a KEP", "write its number, such as 2411"
		})
		k.each(at+".tickets", o.Tickets, isReference)
		for j, p := range o.PRs {
			here := fmt.Sprintf("%s.prs[%d]", at, j)
			if problem, advice := known("stage", overridable)(p.Stage); problem != "" {
				k.wrong(here+".stage", problem, advice)
			}
			if p.Version != "" && !minorForm.MatchString(p.Version) {
				k.wrong(here+".version", quote(p.Version)+" is no minor version", `write it like "1.33", in quotes`)
			}
			if problem, advice := isReference(p.Pull); problem != "" {
				k.wrong(here+".pull", problem, advice)
			}
		}
		if o.KEPs == nil && len(o.PRs) == 0 && o.Tickets == nil && o.Note == "" {
			k.wrong(at, "says nothing of "+quote(o.Gate), "give keps, prs, tickets or a note, or remove it")
		}
		key := o.Gate + " " + o.Upstream
		if first, ok := seen[key]; ok && o.Gate != "" {
			k.wrong(at+".gate", fmt.Sprintf("%s has an entry already, trace.overrides[%d]", quote(o.Gate), first), "make one entry of the two")
			continue
		}
		seen[key] = i
	}
}

func (k checker) watch(w Watch, components []string) {
	k.each("watch.gates", w.Gates, func(s string) (string, string) {
		if gateName.MatchString(s) {
			return "", ""
		}
		return quote(s) + " is no name of a gate", "write the name alone, as after --feature-gates, without =true"
	})
	k.each("watch.keps", w.KEPs, func(s string) (string, string) {
		if kepForm.MatchString(s) {
			return "", ""
		}
		return quote(s) + " is no number of a KEP", "write its number, such as 2411"
	})
	k.each("watch.sigs", w.SIGs, sig)
	k.each("watch.components", w.Components, known("component", components))
	if w.ManifestsRepository != "" {
		k.repository("watch.manifests_repository", w.ManifestsRepository)
	}
	k.each("watch.manifests", w.Manifests, func(s string) (string, string) {
		if _, err := filepath.Match(s, ""); err != nil || strings.TrimSpace(s) == "" || s == "-" {
			return quote(s) + " is no path or glob", "write a file, a folder, or a glob such as clusters/*/kubelet.yaml"
		}
		return "", ""
	})
	owner := regexp.MustCompile(`^@[A-Za-z0-9][A-Za-z0-9/_-]*$`)
	k.each("watch.owners", w.Owners, func(s string) (string, string) {
		if owner.MatchString(s) {
			return "", ""
		}
		return quote(strings.TrimPrefix(s, "@")) + " is no name of a person or team on GitHub", `write it as "@name" or "@org/team", in quotes`
	})
}

func (k checker) digests(c Config, components []string) {
	if len(c.Digests) == 0 {
		k.wrong("digests", "the list is empty, so nobody is told anything", "add an entry, or remove the key to get one digest as an issue")
	}
	upstreams := make([]string, len(c.Upstreams))
	for i, u := range c.Upstreams {
		upstreams[i] = u.Name
	}
	seen := map[string]int{}
	for i, d := range c.Digests {
		at := fmt.Sprintf("digests[%d]", i)
		k.name(at+".name", d.Name, "digests", i, seen)
		if _, problem := zone(d.Timezone); problem != "" {
			k.wrong(at+".timezone", problem, ianaName)
		}
		if d.Schedule != "" || k.at[at+".schedule"].Line > 0 {
			if _, problem, advice := readSchedule(d.Schedule); problem != "" {
				k.wrong(at+".schedule", problem, advice)
			}
		}
		if !k.blames("upstreams") {
			k.each(at+".upstreams", d.Upstreams, known("upstream", upstreams))
		}
		k.each(at+".severities", d.Severities, known("severity", []string{"act", "know", "fyi"}))
		k.each(at+".sigs", d.SIGs, sig)
		k.each(at+".components", d.Components, known("component", components))
		k.channels(at+".channels", d.Channels)
	}
}

func (k checker) channels(at string, list []Channel) {
	if len(list) == 0 {
		k.wrong(at, "the list is empty, so the digest goes nowhere", "add a channel, or remove the key to get an issue")
	}
	seen := map[string]int{}
	for i, ch := range list {
		here := fmt.Sprintf("%s[%d]", at, i)
		if problem, advice := known("type of channel", channelTypes)(ch.Type); problem != "" {
			k.wrong(here+".type", problem, advice)
			continue
		}
		k.channelFields(here, ch)
		k.slug(here+".name", ch.Name)
		if first, ok := seen[ch.Name]; ok {
			k.wrong(here, fmt.Sprintf("is named %s like channels[%d]", quote(ch.Name), first), "give it a name of its own")
			continue
		}
		seen[ch.Name] = i
	}
}

// inherited reports whether a value was taken over from another key, where it is checked.
func (k checker) inherited(key string) bool {
	return strings.HasPrefix(k.at[key].From, derivedFrom)
}

func (k checker) github(g GitHub) {
	api := k.address("github.api_url", g.APIURL)
	if api == nil && (k.inherited("github.graphql_url") || k.inherited("github.server_url")) {
		return // they would follow from it
	}
	graphql := k.address("github.graphql_url", g.GraphQLURL)
	if g.RawURL != "" {
		k.address("github.raw_url", g.RawURL)
	}
	k.address("github.server_url", g.ServerURL)
	if api == nil {
		return
	}
	if graphql != nil && !strings.EqualFold(api.Host, graphql.Host) {
		k.wrong("github.graphql_url", fmt.Sprintf("its host %s is not that of github.api_url, %s; the token would go to both", printable(graphql.Host), printable(api.Host)),
			"remove it to have it derived, or correct one of the two")
	}
	if g.WriteInterval == 0 && !loopback(api.Hostname()) {
		k.wrong("github.write_interval", "0s is accepted only towards a loopback address", "write 1s, as GitHub asks for")
	}
}

// host checks a host as it stands in an address: a name or an address, with a port if it has one.
func host(s string) (problem, advice string) {
	name := strings.ToLower(s)
	if h, port, err := net.SplitHostPort(s); err == nil && !strings.Contains(s, "/") {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return quote(s) + " has no good port", "write a number from 1 to 65535 behind the :, or leave both away"
		}
		name = h
	}
	if net.ParseIP(strings.Trim(name, "[]")) == nil && !regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$`).MatchString(name) {
		return quote(s) + " is no host", "write a name or an address alone, such as ghe.example.com or 10.0.0.7:8443"
	}
	return "", ""
}

func (k checker) run(c Config) {
	leaves(schema(), "", func(path string, f field) {
		if f.hi == 0 {
			return
		}
		value, show := c.bounded(path, f)
		if value < f.lo || value > f.hi {
			k.wrong(path, show(value)+" is out of range", fmt.Sprintf("write a value from %s to %s", show(f.lo), show(f.hi)))
		}
	})
	if _, _, err := net.SplitHostPort(c.Server.Address); err != nil {
		k.wrong("server.address", quote(c.Server.Address)+" is no address", "write host:port, such as 127.0.0.1:8080, or :8080 for all of the machine's addresses")
	}
	if u, err := url.Parse(c.Server.PublicURL); c.Server.PublicURL != "" &&
		(err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.RawQuery != "" || u.Fragment != "") {
		k.wrong("server.public_url", quote(c.Server.PublicURL)+" is no web address", "write an address such as https://digests.example.com")
	}
	if c.GitHub.MaxWait >= c.Run.Timeout {
		k.wrong("github.max_wait", fmt.Sprintf("%s is not shorter than run.timeout, %s", durationText(c.GitHub.MaxWait), durationText(c.Run.Timeout)),
			"shorten it, or lengthen run.timeout")
	}
}

// bounded returns the value of a key that has bounds, and how to show such values.
func (c Config) bounded(path string, f field) (int64, func(int64) string) {
	show := func(v int64) string { return durationText(time.Duration(v)) }
	switch path {
	case "github.write_interval":
		return int64(c.GitHub.WriteInterval), show
	case "github.max_wait":
		return int64(c.GitHub.MaxWait), show
	case "github.request_timeout":
		return int64(c.GitHub.RequestTimeout), show
	case "github.settle_timeout":
		return int64(c.GitHub.SettleTimeout), show
	case "run.timeout":
		return int64(c.Run.Timeout), show
	case "run.source_timeout":
		return int64(c.Run.SourceTimeout), show
	case "server.interval":
		return int64(c.Server.Interval), show
	case "server.jitter":
		return int64(c.Server.Jitter), show
	case "server.stale_after":
		return int64(c.Server.StaleAfter), show
	case "run.keep_snapshots":
		return int64(c.Run.KeepSnapshots), func(v int64) string { return strconv.FormatInt(v, 10) }
	case "trace.max_requests":
		return int64(c.Trace.MaxRequests), func(v int64) string { return strconv.FormatInt(v, 10) }
	case "run.failing_after":
		return int64(c.Run.FailingAfter), func(v int64) string { return strconv.FormatInt(v, 10) }
	default:
		// A bounded key that is missing above would go unchecked: refuse every value of it.
		return f.lo - 1, show
	}
}
