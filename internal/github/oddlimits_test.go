package github_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/upstream-digest/bot/internal/github"
)

const (
	saysPrimary   = `{"message":"API rate limit exceeded for user ID 1."}`
	saysSecondary = `{"message":"You have exceeded a secondary rate limit."}`
)

// TestOddLimits: whatever the headers say, the wait is a sane one, or the error comes at once and says a
// sane time.
func TestOddLimits(t *testing.T) {
	for name, c := range map[string]struct {
		limit func(now time.Time) reply
		wait  time.Duration // 0: longer than the budget, so an error at once
		until time.Duration // what that error says
	}{
		"Retry-After of zero": {func(time.Time) reply {
			return reply{status: 429, header: map[string]string{"Retry-After": "0"}}
		}, time.Second, 0},
		"negative Retry-After counts as none": {func(time.Time) reply {
			return reply{status: 429, header: map[string]string{"Retry-After": "-5"}}
		}, time.Minute, 0},
		"Retry-After in words counts as none": {func(time.Time) reply {
			return reply{status: 403, body: saysSecondary, header: map[string]string{"Retry-After": "soon"}}
		}, time.Minute, 0},
		"date that has passed": {func(now time.Time) reply {
			return reply{status: 429, header: map[string]string{"Retry-After": now.Add(-time.Hour).UTC().Format(http.TimeFormat)}}
		}, time.Second, 0},
		"date by a clock that runs ahead": {func(now time.Time) reply {
			there := now.Add(3 * time.Hour)
			return reply{status: 429, header: map[string]string{"Date": there.UTC().Format(http.TimeFormat), "Retry-After": there.Add(9 * time.Second).UTC().Format(http.TimeFormat)}}
		}, 9 * time.Second, 0},
		"Retry-After of a century": {func(time.Time) reply {
			return reply{status: 429, header: map[string]string{"Retry-After": "3155760000"}}
		}, 0, 7 * 24 * time.Hour},
		"Retry-After that no number holds": {func(time.Time) reply {
			return reply{status: 403, body: saysSecondary, header: map[string]string{"Retry-After": "99999999999999999999999"}}
		}, 0, 7 * 24 * time.Hour},
		"date of another era": {func(time.Time) reply {
			return reply{status: 429, header: map[string]string{"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}}
		}, 0, 7 * 24 * time.Hour},
		"reset in milliseconds": {func(now time.Time) reply {
			h := rate(0, now)
			h["X-Ratelimit-Reset"] = fmt.Sprint(now.Add(time.Minute).UnixMilli())
			return reply{status: 403, body: saysPrimary, header: h}
		}, time.Minute, 0},
		"reset as large as it gets": {func(now time.Time) reply {
			h := rate(0, now)
			h["X-Ratelimit-Reset"] = "9223372036854775807"
			return reply{status: 403, body: saysPrimary, header: h}
		}, time.Minute, 0},
		"reset that is no number": {func(now time.Time) reply {
			h := rate(0, now)
			h["X-Ratelimit-Reset"] = "tomorrow"
			return reply{status: 429, body: saysPrimary, header: h}
		}, time.Minute, 0},
		// Something is left of the hour, so its end is not what to wait for.
		"limit in words, with requests left": {func(now time.Time) reply {
			return reply{status: 403, body: saysPrimary, header: rate(4000, now.Add(50*time.Minute))}
		}, time.Minute, 0},
		"limit in words, without headers": {func(time.Time) reply {
			return reply{status: 403, body: saysPrimary}
		}, time.Minute, 0},
		"primary with Retry-After": {func(now time.Time) reply {
			return reply{status: 429, body: saysPrimary, header: rate(0, now.Add(50*time.Minute), "Retry-After", "20")}
		}, 20 * time.Second, 0},
		"page of a proxy": {func(time.Time) reply {
			return reply{status: 429, body: "<html>slow down</html>", header: map[string]string{"Retry-After": "11"}}
		}, 11 * time.Second, 0},
	} {
		for act, do := range map[string]func(*testing.T, *github.Client) error{"read": readBranch, "write": openIssue} {
			t.Run(name+" "+act, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := &script{replies: []reply{c.limit(time.Now()), {status: 201, body: `{"number":7,"default_branch":"main"}`}}}
					start := time.Now()
					err := do(t, newClient(t, s))
					if c.wait == 0 {
						e := as[*github.LimitError](t, err)
						if got := e.Until.Sub(start); got.Round(time.Minute) != c.until || time.Since(start) != 0 || !github.NotExecuted(err) {
							t.Errorf("after %s: %v; want it at once, until in %s, and not executed", time.Since(start), err, c.until)
						}
						return
					}
					if err != nil || time.Since(start) != c.wait || s.count() != 2 {
						t.Errorf("%v after %s and %d requests, want one wait of %s", err, time.Since(start), s.count(), c.wait)
					}
				})
			})
		}
	}
}

func TestGraphQLLimitsInOtherForms(t *testing.T) {
	good := ok(`{"data":{"viewer":{"login":"b"}}}`)
	for name, c := range map[string]struct {
		body string
		wait time.Duration
	}{
		"REST's form under status 200": {`{"message":"You have exceeded a secondary rate limit.","documentation_url":"x"}`, time.Minute},
		"no type":                      {`{"data":null,"errors":[{"message":"API rate limit exceeded for user ID 1."}]}`, 21 * time.Second},
		"in the middle of a query":     {`{"data":{"a":{"id":"1"},"b":null},"errors":[{"type":"RATE_LIMITED","path":["b"],"message":"API rate limit exceeded"}]}`, 21 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{replies: []reply{{status: 200, header: rate(0, time.Now().Add(20*time.Second)), body: c.body}, good}}
				start := time.Now()
				if err := askViewer(t, newClient(t, s)); err != nil {
					t.Fatal(err)
				}
				if waited := time.Since(start); waited != c.wait || s.count() != 2 {
					t.Errorf("waited %s in %d requests, want %s in 2", waited, s.count(), c.wait)
				}
			})
		})
	}
	t.Run("too dear", func(t *testing.T) { // so that whoever can cut the document in two does
		synctest.Test(t, func(t *testing.T) {
			s := &script{replies: []reply{ok(`{"data":{"a":null},"errors":[{"type":"RESOURCE_LIMITS_EXCEEDED","path":["a"],"message":"Resource limits for this query exceeded."}]}`)}}
			err := newClient(t, s).GraphQL(t.Context(), github.Query{Document: "query X { a }", Tries: 2}, nil)
			if _ = as[*github.ServerError](t, err); s.count() != 2 {
				t.Errorf("%d requests, want 2", s.count())
			}
		})
	})
	t.Run("words of an answer are no limit", func(t *testing.T) {
		s := &script{replies: []reply{ok(`{"data":{"x":{"message":"You have exceeded a secondary rate limit."}}}`)}}
		if err := newClient(t, s).GraphQL(t.Context(), github.Query{Document: "query X { x }"}, nil); err != nil || s.count() != 1 {
			t.Errorf("%v after %d requests", err, s.count())
		}
	})
}

func TestLimitAmongManyPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		page := func(n int) reply {
			r := reply{status: 200, body: fmt.Sprintf(`[{"name":"v%d"}]`, n), header: map[string]string{}}
			if n < 4 {
				r.header["Link"] = fmt.Sprintf(`<https://api.github.com/repositories/1/tags?page=%d>; rel="next"`, n+1)
			}
			return r
		}
		limit := reply{status: 403, body: saysSecondary, header: map[string]string{"Retry-After": "40"}}
		s := &script{replies: []reply{page(1), page(2), limit, limit, page(3), page(4)}}
		tags, err := newClient(t, s).Tags(t.Context(), "a/b", 10)
		if err != nil || strings.Join(tags, " ") != "v1 v2 v3 v4" {
			t.Errorf("%v, %v", tags, err)
		}
	})
}

// limitUntil refuses everything until some time.
type limitUntil struct {
	mu    sync.Mutex
	until time.Time
}

func (l *limitUntil) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	left := time.Until(l.until)
	l.mu.Unlock()
	one := &script{replies: []reply{{status: 200, body: `{"default_branch":"main"}`}}}
	if left > 0 {
		one.replies = []reply{{status: 429, header: map[string]string{"Retry-After": fmt.Sprint(int(left.Seconds()))}}}
	}
	return one.RoundTrip(r)
}

func (l *limitUntil) limit(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until = time.Now().Add(d)
}

// TestCallersInParallelWaitOnce: the same minute is not paid for by each of them. Here eight files of a batch
// wait 50 s side by side, which is not 400 s.
func TestCallersInParallelWaitOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &limitUntil{}
		l.limit(50 * time.Second)
		c := newClient(t, l)
		ctx := c.OneStep(t.Context())
		start := time.Now()
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			wg.Go(func() { _, errs[i] = c.DefaultBranch(ctx, fmt.Sprintf("a/b%d", i)) })
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil || time.Since(start) != 50*time.Second {
			t.Errorf("after %s: %v; want 50 s for all", time.Since(start), err)
		}
		// One after the other they pay each: 50 + 50 are in the budget of 2 min, 50 more are not.
		l.limit(50 * time.Second)
		_, err := c.DefaultBranch(ctx, "a/more")
		if err != nil {
			t.Errorf("the second wait: %v", err)
		}
		l.limit(50 * time.Second)
		_, err = c.DefaultBranch(ctx, "a/evenmore")
		_ = as[*github.LimitError](t, err)
	})
}

// TestWritersInParallelAreEachExecutedOnce: two writers, a limit, and no issue too many.
func TestWritersInParallelAreEachExecutedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := reply{status: 403, body: saysSecondary, header: map[string]string{"Retry-After": "30"}}
		s := &script{replies: []reply{limit, {status: 201, body: `{"number":7}`}}}
		c := newClient(t, s)
		var wg sync.WaitGroup
		errs := make([]error, 2)
		for i := range errs {
			wg.Go(func() {
				_, errs[i] = c.CreateIssue(t.Context(), "a/b", github.IssueRequest{Title: fmt.Sprint(i), Body: "b"})
			})
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil || s.count() != 3 {
			t.Errorf("%d requests, %v; want the refused one and one for each", s.count(), err)
		}
	})
}

// TestLimitErrorsAreClean: the resource's name is a server's text.
func TestLimitErrorsAreClean(t *testing.T) {
	s := &script{replies: []reply{{status: 403, body: saysPrimary, header: map[string]string{
		"X-Ratelimit-Remaining": "0", "X-Ratelimit-Reset": fmt.Sprint(time.Now().Add(time.Hour).Unix()),
		"X-Ratelimit-Resource": "core\x1b[2J" + strings.Repeat("x", 200),
	}}}}
	err := readBranch(t, newClient(t, s))
	if text := as[*github.LimitError](t, err).Error(); strings.ContainsRune(text, 0x1b) || len(text) > 250 {
		t.Errorf("%q", text)
	}
}

// TestTimeOfOneRequestIsNotTheCallersTime: a request that was too slow must not look like the end of the
// caller's context.
func TestTimeOfOneRequestIsNotTheCallersTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{replies: []reply{{hang: true}}}
		err := readBranch(t, newClient(t, s))
		if _ = as[*github.NetworkError](t, err); strings.Contains(fmt.Sprint(err), "deadline") || isDeadline(err) {
			t.Errorf("%v", err)
		}
	})
}

func isDeadline(err error) bool { return errors.Is(err, context.DeadlineExceeded) }
