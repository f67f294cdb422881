package facts

import (
	"fmt"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/gate"
)

// Of gives the rows of a release ("v1.37") for the gates that were read at it, by name. It refuses what the
// table has no place for: a name that components register with unequal specs, and a gate with no spec in
// force.
func Of(release string, gates []gate.Gate) ([]Row, error) {
	rows := make([]Row, 0, len(gates))
	for _, g := range gates {
		if g.Variant != "" {
			return nil, fmt.Errorf("%s: components register it with unequal specs (%s), and the table has one row for a gate", g.Name, g.Variant)
		}
		inForce, ok := g.Effective(gate.MinorOf(release))
		if !ok {
			continue // scheduled for a later release: at this one it is not there
		}
		row := Row{
			Release: release, Gate: g.Name, Const: g.Const, Stage: inForce.Stage, Default: inForce.Default, Locked: inForce.Locked,
			Since: inForce.Since, Component: g.Component, RemoveIn: g.RemoveIn, Owners: distinct(g.Owners), KEPs: distinct(g.KEPs),
		}
		for _, s := range g.Specs {
			s.Line = 0
			row.Specs = append(row.Specs, s)
		}
		for _, r := range g.Registered {
			row.RegisteredIn = append(row.RegisteredIn, r.Component)
		}
		slices.Sort(row.RegisteredIn)
		row.RegisteredIn = slices.Compact(row.RegisteredIn)
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b Row) int { return strings.Compare(a.Gate, b.Gate) })
	return rows, nil
}

func distinct(s []string) []string {
	var out []string
	for _, v := range s {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// Text writes the table with the rows of one release put in or replaced, in the form that [Parse] reads; it
// is read back before it is given out.
func (t *Table) Text(release string, rows []Row) (string, error) {
	releases := slices.Clone(t.releases)
	if !slices.Contains(releases, release) {
		releases = append(releases, release)
		slices.SortFunc(releases, gate.CompareVersions)
	}
	var b strings.Builder
	b.WriteString(heading + "\n")
	for _, r := range releases {
		write := t.rows[r]
		if r == release {
			write = rows
		}
		for _, row := range write {
			b.WriteString(row.line() + "\n")
		}
	}
	if _, err := Parse("table", b.String()); err != nil {
		return "", fmt.Errorf("what was read of %s is no table: %w", release, err)
	}
	return b.String(), nil
}

func (r Row) line() string {
	specs := make([]string, len(r.Specs))
	for i, s := range r.Specs {
		specs[i] = show(s)
	}
	inForce := strings.Split(show(gate.Spec{Stage: r.Stage, Default: r.Default, Locked: r.Locked}), ":")
	list := func(s []string) string { return strings.Join(s, ",") }
	return strings.Join([]string{
		r.Release, r.Gate, r.Const, inForce[1], inForce[2], inForce[3], r.Since, list(specs), r.Component,
		list(r.RegisteredIn), list(r.Owners), list(r.KEPs), r.RemoveIn,
	}, "\t")
}
