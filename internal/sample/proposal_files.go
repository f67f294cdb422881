package sample

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// quirk is one way in which a kep.yaml is not as the template has it. All are upstream's.
type quirk int

const (
	quotedNumber    quirk = iota + 1 // kep-number: "563"
	milestoneNoV                     // latest-milestone: "1.30"
	milestoneZero                    // latest-milestone: "0.0"
	gatesMissing                     // no feature-gates key
	gatesEmpty                       // the key without a value
	statusMisspelt                   // status: imlpemented
	statusWithStage                  // status: implemented (alpha)
	stageMissing                     // no stage key
	deeperPath                       // one folder more on the way
	strayKey                         // a key that the schema does not have
	otherCase                        // a gate in other capitals
	wordAsMilestone                  // stable: TBD
	listInMilestone                  // alpha: "v1.21, v1.37"
	leadingZeros                     // the folder's number has four digits
)

// quirks are in a handful of proposals; the rest is as the template wants it.
func quirks(number int) quirk {
	switch number {
	case 563:
		return quotedNumber
	case 752:
		return leadingZeros
	case 902:
		return gatesMissing
	case 961:
		return milestoneNoV
	case 1435:
		return stageMissing
	case 1490:
		return milestoneZero
	case 1507:
		return gatesEmpty
	case 1610:
		return milestoneNoV
	case 1860:
		return listInMilestone
	case 2053:
		return statusMisspelt
	case 2395:
		return deeperPath
	case 2570:
		return statusWithStage
	case 4004:
		return strayKey
	case 4603:
		return otherCase
	case 5491, 5677, 5825:
		return wordAsMilestone
	}
	return 0
}

func (p proposal) has(q quirk) bool { return !p.filler && quirks(p.number) == q }

// folder is where a proposal's files are: "keps/sig-node/127-user-namespaces-support".
func (p proposal) folder() string {
	number := p.folderNumber()
	slug := strings.ToLower(strings.NewReplacer(" ", "-", "/", "-").Replace(p.title))
	if p.has(deeperPath) {
		return path.Join("keps", p.sig, "providers", number+"-"+slug)
	}
	return path.Join("keps", p.sig, number+"-"+slug)
}

func (p proposal) folderNumber() string {
	if p.has(leadingZeros) || p.number == 0 {
		return fmt.Sprintf("%04d", p.number)
	}
	return strconv.Itoa(p.number)
}

// files are a proposal's own files, and its production-readiness approval.
func (p proposal) files(pulls func(event) []int) map[string][]byte {
	out := map[string][]byte{
		p.folder() + "/kep.yaml":  p.yaml(),
		p.folder() + "/README.md": p.readme(pulls),
	}
	if p.number != 0 {
		out[fmt.Sprintf("keps/prod-readiness/%s/%d.yaml", p.sig, p.number)] = p.approval()
	}
	return out
}

func (p proposal) yaml() []byte {
	var b bytes.Buffer
	printf := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	printf("title: %s\n", p.title)
	switch {
	case p.has(quotedNumber):
		printf("kep-number: \"%d\"\n", p.number)
	case p.number == 0:
		printf("kep-number: 0000\n")
	default:
		printf("kep-number: %d\n", p.number)
	}
	if p.has(strayKey) {
		printf("id: %d\n", p.number)
	}
	printf("authors:\n  - \"@sample-author\"\nowning-sig: %s\n", p.sig)
	printf("status: %s\n", p.statusWritten())
	if p.created != "" {
		printf("creation-date: %s\n", p.created)
	}
	printf("reviewers:\n  - \"@sample-reviewer\"\napprovers:\n  - \"@sample-approver\"\n\n")
	switch {
	case p.has(stageMissing):
	case p.stage == "":
		printf("stage:\n\n")
	default:
		printf("# Where this cycle takes the proposal.\nstage: %s\n\n", p.stage)
	}
	printf("# The release that is worked on, or was last.\n")
	switch {
	case p.has(milestoneNoV):
		printf("latest-milestone: %q\n", strings.TrimPrefix(p.latest, "v"))
	case p.has(milestoneZero) || p.latest == "":
		printf("latest-milestone: \"0.0\"\n")
	default:
		printf("latest-milestone: %q\n", p.latest)
	}
	p.writeMilestones(printf)
	p.writeGates(printf)
	printf("disable-supported: true\n\n# Metrics that show whether it works.\nmetrics:\n  - N/A\n")
	return b.Bytes()
}

func (p proposal) statusWritten() string {
	switch {
	case p.has(statusMisspelt):
		return "imlpemented"
	case p.has(statusWithStage):
		return "implemented (alpha)"
	}
	return p.status
}

func (p proposal) writeMilestones(printf func(string, ...any)) {
	if len(p.milestones) == 0 {
		return
	}
	printf("\n# When each stage was reached, or is meant to be.\nmilestone:\n")
	for _, stage := range []string{"alpha", "beta", "stable", "deprecated"} {
		value := p.milestones[stage]
		switch {
		case stage == "alpha" && value != "" && p.has(listInMilestone):
			value = "v1.21, " + value
		case stage == "stable" && value == "" && p.has(wordAsMilestone):
			value = "TBD"
		}
		if value != "" {
			printf("  %s: %q\n", stage, value)
		}
	}
}

func (p proposal) writeGates(printf func(string, ...any)) {
	printf("\n")
	switch {
	case p.has(gatesMissing) || len(p.gates) == 0 && p.number%2 == 0:
		return
	case p.has(gatesEmpty) || len(p.gates) == 0:
		printf("feature-gates:\n")
		return
	}
	printf("# Gates, and where each has to be set.\nfeature-gates:\n")
	for _, g := range p.gates {
		printf("  - name: %s\n    components:\n", p.spelling(g.name))
		for _, c := range g.components {
			printf("      - %s\n", c)
		}
	}
}

// spelling is a gate's name as the proposal writes it.
func (p proposal) spelling(name string) string {
	switch {
	case p.has(otherCase):
		return strings.ReplaceAll(name, "BackOff", "Backoff")
	case p.formerName && name == "CBORServingAndStorage":
		return "CBORSerializer"
	}
	return name
}

// readme is the proposal's text, ours all through. The history names pull requests where they are known.
func (p proposal) readme(pulls func(event) []int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# KEP-%s: %s\n\n<!-- toc -->\n- [Summary](#summary)\n- [Design Details](#design-details)\n- [Production Readiness Review Questionnaire](#production-readiness-review-questionnaire)\n- [Implementation History](#implementation-history)\n<!-- /toc -->\n\n## Summary\n\n", p.folderNumber(), p.title)
	for _, g := range p.gates {
		about := g.about
		if about == "" {
			about = "The feature was behind this gate while it matured."
		}
		fmt.Fprintf(&b, "`%s`: %s\n\n", g.name, about)
	}
	if len(p.gates) == 0 {
		b.WriteString("This proposal needs no feature gate.\n\n")
	}
	b.WriteString("## Design Details\n\nThis text stands in for the real one. Numbers, names and releases are upstream's; the sentences are not.\n\n")
	b.WriteString("## Production Readiness Review Questionnaire\n\n### Feature Enablement and Rollback\n\n")
	for _, g := range p.gates {
		fmt.Fprintf(&b, "- [x] Feature gate (also fill in values in `kep.yaml`)\n  - Feature gate name: %s\n  - Components depending on the feature gate: %s\n", g.name, strings.Join(g.components, ", "))
	}
	b.WriteString("\n## Implementation History\n\n")
	for i, e := range p.history {
		what := fmt.Sprintf("%s: `%s` %s", e.release, e.gate, map[string]string{
			"alpha": "comes as alpha", "beta": "is beta", "stable": "is stable", "deprecated": "is deprecated",
		}[stageInProposal(e.stage)])
		var links []string
		for _, n := range pulls(e) {
			url := pullURL(n)
			if i%2 == 0 {
				url = fmt.Sprintf("[#%d](%s)", n, url)
			}
			links = append(links, url)
		}
		if len(links) > 0 {
			what += ": " + strings.Join(links, ", ")
		}
		fmt.Fprintf(&b, "- %s\n", what)
	}
	return b.Bytes()
}

func pullURL(number int) string {
	return fmt.Sprintf("https://github.com/kubernetes/kubernetes/pull/%d", number)
}

// approval names who approved each stage up to the one aimed at.
func (p proposal) approval() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "kep-number: %d\n", p.number)
	stages := []string{"alpha", "beta", "stable"}
	for _, stage := range stages[:slices.Index(stages, p.stage)+1] {
		if p.milestones[stage] != "" {
			fmt.Fprintf(&b, "%s:\n  approver: \"@sample-approver\"\n", stage)
		}
	}
	return b.Bytes()
}
