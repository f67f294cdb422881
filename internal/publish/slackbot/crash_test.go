package slackbot_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/slacktest"
)

// die is a way for a process to end at its n-th record or request.
type die struct {
	name string
	// at arms it; it gives the context of the run.
	at func(f *fixture, n int) context.Context
}

// requests of a method-blind fault: the n-th from now on is cut, and so is all that follows.
func atRequest(after bool) func(f *fixture, n int) context.Context {
	return func(f *fixture, n int) context.Context {
		ctx, cancel := context.WithCancel(f.t.Context())
		f.slack.Fail(slacktest.Fault{Skip: n, After: after, Cut: true, Do: func() {
			f.dead.Store(true)
			cancel()
		}})
		return ctx
	}
}

func atRecord(saved bool) func(f *fixture, n int) context.Context {
	return func(f *fixture, n int) context.Context {
		ctx, cancel := context.WithCancel(f.t.Context())
		seen := 0
		f.onRecord = func(_ publish.Delivery, done bool) error {
			if done != saved {
				return nil
			}
			if seen++; seen <= n {
				return nil
			}
			f.dead.Store(true)
			cancel()
			return errDied
		}
		return ctx
	}
}

// A context that ends is no death: the run may still record.
func atCancel(after bool) func(f *fixture, n int) context.Context {
	return func(f *fixture, n int) context.Context {
		ctx, cancel := context.WithCancel(f.t.Context())
		f.slack.Fail(slacktest.Fault{Skip: n, After: after, Cut: true, Do: cancel})
		return ctx
	}
}

var deaths = []die{
	{"before a request takes effect", atRequest(false)},
	{"after a request took effect", atRequest(true)},
	{"before a record is written", atRecord(false)},
	{"after a record was written", atRecord(true)},
	{"interrupted before a request takes effect", atCancel(false)},
	{"interrupted after a request took effect", atCancel(true)},
}

// Wherever a delivery of three parts dies, what follows leaves each part there once.
func TestCrash(t *testing.T) {
	scenes := map[string]func(f *fixture) (want int){
		"fresh": func(f *fixture) int {
			f.queue("b", 0)
			return 3
		},
		"editing": func(f *fixture) int {
			f.queue("b", f.standing("a"))
			return 5
		},
		"editing what is gone": func(f *fixture) int {
			before := f.standing("a")
			f.queue("b", before)
			f.slack.Delete(channelID, ts(before))
			return 2 + 3
		},
		"behind a later one": func(f *fixture) int {
			before := f.standing("a")
			f.queue("b", before)
			old := f.saved
			f.Sleep(f.t.Context(), time.Hour)
			f.queue("c", before)
			f.mustDeliver()
			f.saved = old
			f.Sleep(f.t.Context(), time.Hour)
			return 1 + 2 + 2 + 3
		},
	}
	for scene, set := range scenes {
		for _, d := range deaths {
			t.Run(scene+"/"+d.name, func(t *testing.T) {
				for n := 0; ; n++ {
					f := newFixture(t)
					want := set(f)
					ctx := d.at(f, n)
					err := f.deliver(ctx)
					f.onRecord = nil
					f.dead.Store(false)
					f.slack.Heal()
					if err == nil && f.saved[2].Status == publish.Filed {
						if n < 4 {
							t.Errorf("the process died at %d places only", n)
						}
						if ctx.Err() == nil {
							return
						}
					}
					// Twice, for the first may have to look.
					for range 2 {
						f.Sleep(t.Context(), time.Minute)
						err = f.deliver(t.Context())
					}
					if err != nil {
						t.Fatalf("at %d: %v", n, err)
					}
					f.checkOnce("b")
					if got := len(f.slack.Messages(channelID)); got != want {
						t.Errorf("at %d: %d messages stand there, want %d", n, got, want)
					}
					if t.Failed() {
						t.Fatalf("died at %d", n)
					}
					if n > 40 {
						t.Fatal("no end")
					}
				}
			})
		}
	}
}

// A second run that takes over while the first is still in the middle of its request: the first finds its lock gone.
func TestTwoRuns(t *testing.T) {
	f := newFixture(t)
	f.queue("a", 0)
	first := true
	f.onRecord = func(d publish.Delivery, saved bool) error {
		// The first run slept behind its request; meanwhile a second one did all of it.
		if saved || d.Status != publish.Filed || !first {
			return nil
		}
		first = false
		if err := f.deliver(t.Context()); err != nil {
			t.Error(err)
		}
		return errDied
	}
	if err := f.deliver(t.Context()); err == nil {
		t.Error("the first run did not see that it lost its lock")
	}
	f.mustDeliver()
	f.checkOnce("a")
}

// Under faults and deaths at random nothing is told twice, and in the end nothing is lost.
func TestRandomFaults(t *testing.T) {
	seeds := 40
	if testing.Short() {
		seeds = 20
	}
	for seed := range seeds {
		r := rand.New(rand.NewPCG(uint64(seed), 7))
		f := newFixture(t)
		var standing int64
		total := 0
		for digest := range 3 {
			name := fmt.Sprintf("d%d", digest)
			f.queue(name, standing)
			for try := 0; f.saved[2].Status != publish.Filed; try++ {
				ctx := t.Context()
				if try < 12 {
					ctx = harm(f, r)
				}
				_ = f.deliver(ctx)
				f.onRecord = nil
				f.dead.Store(false)
				f.slack.Heal()
				f.slack.Late(0)
				f.Sleep(t.Context(), time.Duration(1+r.IntN(60))*time.Minute)
				for range r.IntN(5) {
					f.slack.Post(slacktest.Message{Channel: channelID, User: "U1", Text: "chatter"})
					total++
				}
				if try > 20 {
					t.Fatalf("seed %d: %s is never told", seed, name)
				}
			}
			f.checkOnce(name)
			if r.IntN(5) > 0 {
				standing = f.saved[0].ResultID
			} else {
				standing = 0
			}
			if t.Failed() {
				t.Fatalf("seed %d", seed)
			}
		}
		for nonce, n := range f.nonces() {
			if n != 1 {
				t.Fatalf("seed %d: %s stands there %d times", seed, nonce, n)
			}
		}
	}
}

// harm arms up to three faults at random.
func harm(f *fixture, r *rand.Rand) context.Context {
	ctx := f.t.Context()
	for range r.IntN(4) {
		switch r.IntN(5) {
		case 0:
			ctx = deaths[r.IntN(len(deaths))].at(f, r.IntN(8))
		case 1:
			f.slack.Late(r.IntN(4))
		default:
			names := slices.Sorted(maps.Keys(lost))
			fault := lost[names[r.IntN(len(names))]]
			if r.IntN(4) == 0 {
				fault = slacktest.Fault{Status: 429, RetryAfter: 1 + r.IntN(40)}
			}
			// A rate limit strikes before there is an effect.
			fault.Skip, fault.Times, fault.After = r.IntN(8), 1+r.IntN(3), fault.Status != 429 && r.IntN(2) == 0
			f.slack.Fail(fault)
		}
	}
	return ctx
}
