package main

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/ghtest"
)

// patient makes a world in which nothing but a signal ends a run soon: hangs, limits and looks last
// for many minutes.
func patient(t *testing.T) *testWorld {
	t.Helper()
	return released(t).set("BOT_RUN_TIMEOUT=2h", "BOT_GITHUB_MAX_WAIT=1h", "BOT_GITHUB_REQUEST_TIMEOUT=10m", "BOT_GITHUB_SETTLE_TIMEOUT=10m")
}

// hasty is the world again, for the runs after.
func (w *testWorld) hasty() {
	w.gh.ClearFaults()
	w.set("BOT_GITHUB_MAX_WAIT=1s", "BOT_GITHUB_SETTLE_TIMEOUT=300ms")
}

// process is the program as a process whose standard error is watched line by line.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines chan string

	mu     sync.Mutex
	stderr strings.Builder
}

// start starts the program. It is killed, and the test fails, when it is still there after three minutes.
func (w *testWorld) start(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: w.command(args...), lines: make(chan string, 10_000)}
	pipe, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(3*time.Minute, func() { _ = p.cmd.Process.Kill() })
	t.Cleanup(func() { late.Stop() })
	go func() {
		defer close(p.lines)
		for r := bufio.NewReader(pipe); ; {
			line, err := r.ReadString('\n')
			p.mu.Lock()
			p.stderr.WriteString(line)
			p.mu.Unlock()
			if err != nil {
				return
			}
			p.lines <- line
		}
	}()
	return p
}

// until waits for a line that holds the texts.
func (p *process) until(texts ...string) { p.t.Helper(); p.line(texts...) }

// line waits for a line that holds the texts, and gives it.
func (p *process) line(texts ...string) string {
	p.t.Helper()
	for line := range p.lines {
		all := true
		for _, text := range texts {
			all = all && strings.Contains(line, text)
		}
		if all {
			return line
		}
	}
	p.t.Fatalf("the program ended without saying %q:\n%s", texts, p.said())
	return ""
}

func (p *process) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stderr.String()
}

func (p *process) interrupt() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		p.t.Fatal(err)
	}
}

// wait waits for the end.
func (p *process) wait() *os.ProcessState {
	p.t.Helper()
	for range p.lines { // to the end of standard error, which exec wants read first
	}
	var failed *exec.ExitError
	if err := p.cmd.Wait(); err != nil && !errors.As(err, &failed) {
		p.t.Fatal(err)
	}
	return p.cmd.ProcessState
}

// interrupted expects the end that Ctrl-C has.
func (p *process) interrupted() {
	p.t.Helper()
	if state := p.wait(); state.ExitCode() != exitInterrupted {
		p.t.Errorf("it ended with %s, want exit code %d\n%s", state, exitInterrupted, p.said())
	}
	if !strings.Contains(p.said(), "finished by the next run") {
		p.t.Errorf("it does not say what becomes of the rest:\n%s", p.said())
	}
}

// states are those of all deliveries, as stored.
func (w *testWorld) states() string {
	w.t.Helper()
	db, err := sql.Open("sqlite", w.state())
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(`SELECT state FROM deliveries ORDER BY definition, seq, channel, part`)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			w.t.Fatal(err)
		}
		all = append(all, s)
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	return strings.Join(all, " ")
}

// completes runs until all is done, and expects one issue and then quiet. The lock must be free.
func (w *testWorld) completes() {
	w.t.Helper()
	w.hasty()
	w.ok("run")
	w.wantIssues(1)
	if got := w.states(); got != "done" {
		w.t.Errorf("deliveries are %s, want done", got)
	}
	if r := w.ok("run"); r.api != 1 {
		w.t.Errorf("a quiet run cost %d requests", r.api)
	}
	w.wantIssues(1)
}

func isCreate(r ghtest.Request) bool {
	return r.Method == http.MethodPost && strings.HasSuffix(r.Path, "/issues")
}

func TestInterruptedWhileReading(t *testing.T) {
	w := patient(t)
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.Hang, Path: "/graphql", Contains: "query Files"})
	hangs := make(chan struct{}, 1)
	w.gh.OnRequest(func(r ghtest.Request) {
		if strings.Contains(r.Document, "query Files") {
			select {
			case hangs <- struct{}{}:
			default:
			}
		}
	})
	p := w.start(t, "run")
	<-hangs
	p.interrupt()
	p.interrupted()
	w.wantIssues(0)
	w.completes()
}

func TestInterruptedWhileWriting(t *testing.T) {
	for _, arrived := range []bool{true, false} {
		t.Run(fmt.Sprintf("arrived %v", arrived), func(t *testing.T) {
			w := patient(t)
			w.gh.AddFault(ghtest.Fault{Kind: ghtest.Hang, Match: isCreate, Process: arrived})
			hangs := make(chan struct{}, 1)
			hook := func(r ghtest.Request) {
				if isCreate(r) && len(hangs) == 0 {
					hangs <- struct{}{}
				}
			}
			want := 0
			if arrived {
				want = 1
				w.gh.AfterRequest(hook)
			} else {
				w.gh.OnRequest(hook)
			}
			p := w.start(t, "run")
			<-hangs
			p.interrupt()
			p.interrupted()
			w.wantIssues(want)
			if got := w.states(); got != "unknown" {
				t.Errorf("the delivery is %s, want unknown: nobody knows whether it arrived", got)
			}
			w.completes()
		})
	}
}

func TestInterruptedWhileWaitingForALimit(t *testing.T) {
	for name, c := range map[string]struct {
		fault  ghtest.Fault
		states string
	}{
		"of a read":  {ghtest.Fault{Path: "/graphql", Contains: "query Folders"}, ""},
		"of a write": {ghtest.Fault{Match: isCreate}, "pending"}, // a limit refuses: it surely is not there
	} {
		t.Run(name, func(t *testing.T) {
			w := patient(t)
			c.fault.Kind, c.fault.RetryAfter = ghtest.SecondaryLimit, "1800"
			w.gh.AddFault(c.fault)
			p := w.start(t, "run")
			p.until("waiting for a limit")
			p.interrupt()
			p.interrupted()
			if got := w.states(); got != c.states {
				t.Errorf("deliveries are %q, want %q", got, c.states)
			}
			w.wantIssues(0)
			w.completes()
		})
	}
}

// TestInterruptedWhileSettling: the answer of a create was lost, the list lags, and the bot waits to look
// again.
func TestInterruptedWhileSettling(t *testing.T) {
	w := patient(t)
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.CreatedButReset, Match: isCreate, Lists: 2})
	p := w.start(t, "run", "--verbose")
	p.until("platform/labels") // after it comes the create, which gets no answer,
	p.until("/graphql")        // and then the first look
	p.interrupt()
	p.interrupted()
	w.completes()
}

// TestInterruptedWhileWaitingForTheLock: another process writes to the state and does not end.
func TestInterruptedWhileWaitingForTheLock(t *testing.T) {
	w := patient(t)
	w.ok("run")
	release := w.blockState()
	p := w.start(t, "run")
	p.opened(w.state() + "-wal")
	p.interrupt()
	p.interrupted()
	release()
	w.completes()
}

// blockState takes SQLite's write lock on the state, as a process does that is stopped while writing.
func (w *testWorld) blockState() (release func()) {
	w.t.Helper()
	db, err := sql.Open("sqlite", w.state())
	if err != nil {
		w.t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(`BEGIN IMMEDIATE`); err != nil {
		w.t.Fatal(err)
	}
	return func() {
		w.t.Helper()
		if _, err := db.Exec(`ROLLBACK`); err != nil {
			w.t.Error(err)
		}
		if err := db.Close(); err != nil {
			w.t.Error(err)
		}
	}
}

// opened waits until the process has a file open. It looks where Linux tells that.
func (p *process) opened(path string) {
	p.t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid)
	if missing(dir) {
		p.t.Skip("there is no /proc here")
	}
	ctx, cancel := context.WithTimeout(p.t.Context(), 30*time.Second)
	defer cancel()
	for tick := time.NewTicker(time.Millisecond); ; {
		links, _ := filepath.Glob(dir + "/*")
		for _, l := range links {
			if to, err := os.Readlink(l); err == nil && to == path {
				return
			}
		}
		select {
		case <-ctx.Done():
			p.t.Fatalf("it never opened %s:\n%s", path, p.said())
		case <-tick.C:
		}
	}
}

// TestSecondInterruptKills: where the end itself is stuck, a second Ctrl-C does not wait for it.
func TestSecondInterruptKills(t *testing.T) {
	w := patient(t)
	w.ok("run")
	w.commit("v1.36", promoteVolume)
	var once sync.Once
	var release func()
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.Hang, Path: "/graphql"})
	blocked := make(chan struct{})
	w.gh.OnRequest(func(ghtest.Request) {
		once.Do(func() { // the run has the lock and reads; what it will write down at its end must wait
			release = w.blockState()
			close(blocked)
		})
	})
	p := w.start(t, "run")
	<-blocked
	p.interrupt()
	p.until("once more ends at once")
	p.interrupt()
	state := p.wait()
	if status, ok := state.Sys().(syscall.WaitStatus); !ok || !status.Signaled() || status.Signal() != syscall.SIGINT {
		t.Errorf("it ended with %s, want the signal to have killed it\n%s", state, p.said())
	}
	release()
	w.hasty()
	w.ok("run")
	w.wantIssues(2)
}

// TestInterruptIsToldInOrder: that the end is written down is told before the end, however soon that comes.
func TestInterruptIsToldInOrder(t *testing.T) {
	w := patient(t)
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.Hang})
	for range 3 {
		asked := make(chan struct{}, 100)
		w.gh.OnRequest(func(ghtest.Request) { asked <- struct{}{} })
		p := w.start(t, "run", "--dry-run")
		<-asked
		p.interrupt()
		p.wait()
		first, last := strings.Index(p.said(), "writing down what was done"), strings.Index(p.said(), "what was not finished")
		if first < 0 || last < first {
			t.Errorf("it says\n%s", p.said())
		}
	}
}
