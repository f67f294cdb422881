package pipeline

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/report"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/store"
)

// sourceAlerts says what is newly wrong with the sources of a definition: one that has been failing for so
// many runs, a watched place that is gone. It compares two snapshots, so each is told once, like a change.
// Recovered says what is right again.
func (r *Runner) sourceAlerts(d Definition, base, current *snapshot.Snapshot, past history) (alerts []report.Alert, recovered []string) {
	for _, up := range current.Upstreams {
		if len(d.Upstreams) > 0 && !slices.Contains(d.Upstreams, up.Name) {
			continue
		}
		for _, sec := range up.Sections {
			old, had := base.Upstream(up.Name).Section(sec.Source)
			switch {
			case sec.Failing && !old.Failing && r.FailingAfter > 0:
				alerts = append(alerts, failing(up, sec, past.failures(up.Name, sec.Source)+1))
			case had && old.Failing && sec.Status == snapshot.Complete:
				recovered = append(recovered, fmt.Sprintf("%s: %s can be read again. What changed while they could not is told here.", report.UpstreamWords(up.Name), report.SourceWords(sec.Source)))
			}
			if a, ok := gonePaths(up, old, sec); ok {
				alerts = append(alerts, a)
			}
		}
	}
	return alerts, recovered
}

// failing says how long a source has been failing, this run counted: a definition may be due long after it was news.
func failing(up snapshot.Upstream, sec snapshot.Section, runs int) report.Alert {
	last := "They were never read."
	if !sec.CurrentAt.IsZero() {
		last = "They were last known at " + sec.CurrentAt.UTC().Format("2006-01-02 15:04 UTC") + "."
	}
	return report.Alert{
		ID:   up.Name + "/" + sec.Source,
		What: fmt.Sprintf("%s: %s could not be read in %d runs in a row.", report.UpstreamWords(up.Name), report.SourceWords(sec.Source), runs),
		Why:  last + " " + sec.Reason,
		Next: "run bot doctor, which says what is wrong; nothing is lost meanwhile, and what changed is told when they can be read again.",
	}
}

// gonePaths tells of watched paths that were there and are gone, where gates that stood there are kept.
func gonePaths(up snapshot.Upstream, old, now snapshot.Section) (report.Alert, bool) {
	if now.Items.Gates == nil || old.Items.Gates == nil {
		return report.Alert{}, false
	}
	var paths, names []string
	for _, p := range absent(now.Watched) {
		was := slices.IndexFunc(old.Watched, func(o snapshot.Object) bool { return o.Path == p && o.OID != "" })
		kept := gatesUnder(now.Items.Gates.Gates, []string{p})
		if was < 0 || len(kept) == 0 {
			continue
		}
		paths = append(paths, p)
		for _, g := range kept {
			names = append(names, g.Name)
		}
	}
	if len(paths) == 0 {
		return report.Alert{}, false
	}
	return report.Alert{
		ID:   up.Name + "/" + now.Source + "/paths",
		What: fmt.Sprintf("%s: %s is gone.", report.UpstreamWords(up.Name), strings.Join(paths, ", ")),
		Why:  fmt.Sprintf("The gates that stood there are kept as they were, and are not told as removed: %s.", strings.Join(names, ", ")),
		Next: "if they moved, set the new path under sources.gates.packages; if upstream removed them, run once with --accept-removals gates.",
	}, true
}

// givenUp lists the digests, of all that were sent, that were given up after a time, oldest first.
func givenUp(sent []store.Delivery) []store.Delivery {
	var out []store.Delivery
	for _, d := range sent {
		if d.State == store.GivenUp && !slices.ContainsFunc(out, func(x store.Delivery) bool { return sameDigest(x.Key, d.Key) }) {
			out = append(out, d)
		}
	}
	return out
}

func sameDigest(a, b store.Key) bool {
	return a.Definition == b.Definition && a.Seq == b.Seq && a.Channel == b.Channel
}

// givenUpAlerts says which digests of other channels were given up since a channel was last told.
func givenUpAlerts(givenUp []store.Delivery, definition, channel string, since time.Time) []report.Alert {
	var out []report.Alert
	for _, d := range givenUp {
		if d.DoneAt.After(since) && (d.Key.Definition != definition || d.Key.Channel != channel) {
			out = append(out, givenUpAlert(d))
		}
	}
	return out
}

// whereTo is a delivery's channel, with its target where it has one.
func whereTo(d store.Delivery) string { return strings.TrimSuffix(d.Key.Channel+" "+d.Target, " ") }

func givenUpAlert(d store.Delivery) report.Alert {
	where := whereTo(d)
	what := fmt.Sprintf("Digest %d of %s was never delivered to %s; it was given up after %d tries.", d.Key.Seq, d.Key.Definition, where, d.Tries)
	if strings.HasPrefix(d.LastError, store.MayBeThere) {
		what = fmt.Sprintf("It is not known whether digest %d of %s arrived at %s; looking for it was given up after %d tries.", d.Key.Seq, d.Key.Definition, where, d.Tries)
	} else if begun(d) {
		what = fmt.Sprintf("Digest %d of %s did not reach all of %s; the rest was given up after %d tries.", d.Key.Seq, d.Key.Definition, where, d.Tries)
	} else if d.Key.Part > 1 { // those before it are there
		what = fmt.Sprintf("Digest %d of %s lacks what follows part %d of %d in %s; it was given up after %d tries.", d.Key.Seq, d.Key.Definition, d.Key.Part-1, d.Key.Parts, where, d.Tries)
	}
	return report.Alert{
		ID:   d.Key.String(),
		What: what,
		Why:  "The last try: " + strings.TrimPrefix(d.LastError, store.MayBeThere),
		Next: fmt.Sprintf("mend the channel, then run bot state retry %s/%d/%s.", d.Key.Definition, d.Key.Seq, d.Key.Channel),
	}
}
