package kep

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// releases finds the Kubernetes releases a text names, as "1.38", each once and in order: v1.38, 1.38,
// 1.38.2, release-1.38. Not v1beta1, not 2019.10.12, not the 1.38 of x1.38.
func releases(s string) []string {
	var out []string
	for _, f := range findReleases(s) {
		if !slices.Contains(out, f.name) {
			out = append(out, f.name)
		}
	}
	return out
}

type found struct {
	name       string
	start, end int
}

func findReleases(s string) []found {
	var out []found
	for i := 0; i < len(s); {
		major := digits(s[i:])
		if major == 0 {
			i++
			continue
		}
		start, end := i, i+major
		i = end
		for end+1 < len(s) && s[end] == '.' && digits(s[end+1:]) > 0 {
			end += 1 + digits(s[end+1:])
		}
		if end == i {
			continue
		}
		i = end
		if start > 0 && (s[start-1] == 'v' || s[start-1] == 'V') {
			start--
		}
		if start > 0 && isWordByte(s[start-1]) || end < len(s) && isWordByte(s[end]) {
			continue
		}
		parts := strings.Split(strings.TrimLeft(s[start:end], "vV"), ".")
		if len(parts) > 3 || len(parts[0]) > 1 || len(parts[1]) > 3 {
			continue
		}
		minor := strings.TrimLeft(parts[1], "0")
		if minor == "" {
			minor = "0"
		}
		out = append(out, found{parts[0] + "." + minor, start, end})
	}
	return out
}

func isWordByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
}

func compareReleases(a, b string) int {
	majorA, minorA, _ := strings.Cut(a, ".")
	majorB, minorB, _ := strings.Cut(b, ".")
	return cmp.Or(cmp.Compare(atoi(majorA), atoi(majorB)), cmp.Compare(atoi(minorA), atoi(minorB)))
}

// atoi is for digits that are known to be few.
func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}
