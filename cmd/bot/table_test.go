package main

import (
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/upstream-digest/bot/internal/report"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/store"
)

// remembering is a state with something of everything in it.
func remembering(now time.Time) stateDocument {
	const sha = "66452049f3d692768c39c797b21b793dce80314e"
	up := upstreamDocument{Name: "kubernetes", Repository: "kubernetes/kubernetes", Ref: "HEAD", SHA: sha, Version: "1.36"}
	for _, s := range []string{"gates", "releases", "proposals", "tickets/kubernetes/enhancements", "feeds/the-kubernetes-blog-of-the-project"} {
		up.Sections = append(up.Sections, sectionDocument{Source: s, Status: snapshot.Complete, SHA: sha, CurrentAt: now.Add(-3 * time.Hour), Items: 173})
	}
	up.Sections[2].Status, up.Sections[2].Reason = snapshot.Failed, "the proposals are gone: did the layout change? "+strings.Repeat("It may be so. ", 6)
	return stateDocument{
		Path: "state/bot.db", Exists: true, Bytes: 123456, StoreForm: 3, Lock: &lockDocument{Holder: "build-machine-with-a-long-name.example.com 4711 (started 2026-03-31)", Expires: now.Add(-time.Hour), Expired: true},
		Cursors: []store.Cursor{{Definition: "weekly", Seq: 7, Snapshot: 12, ToldAt: now.Add(-72 * time.Hour)}}, Snapshots: 4, Newest: 12, Upstreams: []upstreamDocument{up},
		Deliveries: []deliveryDocument{{Key: "weekly/7/github-issue/1-of-1", State: store.GivenUp, Target: "acme/platform", OwedSince: now.Add(-48 * time.Hour), Tries: 10, LastError: "the token may not write issues"}},
		Runs:       []runDocument{{ID: 12, StartedAt: now.Add(-time.Minute), EndedAt: now, Outcome: "failed", ExitCode: 3, Requests: 9, Failed: []store.FailedSource{{Upstream: "kubernetes", Source: "proposals", Reason: "gone"}}}},
	}
}

// TestStateFitsTheScreen: no line is wider than it or breaks where it should not, colours add no word, and a program
// gets all.
func TestStateFitsTheScreen(t *testing.T) {
	now := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	see := func(opts report.TextOptions, whole bool) string {
		p := &page{opts: opts, whole: whole}
		remembering(now).write(p, now)
		return p.String()
	}
	for _, width := range []int{60, 80, 120} {
		plain, coloured := see(report.TextOptions{Width: width}, false), see(report.TextOptions{Width: width, Color: true}, false)
		if ansi.Strip(coloured) != plain || coloured == plain {
			t.Errorf("%d columns: in colour it says\n%s", width, coloured)
		}
		for line := range strings.Lines(plain) {
			if w := ansi.StringWidth(strings.TrimSuffix(line, "\n")); w > width {
				t.Errorf("%d columns: %d: %q", width, w, line)
			}
		}
	}
	narrow, whole := see(report.TextOptions{Width: 60}, false), see(report.TextOptions{Width: 80}, true)
	if !strings.Contains(narrow, "3h ago") || !strings.Contains(narrow, "…") {
		t.Errorf("at 60 columns the last column is cut and not the widest:\n%s", narrow)
	}
	if strings.Contains(whole, "…") || !strings.Contains(whole, "feeds/the-kubernetes-blog-of-the-project") || !strings.Contains(whole, "(started 2026-03-31)") {
		t.Errorf("for a program it is cut:\n%s", whole)
	}
}
