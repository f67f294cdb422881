package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/report"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/sources"
	"github.com/upstream-digest/bot/internal/store"
	"github.com/upstream-digest/bot/internal/trace"
)

// telling is what a run would write.
type telling struct {
	bases   []*snapshot.Snapshot // of a first run, to be stored before the rest
	current *snapshot.Snapshot
	fresh   bool // current is not stored yet
	steps   []step
	answers []store.Answer // to questions of tracing
}

// step is one definition's.
type step struct {
	cursor     store.Cursor // as it was
	to         *snapshot.Snapshot
	plan       []planned
	superseded []store.Delivery
	toldAt     time.Time
	queuedAt   time.Time // server's time
}

// planned is a part with the snapshot its digest starts from; nil where all is a baseline.
type planned struct {
	publish.Part
	base *snapshot.Snapshot
}

// tell reads upstream, compares, and says what is to be written and sent. It changes nothing.
func (r *Runner) tell(ctx context.Context, opts Options, out *Outcome) (*telling, error) {
	if r.Remote == nil { // where digests stand is at hand: what is asked of there goes with the heads
		cursors, err := r.cursors(ctx)
		if err == nil {
			opts.places, err = r.places(ctx, cursors, opts)
		}
		if err != nil {
			return nil, err
		}
	}
	if t, err := r.unmoved(ctx, opts, out); t != nil || err != nil {
		return t, err
	}
	last, err := r.State.Latest(ctx)
	if err != nil {
		return nil, err
	}
	cursors, err := r.cursors(ctx)
	if err != nil {
		return nil, err
	}
	if opts.Since != "" {
		if err := r.checkSince(opts, cursors); err != nil {
			return nil, err
		}
	}
	runs, err := r.State.Runs(ctx, keptRuns)
	if err != nil {
		return nil, err
	}
	past := history(runs)
	t := &telling{}
	var first firstRun
	if len(cursors) == 0 {
		if first, err = r.firstBase(ctx, last, opts); err != nil {
			return nil, err
		}
		for _, b := range first.distinct {
			last = b
			if b.Seq == 0 {
				t.bases = append(t.bases, b)
			}
		}
		out.Notices = append(out.Notices, first.notices...)
		for _, d := range r.Definitions {
			for _, a := range first.alerts[d.Name] {
				out.Notices = append(out.Notices, a.What+" "+a.Why+" To act on: "+a.Next)
			}
		}
	}
	if r.Remote != nil { // it costs a reading, and is needed only now
		if opts.places, err = r.places(ctx, cursors, opts); err != nil {
			return nil, err
		}
	}
	known, more, err := r.goneOn(ctx, last, cursors)
	if err != nil {
		return nil, err
	}
	got, err := r.collect(ctx, known, past, opts)
	if err != nil {
		return nil, err
	}
	got.changed = got.changed || more
	out.Failed = got.failed
	var failure error
	if len(got.failed) > 0 {
		failure = &SourceError{Failed: got.failed, All: got.good == 0, Err: got.cause}
	}
	for _, s := range got.skipped {
		out.Notices = append(out.Notices, fmt.Sprintf("%s: %s is left out: %s", s.Upstream, s.Source, s.Reason))
	}
	if got.good == 0 && len(got.failed)+len(got.skipped) > 0 && !got.alarming {
		return nil, failure // no digest, and cursors stay
	}
	if failure != nil && len(first.distinct) > 1 && first.has(got.failed) {
		// What failed carries the items of one definition's base, which may be newer than another's or
		// older: compared with that, it would tell what did not happen.
		return nil, failure
	}
	t.current, t.fresh = got.snap, got.changed
	switch {
	case got.changed:
	case last.Seq == 0: // a first base, which gets its number when it is stored
		t.current, out.Unchanged = last, true
	default: // it is the stored one, seen once more
		t.current.Seq, out.Unchanged = last.Seq, true
	}
	out.Current = t.current
	sent, err := r.State.Standing(ctx, "")
	if err != nil {
		return nil, errors.Join(failure, err)
	}
	var since *snapshot.Snapshot
	if opts.Since != "" {
		var notices []string
		if since, notices, err = r.since(ctx, opts); err != nil {
			return nil, errors.Join(failure, err)
		}
		first.notices = append(first.notices, notices...)
		out.Notices = append(out.Notices, notices...)
	}
	mine := &yours{ask: r.Yours}
	asking := r.newTracing(ctx)
	defer asking.end()
	for _, d := range r.Definitions {
		cur, has := cursors[d.Name]
		if !has {
			cur = store.Cursor{Definition: d.Name, Seq: first.seq[d.Name]}
		}
		if opts.Digest != "" && d.Name != opts.Digest {
			if base := first.bases[d.Name]; !has && base != nil {
				// It is not told today, but it starts where it would have: the next run has cursors, and
				// would take all for a baseline. A time of zero makes it due.
				t.steps = append(t.steps, step{cursor: cur, to: base})
			}
			continue
		}
		if has && opts.Digest == "" && d.Due != nil && !r.due(d, cur.ToldAt) {
			out.NotDue = append(out.NotDue, d.Name)
			continue
		}
		base, current := first.bases[d.Name], t.current
		switch {
		case since != nil:
			base, current = since, onlyIn(t.current, since)
		case has && last != nil && last.Seq == cur.Snapshot:
			base = last
		case has:
			if base, err = r.State.Snapshot(ctx, cur.Snapshot); err != nil {
				return nil, errors.Join(failure, fmt.Errorf("read snapshot %d, which digest %s was last told of: %w", cur.Snapshot, d.Name, err))
			}
		}
		w := words{
			r: r, definition: d, seq: cur.Seq + 1, current: current, givenUp: givenUp(sent), silents: silents(sent), past: past, yours: mine, tracing: asking,
			notices: slices.Concat(r.Notices, first.notices), fromTag: since == nil && !has && !first.recovered,
			alone: since != nil, lost: first.alerts[d.Name], places: slices.Concat(opts.places, first.places[d.Name]),
		}
		if opts.Digest != "" { // the others start today too, and can't tell theirs
			w.lost = nil
			for _, of := range r.Definitions {
				w.lost = append(w.lost, first.alerts[of.Name]...)
			}
		}
		s, err := w.tell(ctx, base, cur.ToldAt, out)
		if err != nil {
			failure = errors.Join(failure, err) // it stays where it is, and tells when its base can be read
			if start := first.bases[d.Name]; !has && start != nil {
				t.steps = append(t.steps, step{cursor: cur, to: start})
			}
			continue
		}
		if got.good == 0 && len(got.failed) > 0 && len(s.plan)+len(s.superseded) == 0 {
			continue // it stays due: nobody has looked
		}
		if s.to == nil {
			s.to = t.current
		}
		s.cursor, s.toldAt, s.queuedAt = cur, r.Now(), r.ServerNow()
		t.steps = append(t.steps, s)
	}
	t.answers = asking.answers()
	if r.partial(opts) || opts.Since != "" && r.Writer == nil {
		return nil, failure // shown, but nothing moves
	}
	return t, failure
}

// cursors are how far the definitions were told, by name.
func (r *Runner) cursors(ctx context.Context) (map[string]store.Cursor, error) {
	list, err := r.State.Cursors(ctx)
	out := make(map[string]store.Cursor, len(list))
	for _, c := range list {
		out[c.Definition] = c
	}
	return out, err
}

// due reports whether a definition is due that was told at last. Told at a time that is yet to come: a clock was
// wrong then, and its schedule must not sleep until then.
func (r *Runner) due(d Definition, last time.Time) bool {
	return last.After(r.Now()) || d.Due(last, r.Now())
}

// update is the one transaction. The bases are stored by then, and have their numbers.
func (t *telling) update() store.Update {
	u := store.Update{Answers: t.answers}
	if t.fresh {
		u.Snapshot = t.current
	}
	for _, s := range t.steps {
		cur, to := s.cursor, s.to.Seq
		if t.fresh && s.to == t.current {
			to = store.CurrentSnapshot
		}
		if cur.Snapshot != to || len(s.plan) > 0 {
			cur.Seq++
		}
		cur.Snapshot, cur.ToldAt = to, s.toldAt.UTC()
		u.Cursors = append(u.Cursors, cur)
		u.Deliveries = append(u.Deliveries, s.superseded...)
		for _, p := range s.plan {
			d := store.Delivery{
				Key:   store.Key{Definition: cur.Definition, Seq: cur.Seq, Channel: p.Channel, Part: p.Number, Parts: p.Of},
				Nonce: p.Nonce, State: store.Pending, Target: p.Target, Title: p.Title, Body: p.Body, Labels: p.Labels,
				QueuedAt: s.queuedAt.UTC(), ResultID: p.Standing,
			}
			if p.base != nil {
				d.Base = p.base.Seq
			}
			u.Deliveries = append(u.Deliveries, d)
		}
	}
	return u
}

// timesOnly reports whether an update says no more than that definitions were found current.
func (t *telling) timesOnly(u store.Update) bool {
	if u.Snapshot != nil || len(u.Deliveries)+len(u.Answers) > 0 {
		return false
	}
	for i, s := range t.steps {
		if u.Cursors[i].Seq != s.cursor.Seq || u.Cursors[i].Snapshot != s.cursor.Snapshot {
			return false
		}
	}
	return true
}

// since reads what --since compares with: the upstreams that are read and that somebody is told of. The
// others need not have such a ref. What stands in a repository beside the upstream's own may be younger than the ref: that
// is watched from now on, and said so.
func (r *Runner) since(ctx context.Context, opts Options) (*snapshot.Snapshot, []string, error) {
	from := make([]origin, len(r.Upstreams))
	for i, u := range r.Upstreams {
		if opts.Upstream != "" && opts.Upstream != u.Name {
			continue
		}
		for _, d := range r.Definitions {
			if (opts.Digest == "" || opts.Digest == d.Name) && (len(d.Upstreams) == 0 || slices.Contains(d.Upstreams, u.Name)) {
				from[i].ref = opts.Since
			}
		}
	}
	c, err := r.collectAt(ctx, from, thePast, nil, nil, Options{})
	if err != nil {
		return nil, nil, err
	}
	notices := r.youngerThanBase(&c)
	base, err := c.whole()
	return base, notices, err
}

// youngerThanBase takes from what failed what stands in other repositories, and was not there yet.
func (r *Runner) youngerThanBase(c *collected) (notices []string) {
	var failed []store.FailedSource
	var causes []error
	for i, f := range c.failed {
		var absent *sources.AbsentError
		var notFound *repo.NotFoundError
		src := r.source(f.Upstream, f.Source)
		beside := src != nil && src.Watch("").Repository != "" && errors.As(c.causes[i], &absent)
		if beside || errors.As(c.causes[i], &notFound) && (!notFound.Until.IsZero() || r.isOther(f.Upstream, notFound)) {
			notices = append(notices, noBase(f))
			continue
		}
		failed, causes = append(failed, f), append(causes, c.causes[i])
	}
	c.failed, c.causes, c.cause = failed, causes, errors.Join(causes...)
	return notices
}

// onlyIn is s without the upstreams that other does not have.
func onlyIn(s, other *snapshot.Snapshot) *snapshot.Snapshot {
	out := *s
	out.Upstreams = nil
	for _, u := range s.Upstreams {
		if other.Upstream(u.Name).Name != "" {
			out.Upstreams = append(out.Upstreams, u)
		}
	}
	return &out
}

func (r *Runner) checkSince(opts Options, cursors map[string]store.Cursor) error {
	if r.Writer == nil {
		return nil
	}
	for _, d := range r.Definitions {
		if _, told := cursors[d.Name]; told && (opts.Digest == "" || opts.Digest == d.Name) {
			return &UsageError{fmt.Sprintf("--since would tell digest %s twice, for it has been told before; use it with --dry-run", d.Name)}
		}
	}
	return nil
}

// ownProposals leads to the files of proposals that are no Kubernetes enhancements: the short links of those lead to
// nobody else's.
func ownProposals(res diff.UpstreamResult, evidence []trace.Evidence) []trace.Evidence {
	i := slices.IndexFunc(res.Sections, func(s diff.SectionResult) bool { return s.Source == snapshot.SourceProposals })
	if i < 0 || report.IsEnhancements(res.Sections[i].Repository) {
		return evidence
	}
	sec := res.Sections[i]
	for j, e := range evidence {
		if e.Rule == trace.RuleProposalGates || e.Rule == trace.RuleRelisted {
			evidence[j].URL = strings.TrimRight(sec.WebURL, "/") + "/blob/" + sec.To.SHA + (&url.URL{Path: "/" + e.Source}).EscapedPath()
		}
	}
	return evidence
}

// modernise reads sections of base again that another parser made, or that another configuration read
// from other paths, so that a new bot or configuration invents no change; and those of current, where today's
// parser could not read upstream and it holds what an earlier one read. What can never be read becomes a
// baseline, and the digest says so; what merely can't be read today is an error, for a baseline loses what
// changed in between.
func (r *Runner) modernise(ctx context.Context, base, current *snapshot.Snapshot) (was, is *snapshot.Snapshot, notices []string, err error) {
	if base == nil {
		return nil, current, nil, nil
	}
	was, is = withOwnSections(base), withOwnSections(current)
	for i, up := range was.Upstreams {
		for j, sec := range up.Sections {
			now := sectionIn(is, up.Name, sec.Source)
			src := r.source(up.Name, sec.Source)
			if now == nil || src == nil || sec.Items.Empty() || now.Items.Empty() || readAlike(sec, *now) {
				continue
			}
			again, err := r.reread(ctx, up, src, sec)
			if err == nil && !readToday(src, *now) {
				*now, err = r.reread(ctx, is.Upstream(up.Name), src, *now)
			}
			if ctx.Err() != nil {
				return nil, nil, nil, r.stopped(ctx)
			}
			if err != nil && passing(err) {
				err = fmt.Errorf("read the last state again, as this bot and configuration read it: %w", err)
				return nil, nil, nil, &SourceError{Failed: []store.FailedSource{failedSource(up.Name, sec.Source, err)}, Err: err}
			}
			if err != nil {
				notices = append(notices, fmt.Sprintf("%s: this version of the bot, or its configuration, reads %s otherwise, and the last state could not be read again (%v). Watching starts anew from here; changes in between are not told.", up.Name, sec.Source, err))
				again = snapshot.Section{Source: sec.Source}
			}
			was.Upstreams[i].Sections[j] = again
		}
	}
	return was, is, notices, nil
}

// withOwnSections is a copy whose sections can be replaced.
func withOwnSections(s *snapshot.Snapshot) *snapshot.Snapshot {
	out := *s
	out.Upstreams = slices.Clone(s.Upstreams)
	for i := range out.Upstreams {
		out.Upstreams[i].Sections = slices.Clone(out.Upstreams[i].Sections)
	}
	return &out
}

func sectionIn(s *snapshot.Snapshot, upstream, source string) *snapshot.Section {
	for _, u := range s.Upstreams {
		if i := slices.IndexFunc(u.Sections, func(x snapshot.Section) bool { return x.Source == source }); u.Name == upstream && i >= 0 {
			return &u.Sections[i]
		}
	}
	return nil
}

// readAlike reports whether two sections were read by the same parser and the same configuration.
func readAlike(a, b snapshot.Section) bool {
	return a.Parser == b.Parser && samePlaces(a, b) && sameSetup(a.Setup, b.Setup)
}

// sameSetup compares fingerprints; where one was not kept nobody can tell, and nothing is made of it.
func sameSetup(a, b string) bool { return a == b || a == "" || b == "" }

// readToday reports whether a section was read by today's parser and configuration.
func readToday(src Source, sec snapshot.Section) bool {
	return sec.Parser == src.Parser() && sameSetup(sec.Setup, src.Setup()) && readFromToday(src, sec)
}

// readFromToday reports whether a section was read from the places that its source reads today.
func readFromToday(src Source, sec snapshot.Section) bool {
	w := src.Watch(sec.Version)
	if sec.Repository != w.Repository {
		return false
	}
	if sec.Setup != "" && sec.Setup == src.Setup() {
		return true
	}
	return len(sec.Watched) == len(w.Paths) && !slices.ContainsFunc(sec.Watched, func(o snapshot.Object) bool { return !slices.Contains(w.Paths, o.Path) })
}

// reread reads a section once more at its commit, with today's parser and from today's paths. How fresh it is
// does not change by that. What the first reading had kept, of places that were gone and of what could not be read,
// is kept: the other side of the comparison has it too.
func (r *Runner) reread(ctx context.Context, up snapshot.Upstream, src Source, sec snapshot.Section) (snapshot.Section, error) {
	w := src.Watch(sec.Version)
	if sec.Repository != w.Repository {
		return sec, fmt.Errorf("it was read of %s, and the configuration names %s", cmp.Or(sec.Repository, up.Repository), cmp.Or(w.Repository, up.Repository))
	}
	reader, err := r.Repositories.Reader(cmp.Or(sec.Repository, up.Repository))
	if err != nil {
		return sec, err
	}
	var again snapshot.Section
	if readFromToday(src, sec) {
		again, err = src.Reread(ctx, reader, sec)
	} else {
		head := r.Repositories.Heads(ctx, []repo.HeadRequest{{Repository: cmp.Or(sec.Repository, up.Repository), Ref: sec.SHA, Paths: w.Paths, Releases: w.Releases}})[0]
		if err := cmp.Or(head.Err, head.ReleasesErr); err != nil {
			return sec, err
		}
		at := sources.CommitOf(head.Head)
		at.Ref, at.SHA, at.AsOf = sec.Ref, sec.SHA, sec.ReadAt
		again, err = src.Collect(ctx, reader, at)
		again.Watched = watchedAt(w, head.Head)
	}
	if err != nil {
		return sec, err
	}
	again.Repository, again.ReadAt = sec.Repository, sec.ReadAt
	again.Status, again.Reason, again.CurrentAt, again.Failing = sec.Status, sec.Reason, sec.CurrentAt, sec.Failing
	if set := again.Items.Gates; set != nil && sec.Items.Gates != nil && readFromToday(src, sec) && sameSetup(sec.Setup, src.Setup()) {
		kept := *set
		keepUnreadGates(&kept, sec.Items.Gates.Gates)
		keepGatesOfGonePaths(&kept, sec.Items.Gates.Gates, absent(again.Watched))
		again.Items.Gates = &kept
	}
	return again, nil
}

// passing reports whether an error of reading says nothing of what was to be read, so that it may be had
// tomorrow.
func passing(err error) bool {
	var (
		network    *github.NetworkError
		limit      *github.LimitError
		server     *github.ServerError
		decode     *github.DecodeError
		auth       *github.AuthError
		incomplete *repo.IncompleteError
	)
	return errors.As(err, &network) || errors.As(err, &limit) || errors.As(err, &server) || errors.As(err, &decode) ||
		errors.As(err, &auth) || errors.As(err, &incomplete)
}

func (r *Runner) source(upstream, name string) Source {
	for _, u := range r.Upstreams {
		for _, s := range u.Sources {
			if u.Name == upstream && s.Name() == name {
				return s
			}
		}
	}
	return nil
}

// Between compares two snapshots without state. Of where the changes come from it tells what the snapshots hold.
func (r *Runner) Between(base, current *snapshot.Snapshot) []report.Upstream {
	var out []report.Upstream
	for _, res := range diff.Compare(base, current, diff.Options{Watch: r.Watch, Disagreements: r.Disagreements}) {
		u := report.Upstream{UpstreamResult: res}
		for _, c := range res.Changes {
			u.Evidence = append(u.Evidence, trace.Explain(c, trace.Found{}, trace.Repository{Name: res.Repository, WebURL: res.WebURL}))
		}
		out = append(out, r.Tracing.override(u))
	}
	return out
}
