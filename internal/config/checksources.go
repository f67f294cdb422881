package config

import (
	"fmt"
	"net/url"
	"strings"
)

// others reports whether a source beside gates, releases and proposals is enabled.
func (s Sources) others() bool {
	for _, f := range s.Feeds {
		if f.Enabled {
			return true
		}
	}
	return s.Milestones != nil && s.Milestones.Enabled || s.Tickets != nil && s.Tickets.Enabled ||
		s.Paths != nil && s.Paths.Enabled || s.Docs != nil && s.Docs.Enabled
}

func (k checker) otherSources(at string, s Sources) {
	if m := s.Milestones; m != nil && m.Enabled {
		k.fileElsewhere(at+".milestones.cycle", m.Cycle, m.CycleRepository, "file")
	}
	if t := s.Tickets; t != nil && t.Enabled {
		k.tickets(at+".tickets", t)
	}
	if p := s.Paths; p != nil && p.Enabled {
		k.paths(at+".paths.paths", p)
	}
	if d := s.Docs; d != nil && d.Enabled {
		k.repository(at+".docs.repository", d.Repository)
		k.inRepository(at+".docs.path", d.Path)
		k.gateAddress(at+".docs.url", d.URL)
		k.gateAddress(at+".docs.removed_url", d.RemovedURL)
	}
	seen := map[string]int{}
	for i, f := range s.Feeds {
		here := fmt.Sprintf("%s.feeds[%d]", at, i)
		k.name(here+".name", f.Name, at+".feeds", i, seen)
		if k.filled(here+".url", f.URL, "write the address of the feed") {
			k.feedAddress(here+".url", f.URL)
		}
	}
}

// feedAddress checks the address of a feed, which may have a query. No secret belongs there: it is sent to whoever has
// the host, and http is for loopback only.
func (k checker) feedAddress(key, value string) {
	const advice = "write an address such as https://kubernetes.io/feed.xml"
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		k.wrong(key, quote(value)+" is no web address", advice)
	case u.User != nil:
		k.wrong(key, "holds a user name or password", "remove it; feeds are read without signing in")
	case u.Fragment != "":
		k.wrong(key, quote(value)+" has a part after #", "remove that part")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		k.wrong(key, quote(value)+" is not encrypted", "write https; http is accepted only towards a loopback address")
	}
}

// gateAddress checks the address of a gate, where one is given.
func (k checker) gateAddress(at, url string) {
	if url != "" {
		page, _, _ := strings.Cut(url, "#")
		k.address(at, strings.ReplaceAll(page, "{gate}", "gate"))
	}
}

// fileElsewhere checks a file in a repository beside the upstream's; the repository's key is the file's with _repository.
func (k checker) fileElsewhere(key, path, repository, what string) {
	switch {
	case path != "":
		k.inRepository(key, path)
		k.repository(key+"_repository", repository)
	case repository != "":
		name := key[strings.LastIndexByte(key, '.')+1:]
		k.wrong(key, "is missing", fmt.Sprintf("name the %s in %s, or remove %s_repository", what, repository, name))
	}
}

func (k checker) tickets(at string, t *TicketsSource) {
	if len(t.Rules) == 0 {
		k.wrong(at+".rules", "the list is empty, so no issue is told", "write a rule, or switch tickets off")
	}
	seen := map[string]int{}
	for i, r := range t.Rules {
		here := fmt.Sprintf("%s.rules[%d]", at, i)
		k.name(here+".name", r.Name, at+".rules", i, seen)
		if r.Repository != "" {
			k.repository(here+".repository", r.Repository)
		}
		k.each(here+".sigs", r.SIGs, sig)
		k.filledAll(here+".labels", r.Labels)
		k.filledAll(here+".words", r.Words)
		if len(r.Labels)+len(r.SIGs)+len(r.Words) == 0 && r.Milestone == "" && r.Author == "" {
			k.wrong(here, "matches every issue", "give labels, sigs, a milestone, an author or words")
		}
	}
}

// filledAll refuses empty entries: they would hold of nothing.
func (k checker) filledAll(at string, list []string) {
	for i, s := range list {
		k.filled(fmt.Sprintf("%s[%d]", at, i), strings.TrimSpace(s), "write it, or remove the entry")
	}
}

func (k checker) paths(at string, p *PathsSource) {
	if len(p.Paths) == 0 {
		k.wrong(at, "the list is empty, so nothing is watched", "name files or folders, or switch paths off")
	}
	seen := map[string]bool{}
	for i, path := range p.Paths {
		here := fmt.Sprintf("%s[%d]", at, i)
		k.inRepository(here, path)
		if seen[path] {
			k.wrong(here, quote(path)+" is listed already", "keep one")
		}
		seen[path] = true
	}
}
