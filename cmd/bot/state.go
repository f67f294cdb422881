package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/upstream-digest/bot/internal/config"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/holder"
	"github.com/upstream-digest/bot/internal/pipeline"
	"github.com/upstream-digest/bot/internal/store"
	"github.com/upstream-digest/bot/internal/store/branchstore"
)

func (a *app) stateCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "state",
		Short: "Show what the bot remembers, move it, retry what was given up",
		Long: `The state is where the bot keeps what upstream was, what it told whom, and what it still
owes: one file (store.path in the configuration), for which these commands need neither
network nor token; or a branch (store.driver: branch), which is read and written over the
network. Looking works beside a run; import and retry take the lock, and unlock frees that
of a run that is dead.`,
		Example: `  bot state show                         what is remembered, and what is owed
  bot state history --limit 5            the last runs, and what they filed
  bot state export state.json            all of it, as one document
  bot state retry weekly/7               put digest 7 of weekly back in line`,
	}
	group(c)
	c.AddCommand(a.stateShowCommand(), a.stateHistoryCommand(), a.stateExportCommand(), a.stateImportCommand(), a.stateRetryCommand(), a.stateUnlockCommand())
	return c
}

// stateFormats are those of bot state show and history.
var stateFormats = []string{"text", "json"}

func (a *app) stateShowCommand() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:   "show",
		Short: "Print digests told, snapshots, deliveries owed, the lock",
		Long: `Prints what is remembered: which digest was told when, what is known of each upstream and how
fresh that is, what is owed to whom, who holds the lock, and the last runs.`,
		Example: `  bot state show
  bot state show --format json |
    jq -r '.deliveries[] | select(.state=="given_up") | .key'`,
		Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return a.stateShow(c.Context(), format) },
	}
	c.Flags().StringVar(&format, "format", "text", "print as `FORMAT`: text, json")
	return c
}

func (a *app) stateHistoryCommand() *cobra.Command {
	var format string
	var limit int
	c := &cobra.Command{
		Use:   "history",
		Short: "Print the runs, newest first, with what failed and what was filed",
		Long: `Prints the runs that are kept, the newest first: how each ended, what it cost, which sources
failed, and what was filed where.`,
		Example: `  bot state history --limit 5
  bot state history --format json | jq '.runs[] | select(.failed != [])'`,
		Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return a.stateHistory(c.Context(), format, limit) },
	}
	c.Flags().StringVar(&format, "format", "text", "print as `FORMAT`: text, json")
	c.Flags().IntVar(&limit, "limit", 20, "print at most `N` runs; 0 prints all that are kept")
	return c
}

func (a *app) stateExportCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "export [FILE|-]",
		Short: "Write the whole state as one JSON document",
		Long: `Writes all that is remembered as one JSON document that belongs to no kind of store;
docs/schema/state.v2.json describes it. It holds the bodies of digests: where the target
repository is private, so is the document. It works while another run holds the lock.`,
		Example: `  bot state export state.json
  bot state export - | ssh other-host bot state import -`,
		Args: usage(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			file := "-"
			if len(args) == 1 {
				file = args[0]
			}
			return a.stateExport(c.Context(), file)
		},
	}
}

func (a *app) stateImportCommand() *cobra.Command {
	var replace bool
	c := &cobra.Command{
		Use:   "import FILE|-",
		Short: "Read a document that bot state export wrote into an empty state",
		Long: `Reads an exported state into the one that the configuration names. Numbers and nonces are
kept: the next run goes on where the exported one ended, and files nothing twice. A state
that holds something already is not touched, unless --replace is given; then it is saved
beside the state file first. On a branch it stays in the branch's history; there --replace
also takes the place of a state that can't be used any more.`,
		Example: `  bot state import state.json
  bot state import --replace state.json`,
		Args: usage(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error { return a.stateImport(c.Context(), args[0], replace) },
	}
	c.Flags().BoolVar(&replace, "replace", false, "replace a state that is not empty; it is saved beside the file, or stays in the branch's history")
	return c
}

func (a *app) stateRetryCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "retry KEY",
		Short: "Put deliveries that were given up back in line",
		Long: `Puts what was given up back in line, with no tries counted and its age counted from now.
Nothing is sent: the next bot run looks for it at its target first, and files what is
missing. KEY is a delivery's key as bot state show prints it, or its beginning.`,
		Example: `  bot state retry weekly/7/github-issue/1-of-1
  bot state retry weekly/7             all parts and channels of that digest`,
		Args: usage(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error { return a.stateRetry(c.Context(), args[0]) },
	}
}

// remembered is a state as it is read: everything at one moment.
type remembered struct {
	path   string
	size   int64 // bytes; 0 where there is no file
	there  bool
	branch bool   // it is on a branch ...
	head   string // ... which stands at this commit
	// schema is the number of the form in which the store keeps it.
	schema int64
	all    *store.Export
	lease  store.Lease
	held   bool
}

// remember reads the state that the configuration names. It leaves the file as it is.
func (a *app) remember(ctx context.Context) (*remembered, error) {
	cfg, err := a.load()
	if err != nil {
		return nil, err
	}
	r := &remembered{path: statePlace(cfg), branch: cfg.Store.Driver == config.DriverBranch}
	client, err := a.stateClient(cfg)
	if err != nil {
		return nil, err
	}
	st, err := a.openToRead(ctx, cfg, client)
	if err != nil {
		return nil, err
	}
	if b, ok := st.(*branchstore.Store); ok {
		if r.there, err = b.Exists(ctx); err != nil {
			return nil, err
		}
		r.head = b.Head()
	} else if info, err := os.Stat(r.path); err == nil {
		r.there, r.size = true, info.Size()
	}
	if r.all, err = st.Export(ctx); err != nil {
		return nil, err
	}
	if r.schema, err = st.Schema(ctx); err != nil {
		return nil, err
	}
	r.lease, r.held, err = st.Lock(ctx)
	return r, err
}

func (a *app) stateShow(ctx context.Context, format string) error {
	if err := checkFormat(format, stateFormats); err != nil {
		return err
	}
	r, err := a.remember(ctx)
	if err != nil {
		return err
	}
	text, err := a.showState(r, format)
	if err != nil {
		return err
	}
	return a.write("", text)
}

func (a *app) stateHistory(ctx context.Context, format string, limit int) error {
	if err := checkFormat(format, stateFormats); err != nil {
		return err
	}
	if limit < 0 {
		return &usageError{fmt.Errorf("--limit is 0 or more, not %d", limit)}
	}
	r, err := a.remember(ctx)
	if err != nil {
		return err
	}
	text, err := a.showHistory(r, format, limit)
	if err != nil {
		return err
	}
	return a.write("", text)
}

func (a *app) stateExport(ctx context.Context, file string) error {
	r, err := a.remember(ctx)
	if err != nil {
		return err
	}
	if !r.there {
		return noState(r.path, r.branch)
	}
	data, err := r.all.Encode()
	if err != nil {
		return err
	}
	if file == "-" {
		return a.write("", string(data))
	}
	if err := writePrivate(file, data, true); err != nil {
		return &usageError{fmt.Errorf("write the exported state: %w", err)}
	}
	fmt.Fprintf(a.env.stderr, "bot: exported %s to %s\n", countsOf(r.all), file)
	return nil
}

func noState(path string, branch bool) error {
	if branch {
		return &store.UnusableError{Path: path, Reason: "there is no such branch", Advice: "check store.repository and store.branch (bot config show); the first bot run makes it"}
	}
	return &store.UnusableError{Path: path, Reason: "there is no such file", Advice: "check store.path (bot config show); the first bot run makes it"}
}

func (a *app) stateImport(ctx context.Context, file string, replace bool) error {
	cfg, err := a.load()
	if err != nil {
		return err
	}
	read, name := func() ([]byte, error) { return os.ReadFile(file) }, file
	if file == "-" {
		read, name = func() ([]byte, error) { return io.ReadAll(a.env.stdin) }, "on standard input"
	}
	data, err := read()
	if err != nil {
		return &usageError{fmt.Errorf("read the exported state: %w", err)}
	}
	e, err := store.DecodeExport(name, data)
	if err != nil {
		return err
	}
	st, lease, err := a.lock(ctx, cfg)
	var unusable *store.UnusableError
	if b, ok := st.(*branchstore.Store); ok && replace && errors.As(err, &unusable) && b.Damaged(err) {
		if err := b.Overwrite(ctx, e); err != nil {
			return err
		}
		fmt.Fprintf(a.env.stderr, "bot: imported %s from %s into %s, over what could not be used: %s\n", countsOf(e), file, statePlace(cfg), unusable.Reason)
		return nil
	}
	if err != nil {
		return err
	}
	old, err := st.Export(ctx)
	saved, before := "", ""
	if b, ok := st.(*branchstore.Store); ok {
		before = b.Head()
	}
	switch {
	case err != nil:
	case old.Empty():
	case !replace:
		err = &usageError{fmt.Errorf("state %s is not empty (%s); --replace saves it and puts the imported one in its place", statePlace(cfg), countsOf(old))}
	case cfg.Store.Driver == config.DriverBranch: // it stays in the history
	default:
		saved, err = a.saveBeside(cfg.Store.Path, old)
	}
	if err == nil {
		err = st.Import(ctx, lease, e) // which gives the lock back
	}
	if err != nil {
		return errors.Join(err, release(ctx, st, lease))
	}
	fmt.Fprintf(a.env.stderr, "bot: imported %s from %s into %s\n", countsOf(e), file, statePlace(cfg))
	if b, ok := st.(*branchstore.Store); ok && before != "" {
		fmt.Fprintf(a.env.stderr, "bot: the state it replaced is in the branch's history, at commit %.12s (now at %.12s)\n", before, b.Head())
	}
	if saved != "" {
		fmt.Fprintf(a.env.stderr, "bot: the state it replaced is in %s; bot state import --replace brings it back\n", saved)
	}
	for _, line := range e.Behind(old) {
		fmt.Fprintf(a.env.stderr, "bot: warning: %s\n", line)
	}
	return nil
}

// lock opens the state for writing and takes its lock.
func (a *app) lock(ctx context.Context, cfg config.Config) (writableState, store.Lease, error) {
	client, err := a.stateClient(cfg)
	if err != nil {
		return nil, store.Lease{}, err
	}
	st, err := a.openState(ctx, cfg, client)
	if err != nil {
		return nil, store.Lease{}, err
	}
	lease, _, err := store.Take(ctx, st, holder.Self(), cfg.Run.LockTTL(), holder.Gone)
	return st, lease, err
}

// release gives a lock back that was not spent, also after an interruption.
func release(ctx context.Context, st pipeline.Writer, lease store.Lease) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), branchPatience)
	defer cancel()
	if err := st.Release(ctx, lease); err != nil && !errors.Is(err, store.ErrFenced) {
		return err
	}
	return nil
}

// saveBeside writes a state beside its file, under a name that does not exist yet.
func (a *app) saveBeside(path string, e *store.Export) (string, error) {
	data, err := e.Encode()
	if err != nil {
		return "", err
	}
	base := path + ".replaced-" + a.env.now().UTC().Format("20060102T150405Z")
	for n := 1; ; n++ {
		name := base + ".json"
		if n > 1 {
			name = fmt.Sprintf("%s-%d.json", base, n)
		}
		err := writePrivate(name, data, false)
		if errors.Is(err, os.ErrExist) && n < 100 {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("save the old state before replacing it: %w", err)
		}
		return name, nil
	}
}

func (a *app) stateRetry(ctx context.Context, key string) error {
	cfg, err := a.load()
	if err != nil {
		return err
	}
	if err := a.stateThere(ctx, cfg); err != nil {
		return err
	}
	st, lease, err := a.lock(ctx, cfg)
	if err != nil {
		return err
	}
	put, err := a.putBack(ctx, st, lease, key)
	if err = errors.Join(err, release(ctx, st, lease)); err != nil {
		return err
	}
	for _, d := range put {
		to := d.Target
		if to == "" {
			to = d.Key.Channel
		}
		fmt.Fprintf(a.env.stdout, "%s is in line again; the next bot run delivers it to %s\n", d.Key, to)
	}
	return nil
}

// stateClient is what a state on a branch is reached with; nil where it is a file, which needs no network.
func (a *app) stateClient(cfg config.Config) (*github.Client, error) {
	if cfg.Store.Driver != config.DriverBranch {
		return nil, nil
	}
	w, err := a.world(cfg)
	if err != nil {
		return nil, err
	}
	return w.client, nil
}

// stateThere is an error where there is no state: opening it for writing would make one.
func (a *app) stateThere(ctx context.Context, cfg config.Config) error {
	if cfg.Store.Driver != config.DriverBranch {
		if _, err := os.Stat(cfg.Store.Path); errors.Is(err, os.ErrNotExist) {
			return noState(cfg.Store.Path, false)
		}
		return nil
	}
	client, err := a.stateClient(cfg)
	if err != nil {
		return err
	}
	b, err := a.openBranch(cfg, client, false)
	if err != nil {
		return err
	}
	there, err := b.Exists(ctx)
	if err == nil && !there {
		err = noState(statePlace(cfg), true)
	}
	return err
}

func (a *app) putBack(ctx context.Context, st writableState, lease store.Lease, key string) ([]store.Delivery, error) {
	all, err := st.Deliveries(ctx, "")
	if err != nil {
		return nil, err
	}
	put, err := store.Retry(all, key, a.env.now())
	if err != nil {
		return nil, &usageError{err}
	}
	return put, st.Commit(ctx, lease, &store.Update{Deliveries: put})
}

// writePrivate writes a file that only this user may read, whole or not at all. With overwrite false an
// existing one is an error (os.ErrExist).
func writePrivate(path string, data []byte, overwrite bool) error {
	if !overwrite {
		// A reader of the name it takes could see half of it; nobody knows that name yet.
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		_, err = f.Write(data)
		return errors.Join(err, f.Sync(), f.Close())
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // gone already when all went well
	_, err = tmp.Write(data)
	if err = errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// countsOf says in words how much a state holds.
func countsOf(e *store.Export) string {
	return fmt.Sprintf("%s, %s, %s, %s", plural(len(e.Snapshots), "snapshot"), plural(len(e.Cursors), "cursor"),
		plural(len(e.Deliveries), "delivery"), plural(len(e.Runs), "run"))
}

func plural(n int, what string) string {
	switch {
	case n == 1:
		return "1 " + what
	case what == "delivery":
		what = "deliverie"
	}
	return fmt.Sprintf("%d %ss", n, what)
}
