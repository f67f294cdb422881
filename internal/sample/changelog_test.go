package sample_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/golden"
	"github.com/upstream-digest/bot/internal/sample"
)

func changelog(tb testing.TB, minor string, tags ...string) string {
	tb.Helper()
	list := slices.DeleteFunc(sample.Releases(), func(r sample.Published) bool {
		return len(tags) > 0 && !slices.Contains(tags, r.Tag)
	})
	text, err := sample.Changelog(loadFacts(tb), minor, list)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

// section is what stands under one version's heading.
func section(tb testing.TB, text, tag string) string {
	tb.Helper()
	_, after, ok := strings.Cut(text, "\n# "+tag+"\n")
	if !ok {
		tb.Fatalf("no section %s", tag)
	}
	before, _, _ := strings.Cut(after, "\n# v")
	return before
}

// bullets are the notes of a section: what is between its Changelog and Dependencies, one item each
// with all of its lines.
func bullets(text string) []string {
	_, text, _ = strings.Cut(text, "\n## Changelog since ")
	text, _, _ = strings.Cut(text, "\n## Dependencies")
	if _, after, ok := strings.Cut(text, "\n## Important Security Information"); ok {
		_, text, _ = strings.Cut(after, "\n## Changes by Kind")
	}
	var out []string
	for line := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(line, "- "), strings.HasPrefix(line, " - "):
			out = append(out, line)
		case strings.HasPrefix(line, "  ") && len(out) > 0:
			out[len(out)-1] += line
		}
	}
	return out
}

var gateInNote = regexp.MustCompile("`([A-Z][A-Za-z0-9]+)`")

func TestEveryGateOfANoteExists(t *testing.T) {
	table := loadFacts(t)
	known := map[string]bool{}
	for _, release := range table.Releases() {
		for _, row := range table.Rows(release) {
			known[row.Gate] = true
		}
	}
	for _, minor := range []string{"v1.34", "v1.35", "v1.36"} {
		found := gateInNote.FindAllStringSubmatch(changelog(t, minor), -1)
		if len(found) < 50 {
			t.Errorf("%s: only %d gates are named", minor, len(found))
		}
		for _, m := range found {
			if !known[m[1]] {
				t.Errorf("%s: %s is no gate", minor, m[1])
			}
		}
	}
}

// The other way round: whatever changed between two releases has a note in the final section, and only
// that has.
func TestEveryChangeHasANote(t *testing.T) {
	table := loadFacts(t)
	for _, c := range [][2]string{{"v1.33", "v1.34"}, {"v1.34", "v1.35"}, {"v1.35", "v1.36"}} {
		before, after := map[string]facts.Row{}, map[string]facts.Row{}
		for _, row := range table.Rows(c[0]) {
			before[row.Gate] = row
		}
		for _, row := range table.Rows(c[1]) {
			after[row.Gate] = row
		}
		var want []string
		for name, row := range after {
			old, had := before[name]
			if !had || old.Stage != row.Stage || old.Default != row.Default || old.Locked != row.Locked {
				want = append(want, name)
			}
		}
		for name := range before {
			if _, still := after[name]; !still {
				want = append(want, name)
			}
		}
		var got []string
		for _, m := range gateInNote.FindAllStringSubmatch(section(t, changelog(t, c[1]), c[1]+".0"), -1) {
			got = append(got, m[1])
		}
		slices.Sort(want)
		slices.Sort(got)
		if got = slices.Compact(got); !slices.Equal(got, want) {
			t.Errorf("%s: notes name\n%v\nwhat changed is\n%v", c[1], got, want)
		}
	}
}

func TestPullRequestsAreRealWhereTheyAreKnown(t *testing.T) {
	text, err := os.ReadFile("gold-trace.tsv")
	if err != nil {
		t.Fatal(err)
	}
	number := regexp.MustCompile(`kubernetes/kubernetes/pull/(\d+)`)
	traced := map[string]bool{}
	var all string
	for _, minor := range []string{"v1.34", "v1.35", "v1.36"} {
		all += section(t, changelog(t, minor), minor+".0")
	}
	used := 0
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		for _, pull := range strings.Split(f[2], ",") {
			traced[pull] = true
			if !slices.Contains([]string{"v1.34", "v1.35", "v1.36"}, f[4]) {
				continue
			}
			used++
			note := regexp.MustCompile("(?m)^.*`" + f[0] + "`.*pull/" + pull + `\).*$`)
			if !note.MatchString(all) {
				t.Errorf("no note of %s has #%s (%s in %s)", f[0], pull, f[3], f[4])
			}
		}
	}
	if used < 15 {
		t.Errorf("only %d pull requests are of these releases", used)
	}
	for _, m := range number.FindAllStringSubmatch(all, -1) {
		if !traced[m[1]] && m[1] < "900000" {
			t.Errorf("#%s is neither traced nor above 900000", m[1])
		}
	}
}

// The same pull request in a pre-release and in the final section: mostly the same note, at times in
// other words, and a few in only one of them.
func TestNotesAreToldTwice(t *testing.T) {
	number := regexp.MustCompile(`pull/(\d+)\)`)
	for _, minor := range []string{"v1.35", "v1.36"} {
		text := changelog(t, minor)
		by := func(tags ...string) map[string]string {
			out := map[string]string{}
			for _, tag := range tags {
				for _, b := range bullets(section(t, text, tag)) {
					words, _, _ := strings.Cut(b, " ([#")
					out[number.FindStringSubmatch(b)[1]] = strings.TrimSpace(words)
				}
			}
			return out
		}
		final, early := by(minor+".0"), by(minor+".0-alpha.1", minor+".0-alpha.2", minor+".0-beta.0")
		same, other, finalOnly, earlyOnly := 0, 0, 0, 0
		for pull, words := range final {
			switch early[pull] {
			case "":
				finalOnly++
			case words:
				same++
			default:
				other++
			}
		}
		for pull := range early {
			if final[pull] == "" {
				earlyOnly++
			}
		}
		t.Logf("%s: %d the same, %d in other words, %d in the final section alone, %d in a pre-release alone", minor, same, other, finalOnly, earlyOnly)
		if same < 10 || other < 10 || finalOnly < 1 || earlyOnly < 1 {
			t.Errorf("%s: not all kinds of notes are there", minor)
		}
		if got := bullets(section(t, text, minor+".0-rc.0")); len(got) != 0 {
			t.Errorf("%s: the release candidate has notes: %v", minor, got)
		}
	}
}

func TestChangelogHasUpstreamsForms(t *testing.T) {
	var all string
	for _, minor := range []string{"v1.34", "v1.35", "v1.36"} {
		all += changelog(t, minor)
	}
	for _, c := range []struct{ name, pattern string }{
		{"table of contents between comments", `(?s)^<!-- BEGIN MUNGE: GENERATED_TOC -->\n\n- \[v1\.34\.4\]\(#v1344\)\n.*<!-- END MUNGE: GENERATED_TOC -->\n\n# v1\.34\.4\n`},
		{"a suffix where a heading repeats", `(?m)^    - \[Bug or Regression\]\(#bug-or-regression-1\)$`},
		{"downloads in a table", `(?m)^\[kubernetes\.tar\.gz\]\(https://dl\.k8s\.io/v1\.34\.4/kubernetes\.tar\.gz\) \| ` + "`[0-9a-f]{128}`$"},
		{"plain hash in a pre-release", `(?m)^\[kubernetes\.tar\.gz\]\(.*v1\.36\.0-rc\.0/.*\) \| [0-9a-f]{128}$`},
		{"urgent notes, the second one blank in, closed by a blank", "(?m)^## Urgent Upgrade Notes \n\n### \\(No, really, you MUST read this before you upgrade\\)\n\n- .*\n(  .*\n)* - (.*\n)+? \n## Changes by Kind"},
		{"marker first", `(?m)^ ?- ACTION REQUIRED: `},
		{"marker on a line of its own", `(?m)^  Action required: `},
		{"references on the last nested bullet", "(?m)^- .*:\n(  - [^(\n]*\n)+  - .* \\(\\[#\\d+\\]"},
		{"a note in quotes", `(?m)^- "[^"]+" \(\[#`},
		{"several SIGs", `\[SIG [A-Za-z ]+ and [A-Za-z ]+\]\n`},
		{"no SIG in an older final section", `github\.com/sample-[a-z]+\)\)\n`},
		{"prose on a vulnerability", `(?m)^## Important Security Information\n\n.*\n\n### CVE-2026-99\d{5}: sample advisory`},
		{"dependencies", `(?m)^## Dependencies\n\n### Added\n\n- .*\n\n### Changed\n\n- .* → .*\n`},
		{"no dependency", `(?m)^_Nothing has changed\._$`},
		{"a line of links under a final heading", `(?m)^# v1\.36\.0\n\n\[Documentation\]`},
	} {
		if !regexp.MustCompile(c.pattern).MatchString(all) {
			t.Errorf("%s: nothing matches %s", c.name, c.pattern)
		}
	}
	// One note under two kinds.
	final := bullets(section(t, changelog(t, "v1.36"), "v1.36.0"))
	slices.Sort(final)
	if len(slices.Compact(slices.Clone(final))) == len(final) {
		t.Error("v1.36.0: no note stands under two kinds")
	}
}

func TestLinksOfTheTableOfContentsLeadSomewhere(t *testing.T) {
	text := changelog(t, "v1.36")
	link := regexp.MustCompile(`(?m)^ *- \[.*\]\(#(.*)\)$`)
	heading := regexp.MustCompile(`(?m)^#+ `)
	seen := map[string]bool{}
	links := link.FindAllStringSubmatch(text, -1)
	for _, m := range links {
		if seen[m[1]] {
			t.Errorf("two links lead to #%s", m[1])
		}
		seen[m[1]] = true
	}
	if n := len(heading.FindAllString(text, -1)); n != len(links) {
		t.Errorf("%d headings, %d links", n, len(links))
	}
}

func TestReleases(t *testing.T) {
	table := loadFacts(t)
	var final []string
	last := time.Time{}
	for _, r := range sample.Releases() {
		if r.At.Before(last) {
			t.Errorf("%s comes out before the one above it", r.Tag)
		}
		last = r.At
		if r.Prerelease != strings.Contains(r.Tag, "-") {
			t.Errorf("%s: pre-release is %t", r.Tag, r.Prerelease)
		}
		if minor := "v" + gate.MinorOf(r.Tag); r.Tag == minor+".0" {
			final = append(final, r.Tag)
			step, err := sample.Release(table, minor, true)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := r.At.Format(time.DateOnly), step.Time.Format(time.DateOnly); got != want {
				t.Errorf("%s is published on %s, its commit is of %s", r.Tag, got, want)
			}
		}
	}
	if got := fmt.Sprint(final); got != "[v1.34.0 v1.35.0 v1.36.0]" {
		t.Errorf("final releases are %s", got)
	}
}

func TestEachReleaseOfTheDemoHasATagAndASection(t *testing.T) {
	all, err := sample.Demo(loadFacts(t))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "kubernetes.git")
	if err := sample.Repository(t.Context(), dir, all[0].Steps); err != nil {
		t.Fatal(err)
	}
	tags := strings.Split(run(t, dir, "tag", "--list"), "\n")
	if len(tags) != len(sample.Releases()) {
		t.Errorf("%d tags, %d releases", len(tags), len(sample.Releases()))
	}
	for _, r := range sample.Releases() {
		if !slices.Contains(tags, r.Tag) {
			t.Errorf("%s has no tag", r.Tag)
		}
		// The section is there from the release's own commit on, and at HEAD.
		name := "CHANGELOG/CHANGELOG-" + gate.MinorOf(r.Tag) + ".md"
		for _, ref := range []string{r.Tag, "HEAD"} {
			if text := run(t, dir, "show", ref+":"+name); !strings.Contains(text, "\n# "+r.Tag+"\n") {
				t.Errorf("%s at %s has no section %s", name, ref, r.Tag)
			}
		}
	}
	if text := run(t, dir, "show", "v1.35.0:CHANGELOG/README.md"); strings.Contains(text, "1.36") || !strings.Contains(text, "(./CHANGELOG-1.35.md)") {
		t.Errorf("the index at v1.35.0 is\n%s", text)
	}
}

func TestChangelogRefusesWhatItCannotTell(t *testing.T) {
	table := loadFacts(t)
	for _, c := range []struct {
		minor string
		list  []sample.Published
		want  string
	}{
		{"v1.33", sample.Releases(), "the facts give it no notes"},
		{"1.36", sample.Releases(), "in the form v1.36"},
		{"v1.36", nil, "none of its releases is in the list"},
	} {
		if _, err := sample.Changelog(table, c.minor, c.list); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want one with %q", c.minor, err, c.want)
		}
	}
	if _, err := sample.Changelogs(table, []sample.Published{{Tag: "v1.20.0"}}); err == nil || !strings.Contains(err.Error(), "v1.20") {
		t.Errorf("error is %v, want one that names v1.20", err)
	}
}

func TestGoldenChangelog(t *testing.T) {
	golden.Check(t, filepath.Join("testdata", "CHANGELOG-1.34.md"), []byte(changelog(t, "v1.34", "v1.34.4")))
	golden.Check(t, filepath.Join("testdata", "CHANGELOG-1.36.md"), []byte(changelog(t, "v1.36", "v1.36.0-alpha.2", "v1.36.0-rc.0")))
}

func TestWithAddsFilesToAStep(t *testing.T) {
	step := sample.Step{Files: text("a", "old", "b", "b")}
	got := step.With(text("a", "new", "c", "c"))
	if string(got.Files["a"]) != "new" || string(got.Files["b"]) != "b" || string(got.Files["c"]) != "c" {
		t.Errorf("files are %q", got.Files)
	}
	if string(step.Files["a"]) != "old" || len(step.Files) != 2 {
		t.Errorf("the step itself changed: %q", step.Files)
	}
}
