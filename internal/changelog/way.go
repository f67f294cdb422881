package changelog

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/semver"
)

// Way is the way of an upgrade. Its versions have no v.
type Way struct {
	// From is the version that is left: "1.35.0", or a minor ("1.35") for its first release.
	From string
	// To is the version that is gone to: "1.36.0", or a minor ("1.37") for as far as that is out.
	To string
}

// Passed are those of the versions that lie on the way, in the order given: From is left out, To is in. They are
// the releases that a user of finals passes: the first release of each minor, and of the patches those of To's minor.
// Pre-releases are among them where To has got no further, for else the final release tells all in its own words.
func (w Way) Passed(versions []string) []string {
	var out []string
	for _, v := range versions {
		if w.passes(v, versions) {
			out = append(out, v)
		}
	}
	return out
}

func (w Way) passes(v string, all []string) bool {
	sv := "v" + v
	if !semver.IsValid(sv) || w.Known(v) {
		return false
	}
	open := strings.Count(w.To, ".") < 2
	minor := strings.TrimPrefix(semver.MajorMinor(sv), "v")
	if open && semver.Compare("v"+minor, "v"+w.To) > 0 || !open && semver.Compare(sv, "v"+w.To) > 0 {
		return false
	}
	last := minor == minorOf(w.To)
	base := baseOf(v)
	switch {
	case preRelease(v) && open:
		return last && !slices.Contains(all, base)
	case preRelease(v):
		return preRelease(w.To) && base == baseOf(w.To)
	case strings.HasSuffix(v, ".0"):
		return true
	}
	return last
}

// Known reports whether who comes from From had a version's notes before.
func (w Way) Known(version string) bool { return semver.Compare("v"+version, "v"+w.From) <= 0 }

// Empty reports whether the way leads nowhere: To is not above From.
func (w Way) Empty() bool {
	if strings.Count(w.To, ".") < 2 { // it may have got further than From
		return semver.Compare("v"+w.To, "v"+minorOf(w.From)) < 0
	}
	return w.Known(w.To)
}

// Minors are the minors that may have a release on the way, ascending: From's own only where it has more to
// come. Nil where the two are no versions of one major.
func (w Way) Minors() []string {
	major, first, ok1 := minorNumber(w.From)
	other, last, ok2 := minorNumber(w.To)
	if !ok1 || !ok2 || major != other || last-first > maxMinors {
		return nil
	}
	if first != last && !preRelease(w.From) {
		first++
	}
	var out []string
	for m := first; m <= last; m++ {
		out = append(out, fmt.Sprintf("%s.%d", major, m))
	}
	return out
}

// maxMinors is more than any upgrade has, and keeps a slip from asking for a million files.
const maxMinors = 100

func minorOf(version string) string { return strings.TrimPrefix(semver.MajorMinor("v"+version), "v") }

func minorNumber(version string) (major string, minor int, ok bool) {
	major, rest, ok := strings.Cut(minorOf(version), ".")
	minor, err := strconv.Atoi(rest)
	return major, minor, ok && err == nil
}

func baseOf(version string) string {
	base, _, _ := strings.Cut(version, "-")
	return base
}

func preRelease(version string) bool { return strings.Contains(version, "-") }
