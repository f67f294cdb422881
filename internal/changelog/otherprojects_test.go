package changelog_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/upstream-digest/bot/internal/changelog"
)

// TestChangelogsOfOtherProjects: their versions stand on the second level, beside headings of the same level.
func TestChangelogsOfOtherProjects(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"kueue", `## v0.9.1

Changes since ` + "`v0.9.0`" + `:

## Actions Required Before Upgrading

### (Read it)

- **Minor releases:** Read those of [v0.9.0](https://github.com/acme/queues/releases/tag/v0.9.0).
- **Patch releases:** Read these too.
- Widgets: set the size before you begin.

  It is needed. (#12, @amy)

## Changes by Kind

### Feature

- Widgets: turn faster. (#13, @bob)

## v0.9.0

- The first. (#1, @amy)
`, "0.9.1\n12 urgent Widgets: set the size before you begin.\n13 [feature] Widgets: turn faster.\n2 list of releases\n0.9.0\n1 The first."},
		{"etcd", `
Previous change logs are elsewhere.

---

## v3.9.2 (TBC)

### server

- Fix [a widget that stood still](https://github.com/acme/store/pull/7)

## v3.9.1 (2026-07-23)

### Dependencies

- Compile with [another widget](https://github.com/acme/store/pull/5).
`, "3.9.2\nacme/store#7 Fix [a widget that stood still](https://github.com/acme/store/pull/7)\n3.9.1\n1 dependency list"},
		{"first level, with the second below", "# v1.2.3\n\n## v1.2.2\n\n- a (#1, @amy)\n", "1.2.3\n1 a"},
	} {
		f, err := changelog.Parse("x.md", []byte(tc.in))
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		var got []string
		for _, s := range f.Sections {
			got = append(got, s.Version)
			skipped := map[string]int{}
			for _, n := range s.Notes {
				text, _, _ := strings.Cut(n.Text, "\n")
				line := strings.Trim(fmt.Sprint(n.PRs), "[]") + strings.Join(n.Refs, " ")
				if n.Urgent {
					line += " urgent"
				}
				if len(n.Kinds) > 0 {
					line += fmt.Sprintf(" %v", n.Kinds)
				}
				got = append(got, line+" "+text)
			}
			for _, x := range s.Skipped {
				skipped[x.Reason]++
			}
			for reason, n := range skipped {
				got = append(got, fmt.Sprintf("%d %s", n, reason))
			}
		}
		if s := strings.Join(got, "\n"); s != tc.want {
			t.Errorf("%s: got\n%s\nwant\n%s", tc.name, s, tc.want)
		}
	}
}
