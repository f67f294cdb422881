package trace

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Compiled once and never changed.
var (
	pickForm   = regexp.MustCompile(`(?i)\bcherry[- ]?pick(?:ed|s)?(?: of)?((?:[\s,:]*(?:and\s+)?#\d{1,7})+)`)
	titledForm = regexp.MustCompile(`#(\d{1,7}):`)
	hashForm   = regexp.MustCompile(`#(\d{1,7})\b`)
	undoForm   = regexp.MustCompile(`(?i)^\s*(?:(?:automated|manual)\s+)?reverts?\b`)
	undoneForm = regexp.MustCompile(`(?i)\brevert(?:s|ed|ing)?\s+(?:["'“]?(?:of|pr|pull request|commit|merge)\s+)*(?:kubernetes/kubernetes)?#(\d{1,7})\b`)
	quotedForm = regexp.MustCompile(`(?i)^\s*(?:(?:automated|manual)\s+)?reverts?\s+(?:of\s+)?["“](.+)["”]\s*(?:\(#\d+\))?\s*$`)
	tailForm   = regexp.MustCompile(`\(#\d{1,7}\)$`)
)

// Originals are the pull requests that one picks, by its title or its body: "Automated cherry pick of #1: …".
// The body counts only where the title says that it is a cherry-pick too, for bodies speak of many things.
func Originals(title, body string) []int {
	if !strings.Contains(strings.ToLower(title), "cherry") && !strings.HasPrefix(strings.ToLower(strings.TrimSpace(body)), "cherry pick") {
		return nil
	}
	var out []int
	put := func(found [][]string) {
		for _, h := range found {
			if n, ok := number(h[1]); ok && !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	// Of several the title tells each with its own: "cherry pick of #1: one #2: other", and the body all in a row.
	if m := pickForm.FindStringSubmatchIndex(title); m != nil {
		put(hashForm.FindAllStringSubmatch(title[m[2]:m[3]], -1))
		put(titledForm.FindAllStringSubmatch(title[m[3]:], -1))
	}
	if m := pickForm.FindStringSubmatch(body); m != nil {
		put(hashForm.FindAllStringSubmatch(m[1], -1))
	}
	return out
}

// Reverts are the pull requests that one undoes. A title "Revert …" without a number undoes something that the
// text does not tell: undoes is true then and the list empty. A revert of a revert undoes nothing: it does the same
// again.
func Reverts(title, body string) (pulls []int, undone bool) {
	if !undoes(title) {
		return nil, false
	}
	if m := quotedForm.FindStringSubmatch(title); m != nil { // Revert "A title (#1)": the number of a squash
		if tail := hashForm.FindStringSubmatch(tailForm.FindString(strings.TrimSpace(m[1]))); tail != nil {
			if n, ok := number(tail[1]); ok {
				pulls = append(pulls, n)
			}
		}
	}
	for _, m := range undoneForm.FindAllStringSubmatch(title+"\n"+body, -1) {
		if n, ok := number(m[1]); ok && !slices.Contains(pulls, n) {
			pulls = append(pulls, n)
		}
	}
	return pulls, true
}

// undoes reports whether a title is that of a revert, and not of the revert of one.
func undoes(title string) bool {
	n := 0
	for {
		m := undoForm.FindStringIndex(title)
		if m == nil {
			return n%2 == 1
		}
		n++
		title = strings.TrimLeft(title[m[1]:], " :\"'`“\\")
	}
}

// quoted is the title that a revert's title quotes, "" where it quotes none.
func quoted(title string) string {
	m := quotedForm.FindStringSubmatch(title)
	if m == nil {
		return ""
	}
	return strings.TrimSpace(tailForm.ReplaceAllString(strings.TrimSpace(m[1]), ""))
}

func number(digits string) (int, bool) {
	n, err := strconv.Atoi(digits)
	return n, err == nil && n > 0
}
