package trace

import (
	"regexp"
	"strconv"
	"strings"
)

// Compiled once and never changed.
var (
	pickForm   = regexp.MustCompile(`(?i)\bcherry[- ]?pick(?:ed|s)?(?: of)?((?:[\s,:]*(?:and\s+)?#\d{1,7})+)`)
	hashForm   = regexp.MustCompile(`#(\d{1,7})\b`)
	undoForm   = regexp.MustCompile(`(?i)^\s*(?:(?:automated|manual)\s+)?reverts?\b`)
	undoneForm = regexp.MustCompile(`(?i)\brevert(?:s|ed|ing)?\s+(?:(?:of|pr|pull request|commit)\s+)*(?:kubernetes/kubernetes)?#(\d{1,7})\b`)
)

// Originals are the pull requests that one picks, by its title or its body: "Automated cherry pick of #1: …".
// The body counts only where the title says that it is a cherry-pick too, for bodies speak of many things.
func Originals(title, body string) []int {
	if !strings.Contains(strings.ToLower(title), "cherry") && !strings.HasPrefix(strings.ToLower(strings.TrimSpace(body)), "cherry pick") {
		return nil
	}
	for _, s := range []string{title, body} {
		if m := pickForm.FindStringSubmatch(s); m != nil {
			var out []int
			for _, h := range hashForm.FindAllStringSubmatch(m[1], -1) {
				if n, ok := number(h[1]); ok {
					out = append(out, n)
				}
			}
			return out
		}
	}
	return nil
}

// Reverts are the pull requests that one undoes. A title "Revert …" without a number undoes something that the
// text does not tell: undoes is true then and the list empty.
func Reverts(title, body string) (pulls []int, undoes bool) {
	undoes = undoForm.MatchString(title)
	if !undoes {
		return nil, false
	}
	for _, m := range undoneForm.FindAllStringSubmatch(title+"\n"+body, -1) {
		if n, ok := number(m[1]); ok {
			pulls = append(pulls, n)
		}
	}
	return pulls, true
}

func number(digits string) (int, bool) {
	n, err := strconv.Atoi(digits)
	return n, err == nil && n > 0
}
