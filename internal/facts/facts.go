// Package facts holds what is known about Kubernetes' feature gates release by release: one row for a
// gate at a minor release, v1.20 to v1.36 (a late patch release of each), as a table built into the
// program.
//
// The table is data, not a source: the bot never reads it to say what upstream is today. It feeds the
// sample upstream (tests, benchmarks, `bot demo`) and whatever needs history without a network.
//
// # Format
//
// gates-by-release.tsv is UTF-8 text, one row a line, fields separated by one tab, in the order of its
// heading line:
//
//	release gate const stage default lock since specs component registered_in owners keps remove_in
//
// Lists are separated by commas without blanks. A spec is since:stage:default:lock, default is on or
// off, lock is locked or free. "since" is empty in eras whose registrations carried no versions.
// Rows are grouped by release, oldest first, and within one sorted by gate (byte order).
//
// [Parse] is strict: the first thing it does not understand is an [Error] with line and column. What a
// row says twice (the columns in force, and the specs they follow from) has to agree.
//
// The meta gates AllAlpha and AllBeta, which every release has, are not in the table.
package facts

import (
	_ "embed"
	"slices"

	"github.com/upstream-digest/bot/internal/gate"
)

//go:embed gates-by-release.tsv
var embedded string

// Row is one gate at one release.
type Row struct {
	Release string // "v1.36"
	Gate    string // the string users type
	Const   string // the Go constant's name; it differs from Gate for a few
	Stage   gate.Stage
	Default bool
	Locked  bool
	// Since is the version ("1.36") of the spec in force at Release; "" where registrations had none.
	Since string
	// Specs are all specs, ascending by version, never empty. Their lines are 0. Stage, Default,
	// Locked and Since repeat the one in force at Release.
	Specs []gate.Spec
	// Component declares the constant ("apiserver").
	Component string
	// RegisteredIn lists the components that register the gate, sorted, never empty. The declaring one
	// need not be among them.
	RegisteredIn []string
	Owners       []string // "@name", in the source's order; nil when it names none
	KEPs         []string // proposal numbers, "2411", in the source's order; nil when it names none
	// RemoveIn is the release ("1.37") in which a comment plans the gate's removal, else "".
	RemoveIn string
}

// Table is all rows, by release.
type Table struct {
	releases []string
	rows     map[string][]Row
}

// Load parses the embedded table. An error means that the program was built with a damaged table.
// The result is the caller's own; loading twice gives two independent tables.
func Load() (*Table, error) {
	return Parse("gates-by-release.tsv", embedded)
}

// Releases lists the releases, ascending by version: "v1.20", "v1.21" and so on.
func (t *Table) Releases() []string { return slices.Clone(t.releases) }

// Rows lists the gates of one release ("v1.36"), by name; nil when the table does not have the release.
// Callers may change what they get: it is theirs, down to the specs.
func (t *Table) Rows(release string) []Row {
	rows := slices.Clone(t.rows[release])
	for i := range rows {
		rows[i].Specs = slices.Clone(rows[i].Specs)
		rows[i].RegisteredIn = slices.Clone(rows[i].RegisteredIn)
		rows[i].Owners = slices.Clone(rows[i].Owners)
		rows[i].KEPs = slices.Clone(rows[i].KEPs)
	}
	return rows
}

// Covered reports whether the table knows all gates of a component ("apiserver") at a release
// ("v1.36"). Releases that make data puts in are read whole. Only then does a gate's absence from the rows say that the component did not have it.
func (t *Table) Covered(component, release string) bool {
	if !slices.Contains(t.releases, release) {
		return false
	}
	switch component {
	case "kubernetes", "apiserver", "apiextensions-apiserver", "client-go", "component-base":
		return between(release, "v1.20", t.releases[len(t.releases)-1])
	case "controller-manager":
		return release != "v1.27" && between(release, "v1.20", t.releases[len(t.releases)-1])
	case "kubeadm":
		return between(release, "v1.33", t.releases[len(t.releases)-1])
	}
	return false
}

func between(release, first, last string) bool {
	return gate.CompareVersions(release, first) >= 0 && gate.CompareVersions(release, last) <= 0
}
