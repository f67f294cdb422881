package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	bot "github.com/upstream-digest/bot"
	"github.com/upstream-digest/bot/internal/config"
	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/egress"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/holder"
	"github.com/upstream-digest/bot/internal/pipeline"
	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/report"
	"github.com/upstream-digest/bot/internal/sources"
	"github.com/upstream-digest/bot/internal/trace"
)

// app is one command line: its common flags and what must be closed at the end.
type app struct {
	env       environment
	config    string
	logFormat string
	color     string
	style     style
	live      *live // the line that says what is being done
	serving   bool  // the log is what people see: it tells what is done, too
	// listens is the address of a service that has begun; it stays when the configuration is read again.
	listens string
	verbose bool
	closers []func() error
	tape    tape      // nil: the run is neither recorded nor replayed
	job     actionRun // what a job of GitHub Actions is told at the end
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "bot",
		Short: "Tells what changed in Kubernetes upstream since you last looked",
		Long:  start,
		Example: `  bot demo                             the whole run, without network or token
  bot run --dry-run                    the real upstream; changes nothing
  bot explain CRIContainerLogRotation  the life of a gate, with the proof
  bot check kubelet.yaml --to 1.36     does my configuration still start?
  bot config init                      a commented configuration to begin with`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: func(*cobra.Command, []string) error { return a.look() },
	}
	root.PersistentFlags().StringVar(&a.config, "config", "", "configuration `FILE` (else config.yaml, else built in)")
	root.PersistentFlags().StringVar(&a.logFormat, "log-format", "text", "log lines as `FORMAT`: text, json")
	root.PersistentFlags().StringVar(&a.color, "color", "auto", "colours `WHEN`: auto, always, never")
	root.PersistentFlags().BoolVarP(&a.verbose, "verbose", "v", false, "log what the bot does")
	group(root)
	root.AddCommand(a.runCommand(), a.diffCommand(), a.gatesCommand(), a.checkCommand(), a.briefCommand(), a.explainCommand(), a.serveCommand(), a.demoCommand(), a.configCommand(), a.stateCommand(), a.doctorCommand(), a.completionCommand(), a.versionCommand())
	root.CompletionOptions.DisableDefaultCmd = true // ours has a page like the others
	a.help(root)
	mergeFlags(root)
	// Cobra keeps what completes flags for the life of the process: only who asks for it registers it.
	if len(a.env.args) > 0 && strings.HasPrefix(a.env.args[0], cobra.ShellCompRequestCmd) {
		a.completions(root)
	}
	return root
}

// group makes a command that only holds others refuse what it does not hold: cobra alone shows the help
// for a misspelt one, and leaves with 0.
func group(c *cobra.Command) {
	c.Args = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return noCommand(c, args[0])
	}
	c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	c.Annotations = map[string]string{isGroup: "yes"}
	c.SuggestionsMinimumDistance = 2
}

// usage makes the errors of argument checks usage errors.
func usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return &usageError{fmt.Errorf("%w; see %s --help", err, c.CommandPath())}
		}
		return nil
	}
}

func (a *app) close() error {
	var err error
	for _, c := range a.closers {
		err = errors.Join(err, c())
	}
	a.closers = nil
	return err
}

func (a *app) log() (*slog.Logger, error) {
	opts := &slog.HandlerOptions{Level: slog.LevelWarn}
	if a.serving {
		opts.Level = slog.LevelInfo
	}
	if a.verbose {
		opts.Level = slog.LevelDebug
	}
	var h slog.Handler
	switch a.logFormat {
	case "text":
		h = slog.NewTextHandler(a.env.stderr, opts)
	case "json":
		h = slog.NewJSONHandler(a.env.stderr, opts)
	default:
		return nil, errLogFormat(a.logFormat)
	}
	if a.tape != nil {
		h = a.tape.log(h)
	}
	return slog.New(h), nil
}

func (a *app) load() (config.Config, error) {
	lookup, names := config.Environ(a.env.environ)
	cfg, err := config.Load(config.Source{Path: a.config, Data: bot.DefaultConfig(), EnvNames: names}, lookup)
	if err != nil {
		return cfg, &usageError{err}
	}
	return cfg, nil
}

// world is what commands work with, made from the configuration.
type world struct {
	cfg    config.Config
	client *github.Client
	runner *pipeline.Runner
	proxy  egress.Proxy
	feeds  *egress.Fetcher // nil: none are read
	app    *app
	// sendWait is the longest that a channel other than GitHub may take up by waiting.
	sendWait time.Duration
}

// open makes a runner that can read. Writing needs state and channels beside it: see run.
func (a *app) open() (*world, error) {
	cfg, err := a.load()
	if err != nil {
		return nil, err
	}
	return a.world(cfg)
}

// wayOut is how the program reaches GitHub: through the environment's proxy where it has one, to the hosts
// of this GitHub only. Those that were configured may stand at private addresses, as an Enterprise Server
// does; those that follow from them only where network.allow_private says so.
func (a *app) wayOut(cfg config.Config, o github.Options) (*egress.Transport, egress.Proxy, error) {
	lookup, _ := config.Environ(a.env.environ)
	proxy, err := egress.ProxyFrom(lookup)
	if err != nil {
		return nil, proxy, err
	}
	configured, content, err := o.Hosts()
	if err != nil {
		return nil, proxy, err
	}
	base, err := egress.New(egress.Options{
		Hosts: slices.Concat(configured, content), Private: slices.Concat(configured, cfg.Network.AllowPrivate),
		LoopbackHTTP: true, Proxy: proxy, HeaderTimeout: o.Timeout,
	})
	return base, proxy, err
}

// world makes what commands work with of a configuration.
func (a *app) world(cfg config.Config) (*world, error) {
	log, err := a.log()
	if err != nil {
		return nil, err
	}
	options := github.Options{
		Token: github.NewSecret(cfg.GitHub.Token.Reveal()), APIURL: cfg.GitHub.APIURL, GraphQLURL: cfg.GitHub.GraphQLURL,
		RawURL: cfg.GitHub.RawURL, ServerURL: cfg.GitHub.ServerURL, UserAgent: "upstream-digest-bot/" + version(),
		WriteInterval: orNone(cfg.GitHub.WriteInterval), MaxWait: orNone(cfg.GitHub.MaxWait), Timeout: cfg.GitHub.RequestTimeout,
		Logger: log, Now: a.env.now, Waiting: a.live.waiting,
	}
	base, proxy, err := a.wayOut(cfg, options)
	if err != nil {
		return nil, &usageError{err}
	}
	a.closers = append(a.closers, func() error { base.CloseIdleConnections(); return nil })
	options.Base = base
	if a.env.github != nil {
		a.env.github(&options)
	}
	git := a.git()
	if a.tape != nil {
		a.tape.wire(&options, &git)
	}
	client, err := github.New(options)
	if err != nil {
		return nil, &usageError{err}
	}
	a.live.counts(func() int { return client.Cost().Requests() })
	var mirrors []repo.Mirror
	for _, m := range cfg.Mirrors {
		mirrors = append(mirrors, repo.Mirror{Repository: m.Repository, Path: m.Path})
	}
	set, err := repo.NewSet(repo.SetOptions{Client: client, Mirrors: mirrors, Offline: cfg.Offline, Git: git})
	if err != nil {
		return nil, &usageError{err}
	}
	r := &pipeline.Runner{
		Repositories: set,
		Watch:        diff.Watch{Gates: cfg.Watch.Gates, KEPs: cfg.Watch.KEPs, SIGs: cfg.Watch.SIGs, Components: cfg.Watch.Components, Owners: cfg.Watch.Owners},
		Now:          a.env.now, ServerNow: client.ServerTime, Nonce: nonce, Log: log,
		Progress: a.live.event,
		Holder:   holder.Self(), Gone: holder.Gone, LockTTL: cfg.Run.LockTTL(), KeepSnapshots: cfg.Run.KeepSnapshots,
		FailingAfter: cfg.Run.FailingAfter, SourceTimeout: cfg.Run.SourceTimeout,
		Cost: func() report.Cost {
			c := client.Cost()
			return report.Cost{Requests: c.Requests(), Raw: c.Raw}
		},
	}
	fetch, err := a.feedFetcher(cfg, options, proxy)
	if err != nil {
		return nil, &usageError{err}
	}
	r.Disagreements = disagreements(log)
	r.Tracing = pipeline.Tracing{MaxRequests: cfg.Trace.MaxRequests, Repositories: set, Overrides: overrides(cfg.Trace)}
	for _, u := range cfg.Upstreams {
		up := upstream(u, client.ServerURL())
		if d := u.Sources.Docs; d != nil && d.Enabled {
			up.Sources = append(up.Sources, docs(*d, cfg.Mirrors, client.Anonymous()))
		}
		for _, f := range feedsOf(u, fetch) {
			up.Sources = append(up.Sources, f)
		}
		r.Upstreams = append(r.Upstreams, up)
	}
	for _, d := range cfg.Digests {
		def, err := definition(cfg, d, client.ServerURL())
		if err != nil {
			return nil, &usageError{err}
		}
		r.Definitions = append(r.Definitions, def)
	}
	return &world{cfg: cfg, client: client, runner: r, proxy: proxy, feeds: fetch, app: a, sendWait: sendWait}, nil
}

// overrides are the links that the configuration gives, by upstream.
func overrides(t config.Trace) map[string][]trace.Override {
	out := map[string][]trace.Override{}
	for _, o := range t.Overrides {
		to := trace.Override{Gate: o.Gate, KEPs: o.KEPs, Tickets: o.Tickets, Note: o.Note}
		for _, p := range o.PRs {
			to.PRs = append(to.PRs, trace.OverridePull{Stage: p.Stage, Version: p.Version, Target: p.Pull})
		}
		out[o.Upstream] = append(out[o.Upstream], to)
	}
	return out
}

// orNone turns the configuration's 0, which means none, into what github.Options calls none.
func orNone(d time.Duration) time.Duration {
	if d == 0 {
		return -1
	}
	return d
}

func upstream(u config.Upstream, server string) pipeline.Upstream {
	out := pipeline.Upstream{Name: u.Name, Title: u.Title, Repository: u.Repository, WebURL: server + "/" + u.Repository, Ref: u.Ref}
	if g := u.Sources.Gates; g != nil && g.Enabled {
		src := sources.Gates{VersionFile: u.VersionFile}
		for _, p := range g.Packages {
			src.Packages = append(src.Packages, gate.Package{Dir: p.Path, Component: p.Component, ImportPath: p.Import})
		}
		out.Sources = append(out.Sources, src)
	}
	if r := u.Sources.Releases; r != nil && r.Enabled {
		out.Sources = append(out.Sources, sources.Releases{Notes: r.Notes, Repository: u.Repository})
		if r.Data != "" {
			out.Sources = append(out.Sources, sources.NoteData{Repository: r.DataRepository, Path: r.Data})
		}
	}
	if p := u.Sources.Proposals; p != nil && p.Enabled {
		out.Sources = append(out.Sources, sources.Proposals{Repository: p.Repository, Path: p.Path})
	}
	if m := u.Sources.Milestones; m != nil && m.Enabled {
		out.Sources = append(out.Sources, sources.Milestones{Repository: u.Repository})
		if m.Cycle != "" {
			out.Sources = append(out.Sources, sources.Cycle{Repository: m.CycleRepository, Path: m.Cycle})
		}
	}
	if t := u.Sources.Tickets; t != nil && t.Enabled {
		for _, s := range ticketSources(u.Repository, t.Rules) {
			out.Sources = append(out.Sources, s)
		}
	}
	if p := u.Sources.Paths; p != nil && p.Enabled {
		out.Sources = append(out.Sources, sources.Paths{Paths: p.Paths})
	}
	return out
}

// ticketSources is one source for each repository that rules name, in their order.
func ticketSources(own string, rules []config.TicketRule) []sources.Tickets {
	var out []sources.Tickets
	for _, r := range rules {
		repository := cmp.Or(r.Repository, own)
		i := slices.IndexFunc(out, func(s sources.Tickets) bool { return strings.EqualFold(s.Repository, repository) })
		if i < 0 {
			i = len(out)
			s := sources.Tickets{Repository: repository, Beside: !strings.EqualFold(repository, own)}
			if !s.Beside {
				s.Repository = own
			}
			out = append(out, s)
		}
		out[i].Rules = append(out[i].Rules, sources.TicketRule{
			Name: r.Name, Labels: r.Labels, SIGs: r.SIGs, Milestone: r.Milestone, Author: r.Author, Words: r.Words,
		})
	}
	return out
}

func definition(cfg config.Config, d config.Digest, server string) (pipeline.Definition, error) {
	def := pipeline.Definition{Name: d.Name, Upstreams: d.Upstreams, Filter: diff.Filter{SIGs: d.SIGs, Components: d.Components}}
	for _, s := range d.Severities {
		def.Filter.Severities = append(def.Filter.Severities, diff.Severity(s))
	}
	if d.Schedule != "" {
		schedule, err := config.Schedule(d.Schedule, d.Timezone)
		if err != nil {
			return def, fmt.Errorf("digest %s: %w", d.Name, err)
		}
		def.Due = func(last, now time.Time) bool {
			next := schedule.Next(last)
			return !next.IsZero() && !next.After(now)
		}
	}
	for _, c := range d.Channels {
		def.Destinations = append(def.Destinations, destination(cfg, d, c, server))
	}
	if !slices.ContainsFunc(def.Destinations, func(d publish.Destination) bool { return publish.IsMarkdown(d.Type) }) {
		def.Destinations = append(def.Destinations, publish.Destination{Name: publish.TypePage, Type: publish.TypePage, Public: server})
	}
	return def, nil
}

// arm gives a runner the right to write: state and channels. Of the definitions only the one called digest
// must be deliverable, or all where that is "".
func (a *app) arm(ctx context.Context, w *world, digest string) error {
	var names []string
	if digest != "" {
		names = []string{digest}
	}
	if err := w.cfg.Deliverable(names...); err != nil {
		return &usageError{err}
	}
	sent, err := w.senders()
	if err != nil {
		return err
	}
	st, err := a.openState(ctx, w.cfg, w.client)
	if err != nil {
		return err
	}
	w.use(st)
	w.runner.Writer = st
	w.runner.Tracing.Answers = st
	w.runner.ExitCode = func(err error) int { return exitCode(ctx, err) }
	if a.env.armed != nil {
		a.env.armed(w.runner)
	}
	issues := publish.IssueChannel{Issues: w.client, Own: w.client, Edit: w.client, Settle: w.cfg.GitHub.SettleTimeout}
	w.runner.Channels = map[string]publish.Channel{
		publish.TypeGitHubIssue: &issues,
		publish.TypeRolling:     &publish.RollingChannel{IssueChannel: issues},
		publish.TypeFile:        publish.FileChannel{},
		publish.TypeStdout:      publish.WriterChannel{W: a.env.stdout},
		publish.TypePage:        publish.PageChannel{},
	}
	maps.Copy(w.runner.Channels, sent)
	if w.client.Anonymous() {
		return nil // only digests for files are told, and nobody can be asked what was filed
	}
	w.runner.Recover = func(ctx context.Context, d pipeline.Definition) ([]publish.FiledDigest, error) {
		var out []publish.FiledDigest
		asked := map[string]bool{}
		for _, dest := range d.Destinations {
			if !publish.IsIssue(dest.Type) || asked[dest.Target] {
				continue
			}
			asked[dest.Target] = true
			last, found, err := publish.LastFiled(ctx, w.client, dest.Target, d.Name)
			if err != nil {
				return nil, err
			}
			if found {
				out = append(out, last)
			}
		}
		return out, nil
	}
	return nil
}

func nonce() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24: the program ends instead
	return hex.EncodeToString(b[:])
}

// version is the module's version, or the commit it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	rev, dirty := "", ""
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			rev = s.Value
		case "vcs.modified":
			if s.Value == "true" {
				dirty = "-dirty"
			}
		}
	}
	if rev == "" {
		return "devel"
	}
	return "devel-" + strings.TrimSpace(rev[:min(12, len(rev))]) + dirty
}

func (a *app) git() repo.GitOptions { return repo.GitOptions{Env: a.env.environ} }
