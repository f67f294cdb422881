package branchstore

import (
	"context"
	"fmt"
	"slices"

	"github.com/upstream-digest/bot/internal/store"
)

// Prune drops what sqlite.Store.Prune drops, files and all. The branch's history has it still.
func (s *Store) Prune(ctx context.Context, lease store.Lease, keep int) error {
	if keep < 0 {
		return fmt.Errorf("prune: can't keep %d snapshots", keep)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(ctx, "prune", lease, func(ctx context.Context, c *change) error {
		err := c.prune(ctx, keep)
		c.say("cleared away what is old")
		return err
	})
}

func (c *change) prune(ctx context.Context, keep int) error {
	st := &c.v.state
	if len(st.Owed)+st.Kept.Told > store.KeptDigests { // otherwise no channel can have so many
		if err := c.s.load(ctx, c.v, need{told: true}); err != nil {
			return err
		}
		c.pruneDeliveries()
	}
	if keep = max(1, keep); st.Kept.Snapshots > keep || c.v.index != nil && len(c.v.index.Snapshots) > keep {
		if err := c.s.load(ctx, c.v, need{index: true}); err != nil {
			return err
		}
		c.pruneSnapshots(keep)
	}
	if c.v.runs != nil && len(c.v.runs.Runs) > store.KeptRuns { // it was read to add one
		c.v.runs.Runs, c.runsChanged = c.v.runs.Runs[:store.KeptRuns], true
	}
	return nil
}

// pruneSnapshots drops all snapshots but the newest ones and those that are named, then the items that none has.
func (c *change) pruneSnapshots(keep int) {
	named := map[int64]bool{}
	for _, cur := range c.v.state.Cursors {
		named[cur.Snapshot] = true
	}
	for _, d := range c.v.state.Owed {
		named[d.Base] = true
	}
	x, dropped := c.v.index, 0
	var left []indexed
	used := map[string]bool{}
	for i, e := range x.Snapshots {
		if i < len(x.Snapshots)-keep && !named[e.Seq] {
			c.remove(snapshotPath(e.Seq))
			dropped++
			continue
		}
		left = append(left, e)
		for _, hash := range e.Items {
			used[hash] = true
		}
	}
	if dropped == 0 {
		return
	}
	x.Snapshots, c.indexChanged = left, true
	for hash := range x.Items {
		if !used[hash] {
			c.remove(itemsPath(hash))
			delete(x.Items, hash)
		}
	}
	c.note("%d old snapshots went", dropped)
}

// pruneDeliveries drops old digests as a whole: a part that is done names the issue that the open ones belong to.
func (c *change) pruneDeliveries() {
	dropped := 0
	drop := func(list []delivery, gone func(delivery) bool) []delivery {
		return slices.DeleteFunc(list, func(d delivery) bool {
			if !gone(d) {
				return false
			}
			c.remove(d.Body)
			dropped++
			return true
		})
	}
	st := &c.v.state
	all := func() []delivery { return slices.Concat(st.Owed, c.v.told.Told) }
	// newer counts the later digests of the same channel, in the state or in any.
	newer := func(in []delivery, d delivery, state store.State) int {
		seqs := map[int64]bool{}
		for _, o := range in {
			if o.Key.Definition == d.Key.Definition && o.Key.Channel == d.Key.Channel && o.Key.Seq > d.Key.Seq && (state == "" || o.State == state) {
				seqs[o.Key.Seq] = true
			}
		}
		return len(seqs)
	}
	sister := func(in []delivery, d delivery, is func(store.State) bool) bool {
		return slices.ContainsFunc(in, func(o delivery) bool {
			return o.Key.Definition == d.Key.Definition && o.Key.Channel == d.Key.Channel && o.Key.Seq == d.Key.Seq && is(o.State)
		})
	}
	before := all()
	st.Owed = drop(st.Owed, func(d delivery) bool {
		return d.State == store.GivenUp && newer(before, d, store.GivenUp) >= store.KeptGivenUp && !sister(before, d, store.State.Open)
	})
	before = all()
	c.v.told.Told = drop(c.v.told.Told, func(d delivery) bool {
		return newer(before, d, "") >= store.KeptDigests && !sister(before, d, func(s store.State) bool { return !closed(s) })
	})
	if dropped > 0 {
		c.toldChanged, c.bodiesChanged = true, true
		c.note("%d old deliveries went", dropped)
	}
}
