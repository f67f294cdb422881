package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/upstream-digest/bot/internal/sample"
)

func (a *app) demoCommand() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "demo",
		Short: "Show the whole run on an embedded upstream: no network, no token",
		Long: `Makes a small Kubernetes upstream in a temporary folder (the feature gates of v1.34,
v1.35 and v1.36 as released, with release notes, design proposals and the rest), serves
it by a stand-in for GitHub on this machine, and runs the bot against it: on the day after
v1.35.0, when v1.36.1 is out, and once more, so that you see that run find nothing new.`,
		Example: `  bot demo
  bot demo --format markdown --output digest.md
  bot demo explain CRIContainerLogRotation`,
		Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return a.demo(c.Context(), f) },
	}
	c.AddCommand(a.demoExplainCommand())
	c.Flags().BoolVar(&f.full, "full", false, "print long lists whole")
	c.Flags().StringVar(&f.format, "format", "text", "print as `FORMAT`: "+strings.Join(formats, ", "))
	c.Flags().StringVarP(&f.output, "output", "o", "", "print the digest to `FILE` instead of standard output")
	return c
}

// demo is a run in a world of its own: other addresses, another token, another state; the same code.
func (a *app) demo(ctx context.Context, f runFlags) error {
	if err := checkFormat(f.format, formats); err != nil {
		return err
	}
	say := func(format string, args ...any) { fmt.Fprintf(a.env.stderr, "bot: "+format+"\n", args...) }
	dir, err := os.MkdirTemp("", "bot-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	firstLook, day := sample.DemoMoments()
	d, err := newDemoWorld(ctx, dir, a.env.now)
	if err != nil {
		return err
	}
	defer d.close()
	started := a.env.now()
	say("made a sample of Kubernetes in a temporary folder; nothing leaves this machine")
	inner := d.app(a)
	say("the first look, on %s:", firstLook.Format("2 January 2006"))
	if err := d.until(ctx, firstLook); err != nil {
		return err
	}
	if err := d.configure(d.settings()); err != nil {
		return err
	}
	if err := inner.once(ctx, runFlags{format: "text"}, true); err != nil {
		return err
	}
	say("the look of %s, when v1.36 is out:", day.Format("2 January 2006"))
	if err := d.until(ctx, day); err != nil {
		return err
	}
	// The digest is printed as the dry run prints it, and then filed for good at the stand-in.
	f.dryRun = true
	if err := inner.once(ctx, f, false); err != nil {
		return err
	}
	if err := inner.once(ctx, runFlags{format: "text"}, true); err != nil {
		return err
	}
	say("and once more, with nothing new upstream:")
	if err := inner.once(ctx, runFlags{format: "text"}, true); err != nil {
		return err
	}
	filed := "issues"
	if len(d.issues()) == 1 {
		filed = "issue"
	}
	say("done in %s, %d %s at the stand-in; next: bot run --dry-run (the real upstream)",
		a.env.now().Sub(started).Round(10*time.Millisecond), len(d.issues()), filed)
	return nil
}

// once is one run of the demo; loud ones say what they did on standard error, and none prints twice.
func (a *app) once(ctx context.Context, f runFlags, loud bool) error {
	env := a.env
	defer func() { a.env = env }()
	if loud {
		a.env.stdout = env.stderr
	}
	w, err := a.open()
	if err != nil {
		return err
	}
	return errors.Join(a.runWorld(ctx, w, f), a.close())
}
