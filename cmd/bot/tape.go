package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/url"
	"strings"

	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/pipeline"
	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/report"
	"github.com/upstream-digest/bot/internal/store"
)

// tape stands between a run and all it takes from outside: it records that, or plays it.
type tape interface {
	// wire puts it between the program and GitHub, and mirrors.
	wire(*github.Options, *repo.GitOptions)
	log(slog.Handler) slog.Handler
	// channel stands for one whose address is a secret; build makes the real one.
	channel(key string, build func() (publish.Channel, error)) (publish.Channel, error)
	// armed is called when the world is ready and the run has not begun.
	armed(context.Context, *world) error
	// ended is called with what came of the run; ctx is the run's own.
	ended(ctx context.Context, out *pipeline.Outcome, err error) error
}

// keptFlags are the flags of a run that a replay needs.
type keptFlags struct {
	DryRun         bool     `json:"dry_run"`
	Digest         string   `json:"digest"`
	Since          string   `json:"since"`
	Upstream       string   `json:"upstream"`
	Only           []string `json:"only"`
	AcceptRemovals []string `json:"accept_removals"`
	Format         string   `json:"format"`
	// Yours is what watch.manifests said: the files are not where the run is replayed.
	Yours *yours `json:"yours,omitempty"`
}

func (f runFlags) kept() keptFlags {
	return keptFlags{f.dryRun, f.digest, f.since, f.upstream, f.only, f.acceptRemovals, f.format, f.yours}
}

func (k keptFlags) flags() runFlags {
	return runFlags{dryRun: k.DryRun, digest: k.Digest, since: k.Since, upstream: k.Upstream, only: k.Only, acceptRemovals: k.AcceptRemovals, format: k.Format, yours: k.Yours}
}

// outcomeDocument is what came of a run but for its digests, in a form that two runs can be compared by.
type outcomeDocument struct {
	ExitCode int                  `json:"exit_code"`
	Errors   []string             `json:"errors"`
	Digests  []string             `json:"digests"`
	Quiet    []string             `json:"quiet"`
	NotDue   []string             `json:"not_due"`
	Notices  []string             `json:"notices"`
	Failed   []store.FailedSource `json:"failed"`
	Filed    []partDocument       `json:"filed"`
}

// partDocument is one part of a plan, or what became of it.
type partDocument struct {
	Channel string   `json:"channel"`
	Target  string   `json:"target"`
	Part    int      `json:"part"`
	Of      int      `json:"of"`
	Title   string   `json:"title,omitempty"`
	Labels  []string `json:"labels,omitempty"`
	Nonce   string   `json:"nonce"`
	Body    string   `json:"body,omitempty"`
	URL     string   `json:"url,omitempty"`
	Problem string   `json:"problem,omitempty"`
}

// results is what came of a run, by file name: what a recording keeps and a replay compares. messages is
// what went to standard error.
func (a *app) results(ctx context.Context, out *pipeline.Outcome, err error, messages string) (map[string][]byte, error) {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		ctx = context.WithoutCancel(ctx) // the run's own limit is no interruption
	}
	files := map[string][]byte{}
	doc := outcomeDocument{
		ExitCode: exitCode(ctx, err), Errors: []string{}, Digests: []string{}, Filed: []partDocument{},
		Quiet: append([]string{}, out.Quiet...), NotDue: append([]string{}, out.NotDue...),
		Notices: append([]string{}, out.Notices...), Failed: append([]store.FailedSource{}, out.Failed...),
	}
	if err != nil {
		doc.Errors = explain(err)
	}
	plans := map[string][]partDocument{}
	for i, d := range out.Digests {
		doc.Digests = append(doc.Digests, d.Definition)
		for _, format := range formats {
			// At no terminal's width, and plain.
			text, rerr := a.render(d, format, true, report.TextOptions{})
			if rerr != nil {
				return nil, rerr
			}
			files[url.PathEscape(d.Definition)+"."+extension(format)] = []byte(text)
		}
		plan := []partDocument{}
		for _, p := range out.Plans[i] {
			plan = append(plan, partDocument{Channel: p.Channel, Target: p.Target, Part: p.Number, Of: p.Of, Title: p.Title, Labels: p.Labels, Nonce: p.Nonce, Body: p.Body})
		}
		plans[d.Definition] = plan
	}
	for _, p := range out.Filed {
		doc.Filed = append(doc.Filed, partDocument{Channel: p.Channel, Target: p.Target, Part: p.Number, Of: p.Of, Title: p.Title, Nonce: p.Nonce, URL: p.ResultURL, Problem: p.Problem})
	}
	for name, v := range map[string]any{"outcome.json": doc, "plan.json": plans} {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(v); err != nil {
			return nil, err
		}
		files[name] = b.Bytes()
	}
	var said strings.Builder
	for line := range strings.Lines(messages) {
		if strings.HasPrefix(line, "bot: ") { // the rest are log lines, with the time of day
			said.WriteString(line)
		}
	}
	files["messages.txt"] = []byte(said.String())
	return files, nil
}

func extension(format string) string {
	switch format {
	case "text":
		return "txt"
	case "markdown":
		return "md"
	}
	return format
}
