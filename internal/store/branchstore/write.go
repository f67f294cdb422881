package branchstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/store"
)

// heartbeatEvery is how often a run that has nothing else to say is written down. It is less than a day, so that a
// daily run that starts a little early is.
const heartbeatEvery = 20 * time.Hour

// change is a commit in the making.
type change struct {
	s *Store
	v *view // as it will be
	// files are what is written, by path; deleted what goes.
	files   map[string][]byte
	deleted map[string]bool
	// whole: what is not written goes.
	whole bool

	said  []string // the parts of the headline
	notes []string // lines of the message's body

	indexChanged, toldChanged, runsChanged, bodiesChanged, answersChanged bool
}

func (c *change) say(format string, args ...any) {
	c.said = append(c.said, fmt.Sprintf(format, args...))
}
func (c *change) note(format string, args ...any) {
	c.notes = append(c.notes, fmt.Sprintf(format, args...))
}

func (c *change) put(path string, data []byte) string {
	delete(c.deleted, path)
	c.files[path] = data
	return blobID(data)
}

func (c *change) remove(path string) {
	if _, written := c.files[path]; written {
		delete(c.files, path)
		return
	}
	c.deleted[path] = true
}

// tries bounds how often a write is thought out anew because the branch has moved without the lock being lost, and
// unclears how often because nobody knew whether the last try had arrived. stills is how often a commit may be refused
// while the branch is seen to stand where it should: a reading may lag, but not for ever.
const (
	tries    = 200
	unclears = 4
	stills   = 8
)

// write makes one commit: it claims the lease where that is still to be done, and lets build say what changes. build may
// be called several times, each on a fresh copy.
func (s *Store) write(ctx context.Context, op string, lease store.Lease, build func(context.Context, *change) error) error {
	return s.fail(ctx, op, s.commit(ctx, lease, build))
}

func (s *Store) commit(ctx context.Context, lease store.Lease, build func(context.Context, *change) error) error {
	if s.opts.Commits == nil {
		return store.ErrReadOnly
	}
	v, err := s.now(ctx)
	if err != nil {
		return err
	}
	name, unclear, still := s.opts.Name(), 0, 0
	for range tries {
		if err := s.mayWrite(v, lease); err != nil {
			return err
		}
		c := &change{s: s, v: v.clone(), files: map[string][]byte{}, deleted: map[string]bool{}}
		if _, ok := s.pending[lease.Fence]; ok {
			c.v.state.Numbers.Fence, c.v.state.Lock = lease.Fence, &lease
		}
		if err := build(ctx, c); err != nil {
			return err
		}
		req, err := c.finish(v, name)
		if err != nil {
			return err
		}
		if req.Head != "" && req.Tree == "" && !req.Whole && sizeOf(req) > maxDocument {
			// It goes by git data, which start from the root's object id.
			if v, err = s.refresh(ctx, "look at the branch"); err != nil {
				return err
			}
			continue
		}
		oid, err := s.opts.Commits.CommitFiles(ctx, req)
		refusal := err
		var stale *github.StaleError
		var lost *github.UnclearError
		var gone *github.NotFoundError
		switch {
		case err == nil:
			c.v.head = oid
			s.behind[v.head] = true
			s.settle(c.v, lease)
			return nil
		case errors.As(err, &lost) && ctx.Err() == nil:
			if unclear++; unclear > unclears {
				return err
			}
		case errors.As(err, &stale), errors.As(err, &gone) && gone.What != "":
		default:
			return err
		}
		before := v.head
		if v, err = s.refresh(ctx, "look at the branch"); err != nil {
			return err
		}
		if v.state.Write == name { // it had arrived
			s.settle(v, lease)
			return nil
		}
		if v.head == before && lost == nil {
			if still++; still == stills {
				return refusal
			}
		}
	}
	return fmt.Errorf("the branch moved under each of %d tries", tries)
}

// maxDocument is below what CommitFiles sends in one document.
const maxDocument = 4 << 20

func sizeOf(r github.CommitRequest) int {
	n := 0
	for _, f := range r.Write {
		n += len(f.Data)
	}
	return n
}

// settle takes a view in which our write is the last one.
func (s *Store) settle(v *view, lease store.Lease) {
	delete(s.pending, lease.Fence)
	s.v, s.sure = v, s.opts.Now()
}

// finish writes the files that follow from the others, and makes the request.
func (c *change) finish(on *view, name string) (github.CommitRequest, error) {
	st := &c.v.state
	st.Write = name
	for _, f := range []struct {
		changed bool
		name    string
		value   any
	}{
		{c.indexChanged, indexFile, c.v.index}, {c.toldChanged, toldFile, c.v.told}, {c.runsChanged, runsFile, c.v.runs},
		{c.answersChanged, answersFile, c.v.answers},
	} {
		if !f.changed {
			continue
		}
		data, err := encode(f.value)
		if err != nil {
			return github.CommitRequest{}, err
		}
		st.Files[f.name] = c.put(f.name, data)
	}
	folder := func(name string, files map[string]string) {
		delete(st.Files, name)
		if oid := treeID(files); oid != "" {
			st.Files[name] = oid
		}
	}
	if c.indexChanged {
		snapshots, items := map[string]string{}, map[string]string{}
		for _, e := range c.v.index.Snapshots {
			snapshots[strings.TrimPrefix(snapshotPath(e.Seq), snapshotsFolder+"/")] = e.OID
		}
		for hash, oid := range c.v.index.Items {
			items[hash+".json"] = oid
		}
		folder(snapshotsFolder, snapshots)
		folder(itemsFolder, items)
		st.Kept.Snapshots = len(c.v.index.Snapshots)
	}
	if c.bodiesChanged {
		folder(deliveriesFolder, bodyFiles(st.Owed, c.v.told.Told))
	}
	if c.v.told != nil {
		st.Kept.Told = len(c.v.told.Told)
	}
	if on.head == "" || c.whole {
		c.put(readmeFile, []byte(readme))
	}
	data, err := encodeState(*st)
	if err != nil {
		return github.CommitRequest{}, err
	}
	// What is remembered is what was written, checksum and all.
	if *st, err = decodeState(data); err != nil {
		return github.CommitRequest{}, err
	}
	c.put(stateFile, data)
	req := github.CommitRequest{
		Repository: c.s.opts.Repository, Branch: c.s.opts.Branch, Head: on.head, Tree: on.tree, Whole: c.whole,
		Headline: headline(c.said), Body: strings.Join(c.notes, "\n"),
	}
	for _, path := range slices.Sorted(maps.Keys(c.files)) {
		req.Write = append(req.Write, github.File{Path: path, Data: c.files[path]})
		if !strings.HasPrefix(path, deliveriesFolder+"/") {
			c.s.keep(blobID(c.files[path]), c.files[path])
		}
	}
	if on.head != "" && !c.whole {
		req.Delete = slices.Sorted(maps.Keys(c.deleted))
	}
	c.v.tree = "" // told by the next look
	return req, nil
}

// Commit writes the update in one commit, all of it or nothing; the first one of a run claims the lease. See the package
// comment, and sqlite.Store.Commit for what it refuses and fills in.
//
// An idle update (store.Update.Idle) writes nothing where a good run was written down less than a day ago: its run
// keeps the number 0.
func (s *Store) Commit(ctx context.Context, lease store.Lease, u *store.Update) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	if u.Empty() {
		return s.ask(ctx, lease)
	}
	if u.Idle {
		skip, err := s.needNot(ctx, lease)
		if err != nil {
			return err
		}
		if skip {
			delete(s.pending, lease.Fence)
			return nil
		}
	}
	var out store.Update
	var seq, runID int64
	err := s.write(ctx, "commit", lease, func(ctx context.Context, c *change) error {
		seq, runID = 0, 0
		var err error
		if u.Snapshot != nil {
			if seq, err = c.addSnapshot(ctx, u.Snapshot); err != nil {
				return fmt.Errorf("snapshot: %w", err)
			}
		}
		if out, err = u.Resolved(seq); err != nil {
			return err
		}
		for _, cur := range out.Cursors {
			if err := c.putCursor(ctx, cur); err != nil {
				return err
			}
		}
		for _, d := range out.Deliveries {
			if err := c.putDelivery(ctx, d); err != nil {
				return err
			}
		}
		if out.Run != nil {
			if runID, err = c.addRun(ctx, *out.Run); err != nil {
				return fmt.Errorf("run: %w", err)
			}
		}
		if err := c.putAnswers(ctx, out.Answers); err != nil {
			return err
		}
		c.tell(out, seq)
		if u.End != nil {
			c.v.state.Lock = nil
			return c.prune(ctx, u.End.Keep)
		}
		return nil
	})
	if u.Idle && errors.Is(err, store.ErrFenced) {
		return nil // somebody else has looked just now, and said so
	}
	if err != nil {
		return err
	}
	if u.Snapshot != nil {
		u.Snapshot.Seq = seq
	}
	copy(u.Cursors, out.Cursors)
	copy(u.Deliveries, out.Deliveries)
	if u.Run != nil {
		*u.Run = *out.Run
		u.Run.ID = runID
	}
	return nil
}

// needNot reports whether an idle update may be left out: nothing was claimed, and the last run that was written down
// found all well less than a day ago.
func (s *Store) needNot(ctx context.Context, lease store.Lease) (bool, error) {
	if p, ok := s.pending[lease.Fence]; !ok || p != lease {
		return false, nil
	}
	v, err := s.now(ctx)
	if err != nil {
		return false, s.fail(ctx, "commit", err)
	}
	last := v.state.LastRun
	if last == nil || last.ExitCode != 0 || len(last.Failed) > 0 || last.Outcome == store.OutcomePartial {
		return false, nil
	}
	age := s.opts.Now().Sub(last.EndedAt)
	return age >= 0 && age < heartbeatEvery, nil
}

// addSnapshot gives a snapshot the next number.
func (c *change) addSnapshot(ctx context.Context, snap *snapshot.Snapshot) (int64, error) {
	numbered := *snap
	numbered.Seq = c.v.state.Numbers.Snapshot + 1
	return numbered.Seq, c.insert(ctx, &numbered)
}

// insert stores a snapshot under the number it has.
func (c *change) insert(ctx context.Context, snap *snapshot.Snapshot) error {
	if err := c.s.load(ctx, c.v, need{index: true}); err != nil {
		return err
	}
	p, err := snapshot.Pack(snap)
	if err != nil {
		return err
	}
	e := indexed{Seq: snap.Seq, OID: c.put(snapshotPath(snap.Seq), p.Head), Items: slices.Sorted(maps.Keys(p.Sections))}
	for hash, items := range p.Sections {
		if _, known := c.v.index.Items[hash]; !known {
			c.v.index.Items[hash] = c.put(itemsPath(hash), items)
		}
	}
	c.v.index.Snapshots = append(c.v.index.Snapshots, e)
	c.indexChanged = true
	st := &c.v.state
	st.Numbers.Snapshot, st.Newest, c.v.newest = max(st.Numbers.Snapshot, snap.Seq), snap.Seq, p.Head
	st.Files[newestFile] = c.put(newestFile, p.Head)
	return nil
}

func (c *change) hasSnapshot(ctx context.Context, seq int64) error {
	st := c.v.state
	if seq > 0 && (seq == st.Newest || slices.ContainsFunc(st.Cursors, func(k store.Cursor) bool { return k.Snapshot == seq })) {
		return nil
	}
	if err := c.s.load(ctx, c.v, need{index: true}); err != nil {
		return err
	}
	if _, ok := c.v.index.find(seq); !ok {
		return fmt.Errorf("snapshot %d: %w", seq, store.ErrNotFound)
	}
	return nil
}

func (c *change) putCursor(ctx context.Context, cur store.Cursor) error {
	cursors := &c.v.state.Cursors
	i := slices.IndexFunc(*cursors, func(k store.Cursor) bool { return k.Definition == cur.Definition })
	var old *store.Cursor
	if i >= 0 {
		old = &(*cursors)[i]
	}
	if err := store.CheckCursor(old, cur); err != nil {
		return err
	}
	if err := c.hasSnapshot(ctx, cur.Snapshot); err != nil {
		return fmt.Errorf("cursor %s: %w", cur.Definition, err)
	}
	cur.ToldAt = cur.ToldAt.UTC()
	if old != nil {
		*old = cur
		return nil
	}
	*cursors = append(*cursors, cur)
	slices.SortFunc(*cursors, func(a, b store.Cursor) int { return strings.Compare(a.Definition, b.Definition) })
	return nil
}

func (c *change) putDelivery(ctx context.Context, d store.Delivery) error {
	d.QueuedAt, d.RetriedAt, d.DoneAt = d.QueuedAt.UTC(), d.RetriedAt.UTC(), d.DoneAt.UTC()
	same := func(x delivery) bool {
		a, b := x.Key, d.Key
		a.Parts, b.Parts = 0, 0 // no part of what a delivery is found by
		return a == b
	}
	st := &c.v.state
	i, j := slices.IndexFunc(st.Owed, same), -1
	if i < 0 || closed(d.State) {
		if err := c.s.load(ctx, c.v, need{told: true}); err != nil {
			return err
		}
		j = slices.IndexFunc(c.v.told.Told, same)
	}
	oid := blobID([]byte(d.Body))
	var old *store.Delivery
	var was *delivery
	switch {
	case i >= 0:
		was = &st.Owed[i]
	case j >= 0:
		was = &c.v.told.Told[j]
	}
	if was != nil {
		full := was.Delivery
		full.Body = d.Body
		if was.BodyOID != oid {
			full.Body = "another"
			if d.Body == full.Body {
				full.Body += " one"
			}
		}
		old = &full
	}
	if err := store.CheckDelivery(old, d); err != nil {
		return err
	}
	if was == nil && d.Base != 0 {
		if err := c.hasSnapshot(ctx, d.Base); err != nil {
			return fmt.Errorf("delivery %s: base: %w", d.Key, err)
		}
	}
	kept := delivery{Delivery: d, Body: bodyPath(d.Key), BodyOID: oid}
	kept.Delivery.Body = ""
	switch {
	case i >= 0:
		st.Owed = slices.Delete(st.Owed, i, i+1)
	case j >= 0:
		c.v.told.Told = slices.Delete(c.v.told.Told, j, j+1)
		c.toldChanged = true
	default:
		c.put(kept.Body, []byte(d.Body))
		c.s.keep(oid, []byte(d.Body))
		c.bodiesChanged = true
	}
	if closed(d.State) {
		c.v.told.Told = append(c.v.told.Told, kept)
		slices.SortFunc(c.v.told.Told, compareDeliveries)
		c.toldChanged = true
	} else {
		st.Owed = append(st.Owed, kept)
		slices.SortFunc(st.Owed, compareDeliveries)
	}
	return nil
}

// putAnswers adds answers as the newest, and drops the oldest beyond store.KeptAnswers.
func (c *change) putAnswers(ctx context.Context, list []store.Answer) error {
	if len(list) == 0 {
		return nil
	}
	if err := c.s.load(ctx, c.v, need{answers: true}); err != nil {
		return err
	}
	fresh := map[string]bool{}
	var add []store.Answer
	for i, a := range list { // the last of a key counts, at its place
		if !slices.ContainsFunc(list[i+1:], func(x store.Answer) bool { return x.Key == a.Key }) {
			add = append(add, a)
		}
		fresh[a.Key] = true
	}
	all := slices.DeleteFunc(c.v.answers.Answers, func(a store.Answer) bool { return fresh[a.Key] })
	all = append(all, add...)
	c.v.answers.Answers = all[max(0, len(all)-store.KeptAnswers):]
	c.answersChanged = true
	return nil
}

// addRun gives a run the next number.
func (c *change) addRun(ctx context.Context, r store.Run) (int64, error) {
	if err := c.s.load(ctx, c.v, need{runs: true}); err != nil {
		return 0, err
	}
	st := &c.v.state
	st.Numbers.Run++
	r.ID = st.Numbers.Run
	r.StartedAt, r.EndedAt = r.StartedAt.UTC(), r.EndedAt.UTC()
	st.LastRun = &r
	c.v.runs.Runs = slices.Insert(c.v.runs.Runs, 0, r)
	c.runsChanged = true
	return r.ID, nil
}
