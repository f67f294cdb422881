package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/upstream-digest/bot/internal/config"
)

// service is a service under test: its runs are remembered, and do what a test says.
type service struct {
	*Service
	t    *testing.T
	log  bytes.Buffer
	runs []time.Time
	do   func(ctx context.Context, n int) (Result, error)
	next func() (*Plan, error) // what a reload reads
	stop context.CancelFunc
	done chan struct{}
}

func schedule(t *testing.T, expression, zone string) Schedule {
	t.Helper()
	s, err := config.Schedule(expression, zone)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// start begins the loop. It must be called within a bubble, where time stands still until all wait.
func start(t *testing.T, p *Plan) *service {
	t.Helper()
	s := &service{t: t, done: make(chan struct{})}
	p.Run = func(ctx context.Context) (Result, error) {
		s.runs = append(s.runs, time.Now())
		if s.do != nil {
			return s.do(ctx, len(s.runs))
		}
		return Result{Requests: 1}, nil
	}
	p.View = func(context.Context) (View, error) { return View{}, nil }
	s.next = func() (*Plan, error) { return p, nil }
	svc, err := New(t.Context(), Options{
		Plan: func(context.Context) (*Plan, error) { return s.next() }, Now: time.Now, Version: "test",
		Log: slog.New(slog.NewTextHandler(&s.log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Service = svc
	return s
}

func (s *service) loop() {
	ctx, cancel := context.WithCancel(s.t.Context())
	s.stop = cancel
	go func() { s.Loop(ctx); close(s.done) }()
	s.t.Cleanup(s.end)
	synctest.Wait()
}

func (s *service) end() {
	s.stop()
	<-s.done
}

// at lets the time pass until a moment.
func (s *service) at(moment string) {
	s.t.Helper()
	t, err := time.Parse(time.RFC3339, moment)
	if err != nil {
		s.t.Fatal(err)
	}
	sleepUntil(t)
	synctest.Wait()
}

func sleepUntil(t time.Time) {
	if d := time.Until(t); d > 0 {
		<-time.NewTimer(d).C
	}
}

// want asserts when runs began.
func (s *service) want(times ...string) {
	s.t.Helper()
	var got []string
	for _, r := range s.runs {
		got = append(got, r.UTC().Format("01-02 15:04"))
	}
	if !slices.Equal(got, times) {
		s.t.Errorf("runs began at %v, want %v\n%s", got, times, &s.log)
	}
}

// The bubble's clock begins at midnight of 1 January 2000.

func TestRunsAtTheBoundaries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, &Plan{Schedules: map[string]Schedule{"daily": schedule(t, "17 7 * * *", "UTC"), "noon": schedule(t, "0 12 * * *", "UTC")}})
		s.loop()
		s.at("2000-01-02T13:00:00Z")
		s.want("01-01 00:00", "01-01 07:17", "01-01 12:00", "01-02 07:17", "01-02 12:00")
	})
}

// TestWhereClocksChange: Europe's clocks go forward on 26 March 2000 at 01:00 UTC, and back on 29 October.
func TestWhereClocksChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, &Plan{Schedules: map[string]Schedule{"nightly": schedule(t, "30 2 * * *", "Europe/Berlin")}})
		s.at("2000-03-25T00:00:00Z")
		s.loop()
		s.at("2000-03-27T12:00:00Z")
		s.want("03-25 00:00", "03-25 01:30", "03-26 01:00", "03-27 00:30")
		s.runs = nil
		s.end()
		s.done = make(chan struct{})
		s.at("2000-10-28T12:00:00Z")
		s.loop()
		s.at("2000-10-30T12:00:00Z")
		s.want("10-28 12:00", "10-29 00:30", "10-30 01:30")
	})
}

// TestDowntimeIsOneRun: whatever became due while the machine slept is one run, at the start.
func TestDowntimeIsOneRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, &Plan{Schedules: map[string]Schedule{"daily": schedule(t, "17 7 * * *", "UTC")}})
		s.loop()
		s.at("2000-01-01T08:00:00Z")
		s.end()
		s.done = make(chan struct{})
		s.at("2000-01-04T08:00:00Z") // three periods later
		s.loop()
		s.at("2000-01-05T08:00:00Z")
		s.want("01-01 00:00", "01-01 07:17", "01-04 08:00", "01-05 07:17")
	})
}

// TestLongRunIsFollowedByOne: a run that lasts over several boundaries is followed by one run at once, for what became due
// meanwhile.
func TestLongRunIsFollowedByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, &Plan{Schedules: map[string]Schedule{"hourly": schedule(t, "0 * * * *", "UTC")}})
		s.do = func(_ context.Context, n int) (Result, error) {
			if n == 2 {
				<-time.NewTimer(3*time.Hour + 10*time.Minute).C
			}
			return Result{}, nil
		}
		s.loop()
		s.at("2000-01-01T06:30:00Z")
		s.want("01-01 00:00", "01-01 01:00", "01-01 04:10", "01-01 05:00", "01-01 06:00")
	})
}

func TestPanicIsARunThatFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, &Plan{Schedules: map[string]Schedule{"daily": schedule(t, "17 7 * * *", "UTC")}})
		s.do = func(_ context.Context, n int) (Result, error) {
			if n == 2 {
				var m map[string]int
				m["x"]++ //nolint:staticcheck // it is to panic
			}
			return Result{}, nil
		}
		s.loop()
		s.at("2000-01-02T08:00:00Z")
		s.want("01-01 00:00", "01-01 07:17", "01-01 07:18", "01-02 07:17")
		if !strings.Contains(s.log.String(), "the run panicked") || !strings.Contains(s.log.String(), "loop_test.go") {
			t.Errorf("the log does not say where it panicked:\n%s", &s.log)
		}
	})
}

// TestFailedRunsAreTriedSooner: the waits grow, and after a good run the schedule alone counts.
func TestFailedRunsAreTriedSooner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, &Plan{Schedules: map[string]Schedule{"weekly": schedule(t, "17 7 * * 1", "UTC")}})
		s.do = func(_ context.Context, n int) (Result, error) {
			if n <= 3 {
				return Result{ExitCode: 3}, errors.New("upstream is down")
			}
			return Result{}, nil
		}
		s.loop()
		s.at("2000-01-03T08:00:00Z")
		s.want("01-01 00:00", "01-01 00:01", "01-01 00:03", "01-01 00:08", "01-03 07:17")
	})
}

func TestDefinitionsWithoutScheduleHaveAnInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, &Plan{Every: 6 * time.Hour, Jitter: time.Minute})
		s.opts.Random = func() float64 { return 0.5 }
		s.loop()
		s.at("2000-01-01T13:00:00Z")
		s.want("01-01 00:00", "01-01 06:00", "01-01 12:01")
	})
}

// TestReload: another schedule counts at once; a configuration that is wrong is refused, and the one before stays.
func TestReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := &Plan{Schedules: map[string]Schedule{"daily": schedule(t, "17 7 * * *", "UTC")}}
		s := start(t, first)
		s.loop()
		s.next = func() (*Plan, error) { return nil, errors.New("config.yaml:3: digests: is empty") }
		s.Reload()
		s.at("2000-01-01T08:00:00Z")
		s.want("01-01 00:00", "01-01 07:17")
		if !strings.Contains(s.log.String(), "config.yaml:3: digests: is empty") {
			t.Errorf("the log does not say why the file is refused:\n%s", &s.log)
		}
		if state, _ := s.snapshot(); state.reloadErr == nil {
			t.Error("nobody can see that the file was refused")
		}
		second := *first
		second.Schedules = map[string]Schedule{"hourly": schedule(t, "30 * * * *", "UTC")}
		s.next = func() (*Plan, error) { return &second, nil }
		s.Reload()
		s.at("2000-01-01T09:00:00Z")
		// By the new schedule 07:30 was due.
		s.want("01-01 00:00", "01-01 07:17", "01-01 08:00", "01-01 08:30")
	})
}

// TestStopEndsARun: a run that goes on is told to end, and waited for.
func TestStopEndsARun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, &Plan{Every: time.Hour})
		ended := false
		s.do = func(ctx context.Context, _ int) (Result, error) {
			<-ctx.Done()
			<-time.NewTimer(time.Second).C // it writes down what was done
			ended = true
			return Result{ExitCode: 130}, ctx.Err()
		}
		s.loop()
		s.end()
		if !ended {
			t.Error("the service ended before its run")
		}
		if strings.Contains(s.log.String(), "level=ERROR") {
			t.Errorf("an end that was asked for is no error:\n%s", &s.log)
		}
	})
}

func TestHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, &Plan{Every: time.Hour, Longest: 15 * time.Minute, Stale: 24 * time.Hour})
		if got := fmt.Sprint(s.ready()); !strings.Contains(got, "the first run has not ended yet") {
			t.Errorf("before the first run it is ready: %s", got)
		}
		var hang atomic.Bool
		s.do = func(ctx context.Context, _ int) (Result, error) {
			if hang.Load() {
				<-ctx.Done()
			}
			return Result{}, nil
		}
		current := time.Now()
		s.plan.Load().View = func(context.Context) (View, error) {
			return View{Sources: []Source{{Upstream: "kubernetes", Source: "gates", Status: "complete", CurrentAt: current}}}, nil
		}
		s.loop()
		if got := s.ready(); len(got) > 0 || s.alive() != "" {
			t.Errorf("after a good run: %v, %s", got, s.alive())
		}
		s.at("2000-01-02T01:30:00Z")
		if got := fmt.Sprint(s.ready()); !strings.Contains(got, "kubernetes: gates is of 2000-01-01 00:00 UTC") {
			t.Errorf("data of a day ago is ready: %s", got)
		}
		hang.Store(true)
		s.at("2000-01-02T02:10:00Z")
		if s.alive() != "" {
			t.Errorf("a run of ten minutes is alive, not %q", s.alive())
		}
		s.at("2000-01-02T02:30:00Z")
		if !strings.Contains(s.alive(), "a run hangs since 2000-01-02 02:00 UTC") {
			t.Errorf("a run of half an hour is %q", s.alive())
		}
	})
}

// TestReloadAfterARunThatFailed: who mends the configuration after a run that failed need not wait for the next boundary.
func TestReloadAfterARunThatFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, &Plan{Schedules: map[string]Schedule{"weekly": schedule(t, "17 7 * * 1", "UTC")}})
		s.do = func(_ context.Context, n int) (Result, error) {
			if n <= 2 {
				return Result{ExitCode: 2}, errors.New("set target.repository")
			}
			return Result{}, nil
		}
		s.loop()
		s.at("2000-01-01T00:02:00Z") // the third try is due at 00:03
		s.Reload()
		s.at("2000-01-02T00:00:00Z")
		s.want("01-01 00:00", "01-01 00:01", "01-01 00:02")
	})
}

// TestReloadsDoNotPutOffARun: the interval counts from the last run, however often the configuration is read.
func TestReloadsDoNotPutOffARun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, &Plan{Every: time.Hour})
		s.loop()
		for _, minute := range []string{"20", "40", "59"} {
			s.at("2000-01-01T00:" + minute + ":00Z")
			s.Reload()
		}
		s.at("2000-01-01T01:30:00Z")
		s.want("01-01 00:00", "01-01 01:00")
	})
}

// TestMachineThatSlept: a timer stands still while a machine sleeps, and the clock on the wall does not.
func TestMachineThatSlept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, &Plan{Schedules: map[string]Schedule{"daily": schedule(t, "17 7 * * *", "UTC")}})
		var slept atomic.Int64
		s.opts.Now = func() time.Time { return time.Now().Add(time.Duration(slept.Load())).Round(0) }
		s.loop()
		s.at("2000-01-01T01:00:00Z")
		slept.Store(int64(9 * time.Hour)) // it is 10:00 now
		s.at("2000-01-01T01:02:00Z")
		if len(s.runs) != 2 {
			t.Errorf("two minutes after the machine woke there were %d runs, want the one that was due meanwhile\n%s", len(s.runs), &s.log)
		}
		s.at("2000-01-01T12:00:00Z") // 21:00
		if len(s.runs) != 2 {
			t.Errorf("%d runs, want no more", len(s.runs))
		}
	})
}

// TestPanicOfTheView: what can't be shown does not end the service.
func TestPanicOfTheView(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, &Plan{Every: time.Hour})
		s.plan.Load().View = func(context.Context) (View, error) { panic("a digest that nobody can read") }
		s.loop()
		s.at("2000-01-01T01:30:00Z")
		s.want("01-01 00:00", "01-01 01:00")
		if got := fmt.Sprint(s.ready()); !strings.Contains(got, "a digest that nobody can read") {
			t.Errorf("ready: %s", got)
		}
	})
}

// TestStopDoesNotWaitForTheView: a state on a branch is read over the network, which may hang.
func TestStopDoesNotWaitForTheView(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, &Plan{Every: time.Hour})
		views := 0
		s.plan.Load().View = func(ctx context.Context) (View, error) {
			if views++; views == 1 {
				return View{}, nil
			}
			select {
			case <-ctx.Done():
			case <-time.After(10 * time.Minute):
			}
			return View{}, ctx.Err()
		}
		s.loop()
		began := time.Now()
		s.end()
		if took := time.Since(began); took > 0 {
			t.Errorf("the end took %s", took)
		}
		if strings.Contains(s.log.String(), "level=ERROR") {
			t.Errorf("an end that was asked for is no error:\n%s", &s.log)
		}
	})
}
