// Package docpage reads the pages of a web site that describe feature gates, in the form of kubernetes/website:
// one Markdown file for each gate, with the gate's name and its stages as YAML between two lines of dashes.
//
// A page is read whole or not at all. Whoever compares pages with code would take a value that was left out
// for one that upstream does not state, so a value that can't be understood makes the page unreadable, and the
// error says in which line. Keys that say nothing of a gate's life (_build, content_type, former_titles and
// whatever comes) are passed over.
//
// Versions are taken as they are written: an unquoted 1.30 is 1.30 here, though to YAML it is the number 1.3.
//
// Everything read is a stranger's text. Sizes are bounded, an alias is followed once and never expanded.
package docpage

import (
	"errors"
	"fmt"
	"path"
	"strings"
)

// ParserVersion rises whenever the same page would be read as other values.
const ParserVersion = 1

// Page is what a page says of a gate.
type Page struct {
	// Gates are the names that the page is about; nearly always one.
	Gates []string
	// Removed says that the page says that the gate is gone.
	Removed bool
	Stages  []Stage // in the page's order
}

// Stage is one row of a page.
type Stage struct {
	// Stage is alpha, beta, ga or deprecated: the site's "stable" is "ga" in code.
	Stage string
	// Default is "true" or "false"; "" where the page has none.
	Default string
	Locked  bool
	From    string // "1.10"
	To      string // the last release that has it; "" is open
}

// Error says why a page could not be read, and where.
type Error struct {
	File    string
	Line    int // from 1
	Message string
}

func (e *Error) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Message) }

// ErrOtherPage is the error for a page that says of itself that it is about something else.
var ErrOtherPage = errors.New("is no page of a feature gate")

// IsPage reports whether a file below folder may be the page of a gate: Markdown, beside the others, and
// neither the list of all nor a page for writers.
func IsPage(folder, file string) bool {
	name := path.Base(file)
	return path.Dir(file) == path.Clean(folder) && strings.HasSuffix(name, ".md") && len(name) > len(".md") &&
		name != "index.md" && name != "_index.md" && !strings.EqualFold(name, "README.md")
}

// NameOf is the gate that a file is named after, which tells what a page is about that can't be read.
func NameOf(file string) string { return strings.TrimSuffix(path.Base(file), ".md") }
