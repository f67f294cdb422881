package changelog_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/upstream-digest/bot/internal/changelog"
)

// bigChangelog writes a file of at least 300 KB in today's form: sections of 90 notes with downloads, nested bullets,
// urgent notes and dependencies.
func bigChangelog() []byte {
	var b strings.Builder
	pr := 130000
	ref := func() string {
		pr++
		return fmt.Sprintf("([#%d](https://github.com/kubernetes/kubernetes/pull/%d), [@amy](https://github.com/amy)) [SIG API Machinery, Apps and Node]", pr, pr)
	}
	for i := 0; b.Len() < 300<<10; i++ {
		v := fmt.Sprintf("1.90.0-alpha.%d", 30-i)
		fmt.Fprintf(&b, "# v%s\n\n\n## Downloads for v%s\n\n\n\n### Source Code\n\nfilename | sha512 hash\n-------- | -----------\n", v, v)
		for range 20 {
			fmt.Fprintf(&b, "[kubernetes.tar.gz](https://dl.k8s.io/v%s/kubernetes.tar.gz) | %s\n", v, strings.Repeat("0f", 64))
		}
		b.WriteString("\n## Urgent Upgrade Notes \n\n### (No, really, you MUST read this before you upgrade)\n\n")
		for range 3 {
			fmt.Fprintf(&b, " - ACTION REQUIRED: Widgets need a new flag.\n  \n  Set it before the upgrade, on each node. %s\n", ref())
		}
		b.WriteString(" \n## Changes by Kind\n")
		for _, kind := range []string{"Deprecation", "API Change", "Feature", "Bug or Regression", "Other (Cleanup or Flake)"} {
			fmt.Fprintf(&b, "\n### %s\n\n", kind)
			for j := range 18 {
				text := fmt.Sprintf("Widgets of the kind %d turn at their own speed behind the `FastWidget%d` feature gate, without asking the others for it first.", j, j)
				if j%6 == 5 {
					text += "\n  - first of them, which was there\n  - second of them"
				}
				fmt.Fprintf(&b, "- %s %s\n", text, ref())
			}
		}
		b.WriteString("\n## Dependencies\n\n### Added\n_Nothing has changed._\n\n### Changed\n")
		for j := range 30 {
			fmt.Fprintf(&b, "- example.io/module%d: [v1.0.0 → v1.1.0](https://example.io/compare/v1.0.0...v1.1.0)\n", j)
		}
		b.WriteString("\n### Removed\n_Nothing has changed._\n\n\n\n")
	}
	return []byte(b.String())
}

func TestBigChangelogIsReadWhole(t *testing.T) {
	f, err := changelog.Parse("big.md", bigChangelog())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range f.Sections {
		if len(s.Notes) != 93 || len(s.Skipped) != 30 || s.Notes[0].PRs == nil || s.Notes[92].Kinds == nil {
			t.Errorf("%s: %d notes, %d skipped", s.Version, len(s.Notes), len(s.Skipped))
		}
	}
}

func BenchmarkParse(b *testing.B) {
	src := bigChangelog()
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	notes := 0
	for b.Loop() {
		f, err := changelog.Parse("big.md", src)
		if err != nil {
			b.Fatal(err)
		}
		notes = 0
		for _, s := range f.Sections {
			notes += len(s.Notes)
		}
	}
	b.ReportMetric(float64(notes), "notes")
}

// BenchmarkParseWorst has what costs a careless reader the square of the file: things that are opened and never closed.
func BenchmarkParseWorst(b *testing.B) {
	for name, line := range map[string]string{
		"fences": "```a\n", "comments": "<!--\n", "parentheses": "- (((((((([#1](([\n", "closings": "))))))))\n", "lazy": "a action required\n",
		"asterisks": "* a\n  b\n", "headings": "###### a\n", "links": "[[[[[[[[(\n", "tabs": "- a\n\t\t\t\t\tb\n", "refs": "x ([#1](https://github.com/kubernetes/kubernetes/pull/1))\n",
	} {
		src := []byte("# v1.0.0\n- a\n" + strings.Repeat(line, (300<<10)/len(line)))
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(src)))
			for b.Loop() {
				if _, err := changelog.Parse("worst.md", src); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkMentions looks for 400 names in 400 notes.
func BenchmarkMentions(b *testing.B) {
	f, err := changelog.Parse("big.md", bigChangelog())
	if err != nil {
		b.Fatal(err)
	}
	names := map[string]bool{}
	for i := range 400 {
		names[fmt.Sprintf("FastWidget%d", i)] = true
	}
	var texts []string
	for _, s := range f.Sections {
		for _, n := range s.Notes {
			texts = append(texts, n.Text)
		}
	}
	texts = texts[:400]
	b.ReportAllocs()
	for b.Loop() {
		found := 0
		for _, t := range texts {
			found += len(changelog.Mentions(t, func(w string) bool { return names[w] }))
		}
		if found == 0 {
			b.Fatal("none found")
		}
	}
}
