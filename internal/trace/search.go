package trace

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/upstream-digest/bot/internal/gate"
)

// RuleSearch is the forge's search for pull requests by the gate's name or its words: the last resort.
const RuleSearch = "search"

// searchKept is how many pull requests a search may name for a stage.
const searchKept = 3

// leastCover is how many of a gate's words a title must have that does not name it.
const leastCover = 0.75

// Searches are the questions of a last resort, the exact one first: the name, and its words.
func Searches(s Subject) []string {
	words := Words(s.Gate)
	out := []string{strconv.Quote(s.Gate) + " in:title,body"}
	if len(words) > 1 {
		out = append(out, strings.ToLower(strings.Join(words, " "))+" in:title")
	}
	return out
}

// FromSearch reads what a search found, for the stages that nobody else knows a pull request of: those that
// were merged and whose titles say what was done to the gate, or have its words and the stage. Of these it takes the
// ones that touch a registration and whose title is nearest. It is possible, and confirms nothing.
func FromSearch(s Subject, life []Stage, found []Pull, repo Repository, isGate func(string) bool) []Claim {
	type hit struct {
		pull  Pull
		score float64
	}
	var out []Claim
	for _, st := range life {
		if len(st.PRs) > 0 || st.Version == "" {
			continue
		}
		var hits []hit
		for _, p := range found {
			if p.Merged.IsZero() || undoes(p.Title) || len(Originals(p.Title, p.Body)) > 0 {
				continue
			}
			score := Cover(s.Gate, p.Title)
			if !slices.ContainsFunc(Tell(p.Title, s, isGate), func(t Told) bool { return did(t, st.Step) }) && (score < leastCover || !speaksOf(p.Title, st.Step)) {
				continue
			}
			if slices.ContainsFunc(p.Files, isRegistration) {
				score++
			}
			if !slices.ContainsFunc(hits, func(h hit) bool { return h.pull.Number == p.Number }) {
				hits = append(hits, hit{p, score})
			}
		}
		slices.SortStableFunc(hits, func(a, b hit) int {
			return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.pull.Number, b.pull.Number))
		})
		for _, h := range hits[:min(len(hits), searchKept)] {
			target, url := repo.pull(h.pull.Number)
			out = append(out, Claim{What: ToPull, Stage: st.Stage, Role: roleOf(st.Step), Version: st.Version, Evidence: Evidence{
				Rule: RuleSearch, Target: target, URL: url, Source: "search for " + s.Gate, Confidence: Possible,
			}})
		}
	}
	return out
}

// did reports whether what a title tells is what a step did.
func did(t Told, st Step) bool {
	if t.Stage != "" {
		return t.Stage == st.Stage
	}
	return t.Role != "" && st.Has(t.Role)
}

// speaksOf reports whether a title has the stage of a step, or a word for its beginning or its end.
func speaksOf(title string, st Step) bool {
	words := general(strings.FieldsFunc(strings.ToLower(title), func(r rune) bool { return r != '-' && r != '\'' && (r < 'a' || r > 'z') && (r < '0' || r > '9') }))
	if stage, ok := anyStage(words); ok {
		return stage == st.Stage
	}
	for _, w := range words {
		switch verb(w) {
		case Removed:
			return st.Has(Removed)
		case Introduced:
			return st.Has(Introduced)
		case Promoted:
			return st.Has(Promoted) && st.Stage != gate.Alpha
		case mentioned:
			return false
		}
		if among(w, "implement", "implements", "enable", "support", "initial") {
			return st.Has(Introduced)
		}
	}
	return false
}

// isRegistration reports whether a path is where gates are registered.
func isRegistration(path string) bool {
	return strings.HasSuffix(path, "_features.go") || strings.HasSuffix(path, "features/features.go")
}
