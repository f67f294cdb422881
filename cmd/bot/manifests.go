package main

import (
	"context"
	"fmt"

	"github.com/upstream-digest/bot/internal/diff"
)

// maxManifestNotes is how many troubles with the reader's files a digest tells.
const maxManifestNotes = 5

// yours is what the reader's own files say: the gates they set, and what could not be read.
type yours struct {
	Settings []diff.WatchedSetting `json:"settings"`
	Notes    []string              `json:"notes"`
}

// manifests reads watch.manifests. Trouble with a file ends no run: it is told in the digest, for else a
// gate of the reader's would be told as if it were nobody's.
func (a *app) manifests(ctx context.Context, names []string) (yours, error) {
	var y yours
	omitted := 0
	note := func(format string, args ...any) {
		if len(y.Notes) == maxManifestNotes {
			omitted++
			return
		}
		y.Notes = append(y.Notes, "watch.manifests: "+fmt.Sprintf(format, args...))
	}
	for _, name := range names {
		found, err := a.settings(ctx, []string{name})
		if ctx.Err() != nil {
			return y, ctx.Err()
		}
		if err != nil {
			note("%v; what it sets is not marked as yours", err)
			continue
		}
		for _, s := range found.settings {
			where := fmt.Sprintf("%s:%d", s.File, s.Line)
			if s.Component != "" {
				where += " (" + s.Component + ")"
			}
			y.Settings = append(y.Settings, diff.WatchedSetting{Gate: s.Gate, Program: s.Component, Where: where})
		}
		for _, p := range found.problems {
			note("%s:%d: %s", p.File, p.Line, p.Message)
		}
	}
	if omitted > 0 {
		y.Notes = append(y.Notes, fmt.Sprintf("watch.manifests: %d more; bot check names them all", omitted))
	}
	return y, nil
}

// mark makes what the reader's files set the reader's: of the files as they are now, or as they were read.
func (a *app) mark(ctx context.Context, w *world, y *yours) error {
	if y == nil {
		now, err := a.manifests(ctx, w.cfg.Watch.Manifests)
		if err != nil {
			return err
		}
		y = &now
	}
	w.runner.Watch.Settings = y.Settings
	for _, n := range y.Notes {
		fmt.Fprintln(a.env.stderr, "bot: warning: "+n)
		w.runner.Notices = append(w.runner.Notices, n)
	}
	return nil
}
