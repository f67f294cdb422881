package sample

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/upstream-digest/bot/internal/facts"
)

// The steps of [EnhancementSteps], by index.
const (
	EnhancementsV134 = iota // what v1.34 shipped, on its day
	EnhancementsV135        // what v1.35 shipped, on its day
	NewProposals            // the proposals that v1.36 adds
	QuietWeek               // two small edits
	FreezeWeek              // Retargeted proposals aim at v1.36, those that it promotes have their stage raised
)

// Retargeted is how many proposals the freeze week moves to v1.36.
const Retargeted = 50

// EnhancementOptions are what the facts do not decide.
type EnhancementOptions struct {
	// Total pads the last state up to so many proposals with made-up ones, numbered from 90001, that
	// never change; 0, or fewer than the facts have, pads none.
	Total int
}

// Enhancements writes a repository like kubernetes/enhancements as it stands after a release ("v1.36"):
// a folder with kep.yaml and README.md for each proposal that the facts name, the approvals, and what
// else lies there. Numbers, SIGs, dates, gates, stages and releases are facts; titles and sentences are
// written here. A few proposals have upstream's faults (see quirk).
func Enhancements(table *facts.Table, release string, opts EnhancementOptions) (map[string][]byte, error) {
	if table.Rows(release) == nil {
		return nil, fmt.Errorf("write proposals: release %q: the table of facts has no rows for it", release)
	}
	n, err := newNotebook(table)
	if err != nil {
		return nil, fmt.Errorf("write proposals of %s: %w", release, err)
	}
	return n.proposalFiles(n.proposals(release, true), n.padding(opts)), nil
}

// EnhancementSteps is the history of such a repository, one step a moment: [EnhancementsV134],
// [EnhancementsV135], [NewProposals], [QuietWeek] and [FreezeWeek]. A test that wants a moment takes the
// steps up to it.
func EnhancementSteps(table *facts.Table, opts EnhancementOptions) ([]Step, error) {
	n, err := newNotebook(table)
	if err != nil {
		return nil, fmt.Errorf("write proposals: %w", err)
	}
	old, err := released("v1.34")
	if err != nil {
		return nil, err
	}
	now, err := released("v1.35")
	if err != nil {
		return nil, err
	}
	started := n.proposals("v1.35", true)
	added := maps.Clone(started)
	next := n.proposals("v1.36", false)
	var fresh []int
	for _, number := range slices.Sorted(maps.Keys(next)) {
		if _, ok := started[number]; !ok {
			fresh, added[number] = append(fresh, number), next[number]
		}
	}
	if len(fresh) < 2 {
		return nil, fmt.Errorf("write proposals: %d new ones in v1.36, want two to edit in the quiet week", len(fresh))
	}
	quiet := quietWeek(added, fresh[0], fresh[1])
	frozen, err := freezeWeek(quiet, next)
	if err != nil {
		return nil, err
	}
	moments := []struct {
		message string
		date    time.Time
		all     map[int]proposal
	}{
		EnhancementsV134: {"Proposals as v1.34 ships", old, n.proposals("v1.34", true)},
		EnhancementsV135: {"Proposals as v1.35 ships", now, started},
		NewProposals:     {"New proposals for v1.36", time.Date(2026, time.January, 21, 15, 0, 0, 0, time.UTC), added},
		QuietWeek:        {"Two edits in a quiet week", time.Date(2026, time.January, 28, 15, 0, 0, 0, time.UTC), quiet},
		FreezeWeek:       {"Enhancements freeze of v1.36", time.Date(2026, time.February, 11, 15, 0, 0, 0, time.UTC), frozen},
	}
	var steps []Step
	before := map[string][]byte{}
	for _, m := range moments {
		after := n.proposalFiles(m.all, n.padding(opts))
		steps = append(steps, Step{Message: m.message, Time: m.date, Files: edits(before, after)})
		before = after
	}
	return steps, nil
}

// quietWeek makes two edits: a proposal that came in as provisional is accepted, another plans its beta.
func quietWeek(all map[int]proposal, accepted, planned int) map[int]proposal {
	out := maps.Clone(all)
	p := all[accepted]
	p.status = "provisional"
	all[accepted] = p
	p.status = "implementable"
	out[accepted] = p
	p = all[planned]
	p.milestones = maps.Clone(p.milestones)
	p.milestones["beta"] = "v1.37"
	out[planned] = p
	return out
}

// freezeWeek moves proposals to v1.36: first those that the release did change, then such as were
// wanted in it and are not done yet.
func freezeWeek(all, next map[int]proposal) (map[int]proposal, error) {
	out := maps.Clone(all)
	moved := 0
	for _, number := range slices.Sorted(maps.Keys(all)) {
		if p, ok := next[number]; ok && p.latest != all[number].latest && quirks(number) != milestoneZero {
			out[number], moved = p, moved+1
		}
	}
	for _, number := range slices.Sorted(maps.Keys(all)) {
		p := out[number]
		if moved == Retargeted {
			return out, nil
		}
		if p.latest != "v1.36" && (p.stage == "alpha" || p.stage == "beta") && quirks(number) == 0 {
			p.aims("v1.36")
			out[number], moved = p, moved+1
		}
	}
	if moved != Retargeted {
		return nil, fmt.Errorf("write proposals: %d can be moved to v1.36, want %d", moved, Retargeted)
	}
	return out, nil
}

// edits are the files that turn one tree into another.
func edits(before, after map[string][]byte) map[string][]byte {
	out := map[string][]byte{}
	for name, text := range after {
		if old, ok := before[name]; !ok || !bytes.Equal(old, text) {
			out[name] = text
		}
	}
	for name := range before {
		if _, ok := after[name]; !ok {
			out[name] = nil
		}
	}
	return out
}

// padding is how many made-up proposals the options ask for. The last step's release decides, so that
// their number is the same at each moment.
func (b *book) padding(opts EnhancementOptions) int {
	const withoutNumber = 1
	return max(0, opts.Total-len(b.proposals("v1.36", true))-withoutNumber)
}

// proposalFiles are all files of the repository.
func (n *notebook) proposalFiles(all map[int]proposal, padding int) map[string][]byte {
	files := map[string][]byte{
		"README.md":                        []byte("# Enhancements\n\nA sample of kubernetes/enhancements, written from facts by internal/sample.\n"),
		"keps/README.md":                   []byte("# Proposals\n\nA folder for each, by SIG and number.\n"),
		"keps/NNNN-kep-template/kep.yaml":  []byte("title: KEP Template\nkep-number: NNNN\nauthors:\n  - \"@you\"\nowning-sig: sig-xyz\nstatus: provisional|implementable|implemented|deferred|rejected|withdrawn|replaced\ncreation-date: yyyy-mm-dd\nreviewers:\n  - TBD\napprovers:\n  - TBD\n\nstage: alpha|beta|stable\nlatest-milestone: \"v1.99\"\nmilestone:\n  alpha: \"v1.99\"\nfeature-gates:\n  - name: MyFeature\n    components:\n      - kube-apiserver\ndisable-supported: true\n"),
		"keps/NNNN-kep-template/README.md": []byte("# KEP-NNNN: Your title\n\n## Implementation History\n\nTo be filled in.\n"),
		"keps/prod-readiness/README.md":    []byte("# Approvals\n\nOne file for each proposal, named after its number.\n"),
	}
	list := slices.Collect(maps.Values(all))
	list = append(list, proposal{
		sig: "sig-docs", title: "A proposal without a number", created: "2018-05-01", status: "provisional", latest: "",
	})
	for _, p := range append(list, fillers(padding)...) {
		maps.Copy(files, p.files(n.pullsOf))
	}
	return files
}
