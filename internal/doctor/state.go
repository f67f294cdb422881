package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/config"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/store"
)

const (
	// shownDeliveries is how many are listed; who has more has one problem, not many.
	shownDeliveries = 10
	// runsRead is how far back runs are looked at.
	runsRead = 100
)

// state reads what the bot remembers, without touching it.
func (x *examination) state(ctx context.Context) {
	path := x.Config.Store.Path
	if x.onBranch() {
		path = fmt.Sprintf("branch %s of %s", x.Config.Store.Branch, x.Config.Store.Repository)
	}
	st, err := x.OpenState(ctx)
	if err == nil {
		err = x.remember(ctx, st)
	}
	if err != nil {
		x.unusable(path, err)
		return
	}
	x.opened = true
	if !x.place(ctx, path, st) {
		return
	}
	x.lastRun()
	x.lock(ctx, st)
	if x.latest != nil {
		x.data()
	}
	x.deliveries()
}

// remember reads all there is, so that damage shows before anything is told; other checks need it too.
func (x *examination) remember(ctx context.Context, st State) (err error) {
	if x.cursors, err = st.Cursors(ctx); err != nil {
		return err
	}
	if x.runs, err = st.Runs(ctx, runsRead); err != nil {
		return err
	}
	done, err := st.Standing(ctx, "", store.Done)
	for _, d := range done {
		key := strings.ToLower(d.Target)
		if isIssue(d) && d.DoneAt.After(x.filed[key].at) {
			x.filed[key] = filing{at: d.DoneAt}
		}
	}
	if err != nil {
		return err
	}
	if x.owed, err = st.Standing(ctx, "", store.Pending, store.Unknown, store.GivenUp); err != nil {
		return err
	}
	for _, d := range x.owed {
		key := strings.ToLower(d.Target)
		if isIssue(d) && d.LastError != "" && d.QueuedAt.After(x.filed[key].at) {
			x.refused[key] = d.LastError
		}
	}
	x.latest, err = st.Latest(ctx)
	return err
}

func isIssue(d store.Delivery) bool {
	kind, _, _ := strings.Cut(d.Key.Channel, ":") // "type", or "type:name"
	return config.IsIssue(kind)
}

func (x *examination) unusable(path string, err error) {
	var u *store.UnusableError
	if errors.As(err, &u) {
		advice := u.Advice
		if advice == "" {
			advice = "restore a copy, or set store.path to another place"
		}
		x.fail(areaState, "state", path, HarmState, fmt.Sprintf("%s can't be used: %s", line(path), line(u.Reason)), line(advice))
		return
	}
	if x.onBranch() {
		x.fail(areaState, "state", path, HarmState, line(err.Error()), "the state on a branch needs GitHub and a token with contents: write; run bot doctor again")
		return
	}
	x.warn(areaState, "state", path, line(err.Error()), "run bot doctor again; if it stays, look at the disk")
}

func (x *examination) onBranch() bool { return x.Config.Store.Driver == config.DriverBranch }

// branch says whether the state's branch is there. False: there is none yet.
func (x *examination) branch(ctx context.Context, path string, p Place) bool {
	there, err := p.Exists(ctx)
	switch {
	case err != nil:
		x.unusable(path, err)
	case !there:
		x.ok(areaState, "state", path, line(path)+" is not there yet; the first run makes it, and finds its place from the digests it has filed")
	default:
		x.ok(areaState, "state", path, fmt.Sprintf("%s, %s", line(path), count(len(x.cursors), "digest")+" remembered"))
	}
	return err == nil && there
}

// place says where the state is, and whether a run could write to it. False: there is none yet.
func (x *examination) place(ctx context.Context, path string, st State) bool {
	if p, ok := st.(Place); ok {
		return x.branch(ctx, path, p)
	}
	dir := canWriteIn(filepath.Dir(path))
	info, err := os.Stat(path)
	switch {
	case dir != "":
		x.fail(areaState, "state", path, HarmState, fmt.Sprintf("%s can't be written: %s", line(path), dir), "give this user permission, or set store.path to a place it may use")
	case err == nil && writable(path) != nil:
		x.fail(areaState, "state", path, HarmState, line(path)+" can be read, but not written", "give this user permission to write it")
	case errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0:
		x.ok(areaState, "state", path, line(path)+" is not there yet; the first run makes it, and finds its place from the digests it has filed")
		return false
	default:
		finding := line(path)
		if l, ok := st.(Lock); ok {
			if schema, err := l.Schema(ctx); err == nil {
				finding += fmt.Sprintf(", schema %d", schema)
			}
		}
		x.ok(areaState, "state", path, fmt.Sprintf("%s, %d KiB, %s", finding, (info.Size()+1023)/1024, count(len(x.cursors), "digest")+" remembered"))
	}
	return err == nil && info.Size() > 0
}

// lastRun tells when and how the bot was here last.
func (x *examination) lastRun() {
	if len(x.runs) == 0 {
		x.warn(areaState, "last run", "", "no run has come to its end yet", "look what the first one says: bot run -v")
		return
	}
	r := x.runs[0]
	finding := fmt.Sprintf("%s: %s, %s", age(x.now.Sub(r.EndedAt)), line(r.Outcome), count(r.Requests, "request"))
	if !failed(r) {
		x.ok(areaState, "last run", "", finding)
		return
	}
	n := 0
	for n < len(x.runs) && failed(x.runs[n]) {
		n++
	}
	if n > 1 {
		finding += fmt.Sprintf("; so did the %d before it", n-1)
	}
	for _, f := range r.Failed {
		finding += fmt.Sprintf("; %s %s: %s", line(f.Upstream), line(f.Source), line(f.Reason))
	}
	x.warn(areaState, "last run", "", finding, "what failed here and what is owed below say why; bot run -v shows each step")
}

// failed reports whether anything failed in a run; one that left sources out is partial and may have failed too.
func failed(r store.Run) bool { return r.Outcome == "failed" || r.ExitCode != 0 }

// lock tells who has it.
func (x *examination) lock(ctx context.Context, st State) {
	l, ok := st.(Lock)
	if !ok {
		return
	}
	lease, held, err := l.Lock(ctx)
	switch {
	case err != nil:
		x.warn(areaState, "lock", "", line(err.Error()), "")
	case !held:
		x.ok(areaState, "lock", "", "free")
	case x.now.Before(lease.Expires):
		x.warn(areaState, "lock", "", fmt.Sprintf("held by %s until %s; a run started now would leave with exit code 5", line(lease.Holder), clockTime(lease.Expires)),
			"wait for that run; if it died, the lock is free at that time")
	default:
		x.ok(areaState, "lock", "", fmt.Sprintf("left behind by %s, who died; expired %s, and the next run takes it over", line(lease.Holder), age(x.now.Sub(lease.Expires))))
	}
}

// data tells how old what is known of each section is.
func (x *examination) data() {
	for _, w := range x.Watched {
		i := slices.IndexFunc(x.latest.Upstreams, func(u snapshot.Upstream) bool { return u.Name == w.Name })
		if i < 0 {
			x.ok(areaState, "data", w.Name, w.Name+": new; the next run reads it for the first time")
			continue
		}
		for _, s := range x.latest.Upstreams[i].Sections {
			x.section(w.Name, s)
		}
	}
}

func (x *examination) section(upstream string, s snapshot.Section) {
	subject := upstream + "/" + s.Source
	failing, good := 0, store.CurrentAt(s, upstream, x.runs)
	for _, r := range x.runs {
		looked, failed := r.Looked(upstream, s.Source)
		if looked && !failed {
			break
		}
		if failed {
			failing++
		}
	}
	read := "never read"
	if !s.ReadAt.IsZero() {
		read = fmt.Sprintf("last changed reading %s, at %.12s", clockTime(s.ReadAt), s.SHA)
	}
	switch {
	case failing > 0:
		x.warn(areaState, "data", subject, fmt.Sprintf("%s: failed in the last %s: %s; data is from %s", subject, count(failing, "run"), line(x.reason(upstream, s)), age(x.now.Sub(good))),
			"the digest says so too; once it can be read again nothing is lost")
	case s.Status == snapshot.Failed:
		x.warn(areaState, "data", subject, fmt.Sprintf("%s: could not be read: %s; %s", subject, line(s.Reason), read), "the next run tries again")
	case s.Status == snapshot.Skipped:
		x.skip(areaState, "data", subject, fmt.Sprintf("%s: deliberately not read: %s; %s", subject, line(s.Reason), read), "")
	default:
		x.ok(areaState, "data", subject, fmt.Sprintf("%s: current %s; %s", subject, age(x.now.Sub(good)), read))
	}
}

// reason is what the newest run said of a section.
func (x *examination) reason(upstream string, s snapshot.Section) string {
	for _, f := range x.runs[0].Failed {
		if f.Upstream == upstream && f.Source == s.Source {
			return f.Reason
		}
	}
	return s.Reason
}

// deliveries lists what is owed, and what was given up.
func (x *examination) deliveries() {
	all := x.owed
	if len(all) == 0 {
		x.ok(areaState, "deliveries", "", "nothing is owed")
		return
	}
	slices.SortStableFunc(all, func(a, b store.Delivery) int { return b.QueuedAt.Compare(a.QueuedAt) })
	for i, d := range all {
		if i == shownDeliveries {
			x.warn(areaState, "deliveries", "", fmt.Sprintf("and %d older ones", len(all)-i), "bot state show lists them")
			break
		}
		x.delivery(d)
	}
}

func (x *examination) delivery(d store.Delivery) {
	key := line(d.Key.String())
	what := map[store.State]string{
		store.Pending: "pending", store.Unknown: "unknown, it may be there", store.GivenUp: "given up",
	}[d.State]
	finding := fmt.Sprintf("%s: %s; queued %s, %s", key, what, age(x.now.Sub(d.QueuedAt)), count(d.Tries, "try"))
	finding = strings.Replace(finding, "trys", "tries", 1)
	if d.Target != "" {
		finding += ", to " + line(d.Target)
	}
	if d.LastError != "" {
		finding += ": " + line(d.LastError)
	}
	advice := "the next run tries it again before anything else"
	switch d.State {
	case store.Unknown:
		advice = "the next run looks for it, and sends it only if it is not there"
	case store.GivenUp:
		advice = "mend the cause, then queue it again: bot state retry " + key
	case store.Pending, store.Done, store.Superseded:
	}
	x.warn(areaState, "deliveries", key, finding, advice)
}
