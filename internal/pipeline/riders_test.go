package pipeline_test

import (
	"context"
	"testing"

	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/sources"
)

// progress is a source of one milestone, in which issues are closed.
type progress struct{ closed int }

func (*progress) Name() string               { return snapshot.SourceMilestones }
func (*progress) Parser() int                { return 1 }
func (*progress) Setup() string              { return "acme/widgets" }
func (*progress) Watch(string) sources.Watch { return sources.Watch{Milestones: true, Present: true} }

func (p *progress) Collect(context.Context, repo.Reader, sources.Commit) (snapshot.Section, error) {
	set := &snapshot.MilestoneSet{Milestones: []snapshot.Milestone{{Number: 1, Title: "v1.36", OpenIssues: 100 - p.closed, ClosedIssues: p.closed}}}
	return snapshot.Section{Source: p.Name(), Status: snapshot.Complete, Parser: 1, Items: snapshot.Items{Milestones: set}}, nil
}

func (p *progress) Reread(_ context.Context, _ repo.Reader, sec snapshot.Section) (snapshot.Section, error) {
	return sec, nil
}

// TestUndoneBesideProgress: what was undone before it was delivered is told by no later digest, also where progress of
// milestones waits for one.
func TestUndoneBesideProgress(t *testing.T) {
	w := newWorld(t)
	p := &progress{}
	w.r.Upstreams[0].Sources = append(w.r.Upstreams[0].Sources, p)
	w.push("Zero:alpha")
	w.ok(0)
	w.issue.fails = errDead
	w.push("Zero:beta+")
	if _, err := w.run(week); err == nil {
		t.Fatal("a dead channel is no error")
	}
	w.push("Zero:alpha")
	p.closed = 10
	if _, err := w.run(week); err == nil {
		t.Fatal("what was owed was tried, and failed: that is an error")
	}
	w.issue.fails = nil
	w.ok(week)
	w.ok(week)
	w.want(w.issue, 0)
	p.closed = 20
	w.push("Zero:alpha", "One:beta+")
	w.ok(week)
	w.want(w.issue, 1, "One", "!Zero")
}
