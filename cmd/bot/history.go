package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/upstream-digest/bot/internal/config"
	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/insight"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/report"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// tracked is the upstream that the embedded table is about.
const tracked = "kubernetes"

// history is the table that the program carries, and what an upstream says of the versions that the table
// does not have: read from its mirror or over the network, or where that fails, what the state remembers of
// it. The words say what it is made of.
func (a *app) history(ctx context.Context, minors ...string) (*insight.History, string, error) {
	h, source, err := embedded()
	if err != nil {
		return nil, "", err
	}
	known := h.Releases()
	span := "v" + known[0] + " to v" + known[len(known)-1]
	var w *world
	for _, m := range minors {
		if m == "" || slices.Contains(h.Releases(), m) {
			continue
		}
		fmt.Fprintf(a.env.stderr, "bot: %s is not in the program's table (%s): looking for it upstream\n", m, span)
		if w == nil {
			if w, err = a.openOne(ctx, tracked); err != nil {
				return nil, "", err
			}
		}
		next, words, err := w.learn(ctx, h, m)
		if err != nil {
			if ctx.Err() != nil {
				return nil, "", err
			}
			var why string
			if next, words, why = w.recall(ctx, h, m); next == nil {
				fmt.Fprintln(a.env.stderr, "bot: "+report.Line(why))
				return nil, "", err
			}
			fmt.Fprintln(a.env.stderr, "bot: "+report.Line(fmt.Sprintf("%v; taking %s", err, words)))
		}
		h = next
		source += ", " + words
	}
	return h, source, nil
}

// embedded is the history that the program carries, and its name.
func embedded() (*insight.History, string, error) {
	table, err := facts.Load()
	if err != nil {
		return nil, "", err
	}
	all := table.Releases()
	return insight.FromTable(table), "embedded table " + all[0] + "–" + all[len(all)-1], nil
}

// learn reads a minor's gates from the upstream: from its first release, else from its branch, else from
// what is watched, if that has come so far.
func (w *world) learn(ctx context.Context, h *insight.History, minor string) (*insight.History, string, error) {
	var missing error
	for _, ref := range []string{"v" + minor + ".0", "release-" + minor, ""} {
		snap, err := w.runner.At(ctx, ref, snapshot.SourceGates)
		var none *repo.NotFoundError
		if errors.As(err, &none) && ref != "" {
			missing = errors.Join(missing, err)
			continue
		}
		if err != nil {
			return nil, "", err
		}
		up := snap.Upstreams[0]
		if gate.MinorOf(up.Version) != minor {
			missing = errors.Join(missing, fmt.Errorf("%s at %s is %s", up.Repository, up.Ref, up.Version))
			continue
		}
		source, words := up.Ref, place(up.Repository, up.Ref, up.SHA)
		if missing != nil {
			words += ", for there is no v" + minor + ".0 yet"
		}
		for _, s := range up.Sections {
			if s.Source == snapshot.SourceGates && s.Items.Gates != nil {
				return h.With(minor, source, covered(w.cfg, s.Items.Gates), s.Items.Gates.Gates), words, nil
			}
		}
		return nil, "", fmt.Errorf("%s has no feature gates", words)
	}
	return nil, "", &usageError{fmt.Errorf("the upstream has no %s yet: %w", minor, missing)}
}

// recall takes a minor's gates from the newest snapshot in the state, which is only read. Where that has
// none the history is nil, and the last answer says why.
func (w *world) recall(ctx context.Context, h *insight.History, minor string) (*insight.History, string, string) {
	path := statePlace(w.cfg)
	snap, there, err := w.memory(ctx)
	if !there {
		return nil, "", "there is no state at " + path + " that could know " + minor
	}
	if err != nil {
		return nil, "", fmt.Sprintf("the state at %s can't be asked for %s: %v", path, minor, err)
	}
	if snap == nil {
		return nil, "", "the state at " + path + " has read no upstream yet"
	}
	for _, up := range snap.Upstreams {
		for _, s := range up.Sections {
			set := s.Items.Gates
			if up.Name != tracked || s.Source != snapshot.SourceGates || set == nil || gate.MinorOf(s.Version) != minor {
				continue
			}
			components := covered(w.cfg, set)
			if !w.asToday(s) { // other folders may have been read, or in another way
				components = nil
			}
			read := s.CurrentAt
			if read.IsZero() {
				read = s.ReadAt
			}
			words := fmt.Sprintf("the state's snapshot of %s, as of %s", place(up.Repository, s.Ref, s.SHA), read.UTC().Format("2006-01-02"))
			return h.With(minor, "state", components, set.Gates), words, ""
		}
	}
	return nil, "", "the state at " + path + " does not know " + minor + " either"
}

// asToday reports whether a section was read as it would be read now.
func (w *world) asToday(sec snapshot.Section) bool {
	for _, s := range w.runner.Upstreams[0].Sources {
		if s.Name() == sec.Source {
			return s.Parser() == sec.Parser && s.Setup() == sec.Setup
		}
	}
	return false
}

func place(repository, ref, sha string) string {
	return repository + " at " + ref + " (" + sha[:min(7, len(sha))] + ")"
}

// covered are the components whose gates were all read: all folders are configured in which the component
// registers some, and nothing in them was lost.
func covered(cfg config.Config, set *snapshot.GateSet) []string {
	if len(set.Unread) > 0 || slices.ContainsFunc(set.Diagnostics, func(d gate.Diagnostic) bool { return d.Lost }) {
		return nil // a gate may be there that was not read: nobody's absence says anything
	}
	read := map[string][]string{}
	for _, u := range cfg.Upstreams {
		if u.Name == tracked && u.Sources.Gates != nil {
			for _, p := range u.Sources.Gates.Packages {
				read[p.Component] = append(read[p.Component], p.Path)
			}
		}
	}
	var out []string
	for component, folders := range registering() {
		if !slices.ContainsFunc(folders, func(f string) bool { return !slices.Contains(read[component], f) }) {
			out = append(out, component)
		}
	}
	slices.Sort(out)
	return out
}

// registering are the folders of Kubernetes in which each component registers gates.
func registering() map[string][]string {
	const staging = "staging/src/k8s.io/"
	return map[string][]string{
		"kubernetes":              {"pkg/features"},
		"apiserver":               {staging + "apiserver/pkg/features"},
		"apiextensions-apiserver": {staging + "apiextensions-apiserver/pkg/features"},
		"client-go":               {staging + "client-go/features"},
		"controller-manager":      {staging + "controller-manager/pkg/features"},
		"component-base":          {staging + "component-base/logs/api/v1", staging + "component-base/metrics/features", staging + "component-base/zpages/features"},
		"kubeadm":                 {"cmd/kubeadm/app/features"},
	}
}

// removals tells when gates of an upstream go that were read at a version, as bot check tells it: of
// Kubernetes by all releases that are known, later ones too. Of others only the gate itself tells.
func (w *world) removals(up snapshot.Upstream, set *snapshot.GateSet) (func(gate.Gate, string) (insight.Removal, bool), error) {
	if up.Name != tracked {
		return insight.Forecast, nil
	}
	h, _, err := embedded()
	if err != nil {
		return nil, err
	}
	h = h.With(up.Version, up.Ref, covered(w.cfg, set), set.Gates)
	return func(g gate.Gate, version string) (insight.Removal, bool) {
		if h.Takes("", g.Name, version) {
			return h.Removal("", g.Name, version)
		}
		return insight.Forecast(g, version)
	}, nil
}
