package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/upstream-digest/bot/internal/config"
)

func (a *app) configCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "config",
		Short: "Make, check and show the configuration",
		Long: `The configuration is the file of --config or BOT_CONFIG, else config.yaml in this folder,
else the one that is built in. What it does not say has a default; single keys can be set by
the environment, as BOT_SECTION_KEY.`,
		Example: `  bot config init
  bot config validate --config team.yaml`,
	}
	group(c)
	var force bool
	initial := &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write a commented starter file (default config.yaml)",
		Long: `Writes a configuration to begin with, with every key that most people need and what it
means. A file that is there already stays, unless --force is given.`,
		Example: `  bot config init
  bot config init team.yaml
  bot config init -                       to standard output`,
		Args: usage(cobra.MaximumNArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			path := "config.yaml"
			if len(args) == 1 {
				path = args[0]
			}
			if path == "-" {
				_, err := a.env.stdout.Write(config.Init())
				return err
			}
			flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
			if force {
				flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
			}
			file, err := os.OpenFile(path, flags, 0o644)
			if errors.Is(err, fs.ErrExist) {
				return &usageError{fmt.Errorf("%s is there already; --force overwrites it", path)}
			}
			if err != nil {
				return &usageError{err}
			}
			if _, err := file.Write(config.Init()); err != nil {
				return errors.Join(err, file.Close())
			}
			fmt.Fprintf(a.env.stderr, "bot: wrote %s; next: bot run --dry-run\n", path)
			return file.Close()
		},
	}
	initial.Flags().BoolVar(&force, "force", false, "overwrite an existing file")
	validate := &cobra.Command{
		Use:   "validate",
		Short: "Check the configuration and say all that is wrong with it",
		Long: `Reads the configuration as a run does and names every fault with its key. It asks nobody:
whether token, target and upstreams are right is said by bot doctor.`,
		Example: `  bot config validate
  BOT_STORE_PATH=/var/lib/bot/bot.db bot config validate --config team.yaml`,
		Args: usage(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			cfg, err := a.load()
			if err != nil {
				return err
			}
			name := cfg.File
			if name == "" {
				name = "the built-in configuration"
			}
			fmt.Fprintf(a.env.stdout, "%s is good: %s, %s\n", name, plural(len(cfg.Upstreams), "upstream"), plural(len(cfg.Digests), "digest"))
			return nil
		},
	}
	show := &cobra.Command{
		Use:   "show",
		Short: "Print the configuration that counts",
		Long: `Prints the configuration as a run has it, with defaults, presets and environment filled in,
and without secrets.`,
		Example: `  bot config show
  bot config show | less`,
		Args: usage(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			cfg, err := a.load()
			if err != nil {
				return err
			}
			text, err := config.Resolved(cfg)
			if err != nil {
				return err
			}
			_, err = a.env.stdout.Write(text)
			return err
		},
	}
	c.AddCommand(initial, validate, show)
	return c
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: `  bot version`,
		Args:    usage(cobra.NoArgs),
		Run: func(*cobra.Command, []string) {
			fmt.Fprintln(a.env.stdout, "bot "+version())
		},
	}
}
