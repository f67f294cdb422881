package pipeline_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/upstream-digest/bot/internal/pipeline"
)

// TestProgress: each source that is begun is ended, also one that fails, what is not asked for is not told of, and a
// quiet run says that it asks.
func TestProgress(t *testing.T) {
	w := newWorld(t)
	other := w.beside("other", "b")
	w.pushAll(map[string][]string{"a": {"One:alpha"}, "b": {"Two:alpha"}})
	w.ok(0) // the first run: nothing to compare with yet
	w.pushAll(map[string][]string{"a": {"One:beta"}, "b": {"Two:beta"}})

	var mu sync.Mutex
	var events []pipeline.Event
	w.r.Progress = func(e pipeline.Event) {
		mu.Lock()
		defer mu.Unlock()
		events = append(events, e)
	}
	only := func(stage pipeline.Stage) []pipeline.Event {
		return slices.DeleteFunc(slices.Clone(events), func(e pipeline.Event) bool { return e.Stage != stage })
	}
	read := func(name string, of int) {
		t.Helper()
		begun := pipeline.Event{Stage: pipeline.StageRead, Upstream: "widgets", Source: name, Of: of}
		ended := begun
		ended.Ended = true
		if i, j := slices.Index(events, begun), slices.Index(events, ended); i < 0 || j < i {
			t.Errorf("%s is begun at %d and ended at %d of %+v", name, i, j, events)
		}
	}
	other.collects = func(context.Context) error { return errors.New("no answer") }
	if _, err := w.r.Run(t.Context(), pipeline.Options{}); err == nil {
		t.Error("a source fails, and the run does not")
	}
	read("gates", 2)
	read("other", 2)
	if len(only(pipeline.StageHeads)) == 0 || len(only(pipeline.StageRead)) != 4 {
		t.Errorf("%+v", events)
	}
	if got := only(pipeline.StageDeliver); len(got) != 1 || got[0] != (pipeline.Event{Stage: pipeline.StageDeliver, Channel: "github-issue", Of: 1}) {
		t.Errorf("of delivering it says %+v", got)
	}

	events = nil
	if _, err := w.r.Run(t.Context(), pipeline.Options{Only: []string{"gates"}}); err != nil {
		t.Error(err)
	}
	read("gates", 1)
	if n := len(only(pipeline.StageRead)); n != 2 {
		t.Errorf("with --only it tells of others: %+v", events)
	}
}
