package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/report"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/sources"
	"github.com/upstream-digest/bot/internal/store"
)

// collected is what a run read.
type collected struct {
	snap    *snapshot.Snapshot
	changed bool // differs from the last one in more than the time
	failed  []store.FailedSource
	causes  []error              // aligned with failed
	cause   error                // all of them
	skipped []store.FailedSource // deliberately not read: offline
	good    int                  // sections that are current, or not asked for
	// alarming: a source has failed so often that its failing is news, now or when a definition is due.
	alarming bool
}

// collect asks for the heads of all upstreams at once, reads what has moved since last, and carries the
// rest. A source that fails keeps its last good items and is named.
func (r *Runner) collect(ctx context.Context, last *snapshot.Snapshot, past history, opts Options) (collected, error) {
	from := make([]origin, len(r.Upstreams))
	for i, u := range r.Upstreams {
		from[i].ref = u.Ref
	}
	return r.collectAt(ctx, from, thePresent, last, past, opts)
}

func (r *Runner) collectAt(ctx context.Context, from []origin, when moment, last *snapshot.Snapshot, past history, opts Options) (collected, error) {
	var asked []Upstream
	var versions []string
	from = slices.Clone(from)
	for i, u := range r.Upstreams {
		if from[i].ref == "" { // no base for this one
			continue
		}
		from[len(asked)] = from[i]
		asked, versions = append(asked, u), append(versions, last.Upstream(u.Name).Version)
	}
	heads := r.heads(ctx, asked, from, versions, when, last, opts)
	if ctx.Err() != nil {
		return collected{}, r.stopped(ctx)
	}
	tasks := r.tasks(asked, from, versions, heads, when, last)
	r.bringUpToDate(ctx, tasks, opts)
	if ctx.Err() != nil {
		return collected{}, r.stopped(ctx)
	}
	if slices.ContainsFunc(tasks, func(s *task) bool { return s.moved }) {
		r.refresh(ctx, tasks, opts)
		if ctx.Err() != nil {
			return collected{}, r.stopped(ctx)
		}
	}
	return r.fold(asked, from, heads, tasks, last, past), nil
}

// fold puts the sections together as a snapshot, in the order of the configuration.
func (r *Runner) fold(asked []Upstream, from []origin, heads heads, tasks []*task, last *snapshot.Snapshot, past history) collected {
	c := collected{snap: &snapshot.Snapshot{TakenAt: r.Now().UTC()}}
	for i, u := range asked {
		old := last.Upstream(u.Name)
		up := snapshot.Upstream{Name: u.Name, Repository: u.Repository, WebURL: u.WebURL, Ref: from[i].ref, SHA: old.SHA, Version: old.Version}
		if own := heads[headKey(u, sources.Watch{})]; own.Err == nil {
			up.Ref, up.SHA = own.Head.Ref, own.Head.SHA
		}
		version := ""
		for _, s := range tasks {
			if s.upstream.Name != u.Name {
				continue
			}
			sec := r.take(&c, s, past)
			// Gates tell the version of a commit; where none are read, the newest release does.
			if sec.Version != "" && (sec.Source == snapshot.SourceGates || version == "") {
				version = sec.Version
			}
			up.Sections = append(up.Sections, sec)
		}
		up.Version = cmp.Or(version, up.Version)
		c.changed = c.changed || len(up.Sections) != len(old.Sections)
		c.snap.Upstreams = append(c.snap.Upstreams, up)
	}
	c.changed = c.changed || last == nil || len(last.Upstreams) != len(c.snap.Upstreams)
	c.cause = errors.Join(c.causes...)
	return c
}

// take counts what came of a step, and gives the section as it is to be stored.
func (r *Runner) take(c *collected, s *task, past history) snapshot.Section {
	sec, source := s.sec, s.source.Name()
	if sec.Status == snapshot.Complete {
		sec.CurrentAt, sec.Failing = c.snap.TakenAt, false
	} else if s.had {
		sec.CurrentAt = store.CurrentAt(s.old, s.upstream.Name, past)
	}
	if s.err != nil && !s.old.Failing && r.FailingAfter > 0 && past.failures(s.upstream.Name, source)+1 >= r.FailingAfter {
		sec.Failing, s.moved = true, true
	}
	c.alarming = c.alarming || s.err != nil && sec.Failing
	switch {
	case s.err != nil:
		c.failed = append(c.failed, failedSource(s.upstream.Name, source, s.err))
		c.causes = append(c.causes, s.err)
	case sec.Status == snapshot.Skipped:
		c.skipped = append(c.skipped, store.FailedSource{Upstream: s.upstream.Name, Source: source, Reason: sec.Reason})
	default:
		c.good++
	}
	// What has no object ids is known again by its marks: were new ones not kept, each run would read it anew for ever.
	marked := s.watch.Always && !slices.Equal(s.old.Inputs, sec.Inputs)
	c.changed = c.changed || s.moved || marked
	return sec
}

// reading is one section to be read.
type reading struct {
	upstream Upstream
	source   Source
	watch    sources.Watch
	head     repo.HeadResult
	from     origin
	when     moment
	again    bool // although nothing that is watched moved
}

// skipped says why something is deliberately not read, in a few words; "" where it is not that.
func skipped(err error) string {
	var offline *repo.OfflineError
	var skip *sources.SkippedError
	var mirror *repo.UnsupportedError
	switch {
	case errors.As(err, &offline):
		return "offline"
	case errors.As(err, &skip):
		return skip.Reason
	case errors.As(err, &mirror):
		return "a mirror has no " + mirror.What
	}
	return ""
}

// section brings one section up to date. moved says that it must be stored.
func (r *Runner) section(ctx context.Context, x reading, old snapshot.Section, had bool, opts Options) (sec snapshot.Section, moved bool, err error) {
	s, head := x.source, x.head
	carry := func(status snapshot.Status, reason string) snapshot.Section {
		sec := old
		sec.Source, sec.Status, sec.Reason = s.Name(), status, reason
		if !had {
			sec.Parser, sec.Repository = s.Parser(), x.watch.Repository
		}
		return sec
	}
	if !opts.reads(x.upstream.Name, s.Name()) {
		return carry(snapshot.Carried, "not asked for"), false, nil
	}
	watched := watchedAt(x.watch, head.Head)
	// Removals that were not believed are in no object id: who accepts them wants another reading.
	accepts := slices.Contains(opts.AcceptRemovals, s.Name())
	if had && !accepts && head.Err == nil && !x.watch.Always && !x.again && asItWas(s, x.watch, old, head.Head) && !old.Items.Empty() {
		sec := carry(snapshot.Complete, "")
		return sec, old.Status != snapshot.Complete, nil
	}
	err = head.Err
	if err == nil {
		sec, err = r.read(ctx, x, old)
	}
	if reason := skipped(err); reason != "" {
		sec := carry(snapshot.Skipped, reason)
		return sec, !had || old.Status != snapshot.Skipped || old.Reason != reason, nil
	}
	if err == nil {
		// What the configuration no longer names is no removal upstream.
		if !x.watch.Always { // what has no object ids tells its own marks
			sec.Watched = watched
		}
		accept := accepts || !samePlaces(old, sec) || !sameSetup(old.Setup, sec.Setup)
		sec, err = guard(sec, old, accept)
	}
	if err != nil {
		failed := carry(snapshot.Failed, err.Error())
		return failed, !had || old.Status != snapshot.Failed, err
	}
	same, err := sameSection(old, sec)
	return sec, !same, err
}

func (r *Runner) read(ctx context.Context, x reading, old snapshot.Section) (snapshot.Section, error) {
	reader, err := r.Repositories.Reader(cmp.Or(x.watch.Repository, x.upstream.Repository))
	if err != nil {
		return snapshot.Section{}, err
	}
	at := sources.CommitOf(x.head.Head)
	at.Last, at.Now = old, r.ServerNow()
	if x.when == thePast {
		at.AsOf = x.from.since(x.head.Head)
	}
	sec, err := x.source.Collect(ctx, reader, at)
	sec.Repository, sec.ReadAt, sec.Setup = x.watch.Repository, r.Now().UTC(), x.source.Setup()
	return sec, err
}

// guard refuses a reading that looks like a reorganised upstream, and keeps the last good reading of
// gates that are there but could not be read this time, or whose watched place is gone as a whole: a
// folder that moved looks just like that.
func guard(sec, old snapshot.Section, acceptRemovals bool) (snapshot.Section, error) {
	if is, was := sec.Items.Proposals, old.Items.Proposals; is != nil && was != nil && !acceptRemovals {
		if reason := diff.ProposalsLookMoved(*was, *is); reason != "" {
			return sec, errors.New(reason)
		}
	}
	if is, was := sec.Items.Docs, old.Items.Docs; is != nil && was != nil && !acceptRemovals {
		if reason := diff.DocsLookMoved(*was, *is); reason != "" {
			return sec, errors.New(reason)
		}
	}
	if sec.Items.Gates == nil || old.Items.Gates == nil {
		return sec, nil
	}
	set := *sec.Items.Gates
	keepUnreadGates(&set, old.Items.Gates.Gates)
	sec.Items.Gates = &set
	if acceptRemovals {
		return sec, nil
	}
	if reason := diff.LooksLikeLayoutChange(*old.Items.Gates, set); reason != "" {
		return sec, errors.New(reason)
	}
	keepGatesOfGonePaths(&set, old.Items.Gates.Gates, absent(sec.Watched))
	return sec, nil
}

// keepUnreadGates adds to set what old has of the gates that are there but could not be read.
func keepUnreadGates(set *snapshot.GateSet, old []gate.Gate) {
	var unread []string
	for _, name := range set.Unread {
		before := gatesNamed(old, name)
		if len(before) == 0 {
			unread = append(unread, name)
		}
		set.Gates = append(slices.Clone(set.Gates), before...)
	}
	set.Unread = unread
	slices.SortFunc(set.Gates, func(a, b gate.Gate) int { return cmpString(a.Key(), b.Key()) })
}

// keepGatesOfGonePaths adds to set the gates that it lacks and that stood in one of the paths and nowhere
// else, and says so.
func keepGatesOfGonePaths(set *snapshot.GateSet, old []gate.Gate, paths []string) {
	for _, p := range paths {
		n := 0
		for _, g := range gatesUnder(old, []string{p}) {
			if len(gatesNamed(set.Gates, g.Name)) == 0 && !slices.Contains(set.Unread, g.Name) {
				set.Gates = append(slices.Clone(set.Gates), g)
				n++
			}
		}
		if n > 0 {
			set.Diagnostics = append(slices.Clone(set.Diagnostics), gate.Diagnostic{File: p, Message: fmt.Sprintf(
				"this path is gone; the gates that stood there (%d) are kept as they were, until the configuration names their new place or --accept-removals gates says that they were removed", n)})
		}
	}
	slices.SortFunc(set.Gates, func(a, b gate.Gate) int { return cmpString(a.Key(), b.Key()) })
}

// gatesUnder are the gates that are declared and registered within paths and nowhere else.
func gatesUnder(gates []gate.Gate, paths []string) []gate.Gate {
	within := func(file string) bool {
		return slices.ContainsFunc(paths, func(p string) bool { return file == p || strings.HasPrefix(file, p+"/") })
	}
	var out []gate.Gate
	for _, g := range gates {
		in := g.Declared.File == "" || within(g.Declared.File)
		for _, reg := range g.Registered {
			in = in && within(reg.File)
		}
		if in && (g.Declared.File != "" || len(g.Registered) > 0) {
			out = append(out, g)
		}
	}
	return out
}

// absent are the watched paths that do not exist.
func absent(watched []snapshot.Object) []string {
	var out []string
	for _, o := range watched {
		if o.OID == "" {
			out = append(out, o.Path)
		}
	}
	return out
}

func gatesNamed(gates []gate.Gate, name string) []gate.Gate {
	var out []gate.Gate
	for _, g := range gates {
		if g.Name == name {
			out = append(out, g)
		}
	}
	return out
}

func cmpString(a, b string) int {
	if a < b {
		return -1
	}
	if a > b {
		return 1
	}
	return 0
}

func sameSection(a, b snapshot.Section) (bool, error) {
	if a.Status != b.Status || a.Parser != b.Parser || a.Setup != b.Setup || a.Repository != b.Repository || !slices.Equal(a.Watched, b.Watched) {
		return false, nil
	}
	ha, err := a.Hash()
	if err != nil {
		return false, fmt.Errorf("hash section %s: %w", a.Source, err)
	}
	hb, err := b.Hash()
	return ha == hb, err
}

// samePlaces reports whether two sections were read from the same places of the same repository. Where both
// tell their configuration, that decides: which of its files a source watches may follow from the version.
func samePlaces(a, b snapshot.Section) bool {
	return a.Repository == b.Repository && (a.Setup != "" && a.Setup == b.Setup || samePaths(a.Watched, b.Watched))
}

// samePaths reports whether two sections were read from the same places, by the same configuration.
func samePaths(a, b []snapshot.Object) bool {
	return slices.EqualFunc(a, b, func(x, y snapshot.Object) bool { return x.Path == y.Path })
}

// At reads all upstreams at one ref, for commands without state. Failures are errors, and so is what was
// skipped: a command that compares nothing with nothing must not say that nothing changed. Only these sources
// are read, or all where none is named.
func (r *Runner) At(ctx context.Context, ref string, only ...string) (*snapshot.Snapshot, error) {
	from, when := make([]origin, len(r.Upstreams)), thePast
	for i := range from {
		from[i].ref = ref
		if ref == "" {
			from[i].ref, when = r.Upstreams[i].Ref, thePresent
		}
	}
	return r.wholeAt(ctx, from, when, Options{Only: only})
}

// wholeAt reads each upstream at its ref, and those without one not at all.
func (r *Runner) wholeAt(ctx context.Context, from []origin, when moment, opts Options) (*snapshot.Snapshot, error) {
	c, err := r.collectAt(ctx, from, when, nil, nil, opts)
	if err != nil {
		return nil, err
	}
	return c.whole()
}

// whole is what was read, where nothing is missing.
func (c collected) whole() (*snapshot.Snapshot, error) {
	// What a token would be needed for is left out on either side, and said to be.
	left := slices.DeleteFunc(slices.Clone(c.skipped), func(f store.FailedSource) bool { return f.Reason == sources.NeedsToken })
	if missing := append(c.failed, left...); len(missing) > 0 {
		return nil, &SourceError{Failed: missing, All: c.good == 0, Err: c.cause}
	}
	return c.snap, nil
}

// stopped is the error of a reading whose context ended. Where the run's time was up, the sources are
// what failed; an interrupted run failed at nothing.
func (r *Runner) stopped(ctx context.Context) error {
	err := ctx.Err()
	if !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	e := &SourceError{All: true, Err: err}
	for _, u := range r.Upstreams {
		for _, s := range u.Sources {
			e.Failed = append(e.Failed, store.FailedSource{Upstream: u.Name, Source: s.Name(), Reason: "the run's time was up"})
		}
	}
	return e
}

// failedSource keeps the reason on one line: a file's name may hold a line end, and what follows it would
// read as something else that the bot said.
func failedSource(upstream, source string, err error) store.FailedSource {
	return store.FailedSource{Upstream: upstream, Source: source, Reason: report.Line(err.Error())}
}
