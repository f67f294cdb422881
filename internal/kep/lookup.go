package kep

import (
	"cmp"
	"slices"
	"strings"
)

// FoldGate is the form in which gates' names are compared: upstream's own differ in case between
// a proposal and the code (CSIMigrationRBD, CSIMigrationRbd).
func FoldGate(name string) string { return strings.ToLower(name) }

// Lookup finds proposals by gate and by number. Both are N:M.
type Lookup struct {
	byGate   map[string][]Proposal
	byNumber map[string][]Proposal
}

// Index makes a Lookup. The order of proposals does not matter.
func Index(proposals []Proposal) Lookup {
	l := Lookup{map[string][]Proposal{}, map[string][]Proposal{}}
	sorted := slices.Clone(proposals)
	slices.SortStableFunc(sorted, func(a, b Proposal) int {
		return cmp.Or(cmp.Compare(atoi(a.Number), atoi(b.Number)), cmp.Compare(a.Path, b.Path))
	})
	for _, p := range sorted {
		for _, g := range p.Gates {
			l.byGate[FoldGate(g.Name)] = append(l.byGate[FoldGate(g.Name)], p)
		}
		if p.Number != "" {
			l.byNumber[p.Number] = append(l.byNumber[p.Number], p)
		}
		if folder := FolderNumber(p.Path); folder != "" && folder != p.Number {
			l.byNumber[folder] = append(l.byNumber[folder], p)
		}
	}
	return l
}

// Gate returns the numbers of the proposals that list a gate, ascending, each once. Whoever needs one that
// has no number takes Listing.
func (l Lookup) Gate(name string) []string {
	var out []string
	for _, p := range l.byGate[FoldGate(name)] {
		if p.Number != "" {
			out = append(out, p.Number)
		}
	}
	return slices.Compact(out)
}

// Listing returns the proposals that list a gate, by number and path.
func (l Lookup) Listing(gate string) []Proposal { return slices.Clone(l.byGate[FoldGate(gate)]) }

// Number returns the proposals with a number in the file or the folder's name, which may differ.
func (l Lookup) Number(number string) []Proposal {
	return slices.Clone(l.byNumber[strings.TrimLeft(number, "0")])
}

// Rename is a gate that a proposal lists under another name than before.
type Rename struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Renamed tells the gate that was renamed between two states of one proposal: exactly one was dropped and
// one added. Anything else could be paired only by a guess, and so can't be two different proposals. A change of
// case is no renaming.
func Renamed(before, after Proposal) []Rename {
	if before.Path != after.Path && (before.Number == "" || before.Number != after.Number) {
		return nil
	}
	dropped, added := without(before.Gates, after.Gates), without(after.Gates, before.Gates)
	if len(dropped) != 1 || len(added) != 1 {
		return nil
	}
	return []Rename{{dropped[0], added[0]}}
}

func without(gates, others []Gate) []string {
	var out []string
	for _, g := range gates {
		if !slices.ContainsFunc(others, func(o Gate) bool { return FoldGate(o.Name) == FoldGate(g.Name) }) {
			out = append(out, g.Name)
		}
	}
	return out
}
