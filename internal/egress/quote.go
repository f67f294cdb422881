package egress

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxQuote is how many runes of a foreign text are told.
const maxQuote = 200

var (
	anyAddress = regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]*://[^\s"'<>]*`)
	anyMarkup  = regexp.MustCompile(`<[^<>]*>`)
	anyRun     = regexp.MustCompile(`[\pL\pN+/_=%.-]{8,}`)
	notAWord   = regexp.MustCompile(`[^\p{L}\p{N}]+`)
)

// Quoted makes what a server or a library said fit to stand in an error: one line, no markup, no address, and nothing of
// the secret address that was spoken to, however it is written; cut at 200 characters. Words that are plainly none of
// the secret, such as a service's name, may be named in keep.
func Quoted(text, address string, keep ...string) string {
	text = anyAddress.ReplaceAllString(text, "…")
	for _, piece := range piecesOf(address) {
		if !slices.ContainsFunc(keep, func(k string) bool { return strings.EqualFold(k, piece) }) {
			text = replaceFold(text, piece, "…")
		}
	}
	text = anyRun.ReplaceAllStringFunc(text, func(run string) string {
		if echoes(run, address, keep) {
			return "…"
		}
		return run
	})
	text = anyMarkup.ReplaceAllString(text, " ")
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	text = strings.Join(strings.Fields(text), " ")
	if utf8.RuneCountInString(text) > maxQuote {
		text = string([]rune(text)[:maxQuote]) + "…"
	}
	return text
}

// echoLength is how many letters of a secret in a row are an echo of it. Fewer stand in a text by chance.
const echoLength = 8

// Echoes reports whether something of a secret stands in a text: eight of its letters in a row, in whatever case, or these
// in base64 or in hexadecimal.
func Echoes(text, secret string) bool {
	return slices.ContainsFunc(anyRun.FindAllString(text, -1), func(run string) bool { return echoes(run, secret, nil) })
}

// echoes looks at one run of letters. What stands in keep too is no echo.
func echoes(run, secret string, keep []string) bool {
	secret = strings.ToLower(secret)
	inside := func(s string) bool {
		s = strings.ToLower(s)
		for i := range len(s) - echoLength + 1 {
			part := s[i : i+echoLength]
			if strings.Contains(secret, part) && !slices.ContainsFunc(keep, func(k string) bool { return strings.Contains(strings.ToLower(k), part) }) {
				return true
			}
		}
		return false
	}
	if inside(run) {
		return true
	}
	for from := range min(4, len(run)) { // a run may begin within four letters of base64
		part := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(run[from:], "="))
		plain, _ := base64.RawStdEncoding.DecodeString(part) // up to the first letter that is none
		if inside(string(plain)) {
			return true
		}
	}
	plain, _ := hex.DecodeString(run)
	return inside(string(plain))
}

// piecesOf are the parts of an address that may be a secret, each as it is written and as it is meant, the longest first.
// Of a user and a password three letters are enough to be one.
func piecesOf(address string) []string {
	var out []string
	add := func(s string, least int) {
		if utf8.RuneCountInString(s) >= least {
			out = append(out, s)
		}
	}
	add(address, 3)
	_, rest, found := strings.Cut(address, "://")
	if !found {
		rest = address
	}
	if i := strings.LastIndex(rest, "@"); i >= 0 {
		for _, s := range strings.Split(rest[:i], ":") {
			add(s, 3)
			if plain, err := url.PathUnescape(s); err == nil {
				add(plain, 3)
			}
		}
	}
	for _, s := range strings.FieldsFunc(rest, func(r rune) bool { return strings.ContainsRune("/?&=#@:;,", r) }) {
		add(s, 4)
		if plain, err := url.QueryUnescape(s); err == nil {
			add(plain, 4)
		}
		for _, word := range notAWord.Split(s, -1) {
			add(word, 6)
		}
	}
	slices.SortFunc(out, func(a, b string) int { return len(b) - len(a) })
	return slices.Compact(out)
}

// replaceFold replaces without looking at upper and lower case.
func replaceFold(text, old, with string) string {
	return regexp.MustCompile(`(?i)`+regexp.QuoteMeta(old)).ReplaceAllLiteralString(text, with)
}
