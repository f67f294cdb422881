package trace_test

import (
	"fmt"
	"hash/fnv"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/changelog"
	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/insight"
	"github.com/upstream-digest/bot/internal/kep"
	"github.com/upstream-digest/bot/internal/trace"
)

// goldRow is one line of what is known for sure.
type goldRow struct {
	gate, kep string
	prs       []string // targets
	stage     gate.Stage
	version   string
}

func goldRows(tb testing.TB) []goldRow {
	tb.Helper()
	raw, err := os.ReadFile("../sample/gold-trace.tsv")
	if err != nil {
		tb.Fatal(err)
	}
	var out []goldRow
	for line := range strings.Lines(string(raw)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		r := goldRow{gate: f[0], kep: f[1], stage: gate.Stage(f[3]), version: strings.TrimPrefix(f[4], "v")}
		if f[3] == "stable" {
			r.stage = gate.GA
		}
		for _, p := range strings.Split(f[2], ",") {
			r.prs = append(r.prs, "kubernetes/kubernetes#"+p)
		}
		out = append(out, r)
	}
	return out
}

func (r goldRow) pr(i int) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(r.prs[i], "kubernetes/kubernetes#"))
	return n
}

// dice stands for chance, the same in every run.
func dice(sides int, of ...string) int {
	h := fnv.New32a()
	h.Write([]byte(strings.Join(of, "\x00")))
	return int(h.Sum32()>>4) % sides
}

// goldWorld is an upstream with the facts of the gold rows, and with what makes tracing hard.
type goldWorld struct {
	rows      []goldRow
	history   *insight.History
	isGate    func(string) bool
	proposals []trace.Proposal
	notes     []trace.ReleaseNote
	pulls     map[int]trace.Pull
	comments  map[string]string // KEP numbers in doc comments
}

var kubernetes = trace.Repository{Name: "kubernetes/kubernetes", WebURL: "https://github.com/kubernetes/kubernetes"}

// other numbers what is not the gate's: no real pull request is so high.
func other(of ...string) int { return 800000 + dice(100000, of...) }

func newGoldWorld(tb testing.TB) *goldWorld {
	tb.Helper()
	table, err := facts.Load()
	if err != nil {
		tb.Fatal(err)
	}
	w := &goldWorld{rows: goldRows(tb), history: insight.FromTable(table), pulls: map[int]trace.Pull{}, comments: map[string]string{}}
	names := map[string]bool{}
	for _, n := range w.history.Names() {
		names[n] = true
	}
	byGate := map[string][]goldRow{}
	byKEP := map[string][]string{}
	for _, r := range w.rows {
		names[r.gate+"Extra"] = true // a gate that shares its words
		byGate[r.gate] = append(byGate[r.gate], r)
		if !slices.Contains(byKEP[r.kep], r.gate) {
			byKEP[r.kep] = append(byKEP[r.kep], r.gate)
		}
	}
	w.isGate = func(word string) bool { return names[word] }
	w.writeNotes(tb)
	for number, gates := range byKEP {
		w.writeProposal(tb, number, gates, byGate)
	}
	// A proposal whose gate does not exist, and one that only speaks of a gate.
	w.addProposal(tb, "99001", "title: Never merged\nkep-number: 99001\nfeature-gates:\n  - name: NeverMerged\n", "# KEP\n\n## Implementation History\n\n- Builds on `MemoryQoS`, beta in v1.37: https://github.com/kubernetes/kubernetes/pull/899001\n")
	for _, r := range w.rows {
		w.writePulls(r)
		if dice(10, "comment", r.gate) < 6 {
			w.comments[r.gate] = r.kep
		}
	}
	return w
}

// noteText says in upstream's forms, and our words, that a gate came to a stage. Some do not name the gate beside the
// stage, and some releases say nothing.
func noteText(r goldRow) (text string, told bool) {
	stage := map[gate.Stage]string{gate.Alpha: "alpha", gate.Beta: "beta", gate.GA: "GA"}[r.stage]
	if r.stage == gate.Alpha {
		switch dice(8, "note", r.gate, stage) {
		case 0, 1:
			return fmt.Sprintf("Added the `%s` feature gate (alpha, off by default).", r.gate), true
		case 2:
			return fmt.Sprintf("Introduced a way to do it better, behind the alpha feature gate %s.", r.gate), true
		case 3:
			return fmt.Sprintf("It can be done better now: turn the `%s` feature gate on.", r.gate), false
		}
		return "", false
	}
	switch dice(10, "note", r.gate, stage) {
	case 0, 1:
		return fmt.Sprintf("Promoted the `%s` feature gate to %s.", r.gate, stage), true
	case 2:
		return fmt.Sprintf("The %s feature gate has graduated to %s and can no longer be turned off.", r.gate, stage), true
	case 3:
		return fmt.Sprintf("What it does is now %s. The `%s` feature gate stays.", stage, r.gate), true
	case 4:
		return fmt.Sprintf("Promoted the `%sExtra` and `%s` feature gates to %s", r.gate, r.gate, stage), true
	case 5:
		return fmt.Sprintf("Improved the speed of what `%s` does.", r.gate), false
	}
	return "", false
}

// writeNotes writes a changelog for each release that has gold rows, and reads it as the bot does.
func (w *goldWorld) writeNotes(tb testing.TB) {
	tb.Helper()
	byVersion := map[string][]goldRow{}
	for _, r := range w.rows {
		byVersion[r.version] = append(byVersion[r.version], r)
	}
	for version, rows := range byVersion {
		var final, early, patch strings.Builder
		bullet := func(b *strings.Builder, text string, prs ...int) {
			var refs []string
			for _, p := range prs {
				refs = append(refs, fmt.Sprintf("[#%d](https://github.com/kubernetes/kubernetes/pull/%d)", p, p))
			}
			fmt.Fprintf(b, "- %s (%s, [@sample](https://github.com/sample)) [SIG Node]\n", text, strings.Join(refs, ", "))
		}
		for _, r := range rows {
			stage := string(r.stage)
			if text, _ := noteText(r); text != "" {
				prs := []int{r.pr(0)}
				if len(r.prs) > 1 && dice(2, "both", r.gate) == 0 {
					prs = append(prs, r.pr(1))
				}
				bullet(&final, text, prs...)
				if dice(3, "early", r.gate, stage) == 0 {
					bullet(&early, text, prs...)
				}
			}
			// What only mentions the gate.
			if dice(2, "crash", r.gate, stage) == 0 {
				bullet(&final, fmt.Sprintf("Fixed a crash of the kubelet when the `%s` feature gate is enabled.", r.gate), other("crash", r.gate, stage))
			}
			if dice(3, "metric", r.gate, stage) == 0 {
				bullet(&final, fmt.Sprintf("Added a metric that counts what happens with `%s` enabled.", r.gate), other("metric", r.gate, stage))
			}
			// A gate that shares all its words but one.
			if dice(2, "extra", r.gate, stage) == 0 {
				bullet(&final, fmt.Sprintf("Promoted the `%sExtra` feature gate to beta.", r.gate), other("extra", r.gate, stage))
			}
			// A promotion that was taken back before the release, and made again by the gold one.
			if reverted(r) {
				bullet(&early, fmt.Sprintf("Promoted the `%s` feature gate to %s.", r.gate, map[gate.Stage]string{gate.Beta: "beta", gate.GA: "GA"}[r.stage]), other("undone", r.gate, stage))
				bullet(&early, fmt.Sprintf("Reverted the promotion of `%s`.", r.gate), other("revert", r.gate, stage))
			}
			// A copy for the release branch.
			if picked(r) {
				text, _ := noteText(r)
				bullet(&patch, text, other("pick", r.gate, stage))
			}
		}
		md := fmt.Sprintf("# v%s.1\n\n## Changelog since v%s.0\n\n## Changes by Kind\n\n### Feature\n\n%s\n# v%s.0\n\n## Changelog since v1.0.0\n\n## Changes by Kind\n\n### Feature\n\n%s\n# v%s.0-alpha.1\n\n## Changes by Kind\n\n### Feature\n\n%s",
			version, version, patch.String(), version, final.String(), version, early.String())
		file := "CHANGELOG/CHANGELOG-" + version + ".md"
		parsed, err := changelog.Parse(file, []byte(md))
		if err != nil {
			tb.Fatal(err)
		}
		for _, s := range parsed.Sections {
			for _, n := range s.Notes {
				w.notes = append(w.notes, trace.ReleaseNote{Version: s.Version, File: file, Note: n})
			}
		}
	}
	// The data of some notes links the proposal.
	for i, n := range w.notes {
		for _, r := range w.rows {
			if len(n.PRs) > 0 && n.PRs[0] == r.pr(0) && dice(3, "data", r.gate) == 0 {
				w.notes[i].KEPs = append(w.notes[i].KEPs, r.kep)
			}
		}
	}
}

func reverted(r goldRow) bool {
	return r.stage != gate.Alpha && dice(6, "reverted", r.gate, string(r.stage)) == 0
}

func picked(r goldRow) bool {
	text, told := noteText(r)
	return told && text != "" && dice(4, "picked", r.gate, string(r.stage)) == 0
}

// writeProposal writes a proposal's two files. One in ten lists no gate.
func (w *goldWorld) writeProposal(tb testing.TB, number string, gates []string, byGate map[string][]goldRow) {
	tb.Helper()
	var yaml, readme strings.Builder
	fmt.Fprintf(&yaml, "title: A sample\nkep-number: %s\nowning-sig: sig-node\nstatus: implemented\n", number)
	milestones := map[string]string{}
	for _, g := range gates {
		for _, r := range byGate[g] {
			word := string(r.stage)
			if r.stage == gate.GA {
				word = "stable"
			}
			milestones[word] = "v" + r.version
		}
	}
	fmt.Fprintf(&yaml, "milestone:\n")
	for _, s := range []string{"alpha", "beta", "stable"} {
		if milestones[s] != "" {
			fmt.Fprintf(&yaml, "  %s: %q\n", s, milestones[s])
		}
	}
	listed := dice(10, "listed", number) != 0
	fmt.Fprintf(&readme, "# KEP-%s: A sample\n\n## Summary\n\nWe wrote this.\n\n", number)
	if listed {
		yaml.WriteString("feature-gates:\n")
		for _, g := range gates {
			fmt.Fprintf(&yaml, "  - name: %s\n    components: [kubelet]\n", g)
		}
	}
	for _, g := range gates {
		fmt.Fprintf(&readme, "- [x] Feature gate (also fill in values in `kep.yaml`)\n  - Feature gate name: %s\n", g)
	}
	readme.WriteString("\n## Implementation History\n\n- 2021-02-01: the proposal was merged: https://github.com/kubernetes/enhancements/pull/3000\n")
	for _, g := range gates {
		for _, r := range byGate[g] {
			word := map[gate.Stage]string{gate.Alpha: "alpha", gate.Beta: "beta", gate.GA: "stable"}[r.stage]
			named := ""
			if len(gates) > 1 {
				named = "`" + g + "` "
			}
			url := fmt.Sprintf("https://github.com/kubernetes/kubernetes/pull/%d", r.pr(0))
			early := gate.CompareVersions(r.version, "1.20") < 0
			switch n := dice(10, "readme", g, word); {
			case n < 4 || early:
				fmt.Fprintf(&readme, "- v%s: %sis %s: %s\n", r.version, named, word, url)
			case n == 4:
				fmt.Fprintf(&readme, "- %sgraduated to %s ([#%d](%s))\n", named, word, r.pr(0), url)
			case n == 5:
				fmt.Fprintf(&readme, "- v%s: %sgraduated to %s\n", r.version, named, word)
			case n == 6 && len(gates) == 1:
				fmt.Fprintf(&readme, "- v%s: implementation: %s\n", r.version, url)
			}
			if dice(3, "e2e", g, word) == 0 {
				fmt.Fprintf(&readme, "- v%s: tests of %sfor %s: https://github.com/kubernetes/kubernetes/pull/%d\n", r.version, named, word, other("e2e", g, word))
			}
			if reverted(r) && dice(2, "told", g) == 0 {
				fmt.Fprintf(&readme, "- v%s: %spromoted to %s: https://github.com/kubernetes/kubernetes/pull/%d\n- v%s: reverted: https://github.com/kubernetes/kubernetes/pull/%d\n", r.version, named, word, other("undone", g, string(r.stage)), r.version, other("revert", g, string(r.stage)))
			}
		}
	}
	w.addProposal(tb, number, yaml.String(), readme.String())
}

func (w *goldWorld) addProposal(tb testing.TB, number, yaml, readme string) {
	tb.Helper()
	folder := "keps/sig-node/" + number + "-a-sample"
	p, err := kep.Parse(folder+"/kep.yaml", []byte(yaml))
	if err != nil {
		tb.Fatal(err)
	}
	w.proposals = append(w.proposals, trace.Proposal{Proposal: p, History: kep.ParseReadme(folder+"/README.md", []byte(readme))})
}

// writePulls writes the pull requests of a row.
func (w *goldWorld) writePulls(r goldRow) {
	at := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	stage := string(r.stage)
	for i := range r.prs {
		body := "#### What this PR does\n\nSome words of our own.\n<!-- Fixes #1, or fixes kubernetes/enhancements#2 -->\n"
		if dice(2, "fixes", r.gate, stage) == 0 {
			body += fmt.Sprintf("Fixes #%d\n", other("ticket", r.gate, stage))
		}
		switch dice(4, "kep", r.gate, stage) {
		case 0:
			body += fmt.Sprintf("- [KEP]: https://github.com/kubernetes/enhancements/issues/%s\n", r.kep)
		case 1:
			body += fmt.Sprintf("- [KEP]: https://github.com/kubernetes/enhancements/tree/master/keps/sig-node/%s-a-sample\n", r.kep)
		case 2:
			body += "- [KEP]: https://github.com/kubernetes/enhancements/pull/6086\n"
		}
		if dice(5, "sees", r.gate, stage) == 0 {
			body += "It follows what kubernetes/enhancements#99002 began.\n"
		}
		n := r.pr(i)
		w.pulls[n] = trace.Pull{Number: n, Title: "Bring " + strings.Join(trace.Words(r.gate), " ") + " on", Body: body, Merged: at}
	}
	if reverted(r) {
		undone, revert := other("undone", r.gate, stage), other("revert", r.gate, stage)
		w.pulls[undone] = trace.Pull{Number: undone, Title: "Promote " + r.gate, Merged: at}
		w.pulls[revert] = trace.Pull{Number: revert, Title: `Revert "Promote ` + r.gate + `"`, Body: fmt.Sprintf("Reverts kubernetes/kubernetes#%d", undone), Merged: at}
	}
	if picked(r) {
		n := other("pick", r.gate, stage)
		w.pulls[n] = trace.Pull{Number: n, Title: fmt.Sprintf("Automated cherry pick of #%d: bring it on", r.pr(0)), Merged: at}
	}
}

// subject is what the embedded history knows of a gate.
func (w *goldWorld) subject(name string) trace.Subject {
	known := w.history.Releases()
	s := trace.Subject{Gate: name, Latest: known[len(known)-1]}
	l, ok := w.history.Life(name)
	if !ok {
		return s
	}
	var states []trace.State
	for _, st := range l.Steps {
		states = append(states, trace.State{Version: st.Release, Removed: st.Removed, Stage: st.Stage, Default: st.Default, Locked: st.Locked, Source: "table"})
	}
	s.Steps = trace.Steps(states)
	return s
}
