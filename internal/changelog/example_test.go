package changelog_test

import (
	"fmt"

	"github.com/upstream-digest/bot/internal/changelog"
)

const exampleFile = `# v1.90.0

## Changes by Kind

### Feature

- Promoted the ` + "`FastWidget`" + ` gate to Beta. ([#90001](https://github.com/kubernetes/kubernetes/pull/90001), [@amy](https://github.com/amy))

# v1.90.0-beta.0

## Urgent Upgrade Notes

### (No, really, you MUST read this before you upgrade)

 - Widgets need a new flag. ([#90002](https://github.com/kubernetes/kubernetes/pull/90002), [@ben](https://github.com/ben)) [SIG API Machinery and Node]
 
## Changes by Kind

### Feature

- FastWidget is Beta ([#90001](https://github.com/kubernetes/kubernetes/pull/90001), [@amy](https://github.com/amy)) [SIG Node]

## Dependencies

### Changed
- example.io/widget: v1.0.0 → v1.1.0
`

func ExampleParse() {
	file, err := changelog.Parse("CHANGELOG-1.90.md", []byte(exampleFile))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range file.Sections {
		fmt.Println(s.Version, "has", s.Bullets(), "bullets")
		for _, n := range s.Notes {
			fmt.Println(" ", n.PRs, n.Author, n.SIGs, n.Kinds, n.Urgent, n.Text)
		}
		for _, k := range s.Skipped {
			fmt.Println("  skipped:", k.Text, "is a", k.Reason)
		}
	}
	// Output:
	// 1.90.0 has 1 bullets
	//   [90001] amy [] [feature] false Promoted the `FastWidget` gate to Beta.
	// 1.90.0-beta.0 has 3 bullets
	//   [90002] ben [api-machinery node] [] true Widgets need a new flag.
	//   [90001] amy [node] [feature] false FastWidget is Beta
	//   skipped: example.io/widget: v1.0.0 → v1.1.0 is a dependency list
}
