// Package pipeline is one run, stage by stage; the only package that knows the order:
//
//	lock → settle what is owed → heads → collect → for each definition that is due: base, compare, trace,
//	digest, plan → one transaction (snapshot, cursors, deliveries with their bodies) → deliver → unlock
//
// A dry run is the same run without a [Writer] and without channels: there is nothing that could write.
//
// What is owed is delivered before anything is read, so that a run which dies after its transaction
// loses nothing. When nothing that is watched has moved, a run asks for the heads and records that it
// was there: one request.
package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/docpage"
	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/report"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/sources"
	"github.com/upstream-digest/bot/internal/store"
)

// Upstream is one tracked project and what is read of it.
type Upstream struct {
	Name, Title, Repository, WebURL, Ref string
	Sources                              []Source
	// Likely are versions that it may be at, for asking for its heads before anybody knows: what sources watch may
	// follow from the version. With none right, a quiet run costs one request more where the state is Remote.
	Likely []string
}

// Source is one collector of package sources.
type Source interface {
	Name() string
	Parser() int
	// Setup is a fingerprint of what the configuration says of how files are read.
	Setup() string
	// Watch is what makes a new reading necessary. version is what the upstream is known to be ("1.37"), ""
	// where nobody knows yet.
	Watch(version string) sources.Watch
	Collector
}

// Collector reads a section, or reads a recorded one again with today's parser.
type Collector interface {
	Collect(ctx context.Context, r repo.Reader, at sources.Commit) (snapshot.Section, error)
	Reread(ctx context.Context, r repo.Reader, sec snapshot.Section) (snapshot.Section, error)
}

// Definition is one digest definition: who is told what, how often and where.
type Definition struct {
	Name string
	// Due says whether a boundary of the schedule lies between the last telling and now; nil: always due.
	Due          func(last, now time.Time) bool
	Upstreams    []string // empty: all
	Filter       diff.Filter
	Destinations []publish.Destination
}

// Repositories reads upstreams.
type Repositories interface {
	Heads(ctx context.Context, req []repo.HeadRequest) []repo.HeadResult
	Reader(repository string) (repo.Reader, error)
}

// Reader is the state as a run finds it.
type Reader interface {
	Latest(ctx context.Context) (*snapshot.Snapshot, error)
	// Outline is the newest snapshot without its items, nil where there is none.
	Outline(ctx context.Context) (*snapshot.Outline, error)
	Snapshot(ctx context.Context, seq int64) (*snapshot.Snapshot, error)
	Cursors(ctx context.Context) ([]store.Cursor, error)
	Deliveries(ctx context.Context, definition string, states ...store.State) ([]store.Delivery, error)
	// Standing is Deliveries, but those that are closed may lack their bodies.
	Standing(ctx context.Context, definition string, states ...store.State) ([]store.Delivery, error)
	Runs(ctx context.Context, limit int) ([]store.Run, error)
}

// Writer is the right to change the state. A dry run has none.
type Writer interface {
	Acquire(ctx context.Context, holder string, ttl time.Duration) (store.Lease, error)
	Commit(ctx context.Context, lease store.Lease, u *store.Update) error
	Release(ctx context.Context, lease store.Lease) error
}

// Remote is a state that is read where upstream is read: what it wants is asked with the heads, in one request.
type Remote interface {
	Wants() []repo.HeadRequest
	// Told takes the answers, in the same order. Its error is that the state can't be used.
	Told(ctx context.Context, results []repo.HeadResult) error
}

// Runner holds what a run needs. Its parts are handed in; it has no state of its own.
type Runner struct {
	Upstreams   []Upstream
	Definitions []Definition
	Watch       diff.Watch
	// Disagreements finds in what the pages of gates and the code differ; nil: nobody looks.
	Disagreements func(snapshot.GateSet, snapshot.DocSet) []docpage.Disagreement
	// Yours reads what more of Watch.Settings there is, and what to say of it, where that costs requests; nil:
	// nothing. It is called at most once in a run, when something changed.
	Yours func(ctx context.Context) (settings []diff.WatchedSetting, notices []string)
	// Unread: some of the reader's files could not be read, so Watch.Settings may lack what they set.
	Unread       bool
	Repositories Repositories
	Tracing      Tracing
	State        Reader
	// Remote is the State where that is read with the heads; nil: it is not.
	Remote Remote
	// Sparse says that the State does not keep every quiet run, so that those it has are too few.
	Sparse bool
	// Patience is how long one write to the State may take, also of a run that was interrupted; 0: 10 seconds.
	Patience time.Duration
	// Writer and Channels are nil in a dry run. Channels are by type, or by [ChannelKey] where each has an address of its own.
	Writer   Writer
	Channels map[string]publish.Channel
	// Recover finds the last digest filed by a definition when the store is empty, one for each place that has
	// any; nil: nobody to ask.
	Recover func(ctx context.Context, d Definition) ([]publish.FiledDigest, error)
	// Now is the clock of this machine; ServerNow that of GitHub, for everything compared with its times.
	Now, ServerNow func() time.Time
	Nonce          func() string
	Cost           func() report.Cost
	Log            *slog.Logger
	Holder         string // who holds the lock: "host pid 4711"
	// Gone reports whether the holder of that name is surely dead, so that its lock can be taken over
	// before it runs out; nil: nobody can tell.
	Gone          func(holder string) bool
	LockTTL       time.Duration
	KeepSnapshots int
	// SourceTimeout is the longest that one source of one upstream may take; 0: as long as the run.
	SourceTimeout time.Duration
	// FailingAfter is the number of runs in a row after which a source that fails is told of; 0: never.
	FailingAfter int
	// ExitCode is what the program will leave with for an error; the run's record keeps it. Nil: 0.
	ExitCode func(error) int
	// Progress is told what is being done, by several goroutines at once; nil: nobody watches.
	Progress func(Event)
	// Notices go into every digest of this run: a mirror that is days old.
	Notices []string
}

// Options of one run.
type Options struct {
	// Digest forces one definition and leaves the others alone.
	Digest string
	// Only reads only these sources, Upstream only this upstream: the rest is carried and no cursor moves.
	Only     []string
	Upstream string
	// Since compares with this ref instead of the cursor.
	Since string
	// AcceptRemovals lists sources whose mass removals are believed in this run.
	AcceptRemovals []string

	places places // whose boxes are read with the heads
}

// Outcome is what a run did.
type Outcome struct {
	// Digests are those that tell something, aligned with Plans. Quiet lists the definitions that were
	// looked at and had nothing to tell.
	Digests []report.Digest
	Plans   [][]publish.Part
	Quiet   []string
	NotDue  []string
	// Filed are the parts that were delivered by this run, also those of earlier digests.
	Filed   []publish.Delivery
	Failed  []store.FailedSource
	Notices []string
	// Current is what upstream is now.
	Current *snapshot.Snapshot
	// Unchanged: nothing that is watched has moved.
	Unchanged bool
}

// SourceError says that sources failed.
type SourceError struct {
	Failed []store.FailedSource
	All    bool // not one source could be read: there is no digest and cursors stay
	Err    error
}

func (e *SourceError) Error() string {
	var b strings.Builder
	for i, f := range e.Failed {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%s: %s could not be read: %s", f.Upstream, f.Source, f.Reason)
	}
	return b.String()
}

func (e *SourceError) Unwrap() error { return e.Err }

// DeliveryError says that a part could not be delivered.
type DeliveryError struct {
	Definition      string // "" where it is not one alone
	Channel, Target string
	Err             error
}

func (e *DeliveryError) Error() string {
	where := e.Channel
	if e.Definition != "" {
		where = e.Definition + "/" + where
	}
	return fmt.Sprintf("%s: %v", where, e.Err)
}

func (e *DeliveryError) Unwrap() error { return e.Err }

// UsageError is a mistake in how the run was asked for.
type UsageError struct{ Message string }

func (e *UsageError) Error() string { return e.Message }

// Run does one run. The outcome holds what was done even where the error is not nil; the error joins
// *SourceError, *DeliveryError, *store.HeldError, *store.UnusableError and *UsageError.
func (r *Runner) Run(ctx context.Context, opts Options) (*Outcome, error) {
	out := &Outcome{}
	if err := r.check(opts); err != nil {
		return out, err
	}
	r, err := r.askAhead(ctx, opts)
	if err != nil {
		return out, err
	}
	if r.Writer == nil {
		_, err := r.tell(ctx, opts, out)
		return out, err
	}
	held, err := r.lock(ctx)
	if err != nil {
		return out, err
	}
	started, lease := r.Now(), held.lease
	w := &writing{r: r, lease: lease, held: held, out: out, failed: map[[2]string]bool{}}
	err = w.deliverOwed(ctx, opts.Digest)
	var old *publish.OldStateError // what it would tell may be told already
	if ctx.Err() == nil && !errors.Is(err, store.ErrFenced) && !errors.As(err, &old) {
		err = errors.Join(err, w.tellAndDeliver(ctx, opts))
	}
	// What follows must happen even when the run was interrupted.
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.patience())
	defer cancel()
	if !errors.Is(err, store.ErrFenced) {
		rec := w.record(end, started, opts, err)
		if rec == nil {
			return out, err
		}
		err = errors.Join(err, rec)
	}
	if rel := r.Writer.Release(end, lease); rel != nil && !errors.Is(rel, store.ErrFenced) {
		err = errors.Join(err, rel)
	}
	return out, err
}

func (r *Runner) patience() time.Duration { return cmp.Or(r.Patience, 10*time.Second) }

func (r *Runner) check(opts Options) error {
	if opts.Digest != "" && r.definition(opts.Digest) == nil {
		return &UsageError{fmt.Sprintf("there is no digest definition %q; bot config show lists them", opts.Digest)}
	}
	if opts.Upstream != "" {
		found := false
		for _, u := range r.Upstreams {
			found = found || u.Name == opts.Upstream
		}
		if !found {
			return &UsageError{fmt.Sprintf("there is no upstream %q; bot config show lists them", opts.Upstream)}
		}
	}
	for _, name := range slices.Concat(opts.Only, opts.AcceptRemovals) {
		if !r.hasSource(name) {
			return &UsageError{fmt.Sprintf("there is no source %q; sources are: %s", name, strings.Join(r.sourceNames(), ", "))}
		}
	}
	return nil
}

func (r *Runner) definition(name string) *Definition {
	for i := range r.Definitions {
		if r.Definitions[i].Name == name {
			return &r.Definitions[i]
		}
	}
	return nil
}

// hasSource knows sources, and single feeds by the names of their sections.
func (r *Runner) hasSource(name string) bool {
	return slices.Contains(r.sourceNames(), name) || slices.ContainsFunc(r.Upstreams, func(u Upstream) bool {
		return slices.ContainsFunc(u.Sources, func(s Source) bool { return s.Name() == name })
	})
}

// sourceNames are the names of all sources that are configured, each once.
func (r *Runner) sourceNames() []string {
	var out []string
	for _, u := range r.Upstreams {
		for _, s := range u.Sources {
			if name := snapshot.SourceOf(s.Name()); !slices.Contains(out, name) && name != snapshot.SourceNoteData {
				out = append(out, name)
			}
		}
	}
	return out
}

// partial reports whether a run leaves out something that definitions tell of, so that no cursor may move.
func (r *Runner) partial(opts Options) bool {
	for _, u := range r.Upstreams {
		for _, s := range u.Sources {
			if !opts.reads(u.Name, s.Name()) {
				return true
			}
		}
	}
	return false
}

func (o Options) reads(upstream, source string) bool {
	if o.Upstream != "" && o.Upstream != upstream {
		return false
	}
	for _, only := range o.Only {
		// What the data files say of notes is told with the releases.
		if only == source || only == snapshot.SourceOf(source) || only == snapshot.SourceReleases && source == snapshot.SourceNoteData {
			return true
		}
	}
	return len(o.Only) == 0
}
