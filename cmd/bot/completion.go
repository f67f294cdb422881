package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/upstream-digest/bot/internal/config"
	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/report"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/store"
)

var shells = []string{"bash", "zsh", "fish", "powershell"}

func (a *app) completionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print the script by which a shell completes commands and values",
		Long: `Prints a script for bash, zsh, fish or powershell. With it the Tab key completes commands, flags and
their values: gates, releases, and what your configuration names. It asks no network.

bash needs the package bash-completion; zsh must have run compinit. Open a new shell after it.`,
		Example: `  bot completion bash > ~/.local/share/bash-completion/completions/bot
  bot completion zsh > "${fpath[1]}/_bot"
  bot completion fish > ~/.config/fish/completions/bot.fish
  bot completion powershell >> $PROFILE
  source <(bot completion bash)          for this shell alone`,
		Args:              usage(cobra.ExactArgs(1)),
		ValidArgsFunction: arguments(fixed(shells...)),
		RunE: func(c *cobra.Command, args []string) error {
			switch root := c.Root(); args[0] {
			case "bash":
				return root.GenBashCompletionV2(a.env.stdout, true)
			case "zsh":
				return root.GenZshCompletion(a.env.stdout)
			case "fish":
				return root.GenFishCompletion(a.env.stdout, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(a.env.stdout)
			}
			return &usageError{fmt.Errorf("SHELL is one of %s, not %q", strings.Join(shells, ", "), args[0])}
		},
	}
}

// candidates are what may stand in a place, each with a tab and a few words where that helps. What can't be read gives
// none: who presses Tab wants no error.
type candidates func(ctx context.Context) []string

func fixed(list ...string) candidates { return func(context.Context) []string { return list } }

// completer is what cobra asks.
type completer = func(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective)

// value completes a flag's value.
func value(of candidates) completer {
	return func(c *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return starting(of(c.Context()), typed), cobra.ShellCompDirectiveNoFileComp
	}
}

// list completes the last of values between commas.
func list(of candidates) completer {
	return func(c *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		at := strings.LastIndexByte(typed, ',') + 1
		given := strings.Split(typed[:at], ",")
		var out []string
		for _, s := range of(c.Context()) {
			if name, _, _ := strings.Cut(s, "\t"); !slices.Contains(given, name) {
				out = append(out, typed[:at]+s)
			}
		}
		return starting(out, typed), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
}

// arguments completes the arguments, each by its own.
func arguments(of ...candidates) completer {
	return func(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= len(of) {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return starting(of[len(args)](c.Context()), typed), cobra.ShellCompDirectiveNoFileComp
	}
}

// anyOf completes any number of arguments with the same candidates.
func anyOf(with candidates) completer {
	return func(c *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return starting(with(c.Context()), typed), cobra.ShellCompDirectiveNoFileComp
	}
}

// newest keeps the order of what is completed, which is that of versions and not of letters.
func newest(with completer) completer {
	return func(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		out, d := with(c, args, typed)
		return out, d | cobra.ShellCompDirectiveKeepOrder
	}
}

// nothing completes what nobody can know.
func nothing(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveNoFileComp
}

// files completes files with these endings, or any.
func files(endings ...string) completer {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		if len(endings) == 0 {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return endings, cobra.ShellCompDirectiveFilterFileExt
	}
}

func folders(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// starting are those that begin as what is typed does, letter case aside: the shells compare for themselves.
func starting(list []string, typed string) []string {
	var out []string
	for _, s := range list {
		if len(s) >= len(typed) && strings.EqualFold(s[:len(typed)], typed) {
			out = append(out, s)
		}
	}
	return out
}

// completions gives the flags of all commands what completes their values.
func (a *app) completions(root *cobra.Command) {
	formatsOf := map[string][]string{
		"run": formats, "demo": formats, "diff": formats, "gates": gateFormats, "check": checkFormats, "brief": briefFormats, "explain": explainFormats,
		"doctor": doctorFormats, "show": stateFormats, "history": stateFormats,
	}
	complete := func(c *cobra.Command, flag string, with completer) {
		if c.LocalNonPersistentFlags().Lookup(flag) != nil {
			if err := c.RegisterFlagCompletionFunc(flag, with); err != nil {
				panic(err) // it is registered twice
			}
		}
	}
	var all func(c *cobra.Command)
	all = func(c *cobra.Command) {
		complete(c, "format", value(fixed(formatsOf[c.Name()]...)))
		complete(c, "output", files())
		complete(c, "upstream", value(a.upstreamNames))
		complete(c, "digest", value(a.digestNames))
		complete(c, "only", list(a.sourceNames))
		complete(c, "accept-removals", list(a.sourceNames))
		complete(c, "since", newest(value(tags)))
		complete(c, "at", newest(value(tags)))
		complete(c, "from", newest(value(minors)))
		complete(c, "to", newest(value(minors)))
		complete(c, "stage", list(fixed("alpha", "beta", "ga", "deprecated")))
		complete(c, "component", list(components))
		complete(c, "fail-on", list(fixed(report.FailOns()...)))
		complete(c, "record", folders)
		complete(c, "replay", folders)
		complete(c, "limit", nothing)
		for _, sub := range c.Commands() {
			all(sub)
		}
	}
	all(root)
	for flag, with := range map[string]completer{
		"config": files("yaml", "yml"), "log-format": value(fixed("text", "json")), "color": value(fixed(colours...)),
	} {
		if err := root.RegisterFlagCompletionFunc(flag, with); err != nil {
			panic(err)
		}
	}
	for path, with := range map[string]completer{
		"run": nothing, "demo": nothing, "gates": nothing, "serve": nothing, "doctor": anyOf(a.channelNames), "version": nothing,
		"diff": newest(arguments(tags, tags)), "explain": gateNames, "demo explain": gateNames,
		"config init": files("yaml", "yml"), "config show": nothing, "config validate": nothing,
		"state show": nothing, "state history": nothing, "state unlock": nothing,
		"state import": files("json"), "state export": files("json"), "state retry": arguments(a.givenUp),
	} {
		if c, _, err := root.Find(strings.Fields(path)); err == nil && c.ValidArgsFunction == nil {
			c.ValidArgsFunction = with
		}
	}
}

// gateNames completes the first word of a question: the gates that the program knows, and how they stand where they
// are so few that somebody reads it.
func gateNames(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	h, _, err := embedded()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	out := starting(h.Names(), typed)
	if len(out) <= 40 {
		for i, name := range out {
			out[i] = name + "\t" + (&knowledge{history: h}).now(name)
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// minors are the releases that the program knows, the newest first.
func minors(context.Context) []string {
	h, _, err := embedded()
	if err != nil {
		return nil
	}
	out := h.Releases()
	slices.Reverse(out)
	return out
}

// tags are their tags.
func tags(ctx context.Context) []string {
	out := minors(ctx)
	for i, m := range out {
		out[i] = "v" + m + ".0"
	}
	return out
}

// components are those whose gates the program knows.
func components(context.Context) []string {
	table, err := facts.Load()
	if err != nil {
		return nil
	}
	seen := map[string]bool{}
	for _, release := range table.Releases() {
		for _, r := range table.Rows(release) {
			seen[r.Component] = true
		}
	}
	out := make([]string, 0, len(seen))
	for name := range seen {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// configured is what a configuration that can be read has.
func (a *app) configured(names func(config.Config) []string) []string {
	cfg, err := a.load()
	if err != nil {
		return nil
	}
	return names(cfg)
}

func (a *app) upstreamNames(context.Context) []string {
	return a.configured(func(cfg config.Config) []string {
		var out []string
		for _, u := range cfg.Upstreams {
			out = append(out, u.Name+"\t"+u.Repository)
		}
		return out
	})
}

func (a *app) digestNames(context.Context) []string {
	return a.configured(func(cfg config.Config) []string {
		var out []string
		for _, d := range cfg.Digests {
			var channels []string
			for _, c := range d.Channels {
				channels = append(channels, c.Name)
			}
			out = append(out, d.Name+"\t"+strings.Join(channels, ", "))
		}
		return out
	})
}

// channelNames are the channels as bot doctor --notify takes them: "digest/channel".
func (a *app) channelNames(context.Context) []string {
	return a.configured(func(cfg config.Config) []string {
		var out []string
		for _, d := range cfg.Digests {
			for _, c := range d.Channels {
				out = append(out, d.Name+"/"+c.Name+"\t"+c.Type)
			}
		}
		return out
	})
}

// sourceNames are the sources that are configured, each once.
func (a *app) sourceNames(context.Context) []string {
	return a.configured(func(cfg config.Config) []string {
		var out []string
		for _, u := range cfg.Upstreams {
			for _, s := range upstream(u, "").Sources {
				if name := snapshot.SourceOf(s.Name()); !slices.Contains(out, name) && name != snapshot.SourceNoteData {
					out = append(out, name)
				}
			}
			if d := u.Sources.Docs; d != nil && d.Enabled && !slices.Contains(out, snapshot.SourceDocs) {
				out = append(out, snapshot.SourceDocs)
			}
			if len(u.Sources.Feeds) > 0 && !slices.Contains(out, snapshot.SourceFeeds) {
				out = append(out, snapshot.SourceFeeds)
			}
		}
		return out
	})
}

// givenUp are the keys of the deliveries that were given up, where the state is a file: a branch would be read over the
// network.
func (a *app) givenUp(ctx context.Context) []string {
	cfg, err := a.load()
	if err != nil || cfg.Store.Driver == config.DriverBranch {
		return nil
	}
	client, err := a.stateClient(cfg)
	if err != nil {
		return nil
	}
	st, err := a.openToRead(ctx, cfg, client)
	if err != nil {
		return nil
	}
	lost, err := st.Deliveries(ctx, "", store.GivenUp)
	if err != nil {
		return nil
	}
	var out []string
	for _, d := range lost {
		out = append(out, d.Key.String()+"\t"+report.Line(d.LastError))
	}
	return out
}
