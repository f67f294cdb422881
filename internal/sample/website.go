package sample

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
)

// PagesFolder is where kubernetes/website keeps the pages of gates.
const PagesFolder = "content/en/docs/reference/command-line-tools-reference/feature-gates"

// The moments of [WebsiteSteps].
const (
	WebsiteV134  = iota // the pages of v1.34, an hour before it ships
	WebsiteV135         // the like
	WebsiteEdits        // a quiet day: one page for a gate of v1.36 comes early, one is corrected
	WebsiteV136         // the pages of v1.36
)

// Gates whose pages have a fault.
const (
	// StalePage still tells of the stage before at v1.35, and is corrected in [WebsiteEdits].
	StalePage = "ImageVolume"
	// EarlyPage comes before its release.
	EarlyPage = "CRIListStreaming"
	// TooLong is gone in v1.36, and its page lists it through that since v1.35.
	TooLong = "MemoryManager"
	// LogRotation is gone in v1.22, and its page lists it through that: upstream's own fault.
	LogRotation = "CRIContainerLogRotation"
)

// docRow is a row of a page.
type docRow struct {
	stage    gate.Stage
	on       bool
	locked   bool
	from, to string
}

// Website writes a repository like kubernetes/website as its default branch stands when a release ("v1.36") ships: a
// page for each gate that the facts know up to then, and the pages beside them that are of no gate. Gates, stages and
// releases are facts, as are the faults that a few pages have; the sentences are ours.
//
// Of gates from before the facts begin, the stages are those seen since v1.20.
func Website(table *facts.Table, release string) (map[string][]byte, error) {
	if table.Rows(release) == nil {
		return nil, fmt.Errorf("write website: release %q: the table of facts has no rows for it", release)
	}
	files := map[string][]byte{
		"README.md":                []byte("# Website\n\nA sample of kubernetes/website, written from facts by internal/sample.\n"),
		PagesFolder + "/index.md":  []byte("---\ntitle: Feature Gates\nweight: 10\ncontent_type: concept\n---\n\nThe list of all pages beside this one.\n"),
		PagesFolder + "/_index.md": []byte("---\ntitle: Feature Gates\n---\n"),
		pagePath("AllAlpha"):       gatePage("AllAlpha", []docRow{{stage: gate.Alpha, from: "1.0"}}, false),
		pagePath("AllBeta"):        gatePage("AllBeta", []docRow{{stage: gate.Beta, from: "1.0"}}, false),
		"content/de/docs/reference/command-line-tools-reference/feature-gates/AllAlpha.md": gatePage("AllAlpha", []docRow{{stage: gate.Alpha, from: "1.0"}}, false),
	}
	for _, name := range gatesUntil(table, release) {
		rows, removed := pageRows(table, release, name)
		if len(rows) > 0 {
			files[pagePath(name)] = gatePage(name, rows, removed)
		}
	}
	return files, nil
}

// WebsiteSteps is the history of such a repository, one step a moment: [WebsiteV134] to [WebsiteV136].
func WebsiteSteps(table *facts.Table) ([]Step, error) {
	var steps []Step
	before := map[string][]byte{}
	add := func(message string, at time.Time, after map[string][]byte) {
		steps = append(steps, Step{Message: message, Time: at, Files: edits(before, after)})
		before = after
	}
	for _, release := range []string{"v1.34", "v1.35", "v1.36"} {
		at, err := released(release)
		if err != nil {
			return nil, err
		}
		files, err := Website(table, release)
		if err != nil {
			return nil, err
		}
		if release != "v1.35" {
			add("Pages of "+release, at.Add(-time.Hour), files)
			continue
		}
		right := files[pagePath(StalePage)]
		if files[pagePath(StalePage)] = before[pagePath(StalePage)]; bytes.Equal(right, files[pagePath(StalePage)]) || right == nil {
			return nil, fmt.Errorf("write website: %s does not change in v1.35", StalePage)
		}
		add("Pages of "+release, at.Add(-time.Hour), files)
		edited := map[string][]byte{}
		for name, text := range files {
			edited[name] = text
		}
		edited[pagePath(StalePage)] = right
		rows, _ := pageRows(table, "v1.36", EarlyPage)
		if len(rows) == 0 || edited[pagePath(EarlyPage)] != nil {
			return nil, fmt.Errorf("write website: %s is not new in v1.36", EarlyPage)
		}
		edited[pagePath(EarlyPage)] = gatePage(EarlyPage, rows, false)
		add("Correct a page, and an early one", time.Date(2026, time.February, 18, 15, 0, 0, 0, time.UTC), edited)
	}
	return steps, nil
}

func pagePath(name string) string { return PagesFolder + "/" + name + ".md" }

// gatesUntil are the gates of all releases up to one, by name, without those of kubeadm alone: they have no page.
func gatesUntil(table *facts.Table, release string) []string {
	var out []string
	for _, r := range table.Releases() {
		if gate.CompareVersions(r, release) > 0 {
			break
		}
		for _, row := range table.Rows(r) {
			// The one gate that was once written in other letters has one page, under its later name.
			if !slices.Equal(row.RegisteredIn, []string{kubeadm}) && row.Gate != "csiMigrationRBD" {
				out = append(out, row.Gate)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// pageRows are a gate's rows as of a release, and whether it is gone by then.
func pageRows(table *facts.Table, release, name string) (rows []docRow, removed bool) {
	if name == LogRotation {
		return []docRow{
			{stage: gate.Alpha, from: "1.10", to: "1.10"}, {stage: gate.Beta, on: true, from: "1.11", to: "1.20"},
			{stage: gate.GA, on: true, from: "1.21", to: "1.22"},
		}, true
	}
	last := ""
	for _, r := range table.Releases() {
		if gate.CompareVersions(r, release) > 0 {
			break
		}
		for _, row := range table.Rows(r) {
			if row.Gate != name {
				continue
			}
			last = r
			specs := []gate.Spec{{Since: gate.MinorOf(r), Stage: row.Stage, Default: row.Default, Locked: row.Locked}}
			if row.Since != "" {
				specs, rows = row.Specs, nil // it tells its whole past
			}
			rows = withSpecs(rows, specs, gate.MinorOf(r))
		}
	}
	if len(rows) > 0 && last != release {
		rows[len(rows)-1].to, removed = gate.MinorOf(last), true
	}
	if name == TooLong && gate.CompareVersions(release, "v1.35") >= 0 {
		rows[len(rows)-1].to = "1.36"
	}
	return rows, removed
}

// withSpecs adds to rows what specs say up to a release. A lock alone makes no row.
func withSpecs(rows []docRow, specs []gate.Spec, until string) []docRow {
	for i, s := range specs {
		if gate.CompareVersions(s.Since, until) > 0 || s.Since == "1.0" && i < len(specs)-1 {
			continue
		}
		if n := len(rows); n > 0 {
			if before := &rows[n-1]; before.stage == s.Stage && before.on == s.Default {
				before.locked = before.locked || s.Locked
				continue
			}
			rows[n-1].to = minorBefore(s.Since)
		}
		rows = append(rows, docRow{stage: s.Stage, on: s.Default, locked: s.Locked, from: s.Since})
	}
	return rows
}

func minorBefore(minor string) string {
	major, rest, _ := strings.Cut(minor, ".")
	n, err := strconv.Atoi(rest)
	if err != nil || n == 0 {
		return minor
	}
	return major + "." + strconv.Itoa(n-1)
}

// gatePage writes a page in upstream's form.
func gatePage(name string, rows []docRow, removed bool) []byte {
	var b bytes.Buffer
	b.WriteString("---\n")
	if removed {
		b.WriteString("# Removed from Kubernetes\n")
	}
	fmt.Fprintf(&b, "title: %s\ncontent_type: feature_gate\n_build:\n  list: never\n  render: false\n\nstages:\n", name)
	for i, r := range rows {
		stage := string(r.stage)
		if r.stage == gate.GA {
			stage = "stable"
		}
		blank := ""
		if len(name)%7 == 0 {
			blank = " " // as some of upstream's have
		}
		fmt.Fprintf(&b, "  - stage: %s%s\n", stage, blank)
		if r.locked {
			b.WriteString("    locked: true\n")
		}
		if name != "AllAlpha" && name != "AllBeta" {
			fmt.Fprintf(&b, "    defaultValue: %t%s\n", r.on, blank)
		}
		fmt.Fprintf(&b, "    fromVersion: %q%s\n", r.from, blank)
		if r.to != "" && (i == len(rows)-1 || !leavesOpen(name)) {
			fmt.Fprintf(&b, "    toVersion: %q%s\n", r.to, blank)
		}
	}
	switch {
	case removed:
		b.WriteString("\nremoved: true\n")
	case leavesOpen(name):
		b.WriteString("\nremoved: false\n")
	}
	fmt.Fprintf(&b, "---\nWhat %s does stands in the real page; this one is a sample.\n", name)
	return b.Bytes()
}

// leavesOpen names the pages with an earlier row that has no end.
func leavesOpen(name string) bool {
	return slices.Contains([]string{"ContextualLogging", "DisableNodeKubeProxyVersion", "KubeletCgroupDriverFromCRI"}, name)
}
