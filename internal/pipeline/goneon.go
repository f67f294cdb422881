package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/store"
)

// goneOn is the newest snapshot with what it lacks of the sections that are read, from those that definitions were told
// of: a source that was switched off and on again goes on where it was. Were it begun anew, a definition that was told
// before would compare what one reading has with what another happens to see, and miss an open milestone or a closed
// issue. more says that something was added.
func (r *Runner) goneOn(ctx context.Context, last *snapshot.Snapshot, cursors map[string]store.Cursor) (with *snapshot.Snapshot, more bool, err error) {
	if last == nil {
		return last, false, nil
	}
	lacks := func(s *snapshot.Snapshot) bool {
		return slices.ContainsFunc(r.Upstreams, func(u Upstream) bool {
			return slices.ContainsFunc(u.Sources, func(x Source) bool { return sectionIn(s, u.Name, x.Name()) == nil })
		})
	}
	told := slices.SortedFunc(maps.Values(cursors), func(a, b store.Cursor) int { return cmp.Compare(b.Snapshot, a.Snapshot) })
	with = withOwnSections(last)
	for i, c := range told {
		if c.Snapshot == last.Seq || i > 0 && c.Snapshot == told[i-1].Snapshot || !lacks(with) {
			continue
		}
		before, err := r.State.Snapshot(ctx, c.Snapshot)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, false, fmt.Errorf("read snapshot %d, which digest %s was last told of: %w", c.Snapshot, c.Definition, err)
		}
		for _, u := range r.Upstreams {
			for _, x := range u.Sources {
				sec := sectionIn(before, u.Name, x.Name())
				if sec == nil || sectionIn(with, u.Name, x.Name()) != nil {
					continue
				}
				at := slices.IndexFunc(with.Upstreams, func(w snapshot.Upstream) bool { return w.Name == u.Name })
				if at < 0 {
					whole := before.Upstream(u.Name)
					whole.Sections, at = nil, len(with.Upstreams)
					with.Upstreams = append(with.Upstreams, whole)
				}
				with.Upstreams[at].Sections, more = append(with.Upstreams[at].Sections, *sec), true
			}
		}
	}
	return with, more, nil
}
