package diff

import (
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/snapshot"
)

// Still reports whether something of a source, called id (a gate's string, a proposal's number), is the reader's by what is
// watched now. because says by what it was, as in [Change.MineBecause].
func (w Watch) Still(source, id, because string) bool {
	same := func(e string) bool { return strings.EqualFold(e, id) }
	if slices.ContainsFunc(w.Gates, same) || slices.Contains(w.KEPs, id) {
		return true
	}
	// A proposal was the reader's by a gate that it names, of which only the place is known.
	place, set := strings.CutPrefix(because, SetIn)
	set = set && source == snapshot.SourceProposals
	if slices.ContainsFunc(w.Settings, func(s WatchedSetting) bool {
		return same(s.Gate) || set && (place == s.Where || strings.HasPrefix(place, s.Where+" and "))
	}) {
		return true
	}
	word, entry, _ := strings.Cut(because, " ")
	lists := map[string][]string{"gate": w.Gates, "KEP": w.KEPs, "SIG": w.SIGs, "component": w.Components, "owner": w.Owners}
	return slices.ContainsFunc(lists[word], func(e string) bool { return strings.EqualFold(e, entry) || word == "SIG" && sameSIG(e, entry) })
}
