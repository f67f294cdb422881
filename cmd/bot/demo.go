package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/sample"
)

func (a *app) demoCommand() *cobra.Command {
	var format, output string
	c := &cobra.Command{
		Use:   "demo",
		Short: "Show the whole run on an embedded upstream: no network, no token",
		Long: `Makes a small Kubernetes upstream in a temporary folder (the feature gates of v1.34,
v1.35 and v1.36 as released, with release notes and design proposals), serves it by a
stand-in for GitHub on this machine, and runs the bot against it: twice, so that you see
the second run find nothing new.`,
		Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return a.demo(c.Context(), format, output) },
	}
	c.AddCommand(a.demoExplainCommand())
	c.Flags().StringVar(&format, "format", "text", "how to print the digest: "+strings.Join(formats, ", "))
	c.Flags().StringVarP(&output, "output", "o", "", "print the digest to this `FILE` instead of standard output")
	return c
}

// demo is a run in a world of its own: other addresses, another token, another state; the same code.
func (a *app) demo(ctx context.Context, format, output string) error {
	if err := checkFormat(format, formats); err != nil {
		return err
	}
	say := func(format string, args ...any) { fmt.Fprintf(a.env.stderr, "bot: "+format+"\n", args...) }
	dir, err := os.MkdirTemp("", "bot-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	repository := filepath.Join(dir, "kubernetes.git")
	if err := sample.Demo(ctx, repository); err != nil {
		return err
	}
	proposals := filepath.Join(dir, "enhancements.git")
	if err := sample.DemoEnhancements(ctx, proposals); err != nil {
		return err
	}
	noteData := filepath.Join(dir, "sig-release.git")
	if err := sample.DemoNoteData(ctx, noteData); err != nil {
		return err
	}
	gh := ghtest.New(ghtest.Options{Now: a.env.now})
	gh.AddRepository(ghtest.Repository{Name: "kubernetes/sig-release", GitDir: noteData})
	gh.AddRepository(ghtest.Repository{Name: "kubernetes/kubernetes", GitDir: repository})
	gh.AddRepository(ghtest.Repository{Name: "kubernetes/enhancements", GitDir: proposals})
	for _, r := range sample.DemoReleases() {
		gh.AddRelease("kubernetes/kubernetes", ghtest.Release{
			Tag: r.Tag, Name: "Kubernetes " + r.Tag, Prerelease: r.Prerelease, Created: r.At, Published: r.At,
		})
	}
	gh.AddRepository(ghtest.Repository{Name: "acme/platform"})
	gh.AddToken(ghtest.Token{Value: "demo", Login: "bot", Access: map[string]ghtest.Access{"acme/platform": ghtest.Write}})
	if err := gh.Listen("127.0.0.1:0"); err != nil {
		return err
	}
	defer gh.Close()

	inner := &app{env: a.env, logFormat: a.logFormat, verbose: a.verbose, config: filepath.Join(dir, "config.yaml")}
	inner.env.environ = []string{
		"GITHUB_TOKEN=demo", "GITHUB_REPOSITORY=acme/platform",
		"GITHUB_API_URL=" + gh.URL(), "GITHUB_GRAPHQL_URL=" + gh.URL() + "/graphql",
		"BOT_GITHUB_RAW_URL=" + gh.URL() + "/raw", "BOT_GITHUB_WRITE_INTERVAL=0s",
		"BOT_STORE_PATH=" + filepath.Join(dir, "bot.db"),
	}
	if err := os.WriteFile(inner.config, []byte("upstreams:\n  - preset: kubernetes\n"), 0o600); err != nil {
		return err
	}
	say("made a sample of Kubernetes v1.34 to v1.36 in a temporary folder; nothing leaves this machine")
	started := a.env.now()
	// The digest is printed as the dry run prints it, and then filed for good at the stand-in.
	if err := inner.once(ctx, runFlags{dryRun: true, format: format, output: output}, false); err != nil {
		return err
	}
	if err := inner.once(ctx, runFlags{format: "text"}, true); err != nil {
		return err
	}
	say("and once more, with nothing new upstream:")
	if err := inner.once(ctx, runFlags{format: "text"}, true); err != nil {
		return err
	}
	say("done in %s, %d issue at the stand-in; next: bot run --dry-run (the real upstream)",
		a.env.now().Sub(started).Round(10*time.Millisecond), len(gh.Issues("acme/platform")))
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
