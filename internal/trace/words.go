package trace

import (
	"slices"
	"strings"
	"unicode"
)

// Words splits a gate's name at its capitals, with acronyms whole: CRIContainerLogRotation is CRI, Container,
// Log and Rotation. A small letter before an acronym belongs to it (kMS), and so do digits (IPv6, V2).
func Words(name string) []string {
	rs := []rune(name)
	var out []string
	start := 0
	for i := 1; i <= len(rs); i++ {
		if i < len(rs) && !beginsWord(rs, i) {
			continue
		}
		out, start = append(out, string(rs[start:i])), i
	}
	return join(out)
}

func beginsWord(rs []rune, i int) bool {
	if rs[i] == '_' || rs[i] == '-' || rs[i-1] == '_' || rs[i-1] == '-' {
		return true
	}
	if !unicode.IsUpper(rs[i]) {
		return false
	}
	if !unicode.IsUpper(rs[i-1]) { // aB, 6D
		return true
	}
	// The last capital of a row begins the next word (ABc), but not before a plural's s (SLIs) or a version (IPv6).
	return i+1 < len(rs) && unicode.IsLower(rs[i+1]) && !pluralAt(rs, i+1) && !versionAt(rs, i+1)
}

func pluralAt(rs []rune, i int) bool {
	return rs[i] == 's' && (i+1 == len(rs) || unicode.IsUpper(rs[i+1]))
}

func versionAt(rs []rune, i int) bool {
	return rs[i] == 'v' && i+1 < len(rs) && unicode.IsDigit(rs[i+1])
}

// join drops separators and puts single letters to their neighbour: "x" of a version, "A" of nothing.
func join(parts []string) []string {
	var out []string
	for _, p := range parts {
		p = strings.Trim(p, "_-")
		if p != "" {
			out = append(out, p)
		}
	}
	return out
}

// Cover is the part of the words of a gate's name that a text has, from 0 to 1. Letter case, and whether words
// stand apart ("log-rotation"), do not count; the plural is the singular.
func Cover(name, text string) float64 {
	words := Words(name)
	if len(words) == 0 {
		return 0
	}
	have := fold(text)
	n := 0
	for _, w := range words {
		if slices.Contains(have, stem(w)) || len(w) > 4 && strings.Contains(strings.Join(have, ""), stem(w)) {
			n++
		}
	}
	return float64(n) / float64(len(words))
}

// fold are the words of a text for comparing; a CamelCase word counts by its parts too.
func fold(text string) []string {
	var out []string
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		out = append(out, stem(w))
		if parts := Words(w); len(parts) > 1 {
			for _, p := range parts {
				out = append(out, stem(p))
			}
		}
	}
	return out
}

// stem is a word in small letters and the singular.
func stem(w string) string {
	w = strings.ToLower(w)
	if len(w) > 3 && strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss") {
		w = strings.TrimSuffix(w, "s")
	}
	return w
}
