//go:build linux

package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

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
