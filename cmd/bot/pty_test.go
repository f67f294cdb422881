//go:build linux

package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/sys/unix"
)

// terminals opens a terminal of the kernel's: what is written to its end is what the other side shows.
func terminals(t *testing.T, width uint16) (shows, end *os.File) {
	t.Helper()
	shows, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("this machine makes no terminals: %v", err)
	}
	t.Cleanup(func() { shows.Close() })
	fd := int(shows.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		end, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Col: width, Row: 24})
	}
	if err != nil {
		t.Skipf("this machine makes no terminals: %v", err)
	}
	return shows, end
}

// TestOnARealTerminal: the program as a process, at a terminal of the kernel's of 60 columns.
func TestOnARealTerminal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commit("v1.35", few, "v1.35.0")
	w.commit("v1.36", few)
	look := func(env []string, args ...string) *glass {
		t.Helper()
		shows, end := terminals(t, 60)
		c := w.command(args...)
		c.Stdout, c.Stderr, c.Env = end, end, append(append(c.Env, "TERM=xterm"), env...)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		end.Close()
		var g glass
		_, _ = io.Copy(&g, shows) // ends with an error when nobody has the other end any more
		if err := c.Wait(); err != nil {
			t.Fatalf("%v\n%s", err, g.text())
		}
		return &g
	}
	g := look(nil, "run", "--dry-run")
	if !strings.Contains(g.ever(), " · 0 requests · 0 s") {
		t.Errorf("no progress is seen:\n%s", g.ever())
	}
	if text := g.text(); !strings.Contains(text, "\x1b[1m") || !strings.Contains(text, "Plan (dry run") || strings.Contains(text, "reading kubernetes:") || !strings.Contains(text, strings.Repeat("─", 60)+"\x1b[0m\n") {
		t.Errorf("this is left:\n%q", text)
	}
	table := look([]string{"NO_COLOR=1"}, "gates", "--at", "v1.35.0").text()
	if strings.Contains(table, "\x1b") || !strings.Contains(table, "NAME") {
		t.Errorf("the table is\n%s", table)
	}
	for line := range strings.Lines(table) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 60 {
			t.Errorf("%d columns: %q", n, line)
		}
	}
}

// TestNobodyReadsOn: bot … | head. The program ends as others do, by the signal, and says nothing of it.
func TestNobodyReadsOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commit("v1.35", few, "v1.35.0")
	w.commit("v1.36", few)
	for _, args := range [][]string{{"run", "--dry-run"}, {"gates", "--at", "v1.35.0"}, {"brief", "--from", "1.33", "--to", "1.36"}, {"state", "show"}, {"help"}} {
		reads, writes, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		reads.Close()
		var errs strings.Builder
		c := w.command(args...)
		c.Stdout, c.Stderr = writes, &errs
		err = c.Run()
		writes.Close()
		status, ok := c.ProcessState.Sys().(syscall.WaitStatus)
		if err == nil || !ok || !status.Signaled() || status.Signal() != syscall.SIGPIPE {
			t.Errorf("bot %v: %v\n%s", args, err, &errs)
		}
		if s := errs.String(); strings.Contains(s, "pipe") || strings.Contains(s, "write the result") || strings.ContainsAny(s, "\r\x1b") {
			t.Errorf("bot %v says %q", args, s)
		}
	}
}

// TestPiped: what a program reads is whole and plain, and nothing but the result; the rest is on standard error.
func TestPiped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commit("v1.35", few, "v1.35.0")
	w.commit("v1.36", few)
	rows := w.ok("gates", "--at", "v1.35.0").stdout
	for line := range strings.Lines(rows) {
		if strings.Count(line, "\t") != 7 || strings.ContainsAny(line, "…\x1b") {
			t.Errorf("a row is %q", line)
		}
	}
	file := w.dir + "/digest.txt"
	plain := w.ok("run", "--dry-run").stdout
	if dash := w.ok("run", "--dry-run", "--output", "-").stdout; settled(dash) != settled(plain) {
		t.Errorf("--output - prints something else:\n%s", dash)
	}
	r := w.set("CLICOLOR_FORCE=1").ok("run", "--dry-run", "--output", file)
	if data, err := os.ReadFile(file); err != nil || settled(string(data)) != settled(plain) || r.stdout != "" {
		t.Errorf("%v; in the file stands\n%s\nand on standard output\n%s", err, data, r.stdout)
	}
	if forced := w.ok("run", "--dry-run").stdout; settled(ansi.Strip(forced)) != settled(plain) || forced == plain {
		t.Errorf("with CLICOLOR_FORCE it prints\n%s", forced)
	}
}
