// Package server is the bot as a service: it runs when a schedule says so, and answers over HTTP how it is and what it
// has told.
//
// One loop does all runs, one after the other, so that no two of them meet. It asks the schedules when the next run is
// due; a machine that slept, or a service that was down, wakes to one run, which tells what became due meanwhile: what
// is due is in the state, never in the loop. A run that failed is tried again sooner, with growing waits. A run that
// panics is one that failed.
//
// Pages, health and metrics are made of what the last run left in memory: a visitor costs no request and no reading of
// the state, whatever keeps it.
package server

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// Schedule gives the first boundary after a time, zero where none comes.
type Schedule interface {
	Next(after time.Time) time.Time
}

// Plan is what a configuration asks for. A reload makes another.
type Plan struct {
	// Schedules are those of the definitions that have one, by name.
	Schedules map[string]Schedule
	// Every is the time between runs for the definitions that have none; 0: there are none.
	Every time.Duration
	// Jitter is the longest that a run is put off, so that not all the world asks GitHub in the same second.
	Jitter time.Duration
	// Longest is how long a run may take: one that takes longer hangs.
	Longest time.Duration
	// Stale is the age from which what a source last read counts as stale; 0: never.
	Stale time.Duration
	// Run is one run. It ends soon after its context.
	Run func(ctx context.Context) (Result, error)
	// View is what there is to show, as the state has it.
	View func(ctx context.Context) (View, error)
}

// Result is what a run did.
type Result struct {
	ExitCode int
	Requests int            // to GitHub
	Filed    int            // parts that were delivered
	Told     []string       // definitions that had news
	Limits   map[string]int // requests left, by the name of the limit
}

// Options say how a service works. All are needed but Random.
type Options struct {
	// Plan reads the configuration. A reload whose plan is an error keeps the last one.
	Plan func(ctx context.Context) (*Plan, error)
	Now  func() time.Time
	Log  *slog.Logger
	// Random is a number from 0 up to 1, for the jitter; nil: none.
	Random func() float64
	// Version is the program's.
	Version string
}

// Service runs the bot on its schedules.
type Service struct {
	opts    Options
	plan    atomic.Pointer[Plan]
	reload  chan struct{}
	metrics *metrics

	mu    sync.Mutex
	state loopState
	view  View
}

// loopState is where the loop is.
type loopState struct {
	started    time.Time // of the service
	began      time.Time // when the last run did
	running    time.Time // since when a run goes on; zero: none does
	next       time.Time // of the next run
	last       time.Time // end of the last run
	lastErr    error     // of the last run
	failures   int       // in a row
	viewErr    error
	reloadErr  error
	reloadedAt time.Time
}

// New makes a service of its first plan, whose errors are the caller's to tell.
func New(ctx context.Context, opts Options) (*Service, error) {
	p, err := opts.Plan(ctx)
	if err != nil {
		return nil, err
	}
	s := &Service{opts: opts, reload: make(chan struct{}, 1)}
	s.plan.Store(p)
	s.state.started, s.state.reloadedAt = opts.Now(), opts.Now()
	s.metrics = newMetrics(s)
	return s, nil
}

// Reload asks for the configuration to be read again. A run that goes on ends with the one it began with.
func (s *Service) Reload() {
	select {
	case s.reload <- struct{}{}:
	default: // it is asked for already
	}
}

// Loop runs until ctx ends, which also ends a run that goes on. The first run comes at once: it tells what became due
// while nobody looked.
func (s *Service) Loop(ctx context.Context) {
	s.look(ctx)
	for ctx.Err() == nil {
		s.once(ctx)
		s.wait(ctx)
	}
}

// once is one run, whatever comes of it.
func (s *Service) once(ctx context.Context) {
	p := s.plan.Load()
	started := s.opts.Now()
	s.mu.Lock()
	s.state.began, s.state.running, s.state.next = started, started, time.Time{}
	s.mu.Unlock()
	res, err := s.guarded(ctx, p)
	ended := s.opts.Now()
	s.mu.Lock()
	s.state.running, s.state.last, s.state.lastErr = time.Time{}, ended, err
	if err != nil {
		s.state.failures++
	} else {
		s.state.failures = 0
	}
	s.mu.Unlock()
	s.metrics.ran(res, ended.Sub(started), err)
	s.look(ctx)
	log := s.opts.Log.With("duration", ended.Sub(started).Round(time.Millisecond).String(), "requests", res.Requests, "filed", res.Filed, "exit_code", res.ExitCode)
	switch {
	case ctx.Err() != nil:
		log.Warn("the run was ended by the service's end", "error", text(err))
	case err != nil:
		log.Error("the run failed", "error", text(err))
	default:
		log.Info("the run is done", "told", res.Told)
	}
}

// guarded is a run whose panic is an error: the next run still comes.
func (s *Service) guarded(ctx context.Context, p *Plan) (res Result, err error) {
	defer func() {
		if r := recover(); r != nil {
			res.ExitCode, err = 1, fmt.Errorf("the run panicked, which is a fault of the program: %v", r)
			s.opts.Log.Error("panic", "value", fmt.Sprint(r), "stack", string(debug.Stack()))
		}
	}()
	return p.Run(ctx)
}

// look takes what there is to show from the state. What was shown stays where it cannot be had.
func (s *Service) look(ctx context.Context) {
	if ctx.Err() != nil { // nobody will look any more
		return
	}
	v, err := s.viewed(ctx)
	if ctx.Err() != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.viewErr = err
	if err != nil {
		s.opts.Log.Error("the state can't be shown", "error", text(err))
		return
	}
	s.view = v
}

// viewed is the view; a panic in it is an error, as one of a run is.
func (s *Service) viewed(ctx context.Context) (v View, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("showing the state panicked, which is a fault of the program: %v", r)
			s.opts.Log.Error("panic", "value", fmt.Sprint(r), "stack", string(debug.Stack()))
		}
	}()
	return s.plan.Load().View(ctx)
}

// wait waits for the next run. A reload in between is done at once, and may bring the run nearer.
func (s *Service) wait(ctx context.Context) {
	due := s.planned()
	timer := time.NewTimer(glance)
	defer timer.Stop()
	for {
		// By the clock on the wall: a timer stands still while the machine sleeps, so that none is trusted for long.
		var at <-chan time.Time
		if !due.IsZero() {
			left := due.Sub(s.opts.Now().Round(0))
			if left <= 0 {
				return
			}
			timer.Reset(min(left, glance))
			at = timer.C
		}
		select {
		case <-ctx.Done():
			return
		case <-at:
		case <-s.reload:
			s.reread(ctx)
			due = s.planned()
		}
	}
}

// glance is how long the loop waits before it looks at the clock again.
const glance = time.Minute

// planned is when the next run is, and is told so.
func (s *Service) planned() time.Time {
	due := s.due(s.opts.Now().Round(0))
	s.mu.Lock()
	s.state.next = due
	s.mu.Unlock()
	return due
}

// retry are the waits after runs that failed, in a row; the last one stays.
var retry = []time.Duration{time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 20 * time.Minute, 40 * time.Minute, time.Hour}

// due is when the next run is: at the next boundary of any definition, or sooner where the last run failed. Zero: never.
func (s *Service) due(now time.Time) time.Time {
	p := s.plan.Load()
	s.mu.Lock()
	failures, began, last := s.state.failures, s.state.began, s.state.last.Round(0)
	s.mu.Unlock()
	if last.IsZero() || last.After(now) {
		last = now
	}
	var due time.Time
	sooner := func(t time.Time) {
		if !t.IsZero() && (due.IsZero() || t.Before(due)) {
			due = t
		}
	}
	for _, x := range p.Schedules {
		// A boundary that came while a run went on is not in that run: it is due now.
		sooner(x.Next(began))
	}
	if p.Every > 0 {
		sooner(last.Add(p.Every))
	}
	if failures > 0 {
		sooner(last.Add(retry[min(failures, len(retry))-1]))
	}
	if due.IsZero() || s.opts.Random == nil {
		return due
	}
	return due.Add(time.Duration(s.opts.Random() * float64(p.Jitter)))
}

func (s *Service) reread(ctx context.Context) {
	p, err := s.opts.Plan(ctx)
	s.mu.Lock()
	s.state.reloadErr = err
	if err == nil {
		// What failed may be mended now: it is tried soon again, and not left to the next boundary.
		s.state.reloadedAt, s.state.failures = s.opts.Now(), min(s.state.failures, 1)
	}
	s.mu.Unlock()
	s.metrics.reloaded(err)
	if err != nil {
		s.opts.Log.Error("the configuration is refused; the one before stays in force", "error", text(err))
		return
	}
	s.plan.Store(p)
	s.opts.Log.Info("the configuration was read again")
	s.look(ctx)
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
