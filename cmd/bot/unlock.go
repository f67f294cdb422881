package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/upstream-digest/bot/internal/holder"
	"github.com/upstream-digest/bot/internal/store"
)

func (a *app) stateUnlockCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "unlock",
		Short: "Free the lock of a run that is surely dead",
		Long: `A run that was killed leaves its lock behind. The next run on the same machine finds out
by itself. Of another machine or container it cannot know, and waits until the lock runs
out, run.timeout and five minutes after the run began; this command frees it now. Should
that run be alive after all, it can write and file nothing any more, and leaves with 5.
The lock of a process that is seen running on this machine is not freed.`,
		Example: `  bot state show                          says who holds the lock
  bot state unlock`,
		Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return a.stateUnlock(c.Context()) },
	}
}

func (a *app) stateUnlock(ctx context.Context) error {
	cfg, err := a.load()
	if err != nil {
		return err
	}
	if err := a.stateThere(ctx, cfg); err != nil {
		return err
	}
	client, err := a.stateClient(cfg)
	if err != nil {
		return err
	}
	st, err := a.openState(ctx, cfg, client)
	if err != nil {
		return err
	}
	// Whoever frees it says so; only a process that is seen alive keeps it.
	lease, from, err := store.Take(ctx, st, holder.Self(), cfg.Run.LockTTL(), func(name string) bool { return !holder.Lives(name) })
	if err != nil {
		return err
	}
	if err := st.Release(ctx, lease); err != nil {
		return err
	}
	if from == "" {
		fmt.Fprintln(a.env.stderr, "bot: nobody holds the lock")
		return nil
	}
	fmt.Fprintf(a.env.stderr, "bot: freed the lock of %s\n", from)
	return nil
}

// holderHint says what can be done about a lock that is held.
func holderHint(l store.Lease) string {
	if holder.Lives(l.Holder) {
		return "that process is running on this machine: wait for it, or end it"
	}
	return "whether it still runs can't be seen from here: if you know that it does not, free the lock with bot state unlock"
}
