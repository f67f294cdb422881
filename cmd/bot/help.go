package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"github.com/spf13/cobra"

	"github.com/upstream-digest/bot/internal/insight"
)

// helpWidth is that of help pages, wherever they are read: they are laid out by hand.
const helpWidth = 80

// The groups of the commands, in the order of the page.
const (
	groupTell = "tell"
	groupAsk  = "ask"
	groupKeep = "keep"
)

// start is the page for who does not know the program.
const start = `bot reads the feature gates of Kubernetes (or of any project that registers gates the same way),
its releases, proposals, milestones, tickets and feeds, compares them with what it last told you, and
files a digest: what to act on first, with the proof and the next step.`

const environmentHelp = `
Environment:
  GITHUB_TOKEN       the token; some things can be read without one
  GITHUB_REPOSITORY  where digests are filed: owner/name
  BOT_CONFIG         the configuration file, as --config
  NO_COLOR           no colours, where --color is auto

bot COMMAND --help tells more of a command.
`

// help gives the commands their pages and their hints.
func (a *app) help(root *cobra.Command) {
	root.SetHelpFunc(func(c *cobra.Command, _ []string) { _, _ = io.WriteString(c.OutOrStdout(), helpPage(c)) })
	root.SetUsageFunc(func(c *cobra.Command) error {
		_, err := io.WriteString(c.OutOrStderr(), helpPage(c))
		return err
	})
	root.SetHelpCommand(helpCommand())
	root.PersistentFlags().BoolP("help", "h", false, "print this page")
	root.AddGroup(&cobra.Group{ID: groupTell, Title: "Tell what changed:"}, &cobra.Group{ID: groupAsk, Title: "Ask:"}, &cobra.Group{ID: groupKeep, Title: "Set up and look after:"})
	for id, names := range map[string][]string{
		groupTell: {"run", "serve", "demo"}, groupAsk: {"gates", "diff", "explain", "check", "brief"},
		groupKeep: {"config", "doctor", "state", "completion", "version", "help"},
	} {
		for _, c := range root.Commands() {
			if slices.Contains(names, c.Name()) {
				c.GroupID = id
			}
		}
	}
	root.SetHelpCommandGroupID(groupKeep)
	root.SetFlagErrorFunc(flagError)
}

func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Print the page of a command",
		Example: `  bot help
  bot help state import`,
		ValidArgsFunction: func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			of, rest, err := c.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			var out []string
			for _, sub := range of.Commands() {
				if sub.IsAvailableCommand() {
					out = append(out, sub.Name()+"\t"+sub.Short)
				}
			}
			return out, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error {
			of, rest, err := c.Root().Find(args)
			if err != nil { // the root's own check has the words for it
				return err
			}
			if len(rest) > 0 {
				return noCommand(of, rest[0])
			}
			return of.Help()
		},
	}
}

// noCommand is the error for a command that is not there, and those that may be meant.
func noCommand(of *cobra.Command, name string) error {
	hint := ""
	if near := of.SuggestionsFor(name); len(near) > 0 {
		hint = "; did you mean " + strings.Join(near, " or ") + "?"
	}
	return &usageError{fmt.Errorf("there is no command %q under %s%s; see %s --help", name, of.CommandPath(), hint, of.CommandPath())}
}

// flagError says of a flag that is not there which may be meant.
func flagError(c *cobra.Command, err error) error {
	hint := ""
	var unknown interface{ GetSpecifiedName() string }
	if errors.As(err, &unknown) {
		var names []string
		for _, f := range each(c.Flags().VisitAll) {
			if !f.Hidden {
				names = append(names, f.Name)
			}
		}
		if near := insight.Nearest(unknown.GetSpecifiedName(), names); len(near) > 0 {
			hint = "; did you mean --" + strings.Join(near, " or --") + "?"
		}
	}
	return &usageError{fmt.Errorf("%w%s; see %s --help", err, hint, c.CommandPath())}
}

// each lists what a function visits.
func each[T any](visit func(func(T))) []T {
	var out []T
	visit(func(x T) { out = append(out, x) })
	return out
}

// sections gives flags of a command a heading of their own on its page.
func sections(c *cobra.Command, title string, names ...string) {
	for _, n := range names {
		if err := c.Flags().SetAnnotation(n, flagSection, []string{title}); err != nil {
			panic(err) // there is no such flag
		}
	}
}

const flagSection = "section"

// helpPage is the page of a command.
func helpPage(c *cobra.Command) string {
	var b strings.Builder
	text := c.Long
	if text == "" {
		text = c.Short + "."
	}
	b.WriteString(fill(text, helpWidth) + "\n\nUsage:\n")
	if c.Annotations[isGroup] == "" {
		b.WriteString("  " + c.UseLine() + "\n")
	}
	if c.HasAvailableSubCommands() {
		b.WriteString("  " + c.CommandPath() + " COMMAND [flags]\n")
	}
	if c.HasAvailableSubCommands() {
		commandList(&b, c)
	}
	if c.HasExample() {
		b.WriteString("\nExamples:\n" + strings.TrimRight(c.Example, "\n") + "\n")
	}
	flagList(&b, c)
	if !c.HasParent() {
		b.WriteString(environmentHelp)
	}
	return b.String()
}

// isGroup marks a command that only holds others.
const isGroup = "group"

func commandList(b *strings.Builder, c *cobra.Command) {
	wide := 0
	for _, sub := range c.Commands() {
		wide = max(wide, len(sub.Name()))
	}
	list := func(title, id string) {
		first := true
		for _, sub := range c.Commands() {
			if !sub.IsAvailableCommand() && sub.Name() != "help" || sub.GroupID != id {
				continue
			}
			if first {
				b.WriteString("\n" + title + "\n")
				first = false
			}
			fmt.Fprintf(b, "  %-*s  %s\n", wide, sub.Name(), sub.Short)
		}
	}
	for _, g := range c.Groups() {
		list(g.Title, g.ID)
	}
	title := "Commands:"
	if len(c.Groups()) > 0 {
		title = "More:"
	}
	list(title, "")
}

// flagList writes a command's flags by their headings, and then those that all commands have.
func flagList(b *strings.Builder, c *cobra.Command) {
	write := func(title string, keep func(section string) bool) {
		set := new(cobra.Command).Flags()
		set.SortFlags = false
		for _, f := range each(c.LocalNonPersistentFlags().VisitAll) {
			if keep(strings.Join(f.Annotations[flagSection], "")) {
				set.AddFlag(f)
			}
		}
		if set.HasAvailableFlags() {
			b.WriteString("\n" + title + ":\n" + set.FlagUsagesWrapped(helpWidth))
		}
	}
	c.LocalFlags() // makes cobra gather them
	c.Flags().SortFlags = false
	write("Flags", func(s string) bool { return s == "" })
	var titles []string
	for _, f := range each(c.LocalNonPersistentFlags().VisitAll) {
		if s := strings.Join(f.Annotations[flagSection], ""); s != "" && !slices.Contains(titles, s) {
			titles = append(titles, s)
		}
	}
	for _, t := range titles {
		write(t, func(s string) bool { return s == t })
	}
	common := c.Root().PersistentFlags()
	common.SortFlags = false
	b.WriteString("\nFlags of all commands:\n" + common.FlagUsagesWrapped(helpWidth))
}

// fill breaks paragraphs to the width. Lines that are indented stay as they are.
func fill(text string, width int) string {
	var out []string
	var open string
	flush := func() {
		if open != "" {
			// The library breaks words at hyphens; flags stay whole.
			wrapped := ansi.Wordwrap(strings.ReplaceAll(open, "-", "\ue000"), width, "")
			out = append(out, strings.ReplaceAll(wrapped, "\ue000", "-"))
			open = ""
		}
	}
	for line := range strings.SplitSeq(text, "\n") {
		switch {
		case line == "" || strings.HasPrefix(line, " "):
			flush()
			out = append(out, line)
		case open == "":
			open = line
		default:
			open += " " + line
		}
	}
	flush()
	lines := strings.Split(strings.Join(out, "\n"), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
	}
	return strings.Join(lines, "\n")
}

// mergeFlags gives every command the flags of all commands now, so that each way to its help shows the same page.
func mergeFlags(c *cobra.Command) {
	_ = c.LocalFlags()
	for _, sub := range c.Commands() {
		mergeFlags(sub)
	}
}
