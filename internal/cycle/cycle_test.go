package cycle_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/cycle"
)

// words are a calendar, a line for each date and each fault.
func words(c cycle.Calendar) string {
	var out []string
	for _, d := range c.Deadlines {
		at := d.At.Format("2006-01-02 15:04 UTC")
		if d.Day {
			at = d.At.Format(time.DateOnly)
		}
		out = append(out, fmt.Sprintf("%d %s: %s", d.Line, d.Name, at))
	}
	for _, n := range c.Unread {
		out = append(out, "unread "+n)
	}
	for _, f := range c.Faults {
		out = append(out, fmt.Sprintf("fault %d: %s", f.Line, f.Message))
	}
	return strings.Join(out, "\n")
}

// whole is a file in the form of upstream's, with a list, a table and front matter that agree. The sentences are ours.
const whole = `---
title: Widgets 1.37
code_freeze: 2026-07-24
---
# Widgets 1.37

#### Links

* [This page](https://example.com/releases/release-1.37/README.md)
* [Enhancements Freeze](../phases.md#enhancements-freeze)

## In short

- **Monday 18th May 2026**: Week 1 - Release cycle begins
- **Wednesday 10th June 2026 (AoE) / Thursday 11th June 2026, 12:00 UTC**: Week 4 - Production Readiness Freeze
- **Tuesday 16th June 2026 (AoE) / Wednesday 17th June 2026, 12:00 UTC**: Week 5 — [Enhancements Freeze](../phases.md#enhancements-freeze)
- **Thursday 23rd July 2026 (AoE) / Friday 24th July 2026, 12:00 UTC**:
  Week 10 — [Code Freeze](../phases.md#code-freeze)
- **Wednesday 29th July 2026**: Week 11 - [Test Freeze][test]
- **Tuesday 4th August 2026**: Week 12 - Docs must be completed and reviewed
- **Wednesday 26th August 2026**: Week 15 - Kubernetes v1.37.0 released
- **Thursday 27th August 2026**: Week 15 - Release retrospective

## Timeline

| **What** | **Who** | **When** | **Week** | **Signal** |
| --- | --- | --- | --- | --- |
| Start of the cycle | Lead | Monday 18th May 2026 | week 1 | |
| Start [Enhancements Freeze] | Enhancements Lead | [12:00 UTC Wednesday 17th June 2026](https://example.com/time) | week 5 | green |
| Code Freeze is coming | Lead | Friday 17th July 2026 | week 9 | |
| Docs deadline - open placeholder PRs | Docs Lead | Thursday 16th July 2026 | week 9 | |
| Begin [Code Freeze] | Lead | 12:00 UTC Friday 24th July 2026 | week 10 | |
| Docs deadline - PRs ready for review | Docs Lead | Tuesday 28th July 2026 | week 11 | |
| v1.37.0-rc.0 released | Branch Manager | Thursday 6th August 2026 | week 12 | |
| v1.37.0 released | Branch Manager | Wednesday 26th August 2026 | week 15 | |
| Code Freeze ends | Lead | Wednesday 26th August 2026 | week 15 | |
`

func TestWholeFile(t *testing.T) {
	want := `15 Production Readiness Freeze: 2026-06-11 12:00 UTC
16 Enhancements Freeze: 2026-06-17 12:00 UTC
31 Docs: placeholder pull requests: 2026-07-16
17 Code Freeze: 2026-07-24 12:00 UTC
33 Docs: ready for review: 2026-07-28
19 Test Freeze: 2026-07-29
20 Docs Freeze: 2026-08-04
21 Release: 2026-08-26`
	for _, src := range []string{whole, strings.ReplaceAll(whole, "\n", "\r\n"), "\ufeff" + whole} {
		if d := cmp.Diff(want, words(cycle.Parse("1.37", []byte(src)))); d != "" {
			t.Errorf("(-want +got)\n%s", d)
		}
	}
	if d := cmp.Diff(strings.Join(strings.Split(want, "\n")[:7], "\n"), words(cycle.Parse("1.36", []byte(whole)))); d != "" {
		t.Errorf("the release of another minor is none: (-want +got)\n%s", d)
	}
}

func TestForms(t *testing.T) {
	tests := []struct{ name, src, want string }{
		{"month first", "- Code Freeze: July 24th, 2026", "1 Code Freeze: 2026-07-24"},
		{"abbreviated", "* Test Freeze — Wed, 29 Jul 2026", "1 Test Freeze: 2026-07-29"},
		{"ISO", "1. Docs Freeze 2026-08-04", "1 Docs Freeze: 2026-08-04"},
		{"ISO with the time", "- Code Freeze 2026-07-24T12:00:00Z", "1 Code Freeze: 2026-07-24 12:00 UTC"},
		{"of", "- Code Freeze on the 24th of July, 2026", "1 Code Freeze: 2026-07-24"},
		{"superscript", "- Code Freeze 24<sup>th</sup>&nbsp;July 2026", "1 Code Freeze: 2026-07-24"},
		{"winter in California", "- **18:00 PST Thursday 13th February 2025**: Enhancements Freeze", "1 Enhancements Freeze: 2025-02-14 02:00 UTC"},
		{"both zones", "- **02:00 UTC Friday 14th February 2025 / 18:00 PST Thursday 13th February 2025**: Week 5 — Enhancements Freeze", "1 Enhancements Freeze: 2025-02-14 02:00 UTC"},
		{"UTC counts where summer time is mistaken", "- 00:00 UTC Friday 24th July 2026 / 17:00 PST Thursday 23rd July 2026: Code Freeze", "1 Code Freeze: 2026-07-24 00:00 UTC"},
		{"PT follows the summer", "- 5pm PT 23 July 2026: Code Freeze", "1 Code Freeze: 2026-07-24 00:00 UTC"},
		{"PT follows the winter", "- 5 PM PT 23 January 2026: Code Freeze", "1 Code Freeze: 2026-01-24 01:00 UTC"},
		{"offset", "- 14:00 UTC+2 23 January 2026: Code Freeze", "1 Code Freeze: 2026-01-23 12:00 UTC"},
		{"end of the day", "- EOD PDT 23 July 2026: Code Freeze", "1 Code Freeze: 2026-07-24 07:00 UTC"},
		{"anywhere on Earth", "- Tuesday 16th June 2026 (AoE): Enhancements Freeze", "1 Enhancements Freeze: 2026-06-17 12:00 UTC"},
		{"no zone", "- 17:00 Tuesday 16th June 2026: Enhancements Freeze", "1 Enhancements Freeze: 2026-06-16"},
		{"unknown zone", "- 17:00 XYZ Tuesday 16th June 2026: Enhancements Freeze",
			"1 Enhancements Freeze: 2026-06-16\nfault 1: Enhancements Freeze: the time zone XYZ is not known, so only the day is taken: 17:00 XYZ Tuesday 16th June 2026: Enhancements Freeze"},
		{"struck through", "- ~~Tuesday 21st July 2026~~ Thursday 23rd July 2026: Code Freeze", "1 Code Freeze: 2026-07-23"},
		{"struck through as HTML", "| What | When |\n|---|---|\n| Code Freeze | <del>21 July 2026</del><br>23 July 2026 |", "3 Code Freeze: 2026-07-23"},
		{"moved, in words", "- Code Freeze: 21 July 2026 moved to 23 July 2026", "1 Code Freeze: 2026-07-23"},
		{"moved, by an arrow", "- Code Freeze: 21 July 2026 → 23 July 2026", "1 Code Freeze: 2026-07-23"},
		{"what it was", "- Code Freeze: 23 July 2026 (previously 21 July 2026)", "1 Code Freeze: 2026-07-23"},
		{"cancelled", "- ~~23 July 2026: Test Freeze~~", ""},
		{"cancelled in a table", "| What | When |\n|---|---|\n| ~~Test Freeze~~ | 23 July 2026 |\n| Code Freeze | TBD |\n| Docs Freeze | ~~24 July 2026~~ |", ""},
		{"the year stands elsewhere", "- Code Freeze: Friday 24th July\n- Docs Freeze: 4 August 2026", "1 Code Freeze: 2026-07-24\n2 Docs Freeze: 2026-08-04"},
		{"the weekday tells which year", "- Enhancements Freeze: 16 October 2026\n- Code Freeze: Thursday 7th January\n- Release day: 27 January 2027",
			"1 Enhancements Freeze: 2026-10-16\n2 Code Freeze: 2027-01-07\n3 Release: 2027-01-27"},
		{"no year anywhere", "- Code Freeze: Friday 24th July",
			"unread Code Freeze\nfault 1: the date of Code Freeze could not be read (it has no year): Code Freeze: Friday 24th July"},
		{"wrong weekday", "- Code Freeze: Thursday 24th July 2026", "1 Code Freeze: 2026-07-24\nfault 1: Code Freeze: it is a Friday, and not a Thursday: Code Freeze: Thursday 24th July 2026"},
		{"no such day", "- Code Freeze: 31 June 2026", "unread Code Freeze\nfault 1: the date of Code Freeze could not be read (there is no such day): Code Freeze: 31 June 2026"},
		{"a form nobody knows", "- Code Freeze: 07/24/2026", "unread Code Freeze\nfault 1: the date of Code Freeze could not be read (the form of its date is not known): Code Freeze: 07/24/2026"},
		{"a cell without a date", "| What | When |\n|---|---|\n| Code Freeze | soon after KubeCon |",
			"unread Code Freeze\nfault 3: the date of Code Freeze could not be read (there is no date in it): soon after KubeCon"},
		{"several dates", "- Code Freeze: 21 July 2026, 23 July 2026", "unread Code Freeze\nfault 1: the date of Code Freeze could not be read (there are several dates): Code Freeze: 21 July 2026, 23 July 2026"},
		{"list and table disagree", "- Code Freeze: 21 July 2026\n\n| What | When |\n|---|---|\n| Code Freeze | 23 July 2026 |",
			"1 Code Freeze: 2026-07-21\nfault 5: Code Freeze is 23 July 2026 here and 21 July 2026 in line 1, which is taken"},
		{"the release, with joy", "- **Wednesday 26th August 2026**: Week 15 - Kubernetes v1.37.0 released! 🎉", "1 Release: 2026-08-26"},
		{"no release", "- 6 August 2026: v1.37.0-rc.0 released\n- 6 August 2026: v1.37.1 released\n- 7 August 2026: v1.3 released\n- 8 August 2026: 1.37.0 release notes", ""},
		{"a sentence below", "- 24 July 2026: Code Freeze\n  Whatever is to be in the release must be merged by then, on 20 July 2026 at best; and there are many more words after it.", "1 Code Freeze: 2026-07-24"},
		{"two at once", "- 24 July 2026: Code and Test Freeze", "1 Code Freeze: 2026-07-24\n1 Test Freeze: 2026-07-24"},
		{"front matter with entries", "---\nschedule:\n  - name: Code Freeze\n    date: 2026-07-24\n  - {event: Docs Freeze, when: \"4 August 2026\"}\n---\n", "4 Code Freeze: 2026-07-24\n5 Docs Freeze: 2026-08-04"},
		{"broken front matter", "---\na: [\n---\n- 24 July 2026: Code Freeze", "4 Code Freeze: 2026-07-24\nfault 1: the front matter could not be read: yaml: line 1: did not find expected node content"},
		{"a table without a head", "| Code Freeze | Lead | 24 July 2026 |", "1 Code Freeze: 2026-07-24"},
		{"code and comments are no schedule", "```\n- Code Freeze: 1 July 2026\n```\n<!-- - Code Freeze: 2 July 2026\n- Code Freeze: 3 July 2026 -->\n- Code Freeze: 24 July 2026", "6 Code Freeze: 2026-07-24"},
		{"what is about a deadline", "- 17 July 2026: Code Freeze is coming\n- 20 July 2026: the week before Code Freeze\n- 1 July 2026: Code Freeze exceptions\n- Release notes complete: 3 August 2026", ""},
		{"nothing", "", ""},
	}
	for _, tt := range tests {
		if d := cmp.Diff(tt.want, words(cycle.Parse("1.37", []byte(tt.src)))); d != "" {
			t.Errorf("%s: (-want +got)\n%s", tt.name, d)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	src := []byte(strings.Repeat(whole, 4)) // upstream's files have some 15 kB
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if len(cycle.Parse("1.37", src).Deadlines) == 0 {
			b.Fatal("nothing was read")
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("1.37", whole)
	f.Add("", "| Code Freeze | ~~a~~ 24:00 AoE 1 Sept / 2 October 2026 or EOD 31 Feb 2026 |\n|-|\n<!-- x")
	f.Add("1.38", "---\na: &a [*a]\ncode-freeze: 2026-07-24T12:00:00Z\n...\n- ~~~\n+ 9pm PT")
	f.Fuzz(func(t *testing.T, minor, src string) {
		got := cycle.Parse(minor, []byte(src))
		if d := cmp.Diff(got, cycle.Parse(minor, []byte(src))); d != "" {
			t.Fatalf("not the same twice:\n%s", d)
		}
		lines := strings.Count(src, "\n") + 1
		seen := map[string]bool{}
		for _, d := range got.Deadlines {
			if seen[d.Name] || d.Line < 1 || d.Line > lines+1 || d.At.Year() < 2013 || d.At.Year() > 2100 || d.Day && d.At.Truncate(24*time.Hour) != d.At {
				t.Fatalf("%+v", d)
			}
			seen[d.Name] = true
		}
		for _, n := range got.Unread {
			if seen[n] || len(got.Faults) == 0 {
				t.Fatalf("unread %s: %+v", n, got)
			}
		}
	})
}

// A file that is no schedule costs no more than its size, and does not fill the state with faults.
func TestHugeFile(t *testing.T) {
	src := strings.Repeat("- Code Freeze: 31 June 2026\n", 5000) + "- Code Freeze: 24 July 2026\n" + strings.Repeat("  and more words\n", 100_000)
	got := cycle.Parse("1.37", []byte(src))
	if len(got.Faults) > 100 || len(got.Deadlines) != 1 || len(got.Unread) != 0 {
		t.Errorf("%d faults, %v, %v", len(got.Faults), got.Deadlines, got.Unread)
	}
}
