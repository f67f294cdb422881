package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/pipeline"
	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/report"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/sources"
	"github.com/upstream-digest/bot/internal/store"
	"github.com/upstream-digest/bot/internal/store/sqlite"
)

// world is an upstream whose commits are sets of gates by folder, a bot that watches it, and its readers.
type world struct {
	t       *testing.T
	now     time.Time
	commits []map[string][]gate.Gate // folder to gates; the last one is HEAD
	down    error                    // upstream can't be reached
	r       *pipeline.Runner
	st      *sqlite.Store
	issue   *channel
	file    *channel
	nonces  int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 3, 2, 7, 17, 0, 0, time.UTC), issue: &channel{}, file: &channel{}}
	now := func() time.Time { return w.now }
	st, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "bot.db"), sqlite.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	w.st = st
	w.r = &pipeline.Runner{
		Upstreams: []pipeline.Upstream{{
			Name: "widgets", Repository: "acme/widgets", WebURL: "https://github.com/acme/widgets", Ref: "HEAD",
			Sources: []pipeline.Source{&source{w: w, name: "gates", parser: 1, paths: []string{"a"}}},
		}},
		Definitions: []pipeline.Definition{{Name: "weekly", Destinations: []publish.Destination{
			{Type: publish.TypeGitHubIssue, Target: "acme/platform"},
		}}},
		Repositories: w, State: st, Writer: st,
		Channels: map[string]publish.Channel{publish.TypeGitHubIssue: w.issue, publish.TypeFile: w.file},
		Now:      now, ServerNow: now, Log: slog.New(slog.DiscardHandler), Holder: "test", LockTTL: time.Hour,
		KeepSnapshots: 2, FailingAfter: 5,
		Nonce: func() string { w.nonces++; return fmt.Sprintf("%032x", w.nonces) },
		Cost:  func() report.Cost { return report.Cost{Requests: 1} },
	}
	return w
}

// gates makes gates from words such as "Alpha:alpha" and "Beta:beta+" (on by default).
func gates(folder string, words ...string) []gate.Gate {
	var out []gate.Gate
	for i, word := range words {
		name, stage, _ := strings.Cut(word, ":")
		stage, on := strings.CutSuffix(stage, "+")
		out = append(out, gate.Gate{
			Name: name, Const: name, Component: folder, Declared: gate.Position{File: folder + "/gates.go", Line: i + 1},
			Registered: []gate.Registration{{Component: folder, File: folder + "/gates.go", Line: i + 100}},
			Specs:      []gate.Spec{{Since: "1.36", Stage: gate.Stage(stage), Default: on, Line: i + 100}},
			DependsOn:  []string{},
		})
	}
	return out
}

// push makes a commit with these gates in folder a.
func (w *world) push(words ...string) { w.pushAll(map[string][]string{"a": words}) }

func (w *world) pushAll(folders map[string][]string) {
	c := map[string][]gate.Gate{}
	for f, words := range folders {
		c[f] = gates(f, words...)
	}
	w.commits = append(w.commits, c)
}

// Heads and Reader make the world the repositories that are read. A commit's id is its number.
func (w *world) Heads(_ context.Context, reqs []repo.HeadRequest) []repo.HeadResult {
	out := make([]repo.HeadResult, len(reqs))
	for i, q := range reqs {
		if w.down != nil {
			out[i].Err = w.down
			continue
		}
		n := len(w.commits) - 1
		if _, err := fmt.Sscanf(q.Ref, "%040x", &n); err == nil && n >= len(w.commits) {
			out[i].Err = &repo.NotFoundError{Repository: q.Repository, Ref: q.Ref}
			continue
		}
		h := repo.Head{Ref: "HEAD", SHA: fmt.Sprintf("%040x", n), OIDs: map[string]string{}}
		for _, p := range q.Paths {
			h.OIDs[p] = ""
			if gs, ok := w.commits[n][p]; ok {
				h.OIDs[p] = fmt.Sprintf("%040d", len(fmt.Sprint(gs))) + fmt.Sprint(gs)
			}
		}
		out[i].Head = h
	}
	return out
}

func (w *world) Reader(string) (repo.Reader, error) { return reader{}, nil }

type reader struct{ repo.Reader }

func (reader) Tags(context.Context) ([]string, error) { return nil, nil }

// source reads the gates of some folders.
type source struct {
	w      *world
	name   string
	parser int
	setup  string
	paths  []string
	fails  error
	// reads is what another parser or setup makes of the same files.
	reads func([]gate.Gate) []gate.Gate
	// unread is a gate that can't be read at a commit.
	unread   string
	unreadAt int
	// watches is more than the paths; collects stands before the reading.
	watches  sources.Watch
	collects func(ctx context.Context) error
}

func (s *source) Name() string { return s.name }
func (s *source) Parser() int  { return s.parser }

// Setup is a fingerprint of all that the configuration says, paths too; "" plays a state that has none yet.
func (s *source) Setup() string {
	if s.setup == "" {
		return ""
	}
	return fmt.Sprint(s.setup, s.paths)
}

func (s *source) Watch(string) sources.Watch {
	w := s.watches
	w.Paths = s.paths
	return w
}

func (s *source) Collect(ctx context.Context, r repo.Reader, at sources.Commit) (snapshot.Section, error) {
	if s.collects != nil {
		if err := s.collects(ctx); err != nil {
			return snapshot.Section{}, err
		}
	}
	sec := snapshot.Section{Source: s.name, Ref: at.Ref, SHA: at.SHA}
	for _, p := range s.paths {
		sec.Watched = append(sec.Watched, snapshot.Object{Path: p, OID: at.OIDs[p]})
	}
	return s.Reread(ctx, r, sec)
}

func (s *source) Reread(_ context.Context, _ repo.Reader, sec snapshot.Section) (snapshot.Section, error) {
	if s.fails != nil {
		return snapshot.Section{}, s.fails
	}
	var n int
	if _, err := fmt.Sscanf(sec.SHA, "%x", &n); err != nil {
		return sec, err
	}
	var all []gate.Gate
	for _, p := range s.paths {
		all = append(all, s.w.commits[n][p]...)
	}
	if s.reads != nil {
		all = s.reads(slices.Clone(all))
	}
	sec.Status, sec.Parser, sec.Version = snapshot.Complete, s.parser, "1.36"
	set := &snapshot.GateSet{Version: "1.36", Gates: all}
	if s.unread != "" && n == s.unreadAt {
		set.Gates = slices.DeleteFunc(slices.Clone(all), func(g gate.Gate) bool { return g.Name == s.unread })
		set.Unread = []string{s.unread}
	}
	sec.Items = snapshot.Items{Gates: set}
	return sec, nil
}

// channel keeps what is delivered.
type channel struct {
	fails   error
	unclear bool // the answer of a delivery is lost
	partly  bool // the second part fails
	got     []publish.Delivery
	asked   int
}

func (c *channel) Deliver(_ context.Context, parts []publish.Delivery, record publish.Record) error {
	c.asked++
	for _, p := range parts {
		if p.Status == publish.Filed {
			continue
		}
		switch {
		case c.unclear:
			p.Status = publish.Unclear
			return errors.Join(record(p), publish.ErrUnclear)
		case c.fails != nil, c.partly && p.Number > 1:
			p.Status = publish.Owed
			return errors.Join(record(p), errors.New("the channel is dead"))
		}
		p.Status, p.ResultID = publish.Filed, int64(len(c.got)+1)
		c.got = append(c.got, p)
		if err := record(p); err != nil {
			return err
		}
	}
	return nil
}

// run runs the bot a while later.
func (w *world) run(after time.Duration) (*pipeline.Outcome, error) {
	w.t.Helper()
	w.now = w.now.Add(after)
	return w.r.Run(w.t.Context(), pipeline.Options{})
}

func (w *world) ok(after time.Duration) *pipeline.Outcome {
	w.t.Helper()
	out, err := w.run(after)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// want asserts how many parts a channel got, and what the last one says and does not say.
func (w *world) want(c *channel, n int, says ...string) {
	w.t.Helper()
	if len(c.got) != n {
		w.t.Fatalf("%d parts were delivered, want %d", len(c.got), n)
	}
	for _, s := range says {
		no, negative := strings.CutPrefix(s, "!")
		body := c.got[n-1].Body
		if negative && strings.Contains(body, no) {
			w.t.Errorf("the last digest says %q:\n%s", no, body)
		}
		if !negative && !strings.Contains(body, s) {
			w.t.Errorf("the last digest lacks %q:\n%s", s, body)
		}
	}
}

// states counts the deliveries by state.
func (w *world) states() map[store.State]int {
	w.t.Helper()
	all, err := w.st.Deliveries(w.t.Context(), "")
	if err != nil {
		w.t.Fatal(err)
	}
	out := map[store.State]int{}
	for _, d := range all {
		out[d.State]++
	}
	return out
}

const (
	week = 7 * 24 * time.Hour
	day  = 24 * time.Hour
)
