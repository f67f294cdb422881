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
		creates        int
		wantUnclearErr bool
	}{
		{name: "own issues show it", own: true, there: true},
		{name: "own issues lack it", own: true, creates: 1},
		{name: "nobody can tell", there: true, wantUnclearErr: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ps := parts()
				ps[0].Status = publish.Unclear
				var b busy
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
	err := c.Deliver(t.Context(), parts(), func(publish.Delivery) error { return nil })
	var p *publish.PartialError
	if !errors.As(err, &p) || !strings.Contains(p.Problem, "labels") {
		t.Errorf("error %v", err)
	}
}

// TestUnknownFailuresAreUnclear: only what is known not to have happened is owed again.
func TestUnknownFailuresAreUnclear(t *testing.T) {
	f := fake{create: func(*github.Issue) error { return errors.New("something new") }}
	c := publish.IssueChannel{Issues: &f}
	ps := parts()
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
	if err := c.Deliver(t.Context(), parts(), func(publish.Delivery) error { return broken }); !errors.Is(err, broken) || f.creates != 0 {
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
	for _, p := range publish.Plan(d, []publish.Destination{{Type: publish.TypeGitHubIssue, Target: "acme/platform"}}, id) {
		if m, ok := publish.ParseMarker(p.Body); !ok || len(m.Compared) != 41 || len(p.Body) > report.DefaultBudget {
			t.Errorf("part %d of %d: marker %v, %d bytes", p.Number, p.Of, ok, len(p.Body))
		}
	}
}
