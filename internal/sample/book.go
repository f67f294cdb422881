package sample

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
)

var (
	//go:embed gold-trace.tsv
	goldTrace string
	//go:embed proposals.tsv
	proposalFacts string
)

// book is the facts, turned so that a gate's life and a proposal's gates can be looked up.
type book struct {
	table        *facts.Table
	releases     []string
	rows         map[string]map[string]facts.Row // by release, by gate
	keps         map[int][]string                // the gates of a proposal, sorted
	pulls        map[event][]int                 // real pull requests
	goldReleases map[int]string                  // the first release that a traced pull request gives a proposal
	owners       map[int]proposalFact
	descriptions map[string]string
}

// event is a gate that came to a stage in a release ("v1.36").
type event struct {
	gate    string
	stage   gate.Stage
	release string
}

type proposalFact struct{ sig, created string }

func newBook(table *facts.Table) (*book, error) {
	b := &book{
		table: table, releases: table.Releases(), rows: map[string]map[string]facts.Row{},
		keps: map[int][]string{}, pulls: map[event][]int{}, goldReleases: map[int]string{},
	}
	var err error
	if b.descriptions, err = Descriptions(); err != nil {
		return nil, err
	}
	if b.owners, err = parseProposalFacts("proposals.tsv", proposalFacts); err != nil {
		return nil, err
	}
	if err := b.trace("gold-trace.tsv", goldTrace); err != nil {
		return nil, err
	}
	for _, release := range b.releases {
		b.rows[release] = map[string]facts.Row{}
		for _, row := range table.Rows(release) {
			b.rows[release][row.Gate] = row
			for _, kep := range row.KEPs {
				number, err := strconv.Atoi(kep)
				if err != nil {
					return nil, fmt.Errorf("gate %s in %s: KEP %q is no number", row.Gate, release, kep)
				}
				b.link(number, row.Gate)
			}
		}
	}
	for number := range b.keps {
		slices.Sort(b.keps[number])
	}
	return b, nil
}

func (b *book) link(kep int, name string) {
	if !slices.Contains(b.keps[kep], name) {
		b.keps[kep] = append(b.keps[kep], name)
	}
}

// trace reads lines of gate, KEP, pull requests with commas, stage and release.
func (b *book) trace(file, text string) error {
	number := 0
	for line := range strings.Lines(text) {
		number++
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 5 {
			return fmt.Errorf("%s:%d: %d fields, want 5", file, number, len(f))
		}
		kep, err := strconv.Atoi(f[1])
		if err != nil {
			return fmt.Errorf("%s:%d: KEP %q is no number", file, number, f[1])
		}
		what := event{gate: f[0], stage: gate.Stage(f[3]), release: f[4]}
		if f[3] == "stable" {
			what.stage = gate.GA
		}
		for _, p := range strings.Split(f[2], ",") {
			pull, err := strconv.Atoi(p)
			if err != nil {
				return fmt.Errorf("%s:%d: pull request %q is no number", file, number, p)
			}
			b.pulls[what] = append(b.pulls[what], pull)
		}
		b.link(kep, what.gate)
		if first := b.goldReleases[kep]; first == "" || gate.CompareVersions(what.release, first) < 0 {
			b.goldReleases[kep] = what.release
		}
	}
	return nil
}

// parseProposalFacts reads lines of KEP number, owning SIG and creation date, which may be missing.
func parseProposalFacts(file, text string) (map[int]proposalFact, error) {
	out := map[int]proposalFact{}
	number := 0
	for line := range strings.Lines(text) {
		number++
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 3 || !strings.HasPrefix(f[1], "sig-") {
			return nil, fmt.Errorf("%s:%d: want a KEP number, a SIG and a date, with tabs between", file, number)
		}
		kep, err := strconv.Atoi(f[0])
		if err != nil {
			return nil, fmt.Errorf("%s:%d: KEP %q is no number", file, number, f[0])
		}
		out[kep] = proposalFact{sig: f[1], created: f[2]}
	}
	return out, nil
}

// latest is a gate's row at a release, or at the last one before it that has the gate.
func (b *book) latest(name, release string) (facts.Row, bool) {
	for _, r := range slices.Backward(b.releases) {
		if row, ok := b.rows[r][name]; ok && gate.CompareVersions(r, release) <= 0 {
			return row, true
		}
	}
	return facts.Row{}, false
}

// life is the stages that a gate came to up to a release, in their order, as far as the facts tell when.
func (b *book) life(name, release string) []event {
	when := map[gate.Stage]string{}
	note := func(stage gate.Stage, r string) {
		if old := when[stage]; gate.CompareVersions(r, release) <= 0 && (old == "" || gate.CompareVersions(r, old) < 0) {
			when[stage] = r
		}
	}
	// Where registrations had no versions, the release in which a stage is first seen tells; not so in
	// the first release that the facts cover.
	last, covered := gate.Stage(""), false
	for _, r := range b.releases {
		row, ok := b.rows[r][name]
		if ok && row.Stage != last && covered {
			note(row.Stage, r)
		}
		if ok {
			last = row.Stage
		}
		covered = ok || b.table.Covered(b.componentOf(name), r)
	}
	if row, ok := b.latest(name, release); ok {
		for _, spec := range row.Specs {
			if spec.Since != "" {
				note(spec.Stage, "v"+spec.Since)
			}
		}
	}
	for what := range b.pulls {
		if what.gate == name {
			note(what.stage, what.release)
		}
	}
	var out []event
	for _, stage := range []gate.Stage{gate.Alpha, gate.Beta, gate.GA, gate.Deprecated} {
		if r := when[stage]; r != "" {
			out = append(out, event{name, stage, r})
		}
	}
	return out
}

func (b *book) componentOf(name string) string {
	row, _ := b.latest(name, b.releases[len(b.releases)-1])
	return row.Component
}

// sigOf is the SIG of the first proposal that names the gate; without one, a plausible SIG.
func (b *book) sigOf(name string) string {
	for _, kep := range slices.Sorted(maps.Keys(b.keps)) {
		if slices.Contains(b.keps[kep], name) {
			return b.owners[kep].sig
		}
	}
	return plausibleSIG(name, b.componentOf(name))
}

// plausibleSIG guesses by words of the gate's name, then by component.
func plausibleSIG(name, component string) string {
	for _, rule := range []struct{ word, sig string }{
		{"Token", "sig-auth"}, {"Auth", "sig-auth"}, {"InTreePlugin", "sig-storage"}, {"Scheduling", "sig-scheduling"}, {"Scheduler", "sig-scheduling"}, {"DRA", "sig-scheduling"}, {"Topology", "sig-node"},
		{"Service", "sig-network"}, {"Proxy", "sig-network"}, {"IP", "sig-network"}, {"Kubelet", "sig-node"}, {"CRI", "sig-node"},
		{"CSI", "sig-storage"}, {"Volume", "sig-storage"}, {"SELinux", "sig-storage"}, {"Job", "sig-apps"}, {"Set", "sig-apps"},
		{"HPA", "sig-autoscaling"}, {"Win", "sig-windows"}, {"Validation", "sig-api-machinery"},
	} {
		if strings.Contains(name, rule.word) {
			return rule.sig
		}
	}
	switch component {
	case apiserver, apiextensions, clientGo:
		return "sig-api-machinery"
	case componentBase:
		return "sig-instrumentation"
	case controllerManager:
		return "sig-cloud-provider"
	case kubeadm:
		return "sig-cluster-lifecycle"
	}
	return "sig-node"
}

// sigName is a SIG as people write it: "sig-api-machinery" is "API Machinery".
func sigName(sig string) string {
	words := strings.Split(strings.TrimPrefix(sig, "sig-"), "-")
	for i, w := range words {
		if w == "api" || w == "cli" {
			words[i] = strings.ToUpper(w)
		} else {
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, " ")
}

// inWords turns a gate's name into words: "DRAAdminAccess" is "DRA admin access".
func inWords(name string) string {
	var words []string
	start := 0
	upper := func(i int) bool { return i < len(name) && name[i] >= 'A' && name[i] <= 'Z' }
	for i := 1; i <= len(name); i++ {
		begins := upper(i) && !upper(i-1)                                                    // aB
		ends := upper(i) && upper(i-1) && i+1 < len(name) && !upper(i+1) && name[i+1] != 's' // ABc
		if i < len(name) && !begins && !ends {
			continue
		}
		word := name[start:i]
		if len(word) == 1 || !upper(start+1) {
			word = strings.ToLower(word[:1]) + word[1:]
		}
		words, start = append(words, word), i
	}
	text := strings.Join(words, " ")
	text = strings.NewReplacer("SE linux", "SELinux", "open API", "OpenAPI", "NF tables", "nftables", "KM sv1", "KMS v1", "qo s", "QoS",
		"I pv6", "IPv6", "v sphere", " vSphere", "HTT p2", "HTTP/2", "CPUCFS", "CPU CFS", "IPCIDR", "IP CIDR", "azure", "Azure",
		"open stack", "OpenStack", "portworx", "Portworx", "cri api", "CRI API", "stateful set", "StatefulSet", "daemon set", "DaemonSet",
		"replica set", "ReplicaSet", "kube proxy", "kube-proxy", "in place", "in-place", "In place", "In-place").Replace(text)
	return strings.ToUpper(text[:1]) + text[1:]
}
