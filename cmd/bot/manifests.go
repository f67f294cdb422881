package main

import (
	"context"
	"fmt"

	"github.com/upstream-digest/bot/internal/diff"
	settings "github.com/upstream-digest/bot/internal/usage"
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
	n := &noter{}
	for _, name := range names {
		found, err := a.settings(ctx, []string{name})
		if ctx.Err() != nil {
			return yours{}, ctx.Err()
		}
		if err != nil {
			n.note("%v; what it sets is not marked as yours", err)
			continue
		}
		n.add(found.settings, found.problems)
	}
	return n.done(), nil
}

// noter gathers what files set, and the first troubles with them.
type noter struct {
	yours
	omitted int
}

func (n *noter) note(format string, args ...any) {
	if len(n.Notes) == maxManifestNotes {
		n.omitted++
		return
	}
	n.Notes = append(n.Notes, "watch.manifests: "+fmt.Sprintf(format, args...))
}

func (n *noter) add(set []settings.Setting, problems []settings.Problem) {
	for _, s := range set {
		where := fmt.Sprintf("%s:%d", s.File, s.Line)
		if s.Component != "" {
			where += " (" + s.Component + ")"
		}
		n.Settings = append(n.Settings, diff.WatchedSetting{Gate: s.Gate, Program: s.Component, Where: where})
	}
	for _, p := range problems {
		n.note("%s:%d: %s", p.File, p.Line, p.Message)
	}
}

func (n *noter) done() yours {
	if n.omitted > 0 {
		n.Notes = append(n.Notes, fmt.Sprintf("watch.manifests: %d more; bot check names them all", n.omitted))
	}
	return n.yours
}

// mark makes what the reader's files set the reader's: of the files as they are now, or as they were read.
func (a *app) mark(ctx context.Context, w *world, y *yours) error {
	if from := w.cfg.Watch.ManifestsRepository; from != "" && len(w.cfg.Watch.Manifests) > 0 {
		w.runner.Yours = func(ctx context.Context) ([]diff.WatchedSetting, []string) {
			return a.manifestsIn(ctx, w, from)
		}
		return nil
	}
	if y == nil {
		now, err := a.manifests(ctx, w.cfg.Watch.Manifests)
		if err != nil {
			return err
		}
		y = &now
	}
	w.runner.Watch.Settings, w.runner.Unread = y.Settings, len(y.Notes) > 0
	for _, n := range y.Notes {
		fmt.Fprintln(a.env.stderr, "bot: warning: "+n)
		w.runner.Notices = append(w.runner.Notices, n)
	}
	return nil
}

// manifestsIn reads watch.manifests in a repository. Trouble with it ends no run either.
func (a *app) manifestsIn(ctx context.Context, w *world, repository string) ([]diff.WatchedSetting, []string) {
	reader, err := w.runner.Repositories.Reader(repository)
	var y yours
	if err == nil {
		y, err = manifestsOf(ctx, reader, repository, w.cfg.Watch.Manifests)
	}
	if err != nil {
		y.Notes = []string{fmt.Sprintf("watch.manifests: %s could not be read (%v); what is set there is not marked as yours", repository, err)}
	}
	for _, n := range y.Notes {
		fmt.Fprintln(a.env.stderr, "bot: warning: "+n)
	}
	return y.Settings, y.Notes
}
