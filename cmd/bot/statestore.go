package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/config"
	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/pipeline"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/store"
	"github.com/upstream-digest/bot/internal/store/branchstore"
	"github.com/upstream-digest/bot/internal/store/sqlite"
)

// stateStore is a state, of whatever kind, for reading; one for writing is a pipeline.Writer too.
type stateStore interface {
	pipeline.Reader
	pipeline.Answers
	Export(ctx context.Context) (*store.Export, error)
	Lock(ctx context.Context) (lease store.Lease, held bool, err error)
	Schema(ctx context.Context) (int64, error)
	Close() error
}

// writableState is a state that can be written to.
type writableState interface {
	stateStore
	pipeline.Writer
	Import(ctx context.Context, lease store.Lease, e *store.Export) error
}

// branchPatience is how long one write to a state on a branch may take: GitHub may ask to wait a minute.
const branchPatience = 2 * time.Minute

// statePlace is where a configuration keeps the state, for messages.
func statePlace(cfg config.Config) string {
	if cfg.Store.Driver == config.DriverBranch {
		return fmt.Sprintf("branch %s of %s", cfg.Store.Branch, cfg.Store.Repository)
	}
	return cfg.Store.Path
}

// openState opens the state for writing. client may be nil where the state is a file.
func (a *app) openState(ctx context.Context, cfg config.Config, client *github.Client) (writableState, error) {
	if cfg.Store.Driver == config.DriverBranch {
		return a.openBranch(cfg, client, true)
	}
	log, err := a.log()
	if err != nil {
		return nil, err
	}
	st, err := sqlite.Open(ctx, cfg.Store.Path, sqlite.Options{Now: a.env.now, Logger: log})
	if err != nil {
		return nil, err
	}
	a.closers = append(a.closers, st.Close)
	return st, nil
}

// openToRead opens the state so that nothing of it changes.
func (a *app) openToRead(ctx context.Context, cfg config.Config, client *github.Client) (stateStore, error) {
	if cfg.Store.Driver == config.DriverBranch {
		return a.openBranch(cfg, client, false)
	}
	st, err := sqlite.OpenReadOnly(ctx, cfg.Store.Path)
	if err != nil {
		return nil, err
	}
	a.closers = append(a.closers, st.Close)
	return st, nil
}

// openBranch opens a state on a branch. It asks nothing yet.
func (a *app) openBranch(cfg config.Config, client *github.Client, write bool) (*branchstore.Store, error) {
	switch {
	case cfg.Store.Repository == "":
		return nil, &usageError{errors.New("the state is on a branch (store.driver), and no repository is named: set store.repository or target.repository in the configuration, or GITHUB_REPOSITORY")}
	case client == nil || client.Anonymous():
		return nil, &usageError{fmt.Errorf("the state is on %s, which needs a token with the permission contents: write; set GITHUB_TOKEN", statePlace(cfg))}
	}
	// What mirrors there are is old: a state is read where it is written.
	set, err := repo.NewSet(repo.SetOptions{Client: client})
	if err != nil {
		return nil, err
	}
	o := branchstore.Options{Repository: cfg.Store.Repository, Branch: cfg.Store.Branch, Heads: set, Now: a.env.now, Alone: true}
	if write {
		o.Commits = client
	}
	st, err := branchstore.Open(o)
	if err != nil {
		return nil, &usageError{err}
	}
	a.closers = append(a.closers, st.Close)
	return st, nil
}

// use gives a runner a state to read.
func (w *world) use(st stateStore) {
	w.runner.State = st
	b, ok := st.(*branchstore.Store)
	if !ok {
		return
	}
	w.runner.Remote, w.runner.Sparse, w.runner.Patience = b, true, branchPatience
	for i, u := range w.runner.Upstreams {
		if u.Name == tracked {
			w.runner.Upstreams[i].Likely = likely()
		}
	}
}

// The minors that Kubernetes may be at, counted from the newest one that the program knows: a branch of an earlier one
// may be watched, and a program of today is still used in four years.
const (
	minorsBefore = 3
	minorsAfter  = 12
)

// likely are the versions that Kubernetes may be at.
func likely() []string {
	table, err := facts.Load()
	if err != nil {
		return nil
	}
	var out []string
	for _, r := range table.Releases() {
		var major, minor int
		if _, err := fmt.Sscanf(strings.TrimPrefix(r, "v"), "%d.%d", &major, &minor); err != nil {
			continue
		}
		out = nil
		for n := max(0, minor-minorsBefore); n <= minor+minorsAfter; n++ {
			out = append(out, fmt.Sprintf("%d.%d", major, n))
		}
	}
	return out
}

// memory is the newest snapshot of the state, which is only read; there is false where there is no state at all.
func (w *world) memory(ctx context.Context) (snap *snapshot.Snapshot, there bool, err error) {
	if w.cfg.Store.Driver == config.DriverBranch {
		b, err := w.app.openBranch(w.cfg, w.client, false)
		if err != nil {
			return nil, true, err
		}
		if there, err = b.Exists(ctx); err != nil || !there {
			return nil, there, err
		}
		snap, err = b.Latest(ctx)
		return snap, true, err
	}
	if _, err := os.Stat(w.cfg.Store.Path); err != nil {
		return nil, false, nil
	}
	st, err := sqlite.OpenReadOnly(ctx, w.cfg.Store.Path)
	if err != nil {
		return nil, true, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	snap, err = st.Latest(ctx)
	return snap, true, err
}
