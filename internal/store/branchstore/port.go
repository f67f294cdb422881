package branchstore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/store"
)

// Export is the whole state at one moment. It works on a state that another run has claimed.
func (s *Store) Export(ctx context.Context) (*store.Export, error) {
	out := &store.Export{}
	err := s.reading(ctx, "export state", func(v *view) error {
		if err := s.load(ctx, v, need{index: true, told: true, runs: true, answers: true}); err != nil {
			return err
		}
		// All files in as few requests as can be.
		var objects []repo.Object
		for _, e := range v.index.Snapshots {
			objects = append(objects, repo.Object{Path: snapshotPath(e.Seq), OID: e.OID})
		}
		for hash, oid := range v.index.Items {
			objects = append(objects, repo.Object{Path: itemsPath(hash), OID: oid})
		}
		if _, err := s.read(ctx, objects); err != nil {
			return err
		}
		out.Numbers, out.Cursors = v.state.Numbers, slices.Clone(v.state.Cursors)
		for _, e := range v.index.Snapshots {
			snap, err := s.snapshot(ctx, v, e.Seq)
			if err != nil {
				return err
			}
			out.Snapshots = append(out.Snapshots, snap)
		}
		all := slices.Concat(v.state.Owed, v.told.Told)
		slices.SortFunc(all, compareDeliveries)
		var err error
		if out.Deliveries, err = s.bodies(ctx, all); err != nil {
			return err
		}
		for _, a := range v.answers.Answers {
			plain, err := plainAnswer(a)
			if err != nil {
				return s.damaged(answersFile, err)
			}
			out.Answers = append(out.Answers, plain)
		}
		out.Runs = slices.Clone(v.runs.Runs)
		slices.Reverse(out.Runs)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Import puts e in the place of all that the branch holds, in one commit on top of what is there, and gives the lock
// back. It keeps e's numbers and nonces. The fence stays above every one that was given before, here and there.
func (s *Store) Import(ctx context.Context, lease store.Lease, e *store.Export) error {
	if err := e.Check(); err != nil {
		return fmt.Errorf("import state: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(ctx, "import state", lease, func(ctx context.Context, c *change) error {
		return c.replace(ctx, e, max(lease.Fence, e.Numbers.Fence))
	})
}

// Overwrite is Import where what the branch holds can't be used: it goes on top of whatever is there, lock or no lock.
func (s *Store) Overwrite(ctx context.Context, e *store.Export) error {
	if err := e.Check(); err != nil {
		return fmt.Errorf("import state: %w", err)
	}
	if s.opts.Commits == nil {
		return store.ErrReadOnly
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	res := s.opts.Heads.Heads(ctx, []repo.HeadRequest{s.request()})[0]
	var missing *repo.NotFoundError
	if res.Err != nil && (!errors.As(res.Err, &missing) || missing.Ref == "") {
		return s.fail(ctx, "import state", res.Err)
	}
	v := emptyView()
	v.head, v.tree = res.Head.SHA, res.Head.OIDs[""]
	fence := e.Numbers.Fence
	if old, ok := parseNumbers(res.Head.Texts[stateFile].Data); ok {
		fence = max(fence, old.Fence)
	}
	c := &change{s: s, v: v.clone(), files: map[string][]byte{}, deleted: map[string]bool{}}
	if err := c.replace(ctx, e, fence+1); err != nil {
		return err
	}
	req, err := c.finish(v, s.opts.Name())
	if err != nil {
		return err
	}
	oid, err := s.opts.Commits.CommitFiles(ctx, req)
	if err != nil {
		return s.fail(ctx, "import state", err)
	}
	c.v.head = oid
	s.v, s.sure = c.v, s.opts.Now()
	return nil
}

// replace makes the change that leaves nothing but e.
func (c *change) replace(ctx context.Context, e *store.Export, fence int64) error {
	c.v = emptyView()
	c.files, c.deleted, c.whole = map[string][]byte{}, map[string]bool{}, true
	st := &c.v.state
	for _, snap := range e.Snapshots {
		if err := c.insert(ctx, snap); err != nil {
			return fmt.Errorf("snapshot %d: %w", snap.Seq, err)
		}
	}
	for _, cur := range e.Cursors {
		if err := c.putCursor(ctx, cur); err != nil {
			return err
		}
	}
	for _, d := range e.Deliveries {
		base := d.Base
		d.Base = 0 // one that was given up may have lost it
		if err := c.putDelivery(ctx, d); err != nil {
			return err
		}
		c.setBase(d.Key, base)
	}
	runs := slices.Clone(e.Runs)
	slices.SortFunc(runs, func(a, b store.Run) int { return int(b.ID - a.ID) })
	for i := range runs {
		runs[i].StartedAt, runs[i].EndedAt = runs[i].StartedAt.UTC(), runs[i].EndedAt.UTC()
	}
	c.v.runs.Runs, c.v.answers.Answers = runs, slices.Clone(e.Answers)
	c.answersChanged = len(e.Answers) > 0
	if len(runs) > 0 {
		last := runs[0]
		st.LastRun = &last
	}
	st.Numbers = e.Numbers
	st.Numbers.Fence, st.Lock = fence, nil
	c.indexChanged, c.toldChanged, c.runsChanged, c.bodiesChanged = true, true, true, true
	c.said, c.notes = nil, nil
	c.say("imported %d snapshots, %d cursors, %d deliveries and %d runs", len(e.Snapshots), len(e.Cursors), len(e.Deliveries), len(e.Runs))
	c.note("What stood here before is in this branch's history.")
	return nil
}

// setBase gives a delivery the base it was queued with.
func (c *change) setBase(k store.Key, base int64) {
	for _, list := range [][]delivery{c.v.state.Owed, c.v.told.Told} {
		for i := range list {
			if list[i].Key == k {
				list[i].Base = base
			}
		}
	}
}
