package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/upstream-digest/bot/internal/config"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/insight"
	"github.com/upstream-digest/bot/internal/report"
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
		Short: "Say whether your files set a gate that breaks at a version",
		Long: `Finds the feature gates that files set (kubelet, kube-proxy and kubeadm configuration,
manifests, unit files, kind, k3s, Talos, kOps, Cluster API, Helm values), and says what
becomes of each at a version. A FILE may be a folder, a pattern, or - for standard input.
Needs no network for the versions that the program knows; others are read from the
upstream or its mirror, as the configuration says, or else from the bot's own state.
In a job of GitHub Actions the result goes to the job's summary too.

Leaves with 1 when something breaks, with 3 when a file that sets gates
could not be read. A template is not rendered and a variable not looked up: such places
are named in a warning, and change no exit code. Check what comes of them, too:
helm template … | bot check - --to 1.36.

--fail-on takes one or more of ` + report.FailOnWords() + `.`,
		Example: `  bot check kubeadm.yaml /etc/kubernetes/manifests --from 1.33 --to 1.36
  kubectl -n kube-system get cm kubeadm-config -o yaml | bot check - --to 1.36
  bot check . --to 1.36 --format sarif > gates.sarif`,
		Args: usage(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error { return a.check(c.Context(), args, f) },
	}
	fl := c.Flags()
	fl.StringVar(&f.to, "to", "", "the `VERSION` that you go to, for example 1.36")
	fl.StringVar(&f.from, "from", "", "the `VERSION` that you come from: tells of defaults that change on the way")
	fl.StringVar(&f.format, "format", "table", "print as `FORMAT`: "+strings.Join(checkFormats, ", "))
	fl.StringVar(&f.failOn, "fail-on", "breaks", "leave with 1 at these `VERDICTS`: breaks, deprecated, any, never, or single ones")
	fl.StringVarP(&f.output, "output", "o", "", "print to `FILE` instead of standard output")
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
	text, err := a.renderCheck(c, f.format, f.output)
	if err != nil {
		return err
	}
	if err := a.write(f.output, text); err != nil {
		return err
	}
	a.summarize(c)
	a.warnOfUnjudged(c)
	switch {
	case c.Unread():
		return &exitError{exitSource}
	case failOn.Fails(c):
		return &exitError{exitFound}
	}
	return nil
}

// warnOfUnjudged names the places whose gates a template or a variable puts there, for the result may be far away.
func (a *app) warnOfUnjudged(c report.Check) {
	if s := c.Unjudged(); s != "" {
		fmt.Fprintln(a.env.stderr, "bot: warning: "+s)
	}
}

// summarize appends the check to the summary page of a job of GitHub Actions, where this runs in one. The
// result stands elsewhere already, so trouble with the page is only a warning.
func (a *app) summarize(c report.Check) {
	lookup, _ := config.Environ(a.env.environ)
	path, _ := lookup("GITHUB_STEP_SUMMARY")
	if path == "" {
		return
	}
	parts := report.CheckMarkdown(c, report.MarkdownOptions{Budget: maxSummary, RedirectLinks: true})
	text := parts[0]
	if n := len(parts) - 1; n > 0 {
		text += fmt.Sprintf("\n%d more pages of this size do not fit here; the step's output has everything.\n", n)
	}
	a.appendFor("the job's summary was", path, text+"\n")
}

func (a *app) renderCheck(c report.Check, format, output string) (string, error) {
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
	return report.CheckText(c, a.textOptions(output)), nil
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
