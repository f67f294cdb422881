package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/pipeline"
	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/recording"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/store/sqlite"
)

// differsError says that a replayed run did not do what the recorded one did.
type differsError struct{ lines []string }

func (e *differsError) Error() string { return strings.Join(e.lines, "\n") }

// replayRun does a recorded run again, in a temporary folder and without the network, and compares.
func (a *app) replayRun(ctx context.Context, f runFlags, given func(string) bool) (err error) {
	for _, name := range []string{"record", "dry-run", "digest", "since", "upstream", "only", "accept-removals"} {
		if given(name) {
			return &usageError{fmt.Errorf("--%s can't be given with --replay, which does what was recorded; --format, --full and --output can", name)}
		}
	}
	p, err := recording.Open(f.replay)
	if err != nil {
		return &usageError{err}
	}
	var kept keptFlags
	if err := p.Flags(&kept); err != nil {
		return &usageError{err}
	}
	dir, err := os.MkdirTemp("", "bot-replay-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	again := kept.flags()
	again.show, again.output, again.full = true, f.output, f.full
	if given("format") {
		again.format = f.format
	}
	inner := a.child()
	inner.config = p.Config()
	t := &replayTape{a: inner, p: p, dir: f.replay}
	inner.tape = t
	inner.env.now = p.Now
	inner.env.stderr = io.MultiWriter(a.env.stderr, &t.messages)
	inner.env.environ = []string{"BOT_STORE_PATH=" + filepath.Join(dir, "bot.db")}
	for _, name := range p.Variables() {
		inner.env.environ = append(inner.env.environ, name+"=replayed")
	}
	if p.HadToken() {
		inner.env.environ = append(inner.env.environ, "GITHUB_TOKEN=replayed")
	}
	fmt.Fprintf(a.env.stderr, "bot: replaying the run of %s by bot %s; nothing is sent, nothing changes\n", stamp(p.Started()), p.Bot())
	w, err := inner.open()
	if err != nil {
		return err
	}
	if err := t.restore(ctx, w.cfg.Store.Path); err != nil {
		return err
	}
	// What the run did is compared, its error too. Here only the comparison counts.
	run := newEndable(github.WithSleep(ctx, p.Sleep))
	defer run.release()
	p.End = run.end
	_ = errors.Join(inner.runWorld(run, w, again), inner.close())
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if t.verdict == nil {
		return errors.New("the replayed run ended before it began") // cannot happen: the recorded one began
	}
	return t.verdict(a.env.stderr)
}

// restore puts the recorded state where the replayed run finds it.
func (t *replayTape) restore(ctx context.Context, path string) error {
	e, err := t.p.State()
	if err != nil {
		return &usageError{err}
	}
	st, err := sqlite.Open(ctx, path, sqlite.Options{Now: t.p.Now})
	if err != nil {
		return err
	}
	lease, err := st.Acquire(ctx, "replay", time.Hour)
	if err == nil {
		err = st.Import(ctx, lease, e)
	}
	if held := t.p.Lock(); held != nil && err == nil {
		_, err = st.Acquire(ctx, held.Holder, max(held.Expires.Sub(t.p.Now()), time.Second))
	}
	return errors.Join(err, st.Close())
}

// replayTape plays a run.
type replayTape struct {
	a        *app
	p        *recording.Replay
	dir      string
	messages bytes.Buffer
	// verdict says what the comparison found; nil until the run has ended.
	verdict func(io.Writer) error
}

func (t *replayTape) wire(o *github.Options, g *repo.GitOptions) {
	o.Around, o.Jitter, o.WriteInterval = t.p.Around, t.p.Jitter, -1
	g.Machine = t.p.Machine()
}

func (t *replayTape) log(h slog.Handler) slog.Handler { return h }

func (t *replayTape) armed(_ context.Context, w *world) error {
	w.runner.Now, w.runner.ServerNow, w.runner.Nonce = t.p.Clock("local"), t.p.Clock("server"), t.p.Nonce
	w.runner.Gone = nil // a lock that was taken over is recorded as free; who holds what here says nothing
	if w.runner.Channels == nil {
		return nil
	}
	if c, ok := w.runner.Channels[publish.TypeGitHubIssue].(*publish.IssueChannel); ok {
		c.Settle = 0 // as often as then, without waiting
	}
	if c, ok := w.runner.Channels[publish.TypeRolling].(*publish.RollingChannel); ok {
		c.Settle = 0
	}
	names, err := t.fileNames()
	if err != nil {
		return err
	}
	w.runner.Channels[publish.TypeFile] = unwrittenFiles{names}
	w.runner.Channels[publish.TypeStdout] = publish.WriterChannel{W: io.Discard} // the digest is printed anyway
	return nil
}

// fileNames are the names under which the recorded run wrote its parts, by nonce: beside one that held something
// else, for instance.
func (t *replayTape) fileNames() (map[string]string, error) {
	want, err := t.p.Results()
	if err != nil {
		return nil, err
	}
	var doc struct {
		Filed []struct{ Nonce, URL string }
	}
	if err := json.Unmarshal(want["outcome.json"], &doc); err != nil {
		return nil, fmt.Errorf("read the recorded outcome: %w", err)
	}
	names := map[string]string{}
	for _, f := range doc.Filed {
		names[f.Nonce] = f.URL
	}
	return names, nil
}

// unwrittenFiles is a channel for files that writes none.
type unwrittenFiles struct{ names map[string]string }

func (c unwrittenFiles) Deliver(_ context.Context, parts []publish.Delivery, record publish.Record) error {
	for _, d := range parts {
		if d.Status == publish.Filed {
			continue
		}
		d.Status, d.ResultURL = publish.Filed, cmp.Or(c.names[d.Nonce], d.Target)
		if err := record(d); err != nil {
			return err
		}
	}
	return nil
}

func (t *replayTape) ended(ctx context.Context, out *pipeline.Outcome, err error) error {
	got, gerr := t.a.results(ctx, out, err, t.messages.String())
	want, werr := t.p.Results()
	t.verdict = func(w io.Writer) error {
		if rerr := errors.Join(gerr, werr); rerr != nil {
			return rerr
		}
		return t.compare(w, want, got, out)
	}
	return nil
}

// compare says whether the replayed run came to what was recorded.
func (t *replayTape) compare(w io.Writer, want, got map[string][]byte, out *pipeline.Outcome) error {
	if missed := t.p.Missed(); missed != nil {
		return &differsError{[]string{missed.Error()}}
	}
	var lines []string
	for _, r := range t.p.Replaced() {
		lines = append(lines, "another text was sent than the recorded one: "+r)
	}
	for _, r := range t.p.Unused() {
		lines = append(lines, "a recorded request was not made: "+r)
	}
	for _, name := range slices.Sorted(maps.Keys(want)) { // a newer bot may know more formats
		if !bytes.Equal(want[name], got[name]) {
			lines = append(lines, name+" differs from the recorded one:")
			lines = append(lines, shortDiff(name, want[name], got[name])...)
		}
	}
	if len(lines) > 0 {
		return &differsError{append([]string{fmt.Sprintf("the replay of %s differs from the recorded run", t.dir)}, lines...)}
	}
	fmt.Fprintf(w, "bot: the replay equals the recorded run, byte for byte: %s in %d formats, plan, outcome and messages; %s\n",
		plural(len(out.Digests), "digest"), len(formats), plural(t.p.Answers(), "answer"))
	return nil
}

// shortDiff is the beginning of a difference.
func shortDiff(name string, want, got []byte) []string {
	const most = 40
	lines := strings.Split(strings.TrimRight(string(diff.Diff("recorded "+name, want, "replayed "+name, got)), "\n"), "\n")
	if len(lines) > most {
		lines = append(lines[:most], fmt.Sprintf("… and %d lines more", len(lines)-most))
	}
	for i, l := range lines {
		lines[i] = "  " + oneLine(l, 200)
	}
	return lines
}

// endable is a context that ends when it is told, with the error it is told: the replayed run is ended
// where the recorded one was, by a person or because its time was up.
type endable struct {
	context.Context
	release func()

	mu    sync.Mutex
	done  chan struct{}
	err   error
	after map[int]func()
	next  int
}

func newEndable(parent context.Context) *endable {
	c := &endable{Context: parent, done: make(chan struct{}), after: map[int]func(){}}
	stop := context.AfterFunc(parent, func() { c.end(parent.Err()) })
	c.release = func() { stop() }
	return c
}

func (c *endable) Done() <-chan struct{} { return c.done }

func (c *endable) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// AfterFunc is what package context asks for to end the contexts made from this one at once, and not a
// moment later from another goroutine.
func (c *endable) AfterFunc(f func()) (stop func() bool) {
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		f()
		return func() bool { return false }
	}
	id := c.next
	c.next++
	c.after[id] = f
	c.mu.Unlock()
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		_, there := c.after[id]
		delete(c.after, id)
		return there
	}
}

func (c *endable) end(err error) {
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return
	}
	c.err = err
	close(c.done)
	after := c.after
	c.after = map[int]func(){}
	c.mu.Unlock()
	for _, f := range after {
		f()
	}
}
