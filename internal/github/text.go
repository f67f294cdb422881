package github

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// quoteBytes is the most that an error repeats of an answer that is not what it should be.
const quoteBytes = 80

// clip makes text that came from outside fit to print: one line, no control or bidi characters, valid
// UTF-8, at most n bytes before the "…".
func clip(s string, n int) string {
	if len(s) > 8*n { // enough to fill n bytes, and no more work than that
		s = s[:8*n]
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError || unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// scrubber removes the token and passwords in URLs from texts that others wrote.
type scrubber struct {
	token    Secret
	userinfo *regexp.Regexp
}

func newScrubber(token Secret) scrubber {
	return scrubber{token: token, userinfo: regexp.MustCompile(`//[^/@\s"]+@`)}
}

func (s scrubber) text(t string) string {
	if !s.token.IsZero() {
		token := s.token.Reveal()
		t = strings.ReplaceAll(t, token, redacted)
		// A text that was cut may end within the token.
		for n := len(token) - 1; n >= 4; n-- {
			if before, ok := strings.CutSuffix(strings.TrimSuffix(t, "…"), token[:n]); ok {
				t = before + redacted + "…"
				break
			}
		}
	}
	return s.userinfo.ReplaceAllString(t, "//"+redacted+"@")
}
