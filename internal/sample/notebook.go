package sample

import (
	"fmt"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
)

// firstNoted is the first release that has notes here.
const firstNoted = "v1.34"

// madeUpPulls is above every real pull request: the numbers of notes whose pull request is not known.
const madeUpPulls = 900000

// notebook is the book and what changed from release to release, as notes.
type notebook struct {
	*book
	notes map[string][]note // by release ("v1.36")
	made  map[event]int     // made-up pull requests
}

// change is what became of one gate from one release to the next.
type change struct {
	kind   changeKind
	gate   string
	now    facts.Row // as it was, where it was removed
	before facts.Row
}

type changeKind int

const (
	addedGate changeKind = iota
	promotedGate
	deprecatedGate
	lockedGate
	unlockedGate
	switchedGate
	removedGate
)

func newNotebook(table *facts.Table) (*notebook, error) {
	b, err := newBook(table)
	if err != nil {
		return nil, err
	}
	n := &notebook{book: b, notes: map[string][]note{}, made: map[event]int{}}
	for i, release := range b.releases {
		if i > 0 && gate.CompareVersions(release, firstNoted) >= 0 {
			n.notes[release] = n.write(release, b.changes(b.releases[i-1], release))
		}
	}
	return n, nil
}

// changes are the gates that differ between two releases, by name.
func (b *book) changes(from, to string) []change {
	var out []change
	for _, row := range b.table.Rows(to) {
		old, had := b.rows[from][row.Gate]
		c := change{gate: row.Gate, now: row, before: old}
		switch {
		case !had:
			c.kind = addedGate
		case row.Stage == gate.Deprecated && old.Stage != gate.Deprecated:
			c.kind = deprecatedGate
		case row.Stage != old.Stage:
			c.kind = promotedGate
		case row.Locked && !old.Locked:
			c.kind = lockedGate
		case !row.Locked && old.Locked:
			c.kind = unlockedGate
		case row.Default != old.Default:
			c.kind = switchedGate
		default:
			continue
		}
		out = append(out, c)
	}
	for _, old := range b.table.Rows(from) {
		if _, still := b.rows[to][old.Gate]; !still {
			out = append(out, change{kind: removedGate, gate: old.Gate, now: old, before: old})
		}
	}
	slices.SortFunc(out, func(x, y change) int { return strings.Compare(x.gate, y.gate) })
	return out
}

// pullsOf are the pull requests that brought a gate to a stage: real ones, else the made-up one that the
// notes give; none where there is no note of it.
func (n *notebook) pullsOf(e event) []int {
	if pulls := n.pulls[e]; len(pulls) > 0 {
		return pulls
	}
	if made := n.made[e]; made != 0 {
		return []int{made}
	}
	return nil
}

// pullFor numbers a note; i counts the notes of the release.
func (n *notebook) pullFor(e event, i int) []int {
	if pulls := n.pulls[e]; len(pulls) > 0 {
		return pulls
	}
	n.made[e] = madeUp(e.release, i)
	return []int{n.made[e]}
}

// madeUp is a number that no other note has: v1.36's are 936001 and on.
func madeUp(release string, i int) int { return madeUpPulls + 1000*minorNumber(release) + i }

// minorNumber is 36 for "v1.36.0-rc.1"; releases here are well-formed.
func minorNumber(release string) int {
	var minor int
	_, _ = fmt.Sscanf(gate.MinorOf(release), "1.%d", &minor)
	return minor
}
