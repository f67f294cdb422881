// Command real runs the bot on real input (`make real`): a git repository in upstream's layout, made
// from released k8s.io modules, one commit a minor version, served by the stand-in for GitHub.
//
// It plays the releases one after the other, as a bot that runs weekly would see them: before each
// run the branch is at the next version's commit and the tag of the version before exists. Expected
// are one digest issue a release, a run without news that costs one request and files nothing, and
// the same `bot diff` through the API and from the local repository. Which gates came and went is
// counted by a line scan of its own (rows.go), not by the bot's parser.
//
// Upstream's files are downloaded at each run into the module cache and a temporary folder; none of
// them is kept. The program needs git, go and the module proxy, and leaves with 1 when an
// expectation does not hold.
//
//	go run ./test/real [-keep]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	keep := flag.Bool("keep", false, "keep the temporary folder and say where it is")
	lines := flag.Int("lines", 40, "lines to show of each issue")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := playAll(ctx, *keep, *lines)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "real:", err)
		os.Exit(1)
	}
}

func playAll(ctx context.Context, keep bool, lines int) (err error) {
	work, err := os.MkdirTemp("", "bot-real-")
	if err != nil {
		return fmt.Errorf("make a work folder: %w", err)
	}
	if keep {
		fmt.Println("work folder:", work)
	} else {
		defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	}
	for name, pkg := range map[string]string{"bot": "./cmd/bot", "ghserve": "./internal/ghtest/ghserve"} {
		if err := build(ctx, filepath.Join(work, name), pkg); err != nil {
			return err
		}
	}
	fmt.Println("building a repository from the k8s.io modules …")
	h, err := makeHistory(ctx, work, releases())
	if err != nil {
		return err
	}
	gh, err := startStandIn(ctx, filepath.Join(work, "ghserve"), work, h.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, gh.stop()) }()

	p := &play{bot: filepath.Join(work, "bot"), work: work, lines: lines, history: h, gh: gh}
	if err := p.releases(ctx); err != nil {
		return err
	}
	if err := p.quiet(ctx); err != nil {
		return err
	}
	if err := p.diff(ctx); err != nil {
		return err
	}
	return p.verdict()
}

func build(ctx context.Context, out, pkg string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", out, pkg)
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", pkg, err, text)
	}
	return nil
}
