//go:build linux

package main

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/store"
	"github.com/upstream-digest/bot/internal/store/sqlite"
)

// TestTwoProcessesAtOnce: one files, the other says who holds the lock and leaves with 5.
func TestTwoProcessesAtOnce(t *testing.T) {
	rounds := 10
	if testing.Short() || raceDetector {
		rounds = 3
	}
	prepared := released(t)
	for round := range rounds {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			t.Parallel()
			w := prepared.twin(t)
			left := make(chan struct{})
			var once sync.Once
			// Whoever has the lock is kept waiting until the other has left.
			w.gh.OnRequest(func(ghtest.Request) { <-left })
			var cmds [2]*exec.Cmd
			var outs [2]bytes.Buffer
			for i := range cmds {
				cmds[i] = w.command("run")
				cmds[i].Stderr = &outs[i]
				if err := cmds[i].Start(); err != nil {
					t.Fatal(err)
				}
			}
			var wg sync.WaitGroup
			for _, c := range cmds {
				wg.Go(func() {
					_ = c.Wait() // its exit code is looked at below
					once.Do(func() { close(left) })
				})
			}
			wg.Wait()
			first, second := cmds[0].ProcessState.ExitCode(), cmds[1].ProcessState.ExitCode()
			loser := slices.Index([]int{first, second}, exitLocked)
			if first+second != exitLocked || loser < 0 {
				t.Fatalf("exit codes %d and %d\n%s%s", first, second, outs[0].String(), outs[1].String())
			}
			if said := outs[loser].String(); !strings.Contains(said, fmt.Sprintf("process %d", cmds[1-loser].Process.Pid)) || !strings.Contains(said, "running on this machine") {
				t.Errorf("it does not say who holds the lock: %s", said)
			}
			w.wantWhole(1, 0)
		})
	}
}

// expireLock makes the lock's time run out.
func (w *testWorld) expireLock() {
	w.t.Helper()
	w.alter(`UPDATE lock SET expires = '2000-01-01T00:00:00Z'`)
}

func (w *testWorld) alter(query string) {
	w.t.Helper()
	db, err := sql.Open("sqlite", w.state())
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(query); err != nil {
		w.t.Fatal(err)
	}
}

// remembered is everything in the store but the lock, as text.
func (w *testWorld) remembered() string {
	w.t.Helper()
	db, err := sql.Open("sqlite", w.state())
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	var out strings.Builder
	for _, query := range []string{
		`SELECT seq || taken_at FROM snapshots ORDER BY seq`, `SELECT definition || seq || snapshot || told_at FROM cursors ORDER BY definition`,
		`SELECT definition || seq || channel || part || nonce || state || tries || result_id FROM deliveries ORDER BY definition, seq, channel, part`,
		`SELECT id || started_at || outcome FROM runs ORDER BY id`,
	} {
		rows, err := db.Query(query)
		if err != nil {
			w.t.Fatal(err)
		}
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				w.t.Fatal(err)
			}
			out.WriteString(line + "\n")
		}
		if err := rows.Err(); err != nil {
			w.t.Fatal(err)
		}
	}
	return out.String()
}

// sleeper is the program in a process that stands still at some moment.
type sleeper struct {
	w   *testWorld
	pid int
	out *os.File
}

// sleep starts the program and waits until it stands still; false when it ended instead.
func (w *testWorld) sleep(env ...string) (s *sleeper, asleep bool, code int) {
	w.t.Helper()
	out, err := os.Create(filepath.Join(w.t.TempDir(), "out"))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { out.Close() })
	c := w.command("run")
	c.Env = append(c.Env, env...)
	c.Stdout, c.Stderr = out, out // files, so that nobody but us waits for the process
	if err := c.Start(); err != nil {
		w.t.Fatal(err)
	}
	s = &sleeper{w: w, pid: c.Process.Pid, out: out}
	status := s.wait()
	if status.Stopped() {
		w.t.Cleanup(func() { _ = c.Process.Kill() }) // not to be left behind by a test that fails
	}
	return s, status.Stopped(), status.ExitStatus()
}

func (s *sleeper) wait() syscall.WaitStatus {
	s.w.t.Helper()
	for {
		var status syscall.WaitStatus
		_, err := syscall.Wait4(s.pid, &status, syscall.WUNTRACED, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			s.w.t.Fatal(err)
		}
		return status
	}
}

// wake lets it go on, to its end.
func (s *sleeper) wake() int {
	s.w.t.Helper()
	if err := syscall.Kill(s.pid, syscall.SIGCONT); err != nil {
		s.w.t.Fatal(err)
	}
	return s.wait().ExitStatus()
}

func (s *sleeper) said() string {
	text, _ := os.ReadFile(s.out.Name())
	return string(text)
}

// TestSleeperWakesTooLate: a run stands still before and after each of its writes until its lock is another's, who tells
// everything. When it wakes it must neither write nor send: above all not between the intent and the sending.
func TestSleeperWakesTooLate(t *testing.T) {
	prepared := released(t).set("BOT_GITHUB_SETTLE_TIMEOUT=40ms")
	prepared.ok("run")
	prepared.commit("v1.36", promoteVolume)
	twin := prepared.twin(t)
	log := filepath.Join(t.TempDir(), "writes")
	c := twin.command("run")
	c.Env = append(c.Env, trapVariable+"=LOG "+log)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	data, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	writes := strings.Split(strings.TrimSpace(string(data)), "\n")
	intent := slices.IndexFunc(writes, func(s string) bool { return strings.HasSuffix(s, string(store.Unknown)) })
	if intent < 0 {
		t.Fatalf("no intent among the writes: %q", writes)
	}
	for i := 0; i <= len(writes); i++ {
		for _, when := range []string{"before", "after"} {
			name := "beyond the last"
			if i < len(writes) {
				name = writes[i]
			}
			t.Run(fmt.Sprintf("%s %d %s", when, i+1, name), func(t *testing.T) {
				t.Parallel()
				w := prepared.twin(t)
				s, asleep, code := w.sleep(fmt.Sprintf("%s=STOP %s %d", trapVariable, when, i+1))
				if asleep != (i < len(writes)) {
					t.Fatalf("asleep: %v, exit code %d\n%s", asleep, code, s.said())
				}
				if !asleep {
					return
				}
				// It is alive, so while its lock holds nobody takes it.
				holds := i > 0 && i < len(writes)-1 || i == 0 && when == "after" || i == len(writes)-1 && when == "before"
				if r := w.run("run"); holds != (r.code == exitLocked) {
					t.Errorf("beside the sleeper: exit code %d\n%s", r.code, r.stderr)
				}
				w.expireLock()
				w.ok("run")
				w.wantWhole(2, 0)
				before, written := w.remembered(), len(w.gh.Writes())
				want := exitLocked
				switch {
				case i == 0 && when == "before":
					want = exitDone // it comes late, and finds nothing to do
				case i == len(writes)-1 && when == "after":
					want = exitDone // it had written everything
				}
				if code := s.wake(); code != want {
					t.Errorf("it woke and left with %d, want %d\n%s", code, want, s.said())
				}
				if want == exitLocked && w.remembered() != before {
					t.Errorf("it woke and wrote:\n%s\nbefore:\n%s", w.remembered(), before)
				}
				if n := len(w.gh.Writes()) - written; n != 0 {
					t.Errorf("it woke and sent %d writes", n)
				}
				w.wantWhole(2, 0)
				if r := w.ok("run"); r.api != 1 {
					t.Errorf("a quiet run afterwards cost %d requests", r.api)
				}
			})
		}
	}
}

// TestSleeperWaitsForItsAnswer: it stands still while GitHub creates the issue; another run adopts that.
func TestSleeperWaitsForItsAnswer(t *testing.T) {
	w := released(t).set("BOT_GITHUB_SETTLE_TIMEOUT=40ms")
	stopped := make(chan struct{})
	pid := make(chan int, 1)
	var once sync.Once
	w.gh.AfterRequest(func(r ghtest.Request) {
		if r.Method == http.MethodPost && strings.HasSuffix(r.Path, "/issues") {
			once.Do(func() {
				_ = syscall.Kill(<-pid, syscall.SIGSTOP)
				<-stopped
			})
		}
	})
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	c := w.command("run")
	c.Stdout, c.Stderr = out, out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	s := &sleeper{w: w, pid: c.Process.Pid, out: out}
	pid <- s.pid
	if status := s.wait(); !status.Stopped() {
		t.Fatalf("it ended: %s", s.said())
	}
	w.expireLock()
	close(stopped)
	w.ok("run")
	w.wantWhole(1, 0)
	if code := s.wake(); code != exitLocked {
		t.Errorf("it woke and left with %d\n%s", code, s.said())
	}
	w.wantWhole(1, 0)
}

// TestLockOfAnotherMachine: nobody here can know whether that run lives. The message says until when it holds and what
// to do.
func TestLockOfAnotherMachine(t *testing.T) {
	w := released(t)
	w.ok("run")
	w.commit("v1.36", promoteVolume)
	st, err := sqlite.Open(t.Context(), w.state(), sqlite.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	lease, err := st.Acquire(t.Context(), "other-machine, process 1 [linux 00000000-0000-0000-0000-000000000000 1 1]", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	r := w.code(exitLocked, "run")
	for _, want := range []string{"other-machine, process 1", lease.Expires.UTC().Format(time.RFC3339), "bot state unlock"} {
		if !strings.Contains(r.stderr, want) {
			t.Errorf("the message lacks %q: %s", want, r.stderr)
		}
	}
	unlock := func() string {
		t.Helper()
		r := w.run("state", "unlock")
		return r.stdout + r.stderr
	}
	if said := unlock(); !strings.Contains(said, "freed the lock of other-machine, process 1") {
		t.Errorf("bot state unlock: %s", said)
	}
	if err := st.Commit(t.Context(), lease, &store.Update{}); !errors.Is(err, store.ErrFenced) {
		t.Errorf("the other machine's run may still write: %v", err)
	}
	w.ok("run")
	w.wantWhole(2, 0)
	if said := unlock(); !strings.Contains(said, "nobody holds the lock") {
		t.Errorf("bot state unlock: %s", said)
	}

	// Of a process that is seen running the lock is not taken.
	s, asleep, _ := w.sleep(trapVariable + "=STOP after 1")
	if !asleep {
		t.Fatal(s.said())
	}
	if said := unlock(); !strings.Contains(said, fmt.Sprintf("process %d", s.pid)) || strings.Contains(said, "freed") {
		t.Errorf("bot state unlock: %s", said)
	}
	if code := s.wake(); code != exitDone {
		t.Errorf("exit code %d\n%s", code, s.said())
	}
}
