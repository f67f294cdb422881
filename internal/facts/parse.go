package facts

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/upstream-digest/bot/internal/gate"
)

const heading = "release\tgate\tconst\tstage\tdefault\tlock\tsince\tspecs\tcomponent\tregistered_in\towners\tkeps\tremove_in"

// Error is a place in a table that is not as the format demands.
type Error struct {
	File    string
	Line    int // from 1
	Column  int // from 1, in characters; the start of the field
	Message string
}

// Error gives "file:line:column: message".
func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
}

// Parse reads a table. The file's name is only for errors, which are all of type *[Error]; the first
// one ends the reading, and there is no table then.
func Parse(file, text string) (*Table, error) {
	t := &Table{rows: map[string][]Row{}}
	number := 0
	for line := range strings.Lines(text) {
		number++
		p := &lineParser{file: file, line: number}
		whole := strings.HasSuffix(line, "\n")
		line = strings.TrimSuffix(line, "\n")
		switch {
		case !utf8.ValidString(line):
			return nil, p.fail(0, "not valid UTF-8")
		case strings.ContainsRune(line, '\r'):
			return nil, p.fail(0, "carriage return: lines end with a line feed alone")
		case !whole:
			return nil, p.fail(0, "no line feed at the end: the table looks cut off")
		case number == 1:
			if line != heading {
				return nil, p.fail(0, "heading is %q, want %q", line, heading)
			}
			continue
		}
		row, err := p.row(line)
		if err != nil {
			return nil, err
		}
		if err := t.add(row, p); err != nil {
			return nil, err
		}
	}
	if number < 2 {
		return nil, (&lineParser{file: file, line: number + 1}).fail(0, "the table has no rows")
	}
	return t, nil
}

// add appends a row and holds the table to its order, which also rules out doubles.
func (t *Table) add(row Row, p *lineParser) error {
	n := len(t.releases)
	if n == 0 || t.releases[n-1] != row.Release {
		if n > 0 && gate.CompareVersions(t.releases[n-1], row.Release) > 0 {
			return p.fail(0, "release %s after %s: releases ascend", row.Release, t.releases[n-1])
		}
		t.releases = append(t.releases, row.Release)
	}
	rows := t.rows[row.Release]
	if len(rows) > 0 {
		switch last := rows[len(rows)-1].Gate; {
		case last == row.Gate:
			return p.fail(1, "gate %s twice in %s", row.Gate, row.Release)
		case last > row.Gate:
			return p.fail(1, "gate %s after %s: gates are sorted", row.Gate, last)
		}
	}
	t.rows[row.Release] = append(rows, row)
	return nil
}

// lineParser reads the fields of one line. It keeps where each begins, for errors.
type lineParser struct {
	file   string
	line   int
	starts []int
	err    error // the first fault found
}

func (p *lineParser) fail(field int, format string, args ...any) *Error {
	column := 1
	if field < len(p.starts) {
		column = p.starts[field]
	}
	return &Error{File: p.file, Line: p.line, Column: column, Message: fmt.Sprintf(format, args...)}
}

func (p *lineParser) fault(field int, format string, args ...any) {
	if p.err == nil {
		p.err = p.fail(field, format, args...)
	}
}

func (p *lineParser) row(line string) (Row, error) {
	fields := strings.Split(line, "\t")
	column := 1
	for _, f := range fields {
		p.starts = append(p.starts, column)
		column += utf8.RuneCountInString(f) + 1
	}
	if want := strings.Count(heading, "\t") + 1; len(fields) != want {
		return Row{}, p.fail(len(fields)-1, "%d fields, want %d", len(fields), want)
	}
	row := Row{
		Release:      p.release(0, fields[0]),
		Gate:         p.word(1, "gate", fields[1]),
		Const:        p.word(2, "const", fields[2]),
		Stage:        p.stage(3, fields[3]),
		Default:      p.flag(4, fields[4], "on", "off"),
		Locked:       p.flag(5, fields[5], "locked", "free"),
		Since:        p.version(6, fields[6]),
		Specs:        p.specs(7, fields[7]),
		Component:    p.name(8, "component", fields[8]),
		RegisteredIn: p.names(9, fields[9]),
		Owners:       p.owners(10, fields[10]),
		KEPs:         p.keps(11, fields[11]),
		RemoveIn:     p.version(12, fields[12]),
	}
	if p.err == nil {
		p.agree(row)
	}
	return row, p.err
}

// agree checks that the columns in force are what the specs say for the release.
func (p *lineParser) agree(row Row) {
	inForce, ok := gate.Gate{Specs: row.Specs}.Effective(gate.MinorOf(row.Release))
	if !ok {
		p.fault(7, "no spec is in force at %s", row.Release)
		return
	}
	if said := (gate.Spec{Since: row.Since, Stage: row.Stage, Default: row.Default, Locked: row.Locked}); said != inForce {
		p.fault(3, "says %s in force, but the specs give %s", show(said), show(inForce))
	}
}

func show(s gate.Spec) string {
	value, lock := "off", "free"
	if s.Default {
		value = "on"
	}
	if s.Locked {
		lock = "locked"
	}
	return strings.Join([]string{s.Since, string(s.Stage), value, lock}, ":")
}

func (p *lineParser) release(field int, s string) string {
	v, ok := strings.CutPrefix(s, "v")
	if !ok || !isVersion(v) {
		p.fault(field, "release %q: want the form v1.36", s)
	}
	return s
}

func (p *lineParser) version(field int, s string) string {
	if s != "" && !isVersion(s) {
		p.fault(field, "version %q: want the form 1.36, or nothing", s)
	}
	return s
}

// isVersion accepts "1.36": two numbers without leading zeros.
func isVersion(s string) bool {
	major, minor, ok := strings.Cut(s, ".")
	return ok && isNumber(major) && isNumber(minor)
}

func isNumber(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && strconv.FormatUint(n, 10) == s
}

func (p *lineParser) stage(field int, s string) gate.Stage {
	switch stage := gate.Stage(s); stage {
	case gate.PreAlpha, gate.Alpha, gate.Beta, gate.GA, gate.Deprecated:
		return stage
	}
	p.fault(field, "stage %q: want pre-alpha, alpha, beta, ga or deprecated", s)
	return ""
}

func (p *lineParser) flag(field int, s, yes, no string) bool {
	if s != yes && s != no {
		p.fault(field, "%q: want %s or %s", s, yes, no)
	}
	return s == yes
}

func (p *lineParser) specs(field int, s string) []gate.Spec {
	var specs []gate.Spec
	for item := range strings.SplitSeq(s, ",") {
		parts := strings.Split(item, ":")
		if len(parts) != 4 {
			p.fault(field, "spec %q: want since:stage:default:lock", item)
			return nil
		}
		spec := gate.Spec{
			Since:   p.version(field, parts[0]),
			Stage:   p.stage(field, parts[1]),
			Default: p.flag(field, parts[2], "on", "off"),
			Locked:  p.flag(field, parts[3], "locked", "free"),
		}
		if n := len(specs); n > 0 && gate.CompareVersions(specs[n-1].Since, spec.Since) >= 0 {
			p.fault(field, "spec %q: versions ascend, and none stands twice", item)
		}
		specs = append(specs, spec)
	}
	if len(specs) > 1 && specs[0].Since == "" {
		p.fault(field, "specs %q: one without a version stands alone", s)
	}
	return specs
}

// word reads an identifier of ASCII letters and digits, as all gates and constants are.
func (p *lineParser) word(field int, what, s string) string {
	isWord := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	}
	if s == "" || '0' <= s[0] && s[0] <= '9' || strings.ContainsFunc(s, func(r rune) bool { return !isWord(r) }) {
		p.fault(field, "%s %q: want a letter, then letters and digits", what, s)
	}
	return s
}

func (p *lineParser) name(field int, what, s string) string {
	isName := func(r rune) bool { return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '-' }
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return !isName(r) }) {
		p.fault(field, "%s %q: want small letters, digits and hyphens", what, s)
	}
	return s
}

func (p *lineParser) names(field int, s string) []string {
	names := strings.Split(s, ",")
	for i, n := range names {
		p.name(field, "component", n)
		if i > 0 && names[i-1] >= n {
			p.fault(field, "components %q: sorted, each once", s)
		}
	}
	return names
}

func (p *lineParser) owners(field int, s string) []string {
	return p.list(field, s, "owner", "@ and a name", func(item string) bool {
		name, ok := strings.CutPrefix(item, "@")
		return ok && name != "" && !strings.ContainsAny(name, " @:")
	})
}

func (p *lineParser) keps(field int, s string) []string {
	return p.list(field, s, "KEP", "a number", isNumber)
}

func (p *lineParser) list(field int, s, what, want string, ok func(string) bool) []string {
	if s == "" {
		return nil
	}
	items := strings.Split(s, ",")
	if i := slices.IndexFunc(items, func(item string) bool { return !ok(item) }); i >= 0 {
		p.fault(field, "%s %q: want %s", what, items[i], want)
	}
	return items
}
