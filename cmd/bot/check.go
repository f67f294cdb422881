package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/upstream-digest/bot/internal/config"
	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/insight"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/report"
	"github.com/upstream-digest/bot/internal/snapshot"
	settings "github.com/upstream-digest/bot/internal/usage"
)

// checkFlags are the flags of bot check.
type checkFlags struct {
	from, to, format, failOn, output string
}

var checkFormats = []string{"table", "json", "sarif", "github", "markdown"}

func (a *app) checkCommand() *cobra.Command {
	var f checkFlags
	c := &cobra.Command{
		Use:   "check FILE…",
		Short: "Say whether your configuration sets a gate that breaks at a version",
		Long: `Finds the feature gates that files set (kubelet, kube-proxy and kubeadm configuration,
manifests, unit files, kind, k3s, Talos, kOps, Cluster API, Helm values), and says what
becomes of each at a version. A FILE may be a folder, a pattern, or - for standard input.
Needs no network for the versions that the program knows; others are read from the
upstream or its mirror, as the configuration says.

Leaves with 1 when something breaks (see --fail-on), with 3 when a file that sets gates
could not be read.`,
		Example: `  bot check kubeadm.yaml /etc/kubernetes/manifests --from 1.33 --to 1.36
  kubectl -n kube-system get cm kubeadm-config -o yaml | bot check - --to 1.36
  bot check . --to 1.36 --format sarif > gates.sarif`,
		Args: usage(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error { return a.check(c.Context(), args, f) },
	}
	fl := c.Flags()
	fl.StringVar(&f.to, "to", "", "the `VERSION` that you go to, for example 1.36")
	fl.StringVar(&f.from, "from", "", "the `VERSION` that you come from: tells of defaults that change on the way")
	fl.StringVar(&f.format, "format", "table", "how to print: "+strings.Join(checkFormats, ", "))
	fl.StringVar(&f.failOn, "fail-on", "breaks", "when to leave with 1: "+report.FailOnWords())
	fl.StringVarP(&f.output, "output", "o", "", "print to this `FILE` instead of standard output")
	return c
}

func (a *app) check(ctx context.Context, files []string, f checkFlags) error {
	if err := checkFormat(f.format, checkFormats); err != nil {
		return err
	}
	failOn, err := report.ParseFailOn(f.failOn)
	if err != nil {
		return &usageError{fmt.Errorf("--fail-on: %w", err)}
	}
	from, to, err := versions(f.from, f.to, false)
	if err != nil {
		return err
	}
	found, err := a.settings(ctx, files)
	if err != nil {
		return err
	}
	h, source, err := a.history(ctx, from, to)
	if err != nil {
		return err
	}
	c := report.Check{From: from, To: to, Findings: found.judge(h, from, to), Problems: found.problems, Files: found.files, Source: source}
	text, err := a.renderCheck(c, f.format, f.output == "")
	if err != nil {
		return err
	}
	if err := a.write(f.output, text); err != nil {
		return err
	}
	switch {
	case len(c.Problems) > 0:
		return &exitError{exitSource}
	case failOn.Fails(c):
		return &exitError{exitFound}
	}
	return nil
}

func (a *app) renderCheck(c report.Check, format string, terminal bool) (string, error) {
	switch format {
	case "json":
		b, err := report.CheckJSON(c)
		return string(b), err
	case "sarif":
		b, err := report.CheckSARIF(c, version())
		return string(b), err
	case "github":
		return report.CheckGitHub(c), nil
	case "markdown":
		return strings.Join(report.CheckMarkdown(c, report.MarkdownOptions{Budget: 1 << 30, RedirectLinks: true}), "\n"), nil
	}
	return report.CheckText(c, a.textOptions(terminal)), nil
}

func (a *app) textOptions(terminal bool) report.TextOptions {
	styled := terminal && a.env.color && a.env.width > 0
	return report.TextOptions{Width: a.width(terminal), Color: styled, Hyperlinks: styled}
}

// judge says what becomes of each setting.
func (f found) judge(h *insight.History, from, to string) []report.Finding {
	known := map[insight.Query]insight.Judgement{}
	out := make([]report.Finding, 0, len(f.settings))
	for _, s := range f.settings {
		q := insight.Query{Component: s.Component, Gate: s.Gate, Value: s.Value, From: from, To: to}
		j, ok := known[q]
		if !ok {
			j = insight.Judge(h, q)
			known[q] = j
		}
		out = append(out, report.Finding{Setting: s, Judgement: j})
	}
	return out
}

// found is what files set.
type found struct {
	settings []settings.Setting
	problems []settings.Problem
	files    int
}

// versions reads --from and --to as minors. Where from is not needed it may be "".
func versions(from, to string, both bool) (string, string, error) {
	read := func(flag, s string, needed bool) (string, error) {
		if s == "" && !needed {
			return "", nil
		}
		if m := insight.Minor(s); m != "" {
			return m, nil
		}
		if s == "" {
			return "", &usageError{fmt.Errorf("--%s is missing: give a Kubernetes version, for example --%s 1.36", flag, flag)}
		}
		return "", &usageError{fmt.Errorf("--%s: %q is no Kubernetes version; write it as 1.36", flag, s)}
	}
	f, err := read("from", from, both)
	if err != nil {
		return "", "", err
	}
	t, err := read("to", to, true)
	if err != nil {
		return "", "", err
	}
	if f != "" && gate.CompareVersions(f, t) >= 0 {
		return "", "", &usageError{fmt.Errorf("--from %s is not below --to %s", f, t)}
	}
	return f, t, nil
}

// history is the table that the program carries, and what an upstream says of the versions that the table
// does not have. The words say what it is made of.
func (a *app) history(ctx context.Context, minors ...string) (*insight.History, string, error) {
	table, err := facts.Load()
	if err != nil {
		return nil, "", err
	}
	h := insight.FromTable(table)
	all := table.Releases()
	source := "embedded table " + all[0] + "–" + all[len(all)-1]
	have := map[string]bool{}
	for _, r := range h.Releases() {
		have[r] = true
	}
	var w *world
	for _, m := range minors {
		if m == "" || have[m] {
			continue
		}
		have[m] = true
		fmt.Fprintf(a.env.stderr, "bot: %s is not in the program's table (%s to %s): looking for it upstream\n", m, all[0], all[len(all)-1])
		if w == nil {
			if w, err = a.openOne(ctx, "kubernetes"); err != nil {
				return nil, "", err
			}
		}
		var words string
		if h, words, err = w.learn(ctx, h, m); err != nil {
			return nil, "", err
		}
		source += ", " + words
	}
	return h, source, nil
}

// learn reads a minor's gates from the upstream: from its first release, else from its branch, else from
// what is watched, if that has come so far.
func (w *world) learn(ctx context.Context, h *insight.History, minor string) (*insight.History, string, error) {
	var missing error
	for _, ref := range []string{"v" + minor + ".0", "release-" + minor, ""} {
		snap, err := w.runner.At(ctx, ref)
		var none *repo.NotFoundError
		if errors.As(err, &none) && ref != "" {
			missing = errors.Join(missing, err)
			continue
		}
		if err != nil {
			return nil, "", err
		}
		up := snap.Upstreams[0]
		if gate.MinorOf(up.Version) != minor {
			missing = errors.Join(missing, fmt.Errorf("%s at %s is %s", up.Repository, up.Ref, up.Version))
			continue
		}
		words := up.Repository + " at " + up.Ref + " (" + up.SHA[:min(7, len(up.SHA))] + ")"
		for _, s := range up.Sections {
			if s.Source != snapshot.SourceGates || s.Items.Gates == nil {
				continue
			}
			covered := covered(w.cfg)
			for _, d := range s.Items.Gates.Diagnostics {
				if d.Lost { // a gate may be there that was not read: nobody's absence says anything
					covered = nil
				}
			}
			return h.With(minor, words, covered, s.Items.Gates.Gates), words, nil
		}
		return nil, "", fmt.Errorf("%s has no feature gates", words)
	}
	return nil, "", &usageError{fmt.Errorf("the upstream has no %s yet: %w", minor, missing)}
}

// covered are the components that the configuration reads of Kubernetes.
func covered(cfg config.Config) []string {
	var out []string
	for _, u := range cfg.Upstreams {
		if u.Name == "kubernetes" && u.Sources.Gates != nil {
			for _, p := range u.Sources.Gates.Packages {
				out = append(out, p.Component)
			}
		}
	}
	return out
}
