package pipeline_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/pipeline"
	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/store"
)

// TestWeeklyDefinitionHearsThatAllIsDown: that nothing at all can be read is told to a definition that was not
// due when it became news, and what changed meanwhile on the day it can be read again.
func TestWeeklyDefinitionHearsThatAllIsDown(t *testing.T) {
	w := newWorld(t)
	w.r.Definitions[0].Due = func(last, now time.Time) bool { return now.Sub(last) >= week }
	w.push("Zero:alpha")
	w.ok(0)
	w.down = errors.New("no route to host")
	for range 8 {
		_, _ = w.run(day)
	}
	w.want(w.issue, 1, "could not be read in 7 runs", "no route to host")
	for range 8 {
		_, _ = w.run(day)
	}
	w.want(w.issue, 1)
	w.down = nil
	w.push("Zero:beta+")
	w.ok(day)
	w.want(w.issue, 2, "Zero")
}

// TestPartialRunsThatFailSayNothingOfOthers: a run that leaves a source out and fails at something else neither
// ends its row of failures nor makes its data any younger.
func TestPartialRunsThatFailSayNothingOfOthers(t *testing.T) {
	w := newWorld(t)
	w.r.Upstreams[0].Sources = append(w.r.Upstreams[0].Sources, &source{w: w, name: "more", parser: 1, paths: []string{"b"}})
	w.pushAll(map[string][]string{"a": {"Zero:alpha"}, "b": {"Other:alpha"}})
	w.ok(0)
	w.r.Upstreams[0].Sources[1].(*source).fails = errors.New("broken")
	w.issue.fails = errDead
	w.pushAll(map[string][]string{"a": {"Zero:beta"}, "b": {"Other:beta"}})
	for range 4 {
		_, _ = w.run(day)
		w.now = w.now.Add(time.Hour)
		if _, err := w.r.Run(t.Context(), pipeline.Options{Only: []string{"gates"}}); err == nil {
			t.Fatal("no error")
		}
	}
	w.issue.fails = nil
	_, _ = w.run(day)
	w.want(w.issue, 2, "5 runs in a row", "last known at 2026-03-02 07:17 UTC")
}

// TestSourceThatWasNeverRead: the good runs from before it was configured say nothing of it.
func TestSourceThatWasNeverRead(t *testing.T) {
	w := newWorld(t)
	w.push("Zero:alpha")
	w.ok(0)
	w.ok(day)
	// Added later, and never read.
	w.r.Upstreams[0].Sources = append(w.r.Upstreams[0].Sources, &source{w: w, name: "more", parser: 1, paths: []string{"b"}, fails: errors.New("broken")})
	for range 6 {
		_, _ = w.run(day)
	}
	w.want(w.issue, 1, "never read")
}

// TestCommentsThatWereGivenUpAreTold: an issue that lacks its rest is told of by the next one, once.
func TestCommentsThatWereGivenUpAreTold(t *testing.T) {
	w := newWorld(t)
	w.push("Zero:alpha")
	w.ok(0)
	w.issue.partly = true
	w.push(append(many(600), "Zero:alpha")...)
	_, _ = w.r.Run(t.Context(), acceptRemovals)
	for range 12 {
		_, _ = w.run(day)
	}
	if s := w.states(); s[store.GivenUp] == 0 {
		t.Fatalf("not given up: %v", s)
	}
	w.issue.partly = false
	w.push(append(many(600), "Zero:alpha", "Two:beta+")...)
	w.ok(day)
	w.want(w.issue, 2, "Two", "bot state retry")
	w.push(append(many(600), "Zero:alpha", "Two:beta+", "Three:beta+")...)
	w.ok(day)
	w.want(w.issue, 3, "Three", "!bot state retry")
}

func many(n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("InventedWidgetOfSomeLength%04d:beta+", i))
	}
	return out
}

// TestAlertsSurviveSuperseding: what was given up elsewhere is told once, also where the digest that said it first
// did not arrive.
func TestAlertsSurviveSuperseding(t *testing.T) {
	w := newWorld(t)
	w.r.Definitions = append(w.r.Definitions, w.r.Definitions[0])
	w.r.Definitions[1].Name = "alerts"
	w.r.Definitions[1].Destinations = []publish.Destination{{Type: publish.TypeFile, Target: "out/{seq}.md"}}
	w.push("Zero:alpha")
	w.ok(0)
	w.issue.fails = errDead
	w.push("Zero:alpha", "One:beta+")
	for range 20 {
		_, _ = w.run(5 * time.Minute)
	}
	w.want(w.file, 1, "One")
	w.file.fails = errDead
	_, _ = w.run(3 * day)
	w.push("Zero:alpha", "One:beta+", "Two:beta+")
	_, _ = w.run(day)
	w.file.fails, w.issue.fails = nil, nil
	w.ok(day)
	w.want(w.file, 2, "Two", "was never delivered")
	w.push("Zero:alpha", "One:beta+", "Two:beta+", "Three:beta+")
	w.file.fails = errDead
	_, _ = w.run(day)
	w.push("Zero:alpha", "One:beta+", "Two:beta+", "Three:beta+", "Four:beta+")
	_, _ = w.run(day)
	w.file.fails = nil
	w.ok(day)
	w.want(w.file, 3, "Three", "Four", "!was never delivered")
}

// TestHeartbeatCountsWhatIsKept: of runs that were forgotten nothing is said.
func TestHeartbeatCountsWhatIsKept(t *testing.T) {
	w := newWorld(t)
	w.push("Zero:alpha")
	for range 520 {
		w.ok(time.Hour)
	}
	w.push("Zero:beta+")
	w.ok(time.Hour)
	w.want(w.issue, 1, "Watched: 480 runs in the 20 days before")
}

// TestFailingIsNoNewsWhereItIsSwitchedOff: between the run in which it was news and the day a definition is due.
func TestFailingIsNoNewsWhereItIsSwitchedOff(t *testing.T) {
	w := newWorld(t)
	w.r.Definitions[0].Due = func(last, now time.Time) bool { return now.Sub(last) >= week }
	w.push("Zero:alpha")
	w.ok(0)
	w.down = errors.New("no route to host")
	for range 6 {
		_, _ = w.run(day)
	}
	w.r.FailingAfter = 0
	_, _ = w.run(day)
	w.want(w.issue, 0)
}
