package github_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/upstream-digest/bot/internal/github"
)

// What a piece of work may cost is never exceeded, repetitions counted; other work is not bound by it.
func TestRequestsOfAContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good := ok(`{"default_branch":"main"}`)
		s := &script{replies: []reply{good, {status: 502}, good, good}}
		c := newClient(t, s)
		ctx := github.WithRequests(t.Context(), 2)
		if _, err := c.DefaultBranch(ctx, "a/b"); err != nil {
			t.Fatal(err)
		}
		_, err := c.DefaultBranch(ctx, "a/b") // the second is answered by 502, and a third is not sent
		if e := as[*github.SpentError](t, err); e.Most != 2 || !strings.Contains(e.Error(), "2 requests") {
			t.Errorf("%v", e)
		}
		if n := s.count(); n != 2 {
			t.Errorf("%d requests", n)
		}
		_ = as[*github.SpentError](t, c.GraphQL(ctx, github.Query{Document: `query { viewer { login } }`}, nil))
		if _, err := c.DefaultBranch(t.Context(), "a/b"); err != nil || s.count() != 3 {
			t.Errorf("without a bound: %v", err)
		}
	})
}
