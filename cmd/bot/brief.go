package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/upstream-digest/bot/internal/report"
)

// briefFlags are the flags of bot brief.
type briefFlags struct {
	from, to, format, output string
	notes                    bool
}

var briefFormats = []string{"text", "markdown", "json", "html"}

func (a *app) briefCommand() *cobra.Command {
	var f briefFlags
	c := &cobra.Command{
		Use:   "brief [FILE…]",
		Short: "Say what an upgrade means for feature gates",
		Long: `Tells of an upgrade from one minor release to another which gates are gone, locked, on or
off by default now, new and on, or deprecated: each once, by what it is in the end, with
its way there and the proof. With files it begins with what they set; see bot check.

The release notes on the way that ask for action are told too, where they can be had: with
--notes from the upstream (two requests, three without a token), else from its mirror, or
from the bot's own state as far as that goes. Without these the brief says so. Of the last
minor all patch releases count, or those up to the version given (--to 1.36.2).`,
		Example: `  bot brief --from 1.33 --to 1.36
  bot brief --from 1.33 --to 1.36 --notes
  bot brief --from 1.33 --to 1.36 --format markdown clusters/ > upgrade.md`,
		RunE: func(c *cobra.Command, args []string) error { return a.brief(c.Context(), args, f) },
	}
	fl := c.Flags()
	fl.StringVar(&f.from, "from", "", "the `VERSION` that you come from, for example 1.33")
	fl.StringVar(&f.to, "to", "", "the `VERSION` that you go to, for example 1.36")
	fl.BoolVar(&f.notes, "notes", false, "tell the release notes that ask for action, from mirror or network")
	fl.StringVar(&f.format, "format", "text", "print as `FORMAT`: "+strings.Join(briefFormats, ", "))
	fl.StringVarP(&f.output, "output", "o", "", "print to `FILE` instead of standard output")
	return c
}

func (a *app) brief(ctx context.Context, files []string, f briefFlags) error {
	if err := checkFormat(f.format, briefFormats); err != nil {
		return err
	}
	from, to, err := versions(f.from, f.to, true)
	if err != nil {
		return err
	}
	found, err := a.settings(ctx, files)
	if err != nil {
		return err
	}
	way, err := between(from, to)
	if err != nil {
		return err
	}
	h, source, err := a.history(ctx, way...)
	if err != nil {
		return err
	}
	u, err := h.Upgrade(from, to)
	if err != nil {
		return err
	}
	b := report.Brief{Upgrade: u, Source: source, Mine: found.judge(h, from, to), Problems: found.problems, Files: found.files}
	var failure error
	if b.Notes, failure = a.notesOnTheWay(ctx, f); ctx.Err() != nil {
		return failure
	}
	text, err := a.renderBrief(b, f.format, f.output)
	if err != nil {
		return err
	}
	if err := a.write(f.output, text); err != nil {
		return err
	}
	if failure != nil {
		return failure
	}
	c := report.Check{Problems: b.Problems}
	a.warnOfUnjudged(c)
	if c.Unread() {
		return &exitError{exitSource}
	}
	return nil
}

func (a *app) renderBrief(b report.Brief, format, output string) (string, error) {
	switch format {
	case "markdown":
		return strings.Join(report.BriefMarkdown(b, report.MarkdownOptions{Budget: 1 << 30, RedirectLinks: true}), "\n"), nil
	case "json":
		doc, err := report.BriefJSON(b)
		return string(doc), err
	case "html":
		return report.BriefHTML(b)
	}
	return report.BriefText(b, a.textOptions(output)), nil
}

// between lists the minors from one to the other, for a gate may come and go on the way.
func between(from, to string) ([]string, error) {
	major, first, _ := strings.Cut(from, ".")
	other, last, _ := strings.Cut(to, ".")
	a, err1 := strconv.Atoi(first)
	b, err2 := strconv.Atoi(last)
	if major != other || err1 != nil || err2 != nil || b-a > 100 {
		return nil, &usageError{fmt.Errorf("from %s to %s is no upgrade that can be told of", from, to)}
	}
	var out []string
	for n := a; n <= b; n++ {
		out = append(out, major+"."+strconv.Itoa(n))
	}
	return out, nil
}
