// Command renew reads the feature gates of a release from a clone or mirror of Kubernetes and puts them into
// the embedded table: make data MIRROR=/srv/mirrors/kubernetes.git RELEASE=v1.37. It takes the release's
// highest patch tag, and writes nothing when anything could not be read whole.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"golang.org/x/mod/semver"

	bot "github.com/upstream-digest/bot"
	"github.com/upstream-digest/bot/internal/config"
	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/sources"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Environ(), os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "renew:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args, environ []string, said io.Writer) error {
	flags := flag.NewFlagSet("renew", flag.ContinueOnError)
	flags.SetOutput(said)
	mirror := flags.String("mirror", "", "clone or bare mirror of kubernetes/kubernetes")
	release := flags.String("release", "", "release to put in, such as v1.37")
	file := flags.String("table", "internal/facts/gates-by-release.tsv", "the table")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *mirror == "" || semver.MajorMinor(*release) != *release || *release == "" {
		return errors.New("give -mirror, and -release as v1.37")
	}
	text, err := os.ReadFile(*file)
	if err != nil {
		return err
	}
	table, err := facts.Parse(*file, string(text))
	if err != nil {
		return err
	}
	src, err := preset()
	if err != nil {
		return err
	}
	reader := repo.NewLocal("kubernetes/kubernetes", *mirror, repo.GitOptions{Env: environ})
	tag, err := newest(ctx, reader, *release)
	if err != nil {
		return err
	}
	head, err := reader.Head(ctx, tag, src.Watches())
	if err != nil {
		return err
	}
	sec, err := src.Collect(ctx, reader, sources.CommitOf(head))
	if err != nil {
		return err
	}
	set := sec.Items.Gates
	if len(set.Unread) > 0 {
		return fmt.Errorf("%s: not read whole: %s", tag, strings.Join(set.Unread, ", "))
	}
	rows, err := facts.Of(*release, set.Gates)
	if err != nil {
		return fmt.Errorf("%s: %w", tag, err)
	}
	out, err := table.Text(*release, rows)
	if err != nil {
		return err
	}
	fmt.Fprintf(said, "renew: %d gates of %s (%.10s)\n", len(rows), tag, head.SHA)
	return os.WriteFile(*file, []byte(out), 0o644)
}

// preset is where the built-in configuration finds Kubernetes' gates.
func preset() (sources.Gates, error) {
	cfg, err := config.Load(config.Source{Data: bot.DefaultConfig()}, func(string) (string, bool) { return "", false })
	if err != nil {
		return sources.Gates{}, err
	}
	u := cfg.Upstreams[0]
	src := sources.Gates{VersionFile: u.VersionFile}
	for _, p := range u.Sources.Gates.Packages {
		src.Packages = append(src.Packages, gate.Package{Dir: p.Path, Component: p.Component, ImportPath: p.Import})
	}
	return src, nil
}

// newest is a release's highest patch tag that is no pre-release.
func newest(ctx context.Context, r repo.Reader, release string) (string, error) {
	tags, err := r.Tags(ctx)
	if err != nil {
		return "", err
	}
	best := ""
	for _, t := range tags {
		if semver.MajorMinor(t) == release && semver.Prerelease(t) == "" && semver.Compare(t, best) > 0 {
			best = t
		}
	}
	if best == "" {
		return "", fmt.Errorf("the mirror has no tag of %s; fetch it", release)
	}
	return best, nil
}
