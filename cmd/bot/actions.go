package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/upstream-digest/bot/internal/config"
	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/pipeline"
	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/report"
)

// maxSummary is how much GitHub takes of a step's summary: 1 MiB, of which the step may have used some.
const maxSummary = 900 << 10

// actionRun is what `bot run` tells a job of GitHub Actions that it runs in, by the files that the job names. The
// zero value: it did not come so far as to run.
type actionRun struct {
	run    bool // the command is bot run
	out    *pipeline.Outcome
	dryRun bool
}

// output is one value that later steps of the job can use.
type output struct{ name, value string }

// outputs are the values of a run, in the order of action.yml.
func (r actionRun) outputs(code int) []output {
	var issue publish.Delivery
	counts := map[diff.Severity]int{}
	changed := false
	if r.out != nil {
		changed = len(r.out.Digests) > 0
		seen := map[string]bool{} // a definition whose channels are told different things counts once
		for _, d := range r.out.Digests {
			if seen[d.Definition] {
				continue
			}
			seen[d.Definition] = true
			for _, u := range d.Upstreams {
				for _, c := range u.Changes {
					counts[c.Severity]++
				}
			}
		}
		for _, p := range r.out.Filed {
			if p.Number == 1 && p.ResultURL != "" && publish.IsIssue(p.Type) {
				issue = p
			}
		}
	}
	number := ""
	if issue.ResultID > 0 {
		number = strconv.FormatInt(issue.ResultID, 10)
	}
	return []output{
		{"changed", strconv.FormatBool(changed)},
		{"act", strconv.Itoa(counts[diff.Act])},
		{"know", strconv.Itoa(counts[diff.Know])},
		{"fyi", strconv.Itoa(counts[diff.FYI])},
		{"issue-number", number},
		{"issue-url", issue.ResultURL},
		{"exit-code", strconv.Itoa(code)},
	}
}

// summary is the run as a page of Markdown.
func (r actionRun) summary(code int, trouble []string) string {
	var b strings.Builder
	if r.out != nil {
		for i, d := range r.out.Digests {
			r.heading(&b, i)
			parts := report.Markdown(d, report.MarkdownOptions{Budget: max(maxSummary-b.Len(), report.MinBudget), RedirectLinks: true})
			b.WriteString(parts[0] + "\n")
			if n := len(parts) - 1; n > 0 {
				fmt.Fprintf(&b, "_What does not fit here would fill %s; the channels have everything._\n\n", plural(n, "more page"))
			}
			if b.Len() > maxSummary/2 && i+1 < len(r.out.Digests) {
				fmt.Fprintf(&b, "_Not shown here: %s._\n\n", plural(len(r.out.Digests)-i-1, "more digest"))
				break
			}
		}
		for _, name := range r.out.Quiet {
			of := ""
			if len(r.out.Failed) > 0 {
				of = " of what could be read"
			}
			fmt.Fprintf(&b, "**Digest %s**: nothing to tell%s.\n\n", report.Neutralise(name), of)
		}
		for _, name := range r.out.NotDue {
			fmt.Fprintf(&b, "**Digest %s**: not due yet.\n\n", report.Neutralise(name))
		}
	}
	if code != exitDone {
		fmt.Fprintf(&b, "**The run left with %d.**\n\n", code)
		for _, line := range trouble {
			fmt.Fprintf(&b, "- %s\n", report.Neutralise(report.Line(strings.TrimPrefix(line, "bot: "))))
		}
	}
	return b.String()
}

// heading says where the i-th digest went.
func (r actionRun) heading(b *strings.Builder, i int) {
	name := report.Neutralise(r.out.Digests[i].Definition)
	if r.dryRun {
		fmt.Fprintf(b, "**Digest %s**, a dry run: nothing was filed.\n\n", name)
		return
	}
	where := ""
	for _, planned := range r.out.Plans[i] {
		if planned.Number != 1 || !publish.IsIssue(planned.Type) {
			continue
		}
		where = ", not filed yet"
		for _, p := range r.out.Filed {
			if p.Nonce == planned.Nonce {
				where = fmt.Sprintf(", filed as [issue %d](%s)", p.ResultID, p.ResultURL)
			}
		}
	}
	fmt.Fprintf(b, "**Digest %s**%s.\n\n", name, where)
}

// tellJob hands the outcome of bot run to the job of GitHub Actions that it runs in; elsewhere it does nothing. The
// result stands elsewhere already, so trouble with these files is only a warning.
func (a *app) tellJob(code int, trouble []string) {
	if !a.job.run {
		return
	}
	lookup, _ := config.Environ(a.env.environ)
	if path, _ := lookup("GITHUB_OUTPUT"); path != "" {
		a.appendFor("the job's outputs were", path, outputFile(a.job.outputs(code), rand.Text))
	}
	if path, _ := lookup("GITHUB_STEP_SUMMARY"); path != "" {
		a.appendFor("the job's summary was", path, a.job.summary(code, trouble))
	}
}

// outputFile writes values as the runner reads them. Each stands between delimiters that nobody can guess, so that no
// value, whatever server or configuration it comes from, ends itself and begins another.
func outputFile(values []output, secret func() string) string {
	var b strings.Builder
	for _, v := range values {
		end := "end_" + secret()
		fmt.Fprintf(&b, "%s<<%s\n%s\n%s\n", v.name, end, report.Line(v.value), end)
	}
	return b.String()
}

// appendFor adds text to a file that the runner reads after the step.
func (a *app) appendFor(what, path, text string) {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err == nil {
		_, err = file.WriteString(text)
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		fmt.Fprintf(a.env.stderr, "bot: warning: %s not written: %s\n", what, report.Line(err.Error()))
	}
}
