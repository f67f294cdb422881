package sources

import (
	"fmt"
	"strings"

	"github.com/upstream-digest/bot/internal/gate"
)

// minorPlace stands in a path for a minor version: "CHANGELOG/CHANGELOG-{minor}.md".
const minorPlace = "{minor}"

// at is a path for one minor version ("1.36").
func at(path, minor string) string { return strings.ReplaceAll(path, minorPlace, minor) }

// around are the paths for the minors from so many before version to so many after it; the path alone where it
// is the same for all, and none where the version is not known.
func around(path, version string, before, after int) []string {
	if path == "" {
		return nil
	}
	if !strings.Contains(path, minorPlace) {
		return []string{path}
	}
	var major, minor int
	if _, err := fmt.Sscanf(gate.MinorOf(version), "%d.%d", &major, &minor); err != nil {
		return nil
	}
	var out []string
	for m := max(0, minor-before); m <= minor+after; m++ {
		out = append(out, at(path, fmt.Sprintf("%d.%d", major, m)))
	}
	return out
}
