package kep

import (
	"path"
	"strings"
)

const archive = "https://github.com/kubernetes/design-proposals-archive"

// ArchiveURL maps a link to a design proposal of the time before KEPs, which lay in kubernetes/community
// until 2021, to the archive, where it has the same path. ok is false for every other link, also for one that
// leads to the archive already. Links to the flat folder of before November 2017 lead to a path that the
// archive does not have.
func ArchiveURL(link string) (to string, ok bool) {
	s := strings.Trim(strings.TrimSpace(link), "<>")
	if scheme, rest, ok := strings.Cut(s, "://"); ok {
		if !strings.EqualFold(scheme, "https") && !strings.EqualFold(scheme, "http") {
			return "", false
		}
		s = rest
	}
	s, fragment, _ := strings.Cut(s, "#")
	s, _, _ = strings.Cut(s, "?")
	where, file, ok := strings.Cut(s, "contributors/design-proposals")
	if !ok || file != "" && file[0] != '/' || !leadsToCommunity(strings.ToLower(where)) {
		return "", false
	}
	for part := range strings.SplitSeq(file, "/") {
		if part == ".." || strings.ContainsAny(part, " \t\r\n\\\"<>") {
			return "", false
		}
	}
	file = strings.TrimRight(strings.TrimPrefix(path.Clean(file), "/"), ".,;:)")
	switch {
	case file == "" || file == "README.md":
		return archive, true
	case path.Ext(file) == "":
		to = archive + "/tree/main/" + file
	default:
		to = archive + "/blob/main/" + file
	}
	if fragment = strings.TrimRight(fragment, ".,;:)>"); fragment != "" && !strings.ContainsAny(fragment, " \t\r\n\"<>") {
		to += "#" + fragment
	}
	return to, true
}

// leadsToCommunity reports whether what stands before the folder is the root of kubernetes/community, in
// any of the forms that upstream's texts use.
func leadsToCommunity(where string) bool {
	where = strings.TrimPrefix(where, "www.")
	for _, host := range []string{"github.com/kubernetes/community/", "raw.githubusercontent.com/kubernetes/community/"} {
		if ref, ok := strings.CutPrefix(where, host); ok {
			for _, view := range []string{"blob/", "tree/", "raw/"} {
				ref = strings.TrimPrefix(ref, view)
			}
			return strings.Count(ref, "/") <= 1
		}
	}
	for strings.HasPrefix(where, "../") {
		where = where[len("../"):]
	}
	switch strings.TrimPrefix(where, "/") {
	case "", "community/", "kubernetes/community/", "git.k8s.io/community/":
		return true
	}
	return false
}
