package publish_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/report"
)

// busy is a repository in which so much changes that its listing is cut before it shows our issue.
type busy struct{ fake }

func (b *busy) Target(context.Context, string, time.Time, string) (github.Target, error) {
	return github.Target{Repository: "acme/platform", HasIssues: true, HasLabel: true}, nil
}

func (b *busy) OwnIssues(context.Context, string, int) ([]github.Issue, error) { return b.issues, nil }

// TestCutListingSaysNothing: a part that may be there is not filed again because a cut list lacks it.
func TestCutListingSaysNothing(t *testing.T) {
	for _, tt := range []struct {
		name           string
		own, there     bool
		later          int // own issues that were opened since
		creates        int
		wantUnclearErr bool
	}{
		{name: "own issues show it", own: true, there: true},
		{name: "own issues lack it", own: true, creates: 1},
		{name: "own issues lack it and reach back far enough", own: true, later: 99, creates: 1},
		{name: "own issues are cut too", own: true, later: 100, wantUnclearErr: true},
		{name: "nobody can tell", there: true, wantUnclearErr: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ps := parts(t)
				ps[0].Status = publish.Unclear
				ps[0].QueuedAt = time.Now()
				var b busy
				for range tt.later {
					b.issues = append(b.issues, github.Issue{Number: 9, ViewerDidAuthor: true, CreatedAt: time.Now()})
				}
				if tt.there {
					b.issues = []github.Issue{{Number: 1, Body: ps[0].Body, ViewerDidAuthor: true}}
				}
				c := publish.IssueChannel{Issues: &b, Settle: 30 * time.Second}
				if tt.own {
					c.Own = &b
				}
				err := c.Deliver(t.Context(), ps, func(publish.Delivery) error { return nil })
				if errors.Is(err, publish.ErrUnclear) != tt.wantUnclearErr || (err != nil) != tt.wantUnclearErr {
					t.Errorf("error %v", err)
				}
				if b.creates != tt.creates {
					t.Errorf("%d creates, want %d", b.creates, tt.creates)
				}
			})
		})
	}
}

// TestSettledIsComparedToo: the answer was lost, and the labels were dropped.
func TestSettledIsComparedToo(t *testing.T) {
	f := fake{create: func(i *github.Issue) error { i.Labels = nil; return &github.UnclearError{} }}
	c := publish.IssueChannel{Issues: &f}
	err := c.Deliver(t.Context(), parts(t), func(publish.Delivery) error { return nil })
	var p *publish.PartialError
	if !errors.As(err, &p) || !strings.Contains(p.Problem, "labels") {
		t.Errorf("error %v", err)
	}
}

// TestUnknownFailuresAreUnclear: only what is known not to have happened is owed again.
func TestUnknownFailuresAreUnclear(t *testing.T) {
	f := fake{create: func(*github.Issue) error { return errors.New("something new") }}
	c := publish.IssueChannel{Issues: &f}
	ps := parts(t)
	if err := c.Deliver(t.Context(), ps, func(publish.Delivery) error { return nil }); err == nil {
		t.Error("no error")
	}
	if ps[0].Status != publish.Unclear {
		t.Errorf("part 1 is %v", ps[0].Status)
	}
}

// TestNothingIsSentWhenTheIntentIsNotRecorded: the store is gone, so nobody would know.
func TestNothingIsSentWhenTheIntentIsNotRecorded(t *testing.T) {
	var f fake
	c := publish.IssueChannel{Issues: &f}
	broken := errors.New("no space left")
	if err := c.Deliver(t.Context(), parts(t), func(publish.Delivery) error { return broken }); !errors.Is(err, broken) || f.creates != 0 {
		t.Errorf("%d creates, error %v", f.creates, err)
	}
}

// TestMarkersOfManyUpstreamsFit: the marker names the commits of all of them.
func TestMarkersOfManyUpstreamsFit(t *testing.T) {
	d := digest(600)
	for i := range 40 {
		d.Upstreams = append(d.Upstreams, report.Upstream{UpstreamResult: diff.UpstreamResult{
			Upstream: fmt.Sprintf("upstream-%033d", i), From: diff.Ref{SHA: strings.Repeat("a", 40)}, To: diff.Ref{SHA: strings.Repeat("b", 40)},
		}})
	}
	id := publish.Identity{Seq: 3, Nonce: func() string { return nonce }}
	for _, p := range planOf(t, d, []publish.Destination{{Type: publish.TypeGitHubIssue, Target: "acme/platform"}}, id) {
		if m, ok := publish.ParseMarker(p.Body); !ok || len(m.Compared) != 41 || len(p.Body) > report.DefaultBudget {
			t.Errorf("part %d of %d: marker %v, %d bytes", p.Number, p.Of, ok, len(p.Body))
		}
	}
}

// TestOldStateIsFoundOut: what we filed and this state does not know of proves that the state is old.
func TestOldStateIsFoundOut(t *testing.T) {
	const other = "ffffffffffffffffffffffffffffffff"
	for _, tt := range []struct {
		name   string
		filed  func(m *publish.Marker, i *github.Issue)
		newest int64
		status publish.Status
		old    bool
	}{
		{name: "the same number", filed: func(*publish.Marker, *github.Issue) {}, old: true},
		{name: "the same number, where it was left unclear", filed: func(*publish.Marker, *github.Issue) {}, status: publish.Unclear, old: true},
		{name: "a later number", filed: func(m *publish.Marker, _ *github.Issue) { m.Seq = 4 }, newest: 3, old: true},
		{name: "a later number that the state knows", filed: func(m *publish.Marker, _ *github.Issue) { m.Seq = 4 }, newest: 4},
		{name: "an earlier number", filed: func(m *publish.Marker, _ *github.Issue) { m.Seq = 2 }},
		{name: "another definition", filed: func(m *publish.Marker, _ *github.Issue) { m.Definition = "alerts" }},
		{name: "another channel", filed: func(m *publish.Marker, _ *github.Issue) { m.Channel = "github-issue:two" }},
		{name: "somebody else's", filed: func(_ *publish.Marker, i *github.Issue) { i.ViewerDidAuthor = false }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ps := parts(t)
				ps[0].Status, ps[0].Newest = tt.status, tt.newest
				m, _ := publish.ParseMarker(ps[0].Body)
				m.Nonce = other
				i := github.Issue{Number: 1, ViewerDidAuthor: true, URL: "https://example.com/1"}
				tt.filed(&m, &i)
				i.Body = m.String() + "\nbody"
				f := fake{issues: []github.Issue{i}}
				c := publish.IssueChannel{Issues: &f}
				err := c.Deliver(t.Context(), ps, func(publish.Delivery) error { return nil })
				var old *publish.OldStateError
				if errors.As(err, &old) != tt.old || (f.creates == 0) != tt.old || !tt.old && err != nil {
					t.Errorf("%d creates, error %v", f.creates, err)
				}
				if tt.old && err != nil && !strings.Contains(err.Error(), i.URL) {
					t.Errorf("%q does not name the proof", err)
				}
			})
		})
	}
}
