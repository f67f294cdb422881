package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/upstream-digest/bot/internal/report"
)

// page is text for a person with tables in it.
type page struct {
	bytes.Buffer
	opts report.TextOptions
	// whole: nobody's screen is too narrow, for it is written to a program or a file. Tables are not cut.
	whole bool
}

// page begins one for standard output.
func (a *app) page() *page { return &page{opts: a.tableOptions(), whole: !a.env.out.terminal} }

// paint gives text a colour, where there are any.
func (p *page) paint(c report.Colour, text string) string { return p.opts.Paint(c, text) }

// fit is s on one line, with at most the columns that the page has beside indent.
func (p *page) fit(s string, indent int) string {
	if p.whole {
		return oneLine(s, longestDetail)
	}
	return oneLine(s, p.opts.Width-indent)
}

// tabular is a table: rows, of which the first is the header, and what becomes of it where the screen is too narrow.
type tabular struct {
	rows   [][]string
	give   string                                  // the title of the column that becomes narrower first
	spare  []string                                // titles of columns that are left out then, in this order
	colour func(title, value string) report.Colour // nil: none
}

// table writes a table after an empty line.
func (p *page) table(t tabular) {
	fmt.Fprintln(p)
	for _, l := range p.laid(t) {
		fmt.Fprintln(p, l)
	}
}

// How narrow a column may become: the one that gives way while there are others to be left out, and any.
const (
	givesTo     = 16
	leastColumn = 5
	columnGap   = 2
)

// laid is a table in lines as wide as the page at most. What is cut ends in an ellipsis.
func (p *page) laid(t tabular) []string {
	most := 40
	if p.whole {
		most = longestDetail
	}
	cells := make([][]string, len(t.rows))
	for i, r := range t.rows {
		for _, v := range r {
			cells[i] = append(cells[i], oneLine(v, most))
		}
	}
	widths := p.columns(cells, t)
	out := make([]string, len(cells))
	for i, r := range cells {
		var b strings.Builder
		for j, v := range r {
			if widths[j] == 0 {
				continue
			}
			v = ansi.Truncate(v, widths[j], "…")
			c := report.Bold
			if i > 0 {
				c = report.Plain
				if t.colour != nil {
					c = t.colour(t.rows[0][j], t.rows[i][j])
				}
			}
			b.WriteString(p.paint(c, v))
			if j < len(r)-1 {
				b.WriteString(strings.Repeat(" ", widths[j]-ansi.StringWidth(v)+columnGap))
			}
		}
		out[i] = strings.TrimRight(b.String(), " ")
	}
	return out
}

// columns are the widths of a table's columns, 0 for those that are left out.
func (p *page) columns(cells [][]string, t tabular) []int {
	widths := make([]int, len(cells[0]))
	for _, r := range cells {
		for j, v := range r {
			widths[j] = max(widths[j], ansi.StringWidth(v))
		}
	}
	if p.whole {
		return widths
	}
	over := func() int {
		n := -columnGap - p.opts.Width
		for _, w := range widths {
			if w > 0 {
				n += w + columnGap
			}
		}
		return n
	}
	if j := slices.Index(cells[0], t.give); j >= 0 && over() > 0 {
		widths[j] = max(min(widths[j], givesTo), widths[j]-over())
	}
	for _, title := range t.spare {
		if j := slices.Index(cells[0], title); j >= 0 && over() > 0 {
			widths[j] = 0
		}
	}
	for over() > 0 {
		widest := slices.Index(widths, slices.Max(widths))
		if widths[widest] <= leastColumn {
			break
		}
		widths[widest]--
	}
	return widths
}

// longestDetail is the most that is shown of an error: columns.
const longestDetail = 400

// detail writes text under a row, in as many lines as it takes.
func (p *page) detail(indent, text string, c report.Colour) {
	wrapped := ansi.Wrap(oneLine(text, longestDetail), max(p.opts.Width-len(indent), 20), "")
	for l := range strings.SplitSeq(wrapped, "\n") {
		fmt.Fprintf(p, "%s%s\n", indent, p.paint(c, strings.TrimSpace(l)))
	}
}
