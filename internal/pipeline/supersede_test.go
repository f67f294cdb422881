package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/store"
)

var errDead = errors.New("the channel is dead")

// TestTenFailedWeeksEndInOneDigest: a channel that is dead for ten weeks is told once of all of them.
func TestTenFailedWeeksEndInOneDigest(t *testing.T) {
	w := newWorld(t)
	w.push("Zero:alpha")
	w.ok(0)
	w.issue.fails = errDead
	words := []string{"Zero:alpha"}
	for i := range 10 {
		words = append(words, fmt.Sprintf("Gate%c:beta+", 'A'+i))
		w.push(words...)
		if _, err := w.run(week); err == nil {
			t.Fatal("a dead channel is no error")
		}
		if n := w.states()[store.Pending]; n != 1 {
			t.Fatalf("after %d weeks %d digests stand in line, want 1", i+1, n)
		}
	}
	w.issue.fails = nil
	w.ok(day)
	w.want(w.issue, 1, "GateA", "GateJ", "10 to know", "Earlier digests could not be delivered")
	if s := w.states(); s[store.Superseded] != 9 || s[store.Done] != 1 {
		t.Errorf("deliveries by state: %v", s)
	}
	w.ok(day)
	w.want(w.issue, 1)
}

// TestUndoneBeforeItWasDelivered: there and back again, and nobody heard of it: nothing is told.
func TestUndoneBeforeItWasDelivered(t *testing.T) {
	w := newWorld(t)
	w.push("Zero:alpha")
	w.ok(0)
	w.issue.fails = errDead
	w.push("Zero:beta+")
	if _, err := w.run(week); err == nil {
		t.Fatal("a dead channel is no error")
	}
	w.push("Zero:alpha")
	if _, err := w.run(week); err == nil {
		t.Fatal("what was owed was tried, and failed: that is an error")
	}
	w.issue.fails = nil
	w.ok(week)
	w.want(w.issue, 0)
	if s := w.states(); s[store.Superseded] != 1 || s[store.Pending] != 0 {
		t.Errorf("deliveries by state: %v", s)
	}
}

// TestWhatMayHaveArrivedIsNotMerged: an unknown delivery, and one of which a part is there, stay as they
// are; the next digest starts behind them.
func TestWhatMayHaveArrivedIsNotMerged(t *testing.T) {
	t.Run("unknown", func(t *testing.T) {
		w := newWorld(t)
		w.push("Zero:alpha")
		w.ok(0)
		w.issue.unclear = true
		w.push("Zero:alpha", "One:beta+")
		if _, err := w.run(week); err == nil {
			t.Fatal("no error")
		}
		w.push("Zero:alpha", "One:beta+", "Two:beta+")
		if _, err := w.run(week); err == nil {
			t.Fatal("no error")
		}
		w.issue.unclear = false
		w.ok(week)
		w.want(w.issue, 2, "Two", "!One")
		if !strings.Contains(w.issue.got[0].Body, "One") || strings.Contains(w.issue.got[0].Body, "Two") {
			t.Errorf("the first digest:\n%s", w.issue.got[0].Body)
		}
	})
	t.Run("partly there", func(t *testing.T) {
		w := newWorld(t)
		w.push("Zero:alpha")
		w.ok(0)
		var many []string
		for i := range 600 {
			many = append(many, fmt.Sprintf("InventedWidgetOfSomeLength%04d:beta+", i))
		}
		w.issue.partly = true
		w.push(many...)
		w.r.Repositories = w
		if _, err := w.r.Run(t.Context(), acceptRemovals); err == nil {
			t.Fatal("no error")
		}
		w.push(append(many, "Two:beta+")...)
		if _, err := w.run(week); err == nil {
			t.Fatal("no error")
		}
		w.issue.partly = false
		w.ok(week)
		seen := map[string]int{}
		for _, p := range w.issue.got {
			for i := range 600 {
				name := fmt.Sprintf("InventedWidgetOfSomeLength%04d", i)
				if strings.Contains(p.Body, "**`"+name+"`**") {
					seen[name]++
				}
			}
		}
		for name, n := range seen {
			if n != 1 {
				t.Errorf("%s is told %d times", name, n)
			}
		}
		if len(seen) != 600 {
			t.Errorf("%d of 600 changes are told", len(seen))
		}
	})
}

// TestEachChannelHasItsOwnDebts: the living channel hears each week, the dead one all at once.
func TestEachChannelHasItsOwnDebts(t *testing.T) {
	w := newWorld(t)
	w.r.Definitions[0].Destinations = append(w.r.Definitions[0].Destinations, publish.Destination{Type: publish.TypeFile, Target: "out/{seq}.md"})
	w.push("Zero:alpha")
	w.ok(0)
	w.issue.fails = errDead
	w.push("Zero:alpha", "One:beta+")
	_, _ = w.run(week)
	w.push("Zero:alpha", "One:beta+", "Two:beta+")
	_, _ = w.run(week)
	w.want(w.file, 2, "Two", "!One")
	w.issue.fails = nil
	w.push("Zero:alpha", "One:beta+", "Two:beta+", "Three:beta+")
	w.ok(week)
	w.want(w.file, 3, "Three", "!Two", "!One")
	// What was owed goes out first; the new change has a digest of its own.
	w.want(w.issue, 2, "Three", "!Two")
	if b := w.issue.got[0].Body; !strings.Contains(b, "One") || !strings.Contains(b, "Two") {
		t.Errorf("the merged digest:\n%s", b)
	}
}

// TestGivingUpTakesTimeAndIsToldElsewhere: ten failures within an hour lose nothing. After two days of
// them the digest is given up, and another channel says so, once.
func TestGivingUpTakesTimeAndIsToldElsewhere(t *testing.T) {
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
	if s := w.states(); s[store.GivenUp] != 0 || s[store.Pending] != 1 {
		t.Fatalf("given up within two hours: %v", s)
	}
	w.want(w.file, 1, "One")
	out, _ := w.run(3 * day)
	if s := w.states(); s[store.GivenUp] != 1 {
		t.Fatalf("not given up: %v, %v", s, out.Notices)
	}
	w.want(w.file, 2, "Digest 2 of weekly was never delivered to github-issue acme/platform", "bot state retry weekly/2/github-issue", "the channel is dead")
	for range 3 {
		w.ok(day)
	}
	w.want(w.file, 2)
	// The dead channel does not feed itself, and hears of it with the next news.
	w.want(w.issue, 0)
	w.issue.fails = nil
	w.push("Zero:alpha", "One:beta+", "Two:beta+")
	w.ok(day)
	w.want(w.issue, 1, "Two", "!One", "was never delivered")
}

// TestADeadChannelIsAskedOnceARun: what failed a moment ago is not tried again in the same run.
func TestADeadChannelIsAskedOnceARun(t *testing.T) {
	w := newWorld(t)
	w.push("Zero:alpha")
	w.ok(0)
	w.issue.fails = errDead
	w.push("Zero:alpha", "One:beta+")
	_, _ = w.run(week)
	w.issue.asked = 0
	w.push("Zero:alpha", "One:beta+", "Two:beta+")
	_, _ = w.run(week)
	if w.issue.asked != 1 {
		t.Errorf("it was asked %d times", w.issue.asked)
	}
}

// TestRetriedLongAfter: what was given up, and is asked for again when its base is gone from the store, is
// delivered as it was queued, and the next digest starts behind it.
func TestRetriedLongAfter(t *testing.T) {
	w := newWorld(t)
	w.push("Zero:alpha")
	w.ok(0)
	w.issue.fails = errDead
	w.push("Zero:alpha", "One:beta+")
	for range 6 {
		_, _ = w.run(4 * day)
	}
	if s := w.states(); s[store.GivenUp] != 1 {
		t.Fatalf("not given up: %v", s)
	}
	words := []string{"Zero:alpha", "One:beta+"}
	w.issue.fails = nil
	for i := range 4 { // its base is pruned
		words = append(words, fmt.Sprintf("More%d:beta+", i))
		w.push(words...)
		w.ok(day)
	}
	w.want(w.issue, 4)
	lease, err := w.st.Acquire(t.Context(), "retry", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	given, err := w.st.Deliveries(t.Context(), "weekly", store.GivenUp)
	if err != nil {
		t.Fatal(err)
	}
	given[0].State, given[0].Tries = store.Pending, 0
	if err := w.st.Commit(t.Context(), lease, &store.Update{Deliveries: given}); err != nil {
		t.Fatal(err)
	}
	if err := w.st.Release(t.Context(), lease); err != nil {
		t.Fatal(err)
	}
	w.issue.fails = errDead
	w.push(append(words, "Later:beta+")...)
	_, _ = w.run(day)
	w.issue.fails = nil
	w.ok(day)
	w.want(w.issue, 6)
	all := w.issue.got[4].Body + w.issue.got[5].Body
	if strings.Count(all, "**`One`**") != 1 || strings.Count(all, "**`Later`**") != 1 || strings.Contains(all, "**`More0`**") {
		t.Errorf("the last two digests:\n%s", all)
	}
}

// blind is a channel at which nothing can be looked for.
type blind struct{}

func (blind) Deliver(context.Context, []publish.Delivery, publish.Record) error {
	return errors.New("look for the digest: HTTP 502")
}

// TestRetriedThoughItMayBeThere: nobody knew whether it had arrived when it was given up, and no other digest tells
// the same when it is back in line.
func TestRetriedThoughItMayBeThere(t *testing.T) {
	w := newWorld(t)
	w.push("Zero:alpha")
	w.ok(0)
	w.issue.unclear = true
	w.push("Zero:alpha", "One:beta+")
	for range 12 {
		_, _ = w.run(2 * day)
	}
	if s := w.states(); s[store.GivenUp] != 1 {
		t.Fatalf("not given up: %v", s)
	}
	lease, err := w.st.Acquire(t.Context(), "retry", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	all, err := w.st.Deliveries(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	put, err := store.Retry(all, "weekly/2", w.now)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.st.Commit(t.Context(), lease, &store.Update{Deliveries: put}); err != nil {
		t.Fatal(err)
	}
	if err := w.st.Release(t.Context(), lease); err != nil {
		t.Fatal(err)
	}
	w.r.Channels[publish.TypeGitHubIssue] = blind{}
	w.push("Zero:alpha", "One:beta+", "Two:beta+")
	_, _ = w.run(day)
	w.issue.unclear = false
	w.r.Channels[publish.TypeGitHubIssue] = w.issue
	w.ok(day)
	w.want(w.issue, 2, "Two", "!One")
	if !strings.Contains(w.issue.got[0].Body, "One") {
		t.Error(w.issue.got[0].Body)
	}
}

// TestASilentChannelIsToldElsewhere: a channel that is dead for ten weeks, each of which has news, is never given up, for
// each digest takes the place of the one before; the other channel says so, once, and then no more.
func TestASilentChannelIsToldElsewhere(t *testing.T) {
	w := newWorld(t)
	w.r.Definitions = append(w.r.Definitions, w.r.Definitions[0])
	w.r.Definitions[1].Name = "alerts"
	w.r.Definitions[1].Destinations = []publish.Destination{{Type: publish.TypeFile, Target: "out/{seq}.md"}}
	w.push("Zero:alpha")
	w.ok(0)
	w.issue.fails = errDead
	words := []string{"Zero:alpha"}
	told := 0
	for i := range 10 {
		words = append(words, fmt.Sprintf("Gate%c:beta+", 'A'+i))
		w.push(words...)
		_, _ = w.run(week)
		w.want(w.file, i+1, fmt.Sprintf("Gate%c", 'A'+i))
		if strings.Contains(w.file.got[i].Body, "has taken nothing since") {
			told++
			if i != 1 || !strings.Contains(w.file.got[i].Body, "bot doctor --notify weekly") || !strings.Contains(w.file.got[i].Body, errDead.Error()) {
				t.Errorf("in week %d: %s", i, w.file.got[i].Body)
			}
		}
	}
	if told != 1 {
		t.Errorf("told %d times", told)
	}
	w.issue.fails = nil
	w.ok(day)
	w.want(w.issue, 1, "GateA", "GateJ", "!has taken nothing")
	w.ok(day)
	w.want(w.file, 10)
}
