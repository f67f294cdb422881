package branchstore_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/store"
	"github.com/upstream-digest/bot/internal/store/branchstore"
	"github.com/upstream-digest/bot/internal/store/storetest"
)

// hand is a handle of a run, which is alone.
func (p *place) hand(now *time.Time) *branchstore.Store {
	p.t.Helper()
	s, err := open(p.gh.URL(), branchstore.Options{Now: func() time.Time { return *now }, Alone: true})
	if err != nil {
		p.t.Fatal(err)
	}
	return s
}

func (p *place) acquire(s *branchstore.Store, holder string) store.Lease {
	p.t.Helper()
	lease, err := s.Acquire(p.t.Context(), holder, time.Hour)
	if err != nil {
		p.t.Fatal(err)
	}
	return lease
}

func (p *place) commit(s *branchstore.Store, lease store.Lease, u store.Update) {
	p.t.Helper()
	if err := s.Commit(p.t.Context(), lease, &u); err != nil {
		p.t.Fatal(err)
	}
}

// history is the messages of the branch's commits, newest first.
func (p *place) history() []string {
	p.t.Helper()
	return strings.Split(p.git("log", "--format=%s", branch), "\n")
}

func (p *place) requests(f func()) int {
	before := p.gh.Count().API()
	f()
	return p.gh.Count().API() - before
}

func someRun(outcome string, at time.Time) *store.Run {
	return &store.Run{StartedAt: at, EndedAt: at, Outcome: outcome, Requests: 1}
}

// told is what a run writes that has something to tell.
func told(n int) store.Update {
	return store.Update{
		Snapshot: storetest.Snapshot(3, n, n),
		Cursors:  []store.Cursor{{Definition: "weekly", Seq: int64(n), Snapshot: store.CurrentSnapshot}},
		Deliveries: []store.Delivery{{
			Key: store.Key{Definition: "weekly", Seq: int64(n), Channel: "github-issue", Part: 1, Parts: 1}, Nonce: fmt.Sprint(n), State: store.Pending,
			Target: repository, Title: "Kubernetes upstream digest: v1.35.0 → v1.36.0 — 3 to act on, 2026-04-01", Body: "What changed\n", Labels: []string{"x"},
		}},
	}
}

// Acquire only looks. Of two runs that both may, the first to commit has claimed, and the other is told who was quicker
// and has written nothing.
func TestFirstCommitClaims(t *testing.T) {
	p := newPlace(t)
	now := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	a, b := p.hand(&now), p.hand(&now)
	la, lb := p.acquire(a, "build-7, process 12 [linux x]"), p.acquire(b, "build-8, process 9 [linux y]")
	if got := p.git("for-each-ref", "--format=%(refname)"); got != "refs/heads/main" {
		t.Errorf("looking wrote: %s", got)
	}
	p.commit(a, la, told(1))
	u := told(1)
	err := b.Commit(t.Context(), lb, &u)
	if !errors.Is(err, store.ErrFenced) || !strings.Contains(err.Error(), "build-7, process 12") || u.Snapshot.Seq != 0 {
		t.Errorf("the slower one: %v", err)
	}
	if err := b.Commit(t.Context(), lb, &store.Update{}); !errors.Is(err, store.ErrFenced) {
		t.Errorf("asking: %v", err)
	}
	if err := b.Release(t.Context(), lb); err != nil {
		t.Errorf("giving back what was never claimed: %v", err)
	}
	var held *store.HeldError
	if _, err := b.Acquire(t.Context(), "build-8", time.Hour); !errors.As(err, &held) || held.Lease != la {
		t.Errorf("while the first goes on: %v", err)
	}
	p.commit(a, la, store.Update{Run: someRun("told", now), End: &store.End{Keep: 10}})
	if got := p.history(); len(got) != 2 || got[0] != "run 1 done" || got[1] != "weekly: digest 1 queued, 3 to act on" {
		t.Errorf("history: %q", got)
	}
}

// A run that only delivers what is owed claims by asking, before it looks at its target.
func TestAskingClaims(t *testing.T) {
	p := newPlace(t)
	now := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	a, b := p.hand(&now), p.hand(&now)
	la, lb := p.acquire(a, "a"), p.acquire(b, "b")
	p.commit(a, la, store.Update{})
	if err := b.Commit(t.Context(), lb, &store.Update{}); !errors.Is(err, store.ErrFenced) {
		t.Errorf("both have claimed: %v", err)
	}
	// Who has just written need not look; who stood still looks, and sees that he was overtaken.
	if n := p.requests(func() { p.commit(a, la, store.Update{}) }); n != 0 {
		t.Errorf("asking at once cost %d requests", n)
	}
	now = now.Add(2 * time.Hour)
	c := p.hand(&now)
	p.commit(c, p.acquire(c, "c"), store.Update{})
	if err := a.Commit(t.Context(), la, &store.Update{}); !errors.Is(err, store.ErrFenced) {
		t.Errorf("an overtaken run may go on: %v", err)
	}
}

// A run that only looked is written down once a day, unless the one before it says otherwise.
func TestIdleRuns(t *testing.T) {
	p := newPlace(t)
	now := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	run := func(r *store.Run, idle bool, want int) {
		t.Helper()
		s := p.hand(&now)
		r.StartedAt, r.EndedAt = now, now
		before := 0
		if p.git("branch", "--list", branch) != "" {
			before = len(p.history())
		}
		p.commit(s, p.acquire(s, "run"), store.Update{Run: r, End: &store.End{Keep: 10}, Idle: idle})
		if after := p.git("branch", "--list", branch); after != "" && len(p.history())-before != want {
			t.Errorf("%s at %s: %d commits, want %d", r.Outcome, now, len(p.history())-before, want)
		}
	}
	quiet := func() *store.Run { return &store.Run{Outcome: "quiet", Requests: 1} }
	run(quiet(), true, 1) // the first
	now = now.Add(time.Hour)
	run(quiet(), true, 0)
	now = now.Add(18 * time.Hour)
	run(quiet(), true, 0)
	now = now.Add(time.Hour)
	run(quiet(), true, 1) // 20 hours after the last that is kept
	now = now.Add(time.Hour)
	run(&store.Run{Outcome: "failed", ExitCode: 3, Failed: []store.FailedSource{{Upstream: "kubernetes", Source: "gates", Reason: "502"}}}, false, 1)
	now = now.Add(time.Hour)
	run(quiet(), true, 1) // it says that the trouble is over
	now = now.Add(time.Hour)
	run(quiet(), false, 1)
	now = now.Add(-48 * time.Hour) // a clock was wrong
	run(quiet(), true, 1)
	if got := p.history(); !strings.HasPrefix(got[3], "run 3: kubernetes gates could not be read") || got[0] != "looked: nothing changed (run 6)" {
		t.Errorf("history: %q", got)
	}
}

// Of two quiet runs at once one is written down; the other has nothing to add, and nothing to complain of.
func TestTwoIdleRunsAtOnce(t *testing.T) {
	p := newPlace(t)
	now := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	a, b := p.hand(&now), p.hand(&now)
	la, lb := p.acquire(a, "a"), p.acquire(b, "b")
	for s, lease := range map[*branchstore.Store]store.Lease{a: la, b: lb} {
		p.commit(s, lease, store.Update{Run: someRun("quiet", now), End: &store.End{Keep: 10}, Idle: true})
	}
	if got := p.history(); len(got) != 1 {
		t.Errorf("history: %q", got)
	}
}

// lagging answers readings as the branch was one look ago.
type lagging struct {
	real branchstore.Heads
	last []repo.HeadResult
	on   bool
}

func (l *lagging) Heads(ctx context.Context, requests []repo.HeadRequest) []repo.HeadResult {
	if l.on {
		return l.last
	}
	l.last = l.real.Heads(ctx, requests)
	return l.last
}

func (l *lagging) Reader(repository string) (repo.Reader, error) { return l.real.Reader(repository) }

// GitHub's readings may lag behind its writes: a run that asks for its lock is not told by an old copy that it lost it.
func TestLaggingReading(t *testing.T) {
	p := newPlace(t)
	now := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	first := p.hand(&now)
	p.commit(first, p.acquire(first, "first"), store.Update{Run: someRun("told", now), End: &store.End{Keep: 10}})
	var lag *lagging
	s, err := openWith(p.gh.URL(), branchstore.Options{Now: func() time.Time { return now }, Alone: true}, func(h branchstore.Heads) branchstore.Heads {
		lag = &lagging{real: h}
		return lag
	})
	if err != nil {
		t.Fatal(err)
	}
	lease := p.acquire(s, "second")
	lag.on = true
	p.commit(s, lease, told(1))
	now = now.Add(time.Minute)
	p.commit(s, lease, store.Update{}) // asks, and is answered from before the claim
	p.commit(s, lease, told(2))
	lag.on = false
	now = now.Add(time.Minute)
	p.commit(s, lease, store.Update{})
	p.commit(s, lease, store.Update{Run: someRun("told", now), End: &store.End{Keep: 10}})
}

// Whether a write arrived whose answer was lost is seen on the branch; it is there once.
func TestLostAnswers(t *testing.T) {
	for name, one := range map[string]ghtest.Fault{
		"arrived":              {Kind: ghtest.CreatedButReset},
		"not arrived":          {Kind: ghtest.Reset},
		"502":                  {Kind: ghtest.BadGateway},
		"half an answer":       {Kind: ghtest.Truncated},
		"arrived, and again":   {Kind: ghtest.CreatedButReset, Times: 2},
		"not, and once more":   {Kind: ghtest.Reset, Times: 2},
		"something is wrong":   {Kind: ghtest.GraphQLErrors},
		"an answer in no form": {Kind: ghtest.HTML},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			now := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
			// The first write makes the branch, by git data; the second is a document.
			for round, match := range []func(ghtest.Request) bool{
				func(r ghtest.Request) bool { return strings.HasSuffix(r.Path, "/git/refs") },
				func(r ghtest.Request) bool { return strings.Contains(r.Document, "createCommitOnBranch") },
			} {
				f := one
				f.Match = match
				if f.Kind != ghtest.GraphQLErrors || round == 1 {
					p.gh.AddFault(f)
				}
				s := p.hand(&now)
				lease := p.acquire(s, "run")
				p.commit(s, lease, told(round+1))
				p.gh.ClearFaults()
				p.commit(s, lease, store.Update{Run: someRun("told", now), End: &store.End{Keep: 10}})
			}
			if got := p.history(); len(got) != 4 {
				t.Errorf("%d commits: %q", len(got), got)
			}
			all, err := p.hand(&now).Deliveries(t.Context(), "")
			if err != nil || len(all) != 2 {
				t.Errorf("%d deliveries, %v", len(all), err)
			}
		})
	}
}

// A branch that is deleted or pushed over while a run goes on: the run is fenced, and writes nothing.
func TestBranchChangedUnderARun(t *testing.T) {
	for name, change := range map[string]func(p *place, before string){
		"deleted":      func(p *place, _ string) { p.git("update-ref", "-d", "refs/heads/"+branch) },
		"force-pushed": func(p *place, before string) { p.git("update-ref", "refs/heads/"+branch, before) },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			now := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
			s := p.hand(&now)
			lease := p.acquire(s, "first")
			p.commit(s, lease, told(1))
			p.commit(s, lease, store.Update{Run: someRun("told", now), End: &store.End{Keep: 10}})
			before := p.git("rev-parse", branch)
			lease = p.acquire(s, "second")
			p.commit(s, lease, told(2))
			change(p, before)
			at := p.git("for-each-ref")
			u := told(3)
			if err := s.Commit(t.Context(), lease, &u); !errors.Is(err, store.ErrFenced) {
				t.Errorf("it goes on: %v", err)
			} else if !strings.Contains(err.Error(), "deleted or set back") || strings.Contains(err.Error(), "another run") {
				t.Errorf("nobody was quicker: %v", err)
			}
			if now := p.git("for-each-ref"); now != at {
				t.Errorf("it wrote:\n%s", now)
			}
		})
	}
}

// What is not the bot's own is none of its business: a README that somebody improves, a file beside.
func TestOtherFilesAreLeftAlone(t *testing.T) {
	p := newPlace(t)
	now := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	s := p.hand(&now)
	lease := p.acquire(s, "first")
	p.commit(s, lease, told(1))
	p.edit(func(dir string) {
		write(t, filepath.Join(dir, "README.md"))
		write(t, filepath.Join(dir, "NOTES.md"))
	})
	p.commit(s, lease, told(2)) // on a head that it has not seen: the lock is still its own
	p.commit(s, lease, store.Update{Run: someRun("told", now), End: &store.End{Keep: 1}})
	if got := p.git("show", branch+":NOTES.md"); got != "by hand" {
		t.Errorf("notes: %q", got)
	}
	if latest, err := p.hand(&now).Latest(t.Context()); err != nil || latest.Seq != 2 {
		t.Errorf("%+v, %v", latest, err)
	}
}

// A state that can't be used is taken the place of by an imported one; the old fence keeps old holders out.
func TestOverwrite(t *testing.T) {
	p := newPlace(t)
	now := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	s := p.hand(&now)
	lease := p.acquire(s, "first")
	p.commit(s, lease, told(1))
	e, err := s.Export(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p.replace("items/*.json", "Widget", "Gadget")
	s = p.hand(&now)
	_, err = s.Acquire(t.Context(), "next", time.Hour)
	var unusable *store.UnusableError
	if !errors.As(err, &unusable) || !s.Damaged(err) || !strings.Contains(unusable.Advice, "bot state import --replace") {
		t.Fatalf("error %v", err)
	}
	if err := s.Overwrite(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	next := p.hand(&now)
	taken := p.acquire(next, "next")
	p.commit(next, taken, told(2))
	if taken.Fence <= lease.Fence {
		t.Errorf("fence %d after %d", taken.Fence, lease.Fence)
	}
	if got := p.history(); len(got) != 4 || got[2] != "by hand" || !strings.HasPrefix(got[1], "imported 1 snapshots") {
		t.Errorf("history: %q", got)
	}
}

// What is too large for a document goes by git data, and comes back whole.
func TestLargeUpdate(t *testing.T) {
	p := newPlace(t)
	now := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	s := p.hand(&now)
	lease := p.acquire(s, "first")
	p.commit(s, lease, told(1))
	u := told(2)
	u.Snapshot = storetest.Snapshot(8000, 7, 2)
	p.commit(s, lease, u)
	if n := len(p.git("show", branch+":index.json")); n == 0 {
		t.Error("no index")
	}
	blobs := 0
	for _, r := range p.gh.Requests() {
		if strings.HasSuffix(r.Path, "/git/blobs") {
			blobs++
		}
	}
	if blobs == 0 {
		t.Error("it was not large enough")
	}
	got, err := p.hand(&now).Latest(t.Context())
	if err != nil || len(got.Upstreams[0].Sections[0].Items.Gates.Gates) != 8000 {
		t.Fatalf("%v", err)
	}
	p.commit(s, lease, store.Update{Run: someRun("told", now), End: &store.End{Keep: 1}})
	if got := p.git("ls-tree", "--name-only", branch, "items/"); strings.Contains(got, "\n") {
		t.Errorf("items left:\n%s", got)
	}
}

// What stands in the way is said in one sentence, with what to do.
func TestWhatStandsInTheWay(t *testing.T) {
	for name, one := range map[string]struct {
		spoil func(p *place)
		want  string
	}{
		"no right to write": {func(p *place) {
			p.gh.AddToken(ghtest.Token{Value: token, Login: "bot", Access: map[string]ghtest.Access{repository: ghtest.Read}})
		}, "contents: write"},
		"no such repository": {func(p *place) {
			p.gh.AddRepository(ghtest.Repository{Name: repository, Private: true})
			p.gh.AddToken(ghtest.Token{Value: token, Login: "bot"})
		}, "store.repository"},
		"empty repository": {func(p *place) { p.gh.AddRepository(ghtest.Repository{Name: repository}) }, "commit something there first"},
		"archived":         {func(p *place) { p.gh.AddRepository(ghtest.Repository{Name: repository, GitDir: p.dir, Archived: true}) }, "unarchive it"},
		"bad token":        {func(p *place) { p.gh.RevokeToken(token) }, "needs a token"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			one.spoil(p)
			now := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
			s := p.hand(&now)
			lease, err := s.Acquire(t.Context(), "run", time.Hour)
			if err == nil {
				u := told(1)
				err = s.Commit(t.Context(), lease, &u)
			}
			if err == nil || !strings.Contains(err.Error(), one.want) || !strings.Contains(err.Error(), "branch "+branch+" of "+repository) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v", err)
			}
		})
	}
}

// refusing are commits that GitHub refuses.
type refusing struct {
	err   error
	tries int
}

func (r *refusing) CommitFiles(context.Context, github.CommitRequest) (string, error) {
	r.tries++
	return "", r.err
}

// A commit that is refused whatever is tried is not tried for long, and the reason is said with what to do: a rule of
// the repository, or a token that may see the branch and not write it.
func TestRefusedForGood(t *testing.T) {
	for name, one := range map[string]struct {
		err  error
		most int
		want []string
	}{
		"a rule": {
			&github.ValidationError{Repository: repository, Message: "Repository rule violations found\n\nChanges must be made through a pull request.\n\n"},
			1, []string{"branch protection", "Changes must be made through a pull request.", "store.branch"},
		},
		"hidden":     {&github.NotFoundError{Repository: repository, What: "branch " + branch}, 10, []string{"token may see it"}},
		"never seen": {&github.StaleError{Repository: repository, Branch: branch, Expected: strings.Repeat("a", 40)}, 10, []string{"no longer stands at"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			now := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
			s := p.hand(&now)
			lease := p.acquire(s, "first")
			p.commit(s, lease, told(1))
			p.commit(s, lease, store.Update{Run: someRun("told", now), End: &store.End{Keep: 10}})
			no := &refusing{err: one.err}
			s, err := open(p.gh.URL(), branchstore.Options{Now: func() time.Time { return now }, Alone: true, Commits: no})
			if err != nil {
				t.Fatal(err)
			}
			lease = p.acquire(s, "second")
			u := told(2)
			err = s.Commit(t.Context(), lease, &u)
			if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "branch "+branch+" of "+repository) {
				t.Fatalf("%v", err)
			}
			for _, want := range one.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("it does not say %q: %v", want, err)
				}
			}
			if no.tries > one.most {
				t.Errorf("%d tries", no.tries)
			}
		})
	}
}

// A quiet look needs nothing but the first answer; what a run needs that has something to tell comes at once.
func TestCostOfLooking(t *testing.T) {
	p := newPlace(t)
	now := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	s := p.hand(&now)
	lease := p.acquire(s, "first")
	for n := 1; n <= 3; n++ {
		p.commit(s, lease, told(n))
	}
	p.commit(s, lease, store.Update{Run: someRun("told", now), End: &store.End{Keep: 10}})
	s = p.hand(&now)
	ctx := t.Context()
	look := func() {
		p.acquire(s, "quiet")
		_, e1 := s.Outline(ctx)
		_, e2 := s.Cursors(ctx)
		_, e3 := s.Runs(ctx, 1)
		_, e4 := s.Standing(ctx, "", store.GivenUp)
		if err := errors.Join(e1, e2, e3, e4); err != nil {
			t.Fatal(err)
		}
	}
	if n := p.requests(look); n != 1 {
		t.Errorf("a quiet look cost %d requests", n)
	}
	tell := func() {
		_, e1 := s.Latest(ctx)
		_, e2 := s.Runs(ctx, 0)
		_, e3 := s.Standing(ctx, "weekly")
		_, e4 := s.Snapshot(ctx, 3)
		if err := errors.Join(e1, e2, e3, e4); err != nil {
			t.Fatal(err)
		}
	}
	if n := p.requests(tell); n > 3 {
		t.Errorf("what is needed to tell cost %d requests", n)
	}
}
