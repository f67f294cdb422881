package sample

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
)

// Options are what the facts do not hold.
type Options struct {
	// Descriptions are the sentences of the constants' doc comments, by gate ([Descriptions] has ours).
	// A gate that has none gets a comment with owner and KEP only.
	Descriptions map[string]string
	// DependsOn are the gates a gate needs, by gate, all by the string users type ([Edges] has those
	// known). It is written from v1.35 on, for gates that pkg/features registers.
	DependsOn map[string][]string
}

// Files writes one release ("v1.36") in the grammar of its era: path from the repository's root to
// content, all of it gofmt'ed.
//
// Of a row only names, Specs, Component, RegisteredIn, Owners, KEPs and RemoveIn are written; the
// columns in force follow from Specs, and Release is not looked at. So a test may take a release's
// rows, change one, and write them as the same or the next release; a release newer than the facts
// has the newest grammar. A row that the era cannot say (a kubeadm gate with versions, a component
// without a package, an edge to a gate that is not there) is an error that names it.
func Files(release string, rows []facts.Row, opts Options) (map[string][]byte, error) {
	if !strings.HasPrefix(release, "v") || gate.MinorOf(release) != release[1:] {
		return nil, fmt.Errorf("write sample: release %q: want the form v1.36", release)
	}
	w := &writer{release: release, opts: opts, places: places(), byGate: map[string]facts.Row{}}
	if err := w.check(rows); err != nil {
		return nil, fmt.Errorf("write sample of %s: %w", release, err)
	}
	files := map[string][]byte{}
	for _, p := range w.places {
		sources, err := w.sources(p)
		if err != nil {
			return nil, fmt.Errorf("write sample of %s: %w", release, err)
		}
		for _, s := range sources {
			src, err := s.format()
			if err != nil {
				return nil, fmt.Errorf("write sample of %s: %s: %w", release, path.Join(p.Dir, s.file), err)
			}
			files[path.Join(p.Dir, s.file)] = src
		}
	}
	src, err := w.base().format()
	if err != nil {
		return nil, fmt.Errorf("write sample of %s: base.go: %w", release, err)
	}
	files["staging/src/k8s.io/component-base/version/base.go"] = src
	return files, nil
}

// GateFiles picks the files of [Packages] out of a tree, sorted by path, in the form the parser reads.
func GateFiles(files map[string][]byte) []gate.File {
	var out []gate.File
	for name, src := range files {
		if slices.ContainsFunc(Packages(), func(p gate.Package) bool { return p.Dir == path.Dir(name) }) {
			out = append(out, gate.File{Path: name, Src: src})
		}
	}
	slices.SortFunc(out, func(a, b gate.File) int { return strings.Compare(a.Path, b.Path) })
	return out
}

// writer writes one release.
type writer struct {
	release string
	opts    Options
	places  []place
	rows    []facts.Row // sorted by constant as upstream sorts them, capitals and small letters alike
	byGate  map[string]facts.Row
}

func (w *writer) atLeast(release string) bool { return gate.CompareVersions(w.release, release) >= 0 }

// check takes the rows over and refuses what could not be written.
func (w *writer) check(rows []facts.Row) error {
	w.rows = slices.Clone(rows)
	slices.SortStableFunc(w.rows, func(a, b facts.Row) int {
		return strings.Compare(strings.ToLower(a.Const), strings.ToLower(b.Const))
	})
	for _, row := range w.rows {
		if _, twice := w.byGate[row.Gate]; twice {
			return fmt.Errorf("gate %s stands twice in the rows", row.Gate)
		}
		w.byGate[row.Gate] = row
		if err := w.checkRow(row); err != nil {
			return fmt.Errorf("gate %s: %w", row.Gate, err)
		}
	}
	return w.checkEdges()
}

func (w *writer) checkRow(row facts.Row) error {
	if len(row.Specs) == 0 || len(row.RegisteredIn) == 0 {
		return fmt.Errorf("%d specs in %d components: needs one of each at least", len(row.Specs), len(row.RegisteredIn))
	}
	versioned := row.Specs[0].Since != ""
	for _, s := range row.Specs {
		if (s.Since != "") != versioned || !versioned && len(row.Specs) > 1 {
			return fmt.Errorf("%d specs, some without a version: one without a version stands alone", len(row.Specs))
		}
		if _, err := stageName(s.Stage); err != nil {
			return err
		}
	}
	for _, component := range append([]string{row.Component}, row.RegisteredIn...) {
		i := slices.IndexFunc(w.places, func(p place) bool { return p.holds(component, row.Gate) })
		if i < 0 {
			return fmt.Errorf("component %s: no package of it takes this gate", component)
		}
		if component == kubeadm && versioned {
			return fmt.Errorf("component %s: its registrations have no versions", component)
		}
	}
	return nil
}

func (w *writer) checkEdges() error {
	for _, from := range sortedKeys(w.opts.DependsOn) {
		row, ok := w.byGate[from]
		if !ok || !slices.Contains(row.RegisteredIn, kubernetes) {
			return fmt.Errorf("dependencies of %s: pkg/features registers no such gate", from)
		}
		if !w.atLeast("v1.35") {
			return fmt.Errorf("dependencies of %s: there are none before v1.35", from)
		}
		for _, to := range w.opts.DependsOn[from] {
			if target, ok := w.byGate[to]; !ok || target.Component == kubeadm {
				return fmt.Errorf("%s depends on %s: no such gate to name", from, to)
			}
		}
	}
	return nil
}

// declares reports whether a package has the gate's constant. Besides the declaring component every
// one that registers it and cannot import that one has a constant of its own; only pkg/features
// imports the others.
func (w *writer) declares(p place, row facts.Row) bool {
	if p.holds(row.Component, row.Gate) {
		return true
	}
	return p.Component != kubernetes && w.registers(p, row)
}

func (w *writer) registers(p place, row facts.Row) bool {
	return slices.ContainsFunc(row.RegisteredIn, func(component string) bool { return p.holds(component, row.Gate) })
}

// sources writes one package: nothing where the facts do not know it yet.
func (w *writer) sources(p place) ([]*source, error) {
	var declared, registered []facts.Row
	for _, row := range w.rows {
		if w.declares(p, row) {
			declared = append(declared, row)
		}
		if w.registers(p, row) {
			registered = append(registered, row)
		}
	}
	if len(declared) == 0 && len(registered) == 0 && !w.known(p) {
		return nil, nil
	}
	switch p.form {
	case mainForm:
		return w.mainSources(p, declared, registered), nil
	case hookForm:
		return []*source{w.hookSource(p, declared, registered)}, nil
	case returnForm:
		return w.returnSource(p, declared, registered)
	case clientForm:
		return w.clientSources(p, declared, registered)
	case kubeadmForm:
		return []*source{w.kubeadmSource(p, declared, registered)}, nil
	}
	return nil, fmt.Errorf("package %s: no form", p.Dir)
}

// known: the package stood in the tree at this release and the facts cover it, so that one without a
// gate has an empty map.
func (w *writer) known(p place) bool {
	return w.atLeast(p.since) && (p.Component != controllerManager || w.release != "v1.27")
}
