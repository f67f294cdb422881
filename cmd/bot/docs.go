package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/upstream-digest/bot/internal/config"
	"github.com/upstream-digest/bot/internal/docpage"
	"github.com/upstream-digest/bot/internal/insight"
	"github.com/upstream-digest/bot/internal/pipeline"
	"github.com/upstream-digest/bot/internal/report"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/sources"
	"github.com/upstream-digest/bot/internal/store"
)

// docs is the source of a web site's pages. Without a token they are read only where there is a mirror.
func docs(d config.DocsSource, mirrors []config.Mirror, anonymous bool) sources.Docs {
	mirrored := slices.ContainsFunc(mirrors, func(m config.Mirror) bool { return strings.EqualFold(m.Repository, d.Repository) })
	return sources.Docs{Repository: d.Repository, Path: d.Path, URL: d.URL, RemovedURL: d.RemovedURL, NoToken: anonymous && !mirrored}
}

// disagreements finds in what pages and code differ. The history of gates is made when it is first needed.
func disagreements(log *slog.Logger) func(snapshot.GateSet, snapshot.DocSet) []docpage.Disagreement {
	history := sync.OnceValue(func() *insight.History {
		h, _, err := embedded()
		if err != nil {
			log.Warn("the embedded table of gates can't be read; pages of gates that are long gone are compared with nothing", "error", err)
		}
		return h
	})
	return func(gates snapshot.GateSet, docs snapshot.DocSet) []docpage.Disagreement {
		return history().Disagreements(gates, docs)
	}
}

// docPages reads the pages of the one upstream that is open, as they are now.
func (w *world) docPages(ctx context.Context, up snapshot.Upstream) (*report.DocList, error) {
	sec, has, err := w.runner.Pages(ctx, w.runner.Upstreams[0])
	failed := func(err error) error {
		return &pipeline.SourceError{All: true, Err: err, Failed: []store.FailedSource{{Upstream: up.Name, Source: snapshot.SourceDocs, Reason: report.Line(err.Error())}}}
	}
	switch {
	case !has:
		return nil, &usageError{fmt.Errorf("--docs: the upstream %s has no pages; set sources.docs.enabled in the configuration", up.Name)}
	case err != nil:
		return nil, failed(err)
	case sec.Items.Docs == nil:
		return nil, failed(errors.New("left out: " + sec.Reason))
	}
	list := &report.DocList{Repository: sec.Repository, SHA: sec.SHA, Set: *sec.Items.Docs}
	if gates, ok := up.Section(snapshot.SourceGates); ok && gates.Items.Gates != nil {
		list.Disagreements = w.runner.Disagreements(*gates.Items.Gates, list.Set)
	}
	return list, nil
}
