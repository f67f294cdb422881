package repo_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/repo"
)

// finder looks milestones up.
type finder interface {
	MilestonesByNumber(ctx context.Context, numbers []int) (map[int]repo.Milestone, error)
}

func midnight(n int) time.Time { return time.Date(2026, 8, n, 0, 0, 0, 0, time.UTC) }

// addMilestones puts milestones behind a stand-in, with more closed ones than are asked for.
func addMilestones(gh *ghtest.Server) {
	due := time.Date(2026, 8, 26, 15, 30, 0, 0, time.UTC)
	gh.AddMilestone("up/stream", ghtest.Milestone{Number: 70, Title: "v1.37", Due: &due, OpenIssues: 8, ClosedIssues: 1132})
	gh.AddIssue("up/stream", ghtest.Issue{Title: "one more", Milestone: "v1.37"})
	gh.AddMilestone("up/stream", ghtest.Milestone{Number: 71, Title: "next & <later>"})
	for i := range 12 {
		at := day(i + 1)
		gh.AddMilestone("up/stream", ghtest.Milestone{Number: 10 + i, Title: fmt.Sprintf("v1.%d", i), State: "closed", Updated: at, ClosedAt: &at, ClosedIssues: i})
	}
}

// TestMilestonesComeWithHeads: with and without a token they are the same; a mirror has none, and that is no failure of
// the head.
func TestMilestonesComeWithHeads(t *testing.T) {
	url := func(n int) string { return fmt.Sprintf("https://github.com/up/stream/milestone/%d", n) }
	var want []repo.Milestone
	for i := 2; i < 12; i++ {
		want = append(want, repo.Milestone{Number: 10 + i, Title: fmt.Sprintf("v1.%d", i), URL: url(10 + i), Closed: true, ClosedAt: day(i + 1), ClosedIssues: i})
	}
	want = append(want,
		repo.Milestone{Number: 70, Title: "v1.37", URL: url(70), Due: midnight(26), OpenIssues: 9, ClosedIssues: 1132},
		repo.Milestone{Number: 71, Title: "next & <later>", URL: url(71)})
	for name, set := range engines(t, upstream(t), addMilestones) {
		got := set.Heads(t.Context(), []repo.HeadRequest{{Repository: "up/stream", Ref: "main", Paths: []string{"pkg"}, Milestones: true, Releases: 1}})[0]
		if got.Err != nil || got.ReleasesErr != nil || got.Head.OIDs["pkg"] == "" {
			t.Fatalf("%s: %+v", name, got)
		}
		if strings.Contains(name, "mirror") || name == "repository" || name == "clone" {
			var beside *repo.UnsupportedError
			if !errors.As(got.MilestonesErr, &beside) || beside.What != "milestones" {
				t.Errorf("%s: %v", name, got.MilestonesErr)
			}
			continue
		}
		if d := cmp.Diff(repo.Milestones{List: want}, got.Head.Milestones); d != "" || got.MilestonesErr != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, got.MilestonesErr, d)
		}
		r, err := set.Reader("up/stream")
		if err != nil {
			t.Fatal(err)
		}
		found, err := r.(finder).MilestonesByNumber(t.Context(), []int{10, 70, 99})
		if err != nil || len(found) != 2 || !found[10].Closed || found[70] != want[10] {
			t.Errorf("%s: by number: %v %v", name, found, err)
		}
		if got := set.Heads(t.Context(), []repo.HeadRequest{{Repository: "up/stream", Ref: "main"}})[0]; got.Head.Milestones.List != nil {
			t.Errorf("%s: they come unasked: %v", name, got.Head.Milestones)
		}
	}
}

// More open milestones than GitHub lists at once are never silently less.
func TestManyMilestones(t *testing.T) {
	many := func(gh *ghtest.Server) {
		for i := range 101 {
			due := midnight(1).AddDate(0, 0, i)
			gh.AddMilestone("up/stream", ghtest.Milestone{Title: fmt.Sprintf("m%d", i), Due: &due})
		}
	}
	for name, set := range engines(t, upstream(t), many) {
		got := set.Heads(t.Context(), []repo.HeadRequest{{Repository: "up/stream", Ref: "main", Milestones: true}})[0]
		if got.Err == nil && got.MilestonesErr == nil && (len(got.Head.Milestones.List) != 100 || !got.Head.Milestones.Partial || got.Head.Milestones.List[99].Title != "m99") {
			t.Errorf("%s: %d, partial %t", name, len(got.Head.Milestones.List), got.Head.Milestones.Partial)
		}
	}
}

// TestMilestonesCostNothingMore: with a token they ride along; without one they cost two requests, and only where they
// are wanted.
func TestMilestonesCostNothingMore(t *testing.T) {
	gh := serve(t, ghtest.Options{}, map[string]string{"up/stream": upstream(t)})
	addMilestones(gh)
	whole := func(*github.Options) {}
	for _, tt := range []struct {
		who  func(*github.Options)
		want bool
		cost int
	}{{whole, true, 1}, {whole, false, 1}, {anonymous, true, 5}, {anonymous, false, 3}} {
		set := newSet(t, repo.SetOptions{Client: client(t, gh, tt.who)})
		before := len(gh.Requests())
		got := set.Heads(t.Context(), []repo.HeadRequest{{Repository: "up/stream", Milestones: tt.want}})[0]
		if got.Err != nil || got.MilestonesErr != nil {
			t.Fatalf("%+v", got)
		}
		if n := len(gh.Requests()) - before; n != tt.cost {
			t.Errorf("wanted %t: %d requests, want %d", tt.want, n, tt.cost)
		}
	}
}

// What GitHub refuses of milestones leaves the head whole.
func TestFailedMilestonesLeaveTheHead(t *testing.T) {
	gh := serve(t, ghtest.Options{}, map[string]string{"up/stream": upstream(t)})
	addMilestones(gh)
	gh.AddFault(ghtest.Fault{Kind: ghtest.FieldError, Field: "milestones", Times: -1})
	got := newSet(t, repo.SetOptions{Client: client(t, gh)}).Heads(t.Context(), []repo.HeadRequest{{Repository: "up/stream", Milestones: true, Releases: 3}})[0]
	if got.Err != nil || got.ReleasesErr != nil || got.Head.SHA == "" || got.MilestonesErr == nil || !strings.Contains(got.MilestonesErr.Error(), "read the milestones of up/stream") {
		t.Errorf("%+v", got)
	}
}

// TestMilestonesThatWereNotSent are no deleted ones: whatever GitHub does not say plainly is an error.
func TestMilestonesThatWereNotSent(t *testing.T) {
	const one = `"m1":{"number":1,"title":"a","openIssues":{"totalCount":1},"closedIssues":{"totalCount":2},"openPulls":{"totalCount":0},"closedPulls":{"totalCount":0}}`
	for name, tt := range map[string]struct {
		answer string
		ok     bool
	}{
		"null":                  {`{"data":{"r":{` + one + `,"m2":null}}}`, true},
		"said to be missing":    {`{"data":{"r":{` + one + `,"m2":null}},"errors":[{"type":"NOT_FOUND","path":["r","m2"],"message":"x"}]}`, true},
		"not sent":              {`{"data":{"r":{` + one + `}}}`, false},
		"half":                  {`{"data":{"r":{` + one + `,"m2":{"number":2}}}}`, false},
		"not allowed":           {`{"data":{"r":{` + one + `,"m2":null}},"errors":[{"type":"FORBIDDEN","path":["r","m2"],"message":"x"}]}`, false},
		"an internal failure":   {`{"data":{"r":{` + one + `,"m2":null}},"errors":[{"path":["r","m2"],"message":"x"}]}`, false},
		"no repository":         {`{"data":{"r":null},"errors":[{"type":"NOT_FOUND","path":["r"],"message":"x"}]}`, false},
		"no repository, unsaid": {`{"data":{"r":null}}`, false},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(tt.answer)) }))
		defer srv.Close()
		c, err := github.New(github.Options{Token: github.NewSecret(token), APIURL: srv.URL, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		r, err := newSet(t, repo.SetOptions{Client: c}).Reader("up/stream")
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.(finder).MilestonesByNumber(t.Context(), []int{1, 2})
		if (err == nil) != tt.ok || tt.ok && (len(got) != 1 || got[1].ClosedIssues != 2) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// TestMilestonesWithHeadsThatWereNotSent: the like for the lists.
func TestMilestonesWithHeadsThatWereNotSent(t *testing.T) {
	const head = `"r0":{"defaultBranchRef":{"name":"main","target":{"__typename":"Commit","oid":"1111111111111111111111111111111111111111","committedDate":"2026-03-01T00:00:00Z","tree":{"oid":"2222222222222222222222222222222222222222"}}}}`
	const one = `{"number":1,"title":"a","openIssues":{"totalCount":1},"closedIssues":{"totalCount":2},"openPulls":{"totalCount":0},"closedPulls":{"totalCount":0}}`
	for name, tt := range map[string]struct {
		rest string
		ok   bool
	}{
		"whole":        {`,"m0":{"open":{"totalCount":1,"nodes":[` + one + `]},"closed":{"totalCount":0,"nodes":[]}}}`, true},
		"fewer":        {`,"m0":{"open":{"totalCount":2,"nodes":[` + one + `]},"closed":{"totalCount":0,"nodes":[]}}}`, false},
		"a hole":       {`,"m0":{"open":{"totalCount":2,"nodes":[` + one + `,null]},"closed":{"totalCount":0,"nodes":[]}}}`, false},
		"no closed":    {`,"m0":{"open":{"totalCount":1,"nodes":[` + one + `]},"closed":null}}`, false},
		"nothing":      {`}`, false},
		"gone between": {`,"m0":null},"errors":[{"type":"NOT_FOUND","path":["m0"],"message":"x"}]`, false},
		"not allowed":  {`,"m0":{"open":null,"closed":{"totalCount":0,"nodes":[]}}},"errors":[{"type":"FORBIDDEN","path":["m0","open"],"message":"x"}]`, false},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"data":{` + head + tt.rest + `}`))
		}))
		defer srv.Close()
		c, err := github.New(github.Options{Token: github.NewSecret(token), APIURL: srv.URL, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		got := newSet(t, repo.SetOptions{Client: c}).Heads(t.Context(), []repo.HeadRequest{{Repository: "up/stream", Milestones: true}})[0]
		if got.Err != nil || got.Head.SHA == "" || (got.MilestonesErr == nil) != tt.ok {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
