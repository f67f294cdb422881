package main

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/ghtest"
)

// TestFaultMatrix shows every limit at every call; here is what a user sees over hours.

// inBubble runs f with a released upstream, its clock at a full day.
func inBubble(t *testing.T, f func(b *bubble)) {
	t.Helper()
	w := newWorld(t)
	w.commit("v1.35", few, "v1.35.0")
	w.commit("v1.36", few)
	synctest.Test(t, func(t *testing.T) { f(newBubble(t, w.git, ghtest.Options{})) })
}

func (b *bubble) want(r result, code, issues int, says ...string) {
	b.t.Helper()
	if r.code != code {
		b.t.Errorf("exit code %d, want %d\n%s", r.code, code, r.stderr)
	}
	for _, text := range says {
		if !strings.Contains(r.stderr, text) {
			b.t.Errorf("it does not say %q:\n%s", text, r.stderr)
		}
	}
	if n := len(b.issues()); n != issues {
		b.t.Errorf("%d issues are filed, want %d", n, issues)
	}
}

// TestNothingLeftIsNoStop: every answer says that the hour is used up, and none refuses. v60 would send
// nothing after the first.
func TestNothingLeftIsNoStop(t *testing.T) {
	inBubble(t, func(b *bubble) {
		b.gh.AddFault(ghtest.Fault{Kind: ghtest.LowRemaining, Times: -1})
		start := time.Now()
		b.want(b.run("run"), exitDone, 1)
		if took := time.Since(start); took > 10*time.Second { // a second between writes
			b.t.Errorf("it took %s", took)
		}
	})
}

// TestHourUsedUpWhileFiling: the transaction is done and the issue is refused, for the rest of the hour. It
// is owed, and filed by the first run that may.
func TestHourUsedUpWhileFiling(t *testing.T) {
	inBubble(t, func(b *bubble) {
		b.gh.AddFault(ghtest.Fault{Kind: ghtest.PrimaryLimit, Match: isCreate, Times: 2, Reset: 50 * time.Minute})
		start := time.Now()
		b.want(b.run("run"), exitDelivery, 0, "acme/platform", "hourly limit (core) is used up until", "run again then")
		if took := time.Since(start); took > time.Minute {
			b.t.Errorf("it waited %s for what it could not wait for", took)
		}
		time.Sleep(20 * time.Minute)
		again := b.run("run")
		b.want(again, exitDelivery, 0, "hourly limit")
		time.Sleep(time.Hour)
		b.want(b.run("run"), exitDone, 1)
		if r := b.run("run"); r.api != 1 {
			b.t.Errorf("a quiet run cost %d requests", r.api)
		}
	})
}

// TestHourUsedUpWhileReading: nothing is told and nothing is lost.
func TestHourUsedUpWhileReading(t *testing.T) {
	inBubble(t, func(b *bubble) {
		b.gh.AddFault(ghtest.Fault{Kind: ghtest.GraphQLLimit, Path: "/graphql", Contains: "query Files", Reset: 50 * time.Minute})
		b.want(b.run("run"), exitSource, 0, "kubernetes: gates could not be read", "hourly limit (graphql)")
		time.Sleep(time.Hour)
		b.want(b.run("run"), exitDone, 1)
	})
}

// TestSlowDownIsWaitedOut: a long digest meets secondary limits between its parts. One run files it all.
func TestSlowDownIsWaitedOut(t *testing.T) {
	w := newWorld(t)
	w.commit("v1.35", few, "v1.35.0")
	w.commit("v1.36", func(rows []facts.Row) []facts.Row {
		rows = few(rows)
		for i := range 500 {
			name := fmt.Sprintf("InventedWidgetNumber%04d", i)
			rows = append(rows, facts.Row{Gate: name, Const: name, Component: "kubernetes", RegisteredIn: []string{"kubernetes"},
				Specs: []gate.Spec{{Since: "1.36", Stage: gate.Beta, Default: true}}})
		}
		return rows
	})
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, w.git, ghtest.Options{})
		writes := "/repos/acme/platform/**"
		b.gh.AddFault(ghtest.Fault{Kind: ghtest.SecondaryLimit, Method: "POST", Path: writes, Status: 429, RetryAfter: "90"})
		b.gh.AddFault(ghtest.Fault{Kind: ghtest.SecondaryLimit, Method: "POST", Path: writes, Skip: 1})
		b.gh.AddFault(ghtest.Fault{Kind: ghtest.SecondaryLimit, Method: "POST", Path: writes, Skip: 2, Times: 2, RetryAfter: "45"})
		r := b.run("run")
		b.want(r, exitDone, 1, "waiting for a limit")
		if b.gh.Faults() != 0 {
			t.Errorf("%d limits were not met", b.gh.Faults())
		}
		comments := b.issues()[0].Comments
		if len(comments) < 2 {
			t.Fatalf("the digest has %d comments; the test needs two", len(comments))
		}
		for i, c := range comments {
			if want := fmt.Sprintf("part=%d/%d", i+2, len(comments)+1); !strings.Contains(c.Body, want) {
				t.Errorf("comment %d is not %s", i, want)
			}
		}
	})
}

// TestOwnLimitIsRespected: the token's own requests use the hour up, as GitHub counts them.
func TestOwnLimitIsRespected(t *testing.T) {
	inBubble(t, func(b *bubble) {
		b.gh.AddToken(ghtest.Token{Value: secret, Login: "bot", Access: map[string]ghtest.Access{"acme/platform": ghtest.Write}, CoreLimit: 1})
		b.want(b.run("run"), exitDelivery, 0, "hourly limit (core)") // the label took the one request
		time.Sleep(time.Hour)
		b.want(b.run("run"), exitDone, 1)
	})
}

// TestRawHostThatRefusesHoldsUpNoFile: without a token twenty files are read. They do not wait one after
// the other for a host that asked to wait.
func TestRawHostThatRefusesHoldsUpNoFile(t *testing.T) {
	inBubble(t, func(b *bubble) {
		b.env = append(b.env, "GITHUB_TOKEN=")
		clean := b.run("run", "--dry-run")
		b.want(clean, exitDone, 0)
		for _, kind := range []ghtest.FaultKind{ghtest.SecondaryLimit, ghtest.Hang, ghtest.BadGateway} {
			time.Sleep(time.Hour) // sixty requests are the hour's
			b.gh.ClearFaults()
			b.gh.AddFault(ghtest.Fault{Kind: kind, Path: "/raw/**", Times: -1})
			start := time.Now()
			r := b.run("run", "--dry-run")
			b.want(r, exitDone, 0)
			if stable(r.stdout) != stable(clean.stdout) {
				b.t.Errorf("%s: another digest:\n%s", kind, r.stdout)
			}
			if took := time.Since(start); took > 5*time.Minute {
				b.t.Errorf("%s: it took %s", kind, took)
			}
		}
	})
}
