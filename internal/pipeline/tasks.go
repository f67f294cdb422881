package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/upstream-digest/bot/internal/snapshot"
)

// task is one section that is brought up to date, and what came of it.
type task struct {
	reading
	old   snapshot.Section
	had   bool
	sec   snapshot.Section
	moved bool // it must be stored
	err   error
}

// tasks lists what there is to read, in the order of the configuration.
func (r *Runner) tasks(asked []Upstream, from []origin, versions []string, heads heads, when moment, last *snapshot.Snapshot) []*task {
	var out []*task
	for i, u := range asked {
		old := last.Upstream(u.Name)
		for _, s := range u.Sources {
			w := watchOf(s, versions[i], old, when)
			if when == thePast && w.Present {
				continue
			}
			st := &task{reading: reading{upstream: u, source: s, watch: w, head: heads.of(u, w), from: from[i], when: when}}
			st.old, st.had = old.Section(s.Name())
			out = append(out, st)
		}
	}
	return out
}

// sourcesAtOnce is how many sources are read side by side. GitHub's secondary limits are kept below that: its client admits no
// more requests at a time than GitHub bears.
const sourcesAtOnce = 8

// bringUpToDate reads all sections side by side, each within its own time. None waits for another.
func (r *Runner) bringUpToDate(ctx context.Context, tasks []*task, opts Options) {
	var wg sync.WaitGroup
	asked := 0
	for _, s := range tasks {
		if opts.reads(s.upstream.Name, s.source.Name()) {
			asked++
		}
	}
	free := make(chan struct{}, sourcesAtOnce)
	for _, s := range tasks {
		wg.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			if e := (Event{Stage: StageRead, Upstream: s.upstream.Name, Source: s.source.Name(), Of: asked}); opts.reads(e.Upstream, e.Source) {
				r.progress(e)
				e.Ended = true
				defer r.progress(e)
			}
			r.bring(ctx, s, opts)
		})
	}
	wg.Wait()
}

// bring reads one section. A source that takes longer than its time has failed; that the run's own time is up is told by
// who asked for the run.
func (r *Runner) bring(ctx context.Context, s *task, opts Options) {
	own, cancel := ctx, context.CancelFunc(func() {})
	if r.SourceTimeout > 0 {
		own, cancel = context.WithTimeout(ctx, r.SourceTimeout)
	}
	defer cancel()
	s.sec, s.moved, s.err = r.section(own, s.reading, s.old, s.had, opts)
	if s.err != nil && ctx.Err() == nil && errors.Is(own.Err(), context.DeadlineExceeded) {
		s.err = fmt.Errorf("it took longer than %s (run.source_timeout): %w", inWords(r.SourceTimeout), s.err)
		s.sec.Reason = s.err.Error()
	}
}

// refresh reads once more what comes with the heads, where something else is news: what moves all day, such as the
// progress of a milestone, is told beside it, and is never asked for by itself.
func (r *Runner) refresh(ctx context.Context, tasks []*task, opts Options) {
	for _, s := range tasks {
		if !s.watch.Rides() || s.moved || s.err != nil || s.sec.Status != snapshot.Complete {
			continue
		}
		again := *s
		again.again = true
		if r.bring(ctx, &again, opts); again.err == nil {
			*s = again
		}
	}
}

// inWords is a time limit without zero parts: "5m".
func inWords(d time.Duration) string {
	switch {
	case d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d%time.Minute == 0:
		return fmt.Sprintf("%dm", d/time.Minute)
	}
	return d.String()
}
