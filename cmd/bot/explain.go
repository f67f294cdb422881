package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/upstream-digest/bot/internal/insight"
	"github.com/upstream-digest/bot/internal/kep"
	"github.com/upstream-digest/bot/internal/report"
	"github.com/upstream-digest/bot/internal/trace"
)

var explainFormats = []string{"text", "markdown", "json"}

// explained is how many gates' lives an answer about a proposal or a pull request tells; more are listed.
const explained = 3

func (a *app) explainCommand() *cobra.Command {
	var format, output string
	c := &cobra.Command{
		Use:   "explain GATE|KEP|PR|URL|WORDS…",
		Short: "Tell the life of a feature gate, with the proof",
		Long: `Tells when a gate came to each stage and by which pull requests, which proposal and
ticket are behind it, and what the release notes say. Each link says which rule found it,
where, and how sure that is: certain, likely or possible.

Gates that are gone can be asked for too. Without a network it tells what the program
itself, the state and mirrors know, and says what was not asked. With a token or a mirror
it also looks into the history of the source.`,
		Example: `  bot explain CRIContainerLogRotation
  bot explain container log rotation
  bot explain KEP-2411
  bot explain https://github.com/kubernetes/kubernetes/pull/59898`,
		Args: usage(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			return a.explain(c.Context(), strings.Join(args, " "), format, output)
		},
	}
	c.Flags().StringVar(&format, "format", "text", "print as `FORMAT`: "+strings.Join(explainFormats, ", "))
	c.Flags().StringVarP(&output, "output", "o", "", "print to `FILE` instead of standard output")
	return c
}

func (a *app) explain(ctx context.Context, query, format, output string) error {
	if err := checkFormat(format, explainFormats); err != nil {
		return err
	}
	if strings.TrimSpace(query) == "" {
		return &usageError{errors.New("there is no question: ask for a gate, a proposal (KEP-2411), a pull request, or words")}
	}
	if len(query) > 500 {
		return &usageError{errors.New("a question has at most 500 characters")}
	}
	a.live.say("looking for " + query)
	k, err := a.knowledge(ctx)
	if err != nil {
		return err
	}
	a.live.say("looking for " + query)
	e, err := k.answer(ctx, query)
	if err != nil {
		return err
	}
	var text string
	switch format {
	case "markdown":
		text = strings.Join(report.ExplainMarkdown(e, report.MarkdownOptions{Budget: 1 << 30, RedirectLinks: true}), "\n")
	case "json":
		b, err := report.ExplainJSON(e)
		if err != nil {
			return err
		}
		text = string(b)
	default:
		text = report.ExplainText(e, a.textOptions(output))
	}
	if err := a.write(output, text); err != nil {
		return err
	}
	if len(e.Hits)+len(e.List)+len(e.Proposals) == 0 {
		return &exitError{exitUsage}
	}
	return nil
}

// answer finds what is meant, and tells it.
func (k *knowledge) answer(ctx context.Context, query string) (report.Explanation, error) {
	e := report.Explanation{Query: query}
	q := trace.ParseQuery(query)
	var gates []string
	switch {
	case q.Gate != "":
		if g, ok := k.gateCalled(q.Gate); ok {
			gates = []string{g}
			break
		}
		if gates = trace.Fit(q.Gate, k.names, k.about); len(gates) == 0 {
			e.Suggestions = insight.Nearest(q.Gate, k.names)
		}
	case q.Proposal != "":
		gates = k.asked(&e, q.Proposal)
	case q.Pull != 0:
		e.Pull = true
		var err error
		if gates, err = k.ofPull(ctx, &e, q.Pull); err != nil {
			return e, err
		}
	default:
		gates = trace.Fit(q.Words, k.names, k.about)
	}
	// Words that fit several gates want a choice; the gates of one proposal or pull request belong together.
	if most := map[bool]int{true: explained, false: 1}[q.Proposal != "" || q.Pull != 0]; len(gates) > most {
		for _, g := range gates[:min(len(gates), 40)] {
			e.List = append(e.List, report.Candidate{Gate: g, Now: k.now(g)})
		}
	} else {
		for _, g := range gates {
			hit, err := k.life(ctx, g)
			if err != nil {
				return e, err
			}
			e.Hits = append(e.Hits, hit)
		}
	}
	e.Read, e.NotAsked = k.read, k.notAsked
	return e, nil
}

// gateCalled finds a gate by its name, letter case aside where no other has the same letters.
func (k *knowledge) gateCalled(name string) (string, bool) {
	if slices.Contains(k.names, name) {
		return name, true
	}
	var same []string
	for _, n := range k.names {
		if strings.EqualFold(n, name) {
			same = append(same, n)
		}
	}
	if len(same) == 1 {
		return same[0], true
	}
	return "", false
}

// about is what else is known of a gate in words: its description, and the titles of its proposals.
func (k *knowledge) about(g string) string {
	out := k.gates[g].Description
	for _, p := range k.index.Listing(g) {
		out += " " + p.Title
	}
	return out
}

// asked tells of a proposal that was asked for, and gives its gates.
func (k *knowledge) asked(e *report.Explanation, number string) []string {
	var gates []string
	put := func(g string) {
		if !slices.Contains(gates, g) {
			gates = append(gates, g)
		}
	}
	for _, p := range k.index.Number(number) {
		told := report.ExplainedProposal{Number: cmp.Or(p.Number, number), Title: p.Title, Path: p.Path, Status: p.Status, Stage: p.Stage}
		for _, g := range p.Gates {
			known, ok := k.gateCalled(g.Name)
			told.Gates = append(told.Gates, cmp.Or(known, g.Name))
			if !ok || len(k.stepsOf(known)) == 0 {
				told.Unknown = append(told.Unknown, g.Name)
				continue
			}
			put(known)
		}
		e.Proposals = append(e.Proposals, told)
	}
	for _, g := range k.names { // gates whose source names it
		if l, ok := k.history.Life(g); ok && slices.Contains(l.KEPs, number) {
			put(g)
		}
	}
	return gates
}

// ofPull finds the gates that a pull request is about, by what it says itself and what notes say of it.
func (k *knowledge) ofPull(ctx context.Context, e *report.Explanation, n int) ([]string, error) {
	var gates []string
	put := func(text string) {
		for _, g := range k.mentions(text) {
			if !slices.Contains(gates, g) {
				gates = append(gates, g)
			}
		}
	}
	for _, note := range k.notesOf(n) {
		put(note.Text)
	}
	pulls, err := k.pulls(ctx, []int{n})
	if err != nil {
		return nil, err
	}
	if p, ok := pulls[n]; ok {
		put(p.Title + "\n" + p.Body)
		for _, number := range trace.BodyProposals(p.Body) {
			if len(gates) == 0 {
				gates = k.asked(e, number)
				e.Proposals = nil
			}
		}
	}
	if len(gates) == 0 {
		lives, err := k.searchHistories(ctx, n)
		if err != nil {
			return nil, err
		}
		gates = lives
	}
	return gates, nil
}

// now is where a gate stands, in a few words.
func (k *knowledge) now(g string) string {
	steps := k.stepsOf(g)
	if len(steps) == 0 {
		return "in no release that is known"
	}
	return report.Standing(steps[len(steps)-1])
}

// stepsOf is what the releases that are known made of a gate.
func (k *knowledge) stepsOf(g string) []trace.Step {
	l, ok := k.history.Life(g)
	if !ok {
		return nil
	}
	var states []trace.State
	for _, s := range l.Steps {
		states = append(states, trace.State{Version: s.Release, Removed: s.Removed, Stage: s.Stage, Default: s.Default, Locked: s.Locked, Source: k.source})
	}
	return trace.Steps(states)
}

// proposalsOf are the proposals that list a gate, that its source names, or that once listed it under another name.
func (k *knowledge) proposalsOf(g string, keps []string) []kep.Proposal {
	out := k.index.Listing(g)
	for _, n := range keps {
		for _, p := range k.index.Number(n) {
			if !slices.ContainsFunc(out, func(o kep.Proposal) bool { return o.Path == p.Path }) {
				out = append(out, p)
			}
		}
	}
	return out
}

func failed(what string, err error) string { return fmt.Sprintf("%s (%v)", what, err) }
