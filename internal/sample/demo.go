package sample

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
)

// released are the days on which the .0 releases of the demo came out.
func released(release string) (time.Time, error) {
	switch release {
	case "v1.31":
		return time.Date(2024, time.August, 13, 12, 0, 0, 0, time.UTC), nil
	case "v1.32":
		return time.Date(2024, time.December, 11, 12, 0, 0, 0, time.UTC), nil
	case "v1.33":
		return time.Date(2025, time.April, 23, 12, 0, 0, 0, time.UTC), nil
	case "v1.34":
		return time.Date(2025, time.August, 27, 12, 0, 0, 0, time.UTC), nil
	case "v1.35":
		return time.Date(2025, time.December, 17, 12, 0, 0, 0, time.UTC), nil
	case "v1.36":
		return time.Date(2026, time.April, 22, 12, 0, 0, 0, time.UTC), nil
	}
	return time.Time{}, fmt.Errorf("release %q: its date is not known here (v1.31 to v1.36 are)", release)
}

// Release is the step that turns the tree into one release ("v1.36"), with our descriptions and the
// known edges, dated as the real one, and tagged ("v1.36.0") if so wished. The facts are those of a
// late patch release, for the table has no others.
func Release(table *facts.Table, release string, tagged bool) (Step, error) {
	date, err := released(release)
	if err != nil {
		return Step{}, err
	}
	rows := table.Rows(release)
	if rows == nil {
		return Step{}, fmt.Errorf("release %q: the table of facts has no rows for it", release)
	}
	descriptions, err := Descriptions()
	if err != nil {
		return Step{}, err
	}
	files, err := Files(release, rows, Options{Descriptions: descriptions, DependsOn: Edges(release, rows)})
	if err != nil {
		return Step{}, err
	}
	step := Step{Message: "Feature gates of Kubernetes " + release, Time: date, DeleteAll: true, Files: files}
	if tagged {
		step.Tags = []string{release + ".0"}
	}
	return step, nil
}

// With adds files to a step; what the step names already is overwritten.
func (s Step) With(files map[string][]byte) Step {
	all := maps.Clone(s.Files)
	if all == nil {
		all = map[string][]byte{}
	}
	maps.Copy(all, files)
	s.Files = all
	return s
}

// DemoSteps are the history of `bot demo`'s kubernetes/kubernetes: releases v1.34.0 and v1.35.0 as tags
// and, not tagged, what became v1.36, each with the notes of what is out by then. Between them lie the
// pre-releases on master, whose commits bring their notes alone, and the patches of v1.34 on a
// branch of their own. A first run compares v1.35.0 with HEAD.
func DemoSteps(table *facts.Table) ([]Step, error) {
	n, err := newNotebook(table)
	if err != nil {
		return nil, err
	}
	var steps []Step
	list := DemoReleases()
	for i, r := range list {
		if isFinal(r.Tag) {
			continue // written with its gates below
		}
		notes, err := n.changelogs(list[:i+1])
		if err != nil {
			return nil, err
		}
		step := Step{Message: "Notes of " + r.Tag, Time: r.At, Tags: []string{r.Tag}, Files: notes}
		if isPatch(r.Tag) {
			step.Branch = "release-" + gate.MinorOf(r.Tag)
		}
		steps = append(steps, step)
	}
	for _, release := range []string{"v1.34", "v1.35", "v1.36"} {
		step, err := Release(table, release, release != "v1.36")
		if err != nil {
			return nil, err
		}
		out := slices.DeleteFunc(slices.Clone(list), func(r Published) bool {
			// The list is of the day; a release's own notes are in its commit.
			return r.At.After(step.Time) && r.Tag != release+".0"
		})
		notes, err := n.changelogs(out)
		if err != nil {
			return nil, err
		}
		steps = append(steps, step.With(notes))
	}
	slices.SortStableFunc(steps, func(a, b Step) int { return a.Time.Compare(b.Time) })
	return steps, nil
}

// Demo makes the upstream of `bot demo` at dir, a bare repository with [DemoSteps].
func Demo(ctx context.Context, dir string) error {
	table, err := facts.Load()
	if err != nil {
		return fmt.Errorf("make demo upstream: %w", err)
	}
	steps, err := DemoSteps(table)
	if err != nil {
		return fmt.Errorf("make demo upstream: %w", err)
	}
	return Repository(ctx, dir, steps)
}
