package config

import (
	"fmt"
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
		k.milestones(at+".milestones", m)
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
		if d.URL != "" {
			page, _, _ := strings.Cut(d.URL, "#")
			k.address(at+".docs.url", strings.ReplaceAll(page, "{gate}", "gate"))
		}
	}
	seen := map[string]int{}
	for i, f := range s.Feeds {
		here := fmt.Sprintf("%s.feeds[%d]", at, i)
		k.name(here+".name", f.Name, at+".feeds", i, seen)
		if k.filled(here+".url", f.URL, "write the address of the feed") {
			k.address(here+".url", f.URL)
		}
	}
}

func (k checker) milestones(at string, m *MilestonesSource) {
	switch {
	case m.Cycle != "":
		k.inRepository(at+".cycle", m.Cycle)
		k.repository(at+".cycle_repository", m.CycleRepository)
	case m.CycleRepository != "":
		k.wrong(at+".cycle", "is missing", "name the file in "+m.CycleRepository+", or remove cycle_repository")
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
		if len(r.Labels)+len(r.SIGs)+len(r.Words) == 0 && r.Milestone == "" && r.Author == "" {
			k.wrong(here, "matches every issue", "give labels, sigs, a milestone, an author or words")
		}
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
