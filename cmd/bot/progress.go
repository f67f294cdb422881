package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/upstream-digest/bot/internal/config"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/pipeline"
	"github.com/upstream-digest/bot/internal/report"
)

// live is the one line at the end of standard error that says what is being done now. It is there on a terminal only,
// is drawn in place, and is gone before anything else is written. All else that goes to the terminal passes through
// around, which sees to that.
type live struct {
	w      io.Writer
	screen screen
	now    func() time.Time
	ticker func(time.Duration) (<-chan time.Time, func())

	mu       sync.Mutex
	on       bool
	requests func() int // sent so far; nil: nobody counts
	doing    string     // "" is nothing: there is no line
	since    time.Time
	reads    reads
	waits    []*waiting
	stop     chan struct{} // ends the ticks; nil: none

	drawn  string // what stands on the screen
	drew   time.Time
	broken bool // what others wrote last did not end its line
}

// waiting is a wait that is not over.
type waiting struct {
	until time.Time
	limit bool
}

// reads are the sources that are being read.
type reads struct {
	now      [][2]string // upstream and source, in the order in which they were begun
	done, of int
}

// redraw is the least time between two drawings.
const redraw = 100 * time.Millisecond

func newLive(w io.Writer, s screen, now func() time.Time) *live {
	return &live{w: w, screen: s, now: now, ticker: func(d time.Duration) (<-chan time.Time, func()) {
		t := time.NewTicker(d)
		return t.C, t.Stop
	}}
}

// shows reports whether there is to be such a line: a person looks on, and nothing else tells of it. Where another
// program reads standard output it may be a pager, which has the screen to itself.
func (a *app) shows() bool {
	lookup, _ := config.Environ(a.env.environ)
	get := func(name string) string { v, _ := lookup(name); return v }
	return a.env.err.terminal && !a.env.out.pipe && !a.verbose && a.logFormat == "text" &&
		slices.Contains([]string{"", "0", "false"}, get("CI")) && get("TERM") != "dumb"
}

// say says what is being done, in a few words.
func (l *live) say(words string) {
	l.change(func() { l.doing, l.reads = words, reads{} })
}

// event says it of a run.
func (l *live) event(e pipeline.Event) {
	l.change(func() {
		if e.Stage != pipeline.StageRead {
			l.reads = reads{}
		}
		switch e.Stage {
		case pipeline.StageHeads:
			l.doing = "asking what has moved upstream"
		case pipeline.StageBase:
			l.doing = "looking for the release to compare with"
		case pipeline.StageRead:
			l.doing = l.reads.take(e)
		case pipeline.StageNotes:
			l.doing = "reading the release notes of " + e.Upstream
		case pipeline.StageTrace:
			l.doing = "tracing " + plural(e.Of, "change") + " of " + e.Upstream
		case pipeline.StageDeliver:
			l.doing = "sending to " + e.Channel
			if e.Of > 1 {
				l.doing += ", " + plural(e.Of, "part")
			}
		}
	})
}

// take counts a source that is begun or done, and says which are being read.
func (r *reads) take(e pipeline.Event) string {
	source := [2]string{e.Upstream, e.Source}
	switch i := slices.Index(r.now, source); {
	case e.Ended && i >= 0:
		r.now = slices.Delete(r.now, i, i+1)
		r.done++
	case !e.Ended:
		if r.done >= r.of {
			*r = reads{of: e.Of}
		}
		r.now = append(r.now, source)
	}
	if len(r.now) == 0 {
		if r.done < r.of {
			return fmt.Sprintf("reading (%d of %d)", r.done, r.of)
		}
		return "comparing"
	}
	var b strings.Builder
	for i, s := range r.now {
		switch {
		case i > 0 && r.now[i-1][0] == s[0]:
			b.WriteString(", ")
		case i > 0:
			b.WriteString("; " + s[0] + ": ")
		default:
			b.WriteString("reading " + s[0] + ": ")
		}
		b.WriteString(s[1])
	}
	if r.of > 1 {
		fmt.Fprintf(&b, " (%d of %d)", r.done, r.of)
	}
	return b.String()
}

// waiting says what is being waited for, until that is over.
func (l *live) waiting(w github.Wait) (over func()) {
	if l == nil {
		return func() {}
	}
	x := &waiting{until: l.now().Add(w.For), limit: w.Limit}
	l.change(func() { l.waits = append(l.waits, x) })
	return func() {
		l.change(func() { l.waits = slices.DeleteFunc(l.waits, func(o *waiting) bool { return o == x }) })
	}
}

// counts is told who counts the requests.
func (l *live) counts(requests func() int) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests = requests
}

// change changes what is being done, and draws it.
func (l *live) change(how func()) {
	if l == nil { // nobody looks on
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.on {
		return
	}
	how()
	if l.doing == "" {
		return
	}
	if l.stop == nil {
		l.since, l.stop = l.now(), make(chan struct{})
		ticks, stop := l.ticker(redraw)
		go l.tick(ticks, stop, l.stop)
	}
	l.draw()
}

// tick draws what moves by itself, which is the time.
func (l *live) tick(ticks <-chan time.Time, stop func(), end <-chan struct{}) {
	defer stop()
	for {
		select {
		case <-end:
			return
		case <-ticks:
			l.mu.Lock()
			select {
			case <-end:
			default:
				l.draw()
			}
			l.mu.Unlock()
		}
	}
}

// end takes the line away. Who says what is done next brings it back.
func (l *live) end() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.erase()
	l.doing, l.reads = "", reads{}
	if l.stop != nil {
		close(l.stop)
		l.stop = nil
	}
}

// draw puts the line on the screen, unless it stands there, was drawn a moment ago, or another line is not ended.
func (l *live) draw() {
	now := l.now()
	if l.broken || l.drawn != "" && now.Sub(l.drew) < redraw {
		return
	}
	line := l.line(now)
	if line == l.drawn {
		return
	}
	l.drawn, l.drew = line, now
	_, _ = io.WriteString(l.w, "\r"+line+"\x1b[K") // who can't see it misses nothing that counts
}

// erase takes the line off the screen.
func (l *live) erase() {
	if l.drawn != "" {
		_, _ = io.WriteString(l.w, "\r\x1b[K")
		l.drawn = ""
	}
}

// echo is what a terminal shows of Ctrl-C, behind the line.
const echo = "^C"

// line is what is to stand there, narrower than the screen even with the echo: in its last column some terminals begin the
// next line, and what stands in two is not taken away whole.
func (l *live) line(now time.Time) string {
	doing := l.doing
	if w := l.longest(); w != nil {
		left := int((w.until.Sub(now) + time.Second - 1) / time.Second)
		doing = fmt.Sprintf("a request failed; trying again in %d s", max(left, 1))
		if w.limit {
			doing = fmt.Sprintf("GitHub asks to wait %d s", max(left, 1))
		}
	}
	var tail string
	if l.requests != nil {
		tail = " · " + plural(l.requests(), "request")
	}
	tail += fmt.Sprintf(" · %d s", int(now.Sub(l.since)/time.Second))
	room := max(l.screen.width()-len(echo)-1, 0)
	doing = report.Line(doing)
	if rest := room - ansi.StringWidth(tail); rest >= 15 {
		return ansi.Truncate(doing, rest, "…") + tail
	}
	return ansi.Truncate(doing, room, "…")
}

// longest is the wait that is over last; limits come before others. nil: nobody waits.
func (l *live) longest() *waiting {
	var out *waiting
	for _, w := range l.waits {
		if out == nil || w.limit && !out.limit || w.limit == out.limit && w.until.After(out.until) {
			out = w
		}
	}
	return out
}

// around is w for everybody else who writes to the terminal.
func (l *live) around(w io.Writer) io.Writer { return beside{l, w} }

// beside writes to a terminal that may show the line.
type beside struct {
	l *live
	w io.Writer
}

func (b beside) Write(p []byte) (int, error) {
	b.l.mu.Lock()
	defer b.l.mu.Unlock()
	b.l.erase()
	if n := len(p); n > 0 {
		b.l.broken = p[n-1] != '\n'
	}
	return b.w.Write(p)
}
