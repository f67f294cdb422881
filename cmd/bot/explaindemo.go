package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/sample"
	"github.com/upstream-digest/bot/internal/trace"
)

func (a *app) demoExplainCommand() *cobra.Command {
	var format, output string
	c := &cobra.Command{
		Use:   "explain GATE|KEP|PR|URL|WORDS…",
		Short: "Tell the life of a feature gate from an embedded upstream",
		Long: `Makes a Kubernetes upstream in a temporary folder, with the history of its feature gates
from v1.10 to v1.36 (gates, releases, proposals and pull requests are upstream's, texts are
not), serves it by a stand-in for GitHub on this machine, and asks it as bot explain does.`,
		Example: `  bot demo explain CRIContainerLogRotation
  bot demo explain container log rotation`,
		Args: usage(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			return a.demoExplain(c.Context(), strings.Join(args, " "), format, output)
		},
	}
	c.Flags().StringVar(&format, "format", "text", "print as `FORMAT`: "+strings.Join(explainFormats, ", "))
	c.Flags().StringVarP(&output, "output", "o", "", "print to `FILE` instead of standard output")
	return c
}

// demoExplain is bot explain in a world of its own: other addresses, another token, no state; the same code.
func (a *app) demoExplain(ctx context.Context, query, format, output string) error {
	if err := checkFormat(format, explainFormats); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "bot-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	gh, err := livesUpstream(ctx, dir, a.env.now)
	if err != nil {
		return err
	}
	if err := gh.Listen("127.0.0.1:0"); err != nil {
		return err
	}
	defer gh.Close()
	inner := a.child()
	inner.config = filepath.Join(dir, "config.yaml")
	inner.env.environ = livesEnvironment(gh, dir)
	if err := os.WriteFile(inner.config, []byte("upstreams:\n  - preset: kubernetes\n"), 0o600); err != nil {
		return err
	}
	fmt.Fprintln(a.env.stderr, "bot: made a sample of Kubernetes v1.10 to v1.36 in a temporary folder; nothing leaves this machine")
	err = inner.explain(ctx, query, format, output)
	if cerr := inner.close(); err == nil {
		err = cerr
	}
	fmt.Fprintf(a.env.stderr, "bot: %d requests to the stand-in; next: bot explain %s (the real upstream)\n", gh.Count().API(), query)
	return err
}

// livesEnvironment leads the program to the stand-in. Links are those of the real host.
func livesEnvironment(gh *ghtest.Server, dir string) []string {
	return []string{
		"GITHUB_TOKEN=demo", "GITHUB_API_URL=" + gh.URL(), "GITHUB_GRAPHQL_URL=" + gh.URL() + "/graphql", "GITHUB_SERVER_URL=https://github.com",
		"BOT_GITHUB_RAW_URL=" + gh.URL() + "/raw", "BOT_STORE_PATH=" + filepath.Join(dir, "bot.db"),
	}
}

// livesUpstream is a stand-in with the repositories that bot explain reads.
func livesUpstream(ctx context.Context, dir string, now func() time.Time) (*ghtest.Server, error) {
	code, proposals, docs := filepath.Join(dir, "kubernetes.git"), filepath.Join(dir, "enhancements.git"), filepath.Join(dir, "website.git")
	pulls, err := sample.Lives(ctx, code)
	if err != nil {
		return nil, err
	}
	table, err := facts.Load()
	if err != nil {
		return nil, err
	}
	steps, err := sample.EnhancementSteps(table, sample.EnhancementOptions{})
	if err != nil {
		return nil, err
	}
	if err := sample.Repository(ctx, proposals, steps); err != nil {
		return nil, err
	}
	pages, err := sample.Pages(filepath.Dir(trace.DocsPath("X")) + "/")
	if err != nil {
		return nil, err
	}
	if err := sample.Repository(ctx, docs, []sample.Step{{Message: "Pages", Time: pulls[0].At, Files: pages}}); err != nil {
		return nil, err
	}
	gh := ghtest.New(ghtest.Options{Now: now})
	gh.AddRepository(ghtest.Repository{Name: "kubernetes/kubernetes", GitDir: code})
	gh.AddRepository(ghtest.Repository{Name: "kubernetes/enhancements", GitDir: proposals})
	gh.AddRepository(ghtest.Repository{Name: trace.DocsRepository, GitDir: docs})
	gh.AddToken(ghtest.Token{Value: "demo", Login: "bot"})
	issues := map[int]bool{}
	for _, p := range pulls {
		at := p.At
		var closes []string
		if _, digits, ok := strings.Cut(p.Body, "Fixes #"); ok {
			digits, _, _ = strings.Cut(digits, "\n")
			if n, err := strconv.Atoi(digits); err == nil {
				if !issues[n] {
					gh.AddIssue("kubernetes/kubernetes", ghtest.Issue{Number: n, Title: "A ticket of the sample", Created: at})
					issues[n] = true
				}
				closes = []string{"#" + digits}
			}
		}
		gh.AddPullRequest("kubernetes/kubernetes", ghtest.PullRequest{
			Number: p.Number, Title: p.Title, Body: p.Body, MergeOID: p.Commit, Commits: []string{p.Commit}, Created: at, Merged: &at, Closes: closes,
		})
	}
	return gh, nil
}
