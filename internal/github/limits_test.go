package github_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/upstream-digest/bot/internal/github"
)

func readBranch(t *testing.T, c *github.Client) error {
	t.Helper()
	_, err := c.DefaultBranch(t.Context(), "a/b")
	return err
}

func askViewer(t *testing.T, c *github.Client) error {
	t.Helper()
	return c.GraphQL(t.Context(), github.Query{Document: `query { viewer { login } }`}, nil)
}

func openIssue(t *testing.T, c *github.Client) error {
	t.Helper()
	_, err := c.CreateIssue(t.Context(), "a/b", github.IssueRequest{Title: "t", Body: "b"})
	return err
}

func TestLimitsAreWaitedOut(t *testing.T) {
	const primary, secondary = `{"message":"API rate limit exceeded for user ID 1."}`, `{"message":"You have exceeded a secondary rate limit. Please wait."}`
	good := map[string]reply{
		"read": ok(`{"default_branch":"main"}`), "query": ok(`{"data":{"viewer":{"login":"b"}}}`), "write": {status: 201, body: `{"number":7}`},
	}
	acts := map[string]func(*testing.T, *github.Client) error{"read": readBranch, "query": askViewer, "write": openIssue}
	for name, c := range map[string]struct {
		limit func(now time.Time) reply
		wait  time.Duration
	}{
		"403 primary": {func(now time.Time) reply {
			return reply{status: 403, body: primary, header: rate(0, now.Add(40*time.Second))}
		}, 41 * time.Second},
		"429 primary": {func(now time.Time) reply {
			return reply{status: 429, body: primary, header: rate(0, now.Add(40*time.Second))}
		}, 41 * time.Second},
		"429 secondary": {func(now time.Time) reply {
			return reply{status: 429, body: secondary, header: rate(4000, now.Add(50*time.Minute), "Retry-After", "30")}
		}, 30 * time.Second},
		"403 secondary": {func(now time.Time) reply {
			return reply{status: 403, body: secondary, header: rate(4000, now.Add(50*time.Minute), "Retry-After", "30")}
		}, 30 * time.Second},
		"403 secondary with a date": {func(now time.Time) reply {
			return reply{status: 403, body: secondary, header: map[string]string{"Retry-After": now.Add(30 * time.Second).UTC().Format(http.TimeFormat)}}
		}, 30 * time.Second},
		// v60 would wait for the reset, 50 minutes on.
		"403 secondary without Retry-After": {func(now time.Time) reply {
			return reply{status: 403, body: secondary, header: rate(4000, now.Add(50*time.Minute))}
		}, time.Minute},
		"429 without a word": {func(time.Time) reply { return reply{status: 429} }, time.Minute},
		// The server's clock runs an hour ahead: its reset is still 40 seconds away.
		"403 primary, clocks apart": {func(now time.Time) reply {
			there := now.Add(time.Hour)
			return reply{status: 403, body: primary, header: rate(0, there.Add(40*time.Second), "Date", there.UTC().Format(http.TimeFormat))}
		}, 41 * time.Second},
	} {
		for act, do := range acts {
			t.Run(name+" "+act, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := &script{replies: []reply{c.limit(time.Now()), good[act]}}
					client := newClient(t, s)
					start := time.Now()
					if err := do(t, client); err != nil {
						t.Fatalf("%v, want it waited out", err)
					}
					if waited := time.Since(start); waited != c.wait {
						t.Errorf("waited %s, want %s", waited, c.wait)
					}
					if n := s.count(); n != 2 {
						t.Errorf("%d requests, want 2", n)
					}
				})
			})
		}
	}
}

func TestGraphQLLimitWithStatus200IsWaitedOut(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		wait time.Duration
	}{
		"primary":   {`{"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded for user ID 1."}]}`, 21 * time.Second},
		"secondary": {`{"data":null,"errors":[{"message":"You have exceeded a secondary rate limit."}]}`, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := rate(0, time.Now().Add(20*time.Second))
				if name == "secondary" {
					h = rate(4000, time.Now().Add(50*time.Minute))
				}
				s := &script{replies: []reply{{status: 200, header: h, body: c.body}, ok(`{"data":{"viewer":{"login":"b"}}}`)}}
				start := time.Now()
				if err := askViewer(t, newClient(t, s)); err != nil {
					t.Fatal(err)
				}
				if waited := time.Since(start); waited != c.wait {
					t.Errorf("waited %s, want %s", waited, c.wait)
				}
			})
		})
	}
}

func TestLimitBeyondTheBudgetIsSaidAtOnce(t *testing.T) {
	for name, do := range map[string]func(*testing.T, *github.Client) error{"read": readBranch, "query": askViewer, "write": openIssue} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				reset := start.Add(50 * time.Minute)
				s := &script{replies: []reply{{status: 403, body: `{"message":"API rate limit exceeded"}`, header: rate(0, reset)}}}
				err := do(t, newClient(t, s))
				e := as[*github.LimitError](t, err)
				if e.Kind != github.PrimaryLimit || e.Resource != "core" || e.Until.Sub(reset).Abs() > 2*time.Second {
					t.Errorf("%+v, want the primary limit of core until %s", e, reset)
				}
				if !github.NotExecuted(err) {
					t.Error("a limit does not execute, and NotExecuted denies it")
				}
				if time.Since(start) != 0 || s.count() != 1 {
					t.Errorf("after %s and %d requests, want at once", time.Since(start), s.count())
				}
			})
		})
	}
}

func TestSecondaryLimitDoublesAndGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{replies: []reply{{status: 403, body: `{"message":"You have exceeded a secondary rate limit"}`}}}
		start := time.Now()
		e := as[*github.LimitError](t, readBranch(t, newClient(t, s, func(o *github.Options) { o.MaxWait = 4 * time.Minute })))
		// 1 min, 2 min, and 4 more would be 7.
		if waited := time.Since(start); waited != 3*time.Minute || e.Kind != github.SecondaryLimit {
			t.Errorf("waited %s, then %v; want 3m0s and the secondary limit", waited, e)
		}
	})
}

func TestResetInThePastIsNoTightLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{replies: []reply{{status: 403, body: `{"message":"API rate limit exceeded"}`, header: rate(0, time.Now().Add(-time.Hour))}}}
		_ = as[*github.LimitError](t, readBranch(t, newClient(t, s)))
		if n := s.count(); n > 10 {
			t.Errorf("%d requests against a limit", n)
		}
	})
}

// After an answer with remaining 0, v60 sends nothing until the reset; after a secondary limit, neither.
func TestV60DoesNotBlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{replies: []reply{{status: 200, body: `{"default_branch":"main"}`, header: rate(0, time.Now().Add(50*time.Minute))}}}
		c := newClient(t, s)
		for range 3 {
			if err := readBranch(t, c); err != nil {
				t.Fatal(err)
			}
		}
		if n := s.count(); n != 3 {
			t.Errorf("%d requests, want 3", n)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := &script{replies: []reply{
			ok(fmt.Sprintf(`{"resources":{"core":{"limit":60,"remaining":0,"reset":%d}}}`, time.Now().Add(time.Hour).Unix())), ok(`{"default_branch":"main"}`),
		}}
		c := newClient(t, s)
		probe, err := c.Probe(t.Context())
		if core := probe.Limits["core"]; err != nil || core.Limit != 60 || core.Remaining != 0 {
			t.Fatalf("limits %v, %v", probe.Limits, err)
		}
		if err := readBranch(t, c); err != nil {
			t.Errorf("reading the limits blocks: %v", err)
		}
	})
}

// What one call learned holds for the next: it does not run into the same limit again.
func TestKnownLimitHoldsUpTheNextCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{replies: []reply{
			{status: 403, body: `{"message":"API rate limit exceeded"}`, header: rate(0, time.Now().Add(50*time.Minute))},
			ok(`{"data":{"viewer":{"login":"b"}}}`),
		}}
		c := newClient(t, s)
		_ = as[*github.LimitError](t, readBranch(t, c))
		_ = as[*github.LimitError](t, readBranch(t, c))
		if n := s.count(); n != 1 {
			t.Errorf("%d requests, want 1: the limit was known", n)
		}
		if err := askViewer(t, c); err != nil {
			t.Errorf("GraphQL has a limit of its own, but: %v", err)
		}
		time.Sleep(51 * time.Minute)
		s.replies = []reply{ok(`{"default_branch":"main"}`)}
		if err := readBranch(t, c); err != nil {
			t.Errorf("after the reset: %v", err)
		}
	})
}

func TestMissingPermissionWithTheLastRequestIsNoLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{replies: []reply{{status: 403, body: `{"message":"Resource not accessible by integration"}`, header: rate(0, time.Now().Add(time.Minute))}}}
		_ = as[*github.PermissionError](t, openIssue(t, newClient(t, s)))
	})
}

func TestWaitEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{replies: []reply{{status: 429, header: map[string]string{"Retry-After": "100"}}}}
		ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
		defer cancel()
		start := time.Now()
		_, err := newClient(t, s).DefaultBranch(ctx, "a/b")
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 7*time.Second {
			t.Errorf("%v after %s, want the context's end after 7s", err, time.Since(start))
		}
	})
}

// The budget is one for all pages of a call.
func TestPagesShareOneBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := reply{status: 429, header: map[string]string{"Retry-After": "50"}}
		page := reply{status: 200, body: `[{"name":"v1"}]`, header: map[string]string{"Link": `<https://api.github.com/repositories/1/tags?page=2>; rel="next"`}}
		s := &script{replies: []reply{limit, page, limit, page, limit, page}}
		start := time.Now()
		_, err := newClient(t, s).Tags(t.Context(), "a/b", 10)
		_ = as[*github.LimitError](t, err)
		if waited := time.Since(start); waited != 100*time.Second {
			t.Errorf("waited %s; want 50 s twice, and the third to exceed 2 min", waited)
		}
	})
}

func TestWritesKeepTheirDistance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{replies: []reply{{status: 201, body: `{"number":7}`}}}
		c := newClient(t, s, func(o *github.Options) { o.WriteInterval = 0 })
		for range 3 {
			if err := openIssue(t, c); err != nil {
				t.Fatal(err)
			}
		}
		for i := 1; i < 3; i++ {
			if d := s.log[i].at.Sub(s.log[i-1].at); d != time.Second {
				t.Errorf("write %d came %s after the one before, want 1s", i, d)
			}
		}
		start := time.Now()
		if err := readBranch(t, c); err == nil || time.Since(start) != 0 {
			// the scripted answer is an issue without a default branch, which is fine
			if err != nil {
				t.Fatal(err)
			}
		}
		if time.Since(start) != 0 {
			t.Error("a read waited for the writes' lane")
		}
	})
}
