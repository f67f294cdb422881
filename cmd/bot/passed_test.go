package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/sample"
)

// shipped starts a world in which v1.36.0 is out, and v1.36.1 with its notes on master only, as upstream
// has them.
func shipped(tb testing.TB) *fullWorld {
	tb.Helper()
	w := at(tb, "2026-05-01", 0)
	table, err := facts.Load()
	if err != nil {
		tb.Fatal(err)
	}
	code, last := w.repositories[0], sample.Step{}
	for _, s := range code.steps {
		if s.Branch == "" && !s.Time.Before(last.Time) {
			last = s
		}
	}
	for _, tag := range []string{"v1.36.0", "v1.36.1"} {
		var out []sample.Published
		for _, r := range sample.Releases() {
			if out = append(out, r); r.Tag == tag {
				break
			}
		}
		notes, err := sample.Changelogs(table, out)
		if err != nil {
			tb.Fatal(err)
		}
		last.Time = last.Time.Add(time.Hour)
		code.steps = append(code.steps, sample.Step{Message: tag, Time: last.Time, Tags: []string{tag}, Files: map[string][]byte{"VERSION": []byte(tag)}})
		last.Time = last.Time.Add(time.Hour)
		code.steps = append(code.steps, sample.Step{Message: "Notes of " + tag, Time: last.Time, Files: notes})
	}
	w.bring(code, len(code.steps))
	return w
}

// words is output as one line, however it is wrapped.
func words(s string) string { return strings.Join(strings.Fields(s), " ") }

// passed are the releases that a diff tells of, as JSON, with the number of their notes.
func passed(tb testing.TB, stdout string) (tags []string, changes map[string]map[string]any) {
	tb.Helper()
	var doc struct {
		Changes []struct {
			Source, ID string
			Kinds      []string
			After      map[string]any
		}
	}
	if err := json.Unmarshal([]byte(stdout), &doc); err != nil {
		tb.Fatal(err)
	}
	changes = map[string]map[string]any{}
	for _, c := range doc.Changes {
		if c.Source == "releases" {
			if !slices.Equal(c.Kinds, []string{"release.published"}) {
				tb.Errorf("%s is %v", c.ID, c.Kinds)
			}
			tags, changes[c.ID] = append(tags, c.ID), c.After
		}
	}
	slices.Sort(tags)
	return tags, changes
}

// TestDiffTellsTheNotesOnTheWay: those of the releases that a user passes, with the gates that they name, for two
// requests more.
func TestDiffTellsTheNotesOnTheWay(t *testing.T) {
	w := shipped(t)
	for _, tt := range []struct{ from, to, want string }{
		{"v1.35.0", "v1.36.0", "v1.36.0"},
		{"v1.34.2", "v1.36.1", "v1.35.0 v1.36.0 v1.36.1"},
		{"v1.34.0", "v1.36.0", "v1.35.0 v1.36.0"},
		{"v1.34.1", "v1.34.3", "v1.34.2 v1.34.3"},
		{"v1.36.0-alpha.1", "v1.36.0-rc.0", "v1.36.0-alpha.2 v1.36.0-beta.0 v1.36.0-rc.0"},
		{"v1.36.0-rc.0", "v1.36.0", "v1.36.0"},
		{"v1.36.0", "v1.35.0", ""},
	} {
		r := w.ok("diff", tt.from, tt.to, "--format", "json")
		if tags, _ := passed(t, r.stdout); strings.Join(tags, " ") != tt.want {
			t.Errorf("%s to %s: %v, want %s", tt.from, tt.to, tags, tt.want)
		}
	}
	r := w.ok("diff", "v1.35.0", "v1.36.0", "--format", "json")
	_, all := passed(t, r.stdout)
	if final := all["v1.36.0"]; final["published"] != "" || final["notes_state"] != "read" || len(final["notes"].([]any)) != 91 || final["notes_before"] != 0.0 {
		t.Errorf("v1.36.0 has %d notes to tell: %v", len(final["notes"].([]any)), final)
	}
	_, all = passed(t, w.ok("diff", "v1.36.0-alpha.2", "v1.36.0", "--format", "json").stdout)
	if before := all["v1.36.0"]["notes_before"].(float64); before < 30 || before > 70 {
		t.Errorf("from a pre-release, %v notes of the final are said to have stood there", before)
	}
	text := words(w.ok("diff", "v1.35.0", "v1.36.0").stdout)
	for _, want := range []string{"v1.36.0: New minor release. 91 notes: ", "Note of v1.36.0: Removed the ", "Its release note asks for action.", "Release notes read: v1.36.0: 91 notes"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for _, not := range []string{"alpha.1", "0001", "not asked for"} {
		if strings.Contains(text, not) {
			t.Errorf("%q stands in\n%s", not, text)
		}
	}
	with := w.ok("diff", "v1.35.0", "v1.36.0").api
	w.threeSources("upstreams:\n  - preset: kubernetes\n    sources: {releases: {enabled: false}}\n")
	without := w.ok("diff", "v1.35.0", "v1.36.0")
	if with-without.api > 2 {
		t.Errorf("the notes cost %d requests", with-without.api)
	}
	if !strings.Contains(words(without.stdout), "Kubernetes: releases skipped (the configuration names no release notes of it).") {
		t.Errorf("nobody says that there are no notes:\n%s", without.stdout)
	}
}

// TestDiffOfBranchesAndCommits: they stand for what their own changelogs tell of.
func TestDiffOfBranchesAndCommits(t *testing.T) {
	w := at(t, "2026-05-01", 0) // v1.36 is in the making
	tags, _ := passed(t, w.ok("diff", "v1.35.0", "HEAD", "--format", "json").stdout)
	if got := strings.Join(tags, " "); got != "v1.36.0-alpha.1 v1.36.0-alpha.2 v1.36.0-beta.0 v1.36.0-rc.0 v1.36.0-rc.1" {
		t.Errorf("up to master: %s", got)
	}
	last := w.repositories[0].steps[w.repositories[0].made-1]
	w.push("kubernetes/kubernetes", map[string][]byte{"CHANGELOG/CHANGELOG-1.36.md": append([]byte("# v1.36.0-rc.2\n\n## Changes by Kind\n\n### Feature\n\n- Told last. ([#999](https://github.com/kubernetes/kubernetes/pull/999), [@x](https://github.com/x)) [SIG Node]\n\n"), last.Files["CHANGELOG/CHANGELOG-1.36.md"]...)})
	before, err := exec.Command("git", "-C", w.git, "rev-parse", "HEAD~1").Output()
	if err != nil {
		t.Fatal(err)
	}
	if tags, _ := passed(t, w.ok("diff", "v1.35.0", strings.TrimSpace(string(before)), "--format", "json").stdout); slices.Contains(tags, "v1.36.0-rc.2") || len(tags) != 5 {
		t.Errorf("up to the commit before: %v", tags)
	}
	r := w.ok("diff", strings.TrimSpace(string(before)), "HEAD", "--format", "json")
	if tags, _ := passed(t, r.stdout); strings.Join(tags, " ") != "v1.36.0-rc.2" {
		t.Errorf("since the commit before: %v", tags)
	}
}

// TestDiffFollowsAProposal: a gate that is gone leads to the one that its proposal names now.
func TestDiffFollowsAProposal(t *testing.T) {
	w := at(t, "2025-12-10", 0)
	file := "keps/sig-api-machinery/4222-cbor-serializer/kep.yaml"
	names := func(day, gate string) sample.Step {
		text := "title: CBOR\nkep-number: 4222\nowning-sig: sig-api-machinery\nstatus: implementable\nstage: alpha\nfeature-gates:\n  - name: " + gate + "\n"
		return sample.Step{Message: gate, Time: date(t, day), Files: map[string][]byte{file: []byte(text)}}
	}
	keps := w.repositories[1]
	// Two gates of which the facts know that the one went and the other came in v1.36.
	keps.steps = append(slices.Clone(keps.steps[:keps.made]), names("2025-12-12", "inTreePluginPortworxUnregister"), names("2026-02-01", "PLEGOnDemandRelist"))
	w.advance("2026-05-01")
	r := w.ok("diff", "v1.35.0", "HEAD")
	for _, want := range []string{"KEP-4222 names PLEGOnDemandRelist instead now.", "KEP-4222 named inTreePluginPortworxUnregister before.", "https://kep.k8s.io/4222 (likely)"} {
		if text := words(r.stdout); strings.Count(text, want) != 1 {
			t.Errorf("%d times %q in\n%s", strings.Count(text, want), want, r.stdout)
		}
	}
	if strings.Contains(r.stdout, "Renamed") {
		t.Error("nobody knows of a renaming")
	}
}

// TestDiffWithoutNotes: what is not there is said, and what can't be read fails alone.
func TestDiffWithoutNotes(t *testing.T) {
	w := shipped(t)
	whole := w.ok("diff", "v1.35.0", "v1.36.0").api
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Status: 500, Path: "/graphql", Skip: whole - 2 - 2, Times: -1}) // two of them are trees
	r := w.run("diff", "v1.35.0", "v1.36.0")
	if text := words(r.stdout); r.code != exitSource || !strings.Contains(text, "Kubernetes: releases could not be read.") || !strings.Contains(text, "REMOVED: a component that still sets one") || !strings.Contains(r.stderr, "releases could not be read") {
		t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	w.gh.ClearFaults()
	w.push("kubernetes/kubernetes", map[string][]byte{"CHANGELOG/CHANGELOG-1.36.md": nil})
	r = w.ok("diff", "v1.34.0", "v1.36.0")
	if text := words(r.stdout); !strings.Contains(text, "Kubernetes: releases are not complete (there is no CHANGELOG/CHANGELOG-1.36.md") || !strings.Contains(text, "v1.35.0: New minor release.") {
		t.Errorf("half of the notes:\n%s", r.stdout)
	}
	r = w.ok("diff", "v1.35.0", "v1.36.0")
	if text := words(r.stdout); !strings.Contains(text, "Kubernetes: releases skipped (there is no CHANGELOG/CHANGELOG-1.36.md).") {
		t.Errorf("no notes:\n%s", r.stdout)
	}
}

// TestDiffOfAReleaseOfToday: upstream tags first, and commits the notes later.
func TestDiffOfAReleaseOfToday(t *testing.T) {
	w := shipped(t)
	code := w.repositories[0]
	last := code.steps[code.made-1]
	code.steps = append(code.steps, sample.Step{Message: "v1.36.2", Time: last.Time.Add(time.Hour), Tags: []string{"v1.36.2"}, Files: map[string][]byte{"VERSION": []byte("v1.36.2")}})
	w.bring(code, len(code.steps))
	r := w.ok("diff", "v1.36.0", "v1.36.2")
	if text := words(r.stdout); !strings.Contains(text, "v1.36.1: Patch release. 2 notes.") || !strings.Contains(text, "releases are not complete (the notes of v1.36.2 are not written)") {
		t.Errorf("%s", r.stdout)
	}
}

// TestDiffOfMirrors needs no network at all.
func TestDiffOfMirrors(t *testing.T) {
	w := shipped(t)
	online, _ := passed(t, w.ok("diff", "v1.35.0", "v1.36.1", "--format", "json").stdout)
	text := "offline: true\nmirrors:\n"
	for _, h := range w.repositories {
		copied := filepath.Join(w.dir, "mirror", h.name)
		if err := os.CopyFS(copied, os.DirFS(h.dir)); err != nil {
			t.Fatal(err)
		}
		text += "  - {repository: " + h.name + ", path: " + copied + "}\n"
	}
	w.threeSources(text + "upstreams:\n  - preset: kubernetes\n")
	r := w.ok("diff", "v1.35.0", "v1.36.1", "--format", "json")
	if offline, _ := passed(t, r.stdout); !slices.Equal(online, offline) || len(offline) != 2 || r.api != 0 {
		t.Errorf("%v and %v, %d requests", online, offline, r.api)
	}
}

// TestBriefGainsUrgentNotes: with the flag from the upstream; without it from nowhere that costs a request.
func TestBriefGainsUrgentNotes(t *testing.T) {
	w := shipped(t)
	brief := func(want string, api int, args ...string) string {
		t.Helper()
		r := w.ok(append([]string{"brief", "--from", "1.34"}, args...)...)
		text := words(r.stdout)
		if !strings.Contains(text, want) || r.api != api || r.stderr != "" && !strings.Contains(r.stderr, "the mirror of") {
			t.Errorf("%v: %d requests, no %q in\n%.3000s\n%s", args, r.api, want, r.stdout, r.stderr)
		}
		return text
	}
	offline := brief("The urgent release notes are not in here: add --notes to read them from kubernetes/kubernetes.", 0, "--to", "1.36")
	if strings.Contains(offline, "BEFORE YOU UPGRADE") {
		t.Error("notes out of nowhere")
	}
	text := brief("Release notes of v1.35.0, v1.36.0 and v1.36.1: kubernetes/kubernetes at HEAD (", 2, "--to", "1.36", "--notes")
	for _, want := range []string{
		"Do what the 8 urgent release notes of v1.35.0 and v1.36.0 below ask for.",
		"BEFORE YOU UPGRADE TO V1.35.0 (3)", "BEFORE YOU UPGRADE TO V1.36.0 (5)", "Removed the WatchFromStorageWithoutResourceVersion feature gate.", "(#936085)",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%.6000s", want, text)
		}
	}
	brief("Release notes of v1.35.0 and v1.36.0: ", 2, "--to", "v1.36.0", "--notes")
	brief("Release notes of v1.35.0, v1.35.1 and v1.35.2: ", 2, "--to", "1.35", "--notes")

	w.ok("run") // the state knows what it watched
	brief("Release notes of v1.35.0 and v1.36.0: the state's snapshot of kubernetes/kubernetes at HEAD (", 0, "--to", "1.36")

	mirror := filepath.Join(w.dir, "mirror.git")
	if err := os.CopyFS(mirror, os.DirFS(w.git)); err != nil {
		t.Fatal(err)
	}
	w.threeSources("mirrors: [{repository: Kubernetes/kubernetes, path: " + mirror + "}]\nupstreams:\n  - preset: kubernetes\n")
	brief("Release notes of v1.35.0, v1.36.0 and v1.36.1: kubernetes/kubernetes at HEAD (", 0, "--to", "1.36")
}

// TestBriefWithoutNotes: what can't be had is said, and fails only whoever asked for it.
func TestBriefWithoutNotes(t *testing.T) {
	w := shipped(t)
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Status: 401, Path: "/graphql", Times: -1})
	r := w.run("brief", "--from", "1.34", "--to", "1.36", "--notes")
	if text := words(r.stdout); r.code != exitSource || !strings.Contains(text, "The urgent release notes are not in here: kubernetes: releases could not be read: ") || !strings.Contains(text, "22 gates are gone") || !strings.Contains(r.stderr, "releases could not be read") {
		t.Errorf("exit code %d\n%.2500s\n%s", r.code, r.stdout, r.stderr)
	}
	w.gh.ClearFaults()
	w.threeSources("upstreams:\n  - preset: kubernetes\n    sources: {releases: {enabled: false}}\n")
	if r := w.ok("brief", "--from", "1.34", "--to", "1.36", "--notes"); !strings.Contains(words(r.stdout), "not in here: the configuration names no release notes of it.") {
		t.Errorf("%.2500s", r.stdout)
	}
	w.wholeConfig("upstreams: [\n")
	if r := w.ok("brief", "--from", "1.34", "--to", "1.36"); !strings.Contains(words(r.stdout), "The urgent release notes are not in here: ") {
		t.Errorf("%.2500s", r.stdout)
	}
	if r := w.run("brief", "--from", "1.34", "--to", "1.36", "--notes"); r.code != exitUsage {
		t.Errorf("exit code %d", r.code)
	}
	w.threeSources("upstreams:\n  - preset: kubernetes\n")
	w.push("kubernetes/kubernetes", map[string][]byte{"CHANGELOG/CHANGELOG-1.35.md": nil})
	if r := w.ok("brief", "--from", "1.34", "--to", "1.36", "--notes"); !strings.Contains(words(r.stdout), "Not all urgent release notes are in here: there is no CHANGELOG/CHANGELOG-1.35.md; the notes of v1.35.0 are not written.") {
		t.Errorf("%.2500s", r.stdout)
	}
}
