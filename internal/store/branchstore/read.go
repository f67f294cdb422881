package branchstore

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/store"
)

// reading runs f on the branch as it is, or as this handle saw it where it is alone.
func (s *Store) reading(ctx context.Context, op string, f func(v *view) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, err := s.now(ctx)
	if err == nil {
		err = f(v)
	}
	return s.fail(ctx, op, err)
}

// Latest is the newest snapshot, or nil when there is none yet. Where this handle is alone, it reads what else a run
// needs that has something to tell.
func (s *Store) Latest(ctx context.Context) (*snapshot.Snapshot, error) {
	var out *snapshot.Snapshot
	err := s.reading(ctx, "read newest snapshot", func(v *view) error {
		if v.state.Newest == 0 {
			return nil
		}
		if s.opts.Alone {
			if err := s.load(ctx, v, need{index: true, told: true, runs: true, answers: true}); err != nil {
				return err
			}
		}
		var err error
		out, err = s.snapshot(ctx, v, v.state.Newest)
		return err
	})
	return out, err
}

// Outline is the newest snapshot without its items, or nil when there is none yet.
func (s *Store) Outline(ctx context.Context) (*snapshot.Outline, error) {
	var out *snapshot.Outline
	err := s.reading(ctx, "read newest snapshot", func(v *view) error {
		if v.state.Newest == 0 {
			return nil
		}
		var err error
		if out, err = snapshot.UnpackOutline(v.newest); err != nil {
			return s.damaged(newestFile, err)
		}
		return nil
	})
	return out, err
}

// Snapshot is the snapshot with that number, or store.ErrNotFound: never made, or pruned.
func (s *Store) Snapshot(ctx context.Context, seq int64) (*snapshot.Snapshot, error) {
	var out *snapshot.Snapshot
	err := s.reading(ctx, fmt.Sprintf("read snapshot %d", seq), func(v *view) error {
		var err error
		out, err = s.snapshot(ctx, v, seq)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Store) snapshot(ctx context.Context, v *view, seq int64) (*snapshot.Snapshot, error) {
	if err := s.load(ctx, v, need{index: true}); err != nil {
		return nil, err
	}
	e, ok := v.index.find(seq)
	if !ok {
		return nil, fmt.Errorf("read snapshot %d: %w", seq, store.ErrNotFound)
	}
	// Head and items at once; the newest head is there already.
	var objects []repo.Object
	if seq == v.state.Newest {
		s.keep(e.OID, v.newest)
	}
	objects = append(objects, repo.Object{Path: snapshotPath(seq), OID: e.OID})
	for _, hash := range e.Items {
		oid, ok := v.index.Items[hash]
		if !ok {
			return nil, s.damaged(indexFile, fmt.Errorf("items %.12s are missing", hash))
		}
		objects = append(objects, repo.Object{Path: itemsPath(hash), OID: oid})
	}
	got, err := s.read(ctx, objects)
	if err != nil {
		return nil, err
	}
	out, err := snapshot.Unpack(got[e.OID], func(hash string) ([]byte, error) {
		data, ok := got[v.index.Items[hash]]
		if !ok {
			return nil, fmt.Errorf("items %.12s are missing", hash)
		}
		return data, nil
	})
	if err != nil {
		return nil, s.damaged(snapshotPath(seq), err)
	}
	out.Seq = seq
	return out, nil
}

// Cursor is how far the definition has been told; false when it never was.
func (s *Store) Cursor(ctx context.Context, definition string) (c store.Cursor, found bool, err error) {
	err = s.reading(ctx, "read cursor "+definition, func(v *view) error {
		for _, x := range v.state.Cursors {
			if x.Definition == definition {
				c, found = x, true
			}
		}
		return nil
	})
	return c, found, err
}

// Cursors are those of all definitions that were ever told, by name, also of ones that the configuration no longer has.
func (s *Store) Cursors(ctx context.Context) ([]store.Cursor, error) {
	var out []store.Cursor
	err := s.reading(ctx, "read cursors", func(v *view) error {
		out = slices.Clone(v.state.Cursors)
		return nil
	})
	return out, err
}

// Deliveries are those of one definition ("" for all) that are in one of the states (none for all), by definition,
// sequence, channel and part.
func (s *Store) Deliveries(ctx context.Context, definition string, states ...store.State) ([]store.Delivery, error) {
	var out []store.Delivery
	err := s.reading(ctx, "read deliveries", func(v *view) error {
		found, err := s.find(ctx, v, definition, states)
		if err == nil {
			out, err = s.bodies(ctx, found)
		}
		return err
	})
	return out, err
}

// Standing is Deliveries, but those that are closed may lack their bodies: they are not read.
func (s *Store) Standing(ctx context.Context, definition string, states ...store.State) ([]store.Delivery, error) {
	var out []store.Delivery
	err := s.reading(ctx, "read deliveries", func(v *view) error {
		found, err := s.find(ctx, v, definition, states)
		if err != nil {
			return err
		}
		var open []delivery
		for _, d := range found {
			if !closed(d.State) {
				open = append(open, d)
			}
		}
		full, err := s.bodies(ctx, open)
		if err != nil {
			return err
		}
		for _, d := range found {
			if closed(d.State) {
				out = append(out, d.Delivery)
				continue
			}
			out = append(out, full[0])
			full = full[1:]
		}
		return nil
	})
	return out, err
}

// closed reports whether nothing becomes of a delivery any more: it stands in told.json.
func closed(state store.State) bool { return state == store.Done || state == store.Superseded }

func (s *Store) find(ctx context.Context, v *view, definition string, states []store.State) ([]delivery, error) {
	if len(states) == 0 || slices.ContainsFunc(states, closed) {
		if err := s.load(ctx, v, need{told: true}); err != nil {
			return nil, err
		}
	}
	all := slices.Clone(v.state.Owed)
	if v.told != nil {
		all = append(all, v.told.Told...)
	}
	all = slices.DeleteFunc(all, func(d delivery) bool {
		return definition != "" && d.Key.Definition != definition || len(states) > 0 && !slices.Contains(states, d.State)
	})
	slices.SortFunc(all, compareDeliveries)
	return all, nil
}

// Runs are the newest runs, newest first, at most limit of them; limit 0 or less means all that are kept.
func (s *Store) Runs(ctx context.Context, limit int) ([]store.Run, error) {
	var out []store.Run
	err := s.reading(ctx, "read runs", func(v *view) error {
		if limit == 1 {
			if v.state.LastRun != nil {
				out = []store.Run{*v.state.LastRun}
			}
			return nil
		}
		if err := s.load(ctx, v, need{runs: true}); err != nil {
			return err
		}
		out = slices.Clone(v.runs.Runs)
		if limit > 0 && len(out) > limit {
			out = out[:limit]
		}
		return nil
	})
	return out, err
}

// Answers are the kept ones of these keys. Keys that have none have no entry.
func (s *Store) Answers(ctx context.Context, keys ...string) (map[string][]byte, error) {
	out := map[string][]byte{}
	err := s.reading(ctx, "read answers", func(v *view) error {
		if len(keys) == 0 {
			return nil
		}
		if err := s.load(ctx, v, need{answers: true}); err != nil {
			return err
		}
		for _, a := range v.answers.Answers {
			if slices.Contains(keys, a.Key) {
				plain, err := plainAnswer(a)
				if err != nil {
					return s.damaged(answersFile, err)
				}
				out[a.Key] = plain.Value
			}
		}
		return nil
	})
	return out, err
}

// plainAnswer is an answer without the white space that lays it out in its file.
func plainAnswer(a store.Answer) (store.Answer, error) {
	var b bytes.Buffer
	err := json.Compact(&b, a.Value)
	return store.Answer{Key: a.Key, Value: b.Bytes()}, err
}

// Lock is the lock as it is: the last lease, and whether it is held. A held one may have expired: then the next run
// takes it over.
func (s *Store) Lock(ctx context.Context) (lease store.Lease, held bool, err error) {
	err = s.reading(ctx, "read lock", func(v *view) error {
		if v.state.Lock != nil {
			lease, held = *v.state.Lock, true
		}
		lease.Fence = v.state.Numbers.Fence
		return nil
	})
	return lease, held, err
}

// ParseState reads the state.json of another branch or commit, for whoever looks at the history. It is its checksum
// that is checked, nothing else.
func parseNumbers(data []byte) (store.Numbers, bool) {
	var head struct {
		Document string
		Numbers  store.Numbers
	}
	err := json.Unmarshal(data, &head)
	return head.Numbers, err == nil && head.Document == document
}
