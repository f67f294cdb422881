package main

import (
	"bytes"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/pipeline"
)

// glass is a terminal as far as the program uses one: what stands on it, and what ever stood in its last line.
type glass struct {
	mu    sync.Mutex
	raw   bytes.Buffer
	lines []string // those that are ended
	last  string
	shown []string
}

func (g *glass) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.raw.Write(p)
	s := string(p)
	for s != "" {
		switch {
		case strings.HasPrefix(s, "\r\n"):
			s = s[1:] // as the kernel writes a line's end to a terminal
		case s[0] == '\r':
			g.last, s = "", s[1:]
		case s[0] == '\n':
			g.lines, g.last, s = append(g.lines, g.last), "", s[1:]
		case strings.HasPrefix(s, "\x1b[K"):
			if g.last != "" {
				g.shown = append(g.shown, g.last)
			}
			s = s[3:]
		default:
			n := strings.IndexAny(s[1:], "\r\n\x1b")
			if n < 0 {
				n = len(s) - 1
			}
			g.last, s = g.last+s[:n+1], s[n+1:]
		}
	}
	return len(p), nil
}

// text is what stands there.
func (g *glass) text() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return strings.Join(append(g.lines, g.last), "\n")
}

// all is every byte that came.
func (g *glass) all() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.raw.String()
}

// ever is every line that was drawn in place.
func (g *glass) ever() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return strings.Join(g.shown, "\n")
}

func columns(n int) screen { return screen{terminal: true, columns: func() int { return n }} }

// hand moves a clock.
type hand struct {
	mu sync.Mutex
	at time.Time
}

func (h *hand) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at
}

func (h *hand) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = h.at.Add(d)
}

// byHand is a line whose clock and ticks are the test's.
func byHand(g *glass, width int) (l *live, clock *hand, tick chan time.Time) {
	clock = &hand{at: time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)}
	tick = make(chan time.Time)
	l = newLive(g, columns(width), clock.now)
	l.ticker = func(time.Duration) (<-chan time.Time, func()) { return tick, func() {} }
	l.on = true
	return l, clock, tick
}

// TestTheLine: what it says of a run, event by event.
func TestTheLine(t *testing.T) {
	var g glass
	l, clock, _ := byHand(&g, 80)
	requests := 0
	l.counts(func() int { return requests })
	is := func(want string) {
		t.Helper()
		if got := g.text(); got != want {
			t.Errorf("it says %q, want %q", got, want)
		}
		clock.pass(time.Second)
		requests++
	}
	read := func(upstream, source string, ended bool) {
		l.event(pipeline.Event{Stage: pipeline.StageRead, Upstream: upstream, Source: source, Ended: ended, Of: 4})
	}
	l.event(pipeline.Event{Stage: pipeline.StageHeads})
	is("asking what has moved upstream · 0 requests · 0 s")
	read("kubernetes", "gates", false)
	is("reading kubernetes: gates (0 of 4) · 1 request · 1 s")
	read("kubernetes", "proposals", false)
	is("reading kubernetes: gates, proposals (0 of 4) · 2 requests · 2 s")
	read("etcd", "gates", false)
	is("reading kubernetes: gates, proposals; etcd: gates (0 of 4) · 3 requests · 3 s")
	read("kubernetes", "gates", true)
	is("reading kubernetes: proposals; etcd: gates (1 of 4) · 4 requests · 4 s")
	over := l.waiting(github.Wait{For: 34 * time.Second, Limit: true})
	is("GitHub asks to wait 34 s · 5 requests · 5 s")
	short := l.waiting(github.Wait{For: 2 * time.Second})
	is("GitHub asks to wait 33 s · 6 requests · 6 s")
	over()
	is("a request failed; trying again in 1 s · 7 requests · 7 s")
	short()
	is("reading kubernetes: proposals; etcd: gates (1 of 4) · 8 requests · 8 s")
	for _, s := range []string{"proposals", "tickets"} {
		if s == "tickets" {
			read("kubernetes", s, false)
		}
		read("kubernetes", s, true)
	}
	read("etcd", "gates", true)
	is("reading etcd: gates (2 of 4) · 9 requests · 9 s") // what came a moment later waits for the tick
	l.event(pipeline.Event{Stage: pipeline.StageTrace, Upstream: "kubernetes", Of: 3})
	is("tracing 3 changes of kubernetes · 10 requests · 10 s")
	l.event(pipeline.Event{Stage: pipeline.StageDeliver, Channel: "github-issue", Of: 2})
	is("sending to github-issue, 2 parts · 11 requests · 11 s")
	l.end()
	is("")
	l.say("\x1b[2Jhostile\nwords")
	is("hostile words · 13 requests · 0 s")
}

// TestTheLineIsDrawnSeldom: events by the hundred draw ten lines a second, and the ticks draw the time.
func TestTheLineIsDrawnSeldom(t *testing.T) {
	var g glass
	l, clock, tick := byHand(&g, 80)
	for i := range 500 {
		l.say(strings.Repeat("x", i%7+1))
		clock.pass(2 * time.Millisecond)
	}
	if n := strings.Count(g.all(), "\x1b[K"); n < 5 || n > 11 {
		t.Errorf("%d drawings in a second", n)
	}
	for range 3 {
		clock.pass(time.Second)
		tick <- time.Time{}
		tick <- time.Time{} // is taken when the one before is done
	}
	if !strings.HasSuffix(g.text(), " · 4 s") {
		t.Errorf("the time stands still: %q", g.text())
	}
	n := len(g.all())
	tick <- time.Time{}
	tick <- time.Time{}
	if len(g.all()) != n {
		t.Error("what stands there is drawn again")
	}
	l.end()
	if g.text() != "" || strings.Contains(g.all(), "\n") {
		t.Errorf("it leaves %q", g.text())
	}
}

// TestTheLineGivesWay: to log lines, to results, and to lines that are not ended.
func TestTheLineGivesWay(t *testing.T) {
	var g glass
	l, clock, _ := byHand(&g, 80)
	out := l.around(&g)
	write := func(s string) {
		t.Helper()
		if n, err := out.Write([]byte(s)); n != len(s) || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
	}
	l.say("one")
	write("bot: a notice\n")
	if g.text() != "bot: a notice\n" {
		t.Errorf("%q", g.text())
	}
	l.say("two")
	clock.pass(time.Second)
	write("half a ")
	l.say("three")
	write("line\n")
	l.say("four")
	if want := "bot: a notice\nhalf a line\nfour · 1 s"; g.text() != want {
		t.Errorf("%q, want %q", g.text(), want)
	}
	if strings.Contains(g.ever(), "three") {
		t.Error("it was drawn into the line of another")
	}
}

// TestTheLineFits: it is narrower than the screen, whatever it says; the numbers stay as long as there is room for them.
func TestTheLineFits(t *testing.T) {
	for _, width := range []int{1, 10, 25, 40, 80} {
		var g glass
		l, _, _ := byHand(&g, width)
		l.counts(func() int { return 12 })
		l.say(strings.Repeat("世界 ", 60))
		// A terminal shows Ctrl-C as ^C behind the line: with that it may not reach the last column either, for what
		// stands in two lines of the screen is not taken away whole.
		if w := ansi.StringWidth(g.text() + "^C"); g.text() != "" && w >= width {
			t.Errorf("%d columns on a screen of %d: %q", w, width, g.text())
		}
		if width >= 40 && !strings.HasSuffix(g.text(), "… · 12 requests · 0 s") {
			t.Errorf("%d columns: %q", width, g.text())
		}
	}
}

// watched runs the program before a terminal that standard output and standard error both end at.
func (b *bubble) watched(g *glass, change func(*environment), args ...string) int {
	b.t.Helper()
	env := environment{
		args: args, stdout: g, stderr: g, environ: append(b.env, "TERM=xterm"), now: time.Now, out: columns(80), err: columns(80),
		github: func(o *github.Options) {
			o.Jitter = func() float64 { return 0.5 }
			o.Base = roundTrip(func(r *http.Request) (*http.Response, error) {
				time.Sleep(150 * time.Millisecond) // by the bubble's clock
				return b.transport().RoundTrip(r)
			})
		},
	}
	if change != nil {
		change(&env)
	}
	code := execute(b.t.Context(), env)
	b.via.next.CloseIdleConnections()
	return code
}

// TestProgressOfARun: with real waits by a clock of its own. What is left is what a run leaves that nobody watches.
func TestProgressOfARun(t *testing.T) {
	w := newWorld(t)
	w.commit("v1.35", few, "v1.35.0")
	w.commit("v1.36", few)
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, w.git, ghtest.Options{})
		// Nobody sees it where it would not be seen, or do harm.
		for name, change := range map[string]func(*environment){
			"standard error is no terminal": func(e *environment) { e.err = screen{} },
			"a pager may have the screen":   func(e *environment) { e.out = screen{pipe: true} },
			"verbose":                       func(e *environment) { e.args = append(e.args, "--verbose") },
			"a log for programs":            func(e *environment) { e.args = append(e.args, "--log-format", "json") },
			"CI":                            func(e *environment) { e.environ = append(e.environ, "CI=true") },
			"a dumb terminal":               func(e *environment) { e.environ = append(e.environ, "TERM=dumb") },
		} {
			var g glass
			if code := b.watched(&g, change, "run", "--dry-run", "--color", "never"); code != exitDone || strings.ContainsAny(g.all(), "\r\x1b") {
				t.Errorf("%s: exit code %d\n%q", name, code, g.all())
			}
		}

		b.gh.AddFault(ghtest.Fault{Kind: ghtest.SecondaryLimit, Times: 1, RetryAfter: "34"})
		b.gh.AddFault(ghtest.Fault{Kind: ghtest.BadGateway, Times: 1})
		var g glass
		if code := b.watched(&g, nil, "run", "--dry-run", "--color", "never"); code != exitDone {
			t.Fatalf("exit code %d\n%s", code, g.text())
		}
		for _, want := range []string{
			"looking for the release to compare with · 1 request · 0 s", "GitHub asks to wait 34 s · 1 request · 0 s", "GitHub asks to wait 1 s · 1 request · 33 s",
			"a request failed; trying again in 1 s · 2 requests · 34 s", "asking what has moved upstream", "reading kubernetes: gates", "tracing ",
		} {
			if !strings.Contains(g.ever(), want) {
				t.Errorf("it never says %q; it says\n%s", want, g.ever())
			}
		}
		text := g.text()
		if strings.Contains(text, "asking what") || strings.Contains(text, "reading kubernetes:") || !strings.Contains(text, "\nPlan (dry run: nothing was changed)\n") || !strings.HasSuffix(text, "to GitHub\n") {
			t.Errorf("this is left:\n%s", text)
		}
		for line := range strings.Lines(text) {
			if strings.Contains(line, "level=WARN") && !strings.HasPrefix(line, "time=") {
				t.Errorf("a log line is mangled: %q", line)
			}
		}
	})
}

// TestPanicOnACleanLine: what the runtime says of a panic does not stand behind the line.
func TestPanicOnACleanLine(t *testing.T) {
	w := newWorld(t)
	w.commit("v1.35", few, "v1.35.0")
	var g glass
	func() {
		defer func() {
			if recover() == nil {
				t.Error("nothing panicked")
			}
		}()
		execute(t.Context(), environment{
			args: []string{"run"}, stdout: &g, stderr: &g, environ: append(w.env, "TERM=xterm"), now: time.Now, out: columns(80), err: columns(80),
			armed: func(*pipeline.Runner) { panic("bad luck") },
		})
	}()
	if !strings.Contains(g.ever(), "reading the state") || g.text() != "" {
		t.Errorf("there stands %q; %q", g.text(), g.ever())
	}
}
