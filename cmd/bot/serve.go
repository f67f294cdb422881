package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/upstream-digest/bot/internal/config"
	"github.com/upstream-digest/bot/internal/server"
)

func (a *app) serveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Run on the configured schedules, with pages, health and metrics",
		Long: `Runs the bot when a schedule of the configuration says so, until it is told to stop.
At the start it looks once, and tells what became due while it was down: one run, however
long that was. A run that failed is tried again sooner.

At server.address (127.0.0.1:8080) it serves its digests as pages and feeds, /healthz,
/readyz and /metrics. SIGHUP reads the configuration again; one that is wrong is refused and
the one before stays. SIGTERM ends a run that goes on and writes down what was done.`,
		Example: `  bot serve --config config.yaml
  BOT_SERVER_ADDRESS=:8080 bot serve --log-format json`,
		Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return a.serve(c.Context()) },
	}
}

func (a *app) serve(ctx context.Context) error {
	a.serving = true
	a.live.on = false // its log tells what is done
	log, err := a.log()
	if err != nil {
		return err
	}
	cfg, err := a.load()
	if err != nil {
		return err
	}
	svc, err := server.New(ctx, server.Options{Plan: a.plan, Now: a.env.now, Log: log, Random: rand.Float64, Version: version()})
	if err != nil {
		return err
	}
	pages, err := svc.Handler()
	if err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Server.Address)
	if err != nil {
		return &usageError{fmt.Errorf("server.address: %w; end what listens there, or write another address", err)}
	}
	a.listens = cfg.Server.Address
	log.Info("serving", "address", "http://"+l.Addr().String(), "version", version())
	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() error { return server.Serve(ctx, l, pages) })
	all.Go(func() error { svc.Loop(ctx); return nil })
	all.Go(func() error {
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-a.env.hangup:
				svc.Reload()
			}
		}
	})
	err = all.Wait()
	log.Info("stopped")
	return err
}

// plan reads the configuration and makes of it what the service does.
func (a *app) plan(context.Context) (*server.Plan, error) {
	cfg, err := a.load()
	if err != nil {
		return nil, err
	}
	seen := &seenBranch{}
	p := &server.Plan{
		Schedules: map[string]server.Schedule{}, Jitter: cfg.Server.Jitter, Longest: cfg.Run.Timeout, Stale: cfg.Server.StaleAfter,
		Run:  func(ctx context.Context) (server.Result, error) { return a.serveRun(ctx, cfg, seen) },
		View: func(ctx context.Context) (server.View, error) { return a.view(ctx, cfg, seen) },
	}
	for _, d := range cfg.Digests {
		if d.Schedule == "" {
			p.Every = cfg.Server.Interval
			continue
		}
		if p.Schedules[d.Name], err = config.Schedule(d.Schedule, d.Timezone); err != nil {
			return nil, &usageError{fmt.Errorf("digest %s: %w", d.Name, err)}
		}
	}
	if a.listens != "" && a.listens != cfg.Server.Address {
		log, err := a.log()
		if err != nil {
			return nil, err
		}
		log.Warn("server.address changed; the service listens where it did until it is started again", "now", a.listens, "then", cfg.Server.Address)
	}
	// What can't be reached is told at the start, not in an hour.
	inner := a.child()
	if _, err := inner.world(cfg); err != nil {
		return nil, errors.Join(err, inner.close())
	}
	return p, inner.close()
}

// serveRun is one run, as `bot run` does it. Its words go to the log.
func (a *app) serveRun(ctx context.Context, cfg config.Config, seen *seenBranch) (res server.Result, err error) {
	inner := a.child()
	inner.env.stderr = io.Discard
	defer func() { err = errors.Join(err, inner.close()) }()
	ctx, cancel := context.WithTimeout(ctx, cfg.Run.Timeout)
	defer cancel()
	log, err := a.log()
	if err != nil {
		return res, err
	}
	w, err := inner.world(cfg)
	if err == nil {
		w.runner.Log = log
		err = inner.prepare(ctx, w, runFlags{})
	}
	if err != nil {
		return server.Result{ExitCode: exitCode(ctx, err)}, err
	}
	out, cost, err := inner.runIn(ctx, w, runFlags{})
	seen.left(w.runner.State)
	res = server.Result{ExitCode: exitCode(ctx, err), Requests: cost.Requests(), Filed: len(out.Filed), Limits: w.client.Remaining()}
	for _, d := range out.Digests {
		res.Told = append(res.Told, d.Definition)
	}
	for _, n := range out.Notices {
		log.Warn("notice", "text", n)
	}
	for _, p := range out.Filed {
		log.Info("delivered", "channel", p.Channel, "part", p.Number, "of", p.Of, "url", p.ResultURL)
	}
	return res, err
}
