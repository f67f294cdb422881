package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/pipeline"
	"github.com/upstream-digest/bot/internal/report"
	"github.com/upstream-digest/bot/internal/snapshot"
)

func (a *app) diffCommand() *cobra.Command {
	var format, output, upstream string
	c := &cobra.Command{
		Use:   "diff FROM TO",
		Short: "Compare two tags, branches or commits of an upstream",
		Long: `Tells what changed between two refs: gates, proposals, and the releases on the way with
their notes. On the way are the first release of each minor, the patches of the last one,
and pre-releases where it goes no further. A branch or commit stands for the releases that
its own changelogs tell of.`,
		Example: `  bot diff v1.35.0 v1.36.0
  bot diff v1.36.0 master --format json |
    jq '.changes[] | select(.severity=="act") | .id'`,
		Args: usage(cobra.ExactArgs(2)),
		RunE: func(c *cobra.Command, args []string) error {
			return a.diff(c.Context(), args[0], args[1], upstream, format, output)
		},
	}
	c.Flags().StringVar(&format, "format", "text", "print as `FORMAT`: "+strings.Join(formats, ", "))
	c.Flags().StringVarP(&output, "output", "o", "", "print to `FILE` instead of standard output")
	c.Flags().StringVar(&upstream, "upstream", "", "ask of the upstream `NAME` (else the first configured)")
	return c
}

func (a *app) diff(ctx context.Context, from, to, upstream, format, output string) error {
	if err := checkFormat(format, formats); err != nil {
		return err
	}
	w, err := a.openOne(ctx, upstream)
	if err != nil {
		return err
	}
	// What has no commit can't be compared by two of them: releases are those on the way.
	base, err := w.runner.At(ctx, from, snapshot.SourceGates, snapshot.SourceProposals)
	if err != nil {
		return err
	}
	current, err := w.runner.At(ctx, to, snapshot.SourceGates, snapshot.SourceProposals)
	if err != nil {
		return err
	}
	notes := w.runner.Passed(ctx, base, current)
	if ctx.Err() != nil {
		return notes
	}
	// The web site tells of all releases at once: today's pages are compared with both.
	notes = errors.Join(notes, w.runner.PagesOf(ctx, base, current))
	if ctx.Err() != nil {
		return ctx.Err()
	}
	ups := w.runner.Between(base, current)
	var text string
	if format == "json" {
		var b []byte
		b, err = report.DiffJSON(ups[0])
		text = string(b)
	} else {
		d := report.Digest{Definition: "diff", At: a.env.now().UTC(), Upstreams: ups, Cost: w.runner.Cost()}
		text, err = a.render(d, format, true, a.textOptions(output))
	}
	if err != nil {
		return err
	}
	return errors.Join(a.write(output, text), notes)
}

// openOne opens the world of one upstream, for commands without state.
func (a *app) openOne(ctx context.Context, name string) (*world, error) {
	w, err := a.open()
	if err != nil {
		return nil, err
	}
	ups := w.runner.Upstreams
	i := 0
	if name != "" {
		if i = slices.IndexFunc(ups, func(u pipeline.Upstream) bool { return u.Name == name }); i < 0 {
			return nil, &usageError{fmt.Errorf("there is no upstream %q; bot config show lists them", name)}
		}
	}
	w.runner.Upstreams = ups[i : i+1]
	a.warnOfMirrors(ctx, w)
	return w, nil
}

// gateFlags are the flags of bot gates.
type gateFlags struct {
	at, upstream, format string
	stages, components   []string
	docs                 bool
}

var gateFormats = []string{"table", "json", "csv"}

func (a *app) gatesCommand() *cobra.Command {
	var f gateFlags
	c := &cobra.Command{
		Use:   "gates",
		Short: "List the feature gates of an upstream",
		Long: `Reads the feature gates at a tag, branch or commit: stage, default, since when, whether it
is locked, when it will probably be removed, proposal and component. On a terminal it is a
table; elsewhere a line a gate, with tabs between the values and nothing cut.`,
		Example: `  bot gates --at v1.36.0 --stage beta
  bot gates | cut -f1                     the names
  bot gates --format csv > gates.csv`,
		Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return a.gates(c.Context(), f) },
	}
	fl := c.Flags()
	fl.StringVar(&f.at, "at", "", "at `REF`, a tag, branch or commit (else at what is watched)")
	fl.StringVar(&f.upstream, "upstream", "", "ask of the upstream `NAME` (else the first configured)")
	fl.StringVar(&f.format, "format", "table", "print as `FORMAT`: "+strings.Join(gateFormats, ", "))
	fl.StringSliceVar(&f.stages, "stage", nil, "only these `STAGES`: alpha, beta, ga, deprecated")
	fl.StringSliceVar(&f.components, "component", nil, "only gates of these `COMPONENTS`")
	fl.BoolVar(&f.docs, "docs", false, "with --format json: the web site's pages too, and where they differ")
	return c
}

func (a *app) gates(ctx context.Context, f gateFlags) error {
	if err := checkFormat(f.format, gateFormats); err != nil {
		return err
	}
	known := []gate.Stage{gate.PreAlpha, gate.Alpha, gate.Beta, gate.GA, gate.Deprecated}
	for _, s := range f.stages {
		if !slices.Contains(known, gate.Stage(s)) {
			return &usageError{fmt.Errorf("--stage is one of alpha, beta, ga, deprecated, not %q", s)}
		}
	}
	if f.docs && f.format != "json" {
		return &usageError{errors.New("--docs needs --format json")}
	}
	w, err := a.openOne(ctx, f.upstream)
	if err != nil {
		return err
	}
	snap, err := w.runner.At(ctx, f.at, snapshot.SourceGates)
	if err != nil {
		return err
	}
	up := snap.Upstreams[0]
	list := report.GateList{
		Upstream: up.Name, Ref: up.Ref, SHA: up.SHA, Version: up.Version,
		BlobURL: up.WebURL + "/blob/" + up.SHA,
	}
	for _, s := range up.Sections {
		if s.Items.Gates == nil {
			continue
		}
		list.Diagnostics = s.Items.Gates.Diagnostics
		if list.Removal, err = w.removals(up, s.Items.Gates); err != nil {
			return err
		}
		for _, g := range s.Items.Gates.Gates {
			if f.keeps(g, up.Version) {
				list.Gates = append(list.Gates, g)
			}
		}
	}
	if f.docs {
		if list.Docs, err = w.docPages(ctx, up); err != nil {
			return err
		}
	}
	var text string
	switch f.format {
	case "json":
		var b []byte
		b, err = report.GatesJSON(list)
		text = string(b)
	case "csv":
		var b []byte
		b, err = report.GatesCSV(list)
		text = string(b)
	default:
		text = a.gatesText(list)
	}
	if err != nil {
		return err
	}
	if err := a.write("", text); err != nil {
		return err
	}
	if f.format != "json" { // there they are part of the document
		for _, d := range list.Diagnostics {
			fmt.Fprintln(a.env.stderr, "bot: "+report.Line(fmt.Sprintf("%s:%d: %s", d.File, d.Line, d.Message)))
		}
	}
	return nil
}

// gatesText is a table on a terminal, and lines for a program elsewhere: what is cut to fit a screen is of no use there.
func (a *app) gatesText(list report.GateList) string {
	if !a.env.out.terminal {
		return report.GatesRows(list)
	}
	return report.GatesTable(list, a.tableOptions())
}

func (f gateFlags) keeps(g gate.Gate, version string) bool {
	if len(f.stages) > 0 {
		s, ok := g.Effective(version)
		if !ok || !slices.Contains(f.stages, string(s.Stage)) {
			return false
		}
	}
	if len(f.components) == 0 {
		return true
	}
	return slices.ContainsFunc(g.Components(), func(c string) bool { return slices.Contains(f.components, c) })
}
