package sample

import (
	"slices"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/gate"
)

// Published is an entry of the list of releases.
type Published struct {
	Tag        string // "v1.36.0-alpha.1"
	At         time.Time
	Prerelease bool
}

// Releases is the list of releases, oldest first: v1.34.0 to v1.36.1 with their pre-releases and
// patches. The .0 releases have their real days, the others plausible ones.
func Releases() []Published {
	var out []Published
	for _, r := range []struct {
		tag   string
		year  int
		month time.Month
		day   int
	}{
		{"v1.34.0", 2025, time.August, 27},
		{"v1.34.1", 2025, time.September, 9},
		{"v1.35.0-alpha.1", 2025, time.September, 24},
		{"v1.35.0-alpha.2", 2025, time.October, 22},
		{"v1.34.2", 2025, time.November, 11},
		{"v1.35.0-beta.0", 2025, time.November, 19},
		{"v1.35.0-rc.0", 2025, time.December, 3},
		{"v1.34.3", 2025, time.December, 9},
		{"v1.35.0", 2025, time.December, 17},
		{"v1.35.1", 2026, time.January, 13},
		{"v1.34.4", 2026, time.January, 13},
		{"v1.36.0-alpha.1", 2026, time.February, 4},
		{"v1.35.2", 2026, time.February, 10},
		{"v1.36.0-alpha.2", 2026, time.February, 25},
		{"v1.36.0-beta.0", 2026, time.March, 18},
		{"v1.36.0-rc.0", 2026, time.April, 8},
		{"v1.36.0-rc.1", 2026, time.April, 15},
		{"v1.36.0", 2026, time.April, 22},
		{"v1.36.1", 2026, time.May, 12},
	} {
		at := time.Date(r.year, r.month, r.day, 18, 0, 0, 0, time.UTC)
		out = append(out, Published{Tag: r.tag, At: at, Prerelease: strings.Contains(r.tag, "-")})
	}
	return out
}

// DemoReleases are those of [DemoSteps], oldest first. v1.35.0 is the highest stable
// one there: v1.36.0 is about to come out, and a patch of v1.35 would be where a first run begins.
func DemoReleases() []Published {
	return slices.DeleteFunc(Releases(), func(r Published) bool {
		return !r.Prerelease && gate.CompareVersions(r.Tag, "v1.35.0") > 0
	})
}
