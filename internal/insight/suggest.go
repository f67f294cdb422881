package insight

import (
	"slices"
	"strings"
)

// nearest finds the gate that somebody probably meant: one that the program takes at the release, or where
// none is near, any gate there ever was. "" where nothing is near enough to be a slip of the hand.
func (h *History) nearest(p program, name, minor string) string {
	if name == "" || len(name) > 100 {
		return ""
	}
	small := strings.ToLower(name)
	limit := min(3, 1+len(small)/8)
	best, least, taken := "", limit+1, false
	for _, candidate := range h.names {
		d := distance(small, strings.ToLower(candidate), limit)
		if d > limit {
			continue
		}
		_, u := h.find(p, candidate, minor)
		if is := u != no; is && !taken || is == taken && d < least {
			best, least, taken = candidate, d, is
		}
	}
	return best
}

// misspelt reports whether a name in a file that does not tell whose it is can only be a slip of the hand for the
// nearest gate. Other projects make their gates' names of the same words (Antrea's NetworkPolicyStats beside
// NetworkPolicyStatus): so it has to be closer than what is worth a suggestion, and to a gate that there is.
func (h *History) misspelt(p program, name, near, minor string) bool {
	if near == "" || len(name) < minSurely {
		return false
	}
	if _, u := h.find(p, near, minor); u == no {
		return false
	}
	limit := min(2, len(name)/minSurely)
	return distance(strings.ToLower(name), strings.ToLower(near), limit) <= limit
}

// minSurely is the length from which a name with one wrong letter is taken for ours.
const minSurely = 8

// distance is the number of letters to insert, drop, exchange or swap with their neighbour to get from a to
// b, or more than limit.
func distance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			least = min(least, row[j])
		}
		if least > limit {
			return limit + 1
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

// Nearest gives the names that are so near to a misspelt one that a slip of the hand explains it, the nearest first,
// three at most. Letter case does not count.
func Nearest(name string, among []string) []string {
	small := strings.ToLower(name)
	limit := min(3, 1+len(small)/8)
	type near struct {
		name string
		far  int
	}
	var found []near
	for _, candidate := range among {
		if d := distance(small, strings.ToLower(candidate), limit); d <= limit {
			found = append(found, near{candidate, d})
		}
	}
	slices.SortStableFunc(found, func(a, b near) int { return a.far - b.far })
	var out []string
	for _, f := range found[:min(3, len(found))] {
		out = append(out, f.name)
	}
	return out
}
