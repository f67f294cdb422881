package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// The most requests a run may make (docs/design.md, costs): reading, and publishing one issue with
// its parts beside it.
const (
	firstRead = 25
	usualRead = 10
	publish   = 3
)

// play runs the bot step by step and collects what did not hold. An error ends the play; a broken
// expectation does not, so that one run shows all of them.
type play struct {
	bot     string
	work    string
	lines   int
	history *history
	gh      *standIn

	seen   map[int]string // issue number to text as first seen
	broken []string
}

func (p *play) expect(ok bool, format string, args ...any) {
	if !ok {
		text := fmt.Sprintf(format, args...)
		p.broken = append(p.broken, text)
		fmt.Println("  FAIL:", text)
	}
}

func (p *play) verdict() error {
	if len(p.broken) == 0 {
		fmt.Println("\nall expectations hold")
		return nil
	}
	errs := []error{fmt.Errorf("%d expectations do not hold", len(p.broken))}
	for _, b := range p.broken {
		errs = append(errs, errors.New("  "+b))
	}
	return errors.Join(errs...)
}

// releases plays each release after the first: one issue each.
func (p *play) releases(ctx context.Context) error {
	p.seen = make(map[int]string)
	for n := 1; n < len(p.history.commits); n++ {
		from, to := p.history.commits[n-1], p.history.commits[n]
		fmt.Printf("\n=== run %d: branch at the commit of %s, highest tag %s\n", n, to.tag, from.tag)
		if err := p.history.step(ctx, n); err != nil {
			return err
		}
		issues, requests, err := p.run(ctx)
		if err != nil {
			return err
		}
		p.expect(len(issues) == 1, "run %d filed %d issues, want 1", n, len(issues))
		reading := usualRead
		if n == 1 {
			reading = firstRead
		}
		parts := 0
		for _, i := range issues {
			parts += 1 + len(i.Comments)
			p.show(i)
			p.tells(n, i, from, to)
		}
		p.expect(len(requests) <= reading+publish+parts, "run %d cost %d requests, want at most %d", n, len(requests), reading+publish+parts)
		if n > 1 {
			continue
		}
		// Twice the same state: nothing to tell.
		fmt.Println("--- again, nothing moved")
		if err := p.nothingNew(ctx, "the run after the first"); err != nil {
			return err
		}
	}
	return nil
}

// quiet are the runs after the last release: nothing moved, then only what is not watched. One
// request each, no issue.
func (p *play) quiet(ctx context.Context) error {
	n := len(p.history.commits)
	fmt.Printf("\n=== run %d: nothing moved\n", n)
	if err := p.nothingNew(ctx, "the quiet run"); err != nil {
		return err
	}
	fmt.Printf("\n=== run %d: the branch moved, in a file nobody watches\n", n+1)
	if err := p.history.busy(ctx, p.work); err != nil {
		return err
	}
	return p.nothingNew(ctx, "the run that saw only unwatched files move")
}

func (p *play) nothingNew(ctx context.Context, what string) error {
	issues, requests, err := p.run(ctx)
	if err != nil {
		return err
	}
	p.expect(len(issues) == 0, "%s filed %d issues, want none", what, len(issues))
	p.expect(len(requests) == 1, "%s cost %d requests, want exactly 1", what, len(requests))
	return nil
}

// run starts `bot run` and returns the issues that are new since the last run, and its requests.
func (p *play) run(ctx context.Context) ([]issue, []request, error) {
	if err := p.gh.clear(ctx); err != nil {
		return nil, nil, err
	}
	if _, err := p.start(ctx, "run"); err != nil {
		return nil, nil, err
	}
	requests, err := p.gh.requests(ctx)
	if err != nil {
		return nil, nil, err
	}
	p.showRequests(requests)
	all, err := p.gh.issues(ctx)
	if err != nil {
		return nil, nil, err
	}
	var fresh []issue
	for _, i := range all {
		before, known := p.seen[i.Number]
		if !known {
			fresh = append(fresh, i)
		}
		p.expect(!known || before == i.text(), "issue #%d, filed by an earlier run, was changed", i.Number)
		p.seen[i.Number] = i.text()
	}
	return fresh, requests, nil
}

// tells checks the issue against the line scan: each gate that came or went is in it.
func (p *play) tells(n int, i issue, from, to commit) {
	added, removed := without(to.gate, from.gate), without(from.gate, to.gate)
	text := i.text()
	for _, g := range slices.Concat(added, removed) {
		p.expect(strings.Contains(text, g), "run %d: the issue does not name %s, which came or went between %s and %s", n, g, from.tag, to.tag)
	}
	for _, c := range []commit{from, to} {
		p.expect(strings.Contains(text, c.sha), "run %d: the issue does not name the commit of %s it compared, %s", n, c.tag, c.sha)
	}
	fmt.Printf("  the line scan: %d gates added, %d removed\n", len(added), len(removed))
}

// without lists what is in a and not in b, sorted.
func without(a, b map[string]bool) []string {
	var out []string
	for name := range a {
		if !b[name] {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func (p *play) show(i issue) {
	fmt.Printf("  issue #%d %q, labels %v, %d bytes, %d comments\n", i.Number, i.Title, i.Labels, len(i.Body), len(i.Comments))
	lines := strings.Split(strings.TrimRight(i.Body, "\n"), "\n")
	for _, l := range lines[:min(len(lines), p.lines)] {
		fmt.Println("  |", l)
	}
	if rest := len(lines) - p.lines; rest > 0 {
		fmt.Printf("  | … %d lines more\n", rest)
	}
}

func (p *play) showRequests(rs []request) {
	fmt.Printf("  %d requests\n", len(rs))
	for _, r := range rs {
		fmt.Printf("    %d %s %s %s\n", r.Status, r.Kind, r.Method, r.Path)
	}
}

// start runs the bot with nothing in its environment but what a workflow would give it, in an empty
// folder, so that the embedded configuration counts. It returns the standard output.
func (p *play) start(ctx context.Context, args ...string) ([]byte, error) {
	home := filepath.Join(p.work, "home")
	if err := os.MkdirAll(home, 0o755); err != nil {
		return nil, fmt.Errorf("make a home: %w", err)
	}
	cmd := exec.CommandContext(ctx, p.bot, args...)
	cmd.Dir = home
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home,
		"GITHUB_TOKEN=" + botToken,
		"GITHUB_API_URL=" + p.gh.url, "GITHUB_GRAPHQL_URL=" + p.gh.url + "/graphql",
		"GITHUB_SERVER_URL=https://github.com", "GITHUB_REPOSITORY=" + targetRepo,
		"BOT_GITHUB_WRITE_INTERVAL=0s", "BOT_STORE_PATH=" + filepath.Join(p.work, "bot.db"),
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	p.expect(!strings.Contains(stdout.String()+stderr.String(), botToken), "bot %s printed the token", args[0])
	if err != nil {
		return nil, fmt.Errorf("bot %s: %w\n%s", strings.Join(args, " "), err, stderr.String())
	}
	for l := range strings.Lines(stderr.String()) {
		fmt.Print("  stderr: ", l)
	}
	return stdout.Bytes(), nil
}
