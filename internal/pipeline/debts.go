package pipeline

import (
	"fmt"
	"slices"
	"time"

	"github.com/upstream-digest/bot/internal/store"
)

// debt is what a channel was told of by digests that surely did not arrive. The next digest for the
// channel starts where the first of them did, and takes their place: ten failed weeks end in one digest.
type debt struct {
	parts []store.Delivery // to be superseded; none: nothing is owed
	base  int64            // snapshot that the first of them starts from
	since time.Time        // when the digest before the first of them was queued: what came later was told by none
	// givenUp are the digests of this channel that were given up and of which it has not been told.
	givenUp []store.Delivery
}

func (d debt) owed() bool { return len(d.parts) > 0 }

// debtsOf finds what may be superseded of all that a definition was told, by channel. Going back from the newest digest of
// a channel it stops at the first that may be there: one that is done, in part or as a whole, or of which nobody knows. Those
// before it were told of separately, and what they tell must not be told twice. Nor is anything before
// one that was given up: it is `bot state retry` that brings that one back.
func debtsOf(stored []store.Delivery) map[string]debt {
	type place struct {
		channel string
		seq     int64
	}
	digests := map[place][]store.Delivery{}
	seqs := map[string][]int64{}
	for _, d := range stored {
		p := place{d.Key.Channel, d.Key.Seq}
		if digests[p] == nil {
			seqs[p.channel] = append(seqs[p.channel], p.seq)
		}
		digests[p] = append(digests[p], d)
	}
	out := map[string]debt{}
	for channel, list := range seqs {
		slices.Sort(list)
		var d debt
	back:
		for _, seq := range slices.Backward(list) {
			parts := digests[place{channel, seq}]
			switch {
			case all(parts, store.Superseded):
			case surelyOwed(parts) && len(d.givenUp) == 0:
				d.parts = append(d.parts, parts...)
				d.base = parts[0].Base
				continue
			default:
				i := slices.IndexFunc(parts, func(p store.Delivery) bool { return p.State == store.GivenUp })
				if i >= 0 {
					d.givenUp = append(d.givenUp, parts[i])
				}
				if d.since.IsZero() {
					d.since = parts[0].QueuedAt
				}
				if !all(parts, store.GivenUp) {
					break back
				}
			}
		}
		slices.Reverse(d.givenUp)
		out[channel] = d
	}
	return out
}

// surelyOwed reports whether no part of a digest is there or may be there. A digest whose base is not in
// the store can't be told anew.
func surelyOwed(parts []store.Delivery) bool {
	return !slices.ContainsFunc(parts, func(d store.Delivery) bool { return d.State != store.Pending || d.Base == 0 || begun(d) })
}

func all(parts []store.Delivery, s store.State) bool {
	return !slices.ContainsFunc(parts, func(d store.Delivery) bool { return d.State != s })
}

// superseded closes what a later digest tells; by says which, or why there is none.
func (d debt) superseded(by string, now time.Time) []store.Delivery {
	out := slices.Clone(d.parts)
	for i := range out {
		out[i].State, out[i].DoneAt, out[i].LastError = store.Superseded, now.UTC(), by
	}
	return out
}

func supersededBy(definition string, seq int64, told bool) string {
	if !told {
		return "what it told of was undone before it could be delivered"
	}
	return fmt.Sprintf("digest %d of %s tells it, with what came later", seq, definition)
}
