//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"

	"github.com/upstream-digest/bot/internal/pipeline"
	"github.com/upstream-digest/bot/internal/store"
)

// trapVariable says where a process that is the program stops itself: "KILL before 3" dies before its
// third write to the store, "STOP after 3" stands still after it, "LOG path" writes down all of them.
const trapVariable = "BOT_TEST_TRAP"

// trapped builds the trap that the environment asks for into a runner; nil where it asks for none.
func trapped() func(*pipeline.Runner) {
	text := os.Getenv(trapVariable)
	if text == "" {
		return nil
	}
	os.Unsetenv(trapVariable)
	t := &trap{}
	var what string
	if _, err := fmt.Sscan(text, &what, &t.when); err != nil {
		panic(trapVariable + "=" + text)
	}
	switch what {
	case "KILL":
		t.signal = syscall.SIGKILL
	case "STOP":
		t.signal = syscall.SIGSTOP
	case "LOG":
		t.log = t.when
	}
	if t.signal != 0 {
		if _, err := fmt.Sscan(text, &what, &t.when, &t.at); err != nil {
			panic(trapVariable + "=" + text)
		}
	}
	return func(r *pipeline.Runner) { t.Writer, r.Writer = r.Writer, t }
}

// trap counts the writes to a store, and sends this process a signal before or after one of them.
type trap struct {
	pipeline.Writer
	signal syscall.Signal
	when   string
	at, n  int
	log    string
}

func (t *trap) step(name string, write func() error) error {
	t.n++
	if t.log != "" {
		f, err := os.OpenFile(t.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			panic(err)
		}
		fmt.Fprintln(f, name)
		f.Close()
	}
	if t.n == t.at && t.when == "before" {
		t.spring()
	}
	err := write()
	if t.n == t.at && t.when == "after" {
		t.spring()
	}
	return err
}

// spring sends the signal to this very thread, so that nothing more happens on it.
func (t *trap) spring() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := syscall.Tgkill(os.Getpid(), syscall.Gettid(), t.signal); err != nil {
		panic(err)
	}
}

func (t *trap) Acquire(ctx context.Context, holder string, ttl time.Duration) (lease store.Lease, err error) {
	err = t.step("acquire", func() error { lease, err = t.Writer.Acquire(ctx, holder, ttl); return err })
	return lease, err
}

func (t *trap) Commit(ctx context.Context, lease store.Lease, u *store.Update) error {
	if u.Empty() {
		return t.Writer.Commit(ctx, lease, u) // asks, writes nothing
	}
	name := "commit"
	if u.Snapshot != nil {
		name += " snapshot"
	}
	if len(u.Cursors) > 0 {
		name += " cursors"
	}
	for _, d := range u.Deliveries {
		name += fmt.Sprintf(" %s %s", d.Key, d.State)
	}
	if u.Run != nil {
		name += " run"
	}
	if u.End != nil {
		name += ", end"
	}
	return t.step(name, func() error { return t.Writer.Commit(ctx, lease, u) })
}

func (t *trap) Release(ctx context.Context, lease store.Lease) error {
	return t.step("release", func() error { return t.Writer.Release(ctx, lease) })
}
