package pipeline_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/upstream-digest/bot/internal/pipeline"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/sources"
)

// beside adds a source of other gates to the world's upstream.
func (w *world) beside(name, folder string) *source {
	s := &source{w: w, name: name, parser: 1, paths: []string{folder}}
	w.r.Upstreams[0].Sources = append(w.r.Upstreams[0].Sources, s)
	return s
}

// TestSourcesAreReadSideBySide: each of two sources waits until the other is being read. Were they read one after the
// other, both would wait for ever, which the bubble reports.
func TestSourcesAreReadSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		other := w.beside("other", "b")
		var both sync.WaitGroup
		both.Add(2)
		meet := func(context.Context) error {
			both.Done()
			both.Wait()
			return nil
		}
		w.source().collects, other.collects = meet, meet
		w.pushAll(map[string][]string{"a": {"One:alpha"}, "b": {"Two:alpha"}})
		w.ok(0)
	})
}

// TestSlowSourceFailsAlone: a source that never answers fails at its own time limit, and what the others read is told.
// When it answers again, what it missed is told.
func TestSlowSourceFailsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.r.SourceTimeout = 5 * time.Minute
		slow := w.beside("slow", "b")
		w.pushAll(map[string][]string{"a": {"One:alpha"}, "b": {"Two:alpha"}})
		w.ok(0)
		w.pushAll(map[string][]string{"a": {"One:alpha", "Fast:beta"}, "b": {"Two:alpha", "Late:beta"}})
		slow.collects = func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}
		started := time.Now()
		out, err := w.run(week)
		var failed *pipeline.SourceError
		if !errors.As(err, &failed) || failed.All || !strings.Contains(err.Error(), "slow could not be read: it took longer than 5m (run.source_timeout)") {
			t.Fatalf("error %v", err)
		}
		if took := time.Since(started); took != 5*time.Minute {
			t.Errorf("the run took %s of the bubble's time", took)
		}
		if len(out.Failed) != 1 {
			t.Errorf("failed: %v", out.Failed)
		}
		w.want(w.issue, 1, "Fast", "slow could not be read", "!Late", "!removed:")
		slow.collects = nil
		w.ok(week)
		w.want(w.issue, 2, "Late", "!Fast")
	})
}

// TestRunOutOfTimeIsNoSlowSource: where the whole run's time is up, that is what failed.
func TestRunOutOfTimeIsNoSlowSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.r.SourceTimeout = 5 * time.Minute
		w.push("One:alpha")
		w.source().collects = func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := w.r.Run(ctx, pipeline.Options{})
		var failed *pipeline.SourceError
		if !errors.As(err, &failed) || !failed.All || !strings.Contains(err.Error(), "the run's time was up") {
			t.Fatalf("error %v", err)
		}
	})
}

// TestSkippedIsNoFailure: what a source says it does not read is left out with its reason; the others are told, and the run
// succeeds.
func TestSkippedIsNoFailure(t *testing.T) {
	w := newWorld(t)
	other := w.beside("other", "b")
	other.collects = func(context.Context) error { return &sources.SkippedError{Reason: "needs a token"} }
	w.pushAll(map[string][]string{"a": {"One:alpha"}, "b": {"Two:alpha"}})
	w.ok(0)
	w.pushAll(map[string][]string{"a": {"One:alpha", "New:beta"}, "b": {"Two:alpha"}})
	out := w.ok(week)
	w.want(w.issue, 1, "New", "other skipped (needs a token)", "!could not be read")
	if sec, _ := out.Current.Upstreams[0].Section("other"); sec.Status != snapshot.Skipped || sec.Reason != "needs a token" {
		t.Errorf("section %+v", sec)
	}
}

// TestWhatRidesIsReadBesideNews: a source whose data comes with the heads is read again when another has news, and not
// by itself; one that asks to be read always is.
func TestWhatRidesIsReadBesideNews(t *testing.T) {
	w := newWorld(t)
	riding, always := w.beside("riding", "b"), w.beside("always", "c")
	riding.watches.Milestones, always.watches.Always = true, true
	var rode, ran int
	riding.collects = func(context.Context) error { rode++; return nil }
	always.collects = func(context.Context) error { ran++; return nil }
	folders := map[string][]string{"a": {"One:alpha"}, "b": {"Two:alpha"}, "c": {"Three:alpha"}}
	w.pushAll(folders)
	w.ok(0)
	rode, ran = 0, 0
	w.ok(week)
	if rode != 0 || ran != 1 {
		t.Errorf("in a quiet run the riding source was read %d times, the other %d; want 0 and 1", rode, ran)
	}
	folders["a"] = []string{"One:beta"}
	w.pushAll(folders)
	w.ok(week)
	if rode != 1 || ran != 2 {
		t.Errorf("beside news the riding source was read %d times, the other %d in all; want 1 and 2", rode, ran)
	}
}
