package report_test

import (
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/changelog"
	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/kep"
	"github.com/upstream-digest/bot/internal/report"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// told is a digest of a patch release and a final one, and of proposals.
func told(tb testing.TB) report.Digest {
	tb.Helper()
	day := time.Date(2026, 4, 22, 18, 0, 0, 0, time.UTC)
	note := func(pr int, text string, kinds ...string) snapshot.Note {
		return snapshot.Note{Note: changelog.Note{Text: text, PRs: []int{pr}, Kinds: kinds}}
	}
	urgent := note(7, "ACTION REQUIRED: widgets no longer turn by themselves; see [the proposal](https://git.k8s.io/community/contributors/design-proposals/node/widgets.md).\n\n- first\n- second")
	urgent.ActionRequired, urgent.Urgent = true, true
	first := note(8, "Widgets glow.", "feature")
	first.First = "1.37.0-alpha.1"
	before := snapshot.ReleaseSet{Releases: []snapshot.Release{{Tag: "v1.36.0", Published: day.AddDate(0, -3, 0)}}}
	fixed := note(21, "Fixed a widget that stuck. @octocat #5", "bug")
	again := note(22, "Fixed a widget that stuck. @octocat #5", "bug")
	advisory := []changelog.Advisory{{CVEs: []string{"CVE-2026-0001"}, Title: "widgets turn for strangers"}}
	after := snapshot.ReleaseSet{Releases: append([]snapshot.Release{
		{Tag: "v1.37.0", URL: "https://github.com/acme/widgets/releases/tag/v1.37.0", Published: day, State: snapshot.NotesRead, Notes: []snapshot.Note{
			urgent, first, note(9, "The API of widgets gained `turns`.", "api-change"), note(10, "Old widgets are deprecated.", "deprecation"),
		}, Skipped: []snapshot.SkipCount{{Reason: "dependency list", Count: 3}}},
		{Tag: "v1.36.1", Published: day.AddDate(0, 0, -1), State: snapshot.NotesRead, Notes: []snapshot.Note{fixed}, Advisories: advisory},
		{Tag: "v1.35.9", Published: day.AddDate(0, 0, -1), State: snapshot.NotesRead, Notes: []snapshot.Note{again}, Advisories: advisory},
		{Tag: "v1.38.0-alpha.1", Prerelease: true, Published: day, State: snapshot.NotesPending},
	}, before.Releases...)}
	keps := func(target string) *snapshot.ProposalSet {
		set := &snapshot.ProposalSet{}
		for _, n := range []string{"11", "12", "13"} {
			set.Proposals = append(set.Proposals, kep.Proposal{Path: "keps/sig-a/" + n + "-x", Number: n, Title: "Widget " + n, Status: "implementable", Stage: "beta", Target: target})
		}
		return set
	}
	snap := func(releases snapshot.ReleaseSet, target, sha string) *snapshot.Snapshot {
		return &snapshot.Snapshot{Upstreams: []snapshot.Upstream{{
			Name: "widgets", Repository: "acme/widgets", WebURL: "https://github.com/acme/widgets", SHA: sha, Version: target, Sections: []snapshot.Section{
				{Source: snapshot.SourceReleases, Status: snapshot.Complete, SHA: sha, Items: snapshot.Items{Releases: &releases}},
				{Source: snapshot.SourceProposals, Status: snapshot.Complete, Repository: "acme/proposals", SHA: sha, Items: snapshot.Items{Proposals: keps(target)}},
			},
		}}}
	}
	var d report.Digest
	for _, res := range diff.Compare(snap(before, "1.36", strings.Repeat("a", 40)), snap(after, "1.37", strings.Repeat("b", 40)), diff.Options{Watch: diff.Watch{KEPs: []string{"12"}}}) {
		d.Upstreams = append(d.Upstreams, report.Upstream{UpstreamResult: res})
	}
	return d
}

// TestReleasesAndProposals: what a reader gets of new releases and proposals, in order.
func TestReleasesAndProposals(t *testing.T) {
	md := strings.Join(report.Markdown(told(t), report.MarkdownOptions{}), "\n")
	last := -1
	for _, want := range []string{
		"3 things to act on (1 is yours), 5 to know, 1 more", // each of these stands in a section below
		"## Yours (1)", "KEP-12", "Yours because you watch KEP 12.", "Aims at beta in v1.37; before, it aimed at beta in v1.36.",
		"## Vulnerabilities mended (1)", "**`CVE-2026-0001`**: Widgets turn for strangers.", "Mended in v1.36.1, v1.35.9.",
		"## Before you upgrade to v1.37.0 (1)", "widgets no longer turn", "github.com/kubernetes/design-proposals-archive/blob/main/node/widgets.md", " • first • second", "[#\u200b7](https://github.com/acme/widgets/pull/7)",
		"## Releases (4)", "`v1.38.0-alpha.1`", "Its notes are not written yet", "`v1.37.0`", "New minor release, 22 April 2026.",
		"4 notes: 1 asks for action before you upgrade, 1 deprecation, 1 change of the API, 1 stood in the notes of an earlier pre-release.",
		"## Release notes: deprecations (1)", "## Release notes: changes of the API (1)", "Release notes: the rest</b> (1)", "Fixed a widget that stuck.", "v1.36.1, v1.35.9)",
		"## Proposals: another release (2)", "KEP-11", "KEP-13",
		"v1.37.0: 4 notes and 3 bullets that are no notes (dependency list 3); v1.36.1: 1 note",
	} {
		at := strings.Index(md, want)
		switch {
		case at < 0:
			t.Errorf("nothing says %q", want)
		case at < last:
			t.Errorf("%q stands too early", want)
		}
		last = max(last, at)
	}
	for _, wrong := range []string{"Widgets glow", "@octocat", " #5"} {
		if strings.Contains(md, wrong) {
			t.Errorf("it says %q", wrong)
		}
	}
	if t.Failed() {
		t.Log(md)
	}
}
