package sample

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/gate"
)

// proposal is one design proposal at one moment.
type proposal struct {
	number     int
	title      string
	sig        string
	created    string // as upstream wrote it, "" where it is not known
	status     string
	stage      string            // "" where the facts tell of no stage
	latest     string            // the release that is aimed at, "" where it is not known
	milestones map[string]string // by stage
	gates      []proposalGate
	history    []event
	filler     bool
	formerName bool // a renamed gate still has its first name
}

type proposalGate struct {
	name       string
	components []string
	about      string // our sentence
}

// proposals are those that a release's gates belong to, by number. Until the release is out, what it
// makes stable is not yet implemented.
func (b *book) proposals(release string, out bool) map[int]proposal {
	all := map[int]proposal{}
	for number := range b.keps {
		if p, ok := b.proposal(number, release, out); ok {
			all[number] = p
		}
	}
	return all
}

func (b *book) proposal(number int, release string, out bool) (proposal, bool) {
	p := proposal{number: number, milestones: map[string]string{}}
	fact := b.owners[number]
	p.sig, p.created = fact.sig, fact.created
	p.status = "implemented"
	p.formerName = gate.CompareVersions(release, "v1.34") <= 0
	highest := gate.Stage("")
	for _, name := range b.keps[number] {
		row, ok := b.latest(name, release)
		life := b.life(name, release)
		if !ok && len(life) == 0 {
			continue
		}
		if p.sig == "" {
			p.sig = plausibleSIG(name, row.Component)
		}
		stage := row.Stage
		if !ok {
			stage = life[len(life)-1].stage
		}
		// A KEP has one stage for all its gates: the highest.
		if rank(stage) > rank(highest) {
			highest = stage
		}
		if rank(stage) < rank(gate.GA) && stage != gate.Deprecated {
			p.status = "implementable"
		}
		p.gates = append(p.gates, proposalGate{name: name, components: binaries(name, row.Component, p.sig), about: b.descriptions[name]})
		p.history = append(p.history, life...)
	}
	if len(p.gates) == 0 {
		return proposal{}, false
	}
	for _, e := range p.history {
		stage := stageInProposal(e.stage)
		if old := p.milestones[stage]; old == "" || gate.CompareVersions(e.release, old) < 0 {
			p.milestones[stage] = e.release
		}
		if gate.CompareVersions(e.release, p.latest) > 0 {
			p.latest = e.release
		}
	}
	p.stage = stageInProposal(highest)
	if p.latest == release && !out {
		p.status = "implementable"
	}
	slices.SortStableFunc(p.history, func(x, y event) int { return gate.CompareVersions(x.release, y.release) })
	p.title = p.name()
	return p, true
}

// name is what the proposal is called after: what its first gates have in common, if that is two words
// or more, else the shortest of them. Gates that come later do not change it.
func (p proposal) name() string {
	first := func(name string) string {
		i := slices.IndexFunc(p.history, func(e event) bool { return e.gate == name })
		if i < 0 {
			return ""
		}
		return p.history[i].release
	}
	var names []string
	for _, g := range p.gates {
		names = append(names, g.name)
	}
	slices.SortFunc(names, func(x, y string) int {
		return cmp.Or(gate.CompareVersions(first(x), first(y)), cmp.Compare(len(x), len(y)), strings.Compare(x, y))
	})
	common, n := strings.Fields(inWords(names[0])), 0
	for _, other := range names[1:] {
		if first(other) != first(names[0]) {
			break
		}
		n++
		for i, w := range strings.Fields(inWords(other)) {
			if i < len(common) && common[i] != w {
				common = common[:i]
			}
		}
	}
	if n == 0 || len(common) < 2 {
		return inWords(names[0])
	}
	return strings.Join(common, " ")
}

func rank(s gate.Stage) int {
	return slices.Index([]gate.Stage{"", gate.Deprecated, gate.PreAlpha, gate.Alpha, gate.Beta, gate.GA}, s)
}

// stageInProposal is a stage as kep.yaml has it.
func stageInProposal(s gate.Stage) string {
	if s == gate.GA {
		return "stable"
	}
	return string(s)
}

// binaries are the components that kep.yaml lists for a gate: programs, not packages.
func binaries(name, component, sig string) []string {
	switch component {
	case kubeadm:
		return []string{"kubeadm"}
	case controllerManager:
		return []string{"cloud-controller-manager"}
	case clientGo:
		return []string{"kube-controller-manager"}
	case apiserver, apiextensions:
		return []string{"kube-apiserver"}
	}
	if strings.Contains(name, "Controller") {
		return []string{"kube-controller-manager"}
	}
	switch sig {
	case "sig-node", "sig-windows":
		return []string{"kubelet", "kube-apiserver"}
	case "sig-network":
		return []string{"kube-proxy", "kube-apiserver"}
	case "sig-scheduling":
		return []string{"kube-scheduler", "kube-apiserver"}
	case "sig-apps", "sig-autoscaling", "sig-storage":
		return []string{"kube-controller-manager", "kube-apiserver"}
	}
	return []string{"kube-apiserver"}
}

// fillers are made-up proposals, for tests of what a large repository costs. They never change.
func fillers(n int) []proposal {
	sigs := []string{"sig-node", "sig-network", "sig-storage", "sig-apps", "sig-cli"}
	things := []string{"volumes", "nodes", "services", "jobs", "secrets", "quotas", "webhooks"}
	var out []proposal
	for i := range n {
		p := proposal{
			number: 90001 + i, filler: true, status: "implemented", stage: "stable", latest: "v1.30", created: "2022-02-01", sig: sigs[i%len(sigs)],
			title:      fmt.Sprintf("Sample widget %d for %s", i+1, things[i%len(things)]),
			milestones: map[string]string{"alpha": "v1.26", "beta": "v1.28", "stable": "v1.30"},
		}
		if i%3 == 0 {
			p.status, p.stage, p.latest, p.milestones = "implementable", "alpha", "v1.33", map[string]string{"alpha": "v1.33"}
		}
		if i%2 == 0 {
			name := fmt.Sprintf("SampleWidget%d", i+1)
			p.gates = []proposalGate{{name: name, components: binaries(name, kubernetes, p.sig), about: "Stands for a feature in tests with many proposals."}}
			p.history = []event{{gate: name, stage: gate.Alpha, release: p.milestones["alpha"]}}
		}
		out = append(out, p)
	}
	return out
}

// aims sets the release that a proposal aims at, and plans its next stage for it.
func (p *proposal) aims(release string) {
	p.latest = release
	p.milestones = maps.Clone(p.milestones)
	if next := map[string]string{"alpha": "beta", "beta": "stable"}[p.stage]; next != "" {
		p.milestones[next] = release
	}
}
