package report

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/changelog"
	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// notedBrief passes three releases, of which two ask for something.
func notedBrief(t *testing.T) Brief {
	t.Helper()
	note := func(text string, action bool, prs ...int) snapshot.Note {
		return snapshot.Note{Note: changelog.Note{Text: text, ActionRequired: action, PRs: prs, SIGs: []string{"node"}}, First: "1.35.0-beta.0"}
	}
	b := briefOf(t, false)
	b.Notes = BriefNotes{
		Source: "kubernetes/kubernetes at HEAD (1234567)", WebURL: "https://github.com/kubernetes/kubernetes",
		Releases: []snapshot.Release{
			{Tag: "v1.34.0", State: snapshot.NotesRead, Notes: []snapshot.Note{note("Drain nodes first.", true, 11, 12), note("A feature.", false, 13)}},
			{Tag: "v1.35.0", State: snapshot.NotesRead, Notes: []snapshot.Note{note("Nobody has to know.", false, 14)}, Advisories: []changelog.Advisory{{CVEs: []string{"CVE-2026-1"}}}},
			{Tag: "v1.36.0", State: snapshot.NotesRead, Notes: []snapshot.Note{note("Move your volumes.", true)}},
		},
	}
	return b
}

func TestBriefTellsUrgentNotes(t *testing.T) {
	b := notedBrief(t)
	md := strings.ReplaceAll(BriefMarkdown(b, MarkdownOptions{})[0], "\u200b", "") // nobody is pinged
	text := BriefText(b, TextOptions{Width: 80})
	for _, want := range []string{
		"- Do what the 2 urgent release notes of v1.34.0 and v1.36.0 below ask for.",
		"## Before you upgrade to v1.34.0 (1)\n\n- Drain nodes first. ([#11](https://github.com/kubernetes/kubernetes/pull/11), [#12](https://github.com/kubernetes/kubernetes/pull/12))",
		"## Before you upgrade to v1.36.0 (1)\n\n- Move your volumes.\n",
		"Release notes of v1.34.0, v1.35.0 and v1.36.0: kubernetes/kubernetes at HEAD (`1234567`).",
	} {
		if !strings.Contains(md, want) {
			t.Errorf("no %q in\n%s…%s", want, md[:2000], md[len(md)-1000:])
		}
	}
	if gone, notes, on := strings.Index(text, "GONE: "), strings.Index(text, "BEFORE YOU UPGRADE TO V1.34.0 (1)"), strings.Index(text, "NOW ON BY DEFAULT"); gone < 0 || notes < gone || on < notes {
		t.Errorf("the notes stand at %d, between %d and %d", notes, gone, on)
	}
	for _, not := range []string{"A feature.", "Nobody has to know.", "CVE-2026-1", "beta.0", "v1.35.0 below", "upgrade to v1.35.0"} {
		if strings.Contains(md, not) {
			t.Errorf("%q is told", not)
		}
	}
	b.Notes.Releases = b.Notes.Releases[:1]
	if md := BriefMarkdown(b, MarkdownOptions{})[0]; !strings.Contains(md, "- Do what the urgent release note of v1.34.0 below asks for.") {
		t.Errorf("one note: %.3000s", md)
	}
	b.Notes = BriefNotes{Missing: "add --notes"}
	if md := BriefMarkdown(b, MarkdownOptions{})[0]; !strings.Contains(md, "- The urgent release notes are not in here: add --notes.") || strings.Contains(md, "Release notes of") {
		t.Errorf("none: %.3000s", md)
	}
}

func TestUrgentNotesAsJSON(t *testing.T) {
	all := schemas(t)
	doc, err := BriefJSON(notedBrief(t))
	if err != nil {
		t.Fatal(err)
	}
	valid(t, all, doc)
	var back struct {
		UrgentNotes briefNotesDocument `json:"urgent_notes"`
	}
	if err := json.Unmarshal(doc, &back); err != nil {
		t.Fatal(err)
	}
	link := "https://github.com/kubernetes/kubernetes/pull/"
	want := briefNotesDocument{
		Source: "kubernetes/kubernetes at HEAD (1234567)", Read: []string{"v1.34.0", "v1.35.0", "v1.36.0"},
		Releases: []briefReleaseDocument{
			{Tag: "v1.34.0", Notes: []briefNoteDocument{{Text: "Drain nodes first.", PRs: []int{11, 12}, Links: []string{link + "11", link + "12"}, SIGs: []string{"node"}}}},
			{Tag: "v1.36.0", Notes: []briefNoteDocument{{Text: "Move your volumes.", PRs: []int{}, Links: []string{}, SIGs: []string{"node"}}}},
		},
	}
	if d := cmp.Diff(want, back.UrgentNotes); d != "" {
		t.Error(d)
	}
}

// TestReleasesWithoutATime: of a release whose notes alone are known, the time and the page are not made up.
func TestReleasesWithoutATime(t *testing.T) {
	u := withReleases("v1.9.0", "v1.10.0", "v1.10.0-rc.1")
	text := Text(Digest{Upstreams: []Upstream{u}}, TextOptions{Width: 80})
	for _, not := range []string{"0001", "1 January"} {
		if strings.Contains(text, not) {
			t.Errorf("%q stands in\n%s", not, text)
		}
	}
	// By version, for there is no time to sort by.
	if a, b, c := strings.Index(text, "\n  v1.10.0: "), strings.Index(text, "\n  v1.10.0-rc.1: "), strings.Index(text, "\n  v1.9.0: "); a < 0 || b < a || c < b {
		t.Errorf("v1.10.0 at %d, its candidate at %d, v1.9.0 at %d:\n%s", a, b, c, text)
	}
	doc, err := DiffJSON(u)
	if err != nil {
		t.Fatal(err)
	}
	valid(t, schemas(t), doc)
	if n := strings.Count(string(doc), `"published": ""`); n != 3 {
		t.Errorf("%d releases have no time:\n%s", n, doc)
	}
}

// withReleases is an upstream of which only these releases' notes are known.
func withReleases(tags ...string) Upstream {
	u := Upstream{UpstreamResult: diff.UpstreamResult{Upstream: "kubernetes", Sections: []diff.SectionResult{{Source: snapshot.SourceReleases, Status: snapshot.Complete}}}}
	for _, tag := range tags {
		r := snapshot.Release{Tag: tag, State: snapshot.NotesRead, Prerelease: strings.Contains(tag, "-")}
		u.Changes = append(u.Changes, diff.Change{
			Source: snapshot.SourceReleases, Kinds: []diff.Kind{diff.ReleasePublished}, ID: tag, Severity: diff.Know, Release: &diff.ReleaseChange{Release: r},
		})
	}
	return u
}
