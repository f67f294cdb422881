package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/pipeline"
	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/report"
)

// runFlags are the flags of bot run.
type runFlags struct {
	dryRun         bool
	digest, since  string
	upstream       string
	only           []string
	acceptRemovals []string
	format, output string
	record, replay string
	full           bool // long lists are printed whole
	show           bool // print the digests, also of a run that files them
	// yours is what watch.manifests says, where that was read already.
	yours *yours
}

func (a *app) runCommand() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run",
		Short: "Look upstream, file a digest of what changed, remember",
		Long: `Reads upstream, compares with what was last told, files one digest issue in the
target repository, and remembers. Nothing changed: no issue. The first run compares
with the highest stable release tag.`,
		Example: `  bot run --dry-run                    print digest and plan, change nothing
  bot run --dry-run --format markdown  as the issue will look
  bot run --dry-run --since v1.35.0    compare with a release
  GITHUB_TOKEN=… GITHUB_REPOSITORY=acme/platform bot run
  bot run --record report              keep a run in a folder, for a bug report
  bot run --replay report              do it again, without network or token`,
		Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return a.run(c.Context(), f, c.Flags().Changed) },
	}
	fl := c.Flags()
	fl.BoolVar(&f.dryRun, "dry-run", false, "print the digest and the plan; change nothing anywhere")
	fl.StringVar(&f.digest, "digest", "", "tell the digest `NAME` now, whatever its schedule")
	fl.StringVar(&f.since, "since", "", "compare with `REF`, a tag, branch or commit, not with what was last told")
	fl.StringVar(&f.upstream, "upstream", "", "read the upstream `NAME` only; nothing is filed")
	fl.StringSliceVar(&f.only, "only", nil, "read these `SOURCES` only; nothing is filed when it leaves one out")
	fl.StringSliceVar(&f.acceptRemovals, "accept-removals", nil, "believe a mass removal of these `SOURCES` once")
	fl.StringVar(&f.format, "format", "text", "print as `FORMAT`: "+strings.Join(formats, ", "))
	fl.BoolVar(&f.full, "full", false, "print long lists whole, also those in which nothing asks for action (format text)")
	fl.StringVarP(&f.output, "output", "o", "", "print to `FILE` instead of standard output")
	fl.StringVar(&f.record, "record", "", "keep everything the run read and did in this new `FOLDER`, without secrets")
	fl.StringVar(&f.replay, "replay", "", "do the recorded run in this `FOLDER` again and compare; sends nothing, changes nothing")
	sections(c, "What is read and told", "digest", "since", "upstream", "only", "accept-removals")
	sections(c, "How it is printed", "format", "full", "output")
	sections(c, "Recordings", "record", "replay")
	return c
}

func (a *app) run(ctx context.Context, f runFlags, given func(string) bool) error {
	if err := checkFormat(f.format, formats); err != nil {
		return err
	}
	switch {
	case f.replay != "":
		return a.replayRun(ctx, f, given)
	case f.record != "":
		return a.recordRun(ctx, f)
	}
	w, err := a.open()
	if err != nil {
		return err
	}
	return a.runWorld(ctx, w, f)
}

// runWorld is one run in a world that is open already; bot demo brings its own.
func (a *app) runWorld(ctx context.Context, w *world, f runFlags) error {
	ctx, cancel := context.WithTimeout(ctx, w.cfg.Run.Timeout)
	defer cancel()
	if err := a.prepare(ctx, w, f); err != nil {
		return err
	}
	out, cost, err := a.runIn(ctx, w, f)
	a.job.out, a.job.dryRun = out, f.dryRun
	perr := a.print(f, out, err)
	if perr == nil {
		a.status(f, out, err, cost)
	}
	err = errors.Join(err, perr)
	if a.tape != nil {
		err = errors.Join(err, a.tape.ended(ctx, out, err))
	}
	return err
}

// prepare gives a run all that it needs beside its world: the state, and what is yours.
func (a *app) prepare(ctx context.Context, w *world, f runFlags) error {
	a.live.say("reading the state")
	if f.dryRun {
		st, err := a.openToRead(ctx, w.cfg, w.client)
		if err != nil {
			return err
		}
		w.use(st)
		w.runner.Tracing.Answers = st
	} else if err := a.arm(ctx, w, f.digest); err != nil {
		return err
	}
	if a.tape != nil {
		if err := a.tape.armed(ctx, w); err != nil {
			return err
		}
	}
	a.warnOfMirrors(ctx, w)
	return a.mark(ctx, w, f.yours)
}

// runIn is one run of a world that may write, or may not, without a word of what it did.
func (a *app) runIn(ctx context.Context, w *world, f runFlags) (*pipeline.Outcome, github.Cost, error) {
	before := w.client.Cost()
	out, err := w.runner.Run(ctx, pipeline.Options{
		Digest: f.digest, Only: f.only, Upstream: f.upstream, Since: f.since, AcceptRemovals: f.acceptRemovals,
	})
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) { // err alone may tell of one request's limit
		err = fmt.Errorf("the run took longer than run.timeout (%s) and was ended; what is left is done by the next one: %w", w.cfg.Run.Timeout, err)
	}
	return out, w.client.Cost().Minus(before), err
}

// print writes the result: the digests in a dry run, else what was filed.
func (a *app) print(f runFlags, out *pipeline.Outcome, err error) error {
	var dst bytes.Buffer
	show := f.show || f.dryRun || f.output != "" || f.format != "text"
	for i, d := range out.Digests {
		if !show {
			continue
		}
		if i > 0 {
			fmt.Fprintln(&dst)
		}
		text, rerr := a.render(d, f.format, f.full, a.textOptions(f.output))
		if rerr != nil {
			return rerr
		}
		dst.WriteString(text)
	}
	for _, p := range out.Filed {
		if !show && p.ResultURL != "" && p.Type != publish.TypeEmail { // that is a Message-ID
			fmt.Fprintln(&dst, report.Line(p.ResultURL))
		}
	}
	if f.dryRun && err == nil && f.format == "text" {
		a.printPlan(&dst, out, f.output)
	}
	if err != nil && dst.Len() == 0 {
		return nil // what an earlier run left in the file is better than nothing
	}
	return a.write(f.output, dst.String())
}

func (a *app) printPlan(dst io.Writer, out *pipeline.Outcome, output string) {
	if len(out.Digests) == 0 {
		return
	}
	fmt.Fprintln(dst, "\n"+a.textOptions(output).Paint(report.Bold, "Plan (dry run: nothing was changed)"))
	n := 0
	for _, parts := range out.Plans {
		for _, p := range parts {
			n++
			switch {
			case p.Type == publish.TypeRolling && p.Number == 1 && p.Standing > 0:
				fmt.Fprintf(dst, "  %d. edit issue %d in %s, %d bytes\n", n, p.Standing, p.Target, len(p.Body))
			case publish.IsIssue(p.Type) && p.Number == 1:
				where := p.Target
				if where == "" {
					where = "(no target yet: set target.repository)"
				}
				fmt.Fprintf(dst, "  %d. file an issue in %s, %d bytes\n     %q\n", n, where, len(p.Body), report.Line(p.Title))
				if p.Standing > 0 {
					fmt.Fprintf(dst, "     and close issue %d, which was before it\n", p.Standing)
				}
			case publish.IsIssue(p.Type):
				fmt.Fprintf(dst, "  %d. comment on it, part %d of %d, %d bytes\n", n, p.Number, p.Of, len(p.Body))
			case p.Type == publish.TypeFile:
				fmt.Fprintf(dst, "  %d. write %s, %d bytes\n", n, report.Line(p.Target), len(p.Body))
			case p.Type == publish.TypeStdout:
				fmt.Fprintf(dst, "  %d. print to standard output, %d bytes\n", n, len(p.Body))
			case p.Type == publish.TypePage:
				fmt.Fprintf(dst, "  %d. keep it for the pages of bot serve, %d bytes\n", n, len(p.Body))
			case p.Number > 1:
				fmt.Fprintf(dst, "  %d. reply to it in its thread, part %d of %d, %d bytes\n", n, p.Number, p.Of, len(p.Body))
			case p.Standing > 0:
				fmt.Fprintf(dst, "  %d. edit the last message of %s in %s, %d bytes\n", n, p.Channel, report.Line(p.Target), len(p.Body))
			default:
				fmt.Fprintf(dst, "  %d. send it by %s to %s, %d bytes\n", n, p.Channel, report.Line(p.Target), len(p.Body))
			}
		}
	}
}

// status says on standard error what happened, in one line each.
func (a *app) status(f runFlags, out *pipeline.Outcome, err error, cost github.Cost) {
	say := func(format string, args ...any) { fmt.Fprintf(a.env.stderr, "bot: "+format+"\n", args...) }
	for _, n := range out.Notices {
		say("%s", n)
	}
	for _, d := range out.Quiet {
		of := ""
		if len(out.Failed) > 0 {
			of = ", of what could be read"
		}
		say("nothing to tell for digest %s%s", d, of)
	}
	for _, d := range out.NotDue {
		say("digest %s is not due yet; --digest %s tells it now", d, d)
	}
	if !f.dryRun {
		for _, p := range out.Filed {
			say("%s", deliveredWords(p))
		}
	}
	if err == nil || len(out.Digests) > 0 {
		say("%s to GitHub", plural(cost.Requests(), "request"))
	}
}

// deliveredWords say of a part that it arrived, and where it stands.
func deliveredWords(p publish.Delivery) string {
	verb, where := "filed", p.ResultURL
	switch {
	case p.Type == publish.TypePage:
		return "kept for the pages of bot serve"
	case !publish.IsMarkdown(p.Type):
		verb = "sent"
	}
	if where == "" || p.Type == publish.TypeEmail { // whose result is a Message-ID
		where = p.Target
	}
	return fmt.Sprintf("%s %s part %d of %d: %s", verb, p.Channel, p.Number, p.Of, report.Line(where))
}

// warnOfMirrors tells the age of each mirror, for a stale one tells old news.
func (a *app) warnOfMirrors(ctx context.Context, w *world) {
	set, ok := w.runner.Repositories.(*repo.Set)
	if !ok {
		return
	}
	for _, m := range set.Mirrors() {
		fetched, err := m.Fetched(ctx)
		if err != nil || fetched.IsZero() {
			continue // reading it says what is wrong
		}
		age := w.runner.Now().Sub(fetched)
		if age <= staleMirror {
			fmt.Fprintf(a.env.stderr, "bot: the mirror of %s was last fetched %s ago\n", m.Repository(), age.Round(time.Minute))
			continue
		}
		note := fmt.Sprintf("warning: the mirror of %s was last fetched %d days ago; what happened since is not told", m.Repository(), int(age.Hours()/24))
		fmt.Fprintln(a.env.stderr, "bot: "+note)
		w.runner.Notices = append(w.runner.Notices, note)
	}
}

// staleMirror is the age from which a mirror tells old news.
const staleMirror = 7 * 24 * time.Hour

var formats = []string{"text", "markdown", "json", "html", "slack"}

func checkFormat(format string, allowed []string) error {
	for _, f := range allowed {
		if f == format {
			return nil
		}
	}
	return &usageError{fmt.Errorf("--format is one of %s, not %q", strings.Join(allowed, ", "), format)}
}

// render turns a digest into text; opts count for the format text alone.
func (a *app) render(d report.Digest, format string, full bool, opts report.TextOptions) (string, error) {
	switch format {
	case "markdown":
		return strings.Join(report.Markdown(d, report.MarkdownOptions{Budget: 1 << 30, RedirectLinks: true}), "\n"), nil
	case "json":
		b, err := report.JSON(d)
		return string(b), err
	case "html":
		return report.HTML(d)
	case "slack":
		b, err := report.Slack(d, report.SlackOptions{})
		return string(b), err
	}
	opts.Fold = !full
	return report.Text(d, opts), nil
}

// write puts the result where it goes. A result that could not be written whole is an error.
func (a *app) write(path, text string) error {
	a.live.end()
	if path == "" || path == "-" {
		if _, err := io.WriteString(a.env.stdout, text); err != nil {
			return fmt.Errorf("write the result: %w", err)
		}
		return nil
	}
	file, err := os.Create(path)
	if err != nil {
		return &usageError{fmt.Errorf("--output: %w", err)}
	}
	_, err = io.WriteString(file, text)
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}
