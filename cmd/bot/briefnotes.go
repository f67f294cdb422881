package main

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/upstream-digest/bot/internal/changelog"
	"github.com/upstream-digest/bot/internal/insight"
	"github.com/upstream-digest/bot/internal/report"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// notesOnTheWay are the release notes that an upgrade passes. The network is asked for them only with --notes: a
// brief of versions that the program knows must not need it. Only then is it an error that they can't be read.
func (a *app) notesOnTheWay(ctx context.Context, f briefFlags) (report.BriefNotes, error) {
	way := changelog.Way{From: exactly(f.from), To: exactly(f.to)}
	w, err := a.openOne(ctx, tracked)
	if err != nil {
		if f.notes {
			return report.BriefNotes{}, err
		}
		return report.BriefNotes{Missing: report.Line(err.Error())}, nil
	}
	u := w.runner.Upstreams[0]
	out := report.BriefNotes{WebURL: u.WebURL}
	var failure error
	if f.notes || w.cfg.Mirror(u.Repository) != "" {
		sec, err := w.runner.OnTheWay(ctx, u, way)
		switch {
		case ctx.Err() != nil:
			return out, ctx.Err()
		case err == nil && sec.Items.Releases != nil:
			out.Releases, out.Source = upwards(sec.Items.Releases.Releases), place(u.Repository, sec.Ref, sec.SHA)
			out.Missing = sec.Reason
			return out, nil
		case err == nil:
			out.Missing = sec.Reason
			return out, nil
		}
		out.Missing = report.Line(err.Error())
		if f.notes {
			failure = err
		}
	} else {
		out.Missing = "add --notes to read them from " + u.Repository
	}
	if told, ok := w.notesOfState(ctx, way); ok {
		told.WebURL = u.WebURL
		return told, failure
	}
	return out, failure
}

// notesOfState are those that the bot's own state has read, which is only as much as it watched.
func (w *world) notesOfState(ctx context.Context, way changelog.Way) (report.BriefNotes, bool) {
	snap, _, err := w.memory(ctx)
	if err != nil || snap == nil {
		return report.BriefNotes{}, false // bot doctor says what is wrong with it
	}
	for _, up := range snap.Upstreams {
		for _, s := range up.Sections {
			if up.Name != tracked || s.Items.Releases == nil {
				continue
			}
			out := report.BriefNotes{Source: "the state's snapshot of " + place(up.Repository, s.Ref, s.SHA)}
			var versions []string
			for _, r := range s.Items.Releases.Releases {
				if r.State == snapshot.NotesRead {
					versions = append(versions, strings.TrimPrefix(r.Tag, "v"))
				}
			}
			passed := way.Passed(versions)
			for _, r := range upwards(s.Items.Releases.Releases) {
				if slices.Contains(passed, strings.TrimPrefix(r.Tag, "v")) && r.State == snapshot.NotesRead {
					out.Releases = append(out.Releases, r)
				}
			}
			var without []string
			for _, m := range way.Minors() {
				if !slices.Contains(passed, m+".0") {
					without = append(without, "v"+m+".0")
				}
			}
			if len(without) > 0 {
				out.Missing = "the bot's state has not read those of " + strings.Join(without, ", ") + "; add --notes to read them from " + up.Repository
			}
			return out, len(out.Releases) > 0
		}
	}
	return report.BriefNotes{}, false
}

// upwards sorts releases as an upgrade passes them.
func upwards(list []snapshot.Release) []snapshot.Release {
	out := slices.Clone(list)
	slices.SortStableFunc(out, func(a, b snapshot.Release) int { return semver.Compare(a.Tag, b.Tag) })
	return out
}

// exact is a version that names one release: what vendors append to it is not upstream's.
var exact = regexp.MustCompile(`^v?(\d+\.\d+\.\d+(?:-(?:alpha|beta|rc)\.\d+)?)`)

// exactly is what people write for a release, as far as it says which one: "1.36.2", else "1.36".
func exactly(version string) string {
	if m := exact.FindStringSubmatch(strings.TrimSpace(version)); m != nil {
		return m[1]
	}
	return insight.Minor(version)
}
