// Package cycle reads the dates of a release cycle from the README.md that kubernetes/sig-release keeps for each minor
// release. It is pure: bytes in, values out.
//
// The file is prose with a list, a table and sometimes front matter; each may have the dates, in forms that differ from
// release to release:
//
//   - **Wednesday 17th June 2026, 12:00 UTC**: Week 5 — Enhancements Freeze
//     | Code Freeze | Release Lead | ~~Tuesday 21st July~~ Thursday 23rd July 2026 (AoE) | week 10 |
//     code_freeze: 2026-07-24
//
// Only what a user of the release waits for is read: the freezes, the dates of the documentation, and the day of the
// release. A line that names one of these with a date that can't be made out is a fault; it is never guessed, and never
// taken for no date. Where two places disagree the first counts, and the other is a fault.
package cycle

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ParserVersion rises whenever the same file would be read as other dates.
const ParserVersion = 1

// Deadline is one date of a cycle.
type Deadline struct {
	Name string // "Code Freeze"
	At   time.Time
	// Day says that only the day is known: At is midnight UTC then.
	Day  bool
	Line int // from 1
}

// Fault is something in the file that could not be read, or that contradicts the rest of it.
type Fault struct {
	Line    int
	Message string
}

// Calendar is what a file says.
type Calendar struct {
	Deadlines []Deadline // by date and name
	// Unread are the names of those whose dates are there and could not be made out.
	Unread []string
	Faults []Fault // by line
}

// found is a place that gives a deadline a date.
type found struct {
	names []string
	when  string // the text with the date in it
	line  int
	// dated: it is where a date must stand, so that a text without one is a fault.
	dated bool
}

// Parse reads the file of a minor release ("1.37").
func Parse(minor string, src []byte) Calendar {
	p := parser{minor: strings.TrimPrefix(minor, "v")}
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	lines := strings.Split(strings.ReplaceAll(string(src), "\r\n", "\n"), "\n")
	body := p.frontMatter(lines)
	p.body(lines, body)
	p.years = yearsIn(p.places)
	for _, f := range p.places {
		p.resolve(f)
	}
	var unread []string
	for _, name := range p.unread {
		if !slices.ContainsFunc(p.out.Deadlines, func(d Deadline) bool { return d.Name == name }) {
			unread = append(unread, name)
		}
	}
	slices.Sort(unread)
	p.out.Unread = slices.Compact(unread)
	slices.SortFunc(p.out.Deadlines, func(a, b Deadline) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Name, b.Name)) })
	slices.SortStableFunc(p.out.Faults, func(a, b Fault) int { return cmp.Compare(a.Line, b.Line) })
	p.out.Faults = slices.Compact(p.out.Faults)
	return p.out
}

type parser struct {
	minor  string
	places []found
	years  []int
	unread []string
	out    Calendar
}

// maxFaults bounds what is kept of a file that is no schedule at all.
const maxFaults = 100

func (p *parser) fault(line int, format string, args ...any) {
	if len(p.out.Faults) >= maxFaults {
		return
	}
	p.out.Faults = append(p.out.Faults, Fault{line, fmt.Sprintf(format, args...)})
}

// resolve turns a place into a deadline for each of its names.
func (p *parser) resolve(f found) {
	m, problem := readMoment(f.when, p.years)
	if m.isZero() && problem == "" {
		if !f.dated || undecided(f.when) {
			return
		}
		problem = "there is no date in it"
	}
	for _, name := range f.names {
		if m.isZero() {
			p.fault(f.line, "the date of %s could not be read (%s): %s", name, problem, excerpt(f.when))
			p.unread = append(p.unread, name)
			continue
		}
		if problem != "" {
			p.fault(f.line, "%s: %s: %s", name, problem, excerpt(f.when))
		}
		p.add(Deadline{Name: name, At: m.at, Day: m.day, Line: f.line})
	}
}

// add keeps the first date of a name, with the time of day where only a later place has it.
func (p *parser) add(d Deadline) {
	i := slices.IndexFunc(p.out.Deadlines, func(x Deadline) bool { return x.Name == d.Name })
	if i < 0 {
		p.out.Deadlines = append(p.out.Deadlines, d)
		return
	}
	x := &p.out.Deadlines[i]
	switch {
	case d.Day == x.Day && d.At.Equal(x.At), moreExact(d, *x):
	case moreExact(*x, d):
		*x = d
	default:
		p.fault(d.Line, "%s is %s here and %s in line %d, which is taken", d.Name, d.words(), x.words(), x.Line)
	}
}

// moreExact: b says a moment of the day that a says, or right after it. A day may end when it ends everywhere on Earth.
func moreExact(a, b Deadline) bool {
	apart := b.At.Sub(a.At)
	return a.Day && !b.Day && apart >= 0 && apart <= 36*time.Hour
}

func (d Deadline) words() string {
	if d.Day {
		return d.At.Format("2 January 2006")
	}
	return d.At.Format("2 January 2006 15:04 UTC")
}

// excerpt is a text for a message, on one line.
func excerpt(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 100 {
		s = string(r[:99]) + "…"
	}
	return s
}
