package repo_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/repo"
)

func addIssues(gh *ghtest.Server) {
	gh.AddMilestone("up/stream", ghtest.Milestone{Title: "v1.37"})
	closed := day(6)
	for _, i := range []ghtest.Issue{
		{Title: "First", Author: "amy", Labels: []string{"kind/bug", "a,b", "🎉"}, Created: day(1), Updated: day(4), Comments: []ghtest.Comment{{Body: "x"}, {Body: "y"}}},
		{Title: "Second", Author: "zed", Labels: []string{"kind/bug"}, State: "closed", Reason: "not_planned", Created: day(2), Updated: day(6), Closed: &closed},
		{Title: "Third", Labels: []string{"Kind/Bug", "a,b"}, Milestone: "v1.37", Created: day(3), Updated: day(5)},
		{Title: "Fourth", Author: "amy", Created: day(4), Updated: day(5)},
		{Title: "Fifth", Author: "amy", Labels: []string{"kind/bug"}, Created: day(4), Updated: day(7)},
	} {
		gh.AddIssue("up/stream", i)
	}
	gh.AddPullRequest("up/stream", ghtest.PullRequest{Title: "Sixth", Author: "amy", Labels: []string{"kind/bug"}, State: "open", Created: day(6)})
}

// read takes all pages of a query, two issues each.
func read(t *testing.T, set *repo.Set, q repo.TicketQuery) []repo.Ticket {
	t.Helper()
	q.First = 2
	got := set.Heads(t.Context(), []repo.HeadRequest{{Repository: "up/stream", Tickets: []repo.TicketQuery{{First: 1}, q}}})[0]
	if err := errors.Join(got.Err, got.TicketsErr); err != nil {
		t.Fatal(err)
	}
	r, err := set.Reader("up/stream")
	if err != nil {
		t.Fatal(err)
	}
	page := got.Head.Tickets[1]
	var out []repo.Ticket
	for range 20 {
		for _, x := range page.Tickets {
			if !slices.ContainsFunc(out, func(o repo.Ticket) bool { return o.Number == x.Number }) {
				slices.Sort(x.Labels)
				out = append(out, x)
			}
		}
		if page.Next == "" {
			return out
		}
		if page, err = r.(repo.TicketReader).Tickets(t.Context(), q, page.Next); err != nil {
			t.Fatal(err)
		}
	}
	t.Fatal("the pages have no end")
	return nil
}

// TestTicketsOfEngines: both engines give the same issues in the same order, and no pull request.
func TestTicketsOfEngines(t *testing.T) {
	dir := upstream(t)
	for name, set := range engines(t, dir, addIssues) {
		if strings.Contains(name, "mirror") || name == "repository" || name == "clone" {
			got := set.Heads(t.Context(), []repo.HeadRequest{{Repository: "up/stream", Paths: []string{"pkg"}, Tickets: []repo.TicketQuery{{First: 2}}}})[0]
			if got.Err != nil || got.Head.OIDs["pkg"] == "" || !errors.Is(got.TicketsErr, errors.ErrUnsupported) {
				t.Errorf("%s: %+v", name, got)
			}
			continue
		}
		for _, tt := range []struct {
			what string
			q    repo.TicketQuery
			want string
		}{
			{"open", repo.TicketQuery{}, "5 3 4 1"},
			{"since is inclusive", repo.TicketQuery{Since: day(5)}, "3 4 2 5"},
			{"since, before all", repo.TicketQuery{Since: day(1)}, "1 3 4 2 5"},
			{"since, after all", repo.TicketQuery{Since: day(8)}, ""},
			{"a label, in whatever case", repo.TicketQuery{Label: "KIND/bug", Since: day(1)}, "1 3 2 5"},
			{"an author", repo.TicketQuery{Author: "amy", Since: day(1)}, "1 4 5"},
			{"a label and an author", repo.TicketQuery{Label: "kind/bug", Author: "amy"}, "5 1"},
			{"no such label", repo.TicketQuery{Label: "kind/none", Since: day(1)}, ""},
			{"an emoji", repo.TicketQuery{Label: "🎉", Since: day(1)}, "1"},
		} {
			var numbers []string
			got := read(t, set, tt.q)
			for _, x := range got {
				numbers = append(numbers, string(rune('0'+x.Number)))
			}
			// Issues of one second have no order that GitHub promises.
			norm := func(s string) string { return strings.ReplaceAll(s, "4 3", "3 4") }
			if norm(strings.Join(numbers, " ")) != tt.want {
				t.Errorf("%s, %s: %v, want %s", name, tt.what, numbers, tt.want)
			}
		}
		all := read(t, set, repo.TicketQuery{Since: day(1)})
		slices.SortFunc(all, func(a, b repo.Ticket) int { return a.Number - b.Number })
		want := []repo.Ticket{
			{Number: 1, Title: "First", URL: "https://github.com/up/stream/issues/1", Author: "amy", Labels: []string{"a,b", "kind/bug", "🎉"}, Created: day(1), Updated: day(4), Comments: 2},
			{Number: 2, Title: "Second", URL: "https://github.com/up/stream/issues/2", Author: "zed", Closed: true, StateReason: "not_planned", Labels: []string{"kind/bug"}, Created: day(2), Updated: day(6), ClosedAt: day(6)},
			{Number: 3, Title: "Third", URL: "https://github.com/up/stream/issues/3", Labels: []string{"a,b", "kind/bug"}, Milestone: "v1.37", Created: day(3), Updated: day(5)},
		}
		if d := cmp.Diff(want, all[:3]); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

// TestLabelWithComma: REST takes a comma for the end of a label, so all are listed there: never less than what was asked for.
func TestLabelWithComma(t *testing.T) {
	for name, set := range engines(t, upstream(t), addIssues) {
		if !strings.Contains(name, "anonymous") && name != "token" {
			continue
		}
		got := read(t, set, repo.TicketQuery{Label: "a,b", Since: day(1)})
		for _, n := range []int{1, 3} {
			if !slices.ContainsFunc(got, func(x repo.Ticket) bool { return x.Number == n }) {
				t.Errorf("%s: issue %d is missing", name, n)
			}
		}
	}
}

// TestTicketsThatFail leave the head as it is, and are never taken for none.
func TestTicketsThatFail(t *testing.T) {
	gh := serve(t, ghtest.Options{AnonymousLimit: 1000}, map[string]string{"up/stream": upstream(t)})
	addReleases(gh)
	addIssues(gh)
	ask := func(c *github.Client) repo.HeadResult {
		return newSet(t, repo.SetOptions{Client: c}).Heads(t.Context(), []repo.HeadRequest{{Repository: "up/stream", Paths: []string{"pkg"}, Releases: 3, Tickets: []repo.TicketQuery{{First: 2}}}})[0]
	}
	gh.AddFault(ghtest.Fault{Kind: ghtest.FieldError, Field: "issues", Times: -1})
	if got := ask(client(t, gh)); got.Err != nil || got.ReleasesErr != nil || got.TicketsErr == nil || len(got.Head.Releases) != 3 || got.Head.OIDs["pkg"] == "" {
		t.Errorf("%+v", got)
	}
	gh.ClearFaults()
	gh.AddFault(ghtest.Fault{Kind: ghtest.Empty, Path: "/repos/up/stream/issues", Times: -1})
	if got := ask(client(t, gh, anonymous)); got.Err != nil || got.TicketsErr == nil {
		t.Errorf("an empty answer is no empty list: %+v", got)
	}
	gh.ClearFaults()
	gh.SetIssuesDisabled("up/stream", true)
	for name, c := range map[string]*github.Client{"token": client(t, gh), "anonymous": client(t, gh, anonymous)} {
		got := ask(c)
		if got.Err != nil {
			t.Fatalf("%s: %v", name, got.Err)
		}
		must[*repo.TicketsOffError](t, got.TicketsErr)
	}
}

// TestNextPagesThatAreNone are refused.
func TestNextPagesThatAreNone(t *testing.T) {
	gh := serve(t, ghtest.Options{AnonymousLimit: 1000}, map[string]string{"up/stream": upstream(t)})
	r, err := newSet(t, repo.SetOptions{Client: client(t, gh, anonymous)}).Reader("up/stream")
	if err != nil {
		t.Fatal(err)
	}
	for _, next := range []string{"x", "/", "/0", "/-1", "/x", "2026/1", "2026-03-01T00:00:00Z/0", "2026-03-01T00:00:00Z/"} {
		if _, err := r.(repo.TicketReader).Tickets(t.Context(), repo.TicketQuery{First: 2}, next); err == nil {
			t.Errorf("%q begins a page", next)
		}
	}
}

// TestTicketsOfOneSecond: more of one second than a page holds are read on by number.
func TestTicketsOfOneSecond(t *testing.T) {
	many := func(gh *ghtest.Server) {
		for range 7 {
			gh.AddIssue("up/stream", ghtest.Issue{Title: "Bulk", Created: day(1), Updated: day(5)})
		}
		gh.AddIssue("up/stream", ghtest.Issue{Title: "Later", Created: day(1), Updated: day(5).Add(time.Second)})
	}
	for name, set := range engines(t, upstream(t), many) {
		if strings.Contains(name, "anonymous") || name == "token" {
			if got := read(t, set, repo.TicketQuery{Since: day(1)}); len(got) != 8 {
				t.Errorf("%s: %d of 8 issues", name, len(got))
			}
		}
	}
}
