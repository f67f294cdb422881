package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/pipeline"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/sources"
)

var acceptRemovals = pipeline.Options{AcceptRemovals: []string{"gates"}}

func (w *world) source() *source { return w.r.Upstreams[0].Sources[0].(*source) }

// TestNewParserInventsNothing: the same upstream read by a parser that sees more is no news, and a real
// change beside it is told alone.
func TestNewParserInventsNothing(t *testing.T) {
	seesMore := func(gs []gate.Gate) []gate.Gate {
		for i := range gs {
			gs[i].KEPs = []string{"42"}
			gs[i].Specs = append(gs[i].Specs, gate.Spec{Since: "1.36", Stage: gate.GA, Default: true, Locked: true})
		}
		return gs
	}
	for _, how := range []string{"parser", "setup"} {
		t.Run(how, func(t *testing.T) {
			w := newWorld(t)
			w.source().setup = "one"
			w.push("Zero:alpha", "One:beta")
			w.ok(0)
			w.source().reads = seesMore
			if how == "parser" {
				w.source().parser++
			} else {
				w.source().setup = "two"
			}
			w.ok(day)
			w.want(w.issue, 0)
			w.push("Zero:alpha", "One:beta", "Two:alpha")
			w.ok(day)
			w.want(w.issue, 1, "Two", "!Zero", "!`One`")
			w.ok(day)
			w.want(w.issue, 1)
		})
	}
}

// TestSectionsComeAndGo: a source that is added is a baseline, one that is taken out is no removal, and
// neither hides what changed beside it.
func TestSectionsComeAndGo(t *testing.T) {
	w := newWorld(t)
	w.pushAll(map[string][]string{"a": {"Zero:alpha"}, "b": {"Other:alpha", "Another:beta"}})
	w.ok(0)
	second := &source{w: w, name: "more", parser: 1, paths: []string{"b"}}
	first := w.r.Upstreams[0].Sources[0]
	w.r.Upstreams[0].Sources = []pipeline.Source{first, second}
	w.ok(day)
	w.want(w.issue, 0)
	w.pushAll(map[string][]string{"a": {"Zero:beta+"}, "b": {"Other:beta+", "Another:beta"}})
	w.ok(day)
	w.want(w.issue, 1, "Zero", "Other", "!Another")
	w.r.Upstreams[0].Sources = []pipeline.Source{first}
	w.pushAll(map[string][]string{"a": {"Zero:ga+"}, "b": {}})
	w.ok(day)
	w.want(w.issue, 2, "Zero", "!Other", "!Another", "!emoved")
	w.r.Upstreams[0].Sources = []pipeline.Source{first, second}
	w.pushAll(map[string][]string{"a": {"Zero:ga+", "New:alpha"}, "b": {"Late:alpha"}})
	w.ok(day)
	w.want(w.issue, 3, "New", "!Late", "now watching 1 more")
	w.ok(day)
	w.want(w.issue, 3)
}

// TestSourceThatFailsForFiveRuns: it is told once, as something to act on; when the source is back, all
// that changed meanwhile is told, and nothing else.
func TestSourceThatFailsForFiveRuns(t *testing.T) {
	w := newWorld(t)
	w.r.Upstreams[0].Sources = append(w.r.Upstreams[0].Sources, &source{w: w, name: "more", parser: 1, paths: []string{"b"}})
	w.pushAll(map[string][]string{"a": {"Zero:alpha"}, "b": {"Other:alpha", "Gone:alpha"}})
	w.ok(0)
	second := w.r.Upstreams[0].Sources[1].(*source)
	second.fails = errors.New("HTTP 502 three times")
	w.pushAll(map[string][]string{"a": {"Zero:alpha"}, "b": {"Other:beta+"}})
	for i := range 8 {
		if _, err := w.run(day); err == nil {
			t.Fatal("a failing source is no error")
		}
		if told := len(w.issue.got); told != min(1, max(0, i-3)) {
			t.Fatalf("%d digests after %d failed runs", told, i+1)
		}
	}
	w.want(w.issue, 1, "could not be read in 5 runs in a row", "last known at 2026-03-02 07:17 UTC", "HTTP 502", "bot doctor", "!emoved in")
	if title := w.issue.got[0].Title; !strings.Contains(title, "1 to act on") || !strings.Contains(title, "bot itself") {
		t.Errorf("title %q", title)
	}
	second.fails = nil
	w.ok(day)
	w.want(w.issue, 2, "Other", "Gone", "Removed", "can be read again", "!Zero")
	w.ok(day)
	w.want(w.issue, 2)
}

// TestUpstreamThatCantBeReachedForLong: when nothing at all can be read, that is told too.
func TestUpstreamThatCantBeReachedForLong(t *testing.T) {
	w := newWorld(t)
	w.push("Zero:alpha")
	w.ok(0)
	w.down = errors.New("no route to host")
	w.push("Zero:beta+")
	for range 7 {
		_, _ = w.run(day)
	}
	w.want(w.issue, 1, "could not be read in 5 runs", "no route to host")
	w.down = nil
	w.ok(day)
	w.want(w.issue, 2, "Zero", "as of 2026-03-10 07:17 UTC", "8 runs in the 30 days before this one, 7 of them failed")
}

// TestBotThatWasDown: what happened while the bot did not run at all is told when it does again.
func TestBotThatWasDown(t *testing.T) {
	w := newWorld(t)
	w.push("Zero:alpha")
	w.ok(0)
	for i := range 5 {
		w.push("Zero:alpha", fmt.Sprintf("Gate%d:alpha", i), "Last:beta+")
	}
	w.ok(40 * week)
	w.want(w.issue, 1, "Gate4", "Last", "!Gate3")
}

// TestFolderThatIsGone: a watched folder that vanished has moved or was removed, and nobody can tell
// which. Its gates are kept, and somebody is told to look.
func TestFolderThatIsGone(t *testing.T) {
	both := map[string][]string{"a": {"One:alpha", "Two:alpha", "Three:alpha"}, "b": {"Small:beta"}}
	start := func(t *testing.T) *world {
		t.Helper()
		w := newWorld(t)
		w.source().paths = []string{"a", "b"}
		w.pushAll(both)
		w.ok(0)
		return w
	}
	t.Run("kept until somebody says so", func(t *testing.T) {
		w := start(t)
		w.pushAll(map[string][]string{"a": {"One:alpha", "Two:alpha", "Three:beta+"}})
		w.ok(day)
		w.want(w.issue, 1, "Three", "b is gone", "Small", "--accept-removals gates", "!Removed")
		w.pushAll(map[string][]string{"a": {"One:beta+", "Two:alpha", "Three:beta+"}})
		w.ok(day)
		w.want(w.issue, 2, "One", "!Removed", "!About the bot itself")
		w.pushAll(map[string][]string{"a": {"One:beta+", "Two:beta+", "Three:beta+"}})
		w.now = w.now.Add(day)
		if _, err := w.r.Run(t.Context(), acceptRemovals); err != nil {
			t.Fatal(err)
		}
		w.want(w.issue, 3, "Small", "Removed")
		w.ok(day)
		w.want(w.issue, 3)
	})
	t.Run("moved to another watched folder", func(t *testing.T) {
		w := start(t)
		w.pushAll(map[string][]string{"a": {"One:alpha", "Two:alpha", "Three:alpha", "Small:beta"}})
		w.ok(day)
		w.want(w.issue, 1, "Small", "oved", "!Removed", "!is gone")
	})
	t.Run("back again", func(t *testing.T) {
		w := start(t)
		w.pushAll(map[string][]string{"a": both["a"]})
		w.ok(day)
		w.want(w.issue, 1, "b is gone")
		w.pushAll(both)
		w.ok(day)
		w.want(w.issue, 1)
	})
}

// TestPartialRunsSayNothingOfOthers: a run that leaves a source out does not end its row of failures.
func TestPartialRunsSayNothingOfOthers(t *testing.T) {
	w := newWorld(t)
	w.r.Upstreams[0].Sources = append(w.r.Upstreams[0].Sources, &source{w: w, name: "more", parser: 1, paths: []string{"b"}})
	w.pushAll(map[string][]string{"a": {"Zero:alpha"}, "b": {"Other:alpha"}})
	w.ok(0)
	w.r.Upstreams[0].Sources[1].(*source).fails = errors.New("broken")
	w.pushAll(map[string][]string{"a": {"Zero:alpha"}, "b": {"Other:beta"}})
	for range 4 {
		_, _ = w.run(day)
		w.now = w.now.Add(time.Hour)
		if _, err := w.r.Run(t.Context(), pipeline.Options{Only: []string{"gates"}}); err != nil {
			t.Fatal(err)
		}
	}
	w.want(w.issue, 0)
	_, _ = w.run(day)
	w.want(w.issue, 1, "5 runs in a row")
}

// TestNewParserKeepsWhatWasKept: the gates of a folder that is gone are no news to a new bot.
func TestNewParserKeepsWhatWasKept(t *testing.T) {
	w := newWorld(t)
	w.source().paths = []string{"a", "b"}
	w.pushAll(map[string][]string{"a": {"One:alpha", "Two:alpha", "Three:alpha"}, "b": {"Small:beta"}})
	w.ok(0)
	w.pushAll(map[string][]string{"a": {"One:alpha", "Two:alpha", "Three:alpha"}})
	w.ok(day)
	w.want(w.issue, 1, "b is gone")
	w.source().parser++
	w.ok(day)
	w.want(w.issue, 1)
}

// TestRemovalsAreAcceptedThoughNothingMoves: who is asked to accept removals need not wait for upstream.
func TestRemovalsAreAcceptedThoughNothingMoves(t *testing.T) {
	w := newWorld(t)
	w.source().paths = []string{"a", "b"}
	w.pushAll(map[string][]string{"a": {"One:alpha", "Two:alpha", "Three:alpha"}, "b": {"Small:beta"}})
	w.ok(0)
	w.pushAll(map[string][]string{"a": {"One:alpha", "Two:alpha", "Three:alpha"}})
	w.ok(day)
	w.want(w.issue, 1, "b is gone")
	if _, err := w.r.Run(t.Context(), acceptRemovals); err != nil {
		t.Fatal(err)
	}
	w.want(w.issue, 2, "Removed", "Small")
}

// headless can't read the newest commit.
type headless struct{ *source }

func (h headless) Collect(ctx context.Context, r repo.Reader, at sources.Commit) (snapshot.Section, error) {
	if at.Ref == "HEAD" && at.SHA == fmt.Sprintf("%040x", len(h.w.commits)-1) {
		return snapshot.Section{}, errors.New("gates.go is cut off")
	}
	return h.source.Collect(ctx, r, at)
}

// TestTwoUpdatesBeforeADigest: the current state was read by a bot between that of the base and today's, and can't be
// read again today. Nothing is told that did not happen, and no change is lost.
func TestTwoUpdatesBeforeADigest(t *testing.T) {
	for how, change := range map[string]func(s *source, n int){
		"parser": func(s *source, _ int) { s.parser++ },
		"setup":  func(s *source, _ int) { s.setup += " more" },
		"paths":  func(s *source, n int) { s.paths = [][]string{{"a", "b"}, {"a"}}[n] },
	} {
		t.Run(how, func(t *testing.T) {
			w := newWorld(t)
			src, due := w.source(), false
			w.r.Definitions[0].Due = func(_, _ time.Time) bool { return due }
			src.setup = "one"
			w.pushAll(map[string][]string{"a": {"Zero:alpha"}, "b": {"Other:alpha"}})
			w.ok(0)
			change(src, 0)
			w.pushAll(map[string][]string{"a": {"Zero:beta"}, "b": {"Other:alpha"}})
			w.ok(day)
			change(src, 1)
			if how != "paths" {
				src.reads = func(gs []gate.Gate) []gate.Gate { return append(gs, gates("a", "Extra:alpha")...) }
			}
			w.r.Upstreams[0].Sources[0] = headless{src}
			w.r.Upstreams[0].Sources = append(w.r.Upstreams[0].Sources, &source{w: w, name: "more", parser: 1, paths: []string{"b"}})
			w.pushAll(map[string][]string{"a": {"Zero:beta", "Two:alpha"}, "b": {"Other:alpha"}})
			due = true
			if _, err := w.run(day); err == nil {
				t.Fatal("no error")
			}
			w.want(w.issue, 1, "Zero", "could not be read", "!Two", "!Extra", "!Other")
			w.r.Upstreams[0].Sources[0] = src
			w.ok(day)
			w.want(w.issue, 2, "Two", "!Zero", "!Extra", "!Other")
		})
	}
}

// TestNewParserKeepsWhatCouldNotBeRead: what changed of a gate while it could not be read is told when it can, also by
// a new bot.
func TestNewParserKeepsWhatCouldNotBeRead(t *testing.T) {
	w := newWorld(t)
	w.push("Zero:alpha", "One:alpha")
	w.ok(0)
	w.source().unread, w.source().unreadAt = "Zero", 1
	w.push("Zero:beta", "One:beta")
	w.ok(day)
	w.want(w.issue, 1, "One", "!Zero")
	w.source().parser++
	w.push("Zero:beta", "One:beta", "Two:alpha")
	w.ok(day)
	w.want(w.issue, 2, "Two", "Zero")
}

// TestSourcesSeeTheirOwnPaths: two sources of one repository share a request, and neither is told what the other watches.
func TestSourcesSeeTheirOwnPaths(t *testing.T) {
	w := newWorld(t)
	other := w.beside("other", "b")
	w.pushAll(map[string][]string{"a": {"One:alpha"}, "b": {"Two:alpha"}})
	w.ok(0)
	for s, want := range map[*source]string{w.source(): "[a]", other: "[b]"} {
		if got := fmt.Sprint(s.told); got != want {
			t.Errorf("%s was told of %s, want %s", s.name, got, want)
		}
	}
}
