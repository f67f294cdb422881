package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/config"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/pipeline"
	"github.com/upstream-digest/bot/internal/recording"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/store"
)

// recordRun is a run that is recorded. A mistake in flags or configuration, and a state that can't be used,
// speak for themselves: then there is no recording.
func (a *app) recordRun(ctx context.Context, f runFlags) error {
	cfg, err := a.load()
	if err != nil {
		return err
	}
	if cfg.Store.Driver != config.DriverSQLite {
		return &usageError{fmt.Errorf("--record keeps runs whose state is a file, and this one's is on %s: bring it into a file first (bot state export state.json; BOT_STORE_DRIVER=%s bot state import state.json), and record with BOT_STORE_DRIVER=%[2]s", statePlace(cfg), config.DriverSQLite)}
	}
	text, err := config.Resolved(cfg)
	if err != nil {
		return err
	}
	var names []string // those of a repository come in its answers
	if cfg.Watch.ManifestsRepository == "" {
		names = cfg.Watch.Manifests
	}
	mine, err := a.manifests(ctx, names)
	if err != nil {
		return err
	}
	f.yours = &mine
	variables, secrets := channelSecrets(cfg)
	rec, err := recording.Start(recording.Options{
		Dir: f.record, Bot: version(), Token: cfg.GitHub.TokenFrom, Variables: variables,
		Secrets: slices.Concat(proxyPasswords(a.env.environ), []string{cfg.GitHub.Token.Reveal()}, secrets),
		Flags:   f.kept(), Config: text, Now: a.env.now,
	})
	if err != nil {
		return &usageError{err}
	}
	t := &recordTape{a: a, rec: rec, dir: f.record}
	stderr := a.env.stderr
	a.env.stderr = io.MultiWriter(stderr, &t.messages)
	a.tape = t
	defer func() { a.env.stderr, a.tape = stderr, nil }()
	w, err := a.open()
	if err == nil {
		err = a.runWorld(ctx, w, f)
	}
	if !t.began {
		return errors.Join(err, rec.Abandon())
	}
	return err
}

// recordTape records a run.
type recordTape struct {
	a        *app
	rec      *recording.Recorder
	dir      string
	messages bytes.Buffer
	began    bool
}

func (t *recordTape) wire(o *github.Options, g *repo.GitOptions) {
	o.Around, o.Jitter = t.rec.Around, t.rec.Jitter
	g.Machine = t.rec.Machine(repo.ThisMachine(*g))
}

func (t *recordTape) log(h slog.Handler) slog.Handler {
	return slog.NewMultiHandler(h, t.rec.LogHandler())
}

func (t *recordTape) armed(ctx context.Context, w *world) error {
	r := w.runner
	r.Now, r.ServerNow, r.Nonce = t.rec.Clock("local", r.Now), t.rec.Clock("server", r.ServerNow), t.rec.Nonce(r.Nonce)
	state, ok := r.State.(exporter)
	if !ok {
		return errors.New("record: this kind of state can't be exported")
	}
	if r.Writer != nil {
		// With the lock in hand nobody changes it between the export and the run.
		r.Writer = &recordedWriter{r.Writer, state, t.rec}
	} else if err := keepState(ctx, state, t.rec); err != nil {
		return err
	}
	t.began = true
	return nil
}

// exporter is a state that can be written down.
type exporter interface {
	Export(ctx context.Context) (*store.Export, error)
}

func keepState(ctx context.Context, s exporter, rec *recording.Recorder) error {
	e, err := s.Export(ctx)
	if err != nil {
		return err
	}
	return rec.State(e)
}

// recordedWriter keeps the state as it is when the run takes the lock.
type recordedWriter struct {
	pipeline.Writer
	state exporter
	rec   *recording.Recorder
}

func (w *recordedWriter) Acquire(ctx context.Context, holder string, ttl time.Duration) (store.Lease, error) {
	lease, err := w.Writer.Acquire(ctx, holder, ttl)
	var held *store.HeldError
	switch {
	case errors.As(err, &held):
		w.rec.Locked(&held.Lease)
	case err != nil:
		return lease, err
	default:
		w.rec.Locked(nil)
	}
	if kerr := keepState(ctx, w.state, w.rec); kerr != nil {
		if err == nil {
			kerr = errors.Join(kerr, w.Release(ctx, lease))
		}
		return store.Lease{}, errors.Join(err, kerr)
	}
	return lease, err
}

func (t *recordTape) ended(ctx context.Context, out *pipeline.Outcome, err error) error {
	files, rerr := t.a.results(ctx, out, err, t.messages.String())
	if ferr := errors.Join(rerr, t.rec.Finish(files, ctx.Err())); ferr != nil {
		return ferr
	}
	fmt.Fprintf(t.a.env.stderr, "bot: recorded in %s; README.txt there says what may be private; bot run --replay %s does it again\n", t.dir, t.dir)
	return nil
}

// proxyPasswords are those that stand in the addresses of proxies.
func proxyPasswords(environ []string) []string {
	var out []string
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if !strings.HasSuffix(strings.ToLower(name), "_proxy") {
			continue
		}
		if !strings.Contains(value, "://") { // as package egress reads it
			value = "http://" + value
		}
		if u, err := url.Parse(value); err == nil && u.User != nil {
			if password, ok := u.User.Password(); ok {
				out = append(out, password)
			}
		}
	}
	return out
}
